# %% [markdown]
# # Problem set 1: what is a generative model
#
# **You will practise**
# - writing log-probabilities and log-densities that survive logits of 10,000 and missing measurements;
# - turning densities into a classifier by Bayes' rule;
# - maximum likelihood: its gradients for a small mixture, and the divergence that it minimises;
# - two ways in which a high likelihood goes with bad samples.
#
# **You should know** lecture 1, a little torch or numpy (broadcasting, sums along an axis), and derivatives of logarithms
# and exponentials.
#
# **Time** about 90 to 120 minutes for the eight tasks (an estimate). **Points** 100.

# %% [markdown]
# ## How the checks work
#
# Each task asks for one function. Below it stands one line, `check("t1", my_function)`: it calls your function on a few
# inputs and says *right*, or what differs. It also recognises the classic mistakes and then gives a hint. Grading
# runs the same line on other inputs of the same kinds, with other sizes. For the whole set at once, save the notebook,
# then run `coursekit check ps01` in a terminal. Some tasks have parts; the later ones count once the first is right.
#
# - Tensors come in as float64, a sample as one point a row. Keep the name and the arguments of each function.
#   `class_log_probs(**check.inputs("t1", 1))` calls a function on a check's case by hand, here on case 1 of task 1.
# - Use torch, numpy or plain Python, vectorised or in loops; tensors, arrays and lists are all fine as results.
# - Write the formulas yourself. Ready-made densities (`coursekit.density`, `coursekit.distributions`,
#   `torch.distributions`, `scipy.stats`, `sklearn`) are for comparing afterwards; in an answer they are flagged. So are
#   `gaussian_nll_loss` in task 2, `kl_div` and `rel_entr` in task 5, and the names that task 1 lists.
# - $\log$ is the natural logarithm, so log-densities are in nats.

# %%
import math
import matplotlib.pyplot as plt
import numpy as np
import torch
from coursekit.checks import open_checks
check = open_checks("ps01")


# %% [markdown]
# ## 1 · A softmax head with a temperature
#
# A discriminative model ends in a *head* that turns the network's output into a distribution $p(y \mid x)$. For $K$ classes
# the network gives $K$ numbers, the logits $a_1, \dots, a_K$, and the head makes them positive and normalises them. A
# temperature $T$ sets how sure it is,
#
# $$p(y = k \mid x) = \frac{e^{a_k / T}}{\sum_{j=1}^{K} e^{a_j / T}}.$$
#
# Training needs $\log p$. In floating point $e^{10000}$ is infinite and $e^{-10000}$ is zero, yet logits of that size
# have perfectly good log-probabilities. Two things help. Adding the same number to all logits of a row does not change
# $p$ (check it in the formula), so you may choose that number. And the logarithm of the fraction can be simplified on
# paper, before any probability is formed.
#
# In this task write the sums and logarithms yourself: `softmax`, `log_softmax`, `logsumexp`, `logaddexp` and
# `cross_entropy` are flagged. In the later tasks `torch.logsumexp` and its kin are welcome.


# %% answer="t1"
def class_log_probs(logits, temperature):
    """Log-probabilities of the classes by a softmax with a temperature.

    Args:
        logits: One point a row, with shape (n, K). Logits may be as large as 1e4 or as small as
            -1e4, also in one row.
        temperature: T, a float > 0.

    Returns:
        log p(y = k | x_i) in nats with shape (n, K), all finite. The exponentials of each row
        sum to one.
    """
    ### BEGIN SOLUTION
    scores = logits / temperature
    scores = scores - scores.amax(1, keepdim=True)  # the largest becomes 0, so nothing overflows
    return scores - scores.exp().sum(1, keepdim=True).log()
    ### END SOLUTION


# %% check="t1"
check("t1", class_log_probs)

# %% [markdown]
# **Predict, then run.** The same four logits at three temperatures. Which bars are nearly level, which leave room for one
# class only? What remains in the limit $T \to 0$?


