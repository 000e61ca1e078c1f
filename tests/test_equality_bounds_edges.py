"""Functions with error bounds where there is no number: what is certain, what too few digits, an edge or size leave open."""

from __future__ import annotations

from fractions import Fraction

import pytest

from backprop_cli.equality.balls import Ball
from backprop_cli.equality.missing import EDGE, LARGE, WIDE, NoNumber
from tests.test_equality_bounds import BITS, missing
from tests.test_equality_bounds_functions import ABLE, WATCHED


@pytest.mark.parametrize("name", ["exp", "sinh", "cosh", "tanh", "sin", "cos", "tan", "erf", "erfc"])
def test_arguments_that_are_too_large(name: str) -> None:
    most = {"s": 400, "c": 400, "t": 400, "e": 10}[name[0]] if name in ("sin", "cos", "tan", "erf", "erfc") else 20
    for able in (ABLE, WATCHED):
        for sign in (1, -1):
            assert getattr(able, name)((sign * ((1 << most) - 1), 0, 0))[2]
            assert missing(getattr(able, name), (sign << most, 0, 0)) == LARGE


@pytest.mark.parametrize(
    ("name", "fine", "wide"),
    [
        ("exp", (3 << 11, -11, 1), (3 << 10, -10, 1)),
        ("sinh", (3 << 11, -11, 1), (3 << 10, -10, 1)),
        ("cosh", (0, -13, 7), (0, -12, 7)),
        ("log", (1 << 10, 5, 1), ((1 << 10) - 1, 5, 1)),
        ("cbrt", (-1 << 11, -50, 3), (1 - (1 << 11), 50, 3)),
        ("tan", (0, -12, 1), (0, -11, 1)),
        ("erfc", (1 << 21, -21, 1), (1 << 20, -20, 1)),
    ],
)
def test_too_few_digits(name: str, fine: Ball, wide: Ball) -> None:
    assert getattr(ABLE, name)(fine)[2]
    assert missing(getattr(ABLE, name), wide) == WIDE


def test_edges() -> None:
    for name in ("log", "asin", "acos", "atanh", "acosh"):
        assert missing(getattr(ABLE, name), (-3, 0, 0)) is True
        assert missing(getattr(ABLE, name), (-3, 0, 1)) is True
    for name in ("asin", "acos", "atanh"):
        assert missing(getattr(ABLE, name), (3, 0, 1)) is True
        assert missing(getattr(ABLE, name), (1, 0, 1)) == missing(getattr(ABLE, name), (-7, -3, 1)) == EDGE
        assert getattr(ABLE, name)((6, -3, 1))[2]
    # How far from 1 drowns in the error of the difference.
    assert missing(ABLE.asin, ((1 << 60) - (1 << 40) - 4096, -60, 1 << 40)) == EDGE
    for sign in (1, -1):
        assert ABLE.asin((sign, 0, 0))[2] <= 2
        assert ABLE.acos((sign, 0, 0))[2] <= 2
        assert missing(ABLE.atanh, (sign, 0, 0)) is True
    for name in ("exp", "cosh", "erfc"):
        assert missing(getattr(ABLE, name), (0, 0, 1)) == WIDE
    for m, said in ((0, "log of 0"), (-2, "log of a negative number")):
        with pytest.raises(NoNumber, match=said):
            ABLE.log((m, 0, 0))
    assert missing(ABLE.log, (0, 0, 0)) is missing(ABLE.log, (-1, 0, 0)) is True
    assert missing(ABLE.log, (1, 0, 1)) == missing(ABLE.log, (-1, 0, 1)) == missing(ABLE.log, (0, 0, 1)) == EDGE
    assert missing(ABLE.acosh, (1, 0, 1)) == missing(ABLE.acosh, (9, -3, 1)) == EDGE
    assert missing(ABLE.acosh, (1, -1, 0)) is True
    assert missing(ABLE.cbrt, (0, 0, 1)) == missing(ABLE.cbrt, (-1, 0, 1)) == EDGE
    assert missing(ABLE._call, ABLE.lib.mpf_log, (0, 0, 0)) == LARGE


