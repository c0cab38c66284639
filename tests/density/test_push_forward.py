"""Push-forwards against closed forms, autograd, quadrature and their own samples."""

import math

import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit.density import Branch, PushForward1D
from coursekit.density.push_forward import identity, inverse_normal_cdf, square
from coursekit.distributions import NormalMixture, NormalMixture1D, Uniform, get
from coursekit.protocols import NotTractable

F64 = torch.float64
NORMAL = NormalMixture1D([1.0], [0.0], [1.0])


def ks(push, x):
    return scipy.stats.kstest(x.numpy(), lambda v: push.cdf(torch.from_numpy(v)).numpy()).pvalue


def test_identity_moves_nothing():
    base = get("claw")
    x = base.sample(100, generator=torch.Generator().manual_seed(0))
    assert torch.equal(identity(base).sample(100, generator=torch.Generator().manual_seed(0)), x)
    assert torch.equal(identity(base).log_prob(x), base.log_prob(x))
    torch.testing.assert_close(identity(base).cdf(x), base.cdf(x))


@pytest.mark.parametrize("base", [Uniform(0, 1), Uniform(-1, 1)])
def test_the_square_of_a_uniform(base):
    # On (-1, 1) two branches each carry half of the mass, so both bases give the same density.
    push, x = square(base), torch.tensor([1e-12, 0.01, 0.25, 0.99], dtype=F64)
    torch.testing.assert_close(push.log_prob(x).exp(), 1 / (2 * x.sqrt()), rtol=1e-12, atol=0.0)
    torch.testing.assert_close(push.cdf(x), x.sqrt(), rtol=1e-12, atol=1e-15)
    assert push.log_prob(torch.tensor([-0.5, 1.5], dtype=F64)).isneginf().all()
    assert push.log_prob(torch.zeros(1, dtype=F64)).item() == math.inf
    assert push.cdf(torch.tensor([-1.0, 2.0], dtype=F64)).tolist() == [0.0, 1.0]


def test_the_square_of_a_skewed_base_weighs_its_branches_unequally():
    push, x = square(Uniform(-1, 3)), torch.tensor([0.25, 4.0], dtype=F64)
    expected = torch.tensor([2 / 4, 1 / 4], dtype=F64) / (2 * x.sqrt())
    torch.testing.assert_close(push.log_prob(x).exp(), expected, rtol=1e-12, atol=0.0)


def test_the_square_of_a_normal_is_chi_square():
    x = torch.logspace(-6, 2, 50, dtype=F64)
    chi = torch.distributions.Chi2(torch.tensor(1.0, dtype=F64))
    torch.testing.assert_close(square(NORMAL).log_prob(x), chi.log_prob(x), rtol=1e-12, atol=1e-12)
    expected = torch.from_numpy(scipy.stats.chi2(1).cdf(x.numpy()))
    torch.testing.assert_close(square(NORMAL).cdf(x), expected, rtol=1e-10, atol=1e-14)


def test_the_inverse_normal_cdf_makes_a_normal():
    x = torch.linspace(-50, 50, 101, dtype=F64)
    torch.testing.assert_close(inverse_normal_cdf().log_prob(x), NORMAL.log_prob(x), rtol=1e-12, atol=1e-12)


@given(st.floats(-3.0, 3.0), st.floats(0.1, 3.0))
def test_autograd_finds_the_slope_of_a_branch(shift, power):
    # g(z) = exp(power z + shift) of a normal is log-normal.
    push = PushForward1D(
        NORMAL, lambda z: (power * z + shift).exp(), [Branch(lambda x: (x.log() - shift) / power, low=1e-300)]
    )
    x = torch.tensor([1e-3, 0.5, 1.0, 20.0], dtype=F64)
    log_normal = torch.distributions.LogNormal(torch.tensor(shift, dtype=F64), torch.tensor(power, dtype=F64))
    torch.testing.assert_close(push.log_prob(x), log_normal.log_prob(x), rtol=1e-10, atol=1e-10)
    assert not push.log_prob(x).requires_grad


