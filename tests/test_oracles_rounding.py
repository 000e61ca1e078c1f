"""What float64's rounding explains: bounds worked out by hand, real losses of digits inside them, and where the digits were lost."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from mpmath import mp, mpf

from backprop_cli.autodiff.differentiate import differentiate
from backprop_cli.graph.build import build
from backprop_cli.lang.parse import parse
from backprop_cli.lang.syntax import Name
from backprop_cli.oracles import rounding, statements
from backprop_cli.oracles.opinion import NoOpinion
from backprop_cli.oracles.rounding import Bound
from backprop_cli.oracles.scope import Scope
from backprop_cli.oracles.tape import Ground, ground
from tests.conftest import Backprop

UNIT, SLACK = 2.0**-53, 8


def standing(text: str, output: str = "L") -> Ground:
    return ground(Scope(parse(text), {}), output)


def bounds(text: str, *wrt: str) -> dict[str, Bound]:
    return rounding.bounds(standing(text), wrt, lambda: None)


def units(text: str, wrt: str = "x") -> float:
    """The bound without its slack, in units of 2^-53."""
    return float(bounds(text, wrt)[wrt].error) / SLACK / UNIT


def off(value: str) -> float:
    """How far a number as it is written is from float64's, in units of 2^-53."""
    with mp.workdps(60):
        return float(abs(mpf(float(value)) - mpf(value)) / UNIT)


# An operation's slope s, computed with four roundings, is 4|s| off; a slope that changes by c is off by c times the error of what it
# is taken at, and by |c/s| times that of the operation's own value, from which it may be computed. Errors above are handed on.
E2 = math.exp(2)
BY_HAND = [
    ("x = 2; y = 3; L = x*y", "x", 4 * 3),
    ("x = 2; y = 3; L = x*y", "y", 4 * 2),
    ("x = 2; y = 3; L = x", "y", 0),
    ("x = 2; y = 3; L = x", "q", 0),
    ("x = 2; L = x", "x", 4),
    ("x = 2; L = -x", "x", 4),
    ("x = 2; L = x + 1", "x", 4),
    ("x = 2; L = 1 - x", "x", 4),
    ("x = 2; L = x^2", "x", 4 * 4 + 2 / 4 * 4),
    ("x = -2; L = x^2", "x", 4 * 4 + 2 / 4 * 4 + 2 * 2),  # -2 is an operation on 2, which rounds
    ("x = 2; L = exp(x)", "x", 5 * E2),
    ("x = 2; a = exp(x); L = log(a)", "a", (1 + 2 + 4) / E2),
    ("x = 2; a = exp(x); L = log(a)", "x", 5 + 7),
    ("x = 2; y = 0.1; L = x*y", "x", 4 * 0.1 + off("0.1")),
    ("x = 2; y = 0.1; L = x*y", "y", 4 * 2),
    ("x = 2; y = 0.1; z = y*y; L = x*z", "x", 4 * 0.01 + 2 * 0.1 * off("0.1") + 0.01),
    ("x = 2; y = 0.1; z = y; L = x*z", "x", 4 * 0.1 + off("0.1")),  # a copy rounds nothing
    ("x = 0.5; y = 3*7; z = y + 1; w = z - y; L = w*x", "x", 4 + (21 + 22) + 21 + 1),
    ("x = 1; a = 3*x; L = a + a*a", "x", 7 * 12 + 3 * (4 + 2 * (4 * 3 + 3) + 6 * 4)),
    ("x = 2; y = 3; z = y - 3; L = x*z", "x", 0 + 0),
    ("x = -1; a = log(x); L = where(x > 0, a, x^2)", "x", 4 * 2 + 1 + 2 + 2 * 4),
    ("x = 4; L = relu(x)*3", "x", 4 * 3 + 3 * 4),
    ("x = -4; L = relu(x)*3", "x", 0),
    ("x = 3; L = clip(x, 0, 5)*2", "x", 4 * 2 + 2 * 4),
    ("x = 3; p = 0.1; z = p*x - 0.3; s = p*x - 0.3; L = s*(z*z)", "z", 2 * (3 * off("0.1") + 0.3 + off("0.3")) ** 2 * UNIT),
]


@pytest.mark.parametrize(("text", "wrt", "expected"), BY_HAND)
def test_bounds_worked_out_by_hand(text: str, wrt: str, expected: float) -> None:
    assert units(text, wrt) == pytest.approx(expected, rel=1e-9, abs=0)


