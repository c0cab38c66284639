"""The push-forward explorer in a real browser: animation, one point followed, drawing, names, no network."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from widget_pages import DARK, live_view, opened, pixels, settled

from coursekit.widgets import PushForwardExplorer
from coursekit.widgets.push_forward_state import KNOTS, LEVELS

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def explorer():
    return PushForwardExplorer("bimodal", n=60, seed=1)


@pytest.fixture(scope="module")
def path(explorer, tmp_path_factory):
    return explorer.export_html(tmp_path_factory.mktemp("push") / "push.html", title="Inverse transform")


def summary(page):
    settled(page)
    return page.get_by_role("status").inner_text()


def pushed(page):
    return int((re.search(r"Pushed so far: (\d+)", summary(page)) or [0, 0])[1])


def board(page):
    """Where one draws, in a view that believes in a kernel."""
    live_view(page)
    return page.get_by_role("slider", name="Heights of the density")


def test_playing_pushes_points_and_pausing_stops(browser, path):
    with opened(browser, path) as page:
        page.get_by_role("combobox", name="Points a second").select_option("25")
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("() => coursekit.model.get('shown') >= 5")
        page.get_by_role("button", name="Pause").click()
        here, picture = pushed(page), pixels(page, 1)
        page.wait_for_timeout(400)
        assert pushed(page) == here
        assert pixels(page, 1) == picture
        page.get_by_role("combobox", name="Points a second").select_option("500")
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("() => coursekit.model.get('shown') === 60")
        page.get_by_role("button", name="Play").wait_for()  # it stopped by itself


def test_while_paused_one_u_can_be_looked_at_and_points_on_their_way_arrive(browser, path):
    with opened(browser, path) as page:
        page.get_by_role("button", name="Play").click()
        page.wait_for_timeout(700)  # five a second, each 1.4 s on its way: none has arrived
        page.get_by_role("button", name="Pause").click()
        assert pushed(page) == 0
        box = page.locator("canvas.ck-canvas").nth(1).bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.3 * box["height"])
        assert re.search(r"u = [\d.]+ goes to x", summary(page))
        arrived = pushed(page)
        assert 1 <= arrived < 60
        page.get_by_role("button", name="Play").click()
        page.get_by_role("slider", name="Follow one u").press("ArrowRight")
        page.get_by_role("button", name="Play").wait_for()  # to look is to pause
        assert pushed(page) >= arrived


def test_in_lecture_size_all_is_on_the_screen_of_a_projector(browser, path, artefacts):
    with opened(browser, path, width=1280) as page:
        live_view(page)
        page.get_by_role("button", name="All at once").click()
        page.get_by_role("slider", name="Follow one u").press("ArrowLeft")
        page.get_by_role("button", name="Lecture size").click()
        settled(page)
        page.screenshot(path=artefacts / "push-forward-projector.png")
        assert page.locator(".ck-root").bounding_box()["height"] <= 680
        names = ("Play", "Step", "Start again", "All at once")
        assert len({page.get_by_role("button", name=n).bounding_box()["y"] for n in names}) == 1
        assert page.evaluate("() => document.activeElement.textContent") == "Lecture size"  # the controls moved


def test_play_and_pause_take_the_same_room(browser, path):
    with opened(browser, path) as page:
        button = page.locator("button", has_text="Play")
        before = page.get_by_role("button", name="Step").bounding_box()
        button.click()
        page.get_by_role("button", name="Pause").wait_for()
        assert page.get_by_role("button", name="Step").bounding_box() == before


def test_picture_and_list_have_different_names(browser, path, tmp_path):
    with opened(browser, PushForwardExplorer(n=10).export_html(tmp_path / "push.html")) as page:
        assert page.get_by_label("Density", exact=True).count() == 1
        assert page.get_by_role("heading").inner_text() == "Push noise through F⁻¹"


def test_a_step_pushes_one_point_and_says_where_it_went(browser, path, explorer, artefacts):
    with opened(browser, path) as page:
        page.get_by_role("button", name="Step").click()
        page.get_by_role("status").get_by_text("goes to x").wait_for()
        assert pushed(page) == 1
        u, x = re.search(r"u = (.+) goes to x = (.+)\.$", summary(page)).groups()
        assert float(u) == pytest.approx(float(explorer.state.u[0]), abs=5e-4)
        assert float(x.replace("−", "-")) == pytest.approx(float(explorer.state.x[0]), abs=5e-3)
        page.screenshot(path=artefacts / "push-forward-step.png", full_page=True)


def test_the_distance_shown_is_that_of_the_points_pushed_so_far(browser, path, explorer):
    with opened(browser, path) as page:
        page.get_by_role("button", name="All at once").click()
        assert f"KS distance {explorer.state.ks[-1]:.3f}" in summary(page)
        assert "the same for every density" in summary(page)
        page.get_by_role("button", name="Start again").click()
        assert "No point is pushed yet" in summary(page)
        page.evaluate("() => coursekit.model.set('shown', 10)")
        assert f"Pushed so far: 10 of 60; KS distance {explorer.state.ks[9]:.3f}" in summary(page)


def test_one_u_is_followed_by_key_and_by_pointer(browser, path, explorer):
    table = explorer.state.curves()["level_x"]
    with opened(browser, path) as page:
        before = pixels(page, 1)
        slider = page.get_by_role("slider", name="Follow one u")
        slider.focus()
        page.keyboard.press("ArrowRight")
        index = int(slider.input_value())
        assert f"u = {LEVELS[index]:.3g} goes to x = {float(table[index]):.3g}".replace("-", "−") in summary(page)
        assert pixels(page, 1) != before
        box = page.locator("canvas.ck-canvas").nth(1).bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.1 * box["height"])
        high = float(re.search(r"u = ([\d.]+) goes", summary(page))[1])
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 0.5 * box["height"])
        low = float(re.search(r"u = ([\d.]+) goes", summary(page))[1])
        assert high > 0.8 > 0.2 > low


def test_with_reduced_motion_points_do_not_travel(browser, path):
    with opened(browser, path, reduced_motion=True) as page:
        page.get_by_role("button", name="Step").click()
        assert pushed(page) == 1  # at once, no flight
        page.evaluate("""() => {
          window.times = [];
          coursekit.model.on("change:shown", () => times.push(Math.round(performance.now() / 20)));
        }""")
        page.get_by_role("combobox", name="Points a second").select_option("25")
        settled(page)
        frames = "() => Number(document.querySelectorAll('.ck-canvas')[1].dataset.frames)"
        before = page.evaluate(frames)
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("() => coursekit.model.get('shown') === 60")
        settled(page)
        # 59 points come in five batches, twelve or more at a time, and nothing is drawn in between.
        assert page.evaluate("() => new Set(times).size") <= 6
        assert page.evaluate(frames) - before <= 8


def test_another_density_brings_its_own_curve(browser, path):
    with opened(browser, path) as page:
        before = pixels(page, 0)
        page.get_by_role("combobox", name="Density").select_option("claw")
        assert pixels(page, 0) != before
        assert "the density 'claw'" in summary(page)


def test_a_stroke_of_the_pointer_is_straight_between_its_positions(browser, path):
    with opened(browser, path) as page:
        canvas = board(page)
        settled(page)
        box = canvas.bounding_box()
        page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.6 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.2 * box["height"], steps=1)
        page.mouse.up()
        assert page.evaluate("() => coursekit.model.get('density')") == "drawn"
        heights = page.evaluate("() => coursekit.model.get('heights')")
        assert len(heights) == KNOTS
        inner = heights[KNOTS // 2 - 4 : KNOTS // 2 + 5]
        steps = [b - a for a, b in pairwise(inner)]
        assert min(steps) > 0
        assert max(steps) == pytest.approx(min(steps), rel=1e-6)


def test_drawing_by_keyboard(browser, path):
    heights = "() => coursekit.model.get('heights')"
    with opened(browser, path) as page:
        canvas = board(page)
        canvas.focus()
        text, before = canvas.get_attribute("aria-valuetext"), page.evaluate(heights)
        page.keyboard.press("ArrowLeft")
        assert canvas.get_attribute("aria-valuetext") != text  # another knot
        assert page.evaluate(heights) == before
        page.keyboard.press("ArrowUp")
        after = page.evaluate(heights)
        assert [i for i in range(KNOTS) if after[i] != before[i]] == [KNOTS // 2 - 1]
        assert after[KNOTS // 2 - 1] > before[KNOTS // 2 - 1]
        page.keyboard.press("Home")
        assert page.evaluate(heights)[KNOTS // 2 - 1] == 0
        assert canvas.get_attribute("aria-valuenow") == "0"


def test_the_last_mass_cannot_be_drawn_away(browser, path):
    with opened(browser, path) as page:
        canvas = board(page)
        single = [0.0] * KNOTS
        single[KNOTS // 2] = 0.1
        page.evaluate("(h) => coursekit.model.set('heights', h)", single)
        canvas.focus()
        page.keyboard.press("Home")
        assert "raise at least one" in page.get_by_role("alert").inner_text()
        assert page.evaluate("() => coursekit.model.get('heights')") == single
        page.keyboard.press("End")
        assert page.get_by_role("alert").count() == 0  # a good stroke withdraws the complaint


def test_every_control_has_a_name(browser, path):
    with opened(browser, path) as page:
        live_view(page)
        tree = page.get_by_role("region").aria_snapshot()
        for name in (
            'slider "Heights of the density',
            'slider "Follow one u"',
            'combobox "Density"',
            'button "Play"',
            'button "Step"',
            'combobox "Points a second"',
            'combobox "Points n"',
            'button "New noise"',
        ):
            assert name in tree
        assert not re.search(r"- (slider|combobox|checkbox|button|img)(?! \")", tree), tree


def test_pictures_to_look_at(browser, path, artefacts):
    with opened(browser, path) as page:
        page.get_by_role("button", name="All at once").click()
        page.get_by_role("slider", name="Follow one u").press("ArrowLeft")
        settled(page)
        page.screenshot(path=artefacts / "push-forward-light.png", full_page=True)
        page.evaluate(DARK)
        page.get_by_role("button", name="Lecture size").click()
        settled(page)
        page.screenshot(path=artefacts / "push-forward-dark-large.png", full_page=True)
