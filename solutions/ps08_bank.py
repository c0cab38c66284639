"""The bank of problem set 8: right answers written in other ways, and wrong ones that no slip names.

Every right answer must earn full marks on any draw, and no wrong one may. The right ones use other formulas, other
libraries and other number types than the reference, so they are also its proof.
"""
from __future__ import annotations

from itertools import pairwise
import math
from pathlib import Path

import numpy as np
import scipy.optimize
import scipy.special
import scipy.stats
import torch

from coursekit.checks import load_assignment

# ---------------------------------------------------------------------------------------------------------------------
# t1


def t1_maximum_on_a_grid_of_ratios(v_p, v_q):
    """f* by its definition: the maximum over u >= 0, on a fine grid around the best u."""
    def conjugate(t):
        best = scipy.optimize.minimize_scalar(lambda u: (u - 1) ** 2 / (u + 1) - u * t, bounds=(0, 1e4), method="bounded",
                                              options={"xatol": 1e-10})
        return max(-best.fun, -1.0)

    t_p, t_q = 1 - np.exp(-v_p.numpy()), 1 - np.exp(-v_q.numpy())
    return t_p.mean() - np.mean([conjugate(t) for t in t_q])


def t1_simplified_in_v(v_p, v_q):
    s = torch.exp(-v_q / 2)
    return 1 - torch.exp(-v_p).mean() - torch.where(s < 2, 3 - 4 * s + s * s, -1.0).mean()


def t1_loop(v_p, v_q):
    total = 0.0
    for v in v_q.tolist():
        t = 1 - math.exp(-v)
        u = max(2 / math.sqrt(1 - t) - 1, 0.0)
        total += u * t - (u - 1) ** 2 / (u + 1)
    return sum(1 - math.exp(-v) for v in v_p.tolist()) / len(v_p) - total / len(v_q)


def t1_float32(v_p, v_q):
    t_p, t_q = -torch.expm1(-v_p.float()), -torch.expm1(-v_q.float())
    u = (2 / torch.sqrt(1 - t_q) - 1).relu()
    return t_p.mean() - (u * t_q - (u - 1) ** 2 / (u + 1)).mean()


# ---------------------------------------------------------------------------------------------------------------------
# t2, t3


def t2_scipy(x, p, q):
    return scipy.stats.wasserstein_distance(x.numpy(), x.numpy(), p.numpy(), q.numpy())


def t2_loop(x, p, q):
    rows = sorted(zip(x.tolist(), p.tolist(), q.tolist(), strict=True))
    left, work = 0.0, 0.0
    for (here, a, b), (there, _, _) in pairwise(rows):
        left += a / float(p.sum()) - b / float(q.sum())
        work += abs(left) * (there - here)
    return work


def t2_linear_program(x, p, q):
    n, cost = len(x), (x[:, None] - x).abs().numpy()
    sums = np.concatenate([np.kron(np.eye(n), np.ones(n)), np.kron(np.ones(n), np.eye(n))])
    wanted = np.concatenate([(p / p.sum()).numpy(), (q / q.sum()).numpy()])
    return scipy.optimize.linprog(cost.ravel(), A_eq=sums[:-1], b_eq=wanted[:-1], method="highs").fun


def t2_float32(x, p, q):
    x, p, q = x.float(), p.float() / p.sum().float(), q.float() / q.sum().float()
    below = (x[:, None] >= x).float()
    order = torch.argsort(x)
    surplus = (below @ (p - q))[order]
    return torch.sum(torch.abs(surplus[:-1]) * torch.diff(x[order]))


def t3_loop(x, p, q):
    x, p, q = x.tolist(), (p / p.sum()).tolist(), (q / q.sum()).tolist()
    order = sorted(range(len(x)), key=x.__getitem__)
    f, left = [0.0] * len(x), 0.0
    for before, after in pairwise(order):
        left += p[before] - q[before]
        f[after] = f[before] + (x[before] - x[after] if left > 0 else x[after] - x[before])
    return f


def t3_numpy_float32(x, p, q):
    x, p, q = (v.numpy().astype(np.float32) for v in (x, p, q))
    order = np.argsort(x)
    rises = np.diff(x[order]) * np.sign(np.cumsum(q[order] / q.sum() - p[order] / p.sum())[:-1])
    f = np.concatenate([[0.0], np.cumsum(rises)])
    return f[np.argsort(order)]


