# %% [markdown]
# # 8 · Distances and judges
#
# A generator is trained to be near the data, and judged by how near it came. Near in which sense? Every choice sees some
# differences and is blind to others, and some cannot be computed from what one has. This lecture builds the distances
# of the course, each from what it needs, and ends with the figures by which generated pictures are judged.
#
# **You will be able to**
# - test whether two samples come from one distribution, at a stated rate of false alarms;
# - say what an f-divergence needs, and what happens to it when two distributions do not overlap;
# - read an optimal transport plan and its dual, and say why the dual's function cannot be steep;
# - blur transport until it is quick (Sinkhorn), and estimate MMD without bias;
# - say what the Inception Score, the Fréchet distance, precision, recall and memorisation tests see, and what they miss.
#
# **You should know** densities, samples and KL divergences (lectures 1 and 2). Symbols and terms are listed in
# [lecture 0](00-notation.ipynb).
#
# **Time** about {{read}} minutes to read and try, {{run}} seconds to run from top to bottom (measured on 2 cores). That is
# too much for one sitting, so there are two, with a break after section 3:
#
# | sitting | sections | minutes | question |
# |---|---|---|---|
# | 1 | 1–3: tests, ratios, and where ratios fail | {{read 1}} | Do the two differ, and can a ratio say how far? |
# | 2 | 4–8: transport, Sinkhorn, MMD, pictures, a table to choose from | {{read 2}} | How far apart are they? |

# %%
import torch
from coursekit import plots
from coursekit.evaluation.budget import budget, expect
from coursekit.evaluation.experiment import figure_row
from coursekit.plots import fold, reveal, say, table
from coursekit.seeds import generator

# %% [markdown]
# As before: predict in `guess`, run, compare. `budget(full, quick)` is a number that is smaller in the course's own
# quick tests, `expect` asserts a claim of chance on the full run. One thread is enough for what follows:

# %%
torch.set_num_threads(1)

# %% [markdown]
# ## 1 · Is there a difference at all?
#
# Eighty points of data, eighty of a generator, whose mean is off by 0.3. Does it show? The means of two samples differ
# even if the samples come from *one* distribution. So the question is how large a difference gets by chance alone.
#
# If both samples come from one distribution, then who belongs to which was decided by chance, and any other way to deal
# the 160 points into two hands was as likely. So deal them again, $B$ times, and measure each time: $T$ is the difference
# observed, $T_b$ that of deal $b$.

# %%
from coursekit.distances import permutation_test
from coursekit.distributions import NormalMixture

data = NormalMixture([1.0], [[0.0, 0.0]], scales=[1.0])  # N(0, I) in the plane
model = NormalMixture([1.0], [[0.3, 0.0]], scales=[1.0])  # the same, shifted


def between_means(x, y):
    return (x.mean(0) - y.mean(0)).norm()


x, y = data.sample(80, generator=generator(1)), model.sample(80, generator=generator(2))
verdict = permutation_test(x, y, between_means, permutations=999, generator=generator(3))
reached = int((verdict.null >= verdict.statistic).sum())
say(f"The means are {verdict.statistic:.2f} apart. Of 999 other deals {reached} reach that.")

# %% [markdown]
# The **p-value** is the share of deals that reach the observed value, the observed deal counted among them:
#
# $$\text{p-value} = \frac{1 + \#\{b : T_b \ge T\}}{B + 1}.$$
#
# Rejecting "one distribution" where it is at most $\alpha$, the **level**, gives a false alarm with probability $\alpha$
# at most, whatever the statistic $T$ and however small the samples.

# %%
by_hand = (1 + reached) / (999 + 1)
assert verdict.p_value == by_hand and verdict.alpha == 0.05
assert verdict.rejects == (by_hand <= verdict.alpha)
assert not verdict.rejects
say(f'The p-value is {by_hand:.3f}, above α = {verdict.alpha:g}: "one distribution" is not rejected.')

# %% [markdown]
# **Pitfall: "no difference found" is not "no difference".** Here there is one, and 80 points of each do not show it. A
# test that does not reject has only said that chance explains what it saw.
#
# **Pitfall: forgetting the 1.** Somebody makes ten deals, none reaches $T$, and reports "p = 0".
#
# **Predict.** Both samples now come from the *same* distribution, $\alpha = 0.05$. In which share of many repetitions does
# a test with $B = 19$ reject, and in which share does that of ten deals without the 1?

# %%
guess = None  # two shares, [.., ..]

# %%
same = []
for seed in range(budget(1_500, 50)):
    x, y = (data.sample(20, generator=generator(seed + shift)) for shift in (10_000, 20_000))
    same.append(permutation_test(x, y, between_means, permutations=19, generator=generator(seed)))

