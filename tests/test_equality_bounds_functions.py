"""Functions with error bounds, seen closely: bounds hold, are hardly wider than the slope, and edges, digits and sizes are told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from mpmath import mp, mpf

from backprop_cli.equality.balls import Ball, Ring
from backprop_cli.equality.functions import Functions, functions
from backprop_cli.equality.missing import NoNumber
from tests.test_equality_bounds import BITS, HALF, full, hidden

ABLE, WATCHED = functions(BITS, False), functions(BITS, True)
DIGITS = 150


def real(m: int, e: int) -> Any:
    """m*2^e."""
    return mp.ldexp(mpf(m), e)


def cube_root(x: Any) -> Any:
    return mp.sign(x) * mp.cbrt(abs(x))


# The function, and how fast it may be taken to change between two numbers. Bounds are at most a fiftieth above that.
Meaning = Callable[[Any], Any]
KNOWN: dict[str, tuple[Meaning, Callable[[Any, Any], Any]]] = {
    "exp": (mp.exp, lambda x, d: mp.exp(x)),
    "log": (mp.log, lambda x, d: 1 / x),
    "cbrt": (cube_root, lambda x, d: cube_root(x) / x / 3),
    "sin": (mp.sin, lambda x, d: mpf(1)),
    "cos": (mp.cos, lambda x, d: mpf(1)),
    "tan": (mp.tan, lambda x, d: 1 + mp.tan(x) ** 2),
    "sinh": (mp.sinh, lambda x, d: 1 + abs(mp.sinh(x))),
    "cosh": (mp.cosh, lambda x, d: 1 + mp.cosh(x)),
    "tanh": (mp.tanh, lambda x, d: mpf(1)),
    "asin": (mp.asin, lambda x, d: 2 / mp.sqrt(1 - abs(x) - d)),
    "acos": (mp.acos, lambda x, d: 2 / mp.sqrt(1 - abs(x) - d)),
    "atanh": (mp.atanh, lambda x, d: 2 / (1 - abs(x) - d)),
    "acosh": (mp.acosh, lambda x, d: 2 / mp.sqrt(x - 1 - d)),
    "atan": (mp.atan, lambda x, d: mpf(1)),
    "asinh": (mp.asinh, lambda x, d: mpf(1)),
    "erf": (mp.erf, lambda x, d: mpf(2)),
    "erfc": (mp.erfc, lambda x, d: 2 * mp.erfc(x) * (x + 1) if x > 0 else mpf(2)),
}  # fmt: skip
AROUND_1 = ("log", "asin", "acos", "atanh", "acosh")


def arguments(name: str, count: int) -> Iterator[Ball]:
    """Balls of every size, near 0, 1, -1 and the zeros of circular functions, wide and narrow."""
    random = Random(name)
    with mp.workdps(60):
        quarter = int(mp.floor(mp.ldexp(mp.pi / 2, BITS - 1)))
    for _ in range(count):
        e, r = (
            random.choice([-150, -100, -80, -62, -60, -59, -58, -57, -56, -53, -50]),
            random.choice([0, 1, 6, 1 << 20, random.getrandbits(30)]),
        )
        m = random.getrandbits(BITS) | 1 << BITS - 1
        if name in AROUND_1 and random.random() < 0.6:
            m, e = (1 << BITS - 1) + random.choice([1, -1]) * random.getrandbits(random.randint(1, BITS - 2)), 1 - BITS
            r = random.choice([r, random.getrandbits(20), abs(m - (1 << BITS - 1)) // 2])
        elif name in ("sin", "cos", "tan") and random.random() < 0.3:
            m, e = random.randint(1, 4) * quarter + random.choice([0, 1 << 5, 1 << 40]), 1 - BITS
        elif random.random() < 0.15:
            m, e, r = random.choice(
                [
                    (1, 0, r),
                    (5, -1, r),
                    (22, 0, 1),
                    (355, 0, 3),
                    (710, 0, 0),
                    (1, 3, 0),
                    (8, 0, 0),
                    (3, -9, 1),
                    (1500, -9, 1),
                    (700_000, 3, 1),
                ]
            )
        yield m * random.choice([1, -1]), e, r


def checked(found: Ball, given: list[Any], reach: Any, a: Ball, units: int = 3) -> None:
    """A ball holds what is given, and is no wider than it may be: what the slope asks for, and so many units of its last place."""
    m, e, r = found
    for each in given:
        assert abs(each - real(m, e)) <= real(r, e)
    assert r <= reach / real(1, e) * mpf("1.02") + units
    assert full(found) or r < 3 or e >= a[1] or not m


@pytest.mark.parametrize("name", KNOWN)
def test_bounds_hold_and_are_near_the_slope(name: str) -> None:
    meaning, slope = KNOWN[name]
    function, tried = getattr(ABLE, name), 0
    with mp.workdps(DIGITS):
        for a in arguments(name, 150):
            try:
                found = function(a)
            except NoNumber:
                continue
            tried += 1
            x, off = real(a[0], a[1]), real(a[2], a[1])
            checked(found, [meaning(each) for each in (x - off, x, x + off)], off * slope(x, off) if off else mpf(0), a)
            assert a[2] or found[2] <= 2
    assert tried > 25


@pytest.mark.parametrize("bits", [BITS, 200])
def test_values_near_1_keep_their_digits(bits: int) -> None:
    able = functions(bits, False)
    with mp.workdps(3 * bits):
        for k in range(2, bits):
            for name, x in (
                ("acosh", (1 << k) + 1),
                ("log", (1 << k) + 1),
                ("acos", (1 << k) - 1),
                ("atanh", (1 << k) - 1),
                ("asin", (1 << k) - 1),
            ):
                m, e, r = getattr(able, name)((x, -k, 0))
                assert abs(KNOWN[name][0](real(x, -k)) - real(m, e)) <= real(r, e)
                assert r <= 2
                assert m.bit_length() == bits


def test_bounds_of_functions_of_two() -> None:
    random = Random(2)
    tried = 0
    with mp.workdps(DIGITS):
        for _ in range(150):
            a, b = (
                (
                    random.getrandbits(BITS) * random.choice([1, -1]),
                    random.choice([-70, -62, -60, -58, -50]),
                    random.choice([0, 1, 9, 1 << 25]),
                )
                for _ in range(2)
            )
            x, y, dx, dy = real(*a[:2]), real(*b[:2]), real(a[2], a[1]), real(b[2], b[1])
            ends = [(x + s * dx, y + t * dy) for s in (-1, 0, 1) for t in (-1, 0, 1)]
            far = max(abs(x), abs(y))
            try:
                found = ABLE.atan2(a, b)
            except NoNumber:
                pass
            else:
                checked(found, [mp.atan2(*each) for each in ends], (dx + dy) / (far / 2 if dx or dy else 1), a, 5)
                tried += 1
            try:
                found = ABLE.power(a, b)
            except NoNumber:
                continue
            change = x**y * (abs(y / x) * dx + abs(mp.log(x)) * dy)
            m, e, r = found
            assert all(abs(p**q - real(m, e)) <= real(r, e) for p, q in ends)
            assert r <= change / real(1, e) * mpf("1.1") + 60 * max(abs(y * mp.log(x)), 1)
            tried += 1
    assert tried > 150


# ---- exact, short and hidden ----


def test_what_is_exact() -> None:
    zero, one = (0, 0, 0), (1, 0, 0)
    for able in (ABLE, WATCHED):
        assert able.exp(zero) == able.cos(zero) == able.cosh(zero) == able.erfc(zero) == one
        for name in ("sin", "tan", "sinh", "tanh", "asin", "atan", "asinh", "atanh", "erf", "cbrt"):
            assert getattr(able, name)(zero) == zero
        assert able.log(one) == able.acosh(one) == able.acosh((2, -1, 0)) == zero
        assert able.atan2(zero, (3, 0, 0)) == zero
    assert ABLE.cbrt((-8, 0, 0)) == (-1 << BITS - 1, 2 - BITS, 1)
    root = (1 << BITS - 2) + 1
    assert ABLE.cbrt((root**3, 0, 0)) == (root << 1, -1, 1)
    assert ABLE.cbrt((1, 0, 0)) == (1 << BITS - 1, 1 - BITS, 1)
    for name in ("sin", "tan", "sinh", "tanh", "atan", "asinh"):
        m, e, r = getattr(ABLE, name)((0, -40, 5))
        assert m == 0
        assert 5 <= r / 2 ** (-40 - e) <= 5.2
    with mp.workdps(60):
        for name, value in (("pi", +mp.pi), ("e", +mp.e)):
            m, e, r = ABLE.constant(name)
            assert abs(real(m, e) - value) <= real(r, e)
            assert r == 2
            assert m.bit_length() == BITS


@pytest.mark.parametrize(
    ("name", "shows", "hides"),
    [
        ("exp", 2.0**-31, 2.0**-32),
        ("exp", -(2.0**-31), -(2.0**-32)),
        ("cosh", 2.0**-16, 2.0**-17),
        ("cos", -(2.0**-16), -(2.0**-17)),
        *((name, 2.0**-16, 2.0**-17) for name in ("sin", "tan", "sinh", "tanh", "asin", "atan", "asinh", "atanh", "erf")),
        *((name, -(2.0**-31), 2.0**-32) for name in ("acos", "erfc")),
        *((name, 11.0, 11.2) for name in ("sinh", "cosh")),
        *((name, 2.0**15 - 1, 2.0**15) for name in ("asinh", "acosh")),
        ("atan", 2.0**30 - 1, 2.0**30),
        ("atan", 1 - 2.0**30, -(2.0**30)),
        ("tanh", 11.0, 11.2),
        ("tanh", -11.0, -200.0),
        ("erf", 4.35, 4.5),
        ("erf", -4.35, -30.0),
        ("erfc", -4.35, -4.5),
        ("erfc", 4.5, -30.0),
        ("erf", 1e-4, 5.0),
        ("log", 1 + 1e-14, None),
        ("erfc", 20.0, None),
    ],
)
def test_a_hidden_argument_shows_in_the_bound(name: str, shows: float, hides: float | None) -> None:
    def ball(value: float, r: int = 0) -> Ball:
        n, d = value.as_integer_ratio()
        return n, 1 - d.bit_length(), r

    seen, plain = getattr(WATCHED, name), getattr(ABLE, name)
    assert seen(ball(shows)) == plain(ball(shows))
    if hides is not None:
        m, e, r = plain(ball(hides))
        assert r <= 2
        assert seen(ball(hides)) == (m, e, abs(m) >> HALF) or seen(ball(hides)) == WATCHED.ring.blurred((m, e, r)) != (m, e, r)


@pytest.mark.parametrize(
    ("a", "b", "hides"),
    [
        ((1, -16, 0), (1, 0, 0), True),  # a/b, less a part 2^-32 of it
        ((1, -15, 0), (1, 0, 0), False),
        ((1, -16, 0), (-1, 0, 0), False),  # pi, less 2^-16
        ((1, -31, 0), (-1, 0, 0), True),
        ((1, 0, 0), (-1, -31, 0), True),  # half of pi
        ((1, 0, 0), (1, -30, 0), False),
        ((1, 40, 0), (0, 0, 0), False),
    ],
)
def test_of_two_the_one_that_is_far_smaller_is_hidden(a: Ball, b: Ball, hides: bool) -> None:
    assert hidden(WATCHED.atan2(a, b)) == hides
    assert (WATCHED.atan2(a, b) == ABLE.atan2(a, b)) is not hides


def test_a_huge_number_is_not_written_down() -> None:
    """acosh takes 1 from it: with all its digits that would be as many as the exponent says."""
    for e in (10**9, 10**12):
        assert ABLE.acosh((1, e, 0))[2] <= 2


def test_the_slope_of_erfc_is_taken_at_the_middle() -> None:
    """A ball that may be 0, whose sum with 1 is not to be trusted, made a slope of 0."""
    for a, bits in (((1073741823, -60, 1073741823), 200), ((2, -402, 762), 1400)):
        assert functions(bits, True).erfc(a) == functions(bits, False).erfc(a)


def test_what_may_be_0_hides_nothing() -> None:
    nothing = (1, -40, 1)
    for name in ("exp", "cos", "cosh", "sin", "tan", "sinh", "tanh", "asin", "acos", "atan", "asinh", "atanh", "erf", "erfc"):
        assert getattr(WATCHED, name)(nothing) == getattr(ABLE, name)(nothing)


def test_errors_of_operands_are_added_to_the_unit() -> None:
    assert ABLE.sin((9 << BITS - 4, -BITS, 5))[1:] == (-BITS, 7)  # where the unit stays the same, the error does, and two units more
    assert ABLE.sin((355, 0, 3)) == (-1, 0, 5)  # where the error is far above the value, all that is left is whole
    m, e, r = ABLE.sin((1, 0, 3))  # where it is as many bits above as are kept, nothing of it is rounded to a whole
    assert (m.bit_length(), e, r) == (BITS - 32, 32 - BITS, (3 << 28) + 2)
    for r in (3, 1 << 40):  # the last place is 40 bits above that of the operand: what is a unit or less counts as one
        assert ABLE.cos((1 << 100, -100, r))[2] == 2 + 1
    assert ABLE.cos((0, 0, 1))[2] > 0
    assert hidden(WATCHED.erfc((-1, 3, 0)))
    assert not hidden(WATCHED.erfc((-1, 1, 0)))
    for e in range(-70, 70):
        _, at, r = ABLE.atan2((0, e, 1), (1 << 40, 0, 1))
        assert 1 << 70 + e <= r << 70 + at + 40


def test_functions_keep_their_ring() -> None:
    assert functions(BITS, True) is WATCHED
    assert isinstance(functions(80, False), Functions)
    assert isinstance(functions(80, False).ring, Ring)
    assert (WATCHED.ring.watch, ABLE.ring.watch, ABLE.ring.half) == (True, False, HALF)
