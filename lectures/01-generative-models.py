# %% [markdown]
# # 1 · What is a generative model?
#
# A generative model describes how data come about: which points are likely, and how to draw new ones. This lecture
# draws the map of the course. What can such a model be asked, what has to be chosen to build one, and which answers
# does each of five families give?
#
# **You will be able to**
# - tell a discriminative model $p(y \mid x)$ from a generative one, and go from the second to the first by Bayes' rule;
# - name the three tasks of a generative model (density, sampling, representation) and the three choices behind each one
#   (family, divergence, optimiser);
# - derive maximum likelihood from a divergence, and reach it by a formula, by E-M and by stochastic gradients;
# - predict what a model does that is too simple for its data, from the direction of its divergence;
# - say why a good likelihood does not mean good samples, nor the other way round.
#
# **You should know** probability densities, conditional probability, expectations and logarithms, and torch tensors.
# Symbols and terms are listed in [lecture 0](00-notation.ipynb). Lectures 3 to 7 and those after 11 are being written;
# where the text points to them, it says what will come.
#
# **Time** about {{read}} minutes to read and try, {{run}} seconds to run from top to bottom (measured on 2 cores). That is
# too much for one sitting, so there are three, with breaks after sections 2 and 4:
#
# | sitting | sections | minutes | question |
# |---|---|---|---|
# | 1 | 1–2: labels, pictures, Bayes' rule | {{read 1}} | What does a model of pictures need that one of labels does not? |
# | 2 | 3–4: three choices, likelihood, two directions of the KL | {{read 2}} | How is a model fitted, and how does it fail? |
# | 3 | 5–6: noise, memory, five families | {{read 3}} | Is it a good model, and what can it be asked? |

# %%
import torch
from coursekit import plots
from coursekit.evaluation.budget import budget, expect
from coursekit.evaluation.experiment import figure_row
from coursekit.plots import fold, reveal, say, table
from coursekit.seeds import generator, seeded

# %% [markdown]
# **How to read it.** Before most results you are asked to predict. Put your answer in `guess`, run the cell, then run
# the next one. A wrong guess that surprises you is worth more than a right result that you only read. Every `assert` is
# a claim of the text: if it did not hold, the notebook would stop there.
#
# Chance enters in one way only. A **seed** is a number that fixes all random draws: `generator(3)` gives you the points
# that it gave the author. One seed can be lucky, so claims about chance are made over several. What takes long was run
# once over many seeds and its result kept with the course: these are the **committed experiments**, and `figure_row`
# reads one. `budget(400, 40)` means 400 steps, or 40 in the course's own quick tests; `expect` asserts what only the
# full run can show.

# %% [markdown]
# ## 1 · Two questions about a picture
#
# The data are handwritten digits. Each has 8 × 8 pixels between 0 (paper) and 1 (ink); $x$ is one of them as a row of
# 64 numbers, and $y$ is the digit that the writer meant. A fifth of them is **held out**: no model is fitted to these,
# and all are judged by them. We call them *fresh*.

# %%
from coursekit.data import digits

torch.set_num_threads(1)  # all is small here: on a busy computer several threads would mostly wait for each other
train, test = digits("train", dtype=torch.float64), digits("test", dtype=torch.float64)
x, y = train.all().flatten(1), train.labels  # (1437, 64) and (1437,)
x_test, y_test = test.all().flatten(1), test.labels


# %%
def show(rows):
    """Draws each row of pictures, title -> (n, 64), under its title."""
    high = 0.2 + 0.95 * len(rows)
    figure, axes = plots.canvas(1, len(rows), height=high)
    figure.subplots_adjust(left=0.01, right=0.99, top=1 - 0.33 / high, bottom=0.15 / high, hspace=0.6)
    for ax, (title, pictures) in zip(axes, rows.items(), strict=True):
        framed = torch.nn.functional.pad(pictures.reshape(-1, 8, 8).clamp(0, 1), (1, 1, 1, 1))
        ax.imshow(torch.cat([*framed], 1), cmap="gray_r", vmin=0, vmax=1)
        ax.set_title(title, fontsize=13, loc="left")
        ax.axis("off")
    return plots.Picture(figure, "Rows of pictures: " + "; ".join(rows) + ".")


show({f"the first 16 of {len(x):,}": x[:16]})

# %% [markdown]
# Two questions can be asked:
#
# - *Which digit is this?* The answer is a distribution over ten labels, $p(y \mid x)$. A model that answers this and
#   nothing else is **discriminative**.
# - *Which pictures are there?* The answer is a distribution over all pictures, $p(x)$, or over pictures of each digit,
#   $p(x \mid y)$. A model that answers this is **generative**.
#
# The first is the more familiar, so we begin there.
#
# ### A discriminative model: a net, and a simple distribution at its end
#
# In $p(y \mid x)$ the picture is given, and only $y$ is random. Ten labels, ten probabilities. A neural network, *net*
# for short, reads $x$ and puts out one number of any size for each of the $K = 10$ classes, the **logits**
# $a_1, \dots, a_K$. The **softmax** turns them into probabilities:
#
# $$p(y = k \mid x) = \frac{e^{a_k}}{\sum_{j=1}^K e^{a_j}}.$$
#
# Such a last step, which makes a distribution out of a net's numbers, is called a **head**.
#
# A number added to all logits changes nothing: its exponential cancels. Computed term by term it may not cancel:

# %%
logits = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
p = logits.exp() / logits.exp().sum()
moved = logits + 1000

assert torch.allclose(moved.softmax(0), p)
assert (moved.exp() / moved.exp().sum()).isnan().all()  # infinity over infinity

# %% [markdown]
# **Pitfall.** So never exponentiate a logit on its own. `softmax`, `log_softmax` and `logsumexp` subtract the largest
# one first. In this course everything that can stay a logarithm stays one. It is the natural logarithm, and its unit is
# called the **nat**.
#
# Now fit the simplest such model, a linear net with a softmax at its end (logistic regression). Fitting means to choose
# the net's parameters $\theta$ such that the labels that occurred are likely,
# $\max_\theta \sum_i \log p_\theta(y_i \mid x_i)$. Section 3 says why. (In the code, `fit` does nothing until it is
# pulled from: each turn of the loop is one step.)

# %%
from coursekit.data import Empirical
from coursekit.density import Pairs, SoftmaxHead
from coursekit.training import fit_likelihood

with seeded(0):
    softmax = SoftmaxHead(torch.nn.Linear(64, 10).double())

pairs = Empirical(torch.cat([x, y[:, None].double()], 1))  # rows (x, y)
steps = budget(400, 40)
fit = fit_likelihood(Pairs(softmax, inputs=64), pairs, steps=steps, batch=100, learning_rate=0.02)
for _ in fit:
    pass


def accuracy(model):
    return (model.predict(x_test) == y_test).double().mean().item()


say(f"Right on {accuracy(softmax):.1%} of {len(x_test)} digits it has not seen.")

# %% [markdown]
# ### When the answer is a number
#
# The other usual head is Gaussian. The net puts out a mean $m$ and the logarithm of a variance $v$, and
# $p(y \mid x) = N(y;\, m(x), v(x))$, a normal distribution. With $v$ fixed, $-\log p$ is the squared error over $2v$ plus
# a constant, so least squares *is* a Gaussian head that does not say how sure it is.
#
# Here is a small problem for it. A ball is thrown up at time 0 and is back at time 1. Its height at time $t$ is
# $4t(1-t)$, measured with a little noise. Given the height $x$: at which time $y$ was it taken?

# %%
from coursekit.density import GaussianHead
from coursekit.nets import MLP

time = torch.rand(1_000, 1, dtype=torch.float64, generator=generator(1))
noise = torch.randn(1_000, 1, dtype=torch.float64, generator=generator(2))
height = 4 * time * (1 - time) + 0.03 * noise

with seeded(0):
    gaussian = GaussianHead(MLP([1, 32, 2], "tanh").double())
ball = Empirical(torch.cat([height, time], 1))
steps = budget(500, 50)
fit = fit_likelihood(Pairs(gaussian, inputs=1), ball, steps=steps, batch=200, learning_rate=0.01)
for _ in fit:
    pass

# %% [markdown]
# **Predict.** The ball is at height one half. Which time does the head name as its mean?

# %%
guess = None  # a time between 0 and 1

