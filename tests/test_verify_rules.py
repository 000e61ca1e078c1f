"""Rubrics and points: what a teacher may write, what is refused and how, and what every verdict earns."""

from __future__ import annotations

import re
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprop_cli.errors import BackpropError
from backprop_cli.homework.judge import Bench, judge
from backprop_cli.homework.rubric import read_rubric
from backprop_cli.homework.rules import Rules, fitted, key, spelled_out
from backprop_cli.homework.score import amount, points_text, scored
from backprop_cli.homework.verdicts import Judged, Judgement, Verdict
from backprop_cli.lang.parse import parse
from backprop_cli.limits import OWN

WHOLE = """\
require = ["dL/da", "db"]
digits = 4
tolerance = 1e-3
form = "product"
rate = 0.1
decimal-comma = true
points = 0

[credit]
follow-through = 0.5
convention = 1
at-point = 0.25

[hints]
strength = "node"
diagnosis = false

[answers."dL/da"]
points = 2
form = "simplified"
tolerance = 0.01

[answers.db]
points = 1.5
"""


def rubric(text: str) -> Rules:
    return read_rubric(text.encode(), "hw.toml", OWN)


def complaints(text: str) -> list[tuple[str, int | None, str]]:
    """What is said of a rubric: each complaint's name, its line, and its help."""
    with pytest.raises(BackpropError) as caught:
        rubric(text)
    return [
        (each.reference, each.source.place(each.span.start)[0] if each.source and each.span else None, each.hint)
        for each in caught.value.diagnostics
    ]


# ---- rubrics ----


def test_a_whole_rubric() -> None:
    assert rubric(WHOLE) == Rules(
        digits=4, tolerance=1e-3, form="product", require=("dL/da", "db"), rate=Fraction(1, 10), decimal_comma=True,
        follow_through=0.5, convention=1.0, at_point=0.25, points={"dL/da": 2.0, "db": 1.5}, others=0.0,
        forms={"dL/da": "simplified"}, tolerances={"dL/da": 0.01}, hints="node", diagnose=False,
    )  # fmt: skip


def test_an_empty_rubric_changes_nothing() -> None:
    assert rubric("") == Rules()


def test_answers_with_points_must_be_there() -> None:
    assert rubric("[answers.da]\npoints = 2\n[answers.db]\npoints = 0\n[answers.dc]\nform = 'number'").require == ("da",)
    assert rubric("require = []\n[answers.da]\npoints = 2").require == ()


@pytest.mark.parametrize(("written", "rate"), [("0.1", "1/10"), ('"1/10"', "1/10"), ("1e-2", "1/100"), ("2", "2"), ('"0.25"', "1/4")])
def test_rates_are_exact(written: str, rate: str) -> None:
    assert rubric(f"rate = {written}").rate == Fraction(rate)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("digit = 4", ("unknown-key", 1, "did you mean digits?")),
        ("\n[credit]\nfollow_through = 0.5", ("unknown-key", 3, "did you mean follow-through?")),
        ("[hint]\nstrength = 'node'", ("unknown-key", 1, "did you mean hints?")),
        ('[answers."dL/da"]\n\npoint = 2', ("unknown-key", 3, "did you mean points?")),
        ("[answer.da]\npoints = 2", ("unknown-key", 1, "did you mean answers?")),
        ("\ndigits = 0", ("bad-rubric", 2, "")),
        ("digits = true", ("bad-rubric", 1, "")),
        ("digits = 3.0", ("bad-rubric", 1, "")),
        ("tolerance = -1", ("bad-rubric", 1, "")),
        ("tolerance = nan", ("bad-rubric", 1, "")),
        ("[credit]\nat-point = 1.5", ("bad-rubric", 2, "")),
        ("[hints]\nstrength = 'all'", ("bad-rubric", 2, "")),
        ("form = 'any'", ("bad-rubric", 1, "")),
        ("rate = 0", ("bad-rubric", 1, "")),
        ("rate = -0.1", ("bad-rubric", 1, "")),
        ('rate = "1/0"', ("bad-rubric", 1, "")),
        ("rate = 1e-999999999", ("bad-rubric", 1, "")),
        ("rate = inf", ("bad-rubric", 1, "")),
        ("rate = true", ("bad-rubric", 1, "")),
        ("require = 'dL/da'", ("bad-rubric", 1, "")),
        ("require = [1]", ("bad-rubric", 1, "")),
        ("decimal-comma = 1", ("bad-rubric", 1, "")),
        ("credit = 1", ("bad-rubric", 1, "write  [credit]")),
        ("[answers]\nda = 2", ("bad-rubric", 2, 'write  [answers."da"]  and below it  points = 2')),
        ("[answers.da]\npoints = inf", ("bad-rubric", 2, "")),
        ("digits =", ("bad-rubric", 1, "")),
        ("a = [1,\n\n", ("bad-rubric", 1, "")),
        ("digits = 3\ndigits = 4", ("bad-rubric", 2, "")),
    ],
)
def test_what_is_no_rubric(text: str, expected: tuple[str, int, str]) -> None:
    assert complaints(text) == [expected]


