"""The graph: operands before users, every name once, shared nodes shared, own functions inlined, and each node knows its words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given

from backprop_cli import Graph, build, differentiate, parse
from backprop_cli.errors import BackpropError, Diagnostic
from backprop_cli.graph.graph import Role
from backprop_cli.lang.parse import read
from backprop_cli.lang.syntax import names_in
from backprop_cli.lang.unparse import unparse
from tests.reference import Reference
from tests.strategies import Sample, programs


def graph_of(text: str) -> Graph:
    return build(parse(text))


def told(text: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(BackpropError) as caught:
        build(read(text))
    return caught.value.diagnostics


def caret(found: Diagnostic) -> tuple[int, str]:
    """The line and the text that a complaint points at."""
    assert found.source
    assert found.span
    return found.source.place(found.span.start)[0], found.source.text[found.span.start : found.span.end]


# ---- the shape of the graph ----


@given(programs())
def test_operands_come_before_users_and_names_stand_for_one_node(sample: Sample) -> None:
    graph = graph_of(sample.text)
    for node in range(len(graph)):
        assert all(0 <= operand < node for operand in graph.operands(node))
        assert (graph.primitive(node) is None) == (graph.operands(node) == ())
    assert len(set(graph.names.values())) == len(graph.names)
    assert graph.output == "L"


@given(programs())
def test_every_node_tells_what_it_computes(sample: Sample) -> None:
    """The expression shown for a node, worked out by Python's parser and mpmath, is the value that the sweep found."""
    graph = graph_of(sample.text)
    found = differentiate(graph, sample.at)
    own = sample.text.partition("\n")[0] + "\n" if sample.text.startswith("own(") else ""
    named = Reference(sample.text).values(sample.at)
    for node in range(len(graph)):
        if not found.record.plan.needed[node]:
            continue
        shown = unparse(graph.node(node).expr)
        theirs = Reference(f"{own}shown = {shown}").values({**named, **sample.at})["shown"]
        assert math.isclose(found.record.values[node], float(theirs), rel_tol=1e-9, abs_tol=1e-9), shown


@given(programs())
def test_every_node_points_at_its_own_words(sample: Sample) -> None:
    """Where no function of one's own stands between, the text at a node's place is the expression that it shows."""
    graph = graph_of(sample.text)
    for node in range(len(graph)):
        seen = graph.node(node)
        said = graph.program.source.text[seen.span.start : seen.span.end]
        if node in graph.inlined and graph.calls(node):
            assert sample.text.index(said) < sample.text.index("\n"), "a node of an inlined function points into its body"
        elif seen.role is Role.APPLIED:
            assert unparse(seen.expr) == unparse(parse(f"y = {said}").statements[0].expr)  # type: ignore[union-attr]
        elif seen.role is Role.LEAF:
            assert said == seen.name
        elif seen.name or node not in graph.first_use:  # an operand that the text leaves out stands nowhere
            assert said == unparse(seen.expr)


def test_a_node_used_twice_stands_there_once() -> None:
    graph = graph_of("u = x*x\nL = u + u")
    x, u, L = (graph.names[name] for name in "xuL")
    assert graph.operands(u) == (x, x)
    assert graph.operands(L) == (u, u)
    assert len(graph) == 3


def test_roles_and_kinds_of_nodes() -> None:
    graph = graph_of("input x = 2\nparam a\nk = 2*pi\nL = x*a + k*y - 3")
    assert {name: graph.roles.get(name, "leaf") for name in graph.leaves} == {"x": "input", "a": "param", "k": "leaf", "y": "leaf"}
    assert graph.node(graph.names["L"]).role is Role.APPLIED
    assert [graph.node(graph.names[name]).role for name in ("x", "k", "pi")] == [Role.LEAF, Role.LEAF, Role.CONSTANT]


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        ("y = pi*x", ["x"]),
        ("pi = 3\ny = pi*x", ["pi", "x"]),
        ("input e\ny = e + pi", ["e"]),
        ("sum = a + b\ny = sum*2", ["a", "b"]),
        ("log = 2\ny = log(log)", ["log"]),
        ("k = sin(pi/2)^2\ny = k", ["k"]),
        ("f(x) = 2*x\nk = f(3)\ny = k*k", ["k"]),
        ("f(x) = a*x\nk = f(3)\ny = k*k", ["a"]),
        ("E = 1; S = 3\ny = E + S + N + lambda + None + __class__", ["E", "S", "N", "lambda", "None", "__class__"]),
    ],
)  # fmt: skip
def test_which_names_are_leaves(text: str, leaves: list[str]) -> None:
    assert list(graph_of(text).leaves) == leaves


def test_constants_given_from_outside_are_leaves() -> None:
    assert list(build(parse("y = pi*x"), given=["pi"]).leaves) == ["pi", "x"]


@pytest.mark.parametrize(
    ("text", "output"),
    [("a = 1\nb = 2", "b"), ("L = x\nf(p) = p", "L"), ("L = 2*y\ninput x = 1", "x"), ("L = 2*y\ninput x", "L"), ("input x, y", "x")],
)
def test_the_output_is_what_was_assigned_last(text: str, output: str) -> None:
    assert graph_of(text).output == output


