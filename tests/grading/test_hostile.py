"""The hostile bank, in one grading run with honest submissions in between: marks, nothing read, nothing written."""
from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil
import pytest
from grading_course import NAME, POINTS, SECRET, make_course
from hostile_bank import CLEAN, World, read_bank, write_bank

from coursekit.grading import GradeReport, Limits, grade
from coursekit.grading.course_folder import CourseFolder
from coursekit.grading.report import Row
from coursekit.grading.sandbox import FIRST_UID

pytestmark = pytest.mark.sandbox
LIMITS = Limits(cell_seconds=4, notebook_seconds=15, memory_bytes=800 * 2**20, folder_bytes=64 * 2**20, processes=48,
                output_bytes=2**20, restarts=2)
BANK = read_bank()
STEMS = [attack.stem for attack in BANK]


@dataclass
class Survived:
    """What the grading run left behind; `pages` is the processor time of each student's marks and pages."""

    world: World
    report: GradeReport
    names: dict[str, str]
    honest: list[str]
    before: str
    heard: list[str]
    seconds: float
    pages: dict[str, float]

    def row(self, stem: str) -> Row:
        return self.report[self.names[stem]]

    def page(self, step: str, row: Row) -> str:
        kind = "html" if step == "feedback" else "ipynb"
        return (self.report.out / step / row.student / NAME / f"{NAME}.{kind}").read_text("utf-8")


@pytest.fixture(scope="module")
def survived(bwrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Survived]:
    folder = tmp_path_factory.mktemp("hostile")
    course = make_course(folder / "course")
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, \
            socket.socket(socket.AF_UNIX) as unix, pytest.MonkeyPatch.context() as patch:
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        unix.bind(f"\0hostile-{port}")
        unix.listen()
        patch.setenv("COURSEKIT_SECRET", SECRET)
        world = World(course, folder / "submissions", folder / "out", folder / "hostile-canary", port)
        names, honest = write_bank(BANK, world, honest_every=4)
        before = digest(course) + digest(world.submissions)
        pages: dict[str, float] = {}
        for step in ("autograde", "feedback"):
            patch.setattr(CourseFolder, step, timed(getattr(CourseFolder, step), pages))
        began = time.monotonic()
        report = grade(NAME, world.submissions, world.out, course=course, limits=LIMITS, progress=False)
        yield Survived(world, report, names, honest, before, heard(tcp, udp, unix), time.monotonic() - began,
                       pages)


def timed(step: Callable[..., None], seconds: dict[str, float]) -> Callable[..., None]:
    """A step of the phase in which students wait for each other, with the processor time that each of them takes."""
    def wrapped(folder: CourseFolder, student: str) -> None:
        began = time.process_time()
        step(folder, student)
        seconds[student] = seconds.get(student, 0.0) + time.process_time() - began

    return wrapped


def test_the_bank_is_large() -> None:
    assert len(BANK) >= 50 and len({attack.title for attack in BANK}) == len(BANK)


@pytest.mark.parametrize("stem", STEMS)
def test_the_mark_is_right_and_what_is_odd_is_flagged(survived: Survived, stem: str) -> None:
    attack, row = BANK[STEMS.index(stem)], survived.row(stem)
    if attack.malformed:
        assert (row.status, row.total, row.points) == ("malformed", None, {}), row
        assert attack.malformed in row.reason
        return
    assert row.status == "graded", row
    assert row.points == attack.marks and row.total == sum(attack.marks.values()), row
    if attack.flag:
        assert any(attack.flag in flag for flag in row.flags), row.flags


@pytest.mark.parametrize("stem", [attack.stem for attack in BANK if attack.runs])
def test_nothing_is_read_and_time_is_bounded(survived: Survived, stem: str) -> None:
    row = survived.row(stem)
    cells = json.loads(survived.page("autograded", row))["cells"]
    assert "LOOT" not in json.dumps([cell.get("outputs") for cell in cells])
    assert row.seconds < LIMITS.notebook_seconds + (LIMITS.restarts + 1) * 12
    others = median(survived.pages.values())
    assert survived.pages[row.student] < 5 * max(1.0, others), "one of them holds up all others"


def test_all_of_it_took_a_bounded_time(survived: Survived) -> None:
    """Generous, for the machine may be busy: the bank takes a second and a half a submission on two free cores."""
    assert survived.seconds < 10 * len(survived.report.rows)


