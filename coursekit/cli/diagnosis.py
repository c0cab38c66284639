"""``coursekit doctor``: is this installation sound, and if not, what mends it?"""
from __future__ import annotations

import importlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from coursekit.course import CourseNotFound, assignments, course_root, released

REQUIRED = ("torch", "numpy", "scipy", "sklearn", "safetensors", "jaxtyping", "typer", "tqdm")
COURSE = ("jupyterlab", "ipywidgets", "anywidget", "matplotlib", "jupytext", "nbclient", "nbgrader")


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes:
        level: "ok", "note" (some users miss something) or "problem".
        what: what was found.
        mend: what to do about it.
    """

    level: str
    what: str
    mend: str = ""

    def to_dict(self) -> dict[str, str]:
        return asdict(self)

    def __str__(self) -> str:
        mark = {"ok": " ok  ", "note": "note ", "problem": "WRONG"}[self.level]
        return f"[{mark}] {self.what}" + (f"\n        {self.mend}" if self.mend else "")


def examine() -> list[Finding]:
    """Look at everything; a look that itself fails is a problem, never a traceback."""
    findings: list[Finding] = []
    looks: list[Callable[[], Iterator[Finding]]] = [python, packages, versions, jupyter, course, space, tools]
    for look in looks:
        try:
            findings += look()
        except CourseNotFound as error:
            findings.append(Finding("problem", str(error)))
        except Exception as error:
            findings.append(Finding("problem", f"Looking at {look.__name__} failed: {type(error).__name__}: {error}",
                                    "Make the environment again: make clean, then make setup."))
    return findings


def python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    inside = sys.prefix != sys.base_prefix or "conda" in sys.prefix.lower()
    yield Finding("ok", f"Python {version} at {sys.executable}")
    if not inside:
        yield Finding("note", "This Python is not a virtual environment.", "The course's own is made by: make setup")


def packages() -> Iterator[Finding]:
    for names, level in ((REQUIRED, "problem"), (COURSE, "problem")):
        missing = [name for name in names if not _imports(name)]
        if missing:
            yield Finding(level, f"Cannot import {', '.join(missing)}.", "Run: make setup")
    if _imports("torch"):
        import torch

        device = f"GPU {torch.cuda.get_device_name()}" if torch.cuda.is_available() else "no GPU (none is needed)"
        product = torch.ones(3, 3) @ torch.ones(3, 3)
        good = bool((product == 3).all())
        yield Finding("ok" if good else "problem",
                      f"torch {torch.__version__}, {torch.get_num_threads()} threads, {device}")


def _imports(name: str) -> bool:
    try:
        importlib.import_module(name)
    except Exception:
        return False
    return True


def versions() -> Iterator[Finding]:
    """Compare what is installed with the lock."""
    lock = course_root() / "requirements.lock"
    wrong = []
    for line in lock.read_text("utf-8").splitlines():
        match = re.match(r"([\w.-]+)==([\w.+!]+)\s*(;.*)?$", line)
        if not match or (match[3] and not _marker(match[3])):
            continue
        try:
            installed = importlib.metadata.version(match[1])
        except importlib.metadata.PackageNotFoundError:
            continue
        if installed.split("+")[0] != match[2]:
            wrong.append(f"{match[1]} {installed} (expected {match[2]})")
    if wrong:
        yield Finding("note", f"{len(wrong)} packages differ from the lock: {', '.join(wrong[:5])}"
                              + (" …" if len(wrong) > 5 else ""),
                      "To have exactly the course's versions: make clean, then make setup.")
    else:
        yield Finding("ok", "All packages have the versions of requirements.lock.")


def _marker(text: str) -> bool:
    from packaging.markers import Marker

    return Marker(text.lstrip("; ")).evaluate()


def jupyter() -> Iterator[Finding]:
    from jupyter_client.kernelspec import KernelSpecManager

    spec = KernelSpecManager().get_kernel_spec("python3")
    kernel = Path(spec.argv[0])
    ours = Path(sys.executable).resolve()
    if not kernel.is_absolute() or kernel.resolve() == ours or str(kernel).startswith(sys.prefix):
        yield Finding("ok", "Notebooks run with this Python.")
    else:
        yield Finding("problem", f"The kernel 'python3' is another Python: {kernel}.",
                      "Start Jupyter from the course's environment (make lab), not from another one.")
    # A federated extension counts as installed when its folder lies below share/jupyter/labextensions.
    folder = Path(sys.prefix, "share", "jupyter", "labextensions")
    for package in ("@jupyter-widgets/jupyterlab-manager", "anywidget"):
        if not (folder / package).is_dir():
            yield Finding("problem", f"JupyterLab lacks the extension {package}: widgets would stay blank.",
                          "Run: make clean, then make setup.")


def course() -> Iterator[Finding]:
    root = course_root()
    there = len(list((root / "lectures").glob("[0-9][0-9]-*.ipynb")))
    yield Finding("ok", f"Course folder {root}: {there} lectures, {len(released(root))} problem sets.")
    behind = sorted(set(assignments(root)) - set(released(root)))
    if behind:
        yield Finding("note", f"Not released: {', '.join(behind)}.", "Instructors: coursekit release")
    probe = root / "work"
    try:
        probe.mkdir(exist_ok=True)
        (probe / ".probe").write_text("")
        (probe / ".probe").unlink()
    except OSError as error:
        yield Finding("problem", f"Cannot write into {probe}: {error.strerror}.",
                      "Move the course to a folder of your own.")


def space() -> Iterator[Finding]:
    free = shutil.disk_usage(course_root()).free / 1e9
    if free < 1:
        yield Finding("problem", f"Only {free:.1f} GB free on this disk.", "Make room: at least 1 GB.")
    else:
        yield Finding("ok", f"{free:.0f} GB free on this disk.")


def tools() -> Iterator[Finding]:
    """What only some users need."""
    bwrap = shutil.which("bwrap")
    if not bwrap:
        yield Finding("note", "bubblewrap is missing: needed only to grade other people's notebooks (Linux).",
                      "Debian, Ubuntu: sudo apt install bubblewrap")
    elif subprocess.run([bwrap, "--ro-bind", "/", "/", "--unshare-all", "true"], capture_output=True,
                        timeout=20).returncode:
        yield Finding("note", "bubblewrap is installed, but may not make namespaces here: grading would refuse to run.",
                      "Allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, or the "
                      "AppArmor profile of your distribution).")
    else:
        from coursekit.grading.cgroup import in_force

        yield Finding("ok", f"bubblewrap works: grading is isolated. {in_force()}")
