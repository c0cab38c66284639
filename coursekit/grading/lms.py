"""What Moodle and Canvas write into the names of the files that they give out for grading, and whose a file is then.

=======================================================  ==============================================================
``Jane Doe_71_assignsubmission_file/ps02.ipynb``         Moodle, a folder for each kind of submission (``…_file_/`` in
                                                         older versions, ``…_onlinetext/`` for text typed there)
``Jane Doe_71_assignsubmission_file_ps02.ipynb``         Moodle, without folders
``doejane_505_90006_ps02-1.ipynb``                       Canvas; ``doejane_LATE_505_…`` where it was late, ``-1`` is
                                                         Canvas's own mark of a second file of that name
``doejane_505_text.html``, ``doejane_505_link.html``     Canvas, typed there
``anon_k3Xp9_90006_ps02.ipynb``                          Canvas, graded anonymously
=======================================================  ==============================================================

Moodle's number stands for a student in one assignment only (mod_assign: ``get_uniqueid_for_user``), Canvas's first for
a user everywhere, Canvas's second for the file: newer files have larger ones (Canvas: ``content_zipper.rb``).
Neither archive says when something was handed in. Both systems stamp the entries with the time of the download, so
those times are not looked at.
"""
from __future__ import annotations

import re
from dataclasses import dataclass

MOODLE = re.compile(r"(?P<name>.+?)(?:_(?P<number>\d+))?_assignsubmission_[a-z0-9]+(?:_(?P<file>.*))?")
CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<number>\d+)_"
                    r"(?:(?P<order>\d+)_(?P<file>.+)|(?P<typed>(?:text|link)\.html))", re.IGNORECASE)
ANONYMOUS = re.compile(r"(?P<late>LATE_)?(?P<name>anon_[A-Za-z0-9]+)_(?P<order>\d+)_(?P<file>.+)", re.IGNORECASE)
SHOWN = re.compile(r"(?P<name>.*)\u00a0\((?P<system>Moodle|Canvas)\u00a0(?P<number>\d+)\)", re.DOTALL)


@dataclass(frozen=True)
class Label:
    """What the name of a file or folder of an archive says.

    Attributes:
        system: "Moodle" or "Canvas".
        name: the student's, as the system wrote it.
        number: the student's, by which marks find their way back; empty where there is none.
        file: the name that the student's file had; empty for a folder.
        order: Canvas's number of the file, 0 where there is none.
        late: Canvas says that it was late.
    """

    system: str
    name: str
    number: str = ""
    file: str = ""
    order: int = 0
    late: bool = False


def label(top: str, *, folder: bool) -> Label | None:
    """Read a name of the archive's top level; `None` where neither system wrote it.

    Students choose how such a name ends. So where it reads as more than one system's, the one counts that needs less
    of it for the student's own name.
    """
    readings = []
    if found := MOODLE.fullmatch(top):
        file = "" if folder else found["file"] or ""
        readings += [Label("Moodle", found["name"].strip(), found["number"] or "", file)] if folder or file else []
    if not folder and (found := ANONYMOUS.fullmatch(top)):
        readings += [Label("Canvas", found["name"], "", found["file"], int(found["order"]), bool(found["late"]))]
    elif not folder and (found := CANVAS.fullmatch(top)):
        readings += [Label("Canvas", found["name"], found["number"], found["file"] or found["typed"],
                           int(found["order"] or 0), bool(found["late"]))]
    return min(readings, key=lambda reading: len(reading.name), default=None)


def shown(system: str, name: str, number: str) -> str:
    """The name for reports, with the number that `taken_apart` finds again.

    The spaces are no-break ones, so that the number stays with the last name where names are split.
    """
    return f"{name}\u00a0({system}\u00a0{number})" if number else name


def taken_apart(name: str) -> tuple[str, str, str]:
    """System, name and number of what `shown` gave; for any other name, two of them are empty.

    >>> taken_apart(shown("Moodle", "Jane Doe", "71")), taken_apart("anna_71")
    (('Moodle', 'Jane Doe', '71'), ('', 'anna_71', ''))
    """
    found = SHOWN.fullmatch(name)
    return (found["system"], found["name"], found["number"]) if found else ("", name, "")
