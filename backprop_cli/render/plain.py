"""Documents as aligned plain text: for pipes, for files, and where a table is long. Nothing is cut or folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from backprop_cli.render.cells import cell_text, joined, sentence
from backprop_cli.render.folding import above, folded, own_text
from backprop_cli.render.look import Look
from backprop_cli.render.numbers import is_array
from backprop_cli.render.visible import cells, pad
from backprop_cli.reports.document import Bar, Block, Cell, Document, Entries, Figure, Listing, Paragraph, Table, Title
from backprop_cli.reports.plain_data import near_float

GAP = "   "
_MEASURED = 500  # rows whose widths are known before the first is written
_WIDEST = 400  # a wider cell does not widen its column: blanks under a statement of a megabyte would be gigabytes


def plain(document: Document, look: Look) -> Iterator[str]:
    """The lines of a document, each with its line end, as soon as they are known."""
    for number, block in enumerate(document.blocks):
        yield from gap(document, number)
        yield from _lines(block, look)


def gap(document: Document, number: int) -> Iterator[str]:
    """The empty line before a block; paragraphs follow one another without."""
    if number and not all(isinstance(block, Paragraph) for block in document.blocks[number - 1 : number + 1]):
        yield "\n"


def _lines(block: Block, look: Look) -> Iterator[str]:
    match block:
        case Title(parts=parts):
            yield sentence(parts, look) + "\n"
        case Paragraph(parts=parts, aside=aside):
            small = own_text(aside, look) if aside else ""
            lines = list(folded(parts, look))
            fits = look.width is None or cells(joined(parts, look)[0]) + len(GAP) + cells(small) <= look.width
            yield "\n".join(lines) + (GAP if fits else "\n    ") * bool(small) + look.paint(small, "dim") + "\n"
        case Table():
            yield from _table(block, look)
        case Entries():
            from backprop_cli.render.entries import entries

            yield from entries(block, look)
        case Listing(heading=title, lines=listed):
            yield from (line + "\n" for line in above(title, "", look))
            for parts in listed:
                yield from (line + "\n" for line in folded(parts, look, "  "))


def heading(table: Table, look: Look) -> Iterator[str]:
    """The lines above a table, where it has a heading."""
    if table.heading:
        yield from (line + "\n" for line in above(table.heading, table.aside, look))


def _table(table: Table, look: Look) -> Iterator[str]:
    yield from heading(table, look)
    rows = iter(table.rows)
    first = list(islice(rows, _MEASURED))
    barred = [n for n, _ in enumerate(table.head) if look.width is None and any(isinstance(row[n], Bar) for row in first)]
    kept = [n for n, _ in enumerate(table.head) if n not in barred and n not in table.paper]
    signs = signed_columns(first) or [False] * len(table.head)
    head = [cell_text(table.head[n], look)[0] for n in kept]
    drawn = [[drawn_cell(row[n], look, signs[n]) for n in kept] for row in first]
    widths = [cells(text) for text in head]
    for row in drawn:
        widths = [max(width, *map(_widening, text.split("\n"))) for width, (text, _) in zip(widths, row, strict=True)]
    if any(head):
        yield from plain_row([(text, "dim") for text in head], widths, look)
    for row in chain(drawn, ([drawn_cell(row[n], look, signs[n]) for n in kept] for row in rows)):
        yield from plain_row(row, widths, look)


def _widening(text: str) -> int:
    width = cells(text)
    return width if width <= _WIDEST else 0


def signed_columns(rows: Sequence[Sequence[Cell]]) -> list[bool]:
    """For each column, whether its numbers leave room for a minus."""
    return [any(map(_negative, column)) for column in zip(*rows, strict=True)]


def _negative(cell: Cell) -> bool:
    return isinstance(cell, Figure) and not is_array(cell.value) and near_float(cell.value) < 0


def drawn_cell(cell: Cell, look: Look, signed: bool) -> tuple[str, str]:
    """A cell as text and role; where its column has room for a minus, a number without one starts a column later."""
    text, role = cell_text(cell, look)
    return (" " + text if signed and is_number(cell) and not text.startswith("-") else text), role


def is_number(cell: Cell) -> bool:
    """Whether a cell is a single number."""
    return isinstance(cell, Figure) and not is_array(cell.value)


def plain_row(drawn: Sequence[tuple[str, str]], widths: Sequence[int], look: Look) -> Iterator[str]:
    """A row of texts and roles, each as wide as its column."""
    if not any("\n" in text for text, _ in drawn):
        paint = look.paint if look.colour else _unpainted
        line = GAP.join([paint(text, role) + " " * (width - cells(text)) for (text, role), width in zip(drawn, widths, strict=True)])
        yield "  " + line.rstrip() + "\n" if line.strip() else "\n"
        return
    lines = [text.split("\n") for text, _ in drawn]
    for level in range(max(map(len, lines))):
        parts = []
        for column, (_, role) in enumerate(drawn):
            text = lines[column][level] if level < len(lines[column]) else ""
            parts.append(look.paint(text, role) + pad(text, widths[column])[len(text) :])
        yield ("  " + GAP.join(parts)).rstrip() + "\n"


def _unpainted(text: str, role: str) -> str:
    return text
