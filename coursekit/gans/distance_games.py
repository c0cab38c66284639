"""Games without a classifier: the generator descends a distance between two batches.

The critic of a GAN is a way to measure how far generated points are from data. Some distances need no training for
that: MMD has its best critic in closed form, and the Sinkhorn divergence is solved for anew on every batch. Then the
generator stands alone and simply descends

    MMD^2(x, G(z))      (generative moment matching: Li et al. 2015; Dziugaite et al. 2015)
    S_e(x, G(z))        (Genevay et al. 2018)

which is stable, and blind to whatever kernel or cost does not see: in a plane that is little, in pictures a lot. So for
pictures both are taken between learned features phi(x), which a second player chooses such that the distance is
*large* (MMD GAN: Li et al. 2017). Like every adversarial critic it must be kept from being steep, here by a gradient
penalty on the witness function, MMD's own best critic (Binkowski et al. 2018, section 2.1).

These losses compare whole batches: they give one number, with shape (1,), or (S, 1), instead of one a point.
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from coursekit.arguments import Real
from coursekit.distances.mmd import GaussianKernel, Kernel, RationalQuadraticKernel, mmd_squared
from coursekit.distances.sinkhorn_divergence import sinkhorn_divergence
from coursekit.gans.objective import Objective
from coursekit.gans.wasserstein import gradient_penalty

Distance = Callable[[Tensor, Tensor], Tensor]
PLANE = GaussianKernel((0.1, 0.3, 1.0, 3.0))  # from the width of a mode to the width of the whole


def distance_game(
    name: str, distance: Distance, *, penalty: Callable[..., Tensor] | None = None, mixes: bool = False
) -> Objective:
    """The game in which the generator descends a distance, and the critic, if there is one, raises it by its features.

    Args:
        name: For tables and menus.
        distance: (x, fake) with shapes (n, f), or (S, n, f), -> shape (), or (S,).
        penalty: As in `Objective`.
        mixes: As in `Objective`.
    """

    def between(real: Float[Tensor, "*s n f"], fake: Float[Tensor, "*s n f"]) -> Float[Tensor, "*s 1"]:
        # Distances refuse NaN with a sentence; in an ensemble one member must not end the others. Its own loss is made
        # NaN instead, as any other objective's would be, and the run deals with that.
        broken = 0 * (real.sum((-2, -1)) + fake.sum((-2, -1)))
        return (distance(real.nan_to_num(), fake.nan_to_num()) + broken)[..., None]

    def d_loss(real: Tensor, fake: Tensor) -> Tensor:
        return -between(real, fake)

    def g_loss(fake: Tensor, real: Tensor) -> Tensor:
        return between(real, fake)

    return Objective(name, d_loss, g_loss, penalty, mixes=mixes, of_features=True)


def mmd_game(kernel: Kernel = PLANE, *, name: str = "mmd") -> Objective:
    """The generator against the unbiased MMD^2 itself; use it without a critic."""
    return distance_game(name, lambda x, y: mmd_squared(x, y, kernel))


def mmd_gan(kernel: Kernel | None = None, weight: Real = 1.0, *, name: str = "mmd-gan") -> Objective:
    """The generator against the MMD^2 of learned features, with a gradient penalty on the witness.

    Args:
        kernel: Of features; heavy-tailed by default, so that features that are far apart still pull.
        weight: Of the penalty.
        name: For tables and menus.
    """
    chosen: Kernel = kernel if kernel is not None else RationalQuadraticKernel()

    def penalty(critic: Callable[[Tensor], Tensor], x: Tensor, x_fake: Tensor, alpha: Tensor) -> Tensor:
        return gradient_penalty(witness_of(critic, x, x_fake, chosen), x, x_fake, alpha, weight)

    return distance_game(name, lambda x, y: mmd_squared(x, y, chosen), penalty=penalty, mixes=True)


def witness_of(
    critic: Callable[[Tensor], Tensor], x: Tensor, x_fake: Tensor, kernel: Kernel
) -> Callable[[Tensor], Tensor]:
    """z -> mean k(phi(x), phi(z)) - mean k(phi(x_fake), phi(z)): MMD's best critic on top of features phi, a score."""
    of_x, of_fake = critic(x), critic(x_fake)

    def score(z: Tensor) -> Float[Tensor, "*s n"]:
        of_z = critic(z)
        return kernel(of_z, of_x).mean(-1) - kernel(of_z, of_fake).mean(-1)

    return score


def sinkhorn_game(epsilon: Real = 0.1, max_steps: int = 20, *, name: str = "sinkhorn") -> Objective:
    """The generator against the debiased Sinkhorn divergence with the cost |x - y|^2.

    Args:
        epsilon: The blur, a length squared; details finer than its root are not seen.
        max_steps: Of Sinkhorn's iteration on each batch, which starts with a blur of the largest cost and halves it
            at every step: leave enough to arrive. A plan that has not quite converged is then good enough for a
            gradient that is noisy anyhow.
        name: For tables and menus.
    """
    return distance_game(name, lambda x, y: sinkhorn_divergence(x, y, epsilon, max_steps=max_steps, warn=False))


MMD, MMD_GAN, SINKHORN = mmd_game(), mmd_gan(), sinkhorn_game()
