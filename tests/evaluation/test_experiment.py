"""Experiments: a result is written once, shown, found stale when its code changes, and never hides a failed gate."""
from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch

from coursekit.distributions import names
from coursekit.evaluation.experiment import Result, figure_row, is_stale, run_row, run_rows
from coursekit.evaluation.fingerprint import Executed, bare, changed, fingerprint
from coursekit.evaluation.syllabus import read_rows, read_sections, summary, syllabus

COURSE = Path(__file__).resolve().parents[2]

ROWS = '''[[section]]
number = 1
title = "One"

[[row]]
id = "s01_mean"
section = 1
system = "a mean"
source = ["A"]
lecture = "01"
runs = "numbers"
asked = "near zero"

[[row]]
id = "s01_other"
section = 1
system = "another"
source = ["B"]
lecture = "01"
runs = "nothing"
asked = "nothing yet"
'''

SCRIPT = '''"""A mean."""
from coursekit.evaluation.experiment import Result
SEEDS = range(3)


def measure(seeds):
    # a comment
    mean = sum(seeds) / len(seeds)
    return Result(f"mean {mean:g}", {"mean": mean}, {"near": mean < 5}, finding=FINDING)


FINDING = ""
'''


@pytest.fixture
def small(tmp_path) -> Path:
    (tmp_path / "experiments").mkdir()
    (tmp_path / "coursekit").mkdir()
    (tmp_path / "experiments" / "rows.toml").write_text(ROWS)
    (tmp_path / "experiments" / "s01_mean.py").write_text(SCRIPT)
    return tmp_path


def statuses(course):
    return {row["id"]: row["status"] for row in syllabus(course)}


def test_a_row_is_run_written_and_shown(small):
    assert statuses(small) == {"s01_mean": "todo", "s01_other": "todo"}
    row = run_row("s01_mean", small)
    assert row["status"] == "ok" and row["figures"] == {"mean": 1.0} and row["seeds"] == [0, 1, 2]
    shown = figure_row("s01_mean", small)
    assert "mean 1" in repr(shown) and "near zero" in shown._repr_html_() and "3 (0 to 2)" in repr(shown)
    assert statuses(small) == {"s01_mean": "ok", "s01_other": "todo"}


def test_comments_do_not_make_a_row_stale_and_code_does(small):
    run_row("s01_mean", small)
    script = small / "experiments" / "s01_mean.py"
    script.write_text(SCRIPT.replace("# a comment", "# another comment\n\n").replace('"""A mean."""', '"""Text."""'))
    assert statuses(small)["s01_mean"] == "ok"
    script.write_text(SCRIPT.replace("sum(seeds)", "max(seeds)"))
    assert statuses(small)["s01_mean"] == "stale" and figure_row("s01_mean", small)["status"] == "stale"


def test_a_failed_gate_fails_even_with_a_finding(small):
    script = small / "experiments" / "s01_mean.py"
    script.write_text(SCRIPT.replace("mean < 5", "mean < 0").replace('FINDING = ""', 'FINDING = "so be it"'))
    assert run_row("s01_mean", small)["status"] == "fails"
    script.write_text(SCRIPT.replace('FINDING = ""', 'FINDING = "The claim does not show."'))
    run_row("s01_mean", small)
    assert statuses(small)["s01_mean"] == "finding"
    assert "does not show" in syllabus(small)[0]["measured"]


def test_other_seeds_are_never_written(small):
    assert run_row("s01_mean", small, seeds=[30])["status"] == "fails"
    assert not (small / "experiments" / "s01_mean.json").exists()


def test_only_stale_rows_run_again(small, monkeypatch):
    run_row("s01_mean", small)
    monkeypatch.setattr("coursekit.evaluation.experiment.subprocess.run", lambda *a, **k: pytest.fail("ran again"))
    assert [r["row"] for r in run_rows(small)] == ["s01_mean"]


def test_a_broken_script_is_reported_after_the_others(small, monkeypatch):
    class Done:
        returncode = 1

    monkeypatch.setattr("coursekit.evaluation.experiment.subprocess.run", lambda *a, **k: Done())
    with pytest.raises(RuntimeError, match="s01_mean"):
        run_rows(small)


def test_unknown_rows_are_explained(small):
    with pytest.raises(FileNotFoundError, match="coursekit figures s01_other"):
        figure_row("s01_other", small)
    with pytest.raises(FileNotFoundError, match="s09_none"):
        run_rows(small, ["s09_none"])
    with pytest.raises(FileNotFoundError, match="s09_none"):
        run_row("s09_none", small)
    # It says so before it measures.
    (small / "experiments" / "s01_stray.py").write_text(SCRIPT.replace("sum(seeds)", "1 / 0"))
    with pytest.raises(KeyError, match="s01_stray"):
        run_row("s01_stray", small)


def test_no_gate_no_result():
    assert Result("x", {}, {"a": True, "b": False}).status == "fails"
    assert Result("x", {}, {"a": True}).status == "ok"


@pytest.mark.parametrize(("a", "b", "same"), [
    ("x = 1  # one\n", "x = 1\n", True),
    ('def f():\n    """Doc."""\n    return 1\n', "def f():\n    return 1\n", True),
    ("x = '# no comment'\n", "x = '# another'\n", False),
    ("x = 1\n", "x = 2\n", False),
    ('x = """a\n# b"""\n', 'x = """a\n# c"""\n', False),
])
def test_bare_text(a, b, same):
    assert (bare(a) == bare(b)) is same


