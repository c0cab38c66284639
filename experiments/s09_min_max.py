"""min max is not max min: a generator on the inside puts all its mass on one point.

Data are probabilities p on a few points, the generator is a softmax over them, the critic a logit each, and
V = sum_i p_i log sigmoid(d_i) + g_i log sigmoid(-d_i). Both nestings are played with inner loops of many small steps,
as a net would be trained, and held against the closed forms. Then both games are played to the end.

Of the values: a generator that may mix points has the same in both orders, -log 4. One that can make a single point
only has not.
"""

import math

import numpy as np
import torch
from torch import Tensor

from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval
from coursekit.gans import order_of_play
from coursekit.seeds import generator

SEEDS = range(8)
POINTS = 8
CRITICS = 20  # random ones a seed, for the inner loops
INNER, OUTER = 4_000, 2_000


def measure(seeds) -> Result:
    """Plays both nestings for probabilities of data drawn by each seed."""
    runs = [run(seed) for seed in seeds]
    column = {name: np.array([one[name] for one in runs]) for name in runs[0] if name not in ("p", "visits")}
    mean = {name: float(values.mean()) for name, values in column.items()}
    value = -math.log(4)
    return Result(
        measured=f"inner loop of the generator: {mean['largest']:.6f} of its mass on one point, smallest "
        f"{column['largest_least'].min():.4f}, which is where the critic is highest on {mean['there']:.1%} of critics; "
        f"inner loop of the critic: within {column['critic'].max():.0e} of log p - log g. Played to the end: critic "
        f"inside, total variation to p {column['inside_d'].max():.4f} at most; generator inside, one point at a time, "
        f"{mean['inside_g']:.3f} from p on average, jumping in {mean['jumps']:.0%} of steps (over time it is at each "
        f"point as often as p says, to {mean['visited']:.3f}). Values: mixing {mean['value_d']:.4f} and "
        f"{mean['value_g']:.4f} (-log 4 = {value:.4f}); one point only {mean['one_min_max']:.3f} and "
        f"{mean['value_g']:.3f}",
        figures=mean,
        intervals={name: mean_interval(values) for name, values in column.items()},
        gates={
            "generator inside: at least 99 % of the mass on one point, for nine critics of ten":
                bool((column["largest_tenth"] > 0.99).all()),
            "and it is the point where the critic is highest": bool((column["there"] == 1).all()),
            "critic inside: its inner loop finds log p - log g": bool((column["critic"] < 1e-3).all()),
            "critic inside: the generator ends at p": bool((column["inside_d"] < 0.01).all()),
            "generator inside: never nearer to p than one point can be":
                bool((column["inside_g_least"] >= column["one_point_tv"] - 1e-9).all()),
            "mixing: both orders reach -log 4, to 0.01": bool(
                (np.abs(column["value_d"] - value) < 0.01).all() and (np.abs(column["value_g"] - value) < 0.01).all()),
            "one point only: min max is above max min by more than 0.1":
                bool((column["one_min_max"] > column["value_g"] + 0.1).all()),
        },
        data={"p": [one["p"] for one in runs], "visits": [one["visits"] for one in runs], "points": POINTS,
              "critics": CRITICS, "inner": INNER, "outer": OUTER},
    )  # fmt: skip


def run(seed: int) -> dict[str, float]:
    """All figures for one p."""
    source = generator(seed)
    p = torch.rand(POINTS, generator=source, dtype=torch.float64) + 0.2
    p = p / p.sum()
    d = torch.randn(CRITICS, POINTS, generator=source, dtype=torch.float64)
    g = generator_loop(d)
    random_g = torch.randn(CRITICS, POINTS, generator=source, dtype=torch.float64).softmax(-1)
    best = torch.stack([order_of_play.best_critic(p, one) for one in random_g])
    inside_d = order_of_play.critic_inside(p, steps=OUTER)[-1]
    inside_g = order_of_play.generator_inside(p, steps=OUTER)
    off = (inside_g - p).abs().sum(-1) / 2
    return {
        "largest": g.amax(-1).mean().item(),
        "largest_least": g.amax(-1).min().item(),
        "largest_tenth": g.amax(-1).quantile(0.1).item(),
        "there": (g.argmax(-1) == d.argmax(-1)).double().mean().item(),
        "critic": (critic_loop(p, random_g) - best).abs().max().item(),
        "inside_d": (inside_d - p).abs().sum().item() / 2,
        "inside_g": off.mean().item(),
        "inside_g_least": off.min().item(),
        "one_point_tv": 1 - p.max().item(),
        "jumps": (inside_g[1:] != inside_g[:-1]).any(-1).double().mean().item(),
        "visited": (inside_g.mean(0) - p).abs().sum().item() / 2,
        "value_d": order_of_play.max_over_critics(p, inside_d).item(),
        "value_g": value_of_ascent(p),
        "one_min_max": single_point(p),
        "p": p.tolist(),
        "visits": inside_g.mean(0).tolist(),
    }


def generator_loop(d: Tensor, rate: float = 1.0) -> Tensor:
    """The generator's answers to fixed critics by small steps: its scores move against dV/dg (mirror descent)."""
    scores = torch.zeros_like(d)
    for _ in range(INNER):
        scores = scores - rate * torch.nn.functional.logsigmoid(-d)
    return scores.softmax(-1)


def critic_loop(p: Tensor, g: Tensor) -> Tensor:
    """The critic's answers to fixed generators by small steps up the slope p sigmoid(-d) - g sigmoid(d)."""
    d = torch.zeros_like(g)
    for _ in range(3 * INNER):
        d = d + 3.0 * (p * torch.sigmoid(-d) - g * torch.sigmoid(d))
    return d


def value_of_ascent(p: Tensor) -> float:
    """max_d min_g V as found by the critic's ascent on min_g V with shrinking steps."""
    d, best = torch.zeros_like(p) + 1.0, -math.inf
    for step in range(OUTER):
        g = order_of_play.best_generator(d)
        best = max(best, order_of_play.value(p, g, d).item())
        d = d + 5 / (1 + step) ** 0.7 * (p * torch.sigmoid(-d) - g * torch.sigmoid(d))
    return best


def single_point(p: Tensor) -> float:
    """min max of a generator that can make one point only: the best of its points, each with the critic at its best."""
    return min(order_of_play.max_over_critics(p, one).item() for one in torch.eye(len(p), dtype=p.dtype))
