"""The second opinion: it agrees where we are right, disagrees where we are wrong, abstains where nothing can be said, and stands alone."""

from __future__ import annotations

import math
import random
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from backprop_cli.autodiff.differentiate import differentiate
from backprop_cli.calculus.algebra import from_sympy, to_sympy
from backprop_cli.calculus.primitive import Primitive
from backprop_cli.calculus.table import ROWS
from backprop_cli.graph.build import build
from backprop_cli.lang.parse import parse, parse_expression
from backprop_cli.lang.syntax import Name
from backprop_cli.lang.unparse import unparse
from backprop_cli.limits import OWN, Limits
from backprop_cli.oracles import Abstains, Agrees, Disagrees, Opinion, closed_forms, second_opinion, textbook
from backprop_cli.oracles.derived import Differentiated
from backprop_cli.oracles.pieces import DIFFERENT, Planner
from backprop_cli.oracles.scope import Scope
from backprop_cli.oracles.statements import METHOD as STATEMENTS
from backprop_cli.oracles.symbolic import METHOD as SYMBOLIC
from backprop_cli.oracles.tape import lay

WRITTEN_OUT, BY_STATEMENTS = OWN, Limits(expanded=1)
BOTH = pytest.mark.parametrize("limits", [WRITTEN_OUT, BY_STATEMENTS], ids=["symbolic", "statements"])
CHAIN = "input x = 2, y = 2\nparam a = 3, b = 1\nu = x*a; v = log(u); w = v + b; t = 1/w; z = y - t; L = z^2\n"


def judge(text: str, at: Mapping[str, Any] | None = None, wrt: Sequence[str] | None = None, limits: Limits = OWN) -> Opinion:
    """Our own gradients of a text, and what the second engine says of them."""
    program, at = parse(text), at or {}
    found = differentiate(build(program, at.keys()), at, None, wrt)
    return second_opinion(program, at, found.output, found.gradients, found.kinked, limits)


def told(text: str, output: str = "L", limits: Limits = OWN, **gradients: float) -> Opinion:
    """What the second engine says of gradients that somebody made up."""
    return second_opinion(parse(text), {}, output, gradients, False, limits)


# ---- agreement ----


def spelled(row: Primitive, names: Sequence[str]) -> str:
    if row.head in ("<", "<=", ">", ">=", "==", "!="):
        return f"where({names[0]} {row.head} {names[1]}, 2*{names[0]}, 3*{names[1]})"
    if row.head == "u-":
        return f"-{names[0]}"
    return f"{row.head}({', '.join(names)})" if row.head.isidentifier() else f" {row.head} ".join(names)


@BOTH
@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.code is None and row.head != "="], ids=lambda row: row.head)
def test_every_scalar_row_agrees_at_generic_points(row: Primitive, limits: Limits) -> None:
    point = random.Random(row.head)
    names = [f"q{i}" for i in range(len(row.operands))]
    for _ in range(3):
        leaves = "\n".join(f"{name} = {point.uniform(*range_)!r}" for name, range_ in zip(names, row.samples, strict=True))
        opinion = judge(f"{leaves}\nL = ({spelled(row, names)})*1.5 + q0/4", limits=limits)
        assert isinstance(opinion, Agrees), opinion
        assert not opinion.notes
        assert opinion.gap < 1e-12


SEEDS = {
    "S0.3": CHAIN,
    "S0.7": "x = 2; a = 1/2; b = 2; y = 1; u = x*a; v = log(u); w = v + b; t = 1/w; z = y - t; L = z^2",
    "S3.3": "x = 1; y = 1; w0 = 0; w1 = 0; a = -w0 - w1*x; b = exp(a); c = 1/(1 + b); d = y*log(c)",
    "S3.5": "w0 = 0; w1 = 0.5\nf(x) = 1/(1 + exp(-w0 - w1*x))\nL = -(log(1 - f(0)) + log(1 - f(1)) + log(f(2)) + log(f(3)))/4",
    "S3.6": "w0 = 1; w1 = 2; w2 = 1; E = w0 + 3*w1^2 + 5*w2^3",
    "micrograd": "a = -4.0; b = 2.0; c = a + b; d = a*b + b^3; c1 = c + c + 1; c2 = c1 + 1 + c1 - a; d1 = d + d*2 + relu(b + a)\n"
    "d2 = d1 + 3*d1 + relu(b - a); e1 = c2 - d2; f = e1^2; g = f/2.0; g1 = g + 10.0/f",
    "doubling": "a = 1; b = a + a; c = b + b",
    "(x+y)z": "x = -2; y = 5; z = -4; f = (x + y)*z",
    "neuron": "w0 = 2; w1 = -3; w2 = -3; x0 = -1; x1 = -2; f = sigmoid(w0*x0 + w1*x1 + w2)",
    "two modes": "x1 = 2; x2 = 5; f = ln(x1) + x1*x2 - sin(x2)",
    "(a+b)(b+1)": "a = 2; b = 1; f = (a + b)*(b + 1)",
    "exp": "x = 1; y = 2; f = x*y + exp(x*y)",
}


