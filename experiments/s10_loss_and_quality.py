"""Does the loss tell how good the generator is? With WGAN-GP it should; and it should not mind the architecture.

On two-moons, four architectures, played on all seeds. At check points that are even on a log scale of updates, the
critic's estimate of W_1, minus its loss without the penalty, on fresh points; and W_1 itself between fresh points, by
optimal transport. Rank correlation of the two over check points, for every run. (A run's estimate is off at the very
start, while the critic is still poor: the first check point comes after ten rounds.)

The penalty's weight is 1, chosen on two other seeds and one architecture, where both runs had correlations above 0.8;
the paper has 10. The standard game stands beside, on the same nets, rates and numbers of updates of both players. A run
fails if its W_1 at the end is more than a third of that at the start.
"""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr
from torch import nn

from coursekit.distributions import get
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval
from coursekit.gans import OBJECTIVES, Critic, Generator, wgan_gp
from coursekit.nets import MLP, ensemble
from coursekit.seeds import generator
from coursekit.training import fit_adversarial

SEEDS = range(10, 18)
DATA = "two-moons"
ARCHITECTURES = {  # hidden layers, activation, rate
    "2 x 64 relu": ([64] * 2, "relu"),
    "2 x 64 tanh": ([64] * 2, "tanh"),
    "5 x 32 relu": ([32] * 5, "relu"),
    "1 x 256 relu": ([256], "relu"),
}
LATENT, BATCH, K, RATE = 2, 128, 5, 5e-4
G_UPDATES, FIRST, POINTS = 800, 10, 400
GAMES = {"wgan-gp": wgan_gp(1.0), "non_saturating": OBJECTIVES["non_saturating"]}
FAILED = 1 / 3


def marks() -> list[int]:
    """Updates of the generator at which runs are judged, evenly on a log scale."""
    return sorted(set(np.geomspace(FIRST, G_UPDATES, 12).round().astype(int).tolist()))


def measure(seeds) -> Result:
    """Plays both games with all architectures on all seeds."""
    runs = {game: {name: play(game, name, list(seeds)) for name in ARCHITECTURES} for game in GAMES}
    ranks = {game: [correlation(a, b) for run in rows.values() for a, b in zip(run["loss"], run["w1"], strict=True)]
             for game, rows in runs.items()}  # fmt: skip
    failed = {game: sum(sum(w[-1] > FAILED * run["start"][i] for i, w in enumerate(run["w1"])) for run in rows.values())
              for game, rows in runs.items()}  # fmt: skip
    total = len(seeds) * len(ARCHITECTURES)
    median = {game: float(np.median(v)) for game, v in ranks.items()}
    above = sum(v > 0.8 for v in ranks["wgan-gp"])
    gp, standard = (median[game] for game in GAMES)
    missed = [] if gp > 0.8 else [f"the rank correlation of -loss with W_1 is {gp:.2f} here, not above 0.8"]
    if failed["wgan-gp"] >= failed["non_saturating"]:
        missed.append(f"the standard game fails no more often ({failed['non_saturating']} of {total}) than WGAN-GP "
                      f"({failed['wgan-gp']})")  # fmt: skip
    return Result(
        measured=f"rank correlation of minus the critic's loss with W_1 over {len(marks())} check points: WGAN-GP "
        f"median {gp:.2f}, above 0.8 in {above} of {total} runs ({len(ARCHITECTURES)} architectures); "
        f"standard game (its critic's value) median {standard:.2f}. Failures, W_1 at the end above a third of the "
        f"start: {failed['wgan-gp']} with WGAN-GP, {failed['non_saturating']} with the standard game",
        figures={f"rank_correlation_{game}": v for game, v in median.items()}
        | {f"failures_{game}": count / total for game, count in failed.items()}
        | {f"w1_end_{game}: {name}": float(np.mean([w[-1] for w in run["w1"]]))
           for game, rows in runs.items() for name, run in rows.items()},
        intervals={f"rank_correlation_{game}": mean_interval(v) for game, v in ranks.items()},
        gates={"every loss and every W_1 is finite": all(np.isfinite(run[key]).all() for rows in runs.values()
                                                         for run in rows.values() for key in ("loss", "w1"))},
        finding="; ".join(missed),
        data={"runs": runs, "ranks": ranks, "updates": marks(), "k": K, "points": POINTS, "failed": FAILED},
    )  # fmt: skip


def correlation(a: list[float], b: list[float]) -> float:
    """Spearman's rank correlation."""
    return float(spearmanr(a, b).statistic)


def play(game: str, architecture: str, seeds: list[int]) -> dict:
    """One game on all seeds: minus the critic's loss and W_1 at the check points, both with shape (seeds, marks)."""
    hidden, activation = ARCHITECTURES[architecture]
    data, objective = get(DATA, dtype=torch.float32), GAMES[game]

    def build() -> nn.ModuleDict:
        return nn.ModuleDict({"g": MLP([LATENT, *hidden, 2], activation), "d": MLP([2, *hidden, 1], activation)})

    nets = ensemble(build, seeds)
    g, d = Generator(nets["g"], LATENT, seeds), Critic(nets["d"])
    fresh = data.sample(POINTS, generator=generator(2_000))
    source = generator(2_001)
    start, w1, loss = [distance(x, fresh) for x in g.sample(POINTS, generator=source)], [], []
    updates = 0
    for update in fit_adversarial(g, d, data, objective, steps=G_UPDATES * (K + 1), batch=BATCH, k=K,
                                  learning_rate=RATE, betas=(0.5, 0.9), members=seeds):  # fmt: skip
        updates += update.player == "g"
        if update.player != "g" or updates not in marks():
            continue
        x = g.sample(POINTS, generator=source)
        w1.append([distance(made, fresh) for made in x])
        with torch.no_grad():
            many = data.sample(5_000, generator=source).expand(len(seeds), -1, -1)
            loss.append((-objective.d_loss(d(many), d(g.sample(5_000, generator=source))).mean(-1)).tolist())
    w1, loss = (np.round(np.transpose(v), 6).tolist() for v in (w1, loss))
    return {"start": start, "w1": w1, "loss": loss}


def distance(x: torch.Tensor, y: torch.Tensor) -> float:
    """W_1 between two samples of one size: the cheapest way to pair them up."""
    cost = torch.cdist(x.double(), y.double()).numpy()
    return float(cost[linear_sum_assignment(cost)].mean())
