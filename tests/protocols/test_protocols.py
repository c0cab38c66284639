"""A model has a method when it can answer; where it cannot, the sentence says why."""

from typing import ClassVar

import pytest
import torch

from coursekit import protocols
from coursekit.density import GaussianMixture, InverseTransform, KernelDensity, KnotheRosenblatt, PushForward1D
from coursekit.distributions import NormalMixture, NormalMixture1D, Uniform
from coursekit.protocols import NotTractable


class Generator:
    """Samples only, and says why."""

    not_tractable: ClassVar = {"log_prob": "the generator has no inverse; estimate the density from samples"}

    def sample(self, n, *, context=None, generator=None):
        return torch.rand(n, 2, generator=generator) if context is None else context.expand(n, 2)


class Bowl:
    """An energy and nothing else, without a sentence of its own."""

    def energy(self, x):
        return x.square().sum(1)


class Latent:
    def elbo(self, x):
        return -x.square().sum(1)


def test_the_classes_sentence_is_raised_with_what_the_model_offers():
    with pytest.raises(
        NotTractable, match=r"Generator has no log_prob: the generator has no inverse.*It offers: sample\."
    ):
        protocols.log_prob(Generator(), torch.zeros(3, 2))


@pytest.mark.parametrize(
    ("question", "instead"),
    [("sample", "run a Markov chain"), ("log_prob", "its bound .* or its energy"), ("elbo", "no latent variable")],
)
def test_without_a_sentence_of_its_own_a_general_one_is_raised(question, instead):
    argument = 3 if question == "sample" else torch.zeros(3, 2)
    with pytest.raises(NotTractable, match=rf"Bowl has no {question}: .*{instead}.*It offers: energy\."):
        getattr(protocols, question)(Bowl(), argument)
    with pytest.raises(NotTractable, match="Latent has no energy"):
        protocols.energy(Latent(), torch.zeros(3, 2))


def test_a_model_that_offers_nothing():
    with pytest.raises(NotTractable, match="It offers none of sample, log_prob, energy, elbo, represent"):
        protocols.sample(object(), 3)


def test_an_attribute_that_is_no_method_is_no_answer():
    class Wrong:
        log_prob = 3.0

    with pytest.raises(NotTractable):
        protocols.log_prob(Wrong(), torch.zeros(1))


def test_questions_reach_the_model_with_their_arguments():
    context, x = torch.ones(2), torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    assert torch.equal(protocols.sample(Generator(), 3, context=context), torch.ones(3, 2))
    draws = [protocols.sample(Generator(), 3, generator=torch.Generator().manual_seed(1)) for _ in range(2)]
    assert torch.equal(*draws)
    assert torch.equal(protocols.energy(Bowl(), x), x.square().sum(1))
    assert torch.equal(protocols.elbo(Latent(), x), -x.square().sum(1))
    mixture = NormalMixture([1.0], [[0.0, 0.0]], scales=[1.0])
    assert torch.equal(protocols.log_prob(mixture, x), mixture.log_prob(x))


@pytest.mark.parametrize(
    "model", [NormalMixture, NormalMixture1D, Uniform, PushForward1D, InverseTransform, KnotheRosenblatt,
              KernelDensity, GaussianMixture]
)  # fmt: skip
def test_every_class_of_this_floor_samples_and_has_a_density(model):
    assert issubclass(model, protocols.Sampler) and issubclass(model, protocols.Density)
    has_code = model in (InverseTransform, KnotheRosenblatt, GaussianMixture)
    assert protocols.capabilities(model) == {
        "sample": True, "log_prob": True, "energy": False, "elbo": False, "represent": has_code,
    }  # fmt: skip


@pytest.mark.parametrize("transform", [InverseTransform, KnotheRosenblatt])
def test_the_maps_are_transforms(transform):
    assert issubclass(transform, protocols.Transform)


def test_a_missing_inverse_is_a_kind_of_not_tractable():
    assert issubclass(protocols.InverseNotAvailable, NotTractable)
    assert issubclass(NotTractable, NotImplementedError)


def test_representation_by_a_method_or_by_an_inverse():
    x = torch.tensor([-0.3, 0.0, 1.2], dtype=torch.float64)
    flow = InverseTransform(NormalMixture1D([1.0], [0.0], [1.0]))
    assert torch.allclose(protocols.represent(flow, x), torch.special.ndtr(x))
    data = torch.randn(50, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    mixture = GaussianMixture(2).fit(data, generator=torch.Generator().manual_seed(0))
    assert torch.equal(protocols.represent(mixture, x), mixture.responsibilities(x))
    with pytest.raises(NotTractable, match=r"KernelDensity has no represent: .*leads from a point back to a code"):
        protocols.represent(KernelDensity(data, 0.3), x)


def test_why_not_is_the_sentence_that_would_be_raised():
    for model in (Generator(), Bowl(), Latent(), Generator):
        for question in protocols.QUESTIONS:
            sentence = protocols.why_not(model, question)
            assert (sentence == "") == protocols.capabilities(model)[question]
            if sentence:
                assert sentence.startswith(f"{getattr(model, '__name__', type(model).__name__)} has no {question}: ")
                with pytest.raises(NotTractable) as caught:
                    getattr(protocols, question)(model, 3 if question == "sample" else torch.zeros(3, 2))
                assert str(caught.value) == sentence
    with pytest.raises(ValueError, match=r"no question called 'sampel'.*Did you mean 'sample'"):
        protocols.why_not(Bowl(), "sampel")
