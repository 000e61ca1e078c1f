"""Closed constants to sixty digits, every part worked out once: SymPy's own way works out what stands in a nested sine again and again."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from backprop_cli.calculus.algebra import parts_below
from backprop_cli.calculus.arithmetic import NotExact

_DIGITS = 60
# Digits to work with, one after the other until two in a row agree; with the last, what is no more than rounding is 0.
_WORKING = (_DIGITS + 30, 2 * _DIGITS, 4 * _DIGITS, 8 * _DIGITS, 16 * _DIGITS)
_NOTHING = 4 * _DIGITS
# What mpmath calls SymPy's heads; not floor and its like, which rounding would turn over.
_HEADS = {"Abs": "fabs", "Pow": "power"} | {
    name: name
    for name in (
        *("exp", "log", "sin", "cos", "tan", "sec", "csc", "cot", "asin", "acos", "atan", "atan2"),
        *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc"),
    )
}


@lru_cache(maxsize=4096)
def approximation(value: Any) -> Any:
    """A closed constant to sixty digits, as a complex number of mpmath's. Raises NotExact where they cannot be had."""
    from mpmath import mp, mpc, mpf

    before = None
    for digits in _WORKING:
        with mp.workdps(digits):
            now = _worked_out(value, digits)
            if now is not None and before is not None and abs(now - before) <= mpf(10) ** -_DIGITS * abs(now):
                return mpc(now)
            before = now
    if before is not None and abs(before) < mpf(10) ** -_NOTHING:
        return mpc(0)
    raise NotExact("a closed constant cannot be worked out to 60 digits")


def effort(value: Any) -> int:
    """How many steps SymPy may take to look at a closed constant: it works out what stands in a function or a power twice."""
    steps: dict[Any, int] = {}
    for part in parts_below(value):
        inside = sum(steps[each] for each in part.args)
        steps[part] = 1 + (2 * inside if part.is_Function or part.is_Pow else inside)
    return steps[value]


def _worked_out(value: Any, digits: int) -> Any:
    """A constant with so many digits; None where that is not enough to divide by what is not 0."""
    known: dict[Any, Any] = {}
    try:
        for part in parts_below(value):
            known[part] = _part(part, [known[each] for each in part.args], digits)
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
    return known[value]


def _part(part: Any, below: list[Any], digits: int) -> Any:
    from mpmath import mp, mpf

    name = type(part).__name__
    if part.is_Rational:
        return mpf(int(part.p)) / int(part.q)
    if part.is_Add or part.is_Mul:
        return mp.fsum(below) if part.is_Add else mp.fprod(below)
    if name in _HEADS:
        return getattr(mp, _HEADS[name])(*below)
    real, imaginary = (mp.mpf(str(each)) for each in part.evalf(digits).as_real_imag())
    return mp.mpc(real, imaginary) if imaginary else real
