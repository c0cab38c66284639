# %% [markdown]
# # Problem set 8: distances and judges
#
# **You will practise**
# - estimating a divergence and a transport cost from below, by a critic, and knowing how good the best critic is;
# - Sinkhorn's updates, in a form that survives a small blur;
# - an unbiased distance between samples, and a test that says whether it is large;
# - the two judges of picture generators, and what each of them counts.
#
# **You should know** the f-divergences, transport and its dual, kernels, a little torch or numpy (broadcasting, sums along
# an axis).
#
# **Time** about 100 to 130 minutes for the eight tasks (an estimate). **Points** 100.

# %% [markdown]
# ## How the checks work
#
# Each task asks for one function. Below it stands one line, `check("t1", my_function)`: it calls your function on a few
# inputs and says *right*, or what differs. It also recognises the classic mistakes and then gives a hint. Grading
# runs the same line on other inputs of the same kinds, with other sizes. For the whole set at once, save the notebook,
# then run `coursekit check ps08` in a terminal. Some tasks have parts; the later ones count once the first is right.
#
# - Tensors come in as float64, a sample as one point a row. Keep the name and the arguments of each function.
#   `critic_bound(**check.inputs("t1", 1))` calls a function on a check's case by hand, here on case 1 of task 1.
# - Use torch, numpy or plain Python, vectorised or in loops; tensors, arrays and lists are all fine as results.
# - Write the formulas yourself. Ready-made distances (`coursekit.distances`, `coursekit.evaluation`, `scipy.stats`,
#   `sklearn`, `ot`) are for comparing afterwards; in an answer they are flagged.

# %%
import math
import matplotlib.pyplot as plt
import numpy as np
import torch
from coursekit.checks import open_checks
check = open_checks("ps08")


# %% [markdown]
# ## 1 · A divergence from samples, from below
#
# An f-divergence $D_f(p \| q) = \mathbb E_q f(\rho)$ needs the density ratio $\rho = p/q$, and a generator has none. But a
# convex $f$ is the upper envelope of its tangents, $f(u) = \max_t\,[u t - f^*(t)]$, and this pulls the ratio apart:
#
# $$D_f(p \| q) \;\geq\; \mathbb E_p\, t(x) - \mathbb E_q\, f^*(t(x)) \quad\text{for every function } t, \qquad
# f^*(t) = \max_{u \geq 0}\, [u t - f(u)].$$
#
# Both expectations are averages over samples. Here the divergence is Le Cam's, $\int (p - q)^2 / (p + q)$, with
#
# $$f(u) = \frac{(u - 1)^2}{u + 1}, \qquad f'(u) = 1 - \frac{4}{(u + 1)^2}.$$
#
# Find $f^*$ on paper: solve $f'(u) = t$ for $u$; with $s = \sqrt{1 - t}$ the result becomes a short product. Two tests of
# it: $f^*(0) = 0$ and $f^*(-3) = -1$. Then mind where it holds. For $t \geq 1$ the maximum is infinite, so the critic's free
# output $v$ is sent through $t = 1 - e^{-v}$ first. And $u$ is a ratio, so it cannot be negative: which $u$ is best when
# $t < -3$?


# %% answer="t1"
def critic_bound(v_p, v_q):
    """Lower bound of Le Cam's divergence by a critic, estimated from samples.

    Args:
        v_p: The critic's free outputs on n points from p, any numbers, with shape (n,).
        v_q: Its free outputs on m points from q, with shape (m,).

    Returns:
        mean t - mean f*(t), one number with shape (). t = 1 - exp(-v) is below 1; it may be
        below -3.
    """
    ### BEGIN SOLUTION
    t_p, t_q = 1 - (-v_p).exp(), 1 - (-v_q).exp()
    s = (1 - t_q.clamp_min(-3)).sqrt()  # left of -3 the best ratio is u = 0, so f* stays at -f(0)
    return t_p.mean() - ((1 - s) * (3 - s)).mean()
    ### END SOLUTION


# %% check="t1"
check("t1", critic_bound)

# %% [markdown]
# **Predict, then run.** p and q are normal with means 1 and 0, so the best critic is $v = 2\log\frac{\rho + 1}{2}$. Scale
# it by a factor: a timid critic on the left, one that is too bold on the right. Which mistake costs more?


