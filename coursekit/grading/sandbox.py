"""The walls around a student's kernel: bubblewrap, an unprivileged uid, and limits of the operating system.

Inside there is Python with its libraries (read-only), the hidden *inputs*, an empty home, and nothing else: no network,
no other process, no solutions, no gradebook, no other student, no expected value. What leaves is the folder of arrays
and the kernel's messages; both are read as a stranger's.

Two ways in, chosen by who grades. As root, bubblewrap sets up the walls and `setpriv` then gives up root for a *real*
uid that owns nothing. As anybody else, bubblewrap makes a user namespace, and the kernel holds no capability in it.
"""
from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coursekit.grading.cgroup import Group
    from coursekit.grading.nursery_client import Nursery

FIRST_UID = 61_184
"""First of the uids that a root grader gives to kernels (systemd's range for dynamic users: nobody's on disk)."""
HOME = "/home/student"
GRADING_FOLDER = "/grading"
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/etc/fonts",
          "/etc/alternatives")


class IsolationUnavailable(RuntimeError):
    """Students' code cannot be isolated on this machine; the sentence says what to install."""


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Attributes:
        cell_seconds, notebook_seconds: wall-clock time of a cell and of all; past it the kernel is killed.
        memory_bytes: data the kernel may hold (and 4 GiB more address space, which libraries map and never touch).
        file_bytes, folder_bytes: size of one file, and of the folders that the kernel may write.
        files: files and folders in each of ``/tmp``, ``/dev/shm`` and the home; each takes a kilobyte of memory.
        processes: processes and threads together.
        output_bytes: of all cells' output; more is dropped.
        restarts: fresh kernels after one that was killed or died, so that later tasks still count.
    """

    cell_seconds: float = 60.0
    notebook_seconds: float = 300.0
    memory_bytes: int = 3 * 2**30
    file_bytes: int = 64 * 2**20
    folder_bytes: int = 256 * 2**20
    files: int = 20_000
    processes: int = 128
    output_bytes: int = 8 * 2**20
    restarts: int = 3

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass
class Box:
    """One run of one submission: its folders on the host, and the command that puts a kernel inside.

    Attributes:
        run: private folder of this run, holding ``ipc/`` (the kernel's sockets), ``out/`` (its arrays) and ``home/``.
        grading: folder with ``inputs.npz/.json`` and ``drivers.py``, shown read-only.
        support: the assignment's own files, shown read-only in the working directory.
        hide: folders that must not be seen even if they lie below something that is shown.
        nursery: where kernels are forked from; `None` to start each by itself.
        group: the control group of the kernel that runs now; `None` where there are none.
    """

    run: Path
    grading: Path
    limits: Limits
    isolated: bool = True
    support: Path | None = None
    hide: tuple[Path, ...] = ()
    uid: int | None = field(default_factory=lambda: _own_uid())
    nursery: Nursery | None = None
    group: Group | None = field(default=None, init=False)

    def prepare(self) -> None:
        """Make the run's folders, owned by whom the kernel will run as."""
        for name in ("ipc", "out", "home"):
            folder = self.run / name
            folder.mkdir(parents=True, exist_ok=True)
            self.hand_over(folder)
        for shown in (self.grading, self.support):  # readable whatever the grader's umask is
            for path in [shown, *shown.rglob("*")] if shown else ():
                path.chmod(0o755 if path.is_dir() else 0o644)

    def hand_over(self, path: Path) -> None:
        """Give a file or folder of the run to the kernel's uid."""
        if self.isolated and self.uid is not None:
            os.chown(path, self.uid, self.uid)

    @property
    def connection_file(self) -> Path:
        return self.run / "ipc" / "kernel.json"

    @property
    def working_directory(self) -> str:
        return f"{HOME}/work" if self.isolated else str(self.run / "home")

    def environment(self) -> dict[str, str]:
        """The kernel's whole environment: nothing of the grader's is passed on."""
        home = HOME if self.isolated else str(self.run / "home")
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR")}
        return {
            "HOME": home, "USER": "student", "LOGNAME": "student", "LANG": "C.UTF-8", "TZ": "UTC",
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "TMPDIR": "/tmp", **threads,
            "PYTHONHASHSEED": "0", "PYTHONSAFEPATH": "1", "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1",
            "IPYTHONDIR": f"{home}/.ipython", "MPLCONFIGDIR": f"{home}/.matplotlib",
            "COURSEKIT_GRADING": GRADING_FOLDER if self.isolated else str(self.grading_view),
            "NBGRADER_EXECUTION": "autograde",
        }

    @property
    def grading_view(self) -> Path:
        """Without walls: a folder that looks like ``/grading``, made of links."""
        return self.run / "grading"

    def command(self, kernel: list[str]) -> list[str]:
        """The command line that starts `kernel` inside (without isolation: `kernel` itself)."""
        if not self.isolated:
            self._plain_view()
            return kernel
        return [*self._walls(), "--", *self._limited(kernel)]

    def _walls(self) -> list[str]:
        shown = {"/", "/tmp", "/dev", "/proc", "/home", HOME, f"{HOME}/work"}
        return [bubblewrap(), *self._namespaces(), *self._empty_places(), *self._libraries(shown), *self._hidden(),
                *self._of_this_run(shown), "--remount-ro", "/", "--chdir", f"{HOME}/work"]

    def _namespaces(self) -> list[str]:
        args = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try",
                "--die-with-parent", "--new-session", "--clearenv", "--hostname", "grading"]
        for name, value in self.environment().items():
            args += ["--setenv", name, value]
        if self.uid is None:
            return [*args, "--unshare-user", "--disable-userns", "--uid", str(FIRST_UID), "--gid", str(FIRST_UID)]
        args += ["--cap-drop", "ALL"]
        for capability in ("SETUID", "SETGID", "SETPCAP"):  # for setpriv, which gives them up
            args += ["--cap-add", f"CAP_{capability}"]
        return args

    def _empty_places(self) -> list[str]:
        args = ["--proc", "/proc", "--dev", "/dev"]
        for place, mode in (("/dev/shm", "1777"), ("/tmp", "1777"), (HOME, "0777")):
            if place == HOME:
                args += ["--perms", "0755", "--dir", "/home"]
            args += ["--perms", mode, "--size", str(self.limits.folder_bytes), "--tmpfs", place]
        return [*args, "--remount-ro", "/dev", "--perms", "0777", "--dir", f"{HOME}/work", "--perms", "0755", "--dir",
                "/etc"]

    def _libraries(self, shown: set[str]) -> list[str]:
        args = [arg for path in SYSTEM for arg in _show_system(path)]
        for folder in library_folders():
            args += [*_parents(folder, shown), "--ro-bind", str(folder), str(folder)]
        return args

    def _hidden(self) -> list[str]:
        """Cover every private folder that lies below a shown one."""
        tops = [*library_folders(), Path("/usr")]
        args = []
        for private in self.hide:
            if private.is_dir() and any(private.is_relative_to(top) for top in tops):
                args += ["--perms", "0700", "--size", "4096", "--tmpfs", str(private), "--remount-ro", str(private)]
        return args

    def _of_this_run(self, shown: set[str]) -> list[str]:
        args = ["--ro-bind", str(self.grading), GRADING_FOLDER]
        args += ["--bind", str(self.run / "out"), f"{GRADING_FOLDER}/out"]
        ipc = self.run / "ipc"
        args += [*_parents(ipc, shown), "--bind", str(ipc), str(ipc)]
        support = self.support or Path("/nowhere")
        for file in sorted(support.rglob("*")):
            if file.is_file() and not file.is_symlink():
                inside = Path(HOME, "work") / file.relative_to(support)
                args += [*_parents(inside, shown, "0777"), "--ro-bind", str(file), str(inside)]
        return args

    def nursery_command(self, nursery: list[str], base: Path) -> list[str]:
        """The command line of a `nursery`: the same walls without a run, and the right to build walls inside."""
        shown = {"/", "/tmp", "/dev", "/proc", "/home", HOME, f"{HOME}/work"}
        may = ["SYS_ADMIN"] if self.uid is None else ["SYS_ADMIN", "DAC_OVERRIDE"]
        return [bubblewrap(), *self._namespaces(), *[a for name in may for a in ("--cap-add", f"CAP_{name}")],
                *self._empty_places(), *self._libraries(shown), *self._hidden(),
                "--perms", "0755", "--dir", GRADING_FOLDER, *_parents(base, shown), "--bind", str(base), str(base),
                "--remount-ro", "/", "--chdir", "/", "--", *nursery]

    def rlimits(self) -> dict[str, int]:
        """Limits of the operating system, by the names of Python's `resource` without ``RLIMIT_``."""
        limits = self.limits
        return {"DATA": limits.memory_bytes, "AS": limits.memory_bytes + 4 * 2**30,
                "CPU": int(limits.notebook_seconds) + 30, "FSIZE": limits.file_bytes, "NPROC": limits.processes,
                "NOFILE": 512, "CORE": 0}

    def _limited(self, kernel: list[str]) -> list[str]:
        args = ["/usr/bin/prlimit", *(f"--{name.lower()}={value}" for name, value in self.rlimits().items()), "--"]
        if self.uid is not None:
            args += ["/usr/bin/setpriv", "--reuid", str(self.uid), "--regid", str(self.uid), "--clear-groups",
                     "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"]
        return args + kernel

    def _plain_view(self) -> None:
        view = self.grading_view
        if not view.exists():
            shutil.copytree(self.grading, view)
            (view / "out").rmdir()
            (view / "out").symlink_to(self.run / "out")
            if self.support:
                shutil.copytree(self.support, self.run / "home", dirs_exist_ok=True)


