"""The original GAN: the critic is a classifier, and its loss the cross-entropy of telling data from fakes.

The critic D gives a logit, P(data | x) = sigmoid(D(x)). Its loss is

    d_loss = -log sigmoid(D(x)) - log(1 - sigmoid(D(G(z)))) = softplus(-D(x)) + softplus(D(G(z))),

whose minimiser is D*(x) = log p_data(x) - log p_g(x) (Goodfellow et al. 2014, proposition 1): a classifier that can
tell two distributions apart has learnt their density ratio. Softplus instead of a logarithm of a sigmoid, because the
sigmoid of a sure critic rounds to 0 or 1 and its logarithm to -inf.

What the generator should want is less clear. The minimax game gives it the negative of the critic's loss; but where the
critic is sure that a point is fake, and at the start it is, that loss is flat. The other choice has the same fixed
points and is steep there.
"""

from torch.nn.functional import softplus

from coursekit.gans.objective import Logits, Objective


def cross_entropy(real: Logits, fake: Logits) -> Logits:
    """The critic's loss of the original GAN: softplus(-real) + softplus(fake), in nats."""
    return softplus(-real) + softplus(fake)


def saturating_g(fake: Logits, real: Logits) -> Logits:
    """log(1 - sigmoid(fake)): the game with value 2 JS - log 4. Its gradient dies where the critic is sure.

    The derivative by the logit is -sigmoid(fake): about -exp(fake) at a very negative logit.
    """
    return -softplus(fake)


def non_saturating_g(fake: Logits, real: Logits) -> Logits:
    """-log sigmoid(fake): the same fixed points, and a gradient that is strong where the critic is sure.

    The derivative by the logit is -sigmoid(-fake): about -1 at a very negative logit.
    """
    return softplus(-fake)


SATURATING = Objective("saturating", cross_entropy, saturating_g)
NON_SATURATING = Objective("non_saturating", cross_entropy, non_saturating_g)
