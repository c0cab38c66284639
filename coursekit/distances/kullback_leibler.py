r"""The Kullback-Leibler divergence of densities on the line.

    KL(p || q) = int p(x) log(p(x) / q(x)) dx   in nats

It says how many nats a code made for q wastes on data from p: it is zero where p = q, positive elsewhere, and not
symmetric (Kullback and Leibler 1951). Where p has mass and q has none, it is infinite; where p has none, it does not
look at q at all. All of mode covering and mode seeking is in that sentence.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real
from coursekit.distances.quadrature import gauss_legendre
from coursekit.protocols import log_prob


def kl_integrand(log_p: Float[Tensor, " n"], log_q: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Evaluates p log(p / q) with shape (n,) from the two log-densities at the same points.

    It is 0 where p = 0, whatever q is there, and inf where p > 0 and q = 0. It may be negative in places; only its
    integral cannot.
    """
    # Each branch sees only numbers for which its gradient exists: 0 log 0 would otherwise make NaN of every gradient.
    inside = log_p > -torch.inf
    lost = inside & (log_q == -torch.inf)
    usual = inside & ~lost
    log_p, log_q = torch.where(usual, log_p, 0.0), torch.where(usual, log_q, 0.0)
    return torch.where(lost, torch.inf, log_p.exp() * (log_p - log_q))


def kl_by_quadrature(
    p: Any, q: Any, *, low: Real, high: Real, nodes: int = 2048, tolerance: Real = 1e-6
) -> Float[Tensor, ""]:
    """Integrates KL(p || q) over [low, high], in nats; differentiable in the parameters of p and q.

    The value with this many nodes is compared with that on twice as many, and the mass of p in the interval with one:
    so too few nodes and too short an interval are noticed.

    Args:
        p: A density on the line, with `log_prob`; the one that is averaged over.
        q: Another one.
        low: Left end; p has next to no mass to its left.
        high: Right end.
        nodes: Number of quadrature nodes.
        tolerance: How far value and mass may be off, in nats and as a share.

    Returns:
        The divergence, shape (); inf if q is 0 at a node where p is not.

    Raises:
        ValueError: If p has mass outside of the interval, the nodes are too few, or a log-density is NaN or +inf.
        NotTractable: If p or q has no normalised density.
    """
    if not 0 < tolerance < torch.inf:
        raise ValueError(f"tolerance must be a positive number of nats, got {tolerance}.")
    value, _ = _integrate(p, q, low, high, nodes)
    with torch.no_grad():
        finer, mass = _integrate(p, q, low, high, 2 * nodes)
    if abs(mass - 1) > tolerance:
        raise ValueError(
            f"p has the mass {mass:.6g} in [{low:g}, {high:g}], expected 1 to within {tolerance:g}: widen the interval "
            f"if it cuts p off, or raise nodes (now {nodes}) if p has details finer than {(high - low) / nodes:.2g}."
        )
    if torch.isinf(finer):
        return torch.full_like(value, torch.inf)
    if abs(value.item() - finer.item()) > tolerance:
        raise ValueError(
            f"KL(p || q) is {value.item():.9g} nats with {nodes} nodes and {finer.item():.9g} with {2 * nodes}, which "
            f"differ by more than {tolerance:g}: raise nodes, or tolerance if p or q jumps."
        )
    return value


def _integrate(p: Any, q: Any, low: Real, high: Real, nodes: int) -> tuple[Tensor, float]:
    x, weights = gauss_legendre(low, high, nodes)
    log_p, log_q = _checked(log_prob(p, x), "p"), _checked(log_prob(q, x), "q")
    return kl_integrand(log_p, log_q) @ weights.to(log_p), log_p.detach().exp().to(weights).dot(weights).item()


def _checked(values: Tensor, name: str) -> Tensor:
    if values.isnan().any() or (values == torch.inf).any():
        raise ValueError(f"log_prob of {name} is NaN or +inf within the interval; it must be a finite density there.")
    return values


def kl_normal(
    mean_p: Tensor | Real, scale_p: Tensor | Real, mean_q: Tensor | Real, scale_q: Tensor | Real
) -> Float[Tensor, "*shape"]:
    """Computes KL(N(mean_p, scale_p^2) || N(mean_q, scale_q^2)) in nats, in closed form.

        log(s_q / s_p) + (s_p^2 + (m_p - m_q)^2) / (2 s_q^2) - 1/2

    Args:
        mean_p: Mean of the one that is averaged over; all four are numbers or tensors that broadcast.
        scale_p: Its standard deviation, positive.
        mean_q: Mean of the other.
        scale_q: Its standard deviation, positive.

    Raises:
        ValueError: If a scale is not positive, or an entry is not finite.
    """
    given = {"mean_p": mean_p, "scale_p": scale_p, "mean_q": mean_q, "scale_q": scale_q}
    like = next((value for value in given.values() if isinstance(value, Tensor)), None)
    m_p, s_p, m_q, s_q = (arguments.as_tensor(value, name, like=like) for name, value in given.items())
    arguments.positive(s_p, "scale_p")
    arguments.positive(s_q, "scale_q")
    ratio = s_p / s_q
    return 0.5 * (ratio.square() - 1 + ((m_p - m_q) / s_q).square()) - ratio.log()
