"""The syllabus as data: every row of ``experiments/rows.toml`` with what was measured for it."""
from __future__ import annotations

import json
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

from coursekit.evaluation.experiment import is_stale


def read_rows(course: Path) -> list[dict[str, Any]]:
    """The rows as written: id, section, system, source, lecture, runs, asked."""
    return tomllib.loads((course / "experiments" / "rows.toml").read_text("utf-8"))["row"]


def read_sections(course: Path) -> dict[int, str]:
    """Section number -> title."""
    table = tomllib.loads((course / "experiments" / "rows.toml").read_text("utf-8"))
    return {s["number"]: s["title"] for s in table["section"]}


def syllabus(course: Path) -> list[dict[str, Any]]:
    """All rows with ``measured`` and ``status``: ok, finding, fails, stale, or todo where there is no result."""
    titles = read_sections(course)
    rows = []
    for row in read_rows(course):
        path = course / "experiments" / f"{row['id']}.json"
        measured, status = "", "todo"
        if path.is_file():
            result = json.loads(path.read_text("utf-8"))
            measured = result["measured"] + (f" ({result['finding']})" if result.get("finding") else "")
            status = "stale" if is_stale(result, course) else result["status"]
        rows.append({"id": row["id"], "section": row["section"], "title": titles[row["section"]],
                     "system": row["system"], "source": row["source"], "lecture": row["lecture"],
                     "asked": row["asked"], "measured": measured, "status": status})
    return rows


def summary(rows: list[dict[str, Any]]) -> str:
    """One line: how many rows of each status."""
    counts = Counter(row["status"] for row in rows)
    order = ("ok", "finding", "stale", "fails", "todo")
    return f"{len(rows)} rows: " + ", ".join(f"{counts[s]} {s}" for s in order if counts[s])
