"""Likelihood is not sample quality, in both directions, on digits of 8 x 8 pixels.

(1) A model that is nearly all noise: a fitted density with probability pi, uniform noise with 1 - pi. Its
    log-likelihood falls by at most -log pi nats, while a judge of single samples takes nearly all of them for noise.
(2) A model that memorises: bumps on the training points. A classifier cannot tell its samples from the training set,
    and the log-likelihood of held-out digits falls below that of pure noise.

Digits have 17 levels; noise of one level's width makes them a density (of which log-likelihoods are in nats). The judge
of single samples takes for noise what is farther from every training digit than 99 % of held-out digits are; it knows
nothing of any model, is set by one half of the held-out digits and tried on the other. The classifier is a net trained
on one half of the points and scored on the other.
"""

import math

import numpy as np
import torch

from coursekit.data import Empirical, digits
from coursekit.data.digits import LEVELS
from coursekit.density import BayesClassifier, Corrupted, GaussianMixture, Memoriser, Pairs, SoftmaxHead
from coursekit.distributions import Uniform
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval
from coursekit.nets import MLP
from coursekit.seeds import generator, seeded
from coursekit.training import fit_likelihood

SEEDS = range(8)
PI = 0.01  # the share that is still the model
SAMPLES = 2_000
SCALE = 1e-3  # of the memoriser's bumps; neighbouring digits are a thousand times as far apart
PIXELS = 64
STEPS, BATCH, RATE = 600, 128, 1e-3


class NoisePicture:
    """Uniform noise in every pixel."""

    def __init__(self) -> None:
        self.pixel = Uniform(0.0, LEVELS / (LEVELS - 1))

    def sample(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        return self.pixel.sample(n * PIXELS, generator=generator).view(n, PIXELS)

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        return self.pixel.log_prob(x.flatten()).view(-1, PIXELS).sum(1)


def measure(seeds) -> Result:
    """Builds both models on every split and scores them."""
    runs = [run(seed) for seed in seeds]
    column = {name: np.array([one[name] for one in runs]) for name in runs[0]}
    mean = {name: float(values.mean()) for name, values in column.items()}
    per_pixel = {name: value / PIXELS for name, value in mean.items()}
    most = -math.log(PI)
    memorised = column["two_sample_memoriser"]
    error = memorised.std(ddof=1) / math.sqrt(len(memorised))
    return Result(
        measured=(
            f"(1) {1 - PI:.0%} noise costs {mean['lost']:.3f} nats of at most {most:.3f}: {mean['lost'] / PIXELS:.3f} "
            f"nats a dimension, {mean['lost'] / mean['above_noise']:.1%} of what the model is above noise; the judge "
            f"takes {mean['judged_corrupted']:.1%} of its samples for noise, {mean['judged_model']:.1%} of the model's "
            f"own. (2) Two-sample accuracy against the training set: memoriser {mean['two_sample_memoriser']:.3f}, "
            f"model {mean['two_sample_model']:.3f}, corrupted model {mean['two_sample_corrupted']:.3f}; log-likelihood "
            f"of held-out digits, nats a dimension: memoriser {per_pixel['held_out_memoriser']:.0f} (of its training "
            f"set {per_pixel['train_memoriser']:+.1f}), noise {per_pixel['held_out_noise']:+.2f}, model "
            f"{per_pixel['held_out_model']:+.2f}"
        ),
        figures=mean | {"most_lost": most, "lost_a_dimension": mean["lost"] / PIXELS},
        intervals={name: mean_interval(values) for name, values in column.items()},
        gates={
            "log-likelihood lost <= -log pi": bool((column["lost_most"] <= most + 1e-9).all()),
            "the judge takes at least 90 % of the samples for noise": bool((column["judged_corrupted"] >= 0.9).all()),
            "the judge takes at most 5 % of held-out digits for noise, on average": mean["judged_digits"] <= 0.05,
            "memoriser against its training set: two-sample accuracy 1/2 to 3 s.e., or 0.02":
                abs(mean["two_sample_memoriser"] - 0.5) <= max(3 * error, 0.02),
            "the same classifier finds the corrupted model out": mean["two_sample_corrupted"] > 0.9,
            "the memoriser's held-out log-likelihood is below that of noise":
                bool((column["held_out_memoriser"] < column["held_out_noise"]).all()),
        },
        data={name: np.round(values, 4).tolist() for name, values in column.items()} | {"pi": PI, "scale": SCALE},
    )  # fmt: skip


def dequantised(part: str, seed: int, noise: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Digits with shape (n, 64) as densities see them: uniform noise of one level on top. And their labels."""
    source = digits(part, seed=seed, dtype=torch.float64)
    x = source.all().flatten(1)
    return x + torch.rand(x.shape, generator=noise, dtype=x.dtype) / (LEVELS - 1), source.labels


def run(seed: int) -> dict[str, float]:
    """All figures of one split."""
    source = generator(seed)
    train, labels = dequantised("train", seed, source)
    test, _ = dequantised("test", seed, source)
    noise = NoisePicture()
    # A good model of digits, not a good one of pixels beyond: a normal distribution for each class.
    model = BayesClassifier.fit(train, labels, lambda part: GaussianMixture(1, reg_covar=3e-3).fit(part))
    corrupted, memoriser = Corrupted(model, noise, 1 - PI), Memoriser(train, SCALE)
    lost = model.log_prob(test) - corrupted.log_prob(test)
    judge = torch.cdist(test[::2], train).amin(1).quantile(0.99)

    def judged(x: torch.Tensor) -> float:
        return (torch.cdist(x, train).amin(1) > judge).double().mean().item()

    drawn = {who: one.sample(SAMPLES, generator=source)
             for who, one in (("model", model), ("corrupted", corrupted), ("memoriser", memoriser))}  # fmt: skip
    return {
        "lost": lost.mean().item(),
        "lost_most": lost.max().item(),
        "above_noise": (model.log_prob(test) - noise.log_prob(test)).mean().item(),
        **{f"judged_{who}": judged(x) for who, x in drawn.items()},
        "judged_digits": judged(test[1::2]),
        **{f"two_sample_{who}": two_sample(x, train, seed) for who, x in drawn.items()},
        "held_out_memoriser": memoriser.log_prob(test).mean().item(),
        "held_out_model": model.log_prob(test).mean().item(),
        "held_out_corrupted": corrupted.log_prob(test).mean().item(),
        "held_out_noise": noise.log_prob(test).mean().item(),
        "train_memoriser": memoriser.log_prob(train).mean().item(),
        "train_model": model.log_prob(train).mean().item(),
    }


def two_sample(x: torch.Tensor, train: torch.Tensor, seed: int) -> float:
    """Accuracy of a net that tells x from as many draws of the training set, on halves that it has not seen."""
    real = Empirical(train).sample(len(x), generator=generator(2_000 + seed))
    points = torch.cat([x, real]).float()
    side = torch.arange(2).repeat_interleave(len(x))
    order = torch.randperm(len(points), generator=generator(3_000 + seed))
    learn, score = order[: len(x)], order[len(x) :]
    with seeded(seed):
        head = SoftmaxHead(MLP([PIXELS, 128, 2]))
    rows = Empirical(torch.cat([points, side[:, None].float()], dim=1)[learn])
    for _ in fit_likelihood(Pairs(head, PIXELS), rows, steps=STEPS, batch=BATCH, learning_rate=RATE, seed=seed):
        pass
    return (head.predict(points[score]) == side[score]).double().mean().item()
