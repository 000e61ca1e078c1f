"""Answers that make no sense: each gets a verdict of its own, and none takes the file along."""

from __future__ import annotations

from pathlib import Path

import pytest

from backprop_cli.equality.terms import TooLarge
from backprop_cli.homework import conventions, solutions
from backprop_cli.homework.judge import judge
from backprop_cli.lang.parse import parse

SCALARS = "x = 2\nparam a = 3\nu = x*a\nL = u^2"
MATRICES = "input X = [[1, 2], [0, 1]]; param W = [[1, 2], [3, 4]], V = [[1, 2, 3], [4, 5, 6]]; A = W @ X; J = sum(A^2)"


def verdicts(program: str, answers: str) -> list[str]:
    return [each.verdict.value for each in judge(parse(program), answers).answers]


def message(program: str, answer: str) -> str:
    (found,) = judge(parse(program), answer).answers
    return found.message


@pytest.mark.parametrize("answer", ["dL/dA = det(A)*inv(A)", "d = 2*det(A)"])
def test_a_wrong_answer_about_a_determinant_is_diagnosed_without_a_fault(answer: str) -> None:
    assert verdicts("param A = [[2, 1], [0.5, 3]]; d = det(A); L = log(d)", answer) == ["wrong"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("det(x)", "det needs a square matrix, not a scalar"),
        ("inv([1, 2])", "inv needs a square matrix, not (2,)"),
        ("trace([1, 2])", "trace needs a square matrix, not (2,)"),
        ("outer(x, x)", "outer takes two vectors, not a scalar and a scalar"),
        ("onehot(0, [1, 2])", "onehot needs a whole number as its n"),
        ("onehot(-1, 2)", "onehot: position -1 is outside a vector of length 2"),
        ("reshape(x, [[1]])", "reshape needs a whole number or a list of them as its shape"),
        ("stack([1, 2], [1, 2], [0])", "stack needs a whole number as its axis"),
        ("sum([1, 2], axis=7)", "axis 7 does not exist for shape (2,)"),
    ],
)
def test_what_does_not_fit_a_function_of_arrays_is_told_in_the_words_of_programs(given: str, told: str) -> None:
    assert message(SCALARS, f"dL/da = {given}") == f"this has no value: {told}"


@pytest.mark.parametrize("given", ["det(V)", "inv(V)", "det(dA/dW)", "inv(dA/dX)", "reshape(A, X)", "sum(A, axis=-[1, 2])", "A[[0, 1]:2]"])
def test_odd_operands_take_no_file_along(given: str) -> None:
    assert verdicts(MATRICES, f"J = {given}\nJ = sum(A*A)")[1] == "correct"


def test_a_derivative_of_several_entries_that_is_wrong_carries_its_own_row_on() -> None:
    program = "x = [1, 2]; param W = [[1, 2], [3, 4]]; z = W @ x; p = tanh(z); L = sum(p^2)"
    assert verdicts(program, "dz/dL = [1, 2]\ndz/dx = W.T") == ["wrong", "wrong"]
    # Entry by entry the slope is a diagonal: each entry carries its own number, not those of all.
    assert verdicts(program, "dp/dz = 2*(1 - p^2)\ndp/dW = 2*dp/dW") == ["wrong", "wrong"]
    assert verdicts("x = [1, 2]; z = 3*x; p = tanh(z); L = sum(p)", "dp/dz = 1 + p^2\ndp/dx = 3*(1 + p^2)") == ["wrong", "follow-through"]


def test_what_cannot_be_explained_keeps_its_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise TooLarge("too large")

    chain = (Path(__file__).resolve().parents[1] / "samples" / "chain.expr").read_text("utf-8")
    for module, name in ((conventions, "_factor"), (conventions, "_layout"), (solutions, "number_text")):
        with monkeypatch.context() as patched:
            patched.setattr(module, name, refuse)
            assert verdicts(chain, "dL/dz = z\ndL/dt = -2*z") == ["wrong", "correct"]


@pytest.mark.parametrize(
    ("answer", "due"),
    [
        ("W^T [2*z[0], 2*z[1]]", "correct"),
        ("2 W^T [z[0], z[1]]", "correct"),
        ("W^T [0, 5]", "correct-at-point"),
        ("W.T [0, 5.0]", "correct-at-point"),
        ("W^T [0, 4.5]", "wrong"),
        ("W^T[0, 1]", "wrong"),
    ],
)
def test_a_bracket_with_room_before_it_may_be_a_factor(answer: str, due: str) -> None:
    program = "input x = [1, 2]; param W = [[1, -0.5], [0.5, 1]]; z = W @ x; L = sum(z^2)"
    (line,) = judge(parse(program), f"dL/dx = {answer}").answers
    assert (line.verdict.value, "what stands in brackets is read as a factor" in line.notes) == (due, True)
    assert (
        verdicts(program, "dL/dz[0] = 2*z [0]\ndL/dW[1, 0] = 2*z[1]*x [0]\ndL/dx[0] = 2*(z[0]*W [0, 0] + z[1]*W [1, 0])") == ["correct"] * 3
    )


def test_brackets_as_factors_in_products_and_updates() -> None:
    program = "input x = [1, 2]; param W = [[2, -1], [1, 1]], b = [3, -1]; z = W @ x + b; L = sum(z^2)/2"
    right = """dL/dz = [3, 2]
dL/dW = [3, 2] [1, 2]^T = [[3, 6], [2, 4]]
dL/dW = [[3], [2]] [[1, 2]]
dL/dx = W^T[3.0, 2.0]
dL/dx = W^T [3, 2] = [8, -1]
W_new = W - 0.1 [3, 2] x^T
W_new = W - 0.1*[3, 2] [1, 2]^T
x_new = x - 0.1*W^T [3, 2.0]"""
    assert verdicts(program, right) == ["correct"] * 8
    wrong = "dL/dz = [3, 2]\ndL/dx = W [3, 2]\ndL/dW = [1, 2] [3, 2]^T\nx_new = x - 0.1*W^T [3, 2.5]\nW_new = W - 0.1 [2, 3] x^T"
    assert verdicts(program, wrong) == ["correct", *["wrong"] * 4]


@pytest.mark.parametrize("carries", ["sign(x)", "round(x)", "x^0", "x^2"])
def test_the_edge_beside_other_paths_is_no_circle_also_where_these_carry_nothing(carries: str) -> None:
    program = f"x = 0.7; v = {carries}; L = v + 3*x"
    assert verdicts(program, "dL/dx = ∂L/∂x + dL/dv*dv/dx") == ["correct"]
    assert verdicts(program, "dL/dx = ∂L/∂x") == ["wrong"]


@pytest.mark.parametrize(
    ("program", "answer", "verdict"),
    [
        ("x = 0.1; L = x + softplus(x - 45)", "dL/dx = 1", "correct"),  # 1 + 3e-20
        ("x = 0.1; L = x + softplus(x - 10)", "dL/dx = 1", "wrong"),
        ("x = 2; L = x - 0.10000000000000001*x", "dL/dx = 0.9", "correct"),
        ("x = 2; L = x - 0.1001*x", "dL/dx = 0.9", "wrong"),
    ],
)
def test_a_short_number_that_float64_cannot_tell_from_the_truth_is_right(program: str, answer: str, verdict: str) -> None:
    assert verdicts(program, answer) == [verdict]
