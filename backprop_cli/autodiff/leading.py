"""Sweeps over arrays at many points at once: every value that varies has a leading axis that counts the points.

What is no operation entry by entry needs to be told about that axis; where it cannot be, points are evaluated one by one.

Imported only where there are many points.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backprop_cli.autodiff.array_sweep import ArrayInterpreter
from backprop_cli.autodiff.columns import Points
from backprop_cli.autodiff.engine import Engine
from backprop_cli.autodiff.notices import JUMPS, dependent
from backprop_cli.autodiff.plan import Plan
from backprop_cli.calculus.arrays import CODE, Code, Misshapen
from backprop_cli.calculus.arrays.products import matmul_shape
from backprop_cli.calculus.arrays.shaping import reshape_shape

Static = dict[str, Any]


class Unsuited(Exception):
    """This graph cannot be run at many points at once."""


@dataclass(frozen=True, slots=True)
class Led:
    """A whole-array function on operands with a leading axis: its value, and what operand `at` receives."""

    forward: Callable[..., Any]
    back: Callable[..., Any]


def _reducing(code: Code) -> Led:
    """A function over one axis or all of them; the axes lie one further back."""

    def arranged(s: Static, x: Any) -> tuple[Static, Any]:
        if s.get("axis") is not None:
            return {**s, "axis": s["axis"] + (s["axis"] >= 0)}, x
        return {"axis": 1}, np.reshape(x, (len(x), -1))

    def forward(f: Any, s: Static, x: Any) -> Any:
        shape = code.shape(s, x.shape[1:])
        return np.reshape(code.forward(f, *arranged(s, x)), (len(x), *shape))

    def back(f: Any, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
        placed, entries = arranged(s, x)
        if entries is not x:
            g, y = np.reshape(g, len(g)), np.reshape(y, len(y))
        return np.reshape(code.back(f, placed, 0, g, y, entries), x.shape)

    return Led(forward, back)


def _softmaxing(code: Code) -> Led:
    """A softmax over an axis, the last one unless told."""

    def placed(s: Static, x: Any) -> Static:
        code.shape(s, x.shape[1:])
        axis = s.get("axis")
        return {**s, "axis": -1 if axis is None else axis + (axis >= 0)}

    return Led(
        lambda f, s, x: code.forward(f, placed(s, x), x),
        lambda f, s, at, g, y, x: code.back(f, placed(s, x), 0, g, y, x),
    )


def _rows_of(a: Any) -> Any:
    return a[:, None, :] if a.ndim == 2 else a


def _columns_of(b: Any) -> Any:
    return b[:, :, None] if b.ndim == 2 else b


def _matmul(f: Any, s: Static, a: Any, b: Any) -> Any:
    if not (a.ndim in (2, 3) and b.ndim in (2, 3)):
        raise Unsuited
    shape = matmul_shape(s, a.shape[1:], b.shape[1:])
    return np.reshape(_rows_of(a) @ _columns_of(b), (max(len(a), len(b)), *shape))


def _matmul_back(f: Any, s: Static, at: int, g: Any, y: Any, a: Any, b: Any) -> Any:
    rows, columns = _rows_of(a), _columns_of(b)
    g = np.reshape(g, (len(g), rows.shape[1], columns.shape[2]))
    if at == 0:
        return np.reshape(g @ np.swapaxes(columns, 1, 2), a.shape)
    return np.reshape(np.swapaxes(rows, 1, 2) @ g, b.shape)


def _index(s: Static) -> tuple[Any, ...]:
    return (slice(None), *s["index"])


def _index_of(f: Any, s: Static, x: Any) -> Any:
    CODE["index"].shape(s, x.shape[1:])
    return x[_index(s)]


def _stack(f: Any, s: Static, *items: Any) -> Any:
    CODE["stack"].shape(s, *(item.shape[1:] for item in items))
    return np.stack(np.broadcast_arrays(*items), axis=1)


def _dot(f: Any, s: Static, a: Any, b: Any) -> Any:
    CODE["dot"].shape(s, a.shape[1:], b.shape[1:])
    return (a[:, None, :] @ b[:, :, None])[:, 0, 0]


def _turned(f: Any, s: Static, x: Any) -> Any:
    return np.transpose(x, (0, *range(x.ndim - 1, 0, -1)))


LED: dict[str, Led] = {
    **{name: _reducing(CODE[name]) for name in ("sum", "mean", "prod", "var", "logsumexp")},
    **{name: _softmaxing(CODE[name]) for name in ("softmax", "log_softmax")},
    "matmul": Led(_matmul, _matmul_back),
    "transpose": Led(_turned, lambda f, s, at, g, y, x: _turned(f, s, g)),
    "index": Led(_index_of, lambda f, s, at, g, y, x: CODE["index"].back(f, {"index": _index(s)}, 0, g, y, x)),
    "stack": Led(_stack, lambda f, s, at, g, y, *x: g[:, at]),
    "dot": Led(_dot, lambda f, s, at, g, y, a, b: g[:, None] * (a if at else b)),
    "reshape": Led(
        lambda f, s, x: np.reshape(x, (len(x), *reshape_shape(s, x.shape[1:]))),
        lambda f, s, at, g, y, x: np.reshape(g, x.shape),
    ),
}  # fmt: skip


def sweep_leading(engine: Engine, plan: Plan, values: list[Any], count: int, varying: set[int]) -> Points:
    """Run a plan with arrays at `count` points; the leaves in `varying` hold a value for each, with a leading axis.

    Raises Unsuited where one of the functions has no such form, or shapes do not fit.
    """
    try:
        with np.errstate(all="ignore"):
            return _Sweep(engine, plan, values, count, varying).run()
    except (Misshapen, ValueError, IndexError, ArithmeticError):
        raise Unsuited from None


class _Sweep:
    """One run. Values are floats, the same at all points, or arrays whose first axis has one entry or one for each point."""

    def __init__(self, engine: Engine, plan: Plan, values: list[Any], count: int, varying: set[int]) -> None:
        self.engine, self.plan, self.graph, self.count = engine, plan, engine.graph, count
        self.rules, self.functions = engine.rules, engine.arithmetic.functions
        graph = self.graph
        for node in plan.order:
            code = graph.rows[graph.op[node]].code
            if (code is not None and code not in LED) or any(leaf in varying for leaf in graph.held(node)):
                raise Unsuited
        interpreter = engine.interpreter(plan)
        assert isinstance(interpreter, ArrayInterpreter)
        self.static = {node: interpreter.static(node, values) for node in plan.order if node in graph.static}
        self.values = [
            value if node in varying or not isinstance(value, np.ndarray) else value[None] for node, value in enumerate(values)
        ]  # fmt: skip
        self.adjoints: dict[int, Any] = {}

    def run(self) -> Points:
        plan, values = self.plan, self.values
        for node in plan.order:
            values[node] = self.value(node)
            if math.prod(np.shape(values[node])[1:]) > self.engine.limits.entries:
                raise Unsuited
        shape = np.shape(values[plan.output])
        if math.prod(shape[1:]) != 1:
            raise Unsuited
        self.adjoints[plan.output] = np.ones((1, *shape[1:]))
        for node in reversed(plan.order):
            if plan.moved[node] and node in self.adjoints:
                self.send(node)
        good = np.ones(self.count, dtype=bool)
        for each in map(self.led, (*(values[node] for node in plan.order), *self.adjoints.values())):
            good &= np.isfinite(np.sum(each, axis=tuple(range(1, each.ndim))))
        adjoints = {node: self.spread(self.adjoint(node)) for node in plan.wrt}
        kinked, doubtful = self.kinked()
        return Points(good & ~doubtful, np.reshape(self.spread(values[plan.output]), self.count), adjoints, kinked)

    def spread(self, value: Any) -> Any:
        value = self.led(value)
        return np.broadcast_to(value, (self.count, *value.shape[1:]))

    def led(self, value: Any) -> Any:
        return value if np.ndim(value) else np.asarray(value, dtype=float)[None]

    def adjoint(self, node: int) -> Any:
        return self.adjoints[node] if node in self.adjoints else np.zeros((1, *np.shape(self.values[node])[1:]))

    def inputs(self, node: int) -> list[Any]:
        """The operands; of an operation entry by entry all with equally many axes behind the first."""
        found = [self.values[operand] for operand in self.graph.operands(node)]
        if self.graph.rows[self.graph.op[node]].code is not None:
            return [self.led(each) for each in found]
        most = max(map(np.ndim, found))
        return [
            np.reshape(each, (len(each), *[1] * (most - each.ndim), *each.shape[1:])) if 0 < np.ndim(each) < most else each
            for each in found
        ]

    def value(self, node: int) -> Any:
        row = self.graph.rows[self.graph.op[node]]
        if row.code is not None:
            return LED[row.code].forward(self.functions, self.static.get(node, {}), *self.inputs(node))
        return self.rules.forward(row)(*self.inputs(node))

    def send(self, node: int) -> None:
        """What a node sends to each of its operands."""
        graph, plan = self.graph, self.plan
        row, upstream, inputs = graph.rows[graph.op[node]], self.adjoints[node], self.inputs(node)
        for at, operand in enumerate(graph.operands(node)):
            if not plan.moved[operand] or not row.passes(at) or row.computed[min(at, len(row.computed) - 1)] == "0":
                continue
            if row.code is not None:
                part = self.part(row.code, node, at, upstream, inputs)
            else:
                part = upstream * self.rules.slope(row, at)(*inputs, self.values[node])
            part = _gathered(part, np.shape(self.values[operand])[1:])
            self.adjoints[operand] = self.adjoints[operand] + part if operand in self.adjoints else part

    def part(self, code: str, node: int, at: int, upstream: Any, inputs: Sequence[Any]) -> Any:
        y = self.led(self.values[node])
        count = max(map(len, (upstream, y, *inputs)))
        upstream, y, *inputs = (np.broadcast_to(each, (count, *each.shape[1:])) for each in (upstream, y, *inputs))
        return LED[code].back(self.functions, self.static.get(node, {}), at, upstream, y, *inputs)

    def at_points(self, marks: Any) -> Any:
        """The points at which some entry is marked."""
        led = self.led(marks)
        return led.reshape(len(led), -1).any(axis=1)

    def kinked(self) -> tuple[Any, Any]:
        """The points at which a convention stands in for a derivative that does not exist; and those to be looked at alone (`columns`)."""
        graph, plan = self.graph, self.plan
        found, doubtful = np.zeros(self.count, dtype=bool), np.zeros(self.count, dtype=bool)
        bent = {number: row.kink.at for number, row in enumerate(graph.rows) if row.kink is not None}
        depends = dependent(plan) if bent else b""
        for node in plan.order if bent else ():
            at = bent.get(graph.op[node])
            if at is None or not depends[node] or (plan.moved[node] and node not in self.adjoints):
                continue
            row = graph.rows[graph.op[node]]
            hit = np.asarray(self.rules.condition(row, at)(*self.inputs(node), self.values[node]), dtype=bool)
            flows = np.asarray(self.adjoints[node] != 0 if plan.moved[node] else True)
            found |= self.at_points(hit & flows)
            if row.head in JUMPS:
                doubtful |= self.at_points(hit & ~flows)
        return found, doubtful


def _gathered(part: Any, shape: tuple[int, ...]) -> Any:
    """What arrives at an operand of that shape (the points not counted), summed over the axes along which it was repeated."""
    extra = part.ndim - 1 - len(shape)
    if extra > 0:
        part = np.sum(part, axis=tuple(range(1, 1 + extra)))
    repeated = tuple(axis for axis, size in enumerate(shape, 1) if size == 1 and part.shape[axis] != 1)
    part = np.sum(part, axis=repeated, keepdims=True) if repeated else part
    return np.broadcast_to(part, (len(part), *shape))
