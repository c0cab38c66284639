"""Grading again with nothing changed gives the last report at once; any change is seen."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from grading_course import NAME, RIGHT, Answers, make_course

from coursekit.grading import GradeReport, grade

pytestmark = pytest.mark.sandbox


COMMAND = """
import sys
if __name__ == "__main__":
    from coursekit.cli import app
    app({arguments!r}, standalone_mode=False)
    print("IMPORTED", sorted({{"torch", "nbgrader", "nbformat", "numpy"}} & set(sys.modules)))
"""


@pytest.fixture
def course(small: Path, tmp_path: Path) -> Path:
    return make_course(tmp_path / "course")


def test_every_change_is_seen_and_nothing_else(bwrap: str, course: Path, tmp_path: Path,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    from nbgrader.api import Gradebook

    from coursekit.grading import pipeline

    source, out = tmp_path / "in", tmp_path / "out"
    Answers(course, RIGHT).write(source / "ada.ipynb")
    (source / "bob.ipynb").write_bytes(b"")
    looked = []
    plan_of = pipeline.plan_of
    monkeypatch.setattr(pipeline, "plan_of", lambda *a: looked.append(a) or plan_of(*a))

    def run(**options) -> GradeReport:
        looked.clear()
        return grade(NAME, source, out, course=course, progress=False, **options)

    first = run()
    assert looked
    again = run()
    assert not looked and again.rows == first.rows and again.graded_now == [] and str(again).startswith(
        str(first).split("2 submissions")[0])
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:  # a mark by hand
        mark = book.find_grade("t1-check", NAME, NAME, "ada")
        mark.manual_score, mark.needs_manual_grade = 0.5, False
        book.db.commit()
    assert run()["ada"].total == 4.5 and looked
    for change in (
        lambda: (out / "feedback" / "ada" / NAME / f"{NAME}.html").unlink(),
        lambda: (source / "bob.ipynb").write_bytes(b"x"),
        lambda: out.joinpath(f"grades-{NAME}.csv").unlink(),
        lambda: _append(course / "solutions" / f"{NAME}_checks.py", "\n# changed\n"),
    ):
        change()
        run()
        assert looked
        run()
        assert not looked
    run(late=0.5)
    assert looked, "other options"
    assert (out / "feedback" / "ada" / NAME / f"{NAME}.html").is_file()


def test_the_command_says_so_before_anything_heavy_is_imported(bwrap: str, course: Path, tmp_path: Path) -> None:
    Answers(course, RIGHT).write(tmp_path / "in" / "ada.ipynb")
    (course / "requirements.lock").write_text("")
    script = tmp_path / "command.py"
    script.write_text(COMMAND.format(arguments=["grade", NAME, "--from", str(tmp_path / "in"), "--out",
                                                str(tmp_path / "out")]))
    said = []
    for _ in range(2):
        ran = subprocess.run([sys.executable, str(script)], cwd=course, capture_output=True, text=True, timeout=120,
                             check=False)
        assert ran.returncode == 0, ran.stderr[-2000:]
        said.append(ran.stdout)
    assert "1 run now" in said[0] and "IMPORTED ['nbformat', 'nbgrader', 'numpy', 'torch']" in said[0]
    assert "0 run now" in said[1] and "IMPORTED []" in said[1]
    table = said[0].split("1 submissions")[0]
    assert said[1].startswith(table)


def _append(path: Path, text: str) -> None:
    path.write_text(path.read_text("utf-8") + text, "utf-8")
