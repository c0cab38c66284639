"""The KDE explorer in a real browser, from the exported page: keys, pointer, names, words, no network."""

from __future__ import annotations

import re

import pytest
from widget_pages import DARK, opened, pixels, settled

from coursekit.widgets import KDEExplorer

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return KDEExplorer("bimodal", n=200).export_html(tmp_path_factory.mktemp("kde") / "kde.html", title="Bandwidth")


def summary(page):
    settled(page)
    return page.get_by_role("status").inner_text()


def test_arrow_keys_move_the_bandwidth_the_picture_and_the_words(browser, path):
    with opened(browser, path) as page:
        before, words = pixels(page), summary(page)
        slider = page.get_by_role("slider", name="Bandwidth h")
        slider.focus()
        page.keyboard.press("ArrowLeft")
        assert pixels(page) != before
        assert summary(page) != words
        h = slider.get_attribute("aria-valuetext")
        assert f"bandwidth {h}." in summary(page)


def test_nothing_of_the_likelihood_shows_before_it_is_revealed(browser, path):
    with opened(browser, path) as page:
        assert "nats" not in summary(page)
        hidden = pixels(page, 1)
        page.get_by_role("button", name="Reveal held-out likelihood").click()
        assert re.search(r"Best: −\d\.\d+ nats at bandwidth", summary(page))
        assert pixels(page, 1) != hidden
        page.get_by_role("button", name="Hide held-out likelihood").click()
        assert "nats" not in summary(page)
        assert pixels(page, 1) == hidden


def test_dragging_in_the_likelihood_moves_the_bandwidth(browser, path):
    with opened(browser, path) as page:
        box = page.locator("canvas.ck-canvas").nth(1).bounding_box()
        before = page.get_by_role("slider", name="Bandwidth h").get_attribute("aria-valuetext")
        page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2, steps=4)
        page.mouse.up()
        after = page.get_by_role("slider", name="Bandwidth h").get_attribute("aria-valuetext")
        assert float(after) < float(before)
        assert f"bandwidth {after}." in summary(page)


def test_the_bumps_can_be_shown_and_the_truth_hidden(browser, path):
    with opened(browser, path) as page:
        plain = pixels(page)
        page.get_by_label("Bumps").check()
        with_bumps = pixels(page)
        assert with_bumps != plain
        assert "10 times higher" in page.locator(".ck-legend").inner_text()
        page.get_by_role("checkbox", name="True density").uncheck()
        assert pixels(page) not in (plain, with_bumps)


def test_every_control_has_a_name(browser, path):
    with opened(browser, path) as page:
        tree = page.get_by_role("region", name="Kernel density estimate: bandwidth and kernel").aria_snapshot()
        for line in (
            'slider "Bandwidth h"',
            'combobox "Kernel"',
            'checkbox "Bumps"',
            'checkbox "True density"',
            'button "Lecture size"',
            'img "Held-out log-likelihood against bandwidth"',
            "status",
        ):
            assert line in tree
        assert not re.search(r"- (slider|combobox|checkbox|button|img)(?! \")", tree), tree


def test_lecture_size_enlarges_words_and_picture(browser, path, artefacts):
    with opened(browser, path) as page:
        before = page.locator(".ck-root").bounding_box()["height"]
        size = "(e) => parseFloat(getComputedStyle(e).fontSize)"
        small = page.get_by_role("status").evaluate(size)
        page.get_by_role("button", name="Lecture size").click()
        settled(page)
        assert page.get_by_role("status").evaluate(size) >= 1.5 * small
        assert page.locator(".ck-root").bounding_box()["height"] > 1.2 * before
        page.screenshot(path=artefacts / "kde-large.png", full_page=True)


def test_it_follows_the_theme_at_once(browser, path, artefacts):
    corner = "() => [...document.querySelector('.ck-canvas').getContext('2d').getImageData(1, 1, 1, 1).data]"
    with opened(browser, path) as page:
        page.get_by_role("button", name="Reveal held-out likelihood").click()
        page.get_by_label("Kernel", exact=True).select_option("epanechnikov")
        settled(page)
        page.screenshot(path=artefacts / "kde-light.png", full_page=True)
        assert page.evaluate(corner) == [255, 255, 255, 255]
        page.evaluate(DARK)
        settled(page)
        assert page.evaluate(corner) == [17, 17, 17, 255]
        page.screenshot(path=artefacts / "kde-dark.png", full_page=True)


def test_two_views_of_one_model_agree_and_each_can_be_taken_down(browser, path):
    with opened(browser, path) as page:
        page.evaluate("""() => {
          const el = document.createElement("div"); el.id = "second"; document.body.append(el);
          window.second = coursekit.widget.render({ model: coursekit.model, el });
        }""")
        settled(page)
        first, second = (page.get_by_role("slider", name="Bandwidth h").nth(i) for i in (0, 1))
        first.focus()
        page.keyboard.press("ArrowLeft")
        assert first.get_attribute("aria-valuetext") == second.get_attribute("aria-valuetext")
        page.evaluate("() => second()")
        assert page.locator("#second").inner_html() == ""
        page.keyboard.press("ArrowLeft")
        assert f"bandwidth {first.get_attribute('aria-valuetext')}." in summary(page)


def test_a_picture_that_fails_says_so_instead_of_staying_blank(browser, path):
    with opened(browser, path) as page:
        page.evaluate("() => coursekit.model.set('curve', null)")
        settled(page)
        assert page.get_by_role("alert").inner_text() != ""


def test_an_export_that_is_not_a_page_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"ending in \.html"):
        KDEExplorer(n=10).export_html(tmp_path / "kde.png")


def test_text_in_an_export_cannot_break_out_of_its_script(browser, tmp_path):
    explorer = KDEExplorer(n=10)
    explorer.page_choices = lambda: {"kernel": ["gaussian"]}
    explorer.page_state = lambda choice: {"summary": "</script><script>window.broken = true</script>"}
    explorer.page_start = lambda: {"summary": "</script><script>window.broken = true</script>"}
    page_path = explorer.export_html(tmp_path / "kde.html", title="<script>window.broken = true</script>")
    with opened(browser, page_path) as page:
        assert page.evaluate("() => window.broken") is None
        assert "</script>" in summary(page)
