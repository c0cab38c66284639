"""How sure is a figure: intervals over seeds, and when one method beats another.

A figure measured once is an anecdote. Over seeds it has a mean and a 95 % interval; a share of runs has one too. Two
methods are compared seed by seed, since a hard draw is hard for both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats


def mean_interval(values: Sequence[float] | np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """Computes Student's t interval of the mean of independent runs.

    Args:
        values: One number for each seed with shape (S,), S >= 2.
        level: Confidence, between 0 and 1.

    Raises:
        ValueError: If there are fewer than two runs or one is not finite.
    """
    runs = np.asarray(values, dtype=float)
    if runs.ndim != 1 or len(runs) < 2 or not np.isfinite(runs).all():
        raise ValueError(
            f"an interval needs at least two runs, one finite number each, got shape {runs.shape} with "
            f"{int((~np.isfinite(runs)).sum())} that are not finite; count those apart with share_interval."
        )
    half = stats.t.ppf((1 + level) / 2, len(runs) - 1) * runs.std(ddof=1) / np.sqrt(len(runs))
    return float(runs.mean() - half), float(runs.mean() + half)


def share_interval(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Computes the Clopper-Pearson interval of a share: exact, and honest at 0 of n and n of n.

    Source: Clopper and Pearson 1934, Biometrika 26.

    Raises:
        ValueError: If hits is not between 0 and n, or n is zero.
    """
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"a share needs 0 <= hits <= n and n >= 1, got {hits} of {n}.")
    interval = stats.binomtest(int(hits), int(n)).proportion_ci(level, method="exact")
    return float(interval.low), float(interval.high)


def wins(a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray) -> tuple[int, float]:
    """Counts the seeds on which a is above b, with the p-value of the one-sided sign test; ties count as half.

    The p-value is the chance of as many wins if both were equally good. "a beats b" asks for less than 0.05, divided
    by the number of comparisons made at once.

    Returns:
        Number of wins (a tie is half a win, rounded down), p-value.

    Raises:
        ValueError: If the runs are not paired.
    """
    first, second = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if first.shape != second.shape or first.ndim != 1 or len(first) == 0:
        raise ValueError(f"paired runs need one shape (S,), got {first.shape} and {second.shape}.")
    count = int((first > second).sum() + (first == second).sum() / 2)
    return count, float(stats.binomtest(count, len(first), alternative="greater").pvalue)
