"""Kernel density estimates against scikit-learn, brute force and exact distributions, in float64."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
import sklearn.neighbors
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.density import KernelDensity, kernel_density, kernels
from coursekit.distributions import get

F64 = torch.float64
KERNELS = ["gaussian", "epanechnikov"]


def normal(n, d, seed=0):
    return torch.randn(n, d, dtype=F64, generator=torch.Generator().manual_seed(seed))


def peer(x, bandwidth, kernel):
    # With one leaf for all points scikit-learn adds the kernels up; its tree otherwise leaves rounding where
    # the Epanechnikov estimate is zero.
    return sklearn.neighbors.KernelDensity(bandwidth=bandwidth, kernel=kernel, leaf_size=len(x)).fit(x.numpy())


@settings(max_examples=40)
@given(
    st.integers(1, 60),
    st.integers(1, 40),
    st.integers(1, 5),
    st.floats(0.05, 3.0),
    st.sampled_from(KERNELS),
    st.integers(0, 10**6),
)
def test_equals_scikit_learn(n, m, d, bandwidth, kernel, seed):
    x, queries = normal(n, d, seed), 2 * normal(m, d, seed + 1)
    ours = KernelDensity(x, bandwidth, kernel).log_prob(queries)
    theirs = torch.from_numpy(peer(x, bandwidth, kernel).score_samples(queries.numpy()))
    torch.testing.assert_close(ours, theirs, rtol=0.0, atol=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_bandwidth_for_each_coordinate_is_a_change_of_units(kernel):
    x, queries, h = normal(50, 3), normal(20, 3, seed=1), torch.tensor([0.1, 1.0, 5.0], dtype=F64)
    rescaled = KernelDensity(x / h, 1.0, kernel).log_prob(queries / h) - h.log().sum()
    torch.testing.assert_close(KernelDensity(x, h, kernel).log_prob(queries), rescaled, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_kernel_integrates_to_one(kernel, d):
    estimate = KernelDensity(torch.zeros(1, d, dtype=F64), 1.0, kernel)
    line = torch.linspace(-7, 7, 141 if d == 3 else 1401, dtype=F64)
    points = torch.cartesian_prod(*[line] * d).reshape(-1, d)
    total = estimate.log_prob(points).exp().sum() * (line[1] - line[0]) ** d
    assert abs(total.item() - 1) < (1e-9 if kernel == "gaussian" else 5e-3)


@pytest.mark.parametrize("kernel", KERNELS)
def test_points_on_the_line_need_no_second_axis(kernel):
    x, queries = normal(30, 1), normal(10, 1, seed=1)
    flat, column = KernelDensity(x[:, 0], 0.4, kernel), KernelDensity(x, 0.4, kernel)
    assert torch.equal(flat.log_prob(queries[:, 0]), column.log_prob(queries))
    assert flat.sample(5, generator=torch.Generator().manual_seed(0)).shape == (5,)
    assert column.sample(5, generator=torch.Generator().manual_seed(0)).shape == (5, 1)


def test_the_gaussian_kernel_neither_underflows_nor_overflows():
    x = torch.tensor([0.0, 1.0], dtype=F64)
    far = torch.tensor([1e6, -1e6], dtype=F64)
    expected = -0.5 * torch.tensor([1e6 - 1, 1e6], dtype=F64).square() - 0.5 * math.log(2 * math.pi) - math.log(2)
    torch.testing.assert_close(KernelDensity(x, 1.0).log_prob(far), expected, rtol=1e-13, atol=0.0)
    narrow = KernelDensity(x, 1e-150).log_prob(x)
    torch.testing.assert_close(
        narrow, torch.full_like(x, -0.5 * math.log(2 * math.pi) - math.log(2) + 150 * math.log(10))
    )


@pytest.mark.parametrize("kernel", KERNELS)
def test_data_far_from_the_origin_lose_no_digits(kernel):
    x, queries = normal(50, 2), normal(20, 2, seed=1)
    near = KernelDensity(x, 0.5, kernel).log_prob(queries)
    shift = 2.0**20
    torch.testing.assert_close(
        KernelDensity(x + shift, 0.5, kernel).log_prob(queries + shift), near, rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("kernel", KERNELS)
def test_blocks_do_not_show(kernel, monkeypatch):
    x, queries = normal(37, 2), normal(53, 2, seed=1)
    whole = KernelDensity(x, 0.3, kernel).log_prob(queries)
    sizes, distances = [], kernel_density.squared_distances

    def watched(a, b):
        squared = distances(a, b)
        sizes.append(squared.numel())
        return squared

    monkeypatch.setattr(kernel_density, "squared_distances", watched)
    monkeypatch.setitem(kernel_density._PAIRS_PER_BLOCK, "cpu", 100)
    torch.testing.assert_close(KernelDensity(x, 0.3, kernel).log_prob(queries), whole, rtol=1e-12, atol=1e-12)
    assert len(sizes) > 20 and max(sizes) <= 100
    assert KernelDensity(x, 0.3, kernel).log_prob(queries[:0]).shape == (0,)


@pytest.mark.parametrize("kernel", KERNELS)
def test_gradients(kernel):
    x, queries = normal(6, 2), normal(3, 2, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(KernelDensity(x, 3.0, kernel).log_prob, (queries,))


@pytest.mark.parametrize("kernel", KERNELS)
def test_samples_on_the_line_follow_the_estimate(kernel):
    x = get("skewed").sample(20, generator=torch.Generator().manual_seed(0))
    estimate = KernelDensity(x, 0.3, kernel)

    def kernel_cdf(u):
        if kernel == "gaussian":
            return scipy.stats.norm.cdf(u)
        u = np.clip(u, -1, 1)
        return 0.5 + 0.75 * (u - u**3 / 3)

    def cdf(v):
        return kernel_cdf((v[:, None] - x.numpy()) / 0.3).mean(1)

    p_values = [
        scipy.stats.kstest(estimate.sample(500, generator=torch.Generator().manual_seed(seed)).numpy(), cdf).pvalue
        for seed in range(20)
    ]
    assert scipy.stats.kstest(p_values, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_draws_from_the_epanechnikov_kernel(d):
    u = kernels.sample(
        "epanechnikov", 50_000, d, like=torch.zeros(0, dtype=F64), generator=torch.Generator().manual_seed(d)
    )
    # The density (1 - r^2) r^(d - 1) of the radius makes r^2 a Beta(d/2, 2); directions are spread evenly.
    assert scipy.stats.kstest(u.square().sum(1).numpy(), scipy.stats.beta(d / 2, 2).cdf).pvalue > 1e-3
    variances = u.square().mean(0)
    assert ((variances - 1 / (d + 4)).abs() < 5 * u.square().std(0) / 50_000**0.5).all()
    assert (u.mean(0).abs() < 5 * u.std(0) / 50_000**0.5).all()


def test_samples_use_the_bandwidth_of_each_coordinate():
    estimate = KernelDensity(torch.zeros(1, 2, dtype=F64), torch.tensor([0.1, 10.0], dtype=F64), "epanechnikov")
    spread = estimate.sample(20_000, generator=torch.Generator().manual_seed(0)).std(0)
    torch.testing.assert_close(spread, torch.tensor([0.1, 10.0], dtype=F64) / 6**0.5, rtol=0.03, atol=0.0)


def test_uncovered_share():
    x = torch.tensor([0.0, 1.0], dtype=F64)
    queries = torch.tensor([0.0, 0.4, 0.5, 0.6, 1.2, 1.6, -0.7, 9.0], dtype=F64)
    # Within 0.45 of a data point lie 0, 0.4, 0.6 and 1.2.
    assert KernelDensity(x, 0.45, "epanechnikov").uncovered_share(queries) == 0.5
    assert KernelDensity(x, 0.45, "gaussian").uncovered_share(queries) == 0.0
    assert KernelDensity(x, 0.45, "epanechnikov").log_prob(queries).isneginf().sum() == 4


def test_the_estimate_converges_to_the_truth():
    truth = get("bimodal")
    grid = torch.linspace(-5, 5, 1001, dtype=F64)
    for kernel, seed in itertools.product(KERNELS, range(5)):
        errors = []
        for n in (100, 10_000):
            x = truth.sample(n, generator=torch.Generator().manual_seed(seed))
            h = 1.06 * n ** (-1 / 5) * kernels.canonical_ratio(kernel, 1) * 0.7
            error = KernelDensity(x, h, kernel).log_prob(grid).exp() - truth.log_prob(grid).exp()
            errors.append(torch.trapezoid(error.square(), grid).item())
        # The risk falls as n^(-4/5): by a factor of 40 here, scattered by the draw.
        assert errors[1] < errors[0] / 5


def test_single_precision_and_seeds_come_through():
    x = normal(20, 2).float()
    estimate = KernelDensity(x, 0.5)
    draws = [estimate.sample(4, generator=torch.Generator().manual_seed(0)) for _ in range(2)]
    assert torch.equal(*draws) and draws[0].dtype == torch.float32
    assert estimate.log_prob(x).dtype == torch.float32
    double = KernelDensity(x.double(), 0.5).log_prob(x.double())
    torch.testing.assert_close(estimate.log_prob(x).double(), double, rtol=1e-5, atol=1e-5)


@pytest.mark.usefixtures("as_students_run_it")
@pytest.mark.parametrize(
    ("x", "bandwidth", "kernel", "message"),
    [
        (torch.zeros(0, 2), 1.0, "gaussian", "x must hold at least 1 point, got 0"),
        (torch.zeros(3, 2), 0.0, "gaussian", "bandwidth must be positive, got 0"),
        (torch.zeros(3, 2), -1, "gaussian", "bandwidth must be positive, got -1"),
        (torch.zeros(3, 2), math.nan, "gaussian", "bandwidth must be finite"),
        (torch.zeros(3, 2), [1.0, 0.0], "gaussian", r"bandwidth must be positive, got \[1, 0\]"),
        (torch.zeros(3, 2), [1.0, 1.0, 1.0], "gaussian", r"one a coordinate with shape \(2,\), got \(3,\)"),
        (torch.zeros(3, 2), 1.0, "gaussain", r"no kernel called 'gaussain'\. Did you mean 'gaussian'"),
        (torch.full((3, 2), math.nan), 1.0, "gaussian", "x must be finite, but 6 of 6 entries are NaN"),
        (torch.zeros(3, 2, 2), 1.0, "gaussian", r"must have shape \(n,\) for points on the line or \(n, d\)"),
        (torch.zeros(3, 2, dtype=torch.int64), 1.0, "gaussian", "must be floating point"),
    ],
)
def test_bad_estimates(x, bandwidth, kernel, message):
    with pytest.raises(ValueError, match=message):
        KernelDensity(x, bandwidth, kernel)


@pytest.mark.usefixtures("as_students_run_it")
def test_bad_queries():
    estimate = KernelDensity(torch.zeros(3, 2), 1.0)
    for method in (estimate.log_prob, estimate.uncovered_share):
        with pytest.raises(ValueError, match=r"x must have shape \(n, 2\), got \(4, 3\)"):
            method(torch.zeros(4, 3))
        with pytest.raises(ValueError, match="x must be finite"):
            method(torch.full((1, 2), torch.inf))
    with pytest.raises(ValueError, match="at least 1 point"):
        estimate.uncovered_share(torch.zeros(0, 2))
    with pytest.raises(ValueError, match=r"must have shape \(n,\), got \(4, 1\); drop the last axis"):
        KernelDensity(torch.zeros(3), 1.0).log_prob(torch.zeros(4, 1))
    with pytest.raises(ValueError, match="unconditional"):
        estimate.log_prob(torch.zeros(1, 2), context=torch.zeros(1))
