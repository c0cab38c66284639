"""Generative adversarial networks: a generator learns from a critic that learns to tell its points from data.

What the players want, as pure functions of the critic's outputs:
- `Objective`, `OBJECTIVES`: the interface, and all of them by name.
- `least_squares`, `wgan`, `wgan_gp`, `wgan_lp`, `f_gan`, `mmd_game`, `mmd_gan`, `sinkhorn_game`: those with parameters.
- `lower_bound`: what an f-GAN's critic promises; the divergences are in `coursekit.distances.f_divergences`.

What is known exactly:
- `optimal_logit`, `optimal_prob`, `game_value`, `critic_value`, `critic_error`: the best critic.
- `play_bilinear`, `order_of_play`: games small enough to be seen through.

Nets, and remedies against mode collapse:
- `Generator`, `Critic`: a net as a sampler, and a net with one logit a point.
- `pack`, `MinibatchDiscrimination`, `MinibatchSpread`, `ReconstructingGenerator`, `RandomReconstructingGenerator`,
  `unrolled_parameters`.
- `Waves`, `calm_gan`, `relativistic_gan`: a critic that sees detail, and one that stays calm.
- `CONFIGURATIONS`, `configured`: one table of all of them, ready to be trained.

The alternating loop is `coursekit.training.fit_adversarial`; it drives all of them.
"""

from coursekit.gans import order_of_play
from coursekit.gans.bilinear import alternating_step, play_bilinear, simultaneous_step
from coursekit.gans.configurations import CONFIGURATIONS, Configuration, configured
from coursekit.gans.distance_games import distance_game, mmd_game, mmd_gan, sinkhorn_game
from coursekit.gans.f_gan import f_gan, lower_bound
from coursekit.gans.least_squares import least_squares
from coursekit.gans.minibatch_discrimination import MinibatchDiscrimination
from coursekit.gans.minibatch_statistics import MinibatchSpread
from coursekit.gans.nets import Critic, Generator, check_logits
from coursekit.gans.objectives import OBJECTIVES, Objective
from coursekit.gans.one_sided import one_sided_penalty, wgan_lp
from coursekit.gans.optimal_critic import (
    critic_error,
    critic_value,
    game_value,
    js_from_logits,
    optimal_logit,
    optimal_prob,
)  # fmt: skip
from coursekit.gans.packing import pack, repeat_pack, unpack
from coursekit.gans.unrolled import unrolled_parameters
from coursekit.gans.veegan import RandomReconstructingGenerator, ReconstructingGenerator
from coursekit.gans.wasserstein import clip_weights, gradient_penalty, mix, slopes, wgan, wgan_gp
from coursekit.gans.waves import Waves
from coursekit.gans.zero_centred import calm_gan, relativistic_gan, zero_centred_penalty

__all__ = [
    "CONFIGURATIONS", "Configuration", "Critic", "Generator",
    "MinibatchDiscrimination", "MinibatchSpread", "OBJECTIVES", "Objective",
    "RandomReconstructingGenerator", "ReconstructingGenerator", "Waves",
    "alternating_step", "calm_gan", "check_logits", "clip_weights", "configured", "critic_error", "critic_value",
    "distance_game", "f_gan", "game_value", "gradient_penalty", "js_from_logits", "least_squares",
    "lower_bound", "mix", "mmd_game", "mmd_gan", "one_sided_penalty", "optimal_logit", "optimal_prob", "order_of_play",
    "pack", "play_bilinear", "relativistic_gan", "repeat_pack", "simultaneous_step", "sinkhorn_game", "slopes",
    "unpack", "unrolled_parameters", "wgan", "wgan_gp", "wgan_lp", "zero_centred_penalty",
]  # fmt: skip
