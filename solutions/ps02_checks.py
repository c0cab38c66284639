"""The checks of problem set 2, "Densities and push-forwards".

Per task: the reference, the slips, the cases. A slip is the reference with one classic mistake; where several mistakes
sit in the same few lines, one private function holds the lines and a keyword switches each mistake on. Cases are drawn
so that float32 answers pass and every slip shows in any draw; what a draw must fulfil for that stands beside it.
"""
from __future__ import annotations

import math
from functools import partial

import numpy as np
import torch

from coursekit.checks import Case, Slip, Task, call

LOG_2PI = math.log(2 * math.pi)
ATOL = 1e-4  # float32 answers lose this much where a log-density happens to be near zero
FORBIDS = ("coursekit.density", "coursekit.distributions", "torch.distributions", "scipy.stats", "sklearn")


def apart_from_one(rng, size=None):
    """Positive numbers clearly different from 1, so that a forgotten square or logarithm cannot hide."""
    return np.exp(rng.choice([-1.0, 1.0], size) * rng.uniform(0.25, 0.7, size))


# ---------------------------------------------------------------------------------------------------------------------
# t1 · the density of a kinetic energy: push-forward by a map that folds the line


def energy_log_prob(x, loc, scale, mass):
    return _energy(x, loc, scale, mass)


def _energy(x, loc, scale, mass, *, branches=(1, -1), pool="add", doubled=False, slope="at z", power=-1, mask=True,
            outside=-math.inf):
    z = (2 * (x.clamp_min(0) if mask else x) / mass).sqrt()
    log_base = torch.stack([-0.5 * ((b * z - loc) / scale) ** 2 - math.log(scale) - 0.5 * LOG_2PI for b in branches])
    log_slope = {"at z": (mass * z).log(), "at x": (mass * x.abs()).log(), "no mass": z.log(),
                 "none": torch.zeros_like(x)}[slope]
    log_prob = (log_base.logsumexp(0) if pool == "add" else log_base.sum(0)) + power * log_slope + (math.log(2) if doubled else 0)
    return torch.where(x < 0, outside, log_prob) if mask else log_prob


_NEGATIVE = "No velocity has a negative energy. What is the density there, and what is its logarithm?"

T1_SLIPS = (
    Slip("one-branch-forgotten",
         "Two different velocities have the same energy. Does your sum run over all z that lead to x?",
         partial(_energy, branches=(1,))),
    Slip("one-branch-doubled",
         "Doubling one branch is right only if both velocities are equally likely. Are they, when loc is not zero?",
         partial(_energy, branches=(1,), doubled=True)),
    Slip("multiplied-by-the-slope",
         "Where the map stretches, the same mass covers more room. Should the density there go up or down?",
         partial(_energy, power=1)),
    Slip("slope-forgotten",
         "You added up the densities of z. What happens to a density when the map stretches the line?",
         partial(_energy, slope="none")),
    Slip("slope-at-x",
         "The derivative of g is taken at a point z. Which number did you put into it?",
         partial(_energy, slope="at x")),
    Slip("variance-for-scale",
         "Is scale a standard deviation or a variance? Look at how it enters the density of z.",
         lambda x, loc, scale, mass: _energy(x, loc, math.sqrt(scale), mass)),
    Slip("density-for-log-density",
         "The task asks for the log-density in nats; this is the density.",
         lambda x, loc, scale, mass: _energy(x, loc, scale, mass).exp()),
    Slip("branches-multiplied",
         "There are two ways to reach x. Do their probabilities add, or multiply?",
         partial(_energy, pool="multiply")),
    Slip("slope-without-mass",
         "Differentiate g once more on paper. Does every constant of g appear in your slope?",
         partial(_energy, slope="no mass")),
    Slip("negative-x-gives-nan", _NEGATIVE, partial(_energy, mask=False)),
    Slip("negative-x-gives-zero", _NEGATIVE, partial(_energy, outside=0.0)),
)


def t1_cases(rng):
    def case(n, part, negative=0):
        scale, mass = apart_from_one(rng), apart_from_one(rng)
        loc = rng.choice([-1, 1]) * scale * rng.uniform(0.4, 1.2)
        z = np.abs(loc) + scale * rng.uniform(-1, 2.5, n)
        z[0] = scale * rng.uniform(0.3, 0.5)  # here both branches count
        x = mass * np.maximum(np.abs(z), 0.1) ** 2 / 2
        x[n - negative:] *= -1
        return Case({"x": rng.permutation(x), "loc": float(loc), "scale": float(scale), "mass": float(mass)}, part)

    return [case(int(rng.integers(5, 9)), "values"), case(int(rng.integers(10, 15)), "values"), case(1, "values"),
            case(int(rng.integers(6, 10)), "negative x", 3), case(1, "negative x", 1)]


# ---------------------------------------------------------------------------------------------------------------------
# t2 · the quantile function of a histogram given by log-heights


