"""Intervals cover as often as they say, and the sign test counts."""

import numpy as np
import pytest

from coursekit.evaluation.budget import budget, expect, is_quick
from coursekit.evaluation.intervals import mean_interval, share_interval, wins


def test_mean_interval_covers_as_often_as_it_says():
    # 2,000 repeats at 95 %: three standard errors of the share are 1.5 %. The normal interval would cover 88 %.
    rng = np.random.default_rng(0)
    hits = [low < 0 < high for low, high in (mean_interval(rng.normal(size=5)) for _ in range(2000))]
    assert abs(np.mean(hits) - 0.95) < 0.015


def test_share_interval_at_the_ends():
    assert share_interval(0, 10) == (0.0, pytest.approx(1 - 0.025**0.1))
    assert share_interval(10, 10) == (pytest.approx(0.025**0.1), 1.0)


def test_wins_are_paired_and_ties_are_halves():
    assert wins([2, 3, 4, 5, 6, 7, 8, 1], [1, 2, 3, 4, 5, 6, 7, 2]) == (7, pytest.approx(9 / 256))
    assert wins([1, 1], [1, 1]) == (1, 0.75)


def test_bad_input_is_a_sentence():
    with pytest.raises(ValueError, match="two runs"):
        mean_interval([1.0])
    with pytest.raises(ValueError, match="not finite"):
        mean_interval([1.0, -np.inf])
    with pytest.raises(ValueError, match="3 of 2"):
        share_interval(3, 2)
    with pytest.raises(ValueError, match="paired"):
        wins([1, 2], [1])


def test_the_budget_follows_the_environment(monkeypatch):
    monkeypatch.delenv("COURSEKIT_BUDGET", raising=False)
    assert budget(100, 5) == 100 and not is_quick()
    with pytest.raises(AssertionError, match="water runs uphill"):
        expect(False, "water runs uphill")
    monkeypatch.setenv("COURSEKIT_BUDGET", "quick")
    assert budget(100, 5) == 5
    expect(False, "too few runs to tell")
    monkeypatch.setenv("COURSEKIT_BUDGET", "fast")
    with pytest.raises(ValueError, match="'fast'"):
        budget(100, 5)
    with pytest.raises(ValueError, match="quick=9"):
        budget(5, 9)
