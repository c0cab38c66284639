"""The checkerboard: uniform on every second square, zero on the others. Sharp edges, and holes in between."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.distributions.uniform import open_uniform


class Checkerboard:
    """Uniform on the dark squares of a board on [-4, 4]^2.

    Args:
        squares: Along each side, an even number: half of squares^2 squares are dark.
        dtype: Of samples.
        device: Of samples.

    Raises:
        ValueError: If squares is not even and positive.
    """

    def __init__(
        self, squares: int = 4, *, dtype: torch.dtype = torch.float64, device: torch.device | str | None = None
    ) -> None:
        if arguments.count(squares, "squares", minimum=2) % 2:
            raise ValueError(f"squares must be even, so that half of them are dark, got {squares}.")
        self.squares, self.dtype, self.device = squares, dtype, device
        self.side = 8.0 / squares

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one point, (2,)."""
        return (2,)

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n 2"]:
        """Draws n points: a dark square, and a place in it."""
        arguments.no_context(context, self)
        arguments.count(n, "n")
        square = torch.randint(self.squares**2 // 2, (n,), device=self.device, generator=generator)
        row = square // (self.squares // 2)
        column = 2 * (square % (self.squares // 2)) + row % 2
        place = open_uniform(2 * n, dtype=self.dtype, device=self.device, generator=generator).view(n, 2)
        return -4 + self.side * (torch.stack([column, row], dim=1) + place)

    def log_prob(self, x: Float[Tensor, "n 2"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates log p(x) with shape (n,): -log 32 nats on dark squares, -inf elsewhere."""
        arguments.no_context(context, self)
        arguments.points(x, "x", event_shape=(2,))
        cell = ((x + 4) / self.side).floor()
        dark = (cell.sum(1) % 2 == 0) & ((cell >= 0) & (cell < self.squares)).all(1)
        return torch.full_like(x[:, 0], -math.log(32)).masked_fill(~dark, -math.inf)

    def entropy(self) -> float:
        """The entropy, log of the dark area: log 32 nats, exactly."""
        return math.log(32)
