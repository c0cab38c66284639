"""Our steps inside nbgrader's own converters, so that ``nbgrader autograde`` and formgrader's buttons do what we do.

================  ==========================================  =============================================
nbgrader's step   its own preprocessors                       what stands in their place
================  ==========================================  =============================================
autograde, 1      ClearOutput, OverwriteCells, …              `Graft`: the instructor's notebook, their answers
autograde, 2      Execute, LimitOutput                        `Judged`: boxed kernel, arrays, verdict
feedback          none                                        `StudentView`: nothing that a kernel printed
every page        MathJax from the net                        `Formulas`: as MathML
================  ==========================================  =============================================
"""
from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import BaseLoader, ChoiceLoader, DictLoader, Environment
from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.filters.highlight import Highlight2HTML
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import List

from coursekit.grading.formulas import with_mathml
from coursekit.grading.graft import CHECK_SUFFIX, grade_id, graft, is_check
from coursekit.grading.notebooks import from_notebook
from coursekit.grading.phase1 import Result, Store, run_all
from coursekit.grading.plan import Plan, make_plan
from coursekit.grading.sandbox import Limits
from coursekit.grading.sanitise import quick_to_set
from coursekit.grading.verdicts import check_outputs, public_name

PRIVATE = ".coursekit"
"""Folder in the grading folder that holds settings, stored results and ledgers."""


class GradingFailed(RuntimeError):
    """One submission could not be graded; the sentence says why."""


def settings_of(root: Path, assignment: str) -> dict[str, Any]:
    """How `assignment` was last graded in the grading folder `root` (course, limits, isolation)."""
    return json.loads((root / PRIVATE / assignment / "settings.json").read_text("utf-8"))


def store_of(root: Path, assignment: str) -> Store:
    """The stored results of one assignment."""
    return Store(root / PRIVATE / assignment / "results")


@lru_cache(maxsize=4)
def _plan(root: Path, assignment: str, changed: tuple[int, ...]) -> Plan:
    settings = settings_of(root, assignment)
    return make_plan(Path(settings["course"]), assignment, root / "release" / assignment,
                     limits=Limits(**settings["limits"]) if settings["limits"] else None,
                     isolated=settings["isolated"], hide=[root, *map(Path, settings["hide"])])


def plan_of(root: Path, assignment: str) -> Plan:
    """The plan of an assignment, from the settings in the grading folder; made anew when the files have changed."""
    settings = settings_of(root, assignment)
    watched = [root / PRIVATE / assignment / "settings.json", root / "release" / assignment / f"{assignment}.ipynb",
               root / "release" / assignment / "checks" / "drivers.py",
               Path(settings["course"]) / "solutions" / f"{assignment}_checks.py",
               Path(settings["course"]) / "solutions" / ".secret"]
    return _plan(root, assignment, tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in watched))


class _Step(NbGraderPreprocessor):
    """What the three steps share: where they are, and which assignment it is."""

    display_data_priority = List(["text/html", "image/png", "image/jpeg", "text/plain"], config=True)

    def place(self, resources: ResourcesDict) -> tuple[Path, str]:
        root, assignment = Path(self.parent.parent.coursedir.root), str(resources["nbgrader"]["assignment"])
        if not (root / PRIVATE / assignment / "settings.json").is_file():
            raise GradingFailed(f"{root} is no grading folder of {assignment}, so nothing was run. Make one: coursekit "
                                f"grade {assignment} --from SUBMISSIONS --out FOLDER. Then use nbgrader in FOLDER.")
        return root, assignment


class Graft(_Step):
    """Replaces a submitted notebook by the instructor's with the student's answers in it."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        root, assignment = self.place(resources)
        released = nbformat.read(root / "release" / assignment / f"{assignment}.ipynb", as_version=4)
        return graft(from_notebook(nb), released, assignment).notebook, resources


class Judged(_Step):
    """Runs a grafted notebook (or takes the stored result of the very same cells) and puts the verdicts into it."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        root, assignment = self.place(resources)
        ledger = read_ledger(root, assignment, str(resources["nbgrader"]["student"]))
        store = store_of(root, assignment)
        plan = plan_of(root, assignment)
        result = store.get(plan.key(nb))
        if result is None:
            student = str(resources["nbgrader"]["student"])
            result = run_all(plan, {student: nb}, store, 1, lambda *_: None)[student]
        if result.trouble:
            raise GradingFailed(result.trouble)
        return insert(nb, result, ledger.get("kept", {})), resources


