"""Run one grafted notebook in a boxed kernel, to its end or to the end of its time.

Nothing that the kernel says decides a mark. Its outputs are shown to the instructor; its arrays lie in a folder and are
read later. A cell that does not end is not interrupted (a student's code may ignore that): the kernel is killed, and a
fresh one runs the notebook without that cell, so that the tasks after it still count.
"""
from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from coursekit.grading.graft import CHECK_SUFFIX, grade_id, is_check, is_student
from coursekit.grading.provisioner import BoxManager
from coursekit.grading.sandbox import Box, IsolationUnavailable, Limits, remove_tree
from coursekit.grading.sanitise import calm_outputs
from coursekit.grading.watch import Watch

STARTUP_SECONDS = 90


class KernelDidNotStart(RuntimeError):
    """The grader's own trouble, not the student's: nothing was marked."""


@dataclass
class Execution:
    """What came of running a notebook.

    Attributes:
        outputs: per cell index, its outputs, made safe to show.
        errors: per cell index, the name of the exception that ended it.
        stopped: per cell index, why the kernel was killed or died in it.
        restarts: how many fresh kernels were needed.
        seconds: wall-clock time.
        peak_bytes: most memory held at a time.
    """

    outputs: dict[int, list[NotebookNode]] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    stopped: dict[int, str] = field(default_factory=dict)
    restarts: int = 0
    seconds: float = 0.0
    peak_bytes: int = 0


class QuietClient(NotebookClient):
    """nbclient, with a budget for output and without widgets (their messages would run code on this side)."""

    room: int = 0

    def handle_comm_msg(self, outs: list[NotebookNode], msg: dict[str, Any], cell_index: int) -> None:
        return

    def output(self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int) -> Any:
        self.room -= _weight(msg["content"])
        return super().output(outs, msg, display_id, cell_index) if self.room >= 0 else None

    def _update_display_id(self, display_id: str, msg: dict[str, Any]) -> None:
        self.room -= _weight(msg["content"])
        if self.room >= 0:
            super()._update_display_id(display_id, msg)


def execute(notebook: NotebookNode, box: Box) -> Execution:
    """Run `notebook` in `box`; blocks. Arrays are left in ``box.run / "out"``."""
    return asyncio.run(_execute(notebook, box))


def written(box: Box, task: str) -> Path | None:
    """The file of arrays that the check of `task` left, if it is a plain file."""
    path = box.run / "out" / f"{task}.npz"
    return path if path.is_file() and not path.is_symlink() else None


async def _execute(notebook: NotebookNode, box: Box) -> Execution:
    began = time.monotonic()
    run = Execution()
    checks = {i: grade_id(c).removesuffix(CHECK_SUFFIX) for i, c in enumerate(notebook.cells) if is_check(c)}
    while True:
        skip = set(run.stopped) | {i for i, task in checks.items() if written(box, task)}
        room = box.limits.notebook_seconds - (time.monotonic() - began)
        try:
            stopped_at = await _attempt(notebook, box, run, skip, room)
        except KernelDidNotStart:
            if not run.restarts:
                raise
            break  # the first kernel did start: what came in the way of this one was left by the student
        pending = [i for i, task in checks.items() if i not in run.stopped and not written(box, task)]
        left = box.limits.notebook_seconds - (time.monotonic() - began)
        if stopped_at is None or not pending or run.restarts >= box.limits.restarts or left < 1:
            break
        run.restarts += 1
        _tidy(box, set(checks.values()))
    run.seconds = time.monotonic() - began
    return run


def _tidy(box: Box, tasks: set[str]) -> None:
    """Remove what a killed kernel left in the folders that it shares with the host, but for its checks' arrays."""
    keep = {f"{task}.npz" for task in tasks}
    for folder in (box.run / "out", box.run / "ipc"):
        with contextlib.suppress(OSError):
            folder.chmod(0o700)
        for path in folder.iterdir():
            if path.name in keep and path.is_file() and not path.is_symlink():
                continue
            if path.is_dir() and not path.is_symlink():
                remove_tree(path)
            else:
                with contextlib.suppress(OSError):
                    path.unlink()


