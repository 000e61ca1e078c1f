"""Homework at a corner: whatever lies between the slopes on both sides is right by some convention, and nothing else is."""

from __future__ import annotations

import pytest

from backprop_cli.homework.judge import judge
from backprop_cli.lang.parse import parse

GATE = "param z = 0; h = relu(z); L = 3*h"
TIE = "param x = 1, y = 1; L = 2*maximum(x, y)"
HINGE = "input x = 2, y = 1; param w = 0.5; s = w*x; L = maximum(0, 1 - y*s)"
ABSOLUTE = "param x = 2; L = abs(x - 2)*x"
LAYER = "input x = [1, 2]; param W = [[1, -0.5], [0.5, 1], [-1, -1]]; z = W@x; h = relu(z); L = sum(h^2) + sum(h)"
RIGHT, CONVENTION, CARRIED, HERE, WRONG = "correct", "convention", "follow-through", "correct-at-point", "wrong"

CASES = [
    (GATE, "dL/dz = 0", [RIGHT]),
    *((GATE, f"dL/dz = {each}", [CONVENTION]) for each in ("3", "1.5", "3*(z >= 0)", "where(z >= 0, 3, 0)", "dL/dh", "dL/dh*0.5")),
    *((GATE, f"dL/dz = {each}", [WRONG]) for each in ("7", "-1", "3.03", "-0.03", "4*(z >= 0)", "2*dL/dh")),
    (GATE, "dL/dz = 3*(z >= 0) + z", [HERE]),
    (GATE, "dh/dz = 1", [CONVENTION]),
    # The gate is no corner where the point is not on it.
    ("param z = 0.001; h = relu(z); L = 3*h", "dL/dz = 1.5", [WRONG]),
    (TIE, "dL/dx = 2\ndL/dy = 0", [CONVENTION, CONVENTION]),
    (TIE, "dL/dx = 1\ndL/dy = 1\ndL/dy = 2.1", [RIGHT, RIGHT, WRONG]),
    (HINGE, "dL/ds = -1\ndL/dw = where(y*s < 1, -y*x, 0)\ndL/dw = -2.5\ndL/dw = 2", [CONVENTION, CONVENTION, WRONG, WRONG]),
    (ABSOLUTE, "dL/dx = 2\ndL/dx = -2\ndL/dx = 5", [CONVENTION, CONVENTION, WRONG]),
    (LAYER, "dL/dz = [1, 6, 0]\ndL/dW = outer([1, 6, 0], x)\ndL/dx = [4, 5.5]", [CONVENTION, CARRIED, CARRIED]),
    (LAYER, "dL/dz = (2*h + 1)*(z >= 0)\ndL/dW = outer(dL/dz, x)", [CONVENTION, RIGHT]),
    # Corners that cancel leave one slope.
    ("param x = 0; L = relu(x) - relu(-x)", "dL/dx = 1\ndL/dx = 0.5", [CONVENTION, WRONG]),
    # One entry that has no corner is wrong.
    (LAYER, "dL/dz = [1, 6, 1]", [WRONG]),
    (LAYER, "dL/dz[0] = 0.5\ndL/dz[2] = 0.5", [CONVENTION, WRONG]),
    # Every link of a chain has to hold, and all are the same.
    (GATE, "dL/dz = 3*(z >= 0) = 3", [CONVENTION]),
    *((GATE, f"dL/dz = {each}", [WRONG]) for each in ("3*(z >= 0) = 4", "3*1 = 1", "3 = 1.5", "3*(z >= 0) = 0", "3*0.5 = 3")),
    # Corners that cancel leave one slope, and a number no more than the slopes.
    ("param x = 0; L = relu(x) - relu(-x)", "dL/dx = 1\ndL/dx = 0.5\ndL/dx = 2", [CONVENTION, WRONG, WRONG]),
    ("param x = 0; L = 2*relu(x) - 3*relu(-x)", "dL/dx = 2\ndL/dx = 2.5\ndL/dx = 1\ndL/dx = 5", [CONVENTION, CONVENTION, WRONG, WRONG]),
    ("param x = 0; L = 100*relu(x) + x", "dL/dx = 101\ndL/dx = 0\ndL/dx = 102", [CONVENTION, WRONG, WRONG]),
    # The entries of an array go together.
    ("param x = [3, 3, 1]; L = max(x)", "dL/dx = [1, 0, 0]\ndL/dx = [0, 1, 0]\ndL/dx = [0.25, 0.75, 0]", [CONVENTION] * 3),
    ("param x = [3, 3, 1]; L = max(x)", "dL/dx = [0, 0, 0]\ndL/dx = [1, 1, 0]\ndL/dx = [0, 0, 1]", [WRONG] * 3),
    ("param x = [1, 1, 1]; L = sum(x) - max(x)", "dL/dx = [1, 1, 1]\ndL/dx = [0, 0, 0]\ndL/dx = [1, 0, 1]", [WRONG, WRONG, CONVENTION]),
    (
        "input x = [1, 2]; param W = [[2, -1], [1, 1]], b = [0, -3], V = [1, -1]; z = W@x + b; h = relu(z); y = V@h; L = (y - 1)^2",
        "dL/dW = [[-2, -4], [2, 4]]\ndL/dW = [[-2, 0], [0, 4]]\ndL/dW = [[-2, -4], [0, 1]]",
        [CONVENTION, WRONG, WRONG],
    ),
    # Gates that no point opens together are one convention all the same.
    (
        "input X = [[2, -3], [-2, -2], [-2, 2], [3, 1]], y = [1, 1, 2, 2]; param w = [0, 0], b = 0\n"
        "z = X@w + b; h = relu(z); L = sum((h - y)^2)",
        "dL/db = -12\ndL/db = sum(2*(h - y)*(z >= 0))\ndL/db = -13\ndL/dw = [-4, -2]\ndL/dw = [-4, 4]",
        [CONVENTION, CONVENTION, WRONG, CONVENTION, WRONG],
    ),
    # Corners that no leaf leaves.
    ("param u = -1; z = relu(u); h = relu(z); L = 3*h + z", "dh/dz = 1\ndL/dz = 4\ndL/dz = 5", [CONVENTION, CONVENTION, WRONG]),
    # Gates written as numbers, and earlier answers in a formula.
    (
        "param z = [1, 0, -1]; h = relu(z); L = h@[1, 2, 3]",
        "dL/dz = [1, 2, 0]\ndL/dz = dL/dh*[1, 1, 0] = [1, 2, 0]\ndL/dz = dL/dh*[1, 1, 1]",
        [CONVENTION, CONVENTION, WRONG],
    ),
    ("param z = 0; h = relu(z); L = (h - 3)^2", "dL/dh = -6\ndL/dz = -6*(z >= 0)\ndL/dz = dL/dh*1 = -6", [RIGHT, CONVENTION, CONVENTION]),
    ("param w = 2; input x = 3; L = relu(w*x - 6) + w^2",
     "dL/dw = x*1 + 2*w = 7\ndL/dw = 3*1 + 2*w\ndL/dw = 7 = 9", [CONVENTION, HERE, WRONG]),
    # Another branch is another function, no convention.
    ("param x = 0; L = where(x > 0, x, 5)", "dL/dx = 1", [WRONG]),
    # What does not move with the name that is asked for is no corner: labels and masks choose a branch.
    (
        "param w = 0; input x = 3, y = 1; z = w*x; p = sigmoid(z); L = -where(y == 1, log(p), log(1 - p))",
        "dL/dw = 1.5\ndL/dz = p\ndL/dp = 2\ndL/dw = 0.3\ndL/dw = 0\ndL/dw = -1.5",
        [*[WRONG] * 5, RIGHT],
    ),
    (
        "param w = [0, 0]; input m = [0, 1], x = [3, 4]; L = sum(where(m > 0, w*x, 0))",
        "dL/dw = [3, 4]\ndL/dw = x\ndL/dw = [0, 4]",
        [WRONG, WRONG, RIGHT],
    ),
    ("param c = 2, d = 2; input a = 1, b = 1; L = where(a > b, c, d)", "dL/dc = 1\ndL/dc = 0.5\ndL/dc = 0", [WRONG, WRONG, RIGHT]),
    ("param w = 2; input x = 0; L = where(x > 0, w*w, 2*w)", "dL/dw = 4\ndL/dw = 2", [WRONG, RIGHT]),
    # Derivatives as symbols keep to any convention.
    (
        "param w = 2, b = -6; input x = 3; z = w*x + b; h = relu(z); L = 3*h",
        "dL/dw = dL/dh*dh/dz*dz/dw = 3*1*3 = 9\ndL/dw = dL/dh*relu'(z)*x = 3*1*3 = 9\ndL/dw = dL/dz*x = 9\ndL/dw = dL/dz*x = 10",
        [CONVENTION, CONVENTION, CONVENTION, WRONG],
    ),
    (GATE, "dh/dz = 1\ndL/dz = dL/dh*dh/dz = 3", [CONVENTION, CONVENTION]),
    # Nested choices.
    ("param a = 6; L = min(max(a, 0), 6)", "dL/da = 1\ndL/da = 0\ndL/da = 2", [CONVENTION, CONVENTION, WRONG]),
    ("param a = 1, b = 1, c = 1; L = max(a, max(b, c))", "dL/da = 0\ndL/da = 1\ndL/db = 1\ndL/db = 1.5", [*[CONVENTION] * 3, WRONG]),
    ("param a = 1; L = max(a, a)", "dL/da = 1\ndL/da = 2", [RIGHT, WRONG]),
    # Products, columns and brackets.
    (
        "param W = [[1, 1], [2, 1]]; input x = [1, -1], v = [3, 5]; z = W@x; h = relu(z); L = v@h",
        "dL/dW = (v*(z >= 0)) x^T\ndL/dW = [[3], [5]] [[1, -1]]\ndL/dW = [[3], [0]] [[1, -1]]\ndL/dx = W^T [3, 5]\ndL/dx = W^T [0, 4]",
        [CONVENTION, CONVENTION, WRONG, HERE, WRONG],
    ),
    (
        "param a = [0, 0, 0]; L = relu(a[0]) + abs(a[1]) + max(a[2], 0)",
        "dL/da = [0.5, 1, 0.5]\ndL/da = [0.5, 0, 0.5]",
        [CONVENTION, CONVENTION],
    ),
    ("param a = 0, b = 2; L = relu(a)*b", "dL/da = b/2\ndL/da = b\ndL/da = 0.5*b*b", [CONVENTION, CONVENTION, HERE]),
    ("param a = [0, 0]; L = sum(relu(a) - relu(-a))", "dL/da = [1, 1]\ndL/da = [2, 2]", [CONVENTION, WRONG]),
]  # fmt: skip


@pytest.mark.parametrize(("program", "answers", "due"), CASES)
def test_between_the_slopes_beside_a_corner(program: str, answers: str, due: list[str]) -> None:
    assert [each.verdict.value for each in judge(parse(program), answers).answers] == due


def test_a_convention_says_so_and_gives_nothing_away() -> None:
    (line,) = judge(parse(GATE), "dL/dz = 3").answers
    assert line.message == "the point sits on a corner, where there is no derivative: this is one by another convention"
    assert line.diagnosis is None
    assert line.example is None
