"""Pictures say what they show, are the same on every run, and leave matplotlib's settings alone."""

import doctest
import io
import json
import subprocess
import sys

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from PIL import Image

from coursekit import plots
from coursekit.density import (
    GaussianMixture,
    KernelDensity,
    KnotheRosenblatt,
    expectation_maximisation,
    initial_parameters,
)
from coursekit.density.push_forward import square
from coursekit.distributions import get
from coursekit.plots import prose, theme
from coursekit.plots.plane import SHARES
from coursekit.seeds import generator


def sample(name="cross", n=60):
    return get(name).sample(n, generator=generator(0))


def triangular():
    grid = torch.linspace(-4, 4, 41, dtype=torch.float64)
    return KnotheRosenblatt.from_log_density(get("cross").log_prob, grid, grid)


def states(steps=3):
    x = sample()
    return x, list(expectation_maximisation(x, initial_parameters(x, 2, generator=generator(0)), steps=steps))


BUILD = {
    "densities": lambda: plots.densities(-3, 3, {"claw": get("claw"), "truth": get("bimodal")}, samples=sample("claw")),
    "panels": lambda: plots.densities(-3, 3, [{"a": get("claw")}, {"b": get("gap")}], titles=["one", "two"]),
    "pushed": lambda: plots.pushed(square(), low=0, high=1, n=200),
    "quantile": lambda: plots.quantile(get("gap"), low=-6, high=6, seed=0),
    "bumps": lambda: plots.bumps(KernelDensity(sample("bimodal", 5), 0.4), low=-4, high=4, truth=get("bimodal")),
    "contours": lambda: plots.contours([get("cross")], -3, 3, points=[sample()], titles=["cross"]),
    "clouds": lambda: plots.clouds([sample(), sample()], -3, 3, titles=["a", "b"], marks=torch.zeros(1, 2)),
    "pushed_grid": lambda: plots.pushed_grid([triangular()], -3, 3, titles=["x"]),
    "bands": lambda: plots.bands([1, 2], {"a": [[1, 2], [2, 3]]}, x_label="$n$", y_label="error", log_x=True),
    "dots": lambda: plots.dots({"g": {"a": [1, 2], "b": [2, 4]}}, y_label="loss", paired=True),
    "traces": lambda: plots.traces([[1, 2], [0, 3, 4]], x_label="step", y_label="nats", marks=[None, 1], marked="here"),
    "curves": lambda: plots.curves([1, 10], {"a": [0.5, -2], "b": [1, 2]}, x_label="$x$", y_label="value", log_x=True),
    "plan": lambda: plots.plan([0.5, 0.5, 0], [0, 0.5, 0.5], [[0, 0.5, 0], [0, 0, 0.5], [0, 0, 0]], [2, 1, 0]),
    "em_steps": lambda: plots.em_steps(*states()),
    "mixture_fit": lambda: plots.mixture_fit(sample(), [GaussianMixture(2).fit(sample())], titles=["fit"]),
}


@pytest.mark.parametrize("name", BUILD)
def test_a_picture_shows_itself_in_words_and_dots(name):
    picture = BUILD[name]()
    data, metadata = picture._repr_mimebundle_()
    image = np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB"))
    assert image.shape[1] == 1382 and image.std() > 5  # the course's width, and not blank
    assert f'alt="{picture.description[:12]}' in data["text/html"] and metadata["image/png"]["alt"]
    assert len(picture.description) > 30 and "$" not in picture.description
    assert len(picture.png) < 200_000
    json.dumps(data)


@pytest.mark.parametrize("name", ["densities", "em_steps"])
def test_two_runs_give_the_same_bytes(name):
    assert BUILD[name]().png == BUILD[name]().png


def test_nothing_global_changes():
    before = dict(matplotlib.rcParams)
    for build in BUILD.values():
        _ = build().png
    assert dict(matplotlib.rcParams) == before


def test_pyplot_is_never_imported():
    code = "import sys, coursekit.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_axes_do_not_move_with_their_contents():
    # Frozen layout: two frames of one animation can be laid over each other.
    places = [plots.densities(-3, 3, {"a": get(name)}).figure.axes[0].get_position().bounds for name in ("claw", "gap")]
    assert places[0] == places[1]


def test_letters_are_legible_from_the_last_row():
    picture = BUILD["panels"]()
    ax = picture.figure.axes[0]
    assert min(label.get_size() for label in [*ax.get_xticklabels(), ax.xaxis.label, ax.title]) >= 12


@pytest.mark.parametrize("name", plots.COLOURS)
def test_colours_stand_out_on_light_and_dark_pages(name):
    # WCAG 2.1, 1.4.11: 3 for lines and dots; letters are black.
    colour = plots.COLOURS[name]
    assert theme.contrast(colour, "#ffffff") >= 3
    assert theme.contrast(theme.in_dark(colour), theme.DARK) >= 3