right = sum(v.rejects for v in same) / len(same)
careless = sum((v.null[:10] >= v.statistic).double().mean() <= 0.05 for v in same) / len(same)
expect(abs(right - 1 / 20) < 0.023 and abs(careless - 1 / 11) < 0.03, "both rates are those of counting, to 4 s.e.")
reveal(guess, f"{right:.3f} and {careless:.3f}", "One of 20 and one of 11, up to chance.")

# %% [markdown]
# Of eleven deals that are equally likely, the observed one among them, one has to be the largest. So without the 1 the
# false alarms are nearly twice what was agreed.
#
# **Pitfall: a level that the deals cannot hit.** The p-value is a multiple of $1 / (B + 1)$. For false alarms at exactly
# $\alpha$, $\alpha (B + 1)$ must be a whole number. The library insists:

# %%
try:
    permutation_test(x, y, between_means, permutations=100)
except ValueError as error:
    say(str(error))

# %% [markdown]
# ### Which statistic?
#
# Any statistic has the right level. What differs is the **power**, the probability to notice a difference that is there.
# Distance of means cannot see a difference in shape. A **classifier** can look for whatever there is: train it on half
# of the points to tell data from model, and let its score on the other half be the statistic. That is a GAN's
# discriminator, used as a test. Here it asks which sample a point's nearest neighbours belong to.
#
# **Predict.** Data $N(0, I)$ against a ring of radius 1.4, with the same mean and nearly the same covariance: who notices,
# the means, the classifier, both? (The cell also runs a third test, MMD, with two settings.)

# %%
guess = None  # "means", "classifier" or "both"

# %%
from coursekit.distances import GaussianKernel, classifier_test, mmd_test, nearest_neighbours

noticed = {"means": 0, "MMD, median width": 0, "MMD, narrow": 0, "classifier": 0}
repeats = budget(20, 3)
for seed in range(repeats):
    x, angle = torch.randn(80, 2, generator=generator(seed)), 6.2832 * torch.rand(80, generator=generator(100 + seed))
    ring = 1.4 * torch.stack([angle.cos(), angle.sin()], 1)
    options = {"permutations": 99, "generator": generator(200 + seed)}
    noticed["means"] += permutation_test(x, ring, between_means, **options).rejects
    noticed["MMD, median width"] += mmd_test(x, ring, **options).rejects
    noticed["MMD, narrow"] += mmd_test(x, ring, GaussianKernel((0.4,)), **options).rejects
    noticed["classifier"] += classifier_test(x, ring, nearest_neighbours(), **options).rejects

expect(noticed["means"] < 0.4 * repeats < 0.7 * repeats < noticed["classifier"], "a classifier sees what means do not")
words = ", ".join(f"{name} {count}" for name, count in noticed.items())
reveal(guess, "classifier", f"Noticed, of {repeats} repetitions: {words}.")

# %% [markdown]
# MMD, the matter of section 6, compares the means of many functions at once. Which functions, the width of its kernel
# decides: the median distance between points, a common choice, is here as wide as the ring itself, and sees little more
# than means do. There is no test without a choice of what to look for.

# %%
tests = figure_row("s08_two_sample_tests")
fold("False alarms and power, counted over many repetitions.", tests)

# %% [markdown]
# ## 2 · Compare by ratio: f-divergences
#
# From here on $p$ is the data's density and $q$ the model's. Take their ratio $u(x) = p(x) / q(x)$, which is 1 where the
# two agree, and penalise what is not 1. With a convex function $f$ that has $f(1) = 0$,
#
# $$D_f(p \,\|\, q) = \int q(x)\, f\left(\frac{p(x)}{q(x)}\right) dx \;\ge\; 0 .$$
#
# It cannot be negative: the mean of the ratio under $q$ is 1, and the mean of a convex function is at least the function
# of the mean (Jensen).
#
# KL in both directions, Jensen–Shannon, Hellinger, Pearson's $\chi^2$ and total variation are all of this kind. They
# differ in which ratios they mind. With two hills as data, a wide normal over both as one model and a normal on one of the
# hills as the other:

# %%
from coursekit.distances import F_DIVERGENCES, by_quadrature
from coursekit.distributions import NormalMixture1D

p = NormalMixture1D([0.5, 0.5], [-2.0, 2.0], [0.6, 0.6])
q = NormalMixture1D([1.0], [0.0], [2.1])
narrow = NormalMixture1D([1.0], [2.0], [0.6])  # one of the two modes
titles = {
    "kl": r"$\mathrm{KL}(p \Vert q)$",
    "reverse_kl": r"$\mathrm{KL}(q \Vert p)$",
    "jensen_shannon": r"$\mathrm{JS}(p, q)$",
    "pearson": r"Pearson's $\chi^2$",
    "squared_hellinger": r"squared Hellinger, $\int (\sqrt p - \sqrt q)^2$",
    "total_variation": r"total variation, $\frac12 \int \vert p - q \vert$",
}

