"""The two judges: a small convolutional network each, with a layer of features before its answers."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from coursekit import arguments
from coursekit.data.faces import CONTINUOUS, DISCRETE, FACTORS
from coursekit.nets import ConvEncoder


class FactorNetwork(nn.Module):
    """Reads the factors of a face from its picture.

    The last map keeps 4 x 4 places, because two of the factors are a position.

    Args:
        widths: Channels at 32, 16 and 8 pixels.
        features: Size of the layer before the answers.
    """

    size = 32

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64), features: int = 128) -> None:
        super().__init__()
        self.body = ConvEncoder(3, widths, 1).body
        self.narrow = nn.Conv2d(widths[-1], 32, 1)
        self.features_layer = nn.Linear(32 * (self.size >> len(widths)) ** 2, features)
        self.answers = nn.Linear(features, sum(factor.width for factor in FACTORS.values()))

    def features(self, x: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n k"]:
        """The layer before the answers, with shape (n, features).

        Args:
            x: Pictures in [0, 1] of any size from 8 pixels; they are resized to 32.

        Raises:
            ValueError: If x is no batch of RGB pictures.
        """
        if x.dim() != 4 or x.shape[1] != 3 or min(x.shape[2:]) < 8:
            raise ValueError(
                f"faces must have shape (n, 3, height, width) with sides of at least 8 pixels, got {tuple(x.shape)}."
            )
        arguments.finite(x, "x")
        if x.shape[2:] != (self.size, self.size):
            x = F.interpolate(x, (self.size, self.size), mode="bilinear", antialias=x.shape[-1] > self.size)
        return F.silu(self.features_layer(self.narrow(self.body(2 * x - 1)).flatten(1)))

    def forward(self, x: Float[Tensor, "n 3 h w"]) -> dict[str, Tensor]:
        """Reads every factor: logits with shape (n, values) for discrete ones, numbers (n,) for continuous ones."""
        out = self.answers(self.features(x)).split([factor.width for factor in FACTORS.values()], dim=1)
        return {name: part if FACTORS[name].discrete else part.squeeze(1)
                for name, part in zip(FACTORS, out, strict=True)}

    @torch.no_grad()
    def read(self, x: Float[Tensor, "n 3 h w"]) -> dict[str, Tensor]:
        """The most probable value of each discrete factor (int64), and each continuous one; all with shape (n,)."""
        out = self(x)
        return {name: value.argmax(1) if FACTORS[name].discrete else value for name, value in out.items()}

    def loss(self, x: Float[Tensor, "n 3 h w"], factors: Mapping[str, Tensor]) -> Tensor:
        """Cross-entropy of the discrete factors plus squared error of the continuous ones, in units of 0.3."""
        out = self(x)
        discrete = [F.cross_entropy(out[name], factors[name]) for name in DISCRETE]
        continuous = [F.mse_loss(out[name], factors[name]) / 0.3**2 for name in CONTINUOUS]
        return torch.stack([*discrete, *continuous]).sum()


class DigitNetwork(nn.Module):
    """Says which digit a picture of 8 x 8 pixels shows.

    Args:
        widths: Channels at 8 and 4 pixels.
        features: Size of the layer before the answers.
    """

    def __init__(self, widths: tuple[int, ...] = (32, 64), features: int = 64) -> None:
        super().__init__()
        self.body = ConvEncoder(1, widths, 1).body
        self.features_layer = nn.Linear(widths[-1] * (8 >> len(widths)) ** 2, features)
        self.answers = nn.Linear(features, 10)

    def features(self, x: Float[Tensor, "n 1 8 8"]) -> Float[Tensor, "n k"]:
        """The layer before the answers, with shape (n, features); x in [0, 1].

        Raises:
            ValueError: If x is no batch of 8 x 8 digits.
        """
        if x.dim() != 4 or tuple(x.shape[1:]) != (1, 8, 8):
            raise ValueError(f"digits must have shape (n, 1, 8, 8), got {tuple(x.shape)}.")
        arguments.finite(x, "x")
        return F.silu(self.features_layer(self.body(2 * x - 1).flatten(1)))

    def forward(self, x: Float[Tensor, "n 1 8 8"]) -> Float[Tensor, "n 10"]:
        """Logits of the ten digits."""
        return self.answers(self.features(x))

    @torch.no_grad()
    def read(self, x: Float[Tensor, "n 1 8 8"]) -> Tensor:
        """The most probable digit with shape (n,), int64."""
        return self(x).argmax(1)
