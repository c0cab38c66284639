"""Phase 2: the grading folder, which is nbgrader's own: gradebook, ``submitted/``, ``autograded/``, ``feedback/``.

Everything here goes through nbgrader's converters and its database, one student at a time, in one process.
"""
from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import BaseConverter, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import parse_utc
from sqlalchemy.exc import SAWarning
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from coursekit.grading.graft import CHECK_SUFFIX
from coursekit.grading.notebooks import NO_KERNEL
from coursekit.grading.preprocessors import PRIVATE, ledger_path

CONFIG = '''"""nbgrader's configuration of this grading folder. Made by 'coursekit grade', yours to change."""
c = get_config()  # noqa: F821

# Run Jupyter in this folder and open formgrader: its buttons grade as 'coursekit grade' does.
c.Autograde.sanitize_preprocessors = ["coursekit.grading.preprocessors.Graft"]
c.Autograde.autograde_preprocessors = [
    "coursekit.grading.preprocessors.Judged",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.AssignLatePenalties.plugin_class = "coursekit.grading.late.ShareForEachDay"
c.GenerateFeedback.preprocessors = [
    "coursekit.grading.preprocessors.StudentView",
    "nbgrader.preprocessors.AssignLatePenalties",  # again: marks and extensions may have been changed by hand
    "nbgrader.preprocessors.GetGrades",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
c.HTMLExporter.preprocessors = ["coursekit.grading.preprocessors.Formulas"]  # formgrader's page of a notebook
'''


class GradebookTrouble(RuntimeError):
    """nbgrader refused; the sentence says what, and what to do."""


@dataclass
class Mark:
    """What the gradebook holds for one student.

    Attributes:
        points: per task (or other graded cell), the points it counts: the instructor's where there are any.
        total, max: of the notebook.
        late_penalty: points to take off.
        seconds_late: how long after the due time it was handed in.
        needs_manual: a person still has to mark something.
    """

    points: dict[str, float] = field(default_factory=dict)
    total: float = 0.0
    max: float = 0.0
    late_penalty: float = 0.0
    seconds_late: float = 0.0
    needs_manual: bool = False


