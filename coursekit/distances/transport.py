r"""Optimal transport between histograms: the cheapest way to move one heap of earth into the shape of another.

    primal   min over P >= 0 of  sum_ij P_ij c_ij        with rows summing to p and columns to q
    dual     max over f, g of    sum_i p_i f_i + sum_j q_j g_j        with f_i + g_j <= c_ij for all i, j

P_ij is the mass that goes from place i to place j (Kantorovich 1942). The dual tells the same story from a carrier's
side: it charges f_i to pick a unit up and g_j to put it down, and gets the contract only if no pair costs more than
moving the unit oneself. Both are linear programs, and their values are equal: a pair of feasible answers whose gap is
zero proves that both are best. Where the cost is a distance, g = -f is enough and f changes by at most the distance:
the Kantorovich-Rubinstein dual, and the idea behind the Wasserstein GAN.

The solver is HiGHS, by way of scipy. A large problem has n m unknowns of which at most n + m - 1 are positive in an
answer, so they are added as they are needed (column generation): solve with the cheap cells only, look for cells whose
price f_i + g_j exceeds their cost, add those, and stop when there are none.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy import optimize, sparse
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import ArrayLike

ALL_AT_ONCE = 20_000  # cells; smaller problems start with all of them
CHEAPEST = 8  # of each row and column, where a larger problem starts
TOLERANCE = 1e-10  # of the largest cost: a price above the cost by less is rounding
MASS = 1e4  # what the solver is given in all, whatever the histograms' sum


@dataclass(frozen=True)
class Transport:
    """A cheapest plan, and the prices that prove it.

    Attributes:
        plan: P with shape (n, m), rows summing to p and columns to q. There may be other plans of the same cost.
        cost: sum_ij P_ij c_ij.
        f: Prices of picking up with shape (n,); f + a and g - a serve as well for any number a.
        g: Prices of putting down with shape (m,).
        dual: sum_i p_i f_i + sum_j q_j g_j.
    """

    plan: Tensor
    cost: float
    f: Tensor
    g: Tensor
    dual: float

    @property
    def gap(self) -> float:
        """Cost less dual value: zero, to rounding, since both are best."""
        return self.cost - self.dual


def optimal_transport(p: ArrayLike, q: ArrayLike, cost: ArrayLike) -> Transport:
    """Finds a cheapest plan between two histograms, with its prices.

    Args:
        p: Masses of the first histogram with shape (n,), none negative.
        q: Masses of the second with shape (m,), with the same sum.
        cost: c with shape (n, m): of moving a unit of mass from i to j.

    Returns:
        Everything in float64, whatever the dtype given.

    Raises:
        ValueError: If shapes do not fit, a mass is negative, the sums differ, or an entry is not finite.
    """
    p, q, cost = checked_problem(p, q, cost)
    a, b, c = p.numpy(), q.numpy(), cost.numpy()
    n, m = c.shape
    cells = np.ones((n, m), bool) if c.size <= ALL_AT_ONCE else _cheap_cells(a, b, c)
    slack = 2 * TOLERANCE * np.abs(c).max()
    while True:
        rows, columns = np.nonzero(cells)
        moved, f, g = _solve(a, b, c[rows, columns], rows, columns)
        overpriced = f[:, None] + g - c
        overpriced[cells] = 0.0
        if overpriced.max() <= slack:
            break
        # The worst few of each row and column: all of them would be the large problem again.
        worst = _best_of_each(-overpriced, CHEAPEST) & (overpriced > slack)
        cells |= worst
    plan = np.zeros((n, m))
    plan[rows, columns] = moved
    return Transport(
        torch.from_numpy(plan), float((plan * c).sum()), torch.from_numpy(f), torch.from_numpy(g), float(a @ f + b @ g)
    )


def kantorovich_rubinstein(p: ArrayLike, q: ArrayLike, positions: ArrayLike) -> tuple[float, Float[Tensor, " n"]]:
    """Solves the dual on the line as a linear program of its own: the steepest bet that p lies elsewhere than q.

        max over f of sum_i (p_i - q_i) f_i    with |f_{i+1} - f_i| <= x_{i+1} - x_i

    Neighbours suffice: a slope of at most one from each to the next makes one of at most one between any two.

    Args:
        p: Masses with shape (n,).
        q: Masses at the same places, with the same sum.
        positions: Places x on the line with shape (n,), increasing.

    Returns:
        The value, which is W1, and f with shape (n,), shifted so that its first entry is 0.

    Raises:
        ValueError: If shapes do not fit, a mass is negative, the sums differ, or the places do not increase.
    """
    p, q = checked_masses(p, q)
    x = arguments.increasing(arguments.as_tensor(positions, "positions").to(p), "positions")
    if not len(p) == len(q) == len(x):
        raise ValueError(
            f"p and q must have a mass for each of the {len(x)} positions, got {len(p)} and {len(q)} masses."
        )
    n, steps = len(x), x.diff().numpy()
    slopes = sparse.diags_array([-np.ones(n - 1), np.ones(n - 1)], offsets=[0, 1], shape=(n - 1, n))
    answer = optimize.linprog(
        (q - p).numpy(),
        A_ub=sparse.vstack([slopes, -slopes]),
        b_ub=np.concatenate([steps, steps]),
        bounds=[(0.0, 0.0)] + [(None, None)] * (n - 1),
        method="highs",
    )
    _need(answer)
    return float(-answer.fun), torch.from_numpy(answer.x)


def checked_masses(p: ArrayLike, q: ArrayLike) -> tuple[Float[Tensor, " n"], Float[Tensor, " m"]]:
    """Checks two histograms and gives them as float64: no negative mass, equal sums, some mass.

    Raises:
        ValueError: If not.
    """
    masses = []
    for value, name in ((p, "p"), (q, "q")):
        given = arguments.as_tensor(value, name)
        mass = given.detach().to("cpu", torch.float64)
        if mass.dim() != 1 or len(mass) == 0:
            raise ValueError(f"{name} must be masses with shape (n,), at least one, got {tuple(mass.shape)}.")
        if (mass < 0).any():
            raise ValueError(
                f"{name} must not hold negative mass, but entry {int(mass.argmin())} is {mass.min().item():g}; a "
                "difference of histograms is no histogram."
            )
        masses.append((mass, 1e-10 if given.dtype == torch.float64 else 1e-5))
    (first, tolerance), (second, other) = masses
    total_p, total_q = first.sum().item(), second.sum().item()
    if total_p == 0 or abs(total_p - total_q) > max(tolerance, other) * max(total_p, total_q):
        raise ValueError(
            f"p has the mass {total_p:.9g} and q has {total_q:.9g}: they must be equal and positive, since transport "
            "neither makes nor loses mass; divide each by its sum."
        )
    return first, second * (total_p / total_q)  # equal to the last digit, or the program has no answer


def checked_problem(p: ArrayLike, q: ArrayLike, cost: ArrayLike) -> tuple[Tensor, Tensor, Float[Tensor, "n m"]]:
    """Checks two histograms and the cost between their places.

    Raises:
        ValueError: If they do not fit.
    """
    p, q = checked_masses(p, q)
    cost = arguments.as_tensor(cost, "cost").detach().to("cpu", torch.float64)
    if cost.shape != (len(p), len(q)):
        raise ValueError(
            f"cost must have shape (n, m) = ({len(p)}, {len(q)}), from each place of p to each of q, got "
            f"{tuple(cost.shape)}."
        )
    return p, q, cost


def _solve(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, rows: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Solves the program with these cells only: moved mass of each cell, prices of rows, prices of columns."""
    n, m, k = len(a), len(b), len(c)
    # The solver's tolerances are absolute, so it gets masses and costs of one size: a histogram's tails may be tiny.
    mass, largest = MASS / a.sum(), max(np.abs(c).max(), np.finfo(float).tiny)
    # Each cell stands in two sums: that of its row and that of its column.
    sums = sparse.csc_array(
        (np.ones(2 * k), (np.concatenate([rows, n + columns]), np.tile(np.arange(k), 2))), shape=(n + m, k)
    )
    answer = optimize.linprog(
        c / largest, A_eq=sums, b_eq=mass * np.concatenate([a, b]), bounds=(0, None), method="highs",
        # Presolving takes sums that differ in the last digit for a contradiction.
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10, "presolve": False},
    )  # fmt: skip
    _need(answer)
    # The solver's "marginals" say how the cost grows with each sum that is asked for: those are the prices.
    prices = largest * answer.eqlin.marginals
    return np.maximum(answer.x, 0.0) / mass, prices[:n], prices[n:]


