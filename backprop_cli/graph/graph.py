"""The computation as data: nodes in topological order, each assigned once, kept as flat lists."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from backprop_cli.calculus.primitive import Primitive
from backprop_cli.errors import Span
from backprop_cli.graph.layout import layout
from backprop_cli.lang.program import Assign, Declare, Program, Statement
from backprop_cli.lang.syntax import Apply, Expr, Name, Number, substitute
from backprop_cli.records import record

LEAF, CONSTANT = -1, -2


class Role(Enum):
    """What a node is to its reader."""

    LEAF = "leaf"
    CONSTANT = "constant"
    APPLIED = "applied"


@record(eq=True)
class Held:
    """An integer that a leaf holds, where an axis or an index is asked for: the number of the leaf's node."""

    leaf: int
    minus: bool = False


@record
class Frame:
    """The call of a function of one's own: which part of which text calls, and the frame that text stands in."""

    parts: Parts
    call: int
    parameters: tuple[str, ...]
    outer: Frame | None

    @property
    def expr(self) -> Apply:
        call = self.parts[self.call]
        assert isinstance(call, Apply)
        return call


def passed(part: Expr, frame: Frame | None) -> Expr:
    """A part of the text of a function, with what was passed in place of its parameters."""
    while frame is not None and not isinstance(part, Number):
        part, frame = substitute(part, dict(zip(frame.parameters, frame.expr.operands, strict=True))), frame.outer
    return part


_LAID_OUT = "the statement laid out last"


class Parts:
    """The parts of a right side or of a function's body that become nodes, found when somebody asks."""

    __slots__ = ("_own", "_parts", "_whole")

    def __init__(self, whole: Callable[[], Expr], own: Container[str]) -> None:
        self._whole = whole
        self._own = own
        self._parts: list[Expr] | None = None

    def __getitem__(self, index: int) -> Expr:
        if self._parts is None:
            constants, applied = layout(self._whole(), self._own)
            self._parts = [*constants, *applied]
        return self._parts[index]


@record
class Node:
    """One node as its reader sees it. `span` is where it stands in the source."""

    index: int
    name: str | None
    role: Role
    primitive: Primitive | None
    operands: tuple[int, ...]
    expr: Expr
    span: Span


@record
class Graph:
    """A computation; nobody changes it once `build` has returned it.

    Node `i` applies `rows[op[i]]` to the nodes `a[i]` and `b[i]` (-1 where there is no second one) or to `more[i]` where there
    are three operands or more; `op[i]` is LEAF or CONSTANT where nothing is applied. Operands come before their users.
    `static[i]` holds arguments that are no operands. `literal` are the texts of constants, `preset` the node whose value a
    leaf takes unless it is given another, `names` the node of each name, `roles` what each leaf was declared as.
    """

    program: Program
    rows: tuple[Primitive, ...]
    op: Sequence[int]
    a: Sequence[int]
    b: Sequence[int]
    more: Mapping[int, tuple[int, ...]]
    static: Mapping[int, tuple[tuple[str, object], ...]]
    literal: Mapping[int, str]
    preset: Mapping[int, int]
    names: Mapping[str, int]
    leaves: Mapping[str, int]
    roles: Mapping[str, str]
    output: str | None
    # For showing nodes: the first node of each statement, and what stands for the nodes of inlined functions.
    firsts: Sequence[int]
    statement_of: Sequence[int]
    inlined: Mapping[int, tuple[Parts, int, Frame | None]]
    labels: Mapping[int, str]
    first_use: Mapping[int, Span]
    # The named nodes that no other node reads; None where that is not known.
    loose: frozenset[int] | None
    # What runs have found out about the graph, so that the next one with the same question is faster.
    known: dict[Any, Any]

    def __repr__(self) -> str:
        return f"Graph of {self.program.source.name}: {len(self.op)} nodes, output {self.output}"

    def __len__(self) -> int:
        return len(self.op)

    def operands(self, node: int) -> tuple[int, ...]:
        """The nodes that a node reads."""
        if self.op[node] < 0:
            return ()
        if node in self.more:
            return self.more[node]
        if self.a[node] < 0:
            return ()
        return (self.a[node],) if self.b[node] < 0 else (self.a[node], self.b[node])

    def primitive(self, node: int) -> Primitive | None:
        """What a node applies; None for leaves and constants."""
        return self.rows[self.op[node]] if self.op[node] >= 0 else None

    def held(self, node: int) -> Iterator[int]:
        """The leaves that a node reads as integers."""
        pending: list[object] = [given for _, given in self.static.get(node, ())]
        while pending:
            each = pending.pop()
            if isinstance(each, Held):
                yield each.leaf
            elif isinstance(each, tuple):
                pending.extend(each)
            elif isinstance(each, slice):
                pending.extend((each.start, each.stop, each.step))

    def node(self, index: int) -> Node:
        """A node as its reader sees it; made when asked for."""
        expr = self.expr(index)
        role = Role.APPLIED if self.op[index] >= 0 else Role.LEAF if self.op[index] == LEAF else Role.CONSTANT
        return Node(index, self.labels.get(index), role, self.primitive(index), self.operands(index), expr, self.span(index))

    def expr(self, index: int) -> Expr:
        """What a node computes, in the names of the file; parameters of inlined functions are replaced by what was passed."""
        if self.op[index] < 0 and index in self.first_use:
            at = self.span(index)
            return Name(self.labels[index], at) if index in self.labels else Number(self.literal[index], at)
        return passed(*self.part(index))

    def span(self, index: int) -> Span:
        """Where a node stands in the source; for a node of an inlined function, in the function's body."""
        if index in self.first_use:
            return self.first_use[index]
        return self.part(index)[0].span

    def calls(self, index: int) -> list[Expr]:
        """The calls through which a node of an inlined function came about, the innermost first."""
        _, frame = self.part(index)
        calls: list[Expr] = []
        while frame is not None:
            calls.append(frame.expr)
            frame = frame.outer
        return calls

    def first_of(self, index: int) -> int:
        """The first node of the statement that a node belongs to."""
        return self.firsts[bisect_right(self.firsts, index) - 1]

    def statement(self, index: int) -> Statement:
        """The statement that a node belongs to."""
        return self.program.statements[self.statement_of[bisect_right(self.firsts, index) - 1]]

    def part(self, index: int) -> tuple[Expr, Frame | None]:
        """What a node computes as it is written where it stands, and the call that its parameters get their meaning from."""
        if index in self.inlined:
            parts, number, frame = self.inlined[index]
            return parts[number], frame
        first = bisect_right(self.firsts, index) - 1
        whole, parts = self._laid_out(first)
        if self.rows and self.op[index] >= 0 and self.rows[self.op[index]].head == "=":
            return whole, None
        return parts[index - self.firsts[first]], None

    def _laid_out(self, first: int) -> tuple[Expr, Parts]:
        """The right side of a statement, by its number among those with nodes, and its parts; the last one asked for is kept."""
        kept: tuple[int, Expr, Parts] | None = self.known.get(_LAID_OUT)
        if kept is None or kept[0] != first:
            statement = self.program.statements[self.statement_of[first]]
            whole = statement.expr if isinstance(statement, Assign) else statement.value if isinstance(statement, Declare) else None
            assert whole is not None
            kept = self.known[_LAID_OUT] = first, whole, Parts(lambda: whole, ())
        return kept[1], kept[2]
