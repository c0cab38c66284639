"""Full-size data sets against small files in the same formats; everything that may go wrong on the way to them."""

import gzip
import hashlib
import http.server
import io
import json
import shutil
import tarfile
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.io
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.data import DataUnavailable, load
from coursekit.data.full import NAMES, archives, cache, cache_folder
from coursekit.data.full import openml as openml_module
from coursekit.data.full.cache import Source, fetch

RNG = np.random.default_rng(0)
PICTURES = RNG.integers(0, 256, (12, 3, 32, 32), dtype=np.uint8)
LABELS = np.array([3, 0, 9, 1, 2, 8, 4, 5, 6, 7, 7, 0], dtype=np.uint8)


def source_of(path, **changes):
    content = path.read_bytes()
    source = Source(path.as_uri(), path.name, hashlib.md5(content).hexdigest(), len(content))
    return replace(source, **changes)


@pytest.fixture
def origin(tmp_path):
    (tmp_path / "origin").mkdir()
    return tmp_path / "origin"


@pytest.fixture
def cifar(origin, monkeypatch):
    """CIFAR-10's binary archive with 2 pictures in each of its 6 files."""
    path = origin / "cifar-10-binary.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for i, part in enumerate([f"data_batch_{k}.bin" for k in range(1, 6)] + ["test_batch.bin"]):
            rows = slice(2 * i, 2 * i + 2)
            content = np.concatenate([LABELS[rows, None], PICTURES[rows].reshape(2, -1)], axis=1).tobytes()
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{part}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    monkeypatch.setattr(archives, "CIFAR_10", source_of(path))
    return path


@pytest.fixture
def svhn(origin, monkeypatch):
    """SVHN's two MATLAB files with 12 pictures; the digit 0 is written 10."""
    for split in ("train", "test"):
        path = origin / f"{split}_32x32.mat"
        y = np.where(LABELS == 0, 10, LABELS)[:, None]
        scipy.io.savemat(path, {"X": PICTURES.transpose(2, 3, 1, 0), "y": y}, do_compression=True)
        monkeypatch.setitem(archives.SVHN, split, source_of(path))
    return origin


def test_cifar_10(cifar, tmp_path):
    train, test = (load("cifar-10", split, folder=tmp_path / "cache", progress=False) for split in ("train", "test"))
    assert np.array_equal(train.points, PICTURES[:10]) and np.array_equal(test.points, PICTURES[10:])
    assert train.labels.tolist() == LABELS[:10].tolist() and train.names[int(train.labels[0])] == "cat"
    assert test.sample(3).dtype == torch.float32 and test.sample(3).max() <= 1


def test_svhn(svhn, tmp_path):
    for split in ("train", "test"):
        data = load("svhn", split, folder=tmp_path / "cache", progress=False)
        assert np.array_equal(data.points, PICTURES) and data.labels.tolist() == LABELS.tolist()


def test_fetched_once_then_kept(cifar, tmp_path):
    load("cifar-10", folder=tmp_path / "cache", progress=False)
    cifar.unlink()
    assert len(load("cifar-10", folder=tmp_path / "cache", progress=False)) == 10
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["cifar-10-binary.tar.gz"]


@settings(max_examples=25)
@given(st.integers(0, 10**9), st.integers(1, 255))
def test_a_damaged_file_is_found_and_fetched_again(tmp_path_factory, where, flip):
    folder = tmp_path_factory.mktemp("damage")
    (folder / "origin").write_bytes(bytes(range(256)) * 4)
    source = source_of(folder / "origin", name="kept")
    path = fetch(source, folder / "cache", progress=False)
    content = bytearray(path.read_bytes())
    content[where % len(content)] ^= flip
    path.write_bytes(content)
    with pytest.warns(UserWarning, match=r"kept is damaged .* fetched again"):
        fetch(source, folder / "cache", progress=False)
    assert path.read_bytes() == (folder / "origin").read_bytes()


