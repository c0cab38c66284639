"""A figure that shows itself in a notebook and says in words what it shows."""

from __future__ import annotations

import base64
import html
import io
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from coursekit.plots.theme import STYLE

DPI = 144  # 1.5 dots a CSS pixel: sharp on a projector, and a few ten kilobytes a picture
WIDTH = 9.6  # inches, 922 CSS pixels: the width of a notebook's cell on a laptop


class Picture:
    """A matplotlib figure with a description for those who cannot see it.

    Args:
        figure: The figure, complete; it is drawn once.
        description: What one sees, in a sentence or two.

    Raises:
        ValueError: If the description is empty.
    """

    def __init__(self, figure: Figure, description: str) -> None:
        if not description.strip():
            raise ValueError("a Picture needs a description in words, for readers who cannot see it.")
        # Formulas are read aloud better without their dollar signs.
        self.figure, self.description = figure, " ".join(description.replace("$", "").split())

    @cached_property
    def png(self) -> bytes:
        """The picture as the bytes of a PNG file; two runs give the same bytes."""
        small, before = io.BytesIO(), self.figure.dpi
        self.figure.set_dpi(DPI)
        canvas = FigureCanvasAgg(self.figure)
        canvas.draw()  # to memory: a fifth of the time that savefig takes to compress what is compressed again below
        drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
        self.figure.set_dpi(before)
        # 256 colours are enough for curves and dots, and a third of the bytes in every saved notebook.
        drawn.quantize(256, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
        return small.getvalue()

    def save(self, path: str | Path) -> Path:
        """Writes the PNG file and returns its path."""
        target = Path(path)
        target.write_bytes(self.png)
        return target

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        # JupyterLab shows the HTML, the only form in which it keeps the description of an image; exporters to other
        # formats take the PNG.
        width = round(self.figure.get_figwidth() * 96)
        code, alt = base64.b64encode(self.png).decode("ascii"), html.escape(self.description, quote=True)
        size = f"width: {width}px; max-width: 100%"
        image = f'{STYLE}<img class="ck-picture" alt="{alt}" src="data:image/png;base64,{code}" style="{size}">'
        data = {"text/html": image, "image/png": code, "text/plain": repr(self)}
        return data, {"image/png": {"width": width, "alt": self.description}}

    def __repr__(self) -> str:
        return f"Picture: {self.description}"
