"""The checks of problem set 8, "Distances and judges".

Per task: the reference, the slips, the cases. A slip is the reference with one classic mistake; one private function
a task holds the lines, and a keyword switches each mistake on. Cases are drawn so that float32 answers pass and every
slip shows in any draw; what a draw must fulfil for that stands beside it.
"""
from __future__ import annotations

import math
from functools import partial
from itertools import combinations

import numpy as np
import torch

from coursekit.checks import Case, Slip, Task, call

ATOL = 1e-5
FORBIDS = ("coursekit.distances", "coursekit.evaluation", "coursekit.gans", "scipy.stats", "sklearn", "ot")


def apart_from_one(rng, size=None):
    """Positive numbers clearly different from 1, so that a forgotten square or root cannot hide."""
    return np.exp(rng.choice([-1.0, 1.0], size) * rng.uniform(0.25, 0.7, size))


def tells_apart(answers, inputs, gap):
    """Whether all answers differ from each other on these inputs, by more than `gap` in some number."""
    tensors = {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in inputs.items()}
    out = [np.array([float(v) for v in answer(**tensors)]) for answer in answers]
    return all(np.abs(a - b).max() > gap for a, b in combinations(out, 2))


# ---------------------------------------------------------------------------------------------------------------------
# t1 · a critic's lower bound of an f-divergence, with the conjugate found on paper


def critic_bound(v_p, v_q):
    return _bound(v_p, v_q)


def _bound(v_p, v_q, *, activation="right", second="conjugate", at="t", below="-1", sign=-1.0, pool="mean"):
    def activated(v):
        t = {"right": -torch.expm1(-v), "none": v, "decreasing": -torch.expm1(v)}[activation]
        return t.clamp_min(-3) if below == "clamped" else t

    t_p, t_q = activated(v_p), v_q if at == "v" else activated(v_q)
    s = (1 - t_q).sqrt()
    conjugate = (1 - s) * (3 - s)
    if below != "forgotten":
        conjugate = torch.where(t_q < -3, 0.0 if below == "0" else -1.0, conjugate)
    values = {"conjugate": conjugate, "f": (t_q - 1) ** 2 / (t_q + 1), "t": t_q}[second]
    return t_p.sum() + sign * values.sum() if pool == "sum" else t_p.mean() + sign * values.mean()


T1_SLIPS = (
    Slip("critic-not-activated",
         "The critic's output v can be any number, t must stay below 1. What happens to a v of 2 on its way to t?",
         partial(_bound, activation="none")),
    Slip("activation-decreasing",
         "The critic is to be high where p has more mass than q. Does your t rise or fall with v?",
         partial(_bound, activation="decreasing")),
    Slip("f-for-its-conjugate",
         "f takes a density ratio, the critic's t is a slope. Which function of a slope stands in the bound?",
         partial(_bound, second="f")),
    Slip("conjugate-of-v",
         "Both terms of the bound contain one and the same function t(x). What did you put into f*?",
         partial(_bound, at="v")),
    Slip("conjugate-forgotten",
         "A constant critic must not gain anything, but a steep one should not gain without limit either. What does the "
         "second term do to t before it is averaged?",
         partial(_bound, second="t")),
    Slip("second-term-added",
         "A critic that is high everywhere knows nothing. Does your bound reward it?",
         partial(_bound, sign=1.0)),
    Slip("samples-swapped",
         "Which of the two expectations is over p, and which over q? f* goes with only one of them.",
         lambda v_p, v_q: critic_bound(v_q, v_p)),
    Slip("negated",
         "This is the loss that a critic would minimise. The task asks for the bound itself.",
         lambda v_p, v_q: -critic_bound(v_p, v_q)),
    Slip("sum-for-mean",
         "An expectation is estimated by an average. Does your value grow with the size of the samples?",
         partial(_bound, pool="sum")),
    Slip("end-of-the-range-forgotten",
         "For t < -3 solve for the best u once more, then ask whether a density ratio can have that value.",
         partial(_bound, below="forgotten")),
    Slip("critic-clamped",
         "Below -3 the conjugate no longer changes. Does that also hold for the t that is averaged over p?",
         partial(_bound, below="clamped")),
    Slip("zero-below-the-range",
         "Below -3 the best density ratio is u = 0. What is u t - f(u) there?",
         partial(_bound, below="0")),
)


def t1_cases(rng):
    def moderate(n, low=-1.2):
        return np.maximum(rng.normal(size=n) * 0.9 + rng.uniform(-0.2, 0.9), low) + rng.uniform(0, 0.05, n)

    def below(n):
        v = moderate(n)
        v[:3] = -rng.uniform(1.6, 4.0, 3)
        return rng.permutation(v)

    def case(draw, n, m, part="values"):
        while True:
            # A v_q above 1 would turn every answer that does not activate it into nan, so that they look alike.
            inputs = {"v_p": draw(n), "v_q": np.minimum(draw(m), rng.uniform(0.5, 0.9, m))}
            if abs(float(critic_bound(**{k: torch.tensor(v) for k, v in inputs.items()}))) > 0.02:
                return Case(inputs, part)

    return [case(moderate, int(rng.integers(5, 8)), int(rng.integers(9, 12))),
            case(moderate, int(rng.integers(12, 16)), int(rng.integers(5, 8))), case(moderate, 1, 2),
            case(below, int(rng.integers(6, 9)), int(rng.integers(9, 12)), "below the range"),
            case(below, int(rng.integers(10, 13)), int(rng.integers(6, 9)), "below the range")]


# ---------------------------------------------------------------------------------------------------------------------
# t2 · W1 between two tables of counts on uneven places of the line, in any order


def w1_of_counts(x, p, q):
    return _w1(x, p, q)


