"""Files from the network, kept on disk: fetched once, checked every time.

A file is used only if its checksum is the published one. A damaged file is fetched again; a download that is not what
it should be is thrown away. Everything that may go wrong (no network, no room, a slow or lying server) ends in a
sentence that says what to do, and what to use meanwhile.
"""

import contextlib
import errno
import hashlib
import http.client
import os
import shutil
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tqdm.auto import tqdm

TIMEOUT_S = 30.0  # without a byte from the server
_BLOCK = 1 << 16

OFFLINE = (
    "Without a network use what comes with the course: coursekit.data.digits, Patches, and Faces (drawn pictures with "
    "known factors)."
)


class DataUnavailable(RuntimeError):
    """Data cannot be had right now; the message says why and what to use instead."""


@dataclass(frozen=True)
class Source:
    """One file: where it is, how it is called on disk, how large it is, and its MD5 checksum as published.

    MD5 finds damage by accident, which is what it is for here.
    """

    url: str
    name: str
    md5: str
    size: int


def cache_folder(folder: str | os.PathLike | None = None) -> Path:
    """Where files are kept: `folder` if given, else $COURSEKIT_DATA, else coursekit in the user's cache folder."""
    if folder is not None:
        return Path(folder).expanduser()
    if os.environ.get("COURSEKIT_DATA"):
        return Path(os.environ["COURSEKIT_DATA"]).expanduser()
    base = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "coursekit"


def fetch(source: Source, folder: Path, *, progress: bool = True) -> Path:
    """Gives the path of a file whose checksum is right; downloads it where needed.

    Raises:
        DataUnavailable: If there is no network, no room, or what arrives is not the file.
    """
    path = folder / source.name
    if path.is_file():
        if checksum(path, "md5") == source.md5:
            return path
        warnings.warn(f"{path} is damaged (its checksum is wrong) and is fetched again.", stacklevel=3)
    with room_needed(folder, source.size):
        folder.mkdir(parents=True, exist_ok=True)
        # Under another name until it is known to be good: an interrupted download never looks like a file.
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            found = _download(source, part, progress)
            if found != source.md5:
                raise DataUnavailable(
                    f"what came from {source.url} is not {source.name}: its MD5 is {found}, expected {source.md5}. A "
                    "page that asks to log in to the network may have answered instead; open the address in a browser. "
                    + OFFLINE
                )
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return path


def checksum(path: Path, algorithm: str) -> str:
    """The checksum of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


@contextlib.contextmanager
def room_needed(folder: Path, size: int) -> Iterator[None]:
    """Checks that a disk has room for `size` bytes before they are written, and explains it if it fills up meanwhile.

    Raises:
        DataUnavailable: If it has not.
    """
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(existing).free
    if free < size:
        raise DataUnavailable(
            f"{folder} needs {size / 1e6:.0f} MB and its disk has {free / 1e6:.0f} MB left; make room, or name another "
            f"folder with folder= or in the environment variable COURSEKIT_DATA. {OFFLINE}"
        )
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DataUnavailable(
                f"the disk of {folder} is full; make room ({size / 1e6:.0f} MB), or name another folder with folder= "
                f"or in the environment variable COURSEKIT_DATA. {OFFLINE}"
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise DataUnavailable(
                f"{folder} cannot be written to ({error.strerror}); name another folder with folder= or in the "
                "environment variable COURSEKIT_DATA."
            ) from error
        raise


def _download(source: Source, part: Path, progress: bool) -> str:
    """Writes the file to `part` and returns its checksum."""
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with urllib.request.urlopen(source.url, timeout=TIMEOUT_S) as answer, part.open("wb") as file:
            total = int(answer.headers.get("Content-Length") or source.size)
            with tqdm(total=total, unit="B", unit_scale=True, desc=source.name, disable=not progress) as bar:
                arrived = 0
                while block := answer.read(_BLOCK):
                    file.write(block)
                    digest.update(block)
                    bar.update(len(block))
                    arrived += len(block)
                if answer.headers.get("Content-Length") and arrived < total:
                    raise ConnectionError(f"the connection ended after {arrived} of {total} bytes")
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise DataUnavailable(
            f"{source.name} could not be fetched from {source.url}: {reason}. If you have the file, put it into "
            f"{part.parent}. {OFFLINE}"
        ) from error
    return digest.hexdigest()
