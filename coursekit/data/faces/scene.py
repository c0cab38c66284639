"""All parts of a face in the order in which they are painted, the farthest first; and the wall behind."""

import torch
from torch import Tensor

from coursekit.data.faces import hair, head, palette, wear
from coursekit.data.faces.distances import coverage, zigzag
from coursekit.data.faces.factors import FACTORS, Factors
from coursekit.data.faces.parts import Part, Pixels


def figure(factors: Factors, at: Pixels) -> list[Part]:
    """The parts from back to front: each hides what comes before it."""
    edge = head.outline(factors, at)
    return [
        hair.behind(factors, at, edge),
        head.ears_and_neck(factors, at),
        *wear.shirt(factors, at),
        head.face(factors, edge),
        head.cheeks_and_nose(factors, at),
        head.mouth(factors, at),
        *head.eyes(factors, at),
        hair.fringe(factors, at, edge),
        head.brows(factors, at),
        hair.ribbons(factors, at),
        wear.glasses(factors, at),
        *wear.hat(factors, at),
    ]


def wall(factors: Factors, at: Pixels) -> Tensor:
    """The background's colour at every pixel, with shape (n, 3, H, W): plain, or with slanting stripes."""
    # A stripe and the gap beside it are each a quarter of the picture's width.
    bands = 0.25 * (0.5 - zigzag((at.wall_x + at.wall_y) / 1.0))
    striped = (factors["stripes"] == FACTORS["stripes"].index("striped"))[:, None, None]
    covered = torch.where(striped, coverage(bands, at.pixel), 0.0)[:, None]
    plain = palette.by_value(factors, "background", palette.BACKGROUND)[:, :, None, None]
    return plain.lerp(palette.by_value(factors, "background", palette.STRIPE)[:, :, None, None], covered)
