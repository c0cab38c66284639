"""From factors to pictures: parts painted one over the other, in one of four styles.

A painter's algorithm with anti-aliasing: each part covers what lies behind it by the share of the pixel that it
covers. Nothing here is random: equal factors give equal pictures, whatever else is in the batch.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.data.faces import palette
from coursekit.data.faces.distances import coverage
from coursekit.data.faces.factors import FACTORS, Factors
from coursekit.data.faces.parts import Pixels, union
from coursekit.data.faces.scene import figure, wall

SMALLEST, LARGEST = 8, 1024

# Values of one colour channel drawn at once: some thirty arrays of this length live at a time. On a CPU they should
# stay in the cache, on a GPU they should keep it busy.
_CHUNK = {"cpu": 64 * 32 * 32, "cuda": 2048 * 64 * 64}


@dataclass(frozen=True)
class Pen:
    """A style of drawing.

    Attributes:
        ink: How black the line around each part is.
        rim: How white the rim around the whole figure is.
        shade: How much darker parts get towards their edges.
    """

    ink: float = 0.0
    rim: float = 0.0
    shade: float = 0.0


PENS = {"flat": Pen(), "ink": Pen(ink=1.0), "sticker": Pen(rim=1.0), "soft": Pen(shade=0.55)}


def draw(factors: Factors, size: int = 32) -> Float[Tensor, "n 3 size size"]:
    """Draws faces.

    Args:
        factors: Of n faces; pictures get their dtype and device.
        size: Width and height in pixels, from 8; details are readable from 16.

    Returns:
        RGB pictures in [0, 1] with shape (n, 3, size, size).

    Raises:
        ValueError: If size is below 8 or above 1024.
    """
    # Sorted by style, most chunks need neither lines nor shades.
    order = factors["drawing"].argsort(stable=True)
    return in_chunks(_paint, factors[order], size)[order.argsort()]


def in_chunks(paint: Callable[[Factors, int], Tensor], factors: Factors, size: int) -> Tensor:
    """Calls `paint(factors, size)` on a few faces at a time, so that memory stays bounded."""
    check_size(size)
    step = max(1, _CHUNK.get(factors.device.type, _CHUNK["cuda"]) // size**2)
    if len(factors) <= step:
        return paint(factors, size)
    return torch.cat([paint(factors[i : i + step], size) for i in range(0, len(factors), step)])


def check_size(size: int) -> int:
    """Checks the size of a picture.

    Raises:
        ValueError: If it is not a whole number from 8 to 1024.
    """
    arguments.count(size, "size")
    if size < SMALLEST:
        raise ValueError(
            f"faces need at least {SMALLEST} pixels a side to be faces, got size={size}; for smaller pictures draw "
            "larger ones and average: torch.nn.functional.avg_pool2d(draw(factors, 16), 4)."
        )
    if size > LARGEST:
        raise ValueError(f"faces are drawn up to {LARGEST} pixels a side, got size={size}.")
    return size


def _paint(factors: Factors, size: int) -> Tensor:
    at = Pixels.of(factors, size)
    parts = figure(factors, at)
    ink, rim, shade = _pens(factors)
    picture = wall(factors, at)

    line = max(0.045, 0.5 * at.pixel)
    silhouette = union(*(part.distance for part in parts if part.pen == "edge"))
    white = palette.same(factors, palette.WHITE)[:, :, None, None]
    if rim.any():
        picture = picture.lerp(white, (rim * coverage(silhouette - 0.09, at.pixel))[:, None])

    shadow = palette.same(factors, palette.SHADOW)[:, :, None, None]
    black = palette.same(factors, palette.INK)[:, :, None, None]
    inked, shaded = bool(ink.any()), bool(shade.any())
    for part in parts:
        colour = part.colour[:, :, None, None]
        if part.pen == "edge" and inked:
            picture = picture.lerp(black, (ink * coverage(part.distance - line, at.pixel))[:, None])
        if part.pen == "edge" and shaded:
            depth = (-part.distance / 0.22).clamp(0, 1)
            colour = colour * (1 - shadow * (shade * (1 - depth) ** 2)[:, None])
        picture = picture.lerp(colour, coverage(part.distance, at.pixel)[:, None])
    return picture


def _pens(factors: Factors) -> Tensor:
    """Ink, rim and shade of each face's style, with shape (3, n, 1, 1)."""
    pens = [PENS[value] for value in FACTORS["drawing"].values]
    table = torch.tensor([[p.ink, p.rim, p.shade] for p in pens], dtype=factors.dtype, device=factors.device)
    return table[factors["drawing"]].T[:, :, None, None]
