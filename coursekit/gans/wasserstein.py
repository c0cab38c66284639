"""WGAN: the critic measures a distance instead of classifying.

By Kantorovich and Rubinstein's duality the distance W_1, the least work that moves one pile of mass onto another, is

    W_1(p, p_g) = max over f with slope at most 1 of  E_p f - E_g f

so a critic that is kept from being steep, and otherwise wants to be high on data and low on fakes, measures how far
the generator has to go, also where the two distributions do not touch and every classifier is sure (Arjovsky et al.
2017). With the critic high on data:

    d_loss = f(G(z)) - f(x) + penalty        g_loss = -f(G(z))

How to keep it from being steep? Clipping weights bounds the slope, but by far too much: most functions with slope 1 are
lost. The gradient penalty asks for slope 1 where it matters, between a real point and a fake one (Gulrajani et al.
2017). The best critic has slope 1 there.
"""

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn

from coursekit.arguments import Real
from coursekit.gans.objective import Logits, Objective


def wasserstein_d(real: Logits, fake: Logits) -> Logits:
    """fake - real: its mean is minus the critic's estimate of W_1."""
    return fake - real


def wasserstein_g(fake: Logits, real: Logits) -> Logits:
    """-fake: the generator wants high scores."""
    return -fake


@torch.no_grad()
def clip_weights(critic: nn.Module, limit: Real = 0.01) -> None:
    """Puts every parameter of the critic into [-limit, limit], in place (Arjovsky et al. 2017, algorithm 1, line 7).

    Raises:
        ValueError: If the limit is not positive.
    """
    if not limit > 0:
        raise ValueError(f"limit must be positive, got {limit}; the WGAN paper has 0.01.")
    for parameter in critic.parameters():
        parameter.clamp_(-limit, limit)


def mix(
    x: Float[Tensor, "*s_n_event"], x_fake: Float[Tensor, "*s_n_event"], alpha: Float[Tensor, "*s_n"]
) -> Float[Tensor, "*s_n_event"]:
    """Points on the straight lines between real and fake ones: alpha x + (1 - alpha) x_fake.

    Args:
        x: Real points with shape (n, *event), or (S, n, *event).
        x_fake: As many fake ones.
        alpha: One number a sample with shape (n,), or (S, n). A number for each coordinate would fill the box between
            the two points, not the line on which the best critic has slope 1.

    Raises:
        ValueError: If alpha is not one number a sample.
    """
    if x.shape != x_fake.shape:
        raise ValueError(f"real and fake points need one shape, got {tuple(x.shape)} and {tuple(x_fake.shape)}.")
    if alpha.dim() >= x.dim() or alpha.shape != x.shape[: alpha.dim()]:
        raise ValueError(
            f"alpha must be one number a sample, shape (n,), or (S, n) for an ensemble; the points have shape "
            f"{tuple(x.shape)} and alpha has {tuple(alpha.shape)}."
        )
    alpha = alpha.reshape(*alpha.shape, *[1] * (x.dim() - alpha.dim()))
    return alpha * x + (1 - alpha) * x_fake


def slopes(critic: Callable[[Tensor], Tensor], x: Float[Tensor, "*s_n_event"]) -> Float[Tensor, "*s_n"]:
    """The length of the critic's gradient at each point, differentiable in the critic's parameters.

    The length is over all coordinates of a point together: a picture has one slope, not one a pixel.

    Args:
        critic: Gives one score a point, from that point alone.
        x: Points with shape (n, *event), or (S, n, *event); points on the line have event (1,).

    Returns:
        With the shape of the scores, (n,) or (S, n).
    """
    x = x.detach().requires_grad_()
    scores = critic(x)
    # Each score depends on its own point alone, so the gradient of the sum holds all gradients.
    (gradient,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    return torch.linalg.vector_norm(gradient.reshape(*scores.shape, -1), dim=-1)


def gradient_penalty(
    critic: Callable[[Tensor], Tensor],
    x: Float[Tensor, "*s_n_event"],
    x_fake: Float[Tensor, "*s_n_event"],
    alpha: Float[Tensor, "*s_n"],
    weight: Real = 10.0,
) -> Float[Tensor, "*s_n"]:
    """weight (|grad f| - 1)^2 at points between real and fake ones (Gulrajani et al. 2017, equation 3).

    Two-sided: a critic that is too flat pays as well as one that is too steep.

    Args:
        critic: Gives one score a point, from that point alone: batch normalisation in the critic would make the
            gradient of a point one of the whole batch.
        x: Real points with shape (n, *event), or (S, n, *event).
        x_fake: As many fake ones.
        alpha: Uniform numbers, one a sample, with shape (n,), or (S, n).
        weight: Lambda of the paper.

    Returns:
        One value a sample with shape (n,), or (S, n).

    Raises:
        ValueError: If alpha, or the critic's output, is not one number a sample.
    """
    slope = slopes(critic, mix(x, x_fake, alpha))
    if slope.shape != alpha.shape:
        raise ValueError(
            f"the critic and alpha must have one number a sample, but for points with shape {tuple(x.shape)} there is "
            f"alpha with shape {tuple(alpha.shape)} and the critic gives {tuple(slope.shape)}."
        )
    return weight * (slope - 1).square()


def wgan(limit: Real = 0.01, *, name: str = "wgan") -> Objective:
    """WGAN with weight clipping."""
    return Objective(name, wasserstein_d, wasserstein_g, constrain=partial(clip_weights, limit=limit))


def wgan_gp(weight: Real = 10.0, *, name: str = "wgan-gp") -> Objective:
    """WGAN with gradient penalty."""
    return Objective(name, wasserstein_d, wasserstein_g, partial(gradient_penalty, weight=weight), mixes=True)


WGAN = wgan()
WGAN_GP = wgan_gp()
