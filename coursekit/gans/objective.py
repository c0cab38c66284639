"""The interface of an adversarial objective: what the two players want, apart from how they are trained.

The critic gives each point a number, high on what it takes for data. An objective says what the two players do with
these numbers. Its losses are pure functions of the numbers and are not averaged: one value a point. So they can be
plotted against the critic's output, weighted by a density, averaged by the loop, and tested without any net.
"""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

Logits = Float[Tensor, "*s n"]


@dataclass(frozen=True)
class Objective:
    """One adversarial objective. A new one is two functions; all else is optional.

    Attributes:
        name: For tables and menus.
        d_loss: (real, fake) -> the critic's loss for each pair of a real and a fake point, with shape (n,).
        g_loss: (fake, real) -> the generator's loss for each point, with shape (n,).
        penalty: (critic, x, x_fake) -> what is added to the critic's loss for each point, with shape (n,).
        mixes: Whether `penalty` looks between x and x_fake. It is then called with a fourth argument, alpha with shape
            (n,): one uniform number a sample, drawn by the loop, whose randomness has a seed.
        constrain: Called on the critic after each of its updates, to put it back into the class it must stay in.
        of_features: Whether the losses compare two batches of features with shape (n, f) as wholes, and give one
            number for both, with shape (1,). Then the "critic" gives features, and there may be none at all.
    """

    name: str
    d_loss: Callable[[Tensor, Tensor], Tensor]
    g_loss: Callable[[Tensor, Tensor], Tensor]
    penalty: Callable[..., Tensor] | None = None
    mixes: bool = False
    constrain: Callable[[nn.Module], None] | None = None
    of_features: bool = False
