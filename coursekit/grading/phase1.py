"""Phase 1: grafted notebooks -> `Result`s. In parallel, without the gradebook, stored by the hash of their contents."""
from __future__ import annotations

import atexit
import contextlib
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbformat import NotebookNode

from coursekit.checks.forbidden import searchable
from coursekit.grading import cgroup
from coursekit.grading.cluster import on_cluster
from coursekit.grading.execute import execute
from coursekit.grading.graft import forbidden_flags, grade_id, is_student
from coursekit.grading.nursery import EMPTIED
from coursekit.grading.nursery_client import Nursery, NurseryUnavailable, modules_of
from coursekit.grading.plan import Plan
from coursekit.grading.sandbox import Box, library_folders, remove_tree
from coursekit.grading.verdicts import collect_outputs, judge_task, odd_check, stored, why_missing


@dataclass
class Result:
    """What grading one submission gave; JSON-able.

    Attributes:
        key: of the plan and the cells that were run.
        verdicts: per task, a stored verdict.
        outputs: per cell index (as text), the cell's outputs, made safe to show.
        flags: what a person should look at.
        stopped: per cell index, why the kernel was stopped there.
        errors: per cell index, the exception that ended the cell.
        seconds: wall-clock time.
        peak_bytes: most memory held at a time.
        trouble: the grader's own failure, if any: nothing was marked, and the result is not stored.
    """

    key: str
    verdicts: dict[str, dict[str, Any]] = field(default_factory=dict)
    outputs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    flags: list[str] = field(default_factory=list)
    stopped: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    peak_bytes: int = 0
    trouble: str = ""