# %% play=true
@check.play
def timid_and_bold():
    noise = torch.randn(2, 20_000, generator=torch.Generator().manual_seed(0)).double()
    x_p, x_q = noise[0] + 1, noise[1]
    factors = torch.linspace(0, 3, 31)
    def v(x):
        return 2 * ((x - 0.5).exp().add(1) / 2).log()
    bounds = [check.array(critic_bound(c * v(x_p), c * v(x_q))) for c in factors]
    _, ax = plt.subplots()
    ax.plot(factors, bounds)
    ax.axvline(1, color="0.6", linestyle=":")
    ax.set(xlabel="factor in front of the best critic", ylabel="bound")
    plt.show()


# %% [markdown]
# ## 2 · The work of moving counts
#
# A divergence looks at ratios, place by place; it does not know which places are near. $W_1$ does: it is the least work, mass
# times distance, that turns one heap into another. On the line there is nothing to optimise. Whatever the plan, the mass
# that has to cross a gap is the difference of what lies to its left, so
#
# $$W_1(p, q) = \int |F_p(x) - F_q(x)|\, dx.$$
#
# Two tables hold *counts* at the same places of a road. The places are unevenly spaced and come in any order, and one survey
# saw more cars than the other. Two questions: what do you do to the tables before a distribution function makes sense, and
# between which places is $F_p - F_q$ constant?


# %% answer="t2"
def w1_of_counts(x, p, q):
    """W1 between the distributions that two tables of counts stand for.

    Args:
        x: Places with shape (n,), n >= 2, all different, unevenly spaced, in any order.
        p: Counts at these places with shape (n,), some may be zero.
        q: Counts of another survey with shape (n,); its total may be different.

    Returns:
        W1 of the two distributions (each of total mass 1), in the units of x; shape ().
    """
    ### BEGIN SOLUTION
    order = x.argsort()
    surplus = (p / p.sum() - q / q.sum())[order].cumsum(0)  # F_p - F_q right of each place
    return (surplus[:-1].abs() * x[order].diff()).sum()
    ### END SOLUTION


# %% check="t2"
check("t2", w1_of_counts)

# %% [markdown]
# **Think.** Move both tables 10 km along the road. Does $W_1$ change? Move only one of them, far away. How does $W_1$ grow
# with the distance, and what would any f-divergence say?

# %% [markdown]
# ## 3 · The critic that reaches it
#
# Work can be bounded from below without any plan. A function $f$ that rises by at most the distance gains at most the
# distance on every gram moved, so
#
# $$W_1(p, q) = \max_{f} \; \mathbb E_p f - \mathbb E_q f \quad\text{over all } f \text{ with } |f(x) - f(y)| \leq |x - y|.$$
#
# The maximum is what a Wasserstein GAN's critic is trained for; on the line you can write it down. Sum by parts: with the
# places sorted and $S_i = F_p(x_i) - F_q(x_i)$,
#
# $$\mathbb E_p f - \mathbb E_q f = -\sum_i \,\big(f(x_{i+1}) - f(x_i)\big)\, S_i.$$
#
# Each gap may now be treated by itself. How large may a rise be, and which sign should it have?


# %% answer="t3"
def best_critic(x, p, q):
    """The 1-Lipschitz critic with E_p f - E_q f = W1, at the places given.

    Args:
        x: Places with shape (n,), n >= 2, all different, unevenly spaced, in any order.
        p: Counts at these places with shape (n,).
        q: Counts of another survey with shape (n,); its total may be different.
            F_p and F_q differ in every gap between neighbours.

    Returns:
        f at the places, in the order of x, with shape (n,). f is zero at the leftmost place.
    """
    ### BEGIN SOLUTION
    order = x.argsort()
    surplus = (p / p.sum() - q / q.sum())[order].cumsum(0)[:-1]
    f = torch.zeros_like(x)
    f[order[1:]] = (-surplus.sign() * x[order].diff()).cumsum(0)
    return f
    ### END SOLUTION


# %% check="t3"
check("t3", best_critic)

# %% [markdown]
# **Predict, then run.** The bars are the two distributions, the line is your critic. Where does it rise, where does it fall?
# The title compares its gain with $W_1$: do they agree to the last digit?


