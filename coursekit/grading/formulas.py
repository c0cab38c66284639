"""Formulas in feedback pages: TeX becomes MathML, which every browser sets by itself, without a network.

nbconvert leaves ``$...$`` to MathJax, which a page would have to fetch. MathML also speaks to screen readers.
"""
from __future__ import annotations

import re

from latex2mathml.converter import convert

# Code first: a dollar in it is no formula. Then formulas on lines of their own, then those within a line.
_PIECES = re.compile(
    r"(?P<code>^(?P<fence>```|~~~).*?^(?P=fence)[^\n]*$|(?P<ticks>`+).+?(?P=ticks))"
    r"|\$\$(?P<block>.+?)\$\$"
    r"|(?<![\\$])\$(?P<inline>(?=\S)[^$]+?(?<=\S))\$(?!\d)",
    re.DOTALL | re.MULTILINE,
)


def with_mathml(markdown: str) -> str:
    """Replaces each TeX formula of a Markdown text by MathML; one that cannot be read stays as it is."""
    return _PIECES.sub(_set, markdown)


def _set(found: re.Match[str]) -> str:
    tex = found["block"] or found["inline"]
    if tex is None:
        return found[0]
    try:
        math = convert(tex.strip(), display="block" if found["block"] else "inline")
    except Exception:  # latex2mathml raises many kinds, and a page without one formula is better than no page
        return found[0]
    # Markdown ends an inline element at an empty line, and reads a backslash and an asterisk as its own.
    return re.sub(r"\s+", " ", math).replace("\\_", "_").replace("*", "&#x0002A;").replace("\\", "&#x0005C;")
