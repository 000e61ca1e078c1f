"""The limits on work: nodes, entries, closed forms, time. Exactly at a limit the work is done; one more, and it is not begun."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from backprop_cli import Limits, build, grad, parse
from backprop_cli.autodiff import points
from backprop_cli.autodiff.differentiate import differentiate
from backprop_cli.autodiff.points import evaluate_many
from backprop_cli.calculus.approximation import approximation
from backprop_cli.calculus.arithmetic import NotExact
from backprop_cli.calculus.exact import exact_arithmetic
from backprop_cli.errors import BackpropError, Diagnostic
from backprop_cli.homework.comparing import OutOfTime
from backprop_cli.homework.judge import judge
from backprop_cli.homework.sitting import Sitting
from backprop_cli.homework.verdicts import Verdict
from backprop_cli.lang.answers import Answer
from backprop_cli.oracles import closed_forms, second_opinion, statements
from backprop_cli.oracles.opinion import Abstains, Agrees, NoOpinion
from backprop_cli.worker.host import Lost, Worker
from backprop_cli.worker.proving import prove_equal


def refused(what: Callable[[], object]) -> Diagnostic:
    """The one complaint of what must not pass."""
    with pytest.raises(BackpropError) as caught:
        what()
    (found,) = caught.value.diagnostics
    return found


# ---- nodes ----

# What stands behind each: how many nodes its graph has, functions of one's own written out at each call.
NODES = [
    ("L = x*x + 1", 4),
    ("u = x + 0*x\nL = u", 5),  # a copy is a node
    ("input x, y, z", 3),
    ("input x = 3\nL = 2*x", 3),
    ("a = 2^3 + 1\nL = a*x", 8),  # the nodes of a constant count
    ("L = pi*x", 3),
    ("L = elu(x) + elu(x)", 5),  # what is left out (alpha) is a node, once
    ("L = where(x > 0, x, 1)", 5),
    ("L = sum([x, 1, 2])", 5),
    ("f(p) = p\nL = f(x)", 2),
    ("f(p) = p*p\nL = f(x) + 1", 4),
    ("f(p) = p*p\ng(p) = f(p) + f(p)\nL = g(g(x))", 7),
    ("f(p) = p*p + 1\nu = f(x)\nL = f(u)", 7),
    ("f(p) = p*2\na = f(3)\nL = a*x", 6),
]


@pytest.mark.parametrize(("text", "nodes"), NODES)
def test_the_nodes_of_a_graph(text: str, nodes: int) -> None:
    assert len(build(parse(text), limits=Limits(nodes=nodes))) == nodes
    found = refused(lambda: build(parse(text), limits=Limits(nodes=nodes - 1)))
    assert found.reference == "too-many-nodes"
    assert found.message == f"the graph would have {nodes} nodes or more; the limit is {nodes - 1}"
    assert found.hint.startswith("allow more with --limit nodes=N")


# ---- entries ----

ENTRIES = [
    ("L = sum(x)", {"x": [1, 2, 3]}, 3, "x would have 3 entries; the limit is 2"),
    ("L = sum(x)", {"x": np.ones((2, 3))}, 6, "x would have 6 entries; the limit is 5"),
    ("x = [1, 2, 3]\nL = sum(x)", {}, 3, "this value would have 3 entries; the limit is 2"),
    ("L = sum([[1], [2], [3]]*[1, x])", {"x": 2}, 6, "this value would have 3 x 2 entries; the limit is 5"),
    ("a = [[x], [2]]\nL = sum(a @ [[1, 2, 3]])", {"x": 2}, 6, "this value would have 2 x 3 entries; the limit is 5"),
]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize(("text", "at", "entries", "message"), ENTRIES)
def test_the_entries_of_a_value(text: str, at: dict[str, Any], entries: int, message: str, exact: bool) -> None:
    assert grad(text, at, exact=exact, limits=Limits(entries=entries)).output == "L"
    found = refused(lambda: grad(text, at, exact=exact, limits=Limits(entries=entries - 1)))
    assert (found.reference, found.message) == ("too-many-entries", message)
    assert "--limit entries=N" in found.hint


def test_the_entries_of_a_value_at_many_points(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted at each point: so many points as one likes go through at once."""
    one_by_one: list[str] = []

    def noted(*given: Any, **named: Any) -> Any:
        one_by_one.append("a point")
        return differentiate(*given, **named)

    monkeypatch.setattr(points, "differentiate", noted)
    graph, table = build(parse("y = [[x], [x]]*[1, 2, 3]\nL = sum(y)")), {"x": np.arange(20.0)}
    found = evaluate_many(graph, table, limits=Limits(entries=6))
    assert found.values.tolist() == [12.0 * x for x in range(20)]
    assert one_by_one == []
    told = refused(lambda: evaluate_many(graph, table, limits=Limits(entries=5)))
    assert (told.message, told.note.partition(";")[0]) == ("this value would have 2 x 3 entries; the limit is 5", "at point 1")


