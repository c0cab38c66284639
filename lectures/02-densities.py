# %% [markdown]
# # 2 · Densities and push-forwards
#
# A generative model has two jobs: to *draw* new points, and to say how *likely* a given point is. This lecture does
# both on the line and in the plane, where every answer can be checked against the truth.
#
# **You will be able to**
# - push noise through a map and write down the density of what comes out;
# - turn uniform noise into any density on the line, and into one in the plane, and undo it again;
# - estimate a density from points, with kernels or a Gaussian mixture, and choose the bandwidth honestly;
# - run expectation-maximisation step by step, and say why the likelihood never falls and where it can get stuck;
# - say which models can answer "how likely is this point?", and which can only draw.
#
# **You should know** what a density, an integral and a logarithm are, why models are fitted by likelihood, and torch
# tensors with broadcasting. Symbols and terms are listed in [lecture 0](00-notation.ipynb). Lectures beyond this one
# are being written; where the text points to them, it says what will come.
#
# **Time** about {{read}} minutes to read and try, {{run}} seconds to run from top to bottom (measured on 2 cores). That is
# too much for one sitting, so there are three, with breaks after sections 3 and 4:
#
# | sitting | sections | minutes | question |
# |---|---|---|---|
# | 1 | 1–3: noise pushed forward, on the line and in the plane | {{read 1}} | Which map belongs to which density? |
# | 2 | 4: kernels, their width, the curse of dimension | {{read 2}} | What do points alone say of a density? |
# | 3 | 5–6: Gaussian mixtures and E-M; who can answer what | {{read 3}} | What does a family add, and which models can be asked? |

# %%
import torch
from coursekit import plots
from coursekit.evaluation.budget import budget, expect
from coursekit.evaluation.experiment import figure_row
from coursekit.plots import fold, reveal, say, table
from coursekit.seeds import generator

# %% [markdown]
# **How to read it.** Before most results you are asked to predict. Put your answer in `guess`, run the cell, then run
# the next one. A wrong guess that surprises you is worth more than a right result that you only read.
# Every `assert` is a claim of the text: if one of them did not hold, the notebook would stop there. A part that is
# marked *second reading* may be skipped on the first, up to the next heading.
#
# Chance enters in one way only. A **seed** is a number that fixes all random draws: `generator(3)` gives you the points
# that it gave the author. One seed can be lucky, so a claim about chance is made over several. `budget(200, 10)` says
# how many: 200, or 10 in the course's own quick tests; `expect` asserts such a claim, on the full run only.
#
# All computations here are small. On a busy computer several threads would mostly wait for each other, so we take one:

# %%
torch.set_num_threads(1)

# %% [markdown]
# ## 1 · A generator pushes noise forward
#
# Here is the barest generative model there is. Draw $z$ from a distribution $\mu$ that is easy to draw from, and return
# $x = g(z)$. The distribution of $x$ is called the **push-forward** of $\mu$ by $g$, written $g_\#\mu$: every bit of
# mass moves from $z$ to $g(z)$.
#
# Drawing is one line of code. The density of $x$ is the harder question, and the one this course keeps coming back to.

# %% [markdown]
# **Predict.** $z$ is uniform on $(0, 1)$ and $x = z^2$. Which share of the points lies below $\tfrac14$?

# %%
guess = None  # your number between 0 and 1; then run the next cell

# %%
from coursekit.density.push_forward import square

squared = square()  # z uniform on (0, 1), x = z²
x = squared.sample(10_000, generator=generator(0))
share = (x < 0.25).double().mean().item()
assert abs(share - 0.5) < 0.02  # four standard errors
reveal(guess, share, "$x < 1/4$ just when $z < 1/2$. The exact share is 1/2.")

# %%
plots.pushed(squared, low=0, high=1)

# %% [markdown]
# On the left, even steps of $z$ (above) and where they land (below). Near zero, squaring pulls points together, so mass
# piles up there; near one it spreads them out. How high is the density? Count mass. What lands between $x$ and
# $x + \Delta$ comes from $z$ between $\sqrt{x}$ and $\sqrt{x + \Delta}$, an interval of length about
# $\Delta / (2\sqrt{x})$. The noise has density 1, so the mass is that length, and mass over $\Delta$ is
#
# $$p(x) = \frac{1}{2\sqrt{x}}, \qquad 0 < x < 1.$$

# %%
x = torch.linspace(0.01, 1, 100, dtype=torch.float64)
width = 1e-6
mass = (x + width).sqrt() - x.sqrt()  # length of the interval of z that lands in (x, x + width)

assert torch.allclose(mass / width, 1 / (2 * x.sqrt()), rtol=1e-4)
assert torch.allclose(squared.log_prob(x).exp(), 1 / (2 * x.sqrt()))

# %% [markdown]
# **Pitfall: a density is not a probability.** It may exceed one, and here it is infinite at zero. Only areas are
# probabilities, and they never exceed one. The area to the left of $x$ has a name, the **distribution function**
# $F(x) = P(X \le x)$, and in the code it is `cdf`.

# %%
at = torch.tensor([0.0, 1e-4, 0.01, 1.0], dtype=torch.float64)
p, below = squared.log_prob(at).exp(), squared.cdf(at)

assert p[0] == torch.inf and below[0] == 0 and below[-1] == 1
say(f"At $x = {at[1]:g}$ the density is {p[1]:.0f}, yet only {below[1]:.0%} of the mass lies below.")

# %% [markdown]
# ### The rule: divide by the stretch
#
# Nothing in the counting was special to squares, as long as $g$ is one-to-one and differentiable. It stretches the line
# near $z$ by the factor $|g'(z)|$, and what is stretched is thinned by the same factor. With $p_\mu$ the noise's
# density:
#
# $$p(x) = \frac{p_\mu(z)}{|g'(z)|} \quad\text{at } z = g^{-1}(x), \qquad
# \log p(x) = \log p_\mu(z) - \log |g'(z)|.$$
#
# This is the **change of variables**. Logarithms are natural, and a log-density is then counted in **nats**. Torch can
# differentiate $g$ for us (it calls this autograd), so we can check the density against the map itself.

# %%
z = torch.rand(1_000, dtype=torch.float64, generator=generator(1)).requires_grad_()
x = z.square()
(slope,) = torch.autograd.grad(x.sum(), z)  # points do not mix: this holds g'(z) for each

log_p = 0.0 - slope.abs().log()  # the uniform density has log 1 = 0
assert torch.allclose(log_p, squared.log_prob(x.detach()))

# %% [markdown]
# **Pitfalls.** Divide, do not multiply: stretching thins. And the slope is taken at $z$, where the map acts, not at
# $x$. A mistake in either gives a curve that looks quite plausible. Check its area first. Either mistake alone changes
# it; both together may not: here they give $2x$, whose area is exactly one.
#
# ### Several ways to the same point
#
# *Second reading.*
#
# Now let $z$ be standard normal and square it again. Both $z = \sqrt x$ and $z = -\sqrt x$ lead to $x$, and their
# masses add up. One inverse for each monotone piece, each piece called a **branch**:
#
# $$p(x) = \sum_{z:\ g(z) = x} \frac{p_\mu(z)}{|g'(z)|}.$$
#
# **Predict.** Somebody forgets $z = -\sqrt x$. What is the area under their density, a number from 0 to 1?

# %%
guess = None  # the area under the density with one branch

# %%
from coursekit.density import PushForward1D
from coursekit.distributions import NormalMixture1D

normal = NormalMixture1D(weights=[1.0], means=[0.0], scales=[1.0])
both = square(normal)
one = PushForward1D(normal, torch.square, both.branches[:1])

far = torch.tensor([1e3], dtype=torch.float64)
area = one.cdf(far).item()
assert abs(area - 0.5) < 1e-12 and abs(both.cdf(far).item() - 1) < 1e-12
reveal(guess, area, "Half of the mass comes from negative $z$ and is lost with their branch.")

# %%
x = both.sample(20_000, generator=generator(2))
plots.densities(0.02, 4, {"both branches": both, "one branch": one}, samples=x, top=1.5)

# %% [markdown]
# ### Two more maps
#
# The identity $g(z) = z$ moves nothing: density and samples are those of the noise. The third map of this lecture is
# $\Phi^{-1}$, the inverse of the standard normal's distribution function $\Phi$. It takes the unit interval to the whole
# line, gently in the middle and without limit at the ends.

