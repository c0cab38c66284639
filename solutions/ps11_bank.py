"""The bank of problem set 11: right answers written in other ways, and wrong ones that no slip names.

Every right answer must earn full marks on any draw, and no wrong one may. The right ones use other formulas, other
libraries and other number types than the reference, so they are also its proof.
"""
from __future__ import annotations

import itertools
import math
from collections import Counter
from pathlib import Path

import numpy as np
import scipy.spatial
import scipy.special
import scipy.stats
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid, softplus

from coursekit.checks import load_assignment

# ---------------------------------------------------------------------------------------------------------------------
# t1


def t1_loops(x, means, scales, weights, enough):
    served, good = Counter(), Counter()
    means, scales, weights = means.tolist(), scales.tolist(), weights.tolist()
    for point in x.tolist():
        units = [math.dist(point, mean) / scale for mean, scale in zip(means, scales, strict=True)]
        k = units.index(min(units))
        served[k] += 1
        good[k] += units[k] <= 3
    n = len(x)
    kl = sum(c / n * math.log(c / n / weights[k]) for k, c in served.items())
    return sum(c >= enough for c in good.values()), good.total() / n, kl


def t1_numpy_bincount(x, means, scales, weights, enough):
    units = scipy.spatial.distance.cdist(x.numpy(), means.numpy()) / scales.numpy()
    mode, own = units.argmin(1), units.min(1)
    served = np.bincount(mode, minlength=len(means)) / len(x)
    good = np.bincount(mode[own <= 3], minlength=len(means))
    return (good >= enough).sum(), good.sum() / len(x), scipy.special.rel_entr(served, weights.numpy()).sum()


def t1_float32_squares(x, means, scales, weights, enough):
    x, means, scales, weights = (v.float() for v in (x, means, scales, weights))
    squared = ((x[:, None, :] - means[None]) / scales[:, None]).pow(2).sum(-1)
    best, mode = squared.min(dim=1)
    inside = best <= 9
    served = torch.zeros_like(scales).index_add_(0, mode, torch.ones_like(best)) / len(x)
    good = torch.zeros_like(scales).index_add_(0, mode, inside.float())
    present = served > 0
    kl = (served[present] * (served[present].log() - weights[present].log())).sum()
    return torch.stack([(good >= enough).sum().float(), inside.float().mean(), kl])


def t1_by_modes(x, means, scales, weights, enough):
    """One mode after the other; the entropy and the cross-entropy apart."""
    units = torch.cdist(x, means, compute_mode="donot_use_mm_for_euclid_dist") / scales
    modes, good_points, entropy, cross = 0, 0, 0.0, 0.0
    for k in range(len(means)):
        mine = units.argmin(1) == k
        good = int((mine & (units[:, k] <= 3)).sum())
        share = mine.double().mean().item()
        modes, good_points = modes + (good >= enough), good_points + good
        if share:
            entropy, cross = entropy - share * math.log(share), cross - share * math.log(weights[k])
    return [modes, good_points / len(x), cross - entropy]


# ---------------------------------------------------------------------------------------------------------------------
# t2


def t2_loops(x, real, m, first, second):
    packs, labels, losses = [], [], {1: [], 0: []}
    for kind in (1, 0):
        points = [p for p, r in zip(x.tolist(), real.tolist(), strict=True) if r == kind]
        while len(points) >= m:
            pack, points = [v for point in points[:m] for v in point], points[m:]
            packs.append(pack)
            labels.append(kind)
            hidden = [math.tanh(sum(a * b for a, b in zip(pack, column, strict=True))) for column in first.T.tolist()]
            logit = sum(a * b for a, b in zip(hidden, second.tolist(), strict=True))
            losses[kind].append(math.log(1 + math.exp(-logit if kind else logit)))
    return packs, labels, sum(sum(v) / len(v) for v in losses.values())


