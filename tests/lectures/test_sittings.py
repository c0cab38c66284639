"""A sitting can be begun in a fresh notebook, by what its break says: no cell after it misses a name."""

from __future__ import annotations

import os
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from coursekit.authoring.text import read_text
from coursekit.course import lectures

COURSE = Path(__file__).resolve().parents[2]
ALL_ABOVE = '"Run All Above Selected Cell"'  # nothing to test here: it is how test_lectures runs them
FIRST_CELLS = re.compile(r"run its first (two|three) code cells[^.]* and the next one\b")


def breaks(cells: list[nbformat.NotebookNode]) -> list[int]:
    """Where the cells stand that end a sitting."""
    return [i for i, c in enumerate(cells) if c.cell_type == "markdown" and re.search(r"(?m)^### Break\b", c.source)]


WITH_BREAKS = {text: cells for text in lectures(COURSE) if breaks(cells := read_text(text).cells)}


def words(cell: nbformat.NotebookNode) -> str:
    """Its text, however it is broken into lines."""
    return " ".join(cell.source.split())


def begun_anew(cells: list[nbformat.NotebookNode]) -> list[list[str]]:
    """The code of each sitting with a set-up cell of its own, after that of the first cells that its break names."""
    ends = breaks(cells)
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    found = []
    for start, end in pairwise([*ends, len(cells)]):
        if said := FIRST_CELLS.search(words(cells[start])):
            first = code[: {"two": 2, "three": 3}[said[1]]]
            found.append(first + [cell.source for cell in cells[start:end] if cell.cell_type == "code"])
    return found


@pytest.mark.parametrize("text", WITH_BREAKS, ids=lambda p: p.stem)
def test_each_break_says_how_to_go_on(text):
    for i in breaks(cells := WITH_BREAKS[text]):
        all_above, first = ALL_ABOVE in words(cells[i]), FIRST_CELLS.search(words(cells[i]))
        assert bool(all_above) != bool(first), f"it says neither {ALL_ABOVE} nor '{FIRST_CELLS.pattern}', or both"
        assert all_above or cells[i + 1].cell_type == "code", "a set-up cell comes next"


@pytest.mark.parametrize("text", [t for t in WITH_BREAKS if begun_anew(WITH_BREAKS[t])], ids=lambda p: p.stem)
def test_a_sitting_runs_on_its_own(text):
    """One kernel for all sittings of a lecture, which forgets what is between them: to start one takes seconds."""
    sources = [source for sitting in begun_anew(WITH_BREAKS[text]) for source in ["%reset -f", *sitting]]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    client = NotebookClient(notebook, timeout=200, resources={"metadata": {"path": str(text.parent)}})
    client.execute(env={**os.environ, "COURSEKIT_BUDGET": "quick"})
    assert all(cell.execution_count for cell in notebook.cells)
