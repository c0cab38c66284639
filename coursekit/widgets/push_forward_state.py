"""What `PushForwardExplorer` shows, computed: no traits, no front end.

A uniform number u on the vertical axis travels to the curve of the distribution function F and falls to x = F^-1(u).
Where the density is high F is steep, so much of the vertical axis falls onto little of the horizontal one. That is all:
the points x have the density. The Kolmogorov-Smirnov distance, the largest gap between F and the share of points below
x, measures how far n points have come; it shrinks like 1 / sqrt(n). It is the distance of the noise from the uniform
distribution, whatever the density: F^-1 carries it along.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from coursekit.density import InverseTransform, TabulatedDensity1D
from coursekit.density.inverse_transform import HasQuantile
from coursekit.distributions.uniform import open_uniform
from coursekit.widgets.named import line_density

DRAWN = "drawn"  # the name of a density that the reader drew
KNOTS = 25  # heights that can be drawn; straight lines between them
GRID = 401  # points on which curves are drawn
BINS = 40
LEVELS = [i / 500 for i in range(1, 500)]  # values of u that can be looked at one by one


def interval(name: str) -> tuple[float, float]:
    """The part of the line to show for a named density: all but a thousandth of its mass, and a margin."""
    low, high = line_density(name).quantile(torch.tensor([0.0005, 0.9995], dtype=torch.float64)).tolist()
    return low - 0.05 * (high - low), high + 0.05 * (high - low)


def knots(low: float, high: float) -> Tensor:
    """Where heights are drawn, with shape (KNOTS,)."""
    return torch.linspace(low, high, KNOTS, dtype=torch.float64)


def noise(n: int, seed: int) -> Tensor:
    """n uniform numbers, neither 0 nor 1, with shape (n,)."""
    return open_uniform(n, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def ks_distances(f: np.ndarray) -> np.ndarray:
    """The KS distance of the first k points, for every k.

    With the values F(x_i) in order, the share of points jumps from (j - 1) / k to j / k at the j-th of them; the
    distance is the largest gap between F and either. Row k of a table holds the shares among the first k points; the
    points that have not come yet are columns where the share does not jump, and cannot make a gap the largest.

    Args:
        f: F(x_i) for the points in the order in which they come, with shape (n,).

    Returns:
        Distances with shape (n,), the k-th for the first k + 1 points.
    """
    n = len(f)
    order = np.argsort(f, kind="stable")
    levels = f[order].astype(np.float32)
    distances = np.empty(n)
    for start in range(0, n, 128):  # blocks, so that the table stays in the cache
        k = np.arange(start, min(start + 128, n))[:, None]
        share = np.cumsum(order[None, :] <= k, axis=1, dtype=np.float32)
        share /= (k + 1).astype(np.float32)
        above = (share - levels).max(axis=1)
        below = np.maximum((levels[1:] - share[:, :-1]).max(axis=1, initial=0.0), levels[0])
        distances[start : start + 128] = np.maximum(above, below)
    return distances


def expected_ks(k: np.ndarray) -> np.ndarray:
    """The mean KS distance of k points from their own distribution.

    As k grows it is sqrt(pi / 2) log 2 / sqrt(k) (Kolmogorov 1933); with sqrt(k) + 0.12 + 0.11 / sqrt(k) in place of
    sqrt(k) it holds for few points as well, to within 6 % for a single one (Stephens 1970, JRSS B 32).
    """
    root = np.sqrt(k)
    return np.sqrt(np.pi / 2) * np.log(2) / (root + 0.12 + 0.11 / root)


@lru_cache(maxsize=8)
def _ks_of_noise(n: int, seed: int) -> np.ndarray:
    return ks_distances(noise(n, seed).numpy())


@dataclass(frozen=True, eq=False)
class PushForwardState:
    """A density on the line, n uniform numbers, and where F^-1 sends them.

    Args:
        name: the density's name, or `DRAWN`.
        target: the density itself: `cdf`, `quantile` and `log_prob`.
        low: left end of the part of the line that is shown.
        high: right end.
        n: how many points.
        seed: of the uniform numbers.
    """

    name: str
    target: HasQuantile
    low: float
    high: float
    n: int
    seed: int

    @classmethod
    def named(cls, name: str, n: int, seed: int) -> PushForwardState:
        """For a density that has a name."""
        return cls(name, line_density(name), *interval(name), n, seed)

    @classmethod
    def drawn(cls, heights: Any, low: float, high: float, n: int, seed: int) -> PushForwardState:
        """For heights over `knots(low, high)`, joined by straight lines; their area is made one.

        Raises:
            ValueError: for heights that are not `KNOTS` numbers, negative, or all zero.
        """
        return cls(DRAWN, TabulatedDensity1D(knots(low, high), heights), low, high, n, seed)

    @cached_property
    def u(self) -> Tensor:
        """The noise: n uniform numbers between 0 and 1. The same seed gives the same noise whatever the density."""
        return noise(self.n, self.seed)

    @cached_property
    def x(self) -> Tensor:
        """The pushed points x = F^-1(u)."""
        return InverseTransform(self.target).forward(self.u)[0]

    @cached_property
    def ks(self) -> np.ndarray:
        """The KS distance between the first k pushed points and the density, for every k.

        It is the largest gap between F(x_i) and a share. But F(x_i) = u_i where F^-1 is right: then it is the distance
        of the noise from the uniform distribution, whatever the density, and need not be computed anew while one draws.
        """
        f = self.target.cdf(self.x)
        if (f - self.u).abs().max() <= 1e-6:  # no gap can differ by more than that
            return _ks_of_noise(self.n, self.seed)
        return ks_distances(f.numpy())

    def curves(self) -> dict[str, Any]:
        """What the page draws that changes with the density: p, F, and F^-1 at `LEVELS`."""
        grid = torch.linspace(self.low, self.high, GRID, dtype=torch.float64)
        return {
            "grid": grid,
            "density": self.target.log_prob(grid).exp(),
            "cdf": self.target.cdf(grid),
            "level_x": self.target.quantile(torch.tensor(LEVELS, dtype=torch.float64)),
        }

    def pushed(self) -> dict[str, Any]:
        """What the page draws that changes with the points: u, x, the bin of each x, and the distances."""
        edges = np.linspace(self.low, self.high, BINS + 1)
        return {
            "u": self.u,
            "x": self.x,
            "edges": edges,
            # -1 and BINS stand for outside, left and right.
            "bin": np.searchsorted(edges, self.x.numpy(), side="right") - 1,
            "ks": self.ks,
            "ks_expected": expected_ks(np.arange(1, self.n + 1)),
        }

    def describe(self) -> str:
        """What is shown, in words and numbers."""
        which = "the density that you drew" if self.name == DRAWN else f"the density {self.name!r}"
        return (
            f"{self.n:,} uniform numbers u (seed {self.seed}) go through the inverse distribution function of {which}."
        )
