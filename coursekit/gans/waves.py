"""Waves: a net that is to see fine detail is shown sines and cosines of its points.

A net learns what is coarse first and what is fine very late (Rahaman et al. 2019, *On the spectral bias of neural
networks*). For a critic that means: long after it knows where the modes are it cannot tell a point in a mode from one
beside it, and then the generator is not told either. More updates help, slowly. Quicker is to put the detail into the
input (Tancik et al. 2020): with k a wave vector, sin(k·x) and cos(k·x) change as fast as |k| says, and the net needs
only to add them up.

Too fast waves do harm: a critic that sees every detail from the start has a hill on each mode and nothing in between,
so points go to the next hill and stay, and modes are served unevenly.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from coursekit import arguments


class Waves(nn.Module):
    """Points of the plane, each followed by sines and cosines of it.

    The lengths of the wave vectors grow geometrically from `slowest` to `fastest`, and their directions turn by the
    golden angle, so that no two are alike. Nothing is drawn and nothing is learnt: all members of an ensemble have the
    same waves.

    Args:
        count: Wave vectors.
        slowest: Length of the shortest one, in radians per unit of length.
        fastest: Length of the longest one.
        points: In a row of the input: 1, or the m of packs of m.

    Attributes:
        outputs: Numbers in a row of the output, (2 + 2 count) points.

    Raises:
        ValueError: If a number is not positive, or the slowest wave is faster than the fastest.
    """

    def __init__(self, count: int = 32, slowest: float = 0.2, fastest: float = 3.0, points: int = 1) -> None:
        super().__init__()
        self.points = arguments.count(points, "points", minimum=1)
        self.outputs = (2 + 2 * arguments.count(count, "count", minimum=1)) * points
        if not 0 < slowest <= fastest < math.inf:
            raise ValueError(f"waves need 0 < slowest <= fastest, got {slowest} and {fastest}.")
        lengths = torch.logspace(math.log10(slowest), math.log10(fastest), count, dtype=torch.float64)
        angles = math.pi * (3 - 5**0.5) * torch.arange(count, dtype=torch.float64)
        self.vectors = lengths * torch.stack([angles.cos(), angles.sin()])  # (2, count)

    def forward(self, x: Float[Tensor, "*s n packed"]) -> Float[Tensor, "*s n waves"]:
        """Maps rows of `points` points, shape (n, 2 points), to (n, outputs); an ensemble carries a leading axis S.

        Raises:
            ValueError: If a row has not two numbers for each of its points.
        """
        if x.shape[-1] != 2 * self.points:
            raise ValueError(
                f"these waves take rows of {2 * self.points} numbers, two for each of {self.points} points, got shape "
                f"{tuple(x.shape)}; `points` must be the number of points in a pack."
            )
        each = x.unflatten(-1, (self.points, 2))
        phase = each @ self.vectors.to(x)
        return torch.cat([phase.sin(), phase.cos(), each], -1).flatten(-2)
