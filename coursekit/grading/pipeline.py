"""``coursekit grade``: from a folder of submissions to marks, feedback and a gradebook."""
from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from nbformat import NotebookNode
from tqdm.auto import tqdm

from coursekit.authoring import build_assignment
from coursekit.grading.course_folder import CourseFolder, GradebookTrouble, write_ledger
from coursekit.grading.exports import write_exports
from coursekit.grading.graft import grade_id, graft
from coursekit.grading.ingest import MAX_NOTEBOOK_BYTES, Submission, collect
from coursekit.grading.late import due_time
from coursekit.grading.lms import taken_apart
from coursekit.grading.notebooks import Malformed, as_notebook, read_cells
from coursekit.grading.phase1 import Result, run_all
from coursekit.grading.plan import Plan
from coursekit.grading.preprocessors import PRIVATE, plan_of, read_ledger, settings_of, store_of
from coursekit.grading.report import GradeReport, Row, write_csv, write_html
from coursekit.grading.sandbox import Box, IsolationUnavailable, Limits, check_isolation
from coursekit.grading.similarity import same_notebooks, similar_pairs, write_similar
from coursekit.grading.unchanged import last_report, options_of, remember

NOT_ISOLATED = ("Students' code runs WITHOUT isolation: it can read and change all that you can, solutions, gradebook "
                "and other students' work included. Do this only with code that you trust.")


class GraderBroken(RuntimeError):
    """Marks would be wrong, for a reason that lies with the course or the machine and with no student."""


@dataclass
class Ready:
    """A submission that can be run."""

    submission: Submission
    grafted: NotebookNode
    flags: list[str]
    kept: dict[str, Any] = field(default_factory=dict)


def grade(assignment: str, submissions: Path, out: Path, *, course: Path, students: Sequence[str] | None = None,
          tasks: Sequence[str] | None = None, jobs: int = 2, isolation: bool = True, progress: bool = True,
          limits: Limits | None = None, due: str = "", late: float | None = None,
          scheduler: str = "") -> GradeReport:
    """Grade all submissions of one assignment into the grading folder `out`.

    Running it again runs only what has changed. Marks that an instructor changed in formgrader stay.

    Args:
        assignment: "ps02".
        submissions: folder or zip archive; see `coursekit.grading.ingest` for its layouts.
        out: the grading folder, an nbgrader course folder; made where it is missing.
        course: the course's folder, with ``solutions/``.
        students: only these (ids or names); the others stay as they are.
        tasks: mark only these again; for students who were graded before, the other tasks' marks stay.
        jobs: submissions run at a time.
        isolation: run students' code in the sandbox. `False` warns.
        progress: show a progress bar.
        limits: of one submission; by default those of the checks file, else `Limits()`.
        due: ISO time with its offset from UTC; by default the one that the gradebook has, if any.
        scheduler: address of a Dask scheduler whose workers run the notebooks; by default this machine does.
        late: share of the points lost for each day begun after it, 0 to 1; by default as in the last run, else 0.

    Raises:
        FileNotFoundError: no such assignment or submissions.
        ValueError: unknown students or tasks, `out` inside the submissions, no due time, no share, or another run is at
            work in `out`.
        IsolationUnavailable: no bubblewrap, and isolation was not switched off.
        GraderBroken: the course's own solution does not earn full marks here; nothing was marked.
    """
    began = time.monotonic()
    course, submissions, out = Path(course).resolve(), Path(submissions).resolve(), Path(out).resolve()
    _sensible(submissions, out, jobs)
    due_at = due_time(due) if due else None
    if late is not None and not 0 <= late <= 1:
        raise ValueError(f"late is {late:g}; expected the share of the points lost for each day, 0 to 1.")
    if not isolation:
        warnings.warn(NOT_ISOLATED, stacklevel=2)
    hide = [course / "solutions", out, submissions]
    _check_walls(isolation, hide)
    options = options_of(students=students, tasks=tasks, isolation=isolation, limits=limits, due=due, late=late)
    if isolation and (same := last_report(assignment, submissions, out, course, options)):
        same.seconds = time.monotonic() - began
        return same
    found = collect(submissions, assignment)
    folder = CourseFolder(out, assignment)
    # Not built in the course, where others read; its name lets a later run clear it away after a kill.
    with _alone(out), tempfile.TemporaryDirectory(prefix=f"ck-{os.getpid()}-") as built:
        source = build_assignment(course, assignment, Path(built) / assignment)
        folder.prepare(source, {"course": str(course), "limits": limits.to_dict() if limits else None,
                                "isolated": isolation, "hide": [str(submissions)],
                                "late": _share(folder, assignment, late)})
        policy = [folder.set_due(due_at), _share(folder, assignment, late)]
        plan = plan_of(folder.root, assignment)
        _known_tasks(tasks, plan)
        chosen = _chosen(found, students or None)
        ready = _graft_all(chosen, plan, folder, tasks)
        own = graft(read_cells((source / f"{assignment}.ipynb").read_bytes()), plan.notebook, assignment).notebook
        ran = _run_and_enter(plan, ready, folder, jobs, progress, scheduler, own, policy)
        there = None if students else {submission.student for submission in found}
        report = _report(plan, folder, ran, time.monotonic() - began, there)
        report.notes = _notes(ready, str(policy[0]))
        write_csv(report)
        write_html(report)
        write_exports(report)
        _compare(plan, folder, report)
        remember(report, submissions, course, options)
    return report


