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
- `TrainableMixture`: the same by gradients, for `training.fit_likelihood`.

From densities to classes, and what a likelihood does not see:
- `BayesClassifier`: p(y | x) from p(x | y) and p(y); `SoftmaxHead`, `GaussianHead`, `Pairs`: p(y | x) by a net.
- `Corrupted`: a model drowned in noise; `Memoriser`: a model that repeats its training set.
"""

from coursekit.density.bandwidth import (
    held_out_log_likelihood,
    leave_one_out_log_likelihood,
    scott,
    select_bandwidth,
    silverman,
)
from coursekit.density.bayes_classifier import BayesClassifier
from coursekit.density.corrupted import Corrupted
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
from coursekit.density.heads import GaussianHead, Pairs, SoftmaxHead
from coursekit.density.inverse_transform import InverseTransform
from coursekit.density.kernel_density import KernelDensity
from coursekit.density.knothe_rosenblatt import KnotheRosenblatt
from coursekit.density.memoriser import Memoriser
from coursekit.density.push_forward import Branch, PushForward1D
from coursekit.density.tabulated import TabulatedDensity1D
from coursekit.density.trainable_mixture import TrainableMixture

__all__ = [
    "BayesClassifier",
    "Branch",
    "Corrupted",
    "EmptyComponentWarning",
    "GaussianHead",
    "GaussianMixture",
    "InverseTransform",
    "KernelDensity",
    "KnotheRosenblatt",
    "Memoriser",
    "Pairs",
    "Parameters",
    "PushForward1D",
    "SoftmaxHead",
    "State",
    "TabulatedDensity1D",
    "TrainableMixture",
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
