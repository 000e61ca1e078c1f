"""Answers that are right on a piece alone, or but for single points: narrow pieces are found, and what is right is not accused."""

from __future__ import annotations

import re

import pytest

from backprop_cli.equality import population
from backprop_cli.homework.judge import judge
from backprop_cli.homework.verdicts import Verdict
from backprop_cli.lang.parse import parse
from tests.conftest import Backprop

SQUARE, WAVE = "L = x^2", "L = x*sin(y)"
AT = {SQUARE: "x = 2; ", WAVE: "x = 2; y = 3; "}

NARROW = [
    *((SQUARE, f"2*x + relu(1e-9 - abs(x - {at}))") for at in ("7.25", "1000", "(-7.25)")),
    (SQUARE, "2*x + relu(1e-18 - abs(x - 1/3))"),
    (SQUARE, "where((x > 7.25)*(x < 7.2500000001), 0, 2*x)"),
    (WAVE, "maximum(sin(y), -0.9999)"),
    (WAVE, "clip(sin(y), -0.99999, 1)"),
    (WAVE, "sin(y) + relu(sin(x) - 0.9999)"),
]
SINGLE = [
    (SQUARE, "where(x == 5, 0, 2*x)", "x = 5"),
    (SQUARE, "2*x + where(x == 1/3, 1, 0)", "x = 1/3"),
    (SQUARE, "where(x != -7.25, 2*x, 0)", "x = -29/4"),
    (SQUARE, "where(3*x + 1 == x/2, 0, 2*x)", "x = -2/5"),
    (WAVE, "where(x*y == 5, 0, sin(y))", "x = 5/3, y = 3"),
]
# At the point in question the truth has a corner, or both sides agree, or one has no value.
HARMLESS = [
    *(("L = relu(x)", each) for each in ("where(x >= 0, 1, 0)", "where(x == 0, 1/2, where(x > 0, 1, 0))", "relu(x)/x")),
    *(("L = relu(x - 7.25)", each) for each in ("where(x >= 7.25, 1, 0)", "where(x == 7.25, 1/2, where(x > 7.25, 1, 0))")),
    *(("L = abs(x)", each) for each in ("where(x == 0, 7, abs(x)/x)", "x/abs(x)", "2*(x > 0) - 1")),
    *(("L = sin(x)", each) for each in ("where(x == 0, 1, cos(x))", "where(x == 5, 1/(x - 5), cos(x))", "(x - 5)*cos(x)/(x - 5)")),
    *(("L = x^3", each) for each in ("3*maximum(x, -x)^2", "where(x == 0, 0, 3*x^3/x)", "3*where(x < 7.25, x, x)^2")),
    *(("L = maximum(x, y)", each) for each in ("where(x == y, 1/2, where(x > y, 1, 0))", "where(x >= y, 1, 0)", "x > y")),
    *(("L = max(x, y, z)", each) for each in ("where((x >= y)*(x >= z), 1, 0)", "(x > y)*(x > z)")),
]


def found(program: str, answer: str) -> tuple[Verdict, tuple[str, ...]]:
    (line,) = judge(parse(program), f"dL/dx = {answer}").answers
    return line.verdict, line.notes


@pytest.mark.parametrize(("program", "answer"), NARROW)
def test_a_narrow_piece_is_found(program: str, answer: str) -> None:
    assert found(program, answer)[0] is Verdict.WRONG
    verdict, notes = found(AT[program] + program, answer)
    assert verdict is Verdict.CORRECT
    assert [note for note in notes if note.startswith("right where the point is, not everywhere: it differs at ")]


@pytest.mark.parametrize(("program", "answer", "place"), SINGLE)
def test_a_single_point_is_told_and_not_held_against_an_answer(program: str, answer: str, place: str) -> None:
    verdict, notes = found(AT[program] + program, answer)
    assert verdict is Verdict.CORRECT
    assert notes == (f"right as a function, though not at every single point: it differs at {place}",)
    verdict, notes = found(program, answer)
    assert verdict is Verdict.CORRECT
    assert len(notes) == 1


@pytest.mark.parametrize(("program", "answer"), HARMLESS)
@pytest.mark.parametrize("values", [{}, {"x": 3, "y": 2, "z": 1}])
def test_what_is_right_is_not_accused(program: str, answer: str, values: dict[str, int]) -> None:
    given = "".join(f"{name} = {value}; " for name, value in values.items() if name in re.findall("[a-z]+", program))
    assert found(given + program, answer) == (Verdict.CORRECT, ())


def test_the_border_itself_is_never_looked_at() -> None:
    shares = list(population._crossings((1, 0, 0), (-1, 0, 0)))
    assert len(shares) == 4
    assert all(share != 2**119 for share, _, _ in shares)
    assert not list(population._crossings((1, 0, 0), (1, 0, 0)))
    assert not list(population._crossings(None, (1, 0, 0)))


def test_a_counterexample_beside_a_border_is_short() -> None:
    (line,) = judge(parse(SQUARE), "dL/dx = 2*x + relu(1e-9 - abs(x - 7.25))").answers
    assert line.example is not None
    assert line.example.point == (("x", "29/4"),)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("2.000000000001*x", "at x = 2: yours is 4.000000000002, which is not the right value"),
        ("2*x + relu(1e-9 - abs(x - 7.25))", "at x = 29/4: yours is 14.500000001, which is not the right value"),
        ("2*x + 1e-30", "at x = 2: yours is off by less than 15 digits show"),
        ("3*x", "at x = 2: yours is 6, which is not the right value"),
    ],
)
def test_a_counterexample_shows_the_digits_that_differ(backprop: Backprop, answer: str, shown: str) -> None:
    """It is false that 4 is not the right value where 4 is right to the digits that are shown."""
    ran = backprop("verify", "-e", "L = x^2", "-a", f"dL/dx = {answer}", "--no-diagnosis")
    assert (ran.status, shown in ran.out) == (1, True)


def test_a_teacher_sees_as_many_digits_of_both(backprop: Backprop) -> None:
    ran = backprop("verify", "-e", "L = x^2", "-a", "dL/dx = 2.000000000001*x", "--no-diagnosis", "--reveal")
    assert "at x = 2: yours is 4.000000000002, right is 4\n" in ran.out
