"""Numbers as answers: how many digits are right, and how many are asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from backprop_cli.homework.formulas import half_unit, rounded_literals, significant
from backprop_cli.lang.syntax import NEGATE, Apply, Brackets, Expr, Number, postorder
from backprop_cli.oracles.opinion import NoOpinion

# Two numbers known to 50 digits that agree to this are the same.
SAME = Fraction(1, 10**40)
# Nearer than this, relative to the truth, float64 tells no difference: `1` for 1 + 6e-20.
_FLOAT = Fraction(1, 2**52)


@dataclass(frozen=True, slots=True)
class Written:
    """One number of an answer: its tree, its spelling where it is a plain literal, and how far what it stands for may lie from it."""

    tree: Expr
    text: str | None
    half: Fraction | None


@dataclass(frozen=True, slots=True)
class Digits:
    """How a number compares with the truth: `right`, whether only after rounding, and a sentence where there is something to say."""

    right: bool
    exact: bool = False
    message: str = ""


def entries(tree: Expr) -> tuple[list[Expr], tuple[int, ...]]:
    """The entries of an array literal, row by row, and its shape; any other tree is one entry. Raises NoOpinion for ragged rows."""
    flat: list[Expr] = [tree]
    shape: tuple[int, ...] = ()
    while flat and all(isinstance(each, Brackets) for each in flat):
        rows = [each.items for each in flat if isinstance(each, Brackets)]
        if len({len(row) for row in rows}) != 1:
            raise NoOpinion("the rows differ in length")
        shape = (*shape, len(rows[0]))
        flat = [each for row in rows for each in row]
    if any(isinstance(part, Brackets) for each in flat for part in postorder(each)):
        raise NoOpinion("the rows differ in length")
    return flat, shape


def written(tree: Expr) -> Written:
    """One entry as it was written."""
    inner = tree.operands[0] if isinstance(tree, Apply) and tree.head == NEGATE else tree
    if isinstance(inner, Number):
        return Written(tree, inner.text, half_unit(inner.text))
    return Written(tree, None, None)


def compared(truth: Fraction, value: Fraction, text: str | None, loose: Fraction, digits: int, tolerance: Fraction | None) -> Digits:
    """A number against the true one. `text` is its spelling as a literal, `loose` how far rounded literals in it may move it."""
    gap = abs(truth - value)
    if gap <= SAME * max(abs(truth), abs(value)):
        return Digits(True, True)
    if tolerance is not None:
        near = gap <= tolerance * abs(truth)
        return Digits(near, False, f"within the tolerance of {float(tolerance):g}" if near else "")
    if text is None:
        if gap <= trusted(loose, truth, digits):
            return Digits(True, False, "right within the rounding of its decimals")
        return Digits(False, False, f"its decimals are rounded too coarsely to give {digits} digits" if gap <= loose else "")
    if gap <= half_unit(text) + SAME * abs(truth):  # at a tie both neighbours are right
        known = significant(text)
        if known >= digits:
            return Digits(True, False, f"right to {known} digits")
        if gap <= _FLOAT * abs(truth):
            return Digits(True, False, "right as far as float64 can tell")
        if not value:
            return Digits(False, False, "near 0, but not 0" if len(text.partition(".")[2]) >= digits else "")
        return Digits(False, False, f"right to {known} digit{'s' * (known != 1)}; {digits} are asked")
    agreed = agreeing(truth, value)
    if agreed:
        return Digits(False, False, f"right to {agreed} digit{'s' * (agreed != 1)} only; the digits written after them are not")
    return Digits(False)


def reach(digits: int) -> Fraction:
    """How far, relative to the truth, rounded decimals may carry what is made of them: two of so many digits, each by half a unit."""
    return Fraction(10) ** (1 - digits)


def trusted(loose: Fraction, truth: Fraction, digits: int) -> Fraction:
    """How much of what rounded decimals may move counts: where that is too much, no more than leaves the digits that are asked."""
    if not truth or loose <= reach(digits) * abs(truth):
        return loose if truth else Fraction(0)
    return min(loose, Fraction(10) ** (_magnitude(truth) - digits + 1) / 2)


def coarseness(tree: Expr, digits: int) -> Fraction:
    """How coarsely the decimals of a number answer were rounded, relative to them; nothing where fewer digits stand than are asked."""
    literals = [part for part in postorder(tree) if isinstance(part, Number) and part.exact and not part.text.isdecimal()]
    if any(significant(each.text) < digits for each in literals):
        return Fraction(0)
    return max((half_unit(each.text) / abs(each.exact) for each in literals), default=Fraction(0))


def agreeing(truth: Fraction, value: Fraction) -> int:
    """To how many significant digits both numbers round to the same, 17 at most."""
    if not truth or not value or (truth < 0) != (value < 0):
        return 0
    # Numbers that round to the same are no further from each other than a unit of the last digit.
    most = 17 if truth == value else max(_magnitude(truth), _magnitude(value)) + 1 - _magnitude(truth - value)
    for digits in range(min(17, most), 0, -1):
        if rounded(truth, digits) == rounded(value, digits):
            return digits
    return 0


def rounded(value: Fraction, digits: int) -> Fraction:
    """A number rounded to so many significant digits, halves away from zero."""
    if not value:
        return value
    unit = Fraction(10) ** (_magnitude(value) - digits + 1)
    count = (abs(value) / unit + Fraction(1, 2)).__floor__()
    return count * unit * (1 if value > 0 else -1)


def _magnitude(value: Fraction) -> int:
    """The exponent of the first digit: 0 for 1 to 9.99."""
    guess = len(str(abs(value.numerator))) - len(str(value.denominator))
    return guess if abs(value) >= Fraction(10) ** guess else guess - 1


def simplest(low: Fraction, high: Fraction) -> Fraction:
    """The fraction with the smallest denominator in an interval, by continued fractions."""
    if low <= 0 <= high:
        return Fraction(0)
    if high < 0:
        return -simplest(-high, -low)
    parts: list[int] = []
    while True:
        whole = low.__floor__()
        if whole == low or whole + 1 <= high:
            parts.append(whole if whole == low else whole + 1)
            break
        parts.append(whole)
        low, high = 1 / (high - whole), 1 / (low - whole)
    found = Fraction(parts.pop())
    for whole in reversed(parts):
        found = whole + 1 / found
    return found


def simple_readings(tree: Expr) -> Iterator[tuple[str, Fraction]]:
    """For each rounded decimal of a formula the simplest fraction that rounds to it."""
    for text, (value, half) in rounded_literals(tree).items():
        yield text, simplest(value - half, value + half)


def fraction(value: Any) -> Fraction:
    """An mpf as the rational that it is."""
    sign, mantissa, exponent, _ = value._mpf_
    whole = Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
    return -whole if sign else whole
