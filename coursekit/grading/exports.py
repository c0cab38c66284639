"""Marks in the forms that learning management systems read: ``moodle-psNN.csv`` and ``canvas-psNN.csv``.

Both identify students by a number that the system itself wrote into the names of what it handed out for grading; where
there is none, the column stays empty and the name has to do. Submissions without a mark (malformed, or in error) have
an empty grade, which both systems leave alone: a missing mark is never a zero.
"""
from __future__ import annotations

import csv
import re
from pathlib import Path

from coursekit.grading.report import GradeReport, Row
from coursekit.grading.sanitise import spreadsheet_safe

MOODLE = re.compile(r"(?P<name>.*?)_(?P<number>\d+)")
"""Moodle's folders: ``Jane Doe_71_assignsubmission_file_``, of which ingest has taken the tail."""
CANVAS = re.compile(r"(?P<name>[^_]+)(?P<late>_LATE)?_(?P<number>\d+)_\d+(_.*)?", re.IGNORECASE)
"""Canvas's files: ``doejane_LATE_1234_56789_ps02.ipynb``: user, then submission."""


def write_exports(report: GradeReport) -> list[Path]:
    """Write both tables beside ``grades-psNN.csv``."""
    moodle, canvas = (report.out / f"{system}-{report.assignment}.csv" for system in ("moodle", "canvas"))
    _write(moodle, ["Identifier", "Full name", "Grade", "Maximum grade", "Last modified (grade)", "Feedback comments"],
           [_moodle(row, report) for row in report.rows])
    title = spreadsheet_safe(report.assignment)
    full = f"{sum(report.max_points.values()):g}"
    _write(canvas, ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title],
           [["    Points Possible", "", "", "", "", full], *(_canvas(row) for row in report.rows)])
    return [moodle, canvas]


def _moodle(row: Row, report: GradeReport) -> list[str]:
    found = None if CANVAS.fullmatch(row.name) else MOODLE.fullmatch(row.name)
    name = found["name"] if found else row.name
    words = "; ".join(f"{task}: {row.points[task]:g} of {report.max_points[task]:g}" for task in row.points)
    return [f"Participant {found['number']}" if found else "", spreadsheet_safe(name), _final(row), f"{row.max:g}", "-",
            words]


def _canvas(row: Row) -> list[str]:
    found = CANVAS.fullmatch(row.name)
    name = found["name"] if found else row.name
    return [spreadsheet_safe(name), found["number"] if found else "", "", "", "", _final(row)]


def _final(row: Row) -> str:
    """What counts: the points, less what the late policy takes."""
    return "" if row.total is None else f"{max(row.total - row.late_penalty, 0.0):g}"


def _write(path: Path, head: list[str], rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])