def t2_numpy_split(x, real, m, first, second):
    x, real = x.numpy(), real.numpy()
    parts = [x[mask][: mask.sum() // m * m].reshape(-1, m * x.shape[1]) for mask in (real, ~real)]
    a, b = (np.tanh(part @ first.numpy()) @ second.numpy() for part in parts)
    labels = np.repeat([1, 0], [len(a), len(b)])
    return np.vstack(parts), labels, np.logaddexp(0, -a).mean() + np.logaddexp(0, b).mean()


def t2_cross_entropy_in_float32(x, real, m, first, second):
    x = x.float()
    groups = [torch.stack([g.reshape(-1) for g in x[keep].split(m) if len(g) == m]) for keep in (real, real.logical_not())]
    packs = torch.cat(groups)
    labels = torch.cat([torch.ones(len(groups[0])), torch.zeros(len(groups[1]))])
    logits = torch.tanh(packs @ first.float()) @ second.float()
    each = binary_cross_entropy_with_logits(logits, labels, reduction="none")
    return packs, labels, each[labels > 0].mean() + each[labels < 1].mean()


def t2_one_slot_after_the_other(x, real, m, first, second):
    """Slot i of all packs at once; the critic's first layer as a sum over slots."""
    d, out = x.shape[1], []
    blocks = first.reshape(m, d, -1)
    for keep in (real, ~real):
        points = x[keep]
        count = len(points) // m
        slots = [points[i: count * m: m] for i in range(m)]
        logit = sum(slot @ block for slot, block in zip(slots, blocks, strict=True)).tanh() @ second
        out.append((torch.cat(slots, dim=1), logit))
    (a, on_real), (b, on_fake) = out
    labels = [True] * len(a) + [False] * len(b)
    return torch.cat([a, b]), labels, -logsigmoid(on_real).mean() - logsigmoid(-on_fake).mean()


# ---------------------------------------------------------------------------------------------------------------------
# t3


def t3_scipy_multinomial(p, q, m):
    p, q = p.numpy() / p.numpy().sum(), q.numpy() / q.numpy().sum()
    if len(p) == 2:
        i = np.arange(m + 1)
        return abs(scipy.stats.binom.pmf(i, m, p[0]) - scipy.stats.binom.pmf(i, m, q[0])).sum() / 2
    rows = [c for c in itertools.product(range(m + 1), repeat=len(p) - 1) if sum(c) <= m]
    counts = np.array([(*c, m - sum(c)) for c in rows])
    return 0.5 * abs(scipy.stats.multinomial.pmf(counts, m, p) - scipy.stats.multinomial.pmf(counts, m, q)).sum()


def t3_every_pack_or_logs(p, q, m):
    """Small packs as the definition says, one by one; large ones by their counts, in logarithms."""
    p, q = p.tolist(), q.tolist()
    if m <= 8:
        pairs = ((math.prod(p[i] for i in pack), math.prod(q[i] for i in pack))
                 for pack in itertools.product(range(len(p)), repeat=m))
        return sum(abs(a - b) for a, b in pairs) / 2
    total = 0.0
    for c in itertools.product(range(m + 1), repeat=len(p) - 1):
        c = (*c, m - sum(c))
        if c[-1] < 0:
            continue
        ways = math.lgamma(m + 1) - sum(math.lgamma(i + 1) for i in c)
        a, b = (math.exp(ways + sum(i * math.log(v) for i, v in zip(c, table, strict=True))) for table in (p, q))
        total += abs(a - b)
    return total / 2


def t3_best_event(p, q, m):
    """TV as the gain of the best event, {p^m > q^m}; the two laws of the counts by repeated convolution."""
    def law(table):
        k = len(table)
        grid = np.ones((1,) * (k - 1))
        for _ in range(m):
            wider = np.zeros([s + 1 for s in grid.shape])
            for i in range(k):
                at = tuple(slice(1, None) if j == i else slice(0, -1) for j in range(k - 1))
                wider[at] += table[i] * grid
            grid = wider
        return grid

    a, b = law(p.tolist()), law(q.tolist())
    return (a - b)[a > b].sum()


def t3_whole_numbers(p, q, m):
    """Exact counts of orders as Python integers; the logarithm only of the product."""
    def types(k, left):
        if k == 1:
            yield (left,)
            return
        for i in range(left + 1):
            for rest in types(k - 1, left - i):
                yield (i, *rest)

    def probability(table, counts, log_ways):
        if any(v == 0 and c for v, c in zip(table, counts, strict=True)):
            return 0.0
        return math.exp(log_ways + sum(c * math.log(v) for v, c in zip(table, counts, strict=True) if c))

    p, q, same = p.tolist(), q.tolist(), 0.0
    for counts in types(len(p), m):
        left, ways = m, 1
        for c in counts:
            ways, left = ways * math.comb(left, c), left - c
        log_ways = math.log(ways)
        same += min(probability(p, counts, log_ways), probability(q, counts, log_ways))
    return 1 - same


# ---------------------------------------------------------------------------------------------------------------------
# t4


def t4_loops(features, tensor, real):
    n, kernels = len(features), tensor.shape[1]
    vectors = np.tensordot(features.numpy(), tensor.numpy(), 1)
    out = []
    for i in range(n):
        others = [j for j in range(n) if j != i and bool(real[i]) == bool(real[j])]
        row = [sum(math.exp(-sum(abs(vectors[i, b] - vectors[j, b]))) for j in others) / max(len(others), 1)
               for b in range(kernels)]
        out.append([*features[i].tolist(), *row])
    return out


def t4_cdist_kind_by_kind(features, tensor, real):
    a, b, c = tensor.shape
    vectors = (features @ tensor.reshape(a, b * c)).reshape(-1, b, c)
    near = torch.zeros(len(features), b, dtype=features.dtype)
    for kind in (True, False):
        mine = (real == kind).nonzero()[:, 0]
        if len(mine) > 1:
            group = vectors[mine].transpose(0, 1).contiguous()
            near[mine] = ((torch.exp(-torch.cdist(group, group, p=1)).sum(2) - 1) / (len(mine) - 1)).T
    return torch.cat((features, near), dim=-1)


def t4_float32_masked_weights(features, tensor, real):
    f, t = features.float(), tensor.float()
    kind = torch.where(real, 1.0, -1.0)
    share = (torch.outer(kind, kind) > 0).float().fill_diagonal_(0)
    share = share / share.sum(1, keepdim=True).clamp(min=1)
    parts = [f]
    for b in range(t.shape[1]):
        v = f @ t[:, b]
        size = (v[:, None] - v[None]).abs().sum(-1)
        parts.append((share * torch.exp(-size)).sum(1, keepdim=True))
    return torch.hstack(parts)


def t4_numpy_broadcast(features, tensor, real):
    f, t, r = features.numpy(), tensor.numpy(), real.numpy()
    v = np.einsum("na,abc->nbc", f, t)
    size = np.abs(v[:, None] - v[None]).sum(-1)
    same = (r[:, None] == r[None]) & ~np.eye(len(r), dtype=bool)
    total = np.where(same[..., None], np.exp(-size), 0.0).sum(1)
    with np.errstate(invalid="ignore"):
        return np.hstack([f, np.nan_to_num(total / same.sum(1)[:, None])])


# ---------------------------------------------------------------------------------------------------------------------
# t5


def t5_forward_sensitivities(fakes, data, phi, centres, width, rate_d, rate_g, k):
    """No autograd: the derivative of the critic by each fake is carried along with the critic."""
    x, y, c = fakes.numpy(), data.numpy(), centres.numpy()
    sigmoid, n, phi = scipy.special.expit, len(fakes), phi.numpy()

    def bumps(v):
        return np.exp(-((v[:, None] - c) ** 2) / (2 * width**2))

    on_data, on_fakes = bumps(y), bumps(x)
    slopes = -(x[:, None] - c) / width**2 * on_fakes  # (n, J), of each bump at each fake

    def gradient(phi):
        return -on_data.T @ sigmoid(-on_data @ phi) / len(y) + on_fakes.T @ sigmoid(on_fakes @ phi) / n

    ahead, by_fake = phi, np.zeros((len(phi), n))
    for _ in range(k):
        s, r = sigmoid(on_fakes @ ahead), sigmoid(on_data @ ahead)
        hessian = (on_data.T * (r * (1 - r))) @ on_data / len(y) + (on_fakes.T * (s * (1 - s))) @ on_fakes / n
        mixed = (slopes * s[:, None] + on_fakes * (s * (1 - s) * (slopes @ ahead))[:, None]).T / n
        ahead, by_fake = ahead - rate_d * gradient(ahead), by_fake - rate_d * (hessian @ by_fake + mixed)
    push = -sigmoid(-on_fakes @ ahead) / n
    slope = push * (slopes @ ahead) + (push @ on_fakes) @ by_fake
    return x - rate_g * slope, phi - rate_d * gradient(phi)


def t5_functional(fakes, data, phi, centres, width, rate_d, rate_g, k):
    def logits(x, phi):
        return (-(x[:, None] - centres).square() / (2 * width * width)).exp() @ phi

    def d_loss(phi, x):
        return -logsigmoid(logits(data, phi)).mean() - logsigmoid(-logits(x, phi)).mean()

    def step(phi, x):
        return phi - rate_d * torch.func.grad(d_loss)(phi, x)

    def g_loss(x):
        ahead = phi
        for _ in range(k):
            ahead = step(ahead, x)
        return -logsigmoid(logits(x, ahead)).mean()

    return fakes - rate_g * torch.func.grad(g_loss)(fakes), step(phi, fakes)


def t5_central_differences(fakes, data, phi, centres, width, rate_d, rate_g, k):
    """Nothing is differentiated by the generator's side: its loss is evaluated at moved fakes."""
    x, y, c, phi = fakes.numpy(), data.numpy(), centres.numpy(), phi.numpy()

    def bumps(v):
        return np.exp(-((v[:, None] - c[None]) ** 2) / (2 * width**2))

    def step(phi, x):
        a, b = bumps(y), bumps(x)
        return phi - rate_d * ((b * scipy.special.expit(b @ phi)[:, None]).mean(0)
                               - (a * scipy.special.expit(-a @ phi)[:, None]).mean(0))

    def g_loss(x):
        ahead = phi
        for _ in range(k):
            ahead = step(ahead, x)
        return np.logaddexp(0, -bumps(x) @ ahead).mean()

    h = 1e-5
    slope = [(g_loss(x + h * e) - g_loss(x - h * e)) / (2 * h) for e in np.eye(len(x))]
    return x - rate_g * np.array(slope), step(phi, x)


def t5_autograd_in_float32(fakes, data, phi, centres, width, rate_d, rate_g, k):
    x, y, c = fakes.float().requires_grad_(), data.float(), centres.float()
    start = phi.float().requires_grad_()
    states = [start]

    def d_loss(critic):
        on_real, on_fake = (torch.exp(-0.5 * ((v.unsqueeze(1) - c) / width) ** 2).mv(critic) for v in (y, x))
        return softplus(-on_real).mean() + softplus(on_fake).mean()

    for _ in range(k):
        (gradient,) = torch.autograd.grad(d_loss(states[-1]), states[-1], create_graph=True)
        states.append(states[-1] - rate_d * gradient)
    (own,) = torch.autograd.grad(d_loss(start), start)
    loss = softplus(-torch.exp(-0.5 * ((x.unsqueeze(1) - c) / width) ** 2).mv(states[-1])).mean()
    loss.backward()
    return x - rate_g * x.grad, start - rate_d * own


# ---------------------------------------------------------------------------------------------------------------------
# t6


def t6_loops(modes, kl, plain_modes, plain_kl, level):
    wins, p = [], []
    for row, uneven in zip(modes.tolist(), kl.tolist(), strict=True):
        ours, theirs = ([(a, -b) for a, b in zip(*pair, strict=True)]
                        for pair in ((row, uneven), (plain_modes.tolist(), plain_kl.tolist())))
        won = sum(a > b for a, b in zip(ours, theirs, strict=True))
        n = won + sum(a < b for a, b in zip(ours, theirs, strict=True))
        wins.append(won)
        p.append(sum(math.comb(n, i) for i in range(won, n + 1)) / 2**n)
    beats, left = [False] * len(p), len(p)
    for i in sorted(range(len(p)), key=lambda i: p[i]):
        if p[i] > level / left:
            break
        beats[i], left = True, left - 1
    return wins, p, beats


def t6_binomtest(modes, kl, plain_modes, plain_kl, level):
    better = (modes > plain_modes) | ((modes == plain_modes) & (kl < plain_kl))
    worse = (modes < plain_modes) | ((modes == plain_modes) & (kl > plain_kl))
    wins, losses = better.sum(1).numpy(), worse.sum(1).numpy()
    p = np.array([scipy.stats.binomtest(int(a), int(a + b), alternative="greater").pvalue if a + b else 1.0
                  for a, b in zip(wins, losses, strict=True)])
    order = p.argsort()
    corrected = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))  # Holm's adjusted p-values
    beats = np.empty(len(p), bool)
    beats[order] = corrected <= level
    return wins, p, beats


