"""Whole-array functions: their shapes, their values, and what each operand receives on the way back.

Imported only where a graph holds arrays. Everything here works on float64 arrays and, for exact numbers, on arrays of
objects. `functions` are those of the arithmetic at hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from backprop_cli.calculus.arithmetic import FLOAT, NATIVE, Arithmetic

Shape = tuple[int, ...]
Static = Mapping[str, Any]
Functions = Mapping[str, Callable[..., Any]]


class Misshapen(Exception):
    """Shapes that do not go together; the message says why, `hint` what was probably meant (`<a>` is the first operand)."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Code:
    """`shape` checks the operands' shapes and predicts the result's; `forward` computes; `back` gives operand `at` its part."""

    shape: Callable[..., Shape]
    forward: Callable[..., Any]
    back: Callable[..., Any]
    kink: Callable[..., bool] | None = None


def told(shape: Shape) -> str:
    """A shape in words."""
    return "a scalar" if not shape else f"({shape[0]},)" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


# ---- broadcasting ----


def broadcast(a: Shape, b: Shape) -> Shape:
    """The shape that elementwise work on two shapes has."""
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        raise Misshapen(f"shapes {told(a)} and {told(b)} do not fit together entry by entry", _elementwise_hint(a, b)) from None


def _elementwise_hint(a: Shape, b: Shape) -> str:
    if len(a) == len(b) == 2 and a == b[::-1]:
        return "transpose one of them: <b>.T"
    if len(a) == 2 and b and a[-1] == b[0]:
        return "the matrix product is  <a> @ <b>"
    if len(a) == 2 and len(b) == 1 and a[0] == b[0]:
        return f"make <b> a column: reshape(<b>, [{b[0]}, 1])"
    if len(b) == 2 and len(a) == 1 and b[0] == a[0]:
        return f"make <a> a column: reshape(<a>, [{a[0]}, 1])"
    return "entry by entry, two lengths must be equal, or one of them 1"


def unbroadcast(value: Any, shape: Shape) -> Any:
    """Sum over the axes along which an operand of that shape was repeated."""
    if np.shape(value) == shape:
        return value
    if np.ndim(value) > len(shape):
        value = np.sum(value, axis=tuple(range(np.ndim(value) - len(shape))))
    repeated = tuple(axis for axis, size in enumerate(shape) if size == 1 and np.shape(value)[axis] != 1)
    value = np.sum(value, axis=repeated, keepdims=True) if repeated else value
    return value if shape == np.shape(value) else np.broadcast_to(value, shape)


# ---- axes ----


def _axes(static: Static, shape: Shape) -> tuple[int, ...]:
    axis = static.get("axis")
    if axis is None:
        return tuple(range(len(shape)))
    if not -len(shape) <= axis < len(shape):
        dimensions = "a scalar" if not shape else f"shape {told(shape)}"
        raise Misshapen(
            f"axis {axis} does not exist for {dimensions}", f"axes run from 0 to {len(shape) - 1}" if shape else "leave the axis out"
        )
    return (axis % len(shape),)


def _reduced(static: Static, shape: Shape) -> Shape:
    axes = _axes(static, shape)
    if any(shape[axis] == 0 for axis in axes):
        raise Misshapen("there are no entries to combine")
    if static.get("keepdims"):
        return tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return tuple(size for axis, size in enumerate(shape) if axis not in axes)


def _count(static: Static, shape: Shape) -> int:
    return math.prod(shape[axis] for axis in _axes(static, shape))


def _spread(value: Any, static: Static, shape: Shape) -> Any:
    """What a reduction gave, repeated along the axes it ran over."""
    kept = tuple(1 if axis in _axes(static, shape) else size for axis, size in enumerate(shape))
    return np.broadcast_to(np.reshape(value, kept), shape)


def _total(x: Any, static: Static, keepdims: bool | None = None) -> Any:
    keep = bool(static.get("keepdims")) if keepdims is None else keepdims
    return np.sum(x, axis=_axes(static, np.shape(x)), keepdims=keep)


