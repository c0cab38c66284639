"""Pairs of submissions that look alike, ranked for a person to look at. It changes no mark and proves nothing.

Short right answers *are* alike, so what everybody wrote must not count. An answer becomes a stream of tokens without
comments, doc strings, layout and names (each name becomes its order of appearance, so that renaming hides nothing). Of
every run of `GRAM` tokens a hash is kept where it is the least of its window: winnowing, by Schleimer, Wilkerson and
Aiken, "Winnowing: local algorithms for document fingerprinting", SIGMOD 2003. A shared fingerprint then weighs the
logarithm of how rare it is in the class, and those of the released notebook weigh nothing.

A solution that half the class has passed on is not rare any more. So whole notebooks are compared too, by all of their
fingerprints: those that are all but the same are shown as groups.
"""
from __future__ import annotations

import ast
import html
import io
import keyword
import math
import tokenize
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from zlib import crc32

LONG = 100_000
"""Characters. A parser takes hundreds of bytes for each, and a notebook may hold 20 MB of them."""
GRAM = 12
WINDOW = 5
SHOWN = 30
SAME = 0.9
"""From this share of common fingerprints on, two whole notebooks are all but the same."""
ENOUGH = 32
"""Fewer fingerprints in all (some fifteen lines of code) are no whole notebook, and right answers may well agree."""


Answers = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Pair:
    """Two students, how much of the rarer code they share (0 to 1), and in which task most."""

    first: str
    second: str
    score: float
    task: str


def normalised(source: str) -> list[str]:
    """Tokens of a piece of Python without comments, doc strings, layout and the choice of names.

    Text that is no Python gives its words, and so does one that is too long to be an answer.
    """
    if len(source) > LONG:
        return source[:LONG].split()
    try:
        source = ast.unparse(_without_docstrings(ast.parse(source)))
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError):
        return source.split()
    names: dict[str, str] = {}
    out = []
    for token in tokens:
        if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER):
            continue
        if token.type == tokenize.NAME and not keyword.iskeyword(token.string):
            out.append(names.setdefault(token.string, f"n{len(names)}"))
        elif token.type in (tokenize.INDENT, tokenize.DEDENT):
            out.append(tokenize.tok_name[token.type])
        else:
            out.append(token.string)
    return out


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):
            node.body = [s for s in body if not (  # type: ignore[attr-defined]
                isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant) and isinstance(s.value.value, str))]
            if not node.body and not isinstance(node, ast.Module):  # type: ignore[attr-defined]
                node.body = [ast.Pass()]  # type: ignore[attr-defined]
    return tree


def fingerprints(source: str) -> set[int]:
    """Hashes that stand for a piece of code: the least of every `WINDOW` neighbouring runs of `GRAM` tokens."""
    tokens = normalised(source)
    hashes = [crc32("\0".join(_relative(tokens[i:i + GRAM])).encode("utf-8", "replace"))
              for i in range(max(1, len(tokens) - GRAM + 1))]
    return {min(hashes[i:i + WINDOW]) for i in range(max(1, len(hashes) - WINDOW + 1))}


def _relative(tokens: list[str]) -> list[str]:
    """Names counted within the run, so that code put before it does not change its hash."""
    seen: dict[str, str] = {}
    return [seen.setdefault(t, f"n{len(seen)}") if t[:1] == "n" and t[1:].isdigit() else t for t in tokens]


def _prints(answers: Answers, released: Mapping[str, str] | None) -> dict[str, dict[str, set[int]]]:
    return {student: {task: fingerprints(source) - fingerprints((released or {}).get(task, ""))
                      for task, source in tasks.items()} for student, tasks in answers.items()}


