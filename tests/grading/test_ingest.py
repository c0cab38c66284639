"""Folders and archives -> submissions; bytes -> cells; cells -> the grafted notebook. Nothing is run here."""
from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import subprocess
import sys
import unicodedata
import zipfile
from pathlib import Path

import nbformat
import pytest
from grading_course import NAME, RIGHT, Answers
from hypothesis import given, settings
from hypothesis import strategies as st

from coursekit.grading import ingest
from coursekit.grading.graft import graft, is_check
from coursekit.grading.ingest import Submission, collect, safe_id
from coursekit.grading.lms import taken_apart
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


def _zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def _taken_in(path: Path, files: dict[str, bytes]) -> dict[str, Submission]:
    return {s.student: s for s in collect(_zip(path, files), NAME)}


CANVAS = {
    "doejane_505_90001_ps90.ipynb": b"jane",
    "roeréne_LATE_506_90002_ps90.ipynb": b"rene",
    "poe_507_text.html": b"<p>typed",
    "lee_508_90003_data.csv": b"1,2",
    "lee_508_90004_answers_final.ipynb": b"lee",
    "anon_k3Xp9_90005_ps90.ipynb": b"anon",
    "LATE_anon_12345_90006_ps90.ipynb": b"late anon",
}
LATE = "Canvas says it was late; no time is known, so no penalty was taken"


def test_an_archive_of_canvas(tmp_path: Path) -> None:
    found = _taken_in(tmp_path / "submissions.zip", CANVAS)
    assert {s.data: (s.student.split("-")[0], s.flags) for s in found.values() if s.data} == {
        b"jane": ("doejane_505", ()), b"rene": ("roerene_506", (LATE,)), b"anon": ("anon_k3Xp9", ()),
        b"late anon": ("anon_12345", (LATE,)), b"lee": ("lee_508", ("renamed: handed in as answers_final.ipynb",))}
    assert "only poe_507_text.html" in found["poe_507"].problem and len(found) == 6
    assert taken_apart(found["doejane_505"].name) == ("Canvas", "doejane", "505")
    assert taken_apart(found["anon_12345"].name) == ("", "anon_12345", ""), "the number would be another's"


def test_handing_in_again_on_canvas_makes_no_second_student(tmp_path: Path) -> None:
    first, again = "rofinn_505_90005_ps90.ipynb", "rofinn_LATE_505_90006_ps90-1.ipynb"
    (alone,) = _taken_in(tmp_path / "a.zip", {first: b"old"}).values()
    files = {again: b"new", first: b"old", "rofinn_505_99999_notes.ipynb": b""}
    (both,) = _taken_in(tmp_path / "b.zip", files).values()
    assert both.student == alone.student == "rofinn_505" and alone.flags == ()
    assert both.data == b"new" and both.flags[1:] == (LATE,)
    assert both.flags[0].startswith("2 notebooks handed in") and again in both.flags[0]
    (older,) = _taken_in(tmp_path / "c.zip", {again.replace("90006", "9006"): b"old", first: b"new"}).values()
    assert older.data == b"new" and LATE not in older.flags, "a number is no text, and the older file's lateness counts"


MOODLE = {
    "Jane Doe_71_assignsubmission_file{}ps90.ipynb": b"jane",
    "Jane Doe_71_assignsubmission_onlinetext{}onlinetext.html": b"<p>",
    "Doe Jane_72_assignsubmission_file{}answers.ipynb": b"other",
    "Doe, Jane_73_assignsubmission_file{}ps90.ipynb": b"third",
    "Ada d'Arc_74_assignsubmission_onlinetext{}onlinetext.html": b"<p>",
}


@pytest.mark.parametrize("separator", ["/", "_", "_/"])
@pytest.mark.parametrize("around", ["", "course 7/", "a/b/"])
def test_an_archive_of_moodle(tmp_path: Path, separator: str, around: str) -> None:
    found = _taken_in(tmp_path / "x.zip", {around + k.format(separator): v for k, v in MOODLE.items()})
    by_data = {s.data: s for s in found.values()}
    assert len(found) == 4 and set(by_data) == {b"jane", b"other", b"third", None}
    assert by_data[b"jane"].student == "Jane_Doe" and by_data[b"jane"].flags == ()
    assert by_data[b"other"].flags == ("renamed: handed in as answers.ipynb",)
    assert "no notebook" in by_data[None].problem and "onlinetext" in by_data[None].problem
    assert {d: taken_apart(s.name) for d, s in by_data.items()} == {
        b"jane": ("Moodle", "Jane Doe", "71"), b"other": ("Moodle", "Doe Jane", "72"),
        b"third": ("Moodle", "Doe, Jane", "73"), None: ("Moodle", "Ada d'Arc", "74")}