def _w1(x, p, q, *, sort=True, signed=False, normalise=True, step="after", surplus="cumulated", absolute="inside", power=1,
        factor=1.0):
    order = x.argsort() if sort is True else torch.arange(len(x))
    x, p, q = x.sort().values if sort == "places only" else x[order], p[order], q[order]
    if normalise:
        p, q = p / p.sum(), q / q.sum()
    gap = x.diff() if signed else x.diff().abs()
    crossing = {"cumulated": (p - q).cumsum(0), "plain": p - q}[surplus]
    if step == "trapezoid":
        return ((crossing[1:].abs() + crossing[:-1].abs()) / 2) @ gap
    crossing = crossing[1:] if step == "before" else crossing[:-1]
    if step == "none":
        gap = torch.ones_like(gap)
    if step == "mean":
        gap = gap.mean().expand(len(gap))
    if absolute == "outside":
        return factor * (crossing @ gap).abs()
    return factor * (crossing.abs() ** power @ gap)


T2_SLIPS = (
    Slip("widths-forgotten",
         "Carrying a gram over ten metres is ten times the work of carrying it over one. Where do the distances enter?",
         partial(_w1, step="none")),
    Slip("even-steps",
         "You used one step for all gaps. Does a given mass need the same work to cross a wide gap and a narrow one?",
         partial(_w1, step="mean")),
    Slip("masses-for-distribution-functions",
         "How much has to cross a gap? That depends on all the mass to its left, not only on the place next to it.",
         partial(_w1, surplus="plain")),
    Slip("order-ignored",
         "The places come in any order. Which mass lies to the left of a gap?",
         partial(_w1, sort=False)),
    Slip("order-ignored-with-negative-gaps",
         "The places come in any order. Which mass lies to the left of a gap, and can a gap be negative?",
         partial(_w1, sort=False, signed=True)),
    Slip("only-the-places-sorted",
         "You sorted the places. Which count of p belongs to the first of them now?",
         partial(_w1, sort="places only")),
    Slip("counts-not-normalised",
         "The two tables hold different numbers of observations. What must be equal before one can be carried onto "
         "the other?",
         partial(_w1, normalise=False)),
    Slip("one-gap-off",
         "Take two places only, all mass of p on the left one and all of q on the right one, and do the sum by hand.",
         partial(_w1, step="before")),
    Slip("trapezoids",
         "What does a distribution function do between two places, does it climb steadily or stay?",
         partial(_w1, step="trapezoid")),
    Slip("absolute-value-of-the-sum",
         "Work done to the right is not undone by work to the left. Where does the absolute value belong?",
         partial(_w1, absolute="outside")),
    Slip("squared",
         "What is the unit of your result if x is in metres? Twice the mass over a gap: is it twice the work, or four times?",
         partial(_w1, power=2)),
    Slip("halved",
         "Total variation has a factor 1/2 in front. Does this sum count anything twice?",
         partial(_w1, factor=0.5)),
)


def places_and_counts(rng, n, shuffled=True):
    """Uneven places, counts with very different totals, and a surplus that changes sign and is nowhere near zero."""
    while True:
        x = rng.uniform(-5, 5) + np.cumsum(rng.uniform(0.3, 0.6, n) * rng.choice([1.0, 4.0], n))
        p = rng.integers(1, 12, n) * rng.choice([0.0, 1.0], n, p=[0.2, 0.8])
        q = rng.integers(1, 12, n) * 4 * rng.choice([0.0, 1.0], n, p=[0.2, 0.8])
        if p.sum() == 0 or q.sum() == 0 or (rng.random() < 0.5):
            continue
        if rng.random() < 0.5:
            p, q = q, p
        surplus = np.cumsum(p / p.sum() - q / q.sum())[:-1]
        plain, raw = (p / p.sum() - q / q.sum())[:-1], np.cumsum(p - q)[:-1]
        if np.abs(surplus).min() < 0.03 or (n > 2 and len(set(np.sign(surplus))) < 2):
            continue
        if n > 2 and ((np.sign(raw) == np.sign(surplus)).all() or (np.sign(plain) == np.sign(surplus)).all()):
            continue
        order = rng.permutation(n)
        if shuffled and n > 2 and (abs(np.diff(order)) == 1).all():
            continue
        order = order if shuffled else np.arange(n)
        return {"x": x[order], "p": p[order].astype(float), "q": q[order].astype(float)}


def t2_cases(rng):
    return [Case(places_and_counts(rng, int(rng.integers(5, 7)))), Case(places_and_counts(rng, int(rng.integers(8, 12)))),
            Case(places_and_counts(rng, int(rng.integers(5, 8)), shuffled=False)), Case(places_and_counts(rng, 2))]


# ---------------------------------------------------------------------------------------------------------------------
# t3 · the critic that reaches W1: the other side of the duality


def best_critic(x, p, q):
    return _critic(x, p, q)


def _critic(x, p, q, *, sort=True, signed=False, back=True, normalise=True, sign=-1.0, slope="sign", step="gap",
            anchor="leftmost"):
    order = x.argsort() if sort else torch.arange(len(x))
    places, p, q = x[order], p[order], q[order]
    if normalise:
        p, q = p / p.sum(), q / q.sum()
    surplus = (p - q).cumsum(0)[:-1]
    rate = {"sign": surplus.sign(), "surplus": surplus, "density": (p - q)[:-1].sign()}[slope]
    gap = places.diff() if signed else places.diff().abs()
    rises = sign * rate * (gap if step == "gap" else torch.ones_like(gap))
    f = torch.cat([torch.zeros(1, dtype=x.dtype), rises.cumsum(0)])
    if anchor == "mean":
        f = f - f.mean()
    if anchor == "lowest":
        f = f - f.min()
    out = f
    if back == "again":
        out = f[order]
    elif back:
        out = torch.empty_like(f)
        out[order] = f
    return out - out[0] if anchor == "first" else out


