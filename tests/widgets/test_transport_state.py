"""What the transport explorer computes, without any front end."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.distances import w1_histograms
from coursekit.widgets.transport_state import PAIRS, TransportState, reshared, shares

heaps = st.integers(2, 8).flatmap(lambda n: st.tuples(*[st.lists(st.integers(0, 9), min_size=n, max_size=n)] * 2))


def state(p, q):
    return TransportState(tuple(shares(p, "p")), tuple(shares(q, "q")))


@settings(max_examples=40, deadline=None)
@given(heaps)
def test_plan_potential_and_closed_form_agree(pair):
    p, q = pair
    if not any(p) or not any(q):
        return
    shown = state(p, q)
    plan = shown.best.plan
    assert torch.allclose(plan.sum(1), torch.tensor(shown.p, dtype=torch.float64), atol=1e-9)
    assert torch.allclose(plan.sum(0), torch.tensor(shown.q, dtype=torch.float64), atol=1e-9)
    value, f = shown.potential
    w1 = w1_histograms(list(shown.p), list(shown.q), list(range(shown.n)))
    assert shown.best.cost == pytest.approx(w1, abs=1e-8)
    assert value == pytest.approx(w1, abs=1e-8)
    assert f.diff().abs().max() <= 1 + 1e-9 and f.min() == 0
    gain = (torch.tensor(shown.p, dtype=torch.float64) - torch.tensor(shown.q, dtype=torch.float64)) @ f
    assert gain.item() == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("name", PAIRS)
def test_all_moves_together_turn_p_into_q_and_cost_what_is_said(name):
    shown = state(*PAIRS[name])
    heap = np.array(shown.p)
    for i, j, mass in shown.moves:
        assert i != j and mass <= heap[i] + 1e-12  # nothing is carried that does not lie there
        heap[i] -= mass
        heap[j] += mass
    np.testing.assert_allclose(heap, shown.q, atol=1e-9)
    drawn = shown.heaps()
    assert (drawn["paid"][-1] if len(drawn["paid"]) else 0.0) == pytest.approx(shown.best.cost, abs=1e-8)
    assert drawn["moves"].shape == (len(shown.moves), 3)


def test_equal_heaps_stay():
    shown = state(*PAIRS["the same"])
    assert shown.moves == [] and shown.best.cost == pytest.approx(0, abs=1e-12)
    assert "everything stays" in shown.describe()
    assert "Cost Σ P|i−j| = 0.000 bins; dual Σ (p−q) f = 0.000 bins" in shown.describe_prices()


def test_one_move_and_its_price_in_words():
    shown = state([1, 0, 0], [0, 0, 1])
    assert "1 move carry" not in shown.describe()
    assert "1 move carries 1.00 of the mass over 2 bins." in shown.describe()
    assert "Cost Σ P|i−j| = 2.000 bins; dual Σ (p−q) f = 2.000 bins, with f = 2, 1, 0 at the bins." in (
        shown.describe_prices()
    )


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12), st.integers(0, 11), st.floats(0, 1))
def test_a_dragged_bar_gets_its_share_and_the_others_keep_their_proportions(masses, index, share):
    index %= len(masses)
    if sum(masses) < 1e-3:
        return
    heap = shares(masses, "p")
    new = reshared(heap, index, share)
    assert new[index] == share and sum(new) == pytest.approx(1)
    others = [i for i in range(len(heap)) if i != index]
    if sum(heap[i] for i in others) > 1e-6:
        for i in others:
            assert new[i] * (1 - heap[index]) == pytest.approx(heap[i] * (1 - share), abs=1e-9)


def test_where_the_other_bins_are_empty_they_get_equal_parts():
    assert reshared([0.0, 1.0, 0.0], 1, 0.4) == pytest.approx([0.3, 0.4, 0.3])


@pytest.mark.parametrize(
    ("masses", "sentence"),
    [
        ([1.0], "between 2 and 12 bins, got 1"),
        ([1.0] * 13, "between 2 and 12 bins, got 13"),
        ([1.0, -1.0], "finite masses that are not negative"),
        ([1.0, float("nan")], "finite masses"),
        ([0.0, 0.0], "nothing to carry"),
        ("earth", "must be a list of masses"),
        (3, "must be a list of masses"),
    ],
)
def test_masses_that_are_no_heap_are_refused(masses, sentence):
    with pytest.raises(ValueError, match=sentence):
        shares(masses, "p")
