"""Percent text -> notebook. The text is the source; the notebook is made from it and never edited."""
from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


class AuthoringError(ValueError):
    """A text source breaks a rule; the sentence says which and where."""


def read_text(path: Path) -> NotebookNode:
    """Read percent text as a notebook without outputs.

    Cell ids are ``<file stem>-<ordinal>``, so that regenerating gives the same bytes. Cell metadata are those written
    in the text (``# %% answer="t1"``); jupytext's own are dropped.

    Raises:
        AuthoringError: the text has no cells.
    """
    notebook = jupytext.reads(path.read_text("utf-8"), fmt="py:percent")
    if not notebook.cells:
        raise AuthoringError(f"{path} has no cells. Cells begin with '# %%' or '# %% [markdown]'.")
    for ordinal, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"{path.stem}-{ordinal:03d}"
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def write_notebook(notebook: NotebookNode, path: Path) -> None:
    """Validate and write, with a newline at the end; a file that is already the same is not touched."""
    nbformat.validate(notebook)
    text = nbformat.writes(notebook, indent=1, ensure_ascii=False).rstrip("\n") + "\n"
    if not path.is_file() or path.read_text("utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
