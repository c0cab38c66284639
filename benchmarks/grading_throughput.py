"""Grading 40 submissions of a torch assignment: ours in the sandbox against stock ``nbgrader autograde``.

Both start from the same submissions of problem set 1 (every one different, two thirds of the tasks answered) and end
with marks in a gradebook; ours also writes feedback pages, tables and the report. nbgrader grades against the visible
cases, without isolation. A second line is ours again with nothing changed, against ours at first.

``GRADING_SUBMISSIONS=500`` grades more; the third line is then the time for each against that of 40.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat

COURSE = Path(__file__).resolve().parents[1]
NAME = "ps01"
COUNT = int(os.environ.get("GRADING_SUBMISSIONS", "40"))
JOBS = 2
os.environ["COURSEKIT_SECRET"] = "a secret of the benchmark, and of nothing else"


def answered(number: int) -> nbformat.NotebookNode:
    """A student's notebook: solutions in two thirds of the tasks, and a line of its own."""
    nb = nbformat.read(COURSE / "exercises" / NAME / f"{NAME}.ipynb", as_version=4)
    solved = nbformat.read(COURSE / "solutions" / NAME / f"{NAME}.ipynb", as_version=4)
    solutions = {c.metadata.nbgrader.grade_id: c.source for c in solved.cells if c.metadata.get("nbgrader")}
    for i, cell in enumerate(c for c in nb.cells if c.metadata.get("nbgrader", {}).get("solution")):
        if (i + number) % 3:
            cell.source = f"# by student {number}\n{solutions[cell.metadata.nbgrader.grade_id]}"
    return nb


def write_submissions(folder: Path, count: int) -> None:
    for number in range(count):
        target = folder / f"s{number:03d}" / NAME
        target.mkdir(parents=True)
        nbformat.write(answered(number), target / f"{NAME}.ipynb")


def timed(command: list[str], cwd: Path) -> float:
    start = time.perf_counter()
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # nbgrader calls alembic
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env={**os.environ, "PATH": path})
    return time.perf_counter() - start


def ours(submissions: Path, out: Path) -> float:
    command = [str(Path(sys.executable).with_name("coursekit")), "grade", NAME, "--from", str(submissions),
               "--out", str(out), "--jobs", str(JOBS)]
    return timed(command, COURSE)


def stock(submissions: Path, folder: Path) -> float:
    """A plain nbgrader course: source, release, submissions; then the time of autograde alone."""
    nbgrader = str(Path(sys.executable).with_name("nbgrader"))
    shutil.copytree(COURSE / "solutions" / NAME, folder / "source" / NAME)
    shutil.copytree(submissions, folder / "submitted")
    (folder / "nbgrader_config.py").write_text("c = get_config()\n")
    timed([nbgrader, "generate_assignment", NAME], folder)
    return timed([nbgrader, "autograde", NAME], folder)


def peak_mib(out: Path) -> float:
    """The most that one submission's kernel held, as the ledgers have it."""
    ledgers = (out / ".coursekit" / NAME / "students").glob("*.json")
    return max(json.loads(path.read_text("utf-8"))["peak_bytes"] for path in ledgers) / 2**20


def line(name: str, ours_s: float, peer_s: float, goal: float | None, **more: object) -> bool:
    ratio = ours_s / peer_s
    versions = {package: importlib.metadata.version(package) for package in ("nbgrader", "torch", "ipykernel")}
    print(json.dumps({"name": name, "ours_s": round(ours_s, 3), "peer_s": round(peer_s, 3), "ratio": round(ratio, 4),
                      "goal": goal, "jobs": JOBS, "cores": os.cpu_count(), **more,
                      "versions": {"python": platform.python_version(), **versions}}), flush=True)
    return goal is None or ratio <= goal


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        timed([str(Path(sys.executable).with_name("coursekit")), "release", NAME], COURSE)
        write_submissions(folder / "in", COUNT)
        if COUNT != 40:
            write_submissions(folder / "in40", 40)
            few = ours(folder / "in40", folder / "out40")
            many = ours(folder / "in", folder / "out")
            return 0 if line(f"coursekit grade: seconds for each of {COUNT}, peer: of 40", many / COUNT, few / 40, 1.2,
                             repeats=1) else 1
        first = ours(folder / "in", folder / "out")
        peer = stock(folder / "in", folder / "stock")
        again = ours(folder / "in", folder / "out")
        met = line(f"coursekit grade of {COUNT} submissions of {NAME}, peer nbgrader autograde", first, peer, 1 / 3,
                   repeats=1, kernel_peak_mib=round(peak_mib(folder / "out")))
        met &= line(f"coursekit grade of {COUNT} submissions again, peer: for the first time", again, first, 1 / 50,
                    repeats=1)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
