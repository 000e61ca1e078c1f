"""Documents on a terminal: Rich lays the tables out; what does not fit beside a row stands below or above it.

A table is tried in several arrangements, the one that says most first: every column side by side; spare columns left out;
wide cells below their row, or the statement that several rows belong to above them; at last, formulas folded.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

from backprop_cli.render.arranging import HUNG, Arranged, arrangements
from backprop_cli.render.cells import cell_text
from backprop_cli.render.folding import folded
from backprop_cli.render.look import Look
from backprop_cli.render.plain import GAP, drawn_cell, gap, heading, is_number, plain, plain_row, signed_columns
from backprop_cli.render.visible import cells
from backprop_cli.reports.document import Cell, Document, Partial, Phrase, Rail, Table

_MOST = 500  # rows; Rich takes 0.3 ms for each
_SHARE = 0.5  # of the width, for a column that is not folded
_WIRING = 0.25  # of the width, for the rails of a table that does not fit
_LEAST = 12  # columns left for each formula beside such
_ANY = 1 << 20  # columns
_TRAILING = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)
_PLACE = re.compile(rf"^.*{HUNG}.*\n", re.MULTILINE)


def terminal(document: Document, look: Look) -> Iterator[str]:
    """The drawing of a document, block by block; tables are fitted to the width, long ones are written as plain text."""
    for number, block in enumerate(document.blocks):
        yield from gap(document, number)
        if isinstance(block, Table):
            yield from _table(block, look)
        else:
            yield from plain(Document((block,)), look)


def _table(table: Table, look: Look) -> Iterator[str]:
    rows = iter(table.rows)
    first: list[Sequence[Cell]] = list(islice(rows, _MOST + 1))
    if look.width is None:
        whole = Table(table.head, chain(first, rows), table.heading, table.aside, table.spare, table.paper)
        yield from plain(Document((whole,)), look)
        return
    if len(first) > _MOST:
        yield from heading(table, look)
        yield from _long(table, first, rows, look, look.width)
        return
    yield from heading(table, look)
    from rich.console import Console

    out = io.StringIO()
    colours: Any = "256" if look.colour else None
    console = Console(file=out, width=look.width, force_terminal=look.colour, color_system=colours, legacy_windows=False, _environ={})
    whole_line = console.options.update(max_width=_ANY)
    arranged, grid = Arranged(table.head, first, ()), None
    for arrange in arrangements(table, first, look):
        arranged = arrange(first)
        grid = _grid(arranged.head, arranged.rows, look)
        if console.measure(grid, options=whole_line).maximum <= look.width:
            break
    else:
        fewer = [[_unwired(cell, look) for cell in row] for row in arranged.rows]
        arranged = Arranged(arranged.head, fewer, arranged.hung)
        grid = _grid(arranged.head, arranged.rows, look, stiffly=True)
        if console.measure(grid, options=whole_line).minimum > look.width:
            for row in first:
                beside = [cell for n, cell in enumerate(row) if n not in table.paper and cell != ""]
                yield from (f"{line}\n" for line in folded(beside, look, "  ", 4))
            return
    console.print(grid)
    hung = iter(arranged.hung)
    text = _PLACE.sub(lambda found: "".join(f"{line}\n" for line in folded(*next(hung))), out.getvalue())
    yield _TRAILING.sub(r"\1", text)


def _long(table: Table, first: Sequence[Sequence[Cell]], rows: Iterator[Sequence[Cell]], look: Look, width: int) -> Iterator[str]:
    """A long table as plain text, in the first arrangement that fits; written in pieces, each as soon as its rows are known."""
    ways = list(arrangements(table, first, look))
    chosen = next((way for way in ways if sum(each + len(GAP) for each in _widths(way(first), look)) <= width + 1), ways[-1])
    arranged = chosen(first)
    widths, signs = _widths(arranged, look), signed_columns([row for row in arranged.rows if not isinstance(row[0], Rail)])
    if any(cell != "" for cell in arranged.head):
        yield from plain_row([(cell_text(cell, look)[0], "dim") for cell in arranged.head], widths, look)
    while arranged.rows:
        hung = iter(arranged.hung)
        for row in arranged.rows:
            if isinstance(row[0], Rail):
                yield from (f"{line}\n" for line in folded(*next(hung)))
            else:
                yield from plain_row([drawn_cell(cell, look, sign) for cell, sign in zip(row, signs, strict=True)], widths, look)
        arranged = chosen(list(islice(rows, _MOST)))


def _widths(arranged: Arranged, look: Look) -> list[int]:
    """The natural width of each column."""
    signs = signed_columns(arranged.rows)
    widths = [cells(cell_text(cell, look)[0]) for cell in arranged.head]
    for row in arranged.rows:
        if not isinstance(row[0], Rail):
            texts = [drawn_cell(cell, look, sign)[0] for cell, sign in zip(row, signs, strict=True)]
            widths = [max(wide, *map(cells, text.split("\n"))) for wide, text in zip(widths, texts, strict=True)]
    return widths


def _unwired(cell: Cell, look: Look) -> Cell:
    """A statement without its wiring, where that would take more than its share of the width."""
    assert look.width is not None
    if not isinstance(cell, Phrase) or not any(isinstance(part, Rail) and len(part.text) > look.width * _WIRING for part in cell.parts):
        return cell
    return Phrase(tuple(part for part in cell.parts if not isinstance(part, Rail)), cell.room)


def is_stiff(cell: Cell) -> bool:
    """Whether a cell reads badly when it is folded: numbers, phrases of numbers alone, statements with their wiring."""
    if not isinstance(cell, Phrase):
        return is_number(cell)
    if any(isinstance(part, Rail) for part in cell.parts):
        return True
    return all(isinstance(part, str | Partial) or is_number(part) for part in cell.parts)


def _grid(head: Sequence[Cell], rows: Sequence[Sequence[Cell]], look: Look, stiffly: bool = False) -> Any:
    """The table for Rich. Numbers are never folded; names and formulas are, where they must be, and `stiffly` only they."""
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text

    signs = signed_columns(rows) or [False] * len(head)
    drawn = [[drawn_cell(cell, look, signed) for cell, signed in zip(row, signs, strict=True)] for row in rows]
    fixed = _stiff_widths(head, rows, drawn, look) if stiffly else {}
    grid = Grid(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="", show_header=any(cell != "" for cell in head))
    for number, cell in enumerate(head):
        widths = [len(drawn[n][number][0]) for n, row in enumerate(rows) if is_number(row[number])]
        title = Text.from_ansi(look.paint(drawn_cell(cell, look, False)[0], "dim"))
        least = max([len(title), *widths] if widths else [1])
        grid.add_column(title, overflow="fold", min_width=least, width=fixed.get(number))
    for row in drawn:
        grid.add_row(*(Text.from_ansi(look.paint(*each)) for each in row))
    return Padding(grid, (0, 0, 0, 2))


def _stiff_widths(
    head: Sequence[Cell], rows: Sequence[Sequence[Cell]], drawn: Sequence[Sequence[tuple[str, str]]], look: Look
) -> dict[int, int]:
    """The widths of columns whose cells read badly when folded; the last ones alone where too little would be left for the others."""
    assert look.width is not None
    fixed: dict[int, int] = {}
    for number, cell in enumerate(head):
        widths = [cells(drawn[n][number][0]) for n, row in enumerate(rows) if is_stiff(row[number])]
        widths = [width for width in widths if width <= look.width * _SHARE]
        if widths:
            fixed[number] = max([cells(drawn_cell(cell, look, False)[0]), *widths])
    natural = [max((cells(row[number][0]) for row in drawn), default=0) for number in range(len(head))]
    while fixed:
        others = sum(min(_LEAST, width) for number, width in enumerate(natural) if number not in fixed)
        if 2 + sum(fixed.values()) + others + 3 * (len(head) - 1) <= look.width:
            break
        del fixed[min(fixed)]
    return fixed
