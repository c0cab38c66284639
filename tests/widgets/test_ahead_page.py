"""Frames ahead of time in a browser: a key draws at once where the deck holds the frame, and only there."""

from __future__ import annotations

import pytest
from widget_pages import opened, pixels, receive, settled

from coursekit.widgets import Arrays, KDEExplorer

pytestmark = pytest.mark.browser

# From now on nobody answers: what is set stays set, and nothing else changes.
SILENCE = "() => { coursekit.model.save_changes = () => {}; }"


@pytest.fixture(scope="module")
def explorer():
    return KDEExplorer("bimodal", n=200)


@pytest.fixture(scope="module")
def path(explorer, tmp_path_factory):
    return explorer.export_html(tmp_path_factory.mktemp("ahead") / "kde.html")


def drawn(page):
    settled(page)
    return page.locator("canvas.ck-canvas").first.get_attribute("data-bandwidth")


def wanted(page):
    return page.get_by_role("slider", name="Bandwidth h").get_attribute("aria-valuetext")


def test_a_key_draws_without_an_answer_from_the_kernel(browser, path):
    with opened(browser, path) as page:
        page.evaluate(SILENCE)
        before = pixels(page)
        page.get_by_role("slider", name="Bandwidth h").press("ArrowLeft")
        assert drawn(page) == wanted(page)
        assert pixels(page) != before


def test_a_late_answer_is_not_drawn_over_the_frame_of_the_present_bandwidth(browser, path, explorer):
    with opened(browser, path) as page:
        page.evaluate(SILENCE)
        page.get_by_role("slider", name="Bandwidth h").press("ArrowLeft")
        before = pixels(page)
        receive(page, "curve", Arrays({"bandwidth": [1.0], "estimate": [0.1] * 320}))
        assert drawn(page) == wanted(page)
        assert pixels(page) == before


def test_a_deck_that_comes_between_a_key_and_its_answer_is_drawn(browser, path):
    """The answer is not drawn then, as it would be late; so the deck must be."""
    with opened(browser, path) as page:
        page.evaluate(SILENCE)
        page.evaluate("() => { coursekit.kept = coursekit.model.get('ahead'); }")
        receive(page, "ahead", Arrays({}))
        old = drawn(page)
        page.get_by_role("slider", name="Bandwidth h").press("ArrowLeft")
        assert drawn(page) == old != wanted(page)  # nobody has an answer yet
        page.evaluate("() => coursekit.model.set('ahead', coursekit.kept)")
        assert drawn(page) == wanted(page)
        receive(page, "curve", Arrays({"bandwidth": [float(wanted(page))], "estimate": [0.1] * 320}))
        assert drawn(page) == wanted(page)


@pytest.mark.parametrize(("name", "value"), [("kernel", "epanechnikov"), ("seed", 5), ("n", 20)])
def test_the_deck_of_another_question_is_not_drawn(browser, path, explorer, name, value):
    """The page itself changed what is asked: until the kernel answers, the old deck is silent."""
    given = {"density": "bimodal", "n": 200, "seed": 0, "kernel": "gaussian"}
    with opened(browser, path) as page:
        held = "() => { const a = coursekit.model.get('ahead'); return a.about.given = %s; }"
        page.evaluate(held % str(given))
        page.evaluate(SILENCE)
        slider = page.get_by_role("slider", name="Bandwidth h")
        slider.press("ArrowLeft")
        known = drawn(page)
        assert known == wanted(page)
        page.evaluate("([name, value]) => coursekit.model.set(name, value)", [name, value])
        slider.press("ArrowLeft")
        slider.press("ArrowLeft")
        old = f"{float(explorer.curve['bandwidth'][0]):.3g}"
        assert drawn(page) == old != wanted(page)  # the last curve that the kernel sent
        receive(page, "curve", Arrays({"bandwidth": [float(wanted(page))], "estimate": [0.1] * 320}))
        assert drawn(page) == wanted(page)  # its answer is drawn
        page.evaluate("([name, value]) => coursekit.model.set(name, value)", [name, given[name]])
        slider.press("ArrowRight")
        slider.press("ArrowRight")
        assert drawn(page) == known


def test_a_bandwidth_between_those_of_the_slider_waits_for_its_own_curve(browser, path):
    with opened(browser, path) as page:
        page.evaluate(SILENCE)
        before = drawn(page)
        page.evaluate("() => coursekit.model.set('bandwidth', 0.31416)")
        assert drawn(page) != "0.314"
        receive(page, "curve", Arrays({"bandwidth": [0.31416], "estimate": [0.2] * 320}))
        assert drawn(page) == "0.314" != before
