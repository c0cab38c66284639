"""What a face wears: a shirt, glasses, a hat. Hats cover the crown only; lenses are clear and wider than any eye."""

from torch import Tensor

from coursekit.data.faces import palette
from coursekit.data.faces.distances import box, circle, ellipse, segment, zigzag
from coursekit.data.faces.factors import Factors
from coursekit.data.faces.head import EYE_X, EYE_Y
from coursekit.data.faces.parts import Part, Pixels, both, by_value, union

_BRIM = -0.33  # where hats end, above brows and fringe


def shirt(factors: Factors, at: Pixels) -> list[Part]:
    """Shoulders in a white shirt; in a striped picture it has stripes."""
    body = _shoulders(at)
    stripes = by_value(factors, at, "stripes", {"striped": _stripes})
    return [
        Part(body, palette.same(factors, palette.SHIRT), "shirt"),
        Part(stripes, palette.same(factors, palette.SHIRT_STRIPE), "shirt", pen="not"),
    ]


def glasses(factors: Factors, at: Pixels) -> Part:
    """Frames around both eyes, and temples to the ears."""
    distance = by_value(factors, at, "glasses", {"round": _round_frames, "square": _square_frames})
    return Part(distance, palette.by_value(factors, "glasses", palette.GLASSES), "glasses", pen="black")


def hat(factors: Factors, at: Pixels) -> list[Part]:
    """A beanie with a bobble, a cap with a peak, or a crown; each with its second colour."""
    body = by_value(factors, at, "hat", {"beanie": _dome, "cap": _low_dome, "crown": _teeth})
    trim = by_value(factors, at, "hat", {"beanie": _band_and_bobble, "cap": _peak, "crown": _jewels})
    return [
        Part(body, palette.by_value(factors, "hat", palette.HAT), "hat"),
        Part(trim, palette.by_value(factors, "hat", palette.TRIM), "hat"),
    ]


def _shoulders(at: Pixels) -> Tensor:
    return box(at.x, at.y - 1.12, 0.66, 0.50, 0.32)


def _stripes(at: Pixels) -> Tensor:
    return both(_shoulders(at) + 0.02, 0.11 * (0.5 - zigzag(at.y / 0.22 + 0.35)))


def _round_frames(at: Pixels) -> Tensor:
    rims = circle(at.x.abs() - EYE_X, at.y - EYE_Y, 0.175).abs() - at.stroke(0.028)
    return union(rims, _temples(at))


def _square_frames(at: Pixels) -> Tensor:
    rims = box(at.x.abs() - EYE_X, at.y - EYE_Y, 0.175, 0.155, 0.02).abs() - at.stroke(0.028)
    return union(rims, _temples(at))


def _temples(at: Pixels) -> Tensor:
    return segment(at.x.abs() - EYE_X - 0.17, at.y - EYE_Y, 0.10, -0.02, at.stroke(0.028))


def _dome(at: Pixels) -> Tensor:
    return both(ellipse(at.x, at.y - _BRIM, 0.56, 0.42), at.y - _BRIM)


def _band_and_bobble(at: Pixels) -> Tensor:
    return union(box(at.x, at.y - _BRIM + 0.04, 0.58, 0.075, 0.05), circle(at.x, at.y - _BRIM + 0.45, 0.12))


def _low_dome(at: Pixels) -> Tensor:
    return both(ellipse(at.x, at.y - _BRIM, 0.53, 0.36), at.y - _BRIM)


def _peak(at: Pixels) -> Tensor:
    return box(at.x - 0.30, at.y - _BRIM, 0.46, 0.06, 0.05)


def _teeth(at: Pixels) -> Tensor:
    top = _BRIM - 0.32 - 0.20 * zigzag(at.x / 0.30)
    return both(box(at.x, at.y - _BRIM + 0.30, 0.47, 0.32), 0.6 * (top - at.y))


def _jewels(at: Pixels) -> Tensor:
    return circle((at.x.abs() - 0.15).abs() - 0.15, at.y - _BRIM + 0.13, 0.06)
