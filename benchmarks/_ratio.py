"""Times two callables against each other and prints the figure: shared by the benchmarks of this folder.

The two take turns, so that a machine that slows down slows both; the figure is the ratio of the medians.
"""

import importlib.metadata
import json
import platform
import statistics
import time
from collections.abc import Callable


def seconds(function: Callable[[], object]) -> float:
    """Times one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(
    name: str,
    ours: Callable[[], float],
    peer: Callable[[], float],
    *,
    goal: float | None,
    repeats: int,
    packages: tuple[str, ...],
) -> bool:
    """Compares two measurements by turns and prints one line of JSON.

    Args:
        name: What is measured.
        ours: Measures ours once and returns seconds.
        peer: Measures the peer once and returns seconds.
        goal: Largest ratio of medians, ours over peer; None reports it and gates nothing.
        repeats: Turns for each, after one that is thrown away.
        packages: Whose versions belong beside the figure.

    Returns:
        Whether the goal is met.
    """
    turns = [(ours(), peer()) for _ in range(repeats + 1)][1:]
    ours_s, peer_s = (statistics.median(column) for column in zip(*turns, strict=True))
    versions = {package: importlib.metadata.version(package) for package in packages}
    line = {
        "name": name,
        "ours_s": round(ours_s, 6),
        "peer_s": round(peer_s, 6),
        "ratio": round(ours_s / peer_s, 4),
        "goal": goal,
        "repeats": repeats,
        "versions": {"python": platform.python_version(), **versions},
    }
    print(json.dumps(line), flush=True)
    return goal is None or ours_s <= goal * peer_s
