"""Unrolled GAN: the generator looks at the critic that will answer it, k steps ahead.

Against the present critic the best move is to put all mass where that critic is highest; the critic then moves, and the
generator chases it from mode to mode. Against the critic's *answer* this does not pay. So before the generator's step
the critic's next k updates are computed,

    theta_0 = theta,    theta_{i+1} = theta_i - step(grad d_loss(theta_i)),

as functions of the generator, and the generator descends g_loss(theta_k) through all of them (Metz et al. 2017,
equations 5-9). The critic itself then makes its usual single step from theta; theta_k was only thought of. Cost: k more
passes, each differentiated twice.

The steps are those that the critic's optimiser would really take: Adam from its present moments, or plain gradient
descent. torch's optimisers write in place and cannot be differentiated, so the two rules are written out here. The
batch is the same in all k steps. Not part of the thought: clipping of gradients (`clip`) and of weights (`constrain`),
and where a gradient penalty is taken, which does not move with the generator.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from coursekit import arguments

Named = dict[str, Tensor]


def unrolled_parameters(
    critic: nn.Module, optimiser: torch.optim.Optimizer, d_loss: Callable[[Named], Tensor], k: int
) -> Named:
    """Computes the critic's parameters k updates from now.

    Args:
        critic: Whose parameters are meant; it does not change.
        optimiser: That of the critic, Adam or SGD without extras; it does not change either.
        d_loss: The critic's loss as a function of its parameters by name, with shape (), or (S,) for an ensemble.
        k: Number of updates; 0 gives the parameters as they are.

    Returns:
        Parameters by name, differentiable in whatever `d_loss` depends on; for `torch.func.functional_call`.

    Raises:
        ValueError: If k is negative, or the optimiser is one whose rule is not written out here.
    """
    arguments.count(k, "unroll", minimum=0)
    rule = _rule(optimiser)
    options = {id(p): group for group in optimiser.param_groups for p in group["params"]}
    own = {name: p for name, p in critic.named_parameters() if id(p) in options}
    values: Named = {name: p.detach().clone().requires_grad_() for name, p in own.items()}
    memory = {name: _copy(optimiser.state.get(p, {})) for name, p in own.items()}
    for _ in range(k):
        loss = d_loss(values).sum()
        gradients = torch.autograd.grad(loss, list(values.values()), create_graph=True, allow_unused=True)
        moved: Named = {}
        for (name, value), gradient in zip(values.items(), gradients, strict=True):
            moved[name] = value if gradient is None else rule(value, gradient, memory[name], options[id(own[name])])
        values = moved
    return values


def gradient_step(value: Tensor, gradient: Tensor, memory: dict[str, Any], options: Mapping[str, Any]) -> Tensor:
    """Plain gradient descent: value - lr gradient."""
    return value - options["lr"] * gradient


def adam_step(value: Tensor, gradient: Tensor, memory: dict[str, Any], options: Mapping[str, Any]) -> Tensor:
    """One step of Adam (Kingma and Ba 2015, algorithm 1), without writing in place.

        m <- b1 m + (1 - b1) g      v <- b2 v + (1 - b2) g^2      x <- x - lr m^ / (sqrt(v^) + eps)

    with m^ = m / (1 - b1^t) and v^ = v / (1 - b2^t). `memory` holds t, m and v under the names of torch's state.
    """
    b1, b2 = options["betas"]
    t = int(memory.get("step", 0)) + 1
    m = b1 * memory.get("exp_avg", torch.zeros_like(value)) + (1 - b1) * gradient
    v = b2 * memory.get("exp_avg_sq", torch.zeros_like(value)) + (1 - b2) * gradient.square()
    memory.update(step=t, exp_avg=m, exp_avg_sq=v)
    # The root is infinitely steep at 0, where units of a ReLU net that are off have it; there m is 0 too.
    positive = v > 0
    root = torch.where(positive, torch.where(positive, v, 1.0).sqrt(), 0.0)
    return value - options["lr"] / (1 - b1**t) * m / (root / (1 - b2**t) ** 0.5 + options["eps"])


def _rule(optimiser: torch.optim.Optimizer) -> Callable[[Tensor, Tensor, dict[str, Any], Mapping[str, Any]], Tensor]:
    rules = {torch.optim.Adam: adam_step, torch.optim.SGD: gradient_step}
    extras = ("weight_decay", "momentum", "amsgrad", "maximize")
    used = [name for name in extras if any(group.get(name) for group in optimiser.param_groups)]
    if type(optimiser) not in rules or used:
        with_extras = f" with {', '.join(used)}" if used else ""
        raise ValueError(
            f"unrolling needs the critic's update as a formula, and there is one for Adam and for SGD, both without "
            f"extras; this critic has {type(optimiser).__name__}{with_extras}. Use torch.optim.Adam, or unroll=0."
        )
    return rules[type(optimiser)]


def _copy(state: Mapping[str, Any]) -> dict[str, Any]:
    return {name: v.detach().clone() if isinstance(v, Tensor) else v for name, v in state.items()}
