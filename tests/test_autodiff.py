"""One forward sweep, one reverse sweep: right values, one convention where no derivative exists, and words where nothing exists."""

from __future__ import annotations

import math
import re
from collections import Counter
from fractions import Fraction
from typing import ClassVar

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backprop_cli import Gradients, build, differentiate, grad, parse
from backprop_cli.autodiff.faults import Faults
from backprop_cli.autodiff.interpret import Interpreter
from backprop_cli.autodiff.loops import Loops
from backprop_cli.calculus.arithmetic import FLOAT
from backprop_cli.calculus.formula import Rules
from backprop_cli.errors import BackpropError, Diagnostic
from tests.reference import Reference
from tests.strategies import Sample, programs


def told(text: str, **options: object) -> Diagnostic:
    with pytest.raises(BackpropError) as caught:
        grad(text, **options)  # type: ignore[arg-type]
    (found,) = caught.value.diagnostics
    return found


def caret(found: Diagnostic) -> str:
    assert found.source
    assert found.span
    return found.source.text[found.span.start : found.span.end]


# ---- gradients are right ----


@given(programs())
def test_gradients_are_central_differences(sample: Sample) -> None:
    """Of the same text, read by Python's parser and worked out by mpmath to fifty digits."""
    found = grad(sample.text, sample.at)
    assume(not found.kinked)
    reference = Reference(sample.text)
    assert math.isclose(found.value, float(reference.values(sample.at)["L"]), rel_tol=1e-9, abs_tol=1e-9)
    for name, ours in found.gradients.items():
        assert math.isclose(ours, float(reference.slope("L", name, sample.at)), rel_tol=1e-8, abs_tol=1e-8), name


@given(programs(), st.data())
def test_the_adjoint_of_a_computed_node_is_its_gradient(sample: Sample, data: st.DataObject) -> None:
    """Cutting the program at a node and making the node a leaf gives the same number."""
    names = re.findall(r"^(v\d+) = ", sample.text, re.M)
    cut = data.draw(st.sampled_from(names))
    whole = grad(sample.text, sample.at, wrt=[cut])
    value = whole.record.values[whole.record.plan.graph.names[cut]]
    below = re.sub(rf"^{cut} = .*$", f"input {cut} = {value!r}", sample.text, flags=re.M)
    used = {name: x for name, x in sample.at.items() if re.search(rf"\b{name}\b", below)}
    assert math.isclose(whole.gradients[cut], grad(below, used, wrt=[cut]).gradients[cut], rel_tol=1e-12, abs_tol=1e-15)


@given(programs())
def test_the_fast_loops_and_the_interpreter_agree(sample: Sample) -> None:
    """Two ways through the same plan. Sums of several uses are added in the same order, so hardly a bit may differ."""
    graph = build(parse(sample.text))
    found = differentiate(graph, sample.at)
    plan = found.record.plan
    start = [found.record.values[node] if graph.op[node] < 0 else math.nan for node in range(len(graph))]

    fast = list(start)
    loops = Loops(plan)
    assert loops.forward(fast) < 0
    fast_adjoints, failed = loops.backward(fast)
    assert failed < 0

    slow = list(start)
    rules = Rules(FLOAT)
    careful = Interpreter(plan, rules, Faults(graph, rules, frozenset(), str))
    careful.forward(slow, plan.order, (plan.output,))
    slow_adjoints = careful.backward(slow, 1.0)

    for node in plan.order:
        assert math.isclose(fast[node], slow[node], rel_tol=1e-15), "the same formulas"
    for ours, theirs in zip(fast_adjoints, slow_adjoints, strict=True):
        assert math.isclose(ours, theirs, rel_tol=1e-12, abs_tol=1e-15)


class Counting(float):
    """A float that counts the multiplications it takes part in."""

    count: ClassVar[Counter[str]] = Counter()

    def __mul__(self, other: float) -> Counting:
        Counting.count["*"] += 1
        return Counting(float(self) * float(other))

    __rmul__ = __mul__

    def __add__(self, other: float) -> Counting:
        Counting.count["+"] += 1
        return Counting(float(self) + float(other))

    __radd__ = __add__


