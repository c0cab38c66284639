"""What a grading run gives back: rows for people, for spreadsheets, and for the page ``report-psNN.html``."""
from __future__ import annotations

import csv
import html
import math
import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from coursekit.grading.sanitise import spreadsheet_safe


@dataclass(frozen=True)
class Row:
    """One student.

    Attributes:
        student: the id used in the gradebook and in folders.
        name: the name as it was found in the submissions.
        status: "graded", "malformed" (nothing could be run) or "error" (the grader failed; nothing was marked).
        points: per task; empty unless graded.
        total, max: of the assignment; `total` is `None` unless graded, never a silent zero.
        late_penalty: points that nbgrader's late policy takes off `total`.
        slips: per task, the slips that were recognised.
        flags: what a person should look at.
        reason: why a submission is malformed or in error.
        seconds: wall-clock time of running it.
        peak_bytes: most memory it held.
    """

    student: str
    name: str
    status: str
    points: dict[str, float] = field(default_factory=dict)
    total: float | None = None
    max: float = 0.0
    late_penalty: float = 0.0
    slips: dict[str, list[str]] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    reason: str = ""
    seconds: float = 0.0
    peak_bytes: int = 0


@dataclass
class GradeReport:
    """All rows of an assignment in a grading folder, and what this run did.

    Attributes:
        assignment: its name.
        out: the grading folder.
        tasks: per task its title, in order.
        max_points: per task.
        rows: one a student, sorted.
        graded_now: students that this run had to run; the others' results were stored already.
        seconds: wall-clock time of this run.
        isolated: kernels ran in the sandbox.
        conditions: what was fixed for every submission, in words.
        notes: what a person should know of the class as a whole.
    """

    assignment: str
    out: Path
    tasks: dict[str, str]
    max_points: dict[str, float]
    rows: list[Row]
    graded_now: list[str] = field(default_factory=list)
    seconds: float = 0.0
    isolated: bool = True
    conditions: str = ""
    notes: tuple[str, ...] = ()

    def __getitem__(self, student: str) -> Row:
        for row in self.rows:
            if student in (row.student, row.name):
                return row
        raise KeyError(f"{student!r} is not in the report; it has {', '.join(r.student for r in self.rows)}.")

    @property
    def csv_path(self) -> Path:
        return self.out / f"grades-{self.assignment}.csv"

    @property
    def html_path(self) -> Path:
        return self.out / f"report-{self.assignment}.html"

    @property
    def similar_path(self) -> Path:
        return self.out / f"similar-{self.assignment}.html"

    def slip_counts(self) -> list[tuple[str, str, int]]:
        """(task, slip, how many students), the most frequent first."""
        counts = Counter((task, slip) for row in self.rows for task, slips in row.slips.items() for slip in slips)
        return sorted(((t, s, n) for (t, s), n in counts.items()), key=lambda item: (-item[2], item[0], item[1]))

    def __str__(self) -> str:
        width = max([7, *(len(row.student) for row in self.rows)])
        head = "  ".join(["student".ljust(width), *(task.rjust(5) for task in self.tasks), "total".rjust(7)])
        lines = [head, "-" * len(head)]
        for row in self.rows:
            marks = [f"{row.points[t]:5g}" if t in row.points else "    -" for t in self.tasks]
            total = f"{row.total:g}/{row.max:g}" if row.total is not None else "-"
            late = [f"{row.late_penalty:g} points taken off for lateness"] if row.late_penalty else []
            note = row.reason or "; ".join([*late, *row.flags])
            lines.append("  ".join([row.student.ljust(width), *marks, total.rjust(7), f"{row.status}: {note}"
                                    if row.status != "graded" else note]).rstrip())
        lines += ["", f"{len(self.rows)} submissions, {len(self.graded_now)} run now, {self.seconds:.0f} s."
                      + ("" if self.isolated else " WITHOUT ISOLATION."), *self.notes,
                  f"Marks: {self.csv_path} (for Moodle and Canvas: moodle-{self.assignment}.csv, "
                  f"canvas-{self.assignment}.csv)",
                  f"Report: {self.html_path}", f"Similar answers: {self.similar_path}",
                  f"Feedback: {self.out / 'feedback'}/<student>/{self.assignment}/{self.assignment}.html"]
        return "\n".join(lines)


