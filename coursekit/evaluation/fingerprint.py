"""Which code made a result: a hash that changes with the code, not with its comments.

A result is *stale* when the script or any module of the course that it imported has changed since.
"""
from __future__ import annotations

import ast
import hashlib
import io
import sys
import tokenize
from collections.abc import Iterable
from pathlib import Path


def bare(source: str) -> str:
    """`source` without comments, docstrings and blank lines (what it computes is unchanged)."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if ast.get_docstring(node):
            text = node.body[0]
            for number in range(text.lineno - 1, text.end_lineno or text.lineno):
                lines[number] = ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return "\n".join(line.rstrip() for line in lines if line.strip())


def fingerprint(files: Iterable[Path], root: Path) -> str:
    """One hash over the bare text of `files`, with their places below `root`."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(bare(path.read_text("utf-8")).encode() if path.is_file() else b"missing")
    return digest.hexdigest()[:16]


def imported_course_files(root: Path) -> list[Path]:
    """The files of ``coursekit`` that this process has imported, without the machinery that every experiment shares."""
    package = root / "coursekit"
    machinery = {package / name for name in ("__init__.py", "course.py", "evaluation/__init__.py",
                 "evaluation/experiment.py", "evaluation/fingerprint.py", "evaluation/syllabus.py")}
    names = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    files = {Path(name).resolve() for name in names if name}
    return sorted(f for f in files if f.suffix == ".py" and package in f.parents and f not in machinery)
