"""LSGAN: a square still pulls where a sigmoid has let go.

(1) Fakes that lie on the data's side of the boundary but far from the data. p = N(2, 1) and p_g = N(-2, 1) along one
    axis, and for both objectives the best critic that is linear in x, in closed form. The generator's gradient at x,
    |d g_loss / dx|, on the data's side: the sigmoid's (of -log D) dies exponentially, the square's grows. The fakes'
    side is reported too, where it is the other way round.
(2) With the labels a = -1, b = 1, c = 0 the generator's loss at the best critic is a Pearson divergence,
    int (p - p_g)^2 / (p + p_g) / 2, by quadrature.
(3) Both games on grid-25 from the same nets: the modes that they catch.
"""

import numpy as np
import torch

from coursekit.distances import gauss_legendre
from coursekit.distributions import NormalMixture1D, get
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval, wins
from coursekit.evaluation.modes import modes_of
from coursekit.gans import OBJECTIVES, configured, least_squares
from coursekit.seeds import generator
from coursekit.training import fit_adversarial

SEEDS = range(8)
GAMES = ["vanilla", "lsgan"]
HIDDEN, STEPS, BATCH = (64, 64, 64), 3_000, 128
MEAN = 2.0  # of the data; the fakes' is -MEAN, the boundary 0
DISTANCES = [1.0, 4.0, 6.0, 8.0, 10.0]  # from the boundary
FAR = 6.0
P, Q = NormalMixture1D([1.0], [MEAN], [1.0]), NormalMixture1D([1.0], [-MEAN], [1.0])


def measure(seeds) -> Result:
    """The gradients on either side, the divergence, and the two games over seeds."""
    pull = {side: {t: gradients(sign * t) for t in DISTANCES} for side, sign in (("data", 1), ("fakes", -1))}
    ratio = {side: {t: one["lsgan"] / one["non_saturating"] for t, one in rows.items()} for side, rows in pull.items()}
    loss, divergence = pearson()
    played = {name: play(name, list(seeds)) for name in GAMES}
    count, p_value = wins(played["lsgan"]["caught"], played["vanilla"]["caught"])
    return Result(
        measured="on the data's side, at "
        + ", ".join(f"{t:g}" for t in DISTANCES)
        + " from the boundary, the square's gradient is "
        + ", ".join(f"{v:.2g}" for v in ratio["data"].values())
        + " times the sigmoid's; on the fakes' side "
        + ", ".join(f"{v:.2g}" for v in ratio["fakes"].values())
        + f"; loss at the best critic {loss:.6f}, half of Pearson's divergence {divergence:.6f}; on grid-25 after "
        f"{STEPS // 2} updates a player "
        + ", ".join(f"{name} catches {one['caught'].mean():.1f} of 25 modes, {one['good'].mean():.0%} of its points of "
                    f"high quality" for name, one in played.items())
        + f" (lsgan more modes on {count} of {len(seeds)} seeds, p = {p_value:.3f})",
        figures={
            **{f"ratio on the {side} side at {t:g}": v for side, row in ratio.items() for t, v in row.items()},
            "loss at the best critic": loss,
            "half of Pearson's divergence": divergence,
            **{f"{name}: {what}": float(v.mean()) for name, one in played.items() for what, v in one.items()},
        },
        intervals={f"{n}: {what}": mean_interval(v) for n, one in played.items() for what, v in one.items()},
        gates={
            f"data's side, {FAR:g} and farther from the boundary: at least 10 times the sigmoid's":
                all(v >= 10 for t, v in ratio["data"].items() if t >= FAR),
            "there the square's gradient grows with the distance": bool(
                (np.diff([pull["data"][t]["lsgan"] for t in DISTANCES if t >= 4]) > 0).all()),
            "labels -1, 1, 0: the loss is half of Pearson's divergence, to 1e-8": abs(loss - divergence) < 1e-8,
        },
        data={"distances": DISTANCES, "gradients": {s: {str(t): v for t, v in r.items()} for s, r in pull.items()},
              "played": {n: {w: np.round(v, 4).tolist() for w, v in one.items()} for n, one in played.items()},
              "steps": STEPS, "batch": BATCH, "hidden": HIDDEN},
    )  # fmt: skip


def gradients(x: float) -> dict[str, float]:
    """|d g_loss / dx| at x for both objectives, each with the best critic that is linear in x."""
    # Regression on the labels 0 and 1: slope = covariance / variance of x over both halves, 1/2 in the middle.
    square = (MEAN / 2) / (1 + MEAN**2)
    # The log-density ratio of two normals of variance 1 is linear itself.
    lines = {"lsgan": (square, 0.5), "non_saturating": (2 * MEAN, 0.0)}
    found = {}
    for name, (slope, middle) in lines.items():
        at = torch.tensor([x], dtype=torch.float64, requires_grad=True)
        v = slope * at + middle
        found[name] = torch.autograd.grad(OBJECTIVES[name].g_loss(v, v).sum(), at)[0].abs().item()
    return found


def pearson() -> tuple[float, float]:
    """The generator's loss on data and fakes at the best critic, and int (p - p_g)^2 / (p + p_g) / 2.

    The best critic is found by minimising the critic's loss at each x alone; of a parabola, one Newton step does it.
    """
    game = least_squares(-1.0, 1.0, 0.0)
    x, weights = gauss_legendre(-14.0, 14.0, 4_096)
    p, q = P.log_prob(x).exp(), Q.log_prob(x).exp()
    v = torch.zeros_like(p).requires_grad_()
    at_data, at_fakes = torch.full_like(p, 1.0), torch.full_like(p, -1.0)  # where the other term is 0
    loss = p * game.d_loss(v, at_fakes) + q * game.d_loss(at_data, v)
    (slope,) = torch.autograd.grad(loss.sum(), v, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), v)
    best = torch.where(bend > 0, -slope.detach() / bend, 0.0)
    value = (p + q) * game.g_loss(best, best)
    return (value @ weights.to(p)).item(), ((p - q).square() / (p + q).clamp(min=1e-300) / 2 @ weights.to(p)).item()


def play(name: str, members: list[int]) -> dict[str, np.ndarray]:
    """Modes caught, share of high quality, and total variation of the modes' populations: (S,) each."""
    game = configured(name, "grid-25", members=members, hidden=HIDDEN, steps=STEPS, batch=BATCH)
    g, d = game.nets()
    run = fit_adversarial(g, d, game.data(), **game.options)
    rates = game.learning_rate[0]
    for update in run:
        run.set_learning_rate(rates * (1 - update.step / STEPS))
    found = modes_of(g, get("grid-25", dtype=torch.float32), generator=generator(len(members)))
    return {"caught": found.count.double().numpy(), "good": found.high_quality.double().numpy(),
            "populations": found.total_variation.double().numpy()}  # fmt: skip
