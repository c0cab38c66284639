"""The live game's traits and its thread: what plays, what is changed between updates, what is refused, what ends."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pytest
import traitlets

from coursekit.training.run import Diverged
from coursekit.widgets import game_worker
from coursekit.widgets.game import FIGURE, GanGame
from coursekit.widgets.game_setup import Settings, board
from coursekit.widgets.game_state import EVERY, GameState
from coursekit.widgets.game_worker import Worker

SMALL = {"data": "ring-8"}


def threads():
    return [t for t in threading.enumerate() if t.name == "gan-game"]


def until(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


class Page:
    """Stands for a page: it counts frames, and answers each of them unless told not to."""

    def __init__(self):
        self.numbers, self.frames, self.answers, self.ends = [], [], True, []
        self.worker, self.parts, self.times = None, 1.0, []

    def show(self, frame, seldom):
        number = len(self.numbers) + 1
        self.numbers.append(number)
        self.times.append(time.monotonic())
        self.frames.append(frame)
        if self.answers:
            self.worker.seen(number, self.parts)
        return number


@contextmanager
def working(*sides, **options):
    page = Page()
    state = GameState(board("ring-8"), list(sides) or [Settings()])
    page.worker = Worker(state, page.show, page.ends.append, **options)
    try:
        yield page, page.worker, state
    finally:
        page.worker.stop()
        assert threads() == []


@contextmanager
def playing(game):
    """A game that plays, with a page that answers."""
    game.observe(lambda change: game._handle_custom_msg({"seen": change.new.about["number"]}, []), "picture")
    game._handle_custom_msg({"action": "play"}, [])
    try:
        yield game
    finally:
        game.close()
        assert threads() == []


# ---------------------------------------------------------------- the thread


def test_it_plays_what_the_state_would_play_alone():
    with working() as (page, worker, state):
        worker.start()
        until(lambda: len(page.frames) > 5)
        worker.stop()
        alone = GameState(board("ring-8"), [Settings()])
        alone.advance(state.steps)
        one, other = state.frame(), alone.frame()
        np.testing.assert_array_equal(one.arrays[0]["points"], other.arrays[0]["points"])
        assert list(state.frames) == list(alone.frames)


def test_a_page_that_does_not_answer_gets_no_more_than_the_window(monkeypatch):
    monkeypatch.setattr(game_worker, "LOST", 60.0)
    monkeypatch.setattr(game_worker, "WINDOW", 6)
    with working() as (page, worker, state):
        page.answers = False
        worker.start()
        until(lambda: len(page.numbers) == game_worker.WINDOW)
        worker.seen(1)
        until(lambda: len(page.numbers) == game_worker.WINDOW + 1)
        steps = state.steps
        until(lambda: state.steps > steps + 40)  # training does not wait for the page
        assert len(page.numbers) == game_worker.WINDOW + 1


def test_a_lost_answer_does_not_end_the_pictures(monkeypatch):
    monkeypatch.setattr(game_worker, "LOST", 0.1)
    monkeypatch.setattr(game_worker, "WINDOW", 6)
    with working() as (page, worker, _):
        page.answers = False
        worker.start()
        began = time.monotonic()
        until(lambda: len(page.numbers) >= game_worker.WINDOW + 3)
        assert time.monotonic() - began > 0.2  # one at a time, not all at once


def test_a_page_that_leaves_out_frames_gets_fewer_until_it_draws_them_all():
    with working() as (page, worker, _):
        page.parts = 0.5
        worker.start()
        until(lambda: len(page.numbers) > 8)  # halved with each of them
        count = len(page.numbers)
        until(lambda: len(page.numbers) > count + 2)
        least = 0.45 / game_worker.FEWEST
        assert min(b - a for a, b in pairwise(page.times[-3:])) > least
        page.parts = 1.0
        until(lambda: page.times[-1] - page.times[-2] < least / 2)


def test_where_nobody_looks_it_ends(monkeypatch):
    monkeypatch.setattr(game_worker, "PATIENCE", 0.2)
    with working() as (page, worker, _):
        page.answers = False
        worker.start()
        until(lambda: page.ends)
        assert page.ends == [game_worker.NOBODY]
        assert not worker.playing


def test_what_is_asked_is_done_between_two_updates_on_the_thread():
    with working() as (_, worker, state):
        worker.start()
        inside = []
        update = state.update

        def watched():
            inside.append(True)
            update()
            inside.pop()

        worker.ask(lambda: setattr(state, "update", watched))
        for _ in range(20):
            name, busy = worker.ask(lambda: (threading.current_thread().name, list(inside)))
            assert (name, busy) == ("gan-game", [])
        with pytest.raises(ZeroDivisionError):
            worker.ask(lambda: 1 / 0)
        assert worker.playing


def test_without_a_thread_what_is_asked_is_done_at_once():
    with working() as (_, worker, _):
        assert worker.ask(lambda: threading.current_thread()) is threading.current_thread()


def test_a_slow_pace_is_kept_and_can_be_stopped_and_asked_meanwhile():
    with working(pace=10.0) as (page, worker, state):
        began = time.monotonic()
        worker.start()
        until(lambda: state.steps >= 6)
        assert time.monotonic() - began > 0.4
        until(lambda: page.frames[-1].step >= 6)
        assert "heat" in page.frames[-1].arrays[0]  # at this pace each frame has all its parts
        worker.pace = 0.5
        time.sleep(0.15)
        began = time.monotonic()
        assert worker.ask(lambda: 3) == 3
        worker.stop()
        assert time.monotonic() - began < 1.0  # not the two seconds of the next update


def test_divergence_is_reported_by_the_thread():
    with working(Settings("wgan-gp", rate_d=1e30, rate_g=1e30)) as (page, worker, _):
        worker.start()
        until(lambda: page.ends)
        assert "no longer finite" in page.ends[0]


def test_a_fault_is_reported_instead_of_silence():
    with working() as (page, worker, _):
        page.show = None
        worker._show = None
        worker.start()
        until(lambda: page.ends)
        assert "Training stopped. TypeError" in page.ends[0]


# ---------------------------------------------------------------- the widget


def test_play_shows_frames_and_pause_stops():
    with playing(GanGame(**SMALL)) as game:
        until(lambda: game.last > 40)
        game._handle_custom_msg({"action": "pause"}, [])
        assert not game.playing
        assert threads() == []
        last = game.last
        assert game.picture.about["step"] == last == game.state.steps
        assert set(game.picture) >= {"points0", "heat0", "arrows0", "manifold0", "caught0"}
        time.sleep(0.2)
        assert game.state.steps == last


def test_closing_ends_the_thread():
    game = GanGame(**SMALL)
    game.play()
    assert len(threads()) == 1
    game.close()
    assert threads() == []


def test_the_summary_is_not_said_more_often_than_every_two_seconds():
    game = GanGame(**SMALL)
    said = []
    game.observe(lambda change: said.append(time.monotonic()), "summary")
    with playing(game):
        time.sleep(5)
        during = list(said)
    assert 1 <= len(during) <= 3
    assert all(b - a > 1.9 for a, b in pairwise(during))


def test_numbers_turn_while_it_plays_and_the_game_goes_on():
    with playing(GanGame(**SMALL)) as game:
        until(lambda: game.last > 10)
        game.set_state({"sides": [game.sides[0] | {"k": 3, "rate_g": 5e-4}]})
        assert game.error == ""
        assert game.playing
        until(lambda: game.last > 40)
        game.pause()
        assert game.state.lanes[0].game.k == 3
        assert game.state.lanes[0].game.learning_rate("g") == 5e-4
        assert game.last > 40  # it did not begin anew


def test_many_messages_while_it_plays_do_not_lock_up():
    with playing(GanGame(compare="pacgan2", **SMALL)) as game:
        for i in range(60):
            game.set_state({"layers": ["heat", "arrows"][: i % 3], "pace": [0.0, 1000.0][i % 2]})
            game.set_state({"sides": [one | {"k": 1 + i % 3} for one in game.sides]})
            if i % 20 == 5:
                game._handle_custom_msg({"action": "bookmark"}, [])
            if i % 10 == 9:
                game._handle_custom_msg({"action": "pause"}, [])
                game._handle_custom_msg({"action": "play"}, [])
        assert game.error == ""
        assert len(game.bookmarks) >= 1


@pytest.mark.parametrize(("trait", "value"), [("data", "moons"), ("seed", 4), ("drawn", None)])
def test_another_question_begins_anew(trait, value):
    game = GanGame("drawn" if trait == "drawn" else "ring-8")
    game.advance(3)
    before = game.points
    game.set_state({trait: [[1.0, 1.0]] if trait == "drawn" else value})
    assert game.error == ""
    assert (game.last, game.kept) == (0, [0])
    assert (game.points is not before) or trait == "seed"


def test_another_remedy_brings_its_own_numbers_and_begins_anew():
    game = GanGame(**SMALL)
    game.advance(3)
    game.set_state({"sides": [{"objective": "wgan-gp", "remedy": "none"}]})
    assert game.last == 0
    assert game.sides[0]["k"] == 5


def test_two_sides_by_name():
    game = GanGame("grid-25", "lsgan", compare="pacgan2", k=2)
    assert [(s["objective"], s["remedy"], s["k"]) for s in game.sides] == [
        ("lsgan", "none", 2),
        ("lsgan", "pacgan2", 2),
    ]
    assert {"points0", "points1"} <= set(game.picture)


def test_a_single_step_while_it_plays_pauses_first():
    with playing(GanGame(**SMALL)) as game:
        until(lambda: game.last > 5)
        game._handle_custom_msg({"action": "step_d"}, [])
        assert not game.playing
        assert game.state.lanes[0].game.turn() == "g"


def test_looking_back_pauses_and_playing_goes_on_from_the_newest():
    with playing(GanGame(**SMALL)) as game:
        until(lambda: game.last > EVERY + 5)
        game.set_state({"shown": EVERY})
        assert not game.playing
        assert game.picture.about["step"] == EVERY
        assert "Looking back" in game.summary
        last = game.last
        game._handle_custom_msg({"action": "bookmark"}, [])
        assert "newest moment only" in game.error
        game._handle_custom_msg({"action": "play"}, [])
        assert game.shown == -1
        until(lambda: game.last > last)


def test_going_on_from_a_bookmark_brings_its_settings():
    game = GanGame(**SMALL)
    game.advance(30)
    game._handle_custom_msg({"action": "bookmark"}, [])
    assert game.bookmarks == [30]
    game.advance(30)
    then = game.picture
    game.set_state({"sides": [game.sides[0] | {"k": 7}]})
    game.set_state({"shown": 30})
    game._handle_custom_msg({"action": "restore"}, [])
    assert (game.error, game.last, game.shown, game.sides[0]["k"]) == ("", 30, -1, 1)
    game.advance(30)
    np.testing.assert_array_equal(game.picture["points0"], then["points0"])
    game.set_state({"shown": 30})
    game._handle_custom_msg({"action": "remove_bookmark"}, [])
    assert game.bookmarks == []
    game._handle_custom_msg({"action": "restore"}, [])
    assert "no bookmark at update 30" in game.error


def test_start_again_brings_the_same_frames():
    game = GanGame(**SMALL)
    game.advance(EVERY)
    then = game.state.frames[EVERY]
    game.restart()
    assert game.last == 0
    game.advance(EVERY)
    np.testing.assert_array_equal(game.state.frames[EVERY].arrays[0]["points"], then.arrays[0]["points"])


@pytest.mark.parametrize(
    "change",
    [
        {"data": "moons"},
        {"seed": 4},
        {"data": "drawn"},
        {"sides": [{"objective": "lsgan"}]},
        {"sides": [{}, {"remedy": "pacgan2"}]},
    ],
)
def test_what_was_begun_anew_is_said_and_can_be_taken_back(change):
    game = GanGame(**SMALL)
    game._handle_custom_msg({"action": "undo"}, [])
    assert "nothing to take back" in game.error
    for _ in range(2):
        game.advance(20)
        game.bookmark()
    game.set_state({"sides": [game.sides[0] | {"k": 7}]})  # turned on the way: it comes back, too
    before = {name: getattr(game, name) for name in ("data", "seed", "sides", "bookmarks", "window")}
    picture, points = game.picture, game.points
    game.set_state(change)
    assert (game.error, game.last, game.bookmarks, game.undoable) == ("", 0, [], True)
    assert "Begun anew: 40 updates and 2 bookmarks left behind. Undo" in game.summary
    game.restart()  # nothing was played in between: what can be taken back stays
    game._handle_custom_msg({"action": "undo"}, [])
    assert (game.error, game.last) == ("", 40)
    assert {name: getattr(game, name) for name in before} == before
    np.testing.assert_array_equal(game.picture["points0"], picture["points0"])
    np.testing.assert_array_equal(game.points["data"], points["data"])
    assert "Begun anew" not in game.summary
    game.advance(3)  # and it goes on
    assert game.last == 43
    game.restore(20)
    assert game.last == 20
    game.set_state(change)
    after = {name: getattr(game, name) for name in ("data", "seed", "sides")}
    game.advance(1)
    game._handle_custom_msg({"action": "undo"}, [])
    assert game.last == 20
    game._handle_custom_msg({"action": "undo"}, [])  # a second time takes the first one back
    assert (game.error, game.last) == ("", 1)
    assert {name: getattr(game, name) for name in after} == after


def test_a_drawing_comes_back_with_its_games():
    game = GanGame("drawn", drawn=[[0.0, 0.0], [1.0, 1.0]])
    game.advance(2)
    game.set_state({"drawn": [[2.0, 2.0]]})
    assert "Begun anew: 2 updates left behind" in game.summary
    game.undo()
    assert (game.last, game.drawn) == (2, [[0.0, 0.0], [1.0, 1.0]])


def test_while_it_plays_another_seed_stops_it_and_can_be_taken_back():
    with playing(GanGame(**SMALL)) as game:
        until(lambda: game.last > 5)
        game.set_state({"seed": 3})
        assert not game.playing
        played = game._before[0].steps
        game._handle_custom_msg({"action": "undo"}, [])
        assert (game.error, game.last, game.seed) == ("", played, 0)


def test_divergence_shows_its_sentence_and_stops():
    with playing(GanGame("ring-8", "wgan-gp", learning_rate=1e30)) as game:
        until(lambda: game.error)
        assert "Try a smaller learning rate" in game.error
        assert not game.playing
        assert game.picture.about["sides"][0]["ended"]
        with pytest.raises(ValueError, match="no longer finite"):
            game.advance(1)


@pytest.mark.parametrize(
    ("trait", "wrong", "sentence"),
    [
        ("data", "grid", "Did you mean 'grid-25'"),
        ("seed", -1, "seed must lie between"),
        ("pace", -1, "pace, in updates a second, must lie between"),
        ("layers", ["map"], "no layer called 'map'"),
        ("shown", -2, "shown must lie between"),
        ("sides", [], "one or two settings"),
        ("sides", [{}, {}, {}], "one or two settings"),
        ("sides", [{"rate": 1}], "keys objective, remedy"),
        ("sides", [{"k": 0}], "k must lie between 1 and 100"),
        ("sides", [{"rate_d": float("nan")}], "critic's learning rate must be a number"),
        ("sides", [{"objective": "mmd", "remedy": "pacgan2"}], "nothing to act on"),
        ("sides", [{"objective": ["lsgan"]}], "no objective"),
        ("drawn", [[0, 9]], "must lie between"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence_and_changes_nothing(trait, wrong, sentence):
    game = GanGame(**SMALL)
    game.advance(1)
    before, picture = getattr(game, trait), game.picture
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(game, trait, wrong)
    game.set_state({trait: wrong})
    assert game.error != ""
    assert getattr(game, trait) == before
    assert game.picture is picture


def test_an_empty_drawing_is_refused_and_the_data_stay():
    game = GanGame("drawn")
    assert game.drawn == FIGURE
    game.set_state({"drawn": []})
    assert "Nothing is drawn" in game.error
    assert game.drawn == FIGURE


def test_a_learning_rate_for_each_player():
    game = GanGame("ring-8", learning_rate=(2e-4, 5e-4))
    assert [game.state.lanes[0].game.learning_rate(p) for p in "dg"] == [2e-4, 5e-4]
    with pytest.raises(ValueError, match="a pair"):
        GanGame("ring-8", learning_rate=(1e-3, 1e-3, 1e-3))
    with pytest.raises(ValueError, match="to compare with"):
        GanGame("ring-8", compare="pacgan9")


def test_an_unknown_button_does_nothing():
    game = GanGame(**SMALL)
    game._handle_custom_msg({"action": "close"}, [])
    assert "no action 'close'" in game.error


def test_a_page_without_a_kernel_holds_the_kept_frames(tmp_path):
    game = GanGame("ring-8", compare="pacgan2")
    game.advance(2 * EVERY + 20)
    choices = game.page_choices()
    assert choices == {"shown": [0, EVERY, 2 * EVERY]}
    start = game.page_start()
    assert start["last"] == 2 * EVERY
    assert start["picture"].about["step"] == 0
    np.testing.assert_array_equal(
        game.page_state({"shown": EVERY})["picture"]["points1"], game.state.frames[EVERY].arrays[1]["points"]
    )
    assert game.export_html(tmp_path / "game.html").stat().st_size < 2e6


def test_a_page_of_a_game_that_was_not_played_is_played_ahead_in_a_copy(monkeypatch):
    monkeypatch.setattr("coursekit.widgets.game.AHEAD", 80)
    game = GanGame(**SMALL)
    assert game.page_choices() == {"shown": [0, 40, 80]}
    assert game.state.steps == 0


def test_diverged_is_not_a_value_error():
    """Why `advance` turns it into one: the page calls other errors failed callbacks."""
    assert not issubclass(Diverged, ValueError)