@pytest.mark.parametrize("count", [10, 100, 1000])
def test_work_grows_with_the_number_of_operations_not_of_paths(count: int) -> None:
    """A ladder of squarings has 2^n paths. Forward and back together cost one number of operations for each statement."""
    text = "u0 = x\n" + "\n".join(f"u{n + 1} = u{n}*u{n}" for n in range(count)) + f"\nL = u{count} + u{count}"
    graph = build(parse(text))
    plan = differentiate(graph, {"x": 1}).record.plan
    values = [Counting(1.0) for _ in range(len(graph))]
    Counting.count.clear()
    loops = Loops(plan)
    loops.forward(values)
    forward = Counting.count["*"] + Counting.count["+"]
    loops.backward(values)
    assert forward == count + 1
    assert Counting.count["*"] - count <= 2 * count, "one product for each edge"


def test_each_node_is_visited_once_however_many_use_it() -> None:
    found = grad("u = exp(x)\nv = u*u + u*sin(u) + u/2\nL = v*u", {"x": 0.5})
    order = list(found.record.plan.order)
    assert len(order) == len(set(order))
    assert found.record.plan.graph.names["u"] in order


# ---- what is asked for ----

CHAIN = "input x = 2, y = 1\nparam a = 1/2, b = 2\nu = x*a\nv = log(u)\nw = v + b\nt = 1/w\nz = y - t\nL = z^2"


def test_parameters_are_meant_where_nothing_else_is_said() -> None:
    assert grad(CHAIN).gradients == {"a": 0.5, "b": 0.25}


def test_every_leaf_the_output_depends_on_is_meant_where_nothing_is_declared() -> None:
    text = "a = 2\nb = 3\nunused = 4\nL = a*c + 5"
    assert grad(text, {"c": 7}).gradients == {"a": 7.0, "c": 2.0}


def test_inputs_are_leaves_like_others_where_no_parameter_is_declared() -> None:
    assert grad("input x = 2\nL = x*k", {"k": 3}).gradients == {"x": 3.0, "k": 2.0}


def test_names_are_answered_in_the_order_asked_and_once() -> None:
    assert list(grad(CHAIN, wrt=["y", "a", "u", "a"]).gradients) == ["y", "a", "u"]


def test_the_output_itself_has_gradient_1() -> None:
    assert grad(CHAIN, wrt=["L"]).gradients == {"L": 1.0}


def test_computed_nodes_have_their_adjoints() -> None:
    assert grad(CHAIN, wrt=["z", "t", "w", "v", "u"]).gradients == {"z": 1.0, "t": -1.0, "w": 0.25, "v": 0.25, "u": 0.25}


def test_a_computed_name_may_be_asked_for_alone() -> None:
    """Nothing flows on from it: the operations below it have no part in the reverse sweep."""
    text = "u = y + y*x/4\nv = where(a + u < a, (a + u)*a, sin(a + u))\nL = b + u + v"
    assert grad(text, {"a": 0, "b": 1, "x": 4, "y": 1}, wrt=["u"]).gradients == {"u": 1 + math.cos(2)}


def test_another_output_can_be_chosen() -> None:
    found = grad(CHAIN, of="u")
    assert (found.output, found.value, found.gradients) == ("u", 1.0, {"a": 2.0, "b": 0.0})


def test_a_leaf_can_be_the_output() -> None:
    found = grad("a = 3")
    assert (found.value, found.gradients) == (3.0, {"a": 1.0})


def test_what_the_output_does_not_depend_on_has_gradient_0_and_a_warning() -> None:
    found = grad("a = 2\nb = 3\nL = a*a", wrt=["a", "b"])
    assert found.gradients == {"a": 4.0, "b": 0.0}
    (warned,) = found.warnings
    assert warned.node == "b"
    assert "does not depend" in warned.message


def test_what_stands_behind_the_output_has_gradient_0() -> None:
    assert grad("u = 2*x\nL = u + 1\nM = L*u", {"x": 1}, of="L", wrt=["x", "M"]).gradients == {"x": 2.0, "M": 0.0}


def test_given_values_override_those_of_the_text() -> None:
    assert grad("a = 2\nk = 1/2\nL = a*k", {"a": 5, "k": 3}).value == 15


def test_given_values_may_be_fractions_and_constant_expressions() -> None:
    from backprop_cli.lang.parse import parse_expression

    at = {"x": parse_expression("pi/2"), "y": Fraction(1, 4), "z": 3}
    assert grad("L = sin(x)*y*z", at).value == 0.75


