# %% [markdown]
# # 9 · The GAN game
#
# A generator draws points and gives no densities, so it cannot be fitted by likelihood. But whoever can *tell* its points
# from data knows what is wrong with them. So train two networks against each other: a critic that tells them apart, and
# the generator, which learns from the critic's judgement. This lecture takes the game apart: what the best critic knows,
# what the generator should want, and why a game need not settle.
#
# **You will be able to**
# - write the best critic down, and say what the game's value measures;
# - choose the generator's loss, and say why the obvious one stops teaching;
# - write the alternating loop, with the player who is not moving frozen;
# - swap the divergence (f-GAN, least squares, hinge) without touching the loop;
# - say why two players can circle for ever, why min max is not max min, and why losses do not tell when to stop.
#
# **You should know** JS and the bounds of f-divergences (lecture 8). Symbols and terms are listed in
# [lecture 0](00-notation.ipynb).
#
# **Time** about {{read}} minutes to read and try, {{run}} seconds to run from top to bottom (measured on 2 cores).

# %%
import torch
from coursekit import plots
from coursekit.evaluation.budget import budget, expect
from coursekit.evaluation.experiment import figure_row
from coursekit.plots import fold, reveal, say, table
from coursekit.seeds import generator

# %% [markdown]
# As before: predict in `guess`, run, compare. `budget(full, quick)` is smaller in the course's own quick tests, `expect`
# asserts a claim of chance on the full run. The networks are small, so one thread is enough:

# %%
torch.set_num_threads(1)

# %% [markdown]
# ## 1 · What the best critic knows
#
# Data have the density $p$, the generator's points $p_g$. Show the critic $D$ data half of the time, and the generator's
# points (*fakes*) the other half. It gives each point a **logit** $D(x)$, and $\sigma(D(x)) = 1/(1 + e^{-D(x)})$ is its
# probability for "data". (A critic that classifies is also called a **discriminator**.) It is trained like any
# classifier, by cross-entropy:
#
# $$\mathcal L_D = -\mathbb{E}_{x \sim p} \log \sigma(D(x)) - \mathbb{E}_{x \sim p_g} \log (1 - \sigma(D(x))).$$
#
# **Predict.** Data are $N(0, 1)$, the generator's points $N(2, 1)$. Where does the best critic say "one half", and what is
# the shape of its logit: a step, a line, or a parabola?

# %%
guess = None  # for example [1.0, "a step"]

# %%
from coursekit.distributions import NormalMixture1D
from coursekit.gans import optimal_logit

p, p_g = NormalMixture1D([1.0], [0.0], [1.0]), NormalMixture1D([1.0], [2.0], [1.0])
line = torch.linspace(-3, 5, 9, dtype=torch.float64)
logit = optimal_logit(p, p_g, line)
assert torch.allclose(logit, p.log_prob(line) - p_g.log_prob(line))
assert torch.allclose(logit, 2 - 2 * line)  # a straight line through zero at x = 1
reveal(guess, "1, a line", "The squares of two normals of one width cancel.")

# %% [markdown]
# At each $x$ on its own the loss is $-p \log \sigma - p_g \log(1 - \sigma)$. Its derivative by $\sigma$ is zero where
# $p/\sigma = p_g/(1 - \sigma)$, so
#
# $$\sigma(D^*(x)) = \frac{p(x)}{p(x) + p_g(x)}, \qquad D^*(x) = \log p(x) - \log p_g(x):$$
#
# **a classifier that can tell two distributions apart has learnt their density ratio**, from samples alone. A network
# should find it too. One is trained here on a harder pair:

# %%
from coursekit.distributions import get
from coursekit.gans import Critic, critic_error, optimal_prob
from coursekit.nets import mlp
from coursekit.seeds import seeded
from torch.nn.functional import softplus

p, p_g = get("bimodal"), NormalMixture1D([1.0], [1.0], [1.5])
with seeded(0):
    D = Critic(mlp([1, 48, 48, 1]))
optimiser = torch.optim.Adam(D.parameters(), 4e-3)
source = generator(1)
for _ in range(budget(1_000, 30)):
    real, fake = (law.sample(256, generator=source)[:, None].float() for law in (p, p_g))
    loss = softplus(-D(real)).mean() + softplus(D(fake)).mean()  # -log σ(D) and -log(1 - σ(D))
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

# %%
x = torch.linspace(-5, 6, 221, dtype=torch.float64)


def trained(points):
    with torch.no_grad():
        return D(points[:, None].float()).double()


error = critic_error(trained, p, p_g, x).item()
expect(error < 0.15, "the trained critic is near the best one")
lines = {"data $p$": p.log_prob(x).exp(), "fakes $p_g$": p_g.log_prob(x).exp(),
         "σ(D*)": optimal_prob(p, p_g, x), "σ(D) trained": trained(x).sigmoid()}  # fmt: skip
plots.curves(x, lines, x_label="$x$", y_label="density, probability")

