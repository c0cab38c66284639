"""The house: floors, lint, types, a light import, no host in a lock, generated files without drift."""
from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from coursekit.authoring import make_lecture, release
from coursekit.authoring.release import ALLOWED, leaks
from coursekit.checks.arrays import load_flat
from coursekit.course import assignments, lectures, released

COURSE = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def run(*command: str) -> subprocess.CompletedProcess:
    path = str(BIN / command[0])
    return subprocess.run([path, *command[1:]], cwd=COURSE, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("command", [("lint-imports",), ("ruff", "check", "."), ("mypy",)], ids=lambda c: c[0])
def test_floors_lint_and_types(command):
    done = run(*command)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_floors_reject_imports_up_and_across_and_a_package_on_no_floor(tmp_path):
    """The contract itself works: a copy of the house with such imports and such a package is refused."""
    import shutil

    shutil.copytree(COURSE / "coursekit", tmp_path / "coursekit", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(COURSE / "pyproject.toml", tmp_path)
    for place, line in {"density/bandwidth.py": "import coursekit.grading", "energy/across.py": "import coursekit.gans",
                        "energy/__init__.py": "", "stray/__init__.py": ""}.items():
        target = tmp_path / "coursekit" / place
        target.parent.mkdir(exist_ok=True)
        target.write_text((target.read_text("utf-8") if target.exists() else "") + f"\n{line}\n", "utf-8")
    done = subprocess.run([str(BIN / "lint-imports"), "--no-cache"], cwd=tmp_path, capture_output=True, text=True,
                          env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin"})
    assert done.returncode == 1
    assert "coursekit.density is not allowed to import coursekit.grading" in done.stdout
    assert "coursekit.energy is not allowed to import coursekit.gans" in done.stdout
    assert "- coursekit.stray" in done.stdout


HEAVY = ("matplotlib", "IPython", "ipywidgets", "anywidget", "nbgrader", "jupytext", "sklearn", "pandas")


@pytest.mark.parametrize("module", ["coursekit", "coursekit.density", "coursekit.checks"])
def test_imports_are_light(module):
    code = f"import sys, {module}; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=COURSE)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_the_lock_names_packages_and_versions_only():
    lines = (COURSE / "requirements.lock").read_text("utf-8").splitlines()
    for line in lines:
        assert line.startswith("#") or re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+( ; .*)?", line), line
    assert "torch==2.13.0" in lines


def test_every_dependency_is_in_the_lock():
    import tomllib

    project = tomllib.loads((COURSE / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(d for group in project["optional-dependencies"].values() for d in group)]
    names = {re.match(r"[\w.-]+", d)[0].lower().replace("_", "-") for d in wanted}
    locked = {line.split("==")[0].lower() for line in (COURSE / "requirements.lock").read_text("utf-8").splitlines()}
    assert names <= locked, names - locked


@pytest.mark.parametrize("text", lectures(COURSE), ids=lambda p: p.stem)
def test_lecture_notebooks_have_not_drifted(text):
    made = make_lecture(COURSE, text)
    kept = nbformat.read(text.with_suffix(".ipynb"), as_version=4)
    assert json.loads(nbformat.writes(made)) == json.loads(nbformat.writes(kept)), "run: make notebooks"


def all_notebooks() -> list[Path]:
    return [*(p.with_suffix(".ipynb") for p in lectures(COURSE)),
            *(COURSE / "exercises" / n / f"{n}.ipynb" for n in released(COURSE))]


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda p: p.stem)
def test_notebooks_are_committed_bare(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert "jupytext" not in notebook.metadata
    ids = [cell["id"] for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not cell.outputs and cell.execution_count is None
            assert len(cell.source.splitlines()) <= 40


@pytest.mark.parametrize("name", assignments(COURSE))
def test_releases_have_not_drifted_and_leak_nothing(name, tmp_path):
    import shutil

    (tmp_path / "solutions").mkdir()
    for path in (COURSE / "solutions").glob(f"{name}*.py"):
        shutil.copy(path, tmp_path / "solutions")
    made, kept = release(tmp_path, name), COURSE / "exercises" / name
    for pattern in ALLOWED:
        file = pattern.format(name=name)
        if file.endswith(".npz"):
            a, _ = load_flat(made / file)
            b, _ = load_flat(kept / file)
            assert a.keys() == b.keys()
            for key in a:
                same = np.allclose(a[key], b[key], rtol=1e-6, atol=1e-9, equal_nan=True)
                assert same, f"{key}: run coursekit release"
        else:
            assert (made / file).read_text("utf-8") == (kept / file).read_text("utf-8"), "run: coursekit release"
    assert not list(leaks(COURSE, name))


def test_every_problem_set_is_released():
    assert assignments(COURSE) == released(COURSE)


def test_nothing_names_a_host_of_a_package_registry():
    names = subprocess.run(["git", "ls-files"], cwd=COURSE, capture_output=True, text=True).stdout.split("\n")
    odd = re.compile(r"https?://[^ \"')]*/simple|--index-url|--extra-index-url")
    for name in filter(None, names):
        path = COURSE / name
        if path.suffix in {".py", ".md", ".toml", ".lock", ".yml", ".cfg", ""} and path.is_file():
            text = path.read_text("utf-8", errors="replace")
            assert name.endswith("test_house.py") or not odd.search(text), name
