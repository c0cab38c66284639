"""Memory of all processes of a kernel together, limited by the operating system: a control group for each run.

`watch` looks a few times a second, and between two looks a burst can take more than its share. A control group of Linux
("cgroup") has no in-between: a page too many, and the system ends a process of the group. It counts what no limit on a
single process does: many processes together, shared memory, files in folders that lie in memory. It does not count the
grader, which stays outside, nor the pages that a forked kernel shares with its nursery: who touched a page first, has
it.

A group is made only where that is the grader's to do. That is below its own group or beside it where the folder belongs
to the user who grades (systemd gives users such folders), or below the folder that COURSEKIT_CGROUP names. To root
every folder belongs, those too that another program keeps in order; so root has to name one. Without a group, `watch`
does it alone; `coursekit doctor` says which of the two it is.

Versions 1 and 2 differ in the names of files: https://docs.kernel.org/admin-guide/cgroup-v1/memory.html and
https://docs.kernel.org/admin-guide/cgroup-v2.html.
"""
from __future__ import annotations

import contextlib
import itertools
import os
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

NAMED = "COURSEKIT_CGROUP"
PREFIX = "coursekit"


@dataclass(frozen=True)
class Version:
    """How a version names its files: the limit, that of memory with swap, the peak, and what counts killed processes;
    `reached` are (file, key) pairs of counters that move when the group's own limit is reached (without a key, the file
    is the number). A kill while they stand at 0 was the whole machine's want of memory, not this group's."""

    limit: str
    with_swap: str
    peak: str
    kills: str
    reached: tuple[tuple[str, str], ...]


V2 = Version("memory.max", "memory.swap.max", "memory.peak", "memory.events", (("memory.events", "oom"),))
V1 = Version("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control",
             (("memory.failcnt", ""), ("memory.memsw.failcnt", "")))


class Group:
    """A new group below `place`, empty, and limited to `limit` bytes without swap.

    Raises:
        OSError: it cannot be made, or memory cannot be limited in it.
    """

    def __init__(self, place: Path, limit: int) -> None:
        self.folder = place / f"{PREFIX}-{os.getpid()}-{next(_numbers)}"
        if "memory" not in _read(place / "cgroup.subtree_control", "memory").split():
            with contextlib.suppress(OSError):  # refused while the folder itself holds processes
                _write(place / "cgroup.subtree_control", "+memory")
        os.mkdir(self.folder)
        try:
            self.version = V2 if (self.folder / V2.limit).exists() else V1
            _write(self.folder / self.version.limit, str(limit))
            for name, value in ((self.version.with_swap, "0" if self.version is V2 else str(limit)),
                                ("memory.oom.group", "1")):  # all of them or none: half a kernel is of no use
                if (self.folder / name).exists():
                    _write(self.folder / name, value)
        except OSError:
            self.close()
            raise

    def enter(self, pid: int = 0) -> None:
        """Put a process inside (0: the one that asks); all that it starts from now on begins inside.

        It stays outside where the system refuses: then `watch` sees to it, as where there are no groups.
        """
        with contextlib.suppress(OSError):
            _write(self.folder / "cgroup.procs", str(pid))

    def peak_bytes(self) -> int:
        """The most that was held at a time, files kept in memory included; 0 where the system does not say."""
        return _count(self.folder / self.version.peak)

    def was_over(self) -> bool:
        """Has the system ended a process because this group had reached its limit?"""
        killed = _count(self.folder / self.version.kills, "oom_kill")
        return killed > 0 and any(_count(self.folder / name, key) for name, key in self.version.reached)

    def close(self) -> None:
        """Remove it, once its processes are gone; waits up to 2 s for that."""
        for _ in range(100):
            if _remove(self.folder):
                return
            time.sleep(0.02)


def make_group(limit: int) -> Group | None:
    """A group for one run; `None` where none can be made."""
    for place in places():
        with contextlib.suppress(OSError):
            return Group(place, limit)
    return None


def in_force() -> str:
    """Which of the two limits the memory of a kernel's processes together, as a sentence."""
    group = make_group(2**30)
    if group is not None:
        group.close()
        return f"The memory of a kernel's processes together is limited by control groups below {group.folder.parent}."
    named = os.environ.get(NAMED)
    return "The memory of a kernel's processes together is watched five times a second: " + (
        f"no control group can be made below {named}, which {NAMED} names." if named else
        f"the system gives you no control group (root may name a folder for them in {NAMED}).")


def places(root: Path = Path("/")) -> list[Path]:
    """Folders in which this grader may make groups, the best first (`root` is where the file system begins)."""
    if named := os.environ.get(NAMED):
        return [Path(named)]
    return [place for own in own_groups(root) for place in (own, own.parent) if _belongs_to_user(place)]


def own_groups(root: Path = Path("/")) -> list[Path]:
    """The folders of this process's own group in the hierarchies that may limit memory: version 1, version 2."""
    inside = {}  # hierarchy -> path of the group, as /proc says it: "4:memory:/user", and "0::/user" for version 2
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        inside["memory" if "memory" in controllers.split(",") else controllers] = path
    found = []
    for line in _read(root / "proc/self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        top, mounted = before.split()[3:5]
        kind, options = after.split()[0], after.split()[-1].split(",")
        name = {"cgroup2": "", "cgroup": "memory"}.get(kind)
        if name in inside and (kind == "cgroup2" or name in options):
            with contextlib.suppress(ValueError):  # another part of the hierarchy is mounted here
                found.append((kind, root / mounted[1:] / Path(inside[name]).relative_to(top)))
    return [folder for _, folder in sorted(found)]


def sweep() -> None:
    """Remove groups that graders left which were killed."""
    for place in places():
        for folder in place.glob(f"{PREFIX}-*-*"):
            pid = folder.name.split("-")[1]
            if pid.isdigit() and not psutil.pid_exists(int(pid)):
                _remove(folder)


_numbers = itertools.count()


def _belongs_to_user(folder: Path) -> bool:
    return os.geteuid() != 0 and folder.is_dir() and folder.stat().st_uid == os.geteuid()


def _remove(folder: Path) -> bool:
    """False where processes are in it."""
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _write(path: Path, text: str) -> None:
    """In one piece, as these files want it, and never making one."""
    handle = os.open(path, os.O_WRONLY)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def _read(path: Path, default: str = "") -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return default


def _count(path: Path, key: str = "") -> int:
    """The number in a file, or the one behind `key` in a file of "key number" lines; 0 without it."""
    for line in _read(path).splitlines():
        *before, number = line.split() or [""]
        if before == ([key] if key else []) and number.isdigit():
            return int(number)
    return 0
