"""A few points at 40 digits, from the tokens alone: SymPy's word is not taken where the numbers speak against it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from backprop_cli.worker.protocol import Token

_DIGITS = 40
_CLOSE = 20  # digits in which two values must agree, of the largest value met on the way
_POINTS = 9
_FIRST_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
_LARGEST = 10**6  # magnitude beyond which an argument is not worth its cost


class Undefined(Exception):
    """No real value here."""


def contradicted(left: Sequence[Token], right: Sequence[Token], assumed: Sequence[str]) -> bool:
    """Whether both expressions have a real value at one of a few points, and not the same."""
    from mpmath import mp, mpf

    with mp.workdps(_DIGITS):
        for number in range(_POINTS):
            point = [_coordinate(number, index, each) for index, each in enumerate(assumed)]
            try:
                (one, first), (other, second) = _value(left, point), _value(right, point)
            except (Undefined, ValueError, ArithmeticError):
                continue
            if abs(one - other) > mpf(10) ** -_CLOSE * max(first, second):
                return True
    return False


def _coordinate(number: int, index: int, assumed: str) -> Any:
    """Not round, of several magnitudes, of either sign where that is open, and the same each time."""
    from mpmath import mp

    prime = _FIRST_PRIMES[(index + number) % len(_FIRST_PRIMES)]
    magnitude = mp.sqrt(prime + index) * mp.mpf(10) ** ((0, 0, 0, -1, 0, -1, 1, 0, -2)[number] - (number == 4))
    negative = assumed == "negative" or (assumed == "real" and (index + number) % 3 == 1)
    return -magnitude if negative else magnitude


def _value(tokens: Sequence[Token], point: Sequence[Any]) -> tuple[Any, Any]:
    """The value of an expression at a point, and the largest magnitude met. Raises Undefined and what mpmath raises."""
    from mpmath import mp, mpf

    made: list[Any] = []
    pending: list[Any] = []
    largest = mpf(1)
    for token in tokens:
        match token:
            case ("n", p, q):
                found = mpf(p) / q
            case ("v", index):
                found = point[index]
            case ("c", name):
                found = +mp.pi if name == "pi" else +mp.e
            case ("r", index):
                found = made[index]
            case (head, count):
                operands = pending[-count:]
                del pending[-count:]
                found = _real(_functions()[head], operands)
        if found is not None:
            largest = max(largest, abs(found))
        made.append(found)
        pending.append(found)
    if made[-1] is None:
        raise Undefined
    return made[-1], largest


def _real(function: Callable[..., Any], operands: Sequence[Any]) -> Any:
    """A real, finite value, or None: an undefined value may yet stand in the branch not taken."""
    from mpmath import mp, mpf

    if function is _where:
        return function(*operands)
    if any(each is None or abs(each) > _LARGEST**3 for each in operands):
        return None
    try:
        found = function(*operands)
    except (ValueError, ArithmeticError):
        return None
    return found if isinstance(found, mpf) and mp.isfinite(found) else None


def _where(condition: Any, taken: Any, other: Any) -> Any:
    return None if condition is None else taken if condition != 0 else other


@cache
def _functions() -> dict[str, Callable[..., Any]]:
    from functools import reduce

    from mpmath import mp, mpf

    def power(base: Any, exponent: Any) -> Any:
        if abs(exponent) > _LARGEST:
            raise Undefined
        return base**exponent

    found: dict[str, Callable[..., Any]] = {
        "+": lambda *all: reduce(lambda a, b: a + b, all),
        "-": lambda a, b: a - b,
        "*": lambda *all: reduce(lambda a, b: a * b, all),
        "/": lambda a, b: a / b,
        "^": power,
        "u-": lambda a: -a,
        "cbrt": lambda a: mp.sign(a) * mp.cbrt(abs(a)),
        "abs": abs,
        "sign": mp.sign,
        "floor": mp.floor,
        "ceil": mp.ceil,
        "round": mp.nint,
        "maximum": max,
        "minimum": min,
        "where": _where,
        "<": lambda a, b: mpf(a < b),
        "<=": lambda a, b: mpf(a <= b),
        ">": lambda a, b: mpf(a > b),
        ">=": lambda a, b: mpf(a >= b),
        "==": lambda a, b: mpf(a == b),
        "!=": lambda a, b: mpf(a != b),
        "log": mp.ln,
    }
    for head in ("exp", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "atan2"):
        found[head] = getattr(mp, head)
    for head in ("sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "erfc"):
        found[head] = getattr(mp, head)
    return found
