"""The experiments of section 9: their gates hold on few seeds, and a bug planted in the library makes one fail."""

import importlib
import importlib.util
from dataclasses import replace

import pytest
import torch

from coursekit import gans
from coursekit.distances import F_DIVERGENCES
from coursekit.distributions import NormalMixture1D
from coursekit.gans import order_of_play
from coursekit.gans.objective import Objective
from coursekit.training.adversarial import Game

SEEDS = [0, 1, 2, 3, 4]
# What is left out here, for time: most of the steps, sizes, targets and seeds.
SMALL = {
    "s09_optimal_discriminator": {"PAIRS": ["bimodal"], "SMOOTH": ["bimodal"], "STEPS": 500, "HIDDEN": [32, 32]},
    "s09_population_and_sample": {"POINTS": [30, 10_000], "SIZES": ["linear", "128 x 2"], "STEPS": 300},
    "s09_saturation": {"TIMES": [1, 30, 100, 2_000], "HIDDEN": [16, 16], "FRESH": 256, "BATCH": 64},
    "s09_f_gan": {"GAMES": ("kl", "gan"), "STEPS": 400, "HIDDEN": [16], "HELD_OUT": 50_000},
    "s09_lsgan": {"STEPS": 20, "BATCH": 16, "HIDDEN": (8, 8)},
    "s09_alternating_loop": {"GAMES": ["non_saturating", "wgan"], "KS": [2], "UPDATES": 6},
    "s09_generating_points": {"TARGETS": ["skewed"], "STEPS": 1_600, "FRAMES": 3, "DRAWN": 2_000, "HIDDEN": [32, 32]},
    "s09_bilinear_game": {"STEPS": 60, "LONG": 500},
    "s09_stopping": {"GAMES": ["non_saturating", "wgan-gp"], "UPDATES": 60, "HIDDEN": [8]},
    "s09_mode_populations": {"GAMES": ["vanilla"], "STEPS": 20, "HIDDEN": (8, 8), "PERFECT": 60},
    "s09_min_max": {"INNER": 3_000, "OUTER": 1_500},
}