# %%
half = torch.tensor([[0.5]], dtype=torch.float64)
mean, log_var = (output.item() for output in gaussian.mean_and_log_var(half))
early, late = (1 - 0.5**0.5) / 2, (1 + 0.5**0.5) / 2  # where 4t(1 - t) = 1/2

expect(abs(mean - 0.5) < 0.1, "the mean lies between the two right answers")
why = f"Right are {early:.2f} (going up) and {late:.2f} (coming down). At time ½ it is at height 1."
reveal(guess, mean, why)

# %%
grid = torch.linspace(0, 1, 101, dtype=torch.float64)[:, None]
with torch.no_grad():
    m, log_v = gaussian.mean_and_log_var(grid)
s = (0.5 * log_v).exp()
figure, (ax,) = plots.canvas()
blue, red, grey = (plots.COLOURS[name] for name in ("blue", "red", "grey"))
ax.plot(height, time, ".", color=grey, markersize=4)
ax.plot(grid, m, color=blue, linewidth=2.4, label="mean of the head")
low, high = (m - s)[:, 0], (m + s)[:, 0]
ax.fill_between(grid[:, 0], low, high, alpha=0.25, color=blue, label="± one standard deviation")
plots.dress(ax, x="height $x$", y="time $y$", legend=True)
ax.set(ylim=(-0.2, 1.3), xlim=(-0.1, 1.1))
words = "Times against heights: two branches that meet at the top; the head's mean runs between them."
plots.Picture(figure, words)

# %% [markdown]
# The head did what it could. It has one hill, and the truth has two. So it put the hill in the middle and made it wide:
# its favourite answer is one that never occurs. No larger net would help. The best mean of one hill is the mean of the
# truth, and by symmetry that is ½ at every height. What is too simple is the *distribution* at the end, not the
# function in front of it.
#
# Labels are spared this: ten probabilities can be any distribution of ten labels. For single numbers one often gets
# away with one hill. So most work goes into the net. For a whole picture the distribution decides everything.
#
# ### A generative model: the picture itself is random
#
# Now all 64 pixels are random. How many pictures are there to spread probability over?

# %%
from math import log

levels = 17  # each pixel counts 0 to 16 dots of ink
zeros = 64 * log(levels) / log(10)
say(f"$17^{{64}} \\approx 10^{{{zeros:.0f}}}$ pictures, of which {len(x):,} have been seen.")

# %% [markdown]
# A list of probabilities, as for ten labels, is out of the question. We need a formula with far fewer numbers. (The
# pixels are whole sixteenths. We treat them as any numbers, and $p(x)$ as a density; lecture 7 is exact about that.)
# Here are three, all of them Gaussian:
#
# - **A**: each pixel has a mean and a variance of its own, and is drawn independently of all others;
# - **B**: one Gaussian with a full covariance: pixels may depend on each other, linearly;
# - **C**: one such Gaussian *for each digit*: first draw $y$, then $x$ from $p(x \mid y)$.
#
# (Many pixels are paper in every digit, and a variance of zero would make the density infinite. `reg_covar` adds
# $0.1^2$ to every variance.)

# %%
from coursekit.density import BayesClassifier, GaussianMixture


def hill(points, covariance="full"):
    return GaussianMixture(1, covariance=covariance, reg_covar=0.01).fit(points)


apart, joint = hill(x, "diagonal"), hill(x)
by_digit = BayesClassifier.fit(x, y, hill)

# %% [markdown]
# **Predict.** Which of them draw pictures that can be read: none, C, B and C, or all?

# %%
guess = None  # "none", "C", "B and C" or "all"

# %%
why = "A has the right ink in each place, B has strokes, and both mix all digits. Look below."
reveal(guess, "C", why)

# %%
models = {"A · pixels apart": apart, "B · one Gaussian": joint, "C · one for each digit": by_digit}
drawn = {name: model.sample(16, generator=generator(3)) for name, model in models.items()}
show({"data": x[:16]} | drawn)

# %% [markdown]
# Would a look at single pixels have told them apart? Each has a mean and a variance in every model, and the data have
# them, too.

# %%
hills = [density.parameters for density in by_digit.class_densities]
means = torch.stack([one.means[0] for one in hills])
variances = torch.stack([one.covariances[0].diagonal() for one in hills])
mean = by_digit.class_probs @ means
within_and_between = by_digit.class_probs @ (variances + (means - mean) ** 2)

A, B = apart.parameters, joint.parameters
for m, v in [(A.means[0], A.covariances[0]), (B.means[0], B.covariances[0].diagonal()), (mean, within_and_between)]:
    assert torch.allclose(m, x.mean(0))
    assert torch.allclose(v, x.var(0, correction=0) + 0.1**2)

# %% [markdown]
# All the same. What separates the models is which pixels go *together*. That is the whole difficulty: pictures, sounds
# and texts have strong dependence and many **modes**, separate places where the density has a peak, and simple
# distributions have neither. All models of this course are ways to build rich distributions from simple ones.
#
# C is the same trick as the two hills that the ball needed. A hidden choice, here the digit, turns simple distributions
# into a richer one: $p(x) = \sum_y p(x \mid y)\, p(y)$.

# %% [markdown]
# ## 2 · Bayes' rule joins the two
#
# Model C knows $p(x \mid y)$ and also the **prior** $p(y)$, how frequent each digit is. So we can ask it the
# discriminative question, for the **posterior** $p(y \mid x)$:
#
# $$p(y \mid x) = \frac{p(x \mid y)\, p(y)}{p(x)}, \qquad p(x) = \sum_y p(x \mid y)\, p(y).$$
#
# On the line first. Two classes, $N(-1, 1)$ and $N(1, 1)$, equally frequent. Take the logarithm of the ratio of the two
# posteriors: the squares cancel, and what is left is $2x$, linear. So $p(y = 1 \mid x) = 1 / (1 + e^{-2x})$, which is a
# softmax with a linear net. The softmax head was Bayes' rule for Gaussians of equal width all along.

# %%
from coursekit.distributions import NormalMixture1D

two = [NormalMixture1D([1.0], [m], [1.0]) for m in (-1.0, 1.0)]
even = BayesClassifier(two, [0.5, 0.5])

t = torch.linspace(-4, 4, 81, dtype=torch.float64)
log_odds = even.log_posterior(t).diff(dim=1)[:, 0]
assert torch.allclose(log_odds, 2 * t)

# %% [markdown]
# **Predict.** Now class 1 is rare, one point in a hundred. A point lies at $x = 1$, exactly at its centre. How probable
# is class 1?

# %%
guess = None  # a probability

# %%
rare = BayesClassifier(two, [0.99, 0.01])
at = torch.tensor([1.0], dtype=torch.float64)
posterior = rare.log_posterior(at).exp()[0, 1].item()

assert abs(rare.log_posterior(at).diff().item() - (2 - log(99))) < 1e-9
why = "The point speaks for class 1 by $e^2 \\approx 7$ to 1, the prior against it by 99 to 1."
reveal(guess, posterior, why)

# %%
figure, axes = plots.canvas(2)
panels = {"equally frequent": even, "class 1 is rare": rare}
for ax, (title, model) in zip(axes, panels.items(), strict=True):
    density, posterior = model.log_joint(t).exp(), model.log_posterior(t).exp()
    for k, colour in enumerate((blue, red)):
        label = f"$p(x \\mid {k})\\, p({k})$"
        ax.plot(t, density[:, k], color=colour, linewidth=2.4, label=label)
    ax.plot(t, posterior[:, 1], color="black", linestyle="--", label="$p(y = 1 \\mid x)$")
    plots.dress(ax, x="$x$", title=title, density=True, legend=True)
words = "Two class densities times their frequencies, and the posterior of class 1, an S-shaped curve."
plots.Picture(figure, words + " Where class 1 is rare it rises further to the right.")

# %% [markdown]
# (On the right the curve of class 1 is there, too: its peak is 99 times lower than that of class 0.)
#
# **Pitfall.** Forgetting $p(y)$ is the classic mistake of classifiers made this way. It does not show as long as
# classes are equally frequent.
#
# Back to the digits. Model C never compared two digits with each other. It learned each one on its own.
#
# **Predict.** Which classifies better on digits not seen: the softmax, which was trained to classify, or model C with
# Bayes' rule?

# %%
guess = None  # "softmax" or "Bayes"


# %%
def hill_apart(points):
    return hill(points, "diagonal")


