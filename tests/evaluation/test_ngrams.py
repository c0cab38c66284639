"""n-grams: counted by hand, and the divergence between texts."""

import math
from collections import Counter

import pytest
import torch

from coursekit.data.text import ALPHABET, encode, short_text
from coursekit.evaluation.ngrams import ngram_divergence, ngram_shares


@pytest.mark.parametrize("n", [1, 2, 3])
def test_shares_are_those_of_counting_by_hand(n):
    runs = [short_text()[i : i + 20] for i in range(0, 400, 20)]
    shares = ngram_shares(torch.stack([encode(run) for run in runs]), n, len(ALPHABET))
    counts = Counter(run[i : i + n] for run in runs for i in range(20 - n + 1))
    assert shares.sum().item() == pytest.approx(1) and (shares > 0).sum() == len(counts)
    for gram, count in counts.items():
        place = sum(ALPHABET.index(c) * len(ALPHABET) ** (n - 1 - i) for i, c in enumerate(gram))
        assert shares[place].item() == pytest.approx(count / counts.total())


def test_the_order_of_characters_matters_from_two_on():
    there, back = torch.tensor([[0, 1, 2, 0, 1, 2]]), torch.tensor([[2, 1, 0, 2, 1, 0]])
    assert ngram_divergence(there, back, 1, 3).item() == pytest.approx(0, abs=1e-12)
    assert ngram_divergence(there, back, 2, 3).item() == pytest.approx(math.log(2))


def test_runs_are_not_joined():
    codes = torch.tensor([[0, 1], [2, 0]])  # no pair (1, 2)
    assert ngram_shares(codes, 2, 3).nonzero().flatten().tolist() == [1, 6]


@pytest.mark.parametrize(
    ("codes", "n", "sentence"),
    [([[0, 1]], 3, "no 3-grams"), ([[0, 3]], 1, "0 to 2, got 0 to 3"), ([[0, -1]], 1, "got -1 to 0")],
)
def test_bad_input_is_explained(codes, n, sentence):
    with pytest.raises(ValueError, match=sentence):
        ngram_shares(torch.tensor(codes), n, 3)
