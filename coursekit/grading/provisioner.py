"""How Jupyter starts a kernel inside a `Box`.

A kernel provisioner named in a configuration file that does not exist is silently replaced by Jupyter's own, which
isolates nothing. So none is named: the manager below is given its provisioner as an object, and `assert_inside` asks
the running kernel's command line before anything of a student's is sent to it.
"""
from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from functools import partial
from typing import Any

import psutil
import zmq
import zmq.asyncio
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

from coursekit.grading.cgroup import Group, make_group
from coursekit.grading.nursery_client import Forked, NurseryUnavailable, kernel_below, outside
from coursekit.grading.sandbox import Box, IsolationUnavailable, bubblewrap

MAX_MESSAGE = 16 * 2**20
"""A larger message is dropped by the socket, before it takes the grader's memory."""


class BoxProvisioner(LocalProvisioner):
    """Launches kernels behind the walls of `box`; all else is Jupyter's local provisioner."""

    box: Box

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        self.box.prepare()
        return await super().pre_launch(**kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        box = self.box
        box.hand_over(box.connection_file)
        box.group = make_group(box.limits.memory_bytes)
        if box.nursery is not None:
            try:
                self.process = box.nursery.start(box, cmd[cmd.index("-m") + 1:])  # type: ignore[assignment]
                self.pid, self.pgid = self.process.pid, None  # type: ignore[attr-defined,union-attr]
                return self.connection_info
            except NurseryUnavailable:
                box.nursery = None  # it may have been killed when memory was short: this one starts by itself
        with (box.run / "kernel.log").open("wb") as log:
            self.process = subprocess.Popen(  # type: ignore[assignment]
                box.command(cmd), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
                env={} if box.isolated else box.environment(),
                cwd="/" if box.isolated else box.working_directory, start_new_session=True, close_fds=True,
                preexec_fn=partial(_before_exec, os.getpid(), box.group))
        self.pid = self.pgid = self.process.pid  # type: ignore[attr-defined]
        return self.connection_info


def _before_exec(grader: int, group: Group | None) -> None:
    """Between fork and exec: end when the grader is killed (bubblewrap asks for the same, some milliseconds later), and
    enter the group, so that nothing is ever started outside of it."""
    if _libc is not None:
        _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != grader:
            os._exit(1)
    if group is not None:
        group.enter()


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class BoxManager(AsyncKernelManager):
    """A manager for one kernel in one `box`, over sockets in the box's own folder (there is no network inside)."""

    def __init__(self, box: Box, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.context = zmq.asyncio.Context()
        for option, value in ((zmq.MAXMSGSIZE, MAX_MESSAGE), (zmq.RCVHWM, 200), (zmq.LINGER, 0)):
            self.context.setsockopt(option, value)
        self._kernel_spec = KernelSpec(
            argv=[sys.executable, "-P", "-s", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            language="python", display_name="Python 3 (grading)", interrupt_mode="message")
        self.transport = "ipc"
        self.ip = str(box.run / "ipc" / "k")  # absolute: the kernel runs in another folder
        self.connection_file = str(box.connection_file)
        self.provisioner = BoxProvisioner(kernel_id="grading", kernel_spec=self._kernel_spec, parent=self)
        self.provisioner.box = box

    @property
    def pid(self) -> int:
        """Of the process that all of the kernel's lie below."""
        assert isinstance(self.provisioner, BoxProvisioner) and self.provisioner.pid is not None
        return self.provisioner.pid

    def assert_inside(self, *, isolated: bool) -> None:
        """Fail closed.

        Raises:
            IsolationUnavailable: isolation was asked for, and this kernel was not started by bubblewrap.
        """
        provisioner = self.provisioner
        started = list(getattr(getattr(provisioner, "process", None), "args", []) or [""])
        inside = isinstance(provisioner, BoxProvisioner) and provisioner.box.isolated and started[0] == bubblewrap()
        if inside and isinstance(provisioner.process, Forked):  # type: ignore[union-attr]
            kernel = kernel_below(self.pid)
            inside = not outside(kernel) and psutil.Process(kernel).uids().real != 0
        if isolated and not inside:
            raise IsolationUnavailable("A grading kernel was started outside of its sandbox. Nothing was run in it.")
