"""What an operand of a whole-array function receives, written out for the shapes at hand: `dz @ x.T`, `sum(dz, axis=1, keepdims=1)`.

The texts are made for reading; each is an expression of the language with the value that arrays.py computes, up to
broadcasting. What arrives may itself be written shorter than it is, as `dm/2` for every row of a mean: so each text goes with
the shape that it has. None where the language has no short way to say it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from backprop_cli.calculus.array_cases import Case, Static, Written, matmul, over, reshaped, summed, summed_to, times, turned
from backprop_cli.calculus.tidy import negated
from backprop_cli.lang.syntax import Apply, Brackets, Expr, Index, Number, Slice


def received(code: str, static: Static, at: int, g: Written, y: Written, operands: Sequence[Written]) -> Written | None:
    """What operand `at` receives when `g` arrives; `y` is the function's own value."""
    writer = _WRITERS.get(code)
    return None if writer is None else writer(Case(static, at, g, y, operands))


def _matmul(c: Case) -> Written | None:
    (a, b), (left, right) = c.operands, c.shapes
    if len(left) == len(right) == 1:
        return times(c.g, a if c.at else b), c.shape
    if max(len(left), len(right)) > 2:
        return _matmul_of_stacks(c, a, b)
    if c.single:
        return _matmul_of_one(c, a, b)
    if len(right) == 1:
        return (matmul(turned(a), c.g) if c.at else Apply("outer", (c.g, b))), c.shape
    if len(left) == 1:
        return (Apply("outer", (a, c.g)) if c.at else matmul(b, c.g)), c.shape
    if c.entire:
        return (matmul(turned(a), c.g) if c.at else matmul(c.g, turned(b))), c.shape
    if len(c.arrived) == 2 and c.arrived[0] == 1:
        row: Expr = Index(c.g, (Number("0"),))
    elif len(c.arrived) == 1:
        row = c.g
    else:  # the same in all columns
        return (matmul(turned(a), c.g), (c.shape[0], 1)) if c.at else (times(c.g, summed(b, 1)), c.shape)
    return (Apply("outer", (summed(a, 0), row)), c.shape) if c.at else (matmul(b, row), c.shape[1:])


def _matmul_of_one(c: Case, a: Expr, b: Expr) -> Written:
    """What a product's operands receive where the same number arrives at all of its entries."""
    if c.at:
        entries = times(c.entry(), a if len(c.shapes[0]) == 1 else summed(a, 0))
        return (entries, c.shape) if len(c.shape) == 1 else (reshaped(entries, (c.shape[0], 1)), (c.shape[0], 1))
    return times(c.entry(), b if len(c.shapes[1]) == 1 else summed(b, 1)), c.shape[-1:]


def _matmul_of_stacks(c: Case, a: Expr, b: Expr) -> Written | None:
    """Where a side has three axes or more: `.T` turns those of a whole stack, so what turns each matrix of it cannot be written."""
    left, right = c.shapes
    if not c.entire:
        return None
    if len(right) > 2:
        return (matmul(turned(a), c.g), c.shape) if c.at and len(left) == 2 else None
    if c.at:
        rows = math.prod(left[:-1])
        return matmul(turned(reshaped(a, (rows, left[-1]))), reshaped(c.g, (rows, *right[1:]))), c.shape
    return (matmul(c.g, turned(b)) if len(right) == 2 else times(reshaped(c.g, (*c.arrived, 1)), b)), c.shape


def _transposed(c: Case) -> Written | None:
    if c.single or len(c.whole) == 1:
        return c.arriving
    if len(c.arrived) == len(c.whole):
        return turned(c.g), c.arrived[::-1]
    return (reshaped(c.g, (*c.arrived, 1)), (*c.arrived, 1)) if len(c.whole) == 2 else None


def _deviation(c: Case) -> Expr:
    return Apply("-", (c.x, c.reduced("mean", c.x)))


def _extreme(c: Case) -> Written:
    largest = Apply("==", (c.x, c.again()))
    return over(times(c.sent(), largest), c.reduced("sum", largest)), c.shape


def _mean(c: Case) -> Written:
    expr, own = c.spread(c.arriving)
    return over(expr, c.count()), own


def _softmax_axis(c: Case) -> Case:
    axis = c.static.get("axis")
    static = {**c.static, "axis": -1 if axis is None else axis}
    return Case(static, c.at, c.arriving, c.value, list(zip(c.operands, c.shapes, strict=True)))


def _softmax(c: Case) -> Written:
    c = _softmax_axis(c)
    return times(c.y, Apply("-", (c.g, c.reduced("sum", times(c.g, c.y))))), c.shape


def _log_softmax(c: Case) -> Written:
    c = _softmax_axis(c)
    kept = tuple(1 if axis == c.axis else size for axis, size in enumerate(c.whole))
    arriving, _ = summed_to(c.arriving, c.whole, kept)
    return Apply("-", (c.g, times(Apply("exp", (c.y,)), arriving))), c.shape


