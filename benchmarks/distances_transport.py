"""Optimal transport of two clouds in the plane: against scipy's linear program on all cells, and against POT.

scipy gets the same program with all n^2 unknowns at once: where ours, which adds cells as they are needed, is not
faster, it has no reason to be. POT's network simplex is compiled code for this one problem; it is reported beside
ours and gates nothing.
"""

import sys

import numpy as np
import ot
import torch
from _ratio import compare, seconds
from scipy import optimize, sparse

from coursekit.distances import optimal_transport


def program(p, q, cost):
    """All cells at once."""
    n, m = cost.shape
    k = np.arange(n * m)
    sums = sparse.csc_array((np.ones(2 * n * m), (np.concatenate([k // m, n + k % m]), np.tile(k, 2))))
    return optimize.linprog(cost.ravel(), A_eq=sums, b_eq=np.concatenate([p, q]), method="highs").fun


def main() -> int:
    """Times ours beside each peer, and checks that they gave the same cost."""
    generator, met = torch.Generator().manual_seed(0), True
    for n in (50, 200, 500, 2000):
        x, y = torch.randn(2, n, 2, dtype=torch.float64, generator=generator)
        cost, p = torch.cdist(x, y).square(), torch.full((n,), 1 / n, dtype=torch.float64)
        given = (p.numpy(), p.numpy(), cost.numpy())
        peers = {"POT's emd2": (lambda given=given: ot.emd2(*given, numItermax=10**7), None)}
        if n <= 500:  # 4 million unknowns take minutes
            peers["scipy, all cells"] = (lambda given=given: program(*given), 1.0)
        for name, (peer, goal) in peers.items():
            answers = {}

            def timed(who, function, answers=answers):
                def keep():
                    answers[who] = function()

                return seconds(keep)

            met &= compare(
                f"optimal transport, n = m = {n}, peer {name}",
                lambda p=p, cost=cost, timed=timed: timed("ours", lambda: optimal_transport(p, p, cost).cost),
                lambda peer=peer, timed=timed: timed("peer", peer),
                goal=goal,
                repeats=9 if n <= 50 else 3 if n <= 200 else 1,
                packages=("torch", "scipy", "pot"),
            )
            if abs(answers["ours"] - answers["peer"]) > 1e-6:
                raise RuntimeError(f"the costs differ from {name} at n = {n}: there is nothing to compare")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
