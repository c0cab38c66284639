"""The KDE explorer in a real browser, from the exported page: keys, pointer, names, words, no network."""

from __future__ import annotations

import re

import pytest
from widget_pages import DARK, live_view, opened, pixels, settled

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


def test_bumps_and_truth_are_shown_when_asked_for(browser, path):
    with opened(browser, path) as page:
        plain = pixels(page)
        page.get_by_label("Bumps").check()
        with_bumps = pixels(page)
        assert with_bumps != plain
        assert "10 times higher" in page.locator(".ck-legend").inner_text()
        # Whoever predicts shall not read the answer off the true density: it is shown last, and said.
        assert "true density" not in summary(page) + page.locator(".ck-legend").inner_text()
        page.get_by_role("checkbox", name="True density").check()
        assert pixels(page) not in (plain, with_bumps)
        assert "Dashed: the true density" in summary(page)


def test_the_prediction_is_judged_on_a_page_without_a_kernel(browser, path):
    explorer = KDEExplorer("bimodal", n=200)
    with opened(browser, path) as page:
        h = page.get_by_role("slider", name="Bandwidth h").get_attribute("aria-valuetext")
        page.get_by_role("button", name="Reveal held-out likelihood").click()
        page.get_by_role("slider", name="Bandwidth h").press("ArrowLeft")
        explorer.bandwidth = min(explorer.bandwidths, key=lambda x: abs(x - float(h)))
        explorer.revealed = True
        said = re.search(r"You predicted .+ nats\.", summary(page))[0]
        assert said in explorer.summary


def test_a_score_of_minus_infinity_is_drawn_at_the_edge_and_said(browser, tmp_path, artefacts):
    """Epanechnikov on few points: some rule of thumb leaves a held-out point uncovered."""
    explorer = KDEExplorer("skewed", n=20, kernel="epanechnikov")
    explorer.revealed = True
    assert explorer.scores["scott"][1] == float("-inf")
    path = explorer.export_html(tmp_path / "kde.html")
    words = """() => {
      window.words = [];
      const fill = CanvasRenderingContext2D.prototype.fillText;
      CanvasRenderingContext2D.prototype.fillText = function (text, x, y, ...more) {
        words.push({ text, x, y, height: this.canvas.clientHeight });
        return fill.call(this, text, x, y, ...more);
      };
    }"""
    with opened(browser, path) as page:
        page.evaluate(words)
        page.get_by_role("button", name="Reveal held-out likelihood").click()
        settled(page)
        marks = [w for w in page.evaluate("() => words") if w["text"] == "↓ −∞"]
        assert marks
        assert min(w["y"] / w["height"] for w in marks) > 0.5
        # The words for the grey zone stay clear of the line that the reader moves.
        for _ in range(30):
            page.get_by_role("slider", name="Bandwidth h").press("ArrowLeft")
        page.evaluate("() => { words.length = 0; }")
        page.get_by_role("slider", name="Bandwidth h").press("ArrowLeft")
        settled(page)
        page.screenshot(path=artefacts / "kde-minus-infinity.png")
        zone, dot = (
            [w for w in page.evaluate("() => words") if w["text"] == text][-1] for text in ("−∞", "↓ −∞")
        )  # the dot is the last of the marks
        assert abs(zone["x"] + 8 - (dot["x"] - 10)) > 12


def test_nothing_moves_when_words_come_and_go(browser, path):
    where = "(e) => { const b = e.getBoundingClientRect(); return [b.top, b.left, b.width, b.height]; }"
    with opened(browser, path) as page:
        settled(page)
        canvas, reveal = page.locator("canvas.ck-canvas").first, page.locator("button", has_text="held-out")
        before = [canvas.evaluate(where), reveal.evaluate(where)]
        reveal.click()
        page.get_by_label("Bumps").check()
        page.get_by_role("checkbox", name="True density").check()
        settled(page)
        assert [canvas.evaluate(where), reveal.evaluate(where)] == before


def test_the_page_is_headed_by_what_one_does(browser, path, tmp_path):
    with opened(browser, KDEExplorer(n=10).export_html(tmp_path / "kde.html")) as page:
        assert page.get_by_role("heading").inner_text() == "Choose the bandwidth"


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
        assert page.locator(".ck-root").bounding_box()["height"] > 1.1 * before
        page.screenshot(path=artefacts / "kde-large.png", full_page=True)


def test_in_lecture_size_all_is_on_the_screen_of_a_projector(browser, path, artefacts):
    with opened(browser, path, width=1280) as page:
        live_view(page)
        page.get_by_role("button", name="Reveal held-out likelihood").click()
        page.get_by_label("Bumps").check()
        page.get_by_role("checkbox", name="True density").check()
        page.get_by_role("button", name="Lecture size").click()
        settled(page)
        page.screenshot(path=artefacts / "kde-projector.png")
        assert page.locator(".ck-root").bounding_box()["height"] <= 680


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
        page.evaluate("() => coursekit.model.set('data', null)")
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
