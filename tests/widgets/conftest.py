"""What the widgets' tests share: a test in JupyterLab that fails says how page and kernel were."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab import Notebook


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    report = yield
    notebook = getattr(item, "funcargs", {}).get("notebook")
    if report.when == "call" and report.failed and isinstance(notebook, Notebook):
        report.sections.append(("Page and kernel", notebook.condition()))
    return report