def test_no_output_is_kept_past_its_budget(survived: Survived) -> None:
    cells = json.loads(survived.page("autograded", survived.row("many_displays")))["cells"]
    kept = sum(len(json.dumps(cell["outputs"])) for cell in cells if cell["cell_type"] == "code")
    assert LIMITS.output_bytes / 2 < kept < 1.2 * LIMITS.output_bytes


def test_no_hidden_input_reaches_its_author_in_a_sentence_or_in_many_errors(survived: Survived) -> None:
    row = survived.row("says_inputs_in_a_sentence")
    numbers = re.findall(r"\d{5,}", re.search(r"LEAK \[(.*?)\]", survived.page("autograded", row))[1])
    assert len(numbers) == 2
    assert not [number for number in numbers if number[:6] in survived.page("feedback", row)]
    row = survived.row("says_inputs_by_errors")
    assert survived.page("autograded", row).count('"output_type": "error"') >= 100
    assert survived.page("feedback", row).count("this cell ended in") == 1


def test_honest_submissions_in_between_are_unaffected(survived: Survived) -> None:
    assert len(survived.honest) >= 10
    for name in survived.honest:
        row = survived.report[name]
        assert (row.status, row.points, row.flags) == ("graded", POINTS, []), row
        assert CLEAN in survived.page("autograded", row), name


def test_nothing_is_written_and_nobody_stays(survived: Survived) -> None:
    world = survived.world
    assert digest(world.course) + digest(world.submissions) == survived.before
    assert not world.canary.exists()
    for place in (Path("/tmp"), Path("/dev/shm"), Path("/"), Path.home(), Path.cwd(), Path("/var/tmp")):
        assert [p.name for p in place.glob("hostile-was-here")] == [], place
        assert [p.name for p in place.glob("hostile-daemon")] == [], place
    assert not [p for p in Path("/tmp").glob(f"ck-{os.getpid()}-*")]
    assert [process.cmdline() for process in left_behind()] == []


def left_behind() -> list[psutil.Process]:
    """Processes of a grading kernel (they keep its command line) whose grader is no more."""
    out = []
    for process in psutil.process_iter(["uids", "cmdline"]):
        if process.info["uids"] and FIRST_UID <= process.info["uids"].real < FIRST_UID + 4000:
            grader = re.search(r"/ck-(\d+)-", " ".join(process.info["cmdline"] or []))
            if grader is None or not psutil.pid_exists(int(grader[1])):
                out.append(process)
    return out


def test_nobody_called(survived: Survived) -> None:
    assert survived.heard == []


def test_pages_run_nothing_and_show_nothing_hidden(survived: Survived) -> None:
    opened = ("<script>alert", "<img src=x", "<b onclick", 'href="javascript:', r"\href{",
              f'src="http://127.0.0.1:{survived.world.port}')
    report = survived.report.html_path.read_text("utf-8")
    assert re.search(r"<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src '[a-z-]+'\">",
                     report[:report.index("<style>")])
    assert not [tag for tag in opened if tag in report]
    for row in survived.report.rows:
        if row.status == "graded":
            page = survived.page("feedback", row)
            assert not [tag for tag in opened if tag in page], row.student
            assert not re.search(r"<(script|link|img|iframe)[^>]*\b(src|href)=.?(https?:)?//", page), "it needs the net"
    row = survived.row("leaks_inputs")
    assert "LEAK [" in survived.page("autograded", row), "the instructor's copy holds them, so the search can fail"
    assert "LEAK [" not in survived.page("feedback", row) and "LEAK_1" not in survived.page("feedback", row)
    for line in survived.report.csv_path.read_text("utf-8").splitlines()[1:]:
        assert line[:1] not in "=+-@|" and ',=' not in line and ',"=' not in line and ",@" not in line


def digest(folder: Path) -> str:
    """Names, kinds and contents of all that lies in a folder."""
    h = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        h.update(f"{path.relative_to(folder)} {info.st_mode} {info.st_size}".encode())
        if path.is_file() and not path.is_symlink() and info.st_size < 10**7:
            h.update(path.read_bytes())
    return h.hexdigest()


def heard(tcp: socket.socket, udp: socket.socket, unix: socket.socket) -> list[str]:
    """Who called meanwhile."""
    out = []
    for name, one in (("tcp", tcp), ("udp", udp), ("unix", unix)):
        one.settimeout(0.1)
        with contextlib.suppress(TimeoutError):
            out.append(f"{name}: {one.recv(100) if name == 'udp' else one.accept()}")
    return out
