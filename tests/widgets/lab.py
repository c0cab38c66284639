"""A real JupyterLab with a real browser in front of it, for smoke tests of notebooks.

    with running_lab(folder) as lab, opened_notebook(lab, browser, "lecture.ipynb") as notebook:
        notebook.run_all(wait_for=".ck-canvas[data-frames]")
        notebook.page.get_by_role("slider", name="Bandwidth h").press("ArrowLeft")
        notebook.screenshot(artefacts / "lecture.png")
        assert notebook.failed_cells() == []
        assert notebook.problems == []

The server listens on loopback only, with a token, on a port that the system picks; its settings, data and runtime
files live in a temporary folder, so neither the tester's settings nor a running JupyterLab matter.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Messages that JupyterLab itself logs as errors, whatever the notebook.
NOISE = (
    "favicon",
    "Failed to load resource: the server responded with a status of 404",  # settings and workspaces not made yet
    "ResizeObserver loop",
)


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, its token, and where its notebooks are."""

    url: str
    token: str
    folder: Path


@contextlib.contextmanager
def running_lab(folder: Path, *, wait: float = 60, options: tuple[str, ...] = ()) -> Iterator[Lab]:
    """Start JupyterLab on a folder of notebooks, and stop it with its kernels at the end.

    Raises:
        RuntimeError: if it does not answer in time; the message ends with what it printed.
    """
    with tempfile.TemporaryDirectory(prefix="lab-") as place:
        home, token = Path(place), secrets.token_hex(16)
        env = os.environ | {
            "JUPYTER_TOKEN": token,
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
            "IPYTHONDIR": str(home / "ipython"),
        }
        command = [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root",
            f"--ServerApp.root_dir={folder}",
            "--LabApp.expose_app_in_browser=True",
            "--LabApp.news_url=None",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.extension_manager=readonly",
            *options,
        ]  # fmt: skip
        # Nobody answers the question whether one wants news.
        quiet = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        quiet.parent.mkdir(parents=True)
        quiet.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}))
        log = home / "log.txt"
        with log.open("w") as out:
            process = subprocess.Popen(command, env=env, stdout=out, stderr=out, start_new_session=True)
        try:
            yield Lab(_address(process, home / "runtime", log, wait), token, Path(folder))
        finally:
            _stop(process)


def _address(process: subprocess.Popen, runtime: Path, log: Path, wait: float) -> str:
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline and process.poll() is None:
        for info in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(ValueError, KeyError):
                return json.loads(info.read_text())["url"]
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start within {wait:.0f} s. It printed:\n{log.read_text()[-2000:]}")


