"""The contract of checks on a small task of its own: verdicts, slips, parts, files, grading mode."""
from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from coursekit.checks import Case, Checker, Slip, Task, judge, open_checks
from coursekit.checks.arrays import NotAnArray, load_flat, save_flat, to_array
from coursekit.checks.compare import difference
from coursekit.checks.judge import Failure
from coursekit.checks.notebook import GRADING, REPORT, attempt, read_outputs, write_outputs
from coursekit.checks.sheet import load_sheets, make_sheet, save_sheets


def log_normal(x, h):
    """The answer that the tests ask for: the log-density of N(0, h^2)."""
    x = np.asarray(x)
    return -0.5 * (x / h) ** 2 - np.log(h) - 0.5 * np.log(2 * np.pi)


def no_scale(x, h):
    return -0.5 * (np.asarray(x) / h) ** 2 - 0.5 * np.log(2 * np.pi)


def variance_for_scale(x, h):
    return log_normal(x, np.sqrt(h))


def underflows(x, h):
    with np.errstate(divide="ignore"):
        return np.log(np.exp(log_normal(x, h)))


def cases(rng):
    near = [Case({"x": rng.normal(size=n), "h": float(rng.uniform(1.5, 2.5))}) for n in (4, 7)]
    return [*near, Case({"x": 100 + rng.normal(size=3), "h": 0.5}, "far away")]


TASK = Task("t1", "log-density of a Gaussian", log_normal, cases, {"values": 2, "far away": 1}, (
    Slip("no-scale", "Does this density integrate to one for every h?", no_scale),
    Slip("variance-for-scale", "Is h a variance or a standard deviation?", variance_for_scale),
    Slip("underflow", "What is exp(-20000) in floating point?", underflows),
), forbids=("scipy.stats",))
SHEET = make_sheet(TASK, 1)


def verdict(answer, *, reveal=True, sheet=SHEET):
    return judge(sheet, [attempt(answer, None, c.inputs, quote=reveal) for c in sheet.cases], reveal=reveal)


@pytest.mark.parametrize("answer", [
    log_normal,
    lambda x, h: torch.distributions.Normal(0.0, h).log_prob(x),
    lambda x, h: [float(v) for v in log_normal(x, h)],
    lambda x, h: log_normal(x.float().double() if False else np.asarray(x, np.float64), h).astype(np.float32),
    lambda x, h: torch.stack([torch.as_tensor(log_normal(v, h)) for v in x]),
], ids=["numpy", "torch", "list", "float32", "loop"])
def test_right_answers_in_any_form(answer):
    got = verdict(answer)
    assert got.passed and got.points == 3 and not got.slips


@pytest.mark.parametrize(("answer", "slip", "points"), [
    (no_scale, "no-scale", 0), (variance_for_scale, "variance-for-scale", 0), (underflows, "underflow", 2)])
def test_slips_are_named_and_parts_counted(answer, slip, points):
    got = verdict(answer)
    assert list(got.slips) == [slip] and got.points == points


@pytest.mark.parametrize(("answer", "words"), [
    (lambda x, h: None, "return"),
    (lambda x, h: "text", "str"),
    (lambda x, h: log_normal(x, h)[:, None], "shape"),
    (lambda x, h: -log_normal(x, h), "sign"),
    (lambda x, h: 2 * log_normal(x, h), "2 times"),
    (lambda x, h: log_normal(x, h) + 0.5, "off by +0.5"),
    (lambda x, h: log_normal(x, h)[::-1], "another order"),
    (lambda x, h: log_normal(x, h) * np.nan, "NaN"),
    (lambda x, h: log_normal(x, h).sum(), "one axis too many"),
    (lambda x, h: 1 / 0, "ZeroDivisionError"),
    (lambda x: x, "TypeError"),
    (lambda x, h: (log_normal(x, h), 1), "expected one"),
], ids=lambda v: v if isinstance(v, str) else "")
def test_wrong_answers_are_told_how_they_differ(answer, words):
    got = verdict(answer)
    assert got.points == 0 and words in str(got)


def test_two_mistakes_in_two_parts_are_both_named():
    """A slip that explains two cases of one part does not hide another that explains the other part."""
    def twice_far(x, h):
        return 2 * log_normal(x, h)

    def shifted_far(x, h):
        out = log_normal(x, h)
        return out + 7 if np.abs(np.asarray(x)).max() > 50 else out

    task = Task("t1", "x", log_normal, cases, {"values": 2, "far away": 1}, (
        Slip("no-scale", "Does this density integrate to one for every h?", no_scale),
        Slip("twice", "Is the factor in front of the square right?", twice_far),
        Slip("shifted", "Look at what is added far from the origin.", shifted_far)), rtol=1e-9)
    sheet = make_sheet(task, 1)

    def both(x, h):
        return shifted_far(x, h) if np.abs(np.asarray(x)).max() > 50 else no_scale(x, h)

    assert set(verdict(both, sheet=sheet).slips) == {"no-scale", "shifted"}
    assert list(verdict(no_scale, sheet=sheet).slips) == ["no-scale"]


