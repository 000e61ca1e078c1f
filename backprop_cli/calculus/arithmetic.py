"""The kinds of numbers a formula can be worked out in, each with the same set of functions."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from backprop_cli.records import record

# What every arithmetic brings under these names; the table's formulas are written with them and with each other.
NATIVE = frozenset(
    [
        "exp",
        "exp2",
        "expm1",
        "log",
        "log2",
        "log10",
        "log1p",
        "sqrt",
        "cbrt",
        "abs",
        "sign",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "asinh",
        "acosh",
        "atanh",
        "erf",
        "erfc",
        "atan2",
        "hypot",
        "floor",
        "ceil",
        "round",
        "maximum",
        "minimum",
        "power",
        "where",
    ]
)


@record
class Arithmetic:
    """One kind of number.

    `functions` holds every name of NATIVE except those that `lazy` arithmetics write as Python's own `a if c else b`.
    `finite` tells whether a value is a number; `infinite` and `undefined` are what stands for one that is not.
    `number` makes a number of a literal's text. `infix` replaces Python's operators where these do not do the right thing.
    `counted` is entered around work on whole arrays.
    """

    name: str
    functions: Mapping[str, Callable[..., Any]]
    number: Callable[[str], Any]
    constants: Mapping[str, Any]
    lazy: bool
    infix: Mapping[str, str]
    finite: Callable[[Any], bool]
    infinite: Any
    undefined: Any
    add: Callable[[Any, Any], Any] = operator.add
    multiply: Callable[[Any, Any], Any] = operator.mul
    counted: AbstractContextManager[None] = nullcontext()


class NotExact(Exception):
    """A result cannot be kept exactly within the limits; the message says why."""


def _sign(x: float) -> float:
    return (x > 0) - (x < 0) + 0.0


def _float_functions() -> dict[str, Callable[..., Any]]:
    functions: dict[str, Callable[..., Any]] = {name: getattr(math, name) for name in NATIVE if hasattr(math, name)}
    return functions | {
        "abs": abs,
        "sign": _sign,
        "round": lambda x: float(round(x)),
        "floor": lambda x: float(math.floor(x)),
        "ceil": lambda x: float(math.ceil(x)),
        "maximum": max,
        "minimum": min,
        "power": math.pow,
        "atan2": lambda a, b: math.atan2(a + 0.0, b + 0.0),  # a zero has no sign here: it is on the upper side of the cut
    }


# Python's floats: errors are raised, not carried along as infinities.
FLOAT = Arithmetic("float", _float_functions(), float, {"pi": math.pi, "e": math.e}, True, {}, math.isfinite, math.inf, math.nan)