def bubblewrap() -> str:
    """The path of ``bwrap``.

    Raises:
        IsolationUnavailable: with what to install.
    """
    found = shutil.which("bwrap")
    if not found or not Path("/usr/bin/prlimit").exists():
        raise IsolationUnavailable(
            "Students' code runs in a sandbox of bubblewrap, and the command 'bwrap' (with 'prlimit' of util-linux) "
            "was not found. Install it (Debian, Ubuntu: 'sudo apt install bubblewrap'; Fedora: 'sudo dnf install "
            "bubblewrap'; macOS and Windows: grade in a Linux virtual machine), or pass --no-isolation to run "
            "students' code unprotected, with all your rights."
        )
    return found


def check_isolation(box: Box) -> None:
    """Start ``true`` behind the same walls.

    Raises:
        IsolationUnavailable: bubblewrap is missing, or cannot build them here.
    """
    ran = subprocess.run(box.command(["/usr/bin/true"]), capture_output=True, text=True, timeout=60, check=False)
    if ran.returncode:
        raise IsolationUnavailable(
            f"bubblewrap is installed but cannot make a sandbox on this machine: {ran.stderr.strip()[:300]} "
            "(Are user namespaces switched off? See 'sysctl kernel.unprivileged_userns_clone' and your container's "
            "settings.) Pass --no-isolation to run students' code unprotected, with all your rights."
        )


