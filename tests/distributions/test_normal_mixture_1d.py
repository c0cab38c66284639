"""The mixture on the line against closed forms, quadrature and torch.distributions, in float64."""

import itertools
import math

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.distributions import NormalMixture1D, get, names

F64 = torch.float64


@st.composite
def mixtures(draw):
    """One to five components whose scales span six orders of magnitude."""
    k = draw(st.integers(1, 5))
    raw = torch.tensor(draw(st.lists(st.floats(0.01, 1.0), min_size=k, max_size=k)), dtype=F64)
    means = draw(st.lists(st.floats(-100.0, 100.0), min_size=k, max_size=k))
    scales = draw(st.lists(st.floats(-3.0, 3.0), min_size=k, max_size=k))
    return NormalMixture1D(raw / raw.sum(), means, [10**s for s in scales])


def reference(mixture):
    components = torch.distributions.Normal(mixture.means, mixture.scales)
    return torch.distributions.MixtureSameFamily(torch.distributions.Categorical(mixture.weights), components)


@pytest.mark.parametrize("name", names(1))
def test_density_and_cdf_equal_torchs(name):
    mixture, x = get(name), torch.linspace(-6, 6, 501, dtype=F64)
    torch.testing.assert_close(mixture.log_prob(x), reference(mixture).log_prob(x), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(mixture.cdf(x), reference(mixture).cdf(x), rtol=1e-12, atol=1e-14)


@given(mixtures(), st.lists(st.floats(-300.0, 300.0), min_size=1, max_size=5))
def test_the_cdfs_slope_is_the_density(mixture, values):
    x = torch.tensor(values, dtype=F64, requires_grad=True)
    (slope,) = torch.autograd.grad(mixture.cdf(x).sum(), x)
    torch.testing.assert_close(slope, mixture.log_prob(x).exp(), rtol=1e-9, atol=1e-300)


@given(mixtures(), st.lists(st.floats(0.0, 1.0, exclude_min=True, exclude_max=True), min_size=1, max_size=20))
def test_quantile_inverts_the_cdf_for_any_mixture(mixture, values):
    u = torch.tensor(values, dtype=F64)
    x = mixture.quantile(u)
    assert torch.isfinite(x).all()
    # A step of x by one rounding changes F by p(x) |x| eps, which narrow components far from zero make large.
    rounding = (mixture.log_prob(x).exp() * x.abs() * 1e-15).clamp(min=1e-14)
    assert ((mixture.cdf(x) - u).abs() <= rounding).all()
    assert (rounding < 1e-6).all()


@pytest.mark.parametrize("name", names(1))
def test_quantile_keeps_its_digits_in_the_tails(name):
    mixture = get(name)
    u = torch.tensor([1e-300, 1e-100, 1e-30, 1e-12, 1e-6], dtype=F64)
    torch.testing.assert_close(mixture.cdf(mixture.quantile(u)), u, rtol=1e-11, atol=0.0)
    # The upper tail of p(x) is the lower tail of p(-x); 1 - 2^-k is exact.
    mirrored = NormalMixture1D(mixture.weights, -mixture.means, mixture.scales)
    tail = torch.tensor([2.0**-k for k in (2, 10, 30, 53)], dtype=F64)
    torch.testing.assert_close(mixture.quantile(1 - tail), -mirrored.quantile(tail), rtol=1e-13, atol=1e-13)


def test_quantile_in_the_gap_where_the_cdf_is_flat():
    mixture = get("gap")
    u = 0.3 + torch.linspace(-1e-12, 1e-12, 101, dtype=F64)
    x = mixture.quantile(u)
    assert (mixture.cdf(x) - u).abs().max() < 1e-15
    assert (x.diff() >= 0).all()
    assert torch.equal(
        mixture.quantile(torch.tensor([0.0, 1.0], dtype=F64)), torch.tensor([-torch.inf, torch.inf], dtype=F64)
    )


def test_a_component_of_weight_zero_changes_nothing():
    with_ghost = NormalMixture1D([0.4, 0.6, 0.0], [-1.0, 2.0, 1e6], [1.0, 0.5, 1e-3])
    without = NormalMixture1D([0.4, 0.6], [-1.0, 2.0], [1.0, 0.5])
    u = torch.linspace(1e-9, 1 - 1e-9, 99, dtype=F64)
    torch.testing.assert_close(with_ghost.quantile(u), without.quantile(u), rtol=1e-12, atol=1e-12)
    assert torch.equal(with_ghost.log_prob(u), without.log_prob(u))


def test_quantiles_slope_is_one_over_the_density():
    mixture = get("claw")
    u = torch.linspace(0.0, 1.0, 41, dtype=F64, requires_grad=True)
    x = mixture.quantile(u)
    (slope,) = torch.autograd.grad(x[1:-1].sum(), u)
    torch.testing.assert_close(slope[1:-1], (-mixture.log_prob(x[1:-1])).exp(), rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", names(1))
def test_dtypes_come_through(name, dtype):
    mixture, generator = get(name, dtype=dtype), torch.Generator().manual_seed(0)
    x = mixture.sample(1000, generator=generator)
    u = torch.rand(1000, dtype=dtype, generator=generator)
    for value in (x, mixture.log_prob(x), mixture.cdf(x), mixture.quantile(u)):
        assert value.dtype == dtype and value.shape == (1000,)
    bound = 1e-5 if dtype == torch.float32 else 1e-14
    assert (mixture.cdf(mixture.quantile(u)) - u).abs().max() < bound


def test_log_prob_does_not_underflow():
    mixture = NormalMixture1D([0.5, 0.5], [0.0, 1.0], [1.0, 1.0])
    x = torch.tensor([-1e8, 1e8], dtype=F64)
    expected = -0.5 * torch.tensor([1e8, 1e8 - 1], dtype=F64) ** 2 - 0.5 * math.log(2 * math.pi) + math.log(0.5)
    torch.testing.assert_close(mixture.log_prob(x), expected, rtol=1e-14, atol=0.0)


def test_entropy_of_one_normal_in_closed_form():
    for scale in (1e-6, 1.0, 1e6):
        closed = 0.5 * math.log(2 * math.pi * math.e * scale**2)
        assert abs(NormalMixture1D([1.0], [3.0], [scale]).entropy().item() - closed) < 1e-9


@pytest.mark.parametrize("name", names(1))
def test_entropy_against_adaptive_quadrature(name):
    mixture = get(name)

    def integrand(x):
        log_p = mixture.log_prob(torch.tensor([x], dtype=F64)).item()
        return -math.exp(log_p) * log_p

    knots = sorted(
        {m + c * s for m, s in zip(mixture.means.tolist(), mixture.scales.tolist(), strict=True) for c in (-3, 0, 3)}
    )
    knots = [-12.0, *knots, 12.0]
    pieces = [scipy.integrate.quad(integrand, a, b, epsabs=1e-12)[0] for a, b in itertools.pairwise(knots)]
    assert abs(mixture.entropy().item() - sum(pieces)) < 1e-9


def test_entropy_says_when_the_tolerance_is_out_of_reach():
    with pytest.raises(ValueError, match="did not settle to 0 nats"):
        NormalMixture1D([0.5, 0.5], [0.0, 2.0], [1.0, 0.3]).entropy(tolerance=0.0)


@pytest.mark.parametrize("name", names(1))
def test_samples_follow_the_cdf(name):
    mixture = get(name)
    p_values = []
    for seed in range(20):
        x = mixture.sample(500, generator=torch.Generator().manual_seed(seed))
        p_values.append(scipy.stats.kstest(x.numpy(), lambda v: mixture.cdf(torch.from_numpy(v)).numpy()).pvalue)
    # The p-values of 20 independent tests are uniform themselves; a shift of a tenth of the spread is seen.
    assert scipy.stats.kstest(p_values, "uniform").pvalue > 1e-3
    x = mixture.sample(20_000, generator=torch.Generator().manual_seed(0)) + 0.1 * mixture.variance.sqrt()
    assert scipy.stats.kstest(x.numpy(), lambda v: mixture.cdf(torch.from_numpy(v)).numpy()).pvalue < 1e-6


@pytest.mark.parametrize("name", names(1))
def test_moments_against_quadrature(name):
    mixture = get(name)
    x = torch.linspace(-15, 15, 300_001, dtype=F64)
    p = mixture.log_prob(x).exp()
    mean = torch.trapezoid(x * p, x)
    assert abs((mixture.mean - mean).item()) < 1e-9
    assert abs((mixture.variance - torch.trapezoid((x - mean).square() * p, x)).item()) < 1e-9


def test_seeds_are_explicit_and_the_global_state_is_left_alone():
    mixture = get("skewed")
    before = torch.get_rng_state()
    draws = [mixture.sample(5, generator=torch.Generator().manual_seed(3)) for _ in range(2)]
    assert torch.equal(*draws)
    assert torch.equal(torch.get_rng_state(), before)
    assert mixture.sample(0).shape == (0,)


@pytest.mark.parametrize(
    ("weights", "means", "scales", "message"),
    [
        ([0.5, 0.6], [0.0, 1.0], [1.0, 1.0], "weights must sum to 1, but they sum to 1.1"),
        ([0.5, 0.5], [0.0, 1.0], [1.0, 0.0], "scales must be positive"),
        ([0.5, 0.5], [0.0, 1.0], [1.0, -1.0], "scales must be positive"),
        ([0.5, 0.5], [0.0, np.nan], [1.0, 1.0], "means must be finite"),
        ([0.5, np.nan], [0.0, 1.0], [1.0, 1.0], "weights must be finite"),
        ([1.0], [0.0, 1.0], [1.0, 1.0], r"must all have shape \(K,\), got \(1,\), \(2,\), \(2,\)"),
        ([], [], [], "at least one entry"),
        ([[0.5, 0.5]], [[0.0, 1.0]], [[1.0, 1.0]], r"weights must have shape \(K,\)"),
    ],
)
def test_bad_parameters(weights, means, scales, message):
    with pytest.raises(ValueError, match=message):
        NormalMixture1D(weights, means, scales)


@pytest.mark.usefixtures("as_students_run_it")
def test_bad_queries():
    mixture = get("bimodal")
    with pytest.raises(ValueError, match=r"x must have shape \(n,\), got \(3, 1\); drop the last axis"):
        mixture.log_prob(torch.zeros(3, 1))
    with pytest.raises(ValueError, match="x must be finite"):
        mixture.log_prob(torch.tensor([torch.nan]))
    with pytest.raises(ValueError, match="floating point"):
        mixture.log_prob(torch.arange(3))
    for u in (-0.1, 1.1):
        with pytest.raises(ValueError, match=r"u must lie in \[0, 1\]"):
            mixture.quantile(torch.tensor([0.5, u]))
    with pytest.raises(ValueError, match="entry 1 is NaN"):
        mixture.quantile(torch.tensor([0.5, torch.nan]))
    with pytest.raises(ValueError, match="whole number"):
        mixture.sample(2.5)
    with pytest.raises(ValueError, match="at least 0"):
        mixture.sample(-1)
    with pytest.raises(ValueError, match="unconditional"):
        mixture.sample(3, context=torch.zeros(3))
    with pytest.raises(ValueError, match="unconditional"):
        mixture.log_prob(torch.zeros(3), context=torch.zeros(3))
