"""What a stranger's file of arrays can cost the judge, and what its words and numbers can tell the page's reader."""
from __future__ import annotations

import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from grading_course import NAME

from coursekit.checks import Case, Task, judge
from coursekit.checks.arrays import NotAnArray
from coursekit.checks.judge import Failure
from coursekit.checks.notebook import attempt, write_outputs
from coursekit.checks.sheet import Sheet, make_sheet
from coursekit.grading.plan import Plan, make_plan
from coursekit.grading.verdicts import collect_outputs, judge_task


@pytest.fixture(scope="module")
def plan(small: Path) -> Plan:
    return make_plan(small, NAME, small / "exercises" / NAME, limits=None, isolated=True)


SHEET = make_sheet(Task("t1", "ramp", lambda x: 2 * x + 1, lambda rng: [Case({"x": rng.normal(size=(5, 3))})],
                        {"values": 1.0}), "secret")


def shown(folder: Path, sheet: Sheet, outputs: list) -> str:
    """The student's words on what their kernel wrote."""
    for name in ("out", "judge"):
        (folder / name).mkdir(exist_ok=True)
    write_outputs(folder / "out" / f"{sheet.name}.npz", outputs)
    read, _ = collect_outputs(folder / "out", sheet, folder / "judge", "It left nothing.")
    verdict, flags = judge_task(sheet, read)
    assert verdict.points == 0 and not flags
    return str(verdict)


def shown_of(folder: Path, answer) -> str:
    """The same, of a function."""
    return shown(folder, SHEET, [attempt(answer, None, case.inputs, quote=False) for case in SHEET.cases])


def raises(words: str):
    def answer(x):
        raise NotAnArray(words)
    return answer


DIGITS = "2220650638066159"


@pytest.mark.parametrize("words", [
    f"The function returned None {DIGITS}",
    f"The function returned complex numbers {DIGITS}",
    f"The function returned None. Is there a `return` at its end? {DIGITS}",
    f"x{DIGITS}: The function returned None. Is there a `return` at its end?",
    f"The function returned a list of tensors of unequal shapes [({DIGITS},), (1,)].",
    f"The function returned an array of shape ({DIGITS},): far more than any task asks for.",
    f"The function returned a T{DIGITS}, not an array of numbers.",
    f"The function returned a T{DIGITS}; expected a tensor or array of real numbers.",
    f"The function raised E{DIGITS}",
    f"The function raised ValueError in line {DIGITS} of its cell",
    f"The function raised ValueError in line {DIGITS[:4]} of its cell",
    f"{DIGITS}",
    f"Not answered yet.{DIGITS}",
])
def test_no_sentence_of_a_kernel_carries_what_it_was_given(tmp_path: Path, words: str) -> None:
    assert DIGITS[:4] not in shown_of(tmp_path, raises(words))


@pytest.mark.parametrize("output", [
    {"result": np.empty((int(DIGITS), 0))}, {"result": np.empty((0, 4711, 1))}, {"result": np.zeros(4711)},
    {"result": np.zeros((1,) * 7)}, {f"result[{i}]": np.zeros(1) for i in (4, 7, 11)}, {f"k{DIGITS}": np.zeros(1)},
    {"result": SHEET.expected[0]["result"], "result[47]": np.zeros(1)},
    {"result": SHEET.expected[0]["result"] + 0.4711}, {"result": SHEET.expected[0]["result"] * 1.4711},
], ids=["empty", "empty, three axes", "one axis", "seven axes", "keys", "one key", "more", "offset", "factor"])
def test_no_number_of_an_output_is_quoted(tmp_path: Path, output: dict[str, np.ndarray]) -> None:
    said = shown(tmp_path, SHEET, [output])
    assert not any(found in said for found in (DIGITS[:4], "47", "11", "(1, 1, 1, 1")), said


