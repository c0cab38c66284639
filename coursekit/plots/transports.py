"""Optimal transport in a picture: two heaps, the plan that moves one onto the other, and the potential behind it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from coursekit.plots.picture import Picture
from coursekit.plots.style import COLOURS, LINE, canvas, dress


def plan(p: Any, q: Any, plan: Any, f: Any | None = None, *, titles: tuple[str, str, str] | None = None) -> Picture:
    """Draws two histograms, the plan between them as a heat map, and a potential if there is one.

    Args:
        p: Masses with shape (n,), where the earth lies.
        q: Masses with shape (m,), where it should lie.
        plan: P with shape (n, m).
        f: The dual potential with shape (n,), or None for no third panel.
        titles: One for each of the three panels.
    """
    p, q, moved = (np.asarray(v, dtype=float) for v in (p, q, plan))
    figure, axes = canvas(2 if f is None else 3, height=3.9)
    names = titles or ("two heaps", "the plan $P$", "the potential $f$")
    axes[0].bar(np.arange(len(p)) - 0.2, p, 0.4, color=COLOURS["blue"], label="$p$, from")
    axes[0].bar(np.arange(len(q)) + 0.2, q, 0.4, color=COLOURS["red"], label="$q$, to")
    axes[0].set_ylim(top=1.4 * max(p.max(), q.max()))
    dress(axes[0], x="place", y="mass", title=names[0], legend=True, density=True)
    axes[1].imshow(moved, cmap="Blues", aspect="equal", vmin=0, vmax=max(moved.max(), 1e-300), origin="lower")
    axes[1].plot([-0.5, min(moved.shape) - 0.5], [-0.5, min(moved.shape) - 0.5], color=COLOURS["grey"], linewidth=1)
    dress(axes[1], x="to place $j$", y="from place $i$", title=names[1])
    if f is not None:
        f = np.asarray(f, dtype=float)
        axes[2].plot(range(len(f)), f, "o-", color=COLOURS["green"], linewidth=LINE, markersize=6)
        dress(axes[2], x="place", y="$f$", title=names[2])
    for ax in axes:
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[1].yaxis.set_major_locator(MaxNLocator(integer=True))
    share = np.trace(moved) / moved.sum() if moved.shape[0] == moved.shape[1] else 0.0
    falls = "" if f is None else f" The potential lies between {f.min():.3g} and {f.max():.3g}."
    return Picture(
        figure,
        f"Bars of two heaps over {len(p)} and {len(q)} places, and the plan as a heat map with {(moved > 1e-9).sum()} "
        f"cells in use; {share:.0%} of the mass stays where it is.{falls}",
    )
