"""Closed constants to sixty digits, every part worked out once: SymPy's own way works out what stands in a nested sine again and again."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from backprop_cli.calculus.arithmetic import NotExact
from backprop_cli.calculus.sizes import parts_below

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
_CONSTANTS: dict[str, Callable[[Any], Any]] = {"Pi": lambda mp: +mp.pi, "Exp1": lambda mp: +mp.e, "ImaginaryUnit": lambda mp: mp.mpc(0, 1)}


@lru_cache(maxsize=4096)
def approximation(value: Any) -> Any:
    """A closed constant to sixty digits, as a complex number of mpmath's. Raises NotExact where they cannot be had."""
    from mpmath import mp, mpc, mpf

    before = None
    for digits in _WORKING:
        with mp.workdps(digits):
            now = _worked_out(value)
            if now and before and abs(now - before) <= mpf(10) ** -_DIGITS * abs(now):
                return mpc(now)
            before = now
    if before is not None and abs(before) < mpf(10) ** -_NOTHING:
        return mpc(0)
    raise NotExact("a closed constant cannot be worked out to 60 digits")


def _worked_out(value: Any) -> Any:
    """A constant with so many digits; None where that is not enough to divide by what is not 0."""
    known: dict[Any, Any] = {}
    try:
        for part in parts_below(value):
            known[part] = _part(part, [known[each] for each in part.args])
    except (ZeroDivisionError, ValueError, OverflowError):
        return None
    return known[value]


def _part(part: Any, below: list[Any]) -> Any:
    from mpmath import mp, mpf

    name = type(part).__name__
    if part.is_Rational:
        return mpf(int(part.p)) / int(part.q)
    if part.is_Add or part.is_Mul:
        return mp.fsum(below) if part.is_Add else mp.fprod(below)
    if name in _HEADS:
        return getattr(mp, _HEADS[name])(*below)
    if name in _CONSTANTS:
        return _CONSTANTS[name](mp)
    raise NotExact(f"a closed form would hold {name}, for which there is no word")


def whole_below(number: Any) -> int:
    """Python's own floor rounds a number of mpmath's to the digits that mpmath works with at the time."""
    whole = int(number)
    return whole - int(whole > number)
