"""Densities on the line: curves, histograms of samples, and how a map moves mass from one axis to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from torch import Tensor

from coursekit.plots.picture import Picture
from coursekit.plots.style import COLOURS, CYCLE, DASHES, LINE, TICK, TRUTH, canvas, dress, signed

NODES = 801  # places where a curve is evaluated


def densities(
    low: float,
    high: float,
    curves: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    *,
    samples: Float[Tensor, " n"] | None = None,
    points: Float[Tensor, " m"] | None = None,
    titles: Sequence[str] = (),
    top: float | None = None,
    description: str = "",
) -> Picture:
    """Draws densities over an interval, in one panel or in several side by side.

    Args:
        low: Left end of the interval.
        high: Right end.
        curves: Label -> anything with `log_prob`; a sequence of such mappings makes a panel of each. The label "truth"
            is drawn dashed in black, under the others.
        samples: Drawn as a grey histogram of area one, with shape (n,).
        points: Drawn as ticks below the axis, with shape (n,).
        titles: One for each panel.
        top: Height of the panels; fitted to the curves if not given.
        description: What one sees; the labels are listed if not given.
    """
    panels = [curves] if isinstance(curves, Mapping) else list(curves)
    figure, axes = canvas(len(panels), sharey=len(panels) > 1)
    x = torch.linspace(low, high, NODES, dtype=torch.float64)
    for number, (ax, panel) in enumerate(zip(axes, panels, strict=True)):
        if samples is not None:
            histogram(ax, samples, low, high)
        for k, (label, model) in enumerate((name, m) for name, m in panel.items() if name != "truth"):
            ax.plot(x, heights(model, x), color=CYCLE[k], linestyle=DASHES[k], linewidth=LINE, label=label)
        if "truth" in panel:
            ax.plot(x, heights(panel["truth"], x), label="truth", **TRUTH)
        if points is not None:
            rug(ax, points)
        title = titles[number] if titles else ""
        dress(ax, x="$x$", y="density" if number == 0 else "", title=title, density=True)
        ax.set_xlim(low, high)
        if top is not None:
            ax.set_ylim(top=top)
    # Narrow panels have no corner that is free of curves: room is made above them.
    axes[0].set_ylim(top=axes[0].get_ylim()[1] * (1.3 if len(panels) > 1 else 1.0))
    if sum(map(len, panels)) > 1 or samples is not None:
        axes[0].legend(fontsize=TICK, frameon=False, handlelength=1.8, loc="upper left" if len(panels) > 1 else "best")
    names = list(titles) or [""] * len(panels)
    labels = "; ".join(" ".join(filter(None, [t, ", ".join(p)])) for t, p in zip(names, panels, strict=True))
    end = ", with a histogram." if samples is not None else "."
    seen = f"Densities over {signed(low)} to {signed(high)}: {labels}{end}"
    return Picture(figure, description or seen)


def curves(
    x: Sequence[float],
    values: Mapping[str, Sequence[float]],
    *,
    x_label: str,
    y_label: str,
    log_x: bool = False,
    zero: bool = False,
) -> Picture:
    """Draws figures that have no chance in them against x, one line for each label; over seeds, `bands` is the one.

    Args:
        x: Places with shape (m,).
        values: Label -> one number for each place.
        x_label: What x is.
        y_label: What was computed.
        log_x: Whether equal ratios of x are equally far apart.
        zero: Draws a thin line at zero.

    Raises:
        ValueError: If a line has not one number for each place.
    """
    figure, (ax,) = canvas()
    if zero:
        ax.axhline(0, color=COLOURS["grey"], linewidth=1)
    for k, (label, line) in enumerate(values.items()):
        if len(line) != len(x):
            raise ValueError(f"{label!r} needs one number for each of {len(x)} places, got {len(line)}.")
        ax.plot(x, line, color=CYCLE[k], linestyle=DASHES[k], linewidth=LINE, label=label)
    ax.set_xscale("log" if log_x else "linear")
    dress(ax, x=x_label, y=y_label, legend=len(values) > 1)
    figure.draw_without_rendering()  # only now the legend has a place
    if covers_curve(ax):  # no corner is free of curves
        ax.legend(
            fontsize=TICK, frameon=False, handlelength=1.8, ncols=len(values), loc="lower left",
            bbox_to_anchor=(0, 1), borderaxespad=0,
        )  # fmt: skip
    ends = "; ".join(f"{label} from {signed(line[0], 3)} to {signed(line[-1], 3)}" for label, line in values.items())
    return Picture(figure, f"{y_label} against {x_label} from {signed(x[0], 3)} to {signed(x[-1], 3)}: {ends}.")


def covers_curve(ax: Axes) -> bool:
    """Whether the legend, once it was laid out, lies over one of the curves."""
    legend = ax.get_legend()
    if legend is None:
        return False
    box = legend.get_window_extent()
    paths = [line.get_path().transformed(line.get_transform()) for line in ax.get_lines()]
    return any(path.intersects_bbox(box, filled=False) for path in paths)


def histogram(ax: Axes, samples: Float[Tensor, " n"], low: float, high: float, bins: int = 60) -> None:
    """A grey histogram whose area is the share of the samples between low and high."""
    counts, edges = np.histogram(samples.numpy(), bins=bins, range=(low, high))
    ax.stairs(counts / len(samples) / np.diff(edges), edges, fill=True, color="#D9D9D9", label="samples")


def rug(ax: Axes, points: Float[Tensor, " n"]) -> None:
    """A short tick at each point, on the axis."""
    ax.plot(points, torch.zeros_like(points), "|", color=COLOURS["black"], markersize=11, clip_on=False, zorder=5)


def heights(model: Any, x: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """The density at x; places where it is infinite are left out of the curve."""
    p = model.log_prob(x).exp()
    return torch.where(p.isinf(), torch.nan, p)


def pushed(
    model: Any, *, low: float, high: float, z_low: float = 0.0, z_high: float = 1.0, n: int = 2_000, seed: int = 0
) -> Picture:
    """Shows a push-forward: even steps of z and where the map puts them, and the samples with the exact density.

    Args:
        model: A `PushForward1D`, or anything with `sample`, `log_prob` and a `map`.
        low: Left end of the axis of x.
        high: Right end.
        z_low: Left end of the axis of z.
        z_high: Right end.
        n: Number of samples in the histogram.
        seed: Of the samples.
    """
    figure, (left, right) = canvas(2)
    z = torch.linspace(z_low, z_high, 23, dtype=torch.float64)[1:-1]
    x = model.map(z)
    ends = zip(_to_unit(z, z_low, z_high), _to_unit(x, low, high), strict=True)
    lines = [[(start, 1.0), (end, 0.0)] for start, end in ends]
    left.add_collection(LineCollection(lines, colors=COLOURS["blue"], linewidths=1.4))
    for height, name, interval in ((1.0, "z", (z_low, z_high)), (0.0, "x", (low, high))):
        left.plot([0, 1], [height, height], color="black", linewidth=1.4)
        for place, end, side in ((0, interval[0], "right"), (1, interval[1], "left")):
            left.text(place + (0.02 if place else -0.02), height, signed(end), ha=side, va="center", fontsize=12)
        left.text(
            0.5,
            height + (0.05 if height else -0.05),
            f"${name}$",
            ha="center",
            va="bottom" if height else "top",
            fontsize=15,
        )
    left.set(xlim=(-0.12, 1.12), ylim=(-0.2, 1.2))
    left.axis("off")
    left.set_title("even steps of $z$, and where they land", fontsize=14, loc="left")
    samples = model.sample(n, generator=torch.Generator().manual_seed(seed))
    histogram(right, samples, low, high, bins=40)
    grid = torch.linspace(low, high, NODES, dtype=torch.float64)
    right.plot(grid, heights(model, grid), color=COLOURS["blue"], linewidth=LINE, label="exact density")
    dress(right, x="$x$", y="density", title=f"{n:,} samples", density=True, legend=True)
    tallest = float(np.histogram(samples.numpy(), bins=40, range=(low, high))[0].max()) / n / ((high - low) / 40)
    right.set(xlim=(low, high), ylim=(0, 1.25 * tallest))
    return Picture(
        figure,
        f"Left: 21 evenly spaced z between {signed(z_low)} and {signed(z_high)}, each joined by a line to x = g(z) "
        f"below. Right: histogram of {n} samples of x between {signed(low)} and {signed(high)} with the exact density "
        "as a curve.",
    )


def _to_unit(values: Float[Tensor, " n"], low: float, high: float) -> list[float]:
    return ((values - low) / (high - low)).tolist()


def quantile(target: Any, *, low: float, high: float, n: int = 20, seed: int | None = None) -> Picture:
    """Shows how F^-1 works: enter at u on the left, go right to the curve F, leave at x below.

    Args:
        target: Anything with `cdf`, `quantile` and `log_prob` on the line.
        low: Left end of the axis of x.
        high: Right end.
        n: Number of u shown.
        seed: Draws u at random; None spaces them evenly.
    """
    figure, (upper, lower) = canvas(1, 2, height=5.4, sharex=True, gridspec_kw={"height_ratios": [3, 1.4]})
    x = torch.linspace(low, high, NODES, dtype=torch.float64)
    if seed is None:
        u = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    else:
        u = torch.rand(n, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    ends = target.quantile(u)
    for level, end in zip(u.tolist(), ends.tolist(), strict=True):
        upper.plot([low, end, end], [level, level, 0], color=COLOURS["orange"], linewidth=1.2)
    upper.plot(x, target.cdf(x), color=COLOURS["blue"], linewidth=LINE + 0.4)
    upper.set_xlim(low, high)
    dress(upper, y="$u$", title="distribution function $F$", density=True)
    upper.set_ylim(0, 1.02)
    lower.plot(x, heights(target, x), color=COLOURS["blue"], linewidth=LINE)
    dress(lower, x="$x$", y="density", density=True)
    rug(lower, ends)
    figure.subplots_adjust(hspace=0.16, top=0.92, bottom=0.13)
    return Picture(
        figure,
        f"Above: the distribution function F. From each of {n} levels u a line runs right to F and down to the axis. "
        "Below: the density, with the ends of the lines as ticks; they are dense where the density is high.",
    )


def bumps(estimate: Any, *, low: float, high: float, truth: Any = None, title: str = "") -> Picture:
    """Draws a kernel density estimate on the line with the bump of each point.

    Args:
        estimate: A `KernelDensity` of few points on the line.
        low: Left end of the interval.
        high: Right end.
        truth: The density the points came from, if it is known.
        title: One line.
    """
    figure, (ax,) = canvas()
    x = torch.linspace(low, high, NODES, dtype=torch.float64)
    n = len(estimate.x)
    for k, centre in enumerate(estimate.x):
        bump = type(estimate)(centre, estimate.bandwidth, estimate.kernel).log_prob(x).exp() / n
        ax.fill_between(x, bump, color=COLOURS["orange"], alpha=0.35, linewidth=0, label="bumps" if k == 0 else None)
        ax.plot(x, bump, color=COLOURS["orange"], linewidth=1)
    ax.plot(x, heights(estimate, x), color=COLOURS["blue"], linewidth=LINE, label="their sum")
    if truth is not None:
        ax.plot(x, heights(truth, x), label="truth", **TRUTH)
    rug(ax, estimate.x.flatten())
    dress(ax, x="$x$", y="density", title=title, density=True, legend=True)
    ax.set_xlim(low, high)
    return Picture(figure, f"{n} points, a bump ({estimate.kernel}) of area 1/{n} over each, and the sum.")
