"""Faces as a distribution to learn from: endless independent pictures, with the factors that made them if asked."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.data.faces.drawing import check_size, draw
from coursekit.data.faces.factors import FACTORS, Factors
from coursekit.data.faces.priors import Rule, draw_factors


class Faces:
    """The distribution of drawn faces: a `Sampler` of RGB pictures in [0, 1].

    There is no data set on disk and no epoch: every batch is new. For a finite data set, draw it once and keep it:
    `Empirical(Faces(32).sample(10_000, generator=...))`.

    Args:
        size: Width and height in pixels, from 8.
        where: Condition on the factors, as in `draw_factors`.
        dtype: Of pictures and continuous factors.
        device: Where pictures are drawn; by default where the generator is.
        **rules: How factors are drawn, as in `draw_factors`: `Faces(32, hat="none", drawing=["flat", "ink"])`.

    Raises:
        ValueError: If the size is below 8, or a factor or value is unknown.
    """

    def __init__(
        self,
        size: int = 32,
        *,
        where: Callable[[Factors], Tensor] | None = None,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str | None = None,
        **rules: Rule | None,
    ) -> None:
        self.size = check_size(size)
        self.where, self.rules = where, rules
        self.dtype, self.device = dtype, device
        # Rules that need no other face to be judged are judged here, where the mistake was made.
        plain: dict[str, Any] = {name: rule for name, rule in rules.items() if _plain(rule)}
        for name in rules:
            arguments.known(name, FACTORS, "factor of a face")
        draw_factors(1, dtype=dtype, generator=torch.Generator(), **plain)

    @property
    def event_shape(self) -> tuple[int, int, int]:
        """The shape of one picture, (3, size, size)."""
        return (3, self.size, self.size)

    def sample_factors(self, n: int, *, generator: torch.Generator | None = None) -> Factors:
        """Draws the factors of n faces."""
        return draw_factors(
            n, generator=generator, where=self.where, dtype=self.dtype, device=self.device, **self.rules
        )

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n 3 size size"]:
        """Draws n independent faces."""
        arguments.no_context(context, self)
        return draw(self.sample_factors(n, generator=generator), self.size)

    def sample_with_factors(
        self, n: int, *, generator: torch.Generator | None = None
    ) -> tuple[Float[Tensor, "n 3 size size"], Factors]:
        """Draws n independent faces and gives the factors that they were drawn from."""
        factors = self.sample_factors(n, generator=generator)
        return draw(factors, self.size), factors


def _plain(rule: Rule | None) -> bool:
    return not callable(rule) and not isinstance(rule, Tensor)
