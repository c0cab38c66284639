"""The one line in a student's notebook: ``check("t1", my_function)``.

At home it runs the visible cases and says what differs. At grading the very same line runs hidden inputs and only
writes arrays: it knows no expected value, so there is nothing to find.
"""
from __future__ import annotations

import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from coursekit.checks.arrays import NotAnArray, to_array
from coursekit.checks.judge import Failure, Verdict, judge
from coursekit.checks.sheet import Arrays, Sheet, load_sheets, run
from coursekit.checks.task import Driver

GRADING = "COURSEKIT_GRADING"
"""Environment variable: the folder with ``inputs.npz/.json`` and ``drivers.py``; answers go to its ``out/``."""
REPORT = "COURSEKIT_CHECK_REPORT"
"""Environment variable: a file to which every verdict is appended as one line of JSON (``coursekit check``)."""


def open_checks(assignment: str, folder: str | Path | None = None) -> Checker:
    """The checks of `assignment`, found beside the notebook (in ``checks/``) or in the course's ``exercises/``.

    Raises:
        FileNotFoundError: neither place has them.
    """
    if os.environ.get(GRADING):
        return Checker(assignment, Path(os.environ[GRADING]), grading=True)
    here = Path.cwd()
    places = [Path(folder)] if folder else [here / "checks"]
    if not folder:
        places += [up / "exercises" / assignment / "checks" for up in (here, *here.parents)]
    for place in places:
        if (place / "cases.json").is_file() and json.loads((place / "cases.json").read_text("utf-8")).get(
            "assignment"
        ) == assignment:
            return Checker(assignment, place)
    raise FileNotFoundError(
        f"The checks of {assignment!r} were not found in {places[0]} or in exercises/{assignment}/checks above it. "
        "Start Jupyter in the course's folder, or copy the assignment's folder again."
    )


class Checker:
    """Calls a student's function on the cases of a task; shows a `Verdict`, or at grading writes arrays."""

    def __init__(self, assignment: str, folder: Path, *, grading: bool = False) -> None:
        self.assignment = assignment
        self.folder = folder
        self.grading = grading
        self.last: Verdict | None = None
        name, self.sheets = load_sheets(folder / ("inputs" if grading else "cases"))
        if name != assignment:
            raise ValueError(f"The checks in {folder} belong to {name!r}, not to {assignment!r}.")
        self.drivers = load_drivers(folder / "drivers.py")

    def __repr__(self) -> str:
        return f"checks of {self.assignment}: {', '.join(self.sheets)}"

    def __call__(self, task: str, answer: Callable[..., Any]) -> Verdict | None:
        """Check `answer`, the function asked for in `task`.

        Raises:
            KeyError: there is no such task.
            TypeError: `answer` is not a function.
        """
        if task not in self.sheets:
            raise KeyError(f"{self.assignment} has no task {task!r}; its tasks are {', '.join(self.sheets)}.")
        if not callable(answer):
            raise TypeError(f"check({task!r}, …) wants the function itself, without calling it; "
                            f"given a {type(answer).__name__}.")
        sheet = self.sheets[task]
        outputs = [attempt(answer, self.drivers.get(task), case.inputs, quote=not self.grading) for case in sheet.cases]
        if self.grading:
            write_outputs(self.folder / "out" / f"{task}.npz", outputs)
            return None
        verdict = self.last = judge(sheet, outputs, reveal=True)
        _report(verdict)
        if not verdict.passed and os.environ.get("NBGRADER_EXECUTION") == "validate":
            raise AssertionError(str(verdict))
        return verdict

    def play(self, picture: Callable[[], Any]) -> None:
        """Show a picture made with the student's answers (a decorator); while one is missing or fails, say so instead.

        At grading nothing is drawn.
        """
        if self.grading:
            return
        try:
            picture()
        except Exception as error:
            if "matplotlib.pyplot" in sys.modules:
                sys.modules["matplotlib.pyplot"].close("all")
            if self.last is not None and self.last.passed:
                print(f"Your answer is right, but this picture failed: {type(error).__name__}: {error}")
            else:
                print(f"No picture yet ({type(error).__name__}). Get the check above right, then run this again.")

    @staticmethod
    def array(value: Any) -> torch.Tensor:
        """Whatever an answer may be (tensor, array, list, with gradients or not) as a float64 tensor, to draw it."""
        return torch.as_tensor(to_array(value), dtype=torch.float64)

    def inputs(self, task: str, case: int = 0) -> dict[str, Any]:
        """The inputs of one visible case as the check passes them: ``f(**check.inputs("t1", 0))`` tries it by hand."""
        sheet: Sheet = self.sheets[task]
        return {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in sheet.cases[case].inputs.items()}


