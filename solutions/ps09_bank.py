"""The bank of problem set 9: right answers written in other ways, and wrong ones that no slip names.

Every right answer must earn full marks on any draw, and no wrong one may. The right ones use other formulas, other
libraries and other number types than the reference, so they are also its proof.
"""
from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import scipy.optimize
import scipy.special
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid, softplus

from coursekit.checks import load_assignment

# ---------------------------------------------------------------------------------------------------------------------
# t1


def t1_scipy_weighted(log_p, log_g, weights, prior):
    fakes = scipy.special.logsumexp(log_g.numpy(), b=weights.numpy(), axis=1)
    odds = scipy.special.logit(prior)
    with np.errstate(invalid="ignore"):
        logit = log_p.numpy() - fakes + odds
    return np.where(np.isnan(logit), odds, logit)


def t1_loop(log_p, log_g, weights, prior):
    out = []
    for p, row in zip(log_p.tolist(), log_g.tolist(), strict=True):
        logs = [g + math.log(w) for g, w in zip(row, weights.tolist(), strict=True)]
        top = max(logs)
        fake = top + math.log(sum(math.exp(v - top) for v in logs)) if top > -math.inf else -math.inf
        odds = math.log(prior / (1 - prior))
        out.append(odds if p == fake == -math.inf else p - fake + odds)
    return out


def t1_float32_in_place(log_p, log_g, weights, prior):
    log_p, log_g, weights = log_p.float(), log_g.float(), weights.float()
    fakes = log_g.add_(weights.log()).logsumexp(-1).add_(math.log(1 - prior))
    logit = log_p.add_(math.log(prior)).sub_(fakes)
    logit[logit.isnan()] = torch.logit(torch.tensor(prior)).item()
    return logit


def t1_classes(log_p, log_g, weights, prior):
    """One class for the data and one for each generator; then the log-odds of the first against all others."""
    shares = torch.cat([torch.tensor([prior], dtype=weights.dtype), (1 - prior) * weights])
    joint = torch.cat([log_p[:, None], log_g], dim=1) + shares.log()
    joint[joint.isneginf().all(1)] = shares.log()
    return joint[:, 0] - joint[:, 1:].logsumexp(1)


# ---------------------------------------------------------------------------------------------------------------------
# t2


def t2_formulas_in_numpy(logits, kind):
    v = logits.numpy()
    n, sigmoid = len(v), scipy.special.expit
    if kind == "saturating":
        return -np.logaddexp(0, v).mean(), -sigmoid(v) / n
    if kind == "non-saturating":
        return np.logaddexp(0, -v).mean(), -sigmoid(-v) / n
    return -np.exp(v).mean(), -np.exp(v) / n


def t2_cross_entropy_backward(logits, kind):
    logits.requires_grad_()
    if kind == "saturating":
        loss = -binary_cross_entropy_with_logits(logits, torch.zeros_like(logits))
    elif kind == "non-saturating":
        loss = binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
    else:
        loss = -torch.exp(logits).mean()
    loss.backward()
    return loss, logits.grad


def t2_loop(logits, kind):
    def one(v):
        small = math.exp(-abs(v)) if abs(v) < 700 else 0.0
        sigmoid = 1 / (1 + small) if v > 0 else small / (1 + small)
        rise = max(v, 0.0) + math.log1p(small)  # log(1 + exp(v))
        if kind == "maximum likelihood":
            return -math.exp(v), -math.exp(v)
        return (-rise, -sigmoid) if kind == "saturating" else (rise - v, sigmoid - 1)

    pairs = [one(v) for v in logits.tolist()]
    return sum(a for a, _ in pairs) / len(pairs), [b / len(pairs) for _, b in pairs]


def t2_logsigmoid_in_float32(logits, kind):
    v = logits.float().requires_grad_()
    losses = {"saturating": logsigmoid(-v), "non-saturating": -logsigmoid(v), "maximum likelihood": -v.exp()}[kind]
    return losses.mean(), torch.autograd.grad(losses.mean(), v)[0]


