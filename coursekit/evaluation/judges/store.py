"""The trained judges on disk: safetensors beside a card (JSON) that says how they were made and how good they are."""

import hashlib
import json
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from coursekit import arguments
from coursekit.evaluation.judges.networks import DigitNetwork, FactorNetwork

FOLDER = Path(__file__).parent
JUDGES: dict[str, type[nn.Module]] = {"faces": FactorNetwork, "digits": DigitNetwork}
"""Every judge by its name."""


class DamagedWeights(ValueError):
    """The file of weights is not the one that its card describes."""


def save_judge(name: str, judge: nn.Module, card: dict[str, Any], folder: Path = FOLDER) -> None:
    """Write weights and card; the card gets the file's checksum and size."""
    path = folder / f"{name}.safetensors"
    safetensors.torch.save_file({k: v.detach().cpu().contiguous() for k, v in judge.state_dict().items()}, path)
    card = {**card, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
    (folder / f"{name}.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8", newline="\n")


def judge_card(name: str, folder: Path = FOLDER) -> dict[str, Any]:
    """How a judge was trained, and its accuracy on pictures that it has not seen.

    Raises:
        ValueError: If there is no judge of that name.
    """
    arguments.known(name, JUDGES, "judge")
    return json.loads((folder / f"{name}.json").read_text("utf-8"))


def load_judge(name: str, *, device: torch.device | str | None = None, folder: Path = FOLDER) -> Any:
    """A trained judge, ready to look: in evaluation mode, without gradients for its weights.

    Raises:
        ValueError: If there is no judge of that name.
        DamagedWeights: If the file of weights is missing or not the one that its card describes.
    """
    card, path = judge_card(name, folder), folder / f"{name}.safetensors"
    found = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "no file"
    if found != card["sha256"]:
        raise DamagedWeights(
            f"the weights of the judge {name!r} are not the ones that belong to it (checksum {found[:12]}, expected "
            f"{card['sha256'][:12]}). Get {path.name} again from the course, or train it with "
            "experiments/train_judges.py."
        )
    judge = JUDGES[name]()
    judge.load_state_dict(safetensors.torch.load_file(path))
    return judge.eval().requires_grad_(False).to(device)
