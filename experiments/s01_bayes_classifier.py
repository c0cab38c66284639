"""Two ways to a classifier: Bayes' rule from densities p(x | y) and p(y), and a softmax that knows only p(y | x).

On the line the true densities are known, hence the best accuracy that any classifier can have, the integral of
max_y p(x, y). On digits, 64 dimensions, nothing is known; each seed is another split into training and test part. All
classifiers of a seed see the same points. What Bayes' rule can do beyond, log p(x) and samples, is not scored here.
"""

import math

import numpy as np
import torch

from coursekit.data import Empirical, digits
from coursekit.density import BayesClassifier, GaussianMixture, KernelDensity, Pairs, SoftmaxHead, select_bandwidth
from coursekit.distributions import NormalMixture1D
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval, wins
from coursekit.nets import MLP, ensemble
from coursekit.seeds import generator
from coursekit.training import fit_likelihood

SEEDS = range(8)
FRESH = 20_000
SIZES = [60, 600]  # training points on the line
STEPS, BATCH, RATE = 1_500, 128, 3e-3
REGULARISATIONS = [1e-3, 3e-3, 1e-2, 3e-2]
# Classes of unequal frequency and unequal width: a boundary by distance to the mean alone would be wrong.
CLASSES = [
    NormalMixture1D([1.0], [-1.5], [0.5]),
    NormalMixture1D([0.5, 0.5], [-2.0, 2.0], [1.0, 1.0]),
    NormalMixture1D([1.0], [0.5], [0.6]),
]
TRUTH = BayesClassifier(CLASSES, [0.5, 0.2, 0.3])


def measure(seeds) -> Result:
    """Fits all classifiers on all seeds; gates tie the exact rule to its theory, accuracies are reported."""
    best = best_accuracy()
    line = {n: on_the_line(n, seeds) for n in SIZES}
    picture = on_digits(seeds)
    exact = line[SIZES[-1]]["exact densities"]
    error = 3 * math.sqrt(best * (1 - best) / (FRESH * len(exact)))
    tables = {f"line, n = {n}": table for n, table in line.items()} | {"digits": picture}
    mean = {data: {who: float(np.mean(v)) for who, v in table.items()} for data, table in tables.items()}
    softmax_head = picture["softmax, 64 hidden"]
    won = {who: wins(v, softmax_head) for who, v in picture.items() if who.startswith("Bayes")}
    learnt = max(np.mean(v) for table in line.values() for who, v in table.items() if who != "exact densities")
    return Result(
        measured="; ".join(
            f"{data}: " + ", ".join(f"{who} {value:.1%}" for who, value in row.items()) for data, row in mean.items()
        )
        + f". Best possible on the line {best:.1%}. Above softmax (64 hidden) on digits, of {len(seeds)} splits: "
        + ", ".join(f"{who} {count} (p = {p:.3f})" for who, (count, p) in won.items()),
        figures={
            "best_accuracy_line": best,
            **{f"{data}: {who}": value for data, row in mean.items() for who, value in row.items()},
        },
        intervals={f"{data}: {who}": mean_interval(v) for data, table in tables.items() for who, v in table.items()},
        gates={
            "Bayes' rule with the exact densities reaches the integral of max p(x, y), to 3 s.e.":
                abs(np.mean(exact) - best) <= error,
            "nothing learnt is better than that, to 3 s.e.": learnt <= best + error,
        },
        data={
            "accuracy": {data: {who: np.round(v, 4).tolist() for who, v in t.items()} for data, t in tables.items()},
            "steps": STEPS, "batch": BATCH, "sizes": SIZES, "splits": len(seeds),
        },
    )  # fmt: skip


def best_accuracy() -> float:
    """The integral of max_y p(x, y), by the midpoint rule."""
    width = 1e-3
    x = torch.arange(-12, 12, width, dtype=torch.float64) + width / 2
    joint = [p * c.log_prob(x).exp() for p, c in zip((0.5, 0.2, 0.3), CLASSES, strict=True)]
    return (torch.stack(joint).amax(0).sum() * width).item()


