"""What the E-M explorer computes, without any front end."""

from __future__ import annotations

import pytest
import torch

from coursekit.density import e_step, expectation_maximisation
from coursekit.widgets import em_state
from coursekit.widgets.em_state import DENSITIES, EMRun, draw


@pytest.fixture
def run():
    return EMRun.begin(draw("three_blobs", 200, 0), 3, 0)


def test_two_half_steps_are_one_step_of_the_library(run):
    for state in expectation_maximisation(run.x, run.start, steps=8, reg_covar=0.0):
        frame = run.at(2 * state.step)
        assert torch.equal(frame.parameters.means, state.means)
        assert torch.equal(frame.parameters.covariances, state.covariances)
        assert frame.log_likelihood == state.log_likelihood
        assert torch.equal(run.at(2 * state.step + 1).responsibilities, state.responsibilities)


def test_an_e_step_leaves_the_components_and_an_m_step_the_responsibilities(run):
    start, after_e, after_m = run.at(0), run.at(1), run.at(2)
    assert [f.kind for f in (start, after_e, after_m)] == ["start", "E", "M"]
    assert start.responsibilities is None
    assert after_e.parameters is start.parameters
    assert after_m.responsibilities is after_e.responsibilities
    assert torch.allclose(after_e.responsibilities.sum(1), torch.ones(200, dtype=torch.float64))
    assert not torch.equal(after_m.parameters.means, start.parameters.means)


@pytest.mark.parametrize("density", [name for name in DENSITIES if not name.startswith("energy")])
def test_the_likelihood_never_decreases(density):
    for seed in range(3):
        run = EMRun.begin(draw(density, 150, seed), 4, seed)
        run.at(40)
        climb = torch.tensor(run.climb()["log_likelihood"], dtype=torch.float64)
        assert len(climb) == 21
        assert (climb.diff() >= -1e-9).all()


def test_a_wrong_m_step_would_be_noticed(run, monkeypatch):
    right = em_state.m_step

    def wrong(x, responsibilities, **options):
        found = right(x, responsibilities, **options)
        return type(found)(found.weights, found.means + 0.3, found.covariances)

    monkeypatch.setattr(em_state, "m_step", wrong)
    with pytest.raises(AssertionError, match="never decrease"):
        run.at(20)


def test_going_back_and_forth_changes_nothing(run):
    words, picture = run.describe(6), run.picture(6)
    run.at(30)
    assert run.describe(6) == words
    assert all(torch.equal(run.picture(6)[name], picture[name]) for name in picture)


def test_the_words_say_step_likelihood_and_gain(run):
    assert run.describe(0).startswith("Start:")
    assert "Iteration 1, E-step" in run.describe(1)
    text = run.describe(2)
    _, log_prob = e_step(run.x, run.at(2).parameters)
    assert f"log-likelihood {log_prob.mean():.4f} nats a point".replace(" -", " −") in text
    gain = run.at(2).log_likelihood - run.at(0).log_likelihood
    assert gain > 0 and f"{gain:.2g} more than before" in text


def test_the_same_seed_gives_the_same_run_and_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    one, other = (EMRun.begin(draw("pinwheel", 50, 1), 3, 2) for _ in range(2))
    assert torch.equal(one.at(5).parameters.means, other.at(5).parameters.means)
    assert torch.equal(before, torch.get_rng_state())


def test_a_start_of_ones_own_and_its_mistakes():
    x = draw("three_blobs", 50, 0)
    run = EMRun.begin(x, 2, 0, [[0.0, 0.0], [1.0, 1.0]])
    assert run.at(0).parameters.means.tolist() == [[0, 0], [1, 1]]
    with pytest.raises(ValueError, match=r"means must have shape \(2, 2\)"):
        EMRun.begin(x, 2, 0, [[0.0, 0.0]])
    with pytest.raises(ValueError, match="Did you mean 'two-moons'"):
        draw("two_moons", 50, 0)


def test_a_component_that_shrinks_onto_a_point_is_named():
    x = torch.cat([torch.zeros(5, 2), torch.randn(20, 2, generator=torch.Generator().manual_seed(0)) + 9]).double()
    run = EMRun.begin(x, 2, 0, [[0.0, 0.0], [9.0, 9.0]])
    with pytest.raises(ValueError, match="component 0 has shrunk onto a point"):
        run.at(100)
