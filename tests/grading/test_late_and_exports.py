"""The late policy, and marks in the forms of learning management systems."""
from __future__ import annotations

import csv
from pathlib import Path

import pytest
from grading_course import NAME, RIGHT, Answers

from coursekit.grading import GradeReport, Row, grade
from coursekit.grading.exports import write_exports
from coursekit.grading.ingest import safe_id
from coursekit.grading.late import due_time, penalty
from coursekit.grading.lms import shown


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
    Answers(small, RIGHT).write(submissions / f"roe_LATE_506_90002_{NAME}.ipynb")

    def marks(**policy) -> dict[str, tuple]:
        report = grade(NAME, submissions, out, course=small, progress=False, **policy)
        assert len(report.graded_now) <= 4
        return {row.student: (row.total, row.late_penalty, row.flags) for row in report.rows}

    first = marks(due="2026-11-30T23:59+01:00", late=0.1)
    flag = ["handed in 24.5 h late"]
    says = ["Canvas says it was late; no time is known, so no penalty was taken"]
    assert first == {"early": (6.0, 0.0, []), "late": (6.0, pytest.approx(1.2), flag), "unknown": (6.0, 0.0, []),
                     "roe_506": (6.0, 0.0, says)}
    with (out / f"canvas-{NAME}.csv").open(encoding="utf-8", newline="") as file:
        table = {row["Student"]: (row["ID"], row[NAME]) for row in csv.DictReader(file)}
    assert table["roe"] == ("506", "6") and table["late"] == ("", "4.8")
    assert marks() == first, "a later run keeps the policy"
    assert "Of 2 of 4 submissions no time is known" in (out / f"report-{NAME}.html").read_text("utf-8")
    assert "Of 2 of 4" in str(grade(NAME, submissions, out, course=small)), "also where nothing had to be done again"
    assert marks(late=0.0)["late"] == (6.0, 0.0, flag)
    assert marks(due="2026-12-05T00:00Z", late=0.5)["late"] == (6.0, 0.0, [])
    with pytest.raises(ValueError, match="share of the points"):
        marks(late=10.0)


def _tables(tmp_path: Path, rows: list[Row]) -> list[list[dict[str, str]]]:
    report = GradeReport("ps02", tmp_path, {"t1": "One", "t2": "Two"}, {"t1": 2.0, "t2": 1.0}, rows)
    return [list(csv.DictReader(path.open(encoding="utf-8", newline=""))) for path in write_exports(report)]


def _row(name: str, total: float | None = 2.5, penalty: float = 0.0) -> Row:
    points = {"t1": 2.0, "t2": 0.5} if total is not None else {}
    return Row(safe_id(name), name, "graded" if points else "malformed", points, total, 3.0, penalty)


def test_tables_for_moodle_and_canvas(tmp_path: Path) -> None:
    moodle, canvas = _tables(tmp_path, [_row(shown("Moodle", "Jane Doe", "71"), penalty=0.5),
                                        _row(shown("Canvas", "doejane", "1234"), 3.0), _row("=cmd()")])
    assert [r["Identifier"] for r in moodle] == ["Participant 71", "", ""]
    assert [r["Full name"] for r in moodle] == ["Jane Doe", "doejane", "'=cmd()"]
    assert [r["Grade"] for r in moodle] == ["2", "3", "2.5"]
    assert moodle[0]["Feedback comments"] == "t1: 2 of 2; t2: 0.5 of 1"
    assert canvas[0] == {"Student": "    Points Possible", "ID": "", "SIS User ID": "", "SIS Login ID": "",
                         "Section": "", "ps02": "3"}
    assert [(r["Student"], r["ID"], r["ps02"]) for r in canvas[1:]] == [
        ("Jane Doe", "", "2"), ("doejane", "1234", "3"), ("'=cmd()", "", "2.5")]


def test_moodle_finds_the_columns_that_its_importer_asks_for(tmp_path: Path) -> None:
    """importgradeslib.php gives up without these three; what it knows of the time is Moodle's own sign for none."""
    (row,), _ = _tables(tmp_path, [_row(shown("Moodle", "Jane Doe", "71"))])
    assert {"Identifier", "Grade", "Last modified (grade)"} <= set(row) and row["Last modified (grade)"] == "-"


def test_a_missing_mark_has_no_row_because_canvas_would_clear_the_grade_that_is_there(tmp_path: Path) -> None:
    moodle, canvas = _tables(tmp_path, [_row(shown("Canvas", "doejane", "12"), None), _row("roe", 0.0)])
    assert [r["Grade"] for r in moodle] == ["0"] and [r["Student"] for r in canvas[1:]] == ["roe"]


def test_a_number_that_two_rows_have_is_nobodys(tmp_path: Path) -> None:
    for system in ("Moodle", "Canvas"):
        rows = [_row(shown(system, name, "7")) for name in ("doe", "roe")] + [_row(shown(system, "poe", "8"))]
        moodle, canvas = _tables(tmp_path, rows)
        numbers = [r["Identifier"] if system == "Moodle" else r["ID"] for r in (moodle if system == "Moodle"
                                                                               else canvas[1:])]
        assert numbers == ["", "", "Participant 8" if system == "Moodle" else "8"]


def test_a_name_that_only_looks_like_a_system_s_gets_nobody_s_number(tmp_path: Path) -> None:
    moodle, canvas = _tables(tmp_path, [_row("stud_12"), _row("doejane_1234_56789"), _row("Jane Doe_71")])
    assert not any(r["Identifier"] for r in moodle) and not any(r["ID"] for r in canvas)
