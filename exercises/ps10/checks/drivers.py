"""How the checks of ps10 call your functions: inputs in, arrays out. Generated; do not edit."""
import numpy as np  # noqa: F401
import torch  # noqa: F401

from coursekit.checks import call  # noqa: F401


def losses_and_bound(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"d_loss": values[0], "g_loss": values[1], "w1": values[2]} if len(values) == 3 else out


def slopes_and_bounds(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"slopes": values[0], "bound": values[1], "largest": values[2]} if len(values) == 3 else out


def penalty_and_its_gradient(answer, inputs):
    """Builds the critic from the weights in the case; a case asks for the penalty, or for its gradient by the weights."""
    first, offset, last = (torch.tensor(inputs[k]).requires_grad_() for k in ("first", "offset", "last"))
    unit = {"tanh": torch.tanh, "relu": torch.relu}[inputs["units"]]

    def critic(points):
        return unit(points.double().flatten(1) @ first + offset) @ last

    given = {k: torch.tensor(inputs[k]) for k in ("x", "x_fake", "alpha")}
    out = answer(critic=critic, **given, weight=inputs["weight"], one_sided=inputs["one_sided"])
    if inputs["asked"] == "penalty" or out is None:
        return {"result": out}
    if not (isinstance(out, torch.Tensor) and out.requires_grad):
        return {"by_first": torch.zeros_like(first), "by_last": torch.zeros_like(last)}
    slopes = torch.autograd.grad(out.sum(), (first, last), allow_unused=True)
    return {"by_first": torch.zeros_like(first) if slopes[0] is None else slopes[0],
            "by_last": torch.zeros_like(last) if slopes[1] is None else slopes[1]}


def slopes_gain_and_loss(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"slopes": values[0], "gain": values[1], "loss": values[2]} if len(values) == 3 else out


def witness_and_gradient(answer, inputs):
    out = call(answer, inputs)
    values = out["result"] if isinstance(out.get("result"), list) else list(out.values())
    return {"witness": values[0], "gradient": values[1]} if len(values) == 2 else out


DRIVERS = {"t1": losses_and_bound, "t2": slopes_and_bounds, "t3": penalty_and_its_gradient, "t4": slopes_gain_and_loss, "t5": witness_and_gradient}
