"""`GanGame`: a GAN in training, live, with the very code that students read."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any, ClassVar, TypeAlias

import numpy as np
import traitlets

from coursekit import arguments
from coursekit.widgets.arrays import Arrays, ArraysTrait
from coursekit.widgets.base import CanvasWidget
from coursekit.widgets.checked import Checked, number, whole
from coursekit.widgets.esm import compose_esm
from coursekit.widgets.game_picture import UNIT
from coursekit.widgets.game_setup import (
    DATA_NAMES,
    DRAWN,
    NONE,
    OBJECTIVES,
    REMEDIES,
    Settings,
    board,
    check_drawn,
    sample,
)
from coursekit.widgets.game_state import Frame, GameState
from coursekit.widgets.game_worker import Worker, one_thread

LAYERS = ["heat", "arrows", "manifold"]
PACES = [1.0, 5.0, 25.0, 100.0, 0.0]  # updates a second; 0 is as many as the machine makes
LIVE = -1  # for `shown`: the newest moment
DATA_SHOWN = 2000
WORDS = 2.0  # seconds between two summaries while it plays: screen readers read each of them
AHEAD, STRIDE = 2000, 40  # a page without a kernel: updates that are played ahead, and updates between its frames
FIGURE = [[3.4 * math.sin(t), 3.4 * math.sin(t) * math.cos(t)] for t in (i * math.pi / 60 for i in range(120))]
"""What is drawn until the reader draws: a lying eight."""

_NUMBERS = ("k", "rate_d", "rate_g")
_Begun: TypeAlias = tuple[GameState, str, Any, int]  # games, and the data, the drawing and the seed they began with


def _check_sides(value: Any) -> list[dict[str, Any]]:
    """One or two sides, each complete: numbers that are left out are those of the table of configurations."""
    if not isinstance(value, (list, tuple)) or len(value) not in (1, 2):
        raise ValueError(f"sides must be a list of one or two settings, got {value!r}.")
    return [_complete(one) for one in value]


def _complete(one: Any) -> dict[str, Any]:
    names = list(asdict(Settings()))
    if not isinstance(one, dict) or not set(one) <= set(names):
        raise ValueError(f"Each side must be a dictionary with the keys {', '.join(names)}, got {one!r}.")
    settings = Settings(**one)
    row = settings.row("grid-25")
    rate_d, rate_g = row.learning_rate
    return asdict(settings) | {
        "k": whole(row.k, "k", 1, 100),
        "rate_d": number(rate_d, "The critic's learning rate", 0, 1e30),
        "rate_g": number(rate_g, "The generator's learning rate", 0, 1e30),
    }


def _check_layers(value: Any) -> list[str]:
    return [arguments.known(one, LAYERS, "layer") for one in value]


class GanGame(CanvasWidget):
    """Train a GAN of the plane before the eyes of a room: play, single steps, scrubbing back, two runs on one seed.

    Args:
        data: "grid-25", "ring-8", "moons" or "drawn".
        objective: one of `game_setup.OBJECTIVES`, such as "non_saturating", "lsgan" or "wgan-gp".
        remedy: one of `game_setup.REMEDIES`, such as "pacgan2" or "unrolled"; None for none.
        compare: what a second run on the same seed has instead, the name of a remedy or of an objective: a remedy joins
            the first run's objective, an objective stands alone. "vanilla" is the non-saturating GAN.
        seed: of nets, batches and noise of all runs.
        k: updates of the critic for each of the generator; None for what the table of configurations has.
        learning_rate: of both players, or (critic, generator); None for the table's.
        drawn: points (x, y) between -5.2 and 5.2, for data="drawn".
        large: lecture size.

    Raises:
        ValueError: if there is nothing called what `compare` names, or learning_rate is no number and no pair.
        traitlets.TraitError: for a setting that is out of range or does not fit; the sentence says which.

    Example:
        >>> game = GanGame("grid-25", compare="pacgan2")
        >>> game.advance(500)  # 500 updates, as Play would make them
        >>> game.state.describe()
    """

    _esm = compose_esm("game.js", parts=["game_plane.js"])
    page_title: ClassVar[str] = "The GAN game, live"
    actions: ClassVar[tuple[str, ...]] = (
        "play", "pause", "step_d", "step_g", "restart", "undo", "bookmark", "restore", "remove_bookmark",
    )  # fmt: skip

    data = Checked("grid-25", lambda _, value: arguments.known(value, DATA_NAMES, "data set"))
    drawn = Checked(FIGURE, lambda _, value: check_drawn(value))
    seed = Checked(0, lambda _, value: whole(value, "seed", 0, 2**31 - 1))
    #: One or two dictionaries with objective, remedy, k, rate_d, rate_g.
    sides = Checked([_complete({})], lambda _, value: _check_sides(value))
    pace = Checked(0.0, lambda _, value: number(value, "pace, in updates a second,", 0, 1000))
    layers = Checked(["heat"], lambda _, value: _check_layers(value))
    #: The update that is looked at; -1 for the newest.
    shown = Checked(LIVE, lambda _, value: whole(value, "shown", LIVE, 2**31 - 1))

    playing = traitlets.Bool(False, read_only=True).tag(sync=True)
    last = traitlets.Int(0, read_only=True, help="updates made so far").tag(sync=True)
    kept = traitlets.List(traitlets.Int(), read_only=True, help="updates that can be looked back at").tag(sync=True)
    bookmarks = traitlets.List(traitlets.Int(), read_only=True).tag(sync=True)
    undoable = traitlets.Bool(False, read_only=True, help="whether games of before can be taken back").tag(sync=True)
    window = traitlets.List(traitlets.Float(), read_only=True, help="centre and half side").tag(sync=True)
    unit = traitlets.Int(UNIT, read_only=True).tag(sync=True)
    data_names = traitlets.List(traitlets.Unicode(), DATA_NAMES, read_only=True).tag(sync=True)
    objectives = traitlets.List(traitlets.Unicode(), list(OBJECTIVES), read_only=True).tag(sync=True)
    remedies = traitlets.List(traitlets.Unicode(), list(REMEDIES), read_only=True).tag(sync=True)
    paces = traitlets.List(traitlets.Float(), PACES, read_only=True).tag(sync=True)

    points = ArraysTrait()  # the data, and the places of modes
    picture = ArraysTrait()  # one frame
    curves = ArraysTrait()  # losses and quality at the kept frames

    def __init__(
        self,
        data: str = "grid-25",
        objective: str = "non_saturating",
        *,
        remedy: str | None = None,
        compare: str | None = None,
        seed: int = 0,
        k: int | None = None,
        learning_rate: float | tuple[float, float] | None = None,
        drawn: Any = None,
        large: bool = False,
        **kwargs: Any,
    ):
        rates = learning_rate if isinstance(learning_rate, tuple) else (learning_rate, learning_rate)
        if len(rates) != 2:
            raise ValueError(f"learning_rate must be a number or a pair (critic, generator), got {learning_rate!r}.")
        first = Settings(objective, remedy or NONE, k, *rates)
        sides = [first] if compare is None else [first, replace(Settings.compared(compare, first), k=k)]
        self._state: GameState | None = None
        self._before: _Begun | None = None  # games that were played before they were begun anew
        self._worker: Worker | None = None
        self._number, self._said = 0, 0.0
        self._built: tuple[Any, ...] = ()
        self.data, self.seed = data, seed
        if drawn is not None:
            self.drawn = drawn
        self.sides = [asdict(one) for one in sides]
        self._begin()
        super().__init__(large=large, **kwargs)
        self.observe(self._changed, ["data", "drawn", "seed", "sides"])
        self.observe(self._looked, ["shown", "layers"])
        self.observe(self._paced, ["pace"])

    @property
    def state(self) -> GameState:
        """The games, as the plain object that plays them. While it plays, it belongs to another thread: pause first."""
        assert self._state is not None
        return self._state

    # ------------------------------------------------------------ what buttons and keys do

    def play(self) -> None:
        """Train until `pause`, on a thread of its own; the newest moment is shown."""
        with self.door:
            self.shown = LIVE
            if self.playing:
                return
            self._worker = Worker(self.state, self._show, self._ended, pace=self.pace, layers=self.layers)
            self.set_trait("playing", True)
            self._worker.start(self._number)

    def pause(self) -> None:
        """Stop after the update that is being made."""
        with self.door:
            if self._worker is not None:
                self._worker.stop()
                self._worker = None
                self.set_trait("playing", False)
                self._redraw()

    def advance(self, updates: int) -> None:
        """Make this many updates of every game now, and show the last.

        Raises:
            ValueError: if a game leaves the finite numbers; the message says when, and what to try.
        """
        with self.door:
            self.pause()
            self._move(lambda: self.state.advance(updates))

    def step_d(self) -> None:
        """One update of the critic, whoever's turn it was."""
        with self.door:
            self.pause()
            self._move(lambda: self.state.step("d"))

    def step_g(self) -> None:
        """One update of the generator, whoever's turn it was."""
        with self.door:
            self.pause()
            self._move(lambda: self.state.step("g"))

    def restart(self) -> None:
        """Begin anew with the same seed and settings: the same frames come again. `undo` brings bookmarks back."""
        with self.door:
            self.pause()
            self._begin()

    def undo(self) -> None:
        """Take back the last beginning anew: games, frames and bookmarks are there again as they were.

        Raises:
            ValueError: if nothing was played before.
        """
        with self.door:
            self.pause()
            if self._before is None:
                raise ValueError("There is nothing to take back: no games that were played have been begun anew.")
            here, (state, data, drawn, seed) = self._played_here(), self._before
            self._before = here  # a second time takes the first one back
            self._state = state
            sides = self._own_sides()
            self._built = (data, seed, drawn if data == DRAWN else None, sides)
            with self.hold_trait_notifications():  # all of them before anybody looks whether they have changed
                self.data, self.drawn, self.seed, self.sides = data, drawn, seed, sides
            self._unfold()

    def bookmark(self) -> int:
        """Mark the newest moment, to come back to and to go on from; returns its update."""
        with self.door:
            if self.shown not in (LIVE, self.last):
                raise ValueError(
                    "A bookmark holds the whole state of training, which is there for the newest moment only: press "
                    "End, then B."
                )
            return self._ask(lambda: self._then_list(self.state.bookmark))

    def restore(self, step: int | None = None) -> None:
        """Go on from a bookmark: the one that is looked at, or the one at this update."""
        with self.door:
            self.pause()
            self.state.restore(self.shown if step is None else step)
            self._built = self._wanted(self._own_sides())
            self.shown = LIVE
            self.sides = self._own_sides()
            self._redraw()

    def remove_bookmark(self, step: int | None = None) -> None:
        """Remove a bookmark: the one that is looked at, or the one at this update."""
        with self.door:
            at = self.shown if step is None else step
            self._ask(lambda: self._then_list(lambda: self.state.remove(at)))

    def close(self) -> None:
        """Stop the thread, and close the widget."""
        if getattr(self, "_worker", None) is not None:  # also where the constructor has raised
            self.pause()
        super().close()

    # ------------------------------------------------------------ from the page

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        if isinstance(content, dict) and "seen" in content:
            if self._worker is not None:
                came = max(1, int(content.get("came", 1)))
                self._worker.seen(int(content["seen"]), min(1.0, int(content.get("drawn", came)) / came))
            return
        super()._handle_custom_msg(content, buffers)

    def _changed(self, change: Any) -> None:
        with self.door, self.hold_sync():
            if self._wanted(self.sides) == self._built:
                return
            try:
                self._turn(self.sides)
            except Exception:
                self.set_trait(change.name, change.old)  # the trait says again what holds
                raise

    def _turn(self, sides: list[dict[str, Any]]) -> None:
        """Follow the settings: numbers turn while the game runs, anything else begins it anew."""
        if _structure(self._wanted(sides)) != _structure(self._built):
            self.pause()
            self._begin()
            return
        for side, (new, old) in enumerate(zip(sides, self._own_sides(), strict=True)):
            changes = {name: new[name] for name in _NUMBERS if new[name] != old[name]}
            if changes:
                self._ask(partial(self.state.change, side, **changes))
        self._built = self._wanted(sides)

    def _looked(self, change: Any) -> None:
        with self.door, self.hold_sync():
            if change.name == "layers" and self._worker is not None:
                self._worker.layers = self.layers
            elif change.name == "shown" and self.shown != LIVE:
                self.pause()
            if not self.playing:
                self._redraw(curves=False)

    def _paced(self, _: Any) -> None:
        worker = self._worker
        if worker is not None:
            worker.pace = self.pace

    # ------------------------------------------------------------ from the games to the traits

    def _wanted(self, sides: list[dict[str, Any]]) -> tuple[Any, ...]:
        drawn = self.drawn if self.data == DRAWN else None
        return (self.data, self.seed, drawn, [dict(one) for one in sides])

    def _own_sides(self) -> list[dict[str, Any]]:
        """The sides as the games have them: rates and k may have been turned, or a bookmark has brought others."""
        return [_complete(asdict(lane.settings)) for lane in self.state.lanes]

    def _begin(self) -> None:
        state = GameState(board(self.data, self.drawn), [Settings(**one) for one in self.sides], self.seed)
        self._before = self._played_here() or self._before
        self._state = state
        self._built = self._wanted(self.sides)
        self._unfold()

    def _played_here(self) -> _Begun | None:
        """The present games with what they were begun with, if there is anything in them to lose."""
        if self._state is None or not (self._state.steps or self._state.bookmarks):
            return None
        return (self._state, *self._chosen)

    def _unfold(self) -> None:
        """Show games that were not shown before."""
        where = self.state.board
        self._chosen = (self.data, self.drawn, self.seed)
        self.set_trait("undoable", self._before is not None)
        self.set_trait("window", list(where.window))
        x = {"data": _levels(sample(where.sampler, DATA_SHOWN, 20_242).numpy(), where.window)}
        if where.modes is not None:
            x["modes"] = _levels(where.modes.means.numpy(), where.window)
        self.points = x
        self.shown = LIVE
        self._redraw()

    def _move(self, move: Callable[[], None]) -> None:
        self.shown = LIVE
        try:
            with one_thread():
                move()
        except ArithmeticError as problem:  # a game has diverged: a sentence, not a failed callback
            raise ValueError(str(problem)) from None
        finally:
            self._redraw()

    def _ask(self, call: Callable[[], Any]) -> Any:
        return self._worker.ask(call) if self._worker is not None else call()

    def _then_list(self, call: Callable[[], Any]) -> Any:
        answer = call()
        self._list()
        return answer

    def _list(self) -> None:
        """Say which moments can be looked at. While it plays, on the worker's thread."""
        state = self.state
        self.set_trait("last", state.steps)
        self.set_trait("kept", list(state.frames))
        self.set_trait("bookmarks", list(state.bookmarks))

    def _redraw(self, *, curves: bool = True) -> None:
        """Show the moment that is looked at, while nothing plays."""
        state = self.state
        with one_thread():
            frame = state.frame() if self.shown == LIVE else state.at(self.shown)
        self._list()
        if curves:
            self.curves = _curves(state)
        self._put(frame)
        self.summary = self._words(frame)

    def _words(self, frame: Frame) -> str:
        back = "" if self.shown == LIVE else " Looking back."
        if self._before is not None and self.state.steps == 0:
            lost = self._before[0]
            marks = {0: "", 1: " and 1 bookmark"}.get(len(lost.bookmarks), f" and {len(lost.bookmarks)} bookmarks")
            back += f" Begun anew: {lost.steps:,} updates{marks} left behind. Undo, or U, brings them back."
        return self.state.describe(frame) + back

    def _put(self, frame: Frame) -> None:
        self._number += 1
        self.picture = _packed(frame, self._number)

    def _show(self, frame: Frame, seldom: bool) -> int:
        """On the worker's thread: send a frame, and return its number; 0 if it was stopped meanwhile."""
        return self._number if self._locked(lambda: self._send_frame(frame, seldom)) else 0

    def _send_frame(self, frame: Frame, seldom: bool) -> None:
        with self.hold_sync():  # one message: each costs the page more than what is in it
            if seldom:
                self._list()
                self.curves = _curves(self.state)
                now = time.perf_counter()
                if now - self._said > WORDS:
                    self._said = now
                    self.summary = self._words(frame)
            self._put(frame)

    def _ended(self, sentence: str) -> None:
        """On the worker's thread, last: it ended by itself."""

        def say() -> None:
            self._worker = None
            self.set_trait("playing", False)
            self._redraw()
            self.error = sentence

        self._locked(say)

    def _locked(self, call: Callable[[], None]) -> bool:
        """Change traits on the worker's thread, as soon as no message of the page is being worked on.

        It may wait for this very thread (to change a rate, to stop it), so what it asks is served meanwhile.
        """
        worker = self._worker
        while not self.door.acquire(timeout=0.002):
            if worker is None or worker.halting:
                return False
            worker.serve()
        try:
            if worker is None or worker.halting:
                return False
            call()
            return True
        finally:
            self.door.release()

    # ------------------------------------------------------------ a page without a kernel

    def _played(self) -> GameState:
        """The games to show on a page: these, or if they have not been played a copy that is played ahead."""
        if len(self.state.frames) > 1:
            return self.state
        copy = GameState(self.state.board, [lane.settings for lane in self.state.lanes], self.seed, every=STRIDE)
        with contextlib.suppress(ArithmeticError), one_thread():  # one that diverges is shown as far as it came
            copy.advance(AHEAD)
        return copy

    def page_choices(self) -> dict[str, list[Any]]:
        """The kept frames, at most every `STRIDE` updates."""
        self.pause()
        self._page = self._played()
        return {"shown": self._steps()}

    def _steps(self) -> list[int]:
        return [step for step in self._page.frames if step % max(STRIDE, self._page.every) == 0]

    def page_start(self) -> dict[str, Any]:
        """The whole run is there from the beginning, which is shown first."""
        shown = self._steps()
        start = self.page_state({"shown": shown[0]})
        return start | {
            "shown": shown[0],
            "kept": shown,
            "last": shown[-1],
            "bookmarks": [],
            "playing": False,
            "curves": Arrays(_curves(self._page)),
        }

    def page_state(self, choice: dict[str, Any]) -> dict[str, Any]:
        """The frame at one update."""
        frame = self._page.at(choice["shown"])
        return {"picture": _packed(frame, frame.step + 1), "summary": self._page.describe(frame)}


def _structure(built: tuple[Any, ...]) -> tuple[Any, ...]:
    """What cannot change without beginning anew."""
    if not built:
        return ()
    *rest, sides = built
    return (*rest, [(one["objective"], one["remedy"]) for one in sides])


def _levels(x: np.ndarray, window: Sequence[float]) -> np.ndarray:
    return np.round((x - np.array(window[:2])) * (UNIT / window[2])).astype(np.int16)


def _packed(frame: Frame, count: int) -> Arrays:
    """A frame as it travels: the arrays of side i with i behind their names."""
    named = {f"{name}{i}": array for i, arrays in enumerate(frame.arrays) for name, array in arrays.items()}
    facts = [{name: _plain(value) for name, value in one.items()} for one in frame.facts]
    return Arrays(named, {"number": count, "step": frame.step, "sides": facts})


def _plain(value: Any) -> Any:
    """A fact as JSON can hold it, which knows no infinity."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _curves(state: GameState) -> dict[str, Any]:
    out: dict[str, Any] = {"steps": list(state.frames)}
    for side in range(len(state.lanes)):
        for name in ("d_loss", "g_loss", "modes", "quality", "energy_distance"):
            out[f"{name}{side}"] = state.curve(side, name)
    return out
