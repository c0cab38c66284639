"""The uniform distribution on an interval: the noise that one-dimensional push-forwards start from."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real


class Uniform:
    """The uniform distribution on (low, high), density 1 / (high - low) there and zero elsewhere.

    Args:
        low: Left end.
        high: Right end, above low.
        dtype: Of samples.
        device: Of samples.

    Raises:
        ValueError: If the ends are not finite or not in order.
    """

    def __init__(
        self,
        low: Real = 0.0,
        high: Real = 1.0,
        *,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str | None = None,
    ) -> None:
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"Uniform needs finite ends with low < high, got low={low} and high={high}.")
        self.low, self.high = float(low), float(high)
        self.dtype, self.device = dtype, device

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, " n"]:
        """Draws n points, never exactly an end."""
        arguments.no_context(context, self)
        arguments.count(n, "n")
        return self.quantile(open_uniform(n, dtype=self.dtype, device=self.device, generator=generator))

    def log_prob(self, x: Float[Tensor, " n"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates the log-density with shape (n,); -inf outside of [low, high]."""
        arguments.no_context(context, self)
        arguments.points(x, "x", event_shape=())
        inside = (x >= self.low) & (x <= self.high)
        return torch.full_like(x, -math.log(self.high - self.low)).masked_fill(~inside, -math.inf)

    def cdf(self, x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Evaluates F(x) = (x - low) / (high - low), between 0 and 1."""
        arguments.numbers(x, "x")
        return ((x - self.low) / (self.high - self.low)).clamp(0.0, 1.0)

    def quantile(self, u: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Evaluates F^-1(u) = low + u (high - low) for u in [0, 1]."""
        arguments.within(arguments.numbers(u, "u"), "u", 0.0, 1.0)
        return self.low + u * (self.high - self.low)


def open_uniform(
    n: int,
    *,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str | None = None,
    generator: torch.Generator | None = None,
) -> Float[Tensor, " n"]:
    """Draws n uniform numbers in the open interval (0, 1).

    `torch.rand` draws from the half-open [0, 1), and a zero there becomes -inf behind a quantile function. It returns
    multiples of eps / 2, so shifting by eps / 4 clears zero without reaching one and keeps the mean at 1/2.
    """
    u = torch.rand(n, dtype=dtype, device=device, generator=generator)
    return (u + torch.finfo(dtype).eps / 4).clamp(max=1 - torch.finfo(dtype).eps / 2)
