"""One graded batch for many assertions: grading takes seconds a student, so it is done once."""
from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from grading_batch import LIMITS, Graded, write_batch
from grading_course import NAME, SECRET, make_course

from coursekit.grading import grade


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The small course, with a secret of its own."""
    before = os.environ.get("COURSEKIT_SECRET")
    os.environ["COURSEKIT_SECRET"] = SECRET
    yield make_course(tmp_path_factory.mktemp("course"))
    if before is None:
        del os.environ["COURSEKIT_SECRET"]
    else:
        os.environ["COURSEKIT_SECRET"] = before


@pytest.fixture(scope="session")
def graded(bwrap: str, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """All submissions of `batch`, graded in the sandbox, two at a time."""
    folder = tmp_path_factory.mktemp("grading")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        write_batch(small, folder / "submissions", listener.getsockname()[1])
        report = grade(NAME, folder / "submissions", folder / "out", course=small, limits=LIMITS, progress=False)
        connections = 0
        try:
            while listener.accept():
                connections += 1
        except TimeoutError:
            pass
    return Graded(small, folder / "submissions", report, connections)
