"""What all tests share: shapes in signatures are checked, and a missing tool skips here but fails under CI=true."""
from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from jaxtyping import install_import_hook

COURSE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(COURSE / "tests" / "widgets"))  # `lab`, the JupyterLab helper, serves other tests too
os.environ["PATH"] = str(Path(sys.executable).parent) + os.pathsep + os.environ.get("PATH", "")

# Every jaxtyping shape in these packages is enforced while the tests run.
install_import_hook(
    [
        "coursekit.data",
        "coursekit.density",
        "coursekit.distances",
        "coursekit.distributions",
        "coursekit.gans",
        "coursekit.nets",
        "coursekit.training",
    ],
    "beartype.beartype",
)
torch.set_num_threads(1)  # the tests' nets are tiny: a second thread costs more than it gives


@pytest.fixture(scope="session")
def course() -> Path:
    """The course's folder."""
    return COURSE


def require(program: str, package: str) -> str:
    """The path of a program; without it skip visibly, or fail where CI=true."""
    path = shutil.which(program)
    if path is None:
        message = f"{program} is missing. On Debian and Ubuntu: sudo apt install {package}"
        if os.environ.get("CI") == "true":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium."""
    return require("chromium", "chromium")


@pytest.fixture(scope="session")
def bwrap() -> str:
    """The path of bubblewrap."""
    return require("bwrap", "bubblewrap")


#: Quiet and alone: no sandbox (tests run in containers), no GPU, nothing fetched in the background.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

ARTEFACTS = COURSE / "artefacts"


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """One headless Chromium for a module's tests, with a temporary profile.

    Not for the whole session: playwright keeps an event loop running, and other tests' `asyncio.run` would fail.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield started
        started.close()


@pytest.fixture
def artefacts() -> Path:
    """Where screenshots are kept to be looked at."""
    ARTEFACTS.mkdir(exist_ok=True)
    return ARTEFACTS
