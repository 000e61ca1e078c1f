"""Forward mode: how much each node moves when one leaf does, from the leaves to the output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backprop_cli.autodiff.differentiate import Record
from backprop_cli.autodiff.engine import Value
from backprop_cli.errors import BackpropError

_MOST = 4_096  # entries of a whole-array function's value


class TooLarge(Exception):
    """A whole-array function with so many entries that a sweep for each would take long."""


def tangents(record: Record, leaf: int, entry: tuple[int, ...] = ()) -> list[Value | None]:
    """The derivative of every node by a leaf, or by one entry of it; None where the leaf moves nothing.

    One sweep in the order of the file: each node receives, from each operand, its local derivative times the operand's tangent.
    """
    plan, graph = record.plan, record.plan.graph
    interpreter = record.engine.interpreter(plan)
    values = list(record.values)
    found: list[Value | None] = [None] * len(graph)
    found[leaf] = _one_hot(record, values[leaf], entry)
    with record.engine.quiet():
        for node in plan.order:
            if node == leaf:
                continue
            row = graph.rows[graph.op[node]]
            for at, operand in enumerate(graph.operands(node)):
                if found[operand] is None or not row.passes(at):
                    continue
                try:
                    part = _moved(record, interpreter, node, at, found[operand], values)
                except BackpropError:
                    if not interpreter.nothing(record.adjoints[node]):
                        raise
                    part = None  # a derivative that does not exist, through which nothing flows
                if part is not None:
                    found[node] = part if found[node] is None else interpreter.arithmetic.add(found[node], part)
    return found


def _one_hot(record: Record, value: Value, entry: Sequence[int]) -> Value:
    one = record.engine.arithmetic.number("1")
    if not getattr(value, "shape", ()):
        return one
    import numpy as np

    made = np.full(value.shape, one * 0, dtype=object if not isinstance(one, float) else float)
    made[tuple(entry)] = one
    return made


def _moved(record: Record, interpreter: Any, node: int, at: int, tangent: Value, values: list[Value]) -> Value | None:
    """How much a node moves with one of its operands."""
    graph = record.plan.graph
    inputs = [values[operand] for operand in graph.operands(node)]
    row = graph.rows[graph.op[node]]
    if not record.engine.arrays:
        return interpreter.contribution(node, at, tangent, inputs, values)
    import numpy as np

    shape = np.shape(values[node])
    if row.code is None:
        local = interpreter.attempt(record.engine.rules.slope(row, at), *inputs, values[node])
        moved = _times(interpreter, tangent, local)
        return np.broadcast_to(moved, shape).copy() if shape else moved[()] if hasattr(moved, "shape") else moved
    # A whole-array function: entry by entry of its value, what a seed there sends back to the operand.
    size = int(np.prod(shape)) if shape else 1
    if size > _MOST:
        raise TooLarge(f"{size:,} entries")
    entries = []
    one = interpreter.arithmetic.number("1")
    for entry in range(size):
        seed: Any = one
        if shape:
            seed = np.where(np.arange(size).reshape(shape) == entry, one, one * 0)
        back = interpreter.contribution(node, at, seed, inputs, values)
        entries.append(one * 0 if back is None else _total(interpreter, _times(interpreter, back, tangent)))
    return np.array(entries).reshape(shape) if shape else entries[0]


def _times(interpreter: Any, left: Value, right: Value) -> Value:
    """A product, entry by entry; 0 where one of the two is 0 and the other does not exist."""
    import numpy as np

    nothing = np.equal(left, 0) | np.equal(right, 0)
    return np.where(nothing, interpreter.arithmetic.number("0"), interpreter.arithmetic.multiply(left, right))


def _total(interpreter: Any, products: Value) -> Value:
    """Their sum, no number where one of them is none."""
    known = interpreter.arithmetic.finite(products)
    return products.sum() if known else interpreter.arithmetic.undefined
