"""The table: every row trains on both toys, moves one player at a time, and its members are solo games."""

import pytest
import torch

from coursekit.evaluation.modes import count_modes
from coursekit.gans import CONFIGURATIONS, Generator, configured
from coursekit.gans.configurations import DATA
from coursekit.seeds import generator, seeded
from coursekit.training import Diverged, fit_adversarial

SMALL = {"hidden": (6, 6), "batch": 12, "activation": "tanh"}


def play(name, data, seed=0, members=None, **changes):
    row = configured(name, data, members=members, dtype=torch.float64, **{**SMALL, **changes})
    with seeded(seed):
        g, d = row.nets()
    return fit_adversarial(g, d, row.data(), **row.options, seed=seed)


def weights(player):
    return torch.cat([p.detach().flatten().clone() for p in player.parameters()])


@pytest.mark.parametrize("name", CONFIGURATIONS)
@pytest.mark.parametrize("data", DATA)
def test_every_row_trains_and_the_frozen_player_does_not_change(name, data):
    run = play(name, data, steps=CONFIGURATIONS[name].k + 2)
    moved = set()
    for _ in range(run.steps):
        before = {key: weights(one) for key, one in run.players.items()}
        update = next(run)
        assert torch.isfinite(update.metrics["loss"])
        for key, one in run.players.items():
            assert torch.equal(weights(one), before[key]) == (key != update.player)
        moved.add(update.player)
    assert moved == set(run.players) and run.step == run.steps
    x = run.players["g"].module.sample(10, generator=generator(0))
    assert x.shape == (10, 2) and x.dtype == torch.float64


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_rows_members_are_solo_games(name):
    steps = CONFIGURATIONS[name].k + 2
    whole = torch.stack([u.metrics["loss"] for u in play(name, "ring-8", members=[3, 5], steps=steps)])
    for i, seed in enumerate((3, 5)):
        solo = torch.stack([u.metrics["loss"] for u in play(name, "ring-8", seed, steps=steps)])
        assert torch.allclose(whole[:, i], solo, rtol=1e-8, atol=1e-11)


def test_rows_differ_from_the_base_only_where_they_say_so():
    base = CONFIGURATIONS["vanilla"]
    same = ("latent", "hidden", "activation", "learning_rate", "data_name")
    for row in CONFIGURATIONS.values():
        assert all(getattr(row, name) == getattr(base, name) for name in same)
        # Equal updates of the generator: k + 1 updates for each one of it, or all of them.
        share = 4 if row.name == "sinkhorn" else 1  # it says so
        assert share * row.steps // (1 if row.critic == "none" else row.k + 1) == base.steps // 2
        assert row.batch % row.pack == 0 and abs(share * row.batch - base.batch) < row.pack


def test_modes_are_counted_alike_in_every_unit():
    one, other = configured("vanilla"), configured("vanilla", unit=2.5)
    assert torch.equal(other.data().means * 2.5, one.data().means) and other.data().means.dtype == torch.float32
    x = 4 * torch.randn(2500, 2, generator=generator(0))
    a, b = count_modes(x, one.data()), count_modes(x / 2.5, other.data())
    assert torch.equal(a.populations, b.populations) and abs(a.high_quality - b.high_quality) <= 1 / 2500
    with pytest.raises(ValueError, match="unit must be a positive length"):
        configured("vanilla", unit=0.0).data()


def test_unknown_names_end_as_sentences():
    with pytest.raises(ValueError, match="Did you mean 'vanilla'"):
        configured("vanila")
    with pytest.raises(ValueError, match="ring-8, grid-25"):
        configured("vanilla", "ring")


def test_without_a_critic_only_distances_can_be_descended():
    with seeded(0):
        g, _ = configured("mmd", **SMALL).nets()
    assert isinstance(g, Generator)
    with pytest.raises(ValueError, match="'non_saturating' needs a critic"):
        fit_adversarial(g, None, configured("mmd").data())
    with pytest.raises(ValueError, match=r"compares features.*leave away coursekit\.gans\.Critic"):
        next(play("vanilla", "ring-8", objective=configured("mmd-gan").objective))


def test_divergence_stops_with_a_sentence_and_one_member_does_not_end_the_others():
    for name in ("vanilla", "mmd"):
        run = play(name, "ring-8", steps=4)
        with torch.no_grad():
            next(run.players["g"].module.parameters()).fill_(torch.nan)
        with pytest.raises(Diverged, match=r"at update \d.*no longer finite.*smaller learning rate"):
            list(run)
        run = play(name, "ring-8", steps=4, members=2)
        with torch.no_grad():
            next(run.players["g"].module.parameters())[0] = torch.nan
        losses = [u.metrics["loss"] for u in run]
        assert run.diverged.keys() == {0} and all(torch.isfinite(loss[1]) for loss in losses)