def test_the_entries_that_the_second_engine_looks_at() -> None:
    program, slopes = parse("x = [1, 2, 3]\nL = sum(x*x)"), {"x": np.array([2.0, 4.0, 6.0])}
    assert isinstance(second_opinion(program, {}, "L", slopes, False, Limits(entries=3)), Agrees)
    found = second_opinion(program, {}, "L", slopes, False, Limits(entries=2))
    assert isinstance(found, Abstains)
    assert found.reason == "x holds an array of 3 entries; the limit is 2 (--limit entries=N)"


# ---- closed forms ----


def test_the_parts_of_a_closed_constant() -> None:
    """`sin(1)` has two, and so has its derivative."""
    assert grad("L = sin(x)", {"x": 1}, exact=True, limits=Limits(expanded=2)).output == "L"
    found = refused(lambda: grad("L = sin(x)", {"x": 1}, exact=True, limits=Limits(expanded=1)))
    assert found.message == "a closed form would have 2 parts; the limit is 1 (--limit expanded=N)"


def test_the_steps_of_all_closed_constants_together() -> None:
    """A run may take 300 times as many as one of them may have parts; a sine of a number takes 13."""
    sine = exact_arithmetic(Limits(expanded=13)).functions["sin"]
    for number in range(1, 301):
        assert sine(Fraction(number)) is not None
    with pytest.raises(NotExact) as caught:
        sine(Fraction(301))
    assert str(caught.value) == "the closed forms would take 3,901 steps or more; the limit is 3,900 (--limit expanded=N)"


@pytest.mark.parametrize("formula", ["2*sin(u)*x", "3/7/(1 + exp(-2*u))", "tan(u)/3", "exp(-u)", "sigmoid(u)*x"])
def test_nested_closed_constants_are_refused_before_sympy_takes_them_again_and_again(formula: str) -> None:
    """SymPy works out what stands in a function twice, in a function in it four times, and never ends with thirty."""
    lines = "\n".join(f"u{number + 1} = {formula.replace('u', f'u{number}')}" for number in range(30))
    found = refused(lambda: grad(f"u0 = x\n{lines}", {"x": 2}, exact=True))
    assert "(--limit expanded=N)" in found.message


def test_a_closed_constant_has_sixty_digits() -> None:
    """By mpmath part by part, as by SymPy's own way; what rounding leaves of an exact 0 is 0."""
    x = exact_arithmetic(Limits()).functions
    one = Fraction(1)
    forms = [
        x["sin"](x["exp"](Fraction(1, 3))),
        x["multiply"](x["log"](Fraction(7)), x["atan2"](one, Fraction(-3))),
        x["erf"](x["cbrt"](Fraction(5))),
    ]
    for form in forms:
        assert abs(approximation(form).real - form.evalf(80)) < 10**-58
    vanishing = x["subtract"](x["add"](x["power"](x["cos"](one), Fraction(2)), x["power"](x["sin"](one), Fraction(2))), one)
    assert approximation(vanishing) == 0
    assert x["greater"](x["exp"](Fraction(-600)), Fraction(0))


