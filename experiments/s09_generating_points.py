"""Generating points on the line: p, p_g and D over training, frame by frame, and the distance that falls.

The smallest GAN there is to look at: one number of noise in, one point out. At every frame stand the density of
the generator's points (a histogram), the critic's D(x), and W1 to the truth, which on the line is exact: the mean
difference of sorted points from the truth's quantiles. Where the game settles, D is near 1/2 where the points are.
"""

import math

import numpy as np
import torch
from torch import nn

from coursekit.distributions import get
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval
from coursekit.gans import Critic, Generator
from coursekit.nets import MLP, ensemble
from coursekit.seeds import generator
from coursekit.training import fit_adversarial

SEEDS = range(8)
TARGETS = ["bimodal", "skewed", "claw"]
HIDDEN, LATENT, BATCH, RATE = [64, 64], 1, 256, 1e-3
STEPS, FRAMES, DRAWN = 4_000, 20, 10_000  # updates of both players together; frames are spaced by logarithms
LOW, HIGH, BINS = -4.0, 4.0, 80


class OnTheLine:
    """The target with points of shape (n, 1), as nets see them."""

    def __init__(self, name: str) -> None:
        self.target = get(name)

    def sample(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        return self.target.sample(n, generator=generator)[:, None].float()


def measure(seeds) -> Result:
    """Trains on every target, an ensemble over the seeds, and keeps the frames of the first member."""
    members = list(seeds)
    runs = {name: play(name, members) for name in TARGETS}
    first, last = ({name: one["w1"][i] for name, one in runs.items()} for i in (0, -1))
    floor = {
        name: np.array([w1(get(name).sample(DRAWN, generator=generator(900 + s)), name) for s in members])
        for name in TARGETS
    }
    half = {name: one["half"] for name, one in runs.items()}
    fell = {name: int((last[name] < first[name]).sum()) for name in TARGETS}
    return Result(
        measured="W1 to the truth, first frame to last, mean of seeds: "
        + ", ".join(f"{n} {first[n].mean():.2f} to {last[n].mean():.3f} (worst {last[n].max():.3f}; of the truth's own "
                    f"points {floor[n].mean():.3f})" for n in TARGETS)
        + "; fallen on " + ", ".join(f"{fell[n]} ({n})" for n in TARGETS) + f" of {len(members)} seeds; "
        + "mean |D - 1/2| at data at the end " + ", ".join(f"{half[n].mean():.3f} ({n})" for n in TARGETS),
        figures={
            **{f"{n}: first": float(first[n].mean()) for n in TARGETS},
            **{f"{n}: last": float(last[n].mean()) for n in TARGETS},
            **{f"{n}: truth's own points": float(floor[n].mean()) for n in TARGETS},
            **{f"{n}: |D - 1/2|": float(half[n].mean()) for n in TARGETS},
        },
        intervals={
            **{f"{n}: first": mean_interval(first[n]) for n in TARGETS},
            **{f"{n}: last": mean_interval(last[n]) for n in TARGETS},
        },
        gates={
            "W1 falls, on every target and seed": all(count == len(members) for count in fell.values()),
            "to less than a third of its start, on average": all(
                last[n].mean() < first[n].mean() / 3 for n in TARGETS),
            "nothing is nearer than the truth's own points, by more than 3 s.e.": all(
                last[n].mean() > floor[n].mean() - 3 * floor[n].std(ddof=1) / math.sqrt(len(members))
                for n in TARGETS),
        },
        data={
            "steps": frames(),
            "w1": {n: np.round(one["w1"], 4).tolist() for n, one in runs.items()},
            "frames": {n: one["frames"] for n, one in runs.items()},
            "x": np.round(np.linspace(LOW, HIGH, BINS + 1), 3).tolist(),
        },
    )  # fmt: skip


def frames() -> list[int]:
    """The updates at which a frame is kept."""
    return sorted({0, *np.geomspace(20, STEPS, FRAMES - 1).round().astype(int).tolist()})


def play(name: str, members: list[int]) -> dict:
    """W1 with shape (frames, S), the first member's p_g and D, and each member's mean |D - 1/2| at the end."""

    def build() -> nn.ModuleDict:
        return nn.ModuleDict({"g": MLP([LATENT, *HIDDEN, 1]), "d": MLP([1, *HIDDEN, 1])})

    nets = ensemble(build, members)
    g, d = Generator(nets["g"], LATENT, members), Critic(nets["d"])
    run = fit_adversarial(g, d, OnTheLine(name), steps=STEPS, batch=BATCH, learning_rate=RATE, members=members)
    seen, kept, edges = [], [], torch.linspace(LOW, HIGH, BINS + 1)
    grid = edges[:, None].expand(len(members), -1, -1)

    def look() -> None:
        x = g.sample(DRAWN, generator=generator(len(members))).squeeze(-1)
        seen.append([w1(points.double(), name) for points in x])
        density = torch.histogram(x[0], edges, density=False).hist / DRAWN / (edges[1] - edges[0])
        with torch.no_grad():
            kept.append({"p_g": np.round(density.tolist(), 3).tolist(),
                         "D": np.round(torch.sigmoid(d(grid))[0].tolist(), 3).tolist()})  # fmt: skip

    look()
    wanted = set(frames())
    for update in run:
        run.set_learning_rate(RATE * (1 - update.step / STEPS))
        if update.step in wanted:
            look()
    x = torch.stack([OnTheLine(name).sample(2_000, generator=generator(700 + s)) for s in members])
    with torch.no_grad():
        half = (torch.sigmoid(d(x)) - 0.5).abs().mean(-1)
    return {"w1": np.array(seen), "frames": kept, "half": half.double().numpy()}


_QUANTILES: dict[tuple[str, int], torch.Tensor] = {}


def w1(x: torch.Tensor, name: str) -> float:
    """Mean distance of sorted points with shape (n,) from the truth's quantiles in the middle of each 1/n."""
    n = len(x)
    if (name, n) not in _QUANTILES:
        _QUANTILES[name, n] = get(name).quantile((torch.arange(n, dtype=torch.float64) + 0.5) / n)
    return (x.sort().values - _QUANTILES[name, n]).abs().mean().item()
