"""Checks: an answer is arrays.

A student's function is *called* where the student's code lives, and *judged* somewhere else. Between the two lie
arrays and nothing more, so no expected value ever meets a student's code.

=================  =========================================================================================
`task`             what an instructor writes: `Task`, `Case`, `Slip`, and the default driver `call`
`arrays`           anything a student may return -> plain numpy arrays, and back to files without pickle
`compare`          two arrays -> nothing, or the sentence that says how they differ
`judge`            the arrays of all cases -> a `Verdict`: parts earned, what differs, which slip it is
`sheet`            the expected arrays of one task, as the release ships them and as the judge keeps them
`drivers`          how the checks call a function, as a file that a release ships
`notebook`         the one line in a notebook: ``check("t1", my_function)``
`forbidden`        names that an answer may not use
=================  =========================================================================================
"""
from coursekit.checks.judge import Verdict, judge
from coursekit.checks.notebook import Checker, open_checks
from coursekit.checks.task import Assignment, Case, Slip, Task, call, load_assignment

__all__ = [
    "Assignment", "Case", "Checker", "Slip", "Task", "Verdict",
    "call", "judge", "load_assignment", "open_checks",
]
