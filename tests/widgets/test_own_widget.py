"""A widget of one's own in a few lines: the toolkit is for lectures to come, and for students."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import traitlets
from widget_pages import opened, pixels, settled

from coursekit.widgets import Arrays, ArraysTrait, CanvasWidget, compose_esm

pytestmark = pytest.mark.browser

DRAW = """
import { Axes, arrays, shell, slider } from "./toolkit.js";
function render({ model, el }) {
  const frame = shell({ model, el, name: "Powers" });
  const stage = frame.stage({ label: "x to the power k", height: 200, draw: (stage) => {
    const { x, y } = arrays(model.get("curve"));
    new Axes(stage, { xlim: [0, 1], ylim: [0, 1], xlabel: "x" }).line(x, y);
  } });
  const power = slider({ label: "Power k", values: [1, 2, 3], value: model.get("power"),
    onInput: (v) => frame.push({ power: v }) });
  frame.plots.append(stage.canvas);
  frame.controls.append(power.element, frame.large);
  frame.follow(["power", "curve"], () => { power.set(model.get("power")); frame.redraw(); });
  return frame.dispose;
}

export default { render };
"""


class Powers(CanvasWidget):
    _esm = compose_esm(DRAW)
    actions: ClassVar[tuple[str, ...]] = ("explode",)
    power = traitlets.Int(1, min=1, max=3).tag(sync=True)
    curve = ArraysTrait()

    @traitlets.observe("power")
    def _compute(self, change: Any = None) -> None:
        self.curve = self.page_state({"power": self.power})["curve"]

    def explode(self) -> None:
        raise KeyError("nothing here")

    def page_choices(self) -> dict[str, list[Any]]:
        return {"power": [1, 2, 3]}

    def page_state(self, choice: dict[str, Any]) -> dict[str, Any]:
        x = [i / 50 for i in range(51)]
        return {"curve": Arrays({"x": x, "y": [v ** choice["power"] for v in x]}), "summary": f"k = {choice['power']}"}


def test_it_runs_on_a_page_without_a_kernel(browser, tmp_path):
    widget = Powers()
    widget.power = 2
    with opened(browser, widget.export_html(tmp_path / "powers.html")) as page:
        before = pixels(page)
        page.get_by_role("slider", name="Power k").press("ArrowRight")
        assert pixels(page) != before
        settled(page)
        assert page.get_by_role("status").inner_text().strip() == "k = 3"


def test_an_action_that_raises_is_said_on_the_page():
    widget = Powers()
    widget._handle_custom_msg({"action": "explode"}, [])
    assert widget.error == "A callback of this widget failed. KeyError: 'nothing here'"


def test_messages_that_are_no_actions_reach_the_readers_own_callbacks():
    widget, seen = Powers(), []
    widget.on_msg(lambda _, content, buffers: seen.append(content))
    widget._handle_custom_msg({"hello": 1}, [])
    assert seen == [{"hello": 1}]
    assert widget.error == ""


def test_a_widget_without_choices_cannot_be_exported_and_says_so(tmp_path):
    with pytest.raises(ValueError, match="CanvasWidget cannot be exported: it lists no choices"):
        CanvasWidget().export_html(tmp_path / "nothing.html")


def test_too_many_frames_are_refused(tmp_path):
    widget = Powers()
    widget.page_choices = lambda: {"power": [1, 2, 3], "more": list(range(1000))}
    with pytest.raises(ValueError, match="more than 2000 frames"):
        widget.export_html(tmp_path / "powers.html")


def test_a_notebook_keeps_words_for_readers_without_a_kernel():
    widget = Powers()
    widget.summary = "k = 1"
    data, _ = widget._repr_mimebundle_()
    assert data["text/plain"] == "Powers. k = 1 (Run this cell to move it.)"
    assert "application/vnd.jupyter.widget-view+json" in data
