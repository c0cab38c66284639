"""The checks of problem set 10, "Wasserstein and other games".

Per task: the reference, the slips, the cases. A slip is the reference with one classic mistake; one private function
a task holds the lines, and a keyword switches each mistake on. Cases are drawn so that float32 answers pass and every
slip shows in any draw; what a draw must fulfil for that stands beside it.
"""
from __future__ import annotations

import math
from functools import partial
from itertools import combinations, pairwise

import numpy as np
import torch

from coursekit.checks import Case, Slip, Task, call

ATOL = 1e-4
FORBIDS = ("coursekit.gans", "coursekit.distances", "coursekit.evaluation")


def in_steps(values):
    """Rounded to multiples of 1/64: float32 holds them exactly up to a hundred thousand."""
    return np.round(np.asarray(values) * 64) / 64


def away_from(rng, low, high, size=None):
    """Numbers of either sign whose size lies between low and high."""
    return rng.choice([-1.0, 1.0], size) * rng.uniform(low, high, size)


def outputs(answer, inputs):
    """All that an answer returns, in one row."""
    out = answer(**{k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in inputs.items()})
    return np.concatenate([np.ravel(v) for v in (out if isinstance(out, tuple) else (out,))])


def tells_apart(answers, inputs, gap):
    """Whether all answers differ from each other on these inputs, by more than `gap` in some number."""
    rows = [outputs(answer, inputs) for answer in answers]
    return all(a.shape != b.shape or np.abs(a - b).max() > gap for a, b in combinations(rows, 2))


# ---------------------------------------------------------------------------------------------------------------------
# t1 · both losses, and a lower bound of W1 from a critic of any steepness


def w1_bound(x, x_fake, f, f_fake, weights, weights_fake):
    return _w1(x, x_fake, f, f_fake, weights, weights_fake)


def _w1(x, x_fake, f, f_fake, weights, weights_fake, *, signs=(1, 1, 1), with_data=False, weigh="each", pairs="all",
        steepest="max", length="euclidean", use="divide", coincide="skipped", final=None):
    total, total_fake = weights.sum(), weights_fake.sum()
    if weigh == "together":
        total = total_fake = total + total_fake
    if weigh == "as they are":
        total = total_fake = torch.ones(())
    if weigh == "by number":
        total, total_fake = len(f), len(f_fake)
    if weigh == "not at all":
        mean, mean_fake = f.mean(), f_fake.mean()
    else:
        mean, mean_fake = (weights * f).sum() / total, (weights_fake * f_fake).sum() / total_fake
    points, values = torch.cat([x, x_fake]), torch.cat([f, f_fake])
    if pairs == "data":
        points, values = x, f
    gap = points[:, None] - points
    apart = {"euclidean": gap.square().sum(2).sqrt(), "squared": gap.square().sum(2), "sum": gap.abs().sum(2),
             "largest": gap.abs().amax(2)}[length]
    i, j = torch.triu_indices(len(points), len(points), 1)
    keep = torch.ones(len(i), dtype=torch.bool) if coincide == "kept" else apart[i, j] > 0
    if pairs == "within":
        keep &= (i < len(x)) == (j < len(x))
    if pairs == "across":
        keep &= (i < len(x)) != (j < len(x))
    i, j = i[keep], j[keep]
    slopes = (values[i] - values[j]).abs() / apart[i, j]
    slope = slopes.mean() if steepest == "mean" else slopes.max()
    d_loss, g_loss = signs[0] * (mean_fake - mean), -signs[1] * (mean_fake - (mean if with_data else 0))
    gain = signs[2] * (mean - mean_fake)
    if use == "losses too":
        d_loss, g_loss = d_loss / slope, g_loss / slope
    w1 = {"divide": gain / slope, "losses too": gain / slope, "multiply": gain * slope, "not": gain}[use]
    if slope == 0:
        w1 = torch.zeros(())
    return d_loss, g_loss, w1 if final is None else final(w1)


def _w1_flat(x, x_fake, f, f_fake, weights, weights_fake):
    """Right but for a constant critic, where 0 is divided by 0."""
    d_loss, g_loss, w1 = _w1(x, x_fake, f, f_fake, weights, weights_fake)
    return d_loss, g_loss, w1 * math.nan if (f == f[0]).all() and (f_fake == f[0]).all() else w1


def losses_and_bound(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"d_loss": values[0], "g_loss": values[1], "w1": values[2]} if len(values) == 3 else out


T1_SLIPS = (
    Slip("high-on-fakes",
         "Your critic is trained to be high on fakes, and the generator to bring it down. Which way round does the "
         "course have it?",
         partial(_w1, signs=(-1, -1, -1))),
    Slip("critics-loss-upside-down",
         "The critic wants to be high on data. Is what you return small when it is?",
         partial(_w1, signs=(-1, 1, 1))),
    Slip("generators-loss-upside-down",
         "The generator wants the critic to score its points highly. Does your loss fall when the scores rise?",
         partial(_w1, signs=(1, -1, 1))),
    Slip("loss-for-the-estimate",
         "Your estimate should be positive for a critic that is high on data, and negative for one that is high on fakes. "
         "Is it both?",
         partial(_w1, signs=(1, 1, -1))),
    Slip("generators-loss-with-data",
         "Nothing that the generator does changes the critic's mean over data. Does its loss need that mean?",
         partial(_w1, with_data=True)),
    Slip("slope-forgotten",
         "Twice the critic is as good a critic, and gains twice as much. Should your estimate of the distance double?",
         partial(_w1, use="not")),
    Slip("times-the-slope",
         "A critic with slope 2 gains up to twice the distance. What do you do to its gain to get back to the distance?",
         partial(_w1, use="multiply")),
    Slip("losses-rescaled",
         "The losses are those of the critic as it is. Which of the three results asks for slope 1?",
         partial(_w1, use="losses too")),
    Slip("mean-slope",
         "A function with slope at most L is nowhere steeper than L. Is your L an average?",
         partial(_w1, steepest="mean")),
    Slip("slopes-across-only",
         "Two fakes are points of the space, too. Between which pairs did you look for the steepest slope?",
         partial(_w1, pairs="across")),
    Slip("slopes-within-only",
         "The critic may be steepest on the way from a fake to a data point. Between which pairs did you look?",
         partial(_w1, pairs="within")),
    Slip("slopes-on-data-only",
         "The critic must not be steep anywhere. Between which pairs did you look?",
         partial(_w1, pairs="data")),
    Slip("distance-squared",
         "Measure x in other units, twice as small. By how much should the slope of the critic change?",
         partial(_w1, length="squared")),
    Slip("distance-along-the-axes",
         "The distance is the straight one. Turn the coordinate axes: does your slope stay as it is?",
         partial(_w1, length="sum")),
    Slip("distance-in-one-coordinate",
         "The distance is the straight one. Do all coordinates enter yours?",
         partial(_w1, length="largest")),
    Slip("weights-ignored",
         "A point with twice the weight counts as two points. Which inputs say so?",
         partial(_w1, weigh="not at all")),
    Slip("weights-not-normalised",
         "Multiply all weights by 10. Is the mean of the critic another one?",
         partial(_w1, weigh="as they are")),
    Slip("divided-by-the-number-of-points",
         "Give the critic the value 1 everywhere. Is your weighted mean 1?",
         partial(_w1, weigh="by number")),
    Slip("weights-normalised-together",
         "Data and fakes are two distributions, each of total mass 1. Is each of your means one?",
         partial(_w1, weigh="together")),
    Slip("raised-to-zero",
         "A negative estimate says that this critic has it the wrong way round. Who is served by hiding that?",
         partial(_w1, final=lambda w1: w1.clamp_min(0))),
    Slip("slope-between-coinciding-points",
         "Two points in one place have the same score. What is 0 / 0, and what does a maximum make of it?",
         partial(_w1, coincide="kept")),
    Slip("constant-critic",
         "A critic that says the same everywhere has gained nothing. What does the docstring ask for in that case?",
         _w1_flat),
)


