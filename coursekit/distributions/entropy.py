"""The entropy of a smooth density in the plane, by the midpoint rule.

    H = -int p log p dx   ~   -sum over cells of  area * p log p  at the centre

On the whole plane this plain rule is an excellent one. For a smooth integrand that falls off to nothing on all sides,
its error falls faster than any power of the spacing: for normal noise of width s like exp(-2 pi^2 s^2 / spacing^2)
(Trefethen and Weideman 2014, "The exponentially convergent trapezoidal rule"). So cells are halved until the result
stands still.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from coursekit.arguments import Real


def plane_entropy(
    log_prob: Callable[[Tensor], Tensor],
    low: Sequence[Real],
    high: Sequence[Real],
    *,
    spacing: Real,
    tolerance: Real = 1e-6,
    halvings: int = 3,
) -> float:
    """Integrates -p log p over a box, in nats.

    Args:
        log_prob: Evaluates log p for points with shape (n, 2), in float64.
        low: Lower left corner of a box that holds all of the mass, to rounding.
        high: Its upper right corner.
        spacing: Side of the cells at the start; half of the width of the finest detail is a good one.
        tolerance: Absolute error in nats, as judged by the last halving.
        halvings: Most times to halve the cells.

    Raises:
        ValueError: If the result does not settle.
    """
    last = _midpoint(log_prob, low, high, spacing)
    for _ in range(halvings):
        spacing = spacing / 2
        value = _midpoint(log_prob, low, high, spacing)
        if abs(value - last) < tolerance:
            return value
        last = value
    raise ValueError(f"the entropy did not settle to {tolerance:g} nats with cells of {spacing:g}; start with less.")


def _midpoint(log_prob: Callable[[Tensor], Tensor], low: Sequence[Real], high: Sequence[Real], spacing: Real) -> float:
    axes, area = [], 1.0
    for start, stop in zip(low, high, strict=True):
        cells = max(1, round((stop - start) / spacing))
        side = (stop - start) / cells
        axes.append(start + side * (torch.arange(cells, dtype=torch.float64) + 0.5))
        area *= side
    log_p = log_prob(torch.cartesian_prod(*axes))
    # Where p is 0, p log p is 0 too, and not the NaN of 0 times -inf.
    terms = torch.where(log_p == -torch.inf, 0.0, log_p.exp() * log_p)
    return -area * terms.sum().item()
