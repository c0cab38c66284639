"""Training: a run is an object that you pull updates from.

- `Run`, `Player`, `Update`, `Diverged`: the loop that all others fill in, and what it yields.
- `fit`: maximum likelihood.
- `progress`, `Snapshots`: a bar around a run, pictures along it, going back.
- `save_run`, `load_run`: a run on disk.
- `seeded`, `generator`: explicit seeds.
"""

from coursekit.seeds import generator, seeded
from coursekit.training.checkpoint import load_run, save_run
from coursekit.training.maximum_likelihood import fit
from coursekit.training.progress import Snapshots, progress
from coursekit.training.run import Diverged, Player, Run, Update

__all__ = ["Diverged", "Player", "Run", "Snapshots", "Update", "fit", "generator", "load_run", "progress", "save_run",
           "seeded"]  # fmt: skip
