"""Two-sample tests: the fast sums against the slow ones, level and power over repeats, and slips that must show."""

import math

import pytest
import torch

from coursekit.distances.mmd import GaussianKernel, mmd_squared
from coursekit.distances.two_sample import (
    classifier_test,
    mmd_test,
    nearest_neighbours,
    permutation_test,
    rejection_rate,
    small_net,
)

F64 = torch.float64
REPEATS = 400


def pairs(n, m, d, shift, seed):
    generator = torch.Generator().manual_seed(seed)

    def draw():
        y = torch.randn(m, d, dtype=F64, generator=generator)
        y[:, 0] += shift
        return torch.randn(n, d, dtype=F64, generator=generator), y

    return draw


def mean_difference(x, y):
    return (x.mean(0) - y.mean(0)).norm()


TESTS = {
    "permutation": lambda x, y, g: permutation_test(x, y, mean_difference, permutations=39, generator=g),
    "mmd": lambda x, y, g: mmd_test(x, y, permutations=99, generator=g),
    "classifier": lambda x, y, g: classifier_test(x, y, nearest_neighbours(9), permutations=99, generator=g),
}


def check_level(test, seed=1):
    """Four standard errors of a binomial share at the level 0.05: a test that is right fails once in 16,000 seeds."""
    share, _ = rejection_rate(test, pairs(20, 25, 2, 0.0, seed), repeats=REPEATS)
    assert abs(share - 0.05) < 4 * math.sqrt(0.05 * 0.95 / REPEATS), share


@pytest.mark.parametrize("name", TESTS)
def test_level(name):
    generator = torch.Generator().manual_seed(0)
    check_level(lambda x, y: TESTS[name](x, y, generator))


@pytest.mark.parametrize("name", TESTS)
def test_power(name):
    generator = torch.Generator().manual_seed(0)
    draw = pairs(80, 80, 2, 1.0, 2)
    share, error = rejection_rate(lambda x, y: TESTS[name](x, y, generator), draw, repeats=50)
    assert share >= 0.9 and error == pytest.approx(math.sqrt(share * (1 - share) / 50))


def test_a_test_that_trains_and_judges_on_the_same_points_is_noticed():
    """Without halves, neighbours include the point itself, and every pair of samples seems to differ."""

    def on_its_own_points(x, y):
        labels = torch.cat([x.new_ones(len(x)), x.new_zeros(len(y))])
        scores = nearest_neighbours(1)(torch.cat([x, y]), labels, torch.cat([x, y]))
        return permutation_test(scores[: len(x)], scores[len(x) :], lambda a, b: a.mean() - b.mean(), permutations=19)

    with pytest.raises(AssertionError):
        check_level(on_its_own_points)


def test_the_fast_sums_are_the_unbiased_mmd():
    x, y = pairs(9, 7, 2, 0.5, 3)()
    kernel = GaussianKernel((1.0,))
    fast = mmd_test(x, y, kernel, permutations=19, generator=torch.Generator().manual_seed(4))
    slow = permutation_test(x, y, lambda a, b: mmd_squared(a, b, kernel), permutations=19,
                            generator=torch.Generator().manual_seed(4))  # fmt: skip
    assert abs(fast.statistic - slow.statistic) < 1e-12
    torch.testing.assert_close(fast.null, slow.null, atol=1e-12, rtol=0)
    assert fast.p_value == slow.p_value


def test_every_split_of_a_tiny_sample_by_hand():
    """x = {0, 1}, y = {10, 11}: of the 6 splits 2 reach the observed |difference of means|, so p is near 1/3."""
    x, y = torch.tensor([0.0, 1.0]), torch.tensor([10.0, 11.0])
    verdict = permutation_test(x, y, lambda a, b: (a.mean() - b.mean()).abs(), permutations=1999,
                               generator=torch.Generator().manual_seed(0))  # fmt: skip
    assert verdict.statistic == 10.0 and not verdict.rejects
    assert abs(verdict.p_value - 1 / 3) < 4 * math.sqrt(2 / 9 / 1999)


def test_the_smallest_p_value_is_one_in_b_plus_one():
    x, y = torch.zeros(30), torch.ones(30)
    generator = torch.Generator().manual_seed(0)
    verdict = permutation_test(x, y, lambda a, b: (a.mean() - b.mean()).abs(), permutations=19, generator=generator)
    assert verdict.p_value == 1 / 20 and verdict.rejects and len(verdict.null) == 19


def test_ties_count_against_rejection():
    verdict = permutation_test(torch.zeros(5), torch.zeros(5), lambda a, b: a.mean() - b.mean(), permutations=19)
    assert verdict.p_value == 1.0


def test_ties_in_single_precision_count_too():
    """Votes of 9 neighbours are ninths, and their sums agree but for rounding: the answer is that of doubles."""
    x, y = (points.round() for points in pairs(20, 20, 2, 0.5, 6)())
    single, double = (
        classifier_test(x.to(t), y.to(t), nearest_neighbours(9), generator=torch.Generator().manual_seed(7))
        for t in (torch.float32, F64)
    )
    assert single.p_value == double.p_value
    assert ((double.null - double.statistic).abs() < 1e-9).any()  # there are ties


@pytest.mark.parametrize("statistic", ["accuracy", "score"])
def test_a_net_sees_what_means_do_not(statistic):
    """Two normals of equal means and variances, one leaning to the right and one to the left."""
    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(150, 2, generator=generator) @ torch.tensor([[1.0, lean], [0.0, 0.6]]) for lean in (0.8, -0.8))
    verdict = classifier_test(x, y, small_net(), statistic=statistic, generator=generator)
    assert verdict.rejects
    if statistic == "accuracy":
        assert 0.6 < verdict.statistic <= 1 and abs(verdict.null.mean() - 0.5) < 0.03
    assert not permutation_test(x, y, mean_difference, generator=generator).p_value < 0.001


def test_equal_generators_give_equal_verdicts_and_leave_the_global_one_alone():
    x, y = pairs(20, 20, 2, 0.3, 5)()
    before = torch.get_rng_state()
    net = small_net(steps=3)
    first, second = (classifier_test(x, y, net, generator=torch.Generator().manual_seed(1)) for _ in range(2))
    assert first.p_value == second.p_value and torch.equal(first.null, second.null)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.usefixtures("as_students_run_it")
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, y: mmd_test(x, y, permutations=100), r"alpha \(B \+ 1\) must be a whole number.*permutations=99"),
        (lambda x, y: mmd_test(x, y, permutations=9), "try permutations=19"),
        (lambda x, y: mmd_test(x, y, alpha=1.5), "alpha must lie between 0 and 1"),
        (lambda x, y: mmd_test(x, y[:1]), "y must hold at least 2"),
        (lambda x, y: mmd_test(x, y[:, :1]), "points of one space"),
        (lambda x, y: classifier_test(x[:3], y), "x must hold at least 4"),
        (lambda x, y: classifier_test(x, y, lambda a, b, c: c), r"scores with shape \(10,\), got \(10, 2\)"),
        (lambda x, y: permutation_test(x, y[:, 0], mean_difference), "points of one shape"),
        (lambda x, y: permutation_test(x, y, lambda a, b: math.nan), "the statistic is nan"),
        (lambda x, y: rejection_rate(lambda a, b: None, lambda: (x, y), repeats=0), "repeats must be at least 1"),
        (lambda x, y: nearest_neighbours(0)(x, y[:, 0], x), "k must be at least 1"),
    ],
)
def test_bad_input_ends_as_sentences(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.zeros(10, 2), torch.zeros(10, 2))
