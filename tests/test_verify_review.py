"""Answers as students write them, found wanting by a reader of the documents: each verdict that was not what they promise."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from backprop_cli.homework.judge import judge
from backprop_cli.homework.rules import Rules
from backprop_cli.homework.verdicts import Judged
from backprop_cli.lang.parse import parse

NEURONS = "input x = [1, 0, 2], y = [5, 1]; param W = [[4, 2, -5], [1, -1, 1]], b = [7, 0]; z = W @ x + b; L = 1/2*sum((z - y)^2)"
SQUARE = "input x = [1, 2], y = [5, 1]; param W = [[4, 2], [1, -1]], b = [7, 0]; z = W @ x + b; L = 1/2*sum((z - y)^2)"
COLUMNS = """input X = [[1, 0.5], [2, -1]], Y = [[1, 0], [0, 1]]
param W = [[0.1, 0.4], [-0.2, 0.3]]
Z = W @ X
P = softmax(Z, axis=0)
L = -sum(Y*log(P))/2"""


def only(program: str, answer: str, **options: Any) -> Judged:
    (found,) = judge(parse(program), answer, **options).answers
    return found


def verdict(program: str, answer: str, **options: Any) -> str:
    return only(program, answer, **options).verdict.value


# ---- vectors on paper are columns ----


@pytest.mark.parametrize("program", [NEURONS, SQUARE])
@pytest.mark.parametrize(
    "answer", ["dW = dz x^T", "dW = dz @ x.T", "dW = dz xᵀ", r"\frac{\partial L}{\partial W} = (z - y) x^\top", "dW = dz * x^T"]
)
def test_a_vector_times_a_transposed_one_is_their_outer_product(program: str, answer: str) -> None:
    assert verdict(program, answer) == "correct"


@pytest.mark.parametrize("program", [NEURONS, SQUARE])
@pytest.mark.parametrize("answer", ["dW = x dz^T", "dW = x @ dz.T", "dW = dz x^T * 2"])
def test_other_outer_products_are_wrong(program: str, answer: str) -> None:
    assert verdict(program, answer) == "wrong"


def test_a_transposed_vector_to_the_left_is_a_dot_product() -> None:
    assert verdict("input x = [1, 2]; param w = [3, 4]; s = dot(w, x); L = s^2", "dL/dw = 2 w^T x x") == "correct"
    assert verdict("input x = [1, 2]; param w = [3, 4]; s = dot(w, x); L = s^2", "s = w @ x.T") == "correct"


# ---- labels ----


def test_labels_that_may_be_rows_or_columns() -> None:
    """The unit matrix is one-hot both ways; softmax over the columns needs the columns."""
    assert verdict(COLUMNS, "dL/dZ = (P - Y)/2") == "correct"
    assert verdict(COLUMNS.replace("axis=0", "axis=1"), "dL/dZ = (P - Y)/2") == "correct"
    assert verdict(COLUMNS, "dL/dZ = (Y - P)/2") == "wrong"


# ---- what is said of lines that cannot be read ----


def suggestion(program: str, answer: str) -> str:
    found = only(program, answer)
    assert found.complaint is not None
    return found.complaint.hint


def test_rates_are_no_names_of_the_graph() -> None:
    assert suggestion("input x = 1; y = x^2", "dy/dx = 2*q") == "the names are x, y"


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("ds/da = cos a cos b", "write cos(a)*cos(b) or cos(a*cos(b))"),
        (r"ds/da = \cos a\cos b", "write cos(a)*cos(b) or cos(a*cos(b))"),
        ("ds/da = cos 2a cos b", "write cos(2)*a or cos(2*a)"),
        ("ds/da = cos a * b", "write cos(a)*b or cos(a*b)"),
        ("ds/da = cos a cos", "write cos(a)*cos(x) or cos(a*cos(x))"),
    ],
)
def test_suggestions_are_formulas(answer: str, hint: str) -> None:
    assert suggestion("input a = 0.7, b = 1.3; s = sin(a)*cos(b)", answer) == hint


# ---- conventions in files whose lines rest on one another ----

LINE = "input x = 3, y = 1; param w = 2, b = 1; p = w*x + b; L = 1/2*(p - y)^2"
MEAN = """input X = [[1, 2, 0.5], [0, 1, -1]], Y = [[1, 0, 1]]
param W = [[0.5, -0.3], [0.2, 0.1]], b = [[0.1], [-0.2]], V = [[0.7, 0.4]], c = [[0.3]]
Z = W @ X + b
H = tanh(Z)
A = sigmoid(V @ H + c)
U = V @ H + c
J = -mean(Y*log(sigmoid(U)) + (1 - Y)*log(1 - sigmoid(U)))"""


def verdicts(program: str, answers: str, **options: Any) -> list[str]:
    return [each.verdict.value for each in judge(parse(program), answers, **options).answers]


def test_target_minus_output_carried_on_by_symbols() -> None:
    """S1.4: dY = y - y_k, the steps are the usual ones, and the update adds."""
    file = "dp = y - p\ndw = dp*x\ndb = dp\nw <- w + 0.1*dw\nb <- b + 0.1*db"
    assert verdicts(LINE, file) == ["convention", "correct", "correct", "convention", "convention"]
    assert verdicts(LINE, file.replace("b + 0.1", "b - 0.1"))[0] == "wrong"
    assert verdicts(LINE, file.replace("db = dp", "db = p - y"))[0] == "wrong"


def test_a_mean_whose_share_comes_with_the_parameters() -> None:
    """dU without 1/N, and 1/N where the gradients of the parameters are made from it."""
    file = """dU = A - Y
