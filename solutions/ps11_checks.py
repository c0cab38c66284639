"""The checks of problem set 11, "Mode collapse and its remedies".

Per task: the reference, the slips, the cases. A slip is the reference with one classic mistake; one private function
a task holds the lines, and a keyword switches each mistake on. Cases are drawn so that float32 answers pass and every
slip shows in any draw; what a draw must fulfil for that stands beside it.
"""
from __future__ import annotations

import math
from functools import cache, partial
from itertools import product

import numpy as np
import torch
from scipy import stats
from torch.nn.functional import softplus

from coursekit.checks import Case, Slip, Task, call

FORBIDS = ("coursekit.gans", "coursekit.evaluation")


def in_steps(values):
    """Rounded to multiples of 1/64: float32 holds them exactly up to a hundred thousand."""
    return np.round(np.asarray(values) * 64) / 64


def away_from(rng, low, high, size=None):
    """Numbers of either sign whose size lies between low and high."""
    return rng.choice([-1.0, 1.0], size) * rng.uniform(low, high, size)


# ---------------------------------------------------------------------------------------------------------------------
# t1 · modes, quality, evenness, where the modes differ in width and weight


def judge_modes(x, means, scales, weights, enough):
    return _judge(x, means, scales, weights, enough)


def _judge(x, means, scales, weights, enough, *, nearest="units", within="units", catch="good", reach="at least",
           over="all", kl="served first", zero="nothing", against="weights", base=1.0, modes="count", share="share"):
    apart = x[:, None] - means  # (n, K, d)
    distance = apart.square().sum(2).sqrt()
    units = distance / scales
    mode = (units if nearest == "units" else distance).argmin(1)
    at = torch.arange(len(x)), mode
    own = units[at]
    good = {
        "units": lambda: own <= 3, "plain": lambda: distance[at] <= 3,
        "squared": lambda: distance[at].square() <= 3 * scales[mode], "one": lambda: own <= 1,
        "coordinates": lambda: ((apart[at].abs() / scales[mode, None]) <= 3).all(1),
    }[within]()
    belongs = torch.nn.functional.one_hot(mode, len(means)).double()
    of_mode = belongs[good].sum(0) if catch == "good" else belongs.sum(0)
    caught = {"at least": of_mode >= enough, "more": of_mode > enough, "any": of_mode > 0}[reach].sum()
    counts = belongs.sum(0) if over == "all" else belongs[good].sum(0)
    if zero == "plus one":
        counts = counts + 1
    q = counts / counts.sum()
    w = weights if against == "weights" else torch.full_like(weights, 1 / len(weights))
    if kl == "weights first":
        terms = w * (w / q).log()
    elif kl == "no weighting":
        terms = (q / w).log()
    else:
        terms = q * (q / w).log() if zero == "nan" else torch.special.xlogy(q, q / w)
    return (caught.double() / len(means) if modes == "share" else caught,
            good.sum() if share == "count" else good.double().mean(), terms.sum() / base)


def three_figures(answer, inputs):
    out = call(answer, inputs)
    whole = out.get("result")
    values = list(whole if isinstance(whole, list) or getattr(whole, "ndim", 0) == 1 else out.values())
    return dict(zip(("modes", "high_quality", "kl"), values, strict=True)) if len(values) == 3 else out


T1_SLIPS = (
    Slip("nearest-in-plain-distance",
         "Between a narrow and a wide mode, the nearer centre need not be the likelier home. In which unit does the task "
         "measure how far a mode is?",
         partial(_judge, nearest="plain")),
    Slip("three-without-the-scale",
         "Three of what? A point at distance 2 is close to a wide mode and far from a narrow one.",
         partial(_judge, within="plain")),
    Slip("distance-not-rooted",
         "Follow the units: a squared distance is compared with a multiple of a distance.",
         partial(_judge, within="squared")),
    Slip("each-coordinate-for-itself",
         "A point at 2.5 standard deviations along both axes: how far is it from the centre?",
         partial(_judge, within="coordinates")),
    Slip("one-standard-deviation",
         "How many standard deviations may a point of high quality be away?",
         partial(_judge, within="one")),
    Slip("caught-by-bad-points",
         "Junk is nearest to some mode, too. Which points may catch one?",
         partial(_judge, catch="all")),
    Slip("one-point-is-enough",
         "How many points of high quality does it take to catch a mode? One input says so.",
         partial(_judge, reach="any")),
    Slip("more-than-enough",
         "A mode with exactly `enough` good points: caught or not? Read the docstring again.",
         partial(_judge, reach="more")),
    Slip("modes-as-a-share",
         "This is the share of modes that are caught. How many are they?",
         partial(_judge, modes="share")),
    Slip("quality-as-a-count",
         "This is the number of points of high quality. Which share of all points are they?",
         partial(_judge, share="count")),
    Slip("evenness-of-the-good-points",
         "The shares in the KL are those of all points; junk is served, too. Which points did you count?",
         partial(_judge, over="good")),
    Slip("kl-the-other-way-round",
         "The average of the log-ratio is taken over the points that were generated. Over which distribution is yours?",
         partial(_judge, kl="weights first")),
    Slip("log-ratios-not-averaged",
         "A KL divergence is an expectation of log-ratios. With which weights do you add them up?",
         partial(_judge, kl="no weighting")),
    Slip("nan-for-an-empty-mode",
         "What does 0 log 0 mean in a KL, and what does floating point make of it?",
         partial(_judge, zero="nan")),
    Slip("counts-plus-one",
         "A mode without points does not break this KL, so nothing has to be added to the counts. What does a mode with a "
         "share of zero contribute?",
         partial(_judge, zero="plus one")),
    Slip("weights-ignored",
         "The modes are not equally frequent in the data. Against which shares does a perfect generator have KL zero?",
         partial(_judge, against="uniform")),
    Slip("bits",
         "Divergences are in nats in this course. Which logarithm did you take?",
         partial(_judge, base=math.log(2))),
)


