"""The bank of problem set 2: right answers written in other ways, and wrong ones that no slip names.

Every right answer must earn full marks on any draw, and no wrong one may. The right ones use other formulas, other
libraries and other number types than the reference, so they are also its proof.
"""
from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist

import numpy as np
import scipy.special
import scipy.stats
import torch
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

from coursekit.checks import load_assignment

D = torch.distributions

# ---------------------------------------------------------------------------------------------------------------------
# t1


def t1_noncentral_chi_square(x, loc, scale, mass):
    unit = 0.5 * mass * scale**2
    return scipy.stats.ncx2.logpdf(x.numpy() / unit, df=1, nc=(loc / scale) ** 2) - math.log(unit)


def t1_derivative_of_the_cdf(x, loc, scale, mass):
    out = torch.full_like(x, -math.inf)
    inside = x[x > 0].requires_grad_()
    z = (2 * inside / mass).sqrt()
    cdf = torch.special.ndtr((z - loc) / scale) - torch.special.ndtr((-z - loc) / scale)
    if len(inside):
        out[x > 0] = torch.autograd.grad(cdf.sum(), inside)[0].log()
    return out


def t1_loop(x, loc, scale, mass):
    def one(value):
        if value < 0:
            return -math.inf
        z = math.sqrt(2 * value / mass)
        normal = NormalDist(loc, scale)
        return math.log((normal.pdf(z) + normal.pdf(-z)) / (mass * z))

    return [one(value) for value in x.tolist()]


def t1_distributions_in_float32(x, loc, scale, mass):
    x = x.float()
    z = torch.sqrt(2 * x / mass)
    both = D.Normal(loc, scale, validate_args=False).log_prob(torch.stack([z, -z], dim=1))
    return torch.nan_to_num(both.logsumexp(1) - 0.5 * torch.log(2 * mass * x), nan=-math.inf)


def t1_numpy_in_place(x, loc, scale, mass):
    x = x.numpy()
    out = np.full_like(x, -np.inf)
    good = x >= 0
    z = np.sqrt(x[good] * 2 / mass)
    a, b = -((z - loc) ** 2) / (2 * scale**2), -((z + loc) ** 2) / (2 * scale**2)
    a[...] = np.logaddexp(a, b)
    a -= np.log(np.sqrt(2 * np.pi) * scale * mass * z)
    out[good] = a
    return out


def t1_densities_added_without_logs(x, loc, scale, mass):
    z = (2 * x.clamp_min(0) / mass).sqrt()
    both = sum(torch.exp(D.Normal(loc, scale).log_prob(branch)) for branch in (z, -z))
    return torch.where(x > 0, both / (mass * z), 0.0).log()


# ---------------------------------------------------------------------------------------------------------------------
# t2


def t2_interp_through_both_ends(u, edges, log_heights):
    edges, log_heights = edges.numpy(), log_heights.numpy()
    p = np.exp(log_heights - log_heights.max()) * np.diff(edges)
    p /= p.sum()
    full = p > 0
    above = np.cumsum(p[full])
    levels = np.stack([above - p[full], above], 1).ravel()
    places = np.stack([edges[:-1][full], edges[1:][full]], 1).ravel()
    return np.interp(u.numpy(), levels, places)


def t2_loop(u, edges, log_heights):
    top = max(log_heights.tolist())
    bins = [(a, b, math.exp(v - top) * (b - a)) for a, b, v in zip(edges[:-1].tolist(), edges[1:].tolist(),
                                                                 log_heights.tolist(), strict=True) if v > -math.inf]
    total = sum(mass for *_, mass in bins)
    out = []
    for value in u.tolist():
        rest = value * total
        for i, (a, b, mass) in enumerate(bins):
            if rest <= mass or i == len(bins) - 1:
                out.append(a + (b - a) * min(rest / mass, 1.0))
                break
            rest -= mass
    return out


def t2_softmax_in_float32(u, edges, log_heights):
    keep = log_heights > -math.inf
    left, right = edges[:-1][keep].float(), edges[1:][keep].float()
    p = torch.softmax(log_heights[keep].float() + torch.log(right - left), dim=0)
    below = torch.cat([torch.zeros(1), p.cumsum(0)[:-1]])
    inside = ((u.float()[:, None] - below) / p).clamp(0, 1)
    j = (u.float()[:, None] > below).sum(1).sub(1).clamp(min=0)
    return (left + (right - left) * inside)[torch.arange(len(u)), j]


