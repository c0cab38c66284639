"""The KL explorer in a real browser, from the exported page."""

from __future__ import annotations

import math
import re

import pytest
from widget_pages import DARK, live_view, opened, pixels, receive, settled

from coursekit.widgets import KLExplorer
from coursekit.widgets.ahead import deck
from coursekit.widgets.kl_state import MEANS, SCALES, KLState, Target

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


def square(page, mean, scale, box):
    """Where the square that makes q wider is drawn: axes have margins of 3.4 and 0.9 letters of 13 px, 2 above."""
    hold = math.exp(-0.5) / (abs(scale) * math.sqrt(2 * math.pi))
    top, bottom = 26, 0.46 * box["height"] - 5.2
    highest = max(0.45, min(0.8, 1.1 / (abs(scale) * math.sqrt(2 * math.pi))))
    x = box["x"] + 44.2 + (mean + scale + 9) / 18 * (box["width"] - 55.9)
    return x, box["y"] + bottom - hold / highest * (bottom - top)


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
        x, y = square(page, *after[:2], box)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 0.1 * box["width"], y, steps=4)
        page.mouse.up()
        wider = shown(page)
        assert wider[0] == after[0] and wider[1] > after[1] + 1
        # Elsewhere than on q a click brings q there.
        page.mouse.click(box["x"] + 44.2 + 0.75 * (box["width"] - 55.9), box["y"] + 140)
        assert shown(page)[0] == pytest.approx(-9 + 0.75 * 18, abs=0.3)


@pytest.mark.parametrize(("sign", "mean", "column"), [("KL(p‖q)", 0.0, 2), ("KL(q‖p)", 2.98, 3)])
def test_a_fit_walks_to_the_best_place_and_lowers_its_divergence(browser, path, sign, mean, column):
    with opened(browser, path) as page:
        before = shown(page)
        page.get_by_role("button", name=f"Fit {sign}").click()
        page.get_by_role("button", name="Pause").and_(page.locator("[aria-disabled=true]")).wait_for()
        after = shown(page)
        assert abs(after[0] - mean) < 0.3
        assert after[column] < before[column]


def test_a_walk_can_be_paused_and_resumed_and_has_no_motion_for_who_wants_none(browser, path):
    with opened(browser, path) as page:
        # Both at once: on a busy machine the walk would be over before a second click arrives.
        fit, pause = (page.get_by_role("button", name=name).element_handle() for name in ("Fit KL(p‖q)", "Pause"))
        page.evaluate("([fit, pause]) => { fit.click(); pause.click(); }", [fit, pause])
        stopped = shown(page)
        page.wait_for_timeout(200)
        assert shown(page) == stopped
        page.get_by_role("button", name="Resume").click()
        page.get_by_role("button", name="Pause").and_(page.locator("[aria-disabled=true]")).wait_for()
        end = shown(page)
        assert end != stopped
    with opened(browser, path, reduced_motion=True) as page:
        page.get_by_role("button", name="Fit KL(p‖q)").click()
        assert shown(page) == end


WRITTEN = """() => {
  window.written = [];
  const fill = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...more) {
    const width = this.measureText(text).width;
    const start = this.textAlign === "right" ? x - width : x;
    written.push({ text, start, bars: this.canvas.getAttribute("aria-label").startsWith("KL") });
    return fill.call(this, text, x, y, ...more);
  };
  window.filled = [];
  const rect = CanvasRenderingContext2D.prototype.fillRect;
  CanvasRenderingContext2D.prototype.fillRect = function (x, y, width, height) {
    if (this.canvas.getAttribute("aria-label")?.startsWith("KL") && x > 0) filled.push(x + width);
    return rect.call(this, x, y, width, height);
  };
}"""


@pytest.mark.parametrize("large", [False, True])
def test_no_bar_covers_a_digit_of_its_number(browser, path, large):
    with opened(browser, path, width=1116) as page:
        page.evaluate(WRITTEN)
        if large:
            page.get_by_role("button", name="Lecture size").click()
        page.get_by_role("slider", name="Mean of q").press("End")
        page.get_by_role("slider", name="Scale of q").press("Home")
        settled(page)
        numbers = [w for w in page.evaluate("() => written") if w["bars"] and re.fullmatch(r"\d+\.\d+ nats", w["text"])]
        assert any(float(w["text"].split()[0]) > 100 for w in numbers)
        assert min(w["start"] for w in numbers) > max(page.evaluate("() => filled"))


def test_sliders_say_two_decimals_and_no_tiny_powers_of_ten(browser, path):
    with opened(browser, path) as page:
        live_view(page)
        page.evaluate("() => coursekit.model.set('mean', -0.0003)")
        said = page.locator(".ck-value").all_inner_texts()
        assert said[0] == "0.00" and all(re.fullmatch(r"−?\d\.\d\d", words) for words in said), said
        assert page.get_by_role("slider", name="Normal q").get_attribute("aria-valuetext").startswith("mean 0.00,")


