r"""Mixtures of normal distributions in d dimensions.

    p(x) = sum_k w_k N(x; m_k, S_k)

`component_log_probs` evaluates every component at every point and is also the heart of the E-step in
`coursekit.density.gaussian_mixture`.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import ArrayLike


class NormalMixture:
    """A mixture of K normal distributions in d dimensions.

    Give either covariances or scales.

    Args:
        weights: Mixture weights with shape (K,), not negative, sum one.
        means: Means with shape (K, d).
        covariances: Covariance matrices with shape (K, d, d), symmetric and positive definite.
        scales: Standard deviations with shape (K, d), or (K,) for components that are round.

    Lists become float64 tensors; tensors keep their dtype and device.

    Raises:
        ValueError: If shapes do not fit, a covariance is not symmetric and positive definite, a scale is not
            positive, the weights do not sum to one, or an entry is not finite.
    """

    def __init__(
        self,
        weights: ArrayLike,
        means: ArrayLike,
        *,
        covariances: ArrayLike | None = None,
        scales: ArrayLike | None = None,
    ) -> None:
        self.weights = arguments.probabilities(arguments.as_tensor(weights, "weights"))
        self.means = arguments.as_tensor(means, "means", like=self.weights)
        if self.means.dim() != 2 or len(self.means) != len(self.weights) or self.means.shape[1] == 0:
            raise ValueError(
                f"means must have shape (K, d) with K = {len(self.weights)} as there are weights, got "
                f"{tuple(self.means.shape)}."
            )
        if covariances is not None and scales is None:
            self.factors = self._from_covariances(covariances)
        elif scales is not None and covariances is None:
            self.factors = self._from_scales(scales)
        else:
            raise ValueError("NormalMixture needs covariances or scales, and only one of them.")

    def _from_scales(self, value: ArrayLike) -> Tensor:
        scales = arguments.positive(arguments.as_tensor(value, "scales", like=self.weights), "scales")
        components, d = self.means.shape
        if scales.shape == (components,):
            return scales[:, None].expand(components, d)
        if scales.shape != (components, d):
            raise ValueError(
                f"scales must have shape ({components},) or ({components}, {d}), got {tuple(scales.shape)}."
            )
        return scales

    def _from_covariances(self, value: ArrayLike) -> Tensor:
        covariances = arguments.as_tensor(value, "covariances", like=self.weights)
        components, d = self.means.shape
        if covariances.shape != (components, d, d):
            raise ValueError(
                f"covariances must have shape ({components}, {d}, {d}), got {tuple(covariances.shape)}; "
                "for standard deviations use scales."
            )
        return cholesky(covariances)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one point, (d,)."""
        return (self.means.shape[1],)

    @property
    def covariances(self) -> Float[Tensor, "k d d"]:
        """The covariance matrices."""
        if self.factors.dim() == 2:
            return torch.diag_embed(self.factors.square())
        return self.factors @ self.factors.mT

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n d"]:
        """Draws n points: first a component k with probabilities w, then x = m_k + L_k z with z ~ N(0, I)."""
        arguments.no_context(context, self)
        arguments.count(n, "n")
        d = self.means.shape[1]
        if n == 0:
            return self.means.new_empty(0, d)
        component = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        z = torch.randn(n, d, dtype=self.means.dtype, device=self.means.device, generator=generator)
        if self.factors.dim() == 2:
            return self.means[component] + self.factors[component] * z
        return self.means[component] + (self.factors[component] @ z[:, :, None]).squeeze(2)

    def log_prob(self, x: Float[Tensor, "n d"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates log p(x) in nats with shape (n,)."""
        arguments.no_context(context, self)
        arguments.points(x, "x", event_shape=self.event_shape)
        return (self.weights.log() + component_log_probs(x, self.means, self.factors)).logsumexp(-1)


def component_log_probs(
    x: Float[Tensor, "n d"], means: Float[Tensor, "k d"], factors: Float[Tensor, "k *shape"]
) -> Float[Tensor, "n k"]:
    """Evaluates K normal log-densities at n points.

        log N(x; m, S) = -1/2 |L^-1 (x - m)|^2 - log det L - d/2 log(2 pi),     S = L L^T

    Args:
        x: Points with shape (n, d).
        means: With shape (K, d).
        factors: Lower Cholesky factors L with shape (K, d, d), or standard deviations (K, d) where L is diagonal.
    """
    d = x.shape[1]
    # centred and z have shape (K, d, n), points last: the sums over coordinates then run along contiguous memory.
    centred = x.T.contiguous() - means[:, :, None]
    if factors.dim() == 2:
        z = centred / factors[:, :, None]
        log_det = factors.log().sum(-1)
    else:
        # L^-1 is needed once for all points; the triangle is small, the sample is not.
        eye = torch.eye(d, dtype=factors.dtype, device=factors.device)
        whitening = torch.linalg.solve_triangular(factors, eye, upper=False).contiguous()
        z = whitening @ centred
        log_det = factors.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    log_terms = -0.5 * z.square().sum(1) - (log_det + 0.5 * d * math.log(2 * math.pi))[:, None]
    return log_terms.T


def cholesky(covariances: Float[Tensor, "k d d"]) -> Float[Tensor, "k d d"]:
    """Factors covariances into L L^T, or says which one is not a covariance.

    Raises:
        ValueError: If one is not symmetric or not positive definite.
    """
    asymmetry = (covariances - covariances.mT).abs().amax(dim=(-2, -1))
    tolerance = torch.finfo(covariances.dtype).eps ** 0.5 * covariances.abs().amax(dim=(-2, -1))
    if (asymmetry > tolerance).any():
        raise ValueError(f"covariance {int((asymmetry > tolerance).nonzero()[0])} is not symmetric.")
    factors, info = torch.linalg.cholesky_ex(covariances)
    if info.any():
        bad = int(info.nonzero()[0])
        smallest = torch.linalg.eigvalsh(covariances[bad])[0].item()
        raise ValueError(f"covariance {bad} is not positive definite: its smallest eigenvalue is {smallest:.3g}.")
    return factors