def histogram_quantile(u, edges, log_heights):
    mass = (log_heights - log_heights.max()).exp() * edges.diff()
    full = mass > 0
    left, width, p = edges[:-1][full], edges.diff()[full], mass[full] / mass.sum()
    cdf = p.cumsum(0)
    j = torch.searchsorted(cdf, u).clamp(max=len(p) - 1)
    return left[j] + width[j] * (u - (cdf[j] - p[j])) / p[j]


def _quantile(u, edges, log_heights, *, shift=True, widths=True, normalise=True, inside="share", below="sum before",
              levels="all"):
    """The reference with one mistake."""
    height = (log_heights - (log_heights.max() if shift else 0)).exp()
    mass = height * edges.diff() if widths else height
    total = mass.sum() if normalise else 1.0
    full = ~log_heights.isneginf()
    left, width, p = edges[:-1][full], edges.diff()[full], mass[full] / total
    cdf = p.cumsum(0)
    if levels == "middles":
        return np.interp(u.numpy(), cdf.numpy(), (left + width / 2).numpy())
    if levels == "no zero":
        return np.interp(u.numpy(), cdf.numpy(), (left + width).numpy())
    j = torch.searchsorted(cdf, u).clamp(max=len(p) - 1)
    rest = u - cdf[j] + (p[j] if below == "sum before" else 0)
    return left[j] + {"share": width[j] * rest / p[j], "none": 0 * rest, "half": 0 * rest + width[j] / 2,
                      "unscaled": rest, "height": rest / height[full][j]}[inside]


def _first_bin_empty(u, edges, log_heights):
    x = histogram_quantile(u, edges, log_heights)
    return torch.where((u == 0) & log_heights[0].isneginf(), math.nan, x)


def _last_bin_empty(u, edges, log_heights):
    x = histogram_quantile(u, edges, log_heights)
    return torch.where((u == 1) & log_heights[-1].isneginf(), math.nan, x)


def _ends_of_the_edges(u, edges, log_heights, *, lower=True, upper=True):
    x = histogram_quantile(u, edges, log_heights)
    x = torch.where((u == 0) & lower, edges[0], x)
    return torch.where((u == 1) & upper, edges[-1], x)


_SUPPORT = "Push u = 0 and u = 1 through by hand when the outer bins hold no mass. Can a sample lie in an empty bin?"
_ZERO_BY_ZERO = "An empty bin has no mass to divide by. Which bin should u = 0 or u = 1 fall into?"

T2_SLIPS = (
    Slip("widths-ignored",
         "A bin twice as wide at the same height holds twice the mass. Where do the widths enter your masses?",
         partial(_quantile, widths=False)),
    Slip("not-normalised",
         "u runs from 0 to 1. Does the sum that you compare it with end at 1?",
         partial(_quantile, normalise=False)),
    Slip("no-interpolation",
         "Every u of a bin is sent to the bin's left edge. Where in its bin should a u halfway between two levels go?",
         partial(_quantile, inside="none")),
    Slip("middle-of-the-bin",
         "Every u of a bin is sent to the bin's middle. Inside a bin the density is flat: how does x grow with u?",
         partial(_quantile, inside="half")),
    Slip("mass-used-as-length",
         "What is left of u inside a bin is a mass, not a length. How much room does that much mass take there?",
         partial(_quantile, inside="unscaled")),
    Slip("height-not-normalised",
         "Inside the bin you divide by its height. Is that the height of a density that integrates to 1?",
         partial(_quantile, inside="height")),
    Slip("one-bin-off",
         "Look at the mass that you subtract from u: is it the mass left of the bin, or does it include the bin itself?",
         partial(_quantile, below="sum")),
    Slip("leading-zero-forgotten",
         "F has one value at every edge. Which one at the left edge of the first bin, and is it among your levels?",
         partial(_quantile, levels="no zero")),
    Slip("levels-at-the-middles",
         "Where on the x axis does F reach the level of a whole sum of masses: in the middle of a bin, or elsewhere?",
         partial(_quantile, levels="middles")),
    Slip("overflow",
         "What is exp(1000) in floating point, and exp(-1000)? Only differences of log-heights matter.",
         partial(_quantile, shift=False)),
    Slip("end-of-the-last-edge", _SUPPORT, partial(_ends_of_the_edges, lower=False)),
    Slip("end-of-the-first-edge", _SUPPORT, partial(_ends_of_the_edges, upper=False)),
    Slip("ends-of-the-edges", _SUPPORT, _ends_of_the_edges),
    Slip("first-bin-empty", _ZERO_BY_ZERO, _first_bin_empty),
    Slip("last-bin-empty", _ZERO_BY_ZERO, _last_bin_empty),
)


