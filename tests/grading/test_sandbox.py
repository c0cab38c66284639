"""The walls themselves, apart from any notebook: what is visible, what is limited, and that they fail closed."""
from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import zmq
from grading_course import NAME, RIGHT, Answers

from coursekit.grading import IsolationUnavailable, Limits, grade
from coursekit.grading.execute import QuietClient
from coursekit.grading.provisioner import MAX_MESSAGE, BoxManager
from coursekit.grading.sandbox import Box, bubblewrap, check_isolation
from coursekit.grading.watch import MAX_FILES, Watch, folder_is_over, most_files

NOBODY = 65534


def make_box(folder: Path, **kwargs) -> Box:
    for name in ("shown/out", "support/data"):
        (folder / name).mkdir(parents=True)
    (folder / "shown" / "inputs.json").write_text("{}")
    (folder / "support" / "data" / "points.csv").write_text("1,2\n")
    box = Box(folder / "run", folder / "shown", support=folder / "support", **{"limits": Limits(), **kwargs})
    box.prepare()
    return box


def python(box: Box, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(box.command([sys.executable, "-P", "-s", "-c", code]), env={}, capture_output=True, text=True,
                          timeout=60, check=False)


@pytest.mark.sandbox
def test_a_hidden_folder_is_covered_even_below_a_shown_one(bwrap: str, tmp_path: Path) -> None:
    below = Path(sys.prefix) / "share"
    box = make_box(tmp_path, hide=(below,))
    ran = python(box, f"import os; print(os.path.exists({str(below)!r}))\ntry: print(os.listdir({str(below)!r}))\n"
                      "except PermissionError: print([])")
    assert ran.stdout.split() == ["True", "[]"], ran


@pytest.mark.sandbox
def test_the_kernel_is_nobody_with_a_small_view(bwrap: str, tmp_path: Path) -> None:
    ran = python(make_box(tmp_path), """
import os, sys
print(os.getuid() != 0, [line for line in open('/proc/self/status') if line.startswith('CapEff')][0].split()[1])
print(open('data/points.csv').read().strip(), os.getcwd(), sorted(os.environ.get('OMP_NUM_THREADS', '')))
print(sorted(os.listdir('/grading')), os.path.exists('/etc/passwd'), os.path.exists('/sys/kernel'))
for place in ('/grading/x', '/x', '/usr/x', '/dev/x', sys.prefix + '/x', 'data/points.csv'):
    try: open(place, 'a'); print('wrote', place)
    except OSError: pass
for place in ('/grading/out/x', '/tmp/x', 'x', '/dev/shm/x', os.path.expanduser('~/x')): open(place, 'w').write('x')
""")
    assert ran.returncode == 0, ran.stderr
    first, second, third, *rest = ran.stdout.splitlines()
    assert first == "True 0000000000000000"
    assert second == "1,2 /home/student/work ['1']"
    assert third == "['drivers.py', 'inputs.json', 'out'] False False" or third == "['inputs.json', 'out'] False False"
    assert rest == []
    assert (tmp_path / "run" / "out" / "x").read_text() == "x"


@pytest.mark.sandbox
@pytest.mark.parametrize(("code", "words"), [
    ("x = bytearray(10**9)", "MemoryError"),
    ("open('/grading/out/x', 'wb').write(b'x' * 10**8)", "File too large"),
    ("import os, time\nfor i in range(300):\n    if os.fork() == 0: time.sleep(20); os._exit(0)",
     "BlockingIOError"),
    ("open('/tmp/x', 'wb').write(b'x' * 3 * 10**7); open('/tmp/y', 'wb').write(b'x' * 3 * 10**7)", "No space left"),
])
def test_the_limits_bind(bwrap: str, tmp_path: Path, code: str, words: str) -> None:
    limits = Limits(memory_bytes=500 * 2**20, processes=40, folder_bytes=50 * 2**20, file_bytes=40 * 2**20)
    ran = python(make_box(tmp_path, limits=limits), code)
    assert ran.returncode != 0 and (words in ran.stderr or ran.returncode in (153, -25)), ran


@pytest.mark.sandbox
def test_a_kernel_that_makes_very_many_files_is_ended(bwrap: str, tmp_path: Path) -> None:
    """Bubblewrap limits a folder in memory by its bytes alone; where there is no nursery, the watch counts files."""
    box = make_box(tmp_path, limits=Limits(files=3_000))
    code = "import os\nfor i in range(10**9): os.close(os.open(f'/tmp/{i % 50000}', os.O_CREAT))"
    running = subprocess.Popen(box.command([sys.executable, "-P", "-s", "-c", code]), env={})
    watch = Watch(box)
    asyncio.run(asyncio.wait_for(watch.run(running.pid), 30))
    assert watch.reason == "it made more than 3000 files"
    assert running.wait(10) != 0
    assert most_files(os.getpid()) == 0, "this machine's own folders are nobody's doing"


def test_files_and_bytes_are_counted_in_all_folders_together(tmp_path: Path) -> None:
    for name in ("a", "b", "a/c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_bytes(bytes(400))
    assert folder_is_over(tmp_path, 1_000) and not folder_is_over(tmp_path, 1_200)
    for i in range(MAX_FILES):
        (tmp_path / ("a" if i % 2 else "b") / str(i)).touch()
    assert folder_is_over(tmp_path, 10**9)


def test_output_past_its_budget_is_not_kept() -> None:
    """Each message is small; a million of them are not."""
    cell = nbformat.v4.new_code_cell("")
    client = QuietClient(nbformat.v4.new_notebook(cells=[cell]))
    client.reset_execution_trackers()
    client.clear_before_next_output, client.room = False, 10_000
    for i in range(100):
        content = {"data": {"text/plain": "x" * 1_000}, "metadata": {}, "transient": {"display_id": "one"}}
        message = {"header": {"msg_type": "display_data"}, "parent_header": {}, "msg_type": "display_data",
                   "content": content}
        client.output(cell.outputs, message, "one", 0)
        if i < 3:
            assert len(cell.outputs) == i + 1
    assert 5 < len(cell.outputs) < 10
    content = {"data": {"text/plain": "late"}, "metadata": {}, "transient": {"display_id": "one"}}
    client._update_display_id("one", {"content": content})
    assert "late" not in str(cell.outputs)


def test_a_message_that_is_too_large_is_dropped_by_the_socket(tmp_path: Path) -> None:
    """A kernel decides how long its messages are; one of gigabytes must not be held in the grader's memory first."""
    manager = BoxManager(make_box(tmp_path))

    async def received(size: int) -> int:
        with manager.context.socket(zmq.PULL) as ours, zmq.Context() as theirs, theirs.socket(zmq.PUSH) as sender:
            ours.bind(f"ipc://{tmp_path}/s")
            sender.linger = 0
            sender.connect(f"ipc://{tmp_path}/s")
            sender.send(bytes(size))
            return len(await ours.recv()) if await ours.poll(20_000 if size < MAX_MESSAGE else 2_000) else 0

    assert asyncio.run(received(MAX_MESSAGE - 2**20)) == MAX_MESSAGE - 2**20
    assert asyncio.run(received(MAX_MESSAGE + 2**20)) == 0
    assert MAX_MESSAGE <= 2**24
    manager.context.destroy(linger=0)


@pytest.mark.sandbox
def test_walls_stand_without_root_too(bwrap: str, tmp_path: Path) -> None:
    """As anybody but root bubblewrap makes a user namespace. Root can try it by becoming nobody first."""
    if os.geteuid() == 0:
        tmp_path.chmod(0o755)
        for parent in tmp_path.parents:
            if parent.is_relative_to("/tmp") and parent != Path("/tmp"):
                parent.chmod(0o755)
    box = make_box(tmp_path, uid=None)
    for folder in (box.run / "out", box.run / "ipc"):
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
    as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    probe = "import os; open('/grading/out/x', 'w'); print(os.getuid(), os.listdir('/tmp'))"
    system_python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
    command = box.command([system_python, "-c", probe])
    if os.geteuid() == 0:  # nobody may not enter root's home, where this Python may lie: show the system's alone
        command = _without_libraries(command)
    ran = subprocess.run(command, env={}, capture_output=True, text=True, timeout=60, check=False, **as_nobody)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split()[0] not in ("0", str(NOBODY))
    assert (box.run / "out" / "x").stat().st_uid == (NOBODY if os.geteuid() == 0 else os.getuid())


def _without_libraries(command: list[str]) -> list[str]:
    from coursekit.grading.sandbox import library_folders

    out, skip = [], 0
    for i, arg in enumerate(command):
        if skip:
            skip -= 1
        elif arg == "--ro-bind" and Path(command[i + 1]) in library_folders():
            skip = 2
        else:
            out.append(arg)
    return out


def test_without_bubblewrap_it_refuses_and_says_what_to_install(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Answers(small, RIGHT).write(tmp_path / "in" / "alice.ipynb")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(IsolationUnavailable, match=r"apt install bubblewrap.*--no-isolation"):
        grade(NAME, tmp_path / "in", tmp_path / "out", course=small, progress=False)
    assert not (tmp_path / "out").exists()


def test_a_bubblewrap_that_does_not_work_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bin" / "bwrap"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho 'No permissions to create new namespace' >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    with pytest.raises(IsolationUnavailable, match="No permissions to create new namespace"):
        check_isolation(make_box(tmp_path / "box"))


@pytest.mark.sandbox
def test_a_kernel_outside_of_its_box_is_refused(bwrap: str, tmp_path: Path) -> None:
    manager = BoxManager(make_box(tmp_path))
    manager.provisioner.process = subprocess.Popen([sys.executable, "-c", ""])
    with pytest.raises(IsolationUnavailable, match="outside of its sandbox"):
        manager.assert_inside(isolated=True)
    manager.provisioner.process.wait()
    manager.assert_inside(isolated=False)
    manager.context.destroy(linger=0)
    assert bubblewrap() == bwrap


def test_without_isolation_it_warns_and_grades(small: Path, tmp_path: Path) -> None:
    Answers(small, RIGHT).write(tmp_path / "in" / "alice.ipynb")
    with pytest.warns(UserWarning, match="WITHOUT isolation"):
        report = grade(NAME, tmp_path / "in", tmp_path / "out", course=small, progress=False, isolation=False)
    assert report["alice"].total == 6.0 and not report.isolated
    assert "without isolation" in report.html_path.read_text("utf-8")
