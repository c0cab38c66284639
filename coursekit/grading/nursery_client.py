"""The grader's side of a `nursery`: start it behind the walls, and have a kernel forked from it."""
from __future__ import annotations

import ast
import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
from nbformat import NotebookNode

from coursekit.grading.graft import is_check, is_student
from coursekit.grading.sandbox import Box

READY_SECONDS = 120
START_SECONDS = 30


class Forked:
    """A process that somebody else has forked, with as much of `subprocess.Popen` as Jupyter's provisioner uses."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int, args: list[str]) -> None:
        self.pid, self.args = pid, args
        self._handle = os.pidfd_open(pid)  # means this very process, even when its number is given to another
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._handle], [], [], 0)[0]:
            self.returncode = -1
            os.close(self._handle)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            select.select([self._handle], [], [], timeout)
        if self.poll() is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        return -1

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    terminate = kill


class Nursery:
    """One per worker. Its runs lie below `base`, which is all of the host's that it can write to.

    Raises:
        NurseryUnavailable: it did not come up, or cannot build walls here; kernels are started one by one then.
    """

    def __init__(self, box: Box, base: Path, modules: Iterable[str]) -> None:
        self.base = base
        self.box = box
        command = box.nursery_command(
            [sys.executable, "-P", "-s", "-m", "coursekit.grading.nursery", json.dumps(list(modules))], base)
        self.args = command
        self.log = base / "nursery.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env={},
                                            cwd="/", text=True, start_new_session=True)
        assert self.process.stdout is not None
        ready = select.select([self.process.stdout], [], [], READY_SECONDS)[0]
        if not ready or self.process.stdout.readline() != "ready\n":
            self.close()
            raise NurseryUnavailable(self.log.read_text("utf-8", "replace")[-500:])

    def start(self, box: Box, argv: list[str]) -> Forked:
        """Fork a kernel for the run of `box`.

        Raises:
            NurseryUnavailable: it did not come.
        """
        meet = box.run / "meet"
        folders = {"ipc": box.run / "ipc", "out": box.run / "out", "grading": box.grading}
        if box.support:
            folders["support"] = box.support
        order: dict[str, Any] = {
            "socket": str(meet), "log": str(box.run / "kernel.log"), "base": str(self.base), "uid": box.uid,
            "folders": {name: str(path) for name, path in folders.items()}, "folder_bytes": box.limits.folder_bytes,
            "files": box.limits.files, "limits": box.rlimits(), "environment": box.environment(), "argv": argv}
        with socket.socket(socket.AF_UNIX) as listener:
            meet.unlink(missing_ok=True)
            listener.bind(str(meet))
            listener.listen(1)
            listener.settimeout(0.5)
            try:
                assert self.process.stdin is not None
                self.process.stdin.write(json.dumps(order) + "\n")
                self.process.stdin.flush()
                caller = self._accept(listener)
                with caller:
                    caller.settimeout(30)
                    pid = struct.unpack("3i", caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
                    forked = Forked(pid, [*self.args[:1], "(forked)", *argv])
                    if box.group is not None:
                        box.group.enter(pid)  # before it forks the kernel, which is inside from its first page
                    caller.sendall(b"x")
                    if caller.recv(16) != b"started":
                        raise OSError("it ended while it built its walls")
            except OSError as error:
                raise NurseryUnavailable(f"{error} {self.log.read_text('utf-8', 'replace')[-500:]}") from error
            finally:
                meet.unlink(missing_ok=True)
        return forked

    def _accept(self, listener: socket.socket) -> socket.socket:
        """Wait for the forked process to call, as long as there is somebody who could."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(TimeoutError):
                return listener.accept()[0]
        raise OSError("nobody called")

    def close(self) -> None:
        """End it, and with it all that is left inside."""
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


class NurseryUnavailable(RuntimeError):
    """No kernel can be forked here."""


def outside(pid: int) -> list[str]:
    """Which namespaces a process shares with this one, though it should share none."""
    names = ("ipc", "mnt", "net", "pid", "uts")
    return [name for name in names if os.readlink(f"/proc/{pid}/ns/{name}") == os.readlink(f"/proc/self/ns/{name}")]


def modules_of(notebook: NotebookNode) -> list[str]:
    """What the course's own cells import: the nursery imports it ahead. (A student's imports are not looked at.)"""
    found: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type != "code" or is_student(cell) or is_check(cell):
            continue
        with contextlib.suppress(SyntaxError):
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Import):
                    found += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.append(node.module)
    return list(dict.fromkeys(found))


def kernel_below(pid: int) -> int:
    """The kernel's own process: the guardian's first child, or the guardian itself where it has none."""
    with contextlib.suppress(psutil.Error):
        children = psutil.Process(pid).children()
        if children:
            return children[0].pid
    return pid