def test_all_faults_are_told_at_once() -> None:
    assert [line for _, line, _ in complaints("digit = 4\nform = 1\n[credit]\nx = 1")] == [1, 2, 4]


def test_no_more_faults_are_looked_for_than_are_told() -> None:
    many = "\n".join(f"key{i} = 1" for i in range(20_000))
    assert len(complaints(many)) == len(complaints(f"[answers]\n{many}")) == 10


@pytest.mark.parametrize("before", ["", "# " + "8" * 5000 + "\nrate = '" + "7" * 5000 + "'\n"])
def test_a_whole_number_of_very_many_digits_has_its_place(before: str) -> None:
    with pytest.raises(BackpropError) as caught:
        rubric(f"{before}digits = {'9' * 5000} # {'9' * 5000}")
    (found,) = caught.value.diagnostics
    assert found.message == "a whole number of 5,000 digits; a rubric takes at most 4,300"
    assert found.source is not None
    assert found.span is not None
    assert found.source.place(found.span.start) == (3 if before else 1, 10)


@pytest.mark.parametrize("text", ["[" * 5000, "a = " + "[" * 5000, "digits = " + "9" * 5000, "=" * 5000, "\x00", "a.b.c = 1\n" * 3])
def test_hostile_rubrics_are_refused(text: str) -> None:
    assert complaints(text)


@given(st.text())
def test_any_text_is_rules_or_an_error(text: str) -> None:
    with suppress(BackpropError):
        assert isinstance(rubric(text), Rules)


# ---- names ----


@pytest.mark.parametrize("written", ["dL/da", "∂L/∂a", "d L / d a", "da", " dL/da "])
def test_one_answer_in_many_spellings(written: str) -> None:
    assert spelled_out(written, ["x", "a", "L"], "L") == "dL/da"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("L", "L"),
        ("dW[0, 1]", "dL/dW[0,1]"),
        ("shape(dW)", "shape(dL/dW)"),
        ("shape(W)", "shape(W)"),
        ("W_new", "W"),
        ("new_W", "W"),
        ("W_new[0]", None),
        ("dL/dW[0][1]", None),
        ("q_new", None),
        ("dq", None),
        ("dL/dq", None),
        ("", None),
    ],
)
def test_names_of_answers(written: str, meant: str | None) -> None:
    assert spelled_out(written, ["W", "L"], "L") == meant


def test_a_node_of_that_very_name_comes_first() -> None:
    assert spelled_out("da", ["a", "da", "L"], "L") == "da"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("dL/da[0]", "dL/da[0] is asked for, but there is no entry [0]: it is a number"),
        ("dW[2,0]", "dL/dW[2,0] is asked for, but there is no entry [2, 0]: it has shape (2, 2)"),
    ],
)
def test_an_entry_that_nobody_could_answer_is_refused(asked: str, told: str) -> None:
    program = parse("param a = 2, W = [[1, 2], [3, 4]]; L = a*sum(W)")
    with pytest.raises(BackpropError, match=re.escape(told)):
        Bench(program, rules=Rules(points={asked: 1}))
    Bench(program, rules=Rules(require=("dW[1, 0]", "dW[-1,0]", "W[0,0]")))


def test_an_update_is_asked_for_by_the_name_of_its_answer() -> None:
    rules = Rules(require=("a_new",), points={"a_new": 3}, rate=Fraction(1, 2))
    found = judge(parse("param a = 2; L = a^2"), "a_new = 0", rules=rules)
    assert (found.missing, found.points, found.maximum) == ((), 3, 3)


