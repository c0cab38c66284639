"""Kernel density estimation: a small hill of mass on every data point.

    p(x) = 1 / (n h_1 ... h_d)  sum_i  kappa((x - x_i) / h)

(Rosenblatt 1956; Parzen 1962.) The bandwidth h decides everything: too small, and the estimate is a row of spikes that
knows nothing between the points; too large, and it is one hill that has forgotten them. `coursekit.density.bandwidth`
has the ways to choose it.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import ArrayLike
from coursekit.density import kernels
from coursekit.density.kernels import Kernel

# Queries are taken in blocks with at most this many query-point pairs, so memory does not grow with their number. On a
# processor a block fits the cache and stays below the size at which torch splits an operation among threads: on a busy
# machine these wait for each other, and 30 ms become a second. A GPU wants few large operations.
_PAIRS_PER_BLOCK = {"cpu": 2**15, "cuda": 2**26}


class KernelDensity:
    """The kernel density estimate of a sample.

    Args:
        x: The sample with shape (n, d), or (n,) for points on the line; then samples and queries have that form too.
        bandwidth: h in the units of x, one positive number for all coordinates or one each with shape (d,).
        kernel: "gaussian" or "epanechnikov".

    With one bandwidth for all coordinates it agrees with scikit-learn's KernelDensity.

    Raises:
        ValueError: If the sample is empty, has another shape or entries that are not finite, if the bandwidth is not
            positive, or if there is no such kernel.
    """

    def __init__(
        self,
        x: Float[Tensor, "n *event"],
        bandwidth: ArrayLike,
        kernel: Kernel = "gaussian",
    ) -> None:
        arguments.points(x, "x", minimum=1)
        self.kernel = arguments.known(kernel, kernels.KERNELS, "kernel")
        self.event_shape = tuple(x.shape[1:])
        self.x = arguments.rows(x)
        self.bandwidth = _bandwidth_per_coordinate(bandwidth, self.x)

    def log_prob(self, x: Float[Tensor, "m *event"], *, context: Tensor | None = None) -> Float[Tensor, " m"]:
        """Evaluates the log-density in nats with shape (m,).

        Finite everywhere for the Gaussian kernel; -inf for Epanechnikov where no data point is within reach.
        """
        arguments.no_context(context, self)
        arguments.points(x, "x", event_shape=self.event_shape)
        log_sums = log_kernel_sums(arguments.rows(x), self.x, self.bandwidth, self.kernel)
        return log_sums - math.log(len(self.x))

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n *event"]:
        """Draws n points, exactly: a data point at random, plus a draw from the kernel, stretched by h."""
        arguments.no_context(context, self)
        arguments.count(n, "n")
        centre = torch.randint(len(self.x), (n,), device=self.x.device, generator=generator)
        noise = kernels.sample(self.kernel, n, self.x.shape[1], like=self.x, generator=generator)
        return (self.x[centre] + self.bandwidth * noise).reshape(n, *self.event_shape)

    def uncovered_share(self, x: Float[Tensor, "m *event"]) -> float:
        """Computes the share of points where the estimate is exactly zero.

        A single such point makes the log-likelihood of a held-out set -inf. It happens with the Epanechnikov kernel,
        never with the Gaussian.
        """
        arguments.points(x, "x", event_shape=self.event_shape, minimum=1)
        return self.log_prob(x).isneginf().double().mean().item()


def log_kernel_sums(
    queries: Float[Tensor, "m d"],
    points: Float[Tensor, "n d"],
    bandwidth: Float[Tensor, " d"],
    kernel: Kernel,
    *,
    leave_self_out: bool = False,
) -> Float[Tensor, " m"]:
    """Computes log sum_i kappa((q - x_i) / h) / (h_1 ... h_d) for every query, block by block.

    Args:
        queries: With shape (m, d).
        points: With shape (n, d).
        bandwidth: With shape (d,).
        kernel: "gaussian" or "epanechnikov".
        leave_self_out: Queries are the points, and the sum for point j skips i = j.
    """
    queries, points = queries / bandwidth, points / bandwidth
    coordinates = points.T.contiguous()
    block = max(1, _PAIRS_PER_BLOCK.get(points.device.type, 2**26) // len(points))
    sums = [queries.new_empty(0)]
    for start in range(0, len(queries), block):
        squared = squared_distances(queries[start : start + block], coordinates)
        if leave_self_out:
            rows = torch.arange(len(squared), device=squared.device)
            squared[rows, start + rows] = torch.inf
        sums.append(kernels.log_sum(kernel, squared))
    return torch.cat(sums) + kernels.log_constant(kernel, len(coordinates)) - bandwidth.log().sum()


def squared_distances(a: Float[Tensor, "m d"], b_coordinates: Float[Tensor, "d n"]) -> Float[Tensor, "m n"]:
    """Computes |a_i - b_j|^2 from points a and the coordinates of points b, each in a row.

    Differences are squared and added coordinate by coordinate. Multiplied out, |a|^2 + |b|^2 - 2 a.b is a single matrix
    product, but what is left of two large squares that nearly cancel is mostly rounding.
    """
    squared = (a[:, 0, None] - b_coordinates[0]).square_()
    for j in range(1, len(b_coordinates)):
        difference = a[:, j, None] - b_coordinates[j]
        squared.addcmul_(difference, difference)
    return squared


def _bandwidth_per_coordinate(bandwidth: ArrayLike, x: Float[Tensor, "n d"]) -> Float[Tensor, " d"]:
    h = arguments.as_tensor(bandwidth, "bandwidth", like=x).to(x)
    arguments.positive(h, "bandwidth")
    if h.dim() > 1 or (h.dim() == 1 and len(h) != x.shape[1]):
        raise ValueError(
            f"bandwidth must be one number, or one a coordinate with shape ({x.shape[1]},), got {tuple(h.shape)}."
        )
    return h.expand(x.shape[1])
