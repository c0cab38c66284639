"""The unrolled GAN against the plain one: modes and their quality on grid-25, against updates and against seconds.

Both are trained on the same seeds with everything else alike: nets, batches, learning rates that fall to zero in a
straight line, updates. Before each of its updates the unrolled generator computes the critic's next five and
differentiates through them, so equal updates are far from equal work: the seconds and the critic's passes stand beside.

Said beforehand: the better one of a pair has caught more modes at the end or, with as many, spreads more evenly over
them (smaller KL). The unrolled GAN beats the plain one if it is better on at least 7 of 8 seeds; if it is not, the row
says so.
"""

from coursekit.evaluation.experiment import Result
from coursekit.evaluation.mode_race import Trace, follow, judge
from coursekit.gans import configured
from coursekit.training import fit_adversarial
from coursekit.training.cooling import cool

SEEDS = range(8)
DATA, NAMES = "grid-25", ["vanilla", "unrolled"]
HIDDEN, ACTIVATION, UNIT = (64, 64, 64), "leaky_relu", 8**0.5  # UNIT: the data's standard deviation
BATCH, BETAS, RATE = 128, (0.5, 0.9), 1e-3
STEPS, CHECKS = 3_000, [1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1]  # updates of both players together; judged at shares


def measure(seeds) -> Result:
    """Trains both and compares them at the end."""
    traces = {name: train(name, list(seeds)) for name in NAMES}
    verdict = judge(traces)
    return Result(
        measured=verdict.sentence,
        figures=verdict.figures,
        gates={"all were judged after the same updates": all(t.steps == checks() for t in traces.values())},
        finding=verdict.finding,
        data={name: t.table() for name, t in traces.items()} | {"batch": BATCH, "hidden": HIDDEN},
    )


def checks() -> list[int]:
    """The updates after which the generators are judged."""
    return sorted({max(1, round(share * STEPS)) for share in CHECKS})


def train(name: str, members: list[int]) -> Trace:
    """One row of the table of configurations, judged as it goes."""
    game = configured(
        name, DATA, members=members, hidden=HIDDEN, activation=ACTIVATION, unit=UNIT, steps=STEPS, batch=BATCH,
        betas=BETAS, learning_rate=(RATE, RATE),
    )  # fmt: skip
    g, d = game.nets()
    run = fit_adversarial(g, d, game.data(), **game.options)
    trace = follow(cool(run), g, game.data(), checks(), critic=d, pack=game.pack)
    if run.diverged:
        raise RuntimeError(f"members {sorted(run.diverged)} of {name} diverged")
    return trace
