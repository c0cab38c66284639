"""Full-size data sets, fetched when first asked for: MNIST, Fashion-MNIST, SVHN, CIFAR-10; and one's own pictures.

    mnist = load("mnist")                       # an Empirical: sample, sample_with_labels, epoch
    test = load("cifar-10", "test")
    cats = own_images("~/pictures/cats", 64)

Nothing happens on import. Files are kept in a cache folder (see `load`) and checked whenever they are read.
"""

import os
from collections.abc import Callable

from coursekit import arguments
from coursekit.data.empirical import Empirical
from coursekit.data.full import archives
from coursekit.data.full import openml as _openml
from coursekit.data.full.cache import DataUnavailable, cache_folder
from coursekit.data.full.own_images import own_images

__all__ = ["NAMES", "DataUnavailable", "cache_folder", "load", "own_images"]

_LOADERS: dict[str, Callable[..., Empirical]] = {
    "mnist": lambda *a, **k: _openml.openml(_openml.MNIST, "mnist", *a, **k),
    "fashion-mnist": lambda *a, **k: _openml.openml(_openml.FASHION_MNIST, "fashion-mnist", *a, **k),
    "svhn": archives.svhn,
    "cifar-10": archives.cifar_10,
}
NAMES = tuple(_LOADERS)


def load(
    name: str, split: str = "train", *, folder: str | os.PathLike | None = None, progress: bool = True
) -> Empirical:
    """Loads a data set by name; the first time it is downloaded.

    Args:
        name: "mnist", "fashion-mnist" (grey, 28 x 28), "svhn" or "cifar-10" (RGB, 32 x 32).
        split: "train" or "test", as its makers split it.
        folder: Where files are kept; by default $COURSEKIT_DATA, or coursekit in the user's cache folder.
        progress: Shows a bar while something is downloaded.

    Returns:
        Pictures in [0, 1], kept as uint8, with labels and the names of the classes.

    Raises:
        ValueError: If the name or the split is unknown.
        DataUnavailable: If the data cannot be had: no network, no room on the disk, a damaged file. The message says
            what to use meanwhile.
    """
    arguments.known(name, NAMES, "data set")
    arguments.known(split, ["train", "test"], "split")
    return _LOADERS[name](split, cache_folder(folder), progress=progress)
