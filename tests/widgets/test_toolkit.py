"""The little arithmetic that lives in JavaScript, against the same in Python."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from coursekit.widgets.arrays import Arrays, pack
from coursekit.widgets.esm import toolkit_text
from coursekit.widgets.transport_state import reshared

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def toolkit(browser):
    """A page with the toolkit as a module under `window.tk`."""
    page = browser.new_page()
    names = (
        "arrays, nearest, histogram, reshare, curveUpTo, niceTicks, logTicks, format, Axes, Stage, readTheme, OKABE_ITO"
    )
    page.set_content(f"<body><script type=module>{toolkit_text()}\nwindow.tk = {{ {names} }};</script>")
    page.wait_for_function("() => window.tk")
    yield page
    page.close()


@pytest.mark.parametrize("offset", [0, 1, 3])
def test_arrays_unpacks_what_pack_packed_wherever_the_block_starts(toolkit, offset):
    sent = {"a": np.linspace(-1, 1, 7), "odd": np.array([255, 0, 7], np.uint8), "empty": np.zeros(0),
            "b": np.array([[1e-30, np.inf], [-np.inf, 2.5]]), "small": np.array([-32767, 5], np.int16)}  # fmt: skip
    packed = pack(Arrays(sent))
    text = base64.b64encode(bytes(offset) + bytes(packed["block"])).decode()
    got = toolkit.evaluate(
        """([names, shapes, types, text, offset]) => {
          const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
          const out = tk.arrays({ names, shapes, types, block: new DataView(bytes.buffer, offset) });
          return Object.fromEntries(Object.entries(out).map(([k, v]) => [k, [...v].map(String)]));
        }""",
        [packed["names"], packed["shapes"], packed["types"], text, offset],
    )
    assert list(got) == list(sent)
    for name, values in sent.items():
        back = np.array([float(v.replace("Infinity", "inf")) for v in got[name]])
        np.testing.assert_array_equal(back, values.astype(np.float32).ravel())


def test_nearest_is_argmin_of_the_distance(toolkit):
    table = np.geomspace(0.01, 3, 40)
    values = np.concatenate([[-5, 0, 9], np.random.default_rng(0).uniform(0, 3, 50)])
    got = toolkit.evaluate("([t, vs]) => vs.map((v) => tk.nearest(t, v))", [table.tolist(), values.tolist()])
    assert got == np.abs(table - values[:, None]).argmin(1).tolist()


def test_reshare_is_reshared(toolkit):
    rng = np.random.default_rng(2)
    cases = [[rng.dirichlet(np.ones(5)).tolist(), k, share] for k, share in [(0, 0.0), (3, 0.4), (4, 1.0)]]
    cases.append([[0.0, 1.0, 0.0], 1, 0.4])
    got = toolkit.evaluate("(cases) => cases.map((c) => tk.reshare(...c))", cases)
    np.testing.assert_allclose(np.concatenate(got), np.concatenate([reshared(*case) for case in cases]), rtol=1e-12)


def test_histogram_is_numpys(toolkit):
    x, edges = np.random.default_rng(1).normal(size=300), np.linspace(-2, 2, 33)
    bins = np.searchsorted(edges, x, side="right") - 1
    for shown in (1, 17, 300):
        got = toolkit.evaluate("([b, k, e]) => [...tk.histogram(b, k, e)]", [bins.tolist(), shown, edges.tolist()])
        counts, _ = np.histogram(x[:shown], edges)
        np.testing.assert_allclose(got, counts / (shown * (edges[1] - edges[0])), rtol=1e-12)


@pytest.mark.parametrize("end", [-1.0, 0.0, 0.25, 0.5, 1.9, 2.0, 3.0])
def test_a_curve_is_cut_at_x_itself(toolkit, end):
    xs, ys = np.array([0.0, 0.5, 1.5, 2.0]), np.array([1.0, 3.0, 2.0, 5.0])
    left, heights = toolkit.evaluate("([a, b, x]) => tk.curveUpTo(a, b, x)", [xs.tolist(), ys.tolist(), end])
    expected = sorted({*xs[xs <= end], *([end] if 0 <= end <= 2 else [])})
    assert left == pytest.approx(expected)
    assert heights == pytest.approx(np.interp(expected, xs, ys))


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3.4, 3.5), (-1.68, -1.49), (0, 4700), (1e-5, 3e-5), (-0.1, 0.02)])
@pytest.mark.parametrize("count", [2, 3, 5, 9])
def test_ticks_are_round_inside_and_neither_few_nor_many(toolkit, low, high, count):
    ticks = np.array(toolkit.evaluate("([a, b, c]) => tk.niceTicks(a, b, c)", [low, high, count]))
    steps = np.diff(ticks)
    assert np.allclose(steps, steps[0])
    assert float(f"{steps[0]:.9e}"[0]) in {1, 2, 5} and np.isclose(steps[0], float(f"{steps[0]:.0e}"))
    assert ((ticks >= low - 1e-9 * steps[0]) & (ticks <= high + 1e-9 * steps[0])).all()
    assert 3 <= len(ticks) <= max(count + 1, 9)


def test_log_ticks_are_one_two_five(toolkit):
    assert toolkit.evaluate("() => tk.logTicks(0.024, 2.4, 9)") == pytest.approx([0.05, 0.1, 0.2, 0.5, 1, 2])
    assert toolkit.evaluate("() => tk.logTicks(0.001, 1000, 8)") == pytest.approx([10.0**p for p in range(-3, 4)])


@pytest.mark.parametrize("log", [False, True])
def test_a_pixel_and_its_data_value_are_each_others_inverse(toolkit, log):
    got = toolkit.evaluate(
        """(xlog) => {
          const pen = document.createElement("canvas").getContext("2d");
          const stage = { pen, theme: tk.readTheme(document.body), scale: 1, width: 400, height: 300 };
          const axes = new tk.Axes(stage, { xlim: [0.02, 3], ylim: [-2, 5], xlog });
          const xs = [0.02, 0.1, 1, 3], ys = [-2, 0, 4.9];
          return [xs.map((x) => axes.X(x)), xs.map((x) => axes.xAt(axes.X(x))), ys.map((y) => axes.yAt(axes.Y(y))),
                  axes.left, axes.right];
        }""",
        log,
    )
    pixels, xs, ys, left, right = got
    assert xs == pytest.approx([0.02, 0.1, 1, 3])
    assert ys == pytest.approx([-2, 0, 4.9])
    scale = np.log if log else np.asarray
    part = (scale([0.02, 0.1, 1, 3]) - scale(0.02)) / (scale(3) - scale(0.02))
    assert pixels == pytest.approx(left + part * (right - left))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-1.5, "−1.5"), (0.123456, "0.123"), (1234.5, "1230"), (1e-5, "1.0e−5"), (2.5e7, "2.5e+7")],
)
def test_numbers_are_written_as_a_reader_writes_them(toolkit, value, text):
    assert toolkit.evaluate("(v) => tk.format(v)", value) == text
    assert toolkit.evaluate("() => [tk.format(-Infinity), tk.format(NaN)]") == ["−∞", "not a number"]


def test_colours_stand_out_in_both_themes(toolkit):
    """Contrast of at least 3 to 1 (WCAG 1.4.11) for every colour that carries meaning."""

    def luminance(colour: str) -> float:
        c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        return float(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722])

    for light, ground in (("true", "#ffffff"), ("false", "#111111")):
        theme = toolkit.evaluate(
            "(l) => { document.body.setAttribute('data-jp-theme-light', l); return tk.readTheme(document.body); }",
            light,
        )
        for role in ("ink", "muted", "estimate", "truth", "accent", "best", "other"):
            a, b = sorted([luminance(theme[role]), luminance(ground)])
            assert (b + 0.05) / (a + 0.05) >= 3, (light, role)
    toolkit.evaluate("() => document.body.removeAttribute('data-jp-theme-light')")


def test_a_heat_map_paints_its_cells_where_they_belong(toolkit):
    """Row 0 lies at the bottom; the greatest value has the full colour."""
    got = toolkit.evaluate(
        """() => {
          const pen = Object.assign(document.createElement("canvas"), { width: 400, height: 300 }).getContext("2d");
          pen.fillStyle = "#ffffff"; pen.fillRect(0, 0, 400, 300);
          const stage = { pen, theme: tk.readTheme(document.body), scale: 1, width: 400, height: 300 };
          const axes = new tk.Axes(stage, { xlim: [0, 2], ylim: [0, 2] });
          axes.heatMap([0, 4, 2, 0], 2, 2, { color: "#000000" });
          const at = (x, y) => pen.getImageData(Math.round(axes.X(x)), Math.round(axes.Y(y)), 1, 1).data[0];
          return [at(0.7, 0.7), at(1.3, 0.7), at(0.7, 1.3), at(1.3, 1.3)];
        }"""
    )
    assert got[1] == 0
    assert got[2] == pytest.approx(127, abs=2)
    assert min(got[0], got[3]) > 200


def test_single_strokes_of_a_large_sample_can_be_seen(toolkit):
    """The darkest pixels where 2,000 points crowd, and a lone stroke that still stands out from white."""
    crowd, lone = toolkit.evaluate(
        """() => {
          const pen = Object.assign(document.createElement("canvas"), { width: 400, height: 300 }).getContext("2d");
          pen.fillStyle = "#ffffff"; pen.fillRect(0, 0, 400, 300);
          const stage = { pen, theme: tk.readTheme(document.body), scale: 1, width: 400, height: 300 };
          const axes = new tk.Axes(stage, { xlim: [0, 2], ylim: [0, 2] });
          axes.rug([...Array(1999).fill(0.52), 1.32], { color: "#000000" });
          const at = (x) => Math.min(...[-2, -1, 0, 1, 2].map((d) =>
            pen.getImageData(Math.round(axes.X(x)) + d, axes.bottom - 5, 1, 1).data[0]));
          return [at(0.52), at(1.32)];
        }"""
    )
    assert crowd < 5
    assert 100 < lone <= 0.66 * 255


def test_json_would_not_have_carried_an_infinity():
    """Why scores travel as arrays: Python writes a word that no browser's JSON reads."""
    assert json.dumps(-np.inf) == "-Infinity"
