# %% [markdown]
# # 0 · Notation and glossary
#
# Generative modelling grew up in five communities, and each has its own letters, signs and units. The same word may mean
# opposite directions in two papers. This course uses one symbol for one thing, everywhere: in the text, in the code and
# in the exercises. This notebook is the list, with a small check wherever a convention can be checked.
#
# **You will be able to** look up what a symbol, a name or a sign means, and run the line that proves it.
#
# **You should know** nothing in advance. Come back when a lecture uses a word that you do not remember.
#
# **Time** about {{read}} minutes to read, {{run}} seconds to run (measured on 2 cores).

# %%
import math
import torch
from coursekit.distributions import NormalMixture1D, get
from coursekit.seeds import generator, seeded

# %% [markdown]
# ## Symbols
#
# | symbol | means | first met in |
# |---|---|---|
# | $x$ | data, one point of it; in code the sample with shape `(n, *event)`, one point a row | 1 |
# | $y$, $a_k$ | label or class of a point; logit of class $k$ | 1 |
# | $z$ | latent variable or noise, what generation starts from | 1 |
# | $u$ | uniform noise on $(0, 1)$ | 2 |
# | $n$, $d$, $K$ | number of points, of dimensions, of components or classes | 1 |
# | $i$, $k$ | index of a point or a coordinate; of a component or class | 1 |
# | $p_\text{data}$, $p_\theta$ | the distribution of the data; the model's, with parameters $\theta$ | 1 |
# | $D(p_\text{data}, p_\theta)$ | a divergence, where two distributions stand in it | 1 |
# | $q$ | an approximation of $p$; mostly of a posterior (variational distribution) | 1, 4 |
# | $g_\#\mu$ | push-forward of $\mu$ by $g$: the distribution of $g(z)$ for $z \sim \mu$ | 2 |
# | $T: z \to x$ | a map that generates; $T^{-1}: x \to z$ normalises | 2, 5 |
# | $F$, $F^{-1}$ | distribution function, quantile function | 2 |
# | $\Phi$, $\varphi$ | distribution function and density of $N(0, 1)$ | 2 |
# | $N(x; m, S)$ | normal density at $x$ with mean $m$ and *covariance* (on the line: *variance*) $S$ | 1 |
# | $h$, $\kappa$ | bandwidth and kernel of a kernel density estimate | 2 |
# | $w_k, m_k, S_k$ | weight, mean, covariance of a component | 2 |
# | $r_{ik}$, $n_k$ | responsibility of component $k$ for point $i$; points that it owns, $n_k = \sum_i r_{ik}$ | 2 |
# | $E(x)$, $Z$ | energy, $p(x) = e^{-E(x)} / Z$; its normalising constant | 14 |
# | $D$, $G$; $f$ | discriminator, generator; critic | 2; 10 |

# %% [markdown]
# ## Names in the code
#
# | name | means |
# |---|---|
# | `sample(n, *, context=None, generator=None)` | draw `n` independent points, shape `(n, *event)` |
# | `log_prob(x)` | normalised log-density in **nats**, shape `(n,)`; `-inf` where the density is zero |
# | `energy(x)` | $-\log$ of an unnormalised density, shape `(n,)`; lower is likelier |
# | `elbo(x)` | a lower bound of `log_prob`, shape `(n,)` |
# | `forward(z)`, `inverse(x)` | generate, normalise; each returns the point and `ladj` |
# | `ladj` | $\log |\det|$ of the Jacobian of *that* direction, shape `(n,)` |
# | `scale`, `log_var` | standard deviation; logarithm of the *variance* |
# | `logits`, `prob` | before and after a sigmoid or softmax. A discriminator returns logits unless its name says `prob` |
# | `bits_per_dim` | $-\log_2 p$ per dimension, with the constant of dequantisation |
# | `generator`, `seed` | where randomness comes from, always explicit |
#
# A model has a method exactly when it can answer the question. One that cannot says why, in a sentence:

