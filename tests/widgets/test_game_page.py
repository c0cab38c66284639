"""The live game in a real browser, from the exported page: playback, scrubbing, keys, layers, drawing, sizes, names."""

from __future__ import annotations

import base64
import re

import numpy as np
import pytest
from widget_pages import DARK, live_view, opened, pixels, settled

from coursekit.widgets import GanGame
from coursekit.widgets.arrays import Arrays, pack

pytestmark = pytest.mark.browser

STEPS = [0, 80, 160, 240, 320, 400]

# What the page sends to Python, kept.
RECORD = """() => { window.sent = []; coursekit.model.send = (content) => window.sent.push(content); }"""


@pytest.fixture(scope="module")
def game():
    made = GanGame("grid-25", compare="pacgan2")
    made.advance(400)
    return made


@pytest.fixture(scope="module")
def path(game, tmp_path_factory):
    return game.export_html(tmp_path_factory.mktemp("game") / "game.html")


def get(page, name):
    return page.evaluate("(n) => coursekit.model.get(n)", name)


def put(page, **values):
    page.evaluate("(v) => { for (const [n, x] of Object.entries(v)) coursekit.model.set(n, x); }", values)
    settled(page)


def sent(page):
    return [one.get("action") for one in page.evaluate("() => window.sent") if "action" in one]


def with_kernel(page):
    page.evaluate(RECORD)
    live_view(page)
    settled(page)


def summary(page):
    settled(page)
    return page.get_by_role("status").first.inner_text()


def test_without_a_kernel_the_kept_frames_play_once_through(browser, path, artefacts):
    with opened(browser, path) as page:
        assert "update 0" in summary(page)
        first = [pixels(page, 0), pixels(page, 1)]
        page.evaluate("""() => { window.seen = [];
          coursekit.model.on("change:shown", () => seen.push(coursekit.model.get("shown"))); }""")
        page.get_by_role("button", name="Play").click()
        page.get_by_text("update 400.").wait_for()
        page.get_by_role("button", name="Play").wait_for()  # it stopped by itself
        assert page.evaluate("() => seen") == STEPS[1:]
        assert pixels(page, 0) != first[0]
        assert pixels(page, 1) != first[1]
        page.screenshot(path=artefacts / "game-light.png", full_page=True)


def test_what_is_drawn_is_what_python_computed(browser, path, game):
    """A pixel of the plane under a generated point far from all others has the generated points' colour."""
    frame = game.state.frames[400]
    points = frame.arrays[0]["points"].astype(float)
    with opened(browser, path) as page:
        page.get_by_role("slider", name="Look back").focus()
        page.keyboard.press("End")
        page.get_by_role("checkbox", name="D's map (blue: data)").uncheck()
        settled(page)
        found = page.evaluate(
            """([points, unit]) => {
              const canvas = document.querySelectorAll('.ck-canvas')[0], ratio = window.devicePixelRatio;
              const [w, h] = [canvas.clientWidth, canvas.clientHeight];
              const top = 2.9 * 13, side = Math.min(w - 2, h - top - 2), left = (w - side) / 2;
              const pen = canvas.getContext('2d');
              let hits = 0, all = 0;
              for (const [a, b] of points) {
                if (Math.abs(a) > 0.97 * unit || Math.abs(b) > 0.97 * unit) continue;
                const x = left + side * (0.5 + a / (2 * unit)), y = top + side * (0.5 - b / (2 * unit));
                const pixel = [x, y].map((v) => Math.round(v * ratio - 0.5));
                const [r, g, blue] = pen.getImageData(...pixel, 1, 1).data;
                all += 1;
                if (r > 180 && blue < 150) hits += 1;
              }
              return [hits, all];
            }""",
            [points[:400].tolist(), get(page, "unit")],
        )
        assert found[1] > 200
        assert found[0] > 0.95 * found[1]


