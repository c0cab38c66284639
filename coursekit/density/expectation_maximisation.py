"""Expectation-maximisation for mixtures of normal distributions, one step at a time.

Maximum likelihood would be easy if each point came with the component it was drawn from. It does not, so E-M fills the
gap with probabilities and repeats two easy steps (Dempster, Laird and Rubin 1977):

    E   r_ik = w_k N(x_i; m_k, S_k) / sum_j w_j N(x_i; m_j, S_j)          who is responsible for each point?
    M   n_k = sum_i r_ik,  w_k = n_k / n,  m_k = sum_i r_ik x_i / n_k,
        S_k = sum_i r_ik (x_i - m_k)(x_i - m_k)^T / n_k + reg_covar I     weighted maximum likelihood

The E-step makes a lower bound of the log-likelihood touch it, the M-step climbs the bound; so the likelihood never
decreases. With reg_covar > 0 the M-step is no longer the exact maximiser: the likelihood may then fall, by an amount
that vanishes with reg_covar. Without it the likelihood has no maximum at all: a component that shrinks onto one point
sends it to infinity.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real
from coursekit.distributions.normal_mixture import cholesky, component_log_probs

Covariance: TypeAlias = Literal["full", "diagonal"]


@dataclass(frozen=True)
class Parameters:
    """What a mixture of K normals in d dimensions consists of.

    Attributes:
        weights: With shape (K,), sum one.
        means: With shape (K, d).
        covariances: With shape (K, d, d) for full covariances, or variances with shape (K, d) for diagonal ones.
    """

    weights: Tensor
    means: Tensor
    covariances: Tensor

    @property
    def covariance(self) -> Covariance:
        """Which kind of covariances these are."""
        return "full" if self.covariances.dim() == 3 else "diagonal"

    def factors(self) -> Tensor:
        """The Cholesky factors (K, d, d), or the standard deviations (K, d)."""
        if self.covariance == "full":
            return cholesky(self.covariances)
        return arguments.positive(self.covariances, "variances").sqrt()


class EmptyComponentWarning(UserWarning):
    """A component lost all of its points."""


@dataclass(frozen=True)
class State:
    """One step of E-M: parameters, and what the E-step finds with these very parameters.

    Attributes:
        step: 0 for the start.
        parameters: The mixture after this many M-steps.
        log_likelihood: Its mean log-likelihood in nats per point.
        responsibilities: r with shape (n, K), rows sum to one.
    """

    step: int
    parameters: Parameters
    log_likelihood: float
    responsibilities: Tensor

    @property
    def weights(self) -> Tensor:
        """Mixture weights with shape (K,)."""
        return self.parameters.weights

    @property
    def means(self) -> Tensor:
        """Means with shape (K, d)."""
        return self.parameters.means

    @property
    def covariances(self) -> Tensor:
        """Covariances with shape (K, d, d), or variances (K, d)."""
        return self.parameters.covariances


def e_step(x: Float[Tensor, "n d"], parameters: Parameters) -> tuple[Float[Tensor, "n k"], Float[Tensor, " n"]]:
    """Computes responsibilities r with shape (n, K) and the log-density log p(x_i) with shape (n,), in nats.

    Bayes' rule in the log domain: r is the softmax over k of log w_k + log N(x_i; m_k, S_k). And since
    r_ik = w_k N(x_i; m_k, S_k) / p(x_i) for every k, the likeliest component gives log p(x_i) as what its joint
    density exceeds its responsibility by; that r is at least 1/K, so its log is safe.

    Raises:
        ValueError: If x is not finite or not of the mixture's dimension, or a covariance is not one.
    """
    arguments.points(x, "x", event_shape=parameters.means.shape[1:])
    log_joint = component_log_probs(x, parameters.means, parameters.factors()).T + parameters.weights.log()[:, None]
    responsibilities = log_joint.softmax(0)
    log_prob = log_joint.amax(0) - responsibilities.amax(0).log()
    return responsibilities.T, log_prob


def m_step(
    x: Float[Tensor, "n d"],
    responsibilities: Float[Tensor, "n k"],
    *,
    covariance: Covariance = "full",
    reg_covar: Real = 1e-6,
) -> Parameters:
    """Computes the weighted maximum-likelihood parameters.

    A component without points (n_k = 0 to rounding) has no mean. It gets weight zero and the mean and covariance of
    all data, so that nothing becomes NaN; with weight zero it stays out for good and the likelihood is not touched.

    Args:
        x: The sample with shape (n, d).
        responsibilities: With shape (n, K).
        covariance: "full" or "diagonal".
        reg_covar: Added to every variance, in squared units of x; the same as scikit-learn's.

    Raises:
        ValueError: If shapes do not fit, an entry is not finite, or a component has shrunk onto a point or a line, to
            rounding: its likelihood has no maximum.

    Warns:
        EmptyComponentWarning: If a component is empty.
    """
    arguments.known(covariance, ("full", "diagonal"), "kind of covariance")
    arguments.points(x, "x", event_shape=x.shape[1:] or (1,))
    arguments.finite(responsibilities, "responsibilities")
    if responsibilities.dim() != 2 or len(responsibilities) != len(x):
        raise ValueError(
            f"responsibilities must have shape (n, K) with n = {len(x)} points, got {tuple(responsibilities.shape)}."
        )
    counts = responsibilities.sum(0)
    empty = counts <= 10 * torch.finfo(x.dtype).eps
    if empty.any():
        which = ", ".join(str(k) for k in empty.nonzero().flatten().tolist())
        message = f"component {which} has lost all points; it stays, with weight zero. Use another start or fewer."
        warnings.warn(message, EmptyComponentWarning, stacklevel=2)
        responsibilities = torch.where(empty, 1.0, responsibilities)
    totals = responsibilities.sum(0)
    means = responsibilities.T @ x / totals[:, None]
    estimate = _full_covariance if covariance == "full" else _diagonal_covariance
    # Coordinates and components first: each row is contiguous, which halves the time.
    rows, columns = x.T.contiguous(), responsibilities.T.contiguous()
    centred = (rows - m[:, None] for m in means)
    covariances = torch.stack([estimate(c, r) / t for c, r, t in zip(centred, columns, totals, strict=True)])
    if covariance == "full":
        covariances.diagonal(dim1=1, dim2=2).add_(reg_covar)
    else:
        covariances.add_(reg_covar)
    _check_not_collapsed(x, covariances)
    weights = torch.where(empty, 0.0, counts)
    return Parameters(weights / weights.sum(), means, covariances)


def _full_covariance(centred: Float[Tensor, "d n"], r: Float[Tensor, " n"]) -> Float[Tensor, "d d"]:
    return (centred * r) @ centred.T


def _diagonal_covariance(centred: Float[Tensor, "d n"], r: Float[Tensor, " n"]) -> Float[Tensor, " d"]:
    return (centred.square() * r).sum(1)


def _check_not_collapsed(x: Float[Tensor, "n d"], covariances: Float[Tensor, "k *shape"]) -> None:
    """Checks that each component is wider than rounding, in every direction.

    On a point: the standard deviation of a coordinate is within rounding of its values. On a line: what the earlier
    coordinates leave of its variance, the squared diagonal of the Cholesky factor, is within rounding of the variance.
    """
    variances = left = covariances
    if covariances.dim() == 3:
        variances = covariances.diagonal(dim1=1, dim2=2)
        left = torch.linalg.cholesky_ex(covariances)[0].diagonal(dim1=1, dim2=2).square()
    rounding = 32 * torch.finfo(x.dtype).eps
    wide = (variances > (rounding * x.abs().amax(0)).square()) & (left > rounding * variances)
    if not wide.all():
        bad = int((~wide).any(1).nonzero()[0])
        raise ValueError(
            f"component {bad} has shrunk onto a point or a line; its likelihood has no maximum. Raise reg_covar or use "
            "fewer components."
        )


def expectation_maximisation(
    x: Float[Tensor, "n d"], start: Parameters, *, steps: int = 100, reg_covar: Real = 1e-6
) -> Iterator[State]:
    """Runs E-M and yields the start and then the state after each of the steps.

    The covariances stay of the kind that the start has.

    Args:
        x: The sample with shape (n, d).
        start: Where to begin; `initial_parameters` makes one.
        steps: Number of M-steps; the iterator yields steps + 1 states.
        reg_covar: Added to every variance in each M-step.

    Raises:
        ValueError: If shapes do not fit, an entry is not finite, or a component collapses.
    """
    _check(x, start, reg_covar)
    arguments.count(steps, "steps")
    return _iterate(x, start, steps, reg_covar)


def _iterate(x: Tensor, parameters: Parameters, steps: int, reg_covar: Real) -> Iterator[State]:
    responsibilities, log_prob = e_step(x, parameters)
    yield State(0, parameters, log_prob.mean().item(), responsibilities)
    for step in range(1, steps + 1):
        parameters = m_step(x, responsibilities, covariance=parameters.covariance, reg_covar=reg_covar)
        responsibilities, log_prob = e_step(x, parameters)
        yield State(step, parameters, log_prob.mean().item(), responsibilities)


def _check(x: Tensor, start: Parameters, reg_covar: Real) -> None:
    arguments.points(x, "x", minimum=1)
    if not 0 <= reg_covar < torch.inf:
        raise ValueError(f"reg_covar must be a finite number, zero or more, got {reg_covar}.")
    arguments.probabilities(start.weights)
    shape = tuple(arguments.finite(start.means, "means").shape)
    if x.dim() != 2 or shape != (len(start.weights), x.shape[1]):
        raise ValueError(
            f"x must have shape (n, d) and the means (K, d) with K = {len(start.weights)} weights, got "
            f"{tuple(x.shape)} and {shape}; for points on the line use x.unsqueeze(1)."
        )
    arguments.finite(start.covariances, "covariances")
    if tuple(start.covariances.shape) not in (shape, (*shape, shape[1])):
        raise ValueError(
            f"covariances must have shape {(*shape, shape[1])}, or {shape} for variances, got "
            f"{tuple(start.covariances.shape)}."
        )
