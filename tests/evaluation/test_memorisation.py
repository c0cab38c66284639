"""Memorisation: copiers are caught, fresh data raise the alarm at the level only, and slips that must show."""

import math

import pytest
import torch

from coursekit.evaluation.memorisation import copying_test, likelihood_gap

F64 = torch.float64


def draw(n, d, generator):
    return torch.randn(n, d, dtype=F64, generator=generator)


def check_level(test, repeats=400):
    """Nothing is memorised; each repeat draws everything anew. Four standard errors at the level 0.05."""
    alarms = sum(test(torch.Generator().manual_seed(seed)) for seed in range(repeats)) / repeats
    assert abs(alarms - 0.05) < 4 * math.sqrt(0.05 * 0.95 / repeats), alarms


def fresh(g):
    return copying_test(draw(100, 2, g), draw(30, 2, g), draw(30, 2, g), permutations=99, generator=g)


def test_fresh_data_raise_the_alarm_at_the_level():
    check_level(lambda g: fresh(g).verdict.rejects)


def test_a_test_that_takes_samples_for_independent_is_noticed():
    """Coin throws, one a sample: but many samples share one nearest point, so it cries wolf."""

    def coin(g):
        share = fresh(g).share
        return (share - 0.5) / math.sqrt(0.25 / 100) > 1.645

    with pytest.raises(AssertionError):
        check_level(coin)


def test_a_larger_training_set_is_refused_since_it_is_nearer_by_its_size():
    g = torch.Generator().manual_seed(0)
    with pytest.raises(ValueError, match=r"of one size.*got 60 and 30.*random part"):
        copying_test(draw(100, 2, g), draw(60, 2, g), draw(30, 2, g))


@pytest.mark.parametrize("d", [2, 64])
@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_a_copier_is_caught(d, noise):
    g = torch.Generator().manual_seed(1)
    train, held_out = draw(40, d, g), draw(40, d, g)
    copies = train[torch.randint(40, (100,), generator=g)] + noise * draw(100, d, g)
    found = copying_test(copies, train, held_out, generator=g)
    assert found.verdict.rejects and found.verdict.p_value == 1 / 200
    assert found.share > 0.95 and found.median_ratio < 0.1


def test_a_model_that_copies_one_sample_in_three_is_caught_too():
    g = torch.Generator().manual_seed(2)
    train, held_out = draw(100, 2, g), draw(100, 2, g)
    mixed = torch.cat([draw(200, 2, g), train])
    found = copying_test(mixed, train, held_out, generator=g)
    assert found.verdict.rejects and found.share > 0.6


def test_copies_of_held_out_data_are_not_copies_of_the_training_set():
    g = torch.Generator().manual_seed(3)
    train, held_out = draw(40, 2, g), draw(40, 2, g)
    found = copying_test(held_out, train, held_out, generator=g)
    assert found.share == 0.0 and found.verdict.p_value > 0.9 and found.median_ratio == math.inf


def test_one_set_twice_is_a_draw():
    g = torch.Generator().manual_seed(4)
    both = draw(60, 2, g)
    found = copying_test(both, both, both, generator=g)
    assert 0.2 < found.share < 0.8 and found.median_ratio == 1.0


def test_pictures_are_flattened():
    g = torch.Generator().manual_seed(5)
    train, held_out = torch.rand(20, 1, 8, 8, generator=g), torch.rand(20, 1, 8, 8, generator=g)
    assert copying_test(train, train, held_out, generator=g).verdict.rejects


def test_the_likelihood_gap_has_its_level():
    check_level(lambda g: likelihood_gap(*draw(2, 40, g), permutations=99, generator=g).verdict.rejects)


def test_a_gap_is_noticed_and_measured():
    g = torch.Generator().manual_seed(6)
    found = likelihood_gap(draw(1, 50, g)[0] + 1, draw(1, 60, g)[0], generator=g)
    assert found.verdict.rejects and found.gap == pytest.approx(1, abs=0.5)
    impossible = torch.full((60,), -torch.inf, dtype=F64)
    found = likelihood_gap(torch.zeros(50, dtype=F64), impossible, generator=g)
    assert found.gap == math.inf and found.verdict.rejects
    assert likelihood_gap(impossible, impossible, generator=g).gap == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: copying_test(x, x[:, :2], x), "points of one space"),
        (lambda x: copying_test(x, x, x, permutations=100), r"alpha \(B \+ 1\)"),
        (lambda x: copying_test(torch.full_like(x, torch.nan), x, x), "generated must be finite"),
        (lambda x: copying_test(x[:0], x, x), "generated must hold at least 1"),
        (lambda x: likelihood_gap(x[0, :0], x[0]), "train_log_prob must hold log-densities, at least one"),
        (lambda x: likelihood_gap(x[0], x[0] + torch.inf), "none .inf"),
        (lambda x: likelihood_gap(x[0], x[0] * torch.nan), "held_out_log_prob must hold numbers"),
    ],
)
def test_bad_input_ends_as_sentences(call, message):
    import jaxtyping

    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        with pytest.raises(ValueError, match=message):
            call(torch.zeros(5, 3, dtype=F64))
    finally:
        jaxtyping.config.update("jaxtyping_disable", before)
