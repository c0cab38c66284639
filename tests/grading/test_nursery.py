"""Kernels forked from a nursery: as walled in as those started one by one, and none of them sees another."""
from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from grading_course import NAME, RIGHT, Answers

from coursekit.grading import Limits, phase1
from coursekit.grading.execute import execute
from coursekit.grading.graft import graft
from coursekit.grading.notebooks import read_cells
from coursekit.grading.nursery import EMPTIED
from coursekit.grading.nursery_client import Nursery, NurseryUnavailable, kernel_below, modules_of, outside
from coursekit.grading.plan import Plan, make_plan
from coursekit.grading.sandbox import Box, library_folders

pytestmark = pytest.mark.sandbox


def opened(plan: Plan) -> Nursery:
    """A nursery; skips only where one cannot be had by design, and fails where it should have been."""
    if any(folder.is_relative_to(place) for folder in library_folders() for place in EMPTIED):
        pytest.skip("the course lies in a folder that a forked kernel covers; kernels are started one by one")
    made = phase1.open_nursery(plan)
    if made is None and os.geteuid() != 0:
        pytest.skip("this system allows no nursery to a user without rights; kernels are started one by one")
    assert made is not None
    return made


@pytest.fixture(scope="module")
def nursery(bwrap: str, small: Path) -> Iterator[Nursery]:
    made = opened(make_plan(small, NAME, small / "exercises" / NAME, limits=None, isolated=True))
    yield made
    phase1._close_nursery(made)


def start(nursery: Nursery, name: str, limits: Limits | None = None):
    run = nursery.base / name
    (run / "shown" / "out").mkdir(parents=True)
    box = Box(run, run / "shown", limits or Limits())
    box.prepare()
    # A kernel without its connection file makes one and waits: long enough to be looked at.
    return box, nursery.start(box, ["ipykernel_launcher", "-f", f"{run}/ipc/other.json", "--transport=ipc",
                                    f"--ip={run}/ipc/k"])


def test_a_forked_kernel_shares_no_namespace_and_holds_no_right(nursery: Nursery) -> None:
    _, forked = start(nursery, "one", Limits(processes=33))
    kernel = kernel_below(forked.pid)
    assert outside(forked.pid) == [] == outside(kernel)
    for name in ("mnt", "pid", "net", "ipc", "uts"):
        assert os.readlink(f"/proc/{kernel}/ns/{name}") != os.readlink(f"/proc/{nursery.process.pid}/ns/{name}")
    status = Path(f"/proc/{kernel}/status").read_text()
    words = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert [int(words[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")] == [0, 0, 0, 0]
    assert words["NoNewPrivs"] == "1" and "0" not in words["Uid"].split()
    assert re.search(r"Max processes +33 +33", Path(f"/proc/{kernel}/limits").read_text())
    root = Path(f"/proc/{kernel}/root")
    assert sorted(p.name for p in (root / "grading").iterdir()) == ["out"]
    assert [p.name for p in (root / str(nursery.base)[1:]).iterdir()] == ["one"]
    assert [p.name for p in (root / str(nursery.base)[1:] / "one").iterdir()] == ["ipc"]
    forked.kill()
    assert forked.wait(10) == -1 and forked.poll() == -1
    assert not psutil.pid_exists(kernel)


def test_two_kernels_see_nothing_of_each_other(nursery: Nursery) -> None:
    (_, first), (_, second) = start(nursery, "first"), start(nursery, "second")
    tmp = Path(f"/proc/{kernel_below(first.pid)}/root/tmp/hostile")
    tmp.write_text("x")
    other = Path(f"/proc/{kernel_below(second.pid)}/root")
    assert tmp.is_file() and not (other / "tmp" / "hostile").exists() and not Path("/tmp/hostile").exists()
    assert len([p for p in (other / "proc").iterdir() if p.name.isdigit()]) <= 2
    for forked in (first, second):
        forked.kill()
        forked.wait(10)


def test_no_nursery_where_a_kernel_would_cover_the_course(bwrap: str, small: Path, monkeypatch) -> None:
    plan = make_plan(small, NAME, small / "exercises" / NAME, limits=None, isolated=True)
    monkeypatch.setattr(phase1, "library_folders", lambda: [Path("/tmp/course/.venv")])
    monkeypatch.setattr(phase1, "Nursery", lambda *_: pytest.fail("must not be tried"))
    assert phase1.open_nursery(plan) is None


def test_what_is_inside_ends_with_the_nursery(bwrap: str, small: Path) -> None:
    plan = make_plan(small, NAME, small / "exercises" / NAME, limits=None, isolated=True)
    nursery = opened(plan)
    _, forked = start(nursery, "one")
    nursery.process.kill()
    deadline = time.monotonic() + 10
    while forked.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert forked.poll() == -1
    with pytest.raises(NurseryUnavailable):
        start(nursery, "two")
    nursery.close()


def test_a_nursery_that_was_killed_costs_nobody_a_mark(bwrap: str, small: Path, tmp_path: Path) -> None:
    plan = make_plan(small, NAME, small / "exercises" / NAME, limits=None, isolated=True)
    nursery = opened(plan)
    run = nursery.base / "run"
    (run / "shown").mkdir(parents=True)
    plan.write_inputs(run / "shown")
    nursery.process.kill()
    nursery.process.wait()
    done = execute(grafted(small, plan), Box(run, run / "shown", plan.limits, nursery=nursery))
    assert not done.stopped and sorted(p.name for p in (run / "out").iterdir()) == ["t1.npz", "t2.npz", "t3.npz"]
    phase1.use_nursery(nursery)
    try:
        assert sum(v["points"] for v in phase1.grade_notebook(plan, grafted(small, plan)).verdicts.values()) == 6.0
        assert phase1._nursery is not nursery
    finally:
        phase1.use_nursery(None)
        phase1.remove_tree(nursery.base)


def grafted(course: Path, plan: Plan) -> nbformat.NotebookNode:
    cells = read_cells(json.dumps(Answers(course, RIGHT).nb).encode())
    return graft(cells, plan.notebook, NAME).notebook


def test_only_the_course_s_own_imports_are_made_ahead(small: Path) -> None:
    nb = nbformat.read(small / "exercises" / NAME / f"{NAME}.ipynb", as_version=4)
    nb.cells.insert(0, nbformat.v4.new_code_cell("import evil"))
    next(c for c in nb.cells if c.get("id") == "t1").source = "import worse"
    assert modules_of(nb) == ["torch", "coursekit.checks"]


def test_without_a_nursery_kernels_are_started_one_by_one(bwrap: str, small: Path,
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, where the client can be made to fail."""
    def none(*args: object) -> Nursery:
        raise NurseryUnavailable("not here")

    plan = make_plan(small, NAME, small / "exercises" / NAME, limits=None, isolated=True)
    monkeypatch.setattr(phase1, "Nursery", none)
    assert phase1.open_nursery(plan) is None
    result = phase1.grade_notebook(plan, grafted(small, plan))
    assert not result.trouble and sum(v["points"] for v in result.verdicts.values()) == 6.0
