"""Counting modes: the published protocol for ring-8 and grid-25.

2,500 points of a generator are held against the K modes of the mixture it was trained on, which are known. Each point
belongs to the mode nearest to it. It is of high quality if it lies within 3 standard deviations of that mode, and the
mode is then caught (Srivastava et al. 2017, section 4.1; Lin et al. 2018, on synthetic data). Four figures:

- how many modes are caught, of K;
- the share of points of high quality. For exact samples in the plane this is 1 - exp(-9/2) = 98.9 %, and *more* is not
  better: it means that the generator's modes are too narrow, a collapse within modes that the count does not see;
- KL(populations || weights): how unevenly the points are spread over modes, in nats. The weights are uniform on both
  toys. Of n exact samples it is not 0 but about (K - 1) / 2n, which is 0.0048 for grid-25;
- the total variation between populations and weights: half the sum of absolute differences, the share of points that
  would have to move to other modes.

A caught mode may hold a single point of 2,500: read the count together with KL.
"""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real
from coursekit.distributions import NormalMixture

SAMPLES = 2500
SIGMAS = 3.0


@dataclass(frozen=True)
class Modes:
    """What was found; shapes without S for one generator, with S for an ensemble.

    Attributes:
        caught: Which modes are caught, with shape (S, K).
        count: How many, with shape (S,).
        high_quality: Share of points of high quality, between 0 and 1, with shape (S,).
        populations: Share of points that belong to each mode, with shape (S, K).
        kl: KL(populations || weights) in nats, with shape (S,).
        total_variation: Between populations and weights, between 0 and 1, with shape (S,).
    """

    caught: Bool[Tensor, "*s k"]
    count: Int[Tensor, "*s"]
    high_quality: Float[Tensor, "*s"]
    populations: Float[Tensor, "*s k"]
    kl: Float[Tensor, "*s"]
    total_variation: Float[Tensor, "*s"]

    def __str__(self) -> str:
        """The medians over members, as a line of a table."""
        middle = [f(torch.as_tensor(v).double().flatten().quantile(0.5).item()) for f, v in (
            (lambda a: f"{a:g}", self.count), (lambda a: f"{100 * a:.1f} %", self.high_quality),
            (lambda a: f"{a:.3g}", self.kl), (lambda a: f"{a:.3g}", self.total_variation))]  # fmt: skip
        return f"{middle[0]} of {self.caught.shape[-1]} modes, {middle[1]} high quality, KL {middle[2]}, TV {middle[3]}"


def count_modes(x: Float[Tensor, "*s n d"], data: NormalMixture, *, sigmas: Real = SIGMAS) -> Modes:
    """Holds points against the modes of a mixture.

    Args:
        x: Points with shape (n, d), or (S, n, d) for an ensemble; the protocol has n = 2500.
        data: A mixture with round components, such as ring-8 or grid-25.
        sigmas: How many standard deviations a point of high quality may be away.

    Raises:
        ValueError: If the points are not finite or not of the mixture's dimension, or a component is not round.
    """
    arguments.finite(x, "x")
    if x.dim() not in (2, 3) or x.shape[-1:] != data.event_shape or x.shape[-2] == 0:
        raise ValueError(
            f"x must hold points with shape (n, {data.event_shape[0]}), or (S, n, {data.event_shape[0]}) for an "
            f"ensemble, got {tuple(x.shape)}."
        )
    means, scales = data.means.to(x), _round_scales(data).to(x)
    distance, nearest = torch.cdist(x, means.expand(*x.shape[:-2], *means.shape)).min(-1)
    good = distance <= sigmas * scales[nearest]
    belongs = torch.nn.functional.one_hot(nearest, len(means))
    caught = (belongs * good[..., None]).sum(-2) > 0
    populations = belongs.to(x.dtype).mean(-2)
    weights = data.weights.to(x)
    return Modes(
        caught=caught,
        count=caught.sum(-1),
        high_quality=good.to(x.dtype).mean(-1),
        populations=populations,
        # 0 log 0 is 0: a mode without points adds nothing here, its mass is missing in the others' terms.
        kl=torch.special.xlogy(populations, populations / weights).sum(-1),
        total_variation=(populations - weights).abs().sum(-1) / 2,
    )


def modes_of(sampler: Any, data: NormalMixture, *, n: int = SAMPLES, generator: torch.Generator | None = None) -> Modes:
    """Draws n points of a generator, or n of each member, and counts modes.

    Args:
        sampler: With `sample`, for example a `Generator`.
        data: As in `count_modes`.
        n: Number of points to judge.
        generator: Source of the noise.
    """
    return count_modes(sampler.sample(arguments.count(n, "n", minimum=1), generator=generator), data)


def _round_scales(data: NormalMixture) -> Float[Tensor, " k"]:
    """The standard deviation of each component.

    Raises:
        ValueError: If a component has different ones in different directions.
    """
    factors = data.factors
    if factors.dim() == 2 and torch.equal(factors, factors[:, :1].expand_as(factors)):
        return factors[:, 0]
    raise ValueError(
        "counting modes by their distance needs round components, each with one standard deviation; this mixture has "
        "others. Build it with scales of shape (K,)."
    )
