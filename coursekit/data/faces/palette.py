"""Colours, RGB in [0, 1], by value of the factor.

Chosen apart from one another, so that a small network (or a person) can tell all values of a factor from one another
in every style of drawing, and no part vanishes against what lies behind it: hair is never brown, since skin is, and no
wall is white.
"""

import torch
from torch import Tensor

from coursekit.data.faces.factors import FACTORS, Factors

RGB = tuple[float, float, float]

SKIN: dict[str, RGB] = {
    "light": (1.00, 0.86, 0.76),
    "tan": (0.90, 0.67, 0.46),
    "brown": (0.69, 0.47, 0.32),
    "dark": (0.47, 0.32, 0.26),
}
BLUSH: dict[str, RGB] = {
    "light": (1.00, 0.70, 0.64),
    "tan": (0.90, 0.54, 0.38),
    "brown": (0.66, 0.37, 0.26),
    "dark": (0.52, 0.27, 0.23),
}
LIPS: dict[str, RGB] = {
    "light": (0.72, 0.18, 0.24),
    "tan": (0.62, 0.12, 0.16),
    "brown": (0.38, 0.06, 0.10),
    "dark": (0.95, 0.60, 0.58),
}
HAIR: dict[str, RGB] = {
    "black": (0.06, 0.07, 0.14),
    "grey": (0.53, 0.55, 0.60),
    "ginger": (0.92, 0.42, 0.10),
    "blond": (0.98, 0.82, 0.34),
    "pink": (0.95, 0.42, 0.70),
}
BACKGROUND: dict[str, RGB] = {
    "sky": (0.53, 0.79, 0.96),
    "mint": (0.60, 0.87, 0.66),
    "lilac": (0.73, 0.62, 0.93),
    "coral": (0.97, 0.55, 0.50),
    "night": (0.16, 0.20, 0.42),
}
# The second colour of a striped wall.
STRIPE: dict[str, RGB] = {
    "sky": (0.82, 0.94, 1.00),
    "mint": (0.87, 0.98, 0.87),
    "lilac": (0.91, 0.86, 1.00),
    "coral": (1.00, 0.83, 0.76),
    "night": (0.36, 0.43, 0.70),
}
HAT: dict[str, RGB] = {
    "none": (0.0, 0.0, 0.0),
    "beanie": (0.86, 0.16, 0.22),
    "cap": (0.13, 0.40, 0.86),
    "crown": (1.00, 0.80, 0.10),
}
# A hat's second colour: the beanie's band and bobble, the cap's peak, the crown's jewels.
TRIM: dict[str, RGB] = {
    "none": (0.0, 0.0, 0.0),
    "beanie": (1.00, 0.94, 0.90),
    "cap": (0.08, 0.24, 0.60),
    "crown": (0.88, 0.12, 0.30),
}
GLASSES: dict[str, RGB] = {"none": (0.0, 0.0, 0.0), "round": (0.10, 0.10, 0.14), "square": (0.02, 0.60, 0.60)}

SHIRT: RGB = (0.99, 0.97, 0.92)
SHIRT_STRIPE: RGB = (0.20, 0.33, 0.62)
# How much of each channel a shadow takes: the least of red, so that shadows stay warm.
SHADOW: RGB = (0.70, 1.00, 0.85)
INK: RGB = (0.09, 0.07, 0.12)
WHITE: RGB = (1.0, 1.0, 1.0)


def by_value(factors: Factors, name: str, colours: dict[str, RGB]) -> Tensor:
    """The colour of each face for its value of a factor, with shape (n, 3)."""
    table = torch.tensor([colours[value] for value in FACTORS[name].values], dtype=factors.dtype, device=factors.device)
    return table[factors[name]]


def same(factors: Factors, colour: RGB) -> Tensor:
    """One colour for all faces, with shape (1, 3)."""
    return torch.tensor([colour], dtype=factors.dtype, device=factors.device)