def t1_cases(rng):
    def where_steepest(points, values, n):
        """The kind of pair with the steepest slope, with the steepest one inside a sample; and whether both are clear."""
        i, j = np.triu_indices(len(points), 1)
        slopes = np.abs(values[i] - values[j]) / np.linalg.norm(points[i] - points[j], axis=1)
        kinds = np.where(i < n, np.where(j < n, "data", "across"), "fakes")
        best = {kind: slopes[kinds == kind].max(initial=0) for kind in ("data", "across", "fakes")}
        order = sorted(best, key=best.get)
        clear = all(best[b] > 1.1 * best[a] for a, b in pairwise(order))
        return order[-1], max(("data", "fakes"), key=best.get), clear, best[order[-1]]

    def case(n, m, d, steepest=None, sign=1):
        while True:
            x, x_fake = rng.uniform(-2, 2, (n, d)) + 1, rng.uniform(-2, 2, (m, d)) - 1
            f, f_fake = rng.uniform(-2, 2, n) + sign * 1.2, rng.uniform(-2, 2, m) - sign * 1.2
            points, values = np.concatenate([x, x_fake]), np.concatenate([f, f_fake])
            weights, weights_fake = (rng.permutation(np.linspace(0.5, 3, k)) * rng.uniform(0.8, 1.2) for k in (n, m))
            i, j = np.triu_indices(n + m, 1)
            if np.linalg.norm(points[i] - points[j], axis=1).min() < 0.1:
                continue  # float32 must find the same slope
            at, inside, clear, slope = where_steepest(points, values, n)
            gain = sign * (np.average(f, weights=weights) - np.average(f_fake, weights=weights_fake))
            if steepest and (at, inside, clear) != (*steepest, True):
                continue
            if gain > 0.3 and abs(np.log(slope)) > 0.3:
                break
        return Case({"x": x, "x_fake": x_fake, "f": f, "f_fake": f_fake, "weights": weights, "weights_fake": weights_fake})

    def coinciding(n, m):
        drawn = dict(case(n, m, 2).inputs)
        x, x_fake, f, f_fake = (in_steps(drawn[k]) for k in ("x", "x_fake", "f", "f_fake"))
        x[1], f[1] = x[0], f[0]
        x_fake[2], f_fake[2] = x[3], f[3]
        return Case(drawn | {"x": x, "x_fake": x_fake, "f": f, "f_fake": f_fake}, "coinciding points, constant critics")

    def constant(n, m):
        """A power of two, and weights in steps: the weighted means are exactly equal."""
        drawn, value = dict(case(n, m, 2).inputs), 2.0 ** int(rng.integers(-1, 2))
        drawn |= {"f": np.full(n, value), "f_fake": np.full(m, value)}
        drawn |= {k: in_steps(drawn[k]) for k in ("weights", "weights_fake")}
        return Case(drawn, "coinciding points, constant critics")

    few, more = int(rng.integers(4, 6)), int(rng.integers(6, 9))
    return [case(few, more, 2, ("across", "fakes")), case(more, few, 3, ("fakes", "fakes")),
            case(few, more, 2, ("data", "data")), case(few, few, 1, sign=-1), case(1, 1, 3),
            coinciding(5, more), coinciding(more, 4), constant(few, more)]


# ---------------------------------------------------------------------------------------------------------------------
# t2 · what clipped weights leave of the slope


def clipped_slopes(x, w1, b1, w2, b2, w3, limit, leak):
    return _clipped(x, w1, b1, w2, b2, w3, limit, leak)


def _clipped(x, w1, b1, w2, b2, w3, limit, leak, *, clip="entries", last=True, biases=True, gates=(True, True),
             gates_of="clipped", below="leak", above=1.0, length="euclidean", norm="spectral", layers=3, largest="right"):
    clipped = {
        "entries": lambda w: w.clamp(-limit, limit), "not": lambda w: w, "above": lambda w: w.clamp(max=limit),
        "scaled": lambda w: w * min(1.0, limit / float(w.abs().max())),
        "norm": lambda w: w * min(1.0, limit / float(w.norm())),
    }[clip]
    free = w1, b1, w2, b2
    w1, w2, w3 = clipped(w1), clipped(w2), clipped(w3) if last else w3
    b1, b2 = (clipped(b1), clipped(b2)) if biases else (b1, b2)
    low = {"leak": leak, "zero": 0.0, "one": 1.0}[below]
    high = leak if above == "leak" else above

    def opened(v):
        return torch.where(v > 0, high, low).to(v.dtype)

    v1, c1, v2, c2 = free if gates_of == "free" else (w1, b1, w2, b2)
    first = x @ v1.T + c1
    second = (first * opened(first)) @ v2.T + c2
    open_1 = opened(first) if gates[0] else torch.ones_like(first)
    open_2 = opened(second) if gates[1] else torch.ones_like(second)
    gradient = ((open_2 * w3) @ w2 * open_1) @ w1
    slopes = {"euclidean": gradient.norm(dim=1), "sum": gradient.abs().sum(1), "largest": gradient.abs().amax(1),
              "squared": gradient.square().sum(1), "of the mean": gradient.mean(0).norm().expand(len(x)),
              "steepest": gradient.norm(dim=1).max()}[length]
    size = {"spectral": lambda w: torch.linalg.matrix_norm(w, 2), "frobenius": torch.linalg.matrix_norm,
            "squared": lambda w: torch.linalg.matrix_norm(w, 2) ** 2,
            "rows": lambda w: torch.linalg.matrix_norm(w, math.inf), "entry": lambda w: w.abs().max()}[norm]
    sizes = torch.stack([size(w) for w in (w1, w2, w3[None])])
    bound = {3: sizes.prod(), 2: sizes[:2].prod(), "added": sizes.sum()}[layers]
    (h, d), k = w1.shape, len(w3)
    widest = {"right": limit**3 * h * k * d**0.5, "no widths": limit**3, "one limit": limit * h * k * d**0.5,
              "roots": limit**3 * (d * h * k) ** 0.5, "inputs": limit**3 * h * k * d, "no inputs": limit**3 * h * k,
              }[largest]
    return slopes, bound, torch.tensor(widest)


