"""What came from outside, made fit for a terminal: nothing invisible, nothing that moves the cursor, nothing that turns text round."""

from __future__ import annotations

import re

TAB = "    "
# Letters and signs known to take one column each: with these alone, Rich need not be asked (and loaded).
_NARROW = re.compile("[ -~\xa1-\xac\xae-\u02ff\u0370-\u0482\u048a-\u052f₀-₉∂✓✗↪≈…─-╿]*")


def visible(text: str) -> str:
    """The text with control characters as `\\x1b`, other invisible ones as `U+202E`, and every kind of space as a space."""
    return text if text.isprintable() else "".join(map(_seen, text))


def _seen(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if char == "\t":
        return TAB
    if code < 0x20 or 0x7F <= code < 0xA0:
        return f"\\x{code:02x}"
    if 0xDC80 <= code < 0xDD00:  # a byte of a file name that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return " " if char.isspace() and code not in (0x2028, 0x2029) else f"U+{code:04X}"


def cells(text: str) -> int:
    """How many columns a terminal gives a visible text: wide letters take two, combining marks none."""
    if (text.isascii() and text.isprintable()) or _NARROW.fullmatch(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def pad(text: str, width: int) -> str:
    """The text with blanks up to a width in columns."""
    return text + " " * (width - cells(text))