@BOTH
@pytest.mark.parametrize("name", SEEDS)
def test_the_lectures_graphs_agree(name: str, limits: Limits) -> None:
    opinion = judge(SEEDS[name], limits=limits)
    assert isinstance(opinion, Agrees), opinion
    assert opinion.method == (SYMBOLIC if limits is WRITTEN_OUT else STATEMENTS)


@BOTH
def test_computed_nodes_and_the_output_itself_are_checked_too(limits: Limits) -> None:
    assert isinstance(judge(CHAIN + "unused = x", wrt=["u", "v", "w", "t", "z", "a"], limits=limits), Agrees | Disagrees)
    assert isinstance(told(CHAIN, limits=limits, z=3.2836059044323695, L=1.0, nothing=0.0), Agrees)
    assert isinstance(told(CHAIN, limits=limits, z=3.2836059044323695, L=1.01), Disagrees)


@BOTH
def test_random_programs_agree(limits: Limits) -> None:
    hypothesis = pytest.importorskip("hypothesis")
    from strategies import Sample, programs

    @hypothesis.given(programs())
    def check(sample: Sample) -> None:
        at = {name: value for name, value in sample.at.items() if name in build(parse(sample.text), ()).leaves}
        opinion = judge(sample.text, at, limits=limits)
        assert isinstance(opinion, Agrees) or (isinstance(opinion, Abstains) and "kink" in opinion.reason), opinion

    check()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("pi = 3; x = 1; L = sin(pi*x)*e", {}),
        ("x = 1; L = e^x", {"e": 2.5}),
        ("L = sin(x)*y", {"x": parse_expression("pi/3"), "y": 2}),
        ("x = 2; y = x; z = y; L = z*y", {}),
        ("x = 2\ng(y) = y*x\nf(x) = g(x) + x\nz = 5\nL = f(z)", {}),
        ("x = 2\ny = silu(x)\nsigmoid(x) = 1/(1 + exp(-3*x))\nL = sigmoid(x)*y", {}),
        ("f(x) = x; x = 3; L = f(x)*f(2)", {}),
        ("x = -3; n = 2; L = x^n + 0*n", {}),
        ("E = 1; I = 2; S = 3; None = 4; lambda = .5; __class__ = 2; oo = 1; L = E*I^S + None*lambda*__class__ - oo", {}),
        ("x = -1; a = log(x); L = where(x > 0, a, x^2)", {}),
        ("y = 1; w = 0.3; f = sigmoid(w); L = where(y == 1, -log(f), -log(1 - f))", {}),
        ("x = 2; c = 0; L = relu(c)*x + abs(c) + x", {}),
        ("ŷ = 2; θ₁ = 3; L = ŷ·θ₁² + √(ŷ)", {}),
        ("x = 300; L = softplus(x) + logsigmoid(x) + tanh(x) + sigmoid(-x) + log(1 + exp(x))", {}),
        ("x = -800; L = softplus(x) + logsigmoid(x) + tanh(x) + sigmoid(x)", {}),
        ("x = 0; L = x^2 + cbrt(x + 8) + cbrt(x - 8)", {}),
    ],
)
def test_names_functions_and_branches_mean_what_the_language_says(text: str, at: dict[str, Any]) -> None:
    wrt = ["x"] if "n = 2" in text else ["w"] if "y == 1" in text else ["x"] if "c = 0" in text else None
    for limits in (WRITTEN_OUT, BY_STATEMENTS):
        opinion = judge(text, at, wrt, limits)
        assert isinstance(opinion, Agrees), opinion
        assert not opinion.notes


