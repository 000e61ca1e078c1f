"""The sweeps one node at a time, in any arithmetic: for exact numbers, and where floats hit a boundary.

Here a value may be undefined without harm, as long as the output does not need it: the branch that a `where` does not
take, or a derivative through which nothing flows.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from backprop_cli.autodiff.faults import Faults
from backprop_cli.autodiff.plan import Plan
from backprop_cli.calculus.arithmetic import NotExact
from backprop_cli.calculus.formula import Rules


class Interpreter:
    """Runs a plan. `finite` tells whether a value is a number; `undefined` stands for one that is not."""

    def __init__(self, plan: Plan, rules: Rules, faults: Faults) -> None:
        self.plan, self.rules, self.faults = plan, rules, faults
        self.arithmetic = rules.namespace.arithmetic
        self.demanded = bytearray(len(plan.graph))

    def forward(self, values: list[Any], order: Sequence[int], outputs: Collection[int]) -> None:
        """Work out the nodes in `order`; raise where one of `outputs` needs a node that has no value."""
        graph = self.plan.graph
        for node in order:
            row = graph.rows[graph.op[node]]
            inputs = [values[operand] for operand in graph.operands(node)]
            try:
                values[node] = self.attempt(self.rules.forward(row), *inputs)
            except NotExact as reason:
                raise self.faults.inexact(node, values, str(reason)) from None
        self.demand(values, order, outputs)
        for node in order:
            if self.demanded[node] and not self.arithmetic.finite(values[node]):
                raise self.faults.value(node, values)

    def demand(self, values: list[Any], order: Sequence[int], outputs: Collection[int]) -> None:
        """Mark what the outputs really need: of a `where` only the branch that it takes."""
        graph, demanded = self.plan.graph, self.demanded
        for node in outputs:
            demanded[node] = 1
        for node in reversed(order):
            if not demanded[node]:
                continue
            operands = graph.operands(node)
            if graph.rows[graph.op[node]].head == "where":
                condition, first, second = operands
                taken = values[condition]
                operands = (condition,) if not self.arithmetic.finite(taken) else (condition, first if taken != 0 else second)
            for operand in operands:
                demanded[operand] = 1

    def backward(self, values: list[Any]) -> list[Any]:
        """The adjoints of all nodes. A local derivative of 0 contributes 0, whatever arrives; where nothing arrives, nothing is asked."""
        plan, graph = self.plan, self.plan.graph
        zero, one = self.arithmetic.number("0"), self.arithmetic.number("1")
        adjoints = [zero] * len(graph)
        adjoints[plan.output] = one
        for node in reversed(plan.order):
            upstream = adjoints[node]
            if not (plan.moved[node] and self.demanded[node]) or upstream == 0:
                continue
            row = graph.rows[graph.op[node]]
            operands = graph.operands(node)
            inputs = [values[operand] for operand in operands]
            for at, operand in enumerate(operands):
                if not plan.moved[operand] or row.computed[at] is None:
                    continue
                try:
                    local = self.attempt(self.rules.slope(row, at), *inputs, values[node])
                    if not self.arithmetic.finite(local):
                        raise self.faults.slope(node, at, values)
                    if local != 0:
                        adjoints[operand] = self.arithmetic.add(adjoints[operand], self.arithmetic.multiply(upstream, local))
                except NotExact as reason:
                    raise self.faults.inexact(node, values, str(reason)) from None
                if not self.arithmetic.finite(adjoints[operand]):
                    raise self.faults.adjoint(node, operand, values)
        return adjoints

    def attempt(self, function: Callable[..., Any], *inputs: Any) -> Any:
        """The value of a function, or one that is no number where it has none."""
        try:
            return function(*inputs)
        except OverflowError:
            return self.arithmetic.infinite
        except (ValueError, ZeroDivisionError, FloatingPointError, TypeError):
            return self.arithmetic.undefined
