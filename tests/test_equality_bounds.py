"""Arithmetic with error bounds, seen closely: bounds hold, are hardly wider than they must be, and what cannot be told is told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import pytest

from backprop_cli.equality.balls import Ball, Ring, excludes_zero, top
from backprop_cli.equality.missing import EDGE, LARGE, WIDE, NoNumber

BITS, HALF, COARSE = 60, 30, 30
PLAIN, WATCHED = Ring(BITS, False), Ring(BITS, True)
HUGE = 1 << 48


def exact(m: int, e: int) -> Fraction:
    """m*2^e."""
    return Fraction(m << e) if e >= 0 else Fraction(m, 1 << -e)


def ends(a: Ball) -> tuple[Fraction, Fraction]:
    """The least and the largest number of a ball."""
    return exact(a[0] - a[2], a[1]), exact(a[0] + a[2], a[1])


def holds(found: Ball, given: Iterable[Any], middle: Fraction, units: float, room: Fraction | int = 1) -> None:
    """A ball holds the given values, and goes beyond them by no more than some units of its last place, and a factor."""
    m, e, r = found
    unit, given = exact(1, e), list(given)
    assert all(abs(each - m * unit) <= r * unit for each in given)
    assert r <= max(abs(each - middle) for each in given) / unit * room + Fraction(units)
    assert r <= (1 << COARSE) + 1
    assert abs(m).bit_length() <= BITS or m == -1 << BITS


def full(found: Ball) -> bool:
    """Whether nothing was dropped that was worth keeping."""
    return found[0].bit_length() in (BITS, BITS + 1) or found[2].bit_length() >= COARSE or found == (0, 0, 0)


def missing(call: Callable[..., Ball | int | None], *given: Any) -> str | bool:
    """The reason why there is no number; True where it is known that there is none."""
    with pytest.raises(NoNumber) as caught:
        call(*given)
    return caught.value.missing.sure or caught.value.missing.reason


def some(random: Random, far: int = 150) -> Ball:
    m = random.getrandbits(random.choice([0, 1, 3, 30, BITS, BITS])) * random.choice([1, -1])
    return m, random.randint(-far, far), random.choice([0, 0, 1, 5, random.getrandbits(20), random.getrandbits(30)])


# ---- keeping so many bits ----


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ((5, 7, 0), (5, 7, 0)),
        ((5, 7, 3), (5, 7, 3)),
        (((1 << BITS) - 1, 0, 0), ((1 << BITS) - 1, 0, 0)),
        (((1 << BITS) - 1, 0, 3), ((1 << BITS) - 1, 0, 3)),
        ((1 << BITS, 0, 0), (1 << BITS - 1, 1, 0)),
        (((1 << BITS) + 1, 0, 0), (1 << BITS - 1, 1, 1)),
        (((1 << BITS) + 2, 0, 0), ((1 << BITS - 1) + 1, 1, 0)),
        (((1 << BITS) + 1, 0, 1), (1 << BITS - 1, 1, 2)),
        ((3 << BITS, 0, 9), (3 << BITS - 2, 2, 4)),
        ((-5 << BITS, 0, 0), (-5 << BITS - 3, 3, 0)),
        ((5, 0, (1 << COARSE) - 1), (5, 0, (1 << COARSE) - 1)),
        ((5, 0, 1 << COARSE), (2, 1, (1 << COARSE - 1) + 2)),
        ((0, 0, 1 << COARSE + 2), (0, 3, (1 << COARSE - 1) + 2)),
    ],
)
def test_trimming(given: Ball, kept: Ball) -> None:
    assert PLAIN.trim(*given) == kept


def test_trimming_loses_no_number() -> None:
    random = Random(1)
    for _ in range(600):
        given = (
            random.getrandbits(random.randint(0, 90)) * random.choice([1, -1]),
            random.randint(-9, 9),
            random.getrandbits(random.choice([0, 9, 70])),
        )
        found = PLAIN.trim(*given)
        holds(found, ends(given), exact(*given[:2]), 2 if given[2] else 1)
        assert found == given or full(found)


def test_rationals() -> None:
    random = Random(2)
    assert PLAIN.number(Fraction(-7)) == (-7, 0, 0)
    assert PLAIN.number(Fraction((1 << 70) + 1)) == (1 << BITS - 1, 11, 1)
    for _ in range(200):
        value = Fraction(random.getrandbits(random.choice([4, 60, 300])) + 1, random.getrandbits(random.choice([4, 60, 300])) + 1)
        found = PLAIN.number(value)
        holds(found, [value], value, 2)
        low, high = ends(PLAIN.number(value + 1))
        assert low <= value + 1 <= high


# ---- sums ----


def corners(meaning: Callable[..., Fraction], *balls: Ball) -> tuple[list[Fraction], Fraction]:
    """What an operation that is monotonic in each operand gives at the ends of balls, and in the middle."""
    return [meaning(*each) for each in product(*map(ends, balls))], meaning(*(exact(m, e) for m, e, _ in balls))


def test_sums_and_differences() -> None:
    random = Random(3)
    for _ in range(1_500):
        a, b = some(random), some(random)
        holds(PLAIN.add(a, b), *corners(lambda x, y: x + y, a, b), 2)
        holds(PLAIN.subtract(a, b), *corners(lambda x, y: x - y, a, b), 2)
        for found in (PLAIN.add(a, b), PLAIN.subtract(a, b)):
            assert full(found) or found[1] >= min(a[1], b[1]), (a, b, found)
    assert PLAIN.add((3, 2, 1), (0, -900, 0)) == PLAIN.add((0, 900, 0), (3, 2, 1)) == (3, 2, 1)
    assert PLAIN.add((3, 2, 0), (0, 2, 1)) == PLAIN.add((0, 2, 1), (3, 2, 0)) == (3, 2, 1)
    assert PLAIN.add((3, 2, 1), (5, 0, 2)) == PLAIN.add((5, 0, 2), (3, 2, 1)) == (17, 0, 6)
    same = (5, 0, 2)
    assert PLAIN.subtract(same, same) == (0, 0, 0)
    assert PLAIN.subtract((5, 0, 2), (5, 0, 1)) == (0, 0, 3)


def test_sums_of_what_is_far_apart() -> None:
    one, far = (1 << BITS - 1, 1 - BITS, 1), -2 * BITS - 1
    assert PLAIN.add((1, 0, 0), (1, far, 0)) == PLAIN.add((1, far, 0), (1, 0, 0)) == PLAIN.add((1, 0, 0), (0, far, 1)) == one
    assert PLAIN.add(((1 << BITS - 1) - 1, 0, 0), (1, far, 0)) == ((1 << BITS) - 2, -1, 1)
    assert PLAIN.add((1, 0, 0), (-1, far + 1, 0)) == ((1 << BITS) - 1, -BITS, 1)
    assert PLAIN.add((0, 0, 1), (1, far, 0)) == WATCHED.add((0, 0, 1), (1, far, 1)) == (0, 0, 2)
    assert WATCHED.add((0, 0, 1), (1, far, 0)) == (0, 0, 2 << HALF)
    assert WATCHED.add((2, 0, 2), (1, far, 0))[2] >> HALF >= 2
    assert WATCHED.add((1, 0, 0), (0, far, 1)) == WATCHED.add((1, 0, 0), (1, far, 1)) == one
    assert hidden(WATCHED.add((1, 0, 0), (1, far, 0)))
    for long in ((1 << 299, -300, 0), (0, -300, 1 << 299)):  # longer than what is kept
        holds(PLAIN.add((1, 0, 0), long), [1 + each for each in ends(long)], Fraction(1), 2, 4)
    for long in ((1 << 300, -300, 0), (0, -300, 1 << 300)):
        assert missing(PLAIN.add, (1, 0, 0), long) == WIDE


def test_an_exact_zero_is_zero_whatever_it_comes_from() -> None:
    large, zero = (5, 900, 0), (0, 0, 0)
    for ring in (PLAIN, WATCHED):
        assert ring.subtract(large, (10, 899, 0)) == ring.multiply(large, zero) == ring.divide(zero, large) == ring.trim(0, 900, 0) == zero
        assert ring.number(Fraction(0)) == ring.blurred(zero) == ring.sqrt(zero) == zero


# ---- what hides an operand ----


def hidden(found: Ball) -> bool:
    """Whether half of the bits are not to be trusted."""
    assert found[0].bit_length() == BITS
    assert found[2] in (1, 2, 3) or abs((found[2] << HALF) - abs(found[0])) < 1 << HALF + 1
    return found[2] > 3


@pytest.mark.parametrize("sign", [1, -1])
def test_a_sum_shows_when_it_hides_an_operand(sign: int) -> None:
    for short in (1, (1 << BITS) - 1):
        length = short.bit_length()
        for gap in (*range(HALF - 2, HALF + 3), 2 * BITS - 1, 2 * BITS, 2 * BITS + 1, 300):
            one, other = (sign * ((1 << BITS) - 3), 0, 1), (short, BITS - length - gap, 0)
            for a, b in ((one, other), (other, one)):
                assert hidden(WATCHED.add(a, b)) is (gap > HALF)
                assert not hidden(PLAIN.add(a, b))
                low, high = ends(WATCHED.add(a, b))
                assert low <= exact(*one[:2]) + exact(*other[:2]) <= high


def test_what_may_be_nothing_hides_nothing_until_its_error_is_large() -> None:
    number = ((1 << BITS) - 1, -BITS, 0)
    for length in (1, 4):
        for gap in (HALF - 1, HALF, HALF + 1, HALF + 2):
            nothing = (0, -gap - length, (1 << length) - 1)
            plain = PLAIN.add(number, nothing)
            expected = plain if gap > HALF else (*plain[:2], plain[2] << HALF)
            assert WATCHED.add(number, nothing) == WATCHED.add(nothing, number) == expected
    assert WATCHED.add((0, 0, 3), (1, 0, 5)) == (1, 0, 8)
    assert WATCHED.add((5, 0, 3), (4, 1, 2)) == (13, 0, 7)
    assert WATCHED.add((1, 0, 0), (-1, 0, 1)) == (0, 0, 1 << HALF)
    assert WATCHED.add((2, 0, 2), (3, 0, 2)) == (5, 0, 4 << HALF)


def test_blurring() -> None:
    assert PLAIN.blurred((5, 0, 0)) == (5, 0, 0)
    assert hidden(WATCHED.blurred((-5, 0, 0)))
    assert WATCHED.blurred((5, 0, 0)) == (5 << BITS - 3, 3 - BITS, 5 << HALF - 3)
    assert WATCHED.blurred(((1 << BITS) - 1, 4, 0)) == ((1 << BITS) - 1, 4, (1 << HALF) - 1)
    assert WATCHED.blurred(((1 << BITS - 1) - 1, 4, 0)) == ((1 << BITS) - 2, 3, (1 << HALF) - 1)
    assert WATCHED.blurred((1 << BITS - 1, 4, 0)) == (1 << BITS - 1, 4, 1 << HALF - 1)
    assert WATCHED.blurred((5, 0, 1))[2] == (1 << COARSE - 1) + 2


# ---- products, quotients, powers, roots ----


def test_products() -> None:
    random = Random(4)
    for _ in range(1_500):
        a, b = some(random), some(random)
        found = PLAIN.multiply(a, b)
        holds(found, *corners(lambda x, y: x * y, a, b), 2)
        assert full(found) or found[1] == a[1] + b[1]
    whole = (1 << BITS - 1) + 1
    assert PLAIN.multiply((whole, 0, 1), (1, 0, 0)) == (whole, 0, 1)
    assert PLAIN.multiply((1 << 32, 0, 0), (1 << 29, 0, 1)) == (1 << 58, 3, (1 << COARSE - 1) + 2)
    for e in (HUGE - 1, 1 - HUGE):
        assert PLAIN.multiply((1, e, 0), (3, 0, 1)) == (3, e, 1)
    for e in (HUGE, -HUGE):
        assert missing(PLAIN.multiply, (1, e, 0), (3, 0, 1)) == LARGE


def test_quotients() -> None:
    random = Random(5)
    for _ in range(1_500):
        a, b = some(random), some(random)
        if not excludes_zero(b):
            assert missing(PLAIN.divide, a, b) == (EDGE if b[2] else True)
            continue
        found = PLAIN.divide(a, b)
        holds(found, *corners(lambda x, y: x / y, a, b), 2.5, 1 + Fraction(b[2], abs(b[0])))
        assert full(found) or not a[0] or not found[2]
    assert PLAIN.divide((1, 0, 0), (-4, 0, 0))[2] == 0
    assert PLAIN.divide((1, 0, 0), (3, 0, 0))[2] == PLAIN.divide((1, 0, 0), (-3, 0, 0))[2] == 2
    for r in (0, 1, 1 << 40):  # an error far below the last place of a quotient that comes out even, and one far above
        long = (1 << 200, 0, r)
        holds(PLAIN.divide(long, (1 << 100, 0, 0)), [each / (1 << 100) for each in ends(long)], Fraction(1 << 100), 2 if r else 0)
    assert PLAIN.divide((6, HUGE // 2, 0), (3, -HUGE // 4, 0))[2] == 0
    for e, fine in ((HUGE + 62, True), (HUGE + 63, False), (64 - HUGE, True), (63 - HUGE, False)):
        assert fine or missing(PLAIN.divide, (1, e, 0), (3, 0, 0)) == LARGE
        assert not fine or top(PLAIN.divide((1, e, 0), (3, 0, 0))) == e - 1


def test_whole_powers() -> None:
    random = Random(6)
    for _ in range(400):
        a, n = some(random), random.choice([0, 1, 2, 3, 4, 5, 7, 8, 12, -1, -2, -3])
        if n < 0 and not excludes_zero(a):
            assert missing(PLAIN.power, a, n) == (EDGE if a[2] else True)
            continue
        given = [each**n for each in ends(a)] + [Fraction(0)] * (n > 0 and not excludes_zero(a))
        if n >= 0 or a[2] << 8 < abs(a[0]):
            holds(PLAIN.power(a, n), given, exact(*a[:2]) ** n, 4 * abs(n) + 2, Fraction(5, 4) if excludes_zero(a) else 1 << abs(n))
    assert PLAIN.power((3, 0, 1), 0) == PLAIN.power((1, 0, 0), 1 << 70) == (1, 0, 0)
    assert PLAIN.power((0, 0, 0), 1 << 70) == (0, 0, 0)
    assert PLAIN.power((2, 0, 0), 40) == (1 << 40, 0, 0)
    assert PLAIN.power((3, 0, 1), 2) == (9, 0, 7)
    assert PLAIN.power((-1, 0, 0), (1 << 64) - 1) == (-1, 0, 0)
    assert missing(PLAIN.power, (-1, 0, 0), 1 << 64) == LARGE


def test_square_roots() -> None:
    random = Random(7)
    for _ in range(500):
        m, e, r = some(random)
        a = (abs(m), e, r)
        if not excludes_zero(a):
            assert missing(PLAIN.sqrt, a) == EDGE if r else PLAIN.sqrt(a) == (0, 0, 0)
            continue
        found, (low, high) = PLAIN.sqrt(a), ends(a)
        below, above = (exact(found[0] + turn * found[2], found[1]) for turn in (-1, 1))
        assert max(below, Fraction(0)) ** 2 <= low
        assert high <= above**2
        # No wider than twice the largest slope, which is at the lower end, and two units.
        middle = exact(*found[:2])
        reach = (high - low) / (4 * middle) * Fraction(a[0], a[0] - r) / exact(1, found[1])
        assert found[2] <= reach * (1 + Fraction(1, 1 << 50)) + Fraction(11, 4)
        assert full(found) or not found[2]
        assert missing(PLAIN.sqrt, (-a[0], e, r)) is True
    assert [PLAIN.sqrt((m, e, 0))[2] for m, e in ((9, -4), (25, 6), (1 << 90, 0), (2, 1), (2, 3))] == [0] * 5
    for r in (1, 1 << 40):
        found, (low, high) = PLAIN.sqrt((1 << 300, 0, r)), ends((1 << 300, 0, r))
        assert found[2] == 2
        assert ends(found)[0] ** 2 < low < high < ends(found)[1] ** 2
    assert PLAIN.sqrt((1 << 139, 1, 0)) == (1 << BITS - 1, 71 - BITS, 0)
    assert [PLAIN.sqrt((m, e, 0))[2] for m, e in ((9, -3), (25, 7), ((1 << 118) - 1, 0), (2, 0))] == [2] * 4
