"""The transport explorer in a real browser, from the exported page."""

from __future__ import annotations

import re

import pytest
from widget_pages import DARK, live_view, opened, pixels, settled

from coursekit.widgets import TransportExplorer
from coursekit.widgets.transport_state import PAIRS, TransportState, shares

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return TransportExplorer("left, right").export_html(tmp_path_factory.mktemp("transport") / "transport.html")


@pytest.fixture(scope="module")
def state():
    p, q = PAIRS["left, right"]
    return TransportState(tuple(shares(p, "p")), tuple(shares(q, "q")))


def summary(page):
    settled(page)
    return page.get_by_role("status").first.inner_text()


def numbers(page):
    settled(page)
    return page.locator(".ck-numbers").inner_text()


def click(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def test_predict_then_reveal(browser, path, state, artefacts):
    with opened(browser, path) as page:
        assert "cost Σ P|i−j| = ?" in numbers(page) and "Predict what the plan costs" in summary(page)
        hidden = pixels(page, 2)
        page.get_by_role("slider", name="Guess of the cost").press("End")
        click(page, "Reveal cost and f")
        assert f"cost Σ P|i−j| = {state.best.cost:.3f}" in numbers(page)
        assert f"dual Σ (p−q) f = {state.potential[0]:.3f}" in numbers(page)
        assert "You predicted 7.0 bins." in summary(page)
        assert pixels(page, 2) != hidden
        page.screenshot(path=artefacts / "transport-light.png", full_page=True)
        page.evaluate(DARK)
        settled(page)
        page.screenshot(path=artefacts / "transport-dark.png", full_page=True)
        page.get_by_label("Heaps").select_option("the same")
        assert "everything stays" in summary(page)
        assert "You predicted" not in summary(page)
        assert page.get_by_role("button", name="Play").is_disabled()


def test_who_has_not_guessed_is_not_said_to_have(browser, path):
    with opened(browser, path) as page:
        click(page, "Reveal cost and f")
        assert "Cost Σ" in summary(page) and "You predicted" not in summary(page)


def test_moves_one_by_one_by_key_and_all_of_them_cost_the_price(browser, path, state):
    with opened(browser, path) as page:
        heap, plan = pixels(page, 0), pixels(page, 3)
        click(page, "One move")
        i, j, mass = state.moves[0]
        assert f"paid so far: {mass * abs(i - j):.3f}" in numbers(page)
        assert pixels(page, 0) != heap and pixels(page, 3) != plan
        page.get_by_role("slider", name="Moves made").press("End")
        assert f"paid so far: {state.best.cost:.3f}" in numbers(page)
        assert f"{len(state.moves)} of {len(state.moves)} moves made" in summary(page)
        assert f"The heap now: {', '.join(f'{share:.2f}' for share in state.q)}." in summary(page)
        page.get_by_role("slider", name="Moves made").press("Home")
        assert pixels(page, 0) == heap


def test_play_pause_and_less_motion(browser, path, artefacts):
    with opened(browser, path) as page:
        click(page, "Play")
        page.wait_for_timeout(400)
        page.screenshot(path=artefacts / "transport-moving.png", full_page=True)
        page.get_by_text("1 of ").first.wait_for()
        assert page.get_by_role("status").first.get_attribute("aria-busy") == "true"
        click(page, "Pause")
        words = summary(page)
        page.wait_for_timeout(600)
        assert summary(page) == words
    with opened(browser, path, reduced_motion=True) as page:
        click(page, "Play")
        assert "1 of " in summary(page)  # at once, and no mass is ever drawn on its way
        click(page, "Pause")


def test_bars_are_dragged_and_moved_by_keys(browser, path):
    with opened(browser, path) as page:
        live_view(page)
        page.evaluate("() => { coursekit.model.save_changes = () => {}; }")  # nobody puts other heaps in their place
        canvas = page.get_by_role("slider", name="Heap p")
        canvas.focus()
        before = page.evaluate("() => coursekit.model.get('p')")
        for key in ("ArrowRight", "ArrowRight", "Shift+ArrowUp"):
            page.keyboard.press(key)
        after = page.evaluate("() => coursekit.model.get('p')")
        assert after[2] == pytest.approx(before[2] + 0.1) and sum(after) == pytest.approx(1)
        assert f"bin 2 holds {after[2]:.2f} of the mass" == canvas.get_attribute("aria-valuetext")
        canvas = page.get_by_role("slider", name="Heap q")
        box = canvas.bounding_box()
        # The axes: 3.4 and 0.9 letters of 13 px at the sides, 2 above, 0.4 below; 8 bins from -0.6 to 7.6.
        x = box["x"] + 44.2 + (box["width"] - 55.9) * 5.6 / 8.2
        page.mouse.move(x, box["y"] + box["height"] - 20)
        page.mouse.down()
        page.mouse.move(x, box["y"] + 26 + 0.5 * (box["height"] - 26 - 5.2), steps=3)
        page.mouse.up()
        q = page.evaluate("() => coursekit.model.get('q')")
        assert q[5] == pytest.approx(0.25, abs=0.02) and sum(q) == pytest.approx(1)


@pytest.mark.parametrize("width", [944, 1196])  # of a projector with JupyterLab's side bar, and without it
def test_with_a_kernel_all_controls_fit_on_a_lecture_screen_and_have_names(browser, path, artefacts, width):
    with opened(browser, path, width=width) as page:
        live_view(page)
        page.get_by_role("slider", name="Guess of the cost").press("End")
        for name in ("Reveal cost and f", "One move", "Lecture size"):  # all words there are
            click(page, name)
        settled(page)
        page.screenshot(path=artefacts / f"transport-large-{width}.png", full_page=True)
        assert page.locator(".ck-root").bounding_box()["height"] <= 598  # what JupyterLab leaves of 720
        tree = page.get_by_role("region", name="Optimal transport between two histograms").aria_snapshot()
        for line in ('slider "Heap p', 'slider "Heap q', 'combobox "Heaps"', 'img "Potential f', 'img "Plan P',
                     'slider "Moves made"', 'slider "Guess of the cost"'):  # fmt: skip
            assert line in tree
        assert not re.search(r"- (slider|combobox|checkbox|button|img)(?! \")", tree), tree
