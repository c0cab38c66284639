"""Densities in the plane: contours, points, and what a map makes of a square grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from coursekit.plots.picture import Picture
from coursekit.plots.style import COLOURS, canvas, dress, signed

SIDE = 121  # nodes along each axis
SHARES = (0.95, 0.75, 0.5, 0.25, 0.05)  # probability inside of each contour


def contours(
    models: Sequence[Any],
    low: float,
    high: float,
    *,
    points: Sequence[Float[Tensor, "n 2"] | None] | None = None,
    titles: Sequence[str] = (),
    description: str = "",
) -> Picture:
    """Draws densities in the plane side by side, each by the curves that enclose 5, 25, 50, 75 and 95 % of it.

    Args:
        models: Each with `log_prob` of points with shape (n, 2).
        low: Lower end of both axes.
        high: Upper end.
        points: Points to draw under each, with shape (n, 2), or None.
        titles: One for each panel.
        description: What one sees.
    """
    figure, axes = canvas(len(models), height=_square(len(models)))
    under = points if points is not None else [None] * len(models)
    for number, (ax, model, sample) in enumerate(zip(axes, models, under, strict=True)):
        if sample is not None:
            scatter(ax, sample)
        levels_of(ax, model, low, high)
        plane(ax, low, high, titles[number] if titles else "", first=number == 0)
    return Picture(figure, description or "Densities in the plane as contours: " + "; ".join(titles or ["one"]) + ".")


def clouds(
    samples: Sequence[Float[Tensor, "n 2"]],
    low: float,
    high: float,
    *,
    titles: Sequence[str] = (),
    marks: Float[Tensor, "k 2"] | None = None,
    description: str = "",
) -> Picture:
    """Draws points in the plane, one set beside the other.

    Args:
        samples: For each panel points with shape (n, 2).
        low: Lower end of both axes; points beyond are not seen.
        high: Upper end.
        titles: One for each panel.
        marks: Places with shape (k, 2), for example modes, marked by red crosses in every panel.
        description: What one sees.

    Raises:
        ValueError: If there is nothing to draw, or there are titles and not one for each panel.
    """
    if not samples or (titles and len(titles) != len(samples)):
        raise ValueError(f"clouds need points, and a title for each set or none; got {len(samples)} sets and {titles}.")
    figure, axes = canvas(len(samples), height=_square(len(samples)))
    for number, (ax, points) in enumerate(zip(axes, samples, strict=True)):
        if marks is not None:
            ax.plot(marks[:, 0], marks[:, 1], "+", color=COLOURS["red"], markersize=9)
        scatter(ax, points)
        plane(ax, low, high, titles[number] if titles else "", first=number == 0)
    names = list(titles) or [f"set {k}" for k in range(1, len(samples) + 1)]
    said = "; ".join(
        f"{name}, {len(points)} around {_place(points)}" for name, points in zip(names, samples, strict=True)
    )
    marked = "" if marks is None else f" Marked by crosses: {len(marks)} places."
    return Picture(figure, description or f"Points in the plane, {signed(low)} to {signed(high)}: {said}.{marked}")


def _place(points: Float[Tensor, "n 2"]) -> str:
    """The mean of points, as it is read aloud."""
    return "({}, {})".format(*(signed(value, 2) for value in points.mean(0).tolist())) if len(points) else "nowhere"


def _square(panels: int) -> float:
    """Height at which panels are as high as wide."""
    return {1: 5.4, 2: 4.9, 3: 3.7}.get(panels, 3.2)


def levels_of(ax: Axes, model: Any, low: float, high: float, colour: str = COLOURS["blue"]) -> None:
    """Contours that enclose given shares of the mass in the square."""
    axis = torch.linspace(low, high, SIDE, dtype=torch.float64)
    p = model.log_prob(torch.cartesian_prod(axis, axis)).exp().reshape(SIDE, SIDE)
    ordered = p.flatten().sort(descending=True).values
    inside = ordered.cumsum(0) / ordered.sum()
    levels = sorted({ordered[int((inside < share).sum().clamp(max=len(ordered) - 1))].item() for share in SHARES})
    ax.contour(axis, axis, p.T, levels=levels, colors=colour, linewidths=1.2)


def scatter(ax: Axes, points: Float[Tensor, "n 2"], colour: str = "#404040") -> None:
    """Points, see-through, so that crowds are darker."""
    ax.plot(points[:, 0], points[:, 1], ".", color=colour, markersize=7, alpha=0.6, markeredgewidth=0)


def plane(ax: Axes, low: float, high: float, title: str = "", *, first: bool = True) -> None:
    """Square axes for points in the plane."""
    dress(ax, x="$x_1$", y="$x_2$" if first else "", title=title)
    ax.set(xlim=(low, high), ylim=(low, high), aspect="equal")


def pushed_grid(
    flows: Sequence[Any], low: float, high: float, *, titles: Sequence[str] = (), lines: int = 9
) -> Picture:
    """Draws the square grid of u and its image under each map from the unit square to the plane.

    Lines of constant u_1 are blue, lines of constant u_2 orange.

    Args:
        flows: Each maps u with shape (n, 2) to (x, ladj).
        low: Lower end of both axes of x.
        high: Upper end.
        titles: One for each map.
        lines: Number of lines in each direction.
    """
    figure, axes = canvas(1 + len(flows), height=_square(1 + len(flows)))
    levels = torch.linspace(0, 1, lines + 2, dtype=torch.float64)[1:-1]
    along = torch.linspace(1e-4, 1 - 1e-4, 201, dtype=torch.float64)
    for level in levels:
        steady = level.expand_as(along)
        for pair, colour in ((torch.stack([steady, along], 1), "blue"), (torch.stack([along, steady], 1), "orange")):
            axes[0].plot(pair[:, 0], pair[:, 1], color=COLOURS[colour], linewidth=1.5)
            for ax, flow in zip(axes[1:], flows, strict=True):
                x = flow.forward(pair)[0]
                ax.plot(x[:, 0], x[:, 1], color=COLOURS[colour], linewidth=1.5)
    plane(axes[0], 0, 1, "noise $u$")
    axes[0].set_xlabel("$u_1$")
    axes[0].set_ylabel("$u_2$")
    axes[0].set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
    for number, ax in enumerate(axes[1:]):
        plane(ax, low, high, titles[number] if titles else "")
    return Picture(
        figure,
        "Left: a square grid in the unit square, blue lines of constant u1 and orange lines of constant u2. Then its "
        f"image under {len(flows)} maps to the plane: {'; '.join(titles)}.",
    )
