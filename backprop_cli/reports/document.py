"""A document: what is said, still typed. Formulas are trees and values numbers until a renderer draws them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from backprop_cli.errors import Diagnostic
from backprop_cli.lang.pattern import Filled
from backprop_cli.lang.syntax import Expr
from backprop_cli.records import record


class Status(Enum):
    """What a judgement came to. Every renderer shows it by a glyph and by a word."""

    RIGHT = "right"
    WRONG = "wrong"
    OPEN = "open"
    NOTE = "note"


@record(eq=True)
class Partial:
    """The derivative of one name with respect to another: `∂L/∂a`."""

    of: str
    wrt: str


@record
class Figure:
    """A number or an array; `gradient` tells a derivative from a value. `factor`: it stands in a product after another number."""

    value: Any
    gradient: bool = False
    factor: bool = False

    def __init__(self, value: Any, gradient: bool = False, factor: bool = False) -> None:
        put = object.__setattr__  # tables of ten thousand rows are made of these
        put(self, "value", value)
        put(self, "gradient", gradient)
        put(self, "factor", factor)


@record(eq=True)
class Shape:
    """The shape of an array."""

    sizes: tuple[int, ...]


@record(eq=True)
class Bar:
    """A share between 0 and 1, for the eye alone: renderers of text for machines leave it out."""

    share: float


@record(eq=True)
class Rail:
    """A line's share of the wiring between statements, drawn with box characters; documents on paper leave it out."""

    text: str


@record
class Substituted:
    """An expression with numbers in place of its names."""

    written: Filled
    values: Mapping[str, Any]


@record
class Phrase:
    """Cells side by side. Where `room` is set, single numbers leave room for a minus, so that lines stand below one another."""

    parts: tuple[Cell, ...]
    room: bool = False

    def __init__(self, parts: tuple[Cell, ...], room: bool = False) -> None:
        put = object.__setattr__
        put(self, "parts", parts)
        put(self, "room", room)


Cell = str | Expr | Filled | Partial | Figure | Shape | Bar | Status | Rail | Substituted | Phrase


@record
class Title:
    """One line that names what follows; its parts stand side by side."""

    parts: tuple[Cell, ...]


@record
class Paragraph:
    """Parts that stand side by side; the first may be a Status. `aside` is what matters less, at the end of the line."""

    parts: tuple[Cell, ...]
    aside: Cell = ""


@record
class Table:
    """Rows under a head. Rows may be made while they are drawn, so they are gone through once.

    `heading` and `aside` stand above it. `spare` are columns that a narrow terminal does without, the first of them first.
    Where it is narrow, cells of the columns `below` stand below their row, and those of `lifted`, a number first, in a line
    above the rows that they belong to. `paper` are columns that say in words what a terminal draws, for documents without
    drawings alone; these show `titles` for a head.
    """

    head: tuple[Cell, ...]
    rows: Iterable[Sequence[Cell]]
    heading: Cell = ""
    aside: Cell = ""
    spare: tuple[int, ...] = ()
    paper: tuple[int, ...] = ()
    below: tuple[int, ...] = ()
    lifted: tuple[int, ...] = ()
    titles: tuple[Cell, ...] = ()


@record
class Listing:
    """Lines that belong together, each a row of parts, under a heading."""

    heading: Cell
    lines: tuple[tuple[Cell, ...], ...]


class Mark(Enum):
    """What became of an answer. Every renderer shows it by a glyph, and the entry says it in words."""

    RIGHT = "right"
    FOLLOWS = "follows"
    NEARLY = "nearly"
    WRONG = "wrong"
    OPEN = "open"


@record
class Entry:
    """An answer that was judged: its mark, the number of its line, what was written, and what is said of it.

    `details` stand below it, each under a word of its own. `quoted` is the complaint about an answer that could not be read.
    """

    mark: Mark
    label: str
    body: Cell
    said: str
    details: tuple[tuple[str, tuple[Cell, ...]], ...] = ()
    quoted: Diagnostic | None = None


@record
class Entries:
    """Answers below one another."""

    rows: Sequence[Entry]


Block = Title | Paragraph | Table | Listing | Entries


@record
class Document:
    """Blocks in the order of reading."""

    blocks: tuple[Block, ...]
