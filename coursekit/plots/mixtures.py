"""Expectation-maximisation, drawn: who is responsible for each point, and where the components stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Ellipse
from torch import Tensor

from coursekit.plots.picture import Picture
from coursekit.plots.plane import plane
from coursekit.plots.style import COLOURS, CYCLE, canvas


def em_steps(x: Float[Tensor, "n 2"], states: Sequence[Any], *, columns: int = 3) -> Picture:
    """Draws states of E-M: points in the mixed colours of their responsibilities, components as ellipses.

    Args:
        x: The sample with shape (n, 2).
        states: What `expectation_maximisation` yields.
        columns: Panels side by side.
    """
    rows = -(-len(states) // columns)
    figure, axes = canvas(columns, rows, height=0.6 + 3.0 * rows, sharex=True, sharey=True)
    figure.subplots_adjust(wspace=0.08, hspace=0.3, top=1 - 0.45 / figure.get_figheight())
    low, high = _limits(x)
    for number, ax in enumerate(axes):
        if number >= len(states):
            ax.axis("off")
            continue
        state = states[number]
        draw_state(ax, x, state)
        title = f"step {state.step}: {state.log_likelihood:.3f} nats".replace("-", "−")
        plane(ax, low, high, title, first=number % columns == 0)
        if number < (rows - 1) * columns:
            ax.set_xlabel("")
    steps = ", ".join(str(state.step) for state in states)
    return Picture(
        figure,
        f"{len(x)} points in the plane after steps {steps} of expectation-maximisation, coloured by component, with an "
        f"ellipse of two standard deviations for each of {len(states[0].weights)} components.",
    )


def draw_state(ax: Axes, x: Float[Tensor, "n 2"], state: Any) -> None:
    """One state: a point that two components share has a colour between theirs."""
    palette = np.array([to_rgb(CYCLE[k % len(CYCLE)]) for k in range(len(state.weights))])
    ax.scatter(x[:, 0], x[:, 1], s=12, c=state.responsibilities.numpy() @ palette, alpha=0.6, linewidths=0)
    ellipses(ax, state.means, state.covariances, [tuple(colour) for colour in palette])


def ellipses(
    ax: Axes, means: Float[Tensor, "k 2"], covariances: Float[Tensor, "k *shape"], colours: Sequence[Any]
) -> None:
    """An ellipse at two standard deviations, where the density has fallen by exp(-2), and a cross at each mean."""
    matrices = covariances if covariances.dim() == 3 else torch.diag_embed(covariances)
    # Many components are small ones: thinner lines and crosses leave the points to be seen.
    line, cross = (2.8, 13) if len(means) <= 8 else (1.8, 6)
    for mean, matrix, colour in zip(means, matrices, colours, strict=True):
        variances, axes = torch.linalg.eigh(matrix)
        wide, high = 4 * variances.clamp_min(0.0).sqrt().flip(0)
        angle = torch.rad2deg(torch.atan2(axes[1, 1], axes[0, 1])).item()
        shape = (mean.tolist(), wide.item(), high.item())
        ax.add_patch(Ellipse(*shape, angle=angle, fill=False, edgecolor="white", linewidth=line + 2))
        ax.add_patch(Ellipse(*shape, angle=angle, fill=False, edgecolor=colour, linewidth=line))
        ax.plot(*mean.tolist(), "+", color="black", markersize=cross, markeredgewidth=cross / 5.5)


def mixture_fit(x: Float[Tensor, "n 2"], fits: Sequence[Any], *, titles: Sequence[str]) -> Picture:
    """Draws fitted mixtures over one sample, side by side.

    Args:
        x: The sample with shape (n, 2).
        fits: Each with `parameters`, as `GaussianMixture` has after `fit`.
        titles: One for each.
    """
    figure, axes = canvas(len(fits), height=4.9 if len(fits) == 2 else 3.7, sharey=True)
    low, high = _limits(x)
    for number, (ax, fit) in enumerate(zip(axes, fits, strict=True)):
        ax.plot(x[:, 0], x[:, 1], ".", color=COLOURS["grey"], markersize=4.5, markeredgewidth=0)
        means, covariances = fit.parameters.means, fit.parameters.covariances
        ellipses(ax, means, covariances, [CYCLE[k % 6] for k in range(len(means))])
        plane(ax, low, high, titles[number], first=number == 0)
    return Picture(figure, "Fitted mixtures, components as ellipses over the points: " + "; ".join(titles) + ".")


def _limits(x: Float[Tensor, "n 2"]) -> tuple[float, float]:
    """One square window for all panels, around all points."""
    centre, half = (x.max(0).values + x.min(0).values) / 2, (x.max(0).values - x.min(0).values).max() / 2
    return (centre.min() - 1.1 * half).item(), (centre.max() + 1.1 * half).item()