def failing(row, course):
    """The gates that fail on a small version of the experiment."""
    spec = importlib.util.spec_from_file_location(row, course / "experiments" / f"{row}.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name, value in SMALL[row].items():
        old = getattr(script, name)
        setattr(script, name, {key: old[key] for key in value} if isinstance(old, dict) else value)
    result = script.measure(SEEDS)
    assert all(low <= result.figures[name] <= high for name, (low, high) in result.intervals.items()
               if name in result.figures)  # fmt: skip
    return [gate for gate, holds in result.gates.items() if not holds]


@pytest.mark.parametrize("row", SMALL)
def test_the_small_version_passes_without_a_bug(row, course):
    assert failing(row, course) == []


def test_a_best_critic_that_is_turned_over_is_caught(course, monkeypatch):
    module = importlib.import_module("coursekit.gans.optimal_critic")
    right = module.optimal_logit
    monkeypatch.setattr(module, "optimal_logit", lambda p, p_g, x: -right(p, p_g, x))
    caught = failing("s09_optimal_discriminator", course)
    assert "smooth pairs: max |D - D*| < 0.05 where p + p_g > 1 % of its peak" in caught
    assert "the value at D* is 2 JS - log 4, to 1e-6" in caught


def test_an_estimate_that_leaves_out_log_4_is_caught(course, monkeypatch):
    right = gans.js_from_logits
    monkeypatch.setattr(gans, "js_from_logits", lambda real, fake: right(real, fake) - 0.02)
    assert "many points: the largest critic is within 10 % of the truth, on average, both ways" in failing(
        "s09_population_and_sample", course
    )


def test_a_minimax_loss_that_is_the_other_one_is_caught(course, monkeypatch):
    other = gans.OBJECTIVES["non_saturating"]
    monkeypatch.setitem(gans.OBJECTIVES, "saturating", Objective("saturating", other.d_loss, other.g_loss))
    caught = failing("s09_saturation", course)
    assert "and is then at least 100 times below -log D, on every seed" in caught
    assert "best critic: log(1 - D) vanishes by at least 100 times from Delta = 1 to 8" in caught


def test_a_conjugate_without_its_constant_is_caught(course, monkeypatch):
    kl = F_DIVERGENCES["kl"]
    wrong = replace(kl, conjugate_of_output=lambda v: kl.conjugate_of_output(v) - 0.1)
    monkeypatch.setitem(F_DIVERGENCES, "kl", wrong)
    caught = failing("s09_f_gan", course)
    assert {"no critic's bound is above the divergence", "f*(f'(u)) = u f'(u) - f(u)"} <= set(caught)


def test_a_square_without_its_half_is_caught(course, monkeypatch):
    right = gans.least_squares

    def doubled(*labels, **options):
        one = right(*labels, **options)
        return Objective(one.name, one.d_loss, lambda fake, real: 2 * one.g_loss(fake, real))

    monkeypatch.setattr(gans, "least_squares", doubled)
    assert "labels -1, 1, 0: the loss is half of Pearson's divergence, to 1e-8" in failing("s09_lsgan", course)


def test_a_frozen_player_that_moves_is_caught(course, monkeypatch):
    right = Game.__next__

    def nudge(self):
        update = right(self)
        other = self.players["g" if update.player == "d" else "d"].module
        with torch.no_grad():
            next(other.parameters()).mul_(1 + 1e-6)
        return update

    monkeypatch.setattr(Game, "__next__", nudge)
    caught = failing("s09_alternating_loop", course)
    assert "the frozen player does not change, exactly" in caught
    assert "the loop written by hand gives the same nets, exactly" in caught


def test_players_in_the_wrong_order_are_caught(course, monkeypatch):
    monkeypatch.setattr(Game, "turn", lambda self: "d" if self.step % 2 else "g")
    assert "k updates of the critic, then one of the generator" in failing("s09_alternating_loop", course)


def test_quantiles_that_are_moved_are_caught(course, monkeypatch):
    right = NormalMixture1D.quantile
    monkeypatch.setattr(NormalMixture1D, "quantile", lambda self, u: right(self, u) + 3.0)
    assert "to less than a third of its start, on average" in failing("s09_generating_points", course)


def test_a_step_that_is_not_orthogonal_is_caught(course, monkeypatch):
    bilinear = importlib.import_module("coursekit.gans.bilinear")
    right = bilinear.STEPS["simultaneous"]
    monkeypatch.setitem(bilinear.STEPS, "simultaneous", lambda point, rate: right(point, rate) * 0.999)
    caught = failing("s09_bilinear_game", course)
    assert {"moved at once: radius times sqrt(1 + eta^2) a step", "both are what gradients of x y do"} <= set(caught)


def test_populations_of_modes_in_another_order_are_caught(course, monkeypatch):
    modes = importlib.import_module("coursekit.evaluation.modes")
    right = modes.count_modes

    def turned(x, data, **options):
        found = right(x, data, **options)
        off = (found.populations.flip(-1) - data.weights).abs().sum(-1) / 2
        return modes.Modes(found.caught, found.count, found.high_quality, found.populations.flip(-1), found.kl, off)

    monkeypatch.setattr(modes, "count_modes", turned)
    assert "a perfect sampler is as far off as theory says, to 3 s.e." in failing("s09_mode_populations", course)


def test_a_generator_that_answers_the_lowest_point_is_caught(course, monkeypatch):
    monkeypatch.setattr(
        order_of_play, "best_generator", lambda d: torch.nn.functional.one_hot(d.argmin(), len(d)).to(d.dtype)
    )
    assert "mixing: both orders reach -log 4, to 0.01" in failing("s09_min_max", course)