class Store:
    """Results on disk, one JSON file each, written so that a killed run leaves whole files or none."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> Result | None:
        path = self.folder / f"{key}.json"
        try:
            return Result(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def put(self, result: Result) -> None:
        if result.trouble:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{result.key}.json"
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        part.write_text(json.dumps(asdict(result), ensure_ascii=False), "utf-8")
        part.replace(path)


def grade_notebook(plan: Plan, notebook: NotebookNode) -> Result:
    """Run and judge one grafted notebook in this process (its kernel is another one).

    Where points were lost for no reason that has a name, it is run a second time: an answer that draws random numbers,
    or a fault of the machine, must not decide a mark without a word.
    """
    first = _run_once(plan, notebook)
    if first.trouble or first.stopped or not any(unexplained(verdict) for verdict in first.verdicts.values()):
        return first
    return agreed(first, _run_once(plan, notebook))


def unexplained(verdict: Mapping[str, Any]) -> bool:
    """Were points lost in a task for no reason that has a name?"""
    return verdict["points"] < verdict["max_points"] and not verdict["slips"] and not verdict["blank"]


def agreed(first: Result, second: Result) -> Result:
    """One result of two runs of the same notebook: where they differ the better mark counts, and a person is told."""
    if second.trouble:
        return replace(first, flags=[*first.flags, f"a second run, to be sure, failed: {second.trouble}"])
    out = replace(first, seconds=first.seconds + second.seconds, peak_bytes=max(first.peak_bytes, second.peak_bytes))
    for task, verdict in first.verdicts.items():
        again = second.verdicts[task]
        if again["points"] == verdict["points"]:
            continue
        better = max(verdict, again, key=lambda v: float(v["points"]))
        out.verdicts = {**out.verdicts, task: better}
        out.flags = [*out.flags, f"two runs gave {verdict['points']:g} and {again['points']:g} points for {task}; the "
                                 "better one counts (does the answer draw random numbers?)"]
    return out


def _run_once(plan: Plan, notebook: NotebookNode) -> Result:
    result = Result(plan.key(notebook), flags=_name_flags(plan, notebook))
    if _nursery and _nursery.process.poll() is not None:
        use_nursery(open_nursery(plan))
    run = Path(tempfile.mkdtemp(prefix="r", dir=_nursery.base) if _nursery else
               tempfile.mkdtemp(prefix=f"ck-{os.getpid()}-", dir=_short_temporary()))
    try:
        plan.write_inputs(run / "shown")
        for name, data in plan.support.items():
            (run / "support" / name).parent.mkdir(parents=True, exist_ok=True)
            (run / "support" / name).write_bytes(data)
        box = Box(run, run / "shown", plan.limits, plan.isolated, run / "support" if plan.support else None, plan.hide,
                  nursery=_nursery)
        done = execute(notebook, box)
        (run / "judge").mkdir(mode=0o700)
        for name, sheet in plan.sheets.items():
            reason = why_missing(notebook, name, done)
            outputs, odd = collect_outputs(run / "out", sheet, run / "judge", reason)
            verdict, flags = judge_task(sheet, outputs)
            result.verdicts[name] = stored(verdict)
            result.flags += odd + flags + odd_check(notebook, name, done, run / "out")
        result.outputs = {str(i): [dict(o) for o in shown] for i, shown in done.outputs.items()}
        result.stopped = {str(i): reason for i, reason in done.stopped.items()}
        result.errors = {str(i): name for i, name in done.errors.items()}
        result.flags += [f"stopped in cell {i + 1}: {reason}" for i, reason in sorted(done.stopped.items())]
        result.seconds, result.peak_bytes = done.seconds, done.peak_bytes
    except Exception as error:
        result.trouble = f"{type(error).__name__}: {error}"
    finally:
        remove_tree(run)
    return result


def _name_flags(plan: Plan, notebook: NotebookNode) -> list[str]:
    """Flags for forbidden names, and for text of the student's in which they could not be looked for."""
    theirs = [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code" and is_student(cell)]
    unread = [f"cell {i + 1} is too long, or nested too deep, to look for forbidden names in it; do so yourself"
              for i, cell in theirs if not searchable(cell.source)]
    if not unread and not searchable("\n".join(cell.source for _, cell in theirs if not grade_id(cell))):
        unread = ["the added cells are too long to look for forbidden names in them; do so yourself"]
    return forbidden_flags(notebook, dict(plan.forbids), plan.notebook) + unread


_plan: Plan | None = None
_nursery: Nursery | None = None


def _begin(plan: Plan, grader: int) -> None:
    """Start of a worker: take the plan, and end with the grader however that ends (its kernels end with the worker)."""
    global _plan, _nursery
    _plan = plan
    _nursery = open_nursery(plan)

    def watch() -> None:
        while psutil.pid_exists(grader):
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def use_nursery(nursery: Nursery | None) -> None:
    """Let kernels of this process be forked from `nursery`."""
    global _nursery
    _nursery = nursery


def open_nursery(plan: Plan) -> Nursery | None:
    """A nursery for this worker; none where the system does not allow one (kernels are then started one by one).

    Nor where the course itself lies in a place that a child covers, say a clone below /tmp: what is imported late would
    be gone. The walls of single starts show such libraries again.
    """
    if not plan.isolated or any(folder.is_relative_to(place) for folder in library_folders() for place in EMPTIED):
        return None
    base = Path(tempfile.mkdtemp(prefix=f"ck-{os.getpid()}-", dir=_short_temporary()))
    base.chmod(0o755)  # a kernel has to come to its sockets; its own run hides the others
    box = Box(base / "none", base / "none", plan.limits, hide=plan.hide)
    try:
        nursery = Nursery(box, base, modules_of(plan.notebook))
    except NurseryUnavailable:
        remove_tree(base)
        return None
    try:
        _try_out(nursery, plan)
    except NurseryUnavailable:
        _close_nursery(nursery)
        return None
    atexit.register(_close_nursery, nursery)
    return nursery


def _try_out(nursery: Nursery, plan: Plan) -> None:
    """Have it build walls once."""
    run = nursery.base / "try"
    (run / "shown" / "out").mkdir(parents=True)
    box = Box(run, run / "shown", plan.limits)
    box.prepare()
    nursery.start(box, ["ipykernel_launcher", "--version"]).kill()
    remove_tree(run)


def _close_nursery(nursery: Nursery) -> None:
    nursery.close()
    remove_tree(nursery.base)


def _work(notebook: str) -> Result:
    assert _plan is not None
    return grade_notebook(_plan, nbformat.reads(notebook, as_version=4))


def run_all(plan: Plan, notebooks: Mapping[str, NotebookNode], store: Store, jobs: int,
            finished: Callable[[str, Result], None], scheduler: str = "") -> dict[str, Result]:
    """Grade `notebooks` (by student) in `jobs` processes; results that are stored already are not made again.

    `finished` is called in this process for each student as soon as the result is there, while others are still run;
    what it raises ends the run.

    With `scheduler`, the address of a Dask scheduler, its workers run them instead.

    Notebooks with the very same cells (blank ones, mostly) are run once. A worker that dies takes nobody along: what it
    and its siblings had not finished is run once more, one at a time.
    """
    keys = {student: plan.key(notebook) for student, notebook in notebooks.items()}
    by_key = {keys[student]: notebook for student, notebook in notebooks.items()}
    results: dict[str, Result] = {}

    def known(result: Result) -> None:
        results[result.key] = result
        for student in [s for s, key in keys.items() if key == result.key]:
            finished(student, result)

    def keep(result: Result) -> None:
        store.put(result)
        known(result)

    for key in by_key:
        found = store.get(key)
        if found:
            known(found)
    todo = [key for key in by_key if key not in results]
    sweep()
    if scheduler and todo:
        on_cluster(plan, by_key, todo, scheduler, keep)
    else:
        _in_pool(plan, by_key, todo, jobs, keep)
    for key in [k for k in todo if k not in results]:
        _in_pool(plan, by_key, [key], 1, keep)
        if key not in results:
            keep(Result(key, trouble="The process that graded it died, twice."))
    return {student: results[key] for student, key in keys.items()}


def _in_pool(plan: Plan, notebooks: Mapping[str, NotebookNode], keys: Sequence[str], jobs: int,
             keep: Callable[[Result], None]) -> None:
    if not keys:
        return
    context = get_context("forkserver")  # imports once, then forks: a new worker costs milliseconds
    context.set_forkserver_preload([__name__])
    _start_server()
    pool = ProcessPoolExecutor(max(1, min(jobs, len(keys))), context, _begin, (plan, os.getpid()))
    with pool:
        futures: dict[Future[Result], str] = {pool.submit(_work, nbformat.writes(notebooks[key])): key for key in keys}
        try:
            keep_all(futures, keep)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def keep_all(futures: Mapping[Future[Result], str], keep: Callable[[Result], None]) -> None:
    """Take results as they come, from whichever executor they come; what `keep` raises ends it."""
    for future in as_completed(futures):
        try:
            result = future.result()
        except BrokenProcessPool:  # left for the second round
            continue
        except Exception as error:  # one submission's trouble is nobody else's
            result = Result(futures[future], trouble=f"{type(error).__name__}: {error}")
        keep(result)


def _start_server() -> None:
    """Start the server that workers are forked from, without the current folder on its path.

    Python would put it first, and whoever grades inside a folder of submissions would import a student's ``numpy.py``.
    """
    from multiprocessing.forkserver import ensure_running  # not on Windows, where nothing comes this far

    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONSAFEPATH"]
        else:
            os.environ["PYTHONSAFEPATH"] = before


def _short_temporary() -> str:
    """Where runs live: the path of a socket may have about a hundred characters in all."""
    return "/tmp" if len(tempfile.gettempdir()) > 40 else tempfile.gettempdir()


def sweep() -> None:
    """Remove the folders and groups of runs whose grader was killed, and end what may still run in them."""
    for folder in Path(_short_temporary()).glob("ck-*-*"):
        pid = folder.name.split("-")[1]
        if pid.isdigit() and not psutil.pid_exists(int(pid)) and folder.stat().st_uid == os.geteuid():
            for process in psutil.process_iter(["cmdline"]):
                if any(arg.startswith(f"{folder}/") for arg in process.info["cmdline"] or ()):
                    with contextlib.suppress(psutil.Error):
                        process.kill()
            remove_tree(folder)
    cgroup.sweep()
