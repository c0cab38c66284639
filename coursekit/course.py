"""Where the course's files are, seen from a notebook, a test or the command line."""
from __future__ import annotations

from pathlib import Path


class CourseNotFound(FileNotFoundError):
    """The folders of the course are not here."""


def course_root(start: str | Path | None = None) -> Path:
    """The folder that holds ``lectures/`` and ``exercises/``: at or above `start`, else the library's own checkout.

    Raises:
        CourseNotFound: neither place has it.
    """
    here = Path(start or Path.cwd()).resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parent.parent):
        if (folder / "lectures").is_dir() and (folder / "requirements.lock").is_file():
            return folder
    raise CourseNotFound(
        f"No course folder (with lectures/ and requirements.lock) at or above {here}. "
        "Change into the folder that you cloned or unpacked, and try again."
    )


def assignments(course: Path) -> list[str]:
    """The names of all problem sets that have a source, in order."""
    return sorted(p.stem for p in (course / "solutions").glob("ps[0-9][0-9].py"))


def released(course: Path) -> list[str]:
    """The names of all problem sets that students have, in order."""
    return sorted(p.parent.name for p in (course / "exercises").glob("ps[0-9][0-9]/ps[0-9][0-9].ipynb"))


def lectures(course: Path) -> list[Path]:
    """The text sources of all lectures, in order."""
    return sorted((course / "lectures").glob("[0-9][0-9]-*.py"))
