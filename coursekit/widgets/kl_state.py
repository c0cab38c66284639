"""What `KLExplorer` shows, computed: no traits, no front end.

The target p is a mixture of two normals of scale 1; q is one normal, which cannot be everywhere at once. Where must it
be? The two directions of the KL divergence,

    KL(p || q) = int p log(p / q) dx        KL(q || p) = int q log(q / p) dx

answer differently, and their integrands show why. The first is weighed by p: where p has mass and q has none it is
large, so q covers. The second is weighed by q: where q has mass and p has none it is large, so q seeks one mode.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from coursekit.distances import DIRECTIONS, NormalFit, fit_normal_by_kl, kl_by_quadrature, kl_integrand, moments
from coursekit.distributions import NormalMixture1D

OWN = "own"
#: Distance of the modes, and weight of the left one.
TARGETS = {"two modes": (6.0, 0.5), "unequal": (6.0, 0.8), "one mode + shoulder": (3.0, 0.75)}

LOW, HIGH = -9.0, 9.0  # what is shown
MEANS = np.linspace(-6, 6, 121).round(2).tolist()  # steps of the slider
SCALES = [float(f"{s:.3g}") for s in np.geomspace(0.3, 5, 49)]
DISTANCES = np.linspace(0, 8, 33).tolist()
WEIGHTS = np.linspace(0.05, 0.95, 19).round(2).tolist()
GRID = 181  # points on which curves are drawn
FRAMES = 60  # steps of a walk that are shown; the others are left out evenly


@dataclass(frozen=True, eq=False)
class Target:
    """Two normals of scale 1: how far apart, and the weight of the left one."""

    distance: float
    weight: float

    @cached_property
    def density(self) -> NormalMixture1D:
        """The target itself."""
        half = self.distance / 2
        return NormalMixture1D([self.weight, 1 - self.weight], [-half, half], [1.0, 1.0])

    @cached_property
    def modes(self) -> list[float]:
        """The means of its two components."""
        return self.density.means.tolist()

    @cached_property
    def answers(self) -> dict[str, list[tuple[float, float, float]]]:
        """The best normals (mean, scale, divergence): one for forward, one or more minima for reverse, best first."""
        mean, scale, _ = moments(self.density)
        forward = KLState(self, mean, scale)
        ends: list[tuple[float, float, float]] = []
        # A walk from each mode, and a wide one that finds the minimum across both, where there is one.
        for start in [*((mode, 1.0) for mode in self.modes), (mean, scale)]:
            fit = fit_normal_by_kl(self.density, "reverse", start=start, tolerance=1e-5)
            if all(abs(fit.mean - end[0]) > 0.01 * fit.scale for end in ends):
                ends.append((fit.mean, fit.scale, fit.divergence))
        return {"forward": [(mean, scale, forward.divergences[0])], "reverse": sorted(ends, key=lambda end: end[2])}

    @cached_property
    def grid(self) -> tuple[Tensor, Tensor]:
        """The points on which curves are drawn, and log p there."""
        x = torch.linspace(LOW, HIGH, GRID, dtype=torch.float64)
        return x, self.density.log_prob(x)

    def answer_curves(self) -> dict[str, Any]:
        """The best normals as rows (mean, scale, divergence), and their densities on the grid."""
        x, _ = self.grid
        arrays: dict[str, Any] = {}
        for way, ends in self.answers.items():
            arrays[way] = np.array(ends)
            arrays[f"{way}_q"] = torch.stack([KLState(self, *end[:2]).q.log_prob(x).exp() for end in ends])
        return arrays

    def describe(self) -> str:
        """The best normals, in words and numbers."""
        (best,), minima = self.answers["forward"], self.answers["reverse"]
        text = f"Best for KL(p‖q): {_at(best)}. For KL(q‖p): {_at(minima[0])}"
        if len(minima) > 1:
            text += "; further minima: " + ", ".join(_at(end) for end in minima[1:])
        return text + "."


@dataclass(frozen=True, eq=False)
class KLState:
    """A target p and a normal q with mean and scale (standard deviation)."""

    target: Target
    mean: float
    scale: float

    @property
    def q(self) -> NormalMixture1D:
        """The normal, as a mixture of one."""
        return NormalMixture1D([1.0], [self.mean], [self.scale])

    @cached_property
    def divergences(self) -> tuple[float, float]:
        """KL(p || q) and KL(q || p) in nats."""
        p, q = self.target.density, self.q
        reach = self.target.distance / 2 + 8
        around = 8 * self.scale
        forward = kl_by_quadrature(p, q, low=-reach, high=reach, nodes=256)
        reverse = kl_by_quadrature(q, p, low=self.mean - around, high=self.mean + around, nodes=512)
        # Rounding may leave -1e-17 where the two are equal.
        return max(0.0, forward.item()), max(0.0, reverse.item())

    def fit(self, direction: str) -> NormalFit:
        """Walk from here to a normal that no neighbour beats."""
        start = (self.mean, self.scale)
        return fit_normal_by_kl(self.target.density, direction, start=start, tolerance=1e-4)  # type: ignore[arg-type]

    # ------------------------------------------------------------ what the page draws

    def curves(self) -> dict[str, Any]:
        """Densities, integrands, divergences, and the height of q where it is held: at its mean and one scale on."""
        x, log_p = self.target.grid
        log_q = self.q.log_prob(x)
        hold = self.q.log_prob(torch.tensor([self.mean, self.mean + self.scale], dtype=torch.float64))
        return {
            "grid": x,
            "p": log_p.exp(),
            "q": log_q.exp(),
            "forward": kl_integrand(log_p, log_q),
            "reverse": kl_integrand(log_q, log_p),
            "divergence": self.divergences,
            "mean": [self.mean],
            "scale": [self.scale],
            "hold": hold.exp(),
        }

    def describe(self) -> str:
        """What is shown, in words and numbers."""
        t = self.target
        text = f"p: modes {t.modes[0]:.3g} and {t.modes[1]:.3g}, weights {t.weight:.2f} and {1 - t.weight:.2f}. "
        text += f"q: mean {self.mean:.2f}, scale {self.scale:.2f}. "
        forward, reverse = self.divergences
        return _minus(f"{text}KL(p‖q) = {forward:.3f} nats, KL(q‖p) = {reverse:.3f} nats.")


def thinned(fit: NormalFit) -> dict[str, Any]:
    """At most `FRAMES` steps of a walk, its ends included: means and scales."""
    steps = len(fit.means)
    keep = np.unique(np.linspace(0, steps - 1, min(steps, FRAMES)).round().astype(int))
    direction = DIRECTIONS.index(fit.direction)
    return {"mean": fit.means[keep], "scale": fit.scales[keep], "direction": [direction]}


def downhill(target: Target, means: list[float], scales: list[float]) -> dict[str, Any]:
    """For pages without a kernel: at each place of a grid, the lowest of the 9 places around it, by index.

    Places are numbered scale by scale: place = i * len(means) + j has scales[i] and means[j].
    """
    values = np.array([[KLState(target, m, s).divergences for m in means] for s in scales])  # (scales, means, 2)
    rows, columns = values.shape[:2]
    next_place = np.zeros((2, rows, columns))
    for way in range(2):
        for i in range(rows):
            for j in range(columns):
                around = [(a, b) for a in range(max(0, i - 1), min(rows, i + 2))
                          for b in range(max(0, j - 1), min(columns, j + 2))]  # fmt: skip
                # The place itself is first: it is kept where no neighbour is lower.
                a, b = min([(i, j), *around], key=lambda place: values[place][way])
                next_place[way, i, j] = a * columns + b
    return {name: next_place[way].ravel() for way, name in enumerate(DIRECTIONS)}


def _at(end: tuple[float, float, float]) -> str:
    mean = round(end[0], 2) + 0.0  # no minus zero
    return _minus(f"mean {mean:.2f}, scale {end[1]:.2f} ({end[2]:.3f} nats)")


def _minus(text: str) -> str:
    return text.replace(" -", " −")
