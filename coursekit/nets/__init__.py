"""The networks that all families are built from; each can be an ensemble over seeds.

- `ensemble`, `stack`, `unstack`: S nets as one, with a leading axis S; `EnsembleLinear` and its kin.
- `MLP`, `ResidualMLP`: points to numbers.
- `MaskedLinear`, `AutoregressiveMLP`: output i sees only the inputs before i.
- `ResidualConvBlock`, `ConvEncoder`, `UNet`: images to images and to features.
- `mlp`, `autoregressive_mlp`, `unet`, …: the same as functions with `members=`.
"""

from collections.abc import Sequence
from typing import Any

from coursekit.nets.ensemble import EnsembleConv2d, EnsembleLinear, ensemble, stack, unstack
from coursekit.nets.masked import AutoregressiveMLP, MaskedLinear
from coursekit.nets.mlp import ACTIVATIONS, MLP, named_activation
from coursekit.nets.residual import ConvEncoder, ResidualConvBlock, ResidualMLP, ResidualMLPBlock
from coursekit.nets.unet import UNet

Members = int | Sequence[int] | None


def mlp(sizes: Sequence[int], activation: str = "relu", *, members: Members = None) -> MLP:
    """An `MLP`, or an ensemble of it over seeds."""
    return ensemble(lambda: MLP(sizes, activation), members)


def autoregressive_mlp(dim: int, hidden: Sequence[int], outputs: int = 1, *, members: Members = None,
                       **options: Any) -> AutoregressiveMLP:  # fmt: skip
    """An `AutoregressiveMLP`, or an ensemble of it over seeds."""
    return ensemble(lambda: AutoregressiveMLP(dim, hidden, outputs, **options), members)


def residual_mlp(inputs: int, outputs: int, *, members: Members = None, **options: Any) -> ResidualMLP:
    """A `ResidualMLP`, or an ensemble of it over seeds."""
    return ensemble(lambda: ResidualMLP(inputs, outputs, **options), members)


def conv_encoder(channels: int, widths: Sequence[int], outputs: int, *, members: Members = None,
                 **options: Any) -> ConvEncoder:  # fmt: skip
    """A `ConvEncoder`, or an ensemble of it over seeds."""
    return ensemble(lambda: ConvEncoder(channels, widths, outputs, **options), members)


def unet(inputs: int, outputs: int, widths: Sequence[int] = (16, 32, 64), *, members: Members = None,
         **options: Any) -> UNet:  # fmt: skip
    """A `UNet`, or an ensemble of it over seeds."""
    return ensemble(lambda: UNet(inputs, outputs, widths, **options), members)


__all__ = [
    "ACTIVATIONS", "AutoregressiveMLP", "ConvEncoder", "EnsembleConv2d", "EnsembleLinear", "MLP", "MaskedLinear",
    "ResidualConvBlock", "ResidualMLP", "ResidualMLPBlock", "UNet", "autoregressive_mlp", "conv_encoder",
    "ensemble", "mlp", "named_activation", "residual_mlp", "stack", "unet", "unstack",
]  # fmt: skip
