"""The uniform distribution, the bracketed root, and the distributions with a name."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.distributions import NormalMixture1D, Uniform, get, names, open_uniform
from coursekit.distributions.bracketed_root import bracketed_root

F64 = torch.float64


@given(st.floats(-10.0, 10.0), st.floats(0.01, 10.0))
def test_uniform(low, width):
    uniform = Uniform(low, low + width)
    x = uniform.sample(100, generator=torch.Generator().manual_seed(0))
    assert (x > low).all() and (x < low + width).all()
    torch.testing.assert_close(uniform.log_prob(x).exp() * width, torch.ones(100, dtype=F64), rtol=1e-9, atol=0.0)
    torch.testing.assert_close(uniform.quantile(uniform.cdf(x)), x, rtol=1e-9, atol=1e-9)
    outside = torch.tensor([low - 1, low + width + 1], dtype=F64)
    assert uniform.log_prob(outside).isneginf().all()
    assert uniform.cdf(outside).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (0.0, math.inf), (math.nan, 1.0)])
def test_uniform_bad_ends(low, high):
    with pytest.raises(ValueError, match="finite ends with low < high"):
        Uniform(low, high)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_open_uniform_never_reaches_an_end(dtype, monkeypatch):
    largest = 1 - torch.finfo(dtype).eps / 2
    monkeypatch.setattr(torch, "rand", lambda n, **kwargs: torch.tensor([0.0, 0.5, largest], dtype=dtype))
    u = open_uniform(3, dtype=dtype)
    assert u.dtype == dtype
    assert 0 < u[0] < torch.finfo(dtype).eps and u[1] == 0.5 and largest - 1e-6 < u[2] < 1
    assert torch.isfinite(torch.special.ndtri(u)).all()


def test_bracketed_root_where_newton_alone_fails():
    # Newton's steps overshoot on arctan beyond 1.39, diverge on the cube root, and are slow on the cube.
    cases = [
        (lambda x: (x.atan(), 1 / (1 + x * x)), 0.0),
        (lambda x: ((x - 1).sign() * (x - 1).abs() ** (1 / 3), (x - 1).abs() ** (-2 / 3) / 3), 1.0),
        (lambda x: ((x - 2) ** 3, 3 * (x - 2) ** 2), 2.0),
        (lambda x: (x.exp() - 1e-9, x.exp()), math.log(1e-9)),
    ]
    low, high = torch.tensor([-30.0, -25.0], dtype=F64), torch.tensor([30.0, 700.0], dtype=F64)
    for function, root in cases:
        found = bracketed_root(function, low, high)
        at_rounding = function(found)[0].abs() <= 8 * torch.finfo(F64).eps
        assert (at_rounding | ((found - root).abs() <= 1e-14 * max(1.0, abs(root)))).all()


def test_bracketed_root_gives_up_with_a_sentence():
    with pytest.raises(ValueError, match="no root after 3 steps"):
        bracketed_root(
            lambda x: (x - 0.1, 0 * x + 1e-3), torch.zeros(1, dtype=F64), torch.ones(1, dtype=F64), max_steps=3
        )


def test_names_and_what_they_promise():
    assert len(names(1)) >= 5 and len(names(2)) >= 3 and names() == names(1) + names(2)
    assert all(isinstance(get(name), NormalMixture1D) for name in names(1))
    assert all(hasattr(get(name), "sample") and hasattr(get(name), "log_prob") for name in names(2))
    gap = get("gap")
    inside = gap.cdf(torch.tensor([-0.5, 0.5], dtype=F64))
    assert abs(inside[0] - 0.3) < 1e-11 and abs(inside[1] - inside[0]) < 1e-11
    cross = get("cross")
    assert (cross.weights[:, None, None] * cross.covariances).sum(0)[0, 1].abs() < 1e-12
    assert torch.allclose(get("ring-8").means.norm(dim=1), torch.ones(8, dtype=F64))
    grid = get("grid-25")
    assert len(grid.weights) == 25 and torch.allclose(grid.factors, torch.tensor(0.05, dtype=F64))
    skewed = get("skewed")
    third = (
        skewed.weights * ((skewed.means - skewed.mean) ** 3 + 3 * (skewed.means - skewed.mean) * skewed.scales**2)
    ).sum()
    assert third > 0


def test_unknown_name():
    with pytest.raises(ValueError, match=r"no distribution called 'bimodel'\. Did you mean 'bimodal'"):
        get("bimodel")
    with pytest.raises(ValueError, match="Did you mean 'ring-8'"):
        get("ring8")
