"""The experiments of section 2 that train GANs: small versions pass, and a bug in what judges them is caught."""

import importlib.util
import sys

import pytest
import torch

from coursekit.density import KernelDensity
from coursekit.distributions import NormalMixture1D

SEEDS = [0, 1, 2]
# What is left out here, for time: all targets and sizes but one, and nearly all of the training.
SMALL = {
    "s02_gan_density": {"CASES": {"bimodal": 2}, "STEPS": 60, "POINTS": 100, "FRESH": 500, "DRAWN": 600},
    "s02_capacity": {"TARGETS": ["gap"], "WIDTHS": [4], "DEPTHS": [1], "STEPS": 20, "DRAWN": 2_000},
}


def failing(row, course):
    """The gates that fail on a small version of the experiment."""
    spec = importlib.util.spec_from_file_location(row, course / "experiments" / f"{row}.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name, value in SMALL[row].items():
        assert hasattr(script, name)
        setattr(script, name, value)
    result = script.measure(SEEDS)
    assert all(low <= result.figures[name] <= high for name, (low, high) in result.intervals.items())
    return [gate for gate, holds in result.gates.items() if not holds]


@pytest.mark.parametrize("row", SMALL)
def test_the_small_version_passes_without_a_bug(row, course):
    assert failing(row, course) == []


def test_a_density_that_does_not_integrate_to_one_is_caught(course, monkeypatch):
    right = KernelDensity.log_prob
    monkeypatch.setattr(KernelDensity, "log_prob", lambda self, x, *, context=None: right(self, x) + 0.3)
    assert "no estimate is better than the truth, to 3 s.e." in failing("s02_gan_density", course)


def test_a_bandwidth_that_ignores_the_sample_is_caught(course, monkeypatch):
    # The limit of many points of the truth is then blurred as well: it no longer gains from being many.
    density = sys.modules["coursekit.density"]
    monkeypatch.setattr(density, "select_bandwidth", lambda points, candidates, held_out=None: 0.003 * len(points))
    assert "bumps on more points of the truth lose less, on average" in failing("s02_gan_density", course)


def test_quantiles_that_are_moved_are_caught(course, monkeypatch):
    right = NormalMixture1D.quantile
    monkeypatch.setattr(NormalMixture1D, "quantile", lambda self, u: right(self, u) + 0.5)
    assert "samples of the truth, moved by 10, are at W1 = 10 to 1 %" in failing("s02_capacity", course)


def test_w1_of_unsorted_points_is_caught(course, monkeypatch):
    # Point i against quantile i only makes sense once the points are in order.
    class Unsorted:
        def __init__(self, values):
            self.values = values

    monkeypatch.setattr(torch.Tensor, "sort", lambda self: Unsorted(self))
    assert "the truth's own samples are as far as theory says, to 3 s.e." in failing("s02_capacity", course)
