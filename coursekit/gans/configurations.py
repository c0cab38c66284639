"""One table of configurations: every objective and every remedy, ready to be trained on ring-8 and grid-25.

    game = configured("pacgan2", "grid-25", members=8)
    fit_adversarial(*game.nets(), game.data(), **game.options)

What is compared must differ in one thing only, so all rows start from one base: the same generator, the same critic
but for what the remedy changes, the same batch, rates and number of updates. Where a row departs from the base its
entry says so, and nothing else does. The base is a common one for these toys (three hidden layers of 128, Adam with
beta_1 = 0.5, 256 points a batch), not one of a paper's; results of papers with other nets and budgets are not
comparable to the last mode, which is why both are stated here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn

from coursekit import arguments
from coursekit.distances.mmd import GaussianKernel
from coursekit.distributions import NormalMixture, get
from coursekit.gans.distance_games import mmd_game, sinkhorn_game
from coursekit.gans.minibatch_discrimination import MinibatchDiscrimination
from coursekit.gans.minibatch_statistics import MinibatchSpread
from coursekit.gans.nets import Critic, Generator
from coursekit.gans.objective import Objective
from coursekit.gans.objectives import OBJECTIVES
from coursekit.gans.veegan import ReconstructingGenerator
from coursekit.gans.wasserstein import wgan
from coursekit.nets import MLP, ensemble

DATA = ("ring-8", "grid-25")


@dataclass(frozen=True)
class Configuration:
    """One row of the table.

    Attributes:
        name: For tables and menus.
        objective: What the players want.
        about: What is special in this row, in a few words.
        critic: "logit" is an MLP with one output; "discrimination" and "statistics" append a minibatch feature before
            its last hidden layer; "features" gives a vector of 16; "none" is no critic.
        reconstructor: Whether the generator brings one (VEEGAN).
        latent: Coordinates of z.
        hidden: Hidden layers of generator, critic and reconstructor.
        activation: In all of them.
        batch: Points a step, as many real as fake.
        pack: Points that the critic judges at once.
        unroll: Steps that the generator looks ahead.
        k: Updates of the critic for each of the generator.
        learning_rate: (critic, generator).
        betas: Of Adam.
        clip: Largest gradient norm of a player, or None.
        steps: Updates of both players together.
        data_name: "ring-8" or "grid-25".
        unit: The length that counts as 1: the data are divided by it. Modes are counted alike in every unit.
        members: As in `nets.ensemble`.
        dtype: Of nets and data.
    """

    name: str
    objective: Objective
    about: str = ""
    critic: str = "logit"
    reconstructor: bool = False
    latent: int = 2
    hidden: tuple[int, ...] = (128, 128, 128)
    activation: str = "relu"
    batch: int = 256
    pack: int = 1
    unroll: int = 0
    k: int = 1
    learning_rate: tuple[float, float] = (1e-3, 1e-3)
    betas: tuple[float, float] = (0.5, 0.999)
    clip: float | None = None
    steps: int = 8000
    data_name: str = "grid-25"
    unit: float = 1.0
    members: int | Sequence[int] | None = None
    dtype: torch.dtype = field(default=torch.float32, repr=False)

    def data(self, device: torch.device | str | None = None) -> NormalMixture:
        """The distribution to be learnt, in units of `unit`."""
        data = get(self.data_name, dtype=self.dtype, device=device)
        if self.unit == 1:
            return data
        if not 0 < self.unit < torch.inf:
            raise ValueError(f"unit must be a positive length, got {self.unit}.")
        return NormalMixture(data.weights, data.means / self.unit, scales=data.factors[:, 0] / self.unit)

    def nets(self, device: torch.device | str | None = None) -> tuple[Generator, nn.Module | None]:
        """Generator and critic; without members, weights are drawn from torch's global generator (see `seeded`)."""
        pair = ensemble(self._build, self.members).to(device=device, dtype=self.dtype)
        count = len(self.members) if isinstance(self.members, Sequence) else self.members
        g = Generator(pair["g"], self.latent, count)
        if self.reconstructor:
            g = ReconstructingGenerator(pair["g"], pair["reconstructor"], self.latent, count)
        if self.critic == "none":
            return g, None
        return g, pair["d"] if self.critic == "features" else Critic(pair["d"])

    @property
    def options(self) -> dict[str, Any]:
        """What `fit_adversarial` is told, besides nets and data; override entries with `|`."""
        names = ("objective", "steps", "batch", "k", "learning_rate", "betas", "members", "clip", "pack", "unroll")
        return {name: getattr(self, name) for name in names}

    def _build(self) -> nn.ModuleDict:
        points, hidden = 2, list(self.hidden)
        nets: dict[str, nn.Module] = {"g": MLP([self.latent, *hidden, points], self.activation)}
        if self.reconstructor:
            nets["reconstructor"] = MLP([points, *hidden, self.latent], self.activation)
        inputs = self.pack * (points + (self.latent if self.reconstructor else 0))
        if self.critic in ("logit", "features"):
            nets["d"] = MLP([inputs, *hidden, 1 if self.critic == "logit" else 16], self.activation)
        elif self.critic != "none":
            nets["d"] = minibatch_critic(inputs, hidden, self.critic, self.activation)
        return nn.ModuleDict(nets)


