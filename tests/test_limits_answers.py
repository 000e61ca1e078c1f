"""The limits on what answers ask for, entry by entry: predicted before the work, the same for the same line wherever it stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backprop_cli.equality.exact import exactly
from backprop_cli.equality.terms import Terms
from backprop_cli.homework.judge import Bench, judge
from backprop_cli.homework.verdicts import Judged
from backprop_cli.lang.parse import parse
from backprop_cli.limits import SUBMISSION, Limits
from backprop_cli.worker.tasks import Refused, proof

PROGRAM = "x = 2; y = 2; a = 3; b = 1; u = x*a; L = u^2"
NODES = "; the limit is 60,000, 3 for each of the 20,000 nodes of --limit nodes=N"
HEAVY = "dL/db = sum(sin(onehot(3, 150000)))"


def judged(answers: str, limits: Limits = SUBMISSION) -> list[Judged]:
    return list(judge(parse(PROGRAM), answers, limits=limits).answers)


@pytest.mark.parametrize(
    ("given", "steps"),
    [
        ("sum(onehot(3, 65000)*x)", "65,000"),
        ("det(outer(onehot(3, 20)*x, onehot(2, 20)))", "20,971,980"),
        ("sum(inv(outer(onehot(3, 30) + x, onehot(2, 30) + y)))", "more than 1,000,000,000"),
        ("sum(outer(onehot(3, 150), onehot(2, 150)) @ outer(onehot(3, 150), onehot(2, 150)))", "6,795,600"),
    ],
)
def test_what_takes_too_many_steps_is_refused_before_the_work(given: str, steps: str) -> None:
    (found,) = judged(f"dL/da = {given}")
    assert found.message == f"this cannot be worked out here: entry by entry this takes {steps} steps{NODES}"


def test_the_same_line_has_the_same_verdict_wherever_it_stands() -> None:
    near = "dL/db = sum(sin(onehot(3, 20000)))"
    lines = judged("\n".join([HEAVY, HEAVY, HEAVY, near, HEAVY, "dL/da = 2*u*x", near]))
    assert [each.verdict.value for each in lines] == ["undecided"] * 3 + ["wrong", "undecided", "correct", "wrong"]
    assert len({(each.verdict, each.message) for each in lines if each.given == lines[0].given}) == 1


def test_large_answers_that_are_undecided_leave_no_less_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backprop_cli.homework.judge.MOST", 60_000)
    plain = "dL/db = cos(sin(x*a*b*y))\ndL/da = 2*u*x"
    large = [
        f"dL/da = sum(outer({list(range(k, k + 100))}*x, {list(range(k + 1, k + 101))}*y)) + sum(onehot(3, 60000))"
        for k in range(1, 800, 100)
    ]
    alone = Bench(parse(PROGRAM)).judge(plain).answers
    bench = Bench(parse(PROGRAM))
    found = bench.judge("\n".join([*large, plain])).answers
    assert {each.verdict.value for each in found[:8]} == {"undecided"}
    assert [(each.verdict, each.message, each.yours, each.correct) for each in found[8:]] == [
        (each.verdict, each.message, each.yours, each.correct) for each in alone
    ]
    assert len(bench.board.terms) < 10_000


def test_the_steps_of_an_answer_are_counted_whether_or_not_they_are_new() -> None:
    """Exactly three for each node; a reading begins at nothing, whatever was read before."""
    bench = Bench(parse(PROGRAM))
    allowed = replace(SUBMISSION, nodes=20)
    for _ in range(2):
        lines = bench.judge("dL/db = sum(onehot(3, 30))\ndL/db = sum(onehot(3, 31))", limits=allowed).answers
        assert [each.verdict.value for each in lines] == ["wrong", "undecided"]


def test_the_options_govern_what_answers_may_ask_for() -> None:
    (found,) = judged(HEAVY, replace(SUBMISSION, nodes=200_000))
    assert found.verdict.value == "wrong"
    (found,) = judged("dL/db = sum(onehot(3, 250))", replace(SUBMISSION, entries=249))
    assert found.message.endswith("this makes an array of 250 entries; the limit is 249 (--limit entries=N)")
    (found,) = judged("dL/db = sum(onehot(3, 250))", replace(SUBMISSION, entries=250))
    assert found.verdict.value == "wrong"


def test_exact_numbers_are_kept_up_to_the_bits_that_are_allowed() -> None:
    terms = Terms()
    terms.bits = 24
    ten = terms.number(1000)
    assert terms.value(terms.apply("*", ten, ten)) == 10**6
    terms.bits = 20
    assert terms.value(terms.apply("*", ten, ten)) is None
    product = terms.apply("*", ten, ten)
    assert product not in exactly(terms, terms.below([product]), {})
    terms.bits = 24
    assert exactly(terms, terms.below([product]), {})[product] == 10**6


@pytest.mark.parametrize("bits", [1, 4_096])
def test_beyond_the_bits_of_exact_numbers_other_ways_decide(bits: int) -> None:
    limits = replace(SUBMISSION, exact_bits=bits)
    bench = Bench(parse(PROGRAM))
    found = bench.judge("dL/da = 8*x^2*a/4\ndL/da = 3000*3001*u*x/4501500\ndL/da = 3000*3001*u*x/4501501", limits=limits).answers
    assert bench.board.terms.bits == bits
    assert [each.verdict.value for each in found] == ["correct", "correct", "wrong"]


def test_a_small_determinant_is_still_worked_out() -> None:
    matrix = "[" + ", ".join("[" + ", ".join("a" if i == j else "1" for j in range(6)) + "]" for i in range(6)) + "]"
    (found,) = judged(f"dL/da = det({matrix}) - (a - 1)^5*(a + 5) + 2*u*x")
    assert found.verdict.value == "correct"


def test_sympy_is_not_asked_for_the_digits_of_a_huge_power_of_e() -> None:
    power = [("n", -(10**9), 1), ("exp", 1), ("n", 1, 1), ("+", 2), ("n", 2, 1), ("/", 2)]
    with pytest.raises(Refused, match="too large: a power"):
        proof([("n", 1, 2)], power, [])


@pytest.mark.parametrize(("nodes", "room"), [(1_000, 400_000), (20_000, 400_000), (50_000, 1_000_000)])
def test_more_nodes_make_room_for_more_terms(nodes: int, room: int) -> None:
    bench = Bench(parse(PROGRAM))
    before = len(bench.board.terms)
    bench.judge("dL/da = 2*u*x", limits=replace(SUBMISSION, nodes=nodes))
    assert bench.board.terms.most == before + room
