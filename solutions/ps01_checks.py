"""The checks of problem set 1, "What is a generative model".

Per task: the reference, the slips, the cases. A slip is the reference with one classic mistake; one private function
a task holds the lines, and a keyword switches each mistake on. Cases are drawn so that float32 answers pass and every
slip shows in any draw; what a draw must fulfil for that stands beside it.
"""
from __future__ import annotations

import math
from functools import partial

import numpy as np
import torch

from coursekit.checks import Case, Slip, Task, call

LOG_2 = math.log(2)
LOG_2PI = math.log(2 * math.pi)
ATOL = 1e-4  # float32 answers lose this much where a log-density happens to be near zero
FORBIDS = ("coursekit.density", "coursekit.distributions", "torch.distributions", "scipy.stats", "sklearn")
T1_FORBIDS = (*FORBIDS, "softmax", "log_softmax", "Softmax", "LogSoftmax", "cross_entropy", "CrossEntropyLoss",
              "logsumexp", "logaddexp", "scipy.special")
T2_FORBIDS = (*FORBIDS, "gaussian_nll_loss", "GaussianNLLLoss")
T5_FORBIDS = (*FORBIDS, "kl_div", "KLDivLoss", "rel_entr")


def apart_from_one(rng, size=None):
    """Positive numbers clearly different from 1, so that a forgotten square or logarithm cannot hide."""
    return np.exp(rng.choice([-1.0, 1.0], size) * rng.uniform(0.25, 0.7, size))


def in_steps(values):
    """Rounded to multiples of 1/64: float32 holds them exactly up to a hundred thousand."""
    return np.round(np.asarray(values) * 64) / 64


# ---------------------------------------------------------------------------------------------------------------------
# t1 · softmax head: log-probabilities from logits and a temperature


def class_log_probs(logits, temperature):
    return _softmax(logits, temperature)


def _softmax(logits, temperature, *, axis=1, power=-1, scaled="before", shift="row", divide="log", returned="log"):
    scores = logits * temperature**power if scaled == "before" else logits
    if returned == "scores":
        return scores
    top = {"row": scores.amax(1, keepdim=True), "batch": scores.max(), "none": 0.0}[shift]
    if axis == 0:
        top = scores.amax(0, keepdim=True)
    weights = (scores - top).exp()
    total = weights.sum() if axis is None else weights.sum(axis, keepdim=True)
    log_p = scores - top - total.log() if divide == "log" else (weights / total).log()
    if divide == "floor":
        log_p = (weights / total).clamp_min(1e-12).log()
    if scaled == "after":
        log_p = log_p / temperature
    return {"log": log_p, "prob": log_p.exp(), "bits": log_p / LOG_2}[returned]


_OVERFLOW = "What is exp(10000) in floating point, and exp(-10000)? Which change of all logits of a row leaves p alone?"

T1_SLIPS = (
    Slip("softmax-over-the-points",
         "The probabilities of one point sum to one over the classes. Over which axis do yours?",
         partial(_softmax, axis=0)),
    Slip("softmax-over-everything",
         "Every point has its own distribution over the classes. How many numbers does your sum run over?",
         partial(_softmax, axis=None, shift="batch")),
    Slip("not-normalised",
         "These are scores. Do their exponentials sum to one in each row?",
         partial(_softmax, returned="scores")),
    Slip("probabilities-for-logs",
         "The task asks for log-probabilities in nats; these are the probabilities.",
         partial(_softmax, returned="prob")),
    Slip("bits-for-nats",
         "The natural logarithm gives nats. Which base has yours?",
         partial(_softmax, returned="bits")),
    Slip("temperature-multiplied",
         "A high temperature makes the classes more alike. Does yours pull the logits together or apart?",
         partial(_softmax, power=1)),
    Slip("temperature-forgotten",
         "Your result does not change with the temperature. Where does it enter?",
         partial(_softmax, power=0)),
    Slip("temperature-after-normalising",
         "Your rows summed to one before the temperature came in. Do they still?",
         partial(_softmax, scaled="after")),
    Slip("overflow", _OVERFLOW, partial(_softmax, shift="none")),
    Slip("overflow-in-the-ratio", _OVERFLOW, partial(_softmax, shift="none", divide="ratio")),
    Slip("one-shift-for-all-rows",
         "One row can lie thousands below another. Is anything left of its exponentials after your shift?",
         partial(_softmax, shift="batch")),
    Slip("log-of-softmax",
         "A probability of exp(-1000) is zero in floating point, its logarithm is not -inf. Can you avoid forming "
         "the probability?",
         partial(_softmax, divide="ratio")),
    Slip("floor-under-the-log",
         "How large is log(1e-12)? Can a log-probability be smaller?",
         partial(_softmax, divide="floor")),
)


def t1_cases(rng):
    def moderate(n, k):
        logits = rng.normal(size=(n, k)) * 1.5 + rng.choice([-1, 1]) * rng.uniform(1, 2)
        return Case({"logits": logits, "temperature": float(apart_from_one(rng))})

    def large(logits):  # temperatures that float32 divides by exactly
        return Case({"logits": in_steps(logits), "temperature": float(rng.choice([0.5, 2.0, 4.0]))}, "large logits")

    n, k = int(rng.integers(3, 6)), int(rng.integers(3, 6))
    rows = rng.permutation(np.resize([1e4, -1e4], n))[:, None] + rng.uniform(-50, 50, (n, 1))
    wide = rng.uniform(-1e4, 1e4, (4, k))
    wide[:, 0] = -1e4
    return [moderate(int(rng.integers(5, 8)), 3), moderate(int(rng.integers(6, 9)), int(rng.integers(4, 6))),
            moderate(1, 4), moderate(3, 1), large(rows + rng.normal(size=(n, k))), large(rng.permuted(wide, axis=1))]


# ---------------------------------------------------------------------------------------------------------------------
# t2 · Gaussian head with missing measurements