def t2_bisection(u, edges, log_heights):
    p = torch.exp(log_heights - torch.logsumexp(log_heights + edges.diff().log(), 0)) * edges.diff()
    full = p.nonzero()[:, 0]
    low, high = edges[full[0]].expand(len(u)).clone(), edges[full[-1] + 1].expand(len(u)).clone()
    for _ in range(80):
        middle = (low + high) / 2
        share = ((middle[:, None] - edges[:-1]) / edges.diff()).clamp(0, 1)
        less = (p * share).sum(1) < u
        low, high = torch.where(less, middle, low), torch.where(less, high, middle)
    return torch.where(u == 0, edges[full[0]], torch.where(u == 1, edges[full[-1] + 1], (low + high) / 2))


# ---------------------------------------------------------------------------------------------------------------------
# t3


def t3_distributions(u, mean_time, drift, scale):
    first = D.Exponential(torch.tensor(1 / mean_time, dtype=u.dtype))
    x1 = first.icdf(u[:, 0])
    second = D.Normal(drift * x1, scale * x1.sqrt())
    x2 = second.icdf(u[:, 1])
    return torch.column_stack([x1, x2]), -(first.log_prob(x1) + second.log_prob(x2))


def t3_jacobian_by_autograd(u, mean_time, drift, scale):
    def one(v):
        x1 = -mean_time * torch.log1p(-v[0])
        return torch.stack([x1, drift * x1 + scale * torch.sqrt(x1) * math.sqrt(2) * torch.erfinv(2 * v[1] - 1)])

    jacobians = torch.func.vmap(torch.func.jacrev(one))(u)
    return torch.stack([one(v) for v in u]), torch.linalg.slogdet(jacobians).logabsdet


def t3_numpy_float32_as_list(u, mean_time, drift, scale):
    u = u.numpy().astype(np.float32)
    x = np.empty_like(u)
    x[:, 0] = -mean_time * np.log1p(-u[:, 0])
    z = scipy.special.ndtri(u[:, 1])
    x[:, 1] = drift * x[:, 0] + scale * np.sqrt(x[:, 0]) * z
    slope1 = mean_time / (1 - u[:, 0])
    slope2 = scale * np.sqrt(x[:, 0]) * np.sqrt(2 * np.pi) * np.exp(z**2 / 2)
    return [x, np.log(slope1 * slope2)]


def t3_loop(u, mean_time, drift, scale):
    points, ladj = [], []
    for u1, u2 in u.tolist():
        x1 = mean_time * math.log(1 / (1 - u1))
        law = NormalDist(drift * x1, scale * math.sqrt(x1))
        x2 = law.inv_cdf(u2)
        points.append([x1, x2])
        ladj.append(-math.log(math.exp(-x1 / mean_time) / mean_time * law.pdf(x2)))
    return points, ladj


# ---------------------------------------------------------------------------------------------------------------------
# t4


def t4_scikit_learn(x, data, counts, h):
    kde = KernelDensity(bandwidth=1.0, rtol=0, atol=0).fit((data / h).numpy(), sample_weight=counts.numpy())
    return kde.score_samples((x / h).numpy()) - np.log(h.numpy()).sum()


def t4_rows_repeated(x, data, counts, h):
    rows = data.repeat_interleave(counts.long(), dim=0)
    kernels = D.Independent(D.Normal(rows, h), 1).log_prob(x[:, None])
    return kernels.logsumexp(1) - math.log(len(rows))


def t4_mixture_in_float32(x, data, counts, h):
    mixture = D.MixtureSameFamily(D.Categorical(probs=counts.float()),
                                  D.Independent(D.Normal(data.float(), h.float().expand(data.shape)), 1))
    return mixture.log_prob(x.float())


def t4_loop(x, data, counts, h):
    out = []
    for point in x.tolist():
        logs = [math.log(c) - sum(((p - q) / s) ** 2 / 2 + math.log(s * math.sqrt(2 * math.pi))
                                  for p, q, s in zip(point, row, h.tolist(), strict=True))
                for row, c in zip(data.tolist(), counts.tolist(), strict=True)]
        top = max(logs)
        out.append(top + math.log(sum(math.exp(v - top) for v in logs) / sum(counts.tolist())))
    return out


def t4_numpy_in_place(x, data, counts, h):
    scaled = x.div_(h).numpy(), data.div_(h).numpy()
    logs = -0.5 * ((scaled[0][:, None] - scaled[1]) ** 2).sum(-1)
    logs -= 0.5 * data.shape[1] * np.log(2 * np.pi) + np.log(np.prod(h.numpy()))
    return scipy.special.logsumexp(logs, b=counts.numpy() / counts.numpy().sum(), axis=1)


