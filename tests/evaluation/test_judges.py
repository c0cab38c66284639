"""The judges that are shipped: accuracy on unseen pictures, checksums, sizes, bad input."""

import json
import shutil

import pytest
import torch

from coursekit.data import digits
from coursekit.data.faces import CONTINUOUS, DISCRETE, FACTORS, Faces
from coursekit.evaluation.judges import JUDGES, DamagedWeights, judge_card, load_judge
from coursekit.evaluation.judges.store import FOLDER
from coursekit.seeds import generator


@pytest.mark.parametrize("size", [16, 32, 48])
def test_the_factor_network_reads_unseen_faces(size):
    judge, n = load_judge("faces"), 1500
    x, factors = Faces(size).sample_with_factors(n, generator=generator(777))
    read = judge.read(x)
    for name in DISCRETE:
        right = (read[name] == factors[name]).double().mean().item()
        assert right >= 0.98 - 3 * (0.98 * 0.02 / n) ** 0.5, f"{name}: {right:.3f}"
    for name in CONTINUOUS:
        together = torch.corrcoef(torch.stack([read[name], factors[name]]))[0, 1]
        assert together > (0.9 if size == 16 and name == "eye_size" else 0.95), f"{name}: {together:.3f}"


def test_the_digit_network_reads_the_test_digits():
    judge, data = load_judge("digits"), digits("test")
    assert (judge.read(data.points) == data.labels).double().mean() >= 0.97


def test_the_cards_figures_hold_for_every_seed():
    faces = judge_card("faces")
    assert len(faces["held_out"]) == len(faces["seeds"]) >= 3
    assert min(run["32"][name] for run in faces["held_out"] for name in DISCRETE) >= 0.98
    assert min(run["test"] for run in judge_card("digits")["held_out"]) >= 0.97


@pytest.mark.parametrize("name", JUDGES)
def test_weights_are_small_and_carry_no_gradient(name):
    assert (FOLDER / f"{name}.safetensors").stat().st_size == judge_card(name)["bytes"] < 1_000_000
    judge = load_judge(name)
    assert not judge.training and not any(p.requires_grad for p in judge.parameters())


def test_features_and_answers_have_their_shapes():
    judge = load_judge("faces")
    x = Faces(40).sample(3, generator=generator(0))
    assert judge.features(x).shape == (3, 128)
    out = judge(x)
    assert list(out) == list(FACTORS)
    for name, factor in FACTORS.items():
        assert out[name].shape == ((3, factor.width) if factor.discrete else (3,))
    assert load_judge("digits").features(digits("test").points[:5]).shape == (5, 64)


def test_gradients_reach_the_picture():
    x = Faces(32).sample(2, generator=generator(0)).requires_grad_()
    load_judge("faces").features(x).sum().backward()
    assert x.grad.abs().sum() > 0


def test_damaged_weights_are_noticed(tmp_path):
    for file in FOLDER.glob("digits.*"):
        shutil.copy(file, tmp_path)
    data = bytearray((tmp_path / "digits.safetensors").read_bytes())
    data[-1] ^= 1
    (tmp_path / "digits.safetensors").write_bytes(bytes(data))
    with pytest.raises(DamagedWeights, match=r"digits.*train_judges"):
        load_judge("digits", folder=tmp_path)
    (tmp_path / "digits.safetensors").unlink()
    with pytest.raises(DamagedWeights, match="no file"):
        load_judge("digits", folder=tmp_path)


@pytest.mark.parametrize(("name", "x", "words"), [
    ("faces", torch.zeros(2, 1, 32, 32), "RGB|must have shape"),
    ("faces", torch.zeros(2, 3, 4, 4), "at least 8"),
    ("faces", torch.full((1, 3, 32, 32), torch.nan), "finite"),
    ("digits", torch.zeros(2, 1, 16, 16), r"\(n, 1, 8, 8\)"),
])
def test_bad_pictures_end_as_sentences(name, x, words):
    with pytest.raises(ValueError, match=words):
        load_judge(name).features(x)


def test_an_unknown_judge_gets_a_suggestion():
    with pytest.raises(ValueError, match="Did you mean 'faces'"):
        load_judge("face")


def test_cards_are_plain_json():
    for name in JUDGES:
        card = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        assert {"seeds", "held_out", "seconds", "kept_seed", "sha256", "steps", "batch"} <= set(card)
