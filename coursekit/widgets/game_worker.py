"""A game that plays on a thread of its own, while the kernel listens.

    worker = Worker(state, show)     # `show(frame)` is called on the worker's thread
    worker.start()
    worker.ask(lambda: state.change(0, k=5))     # between two updates; returns what the call returns, or raises
    worker.stop()

Only the worker touches the games while it plays: everything else is asked of it and done between two updates. While it
does not play there is no thread, and what is asked is done at once by whoever asks.

Frames must not slow training down, nor pile up where the page is slow. So a frame is made only if

- the page has answered for all but `WINDOW` of those sent before (`seen`);
- the last one lies 1 / FPS seconds back, or more for a page that leaves out what it cannot draw in time;
- since the last one, training has had `SHARE` times the seconds that it cost.
"""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

import torch

from coursekit.training.run import Diverged
from coursekit.widgets.game_picture import PARTS
from coursekit.widgets.game_state import Frame, GameState

FPS = 32.0  # most frames a second: what the eye asks for; each one more would be taken from training
FEWEST = 2.0  # frames a second for a page that cannot draw them
DRAWN = 0.75  # part of the frames that a page draws if it gets as many as it can take
SHARE = 2.8  # training gets this many seconds for each that a frame takes: 74 % of the time at least
WINDOW = 50  # frames sent and not yet answered; the page answers once a second
LOST = 3.0  # seconds after which an answer of the page is given up for lost
SELDOM, SELDOM_AT_MOST = 0.4, 1.0  # seconds between judgements of quality: of a frame that is kept, or made for it
PATIENCE = 20.0  # seconds without any answer after which nobody is thought to look
NOBODY = "Training paused: no page has shown a picture for a while. Press Play to go on."

Answer = TypeVar("Answer")


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, torch works on one core.

    The game's nets are so small that a second core gains nothing; and where other programs want it too, such as the
    browser that draws the game, the two wait for each other at every operation: 8 updates a second in place of 190.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Worker:
    """Plays a state on a thread.

    Args:
        state: what is played.
        show: called on the thread with each frame, and whether it holds what is said seldom; returns the number under
            which the frame was sent, one more than the last, or 0 if it was not.
        ended: called on the thread, last, with the sentence that says why it ended by itself.
        pace: updates a second, 0 for as many as possible.
        layers: parts of the picture that are wanted.
    """

    def __init__(
        self,
        state: GameState,
        show: Callable[[Frame, bool], int],
        ended: Callable[[str], None] = lambda sentence: None,
        *,
        pace: float = 0,
        layers: Collection[str] = PARTS,
    ) -> None:
        self.state, self.pace, self.layers = state, pace, layers
        self._show, self._ended = show, ended
        self._asked: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._wake, self._halt = threading.Event(), threading.Event()
        self._gate = threading.RLock()  # whether to ask the thread or to do it at once
        self._thread: threading.Thread | None = None
        self._sent = self._seen = 0
        self._answered = self._lost = 0.0
        self._fps = FPS

    # ------------------------------------------------------------ from any other thread

    @property
    def playing(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, number: int = 0) -> None:
        """Begin to play, after the frame with this number was sent; does nothing while it plays."""
        if self.playing:
            return
        self._halt.clear()
        self._sent = self._seen = number
        self._fps = FPS
        # What the thread sends belongs to the cell that started it.
        run = contextvars.copy_context().run
        with self._gate:
            self._thread = threading.Thread(target=lambda: run(self._play), name="gan-game", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread after the update it is at, and wait for that."""
        thread = self._thread
        self._halt.set()
        self._wake.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join()
            self._thread = None

    def ask(self, call: Callable[[], Answer]) -> Answer:
        """Do something with the state between two updates; returns, or raises, what it does."""
        if threading.current_thread() is self._thread:
            return call()
        with self._gate:
            if self._thread is None:
                return call()
            answer: Future[Answer] = Future()
            self._asked.put((call, answer))
        self._wake.set()
        return answer.result()

    def seen(self, number: int, part: float = 1.0) -> None:
        """The page has drawn the frame with this number, and this part of those that came since its last answer."""
        self._seen = max(self._seen, number)
        self._answered = time.perf_counter()
        # A page that draws two of three frames, because others have come meanwhile, gets fewer.
        self._fps = min(FPS, 1.5 * self._fps) if part > DRAWN else max(FEWEST, part * self._fps)
        self._wake.set()

    # ------------------------------------------------------------ on the thread

    def _play(self) -> None:
        sentence = ""
        try:
            with one_thread():
                sentence = self._loop()
        except Diverged as problem:
            sentence = str(problem)
        except Exception as problem:  # a thread that dies in silence would look like a page that hangs
            sentence = f"Training stopped. {type(problem).__name__}: {problem}"
        with self._gate:
            self._thread = None
            self.serve()
        if not self._halt.is_set():
            self._ended(sentence)

    def _loop(self) -> str:
        self._answered = due = turn = time.perf_counter()
        words = 0.0
        made = 0
        while not self._halt.is_set():
            self.serve()
            self.state.update()
            now = time.perf_counter()
            slow = 0 < self.pace < FPS
            # A frame that is kept holds all that is said seldom: it need not be computed once more.
            kept = self.state.frames.get(self.state.steps)
            lately = now - words < (SELDOM if kept else SELDOM_AT_MOST)
            seldom = slow or not lately
            if (now >= due - (0.3 / self._fps if kept else 0) or slow) and self._room(now):
                frame = kept or self._frame(made, seldom)
                number = self._show(frame, seldom)
                if number:
                    self._sent = number
                    words = now if seldom else words
                made += 1
                cost = time.perf_counter() - now
                due = max(due + 1 / self._fps, now + 0.7 / self._fps, now + (1 + SHARE) * cost)
            if now - self._answered > PATIENCE:
                return NOBODY
            if self.pace > 0:
                turn = max(turn + 1 / self.pace, now - 0.1)
                self._rest(turn)
        return ""

    def _frame(self, made: int, seldom: bool) -> Frame:
        if seldom:
            return self.state.frame({*self.layers, "quality"})
        # Points move in every frame; what lies behind and over them comes with every third one, by turns.
        turn = {0: {"heat"}, 1: {"arrows", "manifold"}}.get(made % 3, set())
        return self.state.frame(turn & set(self.layers))

    def _room(self, now: float) -> bool:
        if self._sent - self._seen >= WINDOW and now - max(self._answered, self._lost) > LOST:
            self._seen, self._lost = self._sent, now  # an answer was lost, or the page was reloaded: try once more
        return self._sent - self._seen < WINDOW

    def serve(self) -> None:
        """Do what was asked."""
        while True:
            try:
                call, answer = self._asked.get_nowait()
            except queue.Empty:
                return
            try:
                answer.set_result(call())
            except BaseException as problem:
                answer.set_exception(problem)

    def _rest(self, until: float) -> None:
        """Wait for the time of the next update, and do meanwhile what is asked."""
        while not self._halt.is_set() and (left := until - time.perf_counter()) > 0:
            self._wake.clear()
            self.serve()
            if not self._halt.is_set():  # set before the wake-up was cleared: it would not be heard
                self._wake.wait(left)

    @property
    def halting(self) -> bool:
        """Whether it has been told to stop."""
        return self._halt.is_set()
