"""The density of a GAN, by the kernel density estimate of its samples: very indirect, and how good?

Three estimates from the same sample: its kernel density estimate, a mixture of normals by E-M, and a GAN that was
trained on it, with bumps on fresh samples of its generator. All are scored on points that none has seen, by the nats a
point that they lose against the true density. Beside them stands the limit of the third, bumps on as many samples of
the truth itself: what it loses is the price of asking a sampler for its density.

Both bandwidths are chosen on the training sample: the estimate's own by leaving points out, the generator's by the
likelihood of the sample under its bumps, as is usual for such scores (Goodfellow et al. 2014, section 5).
"""

import math

import numpy as np
import torch
from torch import nn

from coursekit.data import Empirical
from coursekit.density import GaussianMixture, KernelDensity, scott, select_bandwidth
from coursekit.distributions import get
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval, wins
from coursekit.gans import Critic, Generator
from coursekit.nets import MLP, ensemble
from coursekit.seeds import generator
from coursekit.training import fit_adversarial

SEEDS = range(8)
CASES = {"bimodal": 2, "claw": 6, "cross": 2, "two-moons": 8}  # components of the mixture
POINTS, FRESH, DRAWN = 500, 2_000, 2_000
LATENT, HIDDEN = 2, [64, 64]
STEPS, BATCH, RATE = 6_000, 128, 1e-3  # updates of both players together
ESTIMATES = [
    "kernels on the sample",
    "mixture by E-M",
    "kernels on the GAN's samples",
    "kernels on the truth's samples",
]


class OfSeed:
    """For each member of an ensemble its own training set: that of its generator's seed."""

    def __init__(self, by_seed: dict[int, torch.Tensor]) -> None:
        self.by_seed = {seed: Empirical(x.float()) for seed, x in by_seed.items()}

    def sample(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        return self.by_seed[generator.initial_seed()].sample(n, generator=generator)


def measure(seeds) -> Result:
    """Scores all estimates of all targets; nothing is claimed of who wins, the table is the result."""
    lost = {name: score(name, list(seeds)) for name in CASES}  # (seeds, estimates)
    mean = {name: dict(zip(ESTIMATES, values.mean(0).tolist(), strict=True)) for name, values in lost.items()}
    won = {name: wins(values[:, 2], values[:, 0])[0] for name, values in lost.items()}
    # The truth is the best there is, on average: on fresh points an estimate may be above it by chance alone.
    chance = {name: 3 * values.std(0, ddof=1) / math.sqrt(len(values)) for name, values in lost.items()}
    bounded = all((values.mean(0) > -chance[name] - 1e-3).all() for name, values in lost.items())
    updates = STEPS // 2
    return Result(
        measured="nats a fresh point lost against the truth (sample, mixture, GAN, limit): "
        + "; ".join(f"{name} " + ", ".join(f"{v:.3f}" for v in row.values()) for name, row in mean.items())
        + f". The GAN ({updates} updates a player) loses more than kernels on the sample itself on "
        + ", ".join(f"{count} ({name})" for name, count in won.items())
        + f" of {len(seeds)} seeds",
        figures={f"{name}: {who}": value for name, row in mean.items() for who, value in row.items()},
        intervals={
            f"{name}: {who}": mean_interval(values[:, i])
            for name, values in lost.items()
            for i, who in enumerate(ESTIMATES)
        },
        gates={
            "every log-likelihood is finite": all(np.isfinite(values).all() for values in lost.values()),
            "no estimate is better than the truth, to 3 s.e.": bool(bounded),
            "bumps on more points of the truth lose less, on average": all(
                values[:, 3].mean() < values[:, 0].mean() for values in lost.values()
            ),
        },
        data={
            "lost": {n: {who: np.round(v[:, i], 4).tolist() for i, who in enumerate(ESTIMATES)}
                     for n, v in lost.items()},
            "gan_loses_to_sample": won, "points": POINTS, "drawn": DRAWN, "steps": STEPS, "batch": BATCH,
            "hidden": HIDDEN, "components": CASES,
        },
    )  # fmt: skip


def train(name: str, by_seed: dict[int, torch.Tensor]) -> Generator:
    """One GAN for each seed, all at once, each on the sample of its seed."""
    d, members = next(iter(by_seed.values())).shape[1], list(by_seed)

    def build() -> nn.ModuleDict:
        return nn.ModuleDict({"g": MLP([LATENT, *HIDDEN, d]), "d": MLP([d, *HIDDEN, 1])})

    nets = ensemble(build, members)
    g = Generator(nets["g"], LATENT, members)
    run = fit_adversarial(g, Critic(nets["d"]), OfSeed(by_seed), steps=STEPS, batch=BATCH, learning_rate=RATE,
                          members=members)  # fmt: skip
    for update in run:
        run.set_learning_rate(RATE * (1 - update.step / STEPS))
    if run.diverged:
        raise RuntimeError(f"members {sorted(run.diverged)} of the GAN on {name} diverged")
    return g


def draw(name: str, n: int, source: torch.Generator) -> torch.Tensor:
    """Points of the truth with shape (n, d)."""
    return get(name).sample(n, generator=source).reshape(n, -1)


def kernels(points: torch.Tensor, like: torch.Tensor, held_out: torch.Tensor | None) -> KernelDensity:
    """Bumps on points, as wide as suits the held-out points best (none given: the points themselves, left out)."""
    candidates = scott(like).mean() * torch.tensor(np.geomspace(0.05, 2.0, 14))
    return KernelDensity(points, select_bandwidth(points, candidates, held_out=held_out))


def score(name: str, seeds: list[int]) -> np.ndarray:
    """Nats a fresh point lost against the true density, with shape (seeds, estimates)."""
    samples = {seed: draw(name, POINTS, generator(seed)) for seed in seeds}
    made = train(name, samples).sample(DRAWN, generator=generator(len(seeds))).double()
    rows = []
    for i, (seed, x) in enumerate(samples.items()):
        source = generator(1_000 + seed)
        fresh, more = draw(name, FRESH, source), draw(name, DRAWN, source)
        fits = [GaussianMixture(CASES[name], reg_covar=1e-4).fit(x, generator=source) for _ in range(3)]
        models = [
            kernels(x, x, None),
            max(fits, key=lambda fit: fit.log_likelihoods[-1]),
            kernels(made[i], x, x),
            kernels(more, x, None),
        ]
        truth = get(name).log_prob(fresh if fresh.shape[1] > 1 else fresh[:, 0])
        rows.append([(truth - model.log_prob(fresh)).mean().item() for model in models])
    return np.array(rows)
