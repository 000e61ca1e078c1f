"""A document: what is said, still typed. Formulas are trees and values numbers until a renderer draws them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

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


Cell = str | Expr | Filled | Partial | Figure | Shape | Bar | Status | Rail | Substituted | Phrase


@record
class Title:
    """One line that names what follows; its parts stand side by side."""

    parts: tuple[Cell, ...]


@record
class Paragraph:
    """Parts that stand side by side; the first may be a Status. `aside` is what matters less, at the end of the line."""

    parts: tuple[Cell, ...]
    aside: str = ""


@record
class Table:
    """Rows under a head. Rows may be made while they are drawn, so they are gone through once.

    `heading` and `aside` stand above it. `spare` are columns that a narrow terminal does without, the first of them first.
    """

    head: tuple[Cell, ...]
    rows: Iterable[Sequence[Cell]]
    heading: str = ""
    aside: str = ""
    spare: tuple[int, ...] = ()


@record
class Listing:
    """Lines that belong together, each a row of parts, under a heading."""

    heading: str
    lines: tuple[tuple[Cell, ...], ...]


Block = Title | Paragraph | Table | Listing


@record
class Document:
    """Blocks in the order of reading."""

    blocks: tuple[Block, ...]
