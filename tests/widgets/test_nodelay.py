"""The optional server extension: it sets the option before anything is sent, and costs the server nothing."""

from __future__ import annotations

import asyncio
import importlib
import logging
import subprocess
import sys
from types import SimpleNamespace

from coursekit.widgets import nodelay


def test_the_option_is_set_before_the_kernel_speaks(monkeypatch):
    from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

    calls = []

    async def original(self, kernel_id):
        calls.append(("open", kernel_id))

    monkeypatch.setattr(KernelWebsocketHandler, "open", original)
    nodelay._load_jupyter_server_extension(SimpleNamespace(log=logging.getLogger("test")))
    handler = SimpleNamespace(set_nodelay=lambda on: calls.append(("nodelay", on)))
    asyncio.run(KernelWebsocketHandler.open(handler, "k"))
    assert calls == [("nodelay", True), ("open", "k")]


def test_the_server_finds_it_under_its_name():
    (point,) = nodelay._jupyter_server_extension_points()
    assert importlib.import_module(point["module"]) is nodelay


def test_loading_it_loads_neither_torch_nor_ipywidgets():
    code = "import sys, coursekit.widgets.nodelay; print({'torch', 'ipywidgets', 'anywidget'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "set()"


def test_names_of_the_package_are_found_and_others_refused():
    import pytest

    import coursekit.widgets as widgets

    for name in widgets.__all__:
        assert getattr(widgets, name).__name__ == name
    with pytest.raises(AttributeError, match=r"no 'Slider'\. It offers: .*KDEExplorer"):
        widgets.Slider  # noqa: B018
