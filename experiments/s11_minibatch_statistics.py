"""Two ways to show the critic its batch, against the plain GAN: modes and their quality on grid-25, against the budget.

Minibatch discrimination tells the critic how near each point is to the others, minibatch statistics how much the whole
batch spreads. All three games are trained on the same seeds with everything else alike: generator, batches, learning
rates that fall to zero in a straight line, updates. Discrimination compares all pairs, so batches are small here.

Said beforehand: the better one of a pair has caught more modes at the end or, with as many, spreads more evenly over
them (smaller KL). Two remedies are compared at once, so each has to win on 8 of 8 seeds to beat the plain GAN; where
one does not, the row says so.
"""

from coursekit.evaluation.experiment import Result
from coursekit.evaluation.mode_race import Trace, follow, judge
from coursekit.gans import configured
from coursekit.training import fit_adversarial
from coursekit.training.cooling import cool

SEEDS = range(8)
DATA, NAMES = "grid-25", ["vanilla", "minibatch-statistics", "minibatch-discrimination"]
HIDDEN, ACTIVATION, UNIT = (64, 64, 64), "leaky_relu", 8**0.5  # UNIT: the data's standard deviation
BATCH, BETAS, RATE = 64, (0.5, 0.9), 1e-3
STEPS, CHECKS = 6_000, [1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1]  # updates of both players together; judged at shares


def measure(seeds) -> Result:
    """Trains all three and compares them at the end."""
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
