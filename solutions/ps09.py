# %% [markdown]
# # Problem set 9: the GAN game
#
# **You will practise**
# - writing down the best critic when the batch is not half data, and the fakes come from several generators;
# - the generator's losses and their slopes, and why one of them goes flat when it is needed most;
# - the bound by which an f-GAN turns any divergence into a game;
# - who moves when: simultaneous, alternating and extragradient play, and one honest round of training;
# - reading a divergence off a critic's logits, with an error bar.
#
# **You should know** the GAN game of lecture 9, f-divergences of lecture 8, the chain rule, and a little torch or numpy.
#
# **Time** about 100 to 130 minutes for the six tasks (an estimate). **Points** 100.

# %% [markdown]
# ## How the checks work
#
# Each task asks for one function. Below it stands one line, `check("t1", my_function)`: it calls your function on a few
# inputs and says *right*, or what differs. It also recognises the classic mistakes and then gives a hint. Grading
# runs the same line on other inputs of the same kinds, with other sizes. For the whole set at once, save the notebook,
# then run `coursekit check ps09` in a terminal. Some tasks have parts; the later ones count once the first is right.
#
# - Tensors come in as float64, a sample as one point a row. Keep the name and the arguments of each function.
#   `optimal_logit(**check.inputs("t1", 1))` calls a function on a check's case by hand, here on case 1 of task 1.
# - Use torch, numpy or plain Python, vectorised or in loops; tensors, arrays and lists are all fine as results.
#   Gradients may come from autograd or from paper.
# - Write the formulas yourself. `coursekit.gans` and `coursekit.distances` are for comparing afterwards; in an answer
#   they are flagged.
# - As in the lecture, a critic is high on data and gives *logits* $D(x)$; the probability of "data" is $\sigma(D(x))$, with
#   $\sigma(v) = 1 / (1 + e^{-v})$. Logarithms are natural, so divergences are in nats.

# %%
import math
import matplotlib.pyplot as plt
import numpy as np
import torch
from coursekit.checks import open_checks
check = open_checks("ps09")


# %% [markdown]
# ## 1 · The best critic
#
# Before training a critic it pays to know what it could learn at best. A critic is a classifier, so the best one is
# Bayes' rule: how likely is "data", given $x$? In the lecture a batch was half data, half fakes, and all fakes came from
# one generator. Practice is less tidy. Some people show the critic fakes of earlier generators as well, so that the
# generator cannot escape by returning to an old trick. Then the heap of fakes is a mixture,
# $p_g = \sum_k w_k\, p_k$, and data are a share $\pi$ of the batch:
#
# $$\sigma(D^*(x)) = \frac{\pi\, p(x)}{\pi\, p(x) + (1 - \pi) \sum_k w_k\, p_k(x)}.$$
#
# Solve for the logit $D^*$, with $D = \log \frac{\sigma(D)}{1 - \sigma(D)}$, and simplify on paper first. You are given
# log-densities, because in many dimensions the densities themselves are numbers like $e^{-1000}$. A density of exactly
# zero arrives as $-\infty$, and then the answer may be $\pm\infty$, which is right: a point that fakes cannot be is
# certainly data. Where both sides are zero, $x$ carries no evidence, and what is left is what one would say without
# looking.


# %% answer="t1"
def optimal_logit(log_p, log_g, weights, prior):
    """Logit of the best critic, for data and the fakes of several generators.

    Args:
        log_p: Log-densities of the data with shape (n,); may be -inf.
        log_g: Log-densities of the K generators with shape (n, K); may be -inf.
        weights: Share of each generator among the fakes, shape (K,), positive, sum one.
        prior: pi, the share of data in the batch, a float in (0, 1).

    Returns:
        The logit D* with shape (n,): +inf where only data can be, -inf where only
        fakes can be. Where neither can be: the logit of the prior alone.
    """
    ### BEGIN SOLUTION
    log_fake = torch.logsumexp(log_g + weights.log(), dim=1)
    odds = math.log(prior) - math.log(1 - prior)
    neither = (log_p == -math.inf) & (log_fake == -math.inf)
    return torch.where(neither, odds, odds + log_p - log_fake)
    ### END SOLUTION


