"""One module per widget, without a build step.

anywidget loads a widget's JavaScript as one module from memory, where `import "./toolkit.js"` has no meaning. So the
shared file and the widget's own file are joined here, by a convention that keeps both of them valid modules:

- toolkit.js lists the parts of the toolkit; each marks what it offers with `export` at the start of a line;
- a widget's file imports from "./toolkit.js" and from nowhere else, and ends with `export default { render };`.

Joined, all names are known to all, so imports and the word `export` are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import resources

#: The last line of every widget's JavaScript.
DEFAULT_EXPORT = "export default { render };"

_IMPORT = re.compile(r"^import\b[^;]*?from\s*[\"']([^\"']+)[\"'];?[ \t]*$", re.MULTILINE)
_PART = re.compile(r"^export \* from \"\./([a-z]+\.js)\";$", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def static_text(name: str) -> str:
    """The text of a file in `static/`.

    Raises:
        ValueError: if there is no such file.
    """
    path = resources.files("coursekit.widgets") / "static" / name
    if not path.is_file():
        raise ValueError(f"There is no file {name!r} in coursekit/widgets/static. Check the name and its ending.")
    return path.read_text(encoding="utf-8")


def toolkit_text() -> str:
    """The whole toolkit as one text without imports and exports."""
    parts = [static_text(name) for name in _PART.findall(static_text("toolkit.js"))]
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", part)) for part in parts)


def compose_esm(source: str, parts: Sequence[str] = ()) -> str:
    """Join the toolkit and a widget's own JavaScript into one module.

    Args:
        source: the name of a file in `static/` (ending in .js), or JavaScript text of your own.
        parts: further files in `static/` that belong to this widget alone, if it is too long for one.

    Returns:
        The module's text, which ends with the default export that anywidget looks for.

    Raises:
        ValueError: if the JavaScript imports anything but the toolkit or lacks its last line.
    """
    own = static_text(source) if source.endswith(".js") and "\n" not in source else source
    own = "\n".join([*(_EXPORT.sub("", static_text(part)) for part in parts), own])
    for imported in _IMPORT.findall(own):
        if imported not in ("./toolkit.js", *(f"./{part}" for part in parts)):
            raise ValueError(
                f"The widget's JavaScript imports {imported!r}, which a page without network cannot load. "
                'Import from "./toolkit.js" only.'
            )
    if own.count(DEFAULT_EXPORT) != 1:
        raise ValueError(f"The widget's JavaScript must end with the line `{DEFAULT_EXPORT}`.")
    return toolkit_text() + "\n" + _IMPORT.sub("", own)


def compose_css() -> str:
    """The style sheet that all widgets share."""
    return static_text("toolkit.css")