def slopes_and_bounds(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"slopes": values[0], "bound": values[1], "largest": values[2]} if len(values) == 3 else out


T2_SLIPS = (
    Slip("not-clipped",
         "Your slopes are those of the critic before the clipping. Which weights does the clipped one have?",
         partial(_clipped, clip="not")),
    Slip("clipped-from-above-only",
         "Weights can be too large in both directions. What becomes of a weight of -5?",
         partial(_clipped, clip="above")),
    Slip("scaled-for-clipped",
         "Clipping changes the entries beyond the limit and no others. Which entries did you change?",
         partial(_clipped, clip="scaled")),
    Slip("clipped-by-the-norm",
         "It is each entry that is clipped. What did you compare with the limit?",
         partial(_clipped, clip="norm")),
    Slip("last-layer-not-clipped",
         "All weights of the critic are clipped. Which layer of yours is not?",
         partial(_clipped, last=False)),
    Slip("biases-not-clipped",
         "The algorithm clips every parameter. Do the biases matter for the slope, although they do not multiply it?",
         partial(_clipped, biases=False)),
    Slip("units-of-the-free-critic",
         "Clipping changes what a unit receives, and so which side of its kink it is on. In which critic did you look?",
         partial(_clipped, gates_of="free")),
    Slip("first-units-linear",
         "The chain rule passes two rows of units. What is the derivative of the first?",
         partial(_clipped, gates=(False, True))),
    Slip("second-units-linear",
         "The chain rule passes two rows of units. What is the derivative of the second?",
         partial(_clipped, gates=(True, False))),
    Slip("all-units-linear",
         "Your gradient is the product of the three matrices. Does every unit let it through?",
         partial(_clipped, gates=(False, False))),
    Slip("leak-ignored",
         "What is the derivative of these units below zero?",
         partial(_clipped, below="zero")),
    Slip("leak-on-the-wrong-side",
         "On which side of zero does a leaky unit have slope 1?",
         partial(_clipped, below="one", above="leak")),
    Slip("absolute-slopes-added",
         "The slope is the length of the gradient. Turn the coordinate axes: does your figure stay as it is?",
         partial(_clipped, length="sum")),
    Slip("largest-coordinate-of-the-gradient",
         "The slope is the length of the gradient. Turn the coordinate axes: does your figure stay as it is? You have "
         "kept one coordinate only.",
         partial(_clipped, length="largest")),
    Slip("slope-squared",
         "Double all outputs of the critic. By which factor should the slope grow, and by which does yours?",
         partial(_clipped, length="squared")),
    Slip("slope-of-the-mean-score",
         "Every point has a slope of its own. Did you average the gradients before you took their length?",
         partial(_clipped, length="of the mean")),
    Slip("steepest-point-only",
         "The task asks for the slope at each point. You have one number for all.",
         partial(_clipped, length="steepest")),
    Slip("frobenius-for-spectral",
         "By how much can a matrix stretch one vector? The root of the sum of all squares is more than that.",
         partial(_clipped, norm="frobenius")),
    Slip("spectral-norm-squared",
         "The eigenvalues of W^T W are the squares of what you are looking for.",
         partial(_clipped, norm="squared")),
    Slip("row-sums-for-spectral",
         "The largest row sum bounds the stretch of the largest coordinate. Which length do slopes refer to?",
         partial(_clipped, norm="rows")),
    Slip("largest-entry-for-spectral",
         "Can a matrix with small entries stretch a vector a lot, if it has many of them?",
         partial(_clipped, norm="entry")),
    Slip("norms-added",
         "Three layers one after the other: each stretches what the one before has stretched. Sum or product?",
         partial(_clipped, layers="added")),
    Slip("last-norm-forgotten",
         "The last layer has one output. Does it stretch nothing?",
         partial(_clipped, layers=2)),
    Slip("widths-forgotten",
         "A unit adds up what all units below it send. How does the largest slope grow with the number of units?",
         partial(_clipped, largest="no widths")),
    Slip("limit-once",
         "How many weights does one path from an input to the output pass?",
         partial(_clipped, largest="one limit")),
    Slip("roots-of-all-widths",
         "Count the paths from one input to the output. Do you need the root of their number?",
         partial(_clipped, largest="roots")),
    Slip("inputs-not-rooted",
         "In the steepest critic all d partial derivatives are equal. What is the length of such a vector?",
         partial(_clipped, largest="inputs")),
    Slip("inputs-forgotten",
         "You have the largest partial derivative. The gradient has d of them; how long can it be?",
         partial(_clipped, largest="no inputs")),
)


def t2_cases(rng):
    rare = [clipped_slopes, *(s.answer for s in T2_SLIPS if s.name in ("biases-not-clipped", "units-of-the-free-critic"))]

    def every_slip_shows(inputs):
        slips = [s.answer for s in T2_SLIPS if inputs["leak"] or s.name != "leak-ignored"]
        return tells_apart(rare, inputs, 2e-3) and tells_apart([clipped_slopes, *slips], inputs, 2e-3)

    def case(n, d, h, k, leak=0.0):
        """Drawn until each mistake shows, and no unit is so near its kink that float32 could see the other side."""
        while True:
            limit = float(rng.uniform(0.6, 0.9))
            w1, w2, w3 = rng.normal(size=(h, d)), rng.normal(size=(k, h)), rng.normal(size=k)
            b1, b2 = rng.normal(size=h) * 1.2, rng.normal(size=k) * 1.2
            x = rng.normal(size=(n, d)) * 1.2
            inputs = {"x": x, "w1": w1, "b1": b1, "w2": w2, "b2": b2, "w3": w3, "limit": limit, "leak": float(leak)}
            first = x @ np.clip(w1, -limit, limit).T + np.clip(b1, -limit, limit)
            first_out = np.where(first > 0, first, leak * first)
            second = first_out @ np.clip(w2, -limit, limit).T + np.clip(b2, -limit, limit)
            if min(np.abs(first).min(), np.abs(second).min()) < 1e-3:
                continue
            if min(n, d) == 1 or every_slip_shows(inputs):
                return Case(inputs, "leaky units" if leak else "values")

    n = int(rng.integers(4, 7))
    return [case(n, 2, 4, 3), case(n + 1, 3, 3, 5), case(3, 1, 4, 2), case(1, 2, 3, 4),
            case(n, 2, 3, 4, rng.uniform(0.1, 0.3)), case(4, 3, 4, 2, rng.uniform(0.1, 0.3))]


# ---------------------------------------------------------------------------------------------------------------------
# t3 · the gradient penalty, for samples of any shape


def gradient_penalty(critic, x, x_fake, alpha, weight, one_sided):
    return _penalty(critic, x, x_fake, alpha, weight, one_sided)