def t3_dual_linear_program(x, p, q):
    x, gain = x.numpy(), (p / p.sum() - q / q.sum()).numpy()
    n, first = len(x), int(np.argmin(x))
    rows, limits = [], []
    for i in range(n):
        for j in range(n):
            if i != j:
                row = np.zeros(n)
                row[i], row[j] = 1, -1
                rows.append(row)
                limits.append(abs(x[i] - x[j]))
    bounds = [(0, 0) if i == first else (None, None) for i in range(n)]
    return scipy.optimize.linprog(-gain, A_ub=np.array(rows), b_ub=np.array(limits), bounds=bounds, method="highs").x


# ---------------------------------------------------------------------------------------------------------------------
# t4


def t4_loop(a, b, cost, epsilon, steps):
    n, m = cost.shape
    a, b, c = a.tolist(), b.tolist(), cost.tolist()

    def lse(values):
        top = max(values)
        return top + math.log(sum(math.exp(v - top) for v in values))

    f, g = [0.0] * n, [0.0] * m
    for _ in range(steps):
        f = [-epsilon * lse([math.log(b[j]) + (g[j] - c[i][j]) / epsilon for j in range(m)]) for i in range(n)]
        g = [-epsilon * lse([math.log(a[i]) + (f[i] - c[i][j]) / epsilon for i in range(n)]) for j in range(m)]
    plan = [[a[i] * b[j] * math.exp((f[i] + g[j] - c[i][j]) / epsilon) for j in range(m)] for i in range(n)]
    return plan, sum(plan[i][j] * c[i][j] for i in range(n) for j in range(m))


def t4_rows_and_columns_normalised(a, b, cost, epsilon, steps):
    """No prices at all: the logarithm of the plan, its rows and columns set right in turn."""
    log_plan = a.log()[:, None] + b.log() - cost / epsilon
    for _ in range(steps):
        log_plan = log_plan.log_softmax(1) + a.log()[:, None]
        log_plan = log_plan.log_softmax(0) + b.log()
    return log_plan.exp(), torch.einsum("ij,ij->", log_plan.exp(), cost)


def t4_scipy(a, b, cost, epsilon, steps):
    a, b, c = a.numpy()[:, None], b.numpy()[None], cost.numpy() / epsilon
    v = np.zeros_like(b)
    for _ in range(steps):
        u = -scipy.special.logsumexp(v - c, b=b, axis=1, keepdims=True)
        v = -scipy.special.logsumexp(u - c, b=a, axis=0, keepdims=True)
    plan = a * b * np.exp(u + v - c)
    return [plan, np.vdot(plan, cost.numpy())]


def t4_float32(a, b, cost, epsilon, steps):
    a, b, cost = a.float(), b.float(), cost.float()
    g = torch.zeros(len(b))
    for _ in range(steps):
        f = -epsilon * torch.logsumexp(b.log() + (g - cost) / epsilon, 1)
        g = -epsilon * torch.logsumexp(a.log() + (f - cost.T) / epsilon, 1)
    plan = a[:, None] * b * torch.exp((f[:, None] + g - cost) / epsilon)
    return plan, torch.sum(plan * cost)


# ---------------------------------------------------------------------------------------------------------------------
# t5


def t5_loop(x, y, weights, bandwidths):
    def k(s, t):
        squared = sum((a - b) ** 2 for a, b in zip(s, t, strict=True))
        return sum(w * math.exp(-squared / (2 * h * h)) for w, h in zip(weights.tolist(), bandwidths.tolist(), strict=True))

    x, y = x.tolist(), y.tolist()

    def within(s):
        pairs = [(i, j) for i in range(len(s)) for j in range(i)]
        return sum(k(s[i], s[j]) for i, j in pairs) / len(pairs)

    return within(x) + within(y) - 2 * sum(k(s, t) for s in x for t in y) / (len(x) * len(y))


def t5_signed_weights_of_the_pool(x, y, weights, bandwidths):
    n, m, pooled = len(x), len(y), torch.cat([x, y])
    gram = sum(w * torch.exp(-torch.cdist(pooled, pooled) ** 2 / (2 * h**2)) for w, h in zip(weights, bandwidths, strict=True))
    share = torch.zeros(n + m, n + m, dtype=x.dtype)
    share[:n, :n], share[n:, n:] = 1 / (n * (n - 1)), 1 / (m * (m - 1))
    share[:n, n:] = share[n:, :n] = -1 / (n * m)
    share.fill_diagonal_(0)
    return (gram * share).sum()


def t5_float32_own_kernel_subtracted(x, y, weights, bandwidths):
    x, y, w, h = x.float(), y.float(), weights.float(), bandwidths.float()
    def mean(s, t):
        return (torch.exp(-torch.cdist(s, t)[..., None] ** 2 / (2 * h**2)) * w).sum(2).mean()

    n, m = len(x), len(y)
    own = w.sum()
    return (n * mean(x, x) - own) / (n - 1) + (m * mean(y, y) - own) / (m - 1) - 2 * mean(x, y)


