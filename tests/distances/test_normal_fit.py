"""The normal nearest to a target: covering by forward KL, seeking by reverse KL."""

import math

import pytest
import scipy.optimize
import torch

from coursekit.distances import DIRECTIONS, fit_normal_by_kl, kl_by_quadrature, kl_normal, moments
from coursekit.distances import normal_fit as module
from coursekit.distributions import NormalMixture1D, Uniform, get


def modes(apart, weight=0.5):
    """Two modes of scale 1."""
    return NormalMixture1D([weight, 1 - weight], [-apart / 2, apart / 2], [1.0, 1.0])


@pytest.mark.parametrize("name", ["bimodal", "skewed", "claw", "outlier", "gap"])
def test_moments_and_entropy_equal_the_exact_ones(name):
    target = get(name)
    mean, scale, entropy = moments(target)
    assert mean == pytest.approx(target.mean.item(), abs=1e-8)
    assert scale == pytest.approx(target.variance.sqrt().item(), abs=1e-8)
    assert entropy == pytest.approx(target.entropy().item(), abs=1e-8)


@pytest.mark.parametrize("apart", [6.0, 8.0, 12.0])
@pytest.mark.parametrize("start", [(0.0, 1.0), (-5.0, 0.3), (4.0, 8.0)])
def test_forward_covers_both_modes_from_any_start(apart, start):
    fit = fit_normal_by_kl(modes(apart), "forward", start=start)
    assert fit.converged
    assert abs(fit.mean) < 1e-4
    assert fit.scale == pytest.approx(math.sqrt(1 + apart**2 / 4), rel=1e-5)


@pytest.mark.parametrize("apart", [6.0, 8.0, 12.0])
@pytest.mark.parametrize("side", [-1, 1])
def test_reverse_seeks_the_mode_it_starts_near(apart, side):
    target = modes(apart)
    for part in (0.7, 1.0, 1.5):
        fit = fit_normal_by_kl(target, "reverse", start=(side * part * apart / 2, 1.0))
        assert fit.converged
        assert abs(fit.mean - side * apart / 2) < 0.05
        assert fit.scale == pytest.approx(1, abs=0.05)
        assert fit.divergence == pytest.approx(math.log(2), abs=0.01)  # half of the mass is not there


@pytest.mark.parametrize("apart", [6.0, 8.0, 12.0])
def test_reverse_from_the_middle_ends_across_both_modes_in_a_worse_minimum_not_on_a_saddle(apart):
    target = modes(apart)
    fit = fit_normal_by_kl(target, "reverse", start=(0.0, 1.0))
    assert fit.converged
    assert abs(fit.mean) < 1e-6
    assert fit.scale > 0.8 * apart / 2
    assert fit.divergence > fit_normal_by_kl(target, "reverse", start=(apart / 2, 1.0)).divergence + 0.1
    objective = module._Reverse(target)
    place = torch.stack([fit.means[-1], fit.scales[-1].log()])
    hessian = torch.autograd.functional.hessian(objective, place)
    assert torch.linalg.eigvalsh(hessian)[0] > 0  # a minimum
    assert hessian[0, 0].item() == pytest.approx(1 / fit.scale**2, rel=1e-4)  # the docstring's identity


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("target", [get("bimodal"), get("skewed"), modes(7.0, 0.3)], ids=["bimodal", "skewed", "modes"])
def test_every_step_reports_the_divergence_and_none_goes_up(target, direction):
    fit = fit_normal_by_kl(target, direction, start=(0.8, 0.6), steps=150)
    assert len(fit.means) == len(fit.scales) == len(fit.divergences) > 5
    assert (fit.divergences.diff() <= 0).all()
    assert (fit.means[0].item(), fit.scales[0].item()) == pytest.approx((0.8, 0.6))
    for i in (0, 3, -1):
        m, s = fit.means[i].item(), fit.scales[i].item()
        q = NormalMixture1D([1.0], [m], [s])
        order, reach = ((target, q), 14) if direction == "forward" else ((q, target), 9 * s)
        low, high = (-reach, reach) if direction == "forward" else (m - reach, m + reach)
        exact = kl_by_quadrature(*order, low=low, high=high, nodes=4096)
        assert fit.divergences[i].item() == pytest.approx(exact.item(), abs=1e-7)


@pytest.mark.parametrize("target", [get("bimodal"), get("skewed"), get("claw")], ids=["bimodal", "skewed", "claw"])
def test_reverse_ends_where_scipy_ends(target):
    fit = fit_normal_by_kl(target, "reverse", start=(0.3, 1.0))
    objective = module._Reverse(target)
    theirs = scipy.optimize.minimize(
        lambda at: objective(torch.tensor(at, dtype=torch.float64)).item(),
        [fit.mean + 0.05, math.log(fit.scale) - 0.05],
        method="Nelder-Mead",
        options={"xatol": 1e-8, "fatol": 1e-13},
    )
    assert fit.mean == pytest.approx(theirs.x[0], abs=1e-4)
    assert fit.scale == pytest.approx(math.exp(theirs.x[1]), rel=1e-4)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_normal_target_is_found_exactly(direction):
    target = NormalMixture1D([1.0], [2.0], [0.5])
    fit = fit_normal_by_kl(target, direction, start=(-3.0, 2.0))
    assert (fit.mean, fit.scale) == pytest.approx((2.0, 0.5), abs=1e-5)
    assert fit.divergences[0].item() == pytest.approx(
        kl_normal(*((2.0, 0.5, -3.0, 2.0) if direction == "forward" else (-3.0, 2.0, 2.0, 0.5))).item()
    )
    assert fit.divergence == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_gradient_that_is_followed_equals_a_finite_difference(direction):
    target = modes(6.0, 0.3)
    objective = module._Reverse(target) if direction == "reverse" else module._Forward(*moments(target))
    place = torch.tensor([0.7, 0.2], dtype=torch.float64)
    _, gradient = module._value_and_gradient(objective, place)
    for i in range(2):
        step = torch.zeros(2, dtype=torch.float64)
        step[i] = 1e-5
        slope = (objective(place + step) - objective(place - step)) / 2e-5
        assert gradient[i].item() == pytest.approx(slope.item(), rel=1e-7)


def test_too_few_steps_are_said_not_to_have_converged():
    fit = fit_normal_by_kl(modes(6.0), "forward", start=(1.0, 1.0), steps=5)
    assert not fit.converged
    assert len(fit.means) == 6


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"direction": "foward"}, "Did you mean 'forward'"),
        ({"start": (0.0, 0.0)}, "the scale of start must be positive"),
        ({"start": (0.0, -1.0)}, "the scale of start must be positive"),
        ({"start": (math.nan, 1.0)}, "start must be finite"),
        ({"start": 1.0}, r"pair \(mean, scale\)"),
        ({"rate": 0}, "rate must lie in"),
        ({"tolerance": 0}, "tolerance be positive"),
        ({"steps": -1}, "steps must be at least 0"),
        ({"low": 0.0, "high": 1.0}, "expected 1: widen"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(as_students_run_it, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        fit_normal_by_kl(modes(6.0), **({"direction": "forward", "start": (0.0, 1.0)} | arguments))


def test_reverse_refuses_a_target_that_is_zero_somewhere_and_forward_does_not():
    target = Uniform(-1.0, 1.0)
    with pytest.raises(ValueError, match="positive everywhere"):
        fit_normal_by_kl(target, "reverse", start=(0.0, 0.1))
    assert fit_normal_by_kl(target, "forward", start=(0.0, 0.1)).scale == pytest.approx(1 / math.sqrt(3), abs=1e-5)
