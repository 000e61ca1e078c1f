"""The visible steps of a run: which operations make one, what it is called, and what it computes in words that stand open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backprop_cli.autodiff.plan import Plan
from backprop_cli.errors import Span
from backprop_cli.graph.graph import CONSTANT, Graph
from backprop_cli.graph.layout import layout, operand_parts
from backprop_cli.lang.pattern import Filled, Pattern, opened
from backprop_cli.lang.program import Assign, Shape
from backprop_cli.lang.syntax import Expr, Name, Part, children, rebuilt


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The operations that make one visible step: `inner`, the last of them being `node`, and the nodes that they read."""

    node: int
    inner: tuple[int, ...]
    reads: tuple[int, ...]


def blocks_of(plan: Plan, opened: bool) -> Iterator[Block]:
    """The steps of a plan in the order of the file: one for each assignment, or one for each operation."""
    graph = plan.graph
    groups: dict[int, list[int]] = {}
    for node in plan.order:
        groups.setdefault(node if opened else graph.first_of(node), []).append(node)
    for inner in groups.values():
        members = set(inner)
        reads = [operand for each in inner for operand in graph.operands(each)]
        outer = dict.fromkeys(read for read in reads if read not in members and graph.op[read] != CONSTANT)
        yield Block(inner[-1], tuple(inner), tuple(outer))


def names_of(graph: Graph, blocks: Sequence[Block]) -> dict[int, str]:
    """What each visible node is called; operations without a name are numbered within their assignment: `L_1`."""
    names = dict(graph.labels)
    taken = set(graph.names)
    counts: dict[str, int] = {}
    for block in blocks:
        if block.node in names:
            continue
        statement = getattr(graph.statement(block.node), "name", "t") or "t"
        while True:
            counts[statement] = counts.get(statement, 0) + 1
            name = f"{statement}_{counts[statement]}"
            if name not in taken:
                break
        names[block.node] = name
        taken.add(name)
    return names


class Expressions:
    """What each step computes, in the names of the steps before it. Statements of one shape share one pattern."""

    def __init__(self, graph: Graph, names: dict[int, str], opened: bool) -> None:
        self.graph, self.names, self.opened = graph, names, opened
        self.patterns: dict[int, Pattern] = {}
        self.operations: dict[tuple[object, ...], Pattern | None] = {}

    def of(self, block: Block) -> Filled:
        """The right side of a step."""
        if self.opened:
            return self._operation(block.node)
        statement = self.graph.statement(block.node)
        if not isinstance(statement, Assign):
            return opened(self.graph.expr(block.node))
        pattern = self.patterns.get(id(statement.shape))
        if pattern is None:
            pattern = self.patterns[id(statement.shape)] = _pattern(statement.shape)
        return Filled(pattern, statement.holes)

    def _operation(self, node: int) -> Filled:
        """A single operation. Where it stands in the text of its own statement, those of like statements share its pattern."""
        graph = self.graph
        statement = graph.statement(node)
        operands = graph.operands(node)
        if isinstance(statement, Assign) and node not in graph.inlined and graph.rows[graph.op[node]].head != "=":
            first = graph.first_of(node)
            words = [self.names.get(operand, "") for operand in operands]
            key = (id(statement.shape), node - first, *map(bool, words))
            if key not in self.operations:
                self.operations[key] = _operation_pattern(statement.shape, node - first, words)
            pattern = self.operations[key]
            if pattern is not None:
                return Filled(pattern, (*words, *statement.holes))
        expr = graph.expr(node)
        parts = operand_parts(expr, ()) if not isinstance(expr, Name) else []
        if len(parts) != len(operands):
            return opened(expr)
        named: dict[int, Expr] = {
            id(part): Name(self.names[operand]) for part, operand in zip(parts, operands, strict=True) if operand in self.names
        }
        return opened(rebuilt(expr, [named.get(id(part), part) for part in children(expr)]))  # type: ignore[arg-type]

    def span(self, block: Block) -> Span:
        """Where a step stands in the source."""
        statement = self.graph.statement(block.node)
        return self.graph.span(block.node) if self.opened else statement.span


def _operation_pattern(shape: Shape, index: int, words: Sequence[str]) -> Pattern | None:
    """The part of a statement that is its node `index`, with holes for its named operands and after them those of the shape."""
    constants, applied = layout(shape.tree, ())
    part = [*constants, *applied][index]
    parts = operand_parts(part, ())
    if len(parts) != len(words):
        return None
    # A name stands for each operand that has one, so that nothing below it is gone through.
    marks = {id(each): Name(word) for each, word in zip(parts, words, strict=True) if word}
    numbers = {id(marks[id(each)]): number for number, each in enumerate(parts) if id(each) in marks}
    tree = rebuilt(part, [marks.get(id(each), each) for each in children(part)])

    def number_of(each: Part) -> int | None:
        if id(each) in numbers:
            return numbers[id(each)]
        hole = None if children(each) else shape.hole_at.get(each.span.start)
        return None if hole is None else len(words) + hole

    return Pattern(tree, number_of)  # type: ignore[arg-type]


def _pattern(shape: Shape) -> Pattern:
    def number_of(part: Part) -> int | None:
        return None if children(part) else shape.hole_at.get(part.span.start)

    return Pattern(shape.tree, number_of)
