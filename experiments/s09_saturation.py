"""The better the critic, the less the minimax game tells the generator.

(1) A generator that has not been trained yet, on data that it does not reach, and a critic that is trained against it
    while it stands still. At several times the gradients are taken that the generator would get: of log(1 - D) (the
    minimax game) and of -log D. The first dies as the critic becomes sure; the second does not.
    (Arjovsky and Bottou 2017, section 2.2; Goodfellow et al. 2014, section 3.)
(2) The same without any net: p = N(0, 1), p_g = N(Delta, 1), and the best critic there is. Both gradients of the shift
    are integrals, and the critic's accuracy is Phi(Delta / 2).
(3) Why the critic knows so much: the logistic critic that is best on two normals is their log-density ratio.
"""

import math

import numpy as np
import torch
from torch import nn

from coursekit.distances import gauss_legendre
from coursekit.distributions import NormalMixture1D
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval
from coursekit.gans import OBJECTIVES, Critic, Generator
from coursekit.nets import MLP, ensemble
from coursekit.seeds import generator
from coursekit.training import fit_adversarial

SEEDS = range(8)
WAYS = ["saturating", "non_saturating"]
HIDDEN, LATENT, BATCH, RATE = [64, 64], 2, 256, 1e-3
TIMES = [1, 10, 30, 100, 300, 1_000, 2_000]  # updates of the critic
DATA = NormalMixture1D([1.0], [4.0], [0.5])
FRESH = 4_096
SHIFTS = [0.5, 1.0, 2.0, 4.0, 6.0, 8.0]