def _penalty(critic, x, x_fake, alpha, weight, one_sided, *, place="between", length="sample", safe=True,
             excess="squared", sides="as asked", pool="mean", weigh=True, scores="sum", graph=True):
    n = len(x)
    a = alpha.reshape(n, *[1] * (x.dim() - 1))
    at = {
        "between": lambda: a * x + (1 - a) * x_fake, "exchanged": lambda: a * x_fake + (1 - a) * x,
        "one alpha": lambda: alpha[0] * x + (1 - alpha[0]) * x_fake,
        "last axis": lambda: alpha * x + (1 - alpha) * x_fake,
        "data": lambda: x, "fakes": lambda: x_fake, "middle": lambda: (x + x_fake) / 2,
        "beyond": lambda: x + a * x_fake,
    }[place]()
    at = at.detach().requires_grad_()
    out = critic(at)
    (g,) = torch.autograd.grad(out.sum() if scores == "sum" else out.mean(), at, create_graph=graph)
    if length == "sample":
        flat = g.flatten(1)
        slope = torch.linalg.vector_norm(flat, dim=1) if safe else flat.square().sum(1).sqrt()
    else:
        slope = {
            "pixel": lambda: g.abs(), "channels": lambda: g.norm(dim=1), "last axis": lambda: g.norm(dim=-1),
            "batch": lambda: g.norm(), "squared": lambda: g.flatten(1).square().sum(1),
            "sum": lambda: g.flatten(1).abs().sum(1), "rms": lambda: g.flatten(1).square().mean(1).sqrt(),
        }[length]()
    sided = {"two": False, "one": True}.get(sides, one_sided)
    over = slope - 1 if excess != "around zero" else slope
    if sides == "too flat" and one_sided:
        over = (-over).clamp_min(0)
    elif sided:
        over = over.clamp_min(0)
    values = {"squared": over.square(), "around zero": over.square(), "plain": over, "absolute": over.abs()}[excess]
    if pool == "steep ones" and one_sided:
        values = values[over > 0]
    value = {"mean": values.mean, "steep ones": values.mean, "sum": values.sum, "none": lambda: values}[pool]()
    return weight * value if weigh else value


def penalty_and_its_gradient(answer, inputs):
    """Builds the critic from the weights in the case; a case asks for the penalty, or for its gradient by the weights."""
    first, offset, last = (torch.tensor(inputs[k]).requires_grad_() for k in ("first", "offset", "last"))
    unit = {"tanh": torch.tanh, "relu": torch.relu}[inputs["units"]]

    def critic(points):
        return unit(points.double().flatten(1) @ first + offset) @ last

    given = {k: torch.tensor(inputs[k]) for k in ("x", "x_fake", "alpha")}
    out = answer(critic=critic, **given, weight=inputs["weight"], one_sided=inputs["one_sided"])
    if inputs["asked"] == "penalty" or out is None:
        return {"result": out}
    if not (isinstance(out, torch.Tensor) and out.requires_grad):
        return {"by_first": torch.zeros_like(first), "by_last": torch.zeros_like(last)}
    slopes = torch.autograd.grad(out.sum(), (first, last), allow_unused=True)
    return {"by_first": torch.zeros_like(first) if slopes[0] is None else slopes[0],
            "by_last": torch.zeros_like(last) if slopes[1] is None else slopes[1]}


T3_SLIPS = (
    Slip("one-alpha-for-all",
         "Every sample has a place of its own on its line. Do all of yours stand at the same fraction of the way?",
         partial(_penalty, place="one alpha")),
    Slip("alpha-along-the-last-axis",
         "alpha * x lines the numbers up with the last axis of x. Which axis counts the samples?",
         partial(_penalty, place="last axis")),
    Slip("alpha-exchanged",
         "As a random place this would do as well. But for alpha = 1 the task asks for one end of the line. Which one?",
         partial(_penalty, place="exchanged")),
    Slip("at-the-data-only",
         "The slope matters on the way between data and fakes. Where did you take it?",
         partial(_penalty, place="data")),
    Slip("at-the-fakes-only",
         "The slope matters on the way from the fakes to the data. Where did you take it?",
         partial(_penalty, place="fakes")),
    Slip("in-the-middle",
         "The points are spread over the whole line. Where on it are yours, and what is alpha for?",
         partial(_penalty, place="middle")),
    Slip("off-the-line",
         "For alpha = 1 your point should be the real one. Is it?",
         partial(_penalty, place="beyond")),
    Slip("slope-per-coordinate",
         "A picture has one slope, not one a pixel. For a long gradient with many small entries, what would you pay?",
         partial(_penalty, length="pixel")),
    Slip("norm-over-the-first-axis-of-a-sample",
         "One sample has several axes. Over which of them does your length go?",
         partial(_penalty, length="channels")),
    Slip("norm-over-the-last-axis",
         "One sample has several axes. Over which of them does your length go? It looks like the last alone.",
         partial(_penalty, length="last axis")),
    Slip("one-norm-for-the-batch",
         "Two samples with slope 1 each should pay nothing. What do they pay in your code?",
         partial(_penalty, length="batch")),
    Slip("norm-not-rooted",
         "A critic with slope 2 is off by 1. By how much is it in your code?",
         partial(_penalty, length="squared")),
    Slip("absolute-slopes-added",
         "The slope is the straight length of the gradient. Did you add up absolute values?",
         partial(_penalty, length="sum")),
    Slip("root-of-the-mean-square",
         "The same function on pictures of twice the size: is its slope smaller? Where do you divide by the number of "
         "coordinates?",
         partial(_penalty, length="rms")),
    Slip("excess-not-squared",
         "Slopes of 0.5 and 1.5 both pay. Do they cancel in your mean?",
         partial(_penalty, excess="plain")),
    Slip("excess-absolute",
         "Is your penalty smooth at slope 1? The formula is.",
         partial(_penalty, excess="absolute")),
    Slip("centred-at-zero",
         "Your penalty is zero for a constant critic. At which slope should it be zero?",
         partial(_penalty, excess="around zero")),
    Slip("sum-for-mean",
         "Give every pair twice. Should the penalty double?",
         partial(_penalty, pool="sum")),
    Slip("not-averaged",
         "The penalty of a batch is one number. You have one a sample.",
         partial(_penalty, pool="none")),
    Slip("weight-forgotten",
         "How much the penalty counts beside the loss is an input. Is it in your result?",
         partial(_penalty, weigh=False)),
    Slip("gradient-of-the-mean-score",
         "Your slopes shrink when the batch grows. Which quantity did you differentiate?",
         partial(_penalty, scores="mean")),
    Slip("never-one-sided",
         "There is a switch for critics that are too flat: do they pay when it is on?",
         partial(_penalty, sides="two")),
    Slip("always-one-sided",
         "A critic that is too flat pays as well, unless one_sided is set. Does yours?",
         partial(_penalty, sides="one")),
    Slip("flat-side-pays",
         "Slope at most 1 is the condition. Which of the two sides breaks it?",
         partial(_penalty, sides="too flat")),
    Slip("mean-over-the-steep-ones",
         "A sample that pays nothing still is a sample. By which number do you divide?",
         partial(_penalty, pool="steep ones")),
    Slip("graph-cut",
         "The critic learns nothing from your result: its weights get no gradient. Is the gradient that you took still "
         "something that can be differentiated?",
         partial(_penalty, graph=False)),
    Slip("nan-where-the-critic-is-flat",
         "One sample lies where the critic is flat. What is the derivative of the square root at 0, and what does the "
         "chain rule multiply it by?",
         partial(_penalty, safe=False)),
)


