"""Arrays on their way to the screen: many numpy arrays, one binary block.

A trait of kind `ArraysTrait` holds named arrays. The page gets their names and shapes as JSON and their numbers as one
binary buffer: four bytes a number (float32) and nothing to parse. JSON also could not hold an infinite log-likelihood.
Arrays that are int16 or uint8 already stay so, with two bytes or one: a pixel needs no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from traitlets import TraitError, TraitType

FLOAT = "<f4"
SMALL = ("<i2", "|u1")  # types that are kept as they come


class Arrays(Mapping[str, np.ndarray]):
    """Named arrays that cannot be changed in place: float32, but int16 and uint8 where they were so before.

    Two of them are equal only if they are the same object: comparing the numbers on every frame would be wasted work.

    Args:
        named: the arrays, or lists of numbers.
        about: facts that travel along as JSON, such as the settings that the numbers were computed for.
    """

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __init__(self, named: Mapping[str, Any] | None = None, about: Mapping[str, Any] | None = None):
        self.about = dict(about or {})
        self._arrays: dict[str, np.ndarray] = {}
        for name, values in (named or {}).items():
            try:
                kind = getattr(values, "dtype", None)
                small = isinstance(kind, np.dtype) and kind.str in SMALL
                array = np.array(values, dtype=kind if small else FLOAT, order="C")
            except (TypeError, ValueError) as problem:
                raise ValueError(
                    f"The array {name!r} cannot be drawn: {problem}. Expected numbers, as a numpy array or a list."
                ) from None
            array.setflags(write=False)
            self._arrays[name] = array

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        return f"Arrays({', '.join(f'{k}: {v.shape}' for k, v in self._arrays.items())})"


def pack(value: Arrays, widget: object = None) -> dict[str, Any]:
    """The form in which arrays travel: facts, names, shapes, types, and one block of bytes, little-endian."""
    return {
        "about": value.about,
        "names": list(value),
        "shapes": [list(value[name].shape) for name in value],
        "types": [value[name].dtype.str for name in value],
        "block": memoryview(b"".join(value[name].tobytes() for name in value)),
    }


def unpack(packed: Mapping[str, Any]) -> Arrays:
    """The inverse of `pack`; `arrays` in toolkit.js is the same in JavaScript."""
    named, start = {}, 0
    for name, shape, kind in zip(packed["names"], packed["shapes"], packed["types"], strict=True):
        length = int(np.prod(shape, dtype=int))
        named[name] = np.frombuffer(packed["block"], kind, length, start).reshape(shape)
        start += named[name].nbytes
    return Arrays(named, packed.get("about"))


def _refuse(value: object, widget: object) -> Arrays:
    raise TraitError("Arrays are computed in Python; the page may look at them but not change them.")


class ArraysTrait(TraitType[Arrays, Mapping[str, Any]]):
    """A trait of named arrays: assign a dictionary of arrays, read an `Arrays`."""

    default_value = Arrays()
    info_text = "a mapping from names to arrays of numbers"

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.tag(sync=True, to_json=pack, from_json=_refuse, echo_update=False)

    def validate(self, obj: Any, value: Any) -> Arrays:
        """Turn a mapping into `Arrays`; anything else is refused with a sentence."""
        if isinstance(value, Arrays):
            return value
        if not isinstance(value, Mapping):
            self.error(obj, value)
        try:
            return Arrays(value)
        except ValueError as problem:
            raise TraitError(str(problem)) from None
