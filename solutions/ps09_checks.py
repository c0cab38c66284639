"""The checks of problem set 9, "The GAN game".

Per task: the reference, the slips, the cases. A slip is the reference with one classic mistake; one private function
a task holds the lines, and a keyword switches each mistake on. Cases are drawn so that float32 answers pass and every
slip shows in any draw; what a draw must fulfil for that stands beside it.
"""
from __future__ import annotations

import math
from functools import partial

import numpy as np
import torch
from torch.nn.functional import logsigmoid, softplus

from coursekit.checks import Case, Slip, Task, call

LOG_4 = math.log(4)
ATOL = 1e-4
FORBIDS = ("coursekit.gans", "coursekit.distances")


def in_steps(values):
    """Rounded to multiples of 1/64: float32 holds them exactly up to a hundred thousand."""
    return np.round(np.asarray(values) * 64) / 64


def away_from(rng, low, high, size=None):
    """Numbers of either sign whose size lies between low and high."""
    return rng.choice([-1.0, 1.0], size) * rng.uniform(low, high, size)


# ---------------------------------------------------------------------------------------------------------------------
# t1 · the best critic when data are a share of the batch, and fakes come from several generators


def optimal_logit(log_p, log_g, weights, prior):
    return _logit(log_p, log_g, weights, prior)


def _logit(log_p, log_g, weights, prior, *, odds="log", pool="mixture", sign=1, returned="logit", neither="prior",
           floor=None):
    weights = torch.full_like(weights, 1 / len(weights)) if pool == "alike" else weights
    log_fake = {
        "mixture": lambda: (log_g + weights.log()).logsumexp(1), "alike": lambda: (log_g + weights.log()).logsumexp(1),
        "plain": lambda: (log_g + weights).logsumexp(1), "sum": lambda: log_g.logsumexp(1),
        "logs": lambda: (log_g * weights).sum(1), "largest": lambda: (log_g + weights.log()).amax(1),
        "densities": lambda: (log_g.exp() * weights).sum(1).log(),
    }[pool]()
    if floor is not None:
        log_p, log_fake = (log_p.exp() + floor).log(), (log_fake.exp() + floor).log()
    offset = {"log": math.log(prior / (1 - prior)), "none": 0.0, "inverted": math.log((1 - prior) / prior),
              "plain": prior / (1 - prior), "data only": math.log(prior), "probability": prior}[odds]
    logit = sign * (log_p - log_fake + offset)
    empty = (log_p == -math.inf) & (log_fake == -math.inf)
    logit = torch.where(empty, {"prior": sign * offset, "zero": 0.0, "nan": math.nan}[neither], logit)
    return {"logit": logit, "prob": torch.sigmoid(logit), "ratio": logit.exp()}[returned]


def _logit_by_way_of_the_densities(log_p, log_g, weights, prior):
    data, fakes = prior * log_p.exp(), (1 - prior) * (log_g.exp() * weights).sum(1)
    return (data / fakes).log()


T1_SLIPS = (
    Slip("prior-ignored",
         "If nine points in ten are data, a critic that has not even looked would say 'data'. Does yours lean that way?",
         partial(_logit, odds="none")),
    Slip("prior-inverted",
         "Make data more frequent: should the critic be more or less ready to say 'data'? What does yours do?",
         partial(_logit, odds="inverted")),
    Slip("prior-not-logged",
         "You add up logarithms. Is the prior's term one too?",
         partial(_logit, odds="plain")),
    Slip("prior-added-as-it-is",
         "The prior multiplies a density. What does it become when the logarithm is taken?",
         partial(_logit, odds="probability")),
    Slip("prior-of-the-fakes-forgotten",
         "The data's density is multiplied by its share of the batch. By what is the fakes' density multiplied?",
         partial(_logit, odds="data only")),
    Slip("prob-for-logit",
         "This is a probability. The task asks for its logit.",
         partial(_logit, returned="prob")),
    Slip("ratio-for-its-log",
         "This is the ratio of the two probabilities. How does the logit follow from it?",
         partial(_logit, returned="ratio")),
    Slip("ratio-upside-down",
         "The critic is high on data. Where is your logit high?",
         partial(_logit, sign=-1)),
    Slip("logs-averaged",
         "The fakes of all generators lie in one heap, and its density is an average of densities. Is yours one?",
         partial(_logit, pool="logs")),
    Slip("generators-alike",
         "The generators do not fill the heap of fakes in equal shares. Which input says how much each one does?",
         partial(_logit, pool="alike")),
    Slip("generators-summed",
         "Does your density of the fakes integrate to one?",
         partial(_logit, pool="sum")),
    Slip("largest-generator-only",
         "Where several generators have density, the heap holds more than the largest of them gives. What do you add up?",
         partial(_logit, pool="largest")),
    Slip("weights-not-logged",
         "Inside a log-sum-exp everything is a logarithm. Are your weights?",
         partial(_logit, pool="plain")),
    Slip("underflow",
         "A density of exp(-1000) is zero in floating point, and the logarithm of a ratio of zeros is lost. "
         "Can you stay with logarithms?",
         _logit_by_way_of_the_densities),
    Slip("underflow-of-the-fakes",
         "A density of exp(-1000) is zero in floating point. Log-densities go into your mixture of fakes: where does "
         "yours leave the logarithms?",
         partial(_logit, pool="densities")),
    Slip("floor-under-the-log",
         "A small number added before the logarithm replaces the density where the density is smaller. Is it ever?",
         partial(_logit, floor=1e-12)),
    Slip("zero-where-neither-is",
         "Where neither side ever has a point, x says nothing. What is the logit of the share of data alone?",
         partial(_logit, neither="zero")),
    Slip("nan-where-neither-is",
         "What is -inf minus -inf? The docstring says what is wanted where both densities are zero.",
         partial(_logit, neither="nan")),
)


