"""GANs on text: shapes, shares, and that both players can move."""

import pytest
import torch

from coursekit.data import Runs
from coursekit.gans import Critic, Generator
from coursekit.gans.characters import FlatCharacters, SoftmaxOverCharacters
from coursekit.nets import MLP, ensemble
from coursekit.training import fit_adversarial


def build(length=6, size=29):
    return torch.nn.ModuleDict(
        {
            "g": torch.nn.Sequential(MLP([8, 32, length * size]), SoftmaxOverCharacters(length, size)),
            "d": torch.nn.Sequential(FlatCharacters(), MLP([length * size, 32, 1])),
        }
    )


@pytest.mark.parametrize("members", [None, 3])
@pytest.mark.parametrize("objective", ["non_saturating", "wgan-gp"])
def test_a_game_of_characters(objective, members):
    nets = ensemble(build, members)
    g = Generator(nets["g"], 8, members)
    # A Wasserstein critic's last bias cancels in its loss, so only weights must move.
    weights = [p for name, p in nets.named_parameters() if name.endswith("weight")]
    before = [p.clone() for p in weights]
    for update in fit_adversarial(g, Critic(nets["d"]), Runs(6), objective, steps=4, batch=16, members=members):
        assert update.metrics["loss"].isfinite().all()
    assert all(not torch.equal(a, b) for a, b in zip(before, weights, strict=True))
    x = g.sample(5)
    assert x.shape == (*([members] if members else []), 5, 6, 29)
    assert torch.allclose(x.sum(-1), torch.ones(()).to(x))


def test_a_head_of_another_size_is_refused():
    with pytest.raises(ValueError, match="6 places for 29 characters need 174 features, got 10"):
        SoftmaxOverCharacters(6, 29)(torch.zeros(2, 10))
