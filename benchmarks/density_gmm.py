"""Gaussian mixture: 20 steps of E-M on 10,000 points with 25 components, against scikit-learn from the same start."""

import sys
import warnings

import numpy as np
import sklearn.mixture
import torch
from _ratio import compare, seconds

from coursekit.density import GaussianMixture, initial_parameters
from coursekit.distributions import get

N, COMPONENTS, STEPS = 10_000, 25, 20


def main() -> int:
    """Checks that both end in the same place, then times both."""
    warnings.simplefilter("ignore")  # the step count is fixed, so neither converges
    generator = torch.Generator().manual_seed(0)
    x = get("grid-25").sample(N, generator=generator)
    met = True
    for covariance, theirs in (("full", "full"), ("diagonal", "diag")):
        start = initial_parameters(x, COMPONENTS, covariance=covariance, generator=generator)
        covariances = start.covariances.numpy()

        def fit_ours(covariance=covariance, start=start):
            return GaussianMixture(COMPONENTS, covariance=covariance).fit(
                x, start=start, max_steps=STEPS, tolerance=0.0
            )

        def fit_peer(theirs=theirs, start=start, covariances=covariances):
            return sklearn.mixture.GaussianMixture(
                COMPONENTS,
                covariance_type=theirs,
                weights_init=start.weights.numpy(),
                means_init=start.means.numpy(),
                precisions_init=np.linalg.inv(covariances) if theirs == "full" else 1 / covariances,
                max_iter=STEPS,
                tol=0.0,
            ).fit(x.numpy())

        ours, peer = fit_ours(), fit_peer()
        if abs(ours.log_likelihoods[-1] - peer.score(x.numpy())) > 1e-6 or peer.n_iter_ != STEPS:
            raise RuntimeError(f"the {covariance} fits differ: there is nothing to compare")
        met &= compare(
            f"GMM fit, {covariance} covariances, {N} points, {COMPONENTS} components, {STEPS} steps",
            lambda fit=fit_ours: seconds(fit),
            lambda fit=fit_peer: seconds(fit),
            goal=1.0,
            repeats=5,
            packages=("torch", "scikit-learn"),
        )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
