"""One trial of exact identity: the values of steps modulo primes, functions without rules being drawn by their operands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from hashlib import blake2b
from math import gcd

from backprop_cli.equality.field_code import FieldCode, Step

_ODD = frozenset({"asin", "atan", "asinh", "atanh"})
# Prime factors of numbers in logarithms are looked for up to this.
_FACTORS = 100


class NoResidue(ArithmeticError):
    """This draw has no value: a division by 0, or a root of what has none."""


class Residues:
    """Primes p0 > p1 > ... for `depth` levels, elements of order p1, p2, ... and drawn functions, all told by `key`.

    `real` tells that just one of u and -u is a square. With `roots` a square root is one, where there is one; else it is drawn.
    """

    def __init__(self, chain: Sequence[int], depth: int, key: str, real: bool, roots: bool) -> None:
        self.primes = tuple(chain[depth - 1 - level] for level in range(depth))
        self.key = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=32).digest()
        self.roots = real and roots
        self.bases = [self._element(level) for level in range(depth - 1)]
        self.turns = [] if real else [self._turn(level) for level in range(depth)]

    # ---- drawing ----

    def drawn(self, name: str, level: int, *operands: int) -> int:
        """A residue that looks random, the same for the same operands."""
        text = f"{name}/{level}/{operands}".encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(text, key=self.key, digest_size=48).digest(), "big") % self.primes[level]

    def _element(self, level: int) -> int:
        """An element whose order is the next prime."""
        prime, below = self.primes[level], self.primes[level + 1]
        return next(found for i in range(64) if (found := pow(self.drawn("base", level, i), (prime - 1) // below, prime)) > 1)

    def _turn(self, level: int) -> int:
        """An element whose square is -1."""
        prime = self.primes[level]
        tried = (pow(self.drawn("turn", level, i), (prime - 1) // 4, prime) for i in range(256))
        return next(found for found in tried if found * found % prime == prime - 1)

    # ---- running ----

    def run(self, code: FieldCode, leaf: Callable[[str, int, int], int]) -> list[int]:
        """The value of every step; `leaf` tells a leaf's from its name, the level and its prime. Raises NoResidue."""
        values: list[int] = []
        keep = values.append
        primes = self.primes
        for step in code.steps:
            does, operands, level = step.does, step.operands, step.level
            if does == "+":
                keep((values[operands[0]] + values[operands[1]]) % primes[level])
            elif does == "*":
                keep(values[operands[0]] * values[operands[1]] % primes[level])
            elif does == "leaf":
                keep(leaf(str(step.data), level, primes[level]))
            else:
                keep(self._value(step, [values[each] for each in operands]))
        return values

    def _value(self, step: Step, given: list[int]) -> int:
        ruled = _RULED.get(step.does)
        if ruled is not None:
            return ruled(self, step, *given) % self.primes[step.level]
        name = step.does.removeprefix("?")
        if name in _ODD:
            return self.odd(name, step.level, given[0]) % self.primes[step.level]
        return self.drawn(name, step.level, *given)

    # ---- what the rules use ----

    def inverse(self, value: int, level: int) -> int:
        """1/u."""
        if not value:
            raise NoResidue
        return pow(value, -1, self.primes[level])

    def odd(self, name: str, level: int, value: int) -> int:
        """A drawn function f with f(-u) = -f(u)."""
        other = -value % self.primes[level]
        return self.drawn(name, level, value) if value <= other else -self.drawn(name, level, other)

    def positive(self, value: int, level: int) -> int:
        """Whether u > 0, as a drawn residue."""
        return self.drawn(">0", level, value)

    def size(self, value: int, level: int) -> int:
        """The absolute value: u times what the signs of u and -u say."""
        return value * (self.positive(value, level) - self.positive(-value % self.primes[level], level))

    def root(self, value: int, level: int, power: Fraction) -> int:
        """u^(p/q) of a u that has one root that is a square, as positive numbers have."""
        prime = self.primes[level]
        order = (prime - 1) // 2
        if not self.roots or gcd(power.denominator, order) > 1:
            return self.drawn(f"^{power}", level, value)
        if pow(value, order, prime) != 1:
            raise NoResidue
        return pow(value, power.numerator * pow(power.denominator, -1, order) % order, prime)

    def raised(self, value: int, level: int) -> tuple[int, int]:
        """e^u and e^-u."""
        found = pow(self.bases[level], value, self.primes[level])
        return found, pow(found, -1, self.primes[level])

    def circle(self, value: int, level: int) -> tuple[int, int]:
        """sin(u) and cos(u)."""
        below = self.primes[level + 1]
        there, back = self.raised(value * self.turns[level + 1] % below, level)
        half = self.inverse(2, level)
        return (there - back) * half * self.inverse(self.turns[level], level), (there + back) * half


