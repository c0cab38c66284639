# %% [markdown]
# # Problem set 11: mode collapse and its remedies
#
# **You will practise**
# - judging a generator by modes, quality and evenness, also where the modes differ in width and weight;
# - packing: what a critic is shown, what its label is, and why two generators that are equally wrong point by point can be
#   very different pack by pack;
# - features that tell a critic how much alike its points are;
# - a gradient through the critic's next steps;
# - saying which of several remedies is better, and when you may not.
#
# **You should know** mode collapse and its remedies from lecture 11, the game's losses of lecture 9, total variation, and a
# little torch or numpy.
#
# **Time** about 110 to 140 minutes for the six tasks (an estimate). **Points** 100.

# %% [markdown]
# ## How the checks work
#
# Each task asks for one function. Below it stands one line, `check("t1", my_function)`: it calls your function on a few
# inputs and says *right*, or what differs. It also recognises the classic mistakes and then gives a hint. Grading
# runs the same line on other inputs of the same kinds, with other sizes. For the whole set at once, save the notebook,
# then run `coursekit check ps11` in a terminal. Some tasks have parts; the later ones count once the first is right.
#
# - Tensors come in as float64 (counts as integers, masks as booleans), a sample as one point a row. Keep the name and the
#   arguments of each function. `judge_modes(**check.inputs("t1", 1))` calls a function on a check's case by hand, here on
#   case 1 of task 1.
# - Use torch, numpy, scipy or plain Python, vectorised or in loops; tensors, arrays and lists are all fine as results.
#   Gradients may come from autograd or from paper.
# - Write the formulas yourself. `coursekit.gans` and `coursekit.evaluation` are for comparing afterwards; in an answer
#   they are flagged, and pasted they would not fit.
# - A critic is high on data and gives *logits*: $D(x) = \sigma(v(x))$ is the probability of "data". Logarithms are natural.

# %%
import math
import matplotlib.pyplot as plt
import numpy as np
import torch
from coursekit.checks import open_checks
check = open_checks("ps11")


# %% [markdown]
# ## 1 · Modes, quality, evenness
#
# "The samples look varied" is not a measurement. Where the data are a mixture of known modes, three figures are. The field's
# protocol for them assumes that all modes are equally wide and equally frequent. Real modes are not, so here is the
# protocol for modes with a standard deviation $\sigma_k$ and a weight $w_k$ each:
#
# - The distance of a point from mode $k$ is measured *in units of that mode*: $r_k(x) = |x - \mu_k| / \sigma_k$. A point
#   belongs to the mode with the smallest $r_k$. It is of **high quality** if this is at most 3.
# - A mode is **caught** if at least `enough` points of high quality belong to it.
# - **Evenness** is $\mathrm{KL}(q \,\|\, w) = \sum_k q_k \log \frac{q_k}{w_k}$. Here $q_k$ is the share of *all* points, good or
#   bad, that belong to mode $k$.
#
# Two things to think about before you type. What is the distance of a point in the plane that is 2.5 units away along both
# axes? And what does a mode to which no point belongs add to the KL?


# %% answer="t1"
def judge_modes(x, means, scales, weights, enough):
    """Holds points of a generator against the modes of the data.

    Args:
        x: Points of the generator with shape (n, d).
        means: Centres of the modes with shape (K, d).
        scales: Standard deviation of each mode, the same in all directions, shape (K,).
        weights: Share of each mode among the data with shape (K,), positive, sum one.
        enough: Points of high quality that it takes to catch a mode, an integer >= 1.

    Returns:
        A tuple of three numbers: how many modes are caught; the share of points of high
        quality; the KL in nats, finite.
    """
    ### BEGIN SOLUTION
    units = (x[:, None] - means).norm(dim=2) / scales  # (n, K)
    nearest, mode = units.min(dim=1)
    good = nearest <= 3
    good_of_mode = torch.bincount(mode[good], minlength=len(means))
    served = torch.bincount(mode, minlength=len(means)) / len(x)
    kl = torch.special.xlogy(served, served / weights).sum()  # 0 log 0 is 0
    return (good_of_mode >= enough).sum(), good.double().mean(), kl
    ### END SOLUTION


# %% check="t1"
check("t1", judge_modes)

