"""The mixture in d dimensions against torch.distributions, in float64."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.distributions import NormalMixture, get
from coursekit.distributions.normal_mixture import component_log_probs

F64 = torch.float64


def random_mixture(seed, components, d):
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(components, d, d, dtype=F64, generator=generator)
    covariances = root @ root.mT + 0.1 * torch.eye(d, dtype=F64)
    weights = torch.rand(components, dtype=F64, generator=generator).softmax(0)
    return NormalMixture(weights, torch.randn(components, d, dtype=F64, generator=generator), covariances=covariances)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 5), st.integers(1, 7))
def test_density_equals_torchs(seed, components, d, n):
    mixture = random_mixture(seed, components, d)
    x = 3 * torch.randn(n, d, dtype=F64, generator=torch.Generator().manual_seed(seed + 1))
    peers = torch.distributions.MultivariateNormal(mixture.means, covariance_matrix=mixture.covariances)
    peer = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(mixture.weights), peers)
    torch.testing.assert_close(mixture.log_prob(x), peer.log_prob(x), rtol=1e-9, atol=1e-9)


def test_scales_are_a_shorthand_for_diagonal_covariances():
    x = torch.randn(50, 3, dtype=F64, generator=torch.Generator().manual_seed(0))
    means = [[0.0, 1.0, 2.0], [1.0, -1.0, 0.0]]
    scales = torch.tensor([[1.0, 2.0, 0.5], [0.3, 1.0, 4.0]], dtype=F64)
    by_scales = NormalMixture([0.3, 0.7], means, scales=scales)
    by_covariances = NormalMixture([0.3, 0.7], means, covariances=torch.diag_embed(scales**2))
    torch.testing.assert_close(by_scales.log_prob(x), by_covariances.log_prob(x), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(by_scales.covariances, by_covariances.covariances, rtol=1e-12, atol=1e-12)
    round_ones = NormalMixture([0.3, 0.7], means, scales=[0.5, 2.0])
    torch.testing.assert_close(round_ones.covariances[1], 4.0 * torch.eye(3, dtype=F64))


@pytest.mark.parametrize("kind", ["covariances", "scales"])
def test_samples_have_the_mixtures_moments(kind):
    mixture = random_mixture(0, 3, 2)
    if kind == "scales":
        mixture = NormalMixture(mixture.weights, mixture.means, scales=[[1.0, 2.0], [0.5, 0.1], [3.0, 1.0]])
    n = 200_000
    x = mixture.sample(n, generator=torch.Generator().manual_seed(1))
    mean = mixture.weights @ mixture.means
    spread = mixture.covariances + (mixture.means - mean)[:, :, None] * (mixture.means - mean)[:, None, :]
    covariance = (mixture.weights[:, None, None] * spread).sum(0)
    products = (x - mean)[:, :, None] * (x - mean)[:, None, :]
    # Six estimates at once: 4 standard errors.
    assert ((x.mean(0) - mean).abs() < 4 * x.std(0) / n**0.5).all()
    assert ((products.mean(0) - covariance).abs() < 4 * products.std(0) / n**0.5).all()


def test_gradients():
    mixture = random_mixture(2, 3, 2)
    x = torch.randn(4, 2, dtype=F64, generator=torch.Generator().manual_seed(0), requires_grad=True)
    means, factors = mixture.means.clone().requires_grad_(), mixture.factors.clone().requires_grad_()
    assert torch.autograd.gradcheck(component_log_probs, (x, means, factors))
    assert torch.autograd.gradcheck(mixture.log_prob, (x,))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["cross", "ring-8", "grid-25"])
def test_dtypes_and_seeds_come_through(name, dtype):
    mixture = get(name, dtype=dtype)
    x, again = (mixture.sample(10, generator=torch.Generator().manual_seed(0)) for _ in range(2))
    assert x.dtype == dtype and x.shape == (10, 2) and torch.equal(x, again)
    assert mixture.log_prob(x).dtype == dtype
    assert mixture.sample(0).shape == (0, 2) and mixture.log_prob(x[:0]).shape == (0,)


TWO = {"weights": [0.5, 0.5], "means": [[0.0, 0.0], [1.0, 1.0]]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (TWO, "covariances or scales, and only one"),
        ({**TWO, "scales": [1.0, 1.0], "covariances": [[[1.0, 0.0], [0.0, 1.0]]] * 2}, "only one of them"),
        ({**TWO, "scales": [1.0, 0.0]}, "scales must be positive"),
        ({**TWO, "scales": [1.0, 1.0, 1.0]}, r"scales must have shape \(2,\) or \(2, 2\), got \(3,\)"),
        ({**TWO, "covariances": [[1.0, 0.0], [0.0, 1.0]]}, r"must have shape \(2, 2, 2\), got \(2, 2\)"),
        ({**TWO, "covariances": [[[1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 1.0]]]}, "covariance 1 is not positive"),
        ({**TWO, "covariances": [[[1.0, 0.5], [0.0, 1.0]]] * 2}, "covariance 0 is not symmetric"),
        ({"weights": [0.5, 0.4], "means": TWO["means"], "scales": [1.0, 1.0]}, "sum to 1"),
        ({"weights": [1.0], "means": TWO["means"], "scales": [1.0]}, r"means must have shape \(K, d\) with K = 1"),
        ({"weights": [0.5, 0.5], "means": [0.0, 1.0], "scales": [1.0, 1.0]}, r"means must have shape \(K, d\)"),
        ({**TWO, "scales": [1.0, float("inf")]}, "scales must be finite"),
    ],
)
def test_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        NormalMixture(**arguments)


@pytest.mark.usefixtures("as_students_run_it")
def test_bad_queries():
    mixture = get("cross")
    with pytest.raises(ValueError, match=r"x must have shape \(n, 2\), got \(3, 3\)"):
        mixture.log_prob(torch.zeros(3, 3))
    with pytest.raises(ValueError, match="a single point needs a leading axis"):
        mixture.log_prob(torch.zeros(2))
    with pytest.raises(ValueError, match="x must be finite"):
        mixture.log_prob(torch.full((1, 2), torch.nan))
    with pytest.raises(ValueError, match="unconditional"):
        mixture.sample(3, context=torch.zeros(3))
