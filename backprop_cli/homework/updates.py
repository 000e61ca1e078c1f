"""Updates of gradient descent: `w_new = w - rate*dL/dw`, the rate given, written in the update, or found from it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from backprop_cli.equality.decide import values
from backprop_cli.homework import numbers
from backprop_cli.homework.board import Board
from backprop_cli.homework.chains import UNLIKE, same_step
from backprop_cli.homework.compared import EXACT, ROUNDED_HERE, Compared
from backprop_cli.homework.comparing import Comparer
from backprop_cli.homework.following import lines_of, usable_for, world_of, worlds
from backprop_cli.homework.formulas import half_unit, read_as_products, symbols
from backprop_cli.homework.rounded import slack as moved_by_rounding
from backprop_cli.homework.shapes import fit
from backprop_cli.homework.standing import readings
from backprop_cli.homework.targets import own_rate, rates
from backprop_cli.homework.verdicts import Verdict
from backprop_cli.homework.world import TRUTH, Ids, World
from backprop_cli.lang.answers_syntax import Answer
from backprop_cli.lang.syntax import Apply, Brackets, Expr, Name, Number, Part, children, names_in, postorder
from backprop_cli.oracles.opinion import NoOpinion

if TYPE_CHECKING:
    from backprop_cli.homework.sitting import Line, Sitting

_DIGITS = 50
# A rate that is found from an update has a denominator up to this.
_SIMPLE = 30
_LARGEST = Fraction(10**6)  # nobody means a larger one
# A number in an update is its rate if it is as near, relatively, to the one that is found.
_NEAR = 20
UNKNOWN = "the rate is not known: give it with --rate"
UNMOVED = "this does not move: the rate times the gradient is to be subtracted"
UNEVEN = "no single rate makes this step from the gradient"
WITH_PLUS = "goes up the slope: descent subtracts the rate times the gradient"


def judged(sitting: Sitting, answer: Answer) -> Line:
    """An update line. The gradient is the true one, or the student's own earlier answer."""
    names = rates(frozenset(sitting.board.values) | frozenset(sitting.board.broken))
    extra = tuple(dict.fromkeys(name for tree in answer.links for name in names_in(tree) if name in names))
    comparer = sitting.comparer(answer, extra)
    line: Line | None = None
    last: tuple[Compared, Expr] | None = None
    for number, tree in enumerate(answer.links, 1):
        found, truth, world = _link(sitting, answer, tree, comparer, extra)
        if last is not None and not same_step(comparer, last, found):
            found = Compared(Verdict.WRONG, "value", UNLIKE, claimed=found.claimed, numeric=found.numeric)
        last = found, tree
        line = sitting.line(answer, tree, found, truth, world, broken=number if len(answer.links) > 1 else None)
        if found.verdict not in (Verdict.CORRECT, Verdict.FOLLOW_THROUGH):
            return line
    assert line is not None
    return sitting.line(answer, line.tree, line.found, line.truth, line.world)


def _link(sitting: Sitting, answer: Answer, tree: Expr, comparer: Comparer, extra: tuple[str, ...]) -> tuple[Compared, Ids | None, World]:
    tree, (first, truth) = _read(sitting, answer, tree, comparer, extra)
    if first.verdict not in (Verdict.WRONG, Verdict.CORRECT_AT_POINT) and first.message != UNKNOWN:
        return first, truth, TRUTH
    assert answer.target.of is not None
    usable = usable_for(sitting.slips, answer.target)
    for stands in readings(sitting.board, usable, tree):
        found, _ = _against(sitting, answer, tree, comparer.reading(stands), extra, TRUTH)
        if found.right and all(slip.right for slip in stands.slips):
            note = f"right given the number of line {lines_of(stands.slips)}"
            return replace(found, notes=(*found.notes, note)), truth, TRUTH
    gradient = (sitting.board.output, answer.target.of)
    own = [slip for slip in usable if (slip.of, slip.by) == gradient]
    for slips in [*([own] if own else []), *worlds(sitting.wrong, answer.target)]:
        world = world_of(sitting.board, slips)
        found, _ = _against(sitting, answer, tree, comparer, extra, world)
        wrong = [slip for slip in slips if not slip.right]
        if found.right and wrong:
            told = f"right given the answer of line {lines_of(wrong)}"
            carried = Compared(Verdict.FOLLOW_THROUGH, found.how, told, found.notes, claimed=found.claimed, numeric=found.numeric)
            return carried, truth, world
        if found.right:
            note = f"right given the number of line {lines_of(slips)}"
            return replace(found, notes=(*found.notes, note)), truth, TRUTH
    return first, truth, TRUTH


def _read(
    sitting: Sitting, answer: Answer, tree: Expr, comparer: Comparer, extra: tuple[str, ...]
) -> tuple[Expr, tuple[Compared, Ids | None]]:
    """A right side, brackets read as an index or else as a factor, and how it compares."""
    other = read_as_products(tree)
    try:
        found = _against(sitting, answer, tree, comparer, extra, TRUTH)
    except NoOpinion:
        if other is None:
            raise
        return other, _against(sitting, answer, other, comparer, extra, TRUTH)
    if other is None or found[0].right:
        return tree, found
    second = _against(sitting, answer, other, comparer, extra, TRUTH)
    return (other, second) if second[0].right else (tree, found)


