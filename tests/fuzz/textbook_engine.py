"""A grown program by its textbook definitions, entry by entry: with mpmath's numbers, or with SymPy's symbols.

Nothing here is shared with the tool or with PyTorch. Arrays are NumPy arrays of objects.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
from mpmath import mp, mpf

from tests.fuzz.grown import Program, Tree

DIGITS, MORE_DIGITS, MOST_DIGITS = (
    60,
    300,
    1_000,
)  # a difference quotient with d digits is right to 2d/3 of them, seen from the size of the output
Functions = dict[str, Callable[..., Any]]


# Functions that jump.
STEPS = {"sign": mp.sign, "floor": mp.floor, "ceil": mp.ceil, "round": mp.nint}


class Undefined(Exception):
    """No real value."""


def _real(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(*operands: Any) -> Any:
        try:
            found = function(*operands)
        except (ZeroDivisionError, ValueError, OverflowError) as error:
            raise Undefined(str(error)) from None
        if not isinstance(found, mpf) or not mp.isfinite(found):
            raise Undefined(str(found))
        return found

    return apply


def numbers() -> Functions:
    """The elementary functions on mpmath's numbers."""
    named = ("exp", "log", "sqrt", "sin", "cos", "asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh", "sinh", "cosh", "tanh", "erf")
    plain: Functions = {
        **{word: getattr(mp, word) for word in (*named, "erfc")}, **STEPS, "abs": abs, "^": lambda a, b: a**b, "/": lambda a, b: a / b,
        "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)), "pi": lambda: +mp.pi,
        "maximum": max, "minimum": min, "where": lambda c, a, b: a if c else b,
        "<": lambda a, b: mpf(a < b), "<=": lambda a, b: mpf(a <= b), ">": lambda a, b: mpf(a > b), ">=": lambda a, b: mpf(a >= b),
        "!=": lambda a, b: mpf(a != b), "number": mpf,
    }  # fmt: skip
    return {word: _real(function) for word, function in plain.items()}


