"""Pictures of faces: their range, sizes, exact repeatability, and that every factor is to be seen in every face."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.data.faces import CONTINUOUS, DISCRETE, FACTORS, Factors, draw, draw_factors, edges, label_map
from coursekit.data.faces import drawing as drawing_module
from coursekit.data.faces.labels import LABELS, grey, one_hot
from coursekit.data.faces.palette import BACKGROUND, SKIN
from coursekit.seeds import generator


@settings(max_examples=12)
@given(st.integers(0, 10**6), st.integers(0, 5), st.integers(8, 80), st.sampled_from([torch.float32, torch.float64]))
def test_pictures_of_any_size(seed, n, size, dtype):
    factors = draw_factors(n, generator=generator(seed), dtype=dtype)
    pictures = draw(factors, size)
    assert pictures.shape == (n, 3, size, size) and pictures.dtype == dtype
    assert pictures.isfinite().all() and ((pictures >= 0) & (pictures <= 1)).all()
    assert edges(factors, size).shape == (n, 1, size, size) and label_map(factors, size).shape == (n, size, size)


def test_the_same_faces_in_any_batch(monkeypatch):
    factors = draw_factors(40, generator=generator(0))
    together = draw(factors, 24)
    assert torch.equal(together, draw(factors, 24))
    assert torch.equal(together, torch.cat([draw(face, 24) for face in factors]))
    monkeypatch.setitem(drawing_module._CHUNK, "cpu", 7 * 24 * 24)
    assert torch.equal(together, draw(factors, 24))
    assert torch.equal(edges(factors, 24), torch.cat([edges(face, 24) for face in factors]))


def test_precisions_agree():
    factors = draw_factors(30, generator=generator(1))
    torch.testing.assert_close(draw(factors, 32).double(), draw(factors.to(dtype=torch.float64), 32), atol=2e-4, rtol=0)


def test_sizes_agree():
    """A large picture averaged down is the small one, but for the smoothing of edges."""
    factors = draw_factors(40, generator=generator(2))
    small = torch.nn.functional.avg_pool2d(draw(factors, 256), 8)
    assert (small - draw(factors, 32)).abs().mean() < 0.02


@pytest.mark.parametrize("name", DISCRETE)
def test_no_factor_is_ever_hidden(name):
    """Whatever the others are, changing this one changes some of the 32 x 32 pixels, and clearly (by 0.12)."""
    factors = draw_factors(250, generator=generator(3))
    pictures = [draw(factors.replace(**{name: value}), 32) for value in FACTORS[name].values]
    for one, other in itertools.combinations(pictures, 2):
        assert ((one - other).abs().amax(1) > 0.12).flatten(1).sum(1).min() >= 6


@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous_factors_show(name):
    factors = draw_factors(250, generator=generator(4))
    ends = [draw(factors.replace(**{name: end}), 32) for end in (FACTORS[name].low, FACTORS[name].high)]
    assert ((ends[0] - ends[1]).abs().amax(1) > 0.12).flatten(1).sum(1).min() >= 8


def test_gradients_with_respect_to_continuous_factors():
    """Against central differences of the mean of a weighted picture, in double precision."""
    factors = draw_factors(6, generator=generator(5), dtype=torch.float64)
    weights = torch.rand(6, 3, 32, 32, dtype=torch.float64, generator=generator(6))
    for name in CONTINUOUS:
        # Kept off the ends, where a step would leave the range.
        column = (0.9 * factors[name] + 0.05 * (FACTORS[name].low + FACTORS[name].high)).requires_grad_()
        value = (draw(factors.replace(**{name: column}), 32) * weights).sum((1, 2, 3))
        gradient = torch.autograd.grad(value.sum(), column)[0]
        up, down = (
            (draw(factors.replace(**{name: column.detach() + step}), 32) * weights).sum((1, 2, 3))
            for step in (1e-6, -1e-6)
        )
        torch.testing.assert_close(gradient, (up - down) / 2e-6, atol=1e-3, rtol=1e-3)


def test_memory_is_bounded(monkeypatch):
    seen = []
    paint = drawing_module._paint
    monkeypatch.setattr(
        drawing_module, "_paint", lambda factors, size: (seen.append(len(factors)), paint(factors, size))[1]
    )
    draw(draw_factors(200, generator=generator(0)), 64)
    assert sum(seen) == 200 and max(seen) * 64 * 64 <= drawing_module._CHUNK["cpu"]


def test_label_maps():
    factors = draw_factors(200, generator=generator(7))
    labels = label_map(factors, 48)
    assert labels.dtype == torch.int64 and labels.min() == 0 and labels.max() == len(LABELS) - 1
    shows = {label: (labels == i).flatten(1).any(1) for i, label in enumerate(LABELS)}
    assert torch.equal(shows["hat"], factors["hat"] != 0) and torch.equal(shows["glasses"], factors["glasses"] != 0)
    for label in ("background", "shirt", "skin", "hair", "eyes", "mouth"):
        assert shows[label].all(), label
    # What is only colour does not change the map; and on the map is what the picture shows: flat shirts are white.
    restyled = factors.replace(skin="dark", hair_colour="pink", background="night", stripes="striped", drawing="ink")
    assert torch.equal(labels, label_map(restyled, 48))
    flat = draw(factors.replace(drawing="flat", stripes="plain"), 48).movedim(1, -1)
    inside = torch.nn.functional.max_pool2d((labels != 1).float()[:, None], 3, 1, 1)[:, 0] == 0
    assert (flat[inside] - torch.tensor([0.99, 0.97, 0.92])).abs().max() < 1e-5
    hot = one_hot(labels)
    assert hot.shape == (200, len(LABELS), 48, 48) and torch.equal(hot.argmax(1), labels)


def test_faces_are_symmetric():
    """All but the cap's peak and the short hair's fringe."""
    factors = draw_factors(
        100, generator=generator(9), position_x=0.0, hat=["none", "beanie", "crown"],
        hair_style=["long", "curly", "spiky", "pigtails"],
    )  # fmt: skip
    labels = label_map(factors, 64)
    assert (labels == labels.flip(-1)).float().mean() > 0.999


def test_hair_and_hats_are_where_they_should_be():
    middle = {"position_x": 0.0, "position_y": 0.0}
    factors = draw_factors(60, generator=generator(10), hat="none", **middle)
    hair = [
        (label_map(factors.replace(hair_style=style), 64) == LABELS.index("hair"))[:, 32:].flatten(1).sum(1)
        for style in FACTORS["hair_style"].values
    ]
    # Below the brows, where hats never come, there is more of every style than of short hair.
    assert all((more > hair[0] + 60).all() for more in hair[1:])
    for hat in FACTORS["hat"].values[1:]:
        assert (label_map(factors.replace(hat=hat), 64)[:, 20, 32] == LABELS.index("hat")).all()


def test_walls_are_striped():
    # The rim of a sticker lies on the wall.
    factors = draw_factors(100, generator=generator(11), drawing=["flat", "ink", "soft"])
    wall = label_map(factors, 32) == LABELS.index("background")
    plain, striped = (draw(factors.replace(stripes=value), 32) for value in FACTORS["stripes"].values)
    changed = wall & ((plain - striped).abs().amax(1) > 0.12)
    share = changed.flatten(1).sum(1) / wall.flatten(1).sum(1)
    assert share.min() > 0.3 and share.max() < 0.7


def test_edges_show_shape_only():
    factors = draw_factors(50, generator=generator(8))
    lines = edges(factors, 64)
    assert 0.05 < (lines < 0.5).float().mean() < 0.3 and lines.max() == 1.0
    restyled = factors.replace(skin="dark", hair_colour="pink", background="night", stripes="striped", drawing="ink")
    assert torch.equal(lines, edges(restyled, 64))
    assert not torch.equal(lines, edges(factors.replace(hat="crown", glasses="round"), 64))


def test_grey():
    pictures = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 1.0]])[:, :, None, None]
    torch.testing.assert_close(grey(pictures).flatten(), torch.tensor([0.299, 0.587, 1.0]))


def test_colours_are_where_they_should_be():
    """A face in the middle, flat: the pixel between brows and nose is skin, the corner is wall."""
    one = {"position_x": 0.0, "position_y": 0.0, "drawing": "flat", "stripes": "plain", "glasses": "none"}
    for skin, wall in itertools.product(("light", "dark"), ("mint", "night")):
        picture = draw(draw_factors(1, generator=generator(0), skin=skin, background=wall, hat="crown", **one), 64)[0]
        torch.testing.assert_close(picture[:, 33, 32], torch.tensor(SKIN[skin]))
        torch.testing.assert_close(picture[:, 0, 0], torch.tensor(BACKGROUND[wall]))


@pytest.mark.parametrize("view", [draw, edges, label_map])
@pytest.mark.usefixtures("as_students_run_it")
def test_bad_sizes(view):
    factors = draw_factors(1, generator=generator(0))
    with pytest.raises(ValueError, match=r"at least 8 pixels a side .* got size=7; .* average"):
        view(factors, 7)
    with pytest.raises(ValueError, match="up to 1024"):
        view(factors, 1025)
    with pytest.raises(ValueError, match="size must be a whole number"):
        view(factors, 16.5)
    with pytest.raises(ValueError, match=r"pictures must have shape \(n, 3, height, width\)"):
        grey(torch.zeros(3, 8, 8))


def test_sheets_to_look_at(course):
    """Each factor's range, one row a factor, at four sizes; written where they can be looked at."""
    from PIL import Image

    base = draw_factors(
        1, generator=generator(0), skin="tan", hair_colour="ginger", hair_style="short", hat="none", glasses="none",
        smile=0.5, eye_size=0.5, face_shape="round", position_x=0.0, position_y=0.0, background="sky",
        stripes="plain", drawing="flat",
    )  # fmt: skip
    rows = []
    for name, factor in FACTORS.items():
        low, high = factor.low, factor.high
        values = factor.values or [low + (high - low) * k / 4 for k in range(5)]
        rows.append([base.replace(**{name: value}) for value in values])
    rows += [list(draw_factors(5, generator=generator(k))) for k in range(5)]
    folder = course / "artefacts"
    folder.mkdir(exist_ok=True)
    for size in (16, 32, 64, 128):
        sheet = torch.ones(3, len(rows) * size, 5 * size)
        for i, row in enumerate(rows):
            pictures = draw(Factors.cat(row), size)
            for j, picture in enumerate(pictures):
                sheet[:, i * size : (i + 1) * size, j * size : (j + 1) * size] = picture
        image = Image.fromarray((sheet * 255).round().byte().permute(1, 2, 0).numpy())
        image = image.resize((128 * 5, 128 * len(rows)), Image.Resampling.NEAREST)
        image.save(folder / f"faces-{size}.png")
        assert (folder / f"faces-{size}.png").stat().st_size > 1000
