"""The bank of problem set 10: right answers written in other ways, and wrong ones that no slip names.

Every right answer must earn full marks on any draw, and no wrong one may. The right ones use other formulas, other
libraries and other number types than the reference, so they are also its proof.
"""
from __future__ import annotations

import itertools
import math
from collections import Counter
from pathlib import Path

import numpy as np
import scipy.optimize
import scipy.spatial.distance
import scipy.special
import torch

from coursekit.checks import call, load_assignment

# ---------------------------------------------------------------------------------------------------------------------
# t1


def t1_numpy(x, x_fake, f, f_fake, weights, weights_fake):
    mean, mean_fake = np.average(f, weights=weights), np.average(f_fake, weights=weights_fake)
    apart = scipy.spatial.distance.pdist(np.vstack([x, x_fake]))
    rise = scipy.spatial.distance.pdist(np.concatenate([f, f_fake])[:, None])
    steepest = np.divide(rise, apart, out=np.zeros_like(rise), where=apart > 0).max()
    return mean_fake - mean, -mean_fake, 0.0 if steepest == 0 else (mean - mean_fake) / steepest


def t1_loops(x, x_fake, f, f_fake, weights, weights_fake):
    points, scores = x.tolist() + x_fake.tolist(), f.tolist() + f_fake.tolist()
    steepest = 0.0
    for i in range(len(points)):
        for j in range(i):
            apart = math.dist(points[i], points[j])
            if apart > 0:
                steepest = max(steepest, abs(scores[i] - scores[j]) / apart)
    mean = sum(w * v for w, v in zip(weights.tolist(), f.tolist(), strict=True)) / sum(weights.tolist())
    mean_fake = sum(w * v for w, v in zip(weights_fake.tolist(), f_fake.tolist(), strict=True)) / sum(weights_fake.tolist())
    return [mean_fake - mean, -mean_fake, (mean - mean_fake) / steepest if steepest else 0.0]


def t1_float32_with_a_small_number(x, x_fake, f, f_fake, weights, weights_fake):
    """Coinciding points have equal scores, so a small number under the fraction does no harm."""
    points, scores = torch.cat([x, x_fake]).float(), torch.cat([f, f_fake]).float()
    apart = torch.linalg.vector_norm(points[:, None] - points, dim=2)
    steepest = ((scores[:, None] - scores).abs() / (apart + 1e-9)).max()
    mean, mean_fake = (weights / weights.sum()).float() @ f.float(), (weights_fake / weights_fake.sum()).float() @ f_fake.float()
    return mean_fake - mean, -mean_fake, (mean - mean_fake) / steepest if steepest > 0 else torch.zeros(())


def t1_rescaled_critic(x, x_fake, f, f_fake, weights, weights_fake):
    """Divides the scores by the slope, and takes the gain of the new critic."""
    def d_loss(f, f_fake):
        return weights_fake @ f_fake / weights_fake.sum() - weights @ f / weights.sum()

    points, scores = torch.cat([x, x_fake]), torch.cat([f, f_fake])
    slopes = (scores[:, None] - scores) / torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist")
    steepest = slopes.nan_to_num(nan=0.0).max()
    scale = 1 / steepest if steepest > 0 else 0.0
    return d_loss(f, f_fake), -(weights_fake @ f_fake) / weights_fake.sum(), -d_loss(scale * f, scale * f_fake)


# ---------------------------------------------------------------------------------------------------------------------
# t2


def t2_autograd(x, w1, b1, w2, b2, w3, limit, leak):
    w1, b1, w2, b2, w3 = (torch.clip(w, -limit, limit) for w in (w1, b1, w2, b2, w3))

    def f(x):
        unit = torch.nn.functional.leaky_relu
        return unit(unit(x @ w1.T + b1, leak) @ w2.T + b2, leak) @ w3

    x = x.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(f(x).sum(), x)
    bound = math.prod(float(torch.linalg.svdvals(w.reshape(-1, w.shape[-1])).max()) for w in (w1, w2, w3))
    corner = [torch.full_like(w, limit) for w in (w1, w2, w3)]
    return gradient.square().sum(1).sqrt(), bound, (corner[2] @ corner[1] @ corner[0]).norm()