# ---------------------------------------------------------------------------------------------------------------------
# t3


def t3_numpy_table(real, fake, divergence):
    real, fake = real.numpy(), fake.numpy()
    root = np.exp(-fake / 2)
    g = {"kl": real, "reverse kl": -np.exp(-real)}.get(divergence, -np.expm1(-real))
    rest = {"kl": np.exp(np.minimum(fake, 9) - 1), "reverse kl": fake - 1, "neyman": 2 - 2 * root}.get(divergence)
    if rest is None:
        root = np.minimum(root, 2)  # the parabola has its vertex, -1, exactly where the slopes of f begin
        rest = root**2 - 4 * root + 3
    return g.mean() - rest.mean()


def t3_by_the_best_ratio(real, fake, divergence):
    """f*(t) = u t - f(u) at the u that v stands for."""
    total = 0.0
    for v in real.tolist():
        total += {"kl": v, "reverse kl": -math.exp(-v)}.get(divergence, 1 - math.exp(-v)) / len(real)
    for v in fake.tolist():
        if divergence == "kl":
            u = math.exp(v - 1)
            value = u * v - u * math.log(u)
        elif divergence == "reverse kl":
            value = -1 + v  # u = exp(v), t = -1 / u, so u t = -1 and -f = v
        elif divergence == "neyman":
            u = math.exp(v / 2)
            value = u * (1 - math.exp(-v)) - (1 - u) ** 2 / u
        else:
            u = max(2 * math.exp(min(v, 60) / 2) - 1, 0.0)
            value = u * (1 - math.exp(-v)) - (u - 1) ** 2 / (u + 1) if 0 < u < 1e9 else 3.0 if u else -1.0
        total -= value / len(fake)
    return total


def t3_float32(real, fake, divergence):
    real, fake = real.float(), fake.float()
    if divergence == "kl":
        return torch.mean(real) - torch.mean(torch.exp(fake)) / math.e
    if divergence == "reverse kl":
        return 1 - torch.exp(-real).mean() - fake.mean()
    s = torch.exp(-0.5 * fake)
    star = 2 * (1 - s) if divergence == "neyman" else (1 - s.clamp(max=2)) * (3 - s.clamp(max=2))
    return (-torch.expm1(-real)).mean() - star.mean()


def t3_conjugates_by_search(real, fake, divergence):
    """No calculus: the maximum over u is searched, where t is not rounded away."""
    f = {"kl": lambda u: scipy.special.xlogy(u, u), "reverse kl": lambda u: -np.log(u),
         "neyman": lambda u: (1 - u) ** 2 / u, "triangular": lambda u: (u - 1) ** 2 / (u + 1)}[divergence]
    g = {"kl": lambda v: v, "reverse kl": lambda v: -np.exp(-v)}.get(divergence, lambda v: 1 - np.exp(-v))

    def star(v):
        if abs(v) > 100:
            return v - 1 if divergence == "reverse kl" else 3.0 if v > 0 else -1.0
        t = g(v)
        found = scipy.optimize.minimize_scalar(lambda s: f(np.exp(s)) - np.exp(s) * t, bounds=(-25, 8),
                                               method="bounded", options={"xatol": 1e-9})
        return -found.fun

    return float(np.mean(g(real.numpy())) - np.mean([star(v) for v in fake.numpy()]))


# ---------------------------------------------------------------------------------------------------------------------
# t4


def t4_autograd(x, y, payoff, rate_x, rate_y, steps, order):
    def slopes(x, y):
        x, y = x.detach().requires_grad_(), y.detach().requires_grad_()
        return torch.autograd.grad(x @ payoff @ y, (x, y))

    xs, ys = [x], [y]
    for _ in range(steps):
        at = x, y
        if order == "extragradient":
            gx, gy = slopes(x, y)
            at = x - rate_x * gx, y + rate_y * gy
        gx, gy = slopes(*at)
        x = x - rate_x * gx
        if order == "alternating":
            gy = slopes(x, y)[1]
        y = y + rate_y * gy
        xs.append(x)
        ys.append(y)
    return torch.stack(xs), torch.stack(ys)


