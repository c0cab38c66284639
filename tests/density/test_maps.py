"""Inverse transform sampling on the line and in the plane: maps whose log-determinants are autograd's."""

import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.density import InverseTransform, KnotheRosenblatt, TabulatedDensity1D
from coursekit.distributions import NormalMixture1D, Uniform, get, names, open_uniform

F64 = torch.float64

TARGETS = {name: get(name) for name in names(1)}
TARGETS["drawn"] = TabulatedDensity1D([-1.0, 0.0, 2.0, 3.0], [0.2, 3.0, 0.5, 1.0])
TARGETS["steps"] = TabulatedDensity1D([-1.0, 0.0, 2.0, 3.0], [0.2, 3.0, 1.0], kind="constant")
TARGETS["uniform"] = Uniform(2, 5)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_ladj_is_autograds_in_both_directions_and_the_round_trip_closes(target):
    flow = InverseTransform(target)
    u = torch.linspace(1e-6, 1 - 1e-6, 61, dtype=F64, requires_grad=True)
    x, ladj = flow.forward(u)
    (slope,) = torch.autograd.grad(x.sum(), u)
    torch.testing.assert_close(ladj, slope.abs().log(), rtol=1e-8, atol=1e-8)
    x = x.detach().requires_grad_()
    back, ladj_back = flow.inverse(x)
    (slope,) = torch.autograd.grad(back.sum(), x)
    torch.testing.assert_close(ladj_back, slope.abs().log(), rtol=1e-8, atol=1e-8)
    assert (back - u).abs().max() < 1e-6
    assert torch.equal(flow.log_prob(x.detach()), target.log_prob(x.detach()))


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS.keys())
def test_samples_follow_the_target(target):
    def cdf(v):
        return target.cdf(torch.from_numpy(v)).numpy()

    flow = InverseTransform(target)
    p_values = [
        scipy.stats.kstest(flow.sample(300, generator=torch.Generator().manual_seed(seed)).numpy(), cdf).pvalue
        for seed in range(20)
    ]
    assert scipy.stats.kstest(p_values, "uniform").pvalue > 1e-3


def test_single_precision_noise_gives_single_precision_samples():
    flow = InverseTransform(get("bimodal", dtype=torch.float32), dtype=torch.float32)
    assert flow.sample(5, generator=torch.Generator().manual_seed(0)).dtype == torch.float32


def grid(m=81, reach=4.0):
    return torch.linspace(-reach, reach, m, dtype=F64)


def random_map(seed, m1=7, m2=5):
    generator = torch.Generator().manual_seed(seed)
    x1, x2 = (torch.rand(m, dtype=F64, generator=generator).cumsum(0) for m in (m1, m2))
    return KnotheRosenblatt(x1, x2, torch.rand(m1, m2, dtype=F64, generator=generator) ** 2)


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_knothe_rosenblatt_jacobian_is_triangular_with_the_stated_determinant(seed):
    knothe = random_map(seed)
    u = open_uniform(12, generator=torch.Generator().manual_seed(seed)).reshape(6, 2)
    x, ladj = knothe.forward(u)
    jacobian = torch.autograd.functional.jacobian(lambda v: knothe.forward(v)[0].sum(0), u).permute(1, 0, 2)
    assert (jacobian[:, 0, 1] == 0).all() and (jacobian[:, 1, 0] != 0).all()
    torch.testing.assert_close(ladj, torch.linalg.slogdet(jacobian)[1], rtol=1e-8, atol=1e-8)
    back, ladj_back = knothe.inverse(x)
    jacobian = torch.autograd.functional.jacobian(lambda v: knothe.inverse(v)[0].sum(0), x).permute(1, 0, 2)
    torch.testing.assert_close(ladj_back, torch.linalg.slogdet(jacobian)[1], rtol=1e-8, atol=1e-8)
    assert (back - u).abs().max() < 1e-10


@pytest.mark.parametrize("name", ["cross", "ring-8", "grid-25"])
def test_knothe_rosenblatt_round_trip_on_the_named_densities(name):
    target = get(name)
    knothe = KnotheRosenblatt.from_log_density(target.log_prob, grid(201, 5.0), grid(201, 5.0))
    u = open_uniform(4000, generator=torch.Generator().manual_seed(0)).reshape(2000, 2)
    x, ladj = knothe.forward(u)
    back, ladj_back = knothe.inverse(x)
    assert (back - u).abs().max() < 1e-4
    assert (ladj + ladj_back).abs().max() < 1e-8


def test_knothe_rosenblatt_density_is_the_bilinear_surface():
    knothe = random_map(3)
    nodes = torch.cartesian_prod(knothe.x1_grid, knothe.x2_grid)
    at_nodes = knothe.log_prob(nodes).exp().reshape(knothe.heights.shape)
    torch.testing.assert_close(at_nodes, knothe.heights, rtol=1e-10, atol=1e-12)
    # A bilinear cell integrates to its area times the mean of its four corners.
    h = knothe.heights
    mean = (h[1:, 1:] + h[1:, :-1] + h[:-1, 1:] + h[:-1, :-1]) / 4
    mass = (knothe.x1_grid.diff()[:, None] * knothe.x2_grid.diff() * mean).sum()
    assert abs(mass.item() - 1) < 1e-12
    middle = (nodes[0] + nodes[len(knothe.x2_grid) + 1])[None] / 2
    torch.testing.assert_close(knothe.log_prob(middle).exp()[0], mean[0, 0], rtol=1e-10, atol=0.0)


