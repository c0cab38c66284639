"""MMD^2 of 5,000 points against 5,000, with its gradient: seconds, and memory beyond the points.

The peer computes the three matrices of 25 million kernel values at once, as the formula is written. Goals: not slower,
and at most 100 MiB, where the matrices take gigabytes. Memory is the growth of the process's peak, so ours goes first.
"""

import json
import resource
import sys

import torch
from _ratio import compare, seconds

from coursekit.distances import GaussianKernel, mmd_squared

N, D, GOAL_MIB = 5000, 2, 100.0


def peak_mib() -> float:
    """The process's peak so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    """Measures the memory of ours, checks that both agree, times both."""
    generator, kernel = torch.Generator().manual_seed(0), GaussianKernel((1.0,))
    x, y = torch.randn(2, N, D, dtype=torch.float64, generator=generator)

    def ours(n=N):
        points = x[:n].clone().requires_grad_()
        value = mmd_squared(points, y[:n], kernel)
        return value, torch.autograd.grad(value, points)[0]

    def peer():
        points = x.clone().requires_grad_()
        k = [torch.exp(torch.cdist(a, b).square() / -2) for a, b in ((points, points), (y, y), (points, y))]
        within = sum((part.sum() - part.diagonal().sum()) / (N * (N - 1)) for part in k[:2])
        value = within - 2 * k[2].mean()
        return value, torch.autograd.grad(value, points)[0]

    ours(200)  # what the first call loads is not memory of this problem
    before = peak_mib()
    value, gradient = ours()
    used = peak_mib() - before
    line = {"name": f"MMD^2 with gradient, n = m = {N}: memory", "peak_mib": round(used, 1), "goal": GOAL_MIB}
    print(json.dumps(line), flush=True)
    other, other_gradient = peer()
    if abs(value - other) > 1e-9 or (gradient - other_gradient).abs().max() > 1e-9:
        raise RuntimeError("the two differ: there is nothing to compare")
    met = compare(
        f"MMD^2 with gradient, n = m = {N}, d = {D}, peer three whole matrices",
        lambda: seconds(ours),
        lambda: seconds(peer),
        goal=1.0,
        repeats=1,
        packages=("torch",),
    )
    return 0 if met and used <= GOAL_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
