"""The GAN loop: gradients against autograd by hand, frozen players, ensembles equal to solo games, bad input."""

import pytest
import torch
from torch import nn

from coursekit.distributions import NormalMixture, NormalMixture1D, get
from coursekit.gans import OBJECTIVES, Critic, Generator, Objective
from coursekit.nets import MLP, ensemble
from coursekit.protocols import NotTractable, log_prob
from coursekit.seeds import generator, seeded
from coursekit.training import fit_adversarial as fit

DATA = get("ring-8")


def nets(members=None):
    pair = ensemble(lambda: nn.ModuleDict({"g": MLP([2, 16, 2]), "d": MLP([2, 16, 1])}), members).double()
    return Generator(pair["g"], 2, members), Critic(pair["d"])


def game(seed=0, members=None, **options):
    with seeded(seed):
        return fit(*nets(members), DATA, seed=seed, members=members, steps=30, batch=32, **options)


def weights(module):
    return torch.cat([p.detach().flatten().clone() for p in module.parameters()])


@pytest.mark.parametrize("k", [1, 3])
def test_turns_and_frozen_players(k):
    run, order = game(k=k), []
    for _ in range(3 * (k + 1)):
        before = {name: weights(one.module) for name, one in run.players.items()}
        order.append(next(run).player)
        for name, one in run.players.items():
            assert torch.equal(weights(one.module), before[name]) == (name != order[-1])
    assert order == (["d"] * k + ["g"]) * 3


@pytest.mark.parametrize("objective", ["saturating", "non_saturating"])  # all others: tests/gans
def test_member_i_is_the_solo_game_of_seed_i(objective):
    losses = torch.stack([u.metrics["loss"] for u in game(members=3, objective=objective)])
    for i in range(3):
        own = torch.stack([u.metrics["loss"] for u in game(i, objective=objective)])
        assert torch.allclose(losses[:, i], own, rtol=1e-7, atol=1e-9)


def test_losses_are_the_logs_they_stand_for():
    real, fake = torch.randn(2, 50, dtype=torch.float64, generator=generator(0)) * 3
    p = torch.sigmoid
    a, b = OBJECTIVES["saturating"], OBJECTIVES["non_saturating"]
    assert torch.allclose(a.d_loss(real, fake), -p(real).log() - (1 - p(fake)).log())
    assert torch.allclose(a.g_loss(fake, real), (1 - p(fake)).log())
    assert torch.allclose(b.g_loss(fake, real), -p(fake).log())
    assert torch.equal(a.d_loss(real, fake), b.d_loss(real, fake))


def test_losses_stay_finite_where_the_critic_is_sure():
    sure = torch.tensor([-1e4, 1e4], dtype=torch.float64)
    for objective in (OBJECTIVES["saturating"], OBJECTIVES["non_saturating"]):
        assert torch.isfinite(objective.d_loss(sure, sure)).all() and torch.isfinite(objective.g_loss(sure, sure)).all()


def test_the_best_critic_is_the_log_density_ratio():
    """Descending the critic's loss with the generator at rest reaches D* = log p - log p_g."""
    p, q = NormalMixture1D([1.0], [0.5], [1.0]), NormalMixture1D([1.0], [-0.5], [1.0])
    x = torch.linspace(-3, 3, 61, dtype=torch.float64)
    logit = torch.zeros(61, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([logit], max_iter=200, line_search_fn="strong_wolfe")
    a, b = p.log_prob(x).exp(), q.log_prob(x).exp()
    d_loss = OBJECTIVES["saturating"].d_loss
    silent = torch.full_like(logit, -1e9)

    def closure():
        optimiser.zero_grad()
        # The loss of real points weighted by p, of fake ones by q.
        loss = (a * d_loss(logit, silent) + b * d_loss(-silent, logit)).sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    assert torch.allclose(logit.detach(), p.log_prob(x) - q.log_prob(x), atol=1e-3)


def test_a_game_learns():
    """On all of five seeds the generated points move to where the data are: the gap of the means falls by 80 %."""
    data = NormalMixture([1.0], [[3.0, -2.0]], scales=[0.5])
    g, d = nets(members=5)
    gap = lambda: (g.sample(1000, generator=generator(9)).mean(1) - data.means[0]).norm(dim=1)  # noqa: E731
    before = gap()
    list(fit(g, d, data, steps=1200, batch=64, learning_rate=2e-3, members=5))
    assert (gap() < 0.2 * before).all()


def test_a_penalty_is_added_and_reaches_the_critic():
    seen = []

    def penalty(critic, x, fake):
        seen.append((x.shape, fake.requires_grad))
        return critic(x).square()

    plain = OBJECTIVES["non_saturating"]
    run = game(objective=Objective("own", plain.d_loss, plain.g_loss, penalty))
    own = next(run).metrics["loss"]
    assert own > next(game()).metrics["loss"] and seen == [((32, 2), False)]


def test_a_generator_samples_and_says_why_it_has_no_density():
    g, _ = nets()
    x = g.sample(5, generator=generator(0))
    assert x.shape == (5, 2) and not x.requires_grad
    assert torch.equal(x, g.sample(5, generator=generator(0)))
    with pytest.raises(NotTractable, match="no inverse"):
        log_prob(g, x)
    whole, _ = nets(members=3)
    assert whole.sample(5, generator=generator(0)).shape == (3, 5, 2)


def test_k_may_change_while_the_game_runs():
    run = game(k=1)
    order = [next(run).player for _ in range(2)]
    run.k = 2
    assert order + [next(run).player for _ in range(3)] == list("dgddg")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"objective": "non_saturatin"}, "Did you mean 'non_saturating'"),
        ({"k": 0}, "k must be at least 1"),
        ({"batch": 0}, "batch must be at least 1"),
    ],
)
def test_bad_options_end_as_sentences(change, words):
    options = {"steps": 3, "batch": 8, **change}
    with pytest.raises(ValueError, match=words):
        fit(*nets(), DATA, **options)


def test_a_critic_of_another_shape_is_refused():
    g, _ = nets()
    with pytest.raises(ValueError, match="one number a point"):
        next(fit(g, Critic(MLP([2, 4, 3]).double()), DATA, steps=1))
    with pytest.raises(ValueError, match=r"shape \(256,\), one for each point, got \(256, 1\)"):
        next(fit(g, MLP([2, 4, 1]).double(), DATA, steps=1))