def attempt(answer: Callable[..., Any], driver: Driver | None, inputs: Mapping[str, Any], *,
            quote: bool) -> Arrays | Failure:
    """One call; whatever goes wrong becomes a `Failure`. With `quote`, the exception's own words are in it."""
    try:
        return run(answer, driver, inputs)
    except NotImplementedError:
        return Failure("Not answered yet.", blank=True)
    except NotAnArray as error:
        return Failure(str(error))
    except (Exception, SystemExit) as error:
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if _is_cell(f.filename)]
        where = f" in line {lines[-1]} of its cell" if lines else ""
        words = f": {error}" if quote and str(error) else ""
        return Failure(f"The function raised {type(error).__name__}{where}{words}")


def _is_cell(filename: str) -> bool:
    return "ipykernel_" in filename or filename.startswith("<ipython-input")


def load_drivers(path: Path) -> dict[str, Driver]:
    """The drivers that a release ships, by task (none where the file is missing: `call` serves)."""
    if not path.is_file():
        return {}
    spec = importlib.util.spec_from_file_location("_coursekit_drivers", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return dict(module.DRIVERS)


def write_outputs(path: Path, outputs: list[Arrays | Failure]) -> None:
    """Write the outputs of one task for the judge: plain arrays, a failure as a string of JSON."""
    flat: dict[str, np.ndarray] = {}
    for i, output in enumerate(outputs):
        if isinstance(output, Failure):
            flat[f"{i}/!failure"] = np.array(json.dumps([output.sentence, output.blank]))
        else:
            flat.update({f"{i}/{key}": value for key, value in output.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        np.savez(file, **flat)  # type: ignore[arg-type]
    part.replace(path)


def read_outputs(path: Path, cases: int) -> list[Arrays | Failure]:
    """Read what `write_outputs` wrote, without unpickling and without trusting it.

    A missing or unreadable file, and a missing case, become a `Failure`.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            flat = {key: file[key] for key in file.files}
    except FileNotFoundError:
        return [Failure("The check left no result: its cell did not run to its end.")] * cases
    except Exception:
        return [Failure("The check's result file could not be read.")] * cases
    outputs: list[Arrays | Failure] = []
    for i in range(cases):
        mine = {k.split("/", 1)[1]: v for k, v in flat.items() if k.split("/", 1)[0] == str(i) and "/" in k}
        outputs.append(_read_case(mine))
    return outputs


def _read_case(mine: Arrays) -> Arrays | Failure:
    if "!failure" in mine:
        try:
            sentence, blank = json.loads(str(mine["!failure"]))
            return Failure(str(sentence)[:400], bool(blank))
        except Exception:
            return Failure("The check's result file could not be read.")
    if not mine:
        return Failure("The call left no result.")
    if any(v.dtype.kind not in "biuf" for v in mine.values()):
        return Failure("The check's result is not an array of real numbers.")
    return mine


def _report(verdict: Verdict) -> None:
    if path := os.environ.get(REPORT):
        with open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(verdict.to_dict(), ensure_ascii=False) + "\n")
