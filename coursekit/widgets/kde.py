"""`KDEExplorer`: one bandwidth for every bump, and who judges it."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import traitlets

from coursekit import arguments
from coursekit.density.kernels import KERNELS, Kernel
from coursekit.widgets.ahead import FramesAhead, deck
from coursekit.widgets.arrays import Arrays, ArraysTrait
from coursekit.widgets.base import CanvasWidget
from coursekit.widgets.checked import Checked, flag, number, whole
from coursekit.widgets.esm import compose_esm
from coursekit.widgets.kde_state import SIZES, KDEState, Points
from coursekit.widgets.named import line_names

FROZEN = 2  # a page without a kernel holds every second bandwidth
QUESTION = ("density", "n", "seed", "kernel")  # what the estimates follow from, but for the bandwidth
HIDDEN = Arrays()


class KDEExplorer(CanvasWidget):
    """Move the bandwidth of a kernel density estimate, predict the best one, then reveal the held-out likelihood.

    Args:
        density: a density on the line, one of `coursekit.distributions.names(1)`.
        sample: points of your own with shape (n,), instead of a density by name; a quarter of them is held out.
        n: how many points to draw, 2 to 5,000.
        seed: seed of the sample, or of the split of your own; a whole number from 0.
        kernel: "gaussian" or "epanechnikov".
        bandwidth: h, positive; twice Scott's rule if not given, which is seldom the answer.
        large: lecture size.

    Raises:
        ValueError: for a sample that cannot be used.
        traitlets.TraitError: for a setting outside of its range; the sentence says what the range is.

    Example:
        >>> explorer = KDEExplorer("claw", n=500)
        >>> explorer.bandwidth = 0.1
        >>> explorer.revealed = True
    """

    _esm = compose_esm("kde.js")
    page_title: ClassVar[str] = "Choose the bandwidth"
    actions: ClassVar[tuple[str, ...]] = ("resample",)

    density = Checked("bimodal", lambda widget, value: widget._check_density(value))
    n = Checked(200, lambda _, value: whole(value, "n", 2, 5000))
    seed = Checked(0, lambda _, value: whole(value, "seed", 0, 2**31 - 1))
    kernel = Checked("gaussian", lambda _, value: arguments.known(value, KERNELS, "kernel"))
    bandwidth = Checked(0.3, lambda widget, value: widget._check_bandwidth(value))
    show_bumps = Checked(False, lambda _, value: flag(value, "show_bumps"))
    show_truth = Checked(False, lambda _, value: flag(value, "show_truth"))
    revealed = Checked(False, lambda _, value: flag(value, "revealed"))
    guess = traitlets.Float(None, allow_none=True, read_only=True, help="the prediction").tag(sync=True)

    densities = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    kernels = traitlets.List(traitlets.Unicode(), list(KERNELS), read_only=True).tag(sync=True)
    sizes = traitlets.List(traitlets.Int(), SIZES, read_only=True).tag(sync=True)
    bandwidths = traitlets.List(traitlets.Float(), read_only=True).tag(sync=True)

    data = ArraysTrait()
    curve = ArraysTrait()
    ahead = ArraysTrait()  # the curves of all bandwidths of the slider, once the kernel had time for them
    scores = ArraysTrait()

    def __init__(
        self,
        density: str = "bimodal",
        *,
        sample: Any = None,
        n: int = 200,
        seed: int = 0,
        kernel: Kernel = "gaussian",
        bandwidth: float | None = None,
        large: bool = False,
        **kwargs: Any,
    ):
        self.own = sample
        self._points: Points | None = None
        # All is set before the base class opens the channel to the page, so that one message brings the first frame.
        self.set_trait("densities", [] if sample is not None else line_names())
        self.density = "" if sample is not None else density
        self.n, self.seed, self.kernel = n, seed, kernel
        self._points = self._draw()
        self.bandwidth = self._into_range(2 * self._points.rules(kernel)["Scott"]) if bandwidth is None else bandwidth
        self._redraw()
        super().__init__(large=large, **kwargs)
        self.observe(self._changed, [*QUESTION, "bandwidth", "revealed"])
        self._ahead = FramesAhead(self, "bandwidth", given=QUESTION)
        self._look_ahead()

    @property
    def state(self) -> KDEState:
        """What is shown, as the plain object that computes it."""
        assert self._points is not None
        return KDEState(self._points, self.bandwidth, self.kernel)

    def resample(self) -> None:
        """Draw a new sample (or split your own anew): the seed goes up by one."""
        self.seed += 1

    # ------------------------------------------------------------ checks of traits

    def _check_density(self, name: Any) -> str:
        if self.own is None:
            return arguments.known(name, line_names(), "density on the line")
        if name != "":
            raise ValueError("This explorer shows a sample of your own. Make another one for a density by name.")
        return ""

    def _check_bandwidth(self, value: Any) -> float:
        if self._points is None:
            return number(value, "bandwidth", 0.0, np.inf)
        return number(value, "bandwidth", self._points.bandwidths[0], self._points.bandwidths[-1])

    def _into_range(self, bandwidth: float) -> float:
        assert self._points is not None
        table = self._points.bandwidths
        return float(np.clip(bandwidth, table[0], table[-1]))

    # ------------------------------------------------------------ from traits to the picture

    def _draw(self) -> Points:
        if self.own is not None:
            return Points.split(self.own, self.seed)
        return Points.drawn(self.density, self.n, self.seed)

    def _changed(self, change: Any) -> None:
        with self.hold_sync():
            if change.name == "revealed":
                self.set_trait("guess", self.bandwidth if self.revealed else None)
            if change.name in QUESTION and self.revealed:
                self.revealed = False  # another question: predict again
            if change.name in {"density", "n", "seed"}:
                self._points = self._draw()
                # Another density has another range; this sets off another call for the bandwidth, if it moves.
                self.bandwidth = self._into_range(self.bandwidth)
            self._redraw(only_bandwidth=change.name == "bandwidth")
        if change.name in QUESTION:
            self._look_ahead()

    def _redraw(self, only_bandwidth: bool = False) -> None:
        state = self.state
        if not only_bandwidth:
            self.set_trait("bandwidths", state.points.bandwidths)
            self.data = state.data()
            self.scores = state.scores() if self.revealed else {}
        self.curve = state.curve() | ({"score": [state.score]} if self.revealed else {})
        self.summary = state.describe(revealed=self.revealed, guess=self.guess)

    def _look_ahead(self) -> None:
        """Have the curves of all bandwidths computed while the kernel is idle, so that a key draws at once."""
        state = self.state
        self._ahead.start(state.points.bandwidths, lambda h: replace(state, bandwidth=h).curve())

    # ------------------------------------------------------------ a page without a kernel

    def page_choices(self) -> dict[str, list[Any]]:
        """Bandwidth, kernel, and whether the scores are revealed."""
        return {"revealed": [False, True], "kernel": list(KERNELS), "bandwidth": self.state.points.bandwidths[::FROZEN]}

    def page_start(self) -> dict[str, Any]:
        """The slider has the precomputed bandwidths only; nothing is revealed yet."""
        table = self.state.points.bandwidths[::FROZEN]
        nearest = min(table, key=lambda h: abs(np.log(h / self.bandwidth)))
        choice = {"revealed": False, "kernel": self.kernel, "bandwidth": nearest}
        return {"bandwidths": table, "guess": None} | choice | self.page_state(choice)

    def page_state(self, choice: dict[str, Any]) -> dict[str, Any]:
        """The frame for one choice: a deck of curves and the scores for each kernel, words for each choice."""
        state = KDEState(self.state.points, choice["bandwidth"], choice["kernel"])
        held = _for_page(state.points, state.kernel)
        return {
            "data": held["data"],
            "ahead": held["ahead"],
            "scores": held["scores"] if choice["revealed"] else HIDDEN,
            "summary": state.describe(revealed=choice["revealed"]),
        }


@lru_cache(maxsize=len(KERNELS))
def _for_page(points: Points, kernel: Kernel) -> dict[str, Arrays]:
    """What a page without a kernel holds for each of KERNELS: the sample, all curves, and the scores."""
    table = points.bandwidths[::FROZEN]
    states = [KDEState(points, h, kernel) for h in table]
    return {
        "data": Arrays(states[0].data()),
        "ahead": deck("bandwidth", table, (state.curve() for state in states), given={"kernel": kernel}),
        "scores": Arrays(states[0].scores()),
    }