naive_bayes = BayesClassifier.fit(x, y, hill_apart)
scores = {
    "softmax, linear": accuracy(softmax),
    "Bayes, pixels apart": accuracy(naive_bayes),
    "Bayes, model C": accuracy(by_digit),
}
expect(scores["Bayes, model C"] > scores["softmax, linear"], "C is ahead of a linear softmax")
shares = ", ".join(f"{name}: {share:.1%}" for name, share in scores.items())
reveal(guess, "Bayes", f"Right on fresh digits: {shares}.")

# %% [markdown]
# "Bayes, pixels apart" is like C, with model A for each digit. It is known as **naive Bayes**: it takes dependent
# pixels for independent evidence, and pays for it. One split may be luck, and a softmax may have a better net, so the
# committed experiment has more of both:

# %%
heads = figure_row("s01_bayes_classifier")
rows = []
for name, shares in heads["data"]["accuracy"]["digits"].items():
    low, high = heads["intervals"][f"digits: {name}"]
    rows.append([name, f"{sum(shares) / len(shares):.1%}", f"{low:.1%} to {high:.1%}"])
table([f"classifier, over {len(heads['seeds'])} splits", "right on fresh digits", "95 % interval"], rows)

# %%
shares = heads["data"]["accuracy"]["digits"]
duels = zip(shares["Bayes, full normals"], shares["softmax, 64 hidden"], strict=True)
won = sum(bayes > net for bayes, net in duels)
fold(f"Model C's kind is ahead of the net with a hidden layer on {won} of {len(heads['seeds'])} splits.", heads)

# %% [markdown]
# Read it both ways. An assumption that is about right is worth many data: with a thousand small pictures, Gaussians do
# better than a net that assumes nothing. One that is wrong costs accuracy for ever, like pixels apart. And nobody has a
# $p(x \mid y)$ that is about right for photographs, while a border between classes can still be learned there. So who
# only wants labels of large pictures learns only $p(y \mid x)$.

# %% [markdown]
# ### What else the generative one knows
#
# Show both of them things that are no digits: pixels at random, a chess board, blank paper.
#
# **Predict.** How sure is the softmax that the chess board is *some* digit (its largest probability)?

# %%
guess = None  # a probability

