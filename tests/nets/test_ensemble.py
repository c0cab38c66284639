"""An ensemble is its members: outputs, gradients and whole trainings equal those of solo nets."""

import pytest
import torch
from torch import nn

from coursekit.nets import (
    MLP,
    AutoregressiveMLP,
    ConvEncoder,
    ResidualMLP,
    UNet,
    autoregressive_mlp,
    conv_encoder,
    ensemble,
    mlp,
    residual_mlp,
    stack,
    unet,
    unstack,
)
from coursekit.seeds import generator, seeded

SEEDS = [0, 3, 11]


def points(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def norm_net():
    return nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.ReLU(), nn.Linear(6, 5), nn.BatchNorm1d(5),
                         nn.Linear(5, 2))


def image_net():
    return nn.Sequential(nn.Conv2d(3, 8, 4, stride=2, padding=1), nn.BatchNorm2d(8), nn.LeakyReLU(0.2),
                         nn.ConvTranspose2d(8, 4, 4, stride=2, padding=1), nn.GroupNorm(2, 4), nn.Flatten(),
                         nn.Linear(4 * 64, 5, bias=False))


NETS = {
    "mlp": (lambda: MLP([4, 16, 16, 2], "tanh"), (7, 4)),
    "residual": (lambda: ResidualMLP(4, 3, width=8, blocks=2), (7, 4)),
    "autoregressive": (lambda: AutoregressiveMLP(4, [16, 16], 2), (7, 4)),
    "norms": (norm_net, (7, 4)),
    "images": (image_net, (5, 3, 8, 8)),
    "encoder": (lambda: ConvEncoder(3, [8, 16], 6), (5, 3, 8, 8)),
    "unet": (lambda: UNet(3, 2, [8, 16]), (5, 3, 8, 8)),
}


@pytest.mark.parametrize("name", NETS)
def test_each_member_is_the_solo_net_of_its_seed(name):
    build, shape = NETS[name]
    whole = ensemble(build, SEEDS).double()
    x = points(len(SEEDS), *shape)
    out = whole(x)
    out.square().flatten(1).mean(1).sum().backward()
    gradients = {n: p.grad for n, p in whole.named_parameters()}
    assert gradients and all(g is not None for g in gradients.values())
    for i, seed in enumerate(SEEDS):
        with seeded(seed):
            solo = build().double()
        own = solo(x[i])
        assert torch.allclose(out[i], own, rtol=1e-10, atol=1e-12)
        own.square().mean().backward()
        ours = sum(g[i].square().sum() for n, g in gradients.items() if "norm." not in n)
        theirs = sum(p.grad.square().sum() for n, p in solo.named_parameters())
        if name not in ("norms", "images"):  # their batch norms keep all members in one row of channels
            assert torch.allclose(ours, theirs, rtol=1e-9)


def test_members_differ_and_an_int_means_seeds_from_zero():
    net = mlp([2, 8, 1], members=3)
    weights = net.layers[0].weight
    assert weights.shape == (3, 8, 2) and not torch.equal(weights[0], weights[1])
    with seeded(2):
        assert torch.equal(MLP([2, 8, 1]).layers[0].weight, weights[2])


def test_an_input_shared_by_all_members():
    net = mlp([2, 8, 1], members=3).double()
    x = points(5, 2)
    assert torch.allclose(net(x), net(x.expand(3, 5, 2)))


def test_whole_trainings_agree_to_rounding():
    def train(net, batches, members):
        optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
        for x in batches:
            loss = (net(x).squeeze(-1) - x.sin().sum(-1)).square().mean(-1)
            optimiser.zero_grad()
            (loss.sum() if members else loss).backward()
            optimiser.step()
        return net

    batches = points(40, 3, 16, 2)
    whole = train(mlp([2, 16, 1], "tanh", members=3).double(), batches, True)
    for i in range(3):
        with seeded(i):
            solo = MLP([2, 16, 1], "tanh").double()
        train(solo, batches[:, i], False)
        copy = MLP([2, 16, 1], "tanh").double()
        copy.load_state_dict(unstack(whole, i))
        for a, b in zip(solo.parameters(), copy.parameters(), strict=True):
            assert torch.allclose(a, b, rtol=1e-9, atol=1e-11)


def test_batch_norm_updates_each_members_running_statistics():
    whole = ensemble(lambda: nn.BatchNorm1d(4), 2).double()
    x = points(2, 50, 4) * 3 + 1
    whole(x)
    solo = nn.BatchNorm1d(4).double()
    solo(x[1])
    assert torch.allclose(whole.norm.running_mean[4:], solo.running_mean)
    whole.eval(), solo.eval()
    assert torch.allclose(whole(x)[1], solo(x[1]))


def test_embeddings():
    whole = ensemble(lambda: nn.Embedding(5, 3), 2)
    index = torch.tensor([4, 0, 2])
    for i in range(2):
        with seeded(i):
            assert torch.equal(whole(index)[i], nn.Embedding(5, 3)(index))
    assert torch.equal(whole(index.expand(2, 3)), whole(index))


def test_nets_that_train_together_are_built_together():
    def pair():
        return nn.ModuleDict({"g": MLP([2, 4, 2]), "d": MLP([2, 4, 1])})

    whole = ensemble(pair, 2)
    with seeded(1):
        solo = pair()
    for net in "gd":
        assert torch.equal(whole[net].layers[0].weight[1], solo[net].layers[0].weight)


def test_builders_have_members():
    assert mlp([2, 3], members=None).layers[0].weight.dim() == 2
    for net in (autoregressive_mlp(3, [8], members=2), residual_mlp(2, 1, members=2),
                conv_encoder(1, [4], 2, members=2), unet(1, 1, [4, 8], members=[5, 6])):
        assert all(p.shape[0] == 2 for p in net.parameters())


def test_what_cannot_be_stacked_is_said():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(2))

    with pytest.raises(TypeError, match=r"Own has parameters.*scale.*STACKED"):
        stack([Own(), Own()])
    with pytest.raises(TypeError, match="grouped"):
        ensemble(lambda: nn.Conv2d(4, 4, 3, groups=2), 2)
    with pytest.raises(ValueError, match="at least one member"):
        mlp([2, 1], members=0)


def test_seeded_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    with seeded(5):
        first = torch.rand(3)
    assert torch.equal(torch.get_rng_state(), before)
    with seeded(5):
        assert torch.equal(torch.rand(3), first)
