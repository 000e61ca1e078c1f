"""What an operand of a whole-array function receives, written out for the shapes at hand: `dz @ x.T`, `sum(dz, axis=1, keepdims=1)`.

The texts are made for reading; each is an expression of the language with the value that arrays.py computes, up to
broadcasting. None where the language has no short way to say it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backprop_cli.calculus.tidy import negated, product, tidy_step
from backprop_cli.lang.syntax import TRANSPOSE, Apply, Brackets, Expr, Index, Number, Slice

Shape = tuple[int, ...]
Static = Mapping[str, Any]


def summed_to(expr: Expr, shape: Shape, target: Shape) -> Expr:
    """What an operand of shape `target` receives when `expr` has the broadcast `shape`: the sum over its repetitions."""
    if shape == target:
        return expr
    if not target:
        return Apply("sum", (expr,))
    while len(shape) > len(target):
        expr, shape = Apply("sum", (expr,), (("axis", Number("0")),)), shape[1:]
    for axis, (size, wanted) in enumerate(zip(shape, target, strict=True)):
        if wanted == 1 and size != 1:
            expr = Apply("sum", (expr,), (("axis", Number(str(axis))), ("keepdims", Number("1"))))
    return expr


def received(code: str, static: Static, at: int, g: Expr, y: Expr, operands: Sequence[Expr], shapes: Sequence[Shape]) -> Expr | None:
    """What operand `at` receives when `g` arrives; `shapes` are the operands', `y` is the function's own value."""
    writer = _WRITERS.get(code)
    return None if writer is None else writer(_Case(static, at, g, y, tuple(operands), tuple(shapes)))


class _Case:
    """One use of a function: its arguments, and the phrases that several formulas share."""

    def __init__(self, static: Static, at: int, g: Expr, y: Expr, operands: tuple[Expr, ...], shapes: tuple[Shape, ...]) -> None:
        self.static, self.at, self.g, self.y, self.operands, self.shapes = static, at, g, y, operands, shapes
        self.x, self.shape = operands[min(at, len(operands) - 1)], shapes[min(at, len(shapes) - 1)]

    @property
    def axis(self) -> int | None:
        axis = self.static.get("axis")
        return None if axis is None else axis % len(self.shape)

    def count(self) -> Number:
        return Number(str(math.prod(self.shape) if self.axis is None else self.shape[self.axis]))

    def spread(self, expr: Expr) -> Expr:
        """The result of a reduction in a shape that repeats along the axis it ran over."""
        if self.axis is None or self.static.get("keepdims") or self.axis == 0:
            return expr
        kept = [1 if axis == self.axis else size for axis, size in enumerate(self.shape)]
        return Apply("reshape", (expr, Brackets(tuple(Number(str(size)) for size in kept))))

    def reduced(self, name: str, expr: Expr) -> Expr:
        """A reduction along the same axis that keeps its place."""
        if self.axis is None:
            return Apply(name, (expr,))
        return Apply(name, (expr,), (("axis", Number(str(self.axis))), ("keepdims", Number("1"))))


def _times(*factors: Expr) -> Expr:
    result = factors[0]
    for factor in factors[1:]:
        result = product(result, factor)
    return result


def _over(top: Expr, bottom: Expr) -> Expr:
    return tidy_step("/", top, bottom)


def _t(expr: Expr) -> Expr:
    return Apply(TRANSPOSE, (expr,))


def _at(left: Expr, right: Expr) -> Expr:
    return Apply("@", (left, right))


def _matmul(c: _Case) -> Expr:
    (a, b), (left, right) = c.operands, c.shapes
    if len(left) == len(right) == 1:
        return _times(c.g, a if c.at else b)
    if len(right) == 1:
        return _at(_t(a), c.g) if c.at else Apply("outer", (c.g, b))
    if len(left) == 1:
        return Apply("outer", (a, c.g)) if c.at else _at(b, c.g)
    return _at(_t(a), c.g) if c.at else _at(c.g, _t(b))


def _deviation(c: _Case) -> Expr:
    return Apply("-", (c.x, c.reduced("mean", c.x)))


def _extreme(c: _Case) -> Expr:
    largest = Apply("==", (c.x, c.spread(c.y)))
    return _over(_times(c.spread(c.g), largest), c.reduced("sum", largest))


def _softmax_axis(c: _Case) -> _Case:
    axis = c.static.get("axis")
    return _Case({**c.static, "axis": -1 if axis is None else axis}, c.at, c.g, c.y, c.operands, c.shapes)


def _softmax(c: _Case) -> Expr:
    c = _softmax_axis(c)
    return _times(c.y, Apply("-", (c.g, c.reduced("sum", _times(c.g, c.y)))))


def _log_softmax(c: _Case) -> Expr:
    c = _softmax_axis(c)
    return Apply("-", (c.g, _times(Apply("exp", (c.y,)), c.reduced("sum", c.g))))


def _slices(c: _Case, part: Expr | Slice, axes: int) -> Expr:
    """The part of what arrives along the axis that was joined; what arrives has so many axes."""
    axis = (c.static.get("axis") or 0) % axes
    return Index(c.g, (*(Slice(None, None, None) for _ in range(axis)), part))


def _concat(c: _Case) -> Expr:
    axis = (c.static.get("axis") or 0) % len(c.shape)
    cut = Number(str(c.shapes[0][axis]))
    return _slices(c, Slice(cut, None, None) if c.at else Slice(None, cut, None), len(c.shape))


def _identity(c: _Case) -> Expr | None:
    size = c.shape[0]
    if size > 6:
        return None
    rows = tuple(Brackets(tuple(Number(str(int(i == j))) for j in range(size))) for i in range(size))
    return _times(c.g, Brackets(rows))


_WRITERS: dict[str, Callable[[_Case], Expr | None]] = {
    "stack": lambda c: Index(c.g, (Number(str(c.at)),)),
    "matmul": _matmul,
    "transpose": lambda c: _t(c.g),
    "sum": lambda c: c.spread(c.g),
    "mean": lambda c: _over(c.spread(c.g), c.count()),
    "prod": lambda c: _over(_times(c.spread(c.g), c.spread(c.y)), c.x),
    "var": lambda c: _over(_times(Number("2"), c.spread(c.g), _deviation(c)), c.count()),
    "std": lambda c: _over(_times(c.spread(c.g), _deviation(c)), _times(c.count(), c.spread(c.y))),
    "max": _extreme,
    "min": _extreme,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "logsumexp": lambda c: _times(c.spread(c.g), Apply("exp", (Apply("-", (c.x, c.spread(c.y))),))),
    "norm": lambda c: _over(_times(c.g, c.x), c.y),
    "dot": lambda c: _times(c.g, c.operands[0] if c.at else c.operands[1]),
    "outer": lambda c: _at(_t(c.g), c.operands[0]) if c.at else _at(c.g, c.operands[1]),
    "trace": _identity,
    "det": lambda c: _times(c.g, c.y, _t(Apply("inv", (c.x,)))),
    "inv": lambda c: negated(_at(_at(_t(c.y), c.g), _t(c.y))),
    "concat": _concat,
    "pile": lambda c: _slices(c, Number(str(c.at)), len(c.shape) + 1),
    "reshape": lambda c: Apply("reshape", (c.g, Brackets(tuple(Number(str(size)) for size in c.shape)))),
}
