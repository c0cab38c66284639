"""A model that is mostly noise, and hardly worse by its likelihood.

    p(x) = (1 - share) p_model(x) + share p_noise(x)

Draw from it and with share 0.99 ninety-nine samples of a hundred are noise. But p(x) >= (1 - share) p_model(x) at every
x, so the log-likelihood falls by at most -log(1 - share) nats, 4.6 at share 0.99, whatever the dimension. Of an image
model's thousands of nats this is nothing (Theis, van den Oord and Bethge 2016, "A note on the evaluation of generative
models", section 3.2). A high likelihood does not mean good samples.
"""

import math
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real


class Corrupted:
    """(1 - share) of a model, share of noise.

    Args:
        model: With `log_prob` and `sample`.
        noise: With `log_prob` and `sample`, of points with the same shape.
        share: Probability that a sample is noise, between 0 and 1.

    Attributes:
        most_lost: -log(1 - share), the most that log p(x) can fall below the model's, in nats.

    Raises:
        ValueError: If share is not in [0, 1].
    """

    def __init__(self, model: Any, noise: Any, share: Real) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"share must lie between 0 (no noise) and 1 (only noise), got {share}.")
        self.model, self.noise, self.share = model, noise, float(share)
        self.most_lost = -math.log1p(-self.share) if self.share < 1 else math.inf

    def log_prob(self, x: Float[Tensor, "n *event"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates log p(x) in nats with shape (n,)."""
        arguments.no_context(context, self)
        # At the ends one of the two has weight zero, and its logarithm is no longer a number to calculate with.
        if self.share in (0.0, 1.0):
            return (self.noise if self.share else self.model).log_prob(x)
        kept = self.model.log_prob(x) + math.log1p(-self.share)
        return torch.logaddexp(kept, self.noise.log_prob(x) + math.log(self.share))

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n *event"]:
        """Draws n points."""
        arguments.no_context(context, self)
        return self.sample_with_labels(n, generator=generator)[0]

    def sample_with_labels(
        self, n: int, *, generator: torch.Generator | None = None
    ) -> tuple[Float[Tensor, "n *event"], Bool[Tensor, " n"]]:
        """Draws n points, and says of each with shape (n,) whether it is noise."""
        arguments.count(n, "n")
        good, bad = (part.sample(n, generator=generator) for part in (self.model, self.noise))
        device = generator.device if generator is not None else good.device
        is_noise = (torch.rand(n, generator=generator, device=device) < self.share).to(good.device)
        return torch.where(is_noise.view(n, *[1] * (good.dim() - 1)), bad.to(good), good), is_noise
