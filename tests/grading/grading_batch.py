"""The submissions of the shared batch: honest ones, broken ones, and some that try to cheat."""
from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from grading_course import NAME, RIGHT, SLIPPED, SLIPS, Answers

from coursekit.grading import GradeReport, Limits

LIMITS = Limits(cell_seconds=8, notebook_seconds=60, memory_bytes=2**30)

SCRIPT = "<script>alert('from a student')</script>"

ENDLESS = """
def standardise(x):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
"""

FLOOD = """
print("x" * (30 * 2**20))
for i in range(20_000):
    print("line", i)
"""

HOG = """
import mmap, time

def log_normal(x, mu, log_var):
    kept = [mmap.mmap(-1, 2**28) for _ in range(8)]  # shared: not counted by the operating system's limit
    for block in kept:
        for at in range(0, 2**28, 4096):
            block[at] = 1
    time.sleep(5)
"""

MARKDOWN = r"""
<img src=x onerror=alert(1)> [a](javascript:alert(1)) ![b](http://127.0.0.1/x) <javascript:alert(1)> [c][d]
$\href{javascript:alert(1)}{x}$ &lt;b&gt; <b onclick=alert(1)>bold</b> and $a<b$

[d]: javascript:alert(1)
"""

SPIES = '''
import os, socket, json
from pathlib import Path

SEEN = {"uid": os.getuid(), "processes": sorted(p for p in os.listdir("/proc") if p.isdigit()), "found": []}
for root in ("/", "/root", "/home", "/work", "/tmp", "/grading", %(places)s):
    try:
        SEEN["found"] += [str(Path(root, name)) for name in os.listdir(root)]
    except OSError as error:
        SEEN["found"].append(f"{root}: {type(error).__name__}")
for path in (%(places)s):
    try:
        SEEN["read"] = open(path).read()[:40]
    except OSError:
        pass
for place in ("/grading/inputs.json", "/usr/lib/x", "/grading/x", "/x"):
    try:
        open(place, "a").write("x")
        SEEN["wrote"] = place
    except OSError:
        pass
try:
    socket.create_connection(("127.0.0.1", %(port)d), timeout=1).close()
    SEEN["network"] = True
except OSError as error:
    SEEN["network"] = type(error).__name__
print("SEEN " + json.dumps(SEEN))
'''

FORGED = '''
import os, pickle, zipfile, io
class Boom:
    def __reduce__(self):
        return (os.system, ("touch /tmp/forged-by-a-student",))
import numpy as np
_write = open
def forge():
    np.savez("/grading/out/t2.npz", **{"0/result": np.array([Boom()], dtype=object)})
forge()
'''

LINK = """
os.remove("/grading/out/t3.npz")
os.symlink("/grading/inputs.npz", "/grading/out/t3.npz")
"""

LEAK = '''
def standardise(x):
    print("LEAK-PRINTED", x.tolist())
    HIDDEN.append(x)
    raise type("Leak" + "_".join(str(int(1e6 * abs(v))) for v in x.flatten()[:3].tolist()), (Exception,), {})("LEAK")
HIDDEN = []
print("LEAK-FILE", open("/grading/inputs.json").read() if __import__("os").path.exists("/grading/inputs.json") else "")
'''


@dataclass
class Graded:
    """The batch, graded: where everything is, and what was heard meanwhile."""

    course: Path
    submissions: Path
    report: GradeReport
    connections: int

    @property
    def out(self) -> Path:
        return self.report.out

    def feedback(self, student: str) -> str:
        return (self.out / "feedback" / student / NAME / f"{NAME}.html").read_text("utf-8")

    def autograded(self, student: str) -> str:
        return (self.out / "autograded" / student / NAME / f"{NAME}.ipynb").read_text("utf-8")


def write_batch(course: Path, folder: Path, port: int) -> None:
    """Write all submissions into `folder`."""
    honest(course, folder)
    changed(course, folder)
    broken(course, folder)
    hostile(course, folder, port)


def honest(course: Path, folder: Path) -> None:
    Answers(course, RIGHT).write(folder / "right" / f"{NAME}.ipynb")
    Answers(course).write(folder / "blank" / "some" / "where" / f"{NAME}.ipynb")
    half = Answers(course, {**RIGHT, "t2": "def log_normal(x, mu, log_var):\n    return -0.5 * (x - mu) ** 2 - 0.5 * "
                                           "1.8378770664093453"})
    half.drop("t3").write(folder / f"half_{NAME}.ipynb")
    for number, made in enumerate(SLIPPED):
        slipped = {task: SLIPS[task, slip] for task, slip in made}
        Answers(course, {**RIGHT, **slipped}).write(folder / f"slip{number}.ipynb")
    numpy = "import numpy as np\n\ndef standardise(x):\n    x = np.asarray(x, dtype=np.float32)\n    " \
            "return (x - x.mean(axis=0)) / x.std(axis=0)"
    warns = "import sys, warnings\nprint('careful', file=sys.stderr)\n" \
            "def energy(x):\n    warnings.warn('a warning')\n    print('noise', file=sys.stderr)\n    " \
            "return -torch.logsumexp(-x, dim=1)"
    Answers(course, {**RIGHT, "t1": numpy, "t3": warns}).write(folder / "warns" / "submitted.ipynb")