def t5_numpy(x, y, weights, bandwidths):
    x, y, w, h = (v.numpy() for v in (x, y, weights, bandwidths))
    def gram(s, t):
        return np.exp(-((s[:, None] - t) ** 2).sum(-1)[..., None] / 2 / h**2).dot(w)

    a, b = gram(x, x), gram(y, y)
    np.fill_diagonal(a, np.nan)
    np.fill_diagonal(b, np.nan)
    return np.nanmean(a) + np.nanmean(b) - 2 * np.mean(gram(x, y))


# ---------------------------------------------------------------------------------------------------------------------
# t6


def t6_loop(x, y, permutations):
    n, pooled = len(x), x.tolist() + y.tolist()

    def t(order):
        a, b = [pooled[i] for i in order[:n]], [pooled[i] for i in order[n:]]
        return max(abs(sum(r[j] for r in a) / len(a) - sum(r[j] for r in b) / len(b)) for j in range(len(a[0])))

    observed = t(list(range(len(pooled))))
    reached = [observed, *(t(order) for order in permutations.tolist())]
    return observed, sum(v >= observed for v in reached) / len(reached)


def t6_indicator_matrix_float32(x, y, permutations):
    n, m, pooled = len(x), len(y), torch.cat([x, y]).float()
    in_x = torch.zeros(len(permutations) + 1, n + m)
    in_x[0, :n] = 1
    in_x[1:].scatter_(1, permutations[:, :n], 1.0)
    sums = in_x @ pooled
    t = torch.amax(torch.abs(sums / n - (pooled.sum(0) - sums) / m), 1)
    return t[0], (t >= t[0]).float().mean()


def t6_numpy(x, y, permutations):
    pooled, n = np.concatenate([x.numpy(), y.numpy()]), len(x)
    orders = np.vstack([np.arange(len(pooled)), permutations.numpy()])
    t = np.linalg.norm(pooled[orders][:, :n].mean(1) - pooled[orders][:, n:].mean(1), ord=np.inf, axis=1)
    return [float(t[0]), 1 - np.count_nonzero(t < t[0]) / len(t)]


# ---------------------------------------------------------------------------------------------------------------------
# t7


def _moments(n, s, p):
    return s / n, (p - torch.outer(s, s) / n) / (n - 1)


def t7_eigenvalues_of_the_product(n, sums, products, other_n, other_sums, other_products):
    (m, c), (m_w, c_w) = _moments(n, sums, products), _moments(other_n, other_sums, other_products)
    overlap = torch.linalg.eigvals(c @ c_w).real.clamp(min=0).sqrt().sum()
    return torch.sum((m - m_w) ** 2) + torch.trace(c + c_w) - 2 * overlap


def t7_numpy_singular_values(n, sums, products, other_n, other_sums, other_products):
    (m, c), (m_w, c_w) = _moments(n, sums, products), _moments(other_n, other_sums, other_products)

    def root(c):
        values, vectors = np.linalg.eigh(c.numpy())
        return vectors * np.sqrt(np.maximum(values, 0))

    overlap = np.linalg.svd(root(c).T @ root(c_w), compute_uv=False).sum()
    return float(((m - m_w) ** 2).sum()) + np.trace(c.numpy()) + np.trace(c_w.numpy()) - 2 * overlap


def t7_float32(n, sums, products, other_n, other_sums, other_products):
    (m, c) = _moments(n, sums.float(), products.float())
    (m_w, c_w) = _moments(other_n, other_sums.float(), other_products.float())
    values, vectors = torch.linalg.eigh(c)
    half = vectors @ torch.diag(values.clamp_min(0).sqrt()) @ vectors.T
    overlap = torch.linalg.eigvalsh(half @ c_w @ half).clamp_min(0).sqrt().sum()
    return (m - m_w).norm() ** 2 + c.trace() + c_w.trace() - 2 * overlap


# ---------------------------------------------------------------------------------------------------------------------
# t8


def t8_loop(generated, data, k, dropped):
    def share(points, centres):
        balls = []
        for i, c in enumerate(centres):
            balls.append((sorted(math.dist(c, o) for j, o in enumerate(centres) if j != i)[k - 1], c))
        balls = sorted(balls)[: len(balls) - dropped]
        return sum(any(math.dist(p, c) <= r for r, c in balls) for p in points) / len(points)

    g, x = generated.tolist(), data.tolist()
    return share(g, x), share(x, g)