# ---------------------------------------------------------------------------------------------------------------------
# t5


def t5_loop(data, bandwidths):
    data, scores = data.tolist(), []
    for h in bandwidths.tolist():
        total = 0.0
        for i, x in enumerate(data):
            others = data[:i] + data[i + 1:]
            p = sum(max(0.0, 1 - abs(x - y) / h) for y in others) / (len(others) * h)
            total += math.log(p) if p > 0 else -math.inf
        scores.append(total / len(data))
    return scores, bandwidths.tolist()[scores.index(max(scores))]


def t5_numpy_minus_own_kernel(data, bandwidths):
    data, h = data.numpy(), bandwidths.numpy()
    kernel = np.maximum(0, 1 - np.abs(data[:, None] - data) / h[:, None, None])
    with np.errstate(divide="ignore"):
        log_p = np.log((kernel.sum(-1) - 1) / ((len(data) - 1) * h[:, None]))
    scores = log_p.mean(-1)
    return [scores, h[np.argmax(scores)]]


def t5_float32_infinite_diagonal(data, bandwidths):
    data, bandwidths = data.float(), bandwidths.float()
    distance = torch.cdist(data[:, None], data[:, None]).fill_diagonal_(math.inf)
    scores = torch.stack([(torch.relu(1 - distance / h) / h).sum(1).div(len(data) - 1).log().mean() for h in bandwidths])
    return scores, float(bandwidths[scores.argmax()])


def t5_rows_without_themselves(data, bandwidths):
    n = len(data)
    others = data.expand(n, n)[~torch.eye(n, dtype=torch.bool)].reshape(n, n - 1)
    t = (data[:, None] - others).abs()[..., None] / bandwidths
    scores = torch.where(t < 1, (1 - t) / bandwidths, 0.0).mean(1).log().mean(0)
    best, score = None, -math.inf
    for h, s in zip(bandwidths, scores, strict=True):
        best, score = (h, s) if s > score else (best, score)
    return scores, best


# ---------------------------------------------------------------------------------------------------------------------
# t6


def t6_scikit_learn(x, weights, means, covariance):
    model = GaussianMixture(len(weights), covariance_type="tied")
    model.weights_, model.means_ = weights.numpy(), means.numpy()
    model.precisions_cholesky_ = np.linalg.inv(np.linalg.cholesky(covariance.numpy())).T
    return model.predict_proba(x.numpy()), model.score_samples(x.numpy())


def t6_distributions(x, weights, means, covariance):
    log_joint = D.MultivariateNormal(means, covariance).log_prob(x[:, None]) + torch.log(weights)
    return torch.softmax(log_joint, dim=-1), torch.logsumexp(log_joint, dim=-1)


def t6_scipy_lists(x, weights, means, covariance):
    logs = np.stack([np.log(w) + np.reshape(scipy.stats.multivariate_normal.logpdf(x.numpy(), m, covariance.numpy()), -1)
                     for w, m in zip(weights.tolist(), means.numpy(), strict=True)], axis=1)
    return scipy.special.softmax(logs, axis=1).tolist(), scipy.special.logsumexp(logs, axis=1).tolist()


def t6_float32_cholesky_solve(x, weights, means, covariance):
    x, weights, means, covariance = x.float(), weights.float(), means.float(), covariance.float()
    delta = (x[:, None] - means).reshape(-1, x.shape[1])
    solved = torch.cholesky_solve(delta.T, torch.linalg.cholesky(covariance)).T
    squared = (delta * solved).sum(1).reshape(len(x), len(means))
    log_joint = weights.log() - squared / 2 - torch.logdet(2 * math.pi * covariance) / 2
    top = log_joint.max(1, keepdim=True).values
    joint = (log_joint - top).exp()
    return joint / joint.sum(1, keepdim=True), (joint.sum(1, keepdim=True).log() + top).squeeze(1)


def t6_loop(x, weights, means, covariance):
    inverse, det = np.linalg.inv(covariance.numpy()), float(np.linalg.det(2 * np.pi * covariance.numpy()))
    responsibilities, log_prob = [], []
    for point in x.numpy():
        logs = [math.log(w) - 0.5 * float((point - m) @ inverse @ (point - m)) - 0.5 * math.log(det)
                for w, m in zip(weights.tolist(), means.numpy(), strict=True)]
        top = max(logs)
        total = top + math.log(sum(math.exp(v - top) for v in logs))
        responsibilities.append([math.exp(v - total) for v in logs])
        log_prob.append(total)
    return np.array(responsibilities), np.array(log_prob)


