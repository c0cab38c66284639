"""Frames ahead of time: what is in the deck, when there is one, and that an old one is never drawn."""

from __future__ import annotations

import asyncio
import threading
import time

import numpy as np
import pytest

from coursekit.widgets import KDEExplorer, ahead
from coursekit.widgets.ahead import deck
from coursekit.widgets.arrays import pack, unpack


async def filled(explorer):
    """Wait, as an idle kernel does, until the deck holds what is asked now."""
    for _ in range(1000):
        given = explorer.ahead.about.get("given", {})
        if given and all(getattr(explorer, name) == value for name, value in given.items()):
            return explorer.ahead
        await asyncio.sleep(0.01)
    raise AssertionError("the deck did not come")


def test_the_deck_holds_the_very_curve_of_each_bandwidth():
    async def idle():
        explorer = KDEExplorer("claw", n=60, seed=2, kernel="epanechnikov")
        assert len(explorer.ahead) == 0  # nothing is computed before the kernel is idle
        return explorer, await filled(explorer)

    explorer, held = asyncio.run(idle())
    assert held.about["key"] == "bandwidth"
    assert held["bandwidth"].tolist() == pytest.approx(explorer.bandwidths, rel=1e-6)
    for h, estimate in zip(explorer.bandwidths, held["estimate"], strict=True):
        explorer.bandwidth = h
        np.testing.assert_array_equal(estimate, explorer.curve["estimate"])


def test_where_no_loop_runs_there_is_no_deck():
    explorer = KDEExplorer(n=20)
    time.sleep(2 * ahead.REST)
    assert len(explorer.ahead) == 0
    explorer.bandwidth = explorer.bandwidths[3]
    assert explorer.curve["bandwidth"][0] == pytest.approx(explorer.bandwidths[3])


@pytest.mark.parametrize(
    ("name", "value"), [("density", "outlier"), ("n", 120), ("seed", 3), ("kernel", "epanechnikov")]
)
def test_another_question_is_computed_anew_and_its_deck_says_which(name, value):
    async def change():
        explorer = KDEExplorer("bimodal", n=20)
        first = await filled(explorer)
        setattr(explorer, name, value)
        assert explorer.ahead is first and first.about["given"][name] != value  # the page can tell that it is old
        return explorer, await filled(explorer)

    explorer, second = asyncio.run(change())
    assert second.about["given"] == {"density": explorer.density, "n": explorer.n, "seed": explorer.seed} | {
        "kernel": explorer.kernel
    }
    explorer.bandwidth = explorer.bandwidths[7]
    np.testing.assert_array_equal(second["estimate"][7], explorer.curve["estimate"])


def test_many_changes_bring_one_deck_that_of_the_last():
    async def change():
        explorer, decks = KDEExplorer("bimodal", n=20), []
        explorer.observe(decks.append, "ahead")
        for seed in range(1, 6):
            explorer.seed = seed
            await asyncio.sleep(0.02)
        await filled(explorer)
        await asyncio.sleep(2 * ahead.REST)
        return [made.new.about["given"]["seed"] for made in decks]

    assert asyncio.run(change()) == [5]


def test_it_stops_when_the_widget_closes():
    async def close():
        explorer = KDEExplorer("bimodal", n=20)
        explorer.close()
        await filled(KDEExplorer("bimodal", n=20))  # one that began later and stays open is done by now
        await asyncio.sleep(ahead.REST)
        return explorer

    assert len(asyncio.run(close()).ahead) == 0


def test_the_loop_gets_its_turn_between_slices():
    """Whatever else the kernel has to do waits for one slice, not for all frames: here each takes 4 ms at least."""

    async def compete():
        explorer, made, turns = KDEExplorer("bimodal", n=20), [], []

        def frame(h):
            time.sleep(0.004)
            made.append(h)
            return {"y": [h]}

        explorer._ahead.start([float(k) for k in range(1, 61)], frame)
        while len(explorer.ahead) == 0:
            before = len(made)
            await asyncio.sleep(0)
            turns.append(len(made) - before)
        return turns

    turns = asyncio.run(compete())
    assert sum(turns) == 60
    assert max(turns) <= 4  # the 10 ms of a slice, and the frame that was begun


class KernelThread:
    """An event loop on a thread of its own, like the kernel's main one and that of a subshell."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def do(self, call):
        """Call on that thread, and return what the call returns."""

        async def answer():
            return call()

        return asyncio.run_coroutine_threadsafe(answer(), self.loop).result(timeout=10)

    def end(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(timeout=10)
        self.loop.close()


@pytest.fixture
def threads():
    """The kernel's main thread, and one beside it."""
    pair = KernelThread(), KernelThread()
    yield pair
    for one in pair:
        one.end()


def test_a_run_that_began_anew_on_another_thread_is_not_followed_by_the_old_one(threads):
    """JupyterLab's first message comes on the main thread, the next on a subshell, in the midst of a slow frame."""
    main, beside = threads
    at_work, decks = threading.Event(), []
    explorer = main.do(lambda: KDEExplorer("bimodal", n=20))
    explorer.observe(lambda change: decks.append(change.new["y"].tolist()), "ahead")

    def slow(h):
        at_work.set()
        time.sleep(0.02)
        return {"y": [h]}

    main.do(lambda: explorer._ahead.start([float(k) for k in range(20)], slow))  # 20 slices: 0.6 s
    assert at_work.wait(timeout=10)
    beside.do(lambda: explorer._ahead.start([7.0, 8.0], lambda h: {"y": [h]}))
    deadline = time.monotonic() + 10
    while not decks and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(1.0)  # the old run would be through by now
    assert decks == [[[7.0], [8.0]]]


def test_messages_on_two_threads_are_worked_on_one_after_the_other(threads):
    """While one thread takes over what the page changed, the other waits with its message."""
    explorer, inside, seen = KDEExplorer("bimodal", n=20), [], []

    def slow(change):
        inside.append(change.new)
        time.sleep(0.1)
        seen.append(list(inside))
        inside.remove(change.new)

    explorer.observe(slow, "bandwidth")
    first, second = explorer.bandwidths[3], explorer.bandwidths[5]
    pages = [
        threading.Thread(target=lambda one=one, h=h: one.do(lambda: explorer.set_state({"bandwidth": h})))
        for one, h in zip(threads, (first, second), strict=True)
    ]
    for page in pages:
        page.start()
    for page in pages:
        page.join(timeout=10)
    assert sorted(seen) == [[first], [second]]


def test_facts_travel_with_the_arrays():
    made = deck("k", [1.0, 2.0], [{"y": [1, 2, 3]}, {"y": [4, 5, 6]}], given={"seed": 7})
    back = unpack(pack(made))
    assert back.about == {"key": "k", "given": {"seed": 7}}
    assert back["y"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert back["k"].tolist() == [1, 2]
