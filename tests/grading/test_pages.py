"""Pages of what a student wrote: made in a bounded time, with every character that was handed in."""
from __future__ import annotations

import html
import random
import re
import time
from pathlib import Path

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter

from coursekit.grading.notebooks import empty_notebook
from coursekit.grading.report import GradeReport, Row, write_html
from coursekit.grading.sanitise import MAX_SET, ROOM, calm_markdown, quick_to_set
from coursekit.grading.similarity import write_similar

EXPORTER = HTMLExporter(template_name="basic", preprocessors=["coursekit.grading.preprocessors.Formulas"])
SLOW_MARKDOWN = ["\\begin{a}" * 12_000, "\\\\(" * 30_000, "\\\\[" * 30_000, "\\begin{a}\n" * 1_000,
                 "[" * 60_000, "~~~\n" + "\\\\[" * 30_000]
SLOW_CODE = ['"' + "\\N{" * 60_000, "\n \n" * 8_000, "x" + "." * 30_000, "#\n" + "\n    " * 2_000]


def page(source: str, kind: str) -> str:
    """One cell as it stands on a page."""
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    notebook = empty_notebook([make(source if kind == "code" else calm_markdown(source))])
    return EXPORTER.from_notebook_node(notebook)[0]


def words(shown: str) -> str:
    return re.sub(r"\s", "", html.unescape(re.sub(r"<[^>]*>", "", shown)))


SLOW = [("markdown", source) for source in SLOW_MARKDOWN] + [("code", source) for source in SLOW_CODE]


@pytest.mark.parametrize(("kind", "source"), SLOW, ids=lambda v: repr(v[:12]))
def test_what_is_slow_to_set_is_shown_as_it_is(kind: str, source: str) -> None:
    began = time.process_time()
    shown = page(source, kind)
    assert time.process_time() - began < 1
    assert re.sub(r"\s", "", source) in words(shown)


def test_what_people_write_is_set() -> None:
    text = "# Why\n\nThe *mean* is $\\mu_1$, and " + "so on " * 300 + "\n\n$$\\begin{aligned}a&=b\\end{aligned}$$"
    shown = page(text, "markdown")
    assert "<h1" in shown and "<em>mean</em>" in shown and "$\\mu_1$" in shown
    assert '<span class="k">def</span>' in page("def f(x):\n    return x\n", "code")


@pytest.mark.parametrize("first", ["```python", "~~~ mermaid", "- ```js", "> ```{r}", "1. ~~~ruby", "\t```python"])
def test_no_other_language_s_colourer_is_called(first: str) -> None:
    shown = page(f"{first}\nclass A: pass\n```", "markdown")
    assert "mermaid\"" not in shown and "<span class" not in shown.replace("<span></span>", ""), shown


def test_a_cell_of_another_language_is_coloured_as_python() -> None:
    """nbconvert notes for each cell that begins with such a magic which of some hundred colourers is to be called."""
    cell = nbformat.v4.new_code_cell("%%javascript\nlet x = 1", metadata={"magics_language": "javascript"})
    quick_to_set([cell])
    assert "magics_language" not in cell.metadata


def test_all_cells_together_have_a_limit() -> None:
    cells = [nbformat.v4.new_code_cell("x = 1\n" * 300) for _ in range(100)]
    quick_to_set(cells)
    plain = [cell.metadata.get("magics_language") == "text" for cell in cells]
    assert plain == sorted(plain) and plain.count(False) == ROOM["code"] // len(cells[0].source)


def test_the_instructor_s_cells_are_left_alone() -> None:
    cell = nbformat.v4.new_markdown_cell("x" * 2 * MAX_SET, metadata={"nbgrader": {"locked": True}})
    quick_to_set([cell])
    assert cell.source == "x" * 2 * MAX_SET


@pytest.mark.parametrize("seed", range(3))
def test_repetitions_of_anything_are_set_quickly(seed: int) -> None:
    """What makes such parsers slow is short and repeated."""
    rng = random.Random(seed)
    pieces = [*"$\\\\[](){}*_`~><!|-+=:#&\n\n \t a1./@\"'%?", "\\begin{", "\\N{", "\"\"\"", "http://", "```",
              "import ", "{{"]
    for _ in range(15):
        unit = "".join(rng.choices(pieces, k=rng.randint(1, 5)))
        source = (unit * rng.choice((1, 20, 100)) + rng.choice(("", "\n"))) * MAX_SET
        source = "\n".join(line[:399] for line in source[:MAX_SET].split("\n")[:399])
        for kind in ("code", "markdown"):
            began = time.process_time()
            page(source, kind)
            assert time.process_time() - began < 2, (kind, unit)


def test_the_report_and_the_page_of_similar_answers_may_run_and_fetch_nothing(tmp_path: Path) -> None:
    """Should a word ever come through unescaped, the browser itself refuses what it asks for."""
    row = Row("ada", "ada", "graded", {"t1": 1.0}, 1.0, 1.0)
    report = GradeReport("ps90", tmp_path, {"t1": "x"}, {"t1": 1.0}, [row])
    write_html(report)
    write_similar(report.similar_path, [], {}, [])
    for path in (report.html_path, report.similar_path):
        shown = path.read_text("utf-8")
        policy = re.search(r"<meta http-equiv='Content-Security-Policy' content=\"([^\"]*)\">", shown)
        assert policy and 0 < policy.start() < shown.index("<style"), "it holds for what follows it only"
        assert policy[1] == "default-src 'none'; style-src 'unsafe-inline'"