def test_moodle_s_number_is_of_one_assignment_and_keeps_only_namesakes_apart(tmp_path: Path) -> None:
    ids = [list(_taken_in(tmp_path / f"{n}.zip", {f"Jane Doe_{n}_assignsubmission_file/ps90.ipynb": b""}))
           for n in (71, 95)]
    assert ids == [["Jane_Doe"], ["Jane_Doe"]]
    blind = _taken_in(tmp_path / "x.zip", {f"Participant_{n}_assignsubmission_file/ps90.ipynb": b"" for n in (1, 2)})
    assert list(blind) == ["Participant_1", "Participant_2"]
    assert all("2 students are called 'Participant'" in s.flags[0] for s in blind.values())
    (group,) = _taken_in(tmp_path / "y.zip", {"Default group_assignsubmission_file/ps90.ipynb": b""}).values()
    assert (group.student, group.name) == ("Default_group", "Default group")


@pytest.mark.parametrize(("top", "whose"), [
    ("doejane_505_90001_Bob_71_assignsubmission_file_ps90.ipynb", ("Canvas", "doejane", "505")),
    ("doejane_505_90001_roe_506_90002_ps90.ipynb", ("Canvas", "doejane", "505")),
    ("doejane_505_90001_LATE_506_90002_ps90.ipynb", ("Canvas", "doejane", "505")),
    ("Jane Doe_71_assignsubmission_file_roe_506_90002_ps90.ipynb", ("Moodle", "Jane Doe", "71")),
    ("Jane Doe_71_assignsubmission_file_Bob_72_assignsubmission_file_ps90.ipynb", ("Moodle", "Jane Doe", "71")),
    ("anon_k3Xp9_90005_roe_506_90002_ps90.ipynb", ("", "anon_k3Xp9", "")),
])
def test_the_name_of_a_file_puts_it_under_nobody_else_s(tmp_path: Path, top: str, whose: tuple[str, str, str]) -> None:
    (found,) = _taken_in(tmp_path / "x.zip", {top: b"{}"}).values()
    assert taken_apart(found.name) == whose and LATE not in found.flags