def t4_one_matrix_a_step(x, y, payoff, rate_x, rate_y, steps, order):
    """Every order of play is linear: one step is one matrix on (x, y)."""
    a, m, n = payoff.numpy(), len(x), len(y)
    field = np.block([[np.zeros((m, m)), -rate_x * a], [rate_y * a.T, np.zeros((n, n))]])
    one = np.eye(m + n)
    x_moves, y_moves = field.copy(), field.copy()
    x_moves[m:], y_moves[:m] = 0, 0
    step = {"simultaneous": one + field, "alternating": (one + y_moves) @ (one + x_moves),
            "extragradient": one + field @ (one + field)}[order]
    path = [np.concatenate([x.numpy(), y.numpy()])]
    for _ in range(steps):
        path.append(step @ path[-1])
    return np.stack(path)[:, :m], np.stack(path)[:, m:]


def t4_loops(x, y, payoff, rate_x, rate_y, steps, order):
    a, x, y = payoff.tolist(), x.tolist(), y.tolist()

    def new_x(x, y):
        return [x[i] - rate_x * sum(a[i][j] * y[j] for j in range(len(y))) for i in range(len(x))]

    def new_y(x, y):
        return [y[j] + rate_y * sum(a[i][j] * x[i] for i in range(len(x))) for j in range(len(y))]

    xs, ys = [x], [y]
    for _ in range(steps):
        if order == "simultaneous":
            x, y = new_x(x, y), new_y(x, y)
        elif order == "alternating":
            x = new_x(x, y)
            y = new_y(x, y)
        else:
            far_x, far_y = new_x(x, y), new_y(x, y)
            x, y = ([p + q - r for p, q, r in zip(x, new_x(far_x, far_y), far_x, strict=True)],
                    [p + q - r for p, q, r in zip(y, new_y(far_x, far_y), far_y, strict=True)])
        xs.append(x)
        ys.append(y)
    return xs, ys


def t4_float32_written_into_place(x, y, payoff, rate_x, rate_y, steps, order):
    a = payoff.float()
    xs, ys = torch.empty(steps + 1, len(x)), torch.empty(steps + 1, len(y))
    xs[0], ys[0] = x, y
    for t in range(steps):
        look = (xs[t], ys[t])
        if order == "extragradient":
            look = xs[t] - rate_x * a.mv(ys[t]), ys[t] + rate_y * a.t().mv(xs[t])
        xs[t + 1] = xs[t] - rate_x * a.mv(look[1])
        ys[t + 1] = ys[t] + rate_y * a.t().mv(xs[t + 1] if order == "alternating" else look[0])
    return xs, ys


# ---------------------------------------------------------------------------------------------------------------------
# t5


def t5_modules_and_optimisers(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g):
    critic, generator = nn.Linear(len(w), 1).double(), nn.Linear(len(scale), len(shift)).double()
    with torch.no_grad():
        critic.weight.copy_(w[None])
        critic.bias.fill_(b)
        generator.weight.copy_(scale.T)
        generator.bias.copy_(shift)
    d_opt = torch.optim.SGD(critic.parameters(), rate_d)
    g_opt = torch.optim.SGD(generator.parameters(), rate_g)
    for real, z in zip(x, z_critic, strict=True):
        d_opt.zero_grad()
        on_real, on_fake = critic(real), critic(generator(z).detach())
        (binary_cross_entropy_with_logits(on_real, torch.ones_like(on_real))
         + binary_cross_entropy_with_logits(on_fake, torch.zeros_like(on_fake))).backward()
        d_opt.step()
    g_opt.zero_grad()
    logit = critic(generator(z_generator))
    binary_cross_entropy_with_logits(logit, torch.ones_like(logit)).backward()
    g_opt.step()
    return critic.weight[0], critic.bias[0], generator.weight.T, generator.bias


