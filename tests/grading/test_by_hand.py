"""What an instructor enters by hand, and what it changes: marks, comments, extensions; pages and tables follow."""
from __future__ import annotations

from pathlib import Path

import pytest
from grading_course import NAME, RIGHT, Answers, make_course
from nbgrader.api import Gradebook

from coursekit.grading import GradeReport, grade
from coursekit.grading import plan as plans
from coursekit.grading.plan import make_plan

pytestmark = pytest.mark.sandbox
DUE = "2026-11-30T23:59Z"


class Class:
    """A small class's submissions and grading folder."""

    def __init__(self, course: Path, folder: Path) -> None:
        self.course, self.submissions, self.out = course, folder / "submissions", folder / "out"

    def hand_in(self, student: str, time: str, answers: Answers | None = None) -> None:
        (answers or Answers(self.course, RIGHT)).write(self.submissions / student / f"{NAME}.ipynb")
        (self.submissions / student / "timestamp.txt").write_text(time)

    def grade(self, **options: object) -> GradeReport:
        return grade(NAME, self.submissions, self.out, course=self.course, progress=False, **options)

    def book(self) -> Gradebook:
        return Gradebook(f"sqlite:///{self.out / 'gradebook.db'}")

    def page(self, student: str) -> str:
        text = (self.out / "feedback" / student / NAME / f"{NAME}.html").read_text("utf-8")
        return " ".join(text.split())


@pytest.fixture
def school(bwrap: str, small: Path, tmp_path: Path) -> Class:
    return Class(small, tmp_path)


def test_marks_and_comments_entered_by_hand_reach_the_page_and_the_tables(school: Class) -> None:
    school.hand_in("eve", "2026-11-29 10:00:00 UTC")
    school.hand_in("max", "2026-11-29 10:00:00 UTC")
    assert school.grade()["eve"].total == 6.0
    assert "(Score: 6.0 / 6.0)" in school.page("eve") and "Test cell" not in school.page("eve")
    before = (school.out / "feedback" / "max" / NAME / f"{NAME}.html").stat().st_mtime_ns
    with school.book() as book:
        mark = book.find_grade("t1-check", NAME, NAME, "eve")
        mark.manual_score, mark.needs_manual_grade = 0.5, False
        book.find_comment("t1", NAME, NAME, "eve").manual_comment = "See me about the variance."
        book.db.commit()
    report = school.grade()
    row = report["eve"]
    assert (row.points, row.total, row.flags, report.graded_now) == ({"t1": 0.5, "t2": 3.0, "t3": 1.0}, 4.5, [], [])
    assert "(Score: 4.5 / 6.0)" in school.page("eve") and "See me about the variance." in school.page("eve")
    assert "t1</a> (Score: 0.5 / 2.0)" in school.page("eve")
    assert "eve,eve,0.5,3,1,4.5" in report.csv_path.read_text("utf-8")
    after = (school.out / "feedback" / "max" / NAME / f"{NAME}.html").stat().st_mtime_ns
    assert after == before, "nobody else's page is made again"


def test_an_extension_and_a_mark_by_hand_change_the_late_penalty(school: Class) -> None:
    school.hand_in("late", "2026-12-01 10:00:00 UTC")
    row = school.grade(due=DUE, late=0.1)["late"]
    assert (row.total, row.late_penalty) == (6.0, pytest.approx(0.6))
    assert "Late submission penalty (Score: -0.6)" in school.page("late") and "0.6 points" in str(school.grade())
    with school.book() as book:
        mark = book.find_grade("t2-check", NAME, NAME, "late")
        mark.manual_score, mark.needs_manual_grade = 1.0, False
        book.db.commit()
    row = school.grade()["late"]
    assert (row.total, row.late_penalty) == (4.0, pytest.approx(0.4)), "a tenth of what was earned"
    with school.book() as book:
        book.grant_extension(NAME, "late", hours=72)
        book.db.commit()
    row = school.grade()["late"]
    assert (row.total, row.late_penalty, row.flags) == (4.0, 0.0, [])
    assert "penalty (Score" not in school.page("late") and "(Score: 4.0 / 6.0)" in school.page("late")


def test_who_is_not_among_the_submissions_any_more_is_marked(school: Class) -> None:
    school.hand_in("here", "2026-11-29 10:00:00 UTC")
    school.hand_in("gone", "2026-11-29 10:00:00 UTC")
    school.grade()
    (school.submissions / "gone" / f"{NAME}.ipynb").unlink()
    (school.submissions / "gone" / "timestamp.txt").unlink()
    (school.submissions / "gone").rmdir()
    report = school.grade()
    assert report["here"].flags == [] and "not among the submissions" in report["gone"].flags[0]
    assert school.grade(students=["here"])["gone"].flags == [], "others are left alone where one is graded"


def test_an_answer_in_a_cell_of_ones_own_counts_where_the_answer_cell_is_gone(school: Class) -> None:
    moved = Answers(school.course, RIGHT)
    moved.nb.cells.remove(moved.cell("t2"))
    moved.insert(moved.index("t2-check"), RIGHT["t2"])
    school.hand_in("moved", "2026-11-29 10:00:00 UTC", moved)
    nothing = Answers(school.course, RIGHT)
    nothing.nb.cells.remove(nothing.cell("t2"))
    school.hand_in("nothing", "2026-11-29 10:00:00 UTC", nothing)
    report = school.grade()
    assert report["moved"].total == 6.0 and report["moved"].flags == ["answer cell t2 is missing"]
    assert report["nothing"].total == 3.0 and len(report["nothing"].flags) == 2
    assert "is the function defined under the name asked for" in school.page("nothing")


def test_a_changed_library_or_lock_makes_stored_results_void(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course = make_course(tmp_path / "course")

    def digest() -> str:
        return make_plan(course, NAME, course / "exercises" / NAME, limits=None, isolated=True).digest

    package = tmp_path / "coursekit"
    (package / "grading").mkdir(parents=True)
    (package / "compare.py").write_text("RTOL = 1")
    monkeypatch.setattr(plans, "__file__", str(package / "grading" / "plan.py"))
    first = digest()
    assert digest() == first
    (package / "compare.py").write_text("RTOL = 2")
    second = digest()
    (course / "requirements.lock").write_text("torch==1")
    assert len({first, second, digest()}) == 3