# %% check="t1"
check("t1", optimal_logit)

# %% [markdown]
# **Predict, then run.** Data are $N(1, 1)$, fakes $N(-1, 1)$. The critic's border is where it says one half, $D^* = 0$. When
# half of the batch is data, it lies at $x = 0$. Which way does it move when only one point in ten is?


# %% play=true
@check.play
def borders():
    x = torch.linspace(-5, 5, 401, dtype=torch.float64)
    log_p, log_g = -(x - 1) ** 2 / 2, -(x[:, None] + 1) ** 2 / 2
    _, ax = plt.subplots()
    for prior in (0.5, 0.1, 0.9):
        logit = check.array(optimal_logit(log_p, log_g, torch.ones(1).double(), prior))
        ax.plot(x, torch.sigmoid(logit), label=f"share of data {prior}")
    ax.axhline(0.5, color="0.7", linewidth=1)
    ax.set(xlabel="x", ylabel="σ(D*(x))")
    ax.legend()
    plt.show()


# %% [markdown]
# ## 2 · What the generator wants
#
# The critic's loss is settled: cross-entropy. The generator's is a choice. Here are three, written with the logit $D$ of a
# fake. All want it to rise (Goodfellow 2016, section 3.2):
#
# | kind | loss of one fake |
# |---|---|
# | saturating (the minimax game) | $\log(1 - \sigma(D))$ |
# | non-saturating | $-\log \sigma(D)$ |
# | maximum likelihood | $-\sigma(D) / (1 - \sigma(D))$ |
#
# They differ in their *slopes*, the derivatives by the logits, which are all that the generator ever receives. Compute
# both, for the mean over a batch.
#
# Keep away from $\sigma(D)$ itself: for $D = 1000$ it is exactly 1 in floating point. Rewrite each loss in terms of $D$ first.
# What is $1 - \sigma(D)$, as a sigmoid? The function $\log(1 + e^v)$ is `softplus`, and both numpy (`logaddexp`) and torch
# have it in a form that does not overflow.


# %% answer="t2"
def generator_loss(logits, kind):
    """Mean loss of the generator, and its slopes.

    Args:
        logits: The critic's logits D on a batch of fakes, shape (n,). Some can be near
            1000 or -1000 (near 60 at most for "maximum likelihood").
        kind: "saturating", "non-saturating" or "maximum likelihood".

    Returns:
        A tuple (loss, slopes): the mean loss of the batch, one number; and its derivative
        by each of the logits, with shape (n,).
    """
    ### BEGIN SOLUTION
    logits = logits.clone().requires_grad_()
    if kind == "saturating":
        losses = -torch.nn.functional.softplus(logits)
    elif kind == "non-saturating":
        losses = torch.nn.functional.softplus(-logits)
    else:
        losses = -logits.exp()
    loss = losses.mean()
    (slopes,) = torch.autograd.grad(loss, logits)
    return loss, slopes
    ### END SOLUTION


# %% check="t2"
check("t2", generator_loss)

# %% [markdown]
# **Predict, then run.** Early in training all fakes are bad, and the critic knows: $D$ is around $-6$. Which of the three
# generators learns anything there? Later some fakes fool the critic. Which generator listens to these few alone?


# %% play=true
@check.play
def slopes_of_three_losses():
    v = torch.linspace(-6, 3, 181, dtype=torch.float64)
    _, ax = plt.subplots()
    for kind in ("saturating", "non-saturating", "maximum likelihood"):
        slopes = check.array(generator_loss(v, kind)[1])
        ax.semilogy(v, slopes.abs() * len(v), label=kind)
    ax.set(xlabel="logit D of a fake", ylabel="size of the slope", ylim=(1e-3, 30))
    ax.legend()
    plt.show()


