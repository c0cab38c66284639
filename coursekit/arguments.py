"""Checks of arguments, and the sentences they raise.

A wrong argument should stop where it enters, with a sentence that says what was given, what was expected and what to
try. The alternative is a NaN that shows up forty lines later. Each function here checks one thing and returns the
value, so that a constructor reads as a list of what it needs:

    self.weights = arguments.probabilities(weights, "weights")
    self.scales = arguments.positive(scales, "scales")
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor

# A number; run-time checkers, unlike static ones, do not take an int for a float.
Real: TypeAlias = float | int
# What a constructor takes for numbers: a tensor, an array, a (nested) list, a single number.
ArrayLike: TypeAlias = Tensor | np.ndarray | Sequence[Any] | Real
Name = TypeVar("Name", bound=str)


def as_tensor(value: ArrayLike, name: str, *, like: Tensor | None = None) -> Tensor:
    """Turns numbers into a floating-point tensor without NaN or infinity.

    Tensors keep their dtype and device. Lists and numbers become float64, or what `like` has: what is typed by hand
    is usually the ground truth of a comparison and worth full precision.

    Raises:
        ValueError: If the value is not a rectangular array of real numbers, or holds NaN or infinity.
    """
    if not isinstance(value, Tensor):
        dtype, device = (like.dtype, like.device) if like is not None else (torch.float64, None)
        try:
            value = torch.as_tensor(value, dtype=dtype, device=device)
        except (ValueError, TypeError, RuntimeError) as error:
            raise ValueError(f"{name} must be numbers in a rectangular array, got {value!r}.") from error
    return finite(value, name)


def finite(x: Tensor, name: str) -> Tensor:
    """Checks that x is real floating point and holds neither NaN nor infinity.

    Raises:
        ValueError: If not; the message counts the bad entries and gives the first position.
    """
    if not isinstance(x, Tensor):
        raise ValueError(f"{name} must be a torch tensor, got {type(x).__name__}; try torch.as_tensor({name}).")
    if not x.is_floating_point():
        raise ValueError(f"{name} must be floating point, got dtype {x.dtype}; try {name}.to(torch.float64).")
    good = torch.isfinite(x)
    if not good.all():
        bad = (~good).nonzero()
        where = tuple(bad[0].tolist())
        at = f"the first at index {where[0] if len(where) == 1 else where}" if where else "the value itself"
        raise ValueError(
            f"{name} must be finite, but {len(bad)} of {x.numel()} entries {'is' if len(bad) == 1 else 'are'} NaN or "
            f"infinite ({at}); find them with torch.isfinite({name})."
        )
    return x


def numbers(x: Tensor, name: str) -> Tensor:
    """Checks numbers on the line with shape (n,); infinity is one of them, NaN is not.

    Raises:
        ValueError: If the shape is another one or an entry is NaN.
    """
    if x.dim() != 1:
        raise ValueError(f"{name} must have shape (n,), got {tuple(x.shape)}{_shape_hint(tuple(x.shape), ())}.")
    if x.isnan().any():
        raise ValueError(f"{name} must hold numbers, but entry {int(x.isnan().nonzero()[0])} is NaN.")
    return x


def points(x: Tensor, name: str, *, event_shape: Sequence[int] | None = None, minimum: int = 0) -> Tensor:
    """Checks a sample: one point a row, all finite.

    Args:
        x: Points with shape (n, *event).
        name: How the caller calls them.
        event_shape: Expected shape of one point: () on the line, (d,) in d dimensions; None admits both.
        minimum: Smallest n allowed.

    Raises:
        ValueError: If the shape is another one, if there are too few points, or if an entry is not finite.
    """
    finite(x, name)
    given = tuple(x.shape)
    if event_shape is None:
        if x.dim() not in (1, 2) or 0 in given[1:]:
            raise ValueError(
                f"{name} must have shape (n,) for points on the line or (n, d) for points in d dimensions, got {given}."
            )
    elif x.dim() == 0 or given[1:] != tuple(event_shape):
        expected = "(" + ", ".join(["n", *map(str, event_shape)]) + ("," if not event_shape else "") + ")"
        raise ValueError(f"{name} must have shape {expected}, got {given}{_shape_hint(given, tuple(event_shape))}.")
    if len(x) < minimum:
        raise ValueError(f"{name} must hold at least {minimum} point{'s' * (minimum > 1)}, got {len(x)}.")
    return x


def rows(x: Tensor) -> Tensor:
    """Gives points on the line, shape (n,), the second axis that points in d dimensions have: (n, 1)."""
    return x[:, None] if x.dim() == 1 else x


def _shape_hint(given: tuple[int, ...], event_shape: tuple[int, ...]) -> str:
    if not event_shape and len(given) == 2 and given[1] == 1:
        return "; drop the last axis with .squeeze(1)"
    if event_shape == (1,) and len(given) == 1:
        return "; add an axis with .unsqueeze(1)"
    if len(event_shape) == 1 and given == event_shape:
        return "; a single point needs a leading axis, .unsqueeze(0)"
    return ""


def positive(x: Tensor, name: str) -> Tensor:
    """Checks that every entry is finite and above zero.

    Raises:
        ValueError: If one is not.
    """
    finite(x, name)
    if not (x > 0).all():
        raise ValueError(f"{name} must be positive, got {_shown(x)}.")
    return x


def within(x: Tensor, name: str, low: float, high: float) -> Tensor:
    """Checks that every entry lies in the closed interval [low, high].

    Raises:
        ValueError: If one does not, or is NaN.
    """
    outside = ~((x >= low) & (x <= high))
    if outside.any():
        raise ValueError(
            f"{name} must lie in [{low:g}, {high:g}], but {int(outside.sum())} of {x.numel()} entries do not, "
            f"for example {x[outside].flatten()[0].item():.6g}."
        )
    return x


def increasing(x: Tensor, name: str) -> Tensor:
    """Checks a grid: shape (m,) with m >= 2, finite, each entry above the one before.

    Raises:
        ValueError: If not.
    """
    finite(x, name)
    if x.dim() != 1 or len(x) < 2:
        raise ValueError(f"{name} must be a grid with shape (m,) and at least 2 entries, got shape {tuple(x.shape)}.")
    if not (x.diff() > 0).all():
        where = int((x.diff() <= 0).nonzero()[0])
        raise ValueError(
            f"{name} must increase strictly, but entry {where + 1} ({x[where + 1].item():g}) does not exceed entry "
            f"{where} ({x[where].item():g}); sort it and drop repeats with torch.unique."
        )
    return x


def probabilities(weights: Tensor, name: str = "weights") -> Tensor:
    """Checks mixture weights: shape (K,), none negative, sum one (to 1e-5, or 1e-8 in double precision).

    Raises:
        ValueError: If not.
    """
    finite(weights, name)
    if weights.dim() != 1 or len(weights) == 0:
        raise ValueError(f"{name} must have shape (K,) with at least one entry, got {tuple(weights.shape)}.")
    if (weights < 0).any():
        raise ValueError(f"{name} must not be negative, got {_shown(weights)}.")
    total = weights.sum().item()
    if abs(total - 1.0) > (1e-8 if weights.dtype == torch.float64 else 1e-5):
        raise ValueError(f"{name} must sum to 1, but they sum to {total:.9g}; divide them by their sum.")
    return weights


def count(n: int, name: str, *, minimum: int = 0) -> int:
    """Checks a whole number.

    Raises:
        ValueError: If it is not an integer or is too small.
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise ValueError(f"{name} must be a whole number, got {n!r} of type {type(n).__name__}.")
    if n < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {n}.")
    return int(n)


def known(name: Name, choices: Iterable[str], what: str) -> Name:
    """Checks that a name is one of the choices.

    Raises:
        ValueError: If not; the message lists the choices and the nearest one.
    """
    choices = list(choices)
    if name in choices:
        return name
    near = difflib.get_close_matches(str(name).lower(), choices, n=1, cutoff=0.5)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"There is no {what} called {name!r}.{guess} Choose one of: {', '.join(choices)}.")


def no_context(context: Tensor | None, model: object) -> None:
    """Checks that an unconditional model was given no context.

    Raises:
        ValueError: If it was.
    """
    if context is not None:
        raise ValueError(
            f"{type(model).__name__} is unconditional and takes no context, got one with shape "
            f"{tuple(context.shape)}; leave context out."
        )


def _shown(x: Tensor, most: int = 6) -> str:
    flat = x.detach().flatten().tolist()
    text = ", ".join(f"{value:.6g}" for value in flat[:most])
    return f"[{text}{', ...' if len(flat) > most else ''}]" if x.dim() else text
