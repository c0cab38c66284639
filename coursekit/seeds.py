"""Seeds are explicit: nothing in the course draws from torch's global generator unless told to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, torch's global generator starts from `seed`; outside, it is as if nothing had happened.

    Modules draw their first weights from the global generator, so they are built inside:

        with seeded(0):
            net = MLP([2, 64, 1])
    """
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def generator(seed: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator of its own, started from `seed`."""
    return torch.Generator(device).manual_seed(seed)


def member_seeds(members: int | Sequence[int]) -> list[int]:
    """The seeds of an ensemble: 0 … S-1 for a number S, or those given.

    Raises:
        ValueError: If there is no member.
    """
    seeds = list(range(members)) if isinstance(members, int) else [int(seed) for seed in members]
    if not seeds:
        raise ValueError(f"an ensemble needs at least one member, got members={members!r}.")
    return seeds