def write_csv(report: GradeReport) -> None:
    """Write ``grades-psNN.csv``: one row a student; cells that a spreadsheet would run as formulas are quoted."""
    with report.csv_path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["student", "name", *report.tasks, "total", "max", "late_penalty", "status", "flags"])
        for row in report.rows:
            note = "; ".join([row.reason, *row.flags] if row.reason else row.flags)
            table.writerow([spreadsheet_safe(row.student), spreadsheet_safe(row.name),
                            *(f"{row.points[t]:g}" if t in row.points else "" for t in report.tasks),
                            "" if row.total is None else f"{row.total:g}", f"{row.max:g}", f"{row.late_penalty:g}",
                            row.status, spreadsheet_safe(note)])


OPEN = ("<p class='warn'>Students' code ran <b>without isolation</b>, with the rights of whoever graded. It could read "
        "and change anything they can, these marks included.</p>")
STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:.6em 0 1.6em}th,td{padding:.3em .7em;border-bottom:1px solid #ddd;text-align:left;
vertical-align:top}th{border-bottom:2px solid #888}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
tr.malformed td,tr.error td{background:#fdf0ea}.bar{display:inline-block;height:.8em;background:#0072B2}
.quiet{color:#666}.warn{border-left:4px solid #D55E00;padding:.3em 1em;background:#fdf0ea}
"""


def write_html(report: GradeReport) -> None:
    """Write ``report-psNN.html``: no script, nothing from the net; every word from a submission is escaped."""
    graded = [row for row in report.rows if row.status == "graded"]
    parts = [
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>",
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{_e(report.assignment)}: report</title><style>{STYLE}</style></head><body>",
        f"<h1>{_e(report.assignment)}</h1><p>{len(report.rows)} submissions: {len(graded)} graded, "
        f"{len(report.rows) - len(graded)} not. {len(report.graded_now)} were run now, in {report.seconds:.0f} s"
        f"{_stored(len(graded) - len(report.graded_now))}. {_load(report)}"
        f"<a href='{_e(report.similar_path.name)}'>Similar answers</a></p>",
        "" if report.isolated else OPEN, *(f"<p class='warn'>{_e(note)}</p>" for note in report.notes),
        _problems(report), _marks(report), _tasks(report, graded), _slips(report, len(graded)),
        f"<p class='quiet'>{_e(report.conditions)}.</p>" if report.conditions else "", "</body></html>"]
    report.html_path.write_text("\n".join(parts), "utf-8")


def _stored(count: int) -> str:
    return f"; {count} had results from before" if count > 0 else ""


def _load(report: GradeReport) -> str:
    ran = [row for row in report.rows if row.seconds]
    if not ran:
        return ""
    times = sorted(row.seconds for row in ran)
    return (f"Running one takes {statistics.median(times):.1f} s (median; the longest {times[-1]:.1f} s) and at most "
            f"{max(row.peak_bytes for row in ran) / 2**20:.0f} MiB. ")


def _problems(report: GradeReport) -> str:
    bad = [row for row in report.rows if row.status != "graded"]
    if not bad:
        return ""
    rows = "".join(f"<tr class='{_e(r.status)}'><td>{_e(r.student)}</td><td>{_e(r.name)}</td><td>{_e(r.status)}</td>"
                   f"<td>{_e(r.reason)}</td></tr>" for r in bad)
    return ("<h2>Not graded</h2><p>These have no mark, which is not a mark of zero: a person has to look.</p><table>"
            f"<tr><th>student</th><th>handed in as</th><th>status</th><th>why</th></tr>{rows}</table>")


def _marks(report: GradeReport) -> str:
    head = "".join(f"<th class='n'>{_e(t)}<br><span class='quiet'>{report.max_points[t]:g}</span></th>"
                   for t in report.tasks)
    rows = []
    for row in report.rows:
        cells = "".join(f"<td class='n'>{row.points[t]:g}</td>" if t in row.points else "<td class='n'>–</td>"
                        for t in report.tasks)
        total = f"{row.total:g}" if row.total is not None else "–"
        total += f" <span class='quiet'>−{row.late_penalty:g} late</span>" if row.late_penalty else ""
        flags = "<br>".join(_e(flag) for flag in row.flags)
        page = f"feedback/{row.student}/{report.assignment}/{report.assignment}.html"
        name = f"<a href='{_e(page)}'>{_e(row.student)}</a>" if row.status == "graded" else _e(row.student)
        rows.append(f"<tr class='{_e(row.status)}'><td>{name}</td>{cells}<td class='n'><b>{total}</b></td>"
                    f"<td>{flags}</td><td class='n'>{row.seconds:.1f}</td>"
                    f"<td class='n'>{row.peak_bytes / 2**20:.0f}</td></tr>")
    return (f"<h2>Marks</h2><table><tr><th>student</th>{head}<th class='n'>total</th><th>for a person to look at</th>"
            f"<th class='n'>seconds</th><th class='n'>MiB</th></tr>{''.join(rows)}</table>")


def _tasks(report: GradeReport, graded: list[Row]) -> str:
    rows = []
    for task, title in report.tasks.items():
        marks = [row.points[task] for row in graded if task in row.points]
        if not marks:
            continue
        top = report.max_points[task]
        full = sum(m >= top for m in marks) / len(marks)
        none = sum(m == 0 for m in marks) / len(marks)
        rows.append(f"<tr><td>{_e(task)}</td><td>{_e(title)}</td>"
                    f"<td class='n'>{statistics.mean(marks):.2f} of {top:g}</td>"
                    f"<td><span class='bar' style='width:{120 * full:.0f}px'></span> {100 * full:.0f} %</td>"
                    f"<td class='n'>{100 * none:.0f} %</td><td>{_histogram(marks, top)}</td></tr>")
    totals = [row.total for row in graded if row.total is not None]
    most = sum(report.max_points.values())
    whole = (f"<p>Totals, from 0 on the left to {most:g} on the right: median {statistics.median(totals):g}, mean "
             f"{statistics.mean(totals):.1f}.<br>{_histogram(totals, most, bins=20)}</p>" if totals else "")
    return (f"<h2>Tasks</h2>{whole}<table><tr><th>task</th><th>title</th><th class='n'>mean</th><th>full points</th>"
            f"<th class='n'>none</th><th>points, 0 to all</th></tr>{''.join(rows)}</table>") if rows else ""


def _histogram(marks: list[float], top: float, bins: int = 10) -> str:
    """Columns from 0 points to all: the first and the last are exactly none and all."""
    counts = [0] * (bins + 1)
    for mark in marks:
        inside = min(bins - 1, max(1, math.ceil(mark / top * bins)))
        counts[0 if mark <= 0 else bins if mark >= top else inside] += 1
    most = max(counts) or 1
    columns = "".join(f"<rect x='{12 * i}' y='{40 - 38 * n / most:.0f}' width='10' height='{38 * n / most:.0f}' "
                      f"fill='#0072B2'><title>{_share_of(i, bins, top)}: {n}</title></rect>"
                      for i, n in enumerate(counts))
    words = "; ".join(f"{_share_of(i, bins, top)}: {n}" for i, n in enumerate(counts) if n)
    return (f"<svg width='{12 * (bins + 1)}' height='41' role='img' aria-label='{_e(words)}'>{columns}"
            f"<rect y='40' width='{12 * (bins + 1) - 2}' height='1' fill='#888'/></svg>")


def _share_of(i: int, bins: int, top: float) -> str:
    if i in (0, bins):
        return f"{top if i else 0:g}"
    return f"up to {top * i / bins:g}" if i < bins - 1 else f"less than {top:g}"


def _slips(report: GradeReport, graded: int) -> str:
    counts = report.slip_counts()
    if not counts:
        return ""
    rows = "".join(f"<tr><td>{_e(task)}</td><td>{_e(slip)}</td><td class='n'>{n}</td><td><span class='bar' "
                   f"style='width:{120 * n / max(graded, 1):.0f}px'></span></td></tr>" for task, slip, n in counts)
    return ("<h2>Slips of the class</h2><p>How many students made each of the field's classic mistakes.</p><table><tr>"
            f"<th>task</th><th>slip</th><th class='n'>students</th><th></th></tr>{rows}</table>")


def _e(text: str) -> str:
    return html.escape(str(text), quote=True)