def t1_cases(rng):
    def lattice(k, d):
        """Centres about 4 apart; the first two are neighbours."""
        places = np.array(list(product(range(3), repeat=d)), float) if d > 1 else np.arange(9.0)[:, None]
        return 4 * places[:k] + rng.uniform(-0.1, 0.1, (k, d))

    def near(means, scales, k, low, high, corner=False):
        """A point whose nearest mode in units is k, at a distance in units between low and high, none too close to call."""
        while True:
            direction = rng.normal(size=means.shape[1])
            if corner:  # inside of the box of 3, outside of the ball
                direction = away_from(rng, 0.85, 1.0, means.shape[1])
            r = rng.uniform(low, high)
            point = means[k] + r * scales[k] * direction / np.linalg.norm(direction)
            units = np.sort(np.linalg.norm(point - means, axis=1) / scales)
            away = np.linalg.norm(point - means[k]) / scales[k]
            if away < units[0] + 1e-9 and (len(units) == 1 or units[1] > 1.05 * units[0]):
                return point

    def case(k, d, enough, empty, part="values"):
        means = lattice(k, d)
        scales = np.where(np.arange(k) % 2 == 0, rng.uniform(0.22, 0.28, k), rng.uniform(0.72, 0.78, k))
        points = []
        for mode in range(k - empty):
            # Good and bad points of each mode: the second is caught by exactly as many as needed, the third is one short,
            # and the fourth has nothing but bad ones.
            good = {1: enough, 2: enough - 1, 3: 0}.get(mode, enough + int(rng.integers(1, 5)))
            good -= mode == 1  # one more of its points lies in between, below
            bad = int(rng.integers(1, 3)) + {2: 1, 3: enough}.get(mode, 0)
            points += [near(means, scales, mode, 0.3, 0.9) for _ in range((good + 1) // 2)]
            points += [near(means, scales, mode, 1.9 if mode % 2 else 1.2, 2.8) for _ in range(good // 2)]
            points += [near(means, scales, mode, 3.2, 3.9) for _ in range(bad)]
        if d > 1:
            points += [near(means, scales, 0, 3.15, 3.6, corner=True), near(means, scales, 1, 3.15, 3.6, corner=True)]
        # In between: the narrow first mode's centre is nearer, in units the wide second one is.
        points.append(means[0] + 0.46 * (means[1] - means[0]))
        weights = rng.permutation(np.arange(1.0, k + 1) + rng.uniform(0, 0.5, k))
        names, order = rng.permutation(k), rng.permutation(len(points))
        return Case({"x": np.array(points)[order], "means": means[names], "scales": scales[names],
                     "weights": weights / weights.sum(), "enough": enough}, part)

    return [case(int(rng.integers(5, 8)), 2, 2, 0), case(4, 2, 1, 0), case(3, 1, 3, 0), case(int(rng.integers(4, 7)), 3, 3, 0),
            case(int(rng.integers(6, 9)), 2, 2, 2, "missing modes"), case(5, 1, 2, 2, "missing modes")]


# ---------------------------------------------------------------------------------------------------------------------
# t2 · packs of one kind, one label a pack


def packed_loss(x, real, m, first, second):
    return _packed(x, real, m, first, second)


def _packed(x, real, m, first, second, *, kinds="apart", layout="successive", rest="dropped", labels="packs", order="real",
            meaning=1.0, pool="means", loss_labels=1, mask="data"):
    real = real if mask == "data" else ~real

    def blocks(points):
        n = len(points)
        if layout == "sliding":
            return torch.stack([points[i:i + m].flatten() for i in range(n - m + 1)])
        if rest in ("wrapped", "zeros") and n % m:
            more = m - n % m
            points = torch.cat([points, points[:more] if rest == "wrapped" else torch.zeros(more, points.shape[1]).to(points)])
        count = len(points) // m
        if layout == "strided":
            return torch.cat([points[i * count:(i + 1) * count] for i in range(m)], 1)
        packs = points[:count * m].reshape(count, m, -1)
        return (packs.mT if layout == "coordinates" else packs).flatten(1)

    if kinds == "apart":
        parts = [blocks(x[real]), blocks(x[~real])]
        packs, label = torch.cat(parts), torch.cat([torch.ones(len(parts[0])), torch.zeros(len(parts[1]))]).to(x)
    else:
        by_kind = torch.cat([real[real], real[~real]])
        points, kind = (x, real) if kinds == "mixed" else (torch.cat([x[real], x[~real]]), by_kind)
        packs = blocks(points)
        label = kind[:len(packs) * m].reshape(-1, m)[:, 0].to(x)  # the first point's kind for all of the pack
    logit = torch.tanh(packs @ first) @ second
    on_real, on_fake = softplus(-loss_labels * logit[label == 1]), softplus(loss_labels * logit[label == 0])
    loss = {"means": lambda: on_real.mean() + on_fake.mean(), "sums": lambda: on_real.sum() + on_fake.sum(),
            "joined": lambda: torch.cat([on_real, on_fake]).mean(), "half": lambda: (on_real.mean() + on_fake.mean()) / 2,
            "reals": lambda: on_real.mean()}[pool]()
    if order == "fake":
        first_fake = label.argsort(stable=True)
        packs, label = packs[first_fake], label[first_fake]
    if labels == "points":
        label = label.repeat_interleave(m)
    return packs, label if meaning == 1 else 1 - label, loss


def packs_labels_loss(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return dict(zip(("packs", "labels", "loss"), values, strict=True)) if len(values) == 3 else out


T2_SLIPS = (
    Slip("kinds-mixed",
         "Some of your packs hold data and fakes at once. What would their label say?",
         partial(_packed, kinds="mixed")),
    Slip("border-pack",
         "You sorted the batch by kind and then cut it into packs. Is every pack of one kind, also where data end and fakes "
         "begin?",
         partial(_packed, kinds="sorted")),
    Slip("points-far-apart",
         "Packs of points from all over the batch are of one kind, too, and would train as well. But the task says which "
         "points go together.",
         partial(_packed, layout="strided")),
    Slip("coordinates-shuffled",
         "In your packs all first coordinates come first. In which order does the task lay the points side by side?",
         partial(_packed, layout="coordinates")),
    Slip("packs-overlap",
         "Some points are in several of your packs. How many packs can be made of n points?",
         partial(_packed, layout="sliding")),
    Slip("rest-filled-up",
         "To fill your last pack some points were used twice, which is a trace of its own: a pack with copies. What does the "
         "task do with the rest?",
         partial(_packed, rest="wrapped")),
    Slip("rest-padded-with-zeros",
         "Your last pack holds points that nobody drew. What does the task do with the rest?",
         partial(_packed, rest="zeros")),
    Slip("label-a-point",
         "The critic gives one logit for a pack. How many labels is that?",
         partial(_packed, labels="points")),
    Slip("mask-upside-down",
         "Your packs labelled as data hold the fakes. Where is `real` true?",
         partial(_packed, mask="fakes")),
    Slip("labels-upside-down",
         "Which label has a pack of data in this course?",
         partial(_packed, meaning=0.0)),
    Slip("fakes-first",
         "The packs are right, one kind after the other. Which kind comes first?",
         partial(_packed, order="fake")),
    Slip("critic-low-on-data",
         "A high logit means data. For which packs is your loss small?",
         partial(_packed, loss_labels=-1)),
    Slip("one-mean-over-both",
         "Data and fakes are two expectations, however many packs there are of each. How many means are in your loss?",
         partial(_packed, pool="joined")),
    Slip("half-the-sum",
         "The loss is the sum of the two means. What did you do to it?",
         partial(_packed, pool="half")),
    Slip("sums-for-means",
         "Twice as many packs should not make the loss twice as large. Do you average?",
         partial(_packed, pool="sums")),
    Slip("loss-of-the-data-alone",
         "Your loss never looks at the fakes. What keeps the critic from calling everything data?",
         partial(_packed, pool="reals")),
)


def t2_cases(rng):
    def case(n_real, n_fake, d, m, h):
        while True:  # well mixed, and the first points are not sorted by kind already
            real = rng.permutation(np.arange(n_real + n_fake) < n_real)
            if m == 1 or len(set(real[:m])) == 2:
                break
        return Case({"x": rng.normal(size=(len(real), d)) + 0.5 * real[:, None], "real": real, "m": m,
                     "first": away_from(rng, 0.3, 0.9, (m * d, h)), "second": away_from(rng, 0.5, 1.2, h)})

    # Three rests of one kind or both, one batch without, one with packs of one point.
    return [case(int(rng.integers(4, 6)) * 2 + 1, 6, 2, 2, 4), case(7, int(rng.integers(3, 5)) * 3 + 2, 3, 3, 3),
            case(8, 4, 1, 4, 3), case(int(rng.integers(3, 6)), 4, 2, 1, 2), case(5, 9, 2, 4, 5)]


# ---------------------------------------------------------------------------------------------------------------------
# t3 · total variation between packs


def tv_of_packs(p, q, m):
    return _tv(p, q, m)


@cache
def _types(k, m):
    """All ways to spread m points over k values, shape (N, k)."""
    if k == 1:
        return np.array([[m]])
    return np.concatenate([np.column_stack([np.full(len(rest), i), rest])
                           for i in range(m + 1) for rest in [_types(k - 1, m - i)]])


def _tv(p, q, m, *, orders="log", half=0.5, pack="product", pool="sum"):
    one = half * (p - q).abs().sum()
    if pack == "times":
        return m * one
    if pack == "independent":
        return 1 - (1 - one) ** m
    if pack == "powers":
        return half * (p**m - q**m).abs().sum()
    if pack == "renormalised":
        return half * (p**m / (p**m).sum() - q**m / (q**m).sum()).abs().sum()
    if pack == "one":
        return one
    if pack == "one less":
        m = m - 1
    counts = torch.tensor(_types(len(p), m)).to(p)
    if orders == "plain":
        # Factorials and powers as they are: fine for small packs, infinite times zero for large ones.
        exact = torch.lgamma(torch.tensor(m + 1.0).to(p)).exp() / torch.lgamma(counts + 1).exp().prod(1)
        difference = exact * ((p**counts).prod(1) - (q**counts).prod(1))
    else:
        ways = torch.lgamma(torch.tensor(m + 1.0).to(p)) - torch.lgamma(counts + 1).sum(1) if orders == "log" else 0.0
        a, b = ((ways + torch.special.xlogy(counts, v).sum(1)).exp() for v in (p, q))
        if pack == "hellinger":
            return (half * (a.sqrt() - b.sqrt()).square().sum()).sqrt()
        difference = a - b
    return difference.abs().max() if pool == "max" else half * difference.abs().sum()


T3_SLIPS = (
    Slip("times-m",
         "m times the single distance is an upper bound, and for large m it exceeds 1. Can a total variation?",
         partial(_tv, pack="times")),
    Slip("as-if-any-difference-shows",
         "This is an upper bound: what the distance would be if a single point were either proof or nothing. Two "
         "distributions that overlap in another way stay below it. What is the definition, with packs as the outcomes?",
         partial(_tv, pack="independent")),
    Slip("packs-of-equal-points-only",
         "Sequences such as (a, a, ..., a) are packs. Which packs does your sum leave out?",
         partial(_tv, pack="powers")),
    Slip("powers-renormalised",
         "A power of a probability table, made to sum to one, is still a distribution of single points. What is the "
         "probability of a pack (a, b)?",
         partial(_tv, pack="renormalised")),
    Slip("single-points",
         "This is the distance of single points, whatever m is.",
         partial(_tv, pack="one")),
    Slip("half-forgotten",
         "Two distributions without overlap have total variation 1. What do you give for them?",
         partial(_tv, half=1.0)),
    Slip("orders-forgotten",
         "Packs with the same counts have the same probability. How many packs are there to one table of counts?",
         partial(_tv, orders="none")),
    Slip("largest-difference",
         "The event that shows the difference best may consist of many packs. Does yours?",
         partial(_tv, pool="max")),
    Slip("hellinger",
         "With roots of probabilities this is the Hellinger distance, not the total variation.",
         partial(_tv, pack="hellinger")),
    Slip("one-point-short",
         "How many points are in each of your packs?",
         partial(_tv, pack="one less")),
    Slip("overflow",
         "The number of orders is too large for floating point, and the probability of each too small; their product is "
         "an ordinary number. What do both turn into if you add instead of multiplying?",
         partial(_tv, orders="plain")),
)


def t3_cases(rng):
    def tables(k, spread, zero=False):
        """Two tables apart by a distance that leaves room below 1 for what packing adds."""
        while True:
            p = rng.uniform(0.5, 1.5, k)
            q = p * np.exp(away_from(rng, 0.5 * spread, spread, k))
            if zero:
                q[int(rng.integers(k))] = 0.0
            p, q = p / p.sum(), q / q.sum()
            if abs(p - q).sum() / 2 > 0.3 * spread:
                return p, q

    def small(k, m, spread, zero=False):
        p, q = tables(k, spread, zero)
        return Case({"p": p, "q": q, "m": m}, "small packs")

    def large(k, m, spread):
        p, q = tables(k, spread)
        return Case({"p": p, "q": q, "m": m}, "large packs")

    return [small(4, 2, 0.5), small(3, 4, 0.4), small(5, 3, 0.4, True), small(2, 6, 0.4), small(int(rng.integers(3, 7)), 1, 0.6),
            large(2, int(rng.integers(1500, 2000)), 0.03), large(3, int(rng.integers(190, 220)), 0.08)]


# ---------------------------------------------------------------------------------------------------------------------
# t4 · minibatch discrimination, each kind among its own


def minibatch_features(features, tensor, real):
    return _minibatch(features, tensor, real)


def _minibatch(features, tensor, real, *, own="left out", norm="l1", close="exp", among="kind", pool="mean", axis="c",
               alone="zero", returned="joined"):
    n = len(features)
    vectors = torch.einsum("na,abc->nbc", features, tensor)
    gap = vectors[:, None] - vectors  # (n, n, B, C)
    if axis == "b":
        gap = gap.transpose(2, 3)
    size = {"l1": lambda: gap.abs().sum(3), "l2": lambda: gap.square().sum(3).sqrt(), "squared": lambda: gap.square().sum(3),
            "late": lambda: gap.sum(3).abs(), "mean": lambda: gap.abs().mean(3),
            "largest": lambda: gap.abs().amax(3),
            "all in one": lambda: gap.abs().sum((2, 3))[..., None].expand(gap.shape[:3])}[norm]()
    closeness = {"exp": lambda: (-size).exp(), "distance": lambda: size, "negative": lambda: -size,
                 "growing": lambda: size.exp()}[close]()
    others = (real[:, None] == real) if among == "kind" else torch.ones(n, n, dtype=torch.bool)
    if among == "other kind":
        others = real[:, None] != real
    if own == "left out":
        others = others & ~torch.eye(n, dtype=torch.bool)
    count = others.sum(1)[:, None]
    total = (closeness * others[..., None]).sum(1)
    if pool == "softmax":
        masked = torch.where(others[..., None], -size, -math.inf)
        closeness = torch.nan_to_num(masked.softmax(1))
        total = closeness.amax(1)
    if pool == "mean":
        total = total / (count if alone == "nan" else count.clamp_min(1))
    elif pool == "with oneself":
        total = total / (count + 1)
    elif pool == "batch":
        total = total / (n - 1)
    elif pool == "of the kind":
        total = total.clone()
        for kind in (real, ~real):
            total[kind] = total[kind].mean(0) / max(int(kind.sum()) - 1, 1)
    return {"joined": lambda: torch.cat([features, total], 1), "alone": lambda: total,
            "front": lambda: torch.cat([total, features], 1)}[returned]()


T4_SLIPS = (
    Slip("near-to-oneself",
         "A point is at distance zero from itself. What does that add to each of your sums?",
         partial(_minibatch, own="kept")),
    Slip("kinds-mixed",
         "Whose neighbours are counted here? Fakes among data would be told how near the data are.",
         partial(_minibatch, among="all")),
    Slip("one-norm-for-all-vectors",
         "All closenesses of a point are equal in your result, so one of them would do. Over which of the three indices does "
         "the norm run?",
         partial(_minibatch, norm="all in one")),
    Slip("neighbours-of-the-other-kind",
         "Your points are compared with the other kind only. Among which points does collapse show?",
         partial(_minibatch, among="other kind")),
    Slip("euclidean",
         "Which norm stands in the formula?",
         partial(_minibatch, norm="l2")),
    Slip("squared-distance",
         "The formula has absolute values. What do you take of the differences?",
         partial(_minibatch, norm="squared")),
    Slip("absolute-value-too-late",
         "Differences of either sign cancel in your sum. What is taken first, the sum or the absolute value?",
         partial(_minibatch, norm="late")),
    Slip("mean-over-the-coordinates",
         "A norm is a sum over coordinates. What is yours?",
         partial(_minibatch, norm="mean")),
    Slip("largest-coordinate",
         "This is the largest coordinate of the difference. Which norm is asked for?",
         partial(_minibatch, norm="largest")),
    Slip("distance-for-closeness",
         "Your feature is large where points are far apart. What turns a distance into a closeness?",
         partial(_minibatch, close="distance")),
    Slip("exp-of-the-plus",
         "Which pairs should count most, the near ones or the far ones? Which ones do in yours?",
         partial(_minibatch, close="growing")),
    Slip("sum-for-mean",
         "In a batch of twice the size your feature is twice as large, for the same distribution. Does the task add up or "
         "average?",
         partial(_minibatch, pool="sum")),
    Slip("divided-by-all-of-the-kind",
         "How many others of its kind has a point in a group of five?",
         partial(_minibatch, pool="with oneself")),
    Slip("divided-by-the-batch",
         "You average over the others of the same kind. How many of these are there? It need not be the rest of the batch.",
         partial(_minibatch, pool="batch")),
    Slip("one-number-a-kind",
         "All points of a kind get the same closeness from you. The task has one for each point.",
         partial(_minibatch, pool="of the kind")),
    Slip("axes-of-the-tensor",
         "T has the axes A, B, C. Which of them counts the vectors, and along which one is the norm taken?",
         partial(_minibatch, axis="b")),
    Slip("features-not-kept",
         "The critic's next layer still needs the features of the point itself. Where are they?",
         partial(_minibatch, returned="alone")),
    Slip("closeness-in-front",
         "The columns are right. In which order does the docstring want them?",
         partial(_minibatch, returned="front")),
    Slip("nan-for-a-single-point",
         "A point that is the only one of its kind has no others. What is your mean over none of them?",
         partial(_minibatch, alone="nan")),
)


def t4_cases(rng):
    def case(n_real, n_fake, a, b, c, part="values"):
        real = rng.permutation(np.arange(n_real + n_fake) < n_real)
        features = rng.normal(size=(n_real + n_fake, a)) + 0.5 * real[:, None]
        tensor = away_from(rng, 0.15, 0.5, (a, b, c)) / math.sqrt(a)
        return Case({"features": features, "tensor": tensor, "real": real}, part)

    many, few = int(rng.integers(6, 9)), int(rng.integers(3, 5))
    return [case(many, few, 3, 2, 4), case(few, many, 4, 3, 3), case(2, 4, 2, 1, 2), case(few, 2, 1, 4, 2),
            case(many, 1, 3, 2, 3, "alone of its kind"), case(1, few, 2, 3, 2, "alone of its kind")]


# ---------------------------------------------------------------------------------------------------------------------
# t5 · a round in which the generator looks k steps ahead


def unrolled_round(fakes, data, phi, centres, width, rate_d, rate_g, k):
    return _unrolled(fakes, data, phi, centres, width, rate_d, rate_g, k)


def _unrolled(fakes, data, phi, centres, width, rate_d, rate_g, k, *, through="all", direct=True, extra=0, critic="one step",
              g_sign=1, d_sign=1, d_rate="own", on_data=True, start="last", g_loss="non-saturating", pool="mean",
              averaged=False, rounded=None):
    mean = torch.mean if pool == "mean" else torch.sum
    rate = rate_d if d_rate == "own" else rate_g

    def softplus(v):
        if rounded is None:
            return torch.nn.functional.softplus(v)
        return -(1 - torch.sigmoid(v) + rounded).log()  # -log of a probability: of the logit -v

    def bumps(x):
        return torch.exp(-((x[:, None] - centres) ** 2) / (2 * width**2))

    def d_loss(phi, x):
        on_real = mean(softplus(-bumps(data) @ phi)) if on_data else 0.0
        return on_real + mean(softplus(bumps(x) @ phi))

    def d_step(phi, x, rate):
        if not phi.requires_grad:
            phi = phi.clone().requires_grad_()
        return phi - d_sign * rate * torch.autograd.grad(d_loss(phi, x), phi, create_graph=True)[0]

    def wants(x, phi):
        logit = bumps(x) @ phi
        return mean({"non-saturating": softplus(-logit), "saturating": -softplus(logit), "critic's": softplus(logit)}[g_loss])

    x = fakes.clone().requires_grad_()
    seen = x if through in ("all", "last") else x.detach()
    ahead, total = phi.clone().requires_grad_(), 0.0
    first = ahead
    for _ in range(max(k + extra, 0) if extra > -100 else 0):
        if averaged:
            total = total + wants(x, ahead)
        base = first if start == "first" else ahead
        if through == "last":
            base = base.detach()
        ahead = d_step(base, seen, rate)
    loss = wants(x if direct else x.detach(), ahead) + total
    slope = torch.autograd.grad(loss, x, allow_unused=True)[0] if loss.requires_grad else None
    slope = torch.zeros_like(x) if slope is None else slope
    moved = (x - g_sign * rate_g * slope).detach()
    new_phi = {"one step": lambda: d_step(phi, fakes, rate), "imagined": lambda: ahead,
               "after": lambda: d_step(phi, moved, rate), "still": lambda: phi}[critic]()
    return moved, new_phi.detach()


def fakes_and_critic(answer, inputs):
    out = call(answer, inputs)
    whole = out.get("result")
    values = list(whole if isinstance(whole, list) or getattr(whole, "ndim", 0) == 2 else out.values())
    return dict(zip(("fakes", "phi"), values, strict=True)) if len(values) == 2 else out


T5_SLIPS = (
    Slip("critic-ahead-but-detached",
         "Your generator meets the critic of k steps from now, but as if that critic did not depend on the fakes. "
         "What would change in it if a fake moved?",
         partial(_unrolled, through="none")),
    Slip("through-the-last-step-only",
         "In your gradient only the last imagined step depends on the fakes. How did the critic get to where that step "
         "began?",
         partial(_unrolled, through="last")),
    Slip("only-by-way-of-the-critic",
         "A fake that moves changes the critic's answer, and it also stands somewhere else. Which of the two is missing "
         "from your gradient?",
         partial(_unrolled, direct=False)),
    Slip("no-look-ahead",
         "This is a plain GAN's round. Against which critic should the generator's loss be taken?",
         partial(_unrolled, extra=-1000)),
    Slip("one-step-too-few",
         "Count the imagined steps. How many does your generator see?",
         partial(_unrolled, extra=-1)),
    Slip("one-step-too-many",
         "Count the imagined steps. How many does your generator see? For k = 0 it should be none.",
         partial(_unrolled, extra=1)),
    Slip("each-step-from-the-present",
         "Each imagined step begins where the one before ended. Where do yours begin?",
         partial(_unrolled, start="first")),
    Slip("critic-keeps-what-was-imagined",
         "The k steps were only thought of. How many does the critic really take in a round?",
         partial(_unrolled, critic="imagined")),
    Slip("critic-sees-the-moved-fakes",
         "Both players step from the present. Which fakes did your critic's own step look at?",
         partial(_unrolled, critic="after")),
    Slip("critic-stands-still",
         "The generator imagined k steps. Did the critic take its own?",
         partial(_unrolled, critic="still")),
    Slip("generator-uphill",
         "Is the generator's loss smaller after its step, against the same answer of the critic?",
         partial(_unrolled, g_sign=-1)),
    Slip("critic-uphill",
         "Which way does the critic step to make its own loss smaller?",
         partial(_unrolled, d_sign=-1)),
    Slip("rates-confused",
         "Each player has a step size of its own, in imagination too. Which one do your critic's steps use?",
         partial(_unrolled, d_rate="g")),
    Slip("data-left-out",
         "Your critic learns from fakes alone. Where do the data enter its loss?",
         partial(_unrolled, on_data=False)),
    Slip("generator-saturating",
         "This is the generator's part of the minimax game. The task asks for the non-saturating loss.",
         partial(_unrolled, g_loss="saturating")),
    Slip("generator-on-the-critics-loss",
         "Your generator makes its points easier to see through. Which label should the critic give them?",
         partial(_unrolled, g_loss="critic's")),
    Slip("sums-for-means",
         "The losses are means. Does your step grow when every point is given twice?",
         partial(_unrolled, pool="sum")),
    Slip("losses-along-the-way",
         "The generator's loss is the one against the last imagined critic. Which losses did you add up?",
         partial(_unrolled, averaged=True)),
    Slip("log-of-a-rounded-probability",
         "The sigmoid of 300 is exactly 1 in floating point. Can the losses be had from the logit without forming D?",
         partial(_unrolled, rounded=0.0)),
    Slip("floor-under-the-log",
         "With a small number added under the logarithm, what is left of the slope where D is zero?",
         partial(_unrolled, rounded=1e-8)),
)


def t5_cases(rng):
    def case(n, size, bumps, k, sure=0.0):
        centres = np.linspace(-2, 2, bumps) + rng.uniform(-0.2, 0.2, bumps)
        return Case({"fakes": rng.uniform(-1.5, 1.5, n), "data": rng.uniform(-2, 2, size) + float(away_from(rng, 0.3, 0.6)),
                     "phi": away_from(rng, 0.4, 1.2, bumps) + sure, "centres": centres, "width": float(rng.uniform(0.7, 1.1)),
                     "rate_d": float(rng.uniform(1.2, 1.6)), "rate_g": float(rng.uniform(2.2, 3.0)), "k": k},
                    "a sure critic" if sure else "values")

    few, more = int(rng.integers(2, 4)), int(rng.integers(5, 8))
    # A critic that takes everything for data, and one that takes everything for fakes; both with logits of hundreds.
    return [case(few, more, 3, 0), case(few, more, 3, 1), case(3, few, 4, 3), case(1, 2, 2, 1),
            case(2, few, 3, int(rng.integers(4, 7))), case(few, 4, 3, 1, float(rng.uniform(300, 400))),
            case(3, few, 2, 2, -float(rng.uniform(300, 400)))]


# ---------------------------------------------------------------------------------------------------------------------
# t6 · which of several remedies beat the plain game


def winning_remedies(modes, kl, plain_modes, plain_kl, level):
    return _winners(modes, kl, plain_modes, plain_kl, level)


def _winners(modes, kl, plain_modes, plain_kl, level, *, order="modes first", kl_sign=1, ties="dropped", tail="at least",
             correction="holm", returned="p", pairs="paired", verdicts="in place"):
    modes, kl, plain_modes, plain_kl = (np.asarray(v, float) for v in (modes, kl, plain_modes, plain_kl))
    if pairs == "all":
        modes, kl = (np.repeat(v, v.shape[1], axis=1) for v in (modes, kl))
        plain_modes, plain_kl = (np.tile(v, len(v)) for v in (plain_modes, plain_kl))
    more, even = np.sign(modes - plain_modes), np.sign(kl_sign * (plain_kl - kl))
    outcome = {"modes first": np.where(more != 0, more, even), "modes": more, "kl": even}[order]
    won, lost = (outcome > 0).sum(1), (outcome < 0).sum(1)
    tied = (outcome == 0).sum(1)
    wins = {"dropped": won, "losses": won, "wins": won + tied, "half": won + tied // 2, "dropped losses": won}[ties]
    n = won + lost if ties == "dropped" else won + lost + tied
    half = {"at least": lambda: stats.binom.sf(wins - 1, n, 0.5), "more": lambda: stats.binom.sf(wins, n, 0.5),
            "at most": lambda: stats.binom.cdf(wins, n, 0.5), "exactly": lambda: stats.binom.pmf(wins, n, 0.5),
            "two-sided": lambda: np.minimum(1, 2 * stats.binom.sf(np.maximum(wins, n - wins) - 1, n, 0.5)),
            "normal": lambda: stats.norm.sf((wins - n / 2) / np.sqrt(np.where(n > 0, n, np.nan) / 4))}
    p = half[tail]()
    r = len(p)
    ranked = np.argsort(p, kind="stable")
    passes = p[ranked] <= level / (r - np.arange(r))
    beats = np.zeros(r, bool)
    if correction == "holm":
        beats[ranked] = np.cumprod(passes).astype(bool)
    elif correction == "no stop":
        beats[ranked] = passes
    elif correction == "unranked":
        beats = np.cumprod(p <= level / (r - np.arange(r))).astype(bool)
    else:
        beats = p <= {"none": level, "bonferroni": level / r}[correction]
    if verdicts == "ranked":
        beats = beats[ranked]
    if returned == "adjusted":
        p = np.minimum(1, r * p)
    return (won if ties != "half" and ties != "wins" else wins), p, beats


def wins_p_beats(answer, inputs):
    out = call(answer, inputs)
    whole = out.get("result")
    values = list(whole if isinstance(whole, list) or getattr(whole, "ndim", 0) == 2 else out.values())
    return dict(zip(("wins", "p", "beats"), values, strict=True)) if len(values) == 3 else out


T6_SLIPS = (
    Slip("modes-alone",
         "Two generators with as many modes need not be equally good. What decides between them?",
         partial(_winners, order="modes")),
    Slip("kl-alone",
         "Which figure is compared first, and when does the KL get a say?",
         partial(_winners, order="kl")),
    Slip("larger-kl-wins",
         "Is a generator better whose KL to the weights is larger?",
         partial(_winners, kl_sign=-1)),
    Slip("ties-as-losses",
         "A seed on which both are equally good says nothing. Is it in your count of seeds?",
         partial(_winners, ties="losses")),
    Slip("ties-as-wins",
         "On some of the seeds that you count as wins both are equally good.",
         partial(_winners, ties="wins")),
    Slip("ties-as-half-a-win",
         "Some people count a tie as half a win. What does the task do with ties?",
         partial(_winners, ties="half")),
    Slip("every-seed-against-every-seed",
         "How many independent comparisons do S seeds give? A run on seed 3 is compared with the run on seed 3.",
         partial(_winners, pairs="all")),
    Slip("more-wins-than-observed",
         "The p-value is the chance of a result at least as good as the one observed. Is the observed one in your sum?",
         partial(_winners, tail="more")),
    Slip("exactly-as-many-wins",
         "The p-value is the chance of a result at least as good as the one observed. Which results does yours cover?",
         partial(_winners, tail="exactly")),
    Slip("wrong-tail",
         "Many wins should make the p-value small. Do they?",
         partial(_winners, tail="at most")),
    Slip("two-sided",
         "The question is whether the remedy is better. Should many losses make the p-value small, too?",
         partial(_winners, tail="two-sided")),
    Slip("normal-curve",
         "With so few seeds a normal curve is a rough guess at a tail of coin tosses. How is the number of heads distributed?",
         partial(_winners, tail="normal")),
    Slip("no-correction",
         "With twenty useless remedies, how many would win at a level of 0.05? What does the task do about that?",
         partial(_winners, correction="none")),
    Slip("every-p-against-the-smallest-level",
         "You hold every p-value against the same threshold. How does Holm's threshold change once a remedy has won?",
         partial(_winners, correction="bonferroni")),
    Slip("goes-on-after-a-failure",
         "In Holm's procedure, what happens to all larger p-values once one has failed?",
         partial(_winners, correction="no stop")),
    Slip("not-ranked",
         "Holm goes from the smallest p-value to the largest. In which order do you go?",
         partial(_winners, correction="unranked")),
    Slip("verdicts-in-the-order-of-p",
         "Your verdicts are in the order of the p-values. Whose verdict is the first one?",
         partial(_winners, verdicts="ranked")),
    Slip("p-values-multiplied",
         "These p-values are already corrected. The task asks for those of the single comparisons.",
         partial(_winners, returned="adjusted")),
)


def t6_cases(rng):
    def remedy(plain_modes, plain_kl, won, lost):
        """One remedy's figures with so many wins and losses; of either, two in three by modes and
        against the KL, the others by KL."""
        s = len(plain_modes)
        outcome = rng.permutation(np.array([1] * won + [-1] * lost + [0] * (s - won - lost)))
        by_modes = np.zeros(s, bool)
        for sign in (1, -1):
            where = rng.permutation(np.flatnonzero(outcome == sign))
            by_modes[where[: (2 * len(where) + 2) // 3]] = True
        modes = plain_modes + np.where(by_modes, outcome * rng.integers(1, 4, s), 0)
        worse = np.where(by_modes, outcome, -outcome) * in_steps(rng.uniform(0.05, 0.2, s))
        return modes, plain_kl + worse

    def case(s, scores, level, part="values"):
        plain_modes, plain_kl = rng.integers(10, 18, s), in_steps(rng.uniform(0.3, 0.6, s))
        order = rng.permutation(len(scores))
        while len(order) > 1 and order[0] == 0:  # the smallest p-value, listed first below, never comes first
            order = rng.permutation(len(scores))
        rows = [remedy(plain_modes, plain_kl, *scores[i]) for i in order]
        modes, kl = (np.stack(v) for v in zip(*rows, strict=True))
        return Case({"modes": modes, "kl": kl, "plain_modes": plain_modes, "plain_kl": plain_kl, "level": level}, part)

    def some(low, high):
        return int(rng.integers(low, high))

    s, third = some(8, 11), some(4, 9)
    # 12 of 12, 10 of 12: Holm passes the second, at level / 2; a fixed level / 3 does not. 10, 10 and 9 or 8 of 12: nobody
    # passes level / 3, so Holm ends there.
    return [case(s, [(s - 1, 1)], 0.05), case(12, [(12, 0), (10, 2), (third, 12 - third)], 0.05),
            case(12, [(10, 2), (10, 2), (9, 3) if third % 2 else (8, 4)], 0.05), case(14, [(9, 1), (some(3, 6), 4)], 0.05),
            case(some(9, 12), [(8, 0), (7, 1), (1, some(4, 7)), (some(3, 5), 3)], 0.1),
            case(7, [(0, 0), (some(6, 8), 0)], 0.05, "a remedy that changes nothing"),
            case(some(4, 7), [(0, 0)], 0.05, "a remedy that changes nothing")]


TASKS = [
    Task("t1", "Modes, quality, evenness", judge_modes, t1_cases, {"values": 13, "missing modes": 5}, T1_SLIPS, three_figures,
         atol=2e-5, forbids=FORBIDS),
    Task("t2", "Packs", packed_loss, t2_cases, {"values": 16}, T2_SLIPS, packs_labels_loss, atol=2e-5, forbids=FORBIDS),
    Task("t3", "Total variation of packs", tv_of_packs, t3_cases, {"small packs": 10, "large packs": 6}, T3_SLIPS,
         atol=2e-4, forbids=FORBIDS),
    Task("t4", "Minibatch discrimination", minibatch_features, t4_cases, {"values": 12, "alone of its kind": 4}, T4_SLIPS,
         atol=2e-5, forbids=FORBIDS),
    Task("t5", "Looking ahead", unrolled_round, t5_cases, {"values": 13, "a sure critic": 5}, T5_SLIPS,
         fakes_and_critic, atol=2e-5, forbids=FORBIDS),
    Task("t6", "Which remedy wins", winning_remedies, t6_cases, {"values": 13, "a remedy that changes nothing": 3}, T6_SLIPS,
         wins_p_beats, atol=2e-5, forbids=FORBIDS),
]
