"""The multi-layer perceptron: linear maps with a bend between them."""

from collections.abc import Sequence
from itertools import pairwise

from jaxtyping import Float
from torch import Tensor, nn

from coursekit import arguments

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "tanh": nn.Tanh,
    "elu": nn.ELU,
    "softplus": nn.Softplus,
    "silu": nn.SiLU,
    "gelu": nn.GELU,
}


def named_activation(name: str) -> nn.Module:
    """The activation of that name.

    Raises:
        ValueError: If there is none.
    """
    return ACTIVATIONS[arguments.known(name, ACTIVATIONS, "activation")]()


class MLP(nn.Module):
    """Linear, activation, linear, …, linear.

    Args:
        sizes: Number of features from input to output: [2, 64, 64, 1] has two hidden layers of 64.
        activation: Its name; see `ACTIVATIONS`.

    Raises:
        ValueError: If there are fewer than two sizes, one is not positive, or there is no such activation.
    """

    def __init__(self, sizes: Sequence[int], activation: str = "relu") -> None:
        super().__init__()
        if len(sizes) < 2:
            raise ValueError(f"an MLP needs at least the sizes of its input and output, got {list(sizes)}.")
        for size in sizes:
            arguments.count(size, "every size", minimum=1)
        layers: list[nn.Module] = []
        for inward, outward in pairwise(sizes):
            layers += [nn.Linear(inward, outward), named_activation(activation)]
        self.layers = nn.Sequential(*layers[:-1])

    def forward(self, x: Float[Tensor, "*shared n features"]) -> Float[Tensor, "*s n out"]:
        """Maps x with shape (n, sizes[0]) to (n, sizes[-1]); an ensemble carries a leading axis S."""
        return self.layers(x)