# %% play=true
@check.play
def temperatures():
    logits = torch.tensor([[2.0, 1.5, 0.0, -1.0]], dtype=torch.float64)
    _, ax = plt.subplots()
    for i, temperature in enumerate((0.2, 1.0, 5.0)):
        p = check.array(class_log_probs(logits, temperature)).exp()[0]
        ax.bar(np.arange(4) + 0.25 * (i - 1), p, width=0.25, label=f"T = {temperature}")
    ax.set(xticks=range(4), xlabel="class", ylabel="probability")
    ax.legend()
    plt.show()


# %% [markdown]
# ## 2 · A Gaussian head, and measurements that are missing
#
# When $y$ is a vector of real numbers, a common head says: given $x$, the coordinates of $y$ are independent and normal.
# For every point the network gives a mean $m_j$ and a log-variance $\ell_j = \log \sigma_j^2$ for each coordinate (a
# logarithm, because a network's output can have any sign and a variance cannot). For one coordinate,
#
# $$\log N(y; m, \sigma^2) = -\frac{(y - m)^2}{2 \sigma^2} - \frac12 \log \sigma^2 - \frac12 \log 2\pi,$$
#
# and independent coordinates multiply their densities.
#
# Now let some sensors fail: an entry of $y$ that was not measured is `nan`. The density of what *was* measured is the
# joint density with the missing coordinates integrated out. With independent coordinates each missing factor integrates
# to one, so it disappears, with all that belongs to it. A point of which nothing was measured has the density of an empty
# product.


# %% answer="t2"
def gaussian_head_log_prob(y, mean, log_var):
    """Log-density of the measured coordinates under independent normals.

    Args:
        y: Measurements with shape (n, d); nan where one is missing, possibly in a whole row.
        mean: Means given by the network, with shape (n, d), no nan.
        log_var: Logarithms of the variances with shape (n, d), no nan; they may be negative.

    Returns:
        One log-density a point, in nats, with shape (n,): all finite.
    """
    ### BEGIN SOLUTION
    log_prob = -0.5 * ((y - mean) ** 2 / log_var.exp() + log_var + math.log(2 * math.pi))
    return torch.where(y.isnan(), 0.0, log_prob).sum(1)
    ### END SOLUTION


# %% check="t2"
check("t2", gaussian_head_log_prob)

# %% [markdown]
# **Predict, then run.** A head whose spread grows with $x$, and the log-density of each point as its colour. Two points
# lie equally far from the curve, one on the left, one on the right. Which is the likelier one? And of two points *on* the
# curve?


# %% play=true
@check.play
def growing_spread():
    generator = torch.Generator().manual_seed(0)
    x = 4 * torch.rand(300, 1, generator=generator).double()
    mean, log_var = x.sin(), x - 4
    y = mean + (log_var / 2).exp() * torch.randn(300, 1, generator=generator).double()
    _, ax = plt.subplots()
    log_prob = check.array(gaussian_head_log_prob(y, mean, log_var))
    points = ax.scatter(x, y, c=log_prob, s=14)
    plt.colorbar(points, label="log p(y | x), nats")
    ax.set(xlabel="x", ylabel="y")
    plt.show()


# %% [markdown]
# ## 3 · A classifier by Bayes' rule
#
# A generative classifier learns one density $p(x \mid y = k)$ for each class and joins them by Bayes' rule,
#
# $$p(y = k \mid x) = \frac{p(x \mid y = k)\, p(y = k)}{p(x)}, \qquad
# p(x) = \sum_{k=1}^{K} p(x \mid y = k)\, p(y = k), \qquad p(y = k) = \frac{c_k}{\sum_j c_j},$$
#
# where $c_k$ counts how often class $k$ occurred in the training data. It can do something that a softmax head cannot:
# $p(x)$ says how usual $x$ is at all, whichever class it belongs to.
#
# The densities come as logarithms, and for a reason: an image has hundreds of pixels, and a product of hundreds of
# densities is a number like $10^{-400}$. So both results are to be had from logarithms alone. A class with $c_k = 0$
# is impossible, and the result says so with $-\infty$.