# %%
from coursekit.protocols import NotTractable, capabilities, log_prob


class Network:
    def __init__(self):
        why = "a network without an inverse cannot say which z led to x"
        self.not_tractable = {"log_prob": why}

    def sample(self, n, *, context=None, generator=None):
        return torch.randn(n, generator=generator).tanh()


assert [question for question, answer in capabilities(Network()).items() if answer] == ["sample"]
try:
    log_prob(Network(), torch.zeros(1))
except NotTractable as reason:
    print(reason)

# %% [markdown]
# ## Units and densities
#
# Log-densities are in **nats** (natural logarithm), divided by $\log 2$ they are **bits**. A density integrates to one, and
# may exceed one on the way; so the entropy of a density, unlike that of a discrete variable, may be negative.

# %%
narrow = NormalMixture1D(weights=[1.0], means=[0.0], scales=[0.1])
x = torch.linspace(-2, 2, 4001, dtype=torch.float64)
p = narrow.log_prob(x).exp()

assert abs(torch.trapezoid(p, x).item() - 1) < 1e-9
assert p.max() > 1
nats = narrow.entropy().item()
print(f"peak {p.max():.2f}; entropy {nats:.3f} nats = {nats / math.log(2):.3f} bits")

# %% [markdown]
# `scale` is always a standard deviation, never a variance. In formulas the second place of $N(\cdot\,, \cdot)$ is a
# variance, so $N(0, 2^2)$ has `scale=2`. A third way to write the same is `log_var`, $\log \sigma^2 = 2 \log \sigma$.

# %%
wide = NormalMixture1D(weights=[1.0], means=[0.0], scales=[2.0])
assert torch.isclose(wide.variance, torch.tensor(4.0, dtype=torch.float64))

log_var = torch.tensor(0.6)
assert torch.isclose((0.5 * log_var).exp() ** 2, log_var.exp())  # scale = exp(log_var / 2)

# %% [markdown]
# **Bits per dimension.** A pixel has $k$ levels, a density lives on $[0, 1]$. Uniform noise within each level joins the two
# (dequantisation). One level is $1/k$ wide, so
# $\texttt{bits\_per\_dim} = -\tfrac1d \log_2 p(x) + \log_2 k$. The check: a model that knows nothing, $p = 1$ on
# $[0, 1]^d$, must pay exactly $\log_2 256 = 8$ bits for a pixel with 256 levels. (With fewer levels it pays less: bits per
# dimension are never compared across data sets.)


# %%
def bits_per_dim(log_prob, d, levels):
    return -log_prob / (d * math.log(2)) + math.log2(levels)


assert bits_per_dim(log_prob=0.0, d=64, levels=256) == 8
assert bits_per_dim(log_prob=0.0, d=64, levels=17) < 5  # fewer levels, fewer bits

# %% [markdown]
# ## Maps and their change of volume
#
# $T$ goes from noise to data. `forward` generates, `inverse` normalises, and each returns the log-determinant of its own
# direction. So the two have opposite signs at a matching pair, and
# $\log p(x) = \log p_z(z) + \texttt{ladj of inverse} = \log p_z(z) - \texttt{ladj of forward}$.
# (Some texts write $f$ for $x \to z$. Translate before you compare.)

# %%
from coursekit.density import InverseTransform

flow = InverseTransform(get("bimodal"))
z = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
x, ladj = flow.forward(z)
assert torch.allclose(ladj, -flow.inverse(x)[1])

step = 1e-6  # and it is the slope of this direction
slope = (flow.forward(z + step)[0] - flow.forward(z - step)[0]) / (2 * step)
assert torch.allclose(ladj, slope.log(), atol=1e-6)
assert torch.allclose(flow.log_prob(x), -ladj)  # uniform noise has log-density 0

