"""The alternating loop: while one player moves, the other stands still, to the last bit.

Every objective is played for a few updates with k = 1, 2 and 5 critic updates for each of the generator. After each
update all numbers of the player that had to stand still (parameters and the optimiser's memory) are compared with what
they were before. The loop is also written down by hand, as short as it can be, and must give the same nets.
"""

import torch
from torch import nn

from coursekit.distributions import get
from coursekit.evaluation.experiment import Result
from coursekit.gans import OBJECTIVES, Critic, Generator
from coursekit.nets import MLP
from coursekit.seeds import generator, seeded
from coursekit.training import fit_adversarial

SEEDS = range(8)
GAMES = [name for name, one in OBJECTIVES.items() if not one.of_features and name != "veegan"]
KS = [1, 2, 5]
UPDATES, BATCH, RATE, LATENT = 18, 32, 1e-3, 2
BETAS = (0.5, 0.999)


def measure(seeds) -> Result:
    """Watches every update of every game, and compares the loop with one written by hand."""
    watched = [watch(name, k, unroll, seed) for seed in seeds for name, k, unroll in settings()]
    moved, stood, turns = (sum(one[i] for one in watched) for i in range(3))
    updates = UPDATES * len(watched)
    same = [by_hand(k, seed) for seed in seeds for k in KS]
    return Result(
        measured=f"{len(GAMES)} objectives with k = {', '.join(map(str, KS))}, and one that looks 3 steps ahead, "
        f"{len(seeds)} seeds: the frozen player was the same to the last bit after {stood} of {updates} updates, the "
        f"other had moved after {moved}; {turns} of {updates} in the order D x k, G. The loop by hand gives the same "
        f"nets, bit by bit, in {sum(same)} of {len(same)} games",
        figures={"updates": float(updates), "stood_still": float(stood), "moved": float(moved),
                 "in_order": float(turns), "same_by_hand": float(sum(same)), "by_hand": float(len(same))},
        gates={
            "the frozen player does not change, exactly": stood == updates,
            "the other one moves": moved == updates,
            "k updates of the critic, then one of the generator": turns == updates,
            "the loop written by hand gives the same nets, exactly": all(same),
        },
    )  # fmt: skip


def settings() -> list[tuple[str, int, int]]:
    """(objective, k, steps ahead)."""
    return [(name, k, 0) for name in GAMES for k in KS] + [("non_saturating", 1, 3)]


def players(seed: int) -> tuple[Generator, Critic]:
    """Fresh nets of a seed, for the plane."""
    with seeded(seed):
        return Generator(MLP([LATENT, 16, 16, 2]), LATENT), Critic(MLP([2, 16, 16, 1]))


def numbers(player) -> list[torch.Tensor]:
    """All that a player consists of, copied: parameters, buffers, and Adam's memory."""
    memory = [v for one in player.optimiser.state.values() for v in one.values() if isinstance(v, torch.Tensor)]
    return [v.detach().clone() for v in [*player.module.state_dict().values(), *memory]]


def equal(before: list[torch.Tensor], after: list[torch.Tensor]) -> bool:
    return len(before) == len(after) and all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def watch(name: str, k: int, unroll: int, seed: int) -> tuple[int, int, int]:
    """After how many updates the mover had moved, the other one stood still, and it was the right one's turn."""
    data = get("ring-8", dtype=torch.float32)
    run = fit_adversarial(*players(seed), data, name, steps=UPDATES, batch=BATCH, k=k, unroll=unroll, seed=seed,
                          learning_rate=RATE, clip=1.0)  # fmt: skip
    moved = stood = turns = 0
    for step in range(UPDATES):
        before = {who: numbers(player) for who, player in run.players.items()}
        mover = next(run).player
        other = "g" if mover == "d" else "d"
        after = {who: numbers(player) for who, player in run.players.items()}
        moved += not equal(before[mover], after[mover])
        stood += equal(before[other], after[other])
        turns += mover == ("g" if step % (k + 1) == k else "d")
    return moved, stood, turns


def by_hand(k: int, seed: int) -> bool:
    """The alternating algorithm on one page; whether the library's loop ends at the same nets."""
    data = get("ring-8", dtype=torch.float32)
    (g, d), source = players(seed), generator(seed)
    adam_g = torch.optim.Adam(g.parameters(), RATE, BETAS)
    adam_d = torch.optim.Adam(d.parameters(), RATE, BETAS)
    softplus = nn.functional.softplus
    for step in range(UPDATES):
        z = torch.randn(BATCH, LATENT, generator=source)
        x = data.sample(BATCH, generator=source)
        if step % (k + 1) < k:
            loss = (softplus(-d(x)) + softplus(d(g(z).detach()))).mean()
            adam_d.zero_grad()
            loss.backward()
            adam_d.step()
        else:
            loss = softplus(-d(g(z))).mean()
            adam_g.zero_grad()
            loss.backward()
            adam_g.step()
    run = fit_adversarial(*players(seed), data, steps=UPDATES, batch=BATCH, k=k, seed=seed, learning_rate=RATE,
                          betas=BETAS)  # fmt: skip
    for _ in run:
        pass
    ours = [*g.state_dict().values(), *d.state_dict().values()]
    theirs = [v for who in ("g", "d") for v in run.players[who].module.state_dict().values()]
    return equal(ours, theirs)
