"""The instructor's notebook with a student's answers in it.

Everything that decides a mark (check cells, their order, their metadata) is the instructor's. Of the student's notebook
only sources are taken: those of the answer cells by ``grade_id``, and those of cells that the student added. So a check
cell that was deleted, edited, re-typed, moved or tagged changes nothing.
"""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from coursekit.checks.forbidden import forbidden_uses
from coursekit.grading.notebooks import Malformed, StudentCell, empty_notebook
from coursekit.grading.sanitise import calm_markdown

CHECK_SUFFIX = "-check"
MISSING = "# This answer cell was missing from what was handed in."
OPENS = re.compile(r"open_checks\(\s*['\"](\w+)['\"]")


@dataclass
class Grafted:
    """The notebook to run, and what a person should know about how it was put together."""

    notebook: NotebookNode
    flags: list[str] = field(default_factory=list)


def grade_id(cell: NotebookNode) -> str:
    """The ``grade_id`` of one of the instructor's cells; empty for a student's own."""
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def is_answer(cell: NotebookNode) -> bool:
    """Is this a cell that the student was to write in?"""
    return bool(cell.metadata.get("nbgrader", {}).get("solution"))


def is_check(cell: NotebookNode) -> bool:
    """Is this a check cell (marked by the judge, without anything of the student's in it)?"""
    return bool(cell.metadata.get("nbgrader", {}).get("grade")) and not is_answer(cell)


def is_student(cell: NotebookNode) -> bool:
    """Did a student write this cell of a grafted notebook?"""
    return is_answer(cell) or not grade_id(cell)


def graft(cells: Sequence[StudentCell], released: NotebookNode, assignment: str) -> Grafted:
    """Put a student's `cells` into a copy of the `released` notebook.

    An answer cell that appears twice counts where it stands first; its other copies are kept as added cells, so that
    the notebook does what it did when the student ran it from top to bottom.

    Raises:
        Malformed: the cells belong to another assignment, or none of them is an answer cell.
    """
    belongs(cells, released, assignment)
    known = {grade_id(cell): cell for cell in released.cells if grade_id(cell)}
    answers = {name for name, cell in known.items() if is_answer(cell)}
    flags: list[str] = []
    taken: dict[str, StudentCell] = {}
    added: dict[str, list[StudentCell]] = {}
    place = ""
    for cell in cells:
        if cell.grade_id not in known:
            added.setdefault(place, []).append(cell)
            continue
        place = cell.grade_id
        if cell.grade_id in taken:
            if cell.grade_id in answers:
                added.setdefault(place, []).append(cell)
            continue
        taken[cell.grade_id] = cell
        if cell.grade_id not in answers:
            flags += _changed(cell, known[cell.grade_id], added)
    flags += _counts(cells, known, answers)
    return Grafted(_assemble(released, taken, added, answers), flags)


def belongs(cells: Sequence[StudentCell], released: NotebookNode, assignment: str) -> None:
    """Are these cells of this assignment at all?

    Raises:
        Malformed: they are not.
    """
    opened = {name for cell in cells if cell.kind == "code" for name in OPENS.findall(cell.source)}
    if opened and assignment not in opened:
        raise Malformed(f"The notebook belongs to {', '.join(sorted(opened))}, not to {assignment}.")
    answers = {grade_id(cell) for cell in released.cells if is_answer(cell)}
    if not answers & {cell.grade_id for cell in cells}:
        raise Malformed(f"None of its cells is an answer cell of {assignment} (another notebook, or one that was put "
                        "together by copying text, so that the cells lost their marks).")


def forbidden_flags(notebook: NotebookNode, forbids: dict[str, tuple[str, ...]],
                    released: NotebookNode | None = None) -> list[str]:
    """Flags for names that a task forbids: in its answer cell, or in any cell that the student added or changed.

    Cells to play with are in the `released` notebook as they are here: what those use is not the student's doing.
    """
    given = {cell.source.strip() for cell in released.cells} if released else set()
    own = "\n".join(cell.source for cell in notebook.cells
                    if cell.cell_type == "code" and not grade_id(cell) and cell.source.strip() not in given)
    flags = []
    for cell in notebook.cells:
        names = forbids.get(grade_id(cell), ()) if is_answer(cell) else ()
        used = forbidden_uses(cell.source, names)
        flags += [f"{grade_id(cell)} uses {name}, which the task forbids" for name in used]
        flags += [f"an added cell uses {name}, which {grade_id(cell)} forbids"
                  for name in forbidden_uses(own, names) if name not in used]
    return flags


def _changed(cell: StudentCell, original: NotebookNode, added: dict[str, list[StudentCell]]) -> list[str]:
    """A read-only cell that was edited: the instructor's runs. If it was code, the student's runs after it."""
    same = cell.source.strip() == original.source.strip()
    if same and cell.kind == original.cell_type:
        return []
    name = grade_id(original)
    if is_check(original):
        return [f"check cell {name} was edited; the course's own was used"]
    if same or cell.kind != "code" or original.cell_type != "code":
        return []
    added.setdefault(name, []).insert(0, StudentCell("code", cell.source))
    return [f"read-only cell {name} was edited; the course's own was run, then the student's"]


def _counts(cells: Sequence[StudentCell], known: dict[str, NotebookNode], answers: set[str]) -> list[str]:
    counts = Counter(cell.grade_id for cell in cells)
    flags = []
    for name, original in known.items():
        if name in answers and not counts[name]:
            flags.append(f"answer cell {name} is missing")
        elif is_check(original) and not counts[name]:
            flags.append(f"check cell {name} is missing; the course's own was used")
        elif counts[name] > 1:
            flags.append(f"cell {name} is there {counts[name]} times")
    retyped = [c.grade_id for c in cells if c.grade_id in answers and c.kind != known[c.grade_id].cell_type]
    return flags + [f"answer cell {name} was turned into another kind of cell" for name in retyped]


def _assemble(released: NotebookNode, taken: dict[str, StudentCell], added: dict[str, list[StudentCell]],
              answers: set[str]) -> NotebookNode:
    made: list[NotebookNode] = []
    free = 0

    def add(cells: list[StudentCell]) -> None:
        nonlocal free
        for cell in cells:
            free += 1
            made.append(_free_cell(cell, f"free-{free}"))

    add(added.get("", []))
    for original in released.cells:
        name = grade_id(original)
        if not name:
            continue  # a cell to play with: the student's version of it, if any, is among the added ones
        cell = nbformat.from_dict({**original, "metadata": {"nbgrader": dict(original.metadata.get("nbgrader", {}))}})
        if name in answers and name in taken:
            source = taken[name].source
            cell["source"] = calm_markdown(source) if cell.cell_type == "markdown" else source
        elif name in answers:
            cell["source"] = MISSING  # not the released stub: it would undo what the student defined in another cell
        if cell.cell_type == "code":
            cell["outputs"], cell["execution_count"] = [], None
        made.append(cell)
        add(added.get(name, []))
    return empty_notebook(made)


def _free_cell(cell: StudentCell, cell_id: str) -> NotebookNode:
    if cell.kind == "code":
        new = nbformat.v4.new_code_cell(cell.source)
    else:
        new = nbformat.v4.new_markdown_cell(calm_markdown(cell.source))
    new["id"] = cell_id
    return new
