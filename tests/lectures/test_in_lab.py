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
            slider, words = widget.get_by_role("slider").first, widget.get_by_role("status")
            slider.scroll_into_view_if_needed()
            slider.focus()
            before = words.inner_text() + (slider.get_attribute("aria-valuetext") or slider.input_value())

            def changed(words=words, slider=slider, before=before):
                now = words.inner_text() + (slider.get_attribute("aria-valuetext") or slider.input_value())
                return now != before

            at_left = slider.evaluate("e => Number(e.value ?? e.getAttribute('aria-valuenow')) <= "
                                      "Number(e.min ?? e.getAttribute('aria-valuemin'))")
            notebook.press_until("ArrowRight" if at_left else "ArrowLeft", changed)
            notebook.screenshot(artefacts / f"{path.stem}-widget-{i}.png")
        assert widgets.count() >= 1
        assert notebook.failed_cells() == []
        assert notebook.problems == []
