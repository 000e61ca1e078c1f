"""Exact numbers: fractions stay fractions, closed constants stay closed, and what is too large is refused before the work."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from backprop_cli import Limits, grad
from backprop_cli.calculus.exact_text import exact_float, exact_text
from backprop_cli.errors import BackpropError, Diagnostic

CHAIN = "input x, y\nparam a, b\nu = x*a\nv = log(u)\nw = v + b\nt = 1/w\nz = y - t\nL = z^2"
ALL = ["z", "t", "w", "v", "u", "a", "b", "x", "y"]


def exactly(text: str, **at: object) -> tuple[str, dict[str, str]]:
    found = grad(text, at, exact=True)  # type: ignore[arg-type]
    return exact_text(found.value), {name: exact_text(value) for name, value in found.gradients.items()}


def refused(text: str, limits: Limits | None = None, **at: object) -> Diagnostic:
    with pytest.raises(BackpropError) as caught:
        grad(text, at, exact=True, limits=limits or Limits())  # type: ignore[arg-type]
    (found,) = caught.value.diagnostics
    return found


def test_the_exact_point_of_the_lecture() -> None:
    found = grad(CHAIN, {"x": 2, "a": Fraction(1, 2), "b": 2, "y": 1}, wrt=ALL, exact=True)
    assert found.value == Fraction(1, 4)
    quarter = Fraction(1, 4)
    assert found.gradients == {
        "z": 1, "t": -1, "w": quarter, "v": quarter, "u": quarter, "a": Fraction(1, 2), "b": quarter, "x": Fraction(1, 8), "y": 1,
    }  # fmt: skip
    assert all(isinstance(value, Fraction) for value in (found.value, *found.gradients.values()))


def test_the_generic_point_of_the_lecture_in_closed_form() -> None:
    """t = 1/(log(6) + 1): the closed constants are those of the notes, and their decimals are the float run's."""
    at = {"x": 2, "a": 3, "b": 1, "y": 2}
    found, floats = grad(CHAIN, at, wrt=ALL, exact=True), grad(CHAIN, at, wrt=ALL)
    assert exact_text(grad(CHAIN, at, of="v", exact=True).value) == "log(6)"
    assert "log(6)" in exact_text(found.gradients["a"])
    for name in ALL:
        assert exact_float(found.gradients[name]) == pytest.approx(floats.gradients[name], rel=1e-14)
        assert grad(f"q = {exact_text(found.gradients[name])}").value == pytest.approx(floats.gradients[name], rel=1e-13)


@pytest.mark.parametrize(
    ("text", "at", "value", "slope"),
    [
        ("0.1*x + 0.2*x", 1, "3/10", "3/10"),
        ("x^2/3", Fraction(1, 2), "1/12", "1/3"),
        ("x^-3", 2, "1/8", "-3/16"),
        ("log(x)", 1, "0", "1"),
        ("exp(x)", 0, "1", "1"),
        ("sqrt(x)", 4, "2", "1/4"),
        ("x^(1/2)", Fraction(1, 4), "1/2", "1"),
        ("cbrt(x)", -8, "-2", "1/12"),
        ("sin(pi*x)", 1, "0", "-pi"),
        ("sigmoid(x)", 0, "1/2", "1/4"),
        ("tanh(x)", 0, "0", "1"),
        ("softplus(x)", 0, "log(2)", "1/2"),
        ("asin(x)", Fraction(1, 2), "pi/6", "2*sqrt(3)/3"),
        ("hypot(x, 4)", 3, "5", "3/5"),
        ("relu(x)", Fraction(1, 3), "1/3", "1"),
        ("where(x < 1/3, 0, 2*x)", Fraction(1, 3), "2/3", "2"),
        ("maximum(x, 1/3)", Fraction(1, 3), "1/3", "1/2"),
        ("floor(x)", Fraction(-1, 2), "-1", "0"),
        ("mod(x, 2)", Fraction(7, 2), "3/2", "1"),
        ("round(x)", Fraction(7, 2), "4", "0"),
        ("log2(x)", 8, "3", "1/(8*log(2))"),
    ],
)
def test_values_and_slopes_stay_exact(text: str, at: Fraction, value: str, slope: str) -> None:
    assert exactly(f"L = {text}", x=at) == (value, {"x": slope})


