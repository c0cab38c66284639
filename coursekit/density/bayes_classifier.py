"""A classifier out of densities: Bayes' rule turns p(x | y) and p(y) into p(y | x).

    p(y | x) = p(x | y) p(y) / p(x),        p(x) = sum_y p(x | y) p(y)

A discriminative model learns the left side and nothing else. Whoever has the factors on the right can do more: draw a
point of a class, say how likely a point is at all, and classify. The price is that p(x | y) must be learnt, which is
much more than where one class ends and the next begins (Ng and Jordan 2002, "On Discriminative vs. Generative
Classifiers").

All of it happens in the log domain. In 64 dimensions densities are numbers like exp(-300), whose quotient is still
well defined when each of them has long become 0.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from coursekit import arguments
from coursekit.arguments import ArrayLike
from coursekit.protocols import Density


class BayesClassifier:
    """Classes with a density each, and how frequent they are.

    Args:
        class_densities: p(x | y) for y = 0, 1, …: models with `log_prob`; with `sample` as well if points are drawn.
        class_probs: p(y) with shape (classes,), not negative, sum one.

    Raises:
        ValueError: If there are not as many densities as probabilities, one has no `log_prob`, or the probabilities
            do not sum to one.
    """

    def __init__(self, class_densities: Sequence[Density], class_probs: ArrayLike) -> None:
        self.class_densities = tuple(class_densities)
        self.class_probs = arguments.probabilities(arguments.as_tensor(class_probs, "class_probs"), "class_probs")
        if len(self.class_densities) != len(self.class_probs):
            raise ValueError(
                f"each class needs a density and a probability, got {len(self.class_densities)} densities and "
                f"{len(self.class_probs)} probabilities."
            )
        for y, density in enumerate(self.class_densities):
            if not isinstance(density, Density):
                raise ValueError(
                    f"the model of class {y}, a {type(density).__name__}, has no log_prob; Bayes' rule needs the "
                    "density of each class, for example a GaussianMixture fitted to its points."
                )

    @classmethod
    def fit(
        cls, x: Float[Tensor, "n *event"], labels: Int[Tensor, " m"], density: Callable[[Tensor], Density]
    ) -> "BayesClassifier":
        """Fits one density to the points of each class; p(y) is the class's share of the points.

        Args:
            x: Points with shape (n, *event).
            labels: Whole numbers 0, 1, … with shape (n,), each class with at least one point.
            density: Makes a density from the points of one class.

        Raises:
            ValueError: If shapes do not fit or a class has no points.
        """
        arguments.finite(x, "x")
        if labels.shape != (len(x),) or len(x) == 0:
            raise ValueError(f"labels must have shape ({len(x)},), one a point, got {tuple(labels.shape)}.")
        if int(labels.min()) < 0:
            raise ValueError(f"labels must be 0, 1, …, got {int(labels.min())}.")
        counts = torch.bincount(labels)
        if (counts == 0).any():
            missing = int((counts == 0).nonzero()[0])
            raise ValueError(f"class {missing} has no points; number the classes 0, 1, … without a gap.")
        return cls([density(x[labels == y]) for y in range(len(counts))], counts.to(x) / len(x))

    def log_joint(self, x: Float[Tensor, "n *event"]) -> Float[Tensor, "n classes"]:
        """Evaluates log p(x, y) = log p(x | y) + log p(y) in nats with shape (n, classes)."""
        conditional = torch.stack([density.log_prob(x) for density in self.class_densities], dim=1)
        return conditional + self.class_probs.to(conditional).log()

    def log_posterior(self, x: Float[Tensor, "n *event"]) -> Float[Tensor, "n classes"]:
        """Evaluates log p(y | x) in nats with shape (n, classes).

        Where every class has density zero, Bayes' rule is 0 / 0; the point has taught nothing, and p(y) stays.
        """
        joint = self.log_joint(x)
        total = joint.logsumexp(1, keepdim=True)
        return torch.where(total == -torch.inf, self.class_probs.to(joint).log(), joint - total)

    def predict(self, x: Float[Tensor, "n *event"]) -> Int[Tensor, " n"]:
        """The likeliest class of each point with shape (n,). No classifier errs less often, if p(x | y) is right."""
        return self.log_posterior(x).argmax(1)

    def represent(self, x: Float[Tensor, "n *event"]) -> Float[Tensor, "n classes"]:
        """What it makes of x: the posterior p(y | x) with shape (n, classes)."""
        return self.log_posterior(x).exp()

    def log_prob(self, x: Float[Tensor, "n *event"], *, context: Tensor | None = None) -> Float[Tensor, " n"]:
        """Evaluates log p(x) = log sum_y p(x | y) p(y) in nats with shape (n,)."""
        arguments.no_context(context, self)
        return self.log_joint(x).logsumexp(1)

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n *event"]:
        """Draws n points: first a class y with probabilities p(y), then x from p(x | y)."""
        arguments.no_context(context, self)
        return self.sample_with_labels(n, generator=generator)[0]

    def sample_with_labels(
        self, n: int, *, generator: torch.Generator | None = None
    ) -> tuple[Float[Tensor, "n *event"], Int[Tensor, " n"]]:
        """Draws n points with their classes, in random order."""
        arguments.count(n, "n")
        device = generator.device if generator is not None else self.class_probs.device
        probs = self.class_probs.to(device)
        labels = (
            torch.multinomial(probs, n, replacement=True, generator=generator)
            if n
            else torch.zeros(0, dtype=torch.int64, device=device)
        )
        counts = torch.bincount(labels, minlength=len(probs)).tolist()
        drawn = [
            density.sample(count, generator=generator)  # type: ignore[attr-defined]
            for density, count in zip(self.class_densities, counts, strict=True)
        ]
        # The points come sorted by class; put each where its label stands.
        place = torch.empty_like(labels)
        place[labels.argsort(stable=True)] = torch.arange(n, device=device)
        return torch.cat(drawn)[place], labels