# %%
from coursekit.density.push_forward import inverse_normal_cdf

plots.pushed(inverse_normal_cdf(), low=-3.5, high=3.5)

# %% [markdown]
# What comes out is normal, exactly. That is no accident of the normal distribution, and section 2 says why.
#
# ### Do samples and density belong together?
#
# Eyes are poor judges of histograms. The Kolmogorov–Smirnov test compares the share of samples below each $x$ with the
# exact distribution function and returns a **p-value**. If samples and density belong together, it is uniform on $(0,
# 1)$: any value is as likely as any other. If they do not, it is nearly zero once there are enough samples. So one
# p-value tells little, and many tell a lot.

# %%
from scipy.stats import kstest


def p_value(samples, model):
    return kstest(samples.numpy(), lambda t: model.cdf(torch.as_tensor(t)).numpy()).pvalue


draws = [squared.sample(500, generator=generator(seed)) for seed in range(budget(200, 10))]
right = [p_value(x, squared) for x in draws]
wrong = [p_value(x**1.5, squared) for x in draws]  # z³, against the density of z²

assert max(wrong) < 0.001
plots.dots({"": {"samples of z²": right, "samples of z³": wrong}}, y_label="p-value")

# %% [markdown]
# Each dot is one seed, and the bar across them is their mean. On the left they spread over the whole interval, as
# uniform numbers do; on the right they all lie at zero.
#
# Some comparisons take too long to run here. They were run once over many seeds, and their results are kept with the
# course: these are the **committed experiments**, and `figure_row` reads one. This one does the same for four maps, and
# asks a second test whether the p-values themselves are uniform:

# %%
pushes = figure_row("s02_push_forward")
alarms, caught = pushes["figures"]["false_alarms"], pushes["figures"]["wrong_map_rejected"]
fold(
    f"Right maps had a p-value below 0.05 in {alarms:.1%} of the runs (5 % are due to chance), "
    f"wrong maps in {caught:.0%} of theirs.",
    pushes,
)

# %% [markdown]
# ## 2 · One map for every density on the line
#
# So far the map came first. Now turn the question round: given a density $p$, which map makes it? Let
# $F(x) = \int_{-\infty}^x p$ be its distribution function, and $U$ uniform on $(0, 1)$. Then $F^{-1}(U)$ has density
# $p$, because
#
# $$P\big(F^{-1}(U) \le x\big) = P\big(U \le F(x)\big) = F(x).$$
#
# This is **inverse transform sampling**. The target here is `claw`: five narrow spikes on a broad hill.

# %%
from coursekit.distributions import get

claw = get("claw")
plots.quantile(claw, low=-3, high=3, n=30)

# %% [markdown]
# Enter at a level $u$ on the left, go right until you meet $F$, go down to $x$. Where $F$ is steep, many levels are
# caught in a short stretch of $x$. The slope of $F$ is $p$, so points gather just where $p$ is high.
#
# **Predict.** `gap` has two **modes** (places where the density is highest), at $-4$ and $4$, with three and seven
# tenths of the mass, and almost nothing between them. Out of a million uniform numbers,
# how many does $F^{-1}$ send to the middle, between $-2$ and $2$: none, some ten, some thousand, or more?

# %%
guess = None  # how many of a million

# %%
gap = get("gap")
middle = gap.cdf(torch.tensor([-2.0, 2.0], dtype=torch.float64)).diff().item()
reveal(guess, f"about {1e6 * middle:.0f}", "There $F$ is all but flat: a tiny step of $u$ takes $x$ across.")

# %%
plots.quantile(gap, low=-6, high=6, n=20)

# %% [markdown]
# The map is continuous and yet almost jumps. Remember this picture: a network that has to push one blob of noise into
# two separate modes must imitate that jump, and it is one reason why generators leave stray points between modes.
#
# ### The same as a flow
#
# A map with a known inverse and a known change of volume, in both directions, is called a **flow**:
#
# - `forward(u)` *generates*: $x = F^{-1}(u)$, with $\log|dx/du| = -\log p(x)$;
# - `inverse(x)` *normalises*: $u = F(x)$, with $\log|du/dx| = \log p(x)$.
#
# Both return the point and `ladj`, the log of the stretch of *that* direction. The name stands for "log of the absolute
# determinant of the **Jacobian**", the matrix of all partial derivatives; on the line that matrix is just the slope. At
# a matching pair the two have opposite signs.

# %%
from coursekit.density import InverseTransform
from coursekit.distributions import open_uniform

flow = InverseTransform(claw)
u = open_uniform(10_000, generator=generator(3))
x, ladj = flow.forward(u)
back, ladj_back = flow.inverse(x)

assert (back - u).abs().max() < 1e-6
assert torch.allclose(ladj, -ladj_back)
say(f"Largest $|F(F^{{-1}}(u)) - u|$ over {len(u):,} points: {(back - u).abs().max():.0e}.")

# %% [markdown]
# The change of variables then *is* the density: uniform noise has log-density 0, so $\log p(x) = 0 + \log|du/dx|$. A
# round trip alone would not show that, since a wrong map with a matching wrong inverse also comes home. So ask autograd
# for the slope of $F$.

# %%
leaf = x.clone().requires_grad_()
(slope,) = torch.autograd.grad(claw.cdf(leaf).sum(), leaf)

assert torch.allclose(slope.log(), flow.log_prob(x))

# %% [markdown]
# **Pitfalls.** `torch.rand` can return exactly 0, which $F^{-1}$ sends to $-\infty$; `open_uniform` cannot. And far to
# the right $F$ is rounded to 1, where all of the tail becomes one number. Its log-density is still perfectly good.

# %%
zero, nine = torch.tensor([0.0, 9.0], dtype=torch.float64).split(1)

assert gap.quantile(zero).item() == -torch.inf
assert gap.cdf(nine).item() == 1.0  # rounded
assert gap.log_prob(nine).isfinite().all()
assert u.min() > 0 and u.max() < 1

# %% [markdown]
# ### A density of your own
#
# No formula is needed. Heights on a grid, joined by straight lines, have a distribution function that is a parabola in
# each cell, and a parabola can be solved for $x$. Change the heights and run again.

# %%
from coursekit.density import TabulatedDensity1D

heights = [0, 1, 4, 1, 0, 0, 2, 2, 2, 0]  # change me: not negative, not all zero
own = TabulatedDensity1D(torch.linspace(-3, 3, len(heights), dtype=torch.float64), heights)

u = open_uniform(5_000, generator=generator(4))
x, _ = InverseTransform(own).forward(u)
assert (own.cdf(x) - u).abs().max() < 1e-6
plots.densities(-3.2, 3.2, {"your density": own}, samples=x)

# %% [markdown]
# **Explore.** Choose a density in the next cell, or draw one, and push points one at a time or all at once. Try `gap`
# and move "Follow one u" slowly across 0.3: predict how far $x$ will go. Then raise a single spike in a drawn density
# and predict which part of the unit interval it will claim.
#
# (Where this page is not running Python you find words below instead of a picture. The widget shows the pictures above
# in motion: noise on an upright axis, the curve $F$, and the histogram of the $x$ that have arrived beside the density.)

# %%
from coursekit.widgets import PushForwardExplorer

PushForwardExplorer("gap", n=500, shown=100)

# %% [markdown]
# The committed experiment has run all named densities on the line, and some in the plane, which comes next:

# %%
inverses = figure_row("s02_inverse_transform")
on_line, in_plane = (inverses["figures"][f"round_trip_{where}"] for where in ("line", "plane"))
fold(f"Largest error of a round trip: {on_line:.0e} on the line, {in_plane:.0e} in the plane.", inverses)

# %% [markdown]
# ## 3 · Several dimensions, one coordinate at a time
#
# In the plane no single $F^{-1}$ exists: "the share of mass below $x$" needs an order, and points in the plane have
# none. A first idea is to treat each coordinate on its own. Our target is `cross`, two long thin hills that cross. The
# distribution of one coordinate by itself is called its **marginal**. Here each marginal is standard normal, so each
# coordinate gets $\Phi^{-1}$ of a uniform number of its own.
#
# **Predict.** What will the points look like: a cross, a round blob, or a square?

# %%
guess = None  # "cross", "blob" or "square"

