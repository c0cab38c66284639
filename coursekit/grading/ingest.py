"""A folder or a zip archive of what students handed in -> one `Submission` a student. Nothing is run or unpacked.

Where a student's name comes from, in this order:

===================================  =====================================================================
``alice/ps02.ipynb``                 a folder a student; the notebook may lie at any depth inside it
``alice/ps02/ps02.ipynb``            nbgrader's own layout, with or without ``submitted/`` above it
``alice.ipynb``                      a notebook a student
``alice_ps02.ipynb, ps02-alice``     the same; the assignment's name is taken off
``Jane Doe_71_assignsubmission_file_/``  Moodle's folders; the tail is taken off
===================================  =====================================================================

In a student's folder the notebook named ``ps02.ipynb`` counts; where there is none, the only notebook does, and the
change of name is flagged. Two candidates are never chosen between: a person has to.
"""
from __future__ import annotations

import hashlib
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

MAX_NOTEBOOK_BYTES = 20 * 2**20
"""A larger notebook is not read. Notebooks grow by their outputs, which grading drops anyway."""
MAX_ENTRIES = 50_000
NOISE = {"__MACOSX", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints", "__pycache__"}


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes:
        student: an id that is safe in paths, pages and tables.
        name: the name as it was found.
        path: where the notebook was found, below the folder or archive.
        data: the notebook's bytes; `None` where `problem` says why there is none.
        problem: the sentence for the report, or empty.
        flags: what a person should know, and did not stop us.
        timestamp: text of nbgrader's ``timestamp.txt``, where there is one.
    """

    student: str
    name: str
    path: str
    data: bytes | None = None
    problem: str = ""
    flags: tuple[str, ...] = ()
    timestamp: str = ""


@dataclass(frozen=True)
class Entry:
    """One file or folder of the source. `read` is called for regular files alone; `odd` says what else it is."""

    parts: tuple[str, ...]
    read: Callable[[], bytes]
    size: int = 0
    folder: bool = False
    odd: str = ""

    @property
    def path(self) -> str:
        return "/".join(self.parts)

    @property
    def is_notebook(self) -> bool:
        return not self.folder and self.parts[-1].lower().endswith(".ipynb")


def collect(source: Path, assignment: str) -> list[Submission]:
    """All submissions in `source`, sorted by student; see the module for the rules.

    Raises:
        FileNotFoundError: there is no such folder or archive.
        ValueError: it is neither a folder nor a zip archive, or holds nothing at all.
    """
    source = Path(source)
    if source.is_dir():
        entries = list(_folder_entries(source))
    elif source.is_file() and zipfile.is_zipfile(source):
        entries = list(_zip_entries(source))
    elif source.exists():
        raise ValueError(f"{source} is neither a folder nor a zip archive. Give --from the folder or archive that "
                         "holds one folder or one notebook a student.")
    else:
        raise FileNotFoundError(f"There is no folder or archive {source} to take submissions from.")
    entries = _below_wrapper([e for e in entries if not _is_noise(e)], source)
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.parts[0], []).append(entry)
    if not groups:
        raise ValueError(f"{source} holds no submissions: it is empty.")
    found = [_submission(top, group, assignment) for top, group in sorted(groups.items())]
    return sorted(_one_each(found), key=lambda s: s.student)


def safe_id(name: str) -> str:
    """A student's name as ASCII letters, digits and ``._-``, starting with a letter or digit.

    Spaces and commas become ``_``, accents are folded; where more than that is lost, a short hash of the name keeps
    two students apart.
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    clean = re.sub(r"[\s,]+", "_", plain.strip())
    clean = re.sub(r"[^A-Za-z0-9._-]", "", clean).lstrip("._-")[:60].rstrip(".")
    if not clean or clean != re.sub(r"[\s,]+", "_", name.strip()):
        clean = f"{clean or 'student'}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:6]}"
    return clean


def _folder_entries(source: Path) -> Iterator[Entry]:
    count = 0
    for here, folders, files in os.walk(source, followlinks=False):
        folders[:] = sorted(f for f in folders if f not in NOISE)
        for name in [*folders, *sorted(files)]:
            count += 1
            if count > MAX_ENTRIES:
                raise ValueError(f"{source} holds more than {MAX_ENTRIES} files. Is it the right folder?")
            path = Path(here, name)
            info = path.lstat()
            parts = path.relative_to(source).parts
            odd = "" if stat.S_ISREG(info.st_mode) or stat.S_ISDIR(info.st_mode) else _kind(info.st_mode)
            yield Entry(parts, partial(_read_regular, path), info.st_size, stat.S_ISDIR(info.st_mode), odd)


def _read_regular(path: Path) -> bytes:
    """Read a file that is still a regular one: no link is followed, no pipe is waited for."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("not a regular file")
        return file.read(MAX_NOTEBOOK_BYTES + 1)


def _zip_entries(source: Path) -> Iterator[Entry]:
    """Entries of an archive, read into memory only, so that no name in it can reach outside."""
    with zipfile.ZipFile(source) as archive:
        infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        raise ValueError(f"{source} holds more than {MAX_ENTRIES} files. Is it the right archive?")
    for info in infos:
        parts = tuple(p for p in PurePosixPath(info.filename.replace("\\", "/")).parts if p not in {"/", "."})
        if not parts:
            continue
        mode = info.external_attr >> 16
        odd = "" if not stat.S_IFMT(mode) or stat.S_ISREG(mode) or stat.S_ISDIR(mode) else _kind(mode)
        if ".." in parts:
            parts, odd = tuple(p for p in parts if p != ".."), "a path that leads out of the archive"
            parts = parts or ("unnamed",)
        elif info.flag_bits & 1:
            odd = "encrypted"
        yield Entry(parts, partial(_read_zipped, source, info), info.file_size, info.is_dir(), odd)


def _read_zipped(source: Path, info: zipfile.ZipInfo) -> bytes:
    with zipfile.ZipFile(source) as archive, archive.open(info) as file:
        return file.read(MAX_NOTEBOOK_BYTES + 1)


def _kind(mode: int) -> str:
    return "a symbolic link" if stat.S_ISLNK(mode) else "a pipe, socket or device"


def _is_noise(entry: Entry) -> bool:
    return any(part in NOISE or part.startswith(".") for part in entry.parts)


def _below_wrapper(entries: list[Entry], source: Path) -> list[Entry]:
    """Drop one folder around everything: nbgrader's ``submitted/``, or an archive's own name."""
    tops = {e.parts[0] for e in entries}
    for wrapper in ("submitted", "submissions", source.stem):
        inside = [e for e in entries if e.parts[0] == wrapper and len(e.parts) > 1]
        if inside and (tops == {wrapper} or wrapper == "submitted"):
            return [Entry(e.parts[1:], e.read, e.size, e.folder, e.odd) for e in inside]
    return entries


def _submission(top: str, entries: list[Entry], assignment: str) -> Submission:
    single = len(entries) == 1 and len(entries[0].parts) == 1 and not entries[0].folder
    name = _name_of_file(top, assignment) if single else _name_of_folder(top)
    if not name:
        problem = f"{top!r} does not say whose it is. Put it into a folder with the student's name."
        return Submission(safe_id(top), top, top, problem=problem)
    found, problem, flags = (_only(entries[0]) if single else _choose(entries, assignment))
    if found is None:
        return Submission(safe_id(name), name, top, problem=problem)
    problem = f"{found.path} is {found.odd}, which is not read." if found.odd else ""
    if found.size > MAX_NOTEBOOK_BYTES:
        problem = f"{found.path} has {found.size / 2**20:.0f} MB; at most {MAX_NOTEBOOK_BYTES / 2**20:.0f} are read."
    data = None
    if not problem:
        try:
            data = found.read()
        except Exception as error:  # a damaged archive, a file that vanished, no permission
            problem = f"{found.path} could not be read ({type(error).__name__})."
    return Submission(safe_id(name), name, found.path, data, problem, flags, _timestamp(entries))


def _only(entry: Entry) -> tuple[Entry | None, str, tuple[str, ...]]:
    if entry.is_notebook:
        return entry, "", ()
    return None, f"{entry.path} is not a notebook (.ipynb).", ()


def _choose(entries: list[Entry], assignment: str) -> tuple[Entry | None, str, tuple[str, ...]]:
    notebooks = [e for e in entries if e.is_notebook]
    named = [e for e in notebooks if e.parts[-1].lower() == f"{assignment}.ipynb"]
    if len(named) == 1:
        return named[0], "", ()
    candidates = named or [e for e in notebooks if assignment in e.parts[-1].lower()] or notebooks
    if len(candidates) == 1:
        flag = f"renamed: handed in as {candidates[0].parts[-1]}"
        return candidates[0], "", (flag,)
    if candidates:
        return None, f"There are {len(candidates)} notebooks to choose from: {_names(candidates)}.", ()
    others = [e for e in entries if not e.folder]
    return None, (f"There is no notebook (.ipynb), only {_names(others)}." if others else "The folder is empty."), ()


def _names(entries: list[Entry]) -> str:
    return ", ".join(e.path for e in entries[:4]) + (", …" if len(entries) > 4 else "")


def _name_of_folder(top: str) -> str:
    return re.sub(r"_assignsubmission_\w*$", "", top).strip()


def _name_of_file(top: str, assignment: str) -> str:
    stem = re.sub(r" ?\(\d+\)$", "", Path(top).stem).strip()
    token = re.escape(assignment)
    stem = re.sub(rf"(?:^|[\s_.-]+){token}$|^{token}(?:[\s_.-]+|$)", "", stem, flags=re.IGNORECASE)
    return stem.strip(" _.-")


def _timestamp(entries: list[Entry]) -> str:
    for entry in entries:
        if entry.parts[-1] == "timestamp.txt" and not entry.odd and not entry.folder and entry.size < 200:
            return entry.read()[:200].decode("utf-8", "replace").strip()
    return ""


def _one_each(found: list[Submission]) -> list[Submission]:
    """One submission a student; where there are two, neither is chosen."""
    by_student: dict[str, list[Submission]] = {}
    for submission in found:
        by_student.setdefault(submission.student, []).append(submission)
    out = []
    for student, theirs in by_student.items():
        if len(theirs) == 1:
            out += theirs
        else:
            where = ", ".join(s.path for s in theirs)
            problem = f"There are {len(theirs)} submissions of this student: {where}."
            out.append(Submission(student, theirs[0].name, where, problem=problem))
    return out
