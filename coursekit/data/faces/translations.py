"""Pairs of pictures of the same face: data for learning to turn one kind of picture into another.

Of real data one rarely has both halves of a pair. Here both are drawn, so a translation learned without pairs can be
measured against the truth. For unpaired data, draw the two halves from different faces:
`Faces(32, stripes="plain")` and `Faces(32, stripes="striped")`.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from coursekit import arguments
from coursekit.data.faces.drawing import draw
from coursekit.data.faces.factors import Factors
from coursekit.data.faces.labels import edges, grey, label_map, one_hot


def _from_labels(factors: Factors, size: int) -> tuple[Tensor, Tensor]:
    return one_hot(label_map(factors, size), dtype=factors.dtype), draw(factors, size)


def _from_edges(factors: Factors, size: int) -> tuple[Tensor, Tensor]:
    return edges(factors, size), draw(factors, size)


def _from_grey(factors: Factors, size: int) -> tuple[Tensor, Tensor]:
    picture = draw(factors, size)
    return grey(picture), picture


def _to_striped(factors: Factors, size: int) -> tuple[Tensor, Tensor]:
    return draw(factors.replace(stripes="plain"), size), draw(factors.replace(stripes="striped"), size)


def _restyled(style: str) -> Callable[[Factors, int], tuple[Tensor, Tensor]]:
    def pair(factors: Factors, size: int) -> tuple[Tensor, Tensor]:
        return draw(factors.replace(drawing="flat"), size), draw(factors.replace(drawing=style), size)

    return pair


def _from_small(factors: Factors, size: int) -> tuple[Tensor, Tensor]:
    picture = draw(factors, size)
    return torch.nn.functional.avg_pool2d(picture, 4), picture


TRANSLATIONS: dict[str, Callable[[Factors, int], tuple[Tensor, Tensor]]] = {
    "labels to face": _from_labels,
    "edges to face": _from_edges,
    "grey to colour": _from_grey,
    "plain to striped": _to_striped,
    "flat to ink": _restyled("ink"),
    "flat to sticker": _restyled("sticker"),
    "flat to soft": _restyled("soft"),
    "small to large": _from_small,
}


def pairs(translation: str, factors: Factors, size: int = 32) -> tuple[Tensor, Tensor]:
    """Draws both halves of n pairs.

    Args:
        translation: One of `TRANSLATIONS`, by name. "small to large" averages 4 x 4 pixels and needs a size that 4
            divides.
        factors: Of n faces; a translation that changes a factor overrides it.
        size: Width and height in pixels of the target.

    Returns:
        Sources with shape (n, channels, h, w): 8 channels for labels, 1 for edges and grey, 3 otherwise; and targets
        with shape (n, 3, size, size).

    Raises:
        ValueError: If there is no such translation, or the size does not fit.
    """
    arguments.known(translation, TRANSLATIONS, "translation")
    if translation == "small to large" and size % 4:
        raise ValueError(f"small to large averages 4 x 4 pixels, so 4 must divide the size, got {size}.")
    return TRANSLATIONS[translation](factors, size)
