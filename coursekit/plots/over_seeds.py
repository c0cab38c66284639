"""Figures over seeds: a mean with its band, and one dot for each run where the runs themselves matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy import stats

from coursekit.plots.picture import Picture
from coursekit.plots.style import COLOURS, CYCLE, DASHES, LINE, TICK, canvas, dress, signed


def bands(
    x: Sequence[float],
    runs: Mapping[str, Any],
    *,
    x_label: str,
    y_label: str,
    title: str = "",
    log_x: bool = False,
    log_y: bool = False,
    marks: Mapping[str, float] | None = None,
    bottom: float | None = None,
) -> Picture:
    """Draws the mean over seeds as a line and its 95 % interval (Student's t) as a band, for each label.

    Args:
        x: Where the runs were measured, with shape (m,).
        runs: Label -> array with shape (S, m), one row for each of S >= 2 seeds.
        x_label: What x is.
        y_label: What was measured.
        title: One line.
        log_x: Whether equal ratios of x are equally far apart.
        log_y: The same for y.
        marks: Label -> x of a vertical line.
        bottom: Lower end of the vertical axis; what lies below is cut off.

    Raises:
        ValueError: If the runs do not fit x or there is only one seed, which has no band.
    """
    figure, (ax,) = canvas()
    for k, (label, values) in enumerate(runs.items()):
        table = np.asarray(values, dtype=float)
        if table.ndim != 2 or table.shape[1] != len(x) or len(table) < 2:
            raise ValueError(f"runs of {label!r} must have shape (S, {len(x)}) with S >= 2 seeds, got {table.shape}.")
        mean = table.mean(0)
        half = stats.t.ppf(0.975, len(table) - 1) * table.std(0, ddof=1) / np.sqrt(len(table))
        # On a logarithmic axis a band that reaches zero has no lower end; it is drawn down to the smallest run.
        low = np.maximum(mean - half, table.min(0)) if log_y else mean - half
        ax.fill_between(x, low, mean + half, color=CYCLE[k], alpha=0.25, linewidth=0)
        ax.plot(x, mean, color=CYCLE[k], linestyle=DASHES[k], linewidth=LINE, label=label)
    for label, place in (marks or {}).items():
        ax.axvline(place, color=COLOURS["grey"], linewidth=1.5, linestyle=":")
        ax.text(place, 1.0, f" {label}", transform=ax.get_xaxis_transform(), fontsize=12, va="top")
    ax.set_xscale("log" if log_x else "linear")
    ax.set_yscale("log" if log_y else "linear")
    if bottom is not None:
        ax.set_ylim(bottom=bottom)
    dress(ax, x=x_label, y=y_label, title=title, legend=len(runs) > 1)
    if log_x:
        _plain_ticks(ax.xaxis)
    if log_y:
        _plain_ticks(ax.yaxis)
    count = len(np.asarray(next(iter(runs.values()))))
    ends = "; ".join(
        f"{label} from {np.mean(values, 0)[0]:.3g} to {np.mean(values, 0)[-1]:.3g}" for label, values in runs.items()
    )
    return Picture(
        figure,
        f"{y_label} against {x_label} from {x[0]:.3g} to {x[-1]:.3g}, mean over {count} seeds with its 95 % interval: "
        f"{ends}.",
    )


def traces(
    runs: Sequence[Sequence[float]],
    *,
    x_label: str,
    y_label: str,
    title: str = "",
    marks: Sequence[int | None] | None = None,
    marked: str = "",
    bottom: float | None = None,
) -> Picture:
    """Draws one line for each run against its step, where the course of single runs matters and a mean would hide it.

    Args:
        runs: For each run its values at steps 0, 1, 2 and so on; they may differ in length.
        x_label: What a step is.
        y_label: What was measured.
        title: One line.
        marks: For each run the step at which it gets a dot, or None for no dot.
        marked: What a dot means, for the legend.
        bottom: Lower end of the vertical axis; what lies below is cut off.

    Raises:
        ValueError: If there is no run, or not one mark for each.
    """
    if not runs or (marks is not None and len(marks) != len(runs)):
        raise ValueError(f"traces need a run at least and a mark for each, got {len(runs)} runs and marks={marks}.")
    figure, (ax,) = canvas()
    for values in runs:
        ax.plot(range(len(values)), values, color=COLOURS["blue"], linewidth=1.4, alpha=0.75)
    dotted = [(step, runs[k][step]) for k, step in enumerate(marks or []) if step is not None]
    if dotted:
        ax.plot(*zip(*dotted, strict=True), "o", color=COLOURS["red"], markersize=8, label=marked or None, zorder=5)
    if bottom is not None:
        top = max(max(values) for values in runs)
        ax.set_ylim(bottom, top + 0.08 * (top - bottom))
    dress(ax, x=x_label, y=y_label, title=title)
    if dotted and marked:
        ax.legend(fontsize=TICK, frameon=False, loc="lower right")
    ends = np.array([values[-1] for values in runs])
    dots_in_words = f" A dot on {len(dotted)} of them: {marked}." if dotted else ""
    return Picture(
        figure,
        f"{y_label} against {x_label}, one line for each of {len(runs)} runs; they end between {signed(ends.min())} "
        f"and {signed(ends.max())}.{dots_in_words}",
    )


def _plain_ticks(axis: Any) -> None:
    """Numbers like 0.1 and 300 on a logarithmic axis, at 1, 2 and 5 times powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(10, subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def dots(
    panels: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    y_label: str,
    title: str = "",
    paired: bool = False,
    log_y: bool = False,
) -> Picture:
    """Draws one dot for each run, in a column for each label, in a group for each panel; a bar marks the mean.

    Args:
        panels: Group -> label -> one number for each seed.
        y_label: What was measured.
        title: One line.
        paired: Joins the dots of a seed across the labels of a group: was it better on the same data?
        log_y: Logarithmic axis.
    """
    figure, axes = canvas(len(panels), sharey=True)
    for number, (ax, (group, columns)) in enumerate(zip(axes, panels.items(), strict=True)):
        values = [np.asarray(column, dtype=float) for column in columns.values()]
        if paired:
            ax.plot(range(len(values)), np.stack(values), color=COLOURS["grey"], linewidth=1, alpha=0.7)
        for k, column in enumerate(values):
            # Dots are spread sideways in order, so that equal ones do not hide each other.
            spread = np.zeros(len(column)) if paired else np.linspace(-0.22, 0.22, len(column))
            ax.plot(k + spread, column, "o", color=CYCLE[k], markersize=6, alpha=0.75, markeredgewidth=0)
            ax.plot([k - 0.28, k + 0.28], [column.mean()] * 2, color=CYCLE[k], linewidth=3)
        ax.set_xticks(range(len(values)), list(columns))
        ax.set_xlim(-0.6, len(values) - 0.4)
        if log_y:
            ax.set_yscale("log")
        dress(ax, y=y_label if number == 0 else "", title=group)
    if title:
        axes[0].figure.suptitle(title, fontsize=14, x=0.01, ha="left")
    runs = len(next(iter(next(iter(panels.values())).values())))
    means = "; ".join(
        " ".join(filter(None, [group, label])) + f" {np.mean(column):.3g}"
        for group, columns in panels.items()
        for label, column in columns.items()
    )
    return Picture(figure, f"{y_label}, one dot for each of {runs} runs. Means: {means}.")
