"""Estimating densities, and pushing them forward.

From a known map to a density:
- `PushForward1D`, `Branch`: g#mu on the line with its exact density; ready ones in `push_forward`.
- `InverseTransform`: u -> F^-1(u) as a flow; `TabulatedDensity1D`: a curve given by its heights, with exact F^-1.
- `KnotheRosenblatt`: the same in the plane, one conditional after the other.

From data to a density:
- `KernelDensity`: a hill on every point; `scott`, `silverman`, `select_bandwidth`, `leave_one_out_log_likelihood`,
  `held_out_log_likelihood`: how wide the hills should be.
- `GaussianMixture`: a few hills, fitted; `expectation_maximisation`, `e_step`, `m_step`, `initial_parameters`,
  `Parameters`, `State`: the same one step at a time.
"""

from coursekit.density.bandwidth import (
    held_out_log_likelihood,
    leave_one_out_log_likelihood,
    scott,
    select_bandwidth,
    silverman,
)
from coursekit.density.em_start import initial_parameters
from coursekit.density.expectation_maximisation import (
    EmptyComponentWarning,
    Parameters,
    State,
    e_step,
    expectation_maximisation,
    m_step,
)
from coursekit.density.gaussian_mixture import GaussianMixture
from coursekit.density.inverse_transform import InverseTransform
from coursekit.density.kernel_density import KernelDensity
from coursekit.density.knothe_rosenblatt import KnotheRosenblatt
from coursekit.density.push_forward import Branch, PushForward1D
from coursekit.density.tabulated import TabulatedDensity1D

__all__ = [
    "Branch",
    "EmptyComponentWarning",
    "GaussianMixture",
    "InverseTransform",
    "KernelDensity",
    "KnotheRosenblatt",
    "Parameters",
    "PushForward1D",
    "State",
    "TabulatedDensity1D",
    "e_step",
    "expectation_maximisation",
    "held_out_log_likelihood",
    "initial_parameters",
    "leave_one_out_log_likelihood",
    "m_step",
    "scott",
    "select_bandwidth",
    "silverman",
]
