"""Points at which functions are compared: near home, in plain ranges, far out, around literals; the same ones on every machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from hashlib import sha256
from itertools import product
from random import Random

from backprop_cli.equality.balls import ONE, ZERO, Ball

_BITS = 60
_SIMPLE = [Fraction(each) for each in (2, 3, -1, "1/2", -2, 5, 4, "-1/2", "3/2", -3, 1, "5/2", "-3/2")]
_LITERALS, _LITERAL_BITS = 12, 4_096
_RANGES = ((0, 4), (-3, 3), (0, 1))


def rounded(value: Fraction) -> Ball:
    """A number with 60 bits, near a rational."""
    if not value:
        return ZERO
    shift = _BITS - value.numerator.bit_length() + value.denominator.bit_length()
    scaled = value * Fraction(2) ** shift
    return round(scaled), -shift, 0


def exact(ball: Ball) -> Fraction:
    """The rational that the middle of a ball is."""
    return Fraction(ball[0]) * Fraction(2) ** ball[1]


def shortened(ball: Ball, bits: int) -> Ball:
    """A number with at most so many bits, near another."""
    drop = ball[0].bit_length() - bits
    return ball if drop <= 0 else (((ball[0] >> (drop - 1)) + 1) >> 1, ball[1] + drop, 0)


def between(a: Ball, b: Ball, share: Ball) -> Ball:
    """The exact number that divides the way from one exact number to another so."""
    low = min(a[1], b[1])
    start, width = a[0] << (a[1] - low), (b[0] << (b[1] - low)) - (a[0] << (a[1] - low))
    return (start << -share[1]) + width * share[0], low + share[1], 0


class Points:
    """Draws points: values of `leaves`, in that order.

    `home` holds 60-bit values near those of a file, as far as it has any. In every group of `one_hot` exactly one leaf
    is 1, the others 0.
    """

    def __init__(
        self, leaves: Sequence[str], home: Mapping[str, Ball], one_hot: Sequence[Sequence[str]], literals: Sequence[Fraction], seed: str
    ) -> None:
        self.leaves, self.home = leaves, home
        used = set(leaves)
        self.groups = [tuple(group) for group in one_hot if used & set(group)]
        self.hot = {each for group in self.groups for each in group}
        self.literals = [
            rounded(each)
            for each in sorted(set(literals), key=lambda each: (abs(each), each))[:_LITERALS]
            if each and each.numerator.bit_length() + each.denominator.bit_length() < _LITERAL_BITS
        ]
        self.random = Random(int.from_bytes(sha256(seed.encode("utf-8", "surrogatepass")).digest(), "big"))

    @property
    def vary(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self.leaves)

    # ---- populations ----

    def near(self, size: float) -> list[Ball]:
        """A point around home, with the signs of home; leaves without a home are drawn from (0, 4) or (-3, 3)."""
        hot = self._chosen()
        reach = max(int(size * 2.0**_BITS), 1)
        found: list[Ball] = []
        for each in self.leaves:
            home = self.home.get(each)
            if each in self.hot:
                found.append(hot[each])
            elif home is None:
                found.append(self._uniform(*self.random.choice(_RANGES[:2])))
            else:
                step = self.random.randint(-reach, reach) or 1
                found.append((home[0] * ((1 << _BITS) + step), home[1] - _BITS, 0) if home[0] else (step, -_BITS, 0))
        return found

    def anywhere(self, number: int) -> list[Ball]:
        """A point away from home; the number of the draw tells where."""
        hot = self._chosen()
        kind = number % 6
        if kind == 4 and not self.literals:
            kind = 1
        aimed = self.random.randrange(len(self.leaves)) if kind == 4 and self.leaves else -1
        found: list[Ball] = []
        for i, each in enumerate(self.leaves):
            home = self.home.get(each)
            if each in self.hot:
                found.append(hot[each])
            elif kind < 3:
                found.append(self._uniform(*_RANGES[kind]))
            elif kind == 3:
                found.append(self._far())
            elif kind == 4 and (i == aimed or self.random.random() < 0.3):
                found.append(self._around(self.random.choice(self.literals)))
            elif kind == 5 and home is not None and home[0] and self.random.random() < 0.5:
                found.append(self._around(home))
            else:
                found.append(self._uniform(*_RANGES[1]))
        return found

    def around_literals(self) -> Iterator[list[Ball]]:
        """Points of which most leaves lie just above a literal or its opposite, then just below it; for every literal."""
        for literal, sign in product(self.literals, (1, -1)):
            for side in (1, -1):
                hot = self._chosen()
                reach = self.random.choice((2, 7, 14, 24))
                drawn = [
                    self._beside(literal, sign, side, reach) if self.random.random() < 0.75 else self._uniform(*_RANGES[1])
                    for _ in self.leaves
                ]
                yield [hot.get(each, value) for each, value in zip(self.leaves, drawn, strict=True)]

    def simple(self, number: int) -> list[Ball]:
        """A point of small whole numbers and halves."""
        hot = self._chosen()
        values = [_SIMPLE[(3 * i + number) % len(_SIMPLE)] for i in range(len(self.leaves))]
        return [hot.get(each) or rounded(value) for each, value in zip(self.leaves, values, strict=True)]

    def beside(self, number: int) -> list[Ball]:
        """Home with one leaf doubled, increased by 1, halved, or with its sign turned."""
        moving = [each for each in self.leaves if each not in self.hot and each in self.home]
        hot = {each: self.home[each] for each in self.hot if each in self.home}
        change = moving[number % len(moving)] if moving else ""
        found: list[Ball] = []
        for each in self.leaves:
            m, e, _ = home = self.home.get(each, ONE)
            if each == change:
                home = ((m, e + 1, 0) if m else ONE, rounded(exact(home) + 1), (m, e - 1, 0), (-m, e, 0))[number // len(moving) % 4]
            found.append(hot.get(each, home))
        return found

    def changed(self, point: Sequence[Ball]) -> list[Ball]:
        """A point with some leaves doubled, halved, with their signs turned, or drawn anew, near or far."""
        found = list(point)
        free = [i for i, each in enumerate(self.leaves) if each not in self.hot]
        for i in self.random.sample(free, min(len(free), self.random.choice((1, 1, 2)))):
            m, e, _ = found[i]
            kind = self.random.randrange(6)
            found[i] = (
                self._uniform(*_RANGES[1])
                if kind < 2
                else self._far()
                if kind == 2
                else (-m, e, 0)
                if kind == 3
                else (m, e + (kind == 4) * 2 - 1, 0)
            )
        return found

    def stepped(self, point: Sequence[Ball], number: int, size: int) -> list[Ball]:
        """A point with one leaf moved one way, the number tells which, by 1 halved so many times."""
        found = list(point)
        at = number // 2 % len(found)
        if self.leaves[at] not in self.hot and abs(found[at][1]) < _LITERAL_BITS:
            found[at] = rounded(exact(found[at]) + (1 - number % 2 * 2) * Fraction(2) ** -size)
        return found

    # ---- single values ----

    def _chosen(self) -> dict[str, Ball]:
        """The one-hot leaves: one of each group is 1."""
        found: dict[str, Ball] = {}
        for group in self.groups:
            hot = self.random.randrange(len(group))
            found.update({each: ONE if i == hot else ZERO for i, each in enumerate(group)})
        return found

    def _uniform(self, low: int, high: int) -> Ball:
        return (low << _BITS) + (high - low) * self.random.getrandbits(_BITS) + 1, -_BITS, 0

    def _far(self) -> Ball:
        m = (1 << (_BITS - 1)) | self.random.getrandbits(_BITS - 1)
        return (m if self.random.getrandbits(1) else -m), self.random.randint(-10, 16) - _BITS, 0

    def _beside(self, value: Ball, sign: int, side: int, reach: int) -> Ball:
        """A number so near to another or its opposite, drawn for each leaf anew: what leaves that are equal have is not asked."""
        step = side * ((1 << _BITS) >> reach) + self.random.getrandbits(30)
        return sign * value[0] * ((1 << _BITS) + step), value[1] - _BITS, 0

    def _around(self, value: Ball) -> Ball:
        m, e, _ = value
        reach = self.random.choice((7, 14, 2))
        step = self.random.getrandbits(_BITS) - (1 << (_BITS - 1))
        m = m * ((1 << _BITS) + (step >> (reach - 1)))
        return (m if self.random.random() < 0.8 else -m), e - _BITS, 0
