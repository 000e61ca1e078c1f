"""What an operand of a whole-array function receives, written out for the shapes at hand: `dz @ x.T`, `sum(dz, axis=1, keepdims=1)`.

The texts are made for reading; each is an expression of the language with the value that arrays.py computes, up to
broadcasting. What arrives may itself be written shorter than it is, as `dm/2` for every row of a mean: so each text goes with
the shape that it has. None where the language has no short way to say it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backprop_cli.calculus.tidy import negated, product, tidy_step
from backprop_cli.lang.syntax import TRANSPOSE, Apply, Brackets, Expr, Index, Number, Slice

Shape = tuple[int, ...]
Static = Mapping[str, Any]
Written = tuple[Expr, Shape]  # an expression, and the shape that it has


def broadcast(*shapes: Shape) -> Shape:
    """The shape that shapes have together by NumPy's rules."""
    rank = max(map(len, shapes), default=0)
    filled = [(1,) * (rank - len(each)) + each for each in shapes]
    return tuple(next((size for size in sizes if size != 1), 1) for sizes in zip(*filled, strict=True))


def summed_to(written: Written, shape: Shape, target: Shape) -> Written:
    """What an operand of shape `target` receives when that arrives at the broadcast `shape`: the sum over its repetitions.

    Along an axis that the expression leaves out it is as many times as large.
    """
    expr, own = written
    if shape == target:
        return written
    if not target:
        times = math.prod(shape) // math.prod(own) if math.prod(own) else 0
        return _counted(times, Apply("sum", (expr,)) if own else expr), ()
    times = 1
    for rank in range(len(shape), len(target), -1):
        times *= shape[-rank] if len(own) < rank or own[0] == 1 else 1
        if len(own) == rank:
            expr, own = Apply("sum", (expr,), (("axis", Number("0")),)), own[1:]
    for back, wanted in enumerate(reversed(target), 1):  # axes counted from the last one
        if wanted != 1 or shape[-back] == 1:
            continue
        if len(own) < back or own[-back] == 1:
            times *= shape[-back]
        else:
            axis = len(own) - back
            expr = Apply("sum", (expr,), (("axis", Number(str(axis))), ("keepdims", Number("1"))))
            own = (*own[:axis], 1, *own[axis + 1 :])
    return _counted(times, expr), own


def received(code: str, static: Static, at: int, g: Written, y: Written, operands: Sequence[Written]) -> Written | None:
    """What operand `at` receives when `g` arrives; `y` is the function's own value."""
    writer = _WRITERS.get(code)
    return None if writer is None else writer(_Case(static, at, g, y, operands))


class _Case:
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

    def number(self) -> Expr:
        """That number."""
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
        return _reshaped(expr, kept), kept

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


def _counted(times: int, expr: Expr) -> Expr:
    return expr if times == 1 else product(Number(str(times)), expr)


def _reshaped(expr: Expr, shape: Shape) -> Expr:
    if isinstance(expr, Apply) and expr.head == "reshape":
        expr = expr.operands[0]
    return Apply("reshape", (expr, Brackets(tuple(Number(str(size)) for size in shape))))


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


def _sum(expr: Expr, axis: int) -> Expr:
    return Apply("sum", (expr,), (("axis", Number(str(axis))),))


def _matmul(c: _Case) -> Written | None:
    (a, b), (left, right) = c.operands, c.shapes
    if len(left) == len(right) == 1:
        return _times(c.g, a if c.at else b), c.shape
    if c.single:
        return _matmul_of_one(c, a, b)
    if len(right) == 1:
        return (_at(_t(a), c.g) if c.at else Apply("outer", (c.g, b))), c.shape
    if len(left) == 1:
        return (Apply("outer", (a, c.g)) if c.at else _at(b, c.g)), c.shape
    if c.entire:
        return (_at(_t(a), c.g) if c.at else _at(c.g, _t(b))), c.shape
    if len(c.arrived) == 2 and c.arrived[0] == 1:
        row: Expr = Index(c.g, (Number("0"),))
    elif len(c.arrived) == 1:
        row = c.g
    else:  # the same in all columns
        return (_at(_t(a), c.g), (c.shape[0], 1)) if c.at else (_times(c.g, _sum(b, 1)), c.shape)
    return (Apply("outer", (_sum(a, 0), row)), c.shape) if c.at else (_at(b, row), c.shape[1:])


def _matmul_of_one(c: _Case, a: Expr, b: Expr) -> Written:
    """What a product's operands receive where the same number arrives at all of its entries."""
    if c.at:
        entries = _times(c.number(), a if len(c.shapes[0]) == 1 else _sum(a, 0))
        return (entries, c.shape) if len(c.shape) == 1 else (_reshaped(entries, (c.shape[0], 1)), (c.shape[0], 1))
    return _times(c.number(), b if len(c.shapes[1]) == 1 else _sum(b, 1)), c.shape[-1:]


def _transposed(c: _Case) -> Written | None:
    if c.single or len(c.whole) == 1:
        return c.arriving
    if len(c.arrived) == len(c.whole):
        return _t(c.g), c.arrived[::-1]
    return (_reshaped(c.g, (*c.arrived, 1)), (*c.arrived, 1)) if len(c.whole) == 2 else None


