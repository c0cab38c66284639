"""From text to what students open, one way: text -> notebook -> release -> student bundle.

==============  ====================================================================================
`text`          percent text -> a notebook without outputs, cell ids that never change by themselves
`assignment`    ``solutions/psNN.py`` + ``psNN_checks.py`` -> nbgrader's source folder ``solutions/psNN/``
`release`       the source folder -> ``exercises/psNN/``, through nbgrader; `make_notebooks` does all
`times`         minutes to read and seconds to run, measured and filled into a lecture's text
`bundle`        the archive that students get
`workspace`     ``work/``: the copies that a student writes in, which an update never overwrites
==============  ====================================================================================
"""
from coursekit.authoring.assignment import build_assignment
from coursekit.authoring.bundle import bundle_student
from coursekit.authoring.release import make_lecture, make_notebooks, release
from coursekit.authoring.text import AuthoringError, read_text, write_notebook
from coursekit.authoring.workspace import open_workspace

__all__ = ["AuthoringError", "build_assignment", "bundle_student", "make_lecture", "make_notebooks", "open_workspace",
           "read_text", "release", "write_notebook"]
