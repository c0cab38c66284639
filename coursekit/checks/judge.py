"""The judge: arrays in, a verdict out. It runs in a process that no student's code has touched."""
from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from coursekit.checks.compare import difference
from coursekit.checks.sheet import Arrays, Sheet, same


@dataclass(frozen=True)
class Failure:
    """What one case's call ended with instead of arrays: a sentence, and whether the task was left blank."""

    sentence: str
    blank: bool = False


@dataclass(frozen=True)
class PartVerdict:
    """One part of a task: earned or not, and what differs (empty when earned)."""

    name: str
    points: float
    passed: bool
    sentences: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The judge's word on one task.

    Attributes:
        task, title: which task.
        parts: one `PartVerdict` each.
        slips: the slips recognised, as ``{name: hint}``.
        blank: the student left the task as it was.
    """

    task: str
    title: str
    parts: tuple[PartVerdict, ...]
    slips: Mapping[str, str] = field(default_factory=dict)
    blank: bool = False

    @property
    def points(self) -> float:
        return float(sum(part.points for part in self.parts if part.passed))

    @property
    def max_points(self) -> float:
        return float(sum(part.points for part in self.parts))

    @property
    def passed(self) -> bool:
        return all(part.passed for part in self.parts)

    def lines(self) -> list[str]:
        """The verdict as plain sentences, first the mark."""
        head = f"{self.task}: {self.points:g} of {self.max_points:g} points"
        if self.blank:
            return [f"{head}. Not answered yet."]
        if self.passed:
            return [f"{head}. Right."]
        out = [head + "."]
        for part in self.parts:
            label = f"{part.name}: " if len(self.parts) > 1 else ""
            if part.passed:
                out.append(f"{label}right.")
            else:
                out += [label + sentence for sentence in part.sentences]
        out += [f"Hint: {hint}" for hint in self.slips.values()]
        return out

    def __str__(self) -> str:
        return "\n".join(self.lines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        colour = "#0072B2" if self.blank else "#009E73" if self.passed else "#D55E00"
        mark = "&#9675;" if self.blank else "&#10003;" if self.passed else "&#10007;"
        head, *rest = (html.escape(line) for line in self.lines())
        body = "".join(f"<li>{line}</li>" for line in rest)
        return (f'<div role="status" style="border-left:4px solid {colour};padding:2px 10px;margin:2px 0">'
                f'<b style="color:{colour}">{mark}</b> {head}{f"<ul>{body}</ul>" if body else ""}</div>')

    def to_dict(self) -> dict:
        """Everything, JSON-able."""
        return {
            "task": self.task, "title": self.title, "points": self.points, "max_points": self.max_points,
            "blank": self.blank, "slips": dict(self.slips),
            "parts": [{"name": p.name, "points": p.points, "passed": p.passed, "sentences": list(p.sentences)}
                      for p in self.parts],
        }


def judge(sheet: Sheet, outputs: Sequence[Arrays | Failure], *, reveal: bool) -> Verdict:
    """Judge the outputs of all cases of one task.

    Args:
        sheet: expected arrays, slips, points.
        outputs: per case the student's arrays, or the `Failure` that took their place. Missing cases count as failed.
        reveal: `True` for visible cases (sentences may quote expected values), `False` for hidden ones.
    """
    sentences: dict[str, list[str]] = {part: [] for part in sheet.points}
    wrong: list[int] = []
    failures = [o for o in outputs if isinstance(o, Failure)]
    for i, case in enumerate(sheet.cases):
        given = outputs[i] if i < len(outputs) else Failure("The call left no result.")
        sentence = given.sentence if isinstance(given, Failure) else _differs(given, sheet, i, reveal)
        if sentence:
            wrong.append(i)
            where = f" (case {i})" if reveal and not isinstance(given, Failure) else ""
            if sentence + where not in sentences[case.part]:
                sentences[case.part].append(sentence + where)
    blank = bool(failures) and all(f.blank for f in failures) and len(failures) == len(sheet.cases)
    first = next(iter(sheet.points))
    if sentences[first]:
        for part in list(sheet.points)[1:]:
            sentences[part] = [f"counts once the part {first!r} is right."]
    parts = tuple(PartVerdict(part, float(points), not sentences[part], tuple(sentences[part][:2]))
                  for part, points in sheet.points.items())
    return Verdict(sheet.name, sheet.title, parts, _slips(sheet, outputs, wrong), blank)


def _differs(given: Arrays, sheet: Sheet, i: int, reveal: bool) -> str:
    expected = sheet.expected[i]
    said = []
    for key, want in expected.items():
        label = "" if key == "result" else f"{key}: "
        if key not in given:
            if len(expected) > 1 and list(given) == ["result"]:
                return f"The function returned one value; expected {len(expected)}: {', '.join(expected)}."
            if key == "result":
                return f"The function returned several values ({', '.join(given)}); expected one."
            return f"{label}missing from what the function returned."
        found = difference(np.asarray(given[key]), want, sheet.rtol, sheet.atol, reveal=reveal)
        if found:
            said.append(label + found.sentence + (f" {found.detail}" if reveal and found.detail else ""))
        elif len(expected) > 1:
            said.append(f"{label}right.")
    if any(not sentence.endswith(": right.") for sentence in said):
        return " ".join(said)
    extra = [key for key in given if key not in expected]
    return f"The function returned more than was asked for: {', '.join(extra)}." if extra else ""


def _slips(sheet: Sheet, outputs: Sequence[Arrays | Failure], wrong: Sequence[int]) -> dict[str, str]:
    """For each part, the slips that explain most of its wrong cases: those that give the very arrays given."""
    explained: dict[str, dict[str, int]] = {part: {} for part in sheet.points}
    for slip, slipped in sheet.slips.items():
        for i in wrong:
            given, theirs = (outputs[i] if i < len(outputs) else None), slipped[i]
            if theirs is None or given is None or isinstance(given, Failure):
                continue
            if same(theirs, sheet.expected[i], sheet.rtol, sheet.atol):
                continue  # here the slip does no harm, so it explains nothing
            if same(given, theirs, sheet.rtol, sheet.atol):
                of_part = explained[sheet.cases[i].part]
                of_part[slip] = of_part.get(slip, 0) + 1
    best: dict[str, str] = {}
    for of_part in explained.values():
        most = max(of_part.values(), default=0)
        # One mistake is enough: a slip that already explains another part is not joined by its equals here.
        ties = [slip for slip, count in of_part.items() if count == most]
        if not any(slip in best for slip in ties):
            best |= {slip: sheet.hints[slip] for slip in ties}
    return best
