"""LSGAN: the critic is a regression on labels, and a fake is pulled in from either side.

    d_loss = 1/2 (D(x) - b)^2 + 1/2 (D(G(z)) - a)^2        g_loss = 1/2 (D(G(z)) - c)^2

with the labels a for fakes, b for data, and c for what the generator wants its points to be taken for (Mao et al.
2017, equation 2). A sigmoid's loss is flat for a fake that lies far on the "data" side of the boundary: the critic is
satisfied, however far from the data the point is. A square is not: its gradient grows with the distance.

With b - c = 1 and b - a = 2 the generator minimises Pearson's chi-squared divergence between p_data + p_g and 2 p_g
(their equation 8); with c = b it simply wants the label of data. The critic's output is no logit here.
"""

from coursekit.arguments import Real
from coursekit.gans.objective import Logits, Objective


def least_squares(a: Real = 0.0, b: Real = 1.0, c: Real = 1.0, *, name: str = "lsgan") -> Objective:
    """The LSGAN with labels a (fake), b (data) and c (what the generator wants).

    Raises:
        ValueError: If a = b, so that there is nothing to tell apart, or c = a, so that fakes are content to be fakes.
    """
    if a == b or c == a:
        raise ValueError(
            f"the labels a = {a:g} of fakes and b = {b:g} of data must differ, and c = {c:g}, what the generator "
            "wants, must not be a; try a=0, b=1, c=1 or a=-1, b=1, c=0."
        )

    def d_loss(real: Logits, fake: Logits) -> Logits:
        return 0.5 * (real - b).square() + 0.5 * (fake - a).square()

    def g_loss(fake: Logits, real: Logits) -> Logits:
        return 0.5 * (fake - c).square()

    return Objective(name, d_loss, g_loss)


LEAST_SQUARES = least_squares()
PEARSON_LABELS = least_squares(-1.0, 1.0, 0.0, name="lsgan-pearson")
