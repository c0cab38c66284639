"""WGAN-LP: a critic that is too steep pays, one that is too flat does not.

The two-sided penalty of `wasserstein.py` asks for slope 1 between data and fakes. That is what the best critic has in
the end, but not a way to get there: to move a peak, or to turn over, a critic has to pass through slope 0, and the
penalty makes it pay for that. On the line there is no way round. W_1 itself only forbids slopes above 1, and so does

    lambda max(0, |grad f| - 1)^2

which leaves the critic free to reshape itself (Petzka, Fischer, Lukovnikov 2018, equation 8). Points are taken between
real and fake ones, as there.
"""

from collections.abc import Callable
from functools import partial

from jaxtyping import Float
from torch import Tensor

from coursekit.arguments import Real
from coursekit.gans.objective import Objective
from coursekit.gans.wasserstein import mix, slopes, wasserstein_d, wasserstein_g


def one_sided_penalty(
    critic: Callable[[Tensor], Tensor],
    x: Float[Tensor, "*s_n_event"],
    x_fake: Float[Tensor, "*s_n_event"],
    alpha: Float[Tensor, "*s_n"],
    weight: Real = 10.0,
) -> Float[Tensor, "*s_n"]:
    """weight max(0, |grad f| - 1)^2 at points between real and fake ones.

    Args:
        critic: Gives one score a point, from that point alone.
        x: Real points with shape (n, *event), or (S, n, *event).
        x_fake: As many fake ones.
        alpha: Uniform numbers, one a sample, with shape (n,), or (S, n).
        weight: Lambda.

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
    return weight * (slope - 1).clamp_min(0).square()


def wgan_lp(weight: Real = 10.0, *, name: str = "wgan-lp") -> Objective:
    """WGAN with the one-sided penalty."""
    return Objective(name, wasserstein_d, wasserstein_g, partial(one_sided_penalty, weight=weight), mixes=True)


WGAN_LP = wgan_lp()
