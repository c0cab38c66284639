"""Inverse transform sampling, read as a flow: uniform noise u goes to x = F^-1(u).

If U is uniform on (0, 1) and F is the distribution function of a density p, then F^-1(U) has density p, because
P(F^-1(U) <= x) = P(U <= F(x)) = F(x). So on the line one map turns noise into any distribution, and its change of
volume is known: dx/du = 1 / F'(x) = 1 / p(x). Flows in several dimensions look for such a map when F is out of reach
(Devroye 1986, Non-Uniform Random Variate Generation, section II.2).
"""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.distributions.uniform import open_uniform


@runtime_checkable
class HasQuantile(Protocol):
    """A distribution on the line that knows its distribution function, its inverse, and its density."""

    def cdf(self, x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Evaluates F(x)."""
        ...

    def quantile(self, u: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Evaluates F^-1(u)."""
        ...

    def log_prob(self, x: Float[Tensor, " n"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates log p(x) = log F'(x)."""
        ...


class InverseTransform:
    """The map u -> F^-1(u) that carries uniform noise to a distribution on the line.

    Args:
        target: The distribution: anything with `cdf`, `quantile` and `log_prob` on the line.
        dtype: Of the noise that `sample` draws.
        device: Of the noise that `sample` draws.

    Raises:
        ValueError: If the target lacks one of the three.
    """

    exact = True

    def __init__(
        self,
        target: HasQuantile,
        *,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str | None = None,
    ) -> None:
        missing = [name for name in ("cdf", "quantile", "log_prob") if not hasattr(target, name)]
        if missing:
            raise ValueError(
                f"InverseTransform needs a target with cdf, quantile and log_prob, but {type(target).__name__} lacks "
                f"{', '.join(missing)}; a curve given by its heights becomes one with TabulatedDensity1D."
            )
        self.target, self.dtype, self.device = target, dtype, device

    def forward(self, u: Float[Tensor, " n"]) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        """Generates: returns x = F^-1(u) and log |dx/du| = -log p(x), both with shape (n,).

        Raises:
            ValueError: If a u is not strictly between 0 and 1; the ends may lie at infinity.
        """
        arguments.points(u, "u", event_shape=())
        if ((u <= 0) | (u >= 1)).any():
            raise ValueError(
                "u must lie strictly between 0 and 1, but some entries do not; noise from torch.rand can be exactly 0, "
                "so use coursekit.distributions.open_uniform."
            )
        x = self.target.quantile(u)
        return x, -self.target.log_prob(x)

    def inverse(self, x: Float[Tensor, " n"]) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
        """Normalises: returns u = F(x) and log |du/dx| = log p(x), both with shape (n,)."""
        return self.target.cdf(x), self.target.log_prob(x)

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, " n"]:
        """Draws n points by sending uniform noise through the map."""
        arguments.no_context(context, self)
        arguments.count(n, "n")
        return self.forward(open_uniform(n, dtype=self.dtype, device=self.device, generator=generator))[0]

    def log_prob(self, x: Float[Tensor, " n"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates log p(x): the uniform's log-density, zero, plus the ladj of `inverse`."""
        arguments.no_context(context, self)
        return self.inverse(x)[1]
