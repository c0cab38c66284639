"""The table of all objectives, by name."""

from coursekit.gans.distance_games import MMD, MMD_GAN, SINKHORN
from coursekit.gans.f_gan import F_GANS
from coursekit.gans.hinge import HINGE
from coursekit.gans.least_squares import LEAST_SQUARES, PEARSON_LABELS
from coursekit.gans.logistic import NON_SATURATING, SATURATING, cross_entropy, non_saturating_g, saturating_g
from coursekit.gans.objective import Logits, Objective
from coursekit.gans.one_sided import WGAN_LP
from coursekit.gans.veegan import VEEGAN
from coursekit.gans.wasserstein import WGAN, WGAN_GP

OBJECTIVES: dict[str, Objective] = {
    one.name: one
    for one in (SATURATING, NON_SATURATING, LEAST_SQUARES, PEARSON_LABELS, WGAN, WGAN_GP, WGAN_LP, HINGE, VEEGAN,
                MMD, MMD_GAN, SINKHORN, *F_GANS.values())
}  # fmt: skip
"""Every objective by its name."""

__all__ = ["OBJECTIVES", "Logits", "Objective", "cross_entropy", "non_saturating_g", "saturating_g"]
