# %% [markdown]
# # Problem set 2: densities and push-forwards
#
# **You will practise**
# - writing the density of $x = g(z)$ when several $z$ lead to the same $x$;
# - turning uniform noise into samples, on the line and in the plane, and keeping track of the change of volume;
# - estimating a density from data by kernels, and choosing the bandwidth honestly;
# - the two steps of expectation-maximisation for a mixture of normals.
#
# **You should know** lecture 2, a little torch or numpy (broadcasting, sums along an axis), and what a density is.
#
# **Time** about 90 to 120 minutes for the seven tasks (an estimate). **Points** 100.

# %% [markdown]
# ## How the checks work
#
# Each task asks for one function. Below it stands one line, `check("t1", my_function)`: it calls your function on a few
# inputs and says *right*, or what differs. It also recognises the classic mistakes and then gives a hint. Grading
# runs the same line on other inputs of the same kinds, with other sizes. For the whole set at once, save the notebook,
# then run `coursekit check ps02` in a terminal. Some tasks have parts; the later ones count once the first is right.
#
# - Tensors come in as float64, a sample as one point a row. Keep the name and the arguments of each function.
#   `energy_log_prob(**check.inputs("t1", 1))` calls a function on a check's case by hand, here on case 1 of task 1.
# - Use torch, numpy or plain Python, vectorised or in loops; tensors, arrays and lists are all fine as results.
# - Write the formulas yourself. Ready-made densities and mixtures (`coursekit.density`, `coursekit.distributions`,
#   `torch.distributions`, `scipy.stats`, `sklearn`) are for comparing afterwards; in an answer they are flagged.
# - Log-densities are in nats. `scale` is always a standard deviation, `h` a bandwidth.

# %%
import math
import matplotlib.pyplot as plt
import numpy as np
import torch
from coursekit.checks import open_checks
check = open_checks("ps02")


# %% [markdown]
# ## 1 · The density of a kinetic energy
#
# A generator draws $z$ and returns $x = g(z)$. To know the density of what it makes, follow the mass: what ends up
# near $x$ comes from *every* $z$ with $g(z) = x$, and each contribution is thinned out where $g$ stretches the line,
#
# $$p(x) = \sum_{z:\, g(z) = x} \frac{p_Z(z)}{|g'(z)|}.$$
#
# A particle of mass $m$ has the velocity $z \sim N(\text{loc}, \text{scale}^2)$, and a detector shows only its energy
# $x = g(z) = \tfrac12 m z^2$. The map folds the line in two, and the two halves are not alike when
# $\text{loc} \neq 0$. Before you type, solve $g(z) = x$ on paper. Then ask of every quantity in the formula whether it
# lives at $x$ or at $z$.
#
# The energies here are moderate, so you may add the two densities as they are and take the logarithm at the end. From
# task 4 on that no longer works.
#
# The normal density: $\log N(z; \mu, \sigma^2) = -\frac{(z - \mu)^2}{2\sigma^2} - \log\sigma - \frac12 \log 2\pi$.


# %% answer="t1"
def energy_log_prob(x, loc, scale, mass):
    """Log-density of the kinetic energy x = mass * z**2 / 2 of a particle.

    Its velocity is z ~ N(loc, scale**2).

    Args:
        x: Energies with shape (n,). None is exactly zero; some may be negative.
        loc: Mean of z, a float.
        scale: Standard deviation of z, a float > 0.
        mass: A float > 0.

    Returns:
        log p(x) in nats with shape (n,). It is -inf where x is negative.
    """
    ### BEGIN SOLUTION
    z = (2 * x.clamp_min(0) / mass).sqrt()
    right, left = (-0.5 * ((branch - loc) / scale) ** 2 for branch in (z, -z))
    log_constant = -math.log(scale * math.sqrt(2 * math.pi))
    log_prob = torch.logaddexp(right, left) + log_constant - (mass * z).log()
    return torch.where(x < 0, -math.inf, log_prob)
    ### END SOLUTION


# %% check="t1"
check("t1", energy_log_prob)

# %% [markdown]
# **Predict, then run.** With loc = 1.5 and scale = 1 slow particles are not the likeliest. Is the density of the energy
# near $x = 0$ small, or large, or infinite?


