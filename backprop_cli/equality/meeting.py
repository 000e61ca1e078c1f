"""Pairs of terms evaluated together at points: where they agree, how well, and where they do not."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Any

from backprop_cli.equality.balls import Ball, excludes_zero, top
from backprop_cli.equality.functions import functions
from backprop_cli.equality.missing import Missing
from backprop_cli.equality.outcome import Effort, Witness
from backprop_cli.equality.points import exact
from backprop_cli.equality.program import Program, Value

_DIGIT_BITS, _GUARD_BITS = 3.3219280948873626, 34
DIGITS = (50, 100, 200, 400)


class Meeting(Enum):
    """How the two sides of a pair meet at a point; DIM where that says nothing, OUTSIDE where the left side is undefined."""

    SAME = "same"
    DIM = "dim"
    OUTSIDE = "outside"
    APART = "apart"


def bits_of(digits: int, literals: Sequence[Fraction]) -> int:
    """The bits for so many digits, with room for literals that are long or far from 1."""
    long = max((max(each.numerator.bit_length(), each.denominator.bit_length()) for each in literals), default=0)
    return int(digits * _DIGIT_BITS) + _GUARD_BITS + (2 * long if long > 64 else 0)


def meet(left: Value, right: Value, bits: int) -> Meeting:
    """How two values meet."""
    if isinstance(left, Missing):
        return Meeting.OUTSIDE if left.sure else Meeting.DIM
    if isinstance(right, Missing):
        return Meeting.APART if right.sure else Meeting.DIM
    if left is not right and functions(64, False).ring.order(left, right):
        return Meeting.APART
    return Meeting.SAME if _clear(left, right, bits) else Meeting.DIM


def _clear(left: Ball, right: Ball, bits: int) -> bool:
    """Whether the error bounds are small enough for agreement to mean something."""
    blur = max((each[2].bit_length() + each[1] for each in (left, right) if each[2]), default=None)
    if blur is None:
        return True
    size = max((top(each) for each in (left, right) if excludes_zero(each)), default=0)
    return blur < size - int(0.6 * bits)


class OutOfMeans(Exception):
    """The work that may be done is used up."""


class Budget:
    """Counts work; the clock only stops what counting did not."""

    def __init__(self, effort: Effort) -> None:
        self.operations, self.points = effort.operations, effort.points
        self.until = time.monotonic() + effort.seconds

    def spend(self, operations: int, points: int = 1) -> None:
        """Takes work off; raises OutOfMeans where there is none left."""
        self.operations -= operations
        self.points -= points
        if self.operations < 0 or self.points < 0 or time.monotonic() > self.until:
            raise OutOfMeans


@dataclass(slots=True, eq=False)
class Sight:
    """What was seen at a point: values of every term, and how each pair meets."""

    point: Sequence[Ball]
    bits: int
    values: list[Value]
    meetings: list[Meeting]

    @property
    def apart(self) -> int | None:
        """The first pair that differs."""
        return next((i for i, each in enumerate(self.meetings) if each is Meeting.APART), None)


class Viewer:
    """Looks at the pairs of a program, whose outputs are left, right, left, right, and counts the work."""

    def __init__(self, program: Program, budget: Budget, literals: Sequence[Fraction]) -> None:
        self.program, self.budget = program, budget
        self.ladder = [bits_of(each, literals) for each in DIGITS]

    def look(self, point: Sequence[Ball], bits: int) -> Sight:
        """Every pair at a point."""
        factor = 1 if bits < 300 else bits / 200
        self.budget.spend(int(self.program.cost * factor) + 8 * len(self.program.outputs))
        values = self.program.run(point, bits)
        outputs = self.program.outputs
        meetings = [meet(values[left], values[right], bits) for left, right in zip(outputs[::2], outputs[1::2], strict=True)]
        return Sight(point, bits, values, meetings)

    def closer(self, point: Sequence[Ball], start: int = 0) -> Sight:
        """Every pair at a point, with more digits until each is told or there are no more."""
        for bits in self.ladder[start:]:
            sight = self.look(point, bits)
            if sight.apart is not None or Meeting.DIM not in sight.meetings:
                break
        return sight

    def witness(self, sight: Sight, point: Mapping[str, Fraction | str]) -> Witness:
        """The counterexample that was seen."""
        pair = sight.apart
        assert pair is not None
        left, right = (sight.values[self.program.outputs[2 * pair + side]] for side in (0, 1))
        if isinstance(right, Missing):
            return Witness(point, number(left), None, pair, right.reason)
        return Witness(point, number(left), number(right), pair)

    def named(self, point: Sequence[Ball]) -> dict[str, Fraction | str]:
        """A point as rationals by the names of leaves."""
        return {each: exact(value) for each, value in zip(self.program.leaves, point, strict=True)}


def number(value: Value) -> Any:
    """The middle of a ball as an mpf, with all of its bits."""
    from mpmath import libmp, mp

    assert not isinstance(value, Missing)
    return mp.make_mpf(libmp.from_man_exp(value[0], value[1]))
