"""A finite data set as a distribution: each of its points with probability 1/n.

What is called "sampling from the data" in training is sampling from this distribution. An epoch is not: it takes every
point once, in random order, so the batches of one epoch are not independent.
"""

import copy
from collections.abc import Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor

from coursekit import arguments


class Empirical:
    """The empirical distribution of n points: a `Sampler` with replacement, and a source of epochs.

    Pictures may be kept as uint8, a quarter of the memory; they come out as floating point in [0, 1].

    Args:
        points: With shape (n, *event); floating point, or uint8 with levels 0 to 255.
        labels: Whole numbers with shape (n,), or None.
        names: What the labels mean: name k belongs to label k.
        dtype: Of what comes out; by default that of the points, float32 for uint8.

    Raises:
        ValueError: If there are no points, an entry is not finite, or the labels do not fit.
    """

    def __init__(
        self,
        points: Tensor,
        labels: Tensor | None = None,
        *,
        names: tuple[str, ...] = (),
        dtype: torch.dtype | None = None,
    ) -> None:
        if points.dtype != torch.uint8:
            arguments.finite(points, "points")
        if points.dim() == 0 or len(points) == 0:
            raise ValueError(f"points must have shape (n, ...) with n at least 1, got {tuple(points.shape)}.")
        if labels is not None:
            if labels.is_floating_point() or labels.shape != (len(points),):
                raise ValueError(
                    f"labels must be whole numbers with shape ({len(points)},), one a point, got {tuple(labels.shape)} "
                    f"of {labels.dtype}."
                )
            if names and not (int(labels.min()) >= 0 and int(labels.max()) < len(names)):
                raise ValueError(f"labels must lie in 0 to {len(names) - 1}, as there are {len(names)} names.")
        self.points, self.labels, self.names = points, labels, names
        self.dtype = dtype or (torch.float32 if points.dtype == torch.uint8 else points.dtype)

    def __len__(self) -> int:
        return len(self.points)

    def __repr__(self) -> str:
        kind = f"{len(self.names)} classes" if self.names else "labels" if self.labels is not None else "no labels"
        return f"Empirical({len(self)} points with shape {self.event_shape}, {kind})"

    @property
    def event_shape(self) -> tuple[int, ...]:
        """The shape of one point."""
        return tuple(self.points.shape[1:])

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> "Empirical":
        """The same data on another device, or coming out in another floating-point dtype."""
        moved = copy.copy(self)
        moved.points = self.points.to(device)
        moved.labels = None if self.labels is None else self.labels.to(device)
        moved.dtype = dtype or self.dtype
        return moved

    def take(self, index: Int[Tensor, " m"]) -> Float[Tensor, "m *event"]:
        """The points with these indices, as floating point."""
        points = self.points[index]
        return points.to(self.dtype) / 255 if points.dtype == torch.uint8 else points.to(self.dtype)

    def all(self) -> Float[Tensor, "n *event"]:
        """All points in their order, as floating point."""
        return self.take(torch.arange(len(self), device=self.points.device))

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n *event"]:
        """Draws n points, with replacement."""
        arguments.no_context(context, self)
        return self.take(self._draw(n, generator))

    def sample_with_labels(
        self, n: int, *, generator: torch.Generator | None = None
    ) -> tuple[Float[Tensor, "n *event"], Int[Tensor, " n"]]:
        """Draws n points with their labels, with replacement; with equal generators, the points that `sample` draws.

        Raises:
            ValueError: If the data have no labels.
        """
        labels = self._need_labels()
        index = self._draw(n, generator)
        return self.take(index), labels[index]

    def epoch(
        self, batch: int, *, generator: torch.Generator | None = None, drop_last: bool = False
    ) -> Iterator[Float[Tensor, "b *event"]]:
        """Goes through all points once, in random order.

        Args:
            batch: Points a batch; the last one may be smaller.
            generator: Source of the order.
            drop_last: Leaves a smaller last batch out.

        Raises:
            ValueError: If batch is below one, or larger than the data while `drop_last` leaves nothing.
        """
        return (self.take(index) for index in self._order(batch, generator, drop_last))

    def epoch_with_labels(
        self, batch: int, *, generator: torch.Generator | None = None, drop_last: bool = False
    ) -> Iterator[tuple[Float[Tensor, "b *event"], Int[Tensor, " b"]]]:
        """As `epoch`, with labels."""
        labels = self._need_labels()
        return ((self.take(index), labels[index]) for index in self._order(batch, generator, drop_last))

    def only(self, *labels: int | str) -> "Empirical":
        """The part of the data with these labels, by number or by name.

        Raises:
            ValueError: If the data have no labels, or there are no points with these.
        """
        have = self._need_labels()
        numbers = [
            self.names.index(arguments.known(x, self.names, "class")) if isinstance(x, str) else x for x in labels
        ]
        keep = torch.isin(have, torch.tensor(numbers, dtype=have.dtype, device=have.device))
        if not keep.any():
            raise ValueError(f"there are no points with label {', '.join(map(str, labels))}.")
        return Empirical(self.points[keep], have[keep], names=self.names, dtype=self.dtype)

    def _need_labels(self) -> Tensor:
        if self.labels is None:
            raise ValueError("these data have no labels; use sample or epoch, or give labels= when making Empirical.")
        return self.labels

    def _draw(self, n: int, generator: torch.Generator | None) -> Tensor:
        arguments.count(n, "n")
        where = generator.device if generator is not None else self.points.device
        return torch.randint(len(self), (n,), generator=generator, device=where).to(self.points.device)

    def _order(self, batch: int, generator: torch.Generator | None, drop_last: bool) -> list[Tensor]:
        arguments.count(batch, "batch", minimum=1)
        if drop_last and batch > len(self):
            raise ValueError(
                f"batch must be at most the {len(self)} points there are when drop_last=True, got {batch}."
            )
        where = generator.device if generator is not None else self.points.device
        order = torch.randperm(len(self), generator=generator, device=where).to(self.points.device)
        batches = list(order.split(batch))
        return batches[:-1] if drop_last and len(batches[-1]) < batch else batches
