"""Where a point sits on a corner there is no derivative: any value between those on both sides is right by some convention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

from backprop_cli.equality.decide import Status, values
from backprop_cli.homework import numbers
from backprop_cli.homework.board import TRUTH, Board, Ids
from backprop_cli.homework.comparing import Comparer, OutOfTime
from backprop_cli.homework.formulas import moving
from backprop_cli.homework.lowering import Misfit
from backprop_cli.homework.shapes import fit
from backprop_cli.homework.sitting import Line, Sitting
from backprop_cli.homework.verdicts import Verdict
from backprop_cli.lang.syntax import Expr
from backprop_cli.oracles.opinion import NoOpinion

MESSAGE = "the point sits on a corner, where there is no derivative: yours lies between the slopes on its sides"
_PAIRS = 8  # directions, each tried both ways
_DIGITS = (80, 400)
_AWAY = Fraction(1, 10**25)
_JUMP = Fraction(1, 10**9)  # relative; what moves less goes along with the point
_MOST_LEAVES = 500
Home = Mapping[str, int]


def by_another_convention(sitting: Sitting, line: Line) -> bool:
    """Whether a derivative that is not the one of our convention is one between the slopes beside the point."""
    target, truth = line.answer.target, line.truth
    wrong = line.found.verdict is Verdict.WRONG and line.found.how not in ("form", "shapes")
    if target.kind != "derivative" or not wrong or truth is None:
        return False
    comparer = sitting.comparer(line.answer)
    try:
        beside = _beside(sitting.board, comparer, truth)
        return bool(beside) and all(_between(comparer, truth, tree, beside) for tree in line.answer.links)
    except (NoOpinion, OutOfTime):
        return False


def _between(comparer: Comparer, truth: Ids, tree: Expr, beside: list[tuple[Home, list[Fraction]]]) -> bool:
    """Whether a right side is the truth beside the point, if it is a formula, and lies between its values there at the point itself."""
    try:
        claimed, _ = fit(truth, comparer.formulas(TRUTH).terms_of(tree))
    except Misfit:
        return False
    own = comparer.known(claimed.ravel().tolist())
    for at, theirs in enumerate(own):
        sides = [found[at] for _, found in beside]
        slack = comparer.measure.reach * max(map(abs, sides))
        if theirs is None or not min(sides) - slack <= theirs <= max(sides) + slack:
            return False
    return not moving(tree) or _right_beside(comparer, truth, claimed, beside)


def _right_beside(comparer: Comparer, truth: Ids, claimed: Ids, beside: list[tuple[Home, list[Fraction]]]) -> bool:
    """Whether a formula is the truth on every side of the corner."""
    pairs = list(zip(truth.ravel().tolist(), claimed.ravel().tolist(), strict=True))
    different = {tuple(round(each, 12) for each in found): home for home, found in beside}
    regions = [replace(comparer.region, home=home) for home in different.values()]
    return all(comparer.asked(pairs, region).status in (Status.EQUAL, Status.EQUAL_HERE) for region in regions)


def _beside(board: Board, comparer: Comparer, truth: Ids) -> list[tuple[Home, list[Fraction]]]:
    """Points around this one with the values of the truth there; none where it does not jump."""
    flat = truth.ravel().tolist()
    if not comparer.placed(truth):
        return []
    here = comparer.known(flat)
    found: list[tuple[Home, list[Fraction]]] = []
    for home in _around(board, comparer, flat):
        there = _known(board, flat, home)
        if len(there) < len(flat):
            return []
        found.append((home, there))
        if len(found) == 2 and not any(_jumps(here, sides) for _, sides in found):
            return []  # across a corner one of two opposite ways has another slope
    return found


def _jumps(here: Sequence[Fraction | None], there: Sequence[Fraction]) -> bool:
    return any(a is not None and abs(a - b) > _JUMP * max(abs(a), abs(b)) for a, b in zip(here, there, strict=True))


def _known(board: Board, flat: list[int], home: Home) -> list[Fraction]:
    """The values at a point that are sure."""
    for digits in _DIGITS:
        balls = [ball for ball in values(board.terms, flat, home, digits) if ball is not None and ball.sharp]
        if len(balls) == len(flat):
            break
    return [numbers.fraction(ball.mid) for ball in balls]


def _around(board: Board, comparer: Comparer, flat: list[int]) -> Iterator[Home]:
    """Points next to this one: every leaf that may vary moved a little, in random directions and straight against them."""
    terms, random = board.terms, Random(0)
    labels = {key for row in comparer.region.one_hot for key in row}
    leaves = [key for key in terms.leaves(terms.basic(flat)) if key not in comparer.region.fixed | labels]
    if len(leaves) > _MOST_LEAVES:
        return
    for _ in range(_PAIRS):
        steps = [_AWAY * random.randint(1_000, 9_999) * random.choice((1, -1)) for _ in leaves]
        for way in (1, -1):
            moved = {key: terms.apply("+", comparer.home[key], terms.number(way * step)) for key, step in zip(leaves, steps, strict=True)}
            yield {**comparer.home, **moved}