# %%
cross = get("cross")
u = open_uniform(2_000, generator=generator(5)).reshape(1_000, 2)
x = torch.special.ndtri(u)  # the right marginals, one by one
truth = cross.sample(1_000, generator=generator(6))

reveal(guess, "blob", "Each coordinate is right, but drawn apart they are independent.")

# %%
from coursekit.distributions import NormalMixture

blob = NormalMixture(weights=[1.0], means=[[0.0, 0.0]], scales=[1.0])  # N(0, I)
titles = ["cross", "coordinates drawn apart: $N(0, I)$"]
plots.contours([cross, blob], -3.5, 3.5, points=[truth, x], titles=titles)

# %% [markdown]
# Dots are samples; the curves enclose 5, 25, 50, 75 and 95 % of the density that each sample comes from.
#
# What is missing on the right is how the second coordinate depends on the first. The product rule supplies it:
# $p(x_1, x_2) = p(x_1)\, p(x_2 \mid x_1)$. The first factor is a marginal, the second a **conditional**: the density of
# $x_2$ once $x_1$ is known. Each is a density *on the line*, with an $F^{-1}$ of its own:
#
# $$x_1 = F_1^{-1}(u_1), \qquad x_2 = F_2^{-1}(u_2 \mid x_1).$$
#
# This is the **Knothe–Rosenblatt** map. For a density tabulated on a grid and interpolated, both inverses are exact.

# %%
from coursekit.density import KnotheRosenblatt

grid = torch.linspace(-5, 5, 201, dtype=torch.float64)
triangular = KnotheRosenblatt.from_log_density(cross.log_prob, grid, grid)

x, ladj = triangular.forward(u)
back, ladj_back = triangular.inverse(x)
assert (back - u).abs().max() < 1e-9
assert torch.allclose(ladj, -ladj_back)

# %%
plots.pushed_grid([triangular], -3.5, 3.5, titles=["$x = T(u)$"])

# %% [markdown]
# Upright lines, $u_1$ fixed, stay upright: $x_1$ depends on $u_1$ alone. Level lines bend, since $x_2$ depends on both.
# In the Jacobian this is a zero, and it pays off at once: the determinant of a triangular matrix is the product of its
# diagonal.
#
# $$\frac{\partial(u_1, u_2)}{\partial(x_1, x_2)} = \begin{pmatrix} p(x_1) & 0 \\ \ast & p(x_2 \mid x_1) \end{pmatrix},
# \qquad \det = p(x_1)\, p(x_2 \mid x_1) = p(x_1, x_2).$$

# %%
leaf = x.clone().requires_grad_()
u_again = triangular.inverse(leaf)[0]
rows = [torch.autograd.grad(u_again[:, i].sum(), leaf, retain_graph=True)[0] for i in (0, 1)]
jacobian = torch.stack(rows, dim=1)  # (n, 2, 2)

assert (jacobian[:, 0, 1] == 0).all()
diagonal = jacobian[:, 0, 0] * jacobian[:, 1, 1]
assert torch.allclose(diagonal.log(), triangular.inverse(x)[1])

# %% [markdown]
# ### The order is a choice
#
# *Second reading.*
#
# Nothing forces $x_1$ to go first. With $x_2$ first we get another map, to the same density.
#
# **Predict.** The same $u$ goes through both maps, $u_1$ driving $x_1$ and $u_2$ driving $x_2$ in each. How far apart
# do the two images of a point lie, on average: 0, about 0.1, or more than 0.5? (The standard deviation of each
# coordinate is 1.)

# %%
guess = None  # 0, 0.1, or more than 0.5

# %%
flipped = KnotheRosenblatt.from_log_density(lambda x: cross.log_prob(x.flip(1)), grid, grid)


class SecondFirst:
    def forward(self, u):
        x, ladj = flipped.forward(u.flip(1))
        return x.flip(1), ladj


other, _ = SecondFirst().forward(u)
assert torch.allclose(flipped.log_prob(x.flip(1)), triangular.log_prob(x))  # one density
distance = (other - x).norm(dim=1).mean().item()
reveal(guess, distance, "One density, two maps: no sample can tell which of them made it.")

# %%
plots.pushed_grid([triangular, SecondFirst()], -3.5, 3.5, titles=["$x_1$ first", "$x_2$ first"])

# %%
moved = inverses["data"]["order_moves_points_by"]
say("Over seeds: " + ", ".join(f"{far:.2f} for `{name}`" for name, far in moved.items()) + ".")

# %% [markdown]
# (`ring-8` has eight narrow blobs on a circle, `grid-25` twenty-five on a square grid.) For `grid-25` the order does not
# matter. Its coordinates are independent, so each conditional is a marginal. For exact conditionals the order is a
# matter of taste. For *learned* conditionals it is not: some are easier to learn than others, which returns with pixels
# in lecture 3.
#
# ### Why this does not scale
#
# The map needs the conditionals, and we read them off a table. How large is the table with 100 nodes along each axis?

# %%
for d, what in ((1, "a line"), (2, "the plane"), (3, "space"), (64, "an image of 8 × 8 pixels")):
    print(f"d = {d:2}  {100.0**d:8.0e} numbers  {8 * 100.0**d / 1e9:8.0e} GB   {what}")

# %% [markdown]
# The ways out are the plan of this course:
#
# - keep the conditionals, but *learn* each with a network (autoregressive models, lecture 3);
# - add hidden variables, and settle for a bound of the density (variational auto-encoders, lecture 4);
# - learn an invertible map whose determinant is cheap (flows, lectures 5 to 7);
# - give the density up, and learn to draw only (GANs, lectures 9 to 13);
# - give its constant up, and keep the shape (energy-based models, lecture 14).

# %% [markdown]
# ### Break
#
# Here the first sitting ends. A map pushes noise forward and divides its density by the stretch. And every density has a
# map that makes it: $F^{-1}$ on the line, one coordinate after the other in several dimensions. Without looking back: at
# which point is the stretch taken? What is `ladj` of one direction, given that of the other? And why does nobody tabulate
# the conditionals of a picture?
#
# So far the density was given. In the second sitting there are only points. When you come back to a fresh notebook, run
# its first two code cells and the next one, which fetches the two densities that you will meet again.

# %%
from coursekit.distributions import NormalMixture, get

claw = get("claw")  # five narrow spikes on a broad hill
gap = get("gap")  # two modes, at −4 and 4, and almost nothing between them

# %% [markdown]
# ## 4 · From points back to a density: kernels
#
# In practice no density is given. There are points $x_1, \dots, x_n$, and the question is what density they came from.
# The simplest answer: lay a small hill, a **kernel** $\kappa$, over each point and add the hills up.
#
# $$\hat p(x) = \frac1n \sum_{i=1}^{n} \frac{1}{h}\, \kappa\left(\frac{x - x_i}{h}\right)$$
#
# This is the **kernel density estimate**. The width $h$ of the hills is its **bandwidth**. Below it meets `bimodal`, two
# broad hills of equal weight that touch.

# %%
from coursekit.density import KernelDensity

bimodal = get("bimodal")
few = bimodal.sample(7, generator=generator(7))
estimate = KernelDensity(few, bandwidth=0.4)

plots.bumps(estimate, low=-4, high=4, truth=bimodal, title="seven points, $h = 0.4$")

# %% [markdown]
# In $d$ dimensions the factor in front is $1/h^d$. Two kernels are in common use:
#
# - Gaussian, $\kappa(t) \propto e^{-\|t\|^2/2}$, which reaches everywhere;
# - Epanechnikov, $\kappa(t) \propto \max(0,\, 1 - \|t\|^2)$, which ends at distance $h$. With many points its mean
#   squared error is the smallest of all kernels that are never negative, by a few per cent.

# %%
ends = KernelDensity(few, 0.9, "epanechnikov")
plots.bumps(ends, low=-4, high=4, truth=bimodal, title="Epanechnikov, $h = 0.9$")

# %% [markdown]
# **Pitfall: averages of tiny numbers.** Far from all points every hill is rounded to zero, and the logarithm of that is
# $-\infty$, although the density is a perfectly good number. Adding in the log domain (log-sum-exp) keeps it.

# %%
x = torch.tensor([0.0, 50.0], dtype=torch.float64)
hills = torch.distributions.Normal(few, 0.4).log_prob(x[:, None])  # (2 queries, 7 points)
naive = hills.exp().mean(1).log()

