"""Inverse transform sampling in the plane, one coordinate after the other.

A density in two dimensions is p(x1, x2) = p(x1) p(x2 | x1), and each factor is a density on the line with its own
F^-1. So two uniform numbers become a point by

    x1 = F1^-1(u1),        x2 = F2^-1(u2 | x1).

Since x1 ignores u2, the Jacobian is triangular and its determinant is the product of the diagonal,
1 / (p(x1) p(x2 | x1)) = 1 / p(x). Autoregressive models and flows are built on this: learn the conditionals, and keep
the triangle (Rosenblatt 1952, Remarks on a multivariate transformation; Knothe 1957).
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import ArrayLike
from coursekit.density import piecewise_linear
from coursekit.distributions.uniform import open_uniform


class KnotheRosenblatt:
    """The triangular map from the unit square to a density given on a grid.

    The heights are joined bilinearly. Along either axis such a surface is a straight line between nodes, so the
    marginal of x1 and every conditional of x2 are piecewise linear, and both F^-1 are exact.

    Args:
        x1_grid: Grid of the first coordinate with shape (m1,), strictly increasing.
        x2_grid: Grid of the second coordinate with shape (m2,), strictly increasing.
        heights: Unnormalised density at the nodes with shape (m1, m2), not negative and not all zero.

    Raises:
        ValueError: If shapes do not fit, a grid does not increase, a height is negative, all are zero, or an entry is
            not finite.
    """

    exact = True

    def __init__(self, x1_grid: ArrayLike, x2_grid: ArrayLike, heights: ArrayLike) -> None:
        self.x1_grid = arguments.increasing(arguments.as_tensor(x1_grid, "x1_grid"), "x1_grid")
        self.x2_grid = arguments.increasing(arguments.as_tensor(x2_grid, "x2_grid", like=self.x1_grid), "x2_grid")
        raw = arguments.as_tensor(heights, "heights", like=self.x1_grid)
        expected = (len(self.x1_grid), len(self.x2_grid))
        if raw.shape != expected:
            raise ValueError(f"heights must have shape {expected}, x1 along the rows, got {tuple(raw.shape)}.")
        if (raw < 0).any():
            raise ValueError(f"heights must not be negative, but the smallest is {raw.min().item():g}.")
        if not raw.any():
            raise ValueError("heights are all zero: there is no mass to normalise; raise at least one.")
        raw = raw / raw.max()
        marginal = piecewise_linear.areas(self.x2_grid, raw)[:, -1]
        mass = piecewise_linear.areas(self.x1_grid, marginal[None])[0, -1]
        self.heights, self.marginal = raw / mass, marginal / mass

    @classmethod
    def from_log_density(
        cls, log_density: Callable[[Tensor], Tensor], x1_grid: ArrayLike, x2_grid: ArrayLike
    ) -> "KnotheRosenblatt":
        """Tabulates a log-density, known up to its constant, on a grid and builds the map to it.

        Args:
            log_density: Maps points with shape (n, 2) to nats with shape (n,), for example a mixture's log_prob.
            x1_grid: With shape (m1,).
            x2_grid: With shape (m2,). What lies outside of the two grids is cut off.
        """
        x1, x2 = arguments.as_tensor(x1_grid, "x1_grid"), arguments.as_tensor(x2_grid, "x2_grid")
        values = log_density(torch.cartesian_prod(x1, x2)).reshape(len(x1), len(x2))
        if values.isnan().any() or not values.max().isfinite():
            raise ValueError("log_density must be a number, or -inf, at every node of the grid, and finite at one.")
        return cls(x1, x2, (values - values.max()).exp())

    def forward(self, u: Float[Tensor, "n 2"]) -> tuple[Float[Tensor, "n 2"], Float[Tensor, " n"]]:
        """Generates: returns x with shape (n, 2) and log |det dx/du| = -log p(x) with shape (n,).

        Raises:
            ValueError: If an entry of u is not strictly between 0 and 1.
        """
        arguments.points(u, "u", event_shape=(2,))
        if ((u <= 0) | (u >= 1)).any():
            raise ValueError("u must lie strictly between 0 and 1; see coursekit.distributions.open_uniform.")
        x1 = piecewise_linear.invert_area(self.x1_grid, self.marginal[None], u[:, 0])
        slices, total = self._slices(x1)
        x2 = piecewise_linear.invert_area(self.x2_grid, slices, u[:, 1] * total)
        x = torch.stack([x1, x2], dim=1)
        return x, -self.log_prob(x)

    def inverse(self, x: Float[Tensor, "n 2"]) -> tuple[Float[Tensor, "n 2"], Float[Tensor, " n"]]:
        """Normalises: returns u with shape (n, 2) and log |det du/dx| = log p(x) with shape (n,).

        Points outside of the grid have density zero: they go to the boundary of the unit square, with ladj -inf.
        """
        arguments.points(x, "x", event_shape=(2,))
        u1 = piecewise_linear.area_below(self.x1_grid, self.marginal[None], x[:, 0])
        slices, total = self._slices(x[:, 0])
        u2 = piecewise_linear.area_below(self.x2_grid, slices, x[:, 1]) / total
        return torch.stack([u1, u2], dim=1).clamp(0.0, 1.0), self.log_prob(x)

    def log_prob(self, x: Float[Tensor, "n 2"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates the bilinear log-density in nats with shape (n,); -inf outside of the grid."""
        arguments.no_context(context, self)
        arguments.points(x, "x", event_shape=(2,))
        inside = (x[:, 0] >= self.x1_grid[0]) & (x[:, 0] <= self.x1_grid[-1])
        density = piecewise_linear.height(self.x2_grid, self._rows(x[:, 0]), x[:, 1])
        return torch.where(inside, density, 0.0).log()

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n 2"]:
        """Draws n points by sending uniform noise through the map."""
        arguments.no_context(context, self)
        arguments.count(n, "n")
        u = open_uniform(2 * n, dtype=self.heights.dtype, device=self.heights.device, generator=generator)
        return self.forward(u.reshape(n, 2))[0]

    def _rows(self, x1: Float[Tensor, " n"]) -> Float[Tensor, "n m2"]:
        """The curve x2 -> p(x1, x2) for each x1: a straight blend of the two rows beside it."""
        x1 = x1.clamp(self.x1_grid[0], self.x1_grid[-1])
        left = torch.searchsorted(self.x1_grid, x1.detach().contiguous(), right=True) - 1
        left = left.clamp(0, len(self.x1_grid) - 2)
        share = ((x1 - self.x1_grid[left]) / self.x1_grid.diff()[left])[:, None]
        return (1 - share) * self.heights[left] + share * self.heights[left + 1]

    def _slices(self, x1: Float[Tensor, " n"]) -> tuple[Float[Tensor, "n m2"], Float[Tensor, " n"]]:
        """The same curves and their areas p(x1); where p(x1) = 0 no conditional exists and a flat one stands in."""
        rows = self._rows(x1)
        total = piecewise_linear.areas(self.x2_grid, rows)[:, -1]
        rows = torch.where((total > 0)[:, None], rows, 1.0)
        return rows, torch.where(total > 0, total, self.x2_grid[-1] - self.x2_grid[0])