def t1_cases(rng):
    def case(log_p, log_g, part):
        k = log_g.shape[1]
        weights = rng.permutation(np.arange(1.0, k + 1) + rng.uniform(0, 0.4, k))
        odds = away_from(rng, 0.7, 2.2)  # neither even nor one-sided
        return Case({"log_p": log_p, "log_g": log_g, "weights": weights / weights.sum(),
                     "prior": float(1 / (1 + np.exp(-odds)))}, part)

    def near(n, k):
        return case(rng.uniform(-5, 0, n), rng.uniform(-5, 0, (n, k)), "values")

    def far(n, k):
        log_p = rng.uniform(-1500, -900, n)
        log_g = log_p[:, None] + away_from(rng, 5, 60, (n, 1)) + rng.uniform(-1, 1, (n, k))
        log_g[0, 0] -= 1000  # one generator has nothing there, the others have
        return in_steps(log_p), in_steps(log_g)

    def empty(n, k):
        log_p, log_g = rng.uniform(-4, 0, n), rng.uniform(-4, 0, (n, k))
        log_p[0] = log_p[1] = -np.inf
        log_g[1] = log_g[2] = -np.inf  # row 1: neither
        log_g[3, 0] = -np.inf
        log_p[4], log_g[4] = -950.0, -970.0  # unlikely is not impossible
        order = rng.permutation(n)
        return log_p[order], log_g[order]

    return [near(int(rng.integers(5, 8)), 2), near(int(rng.integers(8, 12)), 3), near(1, 2), near(4, 1),
            case(*far(int(rng.integers(4, 8)), 2), "far from everything"),
            case(*far(5, 3), "far from everything"),
            case(*empty(int(rng.integers(6, 9)), int(rng.integers(2, 4))), "empty regions")]


# ---------------------------------------------------------------------------------------------------------------------
# t2 · three losses of the generator, and their slopes


def generator_loss(logits, kind):
    return _g_loss(logits, kind)


def _g_loss(logits, kind, *, kinds=None, flip=(), wrong_label=False, likelihood="odds", pool="mean", slope="logit",
            slope_sign=1, slope_pool=None):
    kind = (kinds or {}).get(kind, kind)
    sig = torch.sigmoid
    if kind == "saturating":
        values, slopes, by_prob = -softplus(logits), -sig(logits), -1 / sig(-logits)
    elif kind == "non-saturating":
        values, slopes, by_prob = softplus(-logits), -sig(-logits), -1 / sig(logits)
        if wrong_label:
            values, slopes = softplus(logits), sig(logits)
    elif likelihood == "odds":
        values, slopes, by_prob = -logits.exp(), -logits.exp(), -1 / sig(-logits) ** 2
    elif likelihood == "prob":
        values, slopes, by_prob = -sig(logits), -sig(logits) * sig(-logits), -torch.ones_like(logits)
    else:
        values, slopes, by_prob = -logits, -torch.ones_like(logits), -1 / (sig(logits) * sig(-logits))
    if slope == "prob":
        slopes = by_prob
    if kind in flip:
        values, slopes = -values, -slopes
    n = len(logits)
    share = {"mean": 1 / n, "sum": 1.0, "none": 1 / n}[pool]
    loss = values if pool == "none" else values.sum() * share
    return loss, slope_sign * slopes * (share if slope_pool is None else slope_pool)


def _g_loss_with_a_naive_sigmoid(logits, kind):
    """The slopes as e^v / (1 + e^v): right, until e^v overflows."""
    loss, slopes = _g_loss(logits, kind)
    if kind == "saturating":
        slopes = -logits.exp() / (1 + logits.exp()) / len(logits)
    return loss, slopes


def _g_loss_through_prob(logits, kind, *, floor=0.0, slopes="autograd"):
    logits = logits.clone().requires_grad_()
    prob = torch.sigmoid(logits)
    values = {"saturating": lambda: (1 - prob + floor).log(), "non-saturating": lambda: -(prob + floor).log(),
              "maximum likelihood": lambda: -prob / (1 - prob + floor)}[kind]()
    (gradient,) = torch.autograd.grad(values.mean(), logits)
    return values.mean().detach(), gradient if slopes == "autograd" else _g_loss(logits.detach(), kind)[1]


def loss_and_slopes(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"loss": values[0], "slopes": values[1]} if len(values) == 2 else out


_ROUNDED = ("In floating point the sigmoid of 1000 is exactly 1, and exp(1000) is infinite. Does your loss form one of "
            "these on its way?")
_FLOOR = "With a small number added, how large can your loss become, and what is left of its slope there?"

