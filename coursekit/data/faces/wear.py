"""What a face wears: a shirt, glasses, a hat. Hats cover the crown only; lenses are clear and wider than any eye."""

from coursekit.data.faces import palette
from coursekit.data.faces.distances import box, circle, ellipse, segment, zigzag
from coursekit.data.faces.factors import FACTORS, Factors
from coursekit.data.faces.head import EYE_X, EYE_Y
from coursekit.data.faces.parts import Part, Pixels, both, union, where

_BRIM = -0.33  # where hats end, above brows and fringe


def shirt(factors: Factors, at: Pixels) -> list[Part]:
    """Shoulders in a white shirt; in a striped picture it has stripes."""
    body = box(at.x, at.y - 1.12, 0.66, 0.50, 0.32)
    stripes = both(body + 0.02, 0.11 * (0.5 - zigzag(at.y / 0.22 + 0.35)))
    stripes = where(factors, "stripes", "striped", stripes)
    return [
        Part(body, palette.same(factors, palette.SHIRT), "shirt"),
        Part(stripes, palette.same(factors, palette.SHIRT_STRIPE), "shirt", pen="not"),
    ]


def glasses(factors: Factors, at: Pixels) -> Part:
    """Frames around both eyes, a bridge, and temples to the ears."""
    x, y = at.x.abs() - EYE_X, at.y - EYE_Y
    line = at.stroke(0.028)
    round_ones = circle(x, y, 0.175).abs() - line
    square_ones = box(x, y, 0.175, 0.155, 0.02).abs() - line
    temples = segment(x - 0.17, y, 0.10, -0.02, line)
    rims = union(where(factors, "glasses", "round", round_ones), where(factors, "glasses", "square", square_ones))
    has = factors["glasses"] != FACTORS["glasses"].index("none")
    distance = union(rims, temples.where(has[:, None, None], rims))
    return Part(distance, palette.by_value(factors, "glasses", palette.GLASSES), "glasses", pen="black")


def hat(factors: Factors, at: Pixels) -> list[Part]:
    """A beanie with a bobble, a cap with a peak, or a crown; each with its second colour."""
    x, y = at.x, at.y
    dome = both(ellipse(x, y - _BRIM, 0.56, 0.42), y - _BRIM)
    cap = both(ellipse(x, y - _BRIM, 0.53, 0.36), y - _BRIM)
    teeth = -0.62 - 0.20 * zigzag(x / 0.30)
    crown = both(box(x, y - _BRIM + 0.30, 0.47, 0.32), 0.6 * (teeth - y))
    body = union(
        where(factors, "hat", "beanie", dome), where(factors, "hat", "cap", cap), where(factors, "hat", "crown", crown)
    )
    band = union(box(x, y - _BRIM + 0.04, 0.58, 0.075, 0.05), circle(x, y - _BRIM + 0.45, 0.12))
    peak = box(x - 0.30, y - _BRIM, 0.46, 0.06, 0.05)
    jewels = circle((x.abs() - 0.15).abs() - 0.15, y - _BRIM + 0.13, 0.06)
    trim = union(
        where(factors, "hat", "beanie", band),
        where(factors, "hat", "cap", peak),
        where(factors, "hat", "crown", jewels),
    )
    return [
        Part(body, palette.by_value(factors, "hat", palette.HAT), "hat"),
        Part(trim, palette.by_value(factors, "hat", palette.TRIM), "hat"),
    ]
