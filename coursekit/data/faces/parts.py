"""What a face is put together from: parts, each a distance, a colour and a label; and the pixels they are drawn on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from coursekit.data.faces.factors import FACTORS, Factors

# The classes of a label map, in the order of their numbers.
LABELS = ("background", "shirt", "skin", "hair", "eyes", "mouth", "glasses", "hat")

_FAR = 9.0  # a distance that no pixel of the picture comes near: the shape is absent


@dataclass(frozen=True)
class Part:
    """One shape of a face.

    Attributes:
        distance: Signed distance at every pixel, with shape (n, H, W).
        colour: With shape (n, 3), or (1, 3) for the same in all faces.
        label: What it is, one of LABELS.
        pen: How a pen draws it: "edge" around it; "black" or "white", filled, if it is a detail; "not" if it is only
            colour.
    """

    distance: Tensor
    colour: Tensor
    label: str
    pen: Literal["edge", "black", "white", "not"] = "edge"


@dataclass(frozen=True)
class Pixels:
    """Where the pixels' centres are: x with shape (n, 1, W), y with shape (n, H, 1), relative to each face's head.

    Attributes:
        x, y: Relative to the head's centre.
        wall_x, wall_y: Relative to the picture's centre, with shapes (1, 1, W) and (1, H, 1).
        pixel: The width of a pixel; the picture is 2 wide.
    """

    x: Tensor
    y: Tensor
    wall_x: Tensor
    wall_y: Tensor
    pixel: float

    @classmethod
    def of(cls, factors: Factors, size: int) -> "Pixels":
        """The pixels of pictures with size x size, each relative to its own head."""
        centres = (2 * torch.arange(size, dtype=factors.dtype, device=factors.device) + 1) / size - 1
        wall_x, wall_y = centres[None, None, :], centres[None, :, None]
        x = wall_x - 0.14 * factors["position_x"][:, None, None]
        y = wall_y - 0.10 * factors["position_y"][:, None, None] - 0.06
        return cls(x, y, wall_x, wall_y, 2 / size)

    def stroke(self, width: float) -> float:
        """Half the width of a line: as asked, but never so thin that it falls between the pixels."""
        return max(width, 0.45 * self.pixel)


def measure(factors: Factors, name: str, by_value: dict[str, float]) -> Tensor:
    """A measure of each face for its value of a factor, with shape (n, 1, 1)."""
    table = torch.tensor(
        [by_value[value] for value in FACTORS[name].values], dtype=factors.dtype, device=factors.device
    )
    return table[factors[name]][:, None, None]


def by_value(factors: Factors, at: Pixels, name: str, shapes: dict[str, Callable[[Pixels], Tensor]]) -> Tensor:
    """The shape that belongs to each face's value of a factor; a value that is not listed has none: it is far away."""
    distance = torch.full((1, 1, 1), _FAR, dtype=factors.dtype, device=factors.device)
    for value, shape in shapes.items():
        has = factors[name] == FACTORS[name].index(value)
        # Computed for all faces and kept for some: on a GPU that is faster than to pick the faces out.
        distance = torch.where(has[:, None, None], shape(at), distance)
    return distance


def union(*distances: Tensor) -> Tensor:
    """What is in any of the shapes."""
    result = distances[0]
    for distance in distances[1:]:
        result = torch.minimum(result, distance)
    return result


def both(first: Tensor, second: Tensor) -> Tensor:
    """What is in both shapes."""
    return torch.maximum(first, second)