# %%
best = figure_row("s09_optimal_discriminator")
told = f"As probabilities they differ by {error:.3f} at most, where there are points. Over seeds, pairs and longer training"
fold(told + " (in the row D is that probability, and 0.05 is asked of the two smooth pairs):", best)

# %% [markdown]
# That critic saw fresh points in every step. In practice there is one set of points, seen again and again. In the widget
# below, drag data $p$ and fakes $p_g$ by their marks: the dashed $\sigma(D^*)$ follows at once. A network with two layers of
# 48 is trained beside it, each time anew, on $n$ points of each (the strokes at the top and at the bottom).
#
# **Predict.** $\sigma(D^*)$ of two normals of one width passes through one half once. How often does $\sigma(D)$ after 400
# steps on 16 points of each, and how often on 1,024?

# %%
guess = None  # for example [1, 1]

# %%
from coursekit.widgets import CriticExplorer

CriticExplorer()

# %% [markdown]
# **Try.** Press "Train" and watch the left picture. Then move "Points n" to 1,024. Where the ground is grey next to no points
# fall, and $\sigma(D)$ may say what it likes. Put $p_g$ exactly onto $p$: $D^*$ is a coin; what does a critic of 16 points
# say? And with 4,096 points, make $p_g$ narrow ("Scale p_g") and the critic linear: why can no step of training help? (The
# right picture shows the loss; its dashed line is the topic of the next cells. With keys: Tab to a mark, ← → move it, ↑ ↓
# change its width. "Reset" brings all back.)
#
# (Where this page is not running Python: the widget draws both critics over the densities, and the critic's loss on its
# own points and on fresh ones.)

# %%
from dataclasses import replace

from coursekit.widgets.critic_state import CriticState

few, off, crossings = CriticState(n=16), {}, {}
for n in (16, 1_024):
    *_, end = replace(few, n=n).rows()  # what the widget shows after the last step
    says_data = end["curve"][few.exact()["seen"]] > 0.5
    crossings[n] = (says_data[1:] != says_data[:-1]).sum().item()
    off[n] = end["error"][0]
assert off[16] > 0.3 > 0.2 > off[1_024]  # the largest distance of the two, as probabilities
why = f"They differ by {off[16]:.2f} at most on 16 points, by {off[1_024]:.2f} on 1,024. Other points, other crossings."
reveal(guess, [crossings[16], crossings[1_024]], why)

# %% [markdown]
# On few points the network draws a cliff wherever a point of data stands beside a fake: it knows the points, not the
# densities. And a *linear* logit cannot be right where the two widths differ, for there $D^*$ is a parabola.

# %% [markdown]
# ### The value of the game
#
# How well can the best critic do? Put $D^*$ into the loss. JS compares with the mixture $m = (p + p_g)/2$, so write
# $p + p_g = 2m$; each term then gives a $\log 2$ away:
#
# $$-\mathcal L_{D^*} = \mathbb{E}_p \log \frac{p}{2m} + \mathbb{E}_{p_g} \log \frac{p_g}{2m}
# = 2\, \mathrm{JS}(p, p_g) - \log 4 .$$
#
# So a generator that makes the best critic's life as hard as possible minimises the Jensen–Shannon divergence. Read the
# other way round, a critic's value $-\mathcal L_D$ gives an *estimate of JS*: $(-\mathcal L_D + \log 4)/2$.

# %%
import math

from coursekit.distances import by_quadrature
from coursekit.gans import critic_value, game_value

value = game_value(p, p_g, low=-12, high=12).item()
js = by_quadrature("jensen_shannon", p, p_g, low=-12, high=12).item()
reached = critic_value(trained, p, p_g, low=-12, high=12).item()
assert abs(value - (2 * js - math.log(4))) < 1e-9
assert reached <= value
say(f"2 JS − log 4 = {value:.4f}. The trained critic reaches {reached:.4f}".replace("-", "−") + ".")

# %% [markdown]
# **Pitfall: a low score of the critic is not a merit of the generator.** Every critic stays below the best one, so what
# it reports is a *lower bound*. A critic that is too small or too little trained makes any generator look good.
#
# That bound is about expectations. In practice they are means over points, and the critic was trained on points.
#
# **Predict.** A network with two layers of 128 is trained to tell 30 points of data from 30 fakes. On those 60 points, will
# its estimate of JS be below, near, or above the truth? And on fresh points?

# %%
guess = None  # for example ["near", "near"]

# %%
sides = figure_row("s09_population_and_sample")["figures"]
own, fresh = (sides[f"128 x 2, n = 30: {where} points"] for where in ("own", "fresh"))
assert own > sides["JS"] > fresh
why = f"JS is {sides['JS']:.3f}; on its own points it says {own:.3f}, on fresh ones {fresh:.2f}.".replace("-", "−")
reveal(guess, "above, below", why)

# %% [markdown]
# It is learning its own points by heart. (If it knew them all, it would report $\log 2 = 0.693$, whatever the densities.)
# On fresh ones it is sure and often wrong: an estimate below zero says that it does worse there than a coin, for a
# coin's estimate is 0. So a critic's value means something on *fresh* points only.

