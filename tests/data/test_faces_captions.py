"""Faces in words and back; pairs for translation."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.data.faces import (
    FACTORS,
    LABELS,
    TRANSLATIONS,
    captions,
    draw,
    draw_factors,
    edges,
    grey,
    label_map,
    obeys,
    pairs,
    parse,
)
from coursekit.data.faces.captions import THIRDS, TOLD
from coursekit.seeds import generator


def test_everything_but_the_position_is_told():
    assert set(FACTORS) - set(TOLD) == {"position_x", "position_y"}


@settings(max_examples=150)
@given(st.integers(0, 10**6), st.sets(st.sampled_from(TOLD), min_size=1))
def test_captions_and_back(seed, about):
    """Whatever is told, in whatever wording, is read back: exactly those factors, with those values."""
    source = generator(seed)
    factors = draw_factors(1, generator=source)
    caption = captions(factors, about=about, generator=source)[0]
    rules = parse(caption)
    assert set(rules) == about
    truth = factors.words()
    for name, rule in rules.items():
        if name in THIRDS:
            assert rule[0] - 1e-6 <= truth[name] <= rule[1] + 1e-6
        else:
            assert rule == truth[name]
    # And the rules are rules: faces drawn by them obey the caption, others do not all.
    drawn = draw_factors(20, generator=source, **rules)
    assert all(kept.all() for kept in obeys(drawn, caption).values())
    assert set(obeys(drawn, caption)) == about


def test_wordings_vary_and_repeat_by_seed():
    factors = draw_factors(1, generator=generator(0))
    many = captions(factors[[0] * 300], generator=generator(1))
    assert len(set(many)) > 50 and all(parse(caption) == parse(many[0]) for caption in many)
    assert many == captions(factors[[0] * 300], generator=generator(1))


def test_disobedience_shows():
    factors = draw_factors(3, generator=generator(0), hat=torch.tensor([0, 1, 3]), smile=torch.tensor([-1.0, 0.0, 1.0]))
    result = obeys(factors, "a smiling person wearing a crown")
    assert result["hat"].tolist() == [False, False, True] and result["smile"].tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("caption", "rules"),
    [
        (
            "A frowning person, wearing a beanie but no glasses.",
            {"smile": (-1.0, -1 / 3), "hat": "beanie", "glasses": "none"},
        ),
        (
            "a person with a face that is long, black hair and big eyes",
            {"face_shape": "long", "hair_colour": "black", "eye_size": (2 / 3, 1.0)},
        ),
        ("a face that is long and hair that is curly", {"face_shape": "long", "hair_style": "curly"}),
        ("pink hair in pigtails", {"hair_style": "pigtails", "hair_colour": "pink"}),
        ("square glasses and a square face", {"glasses": "square", "face_shape": "square"}),
        (
            "neither hat nor glasses before a wall with stripes",
            {"hat": "none", "glasses": "none", "stripes": "striped"},
        ),
    ],
)
def test_captions_by_hand(caption, rules):
    read = parse(caption)
    assert set(read) == set(rules)
    for name, rule in rules.items():
        assert read[name] == (pytest.approx(rule) if isinstance(rule, tuple) else rule)


@pytest.mark.parametrize(
    ("caption", "message"),
    [
        ("a person with a moustache", "do not say 'moustache'"),
        ("a person wearing a crown and a beanie", "contradicts itself: hat cannot be"),
        ("a person with long hair and curly hair", "hair_style cannot be"),
        ("a person with green hair", "do not say 'green'"),
        ("a person", "says nothing about a face"),
        ("", "says nothing"),
        ("a person wearing 2 crowns", "do not say '2'"),
    ],
)
def test_bad_captions(caption, message):
    with pytest.raises(ValueError, match=message):
        parse(caption)
    with pytest.raises(ValueError, match="no factor that captions tell of called 'position'"):
        captions(draw_factors(1), about=["position"])


@settings(max_examples=100)
@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_with_a_sentence(text):
    try:
        draw_factors(1, generator=generator(0), **parse(text))
    except ValueError as error:
        assert "caption" in str(error)


@pytest.mark.parametrize("name", TRANSLATIONS)
def test_pairs(name):
    factors = draw_factors(6, generator=generator(0), dtype=torch.float64)
    source, target = pairs(name, factors, 32)
    channels, size = {"labels to face": (len(LABELS), 32), "edges to face": (1, 32), "grey to colour": (1, 32)}.get(
        name, (3, 8 if name == "small to large" else 32)
    )
    assert source.shape == (6, channels, size, size) and target.shape == (6, 3, 32, 32)
    assert source.dtype == target.dtype == torch.float64


def test_pairs_show_the_same_face():
    factors = draw_factors(6, generator=generator(0))
    source, target = pairs("labels to face", factors, 32)
    assert torch.equal(source.argmax(1), label_map(factors, 32)) and torch.equal(target, draw(factors, 32))
    assert torch.equal(pairs("edges to face", factors, 32)[0], edges(factors, 32))
    assert torch.equal(pairs("grey to colour", factors, 32)[0], grey(draw(factors, 32)))
    plain, striped = pairs("plain to striped", factors, 32)
    assert torch.equal(plain, draw(factors.replace(stripes="plain"), 32))
    assert torch.equal(striped, draw(factors.replace(stripes="striped"), 32))
    flat, ink = pairs("flat to ink", factors, 32)
    assert torch.equal(flat, draw(factors.replace(drawing="flat"), 32))
    assert torch.equal(ink, draw(factors.replace(drawing="ink"), 32))


def test_bad_pairs():
    factors = draw_factors(1, generator=generator(0))
    with pytest.raises(ValueError, match=r"no translation called 'edges to faces'\. Did you mean 'edges to face'"):
        pairs("edges to faces", factors)
    with pytest.raises(ValueError, match="4 must divide the size, got 30"):
        pairs("small to large", factors, 30)
