"""What is seen at many points: how often every pair agrees, which branches were met, and the first point that tells it apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from backprop_cli.equality.balls import Ball, top
from backprop_cli.equality.meeting import Meeting, OutOfMeans, Sight, Viewer
from backprop_cli.equality.missing import Missing
from backprop_cli.equality.points import Points, between
from backprop_cli.equality.program import TIE, UNKNOWN

# Sights without a clear answer after which more digits are used.
_PATIENCE = 3
_SOME_BITS = 20  # of a value of which something is known
_HALF, _SHARE_BITS = (1, -1, 0), 120
_BESIDE = (8, 50)  # how near to a border, in halvings of the last step towards it
_FINEST, _RISE = 12, 0.32  # halvings of a leaf's step; how much a difference grows that steps still matter to, as a power of two


class Population:
    """Looks at points one by one and keeps count.

    `level` is the step of the viewer's ladder of digits in use. `spent` tells that the work that may be done is used up.
    `outcomes` holds for every decider what it decided, with the first point for each.
    """

    def __init__(self, viewer: Viewer, level: int = 0) -> None:
        self.viewer, self.level = viewer, level
        self.agreements = [0] * (len(viewer.program.outputs) // 2)
        self.outcomes: list[dict[int, list[Ball]]] = [{} for _ in viewer.program.deciders]
        # Branches taken where every pair was told, and those where some has values, but not clear ones, with the first point for each;
        # and those where the right side of some has no value that could be made out, where the left side has one.
        self.clear: set[tuple[int, ...]] = set()
        self.dim: dict[tuple[int, ...], list[Ball]] = {}
        self.vague: dict[tuple[int, ...], list[Ball]] = {}
        self.spent = False
        self.missed = 0
        self.last: tuple[int, ...] = ()
        self.seen: Sight | None = None
        self._dim = self._clear = 0

    @property
    def least(self) -> int:
        """The number of agreements of the pair that has fewest."""
        return min(self.agreements)

    @property
    def one_sided(self) -> bool:
        """Whether some decision always had the same outcome."""
        return any(len(each) < 2 for each in self.outcomes)

    def borders(self, deciders: int, steps: int) -> Iterator[list[Ball]]:
        """Points nearer and nearer to the border between two outcomes, then beside where it must be, for some of the deciders."""
        for number, met in reversed([*enumerate(self.outcomes)]):  # those of the right sides first
            if len(met) < 2 or deciders == 0:
                continue
            deciders -= 1
            (outcome, here), (_, there) = list(met.items())[:2]
            gaps: list[Ball | None] = [None, None]
            for _ in range(steps):
                middle = [between(a, b, _HALF) for a, b in zip(here, there, strict=True)]
                self.seen = None
                yield middle
                mine = bool(self.last) and self.last[number] == outcome
                here, there = (middle, there) if mine else (here, middle)
                gaps[not mine] = None if self.seen is None else self.viewer.program.difference(self.seen.values, number)
            # Never on the border itself: what is true of single points is not true of the functions.
            for share in _crossings(*gaps):
                yield [between(a, b, share) for a, b in zip(here, there, strict=True)]

    def aimed(self, points: Points, deciders: int, steps: int, finer: int) -> Iterator[list[Ball]]:
        """Points that bring the two sides of a decision nearer to each other, where it always had the same outcome.

        Some are drawn; then leaves are moved one by one, in shorter and shorter steps.
        """
        alone = [number for number, met in enumerate(self.outcomes) if len(met) == 1]
        for number in alone[-deciders:]:
            met = self.outcomes[number]
            best, least = next(iter(met.values())), None
            for _ in range(steps):
                point = points.changed(best)
                self.seen = None
                yield point
                if len(met) > 1:
                    break
                gap = self._gap(number)
                if gap is not None and (least is None or gap < least):
                    best, least = point, gap
            way, failed, size, rise = 0, 0, 0, 0.0
            for _ in range(finer if least is not None else 0):
                if len(met) > 1 or size > _FINEST:
                    break
                point = points.stepped(best, way, size)
                self.seen = None
                yield point
                gap = self._gap(number)
                if gap is not None and least is not None and gap < least:
                    best, least, failed, rise = point, gap, 0, 0.0
                    continue
                way, failed, rise = way + 1, failed + 1, max(rise, _RISE if gap is None or least is None else gap - least)
                if failed == 2 * len(best):
                    if rise < _RISE:
                        break  # all smaller steps together move it by less than what is left
                    size, failed, rise = size + 1, 0, 0.0

    def _gap(self, number: int) -> float | None:
        """How far the sides of a decider were from each other at the point that was last looked at."""
        return None if self.seen is None else self.viewer.program.gap(self.seen.values, number)

    def gather(
        self, draws: Iterable[list[Ball]], enough: Callable[[], bool], accept: Callable[[Sight], bool] | None = None
    ) -> Sight | None:
        """Looks at draws until there are enough agreements; the first accepted sight that tells a pair apart, or None."""
        try:
            for point in draws:
                sight = self.viewer.look(point, self.viewer.ladder[self.level])
                if accept is not None and not accept(sight):
                    self.missed += 1
                    continue
                if sight.apart is not None:
                    return sight
                self.note(sight)
                if enough():
                    break
        except OutOfMeans:
            self.spent = True
        return None

    def note(self, sight: Sight) -> None:
        """Count a sight that tells no pair apart."""
        self.seen = sight
        self.last = self.viewer.program.signature(sight.values) if self.outcomes else ()
        dim = False
        for i, each in enumerate(sight.meetings):
            if each is Meeting.SAME:
                self.agreements[i] += 1
            dim = dim or each is Meeting.DIM
        if not dim and Meeting.SAME in sight.meetings:
            self.clear.add(self.last)
        elif not {UNKNOWN, TIE} & set(self.last):
            if self._blurred(sight):
                self.dim.setdefault(self.last, list(sight.point))
            if self._one_missing(sight):
                self.vague.setdefault(self.last, list(sight.point))
        if self.outcomes and Meeting.SAME in sight.meetings:
            for met, outcome in zip(self.outcomes, self.last, strict=True):
                if outcome not in (UNKNOWN, TIE):
                    met.setdefault(outcome, list(sight.point))
        self._dim, self._clear = self._dim + dim, self._clear + (not dim)
        if self._dim >= _PATIENCE and self._dim > self._clear and self.level + 1 < len(self.viewer.ladder):
            self.level += 1
            self._dim = self._clear = 0

    def _blurred(self, sight: Sight) -> bool:
        """Whether some pair has two values that are known, but not well enough to tell them apart."""
        outputs, values = self.viewer.program.outputs, sight.values
        return any(
            each is Meeting.DIM and all(_known(values[place]) for place in outputs[2 * pair : 2 * pair + 2])
            for pair, each in enumerate(sight.meetings)
        )

    def _one_missing(self, sight: Sight) -> bool:
        """Whether the left side of some pair has a value and the right side may have none."""
        outputs, values = self.viewer.program.outputs, sight.values
        pairs = zip(outputs[::2], outputs[1::2], strict=True)
        return any(not isinstance(values[left], Missing) and isinstance(values[right], Missing) for left, right in pairs)


def _crossings(before: Ball | None, after: Ball | None) -> Iterator[Ball]:
    """Shares of the way between two differences that have different signs, beside the one where a straight line crosses 0."""
    if before is not None and after is not None and before[0] * after[0] < 0 and abs(before[1] - after[1]) < _SHARE_BITS:
        low = min(before[1], after[1])
        first, second = (m << (e - low) for m, e, _ in (before, after))
        share = (first << _SHARE_BITS) // (first - second)
        for nearness in _BESIDE:
            for way in (1, -1):
                yield share + way * (1 << (_SHARE_BITS - nearness)), -_SHARE_BITS, 0


def _known(value: Ball | Missing) -> bool:
    return not isinstance(value, Missing) and value[2].bit_length() + value[1] < top(value) - _SOME_BITS
