"""Densities that are straight between the nodes of a grid: integral, inverse and entropy in closed form.

Between two nodes with heights a and b, a distance w apart, the height at t from the left node is a + (b - a) t / w and
the area so far is a t + (b - a) t^2 / (2 w): a quadratic, which can be solved for t. So the distribution function and
its inverse need no quadrature and no iteration.

All functions take heights with shape (rows, m) over a grid with shape (m,): one row, a curve shared by all n points,
or n rows, a curve for each point. A row need not be normalised.
"""

import torch
from jaxtyping import Float
from torch import Tensor


def areas(grid: Float[Tensor, " m"], heights: Float[Tensor, "rows m"]) -> Float[Tensor, "rows m"]:
    """Integrates each curve from the first node to each node: trapezoids, exact here."""
    cells = grid.diff() * (heights[:, 1:] + heights[:, :-1]) / 2
    return torch.nn.functional.pad(cells.cumsum(-1), (1, 0))


def height(grid: Float[Tensor, " m"], heights: Float[Tensor, "rows m"], x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Evaluates curve i at x[i]; zero outside of the grid."""
    _, t, a, slope = _cell(grid, heights, x)
    inside = (x >= grid[0]) & (x <= grid[-1])
    # Rounding may carry the straight line a hair below zero.
    return torch.where(inside, (a + slope * t).clamp_min(0.0), torch.zeros_like(t))


def area_below(
    grid: Float[Tensor, " m"], heights: Float[Tensor, "rows m"], x: Float[Tensor, " n"]
) -> Float[Tensor, " n"]:
    """Integrates curve i from the first node to x[i]; x outside of the grid counts as its nearest end."""
    left, t, a, slope = _cell(grid, heights, x.clamp(grid[0], grid[-1]))
    return _take(areas(grid, heights), left) + a * t + slope * t.square() / 2


def invert_area(
    grid: Float[Tensor, " m"], heights: Float[Tensor, "rows m"], area: Float[Tensor, " n"]
) -> Float[Tensor, " n"]:
    """Finds x[i] below which curve i has the given area: the smallest such x where the curve is zero for a while.

    The quadratic a t + (s / 2) t^2 = r is solved as t = 2 r / (a + sqrt(a^2 + 2 s r)), the form without cancellation,
    which also holds for slope s = 0.
    """
    below = areas(grid, heights)
    # The first node at or above the area ends the cell; so cells without area are never entered.
    left = (_first_at_least(below.detach(), area.detach()) - 1).clamp(0, len(grid) - 2)
    rest = area - _take(below, left)
    a, b = _take(heights, left), _take(heights, left + 1)
    width = grid.diff()[left]
    denominator = a + (a.square() + 2 * (b - a) / width * rest).clamp_min(0.0).sqrt()
    started = (rest > 0) & (denominator > 0)
    t = torch.where(started, 2 * rest / torch.where(started, denominator, 1.0), torch.zeros_like(rest))
    return grid[left] + torch.minimum(t, width)


def negative_entropy(grid: Float[Tensor, " m"], heights: Float[Tensor, "rows m"]) -> Float[Tensor, " rows"]:
    """Integrates y log y under each curve, y its height, with 0 log 0 = 0.

    In a cell y runs linearly between its ends, so the mean of y log y is G(b) - G(a) over b - a with
    G(y) = y^2 (log y - 1/2) / 2. Where a and b nearly agree this cancels, and the series around their mean m
    is used: m log m + e^2 / (6 m) + e^4 / (60 m^3) with e = (b - a) / 2.
    """
    a, b = heights[:, :-1], heights[:, 1:]
    mean, half = (a + b) / 2, (b - a) / 2
    flat = half.abs() <= 1e-2 * mean
    safe = torch.where(mean > 0, mean, 1.0)
    series = torch.xlogy(mean, mean) + half.square() / (6 * safe) + half.pow(4) / (60 * safe.pow(3))
    exact = (_antiderivative(b) - _antiderivative(a)) / torch.where(flat, 1.0, b - a)
    return (grid.diff() * torch.where(flat, series, exact)).sum(-1)


def _antiderivative(y: Tensor) -> Tensor:
    return (torch.xlogy(y.square(), y) - y.square() / 2) / 2


def _cell(grid: Tensor, heights: Tensor, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Locates x[i]: index of the node to its left, distance from it, height there, slope of the cell."""
    left = (torch.searchsorted(grid, x.detach().contiguous(), right=True) - 1).clamp(0, len(grid) - 2)
    a, b = _take(heights, left), _take(heights, left + 1)
    return left, x - grid[left], a, (b - a) / grid.diff()[left]


def _take(rows: Tensor, column: Tensor) -> Tensor:
    """Picks one column from the row of each point."""
    return rows[0, column] if len(rows) == 1 else rows.gather(1, column[:, None]).squeeze(1)


def _first_at_least(rows: Tensor, value: Tensor) -> Tensor:
    """Finds the first column of the row of each point whose entry is at least the point's value."""
    if len(rows) == 1:
        return torch.searchsorted(rows[0].contiguous(), value.contiguous())
    return torch.searchsorted(rows.contiguous(), value[:, None].contiguous()).squeeze(1)
