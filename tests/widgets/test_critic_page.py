"""The critic explorer in a real browser, from the exported page."""

from __future__ import annotations

import re

import pytest
from widget_pages import DARK, live_view, opened, pixels, receive, settled

from coursekit.widgets import CriticExplorer
from coursekit.widgets.ahead import deck
from coursekit.widgets.arrays import Arrays
from coursekit.widgets.critic_state import MEANS, STEPS, CriticState

pytestmark = pytest.mark.browser

DATA, GENERATOR = "Middle of p, data", "Middle of p_g, the generator"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return CriticExplorer().export_html(tmp_path_factory.mktemp("critic") / "critic.html")


@pytest.fixture(scope="module")
def rows():
    return list(CriticState().rows())


def summary(page):
    settled(page)
    return page.get_by_role("status").first.inner_text().replace("−", "-")


def middle(page, name=GENERATOR):
    return float(page.get_by_role("slider", name=name).get_attribute("aria-valuenow"))


def with_kernel(page):
    """All controls and places, and nobody who answers."""
    live_view(page)
    page.evaluate("(means) => { coursekit.model.set('means', means); coursekit.model.save_changes = () => {}; }", MEANS)
    page.evaluate("() => { coursekit.sent = []; coursekit.model.send = (m) => coursekit.sent.push(m); }")


def place(page, mean, row=0.2):
    """Pixels of a place on the densities' panel: the axes' margins are 3.4 and 0.9 letters of 13 px."""
    box = page.locator("canvas.ck-canvas").first.bounding_box()
    return box["x"] + 44.2 + (mean + 7) / 14 * (box["width"] - 55.9), box["y"] + (1 - row) * box["height"]


def test_the_run_is_scrubbed_and_said_in_words(browser, path, rows):
    with opened(browser, path) as page:
        own, fresh = rows[0]["loss"]
        assert f"Step 0: loss {own:.3f} on its own points, {fresh:.3f} on fresh ones" in summary(page)
        left, right = pixels(page, 0), pixels(page, 1)
        page.get_by_role("slider", name="Step", exact=True).press("End")
        own, fresh = rows[-1]["loss"]
        below, error = CriticState().bound - own, rows[-1]["error"][0]
        assert f"Step 400: loss {own:.3f} on its own points, {below:.3f} below the bound, {fresh:.3f}" in summary(page)
        assert f"σ(D) is off σ(D*) by {error:.2f} at most" in summary(page)
        assert pixels(page, 0) != left and pixels(page, 1) != right
        page.get_by_role("button", name="From start").click()
        page.mouse.move(0, 0)
        assert "Step 0:" in summary(page) and pixels(page, 1) == right


def test_train_plays_the_run_to_its_end(browser, path):
    with opened(browser, path) as page:
        page.get_by_role("button", name="Train").click()
        page.get_by_role("button", name="Pause").click()
        paused = int(re.search(r"Step (\d+)", summary(page))[1])
        assert paused < 400
        page.get_by_role("button", name="Train").click()
        page.get_by_text("Step 400: loss").wait_for()
        page.get_by_role("button", name="Train").wait_for()
        page.get_by_role("button", name="Train").click()  # once more from the start
        assert int(re.search(r"Step (\d+)", summary(page))[1]) < 400


def test_without_motion_there_is_only_the_end(browser, path):
    with opened(browser, path, reduced_motion=True) as page:
        page.get_by_role("button", name="Train").click()
        assert "Step 400: loss" in summary(page)


def test_keys_on_a_mark_move_its_density(browser, path):
    with opened(browser, path) as page:
        before = pixels(page, 0)
        mark = page.get_by_role("slider", name=GENERATOR)
        mark.focus()
        page.keyboard.press("ArrowRight")
        assert middle(page) == 3.0 and "p_g: middle 3.00" in summary(page) and pixels(page, 0) != before
        page.keyboard.press("Home")
        assert middle(page) == -1.0 and "JS = 0.000 nats" in summary(page)
        with_kernel(page)
        for name, trait in ((DATA, "p"), (GENERATOR, "g")):
            page.get_by_role("slider", name=name).focus()
            start = middle(page, name)
            page.keyboard.press("ArrowLeft")
            assert middle(page, name) == pytest.approx(start - 0.1)
            page.keyboard.press("Shift+ArrowRight")
            assert middle(page, name) == pytest.approx(start + 0.4)
            scale = page.evaluate(f"() => coursekit.model.get('scale_{trait}')")
            page.keyboard.press("ArrowUp")
            assert page.evaluate(f"() => coursekit.model.get('scale_{trait}')") > scale
            assert "scale 1.1" in page.get_by_role("slider", name=name).get_attribute("aria-valuetext")