# ---- functions of one's own ----


def test_functions_are_inlined_with_their_arguments_written_in() -> None:
    graph = graph_of("f(p) = p^2 + k\ng(p, q) = f(p - q)*p\nL = g(2*x, y)")
    shown = [unparse(graph.node(node).expr) for node in range(len(graph)) if graph.primitive(node)]
    assert shown == ["2*x", "2*x - y", "(2*x - y)^2", "(2*x - y)^2 + k", "f(2*x - y)*(2*x)"]


def test_a_node_of_an_inlined_function_knows_its_calls_the_innermost_first() -> None:
    graph = graph_of("f(p) = log(p)\ng(q) = f(q) + 1\nL = g(x)*2")
    (node,) = [n for n in range(len(graph)) if (row := graph.primitive(n)) and row.head == "log"]
    assert [unparse(call) for call in graph.calls(node)] == ["f(q)", "g(x)"]
    span = graph.span(node)
    assert graph.program.source.text[span.start : span.end] == "log(p)"


def test_arguments_are_worked_out_once_however_often_the_body_uses_them() -> None:
    graph = graph_of("f(p) = p*p*p\nL = f(exp(x))")
    assert [row.head for n in range(len(graph)) if (row := graph.primitive(n))] == ["exp", "*", "*"]


def test_an_own_function_may_replace_a_built_in_one() -> None:
    assert differentiate(graph_of("sigmoid(x) = 2*x\nL = sigmoid(3)")).value == 6
    assert differentiate(graph_of("σ(x) = 3*x\nL = σ(3) + sigmoid(1)")).value == 12


def test_a_parameter_hides_a_variable_of_the_same_name() -> None:
    found = differentiate(graph_of("x = 5\nf(x) = x + y\nL = f(2)*x"), {"y": 1})
    assert found.value == 15
    assert found.gradients == {"x": 3.0, "y": 5.0}


def test_bodies_use_names_assigned_above_and_derivatives_flow_through_them() -> None:
    found = differentiate(graph_of("a = 3\nu = a^2\nf(p) = p*u\nL = f(2)"), wrt=["a"])
    assert (found.value, found.gradients) == (18.0, {"a": 12.0})


# ---- section 7: mistakes of names and functions ----

