"""MNIST and Fashion-MNIST from OpenML, by scikit-learn's `fetch_openml`.

What comes over the network is text, 55 million numbers, and takes a minute to read. So the pictures are kept as one
array beside their checksum, and read from there the next time.
"""

import contextlib
import os
import socket
import threading
import urllib.error
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from coursekit.data.empirical import Empirical
from coursekit.data.full.cache import OFFLINE, TIMEOUT_S, DataUnavailable, checksum, room_needed

TRAIN = 60_000  # the first ones; the rest are the test part


@dataclass(frozen=True)
class OpenML:
    """One data set: its number there, its classes, how many pictures each class has in the test part, bytes to come."""

    number: int
    names: tuple[str, ...]
    test_counts: tuple[int, ...]
    size: int = 20_000_000


MNIST = OpenML(554, tuple("0123456789"), (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009))
FASHION_MNIST = OpenML(
    40996,
    ("t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
    (1000,) * 10,
    35_000_000,
)


def openml(data: OpenML, name: str, split: str, folder: Path, *, progress: bool) -> Empirical:
    """70,000 grey pictures with 28 x 28 pixels in 10 classes: 60,000 for training, 10,000 for testing."""
    path = folder / f"{name}.npz"
    kept = _kept(path)
    if kept is None:
        kept = _fetched(data, name, folder, progress)
        with room_needed(folder, kept[0].nbytes):
            _keep(path, *kept)
    pictures, labels = kept
    part = slice(0, TRAIN) if split == "train" else slice(TRAIN, None)
    points = torch.from_numpy(pictures[part].reshape(-1, 1, 28, 28).copy())
    return Empirical(points, torch.from_numpy(labels[part].astype(np.int64)), names=data.names)


def _fetched(data: OpenML, name: str, folder: Path, progress: bool) -> tuple[np.ndarray, np.ndarray]:
    # scikit-learn leaves a compressed copy there as well; reading it needs the numbers as floating point once.
    from sklearn.datasets import fetch_openml

    store = folder / "openml"
    try:
        with room_needed(folder, 6 * data.size), _timeout(), _watched(store, name, data.size, progress):
            bunch = fetch_openml(data_id=data.number, data_home=str(store), as_frame=False, parser="liac-arff")
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise DataUnavailable(
            f"{name} could not be fetched from OpenML (number {data.number}): {reason}. {OFFLINE}"
        ) from error
    except (ValueError, KeyError) as error:
        # fetch_openml compares checksums; what it left is of no use.
        raise DataUnavailable(
            f"{name} came damaged from OpenML: {error} Remove the folder {store} and try again. {OFFLINE}"
        ) from error
    pixels, labels = np.asarray(bunch.data), np.asarray(bunch.target)
    _check(data, name, pixels, labels)
    return pixels.astype(np.uint8), labels.astype(np.int64).astype(np.uint8)


def _check(data: OpenML, name: str, pixels: np.ndarray, labels: np.ndarray) -> None:
    """The split is by position, so the order must be the one that everybody uses: the test part's counts tell."""
    good = pixels.ndim == 2 and pixels.shape[1] == 28 * 28 and ((pixels >= 0) & (pixels <= 255)).all()
    counts = np.bincount(labels[TRAIN:].astype(np.int64), minlength=10) if good else None
    if counts is None or tuple(counts) != data.test_counts:
        raise DataUnavailable(
            f"what OpenML holds under number {data.number} is not {name} in its usual order: {pixels.shape} numbers, "
            f"counts by class in the test part {counts}. {OFFLINE}"
        )


def _keep(path: Path, pictures: np.ndarray, labels: np.ndarray) -> None:
    part = path.with_suffix(f".{os.getpid()}.npz")
    np.savez_compressed(part, pictures=pictures, labels=labels)
    path.with_suffix(".sha256").write_text(checksum(part, "sha256") + "\n", "utf-8")
    part.replace(path)


def _kept(path: Path) -> tuple[np.ndarray, np.ndarray] | None:
    """What an earlier call kept; None, with a warning, if it is damaged."""
    digest = path.with_suffix(".sha256")
    if not path.is_file():
        return None
    if digest.is_file() and digest.read_text("utf-8").strip() == checksum(path, "sha256"):
        with contextlib.suppress(ValueError, KeyError, OSError, zipfile.BadZipFile), np.load(path) as content:
            return content["pictures"], content["labels"]
    warnings.warn(f"{path} is damaged (its checksum is wrong) and is made again.", stacklevel=4)
    return None


@contextlib.contextmanager
def _timeout() -> Iterator[None]:
    """fetch_openml takes no timeout; sockets have a default one."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


@contextlib.contextmanager
def _watched(folder: Path, name: str, size: int, progress: bool) -> Iterator[None]:
    """Shows how much has arrived: fetch_openml tells nothing, but the folder that it writes to grows."""
    done = threading.Event()

    def watch() -> None:
        with tqdm(total=size, unit="B", unit_scale=True, desc=name, disable=not progress) as bar:
            while not done.wait(0.2):
                with contextlib.suppress(OSError):  # files come and go while we look
                    bar.update(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) - bar.n)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
