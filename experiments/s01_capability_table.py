"""What a model can be asked: the table, read off the protocols and not off a slide.

Three inference tasks: density (how likely is this x?), sampling (a new x), representation (what lies behind this x?).
Every entry is tried: where the table says yes, the answer must have the right shape and be finite; where it says no,
the question must raise the sentence that says why. Then yes is put to the test: the share of samples in a box must be
the integral of the density over it.

A graphical model answers a fourth kind of question, any conditional p(part | rest), from its tables. A sampler can only
throw away the samples that do not fit: how many, is counted.
"""

import math

import numpy as np
import torch

from coursekit import protocols
from coursekit.density import (
    BayesClassifier,
    GaussianMixture,
    InverseTransform,
    KernelDensity,
    KnotheRosenblatt,
    push_forward,
)
from coursekit.distributions import ClassicEnergy, NormalMixture1D, get
from coursekit.evaluation.experiment import Result
from coursekit.nets import MLP
from coursekit.seeds import generator, seeded

SEEDS = range(8)
POINTS = 20_000
TASKS = {"density": "log_prob", "sampling": "sample", "representation": "represent"}
CHAIN = 8  # variables of the graphical model


class EnergyOnly:
    """An energy-based model whose constant nobody has computed: the classic energy, without its quadrature."""

    def __init__(self) -> None:
        self.energy = ClassicEnergy("energy-2").energy


