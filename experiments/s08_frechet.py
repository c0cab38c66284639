"""The Frechet distance: exact on normals, equal to torchmetrics on equal features, and too large for few samples.

Features of both judges. torchmetrics gets the same features and uses its own formula. The bias: two samples of one
distribution, whose true distance is 0, against n; and what the distance must notice, noise on the pictures. The figure
of one n cannot be compared with that of another.
"""

import numpy as np
import torch
from torchmetrics.image.fid import _compute_fid

from coursekit.data import digits
from coursekit.data.faces import Faces
from coursekit.evaluation.experiment import Result
from coursekit.evaluation.frechet import features_of, frechet_distance, frechet_of_normals
from coursekit.evaluation.intervals import mean_interval
from coursekit.evaluation.judges import load_judge
from coursekit.seeds import generator

SEEDS = range(5)
SIZES = {"faces": [160, 320, 640], "digits": [128, 256, 512, 896]}
PIXELS = 32  # of faces
NOISE = 0.4  # the judges have been trained with 0.05, and overlook it


def measure(seeds) -> Result:
    """Closed forms, the peer, the bias."""
    closed = max(closed_form(seed) for seed in seeds)
    runs = {name: [run(name, seed) for seed in seeds] for name in SIZES}
    peer = max(one["peer"] for row in runs.values() for one in row)
    bias = {name: np.array([one["bias"] for one in row]) for name, row in runs.items()}
    noise = {name: np.array([one["noise"] for one in row]) for name, row in runs.items()}
    slope = {
        name: float(np.polyfit(np.log(SIZES[name]), np.log(values.mean(0)), 1)[0]) for name, values in bias.items()
    }
    return Result(
        measured=(
            f"closed form on normals to {closed:.0e}, torchmetrics on equal features to {peer:.0e} (relative). Two "
            "sets of one kind, true distance 0: "
            + "; ".join(
                f"{name} {', '.join(f'{v:.3g}' for v in values.mean(0))} at n = {', '.join(map(str, SIZES[name]))}, "
                f"slope in n {slope[name]:.2f}; with noise of {NOISE:g} on the pictures {noise[name].mean():.3g}"
                for name, values in bias.items()
            )
        ),
        figures={
            "closed_form_off": closed, "torchmetrics_off": peer,
            **{f"slope_{name}": value for name, value in slope.items()},
            **{f"bias_{name}_{n}": float(v) for name, values in bias.items()
               for n, v in zip(SIZES[name], values.mean(0), strict=True)},
            **{f"noise_{name}": float(values.mean()) for name, values in noise.items()},
        },
        intervals={f"bias_{name}_{n}": mean_interval(values[:, i]) for name, values in bias.items()
                   for i, n in enumerate(SIZES[name])},
        gates={
            "closed form on normals to 1e-8": closed <= 1e-8,
            "torchmetrics on equal features to 1e-6": peer <= 1e-6,
            "the figure of two equal distributions falls with n on every seed":
                all((np.diff(values, axis=1) < 0).all() for values in bias.values()),
            "for faces, drawn fresh, as 1 / n: slope within 15 % of -1": abs(slope["faces"] + 1) <= 0.15,
            "noise on the pictures is noticed on every seed": all(
                (noise[name] > 2 * bias[name][:, -1]).all() for name in SIZES),
        },
        data={"sizes": SIZES, "bias": {name: values.round(5).tolist() for name, values in bias.items()}},
    )  # fmt: skip


def closed_form(seed: int) -> float:
    """Relative error for covariances that commute: |dm|^2 + sum (s - s_w)^2, whatever the axes."""
    source, worst = generator(seed), 0.0
    for k in (1, 5, 50):
        turn, _ = torch.linalg.qr(torch.randn(k, k, dtype=torch.float64, generator=source))
        s, s_w = torch.rand(2, k, dtype=torch.float64, generator=source) + 0.1
        m, m_w = torch.randn(2, k, dtype=torch.float64, generator=source)
        exact = (m - m_w).square().sum() + (s - s_w).square().sum()
        d2 = frechet_of_normals(m, (turn * s**2) @ turn.T, m_w, (turn * s_w**2) @ turn.T)
        worst = max(worst, abs(float(d2 / exact) - 1))
    return worst


def run(name: str, seed: int) -> dict:
    """Two disjoint sets of one kind at every n, the peer, and noise at the largest n."""
    judge, most = load_judge(name), SIZES[name][-1]
    x = pictures(name, 2 * most, seed)
    features = features_of(judge, x, batch=64)
    # Nested sets: the first n of either half.
    first, second = features[:most], features[most:]
    noisy = x[most:] + NOISE * torch.randn(x[most:].shape, generator=generator(9_000 + seed))
    other = features_of(judge, noisy.clamp(0, 1), batch=64)
    ours = frechet_distance(first, other)
    theirs = _compute_fid(first.mean(0), torch.cov(first.T), other.mean(0), torch.cov(other.T)).item()
    return {
        "bias": [frechet_distance(first[:n], second[:n]).item() for n in SIZES[name]],
        "noise": ours.item(),
        "peer": abs(ours.item() / theirs - 1),
    }


def pictures(name: str, n: int, seed: int) -> torch.Tensor:
    """Fresh faces, or digits in another order: there are only 1,797, most of which the judge has been trained on."""
    if name == "faces":
        return Faces(PIXELS).sample(n, generator=generator(seed))
    x = digits("all").points
    return x[torch.randperm(len(x), generator=generator(seed))[:n]]