class OfSeed:
    """For each member of an ensemble its own data: those of its generator's seed."""

    def __init__(self, by_seed: dict[int, Empirical]) -> None:
        self.by_seed = by_seed

    def sample(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        return self.by_seed[generator.initial_seed()].sample(n, generator=generator)


def softmax(parts: dict[int, tuple[torch.Tensor, torch.Tensor]], sizes: list[int]) -> Pairs:
    """Trains one softmax head for each seed, all at once, each on the points of its seed."""
    rows = {s: Empirical(torch.cat([x, y[:, None].to(x)], dim=1).float()) for s, (x, y) in parts.items()}
    heads = ensemble(lambda: Pairs(SoftmaxHead(MLP(sizes)), sizes[0]), list(parts))
    run = fit_likelihood(heads, OfSeed(rows), steps=STEPS, batch=BATCH, learning_rate=RATE, members=list(parts))
    for update in run:
        run.set_learning_rate(RATE * (1 - update.step / STEPS))
    return heads


def accuracies(heads: Pairs, tests: list[tuple[torch.Tensor, torch.Tensor]]) -> list[float]:
    """One for each member on the test part of its seed."""
    x = torch.stack([test[0].float() for test in tests])
    return (heads.head.predict(x) == torch.stack([y for _, y in tests])).double().mean(1).tolist()


def accuracy(model: BayesClassifier, test: tuple[torch.Tensor, torch.Tensor]) -> float:
    return (model.predict(test[0]) == test[1]).double().mean().item()


def on_the_line(n: int, seeds) -> dict[str, list[float]]:
    """Accuracy on fresh points by classifier, one number a seed."""
    parts = {s: TRUTH.sample_with_labels(n, generator=generator(1_000 * n + s)) for s in seeds}
    tests = [TRUTH.sample_with_labels(FRESH, generator=generator(s)) for s in seeds]
    table: dict[str, list[float]] = {"exact densities": [accuracy(TRUTH, test) for test in tests]}
    for name, components in (("Bayes, one normal a class", 1), ("Bayes, two normals a class", 2)):
        table[name] = []
        for (s, (x, y)), test in zip(parts.items(), tests, strict=True):
            source = generator(s)
            model = BayesClassifier.fit(
                x, y, lambda part, k=components, g=source: GaussianMixture(k, reg_covar=1e-2).fit(part, generator=g)
            )
            table[name].append(accuracy(model, test))
    wide = {s: (x[:, None], y) for s, (x, y) in parts.items()}
    heads = softmax(wide, [1, 64, 3])
    table["softmax, 64 hidden"] = accuracies(heads, [(x[:, None], y) for x, y in tests])
    return table


def on_digits(seeds) -> dict[str, list[float]]:
    """Accuracy on the test part by classifier, one number a split."""
    parts, tests = {}, []
    for s in seeds:
        train, test = (digits(part, seed=s, dtype=torch.float64) for part in ("train", "test"))
        parts[s] = (train.all().flatten(1), train.labels)
        tests.append((test.all().flatten(1), test.labels))
    table: dict[str, list[float]] = {}
    for name, covariance in (("Bayes, diagonal normals", "diagonal"), ("Bayes, full normals", "full")):
        fits = [regularised(x, y, covariance, s) for s, (x, y) in parts.items()]
        table[name] = [accuracy(model, test) for model, test in zip(fits, tests, strict=True)]
    kernels = [BayesClassifier.fit(x, y, kernel) for x, y in parts.values()]
    table["Bayes, kernel densities"] = [accuracy(model, test) for model, test in zip(kernels, tests, strict=True)]
    for name, sizes in (("softmax, linear", [64, 10]), ("softmax, 64 hidden", [64, 64, 10])):
        table[name] = accuracies(softmax(parts, sizes), tests)
    return table


def regularised(x: torch.Tensor, y: torch.Tensor, covariance: str, seed: int) -> BayesClassifier:
    """One normal a class; what is added to its variances is chosen by the likelihood of a fifth of the points."""
    order = torch.randperm(len(x), generator=generator(seed))
    inner, judge = order[len(x) // 5 :], order[: len(x) // 5]

    def fit(index: torch.Tensor, added: float) -> BayesClassifier:
        return BayesClassifier.fit(
            x[index], y[index], lambda part: GaussianMixture(1, covariance=covariance, reg_covar=added).fit(part)
        )

    def score(added: float) -> float:
        log_joint = fit(inner, added).log_joint(x[judge])
        return log_joint.gather(1, y[judge, None]).mean().item()

    return fit(order, max(REGULARISATIONS, key=score))


def kernel(part: torch.Tensor) -> KernelDensity:
    """A kernel density estimate whose bandwidth is chosen by the points left out."""
    return KernelDensity(part, select_bandwidth(part, torch.tensor(np.geomspace(0.02, 0.5, 12))))