def t5_by_hand_in_numpy(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g):
    x, zc, zg, w, s, t = (v.numpy() for v in (x, z_critic, z_generator, w, scale, shift))
    sigmoid = scipy.special.expit
    for real, z in zip(x, zc, strict=True):
        fake = z @ s + t
        on_real, on_fake = -sigmoid(-real @ w - b), sigmoid(fake @ w + b)
        w, b = (w - rate_d * ((on_real[:, None] * real).mean(0) + (on_fake[:, None] * fake).mean(0)),
                b - rate_d * (on_real.mean() + on_fake.mean()))
    push = sigmoid(-(zg @ s + t) @ w - b)
    return w, b, s + rate_g * np.outer((push[:, None] * zg).mean(0), w), t + rate_g * push.mean() * w


def t5_float32_functional(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g):
    x, z_critic, z_generator = x.float(), z_critic.float(), z_generator.float()
    critic, generator = (w.float(), torch.tensor(b).float()), (scale.float(), shift.float())

    def d_loss(critic, real, fake):
        return softplus(-(real @ critic[0]) - critic[1]).mean() + softplus(fake @ critic[0] + critic[1]).mean()

    def g_loss(generator, critic):
        return softplus(-((z_generator @ generator[0] + generator[1]) @ critic[0] + critic[1])).mean()

    for i in range(len(x)):
        steps = torch.func.grad(d_loss)(critic, x[i], z_critic[i] @ generator[0] + generator[1])
        critic = tuple(p - rate_d * g for p, g in zip(critic, steps, strict=True))
    steps = torch.func.grad(g_loss)(generator, critic)
    return (*critic, *(p - rate_g * g for p, g in zip(generator, steps, strict=True)))


def t5_requires_grad_switched(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g):
    b = torch.tensor(b, dtype=w.dtype)
    d_parameters, g_parameters = (w, b), (scale, shift)

    def freeze(players, frozen):
        for p in players:
            p.requires_grad_(not frozen)
            p.grad = None

    def step(players, rate):
        with torch.no_grad():
            for p in players:
                p -= rate * p.grad

    freeze(g_parameters, True)
    for i in range(x.shape[0]):
        freeze(d_parameters, False)
        real, fake = x[i] @ w + b, (z_critic[i] @ scale + shift) @ w + b
        (-logsigmoid(real).mean() - logsigmoid(-fake).mean()).backward()
        step(d_parameters, rate_d)
    freeze(d_parameters, True)
    freeze(g_parameters, False)
    (-logsigmoid((z_generator @ scale + shift) @ w + b).mean()).backward()
    step(g_parameters, rate_g)
    return w, b, scale, shift


# ---------------------------------------------------------------------------------------------------------------------
# t6


def t6_numpy(real, fake, real_seen, fake_seen, clip):
    real, fake = real.numpy()[~real_seen.numpy()], fake.numpy()[~fake_seen.numpy()]
    a, b = -np.logaddexp(0, -np.clip(real, -clip, clip)), -np.logaddexp(0, np.clip(fake, -clip, clip))
    js = 0.5 * (a.mean() + b.mean()) + np.log(2)
    return js, 0.5 * np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))


def t6_loop(real, fake, real_seen, fake_seen, clip):
    def terms(logits, seen, sign):
        kept = [max(-clip, min(clip, v)) for v, s in zip(logits.tolist(), seen.tolist(), strict=True) if not s]
        return [-math.log(1 + math.exp(-sign * v)) for v in kept]

    parts = terms(real, real_seen, 1), terms(fake, fake_seen, -1)
    means = [sum(p) / len(p) for p in parts]
    squares = [sum((v - m) ** 2 for v in p) / (len(p) - 1) / len(p) for p, m in zip(parts, means, strict=True)]
    return [(sum(means) + 2 * math.log(2)) / 2, math.sqrt(sum(squares)) / 2]


