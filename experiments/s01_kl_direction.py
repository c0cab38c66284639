"""The direction of KL decides what a model that is too simple does: cover all modes, or seek one.

One normal q for a target p with two equal modes. Forward, KL(p || q), has one minimum, at the mean and variance of p.
Reverse, KL(q || p), has several: one on each mode, and a shallow one across both, where wide starts end. A seed draws
starts at random; the best of its ends is what "the minimiser" means, how many starts are caught is reported beside it.
"""

import math

import numpy as np
import torch

from coursekit.distances import fit_normal_by_kl, kl_by_quadrature
from coursekit.distributions import NormalMixture1D
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import share_interval
from coursekit.seeds import generator

SEEDS = range(8)
STARTS = 6  # a seed
DISTANCES = [6.0, 8.0, 10.0]  # of the modes, in their standard deviations


def target(distance: float) -> NormalMixture1D:
    """Two modes of width 1."""
    return NormalMixture1D([0.5, 0.5], [-distance / 2, distance / 2], [1.0, 1.0])


def measure(seeds) -> Result:
    """Fits in both directions from random starts."""
    fits = {d: [ends(d, seed) for seed in seeds] for d in DISTANCES}
    forward = {d: max(run["forward"] for run in runs) for d, runs in fits.items()}
    reverse = {d: max(run["reverse"] for run in runs) for d, runs in fits.items()}
    caught = {d: sum(run["across"] for run in runs) for d, runs in fits.items()}
    converged = all(run["converged"] for runs in fits.values() for run in runs)
    starts = STARTS * len(seeds)
    sides = {d: sum(run["right"] for run in runs) for d, runs in fits.items()}
    wrong = max(abs(run["value_error"]) for runs in fits.values() for run in runs)
    total = sum(caught.values())
    forward_kl = {d: float(np.mean([run["forward_kl"] for run in runs])) for d, runs in fits.items()}
    reverse_kl = {d: float(np.mean([run["reverse_kl"] for run in runs])) for d, runs in fits.items()}
    across_kl = {d: [kl for run in runs for kl in run["across_kl"]] for d, runs in fits.items()}
    return Result(
        measured=(
            f"modes {', '.join(f'{d:g}' for d in DISTANCES)} standard deviations apart: forward mean within "
            f"{max(forward.values()):.0e} of the midpoint; reverse mean within {max(reverse.values()):.3f} of a mode "
            f"(best of {STARTS} starts); {total} of {starts * len(DISTANCES)} random starts of the reverse fit end in "
            "the shallow minimum across both modes. Divergences at the end, nats: forward "
            + ", ".join(f"{v:.2f}" for v in forward_kl.values())
            + "; reverse "
            + ", ".join(f"{v:.3f}" for v in reverse_kl.values())
        ),
        figures={
            "forward_from_midpoint": max(forward.values()),
            "reverse_from_mode": max(reverse.values()),
            "starts_caught": total / (starts * len(DISTANCES)),
            "value_error": wrong,
            **{f"forward_kl_{d:g}": v for d, v in forward_kl.items()},
            **{f"reverse_kl_{d:g}": v for d, v in reverse_kl.items()},
        },
        intervals={"starts_caught": share_interval(total, starts * len(DISTANCES))},
        gates={
            "forward mean within 0.05 of the midpoint": max(forward.values()) < 0.05,
            "reverse mean within 0.05 of a mode": max(reverse.values()) < 0.05,
            "every walk converged": converged,
            "divergences agree with quadrature on a fixed grid to 1e-6": wrong < 1e-6,
        },
        data={
            "distances": DISTANCES,
            "caught": [caught[d] for d in DISTANCES],
            "right_mode": [sides[d] for d in DISTANCES],
            "starts": starts,
            "across_kl": [round(float(np.mean(v)), 4) if v else None for v in across_kl.values()],
            "paths": paths(seeds[0]),
        },
    )


def random_starts(distance: float, seed: int) -> list[tuple[float, float]]:
    """Means anywhere between a mode's distance beyond either mode, scales from a half to twice the distance."""
    u = torch.rand(STARTS, 2, dtype=torch.float64, generator=generator(seed))
    low, high = math.log(0.5), math.log(2 * distance)
    return [(distance * (2 * a - 1), math.exp(low + (high - low) * b)) for a, b in u.tolist()]


def ends(distance: float, seed: int) -> dict:
    """Where the walks of one seed end."""
    p = target(distance)
    forward, reverse = (
        [fit_normal_by_kl(p, direction, start=start, steps=600) for start in random_starts(distance, seed)]
        for direction in ("forward", "reverse")
    )
    best = min(reverse, key=lambda fit: fit.divergence)
    across = [fit for fit in reverse if abs(fit.mean) < distance / 4]
    q = {"forward": NormalMixture1D([1.0], [forward[0].mean], [forward[0].scale]),
         "reverse": NormalMixture1D([1.0], [best.mean], [best.scale])}  # fmt: skip
    reach = 8 * distance
    value_error = max(
        abs(kl_by_quadrature(p, q["forward"], low=-reach, high=reach, nodes=4096).item() - forward[0].divergence),
        abs(kl_by_quadrature(q["reverse"], p, low=-reach, high=reach, nodes=4096).item() - best.divergence),
    )
    return {
        "forward": max(abs(fit.mean) for fit in forward),
        "reverse": abs(abs(best.mean) - distance / 2),
        "across": len(across),
        "right": sum(fit.mean > distance / 4 for fit in reverse),
        "converged": all(fit.converged for fit in forward + reverse),
        "value_error": value_error,
        "forward_kl": forward[0].divergence,
        "reverse_kl": best.divergence,
        "across_kl": [fit.divergence for fit in across],
    }


def paths(seed: int) -> list[dict]:
    """Means and scales along the reverse walks of one seed, for a plot: every fifth step."""
    p = target(DISTANCES[0])
    walks = [fit_normal_by_kl(p, "reverse", start=s, steps=600) for s in random_starts(DISTANCES[0], seed)]
    return [
        {"means": [round(v, 3) for v in walk.means[::5].tolist()],
         "scales": [round(v, 3) for v in walk.scales[::5].tolist()]}
        for walk in walks
    ]  # fmt: skip