# %% [markdown]
# ## 3 · A bound for any f
#
# The standard game measures the Jensen-Shannon divergence. An f-GAN measures any
# $D_f = \int p_g(x)\, f\big(p(x) / p_g(x)\big)\, dx$ with a convex $f$. The idea: a convex curve lies above its tangents.
# Call a tangent's slope $t$; its offset is $-f^*(t)$ with the conjugate $f^*(t) = \max_{u \ge 0}\, [\,u t - f(u)\,]$, so that
#
# $$D_f \;\ge\; E_{\text{data}}\, t(x) - E_{\text{fakes}}\, f^*(t(x)) \qquad \text{for any function } t,$$
#
# and expectations can be had from samples. Since $f^*$ is infinite beyond some $t$, the critic's free output $v$ passes
# an activation $t = g(v)$ that stays where $f^*$ is finite (Nowozin et al. 2016):
#
# | name | $f(u)$ | $t = g(v)$ |
# |---|---|---|
# | kl | $u \log u$ | $v$ |
# | reverse kl | $-\log u$ | $-e^{-v}$ |
# | neyman | $(1 - u)^2 / u$ | $1 - e^{-v}$ |
# | triangular | $(u - 1)^2 / (u + 1)$ | $1 - e^{-v}$ |
#
# The column that is missing is yours: set the derivative of $ut - f(u)$ to zero, solve for $u$, put it back. For
# *triangular* look at where $f'$ begins: at $u = 0$ it is $-3$. If $t$ is smaller, no $u$ has that slope, and the maximum
# over $u \ge 0$ is at the end of the range.
#
# Last, let the critic be sure: for *reverse kl* and $v = 800$, $t$ rounds to zero and $f^*(t)$ to infinity. Compose $f^*$
# and $g$ on paper before you type. (For a $v$ at which the formula itself is huge, there is nothing to save, and the
# checks do not ask.)


# %% answer="t3"
def f_gan_bound(real, fake, divergence):
    """The f-GAN's lower bound of a divergence, from a critic's outputs.

    Args:
        real: Outputs v on held-out data with shape (n,), before the activation.
        fake: Outputs v on fakes with shape (m,), before the activation; m need not be n.
        divergence: "kl", "reverse kl", "neyman" or "triangular".

    Returns:
        mean of g(v) over data, minus mean of f*(g(v)) over fakes: one number, finite.
        ("reverse kl" and "triangular" with some v near 800 or, on fakes, near -800.)
    """
    ### BEGIN SOLUTION
    if divergence == "kl":
        return real.mean() - (fake - 1).exp().mean()
    if divergence == "reverse kl":
        return -(-real).exp().mean() - (fake - 1).mean()
    root = (-fake / 2).exp()  # the square root of 1 - t
    conjugates = {"neyman": 2 - 2 * root,
                  "triangular": torch.where(root <= 2, (1 - root) * (3 - root), -1.0)}
    return (1 - (-real).exp()).mean() - conjugates[divergence].mean()
    ### END SOLUTION


# %% check="t3"
check("t3", f_gan_bound)

# %% [markdown]
# **Predict, then run.** Data are $N(1, 1)$, fakes $N(0, 1)$, so KL is exactly $\frac12$, and the best critic is
# $f'(p / p_g) = 1 + (x - \frac12)$. The picture scales its slope by $a$. Can the bound ever pass $\frac12$? The curve
# comes from samples: what would change with twenty points instead of twenty thousand?


# %% play=true
@check.play
def bound_of_a_worse_critic():
    noise = torch.randn(2, 20_000, generator=torch.Generator().manual_seed(0)).double()
    a = torch.linspace(0, 1.6, 41, dtype=torch.float64)
    bounds = [float(f_gan_bound(1 + s * (noise[0] + 0.5), 1 + s * (noise[1] - 0.5), "kl")) for s in a]
    _, ax = plt.subplots()
    ax.plot(a, bounds, label="your bound")
    ax.axhline(0.5, color="C1", label="KL")
    ax.set(xlabel="slope a of the critic", ylabel="nats")
    ax.legend()
    plt.show()


