"""Maximum likelihood by stochastic gradients: the loss is the mean of -log p(x) over a batch.

Minimising it minimises KL(p_data || p_theta), from which it differs by the entropy of the data, a constant.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from coursekit import arguments
from coursekit.training.run import Player, Run


class Likelihood(Run):
    """Pulls batches from `data` and descends -log_prob; the one player is called "model"."""

    def __init__(self, model: Any, optimiser: torch.optim.Optimizer, data: Any, batch: int, **options: Any) -> None:
        super().__init__({"model": Player(model, optimiser)}, **options)
        self.model, self.data = model, data
        self.batch = arguments.count(batch, "batch", minimum=1)

    def loss(self, player: str) -> tuple[Tensor, dict[str, Tensor]]:
        return -self.model.log_prob(self.draw(self.data, self.batch)).mean(-1), {}


def fit_likelihood(
    model: nn.Module,
    data: Any,
    *,
    steps: int = 1000,
    batch: int = 256,
    learning_rate: float = 1e-3,
    seed: int = 0,
    members: int | Sequence[int] | None = None,
    clip: float | None = None,
) -> Likelihood:
    """Fits a density by maximum likelihood.

    Args:
        model: A module with `log_prob(x) -> (n,)`, or (S, n) for an ensemble.
        data: A `Sampler`; every batch is drawn from it.
        steps: Number of updates.
        batch: Points in a batch.
        learning_rate: Of Adam.
        seed: Of the batches.
        members: As the model was built with.
        clip: Largest gradient norm.

    Returns:
        A run; nothing happens until it is pulled from.
    """
    optimiser = torch.optim.Adam(model.parameters(), lr=learning_rate)
    return Likelihood(model, optimiser, data, batch, steps=steps, seed=seed, members=members, clip=clip)
