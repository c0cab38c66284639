"""Arrays that a stranger's kernel left -> verdicts, in a process that none of its code has touched."""
from __future__ import annotations

import builtins
import contextlib
import io
import os
import re
import stat
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_output

from coursekit.checks.judge import Failure, Verdict, judge
from coursekit.checks.notebook import read_outputs
from coursekit.checks.sheet import Arrays, Sheet
from coursekit.grading.execute import Execution
from coursekit.grading.graft import CHECK_SUFFIX, grade_id

MAX_FILE = 64 * 2**20
MAX_UNPACKED = 256 * 2**20

EXCEPTIONS = {name for name, value in vars(builtins).items()
              if isinstance(value, type) and issubclass(value, BaseException)} | {"LinAlgError", "OutOfMemoryError"}
UNREADABLE = "The check's result file could not be read."
FIXED = ("Not answered yet.", "The function returned None. Is there a `return` at its end?",
         UNREADABLE, "The call left no result.",
         "The check's result is not an array of real numbers.")
PATTERNS = (
    re.compile(r"The function raised (?P<exception>\w{1,40})( in line \d{1,4} of its cell)?"),
    re.compile(r"(\w{1,20}(\[\d{1,2}\])?: )?The function returned (None|complex numbers).{0,60}"),
    re.compile(r"(\w{1,20}(\[\d{1,2}\])?: )?The function returned a (?P<type>\w{1,40}), which is not an array of "
               r"numbers\."),
    re.compile(r"(\w{1,20}(\[\d{1,2}\])?: )?The function returned a (?P<type2>\w{1,40}); expected a tensor or array of "
               r"real numbers\."),
    re.compile(r"The function returned a list of tensors of unequal shapes \[[\d(), ]{1,100}\]\."),
    re.compile(r"The function returned an array of shape \([\d, ]{0,60}\): far more than any task asks for\."),
)
UNNAMED = "The call ended in an error of a kind that is not shown."


def judge_task(sheet: Sheet, outputs: list[Arrays | Failure]) -> tuple[Verdict, list[str]]:
    """The verdict on one task, and flags for a person; whatever is in the arrays, it does not raise."""
    try:
        with np.errstate(all="ignore"):
            return judge(sheet, outputs, reveal=False), []
    except Exception as error:
        failed: list[Arrays | Failure] = [Failure("The result could not be judged.")] * len(sheet.cases)
        flag = f"{sheet.name}: the judge stumbled over the result ({type(error).__name__}); look at it"
        return judge(sheet, failed, reveal=False), [flag]


def collect_outputs(folder: Path, sheet: Sheet, scratch: Path, reason: str) -> tuple[list[Arrays | Failure], list[str]]:
    """Read the arrays of one task from the folder that the kernel wrote, trusting nothing in it; also gives flags.

    Args:
        folder: what the kernel could write to.
        sheet: the task's.
        scratch: a folder that it could not write to; the file is copied there first.
        reason: the sentence for a task that left no file.
    """
    name = f"{sheet.name}.npz"
    data = _plain_bytes(folder / name)
    odd = [f"the arrays of {sheet.name} are not what its check writes: somebody else wrote them"]
    if data is None:
        return [Failure(reason)] * len(sheet.cases), odd if os.path.lexists(folder / name) else []
    if not _unpacks_small(data):
        return [Failure(UNREADABLE)] * len(sheet.cases), odd
    copy = scratch / name
    copy.write_bytes(data)
    outputs = read_outputs(copy, len(sheet.cases))
    strange = any(isinstance(o, Failure) and o.sentence == UNREADABLE for o in outputs)
    public = [_public(output, expected) for output, expected in zip(outputs, sheet.expected, strict=True)]
    return public, odd if strange else []


def why_missing(notebook: NotebookNode, task: str, run: Execution) -> str:
    """The sentence for a task whose check left no arrays: what happened in its answer cell, or in its check."""
    places = {grade_id(cell): i for i, cell in enumerate(notebook.cells) if grade_id(cell)}
    for name, label in ((task, "Its answer cell"), (f"{task}{CHECK_SUFFIX}", "Its check")):
        index = places.get(name, -1)
        if index in run.stopped:
            return f"{label} was stopped: {run.stopped[index]}."
        if index in run.errors and label == "Its answer cell":
            return f"{label} ended in {public_name(run.errors[index])}, so there was nothing to check."
    index = places.get(f"{task}{CHECK_SUFFIX}", -1)
    if index in run.errors:
        return f"Its check ended in {public_name(run.errors[index])}: is the function defined under the name asked for?"
    if run.stopped:
        return f"It was not reached: {next(iter(run.stopped.values()))}, in an earlier cell."
    return "The check left no result: its cell did not run to its end."