# %%
fold("By size of the critic and number of points:", figure_row("s09_population_and_sample"))

# %% [markdown]
# ## 2 · What should the generator want?
#
# The generator $G$ turns noise $z$ into a point. In the **minimax game** it wants the critic's loss to be large. Only the
# term of the fakes depends on it: it minimises $\log(1 - \sigma(D(G(z))))$, "do not be taken for a fake". Another loss has
# the same aim: $-\log \sigma(D(G(z)))$, "be taken for data".
#
# **Predict.** At the start fakes are easy to spot, $D(G(z)) = -8$ say. Which of the two losses pulls harder there, and by
# which factor, roughly?

# %%
guess = None  # for example ["minimax", 10]

# %%
from coursekit.gans import OBJECTIVES

logit = torch.tensor([-8.0, 0.0, 8.0], dtype=torch.float64, requires_grad=True)
pull = {}
for name in ("saturating", "non_saturating"):
    loss = OBJECTIVES[name].g_loss(logit, logit.detach())  # (fakes, data); these two look at the fakes only
    (pull[name],) = torch.autograd.grad(loss.sum(), logit)
assert torch.allclose(pull["saturating"], -logit.sigmoid())
assert torch.allclose(pull["non_saturating"], -(-logit).sigmoid())
factor = (pull["non_saturating"][0] / pull["saturating"][0]).item()
assert abs(factor - math.exp(8)) < 1e-6 * factor
reveal(
    guess, f"the other one, {factor:.0f} times", "σ(−8) is tiny: where the critic is sure, the minimax loss is flat."
)

# %% [markdown]
# The derivatives are $-\sigma(D)$ and $-\sigma(-D)$. A fake that is seen through has $\sigma(D) \approx e^{D}$, nearly
# nothing: the minimax loss **saturates** just where help is needed. The **non-saturating** loss is the usual one. The
# game is no longer zero-sum, but its aim is the same: if $p_g = p$, the best critic is 0 everywhere, and under either
# loss no fake is pulled anywhere.

# %%
v = torch.linspace(-4, 6, 161, dtype=torch.float64)
losses = {"log(1 − σ): minimax": OBJECTIVES["saturating"].g_loss(v, v),
          "−log σ: non-saturating": OBJECTIVES["non_saturating"].g_loss(v, v)}  # fmt: skip
plots.curves(v, losses, x_label="logit of a fake, $D(G(z))$", y_label="the generator's loss")

# %% [markdown]
# On the left, where fakes start, one curve is flat and the other a slope. Their roles change on the right: a fake that
# passes for data still moves the minimax generator, and leaves the other in peace.

# %%
died = figure_row("s09_saturation")
assert died["figures"]["-log D fell, median"] < 1.5
fold(
    f"While a critic is trained until it is sure, the minimax gradient falls {died['figures']['fell, median']:,.0f} "
    "times (median of seeds); the non-saturating one does not fall.",
    died,
)

# %% [markdown]
# **Pitfalls.** Write `softplus(-D)`, not `-log(sigmoid(D))`: at $D = -200$ the sigmoid rounds to zero and the logarithm is
# infinite. And mind the sign: $\log(1 - \sigma)$ is *minimised*. With the sign flipped the generator learns to be caught.

# %%
far = torch.tensor(-200.0)
assert torch.isinf(-far.sigmoid().log()) and softplus(-far) == 200

# %% [markdown]
# ## 3 · The loop
#
# **Play first,** two minutes, then read the code. Data are eight narrow modes on a ring, drawn as blue points; the orange
# points are the generator's. The background is the critic's belief: blue for "data", orange for "fake".
#
# **Predict.** Five times "D step", then one "G step": what changes after the five, and what after the one? Then "Play": will
# the number of modes caught only ever grow?

# %%
guess = None  # for example ["points", "background", "only grows"]

# %%
from coursekit.widgets import GanGame

GanGame("ring-8")

# %% [markdown]
# **Try.** Make the six single steps, then play on to about update 2,000, watching the curve "modes caught". Pause before
# you read on: while it plays, it takes a processor to itself. And the other way round: what do five steps of G against a
# critic that stands still do to the points?
#
# (Where this page is not running Python: the widget trains a GAN step by step and draws points, critic and losses.)

# %%
from itertools import pairwise

import numpy as np

game = GanGame("ring-8").state  # the same game without a picture
looks, caught = [game.frame()], []
for player in "dddddg":
    game.step(player)
    looks.append(game.frame())
start, after_d, after_g = (looks[at].arrays[0] for at in (0, 5, 6))
assert np.array_equal(start["points"], after_d["points"]) and not np.array_equal(start["heat"], after_d["heat"])
assert np.array_equal(after_d["heat"], after_g["heat"]) and not np.array_equal(after_d["points"], after_g["points"])
for _ in range(budget(10, 2)):
    game.advance(budget(80, 5))
    caught.append(game.frame().facts[0]["modes"])
fell = sum(after < before for before, after in pairwise(caught))
expect(fell > 0, "modes are lost, too")
why = f"One player moves, the other stands still. Modes at every 80th update: {', '.join(map(str, caught))}."
reveal(guess, "background, points, no", why)