LOST = [
    ("(1 - cos(x))/x^2", [1e-9, 1e-7, 1e-5, 0.01, 1.5]),
    ("(exp(x) - 1)/x", [1e-12, 1e-8, 1e-4, -1e-9, 3.0]),
    ("sqrt(x + 1) - sqrt(x)", [1e15, 1e12, 1e8, 1e3]),
    ("log(1 - erf(x))", [3.0, 4.5, 5.0, 5.5]),
    ("log(sigmoid(x))", [10.0, 30.0, 36.0, 40.0]),
    ("(x + 1)^2 - x^2 - 2*x", [1e5, 1e8, 123456789.1]),
    ("log(1 + x) - x", [1e-12, 1e-8, 0.1]),
    ("sin(x)^2 + cos(x)^2", [0.3, 2.0, 1000.1]),
    ("x^30 - (x + 0.001)^30", [0.9, 1.3, -1.1]),
    ("1/(x - 3.3)", [3.3000000001, 3.31, 3.4]),
    ("tan(x)*cos(x) - sin(x)", [1.57079, 1.5, 0.1]),
]


@pytest.mark.parametrize(("formula", "points"), LOST)
def test_what_float64_loses_is_within_the_bounds(formula: str, points: list[float]) -> None:
    for x in points:
        text = f"x = {x!r}\nL = {formula}"
        ours = differentiate(build(parse(text))).gradients["x"]
        truth = statements.gradients(standing(text), ["x"], 200, lambda: None)["x"].value
        with mp.workdps(200):
            lost, bound = abs(mpf(float(ours)) - truth), bounds(text, "x")["x"].error
            assert lost <= bound


# ---- corners ----


@pytest.mark.parametrize("head", ["relu", "abs", "2*maximum(1, 1/3)*relu", "sign", "3 + maximum"])
@pytest.mark.parametrize("sign", ["+", "-"])
def test_a_corner_nearer_than_the_errors_reach(head: str, sign: str) -> None:
    # 0.1*x - 0.3 is off by 3*off("0.1") + 0.3 + off("0.3") units, and by its own rounding, of nothing.
    reach = (3 * off("0.1") + 0.3 + off("0.3")) * UNIT
    more = ", 0" if "+" in head else ""
    for share in (0.01, 0.9):
        with pytest.raises(NoOpinion, match=r"^kink.* as far as float64 can tell, at L$"):
            bounds(f"x = 3; L = {head}((0.1*x - 0.3) {sign} {reach * share!r}{more})*2", "x")
    assert bounds(f"x = 3; L = {head}((0.1*x - 0.3) {sign} {reach * 1.1!r}{more})*2", "x")["x"].error >= 0


def test_a_corner_under_a_gradient_that_may_not_be_0() -> None:
    with pytest.raises(NoOpinion, match=r"as far as float64 can tell"):
        bounds("x = 0; p = 0.1; s = p - 0.1; L = s*relu(x)", "x")


def test_a_corner_that_nothing_of_interest_reaches_does_not_matter() -> None:
    assert bounds("x = 3; y = 5; z = relu(0.1*x - 0.3 + 1e-18); L = y*2 + 0*z", "y")["y"].error > 0


# ---- where digits are lost ----

POWER = "w = 1; x = 3; y = 7; a = x*y; b = a^{}; L = w*b"


@pytest.mark.parametrize(
    ("text", "wrt", "head", "statement", "stable"),
    [
        ("x = 40; L = log(sigmoid(x))", "x", "sigmoid", "L", "logsigmoid(x)"),
        ("x = 40; y = sigmoid(x); L = log(y)", "x", "sigmoid", "y", "logsigmoid(x)"),
        ("x = 1e-9; L = (1 - cos(x))/x^2", "x", "-", "L", ""),
        ("x = 1e-10; L = exp(x) - 1", "x", "exp", "L", "expm1(x) for exp(x) - 1"),
        ("x = 1e-10; L = (exp(x) - 1)/x", "x", "-", "L", "expm1(x) for exp(x) - 1"),
        ("x = 5; z = 1 - erf(x); L = log(z)", "x", "-", "z", "erfc(x) for 1 - erf(x)"),
        ("x = 2; L = x*3", "x", "*", "L", ""),
        (POWER.format(6), "w", "*", "a", ""),
        ("w = 1; x = 0.5; a = x*2; b = a^7; L = w*b", "w", "*", "a", ""),
        (POWER.format(8), "w", "^", "b", ""),
        ("x = 2; L = x", "x", "", "L", ""),
        ("x = 0.5; a = x*2; z = a - 1; b = exp(z); L = b^20", "b", "-", "z", ""),
    ],
)
def test_where_digits_are_lost(text: str, wrt: str, head: str, statement: str, stable: str) -> None:
    found = bounds(text, wrt)[wrt]
    assert found.step is not None
    shown = found.step.shown
    assert (getattr(shown, "head", ""), found.step.statement, found.stable) == (head, statement, stable)


