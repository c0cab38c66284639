"""The Frechet distance of given features: against torchmetrics, which takes eigenvalues of the product C C_w.

Both first compute two covariances of 4,096 samples, most of the time with few features. Beyond that ours checks what it
is given, and takes two Cholesky factors and singular values, which stay real.
"""

import sys

import torch
from _ratio import compare, seconds
from torchmetrics.image.fid import _compute_fid

from coursekit.evaluation.frechet import frechet_distance

N = 4096


def main() -> int:
    """Checks that both give the same, then times both."""
    generator, met = torch.Generator().manual_seed(0), True
    for k in (64, 128, 512):
        mix = torch.randn(k, k, dtype=torch.float64, generator=generator) / k**0.5
        x, y = torch.randn(2, N, k, dtype=torch.float64, generator=generator) @ mix
        y = 1.1 * y + 0.1

        def peer(x=x, y=y):
            return _compute_fid(x.mean(0), torch.cov(x.T), y.mean(0), torch.cov(y.T))

        if abs(frechet_distance(x, y) / peer() - 1) > 1e-6:
            raise RuntimeError(f"the distances differ at k = {k}: there is nothing to compare")
        met &= compare(
            f"Frechet distance, n = {N}, {k} features",
            lambda x=x, y=y: seconds(lambda: frechet_distance(x, y)),
            lambda peer=peer: seconds(peer),
            goal=1.0,
            repeats=5,
            packages=("torch", "torchmetrics"),
        )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
