"""A model that has learnt its training set by heart: a narrow bump on each training point, nothing elsewhere.

Its samples are perfect, they are the training data; a critic that compares them with the training set finds no
difference. Its likelihood on the training set is as high as one likes, on fresh points as low (Theis, van den Oord and
Bethge 2016, "A note on the evaluation of generative models", section 3.2). Good samples do not mean a good likelihood.

It is a kernel density estimate with a bandwidth far too small: that is what memorising is.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real
from coursekit.density.kernel_density import KernelDensity


class Memoriser:
    """1/n of a normal distribution N(x_i, scale^2 I) on each training point.

    Args:
        x: The training set with shape (n, *event); pictures are welcome.
        scale: Standard deviation of each bump, in the units of x; small beside the distance of neighbours.

    Raises:
        ValueError: If there are no points, an entry is not finite, or the scale is not positive.
    """

    def __init__(self, x: Float[Tensor, "n *event"], scale: Real) -> None:
        arguments.finite(x, "x")
        self.event_shape = tuple(x.shape[1:])
        self.scale = float(scale)
        self.bumps = KernelDensity(x.reshape(len(x), math.prod(self.event_shape)), self.scale)

    def log_prob(self, x: Float[Tensor, "m *event"], *, context: Tensor | None = None) -> Float[Tensor, " m"]:
        """Evaluates log p(x) in nats with shape (m,).

        At a training point about -log n - d log(scale sqrt(2 pi)); at a distance r from the nearest one r^2 / (2
        scale^2) less.
        """
        arguments.no_context(context, self)
        arguments.points(x, "x", event_shape=self.event_shape)
        return self.bumps.log_prob(x.reshape(len(x), math.prod(self.event_shape)))

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n *event"]:
        """Draws n training points, with replacement, each moved by the bump's width."""
        arguments.no_context(context, self)
        return self.bumps.sample(n, generator=generator).reshape(n, *self.event_shape)
