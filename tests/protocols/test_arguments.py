"""Wrong arguments stop where they enter, with what was given and what was expected."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from coursekit import arguments


@given(st.integers(1, 30), st.data(), st.sampled_from([float("nan"), float("inf"), -float("inf")]))
def test_finite_finds_the_first_bad_entry(n, data, bad):
    where = data.draw(st.integers(0, n - 1))
    x = torch.zeros(n)
    x[where] = bad
    with pytest.raises(ValueError, match=rf"x must be finite, but 1 of {n} entries is .*index {where}\)"):
        arguments.finite(x, "x")


def test_finite_wants_floating_point_tensors():
    with pytest.raises(ValueError, match=r"must be floating point, got dtype torch.int64; try x.to\(torch.float64\)"):
        arguments.finite(torch.arange(3), "x")
    with pytest.raises(ValueError, match="must be a torch tensor, got ndarray"):
        arguments.finite(np.zeros(3), "x")
    with pytest.raises(ValueError, match="the value itself"):
        arguments.finite(torch.tensor(float("nan")), "x")


def test_as_tensor_keeps_tensors_and_reads_lists_in_double_precision():
    single = torch.zeros(2)
    assert arguments.as_tensor(single, "x") is single
    assert arguments.as_tensor([1, 2], "x").dtype == torch.float64
    assert arguments.as_tensor([1.0], "x", like=single).dtype == torch.float32
    assert arguments.as_tensor(np.ones((2, 2)), "x").shape == (2, 2)
    for wrong in ([[1.0], [1.0, 2.0]], ["a"], None):
        with pytest.raises(ValueError, match="x must be numbers in a rectangular array"):
            arguments.as_tensor(wrong, "x")


@pytest.mark.parametrize(
    ("shape", "event_shape", "message"),
    [
        ((3, 1), (), r"must have shape \(n,\), got \(3, 1\); drop the last axis"),
        ((3,), (1,), r"must have shape \(n, 1\), got \(3,\); add an axis"),
        ((2,), (2,), r"must have shape \(n, 2\), got \(2,\); a single point needs a leading axis"),
        ((3, 4), (2,), r"must have shape \(n, 2\), got \(3, 4\)\."),
        ((), (), r"must have shape \(n,\), got \(\)"),
        ((3, 2, 2), None, r"\(n,\) for points on the line or \(n, d\)"),
        ((3, 0), None, r"\(n,\) for points on the line or \(n, d\)"),
    ],
)
def test_points_names_the_shape_and_how_to_mend_it(shape, event_shape, message):
    with pytest.raises(ValueError, match=message):
        arguments.points(torch.zeros(shape), "x", event_shape=event_shape)


def test_points_counts():
    assert len(arguments.points(torch.zeros(0), "x")) == 0
    with pytest.raises(ValueError, match="at least 1 point, got 0"):
        arguments.points(torch.zeros(0, 2), "x", minimum=1)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6))
def test_probabilities_admits_exactly_what_sums_to_one(values):
    weights = torch.tensor(values, dtype=torch.float64)
    if abs(sum(values) - 1) <= 1e-9:
        assert arguments.probabilities(weights) is weights
    elif abs(sum(values) - 1) > 1e-7:
        with pytest.raises(ValueError, match=r"must sum to 1, but they sum to .*divide them by their sum"):
            arguments.probabilities(weights)
    total = weights.sum()
    if total > 1e-3:
        arguments.probabilities(weights / total)


def test_probabilities_bad_values():
    with pytest.raises(ValueError, match="must not be negative"):
        arguments.probabilities(torch.tensor([1.5, -0.5]))
    with pytest.raises(ValueError, match="at least one entry"):
        arguments.probabilities(torch.zeros(0))
    with pytest.raises(ValueError, match=r"must have shape \(K,\)"):
        arguments.probabilities(torch.tensor(1.0))


def test_numbers_admit_infinity_but_not_nan():
    arguments.numbers(torch.tensor([0.0, torch.inf]), "u")
    with pytest.raises(ValueError, match="entry 1 is NaN"):
        arguments.numbers(torch.tensor([0.0, torch.nan]), "u")
    with pytest.raises(ValueError, match=r"u must have shape \(n,\), got \(2, 1\); drop"):
        arguments.numbers(torch.zeros(2, 1), "u")


def test_positive_within_increasing_count():
    with pytest.raises(ValueError, match=r"h must be positive, got \[1, 0\]"):
        arguments.positive(torch.tensor([1.0, 0.0]), "h")
    with pytest.raises(ValueError, match="h must be positive, got -1"):
        arguments.positive(torch.tensor(-1.0), "h")
    with pytest.raises(ValueError, match=r"u must lie in \[0, 1\], but 2 of 3 entries do not, for example 1.5"):
        arguments.within(torch.tensor([0.5, 1.5, torch.nan]), "u", 0.0, 1.0)
    with pytest.raises(ValueError, match=r"entry 2 \(1\) does not exceed entry 1 \(1\)"):
        arguments.increasing(torch.tensor([0.0, 1.0, 1.0]), "grid")
    with pytest.raises(ValueError, match="at least 2 entries"):
        arguments.increasing(torch.zeros(1), "grid")
    assert arguments.count(np.int64(3), "n") == 3
    with pytest.raises(ValueError, match=r"n must be a whole number, got 2.5"):
        arguments.count(2.5, "n")
    with pytest.raises(ValueError, match="n must be a whole number, got True"):
        arguments.count(True, "n")
    with pytest.raises(ValueError, match="n must be at least 0, got -1"):
        arguments.count(-1, "n")


def test_known_suggests_the_nearest_name():
    with pytest.raises(ValueError, match=r"no kernel called 'gausian'\. Did you mean 'gaussian'"):
        arguments.known("gausian", ["gaussian", "epanechnikov"], "kernel")
    with pytest.raises(ValueError, match="Did you mean 'gaussian'"):
        arguments.known("Gaussian", ["gaussian", "epanechnikov"], "kernel")
    with pytest.raises(ValueError) as caught:
        arguments.known("zzz", ["gaussian", "epanechnikov"], "kernel")
    assert "Did you mean" not in str(caught.value) and "gaussian, epanechnikov" in str(caught.value)


def test_no_context():
    arguments.no_context(None, object())
    with pytest.raises(ValueError, match=r"object is unconditional and takes no context, got one with shape \(2, 3\)"):
        arguments.no_context(torch.zeros(2, 3), object())
