"""The hostile bank: each file of ``hostile/`` is one submission, and says in its first line what it tries.

The lines of comments at its head say what must come of it::

    # marks: t1=0              points by task; tasks that are not named earn everything
    # flag: words              one of the flags for a person holds these words
    # malformed: words         it is not run, and the reason holds these words
    # name: text               the student's name, where that is the attack

Then come cells: ``# %% t1`` is the answer of t1 (the others are right), ``# %% before t1``, ``# %% after t1`` and
``# %% end`` are cells that the student added there. ``# %% make`` is not handed in: it is run by the test with the
notebook ``nb``, its ``path`` and the ``course`` at hand, to hand in something that no editor would write. What an
attack achieves it prints after the word LOOT; what it writes is called "hostile…".
"""
from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grading_course import NAME, POINTS, RIGHT, Answers

BANK = Path(__file__).parent / "hostile"

HONEST = '''
import os, sys
import numpy
home = os.path.expanduser("~")
traces = [os.path.join(here, name) for place in ("/tmp", "/dev/shm", home, "/grading/out")
          for here, _, names in os.walk(place) for name in names
          if "hostile" in name or name.endswith((".py", ".pth")) or name.startswith("filler")]
others = [p for p in os.listdir("/proc") if p.isdigit() and b"ipykernel" not in open(f"/proc/{p}/cmdline", "rb").read()]
print("TRACES", traces, [p for p in others if int(p) > 2], numpy.__file__.endswith("site-packages/numpy/__init__.py"))
# honest: %d
'''
"""What honest submissions between the hostile ones add: a look for anything that others left behind."""
CLEAN = "TRACES [] [] True"


@dataclass
class Attack:
    """One file of the bank."""

    stem: str
    title: str
    marks: dict[str, float]
    flag: str = ""
    malformed: str = ""
    name: str = ""
    cells: list[tuple[str, str]] = field(default_factory=list)

    @property
    def runs(self) -> bool:
        return not self.malformed


def read_bank() -> list[Attack]:
    """All files of the bank, by name."""
    return [read_attack(path) for path in sorted(BANK.glob("*.py"))]


def read_attack(path: Path) -> Attack:
    head, *blocks = re.split(r"^# %% ", path.read_text("utf-8"), flags=re.MULTILINE)
    lines = [line.removeprefix("# ") for line in head.strip().splitlines()]
    given = dict(re.fullmatch(r"(marks|flag|malformed|name): (.*)", line).groups() for line in lines[1:])
    marks = dict(POINTS)
    for item in given.pop("marks", "").split():
        task, points = item.split("=")
        marks[task] = float(points)
    cells = [tuple(block.split("\n", 1)) for block in blocks]
    return Attack(path.stem, lines[0], marks, cells=cells, **given)


@dataclass(frozen=True)
class World:
    """Where things are that an attack would like to reach."""

    course: Path
    submissions: Path
    out: Path
    canary: Path
    port: int

    def fill(self, text: str) -> str:
        for key, value in (("COURSE", self.course), ("SUBMISSIONS", self.submissions), ("OUT", self.out),
                           ("CANARY", self.canary), ("PORT", self.port)):
            text = text.replace(f"@{key}@", str(value))
        return text


def write_bank(attacks: list[Attack], world: World, honest_every: int) -> tuple[dict[str, str], list[str]]:
    """Hand all in, an honest submission after every few of those that run.

    Returns:
        the folder's name by attack, and the names of the honest ones.
    """
    names: dict[str, str] = {}
    honest: list[str] = []
    ran = 0
    for number, attack in enumerate(attacks):
        names[attack.stem] = attack.name or f"a{number:03d}-{attack.stem}"
        hand_in(attack, world, world.submissions / names[attack.stem] / f"{NAME}.ipynb")
        ran += attack.runs
        if attack.runs and ran % honest_every == 0:
            honest.append(f"a{number:03d}-{attack.stem}-z-honest")
            Answers(world.course, RIGHT).first(HONEST % number).write(
                world.submissions / honest[-1] / f"{NAME}.ipynb")
    return names, honest


def hand_in(attack: Attack, world: World, path: Path) -> None:
    """Write one submission."""
    answers = Answers(world.course, RIGHT)
    answers.insert(2, f"# {attack.stem}")  # no two submissions are the same, so each is run
    make = ""
    for where, source in attack.cells:
        source = world.fill(source)
        kind = "markdown" if where.endswith("[markdown]") else "code"
        place, _, at = where.removesuffix("[markdown]").strip().partition(" ")
        if place == "make":
            make = source
        elif place == "end":
            answers.insert(len(answers.nb.cells), source, kind)
        elif at:
            answers.insert(answers.index(at) + (place == "after"), source, kind)
        else:
            answers.cell(place)["source"] = source
    nb: dict[str, Any] = json.loads(json.dumps(answers.nb))
    path.parent.mkdir(parents=True)

    def cell(grade_id: str) -> dict[str, Any]:
        return next(c for c in nb["cells"] if c["metadata"].get("nbgrader", {}).get("grade_id") == grade_id)

    before = set(path.parent.iterdir())
    exec(make, {"nb": nb, "path": path, "course": world.course, "cell": cell, "json": json, "os": os})
    if not any(p.suffix == ".ipynb" for p in set(path.parent.iterdir()) - before):
        path.write_text(json.dumps(nb), "utf-8")
