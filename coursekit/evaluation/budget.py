"""How much a notebook computes: all of it, or less where only the code is tested.

With COURSEKIT_BUDGET=quick the same code takes fewer steps. What is exact still holds then and is asserted; what is
statistical needs the full number of runs, and is asserted only there.
"""

from __future__ import annotations

import os


def is_quick() -> bool:
    """Whether COURSEKIT_BUDGET asks for the quick run.

    Raises:
        ValueError: If it is set to something else than "quick" or "full".
    """
    value = os.environ.get("COURSEKIT_BUDGET", "full")
    if value not in ("quick", "full"):
        raise ValueError(f"COURSEKIT_BUDGET must be 'quick' or 'full', got {value!r}; unset it for the full run.")
    return value == "quick"


def budget(full: int, quick: int) -> int:
    """Chooses a number of steps, seeds or points: `full`, or `quick` where COURSEKIT_BUDGET=quick.

    Raises:
        ValueError: If quick exceeds full.
    """
    if not 1 <= quick <= full:
        raise ValueError(f"the quick budget must lie between 1 and the full one, got quick={quick}, full={full}.")
    return quick if is_quick() else full


def expect(statement: bool, sentence: str) -> None:
    """Asserts a statistical claim at full budget; on a quick run, where there are too few runs to tell, says nothing.

    Args:
        statement: What should hold.
        sentence: What it means, said when it does not hold.

    Raises:
        AssertionError: At full budget, if it does not hold.
    """
    if not (is_quick() or statement):
        raise AssertionError(f"expected, but not so here: {sentence}")