def symbols() -> Functions:
    """The elementary functions on SymPy's expressions of real symbols."""
    import sympy as sp

    class Step(sp.Function):  # type: ignore[misc]
        """A function whose derivative is 0, away from its jumps; SymPy would write one that cannot be evaluated."""

        def fdiff(self, argindex: int = 1) -> Any:
            return sp.Integer(0)

    steps = {word: type(f"{word}_", (Step,), {}) for word in STEPS}

    def chosen(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        return lambda a, b: sp.Piecewise((sp.Integer(1), compare(a, b)), (sp.Integer(0), True))

    named = ("exp", "log", "sqrt", "sin", "cos", "asin", "acos", "atan", "atan2", "asinh", "acosh", "atanh", "sinh", "cosh", "tanh", "erf")
    return {
        **{word: getattr(sp, word) for word in (*named, "erfc")}, **steps, "abs": sp.Abs, "^": lambda a, b: a**b, "/": lambda a, b: a / b,
        "cbrt": lambda x: steps["sign"](x) * sp.Abs(x) ** sp.Rational(1, 3), "pi": lambda: sp.pi,
        "maximum": lambda a, b: sp.Piecewise((a, sp.Ge(a, b)), (b, True)),
        "minimum": lambda a, b: sp.Piecewise((a, sp.Le(a, b)), (b, True)),
        "where": lambda c, a, b: sp.Piecewise((b, sp.Eq(c, 0)), (a, True)),
        "<": chosen(sp.Lt), "<=": chosen(sp.Le), ">": chosen(sp.Gt), ">=": chosen(sp.Ge), "!=": chosen(sp.Ne),
        "number": lambda value: sp.Rational(*Fraction(value).as_integer_ratio()),
    }  # fmt: skip


# Each function in terms of the elementary ones; `f` holds those.
DEFINED: dict[str, Callable[..., Any]] = {
    "+": lambda f, a, b: a + b,
    "-": lambda f, a, b: a - b,
    "*": lambda f, a, b: a * b,
    "u-": lambda f, x: -x,
    "exp2": lambda f, x: f["^"](f["number"](2.0), x),
    "expm1": lambda f, x: f["exp"](x) - 1,
    "log2": lambda f, x: f["log"](x) / f["log"](f["number"](2.0)),
    "log10": lambda f, x: f["log"](x) / f["log"](f["number"](10.0)),
    "log1p": lambda f, x: f["log"](1 + x),
    "hypot": lambda f, a, b: f["sqrt"](a * a + b * b),
    "mod": lambda f, a, b: a - b * f["floor"](f["/"](a, b)),
    "tan": lambda f, x: f["/"](f["sin"](x), f["cos"](x)),
    "sec": lambda f, x: f["/"](f["number"](1.0), f["cos"](x)),
    "csc": lambda f, x: f["/"](f["number"](1.0), f["sin"](x)),
    "cot": lambda f, x: f["/"](f["cos"](x), f["sin"](x)),
    "clip": lambda f, x, lo, hi: f["minimum"](f["maximum"](x, lo), hi),
    "sigmoid": lambda f, x: f["/"](f["number"](1.0), 1 + f["exp"](-x)),
    "logsigmoid": lambda f, x: -f["log"](1 + f["exp"](-x)),
    "relu": lambda f, x: f["maximum"](x, f["number"](0.0)),
    "leaky_relu": lambda f, x: DEFINED["slope"](f, x, f["number"](0.01)),
    "slope": lambda f, x, slope: f["where"](f[">"](x, f["number"](0.0)), x, slope * x),
    "elu": lambda f, x: DEFINED["alpha"](f, x, f["number"](1.0)),
    "alpha": lambda f, x, alpha: f["where"](f[">"](x, f["number"](0.0)), x, alpha * (f["exp"](x) - 1)),
    "softplus": lambda f, x: f["log"](1 + f["exp"](x)),
    "softsign": lambda f, x: f["/"](x, 1 + f["abs"](x)),
    "gelu": lambda f, x: x * (1 + f["erf"](x / f["sqrt"](f["number"](2.0)))) / 2,
    "silu": lambda f, x: f["/"](x, 1 + f["exp"](-x)),
}


def value(tree: Tree, known: dict[str, Any], program: Program, f: Functions) -> Any:
    """The value of a tree, an array of objects (without axes for a number). Raises Undefined."""
    if isinstance(tree, str):
        return known[tree]
    if isinstance(tree, float):
        return boxed(f["number"](tree))
    word, fixed, *below = tree
    operands = [value(each, known, program, f) for each in below]
    if word == "call":
        return value(program.functions[fixed[0]], {**known, **dict(zip(("p", "q"), operands, strict=True))}, program, f)
    if word in DEFINED:
        return entrywise(lambda *each: DEFINED[word](f, *each), *operands)
    if word in f:
        return entrywise(f[word], *operands)
    return _whole(word, fixed, operands, f)


def boxed(number: Any) -> Any:
    """A number as an array without axes."""
    box = np.empty((), dtype=object)
    box[()] = number
    return box


def entrywise(function: Callable[..., Any], *operands: Any) -> Any:
    """A function of numbers on arrays that fit together."""
    spread = np.broadcast_arrays(*operands)
    found = np.empty(spread[0].shape, dtype=object)
    for at in np.ndindex(found.shape):
        found[at] = function(*(each[at] for each in spread))
    return found


def _whole(word: str, fixed: tuple[Any, ...], operands: list[Any], f: Functions) -> Any:
    x: Any = operands[0] if operands else None
    match word:
        case "@" | "dot":
            return _array(np.dot(x, operands[1]) if x.ndim < 3 else np.matmul(x, operands[1]))
        case "outer":
            return entrywise(lambda a, b: a * b, x[:, None], operands[1][None, :])
        case "norm":
            return boxed(f["sqrt"](sum(each * each for each in x.ravel())))
        case "trace":
            return boxed(sum(x[at, at] for at in range(len(x))))
        case "det":
            return boxed(_determinant(x))
        case "inv":
            return _inverse(x, f)
        case ".T":
            return x.T
        case "[]" | "stack":
            return np.stack(operands, fixed[0] if fixed else 0)
        case "concat":
            return np.concatenate(operands, fixed[0])
        case "entry":
            return _array(x[fixed])
        case "slice":
            return x[slice(*fixed)]
        case "reshape":
            return x.reshape(fixed)
        case "onehot":
            return _array([f["number"](float(at == fixed[0])) for at in range(fixed[1])])
        case "softmax" | "log_softmax":
            return _over(lambda row: _softmax(row, word, f), x, -1 if fixed[0] is None else fixed[0])
        case _:
            return _reduced(word, fixed, x, f)


def _reduced(word: str, fixed: tuple[Any, ...], x: Any, f: Functions) -> Any:
    axis, keep = fixed
    if axis is None:
        return boxed(_combined(word, list(x.ravel()), f))
    found = _array(np.apply_along_axis(lambda row: boxed(_combined(word, list(row), f)), axis, x))
    return np.expand_dims(found, axis) if keep else found


def _combined(word: str, row: list[Any], f: Functions) -> Any:
    count = len(row)
    match word:
        case "sum" | "mean":
            return sum(row[1:], row[0]) / (count if word == "mean" else 1)
        case "prod":
            return math.prod(row[1:], start=row[0])
        case "max" | "min":
            return reduce(f["maximum" if word == "max" else "minimum"], row)
        case "logsumexp":
            return f["log"](sum(f["exp"](each) for each in row))
    middle = sum(row) / count
    spread = sum((each - middle) ** 2 for each in row) / count
    return f["sqrt"](spread) if word == "std" else spread


def _softmax(row: Any, word: str, f: Functions) -> Any:
    raised = [f["exp"](each) for each in row]
    parts = [f["/"](each, sum(raised)) for each in raised]
    return _array([f["log"](each) for each in parts] if word == "log_softmax" else parts)


def _over(function: Callable[[Any], Any], x: Any, axis: int) -> Any:
    moved = np.moveaxis(x, axis, -1)
    found = np.empty(moved.shape, dtype=object)
    for at in np.ndindex(moved.shape[:-1]):
        found[at] = function(moved[at])
    return np.moveaxis(found, -1, axis)


def _determinant(x: Any) -> Any:
    if len(x) < 2:
        return x[0, 0] if len(x) else 1
    minors = (np.delete(x[1:], column, 1) for column in range(len(x)))
    return sum((-1) ** column * x[0, column] * _determinant(minor) for column, minor in enumerate(minors))


def _inverse(x: Any, f: Functions) -> Any:
    whole, size = _determinant(x), range(len(x))
    cofactors = [[(-1) ** (i + j) * _determinant(np.delete(np.delete(x, j, 0), i, 1)) for j in size] for i in size]
    return _array([[f["/"](each, whole) for each in row] for row in cofactors])


def _array(given: Any) -> Any:
    return given if isinstance(given, np.ndarray) else boxed(given) if not isinstance(given, list) else np.array(given, dtype=object)


# ---- the true gradient, for differences that have to be explained ----


def true_gradients(program: Program, digits: int = DIGITS) -> dict[str, Any] | None:
    """Central differences at high precision as NumPy arrays of floats; None where there is no real value, or one beyond float64."""
    with mp.workdps(digits):
        f, step = numbers(), mpf(10) ** (-digits // 3)
        leaves = {name: entrywise(mpf, np.array(given, dtype=object)) for name, given in program.leaves.items()}

        def output(name: str = "", at: tuple[int, ...] = (), by: mpf = step) -> mpf:
            known = dict(leaves)
            if name:
                known[name] = leaves[name].copy()
                known[name][at] += by
            for target, tree in program.statements:
                known[target] = value(tree, known, program, f)
            return known["L"][()]

        def slope(name: str, at: tuple[int, ...]) -> float:
            return float((output(name, at, step) - output(name, at, -step)) / (2 * step))

        try:
            if abs(output()) > sys.float_info.max:
                return None
            found = {name: [slope(name, at) for at in np.ndindex(leaf.shape)] for name, leaf in leaves.items()}
        except Undefined:
            return None
        return {name: np.array(each).reshape(leaves[name].shape) for name, each in found.items()}
