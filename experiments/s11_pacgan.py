"""PacGAN against the GAN without packs: modes and their quality on grid-25, against updates and against seconds.

Both are trained on the same seeds with everything else alike: nets (but for the critic's first layer), batches of
points, learning rates that fall to zero in a straight line, updates. A batch of 512 points is 512 labels for the plain
critic and 256 packs of two for the other: at equal points PacGAN's critic has half as many labels to learn from.

Said beforehand: the better one of a pair has caught more modes at the end or, with as many, spreads more evenly over
them (smaller KL). "Beats" is to be better on at least 7 of 8 seeds. The goal, which decides nothing: the median seed
catches 25 of 25 modes with at least 90 % of high quality, within three minutes of one processor for all eight seeds.
"""

from coursekit.evaluation.experiment import Result
from coursekit.evaluation.mode_race import Trace, follow, judge, medians
from coursekit.gans import configured
from coursekit.training import fit_adversarial
from coursekit.training.cooling import cool

SEEDS = range(8)
DATA, NAMES = "grid-25", ["vanilla", "pacgan2"]
HIDDEN, ACTIVATION, UNIT = (64, 64, 64), "leaky_relu", 8**0.5  # UNIT: the data's standard deviation
BATCH, BETAS, RATE = 512, (0.5, 0.9), 1e-3
STEPS, CHECKS = 10_000, [1 / 16, 1 / 8, 1 / 4, 1 / 2, 3 / 4, 1]  # updates of both players together; judged at shares
GOAL_QUALITY, GOAL_SECONDS = 0.9, 180.0


def measure(seeds) -> Result:
    """Trains both and compares them at the end."""
    traces = {name: train(name, list(seeds)) for name in NAMES}
    verdict, packed = judge(traces), traces["pacgan2"]
    modes, quality, _ = medians(packed.last)
    reached = modes == 25 and quality >= GOAL_QUALITY and packed.seconds[-1] <= GOAL_SECONDS
    each = int(((packed.last.count == 25) & (packed.last.high_quality >= GOAL_QUALITY)).sum())
    return Result(
        measured=(
            f"{verdict.sentence}. Goal of 25 modes and {GOAL_QUALITY:.0%} in {GOAL_SECONDS:g} s "
            f"{'reached' if reached else 'not reached'}: {modes:g} modes and {quality:.1%} at the median in "
            f"{packed.seconds[-1]:.0f} s, both on {each} of {len(seeds)} seeds"
        ),
        figures=verdict.figures | {"goal": float(reached), "seeds_at_goal": float(each)},
        gates={"all were judged after the same updates": all(t.steps == checks() for t in traces.values()),
               "both critics have seen as many points": traces["vanilla"].judged == packed.judged},
        finding=verdict.finding,
        data={name: t.table() for name, t in traces.items()} | {
            "batch": BATCH, "hidden": HIDDEN, "labels": {name: BATCH // configured(name).pack for name in NAMES},
        },
    )  # fmt: skip


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
