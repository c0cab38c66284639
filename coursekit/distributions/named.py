"""Distributions with a name, for lectures and figures: `get("claw")`.

On the line, after Marron and Wand (1992), Annals of Statistics 20, table 1 where a number is given; each is hard for
estimators in a different way. In the plane, the toys by which mode collapse is measured.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from coursekit import arguments
from coursekit.distributions.checkerboard import Checkerboard
from coursekit.distributions.classic_energies import FORMULAS, ClassicEnergy
from coursekit.distributions.noisy_curves import spirals, two_moons
from coursekit.distributions.normal_mixture import NormalMixture
from coursekit.distributions.normal_mixture_1d import NormalMixture1D
from coursekit.distributions.pinwheel import Pinwheel


def bimodal() -> NormalMixture1D:
    """Two equal modes with a shallow valley between them (number 6)."""
    return NormalMixture1D([0.5, 0.5], [-1.0, 1.0], [2 / 3, 2 / 3])


def skewed() -> NormalMixture1D:
    """A steep left flank and a long right tail (number 3)."""
    ratios = [(2 / 3) ** k for k in range(8)]
    return NormalMixture1D([1 / 8] * 8, [3 * (ratio - 1) for ratio in ratios], ratios)


def claw() -> NormalMixture1D:
    """Five narrow spikes on a broad hill: one bandwidth cannot serve both (number 10)."""
    spikes = [k / 2 - 1 for k in range(5)]
    return NormalMixture1D([0.5] + [0.1] * 5, [0.0, *spikes], [1.0] + [0.1] * 5)


def outlier() -> NormalMixture1D:
    """A tall narrow spike, and one draw in ten from a distribution ten times as wide (number 5)."""
    return NormalMixture1D([0.1, 0.9], [0.0, 0.0], [1.0, 0.1])


def gap() -> NormalMixture1D:
    """Two modes of unequal weight, sixteen standard deviations apart: half way between them F is flat to 1e-14."""
    return NormalMixture1D([0.3, 0.7], [-4.0, 4.0], [0.5, 0.5])


def cross() -> NormalMixture:
    """Two long thin components that cross at right angles: strongly dependent, uncorrelated coordinates."""
    covariances = [[[1.0, 0.9], [0.9, 1.0]], [[1.0, -0.9], [-0.9, 1.0]]]
    return NormalMixture([0.5, 0.5], [[0.0, 0.0], [0.0, 0.0]], covariances=covariances)


def ring_8() -> NormalMixture:
    """Eight components on the unit circle, scale 0.01 (Srivastava et al. 2017, VEEGAN)."""
    angles = [2 * math.pi * k / 8 for k in range(8)]
    return NormalMixture([1 / 8] * 8, [[math.cos(a), math.sin(a)] for a in angles], scales=[0.01] * 8)


def grid_25() -> NormalMixture:
    """Twenty-five components on the grid {-4, -2, 0, 2, 4}^2, scale 0.05 (Lin et al. 2018, PacGAN)."""
    ticks = [-4.0, -2.0, 0.0, 2.0, 4.0]
    return NormalMixture([1 / 25] * 25, [[a, b] for a in ticks for b in ticks], scales=[0.05] * 25)


_BUILDERS: dict[int, dict[str, Callable[[], Any]]] = {
    1: {"bimodal": bimodal, "skewed": skewed, "claw": claw, "outlier": outlier, "gap": gap},
    2: {
        "cross": cross,
        "ring-8": ring_8,
        "grid-25": grid_25,
        "two-moons": two_moons,
        "spirals": spirals,
        "pinwheel": Pinwheel,
        "checkerboard": Checkerboard,
        **{name: partial(ClassicEnergy, name) for name in FORMULAS},
    },
}


def names(dimension: int | None = None) -> list[str]:
    """Lists the names that `get` knows: of one dimension (1 or 2), or all."""
    return [name for d, builders in _BUILDERS.items() for name in builders if dimension in (None, d)]


def get(name: str, *, dtype: torch.dtype = torch.float64, device: torch.device | str | None = None) -> Any:
    """Builds the distribution with this name.

    Args:
        name: One of `names()`.
        dtype: Of its parameters and samples.
        device: Of its parameters and samples.

    Raises:
        ValueError: If there is none; the message suggests the nearest name.
    """
    arguments.known(name, names(), "distribution")
    built = next(builders[name] for builders in _BUILDERS.values() if name in builders)()
    _move(built, dtype, device)
    return built


def _move(built: Any, dtype: torch.dtype, device: torch.device | str | None) -> None:
    for attribute, value in vars(built).items():
        if isinstance(value, Tensor):
            setattr(built, attribute, value.to(device=device, dtype=dtype))
        elif isinstance(value, NormalMixture):
            _move(value, dtype, device)
        elif attribute in ("dtype", "device"):
            setattr(built, attribute, dtype if attribute == "dtype" else device)