# %%
rows = []
for name, title in titles.items():
    values = [by_quadrature(name, p, model, low=-16, high=16, tolerance=1e-4).item() for model in (q, narrow)]
    most = F_DIVERGENCES[name].largest
    rows.append([title, *values, "no bound" if most == float("inf") else most])
table(["divergence", "to a wide normal", "to one mode", "at most"], rows)

# %% [markdown]
# The two rows of KL rank the models in opposite order: that is lecture 1's "covering" and "seeking", read off a table.
#
# The **Jensen–Shannon divergence** goes through the mixture $m = (p + q)/2$, so that no ratio is ever infinite:
#
# $$\mathrm{JS}(p, q) = \tfrac12 \mathrm{KL}(p \,\|\, m) + \tfrac12 \mathrm{KL}(q \,\|\, m) \;\le\; \log 2.$$

# %%
from coursekit.distances import jensen_shannon

heap, other = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64), torch.tensor([0.2, 0.2, 0.6], dtype=torch.float64)
middle = (heap + other) / 2
half = 0.5 * (heap * (heap / middle).log()).sum() + 0.5 * (other * (other / middle).log()).sum()
assert torch.allclose(jensen_shannon(heap, other), half)

# %% [markdown]
# **Pitfall: three things are called JS.** The f-GAN paper's is twice ours, and the value of the original GAN's game is
# $2\,\mathrm{JS} - \log 4$. Which one a figure shows can be told from its value for equal distributions (0, 0, $-\log 4$)
# and for disjoint ones ($\log 2$, $2 \log 2$, 0).
#
# ### From samples alone
#
# A generator has no density, so there is no ratio to integrate. There is a detour. Every convex $f$ is the upper edge of
# its tangents: $f(u) = \max_t\, (u t - f^*(t))$, where $t$ is a tangent's slope and the **conjugate**
# $f^*(t) = \max_u\, (u t - f(u))$ says how far below zero it starts. Put any function $t(x)$, a **critic**, in place of the
# best slope, and the integral falls apart into two means that samples can estimate:
#
# $$D_f(p \,\|\, q) \;\ge\; \mathbb{E}_p\, t(x) - \mathbb{E}_q\, f^*(t(x)) .$$
#
# The best $t$ is the slope $f'$ at the true ratio $p/q$. For KL, $f(u) = u \log u$, so $f'(u) = 1 + \log u$ and
# $f^*(t) = e^{t - 1}$. In our example $p/q$ is known, so the bound should be reached:

# %%
kl = F_DIVERGENCES["kl"]
x, y = p.sample(200_000, generator=generator(5)), q.sample(200_000, generator=generator(6))


def bound(boldness):
    t_x, t_y = (1 + boldness * (p.log_prob(z) - q.log_prob(z)) for z in (x, y))
    by_hand = t_x.mean() - (t_y - 1).exp().mean()
    assert torch.allclose(by_hand, kl.bound(t_x, t_y))
    return by_hand.item()


truth = by_quadrature("kl", p, q, low=-16, high=16).item()
reached, halved = bound(1.0), bound(0.5)
assert abs(reached - truth) < 0.02 and halved < reached
say(f"KL is {truth:.3f} nats. The best critic reaches {reached:.3f}, one that dares half as much {halved:.3f}.")

# %% [markdown]
# A GAN's discriminator *is* such a critic, and training it pushes the bound up. Lecture 9 plays that game. First comes the
# reason why it is not enough.
#
# ## 3 · When they do not overlap
#
# **Predict.** Two boxes, ten bins wide, the second shifted by fifteen. What happens to JS when it is shifted further: does
# it grow, stay, or fall? And KL?

# %%
guess = None  # for example ["grows", "stays"]

# %%
shift = figure_row("s08_js_and_wasserstein")
apart = [(s, js, w) for s, js, w in zip(*(shift["data"][k] for k in ("shifts", "js", "w1")), strict=True)
         if s >= shift["data"]["width"]]  # fmt: skip
assert all(abs(js - 0.693147) < 1e-5 and abs(w - s) < 1e-9 for s, js, w in apart)
reveal(guess, "JS stays at log 2, KL is infinite", "All ratios are 0 or infinite, however far apart the boxes are.")

# %%
lines = {"JS": shift["data"]["js"], "MMD²": shift["data"]["mmd"]}
plots.curves(shift["data"]["shifts"], lines, x_label="shift, in bins", y_label="value")

# %% [markdown]
# This is not a rare case. A generator pushes 100 numbers of noise into a space of a million pixels: its points lie on a
# thin sheet, the data on another, and two sheets hardly ever overlap. There an f-divergence is constant, and a constant
# has no gradient. (MMD, section 6, also levels off, beyond the reach of its kernel.)
#
# What *should* a distance say here? The second box is off by the shift. So move it back, and count the way: mass times
# distance. The widget calls this $W_1$; the next section makes it exact.