def _power(field: Residues, step: Step, value: int) -> int:
    assert isinstance(step.data, Fraction)
    n, prime = step.data.numerator, field.primes[step.level]
    if not value:
        if n < 0:
            raise NoResidue
        return int(n == 0)
    return pow(value, n % (prime - 1), prime)


def _number(field: Residues, step: Step) -> int:
    assert isinstance(step.data, Fraction)
    return step.data.numerator * field.inverse(step.data.denominator % field.primes[step.level], step.level)


@lru_cache(maxsize=1024)
def _factors(value: int) -> tuple[tuple[int, int], ...]:
    """Small prime factors with their exponents, and what is left."""
    found: list[tuple[int, int]] = []
    for each in range(2, _FACTORS):
        count = 0
        while value % each == 0:
            value, count = value // each, count + 1
        if count:
            found.append((each, count))
    return tuple(found if value == 1 else [*found, (value, 1)])


def _log_of(field: Residues, step: Step) -> int:
    """The logarithm of a rational: the sum of those of its factors."""
    assert isinstance(step.data, Fraction)
    parts = [*_factors(step.data.numerator), *((each, -count) for each, count in _factors(step.data.denominator))]
    return sum(count * field.drawn("log of", step.level, each) for each, count in parts)


def _larger(field: Residues, step: Step, a: int, b: int, sign: int = 1) -> int:
    level = step.level
    return (a + b + sign * field.size((a - b) % field.primes[level], level)) * field.inverse(2, level)


def _ratio(field: Residues, step: Step, top: int, bottom: int) -> int:
    return top * field.inverse(bottom % field.primes[step.level], step.level)


def _same(field: Residues, step: Step, a: int, b: int) -> int:
    """Whether a = b: a drawn residue that does not depend on the order."""
    prime = field.primes[step.level]
    return field.drawn("==", step.level, min((a - b) % prime, (b - a) % prime))


def _less(field: Residues, step: Step, a: int, b: int) -> int:
    return field.positive((b - a) % field.primes[step.level], step.level)


def _exp(field: Residues, step: Step, value: int) -> int:
    return pow(field.bases[step.level], value, field.primes[step.level])


def _hyperbolic(field: Residues, step: Step, value: int) -> int:
    there, back = field.raised(value, step.level)
    top, bottom = there - back, there + back
    if step.does == "tanh":
        return _ratio(field, step, top, bottom)
    return (top if step.does == "sinh" else bottom) * field.inverse(2, step.level)


def _circular(field: Residues, step: Step, value: int) -> int:
    sine, cosine = field.circle(value, step.level)
    return sine if step.does == "sin" else cosine if step.does == "cos" else _ratio(field, step, sine, cosine)


def _cube_root(field: Residues, step: Step, value: int) -> int:
    prime = field.primes[step.level]
    return pow(value, pow(3, -1, prime - 1), prime)


def _where(field: Residues, step: Step, condition: int, taken: int, other: int) -> int:
    if step.data != "truth":
        condition = field.drawn("!=0", step.level, condition)
    return condition * taken + (1 - condition) * other


_RULED: dict[str, Callable[..., int]] = {
    "-": lambda field, step, a, b: a - b,
    "u-": lambda field, step, a: -a,
    "/": _ratio,
    "^n": _power,
    "^q": lambda field, step, a: field.root(a, step.level, step.data),
    "sqrt": lambda field, step, a: field.root(a, step.level, Fraction(1, 2)),
    "number": _number,
    "e": lambda field, step: field.bases[step.level] if step.level < len(field.bases) else field.drawn("e", step.level),
    "log of": _log_of,
    "exp": _exp,
    "sinh": _hyperbolic,
    "cosh": _hyperbolic,
    "tanh": _hyperbolic,
    "sin": _circular,
    "cos": _circular,
    "tan": _circular,
    "cbrt": _cube_root,
    "abs": lambda field, step, a: field.size(a, step.level),
    "sign": lambda field, step, a: field.positive(a, step.level) - field.positive(-a % field.primes[step.level], step.level),
    "maximum": _larger,
    "minimum": lambda field, step, a, b: _larger(field, step, a, b, -1),
    "<": _less,
    ">": lambda field, step, a, b: _less(field, step, b, a),
    "<=": lambda field, step, a, b: 1 - _less(field, step, b, a),
    ">=": lambda field, step, a, b: 1 - _less(field, step, a, b),
    "==": _same,
    "!=": lambda field, step, a, b: 1 - _same(field, step, a, b),
    "ceil": lambda field, step, a: -field.drawn("floor", step.level, -a % field.primes[step.level]),
    "acos": lambda field, step, a: field.drawn("pi", step.level) * field.inverse(2, step.level) - field.odd("asin", step.level, a),
    "erfc": lambda field, step, a: 1 - field.odd("erf", step.level, a),
    "erf": lambda field, step, a: field.odd("erf", step.level, a),
    "where": _where,
}
