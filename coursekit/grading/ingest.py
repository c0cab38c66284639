"""A folder or a zip archive of what students handed in -> one `Submission` a student. Nothing is run or unpacked.

Where a student's name comes from, in this order:

===================================  =====================================================================
``alice/ps02.ipynb``                 a folder a student; the notebook may lie at any depth inside it
``alice/ps02/ps02.ipynb``            nbgrader's own layout, with or without ``submitted/`` above it
``alice.ipynb``                      a notebook a student
``alice_ps02.ipynb, ps02-alice``     the same; the assignment's name is taken off
``Jane Doe_71_assignsubmission_file``  what Moodle and Canvas give out; see `lms`
===================================  =====================================================================

One folder around all of it is looked through. In a student's folder the notebook named ``ps02.ipynb`` counts; where
there is none, the only notebook does, and the change of name is flagged. Two candidates are never chosen between, a
person has to; but where Canvas numbered a student's files, the newest counts, and that is flagged.

Nothing in one student's files costs another anything: what cannot be read is that student's, with a sentence.
"""
from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath

from coursekit.grading.lms import Label, label, shown

MAX_NOTEBOOK_BYTES = 20 * 2**20
"""A larger notebook is not read. Notebooks grow by their outputs, which grading drops anyway."""
MAX_TOTAL_BYTES = 2 * 2**30
"""Of all notebooks together, which are in memory at once. Small ones are read first, so that large ones cost no
others their place."""
MAX_TIMESTAMP_BYTES = 200
MAX_ENTRIES = 50_000
READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""How an entry may be packed. With bzip2 and lzma, zipfile unpacks a block at a time, however much comes out of it."""
NOISE = {"__MACOSX", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints", "__pycache__"}


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes:
        student: an id that is safe in paths, pages and tables.
        name: the name as it was found; with Moodle's or Canvas's number, as `lms.shown` writes it.
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
    """One file or folder of the source. `read` is called for regular files alone; `odd` says what else it is.

    `label` is what Moodle or Canvas wrote into its name, or into that of the folder that it is in.
    """

    parts: tuple[str, ...]
    read: Callable[[], bytes]
    size: int = 0
    folder: bool = False
    odd: str = ""
    label: Label | None = None

    @property
    def path(self) -> str:
        return "/".join(self.parts)

    @property
    def file(self) -> str:
        """The name that the student gave it."""
        return (self.label.file if self.label else "") or self.parts[-1]

    @property
    def is_notebook(self) -> bool:
        return not self.folder and self.file.lower().endswith(".ipynb")


@dataclass
class Group:
    """All that one student handed in. `alone`: it is one file, whose name says whose it is."""

    student: str
    name: str
    top: str
    alone: bool
    entries: list[Entry] = field(default_factory=list)
    flags: tuple[str, ...] = ()


def collect(source: Path, assignment: str) -> list[Submission]:
    """All submissions in `source`, sorted by student; see the module for the rules.

    Raises:
        FileNotFoundError: there is no such folder or archive.
        ValueError: it is neither a folder nor a zip archive, or holds nothing at all.
    """
    source = Path(source)
    with contextlib.ExitStack() as stack:
        entries = [e for e in _entries(source, stack) if not _is_noise(e)]
        groups = _groups(_below_wrapper(entries, source, assignment), assignment)
        if not groups:
            raise ValueError(f"{source} holds no submissions: it is empty.")
        chosen = [_chosen(group, assignment) for group in groups]
        if len(groups) == 1 and not groups[0].alone and chosen[0][1] is None:
            words = (f"{chosen[0][0].problem} If {groups[0].top!r} is not a student's but holds a class, give --from "
                     "that folder, or an archive of what is in it.")
            chosen = [(replace(chosen[0][0], problem=words), None)]
        found = _read(chosen)
    return sorted(_one_each(found), key=lambda s: s.student)


def safe_id(name: str) -> str:
    """A student's name as ASCII letters, digits and ``._-``, starting with a letter or digit.

    Spaces become ``_``, accents and commas go; where more is lost than spaces, a short hash of the name keeps two
    students apart, such as ``Doe, Jane`` and ``Doe Jane``.
    """
    name = unicodedata.normalize("NFC", name)  # one name has one id, whichever system packed the archive
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    clean = re.sub(r"[\s,]+", "_", plain.strip())
    clean = re.sub(r"[^A-Za-z0-9._-]", "", clean).lstrip("._-")[:60].rstrip(".")
    if not clean or clean != re.sub(r"\s+", "_", name.strip()):
        clean = f"{clean or 'student'}-{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:6]}"
    return clean


def _entries(source: Path, stack: contextlib.ExitStack) -> Iterator[Entry]:
    if source.is_dir():
        return _folder_entries(source)
    if not source.exists():
        raise FileNotFoundError(f"There is no folder or archive {source} to take submissions from.")
    if not (source.is_file() and zipfile.is_zipfile(source)):
        raise ValueError(f"{source} is neither a folder nor a zip archive. Give --from the folder or archive that "
                         "holds one folder or one notebook a student.")
    try:
        archive = stack.enter_context(zipfile.ZipFile(source))
    except OSError:
        raise
    except Exception as error:  # zipfile raises half a dozen kinds over a damaged table of contents
        raise ValueError(f"The table of contents of {source} is damaged ({type(error).__name__}: {error}). Download "
                         "the archive again, or unpack it with another program and give --from the folder.") from None
    return _zip_entries(archive, source)


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


def _zip_entries(archive: zipfile.ZipFile, source: Path) -> Iterator[Entry]:
    """Entries of an archive, read into memory only, so that no name in it can reach outside."""
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
        elif info.compress_type not in READABLE:
            odd = f"packed in a way that is not read here (method {info.compress_type})"
        yield Entry(parts, partial(_read_zipped, archive, info), info.file_size, info.is_dir(), odd)


def _read_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as file:
        return file.read(MAX_NOTEBOOK_BYTES + 1)


def _kind(mode: int) -> str:
    return "a symbolic link" if stat.S_ISLNK(mode) else "a pipe, socket or device"


def _is_noise(entry: Entry) -> bool:
    return any(part in NOISE or part.startswith(".") for part in entry.parts)


def _below_wrapper(entries: list[Entry], source: Path, assignment: str) -> list[Entry]:
    """Drop the folder around everything: nbgrader's ``submitted/``, an archive's own name, any that holds a class."""
    tops = {e.parts[0] for e in entries}
    for wrapper in ("submitted", "submissions", source.stem):
        inside = [e for e in entries if e.parts[0] == wrapper and len(e.parts) > 1]
        if inside and (tops == {wrapper} or wrapper == "submitted"):
            entries = [replace(e, parts=e.parts[1:]) for e in inside]
            break
    depth = _folders_around(entries, assignment)
    return [replace(e, parts=e.parts[depth:]) for e in entries if len(e.parts) > depth]


def _folders_around(entries: list[Entry], assignment: str) -> int:
    """How many folders, one in the other, lie around a class.

    A folder holds a class, and not one student's files, if names in it are Moodle's or Canvas's, or if at least two
    folders in it hold a notebook of this assignment; ``alice/ps02/``, and a copy beside it, are still one student's.
    """
    files = [e for e in entries if not e.folder]
    shallowest = min((len(e.parts) for e in files), default=1)
    for depth in range(1, shallowest):
        around = {e.parts[:depth] for e in files}
        if len(around) > 1 or label(files[0].parts[depth - 1], folder=True):
            return 0
        if any(len(e.parts) == depth + 1 and e.file.lower() == f"{assignment}.ipynb" for e in files):
            return 0
        if any(label(e.parts[depth], folder=len(e.parts) > depth + 1) for e in files):
            return depth
        holders = {e.parts[depth].lower() for e in files
                   if len(e.parts) > depth + 1 and e.is_notebook and assignment in e.file.lower()}
        if sum(not name.startswith(assignment) for name in holders) > 1:
            return depth
    return 0


def _groups(entries: list[Entry], assignment: str) -> list[Group]:
    """Who handed in what."""
    groups: dict[tuple[str, str, str], Group] = {}
    for entry in sorted(entries, key=lambda e: e.parts):
        top = entry.parts[0]
        whose = label(top, folder=entry.folder or len(entry.parts) > 1)
        key = (whose.system, whose.name, whose.number) if whose else ("", top, "")
        if key not in groups:
            alone = whose is None and len(entry.parts) == 1 and not entry.folder
            name = shown(*key) if whose else _name_of_file(top, assignment) if alone else top.strip()
            groups[key] = Group(_id_of(*key) if whose else safe_id(name or top), name, top, alone)
        groups[key].entries.append(replace(entry, label=whose))
    namesakes: dict[str, list[str]] = {}
    for system, name, number in groups:
        if system == "Moodle" and number:
            namesakes.setdefault(name, []).append(number)
    for name, numbers in namesakes.items():
        for number in numbers if len(numbers) > 1 else ():
            group = groups["Moodle", name, number]
            group.student = safe_id(f"{name} {number}")
            group.flags = (f"{len(numbers)} students are called {name!r}: Moodle's number {number} tells them apart, "
                           "in this assignment only",)
    return list(groups.values())


def _id_of(system: str, name: str, number: str) -> str:
    """The same in each assignment: Canvas's number of the user belongs to it, Moodle's of the participant does not."""
    return safe_id(f"{name} {number}" if system == "Canvas" and number else name)


def _chosen(group: Group, assignment: str) -> tuple[Submission, Entry | None]:
    """The submission, still without its bytes, and the file to read them from; `None` with a problem."""
    if not group.name:
        problem = f"{group.top!r} does not say whose it is. Put it into a folder with the student's name."
        return Submission(group.student, group.top, group.top, problem=problem), None
    found, problem, flags = (_only(group.entries[0]) if group.alone else _choose(group.entries, assignment))
    submission = Submission(group.student, group.name, found.path if found else group.top, problem=problem,
                            flags=(*group.flags, *flags))
    if found is None:
        return submission, None
    if found.label and found.label.late:
        late = f"{found.label.system} says it was late; no time is known, so no penalty was taken"
        submission = replace(submission, flags=(*submission.flags, late))
    if found.odd:
        problem = f"{found.path} is {found.odd}, which is not read."
    elif found.size > MAX_NOTEBOOK_BYTES:
        problem = _too_large(found.path, found.size)
    timestamp, unread = _timestamp(found, group.entries)
    submission = replace(submission, problem=problem, timestamp=timestamp, flags=(*submission.flags, *unread))
    return submission, None if problem else found


def _read(chosen: list[tuple[Submission, Entry | None]]) -> list[Submission]:
    """Fill in the bytes, the smallest files first."""
    out = [submission for submission, entry in chosen if entry is None]
    room = MAX_TOTAL_BYTES
    for submission, entry in sorted(((s, e) for s, e in chosen if e is not None), key=lambda pair: pair[1].size):
        data, problem = b"", ""
        if entry.size > room:
            problem = (f"{entry.path} was not read: the notebooks of this batch have more than "
                       f"{MAX_TOTAL_BYTES / 2**20:.0f} MB together. Grade them in several batches.")
        else:
            try:
                data = entry.read()
            except Exception as error:  # a damaged archive, a file that vanished, no permission
                problem = f"{entry.path} could not be read ({type(error).__name__})."
        if len(data) > MAX_NOTEBOOK_BYTES:  # it has grown since its size was looked at
            problem = _too_large(entry.path, len(data))
        room -= len(data)
        out.append(replace(submission, data=None if problem else data, problem=problem))
    return out


def _too_large(path: str, size: int) -> str:
    return f"{path} has {size / 2**20:.0f} MB; at most {MAX_NOTEBOOK_BYTES / 2**20:.0f} are read."


def _only(entry: Entry) -> tuple[Entry | None, str, tuple[str, ...]]:
    if entry.is_notebook:
        return entry, "", ()
    return None, f"{entry.path} is not a notebook (.ipynb).", ()


def _choose(entries: list[Entry], assignment: str) -> tuple[Entry | None, str, tuple[str, ...]]:
    notebooks = [e for e in entries if e.is_notebook]
    named = [e for e in notebooks if _is_named(e, assignment)]
    candidates = named or [e for e in notebooks if assignment in e.file.lower()] or notebooks
    flags: tuple[str, ...] = ()
    if len(candidates) > 1 and all(e.label and e.label.order for e in candidates):
        newest = max(candidates, key=lambda e: e.label.order if e.label else 0)
        flags = (f"{len(candidates)} notebooks handed in ({_names(candidates)}): the newest by Canvas's numbers "
                 f"counts, {newest.path}",)
        candidates = [newest]
    if len(candidates) == 1:
        renamed = () if named else (f"renamed: handed in as {candidates[0].file}",)
        return candidates[0], "", (*flags, *renamed)
    if candidates:
        return None, f"There are {len(candidates)} notebooks to choose from: {_names(candidates)}.", ()
    others = [e for e in entries if not e.folder]
    return None, (f"There is no notebook (.ipynb), only {_names(others)}." if others else "The folder is empty."), ()


def _is_named(entry: Entry, assignment: str) -> bool:
    """It has the assignment's name; Canvas itself puts ``-1`` behind that of a second file."""
    suffix = r"(-\d+)?" if entry.label and entry.label.order else ""
    return re.fullmatch(rf"{re.escape(assignment)}{suffix}\.ipynb", entry.file, re.IGNORECASE) is not None


