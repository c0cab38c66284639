"""The hinge loss: the critic stops caring about points that it already judges right by a margin of one.

    d_loss = relu(1 - D(x)) + relu(1 + D(G(z)))        g_loss = -D(G(z))

(Lim and Ye 2017; Tran et al. 2017). The critic's best output is the sign of p_data - p_g, and E_data D - E_g D at
that critic is twice the total variation distance between the two.
"""

from torch import relu

from coursekit.gans.objective import Logits, Objective


def hinge_d(real: Logits, fake: Logits) -> Logits:
    """relu(1 - real) + relu(1 + fake): zero where real >= 1 and fake <= -1."""
    return relu(1 - real) + relu(1 + fake)


def hinge_g(fake: Logits, real: Logits) -> Logits:
    """-fake: the generator wants high scores, without a margin of its own."""
    return -fake


HINGE = Objective("hinge", hinge_d, hinge_g)