T3_SLIPS = (
    Slip("sign",
         "The critic must be high where p has more mass than q. Put all of p left and all of q right: should f fall or rise?",
         partial(_critic, sign=1.0)),
    Slip("slope-not-one",
         "Wherever mass has to move, the best critic is as steep as the constraint lets it be. How steep is yours?",
         partial(_critic, slope="surplus")),
    Slip("widths-forgotten",
         "A slope is a rise over a distance. How much may f rise across a wide gap, and how much across a narrow one?",
         partial(_critic, step="one")),
    Slip("slope-from-the-masses",
         "Which way f slopes in a gap depends on which way mass crosses it, so on all the mass to the left. What decides "
         "the sign of yours?",
         partial(_critic, slope="density")),
    Slip("order-ignored",
         "The places come in any order. Which places are neighbours?",
         partial(_critic, sort=False)),
    Slip("order-ignored-with-negative-gaps",
         "The places come in any order. Which places are neighbours, and can the distance of two be negative?",
         partial(_critic, sort=False, signed=True)),
    Slip("left-in-sorted-order",
         "Your values are right, but the docstring wants the value of f at x[0] first. In which order are yours?",
         partial(_critic, back=False)),
    Slip("order-applied-twice",
         "x[order] puts the places in order. Does f[order] undo that, or reorder once more?",
         partial(_critic, back="again")),
    Slip("counts-not-normalised",
         "With different totals mass would seem to cross every gap in one direction. What must p and q sum to?",
         partial(_critic, normalise=False)),
    Slip("zero-at-the-first-entry",
         "f is zero at the leftmost place. Is that the place that comes first in x?",
         partial(_critic, anchor="first")),
    Slip("zero-on-average",
         "Adding a constant to f changes no difference of expectations, so one has to be agreed on. Where is f zero?",
         partial(_critic, anchor="mean")),
    Slip("zero-at-the-lowest-value",
         "Adding a constant to f changes no difference of expectations, so one has to be agreed on. Where is f zero?",
         partial(_critic, anchor="lowest")),
)


def _tells_orders_and_zeros(inputs, order):
    """Whether an order is not its own inverse, and f falls below its value at the leftmost place."""
    f = best_critic(**{k: torch.tensor(v) for k, v in inputs.items()})
    return (order[order] != np.arange(len(order))).any() and f.min() < -0.1


def t3_cases(rng):
    def case(n, shuffled=True):
        while True:  # the leftmost place must not come first, else it does not matter which one f is zero at
            inputs = places_and_counts(rng, n, shuffled)
            order = np.argsort(inputs["x"])
            if not shuffled or (order[0] != 0 and (n == 2 or _tells_orders_and_zeros(inputs, order))):
                return Case(inputs)

    return [case(int(rng.integers(5, 7))), case(int(rng.integers(8, 12))), case(int(rng.integers(5, 8)), False), case(2)]


# ---------------------------------------------------------------------------------------------------------------------
# t4 · Sinkhorn's updates in the log domain, a fixed number of them


def sinkhorn_plan(a, b, cost, epsilon, steps):
    return _sinkhorn(a, b, cost, epsilon, steps)


def _sinkhorn(a, b, cost, epsilon, steps, *, weights="other", front=True, sign=1.0, order="fg", weighed=True,
              value="cost", divide=True, extra=0):
    log_a, log_b, e = a.log(), b.log(), epsilon if divide else 1 / epsilon
    in_f, in_g = {"other": (log_b, log_a), "own": (log_a, log_b), "none": (0 * log_b, 0 * log_a)}[weights]
    f, g, scale = torch.zeros_like(a), torch.zeros_like(b), e if front else 1.0

    def new_f(g):
        return -scale * torch.logsumexp(in_f + (g - sign * cost) / e, 1)

    def new_g(f):
        return -scale * torch.logsumexp(in_g[:, None] + (f[:, None] - sign * cost) / e, 0)

    for _ in range(steps + extra):
        if order == "fg":
            f = new_f(g)
            g = new_g(f)
        elif order == "gf":
            g = new_g(f)
            f = new_f(g)
        else:
            f, g = new_f(g), new_g(f)
    log_plan = (f[:, None] + g - sign * cost) / e
    if weighed:
        log_plan = log_plan + log_a[:, None] + log_b
    plan = log_plan.exp()
    if epsilon < 0.01 and plan.max() < 1e-3:  # as many mistakes end: a large one names them
        raise ArithmeticError("nothing is left of the plan")
    relative = torch.where(plan > 0, plan * (log_plan - log_a[:, None] - log_b), 0.0).sum()
    total = (plan * cost).sum()
    return plan, {"cost": total, "with entropy": total + epsilon * relative, "dual": a @ f + b @ g,
                  "kernel": total / epsilon, "mean": (plan * cost).mean()}[value]


def _plain_sinkhorn(a, b, cost, epsilon, steps, *, floor=0.0, kernel_floor=0.0, replace=False):
    kernel = (-cost / epsilon).exp().clamp_min(kernel_floor)
    v = torch.ones_like(b)
    for _ in range(steps):
        u = 1 / (kernel @ (b * v) + floor)
        v = 1 / (kernel.T @ (a * u) + floor)
    plan = (a * u)[:, None] * kernel * (b * v)
    plan = plan.nan_to_num() if replace else plan
    return plan, (plan * cost).sum()


def _epsilon_raised(a, b, cost, epsilon, steps):
    return _sinkhorn(a, b, cost, max(epsilon, float(cost.max()) / 700), steps)


def plan_and_cost(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"plan": values[0], "cost": values[1]} if len(values) == 2 else out


