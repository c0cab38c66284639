"""Inverse transform sampling as a flow: does F undo F^-1, is its change of volume right, and are its samples?

On the line for every named mixture, in the plane by Knothe-Rosenblatt for every named one tabulated on a grid. A round
trip alone proves little, since a wrong map has a wrong inverse that undoes it. So two more things are compared with
what never uses F: the log-determinants with autograd's Jacobian, and the map with ancestral samples (first a
component, then a normal number), which it must carry to uniform noise.
"""

import numpy as np
import torch
from scipy import stats

from coursekit.density import InverseTransform, KnotheRosenblatt
from coursekit.distributions import NormalMixture1D, get, names, open_uniform
from coursekit.evaluation.experiment import Result

SEEDS = range(5)
POINTS = 4_000
LEVEL = 0.01  # chance that the gates on p-values fail by bad luck, divided by the number of checks
# Every named mixture on the line; in the plane: half width of the square that is tabulated, and nodes along each
# side, 2 or more per scale.
LINE = [name for name in names(1) if isinstance(get(name), NormalMixture1D)]
GRIDS = {"cross": (5.0, 401), "ring-8": (1.1, 441), "grid-25": (4.5, 361)}


def measure(seeds) -> Result:
    """Runs every check on every density and every seed."""
    line = {name: check(InverseTransform(get(name)), name, 1, seeds) for name in LINE}
    plane = {name: check(flow_on_grid(name), name, 2, seeds) for name in GRIDS}
    moved = {name: [order_matters(name, seed) for seed in seeds] for name in GRIDS}
    tails = max(tail_error(InverseTransform(get(name))) for name in LINE)
    both = line | plane
    trip_line, trip_plane = worst(line, "round_trip"), worst(plane, "round_trip")
    ladj, triangle, cost = worst(both, "ladj"), worst(plane, "triangle"), worst(plane, "cost")
    p = [value for result in both.values() for value in result["p"]]
    return Result(
        measured=(
            f"on the line |F(F^-1(u)) - u| <= {trip_line:.0e} for {len(line)} mixtures (relative to u, down to 1e-300: "
            f"{tails:.0e}); in the plane {trip_plane:.0e} for {len(plane)}; log-determinants against autograd "
            f"{ladj:.0e}; ancestral samples become uniform (smallest of {len(p)} p-values {min(p):.3f}); the grids "
            f"cost at most {cost:.4f} nats a point"
        ),
        figures={
            "round_trip_line": trip_line,
            "round_trip_tails": tails,
            "round_trip_plane": trip_plane,
            "ladj_error": ladj,
            "smallest_p": min(p),
            "grid_cost": cost,
        },
        gates={
            "|F(F^-1(u)) - u| < 1e-6 on the line": trip_line < 1e-6,
            "round trip < 1e-4 in the plane": trip_plane < 1e-4,
            "log-determinants equal autograd's to 1e-8, relative": ladj <= 1e-8,
            "the first coordinate ignores the second noise": triangle == 0.0,
            "ancestral samples become uniform": min(p) > LEVEL / len(p),
        },
        data={
            "round_trip": {name: max(result["round_trip"]) for name, result in both.items()},
            "grid_cost": {name: float(np.mean(result["cost"])) for name, result in plane.items()},
            "order_moves_points_by": {name: float(np.mean(values)) for name, values in moved.items()},
            "nodes": {name: nodes**2 for name, (_, nodes) in GRIDS.items()},
        },
    )


