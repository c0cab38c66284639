"""Everything that grading one submission needs and that is the same for all: made once, sent to every worker."""
from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from nbformat import NotebookNode

from coursekit.checks.drivers import driver_source
from coursekit.checks.sheet import Sheet, make_sheet, save_sheets
from coursekit.checks.task import load_assignment
from coursekit.grading.graft import grade_id
from coursekit.grading.sandbox import Limits

FORMAT = 2
"""Raised when marks could come out differently for the same files, so that stored results are not used again."""
SECRET = "COURSEKIT_SECRET"
LOCKED_VERSIONS = ("torch", "numpy", "scipy", "ipykernel", "ipython", "nbclient")


@dataclass(frozen=True)
class Plan:
    """How to grade one assignment.

    Attributes:
        assignment: its name.
        released: the notebook as students got it, as JSON text.
        sheets: per task, hidden cases with expected arrays and slips.
        forbids: per task, the names it forbids.
        support: files of the assignment beside the notebook (not its checks), by relative path.
        drivers: the text of ``drivers.py``, from the checks file itself.
        limits: of one submission.
        isolated: run kernels in the sandbox.
        hide: folders that no kernel may see.
        digest: hash of all the above but `hide`, of the library's own source and of the lock; part of the key of every
            stored result.
        conditions: what was fixed, in words for the report: versions, threads, seeds.
    """

    assignment: str
    released: str
    sheets: Mapping[str, Sheet]
    forbids: Mapping[str, tuple[str, ...]]
    support: Mapping[str, bytes]
    drivers: bytes
    limits: Limits
    isolated: bool
    hide: tuple[Path, ...] = ()
    digest: str = field(default="", compare=False)
    conditions: str = field(default="", compare=False)

    @property
    def notebook(self) -> NotebookNode:
        """The released notebook, a fresh copy."""
        return nbformat.reads(self.released, as_version=4)

    @property
    def max_points(self) -> float:
        return sum(sheet.max_points for sheet in self.sheets.values())

    def key(self, grafted: NotebookNode) -> str:
        """What a result is stored under: this plan and the very cells that were run."""
        cells = [[cell.cell_type, grade_id(cell), cell.source] for cell in grafted.cells]
        return hashlib.sha256(json.dumps([self.digest, cells]).encode("utf-8")).hexdigest()[:32]

    def write_inputs(self, folder: Path) -> None:
        """Write what a kernel gets to see: the hidden inputs and the drivers; no expected array, slip or hint."""
        folder.mkdir(parents=True, exist_ok=True)
        save_sheets(folder / "inputs", list(self.sheets.values()), self.assignment, inputs_only=True)
        (folder / "drivers.py").write_bytes(self.drivers)
        (folder / "out").mkdir(exist_ok=True)


def make_plan(course: Path, assignment: str, release: Path, *, limits: Limits | None, isolated: bool,
              hide: Sequence[Path] = ()) -> Plan:
    """Load tasks, draw the hidden cases from the course's secret, run references and slips on them.

    Args:
        course: the course's folder.
        assignment: "ps02".
        release: the folder with the released notebook, its ``checks/`` and any support files.
        limits: of one submission; `None` for those that the checks file sets as ``LIMITS``, else the defaults.
        isolated: run kernels in the sandbox.
        hide: more folders that no kernel may see.
    """
    loaded = load_assignment(course / "solutions" / f"{assignment}_checks.py")
    own = getattr(sys.modules.get(f"_coursekit_checks_{assignment}_checks"), "LIMITS", {})
    secret = read_secret(course)
    plan = Plan(
        assignment, (release / f"{assignment}.ipynb").read_text("utf-8"),
        {name: make_sheet(task, secret) for name, task in loaded.tasks.items()},
        {name: tuple(task.forbids) for name, task in loaded.tasks.items()},
        {p.relative_to(release).as_posix(): p.read_bytes() for p in _support(release)},
        driver_source(loaded).encode("utf-8"),
        limits or Limits(**own), isolated, (course / "solutions", *hide))
    object.__setattr__(plan, "digest", _digest(plan, course / "requirements.lock"))
    shown = hashlib.sha256(secret.encode()).hexdigest()[:8]
    versions = ", ".join([f"Python {sys.version.split()[0]}", *(f"{name} {version(name)}" for name in LOCKED_VERSIONS)])
    object.__setattr__(plan, "conditions", (
        f"{versions}; one thread, hash seed 0; hidden cases drawn from the secret with hash {shown}; "
        f"plan {plan.digest[:12]}"))
    return plan


def read_secret(course: Path) -> str:
    """The secret that hidden cases are drawn from: ``solutions/.secret``, made when first needed.

    The environment variable ``COURSEKIT_SECRET`` takes its place (several graders who must agree; tests).
    """
    if os.environ.get(SECRET):
        return os.environ[SECRET]
    path = course / "solutions" / ".secret"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        secret = path.read_text("utf-8").strip()
        if len(secret) < 16:
            raise ValueError(f"{path} is damaged: it should hold 64 hexadecimal digits. Delete it to draw new hidden "
                             "cases (marks given before cannot be reproduced then).") from None
        return secret
    secret = secrets.token_hex(32)
    with os.fdopen(handle, "w") as file:
        file.write(secret + "\n")
    return secret


def _support(release: Path) -> list[Path]:
    return [p for p in sorted(release.rglob("*"))
            if p.is_file() and not p.is_symlink() and p.suffix != ".ipynb"
            and p.relative_to(release).parts[0] != "checks" and not p.name.startswith(".")]


def _digest(plan: Plan, lock: Path) -> str:
    h = hashlib.sha256()
    package = Path(__file__).resolve().parent.parent  # kernels import it, and the judge is a part of it
    for path in [lock, *sorted(package.rglob("*.py"))]:
        if path.is_file():
            h.update(path.name.encode() + b"\0" + path.read_bytes())

    def add(value: Any) -> None:
        if isinstance(value, np.ndarray):
            add([value.dtype.str, list(value.shape)])
            h.update(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, bytes):
            h.update(b"%d:" % len(value) + value)
        elif isinstance(value, Mapping):
            for key in sorted(value):
                add(str(key))
                add(value[key])
        elif isinstance(value, (list, tuple)):
            add(str(len(value)).encode())
            for item in value:
                add(item)
        else:
            add(repr(value).encode("utf-8"))

    add([FORMAT, plan.assignment, plan.released, plan.support, plan.drivers, plan.forbids, plan.limits.to_dict(),
         plan.isolated, sys.version, [version(name) for name in LOCKED_VERSIONS]])
    for name, sheet in sorted(plan.sheets.items()):
        add([name, sheet.title, sheet.points, sheet.rtol, sheet.atol, sheet.hints])
        add([[case.part, dict(case.inputs)] for case in sheet.cases])
        add([sheet.expected, sheet.slips])
    return h.hexdigest()
