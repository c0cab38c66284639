r"""The normal distribution nearest to a target, by the KL divergence in either direction.

    forward   min over q of KL(p || q) = E_p[log p - log q]     covers: where p has mass, q must have some
    reverse   min over q of KL(q || p) = E_q[log q - log p]     seeks: where p has none, q must have none

Forward is what maximum likelihood does, and has a closed form: q takes over the mean and the variance of p. Reverse is
what variational inference does; it has no closed form, and for a target with several modes it has several minima: the
start decides which one is reached. For two modes far apart there are three: one on each mode, and a shallow one that
lies across both, where a start in the middle, or a wide one, ends.

That third point is no saddle, though one may expect it from symmetry. Where the derivative of KL(q || p) in the scale
vanishes, the second derivative in the mean is 1 / scale^2, always positive: both are averages of (log p)'' under q.

Both are walked by natural gradient descent (Amari 1998): the gradient in (mean, log scale), divided by the Fisher
information of q, which is (1 / scale^2, 2). A step then means the same for a wide q as for a narrow one.
"""

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real
from coursekit.distances.quadrature import gauss_legendre
from coursekit.protocols import log_prob

Direction: TypeAlias = Literal["forward", "reverse"]
DIRECTIONS: tuple[str, ...] = get_args(Direction)

REACH = 9.0  # in standard deviations of q: what lies beyond has a mass of 2e-19
NODES = 1024
FARTHEST = 0.25  # the longest step: mean / scale and log scale change by no more
TAIL = 1e-12  # mass left out on either side of a target whose interval is not given


@dataclass(frozen=True)
class NormalFit:
    """A walk of q = N(mean, scale^2) towards a target.

    Attributes:
        direction: "forward" for KL(p || q), "reverse" for KL(q || p).
        means: Means with shape (steps + 1,), the start first.
        scales: Standard deviations with shape (steps + 1,).
        divergences: The divergence that is minimised, in nats, with shape (steps + 1,); never increases.
        converged: Whether the gradient vanished, to the tolerance, before the steps were used up.
    """

    direction: str
    means: Tensor
    scales: Tensor
    divergences: Tensor
    converged: bool

    @property
    def mean(self) -> float:
        """The mean at the end."""
        return self.means[-1].item()

    @property
    def scale(self) -> float:
        """The standard deviation at the end."""
        return self.scales[-1].item()

    @property
    def divergence(self) -> float:
        """The divergence at the end, in nats."""
        return self.divergences[-1].item()


def moments(
    target: Any, *, low: Real | None = None, high: Real | None = None, nodes: int = 4096
) -> tuple[float, float, float]:
    """Integrates mean, standard deviation and entropy (nats) of a density on the line.

    The normal with this mean and standard deviation minimises KL(target || q).

    Args:
        target: With `log_prob`, and with `quantile` if low or high is not given.
        low: Left end; by default all but 1e-12 of the mass lies to its right.
        high: Right end, likewise.
        nodes: Number of quadrature nodes.

    Raises:
        ValueError: If the target has not all of its mass (to 1e-6) in the interval, or the interval is missing.
    """
    low, high = _interval(target, low, high)
    x, weights = gauss_legendre(low, high, nodes)
    log_p = log_prob(target, x)
    share = log_p.exp() * weights
    mass = share.sum().item()
    if not abs(mass - 1) <= 1e-6:
        raise ValueError(
            f"The target has the mass {mass:.6g} in [{low:g}, {high:g}], expected 1: widen the interval, or raise "
            f"nodes (now {nodes})."
        )
    mean = share @ x
    variance = share @ (x - mean).square()
    entropy = -(share @ torch.where(share > 0, log_p, 0.0))
    return mean.item(), variance.sqrt().item(), entropy.item()


