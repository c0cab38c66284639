"""What the critic explorer computes, without any front end."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from coursekit.distances import by_quadrature
from coursekit.gans import Critic
from coursekit.nets import MLP
from coursekit.seeds import seeded
from coursekit.widgets.critic_state import CRITICS, POINTS, RATE, SHAPES, STEPS, CriticState

STATES = [
    CriticState(),
    CriticState(mean_g=-1.0),
    CriticState("two modes", -0.5, 1.3, 0.4, 1.9, 64),
    CriticState("two modes", -4.0, 0.3, 4.0, 0.3, 16, "8", 3),
    CriticState(scale_g=0.3, n=128, critic="linear"),
]


def normal(x, mean, scale):
    return np.exp(-0.5 * ((x - mean) / scale) ** 2) / (scale * math.sqrt(2 * math.pi))


def densities(state, x):
    """Both, written out once more."""
    if state.shape == "normal":
        p = normal(x, state.mean_p, state.scale_p)
    else:
        modes = (state.mean_p - 1.5 * state.scale_p, state.mean_p + 1.5 * state.scale_p)
        p = sum(0.5 * normal(x, mode, 0.5 * state.scale_p) for mode in modes)
    return p, normal(x, state.mean_g, state.scale_g)


@pytest.mark.parametrize("state", STATES)
def test_the_bound_is_that_of_the_theorem_and_of_a_plain_sum(state):
    js = by_quadrature("jensen_shannon", state.p, state.p_g, low=-20, high=20, nodes=4000).item()
    assert state.bound == pytest.approx(math.log(4) - 2 * js, abs=1e-7)
    assert state.js == pytest.approx(js, abs=1e-7)
    x = np.linspace(-20, 20, 40_001)
    p, g = densities(state, x)
    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.nan_to_num(p * np.log(p / (p + g))) + np.nan_to_num(g * np.log(g / (p + g)))
    assert state.bound == pytest.approx(-inside.sum() * (x[1] - x[0]), abs=1e-6)


def test_equal_densities_leave_a_coin_and_distant_ones_nothing():
    assert CriticState(mean_g=-1.0).bound == pytest.approx(math.log(4), abs=1e-9)
    assert CriticState(mean_p=-4.0, scale_p=0.3, mean_g=4.0, scale_g=0.3).bound == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("state", STATES)
def test_what_is_exact_is_p_over_p_plus_p_g_and_grey_is_where_next_to_nothing_is(state):
    exact = state.exact()
    x = exact["grid"].numpy()
    p, g = densities(state, x)
    np.testing.assert_allclose(exact["p"], p, atol=1e-12)
    np.testing.assert_allclose(exact["p_g"], g, atol=1e-12)
    both = p + g
    np.testing.assert_allclose(exact["best"].numpy()[both > 1e-12], (p / both.clip(1e-300))[both > 1e-12], atol=1e-9)
    np.testing.assert_array_equal(exact["seen"], both > 0.01 * both.max())
    assert 10 < exact["seen"].sum() < len(x)
    assert exact["bound"] == [state.bound]


@pytest.mark.parametrize("shape", SHAPES)
def test_points_come_from_the_densities_stay_when_more_are_asked_and_move_with_them(shape):
    many = CriticState(shape, 0.5, 1.4, -2.0, 0.7, POINTS[-1], seed=1)
    for points, density in zip(many.points, (many.p, many.p_g), strict=True):
        assert points.shape == (POINTS[-1],)
        deviation = (density.cdf(points.sort().values) - (torch.arange(POINTS[-1]) + 0.5) / POINTS[-1]).abs().max()
        assert deviation < 1.95 / math.sqrt(POINTS[-1])  # Kolmogorov and Smirnov: one in a thousand
    few = replace(many, n=16)
    for points, all_of_them in zip(few.points, many.points, strict=True):
        assert torch.equal(points, all_of_them[:16])
    moved = replace(few, mean_p=1.5, scale_p=0.7)
    assert torch.allclose((moved.points[0] - 1.5) / 0.7, (few.points[0] - 0.5) / 1.4)
    assert torch.equal(moved.points[1], few.points[1])
    assert not torch.equal(replace(few, seed=2).points[0], few.points[0])
    real, fake = CriticState(mean_g=-1.0, n=64).points
    assert not torch.allclose(real, fake)  # two samples, also where the densities are one


def test_a_run_follows_from_the_settings_alone():
    state = CriticState(n=32, seed=2)
    first = list(state.rows())
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        torch.manual_seed(123)
        rows = state.rows()
        again = [next(rows) for _ in range(3)]
        torch.rand(5)  # what others do meanwhile
        assert torch.get_num_threads() == 2
        again += list(rows)
    finally:
        torch.set_num_threads(threads)
        torch.set_rng_state(before)
    assert len(first) == len(again) == len(STEPS)
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one["curve"], other["curve"]) and one["loss"] == other["loss"]
    assert next(replace(state, seed=3).rows())["loss"] != first[0]["loss"]


def test_the_random_numbers_of_others_are_left_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    rows = CriticState(seed=11).rows()
    next(rows)
    next(rows)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("critic", CRITICS)
def test_steps_are_those_of_plain_full_batch_training(critic):
    state = CriticState(n=64, critic=critic, seed=1)
    real, fake = (points[:, None].float() for points in state.points)
    with seeded(3 * state.seed + 2):
        net = Critic(MLP([1, *CRITICS[critic], 1]))
    optimiser = torch.optim.Adam(net.parameters(), lr=RATE)
    rows = state.rows()
    for step in range(21):
        loss = -net(real).sigmoid().log().mean() - (1 - net(fake).sigmoid()).log().mean()
        if step in STEPS:
            row = next(rows)
            assert row["loss"][0] == pytest.approx(loss.item(), abs=1e-4)
            with torch.no_grad():
                drawn = net(state.grid[:, None].float()).sigmoid()
            np.testing.assert_allclose(row["curve"], drawn, atol=1e-4)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def test_the_loss_on_fresh_points_and_the_error_are_those_of_the_curve():
    state = CriticState(n=256)
    row = next(row for step, row in zip(STEPS, state.rows(), strict=True) if step == 20)
    x, curve = state.grid.numpy(), row["curve"].numpy()
    p, g = densities(state, x)
    inside = -p * np.log(curve.clip(1e-12)) - g * np.log((1 - curve).clip(1e-12))
    assert row["loss"][1] == pytest.approx(inside.sum() * (x[1] - x[0]), abs=2e-3)
    exact = state.exact()
    expected = np.abs(curve - exact["best"].numpy())[exact["seen"].numpy()].max()
    assert row["error"][0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("state", STATES)
def test_on_fresh_points_no_critic_ever_crosses_the_bound(state):
    assert all(row["loss"][1] >= state.bound - 1e-9 for row in state.rows())


@pytest.mark.parametrize("seed", range(3))
def test_few_points_are_learnt_by_heart_and_many_are_not(seed):
    few = CriticState(n=16, seed=seed)
    *_, end = few.rows()
    own, fresh = end["loss"]
    assert own < few.bound - 0.05 and fresh > few.bound + 0.5
    many = replace(few, n=1024)
    *_, end = many.rows()
    own, fresh = end["loss"]
    assert abs(own - many.bound) < 0.1 and many.bound <= fresh < many.bound + 0.1


def test_a_straight_logit_follows_where_scales_are_equal_and_cannot_where_they_differ():
    equal, differ = CriticState(n=4096, critic="linear"), CriticState(scale_g=0.3, n=4096, critic="linear")
    *_, end = equal.rows()
    assert end["error"][0] < 0.05
    *_, end = differ.rows()
    line = torch.logit(end["curve"][120:160])
    assert line.diff().std() < 1e-4 * line.diff().mean().abs()
    *_, larger = replace(differ, critic="48 x 2", n=1024).rows()
    assert end["error"][0] > 0.2 > larger["error"][0]
    assert end["loss"][1] > larger["loss"][1] + 0.03


def test_the_words_say_where_both_are_and_the_bound():
    words = CriticState("two modes", mean_p=-1.5, scale_g=0.5, n=4096).describe()
    assert words.startswith("Data p: middle −1.50, scale 1.00, two modes. p_g: middle 1.00, scale 0.50. JS = 0.")
    assert "no critic's expected loss is below log 4 − 2 JS = " in words
    assert words.endswith("Critic 48 × 2, 4,096 points of each.")
    assert "two modes" not in CriticState().describe()