assert torch.isclose(naive[0], estimate.log_prob(x)[0])
assert naive[1] == -torch.inf
right = estimate.log_prob(x)[1]
say(f"At $x = {x[1]:.0f}$ the naive log-density is $-\\infty$; the right one is ${right:.0f}$ nats.")

# %% [markdown]
# ### The bandwidth decides
#
# How far is an estimate from the truth? One measure is the area between the two curves, the **integrated error**
# $\int |\hat p - p|$: 0 if they are equal, 2 if they do not overlap.
#
# **Predict.** 300 points of `claw`, and $h = 0.02$, $0.1$ or $0.6$. Which one has the smallest integrated error?

# %%
guess = None  # 0.02, 0.1 or 0.6


# %%
def error(model, truth, low=-5, high=5, cells=2_000):
    """The integrated error: the area between the two curves."""
    x = torch.linspace(low, high, cells, dtype=torch.float64)
    difference = model.log_prob(x).exp() - truth.log_prob(x).exp()
    return difference.abs().mean().item() * (high - low)


sample = claw.sample(300, generator=generator(8))
widths = (0.02, 0.1, 0.6)
errors = {h: error(KernelDensity(sample, h), claw) for h in widths}
best = min(errors, key=errors.get)
reveal(guess, best, "Errors: " + ", ".join(f"{e:.2f} for {h}" for h, e in errors.items()) + ".")

# %%
panels = [{"estimate": KernelDensity(sample, h), "truth": claw} for h in widths]
plots.densities(-3, 3, panels, titles=[f"$h = {h}$" for h in widths])

# %% [markdown]
# Too small, and the estimate shows the sample, not the density: other points would give other spikes. Too large, and it
# shows neither. Nobody gives us the truth to compare with. Who, then, chooses $h$?
#
# ### Not the points themselves
#
# The likelihood of the data is the usual judge. Here it fails. As $h \to 0$ every point sits on its own spike, and its
# likelihood grows without bound. Points that the estimate has not seen fall between the spikes.
#
# In the next picture a line is the mean over seeds, and the band around it the 95 % interval of that mean. The axis
# ends two nats below the best.

# %%
hs = torch.logspace(-2.5, 0.3, 16, dtype=torch.float64)
own, fresh = [], []
for seed in range(budget(6, 2)):
    points = bimodal.sample(500, generator=generator(100 + seed))
    train, rest = points[:200], points[200:]
    own.append([KernelDensity(train, h).log_prob(train).mean().item() for h in hs])
    fresh.append([KernelDensity(train, h).log_prob(rest).mean().item() for h in hs])

assert all(run[0] == max(run) for run in own)  # own points like the smallest h best
assert all(run[0] < max(run) > run[-1] for run in fresh)  # fresh points like one in between

# %%
mean = torch.tensor(fresh).mean(0)
best = hs[mean.argmax()].item()
curves = {"the 200 points themselves": own, "300 fresh points": fresh}
labels = {"x_label": "bandwidth $h$", "y_label": "nats a point"}
marks = {f"best for fresh points, {best:.2f}": best}
plots.bands(hs.tolist(), curves, **labels, log_x=True, marks=marks, bottom=mean.max().item() - 2)

# %% [markdown]
# So judge by points left out: a held-out set, or, wasting nothing, each point by the estimate from all others. The
# alternative is a **rule of thumb**, close to the best $h$ if the data were normal: Scott's rule is $h = s\,
# n^{-1/(d+4)}$ with $s$ the standard deviation (Silverman's differs by a factor near one). Quick, and it believes in
# one hill.
#
# **Predict.** Scott's rule on 400 points of `gap`: two modes with standard deviation 0.5, at $-4$ and $4$. Larger or
# smaller than the best $h$, and by which factor?

# %%
guess = None  # a factor: Scott's h over the best h

# %%
from coursekit.density import scott, select_bandwidth

points = gap.sample(400, generator=generator(9))
rule = scott(points).item()
chosen = select_bandwidth(points, torch.logspace(-2, 0.5, 40)).item()
why = "The standard deviation of all points measures the gap, not the modes."
reveal(guess, rule / chosen, f"The rule gives {rule:.2f}, points left out {chosen:.2f}. {why}")

# %%
panels = [{"estimate": KernelDensity(points, h), "truth": gap} for h in (rule, chosen)]
titles = [f"Scott's rule, $h = {rule:.2f}$", f"left out, $h = {chosen:.2f}$"]
plots.densities(-7, 7, panels, points=points[:100], titles=titles)

# %% [markdown]
# ### Does leaving out always win?
#
# It would be easy to stop here. The committed experiment compares both on five densities by the nats that a fresh point
# loses against the true density. Two of them are new: `skewed` has a steep left flank and a long right tail; `outlier`
# is a narrow spike, with one draw in ten from a hill ten times as wide. A grey line joins the two on the same sample.

# %%
kernels = figure_row("s02_kernel_density")
lost = kernels["data"]["lost_nats"]
both_ways = {name: {rule: lost[name][rule] for rule in ("Scott", "left out")} for name in lost}
plots.dots(both_ways, y_label="nats lost a fresh point", paired=True)

# %%
won = kernels["data"]["left_out_wins"]
seeds = len(kernels["seeds"])
head = [f"left out beats Scott, of {seeds} seeds", "judged by nats", "by integrated error"]
table(head, [[f"`{name}`", *won[name]] for name in lost])

# %% [markdown]
# Why? A log-likelihood is decided by the least likely points. A narrow kernel that draws the bulk well may leave one
# distant point dozens of nats down, and a single such point outweighs the gain on all others. Whether such a point is
# among those that judge is luck, hence the scatter. The integrated error hardly sees the tails, and judges otherwise.
# **A judge is part of the result: say which one you used.** (Hall 1987 works out when this choice of $h$ fails.) On a
# single sample either may win: press *New sample* in the widget below a few times.
#
# **Explore.** Below, set the bandwidth where you believe that unseen points are likeliest, then reveal the scores. Try
# `claw`, then `outlier`; then the other kernel.
#
# (Where this page is not running Python: the widget draws the estimate over the truth as you move $h$, and the curve of
# the held-out likelihood against $h$ once you ask for it, like the pictures above.)

# %%
from coursekit.widgets import KDEExplorer

KDEExplorer("claw", n=200)

# %% [markdown]
# ### A kernel that ends
#
# *Second reading.*
#
# **Predict.** Epanechnikov on 400 points of `outlier`, at the bandwidth of the rule. A thousand fresh points are
# scored. How does their mean log-likelihood compare with that of the true density: "close", "some nats below" or
# "worse"?

# %%
guess = None  # "close", "some nats below" or "worse"

# %%
outlier = get("outlier")
train, fresh = outlier.sample(1_400, generator=generator(10)).split([400, 1_000])
ends = KernelDensity(train, scott(train, "epanechnikov"), "epanechnikov")
uncovered = ends.uncovered_share(fresh)

assert uncovered > 0 and ends.log_prob(fresh).mean() == -torch.inf
reveal(guess, "worse, −∞", f"{uncovered:.1%} of the fresh points lie under no hill. One is enough.")

# %% [markdown]
# That is the right answer and no defect of the code: the estimate said "impossible", and it happened. Three honest ways
# on: report the uncovered share beside the score; choose $h$ by points left out, which rules out every $h$ that leaves
# a point of the sample alone; or use a kernel that reaches everywhere. Dropping the infinite terms from the mean would
# not be one of them. How often it happens, over densities and seeds:

# %%
infinite, runs = kernels["data"]["infinite_runs"]
low, high = kernels["intervals"]["held_out_infinite"]
share = kernels["figures"]["uncovered_share"]
say(
    f"−∞ in {infinite} of {runs} runs (95 % interval {low:.0%} to {high:.0%}), "
    f"with {share:.2%} of the fresh points uncovered on average."
)

# %% [markdown]
# ### With more points
#
# With more points the hills may be narrower, and the estimate tends to the true density, whatever that is. No family
# was assumed. The price is the speed.

# %%
plots.bands(
    kernels["data"]["sizes"],
    kernels["data"]["risk"],
    x_label="points $n$",
    y_label="integrated error",
    log_x=True,
    log_y=True,
)

