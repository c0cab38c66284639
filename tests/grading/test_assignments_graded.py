"""Every problem set of the course through the whole pipeline: solutions, halves, blanks, a rotating sample of slips.

The banks in `tests/assignments` try every answer in one warm process; here a notebook carries them through graft,
sandbox, judge and gradebook, as a student's would.
"""
from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import nbformat
import pytest

from coursekit.checks import load_assignment
from coursekit.course import assignments
from coursekit.grading import GradeReport, grade

pytestmark = pytest.mark.sandbox
COURSE = Path(__file__).resolve().parents[2]
SLIP = """
import sys, types
if "of_the_bank" not in sys.modules:
    sys.modules["of_the_bank"] = types.ModuleType("of_the_bank")
    exec(compile({source!r}, "of_the_bank.py", "exec"), sys.modules["of_the_bank"].__dict__)
{function} = next(t for t in sys.modules["of_the_bank"].TASKS if t.name == {task!r}).slips[{index}].answer
"""
"""An answer that is a slip of the checks file: that file's text, since nothing of it is there at grading."""


class Bank:
    """What can be handed in for one problem set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tasks = load_assignment(COURSE / "solutions" / f"{name}_checks.py").tasks
        self.source = (COURSE / "solutions" / f"{name}_checks.py").read_text("utf-8")
        text = (COURSE / "solutions" / f"{name}.py").read_text("utf-8")
        blocks = re.findall(r'^# %% answer="(\w+)"\n(.*?)(?=^# %%)', text, re.DOTALL | re.MULTILINE)
        self.right = {task: re.sub(r"^\s*### (BEGIN|END) SOLUTION\n", "", code, flags=re.MULTILINE)
                      for task, code in blocks}

    def notebook(self, answers: dict[str, str], path: Path) -> None:
        nb = nbformat.read(COURSE / "exercises" / self.name / f"{self.name}.ipynb", as_version=4)
        for cell in nb.cells:
            cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""), cell.source)
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nb, path)

    def slip(self, task: str, index: int) -> str:
        function = re.search(r"^def (\w+)\(", self.right[task], re.MULTILINE)[1]
        return SLIP.format(source=self.source, function=function, task=task, index=index)


@pytest.fixture(scope="module", params=assignments(COURSE))
def graded(request: pytest.FixtureRequest, bwrap: str,
           tmp_path_factory: pytest.TempPathFactory) -> tuple[Bank, GradeReport, dict[str, dict[str, int]]]:
    bank, folder = Bank(request.param), tmp_path_factory.mktemp("graded")
    tasks = list(bank.tasks)
    bank.notebook(bank.right, folder / "in" / "right.ipynb")
    bank.notebook({t: bank.right[t] for t in tasks[::2]}, folder / "in" / "half.ipynb")
    bank.notebook({}, folder / "in" / "blank.ipynb")
    shift = date.today().toordinal()  # another sample tomorrow
    slips = {f"slips{k}": {t: (shift + k) % len(bank.tasks[t].slips) for t in tasks} for k in range(2)}
    for student, chosen in slips.items():
        bank.notebook({t: bank.slip(t, i) for t, i in chosen.items()}, folder / "in" / f"{student}.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSEKIT_SECRET", f"a secret of the tests {shift}")
        report = grade(bank.name, folder / "in", folder / "out", course=COURSE, progress=False)
    return bank, report, slips


def test_solutions_earn_everything_and_blanks_nothing(graded: tuple) -> None:
    bank, report, _ = graded
    full = {name: task.max_points for name, task in bank.tasks.items()}
    right, blank, half = report["right"], report["blank"], report["half"]
    assert (right.points, right.flags, right.slips) == (full, [], {}), right
    assert (blank.total, blank.flags, blank.slips) == (0.0, [], {}), blank
    assert half.points == {t: full[t] if i % 2 == 0 else 0.0 for i, t in enumerate(full)} and half.flags == []


def told(page: str, task: str) -> str:
    """What the feedback says of a task, as a failing test's evidence."""
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    at = text.find(f"{task}: ")
    return text[at : at + 800] if at >= 0 else "nothing"


def test_each_slip_is_named_and_shown_with_its_hint(graded: tuple) -> None:
    bank, report, slips = graded
    for student, chosen in slips.items():
        row = report[student]
        page = (report.out / "feedback" / student / bank.name / f"{bank.name}.html").read_text("utf-8")
        for task, index in chosen.items():
            slip = bank.tasks[task].slips[index]
            assert row.slips.get(task) == [slip.name], (task, slip.name, row.points[task], told(page, task))
            assert row.points[task] < bank.tasks[task].max_points
            assert slip.name.replace("-", " ") in page


def test_formulas_are_set_and_nothing_is_fetched(graded: tuple) -> None:
    bank, report, _ = graded
    page = (report.out / "feedback" / "blank" / bank.name / f"{bank.name}.html").read_text("utf-8")
    assert page.count("<math") > 10
    assert not re.search(r"<(script|link|img|iframe)[^>]*\b(src|href)=.?(https?:)?//", page)
