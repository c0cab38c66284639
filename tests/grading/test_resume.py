"""``kill -9`` of the grader at any moment, then again: nothing graded twice, the gradebook whole, the same marks."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from grading_course import NAME, POINTS, RIGHT, Answers

from coursekit.grading import grade

pytestmark = pytest.mark.sandbox
COUNT = 6
GRADE = """
from pathlib import Path
from coursekit.grading import grade
if __name__ == "__main__":
    grade({name!r}, Path({source!r}), Path({out!r}), course=Path({course!r}), progress=False)
"""


def stored(out: Path) -> set[str]:
    return {p.name for p in (out / ".coursekit" / NAME / "results").glob("*.json")}


def entered(out: Path) -> int:
    return len(list((out / ".coursekit" / NAME / "done").glob("*")))


@pytest.mark.parametrize("moment", [
    lambda out: (out / ".coursekit").is_dir(),
    lambda out: len(stored(out)) >= 2,
    lambda out: entered(out) >= 2,
], ids=["at the start", "while notebooks run", "while marks are entered"])
def test_a_killed_run_goes_on_where_it_was(bwrap: str, small: Path, tmp_path: Path,
                                           moment: Callable[[Path], bool]) -> None:
    source, out = tmp_path / "submissions", tmp_path / "out"
    for number in range(COUNT):
        Answers(small, RIGHT).first(f"# {number}").write(source / f"s{number}.ipynb")
    script = tmp_path / "grade.py"
    script.write_text(GRADE.format(name=NAME, source=str(source), out=str(out), course=str(small)))
    process = subprocess.Popen([sys.executable, str(script)], start_new_session=True)
    deadline = time.monotonic() + 90
    while not moment(out):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    (out / ".coursekit" / NAME).mkdir(parents=True, exist_ok=True)
    (out / ".coursekit" / NAME / f"half.json.{process.pid}.part").write_text("{")  # it may have been at any file
    before = stored(out)
    times = {name: (out / ".coursekit" / NAME / "results" / name).stat().st_mtime_ns for name in before}
    while still_at_work(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not still_at_work(process.pid), "workers and kernels end with the grader"
    report = grade(NAME, source, out, course=small, progress=False)
    assert [(row.status, row.points) for row in report.rows] == [("graded", POINTS)] * COUNT
    assert len(report.graded_now) <= COUNT + 1 - len(before), "nothing is graded twice (one is the solution)"
    after = {name: (out / ".coursekit" / NAME / "results" / name).stat().st_mtime_ns for name in before}
    assert after == times
    assert not list(out.rglob("*.part"))


def still_at_work(grader: int) -> list[int]:
    """Processes of the killed grader's session: its workers, and the server that they were forked from."""
    out = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == grader and process.status() != psutil.STATUS_ZOMBIE:
                out.append(process.pid)
        except (psutil.Error, ProcessLookupError):
            continue
    return out
