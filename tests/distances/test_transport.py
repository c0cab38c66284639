"""Optimal transport: against POT, scipy and the closed form; plan and dual checked by their definitions."""

import numpy as np
import ot
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from coursekit.distances import transport
from coursekit.distances.transport import kantorovich_rubinstein, optimal_transport
from coursekit.distances.transport_1d import w1_histograms, wasserstein_1d

F64 = torch.float64
MASS = st.one_of(st.just(0.0), st.floats(1e-3, 1.0))


def histogram(values):
    masses = torch.tensor(values, dtype=F64)
    return masses / masses.sum()


@st.composite
def two_histograms(draw):
    n = draw(st.integers(2, 12))
    masses = st.lists(MASS, min_size=n, max_size=n).filter(lambda values: max(values) > 0)
    steps = draw(st.lists(st.floats(0.05, 3.0), min_size=n, max_size=n))
    return histogram(draw(masses)), histogram(draw(masses)), torch.tensor(steps, dtype=F64).cumsum(0)


def check_plan(p, q, cost, answer):
    """By the definitions: marginals in this order, no negative mass, prices below costs, no gap."""
    assert (answer.plan >= 0).all()
    torch.testing.assert_close(answer.plan.sum(1), p, atol=1e-9, rtol=0)
    torch.testing.assert_close(answer.plan.sum(0), q, atol=1e-9, rtol=0)
    assert abs((answer.plan * cost).sum().item() - answer.cost) < 1e-12
    assert (answer.f[:, None] + answer.g - cost).max() < 1e-8
    assert abs(answer.gap) < 1e-8


@settings(max_examples=40, deadline=None)
@given(two_histograms())
def test_on_the_line_all_ways_agree(problem):
    p, q, x = problem
    cost = (x[:, None] - x).abs()
    answer = optimal_transport(p, q, cost)
    check_plan(p, q, cost, answer)
    exact = w1_histograms(p, q, x)
    assert abs(answer.cost - exact) < 1e-8
    value, f = kantorovich_rubinstein(p, q, x)
    assert abs(value - exact) < 1e-8
    assert (f.diff().abs() <= x.diff() + 1e-9).all() and f[0] == 0
    assert abs(((p - q) @ f).item() - value) < 1e-9
    assert abs(stats.wasserstein_distance(x, x, p, q) - exact) < 1e-9


@pytest.mark.parametrize(("n", "m"), [(40, 30), (1, 7), (7, 1), (180, 150)])
def test_any_cost_against_pot(n, m):
    """The last has more cells than are taken at once, so they are added as needed."""
    generator = torch.Generator().manual_seed(n)
    p, q = (histogram(torch.rand(k, generator=generator).tolist()) for k in (n, m))
    cost = torch.rand(n, m, dtype=F64, generator=generator).square()
    answer = optimal_transport(p, q, cost)
    check_plan(p, q, cost, answer)
    assert abs(answer.cost - ot.emd2(p.numpy(), q.numpy(), cost.numpy())) < 1e-8


def test_clouds_in_the_plane_with_many_cells_against_pot():
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(200, 2, dtype=F64, generator=generator), torch.randn(200, 2, dtype=F64, generator=generator) + 2
    assert transport.ALL_AT_ONCE < 200 * 200
    p = torch.full((200,), 1 / 200, dtype=F64)
    cost = torch.cdist(x, y)
    answer = optimal_transport(p, p, cost)
    check_plan(p, p, cost, answer)
    assert abs(answer.cost - ot.emd2(p.numpy(), p.numpy(), cost.numpy())) < 1e-8


@pytest.mark.parametrize("unit", [1.0, 1e-9, 1e9])
@pytest.mark.parametrize("n", [40, 100])
def test_tails_down_to_nothing_and_units_do_not_matter(n, unit):
    """Masses from 1 to 1e-80 stand side by side in the tails of a bump."""
    x = torch.arange(n, dtype=F64)
    p, q = (torch.exp(-0.5 * ((x - centre * n) / (0.05 * n)).square()) for centre in (0.3, 0.6))
    p, q = unit * p / p.sum(), unit * q / q.sum()
    places = x / unit
    answer = optimal_transport(p, q, (places[:, None] - places).abs())
    exact = w1_histograms(p, q, places)
    assert abs(answer.cost - exact) < 1e-10 * exact and abs(answer.gap) < 1e-10 * exact


def test_p_and_q_swapped_are_noticed():
    p, q = histogram([1, 2, 3]), histogram([3, 1, 1])
    cost = torch.tensor([[0.0, 1, 4], [2, 0, 1], [5, 2, 0]], dtype=F64)
    check_plan(p, q, cost, optimal_transport(p, q, cost))
    with pytest.raises(AssertionError):
        check_plan(p, q, cost, optimal_transport(q, p, cost))


