"""What `GanGame` plays and shows: no traits, no thread, no front end.

    state = GameState(board("grid-25"), [Settings(), Settings(remedy="pacgan2")], seed=0)
    state.advance(1000)          # 1,000 updates of each game, by the loop that students read
    state.step("d")              # one update of the critic, whoever's turn it was
    state.frame()                # what is to be drawn now
    state.at(400)                # what was to be drawn then
    state.bookmark()             # a place to come back to ...
    state.advance(1000)
    state.restore(1001)          # ... and to go on from, perhaps with another learning rate

One or two games run in step, update by update, on one seed. At every `every`-th update a frame is kept. When there are
too many of them every other one is dropped and `every` doubles, so the kept frames always reach back to the start and
their memory has a bound. Which frames are kept follows from the number of updates alone, never from the clock: the same
seed and the same moves give the same frames.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from coursekit import arguments
from coursekit.training.run import Diverged
from coursekit.widgets.game_picture import PARTS, Lens
from coursekit.widgets.game_setup import Board, Settings, start_game

EVERY = 80  # updates between kept frames, at first: making them takes 3 % of the time
KEPT = 240  # frames kept at most; about 20 kB each for one game
BOOKMARKS = 9
PLAYERS = ("d", "g")


@dataclass(frozen=True, eq=False)
class Frame:
    """What is drawn of all games at one moment.

    Args:
        step: updates made so far.
        arrays: for each game, its arrays; see `game_picture.Lens.look`.
        facts: for each game: losses, modes, quality, whose turn is next.
    """

    step: int
    arrays: tuple[dict[str, np.ndarray], ...]
    facts: tuple[dict[str, Any], ...]

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return sum(array.nbytes for arrays in self.arrays for array in arrays.values())


@dataclass(eq=False)
class Lane:
    """One game, the lens on it, and its losses since the last kept frame."""

    settings: Settings
    board: Board
    seed: int
    ended: str = ""  # why it cannot go on
    losses: dict[str, list[float]] = field(default_factory=lambda: {p: [] for p in PLAYERS})
    last: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(PLAYERS))

    def __post_init__(self) -> None:
        self.row = self.settings.row(self.board.name)
        self.game = start_game(self.row, self.board.sampler, self.seed)
        self.lens = Lens(self.game, self.row, self.board)

    def update(self) -> None:
        """One update by the course's loop; a game that has diverged stays as it is."""
        if self.ended:
            return
        try:
            made = next(self.game)
        except Diverged as problem:
            self.ended = f"{self.settings.label}: {problem}"
            return
        self.losses[made.player].append(float(made.metrics["loss"]))

    def force(self, player: str) -> None:
        """The next update is this player's."""
        due = 0 if player == "d" else self.game.k
        self.game.load_extra_state(self.game.extra_state() | {"d_updates": due})

    def facts(self) -> dict[str, Any]:
        """Numbers beside the picture: mean losses since the last kept frame, and whose turn is next."""
        mean = {p: sum(v) / len(v) if v else self.last[p] for p, v in self.losses.items()}
        return {"d_loss": mean["d"], "g_loss": mean["g"], "turn": self.game.turn(), "ended": self.ended}

    def forget_losses(self) -> None:
        """Begin a new mean."""
        for player, values in self.losses.items():
            if values:
                self.last[player] = sum(values) / len(values)
                values.clear()


@dataclass(frozen=True, eq=False)
class Bookmark:
    """A moment to come back to: the games' whole state, the settings, and the frames kept by then."""

    frame: Frame
    settings: tuple[Settings, ...]
    states: tuple[Any, ...]
    losses: tuple[Any, ...]
    frames: tuple[Frame, ...]
    every: int


