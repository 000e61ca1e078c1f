"""Pairs of terms at home: what they are there, which branches home takes, and where it stands on a boundary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from fractions import Fraction

from backprop_cli.equality.balls import ZERO, Ball
from backprop_cli.equality.functions import functions
from backprop_cli.equality.meeting import Budget, OutOfMeans, Sight, Viewer, number
from backprop_cli.equality.missing import Missing
from backprop_cli.equality.outcome import Witness
from backprop_cli.equality.points import rounded
from backprop_cli.equality.program import Program
from backprop_cli.equality.terms import Terms


class Home:
    """The sight at home of the pairs whose terms are `roots`; `given` maps every leaf to the term of its value."""

    def __init__(self, terms: Terms, roots: Sequence[int], given: Mapping[int, int], program: Program, budget: Budget) -> None:
        self.terms, self.given = terms, given
        self.program = Program(terms, roots, given)
        self.view = Viewer(self.program, budget, program.literals)
        self.sight: Sight = self.view.closer([])
        self.signature = self.program.signature(self.sight.values)
        self.open = self.program.undecided(self.sight.values, program.deciders)

    def closer(self) -> Sight:
        """Home once more, with all the digits there are, where the means allow it."""
        with suppress(OutOfMeans):
            self.sight = self.view.look([], self.view.ladder[-1])
        return self.sight

    def matches(self, signature: Sequence[int]) -> bool:
        """Whether a point takes home's branches; where home is on a boundary, every branch is home's."""
        return all(mine == theirs or i in self.open for i, (mine, theirs) in enumerate(zip(self.signature, signature, strict=True)))

    def witness(self) -> Witness:
        """Home as the counterexample."""
        point: dict[str, Fraction | str] = {}
        for leaf, value in self.given.items():
            rational = self.terms.value(value)
            point[str(self.terms.data[leaf])] = _text(self.sight.values[self.program.place[leaf]]) if rational is None else rational
        return self.view.witness(self.sight, point)


def _text(value: Ball | Missing) -> str:
    from mpmath import nstr

    return "undefined" if isinstance(value, Missing) else str(nstr(number(value), 17))


def nearby(terms: Terms, given: Mapping[int, int]) -> dict[str, Ball]:
    """60-bit numbers near the values of leaves, by name; those without a value are left out."""
    program = Program(terms, list(given.values()), {})
    values = program.run([], 128, watch=False)
    found: dict[str, Ball] = {}
    for leaf, at in zip(given, program.outputs, strict=True):
        value = values[at]
        rational = terms.value(given[leaf])
        if rational is not None:
            found[str(terms.data[leaf])] = rounded(rational)
        elif not isinstance(value, Missing):
            m, e, _ = functions(60, False).ring.trim(*value)
            found[str(terms.data[leaf])] = (m, e, 0) if m else ZERO
    return found
