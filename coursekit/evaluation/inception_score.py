r"""The Inception Score: does a classifier see something definite in every picture, and all classes over all of them?

    IS = exp( E_x KL( p(y | x) || p(y) ) ),    p(y) = E_x p(y | x)

(Salimans et al. 2016.) The exponent is the mutual information of picture and class: the entropy of p(y), large where
all classes occur, less the mean entropy of p(y | x), small where each picture is clear. So 1 <= IS <= C for C classes:
1 if all pictures are answered alike, C if all are sure and the classes are equally frequent.

It never looks at data. One perfect picture of each class, repeated, has the score C; and the figure depends on the
classifier, so this course's judges give other figures than an Inception network (Barratt and Sharma 2018). The score of
few pictures is too large, since p(y) is estimated from the same ones.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments


def inception_score(probabilities: Float[Tensor, "n c"]) -> float:
    """Computes the score from a classifier's answers; always between 1 and C.

    Args:
        probabilities: p(y | x) with shape (n, C), each row summing to one. Logits are not accepted: apply softmax.

    Raises:
        ValueError: If the shape is another one, or a row is no distribution.
    """
    arguments.finite(probabilities, "probabilities")
    if probabilities.dim() != 2 or 0 in probabilities.shape:
        raise ValueError(f"probabilities must have shape (n, C), none zero, got {tuple(probabilities.shape)}.")
    p = probabilities.double()
    off = (p.sum(1) - 1).abs()
    if (p < 0).any() or (off > 1e-4).any():
        raise ValueError(
            f"each row of probabilities must be a distribution over the {p.shape[1]} classes, but row "
            f"{int(off.argmax())} sums to {p[off.argmax()].sum().item():.6g} and the smallest entry is "
            f"{p.min().item():.3g}; if these are logits, apply softmax(1)."
        )
    p = p / p.sum(1, keepdim=True)
    marginal = p.mean(0)
    information = _entropy(marginal) - _entropy(p).mean()
    return information.clamp_min(0.0).exp().item()


def inception_score_in_parts(probabilities: Float[Tensor, "n c"], parts: int = 10) -> tuple[float, float]:
    """Computes mean and standard deviation of the score over consecutive parts, as papers report it.

    Each part is smaller than the whole, so the score of a part is too large by more: state n and parts. The pictures
    must be in random order; sorted by class, each part would hold one class and score 1.

    Raises:
        ValueError: If there are fewer than two parts, fewer pictures than parts, or a row is no distribution.
    """
    arguments.count(parts, "parts", minimum=2)
    if len(probabilities) < parts:
        raise ValueError(f"{parts} parts need at least as many pictures, got {len(probabilities)}.")
    scores = torch.tensor([inception_score(part) for part in probabilities.tensor_split(parts)])
    return scores.mean().item(), scores.std().item()


@torch.no_grad()
def class_probabilities(
    judge: Any, x: Float[Tensor, "n *event"], *, factor: str | None = None, batch: int = 512
) -> Float[Tensor, "n c"]:
    """Asks a judge for p(y | x) of many pictures, batch by batch, in float64.

    Args:
        judge: A classifier that returns logits with shape (n, C), or a dict of them by factor: `load_judge("digits")`,
            `load_judge("faces")`.
        x: Pictures with shape (n, *event).
        factor: Which factor, for a judge of several; a discrete one.
        batch: Pictures at once.

    Raises:
        ValueError: If there are no pictures, or the factor is missing, unknown, not discrete or not asked for.
    """
    arguments.count(batch, "batch", minimum=1)
    if x.dim() == 0 or len(x) == 0:
        raise ValueError(f"x must hold pictures with shape (n, ...), got {tuple(x.shape)}.")
    return torch.cat([_logits(judge(part), factor).double().softmax(1) for part in x.split(batch)])


def _logits(answer: Tensor | dict[str, Tensor], factor: str | None) -> Tensor:
    if isinstance(answer, Tensor):
        if factor is not None:
            raise ValueError(f"this judge knows one set of classes, so factor must be left out, got {factor!r}.")
        return answer
    discrete = [name for name, logits in answer.items() if logits.dim() == 2]
    if factor is None:
        raise ValueError(f"this judge reads several factors; choose factor= one of: {', '.join(discrete)}.")
    return answer[arguments.known(factor, discrete, "discrete factor")]


def _entropy(p: Tensor) -> Tensor:
    return -torch.xlogy(p, p).sum(-1)