def test_floats_from_outside_stand_for_the_fractions_they_are() -> None:
    assert exactly("L = x*x", x=0.5) == ("1/4", {"x": "1"})


def test_conventions_and_warnings_are_the_same_as_with_floats() -> None:
    text, at = "L = relu(x) + abs(x) + maximum(x, y)", {"x": 0, "y": 0}
    found, floats = grad(text, at, exact=True), grad(text, at)
    assert found.kinked
    assert [w.node for w in found.warnings] == [w.node for w in floats.warnings]
    assert {name: float(value) for name, value in found.gradients.items()} == floats.gradients


def test_a_branch_not_taken_may_lie_outside_its_domain() -> None:
    assert exactly("L = where(x > 0, log(x), x)", x=-1) == ("-1", {"x": "1"})


def test_equal_closed_constants_are_seen_to_be_equal() -> None:
    """sqrt(2)*sqrt(3) and sqrt(6) differ in no digit; a tie is a tie."""
    assert exactly("L = maximum(x*sqrt(2)*sqrt(3), x*sqrt(6))", x=1)[0] == "sqrt(6)"


@pytest.mark.parametrize(
    ("text", "reference"),
    [("log(x - 2)", "domain"), ("1/(x - 2)", "domain"), ("sqrt(x - 3)", "domain"), ("(x - 5)^(1/2)", "domain"), ("asin(x)", "domain"),
     ("sqrt(x - 2)", "infinite-derivative"), ("atanh(x - 1)", "domain")],
)  # fmt: skip
def test_what_has_no_value_is_told_as_with_floats(text: str, reference: str) -> None:
    found = refused(f"L = {text}", x=2)
    assert found.reference == reference
    with pytest.raises(BackpropError) as caught:
        grad(f"L = {text}", {"x": 2})
    (floats,) = caught.value.diagnostics
    assert (found.reference, found.message, found.span) == (floats.reference, floats.message, floats.span)


@pytest.mark.parametrize("text", ["x^1000000000", "2^(10^9)*x", "9^9^9^9*x", "exp(exp(exp(exp(x))))", "x^(1/1000000007)*x^400000000",
                                  "cosh(10^9*x)", "2^-(10^9)*x"])  # fmt: skip
def test_what_is_too_large_is_refused_before_the_work(text: str) -> None:
    """Each of these asks for more digits than there is memory; were one begun, this test would not end."""
    found = refused(f"L = {text}", x=3)
    assert found.reference == "not-exact"
    assert "--exact" in found.hint


def test_squaring_again_and_again_ends_at_the_limit() -> None:
    text = "u0 = x\n" + "\n".join(f"u{n + 1} = u{n}*u{n}" for n in range(40)) + "\nL = u40"
    assert "100,000" in refused(text, x=3).message
    assert "500" in refused(text, Limits(exact_bits=500), x=3).message
    assert exactly(text, x=1)[1] == {"x": str(2**40)}


def test_closed_constants_grow_to_the_limit_and_no_further() -> None:
    text = "u0 = x\n" + "\n".join(f"u{n + 1} = sin(u{n}) + u{n}" for n in range(40)) + "\nL = u40"
    assert refused(text, x=1).reference == "not-exact"


