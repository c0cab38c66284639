"""The four classic energies of the plane: densities known up to their constant.

Rezende and Mohamed 2015, Variational Inference with Normalizing Flows, table 1. With

    w1 = sin(2 pi x1 / 4),   w2 = 3 exp(-((x1 - 1) / 0.6)^2 / 2),   w3 = 3 sigmoid((x1 - 1) / 0.3)

    E1 = ((|x| - 2) / 0.4)^2 / 2 - log(exp(-((x1 - 2) / 0.6)^2 / 2) + exp(-((x1 + 2) / 0.6)^2 / 2))
    E2 = ((x2 - w1) / 0.4)^2 / 2
    E3 = -log(exp(-((x2 - w1) / 0.35)^2 / 2) + exp(-((x2 - w1 + w2) / 0.35)^2 / 2))
    E4 = -log(exp(-((x2 - w1) / 0.4)^2 / 2) + exp(-((x2 - w1 + w3) / 0.35)^2 / 2))

E2, E3 and E4 do not rise along x1, so on the whole plane their densities have no finite integral. Here all four live
on the square [-4, 4]^2, where the papers' pictures show them, and are infinite outside.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from numpy.polynomial.legendre import leggauss
from torch import Tensor

from coursekit import arguments

HALF_SIDE = 4.0


def _bump(distance: Tensor, scale: float) -> Tensor:
    return -0.5 * (distance / scale).square()


def _wave(x: Tensor) -> Tensor:
    return (2 * math.pi * x[:, 0] / 4).sin()


def _ring(x: Tensor) -> Tensor:
    two = torch.logaddexp(_bump(x[:, 0] - 2, 0.6), _bump(x[:, 0] + 2, 0.6))
    return -_bump(x.norm(dim=1) - 2, 0.4) - two


def _single_wave(x: Tensor) -> Tensor:
    return -_bump(x[:, 1] - _wave(x), 0.4)


def _split_wave(x: Tensor) -> Tensor:
    above = x[:, 1] - _wave(x)
    gap = 3 * _bump(x[:, 0] - 1, 0.6).exp()
    return -torch.logaddexp(_bump(above, 0.35), _bump(above + gap, 0.35))


def _forked_wave(x: Tensor) -> Tensor:
    above = x[:, 1] - _wave(x)
    gap = 3 * torch.sigmoid((x[:, 0] - 1) / 0.3)
    return -torch.logaddexp(_bump(above, 0.4), _bump(above + gap, 0.35))


FORMULAS: dict[str, Callable[[Tensor], Tensor]] = {
    "energy-1": _ring, "energy-2": _single_wave, "energy-3": _split_wave, "energy-4": _forked_wave,
}  # fmt: skip


class ClassicEnergy:
    """One of the four energies on [-4, 4]^2.

    Args:
        name: "energy-1" to "energy-4".
        dtype: Of samples.
        device: Of samples.

    Attributes:
        log_z: log of the integral of exp(-E) over the square, by Gauss-Legendre quadrature with 400 x 400 nodes (good
            to 1e-8 nats: 300 x 300 nodes give the same).

    Raises:
        ValueError: If there is no such energy.
    """

    def __init__(
        self, name: str, *, dtype: torch.dtype = torch.float64, device: torch.device | str | None = None
    ) -> None:
        self.dtype, self.device = dtype, device
        self.name = arguments.known(name, FORMULAS, "energy")
        self._formula = FORMULAS[name]
        self.log_z = self._integrate(400)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one point, (2,)."""
        return (2,)

    def energy(self, x: Float[Tensor, "n 2"]) -> Float[Tensor, " n"]:
        """Evaluates E(x) in nats with shape (n,); inf outside of the square."""
        arguments.points(x, "x", event_shape=(2,))
        return self._formula(x).masked_fill((x.abs() > HALF_SIDE).any(1), math.inf)

    def log_prob(self, x: Float[Tensor, "n 2"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates log p(x) = -E(x) - log Z in nats with shape (n,)."""
        arguments.no_context(context, self)
        return -self.energy(x) - self.log_z

    def entropy(self) -> float:
        """The entropy in nats, by the same quadrature."""
        x, log_weights = self._grid(400)
        log_p = -self._formula(x) - self.log_z
        return -((log_weights + log_p).exp() @ log_p).item()

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n 2"]:
        """Draws n points exactly, by rejection from the uniform distribution on the square.

        A place is kept with probability exp(lowest - E), where `lowest` bounds the energy from below.
        """
        arguments.no_context(context, self)
        missing, kept = arguments.count(n, "n"), []
        # All terms are -log of sums of two bumps, each at most 1.
        lowest = -math.log(2)
        while missing > 0:
            options: dict[str, Any] = {"dtype": self.dtype, "device": self.device, "generator": generator}
            x = HALF_SIDE * (2 * torch.rand(8 * missing + 64, 2, **options) - 1)
            keep = torch.rand(len(x), **options).log() < lowest - self._formula(x)
            kept.append(x[keep][:missing])
            missing -= len(kept[-1])
        return torch.cat(kept) if kept else torch.empty(0, 2, dtype=self.dtype, device=self.device)

    def _grid(self, nodes: int) -> tuple[Tensor, Tensor]:
        at, weights = (torch.as_tensor(v) for v in leggauss(nodes))
        x = torch.cartesian_prod(HALF_SIDE * at, HALF_SIDE * at)
        return x, torch.cartesian_prod(HALF_SIDE * weights, HALF_SIDE * weights).log().sum(1)

    def _integrate(self, nodes: int) -> float:
        x, log_weights = self._grid(nodes)
        return (log_weights - self._formula(x)).logsumexp(0).item()