# %%
falls = {name: kernels["figures"][f"risk_ratio_{name}"] for name in kernels["data"]["risk"]}
few_n, many_n = kernels["data"]["sizes"][0], kernels["data"]["sizes"][-1]
words = ", ".join(f"{share:.0%} (`{name}`)" for name, share in falls.items())
fold(f"From {few_n} to {many_n:,} points the integrated error falls to {words} of what it was.", kernels)

# %% [markdown]
# ### The curse of dimension
#
# How fast, in theory? Two errors are in use, so two exponents are quoted. For a smooth density in $d$ dimensions, with
# the best $h$ for each $n$ and $n$ large,
#
# - the *squared* error $\int (\hat p - p)^2$ falls like $n^{-4/(4+d)}$;
# - the *absolute* one $\int |\hat p - p|$, the integrated error of the picture above, like the root of that,
#   $n^{-2/(4+d)}$.

# %%
theory = {d: (many_n / few_n) ** (-2 / (4 + d)) for d in (1, 2)}
say(
    f"From {few_n} to {many_n:,} points the absolute error should fall to {theory[1]:.0%} on the line and to "
    f"{theory[2]:.0%} in the plane. Measured: {falls['bimodal']:.0%} for `bimodal`, {falls['cross']:.0%} for `cross`, "
    f"not far off. For `claw` ({falls['claw']:.0%}), with spikes only 0.1 wide, these $n$ are not large yet."
)

# %% [markdown]
# Theory mostly speaks of the squared error, and so does the rest of this part.
#
# **Predict.** By which factor must $n$ grow to halve the squared error in 1, in 4, and in 100 dimensions?

# %%
guess = None  # three factors, [.., .., ..]

# %%
factors = [2 ** ((4 + d) / 4) for d in (1, 4, 100)]
assert all(abs(f ** (-4 / (4 + d)) - 0.5) < 1e-12 for f, d in zip(factors, (1, 4, 100), strict=True))
shown = ", ".join(f"{f:,.1f}" if f < 10 else f"{f:,.0f}" for f in factors)
reveal(guess, shown, "This is the **curse of dimension**. In 1,000 dimensions no computer holds enough points.")

# %% [markdown]
# The reason is emptiness. A hill of width $h$ covers a share of about $h^d$ of the space, so in many dimensions each
# point is alone, and hills wide enough to meet are too wide to show anything. A small run: 400 points of $N(0, I)$ and
# Scott's rule, which is made for just this density.

# %%
dimensions = [1, 2, 4, 8, 16]
lost_in = []
for seed in range(budget(5, 2)):
    lost_in.append([])
    for d in dimensions:
        normal = NormalMixture([1.0], [[0.0] * d], scales=[1.0])
        train, fresh = normal.sample(1_400, generator=generator(500 + seed)).split([400, 1_000])
        gap_in_nats = normal.log_prob(fresh) - KernelDensity(train, scott(train)).log_prob(fresh)
        lost_in[-1].append(gap_in_nats.mean().item())

assert all(run == sorted(run) for run in lost_in)  # each doubling of d costs more, on every seed
plots.bands(dimensions, {"kernels": lost_in}, x_label="dimensions $d$", y_label="nats lost a fresh point", log_x=True)

# %% [markdown]
# The committed experiment measures the slope: $N(0, I)$ again, the squared error, more and more points. Each line is
# divided by its own mean at the smallest $n$, so that all start at one.

# %%
curse = figure_row("s02_curse_of_dimension")
sizes = curse["data"]["sizes"]
relative = {}
for d, runs in curse["data"]["risk"].items():
    errors = torch.tensor(runs, dtype=torch.float64)
    relative[f"$d = {d}$"] = (errors / errors[:, 0].mean()).tolist()
plots.bands(sizes, relative, x_label="points $n$", y_label="squared error, relative", log_x=True, log_y=True)

# %%
slopes = {d: [curse["figures"][f"{kind}slope_{d}d"] for kind in ("", "exact_")] for d in (1, 2, 3, 4)}
rows = [[d, *[f"−{-s:.2f}" for s in (*pair, -4 / (4 + d))]] for d, pair in slopes.items()]
table(["$d$", "slope measured", "exact, at these $n$", "limit, $-4/(4+d)$"], rows)

# %%
measured = [slope for slope, _ in slopes.values()]
off = max(1 - slope / (-4 / (4 + d)) for d, slope in enumerate(measured, start=1))
assert measured == sorted(measured)  # flatter with every dimension
fold(
    f"At these $n$ the slopes are up to {off:.0%} flatter than the limit, which holds as $n$ grows. For a normal truth "
    "the error is known in closed form, and the column in the middle shows that this is no fault of the measurement.",
    curse,
)

# %% [markdown]
# ### Break
#
# Here the second sitting ends. A hill over each point gives a density without assuming a family. Its width has to be
# judged by points that it has not seen, and in many dimensions no number of points is enough. Without looking back: what
# happens to the likelihood of the points themselves as $h \to 0$? Which judge is decided in the tails, which hardly sees
# them?
#
# The third sitting assumes a family after all, and ends by asking all models of this lecture the same questions. When
# you come back to a fresh notebook, run its first two code cells and the next one, which makes again what is needed of
# sections 1 to 4.

# %%
from coursekit.density import InverseTransform, KernelDensity, KnotheRosenblatt, scott, select_bandwidth
from coursekit.density.push_forward import square
from coursekit.distributions import NormalMixture, get

bimodal, claw, cross, gap = (get(name) for name in ("bimodal", "claw", "cross", "gap"))
middle = gap.cdf(torch.tensor([-2.0, 2.0], dtype=torch.float64)).diff().item()  # its mass between the modes

squared = square()  # section 1: z uniform on (0, 1), x = z²
flow = InverseTransform(claw)  # section 2
grid = torch.linspace(-5, 5, 201, dtype=torch.float64)
triangular = KnotheRosenblatt.from_log_density(cross.log_prob, grid, grid)  # section 3

# %% [markdown]
# ## 5 · A few hills, fitted: Gaussian mixtures
#
# A kernel estimate keeps every point for ever. A **Gaussian mixture** sums the data up in $K$ hills, its
# **components**, each with a weight, a mean and a covariance of its own:
#
# $$p(x) = \sum_{k=1}^{K} w_k\, N(x;\, m_k, S_k).$$
#
# If we knew which hill each point came from, fitting would be three averages. If we knew the hills, Bayes' rule would
# say which hill each point probably came from. We know neither. **Expectation-maximisation** guesses one, computes the
# other, and repeats.

# %%
three = NormalMixture(
    weights=[0.5, 0.3, 0.2],
    means=[[0.0, 0.0], [4.0, 1.0], [1.5, 4.0]],
    covariances=[[[1.5, 0.8], [0.8, 1.0]], [[0.5, -0.4], [-0.4, 1.5]], [[1.5, 0], [0, 0.3]]],
)
x = three.sample(400, generator=generator(11))

# %% [markdown]
# We start badly on purpose: all three means close together, at the lower left.

# %%
from coursekit.density import Parameters

start = Parameters(
    weights=torch.full((3,), 1 / 3, dtype=torch.float64),
    means=torch.tensor([[-1.0, 0.0], [-1.0, -1.0], [0.0, -1.0]], dtype=torch.float64),
    covariances=torch.eye(2, dtype=torch.float64).repeat(3, 1, 1),
)

# %% [markdown]
# ### E: who is responsible for each point?
#
# The **responsibility** $r_{ik}$ is the probability that point $i$ came from component $k$, by Bayes' rule:
# $r_{ik} = w_k N(x_i; m_k, S_k) \,/\, \sum_j w_j N(x_i; m_j, S_j)$. We check the library against the definition.

# %%
from coursekit.density import e_step


def log_joint(x, parameters):
    """log w_k + log N(x_i; m_k, S_k) with shape (n, K)."""
    hills = torch.distributions.MultivariateNormal(parameters.means, parameters.covariances)
    return parameters.weights.log() + hills.log_prob(x[:, None])


r, log_p = e_step(x, start)
assert torch.allclose(r, log_joint(x, start).softmax(1))
assert torch.allclose(log_p, log_joint(x, start).logsumexp(1))
assert torch.allclose(r.sum(1), torch.ones_like(log_p))

# %% [markdown]
# ### M: averages, weighted by responsibility
#
# Component $k$ owns $n_k = \sum_i r_{ik}$ points, counted in parts. Its new weight is $n_k/n$, and its mean and
# covariance are the weighted ones.

