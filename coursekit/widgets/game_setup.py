"""What the live game can be set to: data, an objective, a remedy, and the numbers that a lecturer turns.

Nothing is defined here that a student does not read elsewhere: nets, batches and rates are rows of
`coursekit.gans.configurations`, the loop is `coursekit.training.adversarial`. An objective and a remedy are two rows of
that table, and a game with both departs from the base in what either of them changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from coursekit import arguments
from coursekit.distributions import NormalMixture, get
from coursekit.gans.configurations import CONFIGURATIONS, DATA, Configuration, configured
from coursekit.seeds import seeded
from coursekit.training.adversarial import Game, fit_adversarial

NONE = "none"  # the remedy of those who take none
_BASE = CONFIGURATIONS["vanilla"]
_STRUCTURE = ("critic", "reconstructor", "batch", "pack", "unroll")  # what a remedy may change, besides the objective
_COUNTED = ("critic", "reconstructor", "pack", "unroll")


def _is_remedy(row: Configuration) -> bool:
    return row.critic not in ("features", "none") and any(getattr(row, f) != getattr(_BASE, f) for f in _COUNTED)


REMEDIES: dict[str, str] = {NONE: "vanilla"} | {name: name for name, row in CONFIGURATIONS.items() if _is_remedy(row)}
"""Remedies by name, and the row of the table that each is."""

OBJECTIVES: dict[str, str] = {_BASE.objective.name: "vanilla"} | {
    name: name for name, row in CONFIGURATIONS.items() if name != "vanilla" and not _is_remedy(row)
}
"""Objectives by name, and the row of the table that each is."""

DRAWN = "drawn"
BRUSH = 0.1  # standard deviation around each point that is drawn by hand
MOST_DRAWN = 1000
#: Centre and half side of the square that is shown of each data set.
WINDOWS = {"grid-25": (0.0, 0.0, 5.2), "ring-8": (0.0, 0.0, 1.6), "moons": (0.5, 0.25, 2.4), DRAWN: (0.0, 0.0, 5.2)}
DATA_NAMES = list(WINDOWS)


@dataclass(frozen=True)
class Board:
    """Data in the plane, and the square that is shown.

    Args:
        name: one of `DATA_NAMES`.
        sampler: gives points with shape (n, 2), float32.
        modes: the mixture whose modes can be counted, or None.
    """

    name: str
    sampler: Any
    modes: NormalMixture | None

    @property
    def window(self) -> tuple[float, float, float]:
        """Centre and half side of the square that is shown."""
        return WINDOWS[self.name]


def board(name: str, drawn: Sequence[Sequence[float]] = ()) -> Board:
    """The data with this name.

    Args:
        name: one of `DATA_NAMES`; "drawn" stands for the points that are given.
        drawn: points (x, y) drawn by hand, at most `MOST_DRAWN`; the data are normal around them, of scale `BRUSH`.

    Raises:
        ValueError: if there are no such data, or nothing is drawn.
    """
    arguments.known(name, DATA_NAMES, "data set")
    if name in DATA:
        mixture = get(name, dtype=torch.float32)
        return Board(name, mixture, mixture)
    if name == "moons":
        return Board(name, get("two-moons", dtype=torch.float32), None)
    points = check_drawn(drawn)
    if not points:
        raise ValueError("Nothing is drawn yet, so there are no data: draw a stroke on the board first.")
    means = torch.tensor(points, dtype=torch.float32)
    weights = torch.full((len(means),), 1 / len(means))
    return Board(name, NormalMixture(weights, means, scales=torch.full((len(means),), BRUSH)), None)


def check_drawn(drawn: Any) -> list[list[float]]:
    """Points drawn by hand, checked.

    Raises:
        ValueError: if they are not pairs of numbers within the board, or there are more than `MOST_DRAWN`.
    """
    try:
        points = [[float(x), float(y)] for x, y in drawn]
    except (TypeError, ValueError):
        raise ValueError(f"Drawn points must be pairs of numbers (x, y), got {drawn!r}.") from None
    half = WINDOWS[DRAWN][2]
    if not all(abs(x) <= half and abs(y) <= half for x, y in points):  # false for NaN
        raise ValueError(f"Drawn points must lie between {-half:g} and {half:g} in both coordinates.")
    if len(points) > MOST_DRAWN:
        raise ValueError(f"At most {MOST_DRAWN} points can be drawn, got {len(points)}. Wipe the board and begin anew.")
    return points


@dataclass(frozen=True)
class Settings:
    """One side of the game.

    Args:
        objective: one of `OBJECTIVES`.
        remedy: one of `REMEDIES`.
        k: updates of the critic for each of the generator; None for what the table of configurations has.
        rate_d: learning rate of the critic, or None.
        rate_g: learning rate of the generator, or None.
    """

    objective: str = "non_saturating"
    remedy: str = NONE
    k: int | None = None
    rate_d: float | None = None
    rate_g: float | None = None

    def row(self, data: str) -> Configuration:
        """The configuration of this side, for these data.

        Raises:
            ValueError: if there is no such objective or remedy, or the two do not go together.
        """
        arguments.known(self.objective, OBJECTIVES, "objective")
        arguments.known(self.remedy, REMEDIES, "remedy")
        # The table is made for two data sets; others get what the larger one has.
        row = configured(OBJECTIVES[self.objective], data if data in DATA else "grid-25", steps=10**9)
        remedy = CONFIGURATIONS[REMEDIES[self.remedy]]
        if self.remedy != NONE:
            if row.objective.of_features:
                raise ValueError(
                    f"The objective {self.objective!r} compares whole batches, so the remedy {self.remedy!r}, which "
                    f"changes what a critic sees or how it answers, has nothing to act on. Choose remedy {NONE!r}."
                )
            if row.objective.penalty is not None and remedy.critic == "discrimination":
                raise ValueError(
                    f"The penalty of {self.objective!r} needs second derivatives, which the distances of "
                    f"{self.remedy!r} do not have. Choose remedy 'minibatch-statistics', or another objective."
                )
            if remedy.objective is not _BASE.objective:
                if row.objective is not _BASE.objective:
                    raise ValueError(
                        f"The remedy {self.remedy!r} has an objective of its own and cannot be joined with "
                        f"{self.objective!r}. Choose objective {_BASE.objective.name!r} beside it."
                    )
                row = replace(row, objective=remedy.objective)
            changes = {f: getattr(remedy, f) for f in _STRUCTURE if getattr(remedy, f) != getattr(_BASE, f)}
            row = replace(row, **changes)
        rate_d, rate_g = row.learning_rate
        return replace(
            row,
            name=self.label,
            k=_or(self.k, row.k),
            learning_rate=(_or(self.rate_d, rate_d), _or(self.rate_g, rate_g)),
        )

    @property
    def label(self) -> str:
        """How the side is called on the page."""
        return self.objective if self.remedy == NONE else f"{self.objective} + {self.remedy}"

    @classmethod
    def compared(cls, name: str, other: Settings) -> Settings:
        """A side to compare `other` with, by the name of a remedy or of an objective.

        A remedy is added to the other's objective; an objective stands alone.

        Raises:
            ValueError: if it names neither.
        """
        names = {"vanilla": ("non_saturating", NONE)}
        names |= {objective: (objective, NONE) for objective in OBJECTIVES}
        names |= {remedy: (other.objective, remedy) for remedy in REMEDIES}
        arguments.known(name, names, "objective or remedy to compare with")
        return cls(*names[name])


def _or(own: Any, given: Any) -> Any:
    return given if own is None else own


def start_game(row: Configuration, data: Any, seed: int) -> Game:
    """A game of this configuration before its first update.

    The generator's weights are drawn first, so two sides with one seed begin with the same generator.
    """
    with seeded(seed):
        g, d = row.nets()
    return fit_adversarial(g, d, data, **row.options | {"seed": seed})


def sample(data: Any, n: int, seed: int) -> Tensor:
    """n points of the data with shape (n, 2); the same seed gives the same points."""
    return data.sample(n, generator=torch.Generator().manual_seed(seed))
