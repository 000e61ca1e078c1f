"""The lesson: what a run did, read off its record, in the order a person would do it.

Primals and adjoints are the sweep's own, and contributions follow its rules and its order, so a running total ends at
the gradient that was returned. Local derivatives are shown as the table's formulas with the file's names in them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from backprop_cli.autodiff.blocks import Block, Expressions, blocks_of, names_of
from backprop_cli.autodiff.differentiate import Gradients, plain
from backprop_cli.autodiff.engine import Value
from backprop_cli.autodiff.formulas import Formulas, Writer
from backprop_cli.errors import BackpropError, Span
from backprop_cli.graph.graph import Graph
from backprop_cli.lang.pattern import Filled
from backprop_cli.lang.syntax import Expr


@dataclass(frozen=True, slots=True, eq=False)
class Evaluated:
    """One forward step: a node, what it computes, from which values, and the value it has."""

    node: str
    index: int
    place: Callable[[], Span]
    written: Filled
    operands: dict[str, Value]
    value: Value

    @property
    def expression(self) -> Expr:
        return self.written.tree

    @property
    def span(self) -> Span:
        """Where the step stands in the source; looked up when asked for."""
        return self.place()


@dataclass(frozen=True, slots=True, eq=False)
class Contributed:
    """One backward step: what a node sends to one of its operands, and what that operand has received by then.

    `formula` is the local derivative and `local` its value, None where it has none and nothing flows. Between arrays, where
    the derivative is no single factor, `factor` is False, `local` is None and `formula` is what is sent, in which
    `upstream_name` stands for what arrives; `formula` is None where the language has no short way to say it. `count` is
    how many steps send to the operand and `nth` is the number of this one; `reused` tells that the same upstream served
    another operand before; `spread` that the operand is repeated in the user, so that the contributions of its copies are summed.
    """

    user: str
    operand: str
    index: int
    read: int
    rule: str
    upstream_name: str
    written: Filled | None
    factor: bool
    local: Value | None
    upstream: Value
    contribution: Value
    adjoint: Value
    count: int
    nth: int
    reused: bool
    spread: bool

    @property
    def formula(self) -> Expr | None:
        return None if self.written is None else self.written.tree


class Trace:
    """The steps of a run: one for each assignment, or with `opened` one for each primitive operation."""

    def __init__(self, run: Gradients, opened: bool = False) -> None:
        self.run, self.opened = run, opened
        self.record = run.record
        self.graph: Graph = run.record.plan.graph
        self.interpreter = run.record.engine.interpreter(run.record.plan)
        self.interpreter.carries = run.record.engine.exact
        self.all_blocks = list(blocks_of(run.record.plan, opened))
        self.blocks = [
            block if all(map(self.defined, block.reads)) else replace(block, reads=tuple(filter(self.defined, block.reads)))
            for block in self.all_blocks
            if self.defined(block.node)
        ]

    def defined(self, node: int) -> bool:
        """Whether a node has a value; in a branch that was not taken it may have none."""
        value = self.record.values[node]
        return value is not None and not (isinstance(value, float) and not math.isfinite(value))

    @cached_property
    def names(self) -> dict[int, str]:
        """What each visible node is called."""
        return names_of(self.graph, self.all_blocks) if self.opened else dict(self.graph.labels)

    def name(self, node: int) -> str:
        return self.names.get(node) or self.graph.literal.get(node, "constant")

    def upstream_name(self, node: int) -> str:
        """What the adjoint of a node is called inside a formula: `dz`, or `dz_` where the file has a `dz` of its own."""
        name = f"d{self.name(node)}"
        while name in self.graph.names:
            name += "_"
        return name

    def leaves(self) -> Iterator[tuple[int, str]]:
        """The leaves that the output depends on, in the order in which steps first read them."""
        reads = dict.fromkeys(read for block in self.blocks for read in block.reads if self.graph.op[read] < 0)
        if self.graph.op[self.record.plan.output] < 0:
            reads[self.record.plan.output] = None
        yield from ((read, self.name(read)) for read in reads)

    @cached_property
    def number_of(self) -> dict[int, int]:
        """The place of each step in the order of the file, counted from 1."""
        return {block.node: number for number, block in enumerate(self.blocks, 1)}

    # ---- forward ----

    @cached_property
    def expressions(self) -> Expressions:
        return Expressions(self.graph, self.names, self.opened)

    def forward(self) -> Iterator[Evaluated]:
        """The forward sweep, in the order of the file."""
        for block in self.blocks:
            yield self.evaluated(block)

    def written(self, node: int) -> Filled:
        """What a visible node computes."""
        return self.expressions.of(self.blocks[self.number_of[node] - 1])

    def evaluated(self, block: Block) -> Evaluated:
        """The forward step of one block."""
        values = self.record.values
        operands = {self.name(read): plain(values[read]) for read in block.reads if self.defined(read)}
        place = partial(self.expressions.span, block)
        return Evaluated(self.name(block.node), block.node, place, self.expressions.of(block), operands, plain(values[block.node]))

    # ---- backward ----

    @cached_property
    def writer(self) -> Writer:
        static: dict[int, dict[str, object]] = {}
        if self.graph.static:
            values = list(self.record.values)
            static = {node: self.interpreter.static(node, values) for node in self.record.plan.order if node in self.graph.static}
        graph = _Renamed(self.graph, self.names) if self.opened else self.graph
        return Writer(Formulas(graph, self.record.values, static), self.names)  # type: ignore[arg-type]

    @cached_property
    def counts(self) -> dict[int, int]:
        """How many steps send something to each node."""
        count: dict[int, int] = {}
        for block in self.blocks:
            for read in self.receivers(block):
                count[read] = count.get(read, 0) + 1
        return count

    def receivers(self, block: Block) -> list[int]:
        """The nodes that a step sends something to, in the order of the text."""
        moved, graph = self.record.plan.moved, self.graph
        if not moved[block.node]:
            return []
        reached, members, found = {block.node}, set(block.inner), set()
        for node in reversed(block.inner):
            if node in reached and moved[node]:
                row = graph.rows[graph.op[node]]
                sends = [operand for at, operand in enumerate(graph.operands(node)) if moved[operand] and row.passes(at)]
                reached.update(members.intersection(sends))
                found.update(set(sends) - members)
        return [read for read in block.reads if read in found and self.defined(read)]

    def backward(self) -> Iterator[Contributed]:
        """The backward sweep, in the order worked: from the output back, operands in the order of the text."""
        plan, values = self.record.plan, list(self.record.values)
        totals: dict[int, Value] = {plan.output: self.record.adjoints[plan.output]}
        visits: dict[int, int] = {}
        for block in reversed(self.blocks):
            reads = self.receivers(block)
            if not reads:
                continue
            upstream = totals.get(block.node)
            if upstream is None:
                upstream = self.interpreter.zero(values[block.node])
            factor = self.factors(block)
            sent = self._sent(block, upstream, values, totals)
            formulas = self.writer.written(block, None if factor else self.upstream_name(block.node), self.arrays)
            locals_ = self._locals(block, values, upstream) if factor else {}
            rule, user, shown = self.rule(block), self.name(block.node), plain(upstream)
            spread = self._spread(block) if self.arrays else ()
            for at, read in enumerate(reads):
                visits[read] = visits.get(read, 0) + 1
                contribution, adjoint = sent[read]
                yield Contributed(
                    user=user,
                    operand=self.name(read),
                    index=block.node,
                    read=read,
                    rule=rule,
                    upstream_name=self.upstream_name(block.node) if not factor else f"d{user}",
                    written=formulas.get(read),
                    factor=factor,
                    local=locals_.get(read),
                    upstream=shown,
                    contribution=plain(contribution),
                    adjoint=plain(adjoint),
                    count=self.counts[read],
                    nth=visits[read],
                    reused=at > 0,
                    spread=read in spread,
                )

    @property
    def arrays(self) -> bool:
        return self.record.engine.arrays

    def _sent(self, block: Block, upstream: Value, values: list[Value], totals: dict[int, Value]) -> dict[int, tuple[Value, Value]]:
        """For each node read: what this block sends to it, and its running total afterwards."""
        plan, interpreter = self.record.plan, self.interpreter
        add = interpreter.added
        arriving: dict[int, Value] = {block.node: upstream}
        members = set(block.inner)
        sent: dict[int, Value] = {}
        with self.record.engine.quiet():
            for node in reversed(block.inner):
                if node not in arriving or not plan.moved[node]:
                    continue
                operands = self.graph.operands(node)
                inputs = [values[operand] for operand in operands]
                nothing = interpreter.nothing(arriving[node])
                for at, operand in enumerate(operands):
                    if not plan.moved[operand] or not self.graph.rows[self.graph.op[node]].passes(at):
                        continue
                    part = None if nothing else interpreter.part(node, at, arriving[node], inputs, values)
                    if part is None:
                        part = interpreter.zero(values[operand])
                    if operand in members:
                        arriving[operand] = part if operand not in arriving else add(arriving[operand], part)
                        continue
                    sent[operand] = part if operand not in sent else add(sent[operand], part)
                    totals[operand] = part if operand not in totals else add(totals[operand], part)
        return {operand: (part, totals[operand]) for operand, part in sent.items()}

    def _locals(self, block: Block, values: list[Value], upstream: Value) -> dict[int, Value]:
        """The values of the local derivatives; without those that do not exist where nothing flows through them."""
        shaped = bool(getattr(values[block.node], "shape", ()))
        ones: Any = self.record.engine.seed(values[block.node]) if shaped else self.interpreter.arithmetic.number("1")
        try:
            found = {read: part for read, (part, _) in self._sent(block, ones, values, {}).items()}
        except BackpropError:
            return {}
        nothing = self.interpreter.nothing(upstream)
        return {read: plain(part) for read, part in found.items() if not nothing or self.interpreter.is_number(part)}

    def factors(self, block: Block) -> bool:
        """Whether what a block sends is what arrives, entry by entry, times a local derivative."""
        if not self.arrays:
            return True
        values = self.record.values
        shape = getattr(values[block.node], "shape", ())
        if all(self.graph.rows[self.graph.op[node]].code is None for node in block.inner):
            return all(getattr(values[read], "shape", ()) == shape for read in block.reads if self.record.plan.moved[read])
        return not shape and not any(getattr(values[read], "shape", ()) for read in (*block.reads, *block.inner))

    def _spread(self, block: Block) -> set[int]:
        """The nodes that are repeated to fit another operand."""
        values, graph = self.record.values, self.graph
        return {
            read
            for node in block.inner
            if graph.rows[graph.op[node]].code is None
            for read in graph.operands(node)
            if getattr(values[node], "shape", ()) != getattr(values[read], "shape", ())
        }

    def rule(self, block: Block) -> str:
        """The school name of the rule; of several operations the chain rule over theirs."""
        return self.graph.rows[self.graph.op[block.node]].rule if len(block.inner) == 1 else "chain rule"


class _Renamed:
    """A graph in which operations without a name have the names that the lesson gives them."""

    def __init__(self, graph: Graph, names: dict[int, str]) -> None:
        self._graph, self.labels = graph, names

    def __getattr__(self, name: str) -> Any:
        return getattr(self._graph, name)
