"""Deciding equality: known traps with near misses, pieces of functions, hostile growth, the same verdict everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from fractions import Fraction
from math import comb
from typing import Any

import pytest

from backprop_cli.equality.decide import Decision, Effort, Region, Status, decide, values
from backprop_cli.equality.missing import Missing, NoNumber
from backprop_cli.equality.slopes import gradient
from backprop_cli.equality.terms import Terms
from backprop_cli.lang.parse import parse_expression
from backprop_cli.lang.syntax import Name, fold

EQUAL, HERE, AT_POINT, DIFFERENT, UNDECIDED = Status


def term(terms: Terms, text: str) -> int:
    """A formula as a term; its names are leaves."""
    tree = parse_expression(text, "<test>")
    names: set[str] = set()
    fold(tree, lambda part, below: names.add(part.id) if isinstance(part, Name) else None)
    return terms.formula(tree, {name: terms.leaf(name) for name in names - {"pi", "e"}})


def ask(left: str, right: str, home: Mapping[str, Any] | None = None, seed: str = "test", **region: Any) -> Decision:
    """The decision on two formulas; `home` gives values as text."""
    terms = Terms()
    given = {key: term(terms, str(value)) for key, value in (home or {}).items()}
    return decide(terms, [(term(terms, left), term(terms, right))], Region(given, **region), seed)


# ---- traps ----

TRAPS = [
    ("log(x^2)", "2*log(abs(x))", "2*log(abs(x) + 1e-9)"),
    ("tanh(x)", "(exp(x) - exp(-x))/(exp(x) + exp(-x))", "(exp(x) - exp(-x))/(exp(x) + exp(-x) + 1e-12)"),
    ("tanh(x)", "1 - 2/(1 + exp(2*x))", "1 - 2/(1 + exp(1.9999999999*x))"),
    ("relu(x)", "where(x > 0, x, 0)", "where(x > 0, x, 1e-9*x)"),
    ("relu(x)", "(x + abs(x))/2", "(x + abs(x))/2.000001"),
    ("0.1*x + 0.2*x", "0.3*x", "0.30000000000000004*x"),
    ("x^2.0", "x^2", "x^2.000000001"),
    ("(x^2 - 1)/(x - 1)", "x + 1", "x + 1.0000000000001"),
    ("cbrt(x)^3", "x", "x*1.00000000001"),
    ("cbrt(-8)*x", "-2*x", "2*x"),
    ("sqrt(2 + sqrt(3))", "(sqrt(6) + sqrt(2))/2", "(sqrt(6) + sqrt(2.000000000000001))/2"),
    ("sqrt(2 + sqrt(3))*x", "x*(sqrt(6) + sqrt(2))/2", "x*(sqrt(6) + sqrt(2))/2.0000000000001"),
    ("log(exp(log(exp(log(exp(log(exp(log(exp(1))))))))))", "1", "1.0000000000001"),
    ("exp(log(exp(log(exp(log(exp(log(exp(log(x))))))))))*0 + x^2/x", "x", "x + 1e-30"),
    ("sin(x)^2 + cos(x)^2", "1", "1 + 1e-60"),
    ("sin(x)^2 + cos(x)^2 - 1", "0", "1e-60"),
    ("exp(x + y)", "exp(x)*exp(y)", "exp(x)*exp(y*1.0000001)"),
    ("2^x*3^x", "6^x", "6.00000000001^x"),
    ("e^x", "exp(x)", "2.718281828459045^x"),
    ("sin(pi/6)*x", "x/2", "x/2.0000000001"),
    ("asin(x) + acos(x)", "pi/2 + 0*asin(x)", "1.5707963267948966 + 0*asin(x)"),
    ("erf(x) + erfc(x)", "1", "1.000000000001"),
    ("sigmoid(x)*(1 - sigmoid(x))", "exp(-x)/(1 + exp(-x))^2", "exp(-x)/(1 + exp(-x))^2.00000001"),
    ("softplus(x)", "x + softplus(-x)", "x + softplus(-1.000001*x)"),
    ("log(x/y)", "log(x) - log(y) + 0*log(x/y)", "log(x) + log(y)"),
    ("x/y/y", "x*y^-2", "x*y^-2.0001"),
    ("maximum(x, y)", "where(x >= y, x, y)", "where(x >= y, y, x)"),
    ("hypot(x, y)", "sqrt(x*x + y*y)", "sqrt(x*x + y*y + 1e-20)"),
    ("atan(x) + atan(1/x)", "sign(x)*pi/2", "pi/2"),
    ("floor(x) + 1", "floor(x + 1)", "ceil(x + 1e-6)"),
    ("(x > 1)*x", "where(x <= 1, 0, x)", "(x > 1.0000001)*x"),
    ("maximum(x, 2)", "2 + relu(x - 2)", "where(x > 1.999999, x, 2)"),
    ("x^(1/2)", "sqrt(x)", "x^0.50000000001"),
    ("x", "where(x == 3, x + 0, x)", "where(x > 1234567, 0, x)"),
]


@pytest.mark.parametrize(("left", "right", "miss"), TRAPS, ids=[f"{left} | {right}" for left, right, _ in TRAPS])
def test_traps(left: str, right: str, miss: str) -> None:
    home = {"x": "5/4", "y": "3/2"}
    positive = left in ("log(x/y)", "exp(log(exp(log(exp(log(exp(log(exp(log(x))))))))))*0 + x^2/x")
    assert ask(left, right).status is (DIFFERENT if left == "log(x/y)" else EQUAL)
    assert ask(left, right, home).status in ((EQUAL, HERE) if positive else (EQUAL,))
    assert ask(left, miss).status is DIFFERENT
    assert ask(left, miss, home).status in (DIFFERENT, HERE)


def chain(terms: Terms, length: int) -> tuple[int, int]:
    """The derivative of sigmoids of sigmoids by the rule book, and by hand."""
    top = by_hand = None
    inner = terms.leaf("x")
    for _ in range(length):
        denominator = terms.apply("+", terms.number(1), terms.apply("exp", terms.apply("u-", inner)))
        top = terms.apply("sigmoid", inner)
        slope = terms.apply("/", terms.apply("exp", terms.apply("u-", inner)), terms.apply("^", denominator, terms.number(2)))
        by_hand = slope if by_hand is None else terms.apply("*", slope, by_hand)
        inner = top
    assert top is not None
    assert by_hand is not None
    return gradient(terms, top, [terms.leaf("x")])[terms.leaf("x")], by_hand


@pytest.mark.parametrize("length", [1, 4, 5, 6, 9])
def test_derivative_of_a_chain_of_sigmoids(length: int) -> None:
    terms = Terms()
    left, right = chain(terms, length)
    assert decide(terms, [(left, right)], Region(), "s").status is EQUAL
    wrong = terms.apply("*", right, terms.number(Fraction(1_000_001, 1_000_000)))
    assert decide(terms, [(left, wrong)], Region(), "s").status is DIFFERENT


def test_nested_absolute_values() -> None:
    terms = Terms()
    one = other = wrong = terms.leaf("x")
    for i in range(1, 9):
        one = terms.apply("abs", terms.apply("-", one, terms.number(i)))
        other = terms.apply("maximum", terms.apply("-", terms.number(i), other), terms.apply("-", other, terms.number(i)))
        wrong = terms.apply("abs", terms.apply("-", wrong, terms.number(i if i < 8 else Fraction(80001, 10000))))
    assert decide(terms, [(one, other)], Region(), "s").status is EQUAL
    assert decide(terms, [(one, wrong)], Region(), "s").status is DIFFERENT


def test_power_of_a_sum_expanded() -> None:
    right = " + ".join(f"{comb(30, k)}*(a + b + c)^{k}*(d + f + g)^{30 - k}" for k in range(31))
    assert ask("(a + b + c + d + f + g)^30", right).status is EQUAL
    assert ask("(a + b + c + d + f + g)^30", right.replace(f"{comb(30, 15)}*", f"{comb(30, 15) + 1}*")).status is DIFFERENT


def test_wrong_derivative_of_a_power_of_six() -> None:
    assert ask("6^(x^2 + x)*log(6)*(2*x + 1)", "log(6)*6^(x^2)*6^x*(1 + 2*x)").status is EQUAL
    assert ask("6^(x^2 + x)*log(6)*(2*x + 1)", "(x^2 + x)*6^(x^2 + x - 1)*(2*x + 1)").status is DIFFERENT


def test_chebyshev_polynomial_of_degree_16() -> None:
    terms = Terms()
    x = terms.leaf("x")
    rows = [terms.number(1), x]
    for _ in range(15):
        rows.append(terms.apply("-", terms.apply("*", terms.apply("*", terms.number(2), x), rows[-1]), rows[-2]))
    inner = x
    for _ in range(4):
        inner = terms.apply("-", terms.apply("*", terms.number(2), terms.apply("^", inner, terms.number(2))), terms.number(1))
    cosines = terms.apply("cos", terms.apply("*", terms.number(16), terms.apply("acos", x)))
    assert decide(terms, [(rows[16], inner)], Region(), "s").status is EQUAL
    assert decide(terms, [(cosines, inner)], Region(), "s").status is EQUAL
    wrong = terms.apply("+", inner, terms.apply("*", terms.number(Fraction(1, 10**12)), x))
    assert decide(terms, [(rows[16], wrong)], Region(), "s").status is DIFFERENT


@pytest.mark.parametrize(
    "right",
    ["x + 1e-60", "x*(1 + 1e-90)", "x + 1e-300*x^2", "x*1." + "0" * 60 + "1", "x + exp(-200)", "x + exp(-300)*y", "x + (y - y + 1e-99)"],
)
def test_what_hides_below_the_digits_is_found(right: str) -> None:
    decision = ask("x", right, {"x": "1", "y": "2"})
    assert decision.status is DIFFERENT
    assert decision.witness is not None
    assert decision.witness.left != decision.witness.right


@pytest.mark.parametrize("right", ["x + exp(-exp(10))", "x + exp(-exp(x^2 + 30))", "x*(1 + exp(-exp(20)))", "x + log(1 + exp(-1e5))"])
def test_what_hides_too_deep_is_never_equal(right: str) -> None:
    assert ask("x", right).status in (UNDECIDED, DIFFERENT)
    assert ask("x", right, {"x": "1"}).status in (UNDECIDED, DIFFERENT)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("where(y > 0, x, tanh(57))", "where(y > 0, x, tanh(58))"),
        ("where(y > 0, sqrt(x), tanh((8/3)^4))", "where(y > 0, sqrt(x), tanh((8/3)^4*0.999999))"),
        ("abs(x) + erf(12)", "abs(x) + 1"),
        ("abs(x) + erf(25)", "abs(x) + 1"),
        ("abs(x)*erf(y^2 + 12)", "abs(x)"),
        ("erf(12)", "1"),
        ("maximum(x, y) + erfc(20)", "maximum(x, y)"),
    ],
)
def test_saturation_is_no_equality(left: str, right: str) -> None:
    """These agree to more than 40 digits, some of them on one branch only: more digits tell, or nobody does."""
    for seed in ("a", "b", "c"):
        assert ask(left, right, seed=seed).status in (DIFFERENT, UNDECIDED)
    assert ask(left, right, {"x": "1", "y": "2"}).status in (DIFFERENT, UNDECIDED, Status.EQUAL_HERE)


# ---- domains ----


def test_undefined_where_the_truth_is_defined_is_a_difference() -> None:
    for left, right in [("2*x", "2*x + log(x) - log(x)"), ("x", "sqrt(x)^2"), ("cbrt(x)", "x^(1/3)"), ("x", "exp(log(x))")]:
        assert ask(left, right).status is DIFFERENT, right
        decision = ask(left, right, {"x": "2"})
        assert decision.status is HERE, right
        assert decision.witness is not None
        assert decision.witness.right is None
        assert decision.witness.reason
        assert ask(left, right, {"x": "-2"}).status is DIFFERENT, right
    assert ask("x/y", "x/(y*0)").status is DIFFERENT


def test_an_undefined_truth_is_no_agreement() -> None:
    assert ask("log(-x^2 - 1)", "7*x").status is UNDECIDED
    assert ask("1/(x - x)", "3").status is UNDECIDED
    assert ask("sqrt(x)", "sqrt(x) + 1e-9").status is DIFFERENT
    assert ask("log(-2)", "1").status is UNDECIDED


def test_branches_not_taken_may_be_undefined() -> None:
    assert ask("where(x > 0, log(x), 0)", "log(where(x > 0, x, 1))").status is EQUAL
    assert ask("where(x > 0, log(x), 0)", "where(x > 0, 1, 0)*log(x)", {"x": "2"}).status is HERE
    assert ask("where(x != 0, sin(x)/x, 1)", "sin(x)/x", {"x": "2"}).status is EQUAL
    assert ask("where(x != 0, sin(x)/x, 1)", "sin(x)/x", {"x": "0"}).status is DIFFERENT


# ---- pieces ----


def test_equal_on_the_piece_of_home() -> None:
    for left, right, home in [
        ("relu(x)", "x", {"x": "1"}),
        ("relu(x)", "0", {"x": "-1"}),
        ("sqrt(x^2)", "x", {"x": "2"}),
        ("abs(x*y)", "-x*y", {"x": "2", "y": "-1/3"}),
        ("maximum(x, y, z)", "z", {"x": "1", "y": "2", "z": "3"}),
        ("log(x^2)", "2*log(x)", {"x": "2"}),
        ("floor(x)", "2", {"x": "5/2"}),
        ("x", "where(x*y > 1234567, 0, x)", {"x": "1", "y": "1"}),
    ]:
        decision = ask(left, right, home)
        assert decision.status is HERE, (left, right)
        assert decision.witness is not None
        assert ask(left, right).status is DIFFERENT, (left, right)


def test_equal_at_the_point_alone() -> None:
    for left, right, home in [
        ("x^2", "2*x", {"x": "2"}),
        ("x*y", "x + y", {"x": "2", "y": "2"}),
        ("relu(x)", "0", {"x": "0"}),
        ("(x > 0)*y", "0", {"x": "0", "y": "2"}),
        ("sin(x)", "0*x", {"x": "pi"}),
        ("x", "7/2", {"x": "7/2"}),
    ]:
        decision = ask(left, right, home)
        assert decision.status is AT_POINT, (left, right)
        assert decision.witness is not None
        assert decision.witness.left != decision.witness.right


def test_on_a_boundary_every_side_is_home() -> None:
    assert ask("maximum(x, 0)", "(x + abs(x))/2", {"x": "0"}).status is EQUAL
    assert ask("(3*x > 1)*y", "where(x > 1/3, y, 0)", {"x": "1/3", "y": "2"}).status is EQUAL
    assert ask("(3*x > 1)*y", "where(x >= 1/3, y, 0)", {"x": "1/3", "y": "2"}).status is DIFFERENT
    assert ask("maximum(x, y)", "x", {"x": "1", "y": "1"}).status is AT_POINT


def test_home_itself_decides_first() -> None:
    decision = ask("where(x == 2, 1, x)", "x", {"x": "2"})
    assert decision.status is DIFFERENT
    assert decision.witness is not None
    assert decision.witness.point == {"x": 2}
    assert ask("where(x == 2, 1, x)", "x", {"x": "3"}).status is EQUAL


def test_a_tie_that_always_holds_is_no_boundary() -> None:
    # What the derivative of a maximum asks: whether an operand is the largest one.
    left = "(x == maximum(x, maximum(y, z)))*w"
    assert ask(left, "w", {"x": "3", "y": "2", "z": "1", "w": "5"}).status is HERE
    assert ask(left, "where(x >= y, where(x >= z, w, 0), 0)", {"x": "3", "y": "2", "z": "1", "w": "5"}).status is EQUAL


# ---- regions ----


def test_one_hot_leaves_stay_one_hot() -> None:
    exps = [f"exp(z{i})" for i in range(3)]
    p = f"exp(z0)/({' + '.join(exps)})"
    left, right = f"(y0 + y1 + y2)*{p} - y0", f"{p} - y0"
    home = {f"z{i}": f"{i + 1}/2" for i in range(3)} | {"y0": "0", "y1": "1", "y2": "0"}
    group = (("y0", "y1", "y2"),)
    for where in (home, {}):
        assert ask(left, right, where, one_hot=group).status is EQUAL
        assert ask(left, right.replace("- y0", "- y1"), where, one_hot=group).status is DIFFERENT
        assert ask(left, right + " + y0*y1", where, one_hot=group).status is EQUAL
        assert ask(left, right + " + y2*1e-12", where, one_hot=group).status in (DIFFERENT, AT_POINT)
    assert ask(left, right).status is DIFFERENT


def test_fixed_leaves_stay_where_they_are() -> None:
    assert ask("x^n", "x*x*x", {"x": "2", "n": "3"}, fixed=frozenset({"n"})).status is EQUAL
    assert ask("x^n", "x*x*x", {"x": "2", "n": "3"}).status in (AT_POINT, DIFFERENT)
    assert ask("n*x", "pi*x", {"n": "pi"}, fixed=frozenset({"n"})).status is EQUAL
    assert ask("n*x", "3.14159265358979*x", {"n": "pi"}, fixed=frozenset({"n"})).status is DIFFERENT
    assert ask("n + 1", "4", {"n": "3"}, fixed=frozenset({"n"})).status is EQUAL


def test_every_pair_has_to_agree() -> None:
    terms = Terms()
    pairs = [(term(terms, text), term(terms, text.replace("x*y", "y*x"))) for text in ("x*y + 1", "sin(x*y)", "x*y/(1 + x^2)")]
    assert decide(terms, pairs, Region(), "s").status is EQUAL
    pairs.append((term(terms, "x"), term(terms, "x + 1e-8")))
    decision = decide(terms, pairs, Region(), "s")
    assert decision.status is DIFFERENT
    assert decision.witness is not None
    assert decision.witness.pair == 3


# ---- counterexamples ----


def test_counterexamples_are_right_and_readable() -> None:
    decision = ask("x^2*y", "x*y", {})
    assert decision.witness is not None
    point = decision.witness.point
    assert all(isinstance(each, Fraction) and each.denominator <= 2 for each in point.values())
    x, y = Fraction(point["x"]), Fraction(point["y"])
    assert (decision.witness.left, decision.witness.right) == (x * x * y, x * y)
    at_home = ask("x^2*y", "x*y", {"x": "1/3", "y": "7"})
    assert at_home.witness is not None
    assert at_home.witness.point == {"x": Fraction(1, 3), "y": 7}
    assert abs(at_home.witness.left - Fraction(7, 9)) < 1e-15


# ---- work ----


def grown(terms: Terms, kind: str, times: int) -> int:
    """A leaf after growth of a kind."""
    found = terms.leaf("x")
    for _ in range(times):
        match kind:
            case "square":
                found = terms.apply("*", found, found)
            case "sine":
                found = terms.apply("*", terms.apply("sin", found), found)
            case "tower":
                found = terms.apply("exp", found)
            case "map":
                found = terms.apply("+", terms.apply("*", found, found), terms.leaf("y"))
    return found


@pytest.mark.parametrize(("kind", "times"), [("square", 30), ("sine", 40), ("tower", 40), ("map", 60), ("square", 200)])
def test_hostile_growth_ends(kind: str, times: int) -> None:
    terms = Terms()
    found = grown(terms, kind, times)
    counted = Effort(seconds=1e9)
    added = terms.apply("+", terms.apply("-", found, terms.leaf("x")), terms.leaf("x"))
    assert decide(terms, [(found, added)], Region(), "s", effort=counted).status in (EQUAL, UNDECIDED)
    home = {"x": terms.number(3), "y": terms.number(2)}
    missed = terms.apply("+", found, terms.leaf("x"))
    assert decide(terms, [(found, missed)], Region(home), "s", effort=counted).status in (DIFFERENT, UNDECIDED)


@pytest.mark.parametrize(
    ("left", "right", "status"),
    [
        ("x^(10^9)*x", "x^(10^9 + 1)", EQUAL),
        ("x^(10^9)", "x^(10^9 + 1)", DIFFERENT),
        ("exp(exp(10^43)) + x", "x", UNDECIDED),
        ("x + 0*exp(exp(10^43))", "x", EQUAL),
        ("2^(2^(2^(2^(2^x))))", "2^(2^(2^(2^(2^(x + 1)))))", DIFFERENT),
        ("x^(10^30)", "x^(10^30 + 1)", DIFFERENT),
        ("sin(10^300*x)", "sin(10^300*x + 1)", DIFFERENT),
        ("floor(x/10^300)", "floor(x/10^301)", DIFFERENT),
        ("where(x > 10^300, 1, 0)", "0", DIFFERENT),
    ],
)
def test_large_numbers(left: str, right: str, status: Status) -> None:
    assert ask(left, right).status in (status, UNDECIDED)


def test_work_is_counted() -> None:
    terms = Terms()
    pair = (term(terms, "log(x^2)"), term(terms, "2*log(abs(x))"))
    decision = decide(terms, [pair], Region(), "s", effort=Effort(operations=300))
    assert decision.status is UNDECIDED
    assert "used up" in decision.why
    assert decide(terms, [pair], Region(), "s", effort=Effort(points=5)).status is UNDECIDED


def test_the_prover_is_asked_last_and_only_upgrades() -> None:
    terms = Terms()
    asked: list[tuple[int, int]] = []

    def prove(store: Terms, pair: tuple[int, int], region: Region) -> bool | None:
        asked.append(pair)
        return True

    tower = grown(terms, "tower", 12)
    pair = (terms.apply("floor", tower), terms.apply("floor", terms.apply("maximum", tower, terms.apply("u-", tower))))
    assert decide(terms, [pair], Region(), "s").status is UNDECIDED
    decision = decide(terms, [pair], Region(), "s", prove=prove)
    assert (decision.status, decision.how) == (EQUAL, "computer algebra")
    assert len(asked) == 1
    assert decide(terms, [(pair[0], terms.leaf("x"))], Region(), "s", prove=lambda *_: None).status in (DIFFERENT, UNDECIDED)


SAME_EVERYWHERE = """
from tests.test_equality import TRAPS, ask
for left, right, miss in TRAPS:
    for each in (right, miss):
        for home in ({}, {"x": "5/4", "y": "3/2"}):
            decision = ask(left, each, home, seed=left + each)
            witness = decision.witness
            print(decision.status.name, decision.how, witness and (sorted(witness.point.items()), str(witness.left), str(witness.right)))