def t3_cases(rng):
    def case(n, event, part="values", one_sided=False, asked="penalty", units="tanh"):
        size, hidden = int(np.prod(event)), int(rng.integers(4, 7))
        while True:
            inputs = {
                "x": rng.normal(size=(n, *event)) + 0.5, "x_fake": rng.normal(size=(n, *event)) - 0.5,
                "alpha": rng.permutation(np.linspace(0.08, 0.92, n)) + rng.uniform(-0.02, 0.02, n),
                "weight": float(rng.uniform(3, 6)), "one_sided": one_sided,
                "first": rng.normal(size=(size, hidden)) / math.sqrt(size) * 0.8, "offset": rng.normal(size=hidden) * 0.3,
                "last": away_from(rng, 0.6, 1.4, hidden), "units": units, "asked": asked,
            }
            if units == "relu":  # no unit is on around the first sample
                toward = np.linalg.lstsq(inputs["first"].T, -6 - inputs["offset"], rcond=None)[0].reshape(event)
                for k in ("x", "x_fake"):
                    inputs[k][0] = toward + 0.1 * rng.normal(size=event)
            if clear(inputs):
                return Case(inputs, part)

    def clear(inputs):
        """Slopes on either side of 1 and none very near; relu units away from their kinks; all samples different."""
        a = inputs["alpha"].reshape(-1, *[1] * (inputs["x"].ndim - 1))
        flat = (a * inputs["x"] + (1 - a) * inputs["x_fake"]).reshape(len(a), -1)
        v = flat @ inputs["first"] + inputs["offset"]
        by_unit = 1 - np.tanh(v) ** 2 if inputs["units"] == "tanh" else (v > 0) * 1.0
        slope = np.linalg.norm((by_unit * inputs["last"]) @ inputs["first"].T, axis=1)
        if inputs["units"] == "relu" and (np.abs(v).min() < 1e-3 or slope[0] or slope[1:].min() < 0.1):
            return False
        if len(a) == 1:
            return abs(slope[0] - 1) > 0.2
        return slope.min() < 0.8 and slope.max() > 1.25 and np.abs(slope - 1).min() > 0.02

    n = int(rng.integers(5, 8))
    learns = {"asked": "gradient"}
    return [case(n, (3,)), case(4, (2, 3, 4)), case(3, (1, 2, 2)), case(1, (2, 2)),
            case(n, (2, 3), "one-sided", one_sided=True), case(5, (4,), "one-sided", one_sided=True),
            case(n, (2, 2), "what the critic learns", **learns), case(4, (5,), "what the critic learns", True, **learns),
            case(5, (2, 4), "a flat place", units="relu", **learns)]


# ---------------------------------------------------------------------------------------------------------------------
# t4 · the best critic on the line under a gradient penalty


def best_penalised_critic(places, p, p_g, weight):
    return _best(places, p, p_g, weight)


def _best(places, p, p_g, weight, *, shape="best", sign=1, two=2.0, times=False, density="pairs", surplus="right",
          gain="slopes times gaps", loss="with penalty", centred=1.0, wrong_way=1):
    n, gaps = len(places), places.diff()
    right_of = {"right": lambda v: v.sum() - v.cumsum(0)[:-1], "late": lambda v: v.sum() - v.cumsum(0)[:-1] + v[:-1],
                "not summed": lambda v: v[1:]}[surplus]
    more = right_of(p) - right_of(p_g)  # more mass of the data than of the fakes to the right of each gap
    a, b = torch.triu_indices(n, n, 1)
    both = p[a] * p_g[b] + p_g[a] * p[b]
    if density == "one way":
        both = p_g[a] * p[b]
    across = ((a[None] <= torch.arange(n - 1)[:, None]) & (b[None] > torch.arange(n - 1)[:, None])).to(p.dtype)
    apart = places[b] - places[a]
    rho = {"pairs": across @ (both / apart), "one way": across @ (both / apart), "mass": across @ (both / apart) * gaps,
           "not spread": across @ both, "even": torch.full_like(gaps, 1 / float(places[-1] - places[0])),
           "one": torch.ones_like(gaps)}[density]
    extra = more.abs() / (two * rho) * (weight if times else 1 / weight)
    size = {"best": centred + wrong_way * extra, "one": torch.ones_like(gaps)}[shape]
    slopes = sign * size * more.sign()
    rises = slopes * (1 if gain == "slopes alone" else gaps)
    gained = (rises * more).sum()
    paid = rho * (slopes.abs() - centred).square() * (1 if density == "mass" else gaps)
    if loss == "penalty a gap":
        paid = (slopes.abs() - centred).square()
    total = {"with penalty": -gained + weight * paid.sum(), "value": gained - weight * paid.sum(), "without": -gained,
             "penalty a gap": -gained + weight * paid.mean(), "rewarded": -gained - weight * paid.sum(),
             "unweighted": -gained + paid.sum()}[loss]
    return slopes, gained, total


def _best_without_signs(places, p, p_g, weight):
    slopes, _, total = _best(places, p, p_g, weight)
    more = (p_g - p).cumsum(0)[:-1]
    gained = (slopes.abs() * places.diff() * more).sum()
    return slopes.abs(), gained, total + _best(places, p, p_g, weight)[1] - gained


def _best_by_absolute_surplus(places, p, p_g, weight):
    """Signs lost on the way: 1 + D / (2 lambda rho) with a D that may be negative."""
    slopes, _, _ = _best(places, p, p_g, weight)
    more, gaps = (p_g - p).cumsum(0)[:-1], places.diff()
    flawed = 1 + more.sign() * (slopes.abs() - 1)
    rho = more.abs() / (2 * weight * (slopes.abs() - 1))
    gained = (flawed * gaps * more).sum()
    return flawed, gained, -gained + weight * (rho * gaps * (flawed.abs() - 1).square()).sum()


def slopes_gain_and_loss(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"slopes": values[0], "gain": values[1], "loss": values[2]} if len(values) == 3 else out


