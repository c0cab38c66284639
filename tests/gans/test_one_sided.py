"""The one-sided penalty: by hand on both sides of slope 1, and free where the two-sided one charges."""

import pytest
import torch

from coursekit.gans import OBJECTIVES, gradient_penalty, one_sided_penalty
from coursekit.seeds import generator

SHAPES = [(7, 2), (7, 3, 4, 4), (7, 1)]


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("steepness", [0.3, 1.0, 1.7])
def test_a_straight_critic_pays_for_what_is_above_one_alone(shape, steepness):
    """f(x) = w . x has slope |w| everywhere, over all coordinates of a sample together."""
    direction = draw(*shape[1:], seed=2)
    weight = steepness * direction / direction.norm()
    pays = one_sided_penalty(
        lambda x: (weight * x).flatten(1).sum(1),
        draw(*shape),
        draw(*shape, seed=1),
        torch.full((7,), 0.5).double(),
        3.0,
    )
    expected = 3.0 * max(0.0, steepness - 1) ** 2
    assert pays.shape == (7,) and torch.allclose(pays, torch.tensor(expected).double().expand(7), atol=1e-12)


def test_above_slope_one_it_is_the_two_sided_penalty_and_below_it_is_free():
    x, fake, alpha = draw(400, 2), draw(400, 2, seed=1), torch.rand(400, generator=generator(3), dtype=torch.float64)
    critic = lambda x: x.square().sum(-1) / 2  # noqa: E731  slope |x|
    one, two = (rule(critic, x, fake, alpha) for rule in (one_sided_penalty, gradient_penalty))
    steep = (alpha[:, None] * x + (1 - alpha[:, None]) * fake).norm(dim=1) > 1
    assert 0.2 < steep.double().mean() < 0.8
    assert torch.allclose(one[steep], two[steep]) and (one[~steep] == 0).all() and (two[~steep] > 0).any()


def test_the_objective_has_wgans_losses_and_this_penalty():
    objective, real, fake = OBJECTIVES["wgan-lp"], draw(5), draw(5, seed=1)
    assert torch.equal(objective.d_loss(real, fake), fake - real)
    assert torch.equal(objective.g_loss(fake, real), -fake)
    assert objective.mixes
    points = draw(4, 2)
    pays = objective.penalty(lambda x: 2 * x[:, 0], points, points, torch.full((4,), 0.5).double())
    assert torch.allclose(pays, torch.full((4,), 10.0).double())  # 10 (2 - 1)^2


def test_an_alpha_for_each_coordinate_is_refused():
    x = draw(4, 2)
    with pytest.raises(ValueError, match=r"alpha must be one number a sample"):
        one_sided_penalty(lambda x: x[:, 0], x, x, draw(4, 2))