def t2_cases(rng):
    def edges_of(widths):
        return rng.uniform(-3, 3) + np.concatenate([[0.0], np.cumsum(widths)])

    def log_heights_of(widths, offset=0.0):
        log_heights = rng.uniform(-1, 1, len(widths))
        total = np.log(np.sum(np.exp(log_heights) * widths))
        return log_heights - total + (offset or rng.choice([-1, 1]) * rng.uniform(0.7, 1.5))  # total mass is not 1

    def smooth(k, n, part="values", offset=0.0):
        widths = rng.permutation(np.linspace(0.4, 1.6, k)) * rng.uniform(0.8, 1.2)
        log_heights = log_heights_of(widths, offset)
        if offset:  # float32 holds multiples of 1/64 exactly at this size, and little else
            log_heights = np.round(log_heights * 64) / 64
        return Case({"u": rng.uniform(0.01, 0.99, n), "edges": edges_of(widths), "log_heights": log_heights}, part)

    def with_empty(widths, log_heights):
        mass = np.exp(log_heights) * widths
        levels = np.cumsum(mass) / mass.sum()
        u = rng.uniform(0.02, 0.98, 40)
        u = u[np.abs(u[:, None] - levels).min(1) > 0.01][: int(rng.integers(4, 8))]  # F jumps over an empty bin there
        u = rng.permutation(np.concatenate([[0.0, 1.0], u]))
        return Case({"u": u, "edges": edges_of(widths), "log_heights": log_heights}, "ends and empty bins")

    # All heights are 0 or 1 and the widths that count add up to 4: every level of F is exact in binary, so that what an
    # answer does at u = 1 is decided by its logic and not by rounding.
    hole = int(rng.integers(1, 4))
    flat = with_empty(np.array([1.0, *np.insert(rng.permutation([0.25, 0.5, 1.25, 2.0]), hole, 0.75), 0.5]),
                      np.array([-np.inf, *np.insert(np.zeros(4), hole, -np.inf), -np.inf]))
    widths = rng.uniform(0.5, 1.5, 8)
    log_heights = log_heights_of(widths)
    log_heights[[0, 1, int(rng.integers(3, 6)), 7]] = -np.inf
    return [smooth(int(rng.integers(3, 6)), int(rng.integers(5, 9))),
            smooth(int(rng.integers(6, 9)), int(rng.integers(9, 15))), smooth(1, int(rng.integers(2, 5))), flat, with_empty(widths, log_heights),
            smooth(int(rng.integers(3, 6)), 6, "large log-heights", rng.uniform(900, 1100)),
            smooth(int(rng.integers(3, 6)), 5, "large log-heights", -rng.uniform(900, 1100))]


# ---------------------------------------------------------------------------------------------------------------------
# t3 · from the unit square to a diffusing particle: a triangular map


def diffusion_map(u, mean_time, drift, scale):
    return _diffusion(u, mean_time, drift, scale)


def _diffusion(u, mean_time, drift, scale, *, u1="increasing", given="x1", spread="sqrt", ladj="all", rate=False,
               drifts=True):
    tail = 1 - u[:, 0] if u1 == "increasing" else u[:, 0]
    mean = 1 / mean_time if rate else mean_time
    x1 = -mean * tail.log()
    time = x1 if given == "x1" else torch.full_like(x1, mean_time)
    sd = {"sqrt": scale * time.sqrt(), "variance": scale**2 * time, "linear": scale * time,
          "root of scale": (scale * time).sqrt()}[spread]
    z2 = torch.special.ndtri(u[:, 1])
    x2 = (drift * time if drifts else 0) + sd * z2
    log_normal = -0.5 * (u[:, 1] if ladj == "normal at u" else z2) ** 2 - 0.5 * LOG_2PI
    first, second = math.log(mean) - tail.log(), sd.log() - log_normal
    return torch.stack([x1, x2], 1), {
        "all": first + second, "sign": -first - second, "first": first, "second": second,
        "normal at u": first + second, "det": (first + second).exp(), "no normal": first + sd.log(), "normal upside down": first + sd.log() + log_normal,
    }[ladj]


def x_and_ladj(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"x": values[0], "ladj": values[1]} if len(values) == 2 else out


