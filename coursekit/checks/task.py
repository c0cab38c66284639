"""What an instructor writes for one exercise: the task, its cases, and the slips it must catch."""
from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

Answer = Callable[..., Any]
Driver = Callable[[Answer, Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class Case:
    """One call of the student's function.

    Attributes:
        inputs: keyword arguments by name: numpy arrays, numbers, strings, booleans or None.
        part: which part of the task the case belongs to; every case of a part must pass to earn it.
    """

    inputs: Mapping[str, Any]
    part: str = "values"


@dataclass(frozen=True)
class Slip:
    """One of the field's classic mistakes: a runnable wrong answer, and the hint that undoes it.

    Attributes:
        name: short and stable; it appears in reports ("forgot-the-bandwidth-power").
        hint: one or two sentences for the student. It says what to look at, not what to type.
        answer: the wrong answer, with the signature of the task's function.
    """

    name: str
    hint: str
    answer: Answer


def call(answer: Answer, inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """The default driver: call `answer` with the inputs by keyword, arrays as float64 (or integer) tensors.

    A tuple of results becomes ``result[0]``, ``result[1]``, …; a mapping keeps its keys; anything else, a list too, is
    ``result``.
    """
    out = answer(**{k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in inputs.items()})
    if isinstance(out, Mapping):
        return dict(out)
    if isinstance(out, tuple):
        return {f"result[{i}]": value for i, value in enumerate(out)}
    return {"result": out}


@dataclass(frozen=True)
class Task:
    """One exercise: a function that the student writes.

    Attributes:
        name: "t1", "t2", …; the answer cell has this ``grade_id``, its check cell has ``t1-check``.
        title: for reports and feedback.
        reference: a right answer, with the signature that the student is given.
        cases: ``cases(rng)`` draws the inputs. The release calls it with a public seed, grading with a secret one;
            it must return the same number of cases of the same parts each time.
        points: points of each part, by name. Most tasks have one part, "values". The first part is the base: the
            others are earned only with it (far from the data a tolerance forgives what it would not forgive near it).
        slips: the classic mistakes. Each must differ from the reference in at least one case of *any* draw.
        driver: ``driver(answer, inputs) -> {name: array}``; shipped to students, so it uses only `np`, `torch`, and
            what it defines inside itself. `None` means `call`.
        rtol, atol: an output passes where ``abs(actual - expected) <= atol + rtol * abs(expected)``.
        forbids: names whose use is flagged for the instructor (never silently zeroed): ``"KernelDensity"`` or
            dotted, ``"coursekit.density"``.
    """

    name: str
    title: str
    reference: Answer
    cases: Callable[[np.random.Generator], list[Case]]
    points: Mapping[str, float]
    slips: tuple[Slip, ...] = ()
    driver: Driver | None = None
    rtol: float = 1e-4
    atol: float = 1e-6
    forbids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.points or any(p <= 0 for p in self.points.values()):
            raise ValueError(f"task {self.name}: every part needs points > 0, given {dict(self.points)}.")
        names = [s.name for s in self.slips]
        if len(set(names)) != len(names):
            raise ValueError(f"task {self.name}: two slips share a name in {names}.")

    @property
    def max_points(self) -> float:
        return float(sum(self.points.values()))

    def draw(self, seed: int | str) -> list[Case]:
        """The cases of one seed. A string seed (the secret) is hashed, with the task's name, into the generator."""
        words = [seed] if isinstance(seed, int) else list(str(seed).encode())
        rng = np.random.default_rng([*words, *self.name.encode()])
        cases = self.cases(rng)
        parts = {case.part for case in cases}
        if parts != set(self.points):
            raise ValueError(
                f"task {self.name}: its cases belong to the parts {sorted(parts)}, but points are given for "
                f"{sorted(self.points)}. Every part needs points and at least one case."
            )
        return cases


@dataclass(frozen=True)
class Assignment:
    """All tasks of one problem set, and right answers written in other ways (the bank)."""

    name: str
    tasks: Mapping[str, Task] = field(default_factory=dict)
    source: Path | None = None

    @property
    def max_points(self) -> float:
        return sum(task.max_points for task in self.tasks.values())


def load_assignment(path: str | Path) -> Assignment:
    """Import ``psNN_checks.py`` and collect its list ``TASKS``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it has no ``TASKS``, or two tasks share a name.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no checks file {path}. An assignment psNN needs psNN_checks.py beside it.")
    module_name = f"_coursekit_checks_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module  # inspect.getsource and dataclasses look modules up by name
    spec.loader.exec_module(module)
    tasks = getattr(module, "TASKS", None)
    if not tasks:
        raise ValueError(f"{path} defines no list TASKS of coursekit.checks.Task.")
    names = [task.name for task in tasks]
    if len(set(names)) != len(names):
        raise ValueError(f"{path}: two tasks share a name in {names}.")
    return Assignment(path.stem.removesuffix("_checks"), {task.name: task for task in tasks}, path)
