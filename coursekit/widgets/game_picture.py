"""What is drawn of a generator and a critic at one moment, as small arrays.

Five things, each a pure function of the two nets: nothing here draws from the game's own randomness, so a game that is
looked at runs exactly like one that is not.

- generated points: G of the same 2,000 z at every moment, so each point can be followed;
- the critic's map: D on a grid of the window. A packed critic judges m copies of one point; a critic that looks at
  batches judges the grid in batches that are spread over the window; for VEEGAN, the pair (F(x), x);
- arrows: -d loss_G / d x at 150 of the generated points, where the generator is pushed. A vanished gradient is a
  vanished arrow;
- the manifold: G of a square grid of z whose cells all hold the same probability, so small cells are dense places;
- how good it is: modes and quality where there are modes, else the energy distance to data. Judged are 2,500 points,
  the 2,000 and 500 more, as in the published protocol: the figures on the page are those of the tables.

Coordinates travel as int16, in steps of 1/8192 of the window's half side: a tenth of a pixel, and half the bytes.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from coursekit.distances.mmd import DistanceKernel, mmd_squared
from coursekit.evaluation.modes import SAMPLES, count_modes
from coursekit.gans.configurations import Configuration
from coursekit.gans.packing import pack, repeat_pack
from coursekit.training.adversarial import Game
from coursekit.widgets.game_setup import Board, sample

POINTS = 2000  # shown; `SAMPLES` are judged
HEAT = 40  # cells of the critic's map along a side
COARSE = 20  # the same for a critic that looks at batches: there each cell costs more
ARROWS = 150
NODES = 33  # of the manifold's grid along a side
UNIT = 8192  # int16 levels in half a window, so that points as far away as four half windows can be drawn
AT_ONCE = 500  # points that G maps at a time
COMPARED = 500  # points on each side of the energy distance

PARTS = ("heat", "arrows", "manifold", "quality")
#: Objectives whose critic's output is the logit of a probability.
_LOGITS = ("saturating", "non_saturating", "veegan")


@lru_cache(maxsize=4)
def _noise(latent: int) -> Tensor:
    return torch.randn(SAMPLES, latent, generator=torch.Generator().manual_seed(20_240))


@lru_cache(maxsize=4)
def _nodes(latent: int) -> Tensor:
    """z on a grid whose lines are quantiles; coordinates beyond the second are 0."""
    u = (torch.arange(NODES, dtype=torch.float64) + 0.5) / NODES
    line = torch.special.ndtri(u).float()
    z = torch.zeros(NODES * NODES, latent)
    z[:, :2] = torch.cartesian_prod(line, line)
    return z


@lru_cache(maxsize=8)
def _cells(window: tuple[float, float, float], side: int) -> Tensor:
    """Centres of the map's cells, row 0 at the bottom, with shape (side^2, 2)."""
    cx, cy, half = window
    step = (torch.arange(side) + 0.5) / side * 2 - 1
    y, x = torch.meshgrid(cy + half * step, cx + half * step, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], -1)


def _levels(x: Tensor, window: tuple[float, float, float]) -> np.ndarray:
    """Coordinates as int16; what is far outside lies at the edge of the range, and so does what is not a number."""
    centre = torch.tensor(window[:2])
    scaled = ((x - centre) * (UNIT / window[2])).nan_to_num(32767.0).clamp(-32767, 32767)
    return scaled.round().to(torch.int16).numpy()