T3_SLIPS = (
    Slip("waiting-time-decreases",
         "Your waiting times have the right distribution, but x1 must increase with u1. Which end of (0, 1) is late?",
         partial(_diffusion, u1="decreasing")),
    Slip("rate-for-mean",
         "mean_time is the average of x1. What average do your waiting times have?",
         partial(_diffusion, rate=True)),
    Slip("mean-time-for-the-time",
         "x2 depends on how long this very particle was on its way. Which time did you use?",
         partial(_diffusion, given="mean")),
    Slip("variance-for-scale",
         "scale squared times time is a variance. What multiplies a standard normal number?",
         partial(_diffusion, spread="variance")),
    Slip("spread-grows-like-time",
         "The variance grows in proportion to time. How does the standard deviation grow?",
         partial(_diffusion, spread="linear")),
    Slip("root-of-the-scale",
         "scale is a standard deviation already, for time 1. Which of your factors belongs under the root?",
         partial(_diffusion, spread="root of scale")),
    Slip("no-drift",
         "With u2 = 1/2 the noise is zero. Where is the particle then, and where does your map put it?",
         partial(_diffusion, drifts=False)),
    Slip("determinant-for-its-log",
         "ladj is a logarithm; your second result is the determinant itself.",
         partial(_diffusion, ladj="det")),
    Slip("normal-density-at-u",
         "The normal density in your ladj is a density on the line of z. Which number did you put into it?",
         partial(_diffusion, ladj="normal at u")),
    Slip("sign-of-the-ladj",
         "ladj is that of the map from u to x. Should it be large where the map stretches, or where points crowd?",
         partial(_diffusion, ladj="sign")),
    Slip("second-coordinate-left-out",
         "The determinant of a triangular matrix is a product of two numbers. Your ladj has only the first.",
         partial(_diffusion, ladj="first")),
    Slip("first-coordinate-left-out",
         "The determinant of a triangular matrix is a product of two numbers. Your ladj has only the second.",
         partial(_diffusion, ladj="second")),
    Slip("normal-quantile-left-out",
         "x2 is reached from u2 in two steps, and each stretches. Your ladj has the scaling; what about the quantile?",
         partial(_diffusion, ladj="no normal")),
    Slip("normal-quantile-upside-down",
         "The slope of a quantile function belongs to the slope of its distribution function. How, exactly?",
         partial(_diffusion, ladj="normal upside down")),
)


def t3_cases(rng):
    def case(n):
        mean_time, drift, scale = apart_from_one(rng), rng.choice([-1, 1]) * rng.uniform(0.5, 2), apart_from_one(rng)
        return Case({"u": rng.uniform(0.04, 0.96, (n, 2)), "mean_time": float(mean_time), "drift": float(drift),
                     "scale": float(scale)})

    return [case(int(rng.integers(5, 9))), case(int(rng.integers(10, 15))), case(1)]


# ---------------------------------------------------------------------------------------------------------------------
# t4 · kernel density estimate of counted data, one bandwidth per coordinate


def kde_log_prob(x, data, counts, h):
    t = (x[:, None, :] - data) / h
    log_kernel = -0.5 * t.square().sum(2) - h.log().sum() - 0.5 * data.shape[1] * LOG_2PI
    return torch.logsumexp(log_kernel + counts.log(), dim=1) - counts.sum().log()


def _kde(x, data, counts, h, *, weigh=True, total="counts", log_h=True, two_pi="d", half=0.5, power=2,
         pool="logsumexp"):
    d = data.shape[1]
    weights = counts if weigh else torch.ones_like(counts)
    squared = (x[:, None, :] - data) ** 2 / h**power
    log_constant = 0.5 * LOG_2PI * {"d": 1, "once": 1 / d, "none": 0}[two_pi]
    log_kernels = -half * squared - (h.log() if log_h else 0) - log_constant
    log_total = {"counts": weights.sum().log(), "rows": math.log(len(data)), "none": 0.0}[total]
    if pool == "marginals":
        return (torch.logsumexp(log_kernels + weights.log()[:, None], dim=1) - log_total).sum(1)
    log_kernel = log_kernels.sum(2)
    if pool == "mean of logs":
        return (log_kernel * weights).sum(1) / weights.sum()
    if pool in ("underflow", "floor"):
        floor = 1e-300 if pool == "floor" else 0
        return ((log_kernel.exp() * weights).sum(1) / log_total.exp() + floor).log()
    if pool == "counts":
        return torch.logsumexp(log_kernel + weights, dim=1) - log_total
    return torch.logsumexp(log_kernel + weights.log(), dim=1) - log_total


T4_SLIPS = (
    Slip("counts-ignored",
         "A row that was seen five times should pull five times as hard. Where do the counts enter?",
         partial(_kde, weigh=False)),
    Slip("total-forgotten",
         "Does your estimate integrate to one? Think of a single row with a count of 5.",
         partial(_kde, total="none")),
    Slip("divided-by-the-rows",
         "Does your estimate integrate to one? The table has fewer rows than there were observations.",
         partial(_kde, total="rows")),
    Slip("bandwidth-missing-in-front",
         "A narrower kernel must be taller. Does your kernel integrate to one for every h?",
         partial(_kde, log_h=False)),
    Slip("two-pi-only-once",
         "The kernel is a product over coordinates. How often does the constant of the normal density occur in it?",
         partial(_kde, two_pi="once")),
    Slip("two-pi-missing",
         "Does your kernel integrate to one? Which constant of φ is not in your sum?",
         partial(_kde, two_pi="none")),
    Slip("half-missing",
         "Compare your exponent with that of φ, sign by sign and factor by factor. Is it as steep?",
         partial(_kde, half=1.0)),
    Slip("counts-not-logged",
         "You add up logarithms. Are all the terms of that sum logarithms, the counts too?",
         partial(_kde, pool="counts")),
    Slip("distance-over-h",
         "h is a standard deviation. In which units is your exponent, if x is measured in metres?",
         partial(_kde, power=1)),
    Slip("product-of-marginals",
         "You averaged over the data in every coordinate by itself; that forgets which coordinates belong to one row.",
         partial(_kde, pool="marginals")),
    Slip("mean-of-logs",
         "The estimate is an average of kernels. You averaged their logarithms.",
         partial(_kde, pool="mean of logs")),
    Slip("density-for-log-density",
         "The task asks for the log-density in nats; this is the density.",
         lambda x, data, counts, h: kde_log_prob(x, data, counts, h).exp()),
    Slip("underflow",
         "Far away every kernel is exp(-1000) or less, which is zero in floating point. Can you add without leaving logs?",
         partial(_kde, pool="underflow")),
    Slip("floor-under-the-log",
         "How large is log(1e-300)? Can log p be smaller?",
         partial(_kde, pool="floor")),
)


