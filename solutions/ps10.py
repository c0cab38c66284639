# %% [markdown]
# # Problem set 10: Wasserstein and other games
#
# **You will practise**
# - turning any critic's scores into a lower bound of $W_1$, however steep the critic is;
# - two ways to keep a critic from being steep, and what each of them costs: clipped weights and a gradient penalty;
# - finding the best penalised critic on paper, and seeing that it is not the critic of $W_1$;
# - the critic that needs no training, MMD's witness, and where it pushes the fakes;
# - judging a generator of text by its n-grams, without drawing a single character.
#
# **You should know** the games of lectures 9 and 10, transport and MMD of lecture 8, the chain rule, and a little torch
# or numpy.
#
# **Time** about 110 to 140 minutes for the six tasks (an estimate). **Points** 100.

# %% [markdown]
# ## How the checks work
#
# Each task asks for one function. Below it stands one line, `check("t1", my_function)`: it calls your function on a few
# inputs and says *right*, or what differs. It also recognises the classic mistakes and then gives a hint. Grading
# runs the same line on other inputs of the same kinds, with other sizes. For the whole set at once, save the notebook,
# then run `coursekit check ps10` in a terminal. Some tasks have parts; the later ones count once the first is right.
#
# - Tensors come in as float64, a sample as one point a row. Keep the name and the arguments of each function.
#   `w1_bound(**check.inputs("t1", 1))` calls a function on a check's case by hand, here on case 1 of task 1.
# - Use torch, numpy or plain Python, vectorised or in loops; tensors, arrays and lists are all fine as results.
#   Gradients may come from autograd or from paper. (Task 3 is about autograd, and wants torch.)
# - Write the formulas yourself. `coursekit.gans`, `coursekit.distances` and `coursekit.evaluation` are for comparing
#   afterwards; in an answer they are flagged.
# - A critic $f$ gives *scores*, any real numbers, and is high on data: its loss is
#   $\mathbb E_{\text{fakes}} f - \mathbb E_{\text{data}} f$, and the generator's is $-\mathbb E_{\text{fakes}} f$.

# %%
import math
from functools import partial
import matplotlib.pyplot as plt
import numpy as np
import torch
from coursekit.checks import open_checks
check = open_checks("ps10")


# %% [markdown]
# ## 1 · A bound of $W_1$ from any critic
#
# The distance $W_1$ is the largest gain $\mathbb E_{\text{data}} f - \mathbb E_{\text{fakes}} f$ of a critic with slope
# at most 1. A trained critic has slope at most 1 nearly never. That does no harm: divide its scores by its steepest
# slope $L$, and it is such a critic. So $\text{gain} / L$ is a lower bound of $W_1$.
#
# How steep is a critic that you cannot look into? Gradients at some points do not bound the slope between them. But for a
# distance between two *samples* only the points matter: take
#
# $$L = \max_{i, j} \frac{|f(x_i) - f(x_j)|}{|x_i - x_j|} \qquad\text{over all pairs of points, data and fakes alike.}$$
#
# Whatever the critic does elsewhere, *some* function passes through all of these scores and has slope at most $L$
# everywhere (McShane 1934). The bound therefore holds exactly, for the $W_1$ of the two samples, with nothing but
# scores.
#
# Points come with weights, as if some had been drawn several times. Each sample's weights stand for a
# distribution of total mass 1. And in real data there are copies: two points in one place have one score, and no slope
# between them.


# %% answer="t1"
def w1_bound(x, x_fake, f, f_fake, weights, weights_fake):
    """Losses of a Wasserstein game, and a lower bound of W1 between two weighted samples.

    Args:
        x: Data with shape (n, d).
        x_fake: Fakes with shape (m, d). Some points may coincide, within or across the samples.
        f: The critic's scores on the data with shape (n,).
        f_fake: Its scores on the fakes with shape (m,). Points that coincide have one score.
        weights: Weights of the data with shape (n,), positive; their sum is arbitrary.
        weights_fake: Weights of the fakes with shape (m,), likewise.

    Returns:
        A tuple (d_loss, g_loss, w1) of three numbers: the losses of critic and generator, for
        the scores as they are; and gain / L. It is negative where the critic has it the wrong
        way round, and 0 for a critic that is constant.
    """
    ### BEGIN SOLUTION
    mean, mean_fake = (f * weights).sum() / weights.sum(), (f_fake * weights_fake).sum() / weights_fake.sum()
    points, scores = torch.cat([x, x_fake]), torch.cat([f, f_fake])
    apart = (points[:, None] - points).square().sum(2).sqrt()
    rise = (scores[:, None] - scores).abs()
    steepest = (rise[apart > 0] / apart[apart > 0]).max()
    w1 = (mean - mean_fake) / steepest if steepest > 0 else 0.0
    return mean_fake - mean, -mean_fake, w1
    ### END SOLUTION


