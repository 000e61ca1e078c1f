"""Real numbers with error bounds, in whole numbers: m*2^e give or take r*2^e. Sums, products, powers, roots, comparisons."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from backprop_cli.equality.missing import EDGE, LARGE, WIDE, undefined, vague

# (m, e, r): every number between (m - r)*2^e and (m + r)*2^e is possible; r = 0 is exact.
Ball = tuple[int, int, int]
ZERO: Ball = (0, 0, 0)
ONE: Ball = (1, 0, 0)
# Exponents of two up to this are worked with in sums and products.
_FAR = 1 << 48
# Bits of an error bound, of an exponent of a power.
_COARSE, _POWER = 30, 64


def top(a: Ball) -> int:
    """The power of two just above the middle of a ball; only for one that is not 0."""
    return a[0].bit_length() + a[1]


def excludes_zero(a: Ball) -> bool:
    """Whether 0 is impossible."""
    return abs(a[0]) > a[2]


class Ring:
    """Operations that keep `bits` bits.

    With `watch`, a result that hides an operand in digits that cannot be trusted to show it (1 + exp(-200)) gets an error
    bound that says so: half of the bits.
    """

    def __init__(self, bits: int, watch: bool) -> None:
        self.bits, self.watch = bits, watch
        self.half = bits // 2

    # ---- making balls ----

    def trim(self, m: int, e: int, r: int) -> Ball:
        """A ball with no more bits than are kept; an exact 0 is ZERO, whatever its exponent was."""
        drop = m.bit_length() - self.bits
        if r:
            drop = max(drop, r.bit_length() - _COARSE)
            if drop > 0:
                return m >> drop, e + drop, (r >> drop) + 2
        elif not m:
            return ZERO
        elif drop > 0:
            return m >> drop, e + drop, 1 if m & ((1 << drop) - 1) else 0
        return m, e, r

    def number(self, value: Fraction) -> Ball:
        """A rational."""
        if value.denominator == 1:
            return self.trim(value.numerator, 0, 0)
        return self.divide((value.numerator, 0, 0), (value.denominator, 0, 0))

    def _blurred(self, a: Ball, hidden: int) -> Ball:
        """The ball with an error bound of that part of it, in bits."""
        m, e, r = a
        short = self.bits - m.bit_length()
        if short > 0:
            m, e, r = m << short, e - short, r << short
        return self.trim(m, e, max(r, abs(m) >> hidden))

    def blurred(self, a: Ball) -> Ball:
        """The ball, half of whose bits are not to be trusted; itself where nothing is watched."""
        return self._blurred(a, self.half) if self.watch else a

    # ---- arithmetic ----

    def add(self, a: Ball, b: Ball) -> Ball:
        """a + b."""
        if a[1] < b[1]:
            a, b = b, a
        am, ae, ar = a
        bm, be, br = b
        if not bm and not br:
            return a
        if not am and not ar:
            return b
        d = ae - be
        if d > 2 * self.bits:
            return self._far_apart(a, b)
        m, e, r = (am << d) + bm, be, (ar << d) + br
        if self.watch:
            maybe = abs(am) <= ar
            if maybe is not (abs(bm) <= br):
                return self._near_nothing(b if maybe else a, a if maybe else b, self.trim(m, e, r))
            gap = am.bit_length() + d - bm.bit_length()
            if not maybe and not -self.half <= gap <= self.half:
                return self._blurred((m, e, r), self.half)
        drop = m.bit_length() - self.bits
        if drop > 0 and r and (r >> drop) < 1 << _COARSE:
            return m >> drop, e + drop, (r >> drop) + 2
        return self.trim(m, e, r)

    def _near_nothing(self, number: Ball, nothing: Ball, found: Ball) -> Ball:
        """The sum of a number and of what may be 0: where the error could drown the number, the error bound tells so."""
        if top(number) - nothing[2].bit_length() - nothing[1] > self.half:
            return found
        return found[0], found[1], found[2] << self.half

    def _far_apart(self, a: Ball, b: Ball) -> Ball:
        """a + b where the unit of a is far above that of b."""
        m, e, r = a
        short = self.bits - m.bit_length()
        if m and short > 0:
            m, e, r = m << short, e - short, r << short
        size = max(b[0].bit_length(), b[2].bit_length()) + 1 + b[1] - e
        if size > self.bits:
            raise vague(WIDE)
        found = self.trim(m, e, r + (1 << max(size, 0)))
        if excludes_zero(a):
            return self.blurred(found) if excludes_zero(b) else found
        return self._near_nothing(b, a, found) if self.watch and excludes_zero(b) else found

    def subtract(self, a: Ball, b: Ball) -> Ball:
        """a - b."""
        m, e, r = b
        return ZERO if a is b else self.add(a, (-m, e, r))

    def negate(self, a: Ball) -> Ball:
        """-a."""
        return -a[0], a[1], a[2]

    def multiply(self, a: Ball, b: Ball) -> Ball:
        """a*b."""
        am, ae, ar = a
        bm, be, br = b
        m, e = am * bm, ae + be
        if not -_FAR < e < _FAR:
            raise vague(LARGE)
        drop = m.bit_length() - self.bits
        if not (ar or br):
            return self.trim(m, e, 0) if drop > 0 or not m else (m, e, 0)
        r = abs(am) * br + abs(bm) * ar + ar * br
        if drop > 0 and (r >> drop) < 1 << _COARSE:
            return m >> drop, e + drop, (r >> drop) + 2
        return self.trim(m, e, r)

    def divide(self, a: Ball, b: Ball) -> Ball:
        """a/b; undefined for b = 0."""
        am, ae, ar = a
        bm, be, br = b
        size = abs(bm)
        if size <= br:
            raise vague(EDGE) if br else undefined("division by 0")
        shift = max(self.bits + 2 + size.bit_length() - am.bit_length(), 0)
        e = ae - be - shift
        if not -_FAR < e < _FAR:
            raise vague(LARGE)
        m, rest = divmod(am << shift, bm)
        if not (ar or br):
            return self.trim(m, e, 1 if rest else 0)
        r = ((ar * size + abs(am) * br) << shift) // (size * (size - br)) + 2
        return self.trim(m, e, r)

    def power(self, a: Ball, n: int) -> Ball:
        """a^n for a whole n; undefined for 0 to a negative one."""
        if n < 0:
            return self.divide(ONE, self.power(a, -n))
        if n == 0 or a == ONE:
            return ONE
        if a == ZERO:
            return ZERO
        if n.bit_length() > _POWER:
            raise vague(LARGE)
        found: Ball | None = None
        while True:
            if n & 1:
                found = a if found is None else self.multiply(found, a)
            n >>= 1
            if not n:
                assert found is not None
                return found
            a = self.multiply(a, a)

    def sqrt(self, a: Ball) -> Ball:
        """The square root; undefined below 0."""
        m, e, r = a
        if abs(m) <= r:
            if r:
                raise vague(EDGE)
            return ZERO
        if m < 0:
            raise undefined("sqrt of a negative number")
        shift = max(2 * self.bits + 4 - m.bit_length(), 0)
        shift += (e - shift) & 1
        m <<= shift
        root = isqrt(m)
        if not r:
            return self.trim(root, (e - shift) >> 1, 0 if root * root == m else 1)
        # The slope 1/(2*sqrt) at the lower end, and sqrt there is at least that at the middle times (1 - r/m).
        r <<= shift
        return self.trim(root, (e - shift) >> 1, (r * m) // (2 * root * (m - r)) + 3)

    # ---- choices ----

    def order(self, a: Ball, b: Ball) -> int | None:
        """-1, 0 or 1 as a is less than, equal to or greater than b; None where that cannot be told."""
        am, ae, ar = a
        bm, be, br = b
        if a is b:
            return 0
        if abs(ae - be) > 1 << 16:
            return _order_far(a, b)
        low = min(ae, be)
        m, r = (am << (ae - low)) - (bm << (be - low)), (ar << (ae - low)) + (br << (be - low))
        if abs(m) > r:
            return 1 if m > 0 else -1
        return None if r else 0

    def sign(self, a: Ball) -> int:
        """-1, 0 or 1."""
        m, _, r = a
        if abs(m) > r:
            return 1 if m > 0 else -1
        if r:
            raise vague(EDGE)
        return 0

    def absolute(self, a: Ball) -> Ball:
        """The absolute value; the very ball where it is positive."""
        return a if a[0] > a[2] else (abs(a[0]), a[1], a[2])

    def larger(self, a: Ball, b: Ball) -> Ball:
        """The maximum: that very ball where it can be told."""
        found = self.order(a, b)
        return self._either(a, b) if found is None else b if found < 0 else a

    def smaller(self, a: Ball, b: Ball) -> Ball:
        """The minimum: that very ball where it can be told."""
        found = self.order(a, b)
        return self._either(a, b) if found is None else b if found > 0 else a

    def _either(self, a: Ball, b: Ball) -> Ball:
        """One of two balls that are nearly the same: the first with room for the other."""
        gap = self.subtract(a, b)
        return self.add(a, (0, gap[1], abs(gap[0]) + gap[2]))

    def whole(self, a: Ball, how: str) -> Ball:
        """floor, ceil or round (halves to even)."""
        m, e, r = a
        if e >= 0:
            if r:
                raise vague(EDGE)
            return a
        low, high = m - r, m + r
        if -e > max(m.bit_length(), r.bit_length()) + 2:
            # So near 0, an eighth will do.
            low, high, e = (low > 0) - (low < 0), (high > 0) - (high < 0), -3
        low, high = (_rounded(each, 1 << -e, how) for each in (low, high))
        if low != high:
            raise vague(EDGE)
        return low, 0, 0


def _order_far(a: Ball, b: Ball) -> int | None:
    """As `order`, for balls whose units are far apart."""
    for one, other, turn in ((a, b, 1), (b, a, -1)):
        if excludes_zero(one):
            sign = turn if one[0] > 0 else -turn
            nothing = not other[0] and not other[2]
            if nothing or (excludes_zero(other) and (one[0] > 0) != (other[0] > 0)):
                return sign
            if (abs(one[0]) - one[2]).bit_length() - 1 + one[1] >= (abs(other[0]) + other[2]).bit_length() + other[1]:
                return sign
    return None


def _rounded(m: int, unit: int, how: str) -> int:
    return m // unit if how == "floor" else -(-m // unit) if how == "ceil" else round(Fraction(m, unit))
