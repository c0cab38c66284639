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
    for given, name in ((features, "features"), (others, "others")):
        arguments.finite(given, name)
        if given.dim() != 2 or len(given) < 2 or given.shape[1] == 0:
            raise ValueError(
                f"{name} must have shape (n, k) with at least 2 samples, or there is no covariance, got "
                f"{tuple(given.shape)}."
            )
        if len(given) <= given.shape[1]:
            warnings.warn(
                f"{name} holds {len(given)} samples of {given.shape[1]} features: a covariance of full rank needs at "
                f"least {given.shape[1] + 1}, a trustworthy distance several times as many.",
                FewSamplesWarning,
                stacklevel=2,
            )
    if features.shape[1] != others.shape[1]:
        raise ValueError(
            f"both sets must have features of the same network, (n, k) and (m, k) with the same k, got "
            f"{tuple(features.shape)} and {tuple(others.shape)}."
        )
    # In double precision: a small difference of large traces is what is asked for.
    return frechet_of_normals(*moments(features.double()), *moments(others.double()))


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

    The product C C_w is not symmetric, and its root loses half of the digits where a covariance is nearly singular,
    even to complex numbers. But it has the eigenvalues of the symmetric C^(1/2) C_w C^(1/2), real and none negative,
    and the trace needs no more than their roots.

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
    root = _symmetric_root(covariance, "covariance")
    other_root = _symmetric_root(other_covariance, "other_covariance")
    # The singular values of C^(1/2) C_w^(1/2) are the roots of those eigenvalues, without squaring on the way.
    overlap = torch.linalg.svdvals(root @ other_root).sum()
    squared = (mean - other_mean).square().sum() + covariance.trace() + other_covariance.trace() - 2 * overlap
    return squared.clamp_min(0.0)


def _symmetric_root(covariance: Tensor, name: str) -> Tensor:
    if not torch.allclose(covariance, covariance.T, rtol=1e-4, atol=1e-6 * float(covariance.abs().max())):
        raise ValueError(f"{name} must be symmetric; try ({name} + {name}.T) / 2.")
    values, vectors = torch.linalg.eigh((covariance + covariance.T) / 2)
    largest = float(values.abs().max())
    if float(values[0]) < -1e3 * torch.finfo(values.dtype).eps * len(values) * largest:
        raise ValueError(
            f"{name} must be a covariance, without negative eigenvalues, but one is {float(values[0]):.3g} where the "
            f"largest is {largest:.3g}."
        )
    return (vectors * values.clamp_min(0.0).sqrt()) @ vectors.T


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
