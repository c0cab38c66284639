"""A progress bar around a run, and snapshots along it to go back to."""

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from tqdm.auto import tqdm

from coursekit import arguments
from coursekit.training.run import Run, Update

T = TypeVar("T")


def progress(run: Run, description: str = "", *, every: float = 0.5, show: bool | None = None) -> Iterator[Update]:
    """Yields the run's updates behind a progress bar with rate, time left, and the latest losses.

    Args:
        run: Pulled to its end.
        description: Before the bar.
        every: Seconds between two looks at the metrics (looking waits for the device).
        show: False shows nothing; None shows a bar on a terminal or in a notebook only.
    """
    bar = tqdm(total=run.steps, initial=run.step, desc=description, mininterval=every,
               disable=None if show is None else not show)  # fmt: skip
    with bar:
        latest: dict[str, Update] = {}
        for update in run:
            latest[update.player] = update
            if bar.update(1) or update.step == run.steps:
                bar.set_postfix({name: f"{u.metrics['loss'].double().mean().item():.4g}" for name, u in latest.items()})
            yield update


class Snapshots(Generic[T]):
    """Pictures of a run along its way, never more than `capacity`, always spread over the whole of it.

    When they would become too many, every second one is let go and from then on half as many are taken: so the memory
    is bounded, however long the run.

    Args:
        run: The run to look at.
        look: What to keep of it, for example samples of its generator.
        capacity: Most snapshots to keep, at least 2.
        rewind: Keep the run's whole state as well, so that `rewind_to` can go back.
    """

    def __init__(self, run: Run, look: Callable[[Run], T], *, capacity: int = 200, rewind: bool = False) -> None:
        self.run, self.look = run, look
        self.capacity = arguments.count(capacity, "capacity", minimum=2)
        self.stride = 1
        self.steps: list[int] = []
        self.pictures: list[T] = []
        self.states: list[Any] | None = [] if rewind else None

    def __call__(self) -> bool:
        """Takes a snapshot if one is due at the run's present step; returns whether it did."""
        if self.run.step % self.stride or (self.steps and self.run.step <= self.steps[-1]):
            return False
        if len(self.steps) == self.capacity:
            self.stride *= 2
            keep = [i for i, step in enumerate(self.steps) if step % self.stride == 0]
            self._keep(keep)
            if self.run.step % self.stride:
                return False
        self.steps.append(self.run.step)
        self.pictures.append(self.look(self.run))
        if self.states is not None:
            self.states.append(self.run.state_dict())
        return True

    def at(self, step: int) -> tuple[int, T]:
        """The last snapshot not after `step` (or the first): its step, and the picture.

        Raises:
            ValueError: If there is none.
        """
        index = self._index(step)
        return self.steps[index], self.pictures[index]

    def rewind_to(self, step: int) -> int:
        """Puts the run back to the last snapshot not after `step`; later ones are let go. Returns its step.

        Raises:
            ValueError: If there is none, or the states were not kept.
        """
        index = self._index(step)
        if self.states is None:
            raise ValueError("these snapshots keep pictures only; make them with rewind=True to go back.")
        self.run.load_state_dict(self.states[index])
        self._keep(list(range(index + 1)))
        return self.steps[index]

    def _index(self, step: int) -> int:
        if not self.steps:
            raise ValueError("no snapshot was taken yet; call this object once after each update.")
        return max((i for i, s in enumerate(self.steps) if s <= step), default=0)

    def _keep(self, indices: list[int]) -> None:
        self.steps = [self.steps[i] for i in indices]
        self.pictures = [self.pictures[i] for i in indices]
        if self.states is not None:
            self.states = [self.states[i] for i in indices]
