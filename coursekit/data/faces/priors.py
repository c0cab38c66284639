"""From which faces are drawn: independent factors, some of them fixed, restricted or dependent on others."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from coursekit import arguments
from coursekit.data.faces.factors import FACTORS, Factor, Factors, Value

Columns: TypeAlias = dict[str, Tensor]
# How a factor is drawn (None: uniformly): one value; some values; a range (low, high); probabilities by value; a
# column; a function of the other columns that gives a column or probabilities (n, K).
Rule: TypeAlias = Value | Sequence[Value] | Mapping[str, float] | Tensor | Callable[[Columns], Tensor]

_ROUNDS, _AT_LEAST = 200, 256  # of rejection, and faces in each: a condition may be met by one face in ten thousand


def draw_factors(
    n: int,
    *,
    generator: torch.Generator | None = None,
    where: Callable[[Factors], Tensor] | None = None,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str | None = None,
    **rules: Rule | None,
) -> Factors:
    """Draws the factors of n faces: uniform and independent, but for the rules given.

        draw_factors(8, hat="beanie")                                  # always this value
        draw_factors(8, hat=["none", "cap"], smile=(0.5, 1.0))         # some values; a range
        draw_factors(8, hat={"none": 0.9, "crown": 0.1})               # with these probabilities
        draw_factors(8, smile=lambda drawn: 0.5 - drawn["eye_size"])   # a function of the other factors
        never = lambda f: (f["hat"] == 0) | (f["hair_style"] == 0)     # a hat only with short hair
        draw_factors(8, where=never)

    Each factor has random numbers of its own: with the same generator, a rule for one factor leaves all others as
    they were (without `where`). This gives pairs of faces that differ in that factor only.

    Args:
        n: How many faces.
        generator: Source of randomness; None means torch's global one.
        where: Keeps only faces for which it is true: takes `Factors`, returns booleans with shape (n,). The result
            follows the prior conditioned on that.
        dtype: Of continuous factors, and so of pictures.
        device: Of the columns; by default the generator's.
        **rules: By factor, as above. A function gets the columns drawn before it (all factors without a function,
            then those with one in the table's order) and returns a column with shape (n,), or for a discrete factor
            probabilities with shape (n, K).

    Raises:
        ValueError: If a factor or value is unknown, a number is out of range, or `where` keeps almost nothing.
    """
    arguments.count(n, "n")
    for name in rules:
        arguments.known(name, FACTORS, "factor of a face")
    if device is None:
        device = generator.device if generator is not None else "cpu"
    if where is None:
        return _draw(n, rules, generator, dtype, device)
    kept: list[Factors] = []
    found, tried, size = 0, 0, max(n, _AT_LEAST)
    for _ in range(_ROUNDS):
        batch = _draw(size, rules, generator, dtype, device)
        keep = where(batch)
        if not isinstance(keep, Tensor) or keep.dtype != torch.bool or keep.shape != (size,):
            raise ValueError(f"where must return booleans with shape ({size},), one a face, got {keep!r:.100}.")
        kept.append(batch[keep])
        found, tried = found + len(kept[-1]), tried + size
        if found >= n:
            return Factors.cat(kept)[:n]
    raise ValueError(f"where keeps almost no faces: {found} of {tried} drawn; fix factors to values that it allows.")


def _draw(
    n: int,
    rules: Mapping[str, Rule | None],
    generator: torch.Generator | None,
    dtype: torch.dtype,
    device: torch.device | str,
) -> Factors:
    # Always float32, and where the generator is: so a seed means the same faces in every precision and everywhere.
    source = generator.device if generator is not None else device
    u = dict(zip(FACTORS, torch.rand(len(FACTORS), n, generator=generator, device=source).to(device), strict=True))
    columns: Columns = {}
    for name, factor in FACTORS.items():
        if not callable(rules.get(name)):
            columns[name] = _column(factor, rules.get(name), u[name], dtype)
    for name, factor in FACTORS.items():
        rule = rules.get(name)
        if callable(rule):
            columns[name] = _column(factor, rule(dict(columns)), u[name], dtype)
    return Factors._of(columns)


def _column(factor: Factor, rule: Rule | None, u: Tensor, dtype: torch.dtype) -> Tensor:
    """Turns uniform numbers with shape (n,) into a factor's column, by its rule."""
    if factor.discrete:
        if isinstance(rule, Mapping):
            return _weighted(_weights(factor, rule, u), u)
        if isinstance(rule, Tensor) and rule.dim() == 2:
            return _weighted(_table(factor, rule, u), u)
        if rule is None or _is_list(rule):
            values = list(factor.values) if rule is None else list(rule)  # type: ignore[arg-type]
            if not values:
                raise ValueError(f"{factor.name} needs at least one value to draw from, got none.")
            choices = torch.tensor([factor.index(value) for value in values], device=u.device)
            return choices[(u * len(values)).long().clamp(max=len(values) - 1)]
    elif rule is None or _is_list(rule):
        low, high = _range(factor, (factor.low, factor.high) if rule is None else tuple(rule))  # type: ignore[arg-type]
        # Clipped for the rounding at the upper end.
        return (low + (high - low) * u.to(dtype)).clamp(low, high)
    return factor.column(rule, len(u), dtype=dtype, device=u.device)  # type: ignore[arg-type]


def _is_list(rule: object) -> bool:
    return isinstance(rule, (Sequence, set, frozenset)) and not isinstance(rule, str)


def _range(factor: Factor, ends: tuple) -> tuple[float, float]:
    numbers = all(isinstance(end, (int, float)) and not isinstance(end, bool) for end in ends)
    if len(ends) != 2 or not numbers or not factor.low <= ends[0] <= ends[1] <= factor.high:
        raise ValueError(
            f"{factor.name} must be a number or a range (low, high) within [{factor.low:g}, {factor.high:g}], got "
            f"{ends!r}."
        )
    return float(ends[0]), float(ends[1])


def _weights(factor: Factor, rule: Mapping[str, float], u: Tensor) -> Float[Tensor, "1 k"]:
    weights = [0.0] * len(factor.values)
    for value, weight in rule.items():
        weights[factor.index(value)] = float(weight)
    return arguments.probabilities(torch.tensor(weights, dtype=torch.float64), factor.name).to(u)[None]


def _table(factor: Factor, rule: Tensor, u: Tensor) -> Float[Tensor, "n k"]:
    if rule.shape != (len(u), len(factor.values)):
        raise ValueError(
            f"probabilities of {factor.name} must have shape ({len(u)}, {len(factor.values)}), got {tuple(rule.shape)}."
        )
    rule = arguments.finite(rule, factor.name).to(u)
    good: Bool[Tensor, " n"] = (rule >= 0).all(1) & ((rule.sum(1) - 1).abs() < 1e-5)
    if not good.all():
        raise ValueError(
            f"probabilities of {factor.name} must not be negative and sum to 1 for each face, but row "
            f"{int((~good).nonzero()[0])} does not."
        )
    return rule


def _weighted(probabilities: Tensor, u: Tensor) -> Tensor:
    """The first value at which the cumulated probability exceeds u; a value without probability is never drawn."""
    below = (u[:, None] >= probabilities.cumsum(1)).sum(1)
    last = (probabilities > 0) * torch.arange(probabilities.shape[1], device=u.device)
    return below.minimum(last.amax(1).expand_as(below))
