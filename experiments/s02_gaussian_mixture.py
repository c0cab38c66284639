"""Gaussian mixtures by expectation-maximisation: the right steps, always uphill, and to which hill?

From one start, with one `reg_covar` and one number of steps, the likelihood must be scikit-learn's. Without
`reg_covar` no step may lower it. How often a random start reaches the best maximum found is counted, not shown by one
picture; and the fitted mixture is compared with a kernel density estimate on fresh points, seed by seed.
"""

import warnings

import numpy as np
import torch
from sklearn.mixture import GaussianMixture as Peer

from coursekit.density import (
    GaussianMixture,
    KernelDensity,
    Parameters,
    expectation_maximisation,
    initial_parameters,
    scott,
    select_bandwidth,
)
from coursekit.distributions import get
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.intervals import mean_interval, share_interval, wins

SEEDS = range(8)
POINTS, FRESH = 400, 2_000
STEPS = 60
CASES = {"bimodal": 2, "claw": 6, "cross": 2, "grid-25": 25}  # density: number of components
HARD = "grid-25"  # where starts matter
STARTS = 10  # a seed
ROUNDING = 1e-10  # nats a point


def measure(seeds) -> Result:
    """Runs all parts; the gates are the row's."""
    gaps = [peer_gap(name, kind, seed) for name in CASES for kind in ("full", "diagonal") for seed in seeds]
    falls = [largest_fall(name, seed, 0.0) for name in CASES for seed in seeds]
    falls_regularised = [largest_fall(name, seed, 1e-6) for name in CASES for seed in seeds]
    ends = {method: np.array([local_maxima(method, seed) for seed in seeds]) for method in ("points", "kmeans++")}
    best = {method: int((values < 0.01).sum()) for method, values in ends.items()}
    runs = ends["points"].size
    lost = {name: np.array([against_kernels(name, seed) for seed in seeds]) for name in ("bimodal", "skewed", "cross")}
    won = {name: wins(values[:, 1], values[:, 0])[0] for name, values in lost.items()}
    return Result(
        measured=(
            f"within {max(gaps):.0e} nats a point of scikit-learn after {STEPS} steps; largest fall of the "
            f"likelihood in a step {max(falls):.0e} (with reg_covar 1e-6: {max(falls_regularised):.0e}); on {HARD} "
            f"{best['kmeans++']} of {runs} k-means++ starts and {best['points']} of {runs} random ones end within 0.01 "
            f"nats of the best; better than kernels on fresh points on "
            + ", ".join(f"{count} of {len(seeds)} seeds ({name})" for name, count in won.items())
        ),
        figures={
            "peer_gap": max(gaps),
            "largest_fall": max(falls),
            "largest_fall_regularised": max(falls_regularised),
            "best_from_kmeans++": best["kmeans++"] / runs,
            "best_from_points": best["points"] / runs,
            **{f"lost_mixture_{name}": float(values[:, 0].mean()) for name, values in lost.items()},
            **{f"lost_kernels_{name}": float(values[:, 1].mean()) for name, values in lost.items()},
        },
        intervals={
            "best_from_kmeans++": share_interval(best["kmeans++"], runs),
            "best_from_points": share_interval(best["points"], runs),
            **{f"lost_mixture_{name}": mean_interval(values[:, 0]) for name, values in lost.items()},
            **{f"lost_kernels_{name}": mean_interval(values[:, 1]) for name, values in lost.items()},
        },
        gates={
            "within 1e-3 nats a point of scikit-learn": max(gaps) <= 1e-3,
            "the likelihood never decreases": max(falls) <= ROUNDING,
        },
        data={
            "below_best": {method: np.round(values.flatten(), 4).tolist() for method, values in ends.items()},
            "lost_nats": {
                name: {"mixture": np.round(v[:, 0], 4).tolist(), "kernels": np.round(v[:, 1], 4).tolist()}
                for name, v in lost.items()
            },
            "mixture_wins": won,
            "components": CASES | {"skewed": 3},
            "points": POINTS,
            "hard": HARD,
        },
    )


def draw(name: str, n: int, seed: int) -> torch.Tensor:
    """A sample with shape (n, d)."""
    return get(name).sample(n, generator=torch.Generator().manual_seed(seed)).reshape(n, -1)


def peer_gap(name: str, kind: str, seed: int) -> float:
    """Difference of the mean log-likelihood from scikit-learn's after the same number of steps from the same start."""
    x, components = draw(name, POINTS, seed), CASES[name]
    start = initial_parameters(x, components, covariance=kind, generator=torch.Generator().manual_seed(seed))
    *_, last = expectation_maximisation(x, start, steps=STEPS, reg_covar=1e-6)
    precisions = torch.linalg.inv(start.covariances) if kind == "full" else 1 / start.covariances
    peer = Peer(
        components, covariance_type="full" if kind == "full" else "diag", tol=0.0, max_iter=STEPS, reg_covar=1e-6,
        weights_init=start.weights.numpy(), means_init=start.means.numpy(), precisions_init=precisions.numpy(),
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it took all of its steps is the point here
        return abs(last.log_likelihood - float(peer.fit(x.numpy()).score(x.numpy())))


def largest_fall(name: str, seed: int, reg_covar: float) -> float:
    """Largest decrease of the mean log-likelihood in one step; negative if every step gains."""
    x = draw(name, POINTS, seed)
    start = initial_parameters(x, CASES[name], generator=torch.Generator().manual_seed(seed))
    run = expectation_maximisation(x, start, steps=STEPS, reg_covar=reg_covar)
    return float(-np.diff([state.log_likelihood for state in run]).min())


def local_maxima(method: str, seed: int) -> list[float]:
    """How far below the best maximum known for this sample each start ends, in nats a point.

    Known is the end of a run from the true parameters; a start may find a higher one.
    """
    x, generator = draw(HARD, POINTS, seed), torch.Generator().manual_seed(seed)
    truth = get(HARD)
    mixture = GaussianMixture(CASES[HARD])
    starts = [initial_parameters(x, CASES[HARD], method=method, generator=generator) for _ in range(STARTS)]
    ends = [mixture.fit(x, start=start, max_steps=STEPS).log_likelihoods[-1] for start in starts]
    true = Parameters(truth.weights, truth.means, truth.covariances)
    known = mixture.fit(x, start=true, max_steps=STEPS).log_likelihoods[-1]
    return [max(known, *ends) - end for end in ends]


def against_kernels(name: str, seed: int) -> tuple[float, float]:
    """Nats a fresh point that a mixture and a kernel density estimate lose against the true density."""
    x, fresh = draw(name, POINTS, seed), draw(name, FRESH, 1_000 + seed)
    truth = get(name).log_prob(fresh if fresh.shape[1] > 1 else fresh.squeeze(1))
    # The best of a few starts by the likelihood of the sample itself, as one would do.
    generator = torch.Generator().manual_seed(seed)
    fits = [GaussianMixture(CASES.get(name, 3)).fit(x, generator=generator) for _ in range(3)]
    mixture = max(fits, key=lambda fit: fit.log_likelihoods[-1])
    kernels = KernelDensity(x, select_bandwidth(x, scott(x).mean() * torch.tensor(np.geomspace(0.1, 1.5, 12))))
    return tuple((truth - model.log_prob(fresh)).mean().item() for model in (mixture, kernels))
