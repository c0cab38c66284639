"""The Sinkhorn divergence between its two limits: transport where the blur is small, MMD where it is large.

Two clouds in the plane, with the costs |x - y|^2 and |x - y|, and a sweep of epsilon in units of the cheapest plan's
cost. The small end is compared with the linear program, the large end with half the MMD^2 of the kernel -c. Without
debiasing the entropic cost is neither zero for equal clouds nor, for large epsilon, a distance at all.
"""

import numpy as np
import torch

from coursekit.distances import (
    DistanceKernel,
    entropic_cost,
    mmd_squared,
    optimal_transport,
    sinkhorn_divergence,
)
from coursekit.evaluation.experiment import Result
from coursekit.seeds import generator

SEEDS = range(5)
N, SHIFT = 16, 1.0
BLURS = [0.02, 0.1, 0.3, 1.0, 10.0, 100.0, 1_000.0]  # of the transport's cost
STEPS = 20_000


def measure(seeds) -> Result:
    """The sweep for both costs."""
    runs = {power: [sweep(power, seed) for seed in seeds] for power in (1, 2)}
    every = [one for row in runs.values() for one in row]
    small = max(abs(one["divergence"][0] / one["transport"] - 1) for one in every)
    large = max(abs(one["divergence"][-1] / one["half_mmd"] - 1) for one in every)
    tail = [(one["divergence"][-2] - one["half_mmd"]) / (one["divergence"][-1] - one["half_mmd"]) for one in every]
    own = max(abs(one["itself"]) / one["transport"] for one in every)
    biased = min(one["entropic_itself"] / one["transport"] for one in every)
    means = {p: np.mean([np.array(one["divergence"]) / one["transport"] for one in row], 0) for p, row in runs.items()}
    return Result(
        measured=(
            f"two clouds of {N} in the plane, both costs, {len(every)} pairs: at epsilon = {BLURS[0]:g} of the cost of "
            f"transport S is within {small:.1%} of it, at {BLURS[-1]:g} within {large:.0e} of half the MMD^2, the rest "
            f"falling as 1 / epsilon (ratios {min(tail):.1f} to {max(tail):.1f} for a factor of ten). Of a cloud with "
            f"itself S is {own:.0e} of the cost of transport, the entropic cost without debiasing at least {biased:.0%}"
        ),
        figures={"small_epsilon": small, "large_epsilon": large, "itself": own, "entropic_itself": biased},
        gates={
            "epsilon to 0: the cost of transport, to 2 %": small <= 0.02,
            "epsilon to infinity: MMD^2 / 2 with the kernel -c, to 2 %": large <= 0.02,
            "the rest falls as 1 / epsilon, to 10 %": all(abs(ratio / 10 - 1) <= 0.1 for ratio in tail),
            "S of a cloud with itself is 0 to 1e-5": own <= 1e-5,
            "without debiasing it is not": biased > 0.01,
        },
        data={"blurs": BLURS, "n": N, **{f"over_transport_power_{p}": r.round(5).tolist() for p, r in means.items()},
              **{f"half_mmd_power_{p}": float(np.mean([one["half_mmd"] / one["transport"] for one in row]).round(5))
                 for p, row in runs.items()}},
    )  # fmt: skip


def sweep(power: int, seed: int) -> dict:
    """S at every blur, with its two limits."""
    source = generator(seed)
    x, y = torch.randn(2, N, 2, dtype=torch.float64, generator=source)
    y[:, 0] += SHIFT
    even = torch.full((N,), 1 / N, dtype=torch.float64)
    transport = optimal_transport(even, even, torch.cdist(x, y) ** power).cost

    def divergence(a, b, blur):
        # A large blur needs few steps and many digits, since the three costs nearly cancel; a small one the reverse.
        exact = 1e-13 if blur >= 1 else 1e-3
        return sinkhorn_divergence(a, b, blur * transport, power=power, tolerance=exact, max_steps=STEPS).item()

    return {
        "transport": transport,
        "divergence": [divergence(x, y, blur) for blur in BLURS],
        "half_mmd": mmd_squared(x, y, DistanceKernel(power), unbiased=False).item() / 2,
        "itself": divergence(x, x, 1.0),
        "entropic_itself": entropic_cost(x, x, transport, power=power, tolerance=1e-6).item(),
    }
