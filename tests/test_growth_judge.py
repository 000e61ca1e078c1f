"""The judge's work grows as the answers do, however many of them are wrong: counted, not timed."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop_cli import parse
from backprop_cli.equality.terms import Terms
from backprop_cli.homework import judge as judging
from backprop_cli.homework.judge import judge
from backprop_cli.homework.numbers import agreeing, rounded
from backprop_cli.homework.rules import Rules
from backprop_cli.homework.verdicts import Verdict
from tests.test_growth import counting


def chain(count: int) -> str:
    """A program in which each value rests on the one before."""
    steps = [f"y{at} = y{at - 1}*0.99 + sin(x)" for at in range(1, count)]
    return "\n".join(["x = 1.5", "y0 = x*x", *steps, f"L = y{count - 1}"])


WRONG = {
    "derivatives that are numbers": lambda count: [f"dL/dy{at} = {0.5 + at * 0.1:.3f}" for at in reversed(range(count))],
    "derivatives by the chain": lambda count: [f"dL/dy{at} = dL/dy{at + 1}*0.98" for at in reversed(range(count - 1))],
    "values": lambda count: [f"y{at} = {30 + at * 0.1:.3f}" for at in range(count)],
    "local derivatives": lambda count: [f"dy{at}/dy{at - 1} = 0.98" for at in range(1, count)],
}


@pytest.mark.parametrize("kind", WRONG)
def test_twice_as_many_wrong_answers_take_twice_the_terms(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    made = counting(monkeypatch, Terms, "apply")

    def work(count: int) -> int:
        made.clear()
        found = judge(parse(chain(count)), "\n".join(WRONG[kind](count)), rules=Rules(diagnose=False))
        assert sum(each.verdict is Verdict.WRONG for each in found.answers) > count - 5
        return len(made)

    assert work(48) < 2.6 * work(24)


def test_one_derivative_between_two_names_is_swept_between_them_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made = counting(monkeypatch, Terms, "apply")

    def work(count: int) -> int:
        text = chain(count)
        made.clear()
        judging.Bench(parse(text))
        laid = len(made)
        judge(parse(text), f"dy{count - 1}/dy{count - 2} = 0.98", rules=Rules(diagnose=False))
        return len(made) - 2 * laid

    assert work(160) == work(40)


@given(st.fractions(-10, 10, max_denominator=10**6), st.integers(0, 18), st.integers(-9, 9))
def test_the_digits_in_which_numbers_agree_are_found_without_trying_all(truth: Fraction, place: int, off: int) -> None:
    value = truth * (1 + Fraction(off, 10**place))
    if not truth or not value or (truth < 0) != (value < 0):
        assert agreeing(truth, value) == 0
    else:
        assert agreeing(truth, value) == next((n for n in range(17, 0, -1) if rounded(truth, n) == rounded(value, n)), 0)


def test_diagnoses_end_where_their_work_does_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    program = parse("x = 2; u = x*3; v = u^2; w = sin(v); L = w*x")
    answers = "\n".join(["dL/dw = 3*x", "dL/dv = x*sin(v)", "dL/dx = 5*x"])
    whole = judge(program, answers)
    assert whole.answers[1].diagnosis is not None
    assert not whole.notes
    monkeypatch.setattr(judging, "_LOOKED", 450_000_000)  # as much as one line may take, at two seconds a line
    short = judge(program, answers)
    assert [each.verdict for each in short.answers] == [each.verdict for each in whole.answers]
    assert short.answers[0].diagnosis == whole.answers[0].diagnosis
    assert [each.diagnosis for each in short.answers[1:]] == [None, None]
    assert short.notes == (judging.UNSEEN.format(2),)