MISTAKES = [
    ("L = z + 1\nz = 2", "used-before-assignment", (1, "z"), "move line 2 above"),
    ("L = L + 1", "used-before-assignment", (1, "L"), "another name"),
    ("e = e + 1", "used-before-assignment", (1, "e"), "another name"),
    ("L = pi\npi = 3", "used-before-assignment", (1, "pi"), "move line 2 above"),
    ("L = f(2)\nf(x) = x", "used-before-assignment", (1, "f(2)"), "move line 2 above"),
    ("f(x) = x*k\nk = 2\nL = f(1)", "used-before-assignment", (1, "k"), "move line 2 above"),
    ("f(x) = g(x)\ng(x) = f(x)\nL = f(1)", "used-before-assignment", (1, "g(x)"), "move line 2 above"),
    ("x = 1\n\nx = 2", "name-assigned-twice", (3, "x"), "line 1"),
    ("input x = 2\nx = 3", "name-assigned-twice", (2, "x"), "line 1"),
    ("input x, y, x\nL = x", "name-assigned-twice", (1, "x"), "line 1"),
    ("f(x) = x\nf(y) = y\nL = f(1)", "name-assigned-twice", (2, "f"), "line 1"),
    ("f(x, x) = x\nL = 1", "name-assigned-twice", (1, "f"), "different names"),
    ("L = sigmod(x)", "unknown-function", (1, "sigmod"), "sigmoid"),
    ("L = lg(x)", "unknown-function", (1, "lg"), "log10(x) or log2(x)"),
    ("error(x) = x\nL = 1 + eror(x)", "unknown-function", (2, "eror"), "error"),
    ("a = 2\nL = a(x + 1)", "unknown-function", (2, "a"), "a*(...)"),
    ("L = qqq(x)", "unknown-function", (1, "qqq"), "qqq(x) = ..."),
    ("L = log(x, 2)", "wrong-number-of-arguments", (1, "log(x, 2)"), "log(x)"),
    ("L = 1 + atan2(x)", "wrong-number-of-arguments", (1, "atan2(x)"), "atan2("),
    ("L = leaky_relu(x, 0.1, slope=1)", "wrong-number-of-arguments", (1, "1"), "leave one out"),
    ("f(x) = x\nL = f(1, 2)", "wrong-number-of-arguments", (2, "f(1, 2)"), "f(x)"),
    ("f(x, y) = x\ng(x) = 2*f(x)\nL = g(1)", "wrong-number-of-arguments", (2, "f(x)"), "f(x, y)"),
    ("L = max(" + ", ".join("x" * 65) + ")", "wrong-number-of-arguments", (1, "max(" + ", ".join("x" * 65) + ")"), "nest it"),
    ("L = leaky_relu(x, alpha=1)", "unknown-keyword", (1, "1"), "slope"),
    ("f(x) = x\nL = f(x=1)", "unknown-keyword", (2, "f(x=1)"), "by position"),
    ("f(x) = 2*f(x - 1)\nL = f(3)", "recursion", (1, "f"), "write the steps out"),
    ("input x = 2*a\nL = x", "value-not-constant", (1, "a"), "without input"),
    ("param a = 2\nparam k = a\nL = k", "value-not-constant", (2, "a"), "without param"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reference", "place", "fix"), MISTAKES, ids=[each[0][:40] for each in MISTAKES])
def test_a_mistake_is_named_and_placed_and_mended(text: str, reference: str, place: tuple[int, str], fix: str) -> None:
    (found,) = told(text)
    assert found.reference == reference
    assert caret(found) == place
    assert fix in found.hint


@pytest.mark.parametrize("text", ["", "# nothing\n", ";;", "f(x) = x"])
def test_a_program_without_assignments_is_empty(text: str) -> None:
    (found,) = told(text)
    assert found.reference == "empty-program"
    assert "L = " in found.hint


def test_all_mistakes_are_told_in_the_order_of_the_text() -> None:
    found = told("a = sigmod(1)\nb = 2x\nc = log(1, 2)\nd = d\nx = 1\nx = 2\nL = 3 +")
    assert [(d.reference, caret(d)[0]) for d in found] == [
        ("unknown-function", 1),
        ("missing-operator", 2),
        ("wrong-number-of-arguments", 3),
        ("used-before-assignment", 4),
        ("name-assigned-twice", 6),
        ("missing-operand", 7),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "u = 2x\nv = u*u\nL = v + u",
        "u = sigmod(x)\nv = u + 1\nL = exp(v)*u",
        "f(x) = 2x\nL = f(1) + f(2)\nM = L + f(3, 4)",
        "f(x) = nope(x)\ng(x) = f(x) + 1\nL = g(2)",
        "u = u\nv = u\nL = v",
    ],
)
def test_a_mistake_is_not_told_again_where_its_name_is_used(text: str) -> None:
    assert len(told(text)) == 1


def test_at_most_ten_mistakes_are_told() -> None:
    with pytest.raises(BackpropError) as caught:
        build(read("\n".join(f"a{i} = nope{i}(1)" for i in range(30))))
    assert len(caught.value.diagnostics) == 10
    assert caught.value.found == 30


# ---- names as values, whatever they mean elsewhere ----


@pytest.mark.parametrize("name", ["E", "I", "S", "N", "Q", "O", "T", "d", "dL", "beta", "gamma", "zeta", "lambda", "class", "None",
                                  "oo", "Symbol", "__class__", "grad", "diff", "sum", "exp", "if", "v0", "math", "θ₁", "名"])  # fmt: skip
def test_words_of_python_and_sympy_are_ordinary_variables(name: str) -> None:
    found = differentiate(graph_of(f"L = {name}^2 + log({name})"), {name: 2.0})
    assert found.value == 4 + math.log(2)
    assert found.gradients == {name: 4.5}
    assert list(names_in(graph_of(f"L = 2*{name}").expr(2))) == [name]


def test_building_is_quick_to_refuse_what_would_be_too_large() -> None:
    """Thirty functions that each call the one before twice ask for 2^31 nodes; were they made, this test would not end."""
    doubling = "f0(x) = x*x\n" + "".join(f"f{n}(x) = f{n - 1}(x) + f{n - 1}(x)\n" for n in range(1, 31)) + "L = f30(2)"
    (found,) = told(doubling)
    assert found.reference == "too-many-nodes"
    assert "2,000,000" in found.message


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ("x=2; L=expp(x)+foo(x)", 7, "did you mean exp?"),
        ("x=2; L=sin(x)*(foo(x)+expp(x))", 15, "to multiply write  foo*(...)"),
        ("f(u)=u*2; L=foo(f(x))+f(x)", 12, "to multiply write  foo*(...)"),
        ("g(u)=u; L=gg(x)", 10, "did you mean g?"),
        # The second statement of a shape, with longer names, points into itself.
        ("y=sin(x)+foo(x)\nlonger = sin(alpha)+foo(alpha)", 9, "to multiply write  foo*(...)"),
        ("x=2; x2=x*foo(x)+sqr(x)", 10, "to multiply write  foo*(...)"),
    ],
)
def test_of_several_misused_functions_the_leftmost_is_told(text: str, place: int, hint: str) -> None:
    with pytest.raises(BackpropError) as refused:
        build(parse(text))
    first = refused.value.diagnostics[0]
    assert first.span is not None
    assert (first.reference, first.span.start) == ("unknown-function", place)
    assert first.hint.startswith(hint)


def test_what_was_meant_is_looked_for_in_the_first_complaints_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("backprop_cli.graph.layout.nearest", lambda name, known: asked.append(name))
    with pytest.raises(BackpropError):
        build(parse("x = 2\n" + "".join(f"a{each} = foo{each}(x) + bar{each}(x)\n" for each in range(100))))
    assert asked == [f"foo{each}" for each in range(20)]