def changed(course: Path, folder: Path) -> None:
    """Notebooks whose check cells and metadata are not what was handed out."""
    twice = Answers(course, RIGHT)
    twice.insert(twice.index("t1"), "def standardise(x):\n    return 0 * x",
                 metadata={"nbgrader": dict(twice.cell("t1").metadata["nbgrader"])})
    twice.nb.cells[0]["id"] = twice.nb.cells[1]["id"]
    twice.write(folder / "twice.ipynb")
    games = Answers(course)  # answers nothing, and plays with everything that is not an answer
    games.cell("t1-check")["source"] = "1 + 1"
    games.cell("t1-check").metadata["tags"] = ["skip-execution", "raises-exception"]
    games.cell("t2-check").metadata["nbgrader"]["points"] = 100
    games.cell("t3-check").metadata["nbgrader"].update(grade=False, solution=True)
    for name in ("t1-check", "t2-check"):
        games.cell(name)["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": "2.0"}, "metadata": {},
                                        "execution_count": 1}]
    games.nb.cells.reverse()
    games.write(folder / "games.ipynb")
    Answers(course, RIGHT).drop("t1-check").drop("t2-check").write(folder / "deleted.ipynb")


def broken(course: Path, folder: Path) -> None:
    (folder / "cut.ipynb").write_text(json.dumps(Answers(course, RIGHT).nb)[:900], "utf-8")
    (folder / "empty.ipynb").write_bytes(b"")
    (folder / "latin.ipynb").write_bytes('{"cells": ["é"]}'.encode("latin-1"))
    (folder / "pdf.pdf").write_bytes(b"%PDF")
    (folder / "nothing").mkdir()
    Answers(course, RIGHT).write(folder / "both" / "a.ipynb")
    Answers(course, RIGHT).write(folder / "both" / "b.ipynb")
    other = Answers(course, RIGHT)
    for cell in other.nb.cells:
        cell["source"] = cell["source"].replace(NAME, "ps91")
    other.write(folder / "other" / f"{NAME}.ipynb")
    os.symlink(course / "solutions" / NAME / f"{NAME}.ipynb", folder / "link.ipynb")
    os.mkfifo(folder / "pipe.ipynb")


def hostile(course: Path, folder: Path, port: int) -> None:
    Answers(course, {**RIGHT, "t1": ENDLESS}).write(folder / "endless.ipynb")
    Answers(course, {**RIGHT, "t2": HOG}).first(FLOOD).write(folder / "hogs.ipynb")
    Answers(course, {**RIGHT, "t2": "import os\n\ndef log_normal(x, mu, log_var):\n    os._exit(0)"}).write(
        folder / "exits.ipynb")
    places = ", ".join(repr(str(p)) for p in (course / "solutions", course / "solutions" / f"{NAME}_checks.py",
                                              course / "exercises", folder, folder.parent / "out"))
    Answers(course, RIGHT).first(SPIES % {"port": port, "places": places}).write(folder / "spies.ipynb")
    page = Answers(course, {**RIGHT, "t3": f"# {SCRIPT}\n{RIGHT['t3']}\nprint({SCRIPT!r})"})
    page.first(f"from IPython.display import HTML, Javascript, Markdown, SVG, display\ndisplay(HTML({SCRIPT!r}), "
               f"Javascript('alert(1)'), Markdown({SCRIPT!r}))\n1/0 # {SCRIPT}")
    page.first(f"raise ValueError({SCRIPT!r})")
    page.insert(1, SCRIPT + MARKDOWN, "markdown")
    page.write(folder / "=cmd()" / f"{NAME}.ipynb")
    forged = Answers(course, {"t1": RIGHT["t1"], "t2": "def log_normal(x, mu, log_var):\n    raise KeyboardInterrupt"})
    forged.first(FORGED).insert(len(forged.nb.cells), LINK).write(folder / "forged.ipynb")
    leak = Answers(course, {**RIGHT, "t1": LEAK})
    leak.insert(leak.index("t2"), "print('LEAK-LATER', HIDDEN)").write(folder / "leaks.ipynb")
    wins = "get_ipython().display_formatter.formatters['text/plain'].for_type(object, lambda *a: '2.0')\n" \
           "import sys\nsys.displayhook(2.0)\ncheck = lambda *a: 2.0\nclass Same:\n    __eq__ = lambda *a: True\n" \
           "def standardise(x):\n    return Same()"
    Answers(course, {"t1": wins}).write(folder / "wins.ipynb")
