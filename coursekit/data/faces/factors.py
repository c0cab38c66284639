"""What may vary in a face: the table of factors, and a batch of faces as their factors.

`FACTORS` is the single source. Everything else (priors, palettes, captions, networks that read factors back) asks it
which factors there are, how many values each has and what they are called.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments

# One value of a factor, as a person gives it: a name, its index, or a number.
Value: TypeAlias = str | int | float


@dataclass(frozen=True)
class Factor:
    """One thing that varies: discrete with named values, or continuous between low and high."""

    name: str
    values: tuple[str, ...] = ()
    low: float = -1.0
    high: float = 1.0

    @property
    def discrete(self) -> bool:
        """Whether it takes one of finitely many values."""
        return bool(self.values)

    @property
    def width(self) -> int:
        """The columns it takes in a vector: one for each value (one-hot), or one number."""
        return len(self.values) if self.discrete else 1

    def index(self, value: Value) -> int:
        """The index of a discrete factor's value, given by name or by index.

        Raises:
            ValueError: If there is no such value; the message lists them.
        """
        if isinstance(value, str):
            return self.values.index(arguments.known(value, self.values, f"value of {self.name}"))
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(self.values):
            numbered = ", ".join(f"{i} {name}" for i, name in enumerate(self.values))
            raise ValueError(f"{self.name} must be one of these, by name or by index: {numbered}; got {value!r}.")
        return value

    def column(self, value: Value | Tensor, n: int, *, dtype: torch.dtype, device: torch.device | str) -> Tensor:
        """Spells one value, or a tensor of n values, out as a column with shape (n,): int64 or dtype.

        Raises:
            ValueError: If a value is unknown or out of range, or the tensor has another shape or kind.
        """
        if isinstance(value, Tensor):
            return self.checked(value.to(device=device, dtype=dtype if value.is_floating_point() else None), n)
        if self.discrete:
            return torch.full((n,), self.index(value), device=device)
        if isinstance(value, (str, bool)) or not isinstance(value, (int, float)):
            raise ValueError(f"{self.name} must be a number from {self.low:g} to {self.high:g}, got {value!r}.")
        number = torch.tensor([float(value)], dtype=torch.float64)  # checked before a smaller dtype can overflow
        return self.checked(number, 1).to(device=device, dtype=dtype).expand(n).clone()

    def checked(self, column: Tensor, n: int) -> Tensor:
        """Checks a column of values, shape (n,); a discrete one becomes int64."""
        if column.shape != (n,):
            raise ValueError(f"{self.name} must have shape ({n},), one entry a face, got {tuple(column.shape)}.")
        if not self.discrete:
            return arguments.within(arguments.finite(column, self.name), self.name, self.low, self.high)
        if column.is_floating_point() or column.is_complex() or column.dtype == torch.bool:
            raise ValueError(f"{self.name} is discrete and must hold whole numbers, got dtype {column.dtype}.")
        return arguments.within(column.long(), self.name, 0, len(self.values) - 1)


FACTORS: dict[str, Factor] = {
    factor.name: factor
    for factor in (
        Factor("skin", ("light", "tan", "brown", "dark")),
        Factor("hair_colour", ("black", "grey", "ginger", "blond", "pink")),
        Factor("hair_style", ("short", "long", "curly", "spiky", "pigtails")),
        Factor("hat", ("none", "beanie", "cap", "crown")),
        Factor("glasses", ("none", "round", "square")),
        Factor("smile"),  # -1 the corners of the mouth hang, 1 they are up
        Factor("eye_size", low=0.0),  # 0 small, 1 big
        Factor("face_shape", ("round", "long", "square")),
        Factor("position_x"),  # -1 left, 1 right: a shift of the whole figure
        Factor("position_y"),  # -1 up, 1 down
        Factor("background", ("sky", "mint", "lilac", "coral", "night")),
        Factor("stripes", ("plain", "striped")),
        Factor("drawing", ("flat", "ink", "sticker", "soft")),
    )
}
DISCRETE = tuple(name for name, factor in FACTORS.items() if factor.discrete)
CONTINUOUS = tuple(name for name, factor in FACTORS.items() if not factor.discrete)


class Factors:
    """A batch of n faces, each described exactly: one column with shape (n,) for every factor of the table.

    `factors["hat"]` is a column (int64 for discrete factors, floating point for continuous ones); `factors[:8]`,
    `factors[mask]` and `factors[3]` are fewer faces.

    Args:
        columns: One tensor with shape (n,) for every factor.

    Raises:
        ValueError: If a factor is missing or unknown, a column has another shape, or a value is out of range.
    """

    def __init__(self, columns: Mapping[str, Tensor]) -> None:
        for name in columns:
            arguments.known(name, FACTORS, "factor of a face")
        missing = [name for name in FACTORS if name not in columns]
        if missing:
            raise ValueError(f"faces need every factor, and these are missing: {', '.join(missing)}; try draw_factors.")
        n = len(columns["skin"]) if columns["skin"].dim() else 1
        self.columns = {name: factor.checked(columns[name], n) for name, factor in FACTORS.items()}

    @classmethod
    def _of(cls, columns: dict[str, Tensor]) -> "Factors":
        """Wraps columns that are known to be good: a look at values would make a GPU wait."""
        self = cls.__new__(cls)
        self.columns = columns
        return self

    def __len__(self) -> int:
        return len(self.columns["skin"])

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            return self.columns[arguments.known(key, FACTORS, "factor of a face")]
        if isinstance(key, int):
            if not -len(self) <= key < len(self):
                raise IndexError(f"there is no face {key} among {len(self)}.")
            key = [key]
        return Factors._of({name: column[key] for name, column in self.columns.items()})

    def __iter__(self) -> Iterator["Factors"]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        return f"Factors(n={len(self)}, device={self.device}, dtype={self.dtype})"

    @property
    def device(self) -> torch.device:
        """Where the columns are."""
        return self.columns["smile"].device

    @property
    def dtype(self) -> torch.dtype:
        """Of the continuous columns; images are drawn in it."""
        return self.columns["smile"].dtype

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> "Factors":
        """Moves all columns to a device, and continuous ones to a floating-point dtype."""
        if dtype is not None and not dtype.is_floating_point:
            raise ValueError(f"dtype must be a floating-point one, got {dtype}.")
        return Factors._of(
            {
                name: column.to(device=device, dtype=None if FACTORS[name].discrete else dtype)
                for name, column in self.columns.items()
            }
        )

    def replace(self, **changes: Value | Tensor) -> "Factors":
        """The same faces with some factors changed: `factors.replace(hat="cap", smile=0.5)`.

        Args:
            **changes: By factor a name, an index, a number, or a tensor with shape (n,).

        Raises:
            ValueError: If a factor or a value is unknown, or a number out of range.
        """
        columns = dict(self.columns)
        for name, value in changes.items():
            factor = FACTORS[arguments.known(name, FACTORS, "factor of a face")]
            columns[name] = factor.column(value, len(self), dtype=self.dtype, device=self.device)
        return Factors._of(columns)

    def words(self, i: int = 0) -> dict[str, Value]:
        """Face number i in words: the value of every factor, as its name or as a number."""
        face = self[i]
        return {
            name: factor.values[int(face[name])] if factor.discrete else float(face[name])
            for name, factor in FACTORS.items()
        }

    def vector(self) -> Float[Tensor, "n width"]:
        """All factors as one vector a face, in the table's order: one-hot, and continuous ones as they are."""
        return torch.cat(
            [
                torch.nn.functional.one_hot(self[name], factor.width).to(self.dtype)
                if factor.discrete
                else self[name][:, None]
                for name, factor in FACTORS.items()
            ],
            dim=1,
        )

    @classmethod
    def from_vector(cls, vector: Float[Tensor, "n width"]) -> "Factors":
        """Reads factors from vectors such as a network's output: the largest entry wins, numbers are clipped.

        Raises:
            ValueError: If the vectors have another width than `vector()` gives.
        """
        width = sum(factor.width for factor in FACTORS.values())
        if vector.dim() != 2 or vector.shape[1] != width:
            raise ValueError(f"vectors of factors must have shape (n, {width}), got {tuple(vector.shape)}.")
        parts = vector.split([factor.width for factor in FACTORS.values()], dim=1)
        return cls._of(
            {
                name: part.argmax(1) if factor.discrete else part[:, 0].clamp(factor.low, factor.high)
                for (name, factor), part in zip(FACTORS.items(), parts, strict=True)
            }
        )

    @staticmethod
    def cat(batches: Sequence["Factors"]) -> "Factors":
        """Joins batches into one."""
        if not batches:
            raise ValueError("there is no batch to join; give at least one.")
        return Factors._of({name: torch.cat([batch[name] for batch in batches]) for name in FACTORS})
