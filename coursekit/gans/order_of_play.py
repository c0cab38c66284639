"""min max is not max min: who commits first decides what the generator learns.

On m points let data have probabilities p, the generator g, and the critic a logit a point. The value is

    V(g, d) = sum_i p_i log sigmoid(d_i) + g_i log(1 - sigmoid(d_i)),

which the critic raises and the generator lowers. With the critic on the inside, min_g max_d V = min_g 2 JS(p, g) -
log 4 is reached at g = p. With the generator on the inside, V is linear in g, and its best answer to *any* critic puts
all mass on the one point where d is highest: a single mode (Goodfellow 2016, section 5.1.1). Alternating gradient steps
are neither of the two, which is why a GAN may behave like the wrong one.

If g may mix points, the two values agree (von Neumann: V is concave in d and linear in g), and only the generator's
answers differ. If the generator can make only one point, even the values do.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from coursekit import arguments
from coursekit.arguments import Real


def value(p: Float[Tensor, " m"], g: Float[Tensor, " m"], d: Float[Tensor, " m"]) -> Float[Tensor, ""]:
    """V(g, d) in nats."""
    return p @ logsigmoid(d) + g @ logsigmoid(-d)


def best_critic(p: Float[Tensor, " m"], g: Float[Tensor, " m"]) -> Float[Tensor, " m"]:
    """argmax_d V = log p - log g: +inf where only data are, -inf where only fakes are, 0 where neither is."""
    return torch.where((p == 0) & (g == 0), 0.0, p.log() - g.log())


def best_generator(d: Float[Tensor, " m"]) -> Float[Tensor, " m"]:
    """argmin_g V: all mass on the point where the critic is highest (the first of them)."""
    return torch.nn.functional.one_hot(d.argmax(), len(d)).to(d.dtype)


def max_over_critics(p: Float[Tensor, " m"], g: Float[Tensor, " m"]) -> Float[Tensor, ""]:
    """max_d V(g, d) = 2 JS(p, g) - log 4, in nats."""
    both = p + g
    parts = [torch.special.xlogy(a, a / torch.where(both > 0, both, 1.0)) for a in (p, g)]
    return torch.stack(parts).sum()


def critic_inside(p: Float[Tensor, " m"], *, steps: int = 400, rate: Real = 2.0) -> Float[Tensor, "steps m"]:
    """min_g max_d: the generator's descent with the critic at its best after every step.

    The generator is a softmax of m numbers and starts from all mass but a little on the first point.

    Returns:
        g after each step, with shape (steps + 1, m). It ends near p.
    """
    _check(p)
    scores = torch.zeros_like(p)
    scores[0] = 4.0
    path = [scores.softmax(0)]
    for _ in range(arguments.count(steps, "steps")):
        scores = scores.detach().requires_grad_()
        (slope,) = torch.autograd.grad(max_over_critics(p, scores.softmax(0)), scores)
        scores = scores - rate * slope
        path.append(scores.detach().softmax(0))
    return torch.stack(path)


def generator_inside(p: Float[Tensor, " m"], *, steps: int = 400, rate: Real = 0.5) -> Float[Tensor, "steps m"]:
    """max_d min_g: the critic's ascent with the generator at its best after every step.

    Returns:
        g after each step, with shape (steps + 1, m): always all mass on one point, jumping about.
    """
    _check(p)
    d = torch.zeros_like(p)
    path = [best_generator(d)]
    for _ in range(arguments.count(steps, "steps")):
        # dV/dd = p sigmoid(-d) - g sigmoid(d)
        d = d + rate * (p * torch.sigmoid(-d) - path[-1] * torch.sigmoid(d))
        path.append(best_generator(d))
    return torch.stack(path)


def single_point_values(p: Float[Tensor, " m"]) -> tuple[float, float]:
    """(min max, max min) for a generator that can make one point only, in nats.

    min max puts it on the likeliest point and pays 2 JS(p, that point) - log 4. max min: against a critic that commits
    itself first, one point does as much harm as any mixture, so the value is that of the mixed game, -log 4.
    """
    _check(p)
    likeliest = torch.nn.functional.one_hot(p.argmax(), len(p)).to(p.dtype)
    return max_over_critics(p, likeliest).item(), -math.log(4)


def _check(p: Tensor) -> None:
    arguments.probabilities(p, "p")
    if not (p > 0).all():
        raise ValueError("every point needs some probability; leave out points that data never take.")
