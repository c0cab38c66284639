"""Marks are entered one student after the other, as results come."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from grading_course import NAME, RIGHT, Answers

from coursekit.grading import grade, pipeline
from coursekit.grading.phase1 import Result, keep_all, run_all

pytestmark = pytest.mark.sandbox


def test_each_mark_is_entered_when_its_result_comes_and_none_before_the_solution_s(
        bwrap: str, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    for k in range(3):
        Answers(small, RIGHT).first(f"# {k}").write(tmp_path / "in" / f"s{k}.ipynb")
    came: list[str] = []
    entered: list[int] = []

    def watched(*args: Any) -> Any:
        *first, finished, scheduler = args

        def then(student: str, result: Result) -> None:
            finished(student, result)
            came.append(student)
            entered.append(len(list((out / ".coursekit" / NAME / "done").glob("*"))))

        return run_all(*first, then, scheduler)

    monkeypatch.setattr(pipeline, "run_all", watched)
    report = grade(NAME, tmp_path / "in", out, course=small, progress=False, jobs=2)
    assert [row.total for row in report.rows] == [6.0] * 3
    solution = came.index(pipeline.OWN)
    assert entered == [0 if k < solution else k for k in range(4)], "of k results before it one is the solution's"


def test_what_happens_while_a_result_is_entered_is_not_taken_for_the_notebook_s_trouble() -> None:
    from concurrent.futures import Future

    future: Future[Result] = Future()
    future.set_result(Result("k"))

    def keep(result: Result) -> None:
        raise OSError(f"the disk is full at {result.key}")

    with pytest.raises(OSError, match="the disk is full at k"):
        keep_all({future: "k"}, keep)