T4_SLIPS = (
    Slip("slope-one",
         "This is the critic of W1, which may not be steeper than 1. A penalty forbids nothing, it has a price. Is a little "
         "more than 1 worth it?",
         partial(_best, shape="one")),
    Slip("high-on-fakes",
         "Your critic is high where the fakes are. Which sign has the first term of its loss?",
         partial(_best, sign=-1)),
    Slip("always-rising",
         "Where data lie to the left of the fakes, the critic should fall. Can your slopes be negative?",
         _best_without_signs),
    Slip("sign-of-the-surplus-kept-in-the-excess",
         "Where the critic falls, its slope is nearer to -1 than to 1. From which of the two does your excess count?",
         _best_by_absolute_surplus),
    Slip("flatter-than-one",
         "At slope 1 the penalty costs nothing, to first order. In which direction does the gain still rise?",
         partial(_best, wrong_way=-1)),
    Slip("two-forgotten",
         "What is the derivative of a square?",
         partial(_best, two=1.0)),
    Slip("weight-upside-down",
         "A dearer penalty should bring the slope nearer to 1. Does it, in yours?",
         partial(_best, times=True)),
    Slip("penalty-centred-at-zero",
         "The penalty counts from slope 1, not from slope 0. What is left of your slope when the penalty is very dear?",
         partial(_best, centred=0.0)),
    Slip("density-left-out",
         "Where few of the mixed points fall, being steep is cheap. Does your slope know how many fall into the gap?",
         partial(_best, density="one")),
    Slip("share-for-density",
         "Split a gap in two by a place without mass. Should the best slope there change? Yours does: it has the share of "
         "points in the gap where a density belongs.",
         partial(_best, density="mass")),
    Slip("pairs-not-spread-out",
         "One pair's point lies somewhere between its two ends, and not in every gap at once. What is its share in one gap?",
         partial(_best, density="not spread")),
    Slip("mixed-points-spread-evenly",
         "The mixed points lie between the two ends of a pair. Is every gap as likely to hold one?",
         partial(_best, density="even")),
    Slip("pairs-in-one-order-only",
         "In some pairs the data point lies to the left of the fake. Do they count in your density?",
         partial(_best, density="one way")),
    Slip("mass-not-summed-up",
         "All mass beyond a gap has to cross it, not only that of the next place. Which sum is missing?",
         partial(_best, surplus="not summed")),
    Slip("one-place-late",
         "The mass at a gap's left end is not to the right of the gap. Did you count it there?",
         partial(_best, surplus="late")),
    Slip("gaps-forgotten-in-the-gain",
         "How much does the critic rise over a long gap, and how much over a short one of the same slope?",
         partial(_best, gain="slopes alone")),
    Slip("value-for-loss",
         "The critic makes its loss small. Is yours smaller for a better critic?",
         partial(_best, loss="value")),
    Slip("penalty-missing-in-the-loss",
         "The loss has two terms. What did the critic pay for being steeper than 1?",
         partial(_best, loss="without")),
    Slip("penalty-rewarded",
         "Does your loss grow when the critic is punished more?",
         partial(_best, loss="rewarded")),
    Slip("weight-missing-in-the-loss",
         "How much the penalty counts in the loss is an input. Is it in yours?",
         partial(_best, loss="unweighted")),
    Slip("every-gap-alike-in-the-penalty",
         "The penalty is a mean over the mixed points. Do all gaps hold as many of them?",
         partial(_best, loss="penalty a gap")),
)


def t4_cases(rng):
    answers = [best_penalised_critic, *(s.answer for s in T4_SLIPS)]
    same_on_one_side = {"always-rising", "sign-of-the-surplus-kept-in-the-excess", "pairs-in-one-order-only"}
    one_side = [best_penalised_critic, *(s.answer for s in T4_SLIPS if s.name not in same_on_one_side)]

    def case(n, part):
        while True:
            places = np.cumsum(apart(n)) + rng.uniform(-3, 0)
            p, p_g = rng.uniform(0.1, 1, n), rng.uniform(0.1, 1, n)
            if part == "fakes on the left":
                first = n // 2  # all fakes left of all data, with one place in the middle where both may be
                p[:first], p_g[first + 1:] = 0, 0
            p, p_g = p / p.sum(), p_g / p_g.sum()
            inputs = {"places": places, "p": p, "p_g": p_g, "weight": float(rng.choice([0.3, 2.5]) * rng.uniform(0.8, 1.2))}
            more = np.cumsum(p_g - p)[:-1]
            if np.abs(more).min() < 0.04 or (part != "fakes on the left" and (more.max() < 0.05 or more.min() > -0.05)):
                continue  # the sign must be clear, and both signs must occur
            if n == 2 or tells_apart(one_side if part == "fakes on the left" else answers, inputs, 2e-3):
                return Case(inputs, part)

    def apart(n):
        return rng.permutation(np.linspace(0.3, 2.2, n)) * rng.uniform(0.9, 1.1)

    some = int(rng.integers(5, 8))
    return [case(4, "fakes on the left"), case(some, "fakes on the left"), case(2, "fakes on the left"),
            case(some, "both sides"), case(6, "both sides"), case(4, "both sides")]


# ---------------------------------------------------------------------------------------------------------------------
# t5 · the witness of MMD, and where it pushes the fakes


def witness_and_slopes(x, x_fake, z, width, power):
    return _witness(x, x_fake, z, width, power)


def _witness(x, x_fake, z, width, power, *, upside_down=False, pools=("mean", "mean"), slopes="unbiased", cross=2.0, own=2.0,
             uphill=False, by="fakes", exponent=None, bandwidth=2, denominator=2.0, kernel="rational", safe=True):
    scale = denominator * (1 if kernel == "power not divided" else power) * width**bandwidth

    def k(a, b):
        squared = (a[:, None] - b).square().sum(2)
        if kernel == "distance":
            squared = (squared + 1e-30).sqrt()
        if kernel == "gaussian":
            return (-squared / (2 * width**bandwidth)).exp()
        return (1 + squared / scale) ** -power

    def slope(a, b):
        """The derivative of k(a, b) by a, shape (len(a), len(b), d)."""
        apart = a[:, None] - b
        squared = apart.square().sum(2, keepdim=True)
        if kernel == "distance":
            length = (squared + 1e-30).sqrt()
            return -power * (1 + length / scale) ** (-power - 1) * apart / length / scale
        if kernel == "gaussian":
            return -(-squared / (2 * width**bandwidth)).exp() * apart / width**bandwidth
        return -power * (1 + squared / scale) ** (exponent or -power - 1) * 2 * apart / scale

    n, m = len(x), len(x_fake)
    over_x, over_fake = k(z, x), k(z, x_fake)
    witness = (over_x.mean(1) if pools[0] == "mean" else over_x.sum(1)) - (
        over_fake.mean(1) if pools[1] == "mean" else over_fake.sum(1))
    witness = -witness if upside_down else witness
    within = slope(x_fake, x_fake).sum(1)
    if by == "data":
        gradient = own * slope(x, x).sum(1) / (n * (n - 1)) - cross * slope(x, x_fake).sum(1) / (n * m)
    else:
        pairs = {"unbiased": m * (m - 1), "biased": m * m, "witness": m}[slopes]
        share = n if slopes == "witness" else n * m
        halves = (1.0, 1.0) if slopes == "witness" else (own, cross)
        gradient = halves[0] * within / pairs - halves[1] * slope(x_fake, x).sum(1) / share
    if not safe and by == "fakes":
        together = (x_fake[:, None] - x_fake).square().sum(2) == 0
        gradient = torch.where((together.sum(1) > 1)[:, None], math.nan, gradient)
    return witness, -gradient if uphill else gradient


