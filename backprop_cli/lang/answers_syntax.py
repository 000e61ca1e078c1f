"""What a homework answer is read into: its target, its links, and the trees that only answers hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from backprop_cli.errors import Diagnostic, Span
from backprop_cli.lang.syntax import Apply, Expr, Name, Part, Slice, fold, rebuilt
from backprop_cli.lang.unparse import unparse
from backprop_cli.records import record

# Heads that no name can spell.
DERIVATIVE = "d/d"  # Apply(DERIVATIVE, (Name("L"), Name("u"))): dL/du
PARTIAL = "∂/∂"  # the same, written with ∂
PRIME = "'"  # Apply(PRIME, (Name("relu"), z)): relu'(z)
BESIDE = " "  # Apply(BESIDE, (x, y)): factors without a sign between them

Kind = Literal["derivative", "value", "shape", "update"]


@record(eq=True)
class Signature:
    """How a function is called: its own name (`silu` for `swish`) and how many arguments it takes."""

    head: str
    fewest: int
    most: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the graph knows.

    `names` are its leaves and nodes in NFC, `functions` the file's own functions, `output` the output's name: `da` means
    d(output)/da. `signatures` tells how the known functions are called, by every name they have; where it is empty, any
    unknown name before a bracket is taken for a function, and whether there is one is left to whoever uses the tree.
    `rates` are those of the names that the graph does not have: only updates may use them.
    """

    names: frozenset[str]
    functions: frozenset[str] = frozenset()
    output: str | None = None
    signatures: Mapping[str, Signature] = field(default_factory=dict)
    rates: frozenset[str] = frozenset()


@record(eq=True)
class Target:
    """What an answer is about.

    A `derivative` of `of` by `wrt` (`partial`: written with ∂), the `value` of `of`, the `shape` of `of` or, with `wrt`,
    of a derivative, or the `update` of `of`. `index` is one entry of an array, counted from 0. `text` is its canonical
    spelling: `dL/da`, `u`, `shape(dL/dW)`, `dL/dW[0, 1]`, `w`.
    """

    kind: Kind
    of: str | None
    wrt: str | None
    partial: bool
    index: tuple[int, ...] | None
    text: str


@record(eq=True)
class Answer:
    """One statement of a student: every link of a chain `dL/da = dL/du*x = 0.14` is an expression of its own.

    For a shape the links are `Brackets` of numbers and names. `notes` tell the readings that were chosen.
    """

    line: int
    target: Target
    links: tuple[Expr, ...]
    link_texts: tuple[str, ...]
    span: Span
    text: str
    notes: tuple[str, ...] = ()


@record(eq=True)
class Unreadable:
    """A statement that is not in the language of answers, and why."""

    line: int
    text: str
    diagnostic: Diagnostic


def written(tree: Expr) -> str:
    """The text of an answer's tree in the language of answers; factors side by side are shown with `*`."""

    def combine(part: Part, below: list[Part]) -> Part:
        if not isinstance(part, Apply):
            return rebuilt(part, below) if below else part
        if part.head in (DERIVATIVE, PARTIAL):
            sign = part.head[0]
            top, bottom = (each.id if isinstance(each, Name) else "?" for each in part.operands)
            return Name(f"{sign}{top}/{sign}{bottom}")
        if part.head == PRIME and isinstance(part.operands[0], Name):
            return Apply(f"{part.operands[0].id}'", tuple(below[1:]))  # type: ignore[arg-type]
        if part.head in ("/", "^"):
            below = [below[0] if part.head == "/" else _enclosed(below[0]), *map(_enclosed, below[1:])]
        if part.head == BESIDE:
            return Apply("*", tuple(below))  # type: ignore[arg-type]
        return rebuilt(part, below)

    found = fold(tree, combine)
    assert not isinstance(found, Slice)
    return unparse(found)


def _enclosed(part: Part) -> Part:
    return Name(f"({part.id})") if isinstance(part, Name) and "/" in part.id else part
