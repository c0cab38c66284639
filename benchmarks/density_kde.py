"""Kernel density: log-density of 2,000 points under 2,000 points in the plane, against scikit-learn."""

import sys

import numpy as np
import sklearn.neighbors
import torch
from _ratio import compare, seconds

from coursekit.density import KernelDensity
from coursekit.distributions import get

N, BANDWIDTH = 2000, 0.3


def main() -> int:
    """Checks that both give the same, then times both."""
    truth, generator = get("grid-25"), torch.Generator().manual_seed(0)
    x, queries = truth.sample(N, generator=generator), truth.sample(N, generator=generator)
    met = True
    for kernel in ("gaussian", "epanechnikov"):
        ours = KernelDensity(x, BANDWIDTH, kernel)
        peer = sklearn.neighbors.KernelDensity(bandwidth=BANDWIDTH, kernel=kernel).fit(x.numpy())
        difference = ours.log_prob(queries).numpy() - peer.score_samples(queries.numpy())
        if np.abs(difference[np.isfinite(difference)]).max() > 1e-6:
            raise RuntimeError(f"the {kernel} estimates differ: there is nothing to compare")
        met &= compare(
            f"KDE log-density, {kernel}, n = m = {N}, d = 2",
            lambda model=ours: seconds(lambda: model.log_prob(queries)),
            lambda model=peer: seconds(lambda: model.score_samples(queries.numpy())),
            goal=1.0,
            repeats=15,
            packages=("torch", "scikit-learn"),
        )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
