"""``coursekit check psNN``: a student's whole problem set, run from top to bottom as the grader will."""
from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import nbformat
import typer
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from coursekit.checks.notebook import REPORT
from coursekit.checks.sheet import load_sheets


def check_notebook(course: Path, name: str, notebook: Path | None, timeout: int) -> bool:
    """Run the notebook, print each task's verdict; return whether all tasks are right.

    Raises:
        FileNotFoundError: there is no such notebook.
        ValueError: the file is not a notebook.
    """
    path = notebook or course / "work" / name / f"{name}.ipynb"
    if not path.is_file():
        raise FileNotFoundError(f"There is no notebook {path}. Open the course once (make lab), or say which file: "
                                f"coursekit check {name} --notebook FILE")
    try:
        book = nbformat.read(path, as_version=4)
    except Exception:
        raise ValueError(f"{path} cannot be read as a notebook. Was it saved to its end?") from None
    typer.echo(f"Running {path} from top to bottom …")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "verdicts.jsonl")
        trouble = _run(book, path.resolve().parent, timeout, report)
        lines = report.read_text("utf-8").splitlines() if report.is_file() else []
    verdicts = {v["task"]: v for v in map(json.loads, lines)}
    _, sheets = load_sheets(course / "exercises" / name / "checks" / "cases")
    return _print(verdicts, sheets, trouble)


def _run(book: nbformat.NotebookNode, folder: Path, timeout: int, report: Path) -> list[str]:
    """Execute all cells, going on after errors; return a sentence for each cell outside of the tasks that failed."""
    client = NotebookClient(book, timeout=timeout, allow_errors=True, kernel_name="python3",
                            resources={"metadata": {"path": str(folder)}})
    try:
        client.execute(env={**os.environ, REPORT: str(report)})
    except CellTimeoutError:
        return [f"A cell ran longer than {timeout} s and was stopped; what comes after it was not run."]
    except DeadKernelError:
        return ["The kernel died (out of memory, perhaps); what comes after was not run."]
    except CellExecutionError as error:
        return [str(error).splitlines()[-1]]
    return _sentences([(cell, output) for cell in book.cells if cell.cell_type == "code"
                       for output in cell.outputs if output.output_type == "error"])


def _sentences(errors: list[tuple[nbformat.NotebookNode, nbformat.NotebookNode]]) -> list[str]:
    """One for each error; names that are missing after another error are counted, for it is most likely the cause."""
    first = next((k for k, (_, output) in enumerate(errors) if output.ename != "NameError"), len(errors))
    told = [pair for k, pair in enumerate(errors) if k <= first or pair[1].ename != "NameError"]
    said = [f"{_place(cell)} ended with {output.ename}: {output.evalue}".split("\n")[0] for cell, output in told]
    if left := len(errors) - len(told):
        said.append(f"{left} cell{'s' * (left > 1)} after that missed a name, most likely for the same reason.")
    return said


def _place(cell: nbformat.NotebookNode) -> str:
    """How a student finds a cell: by its task, else by the number that JupyterLab shows."""
    task = cell.metadata.get("nbgrader", {}).get("grade_id", "")
    return f"The cell of {task}" if task else f"Cell [{cell.execution_count}]"


def _print(verdicts: dict, sheets: dict, trouble: list[str]) -> bool:
    earned = 0.0
    for task, sheet in sheets.items():
        verdict = verdicts.get(task)
        points = verdict["points"] if verdict else 0.0
        earned += points
        mark = "+" if points == sheet.max_points else "-"
        state = "not run" if verdict is None else "not answered yet" if verdict["blank"] else ""
        typer.echo(f" {mark} {task}  {points:g} of {sheet.max_points:g}  {sheet.title}{f' ({state})' if state else ''}")
        if verdict and not verdict["blank"]:
            for part in verdict["parts"]:
                for sentence in part["sentences"]:
                    typer.echo(f"      {part['name'] + ': ' if len(verdict['parts']) > 1 else ''}{sentence}")
            for hint in verdict["slips"].values():
                typer.echo(f"      Hint: {hint}")
    most = sum(sheet.max_points for sheet in sheets.values())
    for sentence in trouble:
        typer.echo(f"   {sentence}")
    typer.echo(f"{earned:g} of {most:g} points on the visible cases. Grading uses other cases of the same kinds.")
    return earned == most
