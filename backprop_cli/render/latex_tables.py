"""Tables as LaTeX that fit their page: columns as wide as their cells where there is room, folded where there is not.

Matrices that would press a column get a line of their own below their row, from the second column to the margin.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from backprop_cli.lang.pattern import Filled
from backprop_cli.render.cells import arrays_in, cell_text, standing
from backprop_cli.render.latex_cells import EM, TREES, Sheet, entry_width, side_by_side, text_cell
from backprop_cli.render.latex_words import words
from backprop_cli.render.numbers import is_array
from backprop_cli.reports.document import Bar, Cell, Figure, Partial, Phrase, Rail, Substituted, Table

PORTRAIT, LANDSCAPE = 510.0, 755.0  # points between the margins
_SIZES = ((r"\normalsize", 1.0), (r"\small", 0.92), (r"\footnotesize", 0.83))
_GAP = 12.0  # between two columns
_MEASURED = 400  # rows whose widths are known before the first is written
_HUNG = 110.0  # width from which a matrix gets a line of its own
_WORD = re.compile(r"[^\s*/(),@]+")
_LONGEST = 16  # letters of a name that are not parted


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A table, with the natural and the least width of each column, in points at the size of the text.

    `labels` stand before a cell that is set below its row.
    """

    head: tuple[Cell, ...]
    labels: tuple[Cell, ...]
    rows: Iterable[Sequence[Cell]]
    natural: list[float]
    least: list[float]

    def fits(self, room: float, factor: float) -> bool:
        """Whether no cell need be folded in this width, at a size of so many parts of the text's."""
        return sum(self.natural) * factor + _GAP * (len(self.natural) - 1) <= room


def measured(table: Table, sheet: Sheet) -> Measured:
    """A table measured by its first rows; bars and empty columns are left out."""
    rows = iter(table.rows)
    first: list[Sequence[Cell]] = list(islice(rows, _MEASURED))
    head = table.titles or table.head
    kept = [n for n, _ in enumerate(head) if not first or any(row[n] != "" and not isinstance(row[n], Bar) for row in first)]
    natural, least = [], []
    for n in kept:
        extents = [_extent(head[n], sheet), *(_extent(row[n], sheet) for row in first if not is_hung(row[n], sheet))]
        natural.append(max(each[0] for each in extents) + 2)
        least.append(max(each[1] for each in extents) + 2)
    every = ([row[n] for n in kept] for row in chain(first, rows))
    return Measured(tuple(head[n] for n in kept), tuple(table.head[n] for n in kept), every, natural, least)


def is_hung(cell: Cell, sheet: Sheet) -> bool:
    """Whether a cell holds matrices that are too wide for a column."""
    return arrays_in(cell) and _extent(cell, sheet)[0] > _HUNG


def _extent(cell: Cell, sheet: Sheet) -> tuple[float, float]:
    """The natural width of a cell, and the least it can be folded to."""
    match cell:
        case "" | Rail() | Bar():
            return 0.0, 0.0
        case Figure(value=value) if is_array(value):
            wide = (value.shape[-1] if value.ndim <= 2 else 2) * entry_width(value, sheet.look)
            return wide, min(wide, _HUNG)
        case Partial(of=of, wrt=wrt):
            wide = EM * (max(len(of), len(wrt)) + 1.5)
            return wide, min(wide, EM * (_LONGEST + 2))
        case Substituted() if any(map(is_array, cell.values.values())):
            arrays = sum(_extent(Figure(value), sheet)[0] for value in cell.values.values())
            return arrays + EM * len(cell.written.text), _HUNG
        case Phrase(parts=parts):
            extents = [_extent(part, sheet) for part in parts]
            return sum(each[0] + EM for each in extents), max((each[1] for each in extents), default=0.0)
        case _:
            text = cell_text(cell, sheet.look)[0]
            pieces = _WORD.findall(text)
            longest = max(map(len, pieces), default=0)
            if isinstance(cell, (Filled, Substituted, *TREES)):
                longest = min(longest, _LONGEST)
                return EM * (len(text) + text.count("*")), EM * (longest + 1)
            return EM * len(text), EM * longest


def _widths(given: Measured, room: float, factor: float) -> list[float]:
    """The width of each column: what its cells need, or what is left of the page shared out."""
    natural = [each * factor for each in given.natural]
    least = [min(small * factor, wide) for small, wide in zip(given.least, natural, strict=True)]
    room -= _GAP * (len(natural) - 1)
    if sum(natural) <= room:
        return natural
    if sum(least) >= room:
        return [each * room / sum(least) for each in least]
    share = (room - sum(least)) / sum(wide - small for wide, small in zip(natural, least, strict=True))
    return [small + share * (wide - small) for wide, small in zip(natural, least, strict=True)]


def drawn_table(given: Measured, sheet: Sheet) -> Iterator[str]:
    """The lines of a table."""
    size, factor = next((each for each in _SIZES if given.fits(sheet.room, each[1])), _SIZES[-1])
    widths = _widths(given, sheet.room, factor)
    columns = "".join(rf"C{{{width:.0f}pt}}" for width in widths)
    yield rf"{{{size}" + "\n" + rf"\begin{{longtable}}[l]{{@{{}}{columns}@{{}}}}" + "\n\\toprule\n"
    sheets = [replace(sheet, room=width / factor) for width in widths]
    if any(given.head):
        yield " & ".join(text_cell(cell, each) for cell, each in zip(given.head, sheets, strict=True)) + " \\\\\n\\midrule\n\\endhead\n"
    below = sheet.room - widths[0] - _GAP if len(widths) > 1 else sheet.room
    for row in given.rows:
        hung = _hung(row, sheet) if len(widths) > 1 else []
        drawn = ["" if n in hung else text_cell(cell, each) for n, (cell, each) in enumerate(zip(row, sheets, strict=True))]
        yield " & ".join(drawn) + (" \\\\*\n" if hung else " \\\\\n")
        if hung:
            lines = [side_by_side(standing(row[n], given.labels[n]), replace(sheet, room=below / factor)) for n in hung]
            yield rf" & \multicolumn{{{len(widths) - 1}}}{{C{{{below:.0f}pt}}@{{}}}}{{{' '.join(lines)}}} \\" + "\n"
    yield "\\bottomrule\n\\end{longtable}}\n"


def _hung(row: Sequence[Cell], sheet: Sheet) -> list[int]:
    """The cells of a row that stand below it: from the first that must, every one that holds an array."""
    first = next((n for n, cell in enumerate(row) if is_hung(cell, sheet)), len(row))
    return [n for n in range(first, len(row)) if arrays_in(row[n])]


def heading(table: Table, sheet: Sheet) -> Iterator[str]:
    """What stands above a table."""
    if table.heading:
        yield rf"\subsection*{{{text_cell(table.heading, sheet)}}}" + "\n"
    if table.aside:
        yield (words(table.aside) if isinstance(table.aside, str) else text_cell(table.aside, sheet)) + "\\par\n"
