"""Forbidden names are seen through aliases and imports, and nothing else is flagged."""
import time

import pytest

from coursekit.checks.forbidden import MAX_CHARACTERS, forbidden_uses, searchable, used_names

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
    ("import torch as t\nls = !ls\ndef f(x):\n    return t.logsumexp(x, 1)\nf?", ["logsumexp"]),
    ("import coursekit as c\ndef f(:\nc.density.scott(x)", ["coursekit.density"]),
])
def test_forbidden_uses(source, found):
    assert forbidden_uses(source, FORBIDS) == found


def test_attribute_chains_are_dotted():
    assert "torch.distributions.Normal" in used_names("import torch.distributions as D\nD.Normal(0, 1)")


DEEP = {"signs": "y = " + "-" * 200_000 + "1", "lambdas": "y = " + "lambda: " * 5_000 + "1", "brackets": "(" * 5_000,
        "attributes": "y = x" + ".a" * 50_000, "a broken line beside": "f?\ny = " + "-" * 100_000 + "1"}


@pytest.mark.parametrize("source", DEEP.values(), ids=DEEP)
def test_what_no_parser_takes_is_said_to_be_unread(source):
    """Python's own parser ends in MemoryError or RecursionError over these."""
    assert used_names(source) == set() and forbidden_uses(source, FORBIDS) == []
    assert not searchable(source) or source.count("(") == 5_000  # too many brackets are a syntax error: they cannot run


def test_very_long_text_is_said_to_be_unread():
    assert searchable("x = 1\n" * 100) and searchable("f?\nx = !ls")
    assert not searchable("#" * (MAX_CHARACTERS + 1))


def test_long_chains_of_attributes_cost_little():
    """Each link of a chain is an attribute of its own; only the longest chain is put together."""
    began = time.process_time()
    assert "logsumexp" in forbidden_uses("\n".join(["x" + ".a" * 2000 + ".logsumexp"] * 40), FORBIDS)
    assert time.process_time() - began < 3
