"""A mark depends on the answer alone: not on luck, not on the course's mistakes, not on who else reads the course."""
from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from grading_course import CHECKS, NAME, RIGHT, SLIPS, TEXT, Answers, make_course

from coursekit.grading import GraderBroken, Limits, grade, phase1
from coursekit.grading.phase1 import Result, agreed, unexplained
from coursekit.grading.plan import make_plan

LUCKY = """
import os

COIN = os.urandom(1)[0] % 2

def standardise(x):
    return (x - x.mean(0)) / x.std(0, unbiased=False) + COIN
"""


def verdict(points: float, **more: object) -> dict[str, object]:
    return {"points": points, "max_points": 5.0, "slips": {}, "blank": False, **more}


def test_points_lost_without_a_name_are_unexplained() -> None:
    assert unexplained(verdict(0.0)) and unexplained(verdict(4.5))
    assert not unexplained(verdict(5.0))
    assert not unexplained(verdict(0.0, slips={"sign": "Which sign?"}))
    assert not unexplained(verdict(0.0, blank=True))


def test_of_two_runs_the_better_mark_counts_and_a_person_is_told() -> None:
    first = Result("k", {"t1": verdict(0.0), "t2": verdict(5.0)}, flags=["old"], seconds=1.0, peak_bytes=7)
    second = Result("k", {"t1": verdict(3.0), "t2": verdict(2.0)}, seconds=2.0, peak_bytes=9)
    out = agreed(first, second)
    assert [v["points"] for v in out.verdicts.values()] == [3.0, 5.0]
    assert out.flags[0] == "old" and "0 and 3 points for t1" in out.flags[1] and "5 and 2 points for t2" in out.flags[2]
    assert (out.seconds, out.peak_bytes) == (3.0, 9)
    assert agreed(first, first).flags == ["old"]
    assert "failed: boom" in agreed(first, Result("k", trouble="boom")).flags[-1]
    assert first.flags == ["old"] and first.verdicts["t1"]["points"] == 0.0, "what was given is left alone"


def test_a_second_run_is_made_only_where_points_were_lost_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[Result] = []
    monkeypatch.setattr(phase1, "_run_once", lambda *_: runs.pop(0))

    def grade_in_turn(*results: Result) -> Result:
        runs[:] = results
        return phase1.grade_notebook(None, None)  # type: ignore[arg-type]

    right, wrong = Result("k", {"t1": verdict(5.0)}), Result("k", {"t1": verdict(0.0)})
    named = Result("k", {"t1": verdict(0.0, slips={"sign": "Which sign?"})})
    assert grade_in_turn(right, wrong) is right and len(runs) == 1
    assert grade_in_turn(named, right) is named and len(runs) == 1
    stopped = Result("k", {"t1": verdict(0.0)}, stopped={"3": "it ran longer than 60 s"})
    assert grade_in_turn(stopped, right) is stopped and len(runs) == 1
    assert not grade_in_turn(wrong, wrong).flags and not runs
    better = grade_in_turn(wrong, right)
    assert better.verdicts["t1"]["points"] == 5.0 and len(better.flags) == 1 and not runs


@pytest.mark.sandbox
def test_a_flag_goes_with_the_better_of_two_marks(bwrap: str, small: Path, tmp_path: Path) -> None:
    for k in range(4):
        Answers(small, {**RIGHT, "t1": f"{LUCKY}# {k}"}).write(tmp_path / "in" / f"lucky{k}.ipynb")
    answers = {**RIGHT, "t2": "def log_normal(x, mu, log_var):\n    return x"}
    Answers(small, answers).write(tmp_path / "in" / "wrong.ipynb")
    Answers(small, {**RIGHT, "t3": SLIPS["t3", "flips-the-sign"]}).write(tmp_path / "in" / "slip.ipynb")
    report = grade(NAME, tmp_path / "in", tmp_path / "out", course=small, progress=False)
    for row in report.rows:
        if row.flags:  # at any rate by luck
            assert row.name.startswith("lucky") and row.points["t1"] == 2.0 and "0 and 2 points for t1" in row.flags[0]
    assert report["wrong"].points == {"t1": 2.0, "t2": 0.0, "t3": 1.0}
    assert report["slip"].points == {"t1": 2.0, "t2": 3.0, "t3": 0.0}


@pytest.mark.sandbox
def test_nothing_is_marked_where_the_courses_own_solution_fails(bwrap: str, tmp_path: Path) -> None:
    course = make_course(tmp_path / "course")
    Answers(course, RIGHT).write(tmp_path / "in" / "ada.ipynb")
    text = course / "solutions" / f"{NAME}.py"
    text.write_text(TEXT.replace("unbiased=False", "unbiased=True"))
    with pytest.raises(GraderBroken, match=r"own solution of ps90.*t1: 0 of 2 points.*constant factor"):
        grade(NAME, tmp_path / "in", tmp_path / "out", course=course, progress=False)
    assert not list((tmp_path / "out" / "autograded").glob("*")), "no mark was given"
    text.write_text(TEXT)
    assert grade(NAME, tmp_path / "in", tmp_path / "out", course=course, progress=False)["ada"].total == 6.0


@pytest.mark.sandbox
def test_limits_too_narrow_for_the_solution_itself_stop_the_run(bwrap: str, tmp_path: Path) -> None:
    course = make_course(tmp_path / "course")
    (course / "solutions" / f"{NAME}.py").write_text(
        TEXT.replace("    return -torch", "    import time; time.sleep(9)\n    return -torch"))
    Answers(course, RIGHT).write(tmp_path / "in" / "ada.ipynb")
    with pytest.raises(GraderBroken, match="longer than 3 s"):
        grade(NAME, tmp_path / "in", tmp_path / "out", course=course, progress=False, limits=Limits(cell_seconds=3))
    assert not list((tmp_path / "out" / "autograded").glob("*")), "Ada's result came first, and waited"


@pytest.mark.sandbox
def test_grading_writes_nothing_into_the_course(bwrap: str, tmp_path: Path) -> None:
    """So two graders, or a grader and a release, cannot take files from under each other."""
    course = make_course(tmp_path / "course")
    shutil.rmtree(course / "solutions" / NAME)
    Answers(course, RIGHT).write(tmp_path / "in" / "ada.ipynb")

    def files() -> dict[str, int]:
        return {str(p): p.stat().st_mtime_ns for p in course.rglob("*")
                if "__pycache__" not in p.parts and p.name != ".secret"}

    before = {name: stamp for name, stamp in files().items() if Path(name) != course / "solutions"}
    assert grade(NAME, tmp_path / "in", tmp_path / "out", course=course, progress=False)["ada"].total == 6.0
    assert {name: stamp for name, stamp in files().items() if Path(name) != course / "solutions"} == before


def test_drivers_come_from_the_checks_themselves(tmp_path: Path) -> None:
    """A release without its drivers would cost every answer to their tasks its points."""
    course = make_course(tmp_path / "course")
    folder = course / "exercises" / NAME
    (folder / "checks" / "drivers.py").unlink()
    plan = make_plan(course, NAME, folder, limits=None, isolated=True)
    assert b'DRIVERS = {"t3": _gradient}' in plan.drivers and "def _gradient" in CHECKS
