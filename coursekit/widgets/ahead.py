"""Frames ahead of time: a key draws at once what the kernel computed while it had nothing to do.

From a key press to the kernel and back takes 30 to 60 ms in JupyterLab before anything is computed, so a picture that
waits for the answer is always a little late. But a slider has few values. While the kernel is idle it computes the
frame of each of them; the page keeps them in a *deck* and draws from it without asking. The kernel is still told and
answers in its own time: with words, or with a picture where the deck does not hold one.

In a widget:

    ahead = ArraysTrait()                                       # the deck, on its way to the page
    self._ahead = FramesAhead(self, "bandwidth", given=("seed", "kernel"))
    self._ahead.start(self.bandwidths, lambda h: {"estimate": ...})     # again whenever one of `given` changes

and on the page `deck(model).frame()`, which is null unless the deck holds the present value of the slider, for the
present values of all that is given: another seed or kernel makes the old deck silent at once.

One message of the page may be handled on the kernel's main thread and the next on a thread beside it (see `base.py`).
So a run may be told to begin anew while it is at work on another thread. A deck of the old run must not follow the new
one's, or the page would wait for ever: each slice holds the widget's door, and first asks whether its run still counts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from coursekit.widgets.arrays import Arrays

REST = 0.1  # seconds before the first slice: whoever drags another slider restarts it many times
SLICE = 0.010  # seconds of work at a stretch (and the frame that was begun): a key never waits for more
PAUSE = 0.010  # seconds between slices, in which the kernel answers

Frame = Mapping[str, Any]


def deck(key: str, values: Sequence[float], frames: Iterable[Frame], given: Mapping[str, Any]) -> Arrays:
    """All frames as arrays: one row of each for each value of the key.

    Args:
        key: the trait that the slider moves.
        values: its values, k of them.
        frames: the arrays to draw for each value, with the same names and shapes for all.
        given: all other traits that the frames follow from, with the values they were computed for.

    Returns:
        The key's values with shape (k,) and each array of the frames with shape (k, ...).
    """
    rows = list(frames)
    stacked = {name: np.stack([np.asarray(row[name], dtype="<f4") for row in rows]) for name in rows[0]}
    return Arrays({**stacked, key: values}, about={"key": key, "given": dict(given)})


class FramesAhead:
    """Fills a widget's trait `ahead` while the kernel is idle.

    Args:
        widget: a widget with a trait `ahead = ArraysTrait()`.
        key: the trait that the slider moves.
        given: names of all other traits that the frames follow from.
        trait: the trait to fill, for a widget with a deck for each of two sliders.
    """

    def __init__(self, widget: Any, key: str, given: Sequence[str], trait: str = "ahead"):
        self._widget, self._key, self._names, self._trait = widget, key, given, trait
        self._run: object | None = None  # the one that counts

    def start(self, values: Sequence[float], frame: Callable[[float], Frame]) -> None:
        """Begin anew, in slices on the running event loop; where none runs nobody would see the deck: do nothing."""
        self.stop()
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        with self._widget.door:
            given = {name: getattr(self._widget, name) for name in self._names}
            run = self._run = object()
        frames: list[Frame] = []

        def work() -> None:
            with self._widget.door:
                if self._run is not run or self._widget.comm is None:
                    return  # another run has begun, or the widget was closed: there is no page any more
                end = time.perf_counter() + SLICE
                while len(frames) < len(values) and time.perf_counter() < end:
                    frames.append(frame(values[len(frames)]))
                if len(frames) < len(values):
                    loop.call_later(PAUSE, work)
                else:
                    setattr(self._widget, self._trait, deck(self._key, values, frames, given))

        loop.call_later(REST, work)

    def stop(self) -> None:
        """Leave off; the page keeps what it has."""
        with self._widget.door:
            self._run = None
