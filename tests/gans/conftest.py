"""Shared by the tests of GANs."""

import jaxtyping
import pytest


@pytest.fixture
def as_students_run_it():
    """Switches the run-time checks of shapes off, as they are outside of tests, so that our own sentences answer."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)