# %% check="t1"
check("t1", w1_bound)

# %% [markdown]
# **Predict, then run.** 80 points of data from $N(1, 1)$, 80 fakes from $N(-1, 1)$. The critic is $f(x) = \tanh(ax)$:
# nearly a straight line for small $a$, a step for large $a$. Which $a$ gains most? Which gives the best bound? Which of
# the two curves would you trust to say that a generator has improved?


# %% play=true
@check.play
def lines_and_steps():
    noise = torch.randn(2, 80, 1, generator=torch.Generator().manual_seed(0)).double()
    x, x_fake, one = noise[0] + 1, noise[1] - 1, torch.ones(80, dtype=torch.float64)
    steepness = np.geomspace(0.05, 20, 21)
    found = []
    for a in steepness:
        scores = [torch.tanh(a * points[:, 0]) for points in (x, x_fake)]
        d_loss, _, w1 = (float(v) for v in w1_bound(x, x_fake, *scores, one, one))
        found.append([-d_loss, w1])
    gain, bound = np.array(found).T
    _, ax = plt.subplots()
    ax.semilogx(steepness, gain, label="gain of the critic")
    ax.semilogx(steepness, bound, label="your bound")
    true = float((x.sort(0).values - x_fake.sort(0).values).abs().mean())
    ax.axhline(true, color="0.5", linestyle=":", label="W1 of the samples")
    ax.set(xlabel="a", ylabel="units of x", ylim=(0, None))
    ax.legend()
    plt.show()


# %% [markdown]
# ## 2 · What clipping leaves
#
# The first Wasserstein GAN kept its critic from being steep by clipping: after each step every parameter, biases
# included, is put into $[-c, c]$ (Arjovsky et al. 2017). It works in so far as the slope is bounded. But how large is
# the bound, and how much of it does a critic use? The critic here is
#
# $$f(x) = w_3 \cdot a\big(W_2\, a(W_1 x + b_1) + b_2\big), \qquad a(v) = v \text{ for } v > 0, \text{ else } \ell v,$$
#
# with $0 \le \ell < 1$: ReLU for $\ell = 0$, leaky otherwise. Find three figures for it, after clipping:
#
# - its **slope at each point**, the length of $\nabla_x f$. The chain rule multiplies matrices from the last layer to
#   the first; each unit in between lets the gradient through, or $\ell$ times of it;
# - a **bound for all points**. A matrix stretches no vector by more than its spectral norm, a unit by no more than 1,
#   so the product of the three spectral norms bounds the slope;
# - the **largest slope of any critic** with these widths and this $c$. Which weights would you choose, if you were free
#   to? Let all units be on, and count the paths.
#
# Each of the three is at most the next one.


# %% answer="t2"
def clipped_slopes(x, w1, b1, w2, b2, w3, limit, leak):
    """Slopes of a critic with clipped parameters, and two bounds of them.

    Args:
        x: Points with shape (n, d).
        w1: First weights with shape (h, d), before clipping.
        b1: First offsets with shape (h,), before clipping.
        w2: Second weights with shape (k, h), likewise.
        b2: Second offsets with shape (k,), likewise.
        w3: Last weights with shape (k,), likewise.
        limit: c > 0.
        leak: Slope of the units below zero, in [0, 1).

    Returns:
        A tuple (slopes, bound, largest): the length of the clipped critic's gradient at each
        point with shape (n,); the product of its three spectral norms; and the largest slope
        that any critic with these widths, and all parameters in [-c, c], has anywhere.
    """
    ### BEGIN SOLUTION
    w1, b1, w2, b2, w3 = (w.clamp(-limit, limit) for w in (w1, b1, w2, b2, w3))
    first = x @ w1.T + b1
    on_1 = torch.where(first > 0, 1.0, leak).to(x.dtype)
    on_2 = torch.where((first * on_1) @ w2.T + b2 > 0, 1.0, leak).to(x.dtype)
    slopes = (((on_2 * w3) @ w2 * on_1) @ w1).norm(dim=1)
    bound = torch.linalg.matrix_norm(w1, 2) * torch.linalg.matrix_norm(w2, 2) * w3.norm()
    (h, d), k = w1.shape, len(w3)
    return slopes, bound, limit**3 * h * k * math.sqrt(d)  # h k equal paths from each of d inputs
    ### END SOLUTION


