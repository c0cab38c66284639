"""Control groups: where one may be made, what is written into it, who is inside, and what is said after a kill.

A folder stands for the file system of either version, with files that appear with a new group as the kernel's do. The
last tests want a real one: `COURSEKIT_CGROUP` names a folder that tests may make groups in.
"""
from __future__ import annotations

import mmap
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from grading_course import NAME
from test_nursery import grafted, opened

from coursekit.cli.diagnosis import tools
from coursekit.grading import cgroup, phase1
from coursekit.grading.cgroup import NAMED, PREFIX, Group, make_group, own_groups, places
from coursekit.grading.execute import Execution, execute
from coursekit.grading.nursery_client import Nursery
from coursekit.grading.plan import Plan, make_plan
from coursekit.grading.sandbox import Box, Limits

MIB = 2**20
FILES = {
    "v2": {"memory.max": "9", "memory.swap.max": "9", "memory.peak": "0", "memory.oom.group": "0",
           "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n", "cgroup.procs": ""},
    "v1": {"memory.limit_in_bytes": "9", "memory.memsw.limit_in_bytes": "9", "memory.max_usage_in_bytes": "0",
           "memory.failcnt": "0", "memory.memsw.failcnt": "0", "cgroup.procs": "",
           "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 0\n"},
    "no memory": {"cgroup.procs": ""},
}


