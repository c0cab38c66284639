"""Which code made a result: a hash that changes with the code, not with its comments.

A result is *stale* when the script or any module of the course that it ran has changed since. Ran, not imported: a
package imports all its modules, and one more toy distribution must not make every older result stale.
"""
from __future__ import annotations

import ast
import hashlib
import inspect
import io
import sys
import threading
import tokenize
from collections.abc import Iterable
from pathlib import Path
from types import CodeType, FrameType


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


class Executed:
    """Inside `with Executed(root) as executed`, notes which files of ``coursekit`` run; `executed.files()` lists them.

    A file counts if one of its functions was called, other than while a module of the course was being imported: tables
    of ready-made objects are built then, most of which an experiment never touches. A file that defines no function
    (constants, plain dataclasses) counts if it was imported. The machinery that every experiment shares does not count.
    """

    def __init__(self, root: Path) -> None:
        self.package = root / "coursekit"
        self._seen: set[CodeType] = set()
        self._called: set[str] = set()

    def __enter__(self) -> Executed:
        self._before, self._home = sys.gettrace(), sys._getframe(1)
        threading.settrace(self._trace)
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)
        threading.settrace(self._before)  # type: ignore[arg-type]

    def _trace(self, frame: FrameType, event: str, _: object) -> None:
        # Called at each call of a Python function; as it returns None, not at each line.
        code = frame.f_code
        if code in self._seen:
            return
        if self._importing(frame):
            return
        self._seen.add(code)
        if code.co_flags & inspect.CO_OPTIMIZED:  # a function, not the body of a module or class
            self._called.add(code.co_filename)

    def _importing(self, frame: FrameType) -> bool:
        """Was this call made, at whatever depth, by the top level of a module of the course?"""
        above: FrameType | None = frame
        while above is not None and above is not self._home:
            if above.f_code.co_name == "<module>" and above.f_code.co_filename.startswith(str(self.package)):
                return True
            above = above.f_back
        return False

    def files(self) -> list[Path]:
        """The files of the course that the result depends on."""
        machinery = {self.package / name for name in ("__init__.py", "course.py", "evaluation/__init__.py",
                     "evaluation/experiment.py", "evaluation/fingerprint.py", "evaluation/syllabus.py")}
        names = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        files = {Path(name).resolve() for name in names if name}
        called = {Path(name).resolve() for name in self._called}
        return sorted(f for f in files if f.suffix == ".py" and self.package in f.parents and f not in machinery
                      and (f in called or (f.name != "__init__.py" and not _defines_functions(f))))


def _defines_functions(path: Path) -> bool:
    tree = ast.parse(path.read_text("utf-8"))
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) for node in ast.walk(tree))
