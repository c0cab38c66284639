"""The table of factors, batches of faces, and how factors are drawn."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.data.faces import CONTINUOUS, DISCRETE, FACTORS, Faces, Factors, draw_factors
from coursekit.protocols import Sampler
from coursekit.seeds import generator

N = 20_000


def test_the_prior_is_uniform_and_independent():
    factors = draw_factors(N, generator=generator(0))
    vector = factors.vector().double()
    for name in DISCRETE:
        k = FACTORS[name].width
        counts = torch.bincount(factors[name], minlength=k)
        # All cells of the table are looked at together: 4.5 standard errors.
        assert ((counts - N / k).abs() < 4.5 * (N * (1 / k) * (1 - 1 / k)) ** 0.5).all(), name
    for name in CONTINUOUS:
        low, high = FACTORS[name].low, FACTORS[name].high
        column = factors[name].double()
        assert low <= column.min() < low + 0.01 * (high - low) and high - 0.01 * (high - low) < column.max() <= high
        assert abs(column.mean() - (low + high) / 2) < 4 * (high - low) / (12 * N) ** 0.5
    # Columns of one factor depend on one another; those of two must not: correlations below 5 / sqrt(n).
    correlation = torch.corrcoef(vector.T)
    owner = torch.tensor([i for i, factor in enumerate(FACTORS.values()) for _ in range(factor.width)])
    assert correlation[owner[:, None] != owner[None, :]].abs().max() < 5 / N**0.5


def test_a_rule_for_one_factor_leaves_the_others_as_they_were():
    free = draw_factors(50, generator=generator(1))
    fixed = draw_factors(50, generator=generator(1), hat="beanie", smile=(0.5, 1.0))
    assert (fixed["hat"] == 1).all() and (fixed["smile"] >= 0.5).all()
    for name in set(FACTORS) - {"hat", "smile"}:
        assert torch.equal(free[name], fixed[name])


def test_rules():
    column = torch.arange(N) % 3
    factors = draw_factors(
        N,
        generator=generator(2),
        skin=["tan", "dark"],
        hat={"none": 0.9, "crown": 0.1},
        glasses=column,
        eye_size=0.25,
        smile=lambda drawn: 0.5 - drawn["eye_size"],
        hair_style=lambda drawn: torch.eye(5)[drawn["glasses"]],
        hair_colour=2,
    )
    assert set(factors["skin"].tolist()) == {1, 3} and set(factors["hat"].tolist()) == {0, 3}
    assert abs((factors["hat"] == 3).double().mean() - 0.1) < 4 * (0.09 / N) ** 0.5
    assert torch.equal(factors["glasses"], column) and torch.equal(factors["hair_style"], column)
    assert (factors["eye_size"] == 0.25).all() and (factors["smile"] == 0.25).all()
    assert (factors["hair_colour"] == 2).all()


def test_where_conditions_the_prior():
    def never_a_hat_on_long_hair(f):
        return (f["hat"] == 0) | (f["hair_style"] != 1)

    factors = draw_factors(N, generator=generator(3), where=never_a_hat_on_long_hair)
    assert len(factors) == N and not ((factors["hat"] != 0) & (factors["hair_style"] == 1)).any()
    # Of 4 x 5 combinations 3 are gone: P(long) = 1 / 17.
    assert abs((factors["hair_style"] == 1).double().mean() - 1 / 17) < 4 * (1 / 17 * 16 / 17 / N) ** 0.5


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(0, 6))
def test_vectors_and_back(seed, n):
    factors = draw_factors(n, generator=generator(seed), dtype=torch.float64)
    vector = factors.vector()
    assert vector.shape == (n, sum(factor.width for factor in FACTORS.values())) and vector.dtype == torch.float64
    back = Factors.from_vector(vector)
    assert all(torch.equal(back[name], factors[name]) for name in FACTORS)


def test_batches_of_faces():
    factors = draw_factors(5, generator=generator(4))
    assert len(factors[1:3]) == 2 and len(factors[factors["hat"] >= 0]) == 5 and len(factors[-1]) == 1
    joined = Factors.cat(list(factors))
    assert all(torch.equal(joined[name], factors[name]) for name in FACTORS)
    changed = factors.replace(hat="cap", smile=-1)
    assert (changed["hat"] == 2).all() and (changed["smile"] == -1.0).all() and changed.dtype == torch.float32
    words = changed.words(2)
    assert words["hat"] == "cap" and list(words) == list(FACTORS)
    assert draw_factors(1, **words)["skin"] == factors[2]["skin"]
    assert factors.to(dtype=torch.float64).dtype == torch.float64
    with pytest.raises(IndexError, match="no face 5 among 5"):
        factors[5]


def test_a_seed_means_the_same_faces_in_every_precision():
    single, double = (draw_factors(9, generator=generator(5), dtype=d) for d in (torch.float32, torch.float64))
    assert all(torch.equal(single[name], double[name]) for name in DISCRETE)
    torch.testing.assert_close(single["smile"].double(), double["smile"], atol=1e-6, rtol=0)


def test_factors_are_drawn_where_the_generator_is_and_put_where_they_are_wanted():
    factors = draw_factors(3, generator=generator(0), device="meta", hat=["cap", "crown"], smile=(0.0, 1.0))
    assert factors.device.type == "meta" and factors["hat"].device.type == "meta" and len(factors) == 3


def test_faces_is_a_sampler():
    faces = Faces(16, hat="none", where=lambda f: f["smile"] > 0)
    assert isinstance(faces, Sampler)
    assert faces.sample(3, generator=generator(0)).shape == (3, *faces.event_shape) == (3, 3, 16, 16)
    pictures, factors = faces.sample_with_factors(20, generator=generator(0))
    assert (factors["hat"] == 0).all() and (factors["smile"] > 0).all()
    assert torch.equal(pictures[:3], faces.sample(20, generator=generator(0))[:3])
    assert faces.sample(0).shape == (0, 3, 16, 16)
    assert Faces(16, dtype=torch.float64).sample(2).dtype == torch.float64


def test_the_global_generator_is_left_alone_when_one_is_given():
    before = torch.get_rng_state()
    Faces(16).sample(4, generator=generator(0))
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"hatt": "none"}, "no factor of a face called 'hatt'. Did you mean 'hat'"),
        ({"hat": "beany"}, "no value of hat called 'beany'. Did you mean 'beanie'"),
        ({"hat": 4}, "0 none, 1 beanie, 2 cap, 3 crown; got 4"),
        ({"hat": True}, "got True"),
        ({"hat": 1.0}, "got 1.0"),
        ({"hat": []}, "at least one value"),
        ({"hat": {"none": 0.5}}, "hat must sum to 1"),
        ({"hat": {"fez": 1.0}}, "no value of hat called 'fez'"),
        ({"hat": torch.tensor([0, 1])}, r"hat must have shape \(3,\), one entry a face, got \(2,\)"),
        ({"hat": torch.tensor([0, 1, 4])}, r"hat must lie in \[0, 3\]"),
        ({"hat": torch.zeros(3)}, "whole numbers, got dtype torch.float32"),
        ({"hat": lambda drawn: torch.ones(3, 4)}, "sum to 1 for each face, but row 0"),
        ({"hat": lambda drawn: torch.ones(3, 3)}, r"must have shape \(3, 4\), got \(3, 3\)"),
        ({"smile": 1.5}, r"smile must lie in \[-1, 1\]"),
        ({"smile": "wide"}, "smile must be a number from -1 to 1, got 'wide'"),
        ({"smile": (0.5, 0.2)}, r"a range \(low, high\) within \[-1, 1\], got \(0.5, 0.2\)"),
        ({"smile": (0.5, 2.0)}, "within"),
        ({"smile": float("nan")}, "smile must be finite"),
        ({"eye_size": -0.1}, r"eye_size must lie in \[0, 1\]"),
        ({"where": lambda f: f["smile"] > 2}, "keeps almost no faces: 0 of 51200"),
        ({"where": lambda f: f["smile"]}, r"booleans with shape \(256,\)"),
    ],
)
def test_bad_rules(rules, message):
    with pytest.raises(ValueError, match=message):
        draw_factors(3, generator=generator(0), **rules)


@settings(max_examples=60)
@given(
    st.sampled_from(list(FACTORS)),
    st.one_of(
        st.floats(), st.integers(), st.text(max_size=8), st.booleans(), st.lists(st.floats(), max_size=3), st.none()
    ),
)
def test_any_value_is_taken_or_refused_with_a_sentence(name, value):
    try:
        factors = draw_factors(4, generator=generator(0), **{name: value})
    except ValueError as error:
        assert name in str(error)
    else:
        Factors(factors.columns)


@pytest.mark.usefixtures("as_students_run_it")
def test_bad_batches():
    columns = draw_factors(2, generator=generator(0)).columns
    with pytest.raises(ValueError, match="these are missing: hat; try draw_factors"):
        Factors({name: column for name, column in columns.items() if name != "hat"})
    with pytest.raises(ValueError, match=r"smile must have shape \(2,\)"):
        Factors({**columns, "smile": torch.zeros(3)})
    with pytest.raises(ValueError, match="must have shape"):
        Factors.from_vector(torch.zeros(2, 5))
    with pytest.raises(ValueError, match="no factor of a face called 'beard'"):
        draw_factors(1)["beard"]
    with pytest.raises(ValueError, match="no value of hat"):
        Faces(16, hat="fez")
    with pytest.raises(ValueError, match="no factor of a face called 'hatt'"):
        Faces(16, hatt=lambda drawn: drawn["hat"])
    with pytest.raises(ValueError, match="unconditional"):
        Faces(16).sample(2, context=torch.zeros(2))
    with pytest.raises(ValueError, match="floating-point"):
        draw_factors(1).to(dtype=torch.int64)
