"""Games that are known exactly: the best critic against quadrature, the bilinear game, the order of play."""

import math

import pytest
import torch

from coursekit.distances import kl_by_quadrature
from coursekit.distributions import NormalMixture1D, get
from coursekit.gans import (
    critic_error,
    critic_value,
    game_value,
    js_from_logits,
    optimal_logit,
    optimal_prob,
    order_of_play,
    play_bilinear,
)  # fmt: skip
from coursekit.gans.bilinear import invariant
from coursekit.seeds import generator

DOUBLE = {"dtype": torch.float64}
P, G = get("bimodal"), NormalMixture1D([1.0], [0.5], [0.7])
ENDS = {"low": -9.0, "high": 9.0}


class Half:
    """The mixture (p + p_g) / 2, to have JS from the definition."""

    def log_prob(self, x, *, context=None):
        return torch.logaddexp(P.log_prob(x), G.log_prob(x)) - math.log(2)


def test_the_value_of_the_game_is_twice_js_less_log_four():
    js = (kl_by_quadrature(P, Half(), **ENDS) + kl_by_quadrature(G, Half(), **ENDS)) / 2
    assert torch.allclose(game_value(P, G, **ENDS), 2 * js - math.log(4), rtol=1e-10)
    assert math.isclose(game_value(P, P, **ENDS).item(), -math.log(4), rel_tol=1e-10)


def test_the_best_critic_is_the_density_ratio_and_no_other_does_better():
    x = torch.linspace(-4, 4, 101, **DOUBLE)
    p, g = P.log_prob(x).exp(), G.log_prob(x).exp()
    assert torch.allclose(optimal_prob(P, G, x), p / (p + g), rtol=1e-10)
    best = game_value(P, G, **ENDS)
    for off in (lambda x: 0.1 * x.sin(), lambda x: 0.1 * torch.ones_like(x), lambda x: -0.2 * x):
        assert critic_value(lambda x, off=off: optimal_logit(P, G, x) + off(x), P, G, **ENDS) < best - 1e-4


def test_error_of_a_critic_counts_only_where_there_are_points():
    x = torch.linspace(-30, 30, 2001, **DOUBLE)
    assert critic_error(lambda x: optimal_logit(P, G, x), P, G, x) == 0
    far = lambda x: torch.where(x.abs() > 8, 0.0, optimal_logit(P, G, x))  # noqa: E731
    assert critic_error(far, P, G, x) == 0
    assert critic_error(lambda x: torch.zeros_like(x), P, G, x) > 0.3


def test_js_from_logits_on_fresh_samples():
    x, y = P.sample(100_000, generator=generator(0)), G.sample(100_000, generator=generator(1))
    real, fake = optimal_logit(P, G, x), optimal_logit(P, G, y)
    js = (game_value(P, G, **ENDS) + math.log(4)) / 2
    variance = torch.nn.functional.logsigmoid(real).var() + torch.nn.functional.logsigmoid(-fake).var()
    error = variance.sqrt() / 2 / 1e5**0.5
    assert abs(js_from_logits(real, fake) - js) < 4 * error and error < 0.02 * js
    sure = torch.full((2, 10), 40.0, **DOUBLE)
    assert torch.allclose(js_from_logits(sure, -sure), torch.full((2,), math.log(2), **DOUBLE))


def test_where_neither_has_mass_the_critic_says_nothing_and_shapes_are_checked():
    far = torch.tensor([1e200], **DOUBLE)
    assert optimal_logit(P, G, far) == 0
    with pytest.raises(ValueError, match="logits of that shape"):
        critic_value(lambda x: x[:, None], P, G, **ENDS)


# The bilinear game ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5])
def test_simultaneous_moves_spiral_out_by_the_same_factor_each_step(rate):
    start = torch.tensor([[1.0, 0.5], [-0.2, 3.0]], **DOUBLE)
    radius = play_bilinear(start, rate, 200).norm(dim=-1)
    assert torch.allclose(radius[1:] / radius[:-1], torch.full((200, 2), math.sqrt(1 + rate**2), **DOUBLE), rtol=1e-12)


@pytest.mark.parametrize("rate", [0.01, 0.5, 1.9])
def test_alternating_moves_stay_on_an_ellipse(rate):
    path = play_bilinear(torch.tensor([1.0, 0.5], **DOUBLE), rate, 5000, "alternating")
    kept = invariant(path, rate)
    assert torch.allclose(kept, kept[0].expand_as(kept), rtol=1e-9)
    # The form's eigenvalues are 1 -+ rate/2, so the radius stays between two bounds: it neither grows nor shrinks to 0.
    radius2 = path.square().sum(-1)
    assert radius2.max() <= kept[0] / (1 - rate / 2) * (1 + 1e-9)
    assert radius2.min() >= kept[0] / (1 + rate / 2) * (1 - 1e-9)