def same_notebooks(answers: Answers, released: Mapping[str, str] | None = None) -> list[list[str]]:
    """Groups of students whose whole notebooks are all but the same, the largest first.

    Two belong together where they share at least `SAME` of the fingerprints that either has (Jaccard), in all tasks; a
    group is what such pairs connect.

    Args:
        answers: per student, the source of each task's answer.
        released: per task, the source that students were given.
    """
    whole = {student: {(task, mark) for task, marks in tasks.items() for mark in marks}
             for student, tasks in _prints(answers, released).items()}
    group = {student: {student} for student, marks in whole.items() if len(marks) >= ENOUGH}
    for first, second in combinations(sorted(group), 2):
        a, b = whole[first], whole[second]
        if group[first] is not group[second] and len(a & b) >= SAME * len(a | b):
            joined = group[first] | group[second]
            group |= dict.fromkeys(joined, joined)
    found = {id(members): sorted(members) for members in group.values() if len(members) > 1}
    return sorted(found.values(), key=lambda members: (-len(members), members))


def similar_pairs(answers: Answers, released: Mapping[str, str] | None = None) -> list[Pair]:
    """All pairs that share something rare, the most alike first.

    Args:
        answers: per student, the source of each task's answer.
        released: per task, the source that students were given.
    """
    prints = _prints(answers, released)
    holders = Counter((task, mark) for tasks in prints.values() for task, marks in tasks.items() for mark in marks)
    weight = {key: math.log(len(answers) / count) for key, count in holders.items()}

    def heavy(student: str, task: str) -> float:
        return sum(weight[task, mark] for mark in prints[student][task])

    where: dict[tuple[str, int], list[str]] = {}
    for student, tasks in prints.items():
        for task, marks in tasks.items():
            for mark in marks:
                where.setdefault((task, mark), []).append(student)
    shared: dict[tuple[str, str], Counter[str]] = {}
    for (task, mark), students in where.items():
        if 1 < len(students) <= max(2, len(answers) // 4):  # what a quarter of the class wrote tells nothing
            for pair in combinations(sorted(students), 2):
                shared.setdefault(pair, Counter())[task] += weight[task, mark]  # type: ignore[assignment]
    pairs = []
    for (first, second), by_task in shared.items():
        both = set(prints[first]) & set(prints[second])
        least = min(sum(heavy(s, t) for t in both) for s in (first, second))
        if least > 0:
            score = min(1.0, sum(by_task.values()) / least)
            pairs.append(Pair(first, second, score, max(by_task, key=lambda t: (by_task[t], t))))
    return sorted(pairs, key=lambda p: (-p.score, p.first, p.second))


def write_similar(path: Path, pairs: list[Pair], answers: Answers, groups: list[list[str]]) -> None:
    """Write the page: groups, and the first pairs side by side; no script, nothing from the net, every word escaped."""
    parts = ["<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'>",
             "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">",
             "<title>Similar answers</title><style>body{font:15px/1.45 system-ui,sans-serif;margin:2em;color:#222}",
             "pre{background:#f6f6f6;padding:.6em;overflow:auto;margin:0;font-size:13px}td{vertical-align:top;width:50%}",
             "table{width:100%;table-layout:fixed}</style></head><body><h1>Similar answers</h1>",
             "<p>Pairs that share code which is rare in this class, whatever its names and comments are. Short right "
             "answers are alike by nature, and people may learn together: this page proves nothing. It says where a "
             "person may want to look.</p>"]
    if groups:
        names = "".join(f"<li>{len(members)}: {_e(', '.join(members))}</li>" for members in groups)
        parts.append(f"<h2>Notebooks that are all but the same</h2><p>Each shares at least {100 * SAME:.0f} % of its "
                     "code with another of its group, over all tasks, whether that code is rare in the class or not."
                     f"</p><ul>{names}</ul><h2>Pairs that share rare code</h2>")
    for pair in pairs[:SHOWN]:
        parts.append(f"<h2>{_e(pair.first)} and {_e(pair.second)}: {100 * pair.score:.0f} % alike, most in "
                     f"{_e(pair.task)}</h2><table><tr>")
        parts += [f"<td><pre>{_e(answers[student].get(pair.task, ''))}</pre></td>"
                  for student in (pair.first, pair.second)]
        parts.append("</tr></table>")
    if not pairs:
        parts.append("<p>No two submissions share code that at most a quarter of the class has.</p>")
    path.write_text("\n".join([*parts, "</body></html>"]), "utf-8")


def _e(text: str) -> str:
    return html.escape(text.encode("utf-8", "replace").decode("utf-8"), quote=True)