# %% [markdown]
# **Predict, then run.** Three modes, the middle one wide. One generator is perfect. One makes every mode half as wide as it
# should be, one has lost the mode on the right, one serves all modes and adds a tenth of junk. Which of the three figures
# gives each of them away? And which generator beats the perfect one in one figure?


# %% play=true
@check.play
def four_generators():
    g = torch.Generator().manual_seed(0)
    means = torch.tensor([[-4.0, 0.0], [0.0, 0.0], [4.0, 0.0]], dtype=torch.float64)
    scales, weights = torch.tensor([0.3, 0.9, 0.3]).double(), torch.tensor([0.25, 0.5, 0.25]).double()
    def draw(shares, width, junk=0):
        mode = torch.multinomial(torch.tensor(shares), 1000, replacement=True, generator=g)
        x = means[mode] + width * scales[mode, None] * torch.randn(1000, 2, generator=g)
        x[:junk] = 12 * torch.rand(junk, 2, generator=g).double() - 6
        return x
    shown = {"perfect": draw([1.0, 2, 1], 1), "too narrow": draw([1.0, 2, 1], 0.5),
             "one mode lost": draw([1.0, 2, 0], 1), "a tenth junk": draw([1.0, 2, 1], 1, 100)}
    _, axes = plt.subplots(1, 4, figsize=(13, 3.2), sharex=True, sharey=True, layout="constrained")
    for ax, (name, x) in zip(axes, shown.items(), strict=True):
        modes, quality, kl = (float(v) for v in judge_modes(x, means, scales, weights, 5))
        ax.plot(*x.T, ".", markersize=2)
        ax.set(title=f"{name}\n{modes:.0f} modes, {quality:.1%} good, KL {kl:.3f}", aspect="equal", xlim=(-6, 6), ylim=(-6, 6))
    plt.show()


# %% [markdown]
# ## 2 · Packs
#
# A critic that sees one point at a time cannot object to a generator that always makes the same good point. A critic that sees
# $m$ points at once can: packs of data are seldom $m$ times the same. That is all of PacGAN (Lin et al. 2018), and
# everything depends on doing the bookkeeping right.
#
# A batch arrives shuffled, `real` says which points are data. Make packs of each kind apart:
#
# - take the points of one kind *in the order of the batch*; the first $m$ of them make the first pack, the next $m$ the
#   second, and so on. What is left over at the end is not used;
# - a pack is one row: point after point, each with all of its $d$ coordinates;
# - a pack has *one* label, 1 for data and 0 for fakes. Packs of data come first.
#
# The critic's logit of a pack $u$ is $v(u) = \tanh(u\,F) \cdot s$, with a matrix $F$ and a vector $s$. Its loss is the mean
# of $-\log D$ over the packs of data plus the mean of $-\log (1 - D)$ over the packs of fakes.


# %% answer="t2"
def packed_loss(x, real, m, first, second):
    """Packs a shuffled batch, kind by kind, and takes the critic's loss on the packs.

    Args:
        x: A batch of points with shape (n, d), data and fakes mixed.
        real: True where a point is data, booleans, shape (n,).
        m: Points in a pack, an integer >= 1; of each kind there are at least m points.
        first: F with shape (m d, h).
        second: s with shape (h,).

    Returns:
        A tuple (packs, labels, loss): packs with shape (N, m d), data before fakes; labels
        with shape (N,), 1 for data and 0 for fakes; one number.
    """
    ### BEGIN SOLUTION
    def packs_of(points):
        whole = len(points) // m * m
        return points[:whole].reshape(-1, m * x.shape[1])

    softplus = torch.nn.functional.softplus
    data, fakes = packs_of(x[real]), packs_of(x[~real])
    on_data, on_fakes = (torch.tanh(packs @ first) @ second for packs in (data, fakes))
    labels = torch.cat([torch.ones(len(data)), torch.zeros(len(fakes))])
    return torch.cat([data, fakes]), labels, softplus(-on_data).mean() + softplus(on_fakes).mean()
    ### END SOLUTION


# %% check="t2"
check("t2", packed_loss)

# %% [markdown]
# **Predict, then run.** Data are two modes on a line, at −1 and 1. The fakes of one batch all come from *one* of the two
# modes, and which one changes from batch to batch (a generator that runs from mode to mode does this). Draw your packs
# of two as points of the plane, from forty batches. Where do packs of data lie, and where do those of fakes never lie? On
# either axis alone, could you tell them apart?


