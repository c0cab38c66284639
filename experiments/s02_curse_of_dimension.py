"""The curse of dimension for kernel density estimates: how slowly the squared error falls with n, the more dimensions.

Data are N(0, I_d), the kernel is Gaussian with Silverman's bandwidth, which is best here. The integrated squared error
then has a closed form, so no grid is needed in any dimension: with phi_s the density of N(0, s^2 I),

    int (p_hat - p)^2 = 1/n^2 sum_ij phi_{sqrt(2) h}(x_i - x_j) - 2/n sum_i phi_{sqrt(1 + h^2)}(x_i) + phi_{sqrt 2}(0).

Theory: its mean falls like n^(-4 / (4 + d)) as n grows (Silverman 1986, section 4.3.1). At any n it is known exactly
(Fryer 1976; Marron and Wand 1992, theorem 2.1), which checks the measurement itself.
"""
import math

import torch

from coursekit.density import KernelDensity
from coursekit.distributions import NormalMixture
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval
from coursekit.seeds import generator

SEEDS = range(16)
REPEATS = {1: 32, 2: 8, 3: 4, 4: 2}  # samples a seed: in one dimension a single error scatters by half of its mean
SIZES = (250, 500, 1000, 2000, 4000)
DIMENSIONS = (1, 2, 3, 4)


def squared_error(x: torch.Tensor) -> float:
    """The integrated squared error of the estimate from x, with shape (n, d), in closed form."""
    n, d = x.shape
    h = (4 / ((d + 2) * n)) ** (1 / (d + 4))
    with_itself = KernelDensity(x, math.sqrt(2) * h).log_prob(x).exp().mean()
    blurred = NormalMixture([1.0], [[0.0] * d], scales=[math.sqrt(1 + h * h)])
    with_truth = blurred.log_prob(x).exp().mean()
    return (with_itself - 2 * with_truth).item() + (4 * math.pi) ** (-d / 2)


def exact_risk(n: int, d: int) -> float:
    """The mean of `squared_error` over samples."""
    h = (4 / ((d + 2) * n)) ** (1 / (d + 4))
    terms = 1 / (n * h**d) + (1 - 1 / n) * (1 + h * h) ** (-d / 2) - 2 * (1 + h * h / 2) ** (-d / 2) + 1
    return terms * (4 * math.pi) ** (-d / 2)


def slope(errors: list[float]) -> float:
    """The least-squares slope of log error against log n."""
    a, b = (torch.tensor(v, dtype=torch.float64).log() for v in (SIZES, errors))
    return (((a - a.mean()) * (b - b.mean())).sum() / (a - a.mean()).square().sum()).item()


def measure(seeds) -> Result:
    risk: dict[int, list[list[float]]] = {}
    for d in DIMENSIONS:
        normal = NormalMixture([1.0], [[0.0] * d], scales=[1.0])
        risk[d] = []
        for seed in seeds:
            # Fresh points for every n: nested samples would tie the errors together.
            random = generator(1000 * d + seed)
            runs = [[squared_error(normal.sample(n, generator=random)) for n in SIZES] for _ in range(REPEATS[d])]
            risk[d].append([sum(column) / len(runs) for column in zip(*runs, strict=True)])
    figures, intervals, gates, words = {}, {}, {}, []
    for d in DIMENSIONS:
        mean = [sum(run[i] for run in risk[d]) / len(risk[d]) for i in range(len(SIZES))]
        theory = -4 / (4 + d)
        figures[f"slope_{d}d"] = slope(mean)
        if len(risk[d]) > 1:
            intervals[f"slope_{d}d"] = mean_interval([slope(run) for run in risk[d]])
        figures[f"exact_slope_{d}d"] = slope([exact_risk(n, d) for n in SIZES])
        gates[f"slope in {d} dimensions within 15 % of theory"] = abs(figures[f"slope_{d}d"] / theory - 1) <= 0.15
        if len(risk[d]) > 1:
            errors = torch.tensor(risk[d], dtype=torch.float64)
            off = (errors.mean(0) - torch.tensor([exact_risk(n, d) for n in SIZES])) / errors.std(0) * len(errors) ** 0.5  # noqa: E501
            # 20 comparisons at once: a t quantile for 1 % in all.
            gates[f"risk in {d} dimensions agrees with its exact mean"] = off.abs().max().item() < 4.6
        words.append(f"d = {d}: {figures[f'slope_{d}d']:.2f} (limit {theory:.2f}, exact at these n "
                     f"{figures[f'exact_slope_{d}d']:.2f})")
    return Result(
        "slope of the risk in n, over n = " + f"{SIZES[0]} to {SIZES[-1]}: " + "; ".join(words),
        figures, gates, intervals, data={"sizes": list(SIZES), "risk": {str(d): risk[d] for d in DIMENSIONS}},
    )
