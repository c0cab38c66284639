"""Minibatch statistics: tell the critic how much its batch spreads.

The simplest thing to say about a batch: the standard deviation of every feature over the batch, averaged to a single
number, appended to every point as one more feature (Karras et al. 2018, section 3). A generator whose points are too
much alike gives it away by that number. Nothing is learnt in this layer; what to make of it, the critic's later layers
learn. Batches must hold one kind, all real or all fake.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class MinibatchSpread(nn.Module):
    """Appends the mean standard deviation to features with shape (n, A), giving (n, A + 1).

    An ensemble has a leading axis S; each member has a spread of its own.

    Args:
        smallest: Variance at which the root is rounded off, so that its slope stays finite for a batch of equal points.
    """

    def __init__(self, smallest: float = 1e-8) -> None:
        super().__init__()
        self.smallest = smallest

    def forward(self, x: Float[Tensor, "*s n features"]) -> Float[Tensor, "*s n out"]:
        """Computes (f(x_i), spread).

        Raises:
            ValueError: If the batch has fewer than two points.
        """
        n = x.shape[-2]
        if n < 2:
            raise ValueError("a single point has no spread; minibatch statistics need two points or more.")
        variance = x.var(-2, correction=0, keepdim=True)
        spread = (variance + self.smallest).sqrt().mean(-1, keepdim=True)
        return torch.cat([x, spread.expand(*x.shape[:-1], 1)], -1)