def test_letters_stand_out_and_colours_differ():
    assert theme.in_dark("#ffffff") == theme.DARK
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert theme.contrast(theme.in_dark("#000000"), theme.DARK) > 12
    for colours in (plots.COLOURS.values(), [theme.in_dark(c) for c in plots.COLOURS.values()]):
        rgb = np.array([[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in colours])
        apart = np.abs(rgb[:, None] - rgb[None]).sum(-1) + 1000 * np.eye(len(rgb))
        assert apart.min() > 60  # of 765: no two colours are the same to the eye


@pytest.mark.browser
def test_a_dark_page_turns_the_picture_over(browser, artefacts):
    figure, (ax,) = plots.canvas()
    ax.axis("off")
    figure.set_facecolor("white")
    patch = figure.add_artist(Rectangle((0.25, 0.25), 0.5, 0.5, color=plots.COLOURS["blue"]))
    assert patch.get_facecolor()
    html = plots.Picture(figure, "A blue rectangle.")._repr_mimebundle_()[0]["text/html"]
    for light, expected in (("true", ("#ffffff", "#0072b2")), ("false", (theme.DARK, theme.in_dark("#0072B2")))):
        page = browser.new_page(viewport={"width": 1000, "height": 400})
        page.set_content(f'<body data-jp-theme-light="{light}" style="margin: 0">{html}</body>')
        page.wait_for_function("document.images[0].complete")
        page.screenshot(path=artefacts / f"picture-light-{light}.png")
        shown = np.asarray(Image.open(artefacts / f"picture-light-{light}.png").convert("RGB")).astype(int)
        page.close()
        for place, colour in ((shown[8, 8], expected[0]), (shown[170, 460], expected[1])):
            assert np.abs(place - [int(colour[k : k + 2], 16) for k in (1, 3, 5)]).max() <= 3


def test_contours_enclose_the_share_they_stand_for():
    # Of 20,000 samples the share above each contour's level must be the contour's, within 2 % and the grid's error.
    ax = plots.contours([get("cross")], -4, 4).figure.axes[0]
    levels = sorted(ax.collections[0].levels)
    x = get("cross").sample(20_000, generator=generator(1))
    inside = [(get("cross").log_prob(x).exp() > level).double().mean().item() for level in levels]
    assert inside == pytest.approx(sorted(SHARES, reverse=True), abs=0.02)


def test_clouds_show_each_set_in_its_own_panel_with_all_marks():
    sets, marks = [torch.tensor([[1.0, 2.0]]), torch.tensor([[-1.0, 0.5], [0.0, 0.0]])], torch.tensor([[2.0, -2.0]])
    picture = plots.clouds(sets, -3, 3, titles=["one", "two"], marks=marks)
    assert len(picture.figure.axes) == 2
    assert "one, 1 around (1, 2); two, 2 around (−0.5, 0.25). Marked by crosses: 1 places." in picture.description
    for ax, points in zip(picture.figure.axes, sets, strict=True):
        crosses, drawn = (torch.tensor(np.asarray(line.get_xydata()), dtype=torch.float32) for line in ax.lines)
        assert torch.equal(crosses, marks) and torch.equal(drawn, points)
        assert ax.get_xlim() == ax.get_ylim() == (-3, 3)


@pytest.mark.parametrize(("sets", "titles"), [([], []), ([torch.zeros(2, 2)], ["a", "b"])])
def test_clouds_need_points_and_a_title_for_each_set(sets, titles):
    with pytest.raises(ValueError, match="a title for each set or none"):
        plots.clouds(sets, -1, 1, titles=titles)


def test_an_ellipse_lies_at_two_standard_deviations_along_the_right_axis():
    from coursekit.plots.mixtures import ellipses

    _, (ax,) = plots.canvas()
    covariance = torch.tensor([[[2.0, 1.2], [1.2, 1.0]]], dtype=torch.float64)
    ellipses(ax, torch.zeros(1, 2, dtype=torch.float64), covariance, ["#000000"])
    edge = torch.as_tensor(ax.patches[-1].get_verts(), dtype=torch.float64)
    where = ax.transData.inverted().transform(edge)
    distance = torch.as_tensor(where) @ torch.linalg.inv(covariance[0]) * torch.as_tensor(where)
    assert distance.sum(1).sqrt().numpy() == pytest.approx(2.0, abs=0.02)
    assert to_hex(ax.patches[-1].get_edgecolor()) == "#000000"


def test_the_band_is_the_interval_of_the_mean():
    runs = [[1.0], [2.0], [3.0], [4.0], [10.0]]
    picture = plots.bands([1.0], {"a": runs}, x_label="x", y_label="y")
    band = picture.figure.axes[0].collections[0].get_paths()[0].vertices[:, 1]
    half = 2.7764 * np.std([1, 2, 3, 4, 10], ddof=1) / np.sqrt(5)  # 97.5 % of Student's t with 4 degrees of freedom
    assert (band.min(), band.max()) == (pytest.approx(4 - half, abs=1e-3), pytest.approx(4 + half, abs=1e-3))


def test_one_seed_has_no_band():
    with pytest.raises(ValueError, match="2 seeds"):
        plots.bands([1, 2], {"a": [[1, 2]]}, x_label="x", y_label="y")
    with pytest.raises(ValueError, match=r"\(S, 2\)"):
        plots.bands([1, 2], {"a": [[1, 2, 3], [1, 2, 3]]}, x_label="x", y_label="y")


def test_a_trace_has_its_dot_where_it_was_asked_for():
    picture = plots.traces([[1, 2, 5], [0, 3]], x_label="step", y_label="nats", marks=[2, None], marked="here")
    ax = picture.figure.axes[0]
    assert [line.get_ydata()[-1] for line in ax.lines] == [5, 3, 5]
    assert list(ax.lines[-1].get_xdata()) == [2]
    with pytest.raises(ValueError, match="a mark for each"):
        plots.traces([[1, 2]], x_label="step", y_label="nats", marks=[1, 1])


def test_numbers_have_a_minus_sign_not_a_hyphen():
    picture = plots.pushed(square(), low=-3.5, high=3.5, n=50)
    words = [text.get_text() for text in picture.figure.axes[0].texts]
    assert "\N{MINUS SIGN}3.5" in words and not any(word.startswith("-") for word in words)


def test_a_picture_without_words_is_refused():
    with pytest.raises(ValueError, match="description"):
        plots.Picture(plots.canvas()[0], " ")


def test_prose_shows_what_was_measured():
    assert doctest.testmod(prose).failed == 0
    folded = plots.reveal(None, 0.12345, "Why.")
    assert repr(folded) == "No prediction yet. Show the answer. Answer: **0.123**. Why."
    assert folded._repr_markdown_().startswith("<details><summary>") and "\n\nAnswer" in folded._repr_markdown_()
    assert plots.reveal("blob", True, "")._repr_markdown_().startswith("You predicted **blob**. Answer: **True**")


def test_tables_and_folded_results():
    with pytest.raises(ValueError, match="2 cells"):
        plots.table(["a", "b"], [[1, 2, 3]])
    # "|" ends a cell, unless it is escaped; a formula keeps its own.
    barred = plots.table(["KL(p || q)", "$|x|$"], [["|p - q|", 1]])._repr_markdown_().splitlines()
    assert barred == [r"| KL(p \|\| q) | $|x|$ |", "|---|---|", r"| \|p - q\| | 1 |"]

    class Long:
        def _repr_html_(self):
            return "<table><tr><td>all</td></tr></table>"

        def __repr__(self):
            return "all"

    folded = plots.fold("Half  of it.", Long())
    sentence, details = folded._repr_markdown_().split("\n\n", 1)
    assert sentence == "Half of it." and details.startswith("<details><summary>") and "<table>" in details
    assert repr(folded) == "Half of it.\nall"


def test_exact_curves_say_where_they_end_and_claim_no_seeds():
    words = BUILD["curves"]().description
    assert "a from 0.5 to −2" in words and "seed" not in words and "interval" not in words
    with pytest.raises(ValueError, match="'a' needs one number for each of 2 places, got 3"):
        plots.curves([1, 2], {"a": [1, 2, 3]}, x_label="x", y_label="y")


def test_a_legend_lies_over_no_curve():
    x = torch.linspace(-4, 4, 400)
    waves = {f"{k} a unit": torch.sin(k * x) for k in (0.3, 1.5, 4.9)}
    few = {"up": [-1.0, 1.0, -1.0, 1.0], "down": [1.0, -1.0, 1.0, -1.0], "low": [-0.6] * 4, "high": [0.6] * 4}
    for places, lines in ((x, waves), (x, {"a": x, "b": 2 * x}), ([-4.0, -1.0, 1.0, 4.0], few)):
        figure = plots.curves(places, lines, x_label="$x$", y_label="value").figure
        figure.draw_without_rendering()
        (ax,) = figure.axes
        box = ax.get_legend().get_window_extent()
        for line in ax.get_lines():
            assert not line.get_path().transformed(line.get_transform()).intersects_bbox(box, filled=False)
    assert plots.curves(x, {"a": x, "b": 2 * x}, x_label="$x$", y_label="value").figure.axes[0].get_ylim()[1] < 9


def test_a_plan_in_words_counts_cells_and_what_stays():
    assert "2 cells in use; 0% of the mass stays" in BUILD["plan"]().description
    stays = plots.plan([0.5, 0.5], [0.5, 0.5], [[0.5, 0], [0, 0.5]])
    assert "100% of the mass stays" in stays.description and "potential" not in stays.description
