"""The published protocol on ring-8 and grid-25: what exact samples get, and what a plain GAN loses.

First the judge is judged: exact samples of the mixture are sent through the protocol. Of them 1 - exp(-9/2) = 98.9 %
lie within 3 standard deviations, they catch all modes, and KL is not quite 0: with n points on K modes it is (K - 1) /
2n on average, which is 0.005 for grid-25. Then the plain GAN of the table of configurations, over seeds.
"""

import math

import numpy as np

from coursekit.distributions import get
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval, share_interval
from coursekit.evaluation.mode_race import Trace, follow, medians
from coursekit.evaluation.modes import SAMPLES, count_modes
from coursekit.gans import configured
from coursekit.seeds import generator
from coursekit.training import fit_adversarial
from coursekit.training.cooling import cool

SEEDS = range(8)
DATA = {"ring-8": 0.5**0.5, "grid-25": 8**0.5}  # with their standard deviation, the unit in which they are learnt
BATCHES = 50  # of exact samples, a seed
HIDDEN, ACTIVATION, BATCH, BETAS, RATE = (64, 64, 64), "leaky_relu", 256, (0.5, 0.9), 1e-3
STEPS = 6_000  # updates of both players together
CHECKS = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1]


def measure(seeds) -> Result:
    """Judges the truth, then a GAN, on both toys."""
    members = list(seeds)
    exact = {name: perfect(name, members) for name in DATA}
    traces = {name: train(name, members) for name in DATA}
    found = {name: trace.last for name, trace in traces.items()}
    lost = {name: int((one.count < one.caught.shape[-1]).sum()) for name, one in found.items()}
    share = 1 - math.exp(-4.5)
    sentence = {
        name: f"{name}: {e['modes'].min():g} modes in every batch, {e['quality'].mean():.2%}, KL {e['kl'].mean():.4f}"
        for name, e in exact.items()
    }
    return Result(
        measured=(
            f"exact samples, {BATCHES * len(members)} batches of {SAMPLES}: " + "; ".join(sentence.values())
            + f". Plain GAN after {STEPS // 2} updates a player, medians over {len(members)} seeds: "
            + "; ".join(f"{name} {one}, modes missing on {lost[name]} seeds" for name, one in found.items())
        ),
        figures={
            **{f"{name}: exact {what}": float(v.mean()) for name, e in exact.items() for what, v in e.items()},
            **{f"{name}: GAN {what}": value for name, one in found.items()
               for what, value in zip(("modes", "quality", "kl"), medians(one), strict=True)},
            **{f"{name}: seeds that miss modes": lost[name] / len(members) for name in DATA},
            **{f"{name}: seconds": trace.seconds[-1] for name, trace in traces.items()},
        },
        intervals={
            **{f"{name}: exact {what}": mean_interval(e[what]) for name, e in exact.items()
               for what in ("quality", "kl")},
            **{f"{name}: seeds that miss modes": share_interval(lost[name], len(members)) for name in DATA},
        },
        gates={
            "exact samples catch every mode in every batch": all(
                (e["modes"] == traces[name].last.caught.shape[-1]).all() for name, e in exact.items()
            ),
            "their share of high quality is 1 - exp(-9/2) to 3 s.e.": all(
                abs(e["quality"].mean() - share) < 3 * standard_error(e["quality"]) for e in exact.values()
            ),
            "their KL is (K - 1) / 2n to 3 s.e. and 2 %": all(
                abs(e["kl"].mean() - expected_kl(name)) < 3 * standard_error(e["kl"]) + 0.02 * expected_kl(name)
                for name, e in exact.items()
            ),
        },
        finding="" if lost["grid-25"] else (
            f"after {STEPS // 2} updates a player the plain GAN misses no mode of grid-25 on {len(members)} seeds"
        ),
        data={
            "gan": {name: trace.table() for name, trace in traces.items()},
            "populations": {name: np.round(one.populations.tolist(), 4).tolist() for name, one in found.items()},
            "hidden": HIDDEN, "steps": STEPS, "batches": BATCHES,
        },
    )  # fmt: skip


def perfect(name: str, members: list[int]) -> dict[str, np.ndarray]:
    """Modes, share of high quality and KL of every batch of exact samples, with shape (batches of all seeds,)."""
    data = get(name)
    draws = [data.sample(BATCHES * SAMPLES, generator=generator(500 + m)).view(BATCHES, SAMPLES, 2) for m in members]
    found = [count_modes(x, data) for x in draws]
    columns = {"modes": "count", "quality": "high_quality", "kl": "kl"}
    return {what: np.concatenate([getattr(f, column).numpy() for f in found]) for what, column in columns.items()}


def standard_error(values: np.ndarray) -> float:
    """Of the mean."""
    return float(values.std(ddof=1) / len(values) ** 0.5)


def expected_kl(name: str) -> float:
    """The mean of KL(populations || weights) for exact samples, to first order in 1 / n."""
    return (len(get(name).weights) - 1) / (2 * SAMPLES)


def train(name: str, members: list[int]) -> Trace:
    """The plain GAN, its learning rate falling to zero in a straight line."""
    game = configured(
        "vanilla", name, members=members, hidden=HIDDEN, activation=ACTIVATION, unit=DATA[name], steps=STEPS,
        batch=BATCH, betas=BETAS, learning_rate=(RATE, RATE),
    )  # fmt: skip
    g, d = game.nets()
    run = fit_adversarial(g, d, game.data(), **game.options)

    at = sorted({max(1, round(share * STEPS)) for share in CHECKS})
    trace = follow(cool(run), g, game.data(), at, critic=d)
    if run.diverged:
        raise RuntimeError(f"members {sorted(run.diverged)} of the GAN on {name} diverged")
    return trace
