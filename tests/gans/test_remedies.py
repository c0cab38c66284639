"""Remedies: packs of one kind, unrolled steps equal to real ones, pairs of VEEGAN, minibatch features by hand."""

import copy

import pytest
import torch
from torch import nn

from coursekit.distributions import NormalMixture, get
from coursekit.gans import (
    OBJECTIVES,
    Critic,
    Generator,
    MinibatchDiscrimination,
    MinibatchSpread,
    RandomReconstructingGenerator,
    ReconstructingGenerator,
    pack,
    repeat_pack,
    unpack,
    unrolled_parameters,
)  # fmt: skip
from coursekit.nets import MLP, ensemble
from coursekit.seeds import generator, seeded
from coursekit.training import fit_adversarial

DOUBLE = {"dtype": torch.float64}


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=generator(seed), **DOUBLE)


# PacGAN -----------------------------------------------------------------------------------------------------------


def test_packs_are_successive_points_side_by_side():
    x = draw(6, 2)
    packs = pack(x, 3)
    assert packs.shape == (2, 6)
    for i in range(2):
        assert torch.equal(packs[i], torch.cat([x[3 * i], x[3 * i + 1], x[3 * i + 2]]))
    assert torch.equal(unpack(packs, 3), x) and pack(x, 1) is x
    assert torch.equal(repeat_pack(x, 2), torch.cat([x, x], 1))


def test_pictures_are_packed_along_channels_and_members_do_not_mix():
    pictures = draw(4, 3, 2, 2)
    assert torch.equal(pack(pictures, 2)[1], torch.cat([pictures[2], pictures[3]]))
    whole = draw(3, 4, 2)
    packs = pack(whole, 2, lead=2)
    assert packs.shape == (3, 2, 4) and torch.equal(unpack(packs, 2, lead=2), whole)
    for i in range(3):
        assert torch.equal(packs[i], pack(whole[i], 2))


def test_a_batch_that_leaves_a_remainder_is_refused():
    with pytest.raises(ValueError, match=r"7 points does not divide into packs of 3: 1 would be left over.*6 or 9"):
        pack(draw(7, 2), 3)
    with pytest.raises(ValueError, match="batch of 32 points does not divide into packs of 3"):
        fit_adversarial(Generator(MLP([2, 2]), 2), Critic(MLP([6, 1])), get("ring-8"), batch=32, pack=3)
    with pytest.raises(ValueError, match="axis of coordinates"):
        pack(draw(4), 2)
    with pytest.raises(ValueError, match="m, the points in a pack, must be at least 1"):
        pack(draw(4, 2), 0)
    with pytest.raises(ValueError, match="3 times the coordinates"):
        unpack(draw(4, 2), 3)


@pytest.mark.usefixtures("as_students_run_it")
@pytest.mark.parametrize("members", [None, 2])
def test_a_critic_that_was_not_widened_for_packs_is_refused(members):
    pair = ensemble(lambda: nn.ModuleDict({"g": MLP([2, 4, 2]), "d": MLP([2, 4, 1])}), members)
    g, d = Generator(pair["g"], 2, members), Critic(pair["d"])
    with pytest.raises(ValueError, match=r"packs of 3 have shape \((2, )?4, 6\).*first layer must take 6 numbers"):
        next(fit_adversarial(g, d, get("ring-8", dtype=torch.float32), batch=12, pack=3, members=members))


class Spy(nn.Module):
    """Remembers what the critic was shown."""

    def __init__(self, net):
        super().__init__()
        self.net, self.seen = net, []

    def forward(self, x):
        self.seen.append(x.detach())
        return self.net(x).squeeze(-1)


@pytest.mark.parametrize("members", [None, 2])
def test_the_loop_shows_packs_of_one_kind_with_one_label(members):
    """Data lie around 10, generated points near 0: a pack that mixed them would show."""
    data = NormalMixture([1.0], [[10.0, 10.0]], scales=[0.1])
    with seeded(0):
        pair = ensemble(lambda: nn.ModuleDict({"g": MLP([2, 4, 2]), "d": MLP([6, 4, 1])}), members).double()
    spy = Spy(pair["d"])
    for _ in fit_adversarial(Generator(pair["g"], 2, members), spy, data, batch=12, pack=3, members=members, steps=2):
        pass
    lead = () if members is None else (members,)
    assert len(spy.seen) == 4 and all(x.shape == (*lead, 4, 6) for x in spy.seen)
    real = [bool((x > 5).all()) for x in spy.seen]
    fake = [bool((x < 5).all()) for x in spy.seen]
    # Critic's turn: data, fakes; generator's turn: fakes, data. Never both in one pack.
    assert real == [True, False, False, True] and fake == [False, True, True, False]
    # And the points of a pack are different draws, not one point repeated.
    assert (spy.seen[0][..., :2] != spy.seen[0][..., 2:4]).all()