class Lens:
    """Looks at one game on one board.

    Args:
        game: whose players are looked at.
        row: how it was set up.
        board: its data.
    """

    def __init__(self, game: Game, row: Configuration, board: Board) -> None:
        self.g: Any = game.players["g"].module
        self.d: Any = game.players["d"].module if "d" in game.players else None
        self.row, self.board, self.objective = row, board, game.objective
        self.by_batch = row.critic in ("discrimination", "statistics")
        self._data = sample(board.sampler, COMPARED, 20_241)

    @property
    def has_map(self) -> bool:
        """Whether the critic gives one number a point."""
        return self.d is not None and not self.objective.of_features

    def look(self, parts: Collection[str] = PARTS) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        """The points and these parts: arrays to draw, and facts.

        Returns:
            Arrays "points" (2000, 2) and, as asked for, "heat" (s, s) in 256 levels, "tails" and "arrows" (150, 2),
            "manifold" (33, 33, 2), "caught" (K,); and numbers about them.
        """
        window = self.board.window
        with torch.no_grad():
            x = self._pushed(_noise(self.g.latent)[: SAMPLES if "quality" in parts else POINTS])
            arrays, facts = {"points": _levels(x[:POINTS], window)}, {}
            if "heat" in parts and self.has_map:
                arrays["heat"], facts["heat"] = self._heat(window)
            if "manifold" in parts:
                arrays["manifold"] = _levels(self._pushed(_nodes(self.g.latent)), window).reshape(NODES, NODES, 2)
            if "quality" in parts:
                found, numbers = self._quality(x)
                arrays, facts = arrays | found, facts | numbers
        if "arrows" in parts:
            tails, arrows = self._arrows()
            arrays["tails"] = _levels(tails, window)
            # Without unit: nats for a way of half a window.
            arrays["arrows"] = (arrows * window[2]).nan_to_num(0.0).numpy()
        return arrays, facts

    def _pushed(self, z: Tensor) -> Tensor:
        """G(z), some hundred points at a time: what lies between the layers stays in the processor's cache."""
        return torch.cat([self.g(part) for part in z.split(AT_ONCE)])

    def _heat(self, window: tuple[float, float, float]) -> tuple[np.ndarray, dict[str, Any]]:
        side = COARSE if self.by_batch else HEAT
        cells = _cells(window, side)
        # What the critic would be shown if these were data: for VEEGAN that is more than the points.
        seen, _ = self.g.show(torch.zeros(len(cells), self.g.latent), cells, cells)
        seen = repeat_pack(seen, self.row.pack)
        if self.by_batch:  # every other point: each batch is spread over the whole window
            value = torch.empty(len(seen))
            for start in range(2):
                value[start::2] = self.d(seen[start::2])
        else:
            value = self.d(seen)
        if self.objective.name in _LOGITS:
            level, low, high = torch.sigmoid(value), 0.0, 1.0
        else:
            low, high = (float(v) for v in value.quantile(torch.tensor([0.02, 0.98])))
            level = (value - low) / (high - low) if high > low else torch.full_like(value, 0.5)
        heat = (255 * level.nan_to_num(0.5).clamp(0, 1)).round().to(torch.uint8)
        return heat.reshape(side, side).numpy(), {"low": low, "high": high, "logit": self.objective.name in _LOGITS}

    def _arrows(self) -> tuple[Tensor, Tensor]:
        """Points, and the generator's downhill direction at each, in nats per unit of length.

        The loss is a mean over points, so what one point feels is n times its part of the gradient. An unrolled
        generator looks further ahead than these arrows, which are those of the critic as it is.
        """
        n = ARROWS - ARROWS % self.row.pack
        z = _noise(self.g.latent)[:n]
        with torch.no_grad():
            fake = self.g(z)
        fake.requires_grad_()
        seen_x, seen_fake = (pack(points, self.row.pack) for points in self.g.show(z, self._data[:n], fake))
        judge = self.d if self.d is not None else (lambda points: points)
        with torch.enable_grad():
            loss = self.objective.g_loss(judge(seen_fake), judge(seen_x.detach())).mean()
            (gradient,) = torch.autograd.grad(loss, fake)
        return fake.detach(), -n * gradient

    def _quality(self, x: Tensor) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
        if not bool(torch.isfinite(x).all()):
            return {}, {}
        if self.board.modes is None:
            distance = mmd_squared(x[:COMPARED], self._data, DistanceKernel())
            return {}, {"energy_distance": float(distance)}
        found = count_modes(x, self.board.modes)
        facts = {"modes": int(found.count), "of": len(found.caught), "quality": float(found.high_quality)}
        return {"caught": found.caught.to(torch.uint8).numpy()}, facts | {"kl": float(found.kl)}
