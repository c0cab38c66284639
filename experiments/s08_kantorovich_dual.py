"""The Kantorovich-Rubinstein dual: a function whose slope is at most one and that tells the two histograms best apart.

The dual program is solved on its own and compared with the cheapest plan's cost, which it must equal; its f is checked
by the definitions, slope and value, not by the solver's word.
"""

import torch

from coursekit.distances import kantorovich_rubinstein, optimal_transport, w1_histograms
from coursekit.evaluation.experiment import Result
from coursekit.seeds import generator

SEEDS = range(8)
SIZES = [2, 10, 40, 100]
SHOWN = 30


def measure(seeds) -> Result:
    """Largest gap and slope over sizes and seeds."""
    runs = [run(n, seed, even) for n in SIZES for seed in seeds for even in (True, False)]
    worst = {name: max(one[name] for one in runs) for name in runs[0]}
    return Result(
        measured=(
            f"{len(runs)} pairs of histograms on up to {max(SIZES)} places, at steps of one and at uneven ones: dual "
            f"value less the plan's cost {worst['gap']:.0e}, off the closed form {worst['closed_form']:.0e}; largest "
            f"slope of f 1 {worst['slope'] - 1:+.0e}; f + g exceeds no cost by more than {worst['overpriced']:.0e}; "
            f"mass is moved only where f falls by the whole way, to {worst['slack']:.0e}"
        ),
        figures=worst,
        gates={
            "the gap between plan and dual is below 1e-8": max(worst["gap"], worst["prices_gap"]) < 1e-8,
            "f changes by at most one a step": worst["slope"] <= 1 + 1e-9,
            "the value is the mean of f under p less that under q": worst["value"] <= 1e-8,
            "prices exceed no cost": worst["overpriced"] <= 1e-8,
            "where mass moves, f changes by exactly the way": worst["slack"] <= 1e-7,
        },
        data=shown(seeds[0]),
    )


def problem(n: int, seed: int, even: bool) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Two histograms and their places."""
    source = generator(1_000 * seed + n)
    p, q = torch.rand(2, n, dtype=torch.float64, generator=source).square() + 1e-3
    steps = torch.ones(n, dtype=torch.float64) if even else torch.rand(n, dtype=torch.float64, generator=source) + 0.1
    return p / p.sum(), q / q.sum(), steps.cumsum(0)


def run(n: int, seed: int, even: bool) -> dict[str, float]:
    """Everything that the theorem says, as numbers that should vanish (or, the slope, be at most one)."""
    p, q, x = problem(n, seed, even)
    cost = (x[:, None] - x).abs()
    primal = optimal_transport(p, q, cost)
    value, f = kantorovich_rubinstein(p, q, x)
    moved = primal.plan > 1e-9
    return {
        "gap": abs(primal.cost - value),
        "prices_gap": abs(primal.gap),
        "closed_form": abs(value - w1_histograms(p, q, x)),
        "slope": (f.diff().abs() / x.diff()).max().item(),
        "value": abs(((p - q) @ f).item() - value),
        "overpriced": max((primal.f[:, None] + primal.g - cost).max().item(), 0.0),
        "slack": (cost - (f[:, None] - f))[moved].abs().max().item(),
    }


def shown(seed: int) -> dict:
    """A pair with its f beside its plan, for a plot."""
    p, q, x = problem(SHOWN, seed, True)
    value, f = kantorovich_rubinstein(p, q, x)
    plan = optimal_transport(p, q, (x[:, None] - x).abs()).plan
    columns = {"x": x, "p": p, "q": q, "f": f, "plan": plan}
    return {name: column.numpy().round(5).tolist() for name, column in columns.items()} | {"value": value}
