"""The arithmetics of arrays: float64, and exact numbers entry by entry."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from backprop_cli.calculus.arithmetic import FLOAT, NATIVE, Arithmetic
from backprop_cli.lang.syntax import NEGATE


def _power(a: Any, b: Any) -> Any:
    if isinstance(b, float | int):
        if b == 2:
            return a * a
        if b == 1:
            return a
    return np.power(a, b)


def _where(condition: Any, a: Any, b: Any) -> Any:
    if isinstance(condition, bool | float | np.bool_):
        taken, other = (a, b) if condition else (b, a)
        if isinstance(other, float | int) or np.shape(taken) == np.shape(other):
            return taken
        return np.broadcast_to(taken, np.broadcast_shapes(np.shape(taken), np.shape(other)))
    return np.where(condition, a, b)


def _entrywise(function: Callable[..., float]) -> Callable[..., Any]:
    def apply(x: Any) -> Any:
        if isinstance(x, float | int):
            return function(x)
        return np.fromiter(map(function, np.ravel(x).tolist()), float, np.size(x)).reshape(np.shape(x))

    return apply


def all_finite(value: Any) -> bool:
    """Whether a number or all entries of an array are finite. A finite sum says so at a fraction of the cost of looking at each."""
    if not isinstance(value, np.ndarray):
        return math.isfinite(value)
    with np.errstate(all="ignore"):
        return math.isfinite(np.add.reduce(value, axis=None)) or bool(np.isfinite(value).all())


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
        "round": "rint",
    }
    own: dict[str, Callable[..., Any]] = {
        "power": _power,
        "where": _where,
        "atan2": _angle,
        "erf": _entrywise(math.erf),
        "erfc": _entrywise(math.erfc),
    }
    functions = {name: own.get(name) or getattr(np, renamed.get(name, name)) for name in NATIVE}

    return Arithmetic("array", functions, float, FLOAT.constants, False, {}, all_finite, math.inf, math.nan)


def _angle(a: Any, b: Any) -> Any:
    """The angle of a point; a zero has no sign here, so that it is on the upper side of the cut."""
    return np.arctan2(a + 0.0, b + 0.0)


def lifted(arithmetic: Arithmetic) -> Arithmetic:
    """An arithmetic of single numbers, made to work on arrays of objects too: what has no value is undefined in its entry alone."""
    from dataclasses import replace

    def entrywise(function: Callable[..., Any], needs: int | None = None) -> Callable[..., Any]:
        def entry(*given: Any) -> Any:
            if not all(map(arithmetic.finite, given[:needs])):
                return arithmetic.undefined
            try:
                return function(*given)
            except (ArithmeticError, ValueError):
                return arithmetic.undefined

        def apply(*operands: Any) -> Any:
            if not any(isinstance(operand, np.ndarray) for operand in operands):
                return entry(*operands)
            return np.frompyfunc(entry, len(operands), 1)(*operands)

        return apply

    functions = {name: entrywise(function) for name, function in arithmetic.functions.items()}
    functions |= {"negative": entrywise(operator.neg), "where": entrywise(lambda condition, a, b: a if condition else b, 1)}

    def finite(value: Any) -> bool:
        if isinstance(value, np.ndarray):
            return all(arithmetic.finite(each) for each in value.ravel())
        return arithmetic.finite(value)

    infix = {**arithmetic.infix, NEGATE: "negative"}
    added, multiplied = functions["add"], functions["multiply"]
    return replace(arithmetic, functions=functions, lazy=False, infix=infix, finite=finite, add=added, multiply=multiplied)
