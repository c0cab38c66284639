r"""The maximum mean discrepancy: two distributions differ where a smooth function has different means under them.

    MMD^2(P, Q) = E k(x, x') + E k(y, y') - 2 E k(x, y),    x, x' ~ P and y, y' ~ Q, all independent

It is the largest gap E_P f - E_Q f over functions f of norm one in the space that the kernel k spans (Gretton et al.
2012, A kernel two-sample test, lemma 4-6): an integral probability metric whose best critic is known in closed form,
the `witness`. Nothing is trained; samples suffice.

Two estimates from n and m points. They differ in the pairs (i, i) only:

    biased     mean over all pairs                   never negative; too large by about (E k(x, x) - E k(x, x')) / n
    unbiased   mean over pairs of *different* points right on average, so for P = Q it is negative half of the time

There is no root: the root of a negative estimate does not exist, and that of a positive one is no longer unbiased.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real
from coursekit.distances.pairwise import clouds, row_blocks, squared_distances


def _positive(values: tuple[float, ...], name: str) -> None:
    if not values or not all(0 < value < float("inf") for value in values):
        raise ValueError(f"{name} must be positive numbers, at least one, got {values}.")


@dataclass(frozen=True)
class GaussianKernel:
    """The mean over bandwidths h of exp(-|x - y|^2 / (2 h^2)).

    A bandwidth far below the distance of points sees none of them, one far above sees only the means. Several at once
    leave no need to choose (Li, Swersky and Zemel 2015).

    Raises:
        ValueError: If there is no bandwidth or one is not positive.
    """

    bandwidths: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        _positive(self.bandwidths, "bandwidths")

    def __call__(self, x: Float[Tensor, "*s n d"], y: Float[Tensor, "*s m d"]) -> Float[Tensor, "*s n m"]:
        squared = squared_distances(x, y)
        return torch.stack([torch.exp(squared / (-2 * h * h)) for h in self.bandwidths]).mean(0)


@dataclass(frozen=True)
class RationalQuadraticKernel:
    """The mean over a of (1 + |x - y|^2 / (2 a))^-a, whose heavy tails still pull from far away.

    Each is a mixture of Gaussian kernels over all bandwidths (Binkowski et al. 2018, which adds where we average).

    Raises:
        ValueError: If there is no a or one is not positive.
    """

    alphas: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 5.0)

    def __post_init__(self) -> None:
        _positive(self.alphas, "alphas")

    def __call__(self, x: Float[Tensor, "*s n d"], y: Float[Tensor, "*s m d"]) -> Float[Tensor, "*s n m"]:
        squared = squared_distances(x, y)
        return torch.stack([(1 + squared / (2 * a)) ** -a for a in self.alphas]).mean(0)


@dataclass(frozen=True)
class PolynomialKernel:
    """(x.y / d + 1)^degree: compares moments up to the degree.

    With degree 3 on a network's features, the unbiased estimate is the kernel Inception distance (KID; Binkowski et
    al. 2018). Raises ValueError if the degree is no positive whole number.
    """

    degree: int = 3

    def __post_init__(self) -> None:
        arguments.count(self.degree, "degree", minimum=1)

    def __call__(self, x: Float[Tensor, "*s n d"], y: Float[Tensor, "*s m d"]) -> Float[Tensor, "*s n m"]:
        return (x @ y.transpose(-1, -2) / x.shape[-1] + 1) ** self.degree


@dataclass(frozen=True)
class DistanceKernel:
    """-|x - y|^power for a power in (0, 2]: no bandwidth at all.

    With power 1 the MMD^2 is the energy distance (Szekely and Rizzo 2013); with power 2 it sees only the means, and is
    2 |E x - E y|^2. It is what the Sinkhorn divergence becomes when epsilon grows.

    Raises:
        ValueError: If the power is not in (0, 2]; beyond, the "distance" may be negative.
    """

    power: Real = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.power <= 2:
            raise ValueError(f"power must lie in (0, 2], got {self.power}.")

    def __call__(self, x: Float[Tensor, "*s n d"], y: Float[Tensor, "*s m d"]) -> Float[Tensor, "*s n m"]:
        squared = squared_distances(x, y)
        if self.power == 2:
            return -squared
        return -(squared.clamp_min(torch.finfo(squared.dtype).tiny) ** (self.power / 2))


Kernel = Callable[[Tensor, Tensor], Tensor]


def mmd_squared(
    x: Float[Tensor, "..."], y: Float[Tensor, "..."], kernel: Kernel, *, unbiased: bool = True
) -> Float[Tensor, "*s"]:
    """Estimates MMD^2 with shape (*s): differentiable in both samples, in memory that does not grow with pairs.

    Args:
        x: n points with shape (n, d), or (n,) on the line; an ensemble carries leading axes.
        y: m points.
        kernel: (n, d), (m, d) -> (n, m), one of this file or your own.
        unbiased: Leaves the pairs (i, i) out. The value may then be negative.

    Raises:
        ValueError: If the points do not fit, or there are fewer than two (unbiased) or one (biased) in a sample.
    """
    x, y = clouds(x, y, minimum=2 if unbiased else 1)
    n, m = x.shape[-2], y.shape[-2]
    pairs_x, pairs_y = (n * (n - 1), m * (m - 1)) if unbiased else (n * n, m * m)
    within_x = _sum_within(kernel, x, diagonal=not unbiased) / pairs_x
    within_y = _sum_within(kernel, y, diagonal=not unbiased) / pairs_y
    return within_x + within_y - 2 * _sum_between(kernel, x, y) / (n * m)


def witness(
    points: Float[Tensor, "k *d"], x: Float[Tensor, "n *d"], y: Float[Tensor, "m *d"], kernel: Kernel
) -> Float[Tensor, " k"]:
    """Evaluates the best critic f(z) = mean_i k(z, x_i) - mean_j k(z, y_j) with shape (k,), up to its norm.

    It is high where x has more mass than y, and mean f(x) - mean f(y) is the biased MMD^2.

    Raises:
        ValueError: If the points do not fit.
    """
    x, y = clouds(x, y)
    points, _ = clouds(points, x, ("points", "x"))

    def rows(start: int, z: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return kernel(z, x).mean(-1) - kernel(z, y).mean(-1)

    return torch.cat(list(row_blocks(rows, points, x, y, columns=len(x) + len(y))))


def median_distance(x: Float[Tensor, "n *d"], y: Float[Tensor, "m *d"]) -> float:
    """The median of all distances within the two samples together: a common choice of bandwidth, with no claim to more.

    Raises:
        ValueError: If the points do not fit, or more than half of all pairs coincide.
    """
    pooled = torch.cat(clouds(x, y)).detach()
    pairs = torch.triu_indices(len(pooled), len(pooled), 1, device=pooled.device)
    median = squared_distances(pooled, pooled)[pairs[0], pairs[1]].median().sqrt().item()
    if not median > 0:
        raise ValueError("most points coincide, so the median distance is 0; choose a bandwidth by hand.")
    return median


def _sum_between(kernel: Kernel, x: Tensor, y: Tensor) -> Tensor:
    sums = row_blocks(lambda start, a, b: kernel(a, b).sum((-1, -2)), x, y, columns=y.shape[-2])
    return torch.stack(list(sums)).sum(0)


def _sum_within(kernel: Kernel, x: Tensor, *, diagonal: bool) -> Tensor:
    """The sum of k(x_i, x_j) over all i, j, or over all i != j."""

    def rows(start: int, a: Tensor, x: Tensor) -> Tensor:
        # The kernel is symmetric: pairs of a with points before it have been counted, so those after it count twice.
        values = kernel(a, x[..., start:, :])
        own = values[..., : a.shape[-2]]
        total = 2 * values.sum((-1, -2)) - own.sum((-1, -2))
        return total if diagonal else total - own.diagonal(dim1=-2, dim2=-1).sum(-1)

    return torch.stack(list(row_blocks(rows, x, x, columns=x.shape[-2]))).sum(0)
