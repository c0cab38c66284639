"""A folder of one's own pictures: all kinds of files, good and broken."""

import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from coursekit.data import own_images

GREEN = (0, 200, 100)


def fill(path, colour=GREEN, size=(20, 12), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)


def test_kinds_of_files(tmp_path):
    fill(tmp_path / "a.png")
    fill(tmp_path / "b.JPG", quality=95)
    fill(tmp_path / "c.gif")
    fill(tmp_path / "d.bmp", mode="L", colour=120)
    fill(tmp_path / "e.png", mode="RGBA", colour=(0, 0, 0, 0))
    Image.fromarray(np.full((9, 9), 257 * 30, dtype=np.uint16)).save(tmp_path / "f.png")
    (tmp_path / "notes.txt").write_text("no picture")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = own_images(tmp_path, 8)
    assert data.points.shape == (6, 3, 8, 8) and data.points.dtype == torch.uint8 and data.labels is None
    means = data.points.float().mean((2, 3))
    expected = torch.tensor([GREEN, GREEN, GREEN, (120,) * 3, (255,) * 3, (30,) * 3], dtype=torch.float32)
    assert (means - expected).abs().max() < 4
    assert data.sample(5).shape == (5, 3, 8, 8) and data.sample(5).max() <= 1
    assert own_images(tmp_path, 8, grey=True).points.shape == (6, 1, 8, 8)


def test_the_middle_square_is_kept_upright(tmp_path):
    pixels = np.zeros((10, 30, 3), dtype=np.uint8)
    pixels[:, :10], pixels[:, 10:20], pixels[:, 20:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    pixels[5:, 10:20] = (255, 255, 255)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    picture = own_images(tmp_path, 10).points[0]
    assert picture[:, 1, 5].tolist() == [0, 255, 0] and picture[:, 8, 5].tolist() == [255, 255, 255]
    # The same, told by the camera that it was held upside down.
    exif = Image.Exif()
    exif[0x0112] = 3
    Image.fromarray(pixels[::-1, ::-1].copy()).save(tmp_path / "a.png", exif=exif)
    assert torch.equal(own_images(tmp_path, 10).points[0], picture)


def test_folders_are_classes(tmp_path):
    for name in ("cats/1.png", "cats/2.png", "dogs/old/3.png"):
        fill(tmp_path / name)
    data = own_images(tmp_path, 4)
    assert data.names == ("cats", "dogs") and data.labels.tolist() == [0, 0, 1]
    assert len(data.only("cats")) == 2


def test_broken_files_are_reported_and_skipped(tmp_path):
    fill(tmp_path / "good.png")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "cut.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:1500])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.warns(UserWarning, match=r"3 of 4 pictures .* skipped: cut.jpg \(.*; empty.png \(.*; text.png \("):
        data = own_images(tmp_path, 8)
    assert len(data) == 1


def test_a_picture_that_would_unfold_to_gigabytes_is_skipped(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    fill(tmp_path / "small.png", size=(9, 9))
    fill(tmp_path / "large.png", size=(11, 11))
    fill(tmp_path / "larger.png", size=(200, 200))
    with pytest.warns(UserWarning, match="2 of 3 pictures"):
        assert len(own_images(tmp_path, 8)) == 1


@pytest.mark.usefixtures("as_students_run_it")
def test_bad_folders(tmp_path):
    with pytest.raises(ValueError, match="there is no folder"):
        own_images(tmp_path / "nowhere")
    with pytest.raises(ValueError, match=r"there are no pictures in .* looked for files that end in .png"):
        own_images(tmp_path)
    (tmp_path / "a.png").write_bytes(b"broken")
    with pytest.warns(UserWarning), pytest.raises(ValueError, match="none of the 1 pictures"):
        own_images(tmp_path)
    with pytest.raises(ValueError, match="size must be at least 1"):
        own_images(tmp_path, 0)