def _need(answer: optimize.OptimizeResult) -> None:
    if answer.status != 0:
        raise ValueError(
            f"the linear program was not solved: {answer.message} Masses or costs of very different size are a usual "
            "reason; scale them to about 1."
        )


def _cheap_cells(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """The cheapest cells of each row and column, and a staircase of cells with which any two histograms can be met."""
    cells = _best_of_each(c, CHEAPEST)
    # Filling rows from left to right visits the cells in which the cumulated masses overlap.
    levels_a, levels_b = a.cumsum(), b.cumsum()
    levels = np.sort(np.concatenate([levels_a, levels_b]))
    i = np.minimum(np.searchsorted(levels_a, levels), len(a) - 1)
    j = np.minimum(np.searchsorted(levels_b, levels), len(b) - 1)
    cells[i, j] = True
    # A step of the staircase moves right or down; where both happen at once, rounding may need the corner between.
    cells[i[1:], j[:-1]] = cells[i[:-1], j[1:]] = True
    return cells


def _best_of_each(values: np.ndarray, k: int) -> np.ndarray:
    """Marks the k smallest entries of each row and of each column."""
    marked = np.zeros(values.shape, bool)
    for axis in (0, 1):
        few = min(k, values.shape[axis])
        best = np.argpartition(values, few - 1, axis=axis).take(range(few), axis)
        np.put_along_axis(marked, best, True, axis)
    return marked
