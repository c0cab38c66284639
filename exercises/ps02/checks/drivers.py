"""How the checks of ps02 call your functions: inputs in, arrays out. Generated; do not edit."""
import numpy as np  # noqa: F401
import torch  # noqa: F401

from coursekit.checks import call  # noqa: F401


def x_and_ladj(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"x": values[0], "ladj": values[1]} if len(values) == 2 else out


def scores_and_best(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"scores": values[0], "best": values[1]} if len(values) == 2 else out


def responsibilities_and_log_prob(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"responsibilities": values[0], "log_prob": values[1]} if len(values) == 2 else out


def weights_means_covariance(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    names = ("weights", "means", "covariance")
    return dict(zip(names, values, strict=True)) if len(values) == 3 else out


DRIVERS = {"t3": x_and_ladj, "t5": scores_and_best, "t6": responsibilities_and_log_prob, "t7": weights_means_covariance}
