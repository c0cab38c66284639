"""From what a student returns to plain arrays, and to files that nothing has to be unpickled from."""
from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

MAX_BYTES = 64 * 2**20
"""An output larger than this is refused: no task asks for it, and the judge must stay small."""


class NotAnArray(ValueError):
    """What came back cannot be read as numbers."""


def to_array(value: Any) -> np.ndarray:
    """One returned value as a numeric numpy array (a number becomes an array of shape ``()``).

    Raises:
        NotAnArray: with the sentence for the student.
    """
    if value is None:
        raise NotAnArray("The function returned None. Is there a `return` at its end?")
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        value = value.to_dense() if value.is_sparse else value
        value = value.resolve_conj().resolve_neg()
        array = (value.double() if value.dtype == torch.bfloat16 else value).numpy()
    elif isinstance(value, (list, tuple)) and any(isinstance(v, torch.Tensor) for v in value):
        parts = [to_array(v) for v in value]
        if len({p.shape for p in parts}) > 1:
            raise NotAnArray(f"The function returned a list of tensors of unequal shapes {[p.shape for p in parts]}.")
        array = np.stack(parts)
    else:
        try:
            array = np.asarray(value)
        except Exception:
            raise NotAnArray(f"The function returned a {type(value).__name__}, not an array of numbers.") from None
    if array.dtype.kind not in "biuf":
        kind = "complex numbers" if array.dtype.kind == "c" else f"a {type(value).__name__}"
        raise NotAnArray(f"The function returned {kind}; expected a tensor or array of real numbers.")
    if array.nbytes > MAX_BYTES:
        raise NotAnArray(f"The function returned an array of shape {array.shape}: far more than any task asks for.")
    return np.array(array, dtype=np.float64) if array.dtype.kind == "f" else np.array(array)


def to_arrays(outputs: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """All named outputs of one case as arrays; raises `NotAnArray` naming the first that is none."""
    arrays = {}
    for key, value in outputs.items():
        try:
            arrays[str(key)] = to_array(value)
        except NotAnArray as error:
            raise NotAnArray(str(error) if key == "result" else f"{key}: {error}") from None
    return arrays


def save_flat(path: str | Path, arrays: Mapping[str, np.ndarray], meta: Any) -> None:
    """Write arrays and a JSON-able description to ``path.npz`` and ``path.json``."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path.with_suffix(".npz"), **{key: arrays[key] for key in sorted(arrays)})  # type: ignore[arg-type]
    path.with_suffix(".json").write_text(json.dumps(meta, indent=1, ensure_ascii=False) + "\n", "utf-8")


def load_flat(path: str | Path) -> tuple[dict[str, np.ndarray], Any]:
    """Read what `save_flat` wrote. Never unpickles (``allow_pickle=False``)."""
    path = Path(path)
    with np.load(path.with_suffix(".npz"), allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    return arrays, json.loads(path.with_suffix(".json").read_text("utf-8"))


def pack_inputs(inputs: Mapping[str, Any], prefix: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Put array inputs into `arrays` under `prefix`; return the plain ones, arrays marked by ``{"array": key}``."""
    plain: dict[str, Any] = {}
    for name, value in inputs.items():
        if isinstance(value, np.ndarray):
            arrays[f"{prefix}/{name}"] = value
            plain[name] = {"array": f"{prefix}/{name}"}
        elif value is None or isinstance(value, (bool, int, float, str)):
            plain[name] = value
        else:
            raise TypeError(f"Input {name!r} is a {type(value).__name__}; a case holds arrays, numbers, strings, "
                            "booleans or None.")
    return plain


def unpack_inputs(plain: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Undo `pack_inputs`; arrays are fresh copies, so that an answer may overwrite them."""
    return {name: arrays[value["array"]].copy() if isinstance(value, dict) else value for name, value in plain.items()}
