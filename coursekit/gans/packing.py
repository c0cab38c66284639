"""PacGAN: let the critic judge several points at once.

A generator that has lost modes makes points each of which is a good one. A critic that sees one point at a time can
object to that only through the density ratio; one that sees m points of the same kind can see at once that they are
too much alike: real packs seldom have all their points in two modes, the generator's always do. In terms of theory,
the packed critic compares the products p^m and p_g^m, whose total variation grows faster with m if p_g lacks mass than
if it is merely imprecise (Lin et al. 2018, whose theorems say so for mode collapse made precise by two numbers).

So x_1, ..., x_n becomes the packs (x_1, ..., x_m), (x_{m+1}, ..., x_{2m}), ...; a pack is homogeneous, all real or all
fake, and has one label. Only the critic's first layer grows. Neither loss nor loop changes, but mind the accounting: a
batch of n points is n/m packs, so at equal points the critic has m times fewer labels to learn from, and at equal
labels both nets see m times the points.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments


def pack(x: Float[Tensor, "*s_n_event"], m: int, *, lead: int = 1) -> Float[Tensor, "*s_packs_event"]:
    """Joins every m successive points into one.

    Args:
        x: Points of one kind, all real or all fake, with shape (n, d), or pictures (n, c, h, w).
        m: Points in a pack.
        lead: Which axes count points: 1, or 2 where x is an ensemble's, with shape (S, n, ...). Members do not mix.

    Returns:
        Packs with shape (n/m, m d), or pictures with m times the channels (n/m, m c, h, w).

    Raises:
        ValueError: If n is not divisible by m, or the points have no coordinate axis to be joined along.
    """
    arguments.count(m, "m, the points in a pack,", minimum=1)
    if x.dim() <= lead:
        raise ValueError(f"points to be packed need an axis of coordinates, got shape {tuple(x.shape)}.")
    if m == 1:
        return x
    check_divisible(x.shape[lead - 1], m)
    # (n, d) -> (n/m, m, d) -> (n/m, m d): successive rows of memory, so a plain view does it.
    return x.unflatten(lead - 1, (-1, m)).flatten(lead, lead + 1)


def unpack(x: Float[Tensor, "*s_packs_event"], m: int, *, lead: int = 1) -> Float[Tensor, "*s_n_event"]:
    """Takes packs apart: the inverse of `pack`.

    Raises:
        ValueError: If the coordinates are not divisible by m.
    """
    arguments.count(m, "m, the points in a pack,", minimum=1)
    if x.dim() <= lead or x.shape[lead] % m:
        raise ValueError(f"packs of {m} need {m} times the coordinates of a point, got shape {tuple(x.shape)}.")
    return x.unflatten(lead, (m, -1)).flatten(lead - 1, lead)


def check_divisible(batch: int, m: int) -> None:
    """Checks that a batch can be packed without remainder.

    Raises:
        ValueError: If not; the message gives the nearest batches that can.
    """
    if batch % m:
        below, above = batch - batch % m, batch + m - batch % m
        near = f"{below} or {above}" if below else f"{above}"
        raise ValueError(
            f"a batch of {batch} points does not divide into packs of {m}: {batch % m} would be left over. Choose a "
            f"batch of {near}, or another packing number."
        )


def repeat_pack(x: Float[Tensor, "*s_n_d"], m: int) -> Float[Tensor, "*s_n_md"]:
    """Packs each point with itself, (n, d) -> (n, m d): how a packed critic is drawn as a map of the plane.

    It shows what the critic thinks of m equal points, which is the collapsed case and not a typical pack.
    """
    arguments.count(m, "m, the points in a pack,", minimum=1)
    return torch.cat([x] * m, -1)