# %%
from coursekit.density import m_step

owned = r.sum(0)
weights, means = owned / len(x), r.T @ x / owned[:, None]
centred = x[:, None] - means  # from the *new* means
covariances = torch.einsum("ik,ika,ikb->kab", r, centred, centred) / owned[:, None, None]

new = m_step(x, r, reg_covar=0.0)
assert torch.allclose(new.weights, weights) and torch.allclose(new.means, means)
assert torch.allclose(new.covariances, covariances)

# %% [markdown]
# **Predict.** Repeat the two steps 60 times. The first step gains much log-likelihood, and the gains shrink. Can the
# gain per step *grow again* after it has shrunk: "no", "yes, rarely" or "yes, often"? We try twenty bad starts, all
# three means at random near $(-1, -1)$.

# %%
guess = None  # "no", "yes, rarely" or "yes, often"

# %%
from coursekit.density import expectation_maximisation

climbs = []
for seed in range(budget(20, 3)):
    near = torch.randn(3, 2, dtype=torch.float64, generator=generator(seed))
    begin = Parameters(start.weights, 0.5 * near - 1, start.covariances)
    run = expectation_maximisation(x, begin, steps=60, reg_covar=0.0)
    climbs.append([state.log_likelihood for state in run])

gains = torch.tensor(climbs, dtype=torch.float64).diff()
assert gains.min() > -1e-12  # to rounding: it never falls


# %%
def picks_up(gain):
    """The first step whose gain is more than twice that of an earlier one; None if there is none."""
    least = gain.cummin(0).values
    more = (gain[1:] > 2 * least[:-1]) & (gain[1:] > 1e-3)  # leaving out what no picture would show
    return more.nonzero()[0].item() + 2 if more.any() else None  # more[0] compares step 2 with step 1


again = [picks_up(gain) for gain in gains]
count = sum(step is not None for step in again)
expect(count > len(again) / 2, "in most of these runs the gain doubles again")
why = (
    "Slow does not mean done: a run may cross a plateau, so a rule that stops when gains are small may stop too early."
)
reveal(guess, f"yes, in {count} of {len(again)} runs", why)

# %%
labels = {"x_label": "step", "y_label": "nats a point", "marked": "the gain has doubled again"}
plots.traces(climbs, marks=again, **labels, bottom=min(run[2] for run in climbs))

# %% [markdown]
# Every line rises, and many rise in stairs. They do not all end at the same height, which is a matter for later. Here
# is one climb, from the start chosen above:

# %%
states = list(expectation_maximisation(x, start, steps=60, reg_covar=0.0))
plots.em_steps(x, [states[k] for k in (0, 1, 4, 10, 15, 60)])

# %% [markdown]
# Colours are responsibilities, and a point that two components share has a colour between theirs. Ellipses are two
# standard deviations wide.
#
# **Explore.** The widget takes half a step at a time. Before each E-step, point at a data point between two ellipses
# and predict its colour; before each M-step, predict which ellipse will move farthest. Then go back to the
# start, drag all three means into one corner, and look for plateaus in the likelihood. With $K = 2$: which blobs are
# merged?
#
# (Where this page is not running Python: the widget shows pictures like those above, one half-step after the other,
# and beside them the log-likelihood as it climbs.)

# %%
from coursekit.widgets import EMExplorer

EMExplorer("three_blobs", k=3, n=300)

# %% [markdown]
# ### Why it never falls
#
# Jensen's inequality says that the logarithm of an average is never less than the average of the logarithms. With any
# responsibilities $r$ as the weights of that average it gives a lower bound of the log-likelihood,
#
# $$\log p(x_i) \;\ge\; \sum_k r_{ik} \log \frac{w_k N(x_i; m_k, S_k)}{r_{ik}}.$$
#
# The E-step chooses the $r$ that make it an equality; the M-step raises the right-hand side. The left-hand side cannot
# stay behind. Three assertions check it:


# %%
def bound(parameters, r):
    return ((r * log_joint(x, parameters)).sum(1) - torch.xlogy(r, r).sum(1)).mean()


touching, raised = bound(start, r), bound(new, r)
assert torch.isclose(touching, log_p.mean())  # E: the bound touches
assert raised > touching  # M: the bound rises
assert e_step(x, new)[1].mean() > raised  # and the likelihood is above it

# %% [markdown]
# Keep this bound in mind. When $r$ can no longer be computed, a network will guess it, and the bound itself becomes
# what is trained. It is then called the ELBO, and the model a variational auto-encoder (lecture 4).
#
# ### Pitfall: the likelihood has no maximum
#
# Take twenty of the points and two components. One covers them all; put the other on a single point and let it shrink.

# %%
twenty = x[:20]
heights = []
for scale in (1.0, 1e-2, 1e-4, 1e-8, 1e-16):
    covariances = torch.stack([twenty.T.cov(), scale**2 * torch.eye(2, dtype=torch.float64)])
    weights = torch.tensor([0.9, 0.1], dtype=torch.float64)
    trap = Parameters(weights, twenty[[1, 0]], covariances)
    heights.append([scale, e_step(twenty, trap)[1].mean().item()])

values = [height for _, height in heights[1:]]
assert values == sorted(values)
table(["standard deviation", "nats a point"], heights)

# %% [markdown]
# It grows for ever, at the price of a useless model. `reg_covar`, a small number added to every variance, shuts this
# door. The M-step is then no longer the exact maximiser, so the likelihood may fall by a trace of rounding's size.
#
# ### Local maxima
#
# E-M climbs, and stops on the first hill. Which hill depends on the start. On `grid-25`, twenty-five narrow components,
# compare two ways to choose the first means: data points at random, or k-means++, which prefers points far from those
# already chosen.
#
# **Predict.** The committed experiment tried eighty random starts, ten on each of eight samples. How many found all
# twenty-five blobs?

# %%
guess = None  # 0 to 80

# %%
mixtures = figure_row("s02_gaussian_mixture")
below = mixtures["data"]["below_best"]  # nats a point below the best maximum known for that sample
found = {method: sum(value < 0.01 for value in values) for method, values in below.items()}
assert found["points"] < len(below["points"]) / 10 < found["kmeans++"]
why = f"Two means in one blob stay there; other blobs share one. With k-means++: {found['kmeans++']}."
reveal(guess, found["points"], why)

# %%
stuck = {"random points": below["points"], "k-means++": below["kmeans++"]}
plots.dots({"": stuck}, y_label="nats below the best")

# %% [markdown]
# Each dot is one start, and zero the best maximum known for its sample. What does it look like to be stuck? Two starts
# of each kind, and of their four ends the lowest and the highest:

# %%
from coursekit.density import GaussianMixture, initial_parameters

grid25 = get("grid-25").sample(400, generator=generator(12))
fits = []
for method in ("points", "kmeans++"):
    for seed in range(budget(2, 1)):
        begin = initial_parameters(grid25, 25, method=method, generator=generator(seed))
        fits.append(GaussianMixture(25).fit(grid25, start=begin, max_steps=60))

# %%
ordered = sorted(fits, key=lambda fit: fit.log_likelihoods[-1])
pair = [ordered[0], ordered[-1]]
titles = [f"{fit.log_likelihoods[-1]:.2f} nats a point".replace("-", "−") for fit in pair]
plots.mixture_fit(grid25, pair, titles=titles)

# %% [markdown]
# **In practice:** several starts by k-means++, and keep the best by the likelihood of the *training* points. (For the
# number of components $K$ that judge fails, as it did for $h$: use held-out points, or the **Bayesian information
# criterion**, `GaussianMixture.bic`: minus twice the log-likelihood of all points, plus $\log n$ for each free
# parameter, so that a component must earn its parameters. Lower is better.)
#
# ### Mixture or kernels?
#
# **Predict.** 400 points of `cross`, a mixture with two components against a kernel estimate with its bandwidth chosen
# by points left out. Which loses fewer nats on fresh points, the "mixture" or the "kernels", and is it close?

# %%
guess = None  # "mixture" or "kernels"

# %%
loss = {"mixture": [], "kernels": []}
for seed in range(budget(4, 2)):
    train, fresh = cross.sample(2_400, generator=generator(200 + seed)).split([400, 2_000])
    mixture = GaussianMixture(2).fit(train, generator=generator(seed))
    kde = KernelDensity(train, select_bandwidth(train, torch.logspace(-1.3, 0, 10)))
    for name, model in (("mixture", mixture), ("kernels", kde)):
        loss[name].append((cross.log_prob(fresh) - model.log_prob(fresh)).mean().item())

