"""How the checks of ps09 call your functions: inputs in, arrays out. Generated; do not edit."""
import numpy as np  # noqa: F401
import torch  # noqa: F401

from coursekit.checks import call  # noqa: F401


def loss_and_slopes(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"loss": values[0], "slopes": values[1]} if len(values) == 2 else out


def paths(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"x_path": values[0], "y_path": values[1]} if len(values) == 2 else out


def four_parameters(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return dict(zip(("w", "b", "scale", "shift"), values, strict=True)) if len(values) == 4 else out


def js_and_error(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"js": values[0], "standard_error": values[1]} if len(values) == 2 else out


DRIVERS = {"t2": loss_and_slopes, "t4": paths, "t5": four_parameters, "t6": js_and_error}