MODULE = """
from math import pi, tau
from a import b

RATE = [1, 2]
TABLE: dict[str, float] = {"one": 1.0, "two": pi}
OTHERS: dict[str, float] = {
    one.name: one  # by name
    for one in (b(1), *(b(k) for k in range(3)))
}


@b
def f(x):
    return x + 1


class C:
    y = 1


for k in range(2):
    TABLE[str(k)] = k
"""


@pytest.mark.parametrize(("old", "new", "same"), [
    ("def f(x)", "def g(x):\n    return 0\n\n\n@b\ndef f(x)", True),  # one more function
    ("import pi, tau", "import pi, sin, tau", True),
    ('"one": 1.0, ', '"one": 1.0, "three": 3.0, ', True),  # one more entry of a table
    ("(b(1), ", "(b(1), b(7), ", True),
    ("class C:", 'LATER = 3\n\n\nclass C:\n    """Text."""', True),
    ("x + 1", "x + 2", False),
    ("@b\n", "", False),  # a decorator
    ("[1, 2]", "[1, 2, 3]", False),  # a list is one value
    ('"two": pi', '"two": tau', False),
    ('"one": 1.0, ', "", False),
    ("b(k)", "b(k + 1)", False),
    ("y = 1", "y = 1\n    z = 2", False),
    ("range(2)", "range(3)", False),  # what acts on the rest
    ("TABLE[str(k)] = k", "TABLE[str(k)] = k\n\nprint(TABLE)", False),
    ("from a import b", "from c import b", False),
    ("class C:", "def f(x):\n    return x\n\n\nclass C:", False),  # another thing of the same name
    ("RATE = [1, 2]", "RATE = [1, 2]\nRATE += [3]", False),
])
def test_what_was_there_must_still_be_there(tmp_path, old, new, same):
    path = tmp_path / "m.py"
    path.write_text(MODULE)
    then = fingerprint([path], tmp_path)
    assert changed(then, tmp_path) == [] and old in MODULE
    path.write_text(MODULE.replace(old, new, 1))
    assert changed(then, tmp_path) == ([] if same else ["m.py"])


def test_a_lost_or_renamed_file_is_a_change(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    then = fingerprint([tmp_path / "a.py"], tmp_path)
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    assert changed(then, tmp_path) == ["a.py"]


def test_a_result_depends_on_what_ran_not_on_what_was_imported():
    import coursekit.density as density  # the package imports all of its modules

    with Executed(COURSE) as executed:
        density.KernelDensity(torch.zeros(3, 1), 0.5).log_prob(torch.zeros(2, 1))
    files = {path.relative_to(COURSE / "coursekit").as_posix() for path in executed.files()}
    assert {"density/kernel_density.py", "density/kernels.py", "arguments.py"} <= files
    assert not files & {"density/knothe_rosenblatt.py", "density/__init__.py", "distributions/named.py"}


def test_what_an_import_builds_does_not_count_and_what_is_then_used_does():
    script = f"""
from pathlib import Path
import torch
from coursekit.evaluation.fingerprint import Executed
with Executed(Path({str(COURSE)!r})) as executed:
    import coursekit.gans as gans  # its table of configurations builds kernels of distances/mmd.py
    gans.pack(torch.zeros(4, 2), 2)
before = set(executed.files())
with executed:
    gans.OBJECTIVES["mmd"].g_loss(torch.randn(5, 2), torch.randn(5, 2))
print(*sorted(f.name for f in before), "|", *sorted(f.name for f in set(executed.files()) - before))
"""
    out = subprocess.run([sys.executable, "-c", script], cwd=COURSE, capture_output=True, text=True, check=True)
    before, after = (part.split() for part in out.stdout.split("|"))
    assert "packing.py" in before and "mmd.py" not in before and "mmd.py" in after


def test_what_runs_on_another_thread_counts():
    with Executed(COURSE) as executed:
        thread = threading.Thread(target=lambda: list(names(1)))
        thread.start()
        thread.join()
    assert COURSE / "coursekit" / "distributions" / "named.py" in executed.files()


def test_the_courses_own_rows():
    rows = read_rows(COURSE)
    ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids)) == 122 + 2 and set(read_sections(COURSE)) == set(range(1, 18))
    for row in rows:
        assert row["id"].startswith(f"s{row['section']:02d}_") and set(row["source"]) <= set("ABCDE") and row["source"]
        assert row["lecture"] == f"{row['section']:02d}" and row["asked"] and row["system"]
    for path in (COURSE / "experiments").glob("s*.*"):
        assert path.stem in ids, f"{path.name} belongs to no row"
    assert summary(syllabus(COURSE)).startswith("124 rows: ")


@pytest.mark.parametrize("path", sorted((COURSE / "experiments").glob("s*.json")), ids=lambda p: p.stem)
def test_committed_results_are_whole_and_fresh(path):
    result = json.loads(path.read_text("utf-8"))
    assert result["row"] == path.stem and result["status"] in {"ok", "finding"}
    assert not is_stale(result, COURSE), f"run: coursekit figures {path.stem}"
    assert result["asked"] == {r["id"]: r["asked"] for r in read_rows(COURSE)}[path.stem]
    assert all(result["gates"].values()) and result["measured"] and len(result["seeds"]) >= 1
