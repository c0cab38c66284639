"""What `KDEExplorer` shows, computed: no traits, no front end.

A kernel density estimate puts a bump of width h, the bandwidth, on each of n points and averages:

    p_h(x) = 1/n * sum_i K((x - x_i) / h) / h

A small h follows every point, a large h sees only one hill. Points that the estimate has not seen can judge: the
held-out log-likelihood, the mean of log p_h over m other points of the same distribution, falls on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from coursekit import arguments
from coursekit.density import KernelDensity, held_out_log_likelihood, scott, silverman
from coursekit.density.kernels import Kernel
from coursekit.widgets.named import line_density

SIZES = [10, 20, 50, 100, 200, 500, 1000, 2000]
GRID = 320  # points on which curves are drawn
HELD_OUT = 300  # points that judge
BANDWIDTHS = 81  # steps of the slider, from 1/50 to 2 standard deviations
BUMPS = 20  # more bumps than this cannot be told apart

REACH: dict[Kernel, float] = {"gaussian": 4.0, "epanechnikov": 1.0}  # in bandwidths, as far as a bump can be seen


@dataclass(frozen=True, eq=False)
class Points:
    """A sample, other points that judge, and where both come from.

    Args:
        sample: the points under the bumps, with shape (n,).
        held_out: the points that judge, with shape (m,).
        density: the name of the density both were drawn from, or "" for a sample of the reader's own.
        seed: the seed they were drawn, or split, with.
    """

    sample: Tensor
    held_out: Tensor
    density: str
    seed: int
    _scores: dict[tuple[Kernel, float], float] = field(default_factory=dict, repr=False)

    @classmethod
    def drawn(cls, density: str, n: int, seed: int) -> Points:
        """Draw n points, and then `HELD_OUT` more, from a density on the line that has a name."""
        points = line_density(density).sample(n + HELD_OUT, generator=torch.Generator().manual_seed(seed))
        return cls(points[:n], points[n:], density, seed)

    @classmethod
    def split(cls, points: Any, seed: int) -> Points:
        """Keep a quarter of the reader's own points, at most `HELD_OUT`, chosen at random, to judge.

        Raises:
            ValueError: for fewer than 8 points, another shape than (n,), numbers that are not finite, or no spread.
        """
        x = arguments.points(arguments.as_tensor(points, "sample"), "sample", event_shape=(), minimum=8)
        x = x.detach().to(torch.float64)
        if not x.std() > 0:
            raise ValueError(f"All {len(x)} points of the sample are equal ({x[0]:.4g}). Give points that differ.")
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
        m = min(len(x) // 4, HELD_OUT)
        return cls(x[order[m:]], x[order[:m]], "", seed)

    @cached_property
    def scale(self) -> float:
        """The standard deviation: of the density if it is known, so that axes stay still, else of the points."""
        if self.density:
            return float(line_density(self.density).variance.sqrt())
        return float(torch.cat([self.sample, self.held_out]).std())

    @cached_property
    def bandwidths(self) -> list[float]:
        """The slider's bandwidths, equally spaced in log h, to four digits."""
        return [float(f"{h:.4g}") for h in np.geomspace(self.scale / 50, 2 * self.scale, BANDWIDTHS)]

    @cached_property
    def grid(self) -> Tensor:
        """Where curves are evaluated, with shape (GRID,)."""
        ends = self.sample.aminmax()
        low, high = float(ends.min), float(ends.max)
        if self.density:
            tails = torch.tensor([0.001, 0.999], dtype=torch.float64)
            low, high = line_density(self.density).quantile(tails).tolist()
        low, high = low - 0.5 * self.scale, high + 0.5 * self.scale
        return torch.linspace(low, high, GRID, dtype=torch.float64)

    def rules(self, kernel: Kernel) -> dict[str, float]:
        """The bandwidths of the rules of thumb, which look at the sample's size and spread only."""
        return {name: float(rule(self.sample, kernel)) for name, rule in (("Scott", scott), ("Silverman", silverman))}

    @cached_property
    def centres(self) -> Tensor:
        """Where bumps are drawn: on every k-th point in order of size, at most `BUMPS`."""
        n = len(self.sample)
        return self.sample.sort().values[torch.linspace(0, n - 1, min(n, BUMPS)).round().long()]

    @cached_property
    def truth(self) -> Tensor:
        """The true density on the grid; empty if nobody knows it."""
        return line_density(self.density).log_prob(self.grid).exp() if self.density else torch.zeros(0)

    def score(self, kernel: Kernel, bandwidths: Sequence[float]) -> list[float]:
        """The held-out log-likelihoods in nats per point; -inf if a held-out point lies under no bump.

        Each is computed once, those of the slider when the curve of scores is first drawn: dragging then costs nothing.
        """
        new = [h for h in dict.fromkeys(bandwidths) if (kernel, h) not in self._scores]
        if new:
            values = held_out_log_likelihood(self.sample, self.held_out, new, kernel)
            self._scores.update({(kernel, h): float(value) for h, value in zip(new, values, strict=True)})
        return [self._scores[kernel, h] for h in bandwidths]


