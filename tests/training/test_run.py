"""Training runs: resumable to the bit, ensembles equal to solo runs, frozen players, guards, controls, snapshots."""

import threading

import pytest
import torch
from torch import nn

from coursekit.distributions import NormalMixture
from coursekit.nets import MLP, ensemble
from coursekit.seeds import seeded
from coursekit.training import Diverged, Player, Run, Snapshots, fit_likelihood, load_run, progress, save_run

DATA = NormalMixture([0.5, 0.5], [[-1.0, 0.0], [1.0, 0.5]], scales=[0.3, 0.3])


class Gaussian(nn.Module):
    """A diagonal Gaussian whose mean passes through a net, to have something to train."""

    def __init__(self):
        super().__init__()
        self.net = MLP([1, 8, 4], "tanh")

    def log_prob(self, x):
        out = self.net(torch.ones(*x.shape[:-1], 1, dtype=x.dtype))
        mean, log_scale = out.chunk(2, -1)
        return torch.distributions.Normal(mean, log_scale.exp()).log_prob(x).sum(-1)


class Game(Run):
    """Two players on x and y, D twice as often as G."""

    def __init__(self, members=None, **options):
        nets = ensemble(lambda: nn.ModuleDict({"d": MLP([2, 8, 1]), "g": MLP([2, 8, 2])}), members).double()
        players = {k: Player(nets[k], torch.optim.Adam(nets[k].parameters(), lr=1e-2)) for k in "dg"}
        super().__init__(players, members=members, **options)
        self.k, self.done = 2, 0

    def turn(self):
        return "d" if self.done < self.k else "g"

    def loss(self, player):
        self.done = self.done + 1 if player == "d" else 0
        d, g = self.players["d"].module, self.players["g"].module
        fake = g(self.normal(16, 2, dtype=torch.float64))
        score = d(fake).mean((-1, -2)) - d(self.draw(DATA, 16)).mean((-1, -2))
        return (score if player == "d" else -score), {"score": score}

    def extra_state(self):
        return {"k": self.k, "done": self.done}

    def load_extra_state(self, state):
        self.k, self.done = state["k"], state["done"]


def game(seed=0, steps=30, **options):
    with seeded(seed):
        return Game(steps=steps, seed=seed, **options)


def weights(run):
    return torch.cat([p.detach().flatten() for one in run.players.values() for p in one.parameters()])


def test_two_runs_are_the_same_and_other_seeds_differ():
    a, b, c = game(0), game(0), game(1)
    for run in (a, b, c):
        list(run)
    assert torch.equal(weights(a), weights(b)) and not torch.equal(weights(a), weights(c))


@pytest.mark.parametrize("members", [None, 3])
def test_a_run_goes_on_as_if_it_had_never_stopped(members, tmp_path):
    whole = game(members=members)
    losses = [u.metrics["loss"] for u in whole]
    half = game(members=members)
    first = [next(half).metrics["loss"] for _ in range(13)]
    path = save_run(half, tmp_path / "run")
    again = load_run(game(7, members=members), path)
    rest = [u.metrics["loss"] for u in again]
    assert torch.equal(torch.stack(losses), torch.stack(first + rest)) and torch.equal(weights(whole), weights(again))


def test_going_back_repeats_the_same_updates():
    run = game()
    for _ in range(5):
        next(run)
    state = run.state_dict()
    once = [next(run).metrics["loss"] for _ in range(10)]
    run.load_state_dict(state)
    assert run.step == 5
    assert torch.equal(torch.stack(once), torch.stack([next(run).metrics["loss"] for _ in range(10)]))


@pytest.mark.parametrize("clip", [None, 0.05])
def test_member_i_is_the_solo_run_of_seed_i(clip):
    whole = game(members=3, clip=clip)
    losses = torch.stack([u.metrics["loss"] for u in whole])
    for i in range(3):
        with seeded(i):
            solo = Game(steps=30, seed=i, clip=clip)
        own = torch.stack([u.metrics["loss"] for u in solo])
        assert torch.allclose(losses[:, i], own, rtol=1e-8, atol=1e-10)


def test_the_frozen_player_does_not_change():
    run = game()
    order = []
    for _ in range(9):
        before = {k: [p.detach().clone() for p in one.parameters()] for k, one in run.players.items()}
        player = next(run).player
        order.append(player)
        for name, one in run.players.items():
            same = all(torch.equal(a, b) for a, b in zip(before[name], one.parameters(), strict=True))
            assert same == (name != player)
    assert order == list("ddgddgddg")


def test_metrics_are_detached_and_unread():
    update = next(game(members=2))
    assert update.metrics["loss"].shape == (2,) and not update.metrics["score"].requires_grad


class Bursts(Run):
    """The loss of chosen members is NaN from a chosen step on."""

    def __init__(self, broken, at, members=None, **options):
        net = ensemble(lambda: MLP([1, 1]), members)
        super().__init__({"model": Player(net, torch.optim.Adam(net.parameters(), lr=0.1))}, members=members, **options)
        self.net, self.broken, self.at = net, broken, at

    def loss(self, player):
        out = self.net(torch.ones(*([self.members] if self.members else []), 4, 1)).square().mean((-1, -2))
        bad = torch.zeros_like(out)
        if self.step >= self.at:
            bad = torch.where(torch.tensor(self.broken), torch.nan, bad) if self.members else bad + torch.nan
        return out + bad * out, {}


