"""What is rational at a point, worked out exactly: so that a point on a boundary is known to lie on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import ceil, floor

from backprop_cli.equality.terms import NAMED, NUMBER, Terms

# Rationals are raised to powers up to this.
_EXPONENT = 4_096


def exactly(terms: Terms, order: Sequence[int], instead: Mapping[int, int]) -> dict[int, Fraction]:
    """The terms of an order, operands first, that are rationals, when some stand for others; what would grow is left out."""
    known: dict[int, Fraction] = {}
    for each in order:
        head = terms.heads[each]
        if head == NUMBER:
            value = terms.value(each)
            assert value is not None
            known[each] = value
            continue
        operands = [known.get(instead.get(below, below)) for below in terms.operands[each]]
        found = _choice(operands) if head == "where" else None if not operands or None in operands else _applied(head, operands, terms.bits)
        if found is not None and found.numerator.bit_length() + found.denominator.bit_length() <= terms.bits:
            known[each] = found
    return known


def _choice(operands: Sequence[Fraction | None]) -> Fraction | None:
    return None if operands[0] is None else operands[1 if operands[0] else 2]


def _applied(head: str, operands: Sequence[Fraction | None], bits: int) -> Fraction | None:
    given = [each for each in operands if each is not None]
    if head in ("/", "^"):
        return _quotient(*given) if head == "/" else _power(given[0], given[1], bits)
    function = _EXACT.get(head)
    return None if function is None else Fraction(function(*given))


def _quotient(a: Fraction, b: Fraction) -> Fraction | None:
    return a / b if b else None


def _power(a: Fraction, b: Fraction, bits: int) -> Fraction | None:
    size = a.numerator.bit_length() + a.denominator.bit_length()
    if b.denominator != 1 or abs(b) > _EXPONENT or size * abs(b) > 2 * bits or (not a and b < 0):
        return None
    return a ** int(b)


_EXACT: dict[str, Callable[..., Fraction | int | bool]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "u-": lambda a: -a, NAMED: lambda a: a,
    "abs": abs, "sign": lambda a: (a > 0) - (a < 0), "maximum": max, "minimum": min, "floor": floor, "ceil": ceil, "round": round,
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
}  # fmt: skip
