"""Tidying a formula comes to an end, changes no value, and finds nothing to do the second time."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop_cli.calculus.tidy import negated, product, tidy, total
from backprop_cli.lang.parse import parse_expression
from backprop_cli.lang.syntax import NEGATE, Apply, Expr, Name, Number, Part, fold, same
from tests import strategies  # noqa: F401 - its profile

POINT = {"x": Fraction(3, 2), "y": Fraction(-5, 7), "c": Fraction(1)}
LEAVES = st.sampled_from([Number(text) for text in ("0", "1", "2", "3", "0.99", ".5", "1e-3")] + [Name(name) for name in ("x", "y")])


def _above(below: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    pair = st.builds(lambda head, a, b: Apply(head, (a, b)), st.sampled_from("+-**//"), below, below)
    power = st.builds(lambda a, n: Apply("^", (a, Number(str(n)))), below, st.integers(0, 3))
    mask = st.builds(lambda a, b: Apply("where", (Name("c"), a, b)), below, below)
    return pair | pair | pair | power | mask | st.builds(lambda a: Apply(NEGATE, (a,)), below)


TREES = st.recursive(LEAVES, _above, max_leaves=30)


def _value(tree: Expr) -> Fraction | None:
    """The value at the point; None where a divisor is 0."""

    def combine(part: Part, below: list[Any]) -> Any:
        match part:
            case Number():
                return part.exact
            case Name(id=name):
                return POINT[name]
            case Apply(head="where"):
                return below[1]
            case Apply(head=head) if None not in below:
                a, b = below[0], below[-1]
                return {
                    "u-": lambda: -a, "+": lambda: a + b, "-": lambda: a - b, "*": lambda: a * b,
                    "/": lambda: a / b if b else None, "^": lambda: a ** int(b) if a or b else Fraction(1),
                }[head]()  # fmt: skip
        return None

    found = fold(tree, combine)
    assert found is None or isinstance(found, Fraction)
    return found


@given(TREES)
def test_a_tidied_formula_has_the_same_value(tree: Expr) -> None:
    before = _value(tree)
    again = tidy(tree)
    if before is not None:
        assert _value(again) == before


@given(TREES, TREES)
def test_products_sums_and_opposites_of_tidied_formulas_have_their_values(left: Expr, right: Expr) -> None:
    a, b = tidy(left), tidy(right)
    one, other = _value(a), _value(b)
    if one is not None and other is not None:
        assert _value(product(a, b)) == one * other
        assert _value(total(a, b)) == one + other
        assert _value(negated(a)) == -one


@given(st.lists(st.sampled_from(["0.99", "2", "1e-3", "x", "y"]), min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_products_of_numbers_come_to_an_end_however_they_are_bracketed(factors: list[str], random: Any) -> None:
    while len(factors) > 1:
        at = random.randrange(len(factors) - 1)
        factors[at : at + 2] = [f"({factors[at]}*{factors[at + 1]})"]
    tree = parse_expression(factors[0])
    assert _value(tidy(tree)) == _value(tree)


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("x*0.99*0.99*0.99", "0.99*0.99*0.99*x"),
        ("0.99*(0.99*0.99)", "0.99*0.99*0.99"),
        ("x*2*3", "6*x"),
        ("(x*2)*(y*3)", "6*x*y"),
    ],
)
def test_numbers_stand_first(text: str, tidied: str) -> None:
    assert same(tidy(parse_expression(text)), parse_expression(tidied))
