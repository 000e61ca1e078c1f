"""One cell of a document as text and the role that colours it: what plain and terminal drawings share."""

from __future__ import annotations

from backprop_cli.render.look import Look
from backprop_cli.render.numbers import FEW_ENTRIES, value_text
from backprop_cli.render.visible import visible
from backprop_cli.reports.document import Bar, Cell, Figure, Partial, Shape, Status

_STATUS = {Status.RIGHT: ("✓", "right"), Status.WRONG: ("✗", "wrong"), Status.OPEN: ("?", "name"), Status.NOTE: ("!", "wrong")}
_BAR = 12


def cell_text(cell: Cell, look: Look) -> tuple[str, str]:
    """The text of a cell, of several lines at times, and its role."""
    match cell:
        case str():
            return visible(cell), ""
        case Partial(of=of, wrt=wrt):
            d = look.glyphs("∂")
            return visible(f"{d}{of}/{d}{wrt}"), ""
        case Figure(value=value, gradient=gradient):
            most = None if look.width is None else FEW_ENTRIES
            return value_text(value, look.digits, most), "gradient" if gradient else "value"
        case Shape(sizes=sizes):
            return str(sizes) if sizes else "", "dim"
        case Bar(share=share):
            return look.glyphs("━" * int(share * _BAR) + "╸" * (share * _BAR % 1 >= 0.5)), "gradient"
        case Status():
            glyph, role = _STATUS[cell]
            return look.glyphs(glyph), role
        case _:
            from backprop_cli.lang.syntax import Name
            from backprop_cli.lang.unparse import unparse

            return visible(unparse(cell)), "name" if isinstance(cell, Name) else ""


def sentence(parts: tuple[Cell, ...], look: Look) -> str:
    """Parts side by side, painted."""
    return " ".join(look.paint(*cell_text(part, look)) for part in parts)
