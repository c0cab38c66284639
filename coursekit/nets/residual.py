"""Residual blocks: x + f(x), for points and for images (He et al. 2016)."""

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from coursekit import arguments
from coursekit.nets.mlp import named_activation


class ResidualMLPBlock(nn.Module):
    """x + linear(bend(linear(bend(x)))), all of one width; an ensemble carries a leading axis S."""

    def __init__(self, width: int, activation: str = "relu") -> None:
        super().__init__()
        self.branch = nn.Sequential(
            named_activation(activation), nn.Linear(width, width), named_activation(activation), nn.Linear(width, width)
        )

    def forward(self, x: Float[Tensor, "*s n width"]) -> Float[Tensor, "*s n width"]:
        return x + self.branch(x)


class ResidualMLP(nn.Module):
    """Linear in, residual blocks, linear out.

    Args:
        inputs, outputs: Number of features.
        width: Width of the blocks.
        blocks: How many.
        activation: Its name.
    """

    def __init__(
        self, inputs: int, outputs: int, *, width: int = 64, blocks: int = 2, activation: str = "relu"
    ) -> None:
        super().__init__()
        for name, value in {"inputs": inputs, "outputs": outputs, "width": width}.items():
            arguments.count(value, name, minimum=1)
        self.layers = nn.Sequential(
            nn.Linear(inputs, width),
            *[ResidualMLPBlock(width, activation) for _ in range(arguments.count(blocks, "blocks"))],
            named_activation(activation),
            nn.Linear(width, outputs),
        )

    def forward(self, x: Float[Tensor, "*shared n features"]) -> Float[Tensor, "*s n out"]:
        return self.layers(x)


class ResidualConvBlock(nn.Module):
    """norm, bend, 3x3, norm, bend, 3x3, plus the input (through 1x1 where the channels change).

    "Pre-activation" order (He et al. 2016, Identity Mappings). Group norm has no state, so that a batch of one and an
    ensemble behave alike.

    Args:
        channels: Of the input.
        out: Channels of the output; None keeps them.
        groups: Of the normalisation, at most this many; 0 leaves the normalisation out.
        activation: Its name.
    """

    def __init__(self, channels: int, out: int | None = None, *, groups: int = 8, activation: str = "silu") -> None:
        super().__init__()
        out = channels if out is None else out
        self.branch = nn.Sequential(
            norm(channels, groups), named_activation(activation), nn.Conv2d(channels, out, 3, padding=1),
            norm(out, groups), named_activation(activation), nn.Conv2d(out, out, 3, padding=1),
        )  # fmt: skip
        self.skip = nn.Identity() if out == channels else nn.Conv2d(channels, out, 1)

    def forward(self, x: Float[Tensor, "*s n c h w"]) -> Float[Tensor, "*s n c2 h w"]:
        return self.skip(x) + self.branch(x)


class ConvEncoder(nn.Module):
    """Images to features: a convolution, then for each further width a residual block and a halving.

    Args:
        channels: Of the image.
        widths: Channels at each resolution, from full size down.
        outputs: Number of features; the mean over the last map goes through a linear layer.
        groups: Of the normalisation; 0 leaves it out.
        activation: Its name.
    """

    def __init__(
        self, channels: int, widths: Sequence[int], outputs: int, *, groups: int = 8, activation: str = "silu"
    ) -> None:
        super().__init__()
        if not widths:
            raise ValueError("a ConvEncoder needs at least one width.")
        layers: list[nn.Module] = [nn.Conv2d(channels, widths[0], 3, padding=1)]
        for inward, outward in pairwise([widths[0], *widths]):
            layers += [ResidualConvBlock(inward, outward, groups=groups, activation=activation), nn.AvgPool2d(2)]
        self.body = nn.Sequential(*layers, norm(widths[-1], groups), named_activation(activation))
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], outputs))

    def forward(self, x: Float[Tensor, "*s n c h w"]) -> Float[Tensor, "*s n out"]:
        return self.head(self.body(x))


def norm(channels: int, groups: int) -> nn.Module:
    """Group normalisation with the largest number of groups that divides the channels; none where groups is 0."""
    if groups == 0:
        return nn.Identity()
    return nn.GroupNorm(max(g for g in range(1, groups + 1) if channels % g == 0), channels)
