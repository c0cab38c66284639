"""The Inception Score: known answers, the definition by loops, the course's judges, and slips that must show."""

import math

import pytest
import torch

from coursekit.data import digits
from coursekit.data.faces import Faces
from coursekit.evaluation.inception_score import class_probabilities, inception_score, inception_score_in_parts
from coursekit.evaluation.judges import load_judge
from coursekit.seeds import generator

F64 = torch.float64


def check_known_answers(score):
    one_hot = torch.eye(10, dtype=F64)
    assert abs(score(one_hot[[3] * 20]) - 1) < 1e-12  # one class, sure
    assert abs(score(torch.full((20, 10), 0.1, dtype=F64)) - 1) < 1e-12  # never sure
    for classes in (2, 7, 10):
        assert abs(score(one_hot[:classes].repeat(5, 1)) - classes) < 1e-12
    # Two classes, sure, three to one: exp of the entropy.
    assert abs(score(one_hot[[0, 0, 0, 1]]) - 4 / 3**0.75) < 1e-12


def test_known_answers():
    check_known_answers(inception_score)


def test_a_divergence_the_other_way_round_is_noticed():
    def swapped(p):
        p = p.clamp_min(1e-300)
        return (p.mean(0) * (p.mean(0) / p).log()).sum(1).mean().exp().item()

    with pytest.raises(AssertionError):
        check_known_answers(swapped)


def test_a_forgotten_exponential_is_noticed():
    with pytest.raises(AssertionError):
        check_known_answers(lambda p: math.log(inception_score(p)))


def test_by_definition():
    p = torch.rand(30, 5, dtype=F64, generator=generator(0)).softmax(1)
    marginal = p.mean(0)
    kl = [sum(row[c] * math.log(row[c] / marginal[c]) for c in range(5)) for row in p]
    assert abs(inception_score(p) - math.exp(sum(kl) / 30)) < 1e-12


def test_the_digit_judge_scores_digits_high_and_one_class_low():
    """Not 10 and 1: it is right on 97 % of digits, but less sure than that."""
    judge, data = load_judge("digits"), digits("test")
    everything = inception_score(class_probabilities(judge, data.points))
    sevens = inception_score(class_probabilities(judge, data.points[data.labels == 7]))
    assert 6 < everything <= 10 and 1 <= sevens < 1.5


def test_faces_are_scored_by_factor():
    judge, x = load_judge("faces"), Faces(32).sample(300, generator=generator(1))
    p = class_probabilities(judge, x, factor="hat", batch=64)
    assert p.shape[0] == 300 and p.dtype == F64
    torch.testing.assert_close(p.sum(1), torch.ones(300, dtype=F64))
    assert 1 < inception_score(p) <= p.shape[1]


def test_parts():
    p = torch.eye(2, dtype=F64).repeat(20, 1)  # classes take turns, so each part holds both
    assert inception_score_in_parts(p, 4) == pytest.approx((2.0, 0.0))
    in_order = torch.eye(2, dtype=F64).repeat_interleave(20, 0)
    assert inception_score_in_parts(in_order, 2) == pytest.approx((1.0, 0.0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: inception_score(torch.randn(5, 3, generator=generator(0))), r"row \d sums to.*apply softmax"),
        (lambda: inception_score(torch.tensor([[1.5, -0.5]])), "smallest entry is -0.5"),
        (lambda: inception_score(torch.ones(3)), r"shape \(n, C\)"),
        (lambda: inception_score(torch.ones(0, 3)), "none zero"),
        (lambda: inception_score(torch.tensor([[torch.nan, 1.0]])), "probabilities must be finite"),
        (lambda: inception_score_in_parts(torch.eye(3), 10), "10 parts need at least as many pictures, got 3"),
        (lambda: inception_score_in_parts(torch.eye(3), 1), "parts must be at least 2"),
        (lambda: class_probabilities(load_judge("faces"), torch.zeros(2, 3, 32, 32)), "choose factor= one of"),
        (
            lambda: class_probabilities(load_judge("faces"), torch.zeros(2, 3, 32, 32), factor="smile"),
            "no discrete factor",
        ),
        (lambda: class_probabilities(load_judge("digits"), torch.zeros(2, 1, 8, 8), factor="hat"), "must be left out"),
        (lambda: class_probabilities(load_judge("digits"), torch.zeros(0, 1, 8, 8)), "x must hold pictures"),
    ],
)
def test_bad_input_ends_as_sentences(call, message):
    with pytest.raises(ValueError, match=message):
        call()
