"""Marks are entered one student after the other, while other notebooks still run."""
from __future__ import annotations

from pathlib import Path

import pytest
from grading_course import NAME, RIGHT, Answers

from coursekit.grading import grade
from coursekit.grading.phase1 import Result, keep_all
from coursekit.grading.preprocessors import read_ledger

pytestmark = pytest.mark.sandbox


def test_a_mark_does_not_wait_for_a_slow_notebook(bwrap: str, small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    Answers(small, RIGHT).write(tmp_path / "in" / "quick.ipynb")
    Answers(small, RIGHT).first("import time\ntime.sleep(12)").write(tmp_path / "in" / "slow.ipynb")
    report = grade(NAME, tmp_path / "in", out, course=small, progress=False, jobs=2)
    assert [row.total for row in report.rows] == [6.0, 6.0]
    quick, slow = (report[name].student for name in ("quick", "slow"))
    entered = out / ".coursekit" / NAME / "done" / quick
    ran = out / ".coursekit" / NAME / "results" / f"{read_ledger(out, NAME, slow)['key']}.json"
    assert entered.stat().st_mtime < ran.stat().st_mtime


def test_what_happens_while_a_result_is_entered_is_not_taken_for_the_notebook_s_trouble() -> None:
    from concurrent.futures import Future

    future: Future[Result] = Future()
    future.set_result(Result("k"))

    def keep(result: Result) -> None:
        raise OSError(f"the disk is full at {result.key}")

    with pytest.raises(OSError, match="the disk is full at k"):
        keep_all({future: "k"}, keep)