def test_rules_are_fitted_to_a_program() -> None:
    rules = fitted(Rules(require=("da", "∂L/∂a"), points={"∂L/∂a": 2}, tolerances={"da": 0.5}), ["a", "L"], "L")
    assert (rules.require, rules.worth("dL/da"), rules.worth("∂L / ∂a"), rules.tolerance_of("dL/da")) == (("dL/da",), 2, 2, 0.5)
    assert rules.worth("dL/dL") == 1


def test_a_name_that_the_program_lacks() -> None:
    with pytest.raises(BackpropError) as caught:
        fitted(Rules(require=("dL/dalpa",)), ["alpha", "L"], "L")
    (found,) = caught.value.diagnostics
    assert (found.reference, found.hint) == ("unknown-answer", "did you mean dL/dalpha?")


# ---- points ----


def judged(line: int, of: str, verdict: Verdict) -> Judged:
    return Judged(line, of, "1", verdict)


def test_points_of_every_verdict() -> None:
    rules = Rules(follow_through=0.5, convention=0.75, at_point=0.25, points={"dL/da": 2})
    found = scored(Judgement(tuple(judged(n, f"dL/d{v.value}", v) for n, v in enumerate(Verdict, 1))), rules)
    earned = {each.verdict.value: each.points for each in found.answers}
    assert earned == {
        "correct": 1, "follow-through": 0.5, "convention": 0.75, "correct-at-point": 0.25, "wrong": 0, "undecided": 0, "unreadable": 0,
    }  # fmt: skip
    assert (found.points, found.maximum) == (2.5, 7)
    assert all(each.reason for each in found.answers)
    assert found.answers[1].reason == "right given an earlier answer: 0.5 of the points"
    assert found.notes == ("1 point still open: a human decides",)


def test_the_last_of_two_answers_counts() -> None:
    found = scored(Judgement((judged(1, "dL/da", Verdict.CORRECT), judged(2, "∂L/∂a", Verdict.WRONG))), Rules())
    assert [(each.points, each.maximum) for each in found.answers] == [(0, 0), (0, 1)]
    assert found.answers[0].reason == "the answer in line 2 counts"
    assert (found.points, found.maximum) == (0, 1)


def test_an_answer_that_can_be_read_counts_before_one_that_cannot() -> None:
    for order in (1, -1):
        pair = (judged(1, "dL/da", Verdict.CORRECT), judged(2, "dL/da", Verdict.UNREADABLE))[::order]
        found = scored(Judgement(pair), Rules())
        assert (found.points, found.maximum) == (1, 1)


def test_lines_without_a_name_are_not_the_same_answer() -> None:
    found = scored(Judgement((judged(1, "", Verdict.UNREADABLE), judged(2, "", Verdict.UNREADABLE))), Rules())
    assert found.maximum == 2


def test_missing_answers_count() -> None:
    rules = Rules(points={"dL/db": 3})
    found = scored(Judgement((judged(1, "dL/da", Verdict.CORRECT),), missing=("dL/db", "dL/dc")), rules)
    assert (found.points, found.maximum) == (1, 5)


def test_answers_that_are_not_listed_may_be_worth_nothing() -> None:
    rules = Rules(points={"dL/da": 2}, others=0)
    found = scored(Judgement((judged(1, "dL/da", Verdict.CORRECT), judged(2, "dL/dz", Verdict.WRONG))), rules)
    assert (found.points, found.maximum) == (2, 2)
    assert found.answers[1].reason == "wrong; no points are given for it"


def test_scoring_twice_is_scoring_once() -> None:
    once = scored(Judgement((judged(1, "dL/da", Verdict.UNDECIDED),), missing=("dL/db",)), Rules())
    assert scored(once, Rules()).notes == once.notes
    assert scored(once, Rules()).maximum == once.maximum


def test_sums_have_no_dust() -> None:
    answers = tuple(judged(n, f"dL/dx{n}", Verdict.CORRECT) for n in range(3))
    found = scored(Judgement(answers), Rules(others=0.1))
    assert (found.points, found.maximum) == (0.3, 0.3)


@pytest.mark.parametrize(("points", "text"), [(2.0, "2"), (0.5, "0.5"), (1 / 3, "0.333"), (1234567.0, "1234567"), (0.0, "0")])
def test_points_as_people_write_them(points: float, text: str) -> None:
    assert points_text(points) == text
    assert amount(1) == "1 point"
    assert amount(0) == "0 points"


def test_keys() -> None:
    assert key("∂L / ∂a") == key("dL/da") == "dL/da"