# %% play=true
@check.play
def packs_in_the_plane():
    g = torch.Generator().manual_seed(0)
    found = [[], []]
    for i in range(40):
        data = torch.randint(0, 2, (8, 1), generator=g) * 2.0 - 1
        x = torch.cat([data, torch.full((8, 1), 2.0 * (i % 2) - 1)]) + 0.15 * torch.randn(16, 1, generator=g)
        order = torch.randperm(16, generator=g)
        packs, labels, _ = packed_loss(x[order].double(), order < 8, 2, torch.ones(2, 1).double(), torch.ones(1).double())
        for pack, label in zip(check.array(packs), check.array(labels), strict=True):
            found[int(label)].append(pack)
    _, axes = plt.subplots(1, 2, figsize=(8, 4), sharex=True, sharey=True, layout="constrained")
    for ax, kind, title in zip(axes, (1, 0), ("packs of data", "packs of fakes"), strict=True):
        ax.plot(*torch.stack(found[kind]).T, ".", color=f"C{1 - kind}")
        ax.set(title=title, xlabel="first point of the pack", ylabel="second point", aspect="equal")
    plt.show()


# %% [markdown]
# ## 3 · Why packing works
#
# How far apart are $p$ and $q$ for a critic that sees one point, and for one that sees $m$? On a finite set of values the total
# variation is $\tfrac12 \sum_i |p_i - q_i|$. A pack of $m$ independent points is a sequence $(i_1, \dots, i_m)$ with probability
# $p_{i_1} \cdots p_{i_m}$, so its total variation is
#
# $$\mathrm{TV}(p^m, q^m) = \tfrac12 \sum_{i_1, \dots, i_m} \big| p_{i_1} \cdots p_{i_m} - q_{i_1} \cdots q_{i_m} \big| .$$
#
# In *small packs* you may list all $K^m$ sequences. In *large packs*, with $m$ up to 2000, nobody can: the universe has fewer
# atoms. But sequences that hold the same values equally often have the same probabilities. Sum over the counts
# $(c_1, \dots, c_K)$ with $c_1 + \dots + c_K = m$ instead, and ask how many sequences share each of them. That number is huge,
# the probability of each sequence is tiny, and floating point holds neither; their logarithms are harmless
# (`lgamma`$(n + 1) = \log n!$ is in `math`, torch and scipy).
#
# Until you have large packs, let the function `raise NotImplementedError` for $m > 10$, so that the check of small packs need
# not wait for ever.


# %% answer="t3"
def tv_of_packs(p, q, m):
    """Total variation between packs of m independent points.

    Args:
        p: Probabilities of the K values with shape (K,), sum one; some may be zero.
        q: Likewise with shape (K,).
        m: Points in a pack, an integer >= 1. Small packs: K^m is at most 300. Large packs:
            m up to 2000 where K is 2, up to 220 where K is 3, and nothing is zero.

    Returns:
        TV(p^m, q^m), one number between 0 and 1.
    """
    ### BEGIN SOLUTION
    def counts(k, left):
        if k == 1:
            return [(left,)]
        return [(i, *rest) for i in range(left + 1) for rest in counts(k - 1, left - i)]

    table = torch.tensor(counts(len(p), m), dtype=p.dtype)
    log_orders = math.lgamma(m + 1) - torch.lgamma(table + 1).sum(1)
    on_p, on_q = ((log_orders + torch.special.xlogy(table, v).sum(1)).exp() for v in (p, q))
    return (on_p - on_q).abs().sum() / 2
    ### END SOLUTION


# %% check="t3"
check("t3", tv_of_packs)

# %% [markdown]
# **Predict, then run.** Data are uniform on three values. Both generators have total variation 0.25 from the data. The first
# has *lost* most of a value, the second gives every value, two of them a bit too often or too seldom. To a critic of single
# points they are equally bad. Who is found out first, as packs grow?


