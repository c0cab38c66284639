"""A mixture of normal distributions fitted to data."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import Real
from coursekit.density.em_start import initial_parameters
from coursekit.density.expectation_maximisation import (
    Covariance,
    Parameters,
    e_step,
    expectation_maximisation,
)
from coursekit.distributions.normal_mixture import NormalMixture


class GaussianMixture:
    """A mixture of K normal distributions, fitted by expectation-maximisation.

    Call `fit` before anything else. The steps themselves, to watch or to draw, are `expectation_maximisation`.

    Args:
        components: K.
        covariance: "full", or "diagonal" for components whose axes are those of the coordinates.
        reg_covar: Added to every variance in each M-step, in squared units of x; keeps a component from collapsing
            onto a point. The same as scikit-learn's.

    Attributes:
        parameters: Weights, means and covariances after `fit`.
        log_likelihoods: Mean log-likelihood in nats per point at the start and after each step.
        converged: Whether the last step of `fit` gained less than its tolerance.

    Raises:
        ValueError: If components is not a positive whole number, covariance is unknown, or reg_covar is negative.
    """

    parameters: Parameters
    log_likelihoods: list[float]
    converged: bool

    def __init__(self, components: int, *, covariance: Covariance = "full", reg_covar: Real = 1e-6) -> None:
        self.components = arguments.count(components, "components", minimum=1)
        self.covariance = arguments.known(covariance, ("full", "diagonal"), "kind of covariance")
        if not 0 <= reg_covar < math.inf:
            raise ValueError(f"reg_covar must be a finite number, zero or more, got {reg_covar}.")
        self.reg_covar = reg_covar

    def fit(
        self,
        x: Float[Tensor, "n *event"],
        *,
        start: Parameters | None = None,
        generator: torch.Generator | None = None,
        max_steps: int = 200,
        tolerance: Real = 1e-6,
    ) -> "GaussianMixture":
        """Fits the mixture, until a step changes the log-likelihood by less than the tolerance.

        E-M finds a local maximum: another start may end elsewhere, so compare several by their log-likelihood.

        Args:
            x: The sample with shape (n, d), or (n,) for points on the line.
            start: Where to begin; None draws `initial_parameters` by k-means++.
            generator: Source of randomness for the start.
            max_steps: Most M-steps to take.
            tolerance: In nats per point.

        Returns:
            The mixture itself.

        Raises:
            ValueError: If x has another shape, entries that are not finite, or fewer points than components, if the
                start does not fit, or if a component collapses.
        """
        arguments.points(x, "x", minimum=self.components)
        flat = arguments.rows(x)
        if start is None:
            start = initial_parameters(
                flat, self.components, covariance=self.covariance, reg_covar=self.reg_covar, generator=generator
            )
        if len(start.weights) != self.components or start.covariance != self.covariance:
            raise ValueError(
                f"the start has {len(start.weights)} components with {start.covariance} covariances, the mixture "
                f"{self.components} with {self.covariance} ones."
            )
        self.event_shape = tuple(x.shape[1:])
        self.log_likelihoods, self.converged = [], False
        for state in expectation_maximisation(flat, start, steps=max_steps, reg_covar=self.reg_covar):
            self.parameters = state.parameters
            self.log_likelihoods.append(state.log_likelihood)
            self.converged = state.step > 0 and abs(self.log_likelihoods[-1] - self.log_likelihoods[-2]) < tolerance
            if self.converged:
                break
        return self

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n *event"]:
        """Draws n points from the fitted mixture."""
        arguments.no_context(context, self)
        return self.mixture().sample(n, generator=generator).reshape(n, *self.event_shape)

    def log_prob(self, x: Float[Tensor, "n *event"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates the fitted log-density in nats with shape (n,)."""
        arguments.no_context(context, self)
        return e_step(self._flat(x), self.parameters)[1]

    def responsibilities(self, x: Float[Tensor, "n *event"]) -> Float[Tensor, "n k"]:
        """Computes for each point the probability of each component, p(k | x), with shape (n, K)."""
        return e_step(self._flat(x), self.parameters)[0]

    def represent(self, x: Float[Tensor, "n *event"]) -> Float[Tensor, "n k"]:
        """What it makes of x: which component it may come from, the responsibilities."""
        return self.responsibilities(x)

    def bic(self, x: Float[Tensor, "n *event"]) -> float:
        """Computes the Bayesian information criterion, -2 log p(x) + q log n with q free parameters; lower is better.

        Source: Schwarz 1978, Estimating the dimension of a model.
        """
        d = self._flat(x).shape[1]
        per_component = d + (d * (d + 1) // 2 if self.covariance == "full" else d)
        free = self.components * per_component + self.components - 1
        return -2 * self.log_prob(x).sum().item() + free * math.log(len(x))

    def mixture(self) -> NormalMixture:
        """The fitted distribution as a `NormalMixture`, for points with shape (n, d)."""
        self._check_fitted()
        weights, means, covariances = self.parameters.weights, self.parameters.means, self.parameters.covariances
        if self.covariance == "full":
            return NormalMixture(weights, means, covariances=covariances)
        return NormalMixture(weights, means, scales=covariances.sqrt())

    def _check_fitted(self) -> None:
        if not hasattr(self, "parameters"):
            raise ValueError("this GaussianMixture has not been fitted; call fit(x) first.")

    def _flat(self, x: Tensor) -> Tensor:
        self._check_fitted()
        arguments.points(x, "x", event_shape=self.event_shape, minimum=1)
        return arguments.rows(x)
