"""VEEGAN: a second net must find the noise again, and cannot if modes are missing.

A reconstructor F maps points back to noise. On generated points it is trained to invert the generator; on data from
modes that the generator never visits it then gives noise that does not look like N(0, I). So the critic compares pairs:

    "real"   (F(x), x)          x from the data
    "fake"   (z, G(z))          z from N(0, I)

and its best logit is log p_F(z | x) p_data(x) / (p_g(x | z) p_0(z)). Generator and reconstructor together descend

    -D(z, G(z)) + weight |z - F(G(z))|^2

(Srivastava et al. 2017, algorithm 1; their discriminator has the opposite sign, high on (z, G(z))). The first term is
the log-ratio itself rather than its log-sigmoid, since the bound of the paper is a KL divergence, not a JS. F learns
from the second term only: the pair (F(x), x) occurs in the critic's loss alone.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from coursekit.arguments import Real
from coursekit.gans.logistic import cross_entropy
from coursekit.gans.nets import Generator
from coursekit.gans.objective import Objective
from coursekit.gans.wasserstein import wasserstein_g

VEEGAN = Objective("veegan", cross_entropy, wasserstein_g)  # -D(z, G(z)): the same formula, here of a log-ratio


class ReconstructingGenerator(Generator):
    """A generator with a reconstructor at its side; both are the player "g".

    Args:
        net: Maps z with shape (n, latent) to x with shape (n, d); an ensemble carries a leading axis S.
        reconstructor: Maps x with shape (n, d) to z with shape (n, latent).
        latent: Number of coordinates of z.
        members: S where the nets are ensembles, else None.
        weight: Of the reconstruction error.

    The critic's first layer takes latent + d coordinates.
    """

    def __init__(
        self, net: nn.Module, reconstructor: nn.Module, latent: int, members: int | None = None, *, weight: Real = 1.0
    ) -> None:
        super().__init__(net, latent, members)
        self.reconstructor = reconstructor
        if not weight >= 0:
            raise ValueError(f"the weight of the reconstruction error must not be negative, got {weight}.")
        self.weight = weight

    def show(self, z: Tensor, x: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """The pairs (F(x), x) and (z, G(z)), each as one vector with shape (n, latent + d)."""
        return torch.cat([self.reconstructor(x), x], -1), torch.cat([z, fake], -1)

    def own_loss(self, z: Tensor, fake: Tensor) -> Float[Tensor, "*s n"]:
        """weight |z - F(G(z))|^2 for each point."""
        return self.weight * (z - self.reconstructor(fake)).square().sum(-1)

    def represent(self, x: Float[Tensor, "*s_n_d"]) -> Float[Tensor, "*s_n_latent"]:
        """The noise that the reconstructor finds behind each point, without gradients."""
        with torch.no_grad():
            return self.reconstructor(x)


class RandomReconstructingGenerator(ReconstructingGenerator):
    """VEEGAN with the paper's random reconstructor: p_F(z | x) = N(F(x), s^2 I).

    The bound behind VEEGAN is a KL divergence between p_0(z) p_g(x | z) and p_F(z | x) p_data(x), which is infinite if
    p_F has no density. A deterministic F, as above, has none; with s > 0 the critic is shown F(x) + s e, e from
    N(0, I), and -log p_F(z | G(z)) is |z - F(G(z))|^2 / 2 s^2 but for a constant. So s sets the weight, too.

    The noise e of the pair with x is the z of the fake pair in the same row. Both pairs keep their laws, which is all
    that the critic's mean loss depends on, and nothing more has to be drawn.

    Args:
        net: Maps z with shape (n, latent) to x with shape (n, d); an ensemble carries a leading axis S.
        reconstructor: Maps x with shape (n, d) to the mean of z with shape (n, latent).
        latent: Number of coordinates of z.
        members: S where the nets are ensembles, else None.
        noise: s.

    Raises:
        ValueError: If the noise is not positive.
    """

    def __init__(
        self, net: nn.Module, reconstructor: nn.Module, latent: int, members: int | None = None, *, noise: Real = 1.0
    ) -> None:
        if not noise > 0:
            raise ValueError(f"the noise of the reconstructor must be positive, got {noise}.")
        super().__init__(net, reconstructor, latent, members, weight=1 / (2 * noise**2))
        self.noise = noise

    def show(self, z: Tensor, x: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """The pairs (F(x) + s e, x) and (z, G(z)), each as one vector with shape (n, latent + d)."""
        mean = self.reconstructor(x)
        return torch.cat([mean + self.noise * z, x], -1), torch.cat([z, fake], -1)