def test_pictures_say_when_an_answer_is_missing_and_are_not_drawn_at_grading(tmp_path, capsys):
    save_sheets(tmp_path / "cases", [SHEET], "ps00")
    save_sheets(tmp_path / "inputs", [SHEET], "ps00", inputs_only=True)
    check, drawn = open_checks("ps00", tmp_path), []

    @check.play
    def fails():
        raise NotImplementedError

    assert "No picture yet (NotImplementedError)" in capsys.readouterr().out
    check("t1", log_normal)
    check.play(lambda: 1 / 0)
    assert "right, but this picture failed: ZeroDivisionError" in capsys.readouterr().out
    assert check.array([torch.ones((), requires_grad=True), torch.zeros(())]).tolist() == [1, 0]
    assert np.allclose(log_normal(**check.inputs("t1", 1)), SHEET.expected[1]["result"])
    check.play(lambda: drawn.append(1))
    Checker("ps00", tmp_path, grading=True).play(lambda: drawn.append(2))
    assert drawn == [1]


def test_hidden_verdicts_quote_neither_expected_values_nor_the_students_exception():
    assert "expected -" in str(verdict(no_scale))

    def leaky(x, h):
        raise ValueError(f"my input was {x}")

    hidden = str(verdict(no_scale, reveal=False)) + str(verdict(leaky, reveal=False))
    assert "First difference" not in hidden and "my input" not in hidden and "ValueError" in hidden
    for value in np.concatenate([c.inputs["x"] for c in SHEET.cases]):
        assert f"{value:.3f}" not in hidden


def test_blank_is_not_wrong():
    def blank(x, h):
        raise NotImplementedError

    got = verdict(blank)
    assert got.blank and got.points == 0 and "Not answered yet" in str(got)


def test_an_answer_may_overwrite_its_inputs():
    def greedy(x, h):
        out = torch.as_tensor(log_normal(x.numpy().copy(), h))
        x.zero_()
        return out

    assert verdict(greedy).passed and verdict(log_normal).passed


def test_a_slip_that_equals_the_reference_is_refused():
    with pytest.raises(ValueError, match="equals the reference"):
        make_sheet(Task("t1", "x", log_normal, cases, {"values": 2, "far away": 1},
                        (Slip("none", "This is no slip at all.", log_normal),)), 1)


def test_parts_and_points_must_fit():
    with pytest.raises(ValueError, match="far away"):
        Task("t1", "x", log_normal, cases, {"values": 2}).draw(1)
    with pytest.raises(ValueError, match="points"):
        Task("t1", "x", log_normal, cases, {})


def test_seeds_draw_different_cases_and_the_same_seed_the_same():
    a, b, c = (TASK.draw(seed)[0].inputs["x"] for seed in ("secret", "secret", "other"))
    assert np.array_equal(a, b) and not np.array_equal(a, c)


def test_sheets_survive_their_files(tmp_path):
    save_sheets(tmp_path / "cases", [SHEET], "ps00")
    name, sheets = load_sheets(tmp_path / "cases")
    assert name == "ps00"
    for answer in (log_normal, no_scale, underflows):
        assert verdict(answer, sheet=sheets["t1"]).to_dict() == verdict(answer).to_dict()


def test_several_outputs_keep_their_order_and_are_all_reported(tmp_path):
    task = Task("t1", "x", lambda x: (x + 1, 2 * x), lambda rng: [Case({"x": rng.normal(size=3)})], {"values": 1},
                driver=lambda answer, inputs: dict(zip("zb", answer(**inputs), strict=False)))
    save_sheets(tmp_path / "cases", [make_sheet(task, 1)], "ps00")
    sheet = load_sheets(tmp_path / "cases")[1]["t1"]
    assert list(sheet.expected[0]) == ["z", "b"]
    got = str(judge(sheet, [{"z": sheet.expected[0]["z"], "b": -sheet.expected[0]["b"]}], reveal=True))
    assert "z: right. b: Right up to the sign" in got and "(case 0)" in got


def test_constants_are_seen_beside_infinities_and_before_factors():
    e = np.array([-np.inf, -2000.0, -2010.0, -2030.0])
    assert difference(e + 0.9, e, 1e-6, 1e-8).kind == "offset"
    assert difference(e + np.array([0, 0.9, -0.9, 0.3]), e, 1e-6, 1e-8).kind == "values"
    assert difference(3 * e, e, 1e-6, 1e-8).kind == "factor"


def test_inputs_only_files_hold_nothing_expected(tmp_path):
    save_sheets(tmp_path / "inputs", [SHEET], "ps00", inputs_only=True)
    arrays, meta = load_flat(tmp_path / "inputs")
    assert arrays and all("/in/" in key for key in arrays)
    assert "hint" not in json.dumps(meta)


