"""Objectives: signs, what each critic's best output is, identities between games, members equal to solo games."""

import pytest
import torch
from torch import nn

from coursekit.distributions import get
from coursekit.gans import OBJECTIVES, Critic, Generator, least_squares
from coursekit.nets import MLP, ensemble
from coursekit.seeds import generator, seeded
from coursekit.training import fit_adversarial

SCORED = {name: o for name, o in OBJECTIVES.items() if not o.of_features}
DOUBLE = {"dtype": torch.float64}


def scores(seed=0, spread=2.0):
    return torch.randn(2, 4, 50, generator=generator(seed), **DOUBLE) * spread


@pytest.mark.parametrize("name", SCORED)
def test_losses_are_one_number_a_point_in_the_dtype_given(name):
    real, fake = scores()
    for loss in (SCORED[name].d_loss(real, fake), SCORED[name].g_loss(fake, real)):
        assert loss.shape == (4, 50) and loss.dtype == torch.float64


@pytest.mark.parametrize("name", SCORED)
def test_the_critic_wants_data_high_and_fakes_low_and_the_generator_wants_fakes_high(name):
    """A flipped sign in any loss, the saturating one among them, turns one of these slopes round."""
    one = SCORED[name]
    real, fake = (torch.linspace(-0.9, 0.9, 19, **DOUBLE).requires_grad_() for _ in range(2))
    low = -1 if name == "lsgan-pearson" else 0  # labels of fakes: squares are indifferent at their labels
    of_real, of_fake = torch.autograd.grad(one.d_loss(real, fake).sum(), [real, fake])
    of_generator = torch.autograd.grad(one.g_loss(fake, real.detach()).sum(), fake)[0]
    below = fake < 0 if name == "lsgan-pearson" else fake < 2  # c = 0 there
    above = fake > low if name.startswith("lsgan") else fake > -2
    assert (of_real < 0).all() and (of_fake[above] > 0).all() and (of_generator[below] < 0).all()


@pytest.mark.parametrize("name", ["saturating", "wgan", *(n for n in SCORED if n[:2] == "f-" and n[-3:] != "ing")])
def test_in_a_zero_sum_game_what_one_player_gains_by_fakes_the_other_loses(name):
    real, fake = scores()
    total = SCORED[name].d_loss(real, fake) + SCORED[name].g_loss(fake, real)
    assert torch.allclose(total, SCORED[name].d_loss(real, 0 * fake) + SCORED[name].g_loss(0 * fake, real))


def test_the_f_gan_with_the_gans_own_f_is_the_original_game():
    real, fake = scores()
    for ours, other in (("f-gan", "saturating"), ("f-gan-non-saturating", "non_saturating")):
        a, b = OBJECTIVES[ours], OBJECTIVES[other]
        assert torch.allclose(a.d_loss(real, fake), b.d_loss(real, fake), rtol=1e-12)
        assert torch.allclose(a.g_loss(fake, real), b.g_loss(fake, real), rtol=1e-12)


def best_output(objective, p, q, low, high):
    """By brute force: the output that minimises p d_loss(real part) + q d_loss(fake part), for every pair (p, q)."""
    grid = torch.linspace(low, high, 4001, **DOUBLE)
    zero = torch.zeros_like(grid)
    real, fake = objective.d_loss(grid, zero), objective.d_loss(zero, grid)
    return grid[(p[:, None] * real + q[:, None] * fake).argmin(1)]


def test_best_outputs_of_the_critics():
    p, q = torch.rand(2, 30, generator=generator(1), **DOUBLE) + 0.05
    assert torch.allclose(best_output(SCORED["saturating"], p, q, -6, 6), (p / q).log(), atol=2e-3)
    assert torch.allclose(best_output(SCORED["lsgan"], p, q, -2, 2), p / (p + q), atol=1e-3)
    assert torch.allclose(best_output(least_squares(-3.0, 2.0, 0.5), p, q, -4, 4), (2 * p - 3 * q) / (p + q), atol=2e-3)
    assert torch.equal(best_output(SCORED["hinge"], p, q, -2, 2), (p - q).sign())


def test_least_squares_with_pearson_labels_is_pearsons_divergence():
    """Mao et al. 2017, equation 8: sum (p + q)(D* - c)^2 = sum (2q - (p + q))^2 / (p + q)."""
    p, q = (w / w.sum() for w in torch.rand(2, 30, generator=generator(2), **DOUBLE))
    one = SCORED["lsgan-pearson"]
    best = (p - q) / (p + q)
    loss = one.g_loss(best, best)
    assert torch.allclose(2 * ((p + q) * loss).sum(), ((2 * q - (p + q)).square() / (p + q)).sum(), rtol=1e-12)


def test_hinge_at_its_best_critic_is_the_total_variation():
    p, q = (w / w.sum() for w in torch.rand(2, 30, generator=generator(3), **DOUBLE))
    best, zero = (p - q).sign(), torch.zeros(30, **DOUBLE)
    d = SCORED["hinge"].d_loss
    loss = (p * (d(best, zero) - 1) + q * (d(zero, best) - 1)).sum()
    assert torch.allclose(loss, 2 - (p - q).abs().sum(), rtol=1e-12)


@pytest.mark.parametrize("name", ["saturating", "non_saturating", "lsgan", "hinge", "wgan", "f-gan"])
def test_losses_stay_finite_where_the_critic_is_sure(name):
    sure = torch.tensor([-1e4, 1e4], **DOUBLE)
    for loss in (SCORED[name].d_loss, SCORED[name].g_loss):
        assert torch.isfinite(loss(sure, sure)).all()


def test_the_saturating_gradient_dies_by_far_more_than_a_hundredfold_where_the_other_does_not():
    fake = torch.full((1,), -12.0, requires_grad=True, **DOUBLE)
    slope = {n: torch.autograd.grad(SCORED[n].g_loss(fake, fake).sum(), fake)[0].abs() for n in
             ("saturating", "non_saturating")}  # fmt: skip
    assert slope["non_saturating"] > 0.99 and slope["saturating"] < 1e-5


def test_labels_that_make_no_game_are_refused():
    for labels in ((1.0, 1.0, 0.0), (0.0, 1.0, 0.0)):
        with pytest.raises(ValueError, match=r"labels a = .* must differ"):
            least_squares(*labels)


def play(name, members=None, seed=0):
    nets = {"g": [2, 8, 2], "d": [2, 8, 6 if OBJECTIVES[name].of_features else 1]}

    def build():
        return nn.ModuleDict({key: MLP(sizes, "tanh") for key, sizes in nets.items()})

    with seeded(seed):
        pair = ensemble(build, members).double()
    d = pair["d"] if OBJECTIVES[name].of_features else Critic(pair["d"])
    g = Generator(pair["g"], 2, members)
    run = fit_adversarial(g, d, get("ring-8"), name, steps=4, batch=8, seed=seed, members=members)
    return torch.stack([u.metrics["loss"] for u in run])


@pytest.mark.parametrize("name", OBJECTIVES)
def test_member_i_is_the_solo_game_of_seed_i(name):
    whole = play(name, members=2)
    for i in range(2):
        assert torch.allclose(whole[:, i], play(name, seed=i), rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_both_players_learn_something_from_it(name):
    """The losses of successive updates differ, so neither player's gradient is zero."""
    losses = play(name)
    assert torch.isfinite(losses).all() and (losses[::2].diff() != 0).all() and (losses[1::2].diff() != 0).all()