class CourseFolder:
    """One grading folder and one assignment in it."""

    def __init__(self, root: Path, assignment: str) -> None:
        self.root = root.resolve()
        self.assignment = assignment
        self.private = self.root / PRIVATE / assignment
        self.log = logging.getLogger("coursekit.grading")

    @property
    def release(self) -> Path:
        return self.root / "release" / self.assignment

    def prepare(self, source: Path, settings: dict[str, Any]) -> None:
        """Make the folder, take in the assignment's source, and release it into the gradebook.

        Raises:
            GradebookTrouble: cells were added to or taken from the assignment after submissions were graded here.
        """
        (self.private / "students").mkdir(parents=True, exist_ok=True)
        (self.root / PRIVATE).chmod(0o700)
        if not (self.root / "nbgrader_config.py").exists():
            (self.root / "nbgrader_config.py").write_text(CONFIG, "utf-8")
        write_json(self.private / "settings.json", settings)
        stamp = self.private / "source.sha256"
        digest = _tree_digest(source)
        made = [self.release / f"{self.assignment}.ipynb", self.root / "gradebook.db"]
        if not all(path.is_file() for path in made):
            shutil.rmtree(self.private / "done", ignore_errors=True)
        elif stamp.is_file() and stamp.read_text("utf-8") == digest:
            return
        target = self.root / "source" / self.assignment
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        _without_kernel(target / f"{self.assignment}.ipynb")
        try:
            self._convert(GenerateAssignment, "", force=True)
        except GradebookTrouble as error:
            raise GradebookTrouble(
                f"nbgrader could not release {self.assignment} into {self.root}. If cells were added to or taken from "
                f"the assignment since submissions were graded there, grade into a new folder. ({error})") from error
        stamp.write_text(digest, "utf-8")

    def submit(self, student: str, notebook: NotebookNode, timestamp: str) -> list[str]:
        """Put a student's cells into ``submitted/``; returns flags."""
        folder = self.root / "submitted" / student / self.assignment
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, folder / f"{self.assignment}.ipynb")
        stamp = folder / "timestamp.txt"
        stamp.unlink(missing_ok=True)
        if not timestamp:
            return []
        try:
            when = parse_utc(timestamp).replace(tzinfo=UTC)
        except (ValueError, OverflowError, TypeError):
            return [f"its time stamp is not a time: {timestamp[:40]!r}"]
        stamp.write_text(when.strftime("%Y-%m-%d %H:%M:%S UTC") + "\n", "utf-8")
        return []

    def autograde(self, student: str) -> None:
        """nbgrader's own autograde for one student, with our steps in it (see `preprocessors`)."""
        self._convert(Autograde, student, force=True)

    def feedback(self, student: str) -> None:
        """nbgrader's own feedback page for one student."""
        self._convert(GenerateFeedback, student, force=True)

    def remove(self, student: str) -> None:
        """Take back what an earlier run made of a submission that now cannot be read."""
        for step in ("submitted", "autograded", "feedback"):
            shutil.rmtree(self.root / step / student / self.assignment, ignore_errors=True)
        with self._gradebook() as book, contextlib.suppress(MissingEntry):
            book.remove_submission(self.assignment, student)

    def is_current(self, student: str, stamp: str) -> bool:
        """Are the student's marks those of the result with this stamp?"""
        made = self.root / "autograded" / student / self.assignment / f"{self.assignment}.ipynb"
        return made.is_file() and self._done(student)[0] == stamp

    def page_is_current(self, student: str, stamp: str) -> bool:
        """Is the student's page that of these marks and comments?"""
        made = self.root / "feedback" / student / self.assignment / f"{self.assignment}.html"
        return made.is_file() and self._done(student)[1] == stamp

    def set_current(self, student: str, stamp: str, page: str) -> None:
        path = self.private / "done" / student
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{stamp}\n{page}", "utf-8")

    def _done(self, student: str) -> list[str]:
        try:
            return [*(self.private / "done" / student).read_text("utf-8").split("\n"), "", ""][:2]
        except OSError:
            return ["", ""]

    def by_hand(self) -> dict[str, list[Any]]:
        """Per student, what an instructor entered: marks, extra credit, comments, extensions."""
        out: dict[str, list[Any]] = {}
        with self._gradebook() as book:
            for submission in book.assignment_submissions(self.assignment):
                found: list[Any] = [str(submission.extension)] if submission.extension else []
                for notebook in submission.notebooks:
                    found += [[g.name, g.manual_score, g.extra_credit] for g in notebook.grades
                              if g.manual_score is not None or g.extra_credit]
                    found += [[c.name, c.manual_comment] for c in notebook.comments if c.manual_comment]
                out[submission.student_id] = sorted(found, key=repr)
        return out

    def flag(self, student: str) -> None:
        """Raise formgrader's own flag on a submission."""
        with self._gradebook() as book:
            book.find_submission_notebook(self.assignment, self.assignment, student).flagged = True
            book.db.commit()

    def add_student(self, student: str, name: str) -> None:
        """Make the student known to the gradebook, by name where it has none yet.

        nbgrader puts names into its pages as they are, so what could be HTML in them is dropped.
        """
        first, _, last = re.sub(r'[<>&"]', "", name).strip().rpartition(" ")
        with self._gradebook() as book:
            known = book.update_or_create_student(student)
            if not known.first_name and not known.last_name:
                known.first_name, known.last_name = first, last
                book.db.commit()

    def marks(self) -> dict[str, Mark]:
        """All marks of the assignment as the gradebook has them, the instructor's own changes included."""
        out: dict[str, Mark] = {}
        with self._gradebook() as book:
            for submission in book.assignment_submissions(self.assignment):
                for notebook in submission.notebooks:
                    points = {g.name.removesuffix(CHECK_SUFFIX): float(g.score) for g in notebook.grades}
                    out[submission.student_id] = Mark(
                        points, float(notebook.score), float(notebook.max_score),
                        float(submission.late_submission_penalty or 0), float(submission.total_seconds_late),
                        bool(submission.needs_manual_grade))
        return out

    def set_due(self, due: datetime | None) -> str:
        """Write the due time (UTC) into the gradebook, if one is given; returns the one that holds, as text."""
        with self._gradebook() as book:
            assignment = book.find_assignment(self.assignment)
            if due is not None:
                assignment.duedate = due.replace(tzinfo=None)
                book.db.commit()
            return assignment.duedate.isoformat() if assignment.duedate else ""

    def answers(self, student: str, tasks: Sequence[str]) -> dict[str, str]:
        """What a student wrote, by task."""
        path = self.root / "submitted" / student / self.assignment / f"{self.assignment}.ipynb"
        found: dict[str, str] = {}
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            if name in tasks and name not in found:
                found[name] = "".join(cell["source"])
        return found

    def _gradebook(self) -> Gradebook:
        with _scripts_on_path():
            return Gradebook(f"sqlite:///{self.root / 'gradebook.db'}")

    def _convert(self, kind: type[BaseConverter], student: str, *, force: bool) -> None:
        config = PyFileConfigLoader("nbgrader_config.py", path=str(self.root)).load_config()
        config.merge(Config({"CourseDirectory": {"root": str(self.root), "assignment_id": self.assignment}}))
        if "plugin_class" not in config.AssignLatePenalties:
            config.AssignLatePenalties.plugin_class = "coursekit.grading.late.ShareForEachDay"
        directory = CourseDirectory(config=config)
        if student:
            directory.student_id = student
        with _records(self.private) as log, _scripts_on_path():
            converter = kind(coursedir=directory, config=config)
            _require_our_steps(converter, self.root)
            converter.log = log
            converter.force = force
            try:
                converter.start()
            except (NbGraderException, RuntimeError, OSError) as error:
                raise GradebookTrouble(f"{error} See {self.private / 'nbgrader.log'}.") from error