def t4_cases(rng):
    def case(m, n, d, part="values", reach=2.0):
        data = rng.normal(size=(n, d)) * 1.5
        h = np.array([apart_from_one(rng) for _ in range(d)])
        counts = rng.permutation(np.resize([1.0, 2.0, 5.0, 3.0], n))
        direction = rng.normal(size=(m, d))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        x = data[rng.integers(n, size=m)] + h * reach * direction * rng.uniform(0.5, 1.0, (m, 1))
        return Case({"x": x, "data": data, "counts": counts, "h": h}, part)

    return [case(int(rng.integers(4, 8)), int(rng.integers(10, 14)), 3),
            case(int(rng.integers(5, 9)), int(rng.integers(6, 10)), 1), case(3, 1, 2),
            case(4, int(rng.integers(4, 8)), 2, "far from the data", 300.0),
            case(3, int(rng.integers(4, 8)), 1, "far from the data", 300.0)]


# ---------------------------------------------------------------------------------------------------------------------
# t5 · choosing a bandwidth by leave-one-out likelihood, with a kernel that ends


def leave_one_out(data, bandwidths):
    return _leave_one_out(data, bandwidths)


def _leave_one_out(data, bandwidths, *, out=True, others=1, cut=True, log_h=True, pool="mean of logs", best="value"):
    n, h = len(data), bandwidths[:, None]
    t = (data[:, None] - data).abs() / h[:, :, None]
    kernel = (1 - t).clamp_min(0) if cut else 1 - t
    if out:
        kernel = kernel * (1 - torch.eye(n, dtype=data.dtype))
    log_prob = (kernel.sum(2) / (n - others)).log() - (h.log() if log_h else 0)
    scores = {
        "mean of logs": log_prob.mean(1), "sum": log_prob.sum(1), "log of mean": log_prob.exp().mean(1).log(),
        "covered": torch.where(log_prob.isneginf(), math.nan, log_prob).nanmean(1),
        "floor": (log_prob.exp() + 1e-12).log().mean(1),
    }[pool]
    i = scores.argmax()
    return scores, {"value": bandwidths[i], "index": i, "score": scores[i], "last": bandwidths[-1],
                    "largest": bandwidths.max(), "smallest": bandwidths[scores.argmin()]}[best]


def scores_and_best(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"scores": values[0], "best": values[1]} if len(values) == 2 else out


_LEFT_IN = "Every point still sits under its own kernel. What does that do to the score as h goes to zero?"

T5_SLIPS = (
    Slip("point-not-left-out", _LEFT_IN, partial(_leave_one_out, out=False, others=0)),
    Slip("point-left-in-the-sum", _LEFT_IN, partial(_leave_one_out, out=False)),
    Slip("n-for-n-minus-one",
         "How many kernels are there once a point is left out? Their average must still integrate to one.",
         partial(_leave_one_out, others=0)),
    Slip("bandwidth-missing-in-front",
         "A narrower kernel must be taller. Does your kernel integrate to one for every h?",
         partial(_leave_one_out, log_h=False)),
    Slip("kernel-not-cut",
         "The kernel ends at distance h. What does your formula give beyond it?",
         partial(_leave_one_out, cut=False)),
    Slip("log-of-mean",
         "The likelihood of independent points is a product. Do you average before or after the logarithm?",
         partial(_leave_one_out, pool="log of mean")),
    Slip("sum-for-mean",
         "The score is per point: it should not grow with the number of points.",
         partial(_leave_one_out, pool="sum")),
    Slip("index-for-bandwidth",
         "The second result is a bandwidth, in the units of the data, not its place in the list.",
         partial(_leave_one_out, best="index")),
    Slip("smallest-for-largest",
         "Which is better, a high log-likelihood or a low one?",
         partial(_leave_one_out, best="smallest")),
    Slip("score-for-bandwidth",
         "The second result is a bandwidth, in the units of the data. Yours is the score that it reaches.",
         partial(_leave_one_out, best="score")),
    Slip("last-for-best",
         "The bandwidths come in any order. Does your best one depend on the scores, or on its place in the list?",
         partial(_leave_one_out, best="last")),
    Slip("largest-for-best",
         "You return the widest kernel. Does the score always rise with the bandwidth?",
         partial(_leave_one_out, best="largest")),
    Slip("floor-under-the-log",
         "How large is log(1e-12)? A point that no kernel reaches has density zero; what is its logarithm?",
         partial(_leave_one_out, pool="floor")),
    Slip("uncovered-points-dropped",
         "A point that no other kernel reaches has density zero. May such a point be left out of the average?",
         partial(_leave_one_out, pool="covered")),
)


