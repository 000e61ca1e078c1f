"""Numbers that are easy to lose: each against arithmetic of fifty digits, through whole programs rather than single rows."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

from backprop_cli import grad
from backprop_cli.autodiff import stable
from backprop_cli.errors import BackpropError
from tests.conftest import Backprop
from tests.reference import formula, formula_slope

DIGITS = 900  # enough for 1 + exp(-1000)


def complaint(text: str, **at: float) -> str:
    with pytest.raises(BackpropError) as caught:
        grad(text, at)
    (found,) = caught.value.diagnostics
    return f"{found.message} | {found.hint} | {found.span is not None}"


# ---- stable forms ----

FAR = [-1000.0, -700.0, -40.0, -1e-8, 1e-8, 40.0, 700.0, 1000.0]
STABLE = {
    "sigmoid(x)": "1/(1 + exp(-x))",
    "softplus(x)": "log(1 + exp(x))",
    "logsigmoid(x)": "-log(1 + exp(-x))",
    "logsumexp([x, 0])": "log(exp(x) + 1)",
    "log_softmax([x, 0])[0]": "x - log(exp(x) + 1)",
    "log_softmax([x, 0])[1]": "-log(exp(x) + 1)",
    "softmax([x, 0])[0]": "1/(1 + exp(-x))",
    "hypot(x, 1e-300)": "sqrt(x^2 + 1e-600)",
    "tanh(x)": "(1 - exp(-2*x))/(1 + exp(-2*x))",
}


@pytest.mark.parametrize("text", STABLE)
@pytest.mark.parametrize("x", FAR)
def test_stable_forms_keep_their_digits(text: str, x: float) -> None:
    found = grad(f"L = {text}", {"x": x})
    with mp.workdps(DIGITS):
        value, slope = formula(STABLE[text], {"x": x}, DIGITS), formula_slope(STABLE[text], "x", {"x": x}, DIGITS)
    # Functions of arrays are as exact as their largest entry allows: what is next to nothing beside it may be lost.
    least = 2.0**-52 if "[" in text else 5e-324
    assert math.isclose(found.value, float(value), rel_tol=4e-15, abs_tol=least)
    assert math.isclose(found.gradients["x"], float(slope), rel_tol=1e-13, abs_tol=least)


@pytest.mark.parametrize(("text", "x"), [("log1p(x)", 1e-300), ("log1p(x)", 1000.0), ("expm1(x)", 1e-300), ("expm1(x)", -1000.0)])
def test_small_differences_keep_their_digits(text: str, x: float) -> None:
    found = grad(f"L = {text}", {"x": x})
    with mp.workdps(50):
        value, slope = (mp.log1p(x), 1 / (1 + mpf(x))) if text.startswith("log") else (mp.expm1(x), mp.exp(x))
    assert (found.value, found.gradients["x"]) == (pytest.approx(float(value), rel=1e-15), pytest.approx(float(slope), rel=1e-15))


# ---- products of many ----


@pytest.mark.parametrize("entries", [[2.0, 3.0, 5.0, 7.0], [2.0, 0.0, 5.0], [0.0, 0.0, 5.0], [1e-320, 3.0]])
def test_the_slope_of_a_product_divides_by_nothing(entries: list[float]) -> None:
    found = grad("L = prod(x)", {"x": entries}).gradients["x"]
    for at in range(len(entries)):
        with mp.workdps(50):
            others = mp.fprod(entries[:at] + entries[at + 1 :])
        assert found[at] == pytest.approx(float(others), rel=1e-14, abs=0)


# ---- branches that are not taken, factors that are nothing ----


@pytest.mark.parametrize(
    ("text", "x", "value", "slope"),
    [
        ("where(x > 0, log(x), 0)", -1.0, 0.0, 0.0),
        ("where(x > 0, log(x), 3*x)", 0.0, 0.0, 3.0),
        ("where(x == 0, 1, sin(x)/x)", 0.0, 1.0, 0.0),
        ("where(x < 1, sqrt(1 - x), 0)", 2.0, 0.0, 0.0),
        ("where(x > 0, x, exp(1000))", 1.0, 1.0, 1.0),
        ("where(x > 1000, exp(x), x)", 999.0, 999.0, 1.0),
    ],
)
def test_a_branch_not_taken_contributes_nothing(text: str, x: float, value: float, slope: float) -> None:
    found = grad(f"L = {text}", {"x": x})
    assert (found.value, found.gradients["x"]) == (value, slope)


def test_a_slope_of_exactly_nothing_contributes_nothing() -> None:
    assert grad("L = floor(x)*1e300*1e7", {"x": 0.5}).gradients["x"] == 0
    assert grad("L = sign(x)*1e300*1e7 + x", {"x": 0.5}).gradients["x"] == 1


# ---- powers ----


@pytest.mark.parametrize("x", [-2.0, -1e-3, 0.0, 3.0])
@pytest.mark.parametrize("n", [0, 1, 2, 3, 5])
def test_whole_powers_follow_the_rule_everywhere(x: float, n: int) -> None:
    found = grad(f"L = x^{n}", {"x": x})
    with mp.workdps(50):
        value, slope = mpf(x) ** n, n * mpf(x) ** (n - 1) if n else mpf(0)
    assert found.value == pytest.approx(float(value), rel=1e-15, abs=0)
    assert found.gradients["x"] == pytest.approx(float(slope), rel=1e-15, abs=0)


@pytest.mark.parametrize("x", [-2.0, -1e-3, 3.0])
@pytest.mark.parametrize("n", [-1, -2, -3])
def test_negative_powers_of_negative_numbers(x: float, n: int) -> None:
    found = grad(f"L = x^{n}", {"x": x})
    with mp.workdps(50):
        value, slope = mpf(x) ** n, n * mpf(x) ** (n - 1)
    assert (found.value, found.gradients["x"]) == (pytest.approx(float(value), rel=1e-15), pytest.approx(float(slope), rel=1e-15))


def test_the_exponent_of_a_negative_base_has_no_slope_and_that_is_said() -> None:
    assert "base that is not positive" in complaint("L = x^p", x=-2, p=3)
    assert "without a real value" in complaint("L = x^0.5", x=-2)
    assert "zero to a negative power" in complaint("L = x^-1", x=0)


# ---- bounds that cross, corners ----


@pytest.mark.parametrize(
    ("x", "lo", "hi", "slopes"),
    [
        (0.5, 0, 1, (1, 0, 0)),
        (-1, 0, 1, (0, 1, 0)),
        (2, 0, 1, (0, 0, 1)),
        (0, 0, 1, (1, 0, 0)),
        (1, 0, 1, (1, 0, 0)),
        (0.5, 1, 0, (0, 0, 1)),
        (2, 1, 0, (0, 0, 1)),
        (-1, 1, 0, (0, 0, 1)),
        (0, 1, 0, (0, 0, 1)),
        (-1, 1, 1, (0, 1, 0)),
        (2, 1, 1, (0, 0, 1)),
    ],
)
def test_clip_at_and_beyond_its_bounds(x: float, lo: float, hi: float, slopes: tuple[int, int, int]) -> None:
    """Bounds that cross leave the upper one, as `minimum(maximum(x, lo), hi)` says."""
    found = grad("L = clip(x, lo, hi)", {"x": x, "lo": lo, "hi": hi})
    assert found.value == min(max(x, lo), hi)
    assert tuple(found.gradients[name] for name in ("x", "lo", "hi")) == slopes


@pytest.mark.parametrize("x", [-800.0, -0.5, 0.0, 0.5, 800.0])
def test_elu_on_both_sides(x: float) -> None:
    found = grad("L = elu(x, alpha)", {"x": x, "alpha": 1.5})
    with mp.workdps(50):
        value = mpf(x) if x > 0 else mpf("1.5") * mp.expm1(x)
        slope = mpf(1) if x > 0 else mpf("1.5") * mp.exp(x)
        by_alpha = mpf(0) if x > 0 else mp.expm1(x)
    assert found.value == pytest.approx(float(value), rel=1e-15)
    assert found.gradients == {"x": pytest.approx(float(slope), rel=1e-15, abs=5e-324), "alpha": pytest.approx(float(by_alpha), rel=1e-15)}


# ---- sums in order ----


def test_the_same_sum_comes_out_bit_by_bit_the_same() -> None:
    names = [f"a{n}" for n in range(200)]
    text = "\n".join(f"t{n} = x*{name}" for n, name in enumerate(names)) + "\nL = " + " + ".join(f"t{n}" for n in range(200))
    at = {"x": 1.1, **{name: math.sin(n) * 10 ** (n % 17) for n, name in enumerate(names)}}
    runs = {grad(text, dict(order)).gradients["x"] for order in (at.items(), reversed(at.items()))}
    assert len(runs) == 1
    with mp.workdps(50):
        exact = mp.fsum(mpf(at[name]) for name in names)
        size = mp.fsum(abs(mpf(at[name])) for name in names)
    assert abs(runs.pop() - exact) <= size * 200 * 2.0**-53


# ---- overflow, saturation ----


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("log(1 + exp(x))", "softplus"),
        ("1/(1 + exp(x))", "sigmoid"),
        ("exp(x)", "exp"),
    ],
)
def test_overflow_names_the_function_the_place_and_the_stable_spelling(text: str, said: str) -> None:
    found = complaint(f"L = {text} + 0*y", x=1000, y=1)
    assert "overflow in exp" in found
    assert found.endswith("True")
    assert said in found


def test_lost_digits_are_a_warning_with_the_stable_spelling(backprop: Backprop) -> None:
    ran = backprop("grad", "-e", "L = log(1 - sigmoid(x))", "--at", "x=30")
    assert ran.status == 0
    assert "loses the digits" in ran.out + ran.err
    assert "sigmoid(-x)" in ran.out + ran.err


# ---- shown numbers ----


def test_six_digits_for_people_and_all_of_them_in_files(backprop: Backprop) -> None:
    given = ("grad", "--no-check", "-e", "L = x*x", "--at", "x=1/3")
    assert "0.111111\n" in backprop(*given).out
    assert "0.666667" in backprop(*given).out
    found = json.loads(backprop(*given, "--json").out)
    assert (found["value"], found["gradients"]["x"]) == ((1 / 3) * (1 / 3), 2 / 3)
    text = backprop("grad", "--no-check", "-e", "L = x/10", "--at", "x=3", "--json").out
    assert "0.1" in text
    assert "0.10000000000000001" not in text


def test_nothing_has_no_sign(backprop: Backprop) -> None:
    for more in ((), ("--json",)):
        ran = backprop("grad", "--no-check", "-e", "L = -x*y", "--at", "x=0,y=0", *more)
        assert ran.status == 0
        assert "-0" not in ran.out.replace("--", "")


@pytest.mark.parametrize(
    ("text", "at", "told"),
    [
        ("L = sqrt(x)", "1e-320", "it is 1e-160"),
        ("L = erfc(x)", "27", "it is 5.23705e-319"),
        ("L = exp(x)", "-800", "it is 3.66"),
        ("L = sin(x)^2 + cos(x)^2 - 1", "0.3", ""),  # exactly 0: nothing is lost but what rounding made of it
        ("L = (x + 1)^2 - x^2 - 2*x - 1", "0.1", "it is 0"),
    ],
)
def test_a_tiny_value_is_told_from_0(backprop: Backprop, text: str, at: str, told: str) -> None:
    found = backprop("grad", "-e", text, "--at", f"x={at}", "--json")
    said = [each["message"] for each in json.loads(found.out)["warnings"] if each["message"].startswith("float64 loses the digits of L:")]
    assert (told in said[0]) if told else (not said or "it is 0" in said[0])


@pytest.mark.parametrize("unseen", ["\ufe0f", "\u034f", "\u115f", "\u3164", "\uffa0", "\U000e0100", "\u180b", "\u17b4"])
def test_letters_that_cannot_be_seen_are_refused_in_names(backprop: Backprop, unseen: str) -> None:
    name = f"x{unseen}"
    for given in (
        ("grad", "-e", f"L = {name}^2"),
        ("grad", "-e", "L = x^2", "--at", f"{name}=1"),
        ("verify", "samples/chain.expr", "-a", f"dL/d{name} = 1"),
    ):
        found = backprop(*given)
        assert found.status in (1, 2)
        assert f"U+{ord(unseen):04X}" in found.err + found.out
    assert backprop("grad", "-e", f"# {name}\nL = x^2", "--at", "x=1").status == 0


@pytest.mark.parametrize("size", [9, 30])
@pytest.mark.parametrize("rank", [0, 1, 2])
def test_the_gradient_of_a_large_determinant_also_where_there_is_no_inverse(size: int, rank: int) -> None:
    """By minors, which took the fifth power of the size: 40 seconds for 150 rows."""
    matrix = np.random.default_rng(size).normal(size=(size, size))
    matrix[1 : 1 + rank] = matrix[0]
    found = grad("L = det(A)", {"A": matrix}).gradients["A"]
    rows = [[mpmath.mpf(float(each)) for each in row] for row in matrix]
    with mpmath.workdps(50):
        for i, j in ((0, 0), (0, size - 1), (size - 1, 2)):
            minor = mpmath.matrix([row[:j] + row[j + 1 :] for at, row in enumerate(rows) if at != i])
            due = (-1) ** (i + j) * mpmath.det(minor)
            assert abs(float(found[i][j]) - float(due)) <= 1e-13 * np.prod(np.linalg.norm(matrix, axis=1))


def test_a_large_entry_does_not_hide_that_a_matrix_has_an_inverse() -> None:
    matrix = np.eye(110)
    matrix[0, 0] = 1000
    found = grad("L = det(A)", {"A": matrix}).gradients["A"]
    assert np.allclose(np.diag(found), [1, *[1000] * 109])


@pytest.mark.parametrize("size", [9, 12])
def test_cofactors_keep_their_digits_whatever_the_units(size: int) -> None:
    """Columns and rows in units of their own, up to 10^18 apart: each cofactor has its digits, not the largest alone."""
    plain = np.random.default_rng(size).normal(size=(size, size))
    units = 1000.0 ** (np.arange(size) % 7)
    found = grad("L = det(A)", {"A": plain * units * units[::-1, None]}).gradients["A"]
    due = grad("L = det(A)", {"A": plain}).gradients["A"] * (np.prod(units) ** 2 / units / units[::-1, None])
    assert np.allclose(found / due, 1, rtol=1e-9)


@pytest.mark.parametrize("size", [2, 8, 9])
def test_cofactors_of_huge_and_of_tiny_entries(size: int) -> None:
    diagonal = np.array([1e200, 1e-200, *[1.0] * (size - 2)])
    found = grad("L = det(A)", {"A": np.diag(diagonal)}).gradients["A"]
    assert np.allclose(np.diag(found) * diagonal, 1)


@pytest.mark.parametrize(("bad", "good"), stable._SPELLINGS)
def test_every_stable_spelling_is_the_same_function(bad: str, good: str) -> None:
    array = "sum(" in bad or "softmax(" in bad
    before, whole = ("I = 1; ", "L = {}") if "I" in bad else ("", "L = sum({})" if array else "L = {}")
    names = set(re.findall(r"\b[XYZ]\b", bad))
    for point in ({"X": 0.7, "Y": 1.3, "Z": -0.6}, {"X": 2.5, "Y": -2.0, "Z": 3.0}):
        at: dict[str, Any] = {name: value for name, value in point.items() if name in names}
        if array:
            at["X"] = [point["X"], 1.9, -0.4]
        mine, theirs = (grad(before + whole.format(text), at=at, wrt=list(at)) for text in (bad, good))
        assert theirs.value == pytest.approx(mine.value, rel=1e-12)
        for name, gradient in mine.gradients.items():
            assert np.asarray(theirs.gradients[name]) == pytest.approx(np.asarray(gradient), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("x=[1e200,1]; L=sqrt(sum(x^2))", "norm(x)"),
        ("x=1e200; L=sqrt(x^2+1)", "hypot(x, 1)"),
        ("x=1e200; y=1; L=(x^2+y^2)^0.5", "hypot(x, y)"),
        ("x=[800,1]; e=exp(x); L=e[0]/sum(e)", "softmax(x)[0]"),
        ("x=800; L=log(cosh(x))", "abs(x) + log1p(exp(-2*abs(x))) - log(2)"),
        ("x=800; L=log(exp(x)-1)", "x + log1p(-exp(-x))"),
    ],
)
def test_more_overflows_that_name_the_stable_spelling(text: str, spelling: str) -> None:
    assert f"| write  {spelling} | True" in complaint(text)
    assert np.isfinite(grad(text.split("L=", maxsplit=1)[0] + f"L={spelling}").value)
