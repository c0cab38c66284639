"""What the push-forward explorer computes, without any front end."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from coursekit.distributions import names
from coursekit.widgets.push_forward_state import (
    BINS,
    KNOTS,
    LEVELS,
    PushForwardState,
    expected_ks,
    ks_distances,
    noise,
)


def test_ks_distances_equal_scipys_for_every_prefix():
    f = np.random.default_rng(0).random(300)
    ours = ks_distances(f)
    for k in range(1, 301):
        assert ours[k - 1] == pytest.approx(stats.kstest(f[:k], "uniform").statistic, abs=1e-6)


@pytest.mark.parametrize("f", [[0.999], [0.001], [0.9, 0.1], [0.5, 0.5, 0.5]])
def test_ks_distances_hold_for_few_and_equal_points(f):
    assert ks_distances(np.array(f))[-1] == pytest.approx(stats.kstest(f, "uniform").statistic, abs=1e-6)


def test_the_expected_distance_is_the_mean_over_many_samples():
    rng = np.random.default_rng(1)
    distances = np.array([ks_distances(rng.random(40)) for _ in range(4000)])
    error = distances.std(0) / np.sqrt(len(distances))
    allowed = 0.02 * distances.mean(0) + 3 * error
    allowed[0] = 0.07 * distances[:, 0].mean()
    assert (abs(expected_ks(np.arange(1, 41)) - distances.mean(0)) < allowed).all()


@pytest.mark.parametrize("name", names(1))
def test_points_travel_to_where_f_equals_u(name):
    state = PushForwardState.named(name, 400, seed=2)
    assert (state.target.cdf(state.x) - state.u).abs().max() < 1e-6
    expected = ks_distances(state.target.cdf(state.x).numpy())
    np.testing.assert_allclose(state.ks, expected, atol=2e-6)


def test_a_wrong_map_is_not_given_the_noises_distances():
    """The shortcut for right maps must not hide a wrong one."""

    class Wrong:
        def cdf(self, x):
            return x.clamp(0, 1)

        def quantile(self, u):
            return u**2

        def log_prob(self, x, *, context=None):
            return torch.zeros_like(x)

    state = PushForwardState("wrong", Wrong(), 0.0, 1.0, 500, seed=0)
    assert state.ks[-1] == pytest.approx(stats.kstest(state.x.numpy(), "uniform").statistic, abs=1e-6)
    assert state.ks[-1] > 5 * expected_ks(np.array(500))


def test_a_drawn_density_is_normalised_and_its_points_stay_where_it_is_positive():
    heights = [0.0] * KNOTS
    heights[6:9] = [1.0, 5.0, 1.0]
    state = PushForwardState.drawn(heights, -3, 3, 500, seed=0)
    curves = state.curves()
    assert torch.trapezoid(curves["density"], curves["grid"]) == pytest.approx(1, abs=2e-3)
    at = torch.linspace(-3, 3, KNOTS)
    assert at[5] <= state.x.min() and state.x.max() <= at[9]
    assert state.ks[-1] < 3 * expected_ks(np.array(500))


def test_the_table_of_levels_is_the_quantile_function():
    state = PushForwardState.named("skewed", 10, seed=0)
    assert torch.equal(state.curves()["level_x"], state.target.quantile(torch.tensor(LEVELS, dtype=torch.float64)))


def test_the_noise_does_not_depend_on_the_density_and_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    a, b = PushForwardState.named("claw", 50, seed=7), PushForwardState.named("gap", 50, seed=7)
    assert torch.equal(a.u, b.u)
    assert torch.equal(a.u, noise(50, 7))
    assert torch.equal(before, torch.get_rng_state())


def test_bins_are_those_of_numpys_histogram():
    state = PushForwardState.named("outlier", 1000, seed=0)
    pushed = state.pushed()
    inside = pushed["bin"][(pushed["bin"] >= 0) & (pushed["bin"] < BINS)]
    counts, _ = np.histogram(state.x.numpy(), pushed["edges"])
    assert np.array_equal(np.bincount(inside, minlength=BINS), counts)


@pytest.mark.parametrize(
    ("heights", "sentence"),
    [([1.0] * 3, "shape"), ([0.0] * KNOTS, "all zero"), ([-1.0] + [1.0] * (KNOTS - 1), "negative")],
)
def test_heights_that_are_no_density_are_refused(heights, sentence):
    with pytest.raises(ValueError, match=sentence):
        PushForwardState.drawn(heights, 0, 1, 10, seed=0)
