"""Games of distances: signs and values against the definitions, the penalty on the witness, NaN kept to its member."""

import pytest
import torch
from torch import nn

from coursekit.distances.mmd import GaussianKernel, RationalQuadraticKernel, mmd_squared, witness
from coursekit.distances.sinkhorn_divergence import sinkhorn_divergence
from coursekit.distributions import get
from coursekit.gans import OBJECTIVES, Generator, distance_game, gradient_penalty, mmd_gan, sinkhorn_game
from coursekit.gans.distance_games import PLANE, witness_of
from coursekit.nets import MLP, ensemble
from coursekit.seeds import generator, seeded
from coursekit.training import fit_adversarial

DOUBLE = {"dtype": torch.float64}


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), **DOUBLE)


@pytest.mark.parametrize(("objective", "distance"), [
    (OBJECTIVES["mmd"], lambda x, y: mmd_squared(x, y, PLANE)),
    (OBJECTIVES["mmd-gan"], lambda x, y: mmd_squared(x, y, RationalQuadraticKernel())),
    (sinkhorn_game(2.0, 200), lambda x, y: sinkhorn_divergence(x, y, 2.0)),
])  # fmt: skip
def test_the_generator_descends_the_distance_and_the_critic_raises_it(objective, distance):
    real, fake = draw(3, 20, 2), draw(3, 20, 2, seed=1) + 0.5
    expected = torch.stack([distance(real[i], fake[i]) for i in range(3)])
    assert torch.allclose(objective.g_loss(fake, real), expected[:, None], rtol=1e-6)
    assert torch.allclose(objective.d_loss(real, fake), -expected[:, None], rtol=1e-6)


def test_a_generator_without_a_critic_comes_nearer():
    """On all of three seeds MMD^2 falls by nine tenths for a generator that starts three units away."""
    data = get("ring-8")
    g = Generator(ensemble(lambda: MLP([2, 16, 2]), 3).double(), 2, 3)
    with torch.no_grad():
        g.net.layers[-1].bias.add_(3.0)
    x = data.sample(500, generator=generator(50)).expand(3, 500, 2)
    far = mmd_squared(g.sample(500, generator=generator(9)), x, PLANE)
    list(fit_adversarial(g, None, data, "mmd", steps=100, batch=32, learning_rate=2e-2, members=3))
    assert (mmd_squared(g.sample(500, generator=generator(9)), x, PLANE) < 0.1 * far).all()


def test_the_witness_is_high_on_data_and_its_gap_is_the_biased_distance():
    kernel, x, fake = GaussianKernel((0.7,)), draw(30, 2), draw(30, 2, seed=1) + 1
    score = witness_of(lambda x: x, x, fake, kernel)
    z = draw(10, 2, seed=2)
    assert torch.allclose(score(z), witness(z, x, fake, kernel))
    gap = score(x).mean() - score(fake).mean()
    assert gap > 0 and torch.allclose(gap, mmd_squared(x, fake, kernel, unbiased=False))


def test_the_penalty_keeps_the_witness_of_the_features_from_being_steep():
    kernel, x, fake = RationalQuadraticKernel(), draw(12, 2), draw(12, 2, seed=1) + 1
    alpha = torch.rand(12, generator=generator(3), **DOUBLE)
    with seeded(0):
        features = MLP([2, 8, 4], "tanh").double()
    ours = mmd_gan(kernel, weight=2.0).penalty(features, x, fake, alpha)
    score = lambda z: witness(features(z), features(x), features(fake), kernel)  # noqa: E731
    assert torch.allclose(ours, gradient_penalty(score, x, fake, alpha, 2.0)) and ours.shape == (12,)
    gradients = torch.autograd.grad(ours.mean(), list(features.parameters()), allow_unused=True)
    assert sum(g is not None and bool(g.abs().max() > 0) for g in gradients) >= 3, "it moves the features"


def test_one_members_nan_is_that_members_alone():
    real, fake = draw(2, 8, 2), draw(2, 8, 2, seed=1)
    fake[0, 3, 1] = torch.nan
    for name in ("mmd", "sinkhorn"):
        loss = OBJECTIVES[name].g_loss(fake, real)
        assert torch.isnan(loss[0]).all() and torch.isfinite(loss[1]).all()


def test_a_distance_of_ones_own_is_one_line():
    means = distance_game("means", lambda x, y: (x.mean(-2) - y.mean(-2)).square().sum(-1))
    with seeded(0):
        g = Generator(nn.Sequential(nn.Linear(2, 2)).double(), 2)
    list(fit_adversarial(g, None, get("ring-8"), means, steps=200, batch=64, learning_rate=1e-2))
    assert g.sample(2000, generator=generator(0)).mean(0).norm() < 0.15
