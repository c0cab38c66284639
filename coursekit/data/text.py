"""A short text, character by character: sentences of this course's lectures, in 29 characters, nothing to download.

A character is a choice among V, and a net cannot output a choice that gradients pass through. So characters are
**one-hot** vectors, all 0 but for a 1 at the character's place in the alphabet, and a run of L characters has shape
(L, V). A generator that ends in a softmax gives points of the same shape, with shares instead of a single 1.
"""

from functools import cache
from importlib.resources import files

import torch
from jaxtyping import Float, Int
from torch import Tensor

from coursekit import arguments

ALPHABET = "abcdefghijklmnopqrstuvwxyz .,"


@cache
def short_text() -> str:
    """Loads the course's own text: about 15,000 characters of `ALPHABET`, one line."""
    return " ".join((files("coursekit.data") / "short_text.txt").read_text("utf-8").split())


def encode(text: str) -> Int[Tensor, " n"]:
    """The place of each character in `ALPHABET`.

    Raises:
        ValueError: If a character is not in it.
    """
    strange = sorted(set(text) - set(ALPHABET))
    if strange:
        raise ValueError(
            f"the text has characters that the alphabet lacks: {' '.join(map(repr, strange[:8]))}. The alphabet is "
            f"{ALPHABET!r}: lower case, without digits and line breaks."
        )
    return torch.tensor([ALPHABET.index(c) for c in text], dtype=torch.int64)


def decode(x: Float[Tensor, "n length v"]) -> list[str]:
    """The likeliest character at each place, one string a run.

    Args:
        x: One-hot vectors or shares with shape (n, L, V).

    Raises:
        ValueError: If V is not the size of the alphabet.
    """
    if x.shape[-1] != len(ALPHABET):
        raise ValueError(f"the last axis must be the {len(ALPHABET)} characters of the alphabet, got {tuple(x.shape)}.")
    return ["".join(ALPHABET[i] for i in run) for run in x.argmax(-1).tolist()]


class Runs:
    """All runs of L characters of a text, each equally likely: a `Sampler` with points of shape (L, V).

    Args:
        length: L.
        text: In the characters of `ALPHABET`; the course's own by default.
        dtype: Of the points.

    Raises:
        ValueError: If the text is shorter than a run, or has characters that the alphabet lacks.
    """

    def __init__(self, length: int = 16, text: str | None = None, *, dtype: torch.dtype = torch.float32) -> None:
        arguments.count(length, "length", minimum=1)
        codes = encode(short_text() if text is None else text)
        if len(codes) < length:
            raise ValueError(f"a run has {length} characters, but the text has only {len(codes)}.")
        self.codes = codes.unfold(0, length, 1)  # (runs, L), a view: no character is stored twice
        self.dtype = dtype

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def event_shape(self) -> tuple[int, int]:
        """(L, V)."""
        return self.codes.shape[1], len(ALPHABET)

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n length v"]:
        """Draws n runs, with replacement, one-hot."""
        arguments.no_context(context, self)
        where = generator.device if generator is not None else self.codes.device
        index = torch.randint(len(self), (arguments.count(n, "n"),), generator=generator, device=where)
        codes = self.codes.to(where)[index]
        return torch.nn.functional.one_hot(codes, len(ALPHABET)).to(self.dtype)