# %% check="t2"
check("t2", clipped_slopes)

# %% [markdown]
# **Predict, then run.** A critic of width 64 in the plane, with random weights of both signs, most of them at the
# limit. The paper takes $c = 0.01$. About how large is the slope there: 1, a hundredth, or less than a thousandth? For
# which $c$ is the slope near 1, and how far off is the bound that clipping promises?


# %% play=true
@check.play
def limits():
    g = torch.Generator().manual_seed(0)
    x = torch.randn(200, 2, generator=g).double()
    shapes = (64, 2), (64,), (64, 64), (64,), (64,)
    critic = [torch.randn(shape, generator=g).double() for shape in shapes]
    limits = np.geomspace(0.003, 0.6, 16)
    found = np.array([[float(check.array(v).mean()) for v in clipped_slopes(x, *critic, c, 0.2)] for c in limits])
    _, ax = plt.subplots()
    for values, label in zip(found.T, ("slope, mean over points", "product of spectral norms", "any critic"), strict=True):
        ax.loglog(limits, values, label=label)
    ax.axhline(1, color="0.6", linewidth=1)
    ax.axvline(0.01, color="0.6", linestyle=":", label="c of the paper")
    ax.set(xlabel="clipped to [-c, c]", ylabel="slope")
    ax.legend()
    plt.show()


# %% [markdown]
# ## 3 · The gradient penalty
#
# Instead of a limit for weights, a price for slopes. The best critic of $W_1$ has slope 1 on the lines along which mass
# travels. Nobody knows these lines, so WGAN-GP takes random ones: between a data point and a fake (Gulrajani et al.
# 2017),
#
# $$\hat x_i = \alpha_i\, x_i + (1 - \alpha_i)\, x^{\text{fake}}_i, \qquad
# \text{penalty} = \lambda \,\frac1n \sum_i \big(|\nabla f(\hat x_i)| - 1\big)^2 .$$
#
# It is two-sided: slope 0.5 costs as much as slope 1.5. The one-sided variant charges only slopes above 1 (the
# condition says *at most* 1, after all); the other samples then cost nothing, and still count in $n$.
#
# Four things go wrong in published code:
#
# - A sample can have any shape, $(d)$ or (channels, rows, columns). There is one $\alpha$ for a sample, and one slope:
#   the length over *all* of its coordinates together.
# - `torch.autograd.grad` differentiates one number. Each score depends on its own sample alone, so choose the number
#   such that every sample's gradient comes out in its own row.
# - The penalty is a loss of the critic. So the gradient itself must remain something that can be differentiated, by the
#   weights; a number alone trains nothing.
# - Where the critic is flat, the length of the gradient has a kink. `sqrt` of a sum of squares gives NaN there, one way
#   or another; look for a norm that does not.
#
# The check makes the critic from weights that it knows, and differentiates your result by them. (So
# `check.inputs("t3")` shows these weights, and no critic.)


# %% answer="t3"
def gradient_penalty(critic, x, x_fake, alpha, weight, one_sided):
    """Gradient penalty of a Wasserstein critic, for samples of any shape.

    Args:
        critic: A function: points with shape (n, *event) -> scores with shape (n,), for any n.
        x: Data with shape (n, *event); event has one or more axes.
        x_fake: As many fakes.
        alpha: Places on the lines with shape (n,): 1 is the data point, 0 the fake.
        weight: Lambda, a float > 0.
        one_sided: Whether slopes below 1 cost nothing; a bool.

    Returns:
        lambda times the mean over samples, with shape (); a torch tensor that can be
        differentiated by the critic's weights, also where the critic is flat.
    """
    ### BEGIN SOLUTION
    a = alpha.reshape(-1, *[1] * (x.dim() - 1))
    at = (a * x + (1 - a) * x_fake).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(at).sum(), at, create_graph=True)
    excess = gradient.flatten(1).norm(dim=1) - 1
    if one_sided:
        excess = excess.clamp(min=0)
    return weight * excess.square().mean()
    ### END SOLUTION


