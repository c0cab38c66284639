"""Folders and archives -> submissions; bytes -> cells; cells -> the grafted notebook. Nothing is run here."""
from __future__ import annotations

import json
import os
import stat
import zipfile
from pathlib import Path

import nbformat
import pytest
from grading_course import NAME, RIGHT, Answers
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.grading.graft import graft, is_check
from coursekit.grading.ingest import collect, safe_id
from coursekit.grading.notebooks import Malformed, as_notebook, from_notebook, read_cells
from coursekit.grading.sanitise import calm_markdown, calm_outputs, spreadsheet_safe

LAYOUTS = {
    "alice/ps90.ipynb": "alice",
    "alice/ps90/ps90.ipynb": "alice",
    "submitted/alice/ps90/ps90.ipynb": "alice",
    "alice.ipynb": "alice",
    "alice_ps90.ipynb": "alice",
    "PS90-alice (1).ipynb": "alice",
    "alice/deep/down/answer.ipynb": "alice",
    "Jane Doe_71_assignsubmission_file_/ps90.ipynb": "Jane_Doe",
}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("path", LAYOUTS)
def test_names_come_from_folders_or_files(tmp_path: Path, path: str, zipped: bool) -> None:
    if zipped:
        source = tmp_path / "all.zip"
        with zipfile.ZipFile(source, "w") as archive:
            archive.writestr(path, b"{}")
            archive.writestr("__MACOSX/._x", b"")
    else:
        source = tmp_path / "all"
        (source / path).parent.mkdir(parents=True)
        (source / path).write_bytes(b"{}")
        (source / ".DS_Store").write_bytes(b"")
    (found,) = collect(source, NAME)
    assert (found.student, found.data, found.problem) == (LAYOUTS[path], b"{}", "")