def fit_normal_by_kl(
    target: Any,
    direction: Direction = "forward",
    *,
    start: tuple[Real, Real],
    low: Real | None = None,
    high: Real | None = None,
    steps: int = 2000,
    rate: Real = 0.15,
    tolerance: Real = 1e-6,
) -> NormalFit:
    """Walks from a start to a normal that is as near to the target as its neighbours allow.

    Args:
        target: A density on the line, with `log_prob`.
        direction: "forward" minimises KL(target || q), "reverse" minimises KL(q || target).
        start: Mean and standard deviation of q at first.
        low: Left end of the target's interval; only "forward" integrates over it. See `moments`.
        high: Right end.
        steps: The most steps taken. About a hundred are usual; along a flat valley (a long tail) it may be a thousand.
        rate: Share of the natural gradient that is one step, in (0, 1]; it is halved where it would climb.
        tolerance: The walk has converged when the natural gradient is shorter than this.

    Raises:
        ValueError: If the direction is unknown, the start is no normal, the target's density vanishes under q (reverse;
            the divergence is then infinite), or a number is out of range.
    """
    arguments.known(direction, DIRECTIONS, "direction of the KL divergence")
    mean, scale = (arguments.as_tensor(value, "start").to(torch.float64) for value in _pair(start))
    arguments.positive(scale, "the scale of start")
    arguments.count(steps, "steps")
    if not (0 < rate <= 1 and tolerance > 0):
        raise ValueError(f"rate must lie in (0, 1] and tolerance be positive, got {rate} and {tolerance}.")
    objective = _Forward(*moments(target, low=low, high=high)) if direction == "forward" else _Reverse(target)

    place = torch.stack([mean, scale.log()])
    value, gradient = _value_and_gradient(objective, place)
    path, values, converged = [place], [value], False
    for _ in range(steps + 1):
        fisher = torch.stack([(-2 * place[1]).exp(), torch.tensor(2.0, dtype=place.dtype)])
        # As steps in units of q's own size: mean / scale, and log scale.
        move = -gradient / fisher.sqrt()
        converged = move.norm().item() < tolerance
        if converged or len(path) > steps:
            break
        step = rate * move * torch.clamp(FARTHEST / (rate * move.norm()), max=1.0) / fisher.sqrt()
        found = _descend(objective, place, value, step)
        if found is None:  # no step goes down, to rounding
            break
        place, value, gradient = found
        path.append(place)
        values.append(value)
    means, log_scales = torch.stack(path).unbind(1)
    return NormalFit(direction, means, log_scales.exp(), torch.tensor(values, dtype=means.dtype), converged)


class _Forward:
    """KL(p || q) from the mean m, standard deviation s and entropy of p: E_p[(x - mean)^2] = s^2 + (m - mean)^2."""

    def __init__(self, mean: float, scale: float, entropy: float) -> None:
        self.mean, self.scale, self.entropy = mean, scale, entropy

    def __call__(self, place: Float[Tensor, "2"]) -> Float[Tensor, ""]:
        mean, log_scale = place
        spread = self.scale**2 + (self.mean - mean).square()
        return 0.5 * math.log(2 * math.pi) + log_scale + 0.5 * spread * (-2 * log_scale).exp() - self.entropy


class _Reverse:
    """KL(q || p) by quadrature over z in x = mean + scale z: the nodes move with q, and the gradient goes through x."""

    def __init__(self, target: Any) -> None:
        self.target = target
        self.z, weights = gauss_legendre(-REACH, REACH, NODES)
        self.log_phi = -0.5 * self.z.square() - 0.5 * math.log(2 * math.pi)
        self.share = weights * self.log_phi.exp()

    def __call__(self, place: Float[Tensor, "2"]) -> Float[Tensor, ""]:
        mean, log_scale = place
        log_p = log_prob(self.target, mean + log_scale.exp() * self.z)
        return self.share @ (self.log_phi - log_scale - log_p)


def _value_and_gradient(objective: Any, place: Tensor) -> tuple[float, Tensor]:
    place = place.detach().requires_grad_()
    value = objective(place)
    if not torch.isfinite(value):
        raise ValueError(
            f"The divergence is {value.item()} nats for q = N({place[0].item():.4g}, {place[1].exp().item():.4g}^2): "
            "the target's density is 0 under q, or not a number. Reverse KL needs a target that is positive everywhere."
        )
    (gradient,) = torch.autograd.grad(value, place)
    return value.item(), gradient


def _descend(objective: Any, place: Tensor, value: float, step: Tensor) -> tuple[Tensor, float, Tensor] | None:
    """Halves the step until the divergence does not rise; None if no step is short enough."""
    for _ in range(30):
        new_value, gradient = _value_and_gradient(objective, place + step)
        if new_value <= value:
            return place + step, new_value, gradient
        step = step / 2
    return None


def _pair(start: Any) -> tuple[Any, Any]:
    try:
        mean, scale = start
    except (TypeError, ValueError):
        raise ValueError(f"start must be a pair (mean, scale), got {start!r}.") from None
    return mean, scale


def _interval(target: Any, low: Real | None, high: Real | None) -> tuple[Real, Real]:
    if low is not None and high is not None:
        return low, high
    if not hasattr(target, "quantile"):
        raise ValueError(f"{type(target).__name__} has no quantile to say where its mass lies: give low and high.")
    ends = target.quantile(torch.tensor([TAIL, 1 - TAIL], dtype=torch.float64)).tolist()
    return (ends[0] if low is None else low), (ends[1] if high is None else high)