def test_both_densities_are_dragged_by_their_marks(browser, path):
    with opened(browser, path) as page:
        with_kernel(page)
        settled(page)
        for name, at, to, row in ((DATA, -1.0, -3.0, 0.33), (GENERATOR, 1.0, 2.5, 0.29)):
            page.mouse.move(*place(page, at, row))
            page.mouse.down()
            page.mouse.move(*place(page, to, row), steps=6)
            page.mouse.up()
            assert middle(page, name) == pytest.approx(to, abs=0.11)
            assert page.evaluate("() => document.activeElement.getAttribute('aria-label')").startswith(name)
        assert middle(page, DATA) == pytest.approx(-3.0, abs=0.11)
        # Whoever points at the upper picture, even from there into the lower one, moves nothing.
        page.mouse.move(*place(page, 0.0, 0.7))
        page.mouse.down()
        page.mouse.move(*place(page, 1.0, 0.7), steps=3)
        page.mouse.move(*place(page, 1.0), steps=3)
        page.mouse.up()
        assert [middle(page, name) for name in (DATA, GENERATOR)] == pytest.approx([-3.0, 2.5], abs=0.11)
        # A finger drags, too.
        touch = page.context.new_cdp_session(page)
        x, y = place(page, 2.5, 0.29)
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for part in (0.3, 0.6, 1.0):
            to, _ = place(page, 2.5 - 2.5 * part, 0.29)
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": to, "y": y}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert middle(page) == pytest.approx(0.0, abs=0.11)


def test_the_run_of_another_place_is_never_taken_for_that_of_this_one(browser, path, rows):
    with opened(browser, path) as page:
        with_kernel(page)
        page.evaluate("() => coursekit.model.set('step', 400)")
        assert "Step 400" in summary(page)
        page.get_by_role("slider", name=GENERATOR).press("ArrowRight")
        faded = pixels(page, 0), pixels(page, 1)
        assert "The critic is being trained." in summary(page) and "Step" not in summary(page)
        state = CriticState(mean_g=1.1)
        given = {"shape": "normal", "mean_p": -1.0, "scale_p": 1.0, "mean_g": 1.1, "scale_g": 1.0, "n": 16,
                 "critic": "48 x 2", "seed": 0}  # fmt: skip
        receive(page, "exact", Arrays(state.exact()))
        moved = pixels(page, 0), pixels(page, 1)
        assert moved[0] != faded[0] and moved[1] != faded[1]  # D* and its loss do not wait for the run
        receive(page, "ahead", deck("step", STEPS[:9], rows[:9], given))
        assert "Trained as far as step 40 of 400: loss" in summary(page)
        receive(page, "ahead", deck("step", STEPS, rows, given))
        assert "Step 400: loss" in summary(page)
        assert pixels(page, 0) != moved[0] and pixels(page, 1) != moved[1]


def test_numbers_of_points_and_sizes_of_the_critic_change_the_run(browser, path, artefacts):
    with opened(browser, path) as page:
        page.get_by_role("slider", name="Step", exact=True).press("End")
        page.screenshot(path=artefacts / "critic-light.png", full_page=True)
        few = summary(page)
        page.get_by_role("slider", name="Points n").press("End")
        many = summary(page)
        page.get_by_label("Critic", exact=True).select_option("linear")
        straight = summary(page)
        assert "16 points of each" in few and "256 points of each" in many and "Critic linear" in straight
        fresh = [float(re.search(r"(\d+\.\d+) on fresh", text)[1]) for text in (few, many, straight)]
        assert fresh[0] > fresh[1] > fresh[2]
        page.evaluate(DARK)
        settled(page)
        page.screenshot(path=artefacts / "critic-dark.png", full_page=True)


def test_other_points_and_the_first_ones_are_asked_of_the_kernel(browser, path):
    with opened(browser, path) as page:
        for name in ("Other points", "Reset"):
            assert page.get_by_role("button", name=name).count() == 0
        with_kernel(page)
        page.get_by_role("button", name="Other points").click()
        page.get_by_role("button", name="Reset").click()
        assert page.evaluate("() => coursekit.sent") == [{"action": "redraw_points"}, {"action": "reset"}]


@pytest.mark.parametrize("width", [944, 1196])  # of a projector with JupyterLab's side bar, and without it
def test_in_lecture_size_all_is_on_the_screen_of_a_projector(browser, path, artefacts, width):
    with opened(browser, path, width=width) as page:
        with_kernel(page)
        page.get_by_role("button", name="Lecture size").click()
        page.evaluate("() => coursekit.model.set('step', 400)")
        page.get_by_role("slider", name=GENERATOR).focus()
        settled(page)
        page.screenshot(path=artefacts / f"critic-large-{width}.png", full_page=True)
        root = page.locator(".ck-root").bounding_box()
        assert root["height"] <= 598  # what JupyterLab leaves of 720
        for part in page.locator(".ck-root input, .ck-root select, .ck-root button, .ck-value").all():
            box = part.bounding_box()
            assert box["x"] + box["width"] <= root["x"] + root["width"], part.inner_text()


def test_all_controls_have_names(browser, path):
    with opened(browser, path) as page:
        with_kernel(page)
        tree = page.get_by_role("region", name="The best critic of two densities, and a trained one").aria_snapshot()
        for line in (f'slider "{DATA}', f'slider "{GENERATOR}', 'img "Best and trained critic',
                     'img "Loss of the critic', 'slider "Scale p"', 'slider "Scale p_g"', 'slider "Points n"',
                     'slider "Step"', 'combobox "Data"', 'combobox "Critic"', 'button "Train"', 'button "From start"',
                     'button "Other points"', 'button "Reset"'):  # fmt: skip
            assert line in tree, line
        assert not re.search(r"- (slider|combobox|checkbox|button|img)(?! \")", tree), tree
