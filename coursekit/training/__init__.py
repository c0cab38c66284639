"""Training: a run is an object that you pull updates from.

- `Run`, `Player`, `Update`, `Diverged`: the loop that all others fill in, and what it yields.
- `fit_likelihood`: maximum likelihood.
- `Game`, `fit_adversarial`: the alternating loop of a GAN.
- `progress`, `Snapshots`: a bar around a run, pictures along it, going back.
- `save_run`, `load_run`: a run on disk.
- `seeded`, `generator`: explicit seeds.
"""

from typing import TYPE_CHECKING, Any

from coursekit.seeds import generator, seeded
from coursekit.training.checkpoint import load_run, save_run
from coursekit.training.maximum_likelihood import fit_likelihood
from coursekit.training.progress import Snapshots, progress
from coursekit.training.run import Diverged, Player, Run, Update

if TYPE_CHECKING:
    from coursekit.training.adversarial import Game, fit_adversarial

__all__ = ["Diverged", "Game", "Player", "Run", "Snapshots", "Update", "fit_adversarial", "fit_likelihood", "generator",
           "load_run", "progress", "save_run", "seeded"]  # fmt: skip


def __getattr__(name: str) -> Any:
    # Games are imported when they are asked for: who fits a likelihood depends on no GAN.
    if name in ("Game", "fit_adversarial"):
        from coursekit.training import adversarial

        return getattr(adversarial, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
