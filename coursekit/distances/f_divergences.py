r"""The f-divergences: one formula, one convex function f for each.

    D_f(p || q) = int q(x) f(u(x)) dx    with the density ratio u = p / q    (p: the data, q: the model)

With f convex and f(1) = 0 it is never negative, by Jensen's inequality, and does not depend on coordinates. It looks at
the ratio alone, not at where things are: two disjoint piles are equally far apart at any distance.

Every convex f is the upper envelope of its tangents, f(u) = max_t [u t - f*(t)] with the conjugate f*. Pulled out of
the integral, this makes a divergence of *samples* possible (Nguyen, Wainwright and Jordan 2010):

    D_f(p || q) >= E_p t(x) - E_q f*(t(x))    for every function t, with equality for t = f'(u)

A critic t that maximises the right side is the f-GAN (Nowozin, Cseke and Tomioka 2016). t must stay where f* is finite,
so the critic's free output v passes an `activation` first; each is increasing, so that v is high on data.

Three of the list are one divergence. The Jensen-Shannon divergence has weights 1/2, is measured in nats and is at most
log 2; what the f-GAN paper calls by that name is twice that; the original GAN's value is 2 JS - log 4, whose f(1) is
not 0, so that two equal distributions have the value -log 4.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from coursekit import arguments
from coursekit.arguments import ArrayLike, Real
from coursekit.distances.kullback_leibler import kl_integrand
from coursekit.distances.quadrature import gauss_legendre
from coursekit.distances.transport import checked_masses
from coursekit.protocols import log_prob

LOG_2 = math.log(2)
Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class FDivergence:
    """One divergence of the family.

    Attributes:
        name: Key in `F_DIVERGENCES`.
        title: For tables: what the value is.
        f: u > 0 -> f(u).
        slope: u > 0 -> f'(u): the critic that reaches the bound.
        conjugate: t -> f*(t) = max over u >= 0 of u t - f(u).
        activation: The critic's free output v, any number -> t, where f* is finite.
        conjugate_of_output: v -> f*(activation(v)), simplified by hand: a v so large that t rounds to the end of the
            domain gives a finite number here, and inf there.
        domain: Open interval of the t that `activation` gives.
        integrand: (log p, log q) -> q f(p / q), written so that nothing overflows and zeros are right.
        largest: Its value for disjoint p and q.
    """

    name: str
    title: str
    f: Function
    slope: Function
    conjugate: Function
    activation: Function
    conjugate_of_output: Function
    domain: tuple[float, float]
    integrand: Callable[[Tensor, Tensor], Tensor]
    largest: float

    def bound(self, t_on_p: Float[Tensor, " n"], t_on_q: Float[Tensor, " m"]) -> Float[Tensor, ""]:
        """Computes mean t - mean f*(t), shape (), from a critic's t on samples of p and of q; at most D_f, on average.

        Raises:
            ValueError: If a t lies outside of the domain, where f* is infinite: pass v through `activation` first.
        """
        low, high = self.domain
        for t, name in ((t_on_p, "t_on_p"), (t_on_q, "t_on_q")):
            arguments.finite(t, name)
            if (t < low).any() or (t > high).any():
                raise ValueError(
                    f"{name} must lie in ({low:g}, {high:g}) for {self.name!r}, got values from {t.min().item():g} to "
                    f"{t.max().item():g}; pass the critic's output through .activation first."
                )
        return t_on_p.mean() - self.conjugate(t_on_q).mean()


def by_quadrature(
    divergence: FDivergence | str, p: Any, q: Any, *, low: Real, high: Real, nodes: int = 4096, tolerance: Real = 1e-6
) -> Float[Tensor, ""]:
    """Integrates D_f(p || q) over [low, high], in nats where f is a logarithm; compared with twice as many nodes.

    Args:
        divergence: One of `F_DIVERGENCES`, or its name.
        p: A density on the line, with `log_prob`: the data.
        q: Another one: the model.
        low: Left end; p and q have next to no mass to its left.
        high: Right end.
        nodes: Number of quadrature nodes.
        tolerance: How far the value, and the masses of p and q in the interval, may be off.

    Returns:
        The divergence with shape (); inf where it is.

    Raises:
        ValueError: If p or q has mass outside of the interval, the nodes are too few, or there is no such divergence.
        NotTractable: If p or q has no normalised density.
    """
    family = named(divergence)
    values = []
    for count in (nodes, 2 * nodes):
        x, weights = gauss_legendre(low, high, count)
        log_p, log_q = log_prob(p, x), log_prob(q, x)
        for values_of, name in ((log_p, "p"), (log_q, "q")):
            mass = (values_of.detach().exp() @ weights.to(values_of)).item()
            if not abs(mass - 1) <= tolerance:
                raise ValueError(
                    f"{name} has the mass {mass:.6g} in [{low:g}, {high:g}], expected 1 to within {tolerance:g}: widen "
                    f"the interval, raise nodes (now {nodes}), or raise tolerance if {name} jumps."
                )
        values.append(family.integrand(log_p, log_q) @ weights.to(log_p))
    value, finer = values
    if not torch.isinf(finer) and abs(value.item() - finer.item()) > tolerance * max(1.0, abs(finer.item())):
        raise ValueError(
            f"{family.title} is {value.item():.9g} with {nodes} nodes and {finer.item():.9g} with {2 * nodes}: raise "
            "nodes, or tolerance if p or q jumps."
        )
    return finer


def of_histograms(divergence: FDivergence | str, p: ArrayLike, q: ArrayLike) -> Float[Tensor, ""]:
    """Computes D_f = sum_i q_i f(p_i / q_i) with shape (), with the right limits where a mass is zero.

    Args:
        divergence: One of `F_DIVERGENCES`, or its name.
        p: Masses of the data with shape (n,), sum one.
        q: Masses of the model with shape (n,), sum one.

    Raises:
        ValueError: If the masses are no histograms over the same bins with sum one, or there is no such divergence.
    """
    family = named(divergence)
    p, q = checked_masses(p, q)
    if len(p) != len(q):
        raise ValueError(f"p and q must be histograms over the same bins, got {len(p)} and {len(q)} masses.")
    if abs(p.sum().item() - 1) > 1e-5:
        raise ValueError(f"p and q must sum to 1, but they sum to {p.sum().item():.9g}; divide them by their sum.")
    return family.integrand(p.log(), q.log()).sum()


def jensen_shannon(p: ArrayLike, q: ArrayLike) -> Float[Tensor, ""]:
    """Computes JS = KL(p || m) / 2 + KL(q || m) / 2 with m = (p + q) / 2 of two histograms: nats, at most log 2.

    Raises:
        ValueError: As `of_histograms`.
    """
    return of_histograms("jensen_shannon", p, q)


def named(divergence: FDivergence | str) -> FDivergence:
    """Looks a divergence up by its name.

    Raises:
        ValueError: If there is none of that name.
    """
    if isinstance(divergence, FDivergence):
        return divergence
    return F_DIVERGENCES[arguments.known(divergence, F_DIVERGENCES, "f-divergence")]


def _log_mean(log_p: Tensor, log_q: Tensor) -> Tensor:
    # Where both are 0 any finite number serves: it is multiplied by p and q, which are 0.
    return torch.where((log_p == -torch.inf) & (log_q == -torch.inf), 0.0, torch.logaddexp(log_p, log_q) - LOG_2)


def _twice_js(log_p: Tensor, log_q: Tensor) -> Tensor:
    middle = _log_mean(log_p, log_q)
    return kl_integrand(log_p, middle) + kl_integrand(log_q, middle)


def _pearson(log_p: Tensor, log_q: Tensor) -> Tensor:
    nothing = (log_p == -torch.inf) & (log_q == -torch.inf)
    squared = torch.where(nothing, 0.0, (2 * log_p - torch.where(nothing, 0.0, log_q)).exp())
    return squared - 2 * log_p.exp() + log_q.exp()


def _js_f(u: Tensor) -> Tensor:
    return u * u.log() - (u + 1) * ((u + 1) / 2).log()


F_DIVERGENCES: dict[str, FDivergence] = {
    d.name: d
    for d in (
        FDivergence(
            "kl", "KL(p || q)",
            f=lambda u: u * u.log(), slope=lambda u: 1 + u.log(),
            conjugate=lambda t: (t - 1).exp(), activation=lambda v: v,
            conjugate_of_output=lambda v: (v - 1).exp(), domain=(-math.inf, math.inf),
            integrand=kl_integrand, largest=math.inf,
        ),
        FDivergence(
            "reverse_kl", "KL(q || p)",
            f=lambda u: -u.log(), slope=lambda u: -1 / u,
            conjugate=lambda t: -1 - (-t).log(), activation=lambda v: -(-v).exp(),
            conjugate_of_output=lambda v: v - 1, domain=(-math.inf, 0.0),
            integrand=lambda log_p, log_q: kl_integrand(log_q, log_p), largest=math.inf,
        ),
        FDivergence(
            "jensen_shannon", "JS",
            f=lambda u: _js_f(u) / 2, slope=lambda u: (2 * u / (1 + u)).log() / 2,
            conjugate=lambda t: -(2 - (2 * t).exp()).log() / 2, activation=lambda v: (LOG_2 + logsigmoid(v)) / 2,
            conjugate_of_output=lambda v: (softplus(v) - LOG_2) / 2, domain=(-math.inf, LOG_2 / 2),
            integrand=lambda log_p, log_q: _twice_js(log_p, log_q) / 2, largest=LOG_2,
        ),
        FDivergence(
            "twice_jensen_shannon", "2 JS",
            f=_js_f, slope=lambda u: (2 * u / (1 + u)).log(),
            conjugate=lambda t: -(2 - t.exp()).log(), activation=lambda v: LOG_2 + logsigmoid(v),
            conjugate_of_output=lambda v: softplus(v) - LOG_2, domain=(-math.inf, LOG_2),
            integrand=_twice_js, largest=2 * LOG_2,
        ),
        FDivergence(
            "gan", "2 JS - log 4",
            f=lambda u: u * u.log() - (u + 1) * (u + 1).log(), slope=lambda u: (u / (1 + u)).log(),
            conjugate=lambda t: -torch.log(-torch.expm1(t)), activation=lambda v: -softplus(-v),
            conjugate_of_output=softplus, domain=(-math.inf, 0.0),
            integrand=lambda log_p, log_q: _twice_js(log_p, log_q) - LOG_2 * (log_p.exp() + log_q.exp()), largest=0.0,
        ),
        FDivergence(
            "pearson", "Pearson chi^2",
            f=lambda u: (u - 1).square(), slope=lambda u: 2 * (u - 1),
            # Left of t = -2 the best u is the end of its range, u = 0.
            conjugate=lambda t: torch.where(t >= -2, t.square() / 4 + t, -1.0), activation=lambda v: v,
            conjugate_of_output=lambda v: torch.where(v >= -2, v.square() / 4 + v, -1.0), domain=(-math.inf, math.inf),
            integrand=_pearson, largest=math.inf,
        ),
        FDivergence(
            "squared_hellinger", "squared Hellinger, int (p^1/2 - q^1/2)^2",
            f=lambda u: (u.sqrt() - 1).square(), slope=lambda u: 1 - u.rsqrt(),
            conjugate=lambda t: t / (1 - t), activation=lambda v: -torch.expm1(-v),
            conjugate_of_output=torch.expm1, domain=(-math.inf, 1.0),
            integrand=lambda log_p, log_q: ((log_p / 2).exp() - (log_q / 2).exp()).square(), largest=2.0,
        ),
        FDivergence(
            "total_variation", "total variation, int |p - q| / 2",
            f=lambda u: (u - 1).abs() / 2, slope=lambda u: (u - 1).sign() / 2,
            # Finite up to t = 1/2; left of -1/2 the best u is 0, which the activation never asks for.
            conjugate=lambda t: t.clamp_min(-0.5), activation=lambda v: v.tanh() / 2,
            conjugate_of_output=lambda v: v.tanh() / 2, domain=(-0.5, 0.5),
            integrand=lambda log_p, log_q: (log_p.exp() - log_q.exp()).abs() / 2, largest=1.0,
        ),
    )
}  # fmt: skip
"""Every divergence of the family by its name."""