def _against(
    sitting: Sitting, answer: Answer, tree: Expr, comparer: Comparer, extra: tuple[str, ...], world: World
) -> tuple[Compared, Ids | None]:
    """An update against `w - rate*gradient`, with the gradient that holds in a world."""
    board = sitting.board
    of = answer.target.of
    assert of is not None
    assert board.output is not None
    old, slope = board.value(of, world), board.derivative(board.output, of, world)
    if answer.target.index is not None:
        old, slope = np.asarray(old[answer.target.index]), np.asarray(slope[answer.target.index])
    reading = world if comparer.stands else _at_home(board, of, tree, world, extra)
    for columns in (False, True):
        formulas = comparer.formulas(reading, columns=columns)
        claimed = fit(old, formulas.terms_of(tree))[0]
        rate, why = _rate(sitting, comparer, (old, slope, claimed), extra, tree)
        if rate is not None or not formulas.transposed:
            break
    if rate is None:
        return Compared(Verdict.UNDECIDED if why == UNKNOWN else Verdict.WRONG, "", why, claimed=claimed), None
    if reading is not world:
        old, slope = _valued(board, old), _valued(board, slope)
    truth = moved(board, old, slope, rate, "-")
    found = comparer.compare(truth, tree, reading, Fraction(1, 10**6) if _rough(board, world) else EXACT)
    number = board.terms.value(rate)
    if found.right:
        if number is not None and not extra and sitting.rules.rate is None:
            sitting.rate = number
            told = (*found.notes, f"with the rate {_decimal(number)}")
            return Compared(Verdict.CORRECT, found.how, found.message, told, claimed=found.claimed, numeric=found.numeric), truth
        return found, truth
    if comparer.compare(moved(board, old, slope, rate, "+"), tree, reading).right:
        return Compared(Verdict.WRONG, found.how, WITH_PLUS, example=found.example, claimed=found.claimed, numeric=found.numeric), truth
    written = number in _literals(tree) and (found.message == ROUNDED_HERE or _steps_from(of, tree))
    if found.verdict is Verdict.CORRECT_AT_POINT and number is not None and sitting.rules.rate is None and not written:
        # The rate was found so that the point agrees.
        return Compared(Verdict.WRONG, found.how, "", found.notes, found.example, found.claimed, found.numeric), truth
    return found, truth


def _at_home(board: Board, of: str, tree: Expr, world: World, extra: tuple[str, ...]) -> World:
    """The world in which an update is read: the old value is a number where it stands among numbers alone, as in `w - 0.1*18`."""
    home = [board.home.get(str(board.terms.data[each])) for each in board.values[of].ravel().tolist()]
    if not isinstance(tree, Apply) or tree.head not in ("+", "-") or symbols(tree) or None in home or of in world.values:
        return world
    first, rest = tree.operands[0], tree.operands[-1]
    if not isinstance(first, Name) or first.id != of or not set(names_in(rest)) <= set(extra):
        return world
    return replace(world, values={**world.values, of: np.array(home, dtype=np.int64).reshape(board.values[of].shape)})


def _valued(board: Board, ids: Ids) -> Ids:
    """Terms with the values of the leaves in their places."""
    leaves = [each for name in board.leaves for each in board.values[name].ravel().tolist()]
    instead = {each: board.home[key] for each in leaves if (key := str(board.terms.data[each])) in board.home}
    return np.array(board.terms.rewritten(ids.ravel().tolist(), instead), dtype=np.int64).reshape(ids.shape)


def moved(board: Board, old: Ids, slope: Ids, rate: int, sign: str) -> Ids:
    """The old values less (or plus) the rate times the gradient."""
    terms = board.terms
    flat = [
        terms.apply(sign, each, terms.apply("*", rate, by)) for each, by in zip(old.ravel().tolist(), slope.ravel().tolist(), strict=True)
    ]
    return np.array(flat, dtype=np.int64).reshape(old.shape)


def _rate(sitting: Sitting, comparer: Comparer, step: tuple[Ids, Ids, Ids], extra: tuple[str, ...], tree: Expr) -> tuple[int | None, str]:
    """The rate as a term: named in the update, given, or found from it (old values, gradient, values claimed); else None, and why."""
    terms, claimed = sitting.board.terms, step[2]
    if len(extra) == 1:
        return terms.leaf(extra[0]), ""
    declared = own_rate(sitting.board)
    own = int(sitting.board.values[declared]) if declared else None
    if declared in names_in(tree):
        return own, ""
    if sitting.rules.rate is not None:
        return terms.number(sitting.rules.rate), ""
    numeric = not any(terms.moved[each] for each in claimed.ravel().tolist())
    if numeric and (own is not None or sitting.rate is not None):
        return terms.number(sitting.rate or 0) if own is None else own, ""
    found, still = _found(comparer, step, tree)
    if not found:
        return (None, UNKNOWN) if numeric else (terms.number(Fraction(1)), "")
    if still:
        return None, UNMOVED
    low, high = max(low for low, _ in found), min(high for _, high in found)
    if low <= high and (not numeric or len(found) > 1):
        meant = _meant(low, high, tree, None not in comparer.spelled(tree, claimed.size), numeric)
        if meant is not None:
            return terms.number(meant), ""
    written = _written(found, tree, numeric)
    if written is not None:
        return terms.number(written), ""
    return None, UNKNOWN if low <= high else UNEVEN


