"""Inverting an increasing function: Newton's steps, kept inside a bracket.

A quantile is the root of F(x) - u, and F rarely has an inverse that one can write down. Newton's method converges
quadratically near the root but leaps away where the slope is nearly zero, as F's is in the gap between two modes.
Bisection never fails but gains one bit a step. So: take Newton's step when it stays inside the bracket and is at most
half as long as the step before, else bisect (Press et al., Numerical Recipes, section 9.4, `rtsafe`).
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


@torch.no_grad()
def bracketed_root(
    function: Callable[[Tensor], tuple[Tensor, Tensor]],
    low: Float[Tensor, "*n"],
    high: Float[Tensor, "*n"],
    *,
    max_steps: int = 200,
) -> Float[Tensor, "*n"]:
    """Finds x with f(x) = 0 elementwise, for f increasing, to the precision of the dtype.

    An entry is finished when its residual is at most 8 eps, or when Newton's step no longer moves it. The function
    should therefore be scaled such that a residual of 1 is a large one; log F(x) - log u is.

    Args:
        function: Maps x to (f(x), f'(x)), both with the shape of x.
        low: Points with f(low) <= 0; where there is no root in the bracket, its nearer end is returned.
        high: Points with f(high) >= 0.
        max_steps: Bisection alone needs about 60 in float64 where the root is of the order of the bracket.

    Returns:
        The roots, with the shape of low. No gradient flows through the search; see `NormalMixture1D.quantile` for
        how to attach the one that the implicit function theorem gives.

    Raises:
        ValueError: If max_steps do not suffice or the function returns NaN.
    """
    eps = torch.finfo(low.dtype).eps
    low, high = low.clone(), high.clone()
    x = low + (high - low) / 2
    last_step = high - low
    done = torch.zeros_like(x, dtype=torch.bool)
    for _ in range(max_steps):
        value, slope = function(x)
        low = torch.where(value <= 0, x, low)
        high = torch.where(value >= 0, x, high)
        step = value / slope
        newton = x - step
        done |= (value.abs() <= 8 * eps) | (step.abs() <= 4 * eps * x.abs())
        # Neighbouring floating-point numbers have no midpoint between them: nothing is left to gain.
        done |= high - low <= 2 * eps * x.abs()
        if done.all():
            return x
        trusted = (newton > low) & (newton < high) & (2 * step.abs() <= last_step)
        last_step = torch.where(trusted, step.abs(), (high - low) / 2)
        x = torch.where(done, x, torch.where(trusted, newton, low + (high - low) / 2))
    raise ValueError(f"no root after {max_steps} steps; is the function increasing, and free of NaN?")
