"""The banks of every assignment, in one warm process: each right way earns all, each slip is caught with its hint."""
from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from coursekit.authoring.assignment import VISIBLE_SEED, driver_source
from coursekit.checks import Verdict, judge, load_assignment
from coursekit.checks.notebook import attempt, load_drivers
from coursekit.checks.sheet import Sheet, make_sheet
from coursekit.course import assignments

COURSE = Path(__file__).resolve().parents[2]
SEEDS = [VISIBLE_SEED, "the first secret", "the second secret", "the third secret"]


def load_bank(name: str):
    path = COURSE / "solutions" / f"{name}_bank.py"
    spec = importlib.util.spec_from_file_location(f"{name}_bank", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


ALL = {name: load_assignment(COURSE / "solutions" / f"{name}_checks.py") for name in assignments(COURSE)}
BANKS = {name: load_bank(name) for name in ALL}
TASKS = [(name, task) for name, a in ALL.items() for task in a.tasks]
SHEETS: dict[tuple, Sheet] = {}


def sheet_of(name: str, task: str, seed) -> Sheet:
    key = (name, task, seed)
    if key not in SHEETS:
        SHEETS[key] = make_sheet(ALL[name].tasks[task], seed)
    return SHEETS[key]


def verdict(name: str, task: str, seed, answer) -> Verdict:
    sheet = sheet_of(name, task, seed)
    driver = ALL[name].tasks[task].driver
    return judge(sheet, [attempt(answer, driver, case.inputs, quote=True) for case in sheet.cases], reveal=True)


def entries(kind: str):
    for name, task in TASKS:
        for i, answer in enumerate(getattr(BANKS[name], kind).get(task, [])):
            yield pytest.param(name, task, answer, id=f"{name}-{task}-{getattr(answer, '__name__', i)}")


@pytest.mark.parametrize(("name", "task"), TASKS)
def test_reference_earns_everything(name, task):
    for seed in SEEDS:
        got = verdict(name, task, seed, ALL[name].tasks[task].reference)
        assert got.passed, got


@pytest.mark.parametrize(("name", "task", "answer"), entries("RIGHTS"))
def test_right_answers_written_otherwise_earn_everything(name, task, answer):
    for seed in SEEDS:
        got = verdict(name, task, seed, answer)
        assert got.passed and got.points == got.max_points, f"seed {seed!r}:\n{got}"


@pytest.mark.parametrize(("name", "task", "slip"), [(n, t, s) for n, t in TASKS for s in ALL[n].tasks[t].slips],
                         ids=lambda v: getattr(v, "name", v))
def test_slips_are_rejected_and_named(name, task, slip):
    for seed in SEEDS:
        got = verdict(name, task, seed, slip.answer)
        assert got.points < got.max_points, f"seed {seed!r}: {slip.name} earned everything"
        assert got.slips.get(slip.name) == slip.hint, f"seed {seed!r}: {slip.name} was taken for {list(got.slips)}"
        assert list(got.slips) == [slip.name], f"seed {seed!r}: {slip.name} looks like {list(got.slips)}"


@pytest.mark.parametrize(("name", "task", "answer"), entries("WRONG"))
def test_other_wrong_answers_never_earn_everything(name, task, answer):
    for seed in SEEDS:
        got = verdict(name, task, seed, answer)
        assert got.points < got.max_points, f"seed {seed!r}:\n{got}"


@pytest.mark.parametrize(("name", "task"), TASKS)
def test_banks_are_large_enough(name, task):
    assert len(BANKS[name].RIGHTS.get(task, [])) >= 3
    assert len(BANKS[name].WRONG.get(task, [])) >= 3
    assert len(ALL[name].tasks[task].slips) >= 2


@pytest.mark.parametrize(("name", "task"), TASKS)
def test_hints_give_no_answer_away_and_are_sentences(name, task):
    for slip in ALL[name].tasks[task].slips:
        assert slip.hint.strip().endswith((".", "?")) and len(slip.hint) > 30, slip.name


@pytest.mark.parametrize(("name", "task"), TASKS)
def test_hidden_cases_differ_from_the_visible_ones(name, task):
    shown, hidden = sheet_of(name, task, VISIBLE_SEED), sheet_of(name, task, SEEDS[1])
    assert [c.part for c in shown.cases] == [c.part for c in hidden.cases]
    different = 0
    for a, b in zip(shown.expected, hidden.expected, strict=True):
        different += any(a[k].shape != b[k].shape or not np.array_equal(a[k], b[k]) for k in a)
    assert different >= len(shown.cases) / 2


@pytest.mark.parametrize("name", list(ALL))
def test_shipped_drivers_are_those_of_the_checks_file(name, tmp_path):
    path = tmp_path / "drivers.py"
    path.write_text(driver_source(ALL[name]), "utf-8")
    assert set(load_drivers(path)) == {t.name for t in ALL[name].tasks.values() if t.driver}
