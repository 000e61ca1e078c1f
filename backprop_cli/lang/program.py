"""A text that has been read: its statements in order.

Statements that differ only in names and numbers share one `Shape`, whose tree Lark built once. The tree of a single
statement, with its own names and places, is made from it when somebody asks.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache, cached_property

from backprop_cli.errors import Diagnostic, Source, Span
from backprop_cli.lang.syntax import Expr, Name, Number, Part, Slice, fold, rebuilt
from backprop_cli.lang.text import canonical
from backprop_cli.records import record


# A hole is a name or a number that a shape leaves open. A name before `(` is a function and one before a single `=`
# a keyword, a name after a dot is `.T`: those belong to the shape.
def _hole(first: str, rest: str) -> re.Pattern[str]:
    name = rf"(?<![{rest}.])[{first}][{rest}]*+(?!\s*+(?:\(|=(?!=)))"
    return re.compile(rf"({name}|(?<![{rest}])(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?+)")


_ASCII = _hole("A-Za-z_", "A-Za-z0-9_")
# As in grammar/expr.lark, any character beyond ASCII that is no sign of the language.
_BEYOND = (
    "\x80-\xb1\xb4-\xb6\xb8\xba-\xd6\xd8-\xf6\xf8-\u206f\u2071-\u2073\u207c-\u2211\u2213-\u2219\u221b-\u2298\u229a-\u22c4\u22c6-\U0010ffff"
)


@cache
def _any() -> re.Pattern[str]:
    return _hole("A-Za-z_" + _BEYOND, "A-Za-z0-9_" + _BEYOND)


def _holes(text: str) -> re.Pattern[str]:
    return _ASCII if text.isascii() else _any()


def holes_of(text: str) -> Iterator[re.Match[str]]:
    """The names and numbers that the shape of a right side leaves open."""
    return _holes(text).finditer(text)


def split_at_holes(text: str) -> list[str]:
    """The text between the holes, and after each stretch of it the name or number that follows."""
    return _holes(text).split(text)


def is_number(word: str) -> bool:
    """Whether a word that fills a hole is a number: of the characters that can begin a word, only digits and the dot come before `:`."""
    return word < ":"


def is_name(text: str) -> bool:
    """Whether a text has the form of a name; a character beyond ASCII may still turn out to be no letter."""
    if text.isascii():
        return text.isidentifier()
    return _holes(text).fullmatch(text) is not None and not is_number(text)


class Shape:
    """The right side of a statement with its names and numbers left open.

    `tree` is that of the first statement of this shape, whose right side was `text`; `holes` says where in `text` the
    names and numbers stood.
    """

    def __init__(self, text: str, tree: Expr, holes: tuple[Span, ...]) -> None:
        self.text, self.tree, self.holes = text, tree, holes

    @cached_property
    def hole_at(self) -> dict[int, int]:
        """From the place where a name or a number starts to its number among the holes."""
        return {span.start: number for number, span in enumerate(self.holes)}

    def filled(self, text: str, start: int) -> Expr:
        """The tree of another right side of this shape, with the places it has in the source, where it begins at `start`."""
        theirs = [Span(*found.span()) for found in holes_of(text)]
        firsts = [span.start for span in self.holes]

        def moved(at: int) -> int:
            hole = bisect_right(firsts, at) - 1
            if hole < 0:
                return start + at
            if at == firsts[hole]:
                return start + theirs[hole].start
            return start + theirs[hole].end + at - self.holes[hole].end

        def combine(part: Part, below: list[Part]) -> Part:
            span = Span(moved(part.span.start), moved(part.span.end))
            if isinstance(part, Name | Number) and part.span.start in self.hole_at:
                hole = theirs[self.hole_at[part.span.start]]
                word = text[hole.start : hole.end]
                return Name(canonical(word), span) if isinstance(part, Name) else Number(word, span)
            return rebuilt(part, below, span)

        tree = fold(self.tree, combine)
        assert not isinstance(tree, Slice)
        return tree


class Assign:
    """`name = right side`. `holes` are the names (in NFC) and numbers that fill the shape. Nobody changes it."""

    __slots__ = ("at", "holes", "name", "shape", "start", "text")

    def __init__(self, name: str, at: Span, shape: Shape, holes: tuple[str, ...], text: str, start: int) -> None:
        self.name = name
        self.at = at
        self.shape = shape
        self.holes = holes
        self.text = text
        self.start = start

    @property
    def expr(self) -> Expr:
        """The tree of the right side, with the places it has in the source; made anew at each call."""
        return self.shape.filled(self.text, self.start)

    @property
    def span(self) -> Span:
        return Span(self.at.start, self.start + len(self.text.rstrip()))

    def word_spans(self) -> list[Span]:
        """Where the words that fill the shape stand in the source."""
        return [Span(self.start + found.start(), self.start + found.end()) for found in holes_of(self.text)]


@record
class Declare:
    """`input name = value` or `param name`: one leaf. `role` is "input" or "param"; `value` may hold no variable."""

    role: str
    name: str
    at: Span
    value: Expr | None

    @property
    def span(self) -> Span:
        return Span(self.at.start, self.value.span.end) if self.value else self.at


@record
class Define:
    """`name(parameters) = body`: a function of one's own."""

    name: str
    at: Span
    parameters: tuple[str, ...]
    body: Expr
    span: Span


@record
class Faulty:
    """A statement that could not be read; where its name could, uses of the name are no further mistake.

    `function` is the name of a function of one's own whose definition could not be read.
    """

    name: str | None
    span: Span
    function: str | None = None


Statement = Assign | Declare | Define | Faulty


@record
class Program:
    """A whole text: its statements in order, and the complaints about those that could not be read."""

    source: Source
    statements: tuple[Statement, ...]
    faults: tuple[Diagnostic, ...] = ()

    def __repr__(self) -> str:
        return f"Program {self.source.name}: {len(self.statements)} statements"

    def __iter__(self) -> Iterator[Statement]:
        return iter(self.statements)