NO_MATHJAX = {"mathjax.html.j2": "{%- macro mathjax(url='') -%}{%- endmacro -%}"}
"""In place of nbconvert's template of this name, which makes every page fetch a script from the net."""


class _OurTemplates(BaseLoader):
    """nbgrader's templates, but for its list of marks, which calls every check "Test cell"."""

    def __init__(self, templates: BaseLoader) -> None:
        self.templates = templates

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Any]:
        source, name, fresh = self.templates.get_source(environment, template)
        task = "{{ cell.metadata.nbgrader.grade_id | replace('" + CHECK_SUFFIX + "', '') }}"
        return source.replace(">Test cell</a>", f">{task}</a>"), name, fresh


class Formulas(_Step):
    """For every page made of a notebook (feedback, formgrader): formulas as MathML, nothing fetched from the net."""

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        environment = getattr(self.parent, "environment", None)
        if environment is not None and not hasattr(environment, "without_mathjax"):
            # not by the trait `extra_loaders`: setting it would drop the exporter's filters
            environment.loader = ChoiceLoader([DictLoader(NO_MATHJAX), _OurTemplates(environment.loader)])
            environment.without_mathjax = True
        quick_to_set(nb.cells)
        if environment is not None:  # Python's own colourer would colour all cells, those that say otherwise too
            environment.filters["highlight_code"] = Highlight2HTML(pygments_lexer="ipython3", parent=self.parent)
        return super().preprocess(nb, resources)

    def preprocess_cell(self, cell: NotebookNode, resources: ResourcesDict,
                        index: int) -> tuple[NotebookNode, ResourcesDict]:
        if cell.cell_type == "markdown" and cell.metadata.get("nbgrader", {}).get("locked"):
            cell.source = with_mathml(cell.source)  # the instructor's words only: a student's are shown as they are
        return cell, resources


class StudentView(Formulas):
    """For feedback: drops what the kernel printed, and says in a fixed form where a cell failed.

    A student's code runs on the hidden inputs, so whatever it prints may hold them. Verdicts come from the judge. Of
    the cells that a student added only the first that failed is named: there may be thousands, and which of them fail,
    and how, is for the student to choose.
    """

    first_failed = -1

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        added = [(i, cell) for i, cell in enumerate(nb.cells) if cell.cell_type == "code" and not grade_id(cell)]
        self.first_failed = next((i for i, cell in added if any(o.output_type == "error" for o in cell.outputs)), -1)
        return super().preprocess(nb, resources)

    def preprocess_cell(self, cell: NotebookNode, resources: ResourcesDict,
                        index: int) -> tuple[NotebookNode, ResourcesDict]:
        cell, resources = super().preprocess_cell(cell, resources, index)
        if cell.cell_type == "code" and is_check(cell):
            cell.outputs = [o for o in cell.outputs if o.output_type == "display_data"]
        elif cell.cell_type == "code":
            errors = [public_name(o.ename) for o in cell.outputs if o.output_type == "error"
                      and (grade_id(cell) or index == self.first_failed)]
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=f"When it was graded, this cell ended "
                                                                                 f"in {errors[-1]}.")] if errors else []
        return cell, resources


def insert(nb: NotebookNode, result: Result, kept: dict[str, dict[str, Any]]) -> NotebookNode:
    """Put outputs and verdicts of `result` into the notebook that it was made from.

    Args:
        nb: the grafted notebook; changed in place.
        result: of running it.
        kept: per task, an older verdict to keep instead (where only some tasks were graded again).
    """
    for index, cell in enumerate(nb.cells):
        if cell.cell_type != "code":
            continue
        cell.execution_count = None
        if is_check(cell):
            task = grade_id(cell).removesuffix(CHECK_SUFFIX)
            cell.outputs = check_outputs(kept.get(task) or result.verdicts[task])
        else:
            cell.outputs = [nbformat.from_dict(o) for o in result.outputs.get(str(index), [])]
            if str(index) in result.stopped:
                cell.outputs.append(nbformat.v4.new_output(
                    "error", ename="Stopped", evalue=result.stopped[str(index)],
                    traceback=[f"Stopped: {result.stopped[str(index)]}"]))
    return nb


def ledger_path(root: Path, assignment: str, student: str) -> Path:
    """Where a student's ledger lies: what was graded, when, with which flags."""
    return root / PRIVATE / assignment / "students" / f"{student}.json"


def read_ledger(root: Path, assignment: str, student: str) -> dict[str, Any]:
    """A student's ledger; empty where there is none."""
    try:
        return dict(json.loads(ledger_path(root, assignment, student).read_text("utf-8")))
    except (OSError, ValueError):
        return {}
