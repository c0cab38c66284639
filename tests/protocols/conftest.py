"""Shared by the tests of protocols."""

from hypothesis import settings

# The suite is never a timed test: a busy machine is no error.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
