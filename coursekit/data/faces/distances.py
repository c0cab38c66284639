"""Signed distances: shapes as functions of the pixel, negative inside, zero on the edge, positive outside.

Such a function is all that is needed to draw a shape at any size: its sign says what is inside, its value at a pixel
says how far the edge is, and so how much of the pixel is covered. Union, intersection and difference of shapes are
minimum and maximum of their distances; growing a shape by w is subtracting w.

Formulas: Inigo Quilez, "2D distance functions" (iquilezles.org/articles/distfunctions2d). Coordinates: the picture is
[-1, 1]^2, x to the right, y down. Every argument may be a number or a tensor that broadcasts with x (n, 1, W) and
y (n, H, 1), so that each face has its own measures.
"""

import math
from typing import TypeAlias

import torch
from torch import Tensor

# A measure: one for all faces, or with shape (n, 1, 1) one for each.
Measure: TypeAlias = Tensor | float

_TINY = 1e-12  # keeps the square root's derivative finite at the centre of a shape


def length(x: Tensor, y: Tensor) -> Tensor:
    """The distance of (x, y) from the origin."""
    return (x * x + y * y + _TINY).sqrt()


def circle(x: Tensor, y: Tensor, radius: Measure) -> Tensor:
    """A disc around the origin. Exact."""
    return length(x, y) - radius


def ellipse(x: Tensor, y: Tensor, half_width: Measure, half_height: Measure) -> Tensor:
    """An ellipse around the origin; first-order near its edge: f / |grad f| for f = |p / r| - 1."""
    u, v = x / half_width, y / half_height
    f = length(u, v)
    return f * (f - 1) / length(u / half_width, v / half_height)


def box(x: Tensor, y: Tensor, half_width: Measure, half_height: Measure, corner: Measure = 0.0) -> Tensor:
    """A box around the origin with rounded corners of the given radius. Exact."""
    u, v = x.abs() - (half_width - corner), y.abs() - (half_height - corner)
    return length(u.clamp(min=0), v.clamp(min=0)) + torch.maximum(u, v).clamp(max=0) - corner


def segment(x: Tensor, y: Tensor, to_x: float, to_y: float, thickness: Measure) -> Tensor:
    """A line from the origin to (to_x, to_y) with round ends; `thickness` is half its width. Exact."""
    along = ((x * to_x + y * to_y) / (to_x * to_x + to_y * to_y)).clamp(0, 1)
    return length(x - along * to_x, y - along * to_y) - thickness


def zigzag(t: Tensor) -> Tensor:
    """A triangle wave with period 1: 1 at whole numbers, 0 half-way between."""
    return (2 * (t - t.floor()) - 1).abs()


def angle(x: Tensor, y: Tensor) -> Tensor:
    """The direction of (x, y) in turns, from -1/2 to 1/2, zero straight up, clockwise."""
    return torch.atan2(x, -y) / (2 * math.pi)


def coverage(distance: Tensor, pixel: float) -> Tensor:
    """How much of a pixel a shape covers: from 1 inside to 0 outside, smooth over the pixel that the edge crosses.

    This is what keeps edges from looking like stairs. The step is t^2 (3 - 2 t) over one and a half pixels.

    Args:
        distance: Signed distances of pixels' centres.
        pixel: The width of a pixel.
    """
    t = (0.5 - distance / (1.5 * pixel)).clamp(0, 1)
    return t * t * (3 - 2 * t)
