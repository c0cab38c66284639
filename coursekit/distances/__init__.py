"""Distances between distributions.

- `kl_by_quadrature`, `kl_integrand`: KL(p || q) of two densities on the line, and where it comes from.
- `kl_normal`: its closed form for two normals.
- `fit_normal_by_kl`, `NormalFit`, `moments`: the normal nearest to a target, by KL in either direction, step by step.
- `gauss_legendre`: nodes and weights, for integrals of your own.

The two families (`NEEDS` says what each needs):
- `F_DIVERGENCES`, `FDivergence`: compare by the ratio of densities; `by_quadrature`, `of_histograms`, `jensen_shannon`.
- `optimal_transport`, `kantorovich_rubinstein`: what moving one heap onto the other costs, and the prices that prove
  it; `w1_histograms`, `wasserstein_1d`: on the line, in closed form.
- `sinkhorn`, `sinkhorn_divergence`, `entropic_cost`: the same with a blur, for batches and gradients.
- `mmd_squared`, `witness`, `median_distance` and the kernels: means of smooth functions.

Is there a difference at all?
- `permutation_test`, `mmd_test`, `classifier_test`, `rejection_rate`, `Verdict`; `nearest_neighbours`, `small_net`.
"""

from coursekit.distances.f_divergences import (
    F_DIVERGENCES,
    FDivergence,
    by_quadrature,
    jensen_shannon,
    of_histograms,
)
from coursekit.distances.kullback_leibler import kl_by_quadrature, kl_integrand, kl_normal
from coursekit.distances.mmd import (
    DistanceKernel,
    GaussianKernel,
    PolynomialKernel,
    RationalQuadraticKernel,
    median_distance,
    mmd_squared,
    witness,
)
from coursekit.distances.needs import NEEDS, Need
from coursekit.distances.normal_fit import DIRECTIONS, Direction, NormalFit, fit_normal_by_kl, moments
from coursekit.distances.quadrature import gauss_legendre
from coursekit.distances.sinkhorn import EntropicTransport, NotConvergedWarning, sinkhorn
from coursekit.distances.sinkhorn_divergence import entropic_cost, sinkhorn_divergence
from coursekit.distances.transport import Transport, kantorovich_rubinstein, optimal_transport
from coursekit.distances.transport_1d import w1_histograms, wasserstein_1d
from coursekit.distances.two_sample import (
    Verdict,
    classifier_test,
    mmd_test,
    nearest_neighbours,
    permutation_test,
    rejection_rate,
    small_net,
)

__all__ = [
    "DIRECTIONS", "DistanceKernel", "Direction", "EntropicTransport", "FDivergence", "F_DIVERGENCES",
    "GaussianKernel", "NEEDS", "Need", "NormalFit", "NotConvergedWarning", "PolynomialKernel",
    "RationalQuadraticKernel", "Transport", "Verdict", "by_quadrature", "classifier_test", "entropic_cost",
    "fit_normal_by_kl", "gauss_legendre", "jensen_shannon", "kantorovich_rubinstein", "kl_by_quadrature",
    "kl_integrand", "kl_normal", "median_distance", "mmd_squared", "mmd_test", "moments", "nearest_neighbours",
    "of_histograms", "optimal_transport", "permutation_test", "rejection_rate", "sinkhorn",
    "sinkhorn_divergence", "small_net", "w1_histograms", "wasserstein_1d", "witness",
]  # fmt: skip
