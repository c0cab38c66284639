"""Marks in the forms that learning management systems read: ``moodle-psNN.csv`` and ``canvas-psNN.csv``.

Both identify students by a number that the system itself wrote into the names of what it handed out for grading (see
`lms`); where there is none, the column stays empty and the name has to do. A number that two rows have is left out of
both, because one student would get the other's mark. Submissions without a mark (malformed, or in error) have no row:
Canvas takes an empty cell for an order to clear the grade that is there, and a missing mark is never a zero.

Moodle's importer wants the column "Last modified (grade)" and compares it with when it changed the grade last. We do
not know that and write "-", as Moodle does for a student without a grade. So a student who has a grade already is
skipped, unless whoever uploads ticks "Allow updating records that have been modified more recently in Moodle than in
the spreadsheet".
"""
from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from coursekit.grading.lms import taken_apart
from coursekit.grading.report import GradeReport, Row
from coursekit.grading.sanitise import spreadsheet_safe


def write_exports(report: GradeReport) -> list[Path]:
    """Write both tables beside ``grades-psNN.csv``."""
    moodle, canvas = (report.out / f"{system}-{report.assignment}.csv" for system in ("moodle", "canvas"))
    rows = [row for row in report.rows if row.total is not None]
    count = Counter(taken_apart(row.name)[::2] for row in rows)
    once = {key for key, number in count.items() if number == 1}
    _write(moodle, ["Identifier", "Full name", "Grade", "Maximum grade", "Last modified (grade)", "Feedback comments"],
           [_moodle(row, report, once) for row in rows])
    title = spreadsheet_safe(report.assignment)
    full = f"{sum(report.max_points.values()):g}"
    _write(canvas, ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title],
           [["    Points Possible", "", "", "", "", full], *(_canvas(row, once) for row in rows)])
    return [moodle, canvas]


def _moodle(row: Row, report: GradeReport, once: set[tuple[str, str]]) -> list[str]:
    system, name, number = taken_apart(row.name)
    words = "; ".join(f"{task}: {row.points[task]:g} of {report.max_points[task]:g}" for task in row.points)
    known = system == "Moodle" and (system, number) in once
    return [f"Participant {number}" if known else "", spreadsheet_safe(name), _final(row), f"{row.max:g}", "-", words]


def _canvas(row: Row, once: set[tuple[str, str]]) -> list[str]:
    system, name, number = taken_apart(row.name)
    known = system == "Canvas" and (system, number) in once
    return [spreadsheet_safe(name), number if known else "", "", "", "", _final(row)]


def _final(row: Row) -> str:
    """What counts: the points, less what the late policy takes."""
    return "" if row.total is None else f"{max(row.total - row.late_penalty, 0.0):g}"


def _write(path: Path, head: list[str], rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
