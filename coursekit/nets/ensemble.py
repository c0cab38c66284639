"""Ensembles: S nets of the same shape, trained at once, each on its own.

A claim about a stochastic method is made over seeds. Running eight small nets one after the other wastes most of the
time on starting operations; here they are one net whose tensors carry a leading axis S:

    points   (n, features)       ->  (S, n, features)
    images   (n, c, h, w)        ->  (S, n, c, h, w)
    weights  (out, in)           ->  (S, out, in)

`ensemble` builds the solo nets, each inside its own seed, and stacks them. With losses summed over members no gradient
crosses from one to another, so member i is, to rounding, the solo net of seed i.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from coursekit.seeds import member_seeds, seeded

M = TypeVar("M", bound=nn.Module)


def ensemble(build: Callable[[], M], members: int | Sequence[int] | None) -> M:
    """One net, or several as one.

    Args:
        build: Makes a solo net; draws its weights from torch's global generator.
        members: None builds one net as it stands. A number S, or S seeds, builds one net inside `seeded(seed)` for
            each seed and stacks them. Nets that train together belong into one `build` (say, an `nn.ModuleDict`), so
            that a solo run inside `seeded(i)` draws the same weights.

    Raises:
        TypeError: If a module has parameters and no rule says how to stack it.
    """
    if members is None:
        return build()
    nets = []
    for seed in member_seeds(members):
        with seeded(seed):
            nets.append(build())
    return stack(nets)


def stack(nets: Sequence[M]) -> M:
    """Stacks nets of one structure into one with a leading axis S.

    Raises:
        TypeError: If a module has parameters of its own and `STACKED` has no rule for it.
    """
    first: Any = nets[0]
    if type(first) in STACKED:
        return STACKED[type(first)](nets)
    own = [name for name, _ in first.named_parameters(recurse=False)]
    own += [name for name, value in first.named_buffers(recurse=False) if value is not None]
    if own:
        raise TypeError(
            f"{type(first).__name__} has parameters or buffers of its own ({', '.join(own)}), and no rule in "
            "coursekit.nets.ensemble.STACKED says how an ensemble of it works; add one."
        )
    whole = copy.deepcopy(first)
    for name, _ in first.named_children():
        setattr(whole, name, stack([getattr(net, name) for net in nets]))
    return whole


def unstack(whole: nn.Module, index: int) -> dict[str, Tensor]:
    """The `state_dict` of one member, to load into a solo net.

    An ensemble's biases keep an axis of length 1 for broadcasting; it is dropped here.
    """
    state = {}
    for name, value in whole.state_dict().items():
        state[name] = value[index].squeeze(0) if name.endswith("bias") and value.dim() == 3 else value[index]
    return state


class EnsembleLinear(nn.Module):
    """S linear maps: x with shape (S, n, in), or (n, in) for all alike, to (S, n, out).

    Attributes:
        weight: With shape (S, out, in).
        bias: With shape (S, 1, out), or None.
    """

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias[:, None]) if bias is not None else None

    def forward(self, x: Float[Tensor, "*shared n features"]) -> Float[Tensor, "s n out"]:
        if x.dim() == 2:
            x = x.expand(len(self.weight), *x.shape)
        if self.bias is None:
            return x @ self.weight.mT
        return torch.baddbmm(self.bias, x, self.weight.mT)


class EnsembleConv2d(nn.Module):
    """S convolutions as one grouped convolution: x with shape (S, n, c, h, w) to (S, n, c', h', w').

    Attributes:
        weight: With shape (S, c', c, k, k), or (S, c, c', k, k) where transposed.
        bias: With shape (S, c'), or None.
    """

    def __init__(self, solo: nn.Conv2d | nn.ConvTranspose2d, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        if solo.groups != 1 or solo.padding_mode != "zeros":
            raise TypeError("ensembles of grouped convolutions, or with other padding than zeros, are not there yet.")
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(bias) if bias is not None else None
        self.options: dict[str, Any] = {"stride": solo.stride, "padding": solo.padding, "dilation": solo.dilation}
        self.transposed = isinstance(solo, nn.ConvTranspose2d)
        if isinstance(solo, nn.ConvTranspose2d):
            self.options["output_padding"] = solo.output_padding

    def forward(self, x: Float[Tensor, "s n c h w"]) -> Float[Tensor, "s n c2 h2 w2"]:
        members = len(self.weight)
        convolve = F.conv_transpose2d if self.transposed else F.conv2d
        wide = x.transpose(0, 1).flatten(1, 2)  # (n, S c, h, w): members become groups of channels
        bias = self.bias.flatten() if self.bias is not None else None
        out = convolve(wide, self.weight.flatten(0, 1), bias, groups=members, **self.options)
        return out.unflatten(1, (members, -1)).transpose(0, 1)


class EnsembleBatchNorm(nn.Module):
    """Batch normalisation of each member on its own: members become channels of one batch norm.

    Works for (S, n, features) and (S, n, c, h, w); the running statistics have S c entries.
    """

    def __init__(self, solos: Sequence[Any]) -> None:
        super().__init__()
        self.members = len(solos)
        self.norm = copy.deepcopy(solos[0])
        for name, value in solos[0].state_dict(keep_vars=True).items():
            if value.dim() == 0:
                continue  # the count of batches is the same for all
            joined = torch.cat([solo.state_dict()[name] for solo in solos])
            keep = nn.Parameter(joined) if isinstance(value, nn.Parameter) else joined
            setattr(self.norm, name, keep)
        self.norm.num_features = self.members * solos[0].num_features

    def forward(self, x: Tensor) -> Tensor:
        wide = self.norm(x.transpose(0, 1).flatten(1, 2))
        return wide.unflatten(1, (self.members, -1)).transpose(0, 1)


class EnsembleNorm(nn.Module):
    """Layer or group normalisation, with scale and shift of each member: these norms look at one point at a time."""

    def __init__(self, solos: Sequence[Any]) -> None:
        super().__init__()
        self.plain = copy.deepcopy(solos[0])
        self.plain.weight = self.plain.bias = None
        self.is_group = isinstance(solos[0], nn.GroupNorm)
        affine = solos[0].weight is not None
        self.weight = nn.Parameter(torch.stack([s.weight.detach() for s in solos])) if affine else None
        self.bias = nn.Parameter(torch.stack([s.bias.detach() for s in solos])) if affine else None

    def forward(self, x: Tensor) -> Tensor:
        out = self.plain(x.flatten(0, 1)).unflatten(0, x.shape[:2])
        if self.weight is None or self.bias is None:
            return out
        # Group norm scales channels, the axis before the image; layer norm the last axes.
        tail = x.dim() - 3 if self.is_group else 0
        shape = (len(self.weight), 1, *self.weight.shape[1:], *[1] * tail)
        return out * self.weight.view(shape) + self.bias.view(shape)


class EnsembleEmbedding(nn.Module):
    """S embeddings: whole numbers with shape (S, n), or (n,) for all alike, to (S, n, features)."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)  # (S, entries, features)

    def forward(self, index: Tensor) -> Tensor:
        index = index.expand(len(self.weight), -1) if index.dim() == 1 else index
        return self.weight[torch.arange(len(self.weight), device=index.device)[:, None], index]


class Fold(nn.Module):
    """Runs a module without parameters on (S n, …), for those that insist on one batch axis."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        return self.module(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def _linear(solos: Sequence[nn.Linear]) -> nn.Module:
    return EnsembleLinear(_stacked(solos, "weight"), _stacked(solos, "bias"))


def _conv(solos: Sequence[Any]) -> nn.Module:
    return EnsembleConv2d(solos[0], _stacked(solos, "weight"), _stacked(solos, "bias"))


def _fold(solos: Sequence[nn.Module]) -> nn.Module:
    return Fold(copy.deepcopy(solos[0]))


def _stacked(solos: Sequence[nn.Module], name: str) -> Any:
    if getattr(solos[0], name) is None:
        return None
    return torch.stack([getattr(solo, name).detach() for solo in solos])


STACKED: dict[type, Callable[[Sequence[Any]], Any]] = {
    nn.Linear: _linear,
    nn.Conv2d: _conv,
    nn.ConvTranspose2d: _conv,
    nn.BatchNorm1d: EnsembleBatchNorm,
    nn.BatchNorm2d: EnsembleBatchNorm,
    nn.LayerNorm: EnsembleNorm,
    nn.GroupNorm: EnsembleNorm,
    nn.Embedding: lambda solos: EnsembleEmbedding(_stacked(solos, "weight")),
    nn.Flatten: _fold,
    nn.Unflatten: _fold,
    nn.Upsample: _fold,
    nn.AvgPool2d: _fold,
    nn.MaxPool2d: _fold,
    nn.AdaptiveAvgPool2d: _fold,
}
"""How an ensemble of a module works, by its exact type; modules without parameters work as they are."""