def _share(folder: CourseFolder, assignment: str, late: float | None) -> float:
    """The share that a late day costs: the one given, else the last run's, else none."""
    if late is not None:
        return late
    try:
        return float(settings_of(folder.root, assignment).get("late") or 0.0)
    except OSError:
        return 0.0


def _compare(plan: Plan, folder: CourseFolder, report: GradeReport) -> None:
    """Make the page of similar answers, where answers have changed since it was made."""
    graded = [row.student for row in report.rows if row.status == "graded"]
    keys = {student: read_ledger(folder.root, plan.assignment, student).get("key", "") for student in graded}
    stamp = folder.private / "similar.sha256"
    digest = hashlib.sha256(json.dumps(keys, sort_keys=True).encode()).hexdigest()
    if report.similar_path.is_file() and stamp.is_file() and stamp.read_text("utf-8") == digest:
        return
    answers = {student: folder.answers(student, list(plan.sheets)) for student in graded}
    given = {grade_id(cell): cell.source for cell in plan.notebook.cells if grade_id(cell) in plan.sheets}
    groups = same_notebooks(answers, given)
    write_similar(report.similar_path, similar_pairs(answers, given), answers, groups)
    stamp.write_text(digest, "utf-8")


def _sensible(submissions: Path, out: Path, jobs: int) -> None:
    if sys.platform == "win32":
        raise IsolationUnavailable("Grading needs Linux (on Windows: WSL 2, with 'sudo apt install bubblewrap' in it).")
    if jobs < 1:
        raise ValueError(f"jobs is {jobs}; expected 1 or more.")
    if submissions == out or out.is_relative_to(submissions):
        raise ValueError(f"The grading folder {out} lies in the submissions {submissions}; choose another --out.")
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out {out} is a file; expected a folder, or nothing yet.")
    foreign = out.is_dir() and any(out.iterdir()) and not (out / PRIVATE).is_dir()
    if foreign:
        raise ValueError(f"--out {out} holds other files. Choose an empty or a new folder, or one that an earlier "
                         "'coursekit grade' made.")


def _check_walls(isolation: bool, hide: list[Path]) -> None:
    if not isolation:
        return
    with tempfile.TemporaryDirectory(prefix=f"ck-{os.getpid()}-") as temporary:
        shown = Path(temporary) / "shown"
        (shown / "out").mkdir(parents=True)
        box = Box(Path(temporary), shown, Limits(), hide=tuple(hide))
        box.prepare()
        check_isolation(box)


def _known_tasks(tasks: Sequence[str] | None, plan: Plan) -> None:
    unknown = sorted(set(tasks or ()) - set(plan.sheets))
    if unknown:
        raise ValueError(f"{plan.assignment} has no task {', '.join(unknown)}; its tasks are {', '.join(plan.sheets)}.")