def _outer(c: Case) -> Written | None:
    other = c.operands[1 - c.at]
    if c.entire:
        return matmul(turned(c.g) if c.at else c.g, other), c.shape
    if c.single:
        return times(c.entry(), Apply("sum", (other,))), ()
    if len(c.arrived) == 1 or c.arrived[0] == 1:  # the same in all rows
        row = c.g if len(c.arrived) == 1 else reshaped(c.g, c.arrived[1:])
        return (times(row, Apply("sum", (other,))), c.shape) if c.at else (Apply("dot", (row, other)), ())
    column = reshaped(c.g, c.arrived[:1])
    return (Apply("dot", (column, other)), ()) if c.at else (times(column, Apply("sum", (other,))), c.shape)


def _inv(c: Case) -> Written | None:
    if c.single and not c.entire:
        return negated(times(c.entry(), Apply("outer", (summed(c.y, 0), summed(c.y, 1))))), c.shape
    return (negated(matmul(matmul(turned(c.y), c.g), turned(c.y))), c.shape) if c.entire else None


def _slices(c: Case, part: Expr | Slice, axes: int) -> Written | None:
    """The part of what arrives along the axis that was joined; what arrives has so many axes."""
    if not c.entire:
        return (c.entry(), ()) if c.single else None
    axis = (c.static.get("axis") or 0) % axes
    return Index(c.g, (*(Slice(None, None, None) for _ in range(axis)), part)), c.shape


def _concat(c: Case) -> Written | None:
    axis = (c.static.get("axis") or 0) % len(c.shape)
    cut = Number(str(c.shapes[0][axis]))
    return _slices(c, Slice(cut, None, None) if c.at else Slice(None, cut, None), len(c.shape))


def _identity(c: Case) -> Written | None:
    size = c.shape[0]
    if size > 6:
        return None
    rows = tuple(Brackets(tuple(Number(str(int(i == j))) for j in range(size))) for i in range(size))
    return times(c.g, Brackets(rows)), c.shape


def _as_before(c: Case) -> Written | None:
    if not c.entire:
        return (c.entry(), ()) if c.single else None
    return (reshaped(c.g, c.shape) if c.shape else c.entry()), c.shape


def _entry(c: Case) -> Written | None:
    """What an array receives of one entry, one row or one column; the language has no short way to put a slice in its place."""
    given = c.static.get("index", ())
    items = (*given, *(slice(None) for _ in c.shape[len(given) :]))
    if len(items) > 2 or any(isinstance(each, slice) and each != slice(None) for each in items):
        return None
    hot = [None if isinstance(each, slice) else _onehot(each, size) for each, size in zip(items, c.shape, strict=True)]
    match hot:
        case [Apply() as one]:
            return times(c.g, one), c.shape
        case [Apply() as row, Apply() as column]:
            return times(c.g, Apply("outer", (row, column))), c.shape
        case [Apply() as row, None] if c.single:
            return times(c.entry(), reshaped(row, (c.shape[0], 1))), (c.shape[0], 1)
        case [None, Apply() as column] if c.single:
            return times(c.entry(), column), c.shape[1:]
        case [Apply() as row, None] if c.entire:
            return Apply("outer", (row, c.g)), c.shape
        case [None, Apply() as column] if c.entire:
            return Apply("outer", (c.g, column)), c.shape
        case _:
            return None


def _onehot(at: int, size: int) -> Expr:
    return Apply("onehot", (Number(str(at % size)), Number(str(size))))


def _row(c: Case) -> Written | None:
    """What an entry of an array literal receives."""
    if len(c.arrived) < len(c.whole):
        return c.arriving
    return (Index(c.g, (Number(str(c.at)),)), c.shape) if c.entire else None


_WRITERS: dict[str, Callable[[Case], Written | None]] = {
    "index": _entry,
    "stack": _row,
    "matmul": _matmul,
    "transpose": _transposed,
    "sum": lambda c: c.spread(c.arriving),
    "mean": _mean,
    "prod": lambda c: (over(times(c.sent(), c.again()), c.x), c.shape),
    "var": lambda c: (over(times(Number("2"), c.sent(), _deviation(c)), c.count()), c.shape),
    "std": lambda c: (over(times(c.sent(), _deviation(c)), times(c.count(), c.again())), c.shape),
    "max": _extreme,
    "min": _extreme,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "logsumexp": lambda c: (times(c.sent(), Apply("exp", (Apply("-", (c.x, c.again())),))), c.shape),
    "norm": lambda c: (over(times(c.g, c.x), c.y), c.shape),
    "dot": lambda c: (times(c.g, c.operands[0] if c.at else c.operands[1]), c.shape),
    "outer": _outer,
    "trace": _identity,
    "det": lambda c: (times(c.g, c.y, turned(Apply("inv", (c.x,)))), c.shape),
    "inv": _inv,
    "concat": _concat,
    "pile": lambda c: _slices(c, Number(str(c.at)), len(c.shape) + 1),
    "reshape": _as_before,
}
