"""Generative adversarial networks: a generator learns from a critic that learns to tell its points from data.

- `Objective`, `OBJECTIVES`: what the two players want, as pure functions of the critic's outputs.
- `Generator`, `Critic`: a net as a sampler, and a net with one logit a point.

The alternating loop is `coursekit.training.fit_adversarial`; it knows nothing of the objective.
"""

from coursekit.gans.nets import Critic, Generator, check_logits
from coursekit.gans.objectives import OBJECTIVES, Objective

__all__ = ["OBJECTIVES", "Critic", "Generator", "Objective", "check_logits"]
