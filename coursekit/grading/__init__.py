"""Grading: notebooks of strangers in, marks and feedback out.

==================  ================================================================================================
`ingest`            a folder or archive -> one submission a student; nothing is unpacked or run
`notebooks`         bytes -> plain cells, or the sentence that says why not
`graft`             the instructor's notebook with the student's answers in it
`sandbox`           the walls around a kernel: bubblewrap, an unprivileged uid, limits
`nursery`           runs inside: imports once, then forks a kernel with walls of its own for each submission
`nursery_client`    the grader's side of it
`provisioner`       how Jupyter starts a kernel behind the walls
`execute`           run a notebook to its end, or to the end of its time
`watch`             memory of all processes together, and what is written to disk
`cgroup`            the same memory, limited by the operating system where it gives the grader a group of its own
`verdicts`          arrays -> verdicts, in a process that no student's code has touched
`sanitise`          what a student wrote or printed, made harmless for pages and tables
`plan`              what all submissions share: hidden cases, limits, the secret
`phase1`            run and judge in parallel, stored by content; no gradebook
`cluster`           the same on the workers of a Dask scheduler
`preprocessors`     our steps inside nbgrader's converters
`course_folder`     phase 2: gradebook, formgrader, feedback, which stay nbgrader's
`late`              the late policy, as nbgrader's plugin
`report`            rows, ``grades-psNN.csv``, ``report-psNN.html``
`exports`           the same marks for Moodle and Canvas
`similarity`        pairs of submissions for a person to look at
`pipeline`          all of it: `grade`
==================  ================================================================================================

What is protected, and what is not
----------------------------------
A student's code cannot see the solutions, the expected values, the gradebook or another student, has no network, and
ends when its kernel is killed. It *can* see the hidden inputs (it has to compute with them); they do not reach its
student, because feedback shows nothing that a kernel printed. Marks themselves say a little about hidden cases: where
students may hand in again after feedback, delete ``solutions/.secret`` in between, and new cases are drawn.
Bubblewrap is a wall inside one operating system kernel; it does not protect against that kernel's own bugs.
"""
from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coursekit.grading.pipeline import GraderBroken, grade
    from coursekit.grading.report import GradeReport, Row
    from coursekit.grading.sandbox import IsolationUnavailable, Limits

__all__ = ["GradeReport", "GraderBroken", "IsolationUnavailable", "Limits", "Row", "grade"]

_PLACES = {"grade": "pipeline", "GraderBroken": "pipeline", "GradeReport": "report", "Row": "report",
           "Limits": "sandbox", "IsolationUnavailable": "sandbox"}


def __getattr__(name: str) -> Any:
    """Import on first use: a worker process needs neither nbgrader nor its database, and starts in half the time."""
    if name in _PLACES:
        return getattr(import_module(f"coursekit.grading.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'coursekit.grading' has no attribute {name!r}")
