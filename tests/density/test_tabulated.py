"""Curves given by their heights: exact integral, inverse and entropy, against quadrature and hand calculation."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from coursekit.density import TabulatedDensity1D, piecewise_linear

F64 = torch.float64
HEIGHT = st.one_of(st.just(0.0), st.floats(1e-3, 10.0))


@st.composite
def tables(draw):
    """Grids with cells of very different widths and heights that may vanish."""
    widths = draw(st.lists(st.floats(0.01, 5.0), min_size=1, max_size=8))
    kind = draw(st.sampled_from(["linear", "constant"]))
    n = len(widths) + (kind == "linear")
    heights = draw(st.lists(HEIGHT, min_size=n, max_size=n))
    assume(max(heights) > 0)
    grid = torch.tensor([0.0, *widths], dtype=F64).cumsum(0) - draw(st.floats(-5.0, 5.0))
    return TabulatedDensity1D(grid, heights, kind=kind)


def quadrature(table, function):
    """Integrates function(x) by Gauss-Legendre on 40 panels a cell; the panels absorb the kink of y log y at zero."""
    nodes, weights = (torch.from_numpy(values) for values in np.polynomial.legendre.leggauss(16))
    shares = torch.linspace(0, 1, 41, dtype=F64)
    edges = table.x_grid[:-1, None] + table.x_grid.diff()[:, None] * shares
    half = edges.diff(dim=1)[:, :, None] / 2
    x = (edges[:, :-1, None] + half * (1 + nodes)).flatten()
    return ((half * weights).flatten() @ function(x)).item()


@given(tables(), st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
def test_quantile_inverts_the_cdf(table, values):
    u = torch.tensor([0.0, 1.0, *values], dtype=F64)
    x = table.quantile(u)
    assert (table.cdf(x) - u).abs().max() < 1e-12
    assert ((x >= table.x_grid[0]) & (x <= table.x_grid[-1])).all()
    assert (x[u.argsort()].diff() >= 0).all()


@given(tables(), st.lists(st.floats(0.0, 1.0), min_size=1, max_size=20))
def test_the_cdfs_slope_is_the_density(table, shares):
    span = table.x_grid[-1] - table.x_grid[0]
    x = (table.x_grid[0] + span * torch.tensor(shares, dtype=F64)).requires_grad_()
    off_nodes = ((x[:, None] - table.x_grid).abs() > 1e-9).all(1)
    (slope,) = torch.autograd.grad(table.cdf(x).sum(), x)
    density = table.log_prob(x.detach()).exp()
    torch.testing.assert_close(slope[off_nodes], density[off_nodes], rtol=1e-9, atol=1e-9)


@given(tables())
def test_entropy_and_mass_against_quadrature(table):
    mass = quadrature(table, lambda x: table.log_prob(x).exp())
    entropy = quadrature(table, lambda x: -torch.xlogy(table.log_prob(x).exp(), table.log_prob(x).exp()))
    assert abs(mass - 1) < 1e-12
    assert abs(table.entropy().item() - entropy) < 1e-7


@pytest.mark.parametrize("tilt", [0.0, 1e-15, 1e-9, 1e-4, 9e-3, 1.1e-2, 0.5, 1.0])
def test_entropy_of_a_tilted_line_in_closed_form(tilt):
    """Of density 1 + tilt (2x - 1) on (0, 1), by the antiderivative in 50 digits."""
    import mpmath

    with mpmath.workdps(50):
        a, b = 1 - mpmath.mpf(tilt), 1 + mpmath.mpf(tilt)

        def antiderivative(y):
            return y**2 * (mpmath.log(y) - mpmath.mpf(1) / 2) / 2 if y > 0 else mpmath.mpf(0)

        exact = 0.0 if tilt == 0 else float(-(antiderivative(b) - antiderivative(a)) / (b - a))
    table = TabulatedDensity1D([0.0, 1.0], [1 - tilt, 1 + tilt])
    assert abs(table.entropy().item() - exact) < 1e-14


def test_a_triangle_by_hand():
    table = TabulatedDensity1D([0.0, 1.0, 2.0], [0.0, 7.0, 0.0])
    x = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0], dtype=F64)
    torch.testing.assert_close(table.cdf(x), torch.tensor([0, 0.125, 0.5, 0.875, 1], dtype=F64))
    torch.testing.assert_close(table.log_prob(x).exp(), torch.tensor([0, 0.5, 1, 0.5, 0], dtype=F64))
    torch.testing.assert_close(table.entropy(), torch.tensor(0.5, dtype=F64))
    outside = torch.tensor([-1.0, 3.0], dtype=F64)
    assert table.log_prob(outside).isneginf().all()
    assert table.cdf(outside).tolist() == [0.0, 1.0]


def test_no_sample_falls_where_the_curve_is_zero():
    for kind, heights in (("linear", [0.0, 1.0, 0.0, 0.0, 2.0]), ("constant", [1.0, 0.0, 0.0, 2.0])):
        table = TabulatedDensity1D([0.0, 1.0, 2.0, 3.0, 4.0], heights, kind=kind)
        x = table.sample(10_000, generator=torch.Generator().manual_seed(0))
        assert torch.isfinite(table.log_prob(x)).all()
        mean_surprise = -table.log_prob(x)
        assert abs(mean_surprise.mean() - table.entropy()) < 4 * mean_surprise.std() / 100


def test_one_curve_a_point_equals_one_curve_at_a_time():
    generator = torch.Generator().manual_seed(0)
    grid = torch.rand(6, dtype=F64, generator=generator).cumsum(0)
    heights = torch.rand(5, 6, dtype=F64, generator=generator)
    x = grid[0] + (grid[-1] - grid[0]) * torch.rand(5, dtype=F64, generator=generator)
    for function in (piecewise_linear.height, piecewise_linear.area_below):
        one_by_one = torch.cat([function(grid, heights[i : i + 1], x[i : i + 1]) for i in range(5)])
        torch.testing.assert_close(function(grid, heights, x), one_by_one, rtol=1e-14, atol=0.0)
    area = piecewise_linear.area_below(grid, heights, x)
    torch.testing.assert_close(piecewise_linear.invert_area(grid, heights, area), x, rtol=1e-13, atol=0.0)


def test_single_precision_comes_through():
    table = TabulatedDensity1D(torch.linspace(0, 1, 50), torch.rand(50, generator=torch.Generator().manual_seed(0)))
    u = torch.rand(1000, generator=torch.Generator().manual_seed(1))
    assert table.quantile(u).dtype == torch.float32
    assert (table.cdf(table.quantile(u)) - u).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("grid", "heights", "message"),
    [
        ([0.0, 1.0, 1.0], [1.0, 1.0, 1.0], "must increase strictly"),
        ([0.0, 2.0, 1.0], [1.0, 1.0, 1.0], "must increase strictly"),
        ([0.0], [1.0], "at least 2 entries"),
        ([0.0, 1.0], [1.0, 1.0, 1.0], r"heights must have shape \(2,\) for kind 'linear'.*got \(3,\)"),
        ([0.0, 1.0], [1.0, -1.0], "must not be negative, but the smallest is -1"),
        ([0.0, 1.0], [0.0, 0.0], "all zero"),
        ([0.0, 1.0], [1.0, np.nan], "heights must be finite"),
        ([0.0, np.inf], [1.0, 1.0], "x_grid must be finite"),
    ],
)
def test_bad_tables(grid, heights, message):
    with pytest.raises(ValueError, match=message):
        TabulatedDensity1D(grid, heights)


@pytest.mark.usefixtures("as_students_run_it")
def test_bad_queries():
    with pytest.raises(ValueError, match=r"no kind of table called 'line'\. Did you mean 'linear'"):
        TabulatedDensity1D([0.0, 1.0], [1.0, 1.0], kind="line")
    table = TabulatedDensity1D([0.0, 1.0], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"u must lie in \[0, 1\]"):
        table.quantile(torch.tensor([1.5]))
    with pytest.raises(ValueError, match="entry 0 is NaN"):
        table.quantile(torch.tensor([torch.nan]))
    with pytest.raises(ValueError, match="x must be finite"):
        table.log_prob(torch.tensor([torch.nan]))
    with pytest.raises(ValueError, match=r"got \(2, 1\)"):
        table.log_prob(torch.zeros(2, 1))
