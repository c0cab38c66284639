"""Shared by the tests of distances."""

import jaxtyping
import pytest
from hypothesis import settings

# The suite is never a timed test: a busy machine is no error.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def as_students_run_it():
    """Switches the run-time checks of shapes off, as they are outside of tests, so that our own sentences answer."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)
