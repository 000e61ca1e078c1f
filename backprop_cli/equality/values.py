"""The values of terms at home, with error bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from backprop_cli.equality.balls import Ball as Raw
from backprop_cli.equality.balls import top
from backprop_cli.equality.functions import functions
from backprop_cli.equality.meeting import bits_of
from backprop_cli.equality.missing import Missing
from backprop_cli.equality.program import Program
from backprop_cli.equality.terms import LEAF, Terms

_MOST_BITS = 1 << 14


@dataclass(frozen=True, slots=True)
class Ball:
    """A real number between (m - r)*2^e and (m + r)*2^e, for `raw` = (m, e, r)."""

    raw: Raw

    @property
    def mid(self) -> Any:
        """The middle, an mpf with all of its bits."""
        return _mpf(self.raw[0], self.raw[1])

    @property
    def rad(self) -> Any:
        """The largest possible error, an mpf."""
        return _mpf(self.raw[2], self.raw[1])

    @property
    def sharp(self) -> bool:
        """Whether 40 digits of the number are sure."""
        m, _, r = self.raw
        return abs(m) >= r << 133

    def separate(self, other: Ball | Fraction | int) -> bool:
        """Whether the number is surely not the other one."""
        return bool(functions(64, False).ring.order(self.raw, _raw(other)))

    def contains(self, other: Ball | Fraction | int) -> bool:
        """Whether every number that the other one may be is possible here."""
        if isinstance(other, Ball):
            m, e, r = other.raw
            return all(self.contains_raw((m + side, e, 0)) for side in (-r, r))
        value = Fraction(other)
        m, e, r = self.raw
        scaled = (m * value.denominator, e, r * value.denominator)
        return functions(64, False).ring.order(scaled, (value.numerator, 0, 0)) in (0, None)

    def contains_raw(self, point: Raw) -> bool:
        """Whether an exact number is possible."""
        return functions(64, False).ring.order(self.raw, point) in (0, None)


def _raw(other: Ball | Fraction | int) -> Raw:
    if isinstance(other, Ball):
        return other.raw
    value = Fraction(other)
    bits = 256 + value.numerator.bit_length() + value.denominator.bit_length()
    return functions(bits, False).ring.number(value)


def _mpf(m: int, e: int) -> Any:
    from mpmath import libmp, mp

    return mp.make_mpf(libmp.from_man_exp(m, e))


def values(terms: Terms, ids: Sequence[int], home: Mapping[str, int], digits: int = 50) -> list[Ball | None]:
    """The values of terms at home; None where one is undefined, cannot be made out, or needs a leaf that has no value.

    None too where it lies beyond 2^-16384 or 2^16384: as a fraction it would take more memory than there may be.

    Raises NoOpinion where a function has no definition here.
    """
    roots = terms.basic(ids)
    given = {terms.leaf(key): value for key, value in zip(home, terms.basic(list(home.values())), strict=True)}
    order = terms.below(roots)
    instead = {each: given[each] for each in order if terms.heads[each] == LEAF and each in given}
    short: set[int] = set()
    for each in order:
        if (terms.heads[each] == LEAF and each not in instead) or any(below in short for below in terms.operands[each]):
            short.add(each)
    program = Program(terms, [each for each in roots if each not in short], instead)
    found = program.run([], bits_of(digits, program.literals), watch=False)
    kept = iter(program.outputs)
    taken = [None if each in short else found[next(kept)] for each in roots]
    return [None if each is None or isinstance(each, Missing) or _far(each) else Ball(each) for each in taken]


def _far(value: Raw) -> bool:
    return value[0] != 0 and abs(top(value)) > _MOST_BITS
