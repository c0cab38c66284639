"""The experiments of section 1: their gates hold on few seeds, and a bug planted in the library makes one fail."""

import importlib.util
import sys
from itertools import repeat

import pytest
import torch

from coursekit import protocols
from coursekit.density import BayesClassifier, Corrupted, Memoriser, TrainableMixture
from coursekit.distances import normal_fit
from coursekit.distributions import NormalMixture1D

SEEDS = [0, 1]
# What is left out here, for time: most of the steps, sizes and starts.
SMALL = {
    "s01_bayes_classifier": {"SIZES": [60], "STEPS": 60, "on_digits": lambda seeds: digits_left_out(seeds)},
    "s01_maximum_likelihood": {"STEPS": 1_600, "POINTS": 400, "NORMAL_DATA": ["normal"], "MIXTURE_DATA": ["bimodal"]},
    "s01_kl_direction": {"DISTANCES": [6.0]},
    "s01_capability_table": {"POINTS": 5_000},
    "s01_likelihood_and_quality": {"STEPS": 100, "SAMPLES": 800},
}


def digits_left_out(seeds):
    return dict(
        zip(["Bayes, full normals", "softmax, 64 hidden"], repeat([0.9 + 0.01 * s for s in seeds]), strict=False)
    )


def script_of(row, course, **smaller):
    spec = importlib.util.spec_from_file_location(row, course / "experiments" / f"{row}.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name, value in (SMALL[row] | smaller).items():
        assert hasattr(script, name)
        old = getattr(script, name)
        setattr(script, name, {key: old[key] for key in value} if isinstance(old, dict) else value)
    return script


def failing(row, course, **smaller):
    """The gates that fail on a small version of the experiment, or on an even smaller one."""
    result = script_of(row, course, **smaller).measure(SEEDS)
    assert all(low <= result.figures[name] <= high for name, (low, high) in result.intervals.items()
               if name in result.figures)  # fmt: skip
    return [gate for gate, holds in result.gates.items() if not holds]


@pytest.mark.parametrize("row", SMALL)
def test_the_small_version_passes_without_a_bug(row, course):
    assert failing(row, course) == []


def test_a_forgotten_prior_is_caught(course, monkeypatch):
    def joint(self, x):
        return torch.stack([density.log_prob(x) for density in self.class_densities], dim=1)

    monkeypatch.setattr(BayesClassifier, "log_joint", joint)
    assert "Bayes' rule with the exact densities reaches the integral of max p(x, y), to 3 s.e." in failing(
        "s01_bayes_classifier", course
    )


def test_a_best_accuracy_that_is_too_low_is_caught(course, monkeypatch):
    script = script_of("s01_bayes_classifier", course)
    right = script.best_accuracy()
    monkeypatch.setattr(script, "best_accuracy", lambda: right - 0.05)
    assert not all(script.measure(SEEDS).gates.values())


def test_a_density_without_its_scale_is_caught(course, monkeypatch):
    def log_prob(self, x, *, context=None):
        z = (x[..., None] - self.means[..., None, :]) / self.scales[..., None, :].detach()
        return (self.logits.log_softmax(-1)[..., None, :] - 0.5 * z.square()).logsumexp(-1)

    monkeypatch.setattr(TrainableMixture, "log_prob", log_prob)
    assert "mixture within 1e-3 nats a point of E-M" in failing("s01_maximum_likelihood", course, STEPS=400)


def test_the_other_direction_is_caught(course, monkeypatch):
    monkeypatch.setattr(
        sys.modules["coursekit.distances"], "kl_by_quadrature",
        lambda p, q, right=sys.modules["coursekit.distances"].kl_by_quadrature, **options: right(q, p, **options),
    )  # fmt: skip
    assert "cross-entropy minus entropy is the KL divergence" in failing("s01_maximum_likelihood", course, STEPS=40)


def test_directions_that_are_swapped_are_caught(course, monkeypatch):
    right = normal_fit.fit_normal_by_kl
    other = {"forward": "reverse", "reverse": "forward"}
    monkeypatch.setattr(
        sys.modules["coursekit.distances"], "fit_normal_by_kl",
        lambda p, direction, **options: right(p, other[direction], **options),
    )  # fmt: skip
    caught = failing("s01_kl_direction", course)
    assert {"forward mean within 0.05 of the midpoint", "reverse mean within 0.05 of a mode"} <= set(caught)


def test_a_model_that_promises_too_much_is_caught(course, monkeypatch):
    right = protocols.capabilities
    monkeypatch.setattr(protocols, "capabilities", lambda model: right(model) | {"represent": True})
    assert "each model answers, or raises the sentence that says why not" in failing("s01_capability_table", course)


def test_samples_of_another_distribution_are_caught(course, monkeypatch):
    right = NormalMixture1D.sample
    monkeypatch.setattr(
        NormalMixture1D,
        "sample",
        lambda self, n, *, context=None, generator=None: 1.1 * right(self, n, generator=generator),
    )
    assert "samples follow the densities" in failing("s01_capability_table", course)


def test_a_mixture_with_the_weights_swapped_is_caught(course, monkeypatch):
    right = Corrupted.__init__
    monkeypatch.setattr(Corrupted, "__init__", lambda self, model, noise, share: right(self, model, noise, 1 - share))
    assert {"the judge takes at least 90 % of the samples for noise",
            "the same classifier finds the corrupted model out"} <= set(
        failing("s01_likelihood_and_quality", course, STEPS=20))  # fmt: skip


def test_a_memoriser_that_is_too_wide_is_caught(course, monkeypatch):
    right = Memoriser.__init__
    monkeypatch.setattr(Memoriser, "__init__", lambda self, x, scale: right(self, x, 0.3))
    assert "the memoriser's held-out log-likelihood is below that of noise" in failing(
        "s01_likelihood_and_quality", course, STEPS=20
    )
