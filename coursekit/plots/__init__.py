"""Pictures for lectures: legible from the last row, the same on every run, with a description in words.

- `densities`, `pushed`, `bumps`, `quantile`, `curves`: on the line (`line.py`).
- `contours`, `pushed_grid`: in the plane (`plane.py`).
- `bands`, `dots`, `traces`: figures over seeds (`over_seeds.py`).
- `em_steps`, `mixture_fit`: what expectation-maximisation does, step by step (`mixtures.py`).
- `plan`: two heaps and how one is moved onto the other (`transports.py`).
- `say`, `reveal`, `table`, `fold`: words whose numbers the code writes (`prose.py`).
- `COLOURS`, `canvas`, `dress`, `Picture`: what they are made of, for pictures of your own (`style.py`, `picture.py`).

Each function returns a `Picture` that shows itself as the last line of a cell, on light pages and on dark ones
(`theme.py`). pyplot is never used: nothing is shown
by side effect, and no setting of yours is changed.
"""

from coursekit.plots.line import bumps, curves, densities, pushed, quantile
from coursekit.plots.mixtures import em_steps, mixture_fit
from coursekit.plots.over_seeds import bands, dots, traces
from coursekit.plots.picture import Picture
from coursekit.plots.plane import clouds, contours, pushed_grid
from coursekit.plots.prose import fold, reveal, say, table
from coursekit.plots.style import COLOURS, canvas, dress
from coursekit.plots.transports import plan

__all__ = [
    "COLOURS",
    "Picture",
    "bands",
    "bumps",
    "clouds",
    "canvas",
    "contours",
    "curves",
    "densities",
    "dots",
    "dress",
    "em_steps",
    "fold",
    "mixture_fit",
    "plan",
    "pushed",
    "pushed_grid",
    "quantile",
    "reveal",
    "say",
    "table",
    "traces",
]
