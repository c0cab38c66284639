"""What `ShiftExplorer` shows, computed: no traits, no front end.

A density p stays, a copy q of it is shifted by s. Two ways to say how far apart they are:

    JS(p, q) = KL(p || m) / 2 + KL(q || m) / 2,  m = (p + q) / 2        looks at the densities at each place
    W1(p, q) = the least cost of carrying p's mass to where q's is      looks at how far that is

As soon as p and q have no place in common, JS has said all it can: it is log 2, and its slope is 0, however far apart
they are. W1 is |s| all the way. A generator learns by slopes, so this is the case for Wasserstein GANs.

Both are computed for histograms with bins of a fortieth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from coursekit.distances import jensen_shannon, w1_histograms

REACH = 7.0  # bins from -REACH to REACH: what is shifted stays inside
LOW, HIGH = -5.5, 5.5  # what is shown
STEP = 0.025  # width of a bin
SHIFTS = [round(0.1 * k, 1) for k in range(-40, 41)]  # steps of the slider


def _box(x: Tensor) -> Tensor:
    return (x + 0.5).clamp(0, 1)


def _triangle(x: Tensor) -> Tensor:
    left = x.clamp(-1, 0) + 1
    right = 1 - x.clamp(0, 1)
    return torch.where(x < 0, left**2 / 2, 1 - right**2 / 2)


def _normal(x: Tensor) -> Tensor:
    return torch.special.ndtr(x / 0.5)


#: Distribution functions of p. Boxes and triangles end: they have width 1 and 2. The normal, of scale 1/2, never does.
SHAPES: dict[str, Callable[[Tensor], Tensor]] = {"boxes": _box, "triangles": _triangle, "normals": _normal}


@dataclass(frozen=True, eq=False)
class ShiftState:
    """Two densities of one shape, and how far the second is shifted."""

    shape: str
    shift: float

    @cached_property
    def edges(self) -> Tensor:
        """Edges of the bins."""
        return torch.linspace(-REACH, REACH, round(2 * REACH / STEP) + 1, dtype=torch.float64)

    def masses(self, shift: float) -> Tensor:
        """The shape's mass in each bin, shifted."""
        inside = SHAPES[self.shape](self.edges - shift).diff()
        return inside / inside.sum()

    @cached_property
    def p(self) -> Tensor:
        """The one that stays."""
        return self.masses(0.0)

    def distances(self, shift: float) -> tuple[float, float]:
        """JS in nats and W1 in units of x, at any shift."""
        q = self.masses(shift)
        js = jensen_shannon(self.p, q).item()
        return max(0.0, js), w1_histograms(self.p, q, (self.edges[:-1] + self.edges[1:]) / 2)

    @cached_property
    def here(self) -> tuple[float, float]:
        """JS and W1 at the present shift."""
        return self.distances(self.shift)

    @cached_property
    def slopes(self) -> tuple[float, float]:
        """How fast JS and W1 grow with the shift: from one bin to the left to one bin to the right."""
        left, right = self.distances(self.shift - STEP), self.distances(self.shift + STEP)
        js, w1 = ((b - a) / (2 * STEP) for a, b in zip(left, right, strict=True))
        return _calm(js), _calm(w1)

    @property
    def overlap(self) -> float:
        """The mass that p and q have in common, from 0 to 1."""
        return torch.minimum(self.p, self.masses(self.shift)).sum().item()

    # ------------------------------------------------------------ what the page draws

    def _shown(self, masses: Tensor) -> Tensor:
        centres = (self.edges[:-1] + self.edges[1:]) / 2
        return masses[(centres > LOW) & (centres < HIGH)] / STEP

    def base(self) -> dict[str, Any]:
        """What stays: the middles of the bins that are shown, and p's density there."""
        centres = (self.edges[:-1] + self.edges[1:]) / 2
        return {"grid": centres[(centres > LOW) & (centres < HIGH)], "p": self._shown(self.p), "limit": [math.log(2)]}

    def curves(self) -> dict[str, Any]:
        """What moves: q's density, both distances, both slopes."""
        return {
            "q": self._shown(self.masses(self.shift)),
            "distance": self.here,
            "slope": self.slopes,
            "shift": [self.shift],
        }

    def sweep(self) -> dict[str, Any]:
        """Both distances at all shifts of the slider."""
        values = torch.tensor([self.distances(s) for s in SHIFTS], dtype=torch.float64)
        return {"js": values[:, 0], "w1": values[:, 1]}

    def describe(self) -> str:
        """What is shown, in words and numbers."""
        (js, w1), (js_slope, w1_slope) = self.here, self.slopes
        common = self.overlap
        text = f"q is p shifted by {self.shift:.2f}; they share {common:.0%} of their mass. "
        if common < 1e-9:
            text = f"q is p shifted by {self.shift:.2f}; they have no place in common. "
        text += f"JS = {js:.3f} nats of at most log 2 = {math.log(2):.3f}, slope {js_slope:.3f}; "
        text += f"W₁ = {w1:.3f}, slope {w1_slope:.3f}."
        return text.replace(" -", " −")


def _calm(value: float) -> float:
    """Rounding is no slope, and zero has no sign."""
    return 0.0 if abs(value) < 1e-9 else value
