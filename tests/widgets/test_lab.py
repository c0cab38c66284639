"""The widgets in JupyterLab itself: a kernel computes, a key press answers, the theme is followed."""

from __future__ import annotations

import re

import nbformat
import pytest
from lab import Lab, opened_notebook, running_lab

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def lab(tmp_path_factory, chromium):
    folder = tmp_path_factory.mktemp("notebooks")
    cells = [
        "import ipywidgets\nfrom coursekit.widgets import EMExplorer, KDEExplorer, KLExplorer, PushForwardExplorer\n"
        "from coursekit.widgets import CriticExplorer, ShiftExplorer, TransportExplorer",
        "explorer = KDEExplorer('claw', n=500)\nipywidgets.VBox([ipywidgets.HTML('<b>in a box</b>'), explorer])",
        "start = explorer.bandwidth\n\ndef fail(change):\n    if change.new > start:\n"
        "        raise ZeroDivisionError('on purpose')\n\nexplorer.observe(fail, 'bandwidth')",
        "push = PushForwardExplorer('bimodal', n=200)\npush",
        "KLExplorer('two modes')",
        "EMExplorer('three_blobs', k=3)",
        "TransportExplorer('left, right')",
        "ShiftExplorer('boxes')",
        "CriticExplorer(n=16)",
    ]
    for name, sources in (("tiny", cells), ("broken", ["1 / 0"])):
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in sources])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, folder / f"{name}.ipynb")
    with running_lab(folder) as started:
        yield started


@pytest.fixture(scope="module")
def notebook(lab: Lab, browser):
    with opened_notebook(lab, browser, "tiny.ipynb") as opened:
        opened.run_all(wait_for=".ck-canvas[data-frames]")
        opened.wait_until_run()
        yield opened


def test_no_cell_fails_and_nothing_is_logged_or_fetched(notebook):
    assert notebook.failed_cells() == []
    assert notebook.problems == []


def test_a_key_press_reaches_the_kernel_and_comes_back_as_a_picture(notebook, artefacts):
    root = notebook.page.get_by_role("region", name="Kernel density estimate: bandwidth and kernel")
    slider, words = root.get_by_role("slider", name="Bandwidth h"), root.get_by_role("status")
    slider.scroll_into_view_if_needed()
    slider.focus()
    canvas, before = root.locator("canvas.ck-canvas").first, slider.get_attribute("aria-valuetext")
    frames = int(canvas.get_attribute("data-frames"))

    def answered() -> bool:  # words may also change by themselves, while the kernel is still at its first work
        now = slider.get_attribute("aria-valuetext")
        return now != before and f"bandwidth {now}." in words.inner_text()

    notebook.press_until("ArrowLeft", answered)
    drawn = "([canvas, before]) => Number(canvas.dataset.frames) > before"  # words may come first
    notebook.page.wait_for_function(drawn, arg=[canvas.element_handle(), frames])
    notebook.screenshot(artefacts / "lab-kde-light.png")


def test_single_keys_stay_with_the_widget(notebook):
    """In JupyterLab "b" makes a cell and two "d" remove one, unless a control has the focus."""
    count = "() => jupyterapp.shell.currentWidget.content.model.cells.length"
    before = notebook.page.evaluate(count)
    notebook.page.get_by_role("slider", name="Bandwidth h").focus()
    for key in "bdd":
        notebook.page.keyboard.press(key)
    assert notebook.page.evaluate(count) == before


def test_drawing_by_pointer_and_by_key_changes_what_the_kernel_computes(notebook, artefacts):
    root = notebook.page.get_by_role("region", name="Push-forward of uniform noise by an inverse distribution function")
    canvas = root.get_by_role("slider", name="Heights of the density")
    canvas.scroll_into_view_if_needed()
    words = root.get_by_role("status")
    box = canvas.bounding_box()
    notebook.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.7 * box["height"])
    notebook.page.mouse.down()
    notebook.page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.2 * box["height"], steps=12)
    notebook.page.mouse.up()
    words.get_by_text("the density that you drew").wait_for()
    canvas.focus()
    before = canvas.get_attribute("aria-valuenow")
    notebook.press_until("ArrowDown", lambda: canvas.get_attribute("aria-valuenow") != before)
    root.get_by_role("button", name="All at once").click()
    words.get_by_text("Pushed so far: 200 of 200; KS distance").wait_for()
    notebook.screenshot(artefacts / "lab-push-forward-light.png")
    notebook.set_theme("JupyterLab Dark")
    notebook.screenshot(artefacts / "lab-push-forward-dark.png")
    notebook.page.get_by_role("slider", name="Bandwidth h").scroll_into_view_if_needed()
    corner = "() => [...document.querySelector('.ck-canvas').getContext('2d').getImageData(1, 1, 1, 1).data]"
    assert max(notebook.page.evaluate(corner)[:3]) < 60
    notebook.screenshot(artefacts / "lab-kde-dark.png")
    notebook.set_theme("JupyterLab Light")
    assert notebook.problems == []


def test_a_normal_is_dragged_and_fitted_by_the_kernel(notebook, artefacts):
    root = notebook.page.get_by_role("region", name="Two directions of the KL divergence")
    canvas, words = root.get_by_role("slider", name="Normal q over the target p"), root.get_by_role("status")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    notebook.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 60)
    notebook.page.mouse.down()
    notebook.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 60, steps=8)
    notebook.page.mouse.up()
    words.get_by_text("q: mean −").wait_for()
    root.get_by_role("button", name="Fit KL(q‖p)").click()
    words.get_by_text("q: mean −2.98, scale 1.02.").wait_for()
    root.get_by_role("button", name="Reveal best fits").click()
    words.get_by_text("Best for KL(p‖q): mean 0.00, scale 3.16").wait_for()
    notebook.screenshot(artefacts / "lab-kl.png")
    assert notebook.problems == []


