"""Names that a task's answer may not use: flagged for the instructor, never silently zeroed."""
from __future__ import annotations

import ast
from collections.abc import Iterable


def used_names(source: str) -> set[str]:
    """Every name, attribute chain and imported module in `source`, dotted, with aliases undone.

    ``import torch.distributions as D; D.Normal`` gives ``torch.distributions.Normal``. Text that is not Python (magics,
    syntax errors) gives an empty set: such a cell earns nothing anyway.
    """
    lines = [line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
    try:
        tree = ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError):
        return set()
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
    for node in ast.walk(tree):
        chain = _chain(node)
        if chain:
            head, *rest = chain
            found.add(".".join([alias.get(head, head), *rest]))
    return found


def forbidden_uses(source: str, forbids: Iterable[str]) -> list[str]:
    """Which of `forbids` the source uses.

    A dotted entry matches itself and all below it ("coursekit.density" matches "coursekit.density.KernelDensity"); a
    plain one matches any name or last attribute ("logsumexp" matches "torch.logsumexp" and "x.logsumexp").
    """
    names = used_names(source)
    parts = {part for name in names for part in name.split(".")}
    return [f for f in forbids
            if (f in parts if "." not in f else any(n == f or n.startswith(f + ".") for n in names))]


def _chain(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        below = _chain(node.value)
        return [*below, node.attr] if below else [node.attr]
    return []