# %% [markdown]
# Why modes come and go is the matter of section 5. First the loop itself: here is all of it, for data on the line. `k` is
# how often the critic moves for each move of the generator. Read the two comments: they say who stands still, and how
# that is done. (Adam's momentum of 0.5 instead of 0.9 is the custom here: the other player soon outdates old gradients.)

# %%
from coursekit.gans import Generator


def play(target, seen_at, seed=0, k=1):
    with seeded(seed):
        G, D = Generator(mlp([1, 32, 32, 1]), latent=1), Critic(mlp([1, 32, 32, 1]))
    to_g, to_d = (torch.optim.Adam(net.parameters(), 1e-3, (0.5, 0.999)) for net in (G, D))
    source, seen = generator(seed), []
    for step in range(1, seen_at[-1] + 1):
        for _ in range(k):
            real, z = target.sample(128, generator=source)[:, None].float(), torch.randn(128, 1, generator=source)
            fake = G(z).detach()  # the critic's turn: no gradient reaches the generator
            to_d.zero_grad()
            (softplus(-D(real)) + softplus(D(fake))).mean().backward()
            to_d.step()
        to_g.zero_grad()
        softplus(-D(G(torch.randn(128, 1, generator=source)))).mean().backward()
        to_g.step()  # gradients have run through D, but only G moves
        if step in seen_at:
            seen.append(G.sample(2_000, generator=generator(9)).squeeze(-1).double())
    return seen


# %%
seen_at = [1, 100, 300, budget(600, 400)]
target = get("bimodal")
seen = play(target, seen_at)

# %%
from coursekit.density import KernelDensity, scott
from coursekit.distances import wasserstein_1d

panels = [{"$G$": KernelDensity(x, scott(x) / 2), "truth": target} for x in seen]
truth = target.sample(2_000, generator=generator(10))
far = [wasserstein_1d(x, truth).item() for x in seen]
expect(far[-1] < 0.4 * far[0], "the points have come near")
plots.densities(-7, 5, panels, titles=[f"step {at:,}" for at in seen_at], top=0.6)

# %%
say("$W_1$ to the data: " + ", ".join(f"{w:.2f} at step {at:,}" for at, w in zip(seen_at, far, strict=True)) + ".")

# %% [markdown]
# (The curves are kernel estimates of 2,000 of $G$'s points: it has no density to draw.) A generator starts as a narrow
# spike. The critic soon knows where all fakes sit, and is low there; the spike slides off to one side and overshoots. On
# this seed it is farther away after 100 steps than at the start, and only then does it spread. On other seeds the detour is
# shorter.

# %%
fell = figure_row("s09_generating_points")
fold("The committed runs: three targets, eight seeds, from the first frame to the last.", fell)

# %% [markdown]
# **Pitfall: forgetting to freeze.** `backward()` follows a loss wherever it came from, and *adds* to what lies in
# `.grad`. Without `.detach()` the critic's loss leaves gradients in $G$, and they say "be caught". They cost time, and
# only `to_g.zero_grad()` keeps the generator's step from using them. And its own `backward()` leaves gradients in $D$,
# which `to_d.zero_grad()` removes before the critic moves again. Leave one of the three out and nothing crashes.
#
# The course's loop takes gradients for the moving player's parameters alone, so there is nothing to forget. Is the other
# player frozen? Compare all weights after each update:

# %%
from coursekit.training import fit_adversarial

with seeded(0):
    G, D = Generator(mlp([1, 16, 1]), latent=1), Critic(mlp([1, 16, 1]))


class Column:
    def sample(self, n, *, generator):
        return target.sample(n, generator=generator)[:, None].float()  # networks see points as rows


nets = {"g": G, "d": D}
before = {name: [w.clone() for w in net.parameters()] for name, net in nets.items()}
order = []
for update in fit_adversarial(G, D, Column(), "non_saturating", steps=6, batch=32, k=2):
    still = {name: all(map(torch.equal, before[name], net.parameters())) for name, net in nets.items()}
    assert not still[update.player] and still["d" if update.player == "g" else "g"]  # exactly, not nearly
    before = {name: [w.clone() for w in net.parameters()] for name, net in nets.items()}
    order.append(update.player)
assert order == ["d", "d", "g", "d", "d", "g"]
say(f"Who moved: {' '.join(order)}. The other one stood still, to the last bit.")

# %% [markdown]
# With `k=2` the critic moves twice for each move of the generator. That keeps it nearer to $D^*$, at twice the price.
#
# ## 4 · The same loop, another game
#
# An **objective** is two functions of the critic's outputs, and the loop does not care which. Lecture 8 had a bound for
# every f-divergence. Written with the critic's free output $v$ and an **activation** $g_f$ that keeps
# $t = g_f(v)$ where $f^*$ is finite,
#
# $$D_f(p \,\|\, p_g) \ge \mathbb{E}_p\, g_f(v(x)) - \mathbb{E}_{p_g}\, f^*(g_f(v(x))),$$
#
# the critic raises it and the generator lowers it: the **f-GAN**. The best critic has $t = f'(p / p_g)$ at each point; where
# the two densities are equal that is $f'(1)$, the last column below.

