"""Hair: behind the head and over the forehead.

Every style differs at the sides of the head, too, so that a hat, which covers the crown only, leaves it readable.
"""

import math

import torch
from torch import Tensor

from coursekit.data.faces import palette
from coursekit.data.faces.distances import angle, box, circle, ellipse, length, zigzag
from coursekit.data.faces.factors import Factors
from coursekit.data.faces.parts import Part, Pixels, both, by_value, union


def behind(factors: Factors, at: Pixels, edge: Tensor) -> Part:
    """What of the hair lies behind the head.

    Args:
        factors: Of n faces.
        at: The pixels.
        edge: Distance of the face's edge, with shape (n, H, W).
    """
    close = both(edge - 0.08, at.y - 0.08)
    style = by_value(factors, at, "hair_style", {"long": _long, "curly": _curly, "spiky": _spiky, "pigtails": _tails})
    return Part(union(close, style), palette.by_value(factors, "hair_colour", palette.HAIR), "hair")


def _long(at: Pixels) -> Tensor:
    return box(at.x, at.y - 0.15, 0.60, 0.72, 0.45)


def _curly(at: Pixels) -> Tensor:
    """A cloud: a circle whose radius follows the angle, with 13 bumps."""
    bumps = 0.07 * (13 * math.pi * angle(at.x, at.y)).cos().abs()
    return both(length(at.x, at.y) - 0.62 - bumps, at.y - 0.40)


def _spiky(at: Pixels) -> Tensor:
    """A star with 13 points."""
    points = 0.26 * zigzag(13 * angle(at.x, at.y))
    return both(0.6 * (length(at.x, at.y) - 0.50 - points), at.y - 0.30)


def _tails(at: Pixels) -> Tensor:
    return ellipse(at.x.abs() - 0.66, at.y - 0.22, 0.19, 0.30)


def fringe(factors: Factors, at: Pixels, edge: Tensor) -> Part:
    """The hair over the forehead, from the head's top down to a line that is the style's own."""
    x = at.x
    lines = torch.stack(
        torch.broadcast_tensors(
            -0.235 + 0.10 * x,  # short: swept to a side
            -0.40 + 0.55 * x.abs(),  # long: a parting
            -0.24 + 0.05 * (13 * x).cos(),  # curly
            -0.30 + 0.16 * zigzag(5 * x),  # spiky
            -0.19 + 0.10 * x * x,  # pigtails: cut straight
        )
    )
    faces = torch.arange(len(factors), device=factors.device)
    distance = both(edge - 0.05, 0.9 * (at.y - lines[factors["hair_style"], faces]))
    return Part(distance, palette.by_value(factors, "hair_colour", palette.HAIR), "hair")


def ribbons(factors: Factors, at: Pixels) -> Part:
    """What holds the pigtails."""
    distance = by_value(
        factors, at, "hair_style", {"pigtails": lambda at: circle(at.x.abs() - 0.56, at.y + 0.06, 0.075)}
    )
    return Part(distance, palette.same(factors, palette.WHITE), "hair", pen="white")
