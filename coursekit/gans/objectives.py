"""What the two players of a GAN want: pure functions of the critic's outputs, one number a point, not yet averaged.

The critic D gives a logit, high on what it takes for data: P(data | x) = sigmoid(D(x)). Its loss is the cross-entropy
of telling data from fakes,

    d_loss = -log sigmoid(D(x)) - log(1 - sigmoid(D(G(z)))) = softplus(-D(x)) + softplus(D(G(z))),

whose minimiser is D*(x) = log p_data(x) - log p_g(x) (Goodfellow et al. 2014, proposition 1). What the generator should
want is less clear, and that is where the objectives differ.
"""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

Logits = Float[Tensor, "*s n"]


@dataclass(frozen=True)
class Objective:
    """One adversarial objective. A new one is these two functions.

    Attributes:
        name: For tables and menus.
        d_loss: (real, fake) -> the critic's loss for each pair of a real and a fake point, with shape (n,).
        g_loss: (fake, real) -> the generator's loss for each point, with shape (n,).
        penalty: Optional: (critic, x, x_fake) -> what is added to the critic's loss for each point, with shape (n,).
    """

    name: str
    d_loss: Callable[[Tensor, Tensor], Tensor]
    g_loss: Callable[[Tensor, Tensor], Tensor]
    penalty: Callable[[Callable[[Tensor], Tensor], Tensor, Tensor], Tensor] | None = None


def cross_entropy(real: Logits, fake: Logits) -> Logits:
    """The critic's loss of the original GAN: softplus(-real) + softplus(fake), in nats."""
    return softplus(-real) + softplus(fake)


def saturating_g(fake: Logits, real: Logits) -> Logits:
    """log(1 - sigmoid(fake)): the game with value 2 JS - log 4. Its gradient dies where the critic is sure."""
    return -softplus(fake)


def non_saturating_g(fake: Logits, real: Logits) -> Logits:
    """-log sigmoid(fake): the same fixed points, and a gradient that is strong where the critic is sure."""
    return softplus(-fake)


OBJECTIVES: dict[str, Objective] = {
    "saturating": Objective("saturating", cross_entropy, saturating_g),
    "non_saturating": Objective("non_saturating", cross_entropy, non_saturating_g),
}
"""Every objective by its name."""