# %% play=true
@check.play
def critic_and_bars():
    x = torch.tensor([0.0, 1.0, 1.5, 3.0, 5.0, 5.5, 7.0], dtype=torch.float64)
    p = torch.tensor([2.0, 5.0, 1.0, 0.0, 0.0, 4.0, 1.0], dtype=torch.float64)
    q = torch.tensor([0.0, 2.0, 3.0, 9.0, 5.0, 1.0, 1.0], dtype=torch.float64)
    f, w1 = check.array(best_critic(x, p, q)), float(check.array(w1_of_counts(x, p, q)))
    p, q = p / p.sum(), q / q.sum()
    _, ax = plt.subplots()
    ax.bar(x - 0.1, p, width=0.2, label="p")
    ax.bar(x + 0.1, q, width=0.2, label="q")
    ax.plot(x, f / 10, "k.-", label="f / 10")
    ax.set(xlabel="x", title=f"gain of the critic {float(f @ (p - q)):.6f}, W1 {w1:.6f}")
    ax.legend()
    plt.show()


# %% [markdown]
# ## 4 · Sinkhorn, without underflow
#
# In more than one dimension there is no sorting, and the cheapest plan is a linear program. Adding a little entropy makes it
# a matter of sums. The plan that minimises $\sum_{ij} P_{ij} c_{ij} + \varepsilon\, \mathrm{KL}(P \| a b^\top)$, with row sums
# $a$ and column sums $b$, has the form
#
# $$P_{ij} = a_i\, b_j\, \exp\!\big((f_i + g_j - c_{ij}) / \varepsilon\big),$$
#
# and the prices $f$, $g$ are found by repairing rows and columns in turn:
#
# $$f_i \leftarrow -\varepsilon \log \sum_j b_j\, e^{(g_j - c_{ij}) / \varepsilon}, \qquad
# g_j \leftarrow -\varepsilon \log \sum_i a_i\, e^{(f_i - c_{ij}) / \varepsilon}.$$
#
# Start from $g = 0$; a step updates $f$, then $g$ with the new $f$. The textbook version multiplies by $e^{-c/\varepsilon}$,
# which is zero in floating point once $c > 745\,\varepsilon$; then it divides by it. Here $\varepsilon$ gets that small, and
# the prices are harmless numbers all the same.


# %% answer="t4"
def sinkhorn_plan(a, b, cost, epsilon, steps):
    """Entropic plan after a fixed number of Sinkhorn steps, and what it pays for transport.

    Args:
        a: Row sums wanted, with shape (n,), positive, sum one.
        b: Column sums wanted, with shape (m,), positive, sum one.
        cost: c with shape (n, m).
        epsilon: The blur, a float > 0; c / epsilon may be in the thousands.
        steps: Number of steps, an int >= 1. Each updates f, then g; at first g = 0.

    Returns:
        A tuple (plan, transport_cost): P with shape (n, m), formed from the last f and g; and
        sum_ij P_ij c_ij, without the entropy, with shape ().
    """
    ### BEGIN SOLUTION
    log_a, log_b = a.log()[:, None], b.log()
    g = torch.zeros_like(b)
    for _ in range(steps):
        f = -epsilon * torch.logsumexp(log_b + (g - cost) / epsilon, dim=1, keepdim=True)
        g = -epsilon * torch.logsumexp(log_a + (f - cost) / epsilon, dim=0)
    plan = (log_a + log_b + (f + g - cost) / epsilon).exp()
    return plan, (plan * cost).sum()
    ### END SOLUTION


# %% check="t4"
check("t4", sinkhorn_plan)

# %% [markdown]
# **Predict, then run.** One problem at two blurs, 300 steps each; dark is much mass. Which plan is a thin line? What does the
# other one tend to when $\varepsilon$ grows further?


# %% play=true
@check.play
def two_blurs():
    x = torch.linspace(0, 1, 40, dtype=torch.float64)
    a = torch.softmax(-((x - 0.3) ** 2) / 0.02, 0)
    b = 0.5 * torch.softmax(-((x - 0.2) ** 2) / 0.005, 0) + 0.5 * torch.softmax(-((x - 0.8) ** 2) / 0.01, 0)
    cost = (x[:, None] - x) ** 2
    _, axes = plt.subplots(1, 2, figsize=(8, 4))
    for ax, epsilon in zip(axes, (0.002, 0.1), strict=True):
        plan, paid = sinkhorn_plan(a, b, cost, epsilon, 300)
        ax.imshow(check.array(plan).sqrt(), cmap="Greys")
        ax.set(title=f"ε = {epsilon}: pays {float(check.array(paid)):.4f}", xlabel="to j", ylabel="from i")
    plt.show()


