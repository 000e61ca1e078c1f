"""The sweeps one node at a time, in any arithmetic: for arrays, for exact numbers, and where floats hit a boundary.

Here a value may be undefined without harm, as long as the output does not need it: the branch that a `where` does not
take, or a derivative through which nothing flows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from backprop_cli.autodiff.faults import Faults
from backprop_cli.autodiff.plan import Plan
from backprop_cli.calculus.arithmetic import NotExact
from backprop_cli.calculus.formula import Rules
from backprop_cli.calculus.primitive import Primitive
from backprop_cli.errors import BackpropError

# How much the output needs a node: not at all, under a mask that may hide it, or without doubt.
UNUSED, MASKED, NEEDED = range(3)


class Interpreter:
    """Runs a plan. `demanded` tells how much the outputs really need each node."""

    strict = False
    carries = False

    def __init__(self, plan: Plan, rules: Rules, faults: Faults) -> None:
        self.plan, self.rules, self.faults = plan, rules, faults
        self.arithmetic = rules.namespace.arithmetic
        self.demanded = bytearray(len(plan.graph))
        # Nodes whose adjoint is no number: which came first, and the complaint about where that began.
        self.lost: dict[int, tuple[int, Callable[[], BackpropError]]] = {}
        self.silenced: list[tuple[int, int]] = []  # nodes, and operands that receive nothing though what arrives is no number
        self.hushed: list[tuple[int, int, Any]] = []  # the reverse: nothing arrives at a slope that is infinite; and in which entries
        self.kept = {plan.output, *plan.wrt}  # nodes whose adjoints are asked for
        self.steep = {number for number, row in enumerate(plan.graph.rows) if row.steep}

    # ---- forward ----

    def forward(self, values: list[Any], order: Sequence[int], outputs: Collection[int]) -> None:
        """Work out the nodes in `order`; raise where one of `outputs` needs a node that has no value."""
        for node in order:
            values[node] = self.value(node, values)
        self.demand(values, order, outputs)
        for node in order:
            if self.demanded[node] == NEEDED and not self.arithmetic.finite(values[node]):
                raise self.faults.value(node, values)

    def value(self, node: int, values: list[Any]) -> Any:
        """The value of a node, or one that is no number where it has none."""
        graph = self.plan.graph
        inputs = [values[operand] for operand in graph.operands(node)]
        try:
            return self.attempt(self.compute, node, graph.rows[graph.op[node]], inputs, values)
        except NotExact as reason:
            raise self.faults.inexact(node, values, str(reason)) from None

    def compute(self, node: int, row: Primitive, inputs: list[Any], values: list[Any]) -> Any:
        return self.rules.forward(row)(*inputs)

    def demand(self, values: list[Any], order: Sequence[int], outputs: Collection[int]) -> None:
        """Mark what the outputs really need: of a `where` only the branch that it takes."""
        graph, demanded = self.plan.graph, self.demanded
        for node in outputs:
            demanded[node] = NEEDED
        for node in reversed(order):
            level = demanded[node]
            if not level:
                continue
            operands = graph.operands(node)
            if graph.rows[graph.op[node]].head == "where":
                self.demand_branches(operands, values, level)
                continue
            for operand in operands:
                demanded[operand] = max(demanded[operand], level)

    def demand_branches(self, operands: tuple[int, ...], values: list[Any], level: int) -> None:
        demanded = self.demanded
        condition, first, second = operands
        demanded[condition] = max(demanded[condition], level)
        taken = values[condition]
        if not self.arithmetic.finite(taken):
            return
        whole = self.everywhere(taken)
        if whole is None:
            demanded[first] = max(demanded[first], MASKED)
            demanded[second] = max(demanded[second], MASKED)
        else:
            branch = first if whole else second
            demanded[branch] = max(demanded[branch], level)

    def everywhere(self, taken: Any) -> bool | None:
        """Whether a condition holds in all entries, in none, or (None) in some."""
        return bool(taken != 0)

    # ---- backward ----

    def backward(self, values: list[Any], seed: Any) -> list[Any]:
        """The adjoints of all nodes, where that of the output is `seed`, in its shape.

        A local derivative of 0 contributes 0, whatever arrives. Where a derivative is infinite or does not exist, what is sent on
        is no number (`lost`); raises only where that reaches a leaf asked for.
        """
        plan, graph = self.plan, self.plan.graph
        adjoints: list[Any] = [None] * len(graph)
        adjoints[plan.output] = seed
        self.lost, self.silenced, self.hushed = {}, [], []
        for node in reversed(plan.order):
            if not (plan.moved[node] and self.demanded[node]):
                continue
            if graph.op[node] in self.steep and not self.strict:
                self.hushed.extend(self.hushed_at(node, adjoints[node], values))
            if self.nothing(adjoints[node]):
                continue
            row = graph.rows[graph.op[node]]
            operands = graph.operands(node)
            inputs = [values[operand] for operand in operands]
            for at, operand in enumerate(operands):
                if plan.moved[operand] and row.passes(at):
                    self.send(node, at, operand, adjoints, inputs, values)
            self.done(node, adjoints)
        self.require_numbers()
        return self.filled(adjoints, values)

    def send(self, node: int, at: int, operand: int, adjoints: list[Any], inputs: list[Any], values: list[Any]) -> None:
        """Add to the adjoint of an operand what one of its users sends, and note where that is no number, and why."""
        try:
            part, total = self.passed(node, at, operand, adjoints, inputs, values)
        except NotExact as reason:
            raise self.faults.inexact(node, values, str(reason)) from None
        if self.strict:
            return
        if node in self.lost and (part is None or self.is_number(part)):
            self.silenced.append((node, at))
        if part is None or operand in self.lost or self.is_number(total):
            return
        if self.unknown(part):
            self.lost[operand] = self.lost.get(node) or (len(self.lost), lambda: self.faults.slope(node, at, values))
        else:
            self.lost[operand] = len(self.lost), lambda: self.faults.adjoint(node, operand, values)

    def passed(self, node: int, at: int, operand: int, adjoints: list[Any], inputs: list[Any], values: list[Any]) -> tuple[Any, Any]:
        """What an operand receives from one user, and its adjoint with that; None where that is nothing."""
        part = self.part(node, at, adjoints[node], inputs, values)
        if part is not None:
            adjoints[operand] = part if adjoints[operand] is None else self.added(adjoints[operand], part)
        return part, adjoints[operand]

    def hushed_at(self, node: int, upstream: Any, values: list[Any]) -> Iterator[tuple[int, int, Any]]:
        """The operands by which a node's slope is infinite where nothing arrives, and the entries in which it is so."""
        graph = self.plan.graph
        operands = graph.operands(node)
        for at, operand in enumerate(operands):
            if self.plan.moved[operand] and graph.rows[graph.op[node]].passes(at):
                try:
                    local = self.slope(node, at, [values[each] for each in operands], values)
                except NotExact:
                    continue
                entries = not self.arithmetic.finite(local) and self.quiet_entries(upstream, local, values[node])
                if entries is not False:
                    yield node, at, entries

    def quiet_entries(self, upstream: Any, local: Any, value: Any) -> Any:
        """The entries with a value at which nothing arrives and the slope is no number; False where there are none."""
        return self.nothing(upstream) and self.arithmetic.finite(value)

    def part(self, node: int, at: int, upstream: Any, inputs: list[Any], values: list[Any]) -> Any:
        """What an operand receives from one user, no number where that is not known; None where it is nothing."""
        local = self.slope(node, at, inputs, values)
        if not self.arithmetic.finite(local):
            return math.nan
        if local == 0:
            return None
        return self.arithmetic.multiply(upstream, local) if self.is_number(upstream) else math.nan

    def added(self, left: Any, right: Any) -> Any:
        """The sum of two adjoints."""
        return self.arithmetic.add(left, right) if self.is_number(left) and self.is_number(right) else math.nan

    def is_number(self, adjoint: Any) -> bool:
        """Whether an adjoint is known: all its entries are finite."""
        return not isinstance(adjoint, float) or math.isfinite(adjoint)

    def unknown(self, part: Any) -> bool:
        """Whether what is sent is no number for another reason than that it is too large."""
        return isinstance(part, float) and math.isnan(part)

    def require_numbers(self) -> None:
        """Raise the first complaint there is about a leaf asked for."""
        reached = [self.lost[node] for node in self.plan.wrt if node in self.lost]
        if reached:
            raise min(reached, key=lambda each: each[0])[1]()

    def done(self, node: int, adjoints: list[Any]) -> None:
        """Called when a node has sent all it has to send."""

    def filled(self, adjoints: list[Any], values: list[Any]) -> list[Any]:
        """Zeros where nothing arrived."""
        return [self.zero(value) if adjoint is None else adjoint for adjoint, value in zip(adjoints, values, strict=True)]

    def static(self, node: int, values: list[Any]) -> dict[str, Any]:
        """The arguments of a node that are no operands; only whole-array functions have any."""
        return {}

    def nothing(self, upstream: Any) -> bool:
        return upstream is None or bool(upstream == 0)

    def zero(self, value: Any) -> Any:
        return self.arithmetic.number("0")

    def contribution(self, node: int, at: int, upstream: Any, inputs: list[Any], values: list[Any]) -> Any:
        """What an operand receives from one user, None where that is nothing. Raises BackpropError where it is no number."""
        part = self.part(node, at, upstream, inputs, values)
        if part is not None and not self.is_number(part):
            raise self.faults.slope(node, at, values)
        return part

    def slope(self, node: int, at: int, inputs: list[Any], values: list[Any]) -> Any:
        """A local derivative."""
        return self.attempt(self.rules.slope(self.plan.graph.rows[self.plan.graph.op[node]], at), *inputs, values[node])

    def attempt(self, function: Callable[..., Any], *inputs: Any) -> Any:
        """The value of a function, or one that is no number where it has none."""
        try:
            return function(*inputs)
        except OverflowError:
            return self.arithmetic.infinite
        except (ValueError, ZeroDivisionError, FloatingPointError, TypeError):
            return self.arithmetic.undefined