# %%
from coursekit.widgets import ShiftExplorer

ShiftExplorer()

# %% [markdown]
# **Try.** Drag $q$ to the right, slowly. Watch the two pulls, the slopes of JS and $W_1$ downhill: which of them would tell
# a generator where to go? Then take the normals: does JS ever become exactly flat? ("No pull" is drawn below 0.0005.)
#
# (Where this page is not running Python: the widget shows JS and $W_1$ while a density is shifted away from another.)

# %% [markdown]
# ### Break
#
# Here the first sitting ends. Without looking back: what does the 1 in a p-value do? Which KL minds a model that
# leaves a mode out? And what does JS say of two boxes that do not touch, and why is that of no use to a generator?
#
# The second sitting starts from the last of these: a distance that knows *how far*. When you come back to a fresh
# notebook, choose "Run All Above Selected Cell" from the menu "Run" with the next cell selected: it takes seconds.

# %% [markdown]
# ## 4 · Optimal transport
#
# Two heaps of earth, $p$ as it lies and $q$ as it should lie. A **plan** $P$ says how much goes from place $i$ to
# place $j$. All of $p$ must leave, all of $q$ must arrive, and carrying costs mass times distance, $c_{ij} = |i - j|$:
#
# $$W_1(p, q) = \min_{P \ge 0} \sum_{ij} P_{ij}\, c_{ij} \quad\text{with}\quad \sum_j P_{ij} = p_i, \;
# \sum_i P_{ij} = q_j .$$
#
# Cost and conditions are linear in $P$: a **linear program**, solved exactly.

# %%
from coursekit.distances import optimal_transport

p = torch.tensor([0, 1, 4, 7, 7, 4, 1, 0], dtype=torch.float64) / 24
q = torch.tensor([6, 5, 1, 0, 0, 1, 5, 6], dtype=torch.float64) / 24
places = torch.arange(8, dtype=torch.float64)
cost = (places[:, None] - places).abs()

best = optimal_transport(p, q, cost)
assert torch.allclose(best.plan.sum(1), p) and torch.allclose(best.plan.sum(0), q)
assert abs((best.plan * cost).sum().item() - best.cost) < 1e-12

# %%
plots.plan(p, q, best.plan)

# %% [markdown]
# Rows of cells add up to $p$, columns to $q$; what is on the diagonal stays where it is.
#
# On the line no program is needed. Look at the gap between place $i$ and the next. What $p$ has more than $q$ on its left
# must cross it to the right, what it has less must cross it to the left, and a cheapest plan lets nothing else cross. So the
# mass that crosses is the difference of the two distribution functions at $i$, and each crossing costs one step:

# %%
crossing = (p - q).cumsum(0)[:-1].abs()
assert abs(crossing.sum().item() - best.cost) < 1e-12
area = crossing.sum().item()
say(f"The best plan costs {best.cost:.4f}. The area between the two distribution functions is {area:.4f}.")

# %% [markdown]
# **Pitfall.** The *cost* is unique, the plan is not: mass that passes through a place may just as well be handed over
# there. Two solvers may return different plans, and both are right.

# %%
plans = figure_row("s08_transport_matrix")
fold(f"In {plans['figures']['plans_differ']:.0%} of random pairs two exact solvers return different plans.", plans)

# %% [markdown]
# ### The dual: prices that cannot be steep
#
# How does one prove that no cheaper plan exists? A carrier offers to do the work. At each place $i$ hangs a price $f_i$ (a
# number, and no longer the convex function of section 2): who
# hands over a unit at $i$ pays $f_i$, who gets a unit at $j$ is paid $f_j$. Nobody takes the offer for a way on which it
# costs more than the way itself, so $f_i - f_j \le c_{ij}$ for every pair. Then for *every* plan the carrier earns
#
# $$\sum_i f_i\, (p_i - q_i) = \sum_{ij} P_{ij}\, (f_i - f_j) \le \sum_{ij} P_{ij}\, c_{ij} ,$$
#
# never more than the plan costs. The best price list, the **potential**, earns exactly $W_1$ (Kantorovich and Rubinstein):
#
# $$W_1(p, q) = \max_{f:\ |f_i - f_j| \le |i - j|} \; \sum_i f_i\, (p_i - q_i)
# = \max_{\mathrm{slope}(f) \le 1} \; \mathbb{E}_p f - \mathbb{E}_q f .$$

# %%
from coursekit.distances import kantorovich_rubinstein

value, f = kantorovich_rubinstein(p, q, places)
assert abs(value - best.cost) < 1e-9
assert f.diff().abs().max() <= 1 + 1e-9
assert abs((f @ (p - q)).item() - value) < 1e-9
say(f"The plan costs {best.cost:.6f}, the prices earn {value:.6f}: each proves that the other is best.")

# %%
plots.plan(p, q, best.plan, f)

