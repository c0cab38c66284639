"""``solutions/psNN.py`` and ``psNN_checks.py`` -> nbgrader's source folder ``solutions/psNN/``.

In the text, ``# %% answer="t1"`` marks the cell where a student writes task t1 (its solution stands between
``### BEGIN SOLUTION`` and ``### END SOLUTION``), ``# %% check="t1"`` its check, and ``# %% play=true`` a cell to play
with that stays the student's to change. All other cells become read-only. Points, tolerances and cases come
from the checks file alone.
"""
from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from coursekit.authoring.text import AuthoringError, read_text, write_notebook
from coursekit.checks.drivers import driver_source
from coursekit.checks.notebook import load_drivers
from coursekit.checks.sheet import make_sheet, save_sheets
from coursekit.checks.task import Assignment, Task, load_assignment

VISIBLE_SEED = 1
"""Seed of the cases that students see. Hidden ones come from the course's secret."""

CHECK_LINE = re.compile(r'^check\("(?P<task>\w+)", \w+\)$')


def build_assignment(course: Path, name: str, target: Path | None = None) -> Path:
    """Make the instructor's notebook, and the checks that students may see.

    Args:
        course: the course's folder.
        name: "ps02".
        target: the folder to make, anew where it is there; by default ``solutions/<name>/``.

    Raises:
        FileNotFoundError: there is no such problem set.
        AuthoringError: text and checks do not fit together.
    """
    source = course / "solutions" / f"{name}.py"
    if not source.is_file():
        known = ", ".join(sorted(p.stem for p in source.parent.glob("ps[0-9][0-9].py"))) or "none yet"
        raise FileNotFoundError(f"There is no problem set {name!r} in {source.parent} (known: {known}).")
    assignment = load_assignment(source.with_name(f"{name}_checks.py"))
    notebook = mark_cells(read_text(source), assignment, source)
    target = target or course / "solutions" / name
    if target.is_dir():
        shutil.rmtree(target)
    write_notebook(notebook, target / f"{name}.ipynb")
    write_visible_checks(assignment, target / "checks")
    return target


def mark_cells(notebook: NotebookNode, assignment: Assignment, source: Path) -> NotebookNode:
    """Give every cell its nbgrader metadata; ids of answers and checks come from their task."""
    seen: dict[str, list[str]] = {"answer": [], "check": []}
    for cell in notebook.cells:
        answer, check = cell.metadata.get("answer"), cell.metadata.get("check")
        task = answer or check
        if cell.metadata.get("play"):
            cell.metadata = nbformat.from_dict({})  # the student's own: may be changed, is not graded
            continue
        if task and task not in assignment.tasks:
            raise AuthoringError(f"{source}: a cell belongs to task {task!r}, which {assignment.source} does not "
                                 "define.")
        if answer:
            _needs_solution(cell, answer, source)
            seen["answer"].append(answer)
            cell["id"] = answer
            grading: dict[str, float | bool] = {"grade": False, "solution": True, "locked": False}
        elif check:
            match = CHECK_LINE.match(cell.source.strip())
            if not match or match["task"] != check:
                raise AuthoringError(f'{source}: the check cell of {check} must be the one line '
                                     f'check("{check}", name); it is {cell.source.strip()!r}.')
            seen["check"].append(check)
            cell["id"] = f"{check}-check"
            points = assignment.tasks[check].max_points
            grading = {"grade": True, "solution": False, "locked": True, "points": points}
        else:
            if "SOLUTION" in cell.source:
                raise AuthoringError(f"{source}: a solution marker stands outside of an answer cell: "
                                     f"{cell.source[:60]!r}")
            grading = {"grade": False, "solution": False, "locked": True}
        cell.metadata = nbformat.from_dict(
            {"nbgrader": {**grading, "grade_id": cell["id"], "task": False, "schema_version": 3}})
        if not answer:
            cell.metadata["editable"] = cell.metadata["deletable"] = False
    for role, tasks in seen.items():
        if sorted(tasks) != sorted(assignment.tasks):
            raise AuthoringError(f"{source}: {role} cells are there for {tasks}, but the checks file defines "
                                 f"{list(assignment.tasks)}; each task needs exactly one.")
    return notebook


def _needs_solution(cell: NotebookNode, task: str, source: Path) -> None:
    if cell.source.count("### BEGIN SOLUTION") != 1 or cell.source.count("### END SOLUTION") != 1:
        raise AuthoringError(f"{source}: the answer cell of {task} needs one ### BEGIN SOLUTION and one "
                             "### END SOLUTION.")


def write_visible_checks(assignment: Assignment, folder: Path) -> None:
    """Write ``cases.npz/.json`` (visible cases, expected arrays, slips' arrays and hints) and ``drivers.py``.

    Raises:
        AuthoringError: a driver, cut out of its file, no longer gives the reference's arrays.
    """
    sheets = [make_sheet(task, VISIBLE_SEED) for task in assignment.tasks.values()]
    save_sheets(folder / "cases", sheets, assignment.name)
    (folder / "drivers.py").write_text(driver_source(assignment), "utf-8", newline="\n")
    _drivers_stand_alone(assignment, folder / "drivers.py")


def _drivers_stand_alone(assignment: Assignment, path: Path) -> None:
    ast.parse(path.read_text("utf-8"))
    shipped = load_drivers(path)
    for task in assignment.tasks.values():
        if task.driver is not None:
            _same_through(task, shipped[task.name])


def _same_through(task: Task, driver: object) -> None:
    try:
        alone = make_sheet(Task(**{**task.__dict__, "driver": driver, "slips": ()}), VISIBLE_SEED)
    except NameError as error:
        raise AuthoringError(f"task {task.name}: its driver uses a name of the checks file ({error}). A driver is "
                             "shipped alone: define or import what it needs inside itself.") from None
    first = make_sheet(Task(**{**task.__dict__, "slips": ()}), VISIBLE_SEED)
    for a, b in zip(alone.expected, first.expected, strict=True):
        if a.keys() != b.keys() or any((a[k] != b[k]).any() for k in a):
            raise AuthoringError(f"task {task.name}: two runs of its driver differ; drivers must be deterministic.")