# %% answer="t3"
def bayes(log_likelihood, counts):
    """Posterior of the classes, and density of the points, both as logarithms.

    Args:
        log_likelihood: log p(x_i | y = k) in nats with shape (n, K), all finite; around -900 for
            images, for example.
        counts: c, how often each class was seen, with shape (K,), as floats; at least one is
            positive, some may be zero.

    Returns:
        A tuple (log_posterior, log_prob): log p(y = k | x_i) with shape (n, K), -inf where
        c_k = 0; and log p(x_i) with shape (n,), finite.
    """
    ### BEGIN SOLUTION
    log_joint = log_likelihood + (counts / counts.sum()).log()
    log_prob = log_joint.logsumexp(1)
    return log_joint - log_prob[:, None], log_prob
    ### END SOLUTION


# %% check="t3"
check("t3", bayes)

# %% [markdown]
# **Predict, then run.** Two classes on the line, the orange one ten times rarer. Where is the border between them: in the
# middle between the two means? And far out on the left, at $x = -6$: how sure is the classifier, and what does $p(x)$ say
# about such a point? (Dashed: $\log p(x)$, right axis.)


# %% play=true
@check.play
def two_classes():
    x = torch.linspace(-6, 6, 400, dtype=torch.float64)[:, None]
    means, scales = torch.tensor([-1.0, 1.0]).double(), torch.tensor([1.0, 1.0]).double()
    log_likelihood = -0.5 * ((x - means) / scales) ** 2 - (scales * math.sqrt(2 * math.pi)).log()
    log_posterior, log_prob = map(check.array, bayes(log_likelihood, torch.tensor([100.0, 10.0]).double()))
    _, ax = plt.subplots()
    for k, colour in enumerate(("C0", "C1")):
        ax.plot(x, log_posterior[:, k].exp(), color=colour, label=f"p(y = {k} | x)")
    ax.set(xlabel="x", ylabel="posterior")
    ax.legend(loc="center left")
    ax.twinx().plot(x, log_prob, "k--", linewidth=1)
    plt.show()


# %% [markdown]
# ## 4 · Maximum likelihood by gradients
#
# Where do the densities come from? From descending the *loss*, the mean of $-\log p_\theta(x)$ over a batch. Here
# $p_\theta$ is a mixture of $K$ normals on the line,
#
# $$p_\theta(x) = \sum_{k=1}^{K} w_k\, N(x; m_k, s_k^2), \qquad w = \operatorname{softmax}(a), \quad s_k = e^{b_k},$$
#
# with parameters that may be any real numbers: logits $a_k$, means $m_k$ and log-scales $b_k$.
#
# You need the loss and its derivatives with respect to $a$, $m$ and $b$. Let torch differentiate your loss
# (`requires_grad_` and `torch.autograd.grad`), or work the derivatives out on paper. For the latter, start from
#
# $$\frac{\partial}{\partial \theta} \log \sum_k e^{g_k(\theta)} = \sum_k r_k \frac{\partial g_k}{\partial \theta}, \qquad
# r_k = \frac{e^{g_k}}{\sum_j e^{g_j}}, \qquad g_k = \log w_k + \log N(x; m_k, s_k^2),$$
#
# and mind that a logit moves *all* weights: $\partial \log w_k / \partial a_j$ is $1 - w_j$ if $j = k$, else $-w_j$. Either
# way, a bad start must not stop you: if all $x$ are 200 scales away from every mean, the gradients are still finite and
# point home.


