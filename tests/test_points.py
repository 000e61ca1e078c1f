"""Many points in one pass give what one point after the other gives: numbers, kinks and complaints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backprop_cli.autodiff import Gradients, differentiate
from backprop_cli.autodiff.points import Evaluations, evaluate_many
from backprop_cli.errors import BackpropError
from backprop_cli.graph.build import build
from backprop_cli.graph.graph import Graph
from backprop_cli.lang.parse import parse
from backprop_cli.reports.patterns import patterns
from tests.strategies import Sample, programs

# Corners, ties, poles and borders of domains, all of them met at quarters.
_EDGY = (
    *("{0} + {1}", "{0}*{1}", "{0} - 2*{1}", "log({0})", "sqrt({0})", "1/{0}", "{0}/{1}", "{0}^2", "{0}^3", "{0}^{1}", "{0}^-1", "2^{0}"),
    *("abs({0})", "sign({0})", "floor({0})", "ceil({0})", "round({0})", "relu({0})", "maximum({0}, {1})", "minimum({0}, 0.5)"),
    *("where({0} > 0, log({0}), {1})", "where({0} == {1}, {0}^2, 1/({0} - {1}))", "where({0}, 1/{0}, 0)*{1}", "clip({0}, -1, {1})"),
    *("hypot({0}, {1})", "mod({0}, {1})", "atan2({0}, {1})", "asin({0})", "acosh({0})", "exp(400*{0})", "leaky_relu({0})", "elu({0})"),
    *("sqrt({0})*0", "maximum(sqrt({0}), 1)", "log1p({0})", "tanh({0})*sigmoid({1})", "{0} < {1}", "cot({0})", "softsign(1e200*{0})"),
)  # fmt: skip
_QUARTERS = st.integers(-8, 8).map(lambda n: n / 4)


@st.composite
def edgy(draw: st.DrawFn) -> str:
    """A program whose values do not exist everywhere."""
    known, lines = ["x", "y", "p"], ["param p = 0.5"]
    for number in range(draw(st.integers(1, 5))):
        lines.append(f"v{number} = " + draw(st.sampled_from(_EDGY)).format(draw(st.sampled_from(known)), draw(st.sampled_from(known))))
        known.append(f"v{number}")
    return "\n".join([*lines, f"L = x*y*p + {known[-1]} + {draw(st.sampled_from(known))}"])


def graph_of(text: str) -> Graph:
    return build(parse(text, "text"))


def one_by_one(graph: Graph, table: Mapping[str, Any], wrt: list[str]) -> list[Gradients | tuple[str, str]]:
    found: list[Gradients | tuple[str, str]] = []
    for row in zip(*table.values(), strict=True):
        try:
            found.append(differentiate(graph, dict(zip(table, row, strict=True)), wrt=wrt))
        except BackpropError as error:
            return [*found, (error.diagnostics[0].reference, error.diagnostics[0].message)]
    return found


def same(many: Evaluations, single: list[Gradients | tuple[str, str]]) -> None:
    for at, one in enumerate(single):
        assert isinstance(one, Gradients)
        assert bool(many.kinked[at]) == one.kinked
        for mine, theirs in [(many.values[at], one.value), *((many.gradients[name][at], one.gradients[name]) for name in one.gradients)]:
            assert np.allclose(mine, theirs, rtol=1e-9, atol=1e-10), (at, mine, theirs)


@example(Sample("L = max(y, y, 0.5) + y", {"y": 0.0}), [[0.0]] * 7 + [[0.5]])
@given(programs(), st.lists(st.lists(_QUARTERS, min_size=4, max_size=4), min_size=1, max_size=20))
def test_many_points_are_one_point_after_the_other(sample: Sample, rows: list[list[float]]) -> None:
    graph = graph_of(sample.text)
    names = list(sample.at)
    table = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    same(evaluate_many(graph, table, wrt=names), one_by_one(graph, table, names))


@given(edgy(), st.lists(st.tuples(_QUARTERS, _QUARTERS), min_size=8, max_size=24))
@example("L = where(x > 0, log(x), x^2)", [(0.25 * n - 1, 0.0) for n in range(9)])
@example("v = x*sign(x); L = x*y + v + x", [(0.25 * n - 1, 0.0) for n in range(9)])
@example("L = 0*sign(x) + x*floor(y)", [(0.25 * n - 1, 0.5 * n - 2) for n in range(9)])
@example("param p = -1; L = where(x > 0, log(p), x^2) + y", [(-0.25 * n, 0.0) for n in range(9)])
@example("L = 0*sqrt(x) + y", [(0.25 * n, 1.0) for n in range(9)])
def test_points_outside_a_domain_and_on_kinks_are_told_as_one_by_one(text: str, rows: list[tuple[float, float]]) -> None:
    graph = graph_of(text)
    table = {name: list(column) for name, column in zip("xy", zip(*rows, strict=True), strict=True) if name in graph.leaves}
    names = list(graph.leaves)
    single = one_by_one(graph, table, names)
    if single and isinstance(single[-1], tuple):
        with pytest.raises(BackpropError) as caught:
            evaluate_many(graph, table, wrt=names)
        first = caught.value.diagnostics[0]
        assert (first.reference, first.message) == single[-1]
        assert len(single) == 1 or first.note.startswith(f"at point {len(single)}")
    else:
        same(evaluate_many(graph, table, wrt=names), single)


ARRAYS = (
    "param W = [[1, -2], [0.5, 3]], b = [0.1, -0.2]; h = tanh(W @ x + b); L = sum(h*t)^2",
    "param W = [[1, -2], [0.5, 3]]; L = -log_softmax(x @ W)[1] + mean(relu(x))",
    "param W = [[1, -2], [0.5, 3]]; h = [x[0]*t, x[1] - t, 2]; L = logsumexp(h) + sum(W.T, axis=0)[0]*t",
    "param w = [1, 2]; L = dot(w, x)*t + var(x) + prod(w*x) + sum(softmax(x)*w)",
    "param a = 2; L = mean(a*x)*t + sum(x, axis=-1, keepdims=1)[0] + sum(reshape(x, [2, 1]) @ reshape(x, [1, 2]))",
    "param a = 2; L = max(x)*a*t + norm(x)",
)  # fmt: skip


@pytest.mark.parametrize("text", ARRAYS)
def test_arrays_too(text: str) -> None:
    graph = graph_of(text)
    table = {"x": np.arange(24.0).reshape(12, 2) / 7 - 1, "t": np.arange(12.0) / 5 - 1}
    table = {name: column for name, column in table.items() if name in graph.leaves}
    names = list(graph.leaves)
    same(evaluate_many(graph, table, wrt=names), one_by_one(graph, table, names))


@pytest.mark.parametrize("text", ARRAYS[:-1])
def test_these_arrays_run_in_one_pass(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_of(text)
    monkeypatch.setattr("backprop_cli.autodiff.points.differentiate", None)
    table = {"x": np.arange(24.0).reshape(12, 2) / 7 + 1, "t": np.arange(12.0) / 5 - 1}
    found = evaluate_many(graph, {name: column for name, column in table.items() if name in graph.leaves})
    assert all(len(gradient) == 12 for gradient in found.gradients.values())


def test_the_work_of_many_points_is_no_loop_over_points(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_of("param a = 2, b = 3; f = sigmoid(a*x + b); L = where(x > 0, log(x), f)")
    monkeypatch.setattr("backprop_cli.autodiff.points.differentiate", None)
    found = evaluate_many(graph, {"x": np.linspace(-1, 1, 10_000)})
    assert found.values.shape == found.gradients["a"].shape == found.kinked.shape == (10_000,)


def test_what_is_no_table_of_points_is_refused() -> None:
    graph = graph_of("L = x*y")
    for points, code in (
        ({}, "missing-value"),
        ({"x": [], "y": []}, "missing-value"),
        ({"x": [1.0, 2.0], "y": [1.0]}, "shape-mismatch"),
        ({"x": [1.0, float("nan")], "y": [1.0, 2.0]}, "not-finite"),
        ({"x": 1.0, "y": [1.0]}, "not-a-number"),
        ({"x": [1.0]}, "missing-value"),
        ({"x": [1.0], "q": [1.0]}, "unknown-name"),
    ):
        with pytest.raises(BackpropError) as caught:
            evaluate_many(graph, points)
        assert caught.value.diagnostics[0].reference == code


def test_rows_of_a_table_are_what_single_columns_give() -> None:
    graph = graph_of("param w0 = 0.3, w1 = -0.7; f = sigmoid(w0 + w1*x); L = -mean(y*log(f) + (1 - y)*log(1 - f)) + max(x, w0)[0]*0")
    columns = {"x": np.linspace(-2, 2, 30), "y": np.arange(30) % 2.0}
    found = patterns(graph, columns, ["x", "y"], None, None)
    for at, row in enumerate(found.rows):
        alone = differentiate(graph, {name: column[at : at + 1] for name, column in columns.items()})
        assert row.value == pytest.approx(alone.value, rel=1e-13)
        assert row.gradients == pytest.approx(alone.gradients, rel=1e-13)
    assert found.relation == "mean"
