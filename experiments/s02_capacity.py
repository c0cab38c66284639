"""How large must the nets of a GAN be? Width times depth, and the distance of what comes out from the truth.

On the line the distance is exact: W1, the least average way that samples have to be carried to become the truth, is the
area between the two quantile functions,

    W1 = int_0^1 |F_n^-1(u) - F^-1(u)| du        with F_n^-1(u) = x_(i) for u in ((i - 1) / n, i / n]

(Vallender 1974). So sorted samples and the truth's quantiles are all that is needed. Samples of the truth itself are
not at distance 0 but, since F_n(x) is normal around F(x), on average at sqrt(2 / (pi n)) int sqrt(F (1 - F)) dx. That
floor is measured too, and checks the measurement.

On the target "gap" stands beside it what is left where a generator serves one of the two modes alone: no capacity helps
against a game that has lost a mode.
"""

import math

import numpy as np
import torch
from torch import nn

from coursekit.distributions import NormalMixture1D, get
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval, wins
from coursekit.gans import Critic, Generator
from coursekit.nets import MLP, ensemble
from coursekit.seeds import generator
from coursekit.training import fit_adversarial

SEEDS = range(8)
TARGETS = ["bimodal", "claw", "gap"]
WIDTHS, DEPTHS = [4, 16, 64], [1, 2, 3]  # of both nets
STEPS, BATCH, RATE, LATENT = 3_000, 128, 1e-3, 1  # updates of both players together
DRAWN, OWN = 10_000, 100  # samples of a net; sets of so many samples of the truth itself
WITHIN = 4  # places within a step of F_n^-1 at which F^-1 is looked up