def test_the_map_and_the_arrows_are_the_right_way_up(browser, path):
    """A map that is high in its upper left quarter only, and one arrow up and one to the right."""
    arrays = {
        "points0": np.zeros((1, 2), np.int16),
        "heat0": np.kron([[128, 128], [255, 128]], np.ones((24, 24))).astype(np.uint8),  # row 0 is the lowest
        "tails0": np.array([[0, -4000], [2000, -6000]], np.int16),
        "arrows0": np.array([[0.0, 100.0], [100.0, 0.0]]),
    }
    packed = pack(Arrays(arrays, {"number": 1, "step": 1, "sides": [{"modes": 0, "of": 25, "quality": 0.0}]}))
    packed["block"] = base64.b64encode(packed["block"]).decode()
    with opened(browser, path) as page:
        put(page, layers=["heat", "arrows"])
        page.evaluate(
            """(packed) => {
              const m = coursekit.model, bytes = Uint8Array.from(atob(packed.block), (c) => c.charCodeAt(0));
              m.set("sides", m.get("sides").slice(0, 1));
              m.set("picture", { ...packed, block: new DataView(bytes.buffer) });
            }""",
            packed,
        )
        settled(page)
        # Pixels at places of the window, from -1 to 1.
        look = """([a, b]) => {
          const canvas = document.querySelectorAll('.ck-canvas')[0], ratio = window.devicePixelRatio;
          const [w, h] = [canvas.clientWidth, canvas.clientHeight];
          const top = 2.9 * 13, side = Math.min(w - 2, h - top - 2), left = (w - side) / 2;
          const at = [left + side * (0.5 + a / 2), top + side * (0.5 - b / 2)].map((v) => Math.round(v * ratio - 0.5));
          return [...canvas.getContext('2d').getImageData(...at, 1, 1).data].slice(0, 3);
        }"""
        upper_left, others = page.evaluate(look, [-0.4, 0.6]), [[0.4, 0.6], [-0.4, -0.6], [0.6, -0.4]]
        assert upper_left[0] < 220 < upper_left[2]  # blue
        assert all(min(page.evaluate(look, at)) > 240 for at in others)  # the background
        half = 8192

        def green(a, b):
            return any(
                (lambda r, g, blue: g > r + 60 and g > blue)(*page.evaluate(look, [a + da / 400, b + db / 400]))
                for da in range(-2, 3)
                for db in range(-2, 3)
            )

        assert green(0, -4000 / half + 0.1)
        assert not green(0, -4000 / half - 0.05)
        assert green(2000 / half + 0.1, -6000 / half)
        assert not green(2000 / half - 0.05, -6000 / half)


def test_each_side_has_its_own_picture_and_one_start(browser, path):
    with opened(browser, path) as page:
        page.evaluate("() => { const m = coursekit.model; m.set('layers', []); }")
        settled(page)
        # The same generator, the same z: only the titles differ.
        inner = """(i) => { const c = document.querySelectorAll('.ck-canvas')[i], r = devicePixelRatio;
          return [...c.getContext('2d').getImageData(0, 45 * r, c.width, c.height - 46 * r).data].join(); }"""
        assert page.evaluate(inner, 0) == page.evaluate(inner, 1)
        page.get_by_role("slider", name="Look back").press("End")
        settled(page)
        assert page.evaluate(inner, 0) != page.evaluate(inner, 1)


def test_arrow_keys_scrub_from_the_slider_and_from_the_picture(browser, path):
    with opened(browser, path) as page:
        slider = page.get_by_role("slider", name="Look back")
        slider.press("ArrowRight")
        assert get(page, "shown") == 80
        assert slider.get_attribute("aria-valuetext") == "update 80"
        page.locator("canvas.ck-canvas").first.focus()
        for key, step in (("ArrowRight", 160), ("ArrowLeft", 80), ("End", 400), ("Home", 0), ("ArrowLeft", 0)):
            page.keyboard.press(key)
            assert get(page, "shown") == step
        assert "update 0." in summary(page)


