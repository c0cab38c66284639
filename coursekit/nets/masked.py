"""Masked linear layers: which output may see which input is decided by zeros in the weights.

Give every unit a degree. Input j has degree j + 1 (in the chosen order), a hidden unit any degree from 1 to D - 1, and
a unit sees only units of smaller or equal degree; the outputs for coordinate i see only degrees strictly below its own.
Then output i depends on the coordinates before i alone, however deep the net: one pass gives all conditionals.
(Germain et al. 2015, MADE, eq. 12 and 13.)
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from coursekit import arguments
from coursekit.nets.ensemble import STACKED, EnsembleLinear, _stacked
from coursekit.nets.mlp import named_activation


class MaskedLinear(nn.Linear):
    """A linear map whose weights are multiplied by a fixed mask of zeros and ones.

    Args:
        mask: With shape (out, in); True where the output may see the input.
    """

    mask: Tensor

    def __init__(self, mask: Tensor) -> None:
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask.bool())

    def forward(self, x: Float[Tensor, "n features"]) -> Float[Tensor, "n out"]:
        return F.linear(x, self.weight * self.mask, self.bias)


class EnsembleMaskedLinear(EnsembleLinear):
    """S masked linear maps with one mask."""

    mask: Tensor

    def __init__(self, solos: Sequence[MaskedLinear]) -> None:
        super().__init__(_stacked(solos, "weight"), _stacked(solos, "bias"))
        self.register_buffer("mask", solos[0].mask.clone())

    def forward(self, x: Float[Tensor, "*shared n features"]) -> Float[Tensor, "s n out"]:
        x = x.expand(len(self.weight), *x.shape) if x.dim() == 2 else x
        assert self.bias is not None
        return torch.baddbmm(self.bias, x, (self.weight * self.mask).mT)


STACKED[MaskedLinear] = EnsembleMaskedLinear


class AutoregressiveMLP(nn.Module):
    """An MLP with D inputs and D x `outputs` outputs, where output i sees only the inputs before i in the order.

    Args:
        dim: D.
        hidden: Sizes of the hidden layers.
        outputs: How many numbers for each coordinate (2 for a mean and a log-scale, say).
        order: order[i] is the position of coordinate i; None is 0, 1, …, D - 1.
        context: Number of further inputs that every output may see.
        activation: Its name.

    Raises:
        ValueError: If order is not a permutation of 0 … D - 1, or a size is not positive.
    """

    def __init__(
        self,
        dim: int,
        hidden: Sequence[int],
        outputs: int = 1,
        *,
        order: Sequence[int] | None = None,
        context: int = 0,
        activation: str = "relu",
    ) -> None:
        super().__init__()
        arguments.count(dim, "dim", minimum=1)
        arguments.count(outputs, "outputs", minimum=1)
        order = list(range(dim)) if order is None else list(order)
        if sorted(order) != list(range(dim)):
            raise ValueError(f"order must be a permutation of 0 to {dim - 1}, got {order}.")
        self.outputs = outputs
        inward = torch.cat([torch.tensor(order) + 1, torch.zeros(context, dtype=torch.long)])  # degree 0: seen by all
        layers: list[nn.Module] = []
        for size in hidden:
            # Degrees 0 … D - 1 in turn; 0 sees the context alone.
            outward = torch.arange(size) % max(dim, 1) if context else torch.arange(size) % max(dim - 1, 1) + 1
            layers += [MaskedLinear(outward[:, None] >= inward[None]), named_activation(activation)]
            inward = outward
        last = (torch.tensor(order) + 1).repeat_interleave(outputs)
        layers.append(MaskedLinear(last[:, None] > inward[None]))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Float[Tensor, "*shared n d"], context: Tensor | None = None) -> Float[Tensor, "*s n d k"]:
        """Maps x with shape (n, D) to (n, D, outputs); an ensemble carries a leading axis S."""
        if context is not None:
            x = torch.cat([x, context], dim=-1)
        out = self.layers(x)
        return out.unflatten(-1, (-1, self.outputs))