# %% [markdown]
# ## 4 · Orders of play
#
# A loss that falls tells you that training works. In a game there is no such loss: what is good for one player is bad
# for the other, and following one's own gradient need not lead anywhere. The smallest game that shows it has the value
#
# $$V(x, y) = x^\top A\, y = \sum_{ij} x_i A_{ij}\, y_j .$$
#
# $x$ takes steps that lower $V$, with the step size $\eta_x$; $y$ takes steps that raise it, with $\eta_y$. Everyone
# follows the gradient by their own variables, and the one question is *at which point* it is taken:
#
# - **simultaneous**: both at the present point $(x, y)$;
# - **alternating**: $x$ moves first, at $(x, y)$; then $y$ moves at (new $x$, $y$). GANs are trained like this;
# - **extragradient**: both look ahead, $(\tilde x, \tilde y)$ being where a simultaneous step would lead. Then both take
#   their step *from* $(x, y)$, with the gradients *at* $(\tilde x, \tilde y)$ (Korpelevich 1976).
#
# Write the two gradients on paper before you start; with a rectangular $A$ only one way of multiplying fits.


# %% answer="t4"
def play(x, y, payoff, rate_x, rate_y, steps, order):
    """Plays the game V = x . payoff @ y; x lowers it, y raises it.

    Args:
        x: Start of the first player with shape (m,).
        y: Start of the second player with shape (n,).
        payoff: A with shape (m, n).
        rate_x: Step size of x, a float > 0.
        rate_y: Step size of y, a float > 0.
        steps: Number of steps of each player, an integer >= 1.
        order: "simultaneous", "alternating" (x first) or "extragradient".

    Returns:
        A tuple (x_path, y_path) with shapes (steps + 1, m) and (steps + 1, n): the start,
        and where the players are after each step of both.
    """
    ### BEGIN SOLUTION
    x_path, y_path = [x], [y]
    for _ in range(steps):
        at_x, at_y = x, y  # where the gradients are taken
        if order == "extragradient":
            at_x, at_y = x - rate_x * payoff @ y, y + rate_y * payoff.T @ x
        x = x - rate_x * payoff @ at_y
        if order == "alternating":
            at_x = x
        y = y + rate_y * payoff.T @ at_x
        x_path.append(x)
        y_path.append(y)
    return torch.stack(x_path), torch.stack(y_path)
    ### END SOLUTION


# %% check="t4"
check("t4", play)

# %% [markdown]
# **Predict, then run.** $V = xy$ on the plane, from $(1, 0)$, forty steps. The only equilibrium is the origin. One order
# of play spirals outwards, one circles for ever, one closes in. Which is which? Then raise the step size: does any of them
# change its character?


# %% play=true
@check.play
def three_orders():
    one = torch.ones(1, dtype=torch.float64)
    _, axes = plt.subplots(1, 3, figsize=(10, 3.6), layout="constrained")
    for ax, order in zip(axes, ("simultaneous", "alternating", "extragradient"), strict=True):
        x, y = play(one, 0 * one, one[None], 0.3, 0.3, 40, order)
        ax.plot(check.array(x)[:, 0], check.array(y)[:, 0], ".-", markersize=4, linewidth=0.8)
        ax.plot(0, 0, "k+", markersize=12)
        ax.set(title=order, xlabel="x", aspect="equal")
    plt.show()


# %% [markdown]
# ## 5 · One round of training
#
# Now the game with data. Two players so small that every gradient fits on paper:
#
# $$D(x) = w \cdot x + b \quad\text{(the critic, a logit)}, \qquad G(z) = z\,S + s \quad\text{(the generator, } z
# \text{ a row)}.$$
#
# One round has $k$ steps of the critic and then one step of the generator, all by plain gradient descent:
#
# - Step $i$ of the critic uses the batch $x_i$ and fakes made of the noise $z_i$. Its loss is the mean of $-\log \sigma(D)$
#   over the data plus the mean of $-\log(1 - \sigma(D))$ over the fakes. *The generator is frozen.*
# - The generator then makes fakes of its own noise and lowers the mean of $-\log \sigma(D)$ over them, against the critic
#   as it has become. *The critic is frozen.*
#
# "Frozen" is where most loops go wrong. The fakes are made by the generator, so autograd will happily follow
# the critic's loss through them into $S$ and $s$. And `backward()` *adds* to `.grad`; nothing is cleared unless you clear
# it. If you use autograd, decide for every gradient by which parameters it is taken. If you use paper: start with the
# derivative of each loss by a logit, as in task 2.