def t2_numpy_point_by_point(x, w1, b1, w2, b2, w3, limit, leak):
    w1, b1, w2, b2, w3 = (np.clip(w.numpy(), -limit, limit) for w in (w1, b1, w2, b2, w3))
    slopes = []
    for point in x.numpy():
        first = w1 @ point + b1
        on_1 = np.where(first > 0, 1.0, leak)
        on_2 = np.where(w2 @ (first * on_1) + b2 > 0, 1.0, leak)
        slopes.append(np.linalg.norm(w3 @ np.diag(on_2) @ w2 @ np.diag(on_1) @ w1))
    bound = np.linalg.norm(w1, 2) * np.linalg.norm(w2, 2) * np.sqrt((w3**2).sum())
    return np.array(slopes), bound, np.prod(w2.shape) * np.sqrt(w1.shape[1]) * limit**3


def t2_float32_jacobian(x, w1, b1, w2, b2, w3, limit, leak):
    w1, b1, w2, b2, w3 = (w.float().clamp_(-limit, limit) for w in (w1, b1, w2, b2, w3))

    def f(point):
        v = w1 @ point + b1
        v = w2 @ torch.maximum(v, leak * v) + b2
        return w3 @ torch.maximum(v, leak * v)

    gradients = torch.func.vmap(torch.func.jacrev(f))(x.float())
    norms = [torch.linalg.eigvalsh(w.T @ w)[-1].sqrt() for w in (w1, w2, w3[None])]
    widths = (len(w1) * len(w3)) * len(w1[0]) ** 0.5
    return gradients.norm(dim=-1), norms[0] * norms[1] * norms[2], widths * limit**3


def t2_bound_as_a_product_of_three_norms(x, w1, b1, w2, b2, w3, limit, leak):
    """The largest slope is the product of the three largest norms, which one critic reaches in all layers at once."""
    slopes, bound, _ = t2_numpy_point_by_point(x, w1, b1, w2, b2, w3, limit, leak)
    return slopes, bound, math.prod(limit * math.sqrt(math.prod(w.shape)) for w in (w1, w2, w3))


# ---------------------------------------------------------------------------------------------------------------------
# t3


def t3_sample_by_sample(critic, x, x_fake, alpha, weight, one_sided):
    total = 0.0
    for one, fake, a in zip(x, x_fake, alpha, strict=True):
        point = (a * one + (1 - a) * fake)[None].requires_grad_()
        (g,) = torch.autograd.grad(critic(point)[0], point, create_graph=True)
        excess = g.norm() - 1
        if not (one_sided and excess < 0):
            total = total + excess**2
    return weight * total / len(x) + 0 * critic(x).sum()


def t3_vmap(critic, x, x_fake, alpha, weight, one_sided):
    def slope(one, fake, a):
        g = torch.func.grad(lambda point: critic(point[None])[0])(torch.lerp(fake, one, a))
        return torch.linalg.vector_norm(g)

    excess = torch.func.vmap(slope)(x, x_fake, alpha) - 1
    excess = torch.relu(excess) if one_sided else excess
    return weight * (excess * excess).mean()


def t3_root_with_a_small_number(critic, x, x_fake, alpha, weight, one_sided):
    a = alpha.view(len(x), *(1 for _ in x.shape[1:]))
    at = (x_fake + a * (x - x_fake)).requires_grad_(True)
    scores = critic(at)
    g = torch.autograd.grad(scores, at, torch.ones_like(scores), create_graph=True, retain_graph=True)[0]
    slope = torch.sqrt(g.reshape(len(g), -1).pow(2).sum(1) + 1e-14)
    deviation = (slope - 1).clamp_min(0 if one_sided else -1e9)
    return deviation.pow(2).sum().mul(weight).div(len(x))


def t3_float32_jacobian_of_the_sum(critic, x, x_fake, alpha, weight, one_sided):
    shape = (-1,) + (1,) * (x.dim() - 1)
    at = alpha.reshape(shape) * x + (1 - alpha.reshape(shape)) * x_fake
    gradient = torch.autograd.functional.jacobian(lambda points: critic(points).sum(), at.float(), create_graph=True)
    slope = torch.linalg.vector_norm(gradient, dim=tuple(range(1, x.dim())))
    cost = torch.where((slope < 1) & one_sided, torch.zeros_like(slope), (slope - 1) ** 2)
    return (weight * cost).mean().double()


# ---------------------------------------------------------------------------------------------------------------------
# t4


