"""Whether what arrives at an infinite slope is 0 at this point only, or at all points close by: the same sweep there tells."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from backprop_cli.autodiff.engine import Engine, Value
from backprop_cli.autodiff.plan import Plan
from backprop_cli.errors import BackpropError

_NEAR, _FROM_ZERO = 1e-6, 1e-3  # how far a point close by lies, as a part of a number, and from 0
_SIDES: tuple[tuple[float, ...], ...] = ((1.0,), (-1.0,), (-1.0, 1.0), (-1.0, 1.0), (-1.0, 1.0))


def only_here(engine: Engine, plan: Plan, values: list[Value], seed: Value) -> list[tuple[int, int]]:
    """Of the last sweep's nodes with an infinite slope at which nothing arrives, with the operand: those where something does nearby."""
    if not engine.hushed:
        return []
    run = _Nearby(engine, plan, values, seed)
    return sorted({(node, at) for node, at, entries in engine.hushed if run.arrives(node, plan.graph.operands(node)[at], entries)})


class _Nearby:
    """The values and adjoints of a plan at points around the one of `values`, in floats."""

    def __init__(self, engine: Engine, plan: Plan, values: list[Value], seed: Value) -> None:
        from backprop_cli.calculus.exact_text import exact_float

        graph = plan.graph
        self.floats: Callable[[Value], Value] = _each(exact_float) if engine.exact else lambda value: value
        given = {leaf: self.floats(value) for leaf, value in engine.given.items()}
        self.engine = Engine(graph, given, False, engine.limits) if engine.exact else engine
        # A leaf that holds an index stays where it is, and so does a comparison: its kink is told by itself.
        self.fixed = {leaf for node in graph.static for leaf in graph.held(node)}
        self.fixed |= {node for node in plan.order if not any(map(graph.rows[graph.op[node]].passes, range(2)))}
        self.plan, self.here, self.seed = plan, values, self.floats(seed)
        self.nodes = {node for node, _, _ in engine.hushed}
        with self.engine.quiet():
            self.base = self.forward(lambda value: value)
            self.around = list(self.sweeps())

    def arrives(self, node: int, operand: int, entries: Any) -> bool:
        """Whether something arrives at some of the entries of a node whose operand moves."""
        seen = False
        for values, adjoints in self.around:
            moving = values[operand] != self.base[operand]
            arrived = adjoints[node] if adjoints[node] is not None else 0.0
            known = abs(arrived) < float("inf")
            if _any(entries & moving & known & (arrived != 0)):
                return True
            seen |= _any(entries & known)
        return not seen

    def sweeps(self) -> Iterator[tuple[list[Value], list[Value]]]:
        """Values and adjoints at each of the points, but for those that are no points at all."""
        chance = random.Random(0)
        for signs in _SIDES:

            def away(value: float, signs: tuple[float, ...] = signs) -> float:
                return float(value) + chance.choice(signs) * chance.uniform(0.5, 1) * (abs(value) * _NEAR or _FROM_ZERO)

            try:
                values = self.forward(_each(away))
                careful = self.engine.interpreter(replace(self.plan, wrt=()))
                careful.kept |= self.nodes
                careful.demand(values, list(self.plan.order), (self.plan.output,))
                yield values, careful.backward(values, self.seed)
            except BackpropError:
                continue

    def forward(self, away: Callable[[Value], Value]) -> list[Value]:
        """The values where all names asked for have been moved."""
        plan, wrt = self.plan, set(self.plan.wrt) - self.fixed
        careful = self.engine.interpreter(plan)
        values = self.engine.start(plan)
        for leaf in wrt - set(plan.order):
            values[leaf] = away(values[leaf])
        for node in plan.order:
            values[node] = self.floats(self.here[node]) if node in self.fixed else careful.value(node, values)
            if node in wrt:
                values[node] = away(values[node])
        return values


def _each(function: Callable[[Any], float]) -> Callable[[Value], Value]:
    """A function of numbers, for arrays of them too."""

    def apply(value: Value) -> Value:
        if not getattr(value, "shape", ()):
            return function(value)
        import numpy as np

        return np.array([function(each) for each in value.ravel().tolist()], dtype=float).reshape(value.shape)

    return apply


def _any(marks: Any) -> bool:
    return bool(marks.any() if hasattr(marks, "any") else marks)