def test_e_and_pi_are_constants_unless_they_are_given_or_assigned() -> None:
    assert grad("L = pi*x + e", {"x": 1}).gradients == {"x": math.pi}
    assert grad("L = pi*x", {"x": 1, "pi": 3}).gradients == {"pi": 1.0, "x": 3.0}
    assert grad("e = 2\nL = e^3").gradients == {"e": 12.0}


def test_roles_say_what_each_name_is() -> None:
    found = grad("input x = 1\nparam a = 2\nk = 3\nu = x*a\nL = u*k*f", {"f": 1}, wrt=["a", "u"])
    assert {name: found.roles[name] for name in ("x", "a", "k", "f", "u")} == {
        "x": "input", "a": "param", "k": "leaf", "f": "leaf", "u": "node",
    }  # fmt: skip
    assert found.leaves == {"x": 1.0, "a": 2.0, "k": 3.0, "f": 1.0}


# ---- what cannot be asked for ----

REFUSED = [
    ("L = x*y + z", {}, "missing-value", "x", "--at x=1,y=1,z=1"),
    ("learning = 1\nL = learnin*2", {}, "missing-value", "learnin", "--at learnin=1"),
    ("u = 2*x\nL = u", {"at": {"u": 1, "x": 2}}, "not-a-leaf", "2*x", "x"),
    ("L = x", {"at": {"y": 1}}, "unknown-name", None, "x"),
    ("L = weight", {"at": {"weigth": 1}}, "unknown-name", None, "did you mean weight?"),
    ("L = x", {"at": {"x": math.nan}}, "not-finite", None, "x=2"),
    ("L = x", {"at": {"x": math.inf}}, "not-finite", None, "x=2"),
    ("loss = x", {"at": {"x": 1}, "of": "los"}, "unknown-name", None, "did you mean loss?"),
    ("L = weight", {"at": {"weight": 1}, "wrt": ["wieght"]}, "unknown-name", None, "did you mean weight?"),
    ("L = pi*x", {"at": {"x": 1}, "wrt": ["pi"]}, "unknown-name", None, "assign or declare pi"),
]


@pytest.mark.parametrize(("text", "options", "reference", "place", "fix"), REFUSED, ids=[f"{r[2]}: {r[0][:20]} {r[1]}" for r in REFUSED])
def test_what_cannot_be_asked_for(text: str, options: dict[str, object], reference: str, place: str | None, fix: str) -> None:
    found = told(text, **options)
    assert found.reference == reference
    assert fix in found.hint
    assert (caret(found) if found.span else None) == place


def test_all_missing_values_are_named_at_once() -> None:
    found = told("u = x*weight\nL = u + bias + wieght + 0*c", at={"x": 1, "weight": 2})
    assert "no value for bias, wieght, c" in found.message
    assert "wieght: did you mean weight?" in found.note


def test_only_what_the_output_depends_on_needs_a_value() -> None:
    assert grad("u = missing + 1\nL = 2*x", {"x": 1}).gradients == {"x": 2.0}


def test_values_from_outside_must_not_name_anything() -> None:
    from backprop_cli.lang.parse import parse_expression

    assert told("L = x*y", at={"x": parse_expression("y + 1"), "y": 1}).reference == "not-constant"


def test_all_wrong_points_are_told_at_once() -> None:
    with pytest.raises(BackpropError) as caught:
        grad("u = x\nL = u", {"u": 1, "q": 2})
    assert [d.reference for d in caught.value.diagnostics] == ["not-a-leaf", "unknown-name"]


# ---- section 6: where a derivative does not exist ----

