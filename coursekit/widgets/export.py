"""Pages without a kernel: one HTML file with every frame in it.

The page runs the very `render` that JupyterLab runs, on a model of a few lines (static/shim.js) that looks frames up
instead of asking Python. So it also serves to test a widget's JavaScript in a second.
"""

from __future__ import annotations

import base64
import html
import itertools
import json
from pathlib import Path
from typing import Any

from coursekit.widgets.arrays import Arrays, pack
from coursekit.widgets.base import CanvasWidget
from coursekit.widgets.esm import DEFAULT_EXPORT, compose_css, static_text

#: More than this and a browser takes seconds to open the page.
MAX_FRAMES = 2_000


def export_html(widget: CanvasWidget, path: str | Path, *, title: str | None = None) -> Path:
    """Write a widget as one self-contained HTML file; it opens from disk, without network.

    Args:
        widget: the widget; its current settings are what the page starts from.
        path: where to write, ending in .html.
        title: the page's title and heading; that of the widget's kind if not given.

    Returns:
        The path written.

    Raises:
        ValueError: if the widget cannot be exported, or the path does not end in .html.
    """
    target = Path(path)
    if target.suffix.lower() not in {".html", ".htm"}:
        raise ValueError(f"Cannot export to {target.name!r}: expected a file name ending in .html.")
    target.write_text(page_text(widget, title or widget.page_title or type(widget).__name__), encoding="utf-8")
    return target


def page_text(widget: CanvasWidget, title: str) -> str:
    """The text of the page for a widget."""
    choices = widget.page_choices()
    frames: list[dict[str, Any]] = []
    for values in itertools.product(*choices.values()):
        if len(frames) >= MAX_FRAMES:
            raise ValueError(f"The page would hold more than {MAX_FRAMES} frames. Offer fewer choices to precompute.")
        frames.append(widget.page_state(dict(zip(choices, values, strict=True))))
    start = {
        name: getattr(widget, name)
        for name in widget.trait_names(sync=True)
        if not name.startswith("_") and name not in {"layout", "tabbable", "tooltip"}
    } | widget.page_start()
    pool = _Pool()
    data = {
        "choices": choices,
        "frames": [pool.plain(frame) for frame in frames],
        "state": pool.plain(start | {"frozen": True}),
        "pool": pool.packed,
    }
    # In a script element only "</" and "<!--" could end the data early; JSON lets every "<" be written as an escape.
    text = json.dumps(data, allow_nan=False).replace("<", "\\u003c")
    esm = str(widget._esm)
    code = esm.replace(DEFAULT_EXPORT, "const widget = { render };") + "\n" + static_text("shim.js")
    code = code.replace("</script", "<\\/script")
    name = html.escape(title)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name}</title>
<link rel="icon" href="data:,">
<style>
h1 {{ font-size: 1.3rem; margin: 0 8px 8px; }}
body {{ margin: 0 auto; max-width: 1200px; padding: 12px; font-family: system-ui, sans-serif; }}
{compose_css()}
</style>
</head>
<body>
<h1>{name}</h1>
<main id="widget"></main>
<script type="application/json" id="data">{text}</script>
<script type="module">
{code}
</script>
</body>
</html>
"""


class _Pool:
    """Arrays of a page, each written once, however many frames show it."""

    def __init__(self) -> None:
        self.packed: list[dict[str, Any]] = []
        self._held: dict[Arrays, int] = {}

    def plain(self, state: dict[str, Any]) -> dict[str, Any]:
        """The state as JSON can hold it: in place of arrays, where they are in the pool."""
        return {name: {"pooled": self._at(v)} if isinstance(v, Arrays) else v for name, v in state.items()}

    def _at(self, arrays: Arrays) -> int:
        if arrays not in self._held:
            packed = pack(arrays)
            self._held[arrays] = len(self.packed)
            self.packed.append(packed | {"block": base64.b64encode(packed["block"]).decode("ascii")})
        return self._held[arrays]
