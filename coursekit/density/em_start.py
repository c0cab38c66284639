"""Where expectation-maximisation starts: it climbs to the nearest maximum, so the start decides which one."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real
from coursekit.density.expectation_maximisation import Covariance, Parameters


def initial_parameters(
    x: Float[Tensor, "n d"],
    components: int,
    *,
    method: Literal["kmeans++", "points"] = "kmeans++",
    covariance: Covariance = "full",
    reg_covar: Real = 1e-6,
    generator: torch.Generator | None = None,
) -> Parameters:
    """Chooses where E-M starts: data points as means, equal weights, one common covariance.

    "points" takes K points at random. "kmeans++" takes the first at random and each further one with a probability
    proportional to its squared distance from the nearest one taken so far, which spreads them out (Arthur and
    Vassilvitskii 2007). The common covariance is that of the points around their nearest mean: a component with a
    covariance of its own could start on a single point, and stay there.

    Args:
        x: The sample with shape (n, d), n >= components.
        components: K.
        method: "kmeans++" or "points".
        covariance: "full" or "diagonal".
        reg_covar: Added to every variance.
        generator: Source of randomness.

    Raises:
        ValueError: If there are fewer points than components or a name is unknown.
    """
    arguments.known(method, ("kmeans++", "points"), "initialisation")
    arguments.known(covariance, ("full", "diagonal"), "kind of covariance")
    arguments.count(components, "components", minimum=1)
    arguments.points(x, "x", minimum=components)
    if method == "points":
        means = x[torch.randperm(len(x), device=x.device, generator=generator)[:components]]
    else:
        means = _spread_out(x, components, generator)
    centred = x - means[torch.cdist(x, means, compute_mode="donot_use_mm_for_euclid_dist").argmin(1)]
    pooled = centred.T @ centred / len(x)
    pooled.diagonal().add_(reg_covar)
    if covariance == "diagonal":
        pooled = pooled.diagonal()
    weights = torch.full((components,), 1 / components, dtype=x.dtype, device=x.device)
    return Parameters(weights, means, pooled.expand(components, *pooled.shape).clone())


def _spread_out(x: Tensor, components: int, generator: torch.Generator | None) -> Tensor:
    first = torch.randint(len(x), (1,), device=x.device, generator=generator)
    means = [x[first]]
    squared = (x - means[0]).square().sum(1)
    for _ in range(components - 1):
        # When all points are taken up (repeated values), any point is as good as another.
        chances = squared if squared.sum() > 0 else torch.ones_like(squared)
        means.append(x[torch.multinomial(chances, 1, generator=generator)])
        squared = torch.minimum(squared, (x - means[-1]).square().sum(1))
    return torch.cat(means)