@pytest.mark.parametrize("explicit", [True, False])
def test_log_prob_is_differentiable(explicit):
    slope = (lambda x: -math.log(2.0) - 0.5 * x.log()) if explicit else None
    branches = [Branch(torch.sqrt, 0.0, math.inf, slope), Branch(lambda x: -x.sqrt(), 0.0, math.inf, slope)]
    x = torch.tensor([0.1, 2.0, 5.0], dtype=F64, requires_grad=True)
    (score,) = torch.autograd.grad(PushForward1D(NORMAL, torch.square, branches).log_prob(x).sum(), x)
    torch.testing.assert_close(score, -0.5 / x.detach() - 0.5, rtol=1e-12, atol=0.0)


PUSHES = {
    "identity": identity(get("skewed")),
    "square": square(),
    "square, two branches": square(Uniform(-1, 2)),
    "inverse normal cdf": inverse_normal_cdf(),
}


@pytest.mark.parametrize("push", PUSHES.values(), ids=PUSHES.keys())
def test_samples_follow_the_density(push):
    p_values = [ks(push, push.sample(400, generator=torch.Generator().manual_seed(seed))) for seed in range(40)]
    assert scipy.stats.kstest(p_values, "uniform").pvalue > 1e-3
    # A wrong map, g(z)^1.2 in size, is rejected.
    x = push.sample(20_000, generator=torch.Generator().manual_seed(0))
    assert ks(push, x.sign() * x.abs() ** 1.2) < 1e-6


@pytest.mark.parametrize("push", PUSHES.values(), ids=PUSHES.keys())
def test_the_cdfs_slope_is_the_density(push):
    x = torch.tensor([0.03, 0.2, 0.7, 0.9], dtype=F64, requires_grad=True)
    (slope,) = torch.autograd.grad(push.cdf(x).sum(), x)
    torch.testing.assert_close(slope, push.log_prob(x.detach()).exp(), rtol=1e-9, atol=0.0)


def test_a_missing_branch_loses_its_mass():
    half = PushForward1D(Uniform(-1, 1), torch.square, [Branch(torch.sqrt, 0.0)])
    assert abs(half.cdf(torch.ones(1, dtype=F64)).item() - 0.5) < 1e-12


def test_bad_input():
    with pytest.raises(ValueError, match="at least one branch"):
        PushForward1D(Uniform(), torch.square, [])
    with pytest.raises(ValueError, match="low < high"):
        Branch(torch.sqrt, 1.0, 0.0)
    wrong = PushForward1D(Uniform(), torch.square, [Branch(torch.sqrt)])
    with pytest.raises(ValueError, match=r"inverse of branch 0 gives NaN inside its interval \[-inf, inf\]"):
        wrong.log_prob(torch.tensor([-1.0], dtype=F64))
    with pytest.raises(ValueError, match="is it defined on all of the base's support"):
        PushForward1D(Uniform(-1, 1), torch.sqrt, [Branch(torch.square, 0.0)]).sample(
            100, generator=torch.Generator().manual_seed(0)
        )
    with pytest.raises(ValueError, match="must take z with shape"):
        PushForward1D(Uniform(), torch.sum, [Branch(torch.sqrt)]).sample(3)
    with pytest.raises(ValueError, match="unconditional"):
        square().sample(3, context=torch.zeros(1))
    plane = PushForward1D(NormalMixture([1.0], [[0.0]], scales=[1.0]), torch.square, [Branch(torch.sqrt, 0.0)])
    with pytest.raises(NotTractable, match="its base NormalMixture has none"):
        plane.cdf(torch.ones(1, dtype=F64))


@pytest.mark.usefixtures("as_students_run_it")
def test_bad_queries():
    with pytest.raises(ValueError, match=r"must have shape \(n,\), got \(2, 1\)"):
        square().log_prob(torch.ones(2, 1))
    with pytest.raises(ValueError, match="x must be finite"):
        square().log_prob(torch.tensor([torch.nan]))
    with pytest.raises(ValueError, match="entry 0 is NaN"):
        square().cdf(torch.tensor([torch.nan]))
