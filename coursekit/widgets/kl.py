"""`KLExplorer`: one normal for two modes, and which direction of the KL divergence puts it where."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, ClassVar

import traitlets

from coursekit import arguments
from coursekit.widgets.ahead import FramesAhead
from coursekit.widgets.arrays import Arrays, ArraysTrait
from coursekit.widgets.base import CanvasWidget
from coursekit.widgets.checked import Checked, flag, number
from coursekit.widgets.esm import compose_esm
from coursekit.widgets.kl_state import (
    DISTANCES,
    MEANS,
    OWN,
    SCALES,
    TARGETS,
    WEIGHTS,
    KLState,
    Target,
    downhill,
    thinned,
)

# A page without a kernel holds every fourth mean and scale.
FROZEN_MEANS, FROZEN_SCALES = MEANS[::4], SCALES[::4]


def _guess(value: Any, name: str) -> list[float]:
    """Nothing, or mean, scale and divergence of what the reader expects."""
    try:
        numbers = [float(v) for v in value]
    except (TypeError, ValueError):
        numbers = [math.nan]
    if len(numbers) not in (0, 3) or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{name} must be empty, or three numbers (mean, scale, divergence), got {value!r}.")
    return numbers


class KLExplorer(CanvasWidget):
    """Drag a normal q over a target p with two modes; both KL divergences follow. Predict both best fits, then reveal.

    Args:
        target: "two modes", "unequal", "one mode + shoulder", or "own" for a distance and a weight of your own.
        distance: how far apart the modes are, in their standard deviations, 0 to 8; makes the target "own".
        weight: the weight of the left mode, 0.05 to 0.95; makes the target "own".
        mean: mean of q at first.
        scale: standard deviation of q at first.
        large: lecture size.

    Raises:
        traitlets.TraitError: for a setting outside of its range; the sentence says what the range is.

    Example:
        >>> explorer = KLExplorer("unequal", mean=1.0, scale=2.0)
        >>> explorer.fit_reverse()
    """

    _esm = compose_esm("kl.js")
    page_title: ClassVar[str] = "Two directions of the KL divergence"
    actions: ClassVar[tuple[str, ...]] = ("fit_forward", "fit_reverse")

    target = Checked("two modes", lambda _, value: arguments.known(value, [*TARGETS, OWN], "target"))
    distance = Checked(6.0, lambda _, value: number(value, "distance", DISTANCES[0], DISTANCES[-1]))
    weight = Checked(0.5, lambda _, value: number(value, "weight", WEIGHTS[0], WEIGHTS[-1]))
    mean = Checked(0.0, lambda _, value: number(value, "mean", MEANS[0], MEANS[-1]))
    scale = Checked(1.0, lambda _, value: number(value, "scale", SCALES[0], SCALES[-1]))
    revealed = Checked(False, lambda _, value: flag(value, "revealed"))
    guess_forward = Checked([], lambda _, value: _guess(value, "guess_forward"))
    guess_reverse = Checked([], lambda _, value: _guess(value, "guess_reverse"))

    targets = traitlets.List(traitlets.Unicode(), [*TARGETS, OWN], read_only=True).tag(sync=True)
    distances = traitlets.List(traitlets.Float(), DISTANCES, read_only=True).tag(sync=True)
    weights = traitlets.List(traitlets.Float(), WEIGHTS, read_only=True).tag(sync=True)
    means = traitlets.List(traitlets.Float(), MEANS, read_only=True).tag(sync=True)
    scales = traitlets.List(traitlets.Float(), SCALES, read_only=True).tag(sync=True)

    curves = ArraysTrait()
    ahead_mean = ArraysTrait()  # the curves of all means of the slider, once the kernel had time for them
    ahead_scale = ArraysTrait()  # and of all scales
    answers = ArraysTrait()
    path = ArraysTrait()
    downhill = ArraysTrait()

    def __init__(
        self,
        target: str = "two modes",
        *,
        distance: float | None = None,
        weight: float | None = None,
        mean: float | None = None,
        scale: float | None = None,
        large: bool = False,
        **kwargs: Any,
    ):
        self.target = target if distance is None and weight is None else OWN
        self._target = Target(self.distance, self.weight)
        self.distance, self.weight = TARGETS.get(target, (self.distance, self.weight))
        if distance is not None:
            self.distance = distance
        if weight is not None:
            self.weight = weight
        # A bad guess for both directions: neither across the modes nor on one.
        self.mean = 1.0 if mean is None else mean
        self.scale = 1.0 if scale is None else scale
        self._redraw(new_target=True)
        super().__init__(large=large, **kwargs)
        self.observe(self._changed, ["target", "distance", "weight", "mean", "scale", "revealed"])
        self._ahead_mean = FramesAhead(self, "mean", given=("distance", "weight", "scale"), trait="ahead_mean")
        self._ahead_scale = FramesAhead(self, "scale", given=("distance", "weight", "mean"), trait="ahead_scale")
        self._look_ahead("target")

    @property
    def state(self) -> KLState:
        """What is shown, as the plain object that computes it."""
        return KLState(self._target, self.mean, self.scale)

    def fit_forward(self) -> None:
        """Walk q to the best KL(p || q); the page plays the walk."""
        self._fit("forward")

    def fit_reverse(self) -> None:
        """Walk q to a minimum of KL(q || p), which one depends on where it stands."""
        self._fit("reverse")

    def _fit(self, direction: str) -> None:
        self.path = thinned(self.state.fit(direction))

    def _changed(self, change: Any) -> None:
        with self.hold_sync():
            if change.name == "target" and self.target != OWN:
                self.distance, self.weight = TARGETS[self.target]
            elif change.name in {"distance", "weight"} and (self.distance, self.weight) != TARGETS.get(self.target):
                self.target = OWN
            new_target = (self._target.distance, self._target.weight) != (self.distance, self.weight)
            if new_target:
                self.guess_forward, self.guess_reverse, self.revealed = [], [], False  # another question
            self._redraw(new_target=new_target or change.name == "revealed")
        self._look_ahead(change.name)

    def _redraw(self, *, new_target: bool) -> None:
        if new_target:
            if (self._target.distance, self._target.weight) != (self.distance, self.weight):
                self._target = Target(self.distance, self.weight)
            self.answers = self._target.answer_curves() if self.revealed else {}
        self.curves = self.state.curves()
        self.summary = self._describe(self.state, self.revealed)

    def _look_ahead(self, changed: str) -> None:
        """Have the curves of all means, and of all scales, computed while the kernel is idle: a key draws at once."""
        target, mean, scale = self._target, self.mean, self.scale
        if changed not in {"mean", "revealed"}:
            self._ahead_mean.start(MEANS, lambda value: KLState(target, value, scale).curves())
        if changed not in {"scale", "revealed"}:
            self._ahead_scale.start(SCALES, lambda value: KLState(target, mean, value).curves())

    def _describe(self, state: KLState, revealed: bool) -> str:
        return state.describe() + (f" {state.target.describe()}" if revealed else "")

    # ------------------------------------------------------------ a page without a kernel

    def page_choices(self) -> dict[str, list[Any]]:
        """Scale and mean of q on a grid, and whether the best fits are revealed."""
        return {"revealed": [False, True], "scale": FROZEN_SCALES, "mean": FROZEN_MEANS}

    def page_start(self) -> dict[str, Any]:
        """The sliders have the precomputed values only; fits walk over them."""
        near = KLState(self._target, _nearest(FROZEN_MEANS, self.mean), _nearest(FROZEN_SCALES, self.scale))
        choice = {"revealed": False, "scale": near.scale, "mean": near.mean}
        walk = {"downhill": Arrays(downhill(self._target, FROZEN_MEANS, FROZEN_SCALES)), "path": Arrays()}
        tables = {"means": FROZEN_MEANS, "scales": FROZEN_SCALES, "guess_forward": [], "guess_reverse": []}
        return tables | walk | choice | self.page_state(choice)

    def page_state(self, choice: dict[str, Any]) -> dict[str, Any]:
        """The frame for one choice."""
        state, curves = _frame(self._target, choice["mean"], choice["scale"])
        return {
            "curves": curves,
            "answers": Arrays(self._target.answer_curves() if choice["revealed"] else {}),
            "summary": self._describe(state, choice["revealed"]),
        }


@lru_cache(maxsize=1_000)
def _frame(target: Target, mean: float, scale: float) -> tuple[KLState, Arrays]:
    """Each place of q is computed once, whether or not the best fits are revealed."""
    state = KLState(target, mean, scale)
    return state, Arrays(state.curves())


def _nearest(table: list[float], value: float) -> float:
    return min(table, key=lambda entry: abs(entry - value))
