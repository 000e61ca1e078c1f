"""Tokens to SymPy objects, in a loop, with exact identities of real functions that bring different spellings together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, reduce
from typing import Any

from backprop_cli.calculus.powers import power_bits
from backprop_cli.calculus.sizes import terms
from backprop_cli.worker.opaque import opaque
from backprop_cli.worker.protocol import ARITY, Token

LARGEST_POWER = 1_000
MOST_BITS = 8_192
MOST_TERMS = 2_000
HOPELESS = 10**6  # terms; beyond, even fractions are not brought together


class Refused(Exception):
    """What is not tried; the text says why."""


def build(tokens: Sequence[Token], symbols: Sequence[Any]) -> Any:
    """The SymPy object of an expression. Raises Refused where a number or a power would be too large."""
    import sympy

    made: list[Any] = []
    pending: list[Any] = []
    for token in tokens:
        match token:
            case ("n", p, q):
                found = sympy.Rational(p, q)
            case ("v", index):
                found = symbols[index]
            case ("c", name):
                found = sympy.pi if name == "pi" else sympy.E
            case ("r", index):
                found = made[index]
            case (head, count):
                operands = pending[-count:]
                del pending[-count:]
                found = _apply(head, operands)
        made.append(found)
        pending.append(found)
    return made[-1]


def _apply(head: str, operands: list[Any]) -> Any:
    make = _makers()[head]
    found = make(*operands) if len(operands) == ARITY[head] else reduce(make, operands)
    if found.is_Rational and max(int(found.p).bit_length(), int(found.q).bit_length()) > MOST_BITS:
        raise Refused("too large: a number")
    return found


def _expanded(expr: Any) -> Any:
    return expr.expand() if terms(expr) <= MOST_TERMS // 10 else expr


# ---- the operations ----


@cache
def _makers() -> dict[str, Callable[..., Any]]:
    import sympy

    one = sympy.S.One
    kinds = opaque()
    makers: dict[str, Callable[..., Any]] = {
        "+": lambda a, b: a + b,
        "-": lambda a, b: a - b,
        "*": lambda a, b: a * b,
        "/": lambda a, b: a / b,
        "^": _power,
        "exp": lambda a: _power(sympy.E, a),
        "u-": lambda a: -a,
        "where": _where,
        "abs": absolute,
        "sign": lambda a: positive(a) - positive(-a),
        "maximum": lambda a, b: (a + b + absolute(a - b)) / 2,
        "minimum": lambda a, b: (a + b - absolute(a - b)) / 2,
        ">": lambda a, b: positive(a - b),
        "<": lambda a, b: positive(b - a),
        ">=": lambda a, b: one - positive(b - a),
        "<=": lambda a, b: one - positive(a - b),
        "!=": lambda a, b: positive(a - b) + positive(b - a),
        "==": lambda a, b: one - positive(a - b) - positive(b - a),
        "cbrt": lambda a: kinds.Root(_expanded(a)),
        "atan2": kinds.Angle,
        "acos": lambda a: sympy.pi / 2 - sympy.asin(a),
        "erfc": lambda a: one - sympy.erf(a),
        "asinh": lambda a: sympy.log(a + sympy.sqrt(a**2 + 1)),
        "acosh": lambda a: sympy.log(a + sympy.sqrt(a**2 - 1)),
        "atanh": lambda a: (sympy.log(1 + a) - sympy.log(1 - a)) / 2,
    }
    for which, head in enumerate(("floor", "ceil", "round")):
        makers[head] = lambda a, which=which: kinds.Step(sympy.Integer(which), _expanded(a))
    for head in ("log", "sqrt", "sin", "cos", "tan", "asin", "atan", "sinh", "cosh", "tanh", "erf"):
        makers[head] = getattr(sympy, head)
    return makers


def _power(base: Any, exponent: Any) -> Any:
    import sympy

    # Also in exp(n*log(a)), which SymPy makes a^n, and where the exponent of e is a number: of its value SymPy wants all digits.
    count = exponent.as_coeff_Mul()[0] if exponent.has(sympy.log) else exponent
    if count.is_Rational and abs(count) > LARGEST_POWER and exponent.has(sympy.log) | (base != sympy.E) | exponent.is_Rational:
        raise Refused("too large: a power")
    if base.is_Rational and exponent.is_Rational and max(int(base.p).bit_length(), int(base.q).bit_length()) * abs(exponent) > MOST_BITS:
        raise Refused("too large: a power of a number")
    if max(power_bits(base, exponent)) > MOST_BITS:
        raise Refused("too large: a root of powers")
    return base**exponent


def positive(argument: Any) -> Any:
    """1 where the argument is above 0, else 0."""
    return opaque().Positive(_expanded(argument))


def absolute(argument: Any) -> Any:
    """The absolute value; both signs of an argument give the same object."""
    return opaque().Magnitude(_expanded(argument))


def _where(condition: Any, taken: Any, other: Any) -> Any:
    """A condition is any number, and holds where it is not 0."""
    import sympy

    if condition.is_Rational:
        return other if condition == 0 else taken
    if any(each.has(sympy.zoo, sympy.nan, sympy.oo, -sympy.oo, sympy.AccumBounds) for each in (taken, other)):
        raise Refused("a branch is undefined")
    truth = positive(condition) + positive(-condition)
    return truth * taken + (1 - truth) * other