# ---- reductions ----


def _sum(f: Functions, s: Static, x: Any) -> Any:
    return _total(x, s)


def _sum_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    return _spread(g, s, np.shape(x))


def _mean(f: Functions, s: Static, x: Any) -> Any:
    return _total(x, s) / _count(s, np.shape(x))


def _mean_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    return _spread(g / _count(s, np.shape(x)), s, np.shape(x))


def _prod(f: Functions, s: Static, x: Any) -> Any:
    return np.prod(x, axis=_axes(s, np.shape(x)), keepdims=bool(s.get("keepdims")))


def _prod_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    """The product of all other entries, from products of those before and after: nothing is divided, so zeros do no harm."""
    axes = _axes(s, np.shape(x))
    rest = tuple(axis for axis in range(np.ndim(x)) if axis not in axes)
    rows = np.transpose(x, (*rest, *axes)).reshape(*[np.shape(x)[axis] for axis in rest], -1)
    ones = np.ones_like(rows[..., :1]) if rows.dtype != object else rows[..., :1] * 0 + 1
    before = np.cumprod(np.concatenate([ones, rows[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, rows[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    moved = np.reshape(before * after, [np.shape(x)[axis] for axis in (*rest, *axes)])
    others = np.transpose(moved, np.argsort((*rest, *axes)))
    return _spread(g, s, np.shape(x)) * others


def _deviation(s: Static, x: Any) -> Any:
    return x - _total(x, s, keepdims=True) / _count(s, np.shape(x))


def _var(f: Functions, s: Static, x: Any) -> Any:
    away = _deviation(s, x)
    return _total(away * away, s) / _count(s, np.shape(x))


def _var_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    return _spread(g, s, np.shape(x)) * 2 * _deviation(s, x) / _count(s, np.shape(x))


def _std(f: Functions, s: Static, x: Any) -> Any:
    return f["sqrt"](_var(f, s, x))


def _std_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    return _spread(g / y, s, np.shape(x)) * _deviation(s, x) / _count(s, np.shape(x))


def _max(f: Functions, s: Static, x: Any) -> Any:
    return np.max(x, axis=_axes(s, np.shape(x)), keepdims=bool(s.get("keepdims")))


def _min(f: Functions, s: Static, x: Any) -> Any:
    return np.min(x, axis=_axes(s, np.shape(x)), keepdims=bool(s.get("keepdims")))


def _ties(s: Static, y: Any, x: Any) -> Any:
    return np.equal(x, _spread(y, s, np.shape(x))).astype(int)


def _extreme_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    tied = _ties(s, y, x)
    return _spread(g, s, np.shape(x)) * tied / _total(tied, s, keepdims=True)


def _tied(s: Static, y: Any, x: Any) -> bool:
    return bool(np.any(_total(_ties(s, y, x), s) > 1))


def _lse(f: Functions, s: Static, x: Any, keepdims: bool | None = None) -> Any:
    largest = np.max(x, axis=_axes(s, np.shape(x)), keepdims=True)
    shifted = f["log"](_total(f["exp"](x - largest), s, keepdims=True)) + largest
    keep = bool(s.get("keepdims")) if keepdims is None else keepdims
    return shifted if keep else np.reshape(shifted, _reduced({**s, "keepdims": False}, np.shape(x)))


def _lse_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    return _spread(g, s, np.shape(x)) * f["exp"](x - _spread(y, s, np.shape(x)))


def _last(s: Static) -> Static:
    return s if s.get("axis") is not None else {**s, "axis": -1}


def _softmax(f: Functions, s: Static, x: Any) -> Any:
    s = _last(s)
    raised = f["exp"](x - np.max(x, axis=_axes(s, np.shape(x)), keepdims=True))
    return raised / _total(raised, s, keepdims=True)


def _softmax_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    return y * (g - _total(g * y, _last(s), keepdims=True))


def _log_softmax(f: Functions, s: Static, x: Any) -> Any:
    return x - _lse(f, _last(s), x, keepdims=True)


def _log_softmax_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    return g - f["exp"](y) * _total(g, _last(s), keepdims=True)


def _same_last(s: Static, shape: Shape) -> Shape:
    if not shape:
        raise Misshapen("softmax needs a vector or a matrix, not a scalar")
    _reduced(_last(s), shape)
    return shape


# ---- products ----


def _matmul_shape(s: Static, a: Shape, b: Shape) -> Shape:
    if not a or not b:
        raise Misshapen("@ needs arrays on both sides, and one of these is a scalar", "write  <a>*<b>")
    inner = b[-2] if len(b) > 1 else b[0]
    if a[-1] != inner:
        raise Misshapen(f"{told(a)} @ {told(b)}: the last length {a[-1]} of the left side meets {inner} on the right", _matmul_hint(a, b))
    if len(a) > 2 or len(b) > 2:
        return (*broadcast(a[:-2], b[:-2]), a[-2], b[-1]) if len(a) > 1 and len(b) > 1 else np.matmul(np.empty(a), np.empty(b)).shape
    return (*a[:-1], *b[1:])


def _matmul_hint(a: Shape, b: Shape) -> str:
    if a == b:
        return "entry by entry it is  <a> * <b>"
    if len(a) == 2 and a[0] == b[0]:
        return "a transpose is missing: <a>.T @ <b>"
    if len(b) == 2 and a[-1] == b[-1]:
        return "a transpose is missing: <a> @ <b>.T"
    if len(b) > 1 and b[-1] == a[0]:
        return "the order may be turned: <b> @ <a>"
    if len(a) == 1 and len(b) == 1:
        return "outer(<a>, <b>) makes a matrix of two vectors"
    return ""


def _matmul(f: Functions, s: Static, a: Any, b: Any) -> Any:
    return np.matmul(a, b)


def _matmul_back(f: Functions, s: Static, at: int, g: Any, y: Any, a: Any, b: Any) -> Any:
    left = a if np.ndim(a) > 1 else np.reshape(a, (1, -1))
    right = b if np.ndim(b) > 1 else np.reshape(b, (-1, 1))
    if np.ndim(a) == 1:
        g = np.expand_dims(g, -1 if np.ndim(b) == 1 else -2)
    if np.ndim(b) == 1:
        g = np.expand_dims(g, -1)
    if at == 0:
        return np.reshape(unbroadcast(g @ np.swapaxes(right, -1, -2), left.shape), np.shape(a))
    return np.reshape(unbroadcast(np.swapaxes(left, -1, -2) @ g, right.shape), np.shape(b))


def _two_vectors(name: str) -> Callable[..., None]:
    def check(a: Shape, b: Shape) -> None:
        if len(a) != 1 or len(b) != 1:
            hint = "for matrices write  <a> @ <b>" if name == "dot" else "for matrices write  <a> @ <b>.T"
            raise Misshapen(f"{name} takes two vectors, not {told(a)} and {told(b)}", hint)

    return check


def _dot_shape(s: Static, a: Shape, b: Shape) -> Shape:
    _two_vectors("dot")(a, b)
    if a != b:
        raise Misshapen(f"dot needs vectors of one length, not {told(a)} and {told(b)}", "outer(<a>, <b>) makes a matrix of them")
    return ()


def _outer_shape(s: Static, a: Shape, b: Shape) -> Shape:
    _two_vectors("outer")(a, b)
    return (a[0], b[0])


def _norm(f: Functions, s: Static, x: Any) -> Any:
    if np.asarray(x).dtype == object:
        return f["sqrt"](np.sum(x * x))
    largest = float(np.max(np.abs(x), initial=0.0))
    return largest * math.sqrt(float(np.sum((x / largest) ** 2))) if largest else 0.0


def _norm_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    return x * 0 if y == 0 else g * (x / y)


# ---- matrices ----


def _square(name: str) -> Callable[[Shape], None]:
    def check(x: Shape) -> None:
        if len(x) != 2 or x[0] != x[1]:
            raise Misshapen(f"{name} needs a square matrix, not {told(x)}")

    return check


def _square_to(name: str, same: bool) -> Callable[..., Shape]:
    def shape(s: Static, x: Shape) -> Shape:
        _square(name)(x)
        return x if same else ()

    return shape


def _inverse(x: Any) -> Any:
    if np.asarray(x).dtype == object:
        return _eliminate(x)[1]
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError:
        raise ZeroDivisionError from None


def _determinant(x: Any) -> Any:
    return _eliminate(x)[0] if np.asarray(x).dtype == object else float(np.linalg.det(x))


def _eliminate(x: Any) -> tuple[Any, Any]:
    """Determinant and inverse of a matrix of exact numbers."""
    size = len(x)
    rows = np.concatenate([x, np.array([[x[0, 0] * 0 + (i == j) for j in range(size)] for i in range(size)], dtype=object)], axis=1)
    product = x[0, 0] * 0 + 1
    for column in range(size):
        pivot = next((row for row in range(column, size) if rows[row, column] != 0), None)
        if pivot is None:
            return product * 0, None
        if pivot != column:
            rows[[column, pivot]] = rows[[pivot, column]]
            product = -product
        product = product * rows[column, column]
        rows[column] = rows[column] / rows[column, column]
        for row in range(size):
            if row != column:
                rows[row] = rows[row] - rows[column] * rows[row, column]
    return product, rows[:, size:]


def _inv(f: Functions, s: Static, x: Any) -> Any:
    found = _inverse(x)
    if found is None:
        raise ZeroDivisionError
    return found


def _cofactors(x: Any) -> Any:
    """The derivative of a determinant; where the matrix has an inverse it is det(x) times the inverse, transposed."""
    size = len(x)
    if np.asarray(x).dtype != object and abs(_determinant(x)) > 1e-8 * max(1.0, float(np.max(np.abs(x))) ** size):
        return _determinant(x) * np.linalg.inv(x).T
    if size == 1:
        return x * 0 + 1
    minors = [[_determinant(np.delete(np.delete(x, i, 0), j, 1)) * (-1) ** (i + j) for j in range(size)] for i in range(size)]
    return np.array(minors, dtype=np.asarray(x).dtype)


# ---- shapes ----


def _stack_shape(s: Static, *items: Shape) -> Shape:
    if len(set(items)) > 1:
        other = next(item for item in items if item != items[0])
        raise Misshapen(f"the rows of an array must be alike, and these are {told(items[0])} and {told(other)}", "fill the shorter row up")
    return (len(items), *items[0])


def _concat_shape(s: Static, a: Shape, b: Shape) -> Shape:
    if len(a) != len(b) or not a:
        raise Misshapen(f"concat joins arrays with equally many axes, not {told(a)} and {told(b)}")
    axis = _one_axis(s, a, 0)
    if any(m != n for at, (m, n) in enumerate(zip(a, b, strict=True)) if at != axis):
        raise Misshapen(f"{told(a)} and {told(b)} cannot be joined along axis {axis}: their other lengths differ")
    return tuple(m + n if at == axis else m for at, (m, n) in enumerate(zip(a, b, strict=True)))


def _one_axis(s: Static, shape: Shape, default: int) -> int:
    return default if s.get("axis") is None else _axes(s, shape)[0]


def _concat_back(f: Functions, s: Static, at: int, g: Any, y: Any, a: Any, b: Any) -> Any:
    axis = _one_axis(s, np.shape(a), 0)
    first, second = np.split(g, [np.shape(a)[axis]], axis=axis)
    return second if at else first


def _pile_axis(s: Static, a: Any) -> int:
    return _one_axis(s, (2, *np.shape(a)), 0)


def _pile_back(f: Functions, s: Static, at: int, g: Any, y: Any, a: Any, b: Any) -> Any:
    return np.take(g, at, _pile_axis(s, a))


def _pile_shape(s: Static, a: Shape, b: Shape) -> Shape:
    if a != b:
        raise Misshapen(f"stack needs arrays of one shape, not {told(a)} and {told(b)}")
    axis = _one_axis(s, (2, *a), 0)
    return (*a[:axis], 2, *a[axis:])


def _reshape_shape(s: Static, x: Shape) -> Shape:
    wanted = list(s["shape"])
    count = math.prod(x)
    if wanted.count(-1) == 1:
        rest = math.prod(size for size in wanted if size != -1)
        if rest and count % rest == 0:
            wanted[wanted.index(-1)] = count // rest
    if any(size < 0 for size in wanted) or math.prod(wanted) != count:
        raise Misshapen(f"{told(x)} has {count} entries and cannot become {told(tuple(s['shape']))}")
    return tuple(wanted)


def _reshape(f: Functions, s: Static, x: Any) -> Any:
    return np.reshape(x, _reshape_shape(s, np.shape(x)))


def _index_shape(s: Static, x: Shape) -> Shape:
    items = s["index"]
    if len(items) > len(x):
        what = "a scalar has no entries" if not x else f"{len(items)} indices for an array of shape {told(x)}"
        raise Misshapen(what)
    for axis, item in enumerate(items):
        if isinstance(item, int) and not -x[axis] <= item < x[axis]:
            raise Misshapen(f"index {item} is outside axis {axis}, which has length {x[axis]}", f"indices run from 0 to {x[axis] - 1}")
    return np.empty(x, dtype=bool)[items].shape if math.prod(x) < 10**6 else np.broadcast_to(np.bool_(0), x)[items].shape


def _index_back(f: Functions, s: Static, at: int, g: Any, y: Any, x: Any) -> Any:
    result = np.zeros_like(x) if np.asarray(x).dtype != object else x * 0
    result[s["index"]] = g
    return result


def _onehot_shape(s: Static) -> Shape:
    k, n = s["k"], s["n"]
    if n < 1:
        raise Misshapen(f"onehot needs a positive length, not {n}")
    wrong = next((each for each in np.ravel(k) if not 0 <= each < n), None)
    if wrong is not None:
        raise Misshapen(f"onehot: position {wrong} is outside a vector of length {n}", f"positions run from 0 to {n - 1}")
    return (*np.shape(k), n)


def _onehot(f: Functions, s: Static) -> Any:
    return np.equal(np.expand_dims(s["k"], -1), np.arange(s["n"])).astype(float)


CODE: dict[str, Code] = {
    "stack": Code(_stack_shape, lambda f, s, *x: np.array(x) if not any(map(_exact, x)) else _objects(x), lambda f, s, at, g, y, *x: g[at]),
    "index": Code(_index_shape, lambda f, s, x: x[s["index"]], _index_back),
    "matmul": Code(_matmul_shape, _matmul, _matmul_back),
    "transpose": Code(lambda s, x: x[::-1], lambda f, s, x: np.transpose(x), lambda f, s, at, g, y, x: np.transpose(g)),
    "sum": Code(_reduced, _sum, _sum_back),
    "mean": Code(_reduced, _mean, _mean_back),
    "prod": Code(_reduced, _prod, _prod_back),
    "var": Code(_reduced, _var, _var_back),
    "std": Code(_reduced, _std, _std_back),
    "max": Code(_reduced, _max, _extreme_back, _tied),
    "min": Code(_reduced, _min, _extreme_back, _tied),
    "softmax": Code(_same_last, _softmax, _softmax_back),
    "log_softmax": Code(_same_last, _log_softmax, _log_softmax_back),
    "logsumexp": Code(_reduced, _lse, _lse_back),
    "norm": Code(lambda s, x: (), _norm, _norm_back, lambda s, y, x: bool(y == 0)),
    "dot": Code(_dot_shape, lambda f, s, a, b: np.dot(a, b), lambda f, s, at, g, y, a, b: g * (a if at else b)),
    "outer": Code(_outer_shape, lambda f, s, a, b: np.multiply.outer(a, b), lambda f, s, at, g, y, a, b: a @ g if at else g @ b),
    "trace": Code(_square_to("trace", False), lambda f, s, x: np.trace(x), lambda f, s, at, g, y, x: g * np.eye(len(x), dtype=int)),
    "det": Code(_square_to("det", False), lambda f, s, x: _determinant(x), lambda f, s, at, g, y, x: g * _cofactors(x)),
    "inv": Code(_square_to("inv", True), _inv, lambda f, s, at, g, y, x: -(y.T @ g @ y.T)),
    "concat": Code(_concat_shape, lambda f, s, a, b: np.concatenate([a, b], _one_axis(s, np.shape(a), 0)), _concat_back),
    "pile": Code(_pile_shape, lambda f, s, a, b: np.stack([a, b], _pile_axis(s, a)), _pile_back),
    "reshape": Code(_reshape_shape, _reshape, lambda f, s, at, g, y, x: np.reshape(g, np.shape(x))),
    "onehot": Code(_onehot_shape, _onehot, lambda *_: None),
}  # fmt: skip


def _exact(value: Any) -> bool:
    return not isinstance(value, float | int | np.ndarray | np.generic) or (isinstance(value, np.ndarray) and value.dtype == object)


def _objects(items: tuple[Any, ...]) -> Any:
    result = np.empty((len(items), *np.shape(items[0])), dtype=object)
    for at, item in enumerate(items):
        result[at] = item
    return result


# ---- arithmetics on arrays ----


def _power(a: Any, b: Any) -> Any:
    if isinstance(b, float | int):
        if b == 2:
            return a * a
        if b == 1:
            return a
    return np.power(a, b)


def _where(condition: Any, a: Any, b: Any) -> Any:
    if isinstance(condition, bool | float | np.bool_):
        return a if condition else b
    return np.where(condition, a, b)


def _entrywise(function: Callable[..., float]) -> Callable[..., Any]:
    def apply(x: Any) -> Any:
        if isinstance(x, float | int):
            return function(x)
        return np.fromiter(map(function, np.ravel(x).tolist()), float, np.size(x)).reshape(np.shape(x))

    return apply


@cache
def array_arithmetic() -> Arithmetic:
    """Float64 arrays and, beside them, Python's floats for what is a scalar."""
    renamed = {
        "asin": "arcsin",
        "acos": "arccos",
        "atan": "arctan",
        "asinh": "arcsinh",
        "acosh": "arccosh",
        "atanh": "arctanh",
        "atan2": "arctan2",
        "round": "rint",
    }
    own: dict[str, Callable[..., Any]] = {"power": _power, "where": _where, "erf": _entrywise(math.erf), "erfc": _entrywise(math.erfc)}
    functions = {name: own.get(name) or getattr(np, renamed.get(name, name)) for name in NATIVE}

    def finite(value: Any) -> bool:
        return bool(np.isfinite(value).all())

    return Arithmetic("array", functions, float, FLOAT.constants, False, {}, finite, math.inf, math.nan)


def lifted(arithmetic: Arithmetic) -> Arithmetic:
    """An arithmetic of single numbers, made to work on arrays of objects too."""
    from dataclasses import replace

    def entrywise(function: Callable[..., Any]) -> Callable[..., Any]:
        def apply(*operands: Any) -> Any:
            if not any(isinstance(operand, np.ndarray) for operand in operands):
                return function(*operands)
            return np.frompyfunc(function, len(operands), 1)(*operands)

        return apply

    functions = {name: entrywise(function) for name, function in arithmetic.functions.items()}
    functions["where"] = entrywise(lambda condition, a, b: a if condition else b)

    def finite(value: Any) -> bool:
        if isinstance(value, np.ndarray):
            return all(arithmetic.finite(each) for each in value.ravel())
        return arithmetic.finite(value)

    return replace(arithmetic, functions=functions, lazy=False, finite=finite, add=functions["add"], multiply=functions["multiply"])
