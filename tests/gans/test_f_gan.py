"""f-GAN: losses whose best critic and value are the divergence's, domains as settled, bounds from samples."""

import math

import pytest
import torch

from coursekit.distances import gauss_legendre
from coursekit.distances.f_divergences import F_DIVERGENCES, by_quadrature
from coursekit.distributions import NormalMixture1D
from coursekit.gans import OBJECTIVES, f_gan, game_value, lower_bound
from coursekit.gans.f_gan import GAMES
from coursekit.seeds import generator

GAP = 0.8
P, Q = NormalMixture1D([1.0], [GAP], [1.0]), NormalMixture1D([1.0], [0.0], [1.0])
ENDS = {"low": -9.0, "high": 10.0}
#: The output v at which T is the best one, as a function of log u = log p - log q.
BEST = {"kl": lambda r: 1 + r, "pearson": lambda r: 2 * r.expm1(), "squared_hellinger": lambda r: r / 2}
V = torch.linspace(-6, 6, 241, dtype=torch.float64)


def best(name, r):
    return BEST.get(name, lambda r: r)(r)


def value(name, output):
    """Minus the critic's mean loss, by quadrature, for a critic x -> output(log u(x))."""
    x, w = gauss_legendre(-9.0, 10.0, 2048)
    v = output(P.log_prob(x) - Q.log_prob(x))
    d_loss, zero = f_gan(name).d_loss, torch.zeros_like(v)
    base = d_loss(zero, zero)
    # d_loss(real, fake) is a sum of two parts; each is weighted with its own density.
    real, fake = d_loss(v, zero) - base, d_loss(zero, v)
    return -((P.log_prob(x).exp() * real + Q.log_prob(x).exp() * fake) @ w)


@pytest.mark.parametrize("name", GAMES)
def test_the_value_of_the_game_at_the_best_critic_is_the_divergence(name):
    truth = by_quadrature(name, P, Q, **ENDS)
    assert torch.allclose(value(name, lambda r: best(name, r)), truth, rtol=1e-8, atol=1e-10)
    for other in (lambda r: best(name, 0.5 * r), lambda r: best(name, r + 0.3 * r.sin()), lambda r: -best(name, r)):
        assert value(name, other) < truth - 1e-4


@pytest.mark.parametrize(("name", "truth"), [
    ("kl", GAP**2 / 2), ("reverse_kl", GAP**2 / 2), ("pearson", math.exp(GAP**2) - 1),
    ("squared_hellinger", 2 - 2 * math.exp(-(GAP**2) / 8)),
])  # fmt: skip
def test_closed_forms_for_two_normals(name, truth):
    assert math.isclose(value(name, lambda r: best(name, r)).item(), truth, rel_tol=1e-8)


def test_twice_js_and_the_value_of_the_original_game():
    js, gan = (value(name, lambda r: r).item() for name in ("twice_jensen_shannon", "gan"))
    assert 0 < js < 2 * math.log(2) and math.isclose(gan, js - math.log(4), rel_tol=1e-9)
    assert math.isclose(game_value(P, Q, **ENDS).item(), gan, rel_tol=1e-9)


@pytest.mark.parametrize(("name", "bound"), [
    ("kl", math.inf), ("reverse_kl", 0.0), ("pearson", math.inf), ("squared_hellinger", 1.0),
    ("twice_jensen_shannon", math.log(2)), ("gan", 0.0),
])  # fmt: skip
def test_outputs_reach_the_settled_domain_and_no_further(name, bound):
    """-g_f is the generator's other loss: it falls from all values of the domain down to its upper end."""
    t = -OBJECTIVES[f"f-{name.replace('_', '-')}-non-saturating"].g_loss(V, V)
    assert (t.diff() > 0).all() and (t < bound).all() and (bound == math.inf or t[-1] > bound - 0.01)
    # f* there, by its definition: the largest gap between the line u t and f, over a grid of ratios.
    u = torch.logspace(-12, 8, 200_001, base=math.e, dtype=torch.float64)
    f_of_u = F_DIVERGENCES[name].f(u)
    for v, one in zip(V[40:-40:40], t[40:-40:40], strict=True):
        largest = torch.maximum((u * one - f_of_u).max(), -f_of_u[0])
        assert torch.allclose(-f_gan(name).g_loss(v[None], v[None])[0], largest, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", GAMES)
def test_the_estimate_from_samples_agrees_with_quadrature(name):
    f, n = F_DIVERGENCES[name], 200_000
    x, y = P.sample(n, generator=generator(0)), Q.sample(n, generator=generator(1))
    real, fake = (best(name, P.log_prob(a) - Q.log_prob(a)) for a in (x, y))
    error = (f.activation(real).var() / n + f.conjugate_of_output(fake).var() / n).sqrt()
    truth = by_quadrature(name, P, Q, **ENDS)
    assert abs(lower_bound(name, real, fake) - truth) < 4 * error and error < 0.02 * truth.abs()
    whole = lower_bound(f, real.view(2, -1), fake.view(2, -1))
    assert whole.shape == (2,) and torch.allclose(whole.mean(), lower_bound(f, real, fake))


def test_an_unknown_divergence_ends_as_a_sentence():
    with pytest.raises(ValueError, match="Did you mean 'pearson'"):
        f_gan("peerson")