def library_folders() -> list[Path]:
    """Folders outside of the system's own that a kernel needs to import: this Python, its environment, coursekit."""
    package = Path(__file__).resolve().parent.parent
    wanted = [Path(sys.base_prefix).resolve(), Path(sys.prefix), package]
    out: list[Path] = []
    for folder in wanted:
        if not folder.is_relative_to("/usr") and not any(folder.is_relative_to(o) for o in out):
            out.append(folder)
    return out


def _show_system(path: str) -> list[str]:
    if os.path.islink(path):
        return ["--symlink", os.readlink(path), path]
    return ["--ro-bind", path, path] if os.path.exists(path) else []


def _parents(path: Path, shown: set[str], mode: str = "0755") -> list[str]:
    """Make the folders above `path` ones that everybody may enter (bubblewrap's default shuts out other uids)."""
    args = []
    for parent in reversed(path.parents):
        if str(parent) not in shown:
            shown.add(str(parent))
            args += ["--perms", mode, "--dir", str(parent)]
    return args


_boxes = itertools.count()


def _own_uid() -> int | None:
    """For root: a uid of this run's own. One student's processes do not count against another's, and what the system
    keeps by user (keyrings) is nobody else's."""
    return FIRST_UID + (97 * os.getpid() + next(_boxes)) % 4000 if os.geteuid() == 0 else None


def remove_tree(folder: Path) -> None:
    """Remove a folder that a kernel could write to, also where it has locked folders of its own."""
    for here, folders, _ in os.walk(folder):
        for name in folders:
            if not os.path.islink(locked := os.path.join(here, name)):
                with contextlib.suppress(OSError):
                    os.chmod(locked, 0o700)
    shutil.rmtree(folder, ignore_errors=True)
