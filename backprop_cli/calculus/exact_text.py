"""Exact numbers as text, as floats and as SymPy's."""

from __future__ import annotations

import math
import sys
from fractions import Fraction
from functools import lru_cache
from typing import Any

from backprop_cli.calculus.algebra import from_sympy
from backprop_cli.calculus.approximation import approximation
from backprop_cli.lang.unparse import unparse

Exact = Any  # a Fraction, or a SymPy expression without symbols
_WRITTEN_AT_ONCE = 10_000  # bits
_PIECE = 3_000  # digits


def exact_text(value: Exact) -> str:
    """An exact number in the language of files: `1/2`, `-3`, `2*log(6)`."""
    if isinstance(value, Fraction | int):  # an int is a sum over nothing
        return _digits(value.numerator) + (f"/{_digits(value.denominator)}" if value.denominator != 1 else "")
    return _closed(value)


@lru_cache(maxsize=4096)
def _closed(value: Any) -> str:
    """A closed constant as text; a screen shows the same one in many places."""
    return unparse(from_sympy(value, {}, sys.maxsize))  # its parts were counted when it was made


def _digits(number: int) -> str:
    """The digits of a whole number; Python itself refuses to write more than a few thousand at once."""
    if number.bit_length() < _WRITTEN_AT_ONCE:
        return str(number)
    sign, rest, pieces = "-" * (number < 0), abs(number), []
    while rest:
        rest, piece = divmod(rest, 10**_PIECE)
        pieces.append(str(piece).rjust(_PIECE, "0"))
    return sign + "".join(reversed(pieces)).lstrip("0")


def exact_float(value: Exact) -> float:
    """The float nearest to an exact number; infinite where that is beyond float64."""
    try:
        return float(value) if isinstance(value, Fraction) else float(approximation(as_sympy(value)).real)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def as_sympy(value: Exact) -> Any:
    """An exact number as SymPy's."""
    import sympy

    if value is None:
        raise TypeError("there is no number")
    if isinstance(value, Fraction):
        return sympy.Rational(value.numerator, value.denominator)
    return sympy.Integer(int(value)) if isinstance(value, int) else value


class Constants(dict[str, Any]):
    """`pi` and `e`, fetched from SymPy when a program mentions them."""

    def __init__(self) -> None:
        super().__init__(pi=None, e=None)

    def __getitem__(self, name: str) -> Any:
        import sympy

        return sympy.pi if name == "pi" else sympy.E