T2_SLIPS = (
    Slip("saturating-sign",
         "In the minimax game the generator wants the log-probability of 'fake' to be small. Which sign has its loss?",
         partial(_g_loss, flip=("saturating",))),
    Slip("non-saturating-label",
         "Your non-saturating loss is small where the critic says 'fake'. Which label does the generator want to hear?",
         partial(_g_loss, wrong_label=True)),
    Slip("two-kinds-swapped",
         "Which of the two losses is flat where the critic is sure that a point is fake? Look at yours at a logit of -10.",
         partial(_g_loss, kinds={"saturating": "non-saturating", "non-saturating": "saturating"})),
    Slip("likelihood-with-d",
         "Maximum likelihood needs the density ratio at the point. Is the probability of 'data' that ratio?",
         partial(_g_loss, likelihood="prob")),
    Slip("likelihood-with-the-logit",
         "The logit is the logarithm of the density ratio. Which of the two does the formula ask for?",
         partial(_g_loss, likelihood="logit")),
    Slip("sum-for-mean",
         "Twice as many fakes should not make the loss twice as large. Do you average?",
         partial(_g_loss, pool="sum")),
    Slip("loss-not-reduced",
         "The loss of a batch is one number. You have one a point.",
         partial(_g_loss, pool="none")),
    Slip("slopes-of-the-single-losses",
         "Your loss is an average over the batch. By how much does it change when one of the logits moves?",
         partial(_g_loss, slope_pool=1.0)),
    Slip("slopes-by-the-probability",
         "These are the derivatives by the probability. The task asks for those by the logit: one more factor of the "
         "chain rule.",
         partial(_g_loss, slope="prob")),
    Slip("slopes-downhill",
         "These are the directions in which the loss falls. A derivative points the other way.",
         partial(_g_loss, slope_sign=-1)),
    Slip("log-of-a-rounded-probability", _ROUNDED, _g_loss_through_prob),
    Slip("log-of-a-rounded-probability-in-the-loss", _ROUNDED, partial(_g_loss_through_prob, slopes="formula")),
    Slip("sigmoid-of-exponentials",
         "Your loss is right, and a slope is infinity over infinity. Which form of the sigmoid has no exp of a large number?",
         _g_loss_with_a_naive_sigmoid),
    Slip("floor-under-the-log", _FLOOR, partial(_g_loss_through_prob, floor=1e-8)),
    Slip("floor-under-the-log-in-the-loss", _FLOOR, partial(_g_loss_through_prob, floor=1e-8, slopes="formula")),
)

KINDS = ("saturating", "non-saturating", "maximum likelihood")


def t2_cases(rng):
    def moderate(n, kind):
        logits = rng.uniform(-2.5, 2.5, n) if kind != "maximum likelihood" else rng.uniform(-2.5, 1.5, n)
        logits[0] = away_from(rng, 0.5, 1.5)
        return Case({"logits": logits, "kind": kind})

    def sure(n, kind):
        logits = rng.uniform(-3, 3, n)
        logits[0] = -rng.uniform(800, 1000)
        logits[1] = rng.uniform(800, 1000) if kind != "maximum likelihood" else rng.uniform(40, 60)
        return Case({"logits": rng.permutation(in_steps(logits)), "kind": kind}, "a sure critic")

    sizes = rng.permutation([4, 6, 9])
    return [*(moderate(int(n), kind) for n, kind in zip(sizes, KINDS, strict=True)),
            moderate(1, str(rng.choice(KINDS))), *(sure(int(n), kind) for n, kind in zip(sizes, KINDS, strict=True))]


# ---------------------------------------------------------------------------------------------------------------------
# t3 · the f-GAN's lower bound


def f_gan_bound(real, fake, divergence):
    return _bound(real, fake, divergence)


ACTIVATIONS = {"kl": lambda v: v, "reverse kl": lambda v: -(-v).exp(),
               "neyman": lambda v: -torch.expm1(-v), "triangular": lambda v: -torch.expm1(-v)}
F = {"kl": lambda u: u * u.log(), "reverse kl": lambda u: -u.log(), "neyman": lambda u: (1 - u) ** 2 / u,
     "triangular": lambda u: (u - 1) ** 2 / (u + 1)}


def _conjugate_at_root(s, clamp=True, end=-1.0):
    value = (1 - s) * (3 - s)
    return torch.where(s <= 2, value, end) if clamp else value


CONJUGATES = {"kl": lambda t: (t - 1).exp(), "reverse kl": lambda t: -1 - (-t).log(),
              "neyman": lambda t: 2 - 2 * (1 - t).sqrt(), "triangular": lambda t: _conjugate_at_root((1 - t).sqrt())}


def _conjugate_of_output(v, divergence, clamp=True, end=-1.0, kl="u log u"):
    return {"kl": lambda: (v - 1).exp() if kl == "u log u" else torch.expm1(v), "reverse kl": lambda: v - 1,
            "neyman": lambda: -2 * torch.expm1(-v / 2),
            "triangular": lambda: _conjugate_at_root((-v / 2).exp(), clamp, end)}[divergence]()


