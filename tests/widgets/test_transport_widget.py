"""The transport explorer's traits: what follows from what, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import traitlets

from coursekit.widgets import TransportExplorer
from coursekit.widgets.transport_state import OWN, PAIRS, TransportState, shares


@pytest.fixture
def explorer():
    return TransportExplorer("left, right")


def test_a_dragged_bar_moves_plan_and_words_and_makes_the_pair_ones_own(explorer):
    before, words = explorer.heaps, explorer.summary
    q = shares([1, 1, 1, 1, 1, 1, 1, 9], "q")
    explorer.set_state({"q": q})
    assert explorer.pair == OWN
    expected = TransportState(tuple(explorer.p), tuple(q))
    np.testing.assert_allclose(explorer.heaps["plan"], expected.best.plan.numpy(), atol=1e-6)
    assert explorer.heaps is not before and explorer.summary != words
    assert explorer.summary == expected.describe()


def test_cost_and_potential_come_only_once_revealed_and_then_follow(explorer):
    assert len(explorer.prices) == 0 and "Cost" not in explorer.summary
    explorer.set_state({"revealed": True})
    assert explorer.prices["cost"][0] == pytest.approx(explorer.state.best.cost, rel=1e-6)
    before = explorer.prices["cost"][0]
    explorer.p = [0, 0, 0, 0, 0, 0, 0, 1]
    assert explorer.revealed and explorer.prices["cost"][0] != before
    assert f"Cost Σ P|i−j| = {explorer.state.best.cost:.3f} bins" in explorer.summary


def test_another_named_pair_is_another_question(explorer):
    explorer.revealed = True
    messages = []
    explorer.observe(lambda change: messages.append(change.name), "heaps")
    explorer.pair = "one bin further"
    assert explorer.p == shares(PAIRS["one bin further"][0], "p")
    assert explorer.q == shares(PAIRS["one bin further"][1], "q")
    assert not explorer.revealed and explorer.pair == "one bin further"
    assert messages == ["heaps"]  # both heaps change, one program is solved


def test_heaps_of_ones_own():
    explorer = TransportExplorer(p=[3, 1, 0, 0], q=[0, 0, 2, 2])
    assert explorer.pair == OWN and explorer.p == [0.75, 0.25, 0, 0]
    assert explorer.state.best.cost == pytest.approx(2.25)
    explorer.guess = 3.0
    explorer.pair = "left, right"  # eight bins now
    assert len(explorer.p) == 8
    explorer.guess = 7.0
    with pytest.raises(traitlets.TraitError, match="guess must lie between 0 and 7"):
        explorer.guess = 7.5
    explorer.set_state({"p": [1, 1, 1]})
    assert "p must have 8 bins like the other heap, got 3" in explorer.error


def test_wrong_heaps_are_refused_with_a_sentence():
    with pytest.raises(ValueError, match="Give both p and q, or neither"):
        TransportExplorer(p=[1, 2])
    with pytest.raises(ValueError, match="same bins, got 2 and 3 masses"):
        TransportExplorer(p=[1, 2], q=[1, 2, 3])
    with pytest.raises(traitlets.TraitError, match="Did you mean 'left, right'"):
        TransportExplorer("left right")


@pytest.mark.parametrize(
    ("trait", "wrong", "sentence"),
    [
        ("p", [0.0] * 8, "nothing to carry"),
        ("q", [1.0] * 7 + [-1.0], "q must be finite masses"),
        ("revealed", 1, "revealed must be True or False"),
        ("guess", -1.0, "guess must lie between 0 and 7"),
    ],
)
def test_a_wrong_value_is_refused_and_changes_nothing(explorer, trait, wrong, sentence):
    before, heaps = getattr(explorer, trait), explorer.heaps
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(explorer, trait, wrong)
    assert getattr(explorer, trait) == before and explorer.heaps is heaps
