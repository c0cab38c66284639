r"""The Frechet distance between two sets of features: how far apart are two normal distributions fitted to them?

    d^2 = |m - m_w|^2 + Tr(C + C_w - 2 (C C_w)^(1/2))        means m, m_w; covariances C, C_w

It is the squared Wasserstein-2 distance of the two normals (Dowson and Landau 1982). With the features of an Inception
network it is the FID (Heusel et al. 2017), with this course's judges a distance of our own: figures made with different
networks cannot be compared. Three conventions matter, and are fixed here: the figure is d^2, *no root* is taken;
covariances divide by n - 1; and n is stated, since the figure is too large by a share of order 1 / n. It compares two
moments and sees nothing else: sets that differ in their tails, or in single pictures, may have d^2 = 0.
"""

import warnings
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments


class FewSamplesWarning(UserWarning):
    """There are fewer samples than a covariance of that many features needs."""


def frechet_distance(features: Float[Tensor, "n k"], others: Float[Tensor, "m k"]) -> Float[Tensor, ""]:
    """Computes d^2 between two sets of features, shape (), in the units of the features squared, in float64.

    Args:
        features: Of one set of pictures, with shape (n, k).
        others: Of another, with shape (m, k). The order does not matter.

    Raises:
        ValueError: If the shapes do not fit, there are fewer than two in a set, or an entry is not finite.

    Warns:
        FewSamplesWarning: If a set has no more samples than features: its covariance then is flat in some directions,
            and the figure says more about n than about the pictures.
    """
    mean, covariance = _checked_moments(features, "features")
    other_mean, other_covariance = _checked_moments(others, "others")
    if features.shape[1] != others.shape[1]:
        raise ValueError(
            f"both sets must have features of the same network, (n, k) and (m, k) with the same k, got "
            f"{tuple(features.shape)} and {tuple(others.shape)}."
        )
    return _between_normals(mean, covariance, other_mean, other_covariance)


def _checked_moments(features: Tensor, name: str) -> tuple[Tensor, Tensor]:
    if not (isinstance(features, Tensor) and features.is_floating_point()):
        arguments.finite(features, name)  # has the sentence for it
    if features.dim() != 2 or len(features) < 2 or features.shape[1] == 0:
        raise ValueError(
            f"{name} must have shape (n, k) with at least 2 samples, or there is no covariance, got "
            f"{tuple(features.shape)}."
        )
    if len(features) <= features.shape[1]:
        warnings.warn(
            f"{name} holds {len(features)} samples of {features.shape[1]} features: a covariance of full rank needs at "
            f"least {features.shape[1] + 1}, a trustworthy distance several times as many.",
            FewSamplesWarning,
            stacklevel=3,
        )
    # In double precision: a small difference of large traces is what is asked for.
    mean, covariance = moments(features.double())
    if not covariance.isfinite().all():  # one bad feature shows here; to look at all n k would cost as much again
        arguments.finite(features, name)
        arguments.finite(covariance, f"moments({name})[1]")
    return mean, covariance


def moments(features: Float[Tensor, "n k"]) -> tuple[Float[Tensor, " k"], Float[Tensor, "k k"]]:
    """Computes mean with shape (k,) and covariance, divided by n - 1, with shape (k, k)."""
    mean = features.mean(0)
    centred = features - mean
    return mean, centred.T @ centred / (len(features) - 1)


def frechet_of_normals(
    mean: Float[Tensor, " k"],
    covariance: Float[Tensor, "k k"],
    other_mean: Float[Tensor, " k"],
    other_covariance: Float[Tensor, "k k"],
) -> Float[Tensor, ""]:
    """Computes d^2 between two normal distributions, shape (); never negative.

    Raises:
        ValueError: If the shapes do not fit, an entry is not finite, or a covariance is not symmetric or has a
            negative eigenvalue beyond rounding.
    """
    k = len(mean) if mean.dim() == 1 else -1
    for given, name, shape in (
        (mean, "mean", (k,)), (covariance, "covariance", (k, k)),
        (other_mean, "other_mean", (k,)), (other_covariance, "other_covariance", (k, k)),
    ):  # fmt: skip
        arguments.finite(given, name)
        if tuple(given.shape) != shape:
            raise ValueError(f"means must have shape (k,) and covariances (k, k), got {name} {tuple(given.shape)}.")
    for given, name in ((covariance, "covariance"), (other_covariance, "other_covariance")):
        if not torch.allclose(given, given.T, rtol=1e-4, atol=1e-6 * float(given.abs().max())):
            raise ValueError(f"{name} must be symmetric; try ({name} + {name}.T) / 2.")
    symmetric, other_symmetric = (covariance + covariance.T) / 2, (other_covariance + other_covariance.T) / 2
    return _between_normals(mean, symmetric, other_mean, other_symmetric)


def _between_normals(mean: Tensor, covariance: Tensor, other_mean: Tensor, other_covariance: Tensor) -> Tensor:
    """The distance, from symmetric covariances, without the root of a matrix.

    The product C C_w is not symmetric, and where a covariance is nearly singular its root may come out complex. But
    take any L with L L^T = C, and L_w likewise: C C_w has the eigenvalues of (L^T L_w)(L^T L_w)^T, and these are the
    squares of the singular values of L^T L_w, real and none negative. The sum of those is the trace of the root.
    """
    factor = _factor(covariance, "covariance")
    other_factor = _factor(other_covariance, "other_covariance")
    overlap = torch.linalg.svdvals(factor.T @ other_factor).sum()
    squared = (mean - other_mean).square().sum() + covariance.trace() + other_covariance.trace() - 2 * overlap
    return squared.clamp_min(0.0)


def _factor(covariance: Tensor, name: str) -> Tensor:
    """L with L L^T = C: Cholesky's, or from eigenvalues where C is flat in some direction and Cholesky's breaks off."""
    triangle, failed = torch.linalg.cholesky_ex(covariance)
    if not failed:
        return triangle
    values, vectors = torch.linalg.eigh(covariance)
    largest = float(values.abs().max())
    if float(values[0]) < -1e3 * torch.finfo(values.dtype).eps * len(values) * largest:
        raise ValueError(
            f"{name} must be a covariance, without negative eigenvalues, but one is {float(values[0]):.3g} where the "
            f"largest is {largest:.3g}."
        )
    return vectors * values.clamp_min(0.0).sqrt()


@torch.no_grad()
def features_of(judge: Any, x: Float[Tensor, "n *event"], *, batch: int = 512) -> Float[Tensor, "n k"]:
    """Computes a judge's features of many pictures, batch by batch, in float64: sums of squares need the digits.

    Args:
        judge: With `features(x) -> (n, k)`, such as `load_judge("faces")`.
        x: Pictures with shape (n, *event).
        batch: Pictures at once.

    Raises:
        ValueError: If there are no pictures, or batch is below one.
    """
    arguments.count(batch, "batch", minimum=1)
    if x.dim() == 0 or len(x) == 0:
        raise ValueError(f"x must hold pictures with shape (n, ...), got {tuple(x.shape)}.")
    return torch.cat([judge.features(part).double() for part in x.split(batch)])