# %% play=true
@check.play
def two_generators_with_equal_tv():
    data = torch.ones(3).double() / 3
    generators = {"one value nearly lost": torch.tensor([1 / 3 - 0.25, 1 / 3 + 0.125, 1 / 3 + 0.125]),
                  "one value too often": torch.tensor([1 / 3 + 0.25, 1 / 3 - 0.125, 1 / 3 - 0.125])}
    _, ax = plt.subplots()
    for name, q in generators.items():
        ax.plot(range(1, 21), [float(tv_of_packs(data, q.double(), m)) for m in range(1, 21)], "o-", label=name)
    ax.set(xlabel="points in a pack", ylabel="total variation", ylim=(0, 1), xticks=range(1, 21, 3))
    ax.legend()
    plt.show()


# %% [markdown]
# ## 4 · How near are the others?
#
# Packs change what the critic is given. One can also leave it single points and add to each a few numbers about its batch.
# Minibatch discrimination (Salimans et al. 2016, section 3.2) takes the features $f_i$ of the points from one of the critic's
# layers, $A$ numbers each. A learnt tensor $T$ with shape $(A, B, C)$ turns them into $B$ vectors of length $C$, and these
# are compared:
#
# $$M_{ib} = \sum_a f_{ia}\, T_{ab} \in \mathbb R^C, \qquad
# o_{ib} = \frac{1}{\#\text{others}} \sum_{j \text{ another of } i\text{'s kind}} \exp\big(-\|M_{ib} - M_{jb}\|_1\big).$$
#
# "Another of $i$'s kind" is where it differs from the paper, which adds up over all of the batch, the point itself
# included, and relies on batches of one kind. Yours holds data and fakes together, in any order. So data are compared with
# data and fakes with fakes; a point is not its own neighbour; and the mean is over those others, so that the critic does not
# just count. A point that is the only one of its kind has no others; give it zeros.


# %% answer="t4"
def minibatch_features(features, tensor, real):
    """Appends to each point's features how near the others of its kind are.

    Args:
        features: f with shape (n, A).
        tensor: T with shape (A, B, C).
        real: True where a point is data, booleans, shape (n,).

    Returns:
        Features and closenesses (f, o) with shape (n, A + B).
    """
    ### BEGIN SOLUTION
    vectors = torch.einsum("na,abc->nbc", features, tensor)
    near = torch.exp(-(vectors[:, None] - vectors).abs().sum(3))  # (n, n, B)
    others = (real[:, None] == real) & ~torch.eye(len(real), dtype=torch.bool)
    count = others.sum(1, keepdim=True).clamp_min(1)
    return torch.cat([features, (near * others[..., None]).sum(1) / count], dim=1)
    ### END SOLUTION


# %% check="t4"
check("t4", minibatch_features)

# %% [markdown]
# **Predict, then run.** Both kinds have one feature; the data's is normal. The fakes' is normal with a spread of $s$. For
# small $s$ they are near-copies. Where would a critic that sees only the closeness draw its line? And what about a
# generator that spreads too much?


# %% play=true
@check.play
def closeness_against_spread():
    g = torch.Generator().manual_seed(0)
    tensor, real = torch.ones(1, 1, 1).double(), torch.arange(128) < 64
    spreads = torch.logspace(-2, 1, 25)
    closeness = []
    for s in spreads:
        f = torch.randn(128, 1, generator=g).double() * torch.where(real, 1.0, s)[:, None].double()
        o = check.array(minibatch_features(f, tensor, real))[:, 1]
        closeness.append([o[real].median(), o[~real].median(), o[~real].min(), o[~real].max()])
    data, fakes, low, high = np.array(closeness).T
    _, ax = plt.subplots()
    ax.semilogx(spreads, data, label="data, median")
    ax.semilogx(spreads, fakes, label="fakes, median")
    ax.fill_between(spreads, low, high, color="C1", alpha=0.2, label="fakes, all")
    ax.set(xlabel="spread s of the fakes", ylabel="closeness", ylim=(0, 1.02))
    ax.legend()
    plt.show()


