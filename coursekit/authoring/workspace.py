"""``work/``: the copies that a student writes in.

A copy is made when it is first needed. When the course is updated, a copy that the student has not touched is renewed;
one that was touched stays as it is, and the new version is put beside it.
"""
from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from coursekit.course import released

RECORD = ".copied.json"


def open_workspace(course: Path) -> list[str]:
    """Make or renew ``work/``; return one sentence for everything that a student should know."""
    work = course / "work"
    work.mkdir(exist_ok=True)
    record_file = work / RECORD
    record: dict[str, str] = json.loads(record_file.read_text("utf-8")) if record_file.is_file() else {}
    said: list[str] = []
    for source, target in _copies(course):
        said += _renew(source, work / target, target.as_posix(), record)
    record_file.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")
    return said


def _copies(course: Path) -> list[tuple[Path, Path]]:
    """Pairs (file of the course, place in ``work/``)."""
    pairs = [(p, Path("lectures", p.name)) for p in sorted((course / "lectures").glob("[0-9][0-9]-*.ipynb"))]
    for name in released(course):
        folder = course / "exercises" / name
        pairs += [(p, Path(name, p.relative_to(folder))) for p in sorted(folder.rglob("*"))
                  if p.is_file() and ".ipynb_checkpoints" not in p.parts]
    return pairs


def _renew(source: Path, target: Path, key: str, record: dict[str, str]) -> list[str]:
    new = _digest(source)
    if not target.is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        record[key] = new
        return []
    if record.get(key) == new:
        return []
    untouched = _digest(target) == record.get(key)
    if untouched or source.suffix != ".ipynb":  # checks are the course's own; only notebooks are written in
        shutil.copyfile(source, target)
        record[key] = new
        return [f"{key} was renewed."] if source.suffix == ".ipynb" else []
    beside = target.with_name(f"{target.stem} (new version){target.suffix}")
    shutil.copyfile(source, beside)
    record[key] = new
    return [f"{key} has changed in the course. Your copy stays as it is; the new one is {beside.name!r} beside it."]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