# ---- disagreement ----


@BOTH
def test_a_wrong_number_disagrees_and_both_numbers_are_named(limits: Limits) -> None:
    opinion = told(CHAIN, limits=limits, a=0.15, b=0.4213034661536949, x=0.21065173307684745 * (1 + 1e-6))
    assert isinstance(opinion, Disagrees)
    assert [name for name, _, _ in opinion.pairs] == ["a", "x"]
    assert opinion.pairs[0][1] == 0.15
    assert opinion.pairs[0][2] == pytest.approx(0.1404344887178983)
    assert opinion.gap == pytest.approx(0.15 / 0.1404344887178983 - 1)
    assert "dL/da is 0.15 for us and 0.14043" in opinion.detail


@pytest.mark.parametrize("slip", [1e-8, -1e-6, 1e-3])
def test_small_slips_are_seen(slip: float) -> None:
    assert isinstance(told("x = 2; L = x^2", x=4 * (1 + slip)), Disagrees)
    assert isinstance(told("x = 2; L = x^2", x=4 * (1 + 1e-12)), Agrees)


# ---- what float64 lost ----


def test_saturation_is_a_note_and_no_disagreement() -> None:
    for text in ("x = 40; L = log(sigmoid(x))", "x = 40; y = sigmoid(x); L = log(y)"):
        opinion = told(text, x=0.0)
        assert isinstance(opinion, Agrees), opinion
        (note,) = opinion.notes
        assert "logsigmoid(x)" in note.message
        assert "4.24835e-18" in note.message
        assert note.span is not None
        assert isinstance(told(text, x=1e-10), Disagrees)
    assert not getattr(told("x = 40; L = log(sigmoid(x))", x=math.exp(-40)), "notes", None)


def test_cancellation_is_a_note_and_a_wrong_number_in_it_still_wrong() -> None:
    text = "x = 1e-9; L = (1 - cos(x))/x^2"
    noted = told(text, x=0.3)
    assert isinstance(noted, Agrees)
    assert noted.notes
    assert isinstance(told(text, x=1e15), Disagrees)
    exact = told("x = 0.3; L = sin(x)^2 + cos(x)^2", x=1e-17)
    assert isinstance(exact, Agrees)
    assert not exact.notes


# ---- abstention ----


@BOTH
@pytest.mark.parametrize(
    "right",
    [
        *("relu(x - 2)", "abs(2 - x)", "maximum(x, 2)", "minimum(x*x, 4)", "max(x, 2, 1)", "floor(x)", "ceil(x)", "round(x + 1/2)"),
        *("sign(x - 2)", "mod(x, 1)", "clip(x, 0, 2)", "where(x > 2, 1, x)", "where(x == 2, x, 1)", "leaky_relu(x - 2)"),
        "elu(x - 2, alpha=0.5)",
    ],
)
def test_corners_abstain(right: str, limits: Limits) -> None:
    opinion = told(f"x = 2; L = ({right})*3", limits=limits, x=0.5)
    assert isinstance(opinion, Abstains)
    assert opinion.reason.startswith("kink")


def test_a_convention_of_ours_abstains_without_work() -> None:
    assert isinstance(judge("x = 0; L = relu(x)"), Abstains)


def test_a_corner_that_float64_cannot_tell_from_the_point_abstains() -> None:
    for ours in (0.0, 0.6123724356957945):
        opinion = told("x = 2; y = 3; L = relu(x^0.5*y^0.5 - 6^0.5)", x=ours)
        assert isinstance(opinion, Agrees) or (isinstance(opinion, Abstains) and opinion.reason.startswith(("kink", "rounding"))), opinion


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = -1; L = x + log(x)", "real"),
        ("x = 0; L = 1/x", "pole"),
        ("x = -8; L = x^(1/3)", "real"),
        ("x = 1; L = x*q", "q has no value"),
    ],
)
def test_what_cannot_be_checked_is_said(text: str, reason: str) -> None:
    opinion = told(text, x=1.0)
    assert isinstance(opinion, Abstains)
    assert reason in opinion.reason