def t4_numpy_closed_forms(places, p, p_g, weight):
    x, p, q = places.numpy(), p.numpy(), p_g.numpy()
    left, right = x[:-1], x[1:]
    apart = np.abs(x[:, None] - x) + np.eye(len(x))
    pairs = np.outer(p, q) / apart * (1 - np.eye(len(x)))
    low, high = np.minimum(x[:, None], x), np.maximum(x[:, None], x)
    rho = np.array([pairs[(low <= a) & (high >= b)].sum() for a, b in zip(left, right, strict=True)])
    surplus = p[::-1].cumsum()[::-1][1:] - q[::-1].cumsum()[::-1][1:]
    extra = surplus / (2 * weight * rho)
    work, bonus = np.sum(np.diff(x) * np.abs(surplus)), np.sum(np.diff(x) * surplus * extra)
    return np.sign(surplus) + extra, work + bonus, -work - bonus / 2


def t4_loops_and_search(places, p, p_g, weight):
    """No calculus: each gap's slope is searched on either side of zero."""
    x, p, q = places.tolist(), p.tolist(), p_g.tolist()
    slopes, gain, loss = [], 0.0, 0.0
    for j in range(len(x) - 1):
        more = sum(p[j + 1:]) - sum(q[j + 1:])
        rho = sum(p[a] * q[b] / abs(x[a] - x[b]) for a in range(len(x)) for b in range(len(x))
                  if min(a, b) <= j < max(a, b))

        def cost(s, more=more, rho=rho):
            return -s * more + weight * rho * (abs(s) - 1) ** 2

        sides = [scipy.optimize.minimize_scalar(cost, bounds=b, method="bounded", options={"xatol": 1e-9})
                 for b in ((-200, 0), (0, 200))]
        best = min(sides, key=lambda side: side.fun)
        slopes.append(best.x)
        gain += best.x * more * (x[j + 1] - x[j])
        loss += best.fun * (x[j + 1] - x[j])
    return slopes, gain, loss


def t4_float32(places, p, p_g, weight):
    x, p, q = places.float(), p.float(), p_g.float()
    apart = (x[:, None] - x).abs().fill_diagonal_(1.0)
    pairs = p[:, None] * q / apart
    pairs = (pairs + pairs.T).triu(1)
    rho = torch.stack([pairs[: j + 1, j + 1:].sum() for j in range(len(x) - 1)])
    more = (q - p).cumsum(0)[:-1]
    size = 1 + more.abs() / weight / rho / 2
    gain = (size * more.abs() * x.diff()).sum()
    return torch.copysign(size, more), gain, weight * ((size - 1) ** 2 * rho * x.diff()).sum() - gain


def t4_newton_on_the_whole_loss(places, p, p_g, weight):
    """Autograd on the loss over all slopes at once; it is quadratic on the side of the right signs, so one step arrives."""
    n = len(places)
    gaps = places[1:] - places[:-1]
    inside = [[(min(a, b) <= j < max(a, b)) for j in range(n - 1)] for a in range(n) for b in range(n)]
    share = torch.tensor([[float(p[a] * p_g[b] / (places[a] - places[b]).abs()) if a != b else 0.0] for a in range(n)
                          for b in range(n)]).double()
    mixed = (torch.tensor(inside).double() * share).sum(0) * gaps  # the share of mixed points in each gap

    def loss(s):
        f = torch.cat([torch.zeros(1).double(), (s * gaps).cumsum(0)])
        return f @ p_g - f @ p + weight * mixed @ (s.abs() - 1) ** 2

    s = torch.sign((p_g - p).cumsum(0)[:-1])
    s = s - torch.linalg.solve(torch.func.hessian(loss)(s), torch.func.grad(loss)(s))
    f = torch.cat([torch.zeros(1).double(), (s * gaps).cumsum(0)])
    return s, f @ (p - p_g), loss(s)


# ---------------------------------------------------------------------------------------------------------------------
# t5


def t5_numpy_on_paper(x, x_fake, z, width, power):
    x, y, z = x.numpy(), x_fake.numpy(), z.numpy()

    def kernel(a, b):
        return (1 + ((a[:, None] - b) ** 2).sum(-1) / (2 * power * width**2)) ** -power

    def by_first(a, b):
        apart = a[:, None] - b
        return -((1 + (apart**2).sum(-1, keepdims=True) / (2 * power * width**2)) ** (-power - 1)) * apart / width**2

    m = len(y)
    gradient = 2 * by_first(y, y).sum(1) / (m * (m - 1)) - 2 * by_first(y, x).mean(1) / m
    return kernel(z, x).mean(1) - kernel(z, y).mean(1), gradient