# %% [markdown]
# The right panel is that $f$: it climbs towards where $p$ has too much, and falls where $q$ waits, always at slope
# $\pm 1$ where mass has to move. Two means over samples and a function with bounded slope: this can be *learned*, and the
# critic of a Wasserstein GAN (lecture 10) is this $f$, high on data.
#
# **Predict.** Which slopes may $f$ have in a gap that no mass has to cross?

# %%
guess = None  # one slope, or several

# %%
here = torch.tensor([0.5, 0, 0.5, 0, 0, 0], dtype=torch.float64)
there = torch.tensor([0, 0.5, 0.5, 0, 0, 0], dtype=torch.float64)  # mass crosses the first gap only
offers = torch.tensor([[1, 0, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0], [1, 0, -0.5, -1, 0, 1]], dtype=torch.float64)
assert (offers.diff().abs() <= 1).all()

most = kantorovich_rubinstein(here, there, torch.arange(6.0))[0]
assert torch.allclose(offers @ (here - there), torch.tensor(most, dtype=torch.float64))
reveal(guess, "anything from −1 to 1", "Where nothing moves the slope earns nothing, so nothing pins it down.")

# %% [markdown]
# In the picture above the gap between places 3 and 4 is of this kind: the slope $-1$ drawn there is one of many that earn
# as much.

# %%
from coursekit.widgets import TransportExplorer

TransportExplorer()

# %% [markdown]
# **Try.** Predict the cost of "left, right" before you ask for it. Then drag one bar of $q$ up: which cells of the plan
# change, and where does $f$ bend? And find a pair of heaps whose plan uses only one diagonal: what is $f$ then?
#
# (Where this page is not running Python: the widget lets one drag the bars of both heaps and shows plan, cost and dual.)

# %%
fold("Plan and dual agree on random histograms, to rounding.", figure_row("s08_kantorovich_dual"))

# %% [markdown]
# ## 5 · Sinkhorn: transport with a blur
#
# A linear program for two batches of 1,000 points has a million unknowns. Ask for less: reward plans that spread mass
# out, those near $p\, q^\top$, where each place sends a little everywhere. With a **blur** $\varepsilon$,
#
# $$\mathrm{OT}_\varepsilon(p, q) = \min_P \sum_{ij} P_{ij}\, c_{ij} + \varepsilon\, \mathrm{KL}(P \,\|\, p\, q^\top),
# \qquad \text{best:}\quad P_{ij} = p_i\, q_j\, \exp\frac{f_i + g_j - c_{ij}}{\varepsilon} .$$
#
# The prices $f$ (for taking away) and $g$ (for putting down) are found by setting rows and columns right in turn, until both
# are. That the rows of $P$ add up to $p$ means
#
# $$f_i = -\varepsilon \log \sum_j q_j\, e^{(g_j - c_{ij}) / \varepsilon}, \qquad \text{and for columns the same with }
# f, p \text{ in place of } g, q .$$

# %%
from coursekit.distances import sinkhorn

epsilons = [4.0, 1.0, 0.25]
blurred = [sinkhorn(p, q, cost, epsilon) for epsilon in epsilons]
assert all(torch.allclose(result.plan.sum(1), p, atol=1e-8) for result in blurred)
words = ", ".join(f"{r.cost:.3f} with ε = {e:g}" for r, e in zip(blurred, epsilons, strict=True))
say(f"The exact plan costs {best.cost:.3f}, the blurred ones {words}.")

# %%
plots.plan(p, q, blurred[1].plan, blurred[1].f - blurred[1].f[0], titles=("two heaps", "plan, ε = 1", "$f$, ε = 1"))

# %% [markdown]
# **Pitfall: the exponential.** The textbook iteration keeps $\exp(f/\varepsilon)$ and multiplies by the matrix
# $\exp(-c/\varepsilon)$. Make $\varepsilon$ small and its entries round to zero. Then the first step divides by zero.

# %%
far = torch.tensor([[300.0, 800.0], [800.0, 300.0]], dtype=torch.float64)  # the costs of a longer way
half = torch.tensor([0.5, 0.5], dtype=torch.float64)
kernel = (-far / 0.4).exp()
scale = half / (kernel @ torch.ones(2, dtype=torch.float64))
assert not torch.isfinite(scale).all()

logs = sinkhorn(half, half, far, 0.4)
assert abs(logs.cost - 300) < 1e-9
say(f"The textbook's first step gives {scale.tolist()}; with logarithms the cost is {logs.cost:g}, as it must be.")

# %% [markdown]
# **Pitfall: not zero for equal heaps.** The blurred cost of a batch against *itself* is positive, since the blur spreads
# every point. It even falls when one of the two batches shrinks towards the middle, and a generator that descends it will
# do just that. The **Sinkhorn divergence** takes the bias away:
#
# $$S_\varepsilon(p, q) = \mathrm{OT}_\varepsilon(p, q) - \tfrac12 \mathrm{OT}_\varepsilon(p, p)
# - \tfrac12 \mathrm{OT}_\varepsilon(q, q).$$

