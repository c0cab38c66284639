"""Densities on the line that a reader can pick by name."""

from __future__ import annotations

from coursekit import arguments
from coursekit.distributions import NormalMixture1D, get, names


def line_names() -> list[str]:
    """The names that `line_density` knows."""
    return names(1)


def line_density(name: str) -> NormalMixture1D:
    """The density on the line with this name.

    Raises:
        ValueError: if there is none; the message suggests the nearest name.
    """
    arguments.known(name, names(1), "density on the line")
    density = get(name)
    assert isinstance(density, NormalMixture1D)
    return density
