"""The second opinion on arrays: entry by entry, along directions, as closed forms; what it names and what it leaves out."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from backprop_cli.autodiff.differentiate import differentiate, jacobian
from backprop_cli.calculus import arrays as our_arrays
from backprop_cli.calculus.table import ARRAYS, ROWS
from backprop_cli.graph.build import build
from backprop_cli.lang.parse import parse, parse_expression
from backprop_cli.lang.unparse import unparse
from backprop_cli.limits import OWN, Limits
from backprop_cli.oracles import Abstains, Agrees, Disagrees, Opinion, arrays, closed_forms, second_opinion, textbook

SYMBOLIC, ENTRIES, DIRECTIONS = "symbolic", "entry by entry", "directional, 3 random directions"
METHODS = pytest.mark.parametrize("method", [SYMBOLIC, ENTRIES, DIRECTIONS])
RANDOM = np.random.default_rng(7)
POINT: dict[str, Any] = {
    "A": RANDOM.normal(size=(3, 4)),
    "B": RANDOM.normal(size=(4, 2)),
    "S": RANDOM.normal(size=(3, 3)) + 2 * np.eye(3),
    "T3": RANDOM.normal(size=(2, 3, 4)),
    "u": RANDOM.normal(size=3),
    "v": RANDOM.normal(size=4),
    "s": 0.7,
}
# One use or more of every row for whole arrays.
ROWS_USED = {
    "[]": ["sum([v[0], v[1]^2]*[2, v[2]])", "sum([[s, s^2], [1, v[0]]]^3)", "sum([[1, -2], [3, s]])", "sum([u, u*u])"],
    "[i]": ["sum(A[0]*v)",
            "sum(A[:, 1]*u)", "A[1, 2]*A[-1, 0]", "sum(A[::2]^2)", "sum(A[0:2, 1:3]^2)", "(A + A)[0, 1]*s", "sum(T3[1, :, -1])"],
    "@": ["sum(A @ B)", "sum((A @ v)*u)", "sum((u @ A)*v)", "v @ v", "sum(T3 @ v)", "sum(T3 @ B)", "sum(u @ T3)", "sum(matmul(A, B)^2)"],
    ".T": ["sum(A.T @ A)", "sum(transpose(A)*B[0, 0])", "sum(v.T*v)", "sum(T3.T*T3[0, 0, 1])"],
    "sum": ["sum(A^2)", "sum(sum(A, axis=0)*v)", "sum(sum(A, 1)*u)", "sum(sum(T3, axis=-2, keepdims=1)*T3)", "sum(s)*v[0]"],
    "mean": ["mean(A^2)", "sum(mean(A, axis=1)*u)", "sum(mean(A, axis=0, keepdims=1)*A)"],
    "prod": ["prod(v)", "sum(prod(A, axis=1)*u)", "sum(prod(T3, axis=0, keepdims=1)*A)", "prod(A[:, 0:1])"],
    "var": ["var(A)", "sum(var(A, axis=1)*u)", "sum(var(A, 0, 1)*A)"],
    "std": ["std(A)", "sum(std(A, axis=0)*v)"],
    "max": ["max(A)", "sum(max(A, axis=1)*u)", "sum(max(A, v, 0.1)*A)"],
    "min": ["min(A)", "sum(min(A, axis=0, keepdims=1)*A)", "sum(min(A, v)*A)"],
    "softmax": ["sum(softmax(A)*A)", "sum(softmax(A, axis=0)*A)", "softmax(v)[1]"],
    "log_softmax": ["sum(log_softmax(A)*A)", "sum(log_softmax(A, axis=0)^2)"],
    "logsumexp": ["logsumexp(A)", "sum(logsumexp(A, axis=1)*u)", "sum(lse(A, axis=0, keepdims=1)*A)"],
    "norm": ["norm(A)", "norm(v)*s"],
    "dot": ["dot(v, v*v)"],
    "outer": ["sum(outer(u, v)*A)"],
    "trace": ["trace(S @ S)"],
    "det": ["det(S)", "det(A @ A.T)", "det([[0, s], [s, 1]])"],
    "inv": ["sum(inv(S)*S^2)", "sum(inv([[0, s], [s^2, 1]]))"],
    "concat": ["sum(concat(A, A*A)^2)", "sum(concat(A, A*A, axis=1)^2)", "sum(concat(A, A, 1)*concat(A, A*A, 1))"],
    "stack": ["sum(stack(v, v*2)*stack(v, v))", "sum(stack(v, v*v, axis=1)^2)", "sum(stack(v, v*v, -1)^3)"],
    "reshape": ["sum(reshape(A, [4, 3]) @ A)", "sum(reshape(A, [2, -1])^3)"],
    "onehot": ["sum(A.T @ onehot(2, 3)*v)", "dot(onehot(1, 4), v^2)"],
}  # fmt: skip
ELEMENTWISE = [
    *("sum(A*v)", "sum(A*reshape(u, [3, 1]))", "sum(T3*A*v)", "sum(A*s)", "sum(hypot(A, v))", "sum(atan2(A, v))", "sum(mod(A, 2)*A)"),
    *("sum(where(A > 0, A^2, A))", "sum(where(v > 0, log(abs(v)), v))", "sum(clip(A, -0.5, 0.5)*A)", "sum(abs(A)^1.5)", "sum(2^A)"),
    *("sum(gelu(A) + silu(A) + elu(A) + softplus(A))", "sum(leaky_relu(A, slope=0.2)*A)", "sum(relu(A) + relu6(v))", "sum(erf(A)*erfc(v))"),
    *("sum(cbrt(A) + asinh(A) + tanh(A) + sin(A)*cos(v))", "sum(A^2 - A^-1 + (A*A)^v)", "sum(floor(3*A)*A + sign(A)*v)"),
]  # fmt: skip
PROGRAMS = [f"L = {text}" for used in ROWS_USED.values() for text in used] + [f"relu6(x) = min(max(x, 0), 6)\nL = {t}" for t in ELEMENTWISE]

LAYERS = """input X = [[1, 2], [2, 1]], Y = [[1, -1]]
param W1 = [[1, -1], [2, 0]], b1 = [[0], [1]], W2 = [[1, -1]], b2 = [[2]]
Z1 = W1 @ X + b1; A1 = relu(Z1); Z2 = W2 @ A1 + b2; J = 1/2*sum((Z2 - Y)^2)"""
SEEDS = {
    "S1.6": LAYERS,
    "S2.5": "alpha = 2; input x = [1, 1], t = 1; param W1 = [[1, -1], [2, -2]], w2 = [1, -1]\n"
    "h = sigmoid(alpha*(W1 @ x)); z = sigmoid(alpha*(w2 @ h)); J = 1/2*(t - z)^2",
    "S2.6": "input x = [1, 0], t = 2; param W1 = [[1, 0], [-1, 1]], w2 = [1, 2]\nh = relu(W1 @ x); z = w2 @ h; J = 1/2*(t - z)^2",
    "S3.2": "input x = [0, 1, 2, 3], y = [0, 0, 1, 1]; param w0 = 0.25, w1 = -0.5\n"
    "f = sigmoid(w0 + w1*x)\nL = -mean(y*log(f) + (1 - y)*log(1 - f))",
    "S3.5": "input x = [0, 1, 2, 3], y = [0, 0, 1, 1]; param w0 = 0, w1 = 1/2\n"
    "a = w0 + w1*x; L = -mean(y*logsigmoid(a) + (1 - y)*logsigmoid(-a))",
    "S3.7": "input word = 1; param E = [[1, 2], [3, 4], [5, 6]]\nx = E.T @ onehot(word, 3); L = sum(x^2)",
    "S4.1": "input x = [1, 0, 2], y = 5; param W = [4, 2, -5], b = 7\nz = W @ x + b; y_hat = relu(z); L = 1/2*(y_hat - y)^2",
    "S4.6": "input x = [1, 0, 2], y = [5, 1]; param W = [[4, 2, -5], [1, -1, 1]], b = [7, 0]\n"
    "z = W @ x + b; y_hat = relu(z); L = 1/2*sum((y_hat - y)^2)",
    "cross-entropy": "input z = [1, 2, 3], k = 2; t = onehot(k, 3); L = -sum(t*log_softmax(z))",
}  # fmt: skip


def point_of(text: str) -> dict[str, Any]:
    return {name: value for name, value in POINT.items() if re.search(rf"\b{name}\b", text)}


def force(method: str, monkeypatch: pytest.MonkeyPatch) -> Limits:
    """Limits under which one method answers."""
    if method == DIRECTIONS:
        monkeypatch.setattr(arrays, "MOST_STEPS", -1)
    return Limits(expanded=1) if method == ENTRIES else OWN


def judge(
    text: str, at: Mapping[str, Any] | None = None, wrt: Sequence[str] | None = None, limits: Limits = OWN, **options: Any
) -> Opinion:
    program, at = parse(text), at or {}
    found = differentiate(build(program, at.keys()), at, None, wrt, **options)
    return second_opinion(program, at, found.output, found.gradients, found.kinked, limits)


# ---- agreement ----


def test_every_row_is_used() -> None:
    assert set(ROWS_USED) == {row.head for row in ARRAYS}


@METHODS
@pytest.mark.parametrize("text", PROGRAMS)
def test_every_row_agrees_at_generic_points(text: str, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opinion = judge(text, point_of(text), limits=force(method, monkeypatch))
    assert isinstance(opinion, Agrees), opinion
    assert opinion.gap < 1e-12
    assert not opinion.notes
    assert opinion.method.startswith(method) or (method == SYMBOLIC and opinion.method == ENTRIES)


@METHODS
@pytest.mark.parametrize("name", SEEDS)
def test_the_lectures_layers_agree(name: str, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opinion = judge(SEEDS[name], limits=force(method, monkeypatch))
    assert isinstance(opinion, Agrees), opinion
    assert opinion.method.startswith(method) or (method == SYMBOLIC and opinion.method == ENTRIES)


@METHODS
def test_computed_nodes_and_the_output_are_checked_too(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrt = ["Z1", "A1", "Z2", "J", "X", "W1", "b1"]
    limits = force(method, monkeypatch)
    assert isinstance(judge(LAYERS, wrt=wrt, limits=limits), Agrees)
    program = parse(LAYERS + "\nunused = X")
    found = differentiate(build(program), of="J", wrt=["Z2", "A1"]).gradients
    for wrong in ({"Z2": found["Z2"] + [[0, 1e-3]]}, {"A1": found["A1"] * (1 + 1e-6)}):
        assert isinstance(second_opinion(program, {}, "J", {**found, **wrong}, False, limits), Disagrees)


@METHODS
@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("f(M, x) = M @ x; g(z) = sum(f([[1, z], [z, 2]], [z, z^2])); L = g(s)*g(2)", {"s": 0.7}),
        ("pick(x, k) = x[k]; n = 2; L = pick(v, n)*pick(v, 0)", {"v": POINT["v"]}),
        ("k = 1; a = 0; n = -1; L = sum(sum(A^2, axis=a)[k:]) + sum(sum(A, n)) + A[n, -k]", {"A": POINT["A"]}),
        ("L = sum(onehot(kind, 3)*log_softmax(Z, axis=1))", {"kind": np.array([0.0, 2.0]), "Z": POINT["T3"][:, :, 0]}),
        ("sum(x) = x*x; L = sum(3*s) + mean([s, 1])", {"s": 0.7}),
        ("L = sum(x^2)*y", {"x": [[1.0, 2.0], [3.0, 4.0]], "y": parse_expression("[pi/2, e]")}),
        ("pi = 3; x = [1, pi]; L = x @ x", {}),
        ("y = x; z = y; L = sum(z*y)", {"x": POINT["v"]}),
        ("m = x > 0; L = sum(where(m, sqrt(x), 0) + where(x > 0, log(x), x))", {"x": np.array([4.0, -1.0, 9.0])}),
        ("L = x", {"x": 2.0}),
        ("x = [[2]]; L = x^2", {}),
    ],
)
def test_functions_integers_and_given_arrays_mean_what_the_language_says(
    text: str, at: dict[str, Any], method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "pi/2" in text or at.get("y") is not None:
        text = text.replace("*y", "*y[0]")
    opinion = judge(text, at, limits=force(method, monkeypatch))
    assert isinstance(opinion, Agrees), opinion


def test_exact_gradients_are_compared_as_they_are() -> None:
    for name in ("S1.6", "S4.6", "S3.7"):
        assert isinstance(judge(SEEDS[name], exact=True), Agrees)
    opinion = second_opinion(parse("x = [1/3, 2]; L = sum(x^2)"), {}, "L", {"x": np.array([Fraction(2, 3), Fraction(4)])}, False)
    assert isinstance(opinion, Agrees)
    assert opinion.gap < 1e-49


@METHODS
@pytest.mark.parametrize("size", [300, 3000])
def test_saturated_networks_have_a_textbook_value(size: float, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"x = [{size}, -{size}, 1]; L = sum(softplus(x) + logsigmoid(x) + tanh(x)) + sum(log_softmax(x)*x) + logsumexp(x)"
    opinion = judge(text, limits=force(method, monkeypatch))
    assert isinstance(opinion, Agrees), opinion


# ---- disagreement ----


@METHODS
def test_a_wrong_entry_is_named_with_both_numbers(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = force(method, monkeypatch)
    program = parse(SEEDS["S4.6"])
    gradients = dict(differentiate(build(program)).gradients)
    gradients["W"] = np.array([[-4, 0, -8], [2, 0, 4 + 1e-3]])
    opinion = second_opinion(program, {}, "L", gradients, False, limits)
    assert isinstance(opinion, Disagrees), opinion
    ((name, ours, theirs),) = opinion.pairs
    assert (name, ours) == ("W[1, 2]", 4.001)
    assert theirs == pytest.approx(4)
    assert "dL/dW[1, 2] is 4.001 for us and 4.0" in opinion.detail


def test_only_the_first_few_wrong_entries_are_shown() -> None:
    opinion = second_opinion(parse("x = onehot(3, 40) + 1; L = sum(x^3)"), {}, "L", {"x": np.zeros(40)}, False)
    assert isinstance(opinion, Disagrees)
    assert len(opinion.pairs) == 10
    assert "and 30 more" in opinion.detail


def test_a_gradient_of_another_shape_is_wrong() -> None:
    opinion = second_opinion(parse("x = [1, 2]; L = sum(x)"), {}, "L", {"x": 1.0}, False)
    assert isinstance(opinion, Disagrees)
    assert "has shape ()" in opinion.detail


@METHODS
def test_a_name_that_does_not_matter_has_the_gradient_0(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = force(method, monkeypatch)
    program = parse("x = [1, 2]; y = [3, 4]; L = sum(x^2)")
    right = {"x": np.array([2.0, 4.0]), "y": np.zeros(2)}
    assert isinstance(second_opinion(program, {}, "L", right, False, limits), Agrees)
    assert isinstance(second_opinion(program, {}, "L", {**right, "y": np.array([0, 1e-3])}, False, limits), Disagrees)


# ---- abstention, and what float64 lost ----


@METHODS
@pytest.mark.parametrize(
    "right", ["max(x)", "sum(relu(x - 3))", "norm(x - [3, 1, 3])", "sum(max(x, [3, 3, 1]))", "sum(where(x > 3, x^2, x))"]
)
def test_corners_abstain(right: str, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = parse(f"x = [3, 1, 3]; L = ({right})*3")
    opinion = second_opinion(program, {}, "L", {"x": np.array([0.5, 0, 0.7])}, False, force(method, monkeypatch))
    assert isinstance(opinion, Abstains), opinion
    assert opinion.reason.startswith("kink") or ("norm" in right and "value" in opinion.reason) or "pole" in opinion.reason


@METHODS
def test_a_corner_through_which_nothing_flows_is_none(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = force(method, monkeypatch)
    assert isinstance(judge("x = [2, 0, 0]; L = max(relu(x)) + sum(relu(x)*[1, 0, 0])", limits=limits), Agrees)


@METHODS
def test_gradients_that_cancel_to_nothing_agree(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A softmax does not move when all its scores do: what float64 makes of that 0 is no fault."""
    limits = force(method, monkeypatch)
    text = "input X; param W, b\nL = sum(softmax(X @ W + b, axis=1) @ [1, 1, 1])"
    at = {"X": POINT["A"], "W": RANDOM.normal(size=(4, 3)), "b": 0.3}
    assert isinstance(judge(text, at, limits=limits), Agrees)


