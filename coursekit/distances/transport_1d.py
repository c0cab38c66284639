r"""Optimal transport on the line, in closed form: nothing overtakes, so sorting is all there is to it.

    W1(P, Q) = int |F_P(x) - F_Q(x)| dx            the area between the two distribution functions
    Wr(P, Q)^r = int_0^1 |F_P^-1(u) - F_Q^-1(u)|^r du        the leftmost mass goes to the leftmost place, and so on

(Santambrogio 2015, Optimal transport for applied mathematicians, section 2.1.) The first needs no plan, the second is
the plan. Both are exact for histograms and for samples, of equal sizes or not, with weights or without.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import ArrayLike, Real
from coursekit.distances.transport import checked_masses


def w1_histograms(p: ArrayLike, q: ArrayLike, positions: ArrayLike) -> float:
    """Computes W1 between two histograms on the same places of the line: the sum of |F_p - F_q| times the step.

    |F_p - F_q| at a place is the mass that has to cross from there to the next one; each crossing costs the step.

    Args:
        p: Masses with shape (n,).
        q: Masses with shape (n,) and the same sum.
        positions: Places with shape (n,), increasing.

    Raises:
        ValueError: If shapes do not fit, a mass is negative, the sums differ, or the places do not increase.
    """
    p, q = checked_masses(p, q)
    x = arguments.increasing(arguments.as_tensor(positions, "positions").to(p), "positions")
    if not len(p) == len(q) == len(x):
        raise ValueError(
            f"p and q must have a mass for each of the {len(x)} positions, got {len(p)} and {len(q)} masses."
        )
    crossing = (p - q).cumsum(0)[:-1].abs()
    return (crossing @ x.diff()).item()


def wasserstein_1d(
    x: Float[Tensor, " n"],
    y: Float[Tensor, " m"],
    *,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    order: Real = 1,
) -> Float[Tensor, ""]:
    """Computes the Wasserstein distance W_r of two samples on the line, shape (); differentiable in the points.

    Sorted samples are step functions F^-1 of the level u in (0, 1]. Between two neighbouring levels of either, both
    are constant.

    Args:
        x: Points with shape (n,).
        y: Points with shape (m,).
        x_weights: Probabilities of the points with shape (n,); None weighs all alike.
        y_weights: Likewise with shape (m,).
        order: r >= 1. Unlike elsewhere in this package, the r-th root is taken: W_r is a distance.

    Raises:
        ValueError: If a sample is empty or no numbers on the line, weights are no probabilities, or the order is
            below one.
    """
    arguments.points(x, "x", event_shape=(), minimum=1)
    arguments.points(y, "y", event_shape=(), minimum=1)
    if not 1 <= order < torch.inf:
        raise ValueError(f"order must be a number of at least 1, got {order}.")
    x_sorted, x_levels = _quantiles(x, x_weights, "x_weights")
    y_sorted, y_levels = _quantiles(y, y_weights, "y_weights")
    levels = torch.cat([x_levels, y_levels]).sort().values
    shares = torch.diff(levels, prepend=levels.new_zeros(1))
    # searchsorted finds the first point whose level reaches u: F^-1(u).
    at_x = x_sorted[torch.searchsorted(x_levels, levels).clamp_max(len(x) - 1)]
    at_y = y_sorted[torch.searchsorted(y_levels, levels).clamp_max(len(y) - 1)]
    moved = shares.to(at_x) @ (at_x - at_y).abs() ** order
    return moved if order == 1 else moved ** (1 / order)


def _quantiles(x: Tensor, weights: ArrayLike | None, name: str) -> tuple[Tensor, Tensor]:
    """Sorted points and the level F(x_i) of each; levels are doubles, and the last one is exactly 1."""
    n = len(x)
    if weights is None:
        order = x.detach().argsort()
        # i / n rather than a cumulated sum: samples of one size then share their levels to the last digit.
        levels = torch.arange(1, n + 1, dtype=torch.float64, device=x.device) / n
        return x[order], levels
    given = arguments.probabilities(arguments.as_tensor(weights, name, like=x), name).to(x.device, torch.float64)
    if len(given) != n:
        raise ValueError(f"{name} must have shape ({n},), a weight for each point, got ({len(given)},).")
    order = x.detach().argsort()
    levels = given[order].cumsum(0)
    return x[order], levels / levels[-1]