def test_edges_of_angles() -> None:
    zero, some = (0, 0, 0), (0, 0, 1)
    assert missing(ABLE.atan2, zero, zero) is True
    for a, b in ((some, zero), (some, some), (zero, some), (some, (-3, 0, 1)), (some, (-3, 20, 1)), ((1, 0, 2), (-9, 20, 0))):
        assert missing(ABLE.atan2, a, b) == EDGE
    assert ABLE.atan2(zero, (-3, 0, 0))[0] > 0
    assert ABLE.atan2((0, -20, 1), (3, 0, 0))[:1] == (0,)
    assert ABLE.atan2((0, -20, 1), (1, 0, 0))[2]
    assert ABLE.atan2((0, 0, 1), (1 << 10, 0, 1))[2]
    assert missing(ABLE.atan2, (0, 0, 1), ((1 << 10) - 1, 0, 1)) == WIDE


def test_edges_of_powers() -> None:
    power, zero, minus = ABLE.power, (0, 0, 0), (-3, 0, 0)
    assert power((3, 0, 1), zero) == (1, 0, 0)
    assert power(zero, (5, -1, 0)) == power(zero, (5, -1, 1)) == zero
    assert missing(power, zero, (-5, -1, 0)) is missing(power, zero, (-1, -1, 0)) is True
    assert power(((1 << BITS) + 16, -BITS, 0), (1, 64, 0))[0] > 0
    assert missing(power, zero, (-5, -1, 1)) is True
    assert missing(power, zero, (0, 0, 1)) == missing(power, (0, 0, 1), (5, -1, 0)) == missing(power, (1, 0, 1), (5, -1, 1)) == EDGE
    assert missing(power, minus, (5, -1, 0)) is True
    assert missing(power, minus, (4, -1, 1)) == EDGE
    assert power((1, 0, 0), (5, -1, 3)) == (1, 0, 0)
    assert power(minus, (6, -1, 0)) == power(minus, (3, 0, 0)) == (-27, 0, 0)
    assert power(minus, (3 << 4095, -4095, 0)) == (-27, 0, 0)
    assert power((-1, 0, 0), (1, 63, 0)) == (1, 0, 0)
    assert power(minus, (1, 1, 0)) == (9, 0, 0)
    assert missing(power, (-1, 0, 0), (1, 64, 0)) == LARGE
    assert power((1, 0, 0), (1, 64, 0)) == (1, 0, 0)
    assert missing(power, (3, 0, 0), (1, 64, 0)) == LARGE


def test_rational_powers() -> None:
    power, a, minus = ABLE.rational_power, (9, 0, 0), (-9, 0, 0)
    assert power(a, Fraction(-2)) == ABLE.ring.power(a, -2)
    assert power(minus, Fraction(3)) == (-729, 0, 0)
    assert ABLE.ring.order(power(a, Fraction(3, 2)), (27, 0, 0)) == 0
    assert power((0, 0, 0), Fraction(1, 2)) == power((0, 0, 0), Fraction(1, 3)) == (0, 0, 0)
    assert power((8, 0, 0), Fraction(1, 3)) == ABLE.power((8, 0, 0), ABLE.ring.number(Fraction(1, 3)))
    assert power((9, -2, 0), Fraction(3, 2))[2] == 0
    with pytest.raises(NoNumber, match="a power of a negative number"):
        power((-1, 0, 0), Fraction(1, 2))
    with pytest.raises(NoNumber, match="division by 0"):
        power((0, 0, 0), Fraction(-1, 2))
    for exponent in (Fraction(1, 2), Fraction(1, 3)):
        assert missing(power, (-1, 0, 0), exponent) is True
        assert missing(power, minus, exponent) is True
        assert missing(power, (-9, 0, 1), exponent) is True
        assert missing(power, (-1, 0, 1), exponent) == EDGE
