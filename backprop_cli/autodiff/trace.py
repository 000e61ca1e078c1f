"""The lesson: what a run did, read off its record, in the order a person would do it.

Primals and adjoints are the sweep's own, and contributions follow its rules and its order, so a running total ends at
the gradient that was returned. Local derivatives are shown as the table's formulas with the file's names in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from backprop_cli.autodiff.differentiate import Gradients, plain
from backprop_cli.autodiff.engine import Value
from backprop_cli.autodiff.formulas import Formulas
from backprop_cli.errors import Span
from backprop_cli.graph.graph import CONSTANT, Graph
from backprop_cli.graph.layout import operand_parts
from backprop_cli.lang.syntax import Expr, Name, children, rebuilt


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """One forward step: a node, what it computes, from which values, and the value it has."""

    node: str
    index: int
    span: Span
    expression: Expr
    operands: dict[str, Value]
    value: Value


@dataclass(frozen=True, slots=True, eq=False)
class Contributed:
    """One backward step: what a node sends to one of its operands, and what that operand has received by then.

    `formula` is the local derivative and `local` its value. Between arrays, where the derivative is no single factor,
    `local` is None and `formula` is what is sent, in which `upstream_name` stands for what arrives; `formula` is None where
    the language has no short way to say it. `paths` counts the steps that send to the operand and `nth` is the number of
    this one; `reused` tells that the same upstream served another operand before.
    """

    user: str
    operand: str
    index: int
    rule: str
    upstream_name: str
    formula: Expr | None
    local: Value | None
    upstream: Value
    contribution: Value
    adjoint: Value
    paths: int
    nth: int
    reused: bool


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The operations that make one visible step: `inner`, the last of them being `node`, and the nodes that they read."""

    node: int
    inner: tuple[int, ...]
    reads: tuple[int, ...]


