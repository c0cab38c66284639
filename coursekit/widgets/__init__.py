"""Widgets: pictures that answer while one moves a slider.

- `KDEExplorer`: a kernel density estimate, its bandwidth and kernel, and the held-out likelihood that judges them.
- `PushForwardExplorer`: u -> F^-1(u), for a density that one chooses or draws.
- `KLExplorer`: one normal for two modes; forward KL covers them, reverse KL seeks one.
- `EMExplorer`: expectation-maximisation in the plane, half a step at a time.
- `ShiftExplorer`: JS goes flat at log 2 once two densities are apart, W1 goes on.
- `TransportExplorer`: earth moved from one histogram to another at the least cost, and the potential that prices it.
- `CriticExplorer`: D* of two densities, and a critic that was trained on points of them.
- `GanGame`: a GAN in training, live: play, single steps, scrub back, two runs on one seed.
- `CanvasWidget`, `ArraysTrait`, `compose_esm`: what they are made of, for widgets of your own.
- `export_html`: a widget as one file that opens without a kernel and without network.

Python computes what is shown (`kde_state.py`, `push_forward_state.py`: read these); JavaScript in `static/` draws it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coursekit.widgets.arrays import Arrays, ArraysTrait
    from coursekit.widgets.base import CanvasWidget
    from coursekit.widgets.critic import CriticExplorer
    from coursekit.widgets.em import EMExplorer
    from coursekit.widgets.esm import compose_esm
    from coursekit.widgets.export import export_html
    from coursekit.widgets.game import GanGame
    from coursekit.widgets.kde import KDEExplorer
    from coursekit.widgets.kl import KLExplorer
    from coursekit.widgets.push_forward import PushForwardExplorer
    from coursekit.widgets.shift import ShiftExplorer
    from coursekit.widgets.transport import TransportExplorer

# Where each name lives. It is imported on first use: a notebook that shows one widget waits for that one only, and
# the Jupyter server, which loads `nodelay` from this package, loads neither torch nor ipywidgets.
_HOMES = {
    "Arrays": "arrays",
    "ArraysTrait": "arrays",
    "CanvasWidget": "base",
    "CriticExplorer": "critic",
    "EMExplorer": "em",
    "GanGame": "game",
    "KDEExplorer": "kde",
    "KLExplorer": "kl",
    "PushForwardExplorer": "push_forward",
    "ShiftExplorer": "shift",
    "TransportExplorer": "transport",
    "compose_esm": "esm",
    "export_html": "export",
}

__all__ = ["Arrays", "ArraysTrait", "CanvasWidget", "CriticExplorer", "EMExplorer", "GanGame", "KDEExplorer",
           "KLExplorer", "PushForwardExplorer", "ShiftExplorer", "TransportExplorer", "compose_esm",
           "export_html"]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"coursekit.widgets has no {name!r}. It offers: {', '.join(__all__)}.")
    return getattr(import_module(f"coursekit.widgets.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