T4_SLIPS = (
    Slip("weights-in-the-wrong-update",
         "The update of f sums over j. Whose masses belong to the index that is summed over?",
         partial(_sinkhorn, weights="own")),
    Slip("weights-forgotten",
         "Each of the two sums is weighted. Compare what stands in front of exp in the updates with your lines.",
         partial(_sinkhorn, weights="none")),
    Slip("no-epsilon-in-front",
         "f and g are prices, in the units of the cost. In which units is a logarithm, and what turns it into a price?",
         partial(_sinkhorn, front=False)),
    Slip("epsilon-multiplied",
         "A small epsilon should make the plan sharp. Does yours get sharper or more blurred?",
         partial(_sinkhorn, divide=False)),
    Slip("sign-of-the-cost",
         "Your plan prefers the dear ways to the cheap ones. With which sign does the cost stand in the exponent?",
         partial(_sinkhorn, sign=-1.0)),
    Slip("g-before-f",
         "After your last update the rows are right and the columns are not. Which of the two should be updated last?",
         partial(_sinkhorn, order="gf")),
    Slip("both-from-the-old",
         "The update of g should use the f just made. Which f does yours see?",
         partial(_sinkhorn, order="together")),
    Slip("one-step-too-few",
         "How many pairs of updates are taken before the plan is formed? Count them for steps = 1.",
         partial(_sinkhorn, extra=-1)),
    Slip("one-step-too-many",
         "How many pairs of updates are taken before the plan is formed? Count them for steps = 1.",
         partial(_sinkhorn, extra=1)),
    Slip("plan-without-its-weights",
         "The prices multiply the plan of two independent draws. Which factors are missing from yours?",
         partial(_sinkhorn, weighed=False)),
    Slip("cost-with-entropy",
         "Your second number is what Sinkhorn minimises. The task asks only for the part that is paid for transport.",
         partial(_sinkhorn, value="with entropy")),
    Slip("dual-value-for-cost",
         "Prices times masses give the dual value, which contains the entropy. Which sum over the plan is its cost?",
         partial(_sinkhorn, value="dual")),
    Slip("cost-averaged",
         "The entries of the plan already are shares of the mass. Is there anything left to divide by?",
         partial(_sinkhorn, value="mean")),
    Slip("underflow",
         "exp(-1000) is zero in floating point, and 1/0 is no price. Can you keep f and g, and add with logsumexp?",
         _plain_sinkhorn),
    Slip("floor-under-the-sum",  # in a division or in a logarithm: the plans are the same
         "A small number added to a sum makes its inverse or its logarithm finite, not right: the price is then the small "
         "number's. What can be taken out of a sum of exponentials before exp sees it?",
         partial(_plain_sinkhorn, floor=1e-16)),
    Slip("floor-under-the-kernel",
         "Where your kernel is held up by a floor, all ways cost the same. What could you keep in place of exp(-c / epsilon)?",
         partial(_plain_sinkhorn, kernel_floor=1e-300)),
    Slip("nan-replaced",
         "Where your plan says 0 it was nan. What could you keep in place of exp(f / epsilon), so that nothing is lost?",
         partial(_plain_sinkhorn, replace=True)),
    Slip("epsilon-raised",
         "You made the blur larger, so that exp survives. Is that still the plan for the epsilon given?",
         _epsilon_raised),
)


def t4_cases(rng):
    def masses(n):
        raw = rng.permutation(np.linspace(1, 5, n)) * rng.uniform(0.8, 1.2, n)
        return raw / raw.sum()

    def case(n, m, steps, part="values"):
        cost = rng.uniform(0.5, 3.0, (n, m))
        epsilon = rng.uniform(0.3, 0.6)
        if part == "small epsilon":  # exp(-c / epsilon) is zero for every cost, even in double precision
            cost, epsilon = cost + 1, rng.uniform(0.0012, 0.0018)
        return Case({"a": masses(n), "b": masses(m), "cost": cost, "epsilon": float(epsilon), "steps": steps}, part)

    def tilted(n, m, steps):
        """What is added to whole rows and columns leaves the plan alone, so it stays blurred where epsilon is small: it
        tells one epsilon from another. One row of the kernel is not zero, in contrast to the other case.
        """
        epsilon = rng.uniform(0.0012, 0.0018)
        rows = rng.permutation([rng.uniform(5, 10), *rng.uniform(850, 1250, n - 1)])
        cost = epsilon * (rows[:, None] + rng.uniform(0, 5, m) + rng.uniform(0, 4, (n, m)))
        return Case({"a": masses(n), "b": masses(m), "cost": cost, "epsilon": float(epsilon), "steps": steps}, "small epsilon")

    return [case(4, 4, 2), case(3, 5, 3), case(6, 4, int(rng.integers(2, 5))), case(5, 5, 1),
            case(4, 4, int(rng.integers(4, 8)), "small epsilon"), tilted(3, 5, int(rng.integers(4, 8)))]


# ---------------------------------------------------------------------------------------------------------------------
# t5 · unbiased MMD^2 with a weighted sum of Gaussian kernels


def mmd_squared(x, y, weights, bandwidths):
    return _mmd(x, y, weights, bandwidths)


def _mmd(x, y, weights, bandwidths, *, within="unbiased", cross=-2.0, paired=False, weigh="sum", power=2, half=0.5,
         distance="squared", final=None):
    def kernel(s, t):
        squared = (s[:, None] - t).square().sum(2)[..., None]
        if distance == "plain":
            squared = squared.sqrt()
        exponent = -half * squared / bandwidths**power
        if weigh == "product":
            return exponent.sum(2).exp()
        w = {"sum": weights, "share": weights / weights.sum(), "none": torch.ones_like(weights)}[weigh]
        return exponent.exp() @ w

    def mean_within(s):
        n, values = len(s), kernel(s, s)
        total, own = values.sum(), values.diagonal().sum()
        return {"unbiased": (total - own) / (n * (n - 1)), "biased": total / n**2, "diagonal kept": total / (n * (n - 1)),
                "divided by n^2": (total - own) / n**2, "once": (total - own) / 2 / (n * (n - 1)),
                "twice": 2 * (total - own) / (n * (n - 1))}[within]

    between = kernel(x, y)
    if paired:
        n, _ = between.shape
        between_mean = (between.sum() - (between * torch.eye(n, dtype=x.dtype)).sum()) / (n * (n - 1))
    else:
        between_mean = between.mean()
    value = mean_within(x) + mean_within(y) + cross * between_mean
    return value if final is None else final(value)