def _stop(process: subprocess.Popen) -> None:
    """Ask the server to shut its kernels down; end what is left of its process group."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=15)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=5)


@dataclass
class Notebook:
    """A notebook open in the browser.

    Attributes:
        page: playwright's page.
        problems: errors of the browser's console, uncaught exceptions, and addresses asked for beyond loopback.
    """

    page: Any
    problems: list[str] = field(default_factory=list)

    def run_all(self, *, wait_for: str, tries: int = 3, timeout: float = 60) -> None:
        """Run all cells until an element is there; again if it does not come: a kernel may start slowly.

        Raises:
            RuntimeError: if the element is not there after all tries; the message holds what the cells raised.
        """
        for _ in range(tries):
            self.page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
            with contextlib.suppress(Exception):
                self.page.locator(wait_for).first.wait_for(state="attached", timeout=1000 * timeout / tries)
                return
        raise RuntimeError(
            f"No element {wait_for!r} after {tries} runs. Cells raised: {self.failed_cells() or 'nothing'}."
        )

    def wait_until_run(self) -> None:
        """Wait until every cell has run: at the end JupyterLab takes the keyboard for the last cell once more."""
        self.page.wait_for_function("""() => {
          const cells = [...jupyterapp.shell.currentWidget.content.model.cells];
          return cells.every((c) => c.type !== "code" || (c.executionCount && c.executionState === "idle"));
        }""")

    def failed_cells(self) -> list[str]:
        """What cells raised, as "name: message"."""
        return self.page.evaluate("""() => {
          const cells = [...jupyterapp.shell.currentWidget.content.model.cells];
          const outputs = cells.flatMap((c) => (c.outputs ? c.outputs.toJSON() : []));
          return outputs.filter((o) => o.output_type === "error").map((o) => `${o.ename}: ${o.evalue}`);
        }""")

    def condition(self) -> str:
        """Whether page and kernel still answer, and what the widgets say: for a test that waited in vain."""
        parts = {
            "page": "() => ({visible: document.visibilityState, focus: document.hasFocus(), "
            "active: document.activeElement?.outerHTML.slice(0, 200)})",
            "frames in a second": """() => new Promise((done) => {
              let frames = 0;
              const count = () => { frames += 1; requestAnimationFrame(count); };
              requestAnimationFrame(count);
              setTimeout(() => done(frames), 1000);
            })""",
            "40 ms by a timer take": """() => new Promise((done) => {
              const start = performance.now();
              setTimeout(() => done(performance.now() - start), 40);
            })""",
            "kernel": """async () => {
              const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
              const start = performance.now();
              const answer = await Promise.race([
                kernel.requestKernelInfo(), new Promise((done) => setTimeout(() => done(null), 15000))]);
              return { status: kernel.status, connection: kernel.connectionStatus, answered: answer !== null,
                after: performance.now() - start };
            }""",
            "cells": "() => [...jupyterapp.shell.currentWidget.content.model.cells]"
            ".map((c) => [c.executionCount, c.executionState])",
            "widgets": """() => [...document.querySelectorAll(".ck-root")].map((root) => ({
              name: root.getAttribute("aria-label"), top: root.getBoundingClientRect().top,
              words: root.querySelector(".ck-summary")?.innerText,
              frames: [...root.querySelectorAll("canvas")].map((c) => c.dataset.frames),
              buttons: [...root.querySelectorAll("button")].map((b) => b.innerText) }))""",
        }
        lines = [f"load: {os.getloadavg()}", f"problems: {self.problems}"]
        for name, script in parts.items():
            try:
                lines.append(f"{name}: {json.dumps(self.page.evaluate(script), ensure_ascii=False)}")
            except Exception as problem:  # a page that does not even answer is an answer
                lines.append(f"{name}: {problem}")
        return "\n".join(lines)

    def press_until(self, key: str, done: Callable[[], bool], *, tries: int = 5, wait: float = 3) -> None:
        """Press a key until it had its effect: JupyterLab loses one now and then while it is still busy.

        Raises:
            RuntimeError: if no press had the effect.
        """
        for _ in range(tries):
            self.page.keyboard.press(key)
            deadline = time.monotonic() + wait
            while time.monotonic() < deadline:
                if done():
                    return
                self.page.wait_for_timeout(50)
        raise RuntimeError(f"{tries} presses of {key} had no effect.")

    def set_theme(self, name: str) -> None:
        """Change JupyterLab's theme: "JupyterLab Light" or "JupyterLab Dark"."""
        self.page.evaluate("(name) => jupyterapp.commands.execute('apputils:change-theme', { theme: name })", name)
        self.page.locator(f"body[data-jp-theme-name='{name}']").wait_for(state="attached")
        self.page.wait_for_timeout(300)

    def screenshot(self, path: Path) -> None:
        """Keep a picture of what is on the screen."""
        self.page.screenshot(path=path)


@contextlib.contextmanager
def opened_notebook(
    lab: Lab, browser: Any, name: str, *, width: int = 1280, height: int = 900, wait: float = 60
) -> Iterator[Notebook]:
    """Open a notebook of the lab's folder and wait until its kernel is there; its metadata must name the kernel."""
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(1000 * wait)
    notebook = Notebook(page)

    def note(text: str) -> None:
        if not any(noise in text for noise in NOISE):
            notebook.problems.append(text)

    page.on("console", lambda m: note(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: note(str(e)))
    local = (lab.url, lab.url.replace("http", "ws", 1), "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(local) else note(f"network: {r.url}"))
    try:
        page.goto(f"{lab.url}lab/tree/{name}?reset&token={lab.token}")
        kernel = "window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel"
        page.wait_for_function(f"() => {kernel}?.connectionStatus === 'connected'")
        yield notebook
    finally:
        context.close()
