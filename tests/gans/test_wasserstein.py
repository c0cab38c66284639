"""WGAN: the penalty by hand, one alpha a sample, one norm a sample, each member on its own; clipping in the loop."""

import pytest
import torch
from torch import nn

from coursekit.distributions import get
from coursekit.gans import OBJECTIVES, Critic, Generator, Objective, clip_weights, gradient_penalty, mix, slopes, wgan
from coursekit.gans.wasserstein import wasserstein_d, wasserstein_g
from coursekit.nets import MLP, ensemble
from coursekit.seeds import generator, seeded
from coursekit.training import fit_adversarial

DOUBLE = {"dtype": torch.float64}
SHAPES = [(7, 2), (7, 3, 4, 4), (7, 1)]


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), **DOUBLE)


def alphas(*shape, seed=3):
    return torch.rand(*shape, generator=generator(seed), **DOUBLE)


@pytest.mark.parametrize("shape", SHAPES)
def test_one_alpha_a_sample_stays_on_the_line(shape):
    x, fake, alpha = draw(*shape), draw(*shape, seed=1), alphas(shape[0])
    between = mix(x, fake, alpha)
    share = ((between - fake) / (x - fake)).flatten(1)
    assert torch.allclose(share, alpha[:, None].expand_as(share), rtol=1e-9)
    assert torch.equal(mix(x, fake, torch.ones(7, **DOUBLE)), x)


@pytest.mark.parametrize("shape", SHAPES)
def test_one_slope_a_sample_over_all_of_its_dimensions(shape):
    weight = draw(*shape[1:], seed=2)
    critic = lambda x: (weight * x).flatten(1).sum(1)  # noqa: E731
    slope = slopes(critic, draw(*shape))
    assert slope.shape == (7,) and torch.allclose(slope, weight.norm().expand(7))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_penalty_by_hand(shape):
    """For f(x) = |x|^2 / 2 the gradient is x itself: 10 (|alpha x + (1 - alpha) fake| - 1)^2, sample by sample."""
    x, fake, alpha = draw(*shape), draw(*shape, seed=1), alphas(shape[0])
    ours = gradient_penalty(lambda x: x.square().flatten(1).sum(1) / 2, x, fake, alpha)
    for i in range(7):
        point = alpha[i] * x[i] + (1 - alpha[i]) * fake[i]
        assert torch.allclose(ours[i], 10 * (point.square().sum().sqrt() - 1) ** 2)


def test_the_penalty_moves_the_critic_as_finite_differences_say():
    with seeded(0):
        net = Critic(MLP([2, 8, 8, 1], "tanh").double())
    x, fake, alpha = draw(16, 2), draw(16, 2, seed=1), alphas(16)
    weight = net.net.layers[2].weight
    (gradient,) = torch.autograd.grad(gradient_penalty(net, x, fake, alpha).mean(), weight)
    direction, step = draw(8, 8, seed=5), 1e-5
    values = []
    with torch.no_grad():
        for sign in (1, -1):
            weight += sign * step * direction
            with torch.enable_grad():
                values.append(gradient_penalty(net, x, fake, alpha).mean().item())
            weight -= sign * step * direction
    assert abs((values[0] - values[1]) / (2 * step) - (gradient * direction).sum().item()) < 1e-6


def test_a_flat_critic_pays_and_has_finite_gradients():
    net = Critic(MLP([2, 4, 1]).double())
    for p in net.parameters():
        nn.init.zeros_(p)
    penalty = gradient_penalty(net, draw(5, 2), draw(5, 2, seed=1), alphas(5), weight=3.0)
    assert torch.equal(penalty, torch.full((5,), 3.0, **DOUBLE))
    gradients = torch.autograd.grad(penalty.sum(), list(net.parameters()), allow_unused=True)
    assert all(g is None or torch.isfinite(g).all() for g in gradients)


def test_each_member_has_its_own_penalty():
    whole = Critic(ensemble(lambda: MLP([2, 8, 1]), 3).double())
    x, fake, alpha = draw(3, 6, 2), draw(3, 6, 2, seed=1), alphas(3, 6)
    ours = gradient_penalty(whole, x, fake, alpha)
    assert ours.shape == (3, 6)
    for i in range(3):
        with seeded(i):
            solo = Critic(MLP([2, 8, 1]).double())
        assert torch.allclose(ours[i], gradient_penalty(solo, x[i], fake[i], alpha[i]), rtol=1e-10)


