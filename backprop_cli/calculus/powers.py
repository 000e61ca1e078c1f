"""How large the whole numbers are that SymPy makes of powers and of products of roots; asked before the work, which nothing can stop."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from backprop_cli.calculus.sizes import parts_below

_SMALL = 64  # an exponent whose powers are no burden
_PRIMES = 2**15  # SymPy looks for prime factors up to here
_BEARABLE = 16_384  # bits of a number, of which SymPy still finds the roots soon


def power_bits(base: Any, exponent: Any) -> tuple[int, int]:
    """The bits of the largest whole numbers that SymPy may make for a power, at most: as factors, and under a root.

    It takes the numbers within a base to a rational exponent, however near to 1 the base is; 24^(7/10) it writes as
    4*(2*3^7)^(1/10), with powers up to the root's index; and e^(n*log(a)) it writes as a^n.
    """
    taken = list(_numbers_taken(base, exponent))
    whole = max((number.bit_length() * (abs(int(power.p)) // int(power.q) + 1) for number, power in taken), default=0)
    return whole, _under_roots(taken)


def product_bits(a: Any, b: Any) -> int:
    """The bits of the largest whole number that SymPy may make for a product: roots that share a factor become one."""
    left, right = _roots(a), _roots(b)
    return _under_roots(left + right) if left and right else 0


def quotient_bits(a: Any, b: Any) -> int:
    """The same for a quotient."""
    turned = [(number, -power) for number, power in _roots(b)]
    return _under_roots(_roots(a) + turned) if turned else 0


def root_bits(expr: Any) -> int:
    """The same for whatever is multiplied when an expression is written out."""
    return _together([root for part in parts_below(expr) for root in _roots(part)])


def _roots(expr: Any) -> list[tuple[int, Any]]:
    """The factors of a product that are roots of whole numbers, or powers of roots."""
    from sympy import Mul

    powers = [each for each in Mul.make_args(expr) if each.is_Pow and each.base.is_Integer and each.exp.is_Rational]
    return [(abs(int(each.base)), each.exp) for each in powers]


def _under_roots(taken: list[tuple[int, Any]]) -> int:
    """One number by itself is known exactly; of several, who knows which of them become one."""
    if len({number for number, _ in taken}) != 1:
        return _together(taken)
    number = taken[0][0]
    powers = [power for _, power in taken]
    return max(_under_root(number, int(power.p) % int(power.q), int(power.q)) for power in (*powers, sum(powers)))


def _together(taken: list[tuple[int, Any]]) -> int:
    most = sum(number.bit_length() for number, _ in taken) * math.lcm(*(int(power.q) for _, power in taken))
    return most if most > _BEARABLE else 0


def _numbers_taken(base: Any, exponent: Any) -> Iterator[tuple[int, Any]]:
    """Whole numbers above 1, and the rational powers that SymPy may take them to."""
    import sympy

    taken = [(base, exponent)]
    if not exponent.is_Rational:
        terms = [term.as_coeff_Mul() for term in sympy.Add.make_args(exponent)]
        taken = [(each.args[0], n) for n, rest in terms for each in sympy.Mul.make_args(rest) if isinstance(each, sympy.log)]
    for within, power in taken:
        if not power.is_Rational:
            continue
        for part in parts_below(within) if _is_large(power) else sympy.Mul.make_args(within):
            number, total = (part.base, part.exp * power) if part.is_Pow and part.exp.is_Rational else (part, power)
            if number.is_Rational and _is_large(total):
                yield from ((abs(int(each)), of) for each, of in ((number.p, total), (number.q, -total)) if abs(each) > 1)


def _is_large(power: Any) -> bool:
    return max(abs(int(power.p)), int(power.q)) > _SMALL


def _under_root(number: int, steps: int, index: int) -> int:
    """Bits of what SymPy writes under one root for number^(steps/index), steps < index: primes to what they have left in common."""
    from sympy import Integer

    if number.bit_length() * index <= _BEARABLE:
        return 0
    left = {int(prime): count * steps % index for prime, count in Integer(number).factors(limit=_PRIMES).items()}
    alone = {prime: rest for prime, rest in left.items() if rest and math.gcd(rest, index) == 1}
    shared = math.gcd(*alone.values()) or 1
    return sum(prime.bit_length() * (rest // shared) for prime, rest in alone.items())
