"""``coursekit bench``: every benchmark one after the other, each beside its peer in the same run."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import typer


def run_benchmarks(course: Path, names: list[str]) -> bool:
    """Run ``benchmarks/<name>.py``, print a line each, and keep the figures in ``benchmarks/results.json``.

    Each script prints one line of JSON per measurement (name, ours_s, peer_s, ratio, goal, …) and exits non-zero when
    its goal is missed. Returns whether all goals are met.

    Raises:
        ValueError: an unknown name.
    """
    folder = course / "benchmarks"
    scripts = {p.stem: p for p in sorted(folder.glob("[!_]*.py"))}
    unknown = sorted(set(names) - set(scripts))
    if unknown:
        raise ValueError(f"No such benchmark: {', '.join(unknown)}. There are: {', '.join(scripts)}.")
    store = folder / "results.json"
    results = json.loads(store.read_text("utf-8")) if store.is_file() else {}
    good = True
    for name in names or scripts:
        typer.echo(f"{name} …")
        done = subprocess.run([sys.executable, str(scripts[name])], cwd=course, stdout=subprocess.PIPE, text=True)
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        results[name] = [json.loads(line) for line in lines]
        good &= done.returncode == 0
        typer.echo(f"  {'goal met' if done.returncode == 0 else 'GOAL MISSED'}")
        for line in lines:
            typer.echo(f"  {line}")
    store.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", "utf-8", newline="\n")
    return good