def t6_cross_entropy_in_float32(real, fake, real_seen, fake_seen, clip):
    real, fake = (torch.clip(v[torch.logical_not(s)].float(), -clip, clip) for v, s in
                  ((real, real_seen), (fake, fake_seen)))
    a = binary_cross_entropy_with_logits(real, torch.ones_like(real), reduction="none")
    b = binary_cross_entropy_with_logits(fake, torch.zeros_like(fake), reduction="none")
    error = torch.hypot(a.std() / len(a) ** 0.5, b.std() / len(b) ** 0.5) / 2
    return math.log(2) - (a.mean() + b.mean()) / 2, error


def t6_log_of_the_probability(real, fake, real_seen, fake_seen, clip):
    d_real = torch.sigmoid(real.clamp_(-clip, clip))[real_seen == 0]
    d_fake = torch.sigmoid(fake.clamp_(-clip, clip))[fake_seen == 0]
    a, b = torch.log(2 * d_real), torch.log(2 * (1 - d_fake))
    var = [((v - v.mean()) ** 2).sum() / (len(v) * (len(v) - 1)) for v in (a, b)]
    return a.mean() / 2 + b.mean() / 2, (sum(var) / 4) ** 0.5


RIGHTS = {
    "t1": [t1_scipy_weighted, t1_loop, t1_float32_in_place, t1_classes],
    "t2": [t2_formulas_in_numpy, t2_cross_entropy_backward, t2_loop, t2_logsigmoid_in_float32],
    "t3": [t3_numpy_table, t3_by_the_best_ratio, t3_float32, t3_conjugates_by_search],
    "t4": [t4_autograd, t4_one_matrix_a_step, t4_loops, t4_float32_written_into_place],
    "t5": [t5_modules_and_optimisers, t5_by_hand_in_numpy, t5_float32_functional, t5_requires_grad_switched],
    "t6": [t6_numpy, t6_loop, t6_cross_entropy_in_float32, t6_log_of_the_probability],
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
        changed(task.reference, "random_numbers", torch.randn_like),
        changed(task.reference, "zeros", torch.zeros_like),
        changed(task.reference, "ones", torch.ones_like),
        changed(task.reference, "nan", lambda v: v * math.nan),
        changed(task.reference, "one_percent_too_much", lambda v: 1.01 * v),
        changed(task.reference, "one_axis_too_many", lambda v: v[None]),
        changed(task.reference, "sign_flipped", lambda v: -v),
        changed(task.reference, "text", str),
    ]


ASSIGNMENT = load_assignment(Path(__file__).with_name("ps09_checks.py"))
WRONG = {name: for_all_tasks(task) for name, task in ASSIGNMENT.tasks.items()}


def t1_newest_generator_only(log_p, log_g, weights, prior):
    return t1_scipy_weighted(log_p, log_g[:, -1:], torch.ones(1).double(), prior)


def t1_infinities_made_finite(log_p, log_g, weights, prior):
    return torch.nan_to_num(torch.as_tensor(t1_scipy_weighted(log_p, log_g, weights, prior)))


def t1_likeliest_generator_only(log_p, log_g, weights, prior):
    fakes = (log_g + weights.log()).max(1).values
    return torch.nan_to_num(log_p - fakes, nan=0.0, posinf=math.inf, neginf=-math.inf) + math.log(prior / (1 - prior))


def t2_one_kind_for_all(logits, kind):
    return t2_formulas_in_numpy(logits, "non-saturating")


def t2_loss_alone(logits, kind):
    return t2_formulas_in_numpy(logits, kind)[0]