T5_SLIPS = (
    Slip("biased",
         "Two draws from p are two different points. Which pairs of your average are no such pairs, and how large is "
         "the kernel there?",
         partial(_mmd, within="biased")),
    Slip("diagonal-kept",
         "You divide by the number of pairs of different points. Are those all the pairs in your sum?",
         partial(_mmd, within="diagonal kept")),
    Slip("divided-by-all-pairs",
         "You left the pairs (i, i) out of the sum. How many pairs are left to divide by?",
         partial(_mmd, within="divided by n^2")),
    Slip("each-pair-once",
         "You sum over i < j. How many pairs is that, and what did you divide by?",
         partial(_mmd, within="once")),
    Slip("each-pair-twice",
         "Your sum contains (i, j) and (j, i). How many pairs is that, and what did you divide by?",
         partial(_mmd, within="twice")),
    Slip("cross-term-once",
         "Expand |a - b|^2. How often does the product a b occur?",
         partial(_mmd, cross=-1.0)),
    Slip("cross-term-added",
         "For two equal distributions the three averages should cancel. With these signs, do they?",
         partial(_mmd, cross=2.0)),
    Slip("cross-pairs-left-out",
         "x_i and y_i share a number and nothing else. Is there a reason to leave that pair out?",
         partial(_mmd, paired=True)),
    Slip("bandwidth-not-squared",
         "h has the units of x. Which power of it makes the exponent a pure number?",
         partial(_mmd, power=1)),
    Slip("two-missing",
         "Compare your exponent with that of the kernel, factor by factor. Is it as steep?",
         partial(_mmd, half=1.0)),
    Slip("distance-not-squared",
         "The exponent contains a squared distance. Is there a root in your computation that should not be there?",
         partial(_mmd, distance="plain")),
    Slip("weights-forgotten",
         "Each kernel has a weight of its own. Where do the weights enter?",
         partial(_mmd, weigh="none")),
    Slip("weights-normalised",
         "The kernel is a sum with the weights as given. Do they have to sum to one?",
         partial(_mmd, weigh="share")),
    Slip("kernels-multiplied",
         "Several bandwidths are there so that one of them fits. Is a product of the kernels large when one of its "
         "factors is small?",
         partial(_mmd, weigh="product")),
    Slip("root-taken",
         "The task asks for the square. What would become of the root of a negative estimate?",
         partial(_mmd, final=torch.sqrt)),
    Slip("clamped-at-zero",
         "An estimate that is right on average over samples from equal distributions must sometimes be negative. "
         "What happens to its average if you cut that off?",
         partial(_mmd, final=lambda value: value.clamp_min(0))),
    Slip("absolute-value",
         "A negative estimate says that the samples look alike. What does its absolute value say?",
         partial(_mmd, final=torch.abs)),
)


def t5_cases(rng):
    def case(n, m, d, components, sign, part="values"):
        while True:
            scales = rng.permutation(apart_from_one(rng) * 2.2 ** np.arange(components))
            weights = rng.permutation(np.linspace(0.3, 1.6, components)) * rng.uniform(0.8, 1.2)
            shift = rng.uniform(1.0, 2.0, d) * np.median(scales) if sign > 0 else 0.0
            x = rng.normal(size=(n, d)) * np.median(scales)
            y = rng.normal(size=(m, d)) * np.median(scales) + shift
            inputs = {"x": x, "y": y, "weights": weights, "bandwidths": scales}
            value = float(mmd_squared(**{k: torch.tensor(v) for k, v in inputs.items()}))
            if abs(weights.sum() - 1) > 0.1 and sign * value > 0.03 and abs(value - 1) > 0.1:
                return Case(inputs, part)

    return [case(int(rng.integers(4, 6)), int(rng.integers(6, 9)), 2, 2, 1), case(5, 5, 3, 3, 1), case(4, 4, 1, 2, 1),
            case(2, 3, 2, 3, 1), case(int(rng.integers(3, 5)), int(rng.integers(5, 8)), 2, 2, -1, "negative estimates"),
            case(4, 4, 1, 3, -1, "negative estimates")]


# ---------------------------------------------------------------------------------------------------------------------
# t6 · the p-value of a permutation test, from given permutations


def permutation_p_value(x, y, permutations):
    return _p_value(x, y, permutations)


def _p_value(x, y, permutations, *, pool="max", absolute=True, read="order", take="n", count="reach", add=(1, 1),
             report="p"):
    pooled, n, m = torch.cat([x, y]), len(x), len(y)

    def statistic(a, b):
        gap = a.mean(0) - b.mean(0)
        gap = gap.abs() if absolute else gap
        return {"max": gap.max(), "sum": gap.sum(), "mean": gap.mean(), "norm": gap.norm()}[pool]

    def split(order):
        if read == "places":
            order = order.argsort()
        mixed = pooled[order]
        if read == "within":
            return x[order[order < n]], y[order[order >= n] - n]
        first = n if take == "n" else m
        return mixed[:first], mixed[first:]

    observed = statistic(x, y)
    null = torch.stack([statistic(*split(order)) for order in permutations])
    number = {"reach": (null >= observed).sum(), "exceed": (null > observed).sum(), "below": (null <= observed).sum()}[count]
    p = (add[0] + number) / (add[1] + len(null))
    return observed, {"p": p, "1 - p": 1 - p, "2 p": 2 * p}[report]


def statistic_and_p_value(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"statistic": values[0], "p_value": values[1]} if len(values) == 2 else out


T6_SLIPS = (
    Slip("no-plus-one",
         "Can your p-value be 0? The split observed is one of the splits that could have come up.",
         partial(_p_value, add=(0, 0))),
    Slip("plus-one-only-below",
         "The split observed reaches its own statistic. Is it among those that you counted?",
         partial(_p_value, add=(0, 1))),
    Slip("plus-one-only-above",
         "You counted the split observed. Among how many splits, then, did you count?",
         partial(_p_value, add=(1, 0))),
    Slip("ties-not-counted",
         "A split that does exactly as well as the one observed speaks for chance too. Does your comparison count it?",
         partial(_p_value, count="exceed")),
    Slip("lower-tail",
         "Large values of T speak against one distribution. Which splits are at least as extreme?",
         partial(_p_value, count="below")),
    Slip("one-minus-p",
         "Samples that clearly differ should give a small p-value. Does yours get small or large?",
         partial(_p_value, report="1 - p")),
    Slip("doubled",
         "T is large for differences in either direction, because of its absolute value. Is there a second tail to add?",
         partial(_p_value, report="2 p")),
    Slip("one-sided",
         "A difference of -2 is as telling as one of +2. What does your T make of it?",
         partial(_p_value, absolute=False)),
    Slip("coordinates-summed",
         "T is the largest gap over the coordinates. What did you do with the others?",
         partial(_p_value, pool="sum")),
    Slip("coordinates-averaged",
         "T is the largest gap over the coordinates. What did you do with the others?",
         partial(_p_value, pool="mean")),
    Slip("euclidean-norm",
         "T is the largest gap over the coordinates, not the length of the vector of gaps.",
         partial(_p_value, pool="norm")),
    Slip("shuffled-within-the-samples",
         "Shuffling a sample does not change its mean. Between which points should the permutation exchange?",
         partial(_p_value, read="within")),
    Slip("sizes-exchanged",
         "After the split the first group must be as large as x was. How many points does yours get?",
         partial(_p_value, take="m")),
    Slip("places-for-order",
         "A row lists which pooled point stands first, second, and so on. You read it as where each point goes.",
         partial(_p_value, read="places")),
)


