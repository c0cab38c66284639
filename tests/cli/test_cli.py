"""The command line as a user types it."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

COURSE = Path(__file__).resolve().parents[2]


def coursekit(*words: str, cwd: Path = COURSE, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "coursekit.cli", *words], cwd=cwd, capture_output=True, text=True,
                          timeout=300, env={**os.environ, "COLUMNS": "120", "NO_COLOR": "1", **environment})


def test_help_names_every_command():
    done = coursekit("--help")
    assert done.returncode == 0
    for command in ("doctor", "release", "bundle", "check", "grade", "syllabus", "figures", "notebooks", "bench"):
        assert command in done.stdout


def test_doctor_is_content_here():
    done = coursekit("doctor", "--json")
    findings = json.loads(done.stdout)
    assert [f for f in findings if f["level"] == "problem"] == [] and done.returncode == 0
    assert any("Notebooks run with this Python" in f["what"] for f in findings)


def test_doctor_finds_what_is_wrong_and_says_how_to_mend_it(monkeypatch):
    from coursekit.cli import diagnosis as doctor

    monkeypatch.setattr(doctor, "_imports", lambda name: name != "nbgrader")
    found = [f for f in doctor.examine() if f.level == "problem"]
    assert len(found) == 1 and "nbgrader" in found[0].what and "make setup" in found[0].mend

    monkeypatch.undo()
    monkeypatch.setattr(doctor, "COURSE", ())
    monkeypatch.setattr("coursekit.cli.diagnosis.sys.prefix", "/nowhere")
    words = " ".join(f.what for f in doctor.examine() if f.level == "problem")
    assert "anywidget" in words

    def broken():
        raise OSError("the disk is gone")
        yield

    monkeypatch.setattr(doctor, "space", broken)
    assert any("the disk is gone" in f.what for f in doctor.examine())


def test_doctor_notices_other_versions(monkeypatch):
    from coursekit.cli import diagnosis as doctor

    real = doctor.importlib.metadata.version
    monkeypatch.setattr(doctor.importlib.metadata, "version", lambda n: "0.0.1" if n == "scipy" else real(n))
    found = list(doctor.versions())
    assert found[0].level == "note" and "scipy 0.0.1 (expected" in found[0].what


def test_syllabus_as_json_has_the_promised_keys():
    rows = json.loads(coursekit("syllabus", "--json").stdout)
    assert len(rows) == 122 + 2  # the syllabus's; and two of section 11 that go on where theirs left off
    for row in rows:
        assert {"section", "system", "source", "lecture", "asked", "measured", "status"} <= set(row)
        assert row["status"] in {"ok", "finding", "fails", "stale", "todo"}
    assert "2 · Densities" in coursekit("syllabus", "--section", "2").stdout


@pytest.mark.parametrize(("words", "said"), [
    (("syllabus", "--section", "99"), "no section 99"),
    (("release", "ps77"), "no problem set 'ps77'"),
    (("check", "ps77"), "no problem set 'ps77'"),
    (("bundle",), "--student"),
    (("figures", "s99_none"), "No such experiment: s99_none"),
    (("bench", "none"), "No such benchmark: none"),
    (("grade", "ps77", "--from", ".", "--out", "x"), "no problem set 'ps77'"),
])
def test_mistakes_end_as_sentences(words, said):
    done = coursekit(*words)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def test_outside_of_a_course_its_own_checkout_is_used(tmp_path):
    assert "124 rows" in coursekit("syllabus", cwd=tmp_path).stdout


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Path:
    """A student's desk: the released problem set in a folder, and the solutions to copy from."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(COURSE / "exercises" / "ps02", folder / "ps02")
    return folder


def solutions(name: str) -> dict[str, str]:
    from coursekit.authoring import read_text

    return {c.metadata["answer"]: c.source for c in read_text(COURSE / "solutions" / f"{name}.py").cells
            if "answer" in c.metadata}


def test_check_of_a_blank_a_half_and_a_whole_problem_set(desk):
    path = desk / "ps02" / "ps02.ipynb"
    blank = coursekit("check", "ps02", "--notebook", str(path))
    assert blank.returncode == 1 and "not answered yet" in blank.stdout and " 0 of" in blank.stdout

    answers, book = solutions("ps02"), nbformat.read(path, as_version=4)
    first = next(iter(answers))
    for cell in book.cells:
        if cell["id"] == first:
            cell.source = answers[first]
    nbformat.write(book, path)
    half = coursekit("check", "ps02", "--notebook", str(path))
    assert half.returncode == 1 and half.stdout.count(" + ") == 1

    for cell in book.cells:
        cell.source = answers.get(cell["id"], cell.source)
    nbformat.write(book, path)
    whole = coursekit("check", "ps02", "--notebook", str(path))
    assert whole.returncode == 0 and " - " not in whole.stdout, whole.stdout


def test_check_of_something_else_than_a_notebook(tmp_path):
    (tmp_path / "x.ipynb").write_text("no json")
    done = coursekit("check", "ps02", "--notebook", str(tmp_path / "x.ipynb"))
    assert done.returncode == 2 and "cannot be read as a notebook" in done.stderr
    done = coursekit("check", "ps02", "--notebook", str(tmp_path / "none.ipynb"))
    assert done.returncode == 2 and "There is no notebook" in done.stderr


def test_bench_reports_goals(tmp_path, monkeypatch, capsys):
    from coursekit.cli.benchmarks import run_benchmarks

    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "good.py").write_text("print('{\"name\": \"good\", \"ratio\": 0.5}')")
    (tmp_path / "benchmarks" / "slow.py").write_text("print('{\"name\": \"slow\", \"ratio\": 2}'); raise SystemExit(1)")
    assert run_benchmarks(tmp_path, ["good"]) and not run_benchmarks(tmp_path, [])
    assert "GOAL MISSED" in capsys.readouterr().out
    assert json.loads((tmp_path / "benchmarks" / "results.json").read_text())["good"][0]["ratio"] == 0.5


@pytest.mark.parametrize(("names", "said", "counted"), [
    (["RuntimeError", "NameError", "NameError"], ["RuntimeError"], "2 cells after that missed a name"),
    (["NameError"], ["NameError"], ""),  # a name of the student's own: to be told
    (["NameError", "ValueError", "NameError"], ["NameError", "ValueError"], "1 cell after that missed a name"),
    ([], [], ""),
])
def test_one_broken_cell_is_told_and_what_follows_from_it_is_counted(names, said, counted):
    from coursekit.cli.student_check import _sentences

    errors = [(nbformat.v4.new_code_cell(execution_count=k), nbformat.v4.new_output("error", ename=name, evalue="x"))
              for k, name in enumerate(names)]
    lines = _sentences(errors)
    assert [line.split()[4].rstrip(":") for line in lines if "ended with" in line] == said
    assert len(lines) == len(said) + bool(counted) and (not counted or lines[-1].startswith(counted))