def _without_kernel(path: Path) -> None:
    notebook = json.loads(path.read_text("utf-8"))
    notebook["metadata"]["kernelspec"] = NO_KERNEL
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _require_our_steps(converter: BaseConverter, root: Path) -> None:
    """Fail closed: whatever the configuration says, nothing but `Judged` may run a notebook.

    Raises:
        GradebookTrouble: our steps are not there, or one that executes is.
    """
    if not isinstance(converter, Autograde | GenerateFeedback):
        return
    wanted = ({"Graft", "Judged"} if isinstance(converter, Autograde) else {"StudentView"})
    steps = [*getattr(converter, "sanitize_preprocessors", []), *getattr(converter, "autograde_preprocessors", []),
             *converter.preprocessors]
    names = [s if isinstance(s, str) else f"{s.__module__}.{s.__qualname__}" for s in map(_unwrapped, steps)]
    missing = {f"coursekit.grading.preprocessors.{name}" for name in wanted} - set(names)
    runs = [name for name in names if name.rsplit(".", 1)[-1] in ("Execute", "ExecutePreprocessor")]
    if missing or runs:
        raise GradebookTrouble(
            f"{root / 'nbgrader_config.py'} does not name the course's steps "
            f"({', '.join(sorted(missing)) or 'they are there'}) or names one that runs code unprotected "
            f"({', '.join(runs) or 'it does not'}). Nothing was run. Delete that file, and the next 'coursekit grade' "
            "makes it anew.")


def _unwrapped(step: Any) -> Any:
    return step if isinstance(step, str | type) else type(step)


@contextlib.contextmanager
def _records(folder: Path) -> Iterator[logging.Logger]:
    """A logger into ``nbgrader.log``: nbgrader says a great deal, and the screen is for the progress bar."""
    log = logging.getLogger("coursekit.grading.nbgrader")
    log.setLevel(logging.WARNING)
    log.propagate = False
    handler = logging.FileHandler(folder / "nbgrader.log", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", category=SAWarning)  # nbgrader's own queries raise them by the dozen
            yield log
    finally:
        log.removeHandler(handler)
        handler.close()


@contextlib.contextmanager
def _scripts_on_path() -> Iterator[None]:
    """nbgrader makes a new gradebook by calling ``alembic``, which lies beside this Python, on the path or not."""
    before = os.environ.get("PATH", "")
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), before])
    try:
        yield
    finally:
        os.environ["PATH"] = before


def write_json(path: Path, value: Any) -> None:
    """Write JSON so that a killed run leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    part.replace(path)


def write_ledger(folder: CourseFolder, student: str, ledger: dict[str, Any]) -> None:
    """Write what is known of one student's submission."""
    write_json(ledger_path(folder.root, folder.assignment, student), ledger)


def _tree_digest(folder: Path) -> str:
    h = hashlib.sha256(json.dumps(NO_KERNEL).encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            h.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return h.hexdigest()
