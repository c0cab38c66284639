"""The workers of phase 1: what they import, and what they do not."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from grading_course import NAME, RIGHT, Answers

from coursekit.grading.graft import forbidden_flags, graft
from coursekit.grading.notebooks import read_cells

GRADE = """
import sys
from pathlib import Path
from coursekit.grading import grade
if __name__ == "__main__":
    print(grade({name!r}, Path("."), Path({out!r}), course=Path({course!r}), progress=False)["alice"].total)
"""


@pytest.mark.sandbox
def test_grading_inside_the_submissions_imports_nothing_from_there(bwrap: str, small: Path, tmp_path: Path) -> None:
    """The server that workers are forked from would otherwise look for modules in the current folder first."""
    folder, caught = tmp_path / "submissions", tmp_path / "caught"
    Answers(small, RIGHT).write(folder / "alice.ipynb")
    for module in ("numpy", "selectors", "coursekit", "psutil", "nbformat"):
        (folder / f"{module}.py").write_text(f"open({str(caught)!r}, 'a').write({module!r})\n")
    script = tmp_path / "grade.py"
    script.write_text(GRADE.format(name=NAME, out=str(tmp_path / "out"), course=str(small)))
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONSAFEPATH"}
    ran = subprocess.run([sys.executable, script], cwd=folder, env=environment, capture_output=True, text=True,
                         timeout=120, check=False)
    assert ran.stdout.strip() == "6.0", ran.stderr[-2000:]
    assert not caught.exists(), caught.read_text()


def test_cells_to_play_with_are_not_held_against_a_student(small: Path) -> None:
    released = nbformat.read(small / "exercises" / NAME / f"{NAME}.ipynb", as_version=4)
    released.cells.append(nbformat.v4.new_code_cell("picture = torch.logsumexp"))
    forbids = {"t3": ("logsumexp",)}

    def flags(source: str) -> list[str]:
        answers = Answers(small, RIGHT).insert(4, source)
        import json

        grafted = graft(read_cells(json.dumps(answers.nb).encode()), released, NAME).notebook
        return forbidden_flags(grafted, forbids, released)

    assert flags("picture = torch.logsumexp\n") == []
    assert flags("picture = torch.logsumexp # mine") == ["an added cell uses logsumexp, which t3 forbids"]
