"""How long a lecture takes: minutes to read (counted), seconds to run (measured), written into its text by the build.

A lecture's text says ``{{read}}`` and ``{{run}}``; `fill_times` puts the figures of ``lectures/times.json`` there. One
that is meant for several sittings has a cell with the heading ``### Break`` between two of them, and may say
``{{read 1}}``, ``{{read 2}}`` for each.

Minutes are counted by a model with four constants:

    minutes = (words + WORDS_A_CODE_LINE * lines) / WORDS_A_MINUTE
              + MINUTES_A_PREDICTION * predictions + MINUTES_A_WIDGET * widgets

The readings that we have are of lectures with about equally many lines of code and widgets, so they cannot tell what
these cost: those two constants are set by hand. The other two are fitted to `READINGS` by least squares.
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

from nbclient import NotebookClient
from nbformat import NotebookNode

from coursekit.authoring.text import AuthoringError, read_text


class Times(TypedDict):
    """A lecture's figures in ``lectures/times.json``: minutes (also of each sitting, if there are several), seconds."""

    read: int
    run: float
    sittings: NotRequired[list[int]]


WORDS_A_CODE_LINE = 5
"""Set by hand: a line of code is read like a short clause."""
MINUTES_A_WIDGET = 2
"""Set by hand: what its "Try" asks for."""
WORDS_A_MINUTE = 162
"""Fitted. Slower than the 240 of plain prose (Brysbaert, 2019): tables and pictures are looked at meanwhile."""
MINUTES_A_PREDICTION = 4.8
"""Fitted: to think, write a guess down, run, and find out why it was wrong."""


@dataclass(frozen=True)
class Amount:
    """What there is to read and to do in a lecture, or in a part of it.

    Attributes:
        words: Of prose; in a formula each name and number is one.
        lines: Of code, without empty ones.
        predictions: Cells that ask for a guess.
        widgets: Cells that show one.
    """

    words: int
    lines: int
    predictions: int
    widgets: int

    @property
    def minutes(self) -> float:
        """By the model of this module, not rounded."""
        text = (self.words + WORDS_A_CODE_LINE * self.lines) / WORDS_A_MINUTE
        return text + MINUTES_A_PREDICTION * self.predictions + MINUTES_A_WIDGET * self.widgets


READINGS: dict[str, tuple[Amount, float]] = {
    "08-distances": (Amount(words=3283, lines=222, predictions=9, widgets=2), 75),
    "09-the-gan-game": (Amount(words=2343, lines=224, predictions=7, widgets=1), 55),
    "10-wasserstein-and-other-games": (Amount(words=2636, lines=223, predictions=12, widgets=1), 80),
    "11-mode-collapse": (Amount(words=2254, lines=185, predictions=9, widgets=1), 70),
}
"""What each text held when read for the first time, and the minutes reported, all predictions made. These are four
rough figures for two constants, and the model is off by up to 5 minutes on them."""


def amount(cells: list[NotebookNode]) -> Amount:
    """Count what there is in some cells of a lecture."""
    prose = " ".join(cell.source for cell in cells if cell.cell_type == "markdown")
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    return Amount(
        words=len(re.findall(r"\w+", prose)),
        lines=sum(bool(line.strip()) for source in code for line in source.splitlines()),
        predictions=sum(bool(re.match(r"(guess|bet) = None", source)) for source in code),
        widgets=sum("from coursekit.widgets import" in source for source in code),
    )


def sittings(notebook: NotebookNode) -> list[int]:
    """Minutes to read and try each sitting, to the nearest 5; one sitting where there is no cell ``### Break``."""
    parts: list[list[NotebookNode]] = [[]]
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.search(r"(?m)^### Break\b", cell.source):
            parts.append([])
        parts[-1].append(cell)
    return [5 * round(amount(part).minutes / 5) for part in parts]


def measure(text: Path) -> Times:
    """Run a lecture from top to bottom at full budget in its folder; minutes to read and seconds to run."""
    notebook = read_text(text)
    environment = {key: value for key, value in os.environ.items() if key != "COURSEKIT_BUDGET"}
    start = time.perf_counter()
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(text.parent)}}).execute(env=environment)
    return times_of(sittings(notebook), round(time.perf_counter() - start, 1))


def times_of(parts: list[int], run: float) -> Times:
    """What is kept of a lecture whose sittings take so many minutes."""
    times: Times = {"read": sum(parts), "run": run}
    if len(parts) > 1:
        times["sittings"] = parts
    return times


def measure_all(course: Path, stems: list[str]) -> dict[str, Times]:
    """Measure the lectures named (none named: all) and keep the figures in ``lectures/times.json``."""
    store = course / "lectures" / "times.json"
    times = read_times(course)
    texts = [p for p in sorted((course / "lectures").glob("[0-9][0-9]-*.py")) if not stems or p.stem in stems]
    if missing := sorted(set(stems) - {p.stem for p in texts}):
        raise FileNotFoundError(f"There is no lecture {', '.join(missing)}.")
    for text in texts:
        times[text.stem] = measure(text)
    store.write_text(json.dumps(times, indent=1, sort_keys=True) + "\n", "utf-8", newline="\n")
    return times


def read_times(course: Path) -> dict[str, Times]:
    """The committed figures, by lecture."""
    store = course / "lectures" / "times.json"
    return json.loads(store.read_text("utf-8")) if store.is_file() else {}


def fill_times(notebook: NotebookNode, stem: str, times: dict[str, Times]) -> NotebookNode:
    """Replace ``{{read}}``, ``{{run}}`` and those of sittings in Markdown cells.

    Raises:
        AuthoringError: the lecture, or that sitting of it, has not been measured.
    """
    marked = re.compile(r"{{(read|run|read \d)}}")
    for cell in notebook.cells:
        if cell.cell_type != "markdown" or not marked.search(cell.source):
            continue
        if stem not in times:
            raise AuthoringError(f"{stem} has not been measured yet. Run: coursekit times {stem}")
        figures = {"read": times[stem]["read"], "run": times[stem]["run"]}
        parts = times[stem].get("sittings", [])
        figures |= {f"read {number}": minutes for number, minutes in enumerate(parts, start=1)}
        for mark in marked.findall(cell.source):
            if mark not in figures:
                raise AuthoringError(
                    f"{stem} says {{{{{mark}}}}}, but was measured with {max(1, len(parts))} sitting(s). Put a cell "
                    f"'### Break' between two sittings, then run: coursekit times {stem}"
                )
            cell.source = cell.source.replace(f"{{{{{mark}}}}}", f"{figures[mark]:.0f}")
    return notebook
