"""The bilinear game f(x, y) = x y: a game with one equilibrium that gradient play does not find.

x wants f small, y wants it large. Moved at once, the distance to the equilibrium (0, 0) grows by sqrt(1 + eta^2) in
every step. Moved in turn, the points stay on the ellipse x^2 - eta x y + y^2 = const. Its form has the eigenvalues
1 - eta / 2 and 1 + eta / 2, so the distance keeps, for ever, within a factor sqrt((2 + eta) / (2 - eta)) of where it
began, on either side. From eta = 2 on there is no ellipse.
"""

import math

import torch
from torch import Tensor

from coursekit.evaluation.experiment import Result
from coursekit.gans import play_bilinear
from coursekit.gans.bilinear import invariant
from coursekit.seeds import generator

SEEDS = range(8)  # of where to start
RATES = [0.01, 0.1, 0.5, 1.0]
TOO_LARGE = 2.1
STEPS, LONG = 500, 20_000


def measure(seeds) -> Result:
    """Plays from random starts and holds each path against theory, and against gradients taken by autograd."""
    start = torch.stack([torch.randn(2, generator=generator(s), dtype=torch.float64) for s in seeds])
    growth, kept, widest, by_gradient = {}, {}, {}, 0.0
    for rate in RATES:
        radius = play_bilinear(start, rate, STEPS).norm(dim=-1)
        growth[rate] = (radius[1:] / radius[:-1] / math.sqrt(1 + rate**2) - 1).abs().max().item()
        path = play_bilinear(start, rate, LONG, "alternating")
        form = invariant(path, rate)
        kept[rate] = (form / form[0] - 1).abs().max().item()
        moved = path.norm(dim=-1) / path[0].norm(dim=-1)
        widest[rate] = torch.maximum(moved, 1 / moved).max().item()
        for order in ("simultaneous", "alternating"):
            ours, theirs = play_bilinear(start, rate, 50, order), gradient_play(start, rate, 50, order)
            by_gradient = max(by_gradient, (ours - theirs).abs().max().item())
    bound = {rate: math.sqrt((2 + rate) / (2 - rate)) for rate in RATES}
    left = play_bilinear(start, TOO_LARGE, STEPS, "alternating").norm(dim=-1)
    grown = (left[-1] / left[0]).log10().min().item()
    return Result(
        measured=f"moved at once, the radius grows by sqrt(1 + eta^2) to a share of {max(growth.values()):.0e} in each "
        f"of {STEPS} steps; moved in turn, over {LONG} steps it stays within a factor "
        + ", ".join(f"{widest[rate]:.3f} (eta = {rate}, bound {bound[rate]:.3f})" for rate in RATES)
        + f" of its start; at eta = {TOO_LARGE} it grows to more than 10^{math.floor(grown)} times",
        figures={
            **{f"growth at once, eta = {rate}": math.sqrt(1 + rate**2) for rate in RATES},
            **{f"off from that growth, eta = {rate}": growth[rate] for rate in RATES},
            **{f"largest factor in turn, eta = {rate}": widest[rate] for rate in RATES},
            **{f"its bound, eta = {rate}": bound[rate] for rate in RATES},
            f"orders of magnitude grown in turn, eta = {TOO_LARGE}": grown,
        },
        gates={
            "moved at once: radius times sqrt(1 + eta^2) a step": max(growth.values()) < 1e-12,
            "moved in turn: the ellipse is kept": max(kept.values()) < 1e-9,
            "moved in turn: bounded, and never nearer": all(widest[rate] <= bound[rate] * (1 + 1e-9) for rate in RATES),
            "both are what gradients of x y do": by_gradient < 1e-12,
            f"in turn with eta = {TOO_LARGE}: not bounded": grown > 3,
        },
        data={
            "rates": RATES,
            "at_once": {str(r): play_bilinear(start[0], r, 60).tolist() for r in RATES},
            "in_turn": {str(r): play_bilinear(start[0], r, 60, "alternating").tolist() for r in RATES},
        },
    )


def gradient_play(start: Tensor, rate: float, steps: int, order: str) -> Tensor:
    """The same game with derivatives of f taken by autograd: x descends, y ascends."""
    x, y = (start[:, i].clone().requires_grad_() for i in (0, 1))
    path = [start]
    for _ in range(steps):
        slope_x, slope_y = torch.autograd.grad((x * y).sum(), (x, y))
        new_x = (x - rate * slope_x).detach().requires_grad_()
        if order == "alternating":
            (slope_y,) = torch.autograd.grad((new_x * y).sum(), y)
        x, y = new_x, (y + rate * slope_y).detach().requires_grad_()
        path.append(torch.stack([x, y], -1).detach())
    return torch.stack(path)
