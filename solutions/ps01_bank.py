"""The bank of problem set 1: right answers written in other ways, and wrong ones that no slip names.

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
F = torch.nn.functional

# ---------------------------------------------------------------------------------------------------------------------
# t1


def t1_torch(logits, temperature):
    return F.log_softmax(logits / temperature, dim=-1)


def t1_scipy_in_place(logits, temperature):
    logits /= temperature
    return scipy.special.log_softmax(logits.numpy(), axis=1)


def t1_loop_as_list(logits, temperature):
    out = []
    for row in logits.tolist():
        top = max(row)
        total = sum(math.exp((a - top) / temperature) for a in row)
        out.append([(a - top) / temperature - math.log(total) for a in row])
    return out


def t1_float32(logits, temperature):
    scores = logits.float() / temperature
    top = scores.max(dim=1).values
    return (scores.T - top - torch.log(torch.exp(scores.T - top).sum(0))).T


def t1_pairwise_differences(logits, temperature):
    a = logits.numpy()
    return -np.logaddexp.reduce((a[:, None, :] - a[:, :, None]) / temperature, axis=2)


def t1_categorical(logits, temperature):
    return torch.stack([D.Categorical(logits=row / temperature).logits for row in logits])


def t1_cross_entropy(logits, temperature):
    columns = [F.cross_entropy(logits / temperature, torch.full((len(logits),), k), reduction="none")
               for k in range(logits.shape[1])]
    return -torch.stack(columns, dim=1)


# ---------------------------------------------------------------------------------------------------------------------
# t2


def t2_distributions(y, mean, log_var):
    log_prob = D.Normal(mean, torch.exp(log_var / 2)).log_prob(torch.nan_to_num(y))
    return torch.sum(log_prob * ~torch.isnan(y), dim=-1)


def t2_scipy_nansum(y, mean, log_var):
    return np.nansum(scipy.stats.norm.logpdf(y.numpy(), mean.numpy(), np.exp(0.5 * log_var.numpy())), axis=1)


def t2_loop(y, mean, log_var):
    out = []
    for row in zip(y.tolist(), mean.tolist(), log_var.tolist(), strict=True):
        total = 0.0
        for value, m, v in zip(*row, strict=True):
            if not math.isnan(value):
                total += math.log(NormalDist(m, math.exp(v / 2)).pdf(value))
        out.append(total)
    return out


def t2_float32_count_the_seen(y, mean, log_var):
    y, mean, log_var = y.float(), mean.float(), log_var.float()
    seen = (y == y).float()
    residual = torch.nan_to_num(y - mean, nan=0.0)
    quadratic = (residual.square() * torch.exp(-log_var)).sum(1)
    return -0.5 * (quadratic + (log_var * seen).sum(1) + seen.sum(1) * math.log(2 * math.pi))


def t2_rows_of_full_normals(y, mean, log_var):
    out = torch.zeros(len(y))
    for i in range(len(y)):
        keep = ~y[i].isnan()
        if keep.any():
            law = D.MultivariateNormal(mean[i][keep], torch.diag(log_var[i][keep].exp()))
            out[i] = law.log_prob(y[i][keep])
    return out


def t2_nll_loss_negated(y, mean, log_var):
    loss = F.gaussian_nll_loss(mean, y, log_var.exp(), full=True, reduction="none")
    return -torch.nansum(loss, dim=1)


# ---------------------------------------------------------------------------------------------------------------------
# t3


def t3_scipy_weights(log_likelihood, counts):
    log_likelihood, p = log_likelihood.numpy(), counts.numpy() / counts.numpy().sum()
    log_prob = scipy.special.logsumexp(log_likelihood, b=p, axis=1)
    with np.errstate(divide="ignore"):
        return log_likelihood + np.log(p) - log_prob[:, None], log_prob


def t3_log_softmax_and_max_shift(log_likelihood, counts):
    log_joint = log_likelihood + torch.log(counts) - torch.log(torch.sum(counts))
    top, _ = torch.max(log_joint, 1)
    return log_joint.log_softmax(-1), top + torch.log(torch.exp(log_joint.T - top).sum(0))


def t3_loop(log_likelihood, counts):
    posterior, evidence = [], []
    total = sum(counts.tolist())
    for row in log_likelihood.tolist():
        joint = [a + math.log(c / total) if c else -math.inf for a, c in zip(row, counts.tolist(), strict=True)]
        top = max(joint)
        log_prob = top + math.log(sum(math.exp(v - top) for v in joint))
        posterior.append([v - log_prob for v in joint])
        evidence.append(log_prob)
    return posterior, evidence


def t3_float32(log_likelihood, counts):
    log_likelihood, p = log_likelihood.float(), counts.float() / counts.float().sum()
    top = log_likelihood.amax(1, keepdim=True)
    joint = torch.exp(log_likelihood - top) * p
    return [torch.log(joint / joint.sum(1, keepdim=True)), (joint.sum(1).log() + top.squeeze(1)).tolist()]


def t3_numpy_reduce(log_likelihood, counts):
    with np.errstate(divide="ignore"):
        log_joint = np.log(counts.numpy() / counts.sum().item())[None] + log_likelihood.numpy()
    log_prob = np.logaddexp.reduce(log_joint, axis=1)
    return {"log_posterior": log_joint - log_prob.reshape(-1, 1), "log_prob": log_prob}


# ---------------------------------------------------------------------------------------------------------------------
# t4


def t4_autograd(x, logits, means, log_scales):
    for value in (logits, means, log_scales):
        value.requires_grad_()
    mixture = D.MixtureSameFamily(D.Categorical(logits=logits), D.Normal(means, log_scales.exp()))
    loss = -mixture.log_prob(x).mean()
    return loss, *torch.autograd.grad(loss, (logits, means, log_scales))


def t4_backward_in_float32(x, logits, means, log_scales):
    theta = [v.float().clone().requires_grad_(True) for v in (logits, means, log_scales)]
    a, m, b = theta
    log_joint = torch.log_softmax(a, 0) - (x.float()[:, None] - m) ** 2 / (2 * torch.exp(2 * b)) - b
    loss = -torch.logsumexp(log_joint, 1).mean() + math.log(2 * math.pi) / 2
    loss.backward()
    return [loss, *[v.grad for v in theta]]


def t4_numpy(x, logits, means, log_scales):
    x, a, m, s = x.numpy()[:, None], logits.numpy(), means.numpy(), np.exp(log_scales.numpy())
    w = np.exp(a - a.max()) / np.exp(a - a.max()).sum()
    g = np.log(w) + scipy.stats.norm.logpdf(x, m, s)
    log_p = scipy.special.logsumexp(g, axis=1, keepdims=True)
    r = np.exp(g - log_p)
    return -log_p.mean(), (w - r).mean(0), np.mean(r * (m - x) / s**2, axis=0), np.mean(r - r * ((x - m) / s) ** 2, axis=0)


def t4_loop(x, logits, means, log_scales):
    a, m, b, n, k = logits.tolist(), means.tolist(), log_scales.tolist(), len(x), len(means)
    normaliser = math.log(sum(math.exp(v) for v in a))
    loss, da, dm, db = 0.0, [0.0] * k, [0.0] * k, [0.0] * k
    for v in x.tolist():
        g = [a[j] - normaliser - b[j] - 0.5 * math.log(2 * math.pi) - ((v - m[j]) / math.exp(b[j])) ** 2 / 2
             for j in range(k)]
        top = max(g)
        log_p = top + math.log(sum(math.exp(value - top) for value in g))
        loss -= log_p / n
        for j in range(k):
            r = math.exp(g[j] - log_p)
            da[j] += (math.exp(a[j] - normaliser) - r) / n
            dm[j] -= r * (v - m[j]) / math.exp(2 * b[j]) / n
            db[j] += r * (1 - ((v - m[j]) / math.exp(b[j])) ** 2) / n
    return loss, da, dm, db


def t4_functional_grad(x, logits, means, log_scales):
    def loss(a, m, b):
        point = torch.func.vmap(lambda v: torch.logsumexp(
            a.log_softmax(0) - b - 0.5 * ((v - m) * (-b).exp()).square() - math.log(math.sqrt(2 * math.pi)), 0))
        return -point(x).sum() / x.numel()

    gradients, value = torch.func.grad_and_value(loss, argnums=(0, 1, 2))(logits, means, log_scales)
    return value, gradients[0], gradients[1], gradients[2]


# ---------------------------------------------------------------------------------------------------------------------
# t5


def t5_rel_entr(p_data, p_model, widths):
    p, q, w = p_data.numpy(), p_model.numpy(), widths.numpy()
    return float(w @ scipy.special.rel_entr(p, q)), float(w @ scipy.special.rel_entr(q, p))


def t5_loop(p_data, p_model, widths):
    def kl(p, q):
        total = 0.0
        for a, b, w in zip(p, q, widths.tolist(), strict=True):
            if a > 0:
                total += w * a * math.log(a / b) if b > 0 else math.inf
        return total

    return kl(p_data.tolist(), p_model.tolist()), kl(p_model.tolist(), p_data.tolist())


def t5_masses_in_float32(p_data, p_model, widths):
    a, b = (p_data * widths).float(), (p_model * widths).float()
    return [(torch.xlogy(u, u) - torch.xlogy(u, v)).sum() for u, v in ((a, b), (b, a))]


def t5_scipy_entropy(p_data, p_model, widths):
    p, q = (p_data * widths).numpy(), (p_model * widths).numpy()
    return scipy.stats.entropy(p, q), scipy.stats.entropy(q, p)


def t5_cross_entropy_less_entropy(p_data, p_model, widths):
    def cross(p, q):
        inside = p > 0
        return -(widths[inside] * p[inside] * q[inside].log()).sum()

    return cross(p_data, p_model) - cross(p_data, p_data), cross(p_model, p_data) - cross(p_model, p_model)


# ---------------------------------------------------------------------------------------------------------------------
# t6


def t6_second_moments(weights, means, scales):
    mean = (weights[:, None] * means).sum(0)
    second = torch.einsum("k,ki,kj->ij", weights, means, means) + torch.diag((weights[:, None] * scales.square()).sum(0))
    return mean, second - torch.outer(mean, mean)


def t6_numpy_cov(weights, means, scales):
    w, mu, s = weights.numpy(), means.numpy(), scales.numpy()
    between = np.atleast_2d(np.cov(mu.T, aweights=w, ddof=0)) if len(w) > 1 else np.zeros((mu.shape[1],) * 2)
    return np.average(mu, axis=0, weights=w), between + np.diag(np.average(s**2, axis=0, weights=w))


def t6_loop(weights, means, scales):
    w, mu, s = weights.tolist(), means.tolist(), scales.tolist()
    k, d = len(mu), len(mu[0])
    mean = [sum(w[c] * mu[c][i] for c in range(k)) for i in range(d)]
    covariance = [[sum(w[c] * ((mu[c][i] - mean[i]) * (mu[c][j] - mean[j]) + (s[c][i] ** 2 if i == j else 0.0))
                       for c in range(k)) for j in range(d)] for i in range(d)]
    return mean, covariance


def t6_float32_pairs_of_components(weights, means, scales):
    w, mu, s = weights.float(), means.float(), scales.float()
    gap = mu[:, None] - mu  # Cov of the means = half the average product of the gaps of all pairs
    between = 0.5 * torch.einsum("k,l,kli,klj->ij", w, w, gap, gap)
    return [w @ mu, between + (w[:, None, None] * torch.diag_embed(s**2)).sum(0)]


def t6_covariance_per_component(weights, means, scales):
    mean = torch.tensordot(weights, means, dims=1)
    covariance = torch.zeros(len(mean), len(mean), dtype=means.dtype)
    for w, mu, s in zip(weights, means, scales, strict=True):
        covariance += w * (s.square().diag() + torch.outer(mu - mean, mu - mean))
    return mean, covariance


# ---------------------------------------------------------------------------------------------------------------------
# t7


def t7_numpy(log_prob_model, log_prob_noise, share, d):
    a, b = log_prob_model.numpy(), log_prob_noise.numpy()
    log_prob = np.logaddexp(np.log(share) + a, np.log(1 - share) + b)
    return log_prob, np.mean(a - log_prob) / np.log(2) / d, -np.log2(share) / d


def t7_loss_by_softplus(log_prob_model, log_prob_noise, share, d):
    odds = log_prob_noise - log_prob_model + math.log((1 - share) / share)
    gain = math.log(share) + F.softplus(odds, threshold=1000)
    return log_prob_model + gain, -gain.mean() / (d * math.log(2)), math.log2(1 / share) / d


def t7_loop(log_prob_model, log_prob_noise, share, d):
    out = []
    for a, b in zip(log_prob_model.tolist(), log_prob_noise.tolist(), strict=True):
        top = max(a, b)
        out.append(top + math.log(share * math.exp(a - top) + (1 - share) * math.exp(b - top)))
    bits = [(a - v) / math.log(2) / d for a, v in zip(log_prob_model.tolist(), out, strict=True)]
    return out, sum(bits) / len(bits), -math.log(share, 2) / d


def t7_float32_stack(log_prob_model, log_prob_noise, share, d):
    log_shares = torch.tensor([share, 1 - share]).log()
    log_prob = torch.logsumexp(torch.stack([log_prob_model, log_prob_noise], 1).float() + log_shares, 1)
    loss = (log_prob_model.float() - log_prob).mean()
    return [log_prob, loss / math.log(2) / d, -log_shares[0] / (math.log(2) * d)]


def t7_scipy_in_bits(log_prob_model, log_prob_noise, share, d):
    both = np.stack([log_prob_model.numpy(), log_prob_noise.numpy()])
    log_prob = scipy.special.logsumexp(both, axis=0, b=np.array([[share], [1 - share]]))
    bits = -log_prob / np.log(2) / d, -both[0] / np.log(2) / d
    return log_prob, bits[0].mean() - bits[1].mean(), -np.log2(share) / d


# ---------------------------------------------------------------------------------------------------------------------
# t8


def t8_scikit_learn(train, held_out, scales):
    models = [KernelDensity(bandwidth=h, rtol=0, atol=0).fit(train.numpy()) for h in scales.tolist()]
    return [[np.mean(kde.score_samples(x.numpy())) for kde in models] for x in (train, held_out)]


def t8_mixture_of_normals(train, held_out, scales):
    scores = []
    for h in scales:
        bumps = D.Independent(D.Normal(train, h.expand(train.shape)), 1)
        mixture = D.MixtureSameFamily(D.Categorical(torch.ones(len(train))), bumps)
        scores.append((mixture.log_prob(train).mean(), mixture.log_prob(held_out).mean()))
    return torch.tensor(scores)[:, 0], torch.tensor(scores)[:, 1]


def t8_gaussian_mixture(train, held_out, scales):
    n = len(train)
    out = np.empty((2, len(scales)))
    for i, h in enumerate(scales.tolist()):
        model = GaussianMixture(n, covariance_type="spherical")
        model.weights_, model.means_ = np.full(n, 1 / n), train.numpy()
        model.precisions_cholesky_ = np.full(n, 1 / h)
        out[:, i] = model.score(train.numpy()), model.score(held_out.numpy())
    return tuple(out)


def t8_loop(train, held_out, scales):
    def score(points, h):
        total = 0.0
        for x in points:
            logs = [sum(-((a - b) ** 2) / (2 * h * h) - math.log(h * math.sqrt(2 * math.pi))
                        for a, b in zip(x, y, strict=True)) for y in train.tolist()]
            top = max(logs)
            total += top + math.log(sum(math.exp(v - top) for v in logs) / len(logs))
        return total / len(points)

    return [score(train.tolist(), h) for h in scales.tolist()], [score(held_out.tolist(), h) for h in scales.tolist()]


def t8_float32_blocks(train, held_out, scales):
    train, both, h = train.float(), torch.cat([train, held_out]).float(), scales.float()
    distance = (both[:, None] - train).norm(dim=2)
    log_prob = torch.logsumexp(-0.5 * (distance[..., None] / h) ** 2, dim=1) - math.log(len(train))
    log_prob = log_prob - train.shape[1] * torch.log(h * math.sqrt(2 * math.pi))
    return log_prob[: len(train)].mean(0), log_prob[len(train):].mean(0)


RIGHTS = {
    "t1": [t1_torch, t1_scipy_in_place, t1_loop_as_list, t1_float32, t1_pairwise_differences, t1_categorical,
           t1_cross_entropy],
    "t2": [t2_distributions, t2_scipy_nansum, t2_loop, t2_float32_count_the_seen, t2_rows_of_full_normals,
           t2_nll_loss_negated],
    "t3": [t3_scipy_weights, t3_log_softmax_and_max_shift, t3_loop, t3_float32, t3_numpy_reduce],
    "t4": [t4_autograd, t4_backward_in_float32, t4_numpy, t4_loop, t4_functional_grad],
    "t5": [t5_rel_entr, t5_loop, t5_masses_in_float32, t5_scipy_entropy, t5_cross_entropy_less_entropy],
    "t6": [t6_second_moments, t6_numpy_cov, t6_loop, t6_float32_pairs_of_components, t6_covariance_per_component],
    "t7": [t7_numpy, t7_loss_by_softplus, t7_loop, t7_float32_stack, t7_scipy_in_bits],
    "t8": [t8_scikit_learn, t8_mixture_of_normals, t8_gaussian_mixture, t8_loop, t8_float32_blocks],
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
        noise = np.random.default_rng(0)
        return changed(task.reference, "", lambda v: noise.normal(size=np.shape(v)))(**inputs)

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


ASSIGNMENT = load_assignment(Path(__file__).with_name("ps01_checks.py"))
WRONG = {name: for_all_tasks(task) for name, task in ASSIGNMENT.tasks.items()}


def t1_shares_of_the_logits(logits, temperature):
    scores = (logits / temperature).abs()
    return (scores / scores.sum(1, keepdim=True)).log()


def t1_clamped_logits(logits, temperature):
    return t1_torch(logits.clamp(-700, 700), temperature)


def t1_infinite_taken_for_zero(logits, temperature):
    return torch.nan_to_num(torch.softmax(logits / temperature, 1).log(), neginf=0.0)


def t1_likeliest_class_only(logits, temperature):
    return t1_torch(logits, temperature).amax(1)


def t1_transposed(logits, temperature):
    return t1_torch(logits, temperature).T


def t2_first_coordinate_only(y, mean, log_var):
    return t2_distributions(y[:, :1], mean[:, :1], log_var[:, :1])


def t2_gaps_give_minus_infinity(y, mean, log_var):
    return torch.where(y.isnan().any(1), -math.inf, t2_distributions(y, mean, log_var))


def t2_gaps_give_zero(y, mean, log_var):
    return torch.where(y.isnan().any(1), 0.0, t2_distributions(y, mean, log_var))


def t2_scaled_up_to_all_coordinates(y, mean, log_var):
    share = (~y.isnan()).double().mean(1).clamp_min(1e-9)
    return t2_distributions(y, mean, log_var) / share


def t2_residual_swallows_the_constant(y, mean, log_var):
    return t2_distributions(y, mean, log_var) + 0.5 * log_var.sum(1)


def t3_argmax(log_likelihood, counts):
    log_posterior, log_prob = t3_log_softmax_and_max_shift(log_likelihood, counts)
    return log_posterior.argmax(1), log_prob


def t3_results_swapped(log_likelihood, counts):
    return t3_log_softmax_and_max_shift(log_likelihood, counts)[::-1]


def t3_unseen_class_dropped(log_likelihood, counts):
    return t3_log_softmax_and_max_shift(log_likelihood[:, counts > 0], counts[counts > 0])


def t3_unseen_class_gets_zero(log_likelihood, counts):
    log_posterior, log_prob = t3_log_softmax_and_max_shift(log_likelihood, counts)
    return torch.where(counts > 0, log_posterior, 0.0), log_prob


def t3_clamped_to_float_range(log_likelihood, counts):
    return t3_log_softmax_and_max_shift(log_likelihood.clamp_min(-700), counts)


def t4_scales_and_logs_mixed_up(x, logits, means, log_scales):
    return t4_numpy(x, logits, means, log_scales / 2)


def t4_results_in_another_order(x, logits, means, log_scales):
    loss, d_logits, d_means, d_log_scales = t4_numpy(x, logits, means, log_scales)
    return loss, d_means, d_logits, d_log_scales


def t4_without_the_loss(x, logits, means, log_scales):
    return t4_numpy(x, logits, means, log_scales)[1:]


def t4_gradients_clipped(x, logits, means, log_scales):
    loss, *gradients = t4_numpy(x, logits, means, log_scales)
    return loss, *[np.clip(g, -10, 10) for g in gradients]


def t4_finite_differences_too_coarse(x, logits, means, log_scales):
    out = [t4_numpy(x, logits, means, log_scales)[0]]
    for which in range(3):
        gradient = []
        for k in range(len(means)):
            theta = [logits.clone(), means.clone(), log_scales.clone()]
            theta[which][k] += 0.1
            gradient.append((t4_numpy(x, *theta)[0] - out[0]) / 0.1)
        out.append(gradient)
    return tuple(out)


def t5_jensen_shannon(p_data, p_model, widths):
    middle = (p_data + p_model) / 2
    js = (t5_rel_entr(p_data, middle, widths)[0] + t5_rel_entr(p_model, middle, widths)[0]) / 2
    return js, js


def t5_torch_kl_div(p_data, p_model, widths):
    return (F.kl_div(p_data.log(), p_model, reduction="sum"), F.kl_div(p_model.log(), p_data, reduction="sum"))


def t5_nan_taken_for_zero(p_data, p_model, widths):
    terms = widths * p_data * (p_data / p_model).log(), widths * p_model * (p_model / p_data).log()
    return tuple(torch.nan_to_num(t, nan=0.0, posinf=0.0).sum() for t in terms)


def t5_large_number_for_infinity(p_data, p_model, widths):
    return tuple(min(v, 1e30) for v in t5_rel_entr(p_data, p_model, widths))


def t5_masses_widened_twice(p_data, p_model, widths):
    return t5_rel_entr(p_data * widths, p_model * widths, widths)


def t5_trapezoids(p_data, p_model, widths):
    x = widths.cumsum(0) - widths / 2
    return tuple(torch.trapezoid(torch.where(p > 0, p * (p / q).log(), 0.0), x)
                 for p, q in ((p_data, p_model), (p_model, p_data)))


def t6_spherical(weights, means, scales):
    mean, covariance = t6_second_moments(weights, means, scales)
    return mean, covariance.diagonal().mean() * torch.eye(len(mean), dtype=mean.dtype) + torch.zeros_like(covariance)


def t6_median_component(weights, means, scales):
    return means.median(0).values, t6_second_moments(weights, means, scales)[1]


def t6_cholesky_factor(weights, means, scales):
    mean, covariance = t6_second_moments(weights, means, scales)
    return mean, torch.linalg.cholesky(covariance)


def t6_precision(weights, means, scales):
    mean, covariance = t6_second_moments(weights, means, scales)
    return mean, torch.linalg.inv(covariance)


def t6_mean_only(weights, means, scales):
    return t6_second_moments(weights, means, scales)[0]


def t7_max_for_sum(log_prob_model, log_prob_noise, share, d):
    log_prob = torch.maximum(log_prob_model + math.log(share), log_prob_noise + math.log(1 - share))
    return log_prob, (log_prob_model - log_prob).mean() / d / math.log(2), -math.log2(share) / d


def t7_loss_is_the_bound(log_prob_model, log_prob_noise, share, d):
    log_prob, _, bound = t7_numpy(log_prob_model, log_prob_noise, share, d)
    return log_prob, bound, bound


def t7_log_prob_in_bits_too(log_prob_model, log_prob_noise, share, d):
    log_prob, loss, bound = t7_numpy(log_prob_model, log_prob_noise, share, d)
    return log_prob / math.log(2) / d, loss, bound


def t7_loss_against_the_noise(log_prob_model, log_prob_noise, share, d):
    log_prob, _, bound = t7_numpy(log_prob_model, log_prob_noise, share, d)
    return log_prob, np.mean(log_prob_noise.numpy() - log_prob) / d / math.log(2), bound


def t7_bits_with_a_constant(log_prob_model, log_prob_noise, share, d):
    log_prob, loss, bound = t7_numpy(log_prob_model, log_prob_noise, share, d)
    return log_prob, loss + 8, bound + 8


def t8_one_scale_only(train, held_out, scales):
    return tuple(v[:1].repeat(len(scales)) for v in t8_float32_blocks(train, held_out, scales))


def t8_bumps_at_all_points(train, held_out, scales):
    both = torch.cat([train, held_out])
    everywhere = t8_loop(both, both, scales)[0]
    return everywhere, everywhere


def t8_bumps_at_the_scored_points(train, held_out, scales):
    return t8_loop(train, train, scales)[0], t8_loop(held_out, held_out, scales)[0]


def t8_gap(train, held_out, scales):
    a, b = t8_float32_blocks(train, held_out, scales)
    return a - b


def t8_bits(train, held_out, scales):
    return tuple(v / math.log(2) for v in t8_float32_blocks(train, held_out, scales))


def t8_clamped(train, held_out, scales):
    return tuple(v.clamp_min(-745) for v in t8_float32_blocks(train, held_out, scales))


WRONG["t1"] += [t1_shares_of_the_logits, t1_clamped_logits, t1_infinite_taken_for_zero, t1_likeliest_class_only, t1_transposed]
WRONG["t2"] += [t2_first_coordinate_only, t2_gaps_give_minus_infinity, t2_gaps_give_zero,
                t2_scaled_up_to_all_coordinates, t2_residual_swallows_the_constant]
WRONG["t3"] += [t3_argmax, t3_results_swapped, t3_unseen_class_dropped, t3_unseen_class_gets_zero,
                t3_clamped_to_float_range]
WRONG["t4"] += [t4_scales_and_logs_mixed_up, t4_results_in_another_order, t4_without_the_loss, t4_gradients_clipped,
                t4_finite_differences_too_coarse]
WRONG["t5"] += [t5_jensen_shannon, t5_torch_kl_div, t5_nan_taken_for_zero, t5_large_number_for_infinity,
                t5_masses_widened_twice, t5_trapezoids]
WRONG["t6"] += [t6_spherical, t6_median_component, t6_cholesky_factor, t6_precision, t6_mean_only]
WRONG["t7"] += [t7_max_for_sum, t7_loss_is_the_bound, t7_log_prob_in_bits_too, t7_loss_against_the_noise,
                t7_bits_with_a_constant]
WRONG["t8"] += [t8_one_scale_only, t8_bumps_at_all_points, t8_bumps_at_the_scored_points, t8_gap, t8_bits, t8_clamped]