# %% answer="t4"
def mixture_gradients(x, logits, means, log_scales):
    """Loss and gradients of a mixture of normals on the line.

    Args:
        x: A batch of points with shape (n,).
        logits: a with shape (K,); the weights are their softmax.
        means: m with shape (K,).
        log_scales: b with shape (K,); the standard deviations are exp(b).

    Returns:
        A tuple (loss, d_logits, d_means, d_log_scales): the mean of -log p(x_i), one number in
        nats; and its derivatives with respect to a, m and b, each with shape (K,).
    """
    ### BEGIN SOLUTION
    w, t = logits.softmax(0), (x[:, None] - means) / log_scales.exp()
    log_joint = w.log() - 0.5 * t**2 - log_scales - 0.5 * math.log(2 * math.pi)
    loss, r = -log_joint.logsumexp(1).mean(), log_joint.softmax(1)
    d_logits = w - r.mean(0)
    d_means = -(r * t / log_scales.exp()).mean(0)
    d_log_scales = (r * (1 - t**2)).mean(0)
    return loss, d_logits, d_means, d_log_scales
    ### END SOLUTION


# %% check="t4"
check("t4", mixture_gradients)

# %% [markdown]
# **Predict, then run.** Stochastic gradient descent with your gradients, 64 points a step, from a start in the middle.
# The loss first falls, then waits, then falls again. What does the mixture have to decide while it waits? And which loss
# can it never get below, on average?


# %% play=true
@check.play
def descent():
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(2000, generator=generator).double()
    data = torch.where(torch.arange(2000) < 700, -2 + 0.5 * z, 1.5 + 0.8 * z)
    theta = [torch.tensor(v).double() for v in ([0.0, 0.0], [-0.1, 0.1], [0.7, 0.7])]
    losses = []
    for _ in range(400):
        batch = data[torch.randint(2000, (64,), generator=generator)]
        loss, *gradients = map(check.array, mixture_gradients(batch, *theta))
        theta = [value.detach() - 0.1 * g for value, g in zip(theta, gradients, strict=True)]
        losses.append(loss)
    x = torch.linspace(-5, 5, 300).double()
    w, s = theta[0].softmax(0), theta[2].exp()
    density = (w / (s * math.sqrt(2 * math.pi)) * (-0.5 * ((x[:, None] - theta[1]) / s) ** 2).exp()).sum(1)
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    left.plot(losses, linewidth=0.8)
    left.set(xlabel="step", ylabel="loss of the batch, nats per point")
    right.hist(data, bins=60, density=True, alpha=0.4)
    right.plot(x, density)
    right.set(xlabel="x", title="data, and the mixture after 400 steps")
    plt.show()


# %% [markdown]
# ## 5 · The divergence behind the likelihood, in both directions
#
# What does maximum likelihood aim at? For many data the loss approaches $-\int p_\text{data} \log p_\theta$, and that differs
# from
#
# $$\mathrm{KL}(p \,\|\, q) = \int p(x) \log \frac{p(x)}{q(x)}\, dx \qquad (p = p_\text{data},\; q = p_\theta)$$
#
# only by a constant of the data. This is the *forward* direction. $\mathrm{KL}(p_\theta \,\|\, p_\text{data})$ is the
# *reverse* one, and in general another number.
#
# Here both densities are histograms: flat in each of $m$ cells of unequal widths, so that an integral is a finite sum.
# Some cells may be empty, in one of the two or in both. Two rules say what a cell then contributes:
# $0 \log \frac{0}{q} = 0$ for every $q \ge 0$, and $p \log \frac{p}{0} = +\infty$ for $p > 0$. So the result can be
# $+\infty$, and this is an answer, not an accident. Floating point knows neither rule by itself.


# %% answer="t5"
def kl_both_ways(p_data, p_model, widths):
    """Forward and reverse KL divergence of two histograms.

    Args:
        p_data: Heights of the data's density with shape (m,), all >= 0.
        p_model: Heights of the model's density with shape (m,), all >= 0.
        widths: Widths of the cells with shape (m,), all > 0. For both densities the sum of
            heights times widths is one.

    Returns:
        A tuple (forward, reverse) of two numbers in nats: KL(p_data || p_model) and
        KL(p_model || p_data). Each may be +inf, none is nan.
    """
    ### BEGIN SOLUTION
    def kl(p, q):
        inside = p > 0
        return (widths * p * (p / q).log())[inside].sum()  # p / 0 is inf, and so is its logarithm

    return kl(p_data, p_model), kl(p_model, p_data)
    ### END SOLUTION


