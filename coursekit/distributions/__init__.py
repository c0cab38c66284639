"""Distributions whose every property is known: the ground truth of the course.

- `NormalMixture1D`: mixtures of normals on the line; exact density, distribution function, quantiles, entropy.
- `NormalMixture`: the same in d dimensions; exact density and samples.
- `NoisyCurves` (`two_moons`, `spirals`), `Pinwheel`, `Checkerboard`: the plane's toys, with exact densities.
- `ClassicEnergy`: the four classic energies of the plane, known up to their constant (and here beyond it).
- `Uniform`: noise on an interval; `open_uniform`: its raw numbers, never exactly 0 or 1.
- `get`, `names`: the ones that lectures use, by name: `get("claw")`.
"""

from coursekit.distributions.checkerboard import Checkerboard
from coursekit.distributions.classic_energies import ClassicEnergy
from coursekit.distributions.named import get, names
from coursekit.distributions.noisy_curves import NoisyCurves, spirals, two_moons
from coursekit.distributions.normal_mixture import NormalMixture
from coursekit.distributions.normal_mixture_1d import NormalMixture1D
from coursekit.distributions.pinwheel import Pinwheel
from coursekit.distributions.uniform import Uniform, open_uniform

__all__ = ["Checkerboard", "ClassicEnergy", "NoisyCurves", "NormalMixture", "NormalMixture1D", "Pinwheel", "Uniform",
           "get", "names", "open_uniform", "spirals", "two_moons"]  # fmt: skip
