"""What `CriticExplorer` shows, computed: no traits, no front end.

Two densities on the line: p of data and p_g of a generator. The best critic is known exactly,

    D*(x) = log p(x) - log p_g(x),   σ(D*) = p / (p + p_g),   L_{D*} = log 4 - 2 JS(p, p_g),

and nobody's expected loss L_D = -E_p log σ(D) - E_g log(1 - σ(D)) is below L_{D*} (Goodfellow et al. 2014,
proposition 1 and theorem 1). But that is said of densities. A critic in practice is a net, trained on n points of
each. Its loss on *those points* may fall below the bound: then it knows them by heart. Its loss on *fresh points*,
here in expectation, cannot.

A run follows from the settings alone: points and first weights come from the seed, each step takes all points, and
torch works on one thread, so that sums are taken in one order. Where a density moves, its points move with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import softplus

from coursekit.distributions import NormalMixture1D
from coursekit.gans import Critic, critic_error, critic_value, game_value, optimal_prob
from coursekit.nets import MLP
from coursekit.seeds import generator, seeded
from coursekit.widgets.game_worker import one_thread

#: What data may look like, at middle 0 and scale 1; the generator's density is a normal.
SHAPES = {
    "normal": NormalMixture1D([1.0], [0.0], [1.0]),
    "two modes": NormalMixture1D([0.5, 0.5], [-1.5, 1.5], [0.5, 0.5]),
}
#: Widths of the critic's hidden layers.
CRITICS: dict[str, list[int]] = {"linear": [], "8": [8], "48 x 2": [48, 48]}

LOW, HIGH = -7.0, 7.0  # what is shown
GRID = 281  # points on which curves are drawn
MEANS = np.linspace(-4, 4, 81).round(1).tolist()  # steps of the sliders
SCALES = [float(f"{s:.2g}") for s in np.geomspace(0.3, 2, 20)]
POINTS = [2**k for k in range(4, 13)]
STEPS = list(range(0, 401, 5))  # steps of training that are kept
RATE = 0.02  # learning rate of Adam, whose other settings are torch's
NODES = 1024  # of the quadrature


@lru_cache(maxsize=8)
def _draws(shape: str, seed: int) -> Tensor:
    """As many points as anyone may ask for: the first n of them stay when n grows."""
    return SHAPES[shape].sample(POINTS[-1], generator=generator(seed))


def _placed(shape: str, mean: float, scale: float) -> NormalMixture1D:
    base = SHAPES[shape]
    return NormalMixture1D(base.weights, mean + scale * base.means, scale * base.scales)


@dataclass(frozen=True)
class CriticState:
    """Two densities, and a critic to be trained on points of them.

    Args:
        shape: of data, see `SHAPES`.
        mean_p: middle of data.
        scale_p: what widths of data are multiplied by.
        mean_g: middle of the generator's density.
        scale_g: its standard deviation.
        n: number of points of each.
        critic: size of the net, see `CRITICS`.
        seed: of points and first weights.
    """

    shape: str = "normal"
    mean_p: float = -1.0
    scale_p: float = 1.0
    mean_g: float = 1.0
    scale_g: float = 1.0
    n: int = 16
    critic: str = "48 x 2"
    seed: int = 0

    @cached_property
    def p(self) -> NormalMixture1D:
        """The density of data."""
        return _placed(self.shape, self.mean_p, self.scale_p)

    @cached_property
    def p_g(self) -> NormalMixture1D:
        """The density of the generator."""
        return _placed("normal", self.mean_g, self.scale_g)

    @property
    def points(self) -> tuple[Tensor, Tensor]:
        """n points of data and n of the generator, each with shape (n,)."""
        real = self.mean_p + self.scale_p * _draws(self.shape, 3 * self.seed)[: self.n]
        fake = self.mean_g + self.scale_g * _draws("normal", 3 * self.seed + 1)[: self.n]
        return real, fake

    @cached_property
    def grid(self) -> Tensor:
        """The places at which curves are drawn."""
        return torch.linspace(LOW, HIGH, GRID, dtype=torch.float64)

    @property
    def reach(self) -> dict[str, Any]:
        """Where both densities have all but a billionth of their mass, and with how many nodes to integrate there."""
        ends = [(self.mean_p, self.scale_p), (self.mean_g, self.scale_g)]
        return {"low": min(m - 7 * s for m, s in ends), "high": max(m + 7 * s for m, s in ends), "nodes": NODES}

    @cached_property
    def bound(self) -> float:
        """L_{D*} = log 4 - 2 JS in nats: no critic's loss is smaller."""
        return -game_value(self.p, self.p_g, **self.reach).item()

    @property
    def js(self) -> float:
        """JS(p, p_g) in nats, from 0 to log 2."""
        return max(0.0, math.log(4) - self.bound) / 2

    # ------------------------------------------------------------ what the page draws

    def exact(self) -> dict[str, Any]:
        """What needs no training: both densities, σ(D*), where points fall, the points, and the bound."""
        x = self.grid
        p, p_g = self.p.log_prob(x).exp(), self.p_g.log_prob(x).exp()
        real, fake = self.points
        return {
            "grid": x,
            "p": p,
            "p_g": p_g,
            "best": optimal_prob(self.p, self.p_g, x),
            "seen": p + p_g > 0.01 * (p + p_g).max(),  # as in critic_error
            "real": real,
            "fake": fake,
            "bound": [self.bound],
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """Train; what is drawn at each of `STEPS`, one after the other.

        Yields:
            `curve`, σ(D) with shape (GRID,); `loss`, that on its points and that on fresh ones, in nats; `error`, the
            largest distance of σ(D) from σ(D*) where points fall.
        """
        with one_thread():
            real, fake = (points[:, None].float() for points in self.points)
            with seeded(3 * self.seed + 2):
                critic = Critic(MLP([1, *CRITICS[self.critic], 1]))
            optimiser = torch.optim.Adam(critic.parameters(), RATE)
        for step in range(STEPS[-1] + 1):
            with one_thread():
                loss = softplus(-critic(real)).mean() + softplus(critic(fake)).mean()  # -log σ(D), -log(1 - σ(D))
                row = self._row(critic, loss.item()) if step in STEPS else None
            if row:
                yield row  # whoever asks may do other things meanwhile, on as many threads as they like
            with one_thread():
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()

    def _row(self, critic: Critic, loss: float) -> dict[str, Any]:
        def score(x: Tensor) -> Tensor:
            with torch.no_grad():
                return critic(x[:, None].float()).double()

        return {
            "curve": score(self.grid).sigmoid(),
            "loss": [loss, -critic_value(score, self.p, self.p_g, **self.reach).item()],
            "error": [critic_error(score, self.p, self.p_g, self.grid).item()],
        }

    def describe(self) -> str:
        """What is shown before any training, in words and numbers."""
        modes = ", two modes" if self.shape == "two modes" else ""
        text = f"Data p: middle {self.mean_p:.2f}, scale {self.scale_p:.2f}{modes}. "
        text += f"p_g: middle {self.mean_g:.2f}, scale {self.scale_g:.2f}. JS = {self.js:.3f} nats, so no critic's "
        text += f"expected loss is below log 4 − 2 JS = {self.bound:.3f}. "
        text += f"Critic {self.critic.replace('x', '×')}, {self.n:,} points of each."
        return text.replace(" -", " −")