@pytest.mark.parametrize(
    ("source", "value", "gradient"),
    [
        ("x=[-1,1];L=sum(where(x>0,log(x),0))", "0", ["0", "1"]),
        ("x=[-1,1];L=sum(where(x>0,sqrt(x),x))", "0", ["1", "1/2"]),
        ("x=[0,2];L=sum(where(x>0,1/x,0))", "1/2", ["0", "-1/4"]),
        ("x=[0,3];y=[0,4];L=sum(hypot(x,y))", "5", ["0", "3/5"]),
        ("x=[0,0,1];L=hypot(x[0],x[1])+x[0]", "0", ["1", "0", "0"]),
        ("x=[0,1];L=sum(sqrt(x)*[0,1])", "1", ["0", "1/2"]),
        ("x=[1,2];L=sum(relu(x-1)*sqrt(x-1))", "1", ["0", "3/2"]),
        ("x=[0,2];y=2;L=sum(x^y)", "4", ["0", "4"]),
        ("x=[0,1];y=[0,1];L=sum(-x^y)", "-2", ["0", "-1"]),
        ("x=[0];L=sum(x[1:])", "0", ["0"]),
        ("x=[0,1];y=[0,1];c=[0,1];L=sum(atan2(y,x)*c)", "pi/4", ["0", "-1/2"]),
    ],
)
def test_exact_arrays_are_undefined_in_single_entries(source: str, value: str, gradient: list[str]) -> None:
    found = grad(source, exact=True, wrt=["x"])
    assert exact_text(found.value) == value
    assert [exact_text(each) for each in found.gradients["x"]] == gradient


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x=[1,-2]; L=sum(log(x))", "log of a negative number, -2, at entry [1]"),
        ("x=[0,1]; L=sum(sqrt(x))", "the derivative of sqrt by x"),
        ("x=[0,1]; L=sum(-1/x)", "division by zero, at entry [0]"),
    ],
)
def test_exact_arrays_need_what_the_output_needs(source: str, said: str) -> None:
    assert said in refused(source).message


@pytest.mark.parametrize(
    "formula", ["exp2(tanh(sqrt(x)))", "2^sqrt(x)", "sqrt(x)^sqrt(x)", "sinh(sqrt(x))", "atan2(sqrt(x), 1)", "hypot(1, log(x))"]
)
def test_what_is_made_of_no_number_is_a_complaint_about_the_first(formula: str) -> None:
    with pytest.raises(BackpropError, match="of a negative number, -1/4"):
        grad(f"x = -1/4; L = {formula}", exact=True)


def test_a_closed_constant_as_long_as_is_allowed_is_written() -> None:
    source = f"x = log({[*range(2, 602), 601.5]}); L = sum(x)"
    found = grad(source, exact=True, limits=Limits(expanded=20_000))
    assert exact_text(found.value).count("log(") > 100
    assert exact_float(found.value) == pytest.approx(sum(math.log(n) for n in [*range(2, 602), 601.5]))


@pytest.mark.parametrize(
    ("matrix", "value"),
    [
        ("[[sqrt(2), 1], [1, sqrt(3)]]", math.sqrt(6) - 1),
        ("[[0, 2], [3, 4]]", -6),
        ("[[(1 + sqrt(2))^2 - 3 - 2*sqrt(2), 1], [1, 0]]", -1),  # its first entry is 0, which only algebra sees
        ("[[1, 2], [2, 4]]", 0),
    ],
)
def test_determinants_of_closed_constants(matrix: str, value: float) -> None:
    found = grad(f"A = {matrix}; L = det(A)", exact=True)
    assert exact_float(found.value) == pytest.approx(value)
    assert len(exact_text(found.value)) < 60


def test_a_matrix_with_an_undefined_entry_has_no_determinant() -> None:
    with pytest.raises(BackpropError, match="of a negative number"):
        grad("A = [[sqrt(-1), 0], [0, 0]]; L = det(A)", exact=True)
    found = grad("x = -1; A = [[sqrt(x), 0], [0, 0]]; L = where(x > 0, det(A), x^2)", exact=True)
    assert exact_text(found.value) == "1"


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("floor(log(6))", 1),
        ("floor(-log(6))", -2),
        ("ceil(log(6))", 2),
        ("round(10*log(6))", 18),
        ("floor(sqrt(2)^2)", 2),
        ("floor((1 + sqrt(2))^2 - 2*sqrt(2))", 3),  # a whole number, as only algebra sees
        ("floor(exp(40))", 235385266837019985),
        ("floor(-exp(40))", -235385266837019986),
        ("floor(exp(-40))", 0),
        ("floor(-exp(-40))", -1),
    ],
)
def test_floors_of_closed_constants(formula: str, value: int) -> None:
    assert grad(f"x = 1; L = x + {formula}", exact=True).value == value + 1