def _bound(real, fake, divergence, *, swap=False, activate=(True, True), second="conjugate", sign=-1, total=1,
           pool="means", clamp=True, end=-1.0, kl="u log u", unsimplified=False):
    real, fake = (fake, real) if swap else (real, fake)
    g, conjugate = ACTIVATIONS[divergence], CONJUGATES[divergence]
    first = g(real) if activate[0] else real
    t = g(fake) if activate[1] else fake
    if second == "f":
        rest = F[divergence](t)
    elif second == "of the mean":
        rest = conjugate(t.mean()).expand(len(t))
    elif second == "none":
        rest = t
    elif activate[1] and not unsimplified:
        rest = _conjugate_of_output(fake, divergence, clamp, end, kl)
    else:
        rest = conjugate(t)
    if pool == "means":
        return total * (first.mean() + sign * rest.mean())
    return total * (first.sum() + sign * rest.sum()) / (1 if pool == "sums" else len(first) + len(rest))


T3_SLIPS = (
    Slip("f-for-its-conjugate",
         "The bound comes from tangents of f, and it holds their offsets. Is it f that you apply on the fakes?",
         partial(_bound, second="f")),
    Slip("no-conjugate",
         "This is a difference of two means of t. What is done to t on the fakes?",
         partial(_bound, second="none")),
    Slip("activation-forgotten",
         "A critic's output is any number; f* is not finite everywhere. What does v pass before it becomes t?",
         partial(_bound, activate=(False, False))),
    Slip("activation-on-the-data-only",
         "There is one critic, and t = g(v) on both kinds of points. Which v did not pass the activation?",
         partial(_bound, activate=(True, False))),
    Slip("activation-on-the-fakes-only",
         "There is one critic, and t = g(v) on both kinds of points. Which v did not pass the activation?",
         partial(_bound, activate=(False, True))),
    Slip("second-term-added",
         "Let t be a constant c. With f*(c) at least c, your value must not come out above zero. Does it?",
         partial(_bound, sign=1)),
    Slip("loss-for-the-bound",
         "This is what the critic makes small. Which sign has the bound?",
         partial(_bound, total=-1)),
    Slip("means-swapped",
         "f* goes with the points of the distribution that D_f integrates against. Data or fakes?",
         partial(_bound, swap=True)),
    Slip("sums-for-means",
         "The bound is made of expectations. Does your value change when every point is given twice?",
         partial(_bound, pool="sums")),
    Slip("one-mean-over-both",
         "Give the fakes twice: two expectations would stay as they are. Does your value?",
         partial(_bound, pool="joined")),
    Slip("conjugate-of-the-mean",
         "f* is curved. Is its mean the same as its value at the mean?",
         partial(_bound, second="of the mean")),
    Slip("maximum-left-of-zero",
         "f*(t) is a maximum over u >= 0. For t < -3, where is the u at which your derivative vanishes?",
         partial(_bound, clamp=False)),
    Slip("zero-at-the-end-of-the-range",
         "For t < -3 the maximum over u >= 0 sits at the end of the range. Which value has u t - f(u) there?",
         partial(_bound, end=0.0)),
    Slip("slope-for-value-at-the-end",
         "For t < -3 the maximum over u >= 0 sits at the end of the range. You have a slope; what is asked for is a value.",
         partial(_bound, end=-3.0)),
    Slip("conjugate-of-another-kl",
         "f* belongs to one f. Try yours at t = 1: the tangent of u log u with that slope touches at u = 1, where f is 0.",
         partial(_bound, kl="u log u - u + 1")),
    Slip("overflow",
         "For a sure critic t rounds to the end of its domain, and f*(t) with it to infinity. Compose f* and the "
         "activation on paper: what is left of exp and log?",
         partial(_bound, unsimplified=True)),
)


def t3_cases(rng):
    def outputs(divergence, size, low=-1.2, high=2.0):
        v = rng.uniform(low, high, size)
        v[: 2] = low + 0.2, high - 0.2  # spread, so that a mean of f* is not f* of the mean
        return rng.permutation(v)

    def case(divergence, part="values"):
        n = int(rng.integers(4, 7))
        return {"real": outputs(divergence, n) + 0.4, "fake": outputs(divergence, n + int(rng.integers(2, 5))),
                "divergence": divergence}

    def beyond():
        inputs = case("triangular")
        inputs["fake"][:3] = -rng.uniform(2, 4, 3)  # t < -3 left of v = -log 4
        return Case(inputs, "beyond the slopes of f")

    def sure(divergence, *signs):
        # One sign at a time for reverse kl: infinities of both signs would make the NaN that other mistakes make too.
        inputs = case(divergence)
        inputs["real"][0] = in_steps(rng.uniform(780, 900))
        inputs["fake"][: len(signs)] = in_steps(np.array(signs) * rng.uniform(780, 900, len(signs)))
        return Case(inputs, "a sure critic")

    return [*(Case(case(name)) for name in ACTIVATIONS), Case(case(str(rng.choice(list(ACTIVATIONS))))),
            beyond(), sure("reverse kl", 1), sure("reverse kl", -1), sure("triangular", 1, -1)]


# ---------------------------------------------------------------------------------------------------------------------
# t4 · the bilinear game, with three orders of play


def play(x, y, payoff, rate_x, rate_y, steps, order):
    return _play(x, y, payoff, rate_x, rate_y, steps, order)


