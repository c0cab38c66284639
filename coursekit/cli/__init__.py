"""The command line: ``coursekit doctor``, ``check``, ``release``, ``bundle``, ``grade``, ``syllabus`` and friends.

Every command works from anywhere inside the course's folder. Heavy parts are imported when a command needs them, so
that ``coursekit --help`` answers at once.
"""
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from coursekit.course import CourseNotFound, assignments, course_root, released

app = typer.Typer(name="coursekit", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
                  help="The course on deep generative models: check, release, grade, measure.")

STUDENTS, INSTRUCTORS, AUTHORS = "Students", "Instructors", "Authors"


@app.command(rich_help_panel=STUDENTS)
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Machine-readable.")] = False) -> None:
    """Check this installation; say what is wrong and how to mend it."""
    from coursekit.cli.diagnosis import examine

    findings = examine()
    if as_json:
        typer.echo(json.dumps([f.to_dict() for f in findings], indent=1))
    else:
        for finding in findings:
            typer.echo(str(finding))
        problems = sum(f.level == "problem" for f in findings)
        typer.echo(f"\n{problems} problem{'s' * (problems != 1)} found." if problems else "\nAll is well.")
    raise typer.Exit(any(f.level == "problem" for f in findings))


@app.command(rich_help_panel=STUDENTS)
def check(
    name: Annotated[str, typer.Argument(help="The problem set: ps02.")],
    notebook: Annotated[Path | None, typer.Option(help="The notebook (default: yours in work/).")] = None,
    timeout: Annotated[int, typer.Option(help="Seconds that one cell may run.")] = 120,
) -> None:
    """Run your whole problem set from top to bottom and say where each task stands."""
    course = course_root()
    _known(name, released(course), "exercises")
    from coursekit.cli.student_check import check_notebook

    raise typer.Exit(not check_notebook(course, name, notebook, timeout))


@app.command(rich_help_panel=STUDENTS)
def workspace() -> None:
    """Make or renew work/, the copies that you write in. What you have changed is never overwritten."""
    from coursekit.authoring import open_workspace

    for sentence in open_workspace(course_root()):
        typer.echo(sentence)


@app.command(rich_help_panel=STUDENTS)
def syllabus(
    as_json: Annotated[bool, typer.Option("--json", help="All rows as JSON.")] = False,
    section: Annotated[int | None, typer.Option(help="One section only.")] = None,
) -> None:
    """Every system of the course: what was asked, what was measured, and its status."""
    from coursekit.evaluation.syllabus import summary
    from coursekit.evaluation.syllabus import syllabus as read

    rows = [row for row in read(course_root()) if section in (None, row["section"])]
    if not rows:
        raise ValueError(f"There is no section {section}; sections run from 1 to 17.")
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    current = None
    for row in rows:
        if row["section"] != current:
            current = row["section"]
            typer.echo(f"\n{current} · {row['title']}")
        typer.echo(f"  [{row['status']:^7}] {row['system']}")
        if row["measured"]:
            typer.echo(f"            {row['measured']}")
    typer.echo("\n" + summary(rows))


@app.command(rich_help_panel=INSTRUCTORS)
def release(names: Annotated[list[str] | None, typer.Argument(help="Problem sets (default: all).")] = None) -> None:
    """Make what students get of a problem set: solutions out, visible cases in."""
    course = course_root()
    for name in names or ():
        _known(name, assignments(course), "solutions")
    from coursekit.authoring import release as make

    for name in names or assignments(course):
        typer.echo(f"{name}: released in {make(course, name).relative_to(course)}")


@app.command(rich_help_panel=INSTRUCTORS)
def bundle(
    student: Annotated[bool, typer.Option("--student", help="The archive for students.")] = False,
    out: Annotated[Path | None, typer.Option(help="Where to (default: dist/course-student.zip).")] = None,
) -> None:
    """Make the archive that students get: no solutions, no checks, no hidden cases."""
    if not student:
        raise ValueError("Say which bundle: coursekit bundle --student")
    from coursekit.authoring import bundle_student

    archive = bundle_student(course_root(), out)
    typer.echo(f"{archive} ({archive.stat().st_size / 1e6:.1f} MB)")


