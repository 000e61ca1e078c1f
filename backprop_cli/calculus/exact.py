"""Exact numbers: rationals as fractions, and closed constants such as `log(6)` as SymPy keeps them.

Every operation checks sizes before it works and signs after it: a number that is not real, not finite or too large is
refused, and a comparison that cannot be decided is never guessed.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from backprop_cli.calculus.approximation import approximation, whole_below
from backprop_cli.calculus.arithmetic import NATIVE, Arithmetic, NotExact
from backprop_cli.calculus.calls import Allowance
from backprop_cli.calculus.exact_text import Constants, Exact, as_sympy, exact_float
from backprop_cli.calculus.powers import power_bits, product_bits, quotient_bits, root_bits
from backprop_cli.calculus.sizes import effort, parts_below, terms, tree_size
from backprop_cli.limits import Limits

_LARGEST = 10.0**300
_CLOSED_BITS = 4_096  # of a rational within a closed form: SymPy looks for its roots with the cube of its length
_ROOT = 30_000  # steps that looking for the roots of so long a number takes
_MOST_FORMS = 300  # all closed forms of a run together take at most so many times the steps that one may have parts
_LOOK = 10  # steps that any closed form takes
_ROUNDS = 8  # in which a whole number of 300 digits is found, sixty at a time
_MOST_TERMS = 10  # a form is written out if that gives at most so many times the parts that one may have


def exact_arithmetic(limits: Limits) -> Arithmetic:
    """Exact numbers within the limits on bits and on the size of a closed constant."""
    work = _Work(limits)
    functions: dict[str, Callable[..., Any]] = {
        name: getattr(work, name, None) or work.function(name) for name in NATIVE if name not in ("where", "abs", "round", "power")
    }
    functions |= {"sign": lambda a: Fraction(work.sign(a)), "abs": work.absolute, "round": work.nearest, "power": work.power}
    functions |= {
        "add": work.add,
        "subtract": work.subtract,
        "multiply": work.multiply,
        "divide": work.divide,
        "less": work.less,
        "within": work.within,
    }
    functions |= {
        "less_equal": lambda a, b: not work.less(b, a),
        "greater": lambda a, b: work.less(b, a),
        "greater_equal": lambda a, b: not work.less(a, b),
    }
    functions |= {"equal": lambda a, b: work.sign(work.subtract(a, b)) == 0, "unequal": lambda a, b: work.sign(work.subtract(a, b)) != 0}
    infix = {
        "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "^": "power", "<": "less", "<=": "less_equal",
        ">": "greater", ">=": "greater_equal", "==": "equal", "!=": "unequal",
    }  # fmt: skip
    own = work.add, work.multiply, work.allowance
    return Arithmetic("exact", functions, Fraction, Constants(), True, infix, lambda value: value is not None, None, None, *own)


class _Work:
    """The operations."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.worked = 0  # what the closed constants so far cost
        told = f"the closed forms take SymPy more than {limits.seconds:g} s of work (--limit seconds=N)"
        self.allowance = Allowance(limits.seconds, NotExact(told))

    # ---- keeping results within bounds ----

    def kept(self, make: Callable[..., Any], *operands: Exact) -> Exact:
        """What SymPy makes of exact numbers, if it is a real, finite number of bearable size."""
        import sympy

        given = [*map(as_sympy, operands)]
        for each in given:
            self.require_closed(each)
        self.require_steps(self.worked + sum(map(effort, given)))
        if make in (operator.mul, operator.truediv):
            self.require_closed_bits(product_bits(*given) if make is operator.mul else quotient_bits(*given))
        elif make in (operator.pow, sympy.exp):
            whole, under_root = power_bits(*given if len(given) > 1 else (sympy.E, *given))
            self.require_bits(whole)
            self.require_closed_bits(under_root)
        with self.allowance:
            value = make(*given)
        if value.is_Rational:
            return self.bounded(Fraction(int(value.p), int(value.q)))
        parts = self.require_closed(value)
        if any(each in (sympy.zoo, sympy.nan, sympy.oo, -sympy.oo) for each in parts):
            raise ValueError("no real number")
        self.within(value)
        self.charge(_LOOK + effort(value))
        near = approximation(value)
        if abs(near.imag) > 1e-30 * abs(near):
            raise ValueError("no real number")
        if sympy.I in parts:
            raise NotExact("a closed form would be written with the square root of -1")
        return value

    def require_closed(self, value: Any) -> list[Any]:
        """The parts of a number, if there is none among them that SymPy would work on without end."""
        parts = parts_below(value)
        bits = max((int(each.p).bit_length() + int(each.q).bit_length() for each in parts if each.is_Rational), default=0)
        self.require_closed_bits(bits)
        return parts

    def require_closed_bits(self, bits: int) -> None:
        if bits > _CLOSED_BITS:
            raise NotExact(f"a number of {bits:,} bits would stand in a closed form such as sqrt(2), where {_CLOSED_BITS:,} are the most")

    def charge(self, steps: int) -> None:
        self.worked += steps
        self.require_steps(self.worked)

    def require_steps(self, steps: int) -> None:
        most = _MOST_FORMS * self.limits.expanded
        if steps > most:
            raise NotExact(f"the closed forms would take {steps:,} steps or more; the limit is {most:,} (--limit expanded=N)")

    def charge_root(self, a: Exact) -> None:
        """SymPy looks whether a number is a power, with the cube of its length."""
        if isinstance(a, Fraction):
            self.require_closed(as_sympy(a))
            self.charge(int(_ROOT * (_bits(a) / _CLOSED_BITS) ** 3))

    def within(self, value: Exact) -> Exact:
        """A number that was put together elsewhere, as the sum of an array, if it is of bearable size."""
        if isinstance(value, Fraction | int):
            return value if isinstance(value, int) else self.bounded(value)
        parts = tree_size(as_sympy(value))
        if parts > self.limits.expanded:
            raise NotExact(f"a closed form would have {parts:,} parts; the limit is {self.limits.expanded:,} (--limit expanded=N)")
        return value

    def bounded(self, value: Fraction) -> Fraction:
        self.require_bits(value.numerator.bit_length() + value.denominator.bit_length())
        return value

    def require_bits(self, bits: int) -> None:
        if bits > self.limits.exact_bits:
            shown = f"{bits:,}" if bits < 10**12 else "more than 10^12"
            raise NotExact(f"an exact value could need {shown} bits; the limit is {self.limits.exact_bits:,} (--limit exact-bits=N)")

    def add(self, a: Exact, b: Exact) -> Exact:
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            self.require_bits(_bits(a) + _bits(b))
            return a + b
        return self.kept(operator.add, a, b)

    def subtract(self, a: Exact, b: Exact) -> Exact:
        return self.add(a, -b)

    def multiply(self, a: Exact, b: Exact) -> Exact:
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            self.require_bits(_bits(a) + _bits(b))
            return a * b
        if isinstance(a, bool) or isinstance(b, bool):
            return self.multiply(*(Fraction(each) if isinstance(each, bool) else each for each in (a, b)))
        return self.kept(operator.mul, a, b)

    def divide(self, a: Exact, b: Exact) -> Exact:
        if self.sign(b) == 0:
            raise ZeroDivisionError
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            self.require_bits(_bits(a) + _bits(b))
            return a / b
        return self.kept(operator.truediv, a, b)

    def power(self, a: Exact, b: Exact) -> Exact:
        sign = self.sign(a)
        whole = isinstance(b, Fraction) and b.denominator == 1
        if sign == 0:
            if self.sign(b) < 0:
                raise ZeroDivisionError
            return Fraction(int(self.sign(b) == 0))
        if sign < 0 and not whole:
            raise ValueError("no real number")
        if whole and isinstance(a, Fraction):
            self.require_bits(_bits(a) * abs(b.numerator))
            return a ** int(b)
        self.charge_root(a)
        size = abs(exact_float(b)) * abs(math.log2(abs(exact_float(a)) or 1.0))
        if size > math.log2(_LARGEST):
            raise NotExact("a power is too large or too small to be kept exactly")
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            self.require_bits(_bits(a) * (abs(b.numerator) // b.denominator + 1))
        return self.kept(operator.pow, a, b)

    def sign(self, a: Exact) -> int:
        if isinstance(a, Fraction | bool | int):
            return (a > 0) - (a < 0)
        near = approximation(as_sympy(a)).real
        if near:
            return 1 if near > 0 else -1
        from sympy import expand, radsimp

        self.require_closed_bits(root_bits(a))
        with self.allowance:
            plain = radsimp(a)
            if terms(plain) <= _MOST_TERMS * self.limits.expanded and expand(plain) == 0:
                return 0
        raise NotExact("whether a closed constant is exactly 0 cannot be decided")

    def less(self, a: Exact, b: Exact) -> bool:
        return self.sign(self.subtract(a, b)) < 0

    def maximum(self, a: Exact, b: Exact) -> Exact:
        return b if self.less(a, b) else a

    def minimum(self, a: Exact, b: Exact) -> Exact:
        return b if self.less(b, a) else a

    def absolute(self, a: Exact) -> Exact:
        return -a if self.sign(a) < 0 else a

    def function(self, name: str) -> Callable[..., Exact]:
        """SymPy's function of that name, its result checked."""

        def apply(*operands: Exact) -> Exact:
            import sympy
            from sympy.core.evalf import PrecisionExhausted

            if name in ("exp", "sinh", "cosh") and abs(exact_float(operands[0])) > math.log(_LARGEST):
                raise NotExact(f"{name} of {exact_float(operands[0]):.6g} is too large or too small to be kept exactly")
            if name == "atan2" and not any(operands):
                return Fraction(0)  # as in float64
            try:
                return self.kept(getattr(sympy, name), *operands)
            except PrecisionExhausted:
                raise NotExact(f"{name} of {exact_float(operands[0]):.6g} needs more digits than are worked out") from None

        return apply

    def sqrt(self, a: Exact) -> Exact:
        return self.power(a, Fraction(1, 2))

    def cbrt(self, a: Exact) -> Exact:
        return -self.power(-a, Fraction(1, 3)) if self.sign(a) < 0 else self.power(a, Fraction(1, 3))

    def log(self, a: Exact) -> Exact:
        if self.sign(a) <= 0:
            raise ValueError("no real number")
        return self.function("log")(a)

    def log2(self, a: Exact) -> Exact:
        return self.log_to(a, 2)

    def log10(self, a: Exact) -> Exact:
        return self.log_to(a, 10)

    def log_to(self, a: Exact, base: int) -> Exact:
        import sympy

        if self.sign(a) <= 0:
            raise ValueError("no real number")
        return self.kept(sympy.log, a, Fraction(base))

    def log1p(self, a: Exact) -> Exact:
        return self.log(self.add(Fraction(1), a))

    def exp2(self, a: Exact) -> Exact:
        return self.power(Fraction(2), a)

    def expm1(self, a: Exact) -> Exact:
        return self.subtract(self.function("exp")(a), Fraction(1))

    def hypot(self, a: Exact, b: Exact) -> Exact:
        return self.sqrt(self.add(self.multiply(a, a), self.multiply(b, b)))

    def floor(self, a: Exact) -> Exact:
        if isinstance(a, Fraction):
            return Fraction(math.floor(a))
        whole, above = Fraction(0), a  # SymPy's own floor asks what it is made of, without end
        for _ in range(_ROUNDS):  # each right to sixty digits
            step = whole_below(approximation(as_sympy(above)).real)
            if not step and self.sign(above) >= 0:
                return whole
            whole += step
            above = self.subtract(a, whole)
        raise NotExact("which whole number is below a closed constant cannot be decided")

    def ceil(self, a: Exact) -> Exact:
        return -self.floor(-a)

    def nearest(self, a: Exact) -> Exact:
        return Fraction(round(a)) if isinstance(a, Fraction) else self.floor(self.add(a, Fraction(1, 2)))


def _bits(value: Fraction) -> int:
    return value.numerator.bit_length() + value.denominator.bit_length()
