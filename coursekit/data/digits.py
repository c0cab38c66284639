"""Handwritten digits, 8 x 8 pixels, that come with scikit-learn: nothing to download.

1,797 digits by 43 writers (the test part of the UCI "Optical Recognition of Handwritten Digits", E. Alpaydin and
C. Kaynak, 1998). Each pixel counts how many of the 16 cells of a finer binary bitmap are black. So it has 17 levels,
0 to 16, not 256: bits per dimension on these digits must never be compared with those on other data.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from coursekit import arguments
from coursekit.data.empirical import Empirical

LEVELS = 17
_TEST = 360  # a fifth


def digits(split: str = "train", *, seed: int = 0, dtype: torch.dtype = torch.float32) -> Empirical:
    """Loads one part of the digits.

    Args:
        split: "train" (1,437 digits), "test" (360), or "all" (1,797, in the order of the source).
        seed: Of the split. Keep it as it is, unless the split itself is what varies: two parts with different seeds
            overlap.
        dtype: Of the pixels.

    Returns:
        Pictures with shape (n, 1, 8, 8) in [0, 1], black on white turned round to bright on dark, as is usual: 0 is
        paper, 1 is ink, and `16 * picture` are the 17 levels as whole numbers. Labels are the digits.

    Raises:
        ValueError: If there is no such split.
    """
    arguments.known(split, ["train", "test", "all"], "split")
    from sklearn.datasets import load_digits

    source = load_digits()
    points = torch.as_tensor(source.images, dtype=dtype)[:, None] / (LEVELS - 1)
    labels = torch.as_tensor(source.target, dtype=torch.int64)
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(seed))
    index = {"train": order[_TEST:], "test": order[:_TEST], "all": torch.arange(len(points))}[split]
    return Empirical(points[index], labels[index], names=tuple("0123456789"))


def restyled(
    pictures: Float[Tensor, "n 1 h w"], *, generator: torch.Generator | None = None
) -> Float[Tensor, "n 3 h w"]:
    """The same digits in another style: coloured ink on coloured paper, for adapting a classifier to a new domain.

    Each digit has its own two colours, at least a half apart in every channel, and paper that gets brighter or darker
    from top to bottom. After MNIST-M (Ganin et al. 2016, JMLR 17), which blends digits with photographs.

    Args:
        pictures: In [0, 1], with shape (n, 1, h, w).
        generator: Source of randomness.
    """
    arguments.within(arguments.finite(pictures, "pictures"), "pictures", 0.0, 1.0)
    if pictures.dim() != 4 or pictures.shape[1] != 1:
        raise ValueError(f"pictures must have shape (n, 1, height, width), got {tuple(pictures.shape)}.")
    n, _, height, _ = pictures.shape
    device = generator.device if generator is not None else pictures.device
    paper, distance, slope = torch.rand(3, n, 3, 1, 1, generator=generator, device=device).to(pictures)
    # Paper is p in one half of a channel; ink is at a distance of 1/2 to as far as the channel goes, on the other side.
    room = torch.maximum(paper, 1 - paper)
    ink = paper + torch.where(paper < 0.5, 1.0, -1.0) * (0.5 + (room - 0.5) * distance)
    rise = torch.linspace(-0.2, 0.2, height, dtype=pictures.dtype, device=pictures.device)[:, None]
    paper = (paper + (2 * slope - 1) * rise).clamp(0, 1)
    return paper.lerp(ink, pictures)