CONVENTIONS = [
    ("relu(x)", {"x": 0}, {"x": 0.0}),
    ("abs(x)", {"x": 0}, {"x": 0.0}),
    ("sign(x)", {"x": 0}, {"x": 0.0}),
    ("leaky_relu(x, slope=0.3)", {"x": 0}, {"x": 0.3}),
    ("leaky_relu(x)", {"x": 0}, {"x": 0.01}),
    ("elu(x, alpha=2)", {"x": 0}, {"x": 2.0}),
    ("maximum(x, y)", {"x": 3, "y": 3}, {"x": 0.5, "y": 0.5}),
    ("minimum(x, y)", {"x": 3, "y": 3}, {"x": 0.5, "y": 0.5}),
    ("max(x, y, z)", {"x": 3, "y": 3, "z": 3}, {"x": 1 / 3, "y": 1 / 3, "z": 1 / 3}),
    ("max(x, y, z)", {"x": 3, "y": 3, "z": 1}, {"x": 0.5, "y": 0.5, "z": 0.0}),
    ("min(x, y, z)", {"x": 3, "y": 4, "z": 3}, {"x": 0.5, "y": 0.0, "z": 0.5}),
    ("maximum(x, x)", {"x": 3}, {"x": 1.0}),
    ("clip(x, -1, 2)", {"x": 2}, {"x": 1.0}),
    ("clip(x, -1, 2)", {"x": -1}, {"x": 1.0}),
    ("hypot(x, y)", {"x": 0, "y": 0}, {"x": 0.0, "y": 0.0}),
    ("floor(x)", {"x": 2}, {"x": 0.0}),
    ("ceil(x)", {"x": 2}, {"x": 0.0}),
    ("round(x)", {"x": 2.5}, {"x": 0.0}),
    ("mod(x, 2)", {"x": 4}, {"x": 1.0}),
    ("where(x < y, 2*x, 3*y)", {"x": 1, "y": 1}, {"x": 0.0, "y": 3.0}),
]


@pytest.mark.parametrize(("text", "at", "gradients"), CONVENTIONS, ids=[f"{c[0]} at {c[1]}" for c in CONVENTIONS])
def test_a_convention_stands_in_and_is_told(text: str, at: dict[str, float], gradients: dict[str, float]) -> None:
    found = grad(f"k = 2\nL = 1 + k*{text}", at, wrt=list(at))
    assert found.gradients == {name: 2 * slope for name, slope in gradients.items()}
    assert found.kinked
    (warned,) = found.warnings
    assert warned.span is not None
    assert warned.message
    for name, value in list(at.items())[:1]:
        assert f"{name} = {value:g}" in warned.message or "where" in text


@pytest.mark.parametrize(
    ("text", "at", "gradients"),
    [
        ("relu(x)", {"x": 2}, {"x": 1.0}),
        ("relu(x)", {"x": -2}, {"x": 0.0}),
        ("abs(x)", {"x": -2}, {"x": -1.0}),
        ("sign(x)", {"x": -2}, {"x": 0.0}),
        ("leaky_relu(x, slope=1)", {"x": 0}, {"x": 1.0}),
        ("elu(x)", {"x": 0}, {"x": 1.0}),
        ("clip(x, -1, 2)", {"x": 5}, {"x": 0.0}),
        ("floor(x)", {"x": 2.5}, {"x": 0.0}),
        ("where(x < 1, x^2, x^3)", {"x": 2}, {"x": 12.0}),
        ("where(x, x^2, 5)", {"x": 3}, {"x": 6.0}),
        ("x^2", {"x": 0}, {"x": 0.0}),
        ("x^2", {"x": -3}, {"x": -6.0}),
        ("x^3", {"x": -2}, {"x": 12.0}),
        ("x^-2", {"x": -2}, {"x": 0.25}),
        ("x^1", {"x": 0}, {"x": 1.0}),
        ("x^0", {"x": 0}, {"x": 0.0}),
        ("x^1.5", {"x": 0}, {"x": 0.0}),
        ("x^2.0", {"x": 0}, {"x": 0.0}),
        ("0^n", {"n": 2}, {"n": 0.0}),
        ("x^n", {"x": 0, "n": 2}, {"x": 0.0, "n": 0.0}),
        ("tanh(x)", {"x": 0}, {"x": 1.0}),
    ],
)
def test_no_convention_is_needed_where_the_derivative_exists(text: str, at: dict[str, float], gradients: dict[str, float]) -> None:
    found = grad(f"L = {text}", at)
    assert found.gradients == pytest.approx(gradients)
    assert not found.kinked
    assert found.warnings == ()


def test_a_kink_that_nothing_asks_about_is_not_told() -> None:
    assert not grad("u = relu(x)\nL = u*0 + y", {"x": 0, "y": 1}).kinked
    assert not grad("L = relu(x) + y", {"x": 0, "y": 1}, wrt=["y"]).kinked
    assert not grad("L = y + 1\nM = relu(x)", {"x": 0, "y": 1}, of="L").kinked


