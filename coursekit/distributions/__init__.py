"""Distributions whose every property is known: the ground truth of the course.

- `NormalMixture1D`: mixtures of normals on the line; exact density, distribution function, quantiles, entropy.
- `NormalMixture`: the same in d dimensions; exact density and samples.
- `Uniform`: noise on an interval; `open_uniform`: its raw numbers, never exactly 0 or 1.
- `get`, `names`: the ones that lectures use, by name: `get("claw")`.
"""

from coursekit.distributions.named import get, names
from coursekit.distributions.normal_mixture import NormalMixture
from coursekit.distributions.normal_mixture_1d import NormalMixture1D
from coursekit.distributions.uniform import Uniform, open_uniform

__all__ = ["NormalMixture", "NormalMixture1D", "Uniform", "get", "names", "open_uniform"]
