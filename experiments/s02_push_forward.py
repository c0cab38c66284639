"""Push-forwards: do samples g(z) follow the density that the change of variables gives, and is a wrong map noticed?

For each seed the Kolmogorov-Smirnov test compares n samples with the exact distribution function and gives a p-value.
If both belong together the p-value is itself uniform on (0, 1): below 0.05 in 5 % of the seeds, no more and no fewer.
A second Kolmogorov-Smirnov test, over the seeds, asks just that. The density is then tied to the distribution
function: autograd's slope of F must be p.
"""

import numpy as np
import torch
from scipy import stats

from coursekit.density.push_forward import PushForward1D, identity, inverse_normal_cdf, square
from coursekit.distributions import NormalMixture1D, Uniform
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import share_interval

SEEDS = range(200)
POINTS = 2_000
LEVEL = 0.01  # chance that the gates on p-values fail by bad luck, divided by the number of checks

NORMAL = NormalMixture1D([1.0], [0.0], [1.0])
RIGHT = {
    "identity": identity(Uniform()),
    "z^2 of uniform": square(),
    "z^2 of normal": square(NORMAL),
    "inverse normal cdf": inverse_normal_cdf(),
}
# Samples of a wrong map, compared with the distribution function of the right one.
WRONG = {
    "identity": PushForward1D(Uniform(), lambda z: z**1.2, RIGHT["identity"].branches),
    "z^2 of uniform": PushForward1D(Uniform(), lambda z: z**3, RIGHT["z^2 of uniform"].branches),
    "z^2 of normal": PushForward1D(NORMAL, torch.abs, RIGHT["z^2 of normal"].branches),
    "inverse normal cdf": PushForward1D(
        Uniform(), lambda z: 1.3 * torch.special.ndtri(z), RIGHT["inverse normal cdf"].branches
    ),
}


def measure(seeds) -> Result:
    """Tests every right and every wrong map on every seed."""
    p = {name: p_values(right, right, seeds) for name, right in RIGHT.items()}
    p_wrong = {name: p_values(WRONG[name], right, seeds) for name, right in RIGHT.items()}
    uniform = {name: float(stats.kstest(values, "uniform").pvalue) for name, values in p.items()}
    alarms = int(sum((values < 0.05).sum() for values in p.values()))
    caught = {name: int((values < 0.05).sum()) for name, values in p_wrong.items()}
    slope_error = max(slope_errors().values())
    n, tests = len(p["identity"]), sum(map(len, p.values()))
    worst = min(caught.values())
    return Result(
        measured=(
            f"p-values uniform for all {len(p)} maps (smallest p of that test {min(uniform.values()):.2f}; "
            f"{alarms / tests:.1%} below 0.05); wrong maps rejected on at least {worst} of {n} seeds; "
            f"density against the slope of F: {slope_error:.0e}"
        ),
        figures={
            "uniformity_p": min(uniform.values()),
            "false_alarms": alarms / tests,
            "wrong_map_rejected": worst / n,
            "slope_error": slope_error,
        },
        intervals={"false_alarms": share_interval(alarms, tests), "wrong_map_rejected": share_interval(worst, n)},
        gates={
            "p-values are uniform": min(uniform.values()) > LEVEL / len(p),
            "every wrong map is rejected on 99 % of the seeds": worst >= 0.99 * n,
            "density equals the slope of the distribution function to 1e-8": slope_error <= 1e-8,
        },
        data={
            "p_values": {name: np.sort(values).round(4).tolist() for name, values in p.items()},
            "uniformity_p": {name: round(value, 4) for name, value in uniform.items()},
            "rejected": {name: hits / n for name, hits in caught.items()},
            "points": POINTS,
        },
    )


def p_values(sampled: PushForward1D, claimed: PushForward1D, seeds) -> np.ndarray:
    """One p-value a seed: samples of one push-forward against the distribution function of another."""
    # The test is blind to monotone maps: fed with the same noise, all maps of uniform noise give the same p-value. So
    # each map has noise of its own.
    stream = list(RIGHT.values()).index(claimed)

    def one(seed: int) -> float:
        x = sampled.sample(POINTS, generator=torch.Generator().manual_seed(len(RIGHT) * seed + stream))
        return stats.kstest(x.numpy(), lambda t: claimed.cdf(torch.as_tensor(t)).numpy()).pvalue

    return np.array([one(seed) for seed in seeds])


def slope_errors() -> dict[str, float]:
    """Largest relative difference of p(x) from F'(x) by autograd, on the middle 99.8 % of each distribution."""
    errors = {}
    for name, right in RIGHT.items():
        z = torch.linspace(0.001, 0.999, 999, dtype=torch.float64)
        x = right.map(z if isinstance(right.base, Uniform) else right.base.quantile(z)).requires_grad_()
        (slope,) = torch.autograd.grad(right.cdf(x).sum(), x)
        errors[name] = (right.log_prob(x.detach()).exp() / slope - 1).abs().max().item()
    return errors