class Trace:
    """The steps of a run: one for each assignment, or with `opened` one for each primitive operation."""

    def __init__(self, run: Gradients, opened: bool = False) -> None:
        self.run, self.opened = run, opened
        self.record = run.record
        self.graph: Graph = run.record.plan.graph
        self.interpreter = run.record.engine.interpreter(run.record.plan)
        self.blocks = list(self._blocks())

    # ---- the visible nodes ----

    def _blocks(self) -> Iterator[Block]:
        groups: dict[int, list[int]] = {}
        for node in self.record.plan.order:
            groups.setdefault(node if self.opened else self.graph.first_of(node), []).append(node)
        for inner in groups.values():
            members = set(inner)
            reads = [operand for each in inner for operand in self.graph.operands(each)]
            outer = dict.fromkeys(read for read in reads if read not in members and self.graph.op[read] != CONSTANT)
            yield Block(inner[-1], tuple(inner), tuple(outer))

    @cached_property
    def names(self) -> dict[int, str]:
        """What each visible node is called; operations without a name are numbered within their assignment: `L_1`."""
        graph = self.graph
        names = dict(graph.labels)
        taken = set(names.values())
        if not self.opened:
            return names
        counts: dict[str, int] = {}
        for block in self.blocks:
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

    def name(self, node: int) -> str:
        return self.names.get(node) or self.graph.literal.get(node, "constant")

    # ---- forward ----

    def forward(self) -> Iterator[Evaluated]:
        """The forward sweep, in the order of the file."""
        values, graph = self.record.values, self.graph
        for block in self.blocks:
            operands = {self.name(read): plain(values[read]) for read in block.reads}
            yield Evaluated(
                self.name(block.node), block.node, graph.span(block.node), self.expression(block), operands, plain(values[block.node])
            )

    def expression(self, block: Block) -> Expr:
        """What a step computes, in the names of the steps before it."""
        if not self.opened:
            return self.graph.expr(block.node)
        expr = self.graph.expr(block.node)
        operands = self.graph.operands(block.node)
        parts = operand_parts(expr, ()) if not isinstance(expr, Name) else []
        if len(parts) != len(operands):
            return expr
        named: dict[int, Expr] = {
            id(part): Name(self.names[operand]) for part, operand in zip(parts, operands, strict=True) if operand in self.names
        }
        result = rebuilt(expr, [named.get(id(part), part) for part in children(expr)])
        return result  # type: ignore[return-value]

    # ---- backward ----

    @cached_property
    def formulas(self) -> Formulas:
        static: dict[int, dict[str, object]] = {}
        if self.graph.static:
            values = list(self.record.values)
            static = {node: self.interpreter.static(node, values) for node in self.record.plan.order if node in self.graph.static}
        graph = _Renamed(self.graph, self.names) if self.opened else self.graph
        return Formulas(graph, self.record.values, static)  # type: ignore[arg-type]

    @cached_property
    def paths(self) -> dict[int, int]:
        """How many steps send something to each node."""
        count: dict[int, int] = {}
        moved = self.record.plan.moved
        for block in self.blocks:
            if moved[block.node]:
                for read in block.reads:
                    if moved[read]:
                        count[read] = count.get(read, 0) + 1
        return count

    def backward(self) -> Iterator[Contributed]:
        """The backward sweep, in the order worked: from the output back, operands in the order of the text."""
        plan, values = self.record.plan, list(self.record.values)
        totals: dict[int, Value] = {plan.output: self.record.adjoints[plan.output]}
        visits: dict[int, int] = {}
        for block in reversed(self.blocks):
            if not plan.moved[block.node]:
                continue
            upstream = totals.get(block.node)
            if upstream is None:
                upstream = self.interpreter.zero(values[block.node])
            sent = self._sent(block, upstream, values, totals)
            formulas, locals_ = self._locals(block, values)
            reads = [read for read in block.reads if plan.moved[read] and read in sent]
            for at, read in enumerate(reads):
                visits[read] = visits.get(read, 0) + 1
                contribution, adjoint = sent[read]
                yield Contributed(
                    user=self.name(block.node),
                    operand=self.name(read),
                    index=block.node,
                    rule=self._rule(block),
                    upstream_name=f"d{self.name(block.node)}",
                    formula=formulas.get(read),
                    local=locals_.get(read),
                    upstream=plain(upstream),
                    contribution=plain(contribution),
                    adjoint=plain(adjoint),
                    paths=self.paths.get(read, 1),
                    nth=visits[read],
                    reused=at > 0,
                )

    def _sent(self, block: Block, upstream: Value, values: list[Value], totals: dict[int, Value]) -> dict[int, tuple[Value, Value]]:
        """For each node read: what this block sends to it, and its running total afterwards."""
        plan = self.record.plan
        add = self.interpreter.arithmetic.add
        arriving: dict[int, Value] = {block.node: upstream}
        members = set(block.inner)
        sent: dict[int, Value] = {}
        with self.record.engine.quiet():
            for node in reversed(block.inner):
                if node not in arriving or not plan.moved[node]:
                    continue
                inputs = [values[operand] for operand in self.graph.operands(node)]
                for at, operand in enumerate(self.graph.operands(node)):
                    if not plan.moved[operand] or not self.passes(node, at):
                        continue
                    part = None
                    if not self.interpreter.nothing(arriving[node]):
                        part = self.interpreter.contribution(node, at, arriving[node], inputs, values)
                    if part is None:
                        part = self.interpreter.zero(values[operand])
                    if operand in members:
                        arriving[operand] = part if operand not in arriving else add(arriving[operand], part)
                        continue
                    sent[operand] = part if operand not in sent else add(sent[operand], part)
                    totals[operand] = part if operand not in totals else add(totals[operand], part)
        return {operand: (part, totals[operand]) for operand, part in sent.items()}

    def passes(self, node: int, at: int) -> bool:
        row = self.graph.rows[self.graph.op[node]]
        return bool(row.local) and row.local[min(at, len(row.local) - 1)] is not None

    def _locals(self, block: Block, values: list[Value]) -> tuple[dict[int, Expr | None], dict[int, Value]]:
        """Formulas of the local derivatives, and their values where the derivative is a factor."""
        if self._factors(block):
            formulas = self.formulas.by_operand(block.node, block.inner)
            one = self.interpreter.arithmetic.number("1")
            ones: Any = self.record.engine.seed(values[block.node]) if getattr(values[block.node], "shape", ()) else one
            return formulas, {read: plain(part) for read, (part, _) in self._sent(block, ones, values, {}).items()}
        return self.formulas.by_operand(block.node, block.inner, Name(f"d{self.name(block.node)}")), {}

    def _factors(self, block: Block) -> bool:
        """Whether what a block sends is what arrives, entry by entry, times a local derivative."""
        values = self.record.values
        shape = getattr(values[block.node], "shape", ())
        whole = all(self.graph.rows[self.graph.op[node]].code is None for node in block.inner)
        if whole:
            return all(getattr(values[read], "shape", ()) == shape for read in block.reads if self.record.plan.moved[read])
        return not shape and not any(getattr(values[read], "shape", ()) for read in (*block.reads, *block.inner))

    def _rule(self, block: Block) -> str:
        """The school name of the rule; of several operations the chain rule over theirs."""
        rules = [self.graph.rows[self.graph.op[node]].rule for node in block.inner]
        return rules[0] if len(rules) == 1 else "chain rule"


class _Renamed:
    """A graph in which operations without a name have the names that the lesson gives them."""

    def __init__(self, graph: Graph, names: dict[int, str]) -> None:
        self._graph, self.labels = graph, names

    def __getattr__(self, name: str) -> Any:
        return getattr(self._graph, name)
