"""A training run is an object that you pull updates from.

    run = fit_likelihood(model, data, steps=1000)
    for update in run:
        ...

Each pull makes one update of one player (a likelihood model has one player, a game has two) and returns its metrics.
Nothing else happens between two pulls, so whoever pulls is in charge: a `for` loop, tqdm (`progress`), a widget on a
worker thread, a test that stops half-way. A run can be saved at any update and goes on from there as if it had never
stopped; while it runs, learning rates and other controls may change.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from coursekit import arguments
from coursekit.seeds import generator, member_seeds
from coursekit.training.members import clip_members, freeze_members, member_finite


class Diverged(ArithmeticError):
    """Training left the finite numbers; the message says when, and what to try."""


@dataclass(frozen=True)
class Update:
    """One player's update.

    Attributes:
        step: Updates made so far, this one included.
        player: Whose parameters moved.
        metrics: Detached tensors with shape (), or (S,) for an ensemble. Read them when you need them: on a GPU,
            reading one waits for the device.
    """

    step: int
    player: str
    metrics: Mapping[str, Tensor]


@dataclass
class Player:
    """Parameters that move together, and the optimiser that moves them."""

    module: nn.Module
    optimiser: torch.optim.Optimizer

    def parameters(self) -> list[nn.Parameter]:
        """Those that the optimiser moves."""
        return [p for group in self.optimiser.param_groups for p in group["params"]]


class Run(Iterator[Update]):
    """The base of all training loops. A loop says whose turn it is, and that player's loss.

    Args:
        players: By name.
        steps: Updates after which the run is over.
        seed: Of the run's own randomness (batches, latents); for an ensemble the members, as in `nets.ensemble`.
        members: None for a solo run; a number S, or S seeds, for an ensemble.
        clip: Largest gradient norm of a player, of each member on its own; None does not clip.

    Attributes:
        step: Updates made so far.
        generators: One for each member (one in all for a solo run).
        diverged: Member -> the step at which its loss was no longer finite. Such a member is frozen, the others go on.
    """

    def __init__(
        self,
        players: Mapping[str, Player],
        *,
        steps: int,
        seed: int = 0,
        members: int | Sequence[int] | None = None,
        clip: float | None = None,
    ) -> None:
        self.players = dict(players)
        self.steps = arguments.count(steps, "steps")
        self.members = None if members is None else len(member_seeds(members))
        seeds = [seed] if members is None else member_seeds(members)
        device = next(next(iter(self.players.values())).module.parameters()).device
        self.generators = [generator(s, device) for s in seeds]
        self.clip = clip
        self.step = 0
        self.diverged: dict[int, int] = {}
        self._go, self._stopped = threading.Event(), False
        self._go.set()

    # What a loop fills in ---------------------------------------------------------------------------------------

    def turn(self) -> str:
        """Whose turn it is; may look at `self.step` and at anything in `extra_state`."""
        return next(iter(self.players))

    def loss(self, player: str) -> tuple[Tensor, dict[str, Tensor]]:
        """The loss of `player` with shape (), or (S,) for an ensemble, and further metrics."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its loss is.")

    def extra_state(self) -> dict[str, Any]:
        """Numbers, strings and booleans beyond step, players and generators that the loop needs to go on."""
        return {}

    def load_extra_state(self, state: Mapping[str, Any]) -> None:
        """Takes back what `extra_state` gave."""

    # The loop ---------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return max(self.steps - self.step, 0)

    def __next__(self) -> Update:
        """Makes one update.

        Raises:
            StopIteration: If the run is over or was stopped.
            Diverged: If the loss is no longer finite (of an ensemble: of every member).
        """
        self._go.wait()
        if self.step >= self.steps or self._stopped:
            raise StopIteration
        name = self.turn()
        player = self.players[name]
        parameters = player.parameters()
        loss, metrics = self.loss(name)
        # Gradients of this player alone: the others are frozen, exactly.
        gradients = torch.autograd.grad(loss.sum(), parameters, allow_unused=True)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        self._guard(name, loss, parameters)
        if self.clip is not None:
            metrics = {**metrics, "gradient_norm": clip_members(parameters, self.clip, self.members)}
        with freeze_members(parameters, list(self.diverged), self.members):
            player.optimiser.step()
        self.step += 1
        return Update(self.step, name, {"loss": loss.detach(), **{k: v.detach() for k, v in metrics.items()}})

    def _guard(self, name: str, loss: Tensor, parameters: list[nn.Parameter]) -> None:
        good = member_finite(loss, parameters, self.members)
        if bool(good.all()):
            return
        for member in (~good).nonzero().flatten().tolist():
            self.diverged.setdefault(member, self.step)
        if len(self.diverged) == len(good):
            which = "" if self.members is None else f" of all {self.members} members"
            raise Diverged(
                f"at update {self.step} the loss or a gradient of {name!r}{which} was no longer finite. Its parameters "
                f"are those of the update before. Try a smaller learning rate (now {self.learning_rate(name):g}), "
                f"clip=1.0, or look at the data for values that are too large."
            )

    # Randomness ---------------------------------------------------------------------------------------------------

    def draw(self, sampler: Any, n: int) -> Tensor:
        """Draws n points for each member, each from its own generator: (n, *event), or (S, n, *event)."""
        drawn = [sampler.sample(n, generator=g) for g in self.generators]
        return drawn[0] if self.members is None else torch.stack(drawn)

    def normal(self, *shape: int, dtype: torch.dtype | None = None) -> Tensor:
        """Draws standard normal numbers for each member: `shape`, or (S, *shape)."""
        drawn = [torch.randn(*shape, generator=g, dtype=dtype, device=g.device) for g in self.generators]
        return drawn[0] if self.members is None else torch.stack(drawn)

    # Controls -----------------------------------------------------------------------------------------------------

    def learning_rate(self, player: str | None = None) -> float:
        """The present learning rate of a player (of the first, if none is named)."""
        chosen = self.players[player] if player else next(iter(self.players.values()))
        return float(chosen.optimiser.param_groups[0]["lr"])

    def set_learning_rate(self, rate: float, player: str | None = None) -> None:
        """Changes the learning rate of one player, or of all, from the next update on.

        Raises:
            ValueError: If the rate is negative or not finite.
        """
        if not 0 <= rate < float("inf"):
            raise ValueError(f"a learning rate must be a finite number, zero or more, got {rate}.")
        for name, one in self.players.items():
            if player in (None, name):
                for group in one.optimiser.param_groups:
                    group["lr"] = rate

    def pause(self) -> None:
        """From now on the next pull waits (on the thread that pulls) until `resume` or `stop` is called elsewhere."""
        self._go.clear()

    def resume(self) -> None:
        """Lets a paused run go on."""
        self._go.set()

    def stop(self) -> None:
        """Ends the run: the next pull raises StopIteration. `steps` and all state stay as they are."""
        self._stopped = True
        self._go.set()

    # State --------------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Everything that the rest of the run depends on, as copies."""
        return {
            "step": self.step,
            "players": {
                name: {"module": _copy(one.module.state_dict()), "optimiser": _copy(one.optimiser.state_dict())}
                for name, one in self.players.items()
            },
            "generators": [g.get_state() for g in self.generators],
            "diverged": {str(member): step for member, step in self.diverged.items()},
            "extra": self.extra_state(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes back (or forward) to a saved state; the updates after it are the same as they were.

        Raises:
            ValueError: If the state belongs to a run with other players or another number of members.
        """
        if set(state["players"]) != set(self.players) or len(state["generators"]) != len(self.generators):
            raise ValueError(
                f"this run has the players {sorted(self.players)} and {len(self.generators)} generator(s); the state "
                f"has {sorted(state['players'])} and {len(state['generators'])}. It belongs to another run."
            )
        for name, one in self.players.items():
            one.module.load_state_dict(state["players"][name]["module"])
            one.optimiser.load_state_dict(_copy(state["players"][name]["optimiser"]))
        for own, saved in zip(self.generators, state["generators"], strict=True):
            own.set_state(saved.cpu())
        self.diverged = {int(member): int(step) for member, step in state["diverged"].items()}
        self.step = int(state["step"])
        self._stopped = False
        self.load_extra_state(state["extra"])


def _copy(value: Any) -> Any:
    """A deep copy in which tensors share nothing with the original."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, Mapping):
        return {key: _copy(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_copy(one) for one in value)
    return value
