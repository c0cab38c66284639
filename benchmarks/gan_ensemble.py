"""Eight GANs of the plane as one ensemble against one alone: seconds for an update.

Both nets have three hidden layers of 64. Goal: eight members cost at most three times one, so that figures over seeds
stay affordable.
"""

import sys

import torch
from _ratio import compare, seconds
from torch import nn

from coursekit.distributions import get
from coursekit.gans import Critic, Generator
from coursekit.nets import MLP, ensemble
from coursekit.training import fit_adversarial

MEMBERS, BATCH, UPDATES = 8, 256, 20
HIDDEN = [64, 64, 64]


def game(members: int | None):
    """A game on grid-25, of one solo pair of nets or of several as an ensemble."""
    nets = ensemble(lambda: nn.ModuleDict({"g": MLP([2, *HIDDEN, 2]), "d": MLP([2, *HIDDEN, 1])}), members)
    g, d = Generator(nets["g"], 2, members), Critic(nets["d"])
    return fit_adversarial(g, d, get("grid-25", dtype=torch.float32), steps=10**9, batch=BATCH, members=members)


def pull(run) -> None:
    for _ in range(UPDATES):
        next(run)


def main() -> int:
    one, eight = game(None), game(MEMBERS)
    met = compare(
        f"2-D GAN 3x64, batch {BATCH}: {UPDATES} updates of {MEMBERS} members against one",
        lambda: seconds(lambda: pull(eight)),
        lambda: seconds(lambda: pull(one)),
        goal=3.0,
        repeats=9,
        packages=("torch",),
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
