"""Integrals on the line as weighted sums."""

import torch
from jaxtyping import Float
from numpy.polynomial.legendre import leggauss
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real

PANEL = 16  # nodes on one panel


def gauss_legendre(low: Real, high: Real, nodes: int) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Computes nodes x and weights w with shape (n,) such that the integral of f over [low, high] is about f(x) @ w.

    The interval is cut into panels of equal length with 16 Gauss-Legendre nodes each. On a panel, polynomials up to
    degree 31 are integrated exactly, so smooth functions are exact to rounding once a panel is about as long as their
    finest detail. Across a jump the error is of the order of a node's weight.

    Args:
        low: Left end.
        high: Right end.
        nodes: At least so many nodes; rounded up to whole panels.

    Raises:
        ValueError: If the ends are not finite with low < high, or nodes is not a positive whole number.
    """
    if not -torch.inf < low < high < torch.inf:
        raise ValueError(f"low and high must be finite with low < high, got {low} and {high}.")
    panels = -(-arguments.count(nodes, "nodes", minimum=1) // PANEL)
    unit, unit_weights = (torch.as_tensor(values, dtype=torch.float64) for values in leggauss(PANEL))
    edges = torch.linspace(low, high, panels + 1, dtype=torch.float64)
    half = edges.diff()[:, None] / 2
    return (edges[:-1, None] + half * (1 + unit)).flatten(), (half * unit_weights).flatten()
