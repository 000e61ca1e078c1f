"""Formulas with decimals of three digits or more: each may stand for any number that rounds to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from fractions import Fraction
from typing import Protocol

from backprop_cli.equality.decide import Decision, Region, Status, values
from backprop_cli.equality.slopes import gradient
from backprop_cli.homework import numbers
from backprop_cli.homework.board import Board
from backprop_cli.homework.formulas import Formulas, rounded_literals
from backprop_cli.homework.shapes import fit
from backprop_cli.homework.world import Ids, World
from backprop_cli.lang.syntax import Expr
from backprop_cli.oracles.opinion import NoOpinion

_DIGITS = 50
_MOST = 6
_MUCH = 20_000  # literals times entries
_ALIKE = Fraction(1, 10**25)
# Rounded decimals by their spelling: each with its value and how far what it stands for may lie from it.
Literals = Mapping[str, tuple[Fraction, Fraction]]


class Measures(Protocol):
    """How strictly claims are compared."""

    @property
    def digits(self) -> int: ...
    @property
    def reach(self) -> Fraction: ...


class Compares(Protocol):
    """What is needed of a comparer."""

    board: Board
    region: Region
    home: dict[str, int]

    @property
    def measure(self) -> Measures: ...

    def formulas(self, world: World, literals: Mapping[str, int] | None = None, direct: bool = False) -> Formulas: ...
    def decided(self, truth: Ids, claimed: Ids) -> Decision: ...
    def known(self, ids: list[int]) -> list[Fraction | None]: ...
    def placed(self, ids: Ids) -> bool: ...


def rounded_formula(comparer: Compares, truth: Ids, tree: Expr, world: World) -> tuple[str, ...] | None:
    """The layer that decided and notes where a formula is right for some numbers that its decimals round; else None."""
    literals = rounded_literals(tree)
    if not literals or len(literals) > _MOST or not _steady(comparer, truth, tree, world, literals):
        return None
    terms = comparer.board.terms
    simple = dict(numbers.simple_readings(tree))
    claimed = _read(comparer, tree, world, {text: terms.number(value) for text, value in simple.items()}, truth)
    if claimed is not None:
        found = comparer.decided(truth, claimed)
        if found.status in (Status.EQUAL, Status.EQUAL_HERE):
            here = ("right where the point is, not everywhere",) if found.status is Status.EQUAL_HERE else ()
            return found.how, "reading " + ", ".join(f"{text} as {value}" for text, value in simple.items()), *here
    if len(literals) == 1:
        ((text, about),) = literals.items()
        if _stands_for_one_number(comparer, truth, tree, world, text, about):
            return "50 digits", f"reading {text} as a rounded constant"
    return None


def rounded_here(comparer: Compares, truth: Ids, tree: Expr, claimed: Ids, world: World) -> bool:
    """Whether a formula has the right value at the point, within the rounding of its decimals, and the digits that are asked."""
    if not rounded_literals(tree) or not comparer.placed(truth) or not comparer.placed(claimed):
        return False
    loose = slack(comparer, tree, claimed.size, world)
    known = comparer.known([*truth.ravel().tolist(), *claimed.ravel().tolist()])
    threes = zip(known[: claimed.size], known[claimed.size :], loose, strict=True)
    return all(
        true is not None and own is not None and abs(true - own) <= numbers.trusted(most, true, comparer.measure.digits)
        for true, own, most in threes
    )


def rounded_alike(comparer: Compares, truth: Ids, tree: Expr, world: World, rounding: Fraction) -> bool:
    """Whether a formula is right but for its one decimal, and that as near to the right one as rounding brings it."""
    literals = rounded_literals(tree)
    if len(literals) != 1:
        return False
    ((text, (value, half)),) = literals.items()
    return _stands_for_one_number(comparer, truth, tree, world, text, (value, max(half, rounding * abs(value))))


def slack(comparer: Compares, tree: Expr, count: int, world: World) -> list[Fraction]:
    """How far rounded decimals inside constant formulas may move each of `count` entries."""
    literals = rounded_literals(tree)
    nothing = [Fraction(0)] * count
    if not literals or len(literals) * count > _MUCH:
        return nothing
    try:
        ids = comparer.formulas(world, _leaves(comparer, literals)).terms_of(tree).ravel().tolist()
    except NoOpinion:
        return nothing
    return [found[0] for found in _moved(comparer, ids, literals, [comparer.home])] if len(ids) == count else nothing


def _leaves(comparer: Compares, literals: Literals) -> dict[str, int]:
    return {text: comparer.board.terms.leaf(_key(text)) for text in literals}


def _moved(comparer: Compares, ids: Sequence[int], literals: Literals, points: Sequence[Mapping[str, int]]) -> list[list[Fraction]]:
    """How far literals, which are leaves of terms, may move each of these at each point, in first order."""
    terms = comparer.board.terms
    leaves = _leaves(comparer, literals)
    halves = {leaf: half for leaf, (_, half) in zip(leaves.values(), literals.values(), strict=True)}
    written = {_key(text): terms.number(value) for text, (value, _) in literals.items()}
    steep: list[tuple[int, int, Fraction]] = []  # which term, its slope by a literal, and how far that may lie off
    for at, term in enumerate(ids):
        slopes = gradient(terms, term, leaves.values())
        steep.extend((at, slope, halves[leaf]) for leaf, slope in slopes.items() if terms.value(slope) != 0)
    found = [[Fraction(0)] * len(points) for _ in ids]
    for number, point in enumerate(points):
        balls = values(terms, [slope for _, slope, _ in steep], {**point, **written}, _DIGITS)
        for ball, (at, _, half) in zip(balls, steep, strict=True):
            if ball is not None:
                found[at][number] += abs(numbers.fraction(ball.mid)) * half
    return found


def _steady(comparer: Compares, truth: Ids, tree: Expr, world: World, literals: Literals) -> bool:
    """Whether what literals round away is small beside the truth: in `1e9*0.123*x - 122999999*x` it is everything."""
    claimed = _read(comparer, tree, world, _leaves(comparer, literals), truth)
    if claimed is None:
        return False
    terms = comparer.board.terms
    pairs = list(zip(truth.ravel().tolist(), claimed.ravel().tolist(), strict=True))
    keys = {_key(text) for text in literals}
    points = _points(comparer, terms.leaves(terms.basic([each for pair in pairs for each in pair])), keys)
    for true, own in pairs:
        due = [values(terms, [true], point, _DIGITS)[0] for point in points]
        largest = max((abs(numbers.fraction(ball.mid)) for ball in due if ball is not None), default=None)
        if largest is not None and max(_moved(comparer, [own], literals, points)[0]) > comparer.measure.reach * largest:
            return False
    return True


def _key(text: str) -> str:
    return f"(about {text})"


def _read(comparer: Compares, tree: Expr, world: World, literals: Mapping[str, int], truth: Ids) -> Ids | None:
    try:
        return fit(truth, comparer.formulas(world, literals).terms_of(tree))[0]
    except NoOpinion:
        return None


def _stands_for_one_number(comparer: Compares, truth: Ids, tree: Expr, world: World, text: str, about: tuple[Fraction, Fraction]) -> bool:
    """Whether one number that rounds to a literal makes the formula right at every point tried: it is solved for at each."""
    terms = comparer.board.terms
    leaf = terms.leaf(_key(text))
    claimed = _read(comparer, tree, world, {text: leaf}, truth)
    if claimed is None:
        return False
    pairs = list(zip(truth.ravel().tolist(), claimed.ravel().tolist(), strict=True))
    found: list[Fraction] = []
    for point in _points(comparer, terms.leaves(terms.basic([each for pair in pairs for each in pair])), {_key(text)}):
        for true, own in pairs:
            if leaf in terms.below([own]):
                solved = _solved(comparer, (true, own, leaf), point, _key(text), about)
                if solved is None:
                    return False
                found.append(solved)
            elif not _alike(comparer, true, own, point):
                return False
    return bool(found) and all(abs(each - found[0]) <= _ALIKE * abs(found[0]) for each in found)


def _points(comparer: Compares, keys: Sequence[str], without: Set[str]) -> list[dict[str, int]]:
    """The point and three more around it, or four anywhere where there is none."""
    terms = comparer.board.terms
    points = []
    for number in range(4):
        point: dict[str, int] = {}
        for at, key in enumerate(each for each in keys if each not in without):
            if key in comparer.home and (number == 0 or key in comparer.region.fixed):
                point[key] = comparer.home[key]
                continue
            factor = Fraction(1000 + 37 * number + 11 * ((at * 7 + number * 3) % 13), 1000)
            value = terms.value(comparer.home[key]) if key in comparer.home else Fraction(3 + at % 4, 4)
            point[key] = terms.number((value if value is not None else Fraction(3, 2)) * factor)
        points.append(point)
    return points


def _alike(comparer: Compares, true: int, own: int, point: Mapping[str, int]) -> bool:
    first, second = values(comparer.board.terms, [true, own], point, _DIGITS)
    if first is None or second is None:
        return False
    return abs(numbers.fraction(first.mid) - numbers.fraction(second.mid)) <= numbers.SAME * abs(numbers.fraction(first.mid))


def _solved(
    comparer: Compares, about: tuple[int, int, int], point: Mapping[str, int], key: str, literal: tuple[Fraction, Fraction]
) -> Fraction | None:
    """The value of a literal that makes two terms equal at a point, by Newton's method; None where it does not round to it."""
    terms = comparer.board.terms
    true, own, leaf = about
    slope = gradient(terms, own, [leaf])[leaf]
    middle, half = literal
    value = middle
    for _ in range(7):
        here = {**point, key: terms.number(value)}
        first, second, rise = values(terms, [true, own, slope], here, _DIGITS)
        if first is None or second is None or rise is None or not rise.mid:
            return None
        value += (numbers.fraction(first.mid) - numbers.fraction(second.mid)) / numbers.fraction(rise.mid)
        value = Fraction(round(value * 2**200), 2**200)
        if abs(value - middle) > 2 * half:
            return None
    return value if abs(value - middle) <= half else None