class Data:
    """Points of the data with shape (n, 1), as nets see them."""

    def sample(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        return DATA.sample(n, generator=generator)[:, None].float()


def measure(seeds) -> Result:
    """The gradients over the critic's training, and those at the best critic."""
    members = list(seeds)
    accuracy, norms = train(members)  # (times, S), way -> (times, S)
    # From its largest: a critic that has hardly been trained is flat, and passes no gradient of either kind.
    fell = norms["saturating"].max(0) / norms["saturating"][-1]
    kept = norms["non_saturating"].max(0) / norms["non_saturating"][-1]
    apart = norms["non_saturating"][-1] / norms["saturating"][-1]
    exact = {shift: at_best_critic(shift) for shift in SHIFTS}
    ratio = {shift: one["non_saturating"] / one["saturating"] for shift, one in exact.items()}
    off = {kind: log_ratio_error(*kind) for kind in ((1.0, 1.0), (2.0, 1.0), (1.0, 2.0))}
    return Result(
        measured=f"while the critic's accuracy rises from {accuracy[0].mean():.1%} to {accuracy[-1].mean():.2%}, the "
        f"gradient norm of log(1 - D) falls {np.median(fell):.3g} times from its largest (median of {len(members)} "
        f"seeds, least {fell.min():.3g}), that of -log D {np.median(kept):.2g} times; at the end they are "
        f"{np.median(apart):.3g} times apart. At the best critic of two normals Delta apart "
        "the two are apart by " + ", ".join(f"{ratio[s]:.3g} (Delta = {s:g}, accuracy {exact[s]['accuracy']:.2%})"
                                            for s in SHIFTS)
        + f". The best logistic critic is log p - log p_g to {max(off.values()):.0e}",
        figures={
            "fell, least of seeds": float(fell.min()),
            "fell, median": float(np.median(fell)),
            "-log D fell, median": float(np.median(kept)),
            "apart at the end, least of seeds": float(apart.min()),
            **{f"accuracy after {t}": float(accuracy[i].mean()) for i, t in enumerate(TIMES)},
            **{f"{way} after {t}": float(norms[way][i].mean()) for way in WAYS for i, t in enumerate(TIMES)},
            **{f"best critic, Delta = {s:g}: {way}": exact[s][way] for s in SHIFTS for way in WAYS},
        },
        intervals={
            **{f"accuracy after {t}": mean_interval(accuracy[i]) for i, t in enumerate(TIMES)},
            **{f"{way} after {t}": mean_interval(norms[way][i]) for way in WAYS for i, t in enumerate(TIMES)},
        },
        gates={
            "trained critic: log(1 - D) falls by at least 100 times from its largest, on every seed":
                bool((fell >= 100).all()),
            "and is then at least 100 times below -log D, on every seed": bool((apart >= 100).all()),
            "best critic: log(1 - D) vanishes by at least 100 times from Delta = 1 to 8":
                exact[1.0]["saturating"] / exact[8.0]["saturating"] >= 100,
            "best critic: -log D does not": exact[8.0]["non_saturating"] > exact[1.0]["non_saturating"],
            "the best logistic critic is the log-density ratio, to 1e-4": max(off.values()) < 1e-4,
        },
        data={
            "times": TIMES, "accuracy": np.round(accuracy, 5).tolist(),
            "norms": {way: [[float(f"{v:.4g}") for v in row] for row in norms[way]] for way in WAYS},
            "shifts": SHIFTS, "best": {str(s): exact[s] for s in SHIFTS},
        },
    )  # fmt: skip


def train(members: list[int]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Trains the critics of generators that stand still; at TIMES the accuracy and both gradient norms, (times, S)."""

    def build() -> nn.ModuleDict:
        return nn.ModuleDict({"g": MLP([LATENT, *HIDDEN, 1]), "d": MLP([1, *HIDDEN, 1])})

    nets = ensemble(build, members)
    g, d = Generator(nets["g"], LATENT, members), Critic(nets["d"])
    run = fit_adversarial(g, d, Data(), steps=max(TIMES), batch=BATCH, k=max(TIMES), learning_rate=RATE,
                          members=members)  # fmt: skip
    accuracy, norms = [], {way: [] for way in WAYS}
    for update in run:
        if update.step in TIMES:
            # Every look at the game uses the same fresh points, so that only the critic differs.
            source = [generator(5_000 + seed) for seed in members]
            x = torch.stack([Data().sample(FRESH, generator=one) for one in source])
            z = torch.stack([torch.randn(FRESH, LATENT, generator=one) for one in source])
            with torch.no_grad():
                right = (d(x) > 0).double().mean(1) + (d(g(z)) < 0).double().mean(1)
            accuracy.append((right / 2).numpy())
            for way in WAYS:
                norms[way].append(gradient_norm(g, d, z, way))
    return np.array(accuracy), {way: np.array(values) for way, values in norms.items()}


def gradient_norm(g: Generator, d: Critic, z: torch.Tensor, way: str) -> np.ndarray:
    """The norm of the gradient of each member's generator, with shape (S,); double precision, lest it round to 0."""
    g, d, z = g.double(), d.double(), z.double()
    fake = d(g(z))
    slopes = torch.autograd.grad(OBJECTIVES[way].g_loss(fake, fake).mean(-1).sum(), list(g.parameters()))
    g.float(), d.float()
    return torch.stack([one.flatten(1).square().sum(1) for one in slopes]).sum(0).sqrt().numpy()


def at_best_critic(shift: float) -> dict[str, float]:
    """|d loss / d shift| of the generator N(shift, 1) against D* = p / (p + p_g), which stands still, by quadrature."""
    p, p_g = NormalMixture1D([1.0], [0.0], [1.0]), NormalMixture1D([1.0], [shift], [1.0])
    x, weights = gauss_legendre(-12.0, 12.0 + shift, 4_096)
    x = x.requires_grad_()
    logit = p.log_prob(x) - p_g.log_prob(x)
    found = {"accuracy": 0.5 * (1 + math.erf(shift / 2 / math.sqrt(2)))}
    for way in WAYS:
        # The generator's point is shift + z: moving the shift moves every point alike.
        (slope,) = torch.autograd.grad(OBJECTIVES[way].g_loss(logit, logit).sum(), x, retain_graph=True)
        found[way] = abs(((slope * p_g.log_prob(x).exp()) @ weights.to(slope)).item())
    return found


def log_ratio_error(scale: float, shift: float) -> float:
    """Fits a + b x + c x^2 by the critic's loss on N(0, scale^2) and N(shift, 1); how far it is from the log ratio."""
    p, p_g = NormalMixture1D([1.0], [0.0], [scale]), NormalMixture1D([1.0], [shift], [1.0])
    x, weights = gauss_legendre(-10.0 * scale, 10.0 * scale + shift, 4_096)
    powers = torch.stack([torch.ones_like(x), x, x.square()], -1).double()
    mass_p, mass_g = (weights * one.log_prob(x).exp() for one in (p, p_g))
    found = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([found], max_iter=2_000, tolerance_grad=1e-13, tolerance_change=0.0,
                               line_search_fn="strong_wolfe")  # fmt: skip
    softplus = nn.functional.softplus

    def loss() -> torch.Tensor:
        solver.zero_grad()
        v = powers @ found
        value = mass_p @ softplus(-v) + mass_g @ softplus(v)
        value.backward()
        return value

    solver.step(loss)
    truth = torch.tensor([shift**2 / 2 - math.log(scale), -shift, 0.5 - 0.5 / scale**2], dtype=torch.float64)
    return (found.detach() - truth).abs().max().item()
