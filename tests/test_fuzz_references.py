"""What the trials compare with has its own mistakes: those that a trial once took for ours."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from tests.fuzz import equality
from tests.rewrites import Case, Tree

HOME = {"x": Fraction(-2), "y": Fraction(3), "p": Fraction(-1), "q": Fraction(1)}
POSITIVE_X: Tree = (">", "x", Fraction(0))


@pytest.mark.parametrize("number", [3_685, 16_051, 31_017, 36_967])
def test_pairs_that_are_two_and_were_thought_to_be_one(number: int) -> None:
    """Two where a branch that is not taken has no value, and one in the 200th digit beside e^216: they are wrong, as was said."""
    tally = equality.share(range(number, number + 1), 23)
    assert not tally.failures
    assert not tally.counts["undecided"]


def test_a_branch_that_is_not_taken_needs_no_value() -> None:
    left: Tree = ("where", POSITIVE_X, ("log", "x"), "y")
    assert equality._differs(Case(left, "y", HOME, "sign"), HOME) is False
    assert equality._differs(Case(left, "q", HOME, "sign"), HOME) is True
    assert equality._differs(Case(left, "y", HOME, "sign"), HOME | {"x": Fraction(2)}) is True
    nested: Tree = ("where", (">", left, Fraction(2)), ("sqrt", "y"), ("sqrt", "p"))
    assert equality._differs(Case(nested, ("sqrt", Fraction(3)), HOME, "sign"), HOME) is False


def test_a_condition_without_a_value_chooses_nothing() -> None:
    undefined: Tree = ("where", (">", ("log", "p"), Fraction(0)), "x", "y")
    assert equality._differs(Case(undefined, "y", HOME, "sign"), HOME) is None
    assert equality.what_it_is(Case(undefined, undefined, HOME, "sign"), Random(1)) in ("equal", "undefined")


def test_an_entry_of_a_cofactor_that_is_0_is_known_to_the_rounding_of_the_largest() -> None:
    """det(relu(x)) with a minor of zeros: elimination mixes the rows, and float64 has 1e-16 where nothing is."""
    pytest.importorskip("torch")
    from tests.fuzz import differential

    tally = differential.share(range(14_677, 14_678), 23)
    assert not tally.failures
    assert tally.skipped["cancellation: the rounding of each step is amplified as much"] == 1
