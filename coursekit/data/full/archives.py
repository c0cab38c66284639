"""SVHN and CIFAR-10 from the archives of those who made them.

Only formats that hold numbers and nothing else: CIFAR-10 in its binary version (its Python version is pickled, and
unpickling runs what a file says), SVHN as MATLAB arrays, read by scipy.
"""

import tarfile
from pathlib import Path

import numpy as np
import torch

from coursekit.data.empirical import Empirical
from coursekit.data.full.cache import DataUnavailable, Source, fetch

CIFAR_10 = Source(
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    "cifar-10-binary.tar.gz",
    "c32a1d4ab5d03f1284b67883e8d87530",
    170_052_171,
)
CIFAR_10_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
SVHN = {
    "train": Source(
        "http://ufldl.stanford.edu/housenumbers/train_32x32.mat",
        "train_32x32.mat",
        "e26dedcc434d2e4c54c9b2d4a06d8373",
        182_040_794,
    ),
    "test": Source(
        "http://ufldl.stanford.edu/housenumbers/test_32x32.mat",
        "test_32x32.mat",
        "eb5a983be6a315427106f1b164d9cef3",
        64_275_384,
    ),
}
_RECORD = 1 + 3 * 32 * 32  # a label and a picture, channel by channel


def cifar_10(split: str, folder: Path, *, progress: bool) -> Empirical:
    """CIFAR-10 (Krizhevsky 2009): 50,000 photographs for training, 10,000 for testing, RGB, 32 x 32, 10 classes."""
    path = fetch(CIFAR_10, folder, progress=progress)
    parts = [f"data_batch_{i}.bin" for i in range(1, 6)] if split == "train" else ["test_batch.bin"]
    records = np.concatenate(_cifar_batches(path, parts))
    pictures = torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).copy())
    return Empirical(pictures, torch.from_numpy(records[:, 0].astype(np.int64)), names=CIFAR_10_NAMES)


def svhn(split: str, folder: Path, *, progress: bool) -> Empirical:
    """SVHN (Netzer et al. 2011), cropped digits: 73,257 and 26,032 house numbers, RGB, 32 x 32, 10 classes."""
    import scipy.io

    path = fetch(SVHN[split], folder, progress=progress)
    try:
        content = scipy.io.loadmat(path, variable_names=["X", "y"])
        pictures, labels = content["X"], content["y"].ravel()
        if pictures.dtype != np.uint8 or pictures.shape != (32, 32, 3, len(labels)):
            raise ValueError(f"X has shape {pictures.shape} and dtype {pictures.dtype}")
    except (ValueError, KeyError, NotImplementedError) as error:
        raise _unreadable(path, error) from error
    # In the file 10 stands for the digit 0, and pictures are the last axis.
    points = torch.from_numpy(np.ascontiguousarray(pictures.transpose(3, 2, 0, 1)))
    return Empirical(points, torch.from_numpy(labels.astype(np.int64) % 10), names=tuple("0123456789"))


def _cifar_batches(path: Path, parts: list[str]) -> list[np.ndarray]:
    batches = []
    try:
        # Members are read by name and never unpacked, so that no path in the archive matters.
        with tarfile.open(path, "r:gz") as archive:
            for part in parts:
                member = archive.extractfile(f"cifar-10-batches-bin/{part}")
                content = np.frombuffer(member.read() if member else b"", dtype=np.uint8)
                if len(content) == 0 or len(content) % _RECORD:
                    raise ValueError(f"{part} has {len(content)} bytes, not a multiple of {_RECORD}")
                batches.append(content.reshape(-1, _RECORD))
    except (tarfile.TarError, KeyError, ValueError, EOFError, OSError) as error:
        raise _unreadable(path, error) from error
    return batches


def _unreadable(path: Path, error: Exception) -> DataUnavailable:
    return DataUnavailable(f"{path} has the right checksum but not the form that it should have: {error}.")
