"""The alternating loop: k updates of the critic, one of the generator, and again.

While one player moves, the other stands still: gradients are taken for the parameters of the player whose turn it is
and for no others (Goodfellow et al. 2014, algorithm 1).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from coursekit import arguments
from coursekit.gans.nets import Generator, check_logits
from coursekit.gans.objectives import OBJECTIVES, Objective
from coursekit.training.run import Player, Run


class Game(Run):
    """A GAN in training: the players "d" and "g", an objective, and data.

    Attributes:
        k: Updates of the critic for each one of the generator; may be changed while the game runs.
        objective: What the players want; may be changed while the game runs.
    """

    def __init__(
        self, g: Player, d: Player, data: Any, objective: Objective, *, batch: int, k: int, **options: Any
    ) -> None:
        super().__init__({"d": d, "g": g}, **options)
        self.data, self.objective = data, objective
        self.batch = arguments.count(batch, "batch", minimum=1)
        self.k = arguments.count(k, "k", minimum=1)
        self._d_updates = 0  # since the generator's last one

    def turn(self) -> str:
        return "d" if self._d_updates < self.k else "g"

    def loss(self, player: str) -> tuple[Tensor, dict[str, Tensor]]:
        g, d = self.players["g"].module, self.players["d"].module
        assert isinstance(g, Generator)
        lead = 1 if self.members is None else 2
        z = self.normal(self.batch, g.latent, dtype=next(g.parameters()).dtype)
        x = self.draw(self.data, self.batch).to(z.dtype)
        fake = g(z)
        if player == "g":
            self._d_updates = 0
            return self.objective.g_loss(check_logits(d, fake, lead), check_logits(d, x, lead)).mean(-1), {}
        self._d_updates += 1
        fake = fake.detach()
        loss = self.objective.d_loss(check_logits(d, x, lead), check_logits(d, fake, lead))
        if self.objective.penalty is not None:
            loss = loss + self.objective.penalty(d, x, fake)
        return loss.mean(-1), {}

    def extra_state(self) -> dict[str, Any]:
        return {"k": self.k, "d_updates": self._d_updates, "objective": self.objective.name}

    def load_extra_state(self, state: Mapping[str, Any]) -> None:
        self.k, self._d_updates = int(state["k"]), int(state["d_updates"])
        self.objective = OBJECTIVES.get(state["objective"], self.objective)


def fit_adversarial(
    g: Generator,
    d: torch.nn.Module,
    data: Any,
    objective: str | Objective = "non_saturating",
    *,
    steps: int = 4000,
    batch: int = 256,
    k: int = 1,
    learning_rate: float | tuple[float, float] = 1e-3,
    betas: tuple[float, float] = (0.5, 0.999),
    seed: int = 0,
    members: int | Sequence[int] | None = None,
    clip: float | None = None,
) -> Game:
    """Sets up a game; nothing happens until it is pulled from.

    Args:
        g: The generator.
        d: The critic, with one logit a point.
        data: A `Sampler`.
        objective: Its name, or one of your own.
        steps: Updates of both players together.
        batch: Points in a batch, as many real as fake.
        k: Updates of the critic for each one of the generator.
        learning_rate: Of Adam for both, or (critic, generator).
        betas: Of Adam. A first one of 0.5 is the DCGAN recipe's (Radford et al. 2016).
        seed: Of batches and noise.
        members: As the nets were built with.
        clip: Largest gradient norm of a player.

    Raises:
        ValueError: If there is no such objective, or a number is out of range.
    """
    if isinstance(objective, str):
        objective = OBJECTIVES[arguments.known(objective, OBJECTIVES, "objective")]
    rate_d, rate_g = learning_rate if isinstance(learning_rate, tuple) else (learning_rate, learning_rate)
    player_g = Player(g, torch.optim.Adam(g.parameters(), lr=rate_g, betas=betas))
    player_d = Player(d, torch.optim.Adam(d.parameters(), lr=rate_d, betas=betas))
    options = {"steps": steps, "seed": seed, "members": members, "clip": clip}
    return Game(player_g, player_d, data, objective, batch=batch, k=k, **options)
