"""The gradient penalty: which slope the critic has at its best, and whether the game can then be played.

A fixed pair of normals of equal width whose means are Delta apart. The best critic is then a straight line in the
direction of the gap, and its slope s maximises Delta s - lambda (s - 1)^2, so s = 1 + Delta / (2 lambda): a little too
steep, by design of a penalty that is not a constraint. A critic that starts the wrong way up, lower on data, would have
to pass through slope 0 to turn over, which the penalty forbids: on the line it stays, elsewhere it can go round. So
both on the line and in eight dimensions, where the slope is one length over all coordinates. A penalty on each
coordinate's own derivative is trained beside, as a warning: it asks for slope 1 in every coordinate, so for sqrt(d) in
all.

Then the game. On two-moons, a shallow and a deep pair of nets; a run "trains" if W_1 between fresh points at its end is
at most a third of that at its start, as in s10_loss_and_quality. Clipping is at the paper's 0.01 and at 0.1; the
penalty's weight is the paper's 10, and 1; and the one-sided penalty plays too.

How this comparison came about, since it was not the first one. A pilot on grid-25 (three other seeds, "trains" as 20 of
25 modes and a small KL, two depths with the penalty and one clipped) had 0 of 6 games with the penalty that trained and
1 of 3 clipped ones, at a cost too high for eight seeds. So data and criterion became those of s10_loss_and_quality. On
four other seeds weight 10 then did worse than clipping, and weight 1 and the one-sided penalty were added. The seeds
below were used for none of that.
"""

import math

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import nn

from coursekit.distributions import NormalMixture, get
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval
from coursekit.gans import Critic, Generator, gradient_penalty, mix, slopes, wgan, wgan_gp, wgan_lp
from coursekit.nets import MLP, ensemble
from coursekit.seeds import generator
from coursekit.training import fit_adversarial

SEEDS = range(8)
GAPS = [0.25, 0.5, 1.0]  # Delta
DIMENSIONS = [1, 8]
WEIGHT = 10.0  # lambda
STEPS, BATCH, HIDDEN = 1_500, 256, [32, 32]
DATA, LATENT, WIDTH, DEPTHS = "two-moons", 2, 64, [2, 5]
G_UPDATES, K, GAME_BATCH, RATE, POINTS = 800, 5, 128, 5e-4, 400
RULES = {
    "gradient penalty": wgan_gp(WEIGHT), "gradient penalty, weight 1": wgan_gp(1.0),
    "one-sided penalty": wgan_lp(WEIGHT),
    "clipped at 0.01": wgan(0.01), "clipped at 0.1": wgan(0.1),
}  # fmt: skip
TRAINS = 1 / 3  # of W_1 at the start


def measure(seeds) -> Result:
    """Critics alone, then games."""
    seeds = list(seeds)
    slope = {(d, gap): critic(d, gap, seeds, gradient_penalty) for d in DIMENSIONS for gap in GAPS}
    wrong = critic(DIMENSIONS[-1], GAPS[-1], seeds, each_coordinate)
    best = {gap: 1 + gap / (2 * WEIGHT) for gap in GAPS}
    size = {key: [abs(s) for s in v] for key, v in slope.items()}  # a stuck critic has the same slope, downwards
    stuck = {d: sum(s < 0 for (dim, _), v in slope.items() for s in v if dim == d) for d in DIMENSIONS}
    off = max(abs(np.mean(v) - best[gap]) for (_, gap), v in size.items())
    games = {rule: {depth: game(objective, depth, seeds) for depth in DEPTHS} for rule, objective in RULES.items()}
    trained = {rule: sum(sum(g["trains"]) for g in by_depth.values()) for rule, by_depth in games.items()}
    total, clipped = len(seeds) * len(DEPTHS), max(v for rule, v in trained.items() if rule.startswith("clipped"))
    better = trained["gradient penalty"] > clipped
    return Result(
        measured="slope of critics with the penalty: "
        + ", ".join(f"{np.mean(v):.3f} (d = {d}, gap {gap:g})" for (d, gap), v in size.items())
        + f"; at most {off:.3f} from 1 + gap / {2 * WEIGHT:g}. Stuck the wrong way up, lower on data: "
        + ", ".join(f"{count} of {len(seeds) * len(GAPS)} (d = {d})" for d, count in stuck.items())
        + f". Penalty on each coordinate: {np.mean(wrong):.2f} in "
        f"{DIMENSIONS[-1]} dimensions. Games on {DATA} that train, of {total} over {len(DEPTHS)} depths: "
        + ", ".join(f"{count} ({rule})" for rule, count in trained.items()),
        figures={f"slope_d{d}_gap_{gap:g}": float(np.mean(v)) for (d, gap), v in size.items()}
        | {f"stuck_d{d}": count / (len(seeds) * len(GAPS)) for d, count in stuck.items()}
        | {"from_optimum": float(off), "slope_each_coordinate": float(np.mean(wrong))}
        | {f"trained: {rule}": count / total for rule, count in trained.items()},
        intervals={f"slope_d{d}_gap_{gap:g}": mean_interval(v) for (d, gap), v in size.items()},
        gates={
            "every critic's slope is in [0.9, 1.1], up or down": all(
                0.9 <= abs(s) <= 1.1 for v in slope.values() for s in v),
            "in more than one dimension no critic is stuck the wrong way up": stuck[DIMENSIONS[-1]] == 0,
            "a penalty on each coordinate is found out: slope nearer to root d than to 1":
                abs(np.mean(wrong) - math.sqrt(DIMENSIONS[-1])) < abs(np.mean(wrong) - 1),
        },
        finding="" if better else f"{trained['gradient penalty']} of {total} games train with the gradient penalty at "
        f"weight {WEIGHT:g}, with clipping up to {clipped}: no more here",
        data={"games": {rule: {str(d): g for d, g in by_depth.items()} for rule, by_depth in games.items()},
              "slopes": {f"{d}, {gap:g}": v for (d, gap), v in slope.items()}, "each_coordinate": wrong,
              "depths": DEPTHS, "g_updates": G_UPDATES, "k": K, "width": WIDTH, "trains": TRAINS},
    )  # fmt: skip


