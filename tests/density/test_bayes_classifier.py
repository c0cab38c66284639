"""Bayes' rule against its definition, heads against torch's losses, and both against each other."""

import inspect
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from coursekit.data import Empirical
from coursekit.density import BayesClassifier, GaussianHead, GaussianMixture, KernelDensity, Pairs, SoftmaxHead
from coursekit.distributions import NormalMixture, NormalMixture1D, Uniform
from coursekit.nets import MLP, ensemble
from coursekit.protocols import Density, Representation, Sampler, represent
from coursekit.seeds import generator, seeded
from coursekit.training import fit_likelihood

LINE = [NormalMixture1D([1.0], [m], [s]) for m, s in ((-1.0, 0.5), (0.0, 2.0), (2.0, 0.7))]
PROBS = [0.2, 0.5, 0.3]


def test_the_posterior_is_bayes_rule():
    model, x = BayesClassifier(LINE, PROBS), torch.linspace(-4, 4, 81, dtype=torch.float64)
    joint = torch.stack([p * d.log_prob(x).exp() for d, p in zip(LINE, PROBS, strict=True)], 1)
    assert torch.allclose(model.log_posterior(x).exp(), joint / joint.sum(1, keepdim=True), rtol=1e-12)
    assert torch.allclose(model.log_prob(x).exp(), joint.sum(1), rtol=1e-12)
    assert torch.equal(model.predict(x), joint.argmax(1)) and len(model.predict(x).unique()) == 3
    assert torch.allclose(represent(model, x).sum(1), torch.ones(81, dtype=torch.float64))
    assert isinstance(model, Density) and isinstance(model, Sampler) and isinstance(model, Representation)


@given(st.floats(-1e4, 1e4), st.integers(1, 64))
@settings(deadline=None)
def test_the_posterior_is_finite_where_densities_underflow(far, d):
    normals = [NormalMixture([1.0], [[m] * d], scales=[1.0]) for m in (0.0, 1.0)]
    x = torch.full((1, d), far, dtype=torch.float64)
    posterior = BayesClassifier(normals, [0.5, 0.5]).log_posterior(x)[0]
    # The log-odds of two normals with one variance are linear in x.
    assert posterior.isfinite().all()
    assert math.isclose((posterior[1] - posterior[0]).item(), d * (far - 0.5), rel_tol=1e-7, abs_tol=1e-5)


def test_where_no_class_can_have_made_a_point_the_prior_stays():
    model = BayesClassifier([Uniform(0.0, 1.0), Uniform(1.0, 2.0)], [0.25, 0.75])
    x = torch.tensor([0.5, 1.5, 9.0], dtype=torch.float64)
    assert torch.allclose(represent(model, x), torch.tensor([[1, 0], [0, 1], [0.25, 0.75]], dtype=torch.float64))
    assert model.log_prob(x)[2] == -torch.inf


def test_samples_come_with_their_classes():
    model = BayesClassifier([Uniform(float(k), k + 1.0) for k in range(3)], PROBS)
    x, labels = model.sample_with_labels(20_000, generator=generator(0))
    assert torch.equal(x.floor().long(), labels) and not torch.equal(labels, labels.sort().values)
    shares = torch.bincount(labels) / 20_000
    assert ((shares - torch.tensor(PROBS)).abs() < 4 * 0.5 / math.sqrt(20_000)).all()
    first, again = (draw(50, generator=generator(1)) for draw in (model.sample, model.sample_with_labels))
    assert torch.equal(first, again[0])
    assert model.sample(0).shape == (0,)


@pytest.mark.parametrize("d", [None, 3])
def test_fit_takes_each_classs_points_and_share(d):
    shape = (60,) if d is None else (60, d)
    x = torch.randn(shape, dtype=torch.float64, generator=generator(0))
    labels = torch.arange(60) % 4 // 2 + (torch.arange(60) % 3 == 0)
    model = BayesClassifier.fit(x, labels, lambda part: KernelDensity(part, 0.4))
    assert torch.allclose(model.class_probs, torch.bincount(labels).double() / 60)
    for y, density in enumerate(model.class_densities):
        assert torch.equal(density.x.reshape(-1, *shape[1:]), x[labels == y])


def unchecked(*arguments):
    """Builds it as users do, without the tests' check of annotations, which looks at one item of a list at random."""
    inspect.unwrap(BayesClassifier.__init__)(BayesClassifier.__new__(BayesClassifier), *arguments)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: BayesClassifier(LINE, [0.5, 0.5]), "got 3 densities and 2 probabilities"),
        (lambda: BayesClassifier(LINE, [0.5, 0.5, 0.5]), "sum to 1"),
        (lambda: unchecked([*LINE[:2], object()], PROBS), "class 2, a object, has no log_prob"),
        (lambda: BayesClassifier.fit(torch.zeros(3), torch.tensor([0, 2, 2]), lambda x: x), "class 1 has no points"),
        (lambda: BayesClassifier.fit(torch.zeros(3), torch.tensor([0, -1, 2]), lambda x: LINE[0]), "got -1"),
        (lambda: BayesClassifier.fit(torch.zeros(3), torch.tensor([0, 1]), lambda x: LINE[0]), r"shape \(3,\)"),
    ],
)
def test_bad_classes_end_as_a_sentence(build, words):
    with pytest.raises(ValueError, match=words):
        build()


