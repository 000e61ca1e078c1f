"""Corners and steps that rounding hides: what the second opinion must not confirm, and what it may."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mpmath import mp

from tests.conftest import Backprop

AGREES, OPEN = "agrees", "skipped"


def check(backprop: Backprop, text: str, at: str) -> dict[str, Any]:
    ran = backprop("grad", "-e", text, *(["--at", at] if at else []), "--json")
    assert ran.status == 0
    found: dict[str, Any] = json.loads(ran.out)
    return found


@pytest.mark.parametrize(
    ("text", "beside"),
    [
        ("a = abs(x); s = sign(x); L = a*s", "the slope by x is 1 beside it, and 0 by convention"),
        ("s = sign(x)*sign(x); L = 5*x*s + 2*x", "the slope by x is 7 beside it, and 2 by convention"),
        ("s = floor(x) + floor(-x); L = x*s + x", "the slope by x is 0 beside it, and 1 by convention"),
        ("L = x*sign(x)^2", "the slope by x is 1 beside it, and 0 by convention"),
        ("f(t) = sign(t); g(t) = abs(t); L = g(x)*f(x)", "the slope by x is 1 beside it"),
        ("s = sign(x); L = x*s", ""),
        ("L = x*floor(x)", ""),
        ("L = relu(x)*sign(x)", ""),
        ("L = x*relu(sign(x))", ""),
        ("L = 1e-7*(relu(x) - relu(-x))", "the slope by x is 1e-07 beside it, and 0 by convention"),
        ("t = tanh(1e30*x); L = relu(t) - relu(-t)", "the slope by x is 1e+30 beside it"),
        ("L = 1e-25*sign(x) + 2*x", "L jumps here"),
        ("L = floor(x + 1) + 2*relu(x)", "L jumps here"),
    ],
)
def test_a_jump_behind_a_zero_is_a_kink(backprop: Backprop, text: str, beside: str) -> None:
    """A step jumps, whatever arrives: 0 times its infinite slope is anything."""
    found = check(backprop, text, "x=0")
    assert (found["check"]["status"], found["warnings"] != []) == (OPEN, True)
    assert beside in found["check"]["detail"]


def test_jumps_in_arrays_and_jacobians_are_kinks(backprop: Backprop) -> None:
    assert check(backprop, "x = [0, 1]; s = sign(x)^2; L = sum(5*x*s + 2*x)", "")["check"]["status"] == OPEN
    ran = backprop("grad", "-e", "x = [1, 0]; s = sign(x)*sign(x); y = s*x", "--jacobian", "--json")
    assert json.loads(ran.out)["check"]["status"] == OPEN


@pytest.mark.parametrize("text", ["L = 0*floor(x) + x", "L = floor(x > 1)*x + x", "L = where(x > 1, floor(x), x)"])
def test_a_step_that_does_not_show_is_none(backprop: Backprop, text: str) -> None:
    assert check(backprop, text, "x=0")["check"]["status"] == AGREES


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("n = 1000; d = floor(log(n)/log(10)) + 1; L = y*d", "y=1"),
        ("L = y*floor(x^(1/3))", "x=64, y=1"),
        ("L = where(x + 0.2 == 0.3, 5*x, 7*x)", "x=0.1"),
        ("a = 0.1; b = 0.2; L = y*where(a + b > 0.3, 5, 7)", "y=1"),
        ("L = y*where(1.1*1.1 == 1.21, 5, 7)", "y=1"),
        ("L = maximum(x, y)", "x=0.3, y=0.1+0.2"),
        ("L = x*(x == 0.3)", "x=0.1+0.2"),
        ("L = x*sign(sin(pi))", "x=1"),
        ("L = x*ceil(sin(pi))", "x=1"),
        ("L = x*where(cos(pi/2) > 0, 1, 2)", "x=1"),
        ("L = x*floor(tan(pi/4))", "x=1"),
        ("x = [1, 2]; L = sum(x)*floor(log(1000)/log(10))", ""),
    ],
)
def test_where_rounding_decides_nothing_is_confirmed(backprop: Backprop, text: str, at: str) -> None:
    """Float64 and fifty digits slip to the same side: that they agree says nothing."""
    found = check(backprop, text, at)
    assert found["check"]["status"] == OPEN
    assert "rounding" in found["check"]["detail"] or "kink" in found["check"]["detail"]
    assert not any("loses the digits of L" in each["message"] for each in found["warnings"])


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("L = x*floor(x/0.1)", "x=0.29"),
        ("L = relu(x)", "x=1e-40"),
        ("L = where(x > 0.3, 2*x, 3*x)", "x=0.3000001"),
        ("L = abs(x - 0.1)", "x=0.1000000001"),
        ("L = relu(x - 0.3)*6.02e23/1e23", "x=0.31"),
        ("L = abs(x)^1.5", "x=0"),
        ("L = y*floor(7/2)", "y=1"),
    ],
)
def test_near_a_corner_the_check_still_speaks(backprop: Backprop, text: str, at: str) -> None:
    assert check(backprop, text, at)["check"]["status"] == AGREES


@pytest.mark.parametrize(
    "text",
    [
        "p = 1e-42; L = -log(p) + relu(x)",
        "h = 1e-45; L = log(h) + relu(x)",
        "r = 1e-50; L = relu(x) + 1/r",
        "y = 6; L = relu(x) + sin(exp(exp(y)))",
    ],
)
def test_only_leaves_that_reach_the_kink_are_spoken_of(backprop: Backprop, text: str) -> None:
    assert check(backprop, text, "x=0")["check"]["detail"] == "kink, a definition has a corner at this point"


def test_secants_compare_zero_with_zero(backprop: Backprop) -> None:
    assert check(backprop, "L = floor(100*x)", "x=0.29")["check"]["status"] == OPEN
    assert check(backprop, "L = y*round(100*x)", "x=0.285, y=1")["check"]["status"] == OPEN


def test_exact_signs_and_floors(backprop: Backprop) -> None:
    for text in ("L = sign(x) + sign(y)", "L = sign(x)*sign(y)", "L = sign(x)/sign(y)", "L = sqrt(sign(y)) + x", "L = sign(x)^2 + y"):
        assert backprop("grad", "-e", text, "--at", "x=2, y=3", "--exact").status == 0
        assert backprop("trace", "-e", text, "--at", "x=2, y=3", "--exact").status == 0
    ran = backprop("grad", "-e", "L = floor(exp(300))*y", "--at", "y=1", "--exact")
    assert ran.status == 0
    with mp.workdps(200):
        assert f"L = {int(mp.floor(mp.exp(300)))}\n" in ran.out


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("input a = 0.1, b = 0.2, c = 0.3; param x = 2; m = (a + b + c)/3; L = x*sign(b - m)", ""),
        ("input d = [0.1, 0.2, 0.3]; param x = 2; L = sum(sign(d - mean(d))*x)", ""),
        ("input a = 0.6, b = 0.7; param x = 2; L = x*where((a + b)*0.1 == 0.13, 1, 2)", ""),
        ("input t = 3; param w = 1; L = w*floor(sin(t)^2 + cos(t)^2)", ""),
        ("L = y*where(0.1 + 0.2 - 0.3, 5, 7)", "y=1"),
        ("L = y*where(log(1000)/log(10) - 3, 5, 7)", "y=1"),
        ("L = y*where(1e35*(1.1*1.1) > 1e35*1.21, 5, 7)", "y=1"),
        ("L = y*where(1 + 1e-100 > 1, 5, 7)", "y=1"),
        ("t = 1; s = sin(t); c = cos(t); a = 1e40*s^2; b = 1e40*c^2; d = a + b - 1e40; L = where(d > 0, 5*y, 7*y)", "y=1"),
        ("k = 3; r = sqrt(k); a = 1e20*r; d = a*a; q = d - 3e40; L = where(q > 0, 5*y, 7*y)", "y=1"),
    ],
)
def test_engines_that_slip_alike_at_any_digits_confirm_nothing(backprop: Backprop, text: str, at: str) -> None:
    """Some of these are 0 at 50 and at 80 digits, and something at 300."""
    found = check(backprop, text, at)["check"]
    assert (found["status"], found["detail"].startswith("rounding decides")) == (OPEN, True)


def test_a_corner_that_moves_is_settled_by_both_sides(backprop: Backprop) -> None:
    huber = "r = y - p; L = where(abs(r) <= 1, 0.5*r^2, abs(r) - 0.5)"
    for text, at in ((huber, "y=1.4, p=0.4"), ("L = softsign(x*3 - 0.3)", "x=0.1"), ("L = elu(x*3 - 0.3)", "x=0.1")):
        assert check(backprop, text, at)["check"]["method"] == "secants on both sides"
    assert check(backprop, "L = maximum(x, y)", "x=0.3, y=0.1+0.2")["check"]["status"] == OPEN


@pytest.mark.parametrize("text", ["L = exp(510) + abs(x)", "L = 10^230*3 + abs(x)", "L = 1e250*(1 + 0*x) + relu(x)"])
def test_beside_large_numbers_secants_need_digits(backprop: Backprop, text: str) -> None:
    assert check(backprop, text, "x=0")["check"]["status"] == OPEN


@pytest.mark.parametrize(
    "text",
    [
        "x = [1, 2, -0.5]; L = sum(where(x > 0, x^2, floor(x)))",
        "input mask = [1, 0, 1]; param x = [0.2, 0.5, 0.7]; L = sum(mask*round(x)) + sum(x)",
        "param x = [2.5, 3]; L = floor(x)[0] + sum(x*x)",
        "x = [3, 4]; L = sum(x*clip(floor(x), 0, 1))",
    ],
)
def test_jumps_that_are_left_out_are_no_kinks(backprop: Backprop, text: str) -> None:
    found = check(backprop, text, "")
    assert (found["check"]["status"], found["warnings"]) == (AGREES, [])


def test_a_slope_that_grows_slowly_is_infinite_too(backprop: Backprop) -> None:
    found = check(backprop, "L = where(p == 0, 0, p*log(p))", "p=0")["check"]["detail"]
    assert "the slope by p is infinite beside it, and 0 by convention" in found


def test_many_leaves_at_kinks_are_not_tried_one_by_one(backprop: Backprop, monkeypatch: pytest.MonkeyPatch) -> None:
    from backprop_cli.oracles import sides

    asked: list[str] = []
    monkeypatch.setattr(sides.Sides, "_of", lambda self, name, scope: asked.append(name))
    text = "param " + ", ".join(f"x{i} = 0" for i in range(50)) + "\n" + "\n".join(f"s{i} = relu(x{i % 50}) + {i}" for i in range(100))
    assert check(backprop, text + "\nL = " + " + ".join(f"s{i}" for i in range(100)), "")["check"]["status"] == OPEN
    assert asked == []


def test_the_slopes_beside_a_point_lay_the_program_once_for_a_leaf(backprop: Backprop, monkeypatch: pytest.MonkeyPatch) -> None:
    from backprop_cli.oracles import sides

    laid: list[str] = []
    plain = sides.ground

    def ground(scope: Any, output: str, *rest: Any) -> Any:
        laid.append(output)
        return plain(scope, output, *rest)

    monkeypatch.setattr(sides, "ground", ground)
    assert check(backprop, "L = softsign(x) + softsign(y)", "x=0, y=0")["check"]["status"] == AGREES
    assert laid.count("L") == 2


@pytest.mark.parametrize("text", ["L = x*cos(2^cot(pi)) + y", "L = x*sin(tan(pi/2)) + y", "L = x*softsign(max(x, pi)^cot(pi)) + y"])
def test_no_formula_is_made_of_what_has_no_value(backprop: Backprop, text: str) -> None:
    """SymPy goes on with nan; what it said of the derivative was 0, and that was printed."""
    ran = backprop("grad", "-e", text, "--at", "x=3, y=-2", "--symbolic")
    assert ran.status == 0
    assert "no formula for x, y: a part of it has no value" in ran.out