# Unrolled GAN -----------------------------------------------------------------------------------------------------


def critic_and_batch():
    with seeded(0):
        critic = Critic(MLP([2, 8, 8, 1]).double())  # ReLU: some units are off, their Adam moments zero
    return critic, draw(16, 2) + 1, draw(16, 2, seed=1)


def d_loss(critic, x, fake):
    return OBJECTIVES["saturating"].d_loss(critic(x), critic(fake)).mean()


def functional(critic, x, fake):
    call = torch.func.functional_call
    return lambda values: d_loss(lambda points: call(critic, values, (points,)), x, fake)


OPTIMISERS = {
    "adam": lambda p: torch.optim.Adam(p, lr=1e-2, betas=(0.5, 0.999)),
    "sgd": lambda p: torch.optim.SGD(p, lr=1e-1),
}


@pytest.mark.parametrize("rule", OPTIMISERS)
@pytest.mark.parametrize("taken", [0, 5])
def test_unrolled_steps_are_the_steps_that_the_optimiser_takes(rule, taken):
    critic, x, fake = critic_and_batch()
    optimiser = OPTIMISERS[rule](critic.parameters())

    def step():
        optimiser.zero_grad()
        d_loss(critic, x, fake).backward()
        optimiser.step()

    for _ in range(taken):
        step()
    before = copy.deepcopy((critic.state_dict(), optimiser.state_dict()["state"]))
    ahead = unrolled_parameters(critic, optimiser, functional(critic, x, fake), 4)
    now = unrolled_parameters(critic, optimiser, functional(critic, x, fake), 0)
    for name, p in critic.named_parameters():  # only thought of: nothing has moved
        assert torch.equal(p, before[0][name]) and torch.equal(now[name], p)
    for key, state in optimiser.state_dict()["state"].items():
        assert all(torch.equal(torch.as_tensor(state[k]), torch.as_tensor(v)) for k, v in before[1][key].items())
    for _ in range(4):
        step()
    for name, p in critic.named_parameters():
        assert torch.allclose(ahead[name], p, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rule", OPTIMISERS)
def test_the_generator_feels_how_the_critic_will_answer(rule):
    """The slope through three unrolled steps against finite differences: with the critic held fixed it is another."""
    critic, x, z = critic_and_batch()
    optimiser = OPTIMISERS[rule](critic.parameters())
    d_loss(critic, x, z).backward()
    optimiser.step()

    def g_loss(shift, detach=False):
        fake = z + shift
        seen = fake.detach() if detach else fake
        values = unrolled_parameters(critic, optimiser, functional(critic, x, seen), 3)
        return OBJECTIVES["saturating"].g_loss(torch.func.functional_call(critic, values, (fake,)), z[:, 0]).mean()

    shift = torch.tensor([0.3, -0.2], requires_grad=True, **DOUBLE)
    (slope,) = torch.autograd.grad(g_loss(shift), shift)
    (blind,) = torch.autograd.grad(g_loss(shift, detach=True), shift)
    step = 1e-6
    numeric = torch.stack([(g_loss(shift.detach() + step * e) - g_loss(shift.detach() - step * e)) / (2 * step)
                           for e in torch.eye(2, **DOUBLE)]).detach()  # fmt: skip
    assert torch.allclose(slope, numeric, rtol=1e-5, atol=1e-7)
    assert not torch.allclose(blind, numeric, rtol=1e-2)


def unrolled_game(members=None, seed=0, unroll=3, objective="non_saturating", steps=6):
    with seeded(seed):
        pair = ensemble(lambda: nn.ModuleDict({"g": MLP([2, 8, 2]), "d": MLP([2, 8, 1])}), members).double()
    return fit_adversarial(Generator(pair["g"], 2, members), Critic(pair["d"]), get("ring-8"), objective, batch=8,
                           steps=steps, seed=seed, members=members, unroll=unroll)  # fmt: skip


@pytest.mark.parametrize("objective", ["non_saturating", "wgan-gp"])
def test_unrolled_members_are_solo_games(objective):
    whole = torch.stack([u.metrics["loss"] for u in unrolled_game(members=2, objective=objective)])
    for i in range(2):
        solo = torch.stack([u.metrics["loss"] for u in unrolled_game(seed=i, objective=objective)])
        assert torch.allclose(whole[:, i], solo, rtol=1e-7, atol=1e-10)


def test_unrolling_changes_what_the_generator_does_and_not_the_critics_first_step():
    near, far = ([u.metrics["loss"] for u in unrolled_game(unroll=k, steps=3)] for k in (0, 5))
    assert torch.equal(near[0], far[0]) and near[1] != far[1] and near[2] != far[2]


def test_in_the_loop_too_the_generator_feels_how_the_critic_will_answer():
    """The gradient of the generator's loss against finite differences, with the same batch and noise each time."""
    run = unrolled_game(steps=20)
    for _ in range(7):
        next(run)
    state = run.generators[0].get_state()
    bias = run.players["g"].module.net.layers[-1].bias

    def loss():
        run.generators[0].set_state(state)
        return run.loss("g")[0]

    (slope,) = torch.autograd.grad(loss(), bias)
    run.unroll, step = 0, 1e-6
    (blind,) = torch.autograd.grad(loss(), bias)
    run.unroll, numeric = 3, []
    for i in range(2):
        values = []
        for sign in (1, -1):
            with torch.no_grad():
                bias[i] += sign * step
            values.append(loss().item())
            with torch.no_grad():
                bias[i] -= sign * step
        numeric.append((values[0] - values[1]) / (2 * step))
    assert torch.allclose(slope, torch.tensor(numeric, **DOUBLE), rtol=1e-4, atol=1e-8)
    assert not torch.allclose(blind, slope, rtol=1e-2)


def test_an_unrolled_game_goes_on_from_its_state():
    run = unrolled_game()
    next(run)
    state = run.state_dict()
    once = [u.metrics["loss"] for u in run]
    again = unrolled_game(seed=5, unroll=0)
    again.load_state_dict(state)
    assert torch.equal(torch.stack(once), torch.stack([u.metrics["loss"] for u in again]))


def test_an_optimiser_without_a_formula_is_refused():
    critic, x, fake = critic_and_batch()
    for optimiser, words in ((torch.optim.SGD(critic.parameters(), lr=0.1, momentum=0.9), "SGD with momentum"),
                             (torch.optim.RMSprop(critic.parameters()), "RMSprop")):  # fmt: skip
        with pytest.raises(ValueError, match=f"one for Adam and for SGD.*{words}"):
            unrolled_parameters(critic, optimiser, functional(critic, x, fake), 1)


# VEEGAN -----------------------------------------------------------------------------------------------------------


def veegan(members=None, seed=0, weight=2.0):
    with seeded(seed):
        nets = ensemble(lambda: nn.ModuleDict({"g": MLP([3, 8, 2]), "f": MLP([2, 8, 3]), "d": MLP([5, 8, 1])}), members)
    nets = nets.double()
    return ReconstructingGenerator(nets["g"], nets["f"], 3, members, weight=weight), nets["d"]


def test_the_critic_sees_pairs_of_noise_and_point():
    g, _ = veegan()
    z, x = draw(6, 3), draw(6, 2, seed=1)
    real, fake = g.show(z, x, g(z))
    assert torch.equal(real, torch.cat([g.reconstructor(x), x], 1)) and torch.equal(fake, torch.cat([z, g.net(z)], 1))
    assert torch.allclose(g.own_loss(z, g(z)), 2 * (z - g.reconstructor(g(z))).square().sum(1))
    assert torch.equal(g.represent(x), g.reconstructor(x)) and not g.represent(x).requires_grad


def test_the_reconstructor_learns_from_the_noise_alone_and_the_generator_from_both():
    g, d = veegan()
    run = fit_adversarial(g, Critic(d), get("ring-8"), "veegan", batch=8)
    next(run)
    state = run.generators[0].get_state()
    loss, _ = run.loss("g")
    total = torch.autograd.grad(loss, list(g.parameters()), allow_unused=True)
    run.generators[0].set_state(state)
    z = run.normal(8, 3, **DOUBLE)
    fake = g(z)
    inversion = 2 * (z - g.reconstructor(fake)).square().sum(1).mean()
    score = d(torch.cat([z, fake], 1)).squeeze(1).mean()
    assert torch.allclose(loss, inversion - score)
    for (name, _), ours, own in zip(g.named_parameters(), total,
                                    torch.autograd.grad(inversion, list(g.parameters())), strict=True):  # fmt: skip
        assert torch.allclose(ours, own) == name.startswith("reconstructor")
    with pytest.raises(ValueError, match="must not be negative"):
        veegan(weight=-1.0)


def test_veegan_members_are_solo_games():
    def losses(members=None, seed=0):
        g, d = veegan(members, seed)
        run = fit_adversarial(g, Critic(d), get("ring-8"), "veegan", batch=8, steps=6, members=members, seed=seed)
        return torch.stack([u.metrics["loss"] for u in run])

    whole = losses(2)
    for i in range(2):
        assert torch.allclose(whole[:, i], losses(seed=i), rtol=1e-8, atol=1e-11)


def test_the_random_reconstructor_shows_noise_of_its_own_width_and_weighs_by_it():
    with seeded(0):
        nets = nn.ModuleDict({"g": MLP([3, 8, 2]), "f": MLP([2, 8, 3])}).double()
    g = RandomReconstructingGenerator(nets["g"], nets["f"], 3, noise=0.5)
    z, x = draw(4000, 3), draw(1, 2, seed=1).expand(4000, 2)
    real, fake = g.show(z, x, g(z))
    shown = real[:, :3] - nets["f"](x)
    assert torch.allclose(shown.std(0), torch.full((3,), 0.5).double(), atol=0.03) and shown.mean(0).abs().max() < 0.03
    assert torch.equal(real[:, 3:], x) and torch.equal(fake, torch.cat([z, g.net(z)], 1))
    # -log N(z; F(G(z)), s^2 I), but for the constant
    law = torch.distributions.Normal(g.reconstructor(g(z)), 0.5)
    missing = -law.log_prob(z).sum(1) - g.own_loss(z, g(z))
    assert torch.allclose(missing, missing[:1].expand(4000))
    with pytest.raises(ValueError, match="must be positive"):
        RandomReconstructingGenerator(nets["g"], nets["f"], 3, noise=0.0)


# Minibatch features -----------------------------------------------------------------------------------------------


def test_closeness_is_the_papers_sum():
    with seeded(0):
        layer = MinibatchDiscrimination(4, kernels=3, size=2).double()
    x = draw(6, 4)
    out = layer(x)
    assert out.shape == (6, 7) == (6, layer.outputs) and torch.equal(out[:, :4], x)
    matrices = layer.project(x).view(6, 3, 2)
    for i in range(6):
        for b in range(3):
            near = sum(torch.exp(-(matrices[i, b] - matrices[j, b]).abs().sum()) for j in range(6) if j != i)
            assert torch.allclose(out[i, 4 + b], near / 5)


def test_closeness_of_copies_is_one_and_of_strangers_zero():
    with seeded(0):
        layer = MinibatchDiscrimination(2, kernels=4).double()
    assert torch.allclose(layer.closeness(draw(1, 2).expand(9, 2)), torch.ones(9, 4, **DOUBLE))
    assert layer.closeness(1e4 * draw(9, 2)).max() < 1e-6


def test_spread_is_the_mean_standard_deviation():
    x = draw(6, 4)
    out = MinibatchSpread()(x)
    assert out.shape == (6, 5) and torch.equal(out[:, :4], x)
    assert torch.allclose(out[:, 4], x.std(0, correction=0).mean().expand(6))
    copies = draw(1, 4).expand(6, 4).clone().requires_grad_()
    spread = MinibatchSpread()(copies)[:, 4]
    assert (spread < 1e-3).all() and torch.isfinite(torch.autograd.grad(spread.sum(), copies)[0]).all()


@pytest.mark.parametrize("build", [lambda: MinibatchDiscrimination(4), MinibatchSpread])
def test_minibatch_layers_look_at_one_member_at_a_time(build):
    x = draw(3, 6, 4)
    whole = ensemble(build, 3).double()
    for i in range(3):
        with seeded(i):
            assert torch.allclose(whole(x)[i], build().double()(x[i]), rtol=1e-12)
    with pytest.raises(ValueError, match="two points or more"):
        build().double()(draw(1, 4))
