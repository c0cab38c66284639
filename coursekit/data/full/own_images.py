"""A folder of one's own pictures as data."""

import warnings
from pathlib import Path

import torch
from torch import Tensor

from coursekit import arguments
from coursekit.data.empirical import Empirical

_ENDINGS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")


def own_images(folder: str | Path, size: int = 32, *, grey: bool = False) -> Empirical:
    """Loads all pictures of a folder and of the folders in it, each cropped to its middle square and scaled.

    Pictures that cannot be read are skipped, and one warning lists them.

    Args:
        folder: The folder. If it has folders in it, their names become the labels' names.
        size: Width and height in pixels of the result, from 1.
        grey: One channel instead of RGB.

    Returns:
        Pictures with shape (n, 3 or 1, size, size), kept as uint8, in the order of their paths.

    Raises:
        ValueError: If there is no such folder, or no picture in it that can be read.
        ModuleNotFoundError: If Pillow is not installed.
    """
    arguments.count(size, "size", minimum=1)
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise ValueError(f"there is no folder {folder}; give the path of a folder with pictures in it.")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS and path.is_file())
    if not paths:
        raise ValueError(f"there are no pictures in {folder}; looked for files that end in {', '.join(_ENDINGS)}.")
    pictures, labels, broken = [], [], []
    for path in paths:
        try:
            pictures.append(_read(path, size, grey))
        except _unreadable() as error:
            broken.append(f"{path.relative_to(folder)} ({error})")
        else:
            inside = path.relative_to(folder).parts
            labels.append(inside[0] if len(inside) > 1 else "")
    if broken:
        shown = "; ".join(broken[:5]) + (f"; and {len(broken) - 5} more" if len(broken) > 5 else "")
        warnings.warn(
            f"{len(broken)} of {len(paths)} pictures could not be read and were skipped: {shown}", stacklevel=2
        )
    if not pictures:
        raise ValueError(f"none of the {len(paths)} pictures in {folder} could be read.")
    names = tuple(sorted(set(labels)))
    if len(names) == 1:
        return Empirical(torch.stack(pictures))
    return Empirical(torch.stack(pictures), torch.tensor([names.index(label) for label in labels]), names=names)


def _read(path: Path, size: int, grey: bool) -> Tensor:
    """One picture, uint8 with shape (channels, size, size)."""
    image_module, ops = _pillow()
    with warnings.catch_warnings():
        # A file that would unfold to gigabytes counts as broken.
        warnings.simplefilter("error", image_module.DecompressionBombWarning)
        with image_module.open(path) as opened:
            image = ops.exif_transpose(opened)  # as the camera was held
            if image.mode.startswith("I"):
                # 16 bits a pixel; Pillow would cut them off at 255.
                image = image.convert("I").point(lambda level: level * (1 / 257)).convert("L")
            if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
                # What shines through is white, as on a page.
                image = image.convert("RGBA")
                image = image_module.alpha_composite(image_module.new("RGBA", image.size, "white"), image)
            image = ops.fit(image.convert("RGB"), (size, size), image_module.Resampling.LANCZOS)
            image = image.convert("L") if grey else image
    data = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return data.reshape(size, size, -1).movedim(-1, 0).contiguous()


def _unreadable() -> tuple[type[BaseException], ...]:
    image_module, _ = _pillow()
    bombs = (image_module.DecompressionBombWarning, image_module.DecompressionBombError)
    return (OSError, SyntaxError, ValueError, EOFError, IndexError, *bombs)


def _pillow():
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ModuleNotFoundError(
            "pictures are read by Pillow, which is not installed; try pip install pillow."
        ) from error
    return Image, ImageOps