def test_a_wrong_answer_says_one_of_a_few_sentences(tmp_path: Path) -> None:
    """A function that wants to tell its author a number has a short list of words to do it with."""
    rng, want, said = np.random.default_rng(0), SHEET.expected[0]["result"], set()
    lengths = [0, 1, 2, 3, 4, 5, 6, 7, 1000]
    for _ in range(400):
        shape = tuple(int(n) for n in rng.choice(lengths, size=rng.integers(0, 6)))
        made = [np.zeros(shape) if np.prod(shape) < 10**6 else np.zeros(3), want + rng.normal(), want * rng.normal(),
                np.where(rng.random(want.shape) < rng.random(), np.nan, want), want + (rng.random(want.shape) < 0.3),
                np.where(rng.random(want.shape) < rng.random(), np.inf, want)]
        said |= {str(judge(SHEET, [{"result": one}], reveal=False)) for one in made}
    assert 15 < len(said) < 80, sorted(said)


def test_at_home_the_numbers_are_quoted() -> None:
    want = SHEET.expected[0]["result"]
    for output, words in ((want + 0.4711, "+0.4711"), (want * 1.4711, "1.471 times"), (np.zeros(4711), "(4711,)")):
        assert words in str(judge(SHEET, [{"result": output}], reveal=True))


def test_an_honest_mistake_is_still_told(tmp_path: Path) -> None:
    def in_line(x):
        return 1 / 0

    assert "ZeroDivisionError" in shown_of(tmp_path, in_line)
    assert "(3, 5); expected (5, 3)" in shown_of(tmp_path, lambda x: (2 * x + 1).T)
    assert "line 7 of its cell" in shown(tmp_path, SHEET, [Failure("The function raised ValueError in line 7 of its "
                                                                   "cell")])
    assert "a `return` at its end" in shown_of(tmp_path, lambda x: None)
    assert "several values" in shown_of(tmp_path, lambda x: (x, x))
    assert "unequal shapes." in shown_of(tmp_path, lambda x: [x, x[0]])
    assert "a str" in shown_of(tmp_path, lambda x: "text")


def test_very_many_arrays_cost_the_judge_nothing(plan: Plan, tmp_path: Path) -> None:
    """Each array has a fixed cost, and 44 MB hold 290,000 of them: a fifth of these took 9 s."""
    for name in ("out", "judge"):
        (tmp_path / name).mkdir()
    one = tmp_path / "one.npz"
    np.savez(one, a=np.zeros(1, np.int8))
    data = zipfile.ZipFile(one).read("a.npy")
    with zipfile.ZipFile(tmp_path / "out" / "t1.npz", "w") as archive:
        for i in range(58_000):
            archive.writestr(f"0/k{i}.npy", data)
    began = time.process_time()
    outputs, flags = collect_outputs(tmp_path / "out", plan.sheets["t1"], tmp_path / "judge", "It left nothing.")
    assert time.process_time() - began < 1.5
    assert all(isinstance(output, Failure) for output in outputs) and "not what its check writes" in flags[0]


def test_a_table_of_contents_that_lies_about_its_length_is_counted_too(plan: Plan, tmp_path: Path) -> None:
    for name in ("out", "judge"):
        (tmp_path / name).mkdir()
    path = tmp_path / "out" / "t1.npz"
    np.savez(path, **{f"0/k{i}": np.zeros(1) for i in range(1_000)})
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\x05\x06")
    data[end + 8:end + 12] = b"\x01\x00\x01\x00"  # "one entry"
    path.write_bytes(data)
    assert len(zipfile.ZipFile(path).namelist()) == 1_000, "Python's reader does not believe it either"
    assert collect_outputs(tmp_path / "out", plan.sheets["t1"], tmp_path / "judge", "It left nothing.")[1]


def test_a_function_may_return_several_arrays(tmp_path: Path, plan: Plan) -> None:
    for name in ("out", "judge"):
        (tmp_path / name).mkdir()
    sheet = plan.sheets["t1"]
    write_outputs(tmp_path / "out" / "t1.npz", [{f"result[{i}]": np.zeros(2) for i in range(90)} for _ in sheet.cases])
    outputs, flags = collect_outputs(tmp_path / "out", sheet, tmp_path / "judge", "It left nothing.")
    assert not flags and all(list(output) == ["result[0]", "result[1]"] for output in outputs)


def test_blank_is_still_blank(tmp_path: Path) -> None:
    assert "Not answered yet" in shown(tmp_path, SHEET, [Failure("Not answered yet.", blank=True)])