# %%
from coursekit.distances import entropic_cost, sinkhorn_divergence

cloud = data.sample(40, generator=generator(7))
rows = []
for scale in (1.0, 0.8, 0.6):  # the costs are squared distances
    values = [compare(scale * cloud, cloud, 5.0).item() for compare in (entropic_cost, sinkhorn_divergence)]
    rows.append([f"shrunk to {scale:.0%}", *(round(value, 6) for value in values)])
assert rows[0][1] > rows[1][1] > rows[2][1] > 1 and abs(rows[0][2]) < 1e-5 < rows[1][2] < rows[2][2]
table(["40 points against themselves", "$\\mathrm{OT}_ε$", "$S_ε$"], rows)

# %% [markdown]
# **Predict.** With a huge $\varepsilon$ every plan is $p\, q^\top$: each point goes a little everywhere. Does
# $S_\varepsilon$ tend to zero, to infinity, or to something else?

# %%
guess = None  # "zero", "infinity" or "something else"

# %%
ends = figure_row("s08_sinkhorn")
reveal(guess, "something else", "It levels off at a share of the cost of transport, from which it started at ε → 0.")

# %%
blurs = ends["data"]["blurs"]
lines = {f"cost = distance{'²' * (power - 1)}": ends["data"][f"over_transport_power_{power}"] for power in (1, 2)}
plots.curves(blurs, lines, x_label="ε", y_label="$S_ε$ / transport", log_x=True)

# %% [markdown]
# What it tends to can be read off: put $P = p\, q^\top$ into each of the three terms. What is left are mean costs,
#
# $$S_\infty = \mathbb{E}\, c(x, y) - \tfrac12 \mathbb{E}\, c(x, x') - \tfrac12 \mathbb{E}\, c(y, y').$$
#
# This is half of an MMD², the next distance, with the similarity $k = -c$.
#
# ## 6 · MMD: compare means of many functions
#
# Equal distributions give every function equal means. So take many functions, sums of bumps $k(\cdot, z)$ around places $z$,
# and look for the one whose means differ most. The **kernel** $k(x, z)$ is a similarity, here
# $\exp(-|x - z|^2 / 2h^2)$ of width $h$. As with slopes, the functions must not be arbitrarily large: their norm, which
# belongs to the kernel, is at most 1. The largest difference, the **maximum mean discrepancy**, then comes out in closed
# form:
#
# $$\mathrm{MMD}^2 = \mathbb{E}\, k(x, x') + \mathbb{E}\, k(y, y') - 2\, \mathbb{E}\, k(x, y),$$
#
# with $x, x'$ independent points of one distribution, $y, y'$ of the other.

# %%
from coursekit.distances import mmd_squared

kernel = GaussianKernel((1.0,))
x, y = data.sample(30, generator=generator(8)), model.sample(30, generator=generator(9))
within = sum((k.sum() - k.trace()) / (30 * 29) for k in (kernel(x, x), kernel(y, y)))
by_hand = within - 2 * kernel(x, y).mean()
assert torch.allclose(mmd_squared(x, y, kernel), by_hand)

# %% [markdown]
# **Pitfall: the diagonal.** $x$ and $x'$ are *different* points. The pairs $k(x_i, x_i) = 1$ do not belong into the mean;
# for equal distributions they add $\frac{2}{n}(1 - \mathbb{E}\, k)$, on average.
#
# **Predict.** Two samples of the same distribution, 30 points each, many times, without the diagonal. What is the mean
# estimate, and can a single one be negative?

# %%
guess = None  # for example [0.05, "no"]

# %%
estimates, with_diagonal = [], []
for seed in range(budget(400, 20)):
    x, y = (data.sample(30, generator=generator(seed + shift)) for shift in (30_000, 40_000))
    estimates.append(mmd_squared(x, y, kernel).item())
    with_diagonal.append(mmd_squared(x, y, kernel, unbiased=False).item())

estimates, with_diagonal = torch.tensor(estimates), torch.tensor(with_diagonal)
error = (estimates.std() / len(estimates) ** 0.5).item()
expect(abs(estimates.mean().item()) < 4 * error, "the mean is zero, to four standard errors")
assert (estimates < 0).any() and (with_diagonal > 0).all()
answer = f"{estimates.mean():.4f} (s.e. {error:.4f}), and {(estimates < 0).double().mean():.0%} are negative"
reveal(guess, answer.replace("-", "−"), f"With the diagonal the mean is {with_diagonal.mean():.3f}.")