def test_a_download_that_is_something_else_is_thrown_away(cifar, tmp_path, monkeypatch):
    cifar.write_text("<html>Please log in to this network.</html>")
    with pytest.raises(DataUnavailable, match=r"is not cifar-10-binary.tar.gz: its MD5 is .* log in"):
        load("cifar-10", folder=tmp_path / "cache", progress=False)
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_network(name, tmp_path, monkeypatch):
    """The real addresses, on a machine that cannot reach them."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # between scikit-learn's attempts
    with pytest.warns() if "mnist" in name else _nothing(), pytest.raises(DataUnavailable) as caught:
        load(name, folder=tmp_path, progress=False)
    assert "could not be fetched" in str(caught.value) and "coursekit.data.digits, Patches, and Faces" in str(
        caught.value
    )


def _nothing():
    import contextlib

    return contextlib.nullcontext()


class _Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/missing":
            return self.send_error(404)
        if self.path == "/silent":
            self.server.wait.wait(10)
            return None
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * (1000 if self.path == "/whole" else 10))
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    server.wait = threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.wait.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("missing", "Not Found"),
        ("broken", "the connection ended after 10 of 1000 bytes"),
        ("silent", "timed out"),
    ],
)
def test_servers_that_fail(server, address, message, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "TIMEOUT_S", 0.3)
    source = Source(f"{server}/{address}", "file", hashlib.md5(b"x" * 1000).hexdigest(), 1000)
    with pytest.raises(DataUnavailable, match=f"{message}.*put it into {tmp_path}.*Without a network"):
        fetch(source, tmp_path, progress=False)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_works(server, tmp_path, capsys):
    source = Source(f"{server}/whole", "file", hashlib.md5(b"x" * 1000).hexdigest(), 1000)
    assert fetch(source, tmp_path / "new" / "folder").read_bytes() == b"x" * 1000
    assert "1.00k/1.00k" in capsys.readouterr().err


def test_a_disk_without_room(cifar, tmp_path, monkeypatch):
    usage = SimpleNamespace(total=10, used=10, free=10)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(DataUnavailable, match=r"its disk has 0 MB left; make room, or .*COURSEKIT_DATA"):
        load("cifar-10", folder=tmp_path / "cache", progress=False)


def test_a_disk_that_fills_up(cifar, tmp_path):
    """/dev/full is a device that is always full."""
    if not hasattr(shutil.os, "mkfifo"):
        pytest.skip("no /dev/full here")
    folder = tmp_path / "cache"
    folder.mkdir()
    part = folder / f"cifar-10-binary.tar.gz.{shutil.os.getpid()}.part"
    part.symlink_to("/dev/full")
    with pytest.raises(DataUnavailable, match=r"the disk of .* is full; make room"):
        load("cifar-10", folder=folder, progress=False)
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_a_file(cifar, tmp_path):
    (tmp_path / "cache").write_text("")
    with pytest.raises(DataUnavailable, match=r"cannot be written to .* name another folder"):
        load("cifar-10", folder=tmp_path / "cache", progress=False)


def test_archives_with_another_content(origin, tmp_path, monkeypatch):
    bad = origin / "cifar-10-binary.tar.gz"
    with tarfile.open(bad, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("cifar-10-batches-bin/test_batch.bin"), io.BytesIO())
    monkeypatch.setattr(archives, "CIFAR_10", source_of(bad))
    with pytest.raises(DataUnavailable, match=r"not the form that it should have: .*data_batch_1.bin"):
        load("cifar-10", folder=tmp_path / "cache", progress=False)
    with pytest.raises(DataUnavailable, match="0 bytes, not a multiple of 3073"):
        load("cifar-10", "test", folder=tmp_path / "cache", progress=False)
    mat = origin / "test_32x32.mat"
    for content in ({"X": np.zeros((32, 32, 3, 2)), "y": np.ones((2, 1))}, {"X": np.zeros(3, dtype=np.uint8)}):
        scipy.io.savemat(mat, content)
        monkeypatch.setitem(archives.SVHN, "test", source_of(mat, name="other.mat"))
        with pytest.raises(DataUnavailable, match="not the form"), _warns_if((tmp_path / "c" / "other.mat").exists()):
            load("svhn", "test", folder=tmp_path / "c", progress=False)


def _warns_if(condition):
    return pytest.warns(UserWarning) if condition else _nothing()


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """What OpenML sends for MNIST, in its own format, with 20 pictures; put where scikit-learn keeps it."""
    monkeypatch.setattr(openml_module, "TRAIN", 10)
    monkeypatch.setattr(openml_module, "MNIST", replace(openml_module.MNIST, test_counts=(1,) * 10))
    pixels = RNG.integers(0, 256, (20, 784))
    labels = [*LABELS[:10].tolist(), *range(10)]
    names = [f"pixel{i + 1}" for i in range(784)]
    lines = ["@RELATION mnist_784", *(f"@ATTRIBUTE {name} INTEGER" for name in names)]
    lines += ["@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}", "@DATA"]
    lines += [",".join(map(str, [*row, label])) for row, label in zip(pixels.tolist(), labels, strict=True)]
    arff = "\n".join(lines).encode()
    feature = {"is_ignore": "false", "is_row_identifier": "false", "number_of_missing_values": "0"}
    features = [
        {**feature, "index": str(i), "name": name, "data_type": "numeric", "is_target": "false"}
        for i, name in enumerate(names)
    ]
    features.append({**feature, "index": "784", "name": "class", "data_type": "nominal", "is_target": "true"})
    description = {
        "id": "554", "name": "mnist_784", "version": "1", "format": "ARFF", "status": "active", "file_id": "52667",
        "url": "https://api.openml.org/data/v1/download/52667/mnist_784.arff",
        "md5_checksum": hashlib.md5(arff).hexdigest(), "description": "",
    }  # fmt: skip
    files = {
        "api/v1/json/data/554": {"data_set_description": description},
        "api/v1/json/data/features/554": {"data_features": {"feature": features}},
        "api/v1/json/data/qualities/554": {
            "data_qualities": {"quality": [{"name": "NumberOfInstances", "value": "20"}]}
        },
        "data/v1/download/52667/mnist_784.arff": arff,
    }
    root = tmp_path / "cache" / "openml" / "openml" / "openml.org"
    for name, content in files.items():
        path = root / f"{name}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content if isinstance(content, bytes) else json.dumps(content).encode()))
    return SimpleNamespace(folder=tmp_path / "cache", pixels=pixels, labels=labels, root=root)


def test_mnist(mnist):
    train, test = (load("mnist", split, folder=mnist.folder, progress=False) for split in ("train", "test"))
    both = torch.cat([train.points, test.points])
    assert both.dtype == torch.uint8 and np.array_equal(both.reshape(20, 784), mnist.pixels)
    assert [*train.labels.tolist(), *test.labels.tolist()] == mnist.labels
    assert train.sample(2).shape == (2, 1, 28, 28)


def test_mnist_is_kept_as_an_array(mnist, monkeypatch):
    first = load("mnist", folder=mnist.folder, progress=False)
    shutil.rmtree(mnist.root)
    assert torch.equal(first.points, load("mnist", folder=mnist.folder, progress=False).points)
    assert sorted(path.name for path in mnist.folder.iterdir()) == ["mnist.npz", "mnist.sha256", "openml"]


def test_a_damaged_array_is_made_again(mnist):
    first = load("mnist", folder=mnist.folder, progress=False)
    content = bytearray((mnist.folder / "mnist.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (mnist.folder / "mnist.npz").write_bytes(content)
    with pytest.warns(UserWarning, match=r"mnist.npz is damaged .* made again"):
        again = load("mnist", folder=mnist.folder, progress=False)
    assert torch.equal(first.points, again.points)


def test_mnist_damaged_on_the_way(mnist, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    path = mnist.root / "data/v1/download/52667/mnist_784.arff.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1] + b"0"))
    with pytest.warns(), pytest.raises(DataUnavailable, match=r"mnist (came damaged|could not be fetched)"):
        load("mnist", folder=mnist.folder, progress=False)


def test_mnist_in_another_order(mnist, monkeypatch):
    monkeypatch.setattr(openml_module, "TRAIN", 9)
    with pytest.raises(DataUnavailable, match="not mnist in its usual order"):
        load("mnist", folder=mnist.folder, progress=False)
    assert not (mnist.folder / "mnist.npz").exists()


def test_progress_of_openml_is_what_has_arrived(tmp_path, capsys):
    import time

    with openml_module._watched(tmp_path, "mnist", 4000, True):
        (tmp_path / "part").write_bytes(b"x" * 3000)
        time.sleep(0.6)
    assert "3.00k/4.00k" in capsys.readouterr().err


def test_unknown_names(tmp_path):
    with pytest.raises(ValueError, match=r"no data set called 'cifar10'\. Did you mean 'cifar-10'"):
        load("cifar10", folder=tmp_path)
    with pytest.raises(ValueError, match=r"no data set called 'MNIST'\. Did you mean 'mnist'"):
        load("MNIST", folder=tmp_path)
    with pytest.raises(ValueError, match="no split called 'validation'"):
        load("mnist", "validation", folder=tmp_path)


def test_where_files_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSEKIT_DATA", str(tmp_path / "a"))
    assert cache_folder() == tmp_path / "a" and cache_folder(tmp_path) == tmp_path
    monkeypatch.delenv("COURSEKIT_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    assert cache_folder() == tmp_path / "coursekit"
