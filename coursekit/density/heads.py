"""Conditional densities p(y | x) for a low-dimensional y: a net reads x, its last layer is a distribution of y.

- Softmax head: y is a class, the net gives one logit for each, p(y = i | x) = exp(l_i) / sum_j exp(l_j).
- Gaussian head: y is one number or a few, the net gives their mean and log-variance, p(y | x) = N(y; m(x), v(x)).

These two are what discriminative models need: y is small, and a simple distribution holds what is uncertain about it.
Generative models are for the other case, an x that is large, of many modes, with nothing given.

Both are trained like any density, by maximum likelihood. A batch is then made of pairs: `Pairs` reads them from rows
(x, y), so that an `Empirical` of such rows and `training.fit_likelihood` do the rest:

    head = SoftmaxHead(MLP([2, 64, 3]))
    run = fit_likelihood(Pairs(head, inputs=2), Empirical(torch.cat([x, labels[:, None]], dim=1)))
"""

import math

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from coursekit import arguments


class SoftmaxHead(nn.Module):
    """A classifier: p(y | x) by the softmax of a net's outputs.

    Args:
        net: Maps x with shape (n, *event) to logits with shape (n, classes); an ensemble carries a leading axis S.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def log_posterior(self, x: Tensor) -> Float[Tensor, "*s n classes"]:
        """Evaluates log p(y | x) for every class, in nats, with shape (n, classes)."""
        return self.net(x).log_softmax(-1)

    def predict(self, x: Tensor) -> Int[Tensor, "*s n"]:
        """The likeliest class of each point with shape (n,)."""
        return self.net(x).argmax(-1)

    def log_prob(self, y: Shaped[Tensor, "*s n"], *, context: Tensor | None = None) -> Float[Tensor, "*s n"]:
        """Evaluates log p(y | x) in nats with shape (n,): minus the cross-entropy.

        Args:
            y: Classes with shape (n,), whole numbers (of any dtype).
            context: x with shape (n, *event).

        Raises:
            ValueError: If x is missing, or a y is not one of the classes.
        """
        log_posterior = self.log_posterior(_given(context))
        classes = log_posterior.shape[-1]
        index = y.long()
        if (index != y).any() or (index < 0).any() or (index >= classes).any():
            raise ValueError(f"y must hold classes, whole numbers 0 to {classes - 1}, as the net has outputs.")
        return log_posterior.gather(-1, index[..., None]).squeeze(-1)

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Int[Tensor, " n"]:
        """Draws a class for each of the n points x given as context, with shape (n, *event)."""
        x = _given(context, n)
        return torch.multinomial(self.log_posterior(x).exp(), 1, generator=generator).squeeze(-1)


class GaussianHead(nn.Module):
    """Regression that knows how sure it is: p(y | x) = N(y; m(x), v(x)), each coordinate of y on its own.

    With a fixed v maximum likelihood is least squares; with one that depends on x, errors count less where the net
    expects them to be large.

    Args:
        net: Maps x with shape (n, *event) to (n, 2 k): k means, then k log-variances of y, which has k coordinates.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def mean_and_log_var(self, x: Tensor) -> tuple[Float[Tensor, "*s n k"], Float[Tensor, "*s n k"]]:
        """Means and log-variances of y, each with shape (n, k).

        Raises:
            ValueError: If the net gives an odd number of outputs.
        """
        out = self.net(x)
        if out.shape[-1] % 2:
            raise ValueError(f"a Gaussian head needs means and as many log-variances, got {out.shape[-1]} outputs.")
        mean, log_var = out.chunk(2, dim=-1)
        return mean, log_var

    def log_prob(self, y: Tensor, *, context: Tensor | None = None) -> Float[Tensor, "*s n"]:
        """Evaluates log p(y | x) in nats with shape (n,).

        Args:
            y: With shape (n, k), or (n,) where k = 1.
            context: x with shape (n, *event).

        Raises:
            ValueError: If x is missing or the shape of y does not fit.
        """
        mean, log_var = self.mean_and_log_var(_given(context))
        y = y.unsqueeze(-1) if y.dim() == mean.dim() - 1 else y
        if y.shape != mean.shape:
            raise ValueError(f"y must have shape {tuple(mean.shape)}, as the net's means have, got {tuple(y.shape)}.")
        terms = (y - mean).square() * (-log_var).exp() + log_var + math.log(2 * math.pi)
        return -0.5 * terms.sum(-1)

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n k"]:
        """Draws a y for each of the n points x given as context."""
        mean, log_var = self.mean_and_log_var(_given(context, n))
        noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        return mean + (0.5 * log_var).exp() * noise


class Pairs(nn.Module):
    """A conditional density seen as one of rows (x, y), for `training.fit_likelihood`: log_prob(row) = log p(y | x).

    Args:
        head: With `log_prob(y, context=x)`.
        inputs: Number of columns that are x; the rest is y.
    """

    def __init__(self, head: nn.Module, inputs: int) -> None:
        super().__init__()
        self.head, self.inputs = head, arguments.count(inputs, "inputs", minimum=1)

    def log_prob(self, rows: Float[Tensor, "*s n columns"], *, context: Tensor | None = None) -> Float[Tensor, "*s n"]:
        """Evaluates log p(y | x) in nats with shape (n,) for rows with shape (n, inputs + k).

        Raises:
            ValueError: If no column is left for y.
        """
        arguments.no_context(context, self)
        if rows.shape[-1] <= self.inputs:
            raise ValueError(f"rows must have the {self.inputs} columns of x and then y, got {rows.shape[-1]} columns.")
        x, y = rows[..., : self.inputs], rows[..., self.inputs :]
        return self.head.log_prob(y.squeeze(-1) if y.shape[-1] == 1 else y, context=x)  # type: ignore[operator]


def _given(context: Tensor | None, n: int | None = None) -> Tensor:
    if context is None:
        raise ValueError("this density of y is conditional on x; give x as context=x.")
    if n is not None and len(context) != n:
        raise ValueError(f"one y is drawn for each x: n must be {len(context)}, the number of points given, got {n}.")
    return context
