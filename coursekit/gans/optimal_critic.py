"""The best critic in closed form, and how far a trained one is from it.

If both densities are known there is nothing to train: the critic's loss of the original GAN is smallest at

    D*(x) = p(x) / (p(x) + p_g(x)),     as a logit: log p(x) - log p_g(x),

and the value of the game there is E_p log D* + E_g log(1 - D*) = 2 JS(p, p_g) - log 4 (Goodfellow et al. 2014,
proposition 1 and theorem 1). JS is the Jensen-Shannon divergence with weights 1/2, in nats, at most log 2. So on the
line every trained critic can be held against the truth.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from coursekit.arguments import Real
from coursekit.distances.quadrature import gauss_legendre
from coursekit.protocols import log_prob

Score = Callable[[Tensor], Tensor]


def optimal_logit(p: Any, p_g: Any, x: Float[Tensor, "n *event"]) -> Float[Tensor, " n"]:
    """log p(x) - log p_g(x), with shape (n,); in any number of dimensions.

    Where neither has mass the critic may say what it likes; this says 0.
    """
    log_p, log_g = log_prob(p, x), log_prob(p_g, x)
    return torch.where((log_p == -torch.inf) & (log_g == -torch.inf), 0.0, log_p - log_g)


def optimal_prob(p: Any, p_g: Any, x: Float[Tensor, "n *event"]) -> Float[Tensor, " n"]:
    """D*(x) = p(x) / (p(x) + p_g(x)), with shape (n,)."""
    return torch.sigmoid(optimal_logit(p, p_g, x))


def game_value(p: Any, p_g: Any, *, low: Real, high: Real, nodes: int = 2048) -> Float[Tensor, ""]:
    """The value of the game at the best critic, 2 JS(p, p_g) - log 4, by quadrature over [low, high] on the line."""
    return critic_value(lambda x: optimal_logit(p, p_g, x), p, p_g, low=low, high=high, nodes=nodes)


def critic_value(critic: Score, p: Any, p_g: Any, *, low: Real, high: Real, nodes: int = 2048) -> Float[Tensor, ""]:
    """E_p log sigmoid(critic) + E_g log(1 - sigmoid(critic)), minus the critic's mean loss, by quadrature.

    Args:
        critic: Maps points on the line with shape (n,) to logits with shape (n,).
        p: The density of data.
        p_g: That of the generator.
        low: Left end; both have next to no mass to its left.
        high: Right end.
        nodes: Number of quadrature nodes.

    Returns:
        In nats; at most `game_value`. What is missing is the critic's failure, not the generator's merit.

    Raises:
        ValueError: If the critic does not give one logit a point.
    """
    x, weights = gauss_legendre(low, high, nodes)
    logit = critic(x)
    if logit.shape != x.shape:
        raise ValueError(f"the critic must map points {tuple(x.shape)} to logits of that shape, got "
                         f"{tuple(logit.shape)}; squeeze its last axis.")  # fmt: skip
    density, density_g = log_prob(p, x).exp(), log_prob(p_g, x).exp()
    # 0 log 0 is 0: where a density rounds to zero, its logarithm must not make a NaN of it.
    real = torch.where(density > 0, density * logsigmoid(logit), 0.0)
    fake = torch.where(density_g > 0, density_g * logsigmoid(-logit), 0.0)
    return (real + fake) @ weights.to(logit)


def critic_error(
    critic: Score, p: Any, p_g: Any, x: Float[Tensor, "n *event"], share: Real = 0.01
) -> Float[Tensor, ""]:
    """max |D - D*| as probabilities over those x where p + p_g is above `share` of its peak.

    Elsewhere next to no points fall, and a critic that has seen none can know nothing.
    """
    both = log_prob(p, x).exp() + log_prob(p_g, x).exp()
    seen = both > share * both.max()
    return (torch.sigmoid(critic(x)) - optimal_prob(p, p_g, x))[seen].abs().max()


def js_from_logits(real: Float[Tensor, "*s n"], fake: Float[Tensor, "*s n2"]) -> Float[Tensor, "*s"]:
    """Estimates JS from a critic's logits on samples: (E log D + E log(1 - D) + log 4) / 2, in nats.

    On samples that the critic was not trained on this is a lower bound in expectation. On those that it was trained on
    it is none: given enough capacity, two samples of one distribution are told apart perfectly, and it says log 2.
    """
    return (logsigmoid(real).mean(-1) + logsigmoid(-fake).mean(-1) + math.log(4)) / 2