def check(flow, name: str, dimension: int, seeds) -> dict[str, list[float]]:
    """Measures one flow on every seed."""
    rows = []
    for seed in seeds:
        u = noise(POINTS, dimension, seed)
        x, ladj_forward = flow.forward(u)
        back, ladj_inverse = flow.inverse(x)
        samples = get(name).sample(POINTS, generator=torch.Generator().manual_seed(seed))
        slopes = jacobian(flow, x[:1_000])
        determinants = slopes.det().abs()
        # Where p is 1e-12 of its peak, rounding of F next to 1 hides its slope.
        seen = ladj_inverse[:1_000] > ladj_inverse.max() - 27.0
        rows.append({
            "round_trip": (back - u).abs().max().item(),
            "ladj": max((determinants / ladj_inverse[:1_000].exp() - 1)[seen].abs().max().item(),
                        (ladj_forward + ladj_inverse).abs().max().item()),
            "triangle": slopes[:, 0, 1:].abs().sum().item(),
            "p": uniformity(flow, samples),
            "cost": kl_of_grid(flow, samples, name),
        })
    return {key: [row[key] for row in rows] for key in rows[0]}


def noise(n: int, dimension: int, seed: int) -> torch.Tensor:
    """Uniform noise, the first hundred points at the hard places, next to 0 and to 1."""
    u = open_uniform(n * dimension, generator=torch.Generator().manual_seed(seed))
    edges = torch.logspace(-15, -3, 50, dtype=u.dtype)
    u[:100] = torch.cat([edges, 1 - edges])
    return u if dimension == 1 else u.reshape(dimension, n).T.contiguous()


def flow_on_grid(name: str, *, swapped: bool = False) -> KnotheRosenblatt:
    """The triangular map to a named density; swapped: the second coordinate first."""
    half, nodes = GRIDS[name]
    grid = torch.linspace(-half, half, nodes, dtype=torch.float64)
    log_density = get(name).log_prob
    return KnotheRosenblatt.from_log_density((lambda x: log_density(x.flip(1))) if swapped else log_density, grid, grid)


def jacobian(flow, x: torch.Tensor) -> torch.Tensor:
    """du/dx by autograd with shape (n, d, d): points do not mix, so a sum over them holds each point's gradient."""
    leaf = x.detach().requires_grad_()
    u = flow.inverse(leaf)[0].reshape(len(x), -1)
    rows = [torch.autograd.grad(column.sum(), leaf, retain_graph=True)[0].reshape(len(x), -1) for column in u.T]
    return torch.stack(rows, dim=1)


def tail_error(flow: InverseTransform) -> float:
    """Largest error of F(F^-1(u)) relative to u, far into the lower tail."""
    u = torch.logspace(-300, -1, 300, dtype=torch.float64)
    return (flow.inverse(flow.forward(u)[0])[0] / u - 1).abs().max().item()


def uniformity(flow, x: torch.Tensor) -> float:
    """p-value of "F(x) is uniform": each coordinate and, in the plane, their sum modulo 1, times their number."""
    u = flow.inverse(x[flow.log_prob(x).isfinite()])[0].reshape(-1, x.dim())
    columns = [u[:, 0]] if x.dim() == 1 else [u[:, 0], u[:, 1], u.sum(1) % 1]
    return min(1.0, len(columns) * min(float(stats.kstest(c.numpy(), "uniform").pvalue) for c in columns))


def kl_of_grid(flow, x: torch.Tensor, name: str) -> float:
    """Nats a point that are lost by joining the heights on the grid bilinearly; zero on the line."""
    inside = flow.log_prob(x).isfinite()
    return (get(name).log_prob(x) - flow.log_prob(x))[inside].mean().item()


def order_matters(name: str, seed: int) -> float:
    """Mean distance between where the two orders send the same noise, u_1 driving x_1 and u_2 driving x_2 in both."""
    u = open_uniform(1_000, generator=torch.Generator().manual_seed(seed)).reshape(500, 2)
    first, second = flow_on_grid(name).forward(u)[0], flow_on_grid(name, swapped=True).forward(u.flip(1))[0].flip(1)
    return (first - second).norm(dim=1).mean().item()


def worst(results: dict[str, dict[str, list[float]]], key: str) -> float:
    """The largest value over densities and seeds."""
    return max(value for result in results.values() for value in result[key])
