r"""Mixtures of normal distributions on the line: every question about them has an exact answer.

    p(x) = sum_k w_k N(x; m_k, s_k^2)

Such a mixture takes any shape that one likes, and yet its density, distribution function and samples are known
exactly. That makes it the ground truth that every estimate of the course is compared with (Marron and Wand 1992,
"Exact mean integrated squared error", use it in the same role).
"""

import math

import torch
from jaxtyping import Float
from numpy.polynomial.legendre import leggauss
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import ArrayLike, Real
from coursekit.distributions.bracketed_root import bracketed_root


class NormalMixture1D:
    """A mixture of K normal distributions on the line.

    Args:
        weights: Mixture weights w with shape (K,), not negative, sum one.
        means: Means m with shape (K,).
        scales: Standard deviations s with shape (K,), positive.

    Lists become float64 tensors; tensors keep their dtype and device.

    Raises:
        ValueError: If the shapes differ, a scale is not positive, the weights do not sum to one, or an entry is not
            finite.
    """

    def __init__(self, weights: ArrayLike, means: ArrayLike, scales: ArrayLike) -> None:
        self.weights = arguments.probabilities(arguments.as_tensor(weights, "weights"))
        self.means = arguments.as_tensor(means, "means", like=self.weights)
        self.scales = arguments.positive(arguments.as_tensor(scales, "scales", like=self.weights), "scales")
        shapes = [tuple(t.shape) for t in (self.weights, self.means, self.scales)]
        if len(set(shapes)) != 1:
            raise ValueError(f"weights, means and scales must all have shape (K,), got {', '.join(map(str, shapes))}.")

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, " n"]:
        """Draws n points: first a component with probabilities w, then a normal number from it."""
        arguments.no_context(context, self)
        arguments.count(n, "n")
        if n == 0:
            return self.means.new_empty(0)
        component = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        noise = torch.randn(n, dtype=self.means.dtype, device=self.means.device, generator=generator)
        return self.means[component] + self.scales[component] * noise

    def log_prob(self, x: Float[Tensor, " n"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates log p(x) in nats with shape (n,); finite however far out x lies.

        The sum over components is taken by log-sum-exp: far from all modes every term underflows on its own.
        """
        arguments.no_context(context, self)
        arguments.points(x, "x", event_shape=())
        z = self._standardised(x)
        log_terms = self.weights.log() - self.scales.log() - 0.5 * math.log(2 * math.pi) - 0.5 * z.square()
        return log_terms.logsumexp(-1)

    def cdf(self, x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Evaluates F(x) = sum_k w_k Phi((x - m_k) / s_k) with shape (n,), Phi the standard normal's."""
        arguments.numbers(x, "x")
        # Phi(z) = erfc(-z / sqrt 2) / 2. The other form, (1 + erf(z / sqrt 2)) / 2, cancels in the lower tail.
        return (self.weights * 0.5 * torch.erfc(-self._standardised(x) / math.sqrt(2))).sum(-1)

    def quantile(self, u: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """Evaluates F^-1(u) with shape (n,), such that |F(F^-1(u)) - u| < 1e-6 in float64, tails included.

        The root is bracketed by the components' own quantiles m_k + s_k Phi^-1(u): at the smallest of them no
        component has passed u, at the largest all have. Above the median the upper tail 1 - F is inverted instead,
        and both tails in logs: there F itself is rounded to 1, or its slope to 0, long before x is far out. The result
        is differentiable in u, with dx/du = 1 / p(x).

        Args:
            u: Probabilities in [0, 1]; 0 gives -inf and 1 gives inf.

        Raises:
            ValueError: If a u is outside of [0, 1] or NaN.
        """
        arguments.within(arguments.numbers(u, "u"), "u", 0.0, 1.0)
        fixed = u.detach().to(torch.promote_types(u.dtype, self.means.dtype))
        x = torch.where(fixed == 0, -torch.inf, torch.inf).to(fixed.dtype)
        solve = (fixed > 0) & (fixed < 1)
        x[solve] = self._solve_quantile(fixed[solve])
        if not u.requires_grad:
            return x
        # The implicit function theorem: the value is x, the derivative in u is 1 / p(x), where x is finite.
        density = torch.ones_like(x)
        density[solve] = self.log_prob(x[solve]).detach().exp()
        return x + (u - u.detach()) / density

    def _solve_quantile(self, u: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        if len(u) == 0:
            return u
        upper = u > 0.5
        sign = torch.where(upper, -1.0, 1.0).to(u.dtype)
        log_tail = torch.where(upper, 1 - u, u).log()

        def excess(x: Tensor) -> tuple[Tensor, Tensor]:
            # log F(x) - log u below the median, log(1 - u) - log(1 - F(x)) above it: increasing either way.
            z = sign[:, None] * self._standardised(x)
            log_mass = (self.weights.log() + torch.special.log_ndtr(z)).logsumexp(-1)
            return sign * (log_mass - log_tail), (self.log_prob(x) - log_mass).exp()

        active = self.weights > 0
        own = self.means[active] + self.scales[active] * torch.special.ndtri(u)[:, None]
        return bracketed_root(excess, own.amin(-1), own.amax(-1))

    def entropy(self, *, tolerance: Real = 1e-9) -> Float[Tensor, ""]:
        """Integrates H = -int p log p dx in nats.

        No closed form exists for more than one component. Gauss-Legendre quadrature with 16 nodes is applied on panels
        that start half a standard deviation long around each component; all panels are halved until the result moves
        by less than the tolerance. The mass beyond 12 standard deviations, less than 1e-32, is left out.

        Args:
            tolerance: Absolute error in nats, as judged by the last halving.

        Raises:
            ValueError: If ten halvings do not reach the tolerance; it is then below rounding error.
        """
        reach = torch.arange(-12, 12.5, 0.5, dtype=self.means.dtype, device=self.means.device)
        edges = (self.means[:, None] + self.scales[:, None] * reach).flatten().sort().values
        last = torch.inf
        for _ in range(10):
            value = self._integrate_entropy(edges)
            if abs(value.item() - last) < tolerance:
                return value
            last = value.item()
            edges = torch.cat([edges, (edges[1:] + edges[:-1]) / 2]).sort().values
        raise ValueError(
            f"the entropy did not settle to {tolerance:g} nats in dtype {self.means.dtype}; try a larger tolerance, "
            "or float64 parameters."
        )

    def _integrate_entropy(self, edges: Float[Tensor, " m"]) -> Float[Tensor, ""]:
        nodes, node_weights = (torch.as_tensor(values).to(edges) for values in leggauss(16))
        half_widths = edges.diff()[:, None] / 2
        x = (edges[:-1, None] + half_widths * (1 + nodes)).flatten()
        log_p = self.log_prob(x)
        return -(half_widths * node_weights).flatten() @ (log_p.exp() * log_p)

    @property
    def mean(self) -> Float[Tensor, ""]:
        """The mean, sum_k w_k m_k."""
        return self.weights @ self.means

    @property
    def variance(self) -> Float[Tensor, ""]:
        """The variance: that within the components plus that of their means."""
        return self.weights @ (self.scales.square() + (self.means - self.mean).square())

    def _standardised(self, x: Float[Tensor, " n"]) -> Float[Tensor, "n k"]:
        return (x[:, None] - self.means) / self.scales
