"""The critic explorer's traits: what follows from what, and what is refused."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
import torch
import traitlets

from coursekit.widgets import CriticExplorer, critic
from coursekit.widgets.critic_state import STEPS, CriticState


@pytest.fixture
def explorer():
    return CriticExplorer(mean_g=0.5, n=64)


async def filled(explorer):
    """Wait, as an idle kernel does, until the whole run of what is asked now has come; all decks seen on the way."""
    seen = []
    for _ in range(3000):
        if explorer.ahead not in seen:
            seen.append(explorer.ahead)
        given = explorer.ahead.about.get("given", {})
        mine = given and all(getattr(explorer, name) == value for name, value in given.items())
        if mine and len(explorer.ahead["step"]) == len(STEPS):
            return seen
        await asyncio.sleep(0.01)
    raise AssertionError("the run did not come")


def test_the_arguments_are_the_settings():
    settings = {"shape": "two modes", "mean_p": -2.0, "scale_p": 0.5, "mean_g": 3.0, "scale_g": 1.5, "n": 128,
                "critic": "8", "seed": 7}  # fmt: skip
    explorer = CriticExplorer(**settings, step=40)
    assert explorer.state == CriticState(**settings)
    assert explorer.step == 40


def test_a_density_that_is_moved_takes_what_is_exact_with_it_at_once(explorer):
    explorer.set_state({"mean_g": 2.0})
    state = CriticState(mean_g=2.0, n=64)
    for name, values in state.exact().items():
        np.testing.assert_allclose(explorer.exact[name], np.asarray(values, dtype="<f4"), rtol=1e-6)
    assert explorer.summary == state.describe()


def test_a_drag_is_computed_on_one_thread(explorer, monkeypatch):
    """With two, and a browser that wants the second, the same picture took fifty times as long."""
    real, seen, before = CriticState.exact, [], torch.get_num_threads()
    monkeypatch.setattr(CriticState, "exact", lambda state: (seen.append(torch.get_num_threads()), real(state))[1])
    try:
        torch.set_num_threads(2)
        explorer.mean_g = 1.5
        assert seen == [1] and torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_step_leaves_what_is_exact_alone(explorer):
    exact = explorer.exact
    explorer.step = 200
    assert explorer.exact is exact


def test_other_points_are_the_next_seed(explorer):
    before = explorer.exact["real"]
    explorer._handle_custom_msg({"action": "redraw_points"}, [])
    assert explorer.seed == 1 and not np.array_equal(explorer.exact["real"], before)


def test_reset_brings_back_what_the_call_asked_for_and_takes_what_is_exact_with_it():
    explorer = CriticExplorer("two modes", mean_g=0.5, n=64, seed=3, step=40)
    exact = explorer.exact
    first = explorer.state
    explorer.set_state({"mean_p": 2.0, "mean_g": -3.0, "scale_g": 0.3, "n": 16, "shape": "normal", "step": 400})
    explorer.redraw_points()
    assert explorer.state != first
    explorer._handle_custom_msg({"action": "reset"}, [])
    assert explorer.state == first and explorer.step == 40
    assert explorer.summary == first.describe()
    for name, values in exact.items():
        np.testing.assert_array_equal(explorer.exact[name], values)


def test_while_the_kernel_is_idle_the_critic_is_trained_and_shown_as_far_as_it_is(monkeypatch):
    monkeypatch.setattr(critic, "GROW", 0.0)

    async def idle():
        explorer = CriticExplorer(n=32, critic="8")
        return explorer, await filled(explorer)

    explorer, seen = asyncio.run(idle())
    lengths = [len(held["step"]) for held in seen[1:]]
    assert len(seen[0]) == 0 and lengths == sorted(lengths) and 0 < lengths[0] < len(STEPS)
    assert explorer.ahead.about == {"key": "step", "given": explorer._question}
    assert explorer.ahead["step"].tolist() == STEPS
    rows = list(explorer.state.rows())
    for held in (seen[1], explorer.ahead):
        for name in rows[0]:
            for got, row in zip(held[name], rows, strict=False):
                np.testing.assert_allclose(got, np.asarray(row[name], dtype="<f4"), rtol=1e-6)


def test_a_run_whose_density_is_moved_meanwhile_is_given_up(monkeypatch):
    monkeypatch.setattr(critic, "GROW", 0.0)

    async def idle():
        explorer = CriticExplorer(n=32, critic="8")
        for _ in range(1000):
            if len(explorer.ahead):
                break
            await asyncio.sleep(0.005)
        assert len(explorer.ahead["step"]) < len(STEPS)
        explorer.mean_g = 3.0
        return explorer, await filled(explorer)

    explorer, seen = asyncio.run(idle())
    assert all(held.about["given"]["mean_g"] == 3.0 for held in seen[1:])
    *_, end = CriticState(mean_g=3.0, n=32, critic="8").rows()
    np.testing.assert_allclose(explorer.ahead["loss"][-1], end["loss"], rtol=1e-6)


def test_where_no_loop_runs_nothing_is_trained(explorer):
    assert len(explorer.ahead) == 0


def test_a_page_without_a_kernel_holds_the_run_of_each_choice(explorer):
    choices = explorer.page_choices()
    assert np.prod([len(values) for values in choices.values()]) <= 20
    choice = {"mean_g": 3.0, "n": 16, "critic": "linear"}
    held = explorer.page_state(choice)
    assert held["ahead"].about["given"] == explorer._question | choice
    *_, end = CriticState(**choice).rows()
    np.testing.assert_allclose(held["ahead"]["loss"][-1], end["loss"], rtol=1e-6)
    np.testing.assert_allclose(held["exact"]["bound"], [CriticState(**choice).bound], rtol=1e-6)
    start = explorer.page_start()
    assert (start["mean_g"], start["n"], start["critic"]) == (1.0, 16, "48 x 2")
    assert explorer.mean_g == 0.5  # unchanged itself


@pytest.mark.parametrize(
    ("trait", "wrong", "sentence"),
    [
        ("shape", "two mode", "Did you mean 'two modes'"),
        ("mean_p", 4.5, "mean_p must lie between -4 and 4"),
        ("mean_g", "left", "mean_g must be a number"),
        ("scale_p", 0.0, "scale_p must lie between 0.3 and 2"),
        ("scale_g", float("nan"), "scale_g must be a number"),
        ("n", 100, "n must be one of 16, 32, 64, …, 4096, got 100"),
        ("n", 8192, "n must lie between 16 and 4096"),
        ("critic", "48x2", "Did you mean '48 x 2'"),
        ("seed", -1, "seed must lie between 0 and"),
        ("step", 401, "step must lie between 0 and 400"),
        ("step", 7, "step must be one of 0, 5, 10, …, 400, got 7"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence_and_changes_nothing(explorer, trait, wrong, sentence):
    before, exact = getattr(explorer, trait), explorer.exact
    with pytest.raises(traitlets.TraitError, match=sentence):
        setattr(explorer, trait, wrong)
    assert getattr(explorer, trait) == before and explorer.exact is exact
    with pytest.raises(traitlets.TraitError, match=sentence):
        CriticExplorer(**{trait: wrong})