def _names(entries: list[Entry]) -> str:
    return ", ".join(e.path for e in entries[:4]) + (", …" if len(entries) > 4 else "")


def _name_of_file(top: str, assignment: str) -> str:
    stem = re.sub(r" ?\(\d+\)$", "", Path(top).stem).strip()
    token = re.escape(assignment)
    stem = re.sub(rf"(?:^|(?<=[\s_.-])){token}$|^{token}(?=[\s_.-]|$)", "", stem, flags=re.IGNORECASE)
    return stem.strip(" _.-\t\n")


def _timestamp(notebook: Entry, entries: list[Entry]) -> tuple[str, tuple[str, ...]]:
    """Text of the ``timestamp.txt`` beside the notebook, else of the nearest one above it; and a flag if unreadable."""
    above = [e for e in entries if not e.folder and len(e.parts) > 1 and e.parts[-1] == "timestamp.txt"
             and e.parts[:-1] == notebook.parts[:len(e.parts) - 1]]
    if not above:
        return "", ()
    entry = max(above, key=lambda e: len(e.parts))
    why = entry.odd or ("too long" if entry.size >= MAX_TIMESTAMP_BYTES else "")
    if not why:
        try:
            return entry.read()[:MAX_TIMESTAMP_BYTES].decode("utf-8", "replace").strip(), ()
        except Exception as error:  # as for notebooks; a time that is lost costs no mark
            why = f"unreadable ({type(error).__name__})"
    return "", (f"{entry.path} is {why}: no time is known, so no penalty was taken",)


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