"""


def test_verdicts_do_not_depend_on_the_process() -> None:
    seen = set()
    for hash_seed in ("0", "1", "4321"):
        run = subprocess.run(
            [sys.executable, "-c", SAME_EVERYWHERE],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        seen.add(run.stdout)
    assert len(seen) == 1
    assert next(iter(seen)).count("\n") == 4 * len(TRAPS)


def test_verdicts_do_not_depend_on_what_was_asked_before() -> None:
    terms = Terms()
    for left, right, miss in TRAPS[::-1]:
        for each in (miss, right):
            shared = decide(terms, [(term(terms, left), term(terms, each))], Region(), "seed")
            alone = ask(left, each, seed="seed")
            assert (shared.status, shared.how) == (alone.status, alone.how)


# ---- values ----


def test_values_at_home() -> None:
    terms = Terms()
    home = {"x": term(terms, "1/3"), "y": term(terms, "2*pi")}
    asked = [term(terms, each) for each in ("x + 1", "sin(y)", "exp(-100) + 1", "log(-x)", "z", "1/(y - 2*pi)", "sqrt(x)^2", "relu(x - 1)")]
    third, sine, small, missing, free, pole, square, off = values(terms, asked, home)
    assert third is not None
    assert third.contains(Fraction(4, 3))
    assert third.separate(Fraction(4, 3) + Fraction(1, 10**45))
    assert third.rad < 1e-45
    assert sine is not None
    assert sine.contains(0)
    assert small is not None
    assert small.separate(1)
    assert square is not None
    assert not square.separate(Fraction(1, 3))
    assert off is not None
    assert off.contains(0)
    assert off.rad == 0
    assert (missing, free, pole) == (None, None, None)
    assert float(third.mid) == pytest.approx(4 / 3)


def test_missing_values_say_why() -> None:
    assert NoNumber(Missing("because", True)).missing.reason == "because"
    for left, reason in [
        ("log(x - 9)", "log"),
        ("sqrt(x - 9)", "sqrt"),
        ("asin(x + 9)", "asin"),
        ("(-x)^0.5", "power"),
        ("acosh(x/9)", "acosh"),
    ]:
        decision = ask("x", f"x + {left}", {"x": "2"})
        assert decision.status is DIFFERENT
        assert decision.witness is not None
        assert decision.witness.right is None
        assert reason in decision.witness.reason
