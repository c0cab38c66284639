"""What each distance needs, in one table: which one can judge a model that has only samples, or only a density?

Two families (Sriperumbudur et al. 2009). The f-divergences compare by the ratio of densities, point for point, and do
not know how far points are from each other. Integral probability metrics compare means, sup over f in a class of
E_p f - E_q f, and take their geometry from the class. Only total variation belongs to both.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Need:
    """One distance.

    Attributes:
        distance: Its name.
        family: "f-divergence", "integral probability metric", or "moments".
        of_p: What must be known of the data distribution p.
        of_q: What must be known of the model q.
        besides: What has to be chosen.
        disjoint: Its value when p and q do not overlap.
        code: Where it is computed.
    """

    distance: str
    family: str
    of_p: str
    of_q: str
    besides: str
    disjoint: str
    code: str


_F, _IPM = "f-divergence", "integral probability metric"

NEEDS: tuple[Need, ...] = (
    Need("KL(p || q)", _F, "samples (up to the entropy of p)", "density", "nothing", "infinite", "kl_by_quadrature"),
    Need("KL(q || p)", _F, "density, up to its constant", "samples and density", "nothing", "infinite",
         "kl_by_quadrature"),
    Need("JS, Hellinger, Pearson", _F, "density ratio", "density ratio", "nothing", "constant, or infinite (Pearson)",
         "of_histograms"),
    Need("f-GAN bound", _F, "samples", "samples", "a critic t, trained", "as the divergence", "FDivergence.bound"),
    Need("total variation", f"{_F} and {_IPM}", "density ratio", "density ratio", "nothing", "1, constant",
         "of_histograms"),
    Need("Wasserstein", _IPM, "samples", "samples", "a distance between points", "grows with the shift",
         "optimal_transport"),
    Need("Sinkhorn divergence", "smoothed transport", "samples", "samples", "a distance, a blur",
         "grows with the shift", "sinkhorn_divergence"),
    Need("MMD", _IPM, "samples", "samples", "a kernel", "levels off beyond the bandwidth", "mmd_squared"),
    Need("Frechet distance", "moments", "samples", "samples", "features", "grows with the shift of the features",
         "evaluation.frechet_distance"),
)  # fmt: skip
"""Every distance of the course and what it needs."""
