"""Maximum likelihood by stochastic gradients: does it end where theory says?

For one normal the maximum is known in closed form, mean and standard deviation of the sample. For two normals E-M finds
a maximum; gradients from the same start should find the same one. And what is minimised is a divergence: on the whole
distribution, mean of -log p_theta = entropy of p_data + KL(p_data || p_theta).
"""

import math

import numpy as np
import torch

from coursekit.data import Empirical
from coursekit.density import GaussianMixture, Parameters, TrainableMixture, initial_parameters
from coursekit.distances import kl_by_quadrature
from coursekit.distributions import NormalMixture1D, get
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval
from coursekit.seeds import generator
from coursekit.training import fit_likelihood

SEEDS = range(8)
POINTS, FRESH = 1_000, 100_000
STEPS, BATCH = 4_000, 256
RATES = (5e-2, 1e-4)  # of Adam, from the first step to the last, falling geometrically
NORMAL_DATA = {"normal": NormalMixture1D([1.0], [3.0], [2.0]), "skewed": get("skewed")}
MIXTURE_DATA = {"bimodal": get("bimodal"), "gap": get("gap")}


def measure(seeds) -> Result:
    """Fits all; the row's two gates, and that the loss is a divergence."""
    one = {name: normals(name, seeds) for name in NORMAL_DATA}
    two = {name: mixtures(name, seeds) for name in MIXTURE_DATA}
    z = np.array([divergence(name, seed) for name in NORMAL_DATA for seed in seeds])
    mean_error = max(float(v[:, 0].max()) for v in one.values())
    scale_error = max(float(v[:, 1].max()) for v in one.values())
    gap = {name: float(np.abs(v[:, 0]).max()) for name, v in two.items()}
    # |z| of the largest of so many checks stays below this but for one time in a hundred.
    limit = -torch.special.ndtri(torch.tensor(0.005 / len(z), dtype=torch.float64)).item()
    return Result(
        measured=(
            f"one normal: mean within {mean_error:.4f} and standard deviation within {scale_error:.4f} sigma of the "
            "closed form; two normals: likelihood within "
            + ", ".join(f"{value:.0e} ({name})" for name, value in gap.items())
            + f" nats a point of E-M ({STEPS} steps of {BATCH} points each, E-M "
            + ", ".join(f"{v[:, 1].mean():.0f}" for v in two.values())
            + f" steps of {POINTS}); -log p - entropy = KL to {np.abs(z).max():.1f} standard errors at most"
        ),
        figures={
            "mean_error": mean_error,
            "scale_error": scale_error,
            **{f"gap_{name}": value for name, value in gap.items()},
            **{f"em_steps_{name}": float(v[:, 1].mean()) for name, v in two.items()},
            "largest_z": float(np.abs(z).max()),
            "points_seen": float(STEPS * BATCH),
        },
        intervals={f"em_steps_{name}": mean_interval(v[:, 1]) for name, v in two.items()},
        gates={
            "|mean - closed form| < 0.01 sigma": mean_error < 0.01,
            "mixture within 1e-3 nats a point of E-M": max(gap.values()) < 1e-3,
            "cross-entropy minus entropy is the KL divergence": bool(np.abs(z).max() < limit),
        },
        data={
            "mean_error": {name: np.round(v[:, 0], 6).tolist() for name, v in one.items()},
            "scale_error": {name: np.round(v[:, 1], 6).tolist() for name, v in one.items()},
            "nats_above_em": {name: np.round(v[:, 0], 7).tolist() for name, v in two.items()},
            "curve": curve(seeds),
            "points": POINTS,
        },
    )


def sample(name: str, seed: int) -> torch.Tensor:
    """The training set of a seed."""
    return (NORMAL_DATA | MIXTURE_DATA)[name].sample(POINTS, generator=generator(seed))


