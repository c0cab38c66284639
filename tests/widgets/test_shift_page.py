"""The shift explorer in a real browser, from the exported page."""

from __future__ import annotations

import re

import pytest
from widget_pages import DARK, live_view, opened, pixels, settled

from coursekit.widgets import ShiftExplorer

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return ShiftExplorer("boxes", shift=0.0).export_html(tmp_path_factory.mktemp("shift") / "shift.html")


def summary(page):
    settled(page)
    return page.get_by_role("status").first.inner_text()


def shift(page):
    return float(page.get_by_role("slider", name="Density q over p").get_attribute("aria-valuenow"))


def test_keys_shift_q_and_leave_a_trace(browser, path):
    with opened(browser, path) as page:
        assert "Visited: 1 of 81 shifts." in summary(page)
        left, right = pixels(page, 0), pixels(page, 1)
        page.get_by_role("slider", name="Density q over p").focus()
        for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight"):
            page.keyboard.press(key)
            settled(page)
        assert shift(page) == pytest.approx(0.7)
        words = summary(page)
        assert "q is p shifted by 0.70" in words and "W₁ = 0.700" in words and "Visited: 4 of 81" in words
        traced = pixels(page, 1)
        assert pixels(page, 0) != left and traced != right
        page.get_by_role("button", name="Clear the trace").click()
        assert "Visited: 1 of 81" in summary(page)
        assert pixels(page, 1) != traced
        page.get_by_role("slider", name="Shift of q").press("End")
        assert "no place in common" in summary(page) and "slope 0.000; W₁ = 4.000, slope 1.000" in summary(page)


def test_q_is_dragged(browser, path):
    with opened(browser, path) as page:
        box = page.get_by_role("slider", name="Density q over p").bounding_box()
        unit = (box["width"] - 55.9) / 11  # pixels for one unit of x: the axes' margins are 3.4 and 0.9 letters of 13
        middle = box["x"] + 44.2 + 5.5 * unit
        page.mouse.move(middle + 0.2 * unit, box["y"] + 150)
        page.mouse.down()
        page.mouse.move(middle - 1.8 * unit, box["y"] + 150, steps=8)
        page.mouse.up()
        assert shift(page) == pytest.approx(-2.0, abs=0.11)
        assert int(re.search(r"Visited: (\d+)", summary(page))[1]) > 3


def test_the_number_beside_the_mark_stays_clear_of_the_title(browser, path):
    with opened(browser, path, width=1116) as page:
        page.evaluate("""() => {
          window.words = [];
          const fill = CanvasRenderingContext2D.prototype.fillText;
          CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...more) {
            const tall = parseFloat(this.font.match(/([.0-9]+)px/)[1]);
            words.push({ text, y, tall, middle: this.textBaseline === "middle" });
            return fill.call(this, text, x, y, ...more);
          };
        }""")
        page.get_by_role("button", name="Lecture size").click()
        page.get_by_role("slider", name="Density q over p").press("Home")
        settled(page)
        words = page.evaluate("() => words")
        title, number = ([w for w in words if w["text"] == text][-1] for text in ("W₁ in units of x", "4.000"))
        assert number["middle"] and not title["middle"]  # a title stands on its y
        assert number["y"] - 0.5 * number["tall"] >= title["y"]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("key", ["Home", "End", "71 steps"])
def test_the_number_beside_the_mark_leaves_the_mark_visible(browser, path, key, large):
    with opened(browser, path, width=1100) as page:
        page.evaluate("""() => {
          window.words = []; window.squares = [];
          const { fillText, rect } = CanvasRenderingContext2D.prototype;
          CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...more) {
            words.push({ text, left: x, right: x + this.measureText(text).width });
            return fillText.call(this, text, x, y, ...more);
          };
          CanvasRenderingContext2D.prototype.rect = function (x, y, w, h) {
            squares.push({ left: x, right: x + w });
            return rect.call(this, x, y, w, h);
          };
        }""")
        if large:
            page.get_by_role("button", name="Lecture size").click()
        page.get_by_role("slider", name="Density q over p").press("End" if key == "End" else "Home")
        if key == "71 steps":
            for _ in range(71):
                page.get_by_role("slider", name="Density q over p").press("ArrowRight")
        settled(page)
        text = f"{abs(shift(page)):.3f}"
        number = [w for w in page.evaluate("() => words") if w["text"] == text][-1]
        mark = page.evaluate("() => squares.at(-1)")  # that of W₁ is drawn last
        assert number["right"] <= mark["left"] or number["left"] >= mark["right"]


def test_predict_then_reveal(browser, path, artefacts):
    with opened(browser, path) as page:
        assert "Predict both curves" in summary(page)
        hidden = pixels(page, 1)
        page.get_by_role("button", name="Reveal all shifts").click()
        assert "Predict" not in summary(page)
        assert pixels(page, 1) != hidden
        page.get_by_role("slider", name="Density q over p").focus()
        for _ in range(6):
            page.keyboard.press("ArrowRight")
            settled(page)
        page.screenshot(path=artefacts / "shift-light.png", full_page=True)
        page.get_by_label("Shape").select_option("normals")
        page.keyboard.press("Tab")
        assert "share" in summary(page) and "Visited: 1 of 81" in summary(page)
        page.evaluate(DARK)
        settled(page)
        page.screenshot(path=artefacts / "shift-dark.png", full_page=True)


def test_with_a_kernel_all_controls_fit_on_a_lecture_screen_and_have_names(browser, path, artefacts):
    with opened(browser, path, width=1280) as page:
        live_view(page)
        page.get_by_role("button", name="Lecture size").click()
        page.get_by_role("slider", name="Density q over p").focus()
        for _ in range(4):
            page.keyboard.press("Shift+ArrowLeft")
            settled(page)
        page.screenshot(path=artefacts / "shift-large.png", full_page=True)
        assert page.locator(".ck-root").bounding_box()["height"] <= 680
        tree = page.get_by_role("region", name="Jensen-Shannon and Wasserstein").aria_snapshot()
        for line in ('slider "Density q over p', 'img "JS and W₁ against the shift"', 'combobox "Shape"',
                     'slider "Shift of q"', 'button "Clear the trace"', 'button "Reveal all shifts"'):  # fmt: skip
            assert line in tree
        assert not re.search(r"- (slider|combobox|checkbox|button|img)(?! \")", tree), tree