def pretend(monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> None:
    """New groups have `files`, and go away with them."""
    mkdir, rmdir = os.mkdir, os.rmdir

    def make(path: str | Path, *args: int, **kwargs: int) -> None:
        mkdir(path, *args, **kwargs)
        if Path(path).name.startswith(f"{PREFIX}-"):
            for name, text in files.items():
                Path(path, name).write_text(text)

    def remove(path: str | Path, **kwargs: int) -> None:
        if Path(path).name.startswith(f"{PREFIX}-"):
            for file in Path(path).iterdir():
                file.unlink()
        rmdir(path, **kwargs)

    monkeypatch.setattr(os, "mkdir", make)
    monkeypatch.setattr(os, "rmdir", remove)


@pytest.fixture
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder for groups of the version given as parameter (2), named as root would name it."""
    version = getattr(request, "param", "v2")
    folder = tmp_path / "groups"
    folder.mkdir()
    if version != "v1":
        (folder / "cgroup.subtree_control").write_text("")
    monkeypatch.setenv(NAMED, str(folder))
    pretend(monkeypatch, FILES[version])
    return folder


both = pytest.mark.parametrize("place", ["v2", "v1"], indirect=True)


def read(group: Group, name: str) -> str:
    return (group.folder / name).read_text()


# Where

V1_MOUNTS = ("31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
             "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
             "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n")
V2_MOUNT = "41 31 0:38 / /sys/fs/cgroup rw,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


@pytest.mark.parametrize(("groups", "mounts", "expected"), [
    ("0::/user.slice/app.slice/shell.scope\n", V2_MOUNT, ["sys/fs/cgroup/user.slice/app.slice/shell.scope"]),
    ("5:cpu:/\n4:memory:/grader\n0::/\n", V1_MOUNTS, ["sys/fs/cgroup/memory/grader"]),
    ("4:hugetlb,memory:/grader\n", V1_MOUNTS.replace("rw,memory", "rw,hugetlb,memory"),
     ["sys/fs/cgroup/memory/grader"]),
    ("4:memory:/a\n0::/b\n", V1_MOUNTS + V2_MOUNT.replace("cgroup rw", "cgroup/unified rw"),
     ["sys/fs/cgroup/memory/a", "sys/fs/cgroup/unified/b"]),
    ("0::/box/inner\n", V2_MOUNT.replace("0:38 /", "0:38 /box"), ["sys/fs/cgroup/inner"]),
    ("0::/elsewhere\n", V2_MOUNT.replace("0:38 /", "0:38 /box"), []),
    ("5:cpu:/\n", V1_MOUNTS, []),
    ("", "", []),
])
def test_the_graders_own_group_is_found(tmp_path: Path, groups: str, mounts: str, expected: list[str]) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text(groups)
    (tmp_path / "proc/self/mountinfo").write_text(mounts)
    assert own_groups(tmp_path) == [tmp_path / path for path in expected]


def test_where_there_is_no_proc_there_is_no_group(tmp_path: Path) -> None:
    assert own_groups(tmp_path) == [] == places(tmp_path)


def test_groups_are_made_only_in_folders_of_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(NAMED, raising=False)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/app.slice/shell.scope\n")
    (tmp_path / "proc/self/mountinfo").write_text(V2_MOUNT)
    beside = tmp_path / "sys/fs/cgroup/app.slice"
    (beside / "shell.scope").mkdir(parents=True)
    monkeypatch.setattr(os, "geteuid", lambda: beside.stat().st_uid + 1)
    assert places(tmp_path) == []
    if os.getuid() == 0:  # to be told apart from root's, they must be another's
        for folder in (beside, beside / "shell.scope"):
            os.chown(folder, 1234, 1234)
    monkeypatch.setattr(os, "geteuid", lambda: beside.stat().st_uid)
    assert places(tmp_path) == [beside / "shell.scope", beside]
    if os.getuid() == 0:
        for folder in (beside, beside / "shell.scope"):
            os.chown(folder, 0, 0)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert places(tmp_path) == [], "to root every folder belongs, and not every one is root's to use"
    monkeypatch.setenv(NAMED, str(beside))
    assert places(tmp_path) == [beside]


def test_the_next_folder_is_tried(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cgroup, "places", lambda: [tmp_path / "nowhere", place])
    group = make_group(MIB)
    assert group is not None and group.folder.parent == place


# What is written, and read

@both
def test_a_new_group_is_limited_without_swap_and_goes_away(place: Path) -> None:
    limit = str(300 * MIB)
    group = make_group(int(limit))
    assert group is not None and group.folder.name.split("-")[1] == str(os.getpid())
    if group.version is cgroup.V2:
        assert (place / "cgroup.subtree_control").read_text() == "+memory"
        assert [read(group, n) for n in ("memory.max", "memory.swap.max", "memory.oom.group")] == [limit, "0", "1"]
    else:
        assert [read(group, n) for n in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")] == [limit, limit]
    group.enter(123)
    assert read(group, "cgroup.procs") == "123"
    group.close()
    assert not group.folder.exists()
    group.close()


@pytest.mark.parametrize("place", ["no memory"], indirect=True)
def test_a_group_that_cannot_limit_memory_is_none(place: Path) -> None:
    assert make_group(MIB) is None
    assert [path.name for path in place.iterdir()] == ["cgroup.subtree_control"]


@pytest.mark.parametrize(("place", "counts", "over"), [
    ("v2", {}, False),
    ("v2", {"memory.events": "max 12\noom 0\noom_kill 0\n"}, False),
    ("v2", {"memory.events": "max 12\noom 1\noom_kill 2\n"}, True),
    ("v2", {"memory.events": "max 0\noom 0\noom_kill 1\n"}, False),  # the whole machine's memory was short
    ("v1", {}, False),
    ("v1", {"memory.failcnt": "40\n"}, False),  # full, but of files, which were let go
    ("v1", {"memory.oom_control": "under_oom 0\noom_kill 1\n"}, False),
    ("v1", {"memory.oom_control": "under_oom 0\noom_kill 1\n", "memory.failcnt": "3\n"}, True),
    ("v1", {"memory.oom_control": "under_oom 0\noom_kill 1\n", "memory.memsw.failcnt": "3\n"}, True),
], indirect=["place"])
def test_only_a_kill_at_the_groups_own_limit_counts(place: Path, counts: dict[str, str], over: bool) -> None:
    group = Group(place, MIB)
    for name, text in counts.items():
        (group.folder / name).write_text(text)
    assert group.was_over() == over


@both
def test_the_peak_is_read(place: Path) -> None:
    group = Group(place, MIB)
    assert group.peak_bytes() == 0
    (group.folder / group.version.peak).write_text("4321\n")
    assert group.peak_bytes() == 4321
    (group.folder / group.version.peak).unlink()  # Linux before 5.19
    assert group.peak_bytes() == 0


def test_groups_of_graders_that_are_gone_are_removed(place: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = f"{PREFIX}-{ended.pid}-0", f"{PREFIX}-{os.getpid()}-7", "shell-1-2"
    left, mine, others = (place / name for name in names)
    for folder in (left, mine, others):
        os.mkdir(folder)
    phase1.sweep()
    assert [folder.exists() for folder in (left, mine, others)] == [False, True, True]


def test_the_doctor_says_which_it_is(bwrap: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def said() -> str:
        return " ".join(finding.what for finding in tools())

    assert f"control groups below {place}" in said()
    monkeypatch.setenv(NAMED, "/nowhere")
    assert "watched five times a second: no control group can be made below /nowhere" in said()
    monkeypatch.delenv(NAMED)
    monkeypatch.setattr(cgroup, "places", list)
    assert "watched five times a second: the system gives you no control group" in said()


# In a run

@pytest.fixture(scope="module")
def plan(small: Path) -> Plan:
    return make_plan(small, NAME, small / "exercises" / NAME, isolated=True,
                     limits=Limits(cell_seconds=60, notebook_seconds=120, restarts=0))


@pytest.fixture(scope="module", params=["forked", "started"])
def nursery(request: pytest.FixtureRequest, bwrap: str, plan: Plan) -> Iterator[Nursery | None]:
    """Both ways to a kernel."""
    made = opened(plan) if request.param == "forked" else None
    yield made
    if made is not None:
        phase1._close_nursery(made)


def make_box(plan: Plan, nursery: Nursery | None, folder: Path) -> Box:
    run = Path(tempfile.mkdtemp(dir=nursery.base)) if nursery else folder
    (run / "shown").mkdir(parents=True)
    plan.write_inputs(run / "shown")
    return Box(run, run / "shown", plan.limits, nursery=nursery)


def written_by(small: Path, plan: Plan, code: str) -> nbformat.NotebookNode:
    notebook = grafted(small, plan)
    next(cell for cell in notebook.cells if cell.get("id") == "t2").source = code
    return notebook


@pytest.mark.sandbox
@both
def test_an_honest_run_in_a_group(place: Path, plan: Plan, nursery: Nursery | None, small: Path, tmp_path: Path,
                                  monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[int] = []
    monkeypatch.setattr(Group, "peak_bytes", lambda self: 10**12 if self.folder.exists() else 0)
    monkeypatch.setattr(Group, "close", noting(inside, Group.close))
    box = make_box(plan, nursery, tmp_path / "run")
    done = execute(grafted(small, plan), box)
    assert not done.stopped and sorted(p.stem for p in (box.run / "out").iterdir()) == ["t1", "t2", "t3"]
    assert len(inside) == 1 and (inside[0] > 1 if nursery else inside[0] == 0)  # its number, or "I"
    assert done.peak_bytes == 10**12
    assert box.group is None and not list(place.glob(f"{PREFIX}-*"))


def noting(inside: list[int], close: Callable[[Group], None]) -> Callable[[Group], None]:
    def noted(group: Group) -> None:
        inside.append(int(read(group, "cgroup.procs")))
        close(group)
    return noted


@pytest.mark.sandbox
def test_a_process_is_inside_before_it_becomes_or_forks_a_kernel(
    place: Path, plan: Plan, nursery: Nursery | None, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enter(group: Group, pid: int = 0) -> None:
        process = psutil.Process(pid or None)
        deadline = time.monotonic() + 3  # time enough to go ahead for a process that does not wait
        while pid and not process.children() and time.monotonic() < deadline:
            time.sleep(0.05)
        note = [process.pid, len(process.children()), "bwrap" in process.cmdline()[0]]
        (tmp_path / "note").write_text(repr(note))

    monkeypatch.setattr(Group, "enter", enter)
    box = make_box(plan, nursery, tmp_path / "run")
    done = execute(written_by(small, plan, "import os\nprint('pid', os.getpid())"), box)
    assert "t1.npz" in os.listdir(box.run / "out") and not done.stopped
    pid, children, became = eval((tmp_path / "note").read_text())
    assert children == 0 and not (became and nursery is None) and not psutil.pid_exists(pid)


@pytest.mark.sandbox
@pytest.mark.parametrize("kernel_dies", [False, True])
def test_what_the_system_killed_is_said_to_have_taken_too_much(
    place: Path, plan: Plan, nursery: Nursery | None, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    kernel_dies: bool
) -> None:
    """Whether the system chose the kernel, or a process below it and the kernel lives on."""
    if kernel_dies:
        monkeypatch.setattr("coursekit.grading.watch.INTERVAL", 1000)  # it dies before anybody looks
    box = make_box(plan, nursery, tmp_path / "run")
    end = "os.kill(os.getpid(), 9)" if kernel_dies else "time.sleep(300)"
    code = ("import os, time\nopen('/grading/out/now', 'w')\n"
            f"while not os.path.exists('/grading/out/killed'): time.sleep(0.01)\n{end}")
    system = threading.Thread(target=kill_at_the_limit, args=(place, box.run / "out"))
    system.start()
    done = execute(written_by(small, plan, code), box)
    system.join()
    assert list(done.stopped.values()) == ["it took more than 3.0 GiB of memory"]
    assert done.seconds < plan.limits.cell_seconds, "it was seen, not waited for"
    assert not list(place.glob(f"{PREFIX}-*"))


def kill_at_the_limit(place: Path, out: Path) -> None:
    """Count as the system does."""
    deadline = time.monotonic() + 60
    while not (out / "now").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    for group in place.glob(f"{PREFIX}-*"):
        (group / "memory.events").write_text("max 3\noom 1\noom_kill 1\n")
    (out / "killed").touch()


@pytest.mark.sandbox
def test_a_death_that_was_not_the_limit_keeps_its_reason(place: Path, plan: Plan, nursery: Nursery | None, small: Path,
                                                         tmp_path: Path) -> None:
    box = make_box(plan, nursery, tmp_path / "run")
    done: Execution = execute(written_by(small, plan, "import os\nos._exit(3)"), box)
    assert "the kernel died in it" in " ".join(done.stopped.values())


@pytest.mark.sandbox
@pytest.mark.parametrize("lost", ["cgroup.procs", "all"])
def test_a_group_that_fails_costs_nobody_a_mark(place: Path, plan: Plan, nursery: Nursery | None, small: Path,
                                                tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    made = Group.__init__

    def spoilt(self: Group, *args: object) -> None:
        made(self, *args)  # type: ignore[arg-type]
        for file in self.folder.iterdir():
            if lost in (file.name, "all"):
                file.unlink()

    monkeypatch.setattr(Group, "__init__", spoilt)
    box = make_box(plan, nursery, tmp_path / "run")
    assert not execute(grafted(small, plan), box).stopped
    assert sorted(p.stem for p in (box.run / "out").iterdir()) == ["t1", "t2", "t3"]


# A real one

TOGETHER = """
import os, time
children = []
for _ in range({n}):
    child = os.fork()
    if child == 0:
        kept = bytearray(os.urandom(2**20)) * {each}
        time.sleep(1)
        os._exit(0)
    children.append(child)
raise SystemExit(any([os.waitpid(child, 0)[1] for child in children]))
"""
SHARED = """
import mmap
kept = mmap.mmap(-1, {each} * 2**20)
kept[:] = b"x" * len(kept)
"""


@pytest.fixture
def real() -> Iterator[Group]:
    group = make_group(150 * MIB) if os.environ.get(NAMED) else None
    if group is None:
        pytest.skip(f"{NAMED} names no folder of control groups that tests may use")
    yield group
    group.close()
    assert not group.folder.exists()


@pytest.mark.parametrize(("code", "over"), [
    (TOGETHER.format(n=4, each=60), True), (TOGETHER.format(n=2, each=30), False),
    (SHARED.format(each=250), True), (SHARED.format(each=60), False),
])
def test_the_system_ends_what_takes_too_much_together(real: Group, code: str, over: bool) -> None:
    """Each process stays below the limit, and shared memory counts for none of them."""
    here = mmap.mmap(-1, 200 * MIB)  # the grader's own, held outside
    here[:] = b"x" * len(here)
    ran = subprocess.run([sys.executable, "-c", code], preexec_fn=real.enter, timeout=60, check=False)
    assert real.was_over() == over == (ran.returncode != 0)
    assert ran.returncode in (0, 1, -signal.SIGKILL)
    assert 0 < real.peak_bytes() <= 150 * MIB


@pytest.mark.sandbox
def test_a_bomb_in_a_real_group(real: Group, plan: Plan, nursery: Nursery | None, small: Path, tmp_path: Path,
                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coursekit.grading.watch.memory_of", lambda *_: 0)  # the group alone
    box = make_box(plan, nursery, tmp_path / "run")
    box.limits = Limits(memory_bytes=800 * MIB, cell_seconds=20, notebook_seconds=40, restarts=0)
    bomb = "import mmap\nkept = [mmap.mmap(-1, 2**27) for _ in range(8)]\nfor block in kept: block[:] = b'x' * 2**27"
    assert list(execute(written_by(small, plan, bomb), box).stopped.values()) == ["it took more than 0.8 GiB of memory"]