def test_knothe_rosenblatt_approaches_the_density_it_tabulates():
    target = get("cross")
    x = target.sample(500, generator=torch.Generator().manual_seed(0))
    x = x[(x.abs() < 3).all(1)]
    errors = []
    for m in (41, 81, 161):
        knothe = KnotheRosenblatt.from_log_density(target.log_prob, grid(m, 6.0), grid(m, 6.0))
        errors.append((knothe.log_prob(x).exp() - target.log_prob(x).exp()).abs().mean().item())
    # Bilinear interpolation has an error of second order: halving the grid quarters it.
    assert 3.0 < errors[0] / errors[1] < 5.5 and 3.0 < errors[1] / errors[2] < 5.5


def test_knothe_rosenblatt_samples():
    knothe = random_map(5)
    x = knothe.sample(20_000, generator=torch.Generator().manual_seed(0))
    surprise = knothe.log_prob(x)
    assert torch.isfinite(surprise).all()
    u, _ = knothe.inverse(x)
    # Sent back, samples are uniform on the square: both margins, and no correlation.
    assert scipy.stats.kstest(u[:, 0].numpy(), "uniform").pvalue > 1e-3
    assert scipy.stats.kstest(u[:, 1].numpy(), "uniform").pvalue > 1e-3
    assert abs(torch.corrcoef(u.T)[0, 1]) < 4 / 20_000**0.5
    # The x2 margin, which the map never uses, follows the table's.
    margin = TabulatedDensity1D(knothe.x2_grid, torch.trapezoid(knothe.heights, knothe.x1_grid, dim=0))
    assert scipy.stats.kstest(x[:, 1].numpy(), lambda v: margin.cdf(torch.from_numpy(v)).numpy()).pvalue > 1e-3


def test_knothe_rosenblatt_never_gives_nan_where_the_density_vanishes():
    heights = torch.zeros(5, 5, dtype=F64)
    heights[1, 2] = heights[3, 4] = 1.0
    knothe = KnotheRosenblatt(grid(5), grid(5), heights)
    u = open_uniform(2000, generator=torch.Generator().manual_seed(0)).reshape(1000, 2)
    x, ladj = knothe.forward(u)
    assert torch.isfinite(x).all() and torch.isfinite(ladj).all()
    nodes = torch.cartesian_prod(grid(9, 6.0), grid(9, 6.0))
    u, ladj = knothe.inverse(nodes)
    assert ((u >= 0) & (u <= 1)).all() and not ladj.isnan().any()
    outside = (nodes.abs() > 4).any(1)
    assert ladj[outside].isneginf().all()
    # Where p(x1) = 0 there is no conditional; a flat one stands in.
    u, _ = knothe.inverse(torch.tensor([[0.0, -2.0], [0.0, 2.0]], dtype=F64))
    torch.testing.assert_close(u[:, 1], torch.tensor([0.25, 0.75], dtype=F64))


def test_bad_tables():
    for heights, message in [
        (torch.ones(5, 4), r"heights must have shape \(5, 5\), x1 along the rows, got \(5, 4\)"),
        (-torch.ones(5, 5), "must not be negative"),
        (torch.zeros(5, 5), "all zero"),
        (torch.full((5, 5), torch.nan), "heights must be finite"),
    ]:
        with pytest.raises(ValueError, match=message):
            KnotheRosenblatt(grid(5), grid(5), heights.to(F64))
    with pytest.raises(ValueError, match="x2_grid must increase"):
        KnotheRosenblatt(grid(5), grid(5).flip(0), torch.ones(5, 5, dtype=F64))
    with pytest.raises(ValueError, match="must be a number, or -inf, at every node"):
        KnotheRosenblatt.from_log_density(lambda x: x.sum(1).log(), grid(5), grid(5))


@pytest.mark.usefixtures("as_students_run_it")
def test_bad_queries():
    with pytest.raises(ValueError, match="lacks cdf, quantile; a curve given by its heights"):
        InverseTransform(get("cross"))
    flow, knothe = InverseTransform(NormalMixture1D([1.0], [0.0], [1.0])), random_map(0)
    for end in (0.0, 1.0, -0.5):
        with pytest.raises(ValueError, match="u must lie strictly between 0 and 1"):
            flow.forward(torch.tensor([0.5, end]))
        with pytest.raises(ValueError, match="u must lie strictly between 0 and 1"):
            knothe.forward(torch.tensor([[0.5, end]], dtype=F64))
    with pytest.raises(ValueError, match="u must be finite"):
        flow.forward(torch.tensor([torch.nan]))
    with pytest.raises(ValueError, match="x must be finite"):
        knothe.inverse(torch.full((1, 2), torch.nan))
    with pytest.raises(ValueError, match=r"x must have shape \(n, 2\), got \(3,\)"):
        knothe.log_prob(torch.zeros(3))
    with pytest.raises(ValueError, match="unconditional"):
        flow.sample(2, context=torch.zeros(1))