def test_a_step_is_each_players_own_gradient():
    """x descends f = x y, y ascends it; alternating, y sees the x that has moved."""
    x, y = (torch.tensor(v, requires_grad=True, **DOUBLE) for v in (0.7, -1.2))
    gx, gy = torch.autograd.grad(x * y, [x, y])
    moved = torch.stack([x - 0.1 * gx, y + 0.1 * gy]).detach()
    path = play_bilinear(torch.tensor([0.7, -1.2], **DOUBLE), 0.1, 1)
    assert torch.allclose(path[1], moved)
    (gy,) = torch.autograd.grad(moved[0] * y, y)
    path = play_bilinear(torch.tensor([0.7, -1.2], **DOUBLE), 0.1, 1, "alternating")
    assert torch.allclose(path[1], torch.stack([moved[0], (y + 0.1 * gy).detach()]))


@pytest.mark.usefixtures("as_students_run_it")
def test_bilinear_bad_input():
    start = torch.tensor([1.0, 0.0])
    for arguments, words in (((start, 0.0, 5), "rate must be a positive"), ((start[:1], 0.1, 5), "start must be"),
                             ((start, 0.1, 5, "alternate"), "Did you mean 'alternating'")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            play_bilinear(*arguments)


# Who commits first ------------------------------------------------------------------------------------------------

WEIGHTS = torch.tensor([0.1, 0.2, 0.3, 0.4], **DOUBLE)


def test_the_best_answers_are_best():
    g = torch.tensor([0.4, 0.1, 0.0, 0.5], **DOUBLE)
    d = order_of_play.best_critic(WEIGHTS, g)
    top = order_of_play.max_over_critics(WEIGHTS, g)
    # 0 * log sigmoid(-inf) is a NaN that means 0, so the certain point is taken at 60 instead of infinity.
    assert torch.allclose(order_of_play.value(WEIGHTS, g, d.clamp(-60, 60)), top, rtol=1e-9)
    for seed in range(5):
        other = torch.randn(4, generator=generator(seed), **DOUBLE)
        assert order_of_play.value(WEIGHTS, g, other) <= top
        lowest = order_of_play.value(WEIGHTS, order_of_play.best_generator(other), other)
        mixed = torch.rand(4, generator=generator(seed), **DOUBLE)
        assert order_of_play.value(WEIGHTS, mixed / mixed.sum(), other) >= lowest


def test_with_the_critic_inside_the_generator_finds_the_weights():
    path = order_of_play.critic_inside(WEIGHTS)
    assert torch.allclose(path.sum(1), torch.ones(len(path), **DOUBLE)) and path[0, 0] > 0.9
    assert torch.allclose(path[-1], WEIGHTS, atol=0.01)


def test_with_the_generator_inside_all_mass_is_on_one_point():
    path = order_of_play.generator_inside(WEIGHTS, steps=300)
    ones = torch.ones(301, **DOUBLE)
    assert torch.equal(path.max(1).values, ones) and torch.equal(path.sum(1), ones)
    assert len(path.argmax(1).unique()) > 1, "it jumps from point to point"
    # On average over time it has the weights of the data: each critic is answered by one point, all of them by all.
    assert torch.allclose(path[50:].mean(0), WEIGHTS, atol=0.1)


def test_min_max_is_not_max_min_for_a_generator_of_one_point():
    min_max, max_min = order_of_play.single_point_values(WEIGHTS)
    by_hand = min(order_of_play.max_over_critics(WEIGHTS, e).item() for e in torch.eye(4, **DOUBLE))
    assert math.isclose(min_max, by_hand) and max_min == -math.log(4) and min_max > max_min + 0.1
    # max min by search: no critic gives the single point more than -log 4.
    for seed in range(50):
        d = torch.randn(4, generator=generator(seed), **DOUBLE)
        assert min(order_of_play.value(WEIGHTS, e, d) for e in torch.eye(4, **DOUBLE)) <= max_min + 1e-12
    level = order_of_play.value(WEIGHTS, torch.eye(4, **DOUBLE)[0], torch.zeros(4, **DOUBLE))
    assert math.isclose(level.item(), max_min)
    with pytest.raises(ValueError, match="some probability"):
        order_of_play.single_point_values(torch.tensor([1.0, 0.0], **DOUBLE))
