"""Digits, patches, and finite data sets as distributions."""

import builtins

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.data import Empirical, Patches, digits, restyled
from coursekit.data.digits import LEVELS
from coursekit.protocols import Sampler
from coursekit.seeds import generator

F64 = torch.float64


def test_digits_split_without_overlap():
    train, test, both = digits("train", dtype=F64), digits("test", dtype=F64), digits("all", dtype=F64)
    assert (len(train), len(test), len(both)) == (1437, 360, 1797)
    joined = torch.cat([train.points, test.points]).flatten(1)
    # Both parts together are all of them.
    torch.testing.assert_close(joined.sum(0), both.points.flatten(1).sum(0))
    assert torch.equal(joined.unique(dim=0), both.points.flatten(1).unique(dim=0))
    assert torch.equal(train.points, digits("train", dtype=F64).points)
    assert not torch.equal(train.points, digits("train", seed=1, dtype=F64).points)
    assert train.labels.bincount(minlength=10).min() > 100 and test.labels.bincount(minlength=10).min() > 20


def test_digits_have_17_levels():
    levels = digits("all", dtype=F64).points * (LEVELS - 1)
    assert torch.equal(levels.unique(), torch.arange(17, dtype=F64))


def test_digits_are_digits():
    """The classes' means classify most test digits: labels belong to their pictures."""
    train, test = digits("train"), digits("test")
    means = torch.stack([train.points[train.labels == k].mean(0) for k in range(10)])
    nearest = torch.cdist(test.points.flatten(1), means.flatten(1)).argmin(1)
    assert (nearest == test.labels).float().mean() > 0.85


def test_restyled_digits():
    pictures = digits("train").points[:200]
    restyle = restyled(pictures, generator=generator(0))
    assert restyle.shape == (200, 3, 8, 8) and restyle.min() >= 0 and restyle.max() <= 1
    assert torch.equal(restyle, restyled(pictures, generator=generator(0)))
    # Ink on paper in every channel, so the digit is to be seen in each: blank and full pages differ by 0.3 or more.
    blank, full = (restyled(torch.full_like(pictures, level), generator=generator(0)) for level in (0.0, 1.0))
    assert (blank - full).abs().min() >= 0.3 - 1e-6
    torch.testing.assert_close(restyle, blank + (full - blank) * pictures)


def test_patches_are_pieces_of_the_photographs():
    patches = Patches(5, colour=True, dtype=F64)
    assert isinstance(patches, Sampler) and patches.event_shape == (3, 5, 5)
    windows = patches.photographs.unfold(2, 5, 1).unfold(3, 5, 1).movedim(1, 3)
    assert len(patches) == windows.shape[:3].numel()
    for patch in patches.sample(4, generator=generator(0)):
        assert (windows == patch).flatten(3).all(3).any()


def test_patches_for_training_and_testing_do_not_overlap():
    train, test = Patches(8), Patches(8, split="test")
    assert train.photographs.shape == (2, 1, 427, 480) and test.photographs.shape == (2, 1, 427, 160)
    assert train.sample(7).shape == (7, 1, 8, 8) and test.sample(0).shape == (0, 1, 8, 8)
    assert torch.equal(train.sample(9, generator=generator(1)), train.sample(9, generator=generator(1)))


def test_patches_are_natural():
    """Neighbouring pixels agree, far ones less: the mark of photographs."""
    x = Patches(16, dtype=F64).sample(4000, generator=generator(0))[:, 0]
    correlation = [torch.corrcoef(torch.stack([x[:, 8, 0], x[:, 8, lag]]))[0, 1] for lag in (1, 4, 15)]
    assert correlation[0] > 0.9 and correlation[0] > correlation[1] > correlation[2]


def test_empirical_samples_with_replacement():
    data = Empirical(torch.arange(3, dtype=F64)[:, None], torch.arange(3))
    points, labels = data.sample_with_labels(30_000, generator=generator(0))
    assert isinstance(data, Sampler) and torch.equal(points[:, 0].long(), labels)
    assert torch.equal(points, data.sample(30_000, generator=generator(0)))
    # Three frequencies at once: 4 standard errors.
    assert ((labels.bincount() - 10_000).abs() < 4 * (30_000 * 2 / 9) ** 0.5).all()