async def _attempt(notebook: NotebookNode, box: Box, run: Execution, skip: set[int], seconds: float) -> int | None:
    """One kernel, from the first cell to the last or to the one it stops in, which is returned.

    The course's own cells before the first of the student's (imports, mostly) take no time from the student; if one of
    them fails, the fault is not the student's either. Where the student put a cell above them, they still get the time
    that imports need, within that of the notebook.
    """
    manager, watch, watching = BoxManager(box), Watch(box), None
    first = next((i for i, cell in enumerate(notebook.cells) if is_student(cell)), len(notebook.cells))
    deadline, seconds_a_cell = 0.0, 0.0
    client = QuietClient(notebook, km=manager, allow_errors=True, interrupt_on_timeout=False, store_widget_state=False,
                         raise_on_iopub_timeout=False, iopub_timeout=10, coalesce_streams=True, record_timing=False,
                         skip_cells_with_tag="", startup_timeout=STARTUP_SECONDS,
                         timeout_func=lambda cell: max(0.1, min(seconds_a_cell, deadline - time.monotonic())))
    client.reset_execution_trackers()
    client.room = box.limits.output_bytes
    try:
        await _start(client, manager, box)
        watching = asyncio.ensure_future(watch.run(manager.pid))
        deadline, seconds_a_cell = time.monotonic() + STARTUP_SECONDS, float(STARTUP_SECONDS)
        for index, cell in enumerate(notebook.cells):
            if index == first:
                deadline = time.monotonic() + seconds
            if cell.cell_type != "code" or index in skip:
                continue
            if index >= first:
                own = not (is_student(cell) or is_check(cell))
                seconds_a_cell = float(STARTUP_SECONDS) if own else box.limits.cell_seconds
            reason = await _cell(client, cell, index, run, box.limits, deadline)
            run.outputs[index] = calm_outputs(cell.outputs)
            if reason and watch.was_over():  # it died between two looks
                reason = watch.too_much
            reason = watch.reason or reason
            if index < first and (reason or index in run.errors):
                raise KernelDidNotStart(f"The course's own cell {index + 1} failed before any of the student's ran: "
                                        f"{reason or _said(cell)}.")
            if reason:
                run.stopped[index] = reason
                return index
    finally:
        if watching is not None:
            watching.cancel()
            watch.look(manager.pid)  # a short notebook is over before anybody looked
        run.peak_bytes = max(run.peak_bytes, watch.peak_bytes)
        await _kill(client, manager)
        if box.group is not None:
            box.group.close()
            box.group = None
    return None


async def _start(client: QuietClient, manager: BoxManager, box: Box) -> None:
    try:
        await client.async_start_new_kernel()
        manager.assert_inside(isolated=box.isolated)
        await client.async_start_new_kernel_client()
    except IsolationUnavailable:
        raise
    except Exception as error:
        log = box.run / "kernel.log"
        said = log.read_bytes()[-2000:].decode("utf-8", "replace").strip() if log.is_file() else ""
        raise KernelDidNotStart(f"The grading kernel did not start: {error} {said}") from error


async def _cell(client: QuietClient, cell: NotebookNode, index: int, run: Execution, limits: Limits,
                deadline: float) -> str:
    """Run one cell; returns why the kernel has to go, or an empty string."""
    cell.outputs = []
    run.errors.pop(index, None)
    try:
        await client.async_execute_cell(cell, index, store_history=True)
    except CellTimeoutError:
        if time.monotonic() >= deadline:
            return f"the notebook ran longer than {limits.notebook_seconds:g} s"
        return f"it ran longer than {limits.cell_seconds:g} s"
    except DeadKernelError:
        return "the kernel died in it (it ended the process, or took more memory than is given)"
    except asyncio.CancelledError:
        raise
    except Exception:  # messages that no kernel sends: somebody forged them
        return "the kernel sent messages that could not be read"
    errors = [o for o in cell.outputs if o.get("output_type") == "error"]
    if errors:
        run.errors[index] = str(errors[-1].get("ename", ""))[:100]
    return ""


def _said(cell: NotebookNode) -> str:
    """The exception that ended a cell of the course's own, in its own words."""
    error = [o for o in cell.outputs if o.get("output_type") == "error"][-1]
    return f"{error.get('ename')}: {error.get('evalue')}"[:300]


async def _kill(client: QuietClient, manager: BoxManager) -> None:
    if client.kc is not None:
        with contextlib.suppress(Exception):
            client.kc.stop_channels()
    with contextlib.suppress(Exception):
        await manager.shutdown_kernel(now=True)
    with contextlib.suppress(Exception):
        manager.context.destroy(linger=0)


def _weight(content: Mapping[str, Any]) -> int:
    """Characters of what is shown, at any depth (cheap, and never raises)."""
    if isinstance(content, str):
        return len(content)
    if isinstance(content, Mapping):
        return sum(_weight(value) for value in content.values()) + 16
    if isinstance(content, list):
        return sum(_weight(value) for value in content) + 16
    return 8