# %% answer="t5"
def train_round(x, z_critic, z_generator, w, b, scale, shift, rate_d, rate_g):
    """k steps of the critic, then one step of the generator.

    Args:
        x: Data, one batch for each step of the critic, shape (k, n, d).
        z_critic: Noise of the fakes in these steps, shape (k, m, q); m need not be n.
        z_generator: Noise of the generator's own step, shape (l, q).
        w: Weights of the critic with shape (d,).
        b: Offset of the critic, a float.
        scale: S with shape (q, d).
        shift: s with shape (d,).
        rate_d: Step size of the critic, a float > 0.
        rate_g: Step size of the generator, a float > 0.

    Returns:
        A tuple (w, b, scale, shift) after the round, with the shapes (d,), (), (q, d), (d,).
    """
    ### BEGIN SOLUTION
    softplus, grad = torch.nn.functional.softplus, torch.autograd.grad
    w, b = w.clone().requires_grad_(), torch.tensor(b, dtype=w.dtype, requires_grad=True)
    for real, z in zip(x, z_critic, strict=True):
        fake = z @ scale + shift  # scale and shift ask for no gradient yet: the generator is frozen
        loss = softplus(-(real @ w + b)).mean() + softplus(fake @ w + b).mean()
        step_w, step_b = grad(loss, (w, b))
        w = (w - rate_d * step_w).detach().requires_grad_()
        b = (b - rate_d * step_b).detach().requires_grad_()
    w, b = w.detach(), b.detach()
    scale, shift = scale.clone().requires_grad_(), shift.clone().requires_grad_()
    loss = softplus(-((z_generator @ scale + shift) @ w + b)).mean()
    step_scale, step_shift = grad(loss, (scale, shift))
    return w, b, scale - rate_g * step_scale, shift - rate_g * step_shift
    ### END SOLUTION


# %% check="t5"
check("t5", train_round)

# %% [markdown]
# **Predict, then run.** Your rounds on data around $(2, 1)$; the fakes start around the origin. A linear critic sees
# little more than the difference of the means. Does the middle of the fakes walk straight to the data's, the grey line,
# and stay there, or does task 4 show through? Does it help to let the critic take five steps a round?


# %% play=true
@check.play
def rounds():
    g = torch.Generator().manual_seed(0)
    target = torch.tensor([2.0, 1.0], dtype=torch.float64)
    _, ax = plt.subplots()
    for k in (1, 5):
        players = torch.zeros(2).double(), 0.0, 0.5 * torch.eye(2).double(), torch.zeros(2).double()
        path = []
        for _ in range(150):
            x, z_critic = (0.5 * torch.randn(2, k, 64, 2, generator=g)).double()
            z_generator = torch.randn(64, 2, generator=g).double()
            w, b, scale, shift = train_round(x + target, 2 * z_critic, z_generator, *players, 0.2, 0.2)
            players = check.array(w), float(b), check.array(scale), check.array(shift)
            path.append(float(players[3][0]))
        ax.plot(path, label=f"k = {k}")
    ax.axhline(target[0], color="0.6", linewidth=1)
    ax.set(xlabel="round", ylabel="first coordinate of the fakes' mean")
    ax.legend()
    plt.show()


# %% [markdown]
# ## 6 · What the logits say about JS
#
# The value of the standard game at the best critic is $2\,\text{JS} - \log 4$. Any other critic reaches less, so in
# expectation
#
# $$\widehat{\text{JS}} = \tfrac12 \Big( \text{mean}_{\text{data}} \log \sigma(D) + \text{mean}_{\text{fakes}} \log(1 - \sigma(D))
# + \log 4 \Big)
# \;\le\; \text{JS}.$$
#
# Three things decide whether you may believe the number.
#
# - *Which points.* A critic can learn its training points by heart, and tells those apart whatever the
#   distributions are. The masks say which points it has seen; only the others count.
# - *Outliers.* One held-out point on which the critic is sure and wrong costs hundreds of nats. Clipping all logits to
#   $[-c, c]$ makes another, less cocksure critic of it; the bound holds for that one too.
# - *Chance.* A figure without an error bar is half a figure. The two means are independent, the variance of each is the
#   unbiased variance of its terms divided by their number, and the estimate is half of a sum.
#
# The estimate may be negative. That says that the critic is worse than a coin, and it should be allowed to say so.


