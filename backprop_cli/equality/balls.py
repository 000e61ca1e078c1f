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


def positive(a: Ball) -> bool:
    """Whether every number of a ball is above 0."""
    return a[0] > a[2]


def negative(a: Ball) -> bool:
    """Whether every number of a ball is below 0."""
    return a[0] < -a[2]


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
        drop, coarse = m.bit_length() - self.bits, r.bit_length() - _COARSE
        if coarse > drop:  # noqa: PLR1730 - max is slower, and this is called after every operation
            drop = coarse
        if drop <= 0:
            return (m, e, r) if m or r else ZERO
        if r:
            # Both shifts cut off up to a unit, less 2^-drop: two units cover that, and two units more of those before the shift.
            return m >> drop, e + drop, (r >> drop) + 2
        return m >> drop, e + drop, 1 if m & ((1 << drop) - 1) else 0

    def number(self, value: Fraction) -> Ball:
        """A rational."""
        if value.denominator == 1:
            return self.trim(value.numerator, 0, 0)
        return self.divide((value.numerator, 0, 0), (value.denominator, 0, 0))

    def filled(self, a: Ball) -> Ball:
        """The same ball, its middle written with all the bits that are kept."""
        m, e, r = a
        short = max(self.bits - m.bit_length(), 0) if m else 0
        return m << short, e - short, r << short

    def blurred(self, a: Ball) -> Ball:
        """The ball, half of whose bits are not to be trusted; itself where nothing is watched."""
        if not self.watch:
            return a
        m, e, r = self.filled(a)
        return self.trim(m, e, max(r, abs(m) >> self.half))

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
                return self.blurred((m, e, r))
        return self.trim(m, e, r)

    def _near_nothing(self, number: Ball, nothing: Ball, found: Ball) -> Ball:
        """The sum of a number and of what may be 0: where the error could drown the number, the error bound tells so."""
        if top(number) - nothing[2].bit_length() - nothing[1] > self.half:
            return found
        return found[0], found[1], found[2] << self.half

    def _far_apart(self, a: Ball, b: Ball) -> Ball:
        """a + b where the unit of a is far above that of b."""
        m, e, r = self.filled(a)
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
        return self.trim(m, e, abs(am) * br + abs(bm) * ar + ar * br)

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
        # The quotient is off by less than a unit, and has two bits more than are kept: the units of trim cover that.
        return self.trim(m, e, -(-((ar * size + abs(am) * br) << shift) // (size * (size - br))) or bool(rest))

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
        sign = self.sign(a)
        if sign < 0:
            raise undefined("sqrt of a negative number")
        if not sign:
            return ZERO
        m, e, r = a
        shift = 2 * self.bits + (e & 1)
        m, r = m << shift, r << shift
        root = isqrt(m)
        # The slope 1/(2*sqrt) at the lower end, and sqrt there is at least that at the middle times (1 - r/m). The root is off
        # by less than a unit, and has a bit more than are kept: the units of trim cover that.
        return self.trim(root, (e >> 1) - self.bits, -(-(r * m) // (2 * root * (m - r))) or root * root != m)

    # ---- choices ----

    def order(self, a: Ball, b: Ball) -> int | None:
        """-1, 0 or 1 as a is less than, equal to or greater than b; None where that cannot be told."""
        am, ae, ar = a
        bm, be, br = b
        if a is b:
            return 0
        low = min(ae, be)
        # Shifted by the length of the other ball, all but 0 is beyond it already: no farther, however far apart they are.
        up, over = min(ae - low, (abs(bm) + br).bit_length()), min(be - low, (abs(am) + ar).bit_length())
        m, r = (am << up) - (bm << over), (ar << up) + (br << over)
        return 1 if m > r else -1 if m < -r else None if r else 0

    def sign(self, a: Ball) -> int:
        """-1, 0 or 1."""
        if positive(a):
            return 1
        if negative(a):
            return -1
        if a[2]:
            raise vague(EDGE)
        return 0

    def absolute(self, a: Ball) -> Ball:
        """The absolute value; the very ball where it is positive."""
        return a if positive(a) else (abs(a[0]), a[1], a[2])

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
        low, high = (_rounded(each, -e, how) for each in (m - r, m + r))
        if low != high:
            raise vague(EDGE)
        return low, 0, 0


def _rounded(m: int, places: int, how: str) -> int:
    """m/2^places made whole; no place is written down, for there may be billions."""
    if how == "floor":
        return m >> places
    if how == "ceil":
        return -(-m >> places)
    # Halves upwards and halves downwards: the same number, or two neighbours.
    up, down = ((m >> places - 1) + 1) >> 1, -(((-m >> places - 1) + 1) >> 1)
    return down if up & 1 else up
