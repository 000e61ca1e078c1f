"""Single points at which functions differ that are equal otherwise: where an `==` of the right side holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from backprop_cli.equality.exact import exactly
from backprop_cli.equality.home import Home
from backprop_cli.equality.meeting import Budget
from backprop_cli.equality.outcome import Witness
from backprop_cli.equality.program import Program
from backprop_cli.equality.terms import LEAF, Terms

# Comparisons and leaves that are tried; the values of the other leaves where they have none.
_MOST = 4
_ELSEWHERE = Fraction(2)


def isolated(
    terms: Terms, roots: Sequence[int], given: Mapping[int, int], fixed: Mapping[int, int], program: Program, budget: Budget
) -> Witness | None:
    """The first such point, where nothing that decides stands on a border in the left sides; None where none is found.

    `roots` are left, right, left, right. Leaves that are `fixed` keep their values.
    """
    equalities = [each for each in program.deciders if each[0] in ("==", "!=")]
    if not equalities:
        return None
    left = set(terms.below(roots[::2]))
    free = [each for each in terms.below(roots) if terms.heads[each] == LEAF and each not in fixed]
    start = {each: terms.number(_ELSEWHERE) for each in free} | dict(given)
    for _, _, one, other in [each for each in equalities if each[1] not in left][:_MOST]:
        for leaf in [each for each in terms.below([one, other]) if each in free][:_MOST]:
            at = _met(terms, one, other, start, leaf)
            if at is None:
                continue
            home = Home(terms, roots, start | {leaf: terms.number(at)}, program, budget)
            smooth = not any(program.deciders[number][1] in left for number in home.open)
            if home.sight.apart is not None and smooth and (found := home.witness()).right is not None:
                return found
    return None


def _met(terms: Terms, one: int, other: int, start: Mapping[int, int], leaf: int) -> Fraction | None:
    """The value of a leaf at which two terms are equal, exactly, the others staying where they are; only where they differ by a line."""
    gaps = []
    for value in map(Fraction, range(3)):
        instead = {**start, leaf: terms.number(value)}
        known = exactly(terms, [*terms.below(instead.values()), *terms.below([one, other], instead.__contains__)], instead)
        first, second = (known.get(instead.get(each, each)) for each in (one, other))
        if first is None or second is None:
            return None
        gaps.append(first - second)
        if not gaps[-1]:
            return value
    slope = gaps[1] - gaps[0]
    return -gaps[0] / slope if slope and gaps[2] - gaps[1] == slope else None
