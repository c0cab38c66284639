"""How all pictures look: colours that everyone can tell apart, letters for the last row, margins that never move.

Pictures are drawn black on white, and turned over where the page is dark (`theme.py`); every colour of a line has
contrast 3 or more with its background on both.

Settings are given to each figure by hand. Nothing global is changed, so a reader's own matplotlib stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from coursekit.plots.picture import WIDTH

# Okabe and Ito 2008, Color Universal Design: told apart with every kind of colour vision. On white their yellow is too
# pale for lines and left out; orange and sky are darkened. What means the same has the same colour in all lectures.
COLOURS = {
    "black": "#000000",
    "blue": "#0072B2",
    "orange": "#B58900",
    "green": "#009E73",
    "red": "#D55E00",
    "purple": "#C26A9A",
    "sky": "#3D98D0",
    "grey": "#707070",
}
CYCLE = [COLOURS[name] for name in ("blue", "red", "green", "orange", "purple", "sky", "black")]
DASHES = ["-", (0, (5, 2)), (0, (1, 1.2)), (0, (6, 2, 1.5, 2)), "-", (0, (5, 2)), (0, (1, 1.2))]
TRUTH = {"color": COLOURS["black"], "linestyle": (0, (4, 2)), "linewidth": 2.0}

LABEL, TICK, TITLE = 14, 12, 14  # points; 14 points are 19 CSS pixels
LINE = 2.4


def signed(value: float, digits: int = 4) -> str:
    """A number as it is printed: with so many digits, and a minus sign instead of a hyphen."""
    return f"{value:.{digits}g}".replace("-", "\N{MINUS SIGN}")


def canvas(
    columns: int = 1, rows: int = 1, *, height: float | None = None, **options: Any
) -> tuple[Figure, np.ndarray]:
    """Makes an empty figure of the course's width.

    The layout is frozen: margins are fixed numbers, not fitted to the letters, so that the axes of two pictures, or of
    two frames of one, lie in the same place.

    Args:
        columns: Number of panels side by side.
        rows: Number of rows of panels.
        height: In inches; 3.6 for one row and 3.1 for each of several if not given.
        options: Passed to `Figure.subplots`, for example sharey=True.

    Returns:
        The figure, and its axes with shape (rows * columns,).
    """
    high = height or (3.6 if rows == 1 else 3.1 * rows)
    figure = Figure(figsize=(WIDTH, high), facecolor="white")
    FigureCanvasAgg(figure)
    axes = np.atleast_1d(np.asarray(figure.subplots(rows, columns, **options), dtype=object)).flatten()
    shared = options.get("sharey", False)
    figure.subplots_adjust(
        left=0.85 / WIDTH,
        right=1 - 0.2 / WIDTH,
        bottom=0.65 / high,
        top=1 - 0.45 / high,
        wspace=0.12 if shared else 0.28,
        hspace=0.45,
    )
    return figure, axes


def dress(
    ax: Axes,
    *,
    x: str = "",
    y: str = "",
    title: str = "",
    legend: bool = False,
    density: bool = False,
    ticks: Sequence[float] | None = None,
) -> Axes:
    """Gives axes their words in the course's sizes, and takes away the frame where nothing is read off.

    Args:
        ax: The axes.
        x: What the horizontal axis shows, with its unit where it has one.
        y: The same for the vertical axis.
        title: One line.
        legend: Whether to list the labelled curves.
        density: Whether the vertical axis starts at zero.
        ticks: Places of the ticks of the horizontal axis, if not matplotlib's.
    """
    ax.set_xlabel(x, fontsize=LABEL)
    ax.set_ylabel(y, fontsize=LABEL)
    ax.set_title(title, fontsize=TITLE, loc="left")
    ax.tick_params(labelsize=TICK)
    ax.spines[["top", "right"]].set_visible(False)
    if density:
        ax.set_ylim(bottom=0)
    if ticks is not None:
        ax.set_xticks(ticks)
    if legend:
        ax.legend(fontsize=TICK, frameon=False, handlelength=1.8)
    return ax
