"""Choices between numbers with error bounds: what can be told is told, the very ball is kept, and what cannot be told is no number."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor
from random import Random

import pytest

from backprop_cli.equality.balls import Ball, excludes_zero, negative, positive, top
from backprop_cli.equality.missing import EDGE
from tests.test_equality_bounds import PLAIN, ends, exact, missing, some

PAIRS = [((5, 0, 0), (5, 0, 0)), ((5, 0, 0), (10, -1, 0)), ((5, 0, 1), (3, 0, 0)), ((5, 0, 1), (3, 0, 1)), ((-5, 0, 2), (-2, 0, 1))]
PAIRS += [((1, 70_000, 0), (1, 0, 0)), ((1, 70_000, 1), (1, 0, 0)), ((-1, 70_000, 0), (0, 0, 0)), ((1, 70_000, 0), (-1, 0, 0))]
PAIRS += [((0, 70_000, 1), (1, 0, 0)), ((1, 70_000, 0), (3 << 69_998, 0, 0))]
PAIRS += [
    ((9, 70_000, 1), (7 << 70_000, 0, 2 << 70_000)),
    ((9, 70_000, 2), (15 << 69_999, 0, 0)),
    ((9, 70_000, 1), (1 << 70_002, 0, 1 << 70_001)),
    ((3, 70_000, 1), (1 << 69_999, 0, 1 << 69_998)),
]
PAIRS += [((3, 1 << 16, 1), (0, 0, 3)), ((3, 1 + (1 << 16), 1), (0, 0, 3)), ((1, 70_000, 0), (0, 0, 7)), ((7, -70_000, 7), (1, 0, 0))]
PAIRS += [((1, -70_000, 0), (0, 0, 7)), ((1, -70_000, 0), (0, 0, 0)), ((3, -70_000, 3), (1, 0, 0)), ((-3, -70_000, 3), (-1, 0, 0))]
PAIRS += [((1, 3, 0), (3, 0, 3)), ((1, 3, 0), (7, 0, 1)), ((1, 3, 0), (7, 0, 0)), ((-1, 2, 0), (-3, 0, 0)), ((0, 70_000, 0), (0, 0, 0))]


def test_order_and_choices() -> None:
    random = Random(8)
    pairs = [*PAIRS, *((some(random, 5), some(random, 5)) for _ in range(600))]
    for a, b in [*pairs, *((b, a) for a, b in pairs)]:
        (low, high), (least, most) = ends(a), ends(b)
        known = -1 if high < least else 1 if low > most else 0 if low == high == least == most else None
        found = PLAIN.order(a, b)
        assert found == known, known
        for choice, meaning in ((PLAIN.larger, max), (PLAIN.smaller, min)):
            if known is None:
                first, last = ends(choice(a, b))
                assert first <= meaning(low, least)
                assert last >= meaning(high, most)
                wide = 2 * (high - low) + (most - least) + abs(low + high - least - most)
                assert abs(a[1] - b[1]) > 10 or last - first <= wide * (1 + exact(1, -25)) + exact(8, choice(a, b)[1])
            else:
                assert choice(a, b) is (a if not known or (known > 0) is (meaning is max) else b)


def test_order_of_a_ball_and_itself() -> None:
    a = (5, 0, 3)
    assert PLAIN.order(a, a) == 0
    assert PLAIN.larger(a, a) is a


def test_signs_and_absolute_values() -> None:
    assert [PLAIN.sign(a) for a in ((2, 9, 1), (-2, 9, 1), (0, 0, 0), (1, 0, 0))] == [1, -1, 0, 1]
    assert missing(PLAIN.sign, (2, 0, 2)) == missing(PLAIN.sign, (0, 0, 1)) == EDGE
    assert [excludes_zero(a) for a in ((2, 0, 1), (-2, 0, 1), (2, 0, 2), (0, 0, 0))] == [True, True, False, False]
    assert [positive(a) for a in ((2, 0, 1), (1, 0, 0), (2, 0, 2), (0, 0, 0), (-2, 9, 1))] == [True, True, False, False, False]
    assert [negative(a) for a in ((-2, 0, 1), (-1, 0, 0), (-2, 0, 2), (0, 0, 0), (2, 9, 1))] == [True, True, False, False, False]
    assert [top((m, e, 0)) for m, e in ((1, 0), (-4, 0), (3, -7))] == [1, 3, -5]
    for same in ((5, 0, 4), (5, 9, 4)):
        assert PLAIN.absolute(same) is same
    assert PLAIN.absolute((-5, 3, 4)) == (5, 3, 4)
    assert PLAIN.absolute((-1, 3, 4)) == (1, 3, 4)
    assert PLAIN.negate((5, 3, 4)) == (-5, 3, 4)


WHOLE: list[Ball] = [
    (5, 0, 0), (5, 1, 0), (-5, -1, 0), (5, -1, 0), (7, -1, 0), (3, -1, 0), (1, -1, 0), (-1, -1, 0), (9, -3, 0), (9, -3, 1), (10, -3, 1),
    (4, -3, 1), (3, -2, 0), (8, -3, 0), (-1, -4, 0), (7, -3, 0), (-7, -3, 0), (1, -4, 14), (5, 0, 1), (0, 0, 1), (0, -90, 0), (0, -90, 1),
    *((sign * m, -90, r) for sign in (1, -1) for m in (1, 2) for r in (0, 1, 2, *(1 << k for k in (85, 86, 87, 88, 89, 90)))),
    *((sign << k, -90, r) for sign in (1, -1) for k in (86, 87, 88, 89) for r in (0, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("how", "meaning"), [("floor", floor), ("ceil", ceil), ("round", round)])
def test_whole_parts(how: str, meaning: Callable[[Fraction], int]) -> None:
    for a in WHOLE:
        low, high = map(meaning, ends(a))
        if low != high:
            assert missing(PLAIN.whole, a, how) == EDGE
        else:
            m, e, r = PLAIN.whole(a, how)
            assert (m << e, r) == (low, 0), a
    for integer in ((5, 0, 0), (5, 1, 0)):
        assert PLAIN.whole(integer, how) is integer
    assert PLAIN.whole((-1, -(1 << 40), 0), how) == (meaning(Fraction(-1, 8)), 0, 0)  # whose digits nobody could write down