dV = 1/3 * dU H^T
dc = 1/3 * sum(dU, axis=1)
dZ = V^T dU * (1 - H^2)
dW = 1/3 * dZ X^T
db = 1/3 * sum(dZ, axis=1)"""
    found = verdicts(MEAN, file)
    assert set(found) <= {"convention", "correct"}
    assert found[0] == found[1] == "convention"
    assert verdicts(MEAN, file.replace("dW = 1/3 * dZ", "dW = dZ"))[0] == "wrong"


def test_a_mean_of_two_whose_share_comes_late() -> None:
    """With two patterns 1/N is also the half of a square; the gradients of the leaves tell."""
    program = "input X = [[1, 2], [0, 1]], Y = [[1, 4], [3, 9]]; param W = [[1, 2], [3, 4]]; A = W @ X; J = sum((A - Y)^2)/(2*2)"
    assert verdicts(program, "dA = A - Y\ndW = 1/2 * (A - Y) X^T") == ["convention", "correct"]
    assert verdicts(program, "dA = A - Y\ndW = 1/2 * dA X^T") == ["convention", "convention"]
    assert verdicts(program, "dA = A - Y\ndW = dA X^T")[0] == "wrong"


# ---- updates ----

SCALAR = "input x = 3, y = 1; param w = 2, b = 1; p = w*x + b; L = 1/2*(p - y)^2"
VECTOR = "input x = [1, 0, 2], y = 5; param W = [4, 2, -5], b = 7; z = W @ x + b; h = relu(z); L = 1/2*(h - y)^2"


@pytest.mark.parametrize("answer", ["w_new = w", "w <- w", "w_new = w + 0", "w_new = w*1"])
def test_an_update_that_does_not_move_is_wrong(answer: str) -> None:
    found = only(SCALAR, answer)
    assert found.verdict.value == "wrong"
    assert "does not move" in found.message


@pytest.mark.parametrize(
    ("answer", "due"),
    [
        ("w_new = w - 0.1*18", "correct"),
        ("w_new = 2 - 0.1*18 = 0.2", "correct"),
        ("w_new = w - 18*0.1", "correct"),
        ("w_new = w - lr*18", "correct"),
        ("w_new = w + 0.1*18", "wrong"),
        ("w_new = w + lr*18", "wrong"),
        ("w_new = w - 0.1*x", "wrong"),
        ("w_new = w*0.1", "wrong"),
        ("w_new = w - 1.8", "undecided"),
        ("w_new = 0.2", "undecided"),
    ],
)
def test_an_update_with_numbers_in_it(answer: str, due: str) -> None:
    assert verdict(SCALAR, answer) == due


@pytest.mark.parametrize(
    ("answer", "due"),
    [
        ("W_new = W - 0.1*[-4, 0, -8]", "correct"),
        ("W_new = [4.4, 2, -4.2]", "correct"),
        ("W_new = [4.4, 2, -4.3]", "wrong"),
        ("W_new = [3.6, 2, -5.8]", "wrong"),
        ("W_new = W", "wrong"),
        ("W_new = W - 0.1*W", "wrong"),
        ("W_new = 0.1*dW", "wrong"),
        ("W_new = W - 0.1*db", "wrong"),
    ],
)
def test_an_update_of_several_weights(answer: str, due: str) -> None:
    assert verdict(VECTOR, answer) == due


def test_an_update_with_a_gradient_that_was_wrong() -> None:
    assert verdicts(VECTOR, "dW = -4*W\nW_new = W + 0.4*W") == ["wrong", "follow-through"]


def test_an_update_with_a_named_rate_where_the_rate_is_given() -> None:
    rules = Rules(rate=Fraction(1, 10))
    assert verdicts(SCALAR, "w_new = w - lr*dw\nw_new = w - 0.1*18\nw_new = w - lr*18 = 0.2", rules=rules) == ["correct"] * 3
    assert verdicts(SCALAR, "w_new = w - dw\nw_new = w - 0.01*dw", rules=rules) == ["wrong"] * 2


# ---- formulas that are undefined where the truth is not ----


@pytest.mark.parametrize(
    ("program", "answer", "due"),
    [
        ("input x = 1; y = x^2/2 + x", "dy/dx = (x^2 - 1)/(x - 1)", "correct"),
        ("input x = 1; y = x^2/2 + x", "dy/dx = 2*(x^2 - 1)/(x - 1)", "wrong"),
        ("input x = 0, y = 2; u = x*y; L = (u + 1)^2", "dL/dx = 2*(u + 1)*u/x", "correct"),
        ("input x = 0, y = 2; u = x*y; L = (u + 1)^2", "dL/dx = 1/x", "wrong"),
        ("input x = 0, y = 2; u = x*y; L = (u + 1)^2", "dL/dy = 0/0", "wrong"),
        ("input x = -3; y = x^2", "dy/dx = 2*sqrt(x)^2", "wrong"),
        ("input x = -3; y = x^2", "dy/dx = 2*x + log(x) - log(x)", "wrong"),
        ("input x, y; param a; v = log(x*a); L = v^2", "v = log(x) + log(a)", "correct"),
        ("input x, y; param a; v = log(x*a); L = v^2", "dL/da = 2*(log(x) + log(a))/a", "correct"),
        ("input x, y; param a; v = log(x*a); L = v^2", "v = log(x) - log(a)", "wrong"),
        ("input x; y = abs(x)", "y = x", "wrong"),
    ],
)
def test_holes_and_signs_that_nobody_gave(program: str, answer: str, due: str) -> None:
    assert verdict(program, answer) == due


# ---- what is said of wrong lines ----

CHAIN = "input x = 2, y = 2; param a = 3, b = 1; u = x*a; v = log(u); w = v + b; t = 1/w; z = y - t; L = z^2"
SOFTMAX = """input X = [[1, 2, -1], [0.5, -1, 2], [0.3, 0.1, 1]], Y = [[1, 0], [0, 1], [1, 0]]
param W = [[0.1, -0.2], [0.4, 0.3], [-0.5, 0.2]]
Z = X @ W
P = softmax(Z, axis=1)
L = -sum(Y*log(P))/3"""


@pytest.mark.parametrize(
    ("answer", "slip"),
    [
        ("dZ = P - Y", "M29"),
        ("dZ = (Y - P)/3", "M01"),
        ("dZ = -Y*(1 - P)/3", "M25"),
        ("dW = (P - Y)^T X/3", "M32"),
        ("dW = X (P - Y)/3", "M35"),
        ("dW = X^T (P - Y)", "M29"),
    ],
)
def test_labels_are_one_hot_for_a_diagnosis_too(answer: str, slip: str) -> None:
    found = only(SOFTMAX, answer)
    assert found.verdict.value == "wrong"
    assert found.diagnosis is not None
    assert found.diagnosis.slips[0] == slip


@pytest.mark.parametrize(
    "answer", ["dL/du = 1", "dL/du = 0.5", "dL/du = 3", "dL/du = -0.333", "dL/du = u", "dL/du = log(u)", "dL/du = -1/u"]
)
def test_a_local_derivative_that_is_the_answer_is_not_told(answer: str) -> None:
    found = only("input u = 3, b = 2; v = log(u); L = v + b", answer)
    assert found.verdict.value == "wrong"
    assert found.diagnosis is not None
    assert found.diagnosis.hints is not None
    told = (found.diagnosis.message, found.diagnosis.hints.node, found.diagnosis.hints.rule, found.diagnosis.hints.local)
    assert not any("1/u" in each for each in told)


def test_the_function_itself_is_likelier_than_a_mistyped_power() -> None:
    found = only(CHAIN, "dL/dz = z^2").diagnosis
    assert found is not None
    assert found.slips[0] == "M03"


def test_a_mistyped_symbol_is_shown_as_it_is_written() -> None:
    found = only(CHAIN, "dL/da = dL/du + x").diagnosis
    assert found is not None
    assert "in dL/du + x " in found.message


# ---- numbers beyond float64 ----


@pytest.mark.parametrize(
    "answer", ["dL/da = 1e400", "dL/da = 1e400*x", "dL/da = x/1e400", "a_new = a - 1e400*da", "L = 1e400", "dL/da = 1e-400*x"]
)
def test_numbers_beyond_float64_stop_nothing(answer: str) -> None:
    found = [each.verdict.value for each in judge(parse(CHAIN), f"{answer}\ndL/dz = 2*z").answers]
    assert found[0] in ("wrong", "undecided")
    assert found[1] == "correct"


def test_a_number_is_no_shape() -> None:
    assert only(CHAIN, "dL/da = [1, 2, 3]").message == "this has shape (3,); what is asked is a number"


# ---- the total derivative from the partial one ----


@pytest.mark.parametrize(
    ("answer", "due"),
    [
        ("dL/dx = ∂L/∂x + ∂L/∂v*dv/dx", "correct"),
        ("dL/dx = ∂L/∂x + ∂L/∂v ∂v/∂x + ∂L/∂v ∂v/∂u ∂u/∂x", "correct"),
        ("dv/dx = ∂v/∂x + ∂v/∂u*du/dx", "correct"),
        ("dL/dx = ∂L/∂x", "wrong"),
        ("dv/dx = ∂v/∂x", "wrong"),
        ("∂L/∂x = ∂L/∂x", "wrong"),
        ("dL/du = ∂L/∂u", "wrong"),
        ("dL/dx = dL/dx + ∂L/∂x - 1", "wrong"),
    ],
)
def test_a_total_derivative_may_name_its_partial_one(answer: str, due: str) -> None:
    assert verdict("input x = 2; u = x^2; v = u*x; L = v + x", answer) == due


@pytest.mark.parametrize("answer", ["dL/dz[1] = p[1] - 1", "dL/dz[0] = p[0]", "dL/dW[0, 1] = p[0]*x[1]"])
def test_labels_put_in_are_no_slip(answer: str) -> None:
    found = only("input x = [1, 2], y = [0, 1]; param W = [[0.1, 0.2], [0.4, -0.1]]; z = W @ x; p = softmax(z); L = -sum(y*log(p))", answer)
    assert found.verdict.value == "correct-at-point"
    assert "labels" in found.message
    assert found.diagnosis is None