NO_DERIVATIVE = [
    ("sqrt(x)", {"x": 0}, "infinite-derivative"),
    ("x^0.5", {"x": 0}, "infinite-derivative"),
    ("x^(1/3)", {"x": 0}, "infinite-derivative"),
    ("cbrt(x)", {"x": 0}, "infinite-derivative"),
    ("asin(x)", {"x": 1}, "infinite-derivative"),
    ("acosh(x)", {"x": 1}, "infinite-derivative"),
    ("x^n", {"x": -2, "n": 2}, "no-derivative"),
    ("x^n", {"x": 0, "n": 0}, "no-derivative"),
    ("atan2(x, y)", {"x": 0, "y": 0}, "no-derivative"),
]


@pytest.mark.parametrize(("text", "at", "reference"), NO_DERIVATIVE, ids=[c[0] for c in NO_DERIVATIVE])
def test_a_derivative_that_does_not_exist_is_an_error_that_names_the_node(text: str, at: dict[str, float], reference: str) -> None:
    found = told(f"k = 3\nL = k*{text} + 1", at=at, wrt=list(at))
    assert found.reference == reference
    assert caret(found) == text


@pytest.mark.parametrize(
    ("text", "at", "wrt", "gradients"),
    [
        ("sqrt(x)", {"x": 0, "y": 2}, ["y"], {"y": 1.0}),
        ("0*sqrt(x)", {"x": 0, "y": 2}, ["x"], {"x": 0.0}),
        ("sqrt(x)^2", {"x": 0, "y": 2}, ["x"], {"x": 0.0}),
        ("x^n", {"x": -2, "n": 2, "y": 1}, ["x"], {"x": -4.0}),
        ("where(y > 0, y, sqrt(x))", {"x": 0, "y": 2}, ["x", "y"], {"x": 0.0, "y": 2.0}),
    ],
)
def test_a_derivative_through_which_nothing_flows_need_not_exist(
    text: str, at: dict[str, float], wrt: list[str], gradients: dict[str, float]
) -> None:
    assert grad(f"L = {text} + y", at, wrt=wrt).gradients == gradients


@pytest.mark.parametrize(
    ("text", "x", "value", "slope"),
    [
        ("where(x > 0, log(x), 0)", -1, 0.0, 0.0),
        ("where(x > 0, log(x), 2*x)", 0, 0.0, 2.0),
        ("where(x > 0, log(x), 0)", 2, math.log(2), 0.5),
        ("where(x == 0, 1, sin(x)/x)", 0, 1.0, 0.0),
        ("where(x < 1, x, exp(1000*x))", 0.5, 0.5, 1.0),
        ("where(x < 0, sqrt(x), where(x < 1, x^2, acosh(x)))", 0.5, 0.25, 1.0),
        ("where(x >= 0, sqrt(x) + 1, 1/0)", 4, 3.0, 0.25),
    ],
)
def test_the_branch_not_taken_may_lie_outside_its_domain(text: str, x: float, value: float, slope: float) -> None:
    found = grad(f"L = {text}", {"x": x})
    assert (found.value, found.gradients) == (value, {"x": slope})


def test_a_branch_not_taken_that_is_used_elsewhere_too_must_exist() -> None:
    assert told("u = log(x)\nL = where(x > 0, u, 0) + u", at={"x": -1}).reference == "domain"


# ---- values that do not exist ----

DOMAINS = [
    ("log(x)", {"x": -2}, "log of a negative number, -2", "log needs x > 0"),
    ("log(x)", {"x": 0}, "log of 0", "log needs x > 0"),
    ("log2(x)", {"x": -1}, "log2 of a negative number, -1", "log2 needs x > 0"),
    ("log1p(x)", {"x": -1}, "log1p of -1", "x > -1"),
    ("sqrt(x)", {"x": -4}, "sqrt of a negative number, -4", "sqrt needs x >= 0"),
    ("1/x", {"x": 0}, "division by zero", "x must not be 0"),
    ("mod(1, x)", {"x": 0}, "division by zero", "x must not be 0"),
    ("x^-1", {"x": 0}, "zero to a negative power", "x must not be 0"),
    ("x^0.5", {"x": -4}, "a power without a real value", "whole exponent"),
    ("x^y", {"x": -8, "y": 1 / 3}, "a power without a real value", "whole exponent"),
    ("asin(x)", {"x": 1.5}, "asin of 1.5", "-1 <= x <= 1"),
    ("acos(x)", {"x": -2}, "acos of -2", "-1 <= x <= 1"),
    ("acosh(x)", {"x": 0.5}, "acosh of 0.5", "x >= 1"),
    ("atanh(x)", {"x": 1}, "atanh of 1", "-1 < x < 1"),
    ("csc(x)", {"x": 0}, "csc of a multiple of pi", "sin(x) must not be 0"),
]