def t8_cdist_in_float32(generated, data, k, dropped):
    def share(points, centres):
        own = torch.cdist(centres, centres, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(math.inf)
        radii = own.kthvalue(k, dim=1).values
        if dropped:
            radii[radii.topk(dropped).indices] = -1.0
        across = torch.cdist(points, centres, compute_mode="donot_use_mm_for_euclid_dist")
        return float((across <= radii).any(1).float().mean())

    return share(generated.float(), data.float()), share(data.float(), generated.float())


def t8_numpy_k_plus_one(generated, data, k, dropped):
    """The point itself counted, and so the neighbour k + 1."""
    def share(points, centres):
        radii = np.sort(((centres[:, None] - centres) ** 2).sum(-1), axis=1)[:, k]
        keep = np.argsort(radii)[: len(radii) - dropped]
        return (((points[:, None] - centres[keep]) ** 2).sum(-1) <= radii[keep]).any(-1).mean()

    g, x = generated.numpy(), data.numpy()
    return [share(g, x), share(x, g)]


RIGHTS = {
    "t1": [t1_maximum_on_a_grid_of_ratios, t1_simplified_in_v, t1_loop, t1_float32],
    "t2": [t2_scipy, t2_loop, t2_linear_program, t2_float32],
    "t3": [t3_loop, t3_numpy_float32, t3_dual_linear_program],
    "t4": [t4_loop, t4_rows_and_columns_normalised, t4_scipy, t4_float32],
    "t5": [t5_loop, t5_signed_weights_of_the_pool, t5_float32_own_kernel_subtracted, t5_numpy],
    "t6": [t6_loop, t6_indicator_matrix_float32, t6_numpy],
    "t7": [t7_eigenvalues_of_the_product, t7_numpy_singular_values, t7_float32],
    "t8": [t8_loop, t8_cdist_in_float32, t8_numpy_k_plus_one],
}


# ---------------------------------------------------------------------------------------------------------------------
# Wrong answers


def changed(right, name, change):
    """`right` with every result sent through `change`."""
    def answer(**inputs):
        out = right(**inputs)
        return tuple(change(torch.as_tensor(v)) for v in out) if isinstance(out, tuple) else change(torch.as_tensor(out))

    answer.__name__ = name
    return answer


def for_all_tasks(task):
    """Wrong whatever the task asks for."""
    shown = task.draw(1)[0].inputs
    first = task.reference(**{k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in shown.items()})

    def the_first_visible_case_by_heart(**inputs):
        return first

    def returns_nothing(**inputs):
        task.reference(**inputs)

    def raises(**inputs):
        raise IndexError("index 3 is out of bounds")

    return [
        the_first_visible_case_by_heart, returns_nothing, raises,
        changed(task.reference, "zeros", torch.zeros_like),
        changed(task.reference, "ones", torch.ones_like),
        changed(task.reference, "nan", lambda v: v * math.nan),
        changed(task.reference, "one_percent_too_much", lambda v: 1.01 * v),
        changed(task.reference, "one_axis_too_many", lambda v: v[None]),
        changed(task.reference, "text", str),
    ]


ASSIGNMENT = load_assignment(Path(__file__).with_name("ps08_checks.py"))
WRONG = {name: for_all_tasks(task) for name, task in ASSIGNMENT.tasks.items()}


def t4_converged(a, b, cost, epsilon, steps):
    return t4_rows_and_columns_normalised(a, b, cost, epsilon, 200)


def t4_transposed(a, b, cost, epsilon, steps):
    plan, paid = t4_scipy(a, b, cost, epsilon, steps)
    return plan.T, paid


def t7_few_samples_refused(n, sums, products, other_n, other_sums, other_products):
    if min(n, other_n) <= len(sums):
        raise ValueError("too few samples")
    return t7_float32(n, sums, products, other_n, other_sums, other_products)


def t8_one_neighbour_too_many(generated, data, k, dropped):
    return t8_loop(generated, data, k + 1, dropped)


def t8_boxes_for_balls(generated, data, k, dropped):
    def share(points, centres):
        own = (centres[:, None] - centres).abs().amax(2).fill_diagonal_(math.inf)
        radii = own.sort(1).values[:, k - 1]
        keep = radii.argsort()[: len(radii) - dropped]
        return ((points[:, None] - centres[keep]).abs().amax(2) <= radii[keep]).any(1).double().mean()

    return share(generated, data), share(data, generated)


WRONG["t4"] += [t4_converged, t4_transposed]
WRONG["t7"] += [t7_few_samples_refused]
WRONG["t8"] += [t8_one_neighbour_too_many, t8_boxes_for_balls]
