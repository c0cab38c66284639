r"""The Sinkhorn divergence between two clouds of points: debiased, differentiable, in bounded memory.

    S_e(x, y) = OT_e(x, y) - OT_e(x, x) / 2 - OT_e(y, y) / 2,    with the cost |x_i - y_j|^power

(Feydy et al. 2019, Interpolating between optimal transport and MMD.) The costs are computed again in each step, block
by block, so that 5,000 points against 5,000 take no more memory than 500 against 500.

Its gradient needs none of the steps. At the best prices a change of the prices changes nothing to first order (the
envelope theorem), so they are found without gradients, and one more update is taken with them: its gradient with
respect to c_ij is the plan's P_ij, and each point is pulled by the points that its mass goes to.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import ArrayLike, Real
from coursekit.distances.pairwise import clouds, distances, log_sum_exp, row_blocks, squared_distances
from coursekit.distances.sinkhorn import checked_numbers, solve, solve_symmetric

TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-4}  # what single precision can reach at a blur of 1 % of the cost


def sinkhorn_divergence(
    x: Float[Tensor, "..."],
    y: Float[Tensor, "..."],
    epsilon: Real,
    *,
    power: Literal[1, 2] = 2,
    x_weights: ArrayLike | None = None,
    y_weights: ArrayLike | None = None,
    tolerance: Real | None = None,
    max_steps: int = 1000,
    warn: bool = True,
) -> Float[Tensor, "*s"]:
    """Computes S_e between two clouds with shape (*s); differentiable in the points, not in the weights.

    Args:
        x: Points with shape (n, d), or (n,) on the line; an ensemble carries leading axes, each member on its own.
        y: Points with shape (m, d).
        epsilon: The blur e > 0, in units of the cost: for power 2 a length squared. Details finer than e^(1 / power)
            are not seen.
        power: 2 for the cost |x - y|^2, without the factor 1/2; 1 for |x - y|.
        x_weights: Probabilities of the points with shape (n,); None weighs all alike.
        y_weights: Likewise with shape (m,).
        tolerance: The sums of the plans' rows may be off by this share of the mass, all together; by default 1e-6 in
            double and 1e-4 in single precision.
        max_steps: The most steps for each of the three plans.
        warn: Whether a `NotConvergedWarning` says that they were used up.

    Raises:
        ValueError: If epsilon is not positive, the points or weights do not fit, or an entry is not finite.
    """
    problem = _Problem.checked(epsilon, power, tolerance, max_steps, warn)
    x, y = clouds(x, y)
    log_a, log_b = _log_weights(x, x_weights, "x_weights"), _log_weights(y, y_weights, "y_weights")
    own_costs = problem.self_cost(x, log_a) + problem.self_cost(y, log_b)
    return problem.cost_between(x, y, log_a, log_b) - own_costs / 2


def entropic_cost(
    x: Float[Tensor, "..."],
    y: Float[Tensor, "..."],
    epsilon: Real,
    *,
    power: Literal[1, 2] = 2,
    tolerance: Real | None = None,
    max_steps: int = 1000,
) -> Float[Tensor, "*s"]:
    """Computes OT_e between two clouds of equal weights, *not* debiased, with shape (*s): to see what debiasing is for.

    As a function of x it is not smallest at x = y: a cloud does better by shrinking.

    Raises:
        ValueError: As `sinkhorn_divergence`.
    """
    problem = _Problem.checked(epsilon, power, tolerance, max_steps, warn=True)
    x, y = clouds(x, y)
    return problem.cost_between(x, y, _log_weights(x, None, ""), _log_weights(y, None, ""))


@dataclass(frozen=True)
class _Problem:
    """The blur, the cost, and when to stop: what the three plans have in common."""

    epsilon: float
    power: int
    tolerance: float | None
    max_steps: int
    warn: bool

    @classmethod
    def checked(cls, epsilon: Real, power: int, tolerance: Real | None, max_steps: int, warn: bool) -> "_Problem":
        checked_numbers(epsilon, 1.0 if tolerance is None else tolerance, max_steps)
        if power not in (1, 2):
            raise ValueError(f"power must be 1 for the cost |x - y| or 2 for |x - y|^2, got {power}.")
        return cls(float(epsilon), power, tolerance, max_steps, warn)

    def cost_between(self, x: Tensor, y: Tensor, log_a: Tensor, log_b: Tensor) -> Tensor:
        still_x, still_y, e = x.detach(), y.detach(), self._blur(x)
        _, g, _, _ = solve(
            lambda g, now: self._update(still_x, still_y, log_b, g, now),
            lambda f, now: self._update(still_y, still_x, log_a, f, now),
            log_a, log_b, e, self._largest_cost(still_x, still_y), **self._how(x),
        )  # fmt: skip
        f = self._update(x, y, log_b, g, e)  # the one update whose gradient counts
        return _mean(f, log_a) + _mean(g, log_b)

    def self_cost(self, x: Tensor, log_a: Tensor) -> Tensor:
        still, e = x.detach(), self._blur(x)
        f = solve_symmetric(
            lambda f, now: self._update(still, still, log_a, f, now),
            log_a, e, self._largest_cost(still, still), **self._how(x),
        )  # fmt: skip
        return _mean(self._update(x, x, log_a, f, e), log_a) + _mean(f, log_a)

    def _update(self, x: Tensor, y: Tensor, log_b: Tensor, g: Tensor, e: Tensor) -> Tensor:
        """The update of f, as `sinkhorn.softmin`, with costs computed from points block by block."""
        exponents = log_b + g / e[..., None]
        # Lengths are measured in units of the blur, so that c / e needs no division for each pair.
        unit = (e[..., None, None]) ** (1 / self.power)

        def rows(start: int, a: Tensor, b: Tensor, exponents: Tensor) -> Tensor:
            return log_sum_exp(exponents[..., None, :] - self._cost(a, b))

        blocks = row_blocks(rows, x / unit, y / unit, exponents, columns=y.shape[-2])
        return -e[..., None] * torch.cat(list(blocks), -1)

    def _cost(self, a: Tensor, b: Tensor) -> Tensor:
        return squared_distances(a, b) if self.power == 2 else distances(a, b)

    def _largest_cost(self, x: Tensor, y: Tensor) -> Tensor:
        """An upper bound, from the box around both clouds."""
        both = torch.cat([x, y], -2)
        diagonal = (both.amax(-2) - both.amin(-2)).square().sum(-1)
        return diagonal if self.power == 2 else diagonal.sqrt()

    def _blur(self, x: Tensor) -> Tensor:
        return torch.full(x.shape[:-2], self.epsilon, dtype=x.dtype, device=x.device)

    def _how(self, x: Tensor) -> dict[str, Any]:
        tolerance = TOLERANCE.get(x.dtype, 1e-2) if self.tolerance is None else float(self.tolerance)
        return {"tolerance": tolerance, "max_steps": self.max_steps, "warn": self.warn}


def _mean(prices: Tensor, log_weights: Tensor) -> Tensor:
    return (log_weights.exp() * prices).sum(-1)


def _log_weights(x: Tensor, weights: ArrayLike | None, name: str) -> Tensor:
    n = x.shape[-2]
    if weights is None:
        return torch.full(x.shape[:-1], -math.log(n), dtype=x.dtype, device=x.device)
    given = arguments.probabilities(arguments.as_tensor(weights, name, like=x), name).detach().to(x)
    if len(given) != n:
        raise ValueError(f"{name} must have shape ({n},), a weight for each point, got ({len(given)},).")
    return given.log().expand(x.shape[:-1])
