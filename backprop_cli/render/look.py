"""How a stream wants to be drawn on: width, colour, alphabet, digits."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from typing import TextIO

from backprop_cli.records import record

# Two hues that stay readable on white and on black; everything else is the default or dim. A glyph or a word always says the same.
ROLES = {
    "": "",
    "name": "1",
    "heading": "38;5;32",
    "value": "38;5;32",
    "gradient": "1;38;5;166",
    "right": "38;5;32",
    "wrong": "1;38;5;166",
    "dim": "2",
}
_GLYPHS = {
    "∂": "d", "✓": "[ok]", "✗": "[no]", "↪": "[->]", "━": "=", "╸": "-", "╭": ",", "╰": "`", "├": "|", "│": "|", "─": "-",
    "…": "...", "→": "->", "×": "*", "·": "*", "≠": "!=", "≈": "[~]", "−": "-", "—": "-", "’": "'", "⋮": ":", "Σ": "sum",
}  # fmt: skip
_ASCII = str.maketrans(_GLYPHS)


@record(eq=True)
class Look:
    """`width` is None where nothing may be cut or folded: in pipes and files. `digits` are significant digits for people."""

    width: int | None = None
    colour: bool = False
    unicode: bool = True
    digits: int = 6

    def glyphs(self, text: str) -> str:
        """Our own signs, in letters that the stream can hold. Not for texts that came from outside."""
        return text if self.unicode else text.translate(_ASCII)

    def paint(self, text: str, role: str) -> str:
        """The text in the colour of its role, where there is colour."""
        style = ROLES[role]
        return f"\x1b[{style}m{text}\x1b[0m" if self.colour and style and text else text


def look_at(
    stream: TextIO, colour: str = "auto", ascii_only: bool = False, digits: int = 6, environ: Mapping[str, str] = os.environ
) -> Look:
    """The look of a stream. `colour` is auto, always or never; then NO_COLOR, FORCE_COLOR and the terminal decide."""
    terminal = stream.isatty()
    width = shutil.get_terminal_size().columns if terminal else None
    return Look(width, _coloured(terminal, colour, environ), not ascii_only and _holds_glyphs(stream), digits)


def _coloured(terminal: bool, colour: str, environ: Mapping[str, str]) -> bool:
    if colour != "auto":
        return colour == "always"
    if environ.get("NO_COLOR"):
        return False
    forced = environ.get("FORCE_COLOR")
    if forced:
        return forced != "0"
    return terminal and environ.get("TERM") != "dumb"


def _holds_glyphs(stream: TextIO) -> bool:
    try:
        "".join(_GLYPHS).encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