# %% check="t3"
check("t3", gradient_penalty)

# %% [markdown]
# **Predict, then run.** All data at $x = 1$, all fakes at $x = 0$: $W_1 = 1$, and its critic has slope 1. A small
# network is trained as critic, with your penalty. Three times it starts flat, with three weights: will its slope be 1?
# If not, below or above, and for which weight is it farthest off? The fourth starts the wrong way round, with slope
# $-1$: does it turn? Then try `one_sided=True`. (This takes some seconds.)


# %% play=true
@check.play
def four_critics(one_sided=False):
    line = torch.linspace(-0.5, 1.5, 101, dtype=torch.float64)[:, None]
    real, fake = torch.ones(64, 1).double(), torch.zeros(64, 1).double()
    def critic(points, w, b, last):
        return torch.tanh(points @ w + b) @ last
    _, ax = plt.subplots()
    for weight, start in ((0.5, 0.0), (2.0, 0.0), (10.0, 0.0), (10.0, -1.0)):
        g = torch.Generator().manual_seed(0)
        w, b = 0.5 * torch.randn(1, 32, generator=g).double(), 0.5 * torch.randn(32, generator=g).double()
        last = start * w[0] / (critic(real[:1], w, b, w[0]) - critic(fake[:1], w, b, w[0]))
        weights = [v.requires_grad_() for v in (w, b, last)]
        f = partial(critic, **dict(zip(("w", "b", "last"), weights, strict=True)))
        adam = torch.optim.Adam(weights, 0.01)
        for _ in range(400):
            alpha = torch.rand(64, generator=g).double()
            penalty = gradient_penalty(f, real, fake, alpha, weight, one_sided)
            adam.zero_grad()
            (f(fake).mean() - f(real).mean() + penalty).backward()
            adam.step()
        scores, rise = f(line).detach(), (f(real) - f(fake)).mean().item()
        style = "-" if start == 0 else "--"
        ax.plot(line[:, 0], scores - scores[25], style, label=f"λ = {weight:g}, starts at {start:g}: slope {rise:.2f}")
    ax.axvspan(0, 1, color="0.93")
    ax.set(xlabel="x, fakes at 0 and data at 1", ylabel="f(x) - f(0)")
    ax.legend()
    plt.show()


# %% [markdown]
# ## 4 · The best penalised critic
#
# The slope came out above 1, and no training would have changed that: a penalty forbids nothing, it asks a price, and a
# little more than 1 is worth it. (And to turn round, a critic would have to pass slope 0, which the two-sided penalty
# makes dear.) On the line the best critic can be found on paper.
#
# Data have masses $p_i$ at places $x_1 < \dots < x_n$, fakes have masses $p_{g,i}$ at the same places, and the critic
# is straight in each gap, with slope $s_j$ between $x_j$ and $x_{j+1}$, a gap of length $\ell_j$. Two things are known
# of each gap:
#
# - $D_j$, by how much more mass of the data than of the fakes lies to its right. Rising by $s_j \ell_j$ there gains the
#   critic $s_j \ell_j D_j$;
# - $\rho_j$, the density of the mixed points $\hat x$ in it. A pair of a data point at $a$ and an independent fake at
#   $b$ spreads its $\hat x$ evenly between the two, in either order: density $1 / |a - b|$ in every gap between them.
#   Add this up over all pairs, each with its probability. (Pairs in one place have no gap between them, and are left
#   out.)
#
# So the critic's loss is a sum over gaps,
#
# $$\mathcal L = \sum_j \ell_j\, \Big[ -s_j D_j + \lambda\, \rho_j\, \big(|s_j| - 1\big)^2 \Big],$$
#
# and every $s_j$ can be chosen by itself. First settle its sign, then take a derivative. One test: with all data in one
# place and all fakes in another, at distance $\Delta$, it must give $1 + \Delta / 2\lambda$. Does that agree with your
# picture?