def test_the_same_line_at_home_and_at_grading(tmp_path, monkeypatch):
    save_sheets(tmp_path / "home" / "checks" / "cases", [SHEET], "ps00")
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.setenv(REPORT, str(tmp_path / "report"))
    assert open_checks("ps00")("t1", log_normal).passed
    assert json.loads((tmp_path / "report").read_text())["points"] == 3

    hidden = make_sheet(TASK, "secret")
    save_sheets(tmp_path / "hidden" / "inputs", [hidden], "ps00", inputs_only=True)
    monkeypatch.setenv(GRADING, str(tmp_path / "hidden"))
    check = open_checks("ps00")
    assert check("t1", underflows) is None
    outputs = read_outputs(tmp_path / "hidden" / "out" / "t1.npz", len(hidden.cases))
    assert list(judge(hidden, outputs, reveal=False).slips) == ["underflow"]


def test_validation_by_nbgrader_fails_on_a_wrong_answer(tmp_path, monkeypatch):
    save_sheets(tmp_path / "checks" / "cases", [SHEET], "ps00")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    check = open_checks("ps00")
    assert check("t1", log_normal).passed
    with pytest.raises(AssertionError, match="integrate to one"):
        check("t1", no_scale)


def test_misuse_is_explained(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="ps77"):
        open_checks("ps77")
    save_sheets(tmp_path / "checks" / "cases", [SHEET], "ps00")
    check = open_checks("ps00")
    with pytest.raises(KeyError, match="t9"):
        check("t9", log_normal)
    with pytest.raises(TypeError, match="without calling"):
        check("t1", 3.0)


def test_outputs_of_a_hostile_kernel_are_never_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "exploded"), "w"))

    np.savez(tmp_path / "t1.npz", **{"0/result": np.array([Bomb()], dtype=object)})
    outputs = read_outputs(tmp_path / "t1.npz", 2)
    assert all(isinstance(o, Failure) for o in outputs) and not (tmp_path / "exploded").exists()
    (tmp_path / "t2.npz").write_bytes(b"no zip at all")
    assert isinstance(read_outputs(tmp_path / "t2.npz", 1)[0], Failure)
    assert isinstance(read_outputs(tmp_path / "t3.npz", 1)[0], Failure)
    odd = {"0/result": np.array(["text"]), "1/!failure": np.array("no json"), "9": np.ones(1)}
    np.savez(tmp_path / "t4.npz", **odd)
    assert all(isinstance(o, Failure) for o in read_outputs(tmp_path / "t4.npz", 3))


def test_outputs_survive_their_file(tmp_path):
    blank, pair = Failure("Not answered yet.", blank=True), {"a": np.ones((2, 2)), "b": np.array(1)}
    given = [{"result": np.arange(3.0)}, blank, pair]
    write_outputs(tmp_path / "out" / "t1.npz", given)
    back = read_outputs(tmp_path / "out" / "t1.npz", 4)
    assert back[1] == given[1] and np.array_equal(back[2]["a"], np.ones((2, 2))) and isinstance(back[3], Failure)


@pytest.mark.parametrize("value", [1, 2.5, True, [1, 2], np.float32(3), torch.tensor([1.0], requires_grad=True),
                                   [torch.tensor(1.0), torch.tensor(2.0)], torch.ones(2, dtype=torch.bfloat16)])
def test_numbers_of_every_kind_become_arrays(value):
    assert to_array(value).dtype.kind in "biuf"


@pytest.mark.parametrize("value", [None, "x", object(), [1, "a"], 1j, np.array([None]), [[1], [1, 2]], {"a": 1},
                                   np.empty(10**8, np.uint8)])
def test_everything_else_is_refused_with_a_sentence(value):
    with pytest.raises(NotAnArray, match="function returned"):
        to_array(value)


def test_case_inputs_must_be_plain(tmp_path):
    task = Task("t1", "x", lambda x: 1.0, lambda rng: [Case({"x": object()})], {"values": 1})
    with pytest.raises(TypeError, match="'x' is a object"):
        save_sheets(tmp_path / "c", [make_sheet(task, 1)], "ps00")


def test_flat_files_are_the_same_bytes_twice(tmp_path):
    for name in "ab":
        save_flat(tmp_path / name, {"y": np.ones(3), "x": np.zeros(2)}, {"k": [1]})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_verdicts_are_escaped_in_html():
    task = Task("t1", "<script>x</script>", log_normal, cases, {"values": 2, "far away": 1})

    def raises(x, h):
        raise ValueError("<script>alert(1)</script>")

    sheet = make_sheet(task, 1)
    page = judge(sheet, [attempt(raises, None, c.inputs, quote=True) for c in sheet.cases], reveal=True)._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page
