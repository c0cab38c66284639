"""What the KL explorer computes, without any front end."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from coursekit.distances import kl_normal
from coursekit.widgets.kl_state import FRAMES, MEANS, SCALES, TARGETS, KLState, Target, downhill, thinned


@pytest.fixture
def target():
    return Target(6.0, 0.5)


@pytest.mark.parametrize(("mean", "scale"), itertools.product([MEANS[0], 0.7, MEANS[-1]], [SCALES[0], 1.3, SCALES[-1]]))
def test_with_both_modes_in_one_place_the_divergences_are_those_of_two_normals(mean, scale):
    state = KLState(Target(0.0, 0.3), mean, scale)
    assert state.divergences[0] == pytest.approx(kl_normal(0.0, 1.0, mean, scale).item(), rel=1e-6, abs=1e-9)
    assert state.divergences[1] == pytest.approx(kl_normal(mean, scale, 0.0, 1.0).item(), rel=1e-6, abs=1e-9)


def test_the_shaded_areas_are_the_divergences(target):
    """The picture's point: what is shaded adds up to the number."""
    state = KLState(target, 1.0, 1.5)
    curves = state.curves()
    for area, value in zip((curves["forward"], curves["reverse"]), state.divergences, strict=True):
        assert torch.trapezoid(area, curves["grid"]).item() == pytest.approx(value, abs=2e-3)


def test_every_place_of_the_sliders_has_finite_divergences():
    for d, w, m, s in itertools.product([0.0, 8.0], [0.05, 0.95], [MEANS[0], MEANS[-1]], [SCALES[0], SCALES[-1]]):
        assert all(math.isfinite(v) and v >= 0 for v in KLState(Target(d, w), m, s).divergences)


def test_forward_covers_and_reverse_seeks(target):
    (forward,), reverse = target.answers["forward"], target.answers["reverse"]
    assert forward[:2] == pytest.approx((0, math.sqrt(10)), abs=1e-6)
    assert sorted(round(abs(end[0]), 1) for end in reverse) == [0.0, 3.0, 3.0]  # and a worse one across both
    assert abs(reverse[0][0]) == pytest.approx(3, abs=0.05)
    assert [end[2] for end in reverse] == sorted(end[2] for end in reverse)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_an_answer_is_lower_than_all_around_it(name, direction):
    target = Target(*TARGETS[name])
    way = ["forward", "reverse"].index(direction)
    for mean, scale, value in target.answers[direction]:
        assert KLState(target, mean, scale).divergences[way] == pytest.approx(value, abs=1e-6)
        for dm, ds in itertools.product([-0.1, 0, 0.1], [0.95, 1, 1.05]):
            assert KLState(target, mean + dm, scale * ds).divergences[way] >= value - 1e-7


def test_a_walk_is_thinned_and_keeps_its_ends(target):
    fit = KLState(target, 1.0, 0.4).fit("reverse")
    walk = thinned(fit)
    assert len(walk["mean"]) == len(walk["scale"]) <= FRAMES < len(fit.means)
    assert (walk["mean"][0], walk["mean"][-1]) == (fit.means[0], fit.means[-1])


def test_downhill_on_a_grid_leads_to_the_lowest_place_around(target):
    means, scales = [-4.0, -3.0, -2.0, 0.0], [0.5, 1.0, 2.0, 3.2]
    way = downhill(target, means, scales)
    values = np.array([KLState(target, m, s).divergences for s in scales for m in means])
    for i, name in enumerate(("forward", "reverse")):
        following = way[name].astype(int)
        assert (values[following, i] <= values[:, i]).all()
        place = 0
        for _ in range(16):
            place = following[place]
        assert following[place] == place
    place = scales.index(1.0) * len(means) + means.index(-3.0)
    assert way["reverse"][place] == place
    place = scales.index(3.2) * len(means) + means.index(0.0)
    assert way["forward"][place] == place


def test_the_curves_of_the_answers_are_those_of_their_normals_and_q_is_held_where_it_is(target):
    drawn = target.answer_curves()
    assert drawn["reverse_q"].shape == (len(target.answers["reverse"]), 181)
    for (mean, scale, _), curve in zip(target.answers["reverse"], drawn["reverse_q"], strict=True):
        assert torch.equal(curve, KLState(target, mean, scale).curves()["q"])
    hold = KLState(target, 0.4, 1.7).curves()["hold"]
    expected = torch.distributions.Normal(0.4, 1.7).log_prob(torch.tensor([0.4, 2.1])).exp()
    assert torch.allclose(hold.float(), expected)


def test_the_words_give_both_numbers(target):
    state = KLState(target, -1.0, 1.0)
    forward, reverse = state.divergences
    assert f"KL(p‖q) = {forward:.3f} nats, KL(q‖p) = {reverse:.3f} nats" in state.describe()
    assert "mean −1.00" in state.describe()
    assert "Best for KL(p‖q): mean 0.00, scale 3.16" in target.describe()
