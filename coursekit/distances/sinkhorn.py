r"""Entropic optimal transport: a blurred plan that is found by matrix-vector products, on batches, with gradients.

    OT_e(a, b) = min over P of  sum_ij P_ij c_ij + e KL(P || a b^T)        rows of P sum to a, columns to b

The entropy makes the answer unique and gives it a form, P_ij = a_i b_j exp((f_i + g_j - c_ij) / e). Only the two sums
are left to be met, in turn (Sinkhorn 1964; Cuturi 2013):

    f_i <- -e log sum_j b_j exp((g_j - c_ij) / e)    then all rows are right
    g_j <- -e log sum_i a_i exp((f_i - c_ij) / e)    then all columns are right

The textbook version multiplies exp(-c / e), which underflows to zero as soon as c exceeds 745 e, and divides by it. In
the log domain, as here, the largest term is taken out first and no e is too small; a small one only takes more steps.
For that reason e starts at the largest cost and is halved step by step, each stage starting from the last one's prices.

OT_e(a, a) is not zero: the blur has a cost. The *debiased* Sinkhorn divergence takes it off (Genevay, Peyre and Cuturi
2018; Feydy et al. 2019):

    S_e(a, b) = OT_e(a, b) - OT_e(a, a) / 2 - OT_e(b, b) / 2

It is zero exactly for a = b, tends to the cost of optimal transport for e -> 0, and to MMD^2 / 2 with the kernel -c for
e -> infinity. Its files: this one for a given matrix of costs, `sinkhorn_divergence` for clouds of points.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import ArrayLike, Real
from coursekit.distances.pairwise import log_sum_exp
from coursekit.distances.transport import checked_problem


class NotConvergedWarning(UserWarning):
    """The marginals of a Sinkhorn plan are still off by more than the tolerance."""


@dataclass(frozen=True)
class EntropicTransport:
    """The blurred plan between two histograms.

    Attributes:
        plan: P with shape (n, m); columns sum to q exactly, rows to p within `error`.
        cost: sum_ij P_ij c_ij, above the cheapest plan's.
        value: OT_e, the cost plus e KL(P || p q^T) (for histograms of mass one).
        f: Prices with shape (n,).
        g: Prices with shape (m,).
        error: sum_i |sum_j P_ij - p_i|, as a share of the mass.
        steps: Pairs of updates taken.
    """

    plan: Tensor
    cost: float
    value: float
    f: Tensor
    g: Tensor
    error: float
    steps: int


def sinkhorn(
    p: ArrayLike, q: ArrayLike, cost: ArrayLike, epsilon: Real, *, tolerance: Real = 1e-9, max_steps: int = 10_000
) -> EntropicTransport:
    """Finds the entropic plan between two histograms, in float64 and in the log domain.

    Args:
        p: Masses with shape (n,).
        q: Masses with shape (m,) and the same sum.
        cost: c with shape (n, m).
        epsilon: The blur e > 0, in units of the cost.
        tolerance: Stops when the rows' sums are off by no more than this share of the mass, all together.
        max_steps: The most pairs of updates; a `NotConvergedWarning` says so if they are used up.

    Raises:
        ValueError: If epsilon is not positive, or the histograms and the cost do not fit.
    """
    p, q, cost = checked_problem(p, q, cost)
    checked_numbers(epsilon, tolerance, max_steps)
    mass = p.sum()
    log_a, log_b = (p / mass).log(), (q / mass).log()

    def update_f(g: Tensor, e: Tensor) -> Tensor:
        return softmin(cost, log_b, g, e)

    def update_g(f: Tensor, e: Tensor) -> Tensor:
        return softmin(cost.T, log_a, f, e)

    f, g, error, steps = solve(
        update_f, update_g, log_a, log_b, torch.as_tensor(float(epsilon), dtype=p.dtype), cost.abs().max(),
        tolerance=tolerance, max_steps=max_steps,
    )  # fmt: skip
    plan = mass * (log_a[:, None] + log_b + (f[:, None] + g - cost) / epsilon).exp()
    value = mass * ((p / mass) @ _finite(f) + (q / mass) @ _finite(g))
    return EntropicTransport(plan, (plan * cost).sum().item(), value.item(), f, g, error, steps)


def softmin(
    cost: Float[Tensor, "*s n m"], log_b: Float[Tensor, "*s m"], g: Float[Tensor, "*s m"], epsilon: Float[Tensor, "*s"]
) -> Float[Tensor, "*s n"]:
    """Computes -e log sum_j b_j exp((g_j - c_ij) / e) with shape (*s, n): the update of f; that of g with c transposed.

    For e -> 0 it is the smallest c_ij - g_j, hence the name; log_sum_exp takes the largest exponent out before exp.
    """
    e = epsilon[..., None]
    return -e * log_sum_exp((log_b + g / e)[..., None, :] - cost / e[..., None])


@torch.no_grad()
def solve(
    update_f: Callable[[Tensor, Tensor], Tensor],
    update_g: Callable[[Tensor, Tensor], Tensor],
    log_a: Float[Tensor, "*s n"],
    log_b: Float[Tensor, "*s m"],
    epsilon: Float[Tensor, "*s"],
    largest_cost: Float[Tensor, "*s"],
    *,
    tolerance: Real,
    max_steps: int,
    warn: bool = True,
) -> tuple[Tensor, Tensor, float, int]:
    """Takes Sinkhorn's updates in turn until the rows' sums are right: the loop that all of the package shares.

    After the update of g all columns are right, and the rows' sums are read off the next update of f at no cost:
    sum_j P_ij = a_i exp((f_i - f_i') / e), f' being the update. Members of an ensemble that have converged are kept as
    they are while others go on, so that each has the prices of its solo run.

    Returns:
        f, g, the largest error over members, steps taken.
    """
    a = log_a.exp()
    now = torch.maximum(epsilon, largest_cost)
    f, g = torch.zeros_like(log_a), torch.zeros_like(log_b)
    error = torch.full_like(epsilon, torch.inf)
    steps = 0
    while True:
        new_f = update_f(g, now)
        if steps:
            off = (a * torch.expm1((f - new_f) / now[..., None]).abs()).nan_to_num(0.0).sum(-1)
            error = torch.where(now > epsilon, torch.inf, off)
        active = error > tolerance
        if steps >= max_steps or not active.any():
            break
        now = torch.where(active, torch.maximum(now / 2, epsilon), now) if steps else now
        f = torch.where(active[..., None], new_f, f)
        g = torch.where(active[..., None], update_g(f, now), g)
        steps += 1
    worst = float(error.max())
    if warn and worst > tolerance:
        _say_so(worst, tolerance, steps, epsilon, largest_cost)
    return f, g, worst, steps


@torch.no_grad()
def solve_symmetric(
    update: Callable[[Tensor, Tensor], Tensor],
    log_a: Float[Tensor, "*s n"],
    epsilon: Float[Tensor, "*s"],
    largest_cost: Float[Tensor, "*s"],
    *,
    tolerance: Real,
    max_steps: int,
    warn: bool = True,
) -> Float[Tensor, "*s n"]:
    """Finds the prices of a plan from a histogram to itself, where f = g: as `solve`, with f <- (f + update(f)) / 2.

    Updates in turn would jump to and fro around the answer; their mean is there within a few steps.
    """
    a = log_a.exp()
    now = torch.maximum(epsilon, largest_cost)
    f = torch.zeros_like(log_a)
    for steps in range(max_steps + 1):
        new_f = update(f, now)
        off = (a * torch.expm1((f - new_f) / now[..., None]).abs()).nan_to_num(0.0).sum(-1)
        error = torch.where(now > epsilon, torch.inf, off)
        active = error > tolerance
        if steps == max_steps or not active.any():
            break
        f = torch.where(active[..., None], (f + new_f) / 2, f)
        now = torch.where(active, torch.maximum(now / 2, epsilon), now)
    worst = float(error.max())
    if warn and worst > tolerance:
        _say_so(worst, tolerance, steps, epsilon, largest_cost)
    return f


def _say_so(worst: float, tolerance: Real, steps: int, epsilon: Tensor, largest_cost: Tensor) -> None:
    off = "unknown, epsilon being still on its way down" if worst == torch.inf else f"off by {worst:.2g} of the mass"
    warnings.warn(
        f"after {steps} steps the sums of the plan's rows are {off}, expected at most {tolerance:g}: raise max_steps, "
        f"the tolerance, or epsilon (now {float(epsilon.min()):g}, with costs up to {float(largest_cost.max()):.3g}).",
        NotConvergedWarning,
        stacklevel=4,
    )


def checked_numbers(epsilon: Real, tolerance: Real, max_steps: int) -> None:
    """Checks the blur, and when the steps end.

    Raises:
        ValueError: If epsilon or tolerance is not positive, or max_steps is no positive whole number.
    """
    if not 0 < epsilon < torch.inf:
        raise ValueError(
            f"epsilon must be a positive number, got {epsilon}: without entropy the plan has no closed form to "
            "iterate; for epsilon = 0 use optimal_transport."
        )
    if not 0 < tolerance < torch.inf:
        raise ValueError(f"tolerance must be a positive share of the mass, got {tolerance}.")
    arguments.count(max_steps, "max_steps", minimum=1)


def _finite(prices: Tensor) -> Tensor:
    return torch.where(prices.isfinite(), prices, 0.0)
