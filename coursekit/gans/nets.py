"""The two nets of a GAN: a generator is a push-forward of noise, a critic gives one logit a point."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from coursekit import arguments


class Generator(nn.Module):
    """A push-forward of N(0, I) by a net: x = net(z).

    Args:
        net: Maps z with shape (n, latent) to x with shape (n, *event); an ensemble carries a leading axis S.
        latent: Number of coordinates of z.
        members: S where the net is an ensemble, else None.
    """

    not_tractable = {  # noqa: RUF012
        "log_prob": "its net has no inverse, so the density of net(z) is an integral over all z that land on x; use a "
        "kernel density estimate of its samples",
    }

    def __init__(self, net: nn.Module, latent: int, members: int | Sequence[int] | None = None) -> None:
        super().__init__()
        self.net = net
        self.latent = arguments.count(latent, "latent", minimum=1)
        self.members = len(members) if isinstance(members, Sequence) else members

    def forward(self, z: Tensor) -> Tensor:
        return self.net(z)

    def show(self, z: Tensor, x: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
        """What the critic gets to see of data x and of fake = net(z): the points themselves.

        A generator that brings more to the game than points (a reconstructor, an encoder) overrides this.
        """
        return x, fake

    def own_loss(self, z: Tensor, fake: Tensor) -> Float[Tensor, "*s n"] | None:
        """What the generator wants besides: one value a point, or None for nothing."""
        return None

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "*s_n_event"]:
        """Draws n points, without gradients; for an ensemble n of each member, from noise of their own."""
        arguments.no_context(context, self)
        arguments.count(n, "n")
        one = next(self.parameters())
        lead = () if self.members is None else (self.members,)
        z = torch.randn(*lead, n, self.latent, dtype=one.dtype, device=one.device, generator=generator)
        with torch.no_grad():
            return self.net(z)


class Critic(nn.Module):
    """A net with one output a point, as logits with shape (n,).

    Args:
        net: Maps x with shape (n, *event) to (n, 1); an ensemble carries a leading axis S.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Float[Tensor, "*s n"]:
        """Computes the logits.

        Raises:
            ValueError: If the net gives more than one number a point.
        """
        out = self.net(x)
        if out.shape[-1] != 1:
            raise ValueError(
                f"a critic gives one number a point, but this net's output has shape {tuple(out.shape)}; its last "
                "layer should have size 1."
            )
        return out.squeeze(-1)


def check_logits(critic: Callable[[Tensor], Tensor], x: Tensor, lead: int) -> Tensor:
    """The critic's logits for x with shape (n, *event), or (S, n, *event) where lead is 2.

    Raises:
        ValueError: If they are not one for each point.
    """
    out = critic(x)
    if out.shape != x.shape[:lead]:
        expected = tuple(x.shape[:lead])
        raise ValueError(
            f"the critic must give logits with shape {expected}, one for each point, got {tuple(out.shape)}; "
            "wrap its net in coursekit.gans.Critic, or squeeze its last axis."
        )
    return out


def check_features(critic: Callable[[Tensor], Tensor], x: Tensor, lead: int) -> Tensor:
    """The critic's features with shape (n, f), or (S, n, f) where lead is 2, for objectives that compare batches.

    Raises:
        ValueError: If they are not one vector for each point.
    """
    out = critic(x)
    if out.dim() != lead + 1 or out.shape[:lead] != x.shape[:lead]:
        expected = ", ".join([*map(str, x.shape[:lead]), "f"])
        raise ValueError(
            f"this objective compares features, so the critic must give a vector for each point, with shape "
            f"({expected}), got {tuple(out.shape)}; leave away coursekit.gans.Critic, whose output is one number."
        )
    return out
