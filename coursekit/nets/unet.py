"""The U-Net: down to a coarse map and up again, with a bridge at every size (Ronneberger et al. 2015)."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from coursekit.nets.residual import ResidualConvBlock, norm


class UNet(nn.Module):
    """Images to images of the same size.

    Args:
        inputs, outputs: Channels of input and output.
        widths: Channels at each size, from full size down; the image's sides must be divisible by
            2^(len(widths) - 1).
        groups: Of the normalisation; 0 leaves it out.
        activation: Its name.
    """

    def __init__(
        self, inputs: int, outputs: int, widths: Sequence[int] = (16, 32, 64), *, groups: int = 8,
        activation: str = "silu",
    ) -> None:  # fmt: skip
        super().__init__()
        if not widths:
            raise ValueError("a U-Net needs at least one width.")
        options: dict[str, Any] = {"groups": groups, "activation": activation}
        self.first = nn.Conv2d(inputs, widths[0], 3, padding=1)
        self.down = nn.ModuleList(
            ResidualConvBlock(a, b, **options) for a, b in pairwise([widths[0], *widths])
        )
        self.shrink, self.grow = nn.AvgPool2d(2), nn.Upsample(scale_factor=2, mode="nearest")
        upward = reversed(list(pairwise(widths)))
        self.up = nn.ModuleList(ResidualConvBlock(fine + coarse, fine, **options) for fine, coarse in upward)
        self.last = nn.Sequential(norm(widths[0], groups), nn.Conv2d(widths[0], outputs, 3, padding=1))

    def forward(self, x: Float[Tensor, "*s n c h w"]) -> Float[Tensor, "*s n c2 h w"]:
        """Maps (n, inputs, h, w) to (n, outputs, h, w); an ensemble carries a leading axis S.

        Raises:
            ValueError: If the sides cannot be halved as often as the net is deep.
        """
        factor = 2 ** (len(self.down) - 1)
        if x.shape[-1] % factor or x.shape[-2] % factor:
            raise ValueError(
                f"this U-Net halves {len(self.down) - 1} times, so both sides must be divisible by {factor}; the image "
                f"is {x.shape[-2]} x {x.shape[-1]}. Resize it, or use fewer widths."
            )
        bridges: list[Tensor] = []
        x = self.first(x)
        for i, block in enumerate(self.down):
            x = block(x if i == 0 else self.shrink(x))
            bridges.append(x)
        for block, bridge in zip(self.up, reversed(bridges[:-1]), strict=True):
            x = block(torch.cat([bridge, self.grow(x)], dim=-3))
        return self.last(x)
