"""Distances between distributions.

- `kl_by_quadrature`, `kl_integrand`: KL(p || q) of two densities on the line, and where it comes from.
- `kl_normal`: its closed form for two normals.
- `fit_normal_by_kl`, `NormalFit`, `moments`: the normal nearest to a target, by KL in either direction, step by step.
- `gauss_legendre`: nodes and weights, for integrals of your own.
"""

from coursekit.distances.kullback_leibler import kl_by_quadrature, kl_integrand, kl_normal
from coursekit.distances.normal_fit import DIRECTIONS, Direction, NormalFit, fit_normal_by_kl, moments
from coursekit.distances.quadrature import gauss_legendre

__all__ = ["DIRECTIONS", "Direction", "NormalFit", "fit_normal_by_kl", "gauss_legendre", "kl_by_quadrature",
           "kl_integrand", "kl_normal", "moments"]  # fmt: skip
