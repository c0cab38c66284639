"""MMD from samples: right on average, and therefore sometimes negative.

Two normals on the line whose MMD^2 is known, for a Gaussian kernel (bandwidth 1) and for the cubic one of the kernel
Inception distance. Thousands of small samples: the mean of the unbiased estimate must be the truth, that of the biased
one exceeds it by what theory says. For equal distributions about half of the unbiased estimates are negative; a root
taken of them, negative ones set to zero, would have a mean far from the distance.
"""

import math

import numpy as np
import torch

from coursekit.distances import GaussianKernel, PolynomialKernel, mmd_squared
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval
from coursekit.seeds import generator

SEEDS = range(8)
REPEATS, N, SHIFT = 3_000, 20, 1.0  # a seed; points in a sample; between the normals' means
KERNELS = {"Gaussian": GaussianKernel((1.0,)), "cubic (KID)": PolynomialKernel(3)}


def measure(seeds) -> Result:
    """Means over all samples beside the truth."""
    rows = {name: row(name, seeds) for name in KERNELS}
    equal = np.concatenate([estimates("Gaussian", 0.0, True, seed) for seed in seeds])
    negative = float((equal < 0).mean())
    equal_off = float(abs(equal.mean()) / standard_error(equal))
    root = float(np.sqrt(np.maximum(equal, 0)).mean())
    return Result(
        measured=(
            f"{REPEATS * len(seeds)} pairs of samples of {N}, normals {SHIFT:g} apart, mean over truth: "
            + "; ".join(
                f"{name} unbiased {one['mean'] / one['truth']:.4f} ± {one['error'] / one['truth']:.4f}, biased "
                f"{one['biased'] / one['truth']:.3f}"
                for name, one in rows.items()
            )
            + f". Of equal normals {negative:.0%} of the unbiased estimates are negative, their mean {equal_off:.1f} "
            f"s.e. from 0; the mean of roots would be {root:.3f}"
        ),
        figures={
            **{f"{what}_{name}": one[what] for name, one in rows.items() for what in ("truth", "mean", "biased")},
            "negative_share": negative, "mean_of_roots": root,
        },
        intervals={f"mean_{name}": one["interval"] for name, one in rows.items()},
        gates={
            "unbiased: mean within 3 s.e. of the truth": all(abs(o["mean"] - o["truth"]) <= 3 * o["error"]
                                                            for o in rows.values()),
            "the s.e. is at most 2 % of the truth": all(one["error"] <= 0.02 * one["truth"] for one in rows.values()),
            "unbiased: mean 0 within 3 s.e. for equal normals": equal_off <= 3,
            "the biased estimate is caught by the same check": all(
                abs(one["biased"] - one["truth"]) > 3 * one["error"] for one in rows.values()),
            "the Gaussian's bias is what theory says, to 3 s.e.": rows["Gaussian"]["bias_off"] <= 3,
            "between a third and three quarters are negative for equal normals": 1 / 3 < negative < 3 / 4,
        },
        data={"quantiles_equal": np.quantile(equal, np.linspace(0.01, 0.99, 50)).round(5).tolist(), "n": N},
    )  # fmt: skip


def row(name: str, seeds) -> dict:
    """Both estimates of one kernel, over all seeds."""
    unbiased, biased = (
        np.concatenate([estimates(name, SHIFT, which, seed) for seed in seeds]) for which in (True, False)
    )
    excess = biased - unbiased
    # Gaussian kernel: k(x, x) = 1, and the mean of k(x, x') over two points of one normal is 1 / sqrt 3.
    theory = 2 / N * (1 - 1 / math.sqrt(3))
    return {
        "truth": truth(name), "mean": float(unbiased.mean()), "error": standard_error(unbiased),
        "biased": float(biased.mean()), "interval": mean_interval(unbiased),
        "bias_off": abs(excess.mean() - theory) / max(standard_error(excess), 1e-300),
    }  # fmt: skip


def estimates(name: str, shift: float, unbiased: bool, seed: int) -> np.ndarray:
    """One estimate for each pair of samples, with shape (REPEATS,); the same samples for both estimates."""
    x, y = torch.randn(2, REPEATS, N, 1, dtype=torch.float64, generator=generator(seed))
    return mmd_squared(x, y + shift, KERNELS[name], unbiased=unbiased).numpy()


def truth(name: str) -> float:
    """E k(x, x') + E k(y, y') - 2 E k(x, y) for N(0, 1) and N(SHIFT, 1)."""
    if name == "Gaussian":
        return 2 / math.sqrt(3) * (1 - math.exp(-(SHIFT**2) / 6))

    def mean(a: float, b: float) -> float:  # of (xy + 1)^3, by the moments of both
        first, second, third = a * b, (1 + a**2) * (1 + b**2), (a**3 + 3 * a) * (b**3 + 3 * b)
        return 1 + 3 * first + 3 * second + third

    return mean(0, 0) + mean(SHIFT, SHIFT) - 2 * mean(0, SHIFT)


def standard_error(values: np.ndarray) -> float:
    """Of the mean."""
    return float(values.std(ddof=1) / math.sqrt(len(values)))
