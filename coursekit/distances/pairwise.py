"""All distances between two clouds of points, in blocks: what MMD and Sinkhorn are made of.

Two clouds of 5,000 points have 25 million pairs: 200 MB for one matrix of doubles, and a gradient keeps several. What
is needed of the pairs is nearly always a sum over them, so rows of the matrix are taken in blocks that fit the cache,
added up, and forgotten. Where a gradient is wanted, a block is computed a second time on the way back (checkpointing,
Chen et al. 2016): twice the work, and memory in use that does not grow with the number of pairs. The process may grow
all the same, where the C library cannot fill the holes that blocks leave: `benchmarks/distances_mmd.py` shows both.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from coursekit import arguments

# The most pairs that are in memory at once. On a processor a block fits the cache and stays below the size at which
# torch splits an operation among threads, which on a busy machine wait for each other. A GPU wants few large ones.
PAIRS_PER_BLOCK = {"cpu": 2**15, "cuda": 2**26}
FEW_COORDINATES = 8


def squared_distances(a: Float[Tensor, "*s n d"], b: Float[Tensor, "*s m d"]) -> Float[Tensor, "*s n m"]:
    """Computes |a_i - b_j|^2 with shape (*s, n, m), differentiable in both.

    With few coordinates, differences are squared and added one coordinate at a time, which is exact to rounding. With
    many, the product |a|^2 + |b|^2 - 2 a.b is a matrix product and many times faster; since two large squares nearly
    cancel there, points are first moved to the middle of b.
    """
    d = a.shape[-1]
    if d <= FEW_COORDINATES:
        squared = (a[..., :, None, 0] - b[..., None, :, 0]).square()
        for j in range(1, d):
            difference = a[..., :, None, j] - b[..., None, :, j]
            squared = torch.addcmul(squared, difference, difference)
        return squared
    middle = b.detach().mean(-2, keepdim=True)
    a, b = a - middle, b - middle
    squares = a.square().sum(-1)[..., :, None] + b.square().sum(-1)[..., None, :]
    return (squares - 2 * a @ b.transpose(-1, -2)).clamp_min(0.0)


def distances(a: Float[Tensor, "*s n d"], b: Float[Tensor, "*s m d"]) -> Float[Tensor, "*s n m"]:
    """Computes |a_i - b_j| with shape (*s, n, m); its gradient at distance 0, where there is none, is 0."""
    squared = squared_distances(a, b)
    return squared.clamp_min(torch.finfo(squared.dtype).tiny).sqrt()


def log_sum_exp(exponents: Float[Tensor, "*s n m"]) -> Float[Tensor, "*s n"]:
    """Computes log sum_j exp(t_ij) with the largest term taken out first, so that nothing overflows; overwrites t.

    As torch.logsumexp, but with powers of two: torch.exp starts threads even for small blocks. Terms below the smallest
    normal number are slow and add nothing. An entry may be -inf, a whole row may not.
    """
    powers = exponents.mul_(1 / math.log(2))
    largest = powers.detach().amax(-1, keepdim=True)
    terms = powers.sub_(largest).clamp_min_(math.log2(torch.finfo(powers.dtype).tiny)).exp2_()
    return (terms.sum(-1).log2() + largest.squeeze(-1)) * math.log(2)


def row_blocks(
    function: Callable[..., Any], x: Float[Tensor, "*s n d"], *others: Tensor, columns: int
) -> Iterator[Any]:
    """Applies a function to x block by block along its second last axis.

    Args:
        function: (number of the first row, rows of x, others ...) -> tensors; it draws no random numbers.
        x: The points whose rows are taken in blocks.
        others: Further tensors, handed over whole.
        columns: Pairs that the function makes of each row of x; with an ensemble, of one member.

    Yields:
        What the function returned for each block.
    """
    members = max(1, x.shape[:-2].numel())
    rows = max(1, PAIRS_PER_BLOCK.get(x.device.type, 2**26) // max(1, columns * members))
    n = x.shape[-2]
    again = rows < n and torch.is_grad_enabled() and any(t.requires_grad for t in (x, *others))
    for start in range(0, n, rows):
        part = x[..., start : start + rows, :]
        if again:
            yield checkpoint(function, start, part, *others, use_reentrant=False, preserve_rng_state=False)
        else:
            yield function(start, part, *others)


def clouds(x: Tensor, y: Tensor, names: tuple[str, str] = ("x", "y"), *, minimum: int = 1) -> tuple[Tensor, Tensor]:
    """Checks two samples from one space and gives both the shape (*s, n, d).

    Args:
        x: Points with shape (n, d), (n,) on the line, or (*s, n, d) for an ensemble.
        y: Likewise with shape (*s, m, d).
        names: How the caller calls them.
        minimum: The fewest points in either.

    Raises:
        ValueError: If a value is not finite, or the shapes, dtypes or devices do not fit.
    """
    for points, name in zip((x, y), names, strict=True):
        arguments.finite(points, name)
        if points.dim() == 0 or 0 in points.shape[2:]:
            raise ValueError(f"{name} must have shape (n, d), or (n,) on the line, got {tuple(points.shape)}.")
    given = f"got {names[0]} {tuple(x.shape)} and {names[1]} {tuple(y.shape)}"
    if x.dim() != y.dim():
        raise ValueError(f"{names[0]} and {names[1]} must have as many axes as each other, (n, d) and (m, d), {given}.")
    x, y = arguments.rows(x), arguments.rows(y)
    if x.shape[:-2] != y.shape[:-2] or x.shape[-1] != y.shape[-1]:
        raise ValueError(
            f"{names[0]} and {names[1]} must be points of one space, (n, d) and (m, d) with the same d, {given}; "
            "flatten pictures with .flatten(1)."
        )
    if x.dtype != y.dtype or x.device != y.device:
        raise ValueError(
            f"{names[0]} and {names[1]} must have one dtype and device, got {x.dtype} on {x.device} and {y.dtype} on "
            f"{y.device}; try {names[1]}.to({names[0]})."
        )
    for points, name in zip((x, y), names, strict=True):
        if points.shape[-2] < minimum:
            raise ValueError(f"{name} must hold at least {minimum} point{'s' * (minimum > 1)}, {given}.")
    return x, y
