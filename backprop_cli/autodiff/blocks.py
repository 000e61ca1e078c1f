"""The visible steps of a run: which operations make one, what it is called, and what it computes in words that stand open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backprop_cli.autodiff.plan import Plan
from backprop_cli.errors import Span
from backprop_cli.graph.graph import CONSTANT, Graph, passed
from backprop_cli.graph.layout import layout, use
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
        self.operations: dict[tuple[object, ...], Pattern] = {}
        self.laid_out: dict[int, list[Expr]] = {}

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
        """A single operation on the names of its operands. Where it stands in a statement's own text, like statements share its pattern."""
        graph = self.graph
        statement = graph.statement(node)
        operands = graph.operands(node)
        words = [self.names.get(operand, "") for operand in operands]
        if graph.rows[graph.op[node]].head == "=":
            return opened(Name(words[0]) if words[0] else graph.expr(operands[0]))
        if isinstance(statement, Assign) and node not in graph.inlined:
            index = node - graph.first_of(node)
            key = (id(statement.shape), index, *map(bool, words))
            if key not in self.operations:
                self.operations[key] = _operation_pattern(statement.shape, self._parts(statement.shape)[index], words)
            return Filled(self.operations[key], (*words, *statement.holes))
        part, frame = graph.part(node)
        below: dict[int, Expr] = {
            id(each): Name(word) if word else graph.expr(operand)
            for each, word, operand in zip(use(part).operands, words, operands, strict=True)
            if not isinstance(each, str)
        }
        return opened(rebuilt(part, [below.get(id(each)) or passed(each, frame) for each in children(part)]))  # type: ignore[arg-type]

    def _parts(self, shape: Shape) -> list[Expr]:
        """The parts of a shape's tree that become nodes, in their order."""
        if id(shape) not in self.laid_out:
            constants, applied = layout(shape.tree, ())
            self.laid_out[id(shape)] = [*constants, *applied]
        return self.laid_out[id(shape)]

    def span(self, block: Block) -> Span:
        """Where a step stands in the source."""
        statement = self.graph.statement(block.node)
        return self.graph.span(block.node) if self.opened else statement.span


def _operation_pattern(shape: Shape, part: Expr, words: Sequence[str]) -> Pattern:
    """An operation of a shape's tree, with holes for its named operands and after them those of the shape."""
    parts = use(part).operands
    # A name stands for each operand that has one, so that nothing below it is gone through; one left out is no part.
    marks = {id(each): Name(word) for each, word in zip(parts, words, strict=True) if word and not isinstance(each, str)}
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