def gaussian_head_log_prob(y, mean, log_var):
    return _gaussian(y, mean, log_var)


def _gaussian(y, mean, log_var, *, spread="log_var", half=0.5, half_log=0.5, two_pi="seen", pool="sum",
              missing="left out", sign=1.0, density=False):
    seen = ~y.isnan()
    if missing == "dropped":
        whole = seen.all(1)
        y, mean, log_var, seen = y[whole], mean[whole], log_var[whole], seen[whole]
    fill = {"zero": torch.zeros_like(mean), "mean": mean}.get(missing)
    y = y if fill is None else torch.where(seen, y, fill)
    seen = seen if fill is None else torch.ones_like(seen)
    log_v, v = {
        "log_var": (log_var, log_var.exp()), "log_scale": (2 * log_var, (2 * log_var).exp()),
        "variance": (log_var.log(), log_var), "scale": (2 * log_var.log(), log_var**2),
        "root": (log_var, (0.5 * log_var).exp()), "plain": (log_var.exp(), log_var.exp()),
    }[spread]
    terms = -half * (y - mean) ** 2 / v - half_log * log_v
    count = {"seen": seen.sum(1), "all": y.shape[1], "once": 1.0, "none": 0.0}[two_pi]
    log_prob = (terms.nansum(1) if missing != "nan" else terms.sum(1)) - 0.5 * LOG_2PI * count
    if spread in ("variance", "scale"):  # nansum would hide the logarithm of a negative number
        log_prob = torch.where(seen, terms, 0.0).sum(1) - 0.5 * LOG_2PI * count
    if pool == "mean":
        log_prob = log_prob / seen.sum(1)
    if pool == "all":
        log_prob = log_prob.sum()
    if pool == "none":
        log_prob = terms - 0.5 * LOG_2PI
    return sign * (log_prob.exp() if density else log_prob)


_SPREAD = "log_var is the logarithm of a variance, so it may be negative. What turns it into the variance itself?"

T2_SLIPS = (
    Slip("two-pi-missing",
         "Does your density integrate to one? Which factor of the normal density depends on no parameter?",
         partial(_gaussian, two_pi="none")),
    Slip("two-pi-only-once",
         "The density is a product over the coordinates. How often does the constant of one of them occur in it?",
         partial(_gaussian, two_pi="once")),
    Slip("half-missing-in-the-exponent",
         "Compare your exponent with that of the normal density, factor by factor. Is it as steep?",
         partial(_gaussian, half=1.0)),
    Slip("log-var-not-halved",
         "The normal density is divided by a standard deviation. What is its logarithm, in terms of log_var?",
         partial(_gaussian, half_log=1.0)),
    Slip("log-var-forgotten",
         "A narrow density must be taller. Does yours integrate to one for every log_var?",
         partial(_gaussian, half_log=0.0)),
    Slip("log-var-as-scale", _SPREAD, partial(_gaussian, spread="scale")),
    Slip("log-var-as-variance", _SPREAD, partial(_gaussian, spread="variance")),
    Slip("log-var-as-log-scale",
         "Is exp(log_var) a standard deviation or a variance? Look at how it enters your exponent and your constant.",
         partial(_gaussian, spread="log_scale")),
    Slip("scale-for-variance-in-the-exponent",
         "Your exponent must not depend on the unit of y. Is the squared distance divided by something squared?",
         partial(_gaussian, spread="root")),
    Slip("variance-not-logged",
         "You add up logarithms. Are all the terms of that sum logarithms?",
         partial(_gaussian, spread="plain")),
    Slip("mean-over-the-coordinates",
         "Independent coordinates multiply their densities. What does the product become in the logarithm?",
         partial(_gaussian, pool="mean")),
    Slip("one-number-for-all-points",
         "Each point has a log-density of its own. Over which axis does your sum run?",
         partial(_gaussian, pool="all")),
    Slip("not-summed-over-the-coordinates",
         "These are the log-densities of single coordinates. What is the log-density of a whole point?",
         partial(_gaussian, pool="none")),
    Slip("loss-for-log-density",
         "This is the loss that training makes small. Which sign has the log-density?",
         partial(_gaussian, sign=-1.0)),
    Slip("density-for-log-density",
         "The task asks for the log-density in nats; this is the density.",
         partial(_gaussian, density=True)),
    Slip("missing-gives-nan",
         "Any sum with NaN in it is NaN, and so is 0 * NaN. Which terms should the sum not contain?",
         partial(_gaussian, missing="nan", two_pi="all")),
    Slip("missing-taken-for-zero",
         "A measurement that was not taken is not a measurement of zero. What does the density of the others look like?",
         partial(_gaussian, missing="zero")),
    Slip("missing-taken-for-the-mean",
         "Of a missing coordinate only the square has gone. Which other terms belonged to its factor, and are they out?",
         partial(_gaussian, missing="mean")),
    Slip("constant-of-the-missing",
         "Your sum skips what is missing. Does its constant count only the coordinates that are there?",
         partial(_gaussian, two_pi="all")),
    Slip("points-with-gaps-dropped",
         "A point with a gap still has a log-density, that of its other coordinates. Where are these points?",
         partial(_gaussian, missing="dropped")),
)


def t2_cases(rng):
    def case(n, d, part="values", gaps=0):
        log_var = 2 * np.log(apart_from_one(rng, (n, d)))
        log_var[0] = np.abs(log_var[0])  # a point where even log(log_var) is a number
        mean = rng.normal(size=(n, d)) * 2
        y = mean + np.exp(log_var / 2) * rng.choice([-1, 1], (n, d)) * rng.uniform(0.4, 1.8, (n, d))
        if gaps:
            seen = rng.permuted(np.arange(d) >= np.ones((n, 1)), axis=1)  # one gap a point,
            seen[1], seen[2] = False, True  # but one point has nothing, one has all
            y = np.where(seen, y, np.nan)
        return Case({"y": y, "mean": mean, "log_var": log_var}, part)

    return [case(int(rng.integers(5, 9)), 2), case(int(rng.integers(4, 8)), 3), case(5, 1), case(1, 4),
            case(int(rng.integers(4, 7)), 3, "missing measurements", 1),
            case(int(rng.integers(6, 9)), 2, "missing measurements", 1)]