# %% check="t5"
check("t5", kl_both_ways)

# %% [markdown]
# **Think.** The model gives no mass to something that occurs in the data. Which direction becomes infinite? And when the
# model makes up something that never occurs? Which of the two failures does maximum likelihood tolerate?

# %% [markdown]
# ## 6 · The closest Gaussian, forwards
#
# Now the family is too small: the data are a mixture, the model is a single Gaussian $N(m, S)$ in $d$ dimensions. In the
# forward direction the best one can be written down. Minimising $\mathrm{KL}(p_\text{data} \,\|\, N(m, S))$ is maximising
# $\int p_\text{data} \log N(x; m, S)\, dx$, and its optimum has *the mean and the covariance of $p_\text{data}$*.
#
# Component $k$ of the data has the weight $w_k$, the mean $\mu_k$ and independent coordinates with standard deviations
# $s_{k1}, \dots, s_{kd}$. To draw a point, choose a component with the probabilities $w$, then draw from it. So the mean
# is an average over components, and the covariance has two sources: the spread inside the components, and the spread of
# their means,
#
# $$S = \underbrace{\mathbb{E}\big[\operatorname{Cov}(x \mid k)\big]}_{\text{inside}}
# + \underbrace{\operatorname{Cov}\big(\mathbb{E}[x \mid k]\big)}_{\text{between}},$$
#
# both taken over $k$ with the probabilities $w$. The coordinates are independent inside every component. Are they
# still, in the mixture?


# %% answer="t6"
def closest_gaussian(weights, means, scales):
    """Mean and covariance of the Gaussian that minimises the forward KL to a mixture.

    Args:
        weights: w with shape (K,), positive, sum one.
        means: mu with shape (K, d).
        scales: Standard deviations with shape (K, d).

    Returns:
        A tuple (mean, covariance) with shapes (d,) and (d, d).
    """
    ### BEGIN SOLUTION
    mean = weights @ means
    delta = means - mean
    return mean, torch.diag(weights @ scales**2) + (weights[:, None] * delta).T @ delta
    ### END SOLUTION


# %% check="t6"
check("t6", closest_gaussian)

# %% [markdown]
# **Predict, then run.** Data with two equal modes, 6 standard deviations apart. The forward optimum is your task 6. The
# reverse one has no such formula: the cell tries 1,600 Gaussians and keeps the one with the lowest reverse KL, by your
# task 5. Where will each of them sit, and how wide will it be? What would samples of each look like?


# %% play=true
@check.play
def two_directions():
    def normal(x, m, s):
        return (-0.5 * ((x - m) / s) ** 2).exp() / (s * math.sqrt(2 * math.pi))

    weights, mu, sigma = (torch.tensor(v).double() for v in ([0.5, 0.5], [[-3.0], [3.0]], [[1.0], [1.0]]))
    x, widths = torch.linspace(-11.95, 11.95, 240).double(), torch.full((240,), 0.1).double()
    data = 0.5 * normal(x, mu[0], sigma[0]) + 0.5 * normal(x, mu[1], sigma[1])
    mean, covariance = map(check.array, closest_gaussian(weights, mu, sigma))
    forward = (float(mean.squeeze()), float(covariance.squeeze()) ** 0.5)
    tried = [(m, s) for m in torch.linspace(-4, 4, 40).tolist() for s in torch.linspace(0.5, 4, 40).tolist()]
    reverse = min(tried, key=lambda q: float(kl_both_ways(data, normal(x, *q), widths)[1]))
    _, ax = plt.subplots()
    ax.fill_between(x, data, color="0.85", label="data")
    for (m, s), direction in [(forward, "forward"), (reverse, "reverse")]:
        ax.plot(x, normal(x, m, s), label=f"{direction}: mean {m:.1f}, scale {s:.1f}")
    ax.set(xlabel="x", ylabel="density")
    ax.legend()
    plt.show()


