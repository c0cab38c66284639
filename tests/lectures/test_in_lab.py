"""Every lecture with widgets, in JupyterLab in a real browser: no cell fails, nothing is fetched, widgets answer."""
from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from lab import opened_notebook, running_lab

pytestmark = pytest.mark.browser
COURSE = Path(__file__).resolve().parents[2]
WITH_WIDGETS = sorted(p.with_suffix(".ipynb") for p in (COURSE / "lectures").glob("[0-9][0-9]-*.py")
                      if "coursekit.widgets" in p.read_text("utf-8"))

# A slider is an <input>, or a canvas with a role: where it stands, and whether there is anywhere to go.
AT = "Number(e.value ?? e.getAttribute('aria-valuenow'))"
LEAST, MOST = (f"Number(e.{end} || e.getAttribute('aria-value{end}') || {usual})"
               for end, usual in (("min", 0), ("max", 100)))
CAN_MOVE = f"e => ({LEAST}) < ({MOST}) && !e.disabled"


@pytest.fixture(scope="module")
def lab(tmp_path_factory, chromium):
    folder = tmp_path_factory.mktemp("lectures")
    for path in WITH_WIDGETS:
        shutil.copy(path, folder)
    (folder / "requirements.lock").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSEKIT_BUDGET", "quick")
        with running_lab(folder) as started:
            yield started


@pytest.mark.parametrize("path", WITH_WIDGETS, ids=lambda p: p.stem)
def test_widgets_answer_in_the_lecture(path, lab, browser, artefacts):
    with opened_notebook(lab, browser, path.name) as notebook:
        notebook.run_all(wait_for=".ck-canvas[data-frames]", timeout=240, tries=2)
        page = notebook.page
        widgets = page.locator(".ck-root")
        page.wait_for_function(
            "(n) => document.querySelectorAll('.jp-OutputArea .ck-canvas[data-frames]').length >= n",
            arg=1, timeout=120_000)
        for i in range(widgets.count()):
            widget = widgets.nth(i)
            sliders = widget.get_by_role("slider").all()
            slider, words = next((one for one in sliders if one.evaluate(CAN_MOVE)), None), widget.get_by_role("status")
            if slider is None:  # a player that has nothing to look back at yet
                drawn = widget.locator(".ck-canvas[data-frames]").first
                frames = int(drawn.get_attribute("data-frames"))
                widget.get_by_role("button", name="Play").first.click()
                notebook.page.wait_for_function(
                    "([e, n]) => Number(e.dataset.frames) > n", arg=[drawn.element_handle(), frames], timeout=60_000)
                notebook.screenshot(artefacts / f"{path.stem}-widget-{i}.png")
                continue
            slider.scroll_into_view_if_needed()
            slider.focus()
            before = words.inner_text() + (slider.get_attribute("aria-valuetext") or slider.input_value())

            def changed(words=words, slider=slider, before=before):
                now = words.inner_text() + (slider.get_attribute("aria-valuetext") or slider.input_value())
                return now != before

            at_left = slider.evaluate(f"e => ({AT}) <= ({LEAST})")
            notebook.press_until("ArrowRight" if at_left else "ArrowLeft", changed)
            notebook.screenshot(artefacts / f"{path.stem}-widget-{i}.png")
        assert widgets.count() >= 1
        assert notebook.failed_cells() == []
        assert notebook.problems == []