# %% answer="t4"
def best_penalised_critic(places, p, p_g, weight):
    """Slopes, gain and loss of the best critic on the line under a two-sided gradient penalty.

    Args:
        places: x with shape (n,), n >= 2, increasing, unevenly spaced.
        p: Masses of the data with shape (n,), some may be zero, sum one.
        p_g: Masses of the fakes with shape (n,), likewise. In no gap is D zero.
        weight: Lambda, a float > 0.

    Returns:
        A tuple (slopes, gain, loss): s with shape (n - 1,), negative where the critic falls;
        E_p f - E_g f; and minus the gain plus the penalty, weighted.
    """
    ### BEGIN SOLUTION
    gaps, surplus = places.diff(), (p_g - p).cumsum(0)[:-1]
    rho = torch.zeros_like(gaps)
    for a in range(len(places)):
        for b in range(a + 1, len(places)):
            rho[a:b] += (p[a] * p_g[b] + p_g[a] * p[b]) / (places[b] - places[a])
    slopes = surplus.sign() * (1 + surplus.abs() / (2 * weight * rho))
    gain = (slopes * surplus * gaps).sum()
    return slopes, gain, weight * (rho * gaps * (slopes.abs() - 1) ** 2).sum() - gain
    ### END SOLUTION


# %% check="t4"
check("t4", best_penalised_critic)

# %% [markdown]
# **Predict, then run.** Bars are data and fakes, lines are your critic for three prices. Which line is nearly the
# critic of $W_1$? Compare the gains in the legend with $W_1$ in the title: which way is WGAN-GP's estimate of the
# distance wrong? And in which gap is the cheap critic steepest: how far do the lines that cross it reach?


# %% play=true
@check.play
def three_prices():
    x = torch.tensor([0.0, 0.6, 1.5, 2.1, 3.2, 4.0, 5.0], dtype=torch.float64)
    p = torch.tensor([0.15, 0.05, 0.0, 0.05, 0.35, 0.1, 0.3], dtype=torch.float64)
    p_g = torch.tensor([0.05, 0.3, 0.5, 0.1, 0.05, 0.0, 0.0], dtype=torch.float64)
    w1 = float(((p_g - p).cumsum(0)[:-1].abs() * x.diff()).sum())
    _, ax = plt.subplots()
    for weight in (0.5, 2.0, 10.0):
        slopes, gain, _ = best_penalised_critic(x, p, p_g, weight)
        f = torch.cat([torch.zeros(1).double(), (check.array(slopes) * x.diff()).cumsum(0)])
        ax.plot(x, f, "o-", markersize=4, label=f"λ = {weight:g}: gain {float(gain):.2f}")
    ax.bar(x - 0.05, 8 * p, width=0.1, color="0.3", label="data")
    ax.bar(x + 0.05, 8 * p_g, width=0.1, color="0.7", label="fakes")
    ax.set(xlabel="x", ylabel="f(x); bars: mass times 8", title=f"W1 = {w1:.2f}")
    ax.legend()
    plt.show()


# %% [markdown]
# ## 5 · Where MMD pushes
#
# Some critics need no training. For a kernel $\kappa$, the best critic of MMD is known, the **witness**: how near is
# $z$ to the data, and how near to the fakes?
#
# $$f(z) = \frac1n \sum_i \kappa(z, x_i) - \frac1m \sum_j \kappa(z, x^{\text{fake}}_j).$$
#
# The generator then descends the unbiased MMD² itself,
#
# $$\frac{1}{n(n-1)} \sum_{i \ne i'} \kappa(x_i, x_{i'}) + \frac{1}{m(m-1)} \sum_{j \ne j'} \kappa(x^{\text{fake}}_j, x^{\text{fake}}_{j'})
# - \frac{2}{nm} \sum_{i, j} \kappa(x_i, x^{\text{fake}}_j),$$
#
# and what reaches it is the gradient by each of its points. Two forces: data attract, other fakes repel. Mind in how many
# terms one fake occurs.
#
# The kernel decides how far the forces reach. A Gaussian is blind beyond a few widths; this one, rational quadratic, has
# tails that fall like a power:
#
# $$\kappa(a, b) = \Big(1 + \frac{|a - b|^2}{2\, r\, h^2}\Big)^{-r} \qquad\text{with the width } h \text{ and the power } r.$$
#
# By autograd or on paper, as you like. Fakes may coincide (a generator may have collapsed): the kernel is smooth there,
# so the result is finite.


