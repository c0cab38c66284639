"""A student's bytes -> a list of plain cells, or the sentence that says why they are no notebook."""
from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

MAX_CELLS = 2_000
MAX_CELL_CHARACTERS = 500_000
NO_KERNEL = {"name": "coursekit-sandbox", "display_name": "run by 'coursekit grade' only", "language": "python"}
"""The kernel that every notebook of a grading folder names, and that does not exist.

Our steps look at no name of a kernel. nbgrader's own run a notebook with the one that it names: where ours are not in
its configuration (a mistyped name there is ignored without a word), nbgrader then refuses, instead of running a
stranger's code unprotected. So does Jupyter, if somebody opens such a notebook to look at it and presses Run.
"""


class Malformed(ValueError):
    """A submission that cannot be graded; the sentence goes into the report."""


@dataclass(frozen=True)
class StudentCell:
    """All that is kept of a student's cell. `grade_id` is empty for cells that the student added."""

    kind: str
    source: str
    grade_id: str = ""


def read_cells(data: bytes) -> list[StudentCell]:
    """The cells of a notebook that a stranger wrote. Outputs, metadata, ids and attachments are dropped.

    Raises:
        Malformed: with the sentence for the report.
    """
    if not data.strip():
        raise Malformed("The file is empty.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed("The file is not text in UTF-8, so it is no notebook.") from None
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        raise Malformed("The file is not a notebook: it is not valid JSON (broken off or edited by hand?).") from None
    if not isinstance(tree, dict) or not isinstance(tree.get("cells"), list):
        if isinstance(tree, dict) and "worksheets" in tree:
            raise Malformed("The notebook has an old format (version 3). Open and save it in JupyterLab.")
        raise Malformed("The file is JSON, but not a notebook: it has no list of cells.")
    _is_python(tree.get("metadata"))
    if len(tree["cells"]) > MAX_CELLS:
        raise Malformed(f"The notebook has {len(tree['cells'])} cells; at most {MAX_CELLS} are graded.")
    return [_cell(raw, number) for number, raw in enumerate(tree["cells"], start=1)]


def _is_python(metadata: Any) -> None:
    metadata = metadata if isinstance(metadata, dict) else {}
    kernel = metadata.get("kernelspec")
    info = metadata.get("language_info")
    language = (kernel.get("language") if isinstance(kernel, dict) else None) or (
        info.get("name") if isinstance(info, dict) else None)
    if isinstance(language, str) and language and not language.lower().startswith(("python", "ipython")):
        raise Malformed(f"The notebook's kernel is {language[:40]!r}; expected Python.")


def _cell(raw: Any, number: int) -> StudentCell:
    if not isinstance(raw, dict):
        raise Malformed(f"Cell {number} of the notebook is broken.")
    source = raw.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str) or raw.get("cell_type") not in ("code", "markdown", "raw"):
        raise Malformed(f"Cell {number} of the notebook is broken.")
    if len(source) > MAX_CELL_CHARACTERS:
        raise Malformed(f"Cell {number} of the notebook has {len(source)} characters; at most {MAX_CELL_CHARACTERS} "
                        "are graded.")
    source = source.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return StudentCell(raw["cell_type"], source, _grade_id(raw.get("metadata")))


def _grade_id(metadata: Any) -> str:
    nbgrader = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grade_id = nbgrader.get("grade_id") if isinstance(nbgrader, dict) else None
    return grade_id if isinstance(grade_id, str) and len(grade_id) <= 200 else ""


def as_notebook(cells: Sequence[StudentCell]) -> NotebookNode:
    """The cells as a valid notebook that holds nothing else (what ``submitted/`` keeps)."""
    made = []
    for number, cell in enumerate(cells, start=1):
        new = {"code": nbformat.v4.new_code_cell, "markdown": nbformat.v4.new_markdown_cell,
               "raw": nbformat.v4.new_raw_cell}[cell.kind](cell.source)
        new["id"] = f"cell-{number}"
        if cell.grade_id:
            new.metadata["nbgrader"] = {"grade_id": cell.grade_id}
        made.append(new)
    return empty_notebook(made)


def from_notebook(notebook: NotebookNode) -> list[StudentCell]:
    """Undo `as_notebook` (and take any other notebook that nbformat has read)."""
    return read_cells(nbformat.writes(notebook).encode("utf-8"))


def empty_notebook(cells: list[NotebookNode]) -> NotebookNode:
    """A notebook around `cells`, which no kernel runs by itself."""
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata = nbformat.from_dict({"kernelspec": NO_KERNEL, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook
