"""Marks, slips, flags and pages of a whole batch, graded once in the sandbox."""
from __future__ import annotations

import contextlib
import csv
import json
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from grading_batch import LIMITS, Graded
from grading_course import NAME, POINTS, RIGHT, SECRET, SLIPPED, Answers

from coursekit.checks.sheet import make_sheet
from coursekit.checks.task import load_assignment
from coursekit.grading import grade

pytestmark = pytest.mark.sandbox
FULL = sum(POINTS.values())


def test_right_answers_get_full_marks_however_they_are_written(graded: Graded) -> None:
    for student in ("right", "warns", "deleted"):
        row = graded.report[student]
        assert (row.status, row.total, row.points) == ("graded", FULL, POINTS), row
    assert graded.report["right"].flags == []


def test_blank_gets_nothing_and_is_told_so(graded: Graded) -> None:
    row = graded.report["blank"]
    assert (row.status, row.total, row.flags, row.slips) == ("graded", 0.0, [], {})
    assert graded.feedback("blank").count("Not answered yet") >= 3


def test_half_right_gets_the_parts_that_are(graded: Graded) -> None:
    row = graded.report["half"]
    assert row.points == {"t1": 2.0, "t2": 1.0, "t3": 0.0}
    assert "answer cell t3 is missing" in row.flags


@pytest.mark.parametrize("number", range(len(SLIPPED)))
def test_each_slip_is_named_with_its_hint(graded: Graded, number: int) -> None:
    row, made = graded.report[f"slip{number}"], SLIPPED[number]
    assert row.slips == {task: [slip] for task, slip in made}
    for task, slip in made:
        assert row.points[task] < POINTS[task]
        hint = next(s.hint for s in _tasks(graded)[task].slips if s.name == slip)
        assert hint.split("?")[0] in graded.feedback(f"slip{number}")
        assert slip.replace("-", " ") in graded.feedback(f"slip{number}")
        assert (task, slip, 1) in graded.report.slip_counts()
        assert slip in graded.report.html_path.read_text("utf-8")
    assert all(row.points[task] == POINTS[task] for task in set(POINTS) - {task for task, _ in made})


def test_malformed_submissions_are_reported_and_have_no_mark(graded: Graded) -> None:
    reasons = {"cut": "not valid JSON", "empty": "empty", "latin": "UTF-8", "pdf": "not a notebook",
               "nothing": "is empty", "both": "2 notebooks to choose from", "other": "belongs to ps91",
               "link": "a symbolic link", "pipe": "a pipe"}
    for student, words in reasons.items():
        row = graded.report[student]
        assert (row.status, row.total, row.points) == ("malformed", None, {}), row
        assert words in row.reason
        assert row.reason.replace("'", "&#x27;") in graded.report.html_path.read_text("utf-8")
    others = [row.student for row in graded.report.rows if row.status != "graded"]
    assert sorted(others) == sorted(reasons)


def test_a_doubled_answer_cell_counts_as_it_ran(graded: Graded) -> None:
    row = graded.report["twice"]
    assert row.total == FULL and "cell t1 is there 2 times" in row.flags


def test_games_with_check_cells_earn_nothing(graded: Graded) -> None:
    row = graded.report["games"]
    assert row.total == 0 and row.max == FULL
    assert any("t1-check was edited" in flag for flag in row.flags)
    assert graded.report["wins"].total == 0
    assert "check cell t1-check is missing" in graded.report["deleted"].flags[0]


def test_forbidden_names_are_flagged_and_cost_nothing(graded: Graded) -> None:
    row = graded.report["warns"]
    assert row.total == FULL and "t3 uses logsumexp, which the task forbids" in row.flags


def test_a_loop_that_swallows_interrupts_ends_and_later_tasks_count(graded: Graded) -> None:
    row = graded.report["endless"]
    assert row.points == {**POINTS, "t1": 0.0}
    assert row.seconds < 2 * LIMITS.cell_seconds + 40
    assert any("ran longer than 8 s" in flag for flag in row.flags)
    assert "ran longer than 8 s" in graded.feedback("endless")


def test_a_kernel_that_ends_itself_costs_that_task_alone(graded: Graded) -> None:
    row = graded.report["exits"]
    assert row.points == {**POINTS, "t2": 0.0}
    assert any("the kernel died" in flag for flag in row.flags)


def test_memory_and_output_are_limited_and_later_tasks_count(graded: Graded) -> None:
    row = graded.report["hogs"]
    assert row.points == {**POINTS, "t2": 0.0}
    assert any("more than 1.0 GiB of memory" in flag for flag in row.flags), row.flags
    assert row.peak_bytes > 2**30 > graded.report["right"].peak_bytes > 50 * 2**20
    assert len(graded.autograded("hogs")) < 200_000


def test_nothing_private_is_seen_from_inside(graded: Graded) -> None:
    assert graded.report["spies"].total == FULL  # looking around is not marked
    seen = json.loads(graded.autograded("spies").split("SEEN ")[1].split("\\n")[0].replace('\\"', '"'))
    assert seen["network"] != True and graded.connections == 0  # noqa: E712
    assert "read" not in seen and "wrote" not in seen
    assert len(seen["processes"]) <= 4 and seen["uid"] != 0
    for private in ("solutions", "submissions", "gradebook", "exercises", ".secret"):
        assert not [f for f in seen["found"] if private in f and "Error" not in f], seen["found"]
    assert "/grading/inputs.npz" in seen["found"]


def test_forged_arrays_are_not_unpickled_and_links_not_followed(graded: Graded) -> None:
    row = graded.report["forged"]
    assert row.points == {"t1": 2.0, "t2": 0.0, "t3": 0.0}
    assert not Path("/tmp/forged-by-a-student").exists()
    assert "could not be read" in graded.feedback("forged")
    written = [flag for flag in row.flags if "are not what its check writes" in flag]
    assert [flag.split()[3] for flag in written] == ["t2", "t3"], row.flags


def test_pages_run_nothing_of_a_student(graded: Graded) -> None:
    student = next(row.student for row in graded.report.rows if row.name == "=cmd()")
    nb = nbformat.reads(graded.autograded(student), as_version=4)
    cells = [c for c in nb.cells if c.cell_type == "code" and not c.metadata.get("nbgrader", {}).get("grade")]
    mimes = {mime for cell in cells for output in cell.outputs for mime in output.get("data", {})}
    assert mimes <= {"text/plain", "image/png", "image/jpeg"}
    report = graded.report.html_path.read_text("utf-8")
    opened = ("<script>alert", "<img src=x", "<b onclick", 'href="javascript:', 'src="http://127.0.0.1', "\\href")
    for page in (graded.feedback(student), _formgrader_page(graded, student), report):
        for tag in opened:
            assert tag not in page, tag
    assert graded.report[student].total == FULL


def test_feedback_holds_neither_hidden_inputs_nor_expected_values(graded: Graded) -> None:
    numbers = set()
    for task in _tasks(graded).values():
        sheet = make_sheet(task, SECRET)
        arrays = [a for case in sheet.cases for a in case.inputs.values() if hasattr(a, "ravel")]
        arrays += [a for out in sheet.expected for a in out.values()]
        numbers |= {f"{abs(float(v)):.5f}"[:6] for a in arrays for v in a.ravel()}
    numbers -= {"0.0000", "1.0000"}
    pages = [path.read_text("utf-8") for path in graded.out.glob("feedback/*/*/*.html")]
    assert len(pages) == sum(row.status == "graded" for row in graded.report.rows)
    kernel = "\n".join(graded.autograded("leaks").split("LEAK-PRINTED"))
    assert any(number in kernel for number in numbers), "the instructor's copy holds them, so the search below can fail"
    for page in pages:
        body = page.split("<body>", 1)[1]
        assert not [n for n in numbers if n in body]
        assert "LEAK-LATER [" not in body
    assert "raised an" in graded.feedback("leaks") or "is not shown" in graded.feedback("leaks")


def test_the_table_is_safe_and_complete(graded: Graded) -> None:
    with graded.report.csv_path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["student"] for row in rows] == [row.student for row in graded.report.rows]
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+@-|" and cell]
    right = next(row for row in rows if row["student"] == "right")
    assert [right["t1"], right["t2"], right["t3"], right["total"], right["max"]] == ["2", "3", "1", "6", "6"]
    cut = next(row for row in rows if row["student"] == "cut")
    assert cut["total"] == "" and cut["status"] == "malformed" and "JSON" in cut["flags"]


def test_again_gives_the_same_and_runs_nothing(graded: Graded) -> None:
    again = grade(NAME, graded.submissions, graded.out, course=graded.course, limits=LIMITS, progress=False)
    assert again.graded_now == [] and again.rows == graded.report.rows
    assert again.csv_path.read_text("utf-8").count("\n") == len(graded.report.rows) + 1
    assert again.seconds < 10


def test_afresh_gives_the_same_marks_though_a_worker_is_killed(graded: Graded, tmp_path: Path) -> None:
    some = ["half", "slip1", "cut"]
    killed: list[int] = []
    killer = threading.Thread(target=_kill_a_worker, args=(killed,), daemon=True)
    killer.start()
    again = grade(NAME, graded.submissions, tmp_path / "out", course=graded.course, limits=LIMITS, progress=False,
                  students=some)
    killer.join(timeout=5)
    assert killed and len(again.graded_now) == 2
    for student in some:
        first, second = graded.report[student], again[student]
        assert (first.points, first.total, first.flags, first.slips, first.reason) == (
            second.points, second.total, second.flags, second.slips, second.reason)


def _kill_a_worker(killed: list[int]) -> None:
    """Kill the process that runs the first kernel to be seen below this one."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not killed:
        time.sleep(0.05)
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                inside = {"-f", "coursekit.grading.nursery"} & set(process.cmdline())
                if process.name() == "bwrap" and process.parent().name() != "bwrap" and inside:
                    worker = process.parent()
                    worker.kill()
                    killed.append(worker.pid)
                    return


def test_a_mark_changed_by_hand_stays_and_one_task_is_graded_again(graded: Graded, tmp_path: Path) -> None:
    from nbgrader.api import Gradebook

    submissions, out = tmp_path / "submissions", tmp_path / "out"
    Answers(graded.course, RIGHT).write(submissions / "eve.ipynb")
    grade(NAME, submissions, out, course=graded.course, limits=LIMITS, progress=False)
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        grade_of_t1 = book.find_grade("t1-check", NAME, NAME, "eve")
        grade_of_t1.manual_score, grade_of_t1.needs_manual_grade = 1.5, False
        book.db.commit()
    wrong = {task: "def nothing(x):\n    return x" for task in RIGHT}
    Answers(graded.course, wrong).write(submissions / "eve.ipynb")
    row = grade(NAME, submissions, out, course=graded.course, limits=LIMITS, progress=False, tasks=["t2"])["eve"]
    assert row.points == {"t1": 1.5, "t2": 0.0, "t3": 1.0}, "only t2 was marked again; t1 is the instructor's"
    assert "something is left to be marked by hand" in row.flags


def _tasks(graded: Graded) -> dict:
    return dict(load_assignment(graded.course / "solutions" / f"{NAME}_checks.py").tasks)


def _formgrader_page(graded: Graded, student: str) -> str:
    """The page that formgrader shows, made by the exporter and template that it uses."""
    from nbconvert.exporters import HTMLExporter
    from nbgrader.server_extensions.formgrader import handlers
    from traitlets.config import Config

    config = Config({"HTMLExporter": {"template_name": "formgrade",
                                      "extra_template_basedirs": [handlers.template_path]}})
    path = graded.out / "autograded" / student / NAME / f"{NAME}.ipynb"
    resources = {"notebook_id": NAME, "submission_id": "1", "assignment_id": NAME, "base_url": "", "student": student,
                 "index": 0, "total": 1, "last_name": "", "first_name": "", "mathjax_url": ""}
    return HTMLExporter(config=config).from_filename(str(path), resources=resources)[0]
