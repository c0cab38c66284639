"""Help for tests that open a widget's page in Chromium."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coursekit.widgets.arrays import Arrays, pack


@contextmanager
def opened(browser: Any, path: Path, *, width: int = 1000, reduced_motion: bool = False) -> Iterator[Any]:
    """Open a page from disk; at the end, fail if it logged an error or asked the network for anything."""
    context = browser.new_context(
        viewport={"width": width, "height": 800}, reduced_motion="reduce" if reduced_motion else "no-preference"
    )
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: problems.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else problems.append(r.url))
    try:
        page.goto(path.as_uri())
        page.locator("canvas[data-frames]").first.wait_for()
        yield page
        assert problems == []
    finally:
        context.close()


def settled(page: Any) -> None:
    """Wait until what was asked for has been drawn: two animation frames."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def pixels(page: Any, index: int = 0) -> bytes:
    """The pixels of a canvas, as the bytes of a PNG."""
    settled(page)
    return page.evaluate("(i) => document.querySelectorAll('.ck-canvas')[i].toDataURL()", index)


def live_view(page: Any) -> None:
    """Show the widget as with a kernel, with all its controls; what it sends is kept by the model."""
    page.evaluate("""() => {
      coursekit.dispose();
      coursekit.model.set("frozen", false);
      coursekit.widget.render({ model: coursekit.model, el: document.getElementById("widget") });
    }""")


def receive(page: Any, name: str, arrays: Arrays) -> None:
    """Set a trait of arrays, as a message from Python does."""
    packed = pack(arrays)
    page.evaluate(
        """([name, packed]) => coursekit.model.set(name, { ...packed, block:
          new DataView(Uint8Array.from(atob(packed.block), (c) => c.charCodeAt(0)).buffer) })""",
        [name, packed | {"block": base64.b64encode(packed["block"]).decode()}],
    )


DARK = """() => {
  document.body.setAttribute("data-jp-theme-light", "false");
  const set = (k, v) => document.documentElement.style.setProperty(k, v);
  set("--jp-layout-color0", "#111111"); set("--jp-layout-color1", "#212121");
  set("--jp-layout-color2", "#424242"); set("--jp-layout-color3", "#616161");
  set("--jp-border-color0", "#777777"); set("--jp-content-font-color1", "#ffffff");
  document.body.style.background = "#111111"; document.body.style.color = "#ffffff";
}"""
"""What JupyterLab's dark theme does to a page, as far as the widgets look."""
