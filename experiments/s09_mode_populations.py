"""Relative populations of modes: grid-25 with unequal weights, and how a GAN shares its points out.

Counting modes hides that a mode may be there with a tenth of its weight. So the modes of grid-25 get weights between 1
and 5 (shuffled, sum one), and the shares of a generator's points are held against them by the total variation. It is
split into what is missing altogether (the weights of modes that are not caught) and the rest: modes that are there with
the wrong share.

A perfect sampler is not at 0 either: the shares of 2,500 draws vary. What theory says of that checks the measurement.
"""

import math

import numpy as np
import torch

from coursekit.distributions import NormalMixture, get
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval
from coursekit.evaluation.modes import SAMPLES, Modes, count_modes, modes_of
from coursekit.gans import configured
from coursekit.seeds import generator
from coursekit.training import fit_adversarial

SEEDS = range(8)
GAMES = ["vanilla", "lsgan"]
HIDDEN, STEPS = (64, 64, 64), 6_000  # updates of both players together
PERFECT = 200  # sets of exact samples


def measure(seeds) -> Result:
    """Plays the games, an ensemble over the seeds; and measures a perfect sampler."""
    members, data = list(seeds), unequal()
    found = {name: figures_of(play(name, members, data), data) for name in GAMES}
    perfect = figures_of(
        count_modes(torch.stack([data.sample(SAMPLES, generator=generator(900 + i)) for i in range(PERFECT)]), data),
        data,
    )
    tv = perfect["total variation"]
    expected = expected_variation(data)
    off = (tv.mean() - expected) / (tv.std(ddof=1) / math.sqrt(len(tv)))
    missing = {name: float((one["missing"] / one["total variation"]).mean()) for name, one in found.items()}
    return Result(
        measured=f"weights from {data.weights.min():.3f} to {data.weights.max():.3f}; after {STEPS // 2} updates a "
        "player, means of seeds: "
        + "; ".join(f"{name}: {one['modes'].mean():.1f} of 25 modes, total variation "
                    f"{one['total variation'].mean():.3f}"
                    f" ({missing[name]:.0%} of it modes that are missing), rank correlation of shares and weights over "
                    f"the modes caught {one['rank'].mean():+.2f}" for name, one in found.items())
        + f"; a perfect sampler {tv.mean():.4f} (theory {expected:.4f})",
        figures={
            **{f"{name}: {what}": float(v.mean()) for name, one in found.items() for what, v in one.items()},
            "perfect sampler": float(tv.mean()),
            "perfect sampler, theory": expected,
        },
        intervals={f"{name}: {what}": mean_interval(v) for name, one in found.items() for what, v in one.items()}
        | {"perfect sampler": mean_interval(tv)},
        gates={
            "a perfect sampler is as far off as theory says, to 3 s.e.": abs(off) < 3,
            "a perfect sampler catches all modes": bool((perfect["modes"] == 25).all()),
        },
        data={
            "weights": np.round(data.weights.tolist(), 5).tolist(), "steps": STEPS, "hidden": HIDDEN,
            **{name: {what: np.round(v, 4).tolist() for what, v in one.items()} for name, one in found.items()},
        },
    )  # fmt: skip


def unequal() -> NormalMixture:
    """Grid-25 with weights from 1 to 5, equally spaced and shuffled."""
    whole = get("grid-25", dtype=torch.float32)
    weights = torch.linspace(1, 5, len(whole.weights))[torch.randperm(len(whole.weights), generator=generator(0))]
    return NormalMixture(weights / weights.sum(), whole.means, scales=whole.factors[:, 0])


def play(name: str, members: list[int], data: NormalMixture) -> Modes:
    """What the trained generators' points are."""
    game = configured(name, "grid-25", members=members, hidden=HIDDEN, steps=STEPS)
    g, d = game.nets()
    run = fit_adversarial(g, d, data, **game.options)
    rate = game.learning_rate[0]
    for update in run:
        run.set_learning_rate(rate * (1 - update.step / STEPS))
    return modes_of(g, data, generator=generator(len(members)))


def figures_of(found: Modes, data: NormalMixture) -> dict[str, np.ndarray]:
    """Each member's figures, (S,) each."""
    missing = ((data.weights - found.populations).clamp(min=0) * ~found.caught).sum(-1)
    return {
        "modes": found.count.double().numpy(),
        "total variation": found.total_variation.double().numpy(),
        "missing": missing.double().numpy(),
        "rank": np.array([rank(*pair, data) for pair in zip(found.populations, found.caught, strict=True)]),
        "high quality": found.high_quality.double().numpy(),
    }


def rank(shares: torch.Tensor, caught: torch.Tensor, data: NormalMixture) -> float:
    """Spearman's correlation of shares and weights over the modes caught; 0 where fewer than three are."""
    if int(caught.sum()) < 3:
        return 0.0
    both = torch.stack([shares[caught], data.weights[caught]]).argsort(-1).argsort(-1).double()
    return torch.corrcoef(both)[0, 1].item()


def expected_variation(data: NormalMixture) -> float:
    """The mean of half of sum |N_k / n - w_k| for multinomial shares: each is normal, sqrt(2 w (1 - w) / (pi n))."""
    w = data.weights.double()
    return 0.5 * (2 * w * (1 - w) / (math.pi * SAMPLES)).sqrt().sum().item()