def test_mass_moves_as_it_should_by_hand():
    answer = optimal_transport([0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [[0.0, 1, 4], [1, 0, 1], [4, 1, 0]])
    assert answer.cost == pytest.approx(1.0)  # two steps of one half each, cost 1, not one jump of 4
    torch.testing.assert_close(answer.plan, torch.tensor([[0, 0.5, 0], [0, 0, 0.5], [0, 0, 0]], dtype=F64))


def test_masses_need_not_sum_to_one():
    once = optimal_transport([0.5, 0.5], [0.25, 0.75], [[0.0, 1], [1, 0]])
    twice = optimal_transport([1, 1], [0.5, 1.5], [[0.0, 1], [1, 0]])
    assert twice.cost == pytest.approx(2 * once.cost) == pytest.approx(0.5)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 30), st.booleans(), st.integers(0, 10**6))
def test_samples_on_the_line_against_scipy(n, m, weighted, seed):
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.randn(n, dtype=F64, generator=generator), 2 * torch.randn(m, dtype=F64, generator=generator).round()
    a = b = None
    if weighted:
        a, b = (histogram((torch.rand(k, generator=generator) + 1e-3).tolist()) for k in (n, m))
    ours = wasserstein_1d(x, y, x_weights=a, y_weights=b).item()
    peer = stats.wasserstein_distance(x, y, None if a is None else a.numpy(), None if b is None else b.numpy())
    assert abs(ours - peer) < 1e-10
    squared = wasserstein_1d(x, y, x_weights=a, y_weights=b, order=2).item() ** 2
    weights = [np.full(k, 1 / k) if w is None else w.numpy() for k, w in ((n, a), (m, b))]
    assert abs(squared - ot.emd2_1d(x.numpy(), y.numpy(), *weights, metric="sqeuclidean")) < 1e-9


def test_the_gradient_on_the_line():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(7, dtype=F64, generator=generator, requires_grad=True)
    y = torch.randn(5, dtype=F64, generator=generator, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, b: wasserstein_1d(a, b, order=2), (x, y))
    assert torch.autograd.gradcheck(lambda a, b: wasserstein_1d(a, b), (x, y))


def test_a_shift_costs_its_length():
    x = torch.linspace(0, 1, 11, dtype=F64)
    for shift in (0.0, 0.3, 5.0):
        assert wasserstein_1d(x, x + shift).item() == pytest.approx(shift, abs=1e-12)
        assert wasserstein_1d(x, x + shift, order=3).item() == pytest.approx(shift, abs=1e-12)


@pytest.mark.parametrize(
    ("p", "q", "cost", "message"),
    [
        ([0.5, 0.5], [0.5, 0.6], np.zeros((2, 2)), r"p has the mass 1 and q has 1\.1.*divide each by its sum"),
        ([1.5, -0.5], [0.5, 0.5], np.zeros((2, 2)), r"p must not hold negative mass, but entry 1 is -0\.5"),
        ([0.5, 0.5], [0.5, 0.5], np.zeros((2, 3)), r"cost must have shape \(n, m\) = \(2, 2\).*got \(2, 3\)"),
        ([0.5, np.nan], [0.5, 0.5], np.zeros((2, 2)), "p must be finite"),
        ([0.5, 0.5], [0.5, 0.5], np.full((2, 2), np.inf), "cost must be finite"),
        ([0.0, 0.0], [0.0, 0.0], np.zeros((2, 2)), "equal and positive"),
        ([], [], np.zeros((0, 0)), "at least one"),
        ([[0.5, 0.5]], [0.5, 0.5], np.zeros((1, 2)), r"shape \(n,\)"),
    ],
)
def test_bad_problems_end_as_sentences(p, q, cost, message):
    with pytest.raises(ValueError, match=message):
        optimal_transport(p, q, cost)


def test_bad_lines_end_as_sentences():
    with pytest.raises(ValueError, match="must increase strictly"):
        w1_histograms([0.5, 0.5], [1.0, 0.0], [1.0, 0.0])
    with pytest.raises(ValueError, match="each of the 3 positions"):
        kantorovich_rubinstein([0.5, 0.5], [1.0, 0.0], [0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="order must be a number of at least 1"):
        wasserstein_1d(torch.zeros(2), torch.zeros(2), order=0.5)
    with pytest.raises(ValueError, match="x_weights must sum to 1"):
        wasserstein_1d(torch.zeros(2), torch.zeros(2), x_weights=[1.0, 1.0])
    with pytest.raises(ValueError, match=r"x_weights must have shape \(2,\)"):
        wasserstein_1d(torch.zeros(2), torch.zeros(2), x_weights=[1.0])
    with pytest.raises(ValueError, match="at least 1 point"):
        wasserstein_1d(torch.zeros(0), torch.zeros(2))
