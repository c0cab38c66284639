"""How long a lecture takes: minutes to read (counted), seconds to run (measured), written into its text by the build.

A lecture's text says ``{{read}}`` and ``{{run}}``; `fill_times` puts the figures of ``lectures/times.json`` there.
"""
from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

from nbclient import NotebookClient
from nbformat import NotebookNode

from coursekit.authoring.text import AuthoringError, read_text

WORDS_A_MINUTE = 150
"""Reading speed for technical prose (slower than the 240 of fiction: Brysbaert, 2019)."""
CODE_LINES_A_MINUTE = 10
"""Our allowance for reading code and thinking about its result."""


def reading_minutes(notebook: NotebookNode) -> int:
    """Minutes to read prose and code, rounded up to 5."""
    prose = " ".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    words = len(re.findall(r"\w+", prose))
    lines = sum(len(cell.source.splitlines()) for cell in notebook.cells if cell.cell_type == "code")
    return -(-int(words / WORDS_A_MINUTE + lines / CODE_LINES_A_MINUTE) // 5) * 5


def measure(text: Path) -> dict[str, float]:
    """Run a lecture from top to bottom at full budget in its folder; read minutes and run seconds."""
    notebook = read_text(text)
    environment = {key: value for key, value in os.environ.items() if key != "COURSEKIT_BUDGET"}
    start = time.perf_counter()
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(text.parent)}}).execute(env=environment)
    return {"read": reading_minutes(notebook), "run": round(time.perf_counter() - start, 1)}


def measure_all(course: Path, stems: list[str]) -> dict[str, dict[str, float]]:
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


def read_times(course: Path) -> dict[str, dict[str, float]]:
    """The committed figures, by lecture."""
    store = course / "lectures" / "times.json"
    return json.loads(store.read_text("utf-8")) if store.is_file() else {}


def fill_times(notebook: NotebookNode, stem: str, times: dict[str, dict[str, float]]) -> NotebookNode:
    """Replace ``{{read}}`` and ``{{run}}`` in Markdown cells.

    Raises:
        AuthoringError: the lecture has not been measured.
    """
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and ("{{read}}" in cell.source or "{{run}}" in cell.source):
            if stem not in times:
                raise AuthoringError(f"{stem} has not been measured yet. Run: coursekit times {stem}")
            cell.source = cell.source.replace("{{read}}", f"{times[stem]['read']:.0f}")
            cell.source = cell.source.replace("{{run}}", f"{times[stem]['run']:.0f}")
    return notebook
