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
ARRAYS_A_CASE = 100
"""A function may return several arrays; each of them costs the judge time, however small it is."""

EXCEPTIONS = {name for name, value in vars(builtins).items()
              if isinstance(value, type) and issubclass(value, BaseException)} | {"LinAlgError", "OutOfMemoryError"}
UNREADABLE = "The check's result file could not be read."
FIXED = ("Not answered yet.", UNREADABLE, "The call left no result.",
         "The check's result is not an array of real numbers.")
KEYED = re.compile(r"(?:(?P<key>[^:]{1,40}): )?(?P<rest>The function returned .*)")
RETURNED = (
    (re.compile(r"The function returned None\. Is there a `return` at its end\?"), ""),
    (re.compile(r"The function returned complex numbers; expected a tensor or array of real numbers\."), ""),
    (re.compile(r"The function returned a (?P<type>\w{1,40}), not an array of numbers\."),
     "The function returned something that is not an array of numbers."),
    (re.compile(r"The function returned a (?P<type>\w{1,40}); expected a tensor or array of real numbers\."),
     "The function returned something that is not an array of numbers."),
)
COARSE = (
    (re.compile(r"The function returned a list of tensors of unequal shapes .*"),
     "The function returned a list of tensors of unequal shapes."),
    (re.compile(r"The function returned an array of shape .*: far more than any task asks for\."),
     "The function returned an array far larger than any task asks for."),
)
RAISED = re.compile(r"The function raised (?P<exception>\w{1,40})(?P<line> in line [1-9]\d? of its cell)?"
                    r"(?: in line \d+ of its cell)?")
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
    if not _unpacks_small(data, ARRAYS_A_CASE * max(1, len(sheet.cases))):
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
    """An output whose words cannot carry a hidden input out: sentences from a list, the keys that are asked for.

    Of other keys the first two are kept, under the names that a tuple's items have: which ones there are, and how many,
    is for the student to choose, and so could be a message.
    """
    if isinstance(output, Failure):
        return Failure(_public_sentence(output.sentence, expected), output.blank)
    others = [key for key in output if key not in expected]
    known = {key: value for key, value in output.items() if key in expected}
    free = [key for i in range(len(expected) + 2) if (key := f"result[{i}]") not in expected]
    if others == ["result"]:
        return {**known, "result": output["result"]}
    return known | dict(zip(free[:2], (output[key] for key in others), strict=False))


def _public_sentence(sentence: str, expected: Arrays) -> str:
    """One of a closed list of sentences: what stands in the student's file was written by the student's kernel."""
    if sentence in FIXED:
        return sentence
    if raised := RAISED.fullmatch(sentence):
        name = raised["exception"]
        return f"The function raised {name}{raised['line'] or ''}" if name in EXCEPTIONS else UNNAMED
    keyed = KEYED.fullmatch(sentence)
    if keyed is None:
        return UNNAMED
    key = f"{keyed['key']}: " if keyed["key"] in expected else ""
    for pattern, otherwise in RETURNED:
        if match := pattern.fullmatch(keyed["rest"]):
            known = match.groupdict().get("type", "int") in TYPES
            return key + (keyed["rest"] if known else otherwise)
    for pattern, said in COARSE:
        if pattern.fullmatch(keyed["rest"]):
            return key + said
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


ENTRY = b"PK\x01\x02"
"""Every entry of a zip's table of contents begins with these bytes (other data hold them by chance, but rarely)."""


def _unpacks_small(data: bytes, most: int) -> bool:
    """Is it an archive of at most `most` entries that unpack to a size that can be held?"""
    if data.count(ENTRY) > most:  # counted before Python's reader makes an object of each
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            return len(entries) <= most and sum(info.file_size for info in entries) <= MAX_UNPACKED
    except Exception:
        return False
