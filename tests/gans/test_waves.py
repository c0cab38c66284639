"""Waves, the zero-centred penalty and its two games, against closed forms, autograd by hand, and ensembles."""

import math

import pytest
import torch
from torch.nn.functional import logsigmoid

from coursekit.gans.waves import Waves
from coursekit.gans.zero_centred import calm_gan, relativistic_gan, zero_centred_penalty
from coursekit.seeds import generator


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def test_one_wave_is_a_sine_a_cosine_and_the_point():
    x = normal(5, 2)
    out = Waves(1, 0.7, 0.7)(x)  # the first direction is the first axis
    assert torch.allclose(out, torch.stack([(0.7 * x[:, 0]).sin(), (0.7 * x[:, 0]).cos(), x[:, 0], x[:, 1]], 1))


def test_waves_are_as_fast_as_said_and_point_in_different_directions():
    vectors = Waves(16, 0.25, 4.0).vectors
    lengths = vectors.norm(dim=0)
    assert torch.allclose(lengths[1:] / lengths[:-1], torch.tensor(16 ** (1 / 15)).double(), rtol=1e-6)
    assert lengths[0].item() == pytest.approx(0.25) and lengths[-1].item() == pytest.approx(4.0)
    unit = vectors / lengths
    assert ((unit.T @ unit).abs() - torch.eye(16)).max() < 0.999


def test_a_pack_is_its_points_one_after_the_other():
    x = normal(3, 6)
    one, three = Waves(4), Waves(4, points=3)
    assert three.outputs == 3 * one.outputs == 30
    assert torch.allclose(three(x), torch.cat([one(x[:, i : i + 2]) for i in (0, 2, 4)], -1))
    ensemble = torch.stack([x, -x])
    assert torch.allclose(three(ensemble)[1], three(-x))
    assert three(x.float()).dtype == torch.float32


@pytest.mark.parametrize("slowest, fastest", [(0.0, 1.0), (2.0, 1.0), (1.0, math.inf)])
def test_impossible_waves_end_as_a_sentence(slowest, fastest):
    with pytest.raises(ValueError, match="0 < slowest <= fastest"):
        Waves(4, slowest, fastest)


def test_rows_of_another_length_end_as_a_sentence():
    with pytest.raises(ValueError, match=r"rows of 4 numbers.*got shape \(3, 2\).*points in a pack"):
        Waves(4, points=2)(normal(3, 2))


def test_the_penalty_is_half_the_squared_slopes_at_both_kinds_of_points():
    # D(x) = |x|^2 / 2 has the slope |x|.
    x, fake = normal(7, 2), normal(7, 2, seed=1)
    found = zero_centred_penalty(lambda p: p.square().sum(-1) / 2, x, fake, weight=0.4)
    assert torch.allclose(found, 0.2 * (x.square().sum(-1) + fake.square().sum(-1)))
    both = zero_centred_penalty(lambda p: p.square().sum(-1) / 2, torch.stack([x, fake]), torch.stack([fake, x]), 0.4)
    assert torch.allclose(both, found.expand(2, -1))


def test_the_penalty_reaches_the_critics_parameters():
    w = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    x = normal(7, 2)
    zero_centred_penalty(lambda p: w * p.sum(-1), x, x, weight=0.4).sum().backward()
    # each slope is |w| root 2: the penalty is 0.4 * 2 w^2 a point.
    assert w.grad.item() == pytest.approx(7 * 0.4 * 4 * 1.5)


def test_the_games_are_the_standard_one_and_the_one_of_differences():
    real, fake = normal(9), normal(9, seed=1)
    calm, pairs = calm_gan(0.1), relativistic_gan(0.1)
    assert torch.allclose(calm.d_loss(real, fake), -logsigmoid(real) - logsigmoid(-fake))
    assert torch.allclose(calm.g_loss(fake, real), -logsigmoid(fake))
    assert torch.allclose(pairs.d_loss(real, fake), -logsigmoid(real - fake))
    assert torch.allclose(pairs.g_loss(fake, real), -logsigmoid(fake - real))
    x = normal(3, 2)
    for game in (calm, pairs):
        assert torch.allclose(game.penalty(lambda p: p.sum(-1), x, x), torch.full((3,), 0.2).double())
    for make in (calm_gan, relativistic_gan):
        with pytest.raises(ValueError, match="must not be negative"):
            make(-1.0)