# %% [markdown]
# ## Divergences
#
# $\mathrm{KL}(p \,\|\, q) = \int p \log (p/q)$ integrates against its **first** argument, so it is large where $p$ has mass
# and $q$ does not. Maximum likelihood minimises $\mathrm{KL}(p_\text{data} \,\|\, p_\theta)$, variational inference
# $\mathrm{KL}(q \,\|\, p)$. The order matters:

# %%
x = torch.linspace(-30, 30, 60_001, dtype=torch.float64)


def kl(p, q):
    return torch.trapezoid(p.log_prob(x).exp() * (p.log_prob(x) - q.log_prob(x)), x).item()


p, q = NormalMixture1D([1.0], [0.0], [1.0]), NormalMixture1D([1.0], [0.0], [2.0])
closed = math.log(2 / 1) + 1**2 / (2 * 2**2) - 0.5  # log(s_q / s_p) + s_p² / (2 s_q²) - 1/2
assert abs(kl(p, q) - closed) < 1e-9
print(f"KL(p ∥ q) = {kl(p, q):.3f}, KL(q ∥ p) = {kl(q, p):.3f} nats")

# %% [markdown]
# The Jensen–Shannon divergence has weights ½, $\mathrm{JS} = \tfrac12 \mathrm{KL}(p \,\|\, m) + \tfrac12 \mathrm{KL}(q \,\|\, m)$
# with $m = \tfrac12(p + q)$. In nats it never exceeds $\log 2$, and reaches it when $p$ and $q$ do not overlap. Then it no
# longer says how far apart they are, a fact with consequences for GANs.


# %%
def js(shift):
    half = [0.5, 0.5]
    p, q = NormalMixture1D([1.0], [0.0], [1.0]), NormalMixture1D([1.0], [shift], [1.0])
    m = NormalMixture1D(half, [0.0, shift], [1.0, 1.0])
    return 0.5 * kl(p, m) + 0.5 * kl(q, m)


values = [js(shift) for shift in (0.0, 1.0, 3.0, 10.0, 20.0)]
assert abs(values[0]) < 1e-12 and max(values) <= math.log(2) + 1e-12
print([f"{value / math.log(2):.4f} log 2" for value in values])

# %% [markdown]
# ## Randomness
#
# Nothing in the course draws from torch's global generator unless you ask for it. Sampling takes `generator=`; a module,
# whose first weights come from the global generator, is built inside `seeded(seed)`, which puts everything back.

# %%
a = get("claw").sample(3, generator=generator(7))
b = get("claw").sample(3, generator=generator(7))
assert torch.equal(a, b)

before = torch.random.get_rng_state()
with seeded(0):
    torch.nn.Linear(2, 2)
assert torch.equal(before, torch.random.get_rng_state())

# %% [markdown]
# ## Shapes and errors
#
# The first axis counts points. A sample on the line has shape `(n,)`, in $d$ dimensions `(n, d)`, of images
# `(n, channels, height, width)`. Signatures state shapes, `Float[Tensor, "n d"]`. An argument that does not fit is
# refused with a sentence that says what was given, what was expected and what to try:

# %%
try:
    get("claw").log_prob(torch.zeros(5, 1))
except ValueError as error:
    print(error)

# %% [markdown]
# ## Figures
#
# A claim about a random method is made over **seeds**, at least five, with a 95 % interval. "A beats B" means on the same
# data and seeds: 5 wins of 5, or at least 7 of 8. "Exact" means float64 and a relative error of at most 1e-8. `figure_row`
# shows a committed measurement: what was asked, what was measured, and `ok`, `finding` (a published claim that does not
# show here), `fails`, or `stale` (the code has changed since).