# %%
from coursekit.distances import F_DIVERGENCES

written = {"kl": (r"$\mathrm{KL}(p \Vert p_g)$", "$v$"), "reverse_kl": (r"$\mathrm{KL}(p_g \Vert p)$", "$-e^{-v}$"),
           "pearson": (r"Pearson's $\chi^2$", "$v$"), "squared_hellinger": ("squared Hellinger", "$1 - e^{-v}$"),
           "gan": (r"$2\,\mathrm{JS} - \log 4$", r"$-\log(1 + e^{-v})$")}  # fmt: skip
rows, u = [], torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)
for name, (title, activation) in written.items():
    divergence = F_DIVERGENCES[name]
    t = divergence.slope(u)
    assert torch.allclose(divergence.conjugate(t), u * t - divergence.f(u))  # the tangent at u has the slope t = f'(u)
    rows.append([title, f"$t < {divergence.domain[1]:g}$".replace("$t < inf$", "all $t$"), activation, t[1].item()])
table(["divergence", "$f^*$ is finite for", "activation $g_f(v)$", "$f'(1)$"], rows)

# %%
reached = figure_row("s09_f_gan")
fold(
    "Critics trained by each bound, against the divergence by quadrature (5 % is asked of the mean over seeds):",
    reached,
)

# %% [markdown]
# Now the generators. The loop stays as it is; all that changes is the name that it is given.


# %%
def play_as(name, steps):
    with seeded(0):
        G, D = Generator(mlp([1, 32, 32, 1]), latent=1), Critic(mlp([1, 32, 32, 1]))
    for _ in fit_adversarial(G, D, Column(), name, steps=steps, batch=128):
        pass
    return wasserstein_1d(G.sample(2_000, generator=generator(9)).squeeze(-1).double(), truth).item()


games = {"f-reverse-kl": r"$\mathrm{KL}(p_g \Vert p)$", "f-squared-hellinger": "squared Hellinger",
         "f-kl": r"$\mathrm{KL}(p \Vert p_g)$"}  # fmt: skip
ends = {name: play_as(name, budget(600, 10)) for name in games}
expect(ends["f-reverse-kl"] < 0.4 and ends["f-squared-hellinger"] < 0.4, "two of them learn what section 3 learnt")
table(["game", "$W_1$ to the data, after 300 steps of each player"], [[games[name], w] for name, w in ends.items()])

# %% [markdown]
# One run each is no comparison, and with another seed KL may get there, too. But its trouble has a reason. Its generator's
# loss is $-e^{v - 1}$: one bold $v$ on one fake, and the whole generator is thrown far away. A bound that holds for every
# critic can still be hard to play.
#
# **Least squares** (LSGAN) drops probabilities altogether: the critic is a regression on the labels 1 for data and 0 for
# fakes, so its output is no logit, and "undecided" is ½. The generator wants $D = 1$.

# %%
losses = {"−log σ: non-saturating": OBJECTIVES["non_saturating"].g_loss(v, v),
          "½(D − 1)²: least squares": OBJECTIVES["lsgan"].g_loss(v, v)}  # fmt: skip
plots.curves(v, losses, x_label="the critic's output $D(G(z))$", y_label="the generator's loss")

# %% [markdown]
# A fake far on the "data" side satisfies a sigmoid, and gets no more gradient, although it may be far from all data. A
# square pulls it back. How much that matters depends on how steep the critics are, so let each game have its own best
# straight line. Data are $N(2, 1)$, fakes $N(-2, 1)$: the best logit is $4x$, the regression on the labels $x/5 + 1/2$.
#
# **Predict.** One fake has strayed to $x = 6$, beyond all data. How much larger is the square's gradient by $x$ there than
# that of $-\log \sigma$: about 10, 1,000 or more than a million times?

# %%
guess = None  # 10, 1_000 or 1_000_000

# %%
x_far = torch.tensor([6.0], dtype=torch.float64, requires_grad=True)
pull = {}
for name, critic in (("non_saturating", 4 * x_far), ("lsgan", x_far / 5 + 0.5)):
    (pull[name],) = torch.autograd.grad(OBJECTIVES[name].g_loss(critic, critic).sum(), x_far)
ratio = (pull["lsgan"] / pull["non_saturating"]).abs().item()
squares = figure_row("s09_lsgan")
assert math.isclose(ratio, squares["figures"]["ratio on the data side at 6"], rel_tol=1e-6) and pull["lsgan"] > 0
why = "4 σ(−24) is next to nothing; the square has 0.2 · 0.7, and to lower its loss the fake must go back."
reveal(guess, f"more than a million ({ratio:.0e})".replace("e+0", "e"), why)

# %% [markdown]
# That says that it does not let go of points. It does not say that it wins. In the picture the square is steeper on the
# left, too, but the two games are not at one place of its axis. Take a typical fake, at $x = -2$:

