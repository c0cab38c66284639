"""Limits that no single system call carries: memory of all processes together, and what is written to the host's disk.

`RLIMIT_DATA` binds each process; a hundred of them may still be too many. So the grader looks, a few times a second,
and kills. Where there is a control group (`cgroup`), the system has killed already, and the grader sees that and says
so. What was seen is the peak memory in the report.
"""
from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from coursekit.grading.nursery import EMPTIED
from coursekit.grading.sandbox import Box

INTERVAL = 0.2
MAX_FILES = 2_000


@dataclass
class Watch:
    """Watches one kernel's processes and folders.

    Attributes:
        box: where the kernel runs.
        peak_bytes: most memory that all its processes held together.
        reason: why it was killed; empty where it was not.
    """

    box: Box
    peak_bytes: int = 0
    reason: str = field(default="", init=False)

    async def run(self, pid: int) -> None:
        """Look until cancelled, or until a limit is passed: then kill `pid` (bubblewrap, and all inside with it)."""
        limits = self.box.limits
        while not self.reason:
            await asyncio.sleep(INTERVAL)
            used = self.look(pid)
            if used > limits.memory_bytes or self.was_over():
                self.reason = self.too_much
            elif any(folder_is_over(self.box.run / name, limits.folder_bytes) for name in ("out", "ipc")):
                self.reason = f"it wrote more than {limits.folder_bytes / 2**20:.0f} MiB, or {MAX_FILES} files, to disk"
            elif self.box.isolated and self.box.nursery is None and most_files(pid) > limits.files:
                self.reason = f"it made more than {limits.files} files"  # bubblewrap limits only their size
        _kill_tree(pid)

    def look(self, pid: int) -> int:
        """Memory held now; remembers the most."""
        used = memory_of(pid, self.box.limits.memory_bytes)
        seen = self.box.group.peak_bytes() if self.box.group is not None else 0
        self.peak_bytes = max(self.peak_bytes, used, seen)
        return used

    def was_over(self) -> bool:
        """Has the control group ended something for want of memory?"""
        return self.box.group is not None and self.box.group.was_over()

    @property
    def too_much(self) -> str:
        return f"it took more than {self.box.limits.memory_bytes / 2**30:.1f} GiB of memory"


def memory_of(pid: int, enough: int = 0) -> int:
    """Bytes held by a process and all below it.

    Resident sizes count shared pages once a process. Only where their sum passes `enough` is the exact figure (each
    shared page divided among those who share it) asked for: it costs the kernel a walk through all pages.
    """
    tree = _tree(pid)
    total = sum(_resident(process) for process in tree)
    return total if total <= enough else sum(_proportional(process) for process in tree)


def folder_is_over(folder: Path, limit: int) -> bool:
    """Does a folder that a stranger writes to hold more than `limit` bytes, or very many files?"""
    size = count = 0
    below = [folder]
    while below:
        try:
            for entry in os.scandir(below.pop()):
                count += 1
                if entry.is_dir(follow_symlinks=False):
                    below.append(Path(entry.path))
                else:
                    size += entry.stat(follow_symlinks=False).st_size
                if size > limit or count > MAX_FILES:
                    return True
        except OSError:  # vanished while we looked, or locked against us
            continue
    return False


def most_files(pid: int) -> int:
    """Files and folders in the fullest of the places in memory that the processes below `pid` may write to."""
    most = 0
    for place in EMPTIED:
        try:
            inside = f"/proc/{_tree(pid)[-1].pid}/root{place}"
            if os.stat(inside).st_dev != _device(place):  # the walls stand: it is not this machine's own folder
                system = os.statvfs(inside)
                most = max(most, system.f_files - system.f_ffree)
        except (OSError, IndexError):
            continue
    return most


def _device(place: str) -> int:
    try:
        return os.stat(place).st_dev
    except OSError:
        return -1


def _tree(pid: int) -> list[psutil.Process]:
    try:
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    except psutil.Error:
        return []


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _proportional(process: psutil.Process) -> int:
    try:
        return int(getattr(process.memory_full_info(), "pss", 0))
    except (psutil.Error, OSError):
        return _resident(process)


def _kill_tree(pid: int) -> None:
    for process in reversed(_tree(pid)):
        try:
            process.kill()
        except psutil.Error:
            continue
