"""How the checks of ps01 call your functions: inputs in, arrays out. Generated; do not edit."""
import numpy as np  # noqa: F401
import torch  # noqa: F401

from coursekit.checks import call  # noqa: F401


def log_posterior_and_log_prob(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"log_posterior": values[0], "log_prob": values[1]} if len(values) == 2 else out


def loss_and_gradients(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    names = ("loss", "d_logits", "d_means", "d_log_scales")
    return dict(zip(names, values, strict=True)) if len(values) == 4 else out


def forward_and_reverse(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"forward": values[0], "reverse": values[1]} if len(values) == 2 else out


def mean_and_covariance(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"mean": values[0], "covariance": values[1]} if len(values) == 2 else out


def log_prob_loss_and_bound(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return dict(zip(("log_prob", "loss", "bound"), values, strict=True)) if len(values) == 3 else out


def train_and_held_out(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"train": values[0], "held_out": values[1]} if len(values) == 2 else out


DRIVERS = {"t3": log_posterior_and_log_prob, "t4": loss_and_gradients, "t5": forward_and_reverse, "t6": mean_and_covariance, "t7": log_prob_loss_and_bound, "t8": train_and_held_out}
