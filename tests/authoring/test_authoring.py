"""Text -> notebook -> release -> bundle -> workspace, on a small course of its own."""
from __future__ import annotations

import json
import zipfile
from pathlib import Path

import nbformat
import pytest

from coursekit.authoring import (
    AuthoringError,
    build_assignment,
    bundle_student,
    make_notebooks,
    open_workspace,
    release,
)
from coursekit.authoring.release import leaks
from coursekit.authoring.text import read_text
from coursekit.checks.sheet import load_sheets

TEXT = '''# %% [markdown]
# # A small problem set

# %%
from coursekit.checks import open_checks

check = open_checks("ps90")

# %% answer="t1"
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return x + x + 0.0 * len("a secret line of the solution")
    ### END SOLUTION

# %% check="t1"
check("t1", double)
'''

CHECKS = '''import numpy as np
from coursekit.checks import Case, Slip, Task, call


def reference(x):
    return 2 * np.asarray(x)


def slipped(x):
    return np.asarray(x) + 1  # the code of a slip


def drive(answer, inputs):
    out = call(answer, inputs)["result"]
    return {"result": out, "sum": out.sum()}


TASKS = [Task("t1", "double", reference, lambda rng: [Case({"x": rng.normal(size=4)})], {"values": 2},
              (Slip("plus-one", "Twice is not one more: try x = 0.", slipped),), driver=drive)]
'''

LECTURE = "# %% [markdown]\n# # One\n\n# %%\n1 + 1\n"


@pytest.fixture
def small(tmp_path) -> Path:
    for folder in ("lectures", "solutions", "experiments", "coursekit"):
        (tmp_path / folder).mkdir()
    (tmp_path / "requirements.lock").write_text("torch==2.13.0\n")
    (tmp_path / "README.md").write_text("small")
    (tmp_path / "lectures" / "01-one.py").write_text(LECTURE)
    (tmp_path / "solutions" / "ps90.py").write_text(TEXT)
    (tmp_path / "solutions" / "ps90_checks.py").write_text(CHECKS)
    (tmp_path / "solutions" / "ps90_bank.py").write_text("RIGHTS = {}")
    (tmp_path / "solutions" / ".secret").write_text("the secret")
    (tmp_path / "coursekit" / "__init__.py").write_text("")
    return tmp_path


