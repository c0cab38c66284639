"""The KDE explorer's traits: what follows from what, and what is refused."""

from __future__ import annotations

import pytest
import torch
import traitlets

from coursekit.widgets import KDEExplorer


@pytest.fixture
def explorer():
    return KDEExplorer("bimodal", n=50, seed=1)


def test_a_new_bandwidth_brings_a_new_curve_and_the_same_sample(explorer):
    data, before = explorer.data, explorer.curve["estimate"]
    explorer.bandwidth = 0.2
    assert explorer.data is data
    assert abs(explorer.curve["estimate"] - before).max() > 0.01
    assert "bandwidth 0.2." in explorer.summary


def test_the_curve_is_a_density(explorer):
    explorer.bandwidth = 0.2
    mass = torch.trapezoid(torch.tensor(explorer.curve["estimate"]), torch.tensor(explorer.data["grid"]))
    assert mass == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("trait", "wrong", "sentence"),
    [
        ("bandwidth", -1.0, "bandwidth must lie between"),
        ("bandwidth", 0, "bandwidth must lie between"),
        ("bandwidth", 1e9, "bandwidth must lie between"),
        ("bandwidth", float("nan"), "bandwidth must be a number, got nan"),
        ("bandwidth", "wide", "bandwidth must be a number, got 'wide'"),
        ("n", 1, "n must lie between 2 and 5000, got 1"),
        ("n", 2.5, "n must be a whole number, got 2.5"),
        ("n", True, "n must be a whole number"),
        ("seed", -1, "seed must lie between 0"),
        ("kernel", "gausian", "Did you mean 'gaussian'"),
        ("density", "clav", "Did you mean 'claw'"),
        ("revealed", "yes", "revealed must be True or False"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence_and_changes_nothing(explorer, trait, wrong, sentence):
    before, curve = getattr(explorer, trait), explorer.curve
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(explorer, trait, wrong)
    assert getattr(explorer, trait) == before
    assert explorer.curve is curve


def test_a_wrong_value_from_the_page_is_said_on_the_page_and_the_next_good_one_clears_it(explorer):
    explorer.set_state({"bandwidth": 1e9})
    assert "bandwidth must lie between" in explorer.error
    assert explorer.bandwidth < 10
    explorer.set_state({"bandwidth": 0.25})
    assert explorer.error == ""
    assert explorer.bandwidth == 0.25


def test_arrays_cannot_be_set_by_the_page(explorer):
    curve = explorer.curve
    explorer.set_state({"curve": {"names": [], "shapes": [], "block": b""}})
    assert "not change them" in explorer.error
    assert explorer.curve is curve


def test_a_callback_that_raises_shows_its_sentence(explorer):
    def fail(change):
        raise ZeroDivisionError("my own mistake")

    explorer.observe(fail, "bandwidth")
    explorer.set_state({"bandwidth": 0.25})
    assert explorer.error == "A callback of this widget failed. ZeroDivisionError: my own mistake"
    explorer.unobserve(fail, "bandwidth")
    explorer.set_state({"bandwidth": 0.3})
    assert explorer.error == ""


def test_only_the_actions_listed_can_be_called_from_the_page(explorer):
    explorer._handle_custom_msg({"action": "resample"}, [])
    assert explorer.seed == 2
    explorer._handle_custom_msg({"action": "close"}, [])
    assert "no action 'close'" in explorer.error
    assert explorer.comm is not None


def test_resampling_moves_the_seed_and_the_points(explorer):
    before = explorer.data["sample"]
    explorer.resample()
    assert explorer.seed == 2
    assert "seed 2" in explorer.summary
    assert (explorer.data["sample"] != before).any()


def test_scores_are_sent_only_once_revealed_and_the_prediction_is_kept(explorer):
    assert len(explorer.scores) == 0
    assert "score" not in explorer.curve
    explorer.bandwidth = 0.4
    explorer.revealed = True
    assert explorer.guess == 0.4
    explorer.bandwidth = 0.2
    assert explorer.guess == 0.4
    assert explorer.scores["best"].shape == (2,)
    assert explorer.curve["score"][0] == pytest.approx(explorer.state.score, rel=1e-6)
    explorer.revealed = False
    assert len(explorer.scores) == 0
    assert explorer.guess is None


ANOTHER = [("density", "outlier"), ("n", 120), ("seed", 3), ("kernel", "epanechnikov")]


@pytest.mark.parametrize(("name", "value"), ANOTHER)
def test_another_question_hides_the_answer_of_the_last(explorer, name, value):
    explorer.revealed = True
    setattr(explorer, name, value)
    assert not explorer.revealed and explorer.guess is None and len(explorer.scores) == 0
    assert "You predicted" not in explorer.summary


def test_another_density_brings_its_own_range_of_bandwidths(explorer):
    explorer.bandwidth = explorer.bandwidths[-1]
    explorer.density = "outlier"
    assert explorer.bandwidth == explorer.bandwidths[-1]
    assert explorer.bandwidths[-1] < 1


def test_a_sample_of_ones_own():
    explorer = KDEExplorer(sample=[1.0, 2.0, 3.5, 4.0, 7.0, 7.5, 8.0, 9.0, 12.0])
    assert "of your own" in explorer.summary
    assert len(explorer.data["truth"]) == 0
    explorer.revealed = True
    with pytest.raises(traitlets.TraitError, match="sample of your own"):
        explorer.density = "claw"


def test_it_sits_in_a_box_like_any_widget(explorer):
    import ipywidgets

    box = ipywidgets.VBox([ipywidgets.HTML("before"), explorer])
    assert explorer in box.children
