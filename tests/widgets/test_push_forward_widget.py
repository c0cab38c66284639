"""The push-forward explorer's traits: what follows from what, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import traitlets

from coursekit.widgets import PushForwardExplorer
from coursekit.widgets.push_forward_state import KNOTS


@pytest.fixture
def explorer():
    return PushForwardExplorer("bimodal", n=100, seed=1)


def test_drawing_keeps_the_noise_and_moves_the_points(explorer):
    before = explorer.pushed
    heights = list(explorer.heights)
    heights[3] += 0.5
    explorer.set_state({"density": "drawn", "heights": heights})
    assert explorer.error == ""
    assert explorer.density == "drawn"
    np.testing.assert_array_equal(explorer.pushed["u"], before["u"])
    assert explorer.pushed["x"].mean() < before["x"].mean() - 0.1
    assert "the density that you drew" in explorer.summary


def test_one_stroke_is_computed_once(explorer):
    frames = []
    explorer.observe(frames.append, "pushed")
    heights = list(explorer.heights)
    heights[3] += 0.5
    explorer.set_state({"density": "drawn", "heights": heights})
    assert len(frames) == 1


def test_drawing_starts_from_the_density_chosen_last(explorer):
    explorer.density = "claw"
    low, high = explorer.low, explorer.high
    explorer.density = "drawn"
    assert (explorer.low, explorer.high) == (low, high)
    assert max(explorer.heights) <= explorer.ceiling
    explorer.density = "gap"
    assert explorer.high > high


@pytest.mark.parametrize(
    ("trait", "wrong", "sentence"),
    [
        ("heights", [0.0] * KNOTS, "raise at least one"),
        ("heights", [1.0] * 3, f"{KNOTS} finite numbers"),
        ("heights", [-1.0] * KNOTS, "not negative"),
        ("heights", [float("nan")] * KNOTS, "finite"),
        ("heights", "high", f"must be {KNOTS} numbers"),
        ("heights", None, f"must be {KNOTS} numbers"),
        ("n", 0, "n must lie between 1 and 2000, got 0"),
        ("shown", 101, "shown must lie between 0 and 100, got 101"),
        ("u", 1.0, "u must lie between"),
        ("density", "claws", "Did you mean 'claw'"),
        ("seed", "one", "seed must be a whole number"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence_and_changes_nothing(explorer, trait, wrong, sentence):
    before, pushed = getattr(explorer, trait), explorer.pushed
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(explorer, trait, wrong)
    assert getattr(explorer, trait) == before
    explorer.set_state({trait: wrong})
    assert explorer.error != ""
    assert getattr(explorer, trait) == before
    assert explorer.pushed is pushed


def test_fewer_points_than_were_shown(explorer):
    explorer.shown = 100
    explorer.n = 50
    assert explorer.shown == 50
    assert len(explorer.pushed["x"]) == 50


def test_heights_of_ones_own():
    heights = np.zeros(KNOTS)
    heights[-1] = 2
    explorer = PushForwardExplorer(heights=heights, low=0, high=1, n=100)
    assert explorer.density == "drawn"
    assert explorer.pushed["x"].min() >= 1 - 1 / (KNOTS - 1)


@pytest.mark.parametrize("ends", [(1, 0), (0, 0), (0, float("inf")), (float("nan"), 1)])
def test_ends_that_hold_no_interval_are_refused(ends):
    with pytest.raises(ValueError, match="low < high"):
        PushForwardExplorer(heights=[1.0] * KNOTS, low=ends[0], high=ends[1])


def test_new_noise_moves_the_seed(explorer):
    before = explorer.pushed["u"]
    explorer._handle_custom_msg({"action": "resample"}, [])
    assert explorer.seed == 2
    assert (explorer.pushed["u"] != before).any()