def minibatch_critic(inputs: int, hidden: Sequence[int], layer: str, activation: str = "relu") -> nn.Sequential:
    """An MLP whose last hidden layer also sees a feature of the batch.

    Args:
        inputs: Coordinates of a point.
        hidden: Sizes of hidden layers, at least two.
        layer: "discrimination" or "statistics".
        activation: Its name.
    """
    first, last = list(hidden[:-1]), hidden[-1]
    body = MLP([inputs, *first], activation)
    if arguments.known(layer, ("discrimination", "statistics"), "minibatch layer") == "statistics":
        return nn.Sequential(body, MinibatchSpread(), MLP([first[-1] + 1, last, 1], activation))
    discrimination = MinibatchDiscrimination(first[-1])
    return nn.Sequential(body, discrimination, MLP([discrimination.outputs, last, 1], activation))


def _base(name: str, objective: str | Objective, about: str = "", **changes: Any) -> Configuration:
    chosen = OBJECTIVES[objective] if isinstance(objective, str) else objective
    return Configuration(name, chosen, about, **changes)


_WGAN = {"k": 5, "steps": 24000, "betas": (0.5, 0.9)}
_F = {"clip": 1.0}

CONFIGURATIONS: dict[str, Configuration] = {
    one.name: one
    for one in (
        _base("vanilla", "non_saturating", "the base: the non-saturating GAN"),
        _base("saturating", "saturating", "the minimax game itself"),
        _base("lsgan", "lsgan", "labels 0, 1, 1"),
        _base("hinge", "hinge"),
        *(_base(f"f-{f}", f"f-{f}-non-saturating", "the generator raises g_f(v); gradient norms clipped at 1", **_F)
          for f in ("kl", "reverse-kl", "pearson", "squared-hellinger", "twice-jensen-shannon", "gan")),
        _base("wgan", wgan(0.1, name="wgan-0.1"), "weights clipped at 0.1; k = 5 at as many updates of G as the base",
              **_WGAN),
        _base("wgan-gp", "wgan-gp", "k = 5 at as many updates of G as the base; betas 0.5, 0.9", **_WGAN),
        _base("wgan-lp", "wgan-lp", "as wgan-gp, but only too steep a critic pays", **_WGAN),
        _base("mmd", "mmd", "no critic; as many updates of G as the base", critic="none", steps=4000),
        _base("mmd-gan", "mmd-gan", "MMD of 16 learnt features", critic="features"),
        _base("sinkhorn", "sinkhorn", "no critic; each batch is a transport problem, so a fourth of the points and of "
              "G's updates", critic="none", batch=64, steps=1000),
        _base("unrolled", "non_saturating", "G looks 5 steps ahead", unroll=5),
        _base("veegan", "veegan", "a reconstructor; the critic judges pairs", reconstructor=True),
        _base("minibatch-discrimination", "non_saturating", "8 closenesses", critic="discrimination"),
        _base("minibatch-statistics", "non_saturating", "one spread", critic="statistics"),
        *(_base(f"pacgan{m}", "non_saturating", f"256 points a step are {256 // m} packs", pack=m) for m in (2, 4)),
        _base("pacgan3", "non_saturating", "255 points a step are 85 packs", pack=3, batch=255),
    )
}  # fmt: skip
"""Every configuration by its name, for grid-25; `configured` sets it up for either."""

# Ring-8 fits into the unit square, so lengths that are meant in units of the data are smaller there.
_RING: dict[str, dict[str, Any]] = {
    "mmd": {"objective": mmd_game(GaussianKernel((0.02, 0.06, 0.2, 0.6)), name="mmd-ring")},
    "sinkhorn": {"objective": sinkhorn_game(0.005, name="sinkhorn-ring")},
}


def configured(
    name: str,
    data: str = "grid-25",
    *,
    members: int | Sequence[int] | None = None,
    dtype: torch.dtype = torch.float32,
    **changes: Any,
) -> Configuration:
    """The configuration of this name, for these data.

    Args:
        name: One of `CONFIGURATIONS`.
        data: "ring-8" or "grid-25".
        members: As in `nets.ensemble`.
        dtype: Of nets and data.
        changes: Other attributes to change, for example `steps=20`.

    Raises:
        ValueError: If there is no such configuration, or no such data among the two.
    """
    row = CONFIGURATIONS[arguments.known(name, CONFIGURATIONS, "configuration")]
    arguments.known(data, DATA, "data set with modes to be counted")
    special = _RING.get(name, {}) if data == "ring-8" else {}
    return replace(row, data_name=data, members=members, dtype=dtype, **{**special, **changes})
