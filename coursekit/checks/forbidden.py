"""Names that a task's answer may not use: flagged for the instructor, never silently zeroed."""
from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Collection

MAX_CHARACTERS = 200_000
"""Longer texts are not searched: a tree takes about a hundred times the memory of its text."""


def used_names(source: str) -> set[str]:
    """Every name, attribute chain and imported module in `source`, dotted, with aliases undone.

    ``import torch.distributions as D; D.Normal`` gives ``torch.distributions.Normal``. Where a part of the text is not
    Python (magics, syntax errors), the names of the rest are found; text that is not `searchable` gives none.
    """
    tree = _tree(source)
    return _names(tree) if tree is not None else set()


def searchable(source: str) -> bool:
    """Can the names in this text be found? Not where it is very long, or nested so deep that no parser takes it."""
    return _tree(source) is not None


def _tree(source: str) -> ast.Module | None:
    """The text parsed, without the pieces that are no Python; `None` where it is not `searchable`."""
    if len(source) > MAX_CHARACTERS:
        return None
    text = "\n".join(line for line in source.splitlines() if not line.lstrip().startswith(("%", "!")))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in a student's strings
            return _parsed(text) or ast.Module([node for piece in _pieces(text) for node in _body(piece)], [])
    except (RecursionError, MemoryError):  # one bracket in another, thousands deep
        return None


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _pieces(text: str) -> list[str]:
    """What begins at the left margin, each with the indented lines below it."""
    return re.split(r"\n(?=[^\s)\]}])", text)


def _body(piece: str) -> list[ast.stmt]:
    tree = _parsed(piece)
    return tree.body if tree is not None else []


def _names(tree: ast.Module) -> set[str]:
    alias: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                alias[name.asname or name.name.split(".")[0]] = name.name if name.asname else name.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                alias[name.asname or name.name] = f"{node.module}.{name.name}"
    found = set(alias.values())
    found |= {n.name for node in ast.walk(tree) if isinstance(node, ast.Import) for n in node.names}
    inner = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        chain = _chain(node) if id(node) not in inner else []  # the longest chain says all that its parts would
        if chain:
            head, *rest = chain
            found.add(".".join([alias.get(head, head), *rest]))
    return found


def forbidden_uses(source: str, forbids: Collection[str]) -> list[str]:
    """Which of `forbids` the source uses.

    A dotted entry matches itself and all below it ("coursekit.density" matches "coursekit.density.KernelDensity"); a
    plain one matches any name or last attribute ("logsumexp" matches "torch.logsumexp" and "x.logsumexp").
    """
    names = used_names(source) if forbids else set()
    parts = {part for name in names for part in name.split(".")}
    return [f for f in forbids
            if (f in parts if "." not in f else any(n == f or n.startswith(f + ".") for n in names))]


def _chain(node: ast.AST) -> list[str]:
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return [*([node.id] if isinstance(node, ast.Name) else []), *reversed(attributes)]