# %% [markdown]
# ## 5 · MMD², right on average
#
# Instead of training a critic one can take the best one of a space given by a kernel $\kappa$; its gain, squared, is
#
# $$\mathrm{MMD}^2 = \mathbb E\, \kappa(x, x') + \mathbb E\, \kappa(y, y') - 2\, \mathbb E\, \kappa(x, y), \qquad
# x, x' \sim p \text{ and } y, y' \sim q, \text{ all independent.}$$
#
# One bandwidth may be far too small or far too large for the data, so use several, with weights:
#
# $$\kappa(x, y) = \sum_l w_l\, \exp\!\Big(\!-\frac{|x - y|^2}{2 h_l^2}\Big).$$
#
# From samples each expectation becomes an average over pairs. The estimate has to be *unbiased*: right on average, for any
# sizes $n$ and $m$. Ask of every pair in your averages whether it consists of two independent points. One consequence looks
# odd, and it is no defect: for $p = q$ a quantity that is zero on average has to be negative at times.


# %% answer="t5"
def mmd_squared(x, y, weights, bandwidths):
    """Unbiased estimate of MMD^2 with a weighted sum of Gaussian kernels.

    Args:
        x: Points with shape (n, d), n >= 2.
        y: Points with shape (m, d), m >= 2.
        weights: w with shape (L,), positive; their sum is arbitrary.
        bandwidths: h with shape (L,), positive, in the units of x.

    Returns:
        The estimate of MMD^2, no root taken, with shape (). It may be negative.
    """
    ### BEGIN SOLUTION
    def kernel(s, t):
        squared = (s[:, None] - t).square().sum(2)
        return (weights * torch.exp(-squared[..., None] / (2 * bandwidths**2))).sum(2)

    def mean_of_different(s):
        values = kernel(s, s)
        return (values.sum() - values.trace()) / (len(s) * (len(s) - 1))

    return mean_of_different(x) + mean_of_different(y) - 2 * kernel(x, y).mean()
    ### END SOLUTION


# %% check="t5"
check("t5", mmd_squared)

# %% [markdown]
# **Predict, then run.** 500 times two samples of 20 points from the *same* distribution. What share of the estimates is
# negative? What would the histogram look like if the pairs $(i, i)$ had stayed in?


# %% play=true
@check.play
def equal_distributions():
    points = torch.randn(500, 40, 1, generator=torch.Generator().manual_seed(0)).double()
    one = torch.ones(1, dtype=torch.float64)
    values = np.array([float(check.array(mmd_squared(p[:20], p[20:], one, one))) for p in points])
    _, ax = plt.subplots()
    ax.hist(values, bins=40)
    ax.axvline(values.mean(), color="C1", label=f"mean {values.mean():.4f}")
    ax.set(xlabel="MMD², unbiased", title=f"{(values < 0).mean():.0%} are negative")
    ax.legend()
    plt.show()


# %% [markdown]
# ## 6 · Is it large?
#
# A distance between two samples is never exactly zero, so a figure alone says nothing. How large does it get by chance? If
# both samples come from one distribution, then who belongs to $x$ and who to $y$ was decided by chance, and any other split of
# the pooled points was as likely. So split them again, $B$ times, and see how many of all splits do as well as the one
# observed. That one counts too: it *is* one of the $B + 1$. A split that does exactly as well speaks for chance.
#
# The statistic here is the largest gap between means, $T = \max_j |\bar x_j - \bar y_j|$, large when the samples differ in any
# coordinate. The splits are given, so that your result can be checked: each row of `permutations` is an order of the pooled
# points (first all of $x$, then all of $y$, numbered from 0), and the first $n$ of that order are the new $x$.


