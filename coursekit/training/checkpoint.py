"""A run on disk: tensors as safetensors, everything else as JSON. Nothing is ever unpickled."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

from coursekit.training.run import Run


def save_run(run: Run, path: str | Path) -> Path:
    """Writes the run's state to `path` (``.safetensors``); a run killed meanwhile leaves the old file whole.

    The JSON travels inside the same file, in its metadata, so that the two can never disagree.
    """
    path = Path(path).with_suffix(".safetensors")
    tensors: dict[str, Tensor] = {}
    plain = _flatten(run.state_dict(), "", tensors)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    safetensors.torch.save_file({k: v.contiguous() for k, v in tensors.items()}, part, {"state": json.dumps(plain)})
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(path)
    return path


def load_run(run: Run, path: str | Path) -> Run:
    """Takes the state of `path` into `run`, a run built like the one that was saved.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or belongs to another run.
    """
    path = Path(path).with_suffix(".safetensors")
    if not path.is_file():
        raise FileNotFoundError(f"there is no saved run {path}.")
    try:
        with safetensors.torch.safe_open(path, framework="pt") as file:
            plain = json.loads(file.metadata()["state"])
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except Exception as error:
        raise ValueError(f"{path} is not a saved run, or it is damaged ({error}). Use an older one.") from error
    run.load_state_dict(_unflatten(plain, tensors))
    return run


def _flatten(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        tensors[name] = value
        return {"!tensor": name}
    if isinstance(value, Mapping):
        # Optimiser states have whole numbers as keys; JSON has only strings.
        return {("#" if isinstance(k, int) else "") + str(k): _flatten(v, f"{name}/{k}", tensors)
                for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_flatten(v, f"{name}/{i}", tensors) for i, v in enumerate(value)]
    return value


def _unflatten(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    if isinstance(value, dict):
        if set(value) == {"!tensor"}:
            return tensors[value["!tensor"]]
        return {int(k[1:]) if k.startswith("#") else k: _unflatten(v, tensors) for k, v in value.items()}
    if isinstance(value, list):
        return [_unflatten(v, tensors) for v in value]
    return value