# %%
dice = torch.rand(200, 64, dtype=torch.float64, generator=generator(4))
chess = ((torch.arange(64) // 8 + torch.arange(64)) % 2).double()[None]
blank = torch.zeros(1, 64, dtype=torch.float64)
things = {"fresh digits": x_test, "pixels at random": dice, "chess board": chess, "blank paper": blank}

seen = {}
for name, thing in things.items():
    sure = [model.log_posterior(thing).exp().amax(1).median().item() for model in (softmax, by_digit)]
    seen[name] = [*sure, by_digit.log_prob(thing).median().item()]

expect(all(by_bayes > by_net for by_net, by_bayes, _ in seen.values()), "model C is surer of everything")
why = "Ten probabilities sum to one, and none of the ten labels is 'no digit'."
reveal(guess, seen["chess board"][0], why)

# %%
head = ["what is shown", "softmax: largest $p(y \\mid x)$", "model C: the same", "model C: $\\log p(x)$"]
table(head, [[name, f"{a:.2f}", f"{b:.2f}", f"{c:.0f}".replace("-", "−")] for name, (a, b, c) in seen.items()])

# %%
fresh, strange = by_digit.log_prob(x_test), by_digit.log_prob(torch.cat([dice, chess, blank]))
expect(fresh.min() > strange.max(), "every fresh digit is likelier than any of the others")
say(
    f"The least likely of {len(fresh)} fresh digits has {fresh.min():.1f} nats, blank paper {strange.max():.1f}.".replace(
        "-", "−"
    )
)

# %% [markdown]
# (Medians where there are many.) The posterior of model C is no better than the softmax's; it is even surer of nonsense.
# What tells is the denominator of Bayes' rule, $p(x)$, which a discriminative model never learns. It is no cure for
# everything: blank paper comes close to the digits here, and lecture 7 has a famous case in which likelihood is fooled
# altogether.

# %% [markdown]
# ### Break
#
# Here the first sitting ends. A discriminative model $p(y \mid x)$ gets by with a simple distribution at the end of a net.
# A generative one has to say which pixels go together; Bayes' rule turns it into a classifier, and its $p(x)$ tells
# digits from nonsense. Without looking back: why did the ball's head name a time at which the ball was elsewhere? What
# is forgotten by somebody whose classifier works only when classes are equally frequent?
#
# Both models were fitted by making what occurred likely, and nobody said why. The second sitting does. When you come
# back to a fresh notebook, run its first three code cells (set-up, the digits, how to show them) and the next one.

# %%
from math import log

from coursekit.data import Empirical
from coursekit.density import GaussianMixture
from coursekit.distributions import NormalMixture1D
from coursekit.training import fit_likelihood

blue, red, grey = (plots.COLOURS[name] for name in ("blue", "red", "grey"))

# %% [markdown]
# ## 3 · Three tasks and three choices
#
# A generative model can be asked for three things:
#
# - **density**: how likely is this $x$?
# - **sampling**: draw a new $x$.
# - **representation**: what lies behind this $x$? Which few numbers describe it?
#
# We have seen the first two. For the third, throw the labels away, and fit a **mixture** of twenty Gaussians to the bare
# pictures: like model C, but which of its **components** a picture comes from is now a **latent** (hidden) variable.
# Nobody says what it means. For each picture the model returns the probabilities of the twenty components, its code.

# %%
hidden = []
for seed in range(budget(5, 2)):
    mixture = GaussianMixture(20, covariance="diagonal", reg_covar=0.01)
    hidden.append(mixture.fit(x, generator=generator(seed), max_steps=budget(40, 5)))

code = hidden[0].represent(x)  # (n, 20), not negative, sums to one
assert torch.allclose(code.sum(1), torch.ones_like(code[:, 0]))

# %% [markdown]
# **Predict.** Afterwards we look at labels once: name each component after the digit that is most frequent in it. Which
# share of fresh digits does that classify correctly? (Guessing: 10 %.)

# %%
guess = None  # a share

# %%
shares = []
for mixture in hidden:
    component, fresh = (mixture.represent(points).argmax(1) for points in (x, x_test))
    names = [torch.bincount(y[component == k], minlength=10).argmax() for k in range(20)]
    shares.append((torch.stack(names)[fresh] == y_test).double().mean().item())

expect(min(shares) > 0.7, "components follow digits, from every start")
why = "To make pictures likely the mixture had to find out which kinds there are."
spread = f"Over {len(shares)} random starts: {min(shares):.0%} to {max(shares):.0%}."
reveal(guess, sum(shares) / len(shares), f"{why} {spread}")

# %%
show({"means of the 20 components": hidden[0].parameters.means})

# %% [markdown]
# That is the promise of representation learning. The judge is our own choice, though: another task might need the slant
# of the writing, and there these components are no help. **There is no single number that says how good a generative
# model is**, and the three tasks can disagree. Section 5
# shows them at odds.
#
# ### Three choices
#
# To learn is to choose, from a family of distributions $p_\theta$, the one nearest to the data's:
#
# $$\min_\theta\; D(p_\text{data},\, p_\theta).$$
#
# Here $p_\text{data}$ is the distribution that the data come from, $\theta$ the parameters of the model, and $D$ a
# **divergence**: a number that is zero when two distributions are equal and positive when they are not. Three choices
# are hidden in that line. They are the questions to ask about every method of this course:
#
# 1. **Which family** $p_\theta$? It decides which of the three tasks are possible.
# 2. **Which divergence** $D$? It decides what happens where the family is too small.
# 3. **Which optimiser**? It decides whether one gets there.
#
# ### A divergence that data can measure
#
# Nobody ever sees $p_\text{data}$. There are only points drawn from it. So choose a $D$ that points suffice to
# estimate. Take the **Kullback–Leibler divergence** (KL), the mean over data of how much likelier the truth makes them
# than the model does, in nats:
#
# $$\mathrm{KL}(p_\text{data} \,\|\, p_\theta) = \mathbb E_{x \sim p_\text{data}} \big[\log p_\text{data}(x) - \log p_\theta(x)\big].$$
#
# Split the mean in two. The first part, $\mathbb E \log p_\text{data}(x)$, is unknown. It is also a constant: no choice
# of $\theta$ changes it. The second is a mean over data, and a mean over data is what points can estimate:
#
# $$\arg\min_\theta \mathrm{KL}(p_\text{data} \,\|\, p_\theta) = \arg\max_\theta \mathbb E_{p_\text{data}} \log p_\theta(x)
# \approx \arg\max_\theta \frac1n \sum_{i=1}^n \log p_\theta(x_i).$$
#
# The density of the data, seen as a function of the parameters, is called the **likelihood**, and this is **maximum
# likelihood**. What is minimised in practice is the mean of $-\log p_\theta(x_i)$ over the points, the **NLL**
# (negative log-likelihood).
#
# Check the argument where the truth is known. `bimodal` is a density with a name in this course: two equal hills on the
# line, $N(-1, (2/3)^2)$ and $N(1, (2/3)^2)$, which touch. Take two wrong models of it. The difference of their NLL must
# be the difference of their divergences, up to the error of a mean over finitely many points.

# %%
from coursekit.distances import kl_by_quadrature
from coursekit.distributions import get

bimodal = get("bimodal")
wide = NormalMixture1D([1.0], [0.0], [1.2])
uneven = NormalMixture1D([0.3, 0.7], [-1.0, 1.0], [0.6, 0.6])
models = [wide, uneven]
kl = [kl_by_quadrature(bimodal, model, low=-8, high=8).item() for model in models]

points = bimodal.sample(20_000, generator=generator(5))
nll = [-model.log_prob(points) for model in models]
difference = nll[0] - nll[1]
error = difference.std().item() / len(points) ** 0.5
assert abs(difference.mean().item() - (kl[0] - kl[1])) < 4 * error

# %% [markdown]
# **Predict.** A model could not be better: it *is* the true density, `bimodal`. Is its NLL zero, or on which side of it?

# %%
guess = None  # "negative", "zero" or "positive"

# %%
entropy = bimodal.entropy().item()
best = -bimodal.log_prob(points).mean().item()
assert abs(best - entropy) < 0.03  # four standard errors
assert bimodal.log_prob(points).max() < 0
why = f"The density is below one everywhere, so each $-\\log p(x)$ is positive. Their mean is {best:.3f} nats here."
reveal(guess, "positive", f"{why} It estimates the constant that we dropped, which is {entropy:.3f}.")

# %% [markdown]
# That constant is the **entropy** of the data: of any distribution, $-\mathbb E \log p(x)$ under itself. No model can get
# below it.
#
# **Pitfall.** So an NLL by itself says little. For data of high entropy a perfect model has a large one, for densities
# that exceed one it may be negative. Only *differences* on the same data mean something: they are differences of KL.
#
# That was the second choice. The third is how to get to the minimum, and there are three ways.
#
# ### By a formula
#
# For a single normal the maximum can be written down. Set the derivatives of the likelihood to zero, and out come the
# mean of the data and their standard deviation (divided by $n$, not $n - 1$). Autograd agrees that the slope there is
# zero:

# %%
from coursekit.density import TrainableMixture

sample = NormalMixture1D([1.0], [3.0], [2.0]).sample(1_000, generator=generator(6))
closed = {"mean": sample.mean().item(), "scale": sample.std(correction=0).item()}

best = TrainableMixture([1.0], [closed["mean"]], [closed["scale"]])
loss = -best.log_prob(sample).mean()
slopes = torch.autograd.grad(loss, [best.means, best.log_scales])
assert max(slope.abs().item() for slope in slopes) < 1e-12

# %% [markdown]
# ### By stochastic gradients
#
# For nearly all other models there is no formula. What nearly always can be done is to go downhill: take a few points,
# a **batch**, compute the gradient of their NLL, take a small step against it, repeat. The gradient of a batch is wrong
# each time and right on average. The length of a step is the gradient times a number, the **learning rate**. The whole
# method fits in one cell; twenty runs go side by side, one in each column.


# %%
def descend(rate, steps, seed=7):
    """Means after each step with shape (20, steps), for a learning rate that may depend on the step."""
    draw = generator(seed)
    theta = torch.zeros(2, 20, dtype=torch.float64, requires_grad=True)  # mean and log scale
    path = []
    for k in range(steps):
        batch = sample[torch.randint(len(sample), (100, 20), generator=draw)]
        mean, log_scale = theta
        nll = log_scale + 0.5 * ((batch - mean) / log_scale.exp()) ** 2  # up to a constant
        (slope,) = torch.autograd.grad(nll.mean(0).sum(), theta)
        with torch.no_grad():
            theta -= rate(k) * slope
        path.append(theta[0].detach().clone())
    return torch.stack(path, 1)


# %% [markdown]
# The scale is trained through its logarithm: a gradient step knows no limits, and a scale must stay positive.
#
# **Predict.** One set of runs keeps its rate at 0.4, the other lets it fall evenly from 0.4 to 0, on the same batches.
# Which ends nearer to the formula's mean?

# %%
guess = None  # "constant", "falling" or "the same"

# %%
steps = budget(1_000, 50)
paths = {
    "constant": descend(lambda k: 0.4, steps),
    "falling": descend(lambda k: 0.4 * (1 - k / steps), steps),
}
off = {name: (path - closed["mean"]).abs() / closed["scale"] for name, path in paths.items()}

last = {name: error[:, -1] for name, error in off.items()}
nearer = (last["falling"] < last["constant"]).sum().item()
expect(nearer >= 15, "a falling rate ends nearer, in 15 of 20 runs or more (by luck alone: 2 %)")
factor = last["constant"].mean().item() / last["falling"].mean().item()
why = "At a constant rate the noise of the batches never dies out."
reveal(guess, "falling", f"Nearer in {nearer} of 20 runs, by a factor of {factor:.0f} on average. {why}")

# %%
every = slice(9, None, 10)
plots.bands(
    list(range(1, steps + 1))[every],
    {name: error[:, every].tolist() for name, error in off.items()},
    x_label="step",
    y_label="standard deviations off",
    log_y=True,
)

# %% [markdown]
# ### By E-M
#
# A mixture with two components has no formula either, but each *half* of the problem has one: given the components, who
# belongs where; given who belongs where, the components. Taking turns is **expectation-maximisation** (E-M), and
# lecture 2 takes it step by step. The gradient needs no such insight.
#
# **Predict.** Both start from the same place, on 1,000 points of `bimodal`. Which reaches the higher likelihood in the
# end?

# %%
guess = None  # "E-M", "gradients" or "neither"

# %%
from coursekit.density import Parameters

sample = bimodal.sample(1_000, generator=generator(8))
column = torch.tensor([[-0.5], [0.5]], dtype=torch.float64)
start = Parameters(torch.full((2,), 0.5).double(), column, torch.ones(2, 1, 1).double())
em = GaussianMixture(2, reg_covar=0.0).fit(sample, start=start, max_steps=1_000, tolerance=1e-9)

# %%
steps = budget(1_000, 50)
gradient = TrainableMixture([0.5, 0.5], [-0.5, 0.5], [1.0, 1.0])
run = fit_likelihood(gradient, Empirical(sample), steps=steps, batch=200, learning_rate=0.03)
for update in run:
    run.set_learning_rate(0.03 * (1 - update.step / steps))

gradient.requires_grad_(False)  # training is over
gap = (em.log_prob(sample) - gradient.log_prob(sample)).mean().item()
expect(abs(gap) < 1e-3, "they agree to a thousandth of a nat")
rounds = len(em.log_likelihoods) - 1
why = f"{abs(gap):.0e} nats a point apart. E-M took {rounds} rounds, gradients {steps:,} steps."
reveal(guess, "neither", why)

# %%
plots.densities(-4, 4, {"E-M": em, "gradients": gradient, "truth": bimodal}, samples=sample)

# %% [markdown]
# Same family, same divergence, same start, and the same answer: here the optimiser only decides how to get there. On
# harder families it may get stuck, and then the third choice matters, too; lecture 2 shows how. Over seeds:

# %%
climbs = figure_row("s01_maximum_likelihood")
found = climbs["figures"]
fold(
    f"Over {len(climbs['seeds'])} samples: the mean of a normal within {found['mean_error']:.4f} standard "
    f"deviations of the formula, a mixture within {found['gap_bimodal']:.0e} nats a point of E-M.",
    climbs,
)

# %% [markdown]
# ## 4 · When the family is too small: the direction of the divergence
#
# If the family contains the truth, every divergence is smallest there. In practice the family never contains it. So
# what counts is which *wrong* model a divergence prefers. The KL has two directions:
#
# $$\text{forward}\quad \mathrm{KL}(p \,\|\, q) = \mathbb E_{x \sim p} \log \frac{p(x)}{q(x)}, \qquad
# \text{reverse}\quad \mathrm{KL}(q \,\|\, p) = \mathbb E_{x \sim q} \log \frac{q(x)}{p(x)}.$$
#
# Each takes its mean over its first argument. Forward asks at points *of the data*: is there a place where data occur
# and the model says "hardly ever"? Reverse asks at points *of the model*: does it produce what the data hardly ever
# contain?
#
# The data $p$ have two equal modes, 6 standard deviations apart. The model $q$ is a single normal.
#
# **Predict.** Where does the mean of the best $q$ lie, at the midpoint or at a mode? Answer for forward, then for
# reverse.

# %%
guess = None  # "midpoint, midpoint", "midpoint, mode", "mode, midpoint" or "mode, mode"

# %%
from coursekit.distances import fit_normal_by_kl

modes = NormalMixture1D([0.5, 0.5], [-3.0, 3.0], [1.0, 1.0])
forward = fit_normal_by_kl(modes, "forward", start=(1.0, 1.0))
reverse = fit_normal_by_kl(modes, "reverse", start=(1.0, 1.0))

assert abs(forward.mean) < 0.05 and abs(reverse.mean - 3) < 0.05
ends = [f"$N({abs(fit.mean):.2f}, {fit.scale:.2f}^2)$" for fit in (forward, reverse)]
reveal(guess, "midpoint, mode", f"Forward ends at {ends[0]}, reverse at {ends[1]}.")

# %%
fits = [NormalMixture1D([1.0], [fit.mean], [fit.scale]) for fit in (forward, reverse)]
titles = ["forward covers the modes", "reverse seeks one"]
panels = [{"model": fit, "truth": modes} for fit in fits]
plots.densities(-8, 8, panels, titles=titles, top=0.4)

# %% [markdown]
# Forward cannot leave out a mode: there $\log(p/q)$ would be huge, and half of the data lie there. So it covers both,
# and the valley as well: **mode covering**. Reverse cannot use the valley: there $\log(q/p)$ would be huge. So it keeps
# to one mode: **mode seeking**. The other mode adds nothing to a mean over points of $q$, since $q$ has none there.
#
# Forward also has a formula. For a normal, $\mathbb E_p \log q$ contains $p$ only through its mean and its variance, so
# the best $q$ takes over both, whatever $p$ looks like otherwise.

# %%
variance = 3.0**2 + 1.0**2  # between the modes, plus within
assert abs(forward.scale - variance**0.5) < 1e-3

# %% [markdown]
# **Predict.** Reverse has dropped half of the data. How many nats does that cost, about?

# %%
guess = None  # in nats

# %%
assert abs(reverse.divergence - log(2)) < 0.01
why = "On its mode $q$ is twice $p$, so $\\log(q/p) = \\log 2$. With $K$ modes it would be $\\log K$."
reveal(guess, reverse.divergence, why)

# %% [markdown]
# The price of dropping is bounded, and a model that never visits the other mode has no way to notice it. The price of
# covering is not bounded. The committed experiment has pulled the modes apart:

# %%
directions = figure_row("s01_kl_direction")
found = directions["figures"]
rows = []
for distance in directions["data"]["distances"]:
    rows.append([f"{distance:.0f}", found[f"forward_kl_{distance:.0f}"], found[f"reverse_kl_{distance:.0f}"]])
table(["distance of the modes", "best forward KL, nats", "best reverse KL, nats"], rows)

# %% [markdown]
# And how much of the covering model falls into the valley, where data are rare?

# %%
edges = torch.tensor([-1.0, 1.0], dtype=torch.float64)
valley = {"data": modes, "forward": fits[0], "reverse": fits[1]}
shares = {name: model.cdf(edges).diff().item() for name, model in valley.items()}

assert shares["forward"] > 5 * max(shares["data"], shares["reverse"])
table(["drawn from", "share between −1 and 1"], [[name, f"{share:.1%}"] for name, share in shares.items()])

# %% [markdown]
# This is the ball's head again, which named the time at which the ball was elsewhere: maximum likelihood is the forward
# direction. In pictures, samples from the valley are the blurred mean of two things. A model trained in the reverse
# spirit has sharp samples and drops kinds of data without a word.
#
# ### Pitfall: the reverse direction has several minima
#
# **Predict.** Start reverse exactly in the middle, at mean 0 and scale 1. Where does it end?

# %%
guess = None  # "a mode", "the middle" or "it jumps to and fro"

# %%
middle = fit_normal_by_kl(modes, "reverse", start=(0.0, 1.0))

assert middle.converged and abs(middle.mean) < 1e-6
assert middle.divergence > reverse.divergence
worse, best = middle.divergence, reverse.divergence
why = f"Nothing pulls it to a side. It widens to scale {middle.scale:.2f} and stops"
reveal(guess, "the middle", f"{why} at {worse:.2f} nats. At a mode it is {best:.2f}.")

# %% [markdown]
# Is that an accident of starting *exactly* in the middle? Try many starts. Each dot of the next picture is one; its
# colour says where the walk ends.

# %%
from itertools import product

START_MEANS = [-5, -4, -3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 5]
START_SCALES = [0.3, 0.5, 1, 1.5, 2, 3, 4]
ends = {"at the left mode": [], "across both": [], "at the right mode": []}
for start in product(START_MEANS, START_SCALES):
    end = fit_normal_by_kl(modes, "reverse", start=start, tolerance=1e-3).mean
    ends["across both" if abs(end) < 1 else "at the left mode" if end < 0 else "at the right mode"].append(start)

assert (-0.5, 1.5) in ends["across both"] and (0.5, 0.5) in ends["at the right mode"]

# %%
figure, (ax,) = plots.canvas()
for (name, starts), colour, marker in zip(ends.items(), (blue, grey, red), "<os", strict=True):
    ax.plot(*zip(*starts, strict=True), marker, color=colour, markersize=9, label=f"ends {name}")
ax.set_yscale("log")
ax.set_yticks(START_SCALES, [f"{scale:g}" for scale in START_SCALES])
ax.minorticks_off()
plots.dress(ax, x="mean at the start", y="scale at the start", ticks=[-4, -2, 0, 2, 4])
ax.set_xlim(-5.5, 10)
ax.legend(fontsize=12, frameon=False, loc="center right")
counts = ", ".join(f"{len(starts)} end {name}" for name, starts in ends.items())
words = "Wide starts, and starts in the middle, end across both modes, narrow ones at the mode that is near."
plots.Picture(figure, f"Starts by mean and scale: {counts}. {words}")

# %%
caught = directions["figures"]["starts_caught"]
fold(
    f"From random starts, over {len(directions['seeds'])} seeds and three distances, {caught:.0%} of the reverse fits "
    "end in the shallow minimum across both modes, all others at a mode.",
    directions,
)

# %% [markdown]
# So which wrong model one gets depends on the divergence *and* on the optimiser. Forward has one minimum only, from
# wherever one starts: its formula says so.
#
# **Explore.** Drag the normal below by its round handle, widen it by the square one, and watch both divergences and
# what they add up. Predict before you try:
#
# - You hold a narrow hill on the right mode and widen it slowly. Which divergence falls for how long?
# - Choose the target with unequal weights. Can *Fit KL(q‖p)* end at the *lighter* mode?
# - Go back to equal weights and pull the modes together. Below which distance does *Fit KL(q‖p)* end in the middle
#   from *every* start? The cell after the widget has the answer.
#
# (Where this page is not running Python there is nothing to see below. The widget shows the pictures above in motion,
# with the integrands of both divergences and their values.)

# %%
from coursekit.widgets import KLExplorer

KLExplorer("two modes", mean=3.0, scale=0.5)

# %%
guess = None  # a distance, in standard deviations of a mode

# %%
pulled = [3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0]
stays = []
for distance in pulled:
    pair = NormalMixture1D([0.5, 0.5], [-distance / 2, distance / 2], [1.0, 1.0])
    on_a_mode = (distance / 2, 1.0)  # from here a walk is likeliest to stay
    stays.append(fit_normal_by_kl(pair, "reverse", start=on_a_mode).mean > 0.05)

assert stays == sorted(stays)  # first none, then all
first = pulled[stays.index(True)]
why = "Only then is the valley deep enough to hold a hill on its side of it."
reveal(guess, f"between {first - 0.5:g} and {first:g}", why)

# %% [markdown]
# ### Which direction can be computed?
#
# It is no free choice. Each divergence needs something, and data do not always have it:
#
# - **Forward KL** needs points of the data and $\log p_\theta$. A model without a density is out.
# - **Reverse KL** needs points of the model and $\log p_\text{data}$, up to a constant. For a picture nobody has that.
#   In physics one often does, and in variational inference the target is a posterior, known up to its constant
#   (lectures 4 to 6).
# - **Divergences by comparison** need points of both and no density at all: train a classifier to tell data from
#   samples, and use how well it does. That is the idea of adversarial training (lectures 8 to 13).

# %% [markdown]
# ### Break
#
# Here the second sitting ends. Maximum likelihood minimises the forward KL, because points of the data suffice to
# measure that; formula, E-M and gradients are ways to get there. A family that is too small covers the modes in this
# direction and drops some in the other. Without looking back: what does it cost reverse KL to drop one of two modes?
# And why is the NLL of a perfect model not zero?
#
# The third sitting asks what a good likelihood is worth, and what else a model can answer. When you come back to a
# fresh notebook, run its first three code cells (set-up, the digits, how to show them) and the next one. It fits model
# C of section 1 again: one Gaussian with a full covariance for each digit.

# %%
from math import log

from coursekit.data import Empirical
from coursekit.density import BayesClassifier, GaussianMixture, Pairs, SoftmaxHead
from coursekit.nets import MLP
from coursekit.training import fit_likelihood

by_digit = BayesClassifier.fit(x, y, lambda points: GaussianMixture(1, reg_covar=0.01).fit(points))  # model C

# %% [markdown]
# ## 5 · A good likelihood is not a good sample
#
# Maximum likelihood is well founded, so it is tempting to believe that the model with the higher likelihood is the
# better one in every respect. Two models that are bad on purpose show that this is wrong, in both directions.
#
# ### A model that is nearly all noise
#
# Take a good model and drown it: with probability $\pi$ draw from it, otherwise draw noise.
#
# $$p(x) = \pi\, p_\text{model}(x) + (1 - \pi)\, p_\text{noise}(x), \qquad \pi = 0.01.$$
#
# Noise here is a picture whose pixels are uniform on $(0, 1)$: a density of 1, hence a log-density of 0. So the
# log-likelihood of any other model, in nats, says how far it is ahead of noise.

# %%
from coursekit.density import Corrupted


class PixelNoise:
    def sample(self, n, *, context=None, generator=None):
        return torch.rand(n, 64, dtype=torch.float64, generator=generator)

    def log_prob(self, x, *, context=None):
        inside = ((x >= 0) & (x <= 1)).all(1)
        return torch.where(inside, 0.0, -torch.inf).double()


drowned = Corrupted(by_digit, PixelNoise(), share=0.99)  # the share of noise, 1 − π
both = {"model C": by_digit, "drowned": drowned}
show({name: model.sample(16, generator=generator(9)) for name, model in both.items()})

# %% [markdown]
# **Predict.** On fresh digits model C has a certain log-likelihood. How many nats a picture does the drowned one lose
# against it?

# %%
guess = None  # in nats a picture

# %%
good, bad = by_digit.log_prob(x_test), drowned.log_prob(x_test)
lost = (good - bad).mean().item()
bound = -log(0.01)

assert (good - bad <= bound + 1e-9).all()
why = f"Of {good.mean():.0f} nats ahead of noise. It can never be more than $-\\log 0.01 = {bound:.2f}$."
reveal(guess, lost, why)

# %% [markdown]
# Why so little? Leave out the second summand, which is not negative:
#
# $$\log p(x) \;\ge\; \log\big(\pi\, p_\text{model}(x)\big) = \log p_\text{model}(x) - \log \tfrac{1}{\pi}.$$
#
# The loss is at most $-\log \pi$ nats **a picture**, whatever the picture's size. With only 64 pixels one may still notice
# it. But a log-likelihood grows with the number of dimensions $d$, and so do the differences between models;
# $-\log \pi$ does not.
#
# Compare it with a difference that people publish. Likelihoods of pictures are given in **bits per dimension**,
# $-\log_2 p(x) / d$ plus a constant (lecture 0); less is better. On CIFAR-10, photographs of 32 × 32 pixels in three colours, two flows of
# lecture 7 report 3.49 (RealNVP) and 3.35 (Glow).
#
# **Predict.** Replace 99 of 100 samples of Glow by noise. Is it still ahead of RealNVP?

# %%
guess = None  # "yes" or "no"

# %%
d = 3 * 32 * 32
published = (3.49 - 3.35) * d * log(2)  # nats a picture
assert published > 50 * bound
why = f"The two are {published:.0f} nats a picture apart, of which the noise takes {bound:.1f} at most."
reveal(guess, "yes, by far", why)

# %%
rows = []
for side, colours in ((8, 1), (32, 3), (256, 3)):
    nats = bound / (side**2 * colours)
    rows.append([f"{side} × {side} × {colours}", f"{nats:.5f}", f"{nats / log(2):.5f}"])
table(["picture", "nats lost per dimension, at most", "in bits"], rows)

# %% [markdown]
# So likelihood is blind to most of what is drawn. It is asked at points of the data only, and there the noise hardly
# matters: forward KL covers, and does not mind what lies beside. Who looks at samples sees it at once.

# %% [markdown]
# ### A model that learned its data by heart
#
# The opposite: put a very narrow hill on each training picture and nothing elsewhere. To draw is to pick a training
# picture at random and to shift every pixel a little, by 0.02 or so, less than the eye sees.

# %%
from coursekit.density import Memoriser

parrot = Memoriser(x, scale=0.02)
both = {"memoriser": parrot, "model C": by_digit}
show({name: model.sample(16, generator=generator(10)) for name, model in both.items()})

# %% [markdown]
# How good are the samples? Let a net judge: a classifier from section 1 with two classes, *data* and *drawn*. It learns
# on half of the pictures, and its accuracy is measured on the other half. If it is right half of the time, it cannot
# tell the two apart. This is a **two-sample test by a classifier**, which lecture 8 makes precise.


# %%
def told_apart(model, seed):
    """Accuracy of a net that tells a model's samples from training pictures."""
    draw = generator(seed)
    n = 1_000
    pictures = torch.cat([Empirical(x).sample(n, generator=draw), model.sample(n, generator=draw)])
    drawn = torch.arange(2).repeat_interleave(n)[:, None]
    rows = torch.cat([pictures, drawn], 1)[torch.randperm(2 * n, generator=draw)]
    learn, score = rows[:n], rows[n:]
    with seeded(seed):
        head = SoftmaxHead(MLP([64, 64, 2]).double())
    options = {"steps": budget(400, 20), "batch": 100, "learning_rate": 3e-3, "seed": seed}
    for _ in fit_likelihood(Pairs(head, inputs=64), Empirical(learn), **options):
        pass
    return (head.predict(score[:, :64]) == score[:, 64]).double().mean().item()


# %% [markdown]
# **Predict.** How often is it right about the memoriser's samples and training pictures?

# %%
guess = None  # between 0.5 (cannot tell) and 1 (always)

# %%
contenders = {"model C": by_digit, "drowned in noise": drowned, "memoriser": parrot}
told = {}
for name, model in contenders.items():
    runs = [told_apart(model, seed) for seed in range(budget(3, 1))]
    told[name] = sum(runs) / len(runs)

expect(abs(told["memoriser"] - 0.5) < 0.04, "half right about the memoriser, which is chance")
expect(told["drowned in noise"] > 0.9 and told["model C"] > 0.6, "right about the others")
why = "They *are* training pictures, but for a shift too small for this net. By this judge it is our best model by far."
reveal(guess, told["memoriser"], why)

# %% [markdown]
# **Predict.** And its log-likelihood? Order the three models by how likely they find the *training* pictures, then by
# how likely they find *fresh* ones.

# %%
guess = None  # "the memoriser wins both", "wins training, loses fresh" or "loses both"

# %%
on_train = {name: model.log_prob(x).mean().item() for name, model in contenders.items()}
on_fresh = {name: model.log_prob(x_test).mean().item() for name, model in contenders.items()}

assert on_train["memoriser"] == max(on_train.values())
assert on_fresh["memoriser"] == min(on_fresh.values())
why = "A fresh digit lies under no hill, many widths away from each."
reveal(guess, "wins training, loses fresh", why)


# %%
def nats(value):
    return f"{value:,.0f}".replace("-", "−")


rows = [[k, f"{told[k]:.0%}", nats(on_train[k]), nats(on_fresh[k])] for k in contenders]
table(["", "told from the data by a net", "$\\log p$, training", "$\\log p$, fresh"], rows)

# %% [markdown]
# Read the table by rows. The drowned model has nearly the likelihood of model C, and samples that anybody tells from
# data. The memoriser has perfect samples and a useless density; on training data its likelihood is excellent, too.
#
# **Pitfall.** So neither the likelihood of training data nor a look at samples shows memorising. The likelihood of
# held-out data does. For models without a density, one looks for the training picture nearest to each sample (lecture 8).
#
# The perfect model is best by every judge. All others are wrong in some way, and each judge sees another one. That is
# why families trained by other means than likelihood are worth having, and why each has to be judged for what it is
# used for.

# %% [markdown]
# The committed experiment repeats it on several splits, with model C fitted a little better, so that its paper is less
# speckled, and with a second judge, which looks at one picture at a time and asks how far the nearest digit is.

# %%
judges = figure_row("s01_likelihood_and_quality")
found = judges["figures"]
C, drowned_too, memory = (found[f"two_sample_{who}"] for who in ("model", "corrupted", "memoriser"))
fold(
    f"Over {len(judges['seeds'])} splits the noise costs {found['lost']:.2f} of at most {found['most_lost']:.2f} nats, "
    f"and the judge of single pictures takes {found['judged_corrupted']:.0%} of the samples for noise. The net tells "
    f"{C:.0%} of model C's, {drowned_too:.0%} of the drowned one's and {memory:.0%} of the memoriser's pictures right.",
    judges,
)

# %% [markdown]
# ## 6 · Who can answer what?
#
# Model C is a small **graphical model**: a hidden $y$, an arrow to $x$, and both distributions written down. Everything
# else follows by sums and integrals, and for Gaussians the integrals have formulas. So it answers questions for which
# nobody trained it.
#
# An example: the lower half $x_2$ of a picture is covered. What may be there, given the upper half $x_1$? If the digit
# were known, the rest given a part of a Gaussian would be Gaussian again, with mean
# $m_2 + S_{21} S_{11}^{-1} (x_1 - m_1)$. It is not known, so these means are averaged with $p(y \mid x_1)$, Bayes' rule
# once more.

# %%
upper, lower = slice(0, 32), slice(32, 64)


def complete(x1):
    """Mean of the lower half given the upper one, for model C; and p(y | upper half)."""
    log_joint, means = [], []
    for density, prob in zip(by_digit.class_densities, by_digit.class_probs, strict=True):
        m, S = density.parameters.means[0], density.parameters.covariances[0]
        part = torch.distributions.MultivariateNormal(m[upper], S[upper, upper])
        log_joint.append(prob.log() + part.log_prob(x1))
        means.append(m[lower] + (x1 - m[upper]) @ torch.linalg.solve(S[upper, upper], S[upper, lower]))
    posterior = torch.stack(log_joint).softmax(0)
    return (posterior[:, :, None] * torch.stack(means)).sum(0), posterior.T


# %% [markdown]
# **Predict.** How many of the fresh digits can model C name from their upper half alone? (From the whole picture it was
# nearly all.)

# %%
guess = None  # a share

# %%
completion, posterior = complete(x_test[:, upper])
named = (posterior.argmax(1) == y_test).double().mean().item()
left = (completion - x_test[:, lower]).square().mean() / (x[:, lower].mean(0) - x_test[:, lower]).square().mean()

assert named > 0.8 and left < 0.5
why = f"And its completions leave {left:.0%} of the squared error that the mean picture has there."
reveal(guess, named, why)

# %%
few = x_test[:16]
covered = torch.cat([few[:, upper], torch.full((16, 32), 0.25).double()], 1)
completed = torch.cat([few[:, upper], completion[:16]], 1)
show({"covered": covered, "completed": completed, "what was there": few})

# %% [markdown]
# Graphical models give that without further training: any part given any other, hidden causes that can be named,
# knowledge of the domain built in as arrows. Their price is the family. With richer distributions than Gaussians and
# small tables the sums and integrals have no formula, and their design takes an expert.
#
# Deep models give up some of these answers for reach: a net in place of the table, and whatever the net still lets one
# compute. What that is depends on *where the net stands*, and this is the map of the course.
#
# ### One distribution, five ways to write it
#
# Here is a banana in the plane: $x_1$ is standard normal, and $x_2 = x_1^2 - 1$ plus noise of standard deviation ½.
# Each family writes it in its own way. In real models a net stands where this one has $x_1^2 - 1$.


# %%
def bend(t):
    return t**2 - 1


def log_normal(x, mean, scale):
    return torch.distributions.Normal(mean, scale).log_prob(x)


# %% [markdown]
# **Autoregressive** (lecture 3): one coordinate after the other, each given those before. The product rule makes a
# density of it.


# %%
class Autoregressive:
    def log_prob(self, x, *, context=None):
        x1, x2 = x.unbind(1)
        return log_normal(x1, 0.0, 1.0) + log_normal(x2, bend(x1), 0.5)

    def sample(self, n, *, context=None, generator=None):
        z1, z2 = torch.randn(2, n, dtype=torch.float64, generator=generator)
        x1 = z1
        x2 = bend(x1) + 0.5 * z2  # has to wait for x1
        return torch.stack([x1, x2], 1)


# %% [markdown]
# **Flow** (lectures 5 to 7): a map $T$ from noise to data with an inverse and a known change of volume. Here $T$ halves
# the second coordinate and shears it. The noise $z$ that a point comes from can serve as its code.


# %%
class Flow:
    def forward(self, z):
        x = torch.stack([z[:, 0], bend(z[:, 0]) + 0.5 * z[:, 1]], 1)
        return x, torch.full((len(z),), log(0.5)).double()  # log |det| of this direction

    def inverse(self, x):
        z = torch.stack([x[:, 0], (x[:, 1] - bend(x[:, 0])) / 0.5], 1)
        return z, torch.full((len(x),), log(2)).double()

    def represent(self, x):
        return self.inverse(x)[0]

    def log_prob(self, x, *, context=None):
        z, ladj = self.inverse(x)
        return log_normal(z, 0.0, 1.0).sum(1) + ladj

    def sample(self, n, *, context=None, generator=None):
        return self.forward(torch.randn(2, n, dtype=torch.float64, generator=generator).T)[0]


# %% [markdown]
# **Adversarial generator** (lectures 9 to 13): the same map, and no inverse. A net has none, unless it is built for it.
# One can draw, and that is all.


# %%
class Generator:
    def __init__(self):
        why = "many z may lead to one x, and a net offers no way to find them"
        self.not_tractable = {"log_prob": why}

    def sample(self, n, *, context=None, generator=None):
        z1, z2 = torch.randn(2, n, dtype=torch.float64, generator=generator)
        return torch.stack([z1, bend(z1) + 0.5 * z2], 1)


# %% [markdown]
# **Energy-based** (lecture 14): only the shape, $p(x) = e^{-E(x)} / Z$. Any function will do for $E$. The price is $Z =
# \int e^{-E(x)}\, dx$, which nobody can compute in high dimension.


# %%
class EnergyBased:
    def __init__(self):
        self.not_tractable = {
            "log_prob": "its constant Z is an integral over all x; use energy, equal but for log Z",
            "sample": "no recipe leads from noise to its points; run a Markov chain on the energy",
        }

    def energy(self, x):
        x1, x2 = x.unbind(1)
        return 0.5 * x1**2 + 2 * (x2 - bend(x1)) ** 2


# %% [markdown]
# **Latent variables** (lecture 4): a hidden $z$ and a simple distribution around what it points to, $z \sim N(0, 1)$
# and $x \sim N((z, z^2 - 1), \tfrac14 I)$, a banana a bit thicker. The density is an integral over $z$, in general
# without a formula. A second model $q(z \mid x)$ guesses the $z$ behind $x$, and gives a lower bound $\mathbb E_q \log
# p(x \mid z) - \mathrm{KL}(q \,\|\, p(z)) \le \log p(x)$, the **evidence lower bound** or ELBO.

# %%
from coursekit.distances import kl_normal


class LatentVariable:
    def __init__(self):
        self.not_tractable = {"log_prob": "it is an integral over z; use elbo, a lower bound"}

    def represent(self, x):
        return 0.8 * x[:, :1]  # the mean of q(z | x); 0.8 and the scale 0.3 were chosen by hand, later a net is trained

    def elbo(self, x):
        m, v = self.represent(x)[:, 0], 0.3**2
        spread = v + 2 * v**2 + 4 * m**2 * v  # variances of z and of z² under q
        at_mean = log_normal(x[:, 0], m, 0.5) + log_normal(x[:, 1], m**2 + v - 1, 0.5)
        return at_mean - spread / (2 * 0.5**2) - kl_normal(m, 0.3, 0.0, 1.0)

    def sample(self, n, *, context=None, generator=None):
        z, e1, e2 = torch.randn(3, n, dtype=torch.float64, generator=generator)
        return torch.stack([z + 0.5 * e1, bend(z) + 0.5 * e2], 1)


# %% [markdown]
# Now the claims. Autoregressive model and flow are one density. The energy differs from it by a constant at every
# point. The generator draws the same points from the same noise. The bound is a bound, checked against the integral.

# %%
from coursekit.distances import gauss_legendre

autoregressive, flow, gan = Autoregressive(), Flow(), Generator()
energy, latent = EnergyBased(), LatentVariable()
banana = flow.sample(2_000, generator=generator(12))
assert torch.allclose(autoregressive.log_prob(banana), flow.log_prob(banana))
assert torch.equal(banana, gan.sample(2_000, generator=generator(12)))

log_z = -energy.energy(banana) - flow.log_prob(banana)
assert log_z.std() < 1e-9  # a constant: log Z


# %%
class Integrated:
    """The density of the latent-variable model: possible because its z is a single number."""

    def log_prob(self, x):
        z, weights = gauss_legendre(-8, 8, 512)
        given_z = log_normal(x[:, :1], z, 0.5) + log_normal(x[:, 1:], bend(z), 0.5)
        return (given_z + log_normal(z, 0.0, 1.0) + weights.log()).logsumexp(1)


slack = Integrated().log_prob(banana) - latent.elbo(banana)
assert (slack > 0).all()
say(f"The bound lies {slack.mean():.2f} nats below the density on average.")

# %%
drawn = [banana[:500], latent.sample(500, generator=generator(12))]
titles = ["four of the families", "latent variables"]
plots.contours([flow, Integrated()], -3.5, 5.5, points=drawn, titles=titles)

# %% [markdown]
# **Predict.** Five families: autoregressive, latent variables, flow, generator, energy. How many of them can say how
# likely a point is, exactly and normalised?

# %%
guess = None  # 0 to 5

# %%
from coursekit.protocols import QUESTIONS, capabilities

families = {
    "autoregressive": autoregressive,
    "latent variables": latent,
    "flow": flow,
    "generator (GAN)": gan,
    "energy-based": energy,
}
can = {name: capabilities(model) for name, model in families.items()}

exactly = [name for name in can if can[name]["log_prob"]]
assert exactly == ["autoregressive", "flow"]
why = f"They are: {' and '.join(exactly)}. Four of the five are the *same distribution*."
reveal(guess, len(exactly), why)

# %% [markdown]
# The map of the course, read off the models above: a model has a method exactly when it can answer. The titles come
# from the syllabus.

# %%
from coursekit.course import course_root
from coursekit.evaluation.syllabus import read_sections

titles = read_sections(course_root())
first = dict(zip(families, (3, 4, 5, 9, 14), strict=True))
last = first | {"flow": 7, "generator (GAN)": 13}
rows = []
for name in families:
    answers = ["yes" if can[name][question] else "–" for question in QUESTIONS]
    lectures = [f"{k}: {titles[k]}" for k in range(first[name], last[name] + 1)]
    rows.append([name, *answers, "<br>".join(lectures)])
table(["family", *(f"`{question}`" for question in QUESTIONS), "lectures"], rows)

# %% [markdown]
# (`log_prob`: the log-density. `energy`: minus that, up to a constant, listed only where it is all there is. `elbo`: a
# lower bound. `represent`: a code of $x$.) And where the answer is no, a model says why:

# %%
from coursekit.protocols import why_not

say(why_not(gan, "log_prob"))

# %% [markdown]
# What about the models of this lecture and the next? The committed experiment tries the three tasks on each: whether
# every "yes" keeps what it promises, and every "–" comes with its sentence. Its graphical model is a chain of eight
# binary variables, of which any part can be asked given any other, like the completed digits above.

# %%
classical = figure_row("s01_capability_table")
tasks = classical["data"]["tasks"]
rows = []
for name, answers in classical["data"]["table"].items():
    rows.append([name, *("yes" if answers[question] else "–" for question in tasks.values())])
table(["model", *tasks], rows)

# %%
used = classical["figures"]["draws_used"]
fold(
    "A model that can only draw answers such a question by throwing away the draws that do not fit. For two known "
    f"variables of the chain {used:.0%} were left; for half of a picture none would be.",
    classical,
)

# %% [markdown]
# (An energy alone is an answer to none of the three tasks: it has to be made into samples first.) Mixtures and flows
# answer all three. Why not always use one of those? Each "yes" is bought with a restriction: a mixture of Gaussians
# draws grey strokes, a flow must be invertible in every layer. Each "–" buys freedom. So no family is best at
# everything, and that is why the course has more than one lecture. How to compare them is the topic of lectures 8
# and 17.

# %% [markdown]
# ## Takeaways
#
# - Discriminative: $p(y \mid x)$, a net with a simple distribution at its end. Generative: $p(x)$, where the
#   distribution is the whole difficulty. Bayes' rule leads from $p(x \mid y)\, p(y)$ to $p(y \mid x)$, never back.
# - Three tasks: density, sampling, representation. Three choices: family, divergence, optimiser.
# - Maximum likelihood minimises $\mathrm{KL}(p_\text{data} \,\|\, p_\theta)$, because that is the part of a divergence
#   which points can measure. The best NLL is the entropy of the data, not zero.
# - Forward KL covers modes and fills valleys. Reverse KL seeks one mode, which one depends on the start, and dropping
#   half of the data costs it only $\log 2$.
# - A model that is 99 % noise loses at most $-\log 0.01$ nats a picture. A memoriser has perfect samples and fails on
#   held-out likelihood. Judge a model for what it is used for.
# - Written as tables and Gaussians, a model answers any question about any part. Nets buy reach and give up answers.
# - Whether a model has a density depends on how it is written, not on which distribution it is.
#
# **Exercise.** Problem set 1, `exercises/ps01/ps01.ipynb` (your copy lies in `work/`): both heads, a classifier by
# Bayes' rule, likelihood by gradients, both directions of the KL, noise and memory.
#
# **References**
# - A. Ng and M. Jordan 2002, *On Discriminative vs. Generative Classifiers*: when which of the two needs fewer data.
# - C. Bishop 1994, *Mixture Density Networks*: heads with several hills, for problems like the ball's.
# - S. Kullback and R. Leibler 1951, *On Information and Sufficiency*.
# - T. Minka 2005, *Divergence Measures and Message Passing*: covering and seeking, and what lies between.
# - L. Theis, A. van den Oord and M. Bethge 2016, *A note on the evaluation of generative models*: noise, memory, and
#   why judges disagree.
# - D. Kingma and P. Dhariwal 2018, *Glow*; L. Dinh, J. Sohl-Dickstein and S. Bengio 2017, *Density estimation using
#   Real NVP*: the published bits per dimension.
#
# **In the code** `coursekit/density/bayes_classifier.py`, `heads.py`, `trainable_mixture.py`, `corrupted.py`,
# `memoriser.py`, `coursekit/distances/kullback_leibler.py`, `normal_fit.py`, and `coursekit/protocols.py`, from which
# the map is read.
#
# **Next.** Lecture 2 takes the smallest generative models apart, on the line and in the plane, where every answer can
# be checked.
