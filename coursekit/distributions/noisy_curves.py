"""Data near curves: a point anywhere on a curve, plus normal noise. Two moons and spirals are of this kind.

    t in [0, 1] with density (a + 1) t^a,   k uniform over the curves,   x = c_k(t) + scale * xi,   xi ~ N(0, I)

so p(x) = 1/K sum_k  int_0^1 (a + 1) t^a N(x; c_k(t), scale^2 I) dt. The integral has no closed form, but the integrand
is smooth, and Gauss-Legendre quadrature gives it to nearly all digits once its nodes lie closer together than the noise
is wide.
"""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from numpy.polynomial.legendre import leggauss
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real
from coursekit.distributions.entropy import plane_entropy
from coursekit.distributions.uniform import open_uniform

Curve = Callable[[Tensor], Tensor]


class NoisyCurves:
    """Points on curves in the plane with normal noise.

    Args:
        curves: Each maps t with shape (m,) in [0, 1] to points with shape (m, 2).
        scale: Standard deviation of the noise.
        growth: The exponent a: 0 spreads the points evenly in t, 1 puts more where t is large.
        dtype: Of samples.
        device: Of samples.

    Attributes:
        nodes: Quadrature nodes on each curve. `log_prob` is then good to 1e-6 nats wherever p exceeds 1e-12 of its
            peak (tested by doubling them); farther out it follows the nearest node, an upper bound of the distance.

    Raises:
        ValueError: If there is no curve, or the scale is not positive.
    """

    def __init__(
        self,
        curves: Sequence[Curve],
        scale: Real,
        *,
        growth: int = 0,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str | None = None,
    ) -> None:
        if not curves:
            raise ValueError("NoisyCurves needs at least one curve.")
        if not (math.isfinite(scale) and scale > 0):
            raise ValueError(f"scale must be a positive number, got {scale}.")
        self.curves, self.scale = tuple(curves), float(scale)
        self.growth = arguments.count(growth, "growth")
        self.dtype, self.device = dtype, device
        coarse = torch.linspace(0, 1, 513, dtype=torch.float64)
        longest = max(c(coarse).diff(dim=0).norm(dim=1).max().item() * 512 for c in self.curves)
        self.nodes = int(min(max(64, 2 * longest / self.scale), 4096))  # two nodes a scale where the curve is fastest

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one point, (2,)."""
        return (2,)

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n 2"]:
        """Draws n points."""
        arguments.no_context(context, self)
        arguments.count(n, "n")
        t = open_uniform(n, dtype=self.dtype, device=self.device, generator=generator) ** (1 / (self.growth + 1))
        which = torch.randint(len(self.curves), (n,), device=t.device, generator=generator)
        noise = torch.randn(n, 2, dtype=self.dtype, device=t.device, generator=generator)
        on_curve = torch.stack([curve(t) for curve in self.curves])[which, torch.arange(n, device=t.device)]
        return on_curve + self.scale * noise

    def log_prob(self, x: Float[Tensor, "n 2"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates log p(x) in nats with shape (n,), by quadrature along the curves."""
        arguments.no_context(context, self)
        arguments.points(x, "x", event_shape=(2,))
        centres, log_weights = self._quadrature(x)
        # Blocks, so that memory does not grow with n times the number of nodes.
        block = max(1, 2**20 // len(centres))
        parts = [
            (log_weights - 0.5 * (torch.cdist(part, centres) / self.scale).square()).logsumexp(1)
            for part in x.split(block)
        ]
        return (torch.cat(parts) if parts else x.new_empty(0)) - math.log(2 * math.pi * self.scale**2)

    def entropy(self, *, tolerance: Real = 1e-6) -> float:
        """The entropy in nats, by quadrature over the plane.

        Cells are halved until it moves by less than the tolerance. Left out is what lies farther than 8 scales
        from the curves, a mass below 1e-13.

        Raises:
            ValueError: If the result does not settle.
        """
        fine = torch.linspace(0, 1, 4097, dtype=torch.float64)
        on_curves = torch.cat([curve(fine) for curve in self.curves])
        low, high = on_curves.amin(0) - 8 * self.scale, on_curves.amax(0) + 8 * self.scale
        return plane_entropy(self.log_prob, low.tolist(), high.tolist(), spacing=self.scale, tolerance=tolerance)

    def _quadrature(self, like: Tensor) -> tuple[Tensor, Tensor]:
        nodes, weights = (torch.as_tensor(v).to(like) for v in leggauss(self.nodes))
        t = (nodes + 1) / 2
        centres = torch.cat([curve(t) for curve in self.curves])
        density = (self.growth + 1) * t**self.growth
        return centres, (weights / 2 * density / len(self.curves)).log().repeat(len(self.curves))


def two_moons(scale: Real = 0.1) -> NoisyCurves:
    """Two interleaved half circles of radius 1, as in scikit-learn's `make_moons`."""

    def upper(t: Tensor) -> Tensor:
        return torch.stack([(math.pi * t).cos(), (math.pi * t).sin()], dim=1)

    def lower(t: Tensor) -> Tensor:
        return torch.stack([1 - (math.pi * t).cos(), 0.5 - (math.pi * t).sin()], dim=1)

    return NoisyCurves([upper, lower], scale)


def spirals(arms: int = 2, turns: Real = 1.5, scale: Real = 0.1) -> NoisyCurves:
    """Archimedean spirals from the origin to radius 4, one arm turned against the next.

    Points are drawn with density 2 t, which spreads them nearly evenly along the arm: its length grows like t^2.
    """
    arguments.count(arms, "arms", minimum=1)

    def arm(number: int) -> Curve:
        def curve(t: Tensor) -> Tensor:
            radius = 4 * t
            angle = 2 * math.pi * (turns * t + number / arms)
            return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1)

        return curve

    return NoisyCurves([arm(number) for number in range(arms)], scale, growth=1)
