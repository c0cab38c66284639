"""The push-forward of a distribution by a map: where the mass goes when every point z moves to g(z).

Written g#mu: draw z from mu, return x = g(z). That is all a generator of a generative model does. Its density follows
from counting mass. A piece of mass around z lands around x = g(z) stretched by |g'(z)|; so the density is that of mu
divided by the stretch, and where several z land on the same x their contributions add up:

    p(x) = sum over z with g(z) = x of  p_mu(z) / |g'(z)|  =  sum_b  p_mu(h_b(x)) |h_b'(x)|

with one inverse h_b for each branch of g, a piece on which g is monotone (Devroye 1986, Non-Uniform Random Variate
Generation, section I.4).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real
from coursekit.distributions.uniform import Uniform
from coursekit.protocols import NotTractable


@dataclass(frozen=True)
class Branch:
    """One monotone piece of a map, seen from its image.

    Attributes:
        inverse: h, maps x with shape (n,) back to the z of this piece with g(z) = x.
        low: Left end of the interval of x that this piece reaches.
        high: Right end.
        log_slope: log |h'(x)| with shape (n,); None lets autograd differentiate h.
    """

    inverse: Callable[[Tensor], Tensor]
    low: Real = -math.inf
    high: Real = math.inf
    log_slope: Callable[[Tensor], Tensor] | None = None

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"a branch needs low < high, got low={self.low} and high={self.high}.")


class PushForward1D:
    """The push-forward g#mu of a distribution on the line, with samples and exact density.

    Args:
        base: mu, with `sample`, `log_prob` and, for `cdf`, `cdf`; all on the line, shape (n,).
        map: g, maps z with shape (n,) to x with shape (n,).
        branches: The inverse of g on each of its monotone pieces. Pieces outside of the base's support add nothing,
            a missing piece makes the density integrate to less than one.

    Raises:
        ValueError: If there is no branch.
    """

    def __init__(self, base: Any, map: Callable[[Tensor], Tensor], branches: Sequence[Branch]) -> None:
        if len(branches) == 0:
            raise ValueError("PushForward1D needs at least one branch: the inverse of the map on a monotone piece.")
        self.base, self.map, self.branches = base, map, tuple(branches)

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, " n"]:
        """Draws z from the base and returns g(z).

        Raises:
            ValueError: If the map returns NaN or another shape.
        """
        arguments.no_context(context, self)
        z = self.base.sample(n, generator=generator)
        x = self.map(z)
        if x.shape != z.shape or x.isnan().any():
            raise ValueError(
                f"the map must take z with shape {tuple(z.shape)} to numbers of the same shape, got "
                f"{tuple(x.shape)} with {int(x.isnan().sum())} NaN; is it defined on all of the base's support?"
            )
        return x

    def log_prob(self, x: Float[Tensor, " n"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates log p(x) in nats with shape (n,): log-sum-exp over branches of log p_mu(h(x)) + log |h'(x)|.

        It is -inf where no branch reaches, and inf where the map is flat: there the mass piles up.

        Raises:
            ValueError: If an inverse returns NaN inside its interval.
        """
        arguments.no_context(context, self)
        arguments.points(x, "x", event_shape=())
        terms = []
        for number, branch in enumerate(self.branches):
            reached = (x >= branch.low) & (x <= branch.high)
            z, log_slope = _invert(branch, x[reached], number)
            term = torch.full_like(x, -math.inf)
            term[reached] = (self.base.log_prob(z) + log_slope).to(x.dtype)
            terms.append(term)
        return torch.stack(terms).logsumexp(0)

    def cdf(self, x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Evaluates P(g(z) <= x): the base's mass between where a branch starts and where it reaches x, added up.

        Raises:
            NotTractable: If the base has no cdf.
        """
        if not hasattr(self.base, "cdf"):
            raise NotTractable(f"PushForward1D has no cdf because its base {type(self.base).__name__} has none.")
        arguments.numbers(x, "x")
        total = torch.zeros_like(x)
        for branch in self.branches:
            start = torch.full_like(x, branch.low)
            ends = (self.base.cdf(branch.inverse(end)) for end in (start, x.clamp(branch.low, branch.high)))
            total = total + (next(ends) - next(ends)).abs()
        return total.clamp(0.0, 1.0)


def _invert(branch: Branch, x: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """Returns h(x) and log |h'(x)|."""
    if branch.log_slope is not None:
        z, log_slope = branch.inverse(x), branch.log_slope(x)
    else:
        with torch.enable_grad():
            point = x if x.requires_grad else x.detach().requires_grad_()
            z = branch.inverse(point)
            # h acts on each number alone, so the gradient of the sum holds every derivative.
            (slope,) = torch.autograd.grad(z.sum(), point, create_graph=x.requires_grad)
        z = z if x.requires_grad else z.detach()
        log_slope = slope.abs().log()
    if z.isnan().any() or log_slope.isnan().any():
        raise ValueError(
            f"the inverse of branch {number} gives NaN inside its interval [{branch.low:g}, {branch.high:g}]; "
            "narrow the interval to what the branch reaches."
        )
    return z, log_slope


def identity(base: Any) -> PushForward1D:
    """The push-forward by g(z) = z: nothing moves, density and samples are the base's."""
    return PushForward1D(base, lambda z: z, [Branch(lambda x: x, log_slope=torch.zeros_like)])


def square(base: Any | None = None) -> PushForward1D:
    """The push-forward by g(z) = z^2, two branches z = sqrt(x) and z = -sqrt(x), each with |h'| = 1 / (2 sqrt(x)).

    Of U(0, 1), the default, only the first branch meets the support: p(x) = 1 / (2 sqrt(x)) on (0, 1). Of N(0, 1) it
    is the chi-square distribution with one degree of freedom.
    """

    def log_slope(x: Tensor) -> Tensor:
        return -math.log(2.0) - 0.5 * x.log()

    branches = [Branch(torch.sqrt, 0.0, math.inf, log_slope), Branch(lambda x: -x.sqrt(), 0.0, math.inf, log_slope)]
    return PushForward1D(Uniform() if base is None else base, torch.square, branches)


def inverse_normal_cdf() -> PushForward1D:
    """The push-forward of U(0, 1) by g = Phi^-1: the standard normal distribution.

    The inverse is h = Phi, and log |h'(x)| = -x^2 / 2 - log(2 pi) / 2 is the normal log-density itself.
    """

    def log_slope(x: Tensor) -> Tensor:
        return -0.5 * x.square() - 0.5 * math.log(2 * math.pi)

    return PushForward1D(Uniform(), torch.special.ndtri, [Branch(torch.special.ndtr, log_slope=log_slope)])