# %% play=true
@check.play
def energies():
    z = 1.5 + torch.randn(50_000, generator=torch.Generator().manual_seed(0))
    x = torch.linspace(0.005, 10, 1000, dtype=torch.float64)
    density = check.array(energy_log_prob(x, 1.5, 1.0, 0.8)).exp()
    _, ax = plt.subplots()
    bins = np.linspace(0, 10, 120)
    ax.hist(0.8 * z**2 / 2, bins, density=True, alpha=0.4, label="energies of 50,000 particles")
    ax.plot(x, density, label="exp of your log-density")
    ax.set(xlabel="energy x", ylabel="density")
    ax.legend()
    plt.show()


# %% [markdown]
# ## 2 · From uniform noise to a histogram
#
# If $U$ is uniform on $(0, 1)$ and $F$ is a distribution function, then $F^{-1}(U)$ has the distribution $F$. So one
# map, the quantile function, turns noise into any distribution on the line; here into one with a flat density in each
# bin. Models rarely hand out normalised densities, so you get $\ell_j$, the logarithm of the height of bin $j$ *up to a
# constant* that all bins share. With the edges $e_0 < e_1 < \dots < e_k$,
#
# $$p(\text{bin } j) = \frac{e^{\ell_j}\,(e_{j+1} - e_j)}{\sum_i e^{\ell_i}\,(e_{i+1} - e_i)}, \qquad j = 0, \dots, k-1.$$
#
# $F$ rises from 0 to 1 in straight lines, one for each bin. Its inverse rises from $e_0$ to $e_k$, also in straight
# lines, and jumps over empty bins: find the bin, then the place inside it. Two things go wrong in practice. At the ends of $(0, 1)$, and where a bin is empty ($\ell_j = -\infty$), the
# search for the bin needs care. And the shared constant can be anything, so heights like $e^{1000}$ do occur.


# %% answer="t2"
def histogram_quantile(u, edges, log_heights):
    """Quantile function F^-1 of a density that is flat in each bin.

    Args:
        u: Levels in [0, 1] with shape (n,), in any order; 0 and 1 may occur.
        edges: Edges of the bins with shape (k + 1,), k >= 1, increasing; widths are unequal.
        log_heights: Logarithms of the bins' heights with shape (k,), up to a shared constant.
            -inf is an empty bin; at least one bin is not empty. The others can all be near
            1000, or all near -1000.

    Returns:
        x = F^-1(u) with shape (n,). u = 0 goes to the left edge of the first bin that is not
        empty, u = 1 to the right edge of the last one. (No other u lies on a level where F
        is flat.)
    """
    ### BEGIN SOLUTION
    mass = (log_heights - log_heights.max()).exp() * edges.diff()
    full = mass > 0
    left, width, p = edges[:-1][full], edges.diff()[full], mass[full] / mass.sum()
    cdf = p.cumsum(0)
    j = torch.searchsorted(cdf, u).clamp(max=len(p) - 1)
    return left[j] + width[j] * (u - (cdf[j] - p[j])) / p[j]
    ### END SOLUTION


# %% check="t2"
check("t2", histogram_quantile)

# %% [markdown]
# **Predict, then run.** The bars show what your function makes of uniform noise. The grey curve shows it at work: enter
# at $u$ on the left axis, leave at $x$ below. Where does the curve climb fast, at tall bins or at low ones? What does
# it do at the empty bin?


# %% play=true
@check.play
def quantiles():
    edges = torch.tensor([-2.0, -1.0, -0.5, 0.5, 1.0, 3.0], dtype=torch.float64)
    log_heights = torch.tensor([0.1, 0.6, 0.3, 0.9, 0.2], dtype=torch.float64).log() + 800
    log_heights[2] = -math.inf
    u = torch.rand(20_000, generator=torch.Generator().manual_seed(0)).double()
    line = torch.linspace(0, 1, 1001, dtype=torch.float64)
    _, ax = plt.subplots()
    samples = check.array(histogram_quantile(u, edges, log_heights))
    ax.hist(samples, bins=np.linspace(-2, 3, 81), density=True, alpha=0.6, label="20,000 samples")
    curve = check.array(histogram_quantile(line, edges, log_heights))
    ax.plot(curve, line, color="0.4", label="u against x = F⁻¹(u)")
    ax.set(xlabel="x", ylabel="u, or density")
    ax.legend()
    plt.show()