def t5_cases(rng):
    def clear(data, h):
        """No point barely within reach, no two scores nearly equal: float32 must decide as float64 does.

        The best bandwidth is neither the last nor the largest, and these two differ.
        """
        t = np.abs(data[:, None] - data)[None] / h[:, None, None]
        near = np.where(np.eye(len(data), dtype=bool), np.inf, t).min(2)
        scores, best = (v.numpy() for v in leave_one_out(torch.tensor(data), torch.tensor(h)))
        top = np.sort(scores)[::-1]
        index = float(np.argmax(scores))
        if len({int(np.argmax(scores)), len(h) - 1, int(np.argmax(h))}) < 3:
            return False
        return ((near < 0.97) | (near > 1.03)).all() and top[0] - top[1] > 1e-2 and abs(best - index) > 0.05

    def case(n, k, part="values"):
        while True:
            data = np.where(rng.random(n) < 0.5, -1.5, 1.5) + rng.normal(size=n) * 0.7
            reach = np.sort(np.abs(data[:, None] - data), axis=1)[:, 1].max()  # the smallest h that covers every point
            lowest = reach * (rng.uniform(0.3, 0.6) if part == "uncovered points" else rng.uniform(1.1, 1.3))
            h = rng.permutation(lowest * rng.uniform(1.4, 1.7) ** np.arange(k))
            uncovered = (h < reach).sum()
            if clear(data, h) and (part == "values" or 0 < uncovered <= k - 2):
                return Case({"data": data, "bandwidths": h}, part)

    return [case(int(rng.integers(6, 10)), 4), case(int(rng.integers(12, 18)), int(rng.integers(5, 7))), case(2, 3),
            case(int(rng.integers(6, 9)), 5, "uncovered points"),
            case(int(rng.integers(10, 14)), int(rng.integers(6, 8)), "uncovered points")]


# ---------------------------------------------------------------------------------------------------------------------
# t6 · E-step of a mixture whose components share one covariance


def e_step(x, weights, means, covariance):
    factor = torch.linalg.cholesky(covariance)
    delta = x[:, None, :] - means
    white = torch.linalg.solve_triangular(factor, delta.mT, upper=False)
    log_det = 2 * factor.diagonal().log().sum()
    log_normal = -0.5 * (white.square().sum(1) + log_det + x.shape[1] * LOG_2PI)
    log_joint = weights.log() + log_normal
    log_prob = log_joint.logsumexp(1)
    return (log_joint - log_prob[:, None]).exp(), log_prob


def _e_step(x, weights, means, covariance, *, prior="log", metric="inverse", log_det=0.5, two_pi="d", axis=1,
            returned="normalised"):
    delta = x[:, None, :] - means
    half_log_det = 0.5 * torch.logdet(covariance)
    if metric == "factor":
        white = torch.linalg.solve_triangular(covariance, delta.mT, upper=False)
        squared, half_log_det = white.square().sum(1), covariance.diagonal().log().sum()
    else:
        matrix = {"inverse": torch.linalg.inv(covariance), "covariance": covariance}[metric]
        squared = torch.einsum("nki,ij,nkj->nk", delta, matrix, delta)
    log_joint = -0.5 * squared - 2 * log_det * half_log_det
    log_joint = log_joint - 0.5 * LOG_2PI * {"d": x.shape[1], "once": 1, "none": 0}[two_pi]
    log_joint = log_joint + {"log": weights.log(), "plain": weights, "none": torch.zeros_like(weights)}[prior]
    log_prob = log_joint.logsumexp(1)
    if returned == "underflow":
        joint = log_joint.exp()
        return joint / joint.sum(1, keepdim=True), joint.sum(1).log()
    if returned == "joint":
        return log_joint.exp(), log_prob
    log_r = log_joint.log_softmax(axis)
    if returned == "density":
        log_prob = log_prob.exp()
    if returned == "log_prob underflows":
        log_prob = log_joint.exp().sum(1).log()
    return log_r if returned == "logs" else log_r.exp(), log_prob


def responsibilities_and_log_prob(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"responsibilities": values[0], "log_prob": values[1]} if len(values) == 2 else out


