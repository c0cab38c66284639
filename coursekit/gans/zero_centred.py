"""The zero-centred penalty: a critic that is steep where points are pays for it.

The penalty of WGAN-GP asks for slope 1 between data and fakes. This one asks for slope 0, at the points themselves:

    weight/2 (|grad D(x)|^2 + |grad D(G(z))|^2)

In the end, where p_g = p_data, the best critic is flat, so nothing is lost; and on the way there a critic that may not
rise into cliffs leaves a slope from each mode to the next, on which points can still move between them. Without it the
game need not converge at all (Mescheder, Geiger, Nowozin 2018, equations 9 and 10, there called R1 and R2).

Two objectives carry it here: the non-saturating game, and the relativistic one, in which each fake is compared with a
real point (Jolicoeur-Martineau 2019): the critic wants D(x) > D(G(z)), the generator the opposite, and a constant added
to D changes nothing. Huang et al. 2024 (R3GAN) join it to this penalty.
"""

from collections.abc import Callable
from functools import partial

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

from coursekit.arguments import Real
from coursekit.gans.logistic import cross_entropy, non_saturating_g
from coursekit.gans.objective import Logits, Objective
from coursekit.gans.wasserstein import slopes


def zero_centred_penalty(
    critic: Callable[[Tensor], Tensor],
    x: Float[Tensor, "*s_n_event"],
    x_fake: Float[Tensor, "*s_n_event"],
    weight: Real = 0.03,
) -> Float[Tensor, "*s_n"]:
    """weight/2 (|grad D|^2 at real points + |grad D|^2 at fakes).

    Args:
        critic: Gives one logit a point (or pack), from that point alone.
        x: Real points with shape (n, *event), or (S, n, *event).
        x_fake: As many fake ones.
        weight: Gamma. The squared slope has the unit 1/length^2, so it belongs to the unit of the data.

    Returns:
        One value a point with shape (n,), or (S, n).
    """
    return weight / 2 * (slopes(critic, x).square() + slopes(critic, x_fake).square())


def relativistic_d(real: Logits, fake: Logits) -> Logits:
    """-log sigmoid(real - fake): each real point should have a higher logit than its fake."""
    return softplus(fake - real)


def relativistic_g(fake: Logits, real: Logits) -> Logits:
    """-log sigmoid(fake - real): the other way round."""
    return softplus(real - fake)


def _weighted(weight: Real) -> Callable[..., Tensor]:
    if not weight >= 0:
        raise ValueError(f"the weight of the penalty must not be negative, got {weight}.")
    return partial(zero_centred_penalty, weight=weight)


def calm_gan(weight: Real = 0.03, *, name: str = "non-saturating, zero-centred") -> Objective:
    """The non-saturating game with the zero-centred penalty.

    Raises:
        ValueError: If the weight is negative.
    """
    return Objective(name, cross_entropy, non_saturating_g, _weighted(weight))


def relativistic_gan(weight: Real = 0.03, *, name: str = "relativistic, zero-centred") -> Objective:
    """The relativistic game with the zero-centred penalty.

    Raises:
        ValueError: If the weight is negative.
    """
    return Objective(name, relativistic_d, relativistic_g, _weighted(weight))
