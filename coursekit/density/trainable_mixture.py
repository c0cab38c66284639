"""A mixture of normals on the line whose parameters are trained by gradients.

E-M has a closed form for each of its steps because this model is so simple; a gradient asks for nothing but log p(x),
and so carries over to every density of the course. Here both can be compared on the same likelihood. With one
component it is the normal distribution, whose maximum likelihood is known: mean and standard deviation of the data.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from coursekit import arguments
from coursekit.arguments import ArrayLike


class TrainableMixture(nn.Module):
    """p(x) = sum_k w_k N(x; m_k, s_k^2) with trainable w, m and s.

    Steps of a gradient know no constraints. So the parameters are ones that have none: w = softmax(logits) always sums
    to one, s = exp(log_scales) is always positive.

    Args:
        weights: Where w starts, with shape (K,), or (S, K) for an ensemble of S mixtures.
        means: Where m starts, with the same shape.
        scales: Where s starts, with the same shape.

    Raises:
        ValueError: If shapes differ, or a weight or scale is not positive.
    """

    def __init__(self, weights: ArrayLike, means: ArrayLike, scales: ArrayLike) -> None:
        super().__init__()
        start = [arguments.as_tensor(v, n) for v, n in ((weights, "weights"), (means, "means"), (scales, "scales"))]
        if len({tuple(t.shape) for t in start}) != 1 or start[0].dim() not in (1, 2):
            shapes = ", ".join(str(tuple(t.shape)) for t in start)
            raise ValueError(f"weights, means and scales must all have shape (K,) or (S, K), got {shapes}.")
        self.logits = nn.Parameter(arguments.positive(start[0], "weights").log().clone())
        self.means = nn.Parameter(start[1].clone())
        self.log_scales = nn.Parameter(arguments.positive(start[2], "scales").log().clone())

    @property
    def weights(self) -> Float[Tensor, "*s k"]:
        """The mixture weights w with shape (K,)."""
        return self.logits.softmax(-1)

    @property
    def scales(self) -> Float[Tensor, "*s k"]:
        """The standard deviations s with shape (K,)."""
        return self.log_scales.exp()

    def log_prob(self, x: Float[Tensor, "*s n"], *, context: Tensor | None = None) -> Float[Tensor, "*s n"]:
        """Evaluates log p(x) in nats with shape (n,); for an ensemble x and result have shape (S, n)."""
        arguments.no_context(context, self)
        z = (x[..., None] - self.means[..., None, :]) / self.scales[..., None, :]
        log_factors = self.logits.log_softmax(-1) - self.log_scales - 0.5 * math.log(2 * math.pi)
        return (log_factors[..., None, :] - 0.5 * z.square()).logsumexp(-1)

    @torch.no_grad()
    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "*s n"]:
        """Draws n points; for an ensemble n of each member."""
        arguments.no_context(context, self)
        arguments.count(n, "n")
        if n == 0:
            return self.means.new_empty(*self.means.shape[:-1], 0)
        k = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        noise = torch.randn(k.shape, generator=generator, dtype=self.means.dtype, device=self.means.device)
        return self.means.gather(-1, k) + self.scales.gather(-1, k) * noise