def test_divergence_stops_with_a_sentence_and_keeps_the_last_good_parameters():
    run = Bursts(None, 3, steps=10)
    for _ in range(3):
        next(run)
    before = weights(run)
    with pytest.raises(Diverged, match=r"update 3.*'model'.*smaller learning rate \(now 0.1\)"):
        next(run)
    assert torch.equal(weights(run), before) and run.step == 3


def test_one_member_that_diverges_is_frozen_and_the_others_go_on():
    run, free = Bursts([False, True, False], 3, members=3, steps=8), Bursts([False] * 3, 99, members=3, steps=8)
    for i, _ in enumerate(run):
        next(free)
        if i == 2:
            kept = run.net.layers[0].weight[1].detach().clone()
    assert run.diverged == {1: 3}
    assert torch.equal(run.net.layers[0].weight[1], kept) and torch.isfinite(weights(run)).all()
    for i in (0, 2):
        assert torch.allclose(run.net.layers[0].weight[i], free.net.layers[0].weight[i])
    with pytest.raises(Diverged, match="all 2 members"):
        list(Bursts([True, True], 0, members=2, steps=3))


def test_controls_act_from_the_next_update_on():
    run = game()
    next(run)
    run.set_learning_rate(0.0)
    before = weights(run)
    list(run)
    assert torch.equal(weights(run), before) and run.learning_rate("g") == 0.0
    run = game()
    run.set_learning_rate(0.5, "g")
    assert run.learning_rate("g") == 0.5 and run.learning_rate("d") == 1e-2
    with pytest.raises(ValueError, match="learning rate"):
        run.set_learning_rate(float("nan"))


def test_pause_resume_and_stop_from_another_thread():
    run = game(steps=10_000)
    run.pause()
    worker = threading.Thread(target=lambda: [None for _ in run])
    worker.start()
    worker.join(0.2)
    assert worker.is_alive() and run.step == 0
    run.resume()
    while run.step == 0:
        worker.join(0.01)
    run.stop()
    worker.join(10)
    assert not worker.is_alive() and 0 < run.step < 10_000


def test_a_state_of_another_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match="belongs to another run"):
        game().load_state_dict(game(members=2).state_dict())
    with pytest.raises(ValueError, match="belongs to another run"):
        game().load_state_dict(Bursts(None, 9, steps=1).state_dict())
    with pytest.raises(FileNotFoundError, match="no saved run"):
        load_run(game(), tmp_path / "none")
    (tmp_path / "bad.safetensors").write_bytes(b"rubbish")
    with pytest.raises(ValueError, match="damaged"):
        load_run(game(), tmp_path / "bad")


def test_maximum_likelihood_finds_the_moments():
    with seeded(0):
        model = Gaussian().double()
    list(fit_likelihood(model, DATA, steps=400, learning_rate=2e-2, batch=512))
    mean, log_scale = model.net(torch.ones(1, 1, dtype=torch.float64)).detach().chunk(2, -1)
    assert torch.allclose(mean, torch.tensor([[0.0, 0.25]], dtype=torch.float64), atol=0.05)
    truth = torch.tensor([[1.09, 0.3**2 + 0.25**2]], dtype=torch.float64).sqrt()
    assert torch.allclose(log_scale.exp(), truth, rtol=0.05)


def test_snapshots_stay_few_and_spread_out():
    run = game(steps=100)
    shots = Snapshots(run, lambda r: r.step, capacity=10, rewind=True)
    shots()
    for _ in run:
        shots()
    assert len(shots.steps) <= 10 and shots.steps[0] == 0 and shots.steps[-1] >= 90
    gaps = {b - a for a, b in zip(shots.steps, shots.steps[1:], strict=False)}
    assert len(gaps) == 1
    step, picture = shots.at(50)
    assert step == picture <= 50 and shots.at(0) == (0, 0)
    after = weights(run)
    assert shots.rewind_to(50) == step == run.step and shots.steps[-1] == step
    list(run)
    assert torch.equal(weights(run), after)


def test_snapshots_say_what_is_missing():
    shots = Snapshots(game(), lambda r: r.step)
    with pytest.raises(ValueError, match="no snapshot"):
        shots.at(3)
    shots()
    with pytest.raises(ValueError, match="rewind=True"):
        shots.rewind_to(0)


def test_progress_shows_losses_and_passes_updates_on(capsys):
    run = game(steps=20)
    assert [u.step for u in progress(run, "a game", show=True)] == list(range(1, 21))
    words = capsys.readouterr().err
    assert "a game" in words and "d=" in words and "20/20" in words
    list(progress(game(steps=5), show=False))
    assert capsys.readouterr().err == ""


def test_len_counts_what_is_left():
    run = game(steps=5)
    next(run)
    assert len(run) == 4