def test_lost_digits_are_a_note() -> None:
    program = parse("x = [40, 1]; L = sum(log(sigmoid(x)))")
    opinion = second_opinion(program, {}, "L", {"x": np.array([0.0, 0.2689414213699951])}, False)
    assert isinstance(opinion, Agrees)
    (note,) = opinion.notes
    assert "logsigmoid(x)" in note.message
    assert note.span is not None


def test_the_deadline_and_the_size_abstain(monkeypatch: pytest.MonkeyPatch) -> None:
    opinion = judge(SEEDS["S1.6"], limits=Limits(seconds=0))
    assert isinstance(opinion, Abstains)
    assert "longer than 0 s" in opinion.reason
    monkeypatch.setattr(arrays, "MOST_STEPS", -1)
    from backprop_cli.oracles import directional

    monkeypatch.setattr(directional, "_MOST", 0)
    opinion = judge(SEEDS["S1.6"])
    assert isinstance(opinion, Abstains)
    assert "too large for a check" in opinion.reason


@pytest.mark.parametrize(
    "text",
    [
        "f0(x) = x/2\n" + "\n".join(f"f{i}(x) = f{i - 1}(x) + f{i - 1}(x)" for i in range(1, 30)) + "\nx = [1, 2]; L = sum(f29(x))",
        "f0(x) = x/2\n" + "\n".join(f"f{i}(x) = f{i - 1}(x) + 1" for i in range(1, 3000)) + "\nx = [1, 2]; L = sum(f2999(x))",
        "x = [1, 2]; L = sum(" + "(" * 3000 + "x" + ")" * 3000 + "^9^9^9^9)",
        "x = [1, 2]; L = " + "sum(x)+" * 2000 + "0",
        "x = 0; L = sum(x/[0, 1])",
    ],
    ids=["doubling", "deep", "tower", "wide", "pole"],
)
def test_hostile_programs_end_at_once(text: str) -> None:
    begun = time.monotonic()
    opinion = second_opinion(parse(text), {}, "L", {"x": np.zeros(2) if "x = [" in text else 0.0}, False)
    assert isinstance(opinion, Disagrees | Abstains)
    closed_forms(parse(text), "L", ["x"])
    assert time.monotonic() - begun < 60  # without limits it would be hours


