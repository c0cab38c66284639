"""Formulas of feedback pages: each one of the course is set, and nothing else is touched."""
import re

import nbformat
import pytest
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from coursekit.course import course_root
from coursekit.grading.formulas import with_mathml

ROOT = course_root()


@pytest.mark.parametrize("path", sorted((ROOT / "exercises").glob("*/*.ipynb")), ids=lambda path: path.stem)
def test_every_formula_of_a_problem_set_becomes_mathml(path):
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    assert any("$" in source for source in cells)
    for source in cells:
        page = markdown2html_mistune(with_mathml(source))
        shown = re.sub(r"<(pre|code)\b.*?</\1>", "", page, flags=re.DOTALL)
        assert "$" not in shown, source
        assert shown.count("<math") == shown.count("</math>")
        assert "\\" not in re.sub(r"<[^>]*>", "", shown), source


def test_an_inline_formula_and_one_on_its_own_line():
    page = markdown2html_mistune(with_mathml("Let $a_1 < b^*$ be.\n\n$$\n\\frac{1}{n}\n\n\\sum_i x_i\n$$\n\nEnd."))
    assert page.count("<math") == 2 and 'display="block"' in page and "<mfrac>" in page
    assert "&#x0003C;" in page or "&lt;" in page  # a smaller-than sign opens no tag


@pytest.mark.parametrize("text", ["`a$b$c`", "```\n$x$\n```", "It costs 5$ or $6 a piece", "a \\$x\\$ b", "$\\sqrt[$"])
def test_what_is_no_formula_stays(text):
    assert with_mathml(text) == text
