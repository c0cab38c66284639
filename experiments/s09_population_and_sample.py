"""Population and sample: what a critic says of the Jensen-Shannon divergence, by its size and the number of points.

The theory of GANs speaks of densities and of all functions D. Practice has n points of each side and a net. Two errors
stand between:

- too small a class: the best of it is below the divergence, at any n. Data and fakes here have the same mean and
  variance, so that a critic linear in x sees nothing at all.
- too few points: on the points that it was trained on a large critic says more than there is. Two samples of n points
  are disjoint; for critics without restriction the divergence of the two empirical laws is log 2, whatever they are
  samples of. On points that it has not seen, what it has learnt by heart makes it worse.

(Goodfellow et al. 2014, section 4.2, trains on samples what section 4.1 proves of densities; Arora et al. 2017.)
"""

import math

import numpy as np
import torch
from torch.nn.functional import softplus

from coursekit.distances import by_quadrature, of_histograms
from coursekit.distributions import NormalMixture1D
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval, wins
from coursekit.gans import Critic, js_from_logits
from coursekit.nets import MLP, ensemble
from coursekit.seeds import generator

SEEDS = range(8)
# Two modes against one normal of the same mean 0 and variance 1.
P = NormalMixture1D([0.5, 0.5], [-0.95, 0.95], [math.sqrt(1 - 0.95**2)] * 2)
P_G = NormalMixture1D([1.0], [0.0], [1.0])
POINTS = [30, 300, 3_000, 30_000]
SIZES = {"linear": [], "4": [4], "16 x 2": [16, 16], "128 x 2": [128, 128]}
STEPS, BATCH, RATE = 1_000, 256, 4e-3
FRESH = 20_000


def measure(seeds) -> Result:
    """Trains a critic of each size on samples of each size, an ensemble over the seeds, and takes both estimates."""
    members = list(seeds)
    truth = by_quadrature("jensen_shannon", P, P_G, low=-12.0, high=12.0).item()
    own, fresh = {}, {}
    for n in POINTS:
        x, fake = (torch.stack([one.sample(n, generator=generator(first + s)) for s in members])
                   for one, first in ((P, 100), (P_G, 200)))  # fmt: skip
        for size in SIZES:
            own[size, n], fresh[size, n] = estimates(SIZES[size], x, fake, members)
    discrete = max(js_of_points(P, P_G, n, members) for n in POINTS)
    keys, small, large = list(own), POINTS[0], POINTS[-1]
    smallest, largest = next(iter(SIZES)), list(SIZES)[-1]
    above = {key: wins(own[key], np.full(len(members), truth)) for key in keys}
    # Held-out estimates are lower bounds, but for the noise of the fresh points.
    over = max(v.mean() - truth - 4 * v.std(ddof=1) / math.sqrt(len(v)) for v in fresh.values())
    return Result(
        measured=f"JS = {truth:.4f} nats. Estimate on the critic's own points | on fresh ones, by size, for n = "
        + ", ".join(f"{n}" for n in POINTS) + ": "
        + "; ".join(f"{size}: " + ", ".join(f"{own[size, n].mean():.3f} | {fresh[size, n].mean():.3f}" for n in POINTS)
                    for size in SIZES)
        + f". Without restriction: log 2 = {discrete:.3f} at every n",
        figures={
            "JS": truth,
            "JS of two empirical laws": discrete,
            **{f"{size}, n = {n}: own points": float(own[size, n].mean()) for size, n in keys},
            **{f"{size}, n = {n}: fresh points": float(fresh[size, n].mean()) for size, n in keys},
        },
        intervals={
            **{f"{size}, n = {n}: own points": mean_interval(own[size, n]) for size, n in keys},
            **{f"{size}, n = {n}: fresh points": mean_interval(fresh[size, n]) for size, n in keys},
        },
        gates={
            "few points: the largest critic says more than there is on its own points": above[largest, small][1] < 0.05,
            "few points: and less than there is on fresh ones":
                wins(np.full(len(members), truth), fresh[largest, small])[1] < 0.05,
            "many points: a linear critic sees less than a tenth of it":
                bool((own[smallest, large] < 0.1 * truth).all()),
            "many points: the largest critic is within 10 % of the truth, on average, both ways":
                max(abs(one[largest, large].mean() / truth - 1) for one in (own, fresh)) < 0.1,
            "no estimate on fresh points is above the truth, to 4 s.e.": over < 0,
            "two empirical laws are log 2 apart": abs(discrete - math.log(2)) < 1e-9,
        },
        data={
            "truth": truth, "points": POINTS, "sizes": {size: list(hidden) for size, hidden in SIZES.items()},
            "own": {size: {str(n): np.round(own[size, n], 4).tolist() for n in POINTS} for size in SIZES},
            "fresh": {size: {str(n): np.round(fresh[size, n], 4).tolist() for n in POINTS} for size in SIZES},
            "steps": STEPS, "batch": BATCH,
        },
    )  # fmt: skip


def estimates(hidden: list[int], x: torch.Tensor, fake: torch.Tensor, members: list[int]) -> tuple[np.ndarray, ...]:
    """Trains critics on x and fake with shape (S, n) each; what they say of those points, and of fresh ones: (S,)."""
    critic = Critic(ensemble(lambda: MLP([1, *hidden, 1]), members))
    adam = torch.optim.Adam(critic.parameters(), RATE)
    source = generator(len(members))
    pairs = torch.stack([x, fake])[..., None].float()  # (2, S, n, 1)
    for step in range(STEPS):
        adam.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        real, made = pairs[:, :, torch.randint(x.shape[1], (BATCH,), generator=source)]
        loss = (softplus(-critic(real)) + softplus(critic(made))).mean(-1).sum()
        adam.zero_grad()
        loss.backward()
        adam.step()
    fresh = [torch.stack([one.sample(FRESH, generator=generator(first + s)) for s in members])[..., None].float()
             for one, first in ((P, 300), (P_G, 400))]  # fmt: skip
    with torch.no_grad():
        return tuple(js_from_logits(critic(a), critic(b)).double().numpy() for a, b in (pairs, fresh))


def js_of_points(p, p_g, n: int, members: list[int]) -> float:
    """JS of the empirical laws of n points each: histograms with one bin for every value that occurs."""
    found = []
    for s in members:
        values, place = torch.cat([p.sample(n, generator=generator(s)), p_g.sample(n, generator=generator(500 + s))]
                                  ).unique(return_inverse=True)  # fmt: skip
        laws = [torch.bincount(part, minlength=len(values)).double() / n for part in (place[:n], place[n:])]
        found.append(of_histograms("jensen_shannon", *laws).item())
    return max(found)
