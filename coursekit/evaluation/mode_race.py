"""Modes against budget: ways to train a generator, on the same seeds, judged as they go, with what they cost beside it.

A remedy against mode collapse is worth its price or it is not. So each way of training is followed by `follow`, which
judges its generator at the same updates and writes down the seconds of processor time that training took (judging is
not counted, nor are other programs on the machine) and how often the critic was asked. Two ways are compared by
`beats`, seed by seed, at equal updates.

Which of two generators is better? Said beforehand, so that nobody chooses the figure after seeing the result: the one
that has caught more modes; if both caught as many, the one whose points are spread more evenly over them (smaller KL
to the weights). The share of points of high quality is reported and decides nothing: a generator that has collapsed
onto one mode may have all of it.
"""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from coursekit import arguments
from coursekit.distributions import NormalMixture
from coursekit.evaluation.intervals import wins
from coursekit.evaluation.modes import SAMPLES, Modes, modes_of
from coursekit.seeds import generator


@dataclass(frozen=True)
class Trace:
    """What happened on the way.

    Attributes:
        steps: Updates of both players together at which the generator was judged.
        found: The modes at each of them, with shape (S,) for S members.
        seconds: Seconds of processor time that training had taken until then, all members together.
        passes: How often the critic had judged a batch until then, real or fake, thought-of steps included.
        judged: How many points it had been shown until then, of each member; a pack of m counts as m.
    """

    steps: list[int]
    found: list[Modes]
    seconds: list[float]
    passes: list[int]
    judged: list[int]

    @property
    def last(self) -> Modes:
        """The modes at the end."""
        return self.found[-1]

    def table(self) -> dict[str, list]:
        """As lists, for the `data` of a result: one entry a step, and of it one a member."""
        return {
            "steps": self.steps,
            "modes": [one.count.flatten().tolist() for one in self.found],
            "high_quality": [np.round(one.high_quality.flatten().tolist(), 4).tolist() for one in self.found],
            "kl": [np.round(one.kl.flatten().tolist(), 4).tolist() for one in self.found],
            "seconds": np.round(self.seconds, 2).tolist(),
            "passes": self.passes,
            "judged": self.judged,
        }


def follow(
    run: Iterable[Any],
    sampler: Any,
    data: NormalMixture,
    at: Sequence[int],
    *,
    critic: nn.Module | None = None,
    pack: int = 1,
    n: int = SAMPLES,
    seed: int = 10_000,
) -> Trace:
    """Pulls a run to its end and judges the generator at some of its updates.

    Args:
        run: Gives updates with `step`, for example a `Game`.
        sampler: The generator that is judged, with `sample`.
        data: The mixture whose modes are counted.
        at: Updates at which it is judged, increasing; the last one must be the run's.
        critic: Whose passes are counted.
        pack: Points that the critic judges at once.
        n: Points to be judged.
        seed: Of their noise, the same at each time.

    Raises:
        ValueError: If `at` is empty or not increasing, or the run ended before its last entry.
    """
    if not at or list(at) != sorted(set(at)) or at[0] < 1:
        raise ValueError(f"at must be increasing numbers of updates, got {list(at)}.")
    arguments.count(pack, "pack", minimum=1)
    trace, counter = Trace([], [], [], [], []), _Counter(pack)
    hook = None if critic is None else critic.register_forward_hook(counter)
    spent, start = 0.0, time.process_time()
    try:
        for update in run:
            if update.step not in at:
                continue
            spent += time.process_time() - start
            trace.steps.append(update.step)
            trace.found.append(modes_of(sampler, data, n=n, generator=generator(seed)))
            trace.seconds.append(spent)
            trace.passes.append(counter.passes)
            trace.judged.append(counter.points)
            start = time.process_time()
    finally:
        if hook is not None:
            hook.remove()
    if trace.steps != list(at):
        raise ValueError(f"the run was judged at the updates {trace.steps}, but {list(at)} were asked for.")
    return trace


def rank(found: Modes) -> np.ndarray:
    """A number for each member with shape (S,) that orders generators: modes first, then evenness.

    KL to uniform weights over K modes lies between 0 and log K, so a whole mode always outweighs it.
    """
    modes = found.caught.shape[-1]
    return np.atleast_1d((found.count - found.kl / (1 + math.log(modes))).double().numpy())


def beats(a: Modes, b: Modes) -> tuple[int, float]:
    """On how many seeds a is better than b, and the p-value of the sign test.

    Raises:
        ValueError: If they have not as many members.
    """
    return wins(rank(a), rank(b))


def medians(found: Modes) -> tuple[float, float, float]:
    """Medians over members: modes caught, share of high quality, KL in nats."""
    return tuple(torch.as_tensor(v).double().flatten().quantile(0.5).item() for v in
                 (found.count, found.high_quality, found.kl))  # type: ignore[return-value]  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What a race between a plain game and its remedies came to; see `judge`.

    Attributes:
        sentence: Medians of each, wins, and the cost relative to the plain game.
        figures: The same as numbers.
        finding: Which remedies do not beat the plain game; empty if all do.
    """

    sentence: str
    figures: dict[str, float]
    finding: str


def judge(traces: Mapping[str, Trace], plain: str = "vanilla", level: float = 0.05) -> Verdict:
    """Compares remedies with a plain game at the end of equally many updates.

    A remedy beats the plain game if the p-value of the sign test over seeds is below `level`, divided by the number of
    remedies compared at once: for one remedy that takes 7 of 8 seeds, for two 8 of 8.

    Raises:
        ValueError: If the traces do not end after as many updates.
    """
    base, remedies = traces[plain], [name for name in traces if name != plain]
    if len({trace.steps[-1] for trace in traces.values()}) > 1:
        raise ValueError(f"the races end at different updates: {[trace.steps[-1] for trace in traces.values()]}.")
    seeds = base.last.count.numel()
    figures: dict[str, float] = {}
    parts: list[str] = []
    short: list[str] = []
    for name, trace in traces.items():
        figures |= {f"{name}: {what}": value for what, value in
                    zip(("modes", "high_quality", "kl"), medians(trace.last), strict=True)}  # fmt: skip
        figures[f"{name}: seconds"] = trace.seconds[-1]
    for name in remedies:
        won, p = beats(traces[name].last, base.last)
        seconds, passes = (getattr(traces[name], what)[-1] / getattr(base, what)[-1] for what in ("seconds", "passes"))
        figures |= {f"{name}: wins": float(won), f"{name}: p": p, f"{name}: relative seconds": seconds,
                    f"{name}: relative passes": passes}  # fmt: skip
        parts.append(f"{name} better on {won} of {seeds} seeds (p = {p:.3f}) at {seconds:.2f} times the seconds and "
                     f"{passes:g} times the critic's passes")  # fmt: skip
        if p >= level / len(remedies):
            short.append(f"{name} is better than {plain} on {won} of {seeds} seeds (p = {p:.3f})")
    ends = "; ".join(f"{name} {one.last}, {one.seconds[-1]:.0f} s of processor time" for name, one in traces.items())
    return Verdict(
        sentence=f"medians over {seeds} seeds after {base.steps[-1]} updates: {ends}. " + "; ".join(parts),
        figures=figures,
        finding=f"after {base.steps[-1]} updates {' and '.join(short)}: too few to say that it wins" if short else "",
    )


class _Counter:
    """Counts a critic's calls, as a forward hook."""

    def __init__(self, pack: int) -> None:
        self.pack, self.passes, self.points = pack, 0, 0

    def __call__(self, module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        self.passes += 1
        self.points += inputs[0].shape[-2] * self.pack
