r"""Memorisation: has a model learnt the distribution, or its training set by heart?

A copy of the training data has perfect precision, recall and Frechet distance: they compare with the data, and copies
are data. What gives a copier away is a set that it has never seen. Training and held-out points come from one
distribution, so to a model that has learnt the distribution neither is special:

- *Samples*: is the nearest point of a generated one a training point more often than a held-out one? With equally many
  of each it should be half of the time; a copier's samples lie next to the training points.
- *Likelihood*: are training points more probable under the model than held-out ones?

Both are permutation tests: if neither set is special, the labels "training" and "held out" may be shuffled among the
points. The level then is right for any model and however many samples are drawn, which it would not be if samples were
counted as independent coin throws: a hundred of them may share one nearest point.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy import stats
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real
from coursekit.distances.pairwise import clouds, row_blocks, squared_distances
from coursekit.distances.two_sample import Verdict, permutation_test


@dataclass(frozen=True)
class Copying:
    """What the nearest neighbours say.

    Attributes:
        share: Of generated points that are nearer to a training point than to any held-out one; 1/2 if neither set is
            special, near 1 for a copier.
        median_ratio: Median over generated points of the distance to the nearest training point, divided by that to the
            nearest held-out one; near 1, or far below for a copier.
        verdict: The test of `share` by shuffling labels; rejects means: it copies.
    """

    share: float
    median_ratio: float
    verdict: Verdict


def copying_test(
    generated: Float[Tensor, "n *event"],
    train: Float[Tensor, "m *event"],
    held_out: Float[Tensor, "m *event"],
    *,
    permutations: int = 199,
    alpha: Real = 0.05,
    generator: torch.Generator | None = None,
) -> Copying:
    """Tests whether generated points lie nearer to the training set than to held-out data.

    Args:
        generated: Points, pictures or features with shape (n, *event).
        train: The training set, or a random part of it, with shape (m, *event).
        held_out: As many points from the same distribution, never seen by the model.
        permutations: B, the number of shufflings.
        alpha: The level; alpha (B + 1) must be a whole number.
        generator: Source of the shufflings. Ties, where a point lies in both sets, are broken at random with it too.

    Raises:
        ValueError: If shapes do not fit, the two sets are not of one size, or alpha (B + 1) is no whole number.
    """
    generated, train = clouds(_flat(generated), _flat(train), ("generated", "train"))
    _, held_out = clouds(generated, _flat(held_out), ("generated", "held_out"))
    if len(train) != len(held_out):
        raise ValueError(
            f"train and held_out must be of one size, or the larger one is nearer by its size alone, got {len(train)} "
            f"and {len(held_out)}; take a random part of the larger."
        )
    m = len(train)
    # argmin takes the first of several: in random order, so that copies in both sets favour neither.
    order = torch.randperm(2 * m, generator=generator, device=generator.device if generator else "cpu")
    order = order.to(train.device)
    pooled, is_train = torch.cat([train, held_out])[order], order < m

    def rows(start: int, a: Tensor, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        squared = squared_distances(a, pooled)
        to_train = squared[:, is_train].amin(1)
        return squared.argmin(1), to_train, squared[:, ~is_train].amin(1)

    blocks = list(row_blocks(rows, generated.detach(), pooled, columns=2 * m))
    nearest, to_train, to_held_out = (torch.cat(part) for part in zip(*blocks, strict=True))
    # How many generated points each of the pooled ones draws to itself: shuffling labels shuffles these numbers.
    drawn = torch.bincount(nearest, minlength=2 * m).double() / len(generated)
    verdict = permutation_test(
        drawn[is_train], drawn[~is_train], lambda a, b: a.sum(),
        permutations=permutations, alpha=alpha, generator=generator,
    )  # fmt: skip
    both_zero = (to_train == 0) & (to_held_out == 0)
    ratios = torch.where(both_zero, 1.0, (to_train / to_held_out).sqrt())
    return Copying(verdict.statistic, ratios.median().item(), verdict)


@dataclass(frozen=True)
class LikelihoodGap:
    """What the likelihood says.

    Attributes:
        gap: Mean log-likelihood of training points less that of held-out ones, in nats; inf if a held-out point is
            impossible under the model.
        verdict: The test by shuffling labels; rejects means: training points are special.
    """

    gap: float
    verdict: Verdict


def likelihood_gap(
    train_log_prob: Float[Tensor, " n"],
    held_out_log_prob: Float[Tensor, " m"],
    *,
    permutations: int = 199,
    alpha: Real = 0.05,
    generator: torch.Generator | None = None,
) -> LikelihoodGap:
    """Tests whether training points are more probable under a model than held-out ones.

    The test adds up ranks instead of log-likelihoods, so that a few extreme ones, even -inf, do not decide it. Some gap
    is the rule for any model with parameters; the test notices it, its size says whether it matters.

    Args:
        train_log_prob: log p(x) in nats of training points, with shape (n,); -inf is allowed.
        held_out_log_prob: Of held-out points, with shape (m,).
        permutations: B, the number of shufflings.
        alpha: The level; alpha (B + 1) must be a whole number.
        generator: Source of the shufflings.

    Raises:
        ValueError: If a set is empty, an entry is NaN or +inf, or alpha (B + 1) is no whole number.
    """
    for values, name in ((train_log_prob, "train_log_prob"), (held_out_log_prob, "held_out_log_prob")):
        arguments.numbers(values, name)
        if len(values) == 0 or (values == torch.inf).any():
            raise ValueError(f"{name} must hold log-densities, at least one and none +inf, got {len(values)} of them.")
    pooled = torch.cat([train_log_prob, held_out_log_prob]).detach().double().cpu()
    ranks = torch.from_numpy(np.asarray(stats.rankdata(pooled.numpy()), dtype=np.float64))
    n = len(train_log_prob)
    verdict = permutation_test(
        ranks[:n], ranks[n:], lambda a, b: a.mean() - b.mean(),
        permutations=permutations, alpha=alpha, generator=generator,
    )  # fmt: skip
    on_train, on_held_out = pooled[:n].mean().item(), pooled[n:].mean().item()
    gap = on_train - on_held_out if on_train != on_held_out else 0.0
    return LikelihoodGap(gap, verdict)


def _flat(points: Tensor) -> Tensor:
    return points.flatten(1) if points.dim() > 1 else points
