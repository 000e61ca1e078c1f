"""Exact identity modulo primes: random residues for the leaves, e^u as a power of an element of the right order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum

from backprop_cli.equality.field_code import ROOTS, compiled, modelled, rational
from backprop_cli.equality.meeting import Budget
from backprop_cli.equality.outcome import Region
from backprop_cli.equality.primes import CIRCLE, REAL
from backprop_cli.equality.residues import NoResidue, Residues
from backprop_cli.equality.terms import LEAF, Terms

# Trials that prove; those with roots, whose signs are right by luck half of the time; draws for each; roots that can be had at once.
_TRIALS, _ROOTED, _DRAWS, _ROOTS = 2, 40, 8, 4
# One-hot groups up to this size have every place of theirs tried.
_PLACES = 24


class Verdict(Enum):
    """Proved to be identical; proved not to be, as rational functions; not identical as far as anybody knows; nothing known."""

    EQUAL = "equal"
    RATIONAL = "rational"
    APART = "apart"
    UNKNOWN = "unknown"


class Identity:
    """The question whether pairs of basic terms are identical wherever they are defined; `fixed` leaves stand for constant terms."""

    def __init__(self, terms: Terms, pairs: Sequence[tuple[int, int]], region: Region, fixed: Mapping[int, int], seed: str) -> None:
        self.terms, self.pairs, self.region, self.seed = terms, pairs, region, seed
        self.code = compiled(terms, [each for pair in pairs for each in pair], fixed)
        self.roots = sum(each.does in ROOTS for each in self.code.steps)
        used = {str(each.data) for each in self.code.steps if each.does == LEAF}
        self.groups = [group for group in region.one_hot if used & set(group)]

    def rooted(self, budget: Budget) -> Verdict:
        """As `verdict`, with what is true of square roots: sqrt(a)*sqrt(b) = sqrt(a*b). Raises OutOfMeans."""
        return self.verdict(budget, True) if 0 < self.roots <= _ROOTS else Verdict.UNKNOWN

    def verdict(self, budget: Budget, roots: bool = False) -> Verdict:
        """What random residues say. Raises OutOfMeans."""
        code, chains = self.code, CIRCLE if self.code.circular else REAL
        places = max((len(each) for each in self.groups if len(each) <= _PLACES), default=0)
        wanted = max(_ROOTED if roots else _TRIALS, places)
        done = 0
        for attempt in range(wanted * _DRAWS):
            budget.spend(code.cost, 0)
            field = Residues(chains[attempt % len(chains)], code.depth, f"{self.seed}/{attempt}", not code.circular, roots)
            try:
                values = field.run(code, self._leaves(field, done))
            except NoResidue:
                continue
            for number, (left, right) in enumerate(zip(code.roots[::2], code.roots[1::2], strict=True)):
                if values[left] != values[right]:
                    return self._apart(self.pairs[number])
            done += 1
            if done == wanted:
                return Verdict.EQUAL
        return Verdict.UNKNOWN

    def _leaves(self, field: Residues, trial: int) -> Callable[[str, int, int], int]:
        """How leaves are drawn: those under a root as squares; in each one-hot group another one is 1 in each trial."""
        hot: dict[str, int] = {}
        for group in self.groups:
            turn = (trial if len(group) <= _PLACES else field.drawn("turn of a group", 0)) % len(group)
            hot.update({each: int(i == turn) for i, each in enumerate(group)})
        rooted = self.code.rooted if field.roots else frozenset()

        def leaf(name: str, level: int, prime: int) -> int:
            if name in hot:
                return hot[name]
            found = field.drawn("leaf " + name, level)
            return found * found % prime if name in rooted else found

        return leaf

    def _apart(self, pair: tuple[int, int]) -> Verdict:
        if rational(self.terms, pair):
            return Verdict.RATIONAL
        return Verdict.APART if self.code.modelled and modelled(self.terms, pair) else Verdict.UNKNOWN
