"""Minibatch discrimination: tell the critic how near each point's features are to those of its batch.

A collapsed generator makes batches of near-copies. The critic judges points one by one and never sees that; this layer
shows it. From features f(x_i) with shape (A,) it makes B small vectors M_ib with C entries each, by one linear map, and
then, for every b, how close point i is to the others:

    o(x_i)_b = sum over j of exp(-|M_ib - M_jb|_1)           (Salimans et al. 2016, section 3.2)

which is appended to f(x_i). The critic still gives one number a point, but the batch takes part in it, so a batch must
hold one kind, all real or all fake; the loop sees to that.

Here the sum leaves out j = i, which is always 1, and is divided by the number of others, so that the feature lies in
[0, 1] and means the same for every size of batch.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from coursekit import arguments


class MinibatchDiscrimination(nn.Module):
    """Appends B closenesses to features with shape (n, A); an ensemble has a leading axis S, and members do not mix.

    Its cost grows with the square of the batch. torch knows no second derivative of the distances, so a critic with
    this layer cannot be unrolled, nor take a gradient penalty, which is meant for critics of single points anyhow.

    Args:
        features: A, the number of features that come in.
        kernels: B, the number of closenesses.
        size: C, the length of the vectors that are compared.
    """

    def __init__(self, features: int, kernels: int = 8, size: int = 3) -> None:
        super().__init__()
        self.kernels = arguments.count(kernels, "kernels", minimum=1)
        self.size = arguments.count(size, "size", minimum=1)
        self.outputs = arguments.count(features, "features", minimum=1) + kernels
        self.project = nn.Linear(features, kernels * size, bias=False)  # a bias would cancel in differences

    def forward(self, x: Float[Tensor, "*s n features"]) -> Float[Tensor, "*s n out"]:
        """Computes (f(x_i), o(x_i)) with shape (n, A + B).

        Raises:
            ValueError: If the batch has fewer than two points.
        """
        if x.shape[-2] < 2:
            raise ValueError("a single point has no others to be compared with; minibatches need two points or more.")
        return torch.cat([x, self.closeness(x)], -1)

    def closeness(self, x: Float[Tensor, "*s n features"]) -> Float[Tensor, "*s n kernels"]:
        """Computes o with shape (n, B), each entry in [0, 1]."""
        vectors = self.project(x).unflatten(-1, (self.kernels, self.size)).transpose(-3, -2).contiguous()  # (B, n, C)
        distance = torch.cdist(vectors, vectors, p=1.0)  # (B, n, n), all pairs
        others = torch.exp(-distance).sum(-1) - 1
        return (others / (x.shape[-2] - 1)).mT
