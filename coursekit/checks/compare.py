"""How two arrays differ, in the words a student needs: shape, sign, factor, offset, or where."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Difference:
    """How an output differs from what was expected.

    Attributes:
        kind: "missing", "shape", "not finite", "sign", "factor", "offset", "transposed", "order" or "values".
        sentence: for the student; says nothing about the expected values themselves, and where the inputs are hidden
            nothing that the student's function could choose freely.
        detail: the first differing value beside the expected one. Shown for visible cases only.
    """

    kind: str
    sentence: str
    detail: str = ""


def close(actual: np.ndarray, expected: np.ndarray, rtol: float, atol: float) -> bool:
    """Equal shapes, and equal values to tolerance (infinities and NaN must agree in place)."""
    return actual.shape == expected.shape and bool(
        np.allclose(actual.astype(float), expected.astype(float), rtol=rtol, atol=atol, equal_nan=True)
    )


def difference(actual: np.ndarray, expected: np.ndarray, rtol: float, atol: float, *,
               reveal: bool = True) -> Difference | None:
    """`None` where `actual` passes, else the most telling way in which it does not.

    With ``reveal=False`` (hidden inputs) the sentence is one of a short list. A function that knows its inputs could
    otherwise tell them to its author: as the number of an axis, an offset, or how many values are wrong.
    """
    if close(actual, expected, rtol, atol):
        return None
    if actual.shape != expected.shape:
        return _shape(actual, expected, reveal)
    a, e = actual.astype(float), expected.astype(float)
    bad = ~np.isfinite(a) & np.isfinite(e)
    if bad.any():
        what = "NaN" if np.isnan(a[bad]).all() else "infinite or NaN"
        sentence = f"{_share(bad, reveal)} {what} where a finite number is expected."
        return Difference("not finite", sentence, _first(bad, a, e))
    wrong = ~np.isclose(a, e, rtol=rtol, atol=atol, equal_nan=True)
    detail = _first(wrong, a, e)
    finite = np.isfinite(e)
    if np.array_equal(a[~finite], e[~finite], equal_nan=True) and np.isfinite(a[finite]).all():
        found = _sign_factor_offset(a[finite], e[finite], rtol, atol, detail, reveal)
        found = found or _order(a, e, rtol, atol, detail)
        if found:
            return found
    if wrong.size == 1:
        return Difference("values", "The value is not the expected one.", detail)
    return Difference("values", f"The values differ: {_share(wrong, reveal)} outside the tolerance.", detail)


def _shape(actual: np.ndarray, expected: np.ndarray, reveal: bool) -> Difference:
    if reveal or (actual.ndim <= 3 and set(actual.shape) <= {1, *expected.shape}):
        sentence = f"The result has shape {actual.shape}; expected {expected.shape}."
    else:
        axes = f"{actual.ndim} axes, not all of lengths that are asked for" if actual.ndim <= 3 else "more than 3 axes"
        sentence = f"The result has {axes}; expected shape {expected.shape}."
    if actual.size == expected.size and actual.squeeze().shape == expected.squeeze().shape:
        if actual.ndim == 0:
            sentence += " Is it one number for all points together?"
        else:
            sentence += " Only axes of length 1 differ: look at your sums' `dim` and `keepdim`, or at unsqueeze."
    elif actual.T.shape == expected.shape:
        sentence += " It looks transposed."
    elif actual.ndim < expected.ndim and actual.size == 1:
        sentence += " Did you sum or average over one axis too many?"
    return Difference("shape", sentence)


def _sign_factor_offset(a: np.ndarray, e: np.ndarray, rtol: float, atol: float, detail: str,
                        reveal: bool) -> Difference | None:
    if close(-a, e, rtol, atol):
        return Difference("sign", "Right up to the sign: every value has the sign flipped.", detail)
    big = np.abs(e) > max(atol, 1e-12)
    if e.size >= 2 and big.sum() >= 2:
        offset = float(np.median(a - e))
        if close(a - offset, e, rtol, atol) and np.ptp(e) > 10 * (atol + rtol * np.abs(e).max()):
            by = f"{offset:+.4g}" if reveal else "the same amount, " + ("too large" if offset > 0 else "too small")
            return Difference("offset", f"Right up to a constant: every value is off by {by}.", detail)
        ratio = float(np.median(a[big] / e[big]))
        if abs(ratio) > 1e-9 and abs(ratio - 1) > 0.01 and close(a / ratio, e, rtol, atol):
            times = f"{ratio:.4g}" if reveal else f"{'more' if abs(ratio) > 1 else 'less'} than 1"
            return Difference("factor", f"Right up to a constant factor: every value is {times} times what is "
                                        "expected.", detail)
    return None


def _order(a: np.ndarray, e: np.ndarray, rtol: float, atol: float, detail: str) -> Difference | None:
    if a.ndim == 2 and a.shape[0] == a.shape[1] and close(a.T, e, rtol, atol):
        return Difference("transposed", "The result is transposed.", detail)
    if a.ndim >= 1 and a.shape[0] > 1 and close(np.sort(a, axis=0), np.sort(e, axis=0), rtol, atol):
        return Difference("order", "The right values in another order along the first axis.", detail)
    return None


def _share(mask: np.ndarray, reveal: bool) -> str:
    if mask.size == 1:
        return "The value is"
    if reveal:
        return f"{int(mask.sum())} of {mask.size} values are"
    return f"{'All' if mask.all() else 'Most' if 2 * mask.sum() > mask.size else 'Some'} of the values are"


def _first(mask: np.ndarray, a: np.ndarray, e: np.ndarray) -> str:
    index = tuple(int(i) for i in np.argwhere(mask)[0]) if mask.ndim else ()
    place = f" at index {index if len(index) > 1 else index[0]}" if index else ""
    return f"First difference{place}: got {a[index]:.6g}, expected {e[index]:.6g}."
