"""Other views of the same face: its label map, its line drawing, its grey version."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from coursekit.data.faces.distances import coverage
from coursekit.data.faces.drawing import in_chunks
from coursekit.data.faces.factors import Factors
from coursekit.data.faces.parts import LABELS, Pixels
from coursekit.data.faces.scene import figure


def label_map(factors: Factors, size: int = 32) -> Int[Tensor, "n size size"]:
    """What each pixel's centre shows: the index in `LABELS` of the part on top.

    The map does not depend on colours, nor on stripes or the style of drawing.

    Args:
        factors: Of n faces.
        size: Width and height in pixels, from 8.

    Returns:
        Labels with shape (n, size, size), int64.

    Raises:
        ValueError: If size is below 8 or above 1024.
    """
    return in_chunks(_labels, factors, size)


def one_hot(labels: Int[Tensor, "n h w"], *, dtype: torch.dtype = torch.float32) -> Float[Tensor, "n classes h w"]:
    """A label map as pictures, one channel a class: what a network takes."""
    return torch.nn.functional.one_hot(labels, len(LABELS)).movedim(-1, 1).to(dtype)


def edges(factors: Factors, size: int = 32) -> Float[Tensor, "n 1 size size"]:
    """The line drawing: black edges of all visible parts on white, details such as pupils filled.

    Each part is painted white, with a black edge, over those behind it; so hidden edges stay hidden. Colours, stripes
    and the style of drawing do not show.

    Args:
        factors: Of n faces.
        size: Width and height in pixels, from 8.

    Returns:
        Pictures in [0, 1] with shape (n, 1, size, size).

    Raises:
        ValueError: If size is below 8 or above 1024.
    """
    return in_chunks(_lines, factors, size)


def grey(pictures: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 1 h w"]:
    """Luma, as television has it (ITU-R BT.601): 0.299 R + 0.587 G + 0.114 B."""
    if pictures.dim() != 4 or pictures.shape[1] != 3:
        raise ValueError(f"pictures must have shape (n, 3, height, width), got {tuple(pictures.shape)}.")
    weights = torch.tensor([0.299, 0.587, 0.114], dtype=pictures.dtype, device=pictures.device)
    return (pictures * weights[:, None, None]).sum(1, keepdim=True)


def _labels(factors: Factors, size: int) -> Tensor:
    labels = torch.zeros(len(factors), size, size, dtype=torch.int64, device=factors.device)
    for part in figure(factors, Pixels.of(factors, size)):
        labels = torch.where(part.distance < 0, LABELS.index(part.label), labels)
    return labels


def _lines(factors: Factors, size: int) -> Tensor:
    at = Pixels.of(factors, size)
    line = at.stroke(0.02)
    picture = torch.ones(len(factors), size, size, dtype=factors.dtype, device=factors.device)
    for part in figure(factors, at):
        if part.pen == "edge":
            picture = picture * (1 - coverage(part.distance - line, at.pixel))
        if part.pen != "not":
            shade = 0.0 if part.pen == "black" else 1.0
            grown = part.distance + line if part.pen == "edge" else part.distance
            picture = picture + (shade - picture) * coverage(grown, at.pixel)
    return picture[:, None]
