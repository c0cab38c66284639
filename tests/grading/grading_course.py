"""A small course of its own for the tests of grading: one problem set with three tasks, and a way to answer it."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat

from coursekit.authoring import release

NAME = "ps90"
SECRET = "a secret of the tests, and of nothing else"

TEXT = '''# %% [markdown]
# # A small problem set

# %%
import torch

from coursekit.checks import open_checks

check = open_checks("ps90")

# %% [markdown]
# ## Task 1

# %% answer="t1"
def standardise(x):
    """The rows of x with mean 0 and standard deviation 1 (dividing by n). x and the result have shape (n, d)."""
    ### BEGIN SOLUTION
    return (x - x.mean(0)) / x.std(0, unbiased=False)
    ### END SOLUTION

# %% check="t1"
check("t1", standardise)

# %% answer="t2"
def log_normal(x, mu, log_var):
    """Log density of a normal at x, shape (n,); mu and log_var are numbers."""
    ### BEGIN SOLUTION
    return -0.5 * (log_var + (x - mu) ** 2 / torch.exp(torch.tensor(log_var)) + 1.8378770664093453)
    ### END SOLUTION

# %% check="t2"
check("t2", log_normal)

# %% answer="t3"
def energy(x):
    """Energy of each row of x, shape (n, d): minus the logarithm of the sum of exp(-x)."""
    ### BEGIN SOLUTION
    return -torch.logsumexp(-x, 1)
    ### END SOLUTION

# %% check="t3"
check("t3", energy)
'''

CHECKS = '''"""The checks of the small problem set."""
import torch

from coursekit.checks import Case, Slip, Task


def _standardise(x):
    return (x - x.mean(0)) / x.std(0, unbiased=False)


def _rows(rng):
    return [Case({"x": 3.0 + 2.0 * rng.normal(size=(6, 3))}), Case({"x": rng.normal(size=(9, 2))})]


def _log_normal(x, mu, log_var):
    return -0.5 * (log_var + (x - mu) ** 2 / torch.exp(torch.tensor(log_var)) + 1.8378770664093453)


def _scale_for_variance(x, mu, log_var):
    return -0.5 * (2 * log_var + (x - mu) ** 2 / torch.exp(torch.tensor(2 * log_var)) + 1.8378770664093453)


def _points(rng):
    return [Case({"x": rng.normal(size=7), "mu": 0.0, "log_var": 0.0}, "standard"),
            Case({"x": rng.normal(size=7), "mu": float(rng.normal()), "log_var": float(rng.uniform(0.5, 1.5))}, "any")]


def _gradient(answer, inputs):
    x = torch.tensor(inputs["x"], requires_grad=True)
    out = answer(x)
    return {"energy": out, "gradient": torch.autograd.grad(out.sum(), x)[0]}


TASKS = [
    Task("t1", "Standardise", _standardise, _rows, {"values": 2.0}, slips=(
        Slip("divides-by-n-minus-1", "Look at which variance std takes.", lambda x: (x - x.mean(0)) / x.std(0)),
        Slip("forgets-the-mean", "What is the mean of the result?", lambda x: x / x.std(0, unbiased=False)),
    )),
    Task("t2", "Log density of a normal", _log_normal, _points, {"standard": 1.0, "any": 2.0}, slips=(
        Slip("takes-log-var-for-log-scale", "Is log_var the logarithm of the variance or of the scale?",
             _scale_for_variance),
    )),
    Task("t3", "An energy and its gradient", lambda x: -torch.logsumexp(-x, 1),
         lambda rng: [Case({"x": rng.normal(size=(5, 4))})], {"values": 1.0}, driver=_gradient, forbids=("logsumexp",),
         slips=(Slip("flips-the-sign", "A lower energy is a likelier point.", lambda x: torch.logsumexp(-x, 1)),)),
]
'''

RIGHT = {
    "t1": "def standardise(x):\n    return (x - x.mean(0)) / x.std(0, unbiased=False)",
    "t2": "import math\n\ndef log_normal(x, mu, log_var):\n"
          "    return -0.5 * (math.log(2 * math.pi) + log_var + (x - mu) ** 2 * math.exp(-log_var))",
    "t3": "def energy(x):\n    return -torch.log(torch.exp(-x).sum(1))",
}
SLIPPED = [{("t1", "divides-by-n-minus-1"), ("t3", "flips-the-sign")},
           {("t1", "forgets-the-mean"), ("t2", "takes-log-var-for-log-scale")}]
"""Which slips a notebook of the batch makes together."""
SLIPS = {
    ("t1", "divides-by-n-minus-1"): "def standardise(x):\n    return (x - x.mean(0)) / x.std(0)",
    ("t1", "forgets-the-mean"): "def standardise(x):\n    return x / x.std(0, unbiased=False)",
    ("t2", "takes-log-var-for-log-scale"): "import math\n\ndef log_normal(x, mu, log_var):\n    s = math.exp(log_var)\n"
                                           "    return -0.5 * ((x - mu) / s) ** 2 - math.log(s) - 0.5 * "
                                           "math.log(2 * math.pi)",
    ("t3", "flips-the-sign"): "def energy(x):\n    return torch.log(torch.exp(-x).sum(1))",
}
POINTS = {"t1": 2.0, "t2": 3.0, "t3": 1.0}


def make_course(folder: Path) -> Path:
    """Write the course's sources into `folder` and release the problem set."""
    (folder / "solutions").mkdir(parents=True)
    (folder / "lectures").mkdir()
    (folder / "solutions" / f"{NAME}.py").write_text(TEXT, "utf-8")
    (folder / "solutions" / f"{NAME}_checks.py").write_text(CHECKS, "utf-8")
    release(folder, NAME)
    return folder


class Answers:
    """A student's notebook: the released one, answered and otherwise changed."""

    def __init__(self, course: Path, answers: dict[str, str] | None = None) -> None:
        self.nb = nbformat.read(course / "exercises" / NAME / f"{NAME}.ipynb", as_version=4)
        for task, source in (answers or {}).items():
            self.cell(task)["source"] = source

    def cell(self, grade_id: str) -> Any:
        """The first cell with this id."""
        return next(c for c in self.nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id)

    def index(self, grade_id: str) -> int:
        return self.nb.cells.index(self.cell(grade_id))

    def insert(self, at: int, source: str, kind: str = "code", metadata: dict[str, Any] | None = None) -> Answers:
        make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        self.nb.cells.insert(at, make(source, metadata=metadata or {}))
        return self

    def first(self, source: str) -> Answers:
        """Add a cell right after the first answer cell, before anything is checked."""
        return self.insert(self.index("t1") + 1, source)

    def drop(self, grade_id: str) -> Answers:
        self.nb.cells.remove(self.cell(grade_id))
        return self

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.nb), "utf-8")  # not through nbformat: a student's file need not be valid
