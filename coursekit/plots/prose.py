"""Sentences whose numbers come from the code: what a lecture says is what this run measured."""

from __future__ import annotations

from typing import Any


class Prose:
    """A sentence that a notebook shows as text, with formulas."""

    def __init__(self, text: str) -> None:
        self.text = " ".join(text.split())

    def _repr_markdown_(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return self.text


def say(text: str) -> Prose:
    """Shows a sentence; write numbers into it with an f-string.

    Example:
        >>> say(f"{3 / 4:.0%} of the points lie below.")
        75% of the points lie below.
    """
    return Prose(text)


def reveal(prediction: Any, answer: Any, sentence: str) -> Prose:
    """Shows a prediction beside what came out, and why.

    Args:
        prediction: What the reader wrote before running; None for nothing.
        answer: What the code found; numbers are shown to three digits.
        sentence: The reason, in one sentence or two.

    Example:
        >>> reveal(0.25, 0.5, "Half of all z have a square below 1/4.")
        You predicted **0.25**. Answer: **0.5**. Half of all z have a square below 1/4.
    """
    said = "You made no prediction." if prediction is None else f"You predicted **{_shown(prediction)}**."
    return Prose(f"{said} Answer: **{_shown(answer)}**. {sentence}")


def _shown(value: Any) -> str:
    return f"{float(value):.3g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
