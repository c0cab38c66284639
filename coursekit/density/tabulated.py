"""A density on an interval given by its heights on a grid: drawn by hand, or tabulated from a formula."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import ArrayLike
from coursekit.density import piecewise_linear
from coursekit.distributions.uniform import open_uniform


class TabulatedDensity1D:
    """The density that joins given heights by straight lines, or by steps.

    Heights are normalised here; distribution function, quantiles, density and entropy are exact for the curve drawn.

    Args:
        x_grid: Grid with shape (m,), strictly increasing.
        heights: Unnormalised heights, not negative and not all zero: with shape (m,) at the nodes of the grid for
            kind "linear", with shape (m - 1,) in its cells for kind "constant".
        kind: "linear" or "constant".

    Lists become float64 tensors; tensors keep their dtype and device.

    Raises:
        ValueError: If shapes do not fit, the grid does not increase, a height is negative, all are zero, or an entry
            is not finite.
    """

    def __init__(
        self, x_grid: ArrayLike, heights: ArrayLike, *, kind: Literal["linear", "constant"] = "linear"
    ) -> None:
        self.kind = arguments.known(kind, ("linear", "constant"), "kind of table")
        self.x_grid = arguments.increasing(arguments.as_tensor(x_grid, "x_grid"), "x_grid")
        raw = arguments.as_tensor(heights, "heights", like=self.x_grid)
        expected = len(self.x_grid) - (kind == "constant")
        if raw.shape != (expected,):
            raise ValueError(
                f"heights must have shape ({expected},) for kind {kind!r} over a grid of {len(self.x_grid)} nodes, got "
                f"{tuple(raw.shape)}."
            )
        if (raw < 0).any():
            raise ValueError(f"heights must not be negative, but the smallest is {raw.min().item():g}.")
        if not raw.any():
            raise ValueError("heights are all zero: there is no mass to normalise; raise at least one.")
        raw = raw / raw.max()
        mass = self._cell_areas(raw).sum()
        self.heights = raw / mass

    def _cell_areas(self, heights: Tensor) -> Tensor:
        left, right = (heights, heights) if self.kind == "constant" else (heights[:-1], heights[1:])
        return self.x_grid.diff() * (left + right) / 2

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, " n"]:
        """Draws n points x = F^-1(u) with u uniform."""
        arguments.no_context(context, self)
        arguments.count(n, "n")
        u = open_uniform(n, dtype=self.heights.dtype, device=self.heights.device, generator=generator)
        return self.quantile(u)

    def log_prob(self, x: Float[Tensor, " n"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates the log-density in nats with shape (n,); -inf outside of the grid and where a height is zero."""
        arguments.no_context(context, self)
        arguments.points(x, "x", event_shape=())
        if self.kind == "linear":
            return piecewise_linear.height(self.x_grid, self.heights[None], x).log()
        inside = (x >= self.x_grid[0]) & (x <= self.x_grid[-1])
        return torch.where(inside, self.heights[self._cell_of(x)], 0.0).log()

    def cdf(self, x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Evaluates F(x) with shape (n,): quadratic in each cell for kind "linear", straight for "constant"."""
        arguments.numbers(x, "x")
        if self.kind == "linear":
            return piecewise_linear.area_below(self.x_grid, self.heights[None], x).clamp(0.0, 1.0)
        x = x.clamp(self.x_grid[0], self.x_grid[-1])
        cell = self._cell_of(x)
        return (self._areas_below()[cell] + self.heights[cell] * (x - self.x_grid[cell])).clamp(0.0, 1.0)

    def quantile(self, u: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Evaluates F^-1(u) with shape (n,) for u in [0, 1]: the smallest x with F(x) >= u.

        Raises:
            ValueError: If a u is outside of [0, 1] or NaN.
        """
        arguments.within(arguments.numbers(u, "u"), "u", 0.0, 1.0)
        if self.kind == "linear":
            return piecewise_linear.invert_area(self.x_grid, self.heights[None], u)
        below = self._areas_below()
        cell = (torch.searchsorted(below, u.detach().contiguous()) - 1).clamp(0, len(self.heights) - 1)
        rest = (u - below[cell]).clamp_min(0.0)
        height = self.heights[cell]
        into = torch.where(height > 0, rest / torch.where(height > 0, height, 1.0), 0.0)
        return self.x_grid[cell] + torch.minimum(into, self.x_grid.diff()[cell])

    def entropy(self) -> Float[Tensor, ""]:
        """The entropy -int p log p dx in nats, in closed form."""
        if self.kind == "linear":
            return -piecewise_linear.negative_entropy(self.x_grid, self.heights[None]).squeeze(0)
        return -(self.x_grid.diff() * torch.xlogy(self.heights, self.heights)).sum()

    def _areas_below(self) -> Tensor:
        return torch.nn.functional.pad(self._cell_areas(self.heights).cumsum(0), (1, 0))

    def _cell_of(self, x: Tensor) -> Tensor:
        cell = torch.searchsorted(self.x_grid, x.detach().contiguous(), right=True) - 1
        return cell.clamp(0, len(self.x_grid) - 2)