class OfSeed:
    """For each member of an ensemble its own training set: that of its generator's seed."""

    def __init__(self, by_seed: dict[int, torch.Tensor]) -> None:
        self.by_seed = {seed: Empirical(x) for seed, x in by_seed.items()}

    def sample(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        return self.by_seed[generator.initial_seed()].sample(n, generator=generator)


def fit(model: TrainableMixture, by_seed: dict[int, torch.Tensor]) -> np.ndarray:
    """Descends -log p on batches, each member on its own training set; returns the losses with shape (steps, S)."""
    data, members = OfSeed(by_seed), list(by_seed)
    run = fit_likelihood(model, data, steps=STEPS, batch=BATCH, learning_rate=RATES[0], members=members)
    losses = []
    for update in run:
        run.set_learning_rate(RATES[0] * (RATES[1] / RATES[0]) ** (update.step / STEPS))
        losses.append(update.metrics["loss"])
    return torch.stack(losses).numpy()


def normals(name: str, seeds) -> np.ndarray:
    """Distances of mean and standard deviation from the closed form, in units of the latter, with shape (S, 2)."""
    by_seed = {seed: sample(name, seed) for seed in seeds}
    one = torch.ones(len(by_seed), 1, dtype=torch.float64)
    model = TrainableMixture(one, 0 * one, one)
    fit(model, by_seed)
    x = torch.stack(list(by_seed.values()))
    mean, scale = x.mean(1), x.std(1, correction=0)
    errors = [(model.means[:, 0] - mean) / scale, model.scales[:, 0] / scale - 1]
    return torch.stack(errors, dim=1).abs().detach().numpy()


def start_of(x: torch.Tensor, seed: int) -> Parameters:
    """Where both E-M and gradients begin."""
    return initial_parameters(x[:, None], 2, generator=generator(seed))


def mixtures(name: str, seeds) -> np.ndarray:
    """Nats a point by which -log p of the training set is above E-M's, from the same start; E-M's steps: (S, 2)."""
    by_seed = {seed: sample(name, seed) for seed in seeds}
    found = []
    model = trained_from_starts(by_seed)[0]
    for i, (seed, x) in enumerate(by_seed.items()):
        em = GaussianMixture(2, reg_covar=0.0)
        em.fit(x[:, None], start=start_of(x, seed), max_steps=20_000, tolerance=1e-12)
        if not em.converged:
            raise RuntimeError(f"E-M has not converged on {name}, seed {seed}: there is nothing to compare with")
        ours = NormalMixture1D(model.weights[i].detach(), model.means[i].detach(), model.scales[i].detach())
        found.append((em.log_likelihoods[-1] - ours.log_prob(x).mean().item(), len(em.log_likelihoods) - 1))
    return np.array(found)


def trained_from_starts(by_seed: dict[int, torch.Tensor]) -> tuple[TrainableMixture, np.ndarray]:
    """The mixtures trained by gradients, one member a seed, and their losses."""
    starts = [start_of(x, seed) for seed, x in by_seed.items()]
    model = TrainableMixture(
        torch.stack([s.weights for s in starts]),
        torch.stack([s.means[:, 0] for s in starts]),
        torch.stack([s.covariances[:, 0, 0].sqrt() for s in starts]),
    )
    return model, fit(model, by_seed)


def divergence(name: str, seed: int) -> float:
    """(mean of -log p_theta on fresh points) - entropy - KL, in standard errors, for a p_theta half-way trained."""
    truth = NORMAL_DATA[name]
    x = truth.sample(FRESH, generator=generator(1_000 + seed))
    model = NormalMixture1D([1.0], [truth.mean.item() + 0.1 * (seed + 1)], [1.2 * truth.variance.sqrt().item()])
    # log p_data beside it takes out what both have in common, and with it most of the Monte Carlo error.
    excess = truth.log_prob(x) - model.log_prob(x)
    kl = kl_by_quadrature(truth, model, low=-16.0, high=16.0, nodes=4096).item()
    return ((excess.mean() - kl) / (excess.std() / math.sqrt(FRESH))).item()


def curve(seeds) -> dict[str, list]:
    """The loss along the runs, for a plot: averaged over 40 steps, one line a seed."""
    losses = trained_from_starts({seed: sample("bimodal", seed) for seed in seeds})[1]
    return {"loss": np.round(losses.reshape(-1, 40, len(seeds)).mean(1).T, 4).tolist()}
