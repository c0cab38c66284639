"""Sentences whose numbers come from the code: what a lecture says is what this run measured."""

from __future__ import annotations

from typing import Any


class Prose:
    """A sentence that a notebook shows as text, with formulas; with a `title`, folded until somebody opens it."""

    def __init__(self, text: str, title: str = "") -> None:
        self.text, self.title = " ".join(text.split()), title

    def _repr_markdown_(self) -> str:
        if not self.title:
            return self.text
        return f"<details><summary>{self.title}</summary>\n\n{self.text}\n\n</details>"

    def __repr__(self) -> str:
        return f"{self.title} {self.text}".strip()


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
    shown = f"Answer: **{_shown(answer)}**. {sentence}"
    if prediction is None:
        # Folded, so that running all cells at once does not give every answer away.
        return Prose(shown, title="No prediction yet. Show the answer.")
    return Prose(f"You predicted **{_shown(prediction)}**. {shown}")


def _shown(value: Any) -> str:
    return f"{float(value):.3g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
