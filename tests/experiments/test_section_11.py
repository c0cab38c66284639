"""The experiments of section 11: small versions pass, and a bug in what judges or trains them is caught."""

import importlib.util

import pytest
import torch

from coursekit.evaluation import modes
from coursekit.gans import packing
from coursekit.training import adversarial

SEEDS = [0, 1]
# What is left out here, for time: nearly all of the training, and the width of the nets.
TINY = {"HIDDEN": (8, 8), "STEPS": 16, "BATCH": 16}
SMALL = {
    "s11_mode_protocol": {**TINY, "BATCHES": 20},
    "s11_unrolled_gan": TINY,
    "s11_veegan": TINY,
    "s11_veegan_variants": TINY,
    "s11_minibatch_statistics": TINY,
    "s11_pacgan": TINY,
    "s11_pacgan_goal": {**TINY, "WIDE": (8, 8), "WAVES": (3, 0.2, 5.0)},
}


def measured(row, course):
    spec = importlib.util.spec_from_file_location(row, course / "experiments" / f"{row}.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name, value in SMALL[row].items():
        assert hasattr(script, name)
        setattr(script, name, value)
    return script.measure(SEEDS)


def failing(row, course):
    """The gates that fail on a small version of the experiment."""
    return [gate for gate, holds in measured(row, course).gates.items() if not holds]


@pytest.mark.parametrize("row", SMALL)
def test_the_small_version_passes_without_a_bug(row, course):
    result = measured(row, course)
    assert all(result.gates.values())
    assert all(low <= result.figures[name] <= high for name, (low, high) in result.intervals.items())
    # Hardly trained, no remedy can be seen to help: the row has to say so.
    assert result.status == "finding" or row == "s11_mode_protocol"


def test_a_circle_that_is_too_small_is_caught(course, monkeypatch):
    monkeypatch.setattr(modes, "_round_scales", lambda data: 0.95 * data.factors[:, 0])
    assert "their share of high quality is 1 - exp(-9/2) to 3 s.e." in failing("s11_mode_protocol", course)


def test_kl_in_bits_instead_of_nats_is_caught(course, monkeypatch):
    right = torch.special.xlogy
    monkeypatch.setattr(torch.special, "xlogy", lambda a, b: right(a, b) / torch.log(torch.tensor(2.0)))
    assert "their KL is (K - 1) / 2n to 3 s.e. and 2 %" in failing("s11_mode_protocol", course)


@pytest.mark.parametrize("row", ["s11_pacgan", "s11_pacgan_goal"])
def test_packs_that_get_more_points_are_caught(row, course, monkeypatch):
    # PacGAN with as many labels as the plain game, and so with twice the points.
    def doubled(x, m, *, lead=1):
        return packing.pack(x if m == 1 else torch.cat([x, x], lead - 1), m, lead=lead)

    monkeypatch.setattr(adversarial, "pack", doubled)
    assert "both critics have seen as many points" in failing(row, course)