# %%
logit, output = 4 * -2.0, -2 / 5 + 0.5
steep, flat = 4 / (1 + math.exp(logit)), (1 - output) / 5  # slopes by x of the two losses there
assert flat < 0.1 * steep
words = f"The sigmoid's logit is {logit:.0f}, and it pulls with {steep:.2f}; the regression says {output:.1f}, and the square "
say(words.replace("-", "−") + f"pulls with {flat:.2f}.")

# %%
caught = [squares["figures"][f"{name}: caught"] for name in ("lsgan", "vanilla")]
fold(f"On 25 modes it catches {caught[0]:.1f}, the non-saturating game {caught[1]:.1f} (means of seeds):", squares)

# %% [markdown]
# ### Hinge: when is a critic done?
#
# Cross-entropy never is. Even a fake that is seen through with probability 0.999 costs a little, so a sure critic goes on
# growing its logits. A **margin** says what is enough: whoever is right by 1 or more pays nothing, and all effort goes to
# points that are still in doubt. The **hinge loss** (the idea is that of support vector machines) is
#
# $$\mathcal L_D = \mathbb{E}_{p}\, \max(0,\, 1 - D(x)) + \mathbb{E}_{p_g} \max(0,\, 1 + D(x)),
# \qquad \mathcal L_G = -\mathbb{E}_{p_g} D(x) .$$
#
# **Predict.** At one place data are twice as dense as fakes, at another a thousand times. The best logistic critic says
# $\log 2 = 0.69$ and $\log 1000 = 6.9$ there. What does the best hinge critic say?

# %%
guess = None  # two numbers, [.., ..]

# %%
from coursekit.gans import slopes

hinge, sure = OBJECTIVES["hinge"], torch.tensor(1.0, dtype=torch.float64)
outputs = torch.linspace(-3, 3, 601, dtype=torch.float64)  # what D might say


def costs(density, density_g):
    """Mean loss at one place for every output; a point that is right by 1 adds nothing."""
    return density * hinge.d_loss(outputs, -sure) + density_g * hinge.d_loss(sure, outputs)


best = [outputs[costs(density, 1.0).argmin()].item() for density in (2.0, 1000.0)]
assert best == [1.0, 1.0]
reveal(
    guess, "1 and 1", "From −1 to 1 the mean loss is a straight line in D, and beyond it rises: the best D is an end."
)

# %% [markdown]
# So $D^* = \mathrm{sign}(p - p_g)$. This critic learns *which* is denser and not *by how much*: no density ratio can be read
# off it. What is lost at $D^*$ is twice the smaller density, and so
#
# $$\mathcal L_{D^*} = \int 2 \min(p, p_g)\, dx = 2 - 2\, \mathrm{TV}(p, p_g),$$
#
# with the total variation of lecture 8. On the pair of section 1:

# %%
p, p_g = get("bimodal"), NormalMixture1D([1.0], [1.0], [1.5])
density, density_g = (law.log_prob(x).exp() for law in (p, p_g))
table_of_costs = costs(density[:, None], density_g[:, None])
assert torch.equal(outputs[table_of_costs.argmin(1)], (density - density_g).sign())

tv = by_quadrature("total_variation", p, p_g, low=-12, high=12, tolerance=1e-4).item()
least = torch.trapezoid(table_of_costs.min(1).values, x).item()
assert abs(least - (2 - 2 * tv)) < 1e-3
say(f"The best critic's loss is {least:.3f}, and 2 − 2 TV is {2 - 2 * tv:.3f}.")


# %%
def teach(name, looked_at):
    """Train a critic alone, and look at its slopes at fakes: they are all that a generator would learn from."""
    with seeded(0):
        D = Critic(mlp([1, 48, 48, 1]))
    optimiser, source = torch.optim.Adam(D.parameters(), 4e-3), generator(1)
    fakes, seen = p_g.sample(2_000, generator=generator(3))[:, None].float(), []
    for step in range(1, looked_at[-1] + 1):
        real, fake = (law.sample(256, generator=source)[:, None].float() for law in (p, p_g))
        optimiser.zero_grad()
        OBJECTIVES[name].d_loss(D(real), D(fake)).mean().backward()
        optimiser.step()
        if step in looked_at:
            seen.append(slopes(D, fakes).median().item())
    with torch.no_grad():
        return seen, D(x[:, None].float()).double()


# %%
looked_at = [50, budget(1_000, 100)]
taught = {name: teach(name, looked_at) for name in ("hinge", "non_saturating")}
lines = {"best: sign$(p - p_g)$": (density - density_g).sign()}
for name, title in (("hinge", "hinge"), ("non_saturating", "cross-entropy")):
    lines[f"trained by {title}"] = taught[name][1].clamp(-3, 3)
plots.curves(x, lines, x_label="$x$", y_label="$D(x)$, cut at ±3", zero=True)