# %% [markdown]
# ## Conventions that belong to later lectures
#
# Sources disagree, and some err. This is what the course has settled on.
#
# | topic | convention | lecture |
# |---|---|---|
# | ELBO | its KL is $\mathrm{KL}(q(z \mid x) \,\|\, p(z))$; $\texttt{elbo} \le \log p$ | 4 |
# | additive two-stream network | "residual flow" of one source; here additive coupling, exactly invertible | 6 |
# | autoregressive flows | MAF: $x_i = \mu_i(x_{<i}) + \sigma_i(x_{<i})\, z_i$; IAF conditions on $z_{<i}$ | 6 |
# | continuous flows | $\frac{d}{dt} \log p = -\operatorname{tr} \frac{\partial f}{\partial x}$ along $\frac{dx}{dt} = f$ | 6 |
# | Fréchet distance | squared, no root taken; covariances with $n - 1$ | 8 |
# | MMD² | unbiased estimate, may be negative | 8 |
# | Sinkhorn | debiased | 8 |
# | discriminator | logit at the optimum: $\log p_\text{data} - \log p_g$; value $2\,\mathrm{JS} - \log 4$ (with ½ in both terms: $\mathrm{JS} - \log 2$) | 9 |
# | f-GAN | $\rho = p_\text{data}/p_g$; Pearson: $f^*(t) = t^2/4 + t$ for $t \ge -2$, else $-1$ | 9 |
# | WGAN | critic high on real; `d_loss` $= \mathbb E f(\text{fake}) - \mathbb E f(\text{real}) +$ penalty | 10 |
# | PacGAN | a pack holds one kind, real or generated | 11 |
# | InfoGAN | the bound $\mathbb E \log Q(c \mid x) + H(c)$, on generated $x$ only | 12 |
# | BEGAN | reconstruction errors are means per pixel; $k_0 = 0$ | 13 |
# | Langevin | $x \leftarrow x - \alpha \nabla E + \sqrt{2\alpha}\, \xi$, where $\sqrt{2\alpha}$ is a standard deviation | 14 |
# | JEM | its usual step 1 with noise 0.01 is a *tempered* Langevin step | 14 |
# | pix2pix | $D$ means $P(\text{real})$ | 15 |
#
# Three of these can be checked now. The GAN's value at its best discriminator is $2\,\mathrm{JS} - \log 4$:

# %%
p, q = get("bimodal"), NormalMixture1D([1.0], [0.5], [1.5])
a, b = p.log_prob(x), q.log_prob(x)
logit = a - b  # the optimal discriminator's
softplus = torch.nn.functional.softplus
value = torch.trapezoid(-a.exp() * softplus(-logit) - b.exp() * softplus(logit), x).item()

middle = torch.logaddexp(a, b) - math.log(2)
summand = 0.5 * a.exp() * (a - middle) + 0.5 * b.exp() * (b - middle)
js_value = torch.trapezoid(summand, x).item()
assert abs(value - (2 * js_value - math.log(4))) < 1e-9

# %% [markdown]
# Pearson's conjugate is the supremum over $\rho > 0$ of $\rho t - (\rho - 1)^2$. And one Langevin step on $N(0, \sigma^2)$ multiplies
# $x$ by $1 - \alpha/\sigma^2$ and adds noise of variance $2\alpha$; the variance then settles at
# $\sigma^2 / (1 - \alpha/2\sigma^2)$, slightly above the target's.

# %%
rho = torch.linspace(1e-6, 20, 200_001, dtype=torch.float64)
for t in (-5.0, -2.0, 0.0, 3.0):
    conjugate = t**2 / 4 + t if t >= -2 else -1.0
    assert abs((rho * t - (rho - 1) ** 2).max().item() - conjugate) < 1e-4

sigma2, alpha, variance = 1.5, 0.1, 1.0
for _ in range(1_000):
    variance = (1 - alpha / sigma2) ** 2 * variance + 2 * alpha
assert abs(variance - sigma2 / (1 - alpha / (2 * sigma2))) < 1e-12

