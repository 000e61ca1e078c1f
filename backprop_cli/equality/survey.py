"""The decision on pairs of terms: exact identity first, then home, its surroundings, and points everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from backprop_cli.equality.balls import Ball
from backprop_cli.equality.fields import Identity, Verdict
from backprop_cli.equality.home import Home, nearby
from backprop_cli.equality.isolated import isolated
from backprop_cli.equality.meeting import Budget, Meeting, OutOfMeans, Sight, Viewer
from backprop_cli.equality.outcome import Decision, Prover, Region, Status, Witness
from backprop_cli.equality.points import Points, shortened
from backprop_cli.equality.population import Population
from backprop_cli.equality.program import Program
from backprop_cli.equality.terms import LEAF, Terms
from backprop_cli.oracles.opinion import NoOpinion

# Agreements that are asked of every pair in each population; where an identity is proved; where that takes long.
ENOUGH, _PROVED, _FEW = 12, 2, 6
_CLOSER = 8  # points at which what seems equal is looked at with more digits
# More draws to meet branches that were not met, and those of simple numbers for the counterexample shown.
_MORE, _NICE, _AIMED = 24, 10, 3
# Borders between pieces that are looked at, and steps towards each, which halve the distance.
_BORDERS, _STEPS = 4, 26
# Steps towards a border that was not met: at most, and for the work that they are.
_FINER, _WORK = 60, 20_000
# Bits of numbers that are shown shortened, and to how many that is tried.
_LONG, _SHORT = 64, (8, 20, 40, 60)
_LARGE = 2_000
_BY_DIGITS, _BY_PRIMES, _BY_ALGEBRA = "50 digits", "prime fields", "computer algebra"
_SIZES = (0.25, 0.08, 0.02, 0.002)
# Functions that are not defined everywhere, `^` with an exponent that is not whole among them.
_PARTIAL = frozenset({"log", "sqrt", "asin", "acos", "acosh", "atanh", "^", "where", "atan2"})
Pair = tuple[int, int, int]


class Survey:
    """One decision. `pairs` are (number, left, right) of basic terms; home's terms are basic too."""

    def __init__(self, terms: Terms, pairs: Sequence[Pair], region: Region, seed: str, budget: Budget, prove: Prover | None) -> None:
        self.terms, self.pairs, self.region, self.prove, self.budget, self.seed = terms, pairs, region, prove, budget, seed
        self.roots = roots = [each for _, left, right in pairs for each in (left, right)]
        leaves = [each for each in terms.below(roots) if terms.heads[each] == LEAF]
        self.given = {each: region.home[key] for each in leaves if (key := str(terms.data[each])) in region.home}
        self.fixed = fixed = {each: value for each, value in self.given.items() if str(terms.data[each]) in region.fixed}
        self.identity = Identity(terms, [(left, right) for _, left, right in pairs], region, fixed, seed)
        self.proof = self.identity.verdict(budget)
        self.program = Program(terms, roots, fixed)
        self.view = Viewer(self.program, budget, self.program.literals)
        complete = len(self.given) == len(leaves)
        self.home = Home(terms, roots, self.given, self.program, budget) if complete else None
        self.points = Points(self.program.leaves, nearby(terms, self.given), region.one_hot, self.program.marks, seed)
        self.spent = False

    # ---- the order of things ----

    def decide(self) -> Decision:
        """The verdict. Raises OutOfMeans."""
        home = self.home
        if home is not None and home.sight.apart is not None:
            return self._unless_proved(Status.DIFFERENT, home.witness())
        if not self.program.leaves:
            return self._constant()
        need = self._need()
        around = Population(self.view)
        if home is not None:
            found = around.gather(self._near(around, 4 * need), lambda: around.least >= need, self._at_home)
            if found is not None:
                return self._apart_near(home, found)
        everywhere = Population(self.view)
        found = everywhere.gather(self._draws(0, 4 * need), lambda: everywhere.least >= need)
        if found is None and not everywhere.spent and self.proof is not Verdict.EQUAL:
            found = self._other_branches(around, everywhere)
        self.spent = around.spent or everywhere.spent
        if found is not None:
            return self._apart_elsewhere(around, found)
        return self._agreed(around, everywhere, need)

    def _need(self) -> int:
        if self.proof is not Verdict.EQUAL:
            return ENOUGH
        if self._same_domain():
            return _PROVED
        return ENOUGH if self.program.cost < _LARGE else _FEW

    def _same_domain(self) -> bool:
        """Whether the right sides need nothing to be defined that the left sides do not need."""
        left, right = (self._edges([pair[side] for pair in self.pairs]) for side in (1, 2))
        return right <= left

    def _edges(self, roots: Sequence[int]) -> set[int]:
        terms = self.terms
        found = {each for each in terms.below(roots) if terms.heads[each] in _PARTIAL}
        return {
            each
            for each in found
            if terms.heads[each] != "^" or (power := terms.value(terms.operands[each][1])) is None or power.denominator != 1
        }

    # ---- points ----

    def _near(self, population: Population, count: int) -> Iterator[list[Ball]]:
        for i in range(count):
            yield self.points.near(_SIZES[i % len(_SIZES)] / 4.0**population.missed)

    def _at_home(self, sight: Sight) -> bool:
        return self.home is None or not self.home.signature or self.home.matches(self.program.signature(sight.values))

    def _draws(self, first: int, count: int) -> Iterator[list[Ball]]:
        return (self.points.anywhere(i) for i in range(first, first + count))

    def _other_branches(self, around: Population, everywhere: Population) -> Sight | None:
        """Where functions have pieces: points around literals, more points to meet every piece, points near the borders of pieces."""
        everywhere.outcomes = [theirs | mine for mine, theirs in zip(everywhere.outcomes, around.outcomes, strict=True)]
        small = self.program.cost <= _LARGE
        found = None
        if everywhere.outcomes and (small or everywhere.one_sided):
            found = everywhere.gather(self.points.around_literals(), lambda: False)
        if found is None and small and everywhere.one_sided:
            found = everywhere.gather(
                everywhere.aimed(self.points, _AIMED, _MORE, min(_FINER, _WORK // self.program.cost)), lambda: not everywhere.one_sided
            )
        if found is None and everywhere.outcomes and (small or everywhere.one_sided):
            # Pieces lie in the corners between deciders too: each of these may have been seen on both sides, and some corner not.
            found = everywhere.gather(
                self._draws(4 * ENOUGH, (6 if everywhere.one_sided else 2) * _MORE if small else _MORE),
                lambda: not small and not everywhere.one_sided,
            )
        if found is not None or not small or self.points.groups:
            return found
        return everywhere.gather(everywhere.borders(_BORDERS, _STEPS), lambda: False)

    # ---- verdicts ----

    def _constant(self) -> Decision:
        home = self.home
        assert home is not None
        if all(each is Meeting.SAME for each in home.sight.meetings):
            if self.proof is not Verdict.EQUAL and home.closer().apart is not None:
                return Decision(Status.DIFFERENT, _BY_DIGITS, self._numbered(home.witness()))
            return Decision(Status.EQUAL, _BY_PRIMES if self.proof is Verdict.EQUAL else _BY_DIGITS)
        if Meeting.OUTSIDE in home.sight.meetings:
            return Decision(Status.UNDECIDED, why="the truth has no value")
        return self._last_resort("the values could not be told apart, nor shown to be equal")

    def _apart_near(self, home: Home, found: Sight) -> Decision:
        meetings = home.sight.meetings
        if Meeting.DIM in meetings:
            return self._cannot_tell(self._witness(found))
        if Meeting.SAME not in meetings:
            return self._unless_proved(Status.DIFFERENT, self._nice(found, self.points.simple, None))
        return self._unless_proved(Status.EQUAL_AT_POINT, self._nice(found, self.points.beside, self._at_home))

    def _apart_elsewhere(self, around: Population, found: Sight) -> Decision:
        witness = self._nice(found, self.points.simple, None)
        if self.home is None:
            return self._unless_proved(Status.DIFFERENT, witness)
        if around.least:
            return self._unless_proved(Status.EQUAL_HERE, witness)
        if Meeting.DIM in self.home.sight.meetings:
            return self._cannot_tell(witness)
        return self._unless_proved(Status.EQUAL_AT_POINT if Meeting.SAME in self.home.sight.meetings else Status.DIFFERENT, witness)

    def _cannot_tell(self, witness: Witness) -> Decision:
        return Decision(Status.UNDECIDED, "", self._numbered(witness), "whether the values at the point are equal could not be told")

    def _unless_proved(self, status: Status, witness: Witness) -> Decision:
        """A difference; where a proof says that there is none, a fault of ours."""
        witness = self._numbered(witness)
        if self.proof is Verdict.EQUAL and witness.right is not None:
            return Decision(Status.UNDECIDED, "", witness, "exact arithmetic and numbers contradict each other: a fault of this tool")
        return Decision(status, _BY_DIGITS, witness)

    def _numbered(self, witness: Witness) -> Witness:
        """With the number that the pair has for the caller."""
        return Witness(witness.point, witness.left, witness.right, self.pairs[witness.pair][0], witness.reason)

    def _agreed(self, around: Population, everywhere: Population, need: int) -> Decision:
        seen = min(a + b for a, b in zip(around.agreements, everywhere.agreements, strict=True))
        verdict = self.proof
        if verdict is Verdict.EQUAL and (need == _PROVED or (seen >= _PROVED and everywhere.vague.keys() <= everywhere.clear)):
            return Decision(Status.EQUAL, _BY_PRIMES, self._isolated())
        if verdict is Verdict.RATIONAL and not seen:
            return Decision(Status.DIFFERENT, _BY_PRIMES)
        if verdict in (Verdict.RATIONAL, Verdict.APART):
            seem = "both agree to all the digits that were looked at" if seen else "no point tells both sides apart"
            return Decision(Status.UNDECIDED, why=f"{seem}, but exact arithmetic finds no identity")
        if seen >= ENOUGH and (not self.spent or everywhere.least >= _FEW):
            if self.home is not None and self.home.closer().apart is not None:
                return Decision(Status.DIFFERENT, _BY_DIGITS, self._numbered(self.home.witness()))
            found = self._closer(everywhere)
            if found is not None:
                return self._apart_elsewhere(around, found)
            if not everywhere.dim.keys() | everywhere.vague.keys() <= everywhere.clear:
                return self._last_resort("on some branch no point was found at which both sides have a clear value")
            return Decision(Status.EQUAL, _BY_DIGITS, self._isolated())
        if self.spent:
            return self._last_resort("the work that may be done on one answer is used up")
        return self._last_resort("too few points were found at which both sides have a clear value")

    def _isolated(self) -> Witness | None:
        """A single point at which equal functions differ."""
        if self.points.groups or self.spent:
            return None
        with suppress(OutOfMeans, NoOpinion):
            found = isolated(self.terms, self.roots, self.given, self.fixed, self.program, self.budget)
            return None if found is None else self._numbered(found)
        return None

    def _closer(self, everywhere: Population) -> Sight | None:
        """What agrees to 50 digits is looked at with all of them once more on each branch: `tanh(57)` and `tanh(58)` agree to 49."""
        small = self.program.cost <= _LARGE
        dim = [point for branch, point in (everywhere.dim | everywhere.vague).items() if branch not in everywhere.clear]
        met = [point for each in everywhere.outcomes if small for point in each.values()]
        closer = Population(self.view, len(self.view.ladder) - 1)
        try:
            for point in [*dim, *self._draws(0, 2 if small else 1), *met][:_CLOSER]:
                sight = self.view.look(point, self.view.ladder[-1])
                if sight.apart is not None:
                    return sight
                closer.note(sight)
        except OutOfMeans:
            pass  # then they agree as far as was looked
        everywhere.clear |= closer.clear
        return None

    def _last_resort(self, why: str) -> Decision:
        if not self._same_domain():
            return Decision(Status.UNDECIDED, why=why)
        if self._proved_late():
            return Decision(Status.EQUAL, _BY_PRIMES)
        if self.prove is not None and self._same_domain() and all(self.prove(self.terms, pair[1:], self.region) for pair in self.pairs):
            return Decision(Status.EQUAL, _BY_ALGEBRA)
        return Decision(Status.UNDECIDED, why=why)

    def _proved_late(self) -> bool:
        """Whether residues prove it by what is true of roots."""
        try:
            return self.identity.rooted(self.budget) is Verdict.EQUAL
        except OutOfMeans:
            return False

    # ---- counterexamples ----

    def _nice(self, found: Sight, candidates: Callable[[int], list[Ball]], accept: Callable[[Sight], bool] | None) -> Witness:
        """A counterexample of simple numbers where one is soon found, else the one that was found."""
        try:
            simple = [candidates(i) for i in range(_NICE if self.program.cost < _LARGE else 2)]
            long = any(each[0].bit_length() > _LONG for each in found.point)
            for point in [*simple, *([shortened(each, bits) for each in found.point] for bits in _SHORT if long)]:
                sight = self.view.look(point, found.bits)
                if sight.apart is not None and (accept is None or accept(sight)):
                    return self._witness(sight)
        except OutOfMeans:
            self.spent = True
        return self._witness(found)

    def _witness(self, sight: Sight) -> Witness:
        point = self.view.named(sight.point)
        for leaf in self.given:
            key = str(self.terms.data[leaf])
            if key not in point:
                value = self.terms.value(self.given[leaf])
                point[key] = value if value is not None else key
        return self.view.witness(sight, point)
