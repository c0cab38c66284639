"""f-GAN: any f-divergence as a game.

For a convex f and its conjugate f*, D_f(p || p_g) = int p_g f(p / p_g) has a lower bound that needs samples only,

    D_f(p || p_g) >= E_p T(x) - E_g f*(T(x))      for every T, with equality for T* = f'(p / p_g)

(`coursekit.distances.f_divergences` has f, f* and where they come from). T must stay where f* is finite, so the
critic's output v, any real number, first passes an activation g_f, which increases: v is high on data. The critic
raises the bound, the generator lowers it:

    d_loss = -g_f(v(x)) + f*(g_f(v(G(z))))        g_loss = -f*(g_f(v(G(z))))

(Nowozin et al. 2016, equation 6). With the GAN's own f these are, term by term, the losses of the original game. As
there, the generator's part may be flat where the critic is sure, and as there the paper advises (section 3.2) to let
the generator raise g_f(v) on its points instead; `saturating=False` is that.

f*(g_f(v)) is one formula: composing the two would take exponentials of logarithms and overflow for a critic that is
sure. Some of these formulas grow like exp(v) in their own right (KL, Pearson on one side, Hellinger): such a game can
leave the finite numbers within a few updates, which is a property of the divergence and no slip of the code.
"""

from jaxtyping import Float
from torch import Tensor

from coursekit.distances.f_divergences import FDivergence, named
from coursekit.gans.objective import Logits, Objective

GAMES = ("kl", "reverse_kl", "pearson", "squared_hellinger", "twice_jensen_shannon", "gan")


def f_gan(divergence: str | FDivergence, *, saturating: bool = True) -> Objective:
    """The game of an f-divergence.

    Args:
        divergence: Its name in `coursekit.distances.f_divergences.F_DIVERGENCES`, or one of your own.
        saturating: The minimax game; False gives the generator the loss -g_f(v).

    Raises:
        ValueError: If there is no divergence of that name.
    """
    f = named(divergence)

    def d_loss(real: Logits, fake: Logits) -> Logits:
        return f.conjugate_of_output(fake) - f.activation(real)

    def minimax(fake: Logits, real: Logits) -> Logits:
        return -f.conjugate_of_output(fake)

    def raising(fake: Logits, real: Logits) -> Logits:
        return -f.activation(fake)

    name = "f-" + f.name.replace("_", "-")
    return Objective(name if saturating else f"{name}-non-saturating", d_loss, minimax if saturating else raising)


def lower_bound(
    divergence: str | FDivergence, real: Float[Tensor, "*s n"], fake: Float[Tensor, "*s m"]
) -> Float[Tensor, "*s"]:
    """Estimates the bound E_p T - E_g f*(T) from a critic's outputs v, before the activation.

    It bounds the divergence in expectation, and only on points that the critic was not trained on: a critic that has
    learnt its sample by heart promises more than there is.

    Args:
        divergence: As in `f_gan`.
        real: Outputs on held-out data with shape (n,), or (S, n).
        fake: Outputs on fresh generated points with shape (m,), or (S, m).

    Returns:
        Shape (), or (S,).
    """
    f = named(divergence)
    return f.activation(real).mean(-1) - f.conjugate_of_output(fake).mean(-1)


F_GANS = {one.name: one for one in (f_gan(name, saturating=way) for way in (True, False) for name in GAMES)}
"""Both forms of each game, by name."""