def _play(x, y, payoff, rate_x, rate_y, steps, order, *, orders=None, signs=(-1, 1), transposed=False, swapped=False,
          first="x", ahead="both", path="all"):
    order = (orders or {}).get(order, order)
    rate_x, rate_y = (rate_y, rate_x) if swapped else (rate_x, rate_y)
    payoff = payoff.T if transposed else payoff

    def move_x(x, y):
        return x + signs[0] * rate_x * (payoff @ y)

    def move_y(x, y):
        return y + signs[1] * rate_y * (x @ payoff)

    xs, ys = [x], [y]
    for _ in range(steps):
        if order == "simultaneous":
            x, y = move_x(x, y), move_y(x, y)
        elif order == "alternating" and first == "x":
            x = move_x(x, y)
            y = move_y(x, y)
        elif order == "alternating":
            y = move_y(x, y)
            x = move_x(x, y)
        else:
            x_ahead = move_x(x, y)
            y_ahead = move_y(x_ahead if ahead == "one after the other" else x, y)
            if ahead == "stepped on":
                x, y = x_ahead + signs[0] * rate_x * (payoff @ y_ahead), y_ahead + signs[1] * rate_y * (x_ahead @ payoff)
            elif ahead == "new x":
                x = x + signs[0] * rate_x * (payoff @ y_ahead)
                y = move_y(x, y)
            else:
                x, y = x + signs[0] * rate_x * (payoff @ y_ahead), y + signs[1] * rate_y * (x_ahead @ payoff)
        xs.append(x)
        ys.append(y)
    if path == "overwritten":
        xs, ys = [x] * len(xs), [y] * len(ys)
    if path == "end":
        return x, y
    skip = 1 if path == "no start" else 0
    return torch.stack(xs[skip:]), torch.stack(ys[skip:])


def paths(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"x_path": values[0], "y_path": values[1]} if len(values) == 2 else out


T4_SLIPS = (
    Slip("simultaneous-with-the-new-x",
         "In simultaneous play neither player has seen the other's move. Which x does y answer in your loop?",
         partial(_play, orders={"simultaneous": "alternating"})),
    Slip("alternating-with-the-old-x",
         "In alternating play y answers a move that has been made. Which x does it see in your loop?",
         partial(_play, orders={"alternating": "simultaneous"})),
    Slip("y-moves-first",
         "In alternating play, who moves first?",
         partial(_play, first="y")),
    Slip("both-ascend",
         "The game has two players who want opposite things. Do both of yours make V larger?",
         partial(_play, signs=(1, 1))),
    Slip("both-descend",
         "The game has two players who want opposite things. Do both of yours make V smaller?",
         partial(_play, signs=(-1, -1))),
    Slip("players-swapped",
         "Which player wants V small? Follow your first step: does V change the right way for x?",
         partial(_play, signs=(1, -1))),
    Slip("payoff-transposed",
         "Differentiate x . A y by the entries of x, then of y, and look at which index of A is summed over.",
         partial(_play, transposed=True)),
    Slip("rates-swapped",
         "Each player has a step size of its own. Which one does x use?",
         partial(_play, swapped=True)),
    Slip("start-missing",
         "The path has one point more than there are steps. Which one is not in yours?",
         partial(_play, path="no start")),
    Slip("end-for-path",
         "This is where the players end. The task asks for the whole path.",
         partial(_play, path="end")),
    Slip("path-overwritten",
         "All points of your path are the same one. Does the list hold copies, or one tensor that was changed in place?",
         partial(_play, path="overwritten")),
    Slip("extragradient-stepped-on",
         "The look-ahead is only a place to look from. From which point is the step itself taken?",
         partial(_play, ahead="stepped on")),
    Slip("extragradient-without-the-second-gradient",
         "This is simultaneous play. What is the look-ahead point for, once it is known?",
         partial(_play, orders={"extragradient": "simultaneous"})),
    Slip("extragradient-y-answers-the-new-x",
         "Both gradients of the step are taken at the look-ahead point. At which x does your y take its own?",
         partial(_play, ahead="new x")),
    Slip("extragradient-alternates-ahead",
         "Both players look ahead from the same point. Which x does your y look ahead from?",
         partial(_play, ahead="one after the other")),
)


def t4_cases(rng):
    def case(m, n, order, steps, part="values"):
        while True:
            payoff = away_from(rng, 0.4, 1.4, (m, n))
            # A symmetric payoff would hide a transposition.
            if m != n or m == 1 or np.abs(payoff - payoff.T).max() > 0.5:
                break
        rates = rng.permutation([rng.uniform(0.15, 0.25), rng.uniform(0.35, 0.5)])
        return Case({"x": away_from(rng, 0.5, 1.5, m), "y": away_from(rng, 0.5, 1.5, n), "payoff": payoff,
                     "rate_x": float(rates[0]), "rate_y": float(rates[1]), "steps": steps, "order": order}, part)

    some = int(rng.integers(3, 6))
    return [case(2, 2, "simultaneous", some), case(2, 2, "alternating", some), case(2, 3, "simultaneous", 2),
            case(3, 1, "alternating", 4), case(2, 2, "extragradient", some, "extragradient"),
            case(1, 3, "extragradient", 2, "extragradient")]


# ---------------------------------------------------------------------------------------------------------------------
# t5 · k steps of the critic, one of the generator


def train_round(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g):
    return _round(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g)


