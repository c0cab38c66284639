"""`CriticExplorer`: the best critic of two densities, and one that was trained on points of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import traitlets

from coursekit import arguments
from coursekit.widgets.ahead import FramesAhead, deck
from coursekit.widgets.arrays import Arrays, ArraysTrait
from coursekit.widgets.base import CanvasWidget
from coursekit.widgets.checked import Checked, number, whole
from coursekit.widgets.critic_state import CRITICS, MEANS, POINTS, SCALES, SHAPES, STEPS, CriticState
from coursekit.widgets.esm import compose_esm
from coursekit.widgets.game_worker import one_thread

QUESTION = ("shape", "mean_p", "scale_p", "mean_g", "scale_g", "n", "critic", "seed")  # what a run follows from
GROW = 0.15  # seconds between two pictures of a run that is not yet through

# A page without a kernel holds these places of p_g, numbers of points and critics.
FROZEN: dict[str, list[Any]] = {"mean_g": [-1.0, 1.0, 3.0], "n": [16, 256], "critic": ["linear", "48 x 2"]}


def _listed(value: Any, name: str, table: list[int]) -> int:
    found = whole(value, name, table[0], table[-1])
    if found not in table:
        raise ValueError(f"{name} must be one of {table[0]}, {table[1]}, {table[2]}, …, {table[-1]}, got {found}.")
    return found


def _mean(name: str, value: float) -> Checked:
    return Checked(value, lambda _, given: number(given, name, MEANS[0], MEANS[-1]))


def _scale(name: str) -> Checked:
    return Checked(1.0, lambda _, given: number(given, name, SCALES[0], SCALES[-1]))


class CriticExplorer(CanvasWidget):
    """Drag data p and the generator's p_g: D* follows at once; a critic is trained on n points of each beside it.

    Args:
        shape: of data, "normal" or "two modes".
        mean_p: middle of data, -4 to 4.
        scale_p: what widths of data are multiplied by, 0.3 to 2.
        mean_g: middle of the generator's density, -4 to 4.
        scale_g: its standard deviation, 0.3 to 2.
        n: number of points of each that the critic is trained on: 16, 32, 64, …, 4096.
        critic: its size, "linear", "8" (one layer) or "48 x 2" (two layers).
        seed: seed of points and first weights; a whole number from 0.
        step: the step of training that is shown at first: 0, 5, 10, …, 400.
        large: lecture size.

    Raises:
        traitlets.TraitError: for a setting outside of its range; the sentence says what the range is.

    Example:
        >>> explorer = CriticExplorer(mean_g=-1.0, n=16)  # p_g = p
        >>> round(explorer.state.bound, 4), explorer.state.js
        (1.3863, 0.0)
    """

    _esm = compose_esm("critic.js")
    page_title: ClassVar[str] = "The best critic, and a trained one"
    actions: ClassVar[tuple[str, ...]] = ("redraw_points", "reset")

    shape = Checked("normal", lambda _, value: arguments.known(value, SHAPES, "shape"))
    mean_p = _mean("mean_p", -1.0)
    scale_p = _scale("scale_p")
    mean_g = _mean("mean_g", 1.0)
    scale_g = _scale("scale_g")
    n = Checked(16, lambda _, value: _listed(value, "n", POINTS))
    critic = Checked("48 x 2", lambda _, value: arguments.known(value, CRITICS, "critic"))
    seed = Checked(0, lambda _, value: whole(value, "seed", 0, 2**29))
    step = Checked(0, lambda _, value: _listed(value, "step", STEPS))

    shapes = traitlets.List(traitlets.Unicode(), list(SHAPES), read_only=True).tag(sync=True)
    critics = traitlets.List(traitlets.Unicode(), list(CRITICS), read_only=True).tag(sync=True)
    means = traitlets.List(traitlets.Float(), MEANS, read_only=True).tag(sync=True)  # those of p_g
    scales = traitlets.List(traitlets.Float(), SCALES, read_only=True).tag(sync=True)
    numbers = traitlets.List(traitlets.Int(), POINTS, read_only=True).tag(sync=True)
    steps = traitlets.List(traitlets.Int(), STEPS, read_only=True).tag(sync=True)

    exact = ArraysTrait()
    ahead = ArraysTrait()  # the run: first as far as it is, then whole

    def __init__(
        self,
        shape: str = "normal",
        *,
        mean_p: float = -1.0,
        scale_p: float = 1.0,
        mean_g: float = 1.0,
        scale_g: float = 1.0,
        n: int = 16,
        critic: str = "48 x 2",
        seed: int = 0,
        step: int = 0,
        large: bool = False,
        **kwargs: Any,
    ):
        self.shape, self.mean_p, self.scale_p = shape, mean_p, scale_p
        self.mean_g, self.scale_g = mean_g, scale_g
        self.n, self.critic, self.seed, self.step = n, critic, seed, step
        self._first = self._question | {"step": self.step}
        self._redraw()
        super().__init__(large=large, **kwargs)
        self.observe(self._changed, list(QUESTION))
        self._ahead = FramesAhead(self, "step", given=QUESTION)
        self._train()

    @property
    def state(self) -> CriticState:
        """What is shown, as the plain object that computes it."""
        return CriticState(**self._question)

    @property
    def _question(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in QUESTION}

    def redraw_points(self) -> None:
        """Other points and other first weights: the seed goes up by one."""
        self.seed += 1

    def reset(self) -> None:
        """Everything as the call of this widget had it: after a slip, or after other points."""
        with self.hold_sync(), self.hold_trait_notifications():
            for name, value in self._first.items():
                setattr(self, name, value)

    def _changed(self, change: Any) -> None:
        with self.hold_sync():
            self._redraw()
        self._train()

    def _redraw(self) -> None:
        state = self.state
        with one_thread():  # a second one gains nothing here, and where the browser wants it, both wait
            self.exact = state.exact()
            self.summary = state.describe()

    def _train(self) -> None:
        """Train while the kernel is idle, anew; the page shows the run as far as it is."""
        self._ahead.start(STEPS, self._growing())

    def _growing(self) -> Callable[[float], Mapping[str, Any]]:
        given, rows = self._question, self.state.rows()
        held: list[Mapping[str, Any]] = []
        shown = time.perf_counter()

        def frame(step: float) -> Mapping[str, Any]:
            nonlocal shown
            held.append(next(rows))  # asked for one after the other
            if time.perf_counter() - shown > GROW and len(held) < len(STEPS):
                self.ahead = deck("step", STEPS[: len(held)], held, given)
                shown = time.perf_counter()
            return held[-1]

        return frame

    # ------------------------------------------------------------ a page without a kernel

    def page_choices(self) -> dict[str, list[Any]]:
        """Some places of p_g, numbers of points and critics; all steps of their runs are held."""
        return FROZEN

    def page_start(self) -> dict[str, Any]:
        """The sliders have the precomputed values only."""
        choice = {
            "mean_g": min(FROZEN["mean_g"], key=lambda mean: abs(mean - self.mean_g)),
            "n": min(FROZEN["n"], key=lambda n: abs(n - self.n)),
            "critic": self.critic if self.critic in FROZEN["critic"] else "48 x 2",
        }
        tables = {"means": FROZEN["mean_g"], "numbers": FROZEN["n"], "critics": FROZEN["critic"]}
        return tables | choice | self.page_state(choice)

    def page_state(self, choice: dict[str, Any]) -> dict[str, Any]:
        """The frame for one choice: the whole run as a deck."""
        given = self._question | choice
        state = CriticState(**given)
        run = deck("step", STEPS, state.rows(), given)
        return {"exact": Arrays(state.exact()), "ahead": run, "summary": state.describe()}
