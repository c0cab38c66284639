"""What all submissions share: the secret, the hidden cases, and what of them a kernel gets to see."""
from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest
from grading_course import CHECKS, NAME, RIGHT, Answers, make_course

from coursekit.checks.sheet import load_sheets
from coursekit.grading import Limits
from coursekit.grading.graft import graft
from coursekit.grading.notebooks import read_cells
from coursekit.grading.plan import Plan, make_plan, read_secret
from coursekit.grading.verdicts import collect_outputs, judge_task


@pytest.fixture
def plan(small: Path) -> Plan:
    return make_plan(small, NAME, small / "exercises" / NAME, limits=None, isolated=True)


def test_the_secret_is_made_once_and_kept_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COURSEKIT_SECRET", raising=False)
    (tmp_path / "solutions").mkdir()
    first = read_secret(tmp_path)
    path = tmp_path / "solutions" / ".secret"
    assert len(first) == 64 and read_secret(tmp_path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("\n")
    with pytest.raises(ValueError, match="damaged"):
        read_secret(tmp_path)
    monkeypatch.setenv("COURSEKIT_SECRET", "given")
    assert read_secret(tmp_path) == "given"


def test_a_kernel_sees_inputs_and_nothing_expected(plan: Plan, tmp_path: Path) -> None:
    plan.write_inputs(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["drivers.py", "inputs.json", "inputs.npz", "out"]
    _, seen = load_sheets(tmp_path / "inputs")
    for name, sheet in plan.sheets.items():
        assert not any(seen[name].expected) and not seen[name].slips and not seen[name].hints
        expected = {a.tobytes() for out in sheet.expected for a in out.values()}
        with np.load(tmp_path / "inputs.npz") as file:
            assert not expected & {file[key].tobytes() for key in file.files}


def test_hidden_cases_differ_from_visible_ones_and_follow_the_secret(plan: Plan, small: Path,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    _, visible = load_sheets(small / "exercises" / NAME / "checks" / "cases")
    same = make_plan(small, NAME, small / "exercises" / NAME, limits=None, isolated=True)
    monkeypatch.setenv("COURSEKIT_SECRET", "another")
    other = make_plan(small, NAME, small / "exercises" / NAME, limits=None, isolated=True)
    hidden = plan.sheets["t1"].cases[0].inputs["x"]
    assert (hidden == same.sheets["t1"].cases[0].inputs["x"]).all() and same.digest == plan.digest
    for others in (visible, other.sheets):
        assert not np.isin(hidden, others["t1"].cases[0].inputs["x"]).any()
    assert other.digest != plan.digest


def test_the_key_changes_with_anything_that_may_change_a_mark(plan: Plan, small: Path, tmp_path: Path) -> None:
    released = plan.notebook
    right = graft(read_cells(_bytes(Answers(small, RIGHT))), released, NAME).notebook
    edited = graft(read_cells(_bytes(Answers(small, {**RIGHT, "t1": RIGHT["t1"] + " "}))), released, NAME).notebook
    assert plan.key(right) == plan.key(graft(read_cells(_bytes(Answers(small, RIGHT))), released, NAME).notebook)
    assert plan.key(right) != plan.key(edited)
    folder = small / "exercises" / NAME
    changed = make_course(tmp_path / "changed")
    (changed / "solutions" / f"{NAME}_checks.py").write_text(CHECKS.replace("flips-the-sign", "signs"), "utf-8")
    plans = [make_plan(small, NAME, folder, limits=Limits(cell_seconds=1), isolated=True),
             make_plan(small, NAME, folder, limits=None, isolated=False),
             make_plan(changed, NAME, changed / "exercises" / NAME, limits=None, isolated=True)]
    assert len({p.key(right) for p in [plan, *plans]}) == 4


def test_the_checks_file_may_set_limits(tmp_path: Path, small: Path) -> None:
    course = make_course(tmp_path)
    with (course / "solutions" / f"{NAME}_checks.py").open("a") as file:
        file.write("\nLIMITS = {'cell_seconds': 7.0}\n")
    plan = make_plan(course, NAME, course / "exercises" / NAME, limits=None, isolated=True)
    assert plan.limits == Limits(cell_seconds=7.0)


@pytest.mark.parametrize("arrays", [
    {"0/result": np.zeros((6, 3)), "1/result": np.zeros(10**6)},
    {"0/result": np.array(["text"]), "1/result": np.zeros((9, 2))},
    {"0/result": np.full((6, 3), np.nan), "1/result": np.full((9, 2), np.inf)},
    {"0/other": np.zeros((6, 3)), "1/" + "x" * 500: np.zeros(1)},
    {"0/!failure": np.array("not JSON"), "1/!failure": np.array('["LEAK 1.2345", false]')},
    {"0/!failure": np.array('["The function raised LEAK_12345", false]'), "1/result": np.zeros((), complex)},
    {"0/!failure": np.array('[{"a": 1}, 2, 3]'), "99/result": np.zeros(3)},
    {},
])
def test_whatever_the_arrays_are_there_is_a_verdict_without_their_words(plan: Plan, tmp_path: Path,
                                                                        arrays: dict[str, np.ndarray]) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "judge").mkdir()
    np.savez(tmp_path / "out" / "t1.npz", **arrays)
    outputs, _ = collect_outputs(tmp_path / "out", plan.sheets["t1"], tmp_path / "judge", "It left nothing.")
    verdict, _ = judge_task(plan.sheets["t1"], outputs)
    assert verdict.points == 0 and not verdict.passed
    assert "LEAK" not in str(verdict) and "xxx" not in str(verdict)


@pytest.mark.parametrize("make", [
    lambda p: p.mkdir(), lambda p: p.symlink_to("/etc/passwd"), lambda p: p.write_bytes(b"PK\x03\x04 not an archive"),
    lambda p: p.write_bytes(b""),
])
def test_a_file_of_arrays_that_is_none_is_flagged(plan: Plan, tmp_path: Path, make) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "judge").mkdir()
    make(tmp_path / "out" / "t1.npz")
    outputs, flags = collect_outputs(tmp_path / "out", plan.sheets["t1"], tmp_path / "judge", "It left nothing.")
    assert flags and judge_task(plan.sheets["t1"], outputs)[0].points == 0


def _bytes(answers: Answers) -> bytes:
    import json

    return json.dumps(answers.nb).encode()