# %% answer="t6"
def js_estimate(real, fake, real_seen, fake_seen, clip):
    """A lower bound of the Jensen-Shannon divergence, estimated on points that the critic has not seen.

    Args:
        real: The critic's logits on data with shape (n,).
        fake: The critic's logits on fakes with shape (m,); m need not be n.
        real_seen: True where the critic was trained on that point, booleans, shape (n,).
        fake_seen: The same for the fakes, booleans, shape (m,). Of either kind at least
            three points are unseen.
        clip: c > 0; all logits are clipped to [-c, c] first.

    Returns:
        A tuple (js, standard_error), two numbers in nats.
    """
    ### BEGIN SOLUTION
    real, fake = real[~real_seen].clamp(-clip, clip), fake[~fake_seen].clamp(-clip, clip)
    log_d, log_not_d = torch.nn.functional.logsigmoid(real), torch.nn.functional.logsigmoid(-fake)
    js = (log_d.mean() + log_not_d.mean() + math.log(4)) / 2
    return js, (log_d.var() / len(real) + log_not_d.var() / len(fake)).sqrt() / 2
    ### END SOLUTION


# %% check="t6"
check("t6", js_estimate)

# %% [markdown]
# **Predict, then run.** Data are $N(1, 1)$, fakes $N(-1, 1)$, 200 held-out points of each. The best logit is $2x$; the
# critic's is $2ax$, so it is too shy left of $a = 1$ and too sure right of it. Where is the estimate highest? What happens
# to the error bars on the right, and what would a smaller `clip` do to them?


# %% play=true
@check.play
def shy_and_sure_critics():
    noise = torch.randn(2, 200, generator=torch.Generator().manual_seed(0)).double()
    x, x_fake, unseen = noise[0] + 1, noise[1] - 1, torch.zeros(200, dtype=torch.bool)
    a = np.linspace(0, 5, 21)
    found = [[float(v) for v in js_estimate(2 * s * x, 2 * s * x_fake, unseen, unseen, 1000.0)] for s in a]
    js, error = np.array(found).T
    _, ax = plt.subplots()
    ax.errorbar(a, js, yerr=2 * error, fmt="o-", capsize=3, label="your estimate, ± 2 standard errors")
    line = torch.linspace(-12, 12, 4001, dtype=torch.float64)
    p, q = (torch.exp(-((line - m) ** 2) / 2) / math.sqrt(2 * math.pi) for m in (1, -1))
    log_d = torch.nn.functional.logsigmoid
    true = (torch.trapezoid(p * log_d(2 * line) + q * log_d(-2 * line), line) + math.log(4)) / 2
    ax.axhline(true, color="C1", label="JS, by quadrature")
    ax.set(xlabel="a", ylabel="nats")
    ax.legend()
    plt.show()


# %% [markdown]
# ## What to take away
#
# - The best critic's logit is a log-density ratio plus the log-odds of the batch. Nothing about it needs half and half.
# - Losses with the same fixed points can have very different slopes, and a generator sees only slopes.
# - An f-GAN's bound is tangents under a convex curve. Activation and conjugate are two halves of one formula; simplify it
#   before you compute it.
# - In a game the point at which a gradient is taken decides between spiralling out, circling and arriving.
# - Frozen means that no gradient of the other player's loss arrives. Autograd does not know who is playing.
# - A critic's value is a lower bound of a divergence on unseen points only, and deserves an error bar.
#
# **Compare** your answers with the library: `coursekit.gans` has the objectives as pure functions of the logits, the
# bilinear game and the best critic; `coursekit.training.fit_adversarial` is the loop that you wrote in task 5.
#
# **Next.** All of these divergences look at density ratios, and say nothing useful when data and fakes do not overlap.
# Section 10 replaces the ratio by a distance.