better = [a < b for a, b in zip(*loss.values(), strict=True)]
expect(all(better), "the mixture loses less on every seed")
means = {name: sum(values) / len(values) for name, values in loss.items()}
why = "The mixture learns one weight, two means and two covariances, and the truth is in its family."
reveal(guess, "mixture", f"{means['mixture']:.3f} against {means['kernels']:.3f} nats lost on average. {why}")

# %%
plots.dots(mixtures["data"]["lost_nats"], y_label="nats lost a fresh point", paired=True)

# %% [markdown]
# Read this with care. All three densities *are* mixtures of normals (`skewed` has eight components, fitted here with
# three): this is the mixture's home ground.
#
# **Predict.** Now a mixture with a single component on `bimodal`, the wrong family. With more and more points, who
# wins, the "mixture" or the "kernels"?

# %%
guess = None  # "mixture" or "kernels"

# %%
sizes = [30, 100, 300, 1_000, 3_000]
loss = {"two components": [], "one component": [], "kernels": []}
fresh = bimodal.sample(2_000, generator=generator(300))
for seed in range(budget(4, 2)):
    runs = {name: [] for name in loss}
    for n in sizes:
        train = bimodal.sample(n, generator=generator(301 + seed))
        for name, K in (("two components", 2), ("one component", 1)):
            runs[name].append(GaussianMixture(K).fit(train, generator=generator(seed)))
        runs["kernels"].append(KernelDensity(train, scott(train) / 2))
    for name, models in runs.items():
        gaps = [bimodal.log_prob(fresh) - model.log_prob(fresh) for model in models]
        loss[name].append([gap.mean().item() for gap in gaps])

ends = zip(loss["one component"], loss["kernels"], strict=True)
expect(all(one[-1] > run[-1] for one, run in ends), "with 3,000 points kernels win")
reveal(guess, "kernels", "What the family cannot express, no amount of data can teach it.")

# %%
plots.bands(sizes, loss, x_label="points $n$", y_label="nats lost", log_x=True, bottom=-0.02)

# %% [markdown]
# The single hill settles at the loss of the best normal and stays there, while the kernel estimate goes on improving.
# The right family is ahead of both, once there are points enough to place its two hills; with thirty, luck decides.
# Assumptions buy speed and cost generality.

# %%
gap_to_peer, won = mixtures["figures"]["peer_gap"], mixtures["data"]["mixture_wins"]
words = ", ".join(f"{count} (`{name}`)" for name, count in won.items())
fold(
    f"Over {len(mixtures['seeds'])} seeds the mixture loses less than kernels on {words}. "
    f"Its steps agree with scikit-learn's within {gap_to_peer:.0e} nats.",
    mixtures,
)

# %% [markdown]
# ## 6 · Who can answer what?
#
# The five models of this lecture, and a sixth: a generator that is a neural network, as in the second half of this
# course. Its weights are random here; what it can and cannot answer is the same after training.

# %%
from coursekit.gans import Generator
from coursekit.nets import mlp
from coursekit.seeds import seeded

with seeded(0):
    network = Generator(mlp([2, 64, 2]), latent=2)  # x = net(z) with z from N(0, I)

# %%
from coursekit.protocols import capabilities

models = {
    "push-forward by a known map": squared,
    "inverse transform": flow,
    "Knothe–Rosenblatt": triangular,
    "kernel density estimate": kde,
    "Gaussian mixture": mixture,
    "network generator": network,
}
answers = {name: capabilities(model) for name, model in models.items()}
assert [can["log_prob"] for can in answers.values()] == [True] * 5 + [False]

words = {True: "yes", False: "no"}
rows = [[name, words[can["sample"]], words[can["log_prob"]]] for name, can in answers.items()]
table(["model", "draws", "gives densities"], rows)

# %%
from coursekit.protocols import NotTractable, log_prob

try:
    log_prob(network, torch.zeros(1, 2))
except NotTractable as error:
    reason = str(error)
say(f"Ask for it all the same, and you are told why not. {reason}")

# %% [markdown]
# The formula of section 1 still holds for the network, with $|\det \partial g / \partial z|$ for the stretch, but its
# sum runs over all $z$ with $g(z) = x$, and listing those is hopeless for a large network. (With fewer noise
# coordinates than data coordinates there is not even a density: all mass lies on a surface.)
#
# ### The detour: kernels on what a generator draws
#
# What remains is to draw many points, lay kernels over those, and call the result the generator's density. It is an
# estimate of an estimate. How good is it? For that we need a trained generator.
#
# A **generative adversarial network** (GAN) trains two networks in turn: the generator $G$, and a **discriminator** $D$
# that learns to tell its points from data (the code calls it `Critic`, a name that also suits its later kin). Then $G$ is
# changed so that $D$ is misled. Why this should work, and when it does not, is the matter of lectures 9 to 11; here we
# only use it.
#
# Remember `gap`, whose exact map almost jumps: 30 % of the mass at $-4$, 70 % at $4$. Six GANs are trained on it, alike
# but for their seeds.
#
# **Predict.** In how many of the six will both modes have their share of the points, to within ten percentage points?

# %%
guess = None  # 0 to 6

# %%
from coursekit.gans import Critic
from coursekit.training import fit_adversarial


class Columns:
    def sample(self, n, *, generator):
        return gap.sample(n, generator=generator)[:, None].float()  # networks see points as rows


seeds, steps = list(range(budget(6, 2))), budget(2_000, 50)  # both networks move steps / 2 times
# members: six pairs of networks side by side, one a seed, in one loop
G = Generator(mlp([1, 32, 32, 1], members=seeds), latent=1, members=seeds)
D = Critic(mlp([1, 32, 32, 1], members=seeds))
for _ in fit_adversarial(G, D, Columns(), steps=steps, batch=128, members=seeds):
    pass

drawn = G.sample(2_000, generator=generator(400)).squeeze(-1).double()  # (seeds, points)

# %%
left = (drawn < 0).double().mean(1)
right_share = int(((left - 0.3).abs() < 0.1).sum())
expect(right_share < len(seeds), "not every run serves both modes as it should")
shares = ", ".join(f"{share:.0%}" for share in left)
reveal(guess, right_share, f"At the left mode, which should have 30 %, they put {shares} of their points.")

# %% [markdown]
# A generator that leaves a mode out is said to suffer from **mode collapse**. Now the densities. As is usual for such
# scores, $h$ is the one under which 500 points of the data are likeliest, and fresh points are scored.

# %%
data, fresh = gap.sample(2_500, generator=generator(401)).split([500, 2_000])
candidates = torch.logspace(-1.5, 0.5, 12)
detours = [KernelDensity(x, select_bandwidth(x, candidates, held_out=data)) for x in drawn]
lost_by = [(gap.log_prob(fresh) - model.log_prob(fresh)).mean().item() for model in detours]

direct = KernelDensity(data, select_bandwidth(data, candidates))
lost_direct = (gap.log_prob(fresh) - direct.log_prob(fresh)).mean().item()
ahead = sum(lost_direct < lost for lost in lost_by)
expect(ahead > len(lost_by) / 2, "kernels on 500 points of the data lose less than on 2,000 of most generators")

# %%
order = sorted(range(len(seeds)), key=lost_by.__getitem__)
best, worst = order[0], order[-1]
panels = [{"estimate": model, "truth": gap} for model in (detours[worst], detours[best], direct)]
titles = [f"GAN, worst: {lost_by[worst]:.2f}", f"GAN, best: {lost_by[best]:.2f}", f"500 points: {lost_direct:.2f}"]
plots.densities(-7, 7, panels, titles=titles)

# %% [markdown]
# The figures are nats lost a fresh point. Where a mode is missing, only hills as wide as the gap reach its points, and
# the density is useless. Where both are there, look *between* them:

# %%
between = (drawn[best].abs() < 2).double().mean().item()
say(
    f"The best of the GANs puts {between:.1%} of its points between −2 and 2, where the truth has {middle:.3%}. "
    f"Kernels on 500 points of the data lose fewer nats than {ahead} of the {len(lost_by)} detours."
)

