"""A real Dask scheduler with two worker processes, on loopback; one of them is killed while it grades."""
from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from grading_course import NAME, POINTS, RIGHT, Answers

from coursekit.grading import grade

pytestmark = pytest.mark.sandbox
distributed = pytest.importorskip("distributed", reason="Dask is missing: pip install 'coursekit[cluster]'")


@pytest.fixture
def cluster(bwrap: str, tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen]]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    dask = [sys.executable, "-m", "dask"]
    environment = {**os.environ, "PYTHONSAFEPATH": "1"}
    with (tmp_path / "dask.log").open("w") as log:
        shared = {"stdout": log, "stderr": log, "cwd": tmp_path, "env": environment}
        started = [subprocess.Popen([*dask, "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard",
                                     "--no-show"], **shared)]
        started += [subprocess.Popen([*dask, "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard",
                                      "--local-directory", str(tmp_path / f"w{i}")], **shared) for i in range(2)]
        try:
            with distributed.Client(address, timeout=60, set_as_default=False) as client:
                client.wait_for_workers(2, timeout=60)
            yield address, started[1:]
        finally:
            for process in started:
                process.kill()
                process.wait()


def test_a_killed_worker_s_notebooks_go_to_the_other(cluster: tuple[str, list[subprocess.Popen]], small: Path,
                                                     tmp_path: Path) -> None:
    address, workers = cluster
    for number in range(6):
        Answers(small, RIGHT).first(f"import time; time.sleep(0.5) # {number}").write(tmp_path / f"in/s{number}.ipynb")
    killed: list[int] = []
    threading.Thread(target=_kill_when_busy, args=(workers[0], killed), daemon=True).start()
    report = grade(NAME, tmp_path / "in", tmp_path / "out", course=small, progress=False, scheduler=address)
    assert killed == [workers[0].pid] and workers[1].poll() is None
    assert [(row.status, row.points) for row in report.rows] == [("graded", POINTS)] * 6, report.rows
    left = [p for p in psutil.process_iter(["cmdline"])
            if re.search(rf"/ck-{killed[0]}-", " ".join(p.info["cmdline"] or []))]
    assert left == []


def _kill_when_busy(worker: subprocess.Popen, killed: list[int]) -> None:
    """When a kernel runs below it, after a moment."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not killed:
        below = psutil.Process(worker.pid).children(recursive=True)
        if len(below) > 3:  # bubblewrap's two, the nursery, and something forked from it
            worker.kill()
            worker.wait()
            killed.append(worker.pid)
        time.sleep(0.05)


def test_no_scheduler_is_said_in_a_sentence(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from coursekit.grading import cluster as module

    monkeypatch.setattr(module, "WAIT_SECONDS", 1)
    Answers(small, RIGHT).write(tmp_path / "in" / "ada.ipynb")
    for address in ("tcp://127.0.0.1:1", "nonsense"):
        with pytest.raises(ValueError, match="No Dask scheduler"):
            grade(NAME, tmp_path / "in", tmp_path / "out", course=small, progress=False, scheduler=address)


def test_a_worker_with_other_versions_marks_nothing(small: Path) -> None:
    from coursekit.grading.cluster import environment, work

    result = work(None, "", "key", [*environment()[:-1], "ipython 0.1"])
    assert "other versions" in result.trouble and "ipython 0.1" in result.trouble and not result.verdicts
