"""The arrangements of a table that a terminal tries: which columns stand side by side, and what stands above or below its row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

from backprop_cli.render.cells import RAILS, arrays_in, cell_text, standing
from backprop_cli.render.look import Look
from backprop_cli.render.visible import cells
from backprop_cli.reports.document import Bar, Cell, Phrase, Rail, Shape, Table

HUNG = "\ue200"  # the place in a grid of a line that is put in afterwards; a private-use character
_SPARED = 3  # one more than the spare columns that go before rows are taken apart
_WIDE = (0.42, 0.3)  # of the width, from which a formula takes a line of its own
_INLINE = 24  # columns that an array may take beside others
_GOING_ON = str.maketrans({"╭": "│", "┬": "│", "├": "│", "┼": "│", "╰": " ", "┴": " ", "─": " ", "▶": " ", "╴": " "})

Line = tuple[tuple[Cell, ...], Look, str, int, str | None]  # what `folded` takes


@dataclass(frozen=True, slots=True)
class Arranged:
    """A grid, in which rows that hold HUNG stand for the lines in `hung`, in this order."""

    head: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]
    hung: Sequence[Line]


Way = Callable[[Sequence[Sequence[Cell]]], Arranged]


def arrangements(table: Table, rows: Sequence[Sequence[Cell]], look: Look) -> Iterator[Way]:
    """The ways to arrange rows such as these, the one that says most first; each may be taken for further rows too."""
    every = [n for n, _ in enumerate(table.head) if n not in table.paper]
    bars = [n for n in every if any(isinstance(row[n], Bar) for row in rows)]
    counts = range(len(table.spare) + 1)
    for left_out in [
        [],
        *([bars] if bars else []),
        *([*bars, *table.spare[:count]] for count in counts[1 : _SPARED if table.lifted else None]),
    ]:
        yield partial(_flat, table, [n for n in every if n not in left_out])
    told = len("reused") if any(cell == "reused" for row in rows for cell in row) else 0
    for limit in (_INLINE, 0):
        hanging = [_hung(table, row, look, limit) for row in rows]
        if not table.lifted and not any(hanging):
            return
        # A column all of whose cells stand below their rows is no column.
        beside = [n for n in every if n == 0 or any(row[n] != "" and n not in hung for row, hung in zip(rows, hanging, strict=True))]
        for count in counts:
            kept = [n for n in beside if n not in {*bars, *table.spare[:count], *table.lifted}]
            if told:
                yield partial(_stacked, table, kept, limit, look, told=told)
            yield partial(_stacked, table, kept, limit, look)
    if table.lifted:
        for share, count in product(_WIDE, counts):
            kept = [n for n in beside if n not in {*bars, *table.spare[:count], *table.lifted}]
            yield partial(_stacked, table, kept, 0, look, most=int((look.width or 0) * share))
    elif table.below:
        yield partial(_stacked, table, [n for n in beside if n not in bars], 0, look, most=(look.width or 0) // 2)


def _flat(table: Table, kept: Sequence[int], rows: Sequence[Sequence[Cell]]) -> Arranged:
    return Arranged([table.head[n] for n in kept], [[row[n] for n in kept] for row in rows], ())


def _hung(table: Table, row: Sequence[Cell], look: Look, limit: int) -> list[int]:
    """The cells of a row that stand below it."""
    found = []
    for n, cell in enumerate(row):
        if n in table.paper or n in table.lifted or cell == "":
            continue
        if n in table.below:
            found.append(n)
        elif arrays_in(cell):
            text = cell_text(cell, look)[0]
            if "\n" in text or cells(text) > limit:
                found.append(n)
    return found


def _stacked(
    table: Table,
    kept: Sequence[int],
    limit: int,
    look: Look,
    rows: Sequence[Sequence[Cell]],
    told: int = 0,
    most: int | None = None,
) -> Arranged:
    """Lifted cells above their rows; below them the hung ones, arrays among them that take more than `limit` columns.

    With `told`, a column so wide keeps what is said in place of a lifted cell. With `most`, a formula that is wider takes a
    line of its own: a statement with the whole of its row, any other above its row.
    """
    number = max((len(row[0]) for row in rows if isinstance(row[0], str)), default=0)
    start = " " * (2 + max(told, number) + 3)
    lines: list[Line] = []
    made: list[list[Cell]] = []
    blanks: list[Cell] = [""] * (len(kept) - (0 if table.lifted else 1))
    for row in rows:
        hung = _hung(table, row, look, limit)
        own, later = f"  {row[0]!s:{number}}   ", _going_on(row, start, look)
        if most is not None and not table.lifted and cells(cell_text(row[1], look)[0]) > most:
            rail, statement = _parted(row[1], look)
            lines.append(((*statement, *_after(row, hung, kept)), look, own + rail, 4, later))
            made.append([Rail(HUNG), *blanks])
        else:
            first: list[Cell] = []
            if table.lifted:
                first = [row[1] if told and isinstance(row[1], str) else " " * number]
                if any(not isinstance(row[n], str) for n in table.lifted):
                    lines.append((_lifted(row, table.lifted[1:]), look, own, 4, None))
                    made.append([Rail(HUNG), *blanks])
            over = [n for n in kept if n not in hung and _is_over(row[n], most, look)] if table.lifted else []
            for n in over:
                cell = row[n]
                lines.append((cell.parts if isinstance(cell, Phrase) else (cell,), look, start, 4, None))
                made.append([Rail(HUNG), *blanks])
            beside = ["" if n in hung or n in over else row[n] for n in kept]
            if any(cell != "" for cell in beside) or not table.lifted:
                made.append([*first, *beside])
        for n in hung:
            lines.append((standing(row[n], table.head[n]), look, later, 2, later))
            made.append([Rail(HUNG), *blanks])
    head = [*([""] if table.lifted else []), *(table.head[n] for n in kept)]
    return Arranged(head, made, lines)


def _is_over(cell: Cell, most: int | None, look: Look) -> bool:
    return most is not None and isinstance(cell, Phrase) and cells(cell_text(cell, look)[0]) > most


def _lifted(row: Sequence[Cell], lifted: Sequence[int]) -> tuple[Cell, ...]:
    parts: list[Cell] = []
    for n in lifted:
        if row[n] != "":
            parts += [" ", row[n]] if parts else [row[n]]
    return tuple(parts)


def _after(row: Sequence[Cell], hung: Sequence[int], kept: Sequence[int]) -> list[Cell]:
    """What stands beside a statement that takes a line of its own: sizes, and the value."""
    after: list[Cell] = []
    for n in kept:
        if n > 1 and n not in hung and row[n] != "":
            after += [" ", row[n]] if isinstance(row[n], Shape) else ["=", row[n]]
    return after


def _parted(cell: Cell, look: Look) -> tuple[str, tuple[Cell, ...]]:
    """The wiring of a statement as text, and the statement."""
    parts = cell.parts if isinstance(cell, Phrase) else (cell,)
    rail = next((part for part in parts if isinstance(part, Rail)), None)
    said = tuple(part for part in parts if not isinstance(part, Rail))
    return ("" if rail is None else cell_text(rail, look)[0] + " "), said


def _going_on(row: Sequence[Cell], start: str, look: Look) -> str:
    """What stands before a line below a row: blanks, and the wiring that goes on."""
    for cell in row:
        for part in cell.parts if isinstance(cell, Phrase) else ():
            if isinstance(part, Rail):
                going = part.text.translate(_GOING_ON)
                return start + (going if look.unicode else going.translate(RAILS)) + " "
    return start
