"""The f-divergences against their closed forms, and beside them distances of the other family.

Pairs of normals with closed forms for four of the divergences; the rest is held by identities (2 JS, 2 JS - log 4), by
the bound that the best critic reaches, and by total variation, which belongs to both families. On histograms the values
for equal and for disjoint ones are known. What each distance needs is the table `NEEDS`.
"""

import dataclasses
import math

import torch

from coursekit.distances import (
    F_DIVERGENCES,
    NEEDS,
    GaussianKernel,
    by_quadrature,
    gauss_legendre,
    kl_normal,
    of_histograms,
    wasserstein_1d,
)
from coursekit.distributions import NormalMixture1D
from coursekit.evaluation.experiment import Result
from coursekit.seeds import generator

SEEDS = range(8)
LOW, HIGH = -25.0, 25.0


def measure(seeds) -> Result:
    """Largest errors over random pairs of normals and of histograms."""
    runs = [run(seed) for seed in seeds]
    worst = {name: max(one[name] for one in runs) for name in runs[0]}
    example = {name: by_quadrature(name, normal(0, 1), normal(1, 1.5), low=LOW, high=HIGH, tolerance=1e-4).item()
               for name in F_DIVERGENCES}  # fmt: skip
    return Result(
        measured=(
            f"{len(seeds)} random pairs of normals, quadrature against closed forms, relative: KL both ways, Hellinger "
            f"and Pearson {worst['closed_forms']:.0e}; JS, 2 JS and 2 JS - log 4 agree to {worst['forms_of_js']:.0e}; "
            f"the slope f' as critic reaches the bound to {worst['bound']:.0e} for all {len(F_DIVERGENCES)}; total "
            f"variation, with its kink, {worst['total_variation']:.0e}. Other family: W1 of two shifted normals "
            f"{worst['wasserstein']:.0e}, MMD^2 {worst['mmd']:.0e}"
        ),
        figures=worst,
        gates={
            "closed forms of KL, reverse KL, Hellinger, Pearson to 1e-8": worst["closed_forms"] <= 1e-8,
            "the three forms of JS agree to 1e-8": worst["forms_of_js"] <= 1e-8,
            "the bound is reached by f' to 1e-8": worst["bound"] <= 1e-8,
            "equal and disjoint histograms have their values to 1e-12": worst["histograms"] <= 1e-12,
            "total variation to the quadrature's tolerance, 1e-5": worst["total_variation"] <= 1e-5,
            "W1 and MMD of normals to 1e-6": max(worst["wasserstein"], worst["mmd"]) <= 1e-6,
        },
        data={"needs": [dataclasses.asdict(need) for need in NEEDS], "N(0, 1) against N(1, 1.5^2)": example},
    )


def normal(mean: float, scale: float) -> NormalMixture1D:
    """A normal as a mixture of one."""
    return NormalMixture1D([1.0], [mean], [scale])


def run(seed: int) -> dict[str, float]:
    """All errors of one random pair."""
    m_p, s_p, m_q, s_q = pair(seed)
    p, q = normal(m_p, s_p), normal(m_q, s_q)
    value = {name: by_quadrature(name, p, q, low=LOW, high=HIGH, tolerance=1e-4).item() for name in F_DIVERGENCES}
    js = value["jensen_shannon"]
    shift = abs(m_p - m_q)
    tv = by_quadrature("total_variation", p, normal(m_q, s_p), low=LOW, high=HIGH, tolerance=1e-4).item()
    exact = closed_forms(m_p, s_p, m_q, s_q)
    return {
        "closed_forms": max(abs(value[name] - e) / e for name, e in exact.items()),
        "forms_of_js": max(abs(value["twice_jensen_shannon"] - 2 * js), abs(value["gan"] - 2 * js + math.log(4))),
        "total_variation": abs(tv - math.erf(shift / s_p / math.sqrt(8))),
        **on_histograms(seed),
        "wasserstein": abs(w1(p, normal(m_q, s_p)) - shift),
        "mmd": abs(mmd(p, q) - mmd_closed(m_p, s_p, m_q, s_q)),
    }


def pair(seed: int) -> tuple[float, float, float, float]:
    """Means and scales; s_p < sqrt(2) s_q, without which Pearson's is infinite."""
    u = torch.rand(4, dtype=torch.float64, generator=generator(seed)).tolist()
    return 2 * u[0] - 1, 0.6 + 0.6 * u[1], 2 * u[2] - 1, 0.9 + 0.6 * u[3]


def closed_forms(m_p: float, s_p: float, m_q: float, s_q: float) -> dict[str, float]:
    """Of two normals."""
    squares = s_p**2 + s_q**2
    overlap = math.sqrt(2 * s_p * s_q / squares) * math.exp(-((m_p - m_q) ** 2) / (4 * squares))
    wide = 2 * s_q**2 - s_p**2
    return {
        "kl": kl_normal(m_p, s_p, m_q, s_q).item(),
        "reverse_kl": kl_normal(m_q, s_q, m_p, s_p).item(),
        "squared_hellinger": 2 - 2 * overlap,
        "pearson": s_q**2 / (s_p * math.sqrt(wide)) * math.exp((m_p - m_q) ** 2 / wide) - 1,
    }


def on_histograms(seed: int) -> dict[str, float]:
    """The bound at its best critic; equal and disjoint histograms."""
    p, q = torch.rand(2, 12, dtype=torch.float64, generator=generator(100 + seed)) + 0.05
    p, q = p / p.sum(), q / q.sum()
    half = torch.cat([p, torch.zeros_like(p)]), torch.cat([torch.zeros_like(q), q])
    bound, known = [], []
    for name, d in F_DIVERGENCES.items():
        t = d.slope(p / q)
        bound.append(abs((p @ t - q @ d.conjugate(t) - of_histograms(d, p, q)).item()))
        apart = of_histograms(d, *half).item()
        known.append(0.0 if apart == d.largest else abs(apart - d.largest))
        known.append(abs(of_histograms(d, p, p).item() + (math.log(4) if name == "gan" else 0.0)))
    return {"bound": max(bound), "histograms": max(known)}


def w1(p: NormalMixture1D, q: NormalMixture1D) -> float:
    """W1 of the two normals by their quantiles at many levels."""
    u = (torch.arange(20_000, dtype=torch.float64) + 0.5) / 20_000
    return wasserstein_1d(p.quantile(u), q.quantile(u)).item()


def mmd(p: NormalMixture1D, q: NormalMixture1D) -> float:
    """MMD^2 with a Gaussian kernel of bandwidth 1, the population's, by quadrature."""
    x, weights = gauss_legendre(-12.0, 12.0, 400)
    difference = weights * (p.log_prob(x).exp() - q.log_prob(x).exp())
    return (difference @ GaussianKernel((1.0,))(x[:, None], x[:, None]) @ difference).item()


def mmd_closed(m_p: float, s_p: float, m_q: float, s_q: float) -> float:
    """E k(x, y) of two normals is a normal density of the gap, with both variances and the kernel's added up."""

    def mean(gap: float, a: float, b: float) -> float:
        spread = 1 + a**2 + b**2
        return math.exp(-(gap**2) / (2 * spread)) / math.sqrt(spread)

    return mean(0, s_p, s_p) + mean(0, s_q, s_q) - 2 * mean(m_p - m_q, s_p, s_q)