# %% [markdown]
# ## 3 · A triangular map from the unit square
#
# In the plane there is no single $F^{-1}$, but a density is a product, $p(x_1, x_2) = p(x_1)\, p(x_2 \mid x_1)$, and
# each factor lives on a line: send $u_1$ through the quantile function of $x_1$, then $u_2$ through that of $x_2$ *given
# the $x_1$ just made*. Since $x_1$ does not depend on $u_2$, the Jacobian is triangular, and the determinant needs no
# more than its diagonal. Autoregressive models and many flows are built on this.
#
# The target: a particle starts at 0, drifts and diffuses, and is caught after a random time.
#
# $$x_1 \sim \text{Exponential with mean } \tau \;(\text{so } F(x_1) = 1 - e^{-x_1/\tau}), \qquad
# x_2 \mid x_1 \sim N(v\,x_1,\; s^2 x_1).$$
#
# The second entry of $N$ is a variance. $\Phi^{-1}$, the quantile function of $N(0, 1)$, is `torch.special.ndtri`.
# For its slope, recall what the derivative of an inverse function is.


# %% answer="t3"
def diffusion_map(u, mean_time, drift, scale):
    """Triangular map from the unit square to time and place of a diffusing particle.

    x1 increases with u1. For a fixed u1, x2 increases with u2.

    Args:
        u: Points of the open unit square with shape (n, 2); columns u1, u2.
        mean_time: tau, the mean of the time x1; a float > 0.
        drift: v, a float.
        scale: s, the standard deviation of x2 around its mean at time 1; a float > 0.

    Returns:
        A tuple (x, ladj): x with shape (n, 2), columns x1 (time) and x2 (place); and
        ladj = log |det dx/du| of this map at every point, with shape (n,).
    """
    ### BEGIN SOLUTION
    u1, u2 = u.unbind(1)
    x1 = -mean_time * torch.log1p(-u1)
    z2 = torch.special.ndtri(u2)
    x2 = drift * x1 + scale * x1.sqrt() * z2
    log_normal = -0.5 * z2**2 - 0.5 * math.log(2 * math.pi)
    log_slope_1 = math.log(mean_time) - torch.log1p(-u1)
    log_slope_2 = math.log(scale) + 0.5 * x1.log() - log_normal
    return torch.stack([x1, x2], dim=1), log_slope_1 + log_slope_2
    ### END SOLUTION


# %% check="t3"
check("t3", diffusion_map)

# %% [markdown]
# **Predict, then run.** A square grid of $u$ has upright lines ($u_1$ fixed) and level ones ($u_2$ fixed). What does the
# map make of each kind? Why can the upright ones only stay upright?


# %% play=true
@check.play
def bent_grid():
    _, ax = plt.subplots()
    s = torch.linspace(0.01, 0.99, 200, dtype=torch.float64)
    for level in torch.linspace(0.05, 0.95, 13, dtype=torch.float64):
        fixed = level.expand(200)
        for columns, colour in [((fixed, s), "C0"), ((s, fixed), "C1")]:
            x = check.array(diffusion_map(torch.stack(columns, dim=1), 1.0, 1.0, 0.7)[0])
            ax.plot(x[:, 0], x[:, 1], color=colour, linewidth=1)
    ax.set(xlabel="time x1", ylabel="place x2", title="u1 fixed: blue, u2 fixed: orange")
    plt.show()


# %% [markdown]
# ## 4 · Kernel density of counted data
#
# So far the density was given. Now only data are: rows $y_1, \dots, y_n$ in $d$ dimensions, where row $i$ was observed
# $c_i$ times. A kernel estimate lays a hill of mass over every observation. With a bandwidth $h_j$ for each coordinate,
#
# $$p(x) = \frac{1}{\sum_i c_i} \sum_{i=1}^{n} c_i \prod_{j=1}^{d} \frac{1}{h_j}\, \varphi\!\left(\frac{x_j - y_{ij}}{h_j}\right),
# \qquad \varphi(t) = \frac{1}{\sqrt{2\pi}}\, e^{-t^2/2}.$$
#
# The order of sum, product and logarithm matters: a product of averages is not an average of products. And
# $p(x)$ itself is of little use far from the data, where it is a number like $10^{-5000}$; its logarithm is a perfectly
# good number, if it is never formed by way of $p(x)$.