def t6_cases(rng):
    joins = ("coordinates-summed", "coordinates-averaged", "euclidean-norm")
    on_one_axis = [permutation_p_value, *(slip.answer for slip in T6_SLIPS if slip.name not in joins)]
    answers = [permutation_p_value, *(slip.answer for slip in T6_SLIPS)]

    def case(n, m, d, b, part="values"):
        """Whole numbers, and sizes that are powers of two: all means are exact, so ties are ties in every formula."""
        while True:
            x, y = rng.integers(-4, 5, (n, d)) * 1.0, rng.integers(-4, 5, (m, d)) * 1.0
            inputs = {"x": x, "y": y, "permutations": np.stack([rng.permutation(n + m) for _ in range(b)])}
            # On one axis the ways to join the coordinates are one.
            if tells_apart(on_one_axis if d == 1 else answers, inputs, 1e-3):
                return Case(inputs, part)

    return [case(8, 4, 2, int(rng.integers(30, 40))), case(4, 8, 3, int(rng.integers(40, 60))),
            case(16, 4, 3, int(rng.integers(30, 50))), case(8, 2, 1, int(rng.integers(30, 40)))]


# ---------------------------------------------------------------------------------------------------------------------
# t7 · Frechet distance from running sums


def frechet_from_sums(n, sums, products, other_n, other_sums, other_products):
    return _frechet(n, sums, products, other_n, other_sums, other_products)


def _frechet(n, sums, products, other_n, other_sums, other_products, *, divisor=1, centre="mean", overlap="root of product",
             means="squared", two=2.0, root=False, singular=None):
    def moments(n, s, p):
        if centre == "after":
            return s / n, p / (n - divisor) - torch.outer(s / n, s / n)
        outer = {"mean": torch.outer(s, s) / n, "none": 0 * p, "sums": torch.outer(s, s),
                 "once": torch.outer(s / n, s / n)}[centre]
        return s / n, (p - outer) / ((n - divisor) if divisor is not None else 1.0)

    def matrix_root(c):
        values, vectors = torch.linalg.eigh(c)
        return (vectors * values.clamp_min(0).sqrt()) @ vectors.T

    mean, c = moments(n, sums, products)
    other_mean, c_w = moments(other_n, other_sums, other_products)
    half = matrix_root(c)

    def trace_of_root(product):
        return torch.linalg.eigvals(product).real.clamp_min(0).sqrt().sum()

    trace = {
        "root of product": lambda: torch.linalg.eigvalsh(half @ c_w @ half).clamp_min(0).sqrt().sum(),
        "product of roots": lambda: (half @ matrix_root(c_w)).trace(),
        "entries": lambda: (c @ c_w).diagonal().abs().sqrt().sum(),
        "variances": lambda: (c.diagonal() * c_w.diagonal()).clamp_min(0).sqrt().sum(),
        "no root": lambda: (c @ c_w).trace(),
        "lower half": lambda: torch.linalg.eigvalsh(c @ c_w).clamp_min(0).sqrt().sum(),
        "entrywise product": lambda: trace_of_root(c * c_w),
        "root of trace": lambda: (c @ c_w).trace().clamp_min(0).sqrt(),
    }[overlap]()
    gap = mean - other_mean
    squared = {"squared": gap @ gap, "norm": gap.norm(), "none": 0.0}[means] + c.trace() + c_w.trace() - two * trace
    if singular is not None and min(n, other_n) <= len(sums):
        return squared * singular
    return squared.clamp_min(0).sqrt() if root else squared


