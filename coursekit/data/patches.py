"""Patches of natural images, cut from the two photographs that come with scikit-learn: nothing to download.

A Chinese temple and a dahlia, 427 x 640 pixels each. Patches of photographs have what toy data lack: neighbouring
pixels that agree, edges, textures, and contrasts that differ by orders of magnitude. Pixels have 256 levels.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments

_TRAIN = 480  # columns; the 160 to the right are the test part, so that no test patch overlaps one for training


class Patches:
    """The distribution of square patches: a photograph, a place, all uniformly at random. A `Sampler`.

    Args:
        size: Width and height of a patch, 1 to 160.
        split: "train" cuts from the left three quarters of each photograph, "test" from the rest.
        colour: RGB instead of grey.
        dtype: Of the pixels.

    Raises:
        ValueError: If the size does not fit or there is no such split.
        ModuleNotFoundError: If Pillow, which reads photographs, is not installed.
    """

    def __init__(
        self, size: int = 8, *, split: str = "train", colour: bool = False, dtype: torch.dtype = torch.float32
    ) -> None:
        arguments.known(split, ["train", "test"], "split")
        self.size = arguments.count(size, "size", minimum=1)
        photographs = _photographs()
        part = photographs[..., :_TRAIN] if split == "train" else photographs[..., _TRAIN:]
        if size > min(part.shape[-2:]):
            raise ValueError(
                f"patches of the {split} part have at most {min(part.shape[-2:])} pixels a side, got {size}."
            )
        part = part.to(dtype) / 255
        if not colour:
            # Luma, as television has it (ITU-R BT.601).
            part = (part * torch.tensor([0.299, 0.587, 0.114], dtype=dtype)[:, None, None]).sum(1, keepdim=True)
        self.photographs = part

    @property
    def event_shape(self) -> tuple[int, int, int]:
        """The shape of one patch, (channels, size, size)."""
        return (self.photographs.shape[1], self.size, self.size)

    def __len__(self) -> int:
        """How many different patches there are; most overlap."""
        photographs, _, height, width = self.photographs.shape
        return photographs * (height - self.size + 1) * (width - self.size + 1)

    def sample(
        self, n: int, *, context: Tensor | None = None, generator: torch.Generator | None = None
    ) -> Float[Tensor, "n channels size size"]:
        """Draws n patches with values in [0, 1], independently."""
        arguments.no_context(context, self)
        arguments.count(n, "n")
        photographs, _, height, width = self.photographs.shape
        which, top, left = (
            torch.randint(m, (n, 1, 1), generator=generator, device=generator.device if generator else "cpu").cpu()
            for m in (photographs, height - self.size + 1, width - self.size + 1)
        )
        offset = torch.arange(self.size)
        # Advanced indices on both sides of the channels' slice: the channels come last.
        return self.photographs[which, :, top + offset[:, None], left + offset].movedim(-1, 1).contiguous()


def _photographs() -> Tensor:
    """Both photographs, uint8 with shape (2, 3, 427, 640)."""
    from sklearn.datasets import load_sample_images

    try:
        images = load_sample_images().images
    except ImportError as error:
        raise ModuleNotFoundError(
            "patches are cut from photographs, which Pillow reads, and it is not installed; try pip install pillow, or "
            "use coursekit.data.digits, which needs nothing."
        ) from error
    return torch.stack([torch.tensor(image) for image in images]).movedim(-1, 1)
