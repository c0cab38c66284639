"""`PushForwardExplorer`: uniform noise becomes any density, one point at a time."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import traitlets

from coursekit import arguments
from coursekit.widgets.arrays import Arrays, ArraysTrait
from coursekit.widgets.base import CanvasWidget
from coursekit.widgets.checked import Checked, number, whole
from coursekit.widgets.esm import compose_esm
from coursekit.widgets.named import line_names
from coursekit.widgets.push_forward_state import DRAWN, KNOTS, LEVELS, PushForwardState, interval, knots

SIZES = [50, 100, 200, 500, 1000, 2000]


def _check_heights(_: Any, value: Any) -> list[float]:
    try:
        heights = [float(h) for h in value]
    except (TypeError, ValueError):
        raise ValueError(f"heights must be {KNOTS} numbers, got {value!r}.") from None
    if len(heights) != KNOTS or not all(math.isfinite(h) and h >= 0 for h in heights):
        raise ValueError(
            f"heights must be {KNOTS} finite numbers that are not negative, got {len(heights)}: {value!r}."
        )
    if not any(heights):
        raise ValueError("All heights are zero, so there is no mass to push: raise at least one.")
    return heights


class PushForwardExplorer(CanvasWidget):
    """Choose or draw a density and watch u -> F^-1(u) turn uniform noise into it.

    Args:
        density: a density on the line, one of `coursekit.distributions.names(1)`.
        heights: a density of your own instead: `KNOTS` (25) heights over equal steps from low to high, not negative,
            not all zero; straight lines between them, the area is made one.
        low: left end of the part of the line on which heights are drawn.
        high: right end.
        n: how many points, 1 to 2,000.
        seed: seed of the uniform numbers, a whole number from 0.
        shown: how many points have been pushed already.
        large: lecture size.

    Raises:
        ValueError: for ends that are not low < high.
        traitlets.TraitError: for a setting outside of its range; the sentence says what the range is.

    Example:
        >>> explorer = PushForwardExplorer("claw", n=500)
        >>> explorer.shown = 500
    """

    _esm = compose_esm("push_forward.js")
    page_title: ClassVar[str] = "Push noise through F⁻¹"
    actions: ClassVar[tuple[str, ...]] = ("resample",)

    density = Checked("bimodal", lambda _, value: arguments.known(value, [*line_names(), DRAWN], "density on the line"))
    heights = Checked([1.0] * KNOTS, _check_heights)
    n = Checked(500, lambda _, value: whole(value, "n", 1, 2000))
    seed = Checked(0, lambda _, value: whole(value, "seed", 0, 2**31 - 1))
    shown = Checked(0, lambda widget, value: whole(value, "shown", 0, widget.n))
    u = Checked(0.5, lambda _, value: number(value, "u", LEVELS[0], LEVELS[-1]))

    low = traitlets.Float(0.0, read_only=True).tag(sync=True)
    high = traitlets.Float(1.0, read_only=True).tag(sync=True)
    ceiling = traitlets.Float(1.0, read_only=True, help="the greatest height that can be drawn").tag(sync=True)
    densities = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    sizes = traitlets.List(traitlets.Int(), SIZES, read_only=True).tag(sync=True)
    levels = traitlets.List(traitlets.Float(), LEVELS, read_only=True).tag(sync=True)

    curves = ArraysTrait()
    pushed = ArraysTrait()

    def __init__(
        self,
        density: str = "bimodal",
        *,
        heights: Any = None,
        low: float = -3.0,
        high: float = 3.0,
        n: int = 500,
        seed: int = 0,
        shown: int = 0,
        large: bool = False,
        **kwargs: Any,
    ):
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"low and high must be finite with low < high, got {low} and {high}.")
        self._state: PushForwardState | None = None
        self._shown_for: tuple[Any, ...] = ()
        # All is set before the base class opens the channel to the page, so that one message brings the first frame.
        self.set_trait("densities", [*line_names(), DRAWN])
        self.n, self.seed, self.shown = n, seed, shown
        if heights is None:
            self.density = density
        else:
            self.heights, self.density = heights, DRAWN
            self._set_interval(low, high, 1.25 * max(self.heights))
        self._redraw()
        super().__init__(large=large, **kwargs)
        self.observe(self._changed, ["density", "heights", "n", "seed"])

    @property
    def state(self) -> PushForwardState:
        """What is shown, as the plain object that computes it."""
        assert self._state is not None
        return self._state

    def resample(self) -> None:
        """Draw new uniform numbers: the seed goes up by one."""
        self.seed += 1

    def _set_interval(self, low: float, high: float, ceiling: float) -> None:
        for trait, value in (("low", low), ("high", high), ("ceiling", ceiling)):
            self.set_trait(trait, float(value))

    def _changed(self, change: Any) -> None:
        if self._wanted() == self._shown_for:
            return  # heights of a density that has a name, or the second of two traits that changed together
        with self.hold_sync():
            if change.name == "n" and self.shown > self.n:
                self.shown = self.n
            self._redraw()

    def _wanted(self) -> tuple[Any, ...]:
        """All that the picture follows from."""
        return (self.density, self.n, self.seed, *(self.heights if self.density == DRAWN else ()))

    def _redraw(self) -> None:
        if self.density == DRAWN:
            self._state = PushForwardState.drawn(self.heights, self.low, self.high, self.n, self.seed)
        else:
            self._state = PushForwardState.named(self.density, self.n, self.seed)
            # Drawing starts from the density that was chosen last.
            self._set_interval(*interval(self.density), _ceiling(self._state))
            self.heights = _heights(self._state)
        self._shown_for = self._wanted()
        self.curves = self._state.curves()
        self.pushed = self._state.pushed()
        self.summary = self._state.describe()

    # ------------------------------------------------------------ a page without a kernel

    def page_choices(self) -> dict[str, list[Any]]:
        """The densities; one that was drawn is kept."""
        return {"density": [*line_names(), DRAWN] if self.density == DRAWN else line_names()}

    def page_start(self) -> dict[str, Any]:
        """Only what is precomputed can be chosen."""
        return {"densities": self.page_choices()["density"]}

    def page_state(self, choice: dict[str, Any]) -> dict[str, Any]:
        """The frame for one density."""
        drawn = choice["density"] == DRAWN
        state = self.state if drawn else PushForwardState.named(choice["density"], self.n, self.seed)
        return {
            "curves": Arrays(state.curves()),
            "pushed": Arrays(state.pushed()),
            "summary": state.describe(),
            "low": state.low,
            "high": state.high,
            "ceiling": self.ceiling if drawn else _ceiling(state),
            "heights": self.heights if drawn else _heights(state),
        }


def _ceiling(state: PushForwardState) -> float:
    return 1.25 * float(state.curves()["density"].max())


def _heights(state: PushForwardState) -> list[float]:
    return state.target.log_prob(knots(state.low, state.high)).exp().tolist()