# ---------------------------------------------------------------------------------------------------------------------
# t3 · Bayes' rule: a classifier from densities


def bayes(log_likelihood, counts):
    return _bayes(log_likelihood, counts)


def _bayes(log_likelihood, counts, *, prior="log", posterior="log", evidence="sum", axis=1):
    p = counts / counts.sum()
    extra = {
        "log": p.log(), "none": torch.zeros_like(p), "plain": p, "counts": counts.log(), "upside down": -p.log(),
        "floor": (p + 1e-12).log(), "add one": ((counts + 1) / (counts + 1).sum()).log(),
    }[prior]
    log_joint = log_likelihood + extra
    log_prob = log_joint.logsumexp(1)
    log_posterior = log_joint.log_softmax(axis)
    if posterior == "joint":
        log_posterior = log_joint
    if posterior == "prob":
        log_posterior = log_posterior.exp()
    if posterior == "likelihood":
        log_posterior = log_likelihood.log_softmax(1)
    if posterior == "underflow":
        joint = log_likelihood.exp() * p
        log_posterior, log_prob = (joint / joint.sum(1, keepdim=True)).log(), joint.sum(1).log()
    if evidence == "max":
        log_prob = log_joint.amax(1)
    if evidence == "no prior":
        log_prob = log_likelihood.logsumexp(1)
    if evidence == "mean of logs":
        log_prob = torch.where(p > 0, p * log_likelihood, 0.0).sum(1)
    if evidence == "shifted":
        log_prob = log_prob - log_joint.amax(1)
    if evidence == "density":
        log_prob = log_prob.exp()
    if evidence == "underflow":
        log_prob = log_joint.exp().sum(1).log()
    return log_posterior, log_prob


def log_posterior_and_log_prob(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"log_posterior": values[0], "log_prob": values[1]} if len(values) == 2 else out


T3_SLIPS = (
    Slip("prior-forgotten",
         "Before you look at x, a frequent class is already likelier. Where do the counts enter?",
         partial(_bayes, prior="none")),
    Slip("prior-missing-in-the-posterior",
         "Your log_prob knows how frequent the classes are. Does your posterior?",
         partial(_bayes, posterior="likelihood")),
    Slip("prior-missing-in-log-prob",
         "Your posterior knows how frequent the classes are. Which weight has each class in p(x)?",
         partial(_bayes, evidence="no prior")),
    Slip("prior-not-logged",
         "You add up logarithms. Are all the terms of that sum logarithms?",
         partial(_bayes, prior="plain")),
    Slip("prior-upside-down",
         "Should a class that is seen more often become likelier or less likely?",
         partial(_bayes, prior="upside down")),
    Slip("counts-not-normalised",
         "Does your p(x) integrate to one? Think of a single class that was counted 50 times.",
         partial(_bayes, prior="counts")),
    Slip("add-one",
         "Your class probabilities are smoothed. The task defines them by the counts as they are.",
         partial(_bayes, prior="add one")),
    Slip("posterior-not-normalised",
         "This is log p(x, y), the joint. What turns it into probabilities of y?",
         partial(_bayes, posterior="joint")),
    Slip("normalised-over-the-points",
         "The posterior of one point sums to one over the classes. Over which axis does yours?",
         partial(_bayes, axis=0)),
    Slip("probabilities-for-logs",
         "The task asks for the logarithms of the posterior; these are the probabilities.",
         partial(_bayes, posterior="prob")),
    Slip("density-for-log-density",
         "Your second result is the density. The task asks for its logarithm, in nats.",
         partial(_bayes, evidence="density")),
    Slip("largest-for-the-sum",
         "p(x) collects the mass of all classes. Which classes does your log_prob count?",
         partial(_bayes, evidence="max")),
    Slip("mean-of-logs",
         "p(x) is an average of densities. You averaged their logarithms.",
         partial(_bayes, evidence="mean of logs")),
    Slip("shift-not-undone",
         "Before the exponential you moved the logarithms of each row. A ratio does not notice it. Does a sum?",
         partial(_bayes, evidence="shifted")),
    Slip("underflow",
         "The density of an image is often zero in floating point, and 0/0 is no probability. Can you normalise "
         "without leaving logs?",
         partial(_bayes, posterior="underflow")),
    Slip("underflow-in-log-prob",
         "Your posterior survives tiny densities, log_prob does not. Can it be had from the same logarithms?",
         partial(_bayes, evidence="underflow")),
    Slip("floor-under-the-log",
         "A class that was never seen has probability zero. What is the logarithm of zero?",
         partial(_bayes, prior="floor")),
)


def t3_cases(rng):
    def counts_of(k, unseen=False):
        counts = np.round(rng.permutation(np.linspace(1.0, 5.0, k)) * rng.uniform(6, 12))
        if unseen:
            counts[int(rng.integers(k))] = 0
        return counts

    def case(n, k, part="values", centre=-4.0, unseen=False):
        log_likelihood = in_steps(centre + rng.normal(size=(n, k)) * 1.2 + rng.uniform(-1, 1, (n, 1)))
        return Case({"log_likelihood": log_likelihood, "counts": counts_of(k, unseen)}, part)

    return [case(int(rng.integers(5, 8)), 3), case(int(rng.integers(6, 9)), 4), case(1, 2, centre=1.0),
            case(int(rng.integers(4, 7)), 3, "images", -rng.uniform(850, 950)),
            case(int(rng.integers(3, 6)), 5, "images", -rng.uniform(850, 950)),
            case(int(rng.integers(4, 7)), 3, "unseen class", unseen=True)]


# ---------------------------------------------------------------------------------------------------------------------
# t4 · maximum likelihood by gradients: a mixture on the line


