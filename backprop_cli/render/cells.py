"""One cell of a document as text and the role that colours it: what plain and terminal drawings share."""

from __future__ import annotations

import re

from backprop_cli.render.look import Look
from backprop_cli.render.numbers import FEW_ENTRIES, value_text
from backprop_cli.render.visible import cells, visible
from backprop_cli.lang.pattern import Filled
from backprop_cli.reports.document import Bar, Cell, Figure, Partial, Phrase, Rail, Shape, Status, Substituted

_STATUS = {Status.RIGHT: ("✓", "right"), Status.WRONG: ("✗", "wrong"), Status.OPEN: ("?", "name"), Status.NOTE: ("!", "wrong")}
_BAR = 12
_LOOSE = re.compile(r"^-| [+-] ")
RAILS = str.maketrans({"╭": ".", "╰": "`", "├": "|", "│": "|", "─": "-", "┬": "+", "┴": "+", "┼": "+", "▶": ">", "╴": "-"})


def cell_text(cell: Cell, look: Look) -> tuple[str, str]:
    """The text of a cell, of several lines at times, and its role."""
    match cell:
        case str():
            return visible(cell), ""
        case Partial(of=of, wrt=wrt):
            d = look.glyphs("∂")
            return visible(f"{d}{of}/{d}{wrt}"), ""
        case Figure(value=value, gradient=gradient, factor=factor):
            most = None if look.width is None else FEW_ENTRIES
            text = value_text(value, look.digits, most)
            return f"({text})" if factor and _LOOSE.search(text) else text, "gradient" if gradient else "value"
        case Shape(sizes=sizes):
            return str(sizes) if sizes else "", "dim"
        case Bar(share=share):
            return look.glyphs("━" * int(share * _BAR) + "╸" * (share * _BAR % 1 >= 0.5)), "gradient"
        case Status():
            glyph, role = _STATUS[cell]
            return look.glyphs(glyph), role
        case Filled():
            return visible(cell.text), ""
        case Substituted():
            return visible(numbers_text(cell, look)), ""
        case Rail(text=text):
            return text if look.unicode else text.translate(RAILS), "dim"
        case Phrase():
            return phrase_text(cell, look)
        case _:
            from backprop_cli.lang.syntax import Name
            from backprop_cli.lang.unparse import unparse

            return visible(unparse(cell)), "name" if isinstance(cell, Name) else ""


def phrase_text(phrase: Phrase, look: Look) -> tuple[str, str]:
    """Cells side by side; the lines of an array stand below one another. The role is that of a gradient where one is among them."""
    text, role = "", ""
    for part in phrase.parts:
        piece, own = cell_text(part, look)
        if not piece:
            continue
        if own == "gradient":
            role = own
        if phrase.room and isinstance(part, Figure) and "\n" not in piece and not piece.startswith(("-", "[")):
            piece = f" {piece}"
        if text:
            text += " "
        if "\n" in piece:
            indent = "\n" + " " * cells(text.rpartition("\n")[2])
            piece = piece.replace("\n", indent)
        text += look.glyphs(piece) if piece in ("×", "·", "Σ", "→") else piece
    return text, role


def numbers_text(cell: Substituted, look: Look) -> str:
    """An expression with numbers for its names, products with a cross and quotients with room: `2 × 3`, `1 / 2.7918`."""
    texts = {name: value_text(value, look.digits) for name, value in cell.values.items()}
    words = [texts.get(word, word) for word in cell.written.words]
    if any("\n" in text or "/" in text or "(" in text for text in texts.values()):
        return substituted_text(cell, texts)
    written = cell.written.pattern.text_of_numbers(words)
    return written.replace("*", look.glyphs(" × ")).replace("/", " / ")


def substituted_text(cell: Substituted, texts: dict[str, str]) -> str:
    """The same where numbers are arrays, fractions or formulas: through the tree, so that parentheses are right."""
    from backprop_cli.lang.parse import parse_expression
    from backprop_cli.lang.syntax import substitute
    from backprop_cli.lang.unparse import unparse

    numbers = {name: parse_expression(" ".join(text.split())) for name, text in texts.items()}
    return unparse(substitute(cell.written.tree, numbers))


def sentence(parts: tuple[Cell, ...], look: Look) -> str:
    """Parts side by side, painted."""
    return " ".join(look.paint(*cell_text(part, look)) for part in parts)