@pytest.mark.parametrize(("text", "at", "message", "needs"), DOMAINS, ids=[d[0] for d in DOMAINS])
def test_a_value_outside_the_domain_is_told_with_what_led_to_it(text: str, at: dict[str, float], message: str, needs: str) -> None:
    found = told(f"k = 1\nL = k + {text}*2", at=at)
    assert found.reference == "domain"
    assert caret(found) == text
    assert found.message == message
    assert needs in found.label
    assert f"x = {at['x']:g} (given)" in found.note


def test_a_domain_error_shows_how_the_value_came_about() -> None:
    found = told("x = 2\nu = x - 5\nv = u*2\nL = log(v)")
    assert found.message == "log of a negative number, -6"
    assert [remark.text for remark in found.trail] == ["u = -3", "v = -6"]
    assert "x = 2" in found.note


def test_an_error_inside_a_function_of_ones_own_points_into_its_body() -> None:
    found = told("f(p) = 1 + log(p)\nL = f(x - 3)", at={"x": 1})
    assert caret(found) == "log(p)"
    assert "x - 3 > 0" in found.label


OVERFLOWS = [
    ("L = exp(x)", 1000, "exp", ""),
    ("L = log(1 + exp(x))", 1000, "exp", "softplus(x)"),
    ("L = 1/(1 + exp(-x))", -1000, "exp", "sigmoid(x)"),
    ("u = exp(x)\nL = log(u + 1)", 1000, "exp", "softplus(x)"),
    ("L = x^400", 10, "a power", ""),
    ("L = x*x", 1e200, "a product", ""),
    ("L = cosh(x)", 1000, "cosh", ""),
]


@pytest.mark.parametrize(("text", "x", "where", "stable"), OVERFLOWS, ids=[o[0] for o in OVERFLOWS])
def test_an_overflow_names_the_function_and_the_stable_spelling(text: str, x: float, where: str, stable: str) -> None:
    found = told(text, at={"x": x})
    assert found.reference == "overflow"
    assert found.message == f"overflow in {where}"
    assert stable in found.hint


def test_the_log_of_a_saturated_sigmoid_is_pointed_to_its_stable_spelling() -> None:
    assert "logsigmoid(x)" in told("L = log(sigmoid(x))", at={"x": -1000}).hint
    assert "logsigmoid(-x)" in told("L = log(1 - sigmoid(x))", at={"x": 1000}).hint


def test_a_gradient_too_large_for_a_float_is_told() -> None:
    found = told("u = 1e200*x\nL = 1e200*u", at={"x": 1e-200})
    assert found.reference == "overflow"
    assert "gradient" in found.message


# ---- statements that the output does not use ----


@pytest.mark.parametrize("unused", ["log(x - 5)", "1/(x - 1)", "sqrt(-x)", "exp(1000*x)"])
def test_a_statement_outside_its_domain_that_is_not_used_is_a_warning(unused: str) -> None:
    found = grad(f"q = {unused}\nr = q + 1\nL = 2*x", {"x": 1})
    assert found.value == 2
    (warned,) = found.warnings
    assert "L does not use this" in warned.message
    assert warned.span is not None


def test_an_unused_statement_that_lacks_a_value_is_no_warning() -> None:
    assert grad("q = log(missing)\nL = 2*x", {"x": 1}).warnings == ()


def test_an_unused_statement_inside_its_domain_is_no_warning() -> None:
    assert grad("q = where(x > 5, log(x - 5), 0)\nL = 2*x", {"x": 1}).warnings == ()


# ---- repeatable ----


@given(programs())
def test_the_same_question_has_the_same_answer(sample: Sample) -> None:
    """Gradients are accumulated within a run, never from one run to the next."""
    graph = build(parse(sample.text))

    def asked() -> tuple[object, object]:
        found: Gradients = differentiate(graph, sample.at)
        return found.value, found.gradients

    assert asked() == asked()