# ---- Jacobians ----


@METHODS
def test_jacobians_are_checked_entry_by_entry_of_the_output(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = force(method, monkeypatch)
    program = parse("W = [[1, 2], [3, 4]]; x = [1, 1]; y = (W @ x)^2")
    found = dict(jacobian(build(program)).jacobians)
    assert isinstance(second_opinion(program, {}, "y", found, False, limits), Agrees)
    found["x"] = np.array([[6.0, 12.0], [42.0, 56.001]])
    opinion = second_opinion(program, {}, "y", found, False, limits)
    assert isinstance(opinion, Disagrees)
    assert opinion.pairs[0][0] == "x[1]"


# ---- size ----


def network(batch: int, sizes: Sequence[int]) -> tuple[str, dict[str, Any]]:
    at: dict[str, Any] = {"X": RANDOM.normal(size=(batch, sizes[0])), "Y": np.eye(sizes[-1])[RANDOM.integers(0, sizes[-1], batch)]}
    lines = ["input X, Y", "H0 = X"]
    for i, (m, n) in enumerate(pairwise(sizes), 1):
        at[f"W{i}"], at[f"b{i}"] = RANDOM.normal(size=(m, n)) / m**0.5, RANDOM.normal(size=n) / 10
        lines.append(f"param W{i}, b{i}; H{i} = relu(H{i - 1} @ W{i} + b{i})")
    return "\n".join(lines) + f"\nL = -mean(sum(Y*log_softmax(H{len(sizes) - 1}, axis=1), axis=1))", at


def test_large_networks_are_checked_along_directions_and_that_is_said() -> None:
    text, at = network(64, (196, 64, 32, 10))
    program = parse(text)
    found = differentiate(build(program, at.keys()), at)
    begun = time.monotonic()
    opinion = second_opinion(program, at, "L", found.gradients, found.kinked)
    assert time.monotonic() - begun < 60  # without limits it would be hours
    assert isinstance(opinion, Agrees), opinion
    assert opinion.method.startswith(DIRECTIONS)
    assert "single entries were not compared" in opinion.detail
    assert opinion == second_opinion(program, at, "L", found.gradients, found.kinked)
    wrong = found.gradients["W2"].copy()
    wrong[5, 7] *= 1.01
    opinion = second_opinion(program, at, "L", {**found.gradients, "W2": wrong}, False)
    assert isinstance(opinion, Disagrees), opinion
    assert [name for name, _, _ in opinion.pairs] == ["W2[5, 7]"]
    assert opinion.pairs[0][2] == pytest.approx(found.gradients["W2"][5, 7], rel=1e-9)


def test_machine_numbers_of_the_usual_length_do_where_longer_ones_cost_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    from backprop_cli.oracles import directional

    monkeypatch.setattr(directional, "_LONG", (1e12, 1e12))
    monkeypatch.setattr(arrays, "MOST_STEPS", -1)
    for name, text in SEEDS.items():
        opinion = judge(text)
        assert isinstance(opinion, Agrees), (name, opinion)
        assert opinion.method.endswith("at 15 digits")
    program = parse(SEEDS["S4.1"])
    wrong = {"W": np.array([-4, 0, -8.001]), "b": -4.0}
    assert isinstance(second_opinion(program, {}, "L", wrong, False), Disagrees)


def test_a_long_column_is_checked() -> None:
    at = {"x": RANDOM.normal(size=200_000), "y": RANDOM.normal(size=200_000), "w": 0.3, "b": 0.2}
    begun = time.monotonic()
    opinion = judge("L = mean((sigmoid(w*x + b) - y)^2)", at, ["w", "b"])
    assert isinstance(opinion, Agrees)
    assert time.monotonic() - begun < 60  # without limits it would be hours


# ---- independence ----


@METHODS
def test_opinions_do_not_move_when_every_derivative_is_nonsense(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = force(method, monkeypatch)
    problems: list[tuple[Any, dict[str, Any], str, dict[str, Any]]] = []
    for text in [*SEEDS.values(), *PROGRAMS]:
        program = parse(text)
        at = point_of(text) if text in PROGRAMS else {}
        found = differentiate(build(program, at.keys()), at)
        problems.append((program, at, found.output, dict(found.gradients)))
    before = [second_opinion(*problem, False, limits) for problem in problems]
    assert all(isinstance(opinion, Agrees) for opinion in before)
    for head, row in list(ROWS.items()):
        nonsense = tuple("17" for _ in row.local)
        textbook_kept = row.textbook if row.code is None else "17"
        monkeypatch.setitem(
            ROWS, head, replace(row, local=nonsense, computed=nonsense, forward="17", rule="?", textbook=textbook_kept, latex="?")
        )
    for name, code in list(our_arrays.CODE.items()):
        monkeypatch.setitem(
            our_arrays.CODE, name, replace(code, forward=lambda *_: 17.0, back=lambda *_: 17.0, shape=lambda *_: (), kink=None)
        )
    for cached in (textbook.meaning, textbook._body, textbook.formula):
        cached.cache_clear()
    try:
        assert [second_opinion(*problem, False, limits) for problem in problems] == before
    finally:
        for cached in (textbook.meaning, textbook._body, textbook.formula):
            cached.cache_clear()


# ---- closed forms ----


def forms(text: str, *wrt: str, given: Any = ()) -> dict[str, str]:
    program = parse(text)
    found = closed_forms(program, build(program, given).output, wrt, given=given)
    return {name: unparse(form.in_leaves) if form.in_leaves is not None else form.reason for name, form in found.items()}


def test_small_arrays_have_closed_forms_entry_by_entry() -> None:
    assert forms("x = [1, 2]; c = 3; L = c*sum(x^2)", "x", "c") == {"x": "[2*c*x[0], 2*c*x[1]]", "c": "x[0]^2 + x[1]^2"}
    assert forms("A = [[1, 2], [3, 4]]; L = det(A)", "A") == {"A": "[[A[1, 1], -A[1, 0]], [-A[0, 1], A[0, 0]]]"}
    assert forms("L = y*sum(x)", "x", given={"x": np.ones(2), "y": 2.0}) == {"x": "[y, y]"}


def test_closed_forms_of_the_seeds_have_the_gradients_values() -> None:
    for name in ("S1.6", "S2.5", "S3.5", "S3.7", "S4.6", "cross-entropy"):
        program = parse(SEEDS[name])
        graph = build(program)
        found = differentiate(graph)
        for wrt, form in closed_forms(program, found.output, list(found.gradients)).items():
            assert form.in_leaves is not None, form.reason
            longer = parse(f"{SEEDS[name]}\nclosed = {unparse(form.in_leaves)}")
            value = jacobian(build(longer), of="closed", wrt=[]).value
            np.testing.assert_allclose(value, found.gradients[wrt], rtol=1e-9, atol=1e-12)


def test_a_form_that_is_missing_has_its_reason() -> None:
    assert "more than 1,000 parts" in forms("x = onehot(1, 5000); L = sum(x^2)", "x")["x"]
    assert "leaves only" in forms("x = [1, 2]; y = x*x; L = sum(y)", "y")["y"]
    assert forms("L = sum(x)", "x", given=["x"]) == {"x": "the shape of x is not known here"}
    assert forms("x = [1, 2]; y = x*2; z = 1; L = sum(y)", "x") == {"x": "[2, 2]"}
