"""Counting modes: what a perfect sampler gets, what collapse looks like, each member on its own."""

import math

import pytest
import torch

from coursekit.distributions import NormalMixture, get
from coursekit.evaluation.modes import SAMPLES, count_modes, modes_of
from coursekit.seeds import generator

TOYS = [("grid-25", 25), ("ring-8", 8)]


@pytest.mark.parametrize(("name", "modes"), TOYS)
def test_a_perfect_sampler(name, modes):
    """98.9 % of high quality, all modes, and KL at (K - 1) / 2n, each within 4 standard errors over 40 batches."""
    data, batches = get(name), 40
    x = data.sample(batches * SAMPLES, generator=generator(0)).view(batches, SAMPLES, 2)
    found = count_modes(x, data)
    assert found.caught.shape == (batches, modes) and (found.count == modes).all()
    share = 1 - math.exp(-4.5)
    error = math.sqrt(share * (1 - share) / (batches * SAMPLES))
    assert abs(found.high_quality.mean().item() - share) < 4 * error
    expected, spread = (modes - 1) / (2 * SAMPLES), math.sqrt(2 * (modes - 1)) / (2 * SAMPLES)
    assert abs(found.kl.mean().item() - expected) < 4 * spread / math.sqrt(batches)
    # The mean absolute deviation of a share is about sqrt(2 p (1 - p) / (pi n)), for each of K modes, halved.
    p = 1 / modes
    assert abs(found.total_variation.mean().item() - modes / 2 * math.sqrt(2 * p * (1 - p) / math.pi / SAMPLES)) < 0.002
    # More than a perfect share is no merit: modes of half the width get all of it.
    narrow = NormalMixture(data.weights, data.means, scales=data.factors[:, 0] / 2)
    assert count_modes(narrow.sample(SAMPLES, generator=generator(1)), data).high_quality > share + 0.008


@pytest.mark.parametrize(("name", "modes"), TOYS)
def test_collapse_onto_some_modes(name, modes):
    data = get(name)
    for kept in (1, 3):
        few = NormalMixture([1 / kept] * kept, data.means[:kept], scales=data.factors[:kept, 0])
        found = count_modes(few.sample(3000, generator=generator(0)), data)
        assert found.count == kept and found.caught[:kept].all() and found.high_quality > 0.98
        assert math.isclose(found.kl.item(), math.log(modes / kept), abs_tol=0.01)
        assert math.isclose(found.total_variation.item(), 1 - kept / modes, abs_tol=0.01)


def test_by_hand():
    data = get("grid-25")
    sigma = 0.05
    x = torch.tensor([[-4.0, -4.0], [-4.0 + 2.99 * sigma, -4.0], [-4.0, -4.0 + 3.01 * sigma], [0.9, 0.0]]).double()
    found = count_modes(x, data)
    assert found.high_quality == 0.5 and found.count == 1 and found.caught[0]
    assert found.populations[0] == 0.75 and found.populations[12] == 0.25  # (0.9, 0) belongs to the middle, uncaught
    kl = 0.75 * math.log(0.75 * 25) + 0.25 * math.log(0.25 * 25)
    assert math.isclose(found.kl.item(), kl) and math.isclose(found.total_variation.item(), 1 - 2 / 25)
    assert count_modes(x, data, sigmas=3.02).high_quality == 0.75


def test_each_member_is_judged_on_its_own():
    data = get("ring-8")
    x = torch.stack([data.sample(500, generator=generator(0)), data.means[2].expand(500, 2),
                     torch.randn(500, 2, generator=generator(1), dtype=torch.float64)])  # fmt: skip
    whole = count_modes(x, data)
    for i in range(3):
        solo = count_modes(x[i], data)
        for name in ("caught", "count", "high_quality", "populations", "kl", "total_variation"):
            assert torch.equal(getattr(whole, name)[i], getattr(solo, name))
    assert "of 8 modes" in str(whole) and "high quality" in str(solo)


def test_unequal_weights_are_what_populations_are_held_against():
    """KL and total variation are small for a sampler with these weights and large for one with equal weights."""
    means, scales = [[0.0, 0.0], [5.0, 0.0]], [0.1, 0.1]
    data = NormalMixture([0.9, 0.1], means, scales=scales)
    right = modes_of(data, data, generator=generator(0))
    wrong = modes_of(NormalMixture([0.5, 0.5], means, scales=scales), data, generator=generator(0))
    assert right.total_variation < 0.03 and abs(wrong.total_variation - 0.4) < 0.03 and wrong.kl > 0.4 > right.kl + 0.39


def test_single_precision_gives_the_same():
    data = get("grid-25")
    x = data.sample(SAMPLES, generator=generator(3))
    double, single = count_modes(x, data), count_modes(x.float(), data)
    assert torch.equal(double.caught, single.caught) and abs(double.high_quality - single.high_quality) <= 1 / SAMPLES


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (torch.zeros(4, 3), r"shape \(n, 2\).*got \(4, 3\)"),
        (torch.zeros(0, 2), r"got \(0, 2\)"),
        (torch.full((4, 2), torch.nan), "must be finite"),
    ],
)
def test_bad_points_end_as_sentences(x, words):
    with pytest.raises(ValueError, match=words):
        count_modes(x, get("ring-8"))


def test_components_that_are_not_round_are_refused():
    with pytest.raises(ValueError, match="round components"):
        count_modes(torch.zeros(4, 2), get("cross"))
