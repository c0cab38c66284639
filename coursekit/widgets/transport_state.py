"""What `TransportExplorer` shows, computed: no traits, no front end.

Two heaps of earth on the bins 0, 1, ..., n - 1 of a line: p as it lies, q as it should lie. To carry the mass P_ij from
bin i to bin j costs P_ij |i - j|. The cheapest plan P and its price come from a linear program
(`coursekit.distances.optimal_transport`); a second program knows nothing of plans and asks for a potential f instead,

    max over f of  sum_i (p_i - q_i) f_i        with |f_i - f_{i+1}| <= 1,

and finds the same number (`kantorovich_rubinstein`). That both agree is what makes W1 computable by a critic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from coursekit.distances import Transport, kantorovich_rubinstein, optimal_transport

OWN = "own"
#: Heaps to begin with, in parts of equal size.
PAIRS: dict[str, tuple[list[int], list[int]]] = {
    "one heap, two heaps": ([0, 1, 4, 7, 7, 4, 1, 0], [6, 5, 1, 0, 0, 1, 5, 6]),
    "left, right": ([5, 7, 5, 3, 1, 0, 0, 0], [0, 0, 0, 1, 3, 5, 7, 5]),
    "one bin further": ([2, 6, 9, 3, 1, 1, 2, 0], [0, 2, 6, 9, 3, 1, 1, 2]),
    "the same": ([1, 3, 6, 4, 2, 3, 2, 1], [1, 3, 6, 4, 2, 3, 2, 1]),
}
BINS = (2, 12)  # fewest and most
SMALLEST = 1e-9  # of the mass: less is rounding of the solver


def shares(masses: Any, name: str) -> list[float]:
    """Masses of a heap of one's own, divided by their sum.

    Raises:
        ValueError: if they are not 2 to 12 finite numbers, or one is negative, or all are zero.
    """
    try:
        values = np.asarray([float(m) for m in masses])
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a list of masses, one for each bin, got {masses!r}.") from None
    if not BINS[0] <= len(values) <= BINS[1]:
        raise ValueError(f"{name} must have between {BINS[0]} and {BINS[1]} bins, got {len(values)}.")
    if not np.isfinite(values).all() or (values < 0).any():
        raise ValueError(f"{name} must be finite masses that are not negative, got {masses!r}.")
    if values.sum() == 0:
        raise ValueError(f"All masses of {name} are zero, so there is nothing to carry: give at least one bin some.")
    return (values / values.sum()).tolist()


def reshared(heap: Sequence[float], index: int, share: float) -> list[float]:
    """The heap with another share in one bin; the other bins give way in proportion, so that the sum stays one.

    Where the others are empty there is no proportion: they get equal parts. `reshare` in numbers.js is the same.
    """
    rest = sum(heap) - heap[index]
    left = 1.0 - share
    others = [left / (len(heap) - 1) if rest < SMALLEST else value * left / rest for value in heap]
    return [share if i == index else value for i, value in enumerate(others)]


@dataclass(frozen=True, eq=False)
class TransportState:
    """Two heaps on the same bins: shares p and q, each with the sum one."""

    p: tuple[float, ...]
    q: tuple[float, ...]

    @property
    def n(self) -> int:
        """How many bins there are."""
        return len(self.p)

    @cached_property
    def distances(self) -> Tensor:
        """|i - j| with shape (n, n)."""
        bins = torch.arange(self.n, dtype=torch.float64)
        return (bins[:, None] - bins).abs()

    @cached_property
    def best(self) -> Transport:
        """A cheapest plan, by the linear program. Several plans may cost the same."""
        return optimal_transport(list(self.p), list(self.q), self.distances)

    @cached_property
    def potential(self) -> tuple[float, Tensor]:
        """The dual's value, by a program of its own, and its f with shape (n,), lowest at zero."""
        value, f = kantorovich_rubinstein(list(self.p), list(self.q), torch.arange(self.n, dtype=torch.float64))
        return value, f - f.min()

    @cached_property
    def moves(self) -> list[tuple[int, int, float]]:
        """What is carried: (from, to, mass), from left to right; what stays where it is is no move."""
        plan = self.best.plan
        cells = (plan > SMALLEST).nonzero().tolist()
        return [(i, j, plan[i, j].item()) for i, j in cells if i != j]

    # ------------------------------------------------------------ what the page draws

    def heaps(self) -> dict[str, Any]:
        """Both heaps, the plan, its moves, and what has been paid after each."""
        moves = np.array(self.moves).reshape(-1, 3)
        paid = np.cumsum(moves[:, 2] * abs(moves[:, 0] - moves[:, 1]))
        return {"p": self.p, "q": self.q, "plan": self.best.plan, "moves": moves, "paid": paid}

    def prices(self) -> dict[str, Any]:
        """Cost, dual value, and the potential: what is revealed."""
        value, f = self.potential
        return {"cost": [self.best.cost], "dual": [value], "f": f}

    def describe(self) -> str:
        """What is always shown, in words and numbers."""
        centre = [sum(i * share for i, share in enumerate(heap)) for heap in (self.p, self.q)]
        text = f"{self.n} bins. p has its centre at {centre[0]:.2f}, q at {centre[1]:.2f}. "
        if not self.moves:
            return text + "The plan: everything stays where it is."
        mass = sum(move[2] for move in self.moves)
        farthest = max(abs(i - j) for i, j, _ in self.moves)
        bins = "1 bin" if farthest == 1 else f"{farthest} bins"
        if len(self.moves) == 1:
            return text + f"The plan: 1 move carries {mass:.2f} of the mass over {bins}."
        return text + f"The plan: {len(self.moves)} moves carry {mass:.2f} of the mass, the farthest over {bins}."

    def describe_prices(self) -> str:
        """Cost and dual value, in words and numbers."""
        value, f = self.potential
        cost, dual = max(0.0, self.best.cost), max(0.0, value)  # no minus zero
        at_bins = ", ".join(f"{v:.3g}" for v in f.round(decimals=6).tolist())
        return f"Cost Σ P|i−j| = {cost:.3f} bins; dual Σ (p−q) f = {dual:.3f} bins, with f = {at_bins} at the bins."
