"""The E-M explorer in a real browser, from the exported page."""

from __future__ import annotations

import re

import pytest
from widget_pages import DARK, live_view, opened, pixels, settled

from coursekit.widgets import EMExplorer

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def path_of_six(tmp_path_factory):
    return EMExplorer("pinwheel", k=6).export_html(tmp_path_factory.mktemp("em") / "em-6.html")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return EMExplorer("three_blobs", n=150).export_html(tmp_path_factory.mktemp("em") / "em.html")


def summary(page):
    settled(page)
    return page.get_by_role("status").first.inner_text()


def click(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def test_half_steps_iterations_and_back(browser, path, artefacts):
    with opened(browser, path) as page:
        assert "Start:" in summary(page) and "Predict where each component will go" in summary(page)
        assert page.get_by_role("button", name="M-step").is_disabled()
        start = pixels(page)
        click(page, "E-step")
        assert "Iteration 1, E-step" in summary(page) and "which way will each component move" in summary(page)
        assert pixels(page) != start
        before = page.locator(".ck-legend").inner_text()
        assert page.get_by_role("button", name="E-step").is_disabled()
        click(page, "M-step")
        assert "Iteration 1, M-step" in summary(page)
        assert "1: (" in before and page.locator(".ck-legend").inner_text() != before
        click(page, "One iteration")
        assert "Iteration 2, M-step" in summary(page)
        page.screenshot(path=artefacts / "em-light.png", full_page=True)
        page.evaluate(DARK)
        settled(page)
        page.screenshot(path=artefacts / "em-dark.png", full_page=True)
        click(page, "Back")
        assert "Iteration 2, E-step" in summary(page)
        click(page, "Back to start")
        assert "Start:" in summary(page)


def test_arrow_keys_scrub_over_the_history(browser, path):
    with opened(browser, path) as page:
        climb = pixels(page, 1)
        page.get_by_role("slider", name="History").focus()
        for _ in range(4):
            page.keyboard.press("ArrowRight")
        assert "Iteration 2, M-step" in summary(page)
        assert pixels(page, 1) != climb


def test_play_and_pause(browser, path):
    with opened(browser, path) as page:
        click(page, "Play")
        page.get_by_text("Iteration 2, E-step").wait_for()
        click(page, "Pause")
        words = summary(page)
        page.wait_for_timeout(700)
        assert summary(page) == words
    with opened(browser, path, reduced_motion=True) as page:
        click(page, "Play")  # whole iterations only
        assert "Iteration 1, M-step" in summary(page)


def test_the_start_can_be_dragged_and_moved_by_keys(browser, path):
    with opened(browser, path) as page:
        live_view(page)
        settled(page)
        canvas = page.get_by_role("slider", name="Means at the start")
        canvas.focus()
        page.keyboard.press("2")
        assert "component 2" in canvas.get_attribute("aria-valuetext")
        page.keyboard.press("ArrowUp")
        by_key = page.evaluate("() => coursekit.model.get('places')")
        assert len(by_key) == 3
        box = canvas.bounding_box()
        spot = page.evaluate("""() => {
          const m = coursekit.model, [low, high] = [m.get("low"), m.get("high")];
          const packed = m.get("picture"), at = new Float32Array(packed.block.buffer.slice(packed.block.byteOffset));
          return [(at[0] - low[0]) / (high[0] - low[0]), (at[1] - low[1]) / (high[1] - low[1])];
        }""")
        # The axes: 3.4 and 0.9 letters of 13 px at the sides, 2 above, 1.8 below.
        x = box["x"] + 44.2 + spot[0] * (box["width"] - 55.9)
        y = box["y"] + box["height"] - 23.4 - spot[1] * (box["height"] - 49.4)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 30, y - 30, steps=3)
        page.mouse.up()
        dragged = page.evaluate("() => coursekit.model.get('places')")
        first = page.evaluate("""() => { const p = coursekit.model.get("picture");
          return [...new Float32Array(p.block.buffer.slice(p.block.byteOffset)).slice(0, 2)]; }""")
        assert dragged[0][0] > first[0] and dragged[0][1] > first[1]


def focused(page):
    return page.evaluate("() => document.activeElement.textContent")


def test_the_keyboard_goes_on_where_a_button_has_nothing_left_to_do(browser, path):
    with opened(browser, path) as page:
        page.get_by_role("button", name="E-step").focus()
        for name, said in (("M-step", "Iteration 1, E"), ("E-step", "Iteration 1, M"), ("M-step", "Iteration 2, E")):
            page.keyboard.press("Enter")
            assert said in summary(page) and focused(page) == name
        page.get_by_role("button", name="Back to start").focus()
        page.keyboard.press("Enter")
        assert "Start:" in summary(page) and focused(page) == "Back to start"
        page.keyboard.press("Enter")
        assert "Start:" in summary(page)


def test_fast_keys_add_up_before_the_kernel_answers(browser, path):
    with opened(browser, path) as page:
        live_view(page)  # nobody answers
        low, high = (page.evaluate(f"() => coursekit.model.get('{end}')[0]") for end in ("low", "high"))
        page.get_by_role("slider", name="Means at the start").focus()
        page.keyboard.press("ArrowLeft")
        once = page.evaluate("() => coursekit.model.get('places')[0][0]")
        for _ in range(4):
            page.keyboard.press("ArrowLeft")
        moved = page.evaluate("() => coursekit.model.get('places')[0][0]")
        assert once - moved == pytest.approx(4 * 0.02 * (high - low), rel=1e-3)


def test_who_drags_a_mean_too_late_is_told(browser, path):
    with opened(browser, path) as page:
        live_view(page)
        click(page, "One iteration")
        page.locator(".ck-canvas").first.click(position={"x": 200, "y": 150})
        assert "press Back to start first" in page.get_by_role("alert").inner_text()
        assert page.evaluate("() => coursekit.model.get('places')") in ([], None)


def test_in_lecture_size_words_are_on_the_screen_that_jupyterlab_leaves_of_a_projector(browser, path, artefacts):
    with opened(browser, path, width=1140) as page:  # 600 high of 1280 x 720, without the file browser
        live_view(page)
        click(page, "Lecture size")
        settled(page)
        page.screenshot(path=artefacts / "em-projector.png")
        assert page.locator(".ck-root").bounding_box()["height"] <= 600


def test_six_components_fit_as_well(browser, path_of_six, artefacts):
    with opened(browser, path_of_six, width=1280) as page:
        live_view(page)
        click(page, "Lecture size")
        click(page, "E-step")
        settled(page)
        page.screenshot(path=artefacts / "em-six.png", full_page=True)
        assert page.locator(".ck-root").bounding_box()["height"] <= 680


def test_with_a_kernel_all_controls_fit_on_a_lecture_screen_and_have_names(browser, path, artefacts):
    with opened(browser, path, width=1280) as page:
        live_view(page)
        click(page, "Lecture size")
        click(page, "One iteration")
        settled(page)
        page.screenshot(path=artefacts / "em-large.png", full_page=True)
        assert page.locator(".ck-root").bounding_box()["height"] <= 680
        tree = page.get_by_role("region", name="Expectation-maximisation, step by step").aria_snapshot()
        for line in ('slider "History', 'combobox "Data"', 'combobox "K"', 'button "E-step"', 'button "New start"',
                     'img "Log-likelihood against iteration"'):  # fmt: skip
            assert line in tree
        assert not re.search(r"- (slider|combobox|checkbox|button|img)(?! \")", tree), tree
