"""What a student wrote or printed, made harmless for the pages that an instructor opens.

An allow-list: of outputs only plain text, streams, errors and bitmap pictures are kept, without metadata; HTML, SVG,
JavaScript, LaTeX, Markdown and widgets are dropped (their plain text stays). nbconvert escapes the text itself.

Nor may a page take long to make. The parsers of Markdown and the colourers of code are regular expressions that were
written for honest text: a few kilobytes of something else keep them busy for minutes. What does not look like text that
somebody wrote is shown as it is, unparsed.
"""
from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

MAX_TEXT = 20_000
MAX_PICTURE = 2 * 2**20
MAX_CELL = 4 * 2**20
PICTURES = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff"}
CUT = "\n… (cut here: more was printed than is kept)\n"
MATHJAX_COMMANDS = re.compile(r"\\(href|url|html|htmlClass|htmlId|htmlStyle|htmlData|style|class|cssId|bbox|require|"
                              r"def|newcommand|renewcommand|let|unicode|includegraphics|data)\b", re.IGNORECASE)


def calm_outputs(outputs: Iterable[Mapping[str, Any]]) -> list[NotebookNode]:
    """The outputs of one cell, reduced to what is safe to show; never raises."""
    kept: list[NotebookNode] = []
    room = MAX_CELL
    for output in outputs:
        try:
            calm = _calm(output)
        except Exception:  # a forged message may hold anything
            calm = None
        size = len(str(calm)) if calm else 0
        if calm and size <= room:
            kept.append(calm)
            room -= size
    return kept


def _calm(output: Mapping[str, Any]) -> NotebookNode | None:
    from nbformat.v4 import new_output  # here, because tables need this module's other half and no notebooks

    kind = output["output_type"]
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return new_output("stream", name=name, text=_text(output["text"]))
    if kind == "error":
        lines = [_text(line) for line in list(output.get("traceback", []))[-30:]]
        name, words = _text(output["ename"])[:200], _text(output["evalue"])[:2000]
        return new_output("error", ename=name, evalue=words, traceback=lines)
    if kind in ("display_data", "execute_result"):
        given = output["data"]
        data = {mime: picture for mime, magic in PICTURES.items() if (picture := _picture(given.get(mime), magic))}
        if isinstance(given.get("text/plain"), (str, list)):
            data["text/plain"] = _text(given["text/plain"])
        # shown as display_data whatever it was: only the judge writes results that nbgrader reads as a mark
        return new_output("display_data", data=data) if data else None
    return None


def _text(value: Any) -> str:
    text = "".join(value) if isinstance(value, list) else str(value)
    text = text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + CUT


def _picture(value: Any, magic: bytes) -> str:
    if not isinstance(value, str) or len(value) > MAX_PICTURE:
        return ""
    try:
        raw = base64.b64decode(value.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(raw).decode("ascii") if raw.startswith(magic) else ""


def calm_markdown(source: str) -> str:
    """Markdown in which no tag, link, picture or MathJax extension can be opened; formulas and lists stay.

    A space after ``<`` ends a tag before it begins and leaves ``a < b`` as it was. Doing it twice changes nothing.
    """
    source = re.sub(r"<(?=[A-Za-z/!?])", "< ", source)
    source = re.sub(r"\](?=[(\[:])", "] ", source)
    source = re.sub(r"&(?=[#A-Za-z])", "& ", source)
    return MATHJAX_COMMANDS.sub(lambda m: "\\ " + m.group(1), source)


FORMULA = re.compile("(^|;)([\\s\"\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]*)"
                     "(?=[-=+@|%\uff1d\uff0b\uff0d\uff20\uff5c\uff05\ufe66\ufe62\ufe63\ufe6b\ufe6a])")
"""Where a formula would start: in front of ASCII, full-width or small forms, at the start or behind a ``;``, which
separates cells where numbers have a decimal comma; spaces, quotes and what is invisible in between are seen through.
A comma separates nothing, because the writer of tables puts quotes around a cell that has one."""


# What a student's cell may hold and still be set with colours, or as Markdown.
MAX_SET = 10_000
"""Characters of a cell."""
MAX_LINE = {"code": 400, "markdown": 5_000}
"""Characters of a line (whoever writes prose may write a paragraph on each)."""
MAX_LINES = 400
MAX_SPACES = 150
"""White space in one go: the colourer of code looks at each end of it from each of its beginnings."""
MAX_MATHS = 20
"""What begins like a formula; for each the parser of Markdown looks for an end, through all that follows."""
ROOM = {"code": 100_000, "markdown": 60_000}
"""Characters of all cells of one student together."""
MATHS = re.compile(r"\\begin\{|\\\\[\[(]")
FENCE = re.compile(r"^((?:[ \t>*+:-]|\d{1,9}[.)])*(?:`{3,}|~{3,}))(?=[ \t]*[^\s`~])", re.MULTILINE)


def quick_to_set(cells: Iterable[NotebookNode]) -> None:
    """Shows as plain text what a student wrote and what would take long to set on a page; changes `cells` in place.

    For pages only: a converter of nbgrader gives each page a copy of the notebook. Nothing is left out. That code is
    not to be coloured is said in metadata, which nbconvert looks at for the language "ipython3" only.
    """
    room = dict(ROOM)
    for cell in cells:
        if cell.cell_type not in room or cell.metadata.get("nbgrader", {}).get("locked"):
            continue
        source = cell.source
        usual = _usual(source, MAX_LINE[cell.cell_type]) and len(source) <= room[cell.cell_type]
        room[cell.cell_type] -= len(source) if usual else 0
        if cell.cell_type == "code":
            cell.metadata.pop("magics_language", None)  # "%%html" and its kin: colourers of other languages
            if not usual:
                cell.metadata["magics_language"] = "text"
        elif usual and len(MATHS.findall(source)) <= MAX_MATHS:
            cell.source = FENCE.sub(r"\1text ", source)  # a block that names another language is coloured as that
        else:
            cell.source = _as_it_is(source)


def _usual(source: str, longest: int) -> bool:
    """Is it of a size and shape that people write?"""
    lines = source.split("\n")
    return (len(source) <= MAX_SET and len(lines) <= MAX_LINES and max(map(len, lines)) <= longest
            and max(map(len, re.findall(r"\s+", source)), default=0) <= MAX_SPACES)


def _as_it_is(source: str) -> str:
    """Text as a Markdown block of plain text, whatever is in it. Long lines are broken: nbconvert looks along each of
    them for links, from every bracket."""
    source = re.sub(r"([^\n]{1000})(?=[^\n])", r"\1\n", source)
    longest = max((len(run) for run in re.findall(r"~+", source)), default=0)
    fence = "~" * max(3, longest + 1)
    return f"{fence}text\n{source}\n{fence}\n"


def spreadsheet_safe(value: str) -> str:
    """Text that no spreadsheet takes for a formula, on one line. Doing it twice changes nothing.

    >>> spreadsheet_safe("=1+2"), spreadsheet_safe("x; =1+2"), spreadsheet_safe("a = b; c")
    ("'=1+2", "x; '=1+2", 'a = b; c')
    """
    value = re.sub(r"[^\S \u00a0]+", " ", value)
    value = "".join(c for c in value if unicodedata.category(c) != "Cc")
    return FORMULA.sub(r"\1\2'", value)