HOSTILE = {
    "tower": "x = 1; L = x*9^9^9^9",
    "tower in a leaf": "k = 9^9^9^9; x = 1; L = x*k",
    "2^(10^9)": "x = 1; L = x*2^(10^9)",
    "2^(x + 10^9)": "x = 0.5; L = 2^(x + 1000000000)",
    "(2x)^1e300": "x = 0.5; L = (2*x)^1e300",
    "powers of powers": "x = 1; L = x*((((((2^60)^60)^60)^60)^60)^60)^60",
    "powers through nodes": "x = 1; a = 2*x; b = a^60; c = b^60; d = c^60; L = d^60",
    "gelu to a power": "x = 1; L = gelu(x)^1000000000",
    "exp of logs": "x = 0.5; L = exp(1000000000*log(2*x))",
    "exponentials": "x = 0.5; L = exp(exp(exp(exp(exp(exp(x))))))",
    "squares": "x = 1.5; u0 = x\n" + "\n".join(f"u{i + 1} = u{i}*u{i}" for i in range(40)) + "\nL = u40",
    "sin(u)*u": "x = 0.5; u0 = x\n" + "\n".join(f"u{i + 1} = sin(u{i})*u{i}" for i in range(40)) + "\nL = u40",
    "doubling functions": "f0(x) = x/2\n" + "\n".join(f"f{i}(x) = f{i - 1}(x) + f{i - 1}(x)" for i in range(1, 30)) + "\nx = 1; L = f29(x)",
    "large trigonometry": "x = 1e300; L = sin(x^1000)",
    "nested branches": "x = 1; y = 2; L = " + "where(x > 0, " * 30 + "x*y" + ", y)" * 30,
    "absolute values": "x = 1; y = 2.5; L = " + "abs(x - abs(y - " * 12 + "x" + "))" * 12,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_numbers_end_at_once(name: str) -> None:
    begun = time.monotonic()
    program = parse(HOSTILE[name])
    opinion = second_opinion(program, {}, "L", {"x": 1.0}, False)
    assert isinstance(opinion, Agrees | Disagrees | Abstains)
    closed_forms(program, "L", ["x"])
    assert time.monotonic() - begun < 60  # without limits it would be hours


# ---- size ----


def laid(text: str) -> tuple[int, int]:
    """How many steps a text takes, and how many different pieces SymPy differentiates for it."""
    program = parse(text)
    planner = Planner(Scope(program, {}))
    tape = lay(planner.scope, planner, build(program).output, ["x"])
    return len(tape.steps), len(planner.pieces)


@pytest.mark.parametrize(
    "make",
    [
        lambda n: "x = 0.5; u0 = x\n" + "\n".join(f"u{i + 1} = sin(u{i})*0.9 + {i}.25/{i + 3}" for i in range(n)),
        lambda n: "x = 0.5; L = " + "sin(" * n + "x" + ")" * n,
        lambda n: "f0(x) = sin(x)\n" + "\n".join(f"f{i}(x) = f{i - 1}(x) + x/{i}" for i in range(1, n)) + f"\nx = 1; L = f{n - 1}(x)",
    ],
    ids=["statements", "parentheses", "functions"],
)
def test_work_grows_linearly_and_shapes_are_shared(make: Any) -> None:
    (few, pieces), (many, more) = laid(make(200)), laid(make(800))
    assert many <= 4.2 * few
    assert more <= pieces + 2 < 20


def test_too_many_shapes_are_cut_to_single_operations() -> None:
    picked = random.Random(5)
    rights = ["*".join(picked.choice(["sin(x)", "exp(x)", "x", "1.5", "tanh(x)", "log(x)"]) for _ in range(6)) for _ in range(600)]
    text = "x = 0.5\n" + "\n".join(f"v{i} = {right}" for i, right in enumerate(rights)) + "\nL = " + " + ".join(f"v{i}" for i in range(600))
    steps, pieces = laid(text)
    assert pieces < DIFFERENT + 30
    assert steps < 600 * 14


def test_deep_and_wide_statements_agree() -> None:
    assert isinstance(judge("x = 0.5; L = " + "sin(" * 3000 + "x" + ")" * 3000), Agrees)
    assert isinstance(judge("x = 0.5; L = " + "+".join(f"{i}*x^2" for i in range(300))), Agrees)


def test_the_deadline_abstains() -> None:
    text = "x = 0.5; u0 = x\n" + "\n".join(f"u{i + 1} = sin(u{i})" for i in range(600)) + "\nL = u600"
    opinion = told(text, x=0.0, limits=Limits(seconds=0))
    assert isinstance(opinion, Abstains)
    assert "longer than 0 s" in opinion.reason


# ---- independence ----


@BOTH
def test_opinions_do_not_move_when_every_derivative_is_nonsense(limits: Limits, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*SEEDS.values(), "x = 0.4; L = gelu(x)*softplus(x) + hypot(x, 3)/elu(x - 1) + mod(x, 3)*atan2(x, 2) + clip(x, -1, 1)"]
    problems: list[tuple[Any, str, dict[str, Any]]] = []
    for text in texts:
        program = parse(text)
        found = differentiate(build(program))
        problems.append((program, found.output, dict(found.gradients)))
    before = [second_opinion(*problem[:1], {}, *problem[1:], False, limits) for problem in problems]
    assert all(isinstance(opinion, Agrees) for opinion in before)
    for head, row in list(ROWS.items()):
        nonsense = tuple("17" for _ in row.local)
        monkeypatch.setitem(ROWS, head, replace(row, local=nonsense, computed=nonsense, forward="17", rule="?", code=row.code))
    for cached in (textbook.meaning, textbook._body):
        cached.cache_clear()
    try:
        assert [second_opinion(*problem[:1], {}, *problem[1:], False, limits) for problem in problems] == before
    finally:
        for cached in (textbook.meaning, textbook._body):
            cached.cache_clear()


def test_a_wrong_textbook_definition_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ROWS, "silu", replace(ROWS["silu"], textbook="x/(1 + exp(-2*x))"))
    textbook.meaning.cache_clear()
    try:
        assert isinstance(judge("x = 0.4; L = silu(x)"), Disagrees)
    finally:
        textbook.meaning.cache_clear()


