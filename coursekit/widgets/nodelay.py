"""An optional Jupyter server extension: small messages leave at once.

TCP holds a small packet back while an earlier one is not acknowledged yet (Nagle's algorithm), and the browser
acknowledges only every 40 ms or so. A widget's answer is such a small packet. Jupyter's server does not switch this
off; here the kernel's websocket does, with the option that exists for it. Nothing in the course depends on it.

Switch it on for one start of JupyterLab:

    jupyter lab --ServerApp.jpserver_extensions="{'coursekit.widgets.nodelay': True}"

or for an environment: `jupyter server extension enable --sys-prefix coursekit.widgets.nodelay`.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "coursekit.widgets.nodelay"}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Make every kernel websocket that opens from now on send without delay."""
    from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

    opened = KernelWebsocketHandler.open

    async def open_without_delay(self: Any, kernel_id: str) -> None:
        self.set_nodelay(True)
        await opened(self, kernel_id)

    KernelWebsocketHandler.open = open_without_delay  # type: ignore[method-assign]
    app.log.info("coursekit: kernel websockets send without delay (TCP_NODELAY).")