class GeneratorNetwork:
    """A push-forward of noise by a net: what a GAN trains. It gives its own reason why it has no density."""

    not_tractable = {"log_prob": "its net has no inverse, so nobody can say which z land on x; estimate a density"}  # noqa: RUF012

    def __init__(self, seed: int) -> None:
        with seeded(seed):
            self.net = MLP([2, 16, 2]).double()

    @torch.no_grad()
    def sample(
        self, n: int, *, context: torch.Tensor | None = None, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        return self.net(torch.randn(n, 2, dtype=torch.float64, generator=generator))


class MarkovChain:
    """A graphical model: binary x_1 -> x_2 -> … -> x_m, each the same as the one before with probability `stay`.

    Any question about it is a sum over tables, here over all 2^m states.
    """

    def __init__(self, length: int = CHAIN, stay: float = 0.9) -> None:
        self.length, self.stay = length, stay
        bits = torch.arange(2**length)[:, None] >> torch.arange(length)
        self.states = (bits & 1).double()
        same = (self.states[:, 1:] == self.states[:, :-1]).double()
        self.probs = 0.5 * (stay * same + (1 - stay) * (1 - same)).prod(1)

    def log_prob(self, x: torch.Tensor, *, context: torch.Tensor | None = None) -> torch.Tensor:
        index = (x.long() << torch.arange(self.length)).sum(1)
        return self.probs[index].log()

    def sample(
        self, n: int, *, context: torch.Tensor | None = None, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        return self.states[torch.multinomial(self.probs, n, replacement=True, generator=generator)]

    def conditional(self, given: dict[int, float], of: int) -> float:
        """P(x_of = 1 | x_i = v for i, v in given), exactly."""
        fits = torch.stack([self.states[:, i] == v for i, v in given.items()]).all(0)
        weight = self.probs * fits
        return (weight @ self.states[:, of] / weight.sum()).item()


def models(seed: int) -> dict[str, object]:
    """One of each kind, those that are fitted on the sample of this seed."""
    line, plane = get("bimodal"), get("cross")
    x = line.sample(300, generator=generator(seed))
    grid = torch.linspace(-5, 5, 201, dtype=torch.float64)
    heights = plane.log_prob(torch.cartesian_prod(grid, grid)).exp().view(201, 201)
    classes = [NormalMixture1D([1.0], [m], [0.7]) for m in (-1.0, 1.0)]
    return {
        "normal mixture (the truth)": line,
        "kernel density estimate": KernelDensity(x, 0.3),
        "Gaussian mixture": GaussianMixture(2).fit(x, generator=generator(seed)),
        "push-forward by a known map": push_forward.inverse_normal_cdf(),
        "inverse transform": InverseTransform(line),
        "Knothe-Rosenblatt map": KnotheRosenblatt(grid, grid, heights),
        "classes by Bayes' rule": BayesClassifier(classes, [0.3, 0.7]),
        "graphical model": MarkovChain(),
        "energy, constant unknown": EnergyOnly(),
        "generator network": GeneratorNetwork(seed),
    }


def measure(seeds) -> Result:
    """Fills the table and tries every entry of it."""
    tables = [{name: row(model, seed) for name, model in models(seed).items()} for seed in seeds]
    table = tables[0]
    entries = [entry for one in tables for cells in one.values() for entry in cells.values()]
    kept = sum(entry["kept"] for entry in entries)
    z = np.array([z for seed in seeds for z in agreement(seed).values()])
    limit = -torch.special.ndtri(torch.tensor(0.005 / len(z), dtype=torch.float64)).item()
    asked = [conditionals(seed) for seed in seeds]
    chain_z = np.array([v for one in asked for v in one["z"]])
    chain_limit = -torch.special.ndtri(torch.tensor(0.005 / len(chain_z), dtype=torch.float64)).item()
    used = float(np.mean([one["used"] for one in asked]))
    yes = {task: sum(cells[q]["answers"] for cells in table.values()) for task, q in TASKS.items()}
    sentences = {name: {q: e["why"] for q, e in cells.items() if e["why"]} for name, cells in table.items()}
    return Result(
        measured=(
            f"of {len(table)} models "
            + ", ".join(f"{count} answer {task}" for task, count in yes.items())
            + f"; {kept} of {len(entries)} entries kept what they promise; samples and densities agree to "
            f"{np.abs(z).max():.1f} standard errors at most ({len(z)} boxes); of the graphical model any conditional "
            f"is exact, a sampler answers the same from {used:.1%} of its draws"
        ),
        figures={
            "entries_kept": kept / len(entries),
            "largest_z": float(np.abs(z).max()),
            "largest_z_conditional": float(np.abs(chain_z).max()),
            "draws_used": used,
            **{f"answer_{task}": float(count) for task, count in yes.items()},
        },
        gates={
            "each model answers, or raises the sentence that says why not": kept == len(entries),
            "samples follow the densities": bool(np.abs(z).max() < limit),
            "conditionals by the tables are those of the samples": bool(np.abs(chain_z).max() < chain_limit),
        },
        data={
            "table": {n: {q: e["answers"] for q, e in cells.items()} for n, cells in table.items()},
            "why_not": sentences,
            "tasks": TASKS,
        },
    )


def row(model: object, seed: int) -> dict[str, dict]:
    """One line of the table: for each question whether it is answered, and whether trying it bears that out."""
    table = protocols.capabilities(model)
    points = model.sample(5, generator=generator(seed)) if table["sample"] else torch.zeros(5, 2, dtype=torch.float64)
    cells = {}
    for question, answers in table.items():
        why = protocols.why_not(model, question)
        try:
            if question == "sample":
                out = protocols.sample(model, 5, generator=generator(seed))
            else:
                out = getattr(protocols, question)(model, points)
            kept = answers and why == "" and len(out) == 5 and bool(torch.isfinite(out).all())
            kept = kept and (out.shape == (5,) or question in ("sample", "represent"))
        except protocols.NotTractable as reason:
            kept = not answers and str(reason) == why and len(why.split()) >= 8
        cells[question] = {"answers": answers, "kept": kept, "why": why}
    return cells


def agreement(seed: int) -> dict[str, float]:
    """Share of samples in a box against the integral of the density over it, in standard errors."""
    found = {}
    for name, model in models(seed).items():
        can = protocols.capabilities(model)
        if not (can["sample"] and can["log_prob"]) or isinstance(model, MarkovChain):
            continue
        x = model.sample(POINTS, generator=generator(10_000 + seed)).reshape(POINTS, -1)
        low, high = x.quantile(0.3, dim=0), x.quantile(0.6, dim=0)
        cells = 4_000 if x.shape[1] == 1 else 300
        axes = [
            a + (b - a) / cells * (torch.arange(cells, dtype=x.dtype) + 0.5) for a, b in zip(low, high, strict=True)
        ]
        grid = torch.cartesian_prod(*axes)
        share = (model.log_prob(grid).exp().mean() * (high - low).prod()).item()
        # The box was laid by one sample; another one, that knows nothing of it, is counted.
        fresh = model.sample(POINTS, generator=generator(20_000 + seed)).reshape(POINTS, -1)
        hits = ((fresh > low) & (fresh < high)).all(1).double().mean().item()
        found[name] = (hits - share) / math.sqrt(share * (1 - share) / POINTS)
    return found


def conditionals(seed: int) -> dict:
    """P(x_4 = 1 | ends) of the chain: exact, and from the samples that happen to have these ends."""
    chain = MarkovChain()
    x = chain.sample(POINTS, generator=generator(seed))
    z, used = [], []
    for first, last in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)):
        exact = chain.conditional({0: first, CHAIN - 1: last}, of=3)
        fits = (x[:, 0] == first) & (x[:, -1] == last)
        n = int(fits.sum())
        z.append((x[fits, 3].mean().item() - exact) / math.sqrt(exact * (1 - exact) / n))
        used.append(n / POINTS)
    return {"z": z, "used": float(np.mean(used))}
