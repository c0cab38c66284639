"""The alternating loop: k updates of the critic, one of the generator, and again.

While one player moves, the other stands still: gradients are taken for the parameters of the player whose turn it is
and for no others (Goodfellow et al. 2014, algorithm 1).

All objectives and all remedies of `coursekit.gans` go through this one loop. Read `loss` first; what they add is
- what the critic sees: `Generator.show`, and `pack`;
- which critic the generator plays against: the present one, or with `unroll` its answer;
- what happens to the critic after its update: `Objective.constrain`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.func import functional_call

from coursekit import arguments
from coursekit.gans.nets import Generator, check_features, check_logits
from coursekit.gans.objectives import OBJECTIVES, Objective
from coursekit.gans.packing import check_divisible, pack
from coursekit.gans.unrolled import unrolled_parameters
from coursekit.training.run import Player, Run, Update


class Game(Run):
    """A GAN in training: the players "d" and "g", an objective, and data.

    Attributes:
        k: Updates of the critic for each one of the generator; may be changed while the game runs.
        objective: What the players want; may be changed while the game runs.
        pack: Points that the critic judges at once, always of one kind.
        unroll: Steps that the generator looks ahead; may be changed while the game runs.
    """

    def __init__(
        self,
        g: Player,
        d: Player | None,
        data: Any,
        objective: Objective,
        *,
        batch: int,
        k: int,
        pack: int = 1,
        unroll: int = 0,
        **options: Any,
    ) -> None:
        super().__init__({"g": g} if d is None else {"d": d, "g": g}, **options)
        self.data, self.objective = data, objective
        self.batch = arguments.count(batch, "batch", minimum=1)
        self.k = arguments.count(k, "k", minimum=1)
        self.pack = arguments.count(pack, "pack", minimum=1)
        self.unroll = arguments.count(unroll, "unroll")
        check_divisible(self.batch, self.pack)
        if d is None and not (objective.of_features and pack == 1 and unroll == 0):
            raise ValueError(
                f"the objective {objective.name!r} needs a critic. Without one, the generator can only descend a "
                "distance between points, such as 'mmd' or 'sinkhorn', and there is nothing to pack or to unroll."
            )
        self._d_updates = 0  # since the generator's last one
        self._lead = 1 if self.members is None else 2  # axes that count points: (n, ...), or (S, n, ...)

    def turn(self) -> str:
        return "d" if "d" in self.players and self._d_updates < self.k else "g"

    def loss(self, player: str) -> tuple[Tensor, dict[str, Tensor]]:
        g = self.players["g"].module
        d = self.players["d"].module if "d" in self.players else _points
        assert isinstance(g, Generator)
        z = self.normal(self.batch, g.latent, dtype=next(g.parameters()).dtype)
        x = self.draw(self.data, self.batch).to(z.dtype)
        fake = g(z)
        seen_x, seen_fake = (pack(points, self.pack, lead=self._lead) for points in g.show(z, x, fake))
        if player == "d":
            self._d_updates += 1
            return self._d_loss(d, seen_x.detach(), seen_fake.detach()).mean(-1), {}
        self._d_updates = 0
        critic = self._answer(seen_x, seen_fake) if self.unroll else d
        loss = self.objective.g_loss(self._judge(critic, seen_fake), self._judge(critic, seen_x)).mean(-1)
        own = g.own_loss(z, fake)
        return (loss if own is None else loss + own.mean(-1)), {}

    def _judge(self, critic: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
        check = check_features if self.objective.of_features else check_logits
        try:
            return check(critic, points, self._lead)
        except RuntimeError as error:  # torch's, about the sizes of two matrices
            if self.pack == 1:
                raise
            raise ValueError(
                f"the critic cannot take what it is shown: packs of {self.pack} have shape {tuple(points.shape)}, so "
                f"its first layer must take {points.shape[self._lead]} numbers. ({error})"
            ) from error

    def _d_loss(self, critic: Callable[[Tensor], Tensor], x: Tensor, fake: Tensor) -> Tensor:
        loss = self.objective.d_loss(self._judge(critic, x), self._judge(critic, fake))
        if self.objective.penalty is None:
            return loss
        alpha = (self._uniform(x.shape[self._lead - 1], x.dtype),) if self.objective.mixes else ()
        return loss + self.objective.penalty(critic, x, fake, *alpha)

    def _answer(self, x: Tensor, fake: Tensor) -> Callable[[Tensor], Tensor]:
        """The critic `unroll` updates from now, as a function of the fakes."""
        module, optimiser = self.players["d"].module, self.players["d"].optimiser

        def critic(values: dict[str, Tensor]) -> Callable[[Tensor], Tensor]:
            return lambda points: functional_call(module, values, (points,))

        return critic(unrolled_parameters(
            module, optimiser, lambda values: self._d_loss(critic(values), x, fake).mean(-1), self.unroll
        ))  # fmt: skip

    def _uniform(self, n: int, dtype: torch.dtype) -> Tensor:
        """Uniform numbers for each member from its own generator: (n,), or (S, n)."""
        drawn = [torch.rand(n, generator=g, dtype=dtype, device=g.device) for g in self.generators]
        return drawn[0] if self.members is None else torch.stack(drawn)

    def __next__(self) -> Update:
        update = super().__next__()
        if update.player == "d" and self.objective.constrain is not None:
            self.objective.constrain(self.players["d"].module)
        return update

    def extra_state(self) -> dict[str, Any]:
        return {"k": self.k, "d_updates": self._d_updates, "objective": self.objective.name, "unroll": self.unroll}

    def load_extra_state(self, state: Mapping[str, Any]) -> None:
        self.k, self._d_updates = int(state["k"]), int(state["d_updates"])
        self.unroll = int(state.get("unroll", self.unroll))
        if state["objective"] != self.objective.name:
            self.objective = OBJECTIVES.get(state["objective"], self.objective)


def _points(x: Tensor) -> Tensor:
    """Stands for the critic where there is none: the features of a point are its coordinates."""
    return x


def fit_adversarial(
    g: Generator,
    d: torch.nn.Module | None,
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
    pack: int = 1,
    unroll: int = 0,
) -> Game:
    """Sets up a game; nothing happens until it is pulled from.

    Args:
        g: The generator.
        d: The critic, with one logit a point; for objectives that compare features, a net with features, or None.
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
        pack: Points that the critic judges at once (PacGAN); its first layer takes `pack` times the coordinates. A
            batch of n points is n / pack packs.
        unroll: Updates of the critic that the generator looks ahead, differentiating through them (unrolled GAN).

    Raises:
        ValueError: If there is no such objective, a number is out of range, or the batch is not divisible by `pack`.
    """
    if isinstance(objective, str):
        objective = OBJECTIVES[arguments.known(objective, OBJECTIVES, "objective")]
    rate_d, rate_g = learning_rate if isinstance(learning_rate, tuple) else (learning_rate, learning_rate)
    player_g = Player(g, torch.optim.Adam(g.parameters(), lr=rate_g, betas=betas))
    player_d = None if d is None else Player(d, torch.optim.Adam(d.parameters(), lr=rate_d, betas=betas))
    options: dict[str, Any] = {"steps": steps, "seed": seed, "members": members, "clip": clip}
    return Game(player_g, player_d, data, objective, batch=batch, k=k, pack=pack, unroll=unroll, **options)