def _deviation(c: _Case) -> Expr:
    return Apply("-", (c.x, c.reduced("mean", c.x)))


def _extreme(c: _Case) -> Written:
    largest = Apply("==", (c.x, c.again()))
    return _over(_times(c.sent(), largest), c.reduced("sum", largest)), c.shape


def _mean(c: _Case) -> Written:
    expr, own = c.spread(c.arriving)
    return _over(expr, c.count()), own


def _softmax_axis(c: _Case) -> _Case:
    axis = c.static.get("axis")
    static = {**c.static, "axis": -1 if axis is None else axis}
    return _Case(static, c.at, c.arriving, c.value, list(zip(c.operands, c.shapes, strict=True)))


def _softmax(c: _Case) -> Written:
    c = _softmax_axis(c)
    return _times(c.y, Apply("-", (c.g, c.reduced("sum", _times(c.g, c.y))))), c.shape


def _log_softmax(c: _Case) -> Written:
    c = _softmax_axis(c)
    kept = tuple(1 if axis == c.axis else size for axis, size in enumerate(c.whole))
    arriving, _ = summed_to(c.arriving, c.whole, kept)
    return Apply("-", (c.g, _times(Apply("exp", (c.y,)), arriving))), c.shape


def _outer(c: _Case) -> Written | None:
    other = c.operands[1 - c.at]
    if c.entire:
        return _at(_t(c.g) if c.at else c.g, other), c.shape
    if c.single:
        return _times(c.number(), Apply("sum", (other,))), ()
    if len(c.arrived) == 1 or c.arrived[0] == 1:  # the same in all rows
        row = c.g if len(c.arrived) == 1 else _reshaped(c.g, c.arrived[1:])
        return (_times(row, Apply("sum", (other,))), c.shape) if c.at else (Apply("dot", (row, other)), ())
    column = _reshaped(c.g, c.arrived[:1])
    return (Apply("dot", (column, other)), ()) if c.at else (_times(column, Apply("sum", (other,))), c.shape)


def _inv(c: _Case) -> Written | None:
    if c.single and not c.entire:
        return negated(_times(c.number(), Apply("outer", (_sum(c.y, 0), _sum(c.y, 1))))), c.shape
    return (negated(_at(_at(_t(c.y), c.g), _t(c.y))), c.shape) if c.entire else None


def _slices(c: _Case, part: Expr | Slice, axes: int) -> Written | None:
    """The part of what arrives along the axis that was joined; what arrives has so many axes."""
    if not c.entire:
        return (c.number(), ()) if c.single else None
    axis = (c.static.get("axis") or 0) % axes
    return Index(c.g, (*(Slice(None, None, None) for _ in range(axis)), part)), c.shape


def _concat(c: _Case) -> Written | None:
    axis = (c.static.get("axis") or 0) % len(c.shape)
    cut = Number(str(c.shapes[0][axis]))
    return _slices(c, Slice(cut, None, None) if c.at else Slice(None, cut, None), len(c.shape))


def _identity(c: _Case) -> Written | None:
    size = c.shape[0]
    if size > 6:
        return None
    rows = tuple(Brackets(tuple(Number(str(int(i == j))) for j in range(size))) for i in range(size))
    return _times(c.g, Brackets(rows)), c.shape


def _as_before(c: _Case) -> Written | None:
    if not c.entire:
        return (c.number(), ()) if c.single else None
    return _reshaped(c.g, c.shape), c.shape


def _row(c: _Case) -> Written | None:
    """What an entry of an array literal receives."""
    if len(c.arrived) < len(c.whole):
        return c.arriving
    return (Index(c.g, (Number(str(c.at)),)), c.shape) if c.entire else None


_WRITERS: dict[str, Callable[[_Case], Written | None]] = {
    "stack": _row,
    "matmul": _matmul,
    "transpose": _transposed,
    "sum": lambda c: c.spread(c.arriving),
    "mean": _mean,
    "prod": lambda c: (_over(_times(c.sent(), c.again()), c.x), c.shape),
    "var": lambda c: (_over(_times(Number("2"), c.sent(), _deviation(c)), c.count()), c.shape),
    "std": lambda c: (_over(_times(c.sent(), _deviation(c)), _times(c.count(), c.again())), c.shape),
    "max": _extreme,
    "min": _extreme,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "logsumexp": lambda c: (_times(c.sent(), Apply("exp", (Apply("-", (c.x, c.again())),))), c.shape),
    "norm": lambda c: (_over(_times(c.g, c.x), c.y), c.shape),
    "dot": lambda c: (_times(c.g, c.operands[0] if c.at else c.operands[1]), c.shape),
    "outer": _outer,
    "trace": _identity,
    "det": lambda c: (_times(c.g, c.y, _t(Apply("inv", (c.x,)))), c.shape),
    "inv": _inv,
    "concat": _concat,
    "pile": lambda c: _slices(c, Number(str(c.at)), len(c.shape) + 1),
    "reshape": _as_before,
}