# %% [markdown]
# $G$ is continuous and $z$ has no gap, so a generator that serves both modes must cross what lies between. This is the
# picture of section 2 come true.
#
# `gap` is hard for a GAN. The committed experiment takes four kinder densities, eight seeds, 500 points of data, a
# larger network and longer training. Beside it stands the limit of the detour, a perfect generator, whose points are
# points of the truth.

# %%
detour = figure_row("s02_gan_density")
lost, seeds = detour["data"]["lost"], len(detour["seeds"])
behind = detour["data"]["gan_loses_to_sample"]
rows = [[f"`{name}`", *[sum(runs) / seeds for runs in by.values()], behind[name]] for name, by in lost.items()]
head = ["mean nats lost", "kernels", "mixture", "GAN", "its limit", f"GAN behind kernels, of {seeds} seeds"]
assert all(limit < direct < gan for _, direct, _, gan, limit, _ in rows)
table(head, rows)

# %% [markdown]
# On average the detour loses more than kernels laid directly on the data that the GAN was trained on. Part of its loss
# is the price of asking a sampler for its density: even the perfect generator loses something to its kernels. The rest
# is the generator's own error. It is largest on `two-moons`, two thin arcs in the plane.

# %%
arcs, crossed = lost["two-moons"]["kernels on the GAN's samples"], lost["cross"]["mixture by E-M"]
fold(
    f"Runs differ: on `two-moons` one GAN loses {min(arcs):.2f} nats and another {max(arcs):.2f}. E-M has its accidents "
    f"too: on `cross` it loses {min(crossed):.2f} on one seed and {max(crossed):.2f} on another, where the best of "
    "three starts is a local maximum.",
    detour,
)

# %% [markdown]
# ### How large must the networks be?
#
# *Second reading.*
#
# The **capacity** of a network is how rich a set of functions it can express. It grows with the network's width, the
# units in a layer, and with its depth, the number of layers. A generator with too little of it cannot bend the noise
# into the target, however long it trains. The next committed experiment trains nine sizes on three densities. It
# measures the **Wasserstein distance** $W_1$: how far, on average, the generated points must be carried until they lie
# as the truth does. (On the line that is the area between the two distribution functions; lecture 8 has the rest.)
#
# **Predict.** Compare the largest size with the smallest on the same seeds. On how many of the eight seeds does the
# largest come nearer to the truth: on `bimodal`, on `claw`, on `gap`?

# %%
guess = None  # three numbers from 0 to 8, as "8, 8, 8"

# %%
capacity = figure_row("s02_capacity")
w1, widths, depths = (capacity["data"][key] for key in ("w1", "widths", "depths"))
nearer = {name: capacity["figures"][f"{name}: seeds on which the largest is nearer"] for name in w1}
small, large = f"{widths[0]} × {depths[0]}", f"{widths[-1]} × {depths[-1]}"
why = f"Sizes are width × depth, here {large} against {small}."
reveal(guess, ", ".join(f"{count:.0f} (`{name}`)" for name, count in nearer.items()), why)


# %%
def by_width(name):
    """W1 of all seeds with shape (S, widths), for each depth."""
    return {f"depth {d}": list(zip(*[w1[name][f"{w}x{d}"] for w in widths], strict=True)) for d in depths}


axes = {"x_label": "width", "y_label": "$W_1$ to the truth", "log_x": True, "log_y": True}
plots.bands(widths, by_width("claw"), **axes, title="claw")

# %%
plots.bands(widths, by_width("gap"), **axes, title="gap")

# %%
means = {name: {size: sum(runs) / len(runs) for size, runs in sizes.items()} for name, sizes in w1.items()}
numbers, floor = capacity["data"]["parameters"], capacity["figures"]["claw: floor"]
for name in ("bimodal", "claw"):
    assert sum(wide < deep for wide, deep in zip(w1[name]["16x1"], w1[name]["4x3"], strict=True)) >= 7  # of 8 seeds
say(
    f"Width counts for more than depth here: on `claw`, 16 × 1 with {numbers['16x1']} parameters ends at "
    f"{means['claw']['16x1']:.2f}, 4 × 3 with {numbers['4x3']} at {means['claw']['4x3']:.2f}. The largest size is at "
    f"{means['claw']['64x3']:.2f}, and as many samples of the truth itself would be at {floor:.3f}."
)

# %%
collapsed = sum(count for name, count in capacity["figures"].items() if name.startswith("gap: runs that lost"))
runs = sum(len(values) for values in w1["gap"].values())
alone = capacity["figures"]["gap: the larger mode alone"]
fold(
    f"On `gap` a generator that serves the larger mode alone would be at {alone:.2f}, and {collapsed:.0f} of {runs} "
    f"runs, of every size, end no nearer than nine tenths of that. The best run is at {min(map(min, w1['gap'].values())):.2f}: a "
    "network can do better, but training seldom gets there. This mode collapse is not for want of capacity.",
    capacity,
)

# %% [markdown]
# So the first question to ask of any deep generative model is *what it lets us compute*.
#
# | | training | understanding the fit | drawing | densities |
# |---|---|---|---|---|
# | kernels | none; choose $h$ | easy, but nothing is summed up | easy | easy; poor in high dimension |
# | graphical models (a mixture is the smallest) | local maxima; needs a design | easy; holds what one knows of the domain | easy | easy for some |
# | push-forward by a network | heavy | hard | easy | no, unless the map is built to be invertible |
#
# A mixture is a **graphical model** with one hidden variable: first draw $k$, then $x$ given $k$. Both probabilities
# are explicit, so both sampling and evaluation work. Deep models trade some of that for reach. Each family of this
# course is a different trade.

# %% [markdown]
# ## Takeaways
#
# - A generator pushes noise forward. Its density divides by the stretch, and adds up over all $z$ that lead to $x$.
# - On the line, $F^{-1}$ turns uniform noise into any density; $F$ turns it back. `ladj` belongs to a direction, and
#   flips its sign with it.
# - In more dimensions, one coordinate after the other: a triangular Jacobian, whose determinant is its diagonal's
#   product. Exact conditionals need tables with $100^d$ numbers and more, so they have to be learned.
# - A kernel estimate assumes no family, only smoothness, and converges slowly, hardly at all in many dimensions. Its
#   bandwidth must be judged by points it has not seen, and the judge matters: log-likelihood is decided in the tails.
#   Its squared error falls like $n^{-4/(4+d)}$, its absolute error like the root of that.
# - A kernel that ends can give $-\infty$. Report it, do not hide it.
# - E-M never lowers the likelihood, because it climbs a bound that it has just made tight. It finds a local maximum.
# - Whether a model gives densities depends on its construction, not on its training. Kernels on a generator's samples are
#   a way out, and a poor one.
#
# **Exercise.** Problem set 2, `exercises/ps02/ps02.ipynb` (your copy lies in `work/`): maps with two branches, a
# triangular map, kernels, and both steps of E-M, each checked as you go.
#
# **References**
# - M. Rosenblatt 1952, *Remarks on a multivariate transformation*; H. Knothe 1957: triangular maps.
# - L. Devroye 1986, *Non-Uniform Random Variate Generation*, chapters I and II: branches, inverse transforms.
# - M. Rosenblatt 1956; E. Parzen 1962: kernel density estimates. V. Epanechnikov 1969: his kernel.
# - B. Silverman 1986, *Density Estimation for Statistics and Data Analysis*; D. Scott 1992, *Multivariate Density
#   Estimation*.
# - P. Hall 1987, *On Kullback–Leibler loss and density estimation*: when likelihood chooses a bad bandwidth.
# - J. Marron and M. Wand 1992, *Exact mean integrated squared error*: the densities `claw`, `outlier`, `skewed`,
#   `bimodal`.
# - A. Dempster, N. Laird and D. Rubin 1977: expectation-maximisation. D. Arthur and S. Vassilvitskii 2007: k-means++.
# - I. Goodfellow et al. 2014, *Generative Adversarial Nets*: section 5 scores samples by kernels laid over them.
#
# **In the code** `coursekit/density/push_forward.py`, `inverse_transform.py`, `knothe_rosenblatt.py`,
# `kernel_density.py`, `bandwidth.py`, `expectation_maximisation.py`: each is short and meant to be read.
#
# **Next.** Lecture 3 keeps the product rule and learns the conditionals: autoregressive models.