def _round(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g, *, d_sign=1, labels="right", pool="means",
           batches="each", leak=False, both=False, accumulate=False, g_loss="non-saturating", against="new",
           critic_too=False, noise="own", g_steps="once"):
    """By hand. `d` is the derivative of a loss by a logit, and the rest is the chain rule through two linear maps."""
    old_w, old_b = w, b
    leaked = [torch.zeros_like(scale), torch.zeros_like(shift)]
    kept = [torch.zeros_like(w), 0.0]

    def critic_gradient(x, z):
        fake = z @ scale + shift
        real_logit, fake_logit = x @ w + b, fake @ w + b
        d_real, d_fake = -torch.sigmoid(-real_logit), torch.sigmoid(fake_logit)
        if labels == "swapped":
            d_real, d_fake = torch.sigmoid(real_logit), -torch.sigmoid(-fake_logit)
        if labels == "fakes only":
            d_real = 0 * d_real
        sizes = {"means": (len(x), len(z)), "generator's sum": (len(x), len(z)), "halves": (2 * len(x), 2 * len(z)),
                 "sums": (1, 1), "critic's sums": (1, 1), "joined": (len(x) + len(z),) * 2}[pool]
        d_real, d_fake = d_real / sizes[0], d_fake / sizes[1]
        to_fake = d_fake[:, None] * w
        return [d_real @ x + d_fake @ fake, d_real.sum() + d_fake.sum()], [z.T @ to_fake, to_fake.sum(0)]

    def generator_step(z, w, b, scale, shift):
        fake = z @ scale + shift
        logit = fake @ w + b
        d = {"non-saturating": -torch.sigmoid(-logit), "saturating": -torch.sigmoid(logit),
             "critic's": torch.sigmoid(logit), "downhill": torch.sigmoid(-logit)}[g_loss]
        d = d if pool in ("sums", "generator's sum") else d / len(z)
        to_fake = d[:, None] * w
        moved = scale - rate_g * (z.T @ to_fake + leaked[0]), shift - rate_g * (to_fake.sum(0) + leaked[1])
        return (*moved, d @ fake, d.sum())

    k = len(x)
    for i in range(k):
        j = 0 if batches == "first" else i
        if batches == "one step" and i:
            break
        if batches == "together":
            if i:
                break
            own, through = critic_gradient(x.flatten(0, 1), z_critic.flatten(0, 1))
        else:
            own, through = critic_gradient(x[j], z_critic[j])
        if accumulate:
            own = [a + c for a, c in zip(own, kept, strict=True)]
            kept = own
        if leak:
            leaked = [a + c for a, c in zip(leaked, through, strict=True)]
        w, b = w - d_sign * rate_d * own[0], b - d_sign * rate_d * own[1]
        if both:
            scale, shift = scale - rate_d * through[0], shift - rate_d * through[1]
        if g_steps == "after each" and i < k - 1:
            scale, shift, *_ = generator_step(z_generator, w, b, scale, shift)
    seen_w, seen_b = (old_w, old_b) if against == "old" else (w, b)
    z = z_critic[-1] if noise == "critic's" else z_generator
    scale, shift, to_w, to_b = generator_step(z, seen_w, seen_b, scale, shift)
    if critic_too:
        w, b = w - rate_d * to_w, b - rate_d * to_b
    return w, b, scale, shift