def each_coordinate(critic, x, x_fake, alpha, weight):
    """The mistake: every coordinate's derivative on its own is asked to have size 1."""
    points = mix(x, x_fake, alpha).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(points).sum(), points, create_graph=True)
    return weight * (gradient.abs() - 1).square().mean(-1)


def critic(d: int, gap: float, seeds: list[int], penalty) -> list[float]:
    """The mean slope between real and fake points of one critic for each seed; negative if it is lower on data."""
    direction = torch.ones(d, dtype=torch.float64) / math.sqrt(d)
    p, p_g = (NormalMixture([1.0], [(shift * direction).tolist()], scales=[0.5]) for shift in (gap, 0.0))
    net = Critic(ensemble(lambda: MLP([d, *HIDDEN, 1], "softplus"), seeds))
    optimiser = torch.optim.Adam(net.parameters(), 2e-3, (0.5, 0.9))
    sources = [generator(seed) for seed in seeds]
    for step in range(STEPS):
        x, fake = (torch.stack([law.sample(BATCH, generator=s) for s in sources]).float() for law in (p, p_g))
        alpha = torch.stack([torch.rand(BATCH, generator=s) for s in sources])
        loss = net(fake) - net(x) + penalty(net, x, fake, alpha, WEIGHT)
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * (1 - step / STEPS)
        optimiser.zero_grad()
        loss.mean(-1).sum().backward()
        optimiser.step()
    x, fake = (law.sample(5_000, generator=generator(900 + i)).float() for i, law in enumerate((p, p_g)))
    alpha = torch.rand(len(seeds), 5_000, generator=generator(902))
    points = mix(x.expand(len(seeds), -1, -1), fake.expand(len(seeds), -1, -1), alpha)
    with torch.no_grad():
        upwards = (net(x.expand(len(seeds), -1, -1)).mean(-1) - net(fake.expand(len(seeds), -1, -1)).mean(-1)).sign()
    return (upwards * slopes(net, points).detach().mean(-1)).tolist()


def game(objective, depth: int, seeds: list[int]) -> dict:
    """The whole game on all seeds, judged by W_1 between fresh points of data and generator."""
    data, hidden = get(DATA, dtype=torch.float32), [WIDTH] * depth
    nets = ensemble(lambda: nn.ModuleDict({"g": MLP([LATENT, *hidden, 2]), "d": MLP([2, *hidden, 1])}), seeds)
    g, d = Generator(nets["g"], LATENT, seeds), Critic(nets["d"])
    fresh, before = data.sample(POINTS, generator=generator(903)), g.sample(POINTS, generator=generator(904))
    for _ in fit_adversarial(g, d, data, objective, steps=G_UPDATES * (K + 1), batch=GAME_BATCH, k=K,
                             learning_rate=RATE, betas=(0.5, 0.9), members=seeds):  # fmt: skip
        pass
    start, end = ([distance(x, fresh) for x in made] for made in (before, g.sample(POINTS, generator=generator(904))))
    return {"start": start, "end": end, "trains": [b <= TRAINS * a for a, b in zip(start, end, strict=True)]}


def distance(x: torch.Tensor, y: torch.Tensor) -> float:
    """W_1 between two samples of one size: the cheapest way to pair them up."""
    cost = torch.cdist(x.double(), y.double()).numpy()
    return float(cost[linear_sum_assignment(cost)].mean())
