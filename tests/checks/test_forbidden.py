"""Forbidden names are seen through aliases and imports, and nothing else is flagged."""
import pytest

from coursekit.checks.forbidden import forbidden_uses, used_names

FORBIDS = ("coursekit.density", "logsumexp", "scipy.stats")


@pytest.mark.parametrize(("source", "found"), [
    ("from coursekit.density import KernelDensity", ["coursekit.density"]),
    ("import coursekit.density as d\nd.KernelDensity", ["coursekit.density"]),
    ("from coursekit import density", ["coursekit.density"]),
    ("import coursekit\ncoursekit.density.scott(x)", ["coursekit.density"]),
    ("import torch as t\nt.logsumexp(x, 1)", ["logsumexp"]),
    ("from torch import logsumexp as lse\nlse(x)", ["logsumexp"]),
    ("x.logsumexp(0)", ["logsumexp"]),
    ("from scipy import stats\nstats.norm", ["scipy.stats"]),
    ("%matplotlib inline\nimport scipy.stats", ["scipy.stats"]),
    ("import scipy.special", []),
    ("density = 1  # logsumexp, coursekit.density", []),
    ("def f(:", []),
    ("'logsumexp'", []),
    ("my_logsumexp(x)", []),
])
def test_forbidden_uses(source, found):
    assert forbidden_uses(source, FORBIDS) == found


def test_attribute_chains_are_dotted():
    assert "torch.distributions.Normal" in used_names("import torch.distributions as D\nD.Normal(0, 1)")
