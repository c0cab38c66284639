"""Two heaps that move apart: the Jensen-Shannon divergence stops noticing once they no longer overlap, W1 does not.

A histogram of random shape and the same moved by a number of bins. Where nothing overlaps, JS is log 2 whatever the
distance, and its slope is zero: a generator would not learn which way to go. W1 is the shift itself, its slope one. KL
is infinite there, and MMD with a Gaussian kernel levels off a few bandwidths away.
"""

import math

import torch

from coursekit.distances import GaussianKernel, jensen_shannon, of_histograms, w1_histograms
from coursekit.evaluation.experiment import Result
from coursekit.seeds import generator

SEEDS = range(8)
WIDTH = 10  # bins of the heap
SHIFTS = [0, 2, 4, 6, 8, 10, 15, 20, 30, 40, 60, 80]


def measure(seeds) -> Result:
    """The sweep, for each random shape."""
    runs = {seed: [apart(seed, shift) for shift in SHIFTS] for seed in seeds}
    disjoint = [i for i, shift in enumerate(SHIFTS) if shift >= WIDTH]
    js_off = max(abs(run[i]["js"] - math.log(2)) for run in runs.values() for i in disjoint)
    w_off = max(abs(run[i]["w1"] - SHIFTS[i]) for run in runs.values() for i in range(len(SHIFTS)))
    infinite = all(math.isinf(run[i]["kl"]) for run in runs.values() for i in disjoint)
    rises = all(
        run[i + 1]["js"] > run[i]["js"] for run in runs.values() for i in range(len(SHIFTS)) if SHIFTS[i] < WIDTH
    )
    last = max(abs(run[-1]["mmd"] - run[-2]["mmd"]) for run in runs.values())
    middle = {name: [sum(run[i][name] for run in runs.values()) / len(runs) for i in range(len(SHIFTS))]
              for name in ("js", "w1", "mmd")}  # fmt: skip
    return Result(
        measured=(
            f"{len(runs)} random heaps {WIDTH} bins wide, moved by up to {SHIFTS[-1]}: from a shift of {WIDTH} on JS "
            f"is log 2 to {js_off:.0e} at every shift, W1 is the shift to {w_off:.0e}; KL is infinite; MMD^2 moves by "
            f"{last:.0e} between shifts of {SHIFTS[-2]} and {SHIFTS[-1]}"
        ),
        figures={"js_off_log_2": js_off, "w1_off_shift": w_off, "mmd_change_at_the_end": last},
        gates={
            "JS = log 2 to 1e-12 wherever nothing overlaps": js_off <= 1e-12,
            "W1 = the shift to 1e-12 relative, everywhere": w_off <= 1e-12 * SHIFTS[-1],
            "JS rises as long as the heaps overlap": rises,
            "KL is infinite wherever nothing overlaps": infinite,
        },
        data={"shifts": SHIFTS, "width": WIDTH} | {k: [round(v, 6) for v in row] for k, row in middle.items()},
    )


def apart(seed: int, shift: int) -> dict[str, float]:
    """All distances between a heap and itself moved by `shift` bins."""
    bins = SHIFTS[-1] + WIDTH
    heap = torch.rand(WIDTH, dtype=torch.float64, generator=generator(seed)) + 0.05
    p, q = torch.zeros(2, bins, dtype=torch.float64)
    p[:WIDTH] = q[shift : shift + WIDTH] = heap / heap.sum()
    places = torch.arange(bins, dtype=torch.float64)
    kernel = GaussianKernel((WIDTH / 2,))(places[:, None], places[:, None])
    return {
        "js": jensen_shannon(p, q).item(),
        "w1": w1_histograms(p, q, places),
        "kl": of_histograms("kl", p, q).item(),
        "mmd": ((p - q) @ kernel @ (p - q)).item(),
    }