# %% [markdown]
# ## 5 · Looking ahead
#
# Against a critic that stands still, the best a generator can do is to put all points where that critic is highest. But the
# critic will answer. An *unrolled* GAN (Metz et al. 2017) lets the generator take the answer into account: it imagines the
# critic's next $k$ steps and differentiates through them.
#
# To make this small enough to hold in your hands: points on a line; the generator *is* its $n$ fakes $x$, which it may move
# freely; and the critic is a sum of $J$ bumps,
#
# $$v(x) = \sum_j \phi_j \exp\!\Big(-\frac{(x - c_j)^2}{2 h^2}\Big).$$
#
# Its loss $L_D(\phi, x)$ is the mean of $-\log D$ over the data plus the mean of $-\log(1 - D)$ over the fakes. One round is
#
# $$\phi_0 = \phi, \qquad \phi_{i+1} = \phi_i - \eta_D\, \nabla_\phi L_D(\phi_i, x), \qquad
# x' = x - \eta_G\, \frac{d}{dx} L_G\big(\phi_k(x), x\big), \qquad \phi' = \phi_1 .$$
#
# $L_G$ is the mean of $-\log D$ over the fakes. The derivative is a *total* one: fakes enter directly, and by way of $\phi_k$,
# through every one of the imagined steps. $\phi_2, \dots, \phi_k$ were only imagined. The critic itself takes one step, from
# $\phi$, on the data and on the fakes before they moved. $k = 0$ is the plain GAN, and there, too, the critic takes its step.


# %% answer="t5"
def unrolled_round(fakes, data, phi, centres, width, rate_d, rate_g, k):
    """One step of a generator that looks k steps of the critic ahead, and one step of the critic.

    Args:
        fakes: x, the generator's points, with shape (n,).
        data: Points with shape (N,).
        phi: The critic's parameters with shape (J,).
        centres: c with shape (J,).
        width: h, a float > 0.
        rate_d: Step size of the critic, real or imagined, a float > 0.
        rate_g: Step size of the generator, a float > 0.
        k: Number of imagined steps, an integer >= 0.

    Returns:
        A tuple (fakes, phi) after the round with shapes (n,) and (J,).
    """
    ### BEGIN SOLUTION
    softplus, grad = torch.nn.functional.softplus, torch.autograd.grad

    def logits(points, phi):
        return torch.exp(-((points[:, None] - centres) ** 2) / (2 * width**2)) @ phi

    def step(phi):  # keeps the graph: what it returns is a function of x
        loss = softplus(-logits(data, phi)).mean() + softplus(logits(x, phi)).mean()
        return phi - rate_d * grad(loss, phi, create_graph=True)[0]

    x, phi = fakes.clone().requires_grad_(), phi.clone().requires_grad_()
    ahead = phi
    for _ in range(k):
        ahead = step(ahead)
    (slope,) = grad(softplus(-logits(x, ahead)).mean(), x)
    return fakes - rate_g * slope, step(phi).detach()
    ### END SOLUTION


# %% check="t5"
check("t5", unrolled_round)

# %% [markdown]
# **Predict, then run.** Eight data points on a line (ticks on the right), a critic of two wide bumps, and four fakes that start
# together on the left. Each line is the path of a fake. The plain game first: do the fakes arrive? Do they come apart or
# closer together? Then let the generator look ahead.


# %% play=true
@check.play
def paths_of_fakes():
    data, centres = torch.linspace(-0.7, 0.7, 8).double(), torch.tensor([-2.0, 2.0], dtype=torch.float64)
    _, axes = plt.subplots(1, 3, figsize=(11, 3.4), sharey=True, layout="constrained")
    for ax, k in zip(axes, (0, 1, 5), strict=True):
        x, phi = torch.tensor([-1.2, -1.05, -0.95, -0.8]).double(), torch.zeros(2).double()
        path = [x]
        for _ in range(200):
            x, phi = (check.array(v) for v in unrolled_round(x, data, phi, centres, 2.0, 0.3, 4.0, k))
            path.append(x)
        ax.plot(torch.stack(path))
        ax.plot(torch.full((8,), 204), data, "k_", markersize=10)
        ax.set(title=f"k = {k}", xlabel="round")
    axes[0].set_ylabel("place on the line")
    plt.show()


# %% [markdown]
# In the plain game only the critic of the moment counts, and it says the same to all fakes. The answer of the critic depends
# on where the *others* are. This is a toy, though, with all of the critic in view: whether unrolling pays on 25 modes
# is a question for an experiment, and lecture 11 has the answer of ours.