T7_SLIPS = (
    Slip("root-taken",
         "The course's figure, like the FID, is the squared distance. What is the last thing that you do?",
         partial(_frechet, root=True)),
    Slip("divided-by-n",
         "The mean was fitted to the same features, which takes one degree of freedom. What does the covariance divide by?",
         partial(_frechet, divisor=0)),
    Slip("scatter-for-covariance",
         "With more pictures of the same kind your covariance grows. Is it a sum, or an average?",
         partial(_frechet, divisor=None)),
    Slip("not-centred",
         "The sum of products contains the mean as well as the spread. What has to be taken off?",
         partial(_frechet, centre="none")),
    Slip("outer-product-of-sums",
         "Write sum (x - m)(x - m)^T out. The term with the sums: by which power of n is it divided?",
         partial(_frechet, centre="sums")),
    Slip("means-taken-off-once",
         "Write sum (x - m)(x - m)^T out. How many times is m m^T taken off?",
         partial(_frechet, centre="once")),
    Slip("two-divisors",
         "Features that are all alike have no spread. Put n = 2 and x = 1 twice into your covariance: is it zero?",
         partial(_frechet, centre="after")),
    Slip("means-not-squared",
         "All terms have the units of the features squared. Has yours for the means?",
         partial(_frechet, means="norm")),
    Slip("means-forgotten",
         "Two equal clouds in different places are not at distance zero. Where do the means enter?",
         partial(_frechet, means="none")),
    Slip("two-forgotten",
         "For two equal sets the distance must be zero. Do your three traces cancel then?",
         partial(_frechet, two=1.0)),
    Slip("root-entry-by-entry",
         "The root R of a matrix M fulfils R R = M as a matrix product. Does the root of every entry do that?",
         partial(_frechet, overlap="entries")),
    Slip("variances-only",
         "Your overlap knows only the variances of single features. What tells it about their correlations?",
         partial(_frechet, overlap="variances")),
    Slip("product-entry-by-entry",
         "Is C C_w in your code a product of matrices, or of their entries?",
         partial(_frechet, overlap="entrywise product")),
    Slip("product-of-roots",
         "For matrices that do not commute, is the root of a product the product of the roots?",
         partial(_frechet, overlap="product of roots")),
    Slip("no-root-of-the-product",
         "For two equal sets the distance must be zero. Do your traces cancel then? Look at the units of C C_w.",
         partial(_frechet, overlap="no root")),
    Slip("symmetric-solver-for-the-product",
         "eigvalsh reads one half of a matrix and takes the other to be its mirror image. Is C C_w symmetric?",
         partial(_frechet, overlap="lower half")),
    Slip("root-of-the-trace",
         "You took the root of a sum of eigenvalues. The trace of a root is a sum of what?",
         partial(_frechet, overlap="root of trace")),
    Slip("nan-with-few-samples",
         "Fewer samples than features leave directions without spread. Their eigenvalues are 0, up to rounding, which has "
         "either sign. What is the root of -1e-17, and what should it be?",
         partial(_frechet, singular=math.nan)),
)


def t7_cases(rng):
    def sums_of(n, k, centre):
        mixing = rng.normal(size=(k, k)) + np.diag(rng.uniform(0.5, 2.5, k))
        features = rng.normal(size=(n, k)) @ mixing + centre
        return n, features.sum(0), features.T @ features

    def case(n, m, k, part="values"):
        first = sums_of(n, k, rng.uniform(-1, 1, k))
        second = sums_of(m, k, rng.uniform(-1, 1, k) + rng.choice([-1, 1], k) * rng.uniform(0.6, 1.5, k))
        names = ("n", "sums", "products", "other_n", "other_sums", "other_products")
        return Case(dict(zip(names, (*first, *second), strict=True)), part)

    return [case(int(rng.integers(8, 11)), int(rng.integers(12, 16)), 3), case(int(rng.integers(12, 16)), 9, 4), case(5, 7, 1),
            case(int(rng.integers(3, 5)), int(rng.integers(12, 16)), 5, "fewer samples than features"),
            case(int(rng.integers(12, 16)), 4, 6, "fewer samples than features")]


# ---------------------------------------------------------------------------------------------------------------------
# t8 · precision and recall by balls, without the largest ones


def precision_recall(generated, data, k, dropped):
    return _precision_recall(generated, data, k, dropped)


def _precision_recall(generated, data, k, dropped, *, itself="place", radius="centre", kept="smallest", share="all",
                      boundary="closed", order="pr", euclidean=True, some=True):
    def distances(s, t):
        if not euclidean:
            return (s[:, None] - t).abs().sum(2)
        return (s[:, None] - t).square().sum(2).sqrt()

    def radii(s, other):
        if radius == "other set":
            return distances(s, other).sort(1).values[:, k - 1]
        d = distances(s, s)
        if itself == "counted":
            return d.sort(1).values[:, k - 1]
        if itself == "taken out twice":
            return d.sort(1).values[:, k + 1]
        if itself == "distance":
            d = torch.where(d == 0, math.inf, d)
        else:
            d = d + torch.diag(torch.full((len(d),), math.inf, dtype=d.dtype))
        return d.sort(1).values[:, k - 1]

    def share_within(points, centres):
        if kept == "smallest, then radii":
            centres = centres[radii(centres, points).argsort()[: len(centres) - dropped]]
        r, d = radii(centres, points), distances(points, centres)
        ranks = r.argsort().argsort()
        keep = {"smallest": ranks < len(r) - dropped, "largest": ranks >= dropped, "all": ranks >= 0,
                "smallest, then radii": ranks >= 0, "first": torch.arange(len(r)) < len(r) - dropped}[kept]
        if radius == "point":
            r_p = radii(points, centres)
            keep_p = r_p.argsort().argsort() < len(r_p) - dropped
            inside = ((d <= r_p[:, None]) & keep_p[:, None]).any(1)
            return inside.double().mean()
        inside = (d < r) if boundary == "open" else (d <= r)
        inside = inside & keep
        if not some:
            return inside[:, keep].double().mean()
        if share == "kept":
            r_p = radii(points, centres)
            inside = inside[r_p.argsort().argsort() < len(r_p) - dropped]
        return inside.any(1).double().mean()

    precision, recall = share_within(generated, data), share_within(data, generated)
    return (precision, recall) if order == "pr" else (recall, precision)


def precision_and_recall(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"precision": values[0], "recall": values[1]} if len(values) == 2 else out


