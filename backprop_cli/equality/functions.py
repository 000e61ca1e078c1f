"""The functions of the language on numbers with error bounds: values by mpmath's library, bounds by the slope."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from backprop_cli.equality.balls import ONE, ZERO, Ball, Ring, excludes_zero, negative, positive, top
from backprop_cli.equality.missing import EDGE, LARGE, WIDE, undefined, vague
from backprop_cli.equality.steepness import UNIT, Slope, lead, more, over

# Arguments up to these powers of two: of exp and its like, of sin and its like, of erf.
_EXP, _CIRCLE, _ERF = 20, 400, 10
_GUARD = 12  # bits more than are kept, so that the library's last one does not count
_NARROW = 10  # slopes are taken at the middle: the error bound has to be that many bits below what it is compared with


def _size(a: Ball) -> int:
    """The power of two above a ball; 0 where it may be 0, of which nothing is to show."""
    return top(a) if excludes_zero(a) else 0


class Functions:
    """mpmath's functions in a ring of balls."""

    def __init__(self, ring: Ring) -> None:
        from mpmath import libmp

        self.lib: Any = libmp
        self.ring = ring
        self.bits = ring.bits + _GUARD

    # ---- to and from the library ----

    def _call(self, function: Callable[..., Any], *operands: Ball) -> Ball:
        """The function of the middles; the error bound holds the rounding alone."""
        raw = [self.lib.from_man_exp(m, e) for m, e, _ in operands]
        sign, m, e, _ = function(*raw, self.bits)
        if not m:
            if e:
                raise vague(LARGE)
            return ZERO
        m, e, r = self.ring.filled((-m if sign else m, e, 0))
        return self.ring.trim(m, e, r + 1)

    def _spread(self, found: Ball, a: Ball, slope: Slope) -> Ball:
        """The value with room for the error of the operand, rounded up to the unit of the value."""
        if not a[2]:
            return found
        if found == ZERO:
            return 0, a[1] + slope[1], a[2] * slope[0]
        more, shift = a[2] * slope[0], a[1] + slope[1] - found[1]
        if shift > self.ring.bits:
            # The error is far above the value, whose last bits do not matter.
            m, e, r = found
            found, shift = (m >> shift, e + shift, (r >> shift) + 2), 0
        return self.ring.trim(found[0], found[1], found[2] - (-more << max(shift, 0) >> max(-shift, 0)))

    def _shown(self, found: Ball, hidden: int) -> Ball:
        """A value the next part of which is so small beside it, as a power of two; a part that does not show is not trusted to."""
        return self.ring.blurred(found) if hidden < -self.ring.half else found

    @staticmethod
    def _narrow(a: Ball, below: int = 0) -> None:
        """Refuses a ball whose radius is not well below that power of two."""
        if a[2] and a[2].bit_length() + a[1] > below - _NARROW:
            raise vague(WIDE)

    # ---- exponential and hyperbolic ----

    def exp(self, a: Ball) -> Ball:
        """e^a."""
        if not a[0] and not a[2]:
            return ONE
        if top(a) > _EXP:
            raise vague(LARGE)
        self._narrow(a)
        found = self._call(self.lib.mpf_exp, a)
        found = self._spread(found, a, more(lead(found)))
        return self._shown(found, _size(a))

    def _hyperbolic(self, function: Callable[..., Any], a: Ball) -> Ball:
        if top(a) > _EXP:
            raise vague(LARGE)
        self._narrow(a)
        found = self._call(function, a)
        # cosh is at most 1 + abs(sinh).
        found = self._spread(found, a, more(lead(self.ring.add(ONE, self.ring.absolute(found)))))
        return self._shown(found, min(2 * _size(a), -2 * _size(found)))

    def sinh(self, a: Ball) -> Ball:
        """The hyperbolic sine."""
        return self._hyperbolic(self.lib.mpf_sinh, a)

    def cosh(self, a: Ball) -> Ball:
        """The hyperbolic cosine."""
        if not a[0] and not a[2]:
            return ONE
        return self._hyperbolic(self.lib.mpf_cosh, a)

    def tanh(self, a: Ball) -> Ball:
        """The hyperbolic tangent."""
        if top(a) > _EXP:
            raise vague(LARGE)
        return self._flat(self._spread(self._call(self.lib.mpf_tanh, a), a, UNIT), a)

    def _flat(self, found: Ball, a: Ball) -> Ball:
        """A value that comes near 1 for a large operand, and near the operand for a small one."""
        return self._shown(found, min(2 * _size(a), top(self.ring.subtract(ONE, self.ring.absolute(found)))))

    # ---- logarithm, powers ----

    def log(self, a: Ball) -> Ball:
        """The natural logarithm; undefined up to 0."""
        sign = self.ring.sign(a)
        if sign <= 0:
            raise undefined("log of a negative number" if sign else "log of 0")
        self._narrow(a, top(a))
        return self._spread(self._call(self.lib.mpf_log, a), a, more(over(UNIT, lead(a))))

    def cbrt(self, a: Ball) -> Ball:
        """The real cube root, that of a negative number being negative."""
        sign = self.ring.sign(a)
        if not sign:
            return ZERO
        self._narrow(a, top(a))
        found = self._call(lambda x, bits: self.lib.mpf_nthroot(x, 3, bits), self.ring.absolute(a))
        size, at = lead(a)
        m, e, r = self._spread(found, a, more(over(lead(found), (3 * size, at))))
        return sign * m, e, r

    def power(self, a: Ball, b: Ball) -> Ball:
        """a^b; undefined for 0 to a negative exponent and for a negative base with an exponent that is not whole."""
        whole = _whole(self.ring, b)
        if whole and whole[1] < 64:
            return self.ring.power(a, whole[0] << whole[1])
        if not excludes_zero(a):
            if a[2] or not excludes_zero(b):
                raise vague(EDGE)
            if negative(b):
                raise undefined("0 to a negative exponent")
            return ZERO
        if negative(a):
            raise vague(EDGE) if b[2] else vague(LARGE) if whole else undefined("a power of a negative number")
        if a == ONE:
            return ONE
        return self.exp(self.ring.multiply(b, self.log(a)))

    def rational_power(self, a: Ball, exponent: Fraction) -> Ball:
        """a^(p/q) for an exact exponent."""
        if exponent.denominator == 1:
            return self.ring.power(a, exponent.numerator)
        if exponent.denominator == 2 and a[0] >= 0:
            return self.ring.power(self.ring.sqrt(a), exponent.numerator)
        if negative(a):
            raise undefined("a power of a negative number")
        return self.power(a, self.ring.number(exponent))

    # ---- circular ----

    def _circular(self, function: Callable[..., Any], a: Ball) -> Ball:
        if top(a) > _CIRCLE:
            raise vague(LARGE)
        return self._call(function, a)

    def sin(self, a: Ball) -> Ball:
        """The sine."""
        return self._shown(self._spread(self._circular(self.lib.mpf_sin, a), a, UNIT), 2 * _size(a))

    def cos(self, a: Ball) -> Ball:
        """The cosine."""
        if not a[0] and not a[2]:
            return ONE
        return self._shown(self._spread(self._circular(self.lib.mpf_cos, a), a, UNIT), 2 * _size(a))

    def tan(self, a: Ball) -> Ball:
        """The tangent."""
        found = self._circular(self.lib.mpf_tan, a)
        slope = self.ring.add(ONE, self.ring.multiply(found, found))
        self._narrow(a, -top(slope))
        return self._shown(self._spread(found, a, more(lead(slope))), 2 * _size(a))

    def atan(self, a: Ball) -> Ball:
        """The inverse tangent."""
        return self._shown(self._spread(self._call(self.lib.mpf_atan, a), a, UNIT), min(2 * _size(a), -_size(a)))

    def atan2(self, a: Ball, b: Ball) -> Ball:
        """The angle of the point (b, a); undefined for (0, 0)."""
        if a == ZERO and b == ZERO:
            raise undefined("atan2(0, 0)")
        if not excludes_zero(a) and a[2] and not positive(b):
            raise vague(EDGE)
        far = max((each for each in (a, b) if excludes_zero(each)), key=top, default=None)
        if far is None:
            raise vague(EDGE)
        self._narrow(far, top(far))
        found, slope = self._call(self.lib.mpf_atan2, a, b), more(over(UNIT, lead(far)))
        steep = _size(a) - _size(b) if excludes_zero(a) and excludes_zero(b) else 0
        hidden = min(-steep, 2 * steep if positive(b) else steep)
        return self._shown(self._spread(self._spread(found, a, slope), b, slope), hidden)

    # ---- those with edges ----

    def _room(self, a: Ball, b: Ball, fault: str) -> int | None:
        """How far a is below b at least, as a power of two; None where both are exactly the same. Undefined where it is above."""
        order = self.ring.order(a, b)
        if order is None:
            raise vague(EDGE)
        if order > 0:
            raise undefined(fault)
        if order == 0:
            return None
        m, e, r = self.ring.subtract(b, a)
        if m <= r:
            raise vague(EDGE)
        return (m - r).bit_length() - 1 + e

    def _inverse(self, function: Callable[..., Any], name: str, a: Ball, half: bool = True) -> Ball:
        room = self._room(self.ring.absolute(a), ONE, f"{name} of a number beyond 1")
        if room is None:
            if half:
                return self._call(function, a)
            raise undefined(f"{name} of 1 or -1")
        return self._spread(self._call(function, a), a, (1, -(room // 2) if half else -room))

    def asin(self, a: Ball) -> Ball:
        """The inverse sine; undefined beyond 1."""
        return self._shown(self._inverse(self.lib.mpf_asin, "asin", a), 2 * _size(a))

    def acos(self, a: Ball) -> Ball:
        """The inverse cosine; undefined beyond 1."""
        return self._shown(self._inverse(self.lib.mpf_acos, "acos", a), _size(a))

    def atanh(self, a: Ball) -> Ball:
        """The inverse hyperbolic tangent; undefined from 1 on."""
        return self._shown(self._inverse(self.lib.mpf_atanh, "atanh", a, half=False), 2 * _size(a))

    def acosh(self, a: Ball) -> Ball:
        """The inverse hyperbolic cosine; undefined below 1."""
        room = self._room(ONE, a, "acosh of a number below 1")
        return ZERO if room is None else self._shown(self._spread(self._call(self._acosh, a), a, (1, -(room // 2))), -2 * _size(a))

    def _acosh(self, x: Any, bits: int) -> Any:
        """2*asinh(sqrt((x - 1)/2)), for the library's own loses digits near 1."""
        root = self.lib.mpf_sqrt(self.lib.mpf_shift(self.lib.mpf_sub(x, self.lib.fone, bits), -1), bits)
        return self.lib.mpf_shift(self.lib.mpf_asinh(root, bits), 1)

    def asinh(self, a: Ball) -> Ball:
        """The inverse hyperbolic sine."""
        return self._shown(self._spread(self._call(self.lib.mpf_asinh, a), a, UNIT), -2 * abs(_size(a)))

    def erf(self, a: Ball) -> Ball:
        """The error function."""
        if top(a) > _ERF:
            raise vague(LARGE)
        return self._flat(self._spread(self._call(self.lib.mpf_erf, a), a, (2, 0)), a)

    def erfc(self, a: Ball) -> Ball:
        """1 - erf."""
        if not a[0] and not a[2]:
            return ONE
        if top(a) > _ERF:
            raise vague(LARGE)
        found = self._call(self.lib.mpf_erfc, a)
        if a[0] < 0:
            found = self._spread(found, a, (2, 0))
            return self._shown(found, min(_size(a), top(self.ring.subtract((2, 0, 0), found))))
        self._narrow(a, -_ERF)
        # The slope is at most 2*(a + 1) times the value.
        size, e = lead(self.ring.multiply(found, self.ring.add((*a[:2], 0), ONE)))
        return self._shown(self._spread(found, a, more((size, e + 1))), _size(a))

    def constant(self, which: str) -> Ball:
        """pi or e."""
        return self._call(self.lib.mpf_pi if which == "pi" else self.lib.mpf_e)


def _whole(ring: Ring, a: Ball) -> Ball | None:
    """An exact whole number, without places after the point; None for any other."""
    found = None if a[2] else ring.whole(a, "floor")
    return found if found and found == ring.whole(a, "ceil") else None


@lru_cache(maxsize=64)
def functions(bits: int, watch: bool) -> Functions:
    """The functions with so many bits."""
    return Functions(Ring(bits, watch))