# %% [markdown]
# ## 6 · Which remedy wins?
#
# Every remedy came with a picture of runs that went well. You have $S$ seeds of the plain game and, on the *same* seeds, of
# $R$ remedies. A hard draw is hard for everybody, so compare seed by seed:
#
# 1. On one seed the better generator is the one with more modes; with equally many modes, the one with the smaller KL. If both
#    figures are equal, the seed is a tie and is dropped.
# 2. **Sign test.** If the remedy were no better than the plain game, each of the $n$ seeds that are left would be a fair coin.
#    The p-value is the chance of *at least* as many wins as observed. Where no seed is left, nothing speaks against chance.
# 3. **Holm's correction.** Test twenty useless remedies at a level of 0.05 and one of them will win. So sort the p-values,
#    the smallest first. The first must be at most `level` $/ R$, the second at most `level` $/ (R - 1)$, and so on; the last
#    at most `level`. At the first p-value that is too large, stop: that remedy and all after it have not won.


# %% answer="t6"
def winning_remedies(modes, kl, plain_modes, plain_kl, level):
    """Holds remedies against the plain game, seed by seed.

    Args:
        modes: Modes caught by each remedy on each seed, integers with shape (R, S).
        kl: KL of the served modes from the weights, in nats, with shape (R, S).
        plain_modes: The same for the plain game, integers with shape (S,).
        plain_kl: The same with shape (S,).
        level: Probability of a false claim that is put up with, a float in (0, 1).

    Returns:
        A tuple (wins, p, beats), in the order of the remedies, each with shape (R,): on how many
        seeds the remedy is better; the one-sided p-value of the sign test; True where the
        remedy beats the plain game after Holm's correction.
    """
    ### BEGIN SOLUTION
    better = (modes > plain_modes) | ((modes == plain_modes) & (kl < plain_kl))
    tied = (modes == plain_modes) & (kl == plain_kl)
    wins, n = better.sum(1).tolist(), (~tied).sum(1).tolist()
    p = [sum(math.comb(m, i) for i in range(w, m + 1)) / 2**m for w, m in zip(wins, n, strict=True)]
    beats = [False] * len(p)
    for rank, i in enumerate(np.argsort(p)):
        if p[i] > level / (len(p) - rank):
            break
        beats[i] = True
    return wins, p, beats
    ### END SOLUTION


# %% check="t6"
check("t6", winning_remedies)

# %% [markdown]
# **Predict, then run.** A remedy that really is better, on four seeds of five in the long run. How many seeds does it take until
# the test notices with a chance of 80 %? And what can four seeds prove, at best? Then look at 8 and 10 seeds in your picture:
# how can more seeds notice less? (How many wins does each need?)


# %% play=true
@check.play
def seeds_it_takes():
    g = torch.Generator().manual_seed(0)
    seeds = [4, 5, 6, 8, 10, 12, 16, 20, 25, 30]
    _, ax = plt.subplots()
    for chance in (0.8, 0.65):
        noticed = []
        for s in seeds:
            plain = torch.full((s,), 20)
            modes = plain + 2 * (torch.rand(1000, s, generator=g) < chance) - 1  # a thousand studies at once
            p = check.array(winning_remedies(modes, torch.zeros(1000, s).double(), plain, torch.zeros(s).double(), 0.05)[1])
            noticed.append((p <= 0.05).double().mean())
        ax.plot(seeds, noticed, "o-", label=f"better on {chance:.0%} of all seeds")
    ax.axhline(0.8, color="0.7", linewidth=1)
    ax.set(xlabel="seeds in the study", ylabel="share of studies that notice it", ylim=(0, 1))
    ax.legend()
    plt.show()


# %% [markdown]
# ## What to take away
#
# - Modes, quality and evenness are three figures because each alone can be fooled: by single points, by points that are too
#   good, by junk in the right places.
# - A pack is of one kind and has one label. Two generators that are equally wrong point by point can differ pack by pack; in
#   your picture the one that had nearly lost a value was found out first.
# - Features of the batch tell a critic how much alike its points are. Whose neighbours they count, and whether a point counts
#   itself, is part of the definition.
# - Looking ahead means a total derivative: through where the fakes are, and through the critic's answer to it.
# - A remedy has won when enough seeds say so, counted on equal seeds, and corrected for all the remedies that were tried.
#
# **Compare** your answers with the library: `coursekit.evaluation` has the protocol and the sign test, `coursekit.gans` the
# packs, the minibatch layers and the unrolled critic.
#
# **Next.** So far nobody could ask a generator for a particular point. Section 12 gives it conditions, and takes points back
# to their noise.