T8_SLIPS = (
    Slip("counts-itself",
         "The nearest point to a point is the point itself, at distance 0. Is it among your k neighbours?",
         partial(_precision_recall, itself="counted")),
    Slip("one-neighbour-too-far",
         "Write down the sorted distances from one point, with or without its own. At which place does the k-th neighbour "
         "stand, counted from 0?",
         partial(_precision_recall, itself="taken out twice")),
    Slip("sum-of-the-coordinates",
         "A ball is round: how far is (1, 1) from (0, 0), and how far do you take it to be?",
         partial(_precision_recall, euclidean=False)),
    Slip("swapped",
         "Bad pictures among good ones lower one of the two, missing kinds of pictures the other. Which is which?",
         partial(_precision_recall, order="rp")),
    Slip("radius-of-the-point",
         "A ball has its centre in one set, and a point of the other set is tested. Whose radius did you compare with?",
         partial(_precision_recall, radius="point")),
    Slip("radius-from-the-other-set",
         "The radius says how densely a set lies around its own point. Among which points did you look for neighbours?",
         partial(_precision_recall, radius="other set")),
    Slip("nothing-dropped",
         "One outlier has a ball that swallows everything. Which balls should not count?",
         partial(_precision_recall, kept="all")),
    Slip("smallest-dropped",
         "Which balls are suspicious, those in the thick of the set or those around outliers?",
         partial(_precision_recall, kept="largest")),
    Slip("last-ones-dropped",
         "You dropped as many balls as asked. Are they the largest ones, or those that come last in the set?",
         partial(_precision_recall, kept="first")),
    Slip("dropped-before-the-radii",
         "You dropped the centres, and then looked for neighbours. May a dropped centre still be a neighbour of others?",
         partial(_precision_recall, kept="smallest, then radii")),
    Slip("points-dropped-too",
         "A dropped ball no longer holds anything. May its centre still be tested against the balls of the other set?",
         partial(_precision_recall, share="kept")),
    Slip("share-of-pairs",
         "One ball is enough to hold a point. Does your share count points, or pairs of points and balls?",
         partial(_precision_recall, some=False)),
    Slip("boundary-left-out",
         "A copy of a point that occurs k + 1 times lies at distance 0 from a ball of radius 0. Does the boundary belong "
         "to the ball?",
         partial(_precision_recall, boundary="open")),
    Slip("copies-skipped",
         "A copy at distance 0 is a neighbour like any other. How do you tell the point itself from a copy of it?",
         partial(_precision_recall, itself="distance")),
)


def t8_cases(rng):
    by_order = ("last-ones-dropped", "dropped-before-the-radii", "one-neighbour-too-far", "sum-of-the-coordinates")
    base = [precision_recall, *(s.answer for s in T8_SLIPS if s.name not in ("boundary-left-out", "copies-skipped", *by_order))]
    late = [s.answer for s in T8_SLIPS if s.name in by_order]
    copies = [precision_recall, *(s.answer for s in T8_SLIPS
                                  if s.name in ("boundary-left-out", "copies-skipped", "one-neighbour-too-far",
                                                "radius-from-the-other-set"))]

    def clear(points, k, dropped, other):
        """No point near the border of a ball, and the smallest dropped ball clearly larger than the largest kept one:
        float32 must decide as float64 does. (Radii as such are often equal: two points may be each other's neighbour.)
        """
        own = np.linalg.norm(points[:, None] - points, axis=2)
        r = np.sort(own, 1)[:, k]
        across = np.linalg.norm(points[:, None] - other, axis=2)
        ordered = np.sort(r)
        return np.abs(across / r[:, None] - 1).min() > 1e-4 and ordered[-dropped] > 1.001 * ordered[-dropped - 1]

    def case(n, m, k, dropped, d, tells=()):
        while True:
            g = rng.normal(size=(n, d)) * rng.uniform(0.7, 1.0)
            x = rng.normal(size=(m, d)) + rng.uniform(0.3, 1.0, d)
            x[0], g[0] = x[0] + rng.uniform(2, 4), g[0] - rng.uniform(2, 4)
            inputs = {"generated": rng.permutation(g), "data": rng.permutation(x), "k": k, "dropped": dropped}
            if clear(g, k, dropped, x) and clear(x, k, dropped, g) and tells_apart([*base, *tells], inputs, 1e-3):
                return Case(inputs)

    def with_copies(n, m, k):
        """Whole numbers on a small grid: copies, and distances equal to a radius, in every number format."""
        while True:
            g, x = rng.integers(0, 4, (n, 2)) * 1.0, rng.integers(0, 4, (m, 2)) * 1.0 + rng.integers(0, 2, 2)
            inputs = {"generated": g, "data": x, "k": k, "dropped": 0}
            if tells_apart(copies, inputs, 5e-3):
                return Case(inputs, "copies and ties")

    # Many centres dropped, and many neighbours: dropped centres are neighbours of others.
    return [case(int(rng.integers(15, 19)), int(rng.integers(19, 23)), 4, 5, 2, late),
            case(int(rng.integers(17, 21)), int(rng.integers(12, 16)), 2, 3, 3),
            case(int(rng.integers(14, 19)), int(rng.integers(14, 19)), 2, 2, 1),
            with_copies(int(rng.integers(12, 16)), int(rng.integers(12, 16)), 1),
            with_copies(int(rng.integers(15, 19)), int(rng.integers(12, 16)), 2)]


TASKS = [
    Task("t1", "A critic's bound", critic_bound, t1_cases, {"values": 10, "below the range": 4}, T1_SLIPS,
         atol=ATOL, forbids=FORBIDS),
    Task("t2", "W1 on the line", w1_of_counts, t2_cases, {"values": 10}, T2_SLIPS, atol=ATOL, forbids=FORBIDS),
    Task("t3", "The critic of W1", best_critic, t3_cases, {"values": 10}, T3_SLIPS, atol=ATOL, forbids=FORBIDS),
    # At a small epsilon, float32 holds c / epsilon to four digits of what exp makes of it.
    Task("t4", "Sinkhorn in the log domain", sinkhorn_plan, t4_cases, {"values": 10, "small epsilon": 5}, T4_SLIPS,
         plan_and_cost, rtol=2e-3, atol=1e-4, forbids=(*FORBIDS, "geomloss")),
    Task("t5", "Unbiased MMD²", mmd_squared, t5_cases, {"values": 9, "negative estimates": 4}, T5_SLIPS,
         atol=ATOL, forbids=FORBIDS),
    Task("t6", "A permutation p-value", permutation_p_value, t6_cases, {"values": 12}, T6_SLIPS, statistic_and_p_value,
         atol=ATOL, forbids=FORBIDS),
    Task("t7", "Fréchet distance from sums", frechet_from_sums, t7_cases,
         {"values": 10, "fewer samples than features": 4}, T7_SLIPS, rtol=1e-3, atol=1e-4,
         forbids=(*FORBIDS, "torchmetrics")),
    Task("t8", "Precision and recall", precision_recall, t8_cases, {"values": 8, "copies and ties": 4}, T8_SLIPS,
         precision_and_recall, atol=ATOL, forbids=FORBIDS),
]
