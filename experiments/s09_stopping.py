"""When to stop: do the losses of a game tell how good its samples are?

For each objective a game on the line is looked at over its whole training: the losses of both players (means of the
updates since the look before) and W1 of the samples to the truth. If a loss told, it would rise and fall with W1, and
Spearman's rank correlation of the two over training would be near 1. It is taken in each run alone, then over seeds.

Early on everything changes at once, so a correlation may say no more than "training has begun". It is therefore taken
a second time over the second half of the looks, where one has to decide whether to stop.

A correlation with a noisy W1 would be small for that reason alone. So W1 is measured twice at each look, on samples of
their own; the two must rank the looks alike.
"""

import numpy as np
import torch
from scipy import stats
from torch import nn

from coursekit.distributions import get
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval
from coursekit.gans import Critic, Generator
from coursekit.nets import MLP, ensemble
from coursekit.seeds import generator
from coursekit.training import fit_adversarial

SEEDS = range(8)
TARGET = "bimodal"
# Objective -> updates of the critic for each of the generator.
GAMES = {"saturating": 1, "non_saturating": 1, "lsgan": 1, "hinge": 1, "wgan": 5, "wgan-gp": 5}
UPDATES, LOOKS = 1_000, 25  # of the generator; looks at equal distances
HIDDEN, LATENT, BATCH, RATE, DRAWN = [32, 32], 1, 128, 1e-3, 10_000
WHO = {"g": "generator", "d": "critic"}
PARTS = {"whole": slice(None), "second half": slice(LOOKS // 2, None)}


class OnTheLine:
    """The target with points of shape (n, 1), as nets see them."""

    def sample(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        return get(TARGET).sample(n, generator=generator)[:, None].float()


def measure(seeds) -> Result:
    """Plays every game, an ensemble over the seeds, and correlates losses with W1."""
    members = list(seeds)
    seen = {name: play(name, k, members) for name, k in GAMES.items()}
    rank = {
        (name, who, part): np.array(
            [spearman(one[who][PARTS[part], i], one["w1"][PARTS[part], i]) for i in range(len(members))]
        )
        for name, one in seen.items()
        for who in WHO
        for part in PARTS
    }
    steady = np.array(
        [spearman(one["w1"][:, i], one["again"][:, i]) for one in seen.values() for i in range(len(members))]
    )
    late = np.array([spearman(one["w1"][PARTS["second half"], i], one["again"][PARTS["second half"], i])
                     for one in seen.values() for i in range(len(members))])  # fmt: skip
    dead = {name: int(sum((np.ptp(one[who][PARTS["second half"]], axis=0) == 0) for who in WHO).astype(bool).sum())
            for name, one in seen.items()}  # fmt: skip
    interval = {key: mean_interval(values) for key, values in rank.items()}
    tells = [key for key in rank if key[2] == "second half" and interval[key][0] > 0]
    return Result(
        measured="rank correlation of loss and W1 over training, generator | critic, mean of seeds: "
        + "; ".join(
            f"{name} {rank[name, 'g', 'whole'].mean():+.2f} | {rank[name, 'd', 'whole'].mean():+.2f} (second half "
            f"{rank[name, 'g', 'second half'].mean():+.2f} | {rank[name, 'd', 'second half'].mean():+.2f}, W1 at the "
            f"end {one['w1'][-1].mean():.2f})"
            for name, one in seen.items()
        )
        + ". In the second half the whole interval is above 0 for "
        + (", ".join(f"the {WHO[who]} of {name}" for name, who, _ in tells) or "none")
        + (f"; a loss stands still there in {sum(dead.values())} of {len(GAMES) * len(members)} runs and counts as 0"
           if any(dead.values()) else ""),
        figures={
            **{f"{n}: {WHO[who]}, {part}": float(v.mean()) for (n, who, part), v in rank.items()},
            **{f"{n}: W1 at the end": float(one["w1"][-1].mean()) for n, one in seen.items()},
            **{f"{n}: runs in which a loss stands still": float(v) for n, v in dead.items()},
            "W1 against itself": float(steady.mean()),
            "W1 against itself, second half": float(late.mean()),
        },
        intervals={f"{n}: {WHO[who]}, {part}": interval[n, who, part] for n, who, part in rank},
        gates={
            "W1 measured twice ranks the looks alike: above 0.9 on average": float(steady.mean()) > 0.9,
            "no run diverged": all(not one["diverged"] for one in seen.values()),
        },
        data={
            n: {"w1": np.round(one["w1"], 4).tolist(), **{WHO[who]: np.round(one[who], 4).tolist() for who in WHO}}
            for n, one in seen.items()
        },
    )  # fmt: skip


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Rank correlation over the looks; 0 where one of the two stands still, as then it tells nothing of the other."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(stats.spearmanr(a, b).statistic)


def play(name: str, k: int, members: list[int]) -> dict:
    """Mean losses and W1 (twice) at every look: (looks, S) each."""

    def build() -> nn.ModuleDict:
        return nn.ModuleDict({"g": MLP([LATENT, *HIDDEN, 1]), "d": MLP([1, *HIDDEN, 1])})

    nets = ensemble(build, members)
    g = Generator(nets["g"], LATENT, members)
    run = fit_adversarial(g, Critic(nets["d"]), OnTheLine(), name, steps=UPDATES * (k + 1), batch=BATCH, k=k,
                          learning_rate=RATE, members=members)  # fmt: skip
    seen: dict[str, list] = {"w1": [], "again": [], "g": [], "d": []}
    since: dict[str, list] = {"g": [], "d": []}
    every = UPDATES * (k + 1) // LOOKS
    for update in run:
        since[update.player].append(update.metrics["loss"])
        if update.step % every == 0 and len(seen["w1"]) < LOOKS:
            for who, losses in since.items():
                seen[who].append(torch.stack(losses).mean(0).tolist())
                losses.clear()
            for what, seed in (("w1", update.step), ("again", update.step + 10**6)):
                x = g.sample(DRAWN, generator=generator(seed)).squeeze(-1).double()
                seen[what].append([w1(points) for points in x])
    return {what: np.array(values) for what, values in seen.items()} | {"diverged": run.diverged}


_QUANTILES: dict[int, torch.Tensor] = {}


def w1(x: torch.Tensor) -> float:
    """Mean distance of sorted points with shape (n,) from the truth's quantiles in the middle of each 1/n."""
    n = len(x)
    if n not in _QUANTILES:
        _QUANTILES[n] = get(TARGET).quantile((torch.arange(n, dtype=torch.float64) + 0.5) / n)
    return (x.sort().values - _QUANTILES[n]).abs().mean().item()
