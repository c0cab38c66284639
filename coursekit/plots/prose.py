"""Sentences whose numbers come from the code: what a lecture says is what this run measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from coursekit.plots.style import signed


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


class Table:
    """A small table that a notebook shows as such, with formulas."""

    def __init__(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.head, self.rows = head, rows

    def _repr_markdown_(self) -> str:
        lines = ["| " + " | ".join(map(_cell, line)) + " |" for line in (self.head, *self.rows)]
        return "\n".join([lines[0], "|---" * len(self.head) + "|", *lines[1:]])

    def __repr__(self) -> str:
        return self._repr_markdown_()


class Folded:
    """A sentence, and below it something longer that opens on a click."""

    def __init__(self, sentence: Prose, row: Any) -> None:
        self.sentence, self.row = sentence, row

    def _repr_markdown_(self) -> str:
        inside = f"<summary>The whole result</summary>\n\n{self.row._repr_html_()}"
        return f"{self.sentence._repr_markdown_()}\n\n<details>{inside}\n\n</details>"

    def __repr__(self) -> str:
        return f"{self.sentence!r}\n{self.row!r}"


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


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Shows a small table; cells are text with formulas, or numbers, which are shown to three digits.

    Args:
        head: What stands above each column.
        rows: One sequence for each row, as long as the head.

    Raises:
        ValueError: If a row has another length than the head.

    Example:
        >>> table(["$n$", "error"], [[30, 0.25], [100, 0.125]])
        | $n$ | error |
        |---|---|
        | 30 | 0.25 |
        | 100 | 0.125 |
    """
    lines = [[_shown(cell) for cell in row] for row in rows]
    for line in lines:
        if len(line) != len(head):
            raise ValueError(f"each row of the table must have {len(head)} cells, as its head has; got {line}.")
    return Table(list(head), lines)


def fold(sentence: str, row: Any) -> Folded:
    """Shows the key figure of a committed result in a sentence, and the whole result on a click.

    Args:
        sentence: What the reader should take away; write numbers into it with an f-string.
        row: What `figure_row` returns, or anything else that shows itself as HTML.
    """
    return Folded(Prose(sentence), row)


def _cell(text: str) -> str:
    """A table's cell: outside of formulas, "|" would end it."""
    parts = text.split("$")
    return "$".join(part if i % 2 else part.replace("|", "\\|") for i, part in enumerate(parts))


def _shown(value: Any) -> str:
    return signed(float(value), 3) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
