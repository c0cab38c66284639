"""A process behind the walls that has imported what the notebooks need, and is forked once for each of them.

Most of the time that a short notebook takes goes into starting Python and importing torch. So this process does it once
per worker, before anything of a student's is near, and then forks. Each child builds walls of its own before it becomes
a kernel: namespaces for processes, mounts, network, IPC and names; empty folders to write in; this run's inputs and
nothing of any other run; an unprivileged uid without capabilities; the limits. What it inherits is memory into which
only the course's own code has written.

This file runs inside (``python -m coursekit.grading.nursery``), so it imports little; `Nursery` in `nursery_client` is
the grader's side of it.
"""
from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import resource
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any

HOME = "/home/student"
EMPTIED = ("/tmp", "/dev/shm", HOME)  # a child covers these with empty folders, with whatever lay below
GRADING = "/grading"
CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 4, 24, 38, 47
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Import, say "ready", then fork for each line of JSON on standard input, until it ends."""
    modules = json.loads(sys.argv[1])
    for name in modules:
        try:
            importlib.import_module(name)
        except ImportError:  # the notebook will say so itself
            continue
    importlib.import_module("ipykernel.kernelapp")
    importlib.import_module("ipykernel.ipkernel")
    gc.collect()
    gc.freeze()  # so that collecting in a child does not copy every page
    print("ready", flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children are reaped by themselves
    for line in sys.stdin:
        if os.fork() == 0:
            _guardian(json.loads(line))


def _guardian(order: dict[str, Any]) -> None:
    """Make the namespaces; the first process in them guards them, and everything inside ends with it. Never returns."""
    try:
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _call(_libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWCGROUP),
              "unshare")
        if (child := os.fork()) != 0:
            os.waitpid(child, 0)
            os._exit(0)
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        _first(order)
    except BaseException as error:
        print(f"nursery: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    os._exit(1)


def _first(order: dict[str, Any]) -> None:
    """Process 1 of the new namespaces: walls, then the kernel as a child, then wait for it."""
    with socket.socket(socket.AF_UNIX) as here:
        here.connect(order["socket"])  # tells the grader which process this is
        log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        if not here.recv(1):  # the grader has put this process into its control group, if there is one
            os._exit(1)
        _walls(order)
        dropped, say_dropped = os.pipe()
        kernel = os.fork()
        if kernel == 0:
            here.close()
            _become(order, log, say_dropped)
        os.close(log)
        os.close(say_dropped)
        if os.read(dropped, 1):  # not before the kernel has given up its rights
            here.sendall(b"started")
        os.close(dropped)
    for handle in (0, 1, 2):
        os.close(handle)
    while True:
        pid, _ = os.wait()
        if pid == kernel:
            os._exit(0)


def _walls(order: dict[str, Any]) -> None:
    """Empty folders, this run's files, and nothing of other runs."""
    size = f"size={order['folder_bytes']},nr_inodes={order['files']}"  # an empty file has no size, but it has a price
    _mount("none", "/", "", MS_REC | MS_PRIVATE)
    handles = {name: os.open(path, os.O_PATH | os.O_DIRECTORY) for name, path in order["folders"].items()}
    _mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, f"mode=1777,{size}")
    _mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, f"mode=1777,{size}")
    _mount("tmpfs", HOME, "tmpfs", MS_NOSUID | MS_NODEV, f"mode=0777,{size}")
    base = order["base"]
    os.makedirs(base, exist_ok=True)  # it may have lain below the old /tmp
    _mount("tmpfs", base, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=65536")
    places = {"ipc": order["folders"]["ipc"], "grading": GRADING, "out": f"{GRADING}/out"}
    for name, place in places.items():
        if name == "ipc":
            os.makedirs(place)
        _mount(f"/proc/self/fd/{handles[name]}", place, "", MS_BIND)
        only = MS_RDONLY if name == "grading" else 0
        _mount("none", place, "", MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | only)
    os.mkdir(f"{HOME}/work", 0o777)
    os.chmod(f"{HOME}/work", 0o777)
    if "support" in handles:
        shutil.copytree(f"/proc/self/fd/{handles['support']}", f"{HOME}/work", dirs_exist_ok=True)
        os.chmod(f"{HOME}/work", 0o777)
    _mount("none", base, "", MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    for handle in handles.values():
        os.close(handle)
    _mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)


def _become(order: dict[str, Any], log: int, say_dropped: int) -> None:
    """Give up everything, then be the kernel. Never returns."""
    try:
        null = os.open("/dev/null", os.O_RDONLY)
        for source, target in ((null, 0), (log, 1), (log, 2)):
            os.dup2(source, target)
        os.dup2(say_dropped, 3)
        os.closerange(4, 1024)
        os.setsid()
        for name, value in order["limits"].items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
        _drop(order["uid"])
        os.write(3, b"x")
        os.close(3)
        os.umask(0o022)
        os.environ.clear()
        os.environ.update(order["environment"])
        os.chdir(f"{HOME}/work")
        sys.argv = order["argv"]
        for name in [name for name in sys.modules if name.startswith("coursekit.grading")]:
            del sys.modules[name]
        from ipykernel import kernelapp

        kernelapp.launch_new_instance(argv=order["argv"][1:])  # type: ignore[no-untyped-call]
    except SystemExit:
        os._exit(0)
    except BaseException as error:
        print(f"nursery: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
    os._exit(1)


def _drop(uid: int | None) -> None:
    """No capability, no other uid, no way back."""
    for capability in range(64):
        if _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break
    _libc.prctl(PR_CAP_AMBIENT, 4, 0, 0, 0)  # clear all
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    _call(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    _prctl(PR_SET_DUMPABLE, 1)
    kept = [line.split()[1] for line in Path("/proc/self/status").read_text().splitlines()
            if line.startswith(("CapInh", "CapPrm", "CapEff", "CapAmb"))]
    if any(int(value, 16) for value in kept) or os.getuid() == 0 or os.geteuid() == 0:
        raise PermissionError("privileges could not be given up")


def _mount(source: str, target: str, kind: str, flags: int, data: str = "") -> None:
    _call(_libc.mount(source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags),
                      data.encode() or None), f"mount {target}")


def _prctl(what: int, value: int) -> None:
    _call(_libc.prctl(what, value, 0, 0, 0), "prctl")


def _call(result: int, name: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


if __name__ == "__main__":
    main()
