"""What the shift explorer computes, without any front end."""

from __future__ import annotations

import math

import pytest
import torch

from coursekit.distances import by_quadrature
from coursekit.distributions import NormalMixture1D
from coursekit.widgets.shift_state import SHAPES, SHIFTS, STEP, ShiftState


@pytest.mark.parametrize("shift", [-4.0, -1.0, -0.6, 0.0, 0.3, 2.5])
def test_boxes_have_closed_forms(shift):
    state = ShiftState("boxes", shift)
    apart = min(1.0, abs(shift))
    js, w1 = state.here
    assert js == pytest.approx(apart * math.log(2), abs=1e-9)
    assert w1 == pytest.approx(abs(shift), abs=1e-9)
    assert state.overlap == pytest.approx(1 - apart, abs=1e-9)


@pytest.mark.parametrize("shape", SHAPES)
def test_w1_is_the_shift_and_js_stays_below_log_2(shape):
    for shift in SHIFTS[::8]:
        js, w1 = ShiftState(shape, shift).here
        assert w1 == pytest.approx(abs(shift), abs=1e-6)
        assert 0 <= js <= math.log(2) + 1e-12


def test_the_js_of_normals_is_that_by_quadrature():
    for shift in (0.5, 1.5, 3.0):
        p, q = (NormalMixture1D([1.0], [m], [0.5]) for m in (0.0, shift))
        expected = by_quadrature("jensen_shannon", p, q, low=-7, high=7).item()
        assert ShiftState("normals", shift).here[0] == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize(("shape", "width"), [("boxes", 1.0), ("triangles", 2.0)])
def test_once_apart_js_has_no_slope_and_w1_has(shape, width):
    for shift in (width + 2 * STEP, 3.0, -3.0):
        state = ShiftState(shape, shift)
        assert state.slopes[0] == 0.0
        assert state.slopes[1] == pytest.approx(math.copysign(1, shift), abs=1e-6)
        assert state.here[0] == pytest.approx(math.log(2), abs=1e-12)
        assert "no place in common" in state.describe()
    assert ShiftState(shape, width / 2).slopes[0] > 0.1


def test_normals_never_end_but_their_slope_does_all_the_same():
    near, far = (ShiftState("normals", shift) for shift in (1.0, 4.0))
    assert near.slopes[0] > 0.3
    assert 0 < far.slopes[0] < 1e-3
    assert far.overlap > 0


def test_what_is_drawn_is_a_density_and_the_slopes_are_those_of_the_sweep():
    state = ShiftState("triangles", 0.7)
    base, curves, sweep = state.base(), state.curves(), state.sweep()
    assert len(base["grid"]) == len(base["p"]) == len(curves["q"])
    for density in (base["p"], curves["q"]):
        assert (density * STEP).sum().item() == pytest.approx(1)
    at = SHIFTS.index(0.7)
    assert (sweep["js"][at].item(), sweep["w1"][at].item()) == pytest.approx(state.here)
    rough = (sweep["js"][at + 1] - sweep["js"][at - 1]).item() / 0.2
    assert curves["slope"][0] == pytest.approx(rough, abs=0.02)
    mean = (curves["q"] * base["grid"]).sum().item() * STEP
    assert mean == pytest.approx(0.7, abs=1e-9)
    assert torch.isfinite(sweep["js"]).all()


def test_the_words_say_both_distances_and_slopes():
    words = ShiftState("boxes", -0.5).describe()
    assert words.startswith("q is p shifted by −0.50; they share 50% of their mass.")
    assert "JS = 0.347 nats" in words and "slope −0.693" in words and "W₁ = 0.500, slope −1.000" in words