# %% [markdown]
# ## Glossary of section 1
#
# | term | means |
# |---|---|
# | batch | the few points from which one gradient step is computed |
# | bits per dimension | $-\log_2 p(x) / d$, with the constant of dequantisation |
# | discriminative, generative | a model of $p(y \mid x)$ alone; one of $p(x)$ or $p(x \mid y)$ |
# | divergence | a number, zero if two distributions are equal, else positive |
# | ELBO | evidence lower bound, $\mathbb E_q \log p(x \mid z) - \mathrm{KL}(q \,\Vert\, p(z)) \le \log p(x)$ |
# | entropy | $-\mathbb E \log p(x)$ under $p$ itself; the least NLL that any model can have |
# | family | all distributions that a model can be, one for each $\theta$ |
# | forward, reverse KL | of data $p$ and model $q$: $\mathrm{KL}(p \,\Vert\, q)$, $\mathrm{KL}(q \,\Vert\, p)$ |
# | graphical model | variables, arrows between them, and the distribution of each given those that point to it |
# | head | the last step of a net, which makes a distribution of its numbers: softmax, Gaussian |
# | latent variable | one that is not in the data: nobody says what its value was |
# | learning rate | the factor between a gradient and the step |
# | logits | numbers before a softmax or sigmoid |
# | mode covering, mode seeking | having mass on every mode and between them; keeping to one |
# | naive Bayes | Bayes' rule with coordinates taken for independent given the class |
# | NLL | negative log-likelihood, a point if nothing else is said |
# | prior, posterior | $p(y)$ or $p(z)$; $p(y \mid x)$ or $p(z \mid x)$ |
# | representation | a code of $x$: what lies behind it |
# | two-sample test by a classifier | how often a net tells two samples apart; ½ if it cannot |
#
# ## Glossary of section 2
#
# | term | means |
# |---|---|
# | ancestral sampling | drawing variables in the order in which they depend on each other: first the component, then the point |
# | bandwidth | width $h$ of the hills of a kernel density estimate |
# | BIC | Bayesian information criterion: minus twice the log-likelihood, plus $\log n$ for each free parameter |
# | branch | a piece of the line on which a map is monotone, hence invertible |
# | change of variables | the rule that turns a density by a map: divide by the stretch |
# | committed experiment | a measurement over many seeds whose result is kept with the course; `figure_row` reads it |
# | component | one of the distributions that a mixture adds up |
# | curse of dimension | the number of points (or nodes) for a given accuracy grows exponentially with $d$ |
# | density | a function whose area over a set is the set's probability |
# | discriminator | the network of a GAN that learns to tell generated points from data; `Critic` in the code |
# | distribution function | $F(x) = P(X \le x)$; also "cumulative distribution function" |
# | E-M | expectation-maximisation: responsibilities, then weighted averages, repeated |
# | flow | a map with an inverse and a known change of volume, in both directions |
# | GAN | generative adversarial network: a generator and a discriminator, trained in turn |
# | held out | not shown to the fit, kept to judge it |
# | integrated error | $\int \lvert \hat p - p \rvert$: 0 if equal, 2 without overlap |
# | inverse transform sampling | $x = F^{-1}(u)$ with $u$ uniform |
# | Jacobian | matrix of the partial derivatives of a map |
# | kernel | a small density laid over each point; `"gaussian"` or `"epanechnikov"` |
# | Knothe–Rosenblatt map | inverse transform sampling, one coordinate after the other; triangular |
# | leave one out | judge each point by the fit to all the others |
# | likelihood | the density of the data, seen as a function of the model |
# | marginal, conditional | distribution of one coordinate alone; of one given another |
# | mixture | a weighted sum of distributions |
# | mode | a local maximum of a density |
# | mode collapse | a generator leaves modes of the data out |
# | nat | unit of a log-density with natural logarithms; 1 nat is $1 / \log 2 \approx 1.44$ bits |
# | p-value | the chance of a result at least as extreme if the claim is true; then uniform on $(0, 1)$ |
# | push-forward | the distribution of $g(z)$ |
# | quantile function | $F^{-1}$ |
# | `reg_covar` | a small number added to each variance, against collapse |
# | responsibility | probability that a point came from a component, given where it is |
# | rule of thumb | a bandwidth from the sample's size and spread: Scott's, Silverman's |
# | seed | a number that fixes all random draws |
# | triangular map | $x_i$ depends on $z_1, \dots, z_i$ only; the determinant is the product of the diagonal |
# | uncovered share | share of fresh points where an estimate is exactly zero |
#
# ## Glossary of sections 8 to 11
#
# | term | means |
# |---|---|
# | alternating, simultaneous | one player moves after the other; both at once |
# | bilinear game | $f(x, y) = x^\top A\, y$; each player's loss is linear in their own variables |
# | conjugate | $f^*(t) = \max_u\, (ut - f(u))$ |
# | coupling, transport plan | a joint distribution with given marginals: how much goes from where to where |
# | critic | a network that compares data with generated points; a discriminator is a critic that classifies |
# | debiased | of the Sinkhorn divergence: less half of the blur of each side with itself, so that equal samples give 0 |
# | dual | the largest lower bound; for transport, the best bet $f$ whose slope is at most 1 |
# | f-divergence | $\int q\, f(p / q)$ with a convex $f$, $f(1) = 0$ |
# | feature | what a judge network says of a point, as a vector |
# | Fréchet distance | distance of two normal distributions fitted to features; with Inception features "FID" |
# | gradient penalty | a price for slopes of the critic other than 1, or above 1 (one-sided) |
# | high quality | within three standard deviations of the nearest mode |
# | hinge loss | $\max(0, 1 - D)$ on data, $\max(0, 1 + D)$ on generated points: nothing to pay beyond a **margin** of 1 |
# | Inception score | $\exp$ of the mutual information of a point and its class, as a classifier sees it |
# | Lipschitz constant | the steepest slope of a function |
# | memorisation | generated points that are copies of training points |
# | minibatch features | what the critic is told about the batch that a point came in |
# | MMD | maximum mean discrepancy: largest difference of means over a ball of functions given by a kernel |
# | Nash equilibrium | a point at which no player gains by moving alone |
# | n-gram | $n$ successive characters |
# | one-hot | a vector of zeros with a single 1 that says which one it is |
# | zero-centred penalty | a price for any slope of the critic, at the points it judges |
# | packing | judging several points of one kind at once, with one label |
# | power, level | chance to see a difference that is there; chance to see one that is not |
# | precision, recall (of samples) | share of generated points near data; share of data near generated points |
# | reconstructor | a network that maps points back to noise (VEEGAN) |
# | saturating | of a loss: flat where the generator is worst |
# | Sinkhorn | transport with a reward for spreading, solved by rescaling rows and columns |
# | unrolling | differentiating through the critic's next updates |
# | weight clipping | putting every weight back into $[-c, c]$ after each step |
# | witness | the function by which MMD tells two samples apart |
#
# ## Takeaways
#
# - $T$ generates, its inverse normalises, and `ladj` belongs to the direction that was asked for.
# - Log-densities are in nats and normalised, energies are lower where it is likelier, `scale` is a standard deviation.
# - $\mathrm{KL}(p \,\|\, q)$ integrates against $p$; JS has weights ½ and ends at $\log 2$.
# - Where a paper differs, translate it into these conventions before comparing numbers.
#
# **References** D. MacKay 2003, *Information Theory, Inference, and Learning Algorithms*: entropies and divergences.
# G. Papamakarios, E. Nalisnick, D. Rezende, S. Mohamed and B. Lakshminarayanan 2021, *Normalizing Flows for Probabilistic
# Modeling and Inference*: $T$ and its log-determinant as used here. L. Theis, A. van den Oord and M. Bethge 2016, *A note on
# the evaluation of generative models*: dequantisation and bits per dimension.
#
# **Next.** Lectures 1 and 2 use most of these words.
