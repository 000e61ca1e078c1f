"""Documents on a terminal: Rich lays the tables out, so that long formulas fold inside their own column."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from backprop_cli.render.look import Look
from backprop_cli.render.plain import drawn_cell, gap, heading, is_number, plain, signed_columns
from backprop_cli.reports.document import Bar, Cell, Document, Table

_MOST = 500  # rows; Rich takes 0.3 ms for each
_ANY = 1 << 20  # columns
_TRAILING = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)


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
    if len(first) > _MOST or look.width is None:
        yield from plain(Document((replace(table, rows=chain(first, rows)),)), look)
        return
    yield from heading(table, look)
    from rich.console import Console

    out = io.StringIO()
    colours: Any = "256" if look.colour else None
    console = Console(file=out, width=look.width, force_terminal=look.colour, color_system=colours, legacy_windows=False, _environ={})
    grid = _grid(table.head, first, look)
    whole = console.options.update(max_width=_ANY)
    if console.measure(grid, options=whole).maximum > look.width:
        bars = [n for n, _ in enumerate(table.head) if any(isinstance(row[n], Bar) for row in first)]
        for left_out in ({*bars, *table.spare[:count]} for count in range(len(table.spare) + 1)):
            kept = [n for n, _ in enumerate(table.head) if n not in left_out]
            fewer = [[row[n] for n in kept] for row in first]
            grid = _grid([table.head[n] for n in kept], fewer, look)
            if console.measure(grid, options=whole).maximum <= look.width:
                break
        if console.measure(grid, options=whole).minimum > look.width:
            yield from plain(Document((Table(tuple(table.head[n] for n in kept), fewer),)), look)
            return
    console.print(grid)
    yield _TRAILING.sub(r"\1", out.getvalue())


def _grid(head: Sequence[Cell], rows: Sequence[Sequence[Cell]], look: Look) -> Any:
    """The table for Rich. Numbers are never folded; names and formulas are, where they must be."""
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text

    signs = signed_columns(rows) or [False] * len(head)
    drawn = [[drawn_cell(cell, look, signed) for cell, signed in zip(row, signs, strict=True)] for row in rows]
    grid = Grid(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="", show_header=any(cell != "" for cell in head))
    for number, cell in enumerate(head):
        widths = [len(drawn[n][number][0]) for n, row in enumerate(rows) if is_number(row[number])]
        title = Text.from_ansi(look.paint(drawn_cell(cell, look, False)[0], "dim"))
        grid.add_column(title, overflow="fold", min_width=max([len(title), *widths] if widths else [1]))
    for row in drawn:
        grid.add_row(*(Text.from_ansi(look.paint(*each)) for each in row))
    return Padding(grid, (0, 0, 0, 2))