def t5_loops(x, x_fake, z, width, power):
    x, y, z = x.tolist(), x_fake.tolist(), z.tolist()
    d, n, m = len(x[0]), len(x), len(y)

    def kernel(a, b):
        return (1 + math.dist(a, b) ** 2 / (2 * power * width**2)) ** -power

    def pull(a, b, i):
        return kernel(a, b) ** (1 + 1 / power) * (b[i] - a[i]) / width**2

    witness = [sum(kernel(p, a) for a in x) / n - sum(kernel(p, b) for b in y) / m for p in z]
    gradient = [[2 / (m * (m - 1)) * sum(pull(a, b, i) for b in y) - 2 / (n * m) * sum(pull(a, b, i) for b in x)
                 for i in range(d)] for a in y]
    return torch.tensor(witness), torch.tensor(gradient)


def t5_float32_autograd_of_the_whole(x, x_fake, z, width, power):
    x, y, z = x.float(), x_fake.float().requires_grad_(), z.float()

    def kernel(a, b):
        return torch.exp(-power * torch.log1p((a.unsqueeze(1) - b.unsqueeze(0)).pow(2).sum(-1) / (2 * power * width**2)))

    def unbiased(s):
        return kernel(s, s).masked_fill(torch.eye(len(s), dtype=torch.bool), 0).sum() / (len(s) * (len(s) - 1))

    (unbiased(x) + unbiased(y) - 2 * kernel(x, y).mean()).backward()
    return (kernel(z, x).mean(1) - kernel(z, y).mean(1)).detach(), y.grad


def t5_differences(x, x_fake, z, width, power):
    """The gradient by central differences of the value."""
    def kernel(a, b):
        return (1 + scipy.spatial.distance.cdist(a, b, "sqeuclidean") / (2 * power * width**2)) ** -power

    x, y, z = x.numpy(), x_fake.numpy(), z.numpy()

    def value(y):
        k, m = kernel(y, y), len(y)
        return (k.sum() - np.trace(k)) / (m * (m - 1)) - 2 * kernel(x, y).mean()

    gradient = np.zeros_like(y)
    for index in np.ndindex(y.shape):
        step = np.zeros_like(y)
        step[index] = 1e-5
        gradient[index] = (value(y + step) - value(y - step)) / 2e-5
    return kernel(z, x).mean(1) - kernel(z, y).mean(1), gradient


# ---------------------------------------------------------------------------------------------------------------------
# t6


def t6_counter(shares, text, n):
    m, length, size = shares.shape
    grams = Counter(tuple(run[i: i + n]) for run in text.tolist() for i in range(len(run) - n + 1))
    seen = sum(grams.values())
    total = 0.0
    for gram in itertools.product(range(size), repeat=n):
        q = sum(math.prod(float(run[i + j, c]) for j, c in enumerate(gram)) for run in shares for i in range(length - n + 1))
        p, q = grams[gram] / seen, q / (m * (length - n + 1))
        middle = (p + q) / 2
        total += sum(v * math.log(v / middle) for v in (p, q) if v > 0) / 2
    return total


def t6_entropies_in_numpy(shares, text, n):
    s, size = shares.numpy(), shares.shape[2]
    windows = [s[:, j: s.shape[1] - n + 1 + j] for j in range(n)]
    formula = {1: "mla->a", 2: "mla,mlb->ab", 3: "mla,mlb,mlc->abc"}[n]
    q = np.einsum(formula, *windows).ravel() / windows[0][..., 0].size
    codes = np.lib.stride_tricks.sliding_window_view(text.numpy(), n, axis=1)
    index = (codes * size ** np.arange(n - 1, -1, -1)).sum(-1).ravel()
    p = np.bincount(index, minlength=size**n) / index.size
    entropy = [scipy.special.entr(v).sum() for v in ((p + q) / 2, p, q)]
    return entropy[0] - (entropy[1] + entropy[2]) / 2