# %% answer="t4"
def kde_log_prob(x, data, counts, h):
    """Log-density of a Gaussian kernel estimate with one bandwidth for each coordinate.

    Args:
        x: Where to evaluate, with shape (m, d).
        data: The rows y with shape (n, d).
        counts: How often each row was observed, with shape (n,), all >= 1 (as floats).
        h: Bandwidths with shape (d,), all > 0.

    Returns:
        log p(x) in nats with shape (m,): finite, even hundreds of bandwidths from the data.
    """
    ### BEGIN SOLUTION
    t = (x[:, None, :] - data) / h  # (m, n, d)
    log_constant = -h.log().sum() - 0.5 * len(h) * math.log(2 * math.pi)
    log_kernel = log_constant - 0.5 * t.square().sum(2)
    return torch.logsumexp(log_kernel + counts.log(), dim=1) - counts.sum().log()
    ### END SOLUTION


# %% check="t4"
check("t4", kde_log_prob)

# %% [markdown]
# **Predict, then run.** Twelve observations, three bandwidths; a row that was seen twice has a stroke twice as tall. Which
# curve shows spikes, which one has forgotten that there are two groups? Which would you trust? Task 5 shows how to choose
# without knowing the truth.


# %% play=true
@check.play
def bandwidths():
    rows = [-2.1, -1.9, -1.6, -1.5, -1.1, 0.6, 0.9, 1.2, 1.5, 2.2]
    data = torch.tensor(rows, dtype=torch.float64)[:, None]
    counts = torch.tensor([1, 1, 2, 1, 1, 1, 1, 2, 1, 1], dtype=torch.float64)
    x = torch.linspace(-5, 5, 500, dtype=torch.float64)[:, None]
    _, ax = plt.subplots()
    for h in (0.08, 0.45, 2.0):
        log_prob = kde_log_prob(x, data, counts, torch.tensor([h], dtype=torch.float64))
        ax.plot(x[:, 0], check.array(log_prob).exp(), label=f"h = {h}")
    ax.vlines(data[:, 0], -0.04 * counts, 0, color="k", label="data")
    ax.set(xlabel="x", ylabel="density")
    ax.legend()
    plt.show()


# %% [markdown]
# ## 5 · Choosing the bandwidth
#
# Which $h$? The likelihood of the data under their own estimate cannot tell: it is largest at $h \to 0$, where every
# point sits on its own spike. So score each point by an estimate that has not seen it,
#
# $$\text{score}(h) = \frac1n \sum_{i=1}^{n} \log p_{-i}(x_i), \qquad p_{-i} \text{ the estimate from the } n - 1
# \text{ points other than } x_i.$$
#
# Here $p_{-i}$ is an average of triangular kernels $K_h(x) = \frac1h \max\!\big(0,\, 1 - \tfrac{|x|}{h}\big)$ on the line.
# This kernel ends at distance $h$. A point that no other kernel reaches has density zero, and a single such point
# makes the whole score $-\infty$. That is the right answer and no accident: such an $h$ calls something
# impossible that has happened.


# %% answer="t5"
def leave_one_out(data, bandwidths):
    """Leave-one-out log-likelihood of a triangular kernel estimate, and the best bandwidth.

    Args:
        data: Points on the line with shape (n,), n >= 2, no two equal.
        bandwidths: Candidates with shape (k,), all > 0, in any order.

    Returns:
        A tuple (scores, best): scores in nats per point with shape (k,), -inf where some
        point is not covered by the others; and the bandwidth with the highest score (the
        bandwidth itself, one number). At least one score is finite.
    """
    ### BEGIN SOLUTION
    h = bandwidths[:, None, None]
    kernel = (1 - (data[:, None] - data).abs() / h).clamp_min(0) / h  # (k, n, n)
    kernel.diagonal(dim1=1, dim2=2).zero_()
    scores = (kernel.sum(2) / (len(data) - 1)).log().mean(1)
    return scores, bandwidths[scores.argmax()]
    ### END SOLUTION


