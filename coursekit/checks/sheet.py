"""The expected arrays of one task on one draw of its cases, with the arrays of its slips.

The release ships the sheets of the *visible* cases to students. The judge computes those of the *hidden* cases in its
own process. Either way the judging is the same.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coursekit.checks.arrays import load_flat, pack_inputs, save_flat, to_arrays, unpack_inputs
from coursekit.checks.compare import close
from coursekit.checks.task import Case, Driver, Task, call

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Sheet:
    """Everything needed to judge one task.

    Attributes:
        name, title, points, rtol, atol: as in `Task`.
        cases: the drawn cases.
        expected: per case, the outputs of the reference.
        slips: per slip, its outputs per case (`None` where the slip itself raised).
        hints: per slip, its hint.
    """

    name: str
    title: str
    points: Mapping[str, float]
    rtol: float
    atol: float
    cases: list[Case]
    expected: list[Arrays]
    slips: Mapping[str, list[Arrays | None]]
    hints: Mapping[str, str]

    @property
    def max_points(self) -> float:
        return float(sum(self.points.values()))


def run(answer: Callable[..., Any], driver: Driver | None, inputs: Mapping[str, Any]) -> Arrays:
    """One call through the driver, as arrays. `inputs` are copied first: an answer may overwrite its own."""
    fresh = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in inputs.items()}
    return to_arrays((driver or call)(answer, fresh))


def make_sheet(task: Task, seed: int | str) -> Sheet:
    """Run the reference and all slips of `task` on the cases of `seed`.

    Raises:
        ValueError: a slip equals the reference on every case, so that it could not be caught.
    """
    cases = task.draw(seed)
    expected = [run(task.reference, task.driver, case.inputs) for case in cases]
    for case, arrays in zip(cases, expected, strict=True):
        if not all(np.isfinite(a).all() or np.isinf(a).any() for a in arrays.values()):
            raise ValueError(f"task {task.name}: the reference gives NaN for a case of part {case.part!r}.")
    slips: dict[str, list[Arrays | None]] = {}
    for slip in task.slips:
        outputs: list[Arrays | None] = []
        for case in cases:
            try:
                outputs.append(run(slip.answer, task.driver, case.inputs))
            except Exception:
                outputs.append(None)
        if all(o is not None and same(o, e, task.rtol, task.atol) for o, e in zip(outputs, expected, strict=True)):
            raise ValueError(f"task {task.name}: slip {slip.name!r} equals the reference on every case drawn.")
        slips[slip.name] = outputs
    hints = {slip.name: slip.hint for slip in task.slips}
    return Sheet(task.name, task.title, dict(task.points), task.rtol, task.atol, cases, expected, slips, hints)


def same(a: Arrays, b: Arrays, rtol: float, atol: float) -> bool:
    """All outputs equal to tolerance."""
    return a.keys() == b.keys() and all(close(a[k], b[k], rtol, atol) for k in a)


def save_sheets(path: str | Path, sheets: list[Sheet], assignment: str, *, inputs_only: bool = False) -> None:
    """Write ``path.npz`` and ``path.json``. With `inputs_only` no expected array, slip or hint is in the file."""
    arrays: Arrays = {}
    tasks = {}
    for sheet in sheets:
        entry: dict[str, Any] = {
            "title": sheet.title, "points": dict(sheet.points), "rtol": sheet.rtol, "atol": sheet.atol,
            "cases": [{"part": case.part, "inputs": pack_inputs(case.inputs, f"{sheet.name}/{i}/in", arrays)}
                      for i, case in enumerate(sheet.cases)],
        }
        if not inputs_only:
            entry["hints"] = dict(sheet.hints)
            entry["outputs"] = list(sheet.expected[0])  # their order, which the archive does not keep
            for i, outputs in enumerate(sheet.expected):
                arrays.update({f"{sheet.name}/{i}/out/{k}": v for k, v in outputs.items()})
            for slip, per_case in sheet.slips.items():
                for i, slipped in enumerate(per_case):
                    arrays.update({f"{sheet.name}/{i}/slip/{slip}/{k}": v for k, v in (slipped or {}).items()})
        tasks[sheet.name] = entry
    save_flat(path, arrays, {"assignment": assignment, "tasks": tasks})


def load_sheets(path: str | Path) -> tuple[str, dict[str, Sheet]]:
    """Read what `save_sheets` wrote: the assignment's name, and the sheets by task."""
    arrays, meta = load_flat(path)
    sheets = {}
    for name, entry in meta["tasks"].items():
        cases = [Case(unpack_inputs(c["inputs"], arrays), c["part"]) for c in entry["cases"]]
        hints = entry.get("hints", {})
        sheets[name] = Sheet(
            name, entry["title"], entry["points"], entry["rtol"], entry["atol"], cases,
            [_below(arrays, f"{name}/{i}/out/", entry.get("outputs", ())) for i in range(len(cases))],
            {slip: [_below(arrays, f"{name}/{i}/slip/{slip}/") or None for i in range(len(cases))] for slip in hints},
            hints,
        )
    return meta["assignment"], sheets


def _below(arrays: Mapping[str, np.ndarray], prefix: str, order: Sequence[str] = ()) -> Arrays:
    found = {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}
    return {key: found[key] for key in (*order, *found) if key in found}
