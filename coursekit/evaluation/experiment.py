"""An experiment: one row of the syllabus, measured over seeds, its result committed beside its script.

A script ``experiments/<row>.py`` defines ``measure(seeds) -> Result`` and ``SEEDS``. `run_row` runs it in this process,
`run_rows` runs the stale ones each in a fresh process, and `figure_row` shows a committed result in a lecture.
"""
from __future__ import annotations

import html
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coursekit.course import course_root
from coursekit.evaluation.fingerprint import Executed, changed, fingerprint


@dataclass(frozen=True)
class Result:
    """What a script measured.

    Attributes:
        measured: one sentence with the figures (built from them, never typed).
        figures: each figure by name.
        gates: each condition of the row by name, and whether it holds. All hold: status ``ok``.
        intervals: 95 % interval of a figure, by the figure's name.
        finding: where a published claim does not show here, the sentence that says so (status ``finding``).
        data: arrays that a lecture plots, as lists.
    """

    measured: str
    figures: Mapping[str, float]
    gates: Mapping[str, bool]
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    finding: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> str:
        if not all(self.gates.values()):
            return "fails"
        return "finding" if self.finding else "ok"


class Row(dict):
    """A committed result. Shows itself in a notebook: asked, measured, seeds, seconds, status."""

    def _lines(self) -> list[tuple[str, str]]:
        seeds = self["seeds"]
        return [
            ("asked", self["asked"]),
            ("measured", self["measured"]),
            ("status", self["status"] + (f": {self['finding']}" if self.get("finding") else "")),
            ("seeds", f"{len(seeds)} ({seeds[0]} to {seeds[-1]})" if len(seeds) > 1 else str(seeds)),
            ("seconds", f"{self['seconds']:.1f}"),
        ]

    def __repr__(self) -> str:
        return "\n".join([self["row"], *(f"  {name}: {text}" for name, text in self._lines())])

    def _repr_html_(self) -> str:
        rows = "".join(f'<tr><th scope="row" style="text-align:left">{name}</th>'
                       f'<td style="text-align:left">{html.escape(text)}</td></tr>' for name, text in self._lines())
        caption = f'<caption style="text-align:left"><b>{html.escape(self["row"])}</b></caption>'
        return f"<table>{caption}{rows}</table>"


def figure_row(row: str, course: Path | None = None) -> Row:
    """The committed result of a row, marked ``stale`` where its code has changed since.

    Raises:
        FileNotFoundError: the row has no committed result.
    """
    course = course or course_root()
    path = course / "experiments" / f"{row}.json"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("s*.json"))) or "none"
        raise FileNotFoundError(f"Row {row!r} has no committed result in {path.parent.name}/ (there are: {known}). "
                                f"Make it with: coursekit figures {row}")
    result = Row(json.loads(path.read_text("utf-8")))
    if is_stale(result, course):
        result["status"] = "stale"
    return result


def is_stale(result: Mapping[str, Any], course: Path) -> bool:
    """Has the code changed since the result was made? (Where the scripts are not shipped: no.)"""
    script = course / "experiments" / f"{result['row']}.py"
    if not script.is_file():
        return False
    return bool(changed(result["code"], course))


def run_row(row: str, course: Path | None = None, *, seeds: Sequence[int] | None = None, write: bool = True) -> Row:
    """Run one script here and write its result.

    Args:
        row: the row's id.
        seeds: other seeds than the script's own ``SEEDS``; such a result is returned, never written.

    Raises:
        FileNotFoundError: there is no such script.
        KeyError: ``rows.toml`` has no such row.
    """
    import torch  # here, so that reading the syllabus stays light

    course = course or course_root()
    script = course / "experiments" / f"{row}.py"
    if not script.is_file():
        raise FileNotFoundError(f"There is no experiment {script.name} in {script.parent}.")
    question = asked(row, course)  # before anything is measured: a name that is no row's should not cost an hour
    spec = importlib.util.spec_from_file_location(row, script)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    start = time.perf_counter()
    with Executed(course) as executed:
        spec.loader.exec_module(module)
        used = list(module.SEEDS if seeds is None else seeds)
        result: Result = module.measure(used)
    seconds = time.perf_counter() - start
    files = [script, *executed.files()]
    record = Row(
        row=row, asked=question, measured=result.measured, status=result.status, finding=result.finding,
        figures=dict(result.figures), gates={k: bool(v) for k, v in result.gates.items()},
        intervals={k: list(v) for k, v in result.intervals.items()},
        seeds=used, seconds=round(seconds, 2),
        code=fingerprint(files, course),
        machine={"torch": torch.__version__.split("+")[0], "python": platform.python_version(),
                 "cores": os.cpu_count()},
        data=dict(result.data),
    )
    if write and seeds is None:
        path = script.with_suffix(".json")
        path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", "utf-8", newline="\n")
    return record


def asked(row: str, course: Path) -> str:
    """What the syllabus asks of a row."""
    from coursekit.evaluation.syllabus import read_rows

    rows = {r["id"]: r for r in read_rows(course)}
    if row not in rows:
        raise KeyError(f"{row!r} is no row of experiments/rows.toml: name the script after a row's id, or add the row.")
    return rows[row]["asked"]


def run_rows(course: Path, rows: Sequence[str] = (), *, force: bool = False) -> list[Row]:
    """Run the named rows (none named: all that have a script), each in a fresh process; only stale ones unless `force`.

    Raises:
        RuntimeError: a script ended with an error (the others have run and are written).
    """
    scripts = sorted(p.stem for p in (course / "experiments").glob("s[0-9][0-9]_*.py"))
    unknown = sorted(set(rows) - set(scripts))
    if unknown:
        raise FileNotFoundError(f"No such experiment: {', '.join(unknown)}. There are: {', '.join(scripts)}.")
    done, broken = [], []
    for row in rows or scripts:
        path = course / "experiments" / f"{row}.json"
        if path.is_file() and not force and not is_stale(json.loads(path.read_text("utf-8")), course):
            done.append(figure_row(row, course))
            continue
        print(f"{row} …", flush=True)
        code = f"from coursekit.evaluation.experiment import run_row; print(run_row({row!r}))"
        # One thread: the nets here are small, and the same sums come out on every number of cores.
        one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        if subprocess.run([sys.executable, "-c", code], cwd=course, env=one_thread).returncode:
            broken.append(row)
        else:
            done.append(figure_row(row, course))
    if broken:
        raise RuntimeError(f"These experiments ended with an error: {', '.join(broken)}. See above.")
    return done
