"""The E-M explorer's traits: what follows from what, and what is refused."""

from __future__ import annotations

import pytest
import torch
import traitlets

from coursekit.widgets import EMExplorer
from coursekit.widgets.em_state import EMRun


@pytest.fixture
def explorer():
    return EMExplorer("three_blobs", k=3, n=100, seed=1)


def test_a_step_brings_its_picture_its_words_and_the_climb(explorer):
    assert explorer.picture["responsibilities"].shape == (0,)
    explorer.set_state({"step": 1})
    assert explorer.picture["responsibilities"].shape == (100, 3)
    explorer.set_state({"step": 4})
    assert explorer.last == 4
    assert len(explorer.climb["log_likelihood"]) == 3
    assert "Iteration 2, M-step" in explorer.summary
    explorer.set_state({"step": 2})
    assert explorer.last == 4  # the way forward stays known
    assert "Iteration 1, M-step" in explorer.summary


@pytest.mark.parametrize(
    ("name", "value", "moves_points"),
    [("density", "two-moons", True), ("n", 60, True), ("seed", 5, True), ("k", 2, False), ("start", 7, False)],
)
def test_another_question_goes_back_to_a_start(explorer, name, value, moves_points):
    explorer.step = 6
    data, means = explorer.data, explorer.picture["means"]
    setattr(explorer, name, value)
    assert (explorer.step, explorer.last) == (0, 0)
    assert (explorer.data is not data) == moves_points
    assert explorer.picture["means"].shape != means.shape or (explorer.picture["means"] != means).any()
    assert "Start:" in explorer.summary


def test_buttons_change_the_start_or_the_points(explorer):
    explorer._handle_custom_msg({"action": "new_start"}, [])
    assert (explorer.start, explorer.seed) == (2, 1)
    explorer._handle_custom_msg({"action": "new_sample"}, [])
    assert (explorer.start, explorer.seed) == (2, 2)
    assert "seed 2" in explorer.summary


def test_a_dragged_start_is_kept_until_another_is_drawn(explorer):
    explorer.set_state({"places": [[0, 0], [1, 1], [2, 2]]})
    assert explorer.picture["means"].tolist() == [[0, 0], [1, 1], [2, 2]]
    explorer.step = 3
    assert explorer.places == [[0, 0], [1, 1], [2, 2]]
    explorer.new_start()
    assert explorer.places == []
    assert explorer.picture["means"].tolist() != [[0, 0], [1, 1], [2, 2]]


def test_a_collapse_is_said_and_the_picture_stays(explorer):
    x = torch.cat([torch.zeros(5, 2), torch.randn(20, 2, generator=torch.Generator().manual_seed(0)) + 9]).double()
    explorer._run = EMRun.begin(x, 2, 0, [[0.0, 0.0], [9.0, 9.0]])
    explorer.set_state({"step": 200})
    assert "component 0 has shrunk onto a point" in explorer.error
    assert explorer.step == 0


@pytest.mark.parametrize(
    ("trait", "wrong", "sentence"),
    [
        ("density", "three blobs", "Did you mean 'three_blobs'"),
        ("k", 0, "k must lie between 1 and 6"),
        ("n", 5, "n must lie between 20 and 1000"),
        ("step", -1, "step must lie between 0"),
        ("step", 1.5, "step must be a whole number"),
        ("places", [[1.0]], "places must be pairs"),
        ("places", [[1.0, float("inf")]] * 3, "places must be finite"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence_and_changes_nothing(explorer, trait, wrong, sentence):
    before, picture = getattr(explorer, trait), explorer.picture
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(explorer, trait, wrong)
    assert getattr(explorer, trait) == before
    assert explorer.picture is picture


def test_places_for_another_number_of_components_are_refused_on_the_page(explorer):
    explorer.set_state({"places": [[0, 0]]})
    assert "means must have shape (3, 2)" in explorer.error
    assert explorer.places == []
