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
    *((GATE, f"dL/dz = {each}", [CONVENTION]) for each in ("3", "1.5", "3*(z >= 0)", "where(z >= 0, 3, 0)")),
    *((GATE, f"dL/dz = {each}", [WRONG]) for each in ("7", "-1", "3.2", "dL/dh", "4*(z >= 0)", "3*(z >= 0) + z")),
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
    # Every link of a chain has to hold.
    (GATE, "dL/dz = 3*(z >= 0) = 3", [CONVENTION]),
    (GATE, "dL/dz = 3*(z >= 0) = 4", [WRONG]),
]  # fmt: skip


@pytest.mark.parametrize(("program", "answers", "due"), CASES)
def test_between_the_slopes_beside_a_corner(program: str, answers: str, due: list[str]) -> None:
    assert [each.verdict.value for each in judge(parse(program), answers).answers] == due


def test_a_convention_says_so_and_gives_nothing_away() -> None:
    (line,) = judge(parse(GATE), "dL/dz = 3").answers
    assert line.message == "the point sits on a corner, where there is no derivative: yours lies between the slopes on its sides"
    assert line.diagnosis is None
    assert line.example is None
