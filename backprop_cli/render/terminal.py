"""Documents on a terminal: Rich lays the tables out, so that long formulas fold inside their own column."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import chain, islice

from backprop_cli.render.look import Look
from backprop_cli.render.plain import drawn_cell, plain, signed_columns
from backprop_cli.reports.document import Document, Table

_MOST = 500  # rows; Rich takes 0.3 ms for each
_TRAILING = re.compile(r" +((?:\x1b\[[0-9;]*m)*)$", re.MULTILINE)


def terminal(document: Document, look: Look) -> Iterator[str]:
    """The drawing of a document, block by block; tables are fitted to the width, long ones are written as plain text."""
    for number, block in enumerate(document.blocks):
        if number:
            yield "\n"
        if isinstance(block, Table):
            yield from _table(block, look)
        else:
            yield from plain(Document((block,)), look)


def _table(table: Table, look: Look) -> Iterator[str]:
    rows = iter(table.rows)
    first = list(islice(rows, _MOST + 1))
    if len(first) > _MOST or look.width is None:
        yield from plain(Document((Table(table.head, chain(first, rows)),)), look)
        return
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="")
    for cell in table.head:
        grid.add_column(Text.from_ansi(look.paint(drawn_cell(cell, look, False)[0], "dim")), overflow="fold")
    signs = signed_columns(first)
    for row in first:
        drawn = [drawn_cell(cell, look, signed) for cell, signed in zip(row, signs, strict=True)]
        grid.add_row(*(Text.from_ansi(look.paint(*each)) for each in drawn))
    out = io.StringIO()
    colours = "256" if look.colour else None
    console = Console(file=out, width=look.width, force_terminal=look.colour, color_system=colours, legacy_windows=False, _environ={})  # type: ignore[arg-type]
    console.print(Padding(grid, (0, 0, 0, 2)))
    yield _TRAILING.sub(r"\1", out.getvalue())