def four_parameters(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return dict(zip(("w", "b", "scale", "shift"), values, strict=True)) if len(values) == 4 else out


T5_SLIPS = (
    Slip("critics-gradient-leaks",
         "The critic's loss depends on the generator too, by way of the fakes. Is what it left in the generator's "
         "gradients gone when the generator steps?",
         partial(_round, leak=True)),
    Slip("both-step-on-the-critics-loss",
         "While the critic learns, the generator is frozen. Which parameters does your critic's step change?",
         partial(_round, both=True)),
    Slip("critic-steps-with-the-generator",
         "While the generator learns, the critic is frozen. Which parameters does your generator's step change?",
         partial(_round, critic_too=True)),
    Slip("generator-on-the-critics-loss",
         "Your generator makes the critic's loss smaller: it helps the critic. What does it want?",
         partial(_round, g_loss="critic's")),
    Slip("generator-saturating",
         "This is the generator's part of the minimax game. The task asks for the non-saturating loss.",
         partial(_round, g_loss="saturating")),
    Slip("generator-goes-uphill",
         "Is the generator's loss smaller after your step, for the same noise and the same critic?",
         partial(_round, g_loss="downhill")),
    Slip("generator-against-the-old-critic",
         "The generator moves second. Which critic does it meet?",
         partial(_round, against="old")),
    Slip("critic-goes-uphill",
         "Is the critic's loss smaller after your step, on the same points?",
         partial(_round, d_sign=-1)),
    Slip("labels-swapped",
         "The critic should be high on data. On which points does your step raise it?",
         partial(_round, labels="swapped")),
    Slip("data-left-out",
         "Your critic learns to say 'fake', and never sees what is not. Where do the data enter its loss?",
         partial(_round, labels="fakes only")),
    Slip("sums-for-means",
         "Give every point twice. Should the parameters move further?",
         partial(_round, pool="sums")),
    Slip("critics-sums-for-means",
         "Give the critic every point twice. Should it move further?",
         partial(_round, pool="critic's sums")),
    Slip("generators-sum-for-mean",
         "Give the generator every noise twice. Should it move further?",
         partial(_round, pool="generator's sum")),
    Slip("critics-loss-halved",
         "The critic's loss is one mean plus another. Is there a factor in front of yours?",
         partial(_round, pool="halves")),
    Slip("one-mean-over-both",
         "Data and fakes are two expectations. Does your critic's step change when every fake is given twice?",
         partial(_round, pool="joined")),
    Slip("critics-noise-reused",
         "The generator gets noise of its own. Which noise did its step use?",
         partial(_round, noise="critic's")),
    Slip("first-batch-every-time",
         "Each of the critic's steps has a batch of its own. Which ones did yours see?",
         partial(_round, batches="first")),
    Slip("one-step-of-the-critic",
         "There are k batches, one for each step of the critic. How many steps has yours taken when the generator moves?",
         partial(_round, batches="one step")),
    Slip("batches-thrown-together",
         "k batches are k steps, each from where the last one ended. How many steps did your critic take?",
         partial(_round, batches="together")),
    Slip("gradients-not-cleared",
         "From its second step on your critic goes too far. Does the first step's gradient still lie in .grad?",
         partial(_round, accumulate=True)),
    Slip("generator-after-each-step",
         "The generator waits until the critic has finished all of its steps. How often does yours move?",
         partial(_round, g_steps="after each")),
)


def t5_cases(rng):
    def case(k, n, m, d, q, part):
        return Case({
            "x": rng.normal(size=(k, n, d)) + away_from(rng, 0.8, 1.6, d), "z_critic": rng.normal(size=(k, m, q)),
            "z_generator": rng.normal(size=(m + 1, q)), "w": away_from(rng, 0.5, 1.2, d), "b": float(away_from(rng, 0.3, 0.8)),
            "scale": away_from(rng, 0.4, 1.0, (q, d)), "shift": away_from(rng, 0.3, 0.9, d),
            "rate_d": float(rng.uniform(0.4, 0.6)), "rate_g": float(rng.uniform(0.7, 1.0)),
        }, part)

    more, few = int(rng.integers(6, 10)), int(rng.integers(3, 5))
    return [case(1, more, few, 2, 2, "one step each"), case(1, few, more, 1, 3, "one step each"),
            case(1, 1, 2, 3, 1, "one step each"),
            case(2, more, few, 2, 2, "several steps of the critic"), case(4, few, more, 1, 1, "several steps of the critic")]


# ---------------------------------------------------------------------------------------------------------------------
# t6 · a Jensen-Shannon estimate from held-out logits


def js_estimate(real, fake, real_seen, fake_seen, clip):
    return _js(real, fake, real_seen, fake_seen, clip)


def _js(real, fake, real_seen, fake_seen, clip, *, points="unseen", clipped="logits", label=True, mean="two",
        constant=LOG_4, half=0.5, positive=False, error_half=0.5, error="root of the sum", correction=1, divide=True):
    keep = {"unseen": lambda seen: ~seen, "seen": lambda seen: seen, "all": torch.ones_like}[points]
    real, fake = real[keep(real_seen)], fake[keep(fake_seen)]
    if clipped == "logits":
        real, fake = real.clamp(-clip, clip), fake.clamp(-clip, clip)
    if clipped == "above":
        real, fake = real.clamp(max=clip), fake.clamp(max=clip)
    if clipped == "dropped":
        real, fake = real[real.abs() <= clip], fake[fake.abs() <= clip]
    a, b = logsigmoid(real), logsigmoid(-fake if label else fake)
    if clipped == "values":
        a, b = a.clamp(-clip, clip), b.clamp(-clip, clip)
    both = a.mean() + b.mean() if mean == "two" else torch.cat([a, b]).mean() * (2 if mean == "joined" else 1)
    js = half * (both + constant)
    js = js.clamp_min(0) if positive else js
    var_a, var_b = (v.var(correction=correction) / (len(v) if divide else 1) for v in (a, b))
    se = {"root of the sum": (var_a + var_b).sqrt(), "sum of the roots": var_a.sqrt() + var_b.sqrt(),
          "no root": var_a + var_b, "pooled": (torch.cat([a, b]).var(correction=correction) / (len(a) + len(b))).sqrt()}[error]
    return js, error_half * se


def js_and_error(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"js": values[0], "standard_error": values[1]} if len(values) == 2 else out


T6_SLIPS = (
    Slip("log-4-missing",
         "A critic that always says 1/2 has seen no difference. Which estimate should that give, and which do you give?",
         partial(_js, constant=0.0)),
    Slip("log-2-for-log-4",
         "A critic that always says 1/2 has seen no difference. Which estimate should that give, and which do you give?",
         partial(_js, constant=LOG_4 / 2)),
    Slip("twice-js",
         "For distributions without overlap JS is log 2. What does your estimate tend to, for a perfect critic?",
         partial(_js, half=1.0, error_half=1.0)),
    Slip("js-not-halved",
         "Your standard error is that of half a sum. Is your estimate half of one? For a perfect critic it should be log 2.",
         partial(_js, half=1.0)),
    Slip("one-mean-over-both",
         "Data and fakes are two expectations with equal weights, however many points there are of each. Are yours?",
         partial(_js, mean="joined")),
    Slip("seen-points-count",
         "A critic can know by heart what it was trained on. Which points may be asked?",
         partial(_js, points="all")),
    Slip("seen-points-only",
         "These are the points that the critic was trained on. Which way round is the mask?",
         partial(_js, points="seen")),
    Slip("label-of-the-fakes",
         "On fakes the critic is right where it is low. Does your term reward that?",
         partial(_js, label=False)),
    Slip("negative-estimate-raised-to-zero",
         "JS is never negative, an estimate of a lower bound may be. What is left of its expectation when you cut it?",
         partial(_js, positive=True)),
    Slip("not-clipped",
         "One point on which the critic is sure and wrong can outweigh all others. Which input limits that?",
         partial(_js, clipped="none")),
    Slip("clipped-on-one-side",
         "A critic can be sure in both directions. Which logits does your clip leave as they are?",
         partial(_js, clipped="above")),
    Slip("clipped-points-dropped",
         "A point beyond the limit still counts, at the limit. How many points are left in your means?",
         partial(_js, clipped="dropped")),
    Slip("clipped-after-the-logarithm",
         "It is the logits that are clipped. What did you clip?",
         partial(_js, clipped="values")),
    Slip("error-not-halved",
         "The estimate is half of a sum. By which factor does that change its standard error?",
         partial(_js, error_half=1.0)),
    Slip("spread-for-error",
         "This is the spread of single points. How does the error of their mean shrink with their number?",
         partial(_js, divide=False)),
    Slip("errors-added",
         "The two means are independent. What adds up, their standard errors or the squares of these?",
         partial(_js, error="sum of the roots")),
    Slip("half-under-the-root",
         "The estimate is half of a sum. By which factor does that change its variance?",
         partial(_js, error_half=0.5**0.5)),
    Slip("one-spread-over-both",
         "Data and fakes are two samples with two means. Does your spread count the distance between them as chance?",
         partial(_js, error="pooled")),
    Slip("variance-for-error",
         "A standard error has the unit of the estimate. Has yours?",
         partial(_js, error="no root")),
    Slip("variance-of-the-estimate",
         "A standard error has the unit of the estimate. Has yours?",
         partial(_js, error="no root", error_half=0.25)),
    Slip("variance-with-n",
         "The centre of the spread is estimated from the same points. Which divisor makes the variance unbiased?",
         partial(_js, correction=0)),
)


def t6_cases(rng):
    def mask(n, unseen):
        return rng.permutation(np.arange(n) >= unseen)

    def values(n, m, gap):
        """gap > 0: a critic that knows something; gap < 0: one that is wrong, so that the estimate is negative."""
        real, fake = gap + rng.uniform(-1, 1, n), -gap + rng.uniform(-1, 1, m)
        seen = mask(n, max(3, n // 2)), mask(m, max(3, m // 2))
        real[seen[0]] += 1.0  # the critic does better where it was trained
        fake[seen[1]] -= 0.6
        return real, fake, *seen

    def case(arrays, clip, part="values"):
        return Case({**dict(zip(("real", "fake", "real_seen", "fake_seen"), arrays, strict=True)), "clip": clip}, part)

    def sure(n, m):
        clip = float(in_steps(rng.uniform(2, 4)))
        real, fake, *seen = values(n, m, 0.8)
        for logits, s in ((real, seen[0]), (fake, seen[1])):
            where = rng.permutation(np.flatnonzero(~s))
            logits[where[0]] = in_steps(rng.uniform(700, 900))
            logits[where[1]] = -in_steps(rng.uniform(700, 900))
        return case((real, fake, *seen), clip, "clipped logits")

    n, m = int(rng.integers(8, 12)), int(rng.integers(16, 24))
    first = case(values(n, m, 0.9), 8.0)
    return [first, case(values(m, n, 0.6), 8.0), case(values(6, 9, -0.8), 8.0), sure(n, m), sure(12, 9)]


TASKS = [
    Task("t1", "The best critic", optimal_logit, t1_cases,
         {"values": 8, "far from everything": 4, "empty regions": 4}, T1_SLIPS, atol=1e-3, forbids=FORBIDS),
    Task("t2", "Losses of the generator", generator_loss, t2_cases, {"values": 10, "a sure critic": 6}, T2_SLIPS,
         loss_and_slopes, atol=ATOL, forbids=FORBIDS),
    Task("t3", "A bound for any f", f_gan_bound, t3_cases,
         {"values": 11, "beyond the slopes of f": 3, "a sure critic": 4}, T3_SLIPS, atol=ATOL, forbids=FORBIDS),
    Task("t4", "Orders of play", play, t4_cases, {"values": 10, "extragradient": 6}, T4_SLIPS, paths, atol=ATOL,
         forbids=FORBIDS),
    Task("t5", "One round of training", train_round, t5_cases, {"one step each": 12, "several steps of the critic": 6},
         T5_SLIPS, four_parameters, atol=2e-5, forbids=FORBIDS),
    Task("t6", "What the critic's logits say about JS", js_estimate, t6_cases, {"values": 11, "clipped logits": 5},
         T6_SLIPS, js_and_error, atol=2e-5, forbids=FORBIDS),
]