class GameState:
    """One or two games on one board and one seed.

    Args:
        board: the data.
        sides: one or two settings.
        seed: of nets, batches and noise, the same for both sides.
        kept: frames kept at most, at least 4.
        every: updates between kept frames, at first.

    Raises:
        ValueError: if a setting is wrong; the sentence says which.
    """

    def __init__(
        self, board: Board, sides: Sequence[Settings], seed: int = 0, *, kept: int = KEPT, every: int = EVERY
    ) -> None:
        if len(sides) not in (1, 2):
            raise ValueError(f"The game shows one side or two beside each other, got {len(sides)}.")
        self.board, self.seed = board, arguments.count(seed, "seed")
        self.kept = arguments.count(kept, "kept", minimum=4)
        self.lanes = [Lane(one, board, seed) for one in sides]
        self.steps, self.every = 0, arguments.count(every, "every", minimum=1)
        self.bookmarks: dict[int, Bookmark] = {}
        self.frames: dict[int, Frame] = {0: self.frame()}

    # ------------------------------------------------------------ playing

    @property
    def ended(self) -> str:
        """Why nothing can go on: the sentences of games that have diverged, if all have; else ""."""
        ended = [lane.ended for lane in self.lanes]
        return " ".join(ended) if all(ended) else ""

    def update(self) -> None:
        """One update of every game.

        Raises:
            Diverged: if a game leaves the finite numbers now, or all have done so before.
        """
        if self.ended:
            raise Diverged(self.ended)
        before = [lane.ended for lane in self.lanes]
        for lane in self.lanes:
            lane.update()
        self.steps += 1
        if self.steps % self.every == 0:
            self._keep()
        new = [lane.ended for lane, was in zip(self.lanes, before, strict=True) if lane.ended and not was]
        if new:
            raise Diverged(" ".join(new))

    def advance(self, updates: int) -> None:
        """This many updates of every game.

        Raises:
            Diverged: as `update`.
        """
        for _ in range(arguments.count(updates, "updates")):
            self.update()

    def step(self, player: str) -> None:
        """One update of this player in every game, whoever's turn it was.

        Raises:
            ValueError: if there is no such player, or a game has no critic.
        """
        arguments.known(player, PLAYERS, "player")
        for lane in self.lanes:
            if player not in lane.game.players:
                raise ValueError(f"The objective {lane.settings.objective!r} has no critic that could make a step.")
        for lane in self.lanes:
            lane.force(player)
        self.update()

    def change(
        self, side: int, *, k: int | None = None, rate_d: float | None = None, rate_g: float | None = None
    ) -> None:
        """Turn a number of one side; it holds from the next update on.

        Raises:
            ValueError: if there is no such side, or a number is out of range.
        """
        if side not in range(len(self.lanes)):
            raise ValueError(f"There is no side {side}: they are numbered from 0 to {len(self.lanes) - 1}.")
        lane = self.lanes[side]
        if k is not None:
            lane.game.k = arguments.count(k, "k", minimum=1)
            lane.settings = replace(lane.settings, k=k)
        if rate_d is not None and "d" in lane.game.players:
            lane.game.set_learning_rate(rate_d, "d")
            lane.settings = replace(lane.settings, rate_d=float(rate_d))
        if rate_g is not None:
            lane.game.set_learning_rate(rate_g, "g")
            lane.settings = replace(lane.settings, rate_g=float(rate_g))

    # ------------------------------------------------------------ looking

    def frame(self, parts: Collection[str] = PARTS) -> Frame:
        """What is to be drawn now; fewer parts are cheaper."""
        looks = [lane.lens.look(parts) for lane in self.lanes]
        facts = [found | lane.facts() for lane, (_, found) in zip(self.lanes, looks, strict=True)]
        return Frame(self.steps, tuple(arrays for arrays, _ in looks), tuple(facts))

    def _keep(self) -> None:
        if len(self.frames) >= self.kept:
            self.every *= 2
            self.frames = {step: frame for step, frame in self.frames.items() if step % self.every == 0}
            if self.steps % self.every:
                return
        self.frames[self.steps] = self.frame()
        for lane in self.lanes:
            lane.forget_losses()

    def at(self, step: int) -> Frame:
        """The kept frame, or that of a bookmark, nearest to this update."""
        known = self.frames | {at: mark.frame for at, mark in self.bookmarks.items()}
        return known[min(known, key=lambda one: (abs(one - step), one))]

    @property
    def nbytes(self) -> int:
        """Memory of all kept frames."""
        return sum(frame.nbytes for frame in self.frames.values())

    def curve(self, side: int, name: str) -> np.ndarray:
        """One of the facts at the kept frames, with NaN where there is none, with shape (frames,)."""
        values = [frame.facts[side].get(name) for frame in self.frames.values()]
        return np.array([np.nan if value is None else value for value in values], dtype=np.float32)

    # ------------------------------------------------------------ bookmarks

    def bookmark(self) -> int:
        """Mark the present moment, and return its update.

        Raises:
            ValueError: if there are `BOOKMARKS` of them already.
        """
        if self.steps not in self.bookmarks and len(self.bookmarks) >= BOOKMARKS:
            raise ValueError(f"There are {BOOKMARKS} bookmarks already: remove one first.")
        self.bookmarks[self.steps] = Bookmark(
            self.frame(),
            tuple(lane.settings for lane in self.lanes),
            tuple(lane.game.state_dict() for lane in self.lanes),
            tuple(({p: list(v) for p, v in lane.losses.items()}, dict(lane.last), lane.ended) for lane in self.lanes),
            tuple(self.frames.values()),
            self.every,
        )
        self.bookmarks = dict(sorted(self.bookmarks.items()))
        return self.steps

    def restore(self, step: int) -> None:
        """Go back (or forward) to a bookmark; what is trained from there is what was trained from there before.

        Raises:
            ValueError: if there is no bookmark at this update.
        """
        mark = self._mark(step)
        for lane, settings, state, (losses, last, ended) in zip(
            self.lanes, mark.settings, mark.states, mark.losses, strict=True
        ):
            lane.game.load_state_dict(state)
            lane.settings, lane.ended, lane.last = settings, ended, dict(last)
            lane.losses = {p: list(v) for p, v in losses.items()}
        self.steps, self.every = step, mark.every
        self.frames = {frame.step: frame for frame in mark.frames}

    def remove(self, step: int) -> None:
        """Remove a bookmark.

        Raises:
            ValueError: if there is none at this update.
        """
        self._mark(step)
        del self.bookmarks[step]

    def _mark(self, step: int) -> Bookmark:
        if step not in self.bookmarks:
            have = ", ".join(map(str, self.bookmarks)) or "there are none"
            raise ValueError(f"There is no bookmark at update {step}. Bookmarks: {have}.")
        return self.bookmarks[step]

    # ------------------------------------------------------------ words

    def describe(self, frame: Frame | None = None) -> str:
        """What is shown, in words and numbers."""
        frame = frame or self.frame(("quality",))
        names = ("A, ", "B, ") if len(self.lanes) > 1 else ("",)
        three = zip(names, self.lanes, frame.facts, strict=True)
        sides = (name + self._side(lane, facts) for name, lane, facts in three)
        return f"{self.board.name} (seed {self.seed}), update {frame.step:,}. {' '.join(sides)}"

    @staticmethod
    def _side(lane: Lane, facts: dict[str, Any]) -> str:
        text = f"{lane.settings.label.replace('_', '-')}: "
        if "modes" in facts:
            text += f"{facts['modes']} of {facts['of']} modes, {facts['quality']:.0%} high quality."
        elif "energy_distance" in facts:
            text += f"energy distance to the data {max(facts['energy_distance'], 0):.3f}."
        else:
            text += "its points are no longer finite numbers."
        return text + (" It has diverged." if facts["ended"] else "")
