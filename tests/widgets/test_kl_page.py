"""The KL explorer in a real browser, from the exported page."""

from __future__ import annotations

import re

import pytest
from widget_pages import DARK, opened, pixels, settled

from coursekit.widgets import KLExplorer

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return KLExplorer("two modes").export_html(tmp_path_factory.mktemp("kl") / "kl.html")


def summary(page):
    settled(page)
    return page.get_by_role("status").first.inner_text()


def shown(page):
    """Mean, scale and both divergences, as the words say them."""
    found = re.search(r"q: mean (\S+), scale (\S+)\. KL\(p‖q\) = (\S+) nats, KL\(q‖p\) = (\S+) nats", summary(page))
    return [float(v.replace("−", "-")) for v in found.groups()]


def test_keys_on_the_picture_and_on_the_sliders_move_q(browser, path):
    with opened(browser, path) as page:
        before, picture, bars = shown(page), pixels(page, 0), pixels(page, 1)
        page.get_by_role("slider", name="Normal q over the target p").focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowUp")
        after = shown(page)
        assert after[0] < before[0] and after[1] > before[1] and after[2] != before[2]
        assert pixels(page, 0) != picture and pixels(page, 1) != bars
        page.get_by_role("slider", name="Scale of q").press("ArrowDown")
        assert shown(page)[1] == before[1]


def test_dragging_moves_the_mean_and_the_square_the_scale(browser, path):
    with opened(browser, path) as page:
        box = page.locator("canvas.ck-canvas").first.bounding_box()
        before = shown(page)
        page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 40, steps=4)
        page.mouse.up()
        after = shown(page)
        assert after[0] < before[0] - 2 and after[1] == before[1]


@pytest.mark.parametrize(("sign", "mean", "column"), [("KL(p‖q)", 0.0, 2), ("KL(q‖p)", 2.98, 3)])
def test_a_fit_walks_to_the_best_place_and_lowers_its_divergence(browser, path, sign, mean, column):
    with opened(browser, path) as page:
        before = shown(page)
        page.get_by_role("button", name=f"Fit {sign}").click()
        page.get_by_role("button", name="Pause").and_(page.locator(":disabled")).wait_for()
        after = shown(page)
        assert abs(after[0] - mean) < 0.3
        assert after[column] < before[column]


def test_a_walk_can_be_paused_and_resumed_and_has_no_motion_for_who_wants_none(browser, path):
    with opened(browser, path) as page:
        page.get_by_role("button", name="Fit KL(p‖q)").click()
        page.get_by_role("button", name="Pause").click()
        stopped = shown(page)
        page.wait_for_timeout(200)
        assert shown(page) == stopped
        page.get_by_role("button", name="Resume").click()
        page.get_by_role("button", name="Pause").and_(page.locator(":disabled")).wait_for()
        end = shown(page)
        assert end != stopped
    with opened(browser, path, reduced_motion=True) as page:
        page.get_by_role("button", name="Fit KL(p‖q)").click()
        assert shown(page) == end


def test_guess_then_reveal(browser, path, artefacts):
    with opened(browser, path) as page:
        assert "Best" not in summary(page)
        page.get_by_role("button", name="Guess KL(p‖q)").click()
        assert "Your guess, KL(p‖q): mean 0.8" in summary(page)
        hidden = pixels(page)
        page.get_by_role("button", name="Reveal best fits").click()
        words = summary(page)
        assert "Best for KL(p‖q): mean 0.00, scale 3.16 (0.462 nats)" in words
        assert re.search(r"Your guess, KL\(p‖q\): mean 0\.8, scale 0\.969, \d\.\d+ nats", words)
        assert pixels(page) != hidden
        page.screenshot(path=artefacts / "kl-light.png", full_page=True)
        page.evaluate(DARK)
        settled(page)
        page.screenshot(path=artefacts / "kl-dark.png", full_page=True)


def test_with_a_kernel_all_controls_fit_on_a_lecture_screen_and_have_names(browser, path, artefacts):
    with opened(browser, path, width=1280) as page:
        page.evaluate("""() => {
          coursekit.dispose();
          coursekit.model.set("frozen", false);
          coursekit.model.set("large", true);
          coursekit.widget.render({ model: coursekit.model, el: document.getElementById("widget") });
        }""")
        settled(page)
        page.screenshot(path=artefacts / "kl-large.png", full_page=True)
        assert page.locator(".ck-root").bounding_box()["height"] <= 680
        tree = page.get_by_role("region", name="Two directions of the KL divergence").aria_snapshot()
        for line in ('slider "Mean of q"', 'slider "Distance of modes"', 'slider "Weight of left mode"',
                     'combobox "Target p"', 'button "Fit KL(q‖p)"', 'img "KL(p‖q) and KL(q‖p) in nats"'):  # fmt: skip
            assert line in tree
        assert not re.search(r"- (slider|combobox|checkbox|button|img)(?! \")", tree), tree
