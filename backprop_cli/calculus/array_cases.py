"""One use of a whole-array function, and the phrases that the formulas of several share: shapes, sums, transposes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from backprop_cli.calculus.tidy import product, tidy_step
from backprop_cli.lang.syntax import TRANSPOSE, Apply, Brackets, Expr, Index, Number

Shape = tuple[int, ...]
Static = Mapping[str, Any]
Written = tuple[Expr, Shape]  # an expression, and the shape that it has


def summed_to(written: Written, shape: Shape, target: Shape) -> Written:
    """What an operand of shape `target` receives when that arrives at the broadcast `shape`: the sum over its repetitions.

    Along an axis that the expression leaves out it is as many times as large.
    """
    expr, own = written
    if shape == target:
        return written
    if not target:
        copies = math.prod(shape) // math.prod(own) if math.prod(own) else 0
        return counted(copies, Apply("sum", (expr,)) if own else expr), ()
    copies = 1
    for rank in range(len(shape), len(target), -1):
        copies *= shape[-rank] if len(own) < rank or own[0] == 1 else 1
        if len(own) == rank:
            expr, own = Apply("sum", (expr,), (("axis", Number("0")),)), own[1:]
    for back, wanted in enumerate(reversed(target), 1):  # axes counted from the last one
        if wanted != 1 or shape[-back] == 1:
            continue
        if len(own) < back or own[-back] == 1:
            copies *= shape[-back]
        else:
            axis = len(own) - back
            expr = Apply("sum", (expr,), (("axis", Number(str(axis))), ("keepdims", Number("1"))))
            own = (*own[:axis], 1, *own[axis + 1 :])
    return counted(copies, expr), own


class Case:
    """One use of a function: its arguments, and the phrases that several formulas share."""

    def __init__(self, static: Static, at: int, g: Written, y: Written, operands: Sequence[Written]) -> None:
        self.static, self.at, self.arriving, self.value = static, at, g, y
        self.operands, self.shapes = [expr for expr, _ in operands], [shape for _, shape in operands]
        self.x, self.shape = operands[min(at, len(operands) - 1)]
        (self.g, self.arrived), (self.y, self.whole) = g, y

    @property
    def axis(self) -> int | None:
        axis = self.static.get("axis")
        return None if axis is None else axis % len(self.shape)

    @property
    def entire(self) -> bool:
        """Whether what arrives is written in the shape that it has."""
        return self.arrived == self.whole

    @property
    def single(self) -> bool:
        """Whether one number arrives at all entries."""
        return math.prod(self.arrived) == 1 != math.prod(self.whole) or not self.arrived

    def entry(self) -> Expr:
        """The first entry of what arrives: that number, where it is one."""
        return Index(self.g, (Number("0"),) * len(self.arrived)) if self.arrived else self.g

    def count(self) -> Number:
        return Number(str(math.prod(self.shape) if self.axis is None else self.shape[self.axis]))

    def spread(self, written: Written) -> Written:
        """The result of a reduction in a shape that repeats along the axis it ran over."""
        expr, own = written
        behind = 0 if self.axis is None else len(self.shape) - 1 - self.axis
        if self.axis is None or self.static.get("keepdims") or len(own) <= behind:
            return written
        kept = (*own[: len(own) - behind], 1, *own[len(own) - behind :])
        return reshaped(expr, kept), kept

    def sent(self) -> Expr:
        """What arrives, spread."""
        return self.spread(self.arriving)[0]

    def again(self) -> Expr:
        """The value, spread."""
        return self.spread(self.value)[0]

    def reduced(self, name: str, expr: Expr) -> Expr:
        """A reduction along the same axis that keeps its place."""
        if self.axis is None:
            return Apply(name, (expr,))
        return Apply(name, (expr,), (("axis", Number(str(self.axis))), ("keepdims", Number("1"))))


def counted(copies: int, expr: Expr) -> Expr:
    return expr if copies == 1 else product(Number(str(copies)), expr)


def reshaped(expr: Expr, shape: Shape) -> Expr:
    if isinstance(expr, Apply) and expr.head == "reshape":
        expr = expr.operands[0]
    return Apply("reshape", (expr, Brackets(tuple(Number(str(size)) for size in shape))))


def times(*factors: Expr) -> Expr:
    result = factors[0]
    for factor in factors[1:]:
        result = product(result, factor)
    return result


def over(top: Expr, bottom: Expr) -> Expr:
    return tidy_step("/", top, bottom)


def turned(expr: Expr) -> Expr:
    return Apply(TRANSPOSE, (expr,))


def matmul(left: Expr, right: Expr) -> Expr:
    return Apply("@", (left, right))


def summed(expr: Expr, axis: int) -> Expr:
    return Apply("sum", (expr,), (("axis", Number(str(axis))),))