def snapshot(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_two_runs_give_the_same_bytes(small):
    make_notebooks(small)
    first = snapshot(small)
    make_notebooks(small)
    assert snapshot(small) == first


def test_ids_come_from_tasks_and_files(small):
    make_notebooks(small)
    book = nbformat.read(small / "exercises/ps90/ps90.ipynb", as_version=4)
    assert [c["id"] for c in book.cells] == ["ps90-001", "ps90-002", "t1", "t1-check"]
    lecture = nbformat.read(small / "lectures/01-one.ipynb", as_version=4)
    assert [c["id"] for c in lecture.cells] == ["01-one-001", "01-one-002"]
    assert "jupytext" not in json.dumps(lecture)


def test_cells_have_nbgraders_metadata(small):
    book = nbformat.read(release(small, "ps90") / "ps90.ipynb", as_version=4)
    cells = {c["id"]: c.metadata["nbgrader"] for c in book.cells}
    assert cells["t1"]["solution"] and not cells["t1"]["grade"] and not cells["t1"]["locked"]
    assert cells["t1-check"]["grade"] and cells["t1-check"]["locked"] and cells["t1-check"]["points"] == 2
    assert cells["ps90-001"]["locked"] and all("checksum" in c for c in cells.values())


def test_cells_to_play_with_stay_the_students(small):
    (small / "solutions" / "ps90.py").write_text(TEXT + "\n# %% play=true\ndouble(3)\n")
    book = nbformat.read(release(small, "ps90") / "ps90.ipynb", as_version=4)
    assert dict(book.cells[-1].metadata) == {} and book.cells[-1].source == "double(3)"


def test_the_release_has_the_allow_list_and_no_solution(small):
    folder = release(small, "ps90")
    assert set(snapshot(folder)) == {"ps90.ipynb", "checks/cases.npz", "checks/cases.json", "checks/drivers.py"}
    everything = b"".join(snapshot(folder).values()).decode("latin1")
    assert "secret line" not in everything and "code of a slip" not in everything and "SOLUTION" not in everything
    assert "Twice is not one more" in everything
    assert not list(leaks(small, "ps90"))


@pytest.mark.parametrize("leak", ["notes.txt", "checks/hidden.npz"])
def test_a_foreign_file_in_a_release_is_a_leak_and_the_next_release_removes_it(small, leak):
    folder = release(small, "ps90")
    (folder / leak).write_text("x")
    assert any(leak in sentence for sentence in leaks(small, "ps90"))
    with pytest.raises(AuthoringError, match="allow-list"):
        bundle_student(small)
    release(small, "ps90")
    assert not list(leaks(small, "ps90"))


def test_a_solution_line_in_a_release_is_a_leak(small):
    path = release(small, "ps90") / "ps90.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells[0].source = 'return x + x + 0.0 * len("a secret line of the solution")'
    nbformat.write(book, path)
    assert any("solution of t1" in s for s in leaks(small, "ps90"))


def test_visible_checks_work_from_the_released_folder(small):
    name, sheets = load_sheets(release(small, "ps90") / "checks" / "cases")
    assert name == "ps90" and sheets["t1"].hints == {"plus-one": "Twice is not one more: try x = 0."}
    assert set(sheets["t1"].expected[0]) == {"result", "sum"}


@pytest.mark.parametrize(("old", "new", "words"), [
    ('answer="t1"', 'answer="t7"', "t7"),
    ("    ### END SOLUTION\n", "", "BEGIN SOLUTION and one"),
    ('check("t1", double)\n', 'check("t1", double)\nprint(1)\n', "must be the one line"),
    ('check("t1", double)', 'check("t2", double)', "must be the one line"),
    ("# # A small", "# ### BEGIN SOLUTION A small", "outside of an answer"),
    ('# %% answer="t1"', "# %%", "outside of an answer"),
    ('# %% check="t1"\ncheck("t1", double)\n', "", "check cells are there for"),
])
def test_broken_texts_are_explained(small, old, new, words):
    assert old in TEXT
    (small / "solutions" / "ps90.py").write_text(TEXT.replace(old, new))
    with pytest.raises(AuthoringError, match=words):
        build_assignment(small, "ps90")


@pytest.mark.parametrize(("old", "new", "words"), [
    ("TASKS = [", "NOTHING = [", "TASKS"),
    ("def drive(answer, inputs):\n", "OUTSIDE = 1\n\n\ndef drive(answer, inputs):\n    OUTSIDE\n", "OUTSIDE"),
    ("    out = call(answer, inputs)[\"result\"]\n", "    out = np.random.rand(3)\n", "deterministic"),
])
def test_broken_checks_are_explained(small, old, new, words):
    assert old in CHECKS
    (small / "solutions" / "ps90_checks.py").write_text(CHECKS.replace(old, new))
    with pytest.raises(ValueError, match=words):
        build_assignment(small, "ps90")


def test_an_unknown_problem_set_is_explained(small):
    with pytest.raises(FileNotFoundError, match=r"ps91.*known: ps90"):
        build_assignment(small, "ps91")


def test_an_empty_text_is_explained(small):
    (small / "lectures" / "01-one.py").write_text("")
    with pytest.raises(AuthoringError, match="no cells"):
        read_text(small / "lectures" / "01-one.py")


def test_the_bundle_has_what_students_need_and_nothing_else(small):
    make_notebooks(small)
    (small / "work").mkdir()
    (small / "work" / "mine.txt").write_text("x")
    archive = bundle_student(small)
    with zipfile.ZipFile(archive) as file:
        names = set(file.namelist())
        everything = b"".join(file.read(n) for n in names).decode("latin1")
    assert {"course/lectures/01-one.ipynb", "course/exercises/ps90/ps90.ipynb", "course/README.md",
            "course/exercises/ps90/checks/cases.npz", "course/coursekit/__init__.py",
            "course/requirements.lock"} <= names
    assert not any(word in name for name in names for word in ("solutions", "work", "secret", "bank", "tests"))
    assert "secret line" not in everything and "code of a slip" not in everything and "the secret" not in everything
    first = archive.read_bytes()
    assert bundle_student(small).read_bytes() == first


def test_a_bundle_without_its_release_is_refused(small):
    with pytest.raises(AuthoringError, match="ps90"):
        bundle_student(small)


def test_work_is_never_overwritten(small):
    make_notebooks(small)
    assert open_workspace(small) == []
    mine = small / "work" / "ps90" / "ps90.ipynb"
    lecture = small / "work" / "lectures" / "01-one.ipynb"
    mine.write_text(mine.read_text().replace("# YOUR CODE HERE", "# my answer"))
    (small / "lectures" / "01-one.py").write_text(LECTURE + "\n# %%\n2 + 2\n")
    (small / "solutions" / "ps90.py").write_text(TEXT.replace("A small", "A newer small"))
    make_notebooks(small)
    said = open_workspace(small)
    assert "my answer" in mine.read_text()
    assert "A newer small" in mine.with_name("ps90 (new version).ipynb").read_text()
    assert "2 + 2" in lecture.read_text()
    assert len(said) == 2 and any("Your copy stays" in s for s in said)
    assert open_workspace(small) == []


def test_a_lost_record_never_costs_work(small):
    make_notebooks(small)
    open_workspace(small)
    mine = small / "work" / "ps90" / "ps90.ipynb"
    mine.write_text(mine.read_text().replace("# YOUR CODE HERE", "# my answer"))
    (small / "work" / ".copied.json").unlink()
    open_workspace(small)
    assert "my answer" in mine.read_text()
