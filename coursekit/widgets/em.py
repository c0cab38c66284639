"""`EMExplorer`: expectation-maximisation in the plane, half a step at a time."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import traitlets

from coursekit import arguments
from coursekit.widgets.arrays import Arrays, ArraysTrait
from coursekit.widgets.base import CanvasWidget
from coursekit.widgets.checked import Checked, whole
from coursekit.widgets.em_state import DENSITIES, LONGEST, SETTLED, EMRun, draw
from coursekit.widgets.esm import compose_esm

FROZEN = 81  # frames on a page without a kernel: 40 iterations


def _check_places(value: Any) -> list[list[float]]:
    try:
        places = [[float(a), float(b)] for a, b in value]
    except (TypeError, ValueError):
        raise ValueError(f"places must be pairs of numbers, one for each component, got {value!r}.") from None
    if not all(math.isfinite(v) for place in places for v in place):
        raise ValueError(f"places must be finite, got {places}.")
    return places


class EMExplorer(CanvasWidget):
    """Fit a mixture of normals by E-M: watch who is responsible for which point, and the likelihood climb.

    Args:
        density: "three_blobs" or a density in the plane, one of `coursekit.distributions.names(2)`.
        k: how many components are fitted, 1 to 6.
        n: how many points, 20 to 1,000.
        seed: seed of the sample and of the first start.
        large: lecture size.

    Raises:
        traitlets.TraitError: for a setting outside of its range, or if a component collapses; the sentence says which.

    Example:
        >>> explorer = EMExplorer("three_blobs", k=3)
        >>> explorer.step = 1  # the first E-step
        >>> explorer.step = 2  # the first M-step
    """

    _esm = compose_esm("em.js")
    page_title: ClassVar[str] = "Expectation-maximisation, step by step"
    actions: ClassVar[tuple[str, ...]] = ("new_start", "new_sample")

    density = Checked("three_blobs", lambda _, value: arguments.known(value, DENSITIES, "density in the plane"))
    k = Checked(3, lambda _, value: whole(value, "k", 1, 6))
    n = Checked(300, lambda _, value: whole(value, "n", 20, 1000))
    seed = Checked(0, lambda _, value: whole(value, "seed", 0, 2**31 - 1))
    start = Checked(0, lambda _, value: whole(value, "start", 0, 2**31 - 1))
    #: Means that the reader dragged before the first step, as pairs; [] for a start drawn with the seed `start`.
    places = Checked([], lambda _, value: _check_places(value))
    step = Checked(0, lambda widget, value: widget._check_step(value))
    last = traitlets.Int(0, read_only=True, help="how far the run has been followed").tag(sync=True)

    densities = traitlets.List(traitlets.Unicode(), DENSITIES, read_only=True).tag(sync=True)
    settled = traitlets.Float(SETTLED, read_only=True).tag(sync=True)
    low = traitlets.List(traitlets.Float(), read_only=True, help="lower left corner of the picture").tag(sync=True)
    high = traitlets.List(traitlets.Float(), read_only=True, help="upper right corner").tag(sync=True)

    data = ArraysTrait()
    picture = ArraysTrait()
    climb = ArraysTrait()

    def __init__(
        self,
        density: str = "three_blobs",
        *,
        k: int = 3,
        n: int = 300,
        seed: int = 0,
        large: bool = False,
        **kwargs: Any,
    ):
        self._run: EMRun | None = None
        self.density, self.k, self.n, self.seed, self.start = density, k, n, seed, seed
        self._begin(new_sample=True)
        super().__init__(large=large, **kwargs)
        self.observe(self._changed, ["density", "k", "n", "seed", "start", "places", "step"])

    @property
    def run(self) -> EMRun:
        """The run that is shown, as the plain object that computes it."""
        assert self._run is not None
        return self._run

    def new_start(self) -> None:
        """Start again on other points: the seed of the start goes up by one."""
        self.start += 1

    def new_sample(self) -> None:
        """Draw other points: the seed of the sample goes up by one."""
        self.seed += 1

    # ------------------------------------------------------------ from traits to the picture

    def _check_step(self, value: Any) -> int:
        step = whole(value, "step", 0, LONGEST)
        if self._run is not None:
            self._run.at(step)  # a component may collapse on the way: then nothing changes, and the reader hears why
        return step

    def _changed(self, change: Any) -> None:
        with self.hold_sync():
            if change.name == "step":
                self._redraw()
                return
            if change.name == "places" and not self.places:
                return
            if change.name != "places":
                self.places = []
            self._begin(new_sample=change.name in {"density", "n", "seed"})

    def _begin(self, *, new_sample: bool) -> None:
        x = draw(self.density, self.n, self.seed) if new_sample or self._run is None else self._run.x
        try:
            self._run = EMRun.begin(x, self.k, self.start, self.places or None)
        except ValueError:
            self.places = []
            raise
        if new_sample:
            low, high = x.amin(0), x.amax(0)
            pad = 0.08 * (high - low)
            self.set_trait("low", (low - pad).tolist())
            self.set_trait("high", (high + pad).tolist())
            self.data = {"x": x}
        self.step = 0
        self._redraw()

    def _redraw(self) -> None:
        run = self.run
        self.picture = run.picture(self.step)
        self.set_trait("last", len(run.frames) - 1)
        self.climb = run.climb()
        self.summary = self._describe(self.step)

    def _describe(self, step: int) -> str:
        return f"{self.n:,} points from {self.density!r} (seed {self.seed}), K = {self.k}. {self.run.describe(step)}"

    # ------------------------------------------------------------ a page without a kernel

    def _frames(self) -> int:
        """How many frames a page holds: until the run settles, at most `FROZEN`, or until a component collapses."""
        for step in range(2, FROZEN, 2):
            try:
                gain = self.run.at(step).log_likelihood - self.run.at(step - 2).log_likelihood
            except ValueError:
                return len(self.run.frames)
            if gain < SETTLED:
                return step + 1
        return FROZEN

    def page_choices(self) -> dict[str, list[Any]]:
        """The steps."""
        return {"step": list(range(self._frames()))}

    def page_start(self) -> dict[str, Any]:
        """The whole run is there from the beginning."""
        frames = self._frames()
        choice = {"step": min(self.step, frames - 1)}
        climb = self.run.climb()["log_likelihood"][: (frames + 1) // 2]
        return choice | self.page_state(choice) | {"last": frames - 1, "climb": Arrays({"log_likelihood": climb})}

    def page_state(self, choice: dict[str, Any]) -> dict[str, Any]:
        """The frame for one step."""
        return {"picture": Arrays(self.run.picture(choice["step"])), "summary": self._describe(choice["step"])}