@pytest.mark.parametrize(
    ("name", "layer"), [("D's map (blue: data)", "heat"), ("arrows", "arrows"), ("G's manifold", "manifold")]
)
def test_each_layer_can_be_shown_and_hidden(browser, path, name, layer):
    with opened(browser, path) as page:
        page.get_by_role("slider", name="Look back").press("End")
        before, box = pixels(page, 0), page.get_by_role("checkbox", name=name)
        box.click()
        assert (layer in get(page, "layers")) == box.is_checked()
        assert pixels(page, 0) != before
        box.click()
        assert pixels(page, 0) == before


def test_keys_ask_for_what_they_stand_for(browser, path):
    with opened(browser, path) as page:
        with_kernel(page)
        page.locator("canvas.ck-canvas").first.focus()
        for key in (" ", "d", "g", "G", "b"):
            page.keyboard.press(key)
        assert sent(page) == ["play", "step_d", "step_g", "step_g", "bookmark"]
        page.keyboard.press("u")
        assert sent(page)[-1] == "undo"
        put(page, playing=True)
        page.keyboard.press(" ")
        assert sent(page)[-1] == "pause"
        page.keyboard.press("c")
        assert "Look back at a bookmark first" in page.get_by_role("alert").inner_text()
        put(page, playing=False, bookmarks=[80], shown=80)
        page.keyboard.press("c")
        assert sent(page)[-1] == "restore"
        count = len(sent(page))
        page.keyboard.press("Control+d")  # the browser's and the notebook's
        page.get_by_role("combobox", name="Data").focus()
        page.keyboard.press("g")  # chooses in the list
        assert len(sent(page)) == count
        page.get_by_role("button", name="D step").focus()
        page.keyboard.press(" ")  # presses this button, and does not play
        assert sent(page)[count:] == ["step_d"]


def test_the_help_line_names_every_key(browser, path):
    with opened(browser, path) as page:
        with_kernel(page)
        line = page.locator(".ck-help").inner_text()
        for key in ("Space", "D", "G", "←", "→", "End", "B", "C", "U"):
            assert re.search(rf"(?<!\w){key}(?!\w)", line)


# Frames with these numbers, as Python sends them while it plays.
COME = """(numbers) => {
  const m = coursekit.model, packed = m.get("picture");
  for (const number of numbers) m.set("picture", { ...packed, about: { ...packed.about, number, step: number } });
}"""


def test_frames_are_answered_together_and_after_they_were_drawn(browser, path):
    with opened(browser, path) as page:
        with_kernel(page)
        put(page, playing=True)
        page.evaluate(COME, [11, 12, 13])  # the last of three that come at once is drawn
        settled(page)
        assert page.locator("canvas.ck-canvas").first.get_attribute("data-step") == "13"
        page.evaluate(COME, [14])
        settled(page)
        page.wait_for_function("() => sent.length > 0")
        assert page.evaluate("() => sent") == [{"seen": 14, "came": 4, "drawn": 2}]
        page.evaluate(COME, [15])
        page.wait_for_function("() => sent.length > 1")
        assert page.evaluate("() => sent[1]") == {"seen": 15, "came": 1, "drawn": 1}
        put(page, playing=False)


def test_less_motion_means_pictures_now_and_then(browser, path):
    with opened(browser, path, reduced_motion=True) as page:
        with_kernel(page)
        put(page, playing=True)
        frames = "() => Number(document.querySelector('.ck-canvas').dataset.frames)"
        before = page.evaluate(frames)
        page.evaluate("""() => new Promise((done) => {
          const m = coursekit.model, packed = m.get("picture");
          let number = 20;
          const timer = setInterval(() => {
            number += 1;
            m.set("picture", { ...packed, about: { ...packed.about, number } });
            if (number === 60) { clearInterval(timer); done(); }
          }, 30);
        })""")
        assert 1 <= page.evaluate(frames) - before <= 4  # in 1.2 seconds
        put(page, playing=False)


def test_when_the_view_goes_the_game_pauses(browser, path):
    with opened(browser, path) as page:
        page.evaluate(RECORD)
        page.evaluate("""() => { coursekit.dispose(); coursekit.model.set("frozen", false);
          const el = document.getElementById("widget");
          window.gone = coursekit.widget.render({ model: coursekit.model, el }); }""")
        put(page, playing=True)
        page.evaluate("() => window.gone()")
        assert sent(page) == ["pause"]
        assert page.locator("canvas").count() == 0