def witness_and_gradient(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"witness": values[0], "gradient": values[1]} if len(values) == 2 else out


T5_SLIPS = (
    Slip("witness-upside-down",
         "The witness is a critic. Is yours high on data?",
         partial(_witness, upside_down=True)),
    Slip("witness-of-sums",
         "Give every point twice. Should the critic be twice as high?",
         partial(_witness, pools=("sum", "sum"))),
    Slip("gradient-downhill",
         "This is where the fakes should go. The gradient points the other way.",
         partial(_witness, uphill=True)),
    Slip("biased",
         "In the unbiased estimate a fake is never paired with itself. How many pairs of fakes are left?",
         partial(_witness, slopes="biased")),
    Slip("gradient-of-the-witness-alone",
         "This is the slope of the witness at the fakes. A fake has a share of 1/m in a mean that is counted twice. Does it "
         "show in your gradient?",
         partial(_witness, slopes="witness")),
    Slip("cross-term-once",
         "Differentiate (a - b)^2 = a^2 - 2 a b + b^2 by b. Which factor has your cross term?",
         partial(_witness, cross=1.0)),
    Slip("fake-moved-in-one-place-only",
         "In the sum over pairs of fakes, fake j stands first in some pairs and second in others. Do both move?",
         partial(_witness, own=1.0)),
    Slip("both-terms-halved",
         "Is your gradient what MMD^2 changes by when a fake is moved a little? Try it with one small step.",
         partial(_witness, own=1.0, cross=1.0)),
    Slip("critic-held-still",
         "As a generator's loss against a critic that stands still, this would do. But the fakes are in the witness, too, and "
         "the unbiased MMD^2 pairs none of them with itself. Differentiate the three sums as they stand.",
         partial(_witness, slopes="biased", own=1.0, cross=1.0)),
    Slip("fakes-do-not-repel",
         "With attraction alone all fakes end in one place. Which term of MMD^2 keeps them apart?",
         partial(_witness, own=0.0)),
    Slip("fakes-attract",
         "Two fakes in one place raise MMD^2. Does your gradient step bring them together or apart?",
         partial(_witness, own=-2.0)),
    Slip("data-repel",
         "The kernel between fakes and data enters with a minus. Does a step against your gradient bring a fake nearer to data?",
         partial(_witness, cross=-2.0)),
    Slip("gradient-by-the-data",
         "Who moves in this game? You differentiated by the points that stand still.",
         partial(_witness, by="data")),
    Slip("power-not-lowered",
         "What is the derivative of t^(-a)? Look at the exponent.",
         lambda x, x_fake, z, width, power: _witness(x, x_fake, z, width, power, exponent=-power)),
    Slip("width-not-squared",
         "The number inside the bracket should have no unit. Which power of the width does that?",
         partial(_witness, bandwidth=1)),
    Slip("kernels-two-forgotten",
         "Compare your bracket with the formula, factor by factor.",
         partial(_witness, denominator=1.0)),
    Slip("power-not-in-the-bracket",
         "The power stands in two places of the kernel. Is it in both of yours?",
         partial(_witness, kernel="power not divided")),
    Slip("distance-not-squared",
         "The kernel is smooth where a = b. Is yours, or is there a kink?",
         partial(_witness, kernel="distance")),
    Slip("gaussian-kernel",
         "This kernel dies out like a Gaussian. The task's has heavy tails, so that fakes far away are still pulled.",
         partial(_witness, kernel="gaussian")),
    Slip("nan-where-two-fakes-coincide",
         "Two fakes in one place are at distance 0. Where did you take a root of that and differentiate it?",
         partial(_witness, safe=False)),
)


def t5_cases(rng):
    def case(n, m, d, q, part="values", together=False):
        width, power = float(rng.choice([0.6, 1.7]) * rng.uniform(0.9, 1.1)), float(rng.choice([0.6, 2.2]))
        x, x_fake = rng.normal(size=(n, d)) + 0.6, rng.normal(size=(m, d)) * 0.8 - 0.5
        if together:
            x_fake = in_steps(x_fake)
            x_fake[1] = x_fake[0]
        return Case({"x": x, "x_fake": x_fake, "z": rng.normal(size=(q, d)), "width": width, "power": power}, part)

    n, m = int(rng.integers(3, 5)), int(rng.integers(5, 8))
    return [case(n, m, 2, 3), case(m, n, 3, 1), case(4, 4, 1, 4), case(2, 2, 2, 2),
            case(n, m, 2, 2, "two fakes in one place", together=True),
            case(5, 3, 3, 4, "two fakes in one place", together=True)]


# ---------------------------------------------------------------------------------------------------------------------
# t6 · n-grams of a generator that ends in a softmax


def ngram_js(shares, text, n):
    return _ngram_js(shares, text, n)


def _ngram_js(shares, text, n, *, fakes="expected", borders="kept", overlap=True, order="same", smooth=0.0, zero="skipped",
              divergence="js", weights=(0.5, 0.5), log="nats", root=False, counted="shares"):
    size = shares.shape[2]
    letters = "abcdef"[:n]

    def one_hot(codes):
        return torch.nn.functional.one_hot(codes, size).to(shares.dtype)

    def table(soft, mixed="text"):
        if borders == "ignored" or (borders == "ignored in the text" and mixed == "text"):
            soft = soft.reshape(1, -1, size)
        if borders == "around":
            soft = torch.cat([soft, soft[:, : n - 1]], dim=1)
        length = soft.shape[1] - n + 1
        places = range(0, length, 1 if overlap else n)
        parts = [torch.stack([soft[:, i + j] for i in places]).reshape(-1, size) for j in range(n)]
        if mixed == "of one mean":
            parts = [soft.mean((0, 1))[None]] * n
        if mixed == "of means":
            parts = [part.mean(0, keepdim=True) for part in parts]
        if mixed == "by place":
            parts = [soft.mean(0)[j: j + length] for j in range(n)]
        return torch.einsum(",".join(f"z{c}" for c in letters) + "->" + letters, *parts)

    soft = one_hot(shares.argmax(2)) if fakes == "likeliest" else shares
    q = table(soft, fakes).flatten()
    counts = table(one_hot(text))
    if order == "reversed":
        counts = counts.permute(*reversed(range(n)))
    p = counts.flatten() + smooth
    if counted == "counts":
        p = p / p.sum() * float(counts.sum())
        q = q / q.sum() * float(shares.shape[0] * (shares.shape[1] - n + 1))
    else:
        p, q = p / p.sum(), q / q.sum()
    middle = weights[0] * p + weights[1] * q

    def kl(a, b):
        terms = a * (a / b).log()
        return (terms if zero == "nan" else torch.where(a == 0, 0.0, terms)).sum()

    value = {"js": lambda: weights[0] * kl(p, middle) + weights[1] * kl(q, middle), "not halved": lambda: kl(p, middle) + kl(q, middle),
             "kl of text": lambda: kl(p, q), "kl of fakes": lambda: kl(q, p), "half": lambda: kl(p, middle),
             "total variation": lambda: (p - q).abs().sum() / 2}[divergence]()
    if log == "bits":
        value = value / math.log(2)
    return value.sqrt() if root else value