@pytest.mark.parametrize("alpha_shape", [(7, 2), (6,), (7, 1)])
@pytest.mark.usefixtures("as_students_run_it")
def test_other_alphas_are_refused(alpha_shape):
    with pytest.raises(ValueError, match=r"alpha.*one number a sample"):
        gradient_penalty(lambda x: x.sum(-1), draw(7, 2), draw(7, 2, seed=1), alphas(*alpha_shape))


@pytest.mark.usefixtures("as_students_run_it")
def test_an_alpha_for_each_channel_is_refused():
    with pytest.raises(ValueError, match="must have one number a sample"):
        gradient_penalty(lambda x: x.flatten(1).sum(1), draw(7, 3, 4, 4), draw(7, 3, 4, 4), alphas(7, 3))


@pytest.mark.usefixtures("as_students_run_it")
def test_a_critic_with_a_column_of_scores_is_refused():
    with pytest.raises(ValueError, match=r"critic gives \(7, 1\)"):
        gradient_penalty(lambda x: x.sum(-1, keepdim=True), draw(7, 2), draw(7, 2, seed=1), alphas(7))
    with pytest.raises(ValueError, match="one shape"):
        mix(draw(7, 2), draw(6, 2), alphas(7))


def game(objective, members=None, seed=0, shape=(2,), **options):
    with seeded(seed):
        pair = ensemble(lambda: nn.ModuleDict({"g": MLP([2, 8, 2]), "d": MLP([2, 8, 1])}), members).double()
    g, d = Generator(pair["g"], 2, members), Critic(pair["d"])
    return fit_adversarial(g, d, get("ring-8"), objective, batch=6, seed=seed, members=members, **options)


def test_the_loop_draws_one_alpha_a_sample_for_each_member():
    seen = []

    def spy(critic, x, fake, alpha):
        seen.append(alpha)
        return gradient_penalty(critic, x, fake, alpha)

    spied = Objective("spy", wasserstein_d, wasserstein_g, spy, mixes=True)
    for _ in game(spied, members=2, steps=3, k=3):
        pass
    for i in range(2):
        for _ in game(spied, seed=i, steps=3, k=3):
            pass
    assert [tuple(a.shape) for a in seen] == [(2, 6)] * 3 + [(6,)] * 6
    assert all(((a >= 0) & (a < 1)).all() and a.std() > 0 for a in seen)
    for step in range(3):
        assert torch.equal(seen[step], torch.stack([seen[3 + step], seen[6 + step]]))


def test_clipping_acts_after_each_update_of_the_critic_and_on_no_one_else():
    run = game(wgan(0.02), steps=4)
    before = {name: [p.detach().clone() for p in one.parameters()] for name, one in run.players.items()}
    assert max(p.abs().max() for p in before["d"]) > 0.1
    for update in run:
        if update.player == "d":
            assert max(p.abs().max() for p in run.players["d"].parameters()) <= 0.02
    assert max(p.abs().max() for p in run.players["g"].parameters()) > 0.1
    with pytest.raises(ValueError, match="limit must be positive"):
        clip_weights(run.players["d"].module, 0.0)


def test_the_critic_measures_the_distance_that_the_generator_has_to_go():
    """Fixed pair: two normals 0.6 apart, W_1 = 0.6. With the penalty, E f(x) - E f(fake) comes near it."""
    with seeded(0):
        critic = Critic(MLP([1, 32, 32, 1]).double())
    optimiser = torch.optim.Adam(critic.parameters(), lr=3e-3, betas=(0.5, 0.9))
    source = generator(0)
    for _ in range(400):
        x = 0.6 + torch.randn(128, 1, generator=source, **DOUBLE)
        fake = torch.randn(128, 1, generator=source, **DOUBLE)
        alpha = torch.rand(128, generator=source, **DOUBLE)
        one = OBJECTIVES["wgan-gp"]
        loss = one.d_loss(critic(x), critic(fake)) + one.penalty(critic, x, fake, alpha)
        optimiser.zero_grad()
        loss.mean().backward()
        optimiser.step()
    z = draw(20_000, 1, seed=9)
    with torch.no_grad():
        distance = (critic(z + 0.6) - critic(z)).mean()
    assert 0.5 < distance < 0.72