# ---- closed forms ----


def formulas(text: str, output: str, *wrt: str) -> dict[str, tuple[str, str]]:
    forms = closed_forms(parse(text), output, wrt)
    return {name: tuple("" if tree is None else unparse(tree) for tree in (form.in_leaves, form.in_nodes)) for name, form in forms.items()}  # type: ignore[misc]


def test_the_lecture_s_closed_forms() -> None:
    assert formulas(CHAIN, "L", "a", "b", "x", "y", "u", "L", "q") == {
        "a": ("2*(y - 1/(b + log(a*x)))/(a*(b + log(a*x))^2)", "2*z/(a*w^2)"),
        "b": ("2*(y - 1/(b + log(a*x)))/(b + log(a*x))^2", "2*z/w^2"),
        "x": ("2*(y - 1/(b + log(a*x)))/(x*(b + log(a*x))^2)", "2*z/(x*w^2)"),
        "y": ("2*(y - 1/(b + log(a*x)))", "2*z"),
        "u": ("2*(y - 1/(b + log(u)))/(u*(b + log(u))^2)", "2*z/(u*w^2)"),
        "L": ("1", "1"),
        "q": ("0", "0"),
    }
    assert formulas(SEEDS["S3.6"], "E", "w0", "w1", "w2") == {"w0": ("1", "1"), "w1": ("6*w1", "6*w1"), "w2": ("15*w2^2", "15*w2^2")}
    assert formulas("x = 2; n = 3; L = x^n", "L", "x")["x"][1] == "n*x^(n - 1)"
    assert formulas("pi = 3; x = 1; L = acos(-1)*x*pi", "L", "pi")["pi"][0] == "x*acos(-1)"


def test_past_the_limits_a_form_is_missing_and_the_reason_is_given() -> None:
    form = closed_forms(parse(HOSTILE["sin(u)*u"]), "L", ["x"])["x"]
    assert form.in_leaves is None
    assert form.in_nodes is not None
    assert "more than 1,000 parts" in form.reason


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.code is None and row.head != "="], ids=lambda row: row.head)
def test_closed_forms_of_every_row_have_the_gradient_s_value(row: Primitive) -> None:
    point = random.Random(row.head)
    names = [f"q{i}" for i in range(len(row.operands))]
    leaves = "\n".join(f"{name} = {point.uniform(*range_)!r}" for name, range_ in zip(names, row.samples, strict=True))
    same_values(f"{leaves}\nr = {spelled(row, names)}\nL = r*r + q0/4", {})


