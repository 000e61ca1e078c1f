"""Documents as Markdown with tables: formulas and names stand in code spans, so that nothing in them is taken for markup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from backprop_cli.lang.pattern import Filled
from backprop_cli.lang.syntax import Apply, Brackets, Index, Name, Number
from backprop_cli.render.cells import cell_text
from backprop_cli.render.look import Look
from backprop_cli.render.visible import visible
from backprop_cli.reports.document import (
    Bar,
    Block,
    Cell,
    Document,
    Figure,
    Listing,
    Paragraph,
    Partial,
    Phrase,
    Rail,
    Substituted,
    Table,
    Title,
)

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|<>~$-])")
_CODE = (Filled, Substituted, Partial, Number, Name, Apply, Brackets, Index)
_SIGNS = frozenset(["=", "+=", " =", "+", "×", "·", "→"])


def markdown(document: Document, look: Look) -> Iterator[str]:
    """The lines of a document, each with its line end."""
    look = Look(unicode=look.unicode, digits=look.digits)
    for number, block in enumerate(document.blocks):
        if number:
            yield "\n"
        yield from _lines(block, look)


def _lines(block: Block, look: Look) -> Iterator[str]:
    match block:
        case Title(parts=parts):
            yield f"# {_code(Phrase(parts), look)}\n"
        case Paragraph(parts=parts, aside=aside):
            yield " ".join(_cell(part, look) for part in parts) + (f" *{_own(aside, look)}*" if aside else "") + "\n"
        case Listing(heading=heading, lines=lines):
            yield f"**{_own(heading, look)}**\n\n"
            for parts in lines:
                yield f"- {' '.join(_cell(part, look) for part in parts)}\n"
        case Table():
            yield from _table(block, look)


def _table(table: Table, look: Look) -> Iterator[str]:
    if table.heading:
        yield f"## {_own(table.heading, look)}\n\n"
    if table.aside:
        yield f"{_own(table.aside, look)}\n\n"
    rows = iter(table.rows)
    first = next(rows, None)
    head = table.titles or table.head
    kept = [n for n, _ in enumerate(head) if first is None or not isinstance(first[n], Bar)]
    yield _row([_cell(head[n], look) for n in kept])
    yield _row(["---"] * len(kept))
    if first is not None:
        yield _row([_cell(first[n], look) for n in kept])
    for row in rows:
        yield _row([_cell(row[n], look) for n in kept])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def escaped(text: str, look: Look) -> str:
    """A text in which no character is markup."""
    return _MARKUP.sub(r"\\\1", look.glyphs(visible(text)))


def _own(cell: Cell, look: Look) -> str:
    return escaped(cell, look) if isinstance(cell, str) else _cell(cell, look)


def _cell(cell: Cell, look: Look) -> str:
    match cell:
        case str():
            return escaped(cell, look)
        case Rail() | Bar():
            return ""
        case Phrase(parts=parts):
            return _phrase(parts, look)
        case Figure() if not _marked(cell, look):
            return cell_text(cell, look)[0]
        case _ if isinstance(cell, (*_CODE, Figure)):
            return _code(cell, look)
        case _:
            return escaped(cell_text(cell, look)[0], look)


def _phrase(parts: Sequence[Cell], look: Look) -> str:
    """Parts side by side: formulas, numbers and the signs between them in one code span, words beside it."""
    pieces: list[str] = []
    together: list[Cell] = []
    for part in [*parts, ""]:
        if isinstance(part, (*_CODE, Figure)) or part in _SIGNS:
            together.append(part)
        elif not isinstance(part, Rail):
            pieces.append(_code(Phrase(tuple(together)), look) if together else "")
            pieces.append(_cell(part, look))
            together = []
    text = ""
    for piece in pieces:
        text += (" " if text and piece[:1] not in (",", ":", ";") else "") * bool(piece) + piece
    return text


def _marked(figure: Figure, look: Look) -> bool:
    return _MARKUP.search(cell_text(figure, look)[0].removeprefix("-")) is not None


def _code(cell: Cell, look: Look) -> str:
    """A code span. A bar would end the table's cell; inside code, too, it is written with a backslash."""
    text = " ".join(cell_text(cell, look)[0].split())
    return f"`{text.replace('`', chr(0x27)).replace('|', chr(92) + '|')}`" if text else ""
