"""The best critic on the line: D*(x) = p(x) / (p(x) + p_g(x)), and the game's value there, 2 JS(p, p_g) - log 4.

The generator stands still, with a density that is known; only the critic is trained, on fresh points of both. So what
it ends at can be held against the closed form, where there are points to learn from: p + p_g above 1 % of its peak.

Two pairs are smooth, and gated. The third, reported beside them, has a flank as steep as 1/17 of its width: there the
critic is a finite net with finite time, not the best there is.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from coursekit.distances import by_quadrature
from coursekit.distributions import NormalMixture1D, get
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval
from coursekit.gans import Critic, Generator, critic_error, critic_value, game_value, optimal_prob
from coursekit.nets import MLP, ensemble
from coursekit.nets.ensemble import unstack
from coursekit.training import fit_adversarial

SEEDS = range(8)
# The generator's points are N(mean, scale^2); data are a distribution with a name.
PAIRS = {"bimodal": (1.0, 1.0), "gap": (0.0, 4.0), "skewed": (-1.0, 1.5)}
SMOOTH = ["bimodal", "gap"]
HIDDEN, STEPS, BATCH, RATE = [48, 48], 3_000, 768, 4e-3
LOW, HIGH = -25.0, 25.0


class OnTheLine:
    """The target with points of shape (n, 1), as nets see them."""

    def __init__(self, name: str) -> None:
        self.target = get(name)

    def sample(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        return self.target.sample(n, generator=generator)[:, None].float()


def measure(seeds) -> Result:
    """Trains the critic of every pair, an ensemble over the seeds, and holds it against the closed form."""
    members, runs, theory = list(seeds), {}, {}
    for name, (mean, scale) in PAIRS.items():
        p, p_g = get(name), NormalMixture1D([1.0], [mean], [scale])
        value = game_value(p, p_g, low=LOW, high=HIGH).item()
        js = by_quadrature("jensen_shannon", p, p_g, low=LOW, high=HIGH).item()
        theory[name] = {"value": value, "js": js, "off": abs(value - (2 * js - math.log(4)))}
        runs[name] = against(train(name, mean, scale, members), p, p_g, len(members)) | {"theory": value}
    error = {name: one["error"] for name, one in runs.items()}
    short = {name: theory[name]["value"] - one["value"] for name, one in runs.items()}
    return Result(
        measured="; ".join(
            f"{name} against N({mean:g}, {scale:g}^2): max |D - D*| {error[name].max():.3f} in the worst of "
            f"{len(members)} seeds, value {runs[name]['value'].mean():.4f} of {theory[name]['value']:.4f}"
            for name, (mean, scale) in PAIRS.items()
        )
        + f"; the value is 2 JS - log 4 to {max(t['off'] for t in theory.values()):.0e}",
        figures={
            **{f"{n}: largest error": float(v.max()) for n, v in error.items()},
            **{f"{n}: error": float(v.mean()) for n, v in error.items()},
            **{f"{n}: short of the value": float(v.mean()) for n, v in short.items()},
            **{f"{n}: value at D*": one["value"] for n, one in theory.items()},
            **{f"{n}: JS": one["js"] for n, one in theory.items()},
        },
        intervals={
            **{f"{n}: error": mean_interval(v) for n, v in error.items()},
            **{f"{n}: short of the value": mean_interval(v) for n, v in short.items()},
        },
        gates={
            "smooth pairs: max |D - D*| < 0.05 where p + p_g > 1 % of its peak": 
                all((error[n] < 0.05).all() for n in SMOOTH),
            "smooth pairs: value within 0.02": all((np.abs(short[n]) < 0.02).all() for n in SMOOTH),
            "no critic is above the value at D*": all((v > -1e-5).all() for v in short.values()),
            "the value at D* is 2 JS - log 4, to 1e-6": all(t["off"] < 1e-6 for t in theory.values()),
        },
        data={
            "error": {n: np.round(v, 4).tolist() for n, v in error.items()},
            "value": {n: np.round(one["value"], 5).tolist() for n, one in runs.items()},
            "curves": {n: one["curves"] for n, one in runs.items()},
            "steps": STEPS, "batch": BATCH, "hidden": HIDDEN,
        },
    )  # fmt: skip


def train(name: str, mean: float, scale: float, members: list[int]) -> Critic:
    """Critics, one a member, of a generator that stands still: it is never its turn."""

    def build() -> nn.ModuleDict:
        shift = nn.Linear(1, 1)
        with torch.no_grad():
            shift.weight.fill_(scale)
            shift.bias.fill_(mean)
        return nn.ModuleDict({"g": shift, "d": MLP([1, *HIDDEN, 1])})

    nets = ensemble(build, members)
    critic = Critic(nets["d"])
    run = fit_adversarial(Generator(nets["g"], 1, members), critic, OnTheLine(name), steps=STEPS, batch=BATCH, k=STEPS,
                          learning_rate=RATE, betas=(0.9, 0.999), members=members)  # fmt: skip
    for update in run:
        run.set_learning_rate(RATE * (1 - update.step / STEPS))
    return critic


def against(critic: Critic, p, p_g, members: int) -> dict:
    """Each member's error and value, and the first one's curve."""
    solo = [member_of(critic, i) for i in range(members)]
    x = torch.linspace(LOW, HIGH, 10_001, dtype=torch.float64)
    shown = torch.linspace(-6, 6, 121, dtype=torch.float64)
    return {
        "error": np.array([critic_error(one, p, p_g, x).item() for one in solo]),
        "value": np.array([critic_value(one, p, p_g, low=LOW, high=HIGH).item() for one in solo]),
        "curves": {
            "x": np.round(shown, 3).tolist(),
            "D": np.round(torch.sigmoid(solo[0](shown)), 4).tolist(),
            "best": np.round(optimal_prob(p, p_g, shown), 4).tolist(),
        },
    }


def member_of(critic: Critic, index: int) -> Callable[[torch.Tensor], torch.Tensor]:
    """One member as a function of points with shape (n,), in double precision."""
    solo = Critic(MLP([1, *HIDDEN, 1])).double()
    solo.load_state_dict(unstack(critic, index))

    @torch.no_grad()
    def logits(x: torch.Tensor) -> torch.Tensor:
        return solo(x[:, None])

    return logits
