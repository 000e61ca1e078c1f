"""What can go wrong, as data: a place in a text, a complaint about it, and the one exception that carries complaints."""

from __future__ import annotations

import re
from collections.abc import Iterable

from backprop_cli.records import record

MOST_REPORTED = 10


class Span:
    """A stretch of a source text, `start` to `end` (exclusive), counted in code points. Nobody changes it."""

    __slots__ = ("end", "start")

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Span) and (self.start, self.end) == (other.start, other.end)

    def __hash__(self) -> int:
        return hash((self.start, self.end))

    def __repr__(self) -> str:
        return f"Span(start={self.start}, end={self.end})"

    def to(self, other: Span) -> Span:
        """The stretch from the start of this span to the end of `other`."""
        return Span(self.start, other.end)


@record(eq=True)
class Source:
    """A text and the name people know it by. Every line end in `text` is `\\n`; columns are those of the original."""

    name: str
    text: str

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1, the column in code points."""
        line = self.text.count("\n", 0, offset) + 1
        return line, offset - (self.text.rfind("\n", 0, offset) + 1) + 1

    def line(self, number: int) -> str:
        """The text of a line, counted from 1, without its end."""
        lines = self.text.split("\n")
        return lines[number - 1] if number <= len(lines) else ""


@record(eq=True)
class Remark:
    """A line of the source shown with something said beside it: how a value came about."""

    span: Span
    text: str


@record(eq=True)
class Diagnostic:
    """One complaint.

    `reference` is its stable kebab-case name; `message` says what is wrong and stands alone; `span` in `source` is where;
    `label` stands beside the caret; `trail` shows how the values involved came about; `note` says why; `hint` is the likely fix.
    """

    reference: str
    message: str
    source: Source | None = None
    span: Span | None = None
    label: str = ""
    trail: tuple[Remark, ...] = ()
    note: str = ""
    hint: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", self.reference):
            raise ValueError(f"a complaint's name is kebab-case, not {self.reference!r}")


class BackpropError(Exception):
    """Bad input. `diagnostics` holds at least one complaint, in the order of the text, and at most ten."""

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic]) -> None:
        listed = [diagnostics] if isinstance(diagnostics, Diagnostic) else list(diagnostics)
        self.found = len(listed)
        self.diagnostics = tuple(listed[:MOST_REPORTED])
        super().__init__("; ".join(d.message for d in self.diagnostics))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like a mistyped one, or None where nothing is near."""
    import difflib

    folded = {k.lower(): k for k in sorted(known, reverse=True)}
    close = difflib.get_close_matches(name.lower(), folded, n=3, cutoff=0.6)
    near = [word for word in close if len(name) > 4 or abs(len(word) - len(name)) <= 1]
    return folded[near[0]] if near else None
