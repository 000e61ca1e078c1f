"""A slope that is infinite does harm only where it arrives: a local derivative of exactly 0 sends 0 on, whatever comes to it."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from backprop_cli import grad, parse
from backprop_cli.errors import BackpropError
from backprop_cli.oracles import second_opinion
from tests.conftest import Backprop

# A program, a point, its gradient, and whether the slope of 0 is one at this point only, which is told as a convention.
SILENT: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("L = sqrt(round(x))", {"x": 0.2}, {"x": 0}, False),
    ("L = sqrt(floor(x)) + x", {"x": 0.2}, {"x": 1}, False),
    ("L = sqrt(relu(x)) + 3*x", {"x": -1}, {"x": 3}, False),
    ("u = 0*x; L = sqrt(u)", {"x": 3}, {"x": 0}, False),
    ("L = log(1 + sqrt(clip(x, 0, 1)))", {"x": -2}, {"x": 0}, False),
    ("u = relu(x); v = sqrt(u); w = cbrt(u); L = v*w + y", {"x": -1, "y": 2}, {"x": 0, "y": 1}, False),
    ("L = sum(sqrt(relu(x)))", {"x": [-1, 4]}, {"x": [0, 0.25]}, False),
    ("L = sum(sqrt(W @ x))", {"W": [[0, 0], [0, 4]], "x": [5, 1]}, {"x": [0, 1]}, False),
    ("L = sum(sqrt(where(x > 0, x, 0)))", {"x": [-1, 4]}, {"x": [0, 0.25]}, False),
    ("L = [x] + sqrt(0*x)", {"x": 1}, {"x": 1}, False),
    ("L = [[x]]*sqrt(round(y)) + y", {"x": 3, "y": 0}, {"x": 0, "y": 1}, False),
    ("L = abs(x) + ([x < 0]) + atan2(x.T < 0, 0/y)^0.5", {"x": 1, "y": 2}, {"x": 1, "y": 0}, False),
    ("L = sqrt(x^2)", {"x": 0}, {"x": 0}, True),
    ("L = sqrt(x^3)", {"x": 0}, {"x": 0}, True),
    ("L = sqrt(x*x)", {"x": 0}, {"x": 0}, True),
    ("L = sqrt(1 - cos(x))", {"x": 0}, {"x": 0}, True),
    ("L = sqrt(x^2 + y^2)", {"x": 0, "y": 0}, {"x": 0, "y": 0}, True),
    ("L = sqrt(sum(x^2))", {"x": [0, 0]}, {"x": [0, 0]}, True),
]


@pytest.mark.parametrize(("text", "at", "gradients", "told"), SILENT)
def test_a_slope_of_0_sends_0_on(text: str, at: dict[str, Any], gradients: dict[str, Any], told: bool) -> None:
    found = grad(text, at, wrt=list(gradients))
    for name, expected in gradients.items():
        np.testing.assert_allclose(found.gradients[name], expected, rtol=1e-15)
    assert any("an infinite slope arrives" in each.message for each in found.warnings) == told
    assert found.kinked == told


REACHING = [
    ("L = sqrt(x)", {"x": 0}, "sqrt by x at 0"),
    ("u = x^2; L = sqrt(u) + sqrt(x)", {"x": 0}, "sqrt by x at 0"),
    ("u = 3*x; L = sqrt(u) + sqrt(round(x))", {"x": 0}, "sqrt by u at 0"),
    ("L = sqrt(x - x)", {"x": 3}, "sqrt by x - x at 0"),
    ("L = sum(sqrt(x))", {"x": [4, 0]}, "sqrt by x at [4, 0]"),
    ("L = sum(sqrt(W @ x))", {"W": [[1, 0], [0, 4]], "x": [0, 1]}, "sqrt by W @ x at [0, 4]"),
]


@pytest.mark.parametrize(("text", "at", "told"), REACHING)
def test_an_infinite_slope_that_arrives_is_an_error_at_the_place_where_it_began(text: str, at: dict[str, Any], told: str) -> None:
    with pytest.raises(BackpropError) as caught:
        grad(text, at, wrt=["x"])
    (complaint,) = caught.value.diagnostics
    assert complaint.reference == "infinite-derivative"
    assert told in complaint.message


def test_only_the_leaves_asked_for_count() -> None:
    assert grad("L = sqrt(x) + y^2", {"x": 0, "y": 3}, wrt=["y"]).gradients == {"y": 6}
    with pytest.raises(BackpropError):
        grad("L = sqrt(x) + y^2", {"x": 0, "y": 3})


def test_a_gradient_too_large_for_a_float_is_silenced_too() -> None:
    found = grad("u = relu(x); v = u*1e200; L = v*1e200", {"x": -1})
    assert found.gradients == {"x": 0}
    with pytest.raises(BackpropError, match="larger than float64 can hold"):
        grad("u = relu(x); v = u*1e200; L = v*1e200", {"x": 1e-200})


def test_exact_numbers_follow_the_same_rule() -> None:
    assert grad("L = sqrt(relu(x)) + x", {"x": Fraction(-1)}, exact=True).gradients == {"x": 1}
    with pytest.raises(BackpropError):
        grad("L = sqrt(x)", {"x": Fraction(0)}, exact=True)


def test_the_first_of_several_causes_is_the_one_that_is_told() -> None:
    with pytest.raises(BackpropError, match="by b at 0"):
        grad("a = 2*x\nb = 3*x\nL = sqrt(a) + sqrt(b)", {"x": 0})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("L = cbrt(x^3)", "the slope by x is 1 beside it, and 0 by convention"),
        ("L = relu(x) - relu(-x)", "the slope by x is 1 beside it, and 0 by convention"),
        ("L = abs(x) + 3*cbrt(x^3)", "the slope by x is 2 or 4 beside it, and 0 by convention"),
        ("L = floor(x) + ceil(x)", "L jumps here: its slope by x is infinite, and 0 by convention"),
        ("L = abs(sqrt(x))", "the slope by x is infinite beside it, and 0 by convention"),
    ],
)
def test_a_convention_that_misses_the_slopes_on_both_sides_is_told(backprop: Backprop, text: str, told: str) -> None:
    done = backprop("grad", "-e", text, "--at", "x=0")
    assert told in " ".join(done.out.split())


@pytest.mark.parametrize("text", ["L = softsign(x)", "L = x*abs(x)", "L = relu(x)^2 + 3*x", "L = 1e-200*softsign(x)"])
def test_a_corner_of_the_definition_alone_is_no_kink(backprop: Backprop, text: str) -> None:
    check = json.loads(backprop("grad", "-e", text, "--at", "x=0", "--json").out)["check"]
    assert (check["status"], check["method"]) == ("agrees", "secants on both sides")


def test_secants_refuse_a_wrong_slope() -> None:
    program = parse("L = softsign(x)")
    for ours, status in ((1.0, "Agrees"), (1 + 1e-8, "Abstains"), (0.0, "Abstains")):
        assert type(second_opinion(program, {"x": Fraction(0)}, "L", {"x": ours}, False)).__name__ == status
    kinked = second_opinion(parse("L = abs(x)"), {"x": Fraction(0)}, "L", {"x": 1.0}, False)
    assert type(kinked).__name__ == "Abstains"


@pytest.mark.parametrize("text", ["L = abs(x)", "L = relu(x)", "L = sqrt(x^2)", "L = sqrt(x^3)", "L = (x^11)^0.1", "L = max(x, 2*x)"])
def test_a_convention_between_the_slopes_is_left_alone(backprop: Backprop, text: str) -> None:
    done = backprop("grad", "-e", text, "--at", "x=0")
    assert "kink" in done.out
    assert "by convention" not in done.out.partition("not checked")[2]


def test_the_trace_shows_where_the_infinite_slope_ends(backprop: Backprop) -> None:
    done = backprop("trace", "-e", "v = round(x); L = sqrt(v)", "--at", "x=0.2")
    assert "1 × undefined" in done.out
    assert "undefined × 0" in done.out
    data = json.loads(backprop("trace", "-e", "v = round(x); L = sqrt(v)", "--at", "x=0.2", "--json").out)
    assert data["gradients"] == {"x": 0.0}
    assert [step["adjoint"] for step in data["backward"]] == [None, 0.0]


# ---- products beyond the range of floats on the way ----


@pytest.mark.parametrize(
    ("entries", "value", "slopes"),
    [
        ([1e-200, 1e-200, 1e200, 1e200], 1.0, [1e200, 1e200, 1e-200, 1e-200]),
        ([1e200, 1e200, 1e-200, 1e-200], 1.0, [1e-200, 1e-200, 1e200, 1e200]),
        ([1e-200, 1e-120, 2e200], 2e-120, [2e80, 2.0, 0.0]),  # the last one is below the smallest normal float
        ([1e300, 0.0, 1e300, 1e-300, -1e-300], 0.0, [0.0, -1.0, 0.0, 0.0, 0.0]),
        ([0.5] * 2000 + [2.0] * 2000, 1.0, [2.0] * 2000 + [0.5] * 2000),
    ],
)
def test_a_product_may_leave_the_range_of_floats_on_the_way(entries: list[float], value: float, slopes: list[float]) -> None:
    found = grad("L = prod(x)", {"x": entries})
    assert found.value == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(found.gradients["x"], slopes, rtol=1e-12, atol=1e-300)
    rows = grad("L = sum(prod(x, axis=0)*[1, 2])", {"x": np.array([entries, entries]).T})
    np.testing.assert_allclose(rows.gradients["x"], np.array([slopes, slopes]).T * [1, 2], rtol=1e-12, atol=1e-300)


def test_a_product_too_large_in_the_end_is_overflow() -> None:
    with pytest.raises(BackpropError, match="overflow in prod"):
        grad("L = prod(x)", {"x": [1e200, 1e200, 1e-10]})


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("L = log(exp(x) + exp(y))", "logsumexp([x, y])"),
        ("p = exp(x); q = exp(y); r = exp(z); L = log(p + q + r)", "logsumexp([x, y, z])"),
        ("L = exp(x)/(exp(x) + exp(y))", "sigmoid(x - y)"),
        ("L = exp(y)/(exp(x) + exp(y))*0 + exp(x)", ""),
        ("L = (exp(x) - exp(-x))/(exp(x) + exp(-x))", "tanh(x)"),
    ],
)
def test_overflow_names_the_stable_spelling(text: str, spelling: str) -> None:
    with pytest.raises(BackpropError) as caught:
        grad(text, {name: 1000.0 if name == "x" else 2.0 for name in ("x", "y", "z") if name in text.replace("exp", "")})
    (complaint,) = caught.value.diagnostics
    assert "overflow" in complaint.message
    assert complaint.hint == (f"write  {spelling}" if spelling else complaint.hint)
    if spelling:
        value = grad(
            f"L = {spelling}", {name: 1000.0 if name == "x" else 2.0 for name in ("x", "y", "z") if name in spelling.replace("exp", "")}
        )
        assert np.isfinite(value.value)


# An infinite slope at which 0 arrives: only here, which is a convention and no verdict, or all around, which is a matter of course.
QUIET: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("L = sqrt(x)^2", {"x": 0}, {"x": 0}, True),
    ("L = cbrt(x)^3 + x", {"x": 0}, {"x": 1}, True),
    ("L = (x^0.5)^2 + 3*y", {"x": 0, "y": 1}, {"x": 0, "y": 3}, True),
    ("L = cos(sqrt(x))", {"x": 0}, {"x": 0}, True),
    ("L = acos(x)^2", {"x": 1}, {"x": 0}, True),
    ("L = sum(sqrt(x)^2)", {"x": [0, 4]}, {"x": [0, 1]}, True),
    ("L = prod([sqrt(x), sqrt(x)])", {"x": 0}, {"x": 0}, True),
    ("L = dot([sqrt(x)], [sqrt(x)])", {"x": 0}, {"x": 0}, True),
    ("L = relu(sqrt(x) - 1) + x", {"x": 0}, {"x": 1}, False),
    ("L = sum(relu(sqrt(x) - 1))", {"x": [0, 4]}, {"x": [0, 0.25]}, False),
    ("L = where(x > 1, sqrt(x), 3*x)", {"x": 0}, {"x": 3}, False),
    ("L = 0*sqrt(x) + x", {"x": 0}, {"x": 1}, False),
    ("L = round(sqrt(x)) + x", {"x": 0}, {"x": 1}, False),
    ("u = sqrt(x); L = u - u + x", {"x": 0}, {"x": 1}, False),
]


@pytest.mark.parametrize(
    ("text", "at", "gradients", "told", "exact"),
    [
        (*case, exact)
        for case in QUIET
        for exact in (False, True)
        if not (exact and "sum" in case[0])  # exact arrays carry nothing infinite along: they are refused in words
    ],
)
def test_where_0_arrives_at_an_infinite_slope(
    backprop: Backprop, text: str, at: dict[str, Any], gradients: dict[str, Any], told: bool, exact: bool
) -> None:
    given = [word for name, value in at.items() for word in ("--at", f"{name}={value}")]
    found = backprop("grad", "-e", text, *given, "--json", *["--exact"] * exact)
    assert found.status == 0, "neither a disagreement nor an error"
    answer = json.loads(found.out)
    for name, expected in gradients.items():
        np.testing.assert_allclose(answer["gradients"][name], expected, rtol=1e-15)
    assert any("and 0 arrives: together 0 by convention" in each["message"] for each in answer["warnings"]) == told
    assert not told or answer["check"]["status"] == "skipped"
