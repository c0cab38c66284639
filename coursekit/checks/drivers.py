"""Drivers as a file of their own: what stands between a check and a student's function, at home and at grading."""
from __future__ import annotations

import inspect

from coursekit.checks.task import Assignment

DRIVER_HEADER = '''"""How the checks of {name} call your functions: inputs in, arrays out. Generated; do not edit."""
import numpy as np  # noqa: F401
import torch  # noqa: F401

from coursekit.checks import call  # noqa: F401
'''


def driver_source(assignment: Assignment) -> str:
    """The drivers of all tasks as one module that needs nothing of the checks file."""
    named: dict[str, str] = {}
    blocks = [DRIVER_HEADER.format(name=assignment.name)]
    for task in assignment.tasks.values():
        if task.driver is None:
            continue
        function = task.driver.__name__  # type: ignore[attr-defined]
        if function not in named.values():
            blocks.append("\n" + inspect.getsource(task.driver))  # type: ignore[arg-type]
        named[task.name] = function
    table = ", ".join(f'"{task}": {function}' for task, function in named.items())
    return "\n".join([*blocks, "", f"DRIVERS = {{{table}}}", ""])
