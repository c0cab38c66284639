"""Which code made a result, such that it can be seen later whether that code has changed.

A result is *stale* when the script or any module of the course that it ran has changed since. Ran, not imported: a
package imports all its modules. And changed, not grown: a module's text is kept as the hashes of its pieces (its
functions, classes, constants, the entries of its tables), and what was there must still be there. So one more toy
distribution, or one more objective in the table, does not make every older result stale; a comment does not, either.
"""
from __future__ import annotations

import ast
import hashlib
import inspect
import io
import sys
import threading
import tokenize
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import CodeType, FrameType


def bare(source: str) -> str:
    """`source` without comments, docstrings and blank lines (what it computes is unchanged)."""
    return "\n".join(line for line in _blanked(source) if line)


def _blanked(source: str) -> list[str]:
    """The lines of `source`, where comments, docstrings and spaces at an end are taken away; no line moves."""
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
    return [line.rstrip() for line in lines]


def pieces(source: str) -> list[str]:
    """The texts whose change changes what a module computes; one more of them does not.

    A piece is a function, a class, an assignment, an imported name, or an entry of a public table, which is
    ``NAME: dict[str, ...] = {...}`` with a name in capitals. Everything else at the top of a module (a loop, a call)
    may act on the rest, so it is one piece all together; and where a name is bound twice, so is the whole module.
    """
    body, lines = ast.parse(source).body, _blanked(source)
    bound = [name for node in body for name in _bound(node)]
    if len(bound) != len(set(bound)):
        return [bare(source)]
    found: list[str] = []
    acts: list[str] = []
    for node in body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a text
        if isinstance(node, ast.Import | ast.ImportFrom):
            found += _imports(node)
        elif _bound(node) == ["__all__"]:
            continue
        elif table := _table(node):
            found += [f"{table[0]}: {text}" for text in _entries(table[1], lines)]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign):
            found.append(_text(node, lines))
        else:
            acts.append(_text(node, lines))
    return found + (["\n".join(acts)] if acts else [])


def _bound(node: ast.stmt) -> list[str]:
    """The names that a statement at the top of a module binds."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return [name.id for target in targets if target is not None for name in ast.walk(target)
            if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)]


def _imports(node: ast.Import | ast.ImportFrom) -> list[str]:
    start = f"from {'.' * node.level}{node.module or ''} " if isinstance(node, ast.ImportFrom) else ""
    return [f"{start}import {alias.name} as {alias.asname or alias.name}" for alias in node.names]


def _table(node: ast.stmt) -> tuple[str, ast.Dict | ast.DictComp] | None:
    """Name and value of a public table."""
    if (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id.isupper()
            and not node.target.id.startswith("_") and isinstance(node.value, ast.Dict | ast.DictComp)
            and isinstance(node.annotation, ast.Subscript) and getattr(node.annotation.value, "id", "") == "dict"):
        return node.target.id, node.value
    return None


def _entries(value: ast.Dict | ast.DictComp, lines: list[str]) -> Iterator[str]:
    if isinstance(value, ast.Dict):
        for key, entry in zip(value.keys, value.values, strict=True):
            yield f"{'**' if key is None else _text(key, lines)}: {_text(entry, lines)}"
        return
    # {one.name: one for one in (A, B, C)}: each of A, B, C, and the rule that makes entries of them
    first, *others = value.generators
    listed = first.iter.elts if isinstance(first.iter, ast.Tuple | ast.List) else [first.iter]
    yield " ".join(_text(part, lines) for part in (value.key, value.value, first.target, *first.ifs))
    for part in [*listed, *(part for other in others for part in (other.target, other.iter, *other.ifs))]:
        yield _text(part, lines)


def _text(node: ast.stmt | ast.expr, lines: list[str]) -> str:
    """The text of a node, without comments, docstrings and blank lines."""
    start = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))])
    part = lines[start - 1 : node.end_lineno]
    if isinstance(node, ast.expr):  # columns count bytes; the end first, for both may be in one line
        part[-1] = part[-1].encode()[: node.end_col_offset].decode()
        part[0] = part[0].encode()[node.col_offset :].decode()
    return "\n".join(line for line in part if line)


def fingerprint(files: Iterable[Path], root: Path) -> dict[str, str]:
    """For each file, by its place below `root`, the hashes of its pieces, sorted, in one string."""
    return {path.relative_to(root).as_posix(): " ".join(sorted(_hashes(path, _stamp(path)))) for path in sorted(files)}


def changed(then: Mapping[str, str], root: Path) -> list[str]:
    """The files of a fingerprint that are gone, or lack a piece that they had."""
    return [name for name, hashes in then.items()
            if not (root / name).is_file() or set(hashes.split()) - _hashes(root / name, _stamp(root / name))]


def _stamp(path: Path) -> tuple[int, int]:
    return path.stat().st_mtime_ns, path.stat().st_size


@cache
def _hashes(path: Path, stamp: tuple[int, int]) -> frozenset[str]:
    """The hashes of a file's pieces; `stamp` tells a changed file from the one that was read before."""
    texts = pieces(path.read_text("utf-8")) or [""]
    return frozenset(hashlib.sha256(text.encode()).hexdigest()[:8] for text in texts)


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
