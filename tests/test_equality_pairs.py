"""Deciding equality on thousands of made pairs: right ones are never called different, near misses never equal."""

from __future__ import annotations

from collections import Counter

import pytest

from backprop_cli.equality.decide import Decision, Region, Status, decide
from backprop_cli.equality.terms import Terms
from backprop_cli.lang.parse import parse_expression
from tests.rewrites import Case, near_misses, reference, right_pairs, term

COUNT = 2_100


def verdict(case: Case, with_home: bool, swapped: bool = False) -> Decision:
    """The decision on a case."""
    terms = Terms()
    left, right = term(terms, case.left), term(terms, case.right)
    home = {key: terms.number(value) for key, value in case.home.items()} if with_home else {}
    return decide(terms, [(right, left) if swapped else (left, right)], Region(home), case.what)


def test_right_pairs_are_never_different() -> None:
    seen: Counter[Status] = Counter()
    for i, case in enumerate(right_pairs(COUNT, 7)):
        decision = verdict(case, True)
        assert decision.status in (Status.EQUAL, Status.EQUAL_HERE, Status.UNDECIDED), case
        if case.what == "everywhere":
            assert decision.status is not Status.EQUAL_HERE, case
            if i % 6 == 0:
                assert verdict(case, False).status in (Status.EQUAL, Status.UNDECIDED), case
        seen[decision.status] += 1
    assert seen[Status.UNDECIDED] <= COUNT // 500


def test_near_misses_are_never_equal() -> None:
    seen: Counter[str] = Counter()
    for i, case in enumerate(near_misses(COUNT, 8)):
        decision = verdict(case, i % 2 == 0)
        assert decision.status is Status.DIFFERENT, case
        seen[case.what] += 1
    assert min(seen[each] for each in ("factor 1e-6", "factor 1e-12", "sign", "dropped", "exponent", "added")) > 10


def test_counterexamples_hold_by_another_arithmetic() -> None:
    for case in near_misses(150, 9):
        witness = verdict(case, False).witness
        assert witness is not None
        at = {key: witness.point.get(key, value) for key, value in case.home.items()}
        left = reference(case.left, at)
        if left is None:
            continue
        assert abs(witness.left - left) <= 1e-30 * max(abs(left), 1), case
        if witness.right is not None:
            assert abs(witness.right - reference(case.right, at)) <= 1e-30 * max(abs(witness.right), 1), case


@pytest.mark.parametrize("swapped", [False, True])
def test_the_generators_make_what_they_say(swapped: bool) -> None:
    for case in right_pairs(60, 10 + swapped):
        left, right = reference(case.left, case.home), reference(case.right, case.home)
        if left is not None and right is not None:
            assert abs(left - right) <= 1e-40 * max(abs(left), 1e20)


NOTHING = "exp(0) - (cosh(y)^2 - sinh(y)^2)"  # 0, though no number of digits shows it


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("where(x > 0, 2, p)", f"where(x > 0, log({NOTHING}), p)"),
        ("where(x > 0, 2, p)", f"where(x > 0, 1/({NOTHING}), p)"),
        ("where(x > 0, 2, p)", f"where(x > 0, 2 + 0*log({NOTHING}), p)"),
        ("log(1 + exp(where(x > 0, log(2), p)))", f"log(1 + exp(where(x > 0, log({NOTHING}), p)))"),
    ],
)
def test_a_branch_on_which_one_side_may_have_no_value_proves_nothing(left: str, right: str) -> None:
    """Found by the trial of pairs: the branch on which nothing could be seen was left out, and the others agreed."""
    terms = Terms()
    names = {name: terms.leaf(name) for name in ("x", "y", "p")}
    pair = terms.formula(parse_expression(left), names), terms.formula(parse_expression(right), names)
    for home in ({}, {"x": 2, "y": 3, "p": 1}):
        decision = decide(terms, [pair], Region({key: terms.number(value) for key, value in home.items()}), "")
        assert decision.status not in (Status.EQUAL, Status.EQUAL_HERE)