def t6_one_score_in_float32(modes, kl, plain_modes, plain_kl, level):
    """KL is far below 100 here, so that one number orders modes first; the tail as an incomplete beta function."""
    gap = (100 * modes.float() - kl.float()) - (100 * plain_modes.float() - plain_kl.float())
    wins, n = (gap > 0).sum(1), (gap != 0).sum(1)
    p = torch.tensor([scipy.special.betainc(w, m - w + 1, 0.5) if w else 1.0 for w, m in zip(wins.tolist(), n.tolist(),
                                                                                            strict=True)])
    smaller = (p[None] < p[:, None]).sum(1)  # equal p-values fall or stand together with the first of them
    allowed = p <= level / (len(p) - smaller)
    first_failure = torch.where(allowed, torch.inf, p).min()
    return wins.double(), p, p < first_failure


RIGHTS = {
    "t1": [t1_loops, t1_numpy_bincount, t1_float32_squares, t1_by_modes],
    "t2": [t2_loops, t2_numpy_split, t2_cross_entropy_in_float32, t2_one_slot_after_the_other],
    "t3": [t3_scipy_multinomial, t3_every_pack_or_logs, t3_best_event, t3_whole_numbers],
    "t4": [t4_loops, t4_cdist_kind_by_kind, t4_float32_masked_weights, t4_numpy_broadcast],
    "t5": [t5_forward_sensitivities, t5_functional, t5_central_differences, t5_autograd_in_float32],
    "t6": [t6_loops, t6_binomtest, t6_one_score_in_float32],
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
        changed(task.reference, "random_numbers", lambda v: torch.randn(v.shape)),
        changed(task.reference, "zeros", torch.zeros_like),
        changed(task.reference, "ones", torch.ones_like),
        changed(task.reference, "nan", lambda v: v * math.nan),
        changed(task.reference, "one_percent_too_much", lambda v: 1.01 * v),
        changed(task.reference, "one_axis_too_many", lambda v: v[None]),
        changed(task.reference, "sign_flipped", lambda v: -v.double()),
        changed(task.reference, "text", str),
    ]


