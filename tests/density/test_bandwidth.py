"""Rules and likelihoods for the bandwidth against hand calculation, brute force and scikit-learn."""

import math

import pytest
import torch

from coursekit.density import (
    KernelDensity,
    held_out_log_likelihood,
    kernels,
    leave_one_out_log_likelihood,
    scott,
    select_bandwidth,
    silverman,
)
from coursekit.distributions import get

F64 = torch.float64
KERNELS = ["gaussian", "epanechnikov"]


def normal(n, d, seed=0):
    return torch.randn(n, d, dtype=F64, generator=torch.Generator().manual_seed(seed))


def test_the_rules_by_hand():
    x = torch.tensor([[0.0, 0.0], [2.0, 10.0], [4.0, 20.0]], dtype=F64)
    spread = torch.tensor([2.0, 10.0], dtype=F64)
    torch.testing.assert_close(scott(x), spread * 3 ** (-1 / 6))
    torch.testing.assert_close(silverman(x), spread * 3 ** (-1 / 6))  # (4 / (d + 2)) = 1 in the plane
    torch.testing.assert_close(scott(x[:, 0]), spread[:1] * 3 ** (-1 / 5))
    torch.testing.assert_close(silverman(x[:, 0]), spread[:1] * (4 / 9) ** (1 / 5))
    torch.testing.assert_close(KernelDensity(x[:, 0], scott(x[:, 0])).bandwidth, scott(x[:, 0]))


@pytest.mark.parametrize("rule", [scott, silverman])
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_rules_follow_the_units(rule, kernel):
    x, units = normal(40, 3), torch.tensor([1.0, 100.0, 0.01], dtype=F64)
    torch.testing.assert_close(rule(x * units + 5, kernel), rule(x, kernel) * units, rtol=1e-9, atol=0.0)


def test_canonical_bandwidths():
    assert abs(kernels.canonical_ratio("epanechnikov", 1) - 2.2138) < 1e-4  # Marron and Nolan 1988
    assert kernels.canonical_ratio("gaussian", 3) == 1.0
    # In any dimension: both kernels, each at its bandwidth, have equal R h^-d and equal m^2 h^4 up to one factor.
    for d in (1, 2, 3):
        ratio = kernels.canonical_ratio("epanechnikov", d)
        line = torch.linspace(-1, 1, 201, dtype=F64)
        squared = torch.cartesian_prod(*[line] * d).reshape(-1, d).square().sum(1)
        k = math.exp(kernels.log_constant("epanechnikov", d)) * (1 - squared).clamp_min(0)
        cell = (line[1] - line[0]).item() ** d
        roughness = k.square().sum().item() * cell
        variance = (k * squared).sum().item() * cell / d
        gaussian = (4 * math.pi) ** (-d / 2)
        assert abs(ratio - (roughness / variance**2 / gaussian) ** (1 / (d + 4))) < 1e-2


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("d", [1, 2])
def test_leave_one_out_equals_leaving_one_out(kernel, d):
    x, bandwidths = normal(25, d), torch.tensor([1.0, 2.0, 4.0], dtype=F64)
    one_by_one = torch.stack(
        [
            torch.cat(
                [KernelDensity(torch.cat([x[:i], x[i + 1 :]]), h, kernel).log_prob(x[i : i + 1]) for i in range(25)]
            )
            for h in bandwidths
        ]
    )
    ours = leave_one_out_log_likelihood(x, bandwidths, kernel)
    torch.testing.assert_close(ours, one_by_one.mean(1), rtol=1e-10, atol=1e-10)


def test_leave_one_out_at_a_tiny_bandwidth_keeps_its_digits():
    # Taking the own kernel back out of the sum would leave nothing: the neighbour adds e^-50000 of it.
    x = torch.tensor([0.0, 1.0], dtype=F64)
    (score,) = leave_one_out_log_likelihood(x, [1 / math.sqrt(100_000)])
    expected = -0.5 * 100_000 - 0.5 * math.log(2 * math.pi) + 0.5 * math.log(100_000)
    assert abs(score.item() - expected) < 1e-6


def test_held_out_scores_and_a_bandwidth_for_each_coordinate():
    x, held_out = normal(30, 2), normal(20, 2, seed=1)
    bandwidths = torch.tensor([[0.3, 0.5], [1.0, 0.2]], dtype=F64)
    expected = [KernelDensity(x, h).log_prob(held_out).mean().item() for h in bandwidths]
    assert held_out_log_likelihood(x, held_out, bandwidths).tolist() == expected
    assert leave_one_out_log_likelihood(x, bandwidths).shape == (2,)
    best = select_bandwidth(x, bandwidths, held_out=held_out)
    assert torch.equal(best, bandwidths[0 if expected[0] > expected[1] else 1])


@pytest.mark.parametrize("left_out", ["one", "set"])
def test_likelihood_beats_the_rule_where_the_rule_assumes_one_mode(left_out):
    truth, candidates = get("gap"), torch.logspace(-2, 1, 40, dtype=F64)
    for seed in range(5):
        generator = torch.Generator().manual_seed(seed)
        x, test = truth.sample(300, generator=generator), truth.sample(2000, generator=generator)
        held_out = truth.sample(300, generator=generator) if left_out == "set" else None
        chosen = select_bandwidth(x, candidates, held_out=held_out)
        assert candidates[0] < chosen < candidates[-1]
        by_rule, by_likelihood = (KernelDensity(x, h).log_prob(test).mean() for h in (silverman(x), chosen))
        assert by_likelihood > by_rule + 0.1


def test_uncovered_points_make_the_score_minus_infinity():
    x = torch.tensor([0.0, 0.1, 5.0], dtype=F64)
    scores = leave_one_out_log_likelihood(x, [0.5, 6.0], "epanechnikov")
    assert scores[0].isneginf() and torch.isfinite(scores[1])
    assert select_bandwidth(x, [0.5, 6.0], kernel="epanechnikov") == 6.0
    with pytest.raises(ValueError, match="every one of the 2 bandwidths leaves a point with density zero"):
        select_bandwidth(x, [0.5, 1.0], kernel="epanechnikov")


@pytest.mark.usefixtures("as_students_run_it")
def test_bad_input():
    x = normal(10, 2)
    for bandwidths, message in [
        ([0.1, 0.0], "bandwidths must be positive"),
        ([], "with k >= 1"),
        (0.5, r"must have shape \(k,\) or \(k, d\)"),
        ([math.nan], "bandwidths must be finite"),
        ([[1.0, 1.0, 1.0]], r"one a coordinate with shape \(2,\), got \(3,\)"),
    ]:
        with pytest.raises(ValueError, match=message):
            leave_one_out_log_likelihood(x, bandwidths)
        with pytest.raises(ValueError, match=message):
            held_out_log_likelihood(x, x, bandwidths)
    with pytest.raises(ValueError, match="x must hold at least 2 points, got 1"):
        leave_one_out_log_likelihood(x[:1], [1.0])
    with pytest.raises(ValueError, match=r"held_out must have shape \(n, 2\), got \(4, 3\)"):
        held_out_log_likelihood(x, torch.zeros(4, 3, dtype=F64), [1.0])
    for rule in (scott, silverman):
        with pytest.raises(ValueError, match="at least 2 points"):
            rule(x[:1])
        with pytest.raises(ValueError, match="coordinate 1 of x does not vary"):
            rule(torch.stack([x[:, 0], torch.ones(10, dtype=F64)], dim=1))
        with pytest.raises(ValueError, match=r"no kernel called 'epanechnikow'\. Did you mean 'epanechnikov'"):
            rule(x, "epanechnikow")
