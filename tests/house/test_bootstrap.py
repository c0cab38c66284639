"""make.py: what goes wrong on a stranger's machine ends as a sentence that says what to do."""
from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

COURSE = Path(__file__).resolve().parents[2]
Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def make():
    spec = importlib.util.spec_from_file_location("make", COURSE / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 8, 2), (3, 10, 14)])
def test_an_old_python_is_told_so(version):
    code = f"import sys; sys.version_info = {version}; exec(compile(open('make.py').read(), 'make.py', 'exec'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=COURSE, capture_output=True, text=True)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr and ".".join(map(str, version[:2])) in done.stderr
    assert "Traceback" not in done.stderr


def test_the_bootstrap_parses_under_an_old_python():
    import ast

    tree = ast.parse((COURSE / "make.py").read_text("utf-8"), feature_version=(3, 4))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]


def test_no_disk_space(make, monkeypatch):
    monkeypatch.setattr(make, "is_ready", lambda level: False)
    monkeypatch.setattr(make.shutil, "disk_usage", lambda path: Usage(10**11, 10**11, 5 * 10**8))
    with pytest.raises(make.Stop, match=r"0.5 GB free.*\n.*Make room"):
        make.setup("course")


def test_no_network_at_the_first_install(tmp_path):
    for name in ("make.py", "pyproject.toml", "requirements.lock", "README.md", "LICENSE"):
        shutil.copy(COURSE / name, tmp_path)
    (tmp_path / "coursekit").mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    environment.update(PIP_CONFIG_FILE=os.devnull, PIP_INDEX_URL="http://127.0.0.1:9/none", PIP_RETRIES="1",
                       PIP_NO_CACHE_DIR="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    done = subprocess.run([sys.executable, "make.py", "setup"], cwd=tmp_path, env=environment, capture_output=True,
                          text=True, timeout=120)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "there is no network now" in done.stderr and "run the same command again" in done.stderr
    assert not (tmp_path / ".venv" / ".made-from").exists()


def test_a_port_that_is_taken(make):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(make.Stop, match=rf"Port {port} is taken.*\n.*--port {port + 1}"):
            make.free_port(port)
    assert make.free_port(None) >= 8888


def test_a_full_disk_while_installing(make, monkeypatch, tmp_path):
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho 'ERROR: [Errno 28] No space left on device'\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setattr(make, "PYTHON", str(fake))
    with pytest.raises(make.Stop, match="disk became full"):
        make.pip_install("anything")
    fake.write_text("#!/bin/sh\necho 'ERROR: some other trouble'\nexit 1\n")
    with pytest.raises(make.Stop, match="some other trouble"):
        make.pip_install("anything")


def test_the_second_time_does_nothing(make, monkeypatch, tmp_path):
    monkeypatch.setattr(make, "VENV", str(tmp_path))
    monkeypatch.setattr(make, "PYTHON", sys.executable)
    (tmp_path / ".made-from").write_text(make.stamp("all"))
    monkeypatch.setattr(make, "pip_install", lambda *a: pytest.fail("installed again"))
    make.setup("all")
    make.setup("course")
    (tmp_path / ".made-from").write_text(make.stamp("course"))
    assert make.is_ready("course") and not make.is_ready("all")


def test_every_verb_has_its_make_target():
    text = (COURSE / "Makefile").read_text()
    spec = importlib.util.spec_from_file_location("make", COURSE / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    listed = next(line for line in text.splitlines() if line.startswith("VERBS")).split("=")[1].split()
    assert sorted(listed) == sorted(module.VERBS)


def test_unknown_words_are_explained():
    done = subprocess.run([sys.executable, "make.py", "dance"], cwd=COURSE, capture_output=True, text=True)
    assert done.returncode == 2 and "invalid choice: 'dance'" in done.stderr
