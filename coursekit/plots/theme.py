"""One picture for light and dark pages: drawn on white, turned over where the page is dark.

A PNG cannot follow a theme, and colours that are legible on black and on white alike are pale on both. So each picture
is drawn once, black on white, and the page itself turns lightness over where JupyterLab (or VS Code) is dark: `invert`
swaps light and dark, `hue-rotate(180deg)` brings each hue back. White becomes exactly JupyterLab's dark background. A
page that ignores the rule still shows a white card with every word on it.
"""

from __future__ import annotations

import numpy as np

DARK = "#111111"  # JupyterLab's background in its dark theme
SHARE = 1 - int(DARK[1:3], 16) / 255  # of the inversion, such that white becomes DARK

# Filter Effects Module 1 (W3C), sections 8.4 and 9.4: the matrix of hue-rotate(180deg), on sRGB values.
HUE_ROTATE_180 = np.array([[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]])

STYLE = (
    '<style>[data-jp-theme-light="false"] .ck-picture, .vscode-dark .ck-picture '
    f"{{ filter: invert({SHARE:.4f}) hue-rotate(180deg) }}</style>"
)


def in_dark(colour: str) -> str:
    """The colour that a reader sees in the dark theme for one drawn as "#rrggbb"."""
    drawn = _channels(colour)
    inverted = drawn * (1 - SHARE) + (1 - drawn) * SHARE
    seen = np.round(255 * np.clip(HUE_ROTATE_180 @ inverted, 0, 1)).astype(int)
    return "#{:02x}{:02x}{:02x}".format(*seen)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 (equal) to 21 (black on white).

    Lines and dots need 3, letters 4.5: Web Content Accessibility Guidelines 2.1, criteria 1.4.11 and 1.4.3.
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _channels(colour: str) -> np.ndarray:
    return np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)])


def _luminance(colour: str) -> float:
    c = _channels(colour)
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
