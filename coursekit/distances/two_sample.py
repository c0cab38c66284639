r"""Two-sample tests: may two samples come from one distribution?

A distance between two samples is never zero, so the question is how large it gets when there is no difference. The
permutation test answers it with the data at hand: if both samples come from one distribution, then who belongs to x and
who to y was decided by chance, and every other split of the pooled points was as likely. So split them again at random,
B times, and see how many of the B + 1 values reach the one observed:

    p-value = (1 + number of splits with T_b >= T) / (B + 1)

(Fisher 1935; Phipson and Smyth 2010 for the 1.) Rejecting where p <= alpha is wrong with probability alpha at most, for
any statistic and any n; exactly alpha if alpha (B + 1) is a whole number and there are no ties. What the statistic
decides is the *power*: the probability to notice a difference that is there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from coursekit import arguments
from coursekit.arguments import Real
from coursekit.distances.mmd import GaussianKernel, Kernel, median_distance
from coursekit.distances.pairwise import clouds, squared_distances
from coursekit.nets import MLP
from coursekit.seeds import seeded

Classifier = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(training points (n, d), labels (n,), 1 for x and 0 for y, points (m, d)) -> scores (m,), high where x is likely."""


@dataclass(frozen=True)
class Verdict:
    """What a two-sample test says.

    Attributes:
        statistic: T of the split observed; large values speak against one distribution.
        null: T of the B random splits with shape (B,).
        p_value: Share of the B + 1 splits that reach T.
        alpha: The level, the share of false alarms that is accepted.
        rejects: Whether p_value <= alpha: the samples differ.
    """

    statistic: float
    null: Tensor
    p_value: float
    alpha: float
    rejects: bool


def permutation_test(
    x: Float[Tensor, "n *event"],
    y: Float[Tensor, "m *event"],
    statistic: Callable[[Tensor, Tensor], Tensor | float],
    *,
    permutations: int = 199,
    alpha: Real = 0.05,
    generator: torch.Generator | None = None,
) -> Verdict:
    """Tests whether two samples come from one distribution, with any statistic.

    Args:
        x: n points.
        y: m points of the same shape.
        statistic: (x, y) -> a number that is large when they differ. It must treat all points of a sample alike.
        permutations: B, the number of random splits.
        alpha: The level; alpha (B + 1) must be a whole number.
        generator: Source of the splits.

    Raises:
        ValueError: If alpha (B + 1) is no whole number, a sample is empty, or the samples do not fit.
    """
    _whole(alpha, permutations)
    if x.dim() == 0 or x.shape[1:] != y.shape[1:] or not len(x) or not len(y):
        raise ValueError(
            f"x and y must be samples with shape (n, ...) and (m, ...) of points of one shape, none empty, got "
            f"{tuple(x.shape)} and {tuple(y.shape)}."
        )
    pooled, n = torch.cat([x, y]), len(x)
    splits = _splits(n, len(y), permutations, generator).to(pooled.device)
    values = [float(statistic(pooled[in_x], pooled[~in_x])) for in_x in splits]
    return _verdict(torch.tensor(values, dtype=torch.float64), alpha)


def mmd_test(
    x: Float[Tensor, "n *d"],
    y: Float[Tensor, "m *d"],
    kernel: Kernel | None = None,
    *,
    permutations: int = 199,
    alpha: Real = 0.05,
    generator: torch.Generator | None = None,
) -> Verdict:
    """Permutation test with the unbiased MMD^2.

    The kernel's values for all n + m points are computed once, with shape (n + m, n + m); each split only adds them up
    in another way, so hundreds of splits cost as much as a few.

    Args:
        x: Points with shape (n, d) or (n,).
        y: Points with shape (m, d) or (m,).
        kernel: None takes a Gaussian kernel whose bandwidth is the median distance of all pooled points. A bandwidth
            must not be chosen by looking at who belongs to x: the level would not hold.
        permutations: B, the number of random splits.
        alpha: The level; alpha (B + 1) must be a whole number.
        generator: Source of the splits.

    Raises:
        ValueError: If alpha (B + 1) is no whole number or the samples do not fit.
    """
    _whole(alpha, permutations)
    x, y = clouds(x, y, minimum=2)
    n, m, pooled = len(x), len(y), torch.cat([x, y])
    values = (kernel or GaussianKernel((median_distance(x, y),)))(pooled, pooled)
    values = values - torch.diag(values.diagonal())
    in_x = _splits(n, m, permutations, generator).to(values)  # (B + 1, n + m)
    rows = in_x @ values  # for each split and point, the sum of k over the split's x
    within_x = (rows * in_x).sum(1)
    between = (rows * (1 - in_x)).sum(1)
    within_y = values.sum() - within_x - 2 * between
    statistics = within_x / (n * (n - 1)) + within_y / (m * (m - 1)) - 2 * between / (n * m)
    return _verdict(statistics, alpha)