@settings(max_examples=40)
@given(st.integers(1, 30), st.integers(1, 40), st.booleans(), st.integers(0, 100))
def test_an_epoch_takes_every_point_once(n, batch, drop_last, seed):
    data = Empirical(torch.arange(n, dtype=F64), torch.arange(n))
    if drop_last and batch > n:
        with pytest.raises(ValueError, match="batch must be at most"):
            data.epoch(batch, generator=generator(seed), drop_last=True)
        return
    batches = list(data.epoch(batch, generator=generator(seed), drop_last=drop_last))
    taken = torch.cat(batches)
    assert all(len(b) == batch for b in batches[:-1]) and len(taken) == (n - n % batch if drop_last else n)
    assert len(taken.unique()) == len(taken)
    labelled = list(data.epoch_with_labels(batch, generator=generator(seed), drop_last=drop_last))
    assert torch.equal(torch.cat([b for _, b in labelled]), taken.long())


def test_bytes_become_numbers_from_zero_to_one():
    data = Empirical(torch.tensor([[0, 255], [51, 102]], dtype=torch.uint8), dtype=F64)
    torch.testing.assert_close(data.all(), torch.tensor([[0.0, 1.0], [0.2, 0.4]], dtype=F64))
    assert Empirical(torch.zeros(2, 1, dtype=torch.uint8)).sample(5).dtype == torch.float32


def test_moving_data():
    data = Empirical(torch.zeros(2, 1, dtype=torch.uint8), torch.tensor([0, 1]), names=("a", "b"))
    assert data.to(dtype=F64).sample(1).dtype == F64 and data.to(dtype=F64).points.dtype == torch.uint8
    assert data.to("cpu").names == data.names and data.to("meta").labels.device.type == "meta"


def test_classes_by_name():
    data = Empirical(torch.arange(4.0), torch.tensor([0, 1, 1, 2]), names=("cat", "dog", "cow"))
    assert data.only("dog").points.tolist() == [1.0, 2.0] and data.only(0, "cow").points.tolist() == [0.0, 3.0]
    with pytest.raises(ValueError, match=r"no class called 'dgo'\. Did you mean 'dog'"):
        data.only("dgo")
    with pytest.raises(ValueError, match="no points with label 7"):
        data.only(7)


@pytest.mark.usefixtures("as_students_run_it")
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: digits("valid"), "no split called 'valid'"),
        (lambda: Patches(0), "size must be at least 1"),
        (lambda: Patches(161, split="test"), "at most 160 pixels a side, got 161"),
        (lambda: Patches(8, split="tset"), r"no split called 'tset'\. Did you mean 'test'"),
        (lambda: Patches(8).sample(-1), "n must be at least 0"),
        (lambda: Patches(8).sample(1, context=torch.zeros(1)), "unconditional"),
        (lambda: restyled(torch.zeros(2, 3, 8, 8)), r"must have shape \(n, 1, height, width\)"),
        (lambda: restyled(torch.full((1, 1, 8, 8), 16.0)), r"pictures must lie in \[0, 1\]"),
        (lambda: Empirical(torch.zeros(0, 2)), "n at least 1"),
        (lambda: Empirical(torch.tensor([1.0, torch.nan])), "points must be finite"),
        (lambda: Empirical(torch.zeros(3), torch.zeros(3)), "labels must be whole numbers"),
        (lambda: Empirical(torch.zeros(3), torch.zeros(2, dtype=torch.int64)), r"with shape \(3,\)"),
        (lambda: Empirical(torch.zeros(2), torch.tensor([0, 2]), names=("a", "b")), "must lie in 0 to 1"),
        (lambda: Empirical(torch.zeros(2)).sample_with_labels(2), "have no labels"),
        (lambda: Empirical(torch.zeros(2)).epoch(0), "batch must be at least 1"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_patches_without_pillow(monkeypatch):
    load = builtins.__import__

    def without_pillow(name, *arguments, **options):
        if name == "PIL" or name.startswith("PIL."):
            raise ImportError("No module named 'PIL'")
        return load(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_pillow)
    with pytest.raises(ModuleNotFoundError, match=r"pip install pillow, or use coursekit.data.digits"):
        Patches(8)
