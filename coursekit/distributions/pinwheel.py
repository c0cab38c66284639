"""The pinwheel: elongated normal arms around the origin, twisted the more the farther out.

A twist by an angle that depends on the radius alone moves no mass between circles and changes no area, so its
Jacobian determinant is 1 and the density is that of the straight arms at the untwisted point. (The pinwheel of Johnson
et al. 2016 twists by the untwisted first coordinate instead; it looks the same and has no exact density.)
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real
from coursekit.distributions.entropy import plane_entropy
from coursekit.distributions.normal_mixture import NormalMixture


class Pinwheel:
    """A twisted mixture of normal arms with exact samples, density and entropy of its untwisted self.

    Args:
        arms: How many.
        radial: Standard deviation along an arm, whose middle is at radius 1.
        tangential: Standard deviation across it.
        rate: Radians of twist for each unit of radius.

    Raises:
        ValueError: If a scale is not positive or there is no arm.
    """

    def __init__(self, arms: int = 5, radial: Real = 0.3, tangential: Real = 0.05, rate: Real = 1.5) -> None:
        arguments.count(arms, "arms", minimum=1)
        if not (radial > 0 and tangential > 0 and math.isfinite(rate)):
            raise ValueError(
                f"radial and tangential must be positive and rate finite, got {radial}, {tangential} and {rate}."
            )
        angles = [2 * math.pi * k / arms for k in range(arms)]
        means = [[math.cos(a), math.sin(a)] for a in angles]
        covariances = []
        for a in angles:
            turn = torch.tensor([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]], dtype=torch.float64)
            variances = torch.tensor([radial**2, tangential**2], dtype=torch.float64)
            covariances.append(turn * variances @ turn.T)
        self.straight = NormalMixture([1 / arms] * arms, means, covariances=torch.stack(covariances))
        self.rate = float(rate)

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one point, (2,)."""
        return (2,)

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n 2"]:
        """Draws n points of the straight arms and twists them."""
        arguments.no_context(context, self)
        return self._twist(self.straight.sample(n, generator=generator), 1)

    def log_prob(self, x: Float[Tensor, "n 2"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates log p(x) in nats with shape (n,): the straight arms' density at the untwisted point."""
        arguments.no_context(context, self)
        arguments.points(x, "x", event_shape=(2,))
        straight = self._twist(x, -1).to(self.straight.means)
        return self.straight.log_prob(straight).to(x)

    def entropy(self, *, tolerance: Real = 1e-6) -> float:
        """The entropy in nats: that of the straight arms, by quadrature, since the twist changes no area.

        Cells are halved until it moves by less than the tolerance; the mass beyond 8 scales is left out.

        Raises:
            ValueError: If the result does not settle.
        """
        weights = self.straight.weights.double()
        straight = NormalMixture(
            weights / weights.sum(), self.straight.means.double(), covariances=self.straight.covariances.double()
        )
        variances = torch.linalg.eigvalsh(straight.covariances)
        half = 1 + 8 * variances.amax().sqrt().item()
        spacing = variances.amin().sqrt().item()
        return plane_entropy(straight.log_prob, [-half] * 2, [half] * 2, spacing=spacing, tolerance=tolerance)

    def _twist(self, x: Tensor, direction: int) -> Tensor:
        angle = direction * self.rate * x.norm(dim=1)
        cos, sin = angle.cos(), angle.sin()
        return torch.stack([cos * x[:, 0] - sin * x[:, 1], sin * x[:, 0] + cos * x[:, 1]], dim=1)
