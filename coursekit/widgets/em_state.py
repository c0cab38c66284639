"""What `EMExplorer` shows, computed: no traits, no front end.

Expectation-maximisation alternates two half-steps (`coursekit.density.expectation_maximisation`, the code to read):

    E   with the components as they are: how likely is each of them for each point? These are the responsibilities.
    M   with the responsibilities as they are: the best components, by weighted averages.

The history of a run is a list of frames: 0 is the start, odd ones follow an E-step, even ones an M-step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from coursekit import arguments
from coursekit.density import Parameters, e_step, initial_parameters, m_step
from coursekit.distributions import NormalMixture, get, names

LONGEST = 400  # frames of a history: 200 iterations
SETTLED = 1e-6  # nats a point: an iteration that gains less is the last


def three_blobs() -> NormalMixture:
    """Three components of different shape that overlap: easy to see, not quite easy to separate."""
    covariances = [[[1.0, 0.6], [0.6, 0.8]], [[0.6, -0.3], [-0.3, 1.0]], [[0.3, 0.0], [0.0, 0.3]]]
    return NormalMixture([0.4, 0.35, 0.25], [[-2.0, -0.5], [1.2, 1.2], [1.6, -1.6]], covariances=covariances)


DENSITIES = ["three_blobs", *names(2)]


def draw(density: str, n: int, seed: int) -> Tensor:
    """Draw n points with shape (n, 2) from a density in the plane.

    Raises:
        ValueError: if the name is unknown.
    """
    arguments.known(density, DENSITIES, "density in the plane")
    target = three_blobs() if density == "three_blobs" else get(density)
    return target.sample(n, generator=torch.Generator().manual_seed(seed))


@dataclass(frozen=True, eq=False)
class Frame:
    """One moment of a run.

    Attributes:
        kind: what led here: "start", "E" or "M".
        parameters: the components.
        responsibilities: with shape (n, K); at the start nobody is responsible yet, and this is None.
        log_likelihood: of the components, in nats per point.
    """

    kind: Literal["start", "E", "M"]
    parameters: Parameters
    responsibilities: Tensor | None
    log_likelihood: float


@dataclass(eq=False)
class EMRun:
    """A sample and the history of E-M on it, which grows as far as one looks.

    Args:
        x: the sample with shape (n, 2).
        start: the components at first.
    """

    x: Tensor
    start: Parameters
    frames: list[Frame] = field(default_factory=list)

    def __post_init__(self) -> None:
        _, log_prob = e_step(self.x, self.start)
        self.frames = [Frame("start", self.start, None, log_prob.mean().item())]

    @classmethod
    def begin(cls, x: Tensor, k: int, seed: int, means: Any = None) -> EMRun:
        """A run that starts on k of the points (k-means++ with this seed), or on means of the reader's own."""
        start = initial_parameters(x, k, generator=torch.Generator().manual_seed(seed))
        if means is not None:
            own = arguments.as_tensor(means, "means", like=x)
            if own.shape != start.means.shape:
                raise ValueError(f"means must have shape ({k}, 2), got {tuple(own.shape)}.")
            start = Parameters(start.weights, own, start.covariances)
        return cls(x, start)

    def at(self, step: int) -> Frame:
        """The frame with this number; the run goes on as far as needed.

        Raises:
            ValueError: if a component collapses on the way; the sentence says which and what to do.
        """
        while len(self.frames) <= step:
            self.frames.append(self._next())
        return self.frames[step]

    def _next(self) -> Frame:
        last = self.frames[-1]
        if last.kind != "E":
            responsibilities, _ = e_step(self.x, last.parameters)
            return Frame("E", last.parameters, responsibilities, last.log_likelihood)
        assert last.responsibilities is not None
        # Nothing is added to the variances: the M-step is then the exact maximiser, and the likelihood never falls.
        parameters = m_step(self.x, last.responsibilities, reg_covar=0.0)
        _, log_prob = e_step(self.x, parameters)
        found = log_prob.mean().item()
        assert found >= last.log_likelihood - 1e-9, "E-M must never decrease the likelihood; this is a bug"
        return Frame("M", parameters, last.responsibilities, found)

    # ------------------------------------------------------------ what the page draws

    def picture(self, step: int) -> dict[str, Any]:
        """What changes with the step: components and, once there are any, responsibilities."""
        frame = self.at(step)
        r = frame.responsibilities
        return {
            "means": frame.parameters.means,
            "factors": frame.parameters.factors(),
            "weights": frame.parameters.weights,
            "responsibilities": torch.zeros(0) if r is None else r,
        }

    def climb(self) -> dict[str, Any]:
        """The log-likelihood at the start and after each M-step known so far."""
        return {"log_likelihood": [frame.log_likelihood for frame in self.frames[::2]]}

    def describe(self, step: int) -> str:
        """What is shown, in words and numbers."""
        frame = self.at(step)
        value = f"log-likelihood {frame.log_likelihood:.4f} nats a point".replace(" -", " −")
        if frame.kind == "start":
            return f"Start: components in their first places, equal weights; {value}."
        iteration = (step + 1) // 2
        if frame.kind == "E":
            assert frame.responsibilities is not None
            clear = (frame.responsibilities.amax(1) > 0.9).double().mean().item()
            return (
                f"Iteration {iteration}, E-step: each point is shared out among the components; {clear:.0%} of the "
                f"points belong to one by more than 0.9. The components have not moved: {value}."
            )
        gain = frame.log_likelihood - self.frames[step - 2].log_likelihood
        text = f"Iteration {iteration}, M-step: components moved to their weighted averages; {value}, "
        text += f"{max(0.0, gain):.2g} more than before."
        return text + (" It has settled." if gain < SETTLED else "")
