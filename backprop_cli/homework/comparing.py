"""One claim against one truth: as functions, or as numbers at the point."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from time import monotonic

from backprop_cli.equality.algebra import prover
from backprop_cli.equality.decide import Decision, Effort, Region, Status, decide, values
from backprop_cli.homework import numbers
from backprop_cli.homework.board import Board
from backprop_cli.homework.compared import EXACT, ROUNDED_HERE, Compared
from backprop_cli.homework.comparing_words import elsewhere, place, value_text
from backprop_cli.homework.formulas import Formulas, half_unit, moving, significant
from backprop_cli.homework.labels import one_hot_here
from backprop_cli.homework.lowering import Misfit
from backprop_cli.homework.rounded import rounded_alike, rounded_formula, rounded_here
from backprop_cli.homework.rounded import slack as moved_by_rounding
from backprop_cli.homework.shapes import fit
from backprop_cli.homework.standing import Standing
from backprop_cli.homework.verdicts import Example, Verdict
from backprop_cli.homework.world import TRUTH, Ids, World
from backprop_cli.lang.syntax import Expr
from backprop_cli.oracles.opinion import NoOpinion

# Digits to work with where the ones before do not tell a value from 0, or from a point without one.
_DIGITS = (50, 120, 400)
# Seconds that SymPy has for one pair.
_ALGEBRA = 2.0
_VERDICTS = {
    Status.EQUAL: Verdict.CORRECT,
    Status.EQUAL_HERE: Verdict.CORRECT,
    Status.EQUAL_AT_POINT: Verdict.CORRECT_AT_POINT,
    Status.DIFFERENT: Verdict.WRONG,
    Status.UNDECIDED: Verdict.UNDECIDED,
}


class OutOfTime(Exception):
    """The time for one line is used up."""


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """How strictly claims are compared. `rates` are variables of the answers with their values, where these are known;
    `until` is the time, on the monotonic clock, at which the work on a line ends: the last resort after counted work."""

    digits: int = 3
    tolerance: Fraction | None = None
    seed: str = ""
    rates: Mapping[str, Fraction] = field(default_factory=dict)
    extra: tuple[str, ...] = ()
    until: float = math.inf

    @property
    def reach(self) -> Fraction:
        """How far, relative to the truth, the decimals of a formula may carry it."""
        return numbers.reach(self.digits) if self.tolerance is None else self.tolerance


class Comparer:
    """Compares what a student wrote with terms of the board."""

    def __init__(self, board: Board, measure: Measure, stands: Standing | None = None) -> None:
        self.board, self.measure, self.stands = board, measure, stands
        terms = board.terms
        self.home = {**board.home, **{name: terms.number(value) for name, value in measure.rates.items()}}
        self.region = Region(home=self.home, fixed=board.fixed, one_hot=tuple(board.one_hot))

    def formulas(self, world: World, literals: Mapping[str, int] | None = None, direct: bool = False, columns: bool = False) -> Formulas:
        if literals is None and self.stands is not None:
            literals, arrays = self.stands.literals, self.stands.arrays
        else:
            arrays = {}
        return Formulas(self.board, world, literals, direct=direct, extra=self.measure.extra, columns=columns, arrays=arrays)

    def reading(self, stands: Standing) -> Comparer:
        """The same comparer, with numbers read as the earlier answers that they are."""
        return Comparer(self.board, self.measure, stands)

    def compare(self, truth: Ids, tree: Expr, world: World = TRUTH, rounding: Fraction = EXACT, direct: bool = False) -> Compared:
        """A right side against the truth. `rounding` tells how far, relative to it, the numbers that the truth rests on may carry it."""
        flat = self.formulas(world, direct=direct)
        found = self.read(truth, tree, flat, world, rounding)
        if found.right or not flat.transposed:
            return found
        upright = self.read(truth, tree, self.formulas(world, direct=direct, columns=True), world, rounding)
        if upright.right and found.how == "shapes":
            return replace(upright, notes=(*upright.notes, "vectors are read as columns here"))
        return upright if upright.right or found.how == "shapes" else found

    def read(self, truth: Ids, tree: Expr, formulas: Formulas, world: World, rounding: Fraction) -> Compared:
        """A right side, read in one way, against the truth."""
        try:
            claimed = formulas.terms_of(tree)
        except Misfit as error:
            return Compared(Verdict.WRONG, "shapes", f"this has no value: {error}")
        except NoOpinion as error:
            return Compared(Verdict.UNDECIDED, "", f"this cannot be worked out here: {error}")
        try:
            fitted, notes = fit(truth, claimed)
        except Misfit as error:
            return Compared(Verdict.WRONG, "shapes", str(error), claimed=claimed)
        flat, moved = fitted.ravel().tolist(), self.board.terms.moved
        # Where the student's own numbers stand for names, a formula in names is more than its number, unless all that is due is one.
        formula = bool(world) and any(moved[each] for each in truth.ravel().tolist()) and moving(tree)
        if not formula and not any(moved[each] for each in flat):
            found = self.as_numbers(truth, tree, flat, world, rounding)
        else:
            found = self.as_functions(truth, tree, fitted, world)
            if found.verdict is not Verdict.CORRECT and rounding and rounded_alike(self, truth, tree, world, rounding):
                found = Compared(Verdict.CORRECT, "value", "", ("right within the rounding of the numbers it uses",))
        return Compared(found.verdict, found.how, found.message, (*notes, *found.notes), found.example, claimed, found.numeric)

    # ---- numbers ----

    def as_numbers(self, truth: Ids, tree: Expr, claimed: list[int], world: World, rounding: Fraction) -> Compared:
        """Constant entries against the values that the truth has at the point."""
        terms = self.board.terms
        wanted = truth.ravel().tolist()
        missing = sorted(self.board.without_value(wanted, self.home))
        if missing and any(terms.moved[each] for each in wanted):
            decision = self.asked(list(zip(wanted, claimed, strict=True)), self.region)
            if decision.status is Status.EQUAL:
                return Compared(Verdict.CORRECT, decision.how)
            what = ", ".join(missing[:4])
            return Compared(Verdict.UNDECIDED, "", f"a number needs a point, and {what} has no value; give one with --at", numeric=True)
        due, given = self.known(wanted), self.known(claimed)
        spelled = self.spelled(tree, len(wanted))
        nothing = [Fraction(0)] * len(wanted)
        slack = moved_by_rounding(self, tree, len(wanted), world) if None in spelled else nothing
        messages: list[str] = []
        for at, (true, own) in enumerate(zip(due, given, strict=True)):
            if true is None:
                return Compared(Verdict.UNDECIDED, "", "what is asked has no value at this point", numeric=True)
            if own is None:
                return self.without_value(wanted[at], claimed[at])
            found = numbers.compared(true, own, spelled[at], slack[at], self.measure.digits, self.measure.tolerance)
            if not found.right and rounding and self.within(true, own, spelled[at], rounding * abs(true), slack[at]):
                found = numbers.Digits(True, False, "right within the rounding of the numbers it uses")
            if not found.right:
                which = f"entry {place(at, truth.shape)}: " if truth.ndim and truth.size > 1 and found.message else ""
                return Compared(Verdict.WRONG, "value", which + found.message, numeric=True)
            if found.message:
                messages.append(found.message)
        return Compared(Verdict.CORRECT, "value", "", tuple(messages[:1]), numeric=True)

    def within(self, true: Fraction, own: Fraction, text: str | None, spread: Fraction, slack: Fraction) -> bool:
        """Whether a number is as near as the rounding of what it rests on allows, and has the digits that are asked."""
        if text is None:
            return abs(true - own) <= spread + numbers.trusted(slack, true, self.measure.digits)
        return significant(text) >= self.measure.digits and abs(true - own) <= spread + half_unit(text)

    def without_value(self, truth: int, claimed: int) -> Compared:
        """A number that cannot be worked out: undefined, or beyond what is tried here."""
        found = self.asked([(truth, claimed)], self.region)
        if found.status is Status.DIFFERENT and found.witness is not None and found.witness.right is not None:
            return replace(self.said(found), numeric=True)
        if found.status is Status.DIFFERENT:
            return Compared(Verdict.WRONG, "value", "this has no value: it divides by zero or leaves a function's domain", numeric=True)
        return Compared(Verdict.UNDECIDED, "", "this number is too large, or takes too long, to be worked out here", numeric=True)

    def known(self, ids: list[int]) -> list[Fraction | None]:
        """The values of terms at the point, sure to 40 digits, an exact 0 too; None where there is none, or none that is sure."""
        found: dict[int, Fraction | None] = {}
        rest = []
        for each in dict.fromkeys(ids):
            value = self.board.terms.value(each)
            if value is None:
                rest.append(each)
            else:
                found[each] = value
        for digits in _DIGITS:
            balls = values(self.board.terms, rest, self.home, digits) if rest else ()
            found |= {each: numbers.fraction(ball.mid) for each, ball in zip(rest, balls, strict=True) if ball is not None and ball.sharp}
            vague = [each for each, ball in zip(rest, balls, strict=True) if ball is not None and ball.contains(0) and each not in found]
            rest = [each for each in rest if each not in found]
        found |= {each: Fraction(0) for each in vague if self.vanishes(each)}
        return [found.get(each) for each in ids]

    def placed(self, ids: Ids) -> bool:
        """Whether all leaves below terms have values."""
        terms = self.board.terms
        return all(key in self.home for key in terms.leaves(terms.basic(ids.ravel().tolist())))

    def vanishes(self, term: int) -> bool:
        """Whether a term is 0 as a function, at least where the point is: no number of digits shows that."""
        zero = self.board.terms.number(0)
        return self.asked([(term, zero)], self.region).status in (Status.EQUAL, Status.EQUAL_HERE)

    def spelled(self, tree: Expr, count: int) -> list[str | None]:
        """The spelling of each entry that is a plain literal."""
        try:
            flat, _ = numbers.entries(tree)
        except NoOpinion:
            return [None] * count
        if len(flat) != count:
            return [None] * count
        return [numbers.written(each).text for each in flat]

    def equal_numbers(self, left: Ids | None, right: Ids | None) -> bool:
        """Whether two claims are the same numbers, exactly."""
        if left is None or right is None or left.shape != right.shape:
            return False
        if any(self.board.terms.moved[each] for each in right.ravel().tolist()):
            return False
        known = self.known([*left.ravel().tolist(), *right.ravel().tolist()])
        return None not in known and known[: left.size] == known[left.size :]

    def digits_agree(self, truth: Ids, claimed: Ids) -> bool:
        """Whether all entries have, at the point, the digits that are asked, two units of rounding aside."""
        known = self.known([*truth.ravel().tolist(), *claimed.ravel().tolist()])
        pairs = zip(known[: truth.size], known[truth.size :], strict=True)
        return all(true is not None and own is not None and abs(true - own) <= self.measure.reach * abs(true) for true, own in pairs)

    # ---- functions ----

    def as_functions(self, truth: Ids, tree: Expr, claimed: Ids, world: World) -> Compared:
        """A formula against the truth as functions of the leaves."""
        found = self.decided(truth, claimed)
        if found.status in (Status.DIFFERENT, Status.EQUAL_AT_POINT):
            replaced = rounded_formula(self, truth, tree, world)
            if replaced is not None:
                return Compared(Verdict.CORRECT, replaced[0], "", replaced[1:])
            hot = self.with_labels(truth, claimed)
            if hot is not None:
                return hot
            if self.placed(truth) and None in self.known(truth.ravel().tolist()):
                return Compared(Verdict.UNDECIDED, "", "what is asked has no value at this point")
            if found.status is Status.DIFFERENT and not world and rounded_here(self, truth, tree, claimed, world):
                return Compared(Verdict.CORRECT_AT_POINT, "value", ROUNDED_HERE)
        undefined = found.status is Status.DIFFERENT and found.witness is not None and found.witness.right is None
        return (self.where_defined(truth, claimed) if undefined else None) or self.said(found)

    def where_defined(self, truth: Ids, claimed: Ids) -> Compared | None:
        """The verdict on a formula that is undefined where the truth is not: at a hole, such as `u/x` at 0, or, where leaves
        have no values, for signs that nobody gave them, as in `log(x) + log(a)`. None unless it is right elsewhere."""
        free = sorted(self.board.without_value([*truth.ravel().tolist(), *claimed.ravel().tolist()], self.home))
        kept = {key: value for key, value in self.home.items() if key in self.region.fixed or (free and key not in free)}
        found = self.asked(_pairs(truth, claimed), replace(self.region, home=kept | self.board.made_up(free)))
        if found.status is Status.EQUAL and not free:
            return Compared(Verdict.CORRECT, found.how, "", ("right as a function, though at the point itself it divides by zero",))
        if found.status in (Status.EQUAL, Status.EQUAL_HERE) and free:
            return Compared(Verdict.CORRECT, found.how, "", ("right where it is defined, as for positive " + ", ".join(free[:4]),))
        return None

    def with_labels(self, truth: Ids, claimed: Ids) -> Compared | None:
        """The verdict where leaves that hold one-hot labels, in rows or in columns, stay so; None unless it is right then."""
        for one_hot in dict.fromkeys(tuple(one_hot_here(self.board, columns)) for columns in (False, True)):
            if len(one_hot) > len(self.region.one_hot):
                hot = self.asked(_pairs(truth, claimed), replace(self.region, one_hot=one_hot))
                if hot.status in (Status.EQUAL, Status.EQUAL_HERE):
                    names = ", ".join(dict.fromkeys(key.partition("[")[0] for row in one_hot for key in row))
                    return Compared(Verdict.CORRECT, hot.how, "", (f"right as long as {names} is one-hot, as it is here",))
        return None

    def decided(self, truth: Ids, claimed: Ids) -> Decision:
        return self.asked(_pairs(truth, claimed), self.region)

    def asked(self, pairs: list[tuple[int, int]], region: Region) -> Decision:
        """The decision on pairs within the time that a line has. Raises OutOfTime."""
        left = self.measure.until - monotonic()
        if left <= 0:
            raise OutOfTime
        prove = prover(min(left, _ALGEBRA), limits=self.board.walk.engine.limits)
        found = decide(self.board.terms, pairs, region, self.measure.seed, prove=prove, effort=Effort(seconds=left))
        if found.status is Status.UNDECIDED and monotonic() > self.measure.until:
            raise OutOfTime
        return found

    def said(self, found: Decision) -> Compared:
        notes: tuple[str, ...] = ()
        message = ""
        example = None
        if found.status is Status.EQUAL_HERE:
            notes = (f"right where the point is, not everywhere{elsewhere(found)}",)
        elif found.status is Status.EQUAL and found.witness is not None:
            notes = (f"right as a function, though not at every single point{elsewhere(found)}",)
        elif found.status is Status.EQUAL_AT_POINT:
            message = f"agrees at this point alone{elsewhere(found)}"
        elif found.status is Status.UNDECIDED:
            message = found.why
        if found.witness is not None and found.status in (Status.DIFFERENT, Status.EQUAL_AT_POINT):
            point = tuple((name, str(value)) for name, value in found.witness.point.items())
            example = Example(point, value_text(found.witness.right), value_text(found.witness.left))
        return Compared(_VERDICTS[found.status], found.how, message, notes, example)


def _pairs(truth: Ids, claimed: Ids) -> list[tuple[int, int]]:
    return list(zip(truth.ravel().tolist(), claimed.ravel().tolist(), strict=True))
