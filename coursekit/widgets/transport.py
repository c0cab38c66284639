"""`TransportExplorer`: earth moved from one histogram to another, and the potential that prices it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

import traitlets

from coursekit import arguments
from coursekit.widgets.arrays import Arrays, ArraysTrait
from coursekit.widgets.base import CanvasWidget
from coursekit.widgets.checked import Checked, flag, number
from coursekit.widgets.esm import compose_esm
from coursekit.widgets.transport_state import OWN, PAIRS, TransportState, shares


class TransportExplorer(CanvasWidget):
    """Drag the bars of two histograms; the cheapest plan P, its cost and the dual potential f follow.

    Args:
        pair: the heaps to begin with: "one heap, two heaps", "left, right", "one bin further", "the same".
        p: masses of a heap of your own, 2 to 12 bins, not negative; they are divided by their sum. With q only.
        q: where it shall lie, as many bins.
        large: lecture size.

    Raises:
        ValueError: for only one of p and q, or heaps of different lengths.
        traitlets.TraitError: for a setting outside of its range; the sentence says what the range is.

    Example:
        >>> explorer = TransportExplorer(p=[3, 1, 0, 0], q=[0, 0, 2, 2])
        >>> round(explorer.state.best.cost, 6)
        2.25
    """

    _esm = compose_esm("transport.js")
    page_title: ClassVar[str] = "Move earth at the least cost"

    pair = Checked("one heap, two heaps", lambda _, value: arguments.known(value, [*PAIRS, OWN], "pair"))
    p = Checked([1.0], lambda widget, value: widget._check_heap(value, "p"))
    q = Checked([1.0], lambda widget, value: widget._check_heap(value, "q"))
    revealed = Checked(False, lambda _, value: flag(value, "revealed"))
    #: The reader's prediction of the cost, in bins.
    guess = Checked(0.0, lambda widget, value: number(value, "guess", 0.0, len(widget.p) - 1.0))

    pairs = traitlets.List(traitlets.Unicode(), [*PAIRS, OWN], read_only=True).tag(sync=True)

    heaps = ArraysTrait()
    prices = ArraysTrait()

    def __init__(
        self,
        pair: str = "one heap, two heaps",
        *,
        p: Any = None,
        q: Any = None,
        large: bool = False,
        **kwargs: Any,
    ):
        if (p is None) != (q is None):
            raise ValueError("Give both p and q, or neither: a heap alone has nowhere to go.")
        self._bins: int | None = None  # no heap yet with which another must agree
        self._following = False
        self._shown_for: tuple[tuple[float, ...], ...] = ()
        self.pair = pair if p is None else OWN
        self._take(*(PAIRS.get(self.pair, PAIRS["one heap, two heaps"]) if p is None else (p, q)))
        self._redraw()
        super().__init__(large=large, **kwargs)
        self.observe(self._changed, ["pair", "p", "q", "revealed"])

    @property
    def state(self) -> TransportState:
        """What is shown, as the plain object that computes it."""
        return self._state

    def _check_heap(self, value: Any, name: str) -> list[float]:
        heap = shares(value, name)
        if self._bins is not None and len(heap) != self._bins:
            raise ValueError(f"{name} must have {self._bins} bins like the other heap, got {len(heap)}.")
        return heap

    def _take(self, p: Any, q: Any) -> None:
        """Both heaps at once, on bins of their own."""
        self._bins = None
        self.p, self.q = p, q
        if len(self.p) != len(self.q):
            raise ValueError(f"p and q must lie on the same bins, got {len(self.p)} and {len(self.q)} masses.")
        self._bins = len(self.p)
        self.guess = min(self.guess, self._bins - 1.0)

    def _changed(self, change: Any) -> None:
        if self._following:
            return  # a change that follows from another one, which redraws
        self._following = True
        try:
            with self.hold_sync():
                if change.name == "pair" and self.pair != OWN:
                    self._take(*PAIRS[self.pair])
                    self.revealed = False  # another question: predict again
                elif change.name in {"p", "q"}:
                    self.pair = OWN
                self._redraw()
        finally:
            self._following = False

    def _redraw(self) -> None:
        if (tuple(self.p), tuple(self.q)) != self._shown_for:
            self._shown_for = (tuple(self.p), tuple(self.q))
            self._state = TransportState(*self._shown_for)
            self.heaps = self._state.heaps()
        self.prices = self._state.prices() if self.revealed else {}
        self.summary = _words(self._state, self.revealed)

    # ------------------------------------------------------------ a page without a kernel

    def page_choices(self) -> dict[str, list[Any]]:
        """The pairs of heaps, with one of the reader's own if that is shown; and whether the cost is revealed."""
        return {"revealed": [False, True], "pair": [*PAIRS, *([OWN] if self.pair == OWN else [])]}

    def page_start(self) -> dict[str, Any]:
        """Only what is precomputed can be chosen."""
        choice = {"revealed": False, "pair": self.pair}
        return {"pairs": self.page_choices()["pair"]} | choice | self.page_state(choice)

    def page_state(self, choice: dict[str, Any]) -> dict[str, Any]:
        """The frame for one pair."""
        own = choice["pair"] == OWN
        masses = (self.p, self.q) if own else PAIRS[choice["pair"]]
        state, heaps = _for_page(*(tuple(masses[k]) for k in (0, 1)))
        return {
            "p": list(state.p),
            "q": list(state.q),
            "heaps": heaps,
            "prices": Arrays(state.prices() if choice["revealed"] else {}),
            "summary": _words(state, choice["revealed"]),
        }


@lru_cache(maxsize=2 * len(PAIRS))
def _for_page(p: tuple[float, ...], q: tuple[float, ...]) -> tuple[TransportState, Arrays]:
    """Each pair is computed once, whether or not its cost is revealed."""
    state = TransportState(tuple(shares(p, "p")), tuple(shares(q, "q")))
    return state, Arrays(state.heaps())


def _words(state: TransportState, revealed: bool) -> str:
    return state.describe() + (f" {state.describe_prices()}" if revealed else "")
