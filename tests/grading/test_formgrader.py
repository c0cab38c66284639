"""The grading folder is nbgrader's: formgrader opens it, counts right, and its buttons grade as we do."""
from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest
from grading_batch import Graded
from grading_course import NAME

from coursekit.grading.course_folder import CourseFolder

pytestmark = pytest.mark.sandbox
TOKEN = "a-token-of-the-tests"


class Server:
    """A Jupyter server in the grading folder, on loopback."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str, data: bytes | None = None) -> str:
        request = Request(self.url + path, data=data, headers={"Authorization": f"token {TOKEN}"})
        with urlopen(request, timeout=120) as reply:
            return reply.read().decode("utf-8")

    def api(self, path: str, data: bytes | None = None) -> Any:
        return json.loads(self.get(f"/formgrader/api/{path}", data))


@pytest.fixture(scope="module")
def server(graded: Graded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    home = tmp_path_factory.mktemp("home")
    environment = {**os.environ, "HOME": str(home), "JUPYTER_CONFIG_DIR": str(home / "config"),
                   "JUPYTER_RUNTIME_DIR": str(home / "runtime"), "JUPYTER_DATA_DIR": str(home / "data"),
                   "IPYTHONDIR": str(home / "ipython")}
    command = [sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", "--ip=127.0.0.1",
               f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
               f"--ServerApp.root_dir={graded.out}",
               "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}",
               "--ServerApp.disable_check_xsrf=True"]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=graded.out, env=environment, stdout=log, stderr=log)
    try:
        made = Server(f"http://127.0.0.1:{port}")
        for _ in range(300):
            assert process.poll() is None, (home / "log").read_text()
            try:
                made.get("/api/status")
                break
            except (URLError, ConnectionError):
                time.sleep(0.2)
        yield made
    finally:
        process.terminate()
        process.wait(timeout=20)


def test_formgrader_shows_the_assignment_with_its_counts(server: Server, graded: Graded) -> None:
    assert "formgrader" in server.get("/formgrader").lower()
    (assignment,) = server.api("assignments")
    ran = [row for row in graded.report.rows if row.status == "graded"]
    assert assignment["name"] == NAME and assignment["num_submissions"] == len(ran)
    assert assignment["max_score"] == 6 and assignment["releaseable"] is not None
    mean = sum(row.total or 0 for row in ran) / len(ran)
    assert assignment["average_score"] == pytest.approx(mean, abs=0.01)


def test_formgrader_shows_every_student_s_mark_and_page(server: Server, graded: Graded) -> None:
    submissions = {s["student"]: s for s in server.api(f"submissions/{NAME}")}
    for row in graded.report.rows:
        if row.status == "graded":
            shown = submissions[row.student]
            assert (shown["score"], shown["max_score"]) == (row.total, 6.0)
            assert shown["autograded"] and not shown["needs_manual_grade"]
    notebooks = server.api(f"submitted_notebooks/{NAME}/{NAME}")
    flagged = {n["student"] for n in notebooks if n["flagged"]}
    assert flagged == {row.student for row in graded.report.rows if row.flags and row.status == "graded"}
    page = server.get(f"/formgrader/submissions/{next(n['id'] for n in notebooks if n['student'] == 'slip0')}/")
    assert "divides-by-n-minus-1" in page or "Look at which variance std takes" in page


def test_formgrader_s_autograde_button_uses_our_steps(server: Server, graded: Graded) -> None:
    """The stored result is put aside, so that the button has to run the notebook itself, in the sandbox."""
    results = graded.out / ".coursekit" / NAME / "results"
    ledger = json.loads((graded.out / ".coursekit" / NAME / "students" / "warns.json").read_text("utf-8"))
    stored = results / f"{ledger['key']}.json"
    aside = stored.rename(stored.with_suffix(".aside"))
    try:
        answer = server.api(f"submission/{NAME}/warns/autograde", data=b"")
        assert answer["success"], answer
        assert Path(stored).is_file(), "the button ran the notebook through phase 1"
        assert server.api(f"submission/{NAME}/warns")["score"] == 6.0
    finally:
        aside.replace(stored)
    assert server.api(f"assignment/{NAME}/generate_feedback", data=b"")["success"]
    assert "LEAK-PRINTED [" not in graded.feedback("leaks")


def test_names_reach_formgrader_without_anything_that_could_be_html(tmp_path: Path, graded: Graded) -> None:
    out = shutil.copytree(graded.out, tmp_path / "out")
    folder = CourseFolder(out, NAME)
    folder.add_student("eve", '<img src="x" onerror="alert(1)"> Eve & Co')
    folder.add_student("slip0", "Another Name")
    with folder._gradebook() as book:
        eve, known = book.find_student("eve"), book.find_student("slip0")
        assert (eve.first_name, eve.last_name) == ("img src=x onerror=alert(1) Eve ", "Co")
        assert (known.first_name, known.last_name) == ("", "slip0"), "a name that is there stays"


@pytest.mark.browser
def test_an_instructor_s_way_through_formgrader_in_a_browser(server: Server, graded: Graded, browser: Any,
                                                             artefacts: Path) -> None:
    """Assignment, submissions, one student's notebook; looked at in `artefacts/`."""
    context = browser.new_context(viewport={"width": 1280, "height": 800},
                                  extra_http_headers={"Authorization": f"token {TOKEN}"})
    page, called = context.new_page(), []
    page.on("request", lambda request: called.append(request.url))
    page.goto(f"{server.url}/formgrader/manage_submissions/{NAME}")
    page.get_by_text("slip0").first.wait_for()
    page.screenshot(path=artefacts / "formgrader-submissions.png", full_page=True)
    table = page.locator("tbody").first.inner_text()
    missing = [row.student for row in graded.report.rows if row.status == "graded" and row.student not in table]
    assert missing == [], table
    assert "None, None" not in table, "students are called by their names"
    (notebook,) = [n["id"] for n in server.api(f"submitted_notebooks/{NAME}/{NAME}") if n["student"] == "slip0"]
    page.goto(f"{server.url}/formgrader/submissions/{notebook}/")
    page.get_by_text("Look at which variance std takes").first.wait_for(state="attached")
    page.screenshot(path=artefacts / "formgrader-notebook.png")
    context.close()
    away = [url for url in called if not url.startswith((server.url, "data:", "blob:"))]
    assert away == [], "nothing is fetched from the net"