# ---------------------------------------------------------------------------------------------------------------------
# t7


def t7_second_moments(x, responsibilities, reg_covar):
    weights = responsibilities.mean(0)
    means = (responsibilities.T @ x) / (len(x) * weights[:, None])
    covariance = x.T @ x / len(x) - (means.T * weights) @ means
    return weights, means, covariance + reg_covar * torch.eye(x.shape[1], dtype=x.dtype)


def t7_numpy_average_of_cov(x, responsibilities, reg_covar):
    x, r = x.numpy(), responsibilities.numpy()
    weights = r.sum(0) / len(x)
    means = np.stack([np.average(x, axis=0, weights=column) for column in r.T])
    covariances = [np.atleast_2d(np.cov(x.T, aweights=column, bias=True)) for column in r.T]
    return [weights, means, np.average(covariances, axis=0, weights=weights) + reg_covar * np.eye(x.shape[1])]


def t7_loop(x, responsibilities, reg_covar):
    x, r = x.tolist(), responsibilities.tolist()
    n, d, k = len(x), len(x[0]), len(r[0])
    counts = [sum(row[c] for row in r) for c in range(k)]
    means = [[sum(r[i][c] * x[i][a] for i in range(n)) / counts[c] for a in range(d)] for c in range(k)]
    covariance = [[sum(r[i][c] * (x[i][a] - means[c][a]) * (x[i][b] - means[c][b]) for i in range(n) for c in range(k)) / n
                   + (reg_covar if a == b else 0.0) for b in range(d)] for a in range(d)]
    return [c / n for c in counts], means, covariance


def t7_float32_roots_in_place(x, responsibilities, reg_covar):
    x, r = x.float(), responsibilities.float()
    means = torch.linalg.solve(torch.diag(r.sum(0)), r.T @ x)
    rows = ((x[:, None] - means) * r.sqrt()[..., None]).flatten(0, 1)
    covariance = rows.T.matmul(rows).div_(len(x))
    covariance.diagonal().add_(reg_covar)
    return r.mean(0), means, covariance


