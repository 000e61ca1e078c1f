"""A document: what is said, still typed. Formulas are trees and values numbers until a renderer draws them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from backprop_cli.lang.syntax import Expr


class Status(Enum):
    """What a judgement came to. Every renderer shows it by a glyph and by a word."""

    RIGHT = "right"
    WRONG = "wrong"
    OPEN = "open"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Partial:
    """The derivative of one name with respect to another: `∂L/∂a`."""

    of: str
    wrt: str


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A number or an array; `gradient` tells a derivative from a value."""

    value: Any
    gradient: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of an array."""

    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A share between 0 and 1, for the eye alone: renderers of text for machines leave it out."""

    share: float


Cell = str | Expr | Partial | Figure | Shape | Bar | Status


@dataclass(frozen=True, slots=True, eq=False)
class Title:
    """One line that names what follows; its parts stand side by side."""

    parts: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Paragraph:
    """Parts that stand side by side; the first may be a Status. `aside` is what matters less, at the end of the line."""

    parts: tuple[Cell, ...]
    aside: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Rows under a head. Rows may be made while they are drawn, so they are gone through once."""

    head: tuple[Cell, ...]
    rows: Iterable[Sequence[Cell]]


@dataclass(frozen=True, slots=True, eq=False)
class Listing:
    """Lines that belong together, each a row of parts, under a heading."""

    heading: str
    lines: tuple[tuple[Cell, ...], ...]


Block = Title | Paragraph | Table | Listing


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """Blocks in the order of reading."""

    blocks: tuple[Block, ...]
