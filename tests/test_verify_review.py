"""Answers as students write them, found wanting by a reader of the documents: each verdict that was not what they promise."""

from __future__ import annotations

from typing import Any

import pytest

from backprop_cli.homework.judge import judge
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