# %% [markdown]
# The narrow dip, where fakes are only a little denser, is hardly worth an edge to the hinge critic: all that it would gain
# there is the difference of the densities. On the far left there are few points, nearly all of them fakes: any output
# below $-1$ costs next to nothing, and nothing pins it down.
#
# **Pitfall: the better this critic, the less it teaches.** A step is flat on both sides of its edge. A generator that
# descends $-D^*$ feels nothing, wherever its points are. What teaches is the slope of an *imperfect* critic:

# %%
slope = {name: taught[name][0] for name in taught}
expect(slope["hinge"][1] < 0.5 * slope["hinge"][0], "the hinge critic gets flat where fakes are")
expect(slope["non_saturating"][1] > 0.8 * slope["non_saturating"][0], "the logistic one does not")
words = [f"from {a:.2f} to {b:.2f} by {name}" for name, (a, b) in
         zip(("the hinge loss", "cross-entropy"), slope.values(), strict=True)]  # fmt: skip
say(f"Median slope at fakes, after {looked_at[0]} and {looked_at[1]:,} steps: {' and '.join(words)}.")

# %% [markdown]
# So the hinge loss is used with critics that are *kept* from being steep, where the edge becomes a ramp (lecture 10 shows
# ways to do that), and with few steps for each of the generator's.
#
# **Pitfall: a margin for the generator.** Its loss is $-D$, without a max. With $\max(0, 1 - D)$ a fake on the data's side of
# the edge would be left alone, however far from all data it lies.

# %% [markdown]
# ## 5 · Games need not settle
#
# Forget networks. Two players with one number each: $f(x, y) = x\,y$. The first wants it small, the second large. The
# only point where nobody wants to move is $(0, 0)$: a **Nash equilibrium**. Both follow their gradients.
#
# **Predict.** Start at distance 1 from the equilibrium, with steps of $\eta = 0.1$. After 200 steps, are they nearer, as far, or
# farther away, if both move at once? And if they move in turn?

# %%
guess = None  # for example ["nearer", "nearer"]

# %%
from coursekit.gans import play_bilinear

start = torch.tensor([1.0, 0.0], dtype=torch.float64)
paths = {order: play_bilinear(start, 0.1, 200, order) for order in ("simultaneous", "alternating")}
radius = {order: path.norm(dim=1) for order, path in paths.items()}
assert torch.allclose(radius["simultaneous"][1:] / radius["simultaneous"][:-1], torch.tensor(1.01).double().sqrt())
assert radius["alternating"].max() < 1.06
ends = f"{radius['simultaneous'][-1]:.2f} and {radius['alternating'][-1]:.2f}"
reveal(guess, "farther, as far", f"Radius {ends}. A simultaneous step is orthogonal to the radius: Pythagoras.")

# %%
figure, axes = plots.canvas(2, height=4.9)
for ax, (order, path) in zip(axes, paths.items(), strict=True):
    ax.plot(path[:, 0], path[:, 1], color=plots.COLOURS["blue"], linewidth=1.5)
    ax.plot(*start, "o", color=plots.COLOURS["red"], markersize=8)
    ax.plot(0, 0, "+", color=plots.COLOURS["black"], markersize=12)
    plots.dress(ax, x="$x$", y="$y$", title=order)
    ax.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal")
words = f"Two paths around the equilibrium: moved at once the radius grows to {radius['simultaneous'][-1]:.2f}, "
plots.Picture(figure, words + f"moved in turn it stays below {radius['alternating'].max():.2f}.")

# %% [markdown]
# At once: each step multiplies the radius by $\sqrt{1 + \eta^2}$, however small $\eta$. In turn: an ellipse, for ever (if
# $\eta < 2$). No network is to blame, and no noise. *Following one's own gradient need not lead to the equilibrium of a
# game.* GANs circle too: modes come and go. (Averaging, damping and looking ahead help; the problem set tries one of them.)

# %%
fold("Growth and bounds, for four step sizes:", figure_row("s09_bilinear_game"))

# %% [markdown]
# ### min max is not max min
#
# "The generator minimises what the critic maximises" hides an order. If the critic answers every generator with its best,
# the generator's aim is JS. If the *generator* answers every critic with its best, what does it do?
#
# **Predict.** Eight places, data are spread over all of them, and a fixed critic. Where does a generator that is free to
# choose put its mass?

# %%
guess = None  # for example "like the data", "on all places alike", "on one place"

# %%
from coursekit.gans import order_of_play

weights = torch.tensor([0.2, 0.05, 0.1, 0.15, 0.1, 0.2, 0.05, 0.15], dtype=torch.float64)
inside_d = order_of_play.critic_inside(weights)[-1]
inside_g = order_of_play.generator_inside(weights, steps=300)
assert torch.allclose(inside_d, weights, atol=1e-3) and (inside_g.max(1).values == 1).all()
jumps = (inside_g[1:].argmax(1) != inside_g[:-1].argmax(1)).double().mean().item()
reveal(
    guess,
    "on one place",
    f"The one the critic likes best. The critic then lowers it: in {jumps:.0%} of steps it jumps on.",
)