def test_an_archive_cannot_reach_outside(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("mallory/ps90.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("../../eve.ipynb", b"{}")
        archive.writestr("/abs/ps90.ipynb", b"{}")
        archive.writestr(link, "/etc/passwd")
    problems = {s.student: s.problem for s in collect(tmp_path / "all.zip", NAME)}
    assert "leads out of the archive" in problems["eve"] and "symbolic link" in problems["mallory"]
    assert problems["abs"] == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["all.zip"]


def test_two_submissions_of_one_student_are_left_to_a_person(tmp_path: Path) -> None:
    (tmp_path / "alice").mkdir()
    (tmp_path / "alice" / "ps90.ipynb").write_bytes(b"{}")
    (tmp_path / "alice.ipynb").write_bytes(b"{}")
    (found,) = collect(tmp_path, NAME)
    assert found.data is None and "2 submissions" in found.problem


def test_the_other_assignments_of_a_folder_are_left_alone(tmp_path: Path) -> None:
    for name in ("ps89", "ps90", "ps91"):
        (tmp_path / "alice" / name).mkdir(parents=True)
        (tmp_path / "alice" / name / f"{name}.ipynb").write_bytes(name.encode())
    (found,) = collect(tmp_path, NAME)
    assert found.data == b"ps90"


@pytest.mark.parametrize(("make", "error", "words"), [
    (lambda p: p / "none", FileNotFoundError, "no folder or archive"),
    (lambda p: p, ValueError, "empty"),
    (lambda p: _file(p / "x.tar", b"x"), ValueError, "neither a folder nor a zip"),
])
def test_a_source_that_is_none(tmp_path: Path, make, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        collect(make(tmp_path), NAME)


def test_hidden_links_and_pipes_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "bob").mkdir()
    os.mkfifo(tmp_path / "bob" / "ps90.ipynb")
    os.symlink("/etc/passwd", tmp_path / "eve.ipynb")
    os.symlink("/etc", tmp_path / "etc")
    problems = {s.student: s.problem for s in collect(tmp_path, NAME)}
    assert "pipe" in problems["bob"] and "symbolic link" in problems["eve"] and problems["etc"]


@given(st.text(max_size=80))
def test_ids_are_safe_in_paths_and_tables(name: str) -> None:
    made = safe_id(name)
    assert made and made.isascii() and made[0].isalnum() and len(made) <= 70
    assert not set(made) & set("/\\ +,=@'\"<>[]*?{}%\n\0") and ".." not in made[:2]
    assert safe_id(name) == made


def test_ids_keep_students_apart() -> None:
    names = ["Müller", "Muller", "Möller", "李", "王", "=cmd()", "cmd", "../x", "x"]
    assert len({safe_id(n) for n in names}) == len(names)
    assert safe_id("Jane Doe") == "Jane_Doe" and safe_id("s123456") == "s123456"


KEYS = st.sampled_from(["cells", "metadata", "source", "cell_type", "nbgrader", "grade_id", "kernelspec", "language"])
TREES = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("code"),
                     lambda x: st.lists(x, max_size=4) | st.dictionaries(KEYS, x, max_size=4), max_leaves=12)


@given(st.binary(max_size=200) | TREES.map(lambda tree: json.dumps(tree).encode())
       | st.lists(TREES, max_size=3).map(lambda cells: json.dumps({"cells": cells}).encode()))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_cells_or_a_sentence(data: bytes) -> None:
    try:
        cells = read_cells(data)
    except Malformed as reason:
        assert str(reason).endswith((".", ")")) and len(str(reason)) > 15
    else:
        nbformat.validate(as_notebook(cells))


@pytest.mark.parametrize(("data", "words"), [
    (b" \n", "empty"), (b"\xff\xfe\x00", "UTF-8"), (b'{"cells": [', "JSON"),
    (b"[" * 100_000, "JSON"), (b"[]", "no list"),
    (b'{"worksheets": []}', "version 3"), (b'{"cells": [3]}', "Cell 1"),
    (b'{"cells": [{"cell_type": "code", "source": 3}]}', "Cell 1"),
    (b'{"cells": [], "metadata": {"kernelspec": {"language": "R"}}}', "kernel is 'R'"),
])
def test_what_is_no_notebook_is_said(data: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        read_cells(data)


def _grafted(answers: Answers, course: Path):
    released = nbformat.read(course / "exercises" / NAME / f"{NAME}.ipynb", as_version=4)
    return graft(read_cells(json.dumps(answers.nb).encode()), released, NAME), released


def test_the_graft_is_the_course_s_notebook_with_the_answers_in_it(small: Path) -> None:
    games = Answers(small, RIGHT).first("mine = 1")
    for cell in games.nb.cells:
        cell["metadata"]["tags"] = ["skip-execution"]
        cell["outputs"] = [{"output_type": "stream", "name": "stderr", "text": "x"}]
    games.cell("t2-check")["cell_type"] = "raw"
    games.cell("t1-check")["source"] = "1 + 1"
    games.cell("t2")["cell_type"] = "markdown"
    games.nb["metadata"] = {"kernelspec": {"name": "evil", "display_name": "x"}}
    made, released = _grafted(games, small)
    own = [c for c in made.notebook.cells if c.metadata.get("nbgrader")]
    assert [c.metadata.nbgrader for c in own] == [c.metadata.nbgrader for c in released.cells]
    assert [c.cell_type for c in own] == [c.cell_type for c in released.cells]
    assert [c.source for c in own if is_check(c)] == [c.source for c in released.cells if is_check(c)]
    assert [c.source for c in own if c.metadata.nbgrader.solution] == list(RIGHT.values())
    assert [c.source for c in made.notebook.cells if not c.metadata.get("nbgrader")] == ["mine = 1"]
    assert not [c for c in made.notebook.cells if c.metadata.get("tags") or c.get("outputs")]
    assert made.notebook.metadata.kernelspec.name == "coursekit-sandbox"
    assert made.notebook.cells[own.index(own[3]) + 1].source == "mine = 1", "added cells stay where they were"
    nbformat.validate(made.notebook)


def test_grafting_what_was_kept_of_a_submission_gives_the_same(small: Path) -> None:
    answers = Answers(small, RIGHT).first("mine = 1").insert(0, "text <b>", "markdown")
    answers.cell("t2")["source"] += "\n# \ud800 \x00"
    cells = read_cells(json.dumps(answers.nb).encode())
    released = nbformat.read(small / "exercises" / NAME / f"{NAME}.ipynb", as_version=4)
    once = graft(cells, released, NAME).notebook
    again = graft(from_notebook(as_notebook(cells)), released, NAME).notebook
    assert nbformat.writes(once) == nbformat.writes(again)


def test_an_edited_setup_cell_runs_after_the_course_s_own(small: Path) -> None:
    answers = Answers(small, RIGHT)
    setup = answers.nb.cells[1]
    setup["source"] += "\nimport numpy as np"
    made, released = _grafted(answers, small)
    assert [c.source for c in made.notebook.cells[1:3]] == [released.cells[1].source, setup["source"]]
    assert any("was edited" in flag for flag in made.flags)


def test_another_assignment_and_lost_metadata_are_told_apart(small: Path) -> None:
    lost = Answers(small, RIGHT)
    for cell in lost.nb.cells:
        cell["metadata"] = {}
    with pytest.raises(Malformed, match="None of its cells"):
        _grafted(lost, small)
    other = Answers(small, RIGHT)
    other.nb.cells[1]["source"] = other.nb.cells[1]["source"].replace(NAME, "ps01")
    with pytest.raises(Malformed, match="belongs to ps01"):
        _grafted(other, small)


def test_outputs_are_an_allow_list() -> None:
    png = "iVBORw0KGgo="
    kept = calm_outputs([
        {"output_type": "display_data", "data": {"text/html": "<script>", "image/svg+xml": "<svg>", "text/plain": "x"}},
        {"output_type": "display_data", "data": {"application/javascript": "alert(1)"}},
        {"output_type": "display_data", "data": {"image/png": png}, "metadata": {"image/png": {"width": "1 onload=x"}}},
        {"output_type": "display_data", "data": {"image/png": '"><script>'}},
        {"output_type": "execute_result", "data": {"text/plain": "2.0"}},
        {"output_type": "stream", "name": "stderr", "text": "y" * 10**6},
        {"output_type": "stream"}, {"output_type": "nonsense"}, {},
        {"output_type": "error", "ename": 1, "evalue": None, "traceback": ["a"] * 1000},
    ])
    assert [o.output_type for o in kept] == ["display_data", "display_data", "display_data", "stream", "error"]
    assert kept[0].data == {"text/plain": "x"} and kept[1].data == {"image/png": png} and kept[1].metadata == {}
    assert len(kept[3].text) < 30_000 and len(kept[4].traceback) == 30


@given(st.text(alphabet="<>&[]():!`$\\abscriptjv/ \n", max_size=60))
def test_markdown_opens_no_tag_or_link(source: str) -> None:
    from nbconvert.filters.markdown import markdown2html

    calm = calm_markdown(source)
    assert calm_markdown(calm) == calm
    bare = markdown2html("words")
    html = markdown2html(calm)
    for opened in ("<script", "<a ", "<img", "href=", "src=", "<s>", "<b>", "<i>", "<j", "<!--"):
        assert opened in bare or opened not in html, (source, html)


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "|x", "%0A", "\t=1", "a\n=1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert spreadsheet_safe(cell)[0] not in "=+-@|%\t" and "\n" not in spreadsheet_safe(cell)


def _file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