def test_e_and_m_steps_are_taken_by_the_kernel(notebook, artefacts):
    root = notebook.page.get_by_role("region", name="Expectation-maximisation, step by step")
    root.scroll_into_view_if_needed()
    words = root.get_by_role("status")
    canvas = root.get_by_role("slider", name="Means at the start")
    canvas.focus()
    before = canvas.get_attribute("aria-valuetext")
    notebook.press_until("ArrowUp", lambda: canvas.get_attribute("aria-valuetext") != before)
    root.get_by_role("button", name="E-step").click()
    words.get_by_text("Iteration 1, E-step").wait_for()
    root.get_by_role("button", name="M-step").click()
    words.get_by_text("Iteration 1, M-step").wait_for()
    root.get_by_role("button", name="Play").click()
    words.get_by_text(re.compile(r"Iteration ([3-9]|\d\d+), ")).wait_for()  # each is there for half a second only
    root.get_by_role("button", name="Pause").click()
    notebook.screenshot(artefacts / "lab-em.png")
    assert notebook.problems == []


def test_a_dragged_bar_gets_another_plan_from_the_kernel(notebook, artefacts):
    root = notebook.page.get_by_role("region", name="Optimal transport between two histograms")
    root.scroll_into_view_if_needed()
    words = root.get_by_role("status")
    root.get_by_role("button", name="Reveal cost and f").click()
    words.get_by_text("Cost Σ P|i−j| = 4.143 bins; dual Σ (p−q) f = 4.143 bins").wait_for()
    canvas = root.get_by_role("slider", name="Heap p")
    canvas.focus()
    before = words.inner_text()
    notebook.press_until("ArrowUp", lambda: "= 4.143" not in words.inner_text())
    assert words.inner_text() != before and root.get_by_label("Heaps").input_value() == "own"
    root.get_by_role("button", name="One move").click()
    words.get_by_text("1 of ").wait_for()
    notebook.screenshot(artefacts / "lab-transport.png")
    assert notebook.problems == []


def test_a_critic_is_trained_by_the_kernel_where_the_densities_were_left(notebook, artefacts):
    root = notebook.page.get_by_role("region", name="The best critic of two densities, and a trained one")
    root.scroll_into_view_if_needed()
    words = root.get_by_role("status")
    words.get_by_text("Step 0: loss").wait_for()
    mark = root.get_by_role("slider", name="Middle of p_g")
    box = mark.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    notebook.page.mouse.move(x, y)
    notebook.page.mouse.down()
    notebook.page.mouse.move(x + 60, y, steps=8)
    notebook.page.mouse.up()
    place = float(mark.get_attribute("aria-valuenow"))
    assert place > 2
    words.get_by_text(f"p_g: middle {place:.2f}").wait_for()
    root.get_by_role("button", name="Train").click()
    words.get_by_text("Step 400: loss").wait_for()
    notebook.screenshot(artefacts / "lab-critic.png")
    assert notebook.problems == []


def test_a_shifted_density_leaves_a_trace(notebook, artefacts):
    root = notebook.page.get_by_role("region", name="Jensen-Shannon and Wasserstein while a density is shifted")
    root.scroll_into_view_if_needed()
    words = root.get_by_role("status")
    box = root.get_by_role("slider", name="Density q over p").bounding_box()
    notebook.page.mouse.move(box["x"] + 0.53 * box["width"], box["y"] + 0.8 * box["height"])
    notebook.page.mouse.down()
    for part in (0.55, 0.6, 0.65, 0.7, 0.73, 0.75):
        notebook.page.mouse.move(box["x"] + part * box["width"], box["y"] + 0.8 * box["height"])
        # The browser hands on one place of the pointer a frame, and a busy one leaves frames out.
        notebook.page.evaluate("() => new Promise((next) => requestAnimationFrame(next))")
    notebook.page.mouse.up()
    words.get_by_text("they have no place in common. JS = 0.693 nats").wait_for()
    assert int(re.search(r"Visited: (\d+) of 81", words.inner_text())[1]) > 3
    notebook.screenshot(artefacts / "lab-shift.png")
    assert notebook.problems == []


def test_what_the_kernel_refuses_is_said_each_time_and_taken_back_in_between(notebook):
    """A callback that raises while a slider is dragged: the sentence is shown, withdrawn, and shown again."""
    root = notebook.page.get_by_role("region", name="Kernel density estimate: bandwidth and kernel")
    slider, alert = root.get_by_role("slider", name="Bandwidth h"), root.get_by_role("alert")
    slider.scroll_into_view_if_needed()
    slider.focus()
    notebook.press_until("ArrowRight", lambda: alert.count() == 1)
    assert "ZeroDivisionError: on purpose" in alert.inner_text()
    notebook.press_until("ArrowLeft", lambda: alert.count() == 0)
    notebook.press_until("ArrowRight", lambda: alert.count() == 1)
    notebook.press_until("ArrowLeft", lambda: alert.count() == 0)


def test_a_widget_whose_kernel_is_gone_says_so(notebook):
    gone = notebook.page.get_by_text("The kernel that computes this picture is gone.").first
    assert not gone.is_visible()
    kernel = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"
    notebook.page.evaluate(f"() => {kernel}.restart()")
    gone.wait_for(state="visible")


def test_a_notebook_without_the_element_says_what_its_cells_raised(lab, browser):
    sentence = "ZeroDivisionError: division by zero"
    with opened_notebook(lab, browser, "broken.ipynb") as broken, pytest.raises(RuntimeError, match=sentence):
        broken.run_all(wait_for=".ck-canvas", tries=1, timeout=5)
