"""How large the whole numbers are that SymPy makes of powers and of products of roots; asked before the work, which nothing can stop."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from backprop_cli.calculus.sizes import parts_below

_SMALL = 64  # an exponent whose powers are no burden
_PRIMES = 2**15  # SymPy looks for prime factors up to here
_MOST_PAIRS = 10_000


def power_bits(base: Any, exponent: Any) -> tuple[int, int]:
    """The bits of the largest whole numbers that SymPy may make for a power, at most: as factors, and under a root.

    It takes the numbers within a base to a rational exponent, however near to 1 the base is; 24^(7/10) it writes as
    4*(2*3^7)^(1/10), with powers up to the root's index; and e^(n*log(a)) it writes as a^n.
    """
    whole = under_root = 0
    for number, power in _numbers_taken(base, exponent):
        whole = max(whole, number.bit_length() * (abs(int(power.p)) // int(power.q) + 1))
        under_root = max(under_root, _under_root(number, int(power.p) % int(power.q), int(power.q)))
    return whole, under_root


def product_bits(a: Any, b: Any) -> int:
    """The bits of the largest whole number that SymPy may make for a product: roots that share a factor become one."""
    return _merged_bits(_roots(a), _roots(b))


def quotient_bits(a: Any, b: Any) -> int:
    """The same for a quotient."""
    import sympy

    return max(power_bits(b, sympy.S.NegativeOne)[1], _merged_bits(_roots(a), [(number, -power) for number, power in _roots(b)]))


def root_bits(expr: Any) -> int:
    """The same for whatever is multiplied when an expression is written out; 0 for roots that are no burden."""
    roots = [root for part in parts_below(expr) for root in _roots(part)]
    most = sum(number.bit_length() for number, _ in roots) * math.lcm(*(int(power.q) for _, power in roots))
    return most if most > _SMALL**3 else 0


def _roots(expr: Any) -> list[tuple[int, Any]]:
    """The factors of a product that are roots of whole numbers, or powers of roots."""
    from sympy import Mul

    powers = [each for each in Mul.make_args(expr) if each.is_Pow and each.base.is_Integer and each.exp.is_Rational]
    return [(abs(int(each.base)), each.exp) for each in powers]


def _merged_bits(left: list[tuple[int, Any]], right: list[tuple[int, Any]]) -> int:
    size = sum(number.bit_length() for number, _ in left + right)
    most = size * math.lcm(*(int(power.q) for _, power in left + right))
    if not left or not right or most <= _SMALL**2:
        return 0
    if len(left) * len(right) > _MOST_PAIRS:
        return most
    return max(_pair_bits(*one, *other) for one in left for other in right)


def _pair_bits(number: int, power: Any, other: int, its: Any) -> int:
    from sympy import Integer

    shared = math.gcd(number, other)
    made = [(number * other, power)] if power == its else [(number // shared, power), (other // shared, its), (shared, power + its)]
    return max(max(power_bits(Integer(each), of)) for each, of in made)


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

    if number.bit_length() * index <= _SMALL**2:
        return number.bit_length() * index
    left = {int(prime): count * steps % index for prime, count in Integer(number).factors(limit=_PRIMES).items()}
    alone = {prime: rest for prime, rest in left.items() if rest and math.gcd(rest, index) == 1}
    shared = math.gcd(*alone.values()) or 1
    return sum(prime.bit_length() * (rest // shared) for prime, rest in alone.items())
