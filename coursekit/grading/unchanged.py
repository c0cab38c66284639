"""Has anything changed since the last ``coursekit grade``? If not, the last report holds, and nothing is even imported.

What a run depends on is hashed by content: submissions, checks, texts and secret of the assignment, the library's own
source, the lock, the options. What it made must still be there: the gradebook with the very bytes it had (a mark
changed by hand is a change), and every page.
"""
from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from coursekit.grading.ingest import collect
from coursekit.grading.report import GradeReport, Row

SECRET = "COURSEKIT_SECRET"


def fingerprint(assignment: str, submissions: Path, out: Path, course: Path, options: dict[str, Any]) -> str:
    """Hash of all that a run depends on and of all that it left.

    Raises:
        OSError: something of it is not there.
        ValueError: as `collect`.
    """
    h = hashlib.sha256()

    def add(*values: object) -> None:
        h.update(json.dumps([str(v) for v in values]).encode())

    add(assignment, submissions, course, sys.version, sys.prefix, os.environ.get(SECRET, ""), sorted(options.items()))
    for found in collect(submissions, assignment):
        add(found.student, found.name, found.path, found.problem, found.flags, found.timestamp)
        h.update(hashlib.sha256(found.data or b"").digest())
    solutions = course / "solutions"
    package = Path(__file__).resolve().parent.parent
    for path in [solutions / f"{assignment}.py", solutions / f"{assignment}_checks.py", solutions / ".secret",
                 course / "requirements.lock", *sorted(package.rglob("*.py"))]:
        if path.is_file():
            add(path)
            h.update(path.read_bytes())
    h.update((out / "gradebook.db").read_bytes())
    h.update((out / "nbgrader_config.py").read_bytes())
    for step in ("submitted", "autograded", "feedback"):
        for path in sorted((out / step).glob(f"*/{assignment}/{assignment}.*")):
            info = path.stat()
            add(path, info.st_size, info.st_mtime_ns)
    return h.hexdigest()


def remember(report: GradeReport, submissions: Path, course: Path, options: dict[str, Any]) -> None:
    """Keep a finished run's report with its fingerprint; not where the grader itself failed on somebody."""
    path = _place(report.out, report.assignment)
    path.unlink(missing_ok=True)
    if any(row.status == "error" for row in report.rows):
        return
    kept = {"fingerprint": fingerprint(report.assignment, submissions, report.out, course, options),
            "tasks": report.tasks, "max_points": report.max_points, "isolated": report.isolated,
            "notes": report.notes, "rows": [asdict(row) for row in report.rows]}
    part = path.with_suffix(".part")
    part.write_text(json.dumps(kept, ensure_ascii=False), "utf-8")
    part.replace(path)


def last_report(assignment: str, submissions: Path, out: Path, course: Path,
                options: dict[str, Any]) -> GradeReport | None:
    """The last run's report, if a run now could only give the same; else `None`."""
    try:
        kept = json.loads(_place(out, assignment).read_text("utf-8"))
        report = GradeReport(assignment, out, kept["tasks"], kept["max_points"], [Row(**row) for row in kept["rows"]],
                             isolated=kept["isolated"], notes=tuple(kept["notes"]))
        there = all(p.is_file() for p in (report.csv_path, report.html_path, report.similar_path))
        same = there and kept["fingerprint"] == fingerprint(assignment, submissions, out, course, options)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return report if same else None


def options_of(*, students: Sequence[str] | None, tasks: Sequence[str] | None, isolation: bool, limits: object,
               due: str, late: float | None) -> dict[str, Any]:
    """The options of a run that its marks depend on."""
    return {"students": list(students or ()), "tasks": list(tasks or ()), "isolation": isolation, "limits": limits,
            "due": due, "late": late}


def _place(out: Path, assignment: str) -> Path:
    return out / ".coursekit" / assignment / "report.json"
