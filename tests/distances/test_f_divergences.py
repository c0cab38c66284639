"""The f-divergences: closed forms of normals, conjugates by maximisation, bounds, zeros, and slips that must show."""

import math

import pytest
import torch
from scipy import optimize

from coursekit.distances import f_divergences as fd
from coursekit.distances.f_divergences import F_DIVERGENCES, by_quadrature, jensen_shannon, of_histograms
from coursekit.distances.kullback_leibler import kl_normal
from coursekit.distributions import NormalMixture1D

F64 = torch.float64
NAMES = list(F_DIVERGENCES)
RATIOS = torch.logspace(-3, 3, 61, dtype=F64)


def normal(mean, scale):
    return NormalMixture1D([1.0], [mean], [scale])


def closed_forms(m_p, s_p, m_q, s_q):
    """Of two normals; Pearson needs 2 s_q^2 > s_p^2."""
    spread = s_p**2 + s_q**2
    hellinger = 2 - 2 * math.sqrt(2 * s_p * s_q / spread) * math.exp(-((m_p - m_q) ** 2) / (4 * spread))
    wide = 2 * s_q**2 - s_p**2
    pearson = s_q**2 / (s_p * math.sqrt(wide)) * math.exp((m_p - m_q) ** 2 / wide) - 1
    return {
        "kl": kl_normal(m_p, s_p, m_q, s_q).item(),
        "reverse_kl": kl_normal(m_q, s_q, m_p, s_p).item(),
        "squared_hellinger": hellinger,
        "pearson": pearson,
    }


def check_closed_forms(divergence_of):
    for given in ((0.0, 1.0, 1.0, 1.5), (0.3, 0.8, -0.5, 1.0), (2.0, 1.0, 0.0, 1.0)):
        p, q = normal(*given[:2]), normal(*given[2:])
        for name, exact in closed_forms(*given).items():
            assert abs(divergence_of(name, p, q) - exact) < 1e-8 * max(1, exact), name


def test_closed_forms_of_normals():
    check_closed_forms(lambda name, p, q: by_quadrature(name, p, q, low=-25, high=25).item())


def test_swapped_arguments_are_noticed():
    with pytest.raises(AssertionError):
        check_closed_forms(lambda name, p, q: by_quadrature(name, q, p, low=-25, high=25).item())


def test_total_variation_of_shifted_normals():
    """It is 2 Phi(shift / 2) - 1; |p - q| has a kink, where quadrature converges slower."""
    value = by_quadrature("total_variation", normal(0, 1), normal(1, 1), low=-12, high=12, tolerance=1e-5)
    assert abs(value.item() - math.erf(0.5 / math.sqrt(2))) < 1e-6


def test_the_three_forms_of_jensen_shannon():
    p, q = normal(0, 1), normal(1, 0.5)
    js, twice, gan = (
        by_quadrature(name, p, q, low=-12, high=12).item() for name in ("jensen_shannon", "twice_jensen_shannon", "gan")
    )
    assert 0 < js < math.log(2)
    assert abs(twice - 2 * js) < 1e-12 and abs(gan - (2 * js - math.log(4))) < 1e-10
    same = by_quadrature("gan", p, p, low=-12, high=12).item()
    assert abs(same + math.log(4)) < 1e-10


