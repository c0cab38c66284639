"""The two smoothing kernels of the course: Gaussian and Epanechnikov, in any dimension.

A kernel is a density around zero that is laid over every data point. Both are functions of the distance r = |u| alone:

    Gaussian        kappa(u) = (2 pi)^(-d/2) exp(-r^2 / 2)
    Epanechnikov    kappa(u) = (d + 2) / (2 V_d) (1 - r^2) for r < 1, else 0,    V_d = pi^(d/2) / Gamma(d/2 + 1)

V_d is the volume of the unit ball. The Epanechnikov kernel has the smallest asymptotic mean squared error of all
(Epanechnikov 1969), by a margin of 5 % over the Gaussian on the line; but it ends, and where no data point is within
reach the estimate is exactly zero.
"""

import math
from typing import Literal, TypeAlias, get_args

import torch
from jaxtyping import Float
from torch import Tensor

Kernel: TypeAlias = Literal["gaussian", "epanechnikov"]
KERNELS: tuple[str, ...] = get_args(Kernel)


def log_volume_of_ball(d: int) -> float:
    """Computes log V_d, the log-volume of the unit ball in d dimensions."""
    return 0.5 * d * math.log(math.pi) - math.lgamma(0.5 * d + 1)


def log_constant(kernel: Kernel, d: int) -> float:
    """Computes log K(0), the factor in front of each formula above."""
    if kernel == "gaussian":
        return -0.5 * d * math.log(2 * math.pi)
    return math.log(0.5 * (d + 2)) - log_volume_of_ball(d)


def log_sum(kernel: Kernel, squared: Float[Tensor, "n m"]) -> Float[Tensor, " n"]:
    """Computes log sum_j K(u_ij) / K(0) from squared distances r_ij^2, which it overwrites.

    The Gaussian's terms are divided by the largest before they are added (log-sum-exp): far from the data each of them
    underflows, their sum as well, and the log of that would be -inf although the density is not zero.
    """
    if kernel == "epanechnikov":
        return squared.neg_().add_(1.0).clamp_min_(0.0).sum(1).log()
    # Powers of two instead of e: torch.exp starts threads even for small blocks, which on a busy machine wait for each
    # other a hundred times longer than they work. Terms below the smallest normal number are slow and add nothing.
    exponents = squared.mul_(-0.5 / math.log(2))
    largest = exponents.detach().amax(1, keepdim=True)
    terms = exponents.sub_(largest).clamp_min_(math.log2(torch.finfo(squared.dtype).tiny)).exp2_()
    return (terms.sum(1).log2() + largest.squeeze(1)) * math.log(2)


def sample(
    kernel: Kernel, n: int, d: int, *, like: Tensor, generator: torch.Generator | None = None
) -> Float[Tensor, "n d"]:
    """Draws n points from the kernel, exactly.

    For Epanechnikov: of a point spread evenly over the unit sphere in m dimensions, the first d coordinates have a
    density proportional to (1 - r^2)^((m - d - 2) / 2). With m = d + 4 this is the kernel.
    """
    if kernel == "gaussian":
        return torch.randn(n, d, dtype=like.dtype, device=like.device, generator=generator)
    z = torch.randn(n, d + 4, dtype=like.dtype, device=like.device, generator=generator)
    return z[:, :d] / z.norm(dim=1, keepdim=True)


def canonical_ratio(kernel: Kernel, d: int) -> float:
    """Computes the bandwidth at which the kernel smooths as much as a Gaussian of bandwidth one.

    The mean squared error depends on the kernel through R = int K^2 and the variance m of one coordinate, and two
    kernels smooth alike when their bandwidths are in the ratio of (R / m^2)^(1 / (d + 4)) (Marron and Nolan 1988,
    Canonical kernels for density estimation). For Epanechnikov R = 2 (d + 2) / ((d + 4) V_d) and m = 1 / (d + 4); on
    the line the ratio is 2.214.
    """
    if kernel == "gaussian":
        return 1.0
    log_r_gaussian = -0.5 * d * math.log(4 * math.pi)
    log_r = math.log(2 * (d + 2) / (d + 4)) - log_volume_of_ball(d)
    return math.exp((log_r - log_r_gaussian + 2 * math.log(d + 4)) / (d + 4))