# %% [markdown]
# **So no root is taken.** The root of a negative number is not there, and cutting at zero first makes the mean positive
# again: the bias is back. Report MMD² as it is, minus sign and all. With a cubic kernel on features of pictures it is
# known as the kernel inception distance (KID).
#
# The function whose means differ most is called the **witness**. Up to its scale it is the mean similarity to data less
# that to the model.

# %%
from coursekit.distances import witness

one, two = NormalMixture1D([1.0], [0.0], [1.0]), NormalMixture1D([1.0], [0.8], [1.6])
x, y = one.sample(2_000, generator=generator(10)), two.sample(2_000, generator=generator(11))
line = torch.linspace(-5, 7, 200, dtype=torch.float64)
height = witness(line[:, None], x[:, None], y[:, None], GaussianKernel((0.7,)))

lines = {"data": one.log_prob(line).exp(), "model": two.log_prob(line).exp(), "witness": height}
plots.curves(line, lines, x_label="$x$", y_label="density, witness", zero=True)

# %% [markdown]
# It is positive where data are denser, negative where the model is, up to the blur of the kernel, which moves the zeros a
# little. It does what a discriminator does, and is untrained.

# %%
fold("Over many samples: the unbiased estimate has the right mean, the biased one has not.", figure_row("s08_mmd"))

# %% [markdown]
# ## 7 · Judging pictures
#
# In pixel space all of this is nearly useless: two photographs of one face are far apart, a face and its blurred copy
# near. So pictures are compared in the **features** of a network that was trained to name what is on them. The course
# has two such judges, one for digits and one for its drawn faces. A figure made with one judge must never be compared
# with a figure made with another, nor with published ones.

# %%
from coursekit.data import digits
from coursekit.evaluation.frechet import features_of, frechet_distance
from coursekit.evaluation.judges import load_judge

judge = load_judge("digits")
train, fresh = digits("train"), digits("test")
real, held = features_of(judge, train.all()[:360]), features_of(judge, fresh.all())
say(f"A digit has 64 pixels and, seen by this judge, {real.shape[1]} features.")

# %% [markdown]
# **The Inception Score** asks a classifier two things: is each picture clearly *something*, and are all classes there?
# With the judge's probabilities $p(y \mid x)$ of $C$ classes and their mean $p(y)$ over all generated pictures,
#
# $$\mathrm{IS} = \exp\; \mathbb{E}_x\, \mathrm{KL}\big(p(y \mid x) \,\|\, p(y)\big), \qquad 1 \le \mathrm{IS} \le C .$$
#
# **Predict.** Take ten digits, of each class the one that the judge is surest of, and repeat them twenty times. Is the
# score of these 200 pictures above or below that of 200 real digits?

# %%
guess = None  # "above" or "below"

# %%
score = figure_row("s08_inception_score")
figures = score["figures"]
assert figures["ten_repeated"] > figures["all"]
why = f"{figures['ten_repeated']:.2f} against {figures['all']:.2f} of 10. All are clear, no class is missing: it asks no more."
reveal(guess, "above", why)

# %% [markdown]
# **The Fréchet distance** compares with data: fit a normal to the features of each set, with mean $m$ and covariance $C$
# for one, $m_w$ and $C_w$ for the other, and take the transport distance of the two normals, with squared distances as costs:
#
# $$d^2 = \|m - m_w\|^2 + \mathrm{Tr}\big(C + C_w - 2\,(C\, C_w)^{1/2}\big).$$
#
# Conventions: $d^2$, with *no* root taken over the whole; covariances with $n - 1$; and the root is that of a matrix (a
# matrix whose square is $C\, C_w$), not of its entries.

# %%
half = fresh.only("0", "1", "2", "3", "4").all()
others = fresh.all()[: len(half)]  # as many, of all classes
noisy = (others + 0.3 * torch.randn(others.shape, generator=generator(12))).clamp(0, 1)
rows = [[name, frechet_distance(real, features_of(judge, pictures)).item()]
        for name, pictures in (("other real digits", others), ("only 0 to 4", half), ("with noise", noisy))]  # fmt: skip
assert rows[0][1] < min(rows[1][1], rows[2][1])
table([f"{len(half)} pictures against 360 real digits", "$d^2$"], rows)

# %% [markdown]
# **Pitfall: the first row is not zero,** though both sets are real. The estimate is too large by an amount that falls
# like $1/n$. So $n$ belongs to every figure, and figures with different $n$ must not be compared.

# %%
frechet = figure_row("s08_frechet")
sizes, bias = frechet["data"]["sizes"]["digits"], frechet["data"]["bias"]["digits"]
plots.bands(sizes, {"digits": bias}, x_label="$n$", y_label="$d^2$ of real against real", log_x=True, log_y=True)

# %% [markdown]
# **Precision and recall** split the verdict. Lay a ball around each data point, out to its third neighbour. *Precision*
# is the share of generated points inside some ball of the data: are they good? *Recall* is the share of data inside
# the balls of the generated points: is everything there?
#
# **Predict.** A generator that draws perfect zeros and nothing else: high or low precision, high or low recall?

