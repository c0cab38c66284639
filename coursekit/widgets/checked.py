"""Traits that refuse a wrong value with a sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import traitlets


class Checked(traitlets.TraitType[Any, Any]):
    """A trait whose values pass through a function that returns the value to keep, or raises ValueError.

    Args:
        default: the value at first.
        check: takes the widget and the value.
    """

    def __init__(self, default: Any, check: Callable[[Any, Any], Any], **kwargs: Any):
        super().__init__(default_value=default, **kwargs)
        self._check = check
        # No echo: the page has the value that it sent, and a message of its own would only delay the picture.
        self.tag(sync=True, echo_update=False)

    def validate(self, obj: Any, value: Any) -> Any:
        """Check; the sentence of a ValueError becomes that of the TraitError, which traitlets knows to roll back."""
        try:
            return self._check(obj, value)
        except ValueError as problem:
            raise traitlets.TraitError(str(problem)) from None


def number(value: Any, name: str, low: float, high: float) -> float:
    """A finite number within [low, high], both included.

    Raises:
        ValueError: if it is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{name} must be a number, got {value!r}. Try one between {low:.3g} and {high:.3g}.")
    # The page knows the limits to fewer digits than Python does.
    if not low * (1 - 1e-9) <= value <= high * (1 + 1e-9):
        raise ValueError(f"{name} must lie between {low:.3g} and {high:.3g}, got {value:.6g}.")
    return float(value)


def whole(value: Any, name: str, low: int, high: int) -> int:
    """A whole number within [low, high].

    Raises:
        ValueError: if it is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value or int(value) != value:
        raise ValueError(f"{name} must be a whole number, got {value!r}. Try one between {low} and {high}.")
    if not low <= value <= high:
        raise ValueError(f"{name} must lie between {low} and {high}, got {int(value)}.")
    return int(value)


def flag(value: Any, name: str) -> bool:
    """True or False.

    Raises:
        ValueError: if it is neither.
    """
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be True or False, got {value!r}.")
    return value