def classifier_test(
    x: Float[Tensor, "n *d"],
    y: Float[Tensor, "m *d"],
    classifier: Classifier | None = None,
    *,
    statistic: Literal["score", "accuracy"] = "score",
    permutations: int = 199,
    alpha: Real = 0.05,
    generator: torch.Generator | None = None,
) -> Verdict:
    """Trains a classifier to tell x from y on one half of each, and asks whether it can on the other half.

    Only the labels of the second half are permuted, so training happens once, and the level holds for any classifier,
    however bad. (Lopez-Paz and Oquab 2017, Revisiting classifier two-sample tests.)

    Args:
        x: Points with shape (n, d) or (n,), n >= 4.
        y: Points with shape (m, d) or (m,), m >= 4.
        classifier: See `Classifier`; None takes `nearest_neighbours()`.
        statistic: "accuracy" is the mean accuracy over the two classes, at a threshold of 0.5: easy to read, 0.5 by
            chance, but coarse. "score" is the mean score of x less that of y, which has more power.
        permutations: B, the number of random relabellings.
        alpha: The level; alpha (B + 1) must be a whole number.
        generator: Source of halves and relabellings.

    Raises:
        ValueError: If alpha (B + 1) is no whole number, the samples do not fit, or a score is not finite.
    """
    _whole(alpha, permutations)
    arguments.known(statistic, ("score", "accuracy"), "statistic")
    x, y = clouds(x, y, minimum=4)
    x, y = x[_shuffle(len(x), generator).to(x.device)], y[_shuffle(len(y), generator).to(y.device)]
    half_x, half_y = len(x) // 2, len(y) // 2
    labels = torch.cat([x.new_ones(half_x), x.new_zeros(half_y)])
    held_out = torch.cat([x[half_x:], y[half_y:]])
    scores = (classifier or nearest_neighbours())(torch.cat([x[:half_x], y[:half_y]]), labels, held_out)
    if scores.shape != (len(held_out),):
        raise ValueError(f"the classifier must return scores with shape ({len(held_out)},), got {tuple(scores.shape)}.")
    arguments.finite(scores, "the classifier's scores")
    if statistic == "accuracy":
        scores = (scores > 0.5).to(scores)
    n, m = len(x) - half_x, len(y) - half_y
    in_x = _splits(n, m, permutations, generator).to(scores)
    differences = in_x @ scores / n - (1 - in_x) @ scores / m
    return _verdict((1 + differences) / 2 if statistic == "accuracy" else differences, alpha)


def nearest_neighbours(k: int | None = None) -> Classifier:
    """Makes the classifier that votes among the k nearest training points; None takes the root of their number."""

    def classify(points: Tensor, labels: Tensor, queries: Tensor) -> Tensor:
        votes = arguments.count(k, "k", minimum=1) if k is not None else max(1, round(len(points) ** 0.5))
        nearest = squared_distances(queries, points).topk(min(votes, len(points)), largest=False).indices
        return labels[nearest].mean(1)

    return classify


def small_net(*, hidden: int = 32, steps: int = 100, rate: float = 0.02, seed: int = 0) -> Classifier:
    """Makes the classifier that trains a net with one hidden layer by Adam on all points at once."""

    def classify(points: Tensor, labels: Tensor, queries: Tensor) -> Tensor:
        middle, spread = points.mean(0), points.std(0).clamp_min(1e-12)
        with seeded(seed):
            net = MLP([points.shape[1], hidden, 1], activation="silu").to(points)
        optimiser = torch.optim.Adam(net.parameters(), lr=rate, weight_decay=1e-3)
        with torch.enable_grad():
            for _ in range(steps):
                loss = F.binary_cross_entropy_with_logits(net((points - middle) / spread).squeeze(1), labels)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        with torch.no_grad():
            return net((queries - middle) / spread).squeeze(1).sigmoid()

    return classify


def rejection_rate(
    test: Callable[[Tensor, Tensor], Verdict], draw: Callable[[], tuple[Tensor, Tensor]], *, repeats: int = 500
) -> tuple[float, float]:
    """Repeats a test on fresh samples: its level where they come from one distribution, its power where not.

    Args:
        test: (x, y) -> verdict.
        draw: () -> fresh x and y.
        repeats: How often.

    Returns:
        Share of rejections, and its standard error: of a level known to be alpha it is (alpha (1 - alpha) / repeats)^½.

    Raises:
        ValueError: If repeats is no positive whole number.
    """
    arguments.count(repeats, "repeats", minimum=1)
    share = sum(test(*draw()).rejects for _ in range(repeats)) / repeats
    return share, (share * (1 - share) / repeats) ** 0.5


def _whole(alpha: Real, permutations: int) -> None:
    arguments.count(permutations, "permutations", minimum=1)
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}.")
    wanted = alpha * (permutations + 1)
    if abs(wanted - round(wanted)) > 1e-9 or wanted < 0.5:
        better = max(1, round(wanted)) / alpha - 1
        raise ValueError(
            f"alpha (B + 1) must be a whole number, so that the level is exactly alpha, but {alpha:g} times "
            f"{permutations} + 1 is {wanted:g}; try permutations={round(better)}."
        )


def _shuffle(n: int, generator: torch.Generator | None) -> Tensor:
    device = generator.device if generator is not None else "cpu"
    return torch.randperm(n, generator=generator, device=device)


def _splits(n: int, m: int, count: int, generator: torch.Generator | None) -> Tensor:
    """Who belongs to x: the split observed, then `count` random ones, as booleans with shape (count + 1, n + m)."""
    device = generator.device if generator is not None else "cpu"
    # Random numbers in order are a random order: all splits at once.
    order = torch.rand(count, n + m, generator=generator, device=device).argsort(1).cpu()
    in_x = torch.zeros(count + 1, n + m, dtype=torch.bool)
    in_x[0, :n] = True
    in_x[1:].scatter_(1, order[:, :n], True)
    return in_x


def _verdict(values: Tensor, alpha: Real) -> Verdict:
    values = values.detach().to("cpu", torch.float64)
    if not values.isfinite().all():
        bad = values[~values.isfinite()][0].item()
        raise ValueError(
            f"the statistic is {bad} for a split; it must be a finite number for every split of the points."
        )
    observed, null = values[0], values[1:]
    # The same sum in another order may differ in its last digits, the seventh in single precision: a tie, it counts.
    rounding = 1e-6 * (values.max() - values.min()) + 1e-12 * observed.abs()
    reached = 1 + int((null >= observed - rounding).sum())
    p_value = reached / len(values)
    return Verdict(observed.item(), null, p_value, float(alpha), p_value <= alpha + 1e-12)
