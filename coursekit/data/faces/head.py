"""The head: ears, face, eyes, brows, nose, mouth. Eyes, brows and ears use the symmetry of a face: |x| draws both."""

from torch import Tensor

from coursekit.data.faces import palette
from coursekit.data.faces.distances import box, circle, ellipse, length, segment
from coursekit.data.faces.factors import Factors
from coursekit.data.faces.parts import Part, Pixels, both, measure, union

EYE_X, EYE_Y = 0.20, 0.02

_HALF_WIDTH = {"round": 0.47, "long": 0.37, "square": 0.47}
_HALF_HEIGHT = {"round": 0.47, "long": 0.54, "square": 0.47}
_CORNER = {"round": 0.46, "long": 0.36, "square": 0.18}


def outline(factors: Factors, at: Pixels) -> Tensor:
    """The distance of the face's edge, with shape (n, H, W). Hair is measured from it."""
    half_height = measure(factors, "face_shape", _HALF_HEIGHT)
    # All heads end at the same height above, where hats sit; a long face is longer below.
    drop = half_height - 0.47
    return box(
        at.x,
        at.y - drop,
        measure(factors, "face_shape", _HALF_WIDTH),
        half_height,
        measure(factors, "face_shape", _CORNER),
    )


def ears_and_neck(factors: Factors, at: Pixels) -> Part:
    """Behind the face."""
    ears = circle(at.x.abs() - measure(factors, "face_shape", _HALF_WIDTH), at.y - 0.09, 0.10)
    neck = box(at.x, at.y - 0.52, 0.15, 0.22, 0.05)
    return Part(union(ears, neck), palette.by_value(factors, "skin", palette.SKIN), "skin")


def face(factors: Factors, edge: Tensor) -> Part:
    """The face itself, from its outline."""
    return Part(edge, palette.by_value(factors, "skin", palette.SKIN), "skin")


def cheeks_and_nose(factors: Factors, at: Pixels) -> Part:
    """Blush on both cheeks, and the tip of the nose."""
    cheeks = circle(at.x.abs() - 0.28, at.y - 0.20, 0.070)
    nose = ellipse(at.x, at.y - 0.14, 0.045, 0.035)
    colour = palette.by_value(factors, "skin", palette.BLUSH)
    return Part(union(cheeks, nose), colour, "skin", pen="not")


def eyes(factors: Factors, at: Pixels) -> list[Part]:
    """Whites, pupils and the light in them; the size follows the factor, from 0.07 to 0.15.

    No pen draws their edge: a black ring around an eye would read as glasses.
    """
    radius = 0.07 + 0.08 * factors["eye_size"][:, None, None]
    x, y = at.x.abs() - EYE_X, at.y - EYE_Y
    light = circle(x + 0.25 * radius, y + 0.30 * radius, 0.24 * radius)
    return [
        Part(circle(x, y, radius), palette.same(factors, palette.WHITE), "eyes", pen="white"),
        Part(circle(x + 0.1 * radius, y, 0.62 * radius), palette.same(factors, palette.INK), "eyes", pen="black"),
        Part(light, palette.same(factors, palette.WHITE), "eyes", pen="white"),
    ]


def brows(factors: Factors, at: Pixels) -> Part:
    """In the colour of the hair, which they show under every hat."""
    distance = segment(at.x.abs() - 0.12, at.y + 0.165, 0.15, 0.0, at.stroke(0.025))
    return Part(distance, palette.by_value(factors, "hair_colour", palette.HAIR), "hair", pen="black")


def mouth(factors: Factors, at: Pixels) -> Part:
    r"""A parabola between two fixed corners whose bend is the smile; a broad smile opens the mouth.

    With u = x / w from -1 to 1, the lower lip is y = c + b (1 - u^2); the upper lip bends less by the opening. The
    distance of a graph y = f(x) is |y - f(x)| / sqrt(1 + f'(x)^2), to first order.
    """
    smile = factors["smile"][:, None, None]
    width, line = 0.18, at.stroke(0.024)
    u = at.x / width
    bend = 0.14 * smile
    corner = 0.29 - 0.5 * bend
    gape = 0.35 * smile.clamp(min=0) * bend
    arch = 1 - u * u
    middle = corner + (bend - gape) * arch
    slope = 2 * (bend - gape) * u / width
    distance = (at.y - middle).abs() / (1 + slope * slope).sqrt() - gape * arch - line
    ends = length(at.x.abs() - width, at.y - corner) - line
    distance = union(both(distance, at.x.abs() - width), ends)
    return Part(distance, palette.by_value(factors, "skin", palette.LIPS), "mouth", pen="black")
