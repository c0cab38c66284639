"""The late policy, and marks in the forms of learning management systems."""
from __future__ import annotations

import csv
from pathlib import Path

import pytest
from grading_course import NAME, RIGHT, Answers

from coursekit.grading import GradeReport, Row, grade
from coursekit.grading.exports import write_exports
from coursekit.grading.late import due_time, penalty


def test_a_day_begun_counts_and_no_more_is_taken_than_there_is() -> None:
    hour = 3600.0
    assert [penalty(50.0, hours * hour, 0.1) for hours in (0, 1, 24, 25, 24 * 30)] == [0.0, 5.0, 5.0, 10.0, 50.0]
    assert penalty(50.0, 1e6, 0.0) == 0.0


def test_a_due_time_needs_its_offset() -> None:
    assert due_time("2026-11-30T23:59+01:00").isoformat() == "2026-11-30T22:59:00+00:00"
    for text in ("2026-11-30T23:59", "tomorrow", ""):
        with pytest.raises(ValueError, match="offset from UTC"):
            due_time(text)


@pytest.mark.sandbox
def test_late_submissions_lose_their_share_until_the_policy_changes(bwrap: str, small: Path, tmp_path: Path) -> None:
    submissions, out = tmp_path / "submissions", tmp_path / "out"
    for student, time in (("early", "2026-11-30 22:00:00 UTC"), ("late", "2026-12-01 23:30:00 UTC"), ("unknown", "")):
        Answers(small, RIGHT).write(submissions / student / f"{NAME}.ipynb")
        if time:
            (submissions / student / "timestamp.txt").write_text(time)

    def marks(**policy) -> dict[str, tuple]:
        report = grade(NAME, submissions, out, course=small, progress=False, **policy)
        assert len(report.graded_now) <= 3
        return {row.student: (row.total, row.late_penalty, row.flags) for row in report.rows}

    first = marks(due="2026-11-30T23:59+01:00", late=0.1)
    flag = ["handed in 24.5 h late"]
    assert first == {"early": (6.0, 0.0, []), "late": (6.0, pytest.approx(1.2), flag), "unknown": (6.0, 0.0, [])}
    assert marks() == first, "a later run keeps the policy"
    assert marks(late=0.0)["late"] == (6.0, 0.0, flag)
    assert marks(due="2026-12-05T00:00Z", late=0.5)["late"] == (6.0, 0.0, [])
    with pytest.raises(ValueError, match="share of the points"):
        marks(late=10.0)


def test_tables_for_moodle_and_canvas(tmp_path: Path) -> None:
    rows = [Row("Jane_Doe_71", "Jane Doe_71", "graded", {"t1": 2.0, "t2": 0.5}, 2.5, 3.0, 0.5),
            Row("doejane", "doejane_LATE_1234_56789", "graded", {"t1": 2.0, "t2": 1.0}, 3.0, 3.0),
            Row("cmd", "=cmd()", "malformed", max=3.0, reason="empty")]
    report = GradeReport("ps02", tmp_path, {"t1": "One", "t2": "Two"}, {"t1": 2.0, "t2": 1.0}, rows)
    moodle, canvas = (list(csv.DictReader(path.open(encoding="utf-8", newline=""))) for path in write_exports(report))
    assert [r["Identifier"] for r in moodle] == ["Participant 71", "", ""]
    assert [r["Full name"] for r in moodle] == ["Jane Doe", "doejane_LATE_1234_56789", "'=cmd()"]
    assert [r["Grade"] for r in moodle] == ["2", "3", ""]
    assert moodle[0]["Feedback comments"] == "t1: 2 of 2; t2: 0.5 of 1"
    assert canvas[0] == {"Student": "    Points Possible", "ID": "", "SIS User ID": "", "SIS Login ID": "",
                         "Section": "", "ps02": "3"}
    assert [(r["Student"], r["ID"], r["ps02"]) for r in canvas[1:]] == [
        ("Jane Doe_71", "", "2"), ("doejane", "1234", "3"), ("'=cmd()", "", "")]
