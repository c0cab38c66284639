"""The KL explorer's traits: what follows from what, and what is refused."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
import traitlets

from coursekit.widgets import KLExplorer
from coursekit.widgets.kl_state import MEANS, SCALES, KLState, Target


@pytest.fixture
def explorer():
    return KLExplorer("two modes", mean=1.0, scale=1.0)


def test_moving_q_moves_curves_divergences_and_words(explorer):
    before = explorer.curves["q"]
    explorer.set_state({"mean": -2.0, "scale": 1.2})
    assert abs(explorer.curves["q"] - before).max() > 0.1
    expected = KLState(Target(6.0, 0.5), -2.0, 1.2).divergences
    assert explorer.curves["divergence"].tolist() == pytest.approx(expected, rel=1e-6)
    assert "mean −2.00, scale 1.20" in explorer.summary


def test_a_named_target_sets_distance_and_weight_and_these_make_it_ones_own(explorer):
    explorer.target = "unequal"
    assert (explorer.distance, explorer.weight) == (6.0, 0.8)
    assert "weights 0.80 and 0.20" in explorer.summary
    explorer.distance = 4.0
    assert explorer.target == "own"
    assert "modes −2 and 2" in explorer.summary
    own = KLExplorer(distance=2.0, weight=0.3)
    assert (own.target, own.distance, own.weight) == ("own", 2.0, 0.3)
    assert "modes −1 and 1, weights 0.30" in own.summary


def test_the_answers_come_only_once_revealed(explorer):
    assert len(explorer.answers) == 0 and "Best" not in explorer.summary
    explorer.set_state({"guess_forward": [0.0, 3.0, 0.5]})
    explorer.revealed = True
    assert explorer.answers["forward"].shape == (1, 3)
    assert "Best for KL(p‖q)" in explorer.summary
    explorer.revealed = False
    assert len(explorer.answers) == 0 and "Best" not in explorer.summary


def test_another_target_hides_the_answers_and_forgets_the_guesses(explorer):
    explorer.guess_forward, explorer.guess_reverse, explorer.revealed = [0, 3, 0.5], [3, 1, 0.7], True
    explorer.weight = 0.7
    assert not explorer.revealed and len(explorer.answers) == 0
    assert explorer.guess_forward == explorer.guess_reverse == []


@pytest.mark.parametrize(("action", "mean", "scale"), [("fit_forward", 0.0, 10**0.5), ("fit_reverse", 2.98, 1.02)])
def test_a_fit_is_a_walk_from_where_q_stands(explorer, action, mean, scale):
    explorer._handle_custom_msg({"action": action}, [])
    assert explorer.error == ""
    path = explorer.path
    assert (path["mean"][0], path["scale"][0]) == (1.0, 1.0)
    assert path["mean"][-1] == pytest.approx(mean, abs=0.01)
    assert path["scale"][-1] == pytest.approx(scale, abs=0.01)
    assert explorer.mean == 1.0  # the page plays the walk


@pytest.mark.parametrize(
    ("trait", "wrong", "sentence"),
    [
        ("target", "two mods", "Did you mean 'two modes'"),
        ("mean", 99.0, "mean must lie between -6 and 6"),
        ("mean", float("nan"), "mean must be a number, got nan"),
        ("scale", 0.0, "scale must lie between 0.3 and 5"),
        ("distance", -1.0, "distance must lie between"),
        ("weight", 1.0, "weight must lie between 0.05 and 0.95"),
        ("revealed", 1, "revealed must be True or False"),
        ("guess_forward", [1.0], "guess_forward must be empty, or three numbers"),
        ("guess_reverse", "here", "guess_reverse must be empty, or three numbers"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence_and_changes_nothing(explorer, trait, wrong, sentence):
    before, curves = getattr(explorer, trait), explorer.curves
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(explorer, trait, wrong)
    assert getattr(explorer, trait) == before
    assert explorer.curves is curves
    explorer.set_state({trait: wrong})
    assert sentence.split(" ")[0] in explorer.error


def test_while_the_kernel_is_idle_the_curves_of_all_keys_are_computed():
    async def idle():
        explorer = KLExplorer("unequal", mean=1.0, scale=1.0)
        for _ in range(1000):
            if len(explorer.ahead_mean) and len(explorer.ahead_scale):
                return explorer
            await asyncio.sleep(0.01)
        raise AssertionError("the decks did not come")

    explorer = asyncio.run(idle())
    for held, name, table, row in ((explorer.ahead_mean, "mean", MEANS, 7), (explorer.ahead_scale, "scale", SCALES, 9)):
        assert held.about["key"] == name
        expected = KLState(Target(6.0, 0.8), **({"mean": 1.0, "scale": 1.0} | {name: table[row]})).curves()
        for part in expected:
            np.testing.assert_allclose(held[part][row], np.asarray(expected[part], dtype="<f4"), rtol=1e-6)
    explorer.weight = 0.3
    assert explorer.ahead_mean.about["given"]["weight"] == 0.8  # the page can tell that it is old