# %%
guess = None  # for example ["high", "high"]

# %%
from coursekit.evaluation.precision_recall import precision_recall

zeros = features_of(judge, train.only("0").all())
lone = precision_recall(zeros, held, neighbours=3)
assert lone.precision > 0.6 and lone.recall < 0.3
why = f"Precision {lone.precision:.2f}, recall {lone.recall:.2f}: two kinds of failure, two figures."
reveal(guess, "high, low", why)

# %% [markdown]
# ### The perfect cheat
#
# **Predict.** A "generator" returns training pictures, and is compared with the training set. Which of the figures so far
# finds it out?

# %%
guess = None  # a figure, or "none"

# %%
from coursekit.evaluation.memorisation import copying_test

copies = train.all()[:360]
same = precision_recall(features_of(judge, copies), real, neighbours=3)
zero = frechet_distance(features_of(judge, copies), real).item()
caught = copying_test(copies, train.all()[:360], fresh.all(), generator=generator(13))
honest = copying_test(train.all()[720:1080], train.all()[:360], fresh.all(), generator=generator(14))
assert same.precision == 1 and same.recall == 1 and abs(zero) < 1e-3 and caught.verdict.rejects
expect(not honest.verdict.rejects, "fresh data raise no alarm")
why = f"Precision and recall are {same.precision:.0f} and {same.recall:.0f}, the Fréchet distance is {abs(zero):.3f}."
reveal(guess, "none", why)

# %% [markdown]
# What gives it away are data that it has never seen. To a model that has learnt the distribution, training points and
# held-out points are alike; the samples of a copier lie next to training points only.

# %%
say(f"Nearer to a training point than to a held-out one: {caught.share:.0%} of the copies, {honest.share:.0%} of fresh "
    f"digits. The p-values of \"no copying\" are {caught.verdict.p_value:.3f} and {honest.verdict.p_value:.2f}.")  # fmt: skip

# %%
fold("How often are copiers caught, and how often are fresh data accused?", figure_row("s08_precision_recall"))

# %% [markdown]
# ## 8 · Which one, then?
#
# Ask what you have: densities, or samples only; do the two overlap; and what you can choose.

# %%
from coursekit.distances import NEEDS

written = {"KL(p || q)": titles["kl"], "KL(q || p)": titles["reverse_kl"], "Frechet distance": "Fréchet distance"}
table(["distance", "needs of $p$ (data)", "of $q$ (model)", "and", "if disjoint"],
      [[written.get(n.distance, n.distance), n.of_p, n.of_q, n.besides, n.disjoint] for n in NEEDS])  # fmt: skip

# %% [markdown]
# ## Takeaways
#
# - A distance between samples is never zero. A permutation test says how large it gets by chance; the p-value counts the
#   observed deal, and $\alpha (B + 1)$ is a whole number.
# - f-divergences compare ratios of densities. A critic bounds them from below by samples. On disjoint supports they are
#   constant, and a constant has no gradient.
# - Transport counts mass times way. Its dual is a function of slope at most 1 that is high where data are: a critic.
# - Sinkhorn blurs the plan. Work with logarithms, and subtract what a batch costs against itself.
# - MMD² compares means of many smooth functions. Leave the diagonal out, expect negative values, take no root.
# - For pictures all depends on the features. State judge and $n$; look at precision *and* recall; and keep data apart that
#   no model has seen, or a copier wins.
#
# **Exercise.** Problem set 8, `exercises/ps08/ps08.ipynb` (your copy lies in `work/`).
#
# **References**
# - B. Phipson and G. Smyth 2010, *Permutation p-values should never be zero*. D. Lopez-Paz and M. Oquab 2017: classifier
#   two-sample tests.
# - X. Nguyen, M. Wainwright and M. Jordan 2010: f-divergences by convex risk; S. Nowozin et al. 2016, *f-GAN*.
# - G. Peyré and M. Cuturi 2019, *Computational Optimal Transport*. M. Cuturi 2013; J. Feydy et al. 2019: Sinkhorn
#   divergences.
# - A. Gretton et al. 2012, *A kernel two-sample test*. M. Bińkowski et al. 2018, *Demystifying MMD GANs* (KID).
# - T. Salimans et al. 2016 (Inception Score); S. Barratt and R. Sharma 2018, *A note on the Inception Score*. M. Heusel
#   et al. 2017 (Fréchet distance). T. Kynkäänniemi et al. 2019; M. Naeem et al. 2020: precision, recall, coverage.
#
# **In the code** `coursekit/distances/` (one file a distance) and `coursekit/evaluation/` (`frechet.py`,
# `inception_score.py`, `precision_recall.py`, `memorisation.py`).
#
# **Next.** Lecture 9 trains the critic and the generator against each other.
