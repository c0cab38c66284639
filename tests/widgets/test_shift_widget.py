"""The shift explorer's traits: what follows from what, and what is refused."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
import traitlets

from coursekit.widgets import ShiftExplorer
from coursekit.widgets.shift_state import SHIFTS, ShiftState


@pytest.fixture
def explorer():
    return ShiftExplorer("boxes", shift=0.5)


def test_a_shift_moves_q_and_its_numbers_and_nothing_else(explorer):
    base = explorer.base
    explorer.set_state({"shift": 2.0})
    expected = ShiftState("boxes", 2.0).curves()
    np.testing.assert_allclose(explorer.curves["distance"], expected["distance"], rtol=1e-6)
    np.testing.assert_allclose(explorer.curves["q"], expected["q"], rtol=1e-5, atol=1e-9)
    assert explorer.base is base
    assert "no place in common" in explorer.summary


def test_the_whole_curves_come_once_revealed_and_go_with_the_shape(explorer):
    assert len(explorer.sweep) == 0
    explorer.revealed = True
    assert explorer.sweep["js"].shape == (len(SHIFTS),)
    sweep = explorer.sweep
    explorer.shift = 1.0
    assert explorer.sweep is sweep
    explorer.shape = "normals"
    assert not explorer.revealed and len(explorer.sweep) == 0


def test_while_the_kernel_is_idle_all_shifts_are_computed():
    async def idle():
        explorer = ShiftExplorer("triangles")
        for _ in range(1000):
            if len(explorer.ahead):
                return explorer
            await asyncio.sleep(0.01)
        raise AssertionError("the deck did not come")

    explorer = asyncio.run(idle())
    assert explorer.ahead.about == {"key": "shift", "given": {"shape": "triangles"}}
    for row in (0, 40, 55):
        expected = ShiftState("triangles", SHIFTS[row]).curves()
        for name, values in expected.items():
            np.testing.assert_allclose(explorer.ahead[name][row], np.asarray(values, dtype="<f4"), rtol=1e-6)


@pytest.mark.parametrize(
    ("trait", "wrong", "sentence"),
    [
        ("shape", "box", "Did you mean 'boxes'"),
        ("shift", 4.5, "shift must lie between -4 and 4"),
        ("shift", float("nan"), "shift must be a number"),
        ("revealed", "yes", "revealed must be True or False"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence_and_changes_nothing(explorer, trait, wrong, sentence):
    before, curves = getattr(explorer, trait), explorer.curves
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(explorer, trait, wrong)
    assert getattr(explorer, trait) == before and explorer.curves is curves