@cache
def unit_bump(kernel: Kernel) -> tuple[Tensor, Tensor]:
    """The kernel itself, which is the bump of a point at zero for h = 1: places and heights, each of shape (81,)."""
    offset = torch.linspace(-1, 1, 81, dtype=torch.float64) * REACH[kernel]
    bump = KernelDensity(torch.zeros(1, dtype=torch.float64), 1.0, kernel=kernel)
    return offset, bump.log_prob(offset).exp()


@dataclass(frozen=True, eq=False)
class KDEState:
    """One kernel density estimate: points, bandwidth h, and one of `KERNELS`."""

    points: Points
    bandwidth: float
    kernel: Kernel = "gaussian"

    @property
    def estimate(self) -> KernelDensity:
        """The estimate itself, from the library."""
        return KernelDensity(self.points.sample, self.bandwidth, kernel=self.kernel)

    @property
    def score(self) -> float:
        """Its held-out log-likelihood in nats per point."""
        return self.points.score(self.kernel, [self.bandwidth])[0]

    @property
    def uncovered_share(self) -> float:
        """The share of held-out points that lie under no bump: none for the Gaussian kernel."""
        return self.estimate.uncovered_share(self.points.held_out)

    @property
    def curve_of_scores(self) -> np.ndarray:
        """The score at each bandwidth of the slider, with this state's kernel."""
        return np.array(self.points.score(self.kernel, self.points.bandwidths))

    def rules(self) -> dict[str, tuple[float, float]]:
        """Bandwidth and score of each rule of thumb."""
        rules = self.points.rules(self.kernel)
        scores = self.points.score(self.kernel, list(rules.values()))
        return {name: (h, score) for (name, h), score in zip(rules.items(), scores, strict=True)}

    @property
    def best(self) -> tuple[float, float]:
        """The best of the scored bandwidths, and its score."""
        scores = self.curve_of_scores
        at = int(np.argmax(scores))
        return self.points.bandwidths[at], float(scores[at])

    # ------------------------------------------------------------ what the page draws

    def data(self) -> dict[str, Any]:
        """What changes with the sample and the kernel only, and the bump that a point would get for h = 1.

        All bumps have one shape, so the shape is sent once, with the places where it stands; for another h it is h
        times as wide and 1/h as high. Of more than `BUMPS` points only some get one, higher by n / `BUMPS` so that it
        can be seen.
        """
        points, (offset, height) = self.points, unit_bump(self.kernel)
        return {
            "grid": points.grid,
            "truth": points.truth,
            "sample": points.sample,
            "bump_offset": offset,
            "bump_height": height / len(points.centres),
            "bump_centre": points.centres,
        }

    def curve(self) -> dict[str, Any]:
        """What changes with the bandwidth: the estimate on the grid."""
        return {"bandwidth": [self.bandwidth], "estimate": self.estimate.log_prob(self.points.grid).exp()}

    def scores(self) -> dict[str, Any]:
        """What is hidden until it is revealed: the curve of scores, and marked bandwidths as pairs (h, score)."""
        marks = {name.lower(): mark for name, mark in self.rules().items()}
        return {
            "bandwidth": self.points.bandwidths,
            "score": self.curve_of_scores,
            "best": self.best,
            **marks,
        }

    # ------------------------------------------------------------ in words

    def describe(self, *, revealed: bool = False, guess: float | None = None) -> str:
        """What is shown, in words and numbers; with the scores only once they are revealed."""
        points = self.points
        n, m = len(points.sample), len(points.held_out)
        known = f"from {points.density!r}, seed {points.seed}"
        origin = known if points.density else f"of your own, split by seed {points.seed}"
        text = f"{n:,} points {origin}; {self.kernel} kernel, bandwidth {self.bandwidth:.3g}."
        if not revealed:
            return f"{text} Predict: which bandwidth gives unseen points the highest likelihood? Set it, then reveal."
        text += f" Log-likelihood of {m} held-out points: {_nats(self.score)} a point."
        if not np.isfinite(self.score):
            text += f" Under no bump, where the estimate is 0: {self.uncovered_share:.1%} of them."
        h, score = self.best
        if np.isfinite(score):
            text += f" Best: {_nats(score)} at bandwidth {h:.3g}."
        else:
            text += " No bandwidth on the slider covers them all."
        for name, (h, score) in self.rules().items():
            text += f" {name}: {_nats(score)} at {h:.3g}."
        if guess:
            text += f" You predicted {guess:.3g}: {_nats(points.score(self.kernel, [guess])[0])}."
        return text


def _nats(value: float) -> str:
    return f"{value:.3f} nats".replace("-", "−") if np.isfinite(value) else "−∞"