@pytest.mark.parametrize("name", NAMES)
def test_the_integrand_is_q_f_of_the_ratio(name):
    d = F_DIVERGENCES[name]
    log_q = torch.linspace(-3, 1, 61, dtype=F64)
    torch.testing.assert_close(
        d.integrand(RATIOS.log() + log_q, log_q), log_q.exp() * d.f(RATIOS), atol=1e-11, rtol=1e-9
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_slope_is_the_derivative(name):
    d = F_DIVERGENCES[name]
    u = RATIOS.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(d.f(u).sum(), u)
    away_from_kink = (RATIOS - 1).abs() > 1e-6
    torch.testing.assert_close(d.slope(RATIOS)[away_from_kink], gradient[away_from_kink], atol=1e-10, rtol=1e-8)


def check_conjugate(d, conjugate):
    """f*(t) = max_u [u t - f(u)], maximised numerically over u = e^s, and at the end u -> 0."""
    v = torch.linspace(-4, 2, 25, dtype=F64)
    t_values = [*d.activation(v).tolist(), *([-3.0, -2.5] if d.domain[0] == -math.inf else [])]
    for t in t_values:

        def loss(s, t=t):
            u = torch.tensor(math.exp(s), dtype=F64)
            return -(u * t - d.f(u)).item()

        best = max(-optimize.minimize_scalar(loss, bounds=b, method="bounded", options={"xatol": 1e-10}).fun
                   for b in ((-40.0, 0.0), (-2.0, 2.0), (0.0, 12.0)))  # fmt: skip
        assert abs(conjugate(torch.tensor(t, dtype=F64)).item() - best) < 1e-6 * max(1, abs(best)), (d.name, t)


@pytest.mark.parametrize("name", NAMES)
def test_the_conjugate_is_the_maximum(name):
    d = F_DIVERGENCES[name]
    check_conjugate(d, d.conjugate)


def test_pearsons_conjugate_without_its_second_branch_is_noticed():
    with pytest.raises(AssertionError):
        check_conjugate(F_DIVERGENCES["pearson"], lambda t: t.square() / 4 + t)


@pytest.mark.parametrize("name", NAMES)
def test_outputs_stay_in_the_domain_rise_and_simplify(name):
    d = F_DIVERGENCES[name]
    v = torch.linspace(-5, 5, 101, dtype=F64)
    t = d.activation(v)
    assert ((t > d.domain[0]) & (t < d.domain[1])).all() and (t.diff() > 0).all()
    torch.testing.assert_close(d.conjugate_of_output(v), d.conjugate(t), atol=1e-9, rtol=1e-9)
    assert d.conjugate_of_output(torch.tensor([40.0])).isfinite().all()


def test_domains_are_those_of_the_conventions():
    assert F_DIVERGENCES["reverse_kl"].domain[1] == F_DIVERGENCES["gan"].domain[1] == 0
    assert F_DIVERGENCES["squared_hellinger"].domain[1] == 1
    assert F_DIVERGENCES["twice_jensen_shannon"].domain[1] == math.log(2)
    t = torch.tensor([-3.0, -2.0, 1.0], dtype=F64)
    assert F_DIVERGENCES["pearson"].conjugate(t).tolist() == [-1.0, -1.0, 1.25]


@pytest.mark.parametrize("name", NAMES)
def test_the_bound_is_reached_by_the_slope_and_by_nothing_else(name):
    d = F_DIVERGENCES[name]
    p = torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=F64)
    q = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=F64)

    def bound(t):
        return (p * t).sum() - (q * d.conjugate(t)).sum()

    exact, best = of_histograms(d, p, q), d.slope(p / q)
    assert abs(bound(best) - exact) < 1e-12
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        other = d.activation(2 * torch.randn(4, dtype=F64, generator=generator))
        assert bound(other) <= exact + 1e-12
    # The same from samples: with counts as frequencies the two means are the two sums.
    on_p, on_q = best.repeat_interleave((20 * p).round().long()), best.repeat_interleave((10 * q).round().long())
    assert abs(d.bound(on_p, on_q) - exact) < 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_disjoint_and_equal_histograms(name):
    d = F_DIVERGENCES[name]
    p, q = [0.25, 0.75, 0.0, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5, 0.0]
    apart, same = of_histograms(d, p, q).item(), of_histograms(d, p, p).item()
    assert apart == d.largest or abs(apart - d.largest) < 1e-12
    assert abs(same - (-math.log(4) if name == "gan" else 0.0)) < 1e-12


def test_jensen_shannon_is_symmetric_and_by_hand():
    p, q = [0.5, 0.5], [1.0, 0.0]
    by_hand = 0.5 * (0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25)) + 0.5 * math.log(1 / 0.75)
    assert abs(jensen_shannon(p, q).item() - by_hand) < 1e-14
    assert abs(jensen_shannon(q, p).item() - by_hand) < 1e-14


def test_tails_do_not_overflow():
    """A ratio of e^5000 in the tail, where q has nothing left: 0 times infinity is 0 here."""
    narrow, wide = normal(0, 0.1), normal(0, 2)
    assert abs(by_quadrature("kl", narrow, wide, low=-30, high=30).item() - kl_normal(0.0, 0.1, 0.0, 2.0).item()) < 1e-9
    assert by_quadrature("pearson", wide, narrow, low=-30, high=30).isinf()


def test_bad_input_ends_as_sentences():
    p, q = normal(0, 1), normal(1, 1)
    with pytest.raises(ValueError, match=r"no f-divergence called 'jensen'.*jensen_shannon"):
        by_quadrature("jensen", p, q, low=-9, high=9)
    with pytest.raises(ValueError, match=r"q has the mass 0\.5.*widen"):
        by_quadrature("kl", normal(-4, 0.3), q, low=-9, high=1)
    with pytest.raises(ValueError, match="same bins"):
        of_histograms("kl", [1.0], [0.5, 0.5])
    with pytest.raises(ValueError, match="sum to 1, but they sum to 2"):
        of_histograms("kl", [1.0, 1.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="negative mass"):
        of_histograms("kl", [1.5, -0.5], [0.5, 0.5])
    with pytest.raises(ValueError, match=r"must lie in \(-inf, 0\) for 'gan'.*activation"):
        F_DIVERGENCES["gan"].bound(torch.tensor([0.5]), torch.tensor([-1.0]))


def test_the_table_names_code_that_exists():
    import coursekit.distances as package
    from coursekit.distances.needs import NEEDS

    for need in NEEDS:
        if need.code.startswith("evaluation."):
            continue
        owner, _, attribute = need.code.partition(".")
        found = getattr(package, owner, None) or getattr(fd, owner)
        assert not attribute or hasattr(found, attribute)
