"""The base of every widget: state as traits in Python, pictures in JavaScript, and no silent death.

A subclass has three parts:

- a *state*: a frozen dataclass without front end (`kde_state.py`, `push_forward_state.py`) that computes what is shown.
  It is the code to read, and it is tested alone;
- *traits*: what the reader may change (bandwidth, seed, ...) and what the page draws (`ArraysTrait`, `summary`);
- a JavaScript file in `static/` with one function `render({model, el})`.

Messages of the page come on more than one thread: since version 4.4 JupyterLab asks the kernel for a thread beside the
main one (a subshell), so that sliders answer while a cell runs, and ipykernel sends a message to whichever thread last
sent something to the page. So whoever changes traits in answer to the page, or later by a timer, holds the widget's
`door`, and one thing happens after the other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ClassVar

import anywidget
import traitlets

from coursekit.widgets.esm import compose_css


class CanvasWidget(anywidget.AnyWidget):
    """A widget that draws on canvases and says in words what it shows.

    Traits:
        summary: what the picture shows, in words and numbers; read aloud by screen readers.
        error: the sentence that says what went wrong with the last thing the reader did, or "".
        large: lecture size, readable from the last row.
        frozen: true on a page without a kernel, where only precomputed states can be shown.
    """

    _css = compose_css()

    #: The heading of an exported page.
    page_title: ClassVar[str] = ""

    #: Methods that a button on the page may call. Nothing else can be called from the page.
    actions: ClassVar[tuple[str, ...]] = ()

    summary = traitlets.Unicode("").tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    large = traitlets.Bool(False, help="lecture size").tag(sync=True)
    frozen = traitlets.Bool(False).tag(sync=True)

    door: threading.RLock  # type: ignore[valid-type]

    def setup_instance(self, *args: Any, **kwargs: Any) -> None:
        """Hang the door before anything can be changed."""
        self.door = threading.RLock()
        super().setup_instance(*args, **kwargs)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take over what the page changed; what raises is said on the page, and the page goes back to what holds."""
        with self.door:
            try:
                with self.hold_sync():
                    super().set_state(sync_data)
            except Exception as problem:  # whatever a callback of the reader raises must become visible
                self._complain(problem)
                self.send_state([name for name in sync_data if name in self.keys])
            else:
                self.error = ""

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """What a notebook keeps of the widget; where no kernel runs, a reader finds the words instead of an address."""
        found = super()._repr_mimebundle_(**kwargs)
        data, metadata = found if isinstance(found, tuple) else (found or {}, {})
        words = f"{self.page_title or type(self).__name__}. {self.summary} (Run this cell to move it.)"
        return {**data, "text/plain": words}, metadata

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        """Run an action that a button asked for, `{"action": name}`."""
        name = content.get("action") if isinstance(content, dict) else None
        if name is None:
            super()._handle_custom_msg(content, buffers)
            return
        with self.door:
            self.guarded(lambda: self._act(name))

    def _act(self, name: str) -> None:
        if name not in self.actions:
            raise ValueError(f"This widget has no action {name!r}. It offers: {', '.join(self.actions) or 'none'}.")
        with self.hold_sync():
            getattr(self, name)()

    def guarded(self, call: Callable[[], None]) -> None:
        """Call, and show the sentence of what it raises on the page instead of losing it in the kernel's log."""
        try:
            call()
        except Exception as problem:
            self._complain(problem)
        else:
            self.error = ""

    def _complain(self, problem: Exception) -> None:
        text = str(problem).strip() or "no message"
        if isinstance(problem, (ValueError, traitlets.TraitError)):
            self.error = text
        else:
            self.error = f"A callback of this widget failed. {type(problem).__name__}: {text}"

    def page_choices(self) -> dict[str, list[Any]]:
        """The traits that stay adjustable on a page without a kernel, with the values that are precomputed.

        Raises:
            ValueError: where a widget has no such page.
        """
        raise ValueError(f"{type(self).__name__} cannot be exported: it lists no choices to precompute.")

    def page_start(self) -> dict[str, Any]:
        """Traits that differ on a page without a kernel from what they are here, at the start."""
        return {}

    def page_state(self, choice: dict[str, Any]) -> dict[str, Any]:
        """The traits that follow from one choice out of `page_choices`, without changing this widget."""
        raise NotImplementedError

    def export_html(self, path: Any, *, title: str | None = None) -> Any:
        """Write one HTML file that shows this widget without kernel and without network; see `export.py`."""
        from coursekit.widgets.export import export_html

        return export_html(self, path, title=title)