# %% answer="t5"
def witness_and_slopes(x, x_fake, z, width, power):
    """MMD's witness function, and the gradient of the unbiased MMD^2 by the fakes.

    Args:
        x: Data with shape (n, d), n >= 2.
        x_fake: Fakes with shape (m, d), m >= 2; some may coincide.
        z: Points at which the witness is asked, with shape (q, d).
        width: h > 0, in the units of x.
        power: r > 0.

    Returns:
        A tuple (witness, gradient): f(z), high on data, with shape (q,); and the derivative of
        MMD^2 by every coordinate of every fake, with shape (m, d). A descent step goes
        against it.
    """
    ### BEGIN SOLUTION
    def kernel(a, b):
        return (1 + (a[:, None] - b).square().sum(2) / (2 * power * width**2)) ** -power

    witness = kernel(z, x).mean(1) - kernel(z, x_fake).mean(1)
    y = x_fake.clone().requires_grad_()
    m = len(y)
    own = kernel(y, y).sum() / (m * (m - 1))  # of the pairs (j, j) the kernel is constant: they have no gradient
    (gradient,) = torch.autograd.grad(own - 2 * kernel(x, y).mean(), y)
    return witness, gradient
    ### END SOLUTION


# %% check="t5"
check("t5", witness_and_slopes)

# %% [markdown]
# **Predict, then run.** Data lie on a ring, most fakes in one heap on it and two of them far outside. Colours show the
# witness, arrows where each fake is pushed (their length is the root of the force, so that weak ones can be seen).
# Which way do the fakes *inside* the heap go? How large are the arrows far outside, and how would they look with
# `power=8`, when the kernel is nearly a Gaussian?


# %% play=true
@check.play
def pushes(width=0.5, power=0.5):
    g = torch.Generator().manual_seed(0)
    angle = 2 * math.pi * torch.rand(80, generator=g).double()
    x = torch.stack([angle.cos(), angle.sin()], 1) + 0.08 * torch.randn(80, 2, generator=g).double()
    heap = torch.tensor([0.9, 0.3]) + 0.25 * torch.randn(14, 2, generator=g)
    x_fake = torch.cat([heap, torch.tensor([[-1.9, 1.5], [-1.7, -1.7]])]).double()
    side = torch.linspace(-2.5, 2.5, 61, dtype=torch.float64)
    z = torch.cartesian_prod(side, side)
    witness, gradient = (check.array(v) for v in witness_and_slopes(x, x_fake, z, width, power))
    _, ax = plt.subplots(figsize=(6.4, 5.4))
    top = float(witness.abs().max())
    field = ax.pcolormesh(side, side, witness.reshape(61, 61).T, cmap="PuOr", vmin=-top, vmax=top)
    plt.colorbar(field, label="witness, high on data")
    ax.scatter(*x.T, s=8, color="0.25", label="data")
    ax.scatter(*x_fake.T, s=14, color="tab:red", label="fakes")
    push = -gradient / gradient.norm(dim=1, keepdim=True).sqrt()
    ax.quiver(*x_fake.T, *push.T, color="tab:red", width=0.006, angles="xy", scale=2.2)
    ax.set(aspect="equal")
    ax.legend(loc="lower right")
    plt.show()


# %% [markdown]
# ## 6 · n-grams of a softmax
#
# A generator of text ends in a softmax: for each run of $L$ characters it gives, at each place, the shares of the $V$
# characters of the alphabet. A critic with bounded slope can read these shares as they are, so gradients
# pass, and WGAN-GP can be trained on text without any trick. To judge it, compare its n-grams (single characters,
# pairs, triples) with those of real text.
#
# One could draw characters and count. It is not needed: given its shares, a run's characters are drawn independently,
# so a pair $(a, b)$ stands at places $i$ and $i+1$ with probability $s_i(a)\, s_{i+1}(b)$. The expected share of a pair
# among all pairs is the *average of these products* over the runs and the places. It is not the product of averages: a
# generator that writes "aaaa" in half of its runs and "bbbb" in the other half never writes "ab".
#
# For the text, count. Runs are pieces from anywhere, so no n-gram reaches from one run into the next. Both tables
# then have $V^n$ shares that add up to 1. Compare them by the Jensen–Shannon divergence,
#
# $$\mathrm{JS}(P, Q) = \tfrac12 \mathrm{KL}(P \| M) + \tfrac12 \mathrm{KL}(Q \| M), \qquad M = \tfrac12 (P + Q),$$
#
# in nats. Most n-grams never come up at all: an entry of zero adds nothing to a KL.


