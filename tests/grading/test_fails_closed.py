"""Nobody's code runs unprotected: not by a mistyped configuration, not by nbgrader's own commands, not by accident."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from grading_course import NAME, RIGHT, Answers

from coursekit.grading import grade
from coursekit.grading.course_folder import CourseFolder, GradebookTrouble

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def folder(bwrap: str, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A grading folder in which eve, who writes a file where she should not, has been graded."""
    place = tmp_path_factory.mktemp("closed")
    eve = Answers(small, RIGHT).first(f"open({str(place / 'caught')!r}, 'w').write('x')\nprint('EVE RAN')")
    eve.write(place / "submissions" / "eve.ipynb")
    assert grade(NAME, place / "submissions", place / "out", course=small, progress=False)["eve"].total == 6.0
    assert not (place / "caught").exists()
    return place


def nbgrader(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("nbgrader")), *args]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False,
                          env={**os.environ, "JUPYTER_CONFIG_DIR": str(folder / "none")})


def copy(folder: Path, target: Path) -> Path:
    shutil.copytree(folder / "out", target)
    shutil.rmtree(target / ".coursekit" / NAME / "results")  # whoever grades now has to run it
    return target


@pytest.mark.parametrize("config", [
    "", "c.Autogrde.sanitize_preprocessors = []",
    "c.Autograde.sanitize_preprocessors = []",
    "c.Autograde.sanitize_preprocessors = ['nbgrader.preprocessors.OverwriteKernelspec']",
    "c.Autograde.sanitize_preprocessors = ['coursekit.grading.preprocessors.Graft']",
])
def test_nbgrader_without_our_steps_runs_nothing(folder: Path, tmp_path: Path, config: str) -> None:
    """However much of our configuration is lost: no notebook of a grading folder names a kernel that exists."""
    out = copy(folder, tmp_path / "out")
    (out / "nbgrader_config.py").write_text(f"c = get_config()\n{config}\n")
    ran = nbgrader(out, "autograde", NAME, "--force")
    assert ran.returncode != 0 and ("coursekit-sandbox" in ran.stderr or "Inconsistent checksums" in ran.stderr)
    assert not (folder / "caught").exists()


def test_nbgrader_with_our_steps_grades_in_the_sandbox(folder: Path, tmp_path: Path) -> None:
    out = copy(folder, tmp_path / "out")
    ran = nbgrader(out, "autograde", NAME, "--force")
    assert ran.returncode == 0, ran.stderr[-1500:]
    assert not (folder / "caught").exists()
    made = nbformat.read(out / "autograded" / "eve" / NAME / f"{NAME}.ipynb", as_version=4)
    assert any("PermissionError" in str(c.get("outputs")) or "FileNotFoundError" in str(c.get("outputs"))
               or "Read-only" in str(c.get("outputs")) for c in made.cells), "it was run, and met the wall"


def test_our_steps_in_another_folder_refuse_with_a_sentence(folder: Path, tmp_path: Path) -> None:
    out = copy(folder, tmp_path / "out")
    shutil.rmtree(out / ".coursekit")
    ran = nbgrader(out, "autograde", NAME, "--force")
    assert ran.returncode != 0 and "no grading folder" in ran.stderr
    assert not (folder / "caught").exists()


@pytest.mark.parametrize("lines", [
    "c.Autograde.autograde_preprocessors = ['nbgrader.preprocessors.Execute', 'nbgrader.preprocessors.SaveAutoGrades']",
    "c.Autograde.sanitize_preprocessors = []",
    "c.Autograde.autograde_preprocessors.append('nbconvert.preprocessors.ExecutePreprocessor')",
])
def test_coursekit_grade_refuses_a_configuration_that_would_run_code_itself(folder: Path, tmp_path: Path,
                                                                            lines: str) -> None:
    out = copy(folder, tmp_path / "out")
    with (out / "nbgrader_config.py").open("a") as file:
        file.write(lines + "\n")
    with pytest.raises(GradebookTrouble, match="Nothing was run"):
        CourseFolder(out, NAME).autograde("eve")
    assert not (folder / "caught").exists()


def test_the_course_s_own_configuration_refuses_too(course: Path, folder: Path, tmp_path: Path) -> None:
    """Whoever calls nbgrader in the course's folder, with submissions put into submitted/ by hand."""
    shutil.copytree(folder / "out" / "submitted", tmp_path / "submitted")
    shutil.copytree(folder / "out" / "source", tmp_path / "solutions")
    shutil.copy(folder / "out" / "gradebook.db", tmp_path)
    shutil.copy(course / "nbgrader_config.py", tmp_path)
    ran = nbgrader(tmp_path, "autograde", NAME, "--force")
    assert ran.returncode != 0 and "no grading folder" in ran.stderr, ran.stderr[-1500:]
    assert not (folder / "caught").exists()