def odd_check(notebook: NotebookNode, task: str, run: Execution, out: Path) -> list[str]:
    """Flags where a task's mark of 0 may not be its author's fault, or is no accident: a person should look."""
    places = {grade_id(cell): i for i, cell in enumerate(notebook.cells) if grade_id(cell)}
    answer, check = places.get(task, -1), places.get(f"{task}{CHECK_SUFFIX}", -1)
    there, name = os.path.lexists(out / f"{task}.npz"), run.errors.get(check, "")
    if there and name:
        return [f"the check of {task} ended in {public_name(name)}, and yet there are arrays: look at who wrote them"]
    if there or {answer, check} & set(run.stopped) or answer in run.errors:
        return []  # marked, flagged already, or told why
    if name == "NameError":
        return [f"the check of {task} found no function of the name asked for"]
    if name:
        return [f"the check of {task} ended in {public_name(name)}"]
    if run.stopped:
        return []
    return [f"the check of {task} ran and left no result: something changed what it does"]


def public_name(exception: str) -> str:
    """An exception's name if it is one of Python's own (a student's class could be *named* after a hidden input)."""
    return f"{'an' if exception[:1] in 'AEIOU' else 'a'} {exception}" if exception in EXCEPTIONS else "an error"


def check_outputs(verdict: dict[str, Any]) -> list[NotebookNode]:
    """A stored verdict in the form that nbgrader reads: shown once, then the points as the cell's result.

    nbgrader takes the first ``execute_result`` for partial credit, and anything on stderr for 0; so there is neither a
    second result nor a stream.
    """
    return [new_output("display_data", data={"text/html": verdict["html"], "text/plain": "\n".join(verdict["lines"])}),
            new_output("execute_result", data={"text/plain": repr(float(verdict["points"]))}, execution_count=None)]


def stored(verdict: Verdict) -> dict[str, Any]:
    """A verdict as JSON, with the words and the page that show it, where each hint names its slip."""
    named = {slip: f"{hint} (A known slip: {slip.replace('-', ' ')}.)" for slip, hint in verdict.slips.items()}
    shown = replace(verdict, slips=named)
    return {**verdict.to_dict(), "lines": shown.lines(), "html": shown._repr_html_()}


def _public(output: Arrays | Failure, expected: Arrays) -> Arrays | Failure:
    """An output whose words cannot carry a hidden input out: known sentences, known keys."""
    if isinstance(output, Failure):
        return Failure(_public_sentence(output.sentence), output.blank)
    return {key if key in expected or re.fullmatch(r"result(\[\d{1,2}\])?", key) else "(another)": value
            for key, value in output.items()}


def _public_sentence(sentence: str) -> str:
    if sentence in FIXED:
        return sentence
    for pattern in PATTERNS:
        match = pattern.fullmatch(sentence)
        if match:
            named = match.groupdict()
            if named.get("exception") and named["exception"] not in EXCEPTIONS:
                return UNNAMED
            if any(v and v not in TYPES for k, v in named.items() if k.startswith("type")):
                return "The function returned something that is not an array of numbers."
            return sentence
    return UNNAMED


TYPES = {name for name, value in vars(builtins).items() if isinstance(value, type)} | {
    "function", "generator", "Tensor", "ndarray", "Parameter", "Size", "module", "method", "builtin_function_or_method",
    "dict_values", "dict_keys", "NoneType", "Normal", "MultivariateNormal", "Categorical", "Sequential", "Linear"}


def _plain_bytes(path: Path) -> bytes | None:
    """The bytes of a regular file, cut where it is huge; `None` for a missing one, a link, a pipe, a folder."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return file.read(MAX_FILE)
    return None


def _unpacks_small(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return sum(info.file_size for info in archive.infolist()) <= MAX_UNPACKED
    except Exception:
        return False
