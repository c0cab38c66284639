"""KL divergences on the line, against closed forms, scipy's quadrature, autograd and finite differences."""

import itertools
import math

import numpy as np
import pytest
import scipy.integrate
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.distances import gauss_legendre, kl_by_quadrature, kl_integrand, kl_normal
from coursekit.distributions import NormalMixture1D, Uniform, get
from coursekit.protocols import NotTractable


def normal(mean, scale):
    one = torch.ones(1, dtype=torch.float64)
    return NormalMixture1D(one, one * mean, one * scale)


numbers = st.floats(-3, 3)
scales = st.floats(0.2, 3)


@given(numbers, scales, numbers, scales)
def test_quadrature_equals_the_closed_form_for_normals(m_p, s_p, m_q, s_q):
    found = kl_by_quadrature(normal(m_p, s_p), normal(m_q, s_q), low=m_p - 9 * s_p, high=m_p + 9 * s_p)
    exact = kl_normal(m_p, s_p, m_q, s_q)
    assert found.item() == pytest.approx(exact.item(), rel=1e-9, abs=1e-12)
    assert exact >= 0 or exact.abs() < 1e-15


def test_the_closed_form_equals_torch_and_broadcasts():
    m = torch.tensor([0.0, 1.0, -2.0], dtype=torch.float64)
    s = torch.tensor([[0.5], [2.0]], dtype=torch.float64)
    other = torch.distributions.Normal(torch.tensor(0.3, dtype=m.dtype), torch.tensor(1.7, dtype=m.dtype))
    theirs = torch.distributions.kl_divergence(torch.distributions.Normal(m, s), other)
    assert torch.allclose(kl_normal(m, s, 0.3, 1.7), theirs, rtol=1e-12, atol=1e-14)
    assert kl_normal(0.0, 1.0, 0.0, 1.0) == 0
    assert kl_normal(0.0, 1.0, 0.0, 2.0) != kl_normal(0.0, 2.0, 0.0, 1.0)


@pytest.mark.parametrize(("p", "q"), [("bimodal", "claw"), ("claw", "bimodal"), ("skewed", "outlier"), ("gap", "gap")])
def test_quadrature_equals_scipy_for_mixtures(p, q):
    first, second = get(p), get(q)

    def integrand(x):
        x = torch.tensor([x], dtype=torch.float64)
        return kl_integrand(first.log_prob(x), second.log_prob(x)).item()

    edges = np.linspace(-12, 12, 49)
    theirs = sum(scipy.integrate.quad(integrand, a, b, epsabs=1e-10)[0] for a, b in itertools.pairwise(edges))
    found = kl_by_quadrature(first, second, low=-12, high=12)
    assert found.item() == pytest.approx(theirs, rel=1e-8, abs=1e-9)
    assert (found.item() == 0) == (p == q)


def test_a_planted_error_would_be_seen():
    """Swapped arguments, and log2 for log, are off by far more than the tests allow."""
    p, q = normal(0.0, 1.0), normal(1.0, 2.0)
    right = kl_by_quadrature(p, q, low=-20, high=20).item()
    swapped = kl_by_quadrature(q, p, low=-20, high=20).item()
    assert abs(swapped - right) > 0.1
    assert abs(right / math.log(2) - right) > 0.1


def test_where_q_is_zero_and_p_is_not_it_is_infinite_and_the_other_way_round_it_is_not():
    narrow, wide = Uniform(0.0, 1.0), Uniform(0.0, 2.0)
    assert kl_by_quadrature(wide, narrow, low=-1, high=3).item() == math.inf
    assert kl_by_quadrature(narrow, wide, low=-1, high=3).item() == pytest.approx(math.log(2), abs=1e-12)
    assert kl_by_quadrature(normal(0.5, 0.01), narrow, low=-1, high=2).item() == math.inf


def test_far_apart_it_is_large_but_finite():
    """Either density underflows where the other has its mass; the log-densities do not."""
    found = kl_by_quadrature(normal(-40.0, 0.1), normal(40.0, 0.1), low=-42, high=42, nodes=8192)
    assert found.item() == pytest.approx(80**2 / 0.02, rel=1e-9)


