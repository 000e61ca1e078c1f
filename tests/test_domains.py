"""Where a function has no value, or no slope, the message says which rule is broken, and for arrays at which entry."""

from __future__ import annotations

from math import pi as PI
from typing import Any

import pytest

from backprop_cli import grad
from backprop_cli.errors import BackpropError


def complaint(text: str, at: dict[str, Any]) -> str:
    with pytest.raises(BackpropError) as caught:
        grad(text, at)
    (found,) = caught.value.diagnostics
    return found.message


ZERO, REAL, EXPONENT = (
    "zero to a negative power",
    "a power without a real value",
    "the derivative by an exponent of a base that is not positive",
)
TOO_LARGE, OVERFLOW = "infinite or too large", "overflow in a power"


@pytest.mark.parametrize(
    ("a", "b", "wrt", "message"),
    [
        (0, -1, "a", ZERO),
        (0, -0.5, "a", ZERO),
        (-8, 1 / 3, "a", REAL),
        (-8, -0.5, "a", REAL),
        (0.5, -2000.5, "a", OVERFLOW),  # a real value, but too large a one
        (-2, 2001, "a", OVERFLOW),
        (1e200, 2, "a", OVERFLOW),
        (-2, 3, "b", EXPONENT),
        (-2, -3, "b", EXPONENT),
        (0, 0, "b", EXPONENT),
        (0.1, -308.2, "b", TOO_LARGE),
        (1e300, 1.02, "b", TOO_LARGE),
        (0, 0.5, "a", TOO_LARGE),
    ],
)
def test_powers(a: float, b: float, wrt: str, message: str) -> None:
    with pytest.raises(BackpropError) as caught:
        grad("L = a^b", {"a": a, "b": b}, wrt=[wrt])
    assert message in caught.value.diagnostics[0].message


ANGLE = "atan2(0, 0) has no angle"


@pytest.mark.parametrize(
    ("a", "b", "wrt", "message"),
    [
        (0, 0, "a", ANGLE),
        (0, 0, "b", ANGLE),
        (1e-320, 0, "b", TOO_LARGE),
        (0, 1e-320, "a", TOO_LARGE),
        (1e-320, 1e-320, "a", TOO_LARGE),
        (1e-320, 1e-320, "b", TOO_LARGE),
    ],
)
def test_angles(a: float, b: float, wrt: str, message: str) -> None:
    with pytest.raises(BackpropError) as caught:
        grad("L = atan2(a, b)", {"a": a, "b": b}, wrt=[wrt])
    assert message in caught.value.diagnostics[0].message


@pytest.mark.parametrize(
    ("a", "b", "slopes"),
    [(0, 0.5, {"b": 0}), (0, 1, {"a": 1, "b": 0}), (0, 3, {"a": 0, "b": 0}), (0, 0, {"a": 0}), (-2, 3, {"a": 12}), (-2, -1, {"a": -0.25})],
)
def test_powers_at_the_edge_that_have_a_slope(a: float, b: float, slopes: dict[str, float]) -> None:
    assert grad("L = a^b", {"a": a, "b": b}, wrt=list(slopes)).gradients == pytest.approx(slopes)


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("L = sum(a^b)", {"a": [0, 0, 0, 0], "b": [0, 0.5, 1, -1]}, f"{ZERO}, at entry [3]"),
        ("L = sum(a^b)", {"a": [0, -8], "b": 1 / 3}, f"{REAL}, at entry [1]"),
        ("L = sum(log(x))", {"x": [0.5, 1, 0]}, "log of 0, at entry [2]"),
        ("L = sum(log2(x))", {"x": [0.5, -3]}, "log2 of a negative number, -3, at entry [1]"),
        ("L = sum(sqrt(x))", {"x": [[0, 0.5], [1, -0.5]]}, "sqrt of a negative number, -0.5, at entry [1, 1]"),
        ("L = sum(asin(x))", {"x": [-1, 1, 0.5, 1.5]}, "asin of 1.5, at entry [3]"),
        ("L = sum(asin(x))", {"x": [-1, 1, -1.5]}, "asin of -1.5, at entry [2]"),
        ("L = sum(csc(x))", {"x": [1, PI / 2, PI, 0]}, "csc of a multiple of pi, at entry [3]"),
        ("L = sum(cot(x))", {"x": [1, PI / 2, PI, 0]}, "cot of a multiple of pi, at entry [3]"),
        ("L = sum(acos(x))", {"x": [-1, 1, 0.5, -1.5]}, "acos of -1.5, at entry [3]"),
        ("L = sum(acosh(x))", {"x": [1, 1.5, 0.5]}, "acosh of 0.5, at entry [2]"),
        ("L = sum(atanh(x))", {"x": [0.5, -0.5, 1]}, "atanh of 1, at entry [2]"),
        ("L = sum(atanh(x))", {"x": [0.5, -0.5, -1.5]}, "atanh of -1.5, at entry [2]"),
        ("L = sum(log1p(x))", {"x": [-0.5, 0, -1]}, "log1p of -1, at entry [2]"),
        ("L = sum(x/y)", {"x": [1, 2, 3], "y": [1, 0.5, 0]}, "division by zero, at entry [2]"),
        ("L = sum(2/y)", {"y": [[1, 0.5], [0, 1]]}, "division by zero, at entry [1, 0]"),
        ("L = sum(mod(x, y))", {"x": [1, 2, 3], "y": [1, 0.5, 0]}, "division by zero, at entry [2]"),
        ("L = sum(x/y)", {"x": [1, 2, 3], "y": 0}, "division by zero, at entry [0]"),
    ],
)
def test_arrays_name_the_entry(text: str, at: dict[str, Any], message: str) -> None:
    assert message in complaint(text, at)


@pytest.mark.parametrize(
    ("branch", "message", "column"),
    [
        ("1/(x+1)", "division by zero, at entry [0]", 27),
        ("log(x-5)", "log of a negative number, -6, at entry [0]", 27),
        ("2*log(x-5)", "log of a negative number, -6, at entry [0]", 29),
        ("where(x>-2, 1/(x+1), x)", "division by zero, at entry [0]", 39),
        ("exp(1000*abs(x))*0+x", "overflow in exp", 27),
    ],
)
def test_behind_a_where_the_branch_that_is_taken_is_blamed(branch: str, message: str, column: int) -> None:
    with pytest.raises(BackpropError) as refused:
        grad(f"x=[-1,2]; y=where(x>0, x, {branch}); L=sum(y)")
    (found,) = refused.value.diagnostics
    assert found.span is not None
    assert (found.message, found.span.start + 1) == (message, column)
    assert grad(f"x=[1,2]; y=where(x>0, x, {branch}); L=sum(y)").value == 3


@pytest.mark.parametrize("zero", ["-(x-x)", "-0*x", "-0.0", "minimum(-(x-x), 0)"])
def test_a_zero_has_no_sign_in_an_angle(zero: str) -> None:
    assert grad(f"x=1; L=x*atan2({zero}, -1)").value == PI
    assert grad(f"x=[1,2]; L=sum(x*atan2({zero}, -1))").value == 3 * PI