T6_SLIPS = (
    Slip("weights-forgotten",
         "Before a point is seen, a heavy component is already likelier. Where do the weights enter?",
         partial(_e_step, prior="none")),
    Slip("weights-not-logged",
         "You add up logarithms. Are all the terms of that sum logarithms?",
         partial(_e_step, prior="plain")),
    Slip("normalised-over-the-points",
         "The responsibilities of one point sum to one over the components. Over which axis do yours?",
         partial(_e_step, axis=0)),
    Slip("responsibilities-not-normalised",
         "These are joint densities of point and component. What turns them into probabilities of the component?",
         partial(_e_step, returned="joint")),
    Slip("responsibilities-left-as-logs",
         "Responsibilities are probabilities; these are their logarithms.",
         partial(_e_step, returned="logs")),
    Slip("covariance-for-its-factor",
         "A Cholesky factor plays the part of a standard deviation. Did you use the covariance where a factor belongs?",
         partial(_e_step, metric="factor")),
    Slip("inverse-forgotten",
         "Along a direction of large spread a point should count as near. Do you multiply by the covariance or divide?",
         partial(_e_step, metric="covariance")),
    Slip("log-det-missing",
         "Does your normal density integrate to one when the covariance is stretched?",
         partial(_e_step, log_det=0.0)),
    Slip("log-det-not-halved",
         "The determinant of the covariance stands under a square root. What does the root become in the logarithm?",
         partial(_e_step, log_det=1.0)),
    Slip("two-pi-missing",
         "Your log_prob is right up to a constant. Which factor of the normal density does not depend on its parameters?",
         partial(_e_step, two_pi="none")),
    Slip("two-pi-only-once",
         "Your constant is that of the normal density on the line. How does it grow with the dimension?",
         partial(_e_step, two_pi="once")),
    Slip("density-for-log-density",
         "Your second result is the density. The task asks for its logarithm, in nats.",
         partial(_e_step, returned="density")),
    Slip("underflow-in-log-prob",
         "Your responsibilities survive far from the means, log_prob does not. Can it be had from the same logarithms?",
         partial(_e_step, returned="log_prob underflows")),
    Slip("underflow",
         "Far from every mean all densities are zero in floating point, and 0/0 is no probability. "
         "Can you normalise without leaving logs?",
         partial(_e_step, returned="underflow")),
)


def covariance_of(rng, d):
    scales = np.array([apart_from_one(rng) for _ in range(d)])
    factor = np.tril(rng.uniform(0.3, 0.6, (d, d)) * rng.choice([-1, 1], (d, d)), -1) + np.eye(d)
    factor /= np.linalg.norm(factor, axis=1, keepdims=True)
    return (scales[:, None] * factor) @ (scales[:, None] * factor).T


def t6_cases(rng):
    def case(n, d, k):
        covariance = covariance_of(rng, d)
        spread = np.sqrt(np.diag(covariance))
        means = rng.normal(size=(k, d)) * 1.2 * spread
        x = means[rng.integers(k, size=n)] + rng.normal(size=(n, d)) @ np.linalg.cholesky(covariance).T
        return {"x": x, "weights": weights_of(k), "means": means, "covariance": covariance}

    def weights_of(k):
        weights = rng.permutation(np.arange(1.0, k + 1) + rng.uniform(0, 0.5, k))
        return weights / weights.sum()

    def far(n, d, k):
        while True:  # one component must be the clear winner, else rounding in float32 decides
            inputs = case(n, d, k)
            away = rng.normal(size=(n, d))
            away *= rng.uniform(70, 150, (n, 1)) / np.linalg.norm(away, axis=1, keepdims=True)
            inputs["x"] = away @ np.linalg.cholesky(inputs["covariance"]).T
            r, _ = e_step(**{name: torch.tensor(value) for name, value in inputs.items()})
            if ((r < 1e-12) | (r > 1 - 1e-12)).all():
                return inputs

    return [Case(case(int(rng.integers(10, 14)), 2, 2)), Case(case(int(rng.integers(6, 10)), 1, 3)),
            Case(case(4, 3, 1)), Case(far(4, 2, 3), "far from every mean"), Case(far(3, 1, 2), "far from every mean")]


# ---------------------------------------------------------------------------------------------------------------------
# t7 · M-step of the same mixture


def m_step(x, responsibilities, reg_covar):
    return _m_step(x, responsibilities, reg_covar)


def _m_step(x, responsibilities, reg_covar, *, hard=False, weights="share", means="own", deviations="own",
            pool="points", reg="diagonal"):
    r = responsibilities
    (n, d), k = x.shape, r.shape[1]
    if hard:
        r = torch.nn.functional.one_hot(r.argmax(1), k).to(x.dtype)
    counts = r.sum(0)
    mu = {"own": r.T @ x / counts[:, None], "all": r.T @ x / n, "common": x.mean(0).expand(k, d)}[means]
    delta = x[:, None, :] - {"own": mu, "global": x.mean(0), "none": torch.zeros_like(mu)}[deviations]
    scatter = torch.einsum("nk,nki,nkj->kij", torch.ones_like(r) if pool == "unweighted" else r, delta, delta)
    covariance = {
        "points": scatter.sum(0) / n, "scatter": scatter.sum(0), "n - 1": scatter.sum(0) / (n - 1), "unweighted": scatter.sum(0) / (n * k),
        "components": (scatter / counts[:, None, None]).mean(0), "sum": (scatter / counts[:, None, None]).sum(0),
    }[pool]
    extra = {"diagonal": torch.eye(d, dtype=x.dtype), "everywhere": torch.ones(d, d, dtype=x.dtype), "none": 0.0}[reg]
    return counts / n if weights == "share" else counts, mu, covariance + reg_covar * extra