# %% [markdown]
# The *values* of the two orders even agree, at $-\log 4$: where $p_g = p$ no critic gets more, and the critic that says 0
# everywhere gets as much from any generator. What differs is what the generator *does*, and that is what we sample from.
# Alternating gradient steps are neither of the two orders, and nothing says which one they resemble. All points on one
# mode, and the mode changing over time: that is **mode collapse**, the matter of lecture 11.

# %%
fold("Both orders played to the end:", figure_row("s09_min_max"))

# %% [markdown]
# ## 6 · Play it
#
# The loop of section 3, live, on 25 modes. The background is what the critic believes; switch on arrows to see where it
# pulls the points.

# %%
GanGame("grid-25", compare="lsgan")

# %% [markdown]
# **Try.** B, `lsgan`, is the least-squares game. Predict which modes are found first. Play, pause, and scrub back to the
# moment at which a mode was lost. Early on "modes" counts a cloud that covers them all: read it together with "high
# quality", the share of points within 3σ of a mode.
#
# (Where this page is not running Python: the widget trains two GANs side by side and draws points, critic and losses.)
#
# **Which modes does it serve?** Give the 25 modes unequal weights, and count the points nearest to each. Which share of
# them would have to go to another mode, until all weights are right? (That is the total variation of lecture 8.) One dot
# is one run:

# %%
shares = figure_row("s09_mode_populations")
groups = {"": {title: shares["data"][name]["total variation"]
               for title, name in (("non-saturating", "vanilla"), ("least squares", "lsgan"))}}  # fmt: skip
plots.dots(groups, y_label="share on wrong modes")

# %%
at_best, whole = shares["figures"]["perfect sampler"], shares["figures"]["vanilla: modes"]
fold(f"A perfect sampler has {at_best:.3f}, by chance. The non-saturating game finds {whole:.1f} of 25 modes.", shares)

# %% [markdown]
# ### When to stop?
#
# **Predict.** Over the second half of training, does a falling loss of the generator mean that its points get nearer to the
# data? As a rank correlation: near 1, near 0, or negative?

# %%
guess = None  # near 1, near 0, or negative

# %%
stopping = figure_row("s09_stopping")
second = {name: value for name, value in stopping["figures"].items() if name.endswith("generator, second half")}
assert len(second) > 1
assert all(abs(value) < 0.5 for value in second.values())
reveal(guess, "near 0", "The loss is relative to the critic of the moment, and that one moves too.")

# %%
rows = []
for name, value in second.items():
    whole = stopping["figures"][name.replace("second half", "whole")]
    rows.append([name.split(":")[0], *(f"{v:.2f}".replace("-", "−") for v in (whole, value))])
table(["objective", "the whole run", "second half"], rows)

# %% [markdown]
# (Means over seeds; `wgan` and `wgan-gp` are games of lecture 10.) Over a whole run some losses and the distance do fall
# together, because in the beginning everything changes. When to stop is a question about the end, and there they say next
# to nothing.

# %%
fold("Losses of both players against the distance, over training:", stopping)

# %% [markdown]
# So look at samples, measure a distance that no player is trained on (lecture 8), and keep snapshots: the last one need not
# be the best.

# %% [markdown]
# ## Takeaways
#
# - The best critic's logit is $\log p - \log p_g$. The game's value is $2\,\mathrm{JS} - \log 4$, and every real critic
#   reports less, on average over points that it has not seen.
# - The minimax loss is flat where fakes are seen through. Use the non-saturating loss, written with softplus.
# - One player moves, the other is frozen: `detach` in the critic's turn, only $G$'s parameters in the generator's.
# - Any f-divergence, least squares or hinge fits into the same loop; not all of them are as easy to play. The best hinge
#   critic is the sign of $p - p_g$: it knows the total variation, and teaches only while it is not perfect.
# - Simultaneous steps of a bilinear game spiral out by $\sqrt{1 + \eta^2}$; alternating ones circle. A generator that
#   answers a fixed critic puts all mass on one point.
# - Losses do not tell when to stop.
#
# **Exercise.** Problem set 9, `exercises/ps09/ps09.ipynb` (your copy lies in `work/`).
#
# **References**
# - I. Goodfellow et al. 2014, *Generative Adversarial Nets*; I. Goodfellow 2016, *NIPS tutorial*.
# - S. Nowozin, B. Cseke, R. Tomioka 2016, *f-GAN*. X. Mao et al. 2017, *Least Squares GANs*.
# - J. H. Lim and J. C. Ye 2017, *Geometric GAN*; D. Tran, R. Ranganath, D. Blei 2017: the hinge loss.
# - S. Arora et al. 2017, *Generalization and Equilibrium in GANs*: what samples and small critics can tell.
# - G. Gidel et al. 2019, *A Variational Inequality Perspective on GANs*; L. Mescheder et al. 2018, *Which training methods
#   for GANs do actually converge?*
#
# **In the code** `coursekit/gans/`: `logistic.py`, `f_gan.py`, `least_squares.py`, `hinge.py`, `optimal_critic.py`,
# `bilinear.py`, `order_of_play.py`; the loop is `coursekit/training/adversarial.py`.
#
# **Next.** Lecture 10 asks the critic for a distance instead of a verdict.