def test_settings_of_one_side(browser, path):
    with opened(browser, path) as page:
        with_kernel(page)
        page.get_by_role("combobox", name="k", exact=True).select_option("5")
        sides = get(page, "sides")
        assert [one["k"] for one in sides] == [5, 1]
        page.get_by_role("combobox", name="G's rate B").select_option("0.0001")
        assert get(page, "sides")[1]["rate_g"] == 1e-4
        page.get_by_role("combobox", name="Objective B").select_option("lsgan")
        # Python adds the numbers that belong to it.
        assert get(page, "sides")[1] == {"objective": "lsgan", "remedy": "pacgan2"}
        page.get_by_role("checkbox", name="Two runs side by side").uncheck()
        assert len(get(page, "sides")) == 1
        assert page.locator("canvas.ck-canvas").nth(1).is_hidden()
        assert page.get_by_role("combobox", name="Objective B").count() == 0


def test_data_are_drawn_by_hand(browser, path, artefacts):
    with opened(browser, path) as page:
        with_kernel(page)
        put(page, data="drawn", drawn=[[0, 0]])
        page.get_by_role("button", name="Wipe the board").click()
        blank = pixels(page, 0)
        box = page.locator("canvas.ck-canvas").first.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 60, y - 60, steps=12)
        settled(page)
        assert pixels(page, 0) != blank  # the stroke is seen while it is drawn
        page.screenshot(path=artefacts / "game-drawing.png", full_page=True)
        page.mouse.up()
        drawn = get(page, "drawn")
        assert len(drawn) >= 8  # and the point before the board was wiped is gone
        assert drawn[-1][0] > drawn[0][0] + 0.5
        assert drawn[-1][1] > drawn[0][1] + 0.5
        half = get(page, "window")[2]
        assert all(abs(c) <= half for point in drawn for c in point)


def test_data_are_drawn_by_keyboard(browser, path, artefacts):
    with opened(browser, path) as page:
        with_kernel(page)
        plane = page.locator("canvas.ck-canvas").first
        plane.focus()
        page.keyboard.press("Enter")  # these data are not drawn
        assert get(page, "data") == "grid-25"
        put(page, data="drawn", drawn=[[0, 0]], shown=-1)
        page.get_by_role("button", name="Wipe the board").click()
        plane.focus()
        blank = pixels(page, 0)
        for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
            page.keyboard.press(key)
        assert get(page, "shown") == -1  # arrows do not look back meanwhile
        assert "Cursor at 0.5, 0.3." in summary(page)
        assert pixels(page, 0) != blank  # the cursor is seen
        page.screenshot(path=artefacts / "game-drawing-keys.png", full_page=True)
        page.keyboard.press("Enter")
        assert np.allclose(get(page, "drawn"), [[0.52, 0.26]])  # and the point before the board was wiped is gone
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
        assert np.allclose(get(page, "drawn"), [[0.52, 0.26], [0.26, 0.26]])
        for _ in range(30):
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        assert np.allclose(get(page, "drawn")[-1], [0.26, -5.2])  # it stays on the board
        page.keyboard.press(" ")
        assert sent(page) == ["play"]
        assert "Enter" in page.locator(".ck-help").inner_text()
        page.get_by_role("slider", name="Look back").focus()
        drawn = get(page, "drawn")
        page.keyboard.press("ArrowLeft")  # with the slider it does look back
        assert get(page, "shown") != -1
        assert get(page, "drawn") == drawn


def test_nothing_is_trained_on_a_board_that_was_wiped(browser, path):
    with opened(browser, path) as page:
        with_kernel(page)
        put(page, data="drawn", drawn=[[0, 0]], playing=True)
        page.get_by_role("button", name="Wipe the board").click()
        assert sent(page) == ["pause"]
        put(page, playing=False)
        page.locator("canvas.ck-canvas").first.focus()
        for key in (" ", "d", "g", "b"):
            page.keyboard.press(key)
        assert sent(page) == ["pause"]
        assert "The board is empty" in page.get_by_role("alert").inner_text()
        page.get_by_role("button", name="Start again").click()
        assert sent(page) == ["pause", "restart"]