def test_the_integrand_of_zero_is_zero_and_has_no_nan_in_its_gradient():
    log_p = torch.tensor([-torch.inf, -torch.inf, 0.0, -1.0], dtype=torch.float64, requires_grad=True)
    log_q = torch.tensor([-torch.inf, 0.0, -torch.inf, -2.0], dtype=torch.float64, requires_grad=True)
    values = kl_integrand(log_p, log_q)
    assert values.tolist() == pytest.approx([0, 0, math.inf, math.exp(-1)])
    gradients = torch.autograd.grad(values[[0, 1, 3]].sum(), (log_p, log_q))
    assert all(torch.isfinite(g).all() for g in gradients)


def test_the_gradient_equals_that_of_the_closed_form_and_a_finite_difference():
    place = torch.tensor([0.4, 0.7], dtype=torch.float64, requires_grad=True)
    p = get("bimodal")

    def value(at):
        return kl_by_quadrature(p, normal(at[0], at[1]), low=-8, high=8)

    (gradient,) = torch.autograd.grad(value(place), place)
    for i in range(2):
        step = torch.zeros(2, dtype=torch.float64)
        step[i] = 1e-5
        slope = (value(place.detach() + step) - value(place.detach() - step)) / 2e-5
        assert gradient[i].item() == pytest.approx(slope.item(), rel=1e-7)
    (of_normals,) = torch.autograd.grad(
        kl_by_quadrature(normal(0.0, 1.0), normal(place[0], place[1]), low=-10, high=10), place
    )
    (exact,) = torch.autograd.grad(kl_normal(0.0, 1.0, place[0], place[1]), place)
    assert torch.allclose(of_normals, exact, rtol=1e-9)


def test_nodes_and_weights_are_exact_for_polynomials():
    x, weights = gauss_legendre(-1, 3, 20)
    assert len(x) == 32  # whole panels
    assert weights.sum().item() == pytest.approx(4, rel=1e-14)
    assert (x**31 @ weights).item() == pytest.approx((3**32 - 1) / 32, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"low": 0, "high": 5}, r"mass 0\.5 in \[0, 5\], expected 1.*widen"),
        ({"low": 5, "high": -5}, "low < high"),
        ({"low": -math.inf, "high": 5}, "finite"),
        ({"low": -5000, "high": 5000, "nodes": 64}, "raise nodes"),
        ({"low": -9, "high": 9, "nodes": 0}, "nodes must be at least 1"),
        ({"low": -9, "high": 9, "tolerance": 0}, "tolerance must be a positive number"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        kl_by_quadrature(normal(0.0, 1.0), normal(1.0, 1.0), **arguments)


def test_too_few_nodes_for_a_fine_detail_of_q_are_noticed():
    spike = NormalMixture1D([0.5, 0.5], [0.0, 0.3], [2.0, 1e-3])
    with pytest.raises(ValueError, match="differ by more than"):
        kl_by_quadrature(normal(0.0, 1.0), spike, low=-9, high=9, nodes=64)


def test_a_model_without_density_and_a_broken_one_are_refused():
    class Sampler:
        def sample(self, n, *, context=None, generator=None):
            return torch.zeros(n)

    class Broken:
        def log_prob(self, x, *, context=None):
            return torch.full_like(x, torch.nan)

    with pytest.raises(NotTractable, match="Sampler has no log_prob"):
        kl_by_quadrature(normal(0.0, 1.0), Sampler(), low=-9, high=9)
    with pytest.raises(ValueError, match="log_prob of q is NaN"):
        kl_by_quadrature(normal(0.0, 1.0), Broken(), low=-9, high=9)


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf])
def test_the_closed_form_refuses_scales_that_are_none(scale):
    with pytest.raises(ValueError, match="scale_q must be"):
        kl_normal(0.0, 1.0, 0.0, scale)
