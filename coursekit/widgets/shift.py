"""`ShiftExplorer`: Jensen-Shannon divergence against Wasserstein distance while a density is shifted."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar

import traitlets

from coursekit import arguments
from coursekit.widgets.ahead import FramesAhead, deck
from coursekit.widgets.arrays import Arrays, ArraysTrait
from coursekit.widgets.base import CanvasWidget
from coursekit.widgets.checked import Checked, flag, number
from coursekit.widgets.esm import compose_esm
from coursekit.widgets.shift_state import SHAPES, SHIFTS, ShiftState


class ShiftExplorer(CanvasWidget):
    """Drag q away from p: JS goes flat at log 2 once they are apart, W1 goes on. What was visited leaves a trace.

    Args:
        shape: "boxes", "triangles" or "normals".
        shift: how far q is shifted at first, -4 to 4.
        large: lecture size.

    Raises:
        traitlets.TraitError: for a setting outside of its range; the sentence says what the range is.

    Example:
        >>> explorer = ShiftExplorer("boxes", shift=3.0)
        >>> round(explorer.state.here[1], 6)
        3.0
    """

    _esm = compose_esm("shift.js")
    page_title: ClassVar[str] = "Two distances while a density is shifted"

    shape = Checked("boxes", lambda _, value: arguments.known(value, SHAPES, "shape"))
    shift = Checked(0.0, lambda _, value: number(value, "shift", SHIFTS[0], SHIFTS[-1]))
    revealed = Checked(False, lambda _, value: flag(value, "revealed"))

    shapes = traitlets.List(traitlets.Unicode(), list(SHAPES), read_only=True).tag(sync=True)
    shifts = traitlets.List(traitlets.Float(), SHIFTS, read_only=True).tag(sync=True)

    base = ArraysTrait()
    curves = ArraysTrait()
    ahead = ArraysTrait()  # the curves at all shifts of the slider, once the kernel had time for them
    sweep = ArraysTrait()

    def __init__(self, shape: str = "boxes", *, shift: float = 0.0, large: bool = False, **kwargs: Any):
        self.shape, self.shift = shape, shift
        self._redraw("shape")
        super().__init__(large=large, **kwargs)
        self.observe(self._changed, ["shape", "shift", "revealed"])
        self._ahead = FramesAhead(self, "shift", given=("shape",))
        self._look_ahead()

    @property
    def state(self) -> ShiftState:
        """What is shown, as the plain object that computes it."""
        return ShiftState(self.shape, self.shift)

    def _changed(self, change: Any) -> None:
        with self.hold_sync():
            if change.name == "shape":
                self.revealed = False  # another question: predict again
            self._redraw(change.name)
        if change.name == "shape":
            self._look_ahead()

    def _redraw(self, changed: str) -> None:
        state = self.state
        if changed == "shape":
            self.base = state.base()
        if changed != "shift":
            self.sweep = _sweep(self.shape) if self.revealed else {}
        self.curves = state.curves()
        self.summary = state.describe()

    def _look_ahead(self) -> None:
        """Have the curves of all shifts computed while the kernel is idle, so that a key draws at once."""
        shape = self.shape
        self._ahead.start(SHIFTS, lambda shift: ShiftState(shape, shift).curves())

    # ------------------------------------------------------------ a page without a kernel

    def page_choices(self) -> dict[str, list[Any]]:
        """Shape and shift, and whether the whole curves are revealed."""
        return {"revealed": [False, True], "shape": list(SHAPES), "shift": SHIFTS}

    def page_start(self) -> dict[str, Any]:
        """Nothing is revealed yet."""
        choice = {"revealed": False, "shape": self.shape, "shift": min(SHIFTS, key=lambda s: abs(s - self.shift))}
        return choice | self.page_state(choice)

    def page_state(self, choice: dict[str, Any]) -> dict[str, Any]:
        """The frame for one choice: a deck of curves for each shape, words for each shift."""
        base, ahead, sweep, curves, words = _for_page(choice["shape"])
        at = SHIFTS.index(choice["shift"])
        shown = sweep if choice["revealed"] else HIDDEN
        return {"base": base, "ahead": ahead, "sweep": shown, "curves": curves, "summary": words[at]}


HIDDEN = Arrays()


@lru_cache(maxsize=len(SHAPES))
def _sweep(shape: str) -> Arrays:
    return Arrays(ShiftState(shape, 0.0).sweep())


@lru_cache(maxsize=len(SHAPES))
def _for_page(shape: str) -> tuple[Arrays, Arrays, Arrays, Arrays, list[str]]:
    """What a page without a kernel holds for a shape."""
    states = [ShiftState(shape, shift) for shift in SHIFTS]
    curves = [state.curves() for state in states]
    return (
        Arrays(states[0].base()),
        deck("shift", SHIFTS, curves, given={"shape": shape}),
        _sweep(shape),
        Arrays(curves[0]),
        [state.describe() for state in states],
    )