# %% [markdown]
# ## 7 · Mostly noise, and hardly less likely
#
# Does a high likelihood mean good samples? Take a good model $p_\theta$ and spoil it: a share $\pi$ of its samples stays, all
# others are replaced by noise,
#
# $$p_\pi(x) = \pi\, p_\theta(x) + (1 - \pi)\, p_\text{noise}(x).$$
#
# With $\pi = 0.01$ everybody sees the difference, for 99 of 100 samples are noise. The likelihood hardly does. Since
# $p_\text{noise} \ge 0$, we have $p_\pi(x) \ge \pi\, p_\theta(x)$, and so no point loses more than
# $\log p_\theta(x) - \log p_\pi(x) \le -\log \pi$. For $\pi = 0.01$ that is 4.6 nats, whether the point has 1 dimension or
# 3,072. Images are scored in *bits per dimension*: a log-density in bits (one bit is $\log 2$ nats), divided by the
# number $d$ of dimensions. (In a difference of two models on the same data the constant of dequantisation cancels.)
#
# Log-densities of images can be $-900$ and, if most of the image is predictable, also $+900$. Stay in logarithms.


# %% answer="t7"
def mostly_noise(log_prob_model, log_prob_noise, share, d):
    """Log-density of a model spoiled by noise, and what the noise costs.

    Args:
        log_prob_model: log p_theta(x_i) in nats, for whole points, with shape (n,), finite.
        log_prob_noise: log p_noise(x_i) in nats, for whole points, with shape (n,); -inf where
            the noise never lands.
        share: pi, the share of the samples that come from the model; 0 < share < 1.
        d: Number of dimensions of x, an int.

    Returns:
        A tuple (log_prob, loss, bound): log p_pi(x_i) in nats for whole points, with shape (n,);
        the average over the points of log p_theta(x_i) - log p_pi(x_i), in bits per dimension,
        one number; and the bound that -log pi sets to it, also in bits per dimension.
    """
    ### BEGIN SOLUTION
    from_model = log_prob_model + math.log(share)
    log_prob = torch.logaddexp(from_model, log_prob_noise + math.log1p(-share))
    bits_per_dim = 1 / (d * math.log(2))
    return log_prob, (log_prob_model - log_prob).mean() * bits_per_dim, -math.log(share) * bits_per_dim
    ### END SOLUTION


# %% check="t7"
check("t7", mostly_noise)

# %% [markdown]
# **Predict, then run.** Points of a standard normal model in $d$ dimensions, noise ten times as wide, $\pi = 0.01$. Published
# image models are often a few hundredths of a bit per dimension apart. From which $d$ on would 99 % noise be lost in such a
# difference?


# %% play=true
@check.play
def price_of_noise():
    dims, losses, bounds = [1, 3, 10, 30, 100, 300, 1000, 3000], [], []
    generator = torch.Generator().manual_seed(0)
    for d in dims:
        squared = torch.randn(500, d, generator=generator).double().square().sum(1)
        constant = 0.5 * d * math.log(2 * math.pi)
        model, noise = -0.5 * squared - constant, -0.5 * squared / 100 - constant - d * math.log(10)
        _, loss, bound = mostly_noise(model, noise, 0.01, d)
        losses.append(float(check.array(loss)))
        bounds.append(float(check.array(bound)))
    _, ax = plt.subplots()
    ax.loglog(dims, bounds, "--", color="0.4", label="bound")
    ax.loglog(dims, losses, "o", label="lost by 99 % noise")
    ax.axhspan(0.01, 0.05, alpha=0.2, label="0.01 to 0.05 bits per dimension")
    ax.set(xlabel="dimensions d", ylabel="bits per dimension")
    ax.legend()
    plt.show()