class OnTheLine:
    """The target with points of shape (n, 1), as nets see them."""

    def __init__(self, name: str) -> None:
        self.target = get(name)

    def sample(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        return self.target.sample(n, generator=generator)[:, None].float()


def measure(seeds) -> Result:
    """Trains every size on every target, an ensemble over the seeds each; W1 of its samples to the truth."""
    members = list(seeds)
    table = {t: {size: distances(t, size, members) for size in sizes()} for t in TARGETS}
    floor = {
        t: np.array([w1(get(t).sample(DRAWN, generator=generator(900 + i)), t) for i in range(OWN)]) for t in TARGETS
    }
    off = {t: (v.mean() - expected_floor(t)) / (v.std(ddof=1) / len(v) ** 0.5) for t, v in floor.items()}
    shifted = max(abs(w1(get(t).sample(DRAWN, generator=generator(0)) + 10.0, t) - 10.0) for t in TARGETS)
    small, large = (WIDTHS[0], DEPTHS[0]), (WIDTHS[-1], DEPTHS[-1])
    won = {t: wins(table[t][small], table[t][large]) for t in TARGETS}
    one_mode = w1(larger_mode().sample(DRAWN, generator=generator(0)), "gap")
    lost = {size: int((values > 0.9 * one_mode).sum()) for size, values in table.get("gap", {}).items()}
    return Result(
        measured="W1 to the truth, mean over seeds, by width x depth: "
        + "; ".join(
            f"{t}: " + ", ".join(f"{w}x{d} {table[t][w, d].mean():.2f}" for w, d in sizes())
            + f", truth's own samples {floor[t].mean():.3f}"
            for t in TARGETS
        )
        + f". {large[0]}x{large[1]} nearer than {small[0]}x{small[1]} on "
        + ", ".join(f"{count} of {len(members)} seeds ({t}, p = {p:.3f})" for t, (count, p) in won.items())
        + f"; on gap the larger mode alone is at {one_mode:.2f}, and {sum(lost.values())} of "
        f"{len(lost) * len(members)} runs are hardly nearer or worse",
        figures={
            **{f"{t}: {w}x{d}": float(table[t][w, d].mean()) for t in TARGETS for w, d in sizes()},
            **{f"{t}: floor": float(floor[t].mean()) for t in TARGETS},
            **{f"{t}: seeds on which the largest is nearer": float(won[t][0]) for t in TARGETS},
            **{f"{t}: expected floor": expected_floor(t) for t in TARGETS},
            "gap: the larger mode alone": one_mode,
            **{f"gap: runs that lost a mode, {w}x{d}": float(count) for (w, d), count in lost.items()},
            "shift_error": shifted,
        },
        intervals={
            **{f"{t}: {w}x{d}": mean_interval(table[t][w, d]) for t in TARGETS for w, d in sizes()},
            **{f"{t}: floor": mean_interval(floor[t]) for t in TARGETS},
        },
        gates={
            "samples of the truth, moved by 10, are at W1 = 10 to 1 %": shifted < 0.1,
            "the truth's own samples are as far as theory says, to 3 s.e.": max(map(abs, off.values())) < 3,
        },
        finding="" if all(p < 0.05 / len(TARGETS) for _, p in won.values()) else finding(won, table, members),
        data={
            "w1": {t: {f"{w}x{d}": np.round(table[t][w, d], 4).tolist() for w, d in sizes()} for t in TARGETS},
            "parameters": {f"{w}x{d}": parameters(w, d) for w, d in sizes()},
            "floor": {t: np.round(values, 4).tolist() for t, values in floor.items()},
            "widths": WIDTHS, "depths": DEPTHS, "steps": STEPS, "batch": BATCH, "drawn": DRAWN,
        },
    )  # fmt: skip


def finding(won, table, members) -> str:
    """What to say where more capacity is not better on enough seeds."""
    unclear = [t for t, (_, p) in won.items() if p >= 0.05 / len(TARGETS)]
    best = {t: min(sizes(), key=lambda size: table[t][size].mean()) for t in unclear}
    return (
        f"at {STEPS // 2} updates a player more capacity is not reliably nearer to the truth on "
        f"{' and '.join(unclear)} ({len(members)} seeds); nearest on average: "
        + ", ".join(f"{w}x{d} ({t})" for t, (w, d) in best.items())
    )


def larger_mode() -> NormalMixture1D:
    """The heavier component of "gap" alone."""
    whole = get("gap")
    best = int(whole.weights.argmax())
    return NormalMixture1D([1.0], whole.means[best : best + 1], whole.scales[best : best + 1])


def sizes() -> list[tuple[int, int]]:
    """All (width, depth)."""
    return [(w, d) for d in DEPTHS for w in WIDTHS]


def build(width: int, depth: int) -> nn.ModuleDict:
    """Generator and critic, as wide and deep as each other."""
    hidden = [width] * depth
    return nn.ModuleDict({"g": MLP([LATENT, *hidden, 1]), "d": MLP([1, *hidden, 1])})


def parameters(width: int, depth: int) -> int:
    """Numbers to be learnt in the generator."""
    return sum(p.numel() for p in build(width, depth)["g"].parameters())


def distances(name: str, size: tuple[int, int], members: list[int]) -> np.ndarray:
    """W1 to the truth of each member's samples at the end of training."""
    nets = ensemble(lambda: build(*size), members)
    g = Generator(nets["g"], LATENT, members)
    run = fit_adversarial(g, Critic(nets["d"]), OnTheLine(name), steps=STEPS, batch=BATCH, learning_rate=RATE,
                          members=members)  # fmt: skip
    for update in run:
        run.set_learning_rate(RATE * (1 - update.step / STEPS))
    if run.diverged:
        raise RuntimeError(f"members {sorted(run.diverged)} of size {size} on {name} diverged")
    x = g.sample(DRAWN, generator=generator(len(members))).squeeze(-1).double()
    return np.array([w1(points, name) for points in x])


def expected_floor(name: str) -> float:
    """The mean of W1 for as many samples of the truth itself, by the midpoint rule; good to a share of 1 / n."""
    width = 1e-3
    below = get(name).cdf(torch.arange(-10, 10, width, dtype=torch.float64) + width / 2)
    return math.sqrt(2 / (math.pi * DRAWN)) * (below * (1 - below)).clamp(min=0).sqrt().sum().item() * width


_QUANTILES: dict[tuple[str, int], torch.Tensor] = {}


def w1(x: torch.Tensor, name: str) -> float:
    """The area between the quantile function of the points x with shape (n,) and that of the target."""
    n = len(x)
    if (name, n) not in _QUANTILES:
        u = (torch.arange(n * WITHIN, dtype=torch.float64) + 0.5) / (n * WITHIN)
        _QUANTILES[name, n] = get(name).quantile(u).view(n, WITHIN)
    return (x.sort().values[:, None] - _QUANTILES[name, n]).abs().mean().item()