def test_an_error_of_nothing_comes_from_nowhere() -> None:
    assert bounds("x = -4; L = relu(x)*3", "x")["x"].step is None


def said(text: str, value: str, wrt: str = "x", output: str = "L") -> Any:
    stands = standing(text, output)
    return rounding.note(stands, wrt, rounding.bounds(stands, [wrt.partition("[")[0]], lambda: None)[wrt.partition("[")[0]], mpf(value))


def test_notes() -> None:
    lost = "float64 loses the digits of dL/dx"
    text = "x = 40\ny = sigmoid(x)\nL = log(y)"
    note = said(text, "4.24835425529e-18")
    assert note.message == f"{lost} in sigmoid at y: it is 4.24835e-18; logsigmoid(x) keeps them"
    assert note.node == "y"
    assert text[note.span.start : note.span.end].startswith("y = sigmoid(x)")
    assert said("x = 2; L = x*3", "3").message == f"{lost} in * at L: it is 3.0"
    assert said("x = 2; L = x", "-2e-200").message == f"{lost} at L: it is -2.0e-200"
    assert said("x = 2; L = x", "1e-200").message == f"{lost} at L: it is 1.0e-200"
    assert said("x = 2; L = x", "0").message == f"{lost} at L: it is 0, as near as float64 could tell"
    assert said("x = 2; y = 3; L = y", "1").message == f"{lost} at x: it is 1.0"
    assert said("x = 2; y = 3; L = y", "1", "x[2, 3]").message == "float64 loses the digits of dL/dx[2, 3] at x: it is 1.0"


# ---- work ----


@pytest.mark.parametrize(("steps", "turns"), [(255, 1), (256, 1), (257, 2), (512, 2), (513, 3)])
def test_time_is_looked_at_every_256_steps(steps: int, turns: int) -> None:
    ticks: list[int] = []
    text = "u0 = 1.5; " + "; ".join(f"u{i + 1} = u{i} + 1" for i in range(steps - 1))
    rounding.bounds(standing(text, f"u{steps - 1}"), ["u0"], lambda: ticks.append(1))
    assert len(ticks) == 4 * turns  # values, adjoints, and the errors of both


def test_bounds_are_worked_out_with_digits_enough() -> None:
    before = mp.dps
    assert float(bounds("x = 1e-30; L = (1 - cos(x))/x^2", "x")["x"].error) == pytest.approx(3e90 * SLACK * UNIT, rel=1e-3)
    assert mp.dps == before


@pytest.mark.parametrize(
    ("text", "at", "where"),
    [
        ("L = tan(x)", "x=pi/2", "tan(x)"),
        ("L = tan(pi/2)*x", "x=1", "tan(pi/2)"),
        ("L = x/sin(pi)", "x=1", "x/sin(pi)"),
        ("u = sqrt(2)^2; L = sqrt(u - 2)*x", "x=1", "sqrt(u - 2)"),
        ("L = where(sqrt(2)^2 == 2, x, 2*x)", "x=1", "where(sqrt(2)^2 == 2, x, 2*x)"),
    ],
)
def test_next_to_a_pole_or_a_corner_rounding_is_no_disagreement(backprop: Backprop, text: str, at: str, where: str) -> None:
    """No bound of first order holds there: the check abstains, and says where."""
    found = backprop("grad", "-e", text, "--at", at, "--json")
    check = json.loads(found.out)["check"]
    assert (found.status, check["status"]) == (0, "skipped")
    said = ("pole", "goes on changing with the digits", f"rounding leaves the slope of {where} open")
    assert any(each in check["detail"] for each in said)


