"""The transport matrix: a linear program on any two histograms, against another solver and the closed form on the line.

The cost of the cheapest plan is one number; the plan is not: with the cost |i - j| a unit may take one long way or let
another be pushed along. So costs are compared with POT's and with the area between the distribution functions,
marginals with the histograms, and how often the two solvers' plans differ is only counted.
"""

import numpy as np
import ot
import torch

from coursekit.distances import optimal_transport, w1_histograms
from coursekit.evaluation.experiment import Result
from coursekit.seeds import generator

SEEDS = range(8)
SIZES = [2, 10, 60]
KINDS = ["smooth", "sparse", "peaks"]
SHOWN = 12


def measure(seeds) -> Result:
    """Largest errors over kinds, sizes and seeds."""
    cases = [line(kind, n, seed) for kind in KINDS for n in SIZES for seed in seeds]
    plane = [in_the_plane(n, seed) for n in SIZES for seed in seeds]
    worst = {name: max(one[name] for one in cases) for name in cases[0]}
    differ = sum(one["plans_differ"] for one in cases) / len(cases)
    any_cost = {name: max(one[name] for one in plane) for name in plane[0]}
    return Result(
        measured=(
            f"{len(cases)} pairs of histograms on the line with the cost |i - j|, up to {max(SIZES)} places: cost off "
            f"the closed form by {worst['closed_form']:.0e}, off POT's by {worst['pot']:.0e}; rows and columns off by "
            f"{worst['marginals']:.0e}; the two solvers' plans differ in {differ:.0%} of the pairs. {len(plane)} pairs "
            f"in the plane: off POT's by {any_cost['pot']:.0e}"
        ),
        figures={
            "off_closed_form": worst["closed_form"], "off_pot": max(worst["pot"], any_cost["pot"]),
            "off_marginals": max(worst["marginals"], any_cost["marginals"]), "plans_differ": differ,
        },
        gates={
            "cost equals the closed form on the line to 1e-8": worst["closed_form"] <= 1e-8,
            "cost equals POT's to 1e-8": max(worst["pot"], any_cost["pot"]) <= 1e-8,
            "rows sum to p and columns to q, to 1e-9": max(worst["marginals"], any_cost["marginals"]) <= 1e-9,
            "no mass is negative": worst["negative"] == any_cost["negative"] == 0,
        },
        data=shown(seeds[0]),
    )  # fmt: skip


def histogram(kind: str, n: int, source: torch.Generator) -> torch.Tensor:
    """Masses with shape (n,), sum one."""
    u = torch.rand(n, dtype=torch.float64, generator=source)
    if kind == "sparse":
        u = torch.where(torch.rand(n, generator=source) < 0.7, 0.0, u)
        u[torch.randint(n, (1,), generator=source)] += 0.1
    if kind == "peaks":
        centres = n * torch.rand(2, dtype=torch.float64, generator=source)
        u = (-0.5 * ((torch.arange(n) - centres[:, None]) / (0.05 * n + 0.5)) ** 2).exp().sum(0) + 1e-9
    return u / u.sum()


def line(kind: str, n: int, seed: int) -> dict[str, float]:
    """Errors of one pair on the line."""
    source = generator(1_000 * seed + n)
    p, q = histogram(kind, n, source), histogram(kind, n, source)
    places = torch.arange(n, dtype=torch.float64)
    found = compare(p, q, (places[:, None] - places).abs())
    return found | {"closed_form": abs(found["cost"] - w1_histograms(p, q, places))}


def in_the_plane(n: int, seed: int) -> dict[str, float]:
    """Errors of one pair of clouds with unequal weights and numbers, the cost being the squared distance."""
    source = generator(1_000 * seed + n + 1)
    x, y = (torch.randn(k, 2, dtype=torch.float64, generator=source) for k in (n, n + 3))
    return compare(histogram("smooth", n, source), histogram("smooth", n + 3, source), torch.cdist(x, y).square())


def compare(p: torch.Tensor, q: torch.Tensor, cost: torch.Tensor) -> dict[str, float]:
    """Our plan beside POT's."""
    ours = optimal_transport(p, q, cost)
    theirs = ot.emd(p.numpy(), q.numpy(), cost.numpy())
    off = torch.cat([ours.plan.sum(1) - p, ours.plan.sum(0) - q]).abs().max().item()
    return {
        "cost": ours.cost,
        "pot": abs(ours.cost - float((theirs * cost.numpy()).sum())),
        "marginals": off,
        "negative": float((ours.plan < 0).any()),
        "plans_differ": float(np.abs(ours.plan.numpy() - theirs).max() > 1e-6),
    }


def shown(seed: int) -> dict:
    """A small pair and its plan, for a heat map."""
    source = generator(seed)
    p, q = histogram("peaks", SHOWN, source), histogram("peaks", SHOWN, source)
    places = torch.arange(SHOWN, dtype=torch.float64)
    plan = optimal_transport(p, q, (places[:, None] - places).abs()).plan
    return {"p": p.numpy().round(5).tolist(), "q": q.numpy().round(5).tolist(), "plan": plan.numpy().round(5).tolist()}
