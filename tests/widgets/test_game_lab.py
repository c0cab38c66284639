"""The live game in JupyterLab itself: a thread in the kernel trains, frames come and are answered, keys are its own."""

from __future__ import annotations

import re

import nbformat
import pytest
from lab import opened_notebook, running_lab

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def notebook(tmp_path_factory, chromium, browser):
    folder = tmp_path_factory.mktemp("notebooks")
    cells = [
        "from coursekit.widgets import GanGame\ngame = GanGame('grid-25', compare='pacgan2')\ngame",
        "import threading",
    ]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in cells])
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, folder / "game.ipynb")
    with running_lab(folder) as lab, opened_notebook(lab, browser, "game.ipynb") as opened:
        opened.run_all(wait_for=".ck-canvas[data-frames]")
        yield opened


@pytest.fixture
def root(notebook):
    return notebook.page.get_by_role("region", name="The GAN game")


def drawn(root):
    """The update that the picture shows."""
    return int(root.locator("canvas.ck-canvas").first.get_attribute("data-step"))


def until(notebook, what, seconds=30):
    for _ in range(20 * seconds):
        if what():
            return
        notebook.page.wait_for_timeout(50)
    raise AssertionError("it did not happen in time")


def test_space_plays_and_pauses_and_the_pictures_move(notebook, root, artefacts):
    canvas = root.locator("canvas.ck-canvas").first
    canvas.scroll_into_view_if_needed()
    canvas.focus()
    play = root.locator("button", has_text=re.compile("^(Play|Pause)$"))
    notebook.press_until(" ", lambda: play.inner_text() == "Pause", wait=5)
    until(notebook, lambda: drawn(root) > 250)
    notebook.screenshot(artefacts / "lab-game-light.png")
    notebook.press_until(" ", lambda: play.inner_text() == "Play", wait=5)
    notebook.page.wait_for_timeout(500)
    here = drawn(root)
    notebook.page.wait_for_timeout(500)
    assert drawn(root) == here
    words = root.get_by_role("status").first.inner_text()
    assert f"update {here:,}." in words
    assert "of 25 modes" in words
    assert notebook.failed_cells() == []
    assert notebook.problems == []


def test_single_keys_step_look_back_and_mark_and_leave_the_notebook_alone(notebook, root, artefacts):
    """In JupyterLab "b" makes a cell and two "d" remove one."""
    page = notebook.page
    cells = "() => jupyterapp.shell.currentWidget.content.model.cells.length"
    before, step = page.evaluate(cells), drawn(root)
    root.locator("canvas.ck-canvas").first.focus()
    for i, key in enumerate("ddg", start=1):
        page.keyboard.press(key)
        until(notebook, lambda i=i: drawn(root) == step + i)
    page.keyboard.press("b")
    marked = step + 3
    page.keyboard.press("g")
    until(notebook, lambda: drawn(root) == marked + 1)
    page.keyboard.press("ArrowLeft")
    until(notebook, lambda: drawn(root) == marked)
    until(notebook, lambda: root.get_by_role("button", name="Go on from this bookmark").is_enabled())
    page.keyboard.press("ArrowLeft")
    until(notebook, lambda: drawn(root) < marked)
    assert "Looking back" in root.get_by_role("status").first.inner_text()
    page.keyboard.press("ArrowRight")
    until(notebook, lambda: drawn(root) == marked)
    page.keyboard.press("c")
    until(notebook, lambda: root.get_by_role("slider").get_attribute("aria-valuetext") == f"update {marked}")
    assert page.evaluate(cells) == before
    root.get_by_role("button", name="Lecture size").click()
    notebook.set_theme("JupyterLab Dark")
    notebook.screenshot(artefacts / "lab-game-dark-large.png")
    assert notebook.problems == []


def test_when_its_output_is_cleared_the_thread_ends(notebook, root):
    page = notebook.page
    root.get_by_role("button", name="Play").click()
    root.get_by_role("button", name="Pause").wait_for()
    page.evaluate("() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    root.wait_for(state="detached")
    page.evaluate("""async () => {
      const cell = jupyterapp.shell.currentWidget.content.model.cells.get(1);
      cell.sharedModel.setSource("import time\\ntime.sleep(1)\\n"
        + "print([t.name for t in threading.enumerate() if t.name == 'gan-game'], game.playing)");
      jupyterapp.shell.currentWidget.content.activeCellIndex = 1;
      await jupyterapp.commands.execute("notebook:run-cell");
    }""")
    page.locator(".jp-OutputArea-output", has_text="[] False").wait_for(timeout=20_000)
