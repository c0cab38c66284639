"""Every lecture runs from top to bottom, offline, twice alike; its measured times are there and within bounds."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

from coursekit.authoring import times as counter
from coursekit.authoring.text import AuthoringError, read_text
from coursekit.authoring.times import fill_times, read_times, sittings, times_of
from coursekit.course import lectures

COURSE = Path(__file__).resolve().parents[2]
TEXTS = lectures(COURSE)


def run(text: Path, **environment: str) -> nbformat.NotebookNode:
    notebook = nbformat.read(text.with_suffix(".ipynb"), as_version=4)
    # Where what a cell prints is cut into messages is the operating system's choice.
    client = NotebookClient(
        notebook, timeout=200, coalesce_streams=True, resources={"metadata": {"path": str(text.parent)}}
    )
    client.execute(env={**os.environ, "COURSEKIT_BUDGET": "quick", **environment})
    return notebook


def shown(notebook: nbformat.NotebookNode) -> list:
    """Texts and pictures of all cells, as far as they must be the same twice (widgets have an id of their own)."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {"text/plain": output.get("text", "")})
            if "application/vnd.jupyter.widget-view+json" in data:
                continue
            found.append((cell["id"], {k: hashlib.sha256(str(v).encode()).hexdigest() for k, v in data.items()}))
    return found


@pytest.mark.parametrize("text", TEXTS, ids=lambda p: p.stem)
def test_runs_twice_alike_and_without_a_word_on_stderr(text):
    first, second = run(text), run(text, PYTHONHASHSEED="1")
    assert shown(first) == shown(second)
    for cell in first.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", f"{cell['id']}: {output['text']}"


@pytest.mark.parametrize("text", TEXTS, ids=lambda p: p.stem)
def test_cells_are_short_and_the_lecture_has_its_parts(text):
    notebook = read_text(text)
    code = [c for c in notebook.cells if c.cell_type == "code"]
    for cell in code:
        assert len(cell.source.splitlines()) <= 25, f"{cell['id']} is too long:\n{cell.source}"
    assert len([line for line in code[0].source.splitlines() if line.strip()]) <= 6, "the set-up cell is too long"
    prose = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown").lower()
    for part in ("takeaways", "references", "next"):
        assert f"# {part}" in prose or f"**{part}" in prose, f"no section '{part}'"
    assert "!" not in prose.replace("!=", "").replace("![", "").replace("$n!$", ""), "prose without exclamation marks"


@pytest.mark.parametrize("text", TEXTS, ids=lambda p: p.stem)
def test_times_are_measured_and_within_bounds(text):
    times = read_times(COURSE)
    assert times[text.stem]["run"] <= 90
    kept, now = times[text.stem]["read"], sum(sittings(read_text(text)))
    assert abs(kept - now) <= 5, f"run: coursekit times {text.stem}"
    assert "{{run}}" in text.read_text("utf-8") and "{{read}}" in text.read_text("utf-8")


def test_times_are_filled_in():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("{{read}} min, {{run}} s")])
    assert fill_times(notebook, "x", {"x": {"read": 40, "run": 12.3}}).cells[0].source == "40 min, 12 s"
    notebook.cells[0].source = "{{run}}"
    with pytest.raises(AuthoringError, match="coursekit times y"):
        fill_times(notebook, "y", {})


def test_times_of_sittings_are_filled_in_where_there_are_any():
    def page():
        return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("{{read 1}} + {{read 2}} = {{read}}")])

    twice = {"x": times_of([35, 45], 12.3), "y": times_of([80], 12.3)}
    assert fill_times(page(), "x", twice).cells[0].source == "35 + 45 = 80"
    with pytest.raises(AuthoringError, match=r"y says \{\{read 1\}\}, but was measured with 1 sitting"):
        fill_times(page(), "y", twice)


def test_what_is_counted():
    page = nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_markdown_cell("Four words of prose. $x = 3$"), nbformat.v4.new_code_cell("x = 3\n\ny = x"),
        nbformat.v4.new_markdown_cell("### Break\nGo home."), nbformat.v4.new_code_cell("guess = None  # a number"),
        nbformat.v4.new_code_cell("from coursekit.widgets import GanGame\n\nGanGame()"),
    ])  # fmt: skip
    assert counter.amount(page.cells[:2]) == counter.Amount(words=6, lines=2, predictions=0, widgets=0)
    assert counter.amount(page.cells[2:]) == counter.Amount(words=3, lines=3, predictions=1, widgets=1)
    assert sittings(page) == [0, 5]


def test_the_two_fitted_constants_are_the_least_squares_fit_to_the_readings():
    amounts, minutes = zip(*counter.READINGS.values(), strict=True)
    text = [a.words + counter.WORDS_A_CODE_LINE * a.lines for a in amounts]
    rest = [m - counter.MINUTES_A_WIDGET * a.widgets for a, m in zip(amounts, minutes, strict=True)]
    columns = np.stack([text, [a.predictions for a in amounts]], axis=1)
    a_word, a_prediction = np.linalg.lstsq(columns, np.array(rest), rcond=None)[0]
    assert round(1 / a_word) == counter.WORDS_A_MINUTE
    assert round(a_prediction, 1) == counter.MINUTES_A_PREDICTION
    worst = max(abs(a.minutes - m) for a, m in counter.READINGS.values())
    assert worst < 5.5  # "off by up to 5 minutes"


def test_committed_figures_are_read_where_no_script_is_shipped(tmp_path):
    """A student's bundle has results without scripts; they must still show."""
    from coursekit.evaluation.experiment import figure_row

    results = sorted((COURSE / "experiments").glob("s*.json"))
    if not results:
        pytest.skip("no committed result yet")
    (tmp_path / "experiments").mkdir()
    result = json.loads(results[0].read_text("utf-8"))
    (tmp_path / "experiments" / results[0].name).write_text(results[0].read_text("utf-8"), "utf-8")
    assert figure_row(results[0].stem, tmp_path)["status"] == result["status"]