def weights_means_covariance(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    names = ("weights", "means", "covariance")
    return dict(zip(names, values, strict=True)) if len(values) == 3 else out


T7_SLIPS = (
    Slip("hard-assignment",
         "Each point went as a whole to its likeliest component. What do the smaller responsibilities say?",
         partial(_m_step, hard=True)),
    Slip("weights-not-normalised",
         "Your weights are expected numbers of points. What must the weights of a mixture sum to?",
         partial(_m_step, weights="counts")),
    Slip("means-over-all-points",
         "A weighted mean is divided by the sum of its weights. Is that the number of points?",
         partial(_m_step, means="all")),
    Slip("deviations-from-the-global-mean",
         "The covariance describes the spread inside a component. From which centre did you measure it?",
         partial(_m_step, deviations="global")),
    Slip("no-centring",
         "A covariance measures the spread around a centre. Which centre did you take away from the points?",
         partial(_m_step, deviations="none")),
    Slip("common-mean",
         "All your components have the same mean. Which points should pull at which of them, and how hard?",
         partial(_m_step, means="common")),
    Slip("covariance-not-averaged",
         "With more points of the same kind your covariance grows. Is it a sum, or an average?",
         partial(_m_step, pool="scatter")),
    Slip("components-averaged-alike",
         "A component with two points has as much say in your covariance as one with two hundred. Should it?",
         partial(_m_step, pool="components")),
    Slip("component-covariances-summed",
         "With more components your covariance grows. Is it still an average over the points?",
         partial(_m_step, pool="sum")),
    Slip("deviations-not-weighted",
         "Every point is measured from every mean. How much should a deviation count for a component that "
         "hardly owns the point?",
         partial(_m_step, pool="unweighted")),
    Slip("divided-by-n-minus-one",
         "The M-step maximises a likelihood. Which divisor does maximum likelihood give?",
         partial(_m_step, pool="n - 1")),
    Slip("reg-covar-everywhere",
         "reg_covar is added to variances only. Which entries of a covariance matrix are variances?",
         partial(_m_step, reg="everywhere")),
    Slip("reg-covar-forgotten",
         "Something small is to be added to every variance so that the matrix stays invertible.",
         partial(_m_step, reg="none")),
)


def t7_cases(rng):
    def case(n, d, k):
        centre = rng.uniform(-2, 2, d)
        x = centre + rng.normal(size=(n, d)) @ np.linalg.cholesky(covariance_of(rng, d)).T
        r = rng.dirichlet(np.linspace(0.6, 1.8, k), n)
        r = (r + 0.05) / (1 + 0.05 * k)
        return Case({"x": x, "responsibilities": r, "reg_covar": float(rng.uniform(0.05, 0.3))})

    return [case(int(rng.integers(9, 13)), 2, 3), case(int(rng.integers(14, 18)), 3, 4),
            case(int(rng.integers(6, 9)), 1, 2), case(5, 3, 1)]


TASKS = [
    Task("t1", "Density of a kinetic energy", energy_log_prob, t1_cases, {"values": 10, "negative x": 4}, T1_SLIPS,
         atol=ATOL, forbids=FORBIDS),
    Task("t2", "Quantiles of a histogram", histogram_quantile, t2_cases,
         {"values": 8, "ends and empty bins": 4, "large log-heights": 3}, T2_SLIPS, atol=5 * ATOL, forbids=FORBIDS),
    Task("t3", "A triangular map", diffusion_map, t3_cases, {"values": 15}, T3_SLIPS, x_and_ladj,
         atol=ATOL, forbids=FORBIDS),
    Task("t4", "Kernel density of counted data", kde_log_prob, t4_cases, {"values": 10, "far from the data": 5},
         T4_SLIPS, atol=ATOL, forbids=FORBIDS),
    Task("t5", "Bandwidth by leave-one-out", leave_one_out, t5_cases, {"values": 9, "uncovered points": 4}, T5_SLIPS,
         scores_and_best, atol=ATOL, forbids=FORBIDS),
    Task("t6", "E-step", e_step, t6_cases, {"values": 10, "far from every mean": 4}, T6_SLIPS,
         responsibilities_and_log_prob, atol=ATOL, forbids=FORBIDS),
    Task("t7", "M-step", m_step, t7_cases, {"values": 14}, T7_SLIPS, weights_means_covariance,
         atol=ATOL, forbids=FORBIDS),
]