# %% [markdown]
# ## 8 · A model that memorises
#
# Now the other failure: perfect samples, worthless model. It keeps the training points $y_1, \dots, y_n$ and lays a narrow
# Gaussian bump over each,
#
# $$p(x) = \frac1n \sum_{i=1}^{n} N(x; y_i, h^2 I), \qquad
# \log N(x; y, h^2 I) = -\frac{\lVert x - y \rVert^2}{2 h^2} - d \log h - \frac d2 \log 2\pi \quad \text{in } d \text{ dimensions}.$$
#
# To sample, take a training point at random and shift it a little. Nobody could tell the samples from data. Judged by its
# own training points, each under a bump of its own, the model is splendid, and more so for smaller $h$. Judged by points
# that it has not seen (*held out*), it is not: between the bumps the density is a number like $10^{-5000}$. The gap between
# the two scores is how memorising is found out.


# %% answer="t8"
def memoriser_scores(train, held_out, scales):
    """Mean log-density of training and of held-out points under bumps at the training points.

    Args:
        train: The points that the model keeps, with shape (n, d).
        held_out: Points that it has not seen, with shape (m, d); m and n may differ.
        scales: Widths h to try, standard deviations with shape (k,), all > 0.

    Returns:
        A tuple (train_scores, held_out_scores), each with shape (k,): for every h the average of
        log p(x) in nats over the training points (own bump included), and over the held-out
        points. All finite, even where every bump is hundreds of h away.
    """
    ### BEGIN SOLUTION
    n, d = train.shape
    h = scales[:, None, None]

    def scores(x):
        squared = (x[:, None] - train).square().sum(2)  # (points, n), the same for every h
        log_bumps = -0.5 * squared / h**2 - d * (h.log() + 0.5 * math.log(2 * math.pi))
        return (log_bumps.logsumexp(2) - math.log(n)).mean(1)

    return scores(train), scores(held_out)
    ### END SOLUTION


# %% check="t8"
check("t8", memoriser_scores)

# %% [markdown]
# **Predict, then run.** 100 training points, 100 held-out points of the same normal distribution in the plane. One curve
# only falls with $h$. The other one rises and falls. At which $h$ would you stop, and which curve tells you?


# %% play=true
@check.play
def found_out():
    points = torch.randn(200, 2, generator=torch.Generator().manual_seed(0)).double()
    h = torch.logspace(-1.5, 0.7, 60, dtype=torch.float64)
    train_scores, held_out_scores = map(check.array, memoriser_scores(points[:100], points[100:], h))
    _, ax = plt.subplots()
    ax.semilogx(h, train_scores, label="training points")
    ax.semilogx(h, held_out_scores, label="held-out points")
    ax.axhline(-math.log(2 * math.pi) - 1, color="0.5", linestyle=":", label="the true density's own score")
    ax.set(xlabel="scale h of the bumps", ylabel="score, nats per point", ylim=(-12, 5))
    ax.legend()
    plt.show()


# %% [markdown]
# ## What to take away
#
# - A head turns numbers into a distribution: a softmax for classes, a Gaussian for measurements. Both live in logarithms,
#   from the first line to the last.
# - Densities $p(x \mid y)$ and frequencies $p(y)$ make a classifier by Bayes' rule, and $p(x)$ comes as a gift. What is missing
#   is left out, not filled in.
# - The gradient of a mixture's log-likelihood is a sum over components, each weighted by its share $r_k$ of the point.
# - Maximum likelihood minimises the forward KL, which forbids a model to miss anything that occurs. A model that is too
#   small then covers all modes and the space between them; in the reverse direction it would settle on one.
# - Likelihood is not sample quality. 99 % noise costs at most 4.6 nats a point, and perfect copies can have no likelihood at
#   all. So look at samples, *and* at held-out likelihood.
#
# **Next.** Problem set 2 takes up the bumps of task 8 as kernel density estimates, and the shares $r_k$ of task 4 as
# responsibilities, which lead to another way of climbing the same likelihood, without a learning rate.