@app.command(rich_help_panel=INSTRUCTORS)
def grade(
    name: Annotated[str, typer.Argument(help="The problem set: ps02.")],
    submissions: Annotated[Path, typer.Option("--from", help="A folder or a notebook a student, or a zip.")],
    out: Annotated[Path, typer.Option("--out", help="Gradebook, CSV, report and feedback land here.")],
    students: Annotated[list[str] | None, typer.Option("--student", help="Only these (repeat the option).")] = None,
    tasks: Annotated[list[str] | None, typer.Option("--task", help="Only these; other marks stay.")] = None,
    jobs: Annotated[int, typer.Option(help="Notebooks run at a time.")] = 2,
    due: Annotated[str, typer.Option(help="Due time with its offset: 2026-11-30T23:59+01:00.")] = "",
    late: Annotated[float | None, typer.Option(help="Share of the points lost for each day begun after it.")] = None,
    isolation: Annotated[bool, typer.Option(help="Run students' code in a sandbox (bubblewrap).")] = True,
    scheduler: Annotated[str, typer.Option(help="A Dask scheduler whose workers run them: tcp://HOST:8786.")] = "",
) -> None:
    """Grade submissions: run each on hidden cases in a sandbox, judge the arrays outside, hand back feedback."""
    course = course_root()
    _known(name, assignments(course), "solutions")
    from coursekit.grading.unchanged import last_report, options_of

    options = options_of(students=students, tasks=tasks, isolation=isolation, limits=None, due=due, late=late)
    places = submissions.resolve(), out.resolve(), course.resolve()
    if isolation and (same := last_report(name, *places, options)):  # before anything heavy is imported
        typer.echo(str(same))
        return
    from coursekit.grading import grade as run

    report = run(name, submissions, out, course=course, students=students, tasks=tasks, jobs=jobs, isolation=isolation,
                 due=due, late=late, scheduler=scheduler)
    typer.echo(str(report))
    if any(row.status == "error" for row in report.rows):  # the grader's own failure, on somebody
        raise typer.Exit(1)


@app.command(rich_help_panel=AUTHORS)
def notebooks() -> None:
    """Regenerate every notebook from its text."""
    from coursekit.authoring import make_notebooks

    course = course_root()
    for path in make_notebooks(course):
        typer.echo(path.relative_to(course).as_posix())


@app.command(rich_help_panel=AUTHORS)
def times(
    stems: Annotated[list[str] | None, typer.Argument(help="Lectures: 02-densities (default: all).")] = None,
) -> None:
    """Measure how long lectures take to run, for the figures in their text. Keep the machine quiet meanwhile."""
    from coursekit.authoring.times import measure_all

    for stem, figures in measure_all(course_root(), stems or []).items():
        typer.echo(f"{stem}: {figures['read']:.0f} minutes to read, {figures['run']:.0f} seconds to run")


@app.command(rich_help_panel=AUTHORS)
def figures(
    rows: Annotated[list[str] | None, typer.Argument(help="Rows by id (default: all that have a script).")] = None,
    force: Annotated[bool, typer.Option(help="Run also what is not stale.")] = False,
) -> None:
    """Run the experiments whose code has changed since their committed result."""
    from coursekit.evaluation.experiment import run_rows

    for row in run_rows(course_root(), rows or (), force=force):
        typer.echo(f"[{row['status']:^7}] {row['row']}: {row['measured']}")


@app.command(rich_help_panel=AUTHORS)
def bench(names: Annotated[list[str] | None, typer.Argument(help="Benchmarks (default: all).")] = None) -> None:
    """Time the library beside its peers, in one run on this machine. Keep the machine quiet meanwhile."""
    from coursekit.cli.benchmarks import run_benchmarks

    raise typer.Exit(not run_benchmarks(course_root(), names or []))


def _known(name: str, names: list[str], folder: str) -> None:
    if name not in names:
        raise ValueError(f"There is no problem set {name!r} in {folder}/ (there are: {', '.join(names) or 'none'}).")


def main() -> None:
    """Run the command line; an error that a user can mend ends as a sentence, not as a traceback."""
    try:
        app()
    except (CourseNotFound, FileNotFoundError, ValueError, RuntimeError, PermissionError) as error:
        if "--debug" in sys.argv:
            raise
        typer.echo(f"coursekit: {error}", err=True)
        sys.exit(2)