# %% check="t5"
check("t5", leave_one_out)

# %% [markdown]
# **Predict, then run.** 60 points from two groups. The curve rises from $-\infty$, peaks and falls. On
# one side a wrong $h$ costs a little, on the other everything. Which is which, and on which side would you rather err?


# %% play=true
@check.play
def score_against_bandwidth():
    noise = torch.randn(60, generator=torch.Generator().manual_seed(0)).double()
    data = torch.cat([-2 + 0.6 * noise[:30], 1.5 + 0.6 * noise[30:]])
    h = torch.logspace(-1.5, 1, 120, dtype=torch.float64)
    scores, best = leave_one_out(data, h)
    _, ax = plt.subplots()
    scores, best = check.array(scores), float(check.array(best))
    ax.semilogx(h, scores, label="score")
    ax.axvspan(h[0], h[torch.isfinite(scores)][0], color="0.9", label="score −∞")
    ax.axvline(best, color="C1", label=f"best h = {best:.2f}")
    ax.set(xlim=(h[0], h[-1]), xlabel="bandwidth h", ylabel="score, nats per point")
    ax.legend(loc="lower left")
    plt.show()


# %% [markdown]
# ## 6 · E-step: who is responsible for each point?
#
# A kernel estimate keeps every point. A mixture sums the data up in $K$ hills. Take $K$ stars seen through one
# telescope: each detected photon $x_i$ comes from one of them, and the optics blur all of them alike. So the components
# have weights $w_k$ and means $\mu_k$ of their own, and *one covariance $\Sigma$ in common*:
#
# $$p(x) = \sum_{k=1}^{K} w_k\, N(x; \mu_k, \Sigma), \qquad
# r_{ik} = \frac{w_k\, N(x_i; \mu_k, \Sigma)}{\sum_l w_l\, N(x_i; \mu_l, \Sigma)},$$
# $$\log N(x; \mu, \Sigma) = -\tfrac12 (x - \mu)^\top \Sigma^{-1} (x - \mu) - \tfrac12 \log\det\Sigma - \tfrac d2 \log 2\pi.$$
#
# The responsibility $r_{ik}$ is the probability that photon $i$ came from star $k$, given where it landed. For a
# stray photon far from all stars, numerator and denominator are both zero in floating point, yet the ratio is well
# defined. Two ways to $\Sigma^{-1}$ and the determinant: `torch.linalg.inv` and `torch.logdet`, or the Cholesky factor
# of $\Sigma$, which gives both at once and keeps more digits.


# %% answer="t6"
def e_step(x, weights, means, covariance):
    """Responsibilities and log-density of a mixture of normals that share one covariance.

    Args:
        x: Points with shape (n, d).
        weights: w with shape (K,), positive, sum one.
        means: mu with shape (K, d).
        covariance: Sigma with shape (d, d), symmetric and positive definite.

    Returns:
        A tuple (responsibilities, log_prob): r with shape (n, K), each row sums to one; and
        log p(x_i) in nats with shape (n,). Both are finite, even a hundred standard deviations
        from every mean.
    """
    ### BEGIN SOLUTION
    factor = torch.linalg.cholesky(covariance)  # Sigma = L L^T, quadratic form = |L^-1 delta|^2
    delta = x[:, None, :] - means
    white = torch.linalg.solve_triangular(factor, delta.mT, upper=False)  # (n, d, K)
    log_constant = -factor.diagonal().log().sum() - 0.5 * x.shape[1] * math.log(2 * math.pi)
    log_joint = weights.log() + log_constant - 0.5 * white.square().sum(1)
    log_prob = log_joint.logsumexp(1)
    return (log_joint - log_prob[:, None]).exp(), log_prob
    ### END SOLUTION


# %% check="t6"
check("t6", e_step)

# %% [markdown]
# **Think.** In $r_{ik}$, which factors of $N(x_i; \mu_k, \Sigma)$ cancel because $\Sigma$ is shared? Follow the quadratic
# form: what kind of curve, then, is the border between the regions of two stars? (Expand the square.)

