"""What the KDE explorer computes, without any front end."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from coursekit.density import KernelDensity
from coursekit.distributions import get, names
from coursekit.widgets.kde_state import BUMPS, HELD_OUT, KDEState, Points


@pytest.fixture
def points():
    return Points.drawn("bimodal", 100, seed=3)


def test_the_same_seed_gives_the_same_points_and_another_seed_others(points):
    again, other = Points.drawn("bimodal", 100, seed=3), Points.drawn("bimodal", 100, seed=4)
    assert torch.equal(points.sample, again.sample)
    assert torch.equal(points.held_out, again.held_out)
    assert not torch.equal(points.sample, other.sample)


def test_drawing_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    Points.drawn("claw", 10, seed=1)
    Points.split(torch.arange(20.0), seed=1)
    assert torch.equal(before, torch.get_rng_state())


def test_a_split_loses_and_repeats_no_point():
    own = torch.arange(101.0)
    split = Points.split(own, seed=0)
    assert len(split.held_out) == 25
    assert torch.equal(torch.cat([split.sample, split.held_out]).sort().values, own.double())


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (torch.zeros(20), "All 20 points of the sample are equal"),
        (torch.arange(7.0), "at least 8 points"),
        (torch.zeros(10, 2), "shape"),
        ([1.0, 2.0, float("nan")] * 4, "finite"),
        ("points", "numbers"),
    ],
)
def test_an_unusable_sample_is_refused_with_a_sentence(wrong, sentence):
    with pytest.raises(ValueError, match=sentence):
        Points.split(wrong, seed=0)


@pytest.mark.parametrize("kernel", ["gaussian", "epanechnikov"])
def test_with_few_points_the_bumps_add_up_to_the_estimate(kernel):
    """The picture's point: the estimate is the sum of the bumps that are drawn."""
    points = Points.drawn("skewed", BUMPS, seed=0)
    state = KDEState(points, 0.5, kernel)
    data, curve = state.data(), state.curve()
    (h,) = curve["bandwidth"]
    total = np.zeros(len(points.grid))
    for centre in data["bump_centre"].tolist():
        bump = (centre + h * data["bump_offset"]).numpy(), (data["bump_height"] / h).numpy()  # as the page draws it
        total += np.interp(points.grid.numpy(), *bump, 0, 0)
    # Each bump is drawn with 81 points: straight lines between them are off by (1/10)^2 / 8 of its height at most.
    assert np.abs(total - curve["estimate"].numpy()).max() < 1.3e-3 * curve["estimate"].max()


def test_the_score_is_the_mean_log_likelihood_of_points_not_in_the_estimate(points):
    state = KDEState(points, 0.3)
    expected = KernelDensity(points.sample, 0.3).log_prob(points.held_out).mean()
    assert state.score == pytest.approx(float(expected), rel=1e-12)
    assert len(points.held_out) == HELD_OUT


def test_the_best_is_the_highest_of_the_curve(points):
    state = KDEState(points, 0.3)
    h, score = state.best
    assert score == state.curve_of_scores.max()
    assert h == points.bandwidths[int(state.curve_of_scores.argmax())]
    assert points.bandwidths[0] < h < points.bandwidths[-1]


def test_nothing_about_the_scores_is_said_before_they_are_revealed(points):
    state = KDEState(points, 0.3)
    hidden, shown = state.describe(), state.describe(revealed=True, guess=0.3)
    assert "reveal" in hidden
    assert "nats" not in hidden
    h, score = state.best
    assert f"{score:.3f} nats at bandwidth {h:.3g}".replace("-", "−") in shown
    assert "You predicted 0.3: " in shown


def test_a_point_under_no_bump_is_said_to_cost_infinitely_much(points):
    state = KDEState(points, points.bandwidths[0], "epanechnikov")
    lost = torch.isneginf(state.estimate.log_prob(points.held_out)).double().mean()
    assert lost > 0
    assert state.score == -np.inf
    assert f"Under no bump, where the estimate is 0: {lost:.1%}" in state.describe(revealed=True)


@pytest.mark.parametrize("name", names(1))
def test_the_slider_reaches_both_sides_of_the_best_for_every_density(name):
    state = KDEState(Points.drawn(name, 500, seed=0), 0.3)
    h, _ = state.best
    assert state.points.bandwidths[0] < h < state.points.bandwidths[-1]
    assert float(get(name).cdf(state.points.grid[[0, -1]]).diff()) > 0.99
