"""The source folder -> ``exercises/psNN/``, through nbgrader's own release, then an allow-list of files."""
from __future__ import annotations

import json
import logging
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import SaveCells
from traitlets.config import Config

from coursekit.authoring.assignment import build_assignment
from coursekit.authoring.text import AuthoringError, read_text, write_notebook
from coursekit.authoring.times import fill_times, read_times
from coursekit.course import assignments, lectures

ALLOWED = ("{name}.ipynb", "checks/cases.npz", "checks/cases.json", "checks/drivers.py")
"""Everything a student gets of a problem set. Nothing else of the source folder is copied."""

FORBIDDEN_TEXT = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN", "END HIDDEN")


def release(course: Path, name: str) -> Path:
    """Make ``exercises/<name>/`` from the text: build, strip solutions with nbgrader, copy the allow-list.

    Raises:
        FileNotFoundError: there is no such problem set.
        AuthoringError: text and checks do not fit together, or a solution would have been released.
    """
    source = build_assignment(course, name)
    with tempfile.TemporaryDirectory() as folder:
        made = _generate(source, name, Path(folder))
        target = course / "exercises" / name
        notebook = nbformat.read(made / f"{name}.ipynb", as_version=4)
        _no_solution_left(notebook, name)
        if target.is_dir():
            for old in sorted(target.rglob("*")):
                if old.is_file() and old.relative_to(target).as_posix() not in [a.format(name=name) for a in ALLOWED]:
                    old.unlink()
        for pattern in ALLOWED:
            path = pattern.format(name=name)
            if path.endswith(".ipynb"):
                write_notebook(notebook, target / path)
            else:
                _copy_if_new(made / path, target / path)
    return target


def make_lecture(course: Path, text: Path) -> NotebookNode:
    """The notebook of one lecture, with its measured times filled in."""
    return fill_times(read_text(text), text.stem, read_times(course))


def make_notebooks(course: Path) -> list[Path]:
    """Regenerate every lecture notebook and every released problem set; return their paths."""
    made = []
    for text in lectures(course):
        write_notebook(make_lecture(course, text), text.with_suffix(".ipynb"))
        made.append(text.with_suffix(".ipynb"))
    made += [release(course, name) / f"{name}.ipynb" for name in assignments(course)]
    return made


def _generate(source: Path, name: str, folder: Path) -> Path:
    """Run nbgrader's generate_assignment, without its database, from a copy of the source folder."""
    shutil.copytree(source, folder / "source" / name)
    config = Config()
    config.CourseDirectory.root = str(folder)
    config.CourseDirectory.assignment_id = name
    config.GenerateAssignment.no_database = True
    coursedir = CourseDirectory(config=config)
    app = GenerateAssignment(coursedir=coursedir, config=config)
    app.preprocessors = [p for p in app.preprocessors if p is not SaveCells]  # `no_database` alone still opens it
    app.log = logging.getLogger("coursekit.release")
    app.log.setLevel(logging.ERROR)
    app.start()
    return folder / "release" / name


def _no_solution_left(notebook: NotebookNode, name: str) -> None:
    text = json.dumps(notebook)
    for marker in FORBIDDEN_TEXT:
        if marker in text:
            raise AuthoringError(f"{name}: the release would contain {marker!r}; nothing was written.")


def _copy_if_new(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.is_file() or target.read_bytes() != source.read_bytes():
        shutil.copyfile(source, target)


def leaks(course: Path, name: str) -> Iterable[str]:
    """Sentences about anything in ``exercises/<name>/`` that students must not have (none, if all is well)."""
    folder = course / "exercises" / name
    allowed = {pattern.format(name=name) for pattern in ALLOWED}
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).as_posix()
        if path.is_file() and inside not in allowed:
            yield f"{name}: {inside} is not on the allow-list."
    text = "\n".join(_plain_text(p) for p in sorted(folder.rglob("*")) if p.suffix in {".ipynb", ".json", ".py"})
    for marker in FORBIDDEN_TEXT:
        if marker in text:
            yield f"{name}: contains {marker!r}."
    instructor = read_text(course / "solutions" / f"{name}.py")
    for cell in instructor.cells:
        if "answer" in cell.metadata:
            for line in _solution_lines(cell.source):
                if line in text:
                    yield f"{name}: a line of the solution of {cell.metadata['answer']} is in the release: {line!r}."


def _plain_text(path: Path) -> str:
    """A file's text; of JSON (so of a notebook) all its strings unescaped."""
    if path.suffix == ".py":
        return path.read_text("utf-8")

    def strings(value: object) -> Iterable[str]:
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            for part in value.items() if isinstance(value, dict) else value:
                yield from strings(list(part) if isinstance(part, tuple) else part)

    return "".join(s if s.endswith("\n") else s + "\n" for s in strings(json.loads(path.read_text("utf-8"))))


def _solution_lines(source: str) -> list[str]:
    """The telling lines (20 characters and more) between the solution markers."""
    inside = source.split("### BEGIN SOLUTION", 1)[-1].split("### END SOLUTION", 1)[0]
    lines = [line.strip() for line in inside.splitlines()]
    return [line for line in lines if len(line) >= 20 and not line.startswith("#")]
