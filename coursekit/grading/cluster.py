"""The same work on several machines: a Dask scheduler's workers run and judge, the gradebook stays here.

Start ``dask scheduler`` on one machine and ``dask worker tcp://…:8786 --nthreads 1`` on each of the others, all with
the versions of this course's lock and with bubblewrap; then ``coursekit grade … --scheduler tcp://…:8786``. Students'
code runs in the workers' sandboxes, and the judge's expected values travel to them. Whoever can reach the scheduler can
run code on all workers, so let it listen on a network of your own only, or give it TLS (Dask's documentation says how).
A worker that dies takes nobody along: Dask gives what it had to another.
"""
from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from importlib.metadata import version
from typing import TYPE_CHECKING

import nbformat
from nbformat import NotebookNode

from coursekit.grading.nursery_client import Nursery
from coursekit.grading.plan import LOCKED_VERSIONS, Plan

if TYPE_CHECKING:
    from coursekit.grading.phase1 import Result

WAIT_SECONDS = 20
_lock = threading.Lock()
_opened: dict[str, Nursery | None] = {}


def on_cluster(plan: Plan, notebooks: Mapping[str, NotebookNode], keys: Sequence[str], scheduler: str,
               keep: Callable[[Result], None]) -> None:
    """Grade `notebooks` (by key) on the workers of a Dask scheduler.

    Raises:
        ValueError: Dask is not installed, or no scheduler with a worker answers at this address.
    """
    from coursekit.grading.phase1 import keep_all

    try:
        from distributed import Client
    except ImportError:
        raise ValueError("--scheduler needs Dask: pip install -c requirements.lock 'coursekit[cluster]', here and on "
                         "every worker.") from None
    try:
        client = Client(scheduler, timeout=WAIT_SECONDS, set_as_default=False)
        client.wait_for_workers(1, timeout=WAIT_SECONDS)
    except (OSError, TimeoutError, ValueError) as error:
        raise ValueError(f"No Dask scheduler with a worker answers at {scheduler!r} ({error}). Expected an address as "
                         "tcp://192.168.0.5:8786; start 'dask scheduler' there, and 'dask worker ADDRESS'.") from None
    with client:
        shared = client.scatter(plan, broadcast=True)  # once to each worker, not once a notebook
        pool = client.get_executor(pure=False)
        futures: dict[Future[Result], str] = {
            pool.submit(work, shared, nbformat.writes(notebooks[key]), key, environment()): key for key in keys}
        keep_all(futures, keep)


def environment() -> list[str]:
    """What must be the same everywhere, so that marks are."""
    return [sys.version, *(f"{name} {version(name)}" for name in LOCKED_VERSIONS)]


def work(plan: Plan, notebook: str, key: str, expected: list[str]) -> Result:
    """On a worker: run and judge one notebook."""
    from coursekit.grading.phase1 import Result, grade_notebook

    if environment() != expected:
        differ = "; ".join(f"{mine} (expected {theirs})" for mine, theirs in zip(environment(), expected, strict=True)
                           if mine != theirs)
        return Result(key, trouble=f"A worker has other versions: {differ}. Install the lock's there.")
    with _lock:  # one at a time in a process; more processes, not more threads, are the way to more at a time
        _ready(plan)
        return grade_notebook(plan, nbformat.reads(notebook, as_version=4))


def _ready(plan: Plan) -> None:
    """A nursery for this plan in this process, opened by a thread that stays: Linux ends it with its thread."""
    from coursekit.grading.phase1 import open_nursery, sweep, use_nursery

    nursery = _opened.get(plan.digest)
    if plan.digest not in _opened or (nursery is not None and nursery.process.poll() is not None):
        sweep()
        opened = threading.Event()

        def keep_open() -> None:
            try:
                _opened[plan.digest] = open_nursery(plan)
            finally:
                opened.set()
            threading.Event().wait()

        threading.Thread(target=keep_open, daemon=True).start()
        opened.wait()
    use_nursery(_opened.get(plan.digest))