# %% [markdown]
# ## 7 · M-step: move the stars
#
# With the responsibilities fixed, maximum likelihood is a matter of weighted averages. Star $k$ owns
# $N_k = \sum_i r_{ik}$ photons, so its weight and mean are $w_k = N_k / n$ and $\mu_k = \frac{1}{N_k} \sum_i r_{ik} x_i$.
# All stars together determine the one blur they share:
#
# $$\Sigma = \frac1n \sum_{i=1}^{n} \sum_{k=1}^{K} r_{ik}\, (x_i - \mu_k)(x_i - \mu_k)^\top + \varepsilon I.$$
#
# $\varepsilon$ (`reg_covar`) keeps $\Sigma$ invertible. Two questions decide whether this is the spread *inside* the
# components: from which centre is each deviation measured, and with how much weight does it count?


# %% answer="t7"
def m_step(x, responsibilities, reg_covar):
    """Weighted maximum-likelihood parameters of normals that share one covariance.

    Args:
        x: Points with shape (n, d).
        responsibilities: r with shape (n, K), each row sums to one; no column is all zero.
        reg_covar: epsilon, a float >= 0, in squared units of x.

    Returns:
        A tuple (weights, means, covariance) with shapes (K,), (K, d) and (d, d). The means
        inside the covariance are the new ones.
    """
    ### BEGIN SOLUTION
    owned = responsibilities.sum(0)
    means = responsibilities.T @ x / owned[:, None]
    delta = x[:, None, :] - means  # (n, K, d)
    covariance = torch.einsum("nk,nki,nkj->ij", responsibilities, delta, delta) / len(x)
    covariance.diagonal().add_(reg_covar)
    return owned / len(x), means, covariance
    ### END SOLUTION


# %% check="t7"
check("t7", m_step)

# %% [markdown]
# **Predict, then run.** Your two steps, in turn, on 300 photons from three stars. The start has all three means near
# the middle. Can the log-likelihood ever fall on the way? Does it rise evenly?


# %% play=true
@check.play
def three_stars():
    noise = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    stars = torch.tensor([[-2.0, 0.0], [1.0, 1.5], [1.5, -1.5]])
    x = (stars.repeat_interleave(100, dim=0) + noise @ torch.tensor([[0.8, 0.4], [0.0, 0.4]])).double()
    weights, means, covariance = torch.ones(3).double() / 3, x[[0, 100, 200]] / 10, x.T.cov()
    history = []
    for _ in range(40):
        r, log_prob = map(check.array, e_step(x, weights, means, covariance))
        weights, means, covariance = map(check.array, m_step(x, r, 0.0))
        history.append(log_prob.mean())
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    left.plot(history)
    left.set(xlabel="step", ylabel="log-likelihood, nats per point")
    colours = torch.tensor([[0.0, 0.45, 0.70], [0.84, 0.37, 0.0], [0.80, 0.47, 0.65]])
    right.scatter(*x.T, s=12, c=(r @ colours.double()).clamp(0, 1))
    right.plot(*means.T, "k+", markersize=16, markeredgewidth=2)
    right.set(title="colours mixed by responsibility, + means")
    plt.show()


# %% [markdown]
# ## What to take away
#
# - A push-forward's density adds up all $z$ that lead to $x$ and divides by the stretch, which is a property of $z$.
# - A quantile function is a generator with a known change of volume. In more dimensions it goes coordinate by
#   coordinate, and a triangular Jacobian costs no more than its diagonal.
# - Densities are kept as logarithms from the first line to the last; log-sum-exp does the adding.
# - A bandwidth is judged by points that the estimate has not seen. A kernel that ends can make that judgement
#   $-\infty$, and it should.
# - E-M fills in what is missing by probabilities and then averages with them. With $\varepsilon = 0$ it never lowers the
#   likelihood.
#
# **Compare** your answers with the library: `coursekit.density` has push-forwards, kernel estimates and E-M. Read how its
# `GaussianMixture` differs from yours: each component has a covariance of its own.
#
# **Next.** The triangular map and its $\log|\det|$ return as *flows* (section 5), where the map is learned. Responsibilities
# return as *posteriors* of latent variables (section 4), where no closed form is left and E-M becomes a bound.
