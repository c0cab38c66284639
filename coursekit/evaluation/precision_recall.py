"""Precision and recall of a generator: are its pictures among the data, and are the data among its pictures?

One figure cannot tell a generator that draws one thing well from one that draws everything badly. Two can, once it is
settled where "among" ends. Kynkaanniemi et al. (2019) lay a ball around every point of a set, out to its k-th neighbour
in the same set; the balls together are the set's manifold.

    precision   share of generated points within some ball of the data       low: bad pictures
    recall      share of data points within some ball of the generated set   low: parts of the data are missing

A single outlier has a huge ball, and lets everything near it pass. Naeem et al. (2020) count instead:

    density     mean over generated points of the number of data balls that hold it, over k      1 on average if alike
    coverage    share of data balls that hold a generated point                                 outliers add one each
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.distances.pairwise import clouds, row_blocks, squared_distances


@dataclass(frozen=True)
class PrecisionRecall:
    """The four figures; all shares but `density`, which may exceed one."""

    precision: float
    recall: float
    density: float
    coverage: float


def precision_recall(
    generated: Float[Tensor, "n k"], data: Float[Tensor, "m k"], *, neighbours: int = 3
) -> PrecisionRecall:
    """Computes the four figures from features, in blocks: memory does not grow with the number of pairs.

    Args:
        generated: Features of generated pictures with shape (n, k), or points.
        data: Features of data with shape (m, k), of the same network. With m = n the two directions are comparable.
        neighbours: The radius of a point's ball is the distance to its so-manieth neighbour, itself not counted.
            Density and coverage are often computed with 5.

    Raises:
        ValueError: If the features do not fit, or a set holds no more points than neighbours.
    """
    arguments.count(neighbours, "neighbours", minimum=1)
    generated, data = clouds(generated.detach(), data.detach(), ("generated", "data"), minimum=neighbours + 1)
    around_data, around_generated = _radii(data, neighbours), _radii(generated, neighbours)
    in_data_balls, data_balls_hit = _balls_that_hold(generated, data, around_data)
    in_generated_balls, _ = _balls_that_hold(data, generated, around_generated)
    return PrecisionRecall(
        precision=_share(in_data_balls > 0),
        recall=_share(in_generated_balls > 0),
        density=in_data_balls.double().mean().item() / neighbours,
        coverage=_share(data_balls_hit),
    )


def expected_coverage(n: int, m: int, neighbours: int) -> float:
    """The coverage of m data points by n generated ones if both come from one distribution, on average.

    A data point is missed if, of the n + m - 1 other points, its k nearest are all data: the chance of that is
    (m - 1) ... (m - k) / ((n + m - 1) ... (n + m - k)), whatever the distribution (Naeem et al. 2020, section 3.3).

    Raises:
        ValueError: If a number is not positive, or m does not exceed neighbours.
    """
    arguments.count(n, "n", minimum=1)
    arguments.count(neighbours, "neighbours", minimum=1)
    arguments.count(m, "m", minimum=neighbours + 1)
    missed = 1.0
    for i in range(1, neighbours + 1):
        missed *= (m - i) / (n + m - i)
    return 1 - missed


def _radii(points: Tensor, neighbours: int) -> Tensor:
    """The squared distance of each point to its k-th neighbour, with shape (n,)."""

    def rows(start: int, a: Tensor, points: Tensor) -> Tensor:
        squared = squared_distances(a, points)
        itself = torch.arange(len(a), device=a.device)
        squared[itself, start + itself] = torch.inf  # left out by its place: a copy elsewhere is a neighbour
        return squared.kthvalue(neighbours, 1).values

    return torch.cat(list(row_blocks(rows, points, points, columns=len(points))))


def _balls_that_hold(points: Tensor, centres: Tensor, squared_radii: Tensor) -> tuple[Tensor, Tensor]:
    """For each point the number of balls that hold it with shape (n,); for each ball whether it holds any, (m,)."""

    def rows(start: int, a: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
        within = squared_distances(a, centres) <= squared_radii
        return within.sum(1), within.any(0)

    blocks = list(row_blocks(rows, points, centres, columns=len(centres)))
    return torch.cat([count for count, _ in blocks]), torch.stack([hit for _, hit in blocks]).any(0)


def _share(these: Tensor) -> float:
    return these.double().mean().item()
