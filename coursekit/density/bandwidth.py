"""Choosing the bandwidth of a kernel density estimate: by rule, or by the likelihood of points left out.

The rules are what would be best if the data were normal: quick, and too wide for data with several modes. The
likelihood of points that the estimate has not seen makes no such assumption. (That of its own points is useless for
the purpose: it grows without bound as h goes to zero, each point sitting on its own spike.)
"""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import ArrayLike
from coursekit.density import kernels
from coursekit.density.kernel_density import KernelDensity, log_kernel_sums
from coursekit.density.kernels import Kernel


def scott(x: Float[Tensor, "n *event"], kernel: Kernel = "gaussian") -> Float[Tensor, " d"]:
    """Scott's rule, one bandwidth for each coordinate: h_j = s_j n^(-1 / (d + 4)).

    Here s_j is the standard deviation of coordinate j (with n - 1). For a kernel other than the Gaussian, h is scaled
    to smooth as much (`kernels.canonical_ratio`). Source: Scott 1992, Multivariate Density Estimation, eq. 6.42.
    scikit-learn's bandwidth="scott" has no s_j: it takes the data to be standardised.

    Args:
        x: The sample with shape (n, d) or (n,), n >= 2.
        kernel: "gaussian" or "epanechnikov".

    Returns:
        Bandwidths in the units of x with shape (d,), d = 1 for points on the line.

    Raises:
        ValueError: If there are fewer than two points or a coordinate does not vary.
    """
    return _by_rule(x, kernel, lambda d: 1.0)


def silverman(x: Float[Tensor, "n *event"], kernel: Kernel = "gaussian") -> Float[Tensor, " d"]:
    """Silverman's rule, one bandwidth for each coordinate: h_j = s_j (4 / ((d + 2) n))^(1 / (d + 4)).

    The minimiser of the asymptotic mean integrated squared error when the data are normal with independent
    coordinates. Arguments, returns and conventions are those of `scott`, which differs by a factor between 0.92 and
    1.06. Source: Silverman 1986, Density Estimation, eq. 4.14.
    """
    return _by_rule(x, kernel, lambda d: (4 / (d + 2)) ** (1 / (d + 4)))


def held_out_log_likelihood(
    x: Float[Tensor, "n *event"],
    held_out: Float[Tensor, "m *event"],
    bandwidths: ArrayLike,
    kernel: Kernel = "gaussian",
) -> Float[Tensor, " k"]:
    """Scores bandwidths by points that the estimate has not seen.

    Args:
        x: The sample that carries the kernels.
        held_out: Other points of the same distribution.
        bandwidths: Candidates with shape (k,), or (k, d) for one in each coordinate.
        kernel: "gaussian" or "epanechnikov".

    Returns:
        Mean log-likelihood of held_out in nats per point with shape (k,); -inf when a point is not covered.
    """
    arguments.points(x, "x", minimum=1)
    arguments.points(held_out, "held_out", event_shape=x.shape[1:], minimum=1)
    return torch.stack([KernelDensity(x, h, kernel).log_prob(held_out).mean() for h in _candidates(bandwidths, x)])


def leave_one_out_log_likelihood(
    x: Float[Tensor, "n *event"], bandwidths: ArrayLike, kernel: Kernel = "gaussian"
) -> Float[Tensor, " k"]:
    """Scores bandwidths on the sample itself: each point by the estimate from the n - 1 others.

    It wastes no data, and costs as much as evaluating the estimate at its own points (Silverman 1986, section 3.4.4).
    Points that occur twice defeat it: they stay on each other's spikes, and the score grows as h goes to zero.

    Returns:
        Mean log-likelihood in nats per point with shape (k,); -inf when a point is out of reach of the others.
    """
    arguments.points(x, "x", minimum=2)
    arguments.known(kernel, kernels.KERNELS, "kernel")
    flat, scores = arguments.rows(x), []
    for h in _candidates(bandwidths, x):
        h = KernelDensity(x, h, kernel).bandwidth
        scores.append((log_kernel_sums(flat, flat, h, kernel, leave_self_out=True) - math.log(len(x) - 1)).mean())
    return torch.stack(scores)


def select_bandwidth(
    x: Float[Tensor, "n *event"],
    bandwidths: ArrayLike,
    *,
    held_out: Float[Tensor, "m *event"] | None = None,
    kernel: Kernel = "gaussian",
) -> Tensor:
    """Picks the bandwidth with the highest likelihood of points left out.

    Args:
        x: The sample.
        bandwidths: Candidates with shape (k,) or (k, d).
        held_out: Points to score on; None leaves out one point of x at a time.
        kernel: "gaussian" or "epanechnikov".

    Returns:
        The best candidate: a number with shape (), or shape (d,). When it is the first or the last, widen the grid.

    Raises:
        ValueError: If every candidate leaves a point uncovered, which only a kernel that ends can do.
    """
    if held_out is None:
        scores = leave_one_out_log_likelihood(x, bandwidths, kernel)
    else:
        scores = held_out_log_likelihood(x, held_out, bandwidths, kernel)
    if scores.isneginf().all():
        raise ValueError(
            f"every one of the {len(scores)} bandwidths leaves a point with density zero, so that all likelihoods are "
            f"-inf; try larger bandwidths, or the Gaussian kernel, which reaches everywhere (kernel is {kernel!r})."
        )
    return _candidates(bandwidths, x)[int(scores.argmax())]


def _by_rule(x: Tensor, kernel: Kernel, constant: Callable[[int], float]) -> Tensor:
    arguments.points(x, "x", minimum=2)
    arguments.known(kernel, kernels.KERNELS, "kernel")
    flat = arguments.rows(x)
    n, d = flat.shape
    spread = flat.std(0)
    if not (spread > 0).all():
        raise ValueError(
            f"coordinate {int((spread == 0).nonzero()[0])} of x does not vary, so the rule gives bandwidth zero; "
            "drop the coordinate or choose a bandwidth by hand."
        )
    return spread * constant(d) * n ** (-1 / (d + 4)) * kernels.canonical_ratio(kernel, d)


def _candidates(bandwidths: ArrayLike, x: Tensor) -> Tensor:
    h = arguments.positive(arguments.as_tensor(bandwidths, "bandwidths", like=x), "bandwidths")
    if h.dim() not in (1, 2) or len(h) == 0:
        raise ValueError(f"bandwidths must have shape (k,) or (k, d) with k >= 1, got {tuple(h.shape)}.")
    return h