def test_the_softmax_head_is_cross_entropy():
    with seeded(0):
        head = SoftmaxHead(MLP([2, 8, 3])).double()
    x, y = torch.randn(40, 2, dtype=torch.float64, generator=generator(1)), torch.arange(40) % 3
    logits = head.net(x)
    assert torch.allclose(head.log_prob(y, context=x), -F.cross_entropy(logits, y, reduction="none"))
    assert torch.allclose(head.log_posterior(x).exp().sum(1), torch.ones(40, dtype=torch.float64))
    assert torch.equal(head.predict(x), logits.argmax(1))
    drawn = head.sample(20_000, context=x[:1].expand(20_000, 2), generator=generator(2))
    shares = torch.bincount(drawn, minlength=3) / 20_000
    assert ((shares - head.log_posterior(x[:1])[0].exp()).abs() < 4 * 0.5 / math.sqrt(20_000)).all()


def test_the_gaussian_head_is_the_normal_density():
    with seeded(0):
        head = GaussianHead(MLP([3, 8, 4])).double()
    x = torch.randn(30, 3, dtype=torch.float64, generator=generator(1))
    y = torch.randn(30, 2, dtype=torch.float64, generator=generator(2))
    mean, log_var = head.mean_and_log_var(x)
    normal = torch.distributions.Normal(mean, log_var.exp().sqrt())
    assert torch.allclose(head.log_prob(y, context=x), normal.log_prob(y).sum(1))
    drawn = head.sample(20_000, context=x[:1].expand(20_000, 3), generator=generator(3))
    error = (drawn.mean(0) - mean[0]).abs() / normal.scale[0] * math.sqrt(20_000)
    assert (error < 4).all() and (drawn.std(0) / normal.scale[0] - 1).abs().max() < 0.03


def test_pairs_train_heads_alone_and_as_an_ensemble():
    """Noise whose width depends on x: the head finds mean and width; member i is the solo run of seed i."""
    x = 4 * torch.rand(2_000, 1, generator=generator(0)) - 2
    scale = 0.1 + 0.2 * x.abs()
    rows = Empirical(torch.cat([x, x.square() + scale * torch.randn(2_000, 1, generator=generator(1))], 1))

    def build():
        return Pairs(GaussianHead(MLP([1, 32, 2], "tanh")), 1)

    both = ensemble(build, 2)
    losses = torch.stack([u.metrics["loss"] for u in fit_likelihood(both, rows, steps=400, batch=64, members=2,
                                                                    learning_rate=1e-2)])  # fmt: skip
    with seeded(1):
        solo = build()
    own = torch.stack([u.metrics["loss"] for u in fit_likelihood(solo, rows, steps=50, batch=64, seed=1,
                                                                 learning_rate=1e-2)])  # fmt: skip
    assert torch.allclose(losses[:50, 1], own, rtol=1e-3, atol=1e-3)
    mean, log_var = both.head.mean_and_log_var(x)
    assert (mean - x.square()).square().mean().sqrt() < 0.2
    assert ((0.5 * log_var).exp() / scale).log().abs().mean() < 0.2


def test_bad_input_to_heads_ends_as_a_sentence():
    with seeded(0):
        soft, gauss = SoftmaxHead(MLP([2, 3])), GaussianHead(MLP([2, 3]))
    x = torch.zeros(4, 2)
    for wrong in (torch.tensor([0, 1, 2, 3]), torch.tensor([0.0, 0.5, 1.0, 1.0]), torch.tensor([-1, 0, 0, 0])):
        with pytest.raises(ValueError, match="classes, whole numbers 0 to 2"):
            soft.log_prob(wrong, context=x)
    with pytest.raises(ValueError, match="give x as context"):
        soft.log_prob(torch.zeros(4))
    with pytest.raises(ValueError, match="n must be 4"):
        soft.sample(3, context=x)
    with pytest.raises(ValueError, match="got 3 outputs"):
        gauss.log_prob(torch.zeros(4), context=x)
    with pytest.raises(ValueError, match=r"y must have shape \(4, 1\)"):
        GaussianHead(MLP([2, 2])).log_prob(torch.zeros(4, 2), context=x)
    with pytest.raises(ValueError, match="got 2 columns"):
        Pairs(soft, 2).log_prob(x)


def test_with_the_right_densities_nobody_errs_less():
    """On the line: the rule's accuracy is the integral of max_y p(x, y), and a mixture fitted to data comes near it."""
    truth = BayesClassifier(LINE, PROBS)
    x, labels = truth.sample_with_labels(40_000, generator=generator(0))
    grid = torch.linspace(-12, 12, 24_001, dtype=torch.float64)
    best = (truth.log_joint(grid).exp().amax(1).sum() * 24 / 24_000).item()
    accuracy = (truth.predict(x) == labels).double().mean().item()
    assert abs(accuracy - best) < 4 * math.sqrt(best * (1 - best) / 40_000)
    fitted = BayesClassifier.fit(x[:4_000], labels[:4_000], lambda part: GaussianMixture(1).fit(part))
    assert (fitted.predict(x) == labels).double().mean().item() > best - 0.01
