"""Homework done with numbers: what rounded answers of earlier lines carry, and what they must not."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from backprop_cli.homework.judge import judge
from backprop_cli.homework.rules import Rules
from backprop_cli.lang.parse import parse

G1 = "input x = 2, y = 2; param a = 3, b = 1; u = x*a; v = log(u); w = v + b; t = 1/w; z = y - t; L = z^2"
DIAMOND = "input x = 2, y = 3; param a = 1.5, b = 0.5; u = a*x; v = u^2; w = b*u + y; L = v*w"
LOGISTIC = (
    "input x1 = 1.5, x2 = -2, y = 1; param w1 = 0.4, w2 = 0.3, b = 0.1\n"
    "z = w1*x1 + w2*x2 + b; p = sigmoid(z); L = -(y*log(p) + (1 - y)*log(1 - p))"
)
SOFTMAX = (
    "input x = [1, 2], y = [1, 0, 0]; param W = [[0.1, 0.2], [0.3, -0.1], [0.2, 0.1]], b = [0, 0.1, 0.2]\n"
    "z = W@x + b; p = softmax(z); L = -sum(y*log(p))"
)
RIGHT, WRONG, CARRIED, HERE, OPEN = "correct", "wrong", "follow-through", "correct-at-point", "undecided"


def verdicts(program: str, answers: str, **options: Any) -> list[str]:
    return [each.verdict.value for each in judge(parse(program), answers, **options).answers]


CASES: list[tuple[str, str, list[str]]] = [
    # A wrong number makes nothing else looser than it is.
    (G1, "dL/da = 1.01\ndL/dw = 0.423\nL = 2.71\nu = 6.02", [WRONG, WRONG, WRONG, WRONG]),
    # A rounded value carries where it stands in the line, and makes no number of a formula.
    (DIAMOND, "w = 4.50\ndL/du = 7.00*w\ndL/dx = 10.5*w", [RIGHT, HERE, HERE]),
    (DIAMOND, "w = 4.50\ndL/dv = 4.50", [RIGHT, RIGHT]),
    ("input x = 2, k = 5; param a = 3; u = x*a; c = x + 4; L = u^2*c + k", "u = 6.00\nc = 6.00\ndL/du = 2.00*c*c", [RIGHT, RIGHT, HERE]),
    # A formula follows through as a function, not by its value at the point.
    (G1, "dL/dw = 0.500\ndL/da = 0.500*y/u\ndL/dx = 0.500*(y+1)/(x^2+2)", [WRONG, WRONG, WRONG]),
    (G1, "dL/dw = 0.500\ndL/da = 0.500*x/u\ndL/dx = 0.4998*a/u", [WRONG, CARRIED, CARRIED]),
    # Decimals in array literals are rounded as others are.
    (SOFTMAX, "dL/dz = [0.3514, 0.2603, 0.3883] - [1, 0, 0]", [RIGHT]),
    (SOFTMAX, "dL/dz = [0.3514, 0.2603, 0.3893] - [1, 0, 0]", [WRONG]),
    (G1, "dL/dw = sum([0.2000, 0.2213])", [RIGHT]),
    # Entries answered one by one add up.
    (SOFTMAX, "dL/dz[0] = -0.649\ndL/dz[1] = 0.260\ndL/dz[2] = 0.388\ndL/dW = outer([-0.649, 0.260, 0.388], x)", [RIGHT] * 4),
    (
        SOFTMAX,
        "dL/dz[0] = -0.5\ndL/dz[1] = 0.3\ndL/dz[2] = 0.2\ndL/dW = outer([-0.5, 0.3, 0.2], x)\ndL/dW[1,1] = 0.6\ndL/dx[0] = 0.08",
        [WRONG] * 3 + [CARRIED] * 3,
    ),
    # A forward value carries into derivatives that are written with it.
    (LOGISTIC, "p = 0.62\ndp/dz = 0.62*(1 - 0.62)", [WRONG, CARRIED]),
    (LOGISTIC, "p = 0.525\ndL/dz = 0.525 - y\ndL/dw1 = (0.525 - y)*x1", [RIGHT, RIGHT, RIGHT]),
    ("input u = 8; s = tanh(u/10); q = exp(-s); L = q", "s = 0.7\nds/du = (1 - 0.7^2)/10\nq = 0.45\ndq/ds = -0.45", [WRONG, CARRIED] * 2),
    # A number stands for the answer that it is, not for what has the same value at the point.
    (G1, "dL/dw = 0.421\ndL/db = 0.421000000", [RIGHT, WRONG]),
    (G1, "dL/dw = 0.4213\ndL/da = 0.421*x/u", [RIGHT, RIGHT]),
    (G1, "x = 2.00\na = 3.00\ndL/dx = dL/du*x*3.00/2.00", [RIGHT, RIGHT, HERE]),
    ("input x = 2, k = 5; param a = 3; u = x*a; c = x + 4; L = u^2*c + k", "u = 6.00\nc = 6.00\ndL/du = 6.00*(u+c)", [RIGHT, RIGHT, HERE]),
    (SOFTMAX, "p = [0.351, 0.260, 0.388]\ndL/dz = [0.351, 0.260, 0.388] - y", [RIGHT, RIGHT]),
    (SOFTMAX, "p = [0.400, 0.300, 0.300]\ndL/dz = [0.400, 0.300, 0.300] - y", [WRONG, CARRIED]),
    (G1, "v = 1.95\ndL/db = 2*z/(1.95 + b)^2", [WRONG, CARRIED]),
    (DIAMOND, "dL/dw = 9\ndL/db = 9*u", [RIGHT, RIGHT]),
    # What two nodes have in common is not believed twice.
    ("input x = 2, k = 3; z = exp(x); m = exp(x)/k; L = z + m", "z = 7.5\nm = 2.46\nL = 9.96", [WRONG, RIGHT, CARRIED]),
    ("s = 0.7; q = exp(-s); L = q^2", "q = 0.45\ndL/ds = -0.447", [WRONG, CARRIED]),
    # An entry that is corrected is right from there on.
    (
        SOFTMAX,
        "dL/dz[0] = -0.5\ndL/dz[0] = -0.649\ndL/dz[1] = 0.260\ndL/dz[2] = 0.388\ndL/dW = outer([-0.649, 0.260, 0.388], x)",
        [WRONG, RIGHT, RIGHT, RIGHT, RIGHT],
    ),
    (
        "input X = [[1, 2], [0.5, -1], [1.5, 0.3], [-1, 1]], y = [1, 0.5, 2, -1]; param w = [0.4, -0.3], b = 0.2\n"
        "p = X@w + b; r = p - y; L = mean(r^2)",
        "dL/dr[0] = -0.5\ndL/dr[1] = 0.1\ndL/dr[2] = 0.645\ndL/dr[3] = 0.25\ndL/dw = X^T @ [-0.5, 0.1, 0.645, 0.25]",
        [RIGHT, RIGHT, WRONG, RIGHT, CARRIED],
    ),
    # The number that an own wrong formula has stands for that formula.
    (LOGISTIC, "dL/dz = y + p = 1.525\ndL/dw1 = 1.525*x1\ndL/dw2 = 1.525*x2 = -3.05", [WRONG, CARRIED, CARRIED]),
    (DIAMOND, "dL/du = 2*u*w = 27\ndL/da = 27*x = 54", [WRONG, CARRIED]),
    # Values of a softmax carry into its derivative.
    (SOFTMAX, "p = [0.400, 0.200, 0.400]\ndL/dz = p - y = [-0.600, 0.200, 0.400]", [WRONG, CARRIED]),
    (SOFTMAX, "p = [0.400, 0.200, 0.400]\ndL/dz = [-0.600, 0.200, 0.400]", [WRONG, CARRIED]),
    # A number that stands for a constant is that constant, and no way to another answer.
    ("input x = 2, b = 4; c = 2*b; d = c + x; L = d^2", "dc/db = 3\ndL/db = 3*d*3", [WRONG, WRONG]),
    ("input x = 2, b = 4; c = 2*b; d = c + x; L = d^2", "dc/db = 3\ndL/db = 2*d*3", [WRONG, CARRIED]),
    # A right entry beside a wrong one rests on nothing wrong.
    (SOFTMAX, "dL/dz[0] = 0.351\ndL/dz[1] = 0.260\ndL/dz[2] = 0.388\ndL/dW[1,1] = 0.260*x[1]", [WRONG, RIGHT, RIGHT, RIGHT]),
    # The number of the link before, written once more; a formula is no number.
    (LOGISTIC, "p = 0.500\ndL/dw1 = (0.500 - 1)*1.5 = -0.75 = 0.375*x2", [WRONG, WRONG]),
    (LOGISTIC, "p = 0.6\ndL/dz = p - y = 0.6 - 1 = -0.4", [WRONG, CARRIED]),
    (LOGISTIC, "p = 0.6\ndL/dz = p - y = 0.6 - 1 = -0.5", [WRONG, WRONG]),
]


@pytest.mark.parametrize(("program", "answers", "expected"), CASES, ids=[answers.replace("\n", "; ")[:60] for _, answers, _ in CASES])
def test_what_numbers_carry(program: str, answers: str, expected: list[str]) -> None:
    assert verdicts(program, answers) == expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ("dL/dz = -0.475\nw1 <- w1 - 0.1*(-0.475)*x1\nb <- b + 0.0475", [RIGHT, RIGHT, RIGHT]),
        ("dL/dw1 = -0.75\nw1 <- 0.4 + 0.1*0.75 = 0.475", [WRONG, CARRIED]),
        ("dL/dw1 = -0.75\nw1 <- w1 - 0.1*(-0.75)", [WRONG, CARRIED]),
        ("dL/dw1 = -0.713\nw1 <- w1 - 0.1*(-0.713)", [RIGHT, RIGHT]),
        ("dL/dw1 = -0.713\nw1 <- w1 - 0.1*(-0.723)", [RIGHT, WRONG]),
        ("w1 <- w1 - 0.1*(-0.475)*x1", [HERE]),
    ],
)
def test_updates_go_on_with_rounded_gradients(answers: str, expected: list[str]) -> None:
    assert verdicts(LOGISTIC, answers) == expected


def test_the_rate_of_an_update_is_a_short_decimal_or_what_all_entries_give() -> None:
    two = "input x = [1, 1], y = 1; param w = [1, 2]; L = (w@x - y)^2"
    assert verdicts(two, "w <- [0.6, 1.6]") == [RIGHT]
    half = "input x = [1, -1], y = 1; param w = [1, 2], b = 0; L = 0.5*(w@x + b - y)^2"
    assert verdicts(half, "w <- [1.02, 1.98]\nb_new = 0.02") == [RIGHT, RIGHT]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ("w <- w - 0.1*[5.00, 10.0]", [OPEN]),
        ("dL/dz = 5.00\ndL/dw = [5.00, 10.0]\nw <- w - 0.1*[5.00, 10.0]", [WRONG, CARRIED, CARRIED]),
        ("w <- w - 0.1*[3.67, 7.34]\nw <- [-0.0669297, -0.233859]", [RIGHT, RIGHT]),
    ],
)
def test_a_rate_is_never_made_up(answers: str, expected: list[str]) -> None:
    """3/22 would make any multiple of the gradient a step."""
    assert verdicts("input x = [1, 2], y = 1; param w = [0.3, 0.5], b = 0; z = w@x + b; L = exp(z)*y", answers) == expected


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ("w <- w - 0.1*[4, 8]", [OPEN]),
        ("dL/dw = [4, 8]\nw <- w - 0.1*[4, 8]\nb <- b - 0.1*0.8", [WRONG, CARRIED, RIGHT]),
        ("w <- w - 0.1*[0.8, 1.6]", [RIGHT]),
    ],
)
def test_a_rate_that_is_written_is_the_rate(answers: str, expected: list[str]) -> None:
    program = "input x = [1, 2], y = 1; param w = [0.3, 0.5], b = 0.1; z = w@x + b; r = z - y; L = r^2"
    assert verdicts(program, answers) == expected


def test_a_sign_kept_throughout_is_a_convention_in_numbers_too() -> None:
    answers = "dL/dz = y - p = 0.475\ndL/dw1 = 0.475*x1 = 0.7125\ndL/db = 0.475\nw1 <- w1 + 0.1*0.7125\nb <- b + 0.1*dL/db"
    assert set(verdicts(LOGISTIC, answers)) <= {"convention", RIGHT}


def test_one_wrong_answer_twice_is_no_convention() -> None:
    assert verdicts(G1, "dL/da = 4*z/w^2*x/u\ndL/da = 2*2*z/w^2*x/u") == [WRONG, WRONG]


def test_an_entry_that_moves_less_than_it_shows_tells_no_rate() -> None:
    program = "input x = [1, 0.01], y = 3; param w = [1, 2]; L = (w@x - y)^2"
    assert verdicts(program, "w <- [1.40, 2.00]") == [RIGHT]


def test_one_entry_that_moves_tells_no_rate() -> None:
    program = "input x = [1, 0], y = 3; param w = [1, 2]; L = (w@x - y)^2"
    assert verdicts(program, "w <- [77, 2]\nw <- [1.4, 2]") == [OPEN, OPEN]
    assert verdicts(program, "w <- [1.4, 2]", rules=Rules(rate=Fraction("0.1"))) == [RIGHT]


@pytest.mark.parametrize(
    ("program", "answers"),
    [
        (
            "input x = [1, 2, 0, 1, 3], y = 4; param w = [1, 0, 2, -1, 1], b = 0.5; p = w@x + b; L = exp(p - y)",
            "dL/dw = 5*exp(p-y)*x\ndL/db = 5*exp(p-y)",
        ),
        ("x = 2; a = 3; u = x*a; L = exp(u)", "dL/dx = 2*a*exp(u)\ndL/da = 2*x*exp(u)"),
        (SOFTMAX, "dL/dW = 3*outer(p - y, x)\ndL/dz = 3*(p - y)"),
        ("input x = 3; param w = 2, b = 1; u = w*x + b; v = sin(u); L = v*u", "dL/dw = 2*(cos(u)*u + v)*x\ndL/db = 2*(cos(u)*u + v)"),
    ],
)
def test_a_factor_is_a_convention_only_where_the_program_has_one(program: str, answers: str) -> None:
    assert verdicts(program, answers) == [WRONG, WRONG]


@pytest.mark.parametrize("loss", ["z*z", "z^2", "dot([z], [z])", "0.5*z*2*z"])
def test_a_square_has_a_half_however_it_is_written(loss: str) -> None:
    program = f"input x = 2, y = 1; param w = 3; z = w*x - y; L = {loss}"
    assert verdicts(program, "dL/dz = z\ndL/dw = z*x") == ["convention", "convention"]


def test_a_decimal_comma_may_have_an_exponent() -> None:
    assert verdicts(G1, "dL/dw = 4,21e-1\ndL/dw = 0,421e0", rules=Rules(decimal_comma=True)) == [RIGHT, RIGHT]


def test_a_number_is_not_told_to_be_the_answer_of_an_open_question() -> None:
    found = judge(parse(G1), "dL/da = 0.2106517", rules=Rules(require=("dL/dx", "dL/da"))).answers[0]
    assert found.diagnosis is None or "by x" not in found.diagnosis.message


def test_zero_is_not_near_what_is_half() -> None:
    assert judge(parse(G1), "dL/dw = 0").answers[0].message == ""


def test_of_several_answers_the_last_one_is_told_to_be_wrong() -> None:
    found = judge(parse(G1), "dL/dw = 7\ndL/dw = 2*z/w^2\ndL/dv = dL/dw").answers[2]
    assert (found.verdict.value, found.notes) == (RIGHT, ())


FRACTIONS = "input x = 3, y = 2; param a = 0.25, b = 1; u = a*x; v = u^2; w = b*v + u; L = (w - y)^2"


@pytest.mark.parametrize(
    ("answers", "due"),
    [
        ("dL/dw = -11/8\ndL/du = -11/8*(2*b*u + 1)", [RIGHT, RIGHT]),
        ("dL/dw = -11/8\ndL/db = v*-11/8\ndL/db = -11 v/8\ndL/db = -11*v/8\ndL/db = -22/16*v", [RIGHT] * 5),
        ("dL/dw = -1.375\ndL/db = -(11/8)*v", [RIGHT, RIGHT]),
        ("u = 3/4\ndL/du = 2*(w - y)*(3/4*2*b + 1)", [RIGHT, RIGHT]),
        ("dL/dw = -9/8\ndL/db = -9/8*v\ndL/da = -9*(2*b*u + 1)/8*x", [WRONG, CARRIED, CARRIED]),
        ("dL/db = -11/8*v", [HERE]),
        ("dL/dw = -11/8\ndL/db = -11/9*v\ndL/db = 8/11*v", [RIGHT, WRONG, WRONG]),
        ("dL/dw = -11/8\ndL/dw = -9/8\ndL/db = v/0\ndL/db = 11/0*v", [RIGHT, WRONG, WRONG, WRONG]),
    ],
)
def test_a_fraction_that_is_an_earlier_answer_is_read_as_that_answer(answers: str, due: list[str]) -> None:
    assert verdicts(FRACTIONS, answers) == due


CHAINS = "param w = 3; input x = 2, y = 10; b = 1; z = w*x + b; r = z - y; L = r^2"
SQUARES = "param w = 2, b = 1; input x = 3, y = 4; p = w*x + b; h = p^2; L = (h - y)^2"


@pytest.mark.parametrize(
    ("program", "answers", "due"),
    [
        # What stands behind a link that is right at this point only is judged too.
        *((SQUARES, f"dp/dw = {each}", [WRONG]) for each in ("3*x/3 = 4", "3*1 = 4", "9/3 = 3 = 4")),
        (SQUARES, "dp/dw = 3*w/2 = 3", [HERE]),
        # A wrong chain goes on with the number at its end, a wrong formula with the value it has for its author.
        (SQUARES, "dL/dh = -90\ndL/dp = dL/dh*p = -630\ndL/dw = -1890\ndL/db = -630", [WRONG, WRONG, CARRIED, CARRIED]),
        (SQUARES, "dL/dh = -90\ndL/dp = dL/dh*p\ndL/dw = -1890\ndL/db = -630", [WRONG, WRONG, CARRIED, CARRIED]),
        (SQUARES, "p = 5\nh = 2*p = 10\nL = 36\ndL/dh = 12", [WRONG, WRONG, CARRIED, CARRIED]),
        # Numbers of one chain are the same, whatever each of them would be right for.
        (CHAINS, "dL/dr = 2*r = -5\ndL/dw = dL/dr*x = -10 = -12", [WRONG, WRONG]),
        (CHAINS, "z = 8\nr = z - y = 8 - 10 = -3", [WRONG, WRONG]),
        (CHAINS, "z = 8\nr = z - y = 8 - 10 = -2", [WRONG, CARRIED]),
        (CHAINS, "dL/dr = 2*r = -7\ndL/dw = dL/dr*x = -7*2 = -14 = 2*r*x = -12", [WRONG, WRONG]),
        (CHAINS, "dL/dw = -12\nw <- w - 0.1*dL/dw = 3.9 = 4.2", [RIGHT, WRONG]),
        (CHAINS, "w <- w - 0.1*dL/dw = w - 0.2*dL/dw", [WRONG]),
        (CHAINS, "w <- w - 0.1*dL/dw = 3 + 1.2 = 4.2", [RIGHT]),
        # A wrong formula with its own number is still that formula.
        (CHAINS, "dL/dr = 3*r = -9\ndL/dw = 3*r*x = -18\ndL/db = -9", [WRONG, CARRIED, CARRIED]),
        # The number of the link before, worked out with its rounded decimals.
        ("input h = 0.8278; v = -0.7*h; L = v^2*h", "dL/dh = 3*0.490*0.828^2 = 1.01", [RIGHT]),
        ("input h = 0.8278; v = -0.7*h; L = v^2*h", "dL/dh = 3*0.490*0.828^2 = 1.02", [WRONG]),
    ],
)
def test_links_of_a_chain(program: str, answers: str, due: list[str]) -> None:
    assert verdicts(program, answers) == due


@pytest.mark.parametrize(
    ("program", "answers", "due"),
    [
        ("param w = 1; input x = 2, y = 5; p = w*x; e = p - y; L = e^2/3", "dL/de = -2\ndL/dw = -2*x = -4\ndL/dp = -2*1", [RIGHT] * 3),
        ("param w = 1, b = 2; input x = 3; p = w*x + b; L = p^2/5", "dL/dp = 2\ndL/dw = 2*x\ndL/dw = 2*x*b/2", [RIGHT, RIGHT, HERE]),
        ("param w = 1; input x = 3, y = 0; e = w - y; z = e*x; L = 0.5*e^2*x", "dL/dz = 1\ndL/dw = x*(1 + e)/2", [WRONG, HERE]),
        (
            "input x = [1, 2]; param W = [[2, -1], [1, 1]], b = [0, -1]; z = W@x + b; L = sum(z^2)/2",
            "dL/dz = [0, 2]\ndL/dx = W^T [0, 2] = [2, 2]\ndL/dW = [0, 2] x^T",
            [RIGHT, RIGHT, RIGHT],
        ),
    ],
)
def test_a_derivative_of_1_or_2_may_be_put_in(program: str, answers: str, due: list[str]) -> None:
    assert verdicts(program, answers) == due


def test_what_is_said_of_an_entry_is_said_of_the_first_that_is_wrong() -> None:
    program = "param x = [1, 2]; L = sum(x^3)/7"
    assert [each.message for each in judge(parse(program), "dL/dx = [0.237, 1.7]\ndL/dx = [0.429, 1.7]").answers] == [
        "",
        "entry [1]: right to 2 digits; 3 are asked",
    ]