def _meant(low: Fraction, high: Fraction, tree: Expr, plain: bool, numeric: bool) -> Fraction | None:
    """The rate that was probably meant by one in an interval: a number of the update's own, or a simple one; None where there is none.

    An update of `plain` numbers may have any simple rate; one that is a formula would say it.
    """
    own = [each for each in _literals(tree) if low <= each <= high and each <= _LARGEST]
    if len(own) == 1:
        return own[0]
    if numeric and not plain and _scalars(tree):
        return None
    short = _short(low, high, 3 if plain else 2)
    near = abs(numbers.simplest(low, high))
    return short or (near if plain and near and near.denominator <= _SIMPLE else None)


def _short(low: Fraction, high: Fraction, most: int) -> Fraction | None:
    """The decimal with the fewest places in an interval."""
    for places in range(1, most + 1):
        unit = Fraction(1, 10**places)
        near = -(-low // unit) * unit
        if 0 < near <= high:
            return near
    return None


def _found(comparer: Comparer, step: tuple[Ids, Ids, Ids], tree: Expr) -> tuple[list[tuple[Fraction, Fraction]], bool]:
    """Between what the rates lie that the entries of an update were made with, at the point, and whether nothing moves at all.

    Entries without a gradient tell nothing; how far the decimals of the update are rounded counts.
    """
    terms = comparer.board.terms
    old, slope, claimed = (each.ravel().tolist() for each in step)
    board = comparer.board
    home = comparer.home | board.made_up(board.without_value([*old, *slope, *claimed], comparer.home))
    known = [None if ball is None else numbers.fraction(ball.mid) for ball in values(terms, [*old, *slope, *claimed], home, _DIGITS)]
    size = len(old)
    spelled = comparer.spelled(tree, size)
    loose = moved_by_rounding(comparer, tree, size, TRUTH) if None in spelled else [Fraction(0)] * size
    found, still = [], True
    for before, by, after, text, around in zip(known[:size], known[size : 2 * size], known[2 * size :], spelled, loose, strict=True):
        if before is None or by is None or after is None or not by:
            continue
        rate = (before - after) / by
        slack = max(abs((around if text is None else half_unit(text)) / by), abs(rate) * Fraction(1, 10**6))
        found.append((rate - slack, rate + slack))
        still = still and not rate
    return found, still


def _written(found: list[tuple[Fraction, Fraction]], tree: Expr, numeric: bool) -> Fraction | None:
    """The number in an update that its rate seems to be, as in `2 - 0.1*18`, or the only one in a formula."""
    literals = _literals(tree)
    if len(literals) == 1 and not numeric:
        return literals.pop()
    rates = [abs(low + high) / 2 for low, high in found]
    near = [each for each in literals if all(abs(each - rate) <= each / _NEAR for rate in rates)]
    return min(near, key=lambda each: abs(each - rates[0])) if near else None


def _literals(tree: Expr) -> set[Fraction]:
    return {part.exact for part in postorder(tree) if isinstance(part, Number) and part.exact}


def _scalars(tree: Expr) -> bool:
    """Whether a number stands in a formula outside of its arrays, as a rate does."""
    pending: list[Part] = [tree]
    while pending:
        part = pending.pop()
        if isinstance(part, Number) and part.exact:
            return True
        if not isinstance(part, Brackets):
            pending.extend(children(part))
    return False


def _steps_from(of: str, tree: Expr) -> bool:
    """Whether an update says that something is taken from the old value, or added to it."""
    first = tree.operands[0] if isinstance(tree, Apply) and tree.head in ("+", "-") else None
    return isinstance(first, Name) and first.id == of


def _rough(board: Board, world: World) -> bool:
    """Whether numbers of the student's own stand in the place of derivatives."""
    return any(board.terms.value(each) is not None for ids in world.derivatives.values() for each in ids.ravel().tolist())


def _decimal(value: Fraction) -> str:
    short = f"{float(value):g}"
    return short if Fraction(short) == value else str(value)


def turned(line: Line) -> bool:
    """Whether an update goes down the slope if the gradients in it are minus the true ones."""
    if line.answer.target.kind != "update":
        return False
    uses = any(symbols(tree) for tree in line.answer.links)
    return line.found.message == WITH_PLUS if uses else line.found.verdict is Verdict.CORRECT
