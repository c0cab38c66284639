"""What an ensemble needs while it trains: every guard and every clip acts on each member alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


def member_rows(tensor: Tensor, members: int | None) -> Float[Tensor, "s rest"]:
    """One row for each member (one in all for a solo net)."""
    return tensor.reshape(1 if members is None else members, -1)


def member_finite(loss: Tensor, parameters: Sequence[nn.Parameter], members: int | None) -> Bool[Tensor, " s"]:
    """Which members have a finite loss and finite gradients."""
    # A sum is finite only if all its terms are; one number a tensor is all that has to be looked at.
    good = torch.isfinite(member_rows(loss.detach(), members).sum(1))
    sums = [member_rows(p.grad, members).sum(1) for p in parameters if p.grad is not None]
    return good & torch.isfinite(torch.stack(sums).sum(0)) if sums else good


@torch.no_grad()
def clip_members(parameters: Sequence[nn.Parameter], largest: float, members: int | None) -> Float[Tensor, " s"]:
    """Scales each member's gradient down to norm `largest` where it is longer; returns the norms before."""
    moved = [p for p in parameters if p.grad is not None]
    rows = [member_rows(p.grad, members) for p in moved if p.grad is not None]
    norms = torch.stack([row.square().sum(1) for row in rows]).sum(0).sqrt()
    factors = (largest / norms.clamp(min=1e-12)).clamp(max=1.0)
    for parameter, row in zip(moved, rows, strict=True):
        parameter.grad = (row * factors[:, None]).view_as(parameter)
    return norms


@contextmanager
@torch.no_grad()
def freeze_members(parameters: Sequence[nn.Parameter], frozen: Sequence[int], members: int | None) -> Iterator[None]:
    """Whatever happens inside, the parameters of the frozen members are afterwards what they were before."""
    kept = [member_rows(p.data, members)[list(frozen)].clone() for p in parameters] if frozen else []
    yield
    if not frozen:
        return
    for parameter, values in zip(parameters, kept, strict=True):
        rows = member_rows(parameter.data, members).clone()
        rows[list(frozen)] = values
        parameter.data.copy_(rows.view_as(parameter))