def same_values(text: str, at: dict[str, float]) -> None:
    program = parse(text)
    found = differentiate(build(program, at.keys()), at)
    if found.kinked:
        return  # a form holds where the derivative exists
    for name, form in closed_forms(program, found.output, tuple(found.gradients), given=tuple(at)).items():
        for tree in (form.in_leaves, form.in_nodes):
            if tree is None:
                assert form.reason
                continue
            longer = parse(f"{text}\nclosed = {unparse(tree)}")
            value = differentiate(build(longer, at.keys()), at, "closed", [name]).value
            assert value == pytest.approx(found.gradients[name], rel=1e-9, abs=1e-9), (name, unparse(tree))


def test_closed_forms_of_random_programs_have_the_gradient_s_value() -> None:
    hypothesis = pytest.importorskip("hypothesis")
    from strategies import Sample, programs

    @hypothesis.given(programs(statements=4))
    @hypothesis.settings(max_examples=40)
    def check(sample: Sample) -> None:
        at = {name: value for name, value in sample.at.items() if name in build(parse(sample.text), ()).leaves}
        same_values(sample.text, at)

    check()


# ---- trees and SymPy ----


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("-t + y", "y - t"),
        ("y - 2*t/3", "y - 2*t/3"),
        ("z/w^2/a*2", "2*z/(a*w^2)"),
        ("x^0.5", "sqrt(x)"),
        ("x^-1.5", "1/x^(3/2)"),
        ("1/w/w", "1/w^2"),
        ("-x - y", "-x - y"),
        ("-(x + y)*z/2", "-z*(x + y)/2"),
        ("1 + exp(-x)", "1 + exp(-x)"),
        ("2*(2 - 1/(1 + log(6)))/3", "2*(2 - 1/(1 + log(6)))/3"),
        ("-(2*x)", "-2*x"),
        ("(-2)^3*x", "-8*x"),
        ("(-1)^x", "(-1)^x"),
        ("2*pi*e*x", "2*e*pi*x"),
        ("where(x > y, x, 0)*2", "2*where(x > y, x, 0)"),
        ("maximum(x, minimum(y, 1/2))", "maximum(x, minimum(y, 1/2))"),
    ],
)
def test_sympy_s_objects_are_written_as_people_write(text: str, back: str) -> None:
    import sympy

    tree = parse_expression(text)
    symbols = {name: sympy.Symbol(f"v{i}", real=True) for i, name in enumerate("atwxyz")}
    assert unparse(from_sympy(to_sympy(tree, symbols), {symbol: Name(name) for name, symbol in symbols.items()})) == back


def test_pieces_are_differentiated_once() -> None:
    program = parse("x = 1\n" + "\n".join(f"v{i} = x*{i}.5 + sin(x)" for i in range(40)))
    planner = Planner(Scope(program, {}))
    tape = lay(planner.scope, planner, "v39", ["x"])
    differentiated = Differentiated()
    assert len({id(differentiated.of(step.piece)) for step in tape.steps}) == len({step.piece.number for step in tape.steps})


def test_no_text_of_the_user_s_reaches_sympy() -> None:
    # Symbols are numbered: a name such as `__class__` or `Symbol` never becomes one of SymPy's.
    forms = closed_forms(parse("Symbol = 2; __class__ = 3; L = Symbol^2*__class__"), "L", ["Symbol"])
    assert forms["Symbol"].in_leaves is not None
    assert re.fullmatch(r"2\*(Symbol\*__class__|__class__\*Symbol)", unparse(forms["Symbol"].in_leaves))


@BOTH
@pytest.mark.parametrize(
    "text",
    ["x = 2; L = where(x > 5, erf(asin(x)), x^2)", "x = 2; L = where(x < 5, x^2, erfc(acosh(x - 2)*1.5))"],
)
def test_a_branch_without_a_real_value_is_passed_over(text: str, limits: Limits) -> None:
    assert isinstance(judge(text, limits=limits), Agrees)
