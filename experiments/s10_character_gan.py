"""Text character by character: WGAN-GP against the standard objective, on the course's own short text.

The same nets for both, and equally many updates of the generator. The standard objective plays at WGAN-GP's learning
rate and at a fifth of it; its better end counts, seed by seed. Judged by the Jensen-Shannon divergence between the
1-grams and 2-grams of generated runs (the likeliest character at each place) and those of the text. A perfect
generator's figure is above zero, because finite samples of one text differ: fresh runs of the text are judged beside.
Neither net is convolutional or deep, so nobody should expect words; the claim is only which game can be played at all.
"""

import numpy as np
import torch
from torch import nn

from coursekit.data import Runs
from coursekit.data.text import ALPHABET, decode
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval, wins
from coursekit.evaluation.ngrams import ngram_divergence
from coursekit.gans import Critic, Generator
from coursekit.gans.characters import FlatCharacters, SoftmaxOverCharacters
from coursekit.nets import MLP, ensemble
from coursekit.seeds import generator
from coursekit.training import fit_adversarial

SEEDS = range(10, 18)  # rates and sizes were chosen on others
LENGTH, LATENT, HIDDEN = 12, 32, [256, 256]
G_UPDATES, BATCH = 1_000, 64
GAMES = {  # objective, updates of the critic for each of the generator's, learning rate
    "WGAN-GP": ("wgan-gp", 5, 5e-4),
    "standard": ("non_saturating", 1, 5e-4),
    "standard, slower": ("non_saturating", 1, 1e-4),
}
JUDGED = 2_000
SIZE = len(ALPHABET)


def measure(seeds) -> Result:
    """Plays all games on all seeds; at equal updates of the generator WGAN-GP computes more (k = 5)."""
    text = Runs(LENGTH)
    games = {name: train(name, list(seeds), text) for name in GAMES}
    pairs = [[text.sample(JUDGED, generator=generator(s)) for s in (50 + i, 90 + i)] for i in range(4)]
    fresh = np.mean([judge(*pair) for pair in pairs], 0)
    gp, *both = (np.array(games[name]["end"]) for name in GAMES)  # (seeds, 2)
    standard, start = np.minimum(*both), np.array(games["WGAN-GP"]["start"])
    below = [wins(standard[:, n], gp[:, n])[0] for n in (0, 1)]
    halved = [int((gp[:, n] < 0.5 * start[:, n]).sum()) for n in (0, 1)]
    count = len(seeds)
    words = [
        f"{n + 1}-grams: {start[:, n].mean():.3f} at the start, {gp[:, n].mean():.3f} with WGAN-GP, "
        f"{standard[:, n].mean():.3f} with the standard objective (its better rate), {fresh[n]:.3f} for fresh text"
        for n in (0, 1)
    ]
    return Result(
        measured=f"JS in nats (at most 0.693), mean over seeds, after {G_UPDATES:,} updates of the generator. "
        + "; ".join(words)
        + f". WGAN-GP below half of its start on {halved[0]} and {halved[1]} of {count} seeds, below the standard "
        f"objective on {below[0]} and {below[1]}",
        figures={f"{who}_{n + 1}_grams": float(v[:, n].mean()) for n in (0, 1)
                 for who, v in (("start", start), ("wgan_gp", gp), ("standard", standard))}
        | {f"fresh_{n + 1}_grams": float(fresh[n]) for n in (0, 1)}
        | {f"distinct_runs_{name}": float(np.mean(game["distinct"])) for name, game in games.items()},
        intervals={f"{who}_{n + 1}_grams": mean_interval(v[:, n]) for n in (0, 1)
                   for who, v in (("wgan_gp", gp), ("standard", standard))},
        gates={
            "WGAN-GP ends below half of its start, 1- and 2-grams, every seed": halved == [count, count],
            "WGAN-GP ends below the standard objective on at least 7 of 8 seeds": min(below) >= 7 / 8 * count,
        },
        data={"games": games, "updates": marks(), "rules": GAMES, "length": LENGTH, "fresh": fresh.tolist()},
    )  # fmt: skip


def marks() -> list[int]:
    """Updates of the generator at which it is judged, evenly on a log scale."""
    return sorted({0, *np.geomspace(10, G_UPDATES, 9).round().astype(int).tolist()})


def build() -> nn.ModuleDict:
    return nn.ModuleDict({
        "g": nn.Sequential(MLP([LATENT, *HIDDEN, LENGTH * SIZE]), SoftmaxOverCharacters(LENGTH, SIZE)),
        "d": nn.Sequential(FlatCharacters(), MLP([LENGTH * SIZE, *HIDDEN, 1], "leaky_relu")),
    })


def judge(x: torch.Tensor, text: torch.Tensor) -> list[float]:
    """JS of 1-grams and of 2-grams between two sets of runs with shape (n, L, V)."""
    return [ngram_divergence(x.argmax(-1), text.argmax(-1), n, SIZE).item() for n in (1, 2)]


def train(name: str, seeds: list[int], text: Runs) -> dict:
    """One game on all seeds, judged along the way."""
    nets = ensemble(build, seeds)
    g, (objective, k, rate) = Generator(nets["g"], LATENT, seeds), GAMES[name]
    held = text.sample(JUDGED, generator=generator(1_000))

    def judged() -> list[list[float]]:
        return [judge(x, held) for x in g.sample(JUDGED, generator=generator(2_000))]

    run = fit_adversarial(g, Critic(nets["d"]), text, objective, steps=G_UPDATES * (k + 1), batch=BATCH, k=k,
                          learning_rate=rate, betas=(0.5, 0.9), members=seeds)  # fmt: skip
    curve, updates = [judged()], 0
    for update in run:
        updates += update.player == "g"
        if update.player == "g" and updates in marks():
            curve.append(judged())
    if run.diverged:
        raise RuntimeError(f"members {sorted(run.diverged)} of {name} diverged")
    x = g.sample(JUDGED, generator=generator(2_000))
    runs = [decode(member) for member in x]
    return {
        "start": curve[0], "end": curve[-1], "curve": np.round(curve, 4).tolist(),
        "distinct": [len(set(member)) / JUDGED for member in runs],
        "samples": [member[:4] for member in runs[:2]],
        "largest_share": x.max(-1).values.mean((-2, -1)).tolist(),  # 1 for one-hot vectors
    }  # fmt: skip
