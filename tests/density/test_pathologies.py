"""Models that are bad on purpose, and a mixture by gradients: densities integrate to one, samples follow them."""

import math

import pytest
import torch
from scipy import stats

from coursekit.density import Corrupted, KernelDensity, Memoriser, TrainableMixture
from coursekit.distributions import NormalMixture, NormalMixture1D, Uniform, get
from coursekit.protocols import Density, Sampler
from coursekit.seeds import generator
from coursekit.training import fit_likelihood

GOOD, NOISE = NormalMixture1D([1.0], [0.0], [0.1]), Uniform(-3.0, 3.0)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99, 1.0])
def test_a_corrupted_density_is_the_mixture(share):
    model, x = Corrupted(GOOD, NOISE, share), torch.linspace(-2.9, 2.9, 101, dtype=torch.float64)
    expected = (1 - share) * GOOD.log_prob(x).exp() + share * NOISE.log_prob(x).exp()
    assert torch.allclose(model.log_prob(x).exp(), expected, rtol=1e-12)
    assert (model.log_prob(x) >= GOOD.log_prob(x) - model.most_lost - 1e-12).all()
    assert isinstance(model, Density) and isinstance(model, Sampler)
    x, is_noise = model.sample_with_labels(20_000, generator=generator(0))
    assert abs(is_noise.double().mean().item() - share) <= 4 * math.sqrt(share * (1 - share) / 20_000)

    def cdf(t):
        return (1 - share) * stats.norm.cdf(t, scale=0.1) + share * (t + 3) / 6

    assert stats.kstest(x.numpy(), cdf).pvalue > 1e-3


def test_the_loss_does_not_grow_with_the_dimension():
    for d in (1, 10, 1_000):
        good, noise = (NormalMixture([1.0], [[0.0] * d], scales=[s]) for s in (1.0, 10.0))
        x = good.sample(50, generator=generator(d))
        lost = good.log_prob(x) - Corrupted(good, noise, 0.99).log_prob(x)
        assert (lost <= math.log(100) + 1e-9).all()
        assert d == 1 or (lost > math.log(100) - 1e-2).all()


def test_corrupted_bad_share():
    for share in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="between 0"):
            Corrupted(GOOD, NOISE, share)
    assert Corrupted(GOOD, NOISE, 1.0).most_lost == math.inf
    assert Corrupted(GOOD, NOISE, 0.5).sample(0).shape == (0,)


def test_a_memoriser_repeats_its_training_set():
    pictures = torch.rand(20, 1, 4, 4, dtype=torch.float64, generator=generator(0))
    model = Memoriser(pictures, 1e-3)
    drawn = model.sample(500, generator=generator(1))
    nearest = torch.cdist(drawn.flatten(1), pictures.flatten(1)).min(1)
    assert drawn.shape == (500, 1, 4, 4) and nearest.values.max() < 1e-3 * 8 and len(nearest.indices.unique()) == 20
    at = -math.log(20) - 16 * math.log(1e-3 * math.sqrt(2 * math.pi))
    assert torch.allclose(model.log_prob(pictures), torch.full((20,), at, dtype=torch.float64))
    fresh = torch.rand(20, 1, 4, 4, dtype=torch.float64, generator=generator(2))
    assert model.log_prob(fresh).max() < -1e4
    assert torch.equal(model.log_prob(fresh), KernelDensity(pictures.flatten(1), 1e-3).log_prob(fresh.flatten(1)))
    assert isinstance(model, Density) and isinstance(model, Sampler)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Memoriser(torch.zeros(0, 2), 0.1), "at least 1 point"),
        (lambda: Memoriser(torch.zeros(3, 2), 0.0), "must be positive"),
        (lambda: Memoriser(torch.tensor([0.0, math.nan]), 0.1), "finite"),
        (lambda: Memoriser(torch.zeros(3, 2, 2), 0.1).log_prob(torch.zeros(3, 4)), r"shape \(n, 2, 2\)"),
        (lambda: TrainableMixture([0.5, 0.5], [0.0], [1.0, 1.0]), "same shape|must all have shape"),
        (lambda: TrainableMixture([1.0, 0.0], [0.0, 1.0], [1.0, 1.0]), "weights must be positive"),
        (lambda: TrainableMixture([1.0], [0.0], [-1.0]), "scales must be positive"),
    ],
)
def test_bad_input_ends_as_a_sentence(build, words):
    with pytest.raises(ValueError, match=words):
        build()


def test_a_trainable_mixture_is_the_mixture_and_has_autograds_gradient():
    fixed, model = get("claw"), TrainableMixture(get("claw").weights, get("claw").means, get("claw").scales)
    x = fixed.sample(200, generator=generator(0))
    assert torch.allclose(model.log_prob(x), fixed.log_prob(x), rtol=1e-12)
    assert stats.kstest(model.sample(5_000, generator=generator(1)).numpy(),
                        lambda t: fixed.cdf(torch.as_tensor(t)).numpy()).pvalue > 1e-3  # fmt: skip
    model.log_prob(x).sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in model.parameters())
    # The gradient in a mean is sum of r (x - m) / s^2, with E-M's responsibilities r.
    joint = fixed.weights.log() + torch.distributions.Normal(fixed.means, fixed.scales).log_prob(x[:, None])
    by_hand = (joint.softmax(1) * (x[:, None] - fixed.means) / fixed.scales.square()).sum(0)
    assert torch.allclose(model.means.grad, by_hand, rtol=1e-9, atol=1e-9)


def test_an_ensemble_of_mixtures_is_each_on_its_own():
    data = get("bimodal")
    start = torch.tensor([[-0.5, 0.5], [-2.0, 0.1]], dtype=torch.float64)
    half = torch.full_like(start, 0.5)
    both = TrainableMixture(half, start, half)
    losses = torch.stack([u.metrics["loss"] for u in fit_likelihood(both, data, steps=30, batch=64, members=2)])
    solo = TrainableMixture(half[1], start[1], half[1])
    own = torch.stack([u.metrics["loss"] for u in fit_likelihood(solo, data, steps=30, batch=64, seed=1)])
    assert torch.allclose(losses[:, 1], own, rtol=1e-10)
    assert both.sample(7).shape == (2, 7) and both.sample(0).shape == (2, 0)