# %% answer="t6"
def permutation_p_value(x, y, permutations):
    """Permutation test of two samples with T = the largest gap between their means.

    Args:
        x: Points with shape (n, d).
        y: Points with shape (m, d).
        permutations: Integers with shape (B, n + m). Each row lists the indices of the pooled
            points, x before y, in a new order; its first n make the new x, the others the new y.

    Returns:
        A tuple (T, p_value) of two numbers: T of the samples as they are, and the share of the
        B + 1 splits, the one observed among them, that reach it. Ties reach it.
    """
    ### BEGIN SOLUTION
    pooled, n = torch.cat([x, y]), len(x)
    mixed = pooled[permutations]  # (B, n + m, d)
    null = (mixed[:, :n].mean(1) - mixed[:, n:].mean(1)).abs().amax(1)
    observed = (x.mean(0) - y.mean(0)).abs().max()
    return observed, (1 + (null >= observed).sum()) / (1 + len(null))
    ### END SOLUTION


# %% check="t6"
check("t6", permutation_p_value)

# %% [markdown]
# **Predict, then run.** 300 tests of samples from one distribution, $B = 39$. The p-values are multiples of 1/40: how many of
# the 300 should be at most 0.05? How would the histogram change without the 1 that is added?


# %% play=true
@check.play
def p_values_under_the_null():
    generator = torch.Generator().manual_seed(0)
    values = []
    for _ in range(300):
        points = torch.randn(20, 2, generator=generator).double()
        orders = torch.rand(39, 20, generator=generator).argsort(1)
        values.append(float(check.array(permutation_p_value(points[:8], points[8:], orders)[1])))
    _, ax = plt.subplots()
    ax.hist(values, bins=np.arange(0.5, 41) / 40)
    ax.set(xlabel="p-value", title=f"{sum(v <= 0.05 for v in values)} of 300 are at most 0.05")
    plt.show()


# %% [markdown]
# ## 7 · The Fréchet distance, from running sums
#
# Picture generators are judged on a network's features. Fit a normal distribution to each set of features; the squared
# Wasserstein-2 distance of the two normals is
#
# $$d^2 = |m - m_w|^2 + \operatorname{Tr}\!\big(C + C_w - 2\,(C\, C_w)^{1/2}\big).$$
#
# With an Inception network this is the FID. Nobody keeps the features of 50,000 pictures: while they stream by, one adds up
# $n$, $\sum x$ and $\sum x x^\top$, and that is what you get. First recover mean and covariance (divided by $n - 1$).
#
# The root is that of a *matrix*, a matrix whose square is $C\, C_w$. You only need its trace: the sum of the roots of the
# eigenvalues of $C\, C_w$. They are the eigenvalues of the symmetric $C^{1/2} C_w\, C^{1/2}$ too, so they are real and not
# negative; in floating point, nearly so. With fewer samples than features some are exactly zero, and rounding decides their
# sign.


# %% answer="t7"
def frechet_from_sums(n, sums, products, other_n, other_sums, other_products):
    """Frechet distance d^2 between normals fitted to two sets of features.

    Args:
        n: Number of features in the first set, an int >= 2.
        sums: Sum of x with shape (k,).
        products: Sum of x x^T with shape (k, k).
        other_n: The same of the second set, an int >= 2.
        other_sums: Likewise with shape (k,).
        other_products: Likewise with shape (k, k).

    Returns:
        d^2 with shape (), in squared units of the features, no root taken. It is finite, also
        where n or other_n does not exceed k.
    """
    ### BEGIN SOLUTION
    mean, other_mean = sums / n, other_sums / other_n
    c = (products - n * torch.outer(mean, mean)) / (n - 1)
    c_w = (other_products - other_n * torch.outer(other_mean, other_mean)) / (other_n - 1)
    values, vectors = torch.linalg.eigh(c)
    half = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    overlap = torch.linalg.eigvalsh(half @ c_w @ half).clamp_min(0).sqrt().sum()
    return (mean - other_mean).square().sum() + c.trace() + c_w.trace() - 2 * overlap
    ### END SOLUTION


# %% check="t7"
check("t7", frechet_from_sums)

# %% [markdown]
# **Predict, then run.** Both sets come from one normal distribution in 16 dimensions, so the true distance is zero. How does
# the figure change when there are ten times as many samples? Would you compare figures made with different $n$?


