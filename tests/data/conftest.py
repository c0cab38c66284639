"""Shared by the tests of data: shapes in signatures are checked, and nothing reaches the network."""

import socket

import jaxtyping
import pytest
from hypothesis import settings

# A busy machine is no error.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Enforced here whether or not the list for all tests names this package; it must come before the first import of it.
jaxtyping.install_import_hook("coursekit.data", "beartype.beartype")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """A test that would go out to the network fails at once, by the name of the host it asked for."""

    ask = socket.getaddrinfo

    def refuse(host, *arguments, **options):
        if host == "127.0.0.1":
            return ask(host, *arguments, **options)
        raise socket.gaierror(f"tests have no network, and something asked for {host}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def as_students_run_it():
    """Switches the run-time checks of shapes off, as they are outside of tests, so that our own sentences answer."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", before)