# %% answer="t6"
def ngram_js(shares, text, n):
    """Jensen-Shannon divergence between the n-grams of a generator and those of text.

    Args:
        shares: What the generator's softmax gives, shape (m, L, V): for each of m runs and each
            of L places the shares of V characters; some may be exactly zero.
        text: Real text, codes 0 ... V - 1, integers with shape (runs, K). Not all codes need
            occur; K need not be L.
        n: 1, 2 or 3; at most L and K.

    Returns:
        JS of the expected n-grams of the generator and the n-grams of the text, one number in
        [0, log 2].
    """
    ### BEGIN SOLUTION
    def table(soft):
        length = soft.shape[1] - n + 1
        grams = soft[:, :length].flatten(0, 1)
        for j in range(1, n):  # (runs of n-grams, V^j) times (the same, V) gives (…, V^(j + 1))
            grams = (grams[:, :, None] * soft[:, j : j + length].flatten(0, 1)[:, None]).flatten(1)
        return grams.mean(0)

    p, q = table(torch.nn.functional.one_hot(text, shares.shape[2]).to(shares.dtype)), table(shares)
    middle = (p + q) / 2
    return sum((v * (v / middle).log())[v > 0].sum() for v in (p, q)) / 2
    ### END SOLUTION


# %% check="t6"
check("t6", ngram_js)

# %% [markdown]
# **Predict, then run.** A generator that cannot write, only garble: its shares are real runs of the course's text,
# mixed with the average shares of all characters. Single characters stay right, whatever the mixture. What happens to
# the pairs? The dotted lines are real runs against real runs: why are they not at zero, and what does that say about a
# figure of 0.05?


# %% play=true
@check.play
def garbled():
    from coursekit.data import Runs
    runs = Runs(12, dtype=torch.float64)
    g = torch.Generator().manual_seed(0)
    own, other = runs.sample(200, generator=g), runs.sample(200, generator=g)
    text, average = other.argmax(2), own.mean((0, 1))
    garbled = np.linspace(0, 1, 6)
    _, ax = plt.subplots()
    for n, colour in ((1, "C0"), (2, "C1")):
        js = [float(ngram_js((1 - s) * own + s * average, text, n)) for s in garbled]
        ax.plot(garbled, js, "o-", color=colour, label=f"{n}-grams of the generator")
        ax.axhline(js[0], color=colour, linestyle=":", linewidth=1)
    ax.set(xlabel="how much is garbled", ylabel="JS, nats", ylim=(0, None))
    ax.legend()
    plt.show()


# %% [markdown]
# ## What to take away
#
# - A critic's gain, divided by its steepest slope between the points, never exceeds the $W_1$ of the two samples. The
#   gain alone may be anything.
# - Clipping bounds the slope, and the bound says little of the slope that is left: for the random critic of the picture
#   they are a factor of a hundred apart.
# - One $\alpha$ and one slope a sample, over all of its coordinates; and a penalty that cannot be differentiated by the
#   weights trains nothing.
# - The best penalised critic is steeper than 1, the more so the longer the lines between data and fakes are. So
#   WGAN-GP's loss follows the distance, and is not the distance.
# - MMD has its critic for free. Its gradient is attraction by the data and repulsion among the fakes; the kernel
#   decides how far both reach.
# - Shares are as good as samples for expected n-grams: multiply first, then average. And a figure means something only
#   beside that of real text.
#
# **Compare** your answers with the library: `coursekit.gans.wasserstein`, `coursekit.gans.distance_games`,
# `coursekit.distances.mmd` and `coursekit.evaluation.ngrams`.
#
# **Next.** Section 11: a generator can please every critic of this section with a few points of each batch. Mode
# collapse, and what helps against it.