def test_dates_in_file_names_make_no_two_students_one(tmp_path: Path) -> None:
    found = _taken_in(tmp_path / "x.zip", {f"{n}_2026_11_ps90.ipynb": n.encode() for n in ("ada", "bob")})
    assert sorted(s.data or b"" for s in found.values()) == [b"ada", b"bob"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_folder_around_a_class_is_looked_through(tmp_path: Path, zipped: bool, method: int) -> None:
    files = {f"export (2)/{who}/files/{NAME}.ipynb": who.encode() for who in ("ada", "bob", "eve")}
    source = tmp_path / "renamed.zip" if zipped else tmp_path / "renamed"
    if zipped:
        _zip(source, {"export (2)/": b"", "export (2)/carol/": b"", **files}, method)
    else:
        for name, data in files.items():
            (source / name).parent.mkdir(parents=True)
            (source / name).write_bytes(data)
        (source / "export (2)" / "carol").mkdir()
    found = {s.student: s for s in collect(source, NAME)}
    assert {k: s.data for k, s in found.items()} == {"ada": b"ada", "bob": b"bob", "eve": b"eve", "carol": None}
    assert "empty" in found["carol"].problem


@pytest.mark.parametrize("files", [
    [f"alice/{NAME}.ipynb", f"alice/old/{NAME}.ipynb", f"alice/older/{NAME}.ipynb"],
    [f"alice/{NAME}/{NAME}.ipynb", f"alice/{NAME} copy/{NAME}.ipynb", "alice/ps89/ps89.ipynb"],
    ["alice/draft.ipynb", "alice/final.ipynb"],
    ["Jane Doe_71_assignsubmission_file/bob_5_6_answers.ipynb"],
])
def test_one_student_s_folder_is_not_a_class(tmp_path: Path, files: list[str]) -> None:
    (found,) = collect(_zip(tmp_path / "x.zip", dict.fromkeys(files, b"{}")), NAME)
    assert found.student in ("alice", "Jane_Doe")
    if "notebooks to choose from" in found.problem:
        assert "If 'alice' is not a student's but holds a class, give --from that folder" in found.problem


DAMAGE = {"crc": "(BadZipFile)", "deflate": "(error)", "encrypted": "is encrypted", "patched": "(NotImplementedError)",
          "bzip2": "(method 12)", "method 99": "(method 99)", "short": "(BadZipFile)"}


@pytest.mark.parametrize("where", ["ps90.ipynb", "timestamp.txt"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_one_damaged_entry_costs_nobody_else_anything(tmp_path: Path, damage: str, where: str) -> None:
    source, text = tmp_path / "all.zip", b"2026-11-30 22:00:00 UTC"
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        for who in ("ada", "bob", "eve"):
            for name in ("ps90.ipynb", "timestamp.txt"):
                hit = who == "bob" and name == where
                method = {"crc": zipfile.ZIP_STORED, "bzip2": zipfile.ZIP_BZIP2}.get(damage if hit else "")
                archive.writestr(f"{who}/{name}", text, method)
                if hit:
                    info = archive.filelist[-1]
                    info.flag_bits |= {"encrypted": 1, "patched": 0x20}.get(damage, 0)
                    info.CRC ^= damage == "crc"
                    info.file_size -= damage == "short"
                    info.compress_type = 99 if damage == "method 99" else info.compress_type
                    at = info.header_offset + len(info.FileHeader())
    if damage == "deflate":
        raw = bytearray(source.read_bytes())
        raw[at:at + 4] = b"\xff" * 4
        source.write_bytes(raw)
    found = {s.student: s for s in collect(source, NAME)}
    for who in ("ada", "eve"):
        assert (found[who].data, found[who].timestamp, found[who].problem, found[who].flags) == (
            text, text.decode(), "", ())
    bob = found["bob"]
    assert DAMAGE[damage] in bob.problem + "".join(bob.flags)
    if where == "ps90.ipynb":
        assert bob.data is None and bob.problem.startswith("bob/ps90.ipynb ") and bob.problem.endswith(".")
    else:
        assert bob.data == text and bob.timestamp == "" and bob.problem == ""
        assert len(bob.flags) == 1 and bob.flags[0].startswith("bob/timestamp.txt is ")
        assert "no time is known, so no penalty was taken" in bob.flags[0]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_unpacks_without_measure_is_not_unpacked(tmp_path: Path, monkeypatch, method: int) -> None:
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("it was opened"))
    (found,) = collect(_zip_of_zeros(tmp_path / "x.zip", method), NAME)
    assert found.data is None and f"(method {method})" in found.problem


def _zip_of_zeros(path: Path, method: int) -> Path:
    """As `_zip` makes it, but without `ZipFile.open`."""
    made = subprocess.run([sys.executable, "-c", "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w', "
                           "int(sys.argv[2])).writestr('bob/ps90.ipynb', bytes(2**20))", str(path), str(method)])
    assert made.returncode == 0
    return path


def test_a_damaged_table_of_contents_is_a_sentence(tmp_path: Path) -> None:
    source = _zip(tmp_path / "x.zip", {"a/ps90.ipynb": b"{}"})
    raw = bytearray(source.read_bytes())
    start = raw.index(b"PK\x01\x02")
    raw[start:start + 4] = b"XXXX"
    source.write_bytes(raw)
    with pytest.raises(ValueError, match=r"table of contents of .* is damaged .*Download the archive again"):
        collect(source, NAME)


@pytest.mark.parametrize("zipped", [False, True])
def test_too_many_files_are_a_sentence(tmp_path: Path, monkeypatch, zipped: bool) -> None:
    monkeypatch.setattr("coursekit.grading.ingest.MAX_ENTRIES", 3)
    source = tmp_path / "x"
    for n in range(4):
        _folder(source, {f"{n}.ipynb": b"{}"})
    with pytest.raises(ValueError, match="holds more than 3 files"):
        collect(_zip(tmp_path / "x.zip", {f"{n}.ipynb": b"{}" for n in range(4)}) if zipped else source, NAME)


@pytest.mark.parametrize("zipped", [False, True])
def test_large_notebooks_are_not_read_and_cost_small_ones_nothing(tmp_path: Path, monkeypatch, zipped: bool) -> None:
    monkeypatch.setattr("coursekit.grading.ingest.MAX_NOTEBOOK_BYTES", 2 * 2**20)
    monkeypatch.setattr("coursekit.grading.ingest.MAX_TOTAL_BYTES", 3 * 2**20)
    sizes = {"ada": 2**21, "bob": 2**20 + 2, "cyd": 2**20, "dan": 2**21 + 1}
    files = {f"{who}.ipynb": bytes(size) for who, size in sizes.items()}
    source = _zip(tmp_path / "x.zip", files) if zipped else _folder(tmp_path / "x", files)
    found = {s.student: s for s in collect(source, NAME)}
    assert {who: len(s.data or b"") for who, s in found.items()} == {"ada": 0, "bob": 2**20 + 2, "cyd": 2**20, "dan": 0}
    assert "more than 3 MB together" in found["ada"].problem and "at most 2 are read" in found["dan"].problem


def test_a_file_that_grows_or_turns_into_something_else_is_not_read(tmp_path: Path, monkeypatch) -> None:
    """Between the look at the folder and the reading its owner has time to put something else there."""
    monkeypatch.setattr("coursekit.grading.ingest.MAX_NOTEBOOK_BYTES", 1000)
    secret = _file(tmp_path / "secret", b"secret")
    source = _folder(tmp_path / "x", {f"{who}.ipynb": b"{}" for who in ("grown", "linked", "pipe", "same")})

    def swap(chosen):
        (source / "grown.ipynb").write_bytes(bytes(10**6))
        for name in ("linked", "pipe"):
            (source / f"{name}.ipynb").unlink()
        (source / "linked.ipynb").symlink_to(secret)
        os.mkfifo(source / "pipe.ipynb")
        return read(chosen)

    read = ingest._read
    monkeypatch.setattr(ingest, "_read", swap)
    found = {s.student: s for s in collect(source, NAME)}
    assert {who: s.data for who, s in found.items()} == {"grown": None, "linked": None, "pipe": None, "same": b"{}"}
    assert "at most" in found["grown"].problem and "(OSError)" in found["linked"].problem
    assert "(OSError)" in found["pipe"].problem
    with pytest.raises(OSError, match="not a regular file"):
        ingest._read_regular(source / "pipe.ipynb")


def test_the_time_is_the_one_beside_the_notebook(tmp_path: Path) -> None:
    source = _folder(tmp_path, {"ada/timestamp.txt": b"top", "ada/ps89/timestamp.txt": b"other",
                                "ada/ps90/ps90.ipynb": b"", "bob/timestamp.txt": b"top", "bob/ps90/ps90.ipynb": b"",
                                "bob/ps90/timestamp.txt": b"own", "bob/ps89/timestamp.txt": b"other",
                                "cyd/ps90.ipynb": b"", "cyd/ps89/timestamp.txt": b"other",
                                "dan/ps90.ipynb": b"", "dan/timestamp.txt": b"2026-11-30" + b" " * 1000})
    found = {s.student: s for s in collect(source, NAME)}
    assert {who: s.timestamp for who, s in found.items()} == {"ada": "top", "bob": "own", "cyd": "", "dan": ""}
    assert ["too long" in "".join(s.flags) for s in found.values()] == [False, False, False, True]


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
    names = ["Müller", "Muller", "Möller", "李", "王", "=cmd()", "cmd", "../x", "x",
             "Doe, Jane", "Doe Jane", "Doe,Jane"]
    assert len({safe_id(n) for n in names}) == len(names)
    assert safe_id(unicodedata.normalize("NFD", "Müller")) == safe_id("Müller"), "macOS packs names in their parts"
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


FORMULAS = ["=1+1", "+1", "-1", "@x", "|x", "%0A", "\t=1", "a\n=1", "  =1", "\u00a0=1", "\u200b=1", "\x00=1", "\x0b=1",
            "x;=1+2;y", "x; =1", "x;\t-1", "x\u2028;+1", ';"=1+2"', "\uff1d1+2", "x;\uff0b1", "\ufe661", "a\r;@b"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("cell", FORMULAS)
def test_no_cell_is_a_formula(cell: str, separator: str) -> None:
    """Whatever separates the cells for the program that opens the table, none begins as a formula, spaces aside."""
    safe = spreadsheet_safe(cell)
    assert spreadsheet_safe(safe) == safe and len(safe.splitlines()) == 1
    file = io.StringIO()
    csv.writer(file).writerow(["ada", safe, "1"])
    for row in csv.reader(file.getvalue().splitlines(), delimiter=separator):
        for part in row:
            bare = unicodedata.normalize("NFKC", re.sub("^[\\s\u200b\x00-\x1f\"]+", "", part))
            assert bare[:1] not in {"=", "+", "-", "@", "|", "%"}, (part, row)


def test_words_stay_as_they_are() -> None:
    for words in ("t1: 2 of 3; t2: 0.5 of 1", "Ada King-Noel", "José\u00a0Ñ (Moodle\u00a071)", "a = b, -1", "王; 李"):
        assert spreadsheet_safe(words) == words


def _folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def _file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path