def _chosen(found: list[Submission], students: Sequence[str] | None) -> list[Submission]:
    if students is None:
        return found
    wanted = set(students)
    unknown = sorted(wanted - {s.student for s in found} - {s.name for s in found})
    if unknown:
        raise ValueError(f"No submission of {', '.join(unknown)}; there are {', '.join(s.student for s in found)}.")
    return [s for s in found if s.student in wanted or s.name in wanted]


def _graft_all(found: list[Submission], plan: Plan, folder: CourseFolder,
               tasks: Sequence[str] | None) -> dict[str, Ready]:
    """Read and graft; what cannot be read is recorded as malformed, with its sentence."""
    ready: dict[str, Ready] = {}
    for submission in found:
        before = read_ledger(folder.root, plan.assignment, submission.student)
        try:
            if submission.problem or submission.data is None:
                raise Malformed(submission.problem)
            if len(submission.data) > MAX_NOTEBOOK_BYTES:
                raise Malformed(f"The notebook is larger than {MAX_NOTEBOOK_BYTES / 2**20:.0f} MB.")
            cells = read_cells(submission.data)
            grafted = graft(cells, plan.notebook, plan.assignment)
        except Malformed as reason:
            folder.remove(submission.student)
            folder.add_student(submission.student, taken_apart(submission.name)[1])
            write_ledger(folder, submission.student, {
                "name": submission.name, "path": submission.path, "status": "malformed", "reason": str(reason)})
            continue
        flags = [*submission.flags, *grafted.flags]
        flags += folder.submit(submission.student, as_notebook(cells), submission.timestamp)
        kept = {t: v for t, v in before.get("verdicts", {}).items() if tasks is not None and t not in tasks}
        ready[submission.student] = Ready(submission, grafted.notebook, flags, kept)
    return ready


def _run_and_enter(plan: Plan, ready: dict[str, Ready], folder: CourseFolder, jobs: int, progress: bool,
                   scheduler: str, own: NotebookNode, policy: list[Any]) -> list[str]:
    """Both phases; returns who had to be run.

    Marks are entered here, one student after the other, while workers run the other notebooks. None is entered before
    the course's own solution, which is run as a student's would be, has earned full marks.
    """
    store = store_of(folder.root, plan.assignment)
    notebooks = {student: one.grafted for student, one in ready.items()}
    ran = [student for student, nb in notebooks.items() if store.get(plan.key(nb)) is None]
    by_hand = folder.by_hand()
    early: dict[str, Result] | None = {}  # results that came before the solution's

    with tqdm(total=len(ready), desc="grading", unit="notebook", disable=not progress) as bar:
        def enter(student: str, result: Result) -> None:
            _enter(student, ready[student], result, folder, policy, by_hand.get(student, []))
            bar.update()

        def finished(student: str, result: Result) -> None:
            nonlocal early
            if student == OWN:
                _require_full_marks(plan, result)
                waiting, early = early or {}, None
                for one in waiting:
                    enter(one, waiting[one])
            elif early is not None:
                early[student] = result
            else:
                enter(student, result)

        run_all(plan, {OWN: own, **notebooks}, store, jobs, finished, scheduler)
    return ran


OWN = ""
"""Where a student's name would stand: the course's own solution. No student's name is empty."""


def _require_full_marks(plan: Plan, own: Result) -> None:
    """The course's own solution was run as a student's would be: unless it earns everything, no mark is to be trusted.

    Raises:
        GraderBroken: it does not.
    """
    lost = [v for v in own.verdicts.values() if v["points"] < v["max_points"]]
    if not lost and not own.trouble:
        return
    said = own.trouble or " ".join([*own.stopped.values(), *(line for v in lost for line in v["lines"][:2])])
    raise GraderBroken(
        f"Nothing was marked: the course's own solution of {plan.assignment}, run as a student's, did not earn full "
        f"marks here. {said} Are solutions/{plan.assignment}.py and its checks as they should be, and the limits wide "
        "enough? 'coursekit doctor' looks at this machine.")