def test_what_was_begun_anew_can_be_taken_back_by_a_button_that_says_so(browser, path):
    with opened(browser, path) as page:
        with_kernel(page)
        button = page.get_by_role("button", name="Undo: back to the games before they began anew")
        assert button.get_attribute("aria-disabled") == "true"  # nothing has been begun anew
        button.click(force=True)
        assert sent(page) == []
        put(page, undoable=True)
        button.click()
        assert sent(page) == ["undo"]


def test_the_rows_of_settings_say_whose_they_are(browser, path):
    with opened(browser, path) as page:
        with_kernel(page)
        for side in ("A", "B"):
            assert page.get_by_role("group", name=f"Side {side}").inner_text().startswith(side)
        page.get_by_role("checkbox", name="Two runs side by side").uncheck()
        settled(page)
        assert page.get_by_role("group", name="Side A").inner_text().startswith("Objective")


# In JupyterLab a projector of 1280 x 720 leaves 598 pixels for an output; its width is that with the side bar, and
# without it.
ROOM = 598
WIDTHS = pytest.mark.parametrize("width", [944, 1196])


def height(page):
    settled(page)
    return page.locator(".ck-root").bounding_box()["height"]


@WIDTHS
def test_in_lecture_size_all_is_on_the_screen_of_a_projector(browser, path, artefacts, width):
    with opened(browser, path, width=width) as page:
        with_kernel(page)
        page.get_by_role("slider", name="Look back").press("End")
        put(page, layers=["heat", "arrows", "manifold"])
        page.get_by_role("button", name="Lecture size").click()
        assert height(page) <= ROOM
        page.screenshot(path=artefacts / f"game-large-{width}.png", full_page=True)
        page.get_by_role("button", name="Set up").click()
        page.evaluate(DARK)
        assert height(page) <= ROOM
        page.screenshot(path=artefacts / f"game-large-dark-set-up-{width}.png", full_page=True)


@WIDTHS
def test_one_run_in_lecture_size(browser, tmp_path, artefacts, width):
    game = GanGame("moons", large=True)
    game.advance(200)
    with opened(browser, game.export_html(tmp_path / "moons.html"), width=width) as page:
        with_kernel(page)
        page.get_by_role("slider", name="Look back").press("End")
        assert height(page) <= ROOM
        page.screenshot(path=artefacts / f"game-one-large-{width}.png", full_page=True)
        page.get_by_role("button", name="Set up").click()
        assert height(page) <= ROOM
        assert "energy distance to the data" in summary(page)


def test_every_control_has_a_name(browser, path):
    with opened(browser, path) as page:
        with_kernel(page)
        tree = page.get_by_role("region", name="The GAN game").aria_snapshot()
        for line in ('slider "Look back"', 'combobox "Data"', 'combobox "Objective"', 'combobox "Remedy B"',
                     'combobox "D\'s rate"', 'combobox "Speed"', 'button "Play"', 'button "D step"', 'button "G step"',
                     'button "Go on from this bookmark"', 'checkbox "G\'s manifold"', 'img "Side A: data',
                     'img "Losses and quality'):  # fmt: skip
            assert line in tree
        assert not re.search(r"- (slider|combobox|checkbox|button|img)(?! \")", tree), tree


def test_in_the_dark_the_ground_is_dark(browser, path, artefacts):
    with opened(browser, path) as page:
        page.get_by_role("slider", name="Look back").press("End")
        before = pixels(page, 0)
        page.evaluate(DARK)
        settled(page)
        page.screenshot(path=artefacts / "game-dark.png", full_page=True)
        assert pixels(page, 0) != before
        middle = page.evaluate("""() => { const c = document.querySelector('.ck-canvas');
          const data = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
          let sum = 0; for (let i = 0; i < data.length; i += 4) sum += data[i] + data[i + 1] + data[i + 2];
          return sum / (0.75 * data.length); }""")
        assert middle < 90
