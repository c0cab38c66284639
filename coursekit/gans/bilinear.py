"""The simplest game that does not settle: f(x, y) = x y.

Player x wants f small, player y wants it large. The only equilibrium is (0, 0), yet following one's own gradient does
not lead there: the field (-y, x) turns around it. What happens depends on who moves when (Goodfellow 2016, section 8.2;
Gidel et al. 2019):

- simultaneously: (x - eta y, y + eta x). Each step is orthogonal to the radius, so the radius grows by the factor
  sqrt(1 + eta^2), whatever the rate: it spirals out.
- alternating, as GANs are trained: y answers the x that has already moved. The map keeps x^2 - eta x y + y^2, so for
  eta < 2 the points stay on an ellipse: bounded for ever, and never nearer.

Nothing here is stochastic or non-convex. Oscillation is in the game, not in the nets.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real


def simultaneous_step(point: Float[Tensor, "*s 2"], rate: Real) -> Float[Tensor, "*s 2"]:
    """Both players move at once: (x - rate y, y + rate x)."""
    x, y = point.unbind(-1)
    return torch.stack([x - rate * y, y + rate * x], -1)


def alternating_step(point: Float[Tensor, "*s 2"], rate: Real) -> Float[Tensor, "*s 2"]:
    """x moves first, y answers: x' = x - rate y, then y' = y + rate x'."""
    x, y = point.unbind(-1)
    x = x - rate * y
    return torch.stack([x, y + rate * x], -1)


STEPS = {"simultaneous": simultaneous_step, "alternating": alternating_step}


def play_bilinear(
    start: Float[Tensor, "*s 2"], rate: Real, steps: int, order: str = "simultaneous"
) -> Float[Tensor, "steps *s 2"]:
    """Plays the game.

    Args:
        start: (x, y) with shape (2,), or several with shape (S, 2).
        rate: Of both players, positive.
        steps: Number of steps; with alternating moves, one of each player.
        order: "simultaneous" or "alternating".

    Returns:
        The path with shape (steps + 1, 2), or (steps + 1, S, 2); the start is its first point.

    Raises:
        ValueError: If the start is not in the plane, the rate is not positive, or there is no such order.
    """
    arguments.finite(start, "start")
    if start.shape[-1:] != (2,):
        raise ValueError(f"start must be (x, y) with shape (2,), or (S, 2), got {tuple(start.shape)}.")
    if not 0 < rate < torch.inf:
        raise ValueError(f"rate must be a positive number, got {rate}.")
    step = STEPS[arguments.known(order, STEPS, "order of moves")]
    path = [start]
    for _ in range(arguments.count(steps, "steps")):
        path.append(step(path[-1], rate))
    return torch.stack(path)


def invariant(point: Float[Tensor, "*s 2"], rate: Real) -> Float[Tensor, "*s"]:
    """x^2 - rate x y + y^2, which alternating steps keep; an ellipse around (0, 0) where rate < 2."""
    x, y = point.unbind(-1)
    return x.square() - rate * x * y + y.square()