def test_a_number_that_changes_with_every_digit_confirms_nothing(backprop: Backprop) -> None:
    """log(sin(pi)) has no value; what stands for it at 50 or at 300 digits is rounding alone."""
    for text in ("L = log(sin(pi))*x", "L = x/sin(pi)"):
        found = json.loads(backprop("grad", "-e", text, "--at", "x=2", "--json").out)
        assert (found["check"]["status"], "goes on changing" in found["check"]["detail"]) == ("skipped", True)
    assert "its value changes with the digits" in found["warnings"][-1]["message"]
    settled = json.loads(backprop("grad", "-e", "L = log(sin(pi) + 1e-60)*x", "--at", "x=2", "--json").out)
    assert settled["check"]["status"] == "agrees"


@pytest.mark.parametrize("text", ["x=1e-170; L=x*x/x", "x=1e-200; L=x^2/x", "x=[1e-170,1]; L=sum(x*x/x)", "x=1e-170; L=(x^2+x^3)/x^1.5"])
def test_what_underflows_is_lost_and_no_disagreement(backprop: Backprop, text: str) -> None:
    found = backprop("grad", "-e", text)
    assert found.status == 0
    assert "float64 loses the digits of dL/dx" in found.out
    assert "as far as float64 reaches" in found.out


@pytest.mark.parametrize(("formula", "expected"), [("clip(x, 0, 1)*3", 24), ("clip(x, 0, 1)/3 + clip(x, -1, 2)", 12)])
def test_a_step_with_two_corners_has_bounds(formula: str, expected: float) -> None:
    text = f"x = 0.3; L = {formula}"
    assert bounds(text, "x")["x"].blind is None
    assert units(text) == pytest.approx(expected)


@pytest.mark.parametrize(("a", "way", "blind"), [("0.21", 1, False), ("0.1", -1, True)])
def test_a_slope_that_errors_move_by_half_of_itself_is_blind(a: str, way: int, blind: bool) -> None:
    # The next float above 0.21 is so near that what 0.21 is off is 0.39 of the difference; for 0.1 and the one below it is 0.67.
    beside = Decimal(float(a) + way * math.ulp(float(a)))
    found = bounds(f"a = {a}; b = {beside}; x = a - b; L = x^2", "x")["x"]
    assert (found.blind is not None) == blind


def test_below_the_smallest_normal_number_errors_are_no_smaller() -> None:
    # z = 2^-1070 is a multiple of 2^-1074, and off by half of that; nothing else is off by nearly as much.
    found = bounds("x = 2; c = 0.5^535; z = c*c; L = x*z", "x")["x"]
    with mp.workdps(60):
        assert abs(found.error / (SLACK * mpf(2) ** -1075) - 1) < 1e-9


def test_an_infinite_slope_is_blind_where_its_operand_may_be_off() -> None:
    found = bounds("x = 2; y = 0.1 - 0.1; L = x*sqrt(y)", "x")["x"]
    assert found.blind is not None
    assert rounding.called(found.blind) == "sqrt(y)"
    assert bounds("x = 2; y = 0.1; z = 0; L = x*(sqrt(z) + y)", "x")["x"].blind is None
    assert bounds("x = 2; y = 0.1; z = 0; L = x*z^y", "x")["x"].blind is not None


@pytest.mark.parametrize(("length", "shown"), [(1, True), (2, True), (40, True), (41, False)])
def test_what_a_step_computes_is_told_as_it_was_written_if_that_is_short(length: int, shown: bool) -> None:
    step = standing("x = 2; L = sqrt(x)").lay(["x"], True).steps[-1]
    name = "n" * length
    assert rounding.called(replace(step, shown=Name(name))) == (name if shown else "a value")
    assert rounding.called(replace(step, shown=None)) == "a value"


@pytest.mark.parametrize(("upper", "blind"), [("z", True), ("2", False)])
def test_a_corner_at_no_distance_at_all_is_near(upper: str, blind: bool) -> None:
    found = bounds(f"x = 2; y = 1; z = 1; w = 0.1; L = x*clip(y, w, {upper})", "x")["x"]
    assert (found.blind is not None) == blind


@pytest.mark.parametrize(
    ("formula", "blind"),
    [
        ("x*(0.1 - 0.1)^1.5", True),  # its slope goes on, but that one's slope does not
        ("x*relu(0.1 - 0.1)", True),
        ("x*relu(0)", False),  # nothing moves it off its corner
        ("where(x > 3, log(0.1 - 0.1), x^2)", False),  # no value, and none is asked for
    ],
)
def test_what_leaves_a_slope_open(formula: str, blind: bool) -> None:
    assert (bounds(f"x = 2; L = {formula}", "x")["x"].blind is not None) == blind