def _enter(student: str, one: Ready, result: Result, folder: CourseFolder, policy: list[Any],
           by_hand: list[Any]) -> None:
    """Phase 2 for one student: ledger, gradebook and page, through nbgrader."""
    verdicts = {**result.verdicts, **one.kept}
    flags = [*one.flags, *result.flags]
    ledger = {"name": one.submission.name, "path": one.submission.path, "status": "graded", "key": result.key,
              "flags": flags, "seconds": result.seconds, "peak_bytes": result.peak_bytes, "verdicts": verdicts,
              "kept": one.kept, "reason": ""}
    if result.trouble:
        write_ledger(folder, student, {**ledger, "status": "error", "verdicts": {}, "reason": result.trouble})
        return
    write_ledger(folder, student, ledger)
    stamp = _hash([result.key, one.kept, one.submission.timestamp, policy])
    page = _hash([stamp, by_hand, PAGES])
    try:
        if not folder.is_current(student, stamp):
            folder.add_student(student, taken_apart(one.submission.name)[1])
            folder.autograde(student)
            if flags:
                folder.flag(student)
        elif folder.page_is_current(student, page):
            return
        folder.feedback(student)
        folder.set_current(student, stamp, page)
    except GradebookTrouble as trouble:
        write_ledger(folder, student, {**ledger, "status": "error", "verdicts": {}, "reason": str(trouble)})


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


PAGES = 4
"""Raised when pages made from the same result would look different."""


def _report(plan: Plan, folder: CourseFolder, ran: list[str], seconds: float, there: set[str] | None) -> GradeReport:
    """All students that the folder knows, with the marks as the gradebook has them.

    Who is not among those `there` now (where a whole class was handed over) was in an earlier run, and is flagged.
    """
    marks = folder.marks()
    rows = []
    for path in sorted((folder.private / "students").glob("*.json")):
        student, ledger = path.stem, read_ledger(folder.root, folder.assignment, path.stem)
        mark = marks.get(student)
        shared: dict[str, Any] = {"name": ledger.get("name", student), "flags": ledger.get("flags", []),
                                  "reason": ledger.get("reason", ""), "seconds": ledger.get("seconds", 0.0),
                                  "peak_bytes": ledger.get("peak_bytes", 0)}
        if there is not None and student not in there:
            shared["flags"] = [*shared["flags"], "not among the submissions of this run; the mark is an earlier run's"]
        if ledger.get("status") == "graded" and mark is None:
            ledger["status"], shared["reason"] = "error", "The gradebook has no mark of it. Grade this student again."
        if ledger.get("status") != "graded" or mark is None:
            rows.append(Row(student, status=ledger.get("status", "error"), max=plan.max_points, **shared))
            continue
        slips = {task: list(v["slips"]) for task, v in ledger["verdicts"].items() if v["slips"]}
        shared["flags"] = shared["flags"] + (["something is left to be marked by hand"] if mark.needs_manual else [])
        shared["flags"] += [f"handed in {_how_late(mark.seconds_late)} late"] if mark.seconds_late else []
        rows.append(Row(student, status="graded", points=mark.points, total=mark.total, max=mark.max,
                        late_penalty=mark.late_penalty, slips=slips, **shared))
    return GradeReport(plan.assignment, folder.root, {n: s.title for n, s in plan.sheets.items()},
                       {n: s.max_points for n, s in plan.sheets.items()}, rows, ran, seconds, plan.isolated,
                       plan.conditions)


def _notes(ready: dict[str, Ready], due: str) -> tuple[str, ...]:
    timeless = sum(not one.submission.timestamp for one in ready.values()) if due else 0
    if not timeless:
        return ()
    return (f"Of {timeless} of {len(ready)} submissions no time is known (nbgrader's timestamp.txt): they count as "
            "handed in on time.",)


def _how_late(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """One run at a time in a grading folder; the lock goes with the process."""
    import fcntl  # not on Windows, where nothing comes this far

    out.parent.mkdir(parents=True, exist_ok=True)
    out.mkdir(mode=0o700, exist_ok=True)  # marks are for whoever grades
    (out / PRIVATE).mkdir(exist_ok=True)
    with (out / PRIVATE / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ValueError(f"Another 'coursekit grade' is at work in {out}. Wait for it to end.") from None
        _clear_away(out / PRIVATE)
        yield


def _clear_away(folder: Path) -> None:
    """Remove files that a killed run had begun to write: their names end in its process number and ``.part``."""
    for part in folder.rglob("*.part"):
        writer = part.name.split(".")[-2]
        if writer.isdigit() and not psutil.pid_exists(int(writer)):
            part.unlink(missing_ok=True)