# %% play=true
@check.play
def bias_against_n():
    generator = torch.Generator().manual_seed(0)
    sizes, figures = [20, 50, 100, 200, 500, 1000, 5000], []
    for n in sizes:
        sets = [torch.randn(n, 16, generator=generator).double() for _ in range(2)]
        given = [part for s in sets for part in (n, s.sum(0), s.T @ s)]
        figures.append(float(check.array(frechet_from_sums(*given))))
    _, ax = plt.subplots()
    ax.loglog(sizes, figures, "o-")
    ax.set(xlabel="n, samples in each set", ylabel="d² of two equal distributions")
    plt.show()


# %% [markdown]
# ## 8 · Precision and recall
#
# One figure cannot tell a generator that draws one thing well from one that draws everything badly. Two can, once it is
# settled what it means to lie *among* a set of points: lay a ball around each, out to its $k$-th nearest neighbour in the
# same set. Then
#
# - **precision** is the share of generated points that lie in some ball of the data;
# - **recall** is the share of data points that lie in some ball of the generated set.
#
# A single outlier has a huge ball, in which nearly everything lies. So in each set the `dropped` largest balls do not count.
# Their centres remain points: they are still among the neighbours of others, and are still tested against the other set.
#
# A point is not its own neighbour, but an exact copy of it elsewhere in the set is. The boundary belongs to the ball.


# %% answer="t8"
def precision_recall(generated, data, k, dropped):
    """Precision and recall by balls out to the k-th neighbour, without the largest balls.

    Args:
        generated: Points with shape (n, d).
        data: Points with shape (m, d).
        k: Which neighbour sets the radius, an int >= 1; n and m are larger than k.
        dropped: How many of the largest balls of each set do not count, an int >= 0, less
            than n and m. (No two radii are equal where dropped > 0.)

    Returns:
        A tuple (precision, recall), two numbers in [0, 1].
    """
    ### BEGIN SOLUTION
    def share_within(points, centres):
        apart = (centres[:, None] - centres).square().sum(2)
        apart.fill_diagonal_(math.inf)  # by its place: a copy at distance 0 is a neighbour
        radii = apart.sort(dim=1).values[:, k - 1]
        kept = radii.argsort()[: len(centres) - dropped]
        squared = (points[:, None] - centres[kept]).square().sum(2)
        return (squared <= radii[kept]).any(1).double().mean()

    return share_within(generated, data), share_within(data, generated)
    ### END SOLUTION


# %% check="t8"
check("t8", precision_recall)

# %% [markdown]
# **Predict, then run.** The data are normal in the plane; a generator is normal too, with a scale of its own. Which of the two
# falls when the scale is too small, which when it is too large?


# %% play=true
@check.play
def scales():
    noise = torch.randn(2, 200, 2, generator=torch.Generator().manual_seed(0)).double()
    scales = torch.logspace(-1, 1, 15, dtype=torch.float64)
    both = [[float(check.array(v)) for v in precision_recall(s * noise[0], noise[1], 3, 5)] for s in scales]
    _, ax = plt.subplots()
    ax.semilogx(scales, both, "o-", label=["precision", "recall"])
    ax.set(xlabel="scale of the generator (the data have 1)", ylabel="share")
    ax.legend()
    plt.show()


# %% [markdown]
# ## What to take away
#
# - Both families of distances have a critic: an f-divergence charges it $f^*$, $W_1$ bounds its slope. Any critic gives a lower
#   bound, and for both the best one is known in closed form where the distributions are.
# - Ratios do not see distance, transport does. On the line it is the area between two distribution functions.
# - Prices and log-sum-exp carry Sinkhorn through any $\varepsilon$; products of exponentials do not.
# - An unbiased estimate of zero must sometimes be negative. Whether a figure is large is a question for a permutation test,
#   which counts the split observed.
# - The Fréchet distance compares two moments, and is too large when samples are few: state $n$. Precision and recall say
#   in which of two ways a generator fails.
#
# **Compare** your answers with the library: `coursekit.distances` and `coursekit.evaluation` have all of them, with their
# refinements.
#
# **Next.** The critic of task 1, trained by gradient steps, is the discriminator of an f-GAN (section 9); that of task 3,
# in many dimensions, is the critic of a Wasserstein GAN (section 10).