def mixture_gradients(x, logits, means, log_scales):
    return _mixture(x, logits, means, log_scales)


def _mixture(x, logits, means, log_scales, *, weights="softmax", two_pi=1.0, r="posterior", over="points",
             d_logits="all", d_means="all", d_log_scales="all", sign=1.0, loss_sign=1.0, underflow=False,
             variances=False):
    log_scales = log_scales / 2 if variances else log_scales
    scales, n = log_scales.exp(), len(x)
    t = (x[:, None] - means) / scales
    log_w = {"softmax": logits.log_softmax(0), "plain": logits, "none": torch.zeros_like(logits)}[weights]
    log_joint = log_w - 0.5 * t**2 - log_scales - two_pi * 0.5 * LOG_2PI
    loss = -log_joint.logsumexp(1).mean()
    if r == "no prior":
        log_joint = log_joint - log_w
    own = log_joint.softmax(1)
    if underflow:
        joint = log_joint.exp()
        own, loss = joint / joint.sum(1, keepdim=True), -joint.sum(1).log().mean()
    if r == "hard":
        own = torch.nn.functional.one_hot(own.argmax(1), len(means)).to(x.dtype)
    if r == "ignored":
        own = torch.ones_like(own)
    w, count = logits.softmax(0), {"points": n, "sum": 1.0, "own": own.sum(0)}[over]
    share = own.sum(0) / (1.0 if over == "sum" else n)
    g_logits = {"all": (n if over == "sum" else 1.0) * w - share, "no softmax": -share, "weights": -share / w,
                "own": -share * (1 - w)}[d_logits]
    g_means = -(own * {"all": t / scales, "one scale": t, "no scale": t * scales}[d_means]).sum(0) / count
    slope = {"all": 1 - t**2, "no constant": -(t**2), "scale": (1 - t**2) / scales, "log_var": (1 - t**2) / 2}[d_log_scales]
    g_log_scales = (own * slope).sum(0) / count / (2 if variances else 1)
    loss = loss_sign * loss * (n if over == "sum" else 1)
    return loss, sign * g_logits, sign * g_means, sign * g_log_scales


