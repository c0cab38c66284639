"""The live game without a front end: it plays the course's own loop, and what it shows is what the nets say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from coursekit.evaluation.modes import modes_of
from coursekit.gans.configurations import CONFIGURATIONS, configured
from coursekit.gans.packing import pack
from coursekit.seeds import seeded
from coursekit.training.adversarial import fit_adversarial
from coursekit.training.run import Diverged
from coursekit.widgets import game_picture, game_state
from coursekit.widgets.game_picture import ARROWS, HEAT, NODES, PARTS, POINTS, UNIT
from coursekit.widgets.game_setup import (
    BRUSH,
    DATA_NAMES,
    MOST_DRAWN,
    NONE,
    OBJECTIVES,
    REMEDIES,
    Settings,
    board,
    sample,
    start_game,
)
from coursekit.widgets.game_state import BOOKMARKS, EVERY, GameState

PLAIN = Settings()
STROKE = [[x / 10, 0.5] for x in range(-20, 21)]


def played(updates=0, *, data="grid-25", sides=(PLAIN,), seed=0, **options):
    state = GameState(board(data, STROKE), list(sides), seed, **options)
    state.advance(updates)
    return state


def parameters(player):
    return torch.cat([p.detach().flatten() for p in player.parameters()]).clone()


def weights(state, side=0):
    return {name: parameters(player) for name, player in state.lanes[side].game.players.items()}


def same(one, other):
    assert one.step == other.step
    for mine, its in zip(one.arrays, other.arrays, strict=True):
        assert mine.keys() == its.keys()
        for name in mine:
            np.testing.assert_array_equal(mine[name], its[name])
    assert one.facts == other.facts


# ---------------------------------------------------------------- the course's own loop


@pytest.mark.parametrize("remedy", ["none", "pacgan2"])
def test_it_trains_exactly_as_the_loop_that_students_read(remedy):
    row = configured(REMEDIES[remedy], "grid-25")
    with seeded(3):
        g, d = row.nets()
    run = fit_adversarial(g, d, row.data(), **row.options | {"seed": 3})
    for _ in range(EVERY + 5):
        next(run)
    state = played(EVERY + 5, sides=[Settings(remedy=remedy)], seed=3)
    assert len(state.frames) > 1  # it was looked at on the way
    for name, player in run.players.items():
        assert torch.equal(parameters(player), weights(state)[name])


def test_every_row_of_the_table_is_on_a_menu_and_plays():
    assert {*OBJECTIVES.values(), *REMEDIES.values()} == set(CONFIGURATIONS)


@pytest.mark.parametrize("data", DATA_NAMES)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_plays_on_every_data_set(objective, data):
    state = played(2, data=data, sides=[Settings(objective)])
    frame = state.frame()
    assert frame.arrays[0]["points"].shape == (POINTS, 2)
    assert frame.arrays[0]["arrows"].shape == (ARROWS, 2)
    assert np.isfinite(frame.arrays[0]["arrows"]).all()
    assert ("modes" in frame.facts[0]) == (data in ("grid-25", "ring-8"))


@pytest.mark.parametrize(("objective", "remedy"), itertools.product(["non_saturating", "wgan-gp", "lsgan"], REMEDIES))
def test_a_remedy_changes_its_row_and_nothing_else(objective, remedy):
    refused = {("wgan-gp", "minibatch-discrimination"): "second derivatives"}
    refused |= {(other, "veegan"): "objective of its own" for other in ("wgan-gp", "lsgan")}
    if (objective, remedy) in refused:
        with pytest.raises(ValueError, match=refused[objective, remedy]):
            Settings(objective, remedy).row("grid-25")
        return
    row, base = Settings(objective, remedy).row("grid-25"), CONFIGURATIONS[OBJECTIVES[objective]]
    of_remedy = CONFIGURATIONS[REMEDIES[remedy]]
    assert (row.pack, row.unroll, row.critic) == (of_remedy.pack, of_remedy.unroll, of_remedy.critic)
    assert (row.k, row.learning_rate, row.betas, row.clip) == (base.k, base.learning_rate, base.betas, base.clip)
    game = start_game(row, board("grid-25").sampler, 0)
    assert [next(game).player for _ in range(base.k + 1)] == ["d"] * base.k + ["g"]


@pytest.mark.parametrize("objective", ["mmd", "sinkhorn", "mmd-gan"])
def test_a_remedy_without_a_critic_to_act_on_is_refused(objective):
    with pytest.raises(ValueError, match="has nothing to act on"):
        Settings(objective, "pacgan2").row("grid-25")


@pytest.mark.parametrize(("settings", "sentence"), [
    (Settings("non-saturating"), "Did you mean 'non_saturating'"),
    (Settings(remedy="pacgan"), "Did you mean 'pacgan"),
])  # fmt: skip
def test_an_unknown_name_is_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        settings.row("grid-25")


def test_the_other_side_by_name():
    base = Settings("lsgan")
    assert Settings.compared("pacgan2", base) == Settings("lsgan", "pacgan2")
    assert Settings.compared("hinge", base) == Settings("hinge", NONE)
    assert Settings.compared("vanilla", base) == Settings("non_saturating", NONE)
    assert Settings.compared(NONE, Settings("lsgan", "pacgan2")) == base
    with pytest.raises(ValueError, match="objective or remedy to compare with"):
        Settings.compared("nothing", base)


# ---------------------------------------------------------------- two sides, one seed


def test_two_sides_start_from_one_generator_and_run_in_step():
    state = played(0, sides=[Settings(), Settings(remedy="pacgan2")], seed=5)
    assert torch.equal(weights(state, 0)["g"], weights(state, 1)["g"])
    np.testing.assert_array_equal(state.frame().arrays[0]["points"], state.frame().arrays[1]["points"])
    state.advance(30)
    assert [lane.game.step for lane in state.lanes] == [30, 30]
    assert not torch.equal(weights(state, 0)["g"], weights(state, 1)["g"])


def test_each_side_is_the_game_it_would_be_alone():
    pair = played(25, sides=[Settings(), Settings(remedy="pacgan2")])
    for side, settings in enumerate([Settings(), Settings(remedy="pacgan2")]):
        alone = weights(played(25, sides=[settings]))
        assert all(torch.equal(alone[name], weights(pair, side)[name]) for name in alone)


def test_the_same_seed_gives_the_same_frames_and_another_seed_others():
    one, other = played(2 * EVERY), played(2 * EVERY)
    assert list(one.frames) == [0, EVERY, 2 * EVERY]
    for step, frame in one.frames.items():
        same(frame, other.frames[step])
    assert (played(EVERY, seed=1).frames[EVERY].arrays[0]["points"] != one.frames[EVERY].arrays[0]["points"]).any()


def test_looking_changes_nothing():
    looked = played(0, sides=[Settings("wgan-gp"), Settings(remedy="veegan")])
    for _ in range(10):
        looked.update()
        looked.frame()
    blind = played(10, sides=[Settings("wgan-gp"), Settings(remedy="veegan")])
    for side in (0, 1):
        assert all(torch.equal(v, weights(blind, side)[n]) for n, v in weights(looked, side).items())


# ---------------------------------------------------------------- single steps and controls


def test_a_step_moves_one_player_whoevers_turn_it_is():
    state = played(7)
    for player in ("d", "d", "g", "g", "d"):
        before = weights(state)
        state.step(player)
        after = weights(state)
        assert [name for name in after if not torch.equal(before[name], after[name])] == [player]
    assert state.steps == 12


def test_after_a_step_the_loop_goes_on_by_its_own_rule():
    state = played(0, sides=[Settings(k=3)])
    state.step("g")
    turns = []
    for _ in range(4):
        turns.append(state.lanes[0].game.turn())
        state.update()
    assert turns == ["d", "d", "d", "g"]


def test_a_critic_that_is_not_there_cannot_step():
    state = played(0, sides=[Settings(), Settings("mmd")])
    with pytest.raises(ValueError, match="'mmd' has no critic"):
        state.step("d")
    assert [lane.game.step for lane in state.lanes] == [0, 0]  # neither side moved
    state.step("g")
    with pytest.raises(ValueError, match="player"):
        state.step("x")


def test_numbers_turn_between_updates():
    state = played(4)
    state.change(0, k=2, rate_d=0.0)
    before = weights(state)
    state.advance(2)
    assert torch.equal(before["d"], weights(state)["d"])  # a rate of zero: the critic stands still
    assert torch.equal(before["g"], weights(state)["g"])  # k = 2: both updates were the critic's
    state.change(0, rate_d=1e-3)
    assert (state.lanes[0].settings.k, state.lanes[0].settings.rate_d) == (2, 1e-3)
    with pytest.raises(ValueError, match="k must be"):
        state.change(0, k=0)
    with pytest.raises(ValueError, match="learning rate"):
        state.change(0, rate_g=-1.0)
    with pytest.raises(ValueError, match="no side 1"):
        state.change(1, k=1)


def test_divergence_ends_with_a_sentence_and_leaves_finite_points():
    state = played(0, sides=[Settings(), Settings("wgan-gp", rate_d=1e30, rate_g=1e30)])
    with pytest.raises(Diverged, match=r"wgan-gp: at update \d+ .* Try a smaller learning rate"):
        state.advance(50)
    assert state.ended == ""  # the other side lives
    step = state.steps
    state.advance(5)
    assert state.steps == step + 5
    assert "diverged" in state.describe()
    alone = played(0, sides=[Settings("wgan-gp", rate_d=1e30, rate_g=1e30)])
    with pytest.raises(Diverged):
        alone.advance(50)
    with pytest.raises(Diverged, match="Try a smaller learning rate"):  # and again, instead of nothing
        alone.update()
    assert alone.frame().arrays[0]["points"].dtype == np.int16


# ---------------------------------------------------------------- what is shown


def test_points_are_the_generators_and_are_judged_by_the_protocol():
    state = played(60, data="ring-8")
    lane = state.lanes[0]
    frame = state.frame()
    z = game_picture._noise(2)[:POINTS]
    with torch.no_grad():
        x = lane.game.players["g"].module(z).numpy()
    cx, cy, half = lane.board.window
    shown = frame.arrays[0]["points"] / UNIT * half + [cx, cy]
    inside = np.abs(x - [cx, cy]).max(1) < 3.9 * half
    assert inside.mean() > 0.9
    np.testing.assert_allclose(shown[inside], x[inside], atol=half / UNIT)
    other = modes_of(lane.game.players["g"].module, lane.board.modes, generator=torch.Generator().manual_seed(9))
    assert frame.facts[0]["quality"] == pytest.approx(float(other.high_quality), abs=0.05)  # other z, same law
    assert frame.facts[0]["modes"] == frame.arrays[0]["caught"].sum()


def test_the_map_is_the_critic_row_zero_at_the_bottom():
    state = played(40)
    lane = state.lanes[0]
    heat = state.frame(("heat",)).arrays[0]["heat"]
    cx, cy, half = lane.board.window
    for row, column in [(0, 0), (0, HEAT - 1), (HEAT - 1, 3), (20, 31)]:
        at = [cx + half * ((column + 0.5) / HEAT * 2 - 1), cy + half * ((row + 0.5) / HEAT * 2 - 1)]
        with torch.no_grad():
            wanted = 255 * torch.sigmoid(lane.game.players["d"].module(torch.tensor([at])))
        assert heat[row, column] == pytest.approx(float(wanted), abs=0.51)


def test_an_unbounded_critic_is_shown_between_its_own_ends():
    frame = played(40, sides=[Settings("wgan-gp")]).frame(("heat",))
    facts = frame.facts[0]["heat"]
    assert facts["low"] < facts["high"]
    assert not facts["logit"]
    assert frame.arrays[0]["heat"].min() == 0
    assert frame.arrays[0]["heat"].max() == 255


@pytest.mark.parametrize("remedy", ["pacgan3", "veegan", "minibatch-discrimination", "minibatch-statistics"])
def test_critics_that_see_more_than_a_point_have_a_map_and_arrows_too(remedy):
    arrays = played(3, sides=[Settings(remedy=remedy)]).frame().arrays[0]
    assert arrays["heat"].shape[0] in (HEAT, game_picture.COARSE)
    assert len(np.unique(arrays["heat"])) > 1
    assert np.abs(arrays["arrows"]).max() > 0


def test_an_objective_without_a_critic_has_no_map():
    assert "heat" not in played(1, sides=[Settings("mmd")]).frame().arrays[0]
    assert "heat" not in played(1, sides=[Settings("mmd-gan")]).frame().arrays[0]


@pytest.mark.parametrize("settings", [Settings(), Settings("saturating"), Settings("mmd"), Settings(remedy="pacgan2")])
def test_arrows_point_downhill(settings):
    """A small way along the arrows lowers the generator's loss by as much as the arrows' squared length says."""
    state = played(30, sides=[settings])
    lens = state.lanes[0].lens
    shown = state.frame(("arrows",)).arrays[0]["arrows"]
    tails, arrows = (a.double() for a in lens._arrows())
    n = len(tails)
    if lens.d is not None:
        lens.d.double()

    def loss(x):
        judge = lens.d if lens.d is not None else (lambda points: points)
        with torch.no_grad():
            seen = [pack(points, lens.row.pack) for points in (x, lens._data[:n].double())]
            return float(lens.objective.g_loss(judge(seen[0]), judge(seen[1])).mean())

    way = 1e-6 / float(arrows.norm(dim=1).max())
    expected = way * float(arrows.square().sum()) / n
    assert loss(tails) - loss(tails + way * arrows) == pytest.approx(expected, rel=1e-3)
    np.testing.assert_allclose(shown, arrows * lens.board.window[2], rtol=1e-4, atol=1e-6)


def test_the_manifolds_cells_hold_equal_mass():
    z = game_picture._nodes(2).reshape(NODES, NODES, 2)
    u = torch.special.ndtr(z.double())
    np.testing.assert_allclose(u[1:, :, 0] - u[:-1, :, 0], 1 / NODES, atol=1e-6)
    np.testing.assert_allclose(u[:, 1:, 1] - u[:, :-1, 1], 1 / NODES, atol=1e-6)


def test_only_the_parts_asked_for_are_computed():
    state = played(1)
    assert set(state.frame(()).arrays[0]) == {"points"}
    assert set(state.frame(("heat",)).arrays[0]) == {"points", "heat"}
    assert set(state.frame(PARTS).arrays[0]) == {"points", "heat", "tails", "arrows", "manifold", "caught"}


def test_losses_beside_the_picture_are_means_since_the_last_kept_frame():
    state, twin = played(EVERY), played(0)
    losses = {"d": [], "g": []}
    for _ in range(EVERY):
        update = next(twin.lanes[0].game)
        losses[update.player].append(float(update.metrics["loss"]))
    assert state.frames[EVERY].facts[0]["d_loss"] == pytest.approx(np.mean(losses["d"]))
    assert state.curve(0, "g_loss")[-1] == pytest.approx(np.mean(losses["g"]))
    assert np.isnan(state.curve(0, "d_loss")[0])


# ---------------------------------------------------------------- scrubbing and bookmarks


def test_kept_frames_reach_back_to_the_start_and_their_memory_has_a_bound():
    state = played(400, kept=6, every=20)
    assert len(state.frames) <= 6
    assert min(state.frames) == 0
    assert max(state.frames) == 400 // state.every * state.every
    assert all(step % state.every == 0 for step in state.frames)
    assert state.at(0).step == 0
    assert state.at(10**9).step == max(state.frames)
    assert state.nbytes <= 6 * state.frame().nbytes


def test_frames_that_were_thinned_out_are_the_same_as_those_of_a_run_that_keeps_all():
    few, all_of_them = played(240, kept=4, every=20), played(240, every=20)
    for step in few.frames:
        np.testing.assert_array_equal(few.at(step).arrays[0]["points"], all_of_them.at(step).arrays[0]["points"])


def test_what_is_kept_fits_into_memory():
    frame = played(0, sides=[Settings(), Settings()]).frame()
    assert frame.nbytes * game_state.KEPT < 15e6


def test_training_goes_on_from_a_bookmark_as_it_went_on_before():
    state = played(EVERY + 7, sides=[Settings(), Settings(remedy="pacgan2")])
    assert state.bookmark() == EVERY + 7
    state.advance(2 * EVERY)
    then, kept, curve = state.frame(), dict(state.frames), state.curve(0, "d_loss")
    state.change(0, k=4, rate_g=0.1)
    state.advance(5)
    state.restore(EVERY + 7)
    assert (state.steps, state.lanes[0].settings) == (EVERY + 7, Settings())
    assert max(state.frames) == EVERY
    state.advance(2 * EVERY)
    same(state.frame(), then)
    assert list(state.frames) == list(kept)
    np.testing.assert_array_equal(state.curve(0, "d_loss"), curve)


def test_from_a_bookmark_another_way_can_be_taken():
    state = played(30)
    state.bookmark()
    state.advance(10)
    first = weights(state)["g"]
    state.restore(30)
    state.change(0, rate_g=1e-2)
    state.advance(10)
    assert not torch.equal(first, weights(state)["g"])


def test_a_bookmark_is_shown_where_no_frame_was_kept():
    state = played(EVERY + 3)
    state.bookmark()
    state.advance(2 * EVERY)
    assert state.at(EVERY + 3).step == EVERY + 3
    state.remove(EVERY + 3)
    assert state.at(EVERY + 3).step == EVERY
    with pytest.raises(ValueError, match=rf"no bookmark at update {EVERY + 3}\. Bookmarks: there are none"):
        state.restore(EVERY + 3)


def test_bookmarks_have_a_bound_of_their_own():
    state = played(0)
    for _ in range(BOOKMARKS):
        state.update()
        state.bookmark()
    state.bookmark()  # the same moment once more
    state.update()
    with pytest.raises(ValueError, match=f"{BOOKMARKS} bookmarks already"):
        state.bookmark()


# ---------------------------------------------------------------- data


def test_drawn_data_lie_where_they_were_drawn():
    x = sample(board("drawn", STROKE).sampler, 4000, 0)
    assert abs(float(x[:, 1].mean()) - 0.5) < 0.02
    assert float(x[:, 1].std()) == pytest.approx(BRUSH, rel=0.1)
    assert float(x[:, 0].abs().max()) < 2 + 6 * BRUSH


@pytest.mark.parametrize(
    ("drawn", "sentence"),
    [
        ([], "Nothing is drawn yet"),
        ([[0, float("nan")]], "must lie between"),
        ([[0, 9]], "must lie between -5.2 and 5.2"),
        ([1, 2], "pairs of numbers"),
        ("no", "pairs of numbers"),
        ([[0, 0]] * (MOST_DRAWN + 1), "At most 1000 points"),
    ],
)
def test_drawings_that_are_no_data_are_refused(drawn, sentence):
    with pytest.raises(ValueError, match=sentence):
        board("drawn", drawn)


def test_data_by_name():
    with pytest.raises(ValueError, match="Did you mean 'ring-8'"):
        board("ring8")
    for name in ("grid-25", "ring-8", "moons"):
        one = board(name)
        cx, cy, half = one.window
        x = sample(one.sampler, 5000, 1)
        assert float((x - torch.tensor([cx, cy])).abs().max()) < half  # all of the data is in the picture


def test_what_is_shown_in_words():
    assert "grid-25 (seed 0), update 0. non-saturating: " in played(0).describe()
    assert "of 25 modes" in played(0).describe()
    two = played(0, sides=(PLAIN, Settings("lsgan"))).describe()
    assert " A, non-saturating: " in two and " B, lsgan: " in two
    assert "energy distance" in played(0, data="moons").describe()


def test_there_are_one_or_two_sides():
    with pytest.raises(ValueError, match="got 3"):
        played(0, sides=[Settings()] * 3)