def test_the_bits_of_an_exact_number() -> None:
    """2^9 has ten bits, its denominator one; the power is bounded from above, before it is worked out."""
    assert grad("L = x*512", {"x": 1}, exact=True, limits=Limits(exact_bits=13)).value == 512
    found = refused(lambda: grad("L = x*512", {"x": 1}, exact=True, limits=Limits(exact_bits=12)))
    assert "an exact value could need 13 bits; the limit is 12 (--limit exact-bits=N)" in found.message


def test_formulas_in_the_leaves_are_missed_sooner_than_those_in_the_nodes() -> None:
    program = parse("u = x*x + x\nv = u*u + u\nL = v*v + v")
    both, one = (closed_forms(program, "L", ["x"], Limits(expanded=parts))["x"] for parts in (80, 20))
    assert None not in (both.in_leaves, both.in_nodes, one.in_nodes)
    assert (one.in_leaves, one.reason) == (None, "written out, L would have more than 20 parts")


def test_formulas_of_arrays_are_written_out_up_to_the_limit() -> None:
    """What is far too large is told from the shapes alone."""
    program = parse("x = [1, 2, 3, 4]\nL = sum(x*x)")
    found = {parts: closed_forms(program, "L", ["x"], Limits(expanded=parts))["x"] for parts in (6, 14, 15)}
    assert [parts for parts, form in found.items() if form.in_leaves is not None] == [15]
    assert found[6].reason == "written out, it would have more than 6 parts (--limit expanded=N)"


# ---- time ----


def test_the_time_of_a_line_of_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is judged once more with five times the time; a line that still takes longer is neither right nor wrong."""
    tries: list[float] = []

    def out_of_time(self: Sitting, answer: Answer) -> Any:
        tries.append(self.until)
        raise OutOfTime

    monkeypatch.setattr("backprop_cli.homework.sitting.monotonic", lambda: 100.0)
    monkeypatch.setattr(Sitting, "in_time", out_of_time)
    (found,) = judge(parse("L = x^2"), "dx = 2*x", {"x": 2}).answers
    assert tries == [100.0 + 2, 100.0 + 10]
    assert (found.verdict, found.message) == (Verdict.UNDECIDED, "judging this line took longer than 10 s (--limit seconds=N)")
    judge(parse("L = x^2"), "dx = 2*x", {"x": 2}, limits=Limits(seconds=3.0))
    assert tries[2:] == [100.0 + 3, 100.0 + 15]


def test_the_time_of_a_check(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    tick = statements.deadline(Limits(seconds=3.0))
    clock[0] = 103.0
    tick()
    clock[0] = 103.5
    with pytest.raises(NoOpinion, match=r"the check took longer than 3 s \(--limit seconds=N\)"):
        tick()


# ---- SymPy's process ----


class Asked(Worker):
    """A worker that answers nothing, and counts how often it was asked."""

    times = 0

    def ask(self, *given: Any, **more: Any) -> Lost:
        self.times += 1
        return Lost("no answer")


def test_the_parts_of_what_sympy_is_asked_about_answers() -> None:
    """Exactly a thousand are sent; with one more the question is not even asked."""
    total = [("v", 0), *[("v", 0), ("+", 2)] * 499]  # 999 parts
    worker = Asked()
    assert prove_equal([*total, ("sin", 1)], total, ["real"], worker).why == "no answer"
    assert worker.times == 1
    found = prove_equal([*total, ("sin", 1), ("sin", 1)], total, ["real"], worker)
    assert (found.status, found.why) == ("unknown", "too large: more than 1,000 parts when written out")
    assert worker.times == 1
    assert prove_equal([*total, ("sin", 1), ("sin", 1)], total, ["real"], worker, limits=Limits(expanded=1_001)).why == "no answer"
