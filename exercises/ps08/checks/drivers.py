"""How the checks of ps08 call your functions: inputs in, arrays out. Generated; do not edit."""
import numpy as np  # noqa: F401
import torch  # noqa: F401

from coursekit.checks import call  # noqa: F401


def plan_and_cost(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"plan": values[0], "cost": values[1]} if len(values) == 2 else out


def statistic_and_p_value(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"statistic": values[0], "p_value": values[1]} if len(values) == 2 else out


def precision_and_recall(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"precision": values[0], "recall": values[1]} if len(values) == 2 else out


DRIVERS = {"t4": plan_and_cost, "t6": statistic_and_p_value, "t8": precision_and_recall}
