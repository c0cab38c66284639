"""A second look at VEEGAN: is it the reconstructor, its weight, the noise, or the critic that makes it collapse?

`s11_veegan` finds that our VEEGAN reaches many modes early and then loses them. In the paper the reconstructor is
random; public code of this experiment has p_F(z | x) = N(F(x), I) and 254 coordinates of noise for points of the plane,
so that nearly all of z cannot be found again and F + e resembles N(0, I) by itself, and a critic with one hidden layer.
Here each of these is tried on its own, with the reconstructor's weight and a critic that pays for its slopes
(zero-centred penalty). All else is as in `s11_veegan`, on other seeds. The plain GAN stands beside, without and with
the penalty.

There is no test in this row, it is a search: the best of several on three seeds. One of them that catches more modes
than the plain GAN with the same critic would have to do so again on the eight seeds of `s11_veegan`.
"""

from functools import partial

from torch import nn

from coursekit.evaluation.experiment import Result
from coursekit.evaluation.mode_race import Trace, follow, medians
from coursekit.gans import (
    Critic,
    Generator,
    Objective,
    RandomReconstructingGenerator,
    ReconstructingGenerator,
    calm_gan,
    configured,
    zero_centred_penalty,
)
from coursekit.gans.logistic import cross_entropy
from coursekit.gans.wasserstein import wasserstein_g
from coursekit.nets import MLP, ensemble
from coursekit.training import fit_adversarial
from coursekit.training.cooling import cool

SEEDS = range(100, 103)
HIDDEN, ACTIVATION, UNIT = (64, 64, 64), "leaky_relu", 8**0.5  # UNIT: the data's standard deviation
BATCH, BETAS, RATE = 256, (0.5, 0.9), 1e-3
STEPS, CHECKS = 6_000, [1 / 16, 1 / 4, 1]  # updates of both players together; judged at shares
PENALTY = 0.01

# What differs from `s11_veegan`. "critic": the hidden layers of the critic, where they are not HIDDEN.
VARIANTS: dict[str, dict] = {
    "plain": {},
    "plain, calm critic": {"penalty": True},
    "as in s11_veegan": {"weight": 1.0},
    "weight 20": {"weight": 20.0},
    "random F, s = 0.1": {"noise": 0.1},
    "random F, s = 0.3": {"noise": 0.3},
    "random F, s = 1, 254 coordinates": {"noise": 1.0, "latent": 254},
    "the same, critic with one hidden layer": {"noise": 1.0, "latent": 254, "critic": 1},
    "calm critic": {"weight": 1.0, "penalty": True},
    "random F, s = 0.1, calm critic": {"noise": 0.1, "penalty": True},
}


def measure(seeds) -> Result:
    """Trains each variant."""
    traces = {name: train(list(seeds), **variant) for name, variant in VARIANTS.items()}
    ends = {name: medians(trace.last) for name, trace in traces.items()}
    early = {name: medians(trace.found[0])[0] for name, trace in traces.items()}
    tried = [name for name, variant in VARIANTS.items() if "weight" in variant or "noise" in variant]
    best = max(tried, key=lambda name: ends[name][0] - ends[name][2])
    rival = "plain, calm critic" if VARIANTS[best].get("penalty") else "plain"
    first, last = checks()[0], checks()[-1]
    beaten = ends[best][0] > ends[rival][0]
    return Result(
        measured=(
            f"median modes of 25 over {len(seeds)} seeds after {first} → {last} updates, and high quality then: "
            + "; ".join(f"{name} {early[name]:g} → {m:g}, {q:.1%}" for name, (m, q, _) in ends.items())
        ),
        figures={
            **{f"{name}: modes": end[0] for name, end in ends.items()},
            **{f"{name}: high_quality": end[1] for name, end in ends.items()},
            **{f"{name}: kl": end[2] for name, end in ends.items()},
            **{f"{name}: early modes": modes for name, modes in early.items()},
        },
        gates={"all were judged after the same updates": all(t.steps == checks() for t in traces.values())},
        finding="" if beaten else (
            f"the best of {len(tried)} VEEGANs here, {best!r}, has {ends[best][0]:g} modes at the end, the plain GAN "
            f"with such a critic {ends[rival][0]:g}; its authors report 24.6"
        ),
        data={name: trace.table() for name, trace in traces.items()},
    )  # fmt: skip


def checks() -> list[int]:
    """The updates after which the generators are judged."""
    return sorted({max(1, round(share * STEPS)) for share in CHECKS})


def train(
    members: list[int], *, weight: float | None = None, noise: float | None = None, latent: int = 2,
    critic: int | None = None, penalty: bool = False,
) -> Trace:  # fmt: skip
    """One variant; without weight and noise it is the plain GAN."""
    pairs = weight is not None or noise is not None
    objective = calm_gan(PENALTY) if penalty else configured("vanilla").objective
    if pairs:
        pays = partial(zero_centred_penalty, weight=PENALTY) if penalty else None
        objective = Objective("VEEGAN", cross_entropy, wasserstein_g, pays)
    game = configured("vanilla", members=members, objective=objective, hidden=HIDDEN, activation=ACTIVATION, unit=UNIT,
                      steps=STEPS, batch=BATCH, betas=BETAS, learning_rate=(RATE, RATE))  # fmt: skip

    def build() -> nn.ModuleDict:
        judges = HIDDEN[:critic]
        nets = {"g": MLP([latent, *HIDDEN, 2], ACTIVATION)}
        if pairs:
            nets["f"] = MLP([2, *HIDDEN, latent], ACTIVATION)
        return nn.ModuleDict(nets | {"d": MLP([2 + latent if pairs else 2, *judges, 1], ACTIVATION)})

    nets = ensemble(build, members)
    if noise is not None:
        g: Generator = RandomReconstructingGenerator(nets["g"], nets["f"], latent, len(members), noise=noise)
    elif weight is not None:
        g = ReconstructingGenerator(nets["g"], nets["f"], latent, len(members), weight=weight)
    else:
        g = Generator(nets["g"], latent, len(members))
    run = fit_adversarial(g, Critic(nets["d"]), game.data(), **game.options)
    trace = follow(cool(run), g, game.data(), checks())
    if run.diverged:
        raise RuntimeError(f"members {sorted(run.diverged)} diverged")
    return trace
