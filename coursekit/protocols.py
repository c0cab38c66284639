"""What a generative model can be asked for, as small protocols.

A generative model is a description of a distribution, and the families of this course differ in which questions
about it they can answer: all of them draw samples, some know the density, some only know it up to its constant, some
only bound it. A class has a method exactly when it can answer the question. One that cannot does not have the method,
so `isinstance(model, Density)` reads the answer off the class.

The functions of this module ask on your behalf. Where the model cannot answer they raise `NotTractable` with the
reason and with what to use instead. A class may give that reason itself:

    class Generator:
        not_tractable = {"log_prob": "the generator has no inverse; estimate the density from samples"}

Conventions: n counts points, *event is the shape of one point. Densities are in nats. `context` is what a conditional
model conditions on; `generator` is the source of randomness, and None means torch's global one, as in `torch.rand`.
"""

from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments


@runtime_checkable
class Sampler(Protocol):
    """Draws points from its distribution."""

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n *event"]:
        """Draws n independent points."""
        ...


@runtime_checkable
class Density(Protocol):
    """Knows its normalised log-density."""

    def log_prob(self, x: Float[Tensor, "n *event"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates the log-density at each point, in nats; -inf where the density is zero."""
        ...


@runtime_checkable
class Energy(Protocol):
    """Knows its density up to a constant: E(x) = -log p(x) + const, so lower is likelier."""

    def energy(self, x: Float[Tensor, "n *event"]) -> Float[Tensor, " n"]:
        """Evaluates the energy at each point, in nats."""
        ...


@runtime_checkable
class Bound(Protocol):
    """Knows a lower bound of its log-density: elbo(x) <= log p(x), in expectation if it is estimated."""

    def elbo(self, x: Float[Tensor, "n *event"]) -> Float[Tensor, " n"]:
        """Evaluates the bound at each point, in nats."""
        ...


@runtime_checkable
class Representation(Protocol):
    """Finds what lies behind a point: a code z, or the probabilities of what is hidden."""

    def represent(self, x: Float[Tensor, "n *event"]) -> Float[Tensor, "n *latent"]:
        """Computes the features of each point."""
        ...


@runtime_checkable
class Transform(Protocol):
    """A map between noise z and data x that knows how it changes volume.

    `ladj` is the log of the absolute Jacobian determinant of the direction that was asked for, with shape (n,): the
    two directions at a matching pair (z, x) have opposite signs. A transform without a cheap inverse raises
    `InverseNotAvailable`.
    """

    def forward(self, z: Float[Tensor, "n *event"]) -> tuple[Float[Tensor, "n *event"], Float[Tensor, " n"]]:
        """Generates: returns x = T(z) and log |det dT/dz|."""
        ...

    def inverse(self, x: Float[Tensor, "n *event"]) -> tuple[Float[Tensor, "n *event"], Float[Tensor, " n"]]:
        """Normalises: returns z = T^-1(x) and log |det dT^-1/dx|."""
        ...


class NotTractable(NotImplementedError):
    """The model cannot answer this question; the message says why and what to use instead."""


class InverseNotAvailable(NotTractable):
    """The transform has no inverse, or none that is cheap enough to call an inverse."""


QUESTIONS: dict[str, type] = {
    "sample": Sampler, "log_prob": Density, "energy": Energy, "elbo": Bound, "represent": Representation,
}  # fmt: skip

# Said when the class does not give its own reason: (why it may be missing, what to use instead).
_INSTEAD = {
    "sample": "drawing from it needs more than evaluating it; run a Markov chain (Langevin, Metropolis) on its "
    "density or energy",
    "log_prob": "its density is an integral that has no closed form here; use its bound (elbo) or its energy if it has "
    "one, or estimate a density from its samples with coursekit.density.KernelDensity",
    "energy": "it defines no unnormalised density; if it has log_prob, -log_prob(x) is an energy",
    "elbo": "it has no latent variable to bound over; if it has log_prob, that is the exact value",
    "represent": "nothing in it leads from a point back to a code; use a model with an inverse (a flow), an encoder (a "
    "VAE) or hidden components (a mixture), or search for the z whose sample comes nearest to x",
}


def sample(model: object, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None) -> Tensor:
    """Draws n points from a model, or says why that is not possible.

    Returns:
        Points with shape (n, *event).

    Raises:
        NotTractable: If the model does not sample.
    """
    return _method(model, "sample")(n, context=context, generator=generator)


def log_prob(model: object, x: Tensor, *, context: Tensor | None = None) -> Tensor:
    """Evaluates a model's normalised log-density, or says why that is not possible.

    Args:
        model: Anything; asked for `log_prob`.
        x: Points with shape (n, *event).
        context: What a conditional model conditions on.

    Returns:
        Log-densities in nats with shape (n,).

    Raises:
        NotTractable: If the model has no normalised density.
    """
    return _method(model, "log_prob")(x, context=context)


def energy(model: object, x: Tensor) -> Tensor:
    """Evaluates a model's energy with shape (n,), in nats and up to a constant, or says why that is not possible.

    Raises:
        NotTractable: If the model has no energy.
    """
    return _method(model, "energy")(x)


def elbo(model: object, x: Tensor) -> Tensor:
    """Evaluates a model's lower bound of log p(x) with shape (n,), in nats, or says why that is not possible.

    Raises:
        NotTractable: If the model has no bound.
    """
    return _method(model, "elbo")(x)


def represent(model: object, x: Tensor) -> Tensor:
    """Computes a model's representation of each point with shape (n, *latent), or says why that is not possible.

    Of a transform it is the z that generates x.

    Raises:
        NotTractable: If the model has no way from x to a code.
    """
    if _inverts(model) and not callable(getattr(model, "represent", None)):
        return model.inverse(x)[0]  # type: ignore[attr-defined]
    return _method(model, "represent")(x)


def capabilities(model: object) -> dict[str, bool]:
    """Lists the questions and whether the model (or the class) answers each."""
    return {question: _answers(model, question) for question in QUESTIONS}


def why_not(model: object, question: str) -> str:
    """The sentence that says why a model (or a class) does not answer a question; empty if it does.

    Raises:
        ValueError: If there is no such question.
    """
    arguments.known(question, QUESTIONS, "question")
    return "" if _answers(model, question) else _sentence(model, question)


def _inverts(model: object) -> bool:
    return all(callable(getattr(model, direction, None)) for direction in ("forward", "inverse"))


def _answers(model: object, question: str) -> bool:
    return callable(getattr(model, question, None)) or (question == "represent" and _inverts(model))


def _method(model: object, question: str) -> Any:
    if not _answers(model, question):
        raise NotTractable(_sentence(model, question))
    return getattr(model, question)


def _sentence(model: object, question: str) -> str:
    name = model.__name__ if isinstance(model, type) else type(model).__name__
    why = getattr(model, "not_tractable", {}).get(question, _INSTEAD[question])
    has = [other for other in QUESTIONS if _answers(model, other)]
    offers = f"It offers: {', '.join(has)}." if has else "It offers none of " + ", ".join(QUESTIONS) + "."
    return f"{name} has no {question}: {why}. {offers}"