def loss_and_gradients(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    names = ("loss", "d_logits", "d_means", "d_log_scales")
    return dict(zip(names, values, strict=True)) if len(values) == 4 else out


T4_SLIPS = (
    Slip("gradients-of-the-log-likelihood",
         "Your loss is right. In which direction does it grow: along your gradients, or against them?",
         partial(_mixture, sign=-1.0)),
    Slip("log-likelihood-for-loss",
         "The loss is to become small. Does yours fall or rise when the model fits better?",
         partial(_mixture, sign=-1.0, loss_sign=-1.0)),
    Slip("sum-for-mean",
         "With twice as many points of the same kind, your loss and gradients double. What does the task average?",
         partial(_mixture, over="sum")),
    Slip("logits-not-normalised",
         "Add 5 to all logits: the weights stay as they are. Does your loss?",
         partial(_mixture, weights="plain", d_logits="no softmax")),
    Slip("weights-forgotten",
         "A heavy component adds more to the density. Where do the weights enter your loss?",
         partial(_mixture, weights="none")),
    Slip("two-pi-missing",
         "Your gradients are right, your loss is off by a constant. Which factor depends on no parameter?",
         partial(_mixture, two_pi=0.0)),
    Slip("weights-missing-in-the-responsibilities",
         "Your loss knows the weights. Do your responsibilities?",
         partial(_mixture, r="no prior")),
    Slip("hard-assignment",
         "Each point pulled at its likeliest component alone. Which derivative would that be, of a sum or of a maximum?",
         partial(_mixture, r="hard")),
    Slip("responsibilities-ignored",
         "Every point pulls at every component alike. What does the derivative of log of a sum bring in front?",
         partial(_mixture, r="ignored")),
    Slip("divided-by-the-owned-points",
         "The loss averages over all points. By what do you divide the pull on one component?",
         partial(_mixture, over="own")),
    Slip("gradient-of-the-weights",
         "This is the derivative with respect to a weight that is free. How does a logit move all weights at once?",
         partial(_mixture, d_logits="weights")),
    Slip("own-weight-only",
         "A logit moves the weights of the other components, too. Which sum over k stands in front of your derivative?",
         partial(_mixture, d_logits="own")),
    Slip("softmax-not-differentiated",
         "Raising all logits alike changes nothing, so their gradient sums to zero. Does yours?",
         partial(_mixture, d_logits="no softmax")),
    Slip("distance-in-scales",
         "Check units: if x is in metres, the derivative of the loss by a mean is per metre. Is yours?",
         partial(_mixture, d_means="one scale")),
    Slip("distance-without-scales",
         "A narrow component feels a distance more than a wide one. Where do the scales enter the gradient of the means?",
         partial(_mixture, d_means="no scale")),
    Slip("normaliser-not-differentiated",
         "A wider component is also lower. Which term of the log-density says so, and is it in your derivative?",
         partial(_mixture, d_log_scales="no constant")),
    Slip("gradient-of-the-scales",
         "The parameter is the logarithm of the scale. With respect to what did you differentiate?",
         partial(_mixture, d_log_scales="scale")),
    Slip("gradient-of-the-log-variance",
         "The parameter is the logarithm of the scale. Is yours that, or the logarithm of the variance?",
         partial(_mixture, d_log_scales="log_var")),
    Slip("log-scales-taken-for-log-variances",
         "In task 2 the parameters were log-variances. Of what are they the logarithms here?",
         partial(_mixture, variances=True)),
    Slip("underflow",
         "From a far start every density is zero in floating point, and 0/0 is no responsibility. Can you stay in logs?",
         partial(_mixture, underflow=True)),
)


def t4_cases(rng):
    def parameters(k):
        logits = rng.permutation(np.linspace(-0.7, 0.7, k)) + rng.choice([-1, 1]) * rng.uniform(1.5, 2.5)
        scales = apart_from_one(rng, k)
        means = rng.permutation(np.arange(k) - (k - 1) / 2) * rng.uniform(1.2, 1.6) + rng.uniform(-0.2, 0.2, k)
        return {"logits": logits, "means": means, "log_scales": np.log(scales)}

    def case(n, k):
        inputs = parameters(k)
        which = rng.permutation(np.resize(np.arange(k), n))
        x = inputs["means"][which] + np.exp(inputs["log_scales"][which]) * rng.normal(size=n) * 1.2 + 0.4
        return Case({"x": x, **inputs})

    def far(n, k):
        while True:  # one component must be the clear winner, else rounding in float32 decides
            inputs = parameters(k)
            x = rng.choice([-1, 1]) * rng.uniform(150, 220) * np.exp(inputs["log_scales"].max()) + rng.normal(size=n)
            t = (x[:, None] - inputs["means"]) / np.exp(inputs["log_scales"])
            best = np.sort(-0.5 * t**2, axis=1)
            if (best[:, -1] - best[:, -2] > 60).all():
                return Case({"x": x, **inputs}, "far start")

    return [case(int(rng.integers(6, 10)), 2), case(int(rng.integers(11, 16)), 3), case(2, 2),
            far(int(rng.integers(3, 6)), 2), far(4, 3)]


# ---------------------------------------------------------------------------------------------------------------------
# t5 · the two directions of the KL divergence


def kl_both_ways(p_data, p_model, widths):
    return _kl(p_data, p_model, widths), _kl(p_model, p_data, widths)


def _kl(p, q, widths, *, zero="right", widen=True, sign=1.0, unit=1.0, entropy=True, pool="sum"):
    width = widths if widen else torch.ones_like(widths)
    if isinstance(zero, float):
        log_ratio = (p + zero).log() - (q + zero).log()
    else:
        log_ratio = (p if entropy else torch.ones_like(p)).log() - q.log()
    terms = width * p * log_ratio
    if zero == "right":
        terms = torch.where(p > 0, terms, 0.0)
    if zero == "skipped":
        terms = torch.where((p > 0) & (q > 0), terms, 0.0)
    if zero == "infinite":
        terms = torch.where((p > 0) & (q > 0), terms, math.inf)
    if pool == "absolute":
        terms = terms.abs()
    return sign * unit * (terms.mean() if pool == "mean" else terms.sum())


def _both(p_data, p_model, widths, *, order="right", **options):
    forward, reverse = _kl(p_data, p_model, widths, **options), _kl(p_model, p_data, widths, **options)
    return {"right": (forward, reverse), "swapped": (reverse, forward), "half": ((forward + reverse) / 2,) * 2,
            "one weight": (forward, -forward), "same": (forward, forward)}[order]


def forward_and_reverse(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"forward": values[0], "reverse": values[1]} if len(values) == 2 else out


_FLOOR = "You put a small number under the logarithm. Is a model that excludes what happened only a little wrong?"

T5_SLIPS = (
    Slip("directions-swapped",
         "Forward asks how well the model covers the data. Against which of the two does it integrate?",
         partial(_both, order="swapped")),
    Slip("one-weight-for-both",
         "Turning the ratio around is not all. Which density stands in front of the logarithm in the other direction?",
         partial(_both, order="one weight")),
    Slip("directions-averaged",
         "The two directions are two numbers, and their difference is the point. Did you average them?",
         partial(_both, order="half")),
    Slip("one-direction-twice",
         "Your two results are equal. Does KL stay the same when its arguments change places?",
         partial(_both, order="same")),
    Slip("widths-forgotten",
         "An integral is a sum of heights times widths. Where do the widths enter?",
         partial(_both, widen=False)),
    Slip("mean-over-the-cells",
         "Cut every cell into two equal halves: the integral stays the same. Does your result?",
         partial(_both, pool="mean")),
    Slip("sign",
         "KL is never negative. Which way round is your ratio?",
         partial(_both, sign=-1.0)),
    Slip("bits-for-nats",
         "The natural logarithm gives nats. Which base has yours?",
         partial(_both, unit=1 / LOG_2)),
    Slip("cross-entropy-for-kl",
         "For two equal densities KL is zero. What does your formula give?",
         partial(_both, entropy=False, zero="skipped")),
    Slip("absolute-values",
         "Some cells count negative, and that is right. Did you take absolute values?",
         partial(_both, pool="absolute")),
    Slip("zero-times-infinity",
         "In floating point 0 * log(0) is NaN. What is the limit of p log p as p goes to zero?",
         partial(_both, zero="nan")),
    Slip("cells-skipped",
         "Cells where the first density is zero count nothing. May you also skip those where only the second is zero?",
         partial(_both, zero="skipped")),
    Slip("always-infinite",
         "A cell where the first density is zero is never visited. What does it cost?",
         partial(_both, zero="infinite")),
    Slip("floor-1e-12", _FLOOR, partial(_both, zero=1e-12)),
    Slip("floor-1e-10", _FLOOR, partial(_both, zero=1e-10)),
    Slip("floor-1e-8", _FLOOR, partial(_both, zero=1e-8)),
)


def t5_cases(rng):
    def case(m, p_zero=(), q_zero=(), part="values"):
        p_zero, q_zero = list(p_zero), list(q_zero)
        while True:  # the directions differ, and no direction is close to zero
            widths = rng.permutation(np.linspace(0.3, 1.5, m)) * rng.uniform(0.8, 1.2)
            order = rng.permutation(m)
            p, q = rng.uniform(0.2, 2.5, m), rng.uniform(0.2, 2.5, m)
            p[order[p_zero]] = 0
            q[order[q_zero]] = 0
            p, q = p / (p * widths).sum(), q / (q * widths).sum()
            inside = (p > 0) & (q > 0)
            share = (widths * np.log(np.where(inside, p, 1) / np.where(inside, q, 1)))[inside]
            forward, reverse = (share * p[inside]).sum(), -(share * q[inside]).sum()
            apart = min(abs(forward), abs(reverse), abs(forward - reverse), abs(forward + reverse))
            if not inside.any() or apart > 0.02:
                return Case({"p_data": p, "p_model": q, "widths": widths}, part)

    empty = partial(case, part="empty cells")
    return [case(int(rng.integers(4, 7))), case(int(rng.integers(8, 13))), case(3), empty(6, [0], [0]),
            empty(int(rng.integers(5, 8)), [0, 1], [0]), empty(int(rng.integers(5, 8)), [0], [0, 1, 2]),
            empty(4, [0, 1], [2, 3])]


# ---------------------------------------------------------------------------------------------------------------------
# t6 · the Gaussian that is closest to a mixture, in the forward direction


def closest_gaussian(weights, means, scales):
    return _closest(weights, means, scales)


def _closest(weights, means, scales, *, w_mean="w", within="variance", between="centred", w_power=1, returned="matrix"):
    if returned == "heaviest":
        k = weights.argmax()
        return means[k], torch.diag(scales[k] ** 2)
    w = {"w": weights, "none": torch.full_like(weights, 1 / len(weights))}[w_mean]
    mean = w @ means
    inside = {
        "variance": w**w_power @ scales**2, "scale": w @ scales, "squared average": (w @ scales) ** 2,
        "sum": (scales**2).sum(0), "none": torch.zeros_like(mean),
    }[within]
    delta = means if between == "not centred" else means - mean
    outside = torch.einsum("k,ki,kj->ij", w, delta, delta)
    if between == "none":
        outside = torch.zeros_like(outside)
    if between == "diagonal":
        outside = outside.diagonal().diag()
    if between == "unweighted":
        outside = delta.T @ delta
    if between == "n - 1":
        outside = outside * len(w) / max(len(w) - 1, 1)
    covariance = torch.diag(inside) + outside
    return mean, covariance.diagonal() if returned == "variances" else covariance


def mean_and_covariance(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"mean": values[0], "covariance": values[1]} if len(values) == 2 else out


T6_SLIPS = (
    Slip("between-forgotten",
         "Two thin components far apart make a wide mixture. Does your covariance know where the components lie?",
         partial(_closest, between="none")),
    Slip("within-forgotten",
         "A single component is as wide as itself. What does your covariance give for one?",
         partial(_closest, within="none")),
    Slip("weights-forgotten",
         "A heavy component should pull harder. Where do the weights enter?",
         partial(_closest, w_mean="none")),
    Slip("weights-missing-between",
         "Your mean uses the weights. With which weight does each component's distance from it count?",
         partial(_closest, between="unweighted")),
    Slip("weights-missing-within",
         "Your variances of the components are added up. Is the spread inside a mixture their sum, or an average?",
         partial(_closest, within="sum")),
    Slip("weights-squared",
         "This is the variance of a weighted sum of independent variables. A mixture draws one of them: what changes?",
         partial(_closest, w_power=2)),
    Slip("scales-not-squared",
         "In which units is a covariance, if x is in metres? And what do you add to it?",
         partial(_closest, within="scale")),
    Slip("scales-averaged",
         "You averaged standard deviations and squared the result. Which of the two, scales or squares, averages?",
         partial(_closest, within="squared average")),
    Slip("not-centred",
         "Move the whole mixture by 10: its covariance stays the same. Does yours?",
         partial(_closest, between="not centred")),
    Slip("correlations-lost",
         "The components are not correlated inside, the mixture can be. Are the entries off the diagonal really zero?",
         partial(_closest, between="diagonal")),
    Slip("variances-for-the-matrix",
         "These are the variances. Which shape has a covariance, and what stands off its diagonal?",
         partial(_closest, returned="variances")),
    Slip("heaviest-component",
         "This Gaussian sits on one mode. That is what the other direction of KL rewards. What does the forward one?",
         partial(_closest, returned="heaviest")),
    Slip("divided-by-k-minus-one",
         "The weights are the whole distribution, not a sample of it. Is there anything to correct for?",
         partial(_closest, between="n - 1")),
)


def t6_cases(rng):
    def case(k, d):
        weights = rng.permutation(np.arange(1.0, k + 1) + rng.uniform(0, 0.5, k))
        means = rng.normal(size=(k, d)) * 0.5 + np.outer(rng.permutation(np.linspace(-1, 1, k)), rng.choice([-2, 2], d))
        return Case({"weights": weights / weights.sum(), "means": means + rng.choice([-1, 1], d) * rng.uniform(1, 3, d),
                     "scales": apart_from_one(rng, (k, d))})

    return [case(2, 1), case(3, 2), case(int(rng.integers(4, 7)), 3), case(1, 2)]


# ---------------------------------------------------------------------------------------------------------------------
# t7 · mostly noise, and hardly less likely


def mostly_noise(log_prob_model, log_prob_noise, share, d):
    return _diluted(log_prob_model, log_prob_noise, share, d)


def _diluted(log_prob_model, log_prob_noise, share, d, *, pool="log domain", unit="bits per dim", sign=1.0,
             loss="mean", bound="share", bound_sign=1.0, returned="log"):
    a, b = log_prob_model + math.log(share), log_prob_noise + math.log(1 - share)
    log_prob = torch.logaddexp(a, b)
    if pool == "underflow":
        log_prob = (share * log_prob_model.exp() + (1 - share) * log_prob_noise.exp()).log()
    if pool == "mean of logs":
        log_prob = share * log_prob_model + (1 - share) * log_prob_noise
    if pool == "no shares":
        log_prob = torch.logaddexp(log_prob_model, log_prob_noise)
    if pool == "half":
        log_prob = torch.logaddexp(log_prob_model, log_prob_noise) - LOG_2
    if pool == "not logged":
        log_prob = torch.logaddexp(log_prob_model + share, log_prob_noise + 1 - share)
    if pool == "swapped":
        log_prob = torch.logaddexp(log_prob_model + math.log(1 - share), log_prob_noise + math.log(share))
    per = {"bits per dim": d * LOG_2, "nats per dim": d, "bits": LOG_2, "nats": 1.0, "bits upside down": d / LOG_2}[unit]
    lost = {"mean": (log_prob_model - log_prob).mean(), "sum": (log_prob_model - log_prob).sum(),
            "nll": -log_prob.mean()}[loss]
    limit = -math.log({"share": share, "noise": 1 - share}[bound])
    return log_prob.exp() if returned == "density" else log_prob, sign * lost / per, bound_sign * limit / per


def log_prob_loss_and_bound(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return dict(zip(("log_prob", "loss", "bound"), values, strict=True)) if len(values) == 3 else out


T7_SLIPS = (
    Slip("shares-swapped",
         "With a share of one nothing but the model is left. Which of the two does your mixture keep?",
         partial(_diluted, pool="swapped", bound="noise")),
    Slip("shares-swapped-in-log-prob",
         "Your bound is right. With a share of one only the model is left: does your mixture agree?",
         partial(_diluted, pool="swapped")),
    Slip("bound-of-the-noise",
         "The mixture is never below one of its two parts. Which one do you compare it with?",
         partial(_diluted, bound="noise")),
    Slip("shares-forgotten",
         "Does your mixture integrate to one? Each of its two parts does by itself.",
         partial(_diluted, pool="no shares")),
    Slip("halves-for-shares",
         "Your mixture takes both parts alike. Where does the share enter?",
         partial(_diluted, pool="half")),
    Slip("shares-not-logged",
         "You add up logarithms. Are all the terms of that sum logarithms?",
         partial(_diluted, pool="not logged")),
    Slip("mean-of-logs",
         "A mixture averages densities. You averaged their logarithms.",
         partial(_diluted, pool="mean of logs")),
    Slip("nats-for-bits",
         "Your loss and bound are in nats per dimension. How many nats are in one bit?",
         partial(_diluted, unit="nats per dim")),
    Slip("bits-the-wrong-way",
         "One bit is less than one nat. Did your numbers grow or shrink on the way from nats to bits?",
         partial(_diluted, unit="bits upside down")),
    Slip("not-per-dimension",
         "Your loss and bound are for a whole point. What share of them falls to one dimension?",
         partial(_diluted, unit="bits")),
    Slip("nats-for-the-whole-point",
         "Your loss and bound are in nats, for a whole point. The task asks for bits, and for one dimension.",
         partial(_diluted, unit="nats")),
    Slip("sign-of-the-loss",
         "The loss is what the clean model has more than the mixture. Is yours positive where noise costs something?",
         partial(_diluted, sign=-1.0)),
    Slip("sign-of-the-bound",
         "A share is less than one. Which sign has its logarithm, and which has a bound of a loss?",
         partial(_diluted, bound_sign=-1.0)),
    Slip("nll-for-the-loss",
         "This is the negative log-likelihood of the mixture. Compared with what is something lost?",
         partial(_diluted, loss="nll")),
    Slip("sum-for-mean",
         "The loss is an average over the points. Does yours grow with their number?",
         partial(_diluted, loss="sum")),
    Slip("density-for-log-density",
         "Your first result is the density. The task asks for its logarithm, in nats.",
         partial(_diluted, returned="density")),
    Slip("overflow",
         "What is exp(1000) in floating point, and exp(-1000)? Can you add the two parts without leaving logs?",
         partial(_diluted, pool="underflow")),
)


def t7_cases(rng):
    def share():
        return float(rng.uniform(0.08, 0.3))

    def case(n):
        log_prob_noise = rng.uniform(-6, -3, n)
        log_prob_model = log_prob_noise + rng.uniform(0.3, 3, n) * np.resize([1, 1, 1, -0.3], n)
        return Case({"log_prob_model": log_prob_model, "log_prob_noise": log_prob_noise, "share": share(),
                     "d": int(rng.integers(2, 7))})

    def image(n, centre):
        log_prob_model = in_steps(centre + rng.uniform(-20, 20, n))
        log_prob_noise = in_steps(log_prob_model - np.resize([1.5, 700.0], n))
        log_prob_noise[-1] = -np.inf
        return Case({"log_prob_model": log_prob_model, "log_prob_noise": log_prob_noise, "share": share(),
                     "d": int(rng.choice([64, 256, 784]))}, "images")

    return [case(int(rng.integers(4, 7))), case(int(rng.integers(7, 11))), case(1),
            image(int(rng.integers(4, 7)), rng.uniform(850, 950)), image(int(rng.integers(4, 7)), -rng.uniform(850, 950))]


# ---------------------------------------------------------------------------------------------------------------------
# t8 · a model that memorises


def memoriser_scores(train, held_out, scales):
    return _memoriser(train, held_out, scales)


def _memoriser(train, held_out, scales, *, two_pi="d", height="d", half=0.5, power=2, share="train", out=False,
               pool="log domain", over="mean", order="right"):
    n, d = train.shape

    def scores(x, own):
        squared = (x[:, None, :] - train).square().sum(2)[..., None] / scales**power
        log_bump = -half * squared - {"d": d, "once": 1, "none": 0}[height] * scales.log()
        log_bump = log_bump - 0.5 * LOG_2PI * {"d": d, "once": 1, "none": 0}[two_pi]
        bumps = n
        if own and out and n > 1:
            log_bump, bumps = log_bump.masked_fill(torch.eye(n, dtype=torch.bool)[..., None], -math.inf), n - 1
        bumps = {"train": bumps, "own": len(x), "none": 1}[share]
        if pool == "underflow":
            log_prob = (log_bump.exp().sum(1) / bumps).log()
        elif pool == "floor":
            log_prob = (log_bump.exp().sum(1) / bumps + 1e-300).log()
        elif pool == "mean of logs":
            log_prob = log_bump.mean(1)
        elif pool == "nearest":
            log_prob = log_bump.amax(1) - math.log(bumps)
        else:
            log_prob = log_bump.logsumexp(1) - math.log(bumps)
        if over == "log of mean":
            return log_prob.logsumexp(0) - math.log(len(x))
        return log_prob.sum(0) if over == "sum" else log_prob.mean(0)

    both = scores(train, True), scores(held_out, False)
    return {"right": both, "swapped": both[::-1], "negative": (-both[0], -both[1])}[order]


def train_and_held_out(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"train": values[0], "held_out": values[1]} if len(values) == 2 else out


T8_SLIPS = (
    Slip("two-pi-missing",
         "Does one bump integrate to one? Which factor of the normal density depends on no parameter?",
         partial(_memoriser, two_pi="none")),
    Slip("two-pi-only-once",
         "A bump is a product over the coordinates. How often does the constant of one of them occur in it?",
         partial(_memoriser, two_pi="once")),
    Slip("height-forgotten",
         "A narrower bump must be taller. Does yours integrate to one for every scale?",
         partial(_memoriser, height="none")),
    Slip("height-of-one-dimension",
         "Halve the scale of a bump in the plane: how much smaller is the area that it covers, so how much taller is it?",
         partial(_memoriser, height="once")),
    Slip("one-dimension",
         "A bump is a product over the coordinates. Which terms of its logarithm occur d times?",
         partial(_memoriser, two_pi="once", height="once")),
    Slip("half-missing",
         "Compare your exponent with that of the normal density, factor by factor. Is it as steep?",
         partial(_memoriser, half=1.0)),
    Slip("scale-not-squared",
         "A scale is a standard deviation. In which units is your exponent, if x is measured in metres?",
         partial(_memoriser, power=1)),
    Slip("bumps-not-averaged",
         "Does your model integrate to one? Each bump already does by itself.",
         partial(_memoriser, share="none")),
    Slip("divided-by-the-scored-points",
         "The model has as many bumps as there are training points. Does that number change with the points it scores?",
         partial(_memoriser, share="own")),
    Slip("own-bump-left-out",
         "You spared each training point its own bump. The model does not: what it has memorised is part of it.",
         partial(_memoriser, out=True)),
    Slip("mean-of-logs",
         "The model is an average of bumps. You averaged their logarithms.",
         partial(_memoriser, pool="mean of logs")),
    Slip("nearest-bump-only",
         "You counted the nearest bump alone. Between two bumps, what does the other one add?",
         partial(_memoriser, pool="nearest")),
    Slip("log-of-mean",
         "The likelihood of independent points is a product. Do you average before or after the logarithm?",
         partial(_memoriser, over="log of mean")),
    Slip("sum-for-mean",
         "A score is per point: it should not grow with their number.",
         partial(_memoriser, over="sum")),
    Slip("train-and-held-out-swapped",
         "Which points has the model seen, and which result comes first?",
         partial(_memoriser, order="swapped")),
    Slip("loss-for-score",
         "A high score is a good one here. Which sign has a log-likelihood?",
         partial(_memoriser, order="negative")),
    Slip("underflow",
         "Away from all bumps every one of them is zero in floating point. Can you add them without leaving logs?",
         partial(_memoriser, pool="underflow")),
    Slip("floor-under-the-log",
         "How large is log(1e-300)? Can the log-density of a new point be smaller?",
         partial(_memoriser, pool="floor")),
)


def t8_cases(rng):
    def case(n, m, d, k, part="values", narrow=1.0):
        centre = rng.uniform(-1, 1, d)
        scales = np.array([apart_from_one(rng) for _ in range(k)]) * narrow
        train, held_out = centre + rng.normal(size=(n, d)), centre + rng.normal(size=(m, d)) * 1.2
        return Case({"train": train, "held_out": held_out, "scales": scales}, part)

    n = int(rng.integers(7, 10))
    return [case(n, n - 3, 2, 3), case(int(rng.integers(4, 7)), int(rng.integers(8, 12)), 3, 2), case(5, 3, 1, 2),
            case(1, 2, 2, 1), case(int(rng.integers(5, 8)), 4, 2, 3, "narrow bumps", 0.004),
            case(int(rng.integers(5, 8)), 3, 4, 2, "narrow bumps", 0.01)]


TASKS = [
    Task("t1", "Softmax with a temperature", class_log_probs, t1_cases, {"values": 7, "large logits": 4}, T1_SLIPS,
         atol=ATOL, forbids=T1_FORBIDS),
    Task("t2", "Gaussian head with gaps", gaussian_head_log_prob, t2_cases, {"values": 9, "missing measurements": 4},
         T2_SLIPS, atol=ATOL, forbids=T2_FORBIDS),
    Task("t3", "A classifier by Bayes' rule", bayes, t3_cases, {"values": 8, "images": 3, "unseen class": 2}, T3_SLIPS,
         log_posterior_and_log_prob, atol=ATOL, forbids=FORBIDS),
    Task("t4", "Gradients of the likelihood", mixture_gradients, t4_cases, {"values": 12, "far start": 4}, T4_SLIPS,
         loss_and_gradients, atol=ATOL, forbids=FORBIDS),
    Task("t5", "KL in both directions", kl_both_ways, t5_cases, {"values": 8, "empty cells": 4}, T5_SLIPS,
         forward_and_reverse, atol=ATOL, forbids=T5_FORBIDS),
    Task("t6", "The closest Gaussian", closest_gaussian, t6_cases, {"values": 12}, T6_SLIPS, mean_and_covariance,
         atol=ATOL, forbids=FORBIDS),
    Task("t7", "Mostly noise", mostly_noise, t7_cases, {"values": 8, "images": 3}, T7_SLIPS, log_prob_loss_and_bound,
         atol=ATOL, forbids=FORBIDS),
    Task("t8", "A model that memorises", memoriser_scores, t8_cases, {"values": 8, "narrow bumps": 4}, T8_SLIPS,
         train_and_held_out, atol=ATOL, forbids=FORBIDS),
]