def t6_float32_small_number_in_the_logs(shares, text, n):
    shares = shares.float()
    p = q = torch.zeros([shares.shape[2]] * n)
    for run in text:
        for gram in run.unfold(0, n, 1):
            p = p.index_put(tuple(gram[:, None]), torch.ones(1), accumulate=True)
    for run in shares:
        for i in range(len(run) - n + 1):
            outer = torch.ones(())
            for j in range(n):
                outer = outer[..., None] * run[i + j]
            q = q + outer
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    return sum((v * (torch.log(v + 1e-12) - torch.log(middle + 1e-12))).sum() for v in (p, q)) / 2


def t6_scipy(shares, text, n):
    """The library's distance, squared."""
    one_hot = torch.nn.functional.one_hot(text, shares.shape[2]).double()
    tables = []
    for soft in (shares, one_hot):
        total = torch.zeros([soft.shape[2]] * n, dtype=torch.float64)
        for i in range(soft.shape[1] - n + 1):
            places = [soft[:, i + j] for j in range(n)]
            total += torch.einsum(*itertools.chain(*((v, [9, j]) for j, v in enumerate(places))), list(range(n)))
        tables.append(total.flatten().numpy())
    return scipy.spatial.distance.jensenshannon(*tables) ** 2


RIGHTS = {
    "t1": [t1_numpy, t1_loops, t1_float32_with_a_small_number, t1_rescaled_critic],
    "t2": [t2_autograd, t2_numpy_point_by_point, t2_float32_jacobian, t2_bound_as_a_product_of_three_norms],
    "t3": [t3_sample_by_sample, t3_vmap, t3_root_with_a_small_number, t3_float32_jacobian_of_the_sum],
    "t4": [t4_numpy_closed_forms, t4_loops_and_search, t4_float32, t4_newton_on_the_whole_loss],
    "t5": [t5_numpy_on_paper, t5_loops, t5_float32_autograd_of_the_whole, t5_differences],
    "t6": [t6_counter, t6_entropies_in_numpy, t6_float32_small_number_in_the_logs, t6_scipy],
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


def first_visible_result(task):
    results = []

    def remember(**inputs):
        results.append(task.reference(**inputs))
        return results[-1]

    (task.driver or call)(remember, task.draw(1)[0].inputs)
    return results[0]


def for_all_tasks(task):
    """Wrong whatever the task asks for."""
    first = first_visible_result(task)

    def the_first_visible_case_by_heart(**inputs):
        return first

    def returns_nothing(**inputs):
        task.reference(**inputs)

    def raises(**inputs):
        raise IndexError("index 3 is out of bounds")

    return [
        the_first_visible_case_by_heart, returns_nothing, raises,
        changed(task.reference, "random_numbers", torch.randn_like),
        changed(task.reference, "zeros", torch.zeros_like),
        changed(task.reference, "ones", torch.ones_like),
        changed(task.reference, "nan", lambda v: v * math.nan),
        changed(task.reference, "one_percent_too_much", lambda v: 1.01 * v),
        changed(task.reference, "one_axis_too_many", lambda v: v[None]),
        changed(task.reference, "sign_flipped", lambda v: -v),
        changed(task.reference, "text", str),
    ]


ASSIGNMENT = load_assignment(Path(__file__).with_name("ps10_checks.py"))
WRONG = {name: for_all_tasks(task) for name, task in ASSIGNMENT.tasks.items()}


def t1_estimate_alone(x, x_fake, f, f_fake, weights, weights_fake):
    return t1_numpy(x, x_fake, f, f_fake, weights, weights_fake)[2]


def t1_slope_between_neighbours_in_the_list(x, x_fake, f, f_fake, weights, weights_fake):
    d_loss, g_loss, _ = t1_numpy(x, x_fake, f, f_fake, weights, weights_fake)
    points, scores = torch.cat([x, x_fake]), torch.cat([f, f_fake])
    return d_loss, g_loss, -d_loss / (scores.diff().abs() / points.diff(dim=0).norm(dim=1)).nan_to_num().max()


def t1_weights_for_scores(x, x_fake, f, f_fake, weights, weights_fake):
    return t1_numpy(x, x_fake, weights, weights_fake, f.abs(), f_fake.abs())


def t1_absolute_value(x, x_fake, f, f_fake, weights, weights_fake):
    d_loss, g_loss, w1 = t1_numpy(x, x_fake, f, f_fake, weights, weights_fake)
    return d_loss, g_loss, abs(w1)


def t2_third_bound_from_the_norms(x, w1, b1, w2, b2, w3, limit, leak):
    slopes, bound, _ = t2_numpy_point_by_point(x, w1, b1, w2, b2, w3, limit, leak)
    return slopes, bound, bound


def t2_leak_squared(x, w1, b1, w2, b2, w3, limit, leak):
    return t2_numpy_point_by_point(x, w1, b1, w2, b2, w3, limit, leak**2)


def t2_input_clipped_too(x, w1, b1, w2, b2, w3, limit, leak):
    return t2_numpy_point_by_point(x.clamp(-limit, limit), w1, b1, w2, b2, w3, limit, leak)


def t3_switch_the_wrong_way(critic, x, x_fake, alpha, weight, one_sided):
    return t3_vmap(critic, x, x_fake, alpha, weight, not one_sided)


def t3_number_alone(critic, x, x_fake, alpha, weight, one_sided):
    return t3_vmap(critic, x, x_fake, alpha, weight, one_sided).item()


def t3_mean_gradient(critic, x, x_fake, alpha, weight, one_sided):
    a = alpha.reshape(-1, *[1] * (x.dim() - 1))
    at = (a * x + (1 - a) * x_fake).requires_grad_()
    g = torch.autograd.grad(critic(at).sum(), at, create_graph=True)[0].mean(0)
    return weight * (g.norm() - 1) ** 2


def t3_alpha_drawn_anew(critic, x, x_fake, alpha, weight, one_sided):
    return t3_vmap(critic, x, x_fake, torch.rand_like(alpha), weight, one_sided)


def t4_masses_counted_from_the_left(places, p, p_g, weight):
    return t4_numpy_closed_forms(places, p_g, p, weight)


def t4_slopes_alone(places, p, p_g, weight):
    return t4_numpy_closed_forms(places, p, p_g, weight)[0]


def t4_scores_for_slopes(places, p, p_g, weight):
    slopes, gain, loss = t4_numpy_closed_forms(places, p, p_g, weight)
    return slopes * np.diff(places), gain, loss


def t4_formula_of_one_pair(places, p, p_g, weight):
    slopes, gain, loss = t4_numpy_closed_forms(places, p, p_g, weight)
    return np.sign(slopes) * (1 + np.diff(places) / (2 * weight)), gain, loss


def t5_witness_alone(x, x_fake, z, width, power):
    return t5_numpy_on_paper(x, x_fake, z, width, power)[0]


def t5_gradient_of_the_biased_witness(x, x_fake, z, width, power):
    witness, gradient = t5_numpy_on_paper(x, x_fake, z, width, power)
    return witness, gradient * (len(x_fake) - 1) / len(x_fake)


def t5_data_and_fakes_exchanged(x, x_fake, z, width, power):
    return t5_numpy_on_paper(x_fake, x, z, width, power)


def t6_always_single_characters(shares, text, n):
    return t6_entropies_in_numpy(shares, text, 1)


def t6_nan_where_both_miss_a_gram(shares, text, n):
    js = t6_entropies_in_numpy(shares, text, n)
    return math.nan if n < 3 and (shares[..., -1] == 0).all() and text.max() < shares.shape[2] - 1 else js


def t6_last_place_left_out(shares, text, n):
    return t6_entropies_in_numpy(shares[:, :-1], text, n)


def t6_average_over_orders(shares, text, n):
    return sum(t6_entropies_in_numpy(shares, text, k) for k in range(1, n + 1)) / n


WRONG["t1"] += [t1_estimate_alone, t1_slope_between_neighbours_in_the_list, t1_weights_for_scores, t1_absolute_value]
WRONG["t2"] += [t2_third_bound_from_the_norms, t2_leak_squared, t2_input_clipped_too]
WRONG["t3"] += [t3_switch_the_wrong_way, t3_number_alone, t3_mean_gradient, t3_alpha_drawn_anew]
WRONG["t4"] += [t4_masses_counted_from_the_left, t4_slopes_alone, t4_scores_for_slopes, t4_formula_of_one_pair]
WRONG["t5"] += [t5_witness_alone, t5_gradient_of_the_biased_witness, t5_data_and_fakes_exchanged]
WRONG["t6"] += [t6_always_single_characters, t6_last_place_left_out, t6_nan_where_both_miss_a_gram,
                t6_average_over_orders]
