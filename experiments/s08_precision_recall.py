"""Precision and recall tell bad pictures from missing ones; neither sees a copier, the tests of memorisation do.

On digits, with the judge's features: real digits against real ones, a generator of one class, one whose pictures are
noisy, and one that copies its training set. On digits and faces, with pixels: the alarm for copying, over many fresh
splits of real data, where nothing is copied, and for copiers. And the train/test gap of the log-likelihood, for a
density that is the truth and for one that sits on its training points.
"""

import math

import numpy as np
import torch
from scipy import stats

from coursekit.data import digits
from coursekit.data.faces import Faces
from coursekit.density import Memoriser
from coursekit.distributions import get
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.frechet import features_of
from coursekit.evaluation.intervals import mean_interval, share_interval
from coursekit.evaluation.judges import load_judge
from coursekit.evaluation.memorisation import copying_test, likelihood_gap
from coursekit.evaluation.precision_recall import expected_coverage, precision_recall
from coursekit.seeds import generator

SEEDS = range(5)
REPEATS = 100  # a seed: 500 for each level
ALPHA, PERMUTATIONS = 0.05, 99
N = 500  # real digits on either side
GENERATED, HELD = 50, 25  # for the alarms: samples, and points of the training and of the held-out set
PIXELS = 16  # of faces
BLUR = 0.02  # of the copier, a pixel; digits are some ten times as far apart


def measure(seeds) -> Result:
    """All parts; three levels are checked at once."""
    figures = [on_digits(seed) for seed in seeds]
    table = {
        who: {name: np.array([one[who][name] for one in figures]) for name in figures[0][who]} for who in figures[0]
    }
    runs = REPEATS * len(seeds)
    alarms = {name: sum(level(name, seed) for seed in seeds) for name in ("digits", "faces", "likelihood")}
    caught = {name: sum(copier_caught(name, seed) for seed in seeds) for name in ("digits", "faces")}
    gaps = [gap_of_a_memoriser(seed) for seed in seeds]
    z = float(stats.norm.isf(stats.norm.sf(2) / len(alarms)))
    allowed = z * math.sqrt(ALPHA * (1 - ALPHA) / runs)
    mean = {f"{name}_{who}": float(v.mean()) for who, row in table.items() for name, v in row.items()}
    covered = expected_coverage(N, N, 3)
    return Result(
        measured=(
            f"digits, n = {N}, precision and recall: "
            + ", ".join(f"{who} {mean[f'precision_{who}']:.2f} and {mean[f'recall_{who}']:.2f}" for who in table)
            + f". Alarms on fresh data at the level {ALPHA:g}, {runs} repeats (allowed up to {ALPHA + allowed:.3f}): "
            + ", ".join(f"{name} {hits / runs:.3f}" for name, hits in alarms.items())
            + ". Copiers caught: " + ", ".join(f"{name} {hits} of {len(seeds)}" for name, hits in caught.items())
            + f"; a density on its training points: {sum(c for _, c in gaps)} of {len(seeds)}, train/test gap "
            f"{np.mean([g for g, _ in gaps]):.0f} nats"
        ),
        figures={**mean, **{f"alarms_{name}": hits / runs for name, hits in alarms.items()}},
        intervals={
            **{f"alarms_{name}": share_interval(hits, runs) for name, hits in alarms.items()},
            **{f"{name}_{who}": mean_interval(v) for who, row in table.items() for name, v in row.items()
               if v.std() > 0},
        },
        gates={
            "fresh data raise no alarm beyond the 5 % level, to 2 s.e. corrected for three checks":
                all(hits / runs <= ALPHA + allowed for hits in alarms.values()),
            "every copier is caught, on digits and faces": all(hits == len(seeds) for hits in caught.values()),
            "every density on its training points is caught": all(c for _, c in gaps),
            "a generator of one class loses recall on every seed":
                bool((table["one class"]["recall"] < table["real"]["recall"]).all()),
            "noisy pictures lose precision on every seed":
                bool((table["noisy"]["precision"] < table["real"]["precision"]).all()),
            "a copier has full precision: the four figures do not see it": bool(
                (table["copier"]["precision"] >= table["real"]["precision"]).all()),
            "coverage of real by real is what theory says, to 3 s.e. or 0.01":
                abs(mean["coverage_real"] - covered)
                <= max(0.01, 3 * table["real"]["coverage"].std(ddof=1) / math.sqrt(len(seeds))),
        },
        data={who: {name: v.round(4).tolist() for name, v in row.items()} for who, row in table.items()},
    )  # fmt: skip


def on_digits(seed: int) -> dict[str, dict[str, float]]:
    """The four figures of four generators, in the judge's features."""
    judge, source, data = load_judge("digits"), generator(seed), digits("all")
    order = torch.randperm(len(data.points), generator=source)
    x, labels = data.points[order], data.labels[order]
    real, train = x[:N], x[N : 2 * N]
    one = int(torch.randint(10, (1,), generator=source))
    generators = {
        "real": train,
        "one class": x[N:][labels[N:] == one],
        "noisy": (train + 0.5 * torch.randn(train.shape, generator=source)).clamp(0, 1),
        "copier": (real + BLUR * torch.randn(real.shape, generator=source)).clamp(0, 1),
    }
    judged = features_of(judge, real)
    found = {who: precision_recall(features_of(judge, pictures), judged) for who, pictures in generators.items()}
    return {who: vars(row) for who, row in found.items()}


def three_sets(name: str, source: torch.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Fresh points, a training set and a held-out one, from one distribution and without overlap."""
    n = GENERATED + 2 * HELD
    if name == "faces":
        x = Faces(PIXELS).sample(n, generator=source)
    else:
        x = digits("all").points
        x = x[torch.randperm(len(x), generator=source)[:n]]
    return x[:GENERATED], x[GENERATED : GENERATED + HELD], x[GENERATED + HELD :]


def level(name: str, seed: int) -> int:
    """How often the alarm goes off where nothing is memorised."""
    source, hits = generator(1_000 + seed), 0
    options = {"permutations": PERMUTATIONS, "alpha": ALPHA, "generator": source}
    for _ in range(REPEATS):
        if name == "likelihood":  # of the true density: no point is special to it
            truth = get("bimodal")
            x = truth.log_prob(truth.sample(2 * HELD, generator=source))
            hits += likelihood_gap(x[:HELD], x[HELD:], **options).verdict.rejects
        else:
            hits += copying_test(*three_sets(name, source), **options).verdict.rejects
    return hits


def copier_caught(name: str, seed: int) -> bool:
    """A generator that hands out training points with a little noise."""
    source = generator(2_000 + seed)
    _, train, held_out = three_sets(name, source)
    copies = train[torch.randint(HELD, (GENERATED,), generator=source)]
    copies = (copies + BLUR * torch.randn(copies.shape, generator=source)).clamp(0, 1)
    return copying_test(copies, train, held_out, alpha=ALPHA, generator=source).verdict.rejects


def gap_of_a_memoriser(seed: int) -> tuple[float, bool]:
    """Mean log-likelihood of training digits less that of held-out ones, in nats, and whether the test notices."""
    source = generator(3_000 + seed)
    x = digits("all", dtype=torch.float64).points.flatten(1)
    x = x[torch.randperm(len(x), generator=source)]
    train, held_out = x[:200], x[200:400]
    model = Memoriser(train, 0.05)
    found = likelihood_gap(model.log_prob(train), model.log_prob(held_out), generator=source)
    return found.gap, found.verdict.rejects
