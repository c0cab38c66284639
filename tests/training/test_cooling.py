"""Rates fall to zero in a straight line, each player's from its own start."""

import pytest

from coursekit.distributions import get
from coursekit.gans import Critic, Generator
from coursekit.nets import MLP
from coursekit.training import fit_adversarial
from coursekit.training.cooling import cool, hold_and_cool


def test_rates_fall_to_zero_in_a_straight_line():
    run = fit_adversarial(Generator(MLP([2, 4, 2]).double(), 2), Critic(MLP([2, 4, 1]).double()), get("ring-8"),
                          steps=4, batch=8, learning_rate=(4e-3, 8e-3))  # fmt: skip
    used = []
    for name, player in run.players.items():
        step = player.optimiser.step
        player.optimiser.step = lambda name=name, step=step: (used.append((name, run.learning_rate(name))), step())
    updates = list(cool(run))
    assert [u.step for u in updates] == [1, 2, 3, 4]
    assert [name for name, _ in used] == ["d", "g", "d", "g"]
    assert [rate for _, rate in used] == pytest.approx([4e-3, 6e-3, 2e-3, 2e-3])
    assert run.learning_rate("d") == run.learning_rate("g") == 0


def test_rates_are_held_and_then_fall():
    def game():
        return fit_adversarial(Generator(MLP([2, 4, 2]).double(), 2), Critic(MLP([2, 4, 1]).double()), get("ring-8"),
                               steps=8, batch=8, learning_rate=(4e-3, 8e-3))  # fmt: skip

    def used(pull, **options):
        run = game()
        rates, step = [], run.players["d"].optimiser.step
        run.players["d"].optimiser.step = lambda: (rates.append(run.learning_rate("d")), step())
        assert [u.step for u in pull(run, **options)] == list(range(1, 9))
        assert run.learning_rate("d") == run.learning_rate("g") == 0
        return rates

    assert used(hold_and_cool, hold=0.5) == pytest.approx([4e-3, 4e-3, 4e-3, 2e-3])
    assert used(hold_and_cool, hold=0.0) == used(cool)
    with pytest.raises(ValueError, match="at least 0 and below 1, got 1"):
        next(hold_and_cool(game(), hold=1.0))
