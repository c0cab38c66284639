"""n-grams: how often each pair, triple, ... of neighbouring characters comes up in texts.

Whoever generates text must at least get these right. They say nothing of spelling beyond n characters, let alone of
meaning; but they can be counted, and two lists of shares compared by a divergence (Gulrajani et al. 2017, section 5.4,
and appendix: the Jensen-Shannon divergence between n-grams of samples and of text).
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from coursekit import arguments
from coursekit.distances import jensen_shannon


def ngram_shares(codes: Int[Tensor, "runs length"], n: int, size: int) -> Float[Tensor, " grams"]:
    """The share of each n-gram among all in the runs.

    Args:
        codes: Characters as numbers 0, ..., size - 1 with shape (runs, L).
        n: Characters in a gram, at most L.
        size: Characters in the alphabet, V.

    Returns:
        With shape (V^n,), adding up to 1, in float64; entry V a + b is the pair (a, b).

    Raises:
        ValueError: If a run is shorter than a gram, or a number is out of range.
    """
    arguments.count(n, "n", minimum=1)
    if codes.shape[1] < n or len(codes) == 0:
        raise ValueError(f"there are no {n}-grams in runs with shape {tuple(codes.shape)}.")
    if codes.min() < 0 or codes.max() >= size:
        raise ValueError(f"characters must be numbers from 0 to {size - 1}, got {codes.min()} to {codes.max()}.")
    grams = codes.unfold(1, n, 1)  # (runs, L - n + 1, n)
    place = size ** torch.arange(n - 1, -1, -1, device=codes.device)
    counts = torch.bincount((grams * place).sum(-1).flatten(), minlength=size**n).double()
    return counts / counts.sum()


def ngram_divergence(
    codes: Int[Tensor, "runs length"], text: Int[Tensor, "runs2 length2"], n: int, size: int
) -> Float[Tensor, ""]:
    """The Jensen-Shannon divergence between the n-grams of two sets of runs, in nats, at most log 2.

    Finite samples of one text have a divergence above 0: hold what is measured against that of fresh runs of the text.
    """
    return jensen_shannon(ngram_shares(codes, n, size), ngram_shares(text, n, size))