T6_SLIPS = (
    Slip("likeliest-character",
         "A softmax of 0.6 and 0.4 gives the second character in four of ten draws. How often does it in yours?",
         partial(_ngram_js, fakes="likeliest")),
    Slip("product-of-the-averages",
         "Two generators in one: half of the runs are 'aaaa', half are 'bbbb'. How often does 'ab' come up? Multiply before "
         "you average, or after?",
         partial(_ngram_js, fakes="of means")),
    Slip("product-of-one-average",
         "You multiply one table of single characters by itself. How often does 'th' come up in it, and how often 'ht'?",
         partial(_ngram_js, fakes="of one mean")),
    Slip("averaged-over-runs-first",
         "Characters of one run belong together. Which runs do your two neighbours come from, after the average?",
         partial(_ngram_js, fakes="by place")),
    Slip("grams-across-runs",
         "The last character of one run and the first of the next are no neighbours. Are they in your table?",
         partial(_ngram_js, borders="ignored")),
    Slip("grams-across-runs-of-the-text",
         "In the text, the last character of one run and the first of the next are no neighbours. How many pairs has a run?",
         partial(_ngram_js, borders="ignored in the text")),
    Slip("runs-as-rings",
         "A run has an end. Which pair did you form with its last character?",
         partial(_ngram_js, borders="around")),
    Slip("grams-without-overlap",
         "A run of 4 characters has 3 pairs. How many did you count?",
         partial(_ngram_js, overlap=False)),
    Slip("characters-in-reverse",
         "'th' is frequent, 'ht' is not. Do your two tables agree on which character comes first?",
         partial(_ngram_js, order="reversed")),
    Slip("counts-smoothed",
         "Something was added to every count. Is the divergence of two equal tables still that of what was seen?",
         partial(_ngram_js, smooth=1.0)),
    Slip("counts-for-shares",
         "One side may have many more characters than the other. Do both of your tables add up to 1?",
         partial(_ngram_js, counted="counts")),
    Slip("nan-where-a-gram-is-missing",
         "A gram that never comes up adds nothing: x log x goes to 0. What does your code make of 0 times log 0, "
         "and of 0 / 0?",
         partial(_ngram_js, zero="nan")),
    Slip("not-halved",
         "For tables without a common gram JS is log 2. What is yours?",
         partial(_ngram_js, divergence="not halved")),
    Slip("one-side-only",
         "JS does not change when the two tables are exchanged. Does yours?",
         partial(_ngram_js, divergence="half")),
    Slip("kl-for-js",
         "This divergence is infinite as soon as the fakes never make a gram of the text. What do both tables get compared "
         "with, in JS?",
         partial(_ngram_js, divergence="kl of text")),
    Slip("kl-of-the-fakes",
         "This divergence is infinite as soon as the fakes make a gram that the text has not. What do both tables get "
         "compared with, in JS?",
         partial(_ngram_js, divergence="kl of fakes")),
    Slip("total-variation",
         "This is half of the sum of absolute differences. The task asks for a divergence with logarithms.",
         partial(_ngram_js, divergence="total variation")),
    Slip("bits",
         "The logarithm is natural. What is the largest value that yours can take?",
         partial(_ngram_js, log="bits")),
    Slip("root-taken",
         "The root of JS is a metric, and it is not what the task asks for.",
         partial(_ngram_js, root=True)),
)


def t6_cases(rng):
    def some_text(runs, length, size):
        """Runs of a chain in which each character has a favourite next one, so that order matters."""
        favourite, codes = rng.permutation(size), rng.integers(0, size, (runs, length))
        for i in range(1, length):
            codes[:, i] = np.where(rng.random(runs) < 0.6, favourite[codes[:, i - 1]], codes[:, i])
        return codes

    def case(m, length, runs, text_length, size, n, missing, part):
        """The text never has the last character; where it is missing from the fakes, too, their shares are exactly 0."""
        shares = rng.dirichlet(np.full(size, 0.6), (m, length)) + 0.02
        shares *= np.exp(rng.normal(size=(m, 1, size)))  # the characters of one run belong together
        if missing:
            shares[..., -1] = 0
        return Case({"shares": shares / shares.sum(2, keepdims=True), "text": some_text(runs, text_length, size - 1), "n": n},
                    part)

    single, several = "single characters", "pairs and triples"
    few, more = int(rng.integers(3, 5)), int(rng.integers(5, 8))
    return [case(few, 5, more, 7, 4, 1, False, single), case(more, 4, few, 6, 5, 1, True, single), case(1, 3, 2, 9, 3, 1, False, single),
            case(few, 6, more, 5, 4, 2, False, several), case(more, 4, few, 7, 5, 2, True, several),
            case(few, 5, more, 4, 3, 3, False, several)]


TASKS = [
    Task("t1", "A bound of W1 from any critic", w1_bound, t1_cases, {"values": 11, "coinciding points, constant critics": 5},
         T1_SLIPS, losses_and_bound, atol=ATOL, forbids=FORBIDS),
    Task("t2", "What clipping leaves", clipped_slopes, t2_cases, {"values": 11, "leaky units": 4}, T2_SLIPS,
         slopes_and_bounds, atol=ATOL, forbids=FORBIDS),
    Task("t3", "The gradient penalty", gradient_penalty, t3_cases,
         {"values": 10, "one-sided": 4, "what the critic learns": 4, "a flat place": 2}, T3_SLIPS, penalty_and_its_gradient,
         rtol=2e-4, atol=ATOL, forbids=FORBIDS),
    Task("t4", "The best penalised critic", best_penalised_critic, t4_cases, {"fakes on the left": 11, "both sides": 6},
         T4_SLIPS, slopes_gain_and_loss, rtol=2e-4, atol=ATOL, forbids=FORBIDS),
    Task("t5", "Where MMD pushes", witness_and_slopes, t5_cases, {"values": 12, "two fakes in one place": 4}, T5_SLIPS,
         witness_and_gradient, atol=2e-5, forbids=FORBIDS),
    Task("t6", "n-grams of a softmax", ngram_js, t6_cases, {"single characters": 6, "pairs and triples": 10}, T6_SLIPS,
         atol=2e-5, forbids=(*FORBIDS, "jensenshannon")),
]