def t2_logits_clamped(logits, kind):
    return t2_formulas_in_numpy(logits.clamp(-20, 20), kind)


def t3_kl_for_all(real, fake, divergence):
    return t3_float32(real, fake, "kl")


def t3_outputs_clamped(real, fake, divergence):
    return t3_float32(real.clamp(-20, 20), fake.clamp(-20, 20), divergence)


def t3_activation_of_neyman_for_all(real, fake, divergence):
    return torch.as_tensor(t3_float32(real, fake, divergence)) * 0 + t3_float32(real, fake, "neyman")


def t4_signs_of_the_look_ahead(x, y, payoff, rate_x, rate_y, steps, order):
    if order != "extragradient":
        return t4_autograd(x, y, payoff, rate_x, rate_y, steps, order)
    xs, ys = [x], [y]
    for _ in range(steps):
        at = x + rate_x * payoff @ y, y - rate_y * payoff.T @ x
        x, y = x - rate_x * payoff @ at[1], y + rate_y * payoff.T @ at[0]
        xs.append(x)
        ys.append(y)
    return torch.stack(xs), torch.stack(ys)


def t4_one_step_too_many(x, y, payoff, rate_x, rate_y, steps, order):
    xs, ys = t4_autograd(x, y, payoff, rate_x, rate_y, steps + 1, order)
    return xs[1:], ys[1:]


def t4_one_rate(x, y, payoff, rate_x, rate_y, steps, order):
    return t4_autograd(x, y, payoff, rate_x, rate_x, steps, order)


def t4_players_exchanged_in_the_result(x, y, payoff, rate_x, rate_y, steps, order):
    return t4_autograd(x, y, payoff, rate_x, rate_y, steps, order)[::-1]


def t5_rates_swapped(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g):
    return t5_by_hand_in_numpy(x, z_critic, z_generator, w, b, scale, shift, rate_g, rate_d)


def t5_generator_does_not_move(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g):
    return (*t5_by_hand_in_numpy(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g)[:2], scale, shift)


def t5_offset_forgotten(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g):
    new_w, _, *generator = t5_by_hand_in_numpy(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g)
    return (new_w, b, *generator)


def t5_adam(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g):
    right = t5_by_hand_in_numpy(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g)
    start = w.numpy(), b, scale.numpy(), shift.numpy()
    rates = rate_d, rate_d, rate_g, rate_g
    return tuple(s + r * np.sign(v - s) for s, v, r in zip(start, right, rates, strict=True))


def t6_estimate_alone(real, fake, real_seen, fake_seen, clip):
    return t6_numpy(real, fake, real_seen, fake_seen, clip)[0]


def t6_bits(real, fake, real_seen, fake_seen, clip):
    return tuple(v / math.log(2) for v in t6_numpy(real, fake, real_seen, fake_seen, clip))


def t6_error_of_the_data_alone(real, fake, real_seen, fake_seen, clip):
    js, _ = t6_numpy(real, fake, real_seen, fake_seen, clip)
    a = -np.logaddexp(0, -np.clip(real.numpy()[~real_seen.numpy()], -clip, clip))
    return js, 0.5 * a.std(ddof=1) / len(a) ** 0.5


WRONG["t1"] += [t1_newest_generator_only, t1_infinities_made_finite, t1_likeliest_generator_only]
WRONG["t2"] += [t2_one_kind_for_all, t2_loss_alone, t2_logits_clamped]
WRONG["t3"] += [t3_kl_for_all, t3_outputs_clamped, t3_activation_of_neyman_for_all]
WRONG["t4"] += [t4_signs_of_the_look_ahead, t4_one_step_too_many, t4_one_rate, t4_players_exchanged_in_the_result]
WRONG["t5"] += [t5_rates_swapped, t5_generator_does_not_move, t5_offset_forgotten, t5_adam]
WRONG["t6"] += [t6_estimate_alone, t6_bits, t6_error_of_the_data_alone]
