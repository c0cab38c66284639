"""The short text: nothing but its alphabet, one-hot runs of equal probability, sentences for bad input."""

import pytest
import torch

from coursekit.data import Runs
from coursekit.data.text import ALPHABET, decode, encode, short_text


def test_the_text_is_of_the_alphabet_and_long_enough():
    text = short_text()
    assert set(text) == set(ALPHABET) and 10_000 < len(text) < 30_000 and "  " not in text


def test_codes_come_home():
    text = short_text()[:300]
    one_hot = torch.nn.functional.one_hot(encode(text), len(ALPHABET)).double()
    assert decode(one_hot[None]) == [text]


def test_points_are_one_hot_runs_of_the_text():
    data = Runs(12, dtype=torch.float64)
    x = data.sample(50, generator=torch.Generator().manual_seed(0))
    assert x.shape == (50, *data.event_shape) and x.dtype == torch.float64
    assert set(x.unique().tolist()) == {0.0, 1.0} and (x.sum(-1) == 1).all()
    assert all(run in short_text() for run in decode(x))
    assert torch.equal(x, data.sample(50, generator=torch.Generator().manual_seed(0)))


def test_every_run_is_equally_likely():
    data = Runs(2, "abca")  # runs ab, bc, ca
    drawn = decode(data.sample(6_000, generator=torch.Generator().manual_seed(1)))
    shares = [drawn.count(run) / 6_000 for run in ("ab", "bc", "ca")]
    assert sum(shares) == 1 and all(abs(s - 1 / 3) < 4 * (2 / 9 / 6_000) ** 0.5 for s in shares)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Runs(5, "abc"), "a run has 5 characters, but the text has only 3"),
        (lambda: Runs(2, "ABC!"), "'!' 'A' 'B' 'C'"),
        (lambda: Runs(0), "length"),
        (lambda: decode(torch.zeros(1, 2, 3)), "29 characters"),
    ],
)
def test_bad_input_is_explained(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