ASSIGNMENT = load_assignment(Path(__file__).with_name("ps11_checks.py"))
WRONG = {name: for_all_tasks(task) for name, task in ASSIGNMENT.tasks.items()}


def t1_the_library(x, means, scales, weights, enough):
    """coursekit's protocol is that of modes of one width: pasted, it does not fit."""
    from coursekit.distributions import NormalMixture
    from coursekit.evaluation.modes import count_modes

    found = count_modes(x, NormalMixture(weights, means, scales=scales))
    return found.count, found.high_quality, found.kl


def t1_total_variation(x, means, scales, weights, enough):
    units = torch.cdist(x, means) / scales
    served = torch.bincount(units.argmin(1), minlength=len(means)) / len(x)
    return (*t1_loops(x, means, scales, weights, enough)[:2], (served - weights).abs().sum() / 2)


def t1_points_in_any_ball(x, means, scales, weights, enough):
    """Points of low quality are dropped before anything else."""
    kept = x[(torch.cdist(x, means) / scales).amin(1) <= 3]
    return t1_loops(kept, means, scales, weights, enough)


def t2_the_library(x, real, m, first, second):
    from coursekit.gans.packing import pack

    packs = pack(x[: len(x) // m * m], m)
    return packs, real[: len(packs) * m: m], softplus(-(torch.tanh(packs @ first) @ second)).mean()


def t2_mean_of_the_points_in_a_pack(x, real, m, first, second):
    packs, labels, _ = t2_numpy_split(x, real, m, first, second)
    smeared = np.tile(packs.reshape(len(packs), m, -1).mean(1), m)
    logit = np.tanh(smeared @ first.numpy()) @ second.numpy()
    return packs, labels, np.logaddexp(0, -logit[labels == 1]).mean() + np.logaddexp(0, logit[labels == 0]).mean()


def t2_critic_without_tanh(x, real, m, first, second):
    packs, labels, _ = t2_numpy_split(x, real, m, first, second)
    logit = packs @ first.numpy() @ second.numpy()
    return packs, labels, np.logaddexp(0, -logit[labels == 1]).mean() + np.logaddexp(0, logit[labels == 0]).mean()


def t2_fakes_last_come_reversed(x, real, m, first, second):
    return t2_numpy_split(torch.cat([x[real], x[~real].flip(0)]), torch.cat([real[real], real[~real]]), m, first, second)


def t3_power_of_the_distance(p, q, m):
    return ((p - q).abs().sum() / 2) ** (1 / m)


def t3_large_packs_given_up(p, q, m):
    return t3_every_pack_or_logs(p, q, m) if m <= 8 else 1.0


def t3_kullback_leibler_bound(p, q, m):
    return (m * torch.special.xlogy(p, p / q.clamp_min(1e-12)).sum() / 2).sqrt()


def t4_the_library(features, tensor, real):
    from coursekit.gans.minibatch_discrimination import MinibatchDiscrimination

    a, b, c = tensor.shape
    layer = MinibatchDiscrimination(a, b, c).double()
    with torch.no_grad():
        layer.project.weight.copy_(tensor.reshape(a, b * c).T)
    return layer(features)


def t4_library_kind_by_kind_with_one(features, tensor, real):
    """Right but for a single point, which gets a closeness of 1."""
    out = torch.as_tensor(t4_numpy_broadcast(features, tensor, real))
    for kind in (True, False):
        if int((real == kind).sum()) == 1:
            out[real == kind, features.shape[1]:] = 1.0
    return out


def t4_tensor_flattened_the_wrong_way(features, tensor, real):
    a, b, c = tensor.shape
    return t4_numpy_broadcast(features, tensor.transpose(1, 2).reshape(a, b, c), real)


def t5_adam(fakes, data, phi, centres, width, rate_d, rate_g, k):
    x, critic = t5_functional(fakes, data, phi, centres, width, rate_d, rate_g, k)
    return fakes + rate_g * (x - fakes).sign(), phi + rate_d * (critic - phi).sign()


def t5_width_not_squared(fakes, data, phi, centres, width, rate_d, rate_g, k):
    return t5_functional(fakes, data, phi, centres, width**0.5, rate_d, rate_g, k)


def t5_generator_alone(fakes, data, phi, centres, width, rate_d, rate_g, k):
    return t5_functional(fakes, data, phi, centres, width, rate_d, rate_g, k)[0]


def t5_players_exchanged_in_the_result(fakes, data, phi, centres, width, rate_d, rate_g, k):
    return t5_functional(fakes, data, phi, centres, width, rate_d, rate_g, k)[::-1]


def t6_medians_compared(modes, kl, plain_modes, plain_kl, level):
    wins, p, _ = t6_loops(modes, kl, plain_modes, plain_kl, level)
    return wins, p, modes.double().median(1).values > plain_modes.double().median()


def t6_level_unused(modes, kl, plain_modes, plain_kl, level):
    return t6_loops(modes, kl, plain_modes, plain_kl, 0.05 if level != 0.05 else 0.01)


def t6_hochberg(modes, kl, plain_modes, plain_kl, level):
    """The step-up cousin of Holm: it starts from the largest p-value."""
    wins, p, _ = t6_loops(modes, kl, plain_modes, plain_kl, level)
    order = sorted(range(len(p)), key=lambda i: p[i])
    passes = [p[i] <= level / (len(p) - rank) for rank, i in enumerate(order)]
    last = max((rank for rank, ok in enumerate(passes) if ok), default=-1)
    beats = [False] * len(p)
    for rank in range(last + 1):
        beats[order[rank]] = True
    return wins, p, beats


def t6_t_test(modes, kl, plain_modes, plain_kl, level):
    wins, _, beats = t6_loops(modes, kl, plain_modes, plain_kl, level)
    with np.errstate(all="ignore"):
        p = scipy.stats.ttest_rel(modes.double().numpy(), plain_modes.double().numpy(), axis=1, alternative="greater").pvalue
    return wins, p, beats


WRONG["t1"] += [t1_the_library, t1_total_variation, t1_points_in_any_ball]
WRONG["t2"] += [t2_the_library, t2_mean_of_the_points_in_a_pack, t2_critic_without_tanh, t2_fakes_last_come_reversed]
WRONG["t3"] += [t3_power_of_the_distance, t3_large_packs_given_up, t3_kullback_leibler_bound]
WRONG["t4"] += [t4_the_library, t4_library_kind_by_kind_with_one, t4_tensor_flattened_the_wrong_way]
WRONG["t5"] += [t5_adam, t5_width_not_squared, t5_generator_alone, t5_players_exchanged_in_the_result]
WRONG["t6"] += [t6_medians_compared, t6_level_unused, t6_hochberg, t6_t_test]
