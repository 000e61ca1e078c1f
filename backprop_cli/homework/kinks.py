"""Where a point sits on a corner there is no derivative: one of another convention than ours is right too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from itertools import combinations, islice, product
from math import prod
from random import Random

import numpy as np

from backprop_cli.equality.decide import values
from backprop_cli.equality.program import COMPARISONS
from backprop_cli.equality.terms import NUMBER, Terms
from backprop_cli.homework import numbers
from backprop_cli.homework.board import Board
from backprop_cli.homework.comparing import Comparer, OutOfTime
from backprop_cli.homework.following import usable_for
from backprop_cli.homework.formulas import moving, read_as_products, rounded_literals, symbolic
from backprop_cli.homework.lowering import Misfit
from backprop_cli.homework.shapes import fit
from backprop_cli.homework.sitting import Line, Sitting
from backprop_cli.homework.standing import readings, with_quotients
from backprop_cli.homework.verdicts import Verdict
from backprop_cli.homework.world import TRUTH, Ids
from backprop_cli.lang.syntax import Expr
from backprop_cli.oracles.opinion import NoOpinion

HERE = "agrees at this point alone, by another convention at the corner"
MESSAGE = "the point sits on a corner, where there is no derivative: this is one by another convention"
_MOST = 27  # conventions that are tried one by one; beyond, the same one at every corner
_MOST_LEAVES, _MOST_SEGMENTS = 500, 400
_PAIRS, _AXES, _ENOUGH, _DIGITS = 3, 12, 8, (80, 400)
_DISTANCES = (Fraction(1, 1000), Fraction(1, 20), Fraction(1), Fraction(7))  # at which a formula is compared
_AWAY, _SAME, _NEAR = Fraction(1, 10**25), Fraction(1, 10**9), Fraction(1, 20)
Home = Mapping[str, int]
_Place = tuple[Home, list[Fraction]]
Instead = Mapping[int, int]
Right = Callable[[Sitting, Line, Expr, Ids], bool]


@dataclass(frozen=True, slots=True, eq=False)
class _Other:
    """The derivative by a convention: terms, their values at the point, and whether these lie outside the slopes beside it."""

    ids: Ids
    values: list[Fraction]
    outside: bool = False


@dataclass(slots=True, eq=False)
class _Corners:
    """The comparisons of equals: by what is compared, with the sign of the difference; and by the largest or smallest that several are."""

    sides: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)
    ties: dict[int, list[int]] = field(default_factory=dict)


def by_another_convention(sitting: Sitting, line: Line, right: Right) -> tuple[Verdict, str] | None:
    """The verdict on a derivative that is not the one of our convention where it is that of another one, and why; else None.

    `right` compares a right side with what is due.
    """
    target, truth = line.answer.target, line.truth
    wrong = line.found.verdict is Verdict.WRONG and line.found.how not in ("form", "shapes")
    if target.kind != "derivative" or not wrong or truth is None or line.found.claimed is None or target.of is None:
        return None
    board, comparer, links = sitting.board, sitting.comparer(line.answer), line.answer.links
    try:
        corners = _corners(board, comparer, truth, target.wrt or "") if comparer.placed(truth) else _Corners()
        if not corners.sides and not corners.ties:
            return None
        # What is right whatever stands for a derivative, as `dL/dh*dh/dz`, keeps to any convention.
        told = [tree for tree in links if not (symbolic(tree) and right(sitting, line, tree, truth))]
        claims = [comparer.known(_read(comparer, truth, tree).ravel().tolist()) for tree in told]
        beside = _around(board, comparer, board.values[target.wrt or ""], (_AWAY,), axes=_AXES if truth.size == 1 else 0)
        others = _others(board, comparer, truth, corners, target.of, [found for _, found in _known_at(board, truth, beside)])
        places = cache(lambda: list(_known_at(board, truth, _around(board, comparer, truth, _DISTANCES))))
        found = None
        for other in [*others[1:], *_between(board, others, claims[0])] if told else []:
            if all(_near(other, claim) for claim in claims):
                if all(_holds(sitting, line, tree, other, places, right) for tree in told):
                    return Verdict.CONVENTION, MESSAGE
                if all(_agrees(other, tree, claim) for tree, claim in zip(told, claims, strict=True)):
                    found = Verdict.CORRECT_AT_POINT, HERE
        return found
    except (NoOpinion, OutOfTime):
        return None


def _read(comparer: Comparer, truth: Ids, tree: Expr) -> Ids:
    """A right side in the shape of the truth, in the first of its readings that has it. Raises NoOpinion where none has."""
    other = read_as_products(tree)
    readings = [(each, columns) for each in (tree, other) if each is not None for columns in (False, True)]
    for each, columns in readings:
        try:
            return fit(truth, comparer.formulas(TRUTH, columns=columns).terms_of(each))[0]
        except Misfit as error:
            last = error
    raise last


# ---- other conventions ----


def _corners(board: Board, comparer: Comparer, truth: Ids, by: str) -> _Corners:
    """The comparisons in a truth whose two sides are equal at the point and do not move together, or not at all, with a name."""
    terms = board.terms
    found = [
        (each, *(terms.operands[each] if terms.heads[each] != "sign" else (terms.operands[each][0], terms.number(0))))
        for each in terms.below(truth.ravel().tolist())
        if terms.heads[each] in COMPARISONS or terms.heads[each] == "sign"
    ]
    # A comparison with a comparison is a condition, that of `where`.
    plain = [each for each in found if not {terms.heads[each[1]], terms.heads[each[2]]} & COMPARISONS]
    moved = set(board.values[by].ravel().tolist())
    for each in terms.below([side for _, *both in plain for side in both]):
        if not moved.isdisjoint(terms.operands[each]):
            moved.add(each)
    plain = [each for each in plain if each[1] != each[2] and not moved.isdisjoint(each[1:])]
    gaps = comparer.known([terms.apply("-", left, right) for _, left, right in plain])
    corners = _Corners()
    for (each, left, right), gap in zip(plain, gaps, strict=True):
        if gap != 0:
            continue
        best = next((one for one, other in ((right, left), (left, right)) if _one_of(terms, other, one)), None)
        if terms.heads[each] == "==" and best is not None:
            corners.ties.setdefault(best, []).append(each)
            continue
        turned = terms.heads[left] == NUMBER or (right, left) in corners.sides
        pair = (right, left) if turned else (left, right)
        corners.sides.setdefault(pair, []).append((each, -1 if turned else 1))
    return corners


def _one_of(terms: Terms, term: int, best: int) -> bool:
    """Whether a term is the largest or smallest of several, of which another is one."""
    return terms.heads[best] in ("maximum", "minimum") and len(terms.operands[best]) > 2 and term in terms.operands[best]


def _choices(board: Board, corners: _Corners, single: bool) -> Iterator[Instead]:
    """What the comparisons may be taken for: ours first, then one side or the other of a corner, and one winner of a tie.

    For a number every corner by itself, as its slopes do; for an array the same at all corners of a kind, as a convention does.
    """
    terms = board.terms
    kinds: dict[object, list[tuple[int, int]]] = {}
    for pair, found in corners.sides.items():
        kind = pair if single else frozenset(terms.heads[each] for each, _ in found)
        kinds.setdefault(kind, []).extend(found)
    sides: list[list[Instead]] = [
        [{}, *({each: terms.number(_said(terms.heads[each], way * sign)) for each, sign in found} for way in (1, -1))]
        for found in kinds.values()
    ]
    ties: list[list[Instead]] = [
        [{}, *({each: terms.number(int(each == winner)) for each in tied} for winner in tied)] for tied in corners.ties.values()
    ]
    if prod(map(len, [*sides, *ties])) <= _MOST and (single or len(ties) < 2):
        chosen: Iterator[Sequence[Instead]] = product(*sides, *ties)
    else:
        alike = product((0, 1, 2), (0, 1, -1))
        chosen = ([*(each[way] for each in sides), *(each[winner] for each in ties)] for way, winner in alike)
    for parts in chosen:
        yield {term: value for part in parts for term, value in part.items()}


def _said(head: str, sign: int) -> int:
    """What a comparison says of a difference with that sign."""
    if head == "sign":
        return sign
    return int(head == "!=" or head[0] == (">" if sign > 0 else "<"))


def _others(board: Board, comparer: Comparer, truth: Ids, corners: _Corners, of: str, sides: Sequence[Sequence[Fraction]]) -> list[_Other]:
    """The derivative by each convention, ours first; where all sides agree, and for a single number, none that lies outside them."""
    terms, flat = board.terms, truth.ravel().tolist()
    own = board.values[of].ravel().tolist()
    made: dict[tuple[Fraction, ...], _Other] = {}
    ours = comparer.known(flat)
    if all(not any(map(_apart, found, ours)) for found in sides):
        sides = []  # no leaf leaves the corner
    for instead in _choices(board, corners, len(flat) == 1):
        ids = terms.rewritten([*flat, *own], instead)
        found = comparer.known([*ids, *own])
        known = [each for each in found if each is not None]
        there, before, after = known[: len(flat)], known[len(flat) : -len(own)], known[-len(own) :]
        if len(known) < len(found) or before != after:  # another branch, not another slope
            continue
        outside = any(
            (len(flat) == 1 or max(beside) - min(beside) <= _SAME * max(map(abs, beside)))
            and not min(beside) - _SAME * abs(value) <= value <= max(beside) + _SAME * abs(value)
            for value, beside in zip(there, zip(*sides, strict=True), strict=False)
        )
        if not made or not outside:
            # Of two ways to the same values the later one, in which no comparison is left, mixes better.
            made[tuple(there)] = _Other(np.array(ids[: len(flat)], dtype=np.int64).reshape(truth.shape), there, outside)
    if sides and not any(_apart(a, b) for each in sides for a, b in zip(each, sides[0], strict=True)):
        there = [numbers.simplest(each - _SAME * abs(each), each + _SAME * abs(each)) for each in sides[0]]  # corners that cancel
        made.setdefault(tuple(there), _Other(np.array([terms.number(each) for each in there], dtype=np.int64).reshape(truth.shape), there))
    return list(made.values())


def _apart(one: Fraction, two: Fraction | None) -> bool:
    return two is None or abs(one - two) > _SAME * max(abs(one), abs(two))


def _between(board: Board, others: Sequence[_Other], claim: Sequence[Fraction | None]) -> Iterator[_Other]:
    """The mixture of two conventions that a claim would be, as half of both at `relu'(0) = 1/2`."""
    terms = board.terms
    for one, two in islice(combinations([each for each in others if not each.outside], 2), _MOST_SEGMENTS):
        widths = [b - a for a, b in zip(one.values, two.values, strict=True)]
        at = max(range(len(widths)), key=lambda i: abs(widths[i]))
        value = claim[at]
        share = Fraction(0) if value is None or not widths[at] else (value - one.values[at]) / widths[at]
        mixed = _Other(one.ids, [a + share * width for a, width in zip(one.values, widths, strict=True)])
        if 0 < share < 1 and _near(mixed, claim):
            pairs = zip(one.ids.ravel().tolist(), two.ids.ravel().tolist(), strict=True)
            ids = [terms.total([terms.apply("*", terms.number(1 - share), a), terms.apply("*", terms.number(share), b)]) for a, b in pairs]
            yield replace(mixed, ids=np.array(ids, dtype=np.int64).reshape(one.ids.shape))


# ---- comparing ----


def _near(other: _Other, claim: Sequence[Fraction | None]) -> bool:
    """Whether it is worth a closer look."""
    return all(own is not None and abs(own - due) <= _NEAR * abs(due) for own, due in zip(claim, other.values, strict=True))


def _agrees(other: _Other, tree: Expr, claim: Sequence[Fraction | None]) -> bool:
    """Whether a right side has the values that another convention gives, to the digits that are written."""
    rounding = _SAME + sum((half / abs(value) for value, half in rounded_literals(tree).values() if value), Fraction(0))
    return all(own is not None and abs(own - due) <= rounding * abs(due) for own, due in zip(claim, other.values, strict=True))


def _holds(sitting: Sitting, line: Line, tree: Expr, other: _Other, places: Callable[[], Sequence[_Place]], right: Right) -> bool:
    """Whether a right side is what another convention gives; or the truth on all sides of the corner, with that value on it."""
    if any(right(sitting, line, each, other.ids) for each in (tree, read_as_products(tree)) if each is not None):
        return True
    if not moving(tree) or line.truth is None or len(places()) < _ENOUGH:
        return False
    plain, whole = sitting.comparer(line.answer), with_quotients(tree)
    stands = readings(sitting.board, usable_for(sitting.slips, line.answer.target), whole)
    for comparer in (plain, *(plain.reading(each) for each in stands)):
        claimed = _read(comparer, line.truth, whole)
        if _agrees(other, tree, comparer.known(claimed.ravel().tolist())) and _right_at(sitting.board, claimed, places()):
            return True
    return False


def _right_at(board: Board, claimed: Ids, places: Sequence[_Place]) -> bool:
    there = [found for _, found in _known_at(board, claimed, [home for home, _ in places])]
    return len(there) == len(places) and not any(any(map(_apart, due, own)) for (_, due), own in zip(places, there, strict=True))


def _known_at(board: Board, ids: Ids, homes: Iterable[Home]) -> Iterator[_Place]:
    """Points with the values of terms there, those where all have one that is sure."""
    flat = ids.ravel().tolist()
    for home in homes:
        for digits in _DIGITS:
            balls = [ball for ball in values(board.terms, flat, home, digits) if ball is not None and ball.sharp]
            if len(balls) == len(flat):
                yield home, [numbers.fraction(ball.mid) for ball in balls]
                break


def _around(board: Board, comparer: Comparer, truth: Ids, distances: Sequence[Fraction], axes: int = 0) -> Iterator[Home]:
    """Points around this one: leaves that may vary moved one by one, some of them, and all in random directions, each way."""
    terms, random = board.terms, Random(0)
    labels = {key for row in comparer.region.one_hot for key in row}
    leaves = [key for key in terms.leaves(terms.basic(truth.ravel().tolist())) if key not in comparer.region.fixed | labels]
    if len(leaves) > _MOST_LEAVES:
        return
    for distance in distances:
        ways = [{key: distance} for key in leaves[:: max(1, len(leaves) // axes)]] if axes else []
        ways += [
            {key: distance * Fraction(random.randint(100, 999), 500) * random.choice((1, -1)) for key in leaves} for _ in range(_PAIRS)
        ]
        for steps in ways:
            for way in (1, -1):
                moved = {key: terms.apply("+", comparer.home[key], terms.number(way * step)) for key, step in steps.items()}
                yield {**comparer.home, **moved}