def test_the_square_of_a_wide_q_at_the_edge_is_on_its_other_side(browser, path):
    with opened(browser, path) as page:
        for name in ("Mean of q", "Scale of q"):
            page.get_by_role("slider", name=name).press("End")
        before, box = shown(page), page.locator(".ck-canvas").first.bounding_box()
        assert before[0] + before[1] > 9  # beyond the axis
        x, y = square(page, before[0], -before[1], box)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y, steps=4)
        page.mouse.up()
        after = shown(page)
        assert after[0] == before[0] and after[1] < before[1] - 1


def test_guess_then_reveal(browser, path, artefacts):
    with opened(browser, path) as page:
        assert "Best" not in summary(page)
        page.get_by_role("button", name="Guess KL(p‖q)").click()
        assert "Your guess for KL(p‖q): mean 0.80, scale 0.97." in summary(page)  # not judged yet
        hidden = pixels(page)
        page.get_by_role("button", name="Reveal best fits").click()
        words = summary(page)
        assert "Best for KL(p‖q): mean 0.00, scale 3.16 (0.462 nats)" in words
        _, _, forward, _ = shown(page)
        judged = re.search(
            r"Your guess for KL\(p‖q\): mean 0\.80, scale 0\.97: (\S+) nats, (\S+) above the best", words
        )
        assert float(judged[1]) == forward
        assert float(judged[2]) == pytest.approx(forward - 0.462, abs=2e-3)
        assert pixels(page) != hidden
        page.screenshot(path=artefacts / "kl-light.png", full_page=True)
        page.evaluate(DARK)
        settled(page)
        page.screenshot(path=artefacts / "kl-dark.png", full_page=True)


def test_with_a_kernel_all_controls_fit_on_a_lecture_screen_and_have_names(browser, path, artefacts):
    with opened(browser, path, width=1280) as page:
        live_view(page)
        for name in ("Guess KL(p‖q)", "Guess KL(q‖p)", "Reveal best fits", "Lecture size"):  # all words there are
            page.get_by_role("button", name=name).click()
        settled(page)
        page.screenshot(path=artefacts / "kl-large.png", full_page=True)
        assert page.locator(".ck-root").bounding_box()["height"] <= 680
        tree = page.get_by_role("region", name="Two directions of the KL divergence").aria_snapshot()
        for line in ('slider "Mean of q"', 'slider "Mode distance"', 'slider "Left weight"',
                     'combobox "Target p"', 'button "Fit KL(q‖p)"', 'img "KL(p‖q) and KL(q‖p) in nats"'):  # fmt: skip
            assert line in tree
        assert not re.search(r"- (slider|combobox|checkbox|button|img)(?! \")", tree), tree


def test_a_narrow_cell_cuts_no_control_off(browser, path, artefacts):
    """As wide as a notebook's output beside JupyterLab's file browser, in lecture size."""
    with opened(browser, path, width=860) as page:
        live_view(page)
        page.get_by_role("button", name="Lecture size").click()
        settled(page)
        page.screenshot(path=artefacts / "kl-narrow.png", full_page=True)
        root = page.locator(".ck-root").bounding_box()
        for part in page.locator(".ck-root input, .ck-root select, .ck-root button, .ck-value").all():
            box = part.bounding_box()
            assert box["x"] + box["width"] <= root["x"] + root["width"], part.inner_text()


@pytest.mark.parametrize(("key", "name", "other"), [("ArrowRight", "mean", "scale"), ("ArrowUp", "scale", "mean")])
def test_a_key_draws_from_the_deck_without_an_answer_from_the_kernel(browser, path, key, name, other):
    target, at = Target(6.0, 0.5), {"mean": 1.0, "scale": SCALES[20]}
    values = {"mean": MEANS, "scale": SCALES}[name]
    rows = (KLState(target, **(at | {name: value})).curves() for value in values)
    held = deck(name, values, rows, given={"distance": 6.0, "weight": 0.5, other: at[other]})
    with opened(browser, path) as page:
        live_view(page)
        for trait, value in (at | {f"{k}s": v for k, v in {"mean": MEANS, "scale": SCALES}.items()}).items():
            page.evaluate("([k, v]) => coursekit.model.set(k, v)", [trait, value])
        page.evaluate("() => { coursekit.model.save_changes = () => {}; }")  # from now on nobody answers
        receive(page, f"ahead_{name}", held)
        before = [pixels(page, 0), pixels(page, 1)]
        page.get_by_role("slider", name="Normal q over the target p").focus()
        focused = pixels(page, 0)
        page.keyboard.press(key)
        assert pixels(page, 0) not in (before[0], focused)
        assert pixels(page, 1) != before[1]