RIGHTS = {
    "t1": [t1_noncentral_chi_square, t1_derivative_of_the_cdf, t1_loop, t1_distributions_in_float32, t1_numpy_in_place,
           t1_densities_added_without_logs],
    "t2": [t2_interp_through_both_ends, t2_loop, t2_softmax_in_float32, t2_bisection],
    "t3": [t3_distributions, t3_jacobian_by_autograd, t3_numpy_float32_as_list, t3_loop],
    "t4": [t4_scikit_learn, t4_rows_repeated, t4_mixture_in_float32, t4_loop, t4_numpy_in_place],
    "t5": [t5_loop, t5_numpy_minus_own_kernel, t5_float32_infinite_diagonal, t5_rows_without_themselves],
    "t6": [t6_scikit_learn, t6_distributions, t6_scipy_lists, t6_float32_cholesky_solve, t6_loop],
    "t7": [t7_second_moments, t7_numpy_average_of_cov, t7_loop, t7_float32_roots_in_place],
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

    def random_numbers(**inputs):
        return changed(task.reference, "", torch.randn_like)(**inputs)

    return [
        the_first_visible_case_by_heart, returns_nothing, raises, random_numbers,
        changed(task.reference, "zeros", torch.zeros_like),
        changed(task.reference, "ones", torch.ones_like),
        changed(task.reference, "nan", lambda v: v * math.nan),
        changed(task.reference, "one_percent_too_much", lambda v: 1.01 * v),
        changed(task.reference, "one_axis_too_many", lambda v: v[None]),
        changed(task.reference, "sign_flipped", lambda v: -v),
        changed(task.reference, "text", str),
    ]


ASSIGNMENT = load_assignment(Path(__file__).with_name("ps02_checks.py"))
WRONG = {name: for_all_tasks(task) for name, task in ASSIGNMENT.tasks.items()}


def t1_drops_negative_x(x, loc, scale, mass):
    return t1_numpy_in_place(x[x > 0], loc, scale, mass)


def t1_mirrors_negative_x(x, loc, scale, mass):
    return t1_numpy_in_place(x.abs(), loc, scale, mass)


def t1_mass_forgotten(x, loc, scale, mass):
    return t1_numpy_in_place(x, loc, scale, 1.0)


def t2_sorts_u(u, edges, log_heights):
    return t2_loop(u.sort().values, edges, log_heights)


def t2_interp_through_all_edges(u, edges, log_heights):
    p = np.exp(log_heights - log_heights.max()).numpy() * np.diff(edges.numpy())
    return np.interp(u.numpy(), np.concatenate([[0.0], np.cumsum(p) / p.sum()]), edges.numpy())


def t2_interp_without_the_leading_zero(u, edges, log_heights):
    p = np.exp(log_heights - log_heights.max()).numpy() * np.diff(edges.numpy())
    return np.interp(u.numpy(), np.cumsum(p) / p.sum(), edges.numpy()[1:])


def t2_the_other_way_round(u, edges, log_heights):
    return t2_loop(1 - u, edges, log_heights)


def t3_columns_swapped(u, mean_time, drift, scale):
    x, ladj = t3_distributions(u, mean_time, drift, scale)
    return x.flip(1), ladj


def t3_noise_swapped(u, mean_time, drift, scale):
    return t3_distributions(u.flip(1), mean_time, drift, scale)


def t3_without_ladj(u, mean_time, drift, scale):
    return t3_distributions(u, mean_time, drift, scale)[0]


def t3_ladj_summed(u, mean_time, drift, scale):
    x, ladj = t3_distributions(u, mean_time, drift, scale)
    return x, ladj.sum()


def t4_one_bandwidth(x, data, counts, h):
    return t4_rows_repeated(x, data, counts, h.mean().expand(len(h)))


def t4_clamped(x, data, counts, h):
    return t4_rows_repeated(x, data, counts, h).clamp_min(-700)


def t4_nearest_row_only(x, data, counts, h):
    logs = D.Independent(D.Normal(data, h), 1).log_prob(x[:, None]) + counts.log()
    return logs.max(1).values - counts.sum().log()


def t5_another_floor_under_the_log(data, bandwidths):
    kernel = (1 - (data[:, None] - data).abs() / bandwidths[:, None, None]).clamp_min(0)
    p = (kernel.sum(2) - 1) / ((len(data) - 1) * bandwidths[:, None])
    scores = (p + 1e-6).log().mean(1)
    return scores, bandwidths[scores.argmax()]


def t5_box_kernel(data, bandwidths):
    near = ((data[:, None] - data).abs() < bandwidths[:, None, None]).double()
    scores = ((near.sum(2) - 1) / (2 * (len(data) - 1) * bandwidths[:, None])).log().mean(1)
    return scores, bandwidths[scores.argmax()]


def t5_best_alone(data, bandwidths):
    return t5_loop(data, bandwidths)[1]


def t6_transposed(x, weights, means, covariance):
    responsibilities, log_prob = t6_distributions(x, weights, means, covariance)
    return responsibilities.T, log_prob


def t6_nearest_mean(x, weights, means, covariance):
    _, log_prob = t6_distributions(x, weights, means, covariance)
    return torch.nn.functional.one_hot(torch.cdist(x, means).argmin(1), len(means)), log_prob


def t6_correlations_ignored(x, weights, means, covariance):
    return t6_distributions(x, weights, means, covariance.diagonal().diag())


def t7_one_covariance_each(x, responsibilities, reg_covar):
    weights, means, covariance = t7_second_moments(x, responsibilities, reg_covar)
    return weights, means, covariance.expand(len(weights), *covariance.shape)


def t7_scale_for_reg(x, responsibilities, reg_covar):
    return t7_second_moments(x, responsibilities, reg_covar**2)


def t7_two_results(x, responsibilities, reg_covar):
    return t7_second_moments(x, responsibilities, reg_covar)[:2]


WRONG["t1"] += [t1_drops_negative_x, t1_mirrors_negative_x, t1_mass_forgotten]
WRONG["t2"] += [t2_sorts_u, t2_interp_through_all_edges, t2_interp_without_the_leading_zero, t2_the_other_way_round]
WRONG["t3"] += [t3_columns_swapped, t3_noise_swapped, t3_without_ladj, t3_ladj_summed]
WRONG["t4"] += [t4_one_bandwidth, t4_clamped, t4_nearest_row_only]
WRONG["t5"] += [t5_another_floor_under_the_log, t5_box_kernel, t5_best_alone]
WRONG["t6"] += [t6_transposed, t6_nearest_mean, t6_correlations_ignored]
WRONG["t7"] += [t7_one_covariance_each, t7_scale_for_reg, t7_two_results]
